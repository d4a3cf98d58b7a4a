//! Change, histories and hours of the week: what must hold for every input, numbers of another program, the commands on
//! the island and on real files.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use vigie::analysis::hours::{Known, hours};
use vigie::app::App;
use vigie::model::access::Role;
use vigie::stats::emerging::{Definition, Side, Step, Trend, categorise, why};
use vigie::stats::mann_kendall::mann_kendall;
use vigie::stats::neighbours::Neighbours;
use vigie::stats::six_way::{SixWay, six_way};
use vigie::stats::space_time_gi::{Cube, Window, space_time_gi};
use vigie::stats::two_counts::{e_test_p, exact_p};

use crate::support::{Run, ingest, island, last_year, new_store, rows, somebody, text, vigie};

fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

fn a_history() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![3 => Just(Step::Hot), 1 => Just(Step::Cold), 2 => Just(Step::Neither)];
    // Long runs are as likely as mixtures: most categories need one.
    prop_oneof![
        prop::collection::vec(step.clone(), 1..40),
        (prop::collection::vec(step, 0..4), 8_usize..30).prop_map(|(mut few, hot)| {
            few.extend(std::iter::repeat_n(Step::Hot, hot));
            few
        }),
    ]
}

fn mirrored(steps: &[Step]) -> Vec<Step> {
    let other = |step: &Step| match step {
        Step::Hot => Step::Cold,
        Step::Cold => Step::Hot,
        Step::Neither => Step::Neither,
    };
    steps.iter().map(other).collect()
}

fn other(side: Side) -> Side {
    match side {
        Side::Hot => Side::Cold,
        Side::Cold => Side::Hot,
    }
}

