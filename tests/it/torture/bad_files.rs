//! Broken and hostile files: each ends as a named error or as counted rejects that add up, in a process of its own that
//! may take 512 MiB and 5 seconds of the processor. A panic, a signal or the code for our own bugs fails the test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::extracts::{mutated, valid};
use super::hostile::{latitudes, moments, shapes, with_column, words};
use super::trial::{Snapshot, quick_folder, read_folder, write_folder};
use super::{Dice, on_all_cores, times};
use crate::support::{gzip, program, rows, vigie};

/// KiB of memory that a process may take: what it writes to, not what it reserves.
const MOST_MEMORY_KIB: u64 = 512 << 10;
/// Seconds that a file may take: of the processor, on all cores together, so that a busy machine fails no test.
const MOST_SECONDS: u64 = 5;
/// After so long a process is taken for one that hangs.
const HANGS: Duration = Duration::from_mins(2);
/// Exit codes with a meaning, but for the one that says it is our fault.
const NAMED_ERRORS: [i32; 2] = [2, 5];

/// What one worker works in: a store and a place for the file.
struct Place {
    folder: TempDir,
    store: PathBuf,
}

impl Place {
    fn new(empty: &Snapshot) -> Self {
        let folder = quick_folder();
        let store = folder.path().join("store");
        write_folder(&store, empty);
        Self { folder, store }
    }

    /// Reads a file with the feed `jersey-stops`. Returns the report, or the exit code of a named error.
    fn read(&self, name: &str, bytes: &[u8], dry_run: bool) -> Result<Value, i32> {
        let file = self.folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let mut args = vec!["--json", "--quiet", "ingest", "--feed", "jersey-stops", "--max-reject-share", "1"];
        if dry_run {
            args.push("--dry-run");
        }
        let (code, out, err) = limited(&self.store, &args, &file);
        fs::remove_file(&file).unwrap();
        let code = code.unwrap_or_else(|| panic!("{name}: ended by a signal: {err}"));
        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{name}: {code}: {e}: {out}{err}"));
        assert!(!err.contains("panicked"), "{name}: {err}");
        if code == 0 {
            assert_eq!(answer["rows_in"], sum(&answer), "{name}: {answer}");
            return Ok(answer);
        }
        assert!(NAMED_ERRORS.contains(&code), "{name}: {code}: {err}");
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!((10..4000).contains(&message.len()), "{name}: says too little or too much: {message:.4000}");
        Err(code)
    }
}

fn sum(report: &Value) -> u64 {
    ["accepted", "revised", "unchanged", "duplicate", "rejected_total"]
        .iter()
        .map(|n| report[n].as_u64().unwrap())
        .sum()
}

/// Runs `vigie` with an end to its memory and its time.
fn limited(store: &Path, args: &[&str], file: &Path) -> (Option<i32>, String, String) {
    let vigie = program();
    let mut command = Command::new("sh");
    for (name, value) in vigie.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let script = format!("ulimit -d {MOST_MEMORY_KIB}; ulimit -t {MOST_SECONDS}; ulimit -c 0; exec \"$0\" \"$@\"");
    command.args(["-c", &script]).arg(vigie.get_program()).arg("--store").arg(store).args(args).arg(file);
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell is there");
    let (out, err) = (all_of(child.stdout.take().unwrap()), all_of(child.stderr.take().unwrap()));
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > HANGS {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{} took more than {HANGS:?}", file.display());
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    (status.code(), out.join().unwrap(), err.join().unwrap())
}

/// Reads a pipe while the process goes on.
fn all_of(mut pipe: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text).unwrap()
    })
}

fn empty_store() -> Snapshot {
    let folder = quick_folder();
    let store = folder.path().join("store");
    vigie(&store, &["--json", "init", "--area", "jersey", "--synthetic"]).ok();
    read_folder(&store)
}

