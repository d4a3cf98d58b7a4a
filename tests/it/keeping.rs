//! Records that go: past their time, erased by name, taken back by the source; and files that are merged.

use std::fs;
use std::path::Path;

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use vigie::app::keeping;
use vigie::app::{App, verify};
use vigie::error::Kind;
use vigie::model::access::{Principal, Purpose};
use vigie::model::time::parse_date;
use vigie::render::table::json_rows;
use vigie::store::AsOf;

use crate::support::{ingest, loader, new_store, put, text, vigie};

const STOPS: &str = "stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\n";
const READS: &str = "read_id,camera_id,read_at,received_at,vrm,plate_class,direction,lane,confidence\n";

async fn ask(app: &App, as_of: AsOf, sql: &str) -> Vec<Value> {
    let answer = app.engine.snapshot(as_of).await.unwrap().sql(sql).await.unwrap();
    json_rows(&answer.batches).unwrap()
}

async fn count(app: &App, as_of: AsOf, table: &str) -> u64 {
    ask(app, as_of, &format!("SELECT count(*) AS n FROM {table}")).await[0]["n"].as_u64().unwrap()
}

async fn is_whole(app: &App) {
    let found = verify::verify(Some(app), app.store.root(), &loader(), &|_, _| {}).await.unwrap();
    assert!(found.whole, "{:?}", found.damaged);
    assert!(found.leftovers.is_empty(), "{:?}", found.leftovers);
}

fn with_reference() -> Principal {
    Principal { purpose: Some(Purpose { code: "erasure".into(), reference: "DP/7".into() }), ..loader() }
}

/// A stop in a month of 2015, made up.
fn stop(id: u32, month: u32, unit: &str) -> String {
    format!("S{id:04},2015-{month:02}-10 10:00:00,2016-01-01 00:00:00,{unit},vehicle,warned,49.19,-2.11\n")
}

/// A read in a month of 2025, made up.
fn read(id: u32, month: u32, plate: &str) -> String {
    format!("R{id:04},CAM01,2025-{month:02}-10T10:00:00Z,2025-{month:02}-10T10:00:02Z,{plate},jersey,in,1,0.9\n")
}