proptest! {
    #![proptest_config(seeded(2_000))]

    #[test]
    fn cold_mirrors_hot(steps in a_history(), trend in prop_oneof![Just(Trend::Up), Just(Trend::Down), Just(Trend::Flat)]) {
        let turned = match trend {
            Trend::Up => Trend::Down,
            Trend::Down => Trend::Up,
            Trend::Flat => Trend::Flat,
        };
        for definition in [Definition::Esri3, Definition::Esri2] {
            let found = categorise(&steps, trend, definition).map(|(pattern, side)| (pattern, other(side)));
            prop_assert_eq!(found, categorise(&mirrored(&steps), turned, definition));
        }
        let class = six_way(&steps).map(|class| match class {
            SixWay::Persistent(side) => SixWay::Persistent(other(side)),
            SixWay::Emerging(side) => SixWay::Emerging(other(side)),
            SixWay::Former(side) => SixWay::Former(other(side)),
            SixWay::Intermittent(side) => SixWay::Intermittent(other(side)),
            both => both,
        });
        prop_assert_eq!(class, six_way(&mirrored(&steps)));
        let swapped = why(&steps, ("week", "weeks")).replace("hot", "?").replace("cold", "hot").replace('?', "cold");
        let hot_and_cold = steps.contains(&Step::Hot) && steps.contains(&Step::Cold);
        // Without a final step on either side hot speaks first, also in the mirror.
        if !hot_and_cold && steps.iter().any(|step| *step != Step::Neither) {
            prop_assert_eq!(swapped, why(&mirrored(&steps), ("week", "weeks")));
        }
    }

    #[test]
    fn a_trend_turns_with_its_series(values in prop::collection::vec(0_u8..6, 2..40), shift in -5_i8..5) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let found = mann_kendall(&values).unwrap();
        prop_assert!(found.p > 0.0 && found.p <= 1.0 && found.variance >= 0.0);
        let moved: Vec<f64> = values.iter().map(|value| value * 2.0 + f64::from(shift)).collect();
        let moved = mann_kendall(&moved).unwrap();
        prop_assert_eq!((found.s, found.p), (moved.s, moved.p));
        prop_assert!((found.sen_slope * 2.0 - moved.sen_slope).abs() < 1e-12);
        let back: Vec<f64> = values.iter().rev().copied().collect();
        let back = mann_kendall(&back).unwrap();
        prop_assert_eq!((found.s, found.p), (-back.s, back.p));
        prop_assert!((found.sen_slope + back.sen_slope).abs() < 1e-12);
    }

    #[test]
    fn two_counts_do_not_care_which_is_first(a in 0_u64..60, b in 0_u64..60, n1 in 1_u32..40, n2 in 1_u32..40) {
        let (n1, n2) = (f64::from(n1), f64::from(n2));
        for test in [exact_p, e_test_p] {
            let (one, two) = (test(a, b, n1, n2), test(b, a, n2, n1));
            prop_assert_eq!(one.is_some(), a + b > 0);
            if let (Some(one), Some(two)) = (one, two) {
                prop_assert!((one - two).abs() < 1e-9, "{one} {two}");
                prop_assert!(one > 0.0 && one <= 1.0);
            }
        }
    }

    #[test]
    fn every_record_is_shared_out_whole(ranges in prop::collection::vec((-2_000_000_i64..2_000_000, prop::option::of(-400_000_i64..900_000), 1_u64..5), 0..40)) {
        // Around the night of 29 October 2017.
        let known: Vec<Known> = ranges
            .into_iter()
            .map(|(from, length, records)| {
                let from = 1_509_235_200 + from;
                Known { from: Some(from), to: length.map(|length| from + length), records }
            })
            .collect();
        let week = hours(&known, chrono_tz::Europe::Jersey);
        let records: u64 = known.iter().map(|one| one.records).sum();
        let sum: f64 = week.rows.iter().filter_map(|row| row.expected).sum();
        prop_assert_eq!(week.records, Some(records));
        prop_assert!((sum - records as f64).abs() < 1e-8, "{sum} of {records}");
        prop_assert!(week.rows.iter().all(|row| row.certain.unwrap() as f64 <= row.expected.unwrap() + 1e-9));
    }

    #[test]
    fn later_steps_only_move_the_whole_cube(values in prop::collection::vec(0_u8..5, 60), scale in 1_u8..9) {
        // Ten places in a ring, six steps.
        let lists: Vec<Vec<u32>> = (0..10_u32).map(|i| vec![(i + 9) % 10, (i + 1) % 10]).collect();
        let ring = Neighbours::from_lists(&lists).unwrap();
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let scaled: Vec<f64> = values.iter().map(|value| value * f64::from(scale) + 3.0).collect();
        for window in [Window::WholeCube, Window::NeighbourhoodSteps, Window::OneStep] {
            let one = space_time_gi(&Cube::new(values.clone(), 10, 6).unwrap(), &ring, 1, window).unwrap();
            let two = space_time_gi(&Cube::new(scaled.clone(), 10, 6).unwrap(), &ring, 1, window).unwrap();
            for (one, two) in one.z.iter().zip(&two.z) {
                prop_assert_eq!(one.is_some(), two.is_some());
                prop_assert!((one.unwrap_or(0.0) - two.unwrap_or(0.0)).abs() < 1e-9, "units do not matter");
            }
        }
        let mut later = values.clone();
        for place in 0..10 {
            later[place * 6 + 5] += place as f64;
        }
        let before = space_time_gi(&Cube::new(values, 10, 6).unwrap(), &ring, 2, Window::NeighbourhoodSteps).unwrap();
        let after = space_time_gi(&Cube::new(later, 10, 6).unwrap(), &ring, 2, Window::NeighbourhoodSteps).unwrap();
        for place in 0..10 {
            prop_assert_eq!(&before.z[place * 6..place * 6 + 5], &after.z[place * 6..place * 6 + 5]);
        }
    }
}

fn peer() -> Value {
    serde_json::from_str(include_str!("../reference/aoristic.json")).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Ranges over nights on which clocks change, in three zones, walked minute by minute by `tests/peers/aoristic.py`.
#[test]
fn hours_of_the_week_agree_with_a_walk_by_minutes() {
    for case in peer()["cases"].as_array().unwrap() {
        let known: Vec<Known> = case["ranges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|range| Known {
                from: range[0].as_i64().map(|minute| minute * 60),
                to: range[1].as_i64().map(|minute| minute * 60),
                records: 1,
            })
            .collect();
        let week = hours(&known, case["zone"].as_str().unwrap().parse().unwrap());
        let wanted = floats(&case["expected"]);
        for (row, wanted) in week.rows.iter().zip(&wanted) {
            assert!((row.expected.unwrap() - wanted).abs() < 1e-9, "{} {row:?} {wanted}", case["zone"]);
        }
        let certain: Vec<u64> = week.rows.iter().map(|row| row.certain.unwrap()).collect();
        assert_eq!(json!(certain), case["certain"]);
        assert_eq!(json!(week.rules.unwrap()), case["rules"], "{}", case["zone"]);
    }
}