#[test]
fn mutated_files_end_as_a_named_error_or_as_counted_rows() {
    let empty = empty_store();
    let formats = valid();
    let count = times(1000, 10_000);
    let seeds: Vec<u64> = (0..count as u64).collect();
    let ends: Mutex<BTreeMap<(&str, String), usize>> = Mutex::default();
    on_all_cores(
        &seeds,
        || Place::new(&empty),
        |place, index, seed| {
            let (name, bytes) = &formats[index % formats.len()];
            let mut dice = Dice::new(*seed);
            // The outside of what is compressed, or the text within.
            let broken = if *name == "stops.csv.gz" && dice.coin() {
                gzip(&mutated(&formats[0].1, &mut dice))
            } else {
                mutated(bytes, &mut dice)
            };
            let end = match place.read(&format!("{seed}-{name}"), &broken, true) {
                Ok(report) => if report["rejected_total"] == 0 { "read" } else { "read, some rows refused" }.to_owned(),
                Err(code) => format!("refused with {code}"),
            };
            *ends.lock().unwrap().entry((name, end)).or_default() += 1;
        },
    );
    for ((name, end), count) in ends.into_inner().unwrap() {
        println!("{name:<16}{end:<26}{count:>6}");
    }
}

#[test]
fn every_format_is_read_before_it_is_broken() {
    let place = Place::new(&empty_store());
    for (name, bytes) in valid() {
        let report = place.read(name, &bytes, false).unwrap_or_else(|code| panic!("{name}: {code}"));
        let known = report["accepted"].as_u64().unwrap() + report["unchanged"].as_u64().unwrap();
        assert_eq!((known, report["rows_in"].as_u64()), (40, Some(40)), "{name}: {report}");
    }
}

#[test]
fn shapes_of_csv_are_read_right_or_refused() {
    let empty = empty_store();
    let cases = shapes();
    on_all_cores(
        &cases,
        || (),
        |(), _, case| {
            let place = Place::new(&empty);
            let end = place.read(case.name, &case.bytes, false);
            let Some(reasons) = &case.reasons else { return };
            let report = end.unwrap_or_else(|code| panic!("{}: {code}", case.name));
            assert_eq!(report["accepted"], reasons.len(), "{}: {report}", case.name);
            assert_eq!(column(&place.store, "reason"), *reasons, "{}", case.name);
        },
    );
}

/// A text column in the order of the rows' numbers.
fn column(store: &Path, name: &str) -> Vec<String> {
    let sql = format!("SELECT {name} AS text FROM stops ORDER BY CAST(substr(stop_id, 2) AS INT)");
    let answer = vigie(store, &["--json", "sql", &sql]).ok();
    rows(&answer).iter().map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn words_come_back_as_they_were_or_are_refused() {
    let place = Place::new(&empty_store());
    let words = words();
    let report = place.read("words.csv", &with_column("reason", &words), false).unwrap();
    assert_eq!(report["rows_in"], words.len());
    let sql = "SELECT substr(stop_id, 2) AS number, reason FROM stops";
    let answer = vigie(&place.store, &["--json", "sql", sql]).ok();
    assert_eq!(report["accepted"], rows(&answer).len());
    for row in rows(&answer) {
        let word = &words[row["number"].as_str().unwrap().parse::<usize>().unwrap()];
        assert_eq!(row["reason"].as_str().unwrap_or_default(), word.trim(), "a word came back as another");
    }
    // The same as names: of records, of files, of the whole extract.
    let report = place.read("keys.csv", &with_column("stop_id", &words), false).unwrap();
    assert_eq!(report["rows_in"], words.len());
}

#[test]
fn moments_that_do_not_exist_are_refused() {
    let place = Place::new(&empty_store());
    let (texts, exist): (Vec<&str>, Vec<bool>) = moments().into_iter().unzip();
    let report = place.read("moments.csv", &with_column("stopped_at", &texts), false).unwrap();
    let held = column(&place.store, "stop_id");
    let wanted: Vec<String> = (0..).zip(&exist).filter(|(_, e)| **e).map(|(n, _)| format!("S{n}")).collect();
    assert_eq!(held, wanted, "{report}");
}

#[test]
fn numbers_that_are_none_are_never_stored() {
    let place = Place::new(&empty_store());
    let numbers = latitudes();
    let report = place.read("numbers.csv", &with_column("lat", &numbers), false).unwrap();
    assert_eq!(report["rows_in"], numbers.len());
    let sql = "SELECT count(*) AS n FROM stops WHERE lat IS NOT NULL AND NOT (lat >= -90 AND lat <= 90)";
    assert_eq!(vigie(&place.store, &["--json", "sql", sql]).ok()["rows"][0]["n"], 0);
}
