//! A small store, a load that changes it, and what may be found afterwards: all of it or nothing of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, program, put, text, vigie};

const HEADER: &str = "stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\n";

/// Files below a folder with their bytes; folders have none.
pub type Snapshot = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// A folder in memory where there is one: thousands of stores are made and thrown away.
pub fn quick_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

pub fn read_folder(root: &Path) -> Snapshot {
    fn walk(root: &Path, folder: &Path, found: &mut Snapshot) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_dir() {
                found.insert(name, None);
                walk(root, &path, found);
            } else {
                found.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Snapshot::new();
    walk(root, root, &mut found);
    found
}

pub fn write_folder(root: &Path, files: &Snapshot) {
    fs::create_dir_all(root).unwrap();
    for (name, bytes) in files {
        let path = root.join(name);
        match bytes {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::create_dir_all(path).unwrap(),
        }
    }
}

/// What a store holds, as SQL counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Records.
    pub rows: u64,
    /// Keys among them.
    pub keys: u64,
    /// Records as the second extract has them.
    pub arrests: u64,
    /// Refused rows.
    pub rejects: u64,
}

/// Extracts of stops: one that fills a store; one of which half revises and half is new, with a few bad rows; and one
/// that names records to erase, all of them in both others.
pub struct Trial {
    folder: TempDir,
    first: PathBuf,
    second: PathBuf,
    doomed: PathBuf,
    rows: u64,
}

/// Records that are erased.
const DOOMED: usize = 10;

/// Something that is done to a store, which may be stopped on its way.
pub struct Act {
    /// The store before it.
    pub store: Snapshot,
    /// Arguments of the command.
    args: Vec<String>,
    /// What the store holds before it.
    pub before: Held,
    /// What it holds after it.
    pub after: Held,
    /// Lines of the ledger before and after.
    loads: (usize, usize),
    /// Records that the first version still holds once it is done.
    first_version: u64,
}

impl Trial {
    pub fn new(rows: usize) -> Self {
        let folder = quick_folder();
        let both = rows / 2..rows * 3 / 2;
        let bad = "S1,yesterday,2016-02-01 00:00:00,U1,vehicle,arrest,49.19,-2.11\n".repeat(3);
        let put = |name, text| put(folder.path(), name, text);
        let first = put("first.csv", extract(0..rows, "2016-01-01", "none"));
        let second = put("second.csv", extract(both.clone(), "2016-02-01", "arrest") + &bad);
        let doomed = put("doomed.csv", extract(both.start..both.start + DOOMED, "2016-01-01", "any"));
        Self { folder, first, second, doomed, rows: rows as u64 }
    }

    /// A folder that lasts as long as the trial.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The second extract is loaded on top of the first.
    pub fn load(&self) -> Act {
        let rows = self.rows;
        Act {
            store: self.store(&[&self.first]),
            args: self.ingest(&self.second),
            before: Held { rows, keys: rows, arrests: 0, rejects: 0 },
            after: Held { rows: rows * 3 / 2, keys: rows * 3 / 2, arrests: rows, rejects: 3 },
            loads: (1, 2),
            first_version: rows,
        }
    }

    /// Some records of both extracts are erased.
    pub fn erase(&self) -> Act {
        let erase =
            ["--purpose", "erasure", "--reference", "DP/7", "erase", "--feed", "jersey-stops", text(&self.doomed)];
        let (before, gone) = (self.load().after, DOOMED as u64);
        Act {
            store: self.store(&[&self.first, &self.second]),
            args: erase.map(str::to_owned).to_vec(),
            before,
            after: Held {
                rows: before.rows - gone,
                keys: before.keys - gone,
                arrests: before.arrests - gone,
                ..before
            },
            loads: (2, 2),
            first_version: self.rows - gone,
        }
    }

    /// The files of both loads are merged.
    pub fn compact(&self) -> Act {
        let before = self.load().after;
        Act {
            store: self.store(&[&self.first, &self.second]),
            args: vec!["compact".to_owned()],
            before,
            after: before,
            loads: (2, 2),
            first_version: self.rows,
        }
    }

