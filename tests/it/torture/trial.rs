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

/// A store with one load in it, and a second extract: half of it revises, half is new, a few rows are refused.
pub struct Trial {
    folder: TempDir,
    pub second: PathBuf,
    /// The store after the first load.
    pub store: Snapshot,
    /// What it holds.
    pub before: Held,
    /// What it holds with the second extract.
    pub after: Held,
}

impl Trial {
    pub fn new(rows: usize) -> Self {
        let folder = quick_folder();
        let first = put(folder.path(), "first.csv", extract(0..rows, "2016-01-01", "none"));
        let bad = "S1,yesterday,2016-02-01 00:00:00,U1,vehicle,arrest,49.19,-2.11\n".repeat(3);
        let second = put(folder.path(), "second.csv", extract(rows / 2..rows * 3 / 2, "2016-02-01", "arrest") + &bad);
        let root = folder.path().join("store");
        vigie(&root, &["--json", "init", "--area", "jersey", "--synthetic"]).ok();
        let load = vigie(&root, &["--json", "ingest", "--feed", "jersey-stops", text(&first)]).ok();
        assert_eq!(load["accepted"], rows as u64);
        let store = read_folder(&root);
        let rows = rows as u64;
        Self {
            folder,
            second,
            store,
            before: Held { rows, keys: rows, arrests: 0, rejects: 0 },
            after: Held { rows: rows * 3 / 2, keys: rows * 3 / 2, arrests: rows, rejects: 3 },
        }
    }

    /// A copy of the store after the first load, in a folder of its own.
    pub fn copy(&self) -> (TempDir, PathBuf) {
        let folder = quick_folder();
        let root = folder.path().join("store");
        write_folder(&root, &self.store);
        (folder, root)
    }

    /// The command that loads the second extract.
    pub fn second_load(&self, store: &Path) -> Command {
        let mut command = program();
        command.arg("--store").arg(store).args(["--json", "ingest", "--feed", "jersey-stops"]).arg(&self.second);
        command
    }

    /// A folder that lasts as long as the trial.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Asserts, each time with a fresh process, that the store is whole and holds all of the second load or nothing of
    /// it; all of it if the load was acknowledged.
    pub fn survives(&self, store: &Path, acknowledged: bool, what: &str) -> Held {
        whole(store, what);
        let held = held(store, what);
        if acknowledged {
            assert_eq!(held, self.after, "{what}: acknowledged, and lost");
        } else {
            assert!(held == self.before || held == self.after, "{what}: {held:?} is neither before nor after");
        }
        let loads = good(vigie(store, &["--json", "loads"]), what);
        let wanted = if held == self.before { 1 } else { 2 };
        assert_eq!(loads.as_array().map(Vec::len), Some(wanted), "{what}: the ledger says something else");
        held
    }

    /// Asserts that the next load works: the same extract again, nothing twice.
    pub fn goes_on(&self, store: &Path, what: &str) {
        let what = format!("{what}, then loaded again");
        let output = self.second_load(store).output().unwrap();
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        whole(store, &what);
        assert_eq!(held(store, &what), self.after, "{what}");
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
