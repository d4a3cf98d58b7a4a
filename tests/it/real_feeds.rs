//! The built-in feeds on the real, public files of `../shared/data` (or `VIGIE_SHARED/data`): every well-formed row is
//! accepted, the counts add up, a second load changes nothing, and there is a map of each that has positions. Where the
//! files are absent they are counted as skipped.

use std::path::{Path, PathBuf};

use serde_json::Value;
use vigie::analysis::hotspot::{Method, Question};
use vigie::analysis::selection::Selection;
use vigie::app::App;
use vigie::app::hotspots;
use vigie::error::Kind;
use vigie::model::time::{Period, parse_date};
use vigie::render::table::json_rows;
use vigie::store::AsOf;

use crate::support::{ingest, loader, new_store};

/// A real file and what is known of it.
struct Real {
    feed: &'static str,
    file: &'static str,
    zone: &'static str,
    rows: u64,
    no_location: u64,
    /// Dataset, from, to of the map.
    map: (&'static str, &'static str, &'static str),
}

const FILES: [Real; 10] = [
    Real {
        feed: "police-uk-street",
        file: "incidents/police_uk_city_of_london_street_2018-04_2020-11.csv.gz",
        zone: "Europe/London",
        rows: 22_111,
        no_location: 1_699,
        map: ("crimes", "2018-04-01", "2020-12-01"),
    },
    Real {
        feed: "police-uk-street",
        file: "incidents/police_uk_west_yorkshire_street_2017-07.csv.gz",
        zone: "Europe/London",
        rows: 28_537,
        no_location: 1_541,
        map: ("crimes", "2017-07-01", "2017-08-01"),
    },
    Real {
        feed: "police-uk-street",
        file: "incidents/police_uk_west_yorkshire_street_2018-07.csv.gz",
        zone: "Europe/London",
        rows: 31_635,
        no_location: 883,
        map: ("crimes", "2018-07-01", "2018-08-01"),
    },
    Real {
        feed: "police-uk-stop-and-search",
        file: "incidents/police_uk_city_of_london_stop_and_search.csv.gz",
        zone: "Europe/London",
        rows: 6_449,
        no_location: 1_937,
        map: ("stops", "2017-01-01", "2022-01-01"),
    },
    Real {
        feed: "seattle-calls",
        file: "calls/seattle_police_calls_dev.csv.gz",
        zone: "America/Los_Angeles",
        rows: 5_116,
        no_location: 5_116,
        map: ("incidents", "2009-01-01", "2023-01-01"),
    },
    Real {
        feed: "london-fire",
        file: "calls/london_fire_dwelling_fires_2009.csv.gz",
        zone: "Europe/London",
        rows: 6_708,
        no_location: 0,
        map: ("incidents", "2009-01-01", "2010-01-01"),
    },
    Real {
        feed: "stats19",
        file: "collisions/gm_stats19_casualties_2019_2022.csv.gz",
        zone: "Europe/London",
        rows: 15_573,
        no_location: 0,
        map: ("collisions", "2019-01-01", "2023-01-01"),
    },
    Real {
        feed: "chicago-crimes",
        file: "incidents/chicago_aggravated_assaults_2010_2019.csv.gz",
        zone: "America/Chicago",
        rows: 148_636,
        no_location: 0,
        map: ("crimes", "2010-01-01", "2020-01-01"),
    },
    Real {
        feed: "nyc-vehicle-thefts",
        file: "incidents/nyc_vehicle_thefts_2014_2017.csv.gz",
        zone: "America/New_York",
        rows: 35_746,
        no_location: 0,
        map: ("crimes", "2011-01-01", "2018-01-01"),
    },
    Real {
        feed: "memphis-robberies",
        file: "incidents/memphis_robberies_2019.csv",
        zone: "America/Chicago",
        rows: 2_245,
        no_location: 0,
        map: ("crimes", "2019-01-01", "2020-01-01"),
    },
];

/// Folder of the real files.
pub fn data() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("VIGIE_SHARED").map_or(beside, PathBuf::from).join("data")
}

/// Whether the files are there; says so if not.
pub fn is_here(files: usize) -> bool {
    let here = data().is_dir();
    if !here {
        // Past the capture of the test harness, so that it is seen.
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "skipped: {files} real files, {} is not there", data().display());
    }
    here
}

fn question(real: &Real) -> Question {
    let (dataset, from, to) = real.map;
    let period = Period::new(parse_date(from).unwrap(), parse_date(to).unwrap()).unwrap();
    Question { selection: Selection::of(dataset, period), resolution: 9, method: Method::GiStar }
}

