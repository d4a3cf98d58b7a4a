//! The program as people and scripts run it: arguments in; data, messages and an exit code out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::bad_input::refused;
use crate::support::{EXTRACTS, Run, extracts, island, last_year, program, rows, small_sample, text, vigie};

/// Keys of an object, in alphabetical order.
fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn has_keys(object: &Value, wanted: &[&str]) {
    let found = keys(object);
    let missing: Vec<_> = wanted.iter().filter(|key| !found.contains(key)).collect();
    assert!(missing.is_empty(), "{missing:?} missing among {found:?}");
}

/// `hotspots` over the last year of the island.
fn hotspots(more: &[&str]) -> Run {
    let (from, to) = last_year();
    let mut args = vec!["--json", "hotspots", "--from", &from, "--to", &to];
    args.extend(more);
    vigie(island(), &args)
}

#[test]
fn help_and_version_are_answers() {
    for args in [&["--help"][..], &["ingest", "--help"], &["--version"]] {
        let output = program().args(args).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty() && output.stderr.is_empty(), "{args:?}");
    }
    let version = program().arg("--version").output().unwrap();
    assert!(String::from_utf8(version.stdout).unwrap().contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn init_writes_settings_and_refuses_to_do_it_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s");
    let made = vigie(&store, &["--json", "init", "--area", "jersey", "--zone", "Europe/Jersey", "--synthetic"]).ok();
    assert_eq!(made["study_area"], "jersey");
    let settings = fs::read_to_string(store.join("vigie.toml")).unwrap();
    assert!(settings.contains("synthetic = true") && settings.contains("# "), "{settings}");
    let again = vigie(&store, &["init"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("is a store already"), "{}", again.err);
}

#[test]
fn a_boundary_file_gives_the_study_area() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s");
    let parishes = concat!(env!("CARGO_MANIFEST_DIR"), "/data-samples/geo/parishes.geojson");
    let made = vigie(&store, &["--json", "init", "--area", parishes, "--name-property", "parish"]).ok();
    assert_eq!(made["study_area"], "loaded");
    let loaded = vigie(&store, &["--json", "areas", "load", parishes, "--name-property", "parish"]).ok();
    assert_eq!(loaded["areas"].as_array().unwrap().len(), 12, "{loaded}");
}

#[test]
fn ingest_says_what_became_of_every_row_and_a_second_time_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s");
    assert_eq!(vigie(&store, &["init", "--area", "jersey"]).code, 0);
    let file = small_sample().join("crimes.csv.gz");
    let args = ["--json", "ingest", "--feed", "jersey-crimes", text(&file)];

    let dry = vigie(&store, &[&args[..], &["--dry-run"]].concat()).ok();
    assert_eq!(dry["version"], 0);
    assert!(dry["accepted"].as_u64().unwrap() > 100, "{dry}");

    let first = vigie(&store, &args);
    assert!(first.err.is_empty(), "a clean load says nothing on stderr: {}", first.err);
    let first = first.ok();
    has_keys(
        &first,
        &[
            "feed",
            "files",
            "rows_in",
            "accepted",
            "revised",
            "unchanged",
            "duplicate",
            "rejected",
            "rejected_total",
            "labels",
            "version",
            "elapsed_ms",
        ],
    );
    assert_eq!((&first["feed"], &first["version"]), (&json!("jersey-crimes"), &json!(1)));
    assert_eq!(first["accepted"], dry["accepted"]);

    let second = vigie(&store, &args).ok();
    assert_eq!(second["version"], 1, "nothing new, no new version");
    assert_eq!(second["unchanged"], first["rows_in"]);
    assert_eq!(second["accepted"], 0);

    let ledger = vigie(&store, &["--json", "loads"]).ok();
    assert_eq!(ledger.as_array().unwrap().len(), 2, "every load has its line, also one that changed nothing");
}

