//! `vigie trend` over the synthetic island and real data, and what its methods promise about made-up series.

use chrono::NaiveDate;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::Value;
use vigie::analysis::trend::{Step, StepRow, Wanted, take_apart};
use vigie::model::time::{Period, parse_date};
use vigie::stats::change_point::{Search, dispersion, find, penalty};
use vigie::stats::ets::choose;

use crate::support::{island, vigie};

fn ask(args: &[&str]) -> Value {
    vigie(island(), &[&["--json", "trend"][..], args].concat()).ok()
}

fn poisson(mean: f64, draw: &mut Pcg64) -> u64 {
    let (limit, mut product, mut count) = ((-mean).exp(), 1.0, 0);
    loop {
        product *= draw.random_range(0.0..1.0_f64);
        if product <= limit {
            return count;
        }
        count += 1;
    }
}

/// Intervals of 80 % and 95 % hold about so many of the steps to come, for seasonal Poisson counts of 2 to 60 a month
/// over 3 to 6 years, a year ahead.
#[test]
fn intervals_of_a_forecast_hold_what_they_say() {
    let mut draw = Pcg64::seed_from_u64(2);
    for (months, level, swing) in [(36, 2.0, 0.0), (36, 60.0, 20.0), (72, 8.0, 3.0), (72, 60.0, 20.0)] {
        let (mut within_80, mut within_95, mut all) = (0, 0, 0);
        for _ in 0..60 {
            let mean = |t: usize| level + swing * (t as f64 * std::f64::consts::TAU / 12.0).sin();
            let counts: Vec<f64> = (0..months + 12).map(|t| poisson(mean(t), &mut draw) as f64).collect();
            let fit = choose(&counts[..months], Some(12)).unwrap().unwrap();
            let (t_80, t_95) = (fit.quantile(0.8).unwrap(), fit.quantile(0.95).unwrap());
            for (ahead, y) in fit.forecast(12).iter().zip(&counts[months..]) {
                let off = (y - ahead.mean).abs() / (ahead.variance + ahead.start_variance).max(ahead.mean).sqrt();
                within_80 += usize::from(off <= t_80);
                within_95 += usize::from(off <= t_95);
                all += 1;
            }
        }
        let share = |n: usize| n as f64 / f64::from(all);
        println!(
            "{months} months of {level}: {:.3} within 80 %, {:.3} within 95 %",
            share(within_80),
            share(within_95)
        );
        assert!((0.74..0.88).contains(&share(within_80)) && (0.92..0.99).contains(&share(within_95)));
    }
}

/// A series without a change shows one in at most one case of twenty, also where counts vary more than Poisson ones.
#[test]
fn a_series_without_a_change_seldom_shows_one() {
    let mut draw = Pcg64::seed_from_u64(3);
    for over in [false, true] {
        let mut shown = 0;
        for _ in 0..200 {
            let mean = |draw: &mut Pcg64| if over { 40.0 * draw.random_range(0.0..1.0_f64) } else { 20.0 };
            let counts: Vec<u64> = (0..60)
                .map(|_| {
                    let mean = mean(&mut draw);
                    poisson(mean, &mut draw)
                })
                .collect();
            let dispersion = dispersion(&counts, &[1.0; 60]);
            let search = Search { penalty: penalty(60), min_steps: 3, dispersion, permutations: 0, seed: 1 };
            shown += usize::from(!find(&counts, &[1.0; 60], search).unwrap().is_empty());
        }
        println!("{shown} of 200 flat series show a change (more variable than Poisson: {over})");
        assert!(shown <= 10, "{shown}");
    }
}

