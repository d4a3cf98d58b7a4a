//! The cases of spc.json beyond XmR, rules, icons and intervals: charts of counts, funnels, seasons, quantiles, texts.
//! Each case is compared within its own `abs_tol`; where that is null or 0, what is used is said at the test.

use serde_json::Value;
use vigie::analysis::kpi::Unit;
use vigie::analysis::rebase::{Rebase, place};
use vigie::analysis::staleness::{Freshness, freshness};
use vigie::analysis::target_text::target_text;
use vigie::model::time::parse_date;
use vigie::stats::classical_season;
use vigie::stats::discrete::{binomial_quantile, count_quantile, poisson_cdf, poisson_quantile};
use vigie::stats::funnel::{
    ACTION, Band, Measure, Unit as FunnelUnit, WATCH, normal_limits, observed_limits, overdispersion, poisson_limits,
    significance,
};
use vigie::stats::group_ratio::group_ratios;
use vigie::stats::holt;
use vigie::stats::quantile::{Method, quantile};
use vigie::stats::rate::wilson;
use vigie::stats::season_test::season_test;
use vigie::stats::ses;
use vigie::stats::spc::{
    Direction, Line, NHSR_02, PChart, Part, PoissonChart, Profile, UChart, c_line, crossings_min, g_line, gaps, limits,
    longest_run_max, phases, runs_test, t_line,
};
use vigie::stats::two_counts::{difference_z, exact_p};

use crate::reference::{assert_close, cases, id, numbers, present, whole};

/// The first letters of the ids that this file covers.
pub const COVERED: [&str; 23] = [
    "p-",
    "u-",
    "c-",
    "pprime-",
    "uprime-",
    "g-",
    "t-",
    "events-",
    "funnel-",
    "agg-",
    "runs-",
    "stale-",
    "rebase-",
    "target-text-",
    "season-",
    "ses-",
    "holt-",
    "quantile-",
    "own-quantile-",
    "own-change-",
    "own-poisson-",
    "own-exclusion-",
    "xmr-07",
];

fn only(prefix: &str) -> Value {
    let mut found = cases(prefix);
    assert_eq!(found.len(), 1, "{prefix}");
    found.remove(0)
}

fn tolerance(case: &Value) -> f64 {
    case["abs_tol"].as_f64().unwrap()
}

fn parts(input: &Value) -> Vec<Option<Part>> {
    let of = numbers(&input["den"]);
    numbers(&input["num"]).into_iter().zip(of).map(|(count, of)| Some(Part { count, of })).collect()
}

/// The named limits of some lines, times a factor, against the case: a list for the first points, or one for all.
fn assert_lines(case: &Value, lines: &[Line], expected: &Value, times: f64) {
    type Get = fn(&Line) -> f64;
    let known: [(&[&str], Get); 5] = [
        (&["cl"], |line| line.centre),
        (&["lcl", "ll99"], |line| line.lower),
        (&["ucl", "ul99"], |line| line.upper),
        (&["ll95"], |line| line.near_low),
        (&["ul95"], |line| line.near_high),
    ];
    let mut compared = 0;
    for (keys, get) in known {
        let Some(wanted) = keys.iter().find_map(|key| expected.get(*key)) else { continue };
        let list = if wanted.is_array() { numbers(wanted) } else { vec![wanted.as_f64().unwrap()] };
        for (line, wanted) in lines.iter().zip(list) {
            assert_close(&format!("{} {}", id(case), keys[0]), get(line) * times, wanted, tolerance(case));
            compared += 1;
        }
    }
    assert!(compared >= 2, "{}: only {compared} numbers compared", id(case));
}

fn outside(values: &[f64], lines: &[Line]) -> Vec<i64> {
    let is_out = |(value, line): (&f64, &Line)| *value > line.upper || *value < line.lower;
    (1..).zip(values.iter().zip(lines)).filter(|(_, point)| is_out(*point)).map(|(at, _)| at).collect()
}