#[test]
fn bad_rows_are_shown_with_file_line_and_reason_and_never_with_their_value() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s");
    assert_eq!(vigie(&store, &["init", "--area", "jersey"]).code, 0);
    let file = small_sample().join("dirty/incidents-dirty.csv");
    let run = vigie(&store, &["--json", "ingest", "--feed", "jersey-incidents", text(&file)]);
    let report = run.ok();
    assert_eq!(report["rejected_total"], 6);
    assert!(run.err.contains("incidents-dirty.csv:20: ") && run.err.contains("(missing_key)"), "{}", run.err);
    assert!(!run.err.contains("jaywalking") && !run.err.contains("25:61"), "{}", run.err);
    let kept = vigie(&store, &["--json", "query", "rejects"]).ok();
    let reasons: BTreeSet<&str> = rows(&kept).iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons.len(), 6, "{reasons:?}");
}

#[test]
fn hotspots_have_a_row_for_every_cell_of_the_study_area() {
    for daypart in ["day", "night"] {
        let answer = hotspots(&["--daypart", daypart]).ok();
        let about = &answer["provenance"];
        has_keys(
            about,
            &[
                "question",
                "dataset",
                "from",
                "to",
                "daypart",
                "method",
                "resolution",
                "study_area",
                "cells",
                "rows",
                "excluded",
                "store_version",
                "generated_by",
            ],
        );
        let rows = rows(&answer);
        assert_eq!(rows.len() as u64, about["cells"].as_u64().unwrap());
        assert!((1200..1450).contains(&rows.len()), "the whole island, zeros too: {}", rows.len());
        has_keys(
            &rows[0],
            &["cell", "parish", "area_km2", "count", "rate_per_km2", "z", "p", "q", "bin", "lat", "lon"],
        );
        let counted: u64 = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, about["rows"].as_u64().unwrap());
        assert!(rows.iter().any(|row| row["count"] == 0) && rows.iter().any(|row| row["bin"] == "hot 99%"));
        let bins = ["hot 99%", "hot 95%", "hot 90%", "none", "cold 90%", "cold 95%", "cold 99%"];
        for row in rows {
            assert!(bins.contains(&row["bin"].as_str().unwrap()), "{row}");
            let hot = row["bin"].as_str().unwrap().starts_with("hot");
            assert!(!hot || (row["z"].as_f64().unwrap() > 0.0 && row["q"].as_f64().unwrap() <= 0.1), "{row}");
        }
    }
}

#[test]
fn day_and_night_part_the_records() {
    let all = hotspots(&[]).ok()["provenance"]["rows"].as_u64().unwrap();
    let parts: u64 =
        ["day", "night"].iter().map(|d| hotspots(&["--daypart", d]).ok()["provenance"]["rows"].as_u64().unwrap()).sum();
    let free: u64 = ["07:00-19:00", "19:00-07:00"]
        .iter()
        .map(|d| hotspots(&["--daypart", d]).ok()["provenance"]["rows"].as_u64().unwrap())
        .sum();
    // A night belongs to the date it starts on: the small hours of the first day are of the night before.
    assert!(parts <= all && parts + 20 > all, "{parts} of {all}");
    assert_eq!(parts, free);
}

#[test]
fn hotspots_are_written_in_the_format_that_the_file_name_says() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = folder.path().join(name);
        let run = hotspots(&["--daypart", "night", "--out", text(&path)]);
        assert_eq!(run.code, 0, "{}", run.err);
        fs::read(path).unwrap()
    };
    let map: Value = serde_json::from_slice(&write("map.geojson")).unwrap();
    let features = map["features"].as_array().unwrap();
    assert!(features.len() > 1000);
    let ring = features[0]["geometry"]["coordinates"][0].as_array().unwrap();
    assert_eq!((ring.len(), &ring[0]), (7, &ring[6]), "a closed hexagon");
    assert!(String::from_utf8(write("map.csv")).unwrap().starts_with("cell,"));
    assert_eq!(&write("map.parquet")[..4], b"PAR1");
    assert!(String::from_utf8(write("map.svg")).unwrap().contains("<svg"));
    let json: Value = serde_json::from_slice(&write("map.json")).unwrap();
    assert_eq!(rows(&json).len(), features.len());
    assert_eq!(hotspots(&["--out", "map.docx"]).code, 2);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 5, "no drafts stay behind: {left:?}");
}