/// Whether bytes or stored values under a folder hold a text.
fn holds(folder: &Path, canary: &str) -> Option<String> {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = holds(&path, canary) {
                return Some(found);
            }
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let mut found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        // Parquet packs its values: they are unpacked and looked at one by one.
        if path.extension().is_some_and(|ending| ending == "parquet") {
            let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
            let batches: Vec<RecordBatch> = reader.build().unwrap().map(|batch| batch.unwrap()).collect();
            found |= json_rows(&batches).unwrap().iter().any(|row| row.to_string().contains(canary));
        }
        if found {
            return Some(path.display().to_string());
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_time_is_erased_from_every_version_and_stays_away() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let early = put(folder.path(), "early.csv", READS.to_owned() + &read(1, 1, "J100001") + &read(2, 5, "J100002"));
    let late = put(folder.path(), "late.csv", READS.to_owned() + &read(3, 1, "J100003") + &read(4, 6, "J100004"));
    ingest(&app, "jersey-anpr", std::slice::from_ref(&early)).await.unwrap();
    ingest(&app, "jersey-anpr", &[late]).await.unwrap();

    // The clock of the tests stands at the first of January 2026: rules reckon from a day before it.
    let today = parse_date("2026-01-01").unwrap();
    let due = keeping::plan(&app, &loader(), today).await.unwrap();
    assert_eq!((due[0].table.as_str(), due[0].months, due[0].records), ("anpr_reads", 12, 0));
    assert!(keeping::run(&app, &loader(), today).await.unwrap().is_empty(), "nothing is past its time yet");
    assert_eq!(app.version().unwrap(), 2);
    let error = keeping::run(&app, &loader(), parse_date("2027-01-01").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Input);

    let settings = app.store.root().join("vigie.toml");
    let shorter = fs::read_to_string(&settings).unwrap().replace("months = 12", "months = 10");
    fs::write(&settings, shorter).unwrap();
    app.store.accept_settings().unwrap();
    let app = App::open(app.store.root(), None, crate::support::noon).unwrap();
    let due = keeping::plan(&app, &loader(), today).await.unwrap();
    assert_eq!((due[0].before, due[0].records, due[0].files), (parse_date("2025-03-01").unwrap(), 2, 2));
    let done = keeping::run(&app, &loader(), today).await.unwrap();
    assert_eq!((done[0].records, done[0].files, done[0].version), (2, 2, 3));

    assert_eq!(count(&app, AsOf::Newest, "anpr_reads").await, 2);
    // The first version held two reads: one of them is gone from it too, and it says so.
    assert_eq!(count(&app, AsOf::Version(1), "anpr_reads").await, 1);
    assert_eq!(app.store.version(AsOf::Version(1)).unwrap().erased_since, done);
    assert!(app.store.version(AsOf::Newest).unwrap().erased_since.is_empty());
    is_whole(&app).await;

    // Loaded again from the same extract, what is past its time stays away and is counted.
    let again = ingest(&app, "jersey-anpr", &[early]).await.unwrap();
    assert_eq!((again.unchanged, again.withheld, again.accepted), (1, 1, 0));
    let said = vigie(app.store.root(), &["sql", "SELECT count(*) AS n FROM anpr_reads", "--as-of", "1"]);
    assert!(said.err.contains("2 records of anpr_reads were erased on 1 January 2026"), "{}", said.err);
    let listed = vigie(app.store.root(), &["--json", "retention", "list"]).ok();
    assert_eq!(listed[0]["records"], json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_record_is_nowhere_under_the_store() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let (canary, plate) = ("Zebedee-Canary-Quux", "CANARY7");
    let rows = STOPS.to_owned() + &stop(1, 3, canary) + &stop(2, 3, "U2") + &stop(3, 4, canary);
    let first = put(folder.path(), "first.csv", rows);
    ingest(&app, "jersey-stops", std::slice::from_ref(&first)).await.unwrap();
    let reads = put(folder.path(), "reads.csv", READS.to_owned() + &read(1, 3, plate) + &read(2, 3, "J2"));
    ingest(&app, "jersey-anpr", std::slice::from_ref(&reads)).await.unwrap();
    let more = put(folder.path(), "more.csv", STOPS.to_owned() + &stop(4, 3, "U4"));
    ingest(&app, "jersey-stops", &[more]).await.unwrap();
    assert!(holds(app.store.root(), canary).is_some(), "the search finds what is there");
    assert_eq!(holds(app.store.root(), plate), None, "plates are tokens from the start");

    let one = put(folder.path(), "one.csv", STOPS.to_owned() + &stop(1, 3, "any") + &stop(3, 9, "thing"));
    let error = keeping::erase(&app, &loader(), "jersey-stops", std::slice::from_ref(&one)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    let erased = keeping::erase(&app, &with_reference(), "jersey-stops", &[one]).await.unwrap();
    assert_eq!((erased.records, erased.why.as_str()), (2, "erasure DP/7"));
    let read_one = put(folder.path(), "read-one.csv", READS.to_owned() + &read(1, 3, plate));
    assert_eq!(keeping::erase(&app, &with_reference(), "jersey-anpr", &[read_one]).await.unwrap().records, 1);

    assert_eq!(holds(app.store.root(), canary), None);
    assert_eq!(holds(app.store.root(), plate), None);
    assert_eq!(count(&app, AsOf::Newest, "stops").await, 2);
    assert_eq!(count(&app, AsOf::Version(1), "stops").await, 1);
    is_whole(&app).await;
    let again = ingest(&app, "jersey-stops", &[first]).await.unwrap();
    assert_eq!((again.withheld, again.unchanged), (2, 1));
    assert_eq!(holds(app.store.root(), canary), None);
    is_whole(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn merging_files_changes_no_answer() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    for load in 0..4_u32 {
        let rows: String = (0..50).map(|n| stop(load * 50 + n, 1 + n % 2, "U1")).collect();
        let file = put(folder.path(), &format!("{load}.csv"), STOPS.to_owned() + &rows);
        ingest(&app, "jersey-stops", &[file]).await.unwrap();
    }
    let all = "SELECT * FROM stops ORDER BY stop_id";
    let before = ask(&app, AsOf::Newest, all).await;
    let (done, version) = keeping::compact(&app, &loader(), &[], &|_, _| {}).await.unwrap();
    assert_eq!((done.len(), done[0].rows, done[0].files_before, done[0].files_after), (1, 200, 8, 2));
    assert_eq!(version, 5);
    assert_eq!(ask(&app, AsOf::Newest, all).await, before);
    assert_eq!(count(&app, AsOf::Version(2), "stops").await, 100);
    is_whole(&app).await;
    let (done, version) = keeping::compact(&app, &loader(), &["stops".into()], &|_, _| {}).await.unwrap();
    assert!(done.is_empty() && version == 5, "what is merged stays");
    // A revision after merging, and an erasure in both kinds of files.
    let newer = stop(7, 1, "U9").replace("2016-01-01", "2016-02-01");
    let file = put(folder.path(), "newer.csv", STOPS.to_owned() + &newer);
    assert_eq!(ingest(&app, "jersey-stops", std::slice::from_ref(&file)).await.unwrap().revised, 1);
    assert_eq!(keeping::erase(&app, &with_reference(), "jersey-stops", &[file]).await.unwrap().records, 1);
    assert_eq!(count(&app, AsOf::Newest, "stops").await, 199);
    assert_eq!(count(&app, AsOf::Version(4), "stops").await, 199);
    is_whole(&app).await;
    let error = keeping::compact(&app, &loader(), &["stop".into()], &|_, _| {}).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_source_takes_back_is_counted_no_more() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let feed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("feeds/jersey-stops.toml")).unwrap();
    let feed = feed.replace("[columns]", "deleted = { from = \"outcome\", values = [\"VOID\"] }\n[columns]");
    let feed = put(folder.path(), "stops.toml", feed);
    let first = put(folder.path(), "first.csv", STOPS.to_owned() + &stop(1, 3, "U1") + &stop(2, 3, "U1"));
    ingest(&app, text(&feed), std::slice::from_ref(&first)).await.unwrap();
    let void = stop(1, 3, "U1").replace("2016-01-01", "2016-02-01").replace("warned", "VOID");
    let void = put(folder.path(), "void.csv", STOPS.to_owned() + &void);
    assert_eq!(ingest(&app, text(&feed), &[void]).await.unwrap().revised, 1);
    assert_eq!(count(&app, AsOf::Newest, "stops").await, 1);
    assert_eq!(count(&app, AsOf::Newest, "events").await, 1);
    assert_eq!(count(&app, AsOf::Version(1), "stops").await, 2);
    // It stays for the record's own history, where who has to see it finds it.
    let kept = ask(&app, AsOf::Newest, "SELECT stop_id, deleted FROM kept.stops ORDER BY stop_id").await;
    assert_eq!(kept[0], json!({ "stop_id": "S0001", "deleted": true }));
    // The older version does not bring it back.
    ingest(&app, text(&feed), &[first]).await.unwrap();
    assert_eq!(count(&app, AsOf::Newest, "stops").await, 1);
}
