//! Public reference numbers (tests/reference/*.json): every case of a method that exists, with its tolerance.

use std::collections::BTreeSet;

use serde_json::Value;
use vigie::stats::fdr::{benjamini_hochberg, benjamini_yekutieli};
use vigie::stats::gi_star::{GiStar, gi_star};
use vigie::stats::neighbours::Neighbours;
use vigie::stats::rate::{Interval, byar, poisson, wilson};
use vigie::stats::spc::{
    Direction, Limits, NHSR_02, Profile, Rule, Side, assurance, judge, limits, part_of, run_ends, trend_ends,
    two_of_three,
};

const CRIME: &str = include_str!("../reference/crime.json");
const SPC: &str = include_str!("../reference/spc.json");

/// Numbers of crime.json are ours to 17 digits: agree to 1e-9.
const CRIME_TOLERANCE: f64 = 1e-9;

fn crime() -> Value {
    serde_json::from_str(CRIME).unwrap()
}

/// The cases of spc.json by the first letters of their id.
pub(crate) fn cases(prefix: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(SPC).unwrap();
    let cases: Vec<Value> =
        all["cases"].as_array().unwrap().iter().filter(|case| id(case).starts_with(prefix)).cloned().collect();
    assert!(!cases.is_empty(), "no case {prefix}");
    cases
}

