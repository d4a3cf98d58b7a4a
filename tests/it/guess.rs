//! `vigie feeds guess` on the island's own extracts and on real public files: the proposal is right where it matters,
//! and the program reads the same file with it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{extracts, put, text, vigie};

/// What a proposal must get right.
struct Known<'k> {
    table: &'k str,
    /// Column of the table and the column of the extract that fills it.
    fills: &'k [(&'k str, &'k str)],
    keys: &'k str,
    /// Least share of the rows that an ingest accepts.
    accepted: f64,
}

fn check(file: &Path, known: &Known<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("proposed.toml");
    let run = vigie(&folder.path().join("none"), &["--json", "feeds", "guess", text(file), "--out", text(&toml)]);
    let guess = run.ok();
    let shown = guess["toml"].as_str().unwrap();
    assert_eq!(guess["table"], known.table, "{shown}");
    let columns = guess["columns"].as_array().unwrap();
    for (column, from) in known.fills {
        let found = columns.iter().find(|c| c["fills"] == *column).map(|c| c["name"].as_str().unwrap());
        assert_eq!(found, Some(*from), "{column}\n{shown}");
    }
    for column in columns {
        let confidence = column["confidence"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&confidence), "{column}");
    }
    assert!(shown.contains(&format!("keys = [{}]", known.keys)), "{}\n{shown}", known.keys);
    let store = folder.path().join("s");
    assert_eq!(vigie(&store, &["init"]).code, 0);
    let args = ["--json", "ingest", "--dry-run", "--feed", text(&toml), text(file), "--max-reject-share", "1"];
    let loaded = vigie(&store, &args).ok();
    let number = |value: &Value| value.as_f64().unwrap();
    let share = 1.0 - number(&loaded["rejected_total"]) / number(&loaded["rows_in"]);
    assert!(share >= known.accepted, "{share}: {loaded}\n{shown}");
}

#[test]
fn the_extracts_of_the_island() {
    let extract = |name: &str| extracts().join(name);
    let known = |table, fills, keys| Known { table, fills, keys, accepted: 1.0 };
    check(
        &extract("incidents.csv.gz"),
        &known(
            "incidents",
            &[
                ("incident_id", "incident_id"),
                ("call_answered_at", "call_answered"),
                ("reported_at", "reported"),
                ("dispatched_at", "dispatched"),
                ("first_arrived_at", "first_arrived"),
                ("closed_at", "closed"),
                ("recorded_at", "recorded"),
                ("grade_initial", "grade_initial"),
                ("cancelled", "cancelled"),
                ("category", "category"),
                ("lat", "lat"),
                ("lon", "lon"),
            ],
            "\"incident_id\"",
        ),
    );
    check(
        &extract("crimes.csv.gz"),
        &known(
            "crimes",
            &[
                ("crime_id", "crime_id"),
                ("offence_from_at", "offence_from"),
                ("offence_to_at", "offence_to"),
                ("reported_at", "reported"),
                ("recorded_at", "recorded"),
                ("crime_group", "crime_group"),
                ("outcome", "outcome"),
                ("lat", "lat"),
                ("lon", "lon"),
            ],
            "\"crime_id\"",
        ),
    );
    let stops = [
        ("stop_id", "stop_id"),
        ("stopped_at", "stopped_at"),
        ("recorded_at", "recorded"),
        ("lat", "lat"),
        ("lon", "lon"),
    ];
    check(&extract("stops.csv.gz"), &known("stops", &stops, "\"stop_id\""));
    let offences = [("offence_id", "offence_id"), ("offended_at", "offended_at"), ("lat", "lat"), ("lon", "lon")];
    check(&extract("offences.csv.gz"), &known("offences", &offences, "\"offence_id\""));
    let reads = [
        ("read_id", "read_id"),
        ("camera_id", "camera_id"),
        ("read_at", "read_at"),
        ("vrm_token", "vrm"),
        ("plate_class", "plate_class"),
    ];
    check(&extract("anpr.csv.gz"), &known("anpr_reads", &reads, "\"read_id\""));
    let pings = [
        ("unit_id", "unit_id"),
        ("pinged_at", "pinged_at"),
        ("speed_kmh", "speed_kmh"),
        ("lat", "lat"),
        ("lon", "lon"),
    ];
    check(&extract("pings.csv.gz"), &known("pings", &pings, "\"unit_id\", \"pinged_at\""));
    check(
        &extract("stocks.csv.gz"),
        &known("stocks", &[("stock", "stock"), ("read_on", "read_on"), ("value", "value")], "\"stock\", \"read_on\""),
    );
    check(
        &extract("cameras.csv.gz"),
        &known("cameras", &[("camera_id", "camera_id"), ("lat", "lat"), ("lon", "lon")], "\"camera_id\""),
    );
}

/// Folder of the real files.
fn data() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("VIGIE_SHARED").map_or(beside, PathBuf::from).join("data")
}

#[test]
fn real_public_files() {
    let street = Known {
        table: "crimes",
        fills: &[
            ("crime_id", "Crime ID"),
            ("offence_from_at", "Month"),
            ("crime_group", "Crime type"),
            ("lat", "Latitude"),
        ],
        keys: "\"Crime ID\"",
        accepted: 0.99,
    };
    let calls = Known {
        table: "incidents",
        fills: &[
            ("incident_id", "CAD Event Number"),
            ("first_arrived_at", "Arrived Time"),
            ("grade_initial", "Priority"),
        ],
        keys: "\"CAD Event Number\"",
        accepted: 0.99,
    };
    let collisions = Known {
        table: "collisions",
        fills: &[("collision_id", "AREFNO"), ("collided_at", "date"), ("lat", "lat"), ("lon", "lon")],
        keys: "\"AREFNO\"",
        accepted: 0.99,
    };
    let fires = Known {
        table: "incidents",
        fills: &[("incident_id", "incident_number"), ("lat", "latitude"), ("lon", "longitude")],
        keys: "\"incident_number\"",
        accepted: 0.99,
    };
    let files = [
        ("incidents/police_uk_west_yorkshire_street_2017-07.csv.gz", street),
        ("calls/seattle_police_calls_dev.csv.gz", calls),
        ("collisions/gm_stats19_casualties_2019_2022.csv.gz", collisions),
        ("calls/london_fire_dwelling_fires_2009.csv.gz", fires),
    ];
    let mut skipped = 0;
    for (file, known) in files {
        let path = data().join(file);
        if path.is_file() {
            check(&path, &known);
        } else {
            skipped += 1;
        }
    }
    if skipped > 0 {
        println!("{skipped} real files skipped: they are not in ../shared/data");
    }
}

#[test]
fn the_table_for_the_person_has_names_and_no_values() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = "read_id,camera,read_at,vrm\n".to_owned();
    for n in 0..30 {
        rows.push_str(&format!("R{n},CAM1,2017-05-01T10:{n:02}:00Z,J9000{n:02}\n"));
    }
    let file = put(folder.path(), "reads.csv", rows);
    let run = vigie(folder.path(), &["feeds", "guess", text(&file)]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("vrm_token") && run.err.contains("30 of the first 30 rows"), "{}", run.err);
    assert!(!run.err.contains("J9000") && !run.out.contains("J9000"), "{}{}", run.out, run.err);
    assert!(run.out.contains("[columns]"), "{}", run.out);
    assert_eq!(vigie(folder.path(), &["feeds", "guess", text(&file), "--out", "x.txt"]).code, 2);
    assert_eq!(vigie(folder.path(), &["feeds", "guess", "none.csv"]).code, 3);
}