#[test]
fn the_same_question_has_the_same_answer_byte_for_byte() {
    assert_eq!(hotspots(&["--daypart", "night"]).out, hotspots(&["--daypart", "night"]).out);
}

#[test]
fn sql_reads_the_tables_with_functions_of_place_and_time() {
    let ask = |sql: &str| vigie(island(), &["--json", "sql", sql]).ok();
    let tables = ask("SELECT count(*) AS n FROM crimes WHERE cell IS NOT NULL");
    assert!(rows(&tables)[0]["n"].as_u64().unwrap() > 100);
    let cell = ask(
        "SELECT h3_string(h3_cell(49.1857, -2.1075, 9)) AS nine, h3_string(h3_parent(h3_cell(49.1857, -2.1075, 11), 9)) AS parent",
    );
    let row = &rows(&cell)[0];
    assert_eq!(row["nine"].as_str().unwrap().len(), 15, "{row}");
    let shares = ask("SELECT daypart(local_minute) AS part, count(*) AS n FROM incidents GROUP BY 1 ORDER BY 1");
    assert!(rows(&shares).len() >= 2, "{shares}");
    let csv = vigie(island(), &["sql", "--format", "csv", "SELECT 1 AS one, 'a,b' AS two"]);
    assert_eq!(csv.out, "one,two\n1,\"a,b\"\n");
    let none = vigie(island(), &["sql", "--format", "csv", "SELECT crime_id FROM crimes WHERE false"]);
    assert_eq!(none.out, "crime_id\n", "the columns are known without rows");
}

#[test]
fn named_queries_are_listed_and_asked() {
    let list = vigie(island(), &["--json", "query"]).ok();
    assert!(list.as_array().unwrap().len() >= 8, "{list}");
    let (from, to) = last_year();
    let (from, to) = (format!("from={from}"), format!("to={to}"));
    let days = vigie(island(), &["--json", "query", "daily_counts", "dataset=crimes", &from, &to]).ok();
    let counted: u64 = rows(&days).iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, hotspots(&[]).ok()["provenance"]["rows"].as_u64().unwrap());
}

#[test]
fn trend_has_a_row_a_month() {
    let (from, to) = last_year();
    let answer = vigie(island(), &["--json", "trend", "--dataset", "incidents", "--from", &from, "--to", &to]).ok();
    let months = rows(&answer);
    assert!((11..=12).contains(&months.len()), "whole months only: {}", months.len());
    has_keys(&months[0], &["month", "count", "rolling_12", "same_month_last_year", "ytd", "ytd_last_year"]);
    let counted: u64 = months.iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, answer["provenance"]["rows"].as_u64().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("trend.svg");
    assert_eq!(vigie(island(), &["trend", "--from", &from, "--to", &to, "--plot", text(&plot)]).code, 0);
    assert!(fs::read_to_string(plot).unwrap().contains("<svg"));
}

#[test]
fn kpis_cover_every_measure_of_the_plan() {
    let list = vigie(island(), &["--json", "kpi", "list"]).ok();
    let measures: BTreeSet<&str> =
        list.as_array().unwrap().iter().map(|kpi| kpi["measure"].as_str().unwrap()).collect();
    for number in 1..=17 {
        let name = format!("M{number:02}");
        assert!(measures.iter().any(|m| m.starts_with(&name)), "{name} is missing among {measures:?}");
    }
    let run = vigie(island(), &["--json", "kpi", "run"]).ok();
    let rows = rows(&run);
    has_keys(
        &rows[0],
        &[
            "id",
            "measure",
            "period",
            "area",
            "daypart",
            "grade",
            "value",
            "numerator",
            "denominator",
            "excluded",
            "target",
            "mean",
            "lpl",
            "upl",
            "variation",
            "assurance",
            "undefined_reason",
            "definition",
            "version",
        ],
    );
    let ran: BTreeSet<&str> = rows.iter().map(|row| row["measure"].as_str().unwrap()).collect();
    assert_eq!(ran, measures, "every measure has values");
    for row in rows {
        assert!(row["value"].is_number() != row["undefined_reason"].is_string(), "a value or a reason: {row}");
    }
}

