//! Near repeats and clusters in time: what must hold for every input, the commands, what is refused, planted truth.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;
use vigie::analysis::near_repeat::Question;
use vigie::analysis::scan;
use vigie::analysis::selection::Selection;
use vigie::app::{App, near_repeat};
use vigie::error::Kind;
use vigie::model::access::Role;
use vigie::model::time::{Period, parse_date};
use vigie::sample::{self, Options};
use vigie::stats::bands::Bands;
use vigie::stats::knox::{self, Metric, knox, knox_on};
use vigie::stats::near_repeat::{Class, Reach, classify};

use crate::support::{
    ingest, island, island_app, last_year, loader, new_store, put, rows, somebody, text, truth, vigie,
};

fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

fn bands(edges: &[f64]) -> Bands {
    Bands::from_edges(edges).unwrap()
}

/// Whole metres in a street, days of a fortnight.
fn events(most: usize) -> impl Strategy<Value = Vec<(f64, f64, i64)>> {
    prop::collection::vec(((0_i32..60), (0_i32..40), (0_i64..14)), 2..most)
        .prop_map(|events| events.into_iter().map(|(x, y, day)| (f64::from(x), f64::from(y), day)).collect())
}

/// Every order of `0..n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    (0..n).fold(vec![vec![]], |orders, _| {
        let next = |order: &Vec<usize>| {
            (0..n).filter(|i| !order.contains(i)).map(|i| [order.clone(), vec![i]].concat()).collect::<Vec<_>>()
        };
        orders.iter().flat_map(next).collect()
    })
}

/// The rule of near repeats, as its words say it.
fn by_the_words(events: &[(f64, f64, i64)], reach: Reach) -> Vec<Class> {
    let link = |event: usize| {
        (0..event)
            .filter_map(|earlier| {
                let (dx, dy) = (events[event].0 - events[earlier].0, events[event].1 - events[earlier].1);
                let (metres, minutes) = (dx.hypot(dy), events[event].2 - events[earlier].2);
                let days = events[event].2.div_euclid(1440) - events[earlier].2.div_euclid(1440);
                (metres < reach.near_m && days < i64::from(reach.days)).then_some((minutes, metres, earlier))
            })
            .min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)))
    };
    let links: Vec<_> = (0..events.len()).map(link).collect();
    (0..events.len())
        .map(|event| match links[event] {
            Some((_, metres, _)) if metres < reach.same_place_m => Class::Repeat,
            Some(_) => Class::NearRepeat,
            None if links.iter().flatten().any(|link| link.2 == event) => Class::Originator,
            None => Class::Alone,
        })
        .collect()
}