#[test]
fn charts_of_shares() {
    for case in cases("p-").into_iter().chain(cases("pprime-")) {
        let parts = parts(&case["input"]);
        let prime = id(&case).starts_with("pprime");
        let chart = PChart::fit(&parts, prime, case["input"]["cut"].as_f64()).unwrap();
        let lines: Vec<Line> = parts.iter().flatten().map(|part| chart.line(part.of).unwrap()).collect();
        let times = if id(&case) == "p-01" { 1.0 } else { 100.0 };
        assert_lines(&case, &lines, &case["expected"], times);
        if let Some(wanted) = case["expected"].get("outside_1based") {
            let values: Vec<f64> = parts.iter().flatten().map(|part| part.count / part.of).collect();
            assert_eq!(outside(&values, &lines), whole(wanted), "{}", id(&case));
        }
    }
}

#[test]
fn charts_of_rates() {
    for case in cases("u-").into_iter().chain(cases("uprime-")) {
        let parts = parts(&case["input"]);
        let prime = id(&case).starts_with("uprime");
        let chart = UChart::fit(&parts, prime, case["input"]["cut"].as_f64()).unwrap();
        let lines: Vec<Line> = parts.iter().flatten().map(|part| chart.line(part.of).unwrap()).collect();
        assert_lines(&case, &lines, &case["expected"], case["input"]["multiply"].as_f64().unwrap_or(1.0));
    }
}

#[test]
fn charts_of_counts() {
    let case = cases("c-").into_iter().find(|case| id(case) == "c-01").unwrap();
    let values = numbers(&case["input"]["y"]);
    let left_out = whole(&case["input"]["exclude_1based"]);
    let baseline: Vec<Option<f64>> = (1..)
        .zip(&values)
        .take(case["input"]["baseline_n"].as_u64().unwrap() as usize)
        .map(|(at, value)| (!left_out.contains(&at)).then_some(*value))
        .collect();
    let line = c_line(&baseline).unwrap();
    assert_lines(&case, &[line], &case["expected"], 1.0);
    assert_eq!(outside(&values, &vec![line; values.len()]), whole(&case["expected"]["outside_1based"]));
    let judged: Vec<Option<f64>> =
        (1..).zip(&values).map(|(at, value)| (!left_out.contains(&at)).then_some(*value)).collect();
    let runs = runs_test(&judged, &vec![Some(line.middle); judged.len()]);
    let wanted = |key: &str| case["expected"][key].as_u64().unwrap() as usize;
    assert_eq!(
        (runs.useful, runs.longest, runs.longest_max),
        (wanted("n_useful"), wanted("longest_run"), wanted("longest_run_max"))
    );
    assert_eq!((runs.crossings, runs.crossings_min), (wanted("crossings"), wanted("crossings_min")));
    assert_eq!(runs.signal, case["expected"]["runs_signal"].as_bool().unwrap());

    let case = cases("c-").into_iter().find(|case| id(case) == "c-02").unwrap();
    let values = present(&numbers(&case["input"]["y"]));
    let phase = whole(&case["input"]["phase"]);
    let breaks: Vec<usize> = (1..phase.len()).filter(|at| phase[*at] != phase[at - 1]).collect();
    let ranges = phases(values.len(), &breaks);
    assert_eq!(ranges.len(), case["expected"].as_array().unwrap().len());
    for (range, wanted) in ranges.into_iter().zip(case["expected"].as_array().unwrap()) {
        assert_lines(&case, &[c_line(&values[range]).unwrap()], wanted, 1.0);
    }
}

#[test]
fn runs_of_a_frozen_baseline() {
    let case = only("xmr-07");
    let values = present(&numbers(&case["input"]["y"]));
    let baseline = case["input"]["baseline_n"].as_u64().unwrap() as usize;
    let mean = limits(&values[..baseline], &NHSR_02).unwrap().mean;
    let runs = runs_test(&values, &vec![Some(mean); values.len()]);
    let wanted = |key: &str| case["expected"][key].as_u64().unwrap() as usize;
    assert_eq!((runs.longest, runs.longest_max), (wanted("longest_run"), wanted("longest_run_max")));
    assert_eq!((runs.crossings, runs.crossings_min), (wanted("crossings"), wanted("crossings_min")));
    assert!(!runs.signal);
}