#[test]
fn anti_social_behaviour_at_150_a_month_is_reconciled_with_its_share() {
    let run = vigie(island(), &["--json", "kpi", "run"]).ok();
    let warnings = run["warnings"].to_string();
    assert!(warnings.contains("20"), "the plan's two figures do not agree, and it is said: {warnings}");
}

#[test]
fn a_report_is_accessible_and_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_, to) = last_year();
    let quarter = format!("{}-Q4", to[..4].parse::<u32>().unwrap() - u32::from(to.ends_with("-01-01")));
    let build =
        |out: &Path| vigie(island(), &["--json", "report", "build", "--period", &quarter, "--out", text(out)]).ok();
    let first = build(&folder.path().join("a"));
    let second = build(&folder.path().join("b"));
    assert_eq!(first["sha256"], second["sha256"]);
    let html = fs::read_to_string(first["report"].as_str().unwrap()).unwrap();
    assert!(html.contains("<html lang=\"en") && html.contains("<title>") && html.contains("<main"));
    let (charts, tables) = (html.matches("<svg").count(), html.matches("<table").count());
    assert!(charts > 10 && tables >= charts, "a table after each of {charts} charts: {tables}");
    for outside in ["src=\"http", "href=\"http", "<script", "@import", "url(http"] {
        assert!(!html.contains(outside), "one file, nothing from outside: {outside}");
    }
    assert!(html.to_lowercase().contains("synthetic"), "synthetic data is labelled so");
}

#[test]
fn feeds_are_listed_and_shown() {
    let list = vigie(island(), &["--json", "feeds", "list"]).ok();
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|feed| feed["feed"].as_str().unwrap()).collect();
    for (feed, _) in EXTRACTS {
        assert!(names.contains(&feed), "{feed}");
    }
    for feed in [
        "police-uk-street",
        "police-uk-stop-and-search",
        "seattle-calls",
        "london-fire",
        "stats19",
        "chicago-crimes",
        "memphis-robberies",
        "nyc-vehicle-thefts",
    ] {
        assert!(names.contains(&feed), "{feed}");
        assert!(vigie(island(), &["feeds", "show", feed]).out.contains("table = "));
    }
    // A shown feed is a feed: copied to a file it loads.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("mine.toml");
    fs::write(&copy, vigie(island(), &["feeds", "show", "jersey-crimes"]).out).unwrap();
    let store = folder.path().join("s");
    assert_eq!(vigie(&store, &["init"]).code, 0);
    let file = small_sample().join("crimes.csv.gz");
    assert!(
        vigie(&store, &["--json", "ingest", "--feed", text(&copy), text(&file)]).ok()["accepted"].as_u64() > Some(0)
    );
}

#[test]
fn every_trip_leaves_a_line_in_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("s");
    assert_eq!(vigie(&store, &["init", "--area", "jersey"]).code, 0);
    let file = small_sample().join("crimes.csv.gz");
    assert_eq!(vigie(&store, &["ingest", "--feed", "jersey-crimes", text(&file)]).code, 0);
    let year = ["--from", "2015-01-01", "--to", "2016-01-01"];
    assert_eq!(vigie(&store, &[&["hotspots"][..], &year].concat()).code, 0);
    assert_eq!(vigie(&store, &[&["trend"][..], &year].concat()).code, 0);
    assert_eq!(vigie(&store, &["--purpose", "RESEARCH", "--reference", "R-1", "sql", "SELECT 1"]).code, 0);
    let lines = vigie(&store, &["--json", "audit", "list"]).ok();
    let lines = lines.as_array().unwrap();
    let actions: Vec<&str> = lines.iter().rev().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["init", "load", "hotspots", "trend", "sql", "audit list"]);
    let sql = &lines[1];
    assert_eq!((&sql["purpose"], &sql["reference"]), (&json!("RESEARCH"), &json!("R-1")));
    assert!(!sql["subject"].as_str().unwrap().contains("SELECT"), "the statement may hold personal values: {sql}");
    // The account is the operating system's word, not that of the environment.
    assert!(lines.iter().all(|line| line["who"] != "somebody else" && line["who"] != ""));
    assert!(lines.iter().all(|line| line["roles"] == "analyst+admin"));
    assert_eq!(vigie(&store, &["--json", "audit", "verify"]).ok()["holds"], true);
}

