//! Near repeats against published tables: Knox by hand, and the two Chicago files that the public tools were shown with.

use std::fs;
use std::path::PathBuf;

use chrono::NaiveDate;
use serde_json::Value;
use vigie::stats::bands::Bands;
use vigie::stats::knox::{Knox, Metric, Options, knox};

const CRIME: &str = include_str!("../reference/crime.json");

fn case(name: &str) -> Value {
    serde_json::from_str::<Value>(CRIME).unwrap()[name].clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

/// A table of the cases, row by row.
fn table(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().flat_map(numbers).collect()
}

fn options(space: &[f64], time: &[f64], metric: Metric, permutations: u32) -> Options {
    Options {
        space: Bands::from_edges(space).unwrap(),
        time: Bands::from_edges(time).unwrap(),
        metric,
        permutations,
        seed: 1,
    }
}

/// The public files beside the project, where they are.
fn public(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/reference").join(name);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: {name} is not in ../shared/data/reference");
    }
    text
}

/// x, y and day number of a file of x, y and date.
fn chicago(text: &str) -> (Vec<f64>, Vec<f64>, Vec<i64>) {
    let (mut x, mut y, mut day) = (vec![], vec![], vec![]);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split(',').collect();
        x.push(fields[0].parse().unwrap());
        y.push(fields[1].parse().unwrap());
        let on = NaiveDate::parse_from_str(fields[2].trim(), "%Y-%m-%d").unwrap();
        day.push(i64::from(on.to_epoch_days()));
    }
    (x, y, day)
}

fn observed(knox: &Knox) -> Vec<f64> {
    knox.cells.iter().map(|cell| cell.observed as f64).collect()
}

#[test]
fn near_repeat_tiny() {
    let case = case("near_repeat_tiny");
    let events = table(&case["events_x_y_day"]);
    let column = |at: usize| events.iter().skip(at).step_by(3).copied().collect::<Vec<f64>>();
    let day: Vec<i64> = column(2).iter().map(|&d| d as i64).collect();
    // The case's "same place" is a distance of 0: any small first edge says that.
    let asked = options(&[0.0, 1e-6, 100.0, 200.0], &[0.0, 1.0, 7.0, 14.0], Metric::Euclidean, 999);
    let knox = knox(&column(0), &column(1), &day, &asked).unwrap();
    assert_eq!(observed(&knox), table(&case["observed"]));
    assert_eq!(knox.pairs, case["total_pairs"].as_u64().unwrap());
    for (cell, expected) in knox.cells.iter().zip(table(&case["expected_closed_form"])) {
        assert!((cell.expected - expected).abs() < 1e-12);
        assert_eq!(cell.p.is_some(), expected > 0.0);
    }
}

/// Counts must be equal; the published ratios have six decimals.
#[test]
fn near_repeat_files() {
    for case in case("near_repeat_files").as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let Some(text) = public(file) else { return };
        let (x, y, day) = chicago(&text);
        let metric = if case["metric"] == "manhattan" { Metric::Manhattan } else { Metric::Euclidean };
        let asked = options(&numbers(&case["sds"]), &numbers(&case["tds"]), metric, 999);
        let knox = knox(&x, &y, &day, &asked).unwrap();
        assert_eq!(observed(&knox), table(&case["observed"]), "{file} {metric:?}");
        for (cell, ratio) in knox.cells.iter().zip(table(&case["ratio_closed_form"])) {
            assert!(
                (cell.ratio.unwrap() - ratio).abs() < 5.1e-7,
                "{file} {metric:?}: {} for {ratio}",
                cell.ratio.unwrap()
            );
            // The mean of 999 permutations is the expectation, within five standard errors of a Poisson count.
            let (mean, slack) = (cell.simulated_mean.unwrap(), 5.0 * (cell.expected / 999.0).sqrt());
            assert!((mean - cell.expected).abs() < slack, "{file}: {mean} for {}", cell.expected);
        }
        println!("{file} {metric:?}: {} events", knox.events);
        for row in knox.cells.chunks(knox.time_pairs.len()) {
            let words: Vec<String> =
                row.iter().map(|c| format!("{} {:.2} p={:.3}", c.observed, c.ratio.unwrap(), c.p.unwrap())).collect();
            println!("  {}", words.join(" | "));
        }
    }
}

/// 188 cases of Burkitt's lymphoma, the set on which `pointpats` shows its Knox statistic: with a distance of 20 and a
/// time of 5 (both "at most"), 13 pairs are near in both.
#[test]
fn burkitt_as_pointpats_counts_it() {
    let Some(text) = public("burkitt.csv") else { return };
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|line| line.split(',').map(|field| field.trim().parse().unwrap()).collect()).collect();
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<f64>>();
    let day: Vec<i64> = column(3).iter().map(|&t| t as i64).collect();
    assert_eq!(rows.len(), 188);
    // "At most 20" is "under a little more than 20"; whole days make "at most 5" "under 6".
    let asked = options(&[0.0, 20.000_001], &[0.0, 6.0], Metric::Euclidean, 999);
    let knox = knox(&column(1), &column(2), &day, &asked).unwrap();
    let near = knox.cell(0, 0);
    println!("burkitt: {near:?}");
    assert_eq!(near.observed, 13);
}