#[test]
fn charts_of_rare_events() {
    let case = only("g-");
    let line = g_line(&present(&numbers(&case["input"]["y"]))).unwrap();
    assert_lines(&case, &[line], &case["expected"], 1.0);
    assert_close("g-01 median", line.centre, case["expected"]["cl_median"].as_f64().unwrap(), 0.0);
    for case in cases("t-").into_iter().filter(|case| id(case) != "target-text-01") {
        // Both packages use 3/1.128.
        let profile = Profile { k: 3.0 / 1.128, ..NHSR_02 };
        let line = t_line(&present(&numbers(&case["input"]["y"])), &profile).unwrap();
        assert_lines(&case, &[line], &case["expected"], 1.0);
    }
}

#[test]
fn days_between_events() {
    let case = only("events-");
    let second = |text: &str| {
        let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
        let time: chrono::NaiveTime = time.parse().unwrap();
        parse_date(date).unwrap().and_time(time).and_utc().timestamp()
    };
    let input = &case["input"];
    let events: Vec<i64> = input["events"].as_array().unwrap().iter().map(|e| second(e.as_str().unwrap())).collect();
    let found = gaps(&events, second(input["cutoff"].as_str().unwrap()));
    // Whole days, as the package has them; the last is the open one, which we keep apart.
    let mut days: Vec<i64> = found.days.iter().map(|days| days.floor() as i64).collect();
    days.push(found.open.unwrap().floor() as i64);
    assert_eq!(days, whole(&case["expected"]["days"]));
}

#[test]
fn funnels() {
    let case = only("funnel-01");
    for (at, expected) in numbers(&case["input"]["expected_events"]).into_iter().enumerate() {
        let target = case["input"]["target"].as_f64().unwrap();
        for (confidence, low, high) in [(WATCH, "ll95", "ul95"), (ACTION, "ll998", "ul998")] {
            let found = poisson_limits(expected, target, confidence).unwrap();
            assert_close(low, found.lower, case["expected"][low][at].as_f64().unwrap(), tolerance(&case));
            assert_close(high, found.upper, case["expected"][high][at].as_f64().unwrap(), tolerance(&case));
        }
    }
    // The published solver stops early: relative 1e-5, and 1e-4 at the far end.
    let case = only("funnel-02");
    for (at, observed) in numbers(&case["input"]["observed"]).into_iter().enumerate() {
        for (confidence, low, high) in [(WATCH, "lower95", "upper95"), (ACTION, "lower998", "upper998")] {
            let found = observed_limits(observed as u64, confidence).unwrap();
            for (key, found) in [(low, found.lower), (high, found.upper)] {
                let wanted = case["expected"][key][at].as_f64().unwrap();
                let relative = if key == "upper998" && at == 0 { 1e-4 } else { 1e-5 };
                assert_close(&format!("funnel-02 {key} {observed}"), found * 100.0, wanted, wanted * relative);
            }
        }
    }
    let case = only("funnel-03");
    for (at, n) in whole(&case["input"]["n"]).into_iter().enumerate() {
        let average = case["input"]["avg"].as_f64().unwrap();
        for (confidence, low, high) in [(WATCH, "lower95", "upper95"), (ACTION, "lower998", "upper998")] {
            let found = normal_limits(average, n as u64, confidence).unwrap();
            for (key, found) in [(low, found.lower), (high, found.upper)] {
                let wanted = case["expected"][key][at].as_f64().unwrap();
                assert_close(&format!("funnel-03 {key} {n}"), found * 100.0, wanted, tolerance(&case));
            }
        }
    }
    // The labels that the text gives beside the file.
    let ratio = |observed: u64, expected: f64| {
        let limits = |confidence| observed_limits(observed, confidence).unwrap();
        significance(observed as f64 / expected, limits(WATCH), limits(ACTION)).words()
    };
    assert_eq!((ratio(8, 6.24), ratio(150, 119.57)), ("Not significant", "High (0.025)"));
    let limits = |confidence| poisson_limits(240.6, 1.0, confidence).unwrap();
    assert_eq!(significance(0.0, limits(WATCH), limits(ACTION)), Band::LowAct);
}

