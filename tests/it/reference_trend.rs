//! The methods behind `vigie trend` beside other people's programs: statsmodels, ruptures and SciPy. The numbers are in
//! `tests/reference/trend.json`, the script that made them in `tests/peers/trend_reference.py`.

use serde_json::Value;
use vigie::stats::change_point::{Search, find};
use vigie::stats::ets::{Form, fit};
use vigie::stats::rate_ratio::interval;
use vigie::stats::stl::{Season, Shape, decompose};
use vigie::stats::two_counts::exact_p;

fn cases(key: &str) -> Vec<Value> {
    let text = include_str!("../reference/trend.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all[key].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn farthest(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Tolerance: 1e-8 of a count, at every step of every part.
#[test]
fn decompositions_are_those_of_statsmodels() {
    for case in cases("decompositions") {
        let series = numbers(&case["series"]);
        let shape = case["window"].as_u64().map_or(Shape::Fixed, |window| Shape::Changing(window as usize));
        let seasons: Vec<Season> =
            numbers(&case["periods"]).iter().map(|period| Season { period: *period as usize, shape }).collect();
        let parts = decompose(&series, &seasons, case["robust"].as_bool().unwrap()).unwrap();
        let mut off = farthest(&parts.trend, &numbers(&case["trend"]));
        for (ours, theirs) in parts.seasons.iter().zip(case["seasons"].as_array().unwrap()) {
            off = off.max(farthest(ours, &numbers(theirs)));
        }
        println!("{}: at most {off:.1e} off", case["name"]);
        assert!(off < 1e-8, "{}: {off}", case["name"]);
    }
}

/// Both minimise the same sum of squares, by different searches: ours may not be larger by more than 1e-4 of it.
/// Forecasts agree to 1 % of a standard deviation of the errors, their variances over σ² to 1 %.
#[test]
fn smoothing_is_that_of_statsmodels() {
    for case in cases("smoothing") {
        let series = numbers(&case["series"]);
        let season = case["season"].as_u64().map(|m| m as usize);
        let slope = case["phi"].as_f64().unwrap() > 0.0;
        let ours = fit(&series, Form { slope, season }).unwrap().unwrap();
        assert_eq!(ours.form.name(), case["name"]);
        let theirs = case["sse"].as_f64().unwrap();
        println!("{}: sum of squares {} beside {theirs}", ours.form.name(), ours.sum_of_squares);
        assert!(ours.sum_of_squares <= theirs * 1.0001, "{}", case["name"]);
        let (means, variances) = (numbers(&case["mean"]), numbers(&case["variance_over_sigma2"]));
        let sigma = (theirs / series.len() as f64).sqrt();
        for ((ahead, mean), variance) in ours.forecast(means.len()).iter().zip(means).zip(variances) {
            assert!((ahead.mean - mean).abs() < 0.01 * sigma, "{}: {} beside {mean}", case["name"], ahead.mean);
            assert!((ahead.variance / ours.error_variance() / variance - 1.0).abs() < 0.01, "{}", case["name"]);
        }
    }
}

/// No tolerance: the same steps.
#[test]
fn changes_are_those_of_ruptures() {
    let mut found = 0;
    for case in cases("changes") {
        let counts: Vec<u64> = numbers(&case["counts"]).iter().map(|n| *n as u64).collect();
        let search = Search {
            penalty: case["penalty"].as_f64().unwrap(),
            min_steps: case["min_steps"].as_u64().unwrap() as usize,
            dispersion: 1.0,
            permutations: 0,
            seed: 1,
        };
        let ours = find(&counts, &numbers(&case["exposures"]), search).unwrap();
        let theirs: Vec<usize> = numbers(&case["changes"]).iter().map(|at| *at as usize).collect();
        assert_eq!(ours.iter().map(|change| change.at).collect::<Vec<_>>(), theirs);
        found += theirs.len();
    }
    assert!(found >= 10, "{found}");
}

/// SciPy's binomial test, and its exact interval of the share as a ratio of rates. Tolerance: 1e-6 of the value.
#[test]
fn two_counts_are_compared_as_scipy_does() {
    for case in cases("two_counts") {
        let (now, before) = (case["now"].as_u64().unwrap(), case["before"].as_u64().unwrap());
        let days = numbers(&case["days"]);
        let p = exact_p(now, before, days[0], days[1]).unwrap();
        assert!((p / case["p"].as_f64().unwrap() - 1.0).abs() < 1e-6, "{case}: {p}");
        let found = interval(now, before, days[0], days[1], 0.95).unwrap();
        let theirs = numbers(&case["ratio"]);
        assert!(
            (found.lower.unwrap() - theirs[0]).abs() < 1e-6 && (found.upper - theirs[1]).abs() < 1e-6 * found.upper
        );
    }
}
