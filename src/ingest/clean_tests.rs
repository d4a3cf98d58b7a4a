//! Whole trips: text in, rows out. The last tests read the real files beside the project, if they are there.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};

use super::*;
use crate::ingest::read::{self, Reader};

const KEY: &[u8] = b"a plate key for tests only";

fn context() -> Context<'static> {
    Context { source: "test", areas: None, coast_tolerance_m: 250.0, plate_key: Some(KEY) }
}

fn cleaned(feed: &Feed, text: &str) -> Cleaned {
    let mut reader = Reader::new("x.csv", Cursor::new(text.as_bytes().to_vec()), text.len() as u64, feed).unwrap();
    clean(&reader.next().unwrap().unwrap(), feed, &context(), &mut Lattice::stored()).unwrap()
}

fn texts(cleaned: &Cleaned, column: &str) -> Vec<Option<String>> {
    let array = cleaned.batch.column_by_name(column).unwrap();
    array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn ints(cleaned: &Cleaned, column: &str) -> Vec<Option<i64>> {
    cleaned.batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().iter().collect()
}

fn times(cleaned: &Cleaned, column: &str) -> Vec<Option<String>> {
    let array = cleaned.batch.column_by_name(column).unwrap().as_primitive::<TimestampMicrosecondType>();
    let shown = |time: i64| chrono::DateTime::from_timestamp_micros(time).unwrap().to_rfc3339();
    array.iter().map(|time| time.map(shown)).collect()
}

fn reasons(cleaned: &Cleaned) -> Vec<(u64, &'static str)> {
    cleaned.rejects.iter().map(|reject| (reject.line, reject.reason.name())).collect()
}

const INCIDENT_HEADER: &str = "incident_id,call_answered,reported,dispatched,first_arrived,closed,recorded,grade_initial,\
    grade_final,origin,category,dv_risk,person_token,closing_code,cancelled,units_count,lat,lon\n";

fn incidents(rows: &str) -> Cleaned {
    cleaned(&Feed::builtin("jersey-incidents").unwrap(), &format!("{INCIDENT_HEADER}{rows}"))
}

#[test]
fn an_incident_in_summer() {
    let cleaned = incidents(
        "I2017-000001,2017-07-01 00:10:00,2017-07-01 00:11:30,,,,2017-07-01 09:00:00,1,2,999,domestic,high,P1,NFA,N,2,\
         49.186000,-2.107000\n",
    );
    assert!(cleaned.rejects.is_empty(), "{:?}", cleaned.rejects);
    assert_eq!(times(&cleaned, "reported_at"), [Some("2017-06-30T23:11:30+00:00".into())]);
    assert_eq!(times(&cleaned, "dispatched_at"), [None]);
    let on = cleaned.batch.column_by_name("local_on").unwrap().as_primitive::<Date32Type>();
    assert_eq!(on.value_as_date(0).unwrap().to_string(), "2017-07-01");
    assert_eq!(ints(&cleaned, "local_hour"), [Some(0)]);
    assert_eq!(ints(&cleaned, "local_minute"), [Some(11)]);
    assert_eq!(texts(&cleaned, "month"), [Some("2017-07".into())]);
    assert_eq!(texts(&cleaned, "source"), [Some("test".into())]);
    assert_eq!(texts(&cleaned, "labels"), [None]);
    assert_eq!(ints(&cleaned, "units_count"), [Some(2)]);
    let cell = crate::space::Cell::from_bits(ints(&cleaned, "cell")[0].unwrap()).unwrap();
    assert_eq!(cell.resolution(), 11);
    assert!(cleaned.batch.column_by_name("loaded_at").unwrap().is_null(0));
}

#[test]
fn every_reason_to_refuse() {
    let row = |id: &str, time: &str, grade: &str, category: &str, units: &str, lat: &str| {
        format!("{id},,{time},,,,2017-07-01 09:00:00,{grade},,999,{category},,,,Y,{units},{lat},-2.1\n")
    };
    let good = "2017-07-01 00:10:00";
    let text = [
        row("I1", good, "1", "domestic", "1", "49.2"),
        row("", good, "1", "domestic", "1", "49.2"),
        row("I3", "2017-02-30 00:10:00", "1", "domestic", "1", "49.2"),
        row("I4", good, "1", "domestic", "two", "49.2"),
        row("I5", good, "1", "domestic", "1", "249.2"),
        row("I6", good, "1", "unheard-of", "1", "49.2"),
        row("I7", good, "9", "domestic", "1", "49.2"),
        row("I8", good, "high", "domestic", "1", "49.2"),
        "I9,too,few\n".to_owned(),
        row("I10", "", "1", "domestic", "1", "49.2"),
        row("I11", good, "1", "domestic", "1", "north"),
    ]
    .concat();
    let cleaned = incidents(&text);
    assert_eq!(
        reasons(&cleaned),
        [
            (3, "missing_key"),
            (4, "bad_time"),
            (5, "bad_number"),
            (6, "bad_coordinate"),
            (7, "unknown_code"),
            (8, "unknown_code"),
            (9, "bad_number"),
            (10, "column_count"),
            (11, "missing_time"),
            (12, "bad_coordinate"),
        ]
    );
    assert_eq!(cleaned.rows_in, 11);
    assert_eq!(texts(&cleaned, "incident_id"), [Some("I1".into())]);
    for reject in &cleaned.rejects {
        assert!(!reject.message.contains("unheard-of") && !reject.message.contains("249.2"), "{}", reject.message);
    }
    assert_eq!(cleaned.rejects[1].column.as_deref(), Some("reported"));
}

#[test]
fn text_that_is_not_utf_8_refuses_the_row() {
    let feed = Feed::builtin("jersey-stops").unwrap();
    let mut bytes = b"stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\n".to_vec();
    bytes.extend(b"S1,2017-07-01 00:10:00,,U1,caf\xe9,none,,\nS2,2017-07-01 00:10:00,,U1,caf\xc3\xa9,none,,\n");
    let mut reader = Reader::new("x.csv", Cursor::new(bytes), 0, &feed).unwrap();
    let cleaned = clean(&reader.next().unwrap().unwrap(), &feed, &context(), &mut Lattice::stored()).unwrap();
    assert_eq!(reasons(&cleaned), [(2, "bad_text")]);
    assert_eq!(cleaned.rejects[0].column.as_deref(), Some("reason"));
    assert_eq!(texts(&cleaned, "reason"), [Some("café".into())]);
}

#[test]
fn labels_of_place_and_time() {
    let row = |time: &str, lat: &str, lon: &str| format!("I,,{time},,,,,1,,999,other,,,,N,,{lat},{lon}\n");
    let text = [
        row("2017-10-29 01:30:00", "49.2", "-2.1"),
        row("2017-03-26 01:30:00", "", ""),
        row("2017-05-05 12:00:00", "0", "0.000000"),
        row("2017-05-05 12:00:00", "49.2", ""),
    ]
    .concat();
    let cleaned = incidents(&text);
    assert_eq!(
        texts(&cleaned, "labels"),
        [
            Some("ambiguous_hour".into()),
            Some("no_location;nonexistent_hour".into()),
            Some("null_island".into()),
            Some("no_location".into())
        ]
    );
    assert_eq!(cleaned.labels[&Label::NoLocation], 2);
    assert_eq!(ints(&cleaned, "cell").iter().flatten().count(), 1);
    assert!(cleaned.batch.column_by_name("lat").unwrap().as_primitive::<Float64Type>().is_null(2));
    assert_eq!(
        times(&cleaned, "reported_at")[..2],
        [Some("2017-10-29T00:30:00+00:00".into()), Some("2017-03-26T01:30:00+00:00".into())]
    );
    assert_eq!(ints(&cleaned, "local_hour")[1], Some(2), "shifted forward");
}

#[test]
fn parishes_come_from_the_areas() {
    let areas = Areas::jersey_parishes().unwrap();
    let feed = Feed::builtin("jersey-cameras").unwrap();
    let text = "camera_id,name,lat,lon,bearing_deg,road,live_from,live_to\nC1,Weighbridge,49.1870,-2.1050,90,A1,2015-01-01,\n\
                C2,At sea,49.0,-2.3,90,A1,2015-01-01,2017-05-05\n";
    let mut reader = Reader::new("x.csv", Cursor::new(text), 0, &feed).unwrap();
    let context = Context { areas: Some(&areas), ..context() };
    let cleaned = clean(&reader.next().unwrap().unwrap(), &feed, &context, &mut Lattice::stored()).unwrap();
    assert!(texts(&cleaned, "parish")[0].as_ref().is_some_and(|parish| parish.contains("Helier")));
    assert_eq!(texts(&cleaned, "parish")[1], None);
    assert_eq!(texts(&cleaned, "labels"), [None, Some("outside_areas".into())]);
    assert_eq!(texts(&cleaned, "month"), [Some("unknown".into()), Some("unknown".into())]);
}

#[test]
fn the_same_row_has_the_same_hashes_and_one_recorded_again_is_another_version() {
    let row = |recorded: &str, closing: &str| {
        incidents(&format!("I1,,2017-07-01 00:10:00,,,,{recorded},1,,999,other,,,{closing},N,,49.2,-2.1\n"))
    };
    let hash = |cleaned: &Cleaned| ints(cleaned, "row_hash")[0];
    let key = |cleaned: &Cleaned| (ints(cleaned, "key_hi")[0], ints(cleaned, "key_lo")[0]);
    let first = row("2017-07-01 09:00:00", "NFA");
    assert_eq!(hash(&first), hash(&row("2017-07-01 09:00:00", "NFA")));
    for other in [row("2017-08-01 09:00:00", "NFA"), row("2017-07-01 09:00:00", "CHG")] {
        assert_eq!(key(&first), key(&other));
        assert_ne!(hash(&first), hash(&other));
    }
}

#[test]
fn plates_become_tokens_and_leave_no_trace() {
    let feed = Feed::builtin("jersey-anpr").unwrap();
    let text = "read_id,camera_id,read_at,received_at,vrm,plate_class,direction,lane,confidence\n\
                R1,C1,2017-07-01T00:10:00Z,2017-07-01T00:10:02Z,J 999-111,jersey,in,1,0.98\n\
                R2,C2,2017-07-01T00:20:00Z,,j999111,jersey,out,1,0.98\nR3,C2,2017-07-01T00:20:00Z,,,other,out,,\n";
    let cleaned = cleaned(&feed, text);
    let tokens = texts(&cleaned, "vrm_token");
    assert_eq!(tokens[0], tokens[1]);
    assert_eq!(tokens[0].as_ref().map(String::len), Some(32));
    assert_eq!(tokens[2], None);
    assert!(!format!("{:?}", cleaned.batch).contains("999"));
    assert_eq!(ints(&cleaned, "local_hour")[0], Some(1), "01:10 in Jersey");
    let mut reader = Reader::new("x.csv", Cursor::new(text), 0, &feed).unwrap();
    let without = Context { plate_key: None, ..context() };
    let error = clean(&reader.next().unwrap().unwrap(), &feed, &without, &mut Lattice::stored()).unwrap_err();
    assert_eq!(error.kind(), crate::error::Kind::Input);
}

#[test]
fn flags_are_sorted_and_checked() {
    let feed = Feed::builtin("jersey-crimes").unwrap();
    let row = |flags: &str| {
        format!("C1,I1,violence,V1,2017-07-01 00:10:00,,2017-07-01 08:00:00,2017-07-01 09:00:00,,,,{flags},,\n")
    };
    let header = "crime_id,incident_id,crime_group,offence_code,offence_from,offence_to,reported,recorded,outcome,\
                  outcome_at,victim_token,flags,lat,lon\n";
    let cleaned = cleaned(&feed, &[header, &row("knife;alcohol"), &row(""), &row("knife;gun")].concat());
    assert_eq!(texts(&cleaned, "flags"), [Some("alcohol;knife".into()), None]);
    assert_eq!(reasons(&cleaned), [(4, "unknown_code")]);
}

#[test]
fn ranges_that_end_before_they_begin_are_kept_as_written_and_labelled() {
    let feed = Feed::builtin("jersey-crimes").unwrap();
    let row = |id: &str, to: &str| {
        format!("{id},I1,violence,V1,2017-07-01 00:10:00,{to},2017-07-01 08:00:00,2017-07-01 09:00:00,,,,,49.2,-2.1\n")
    };
    let header = "crime_id,incident_id,crime_group,offence_code,offence_from,offence_to,reported,recorded,outcome,\
                  outcome_at,victim_token,flags,lat,lon\n";
    let text = [header, &row("C1", "2017-06-30 23:00:00"), &row("C2", "2017-07-01 00:10:00"), &row("C3", "")].concat();
    let cleaned = cleaned(&feed, &text);
    assert_eq!(texts(&cleaned, "labels"), [Some("range_reversed".into()), None, None]);
    assert_eq!(times(&cleaned, "offence_to_at")[0], Some("2017-06-30T22:00:00+00:00".into()));
    assert!(cleaned.rejects.is_empty());
}

#[test]
fn records_that_the_source_took_back_are_marked() {
    let text = Feed::builtin_text("jersey-stops").unwrap();
    let text =
        text.replace("[columns]", "deleted = { from = \"outcome\", values = [\"VOID\", \"ERROR\"] }\n\n[columns]");
    let feed = Feed::parse(&text, "stops.toml").unwrap();
    let row = |outcome: &str| format!("S1,2017-07-01 00:10:00,2017-07-01 09:00:00,U1,drugs,{outcome},49.2,-2.1\n");
    let header = "stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\n";
    let stops = cleaned(&feed, &[header, &row("none"), &row("VOID"), &row(""), &row("ERROR"), &row("void")].concat());
    let deleted: Vec<_> = stops.batch.column_by_name("deleted").unwrap().as_boolean().iter().collect();
    assert_eq!(deleted, [None, Some(true), None, Some(true), None]);
    let keys = ints(&stops, "key_lo");
    assert!(keys.iter().all(|key| *key == keys[0]), "a deletion is a version of its record");
    let without = cleaned(&Feed::builtin("jersey-stops").unwrap(), &[header, &row("none")].concat());
    assert_eq!(without.batch.column_by_name("deleted").unwrap().null_count(), 1);
    assert_eq!(ints(&stops, "row_hash")[0], ints(&without, "row_hash")[0]);
}

#[test]
fn every_way_to_write_a_time() {
    let feed = |formats: &str, with: &str| {
        let toml = format!(
            "schema = 1\nname = \"t\"\ntitle = \"T\"\ntable = \"stops\"\nzone = \"Europe/Jersey\"\nkeys = [\"id\"]\n\
             repeats = \"revision\"\n[columns]\nstop_id = {{ from = \"id\" }}\n\
             stopped_at = {{ from = \"at\", formats = [{formats}]{with} }}\n"
        );
        Feed::parse(&toml, "t.toml").unwrap()
    };
    let with = ", with = \"clock\"";
    for (formats, with, at, clock, utc, hour) in [
        ("\"%Y-%m-%dT%H:%M:%S%:z\"", "", "2017-07-01T12:30:00+02:00", "", "2017-07-01T10:30:00+00:00", Some(11)),
        ("\"%Y-%m-%dT%H:%M:%S%z\"", "", "2017-07-01T12:30:00+0200", "", "2017-07-01T10:30:00+00:00", Some(11)),
        ("\"%Y-%m-%dT%H:%M:%SZ\"", "", "2017-07-01T12:30:00Z", "", "2017-07-01T12:30:00+00:00", Some(13)),
        ("\"%d/%m/%Y %H:%M\"", with, "01/07/2017", "12:30", "2017-07-01T11:30:00+00:00", Some(12)),
        ("\"%-d/%-m/%Y %-H:%M\"", with, "1/7/2017", "9:30", "2017-07-01T08:30:00+00:00", Some(9)),
        ("\"%-d/%-m/%Y %-H:%M\"", "", "1/7/2017 9:30", "", "2017-07-01T08:30:00+00:00", Some(9)),
        ("\"%Y-%m-%d\"", "", "2017-07-01", "", "2017-06-30T23:00:00+00:00", None),
        ("\"%Y-%m\"", "", "2017-07", "", "2017-06-30T23:00:00+00:00", None),
    ] {
        let cleaned = cleaned(&feed(formats, with), &format!("id,at,clock\nS1,{at},{clock}\n"));
        assert!(cleaned.rejects.is_empty(), "{at}: {:?}", cleaned.rejects);
        assert_eq!(
            (times(&cleaned, "stopped_at"), ints(&cleaned, "local_hour")),
            (vec![Some(utc.into())], vec![hour]),
            "{at}"
        );
        let precision = match (formats.contains("%H") || formats.contains("%-H"), formats.contains('d')) {
            (true, _) => None,
            (false, true) => Some("day".to_owned()),
            (false, false) => Some("month".to_owned()),
        };
        assert_eq!(texts(&cleaned, "time_precision"), [precision], "{at}");
    }
    let short = cleaned(&feed("\"%d/%m/%Y %H:%M\"", ""), "id,at\nS1,01/07/17 12:30\n");
    assert_eq!(reasons(&short), [(2, "bad_time")]);
    assert!(short.rejects[0].message.contains("1900 to 2100"), "{}", short.rejects[0].message);
}

#[test]
fn stocks_are_dated_readings_without_a_place() {
    let feed = Feed::builtin("jersey-stocks").unwrap();
    let cleaned = cleaned(&feed, "stock,read_on,value,recorded\nofficers,2017-05-31,215,2017-06-01 09:00:00\n");
    assert_eq!(texts(&cleaned, "month"), [Some("2017-05".into())]);
    assert_eq!(texts(&cleaned, "labels"), [None]);
    assert_eq!(ints(&cleaned, "local_hour"), [None]);
}

// --- the real files -----------------------------------------------------------------------------------------------

fn shared(file: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let path = std::env::var_os("VIGIE_SHARED").map_or_else(beside, PathBuf::from).join("data").join(file);
    path.exists().then_some(path)
}

/// Counts of a whole file.
#[derive(Default)]
struct Counts {
    rows_in: u64,
    accepted: u64,
    rejected: u64,
    labels: BTreeMap<Label, u64>,
    batches: Vec<Cleaned>,
}

impl Counts {
    fn label(&self, label: Label) -> u64 {
        self.labels.get(&label).copied().unwrap_or(0)
    }

    /// Rows where both or all of the columns have values.
    fn with(&self, columns: &[&str]) -> usize {
        let has = |batch: &RecordBatch, row: usize| {
            columns.iter().all(|column| batch.column_by_name(column).is_some_and(|array| array.is_valid(row)))
        };
        self.batches.iter().map(|c| (0..c.batch.num_rows()).filter(|row| has(&c.batch, *row)).count()).sum()
    }

    fn distinct_keys(&self) -> usize {
        let mut keys: Vec<_> =
            self.batches.iter().flat_map(|c| ints(c, "key_hi").into_iter().zip(ints(c, "key_lo"))).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len()
    }
}

/// Reads and cleans a real file; `None` if it is not there.
fn load(feed: &str, file: &str) -> Option<Counts> {
    let feed = Feed::builtin(feed).unwrap();
    let mut counts = Counts::default();
    for batch in read::open(&shared(file)?, &feed).unwrap() {
        let cleaned = clean(&batch.unwrap(), &feed, &context(), &mut Lattice::stored()).unwrap();
        counts.rows_in += cleaned.rows_in;
        counts.accepted += cleaned.batch.num_rows() as u64;
        counts.rejected += cleaned.rejects.len() as u64;
        for (label, count) in &cleaned.labels {
            *counts.labels.entry(*label).or_default() += count;
        }
        counts.batches.push(cleaned);
    }
    assert_eq!(counts.rows_in, counts.accepted + counts.rejected);
    Some(counts)
}

#[test]
fn real_files_are_accepted_whole() {
    for (feed, file, rows, unlocated) in [
        ("police-uk-street", "incidents/police_uk_city_of_london_street_2018-04_2020-11.csv.gz", 22_111, 1_699),
        ("police-uk-street", "incidents/police_uk_west_yorkshire_street_2017-07.csv.gz", 28_537, 1_541),
        ("police-uk-street", "incidents/police_uk_west_yorkshire_street_2018-07.csv.gz", 31_635, 883),
        ("police-uk-stop-and-search", "incidents/police_uk_city_of_london_stop_and_search.csv.gz", 6_449, 1_937),
        ("seattle-calls", "calls/seattle_police_calls_dev.csv.gz", 5_116, 5_116),
        ("london-fire", "calls/london_fire_dwelling_fires_2009.csv.gz", 6_708, 0),
        ("stats19", "collisions/gm_stats19_casualties_2019_2022.csv.gz", 15_573, 0),
        ("chicago-crimes", "incidents/chicago_aggravated_assaults_2010_2019.csv.gz", 148_636, 0),
        ("nyc-vehicle-thefts", "incidents/nyc_vehicle_thefts_2014_2017.csv.gz", 35_746, 0),
        ("memphis-robberies", "incidents/memphis_robberies_2019.csv", 2_245, 0),
    ] {
        let Some(counts) = load(feed, file) else { continue };
        let first = counts.batches.iter().flat_map(|c| &c.rejects).next();
        assert_eq!((counts.accepted, counts.rejected), (rows, 0), "{file}: {first:?}");
        assert_eq!(counts.label(Label::NoLocation), unlocated, "{file}");
        assert_eq!(counts.with(&["cell"]) as u64, rows - unlocated, "{file}");
    }
}

#[test]
fn keys_of_the_real_files() {
    // Distinct keys before the ordinal; counted independently from the source columns.
    for (feed, file, keys) in [
        ("seattle-calls", "calls/seattle_police_calls_dev.csv.gz", 5_116),
        ("stats19", "collisions/gm_stats19_casualties_2019_2022.csv.gz", 11_831),
        ("memphis-robberies", "incidents/memphis_robberies_2019.csv", 2_245),
    ] {
        let Some(counts) = load(feed, file) else { continue };
        assert_eq!(counts.distinct_keys(), keys, "{file}");
    }
}

#[test]
fn two_months_of_one_force_share_no_key() {
    let one = load("police-uk-street", "incidents/police_uk_west_yorkshire_street_2017-07.csv.gz");
    let two = load("police-uk-street", "incidents/police_uk_west_yorkshire_street_2018-07.csv.gz");
    let (Some(mut one), Some(two)) = (one, two) else { return };
    let apart = one.distinct_keys() + two.distinct_keys();
    one.batches.extend(two.batches);
    assert_eq!(one.distinct_keys(), apart);
}

#[test]
fn figures_of_the_real_files() {
    if let Some(nyc) = load("nyc-vehicle-thefts", "incidents/nyc_vehicle_thefts_2014_2017.csv.gz") {
        assert_eq!(nyc.with(&["offence_from_at", "offence_to_at"]), 32_894);
    }
    if let Some(seattle) = load("seattle-calls", "calls/seattle_police_calls_dev.csv.gz") {
        assert_eq!(seattle.with(&["first_arrived_at"]), 5_116 - 349);
        assert_eq!(seattle.with(&["grade_initial"]), 5_115);
        assert_eq!(seattle.with(&["beat"]), 5_116);
    }
    if let Some(street) = load("police-uk-street", "incidents/police_uk_city_of_london_street_2018-04_2020-11.csv.gz") {
        assert_eq!(street.with(&["local_hour"]), 0);
        assert_eq!(street.with(&["time_precision", "local_on", "crime_group"]), 22_111);
        assert_eq!(street.label(Label::OtherCode), 0);
    }
}

#[test]
fn first_pumps_within_six_minutes() {
    let Some(fires) = load("london-fire", "calls/london_fire_dwelling_fires_2009.csv.gz") else { return };
    let within: usize = fires
        .batches
        .iter()
        .map(|cleaned| {
            let column = |name| cleaned.batch.column_by_name(name).unwrap().as_primitive::<TimestampMicrosecondType>();
            let (called, arrived) = (column("call_answered_at"), column("first_arrived_at"));
            called
                .iter()
                .zip(arrived)
                .filter(|(c, a)| matches!((c, a), (Some(c), Some(a)) if a - c <= 360_000_000))
                .count()
        })
        .sum();
    assert_eq!(format!("{:.2}", within as f64 * 100.0 / fires.accepted as f64), "71.15");
}
