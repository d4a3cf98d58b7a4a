//! Counts inside the table files: the very numbers of a scan, whatever was done to the store; and never numbers of files
//! that are gone or damaged.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::Days;
use parquet::file::reader::{FileReader, SerializedFileReader};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::{Value as Json, json};
use vigie::app::{App, about, keeping, verify};
use vigie::engine::{Snapshot, Value};
use vigie::model::access::{Principal, Purpose};
use vigie::model::time::{Daypart, Period, parse_date};
use vigie::render::table::json_rows;
use vigie::space::Cell;
use vigie::store::{AsOf, Counted, Counting};

use crate::support::{ingest, loader, new_store, put, text};

const HEADER: &str = "stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\n";
const GROUPS: [&str; 5] = ["vehicle", "drugs", "", "Öffnung", "a reason of many words"];

/// What a scan of the records counts.
async fn scanned(snapshot: &Snapshot, table: &str, question: &Counting) -> Counted {
    let mut params = BTreeMap::from([
        ("dataset".to_owned(), Value::Text(table.to_owned())),
        ("from".to_owned(), Value::Date(question.period.from)),
        ("to".to_owned(), Value::Date(question.period.to)),
    ]);
    if let Some(group) = &question.group {
        params.insert("group".to_owned(), Value::Text(group.clone()));
    }
    if let Some(band) = &question.daypart {
        let mask = band.weekdays.iter().fold(0_i64, |mask, day| mask | 1 << day);
        params.insert("start".to_owned(), Value::Int(i64::from(band.start_minute)));
        params.insert("end".to_owned(), Value::Int(i64::from(band.end_minute)));
        params.insert("weekdays".to_owned(), Value::Int(mask));
    }
    let answer = snapshot.query("coverage", &params).await.unwrap();
    let batch = answer.batches.iter().find(|batch| batch.num_rows() > 0).unwrap();
    let number = |name: &str| {
        let column = batch.column_by_name(name).unwrap().as_primitive::<Int64Type>();
        column.value(0).unsigned_abs()
    };
    let last = batch.column_by_name("last_on").unwrap().as_primitive::<Date32Type>();
    let mut counted = Counted {
        in_period: number("in_period"),
        in_daypart: number("in_daypart"),
        located: number("located"),
        month_precision: number("month_precision"),
        without_hour: number("without_hour"),
        last_on: last.is_valid(0).then(|| Date32Type::to_naive_date_opt(last.value(0)).unwrap()),
        cells: BTreeMap::new(),
    };
    if let Some(resolution) = question.resolution {
        params.insert("res".to_owned(), Value::Int(i64::from(resolution)));
        for batch in &snapshot.query("cell_counts", &params).await.unwrap().batches {
            let column = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
            for (cell, records) in column("cell").iter().zip(&column("records")) {
                counted.cells.insert(Cell::from_bits(cell.unwrap()).unwrap(), records.unwrap().unsigned_abs());
            }
        }
    }
    counted
}

struct Bands {
    whole: Vec<Daypart>,
    minutes: Daypart,
}

fn bands() -> Bands {
    let band =
        |text: &str, weekdays: &[u8]| Daypart { weekdays: weekdays.to_vec(), ..Daypart::parse_band(text).unwrap() };
    Bands {
        whole: vec![
            band("07:00-19:00", &[]),
            band("19:00-07:00", &[]),
            band("21:00-04:00", &[4, 5]),
            band("22:00-00:00", &[6]),
            band("00:00-01:00", &[0, 2]),
            band("23:00-22:00", &[]),
        ],
        minutes: band("07:30-19:00", &[]),
    }
}