#[test]
fn ratios_of_groups() {
    let case = only("agg-");
    let input = &case["input"];
    let groups: Vec<&str> = input["group"].as_array().unwrap().iter().map(|g| g.as_str().unwrap()).collect();
    let found = group_ratios(&numbers(&input["num"]), &numbers(&input["den"]), &groups).unwrap();
    let wanted = numbers(&case["expected"]["rr"]);
    assert_eq!(found.len(), wanted.len());
    for ((group, ratio), wanted) in found.into_iter().zip(wanted) {
        assert_close(group, ratio.unwrap(), wanted, tolerance(&case));
    }
}

#[test]
fn runs_by_the_length_of_the_series() {
    let case = only("runs-");
    for (at, n) in whole(&case["input"]["n"]).into_iter().enumerate() {
        assert_eq!(longest_run_max(n as usize) as i64, whole(&case["expected"]["longest_run_max"])[at], "{n}");
        assert_eq!(crossings_min(n as usize) as i64, whole(&case["expected"]["crossings_min"])[at], "{n}");
    }
}

#[test]
fn stale_data_and_rebase_dates() {
    let case = only("stale-");
    let input = &case["input"];
    let day = |text: &str| parse_date(&text[..10]).unwrap();
    let found: Vec<Value> = whole(&input["lag_days"])
        .into_iter()
        .map(|lag| {
            let (data_to, cut_off) = (input["updated_to"].as_str().unwrap(), input["cutoff"].as_str().unwrap());
            let found: Freshness = freshness(day(data_to), day(cut_off), lag as u32);
            serde_json::to_value(found).unwrap()
        })
        .collect();
    assert_eq!(&found, case["expected"].as_array().unwrap());

    let case = only("rebase-");
    let days = |key: &str| -> Vec<chrono::NaiveDate> {
        case["input"][key].as_array().unwrap().iter().map(|on| day(on.as_str().unwrap())).collect()
    };
    let entries: Vec<Rebase> = days("rebase")
        .into_iter()
        .map(|on| Rebase { on, reason: "a new system".into(), approved_by: "SMB".into() })
        .collect();
    let placed = place(&days("months"), &entries);
    let found: Vec<String> = placed.iter().map(|placed| placed.on.to_string()).collect();
    let wanted: Vec<&str> = case["expected"].as_array().unwrap().iter().map(|on| on.as_str().unwrap()).collect();
    assert_eq!(found, wanted);
    assert_eq!(placed.iter().map(|placed| placed.at).collect::<Vec<_>>(), [Some(3), Some(4), None]);
}

#[test]
fn target_texts() {
    let case = only("target-text-");
    for (case, wanted) in case["input"]["cases"].as_array().unwrap().iter().zip(case["expected"].as_array().unwrap()) {
        let unit = if case[2] == "%" { Unit::Percent } else { Unit::Count };
        let direction = Direction::parse(case[1].as_str().unwrap()).unwrap();
        assert_eq!(&target_text(case[0].as_f64(), direction, unit), wanted.as_str().unwrap());
    }
}

#[test]
fn seasons_and_smoothing() {
    let case = only("season-");
    let parts = classical_season::decompose(&numbers(&case["input"]["y"]), 4).unwrap();
    let from_third = |list: &[Option<f64>]| -> Vec<f64> { list[2..].iter().map_while(|value| *value).collect() };
    let (trend, remainder) = (from_third(&parts.trend), from_third(&parts.remainder));
    for (key, found) in [("seasonal", &parts.season), ("trend_from_3rd", &trend), ("resid_from_3rd", &remainder)] {
        for (found, wanted) in found.iter().zip(numbers(&case["expected"][key])) {
            assert_close(key, *found, wanted, tolerance(&case));
        }
    }
    let case = only("ses-");
    for (alpha, wanted) in numbers(&case["input"]["alpha"]).into_iter().zip(numbers(&case["expected"])) {
        let found = ses::level(&numbers(&case["input"]["y"]), alpha).unwrap().unwrap();
        assert_close("ses", found, wanted, tolerance(&case));
    }
    let case = only("holt-");
    let found = holt::forecast(&numbers(&case["input"]["y"]), 0.8, 0.2, 5).unwrap().unwrap();
    for (found, wanted) in found.into_iter().zip(numbers(&case["expected"])) {
        assert_close("holt", found, wanted, tolerance(&case));
    }
}

