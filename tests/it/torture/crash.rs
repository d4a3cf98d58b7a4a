//! A real `vigie ingest` is killed, or its disk fails, wherever it may be: what was acknowledged is there, what was not
//! is there whole or not at all, nothing is there twice, and the next load works.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use vigie::store::halt::POINTS;

use super::trial::{Act, Held, Trial};
use super::{Dice, on_all_cores, times};
use crate::support::{program, text, vigie};

/// Points that a load of revisions, new rows and refused rows passes, whatever the store looks like.
const OF_A_LOAD: [&str; 11] = [
    "writer-begun",
    "rows-written",
    "file-written",
    "file-synced",
    "before-delta-commit",
    "after-delta-commit",
    "before-version",
    "after-version",
    "control-open",
    "control-sealed",
    "audit-written",
];

/// Those of an erasure.
const OF_AN_ERASURE: [&str; 5] =
    ["writer-begun", "erasure-files-written", "erasure-noted", "erasure-log-written", "erasure-files-removed"];

/// How often a load passes a point before the passes are no longer tried one by one.
const PASSES: usize = 2;

#[test]
fn a_load_killed_at_any_moment_is_there_whole_or_not_at_all() {
    kill(&Trial::new(4000).load(), times(25, 1000), "load");
}

#[test]
fn an_erasure_killed_at_any_moment_can_be_completed() {
    kill(&Trial::new(4000).erase(), times(10, 300), "erasure");
}

#[test]
fn a_compaction_killed_at_any_moment_changes_no_answer() {
    kill(&Trial::new(4000).compact(), times(10, 300), "compaction");
}

/// Kills the act at seeded shares of the time it usually takes.
fn kill(act: &Act, count: usize, name: &str) {
    let lasts = usual_time(act);
    let mut dice = Dice::new(1);
    let moments: Vec<f64> = (0..count).map(|_| dice.share() * 1.2).collect();
    let seen: Mutex<Vec<Held>> = Mutex::default();
    on_all_cores(
        &moments,
        || (),
        |(), _, share| {
            let (_folder, store) = act.copy();
            let mut child = act.on(&store).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(lasts.mul_f64(*share));
            child.kill().unwrap();
            let acknowledged = child.wait().unwrap().success();
            let what = format!("{name} killed after {share:.4} of {lasts:?}");
            seen.lock().unwrap().push(act.survives(&store, acknowledged, &what));
            act.goes_on(&store, &what);
        },
    );
    let seen = seen.into_inner().unwrap();
    let before = seen.iter().filter(|held| **held == act.before).count();
    println!("{} kills of a {name}: {before} left the store as before, {} as after", seen.len(), seen.len() - before);
    assert!(before > 0, "no kill came in time");
}

fn usual_time(act: &Act) -> Duration {
    let mut lasted: Vec<Duration> = (0..3)
        .map(|_| {
            let (_folder, store) = act.copy();
            let started = Instant::now();
            assert!(act.on(&store).output().unwrap().status.success());
            started.elapsed()
        })
        .collect();
    lasted.sort();
    lasted[1]
}

#[test]
fn a_load_stopped_or_failing_at_any_named_point_is_there_whole_or_not_at_all() {
    halt(&Trial::new(400).load(), &OF_A_LOAD, "load");
}

#[test]
fn an_erasure_stopped_or_failing_at_any_named_point_can_be_completed() {
    halt(&Trial::new(400).erase(), &OF_AN_ERASURE, "erasure");
}

#[test]
fn a_compaction_stopped_or_failing_at_any_named_point_changes_no_answer() {
    halt(&Trial::new(400).compact(), &["compacted", "file-synced", "before-version", "after-version"], "compaction");
}

/// Stops the act dead at every point at its first passes, and makes the disk fail there; `wanted` points must be reached.
fn halt(act: &Act, wanted: &[&str], name: &str) {
    let passes = POINTS.iter().flat_map(|point| (1..=times(PASSES, 12)).map(move |pass| (*point, pass)));
    let passes: Vec<(&str, usize)> = passes.collect();
    let reached: Mutex<BTreeMap<&str, usize>> = Mutex::default();
    on_all_cores(
        &passes,
        || (),
        |(), _, (point, pass)| {
            for how in ["", ":full", ":error"] {
                let (_folder, store) = act.copy();
                let halt = format!("{point}:{pass}{how}");
                let what = format!("{name} with VIGIE_HALT_AT={halt}");
                let output = act.on(&store).env("VIGIE_HALT_AT", halt).output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                match output.status.code() {
                    // It does not come by: neither would it fail there.
                    Some(0) if how.is_empty() => return,
                    None if how.is_empty() => *reached.lock().unwrap().entry(point).or_default() += 1,
                    // Some failures are made good: what counts is what is found afterwards.
                    Some(0) => {}
                    Some(2 | 5) if !how.is_empty() => assert!(!said.trim().is_empty(), "{what}: no message"),
                    code => panic!("{what}: {code:?}: {said}"),
                }
                act.survives(&store, output.status.success(), &what);
                act.goes_on(&store, &what);
            }
        },
    );
    let reached = reached.into_inner().unwrap();
    println!("{name}: {} passes stopped, and failed twice: {reached:?}", reached.values().sum::<usize>());
    for point in wanted {
        assert!(reached.contains_key(point), "no {name} comes by {point}");
    }
}

#[test]
fn a_backup_or_restore_that_stops_is_not_taken_for_one() {
    let trial = Trial::new(400);
    let act = trial.load();
    let (folder, store) = act.copy();
    let stopped = |args: &[&str], root: &Path, point: &str| {
        let output = program().arg("--store").arg(root).args(args).env("VIGIE_HALT_AT", point).output().unwrap();
        assert_eq!(output.status.code(), None, "{point} was not reached: {}", String::from_utf8_lossy(&output.stderr));
    };
    let (half, copy) = (folder.path().join("half"), folder.path().join("copy"));
    stopped(&["backup", text(&half)], &store, "backup-copied");
    act.survives(&store, false, "a backup stopped");
    let nowhere = folder.path().join("nowhere");
    let refused = vigie(&nowhere, &["--json", "restore", text(&half)]);
    assert!([2, 3, 5].contains(&refused.code), "half a backup: {} {}", refused.code, refused.err);
    assert!(!nowhere.join("control.sqlite").exists());
    vigie(&store, &["--json", "backup", text(&copy)]).ok();
    let restored = folder.path().join("restored");
    stopped(&["restore", text(&copy)], &restored, "restore-copied");
    assert_eq!(vigie(&restored, &["--json", "verify"]).code, 3, "half a store is none");
    let whole = folder.path().join("whole");
    vigie(&whole, &["--json", "restore", text(&copy)]).ok();
    assert_eq!(act.survives(&whole, false, "restored"), act.before);
    act.goes_on(&whole, "restored");
}
