//! Corrections and repeats of large files: what small ones do (`load`), by the ways that only large ones take, and told
//! from the same rows in small files by nothing but the time they need.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use vigie::app::App;
use vigie::app::load::LoadReport;
use vigie::render::table::json_rows;
use vigie::store::AsOf;

use crate::support::{ingest, new_store, put};

/// Synthetic pings: number, and by how much faster than at first the unit was.
fn pings(rows: impl Iterator<Item = (u32, u32)>) -> String {
    let mut text = "unit_id,pinged_at,lat,lon,speed_kmh\n".to_owned();
    for (number, faster) in rows {
        // Three months, a unit every few seconds; positions on land, off the coast and far away.
        let at = chrono::DateTime::from_timestamp(1_483_228_800 + i64::from(number % 500_000) * 15, 0).unwrap();
        let (lat, lon) = (49.17 + f64::from(number % 1_000) / 8_000.0, -2.2 + f64::from(number % 1_777) / 9_000.0);
        let (unit, speed) = (number / 500_000, number % 60 + faster);
        writeln!(text, "U{unit:02},{},{lat:.5},{lon:.5},{speed}", at.format("%Y-%m-%dT%H:%M:%SZ")).unwrap();
    }
    text
}

async fn loaded(app: &App, folder: &TempDir, text: String) -> LoadReport {
    let file = put(folder.path(), "pings.csv", text);
    ingest(app, "jersey-pings", &[file]).await.unwrap()
}

fn said(report: &LoadReport) -> [u64; 4] {
    [report.accepted, report.revised, report.unchanged, report.duplicate]
}

async fn ask(app: &App, as_of: AsOf, sql: &str) -> Vec<Value> {
    let answer = app.engine.snapshot(as_of).await.unwrap().sql(sql).await.unwrap();
    json_rows(&answer.batches).unwrap()
}

/// Sums that every column with a value takes part in.
async fn sums(app: &App, as_of: AsOf) -> Value {
    let sql = "SELECT count(*) AS rows, sum(speed_kmh) AS speeds, count(DISTINCT key_lo) AS keys, bit_xor(row_hash) AS hashes, \
               bit_xor(cell) AS cells, count(parish) AS parishes, count(labels) AS labels, count(DISTINCT month) AS months, \
               sum(CAST(round(lat * 1e5) AS BIGINT) * local_minute + CAST(round(lon * 1e5) AS BIGINT) * local_hour) AS places FROM pings";
    ask(app, as_of, sql).await.remove(0)
}

fn table_files(app: &App) -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                walk(&entry.path(), found);
            } else if entry.path().extension().is_some_and(|ending| ending == "parquet") {
                found.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&app.store.root().join("tables/pings"), &mut found);
    found.sort();
    found
}

const MANY: u32 = 250_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rows_in_another_large_file_change_nothing_and_are_labelled_as_before() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let first = loaded(&app, &folder, pings((0..MANY).map(|n| (n, 0)))).await;
    assert_eq!(said(&first), [u64::from(MANY), 0, 0, 0]);
    assert!(first.labels.len() > 1, "{:?}", first.labels);
    let (before, files) = (sums(&app, AsOf::Newest).await, table_files(&app));
    let bad = "U99,yesterday,49.2,-2.1,3\n";
    let again = loaded(&app, &folder, pings((0..MANY).rev().map(|n| (n, 0))) + bad).await;
    assert_eq!(said(&again), [0, 0, u64::from(MANY), 0]);
    assert_eq!((again.rejected_total, &again.labels), (1, &first.labels));
    assert_eq!(sums(&app, AsOf::Newest).await, before);
    assert_eq!(table_files(&app), files);
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_come_to_the_same_in_a_small_file_and_among_many_rows() {
    let changed = |n: u32| u32::from(n % 100 == 7);
    let wanted = {
        let (folder, app) = new_store("jersey", "Europe/Jersey").await;
        loaded(&app, &folder, pings((0..MANY).map(|n| (n, changed(n))))).await;
        sums(&app, AsOf::Newest).await
    };
    for whole in [false, true] {
        let (folder, app) = new_store("jersey", "Europe/Jersey").await;
        loaded(&app, &folder, pings((0..MANY).map(|n| (n, 0)))).await;
        let before = sums(&app, AsOf::Newest).await;
        let files = table_files(&app).len();
        // New records come with them, and one is corrected twice.
        let rows = (0..MANY).filter(|n| whole || changed(*n) == 1).map(|n| (n, changed(n)));
        let report = loaded(&app, &folder, pings([(7, 5)].into_iter().chain(rows))).await;
        let corrected = u64::from(MANY / 100);
        let unchanged = if whole { u64::from(MANY) - corrected } else { 0 };
        assert_eq!(said(&report), [0, corrected, unchanged, 1]);
        assert_eq!(sums(&app, AsOf::Newest).await, wanted);
        assert_eq!(sums(&app, AsOf::Version(1)).await, before);
        assert_eq!(table_files(&app).len(), 2 * files, "one file in place of each");

        let more = loaded(&app, &folder, pings((MANY - 10..MANY + 10).map(|n| (n, 9)))).await;
        assert_eq!(said(&more), [10, 10, 0, 0]);
        let held = ask(&app, AsOf::Newest, "SELECT count(*) AS rows, max(load_id) AS load FROM pings").await;
        assert_eq!(held, [json!({"rows": MANY + 10, "load": 3})]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_last_stays_also_where_a_load_is_decided_on_in_several_parts() {
    const ALL: u32 = 1_150_000;
    const BACK: u32 = 100_000;
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    loaded(&app, &folder, pings((0..ALL).map(|n| (n, 0)))).await;
    let before = sums(&app, AsOf::Newest).await;
    // Every record is corrected; after more than a million the first ones come again as they were at first.
    let report = loaded(&app, &folder, pings((0..ALL).map(|n| (n, 1)).chain((0..BACK).map(|n| (n, 0))))).await;
    assert_eq!(said(&report), [0, u64::from(ALL), 0, u64::from(BACK)]);
    let after = sums(&app, AsOf::Newest).await;
    let faster = |sums: &Value| sums["speeds"].as_f64().unwrap();
    assert!((faster(&after) - faster(&before) - f64::from(ALL - BACK)).abs() < 1e-6);
    for same in ["rows", "keys", "cells", "parishes", "labels", "months", "places"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(sums(&app, AsOf::Version(1)).await, before);
}