#[test]
fn quantile_methods() {
    let case = only("quantile-");
    let values = numbers(&case["input"]["a"]);
    for (name, wanted) in case["expected"].as_object().unwrap() {
        let found = quantile(&values, case["input"]["q"].as_f64().unwrap(), Method::parse(name).unwrap()).unwrap();
        assert_close(name, found, wanted.as_f64().unwrap(), 1e-12);
    }
    let case = only("own-quantile-");
    let minutes = numbers(&case["input"]["minutes"]);
    let wanted = |key: &str| case["expected"][key].as_f64().unwrap();
    let n = minutes.len() as f64;
    assert_close("mean", minutes.iter().sum::<f64>() / n, wanted("mean"), tolerance(&case));
    assert_close("median", quantile(&minutes, 0.5, Method::Linear).unwrap(), wanted("median"), tolerance(&case));
    for (key, method) in
        [("p90_linear", Method::Linear), ("p90_nearest", Method::Nearest), ("p90_weibull", Method::Weibull)]
    {
        assert_close(key, quantile(&minutes, 0.9, method).unwrap(), wanted(key), tolerance(&case));
    }
    let (under, within) =
        (minutes.iter().filter(|m| **m < 10.0).count() as f64, minutes.iter().filter(|m| **m <= 10.0).count() as f64);
    assert_close("under 10", under, wanted("under_10"), 0.0);
    assert_close("at most 10", within, wanted("le_10"), 0.0);
    for (count, key) in [(under, "wilson95_under10"), (within, "wilson95_le10")] {
        let interval = wilson(count, n, 0.95).unwrap();
        let wanted = numbers(&case["expected"][key]);
        assert_close(key, interval.lower.unwrap(), wanted[0], 1e-6);
        assert_close(key, interval.upper, wanted[1], 1e-6);
    }
}

#[test]
fn changes_between_two_years() {
    let case = only("own-change-");
    for (name, pair) in case["input"]["pairs"].as_object().unwrap() {
        let pair = whole(pair);
        let (before, now) = (pair[0] as u64, pair[1] as u64);
        let wanted = &case["expected"][name];
        let percent = (now as f64 / before as f64 - 1.0) * 100.0;
        assert_close(name, percent, wanted["pct"].as_f64().unwrap(), tolerance(&case));
        assert_close(name, difference_z(now, before).unwrap(), wanted["z"].as_f64().unwrap(), tolerance(&case));
        if let Some(p) = wanted["exact_p"].as_f64() {
            // Three figures are published.
            assert_close(name, exact_p(now, before, 1.0, 1.0).unwrap(), p, 5e-4);
        }
    }
}

#[test]
fn poisson_limits_of_small_counts() {
    let case = only("own-poisson-01");
    let expected = &case["expected"];
    for (at, mean) in numbers(&case["input"]["mean"]).into_iter().enumerate() {
        let month = Some(Part { count: mean, of: 1.0 });
        let exact = PoissonChart::fit(&[month]).unwrap().line(1.0).unwrap();
        assert_close("lo", exact.lower, numbers(&expected["lo"])[at], 0.0);
        assert_close("hi", exact.upper, numbers(&expected["hi"])[at], 0.0);
        let three = c_line(&[Some(mean)]).unwrap();
        assert_close("three sigma", three.lower, numbers(&expected["three_sigma_lo"])[at], tolerance(&case));
        assert_close("three sigma", three.upper, numbers(&expected["three_sigma_hi"])[at], tolerance(&case));
    }
    let case = only("own-poisson-02");
    let expected = &case["expected"];
    for (at, mean) in numbers(&case["input"]["mean"]).into_iter().enumerate() {
        let upper = c_line(&[Some(mean)]).unwrap().upper;
        // The limit is published to two places.
        assert_close("c", upper, numbers(&expected["c_ucl"])[at], 0.005);
        let above = 1.0 - poisson_cdf(upper.floor() as u64, mean).unwrap();
        assert_close("above", above, numbers(&expected["p_above"])[at], tolerance(&case));
        assert_eq!(poisson_quantile(mean, 0.999), Some(whole(&expected["exact_hi_999"])[at] as u64));
    }
}

