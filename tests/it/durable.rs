//! What the store keeps lasts, and what is damaged is named: flipped bytes, cut logs, interrupted changes, copies.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use vigie::app::{App, admin};
use vigie::error::Kind;
use vigie::model::access::Role;
use vigie::store::{AsOf, verify};

use crate::support::{Run, extracts, ingest, loader, new_store, noon, program, put, somebody, text, vigie};

const STOPS: &str = "stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\n";
const READS: &str = "read_id,camera_id,read_at,received_at,vrm,plate_class,direction,lane,confidence\n";

/// A stops extract whose rows say `outcome`. Synthetic.
fn stops(folder: &Path, outcome: &str, ids: std::ops::Range<u32>) -> PathBuf {
    let rows = ids.map(|id| {
        let (month, minute) = (id % 12 + 1, id % 60);
        format!("S{id:04},2015-{month:02}-01 10:{minute:02}:00,2016-01-01 10:00:00,U1,vehicle,{outcome},49.19,-2.11\n")
    });
    put(folder, &format!("stops-{outcome}.csv"), STOPS.to_owned() + &rows.collect::<String>())
}

/// An ANPR extract. Synthetic.
fn reads(folder: &Path) -> PathBuf {
    let rows = (0..50).map(|id| {
        format!("R{id:04},CAM01,2017-12-18T00:{id:02}:00Z,2017-12-18T00:{id:02}:05Z,J9{id:05},jersey,in,1,0.99\n")
    });
    put(folder, "anpr.csv", READS.to_owned() + &rows.collect::<String>())
}

/// A small store with one of everything: three loads, a plate key, boundaries and roads, some audit lines.
async fn small_store() -> (tempfile::TempDir, App) {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    admin::load_areas(&app, &loader(), &extracts().join("geo/parishes.geojson"), "parish").unwrap();
    admin::load_roads(&app, &loader(), &extracts().join("roads.geojson")).unwrap();
    let files = tempfile::tempdir().unwrap();
    ingest(&app, "jersey-stops", &[stops(files.path(), "none", 0..60)]).await.unwrap();
    ingest(&app, "jersey-stops", &[stops(files.path(), "arrest", 40..80)]).await.unwrap();
    ingest(&app, "jersey-anpr", &[reads(files.path())]).await.unwrap();
    admin::loads(&app, &loader()).unwrap();
    (folder, app)
}

async fn count(app: &App, table: &str) -> u64 {
    let answer = app.engine.snapshot(AsOf::Newest).await.unwrap();
    let answer = answer.sql(&format!("SELECT count(*) AS n FROM {table}")).await.unwrap();
    vigie::render::table::json_rows(&answer.batches).unwrap()[0]["n"].as_u64().unwrap()
}

