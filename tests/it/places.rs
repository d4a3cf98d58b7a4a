//! Time and place of records: every label and every reason to refuse on the dirty extracts, systems of coordinates, the
//! coast, and questions by time of day of records that are not known so exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vigie::analysis::hotspot::{Method, Question};
use vigie::analysis::selection::Selection;
use vigie::app::load::{LoadReport, Request, load};
use vigie::app::{App, flow, hotspots, patrol_page, trend};
use vigie::error::{Error, Kind};
use vigie::ingest::{Label, Reason};
use vigie::model::time::{Period, parse_date};
use vigie::render::table::json_rows;
use vigie::store::AsOf;

use crate::support::{extracts, ingest, loader, new_store, put, small_sample, text, truth, vigie};

/// Dirty extracts and the feeds that read them.
fn dirty(folder: &Path) -> [(String, PathBuf); 2] {
    let file = |name: &str| folder.join("dirty").join(name);
    [
        ("jersey-incidents".to_owned(), file("incidents-dirty.csv")),
        (text(&file("crimes-dirty.toml")).to_owned(), file("crimes-dirty.csv")),
    ]
}

/// A report without what differs between runs.
fn lasting(report: &LoadReport) -> Value {
    let mut value = serde_json::to_value(report).unwrap();
    value.as_object_mut().unwrap().remove("elapsed_ms");
    value["first_rejects"] = report
        .first_rejects
        .iter()
        .map(|r| json!({"file": &*r.file, "line": r.line, "column": r.column.as_deref(), "reason": r.reason.name(), "message": &*r.message}))
        .collect();
    value
}