fn ask(args: &[&str]) -> Run {
    let (from, to) = last_year();
    let mut all = vec![args[0], "--from", &from, "--to", &to];
    all.extend(&args[1..]);
    all.push("--json");
    vigie(island(), &all)
}

fn refuses(run: &Run, code: i32, words: &str) {
    assert_eq!(run.code, code, "{}", run.err);
    assert!(run.err.contains(words), "`{words}` is not in: {}", run.err);
}

#[test]
fn change_says_more_than_a_percentage() {
    let answer = ask(&["change", "--by", "parish"]).ok();
    let parishes = rows(&answer);
    assert_eq!(parishes.len(), 12);
    let sum = |key: &str| parishes.iter().map(|row| row[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(
        (sum("now"), sum("before")),
        (answer["total"]["now"].as_u64().unwrap(), answer["total"]["before"].as_u64().unwrap())
    );
    let p = &answer["provenance"];
    assert_eq!((&p["question"], &p["parameters"]["days"]), (&json!("change"), &json!("365 against 366")));
    assert_eq!(p["rows"].as_u64().unwrap(), sum("now") + sum("before"));
    assert!(answer["notes"][0].as_str().unwrap().contains("weekdays"), "{}", answer["notes"]);

    let answer = ask(&["change"]).ok();
    let cells = rows(&answer);
    assert_eq!(cells.len() as u64, answer["provenance"]["cells"].as_u64().unwrap());
    // The village that faded had crime in 2016 and none planted in 2017: some cell must have fallen.
    assert!(cells.iter().any(|row| row["verdict"] == "fewer"));
    for row in cells {
        let nothing = row["now"] == 0 && row["before"] == 0;
        assert_eq!(row["p"].is_null(), nothing, "{row}");
    }
    let same = ask(&["change", "--test", "e-test"]).ok();
    assert_ne!(same["rows"], answer["rows"]);
}

#[test]
fn change_refuses_what_cannot_be_compared() {
    let (from, _) = last_year();
    let overlap = ask(&["change", "--before-from", "2016-06-01", "--before-to", "2017-06-01"]);
    refuses(&overlap, 2, "must end by the start");
    assert_ne!(ask(&["change", "--before-from", &from]).code, 0, "one date of two");
    refuses(&ask(&["change", "--by", "parish", "--plot", "x.svg"]), 2, "one of cells");
    refuses(&ask(&["change", "--test", "t"]), 2, "exact or e-test");
}

#[test]
fn emerging_needs_ten_steps_and_says_so() {
    let answer = ask(&["emerging", "--daypart", "night"]).ok();
    let p = &answer["provenance"];
    assert_eq!(p["parameters"]["definition_version"], "esri-3");
    assert_eq!(p["parameters"]["steps"], "13 from 2017-01-02");
    let cells = rows(&answer);
    assert_eq!(cells.len() as u64, p["cells"].as_u64().unwrap());
    for row in cells {
        let history = row["history"].as_str().unwrap();
        assert_eq!(history.len(), 13);
        assert_eq!(history.matches('H').count() as u64, row["hot_steps"].as_u64().unwrap());
    }
    assert!(cells.iter().any(|row| row["category"] == "consecutive hot"), "the village of the emerging nights");
    refuses(&ask(&["emerging", "--step", "60d"]), 5, "at least 10 steps, and this one has 6 steps");
    refuses(&ask(&["emerging", "--steps", "9"]), 5, "at least 10 steps, and this one has 9");
    refuses(&ask(&["emerging", "--step", "fortnight"]), 2, "week, month, or days");
    refuses(&ask(&["emerging", "--definition", "esri-4"]), 2, "esri-3, esri-2 or sfhotspot");
    let six = ask(&["emerging", "--definition", "sfhotspot", "--step", "month"]).ok();
    assert_eq!(six["provenance"]["parameters"]["steps"], "12 from 2017-01-01");
    let again = ask(&["emerging", "--definition", "sfhotspot", "--step", "month"]);
    assert_eq!(again.ok(), six, "the same question, the same answer");
}

#[test]
fn hours_show_every_hour_and_every_rule() {
    let answer = ask(&["hours", "--group", "burglary"]).ok();
    let all = rows(&answer);
    assert_eq!(all.len(), 168);
    let sum: f64 = all.iter().map(|row| row["expected"].as_f64().unwrap()).sum();
    let rules = &answer["rules"];
    let counted: u64 = ["certain", "shared", "uniform"].iter().map(|rule| rules[rule].as_u64().unwrap()).sum();
    assert_eq!(counted, answer["records"].as_u64().unwrap());
    assert!((sum - counted as f64).abs() < 1e-6 && rules["shared"].as_u64().unwrap() > 0, "{rules}");
    assert_eq!(answer["provenance"]["parameters"]["clock"], "Europe/Jersey");
    refuses(&ask(&["hours", "--daypart", "night"]), 2, "leave the daypart out");
}

#[test]
fn pictures_and_files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (args, word) in [
        (&["change"][..], "More than before"),
        (&["emerging", "--daypart", "night"], "Consecutive hot: one run"),
        (&["hours"], "Heat map of the hours"),
    ] {
        let (svg, csv) = (at(&format!("{}.svg", args[0])), at(&format!("{}.csv", args[0])));
        let mut all = args.to_vec();
        all.extend(["--plot", text(&svg), "--out", text(&csv)]);
        let run = ask(&all);
        assert_eq!(run.code, 0, "{}", run.err);
        let picture = std::fs::read_to_string(&svg).unwrap();
        assert!(picture.contains("role=\"img\"") && picture.contains("<desc") && picture.contains(word), "{word}");
        assert!(std::fs::read_to_string(&csv).unwrap().lines().count() > 100);
        refuses(&ask(&[args[0], "--plot", "x.jpg"]), 2, ".svg");
    }
}

#[test]
fn change_and_histories_are_geojson() {
    let folder = tempfile::tempdir().unwrap();
    for (command, key) in [("change", "verdict"), ("emerging", "category")] {
        let path = folder.path().join(format!("{command}.geojson"));
        let run = ask(&[command, "--daypart", "night", "--out", text(&path)]);
        assert_eq!(run.code, 0, "{}", run.err);
        let collection: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(collection["provenance"]["question"], command);
        let features = collection["features"].as_array().unwrap();
        assert_eq!(features.len() as u64, collection["provenance"]["cells"].as_u64().unwrap());
        assert!(
            features.iter().all(|each| each["properties"][key].is_string() && each["geometry"]["type"] == "Polygon")
        );
    }
    let parishes = folder.path().join("parishes.geojson");
    refuses(&ask(&["change", "--by", "parish", "--out", text(&parishes)]), 2, "not of parishes");
    refuses(&ask(&["hours", "--out", text(&parishes)]), 2, ".csv, .parquet or .json");
}

/// The public sees no small count, and nothing that gives one away.
#[tokio::test(flavor = "multi_thread")]
async fn the_public_sees_no_small_numbers() {
    let app: App = crate::support::island_app();
    let who = somebody(&[Role::Public]);
    let (from, to) = last_year();
    let day = |text: &str| vigie::model::time::parse_date(text).unwrap();
    let period = vigie::model::time::Period::new(day(&from), day(&to)).unwrap();
    let selection = vigie::analysis::selection::Selection::of("crimes", period);
    let small = |count: Option<u64>| count.is_some_and(|n| (1..u64::from(app.config.public_threshold)).contains(&n));
    let question = vigie::analysis::change::Question {
        before: vigie::analysis::change::Question::usual_before(period),
        selection: selection.clone(),
        by: vigie::analysis::change::By::Cell(9),
        test: vigie::analysis::change::Test::Exact,
        alpha: 0.05,
    };
    let change = vigie::app::change::ask(&app, &who, &question).await.unwrap();
    assert!(change.map.rows.iter().all(|row| !small(row.now) && !small(row.before) && row.q.is_none()));
    let histories = vigie::analysis::emerging::Question::usual(
        selection.clone(),
        9,
        vigie::analysis::steps::StepLength::Days(28),
        vigie::analysis::emerging::Definition::Esri3,
    );
    let emerging = vigie::app::emerging::ask(&app, &who, &histories).await.unwrap();
    assert!(emerging.map.rows.iter().all(|row| !small(row.count) && row.trend_z.is_none()));
    let week = vigie::app::hours::ask(&app, &who, &selection).await.unwrap();
    let threshold = f64::from(app.config.public_threshold);
    assert!(week.hours.rows.iter().all(|row| row.expected.is_none_or(|n| n <= 0.0 || n >= threshold)));
    assert!(week.hours.rules.is_none());
}

/// A real file of `../shared/data` (or `VIGIE_SHARED/data`); says so if it is not there.
fn shared(file: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let path = std::env::var_os("VIGIE_SHARED").map_or(beside, PathBuf::from).join("data").join(file);
    if path.is_file() {
        return Some(path);
    }
    // Past the capture of the test harness, so that it is seen.
    let _ = writeln!(std::io::stderr(), "skipped: {} is not there", path.display());
    None
}

/// Thefts of vehicles in New York, known as ranges: the hours of the command are those of the walk by minutes.
#[tokio::test(flavor = "multi_thread")]
async fn thefts_of_new_york_by_hour() {
    let Some(file) = shared("incidents/nyc_vehicle_thefts_2014_2017.csv.gz") else { return };
    let (_folder, app) = new_store("hull", "America/New_York").await;
    ingest(&app, "nyc-vehicle-thefts", &[file]).await.unwrap();
    let period = vigie::model::time::Period::new(
        vigie::model::time::parse_date("2014-01-01").unwrap(),
        vigie::model::time::parse_date("2018-01-01").unwrap(),
    )
    .unwrap();
    let selection = vigie::analysis::selection::Selection::of("crimes", period);
    let week = vigie::app::hours::ask(&app, &somebody(&[Role::Analyst]), &selection).await.unwrap();
    let peer = &peer()["nyc_vehicle_thefts_2014_2017"];
    assert_eq!(week.hours.records, peer["records"].as_u64());
    assert_eq!(json!(week.hours.rules.unwrap()), peer["rules"]);
    for (row, wanted) in week.hours.rows.iter().zip(floats(&peer["expected"])) {
        assert!((row.expected.unwrap() - wanted).abs() < 1e-6, "{row:?} {wanted}");
    }
}

/// West Yorkshire gives the month only: two months may be compared; hours, weeks and parts of months may not be asked.
#[tokio::test(flavor = "multi_thread")]
async fn months_of_west_yorkshire() {
    let files = ["2017-07", "2018-07"]
        .map(|month| shared(&format!("incidents/police_uk_west_yorkshire_street_{month}.csv.gz")));
    let [Some(before), Some(now)] = files else { return };
    let (_folder, app) = new_store("hull", "Europe/London").await;
    ingest(&app, "police-uk-street", &[before, now]).await.unwrap();
    let store = app.store.root();
    let july = ["--from", "2018-07-01", "--to", "2018-08-01"];
    let run = |command: &str, more: &[&str]| vigie(store, &[&["--json", command][..], &july, more].concat());
    let year_before = ["--before-from", "2017-07-01", "--before-to", "2017-08-01"];
    let change = run("change", &[&["--res", "8"][..], &year_before].concat()).ok();
    assert_eq!(change["provenance"]["parameters"]["days"], "31 against 31");
    assert!(change["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("points of a map")));
    refuses(&run("hours", &[]), 5, "known by month only");
    let long = ["--from", "2017-01-01", "--to", "2018-08-01"];
    let emerging =
        |step: &str| vigie(store, &[&["--json", "emerging", "--res", "7", "--step", step][..], &long].concat());
    refuses(&emerging("week"), 5, "needs the day of each record");
    refuses(&emerging("month"), 5, "only 2 of the 19 months hold any record");
    let half = ["--json", "change", "--from", "2018-07-01", "--to", "2018-07-15"];
    refuses(&vigie(store, &half), 5, "known by month only");
}