proptest! {
    #![proptest_config(seeded(60))]

    /// All orders of up to five events: the mean of the counts is the expectation, cell by cell.
    #[test]
    fn the_expectation_of_knox_is_the_mean_over_every_permutation(events in events(6)) {
        let (x, y): (Vec<f64>, Vec<f64>) = events.iter().map(|event| (event.0, event.1)).unzip();
        let options = knox::Options {
            space: bands(&[0.0, 1.0, 15.0, 30.0]),
            time: bands(&[0.0, 1.0, 3.0, 7.0]),
            metric: Metric::Manhattan,
            permutations: 0,
            seed: 1,
        };
        let orders = orders(events.len());
        let mut sums = [0_u64; 16];
        for order in &orders {
            let day: Vec<i64> = order.iter().map(|&i| events[i].2).collect();
            let table = knox(&x, &y, &day, &options).unwrap();
            table.cells.iter().zip(&mut sums).for_each(|(cell, sum)| *sum += cell.observed);
        }
        let day: Vec<i64> = events.iter().map(|event| event.2).collect();
        for (cell, sum) in knox(&x, &y, &day, &options).unwrap().cells.iter().zip(sums) {
            let mean = sum as f64 / orders.len() as f64;
            prop_assert!((cell.expected - mean).abs() < 1e-9, "{} for {mean}", cell.expected);
        }
    }

    /// Margins add up, p is a probability that is never 0, and threads change nothing.
    #[test]
    fn a_knox_table_adds_up(events in events(60), seed in 0_u64..5) {
        let (x, y): (Vec<f64>, Vec<f64>) = events.iter().map(|event| (event.0, event.1)).unzip();
        let day: Vec<i64> = events.iter().map(|event| event.2).collect();
        let options = knox::Options {
            space: bands(&[0.0, 1.0, 15.0]),
            time: bands(&[0.0, 1.0, 3.0, 4.0, 7.0, 9.0]),
            metric: Metric::Euclidean,
            permutations: 19,
            seed,
        };
        let table = knox_on(&x, &y, &day, &options, 1).unwrap();
        prop_assert_eq!(table.cells.iter().map(|cell| cell.observed).sum::<u64>(), table.pairs);
        for (row, pairs) in table.cells.chunks(6).zip(&table.space_pairs) {
            prop_assert_eq!(row.iter().map(|cell| cell.observed).sum::<u64>(), *pairs);
            let mean: f64 = row.iter().filter_map(|cell| cell.simulated_mean).sum();
            prop_assert!((mean - *pairs as f64).abs() < 1e-6);
        }
        prop_assert!(table.cells.iter().filter_map(|cell| cell.p).all(|p| (0.05..=1.0).contains(&p)));
        prop_assert_eq!(knox_on(&x, &y, &day, &options, 3).unwrap(), table);
    }

    /// The classes are those of the rule in its words, each event in exactly one, and chains hold every linked event.
    #[test]
    fn each_event_is_in_one_class(mut events in events(50), near in 2_u32..40, days in 1_u32..8) {
        // Some at one instant, some on one day.
        for event in &mut events {
            event.2 *= 700;
        }
        events.sort_by_key(|event| event.2);
        let reach = Reach { same_place_m: 1.0, near_m: f64::from(near), days };
        let (x, y): (Vec<f64>, Vec<f64>) = events.iter().map(|event| (event.0, event.1)).unzip();
        let minute: Vec<i64> = events.iter().map(|event| event.2).collect();
        let found = classify(&x, &y, &minute, reach).unwrap();
        prop_assert_eq!(&found.classes, &by_the_words(&events, reach));
        prop_assert_eq!(Class::ALL.iter().map(|class| found.count(*class)).sum::<u64>(), events.len() as u64);
        let linked = events.len() as u64 - found.count(Class::Alone);
        prop_assert_eq!(found.chains().iter().sum::<u64>(), linked);
        prop_assert_eq!(found.chains().len() as u64, found.count(Class::Originator));
    }
}

/// Under the null, p of a cell is uniform: of 400 tables of random days the share with p of at most 0.1 is a tenth.
#[test]
fn p_is_uniform_under_the_null() {
    let x: Vec<f64> = (0..120).map(|i| f64::from(i * 37 % 101)).collect();
    let y: Vec<f64> = (0..120).map(|i| f64::from(i * 53 % 97)).collect();
    let options = |seed| knox::Options {
        space: bands(&[0.0, 20.0]),
        time: bands(&[0.0, 10.0]),
        metric: Metric::Euclidean,
        permutations: 99,
        seed,
    };
    let mut low = 0;
    for number in 0..400 {
        let mut day: Vec<i64> = (0..120).collect();
        vigie::stats::shuffle::shuffle(&mut day, 77, number);
        let p = knox(&x, &y, &day, &options(u64::from(number))).unwrap().cell(0, 0).p.unwrap();
        low += u32::from(p <= 0.1);
    }
    // 40 expected; four standard deviations are 24.
    assert!((16..64).contains(&low), "{low} of 400");
}

fn period(from: &str, to: &str) -> Period {
    Period::new(parse_date(from).unwrap(), parse_date(to).unwrap()).unwrap()
}

fn burglaries() -> Selection {
    let (from, to) = last_year();
    Selection { group: Some("burglary".to_owned()), ..Selection::of("crimes", period(&from, &to)) }
}