/// What the start page says of the store, both ways.
async fn compare_held(app: &App) {
    let about = about::ask(app, &loader()).await.unwrap();
    let snapshot = app.engine.snapshot(AsOf::Newest).await.unwrap();
    let rows = async |name: &str| json_rows(&snapshot.query(name, &BTreeMap::new()).await.unwrap().batches).unwrap();
    let groups = rows("groups").await;
    let scanned: Vec<Json> = rows("datasets")
        .await
        .into_iter()
        .map(|row| {
            let own =
                groups.iter().filter(|group| group["dataset"] == row["dataset"]).map(|group| group["kind"].clone());
            json!({
                "name": row["dataset"], "rows": row["records"], "located": row["located"],
                "month_precision": row["month_precision"], "first_on": row["first_on"], "last_on": row["last_on"],
                "groups": own.collect::<Vec<_>>(),
            })
        })
        .collect();
    assert_eq!(serde_json::to_value(&about.datasets).unwrap(), json!(scanned));
}

/// Puts random questions to one version, both ways; says how many the counts answered.
async fn compare(app: &App, as_of: AsOf, table: &str, questions: usize, random: &mut Pcg64) -> usize {
    let snapshot = app.engine.snapshot(as_of).await.unwrap();
    let bands = bands();
    let start = parse_date("2014-12-20").unwrap();
    let mut answered = 0;
    for _ in 0..questions {
        let from = start + Days::new(random.random_range(0..120));
        let period = Period::new(from, from + Days::new(random.random_range(1..140))).unwrap();
        let daypart = match random.random_range(0..10) {
            0..4 => None,
            9 => Some(bands.minutes.clone()),
            _ => Some(bands.whole[random.random_range(0..bands.whole.len())].clone()),
        };
        let group = match random.random_range(0..3) {
            0 => Some(GROUPS[random.random_range(0..GROUPS.len())]).filter(|name| !name.is_empty()),
            1 => Some("nobody's"),
            _ => None,
        };
        let resolution = [None, Some(5), Some(7), Some(8), Some(9), Some(9), Some(10), Some(11)];
        let resolution = resolution[random.random_range(0..resolution.len())];
        let is_countable = resolution.is_none_or(|wanted| wanted <= 9) && daypart.as_ref() != Some(&bands.minutes);
        let question = Counting { group: group.map(str::to_owned), period, daypart, resolution };
        let counted = snapshot.count(table, question.clone()).await.unwrap();
        assert_eq!(counted.is_some(), is_countable, "{question:?}");
        if let Some(counted) = counted {
            assert_eq!(counted, scanned(&snapshot, table, &question).await, "{question:?}");
            answered += 1;
        }
    }
    answered
}

/// Stops that are made up: over midnight, at one place often, some without a position or a reason, some taken back.
fn stops(ids: std::ops::Range<u32>, recorded: &str, random: &mut Pcg64) -> String {
    let mut rows = String::new();
    for id in ids {
        let (month, day) = (random.random_range(1..5), random.random_range(1..29));
        let (hour, minute) = (random.random_range(0..24), random.random_range(0..60));
        let place = match random.random_range(0..6) {
            0 => ",".to_owned(),
            1 | 2 => "49.1868,-2.1067".to_owned(),
            _ => format!("{:.6},{:.6}", random.random_range(49.17_f64..49.26), random.random_range(-2.25_f64..-2.0)),
        };
        let group = GROUPS[random.random_range(0..GROUPS.len())];
        let outcome = if random.random_range(0..12) == 0 { "VOID" } else { "warned" };
        rows.push_str(&format!(
            "S{id:05},2015-{month:02}-{day:02} {hour:02}:{minute:02}:00,{recorded} 00:00:00,U1,{group},{outcome},{place}\n"
        ));
    }
    HEADER.to_owned() + &rows
}

/// The feed of stops with a word for taken back, and perhaps other times.
fn feed(folder: &Path, name: &str, change: impl Fn(String) -> String) -> PathBuf {
    let feed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("feeds/jersey-stops.toml")).unwrap();
    let feed = feed.replace("[columns]", "deleted = { from = \"outcome\", values = [\"VOID\"] }\n[columns]");
    put(folder, &format!("{name}.toml"), change(feed.replace("jersey-stops", name)))
}

