//! Data quality: the figures of the island, of small loads that were planted, and loads against the source's own count.

use std::path::Path;

use serde_json::{Value, json};
use vigie::app::quality::{QualityAnswer, Question, ask};
use vigie::app::{App, admin};
use vigie::error::Kind;
use vigie::model::access::Role;
use vigie::model::schema::tables;
use vigie::store::AsOf;

use crate::support::{ingest, island, island_app, loader, new_store, put, rows, somebody, text, vigie};

async fn asked(app: &App, question: &Question) -> QualityAnswer {
    ask(app, &somebody(&[Role::PerformanceManager]), question).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_events_has_every_column_of_its_own_and_its_place() {
    let answer = asked(&island_app(), &Question::default()).await;
    for table in tables().iter().filter(|table| table.is_event()) {
        let found = answer.quality.tables.iter().find(|found| found.dataset == table.name).unwrap();
        let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
        let wanted: Vec<&str> = table.columns.iter().map(|c| c.name).chain(["position", "parish"]).collect();
        assert_eq!(names, wanted, "{}", table.name);
    }
    assert_eq!(answer.quality.tables.len(), tables().iter().filter(|table| table.is_event()).count());
}

const FEED: &str = r#"schema = 1
name = "try-crimes"
title = "Synthetic crimes"
table = "crimes"
zone = "Europe/Jersey"
keys = ["id"]
repeats = "revision"
formats = ["%Y-%m-%d %H:%M:%S"]
place = { lat = "lat", lon = "lon" }

[columns]
crime_id = { from = "id" }
crime_group = { from = "kind" }
offence_from_at = { from = "at" }
recorded_at = { from = "recorded" }
"#;

const HEADER: &str = "id,kind,at,recorded,lat,lon\n";

/// Thirty crimes at one point, ten at ten points, two without a place, one recorded before it happened.
fn planted() -> String {
    let mut text = HEADER.to_owned();
    for n in 0..30 {
        text.push_str(&format!("A{n},theft,2016-05-01 10:00:00,2016-05-01 11:00:00,49.19,-2.11\n"));
    }
    for n in 0..10 {
        text.push_str(&format!("B{n},,2016-06-01 10:00:00,2016-06-03 10:00:00,49.2{n},-2.11\n"));
    }
    text.push_str("C1,theft,2016-06-02 10:00:00,,,\n");
    text.push_str("C2,theft,2016-06-02 10:00:00,2016-06-02 09:00:00,0,0\n");
    text.push_str("C3,theft,yesterday,2016-06-02 09:00:00,0,0\n");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_planted_is_found() {
    let files = tempfile::tempdir().unwrap();
    let feed = put(files.path(), "try.toml", FEED);
    let file = put(files.path(), "crimes.csv", planted());
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    ingest(&app, text(&feed), &[file]).await.unwrap();
    let answer = asked(&app, &Question { dataset: Some("crimes".into()), ..Question::default() }).await;
    let [crimes] = answer.quality.tables.as_slice() else { panic!("{answer:?}") };
    assert_eq!((crimes.records, answer.provenance.rows), (42, 42));
    let column = |name: &str| crimes.columns.iter().find(|column| column.name == name).unwrap();
    assert_eq!((column("crime_group").filled, column("crime_group").share), (32, Some(32.0 / 42.0)));
    assert_eq!((column("outcome").filled, column("outcome").share), (0, Some(0.0)));
    assert_eq!(column("position").filled, 40);
    let delay = &crimes.delays[0];
    assert_eq!(delay.stage, "event_to_recorded");
    assert_eq!((delay.counted, delay.negative, delay.undated), (40, 1, 1));
    assert_eq!((delay.median_s, delay.p90_s), (Some(3_600), Some(172_800)));
    let places = &crimes.places;
    assert_eq!((places.located, places.crowded_points, places.crowded_records), (40, 1, 30));
    assert_eq!(places.crowded_share, Some(0.75));
    assert_eq!((places.unlocated["no_location"], places.unlocated["null_island"]), (1, 1));
    let [reject] = answer.quality.rejects.as_slice() else { panic!("{answer:?}") };
    assert_eq!((reject.reason.as_str(), reject.rows, reject.share), ("bad_time", 1, Some(1.0 / 43.0)));

    // May only: the column that June left empty is full.
    let day = |text| Some(vigie::model::time::parse_date(text).unwrap());
    let may = Question { from: day("2016-05-01"), to: day("2016-06-01"), ..Question::default() };
    let may = asked(&app, &may).await;
    let crimes = may.quality.tables.iter().find(|table| table.dataset == "crimes").unwrap();
    assert_eq!((crimes.records, crimes.columns[2].share), (30, Some(1.0)));
    let stops = may.quality.tables.iter().find(|table| table.dataset == "stops").unwrap();
    assert!(stops.records == 0 && stops.columns.iter().all(|column| column.share.is_none()), "{stops:?}");

    // Before the load there was nothing, and the ledger of then says so.
    let before = asked(&app, &Question { as_of: AsOf::Version(0), ..Question::default() }).await;
    assert!(before.quality.loads.is_empty() && before.quality.tables.iter().all(|table| table.records == 0));
    assert_eq!(before.provenance.store_version, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused() {
    let app = island_app();
    let who = somebody(&[Role::PerformanceManager]);
    for dataset in ["cameras", "rejects", "nonsense"] {
        let question = Question { dataset: Some(dataset.into()), ..Question::default() };
        assert_eq!(ask(&app, &who, &question).await.unwrap_err().kind(), Kind::Input, "{dataset}");
    }
    let day = Some(vigie::model::time::parse_date("2016-05-01").unwrap());
    let backwards = Question { from: day, to: day, ..Question::default() };
    assert_eq!(ask(&app, &who, &backwards).await.unwrap_err().kind(), Kind::Input);
    let later = Question { as_of: AsOf::Version(9_999), ..Question::default() };
    assert_eq!(ask(&app, &who, &later).await.unwrap_err().kind(), Kind::Missing);
    assert_eq!(ask(&app, &somebody(&[Role::Public]), &Question::default()).await.unwrap_err().kind(), Kind::Denied);
}

#[test]
fn the_command_answers_as_text_json_rows_and_picture() {
    let folder = tempfile::tempdir().unwrap();
    let svg = folder.path().join("q.svg");
    let answer = vigie(island(), &["--json", "quality", "--dataset", "crimes", "--plot", text(&svg)]).ok();
    assert_eq!(rows(&answer)[0]["dataset"], "crimes");
    assert_eq!(answer["provenance"]["question"], "quality");
    assert!(answer["loads"].as_array().unwrap().iter().all(|load| load["table"] == "crimes"), "{answer}");
    let picture = std::fs::read_to_string(&svg).unwrap();
    assert!(picture.contains("<desc") && picture.contains("offence_from_at"), "{picture}");
    let csv = folder.path().join("q.csv");
    assert_eq!(vigie(island(), &["quality", "--out", text(&csv)]).code, 0);
    let csv = std::fs::read_to_string(&csv).unwrap();
    assert!(csv.starts_with("dataset,aspect,item,records,of,value\n") && !csv.contains("NaN"), "{csv}");
    let shown = vigie(island(), &["quality"]);
    assert!(shown.code == 0 && shown.out.contains("event to record"), "{}{}", shown.out, shown.err);
    assert_eq!(vigie(island(), &["quality", "--plot", "q.gif"]).code, 2);
}

fn init(folder: &Path) -> std::path::PathBuf {
    let store = folder.join("s");
    assert_eq!(vigie(&store, &["init", "--area", "jersey"]).code, 0);
    store
}

/// The source's counts in the ledger, newest first.
fn stated(store: &Path) -> Vec<Value> {
    let loads = vigie(store, &["--json", "loads"]).ok();
    loads.as_array().unwrap().iter().map(|load| load["stated_rows"].clone()).collect()
}

#[test]
fn a_load_with_other_than_the_expected_rows_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = init(folder.path());
    let feed = put(folder.path(), "try.toml", FEED);
    let file = put(folder.path(), "crimes.csv", planted());
    let load =
        |more: &[&str]| vigie(&store, &[&["--json", "ingest", "--feed", text(&feed), text(&file)], more].concat());
    let refused = load(&["--expect-rows", "44"]);
    assert_eq!(refused.code, 5);
    assert!(refused.err.contains("44 rows") && refused.err.contains("43 were read (1 fewer)"), "{}", refused.err);
    assert!(stated(&store).is_empty(), "nothing was written");
    let dry = load(&["--expect-rows", "44", "--dry-run"]);
    assert!(dry.code == 0 && dry.err.contains("1 fewer"), "{}", dry.err);
    let accepted = load(&["--expect-rows", "44", "--allow-count-difference"]).ok();
    assert_eq!((&accepted["version"], &accepted["stated_rows"]), (&json!(1), &json!(44)));
    assert_eq!(load(&["--expect-rows", "43"]).code, 0);
    assert_eq!(stated(&store), [json!(43), json!(44)]);
    let list = vigie(&store, &["loads"]).out;
    assert!(list.contains("agrees") && list.contains("1 missing"), "{list}");
    let quality = vigie(&store, &["--json", "quality"]).ok();
    assert_eq!(quality["reconciliation"], json!({"stated": 2, "agree": 1, "differ": 1, "not_stated": 0}));
}

#[test]
fn a_count_beside_the_extract_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let store = init(folder.path());
    let feed = FEED.replace("[columns]", "[total]\nsidecar = \".count\"\n\n[columns]");
    let feed = put(folder.path(), "try.toml", feed);
    let file = put(folder.path(), "crimes.csv", planted());
    let load =
        |more: &[&str]| vigie(&store, &[&["--json", "ingest", "--feed", text(&feed), text(&file)], more].concat());
    let without = load(&[]);
    assert!(without.code == 3 && without.err.contains("crimes.csv.count"), "{}", without.err);
    put(folder.path(), "crimes.csv.count", "40\n");
    let differs = load(&[]);
    assert!(differs.code == 5 && differs.err.contains("40 rows, but 43 were read (3 more)"), "{}", differs.err);
    put(folder.path(), "crimes.csv.count", "forty");
    assert_eq!(load(&[]).code, 2);
    put(folder.path(), "crimes.csv.count", "43");
    assert_eq!(load(&[]).ok()["stated_rows"], 43);
    assert_eq!(stated(&store), [json!(43)]);
}

#[test]
fn a_count_in_the_last_row_is_compared_and_is_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let store = init(folder.path());
    let feed = FEED.replace("[columns]", "[total]\ntrailer = \"TOTAL\"\n\n[columns]");
    let feed = put(folder.path(), "try.toml", feed);
    let load = |last: &str, more: &[&str]| {
        let file = put(folder.path(), "crimes.csv", planted() + last);
        vigie(&store, &[&["--json", "ingest", "--feed", text(&feed), text(&file)], more].concat())
    };
    let cut = load("", &[]);
    assert!(cut.code == 5 && cut.err.contains("is the file cut off?"), "{}", cut.err);
    let differs = load("TOTAL,44\n", &[]);
    assert!(differs.code == 5 && differs.err.contains("44 rows, but 43 were read (1 fewer)"), "{}", differs.err);
    let good = load("TOTAL,43,,,,\r\n\r\n", &[]).ok();
    assert_eq!((&good["rows_in"], &good["accepted"], &good["stated_rows"]), (&json!(43), &json!(42), &json!(43)));
    assert_eq!(good["rejected"], json!({"bad_time": 1}));
    let not_last = load("TOTAL,43\nD1,theft,2016-06-02 10:00:00,,,\n", &["--allow-count-difference"]).ok();
    assert_eq!(not_last["rejected"]["column_count"], 1, "{not_last}");
    assert_eq!(not_last.get("stated_rows"), None);
}

#[test]
fn one_load_is_shown_with_all_that_the_ledger_knows() {
    let folder = tempfile::tempdir().unwrap();
    let store = init(folder.path());
    let feed = put(folder.path(), "try.toml", FEED);
    let file = put(folder.path(), "crimes.csv", planted());
    assert_eq!(vigie(&store, &["ingest", "--feed", text(&feed), text(&file), "--expect-rows", "43"]).code, 0);
    let shown = vigie(&store, &["loads", "show", "1"]);
    for words in ["crimes.csv  sha256 ", "bad_time", "labelled null_island", "43, agrees", "rows/s", "try-crimes"] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    assert_eq!(vigie(&store, &["--json", "loads", "show", "1"]).ok()["rejected"]["bad_time"], 1);
    let none = vigie(&store, &["loads", "show", "2"]);
    assert!(none.code == 3 && none.err.contains("there is no load 2"), "{}", none.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn ledgers_of_before_have_no_stated_count() {
    let app = island_app();
    let loads = admin::loads(&app, &loader()).unwrap();
    let mut old = serde_json::to_value(&loads[0]).unwrap();
    assert!(old.get("stated_rows").is_none(), "a count that nobody stated is not written");
    old["stated_rows"] = Value::Null;
    let read: vigie::store::LoadRecord = serde_json::from_value(old).unwrap();
    assert_eq!(read, loads[0]);
}