#[test]
fn the_command_prints_the_table_and_its_classes() {
    let (from, to) = last_year();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("repeats.svg");
    let args = ["near-repeat", "--group", "burglary", "--from", &from, "--to", &to, "--permutations", "199"];
    let run = vigie(island(), &[&args[..], &["--plot", text(&picture)]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    for words in ["same place (under 1 m)", "same day", "500 m or more", "28 days or more", "originators", "alone"] {
        assert!(run.out.contains(words), "{words}\n{}", run.out);
    }
    let svg = fs::read_to_string(&picture).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("<desc") && svg.contains("times expected"));
    let answer = vigie(island(), &[&["--json"][..], &args].concat()).ok();
    assert_eq!(rows(&answer).len(), 7 * 6);
    let count = |value: &Value| value.as_u64().unwrap();
    let pairs: u64 = rows(&answer).iter().map(|row| count(&row["observed"])).sum();
    assert_eq!(pairs, count(&answer["pairs"]));
    let classes: u64 =
        ["originators", "repeats", "near_repeats", "alone"].iter().map(|c| count(&answer["classes"][c])).sum();
    assert_eq!(classes, count(&answer["events"]));
    assert_eq!(classes, count(&answer["provenance"]["rows"]));
    assert_eq!(answer["provenance"]["parameters"]["seed"], "1");
    // No answer holds a single record's point, nor its time.
    let whole = answer.to_string();
    for word in ["\"lat\"", "\"lon\"", "local_on", "key_", "crime_id"] {
        assert!(!whole.contains(word), "{word}");
    }
    let again = vigie(island(), &[&["--json"][..], &args].concat()).ok();
    assert_eq!(again["rows"], answer["rows"]);
}

#[test]
fn the_scan_lists_clusters_and_draws_them() {
    let (from, to) = last_year();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("clusters.svg");
    let args = ["scan", "--group", "burglary", "--from", &from, "--to", &to, "--permutations", "99"];
    let run = vigie(island(), &[&args[..], &["--plot", text(&picture)]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("last day") && run.out.contains("records scanned"), "{}", run.out);
    assert!(fs::read_to_string(&picture).unwrap().contains("Cells of clusters"));
    let answer = vigie(island(), &[&["--json"][..], &args].concat()).ok();
    let found = rows(&answer);
    assert!(!found.is_empty() && found.len() <= scan::LISTED);
    let llr: Vec<f64> = found.iter().map(|row| row["llr"].as_f64().unwrap()).collect();
    assert!(llr.is_sorted_by(|a, b| a >= b));
    let mut cells: Vec<&str> =
        found.iter().flat_map(|row| row["cells"].as_array().unwrap()).map(|cell| cell.as_str().unwrap()).collect();
    let all = cells.len();
    cells.sort_unstable();
    cells.dedup();
    assert_eq!(cells.len(), all, "no two clusters share a cell");
    for row in found {
        assert!(
            row["observed"].as_f64().unwrap() > row["expected"].as_f64().unwrap()
                && row["from"].as_str() >= Some(&from)
        );
    }
    let alive = vigie(island(), &[&["--json"][..], &args, &["--alive"]].concat()).ok();
    let last = parse_date(&to).unwrap().pred_opt().unwrap().to_string();
    assert!(rows(&alive).iter().all(|row| row["last_on"] == last.as_str()));
}

#[test]
fn wrong_arguments_are_named() {
    let (from, to) = last_year();
    let ask = |command: &str, more: &[&str]| {
        let run = vigie(island(), &[&[command, "--from", &from, "--to", &to][..], more].concat());
        (run.code, run.err)
    };
    for (command, more, word) in [
        ("near-repeat", ["--space-bands", "1,100"], "space-bands"),
        ("near-repeat", ["--time-bands", "0,7,7"], "time-bands"),
        ("near-repeat", ["--time-bands", "0,0.5"], "whole number of days"),
        ("near-repeat", ["--metric", "taxi"], "manhattan"),
        ("near-repeat", ["--near-m", "0.5"], "near-m"),
        ("near-repeat", ["--group", "no such group"], "no group"),
        ("near-repeat", ["--plot", "x.gif"], ".svg"),
        ("scan", ["--max-days", "0"], "max-days"),
        ("scan", ["--max-share", "2"], "max-share"),
        ("scan", ["--permutations", "0"], "permutations"),
    ] {
        let (code, err) = ask(command, &more);
        assert!(code == 2 && err.contains(word), "{command} {more:?}: {code} {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_sees_what_stands_out_and_no_small_number() {
    let app = island_app();
    let question = Question { permutations: 99, ..Question::of(burglaries(), 9) };
    let inside = near_repeat::ask(&app, &loader(), &question).await.unwrap();
    let public = near_repeat::ask(&app, &somebody(&[Role::Public]), &question).await.unwrap();
    assert!(inside.table.rows.iter().all(|row| row.observed.is_some()));
    assert!(public.table.rows.iter().all(|row| row.observed.is_none() && row.expected.is_none() && row.p.is_none()));
    let standing = |answer: &near_repeat::NearRepeatAnswer| {
        answer.table.rows.iter().map(|row| row.highlighted).collect::<Vec<_>>()
    };
    assert_eq!(standing(&public), standing(&inside));
    let shown = public.table.cells.iter().flat_map(|cell| cell.classes.counts()).flatten();
    assert!(shown.into_iter().all(|count| count == 0 || count >= 5));
}

/// A store of 60 thefts; `at` writes when, `place` where.
async fn thefts(
    formats: &str,
    at: impl Fn(u32) -> String,
    place: impl Fn(u32) -> (f64, f64),
) -> (tempfile::TempDir, App) {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let feed = format!(
        "schema = 1\nname = \"thefts\"\ntitle = \"Thefts\"\ntable = \"crimes\"\nzone = \"Europe/Jersey\"\nkeys = [\"id\"]\n\
         repeats = \"revision\"\nformats = [\"{formats}\"]\nplace = {{ lat = \"n\", lon = \"e\" }}\n[columns]\n\
         crime_id = {{ from = \"id\" }}\ncrime_group = {{ from = \"kind\" }}\noffence_from_at = {{ from = \"at\" }}\n"
    );
    let feed = put(folder.path(), "thefts.toml", feed);
    let lines = (0..60).map(|id| {
        let (lat, lon) = place(id);
        format!("C{id},theft,{},{lat:.6},{lon:.6}\n", at(id))
    });
    let file = put(folder.path(), "thefts.csv", "id,kind,at,n,e\n".to_owned() + &lines.collect::<String>());
    let report = ingest(&app, text(&feed), &[file]).await.unwrap();
    assert_eq!(report.accepted, 60, "{report:?}");
    (folder, app)
}

fn scattered(id: u32) -> (f64, f64) {
    // Inland, so that every cell is of the study area.
    (49.205 + f64::from(id * 7 % 60) * 0.0004, -2.13 + f64::from(id * 11 % 60) * 0.0007)
}

async fn both(app: &App) -> [Result<u64, vigie::error::Error>; 2] {
    let selection = Selection::of("crimes", period("2017-01-01", "2018-01-01"));
    let table =
        near_repeat::ask(app, &loader(), &Question { permutations: 9, ..Question::of(selection.clone(), 9) }).await;
    let question = scan::Question { permutations: 9, ..scan::Question::of(selection, 9) };
    let clusters = vigie::app::scan::ask(app, &loader(), &question).await;
    [table.map(|answer| answer.provenance.rows), clusters.map(|answer| answer.provenance.rows)]
}

#[tokio::test(flavor = "multi_thread")]
async fn records_known_by_month_are_refused_and_by_day_are_not() {
    let (_folder, app) = thefts("%Y-%m", |id| format!("2017-{:02}", id % 12 + 1), scattered).await;
    for refusal in both(&app).await.map(Result::unwrap_err) {
        assert_eq!(refusal.kind(), Kind::Data, "{refusal}");
        let message = refusal.message();
        assert!(
            message.contains("60 of the 60 crimes") && message.contains("needs the day of each record"),
            "{message}"
        );
    }
    let by_day = |id: u32| format!("2017-{:02}-{:02}", id % 12 + 1, id % 28 + 1);
    let (_folder, app) = thefts("%Y-%m-%d", by_day, scattered).await;
    assert_eq!(both(&app).await.map(Result::unwrap), [60, 60]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_at_snapped_points_are_refused() {
    let by_day = |id: u32| format!("2017-{:02}-{:02}", id % 12 + 1, id % 28 + 1);
    // 25 of 60 stand at one point: the source snaps them there.
    let snapped = |id: u32| if id < 25 { (49.21, -2.12) } else { scattered(id) };
    let (_folder, app) = thefts("%Y-%m-%d", by_day, snapped).await;
    for refusal in both(&app).await.map(Result::unwrap_err) {
        assert_eq!(refusal.kind(), Kind::Data, "{refusal}");
        assert!(refusal.message().contains("25 of the 60") && refusal.message().contains("snaps"), "{refusal}");
    }
}

/// What was planted by the sample is there: repeats at the place of an earlier burglary within 30 days, near repeats
/// under 200 m within 14 days, on top of what chance gives.
async fn planted(folder: &Path, scale: f64) -> (f64, f64) {
    let planted = &truth(folder)["repeat_burglary"];
    let count = |which: &str| planted[which]["planted"].as_f64().unwrap();
    let (_store, app) = new_store("jersey", "Europe/Jersey").await;
    ingest(&app, "jersey-crimes", &[folder.join("crimes.csv.gz")]).await.unwrap();
    let whole = truth(folder)["period"].clone();
    let day = |name: &str| parse_date(whole[name].as_str().unwrap()).unwrap();
    let period = Period::new(day("from"), day("to")).unwrap();
    let selection = Selection { group: Some("burglary".to_owned()), ..Selection::of("crimes", period) };
    let question = Question {
        space_bands: vec![0.0, 1.0, 200.0],
        time_bands: vec![0.0, 14.0, 30.0],
        near_m: 1.5,
        near_days: 30,
        ..Question::of(selection, 9)
    };
    let answer = near_repeat::ask(&app, &loader(), &question).await.unwrap();
    // Linked under 1.5 m only: repeats are the burglaries that follow one at their own place.
    let (repeats, events) = (answer.table.classes.repeats.unwrap() as f64, answer.table.events.unwrap());
    let row = |space: usize, time: usize| &answer.table.rows[space * 3 + time];
    let near = row(1, 0);
    let chance: f64 = [row(0, 0), row(0, 1)].iter().map(|row| row.expected.unwrap()).sum();
    println!(
        "island x {scale}: {events} burglaries; repeats within 30 days: {} planted, {repeats} found ({:.2}), {chance:.1} pairs \
         expected by chance; near repeats within 14 days: {} planted, {:.0} pairs more than expected ({:.2}); same place \
         ratio {:.1}, near ratio {:.2} p {:.3}",
        count("exact_repeats"),
        repeats / count("exact_repeats"),
        count("near_repeats"),
        near.excess(),
        near.excess() / count("near_repeats"),
        row(0, 0).ratio.unwrap(),
        near.ratio.unwrap(),
        near.p.unwrap()
    );
    assert!(row(0, 0).highlighted && row(0, 1).highlighted, "{:?}", answer.table.rows);
    assert!(near.p.unwrap() <= 0.05, "{near:?}");
    (repeats / count("exact_repeats"), near.excess() / count("near_repeats"))
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_repeats_are_found() {
    // At ten times the island only where the whole is asked for: writing it takes a while.
    let scales = if std::env::var("VIGIE_TRUTH_SEEDS").is_ok() { vec![1.0, 10.0] } else { vec![1.0] };
    for scale in scales {
        let folder = tempfile::tempdir().unwrap();
        let options =
            Options { seed: 1, scale, anpr_days: 1, anpr_reads_per_day: Some(10), ping_days: 1, ..Options::default() };
        sample::write(&options, folder.path(), &|_, _| {}).unwrap();
        let (repeats, near) = planted(folder.path(), scale).await;
        // A repeat is lost only where its record has no position; chance adds some.
        assert!(repeats >= 0.9, "{repeats}");
        assert!(near >= 0.5, "{near}");
    }
}