async fn ask(app: &App, sql: &str) -> Vec<Value> {
    let answer = app.engine.snapshot(AsOf::Newest).await.unwrap().sql(sql).await.unwrap();
    json_rows(&answer.batches).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn golden_load_report_of_the_dirty_extracts() {
    if extracts() == small_sample() {
        println!("skipped: data-samples/ holds no extracts");
        return;
    }
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let mut reports = serde_json::Map::new();
    for (feed, file) in dirty(extracts()) {
        let report = ingest(&app, &feed, std::slice::from_ref(&file)).await.unwrap();
        reports.insert(file.file_name().unwrap().to_str().unwrap().to_owned(), lasting(&report));
    }
    let found = serde_json::to_string_pretty(&Value::Object(reports)).unwrap() + "\n";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/load-dirty.json");
    if std::env::var_os("VIGIE_BLESS").is_some() {
        fs::write(golden, found).unwrap();
        return;
    }
    assert_eq!(found, fs::read_to_string(golden).unwrap(), "look at it; if it is right, `just bless`");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_label_and_every_reason_to_refuse_stands_where_it_was_planted() {
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let (mut reasons, mut labels) = (BTreeSet::new(), BTreeSet::new());
    let planted = truth(small_sample());
    for (feed, file) in dirty(small_sample()) {
        let report = ingest(&app, &feed, std::slice::from_ref(&file)).await.unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let about = &planted["dirty"][name];
        assert_eq!(report.accepted, about["good_rows"].as_u64().unwrap(), "{name}: {report:?}");
        let deletions = about["deleted"].as_array().map_or(0, Vec::len) as u64;
        // A version of a record that the same load brought: however it is counted, it makes no second record.
        assert_eq!(report.revised + report.duplicate, deletions, "{name}: a deletion is a version of its record");
        let rejects: BTreeSet<(u64, String)> =
            report.first_rejects.iter().map(|r| (r.line, r.reason.name().to_owned())).collect();
        let bad = about["bad_rows"].as_array().unwrap().iter();
        assert_eq!(rejects, bad.map(|row| (row["line"].as_u64().unwrap(), word(&row["reason"]))).collect(), "{name}");
        reasons.extend(report.rejected.into_keys());
        labels.extend(report.labels.into_keys());
    }
    assert_eq!(reasons, Reason::ALL.iter().map(|reason| reason.name().to_owned()).collect());
    assert_eq!(labels, Label::ALL.iter().map(|label| label.name().to_owned()).collect());

    let bytes = fs::read(small_sample().join("dirty/crimes-dirty.csv")).unwrap();
    let ids: Vec<String> =
        String::from_utf8_lossy(&bytes).lines().map(|line| line.split(',').next().unwrap().to_owned()).collect();
    let labelled = planted["dirty"]["crimes-dirty.csv"]["labelled_rows"].as_array().unwrap().iter();
    let wanted: BTreeMap<String, String> =
        labelled.map(|row| (ids[row["line"].as_u64().unwrap() as usize - 1].clone(), word(&row["label"]))).collect();
    let held = ask(&app, "SELECT crime_id, labels FROM crimes WHERE labels IS NOT NULL").await;
    let held: BTreeMap<String, String> =
        held.iter().map(|row| (word(&row["crime_id"]), word(&row["labels"]))).collect();
    assert_eq!(held, wanted);
    // Put right, and back in its parish; the one off the beach is in the nearest.
    let parishes =
        ask(&app, "SELECT labels, parish FROM crimes WHERE labels IN ('swapped_position', 'nearest_area')").await;
    assert!(parishes.len() == 2 && parishes.iter().all(|row| row["parish"].is_string()), "{parishes:?}");
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A feed of crimes with these times and this place.
fn crimes_feed(folder: &Path, formats: &str, place: &str) -> String {
    let toml = format!(
        "schema = 1\nname = \"trial\"\ntitle = \"A trial\"\ntable = \"crimes\"\nzone = \"Europe/Jersey\"\nkeys = [\"id\"]\n\
         repeats = \"revision\"\nformats = [\"{formats}\"]\nplace = {place}\n[columns]\ncrime_id = {{ from = \"id\" }}\n\
         crime_group = {{ from = \"kind\" }}\noffence_from_at = {{ from = \"at\" }}\n"
    );
    text(&put(folder, "trial.toml", toml)).to_owned()
}

const DEGREES: &str = "{ lat = \"n\", lon = \"e\" }";

#[test]
fn metres_and_the_coast_through_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let feed = crimes_feed(folder.path(), "%-d/%-m/%Y %-H:%M", "{ x = \"e\", y = \"n\", crs = \"EPSG:3109\" }");
    let rows = "id,kind,at,n,e\n1,theft,1/5/2017 9:05,65752.022,42063.006\n2,theft,2/5/2017 10:00,68888,33237\n\
                3,theft,3/5/2017 10:00,45000,20000\n4,theft,3/5/2017 10:00,165752,42063\n";
    let file = put(folder.path(), "metres.csv", rows);
    let report = |settings: &dyn Fn(String) -> String| {
        let store = tempfile::tempdir().unwrap();
        let root = store.path().join("s");
        assert_eq!(vigie(&root, &["init", "--area", "jersey", "--zone", "Europe/Jersey"]).code, 0);
        let toml = root.join("vigie.toml");
        fs::write(&toml, settings(fs::read_to_string(&toml).unwrap())).unwrap();
        let run = vigie(&root, &["--json", "ingest", "--feed", &feed, "--max-reject-share", "0.5", text(&file)]);
        let report = run.ok();
        assert!(
            run.err.contains("metres.csv:5: wanted a northing in metres of EPSG:3109, from 20000 to 100000"),
            "{}",
            run.err
        );
        assert!(!run.err.contains("165752"), "{}", run.err);
        let parishes = vigie(&root, &["--json", "sql", "SELECT crime_id, parish FROM crimes ORDER BY 1"]).ok();
        (report["labels"].clone(), parishes["rows"].clone())
    };
    let (labels, parishes) = report(&|settings| settings);
    assert_eq!(labels, json!({"nearest_area": 1, "outside_areas": 1}));
    assert_eq!(parishes[0]["parish"], "St Helier", "{parishes}");
    assert!(parishes[1]["parish"].is_string() && parishes[2]["parish"].is_null(), "{parishes}");
    let (labels, parishes) = report(&|s| s.replace("coast_tolerance_m = 250", "coast_tolerance_m = 0"));
    assert_eq!(labels, json!({"outside_areas": 2}));
    assert!(parishes[1]["parish"].is_null(), "{parishes}");
}

/// A store of crimes known by month or day only.
async fn without_hours(formats: &str, at: impl Fn(u32) -> String) -> (tempfile::TempDir, App) {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let feed = crimes_feed(folder.path(), formats, DEGREES);
    let rows = (0..60).map(|id| format!("C{id},theft,{},49.19{},-2.10{}\n", at(id), id % 7, id % 5));
    let file = put(folder.path(), "crimes.csv", "id,kind,at,n,e\n".to_owned() + &rows.collect::<String>());
    let report = ingest(&app, &feed, &[file]).await.unwrap();
    assert_eq!(report.accepted, 60, "{report:?}");
    (folder, app)
}

async fn by_month() -> (tempfile::TempDir, App) {
    without_hours("%Y-%m", |id| format!("2017-{:02}", id % 12 + 1)).await
}

async fn by_day() -> (tempfile::TempDir, App) {
    without_hours("%Y-%m-%d", |id| format!("2017-{:02}-{:02}", id % 12 + 1, id % 28 + 1)).await
}

fn year() -> Period {
    Period::new(parse_date("2017-01-01").unwrap(), parse_date("2018-01-01").unwrap()).unwrap()
}

fn must_explain(refusal: &Error, known: &str) {
    assert_eq!(refusal.kind(), Kind::Data, "{refusal}");
    let message = refusal.message();
    assert!(message.contains("60 of the 60 crimes") && message.contains(&format!("by {known} only")), "{message}");
    assert!(message.contains("without a daypart"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_map_by_time_of_day_is_refused_where_hours_are_not_known() {
    for (known, (_folder, app)) in [("month", by_month().await), ("day", by_day().await)] {
        let selection = Selection::of("crimes", year()).by(app.config.daypart("night").unwrap());
        let mut question = Question { selection, resolution: 9, method: Method::GiStar };
        must_explain(&hotspots::ask(&app, &loader(), &question).await.unwrap_err(), known);
        question.selection.daypart = None;
        let map = hotspots::ask(&app, &loader(), &question).await.unwrap();
        assert_eq!(map.map.rows.iter().filter_map(|row| row.count).sum::<u64>(), 60);
        // Days are known well enough for a part of a month, months are not.
        question.selection.period.from = parse_date("2017-01-05").unwrap();
        assert_eq!(hotspots::ask(&app, &loader(), &question).await.is_ok(), known == "day");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trend_by_time_of_day_is_refused_where_hours_are_not_known() {
    for (known, (_folder, app)) in [("month", by_month().await), ("day", by_day().await)] {
        let selection = Selection::of("crimes", year()).by(app.config.daypart("day").unwrap());
        let mut question = trend::Question::of(selection);
        must_explain(&trend::ask(&app, &loader(), &question).await.unwrap_err(), known);
        question.selection.daypart = None;
        let months = trend::ask(&app, &loader(), &question).await.unwrap();
        assert_eq!(months.trend.rows.iter().filter_map(|row| row.count).sum::<u64>(), 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_patrol_page_says_why_it_has_no_shifts_where_hours_are_not_known() {
    for (known, (_folder, app)) in [("month", by_month().await), ("day", by_day().await)] {
        let page = patrol_page::ask(&app, &loader()).await.unwrap();
        assert_eq!(page["shifts"], json!([]));
        assert!(word(&page["note"]).contains(&format!("by {known} only")), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flow_is_refused_where_hours_are_not_known() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let feed = "schema = 1\nname = \"reads\"\ntitle = \"Reads by day\"\ntable = \"anpr_reads\"\nzone = \"Europe/Jersey\"\n\
                keys = [\"id\"]\nrepeats = \"revision\"\n[columns]\nread_id = { from = \"id\" }\n\
                camera_id = { from = \"camera\" }\nread_at = { from = \"at\", formats = [\"%Y-%m-%d\"] }\n";
    let feed = put(folder.path(), "reads.toml", feed);
    let file = put(folder.path(), "reads.csv", "id,camera,at\n1,CAM01,2017-06-01\n2,CAM01,2017-06-02\n");
    ingest(&app, text(&feed), &[file]).await.unwrap();
    let refusal = flow::ask(&app, &loader(), year(), None).await.unwrap_err();
    assert_eq!(refusal.kind(), Kind::Data, "{refusal}");
    assert!(refusal.message().contains("by day or month only"), "{refusal}");
    assert!(flow::last_week(&app, &loader(), parse_date("2017-06-02").unwrap()).await.is_err());
}

// --- real files ----------------------------------------------------------------------------------------------------

fn real(file: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let path = std::env::var_os("VIGIE_SHARED").map_or(beside, PathBuf::from).join("data").join(file);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
    }
    path.exists().then_some(path)
}

async fn dry_run(app: &App, feed: &str, file: PathBuf) -> LoadReport {
    let request = Request {
        feed: feed.to_owned(),
        files: vec![file],
        max_reject_share: 0.0,
        dry_run: true,
        ..Request::default()
    };
    load(app, &loader(), &request, &|_, _, _| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn map_points_of_the_police_of_london_are_seen() {
    let Some(file) = real("incidents/police_uk_city_of_london_street_2018-04_2020-11.csv.gz") else { return };
    let (_folder, app) = new_store("hull", "Europe/London").await;
    let report = dry_run(&app, "police-uk-street", file).await;
    println!("City of London: {:?} of {} rows", report.labels, report.rows_in);
    // Nine points with at least 205 of the 20,412 located rows each; counted apart from this program.
    assert_eq!(report.labels["snapped_point"], 3_426, "{:?}", report.labels);
}

/// London Fire gives both: metres rounded to 50 and degrees made from them.
#[test]
fn metres_of_london_agree_with_the_degrees_beside_them() {
    let Some(file) = real("calls/london_fire_dwelling_fires_2009.csv.gz") else { return };
    let grid = vigie::space::Crs::named("EPSG:27700").unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(fs::File::open(file).unwrap()));
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let places = [at("easting_rounded"), at("northing_rounded"), at("longitude"), at("latitude")];
    let (mut rows, mut furthest) = (0, 0.0_f64);
    for record in reader.records() {
        let record = record.unwrap();
        let [x, y, lon, lat] = places.map(|at| record[at].parse::<f64>().unwrap());
        let point = grid.to_point(x, y).unwrap();
        furthest = furthest.max(vigie::space::distance::great_circle_m(point, vigie::space::Point { lat, lon }));
        rows += 1;
    }
    println!("London Fire: {rows} places, at most {furthest:.2} m apart");
    assert!(rows == 6_708 && furthest < 6.0, "{rows} rows, {furthest} m");
}
