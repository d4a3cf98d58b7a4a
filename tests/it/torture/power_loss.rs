//! The power goes while a load is under way. `strace` says what the load did to the disk; a simulated disk forgets what
//! was not synced, after every operation; a fresh process must find a whole store with every acknowledged load in it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::disk::{Disk, Loss};
use super::recording::{Call, possible, record};
use super::trial::{Act, Held, Snapshot, Trial, quick_folder, read_folder, whole, write_folder};
use super::{Dice, on_all_cores, times};
use crate::support::{text, vigie};

/// States of one run that the test command looks at.
const STATES: usize = 200;

/// What a power loss left behind.
struct Left {
    files: Snapshot,
    acknowledged: bool,
    what: String,
}

/// Every folder that a power loss during `calls` may leave, each once; at most `most`, spread over the whole run.
fn left_behind(before: &Snapshot, calls: &[Call], root: &Path, most: usize) -> Vec<Left> {
    let rounds = times(1, 10) as u64;
    let mut seen = HashSet::new();
    let mut left = Vec::new();
    let mut disk = Disk::new(root, before);
    let mut acknowledged = false;
    for (number, call) in calls.iter().enumerate() {
        acknowledged |= *call == Call::Printed;
        if !disk.apply(call) {
            continue;
        }
        for loss in Loss::EACH {
            for round in 0..if matches!(loss, Loss::Some | Loss::Torn) { rounds } else { 1 } {
                let files = disk.after(loss, &mut Dice::new(number as u64 * 1000 + round));
                if seen.insert((digest(&files), acknowledged)) {
                    let what =
                        format!("power lost after call {} of {}, {loss:?}, round {round}", number + 1, calls.len());
                    left.push(Left { files, acknowledged, what });
                }
            }
        }
    }
    assert_eq!(same(&disk.now()), same(&read_folder(root)), "the replay ends elsewhere than the real run");
    if left.len() > most {
        // The last state is that of the acknowledged run: it always stays.
        let last = left.pop();
        let mut dice = Dice::new(3);
        let count = left.len();
        let mut chosen: Vec<usize> = (0..count).collect();
        dice.shuffle(&mut chosen);
        let chosen: HashSet<usize> = chosen.into_iter().take(most).collect();
        left = left.into_iter().enumerate().filter(|(i, _)| chosen.contains(i)).map(|(_, l)| l).collect();
        left.extend(last);
        println!("{} of {count} states, seeded", left.len());
    }
    left
}

/// A snapshot that can be shown when it differs: names and digests.
fn same(files: &Snapshot) -> Vec<(PathBuf, Option<String>)> {
    let digest = |bytes: &Vec<u8>| format!("{} bytes {:x?}", bytes.len(), &Sha256::digest(bytes).as_slice()[..4]);
    files.iter().map(|(path, bytes)| (path.clone(), bytes.as_ref().map(digest))).collect()
}

fn digest(files: &Snapshot) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for (path, bytes) in files {
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update(bytes.as_ref().map_or(u64::MAX, |b| b.len() as u64).to_le_bytes());
        hasher.update(bytes.as_deref().unwrap_or_default());
    }
    hasher.finalize().to_vec()
}

