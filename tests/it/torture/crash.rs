//! A real `vigie ingest` is killed, or its disk fails, wherever it may be: what was acknowledged is there, what was not
//! is there whole or not at all, nothing is there twice, and the next load works.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use vigie::store::halt::POINTS;

use super::trial::{Held, Trial};
use super::{Dice, on_all_cores, times};

/// Points that a load of revisions, new rows and refused rows passes, whatever the store looks like.
const OF_A_LOAD: &[&str] = &[
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

/// How often a load passes a point before the passes are no longer tried one by one.
const PASSES: usize = 3;

#[test]
fn a_load_killed_at_any_moment_is_there_whole_or_not_at_all() {
    let trial = Trial::new(4000);
    let lasts = usual_time(&trial);
    let mut dice = Dice::new(1);
    let moments: Vec<f64> = (0..times(25, 1000)).map(|_| dice.share() * 1.2).collect();
    let seen: Mutex<Vec<Held>> = Mutex::default();
    on_all_cores(
        &moments,
        || (),
        |(), _, share| {
            let (_folder, store) = trial.copy();
            let mut child = trial.second_load(&store).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(lasts.mul_f64(*share));
            child.kill().unwrap();
            let acknowledged = child.wait().unwrap().success();
            let what = format!("killed after {share:.4} of {lasts:?}");
            seen.lock().unwrap().push(trial.survives(&store, acknowledged, &what));
            trial.goes_on(&store, &what);
        },
    );
    let seen = seen.into_inner().unwrap();
    let after = seen.iter().filter(|held| **held == trial.after).count();
    println!("{} kills: {} left the store before the load, {after} after it", seen.len(), seen.len() - after);
    assert!(after < seen.len(), "no kill came in time");
}

fn usual_time(trial: &Trial) -> Duration {
    let mut lasted: Vec<Duration> = (0..3)
        .map(|_| {
            let (_folder, store) = trial.copy();
            let started = Instant::now();
            assert!(trial.second_load(&store).output().unwrap().status.success());
            started.elapsed()
        })
        .collect();
    lasted.sort();
    lasted[1]
}

#[test]
fn a_load_stopped_or_failing_at_any_named_point_is_there_whole_or_not_at_all() {
    let trial = Trial::new(400);
    let mut halts = Vec::new();
    for point in POINTS {
        for pass in 1..=times(PASSES, 12) {
            for how in ["", ":full", ":error"] {
                halts.push((*point, format!("{point}:{pass}{how}"), how.is_empty()));
            }
        }
    }
    let reached: Mutex<BTreeSet<&str>> = Mutex::default();
    on_all_cores(
        &halts,
        || (),
        |(), _, (point, halt, stops)| {
            let (_folder, store) = trial.copy();
            let output = trial.second_load(&store).env("VIGIE_HALT_AT", halt).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(0) => {}
                None if *stops => {
                    reached.lock().unwrap().insert(point);
                }
                Some(2 | 5) if !*stops => assert!(!said.trim().is_empty(), "{halt}: no message"),
                code => panic!("{halt}: {code:?}: {said}"),
            }
            trial.survives(&store, output.status.success(), halt);
            trial.goes_on(&store, halt);
        },
    );
    let reached = reached.into_inner().unwrap();
    println!("{} halts; points reached: {reached:?}", halts.len());
    for point in OF_A_LOAD {
        assert!(reached.contains(point), "no load comes by {point}");
    }
}