    fn ingest(&self, file: &Path) -> Vec<String> {
        ["ingest", "--feed", "jersey-stops", text(file)].map(str::to_owned).to_vec()
    }

    /// A store with these extracts in it.
    fn store(&self, extracts: &[&Path]) -> Snapshot {
        let folder = quick_folder();
        let root = folder.path().join("store");
        vigie(&root, &["--json", "init", "--area", "jersey", "--synthetic"]).ok();
        for extract in extracts {
            let args = self.ingest(extract);
            let args: Vec<&str> = std::iter::once("--json").chain(args.iter().map(String::as_str)).collect();
            vigie(&root, &args).ok();
        }
        read_folder(&root)
    }
}

impl Act {
    /// A copy of the store before it, in a folder of its own.
    pub fn copy(&self) -> (TempDir, PathBuf) {
        let folder = quick_folder();
        let root = folder.path().join("store");
        write_folder(&root, &self.store);
        (folder, root)
    }

    /// Its arguments on a store.
    pub fn args_on(&self, store: &Path) -> Vec<String> {
        let first = ["--store", text(store), "--json"].map(str::to_owned);
        first.into_iter().chain(self.args.iter().cloned()).collect()
    }

    /// Its command on a store.
    pub fn on(&self, store: &Path) -> Command {
        let mut command = program();
        command.args(self.args_on(store));
        command
    }

    /// Asserts, each time with a fresh process, that the store is whole and holds all of it or nothing of it; all of it
    /// if it was acknowledged.
    pub fn survives(&self, store: &Path, acknowledged: bool, what: &str) -> Held {
        whole(store, what);
        let held = held(store, what);
        if acknowledged {
            assert_eq!(held, self.after, "{what}: acknowledged, and lost");
        } else {
            assert!(held == self.before || held == self.after, "{what}: {held:?} is neither before nor after");
        }
        let loads = good(vigie(store, &["--json", "loads"]), what);
        let wanted = if held == self.before { self.loads.0 } else { self.loads.1 };
        assert_eq!(loads.as_array().map(Vec::len), Some(wanted), "{what}: the ledger says something else");
        held
    }

    /// Asserts that it can be done now: nothing is there twice, and older versions hold what they should.
    pub fn goes_on(&self, store: &Path, what: &str) {
        let what = format!("{what}, then done again");
        let output = self.on(store).output().unwrap();
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        whole(store, &what);
        assert_eq!(held(store, &what), self.after, "{what}");
        let sql = "SELECT count(*) AS n FROM stops";
        let first = good(vigie(store, &["--json", "sql", "--as-of", "1", sql]), &what);
        assert_eq!(first["rows"][0]["n"], self.first_version, "{what}: as of the first version");
    }
}

fn extract(ids: std::ops::Range<usize>, recorded: &str, outcome: &str) -> String {
    let line = |id: usize| {
        let (month, day, minute) = (id % 4 + 5, id % 28 + 1, id % 60);
        format!(
            "S{id:06},2015-{month:02}-{day:02} 10:{minute:02}:00,{recorded} 00:00:00,U1,vehicle,{outcome},49.19,-2.11\n"
        )
    };
    HEADER.to_owned() + &ids.map(line).collect::<String>()
}

fn good(run: Run, what: &str) -> Value {
    assert_eq!(run.code, 0, "{what}: {}{}", run.out, run.err);
    run.json()
}

/// Asserts that `vigie verify` finds the store whole.
pub fn whole(store: &Path, what: &str) {
    good(vigie(store, &["--json", "verify"]), what);
}

/// What the store holds now.
pub fn held(store: &Path, what: &str) -> Held {
    let sql = "SELECT count(*) AS rows, count(DISTINCT stop_id) AS keys, \
               coalesce(sum(CASE WHEN outcome = 'arrest' THEN 1 ELSE 0 END), 0) AS arrests, \
               (SELECT count(*) FROM rejects) AS rejects FROM stops";
    let answer = good(vigie(store, &["--json", "sql", sql]), what);
    let number = |name: &str| answer["rows"][0][name].as_u64().unwrap_or_else(|| panic!("{what}: {answer}"));
    Held { rows: number("rows"), keys: number("keys"), arrests: number("arrests"), rejects: number("rejects") }
}