pub(crate) fn id(case: &Value) -> &str {
    case["id"].as_str().unwrap()
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

pub(crate) fn whole(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect()
}

pub(crate) fn present(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

pub(crate) fn assert_close(what: &str, found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{what}: found {found}, wanted {wanted} within {tolerance}");
}

fn assert_all_close(what: &str, found: &[Option<f64>], wanted: &Value) {
    let wanted = numbers(wanted);
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert_close(&format!("{what} {i}"), found.unwrap(), wanted, CRIME_TOLERANCE);
    }
}

fn sides(flags: &[Option<Side>]) -> Vec<i64> {
    flags
        .iter()
        .map(|flag| match flag {
            Some(Side::High) => 1,
            Some(Side::Low) => -1,
            None => 0,
        })
        .collect()
}

fn to_sides(value: &Value) -> Vec<Option<Side>> {
    let side = |n: &i64| match n.signum() {
        1 => Some(Side::High),
        -1 => Some(Side::Low),
        _ => None,
    };
    whole(value).iter().map(side).collect()
}

#[test]
fn gi_star_on_six_points() {
    let case = &crime()["gi_6pt"];
    let lists: Vec<Vec<u32>> = case["neighbours"]
        .as_array()
        .unwrap()
        .iter()
        .map(|list| whole(list).iter().map(|n| u32::try_from(*n).unwrap()).collect())
        .collect();
    let GiStar { z, p, undefined } = gi_star(&numbers(&case["y"]), &Neighbours::from_lists(&lists).unwrap()).unwrap();
    assert_eq!(undefined, None);
    assert_all_close("z", &z, &case["gistar_z"]);
    assert_all_close("p", &p, &case["gistar_p2"]);
}

#[test]
fn gi_star_on_hexagons() {
    let case = &crime()["gistar_hex_k2"];
    let axial: Vec<Vec<i64>> = case["axial"].as_array().unwrap().iter().map(whole).collect();
    let next = |a: &[i64], b: &[i64]| {
        let (q, r) = (a[0] - b[0], a[1] - b[1]);
        (q.abs() + r.abs() + (q + r).abs()) / 2 == 1
    };
    let lists: Vec<Vec<u32>> =
        axial.iter().map(|a| (0..).zip(&axial).filter(|(_, b)| next(a, b)).map(|(i, _)| i).collect()).collect();
    let map = gi_star(&numbers(&case["value"]), &Neighbours::from_lists(&lists).unwrap()).unwrap();
    assert_all_close("z", &map.z, &case["z"]);
    assert_all_close("p", &map.p, &case["p2"]);
}

#[test]
fn false_discovery_rates() {
    let case = &crime()["bh_by"];
    let p = present(&numbers(&case["p"]));
    assert_all_close("bh", &benjamini_hochberg(&p), &case["bh"]);
    assert_all_close("by", &benjamini_yekutieli(&p), &case["by"]);
}

/// The profile that a case states: its k (2.66, or 3/1.128 where it says so) and its screening.
fn profile(input: &Value) -> Profile {
    let k = input["k"].as_f64().unwrap_or(3.0 / 1.128);
    let cut = input["screen"].as_bool().unwrap().then(|| input["cut"].as_f64().unwrap());
    Profile { k, cut, ..NHSR_02 }
}

fn assert_limits(case: &Value, found: &Limits, wanted: &Value) {
    let tolerance = case["abs_tol"].as_f64().unwrap();
    let found_at = |key: &str| match key {
        "mean" => Some(found.mean),
        "lpl" | "ll99" => Some(found.lpl),
        "upl" | "ul99" => Some(found.upl),
        "ll95" => Some(found.near_low),
        "ul95" => Some(found.near_high),
        _ => None,
    };
    let mut checked = 0;
    for (key, wanted) in wanted.as_object().unwrap() {
        if let Some(found) = found_at(key) {
            assert_close(&format!("{} {key}", id(case)), found, wanted.as_f64().unwrap(), tolerance);
            checked += 1;
        }
    }
    assert!(checked >= 3, "{}: only {checked} numbers compared", id(case));
}

#[test]
fn xmr_limits() {
    for case in cases("xmr-") {
        let (input, expected) = (&case["input"], &case["expected"]);
        let profile = profile(input);
        if let Some(groups) = input["groups"].as_array() {
            for (group, wanted) in groups.iter().zip(expected.as_array().unwrap()) {
                assert_limits(&case, &limits(&present(&numbers(group)), &profile).unwrap(), wanted);
            }
            continue;
        }
        let values = if input["y"].is_array() {
            numbers(&input["y"])
        } else {
            numbers(&input["num"]).iter().zip(numbers(&input["den"])).map(|(num, den)| num / den).collect()
        };
        let values = present(&values);
        let baseline = input["baseline_n"].as_u64().map_or(values.len(), |n| usize::try_from(n).unwrap());
        let found = limits(&values[..baseline], &profile).unwrap();
        assert_limits(&case, &found, expected);
        if expected["outside_1based"].is_array() {
            let points = judge(&values, &found, &profile);
            let is_out = |p: &vigie::stats::spc::Point| {
                p.flags.has(Rule::Astronomical, Side::High) || p.flags.has(Rule::Astronomical, Side::Low)
            };
            let outside: Vec<i64> = (1..).zip(&points).filter(|(_, p)| is_out(p)).map(|(i, _)| i).collect();
            assert_eq!(outside, whole(&expected["outside_1based"]), "{}", id(&case));
        }
    }
}

#[test]
fn special_cause_rules() {
    for case in cases("rule-") {
        let (name, input, expected) = (id(&case), &case["input"], &case["expected"]);
        match case["chart"].as_str().unwrap() {
            "run of 7" => {
                let ends = run_ends(&to_sides(&input["side"]), 7);
                assert_eq!(sides(&ends), whole(&expected["flag_end"]), "{name}");
                if expected["flag_all"].is_array() {
                    assert_eq!(sides(&part_of(&ends, 7)), whole(&expected["flag_all"]), "{name}");
                }
            }
            "trend of 7" => {
                let ends = trend_ends(&present(&numbers(&input["y"])), 7);
                assert_eq!(sides(&ends), whole(&expected["flag_end"]), "{name}");
            }
            "2 of 3 end to end" => {
                let values = present(&numbers(&input["y"]));
                let found = limits(&values, &NHSR_02).unwrap();
                let last_two = &judge(&values, &found, &NHSR_02)[values.len() - 2..];
                assert!(last_two.iter().all(|point| point.signal.is_none()), "{name}");
            }
            _ => {
                let near: Vec<bool> = whole(&input["close"]).iter().map(|n| *n != 0).collect();
                let flagged: Vec<i64> =
                    two_of_three(&near, &to_sides(&input["side"])).iter().map(|f| i64::from(f.is_some())).collect();
                // Where only the windows are given: no window, nothing flagged.
                let wanted = if expected["flagged"].is_array() { &expected["flagged"] } else { &expected["window"] };
                assert_eq!(flagged, whole(wanted), "{name}");
            }
        }
    }
    // The vectors that the text gives beside the file.
    let part = |ends: [i64; 9]| sides(&part_of(&to_sides(&serde_json::json!(ends)), 7));
    assert_eq!(part([0, 0, 0, 0, 0, 0, 0, 1, 0]), [0, 1, 1, 1, 1, 1, 1, 1, 0]);
    assert_eq!(sides(&trend_ends(&present(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), 7)), [0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn assurance_icons() {
    for case in cases("assure-") {
        let input = &case["input"];
        let direction = Direction::parse(input["direction"].as_str().unwrap()).unwrap();
        let target = input["target"].as_f64().unwrap();
        let found: Vec<Value> = numbers(&input["lpl"])
            .iter()
            .zip(numbers(&input["upl"]))
            .map(|(lpl, upl)| serde_json::to_value(assurance(*lpl, upl, target, direction)).unwrap())
            .collect();
        assert_eq!(&found, case["expected"].as_array().unwrap(), "{}", id(&case));
    }
}

#[test]
fn intervals_of_counts_and_shares() {
    for case in cases("ci-") {
        let (input, expected) = (&case["input"], &case["expected"]);
        let confidence = input["conf"].as_f64().unwrap();
        for (i, x) in numbers(&input["x"]).into_iter().enumerate() {
            let n = || input["n"][i].as_f64().unwrap();
            let found: Interval = match case["chart"].as_str().unwrap() {
                "Byar" => byar(x, confidence),
                "Wilson" => wilson(x, n(), confidence),
                _ => poisson(x as u64, confidence).map(|i| i.scaled(input["per"].as_f64().unwrap() / n())),
            }
            .unwrap();
            let what = format!("{} {x}", id(&case));
            let tolerance = case["abs_tol"].as_f64().unwrap();
            assert_close(&what, found.lower.unwrap(), expected["lower"][i].as_f64().unwrap(), tolerance);
            assert_close(&what, found.upper, expected["upper"][i].as_f64().unwrap(), tolerance);
        }
    }
}

#[test]
fn what_is_not_covered_yet_is_said() {
    let covered_crime = BTreeSet::from([
        "gi_6pt",
        "gistar_hex_k2",
        "bh_by",
        // In `reference_period`.
        "kde_quartic_h200",
        "harm_chi",
        // In `reference_time`.
        "poisson_two_count",
        "etest",
        "wdd",
        "mann_kendall",
        "ehsa",
        "sfhotspot_classify",
        // In `reference_evaluate`.
        "pai_index_ties",
        // In `reference_repeat`.
        "near_repeat_tiny",
        "near_repeat_files",
    ]);
    // The others in `reference_spc`.
    let covered_spc: Vec<&str> =
        ["xmr-", "rule-", "assure-", "ci-"].into_iter().chain(crate::reference_spc::COVERED).collect();
    let crime = crime();
    let left: Vec<&str> =
        crime.as_object().unwrap().keys().map(String::as_str).filter(|key| !covered_crime.contains(key)).collect();
    let all = covered_crime.len() + left.len();
    println!("crime.json: {} of {all} groups covered; left: {}", covered_crime.len(), left.join(", "));
    let all = cases("");
    let left: Vec<&str> =
        all.iter().map(id).filter(|id| !covered_spc.iter().any(|prefix| id.starts_with(prefix))).collect();
    println!("spc.json: {} of {} cases covered; left: {}", all.len() - left.len(), all.len(), left.join(", "));
    assert_eq!((all.len(), left.len()), (56, 0), "a case came or went: cover it or count it here");
}