#[test]
fn anpr_flow_shows_no_plate_and_no_token() {
    let (_, to) = last_year();
    let from = format!("{}-12-01", to[..4].parse::<u32>().unwrap() - u32::from(to.ends_with("-01-01")));
    let answer = vigie(island(), &["--json", "anpr", "flow", "--from", &from, "--to", &to]).ok();
    let rows = rows(&answer);
    assert!(rows.len() > 100);
    assert_eq!(keys(&rows[0]), ["camera_id", "local_hour", "local_on", "name", "reads"]);
    let cameras = vigie(island(), &["--json", "anpr", "cameras"]).ok();
    let cameras = cameras.as_array().unwrap();
    let dead = &crate::support::truth(extracts())["anpr"]["dead_camera"]["camera_id"];
    let silent: Vec<&Value> = cameras.iter().filter(|c| c["live"] == false).map(|c| &c["camera_id"]).collect();
    if dead.is_string() {
        assert!(silent.contains(&dead), "{dead} fell silent; found {silent:?}");
    }
}

#[test]
fn plates_are_stored_as_tokens_only() {
    let purpose = ["--purpose", "audit", "--reference", "TEST-1"];
    let statement = ["--json", "sql", "SELECT * FROM anpr_reads LIMIT 50"];
    let answer = vigie(island(), &[&purpose[..], &statement[..]].concat()).ok();
    for row in rows(&answer) {
        assert_eq!(row["vrm_token"].as_str().unwrap().len(), 32, "{row}");
        assert!(row.get("vrm").is_none());
    }
}

#[test]
fn a_token_that_nobody_holds_is_denied() {
    let output =
        program().env("VIGIE_TOKEN", "wrong").arg("--store").arg(island()).args(["--json", "loads"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["error"]["kind"], "denied");
}

#[test]
fn the_store_is_named_by_the_environment_too() {
    let output = program().env("VIGIE_STORE", island()).args(["--json", "loads"]).output().unwrap();
    assert!(output.status.success());
}

#[test]
fn the_demo_does_the_main_job_and_may_be_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let demo = || {
        let args = ["--json", "demo", "--no-serve", "--dir", text(&dir), "--samples", text(extracts())];
        let output = program().args(args).output().unwrap();
        let shown = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{shown}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let first = demo();
    assert_eq!(keys(&first), ["elapsed_ms", "report", "steps", "store", "url"]);
    assert!(first["url"].is_null());
    assert!(Path::new(first["report"].as_str().unwrap()).is_file());
    let steps = first["steps"].as_array().unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    for wanted in ["store", "jersey-crimes", "hotspots by day", "hotspots by night", "kpis", "report"] {
        assert!(names.contains(&wanted), "{wanted} among {names:?}");
    }
    has_keys(&steps[1], &["name", "elapsed_ms", "figures"]);
    let seconds = first["elapsed_ms"].as_u64().unwrap() / 1000;
    println!("the demo took {seconds} s");
    assert!(seconds < 60, "under one minute after the build");
    let second = demo();
    let unchanged = |name: &str| {
        let step = second["steps"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap();
        (step["figures"]["accepted"].as_u64(), step["figures"]["unchanged"] == step["figures"]["rows_in"])
    };
    for (feed, _) in EXTRACTS {
        assert_eq!(unchanged(feed), (Some(0), true), "{feed} a second time");
    }
}

#[test]
fn telling_people_or_vehicles_apart_needs_a_purpose() {
    for statement in [
        "SELECT vrm_token FROM anpr_reads LIMIT 1",
        "SELECT t AS harmless FROM (SELECT victim_token AS t FROM crimes)",
        "SELECT count(*) FROM incidents WHERE person_token = 'x'",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM anpr_reads WHERE vrm_token = 'x')",
    ] {
        refused(island(), &["sql", statement], 4, "denied", &["_token", "--purpose"]);
    }
    vigie(island(), &["--json", "sql", "SELECT crime_group, count(*) FROM crimes GROUP BY 1"]).ok();
}