/// Three years of months with a season of ±30 %, the last seven 25 % higher or not: how often a change is told.
#[test]
fn small_changes_are_missed_more_often_than_false_ones_are_told() {
    let mut draw = Pcg64::seed_from_u64(5);
    let (year, end) = (parse_date("2015-01-01").unwrap(), parse_date("2018-01-01").unwrap());
    let steps = Step::Month.whole_steps(Period::new(year, end).unwrap());
    for (mean, jump, least, most) in
        [(40.0, 1.0, 0, 10), (40.0, 1.25, 50, 150), (150.0, 1.0, 0, 10), (150.0, 1.25, 170, 200)]
    {
        let mut told = 0;
        for _ in 0..200 {
            let row = |(at, from): (usize, &NaiveDate)| {
                let season = 1.0 + 0.3 * (at as f64 * std::f64::consts::TAU / 12.0).sin();
                let level = mean * if at >= 29 { jump } else { 1.0 };
                let days = Step::Month.days(*from);
                StepRow {
                    series: None,
                    step: Step::Month.label(*from),
                    month: None,
                    from: *from,
                    days,
                    count: Some(poisson(level * season * f64::from(days) / 30.4, &mut draw)),
                    undefined_reason: None,
                    year: None,
                }
            };
            let rows: Vec<StepRow> = steps.iter().enumerate().map(row).collect();
            let wanted = Wanted { changes: true, seed: 1, ..Wanted::default() };
            let changes = take_apart(&rows, Step::Month, wanted).unwrap().remove(0).changes.unwrap();
            told += usize::from(!changes.found.is_empty());
        }
        println!(
            "{told} of 200 series of {mean} a month show a change; the last seven months are {jump} times the others"
        );
        assert!((least..=most).contains(&told), "{told}");
    }
}