fn with_reference() -> Principal {
    Principal { purpose: Some(Purpose { code: "erasure".into(), reference: "DP/7".into() }), ..loader() }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_those_of_a_scan_whatever_was_done_to_the_store() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let random = &mut Pcg64::seed_from_u64(1);
    let feed = feed(folder.path(), "stops", |feed| feed);
    let mut answered = compare(&app, AsOf::Newest, "stops", 5, random).await;
    for (at, (ids, recorded)) in
        [(0..700, "2016-01-01"), (400..900, "2016-02-01"), (850..1_000, "2016-03-01")].into_iter().enumerate()
    {
        let file = put(folder.path(), &format!("{at}.csv"), stops(ids, recorded, random));
        ingest(&app, text(&feed), &[file]).await.unwrap();
        answered += compare(&app, AsOf::Newest, "stops", 25, random).await;
    }
    let doomed = put(folder.path(), "doomed.csv", stops(300..600, "2016-01-01", random));
    let erased = keeping::erase(&app, &with_reference(), text(&feed), &[doomed]).await.unwrap();
    assert_eq!(erased.records, 300);
    answered += compare(&app, AsOf::Newest, "stops", 20, random).await;
    keeping::compact(&app, &loader(), &[], &|_, _| {}).await.unwrap();
    answered += compare(&app, AsOf::Newest, "stops", 20, random).await;
    let file = put(folder.path(), "last.csv", stops(950..1_100, "2016-04-01", random));
    ingest(&app, text(&feed), &[file]).await.unwrap();
    compare_held(&app).await;
    for version in 0..=app.version().unwrap() {
        answered += compare(&app, AsOf::Version(version), "stops", 10, random).await;
    }
    assert!(answered > 80, "{answered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_are_known_in_part_are_counted_as_such() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let random = &mut Pcg64::seed_from_u64(2);
    for precision in ["day", "month", "instant"] {
        let feed = feed(folder.path(), precision, |feed| match precision {
            "instant" => feed,
            _ => feed.replace("table = \"stops\"", &format!("table = \"stops\"\ntime_precision = \"{precision}\"")),
        });
        let file = put(folder.path(), &format!("{precision}.csv"), stops(0..300, "2016-01-01", random));
        ingest(&app, text(&feed), &[file]).await.unwrap();
        assert!(compare(&app, AsOf::Newest, "stops", 24, random).await > 8);
        compare_held(&app).await;
    }
    let snapshot = app.engine.snapshot(AsOf::Newest).await.unwrap();
    let period = Period::new(parse_date("2015-01-01").unwrap(), parse_date("2016-01-01").unwrap()).unwrap();
    let all = Counting { group: None, period, daypart: None, resolution: None };
    let counted = snapshot.count("stops", all).await.unwrap().unwrap();
    assert!(counted.month_precision > 200 && counted.without_hour > counted.month_precision + 200, "{counted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_of_erased_records_is_in_no_count_of_any_version() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let lonely = "S9,2015-03-01 10:00:00,2016-01-01 00:00:00,U1,vehicle,warned,49.2500,-2.2000\n";
    let others = stops(10..60, "2016-01-01", &mut Pcg64::seed_from_u64(3)).replace("49.25", "49.20");
    let first = put(folder.path(), "first.csv", others + lonely);
    ingest(&app, "jersey-stops", &[first]).await.unwrap();
    let more = put(folder.path(), "more.csv", stops(60..70, "2016-01-01", &mut Pcg64::seed_from_u64(4)));
    ingest(&app, "jersey-stops", &[more]).await.unwrap();
    let period = Period::new(parse_date("2015-03-01").unwrap(), parse_date("2015-03-02").unwrap()).unwrap();
    let question = Counting { group: None, period, daypart: None, resolution: Some(9) };
    let place = Cell::at(vigie::space::Point { lat: 49.25, lon: -2.2 }, 9).unwrap();
    let counts = async |version| {
        let snapshot = app.engine.snapshot(AsOf::Version(version)).await.unwrap();
        snapshot.count("stops", question.clone()).await.unwrap().unwrap().cells.get(&place).copied()
    };
    assert_eq!((counts(1).await, counts(2).await), (Some(1), Some(1)));
    let doomed = put(folder.path(), "doomed.csv", HEADER.to_owned() + lonely);
    keeping::erase(&app, &with_reference(), "jersey-stops", &[doomed]).await.unwrap();
    assert_eq!((counts(1).await, counts(2).await, counts(3).await), (None, None, None));
    // The code of the cell, as the counts write it: 34 bits of the index.
    let code = (place.bits().cast_unsigned() >> 18 & ((1 << 34) - 1)).to_le_bytes();
    for file in table_files(&app, "stops") {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(8).any(|window| window == code), "{}", file.display());
    }
}

fn table_files(app: &App, table: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for month in fs::read_dir(app.store.root().join("tables").join(table)).unwrap().flatten() {
        let files = fs::read_dir(month.path()).into_iter().flatten().flatten().map(|entry| entry.path());
        found.extend(files.filter(|path| path.extension().is_some_and(|ending| ending == "parquet")));
    }
    found.sort();
    found
}

/// Where the head of a file's counts stands.
fn head_of(file: &Path) -> std::ops::Range<usize> {
    let reader = SerializedFileReader::new(fs::File::open(file).unwrap()).unwrap();
    let lines = reader.metadata().file_metadata().key_value_metadata().unwrap().clone();
    let line = lines.into_iter().find(|line| line.key == "vigie.counts").unwrap().value.unwrap();
    let words: Vec<usize> = line.split(' ').take(3).map(|word| word.parse().unwrap()).collect();
    words[1]..words[1] + words[2]
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_counts_are_not_believed_and_are_named() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let random = &mut Pcg64::seed_from_u64(5);
    let file = put(folder.path(), "first.csv", stops(0..300, "2016-01-01", random));
    ingest(&app, "jersey-stops", &[file]).await.unwrap();
    let period = Period::new(parse_date("2015-01-01").unwrap(), parse_date("2015-03-17").unwrap()).unwrap();
    let night = Daypart::parse_band("19:00-07:00").unwrap();
    let question = Counting { group: None, period, daypart: Some(night), resolution: Some(9) };
    let snapshot = app.engine.snapshot(AsOf::Newest).await.unwrap();
    let good = snapshot.count("stops", question.clone()).await.unwrap();
    assert_eq!(good, Some(scanned(&snapshot, "stops", &question).await));
    let damaged = table_files(&app, "stops").remove(1);
    let whole = fs::read(&damaged).unwrap();
    let head = head_of(&damaged);
    // The entries of a small file stand right before its head; beyond lie the row groups.
    let mut places: Vec<usize> = (0..60).map(|_| random.random_range(head.start - 60..head.end)).collect();
    places.extend([head.start, head.end - 1, head.start - 1]);
    for at in places {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << random.random_range(0..8);
        fs::write(&damaged, &bytes).unwrap();
        assert_eq!(snapshot.count("stops", question.clone()).await.unwrap(), None, "byte {at}");
    }
    // The records are whole: they are scanned, and say the same.
    assert_eq!(Some(scanned(&snapshot, "stops", &question).await), good);
    let found = verify::verify(Some(&app), app.store.root(), &loader(), &|_, _| {}).await.unwrap();
    assert_eq!(found.damaged.len(), 1, "{:?}", found.damaged);
    assert!(damaged.ends_with(found.damaged[0].file.strip_prefix("tables/").unwrap()), "{:?}", found.damaged);
    fs::write(&damaged, &whole).unwrap();
    assert_eq!(snapshot.count("stops", question.clone()).await.unwrap(), good);
}