/// Numbers of statsmodels, SciPy and `NumPy` (`tests/peers/spc_reference.py`): relative 1e-8, quantiles of counts equal.
#[test]
fn other_programs_say_the_same() {
    let peers: Value = serde_json::from_str(include_str!("../reference/spc_peers.json")).unwrap();
    let close = |what: &str, found: f64, wanted: &Value| {
        let wanted = wanted.as_f64().unwrap();
        assert_close(what, found, wanted, 1e-8 * wanted.abs().max(1.0));
    };
    let list = |key: &str| peers[key].as_array().unwrap().clone();
    for case in list("season_test") {
        let found = season_test(&numbers(&case["y"]), 12).unwrap().unwrap();
        close("f", found.f, &case["f"]);
        close("p", found.p, &case["p"]);
        assert!((found.p / case["p"].as_f64().unwrap() - 1.0).abs() < 1e-6, "{}", found.p);
        for (found, wanted) in found.season.iter().zip(case["season"].as_array().unwrap()) {
            close("season", *found, wanted);
        }
    }
    for case in list("classical") {
        let cycle = case["cycle"].as_u64().unwrap() as usize;
        let found = classical_season::decompose(&numbers(&case["y"]), cycle).unwrap();
        for (found, wanted) in found.season.iter().zip(case["season"].as_array().unwrap()) {
            close("season", *found, wanted);
        }
        for (key, found) in [("trend", &found.trend), ("remainder", &found.remainder)] {
            for (found, wanted) in found.iter().zip(case[key].as_array().unwrap()) {
                assert_eq!(found.is_some(), wanted.is_number(), "{key}");
                if let Some(found) = found {
                    close(key, *found, wanted);
                }
            }
        }
    }
    for case in list("quantiles") {
        let number = |key: &str| case[key].as_f64().unwrap();
        let found = match case["what"].as_str().unwrap() {
            "poisson" => poisson_quantile(number("mean"), number("p")),
            "count" => count_quantile(number("mean"), number("variance"), number("p")),
            _ => binomial_quantile(number("n") as u64, number("share"), number("p")),
        };
        assert_eq!(found, case["k"].as_u64(), "{case}");
    }
    for case in list("overdispersion") {
        let units: Vec<FunnelUnit> = case["units"]
            .as_array()
            .unwrap()
            .iter()
            .map(|unit| FunnelUnit { x: unit[0].as_f64().unwrap(), n: unit[1].as_f64().unwrap() })
            .collect();
        let measure = match case["measure"].as_str().unwrap() {
            "share" => Measure::Share,
            "count_ratio" => Measure::CountRatio,
            _ => Measure::StandardisedRatio,
        };
        let found = overdispersion(&units, measure).unwrap();
        close("target", found.target, &case["target"]);
        close("phi", found.phi, &case["phi"]);
        close("tau2", found.tau2, &case["tau2"]);
        for limits in case["limits"].as_array().unwrap() {
            let pair = found.limits(limits[0].as_f64().unwrap(), ACTION).unwrap();
            close("lower", pair.lower, &limits[1]);
            close("upper", pair.upper, &limits[2]);
        }
    }
    for case in list("poisson_limits") {
        let found = poisson_limits(case[0].as_f64().unwrap(), 1.0, case[1].as_f64().unwrap()).unwrap();
        close("lower", found.lower, &case[2]);
        close("upper", found.upper, &case[3]);
    }
    for case in list("two_counts") {
        let count = |at: usize| case[at].as_u64().unwrap();
        close("p", exact_p(count(0), count(1), 1.0, count(2) as f64).unwrap(), &case[3]);
    }
}

#[test]
fn the_exclusion_waterfall_adds_up() {
    use vigie::analysis::kpi_values::Observation;
    let case = only("own-exclusion-");
    let excluded = whole(&case["input"]["excluded"]);
    let seen = |analysed: f64| Observation {
        denominator: Some(analysed),
        total: case["input"]["start"].as_f64(),
        excluded: (0..).zip(&excluded).map(|(i, n): (u8, _)| (format!("reason {i}"), *n as u64)).collect(),
        ..Observation::default()
    };
    let analysed = case["expected"]["analysed"].as_f64().unwrap();
    assert!(seen(analysed).closes() && !seen(analysed + 1.0).closes());
}