/// Every file of a folder with bytes in it, as paths from there.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.metadata().unwrap().len() > 0 {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Seeded numbers (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Changes one byte of a file in its place; gives back what it was.
fn change(path: &Path, at: u64, by: u8) -> u8 {
    let mut file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[byte[0] ^ by]).unwrap();
    byte[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_is_found_a_hundred_times_of_a_hundred() {
    let (_folder, app) = small_store().await;
    let root = app.store.root().to_owned();
    drop(app);
    let whole = verify(&root, &|_, _| {}).await.unwrap();
    assert!(whole.whole && whole.leftovers.is_empty() && whole.unknown.is_empty(), "{whole:?}");
    assert_eq!((whole.version, whole.rows["stops"], whole.rows["anpr_reads"]), (Some(3), 80, 50));

    let files = files(&root);
    let mut kinds: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for file in &files {
        let kind = if file.contains("_delta_log") { "log" } else { file.split(['/']).next().unwrap() };
        kinds.entry(kind.to_owned()).or_default().push(file);
    }
    let names: Vec<_> = kinds.keys().map(String::as_str).collect();
    assert_eq!(names, ["areas", "audit", "control.seal", "control.sqlite", "keys", "log", "tables", "vigie.toml"]);
    let mut random = Random(20_260_105);
    for turn in 0..100 {
        let of_kind = &kinds[names[turn % names.len()]];
        let file = of_kind[random.below(of_kind.len() as u64) as usize];
        let path = root.join(file);
        let bytes = fs::read(&path).unwrap();
        let at = random.below(bytes.len() as u64);
        change(&path, at, 1 + random.below(255) as u8);
        let found = verify(&root, &|_, _| {}).await.unwrap();
        assert!(!found.whole, "turn {turn}: byte {at} of {file} was changed and not found");
        let names: Vec<_> = found.damaged.iter().map(|finding| finding.file.as_str()).collect();
        let named = names.iter().any(|name| name.split(':').next() == Some(file));
        assert!(named, "turn {turn}: byte {at} of {file} was blamed on {names:?}");
        fs::write(&path, bytes).unwrap();
    }
    let whole = verify(&root, &|_, _| {}).await.unwrap();
    assert!(whole.whole, "{whole:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_is_never_read_as_a_smaller_table() {
    let (_folder, app) = small_store().await;
    let log = app.store.root().join("tables/stops/_delta_log");
    for (commit, damage) in [(2, "emptied"), (2, "cut"), (2, "gone"), (2, "changed"), (1, "gone"), (1, "cut")] {
        let path = log.join(format!("{commit:020}.json"));
        let bytes = fs::read(&path).unwrap();
        match damage {
            "emptied" => fs::write(&path, "").unwrap(),
            "cut" => fs::write(&path, &bytes[..bytes.len() / 2]).unwrap(),
            "gone" => fs::remove_file(&path).unwrap(),
            _ => drop(change(&path, 40, 1)),
        }
        let version = app.store.version(AsOf::Newest).unwrap();
        let error = app.store.table(&version, "stops").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Data, "{damage}");
        assert_eq!(error.place(), Some(format!("tables/stops/_delta_log/{commit:020}.json").as_str()));
        assert!(error.message().contains("vigie verify"), "{error}");
        // Nor does a load go on top of it.
        let files = tempfile::tempdir().unwrap();
        assert!(ingest(&app, "jersey-stops", &[stops(files.path(), "warning", 0..5)]).await.is_err(), "{damage}");
        fs::write(&path, bytes).unwrap();
        assert_eq!(count(&app, "stops").await, 80);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_shorter_or_left_over_is_told_apart() {
    let (_folder, app) = small_store().await;
    let root = app.store.root().to_owned();
    let left = "tables/stops/month=2015-01/part-of-an-interrupted-load.parquet";
    fs::write(root.join(left), "half").unwrap();
    fs::write(root.join("notes.txt"), "mine").unwrap();
    let found = verify(&root, &|_, _| {}).await.unwrap();
    assert!(found.whole, "{found:?}");
    assert_eq!((found.leftovers, found.unknown), (vec![left.to_owned()], vec!["notes.txt".to_owned()]));
    // The next writer clears up.
    let files = tempfile::tempdir().unwrap();
    ingest(&app, "jersey-stops", &[stops(files.path(), "warning", 0..5)]).await.unwrap();
    assert!(!root.join(left).exists() && root.join("notes.txt").exists());

    let all = self::files(&root);
    let table = all.iter().find(|file| file.starts_with("tables/anpr_reads/month")).unwrap();
    let bytes = fs::read(root.join(table)).unwrap();
    for (what, content) in [("missing", None), ("shorter", Some(bytes.len() - 1)), ("longer", Some(bytes.len()))] {
        match content {
            None => fs::remove_file(root.join(table)).unwrap(),
            Some(length) => {
                let extra: &[u8] = if what == "longer" { b"x" } else { b"" };
                fs::write(root.join(table), [&bytes[..length], extra].concat()).unwrap();
            }
        }
        let found = verify(&root, &|_, _| {}).await.unwrap();
        assert_eq!(found.damaged.len(), 1, "{found:?}");
        assert_eq!(&found.damaged[0].file, table);
        assert!(found.damaged[0].what.starts_with(what), "{found:?}");
    }
    fs::write(root.join(table), bytes).unwrap();

    // The newest lines of the audit cannot be cut off without a trace, up to the newest store version.
    let audit = root.join("audit").join("2026-01.jsonl");
    let lines = fs::read_to_string(&audit).unwrap();
    let kept: Vec<_> = lines.lines().take(3).collect();
    fs::write(&audit, kept.join("\n") + "\n").unwrap();
    let found = verify(&root, &|_, _| {}).await.unwrap();
    assert!(found.damaged[0].what.contains("newest lines are gone"), "{found:?}");
    assert!(app.store.verify_audit().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_what_is_damaged_and_ends_with_code_5() {
    let (_folder, app) = small_store().await;
    let root = app.store.root().to_owned();
    let found = vigie(&root, &["--json", "verify"]).ok();
    assert_eq!((&found["whole"], &found["version"], &found["rows"]["stops"]), (&true.into(), &3.into(), &80.into()));
    let said = vigie(&root, &["verify"]);
    assert!(said.code == 0 && said.out.contains("every byte is as it was written"), "{}", said.out);

    // People edit the settings; they say so, or load.
    let settings = fs::read_to_string(root.join("vigie.toml")).unwrap();
    fs::write(root.join("vigie.toml"), settings.clone() + "# a remark\n").unwrap();
    let edited = vigie(&root, &["--json", "verify"]);
    assert_eq!(edited.code, 5, "{}", edited.err);
    assert!(edited.err.contains("--accept-settings"), "{}", edited.err);
    assert_eq!(vigie(&root, &["--json", "verify", "--accept-settings"]).ok()["whole"], true);
    fs::write(root.join("vigie.toml"), settings).unwrap();
    assert_eq!(vigie(&root, &["verify"]).code, 5);
    let files = tempfile::tempdir().unwrap();
    ingest(&app, "jersey-stops", &[stops(files.path(), "warning", 0..5)]).await.unwrap();
    assert_eq!(vigie(&root, &["verify"]).code, 0);

    for file in ["vigie.toml", "control.sqlite", "control.seal", "keys/plate.key", "audit/2026-01.jsonl"] {
        let bytes = fs::read(root.join(file)).unwrap();
        change(&root.join(file), 0, 0x40);
        let damaged = vigie(&root, &["--json", "verify"]);
        assert_eq!(damaged.code, 5, "{file}: {}", damaged.err);
        let error = damaged.json()["error"].clone();
        assert_eq!(error["kind"], "data");
        assert!(error["message"].as_str().unwrap().contains(file), "{file}: {error}");
        if file != "audit/2026-01.jsonl" {
            fs::write(root.join(file), bytes).unwrap();
        }
    }
    assert_eq!(vigie(&root.join("nothing"), &["verify"]).code, 3);
    assert_eq!(admin::verify_audit(&app, &somebody(&[Role::Auditor])).unwrap_err().kind(), Kind::Data);
}

/// Runs the program with a named point at which it stops.
fn halted(store: &Path, at: &str, args: &[&str]) -> Run {
    let output = program().env("VIGIE_HALT_AT", at).arg("--store").arg(store).args(args).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_stopped_before_its_seal_is_checked_and_sealed_again() {
    let (_folder, app) = small_store().await;
    let root = app.store.root().to_owned();
    let files = tempfile::tempdir().unwrap();
    let file = stops(files.path(), "warning", 100..110);
    let args = ["ingest", "--feed", "jersey-stops", text(&file)];
    assert_eq!(halted(&root, "control-open", &args).code, -1);
    assert!(fs::read_to_string(root.join("control.seal")).unwrap().contains("writing"));
    assert_eq!(count(&app, "stops").await, 90, "it was committed, and is there");
    let found = vigie(&root, &["--json", "verify"]).ok();
    assert_eq!((&found["whole"], &found["sealed_again"], &found["version"]), (&true.into(), &true.into(), &4.into()));
    assert_eq!(vigie(&root, &["--json", "verify"]).ok()["sealed_again"], false);
    let again = vigie(&root, &[&["--json"], &args[..]].concat()).ok();
    assert_eq!((&again["unchanged"], &again["version"]), (&10.into(), &4.into()));

    // The same by the next change, without a word from anybody.
    let file = stops(files.path(), "none", 200..210);
    let args = ["ingest", "--feed", "jersey-stops", text(&file)];
    assert_eq!(halted(&root, "control-open", &args).code, -1);
    let file = stops(files.path(), "arrest", 300..310);
    ingest(&app, "jersey-stops", &[file]).await.unwrap();
    let found = verify(&root, &|_, _| {}).await.unwrap();
    assert!(found.whole && !found.sealed_again, "{found:?}");
    assert_eq!(found.rows["stops"], 110);

    // A full disk at the audit: no answer, and no half line.
    for how in ["audit-written:1:full", "audit-written:1:error"] {
        let run = halted(&root, how, &["loads"]);
        assert_eq!(run.code, 5, "{}", run.err);
        assert!(run.out.is_empty() && run.err.contains("could not be written"), "{}", run.err);
    }
    assert_eq!(halted(&root, "audit-written", &["loads"]).code, -1);
    assert!(verify(&root, &|_, _| {}).await.unwrap().whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_control_database_is_not_written_over_or_sealed() {
    let (_folder, app) = small_store().await;
    let root = app.store.root().to_owned();
    let bytes = fs::read(root.join("control.sqlite")).unwrap();
    change(&root.join("control.sqlite"), bytes.len() as u64 - 3, 1);
    let files = tempfile::tempdir().unwrap();
    let error = ingest(&app, "jersey-stops", &[stops(files.path(), "warning", 0..5)]).await.unwrap_err();
    assert_eq!((error.kind(), error.place()), (Kind::Data, Some("control.sqlite")), "{error}");
    assert!(app.store.set_first_run_token("digest").is_err());
    fs::write(root.join("control.sqlite"), &bytes[..bytes.len() / 2]).unwrap();
    assert!(!verify(&root, &|_, _| {}).await.unwrap().whole);
    fs::write(root.join("control.sqlite"), "").unwrap();
    let run = vigie(&root, &["loads"]);
    assert!(run.code == 5 && run.err.contains("not as it was sealed"), "{}", run.err);
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_restores_to_the_same_head() {
    let (folder, app) = small_store().await;
    let root = app.store.root().to_owned();
    let copy = folder.path().join("copy");
    fs::write(root.join("tables/stops/left-over.parquet"), "half").unwrap();
    let made = vigie(&root, &["--json", "backup", text(&copy)]).ok();
    assert_eq!(made["head"]["version"], 3);
    let head = app.store.audit_head().unwrap();
    assert_eq!(made["head"]["audit"]["hash"], head.hash.as_str());
    assert_eq!((mode(&copy), mode(&copy.join("keys/plate.key"))), (0o700, 0o600));
    assert!(!copy.join("tables/stops/left-over.parquet").exists());

    // The list is one that everybody's `sha256sum` reads.
    let mut check = std::process::Command::new("sha256sum");
    check.args(["--check", "--strict", "--quiet", "MANIFEST"]).current_dir(&copy);
    assert!(check.status().unwrap().success());

    let again = folder.path().join("again");
    let restored = vigie(&again, &["--json", "restore", text(&copy)]).ok();
    assert_eq!(restored["head"], made["head"]);
    assert_eq!((mode(&again), mode(&again.join("keys/plate.key"))), (0o700, 0o600));
    let other = App::open(&again, None, noon).unwrap();
    assert_eq!(count(&other, "stops").await, 80);
    assert_eq!(other.store.plate_key().unwrap(), app.store.plate_key().unwrap());
    assert_eq!(other.store.loads().unwrap(), app.store.loads().unwrap());
    let lines = other.store.audit_lines(2).unwrap();
    assert_eq!((lines[0].action.as_str(), lines[1].action.as_str()), ("restore", "backup"));
    assert_eq!(lines[1].hash, head.hash);
    let found = verify(&again, &|_, _| {}).await.unwrap();
    assert!(found.whole && found.leftovers.is_empty(), "{found:?}");
    // It goes on from there.
    let files = tempfile::tempdir().unwrap();
    assert_eq!(ingest(&other, "jersey-stops", &[stops(files.path(), "warning", 0..5)]).await.unwrap().version, 4);

    // Neither goes over what is there.
    for args in [vec!["backup", text(&copy)], vec!["backup", text(&root)]] {
        let run = vigie(&root, &args);
        assert!(run.code == 2 && run.err.contains("not empty"), "{}", run.err);
    }
    let inside = root.join("inside");
    assert!(vigie(&root, &["backup", text(&inside)]).err.contains("lies in the store"));
    fs::remove_dir(&inside).unwrap();
    assert_eq!(vigie(&again, &["restore", text(&copy)]).code, 2);
    // Nobody loads meanwhile.
    let writer = app.store.writer(app.now()).await.unwrap();
    assert_eq!(vigie(&root, &["backup", text(&folder.path().join("busy"))]).code, 6);
    writer.abandon().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_made_or_damaged_copy_is_not_taken_for_one() {
    let (folder, app) = small_store().await;
    let root = app.store.root().to_owned();
    let (half, new) = (folder.path().join("half"), folder.path().join("new"));
    assert_eq!(halted(&root, "backup-copied", &["backup", text(&half)]).code, -1);
    let run = vigie(&new, &["restore", text(&half)]);
    assert!(run.code == 2 && run.err.contains("no finished backup"), "{}", run.err);
    assert!(!new.join("control.sqlite").exists());

    let copy = folder.path().join("copy");
    vigie(&root, &["--json", "backup", text(&copy)]).ok();
    assert_eq!(halted(&new, "restore-copied", &["restore", text(&copy)]).code, -1);
    assert_eq!(vigie(&new, &["loads"]).code, 3, "a half-made restore is no store");
    assert_eq!(vigie(&new, &["restore", text(&copy)]).code, 2);

    let mut random = Random(7);
    let files = files(&copy);
    for turn in 0..20 {
        let file = if turn == 0 { "MANIFEST" } else { &files[random.below(files.len() as u64) as usize] };
        let path = copy.join(file);
        let bytes = fs::read(&path).unwrap();
        change(&path, random.below(bytes.len() as u64), 1 + random.below(255) as u8);
        let target = folder.path().join(format!("target-{turn}"));
        let error = vigie::store::restore(&copy, &target, &|_, _| {}).await.unwrap_err();
        assert_eq!((error.kind(), error.place()), (Kind::Data, Some(file)), "{error}");
        assert!(!vigie::store::Store::exists(&target));
        fs::write(&path, bytes).unwrap();
    }

    // A damaged store is not copied, and the damage is named.
    let table = self::files(&root).into_iter().find(|file| file.ends_with(".parquet")).unwrap();
    change(&root.join(&table), 100, 1);
    let run = vigie(&root, &["--json", "backup", text(&folder.path().join("bad"))]);
    assert_eq!((run.code, &run.json()["error"]["where"]), (5, &Value::from(table)), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn verifying_while_others_load_and_ask_finds_nothing() {
    let (folder, app) = small_store().await;
    let root = app.store.root().to_owned();
    let loading = tokio::spawn(async move {
        let files = tempfile::tempdir().unwrap();
        for turn in 0..6 {
            let outcome = if turn % 2 == 0 { "warning" } else { "none" };
            ingest(&app, "jersey-stops", &[stops(files.path(), outcome, turn * 30..turn * 30 + 60)]).await.unwrap();
            admin::loads(&app, &loader()).unwrap();
        }
        app
    });
    let mut rounds = 0;
    while !loading.is_finished() || rounds == 0 {
        // Another process, as it would be: locks of one process do not hold against itself.
        let found = tokio::task::block_in_place(|| vigie(&root, &["--json", "verify"])).ok();
        assert_eq!((&found["whole"], &found["unknown"]), (&true.into(), &Value::Array(Vec::new())));
        rounds += 1;
    }
    let app = loading.await.unwrap();
    assert_eq!(app.version().unwrap(), 9);
    // And a copy is of one moment, whatever is asked meanwhile.
    let asking = tokio::task::spawn_blocking(move || {
        for _ in 0..200 {
            admin::loads(&app, &loader()).unwrap();
        }
    });
    for turn in 0..3 {
        let copy = folder.path().join(format!("copy-{turn}"));
        tokio::task::block_in_place(|| vigie(&root, &["--json", "backup", text(&copy)])).ok();
        let again = folder.path().join(format!("again-{turn}"));
        vigie::store::restore(&copy, &again, &|_, _| {}).await.unwrap();
    }
    asking.await.unwrap();
}