#[test]
fn the_planted_step_of_anti_social_behaviour_is_found() {
    let args =
        ["--dataset", "incidents", "--group", "antisocial-behaviour", "--from", "2015-01-01", "--to", "2018-01-01"];
    let answer = ask(&[&args[..], &["--changes"]].concat());
    let found = answer["parts"][0]["changes"]["found"].as_array().unwrap();
    println!("{}", answer["parts"][0]["changes"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["step"], "2017-06");
    assert!(found[0]["p"].as_f64().unwrap() <= 0.01);
    // The sample plants 1.25 times the level before.
    assert!(found[0]["ratio"].as_f64().is_some_and(|ratio| (1.15..1.35).contains(&ratio)));
}

#[test]
fn parts_add_up_forecasts_repeat_and_seeds_are_kept() {
    let args = ["--from", "2015-01-01", "--to", "2018-01-01", "--decompose", "--changes", "--forecast", "12"];
    let answer = ask(&args);
    let parts = &answer["parts"][0];
    for share in parts["decomposition"]["steps"].as_array().unwrap() {
        let number = |key: &str| share[key].as_f64().unwrap();
        let sum = number("trend") + share["seasonal"][0].as_f64().unwrap() + number("remainder");
        assert!((sum - number("observed")).abs() < 1e-6);
    }
    let ahead = parts["forecast"]["steps"].as_array().unwrap();
    assert_eq!((ahead.len(), &ahead[0]["step"]), (12, &Value::from("2018-01")));
    for step in ahead {
        let number = |key: &str| step[key].as_f64().unwrap();
        assert!(0.0 <= number("low_95") && number("low_95") <= number("low_80") && number("low_80") <= number("mean"));
        assert!(number("mean") <= number("high_80") && number("high_80") <= number("high_95"));
    }
    assert_eq!(answer, ask(&args));
    assert_eq!(answer["provenance"]["parameters"]["seed"], "1");
    let other = ask(&[&args[..], &["--seed", "7"]].concat());
    assert_eq!(other["parts"][0]["forecast"], answer["parts"][0]["forecast"]);
}

#[test]
fn series_by_parish_and_by_group_add_up_to_the_whole() {
    let dates = ["--from", "2016-01-01", "--to", "2018-01-01"];
    let sum = |answer: &Value| -> u64 {
        answer["rows"].as_array().unwrap().iter().filter_map(|row| row["count"].as_u64()).sum()
    };
    let whole = sum(&ask(&dates));
    for by in ["group", "parish", "beat", "vingtaine"] {
        let answer = ask(&[&dates[..], &["--by", by]].concat());
        assert_eq!(sum(&answer), whole, "{by}");
        let names: Vec<&str> =
            answer["rows"].as_array().unwrap().iter().filter_map(|row| row["series"].as_str()).collect();
        assert!(names.is_sorted());
        if by == "parish" {
            let mut parishes = names.clone();
            parishes.dedup();
            assert!(parishes.len() >= 12, "{parishes:?}");
        }
    }
}

#[test]
fn weeks_are_iso_weeks_and_add_up() {
    let answer = ask(&["--step", "week", "--from", "2016-01-04", "--to", "2018-01-01"]);
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(
        (rows.len(), &rows[0]["step"], &rows[103]["step"]),
        (104, &Value::from("2016-W01"), &Value::from("2017-W52"))
    );
    let days = ask(&["--step", "day", "--from", "2016-01-04", "--to", "2018-01-01"]);
    let sum = |answer: &Value| answer["provenance"]["rows"].as_u64().unwrap();
    assert_eq!(sum(&answer), sum(&days));
    assert!(rows[0].get("rolling_12").is_none());
}

#[test]
fn months_beyond_the_records_are_no_zeros() {
    let answer = ask(&["--from", "2017-10-01", "--to", "2018-07-01"]);
    let rows = answer["rows"].as_array().unwrap();
    assert!(rows[0]["count"].is_u64());
    assert!(rows[8]["count"].is_null());
    assert!(rows[8]["undefined_reason"].as_str().unwrap().contains("records are complete to"), "{}", rows[8]);
}

#[test]
fn the_year_is_compared_with_the_same_days_of_the_year_before() {
    let answer = ask(&["--group", "burglary", "--from", "2017-01-01", "--to", "2018-01-01"]);
    let compared = answer["comparisons"].as_array().unwrap();
    assert_eq!(
        compared.iter().map(|c| c["what"].as_str().unwrap()).collect::<Vec<_>>(),
        ["year_to_date", "rolling_12"]
    );
    let year = &compared[0];
    assert_eq!((&year["now"]["days"], &year["before"]["days"]), (&Value::from(365), &Value::from(366)));
    let sum: u64 = answer["rows"].as_array().unwrap().iter().filter_map(|row| row["count"].as_u64()).sum();
    assert_eq!(year["now"]["count"].as_u64(), Some(sum));
    assert!(year["p"].as_f64().is_some_and(|p| p > 0.0 && p <= 1.0));
    let (low, high) = (year["ratio_low"].as_f64().unwrap(), year["ratio_high"].as_f64().unwrap());
    assert!(low < year["ratio"].as_f64().unwrap() && year["ratio"].as_f64().unwrap() < high);
}

#[test]
fn what_cannot_be_asked_is_refused_and_short_series_say_why() {
    let dates = ["--from", "2017-01-01", "--to", "2018-01-01"];
    for (args, word) in [
        (&["--step", "year"][..], "day, week or month"),
        (&["--by", "street"], "group, parish, vingtaine or beat"),
        (&["--forecast", "0"], "1 to 24"),
        (&["--forecast", "99"], "1 to 24"),
        (&["--plot", "trend.gif"], ".svg"),
    ] {
        let run = vigie(island(), &[&["trend"][..], &dates, args].concat());
        assert_eq!(run.code, 2, "{args:?} {}", run.out);
        assert!(run.err.contains(word), "{args:?}: {}", run.err);
    }
    let answer = ask(&[&dates[..], &["--forecast", "3", "--decompose"]].concat());
    let why = answer["parts"][0]["forecast"]["undefined_reason"].as_str().unwrap();
    assert!(why.contains("two whole cycles of the season are needed, 24"), "{why}");
    assert_eq!(answer["parts"][0]["forecast"]["steps"], Value::Array(Vec::new()));
}

#[test]
fn pictures_are_drawn_with_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("trend.svg");
    let args = ["trend", "--from", "2015-01-01", "--to", "2018-01-01", "--decompose", "--changes", "--forecast", "6"];
    assert_eq!(vigie(island(), &[&args[..], &["--plot", plot.to_str().unwrap()]].concat()).code, 0);
    for (name, word) in [("trend.svg", "records"), ("trend-2.svg", ">95 %<"), ("trend-3.svg", ">Remainder<")] {
        let svg = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(svg.contains(word) && svg.contains("role=\"img\"") && svg.contains("<desc"), "{name}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
    let by_parish =
        ["trend", "--from", "2015-01-01", "--to", "2018-01-01", "--by", "parish", "--plot", plot.to_str().unwrap()];
    assert_eq!(vigie(island(), &by_parish).code, 0);
    assert!(std::fs::read_to_string(plot).unwrap().contains("St Helier"));
}