/// The act, recorded; the folder is that of the store after it.
fn recorded(act: &Act, trial: &Trial) -> (tempfile::TempDir, PathBuf, Vec<Call>) {
    let (folder, store) = act.copy();
    let args = act.args_on(&store);
    let calls = record(&store, trial.folder(), &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(calls.contains(&Call::Printed));
    (folder, store, calls)
}

#[test]
fn a_load_outlasts_a_power_loss_whole_or_leaves_no_trace() {
    let trial = Trial::new(60);
    lose_power(&trial.load(), &trial, STATES, "load");
}

#[test]
fn an_erasure_outlasts_a_power_loss_or_can_be_completed() {
    let trial = Trial::new(60);
    lose_power(&trial.erase(), &trial, STATES, "erasure");
}

#[test]
fn a_compaction_outlasts_a_power_loss_without_a_change_of_answers() {
    let trial = Trial::new(60);
    lose_power(&trial.compact(), &trial, STATES / 2, "compaction");
}

fn lose_power(act: &Act, trial: &Trial, most: usize, name: &str) {
    if !possible() {
        return;
    }
    let (_recorded, root, calls) = recorded(act, trial);
    let left = left_behind(&act.store, &calls, &root, times(most, usize::MAX));
    let every = times(8, 4);
    let held: std::sync::Mutex<Vec<Held>> = std::sync::Mutex::default();
    on_all_cores(
        &left,
        || (),
        |(), index, Left { files, acknowledged, what }| {
            let folder = quick_folder();
            let store = folder.path().join("store");
            write_folder(&store, files);
            held.lock().unwrap().push(act.survives(&store, *acknowledged, what));
            if index % every == 0 {
                act.goes_on(&store, what);
            }
        },
    );
    let held = held.into_inner().unwrap();
    let before = held.iter().filter(|held| **held == act.before).count();
    println!("{} states of a {name}: {before} as before, {} as after", held.len(), held.len() - before);
    assert!(before > 0);
}

#[test]
fn a_store_whose_making_was_acknowledged_is_there_after_a_power_loss() {
    if !possible() {
        return;
    }
    let scratch = quick_folder();
    let outer = quick_folder();
    let store = outer.path().join("store");
    let init =
        |store: &Path| ["--store", text(store), "--json", "init", "--area", "jersey", "--synthetic"].map(str::to_owned);
    let args = init(&store);
    let calls = record(outer.path(), scratch.path(), &args.each_ref().map(String::as_str));
    let left = left_behind(&Snapshot::new(), &calls, outer.path(), times(STATES / 2, usize::MAX));
    on_all_cores(
        &left,
        || (),
        |(), _, Left { files, acknowledged, what }| {
            let folder = quick_folder();
            write_folder(folder.path(), files);
            let store = folder.path().join("store");
            if *acknowledged {
                whole(&store, what);
                return;
            }
            // Not acknowledged: it is there already, or it can be made now.
            let again = vigie(&store, &["--json", "init", "--area", "jersey", "--synthetic"]);
            assert!(again.code == 0 || again.err.contains("is a store already"), "{what}: {}", again.err);
            whole(&store, what);
        },
    );
    println!("{} states of the making of a store", left.len());
}

#[test]
fn a_backup_that_was_acknowledged_can_be_restored_after_a_power_loss() {
    if !possible() {
        return;
    }
    let trial = Trial::new(60);
    let act = trial.load();
    let (_folder, store) = act.copy();
    let outer = quick_folder();
    let calls = record(
        outer.path(),
        trial.folder(),
        &["--store", text(&store), "--json", "backup", text(&outer.path().join("copy"))],
    );
    let left = left_behind(&Snapshot::new(), &calls, outer.path(), times(STATES / 2, usize::MAX));
    on_all_cores(
        &left,
        || (),
        |(), _, Left { files, acknowledged, what }| {
            let folder = quick_folder();
            write_folder(folder.path(), files);
            let (copy, restored) = (folder.path().join("copy"), folder.path().join("restored"));
            let run = vigie(&restored, &["--json", "restore", text(&copy)]);
            match run.code {
                0 => assert_eq!(act.survives(&restored, false, what), act.before, "{what}"),
                2 | 3 | 5 if !*acknowledged => {}
                code => panic!("{what}: {code}: {}", run.err),
            }
        },
    );
    println!("{} states of a backup", left.len());
}

#[test]
fn a_restored_store_outlasts_a_power_loss_or_is_not_there() {
    if !possible() {
        return;
    }
    let trial = Trial::new(60);
    let act = trial.load();
    let (folder, store) = act.copy();
    let copy = folder.path().join("copy");
    vigie(&store, &["--json", "backup", text(&copy)]).ok();
    let outer = quick_folder();
    let restored = outer.path().join("store");
    let calls = record(outer.path(), trial.folder(), &["--store", text(&restored), "--json", "restore", text(&copy)]);
    let left = left_behind(&Snapshot::new(), &calls, outer.path(), times(STATES / 2, usize::MAX));
    on_all_cores(
        &left,
        || (),
        |(), _, Left { files, acknowledged, what }| {
            let folder = quick_folder();
            write_folder(folder.path(), files);
            let store = folder.path().join("store");
            let run = vigie(&store, &["--json", "verify"]);
            if run.code == 3 && !*acknowledged {
                return;
            }
            assert_eq!(act.survives(&store, false, what), act.before, "{what}");
        },
    );
    println!("{} states of a restored store", left.len());
}

/// Numbers of the calls that wrote to a path or, with its folder, made it last; of the inode that ends under that name.
#[derive(Debug, Default)]
struct History {
    written: Vec<usize>,
    synced: Vec<usize>,
    folder_synced: Vec<usize>,
}

fn history(calls: &[Call], path: &Path) -> History {
    let mut found = History::default();
    // Names that the file had on its way, the last first.
    let mut names = vec![path.to_owned()];
    for call in calls.iter().rev() {
        if let Call::Rename { from, to } | Call::Link { from, to } = call
            && names.contains(to)
        {
            names.push(from.clone());
        }
    }
    let folder = path.parent().unwrap();
    let mut open: std::collections::HashMap<i32, &Path> = std::collections::HashMap::new();
    for (number, call) in calls.iter().enumerate() {
        match call {
            Call::Open { fd, path, .. } => drop(open.insert(*fd, path)),
            Call::Copy { from, to } => drop(open.insert(*to, open[from])),
            Call::Write { fd, .. } if names.iter().any(|name| name == open[fd]) => found.written.push(number),
            Call::Sync { fd } if names.iter().any(|name| name == open[fd]) => found.synced.push(number),
            Call::Sync { fd } if open[fd] == folder => found.folder_synced.push(number),
            _ => {}
        }
    }
    found
}

/// Asserts that a file lasts, under its name, before call `before`.
fn lasts_before(calls: &[Call], path: &Path, before: usize) {
    let history = history(calls, path);
    let written = *history.written.last().unwrap_or_else(|| panic!("{} was never written", path.display()));
    let synced = history.synced.iter().find(|synced| **synced > written);
    assert!(synced.is_some_and(|synced| *synced < before), "{} is not synced in time", path.display());
    let named = calls.iter().position(
        |call| matches!(call, Call::Rename { to, .. } | Call::Link { to, .. } | Call::Open { path: to, create: true, .. } if to == path),
    );
    let named = named.unwrap_or_else(|| panic!("{} was never made", path.display()));
    assert!(
        history.folder_synced.iter().any(|synced| *synced > named && *synced < before),
        "the name of {} may be lost",
        path.display()
    );
}

#[test]
fn data_lasts_before_its_commit_and_commits_before_the_version() {
    if !possible() {
        return;
    }
    let trial = Trial::new(60);
    let act = trial.load();
    let (_recorded, root, calls) = recorded(&act, &trial);
    let acknowledged = calls.iter().position(|call| *call == Call::Printed).unwrap();
    let made = |suffix: &str| -> Vec<PathBuf> {
        let files = read_folder(&root);
        let new = files.keys().filter(|name| !act.store.contains_key(*name));
        new.filter(|name| name.starts_with("tables") && name.to_string_lossy().ends_with(suffix))
            .map(|name| root.join(name))
            .collect()
    };
    let (data, commits) = (made(".parquet"), made(".json"));
    assert!(data.len() >= 4 && commits.len() == 2, "stops and rejects were changed: {data:?} {commits:?}");
    let first_write = |path: &Path| *history(&calls, path).written.first().unwrap();
    let control = history(&calls, &root.join("control.sqlite"));
    let version_written = *control.written.first().expect("the version is written to the control database");
    let version_synced = *control.synced.iter().rfind(|synced| **synced < acknowledged).unwrap();
    for file in &data {
        let table = file.ancestors().find(|folder| folder.parent() == Some(&root.join("tables"))).unwrap();
        for commit in commits.iter().filter(|commit| commit.starts_with(table)) {
            lasts_before(&calls, file, first_write(commit));
        }
    }
    for commit in &commits {
        lasts_before(&calls, commit, version_written);
    }
    assert!(version_written < version_synced && version_synced < acknowledged);
}
