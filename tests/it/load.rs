//! Loads: every row is accounted for, revisions win by their time and not by their file, and what was not finished was
//! never there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;
use vigie::app::App;
use vigie::app::load::{LoadReport, Request, load};
use vigie::error::Kind;
use vigie::render::table::json_rows;
use vigie::store::AsOf;

use crate::support::{gzip, ingest, loader, new_store, noon, put, small_sample, text, truth, vigie};

const HEADER: &str = "stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\n";

/// One row of a stops extract.
#[derive(Debug, Clone)]
struct Stop {
    id: u32,
    /// Minute of 1 January 2016 at which the source wrote this version.
    recorded: u32,
    /// What this version says.
    outcome: &'static str,
}

impl Stop {
    fn line(&self) -> String {
        let Stop { id, recorded, outcome } = self;
        let (hour, minute) = (recorded / 60, recorded % 60);
        format!(
            "S{id:04},2015-06-01 10:{:02}:00,2016-01-01 {hour:02}:{minute:02}:00,U1,vehicle,{outcome},49.19,-2.11\n",
            id % 60
        )
    }
}

fn stops(rows: &[Stop]) -> String {
    HEADER.to_owned() + &rows.iter().map(Stop::line).collect::<String>()
}

fn stop(id: u32, recorded: u32, outcome: &'static str) -> Stop {
    Stop { id, recorded, outcome }
}

async fn ask(app: &App, as_of: AsOf, sql: &str) -> Vec<Value> {
    let answer = app.engine.snapshot(as_of).await.unwrap().sql(sql).await.unwrap();
    json_rows(&answer.batches).unwrap()
}

/// What a table holds, without what differs between loads: time and number of the load.
async fn content(app: &App, table: &str) -> Vec<Value> {
    let mut rows = ask(app, AsOf::Newest, &format!("SELECT * FROM {table} ORDER BY key_hi, key_lo")).await;
    for row in &mut rows {
        let row = row.as_object_mut().unwrap();
        row.remove("loaded_at");
        row.remove("load_id");
    }
    rows
}

async fn outcomes(app: &App, as_of: AsOf) -> BTreeMap<String, String> {
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = ask(app, as_of, "SELECT stop_id, outcome FROM stops").await;
    let outcomes: BTreeMap<_, _> = rows.iter().map(|row| (word(row, "stop_id"), word(row, "outcome"))).collect();
    assert_eq!(outcomes.len(), rows.len(), "one row a stop");
    outcomes
}

