//! Near repeats against published tables: Knox by hand, and the two Chicago files that the public tools were shown with.

use std::fs;
use std::path::PathBuf;

use chrono::NaiveDate;
use serde_json::Value;
use vigie::stats::bands::Bands;
use vigie::stats::knox::{Knox, Metric, Options, knox};
use vigie::stats::scan::{self, Cluster};

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

/// A cluster as `SaTScan` printed it.
#[derive(Debug, Default)]
struct Printed {
    places: Vec<u32>,
    radius: f64,
    days: (i64, i64),
    cases: u64,
    expected: f64,
    llr: f64,
    p: f64,
}

fn printed(text: &str) -> Vec<Printed> {
    let mut clusters: Vec<Printed> = Vec::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        let numbers: Vec<f64> =
            value.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter_map(|word| word.parse().ok()).collect();
        if name.contains("Location IDs included") {
            clusters.push(Printed::default());
        }
        let Some(cluster) = clusters.last_mut() else { continue };
        match name.trim().trim_end_matches('.') {
            name if name.contains("Location IDs") => cluster.places = numbers.iter().map(|&n| n as u32).collect(),
            "Coordinates / radius" => cluster.radius = *numbers.last().unwrap(),
            "Time frame" => cluster.days = (numbers[0] as i64, numbers[1] as i64),
            "Number of cases" => cluster.cases = numbers[0] as u64,
            "Expected cases" => cluster.expected = numbers[0],
            "Test statistic" => cluster.llr = numbers[0],
            "P-value" => cluster.p = numbers[0],
            _ => {}
        }
    }
    clusters
}

/// A place: id, x, y.
type Site = (u32, f64, f64);

/// Places and cases (place, day) of one of the two runs.
fn satscan_input(text: &str, test: &str) -> (Vec<Site>, Vec<u32>, Vec<i64>) {
    let mut places: Vec<Site> = Vec::new();
    let (mut case_place, mut case_day) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| line.starts_with(test)) {
        let fields: Vec<f64> = line.split(',').skip(1).map(|field| field.trim().parse().unwrap()).collect();
        let id = fields[0] as u32;
        let place = places.iter().position(|place| place.0 == id).unwrap_or_else(|| {
            places.push((id, fields[3], fields[4]));
            places.len() - 1
        });
        for _ in 0..fields[1] as usize {
            case_place.push(place as u32);
            case_day.push(fields[2] as i64);
        }
    }
    (places, case_place, case_day)
}

fn scanned(places: &[(u32, f64, f64)], case_place: &[u32], case_day: &[i64]) -> Vec<(Vec<u32>, Cluster)> {
    let x: Vec<f64> = places.iter().map(|place| place.1).collect();
    let y: Vec<f64> = places.iter().map(|place| place.2).collect();
    // Half of the cases, half of the period, clusters that go on: the settings of the two runs.
    let options = scan::Options {
        max_radius_m: f64::INFINITY,
        max_share: 0.5,
        max_days: 500,
        alive: true,
        period: (0, 1000),
        permutations: 999,
        seed: 1,
    };
    let clusters = scan::scan(&x, &y, case_place, case_day, &options).unwrap();
    clusters
        .into_iter()
        .map(|cluster| {
            let mut ids: Vec<u32> = cluster.places.iter().map(|&place| places[place as usize].0).collect();
            ids.sort_unstable();
            (ids, cluster)
        })
        .collect()
}

/// Places, days and cases must be equal; the printed expectation has two decimals and the statistic six.
fn assert_met(ours: &(Vec<u32>, Cluster), printed: &Printed) {
    let (ids, cluster) = ours;
    let mut places = printed.places.clone();
    places.sort_unstable();
    assert_eq!((ids, cluster.observed), (&places, printed.cases));
    assert_eq!((cluster.first_day, cluster.last_day), printed.days);
    assert!((cluster.radius_m - printed.radius).abs() < 0.02, "{cluster:?}");
    assert!((cluster.expected - printed.expected).abs() < 0.005_001, "{cluster:?}");
    assert!((cluster.llr - printed.llr).abs() < 5.1e-7, "{cluster:?}");
}

#[test]
fn satscan_test3_is_met() {
    let (Some(input), Some(output)) = (public("satscan_inputs.csv"), public("satscan_test3_output.txt")) else {
        return;
    };
    let (places, case_place, case_day) = satscan_input(&input, "satscan_test3");
    let ours = scanned(&places, &case_place, &case_day);
    let theirs = printed(&output);
    assert_eq!(theirs.len(), 1);
    assert_met(&ours[0], &theirs[0]);
    // SaTScan stopped after 50 permutations and prints 1.00; ours is of 999.
    assert!(ours[0].1.p.unwrap() > 0.85, "{:?} for {}", ours[0].1.p, theirs[0].p);
    println!("satscan test 3: p {:?} for {}", ours[0].1.p, theirs[0].p);
}

/// `SaTScan`'s first cluster is (30, 30) / 20.00 with the places 23, 6 and 16. But 11 at (50, 30) and 24 at (30, 50) are
/// at 20.00 as well: it lets places at one distance join one by one, in an order of its own, and tests after each. Our
/// circle holds all that is within its radius, so it does not exist for us; the best one then is around (10, 10), and is
/// the runner-up by any count. Moved a thousandth outwards, the two places no longer tie, and every figure is `SaTScan`'s.
#[test]
fn satscan_test1_is_met_but_for_ties() {
    let (Some(input), Some(output)) = (public("satscan_inputs.csv"), public("satscan_test1_output.txt")) else {
        return;
    };
    let (mut places, case_place, case_day) = satscan_input(&input, "satscan_test1");
    let theirs = printed(&output);
    assert_eq!(theirs.len(), 2);
    let ours = scanned(&places, &case_place, &case_day);
    assert_eq!((ours[0].1.observed, ours[0].1.radius_m), (3, 20.0));
    assert!(ours[0].1.llr < theirs[0].llr);
    assert_met(&ours[1], &theirs[1]);
    let at_20 = |place: &(u32, f64, f64)| {
        ((place.1 - 30.0).hypot(place.2 - 30.0) - 20.0).abs() < 1e-9 && !theirs[0].places.contains(&place.0)
    };
    let tied: Vec<usize> = (0..places.len()).filter(|&at| at_20(&places[at])).collect();
    assert_eq!(tied.len(), 2);
    for at in tied {
        let (dx, dy) = (places[at].1 - 30.0, places[at].2 - 30.0);
        places[at].1 += dx * 1e-3;
        places[at].2 += dy * 1e-3;
    }
    let ours = scanned(&places, &case_place, &case_day);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_met(ours, theirs);
        // Theirs is of 248 permutations, ours of 999: the standard error of the difference is at most 0.036.
        println!("satscan test 1: p {:?} for {}", ours.1.p, theirs.p);
        assert!((ours.1.p.unwrap() - theirs.p).abs() < 0.15);
    }
}
