//! Tests of the sample as a whole: same bytes twice, the plan's figures, hotspots that can be found.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use super::calendar::{Span, wall_date};
use super::cells::cell_of;
use super::surface::Surface;
use super::truth::TRUTH_DAYS;
use crate::space::Cell;

use super::{Options, Summary, crimes, geography, hotspots, roads, spots, write};

fn silent(_: &str, _: u64) {}

fn make(options: &Options, out: &Path) -> Summary {
    write(options, out, &silent).unwrap()
}

fn small(seed: u64) -> Options {
    Options { seed, scale: 0.1, years: 1, anpr_days: 3, ping_days: 1, ..Options::default() }
}

fn unzipped(path: &Path) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, second, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let summary = make(&small(4), first.path());
    make(&small(4), second.path());
    make(&small(5), other.path());
    for (name, _) in &summary.files {
        let read = |dir: &Path| std::fs::read(dir.join(name)).unwrap();
        assert_eq!(read(first.path()), read(second.path()), "{name}");
        // Cameras stand where they stand, and a feed is no data.
        if !name.contains("cameras") && Path::new(&name).extension().is_none_or(|ending| ending != "toml") {
            assert_ne!(read(first.path()), read(other.path()), "{name}");
        }
    }
    let zipped = std::fs::read(first.path().join("crimes.csv.gz")).unwrap();
    assert_eq!(zipped[4..8], [0, 0, 0, 0], "gzip header without a time");
}

#[test]
fn the_figures_of_the_plan_hold_for_every_seed() {
    for seed in 1..=5 {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { seed, anpr_days: 1, ping_days: 1, ..Options::default() };
        let summary = make(&options, dir.path());
        for figure in &summary.figures {
            if let Some(target) = figure.target {
                let off = figure.realised / target - 1.0;
                assert!(off.abs() < 0.05, "seed {seed} {} {}: {}", figure.measure, figure.what, figure.realised);
            }
            let bound = match figure.measure {
                "M02" => 5.0..6.0,
                "M03" => 0.9..1.0,
                "M04" => 20.0..40.0,
                "M05" => 0.8..1.0,
                _ => continue,
            };
            assert!(bound.contains(&figure.realised), "seed {seed} {}: {}", figure.measure, figure.realised);
        }
    }
}

#[test]
fn files_have_the_rows_and_columns_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let summary = make(&small(2), dir.path());
    for (name, rows) in summary.files.iter().filter(|f| f.0.ends_with(".csv.gz")) {
        let text = unzipped(&dir.path().join(name));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.records().map(Result::unwrap).count() as u64, *rows, "{name}");
    }
    let dirty = std::fs::read_to_string(dir.path().join("dirty/incidents-dirty.csv")).unwrap();
    let truth: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(dir.path().join("truth.json")).unwrap()).unwrap();
    let bad = truth["dirty"]["incidents-dirty.csv"]["bad_rows"].as_array().unwrap();
    assert_eq!(bad.len(), 6);
    let lines: Vec<&str> = dirty.lines().collect();
    for row in bad {
        let line = lines[row["line"].as_u64().unwrap() as usize - 1];
        match row["reason"].as_str().unwrap() {
            "missing_key" => assert!(line.starts_with(',')),
            "bad_time" => assert!(line.contains("25:61")),
            "bad_number" => assert!(line.contains(",two,")),
            "bad_coordinate" => assert!(line.contains("149.1912")),
            "unknown_code" => assert!(line.contains("jaywalking")),
            "column_count" => assert_eq!(line.split(',').count(), 15),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn times_of_an_incident_are_in_order_and_places_on_land() {
    let dir = tempfile::tempdir().unwrap();
    make(&small(3), dir.path());
    let island = geography::Island::load().unwrap();
    let text = unzipped(&dir.path().join("incidents.csv.gz"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for record in reader.records() {
        let record = record.unwrap();
        let times: Vec<&str> = (1..7).map(|i| &record[i]).filter(|t| !t.is_empty()).collect();
        assert!(times.is_sorted(), "{record:?}");
        let at = geography::LatLon::new(record[16].parse().unwrap(), record[17].parse().unwrap());
        assert!(island.on_land(at), "{record:?}");
    }
}

/// Share of truly hot cells that Gi* finds, and the share of false ones among those found, for one seed and daypart.
fn found(seed: u64, night: bool) -> (f64, f64) {
    let span = Span::new(2015, 3).unwrap();
    let island = geography::Island::load().unwrap();
    let network = roads::build(&island, seed).unwrap();
    let spots = spots::Spots::new(&island, &network).unwrap();
    let surface = Surface::new(&spots, &island, hotspots::plant(&span, &spots, &island, seed).unwrap()).unwrap();
    let crimes = crimes::make(&span, 1.0, &surface, &spots, &island, seed).unwrap();
    let first = span.last_days(TRUTH_DAYS).next().unwrap();
    let mut counts: BTreeMap<Cell, f64> = spots.cells.iter().map(|c| (*c, 0.0)).collect();
    for crime in &crimes.rows {
        assert_eq!(cell_of(crime.spot.at).unwrap(), crime.spot.cell);
        if crimes::by_night(crime.from) == night && wall_date(crime.from) >= first {
            *counts.get_mut(&crime.spot.cell).unwrap() += 1.0;
        }
    }
    let (hot, highest_other) = surface.hot_cells(span.last_days(TRUTH_DAYS), night);
    assert_eq!(hot.len(), 28, "four planted neighbourhoods of seven cells");
    assert!(hot.iter().all(|h| h.multiple > 11.0) && highest_other < 6.5, "{highest_other}");
    let truth: BTreeSet<Cell> = hot.iter().map(|h| h.cell).collect();
    let found = gi_star_hot(&counts);
    let hits = found.intersection(&truth).count() as f64;
    (hits / truth.len() as f64, 1.0 - hits / found.len().max(1) as f64)
}

/// Gi* (Ord and Getis 1995) with disk 1, two-sided p, Benjamini-Hochberg q < 0.05.
fn gi_star_hot(counts: &BTreeMap<Cell, f64>) -> BTreeSet<Cell> {
    use statrs::distribution::{ContinuousCDF, Normal};
    let normal = Normal::new(0.0, 1.0).unwrap();
    let n = counts.len() as f64;
    let mean = counts.values().sum::<f64>() / n;
    let sd = (counts.values().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let mut scored: Vec<(f64, f64, Cell)> = counts
        .keys()
        .map(|cell| {
            let near: Vec<f64> = cell.disk(1).iter().filter_map(|c| counts.get(c).copied()).collect();
            let w = near.len() as f64;
            let z = (near.iter().sum::<f64>() - w * mean) / (sd * ((n * w - w * w) / (n - 1.0)).sqrt());
            (2.0 * normal.sf(z.abs()), z, *cell)
        })
        .collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let last =
        scored.iter().enumerate().rev().find(|(k, s)| s.0 * n / (*k as f64 + 1.0) < 0.05).map_or(0, |(k, _)| k + 1);
    scored[..last].iter().filter(|s| s.1 > 0.0).map(|s| s.2).collect()
}

#[test]
fn planted_hotspots_can_be_found() {
    for seed in 1..=4 {
        for night in [false, true] {
            let (recall, false_share) = found(seed, night);
            assert!(recall >= 0.9 && false_share <= 0.1, "seed {seed} night {night}: {recall} {false_share}");
        }
    }
}