fn said(report: &LoadReport) -> (u64, u64, u64, u64, u64) {
    (report.accepted, report.revised, report.unchanged, report.duplicate, report.rejected_total)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_wins_by_its_time_in_either_order_of_the_files() {
    let files = tempfile::tempdir().unwrap();
    let early = put(files.path(), "early.csv", stops(&[stop(1, 10, "none"), stop(2, 10, "none"), stop(3, 10, "none")]));
    let late = put(files.path(), "late.csv", stops(&[stop(2, 20, "arrest"), stop(4, 20, "none")]));
    let mut contents = Vec::new();
    for order in [[&early, &late], [&late, &early]] {
        let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
        let first = ingest(&app, "jersey-stops", &[order[0].clone()]).await.unwrap();
        let second = ingest(&app, "jersey-stops", &[order[1].clone()]).await.unwrap();
        assert_eq!(first.revised + second.revised + first.unchanged + second.unchanged, 1);
        assert_eq!(outcomes(&app, AsOf::Newest).await["S0002"], "arrest");
        contents.push(content(&app, "stops").await);

        // Both in one load, in this order: the same again.
        let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
        let both = ingest(&app, "jersey-stops", &[order[0].clone(), order[1].clone()]).await.unwrap();
        assert_eq!(both.rows_in, 5);
        contents.push(content(&app, "stops").await);
    }
    assert_eq!(contents[0].len(), 4);
    assert!(contents.iter().all(|one| *one == contents[0]), "the order of the files leaves no trace: {contents:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_a_record_within_one_file_end_as_the_last() {
    let files = tempfile::tempdir().unwrap();
    let rows =
        [stop(1, 30, "arrest"), stop(1, 10, "none"), stop(1, 20, "warning"), stop(1, 30, "arrest"), stop(2, 1, "none")];
    let file = put(files.path(), "stops.csv", stops(&rows));
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let report = ingest(&app, "jersey-stops", &[file]).await.unwrap();
    assert_eq!(report.rows_in, 5);
    let held = outcomes(&app, AsOf::Newest).await;
    assert_eq!((held.len(), held["S0001"].as_str()), (2, "arrest"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicated_extract_changes_nothing() {
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let whole = ingest(&app, "jersey-incidents", &[small_sample().join("incidents.csv.gz")]).await.unwrap();
    let before = content(&app, "incidents").await;
    let again = ingest(&app, "jersey-incidents", &[small_sample().join("dirty/incidents-again.csv.gz")]).await.unwrap();
    assert_eq!(said(&again), (0, 0, again.rows_in, 0, 0));
    assert_eq!(again.version, whole.version);
    assert_eq!(content(&app, "incidents").await, before);

    // In one load beside the whole, its rows are repeats.
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let files = [small_sample().join("incidents.csv.gz"), small_sample().join("dirty/incidents-again.csv.gz")];
    let both = ingest(&app, "jersey-incidents", &files).await.unwrap();
    assert_eq!(said(&both), (whole.accepted, whole.revised, whole.unchanged, whole.duplicate + again.rows_in, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revised_extract_revises_the_records_it_names_and_no_other() {
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let whole = ingest(&app, "jersey-incidents", &[small_sample().join("incidents.csv.gz")]).await.unwrap();
    let before = content(&app, "incidents").await;
    let report =
        ingest(&app, "jersey-incidents", &[small_sample().join("dirty/incidents-revised.csv.gz")]).await.unwrap();
    let truth = truth(small_sample());
    let named: BTreeSet<&str> = truth["dirty"]["incidents-revised.csv.gz"]["revised"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    assert_eq!(said(&report), (0, named.len() as u64, 0, 0, 0));
    assert_eq!(report.version, whole.version + 1);
    let after = content(&app, "incidents").await;
    assert_eq!(after.len(), before.len());
    let changed: BTreeSet<&str> = before
        .iter()
        .zip(&after)
        .filter(|(old, new)| old != new)
        .map(|(_, new)| new["incident_id"].as_str().unwrap())
        .collect();
    assert_eq!(changed, named);
    assert!(after.iter().filter(|row| row["closing_code"] == "REVIEWED").count() >= named.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_of_each_kind_are_counted_where_they_stand() {
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let report = ingest(&app, "jersey-incidents", &[small_sample().join("dirty/incidents-dirty.csv")]).await.unwrap();
    let truth = truth(small_sample());
    let dirty = &truth["dirty"]["incidents-dirty.csv"];
    assert_eq!(report.accepted, dirty["good_rows"].as_u64().unwrap());
    let planted: BTreeSet<(u64, String)> = dirty["bad_rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["line"].as_u64().unwrap(), row["reason"].as_str().unwrap().to_owned()))
        .collect();
    let kept: BTreeSet<(u64, String)> = ask(&app, AsOf::Newest, "SELECT line, reason, file, feed FROM rejects")
        .await
        .iter()
        .map(|row| {
            assert_eq!((&row["file"], &row["feed"]), (&"incidents-dirty.csv".into(), &"jersey-incidents".into()));
            (row["line"].as_u64().unwrap(), row["reason"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(kept, planted);
    assert_eq!(report.rejected.len(), 6, "each reason once: {:?}", report.rejected);

    // The same file again leaves no second set of rejects.
    ingest(&app, "jersey-incidents", &[small_sample().join("dirty/incidents-dirty.csv")]).await.unwrap();
    assert_eq!(ask(&app, AsOf::Newest, "SELECT line FROM rejects").await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_bad_rows_and_nothing_is_written() {
    let files = tempfile::tempdir().unwrap();
    let bad = stops(&[stop(1, 10, "none")]) + "S0002,yesterday,2016-01-01 00:10:00,U1,vehicle,none,49.19,-2.11\n";
    let file = put(files.path(), "stops.csv", bad);
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let request = |share| Request {
        feed: "jersey-stops".into(),
        files: vec![file.clone()],
        max_reject_share: share,
        ..Request::default()
    };
    let refused = load(&app, &loader(), &request(0.4), &|_, _, _| {}).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Data);
    assert!(refused.message().contains("stops.csv:3") && !refused.message().contains("yesterday"), "{refused}");
    assert_eq!(app.version().unwrap(), 0);
    assert!(ask(&app, AsOf::Newest, "SELECT 1 FROM stops").await.is_empty());
    let accepted = load(&app, &loader(), &request(0.5), &|_, _, _| {}).await.unwrap();
    assert_eq!(said(&accepted), (1, 0, 0, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_off_leaves_the_last_version() {
    let files = tempfile::tempdir().unwrap();
    let good = put(files.path(), "good.csv", stops(&[stop(1, 10, "none")]));
    let many: Vec<Stop> = (0..9000).map(|id| stop(id, 20, "arrest")).collect();
    let zipped = gzip(stops(&many).as_bytes());
    let broken = put(files.path(), "broken.csv.gz", &zipped[..zipped.len() * 3 / 4]);
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    ingest(&app, "jersey-stops", std::slice::from_ref(&good)).await.unwrap();
    let before = content(&app, "stops").await;
    let failed = ingest(&app, "jersey-stops", std::slice::from_ref(&broken)).await.unwrap_err();
    assert_eq!(failed.kind(), Kind::Input, "{failed}");
    assert!(failed.to_string().contains("broken.csv.gz"), "{failed}");
    assert_eq!(app.version().unwrap(), 1);
    assert_eq!(content(&app, "stops").await, before);

    // Also when a good file came before it in the same load.
    let fine = put(files.path(), "fine.csv", stops(&[stop(7, 10, "none")]));
    assert!(ingest(&app, "jersey-stops", &[fine.clone(), broken]).await.is_err());
    assert_eq!(content(&app, "stops").await, before);
    let after = ingest(&app, "jersey-stops", &[fine]).await.unwrap();
    assert_eq!((said(&after), after.version), ((1, 0, 0, 0, 0), 2), "the place of the writer is free again");
    assert_eq!(app.store.loads().unwrap().len(), 2, "a load that failed has no line");
}

/// Copies the control database with its seal.
fn copy_control(from: &Path, to: &Path) {
    for name in ["control.sqlite", "control.seal"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_no_version_names_is_invisible_and_undone() {
    let files = tempfile::tempdir().unwrap();
    let first = put(files.path(), "first.csv", stops(&[stop(1, 10, "none"), stop(2, 10, "none")]));
    let second = put(files.path(), "second.csv", stops(&[stop(2, 20, "arrest"), stop(3, 20, "none")]));
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    ingest(&app, "jersey-stops", &[first]).await.unwrap();
    let before = content(&app, "stops").await;
    let root = app.store.root().to_owned();
    drop(app);
    let kept = tempfile::tempdir().unwrap();
    copy_control(&root, kept.path());

    // The tables are written, and the machine stops before the row in the control database.
    let app = App::open(&root, None, noon).unwrap();
    ingest(&app, "jersey-stops", std::slice::from_ref(&second)).await.unwrap();
    let wanted = content(&app, "stops").await;
    drop(app);
    copy_control(kept.path(), &root);

    let app = App::open(&root, None, noon).unwrap();
    assert_eq!(app.version().unwrap(), 1);
    assert_eq!(content(&app, "stops").await, before, "nobody sees what was not committed");
    let report = ingest(&app, "jersey-stops", &[second]).await.unwrap();
    assert_eq!((said(&report), report.version), ((1, 1, 0, 0, 0), 2));
    assert_eq!(content(&app, "stops").await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_told_to_wait() {
    let files = tempfile::tempdir().unwrap();
    let file = put(files.path(), "stops.csv", stops(&[stop(1, 10, "none")]));
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let first = app.store.writer(app.now()).await.unwrap();
    let busy = ingest(&app, "jersey-stops", std::slice::from_ref(&file)).await.unwrap_err();
    assert_eq!(busy.kind(), Kind::Busy);
    let other = vigie(app.store.root(), &["--json", "ingest", "--feed", "jersey-stops", text(&file)]);
    assert_eq!(other.code, 6, "{}", other.err);
    assert_eq!(other.json()["error"]["kind"], "busy");
    // Reading goes on meanwhile.
    assert!(outcomes(&app, AsOf::Newest).await.is_empty());
    first.abandon().unwrap();
    assert_eq!(ingest(&app, "jersey-stops", &[file]).await.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_can_be_read_as_it_was() {
    let files = tempfile::tempdir().unwrap();
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let said = ["none", "warning", "arrest"];
    for (number, outcome) in (0..).zip(said) {
        let file =
            put(files.path(), "stops.csv", stops(&[stop(1, 10 + number, outcome), stop(100 + number, 10, "none")]));
        assert_eq!(ingest(&app, "jersey-stops", &[file]).await.unwrap().version, u64::from(number) + 1);
    }
    assert!(outcomes(&app, AsOf::Version(0)).await.is_empty());
    for (version, outcome) in (1_u64..).zip(said) {
        let then = outcomes(&app, AsOf::Version(version)).await;
        assert_eq!((then.len() as u64, then["S0001"].as_str()), (version + 1, outcome));
    }
    assert_eq!(outcomes(&app, AsOf::Newest).await, outcomes(&app, AsOf::Version(3)).await);
    let root = app.store.root();
    let sql = "SELECT outcome FROM stops WHERE stop_id = 'S0001'";
    let then = vigie(root, &["--json", "sql", "--as-of", "2", sql]).ok();
    assert_eq!(then["rows"][0]["outcome"], "warning");
    let now = vigie(root, &["--json", "sql", "--as-of", "2100-01-01T00:00:00Z", sql]).ok();
    assert_eq!(now["rows"][0]["outcome"], "arrest");
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_and_times_that_are_missing_are_labels() {
    let files = tempfile::tempdir().unwrap();
    let rows = "S1,2016-03-27 01:30:00,2016-04-01 00:00:00,U1,vehicle,none,49.19,-2.11\n\
                S2,2016-10-30 01:30:00,2016-11-01 00:00:00,U1,vehicle,none,49.19,-2.11\n\
                S3,2016-06-01 12:00:00,2016-06-02 00:00:00,U1,vehicle,none,,\n\
                S4,2016-06-01 12:00:00,2016-06-02 00:00:00,U1,vehicle,none,0,0\n\
                S5,2016-06-01 12:00:00,2016-06-02 00:00:00,U1,vehicle,none,48.0,-4.0\n";
    let file = put(files.path(), "stops.csv", HEADER.to_owned() + rows);
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let report = ingest(&app, "jersey-stops", &[file]).await.unwrap();
    assert_eq!(said(&report), (5, 0, 0, 0, 0));
    let held = ask(
        &app,
        AsOf::Newest,
        "SELECT stop_id, labels, cell IS NULL AS nowhere, to_unixtime(stopped_at) AS at FROM stops ORDER BY 1",
    )
    .await;
    let labels: Vec<&str> = held.iter().map(|row| row["labels"].as_str().unwrap_or("")).collect();
    assert!(labels[0].contains("nonexistent_hour") && labels[1].contains("ambiguous_hour"), "{labels:?}");
    assert!(labels[2].contains("no_location") && labels[3].contains("null_island"), "{labels:?}");
    assert!(labels[4].contains("outside_areas"), "{labels:?}");
    let nowhere: Vec<bool> = held.iter().map(|row| row["nowhere"].as_bool().unwrap()).collect();
    assert_eq!(nowhere, [false, false, true, true, false]);
    // The hour that the clocks left out counts as the one after it; of the hour shown twice the first is taken.
    assert_eq!((held[0]["at"].as_i64(), held[1]["at"].as_i64()), (Some(1_459_042_200), Some(1_477_787_400)));
}

/// What a store of stops must hold, kept beside it by the plainest means.
#[derive(Default)]
struct Model {
    held: BTreeMap<u32, (u32, &'static str)>,
}

impl Model {
    /// Accepted, revised, unchanged, duplicate. Of the rows of one record one counts as what became of the record; those
    /// beside it are repeats, unless the store had that version, or a later one.
    fn load(&mut self, rows: &[Stop]) -> (u64, u64, u64, u64) {
        let (mut accepted, mut revised, mut unchanged, mut duplicate) = (0, 0, 0, 0);
        let mut records: BTreeMap<u32, Vec<(u32, &'static str)>> = BTreeMap::new();
        for row in rows {
            records.entry(row.id).or_default().push((row.recorded, row.outcome));
        }
        for (id, versions) in records {
            let newest = *versions.iter().max().unwrap();
            let count = versions.len() as u64;
            match self.held.get(&id).copied() {
                None => {
                    accepted += 1;
                    duplicate += count - 1;
                }
                Some(stored) if newest <= stored => unchanged += count,
                Some(stored) => {
                    let same = versions.iter().filter(|version| **version == stored).count() as u64;
                    revised += 1;
                    unchanged += same;
                    duplicate += count - same - 1;
                }
            }
            let held = self.held.entry(id).or_insert(newest);
            *held = newest.max(*held);
        }
        (accepted, revised, unchanged, duplicate)
    }
}

/// A version's words follow from its time, as in a source that writes a new time with every change.
fn any_stop() -> impl Strategy<Value = Stop> {
    (0_u32..40, 0_u32..6).prop_map(|(id, version)| {
        stop(id, version * 10, ["none", "warning", "search", "report", "summons", "arrest"][version as usize])
    })
}

/// A row of an extract: a stop, or nonsense.
fn any_line() -> impl Strategy<Value = Option<Stop>> {
    prop_oneof![12 => any_stop().prop_map(Some), 1 => Just(None)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_loads_add_up_and_leave_what_a_plain_model_holds(
        loads in prop::collection::vec(prop::collection::vec(any_line(), 1..80), 1..5)
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let files = tempfile::tempdir().unwrap();
            let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
            let mut model = Model::default();
            for lines in &loads {
                let text: String = lines
                    .iter()
                    .map(|line| line.as_ref().map_or_else(|| "nonsense\n".to_owned(), Stop::line))
                    .collect();
                let file: PathBuf = put(files.path(), "stops.csv", HEADER.to_owned() + &text);
                let request = Request { feed: "jersey-stops".into(), files: vec![file], max_reject_share: 1.0, ..Request::default() };
                let report = load(&app, &loader(), &request, &|_, _, _| {}).await.unwrap();
                let good: Vec<Stop> = lines.iter().flatten().cloned().collect();
                let (accepted, revised, unchanged, duplicate) = model.load(&good);
                assert_eq!(report.rows_in, lines.len() as u64);
                assert!(report.reconciles());
                assert_eq!(said(&report), (accepted, revised, unchanged, duplicate, (lines.len() - good.len()) as u64));
            }
            let wanted: BTreeMap<String, String> =
                model.held.iter().map(|(id, (_, outcome))| (format!("S{id:04}"), (*outcome).to_owned())).collect();
            assert_eq!(outcomes(&app, AsOf::Newest).await, wanted);
        });
    }
}