async fn check(real: &Real) -> (tempfile::TempDir, App) {
    let (folder, app) = new_store("hull", real.zone).await;
    let file = [data().join(real.file)];
    let report = ingest(&app, real.feed, &file).await.unwrap();
    assert_eq!((report.rows_in, report.accepted), (real.rows, real.rows), "{}: {report:?}", real.file);
    let no_location = report.labels.get("no_location").copied().unwrap_or(0);
    assert_eq!(no_location, real.no_location, "{}", real.file);
    let again = ingest(&app, real.feed, &file).await.unwrap();
    assert_eq!((again.unchanged, again.version), (real.rows, report.version), "{} again: {again:?}", real.file);

    let located = real.rows - no_location;
    let answer = hotspots::ask(&app, &loader(), &question(real)).await;
    if located == 0 {
        let refusal = answer.unwrap_err();
        assert_eq!(refusal.kind(), Kind::Data, "{refusal}");
        assert!(refusal.message().contains("position") && refusal.message().contains("beat_counts"), "{refusal}");
        return (folder, app);
    }
    let answer = answer.unwrap();
    let counted: u64 = answer.map.rows.iter().filter_map(|row| row.count).sum();
    println!(
        "{}: {} rows, {located} located, {counted} on {} cells, {} hot",
        real.file,
        real.rows,
        answer.map.rows.len(),
        answer.map.hottest().len()
    );
    // Inside the hull of the data is everything that has a position and lies in the period.
    assert!(counted * 1000 >= located * 999, "{}: {counted} of {located} are on the map", real.file);
    assert!(answer.provenance.undefined_reason.is_none() && !answer.map.hottest().is_empty(), "{}", real.file);
    (folder, app)
}

async fn one(app: &App, sql: &str) -> Value {
    let answer = app.engine.snapshot(AsOf::Newest).await.unwrap().sql(sql).await.unwrap();
    json_rows(&answer.batches).unwrap().remove(0)
}

fn real(part: &str) -> Option<&'static Real> {
    let real = FILES.iter().find(|real| real.file.contains(part)).unwrap();
    is_here(1).then_some(real)
}

#[tokio::test(flavor = "multi_thread")]
async fn city_of_london_street_crime() {
    let Some(real) = real("city_of_london_street") else { return };
    let (_folder, app) = check(real).await;
    // Days are not known: a daypart cannot be asked for.
    let mut question = question(real);
    question.selection.daypart = Some(app.config.daypart("night").unwrap());
    let refusal = hotspots::ask(&app, &loader(), &question).await.unwrap_err();
    assert_eq!(refusal.kind(), Kind::Data);
    assert!(refusal.message().contains("month"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn west_yorkshire_street_crime_in_two_months() {
    if !is_here(2) {
        return;
    }
    let months: Vec<&Real> = FILES.iter().filter(|real| real.file.contains("west_yorkshire")).collect();
    for month in &months {
        check(month).await;
    }
    // Both in one load: no row of one is taken for a row of the other.
    let (_folder, app) = new_store("hull", "Europe/London").await;
    let files: Vec<PathBuf> = months.iter().map(|real| data().join(real.file)).collect();
    let both = ingest(&app, "police-uk-street", &files).await.unwrap();
    assert_eq!(both.accepted, 28_537 + 31_635, "{both:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn city_of_london_stop_and_search() {
    let Some(real) = real("stop_and_search") else { return };
    check(real).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seattle_calls_have_beats_and_no_map() {
    let Some(real) = real("seattle") else { return };
    let (_folder, app) = check(real).await;
    let beats = one(&app, "SELECT count(DISTINCT beat) AS beats, count(*) AS n FROM incidents").await;
    assert_eq!(beats["n"], 5_116);
    assert!(beats["beats"].as_u64() >= Some(50), "{beats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn london_fire_attendance() {
    let Some(real) = real("london_fire") else { return };
    let (_folder, app) = check(real).await;
    let shares = one(
        &app,
        "SELECT round(100.0 * sum(CASE WHEN s <= 360 THEN 1 ELSE 0 END) / count(*), 2) AS six,
                round(100.0 * sum(CASE WHEN s <= 600 THEN 1 ELSE 0 END) / count(*), 2) AS ten, count(*) AS n
         FROM (SELECT to_unixtime(first_arrived_at) - to_unixtime(reported_at) AS s FROM incidents
               WHERE first_arrived_at IS NOT NULL)",
    )
    .await;
    println!("London Fire: {shares}");
    assert_eq!((shares["six"].as_f64(), shares["ten"].as_f64()), (Some(71.15), Some(96.5)), "{shares}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stats19_casualties_of_one_collision_are_told_apart() {
    let Some(real) = real("stats19") else { return };
    let (_folder, app) = check(real).await;
    let counts = one(&app, "SELECT count(*) AS n, count(DISTINCT collision_id) AS collisions FROM collisions").await;
    assert_eq!(counts["n"], 15_573);
    assert!(counts["collisions"].as_u64().unwrap() < 15_573, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn chicago_assaults() {
    let Some(real) = real("chicago") else { return };
    check(real).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_york_thefts_have_time_ranges() {
    let Some(real) = real("nyc") else { return };
    let (_folder, app) = check(real).await;
    let both =
        one(&app, "SELECT count(*) AS n FROM crimes WHERE offence_from_at IS NOT NULL AND offence_to_at IS NOT NULL")
            .await;
    assert_eq!(both["n"], 32_894);
}

#[tokio::test(flavor = "multi_thread")]
async fn memphis_robberies_are_in_local_time() {
    let Some(real) = real("memphis") else { return };
    let (_folder, app) = check(real).await;
    // 2019-01-01T01:30:00 in the file, under a UTC label, is half past one at night on Beale Street.
    let first = one(&app, "SELECT local_on, local_hour, local_minute FROM crimes WHERE crime_id = '15213800'").await;
    assert!(first["local_on"].to_string().contains("2019-01-01"), "{first}");
    assert_eq!(first["local_hour"], 1, "{first}");
}
