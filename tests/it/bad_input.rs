//! Bad input is met with a clear message on stderr, the exit code of its kind and, with `--json`, one error object.

use std::fs;
use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use tempfile::TempDir;

use crate::http::Door;
use crate::support::{gzip, island, put, rows, small_sample, text, vigie};

/// A store without records, and a folder for the files.
fn empty_store() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    assert_eq!(vigie(&store, &["init", "--area", "jersey"]).code, 0);
    (folder, store)
}

/// Runs twice, for people and for scripts: the same code, the words on stderr, the kind in the object.
pub fn refused(store: &Path, args: &[&str], code: i32, kind: &str, words: &[&str]) {
    let people = vigie(store, args);
    assert_eq!(people.code, code, "{args:?}: {}", people.err);
    assert!(people.out.is_empty(), "{args:?}: no data: {}", people.out);
    let scripts = vigie(store, &[&["--json"], args].concat());
    assert_eq!(scripts.code, code);
    let error = &scripts.json()["error"];
    assert_eq!(error["kind"], kind, "{args:?}");
    assert!(error.get("where").is_some());
    for word in words {
        assert!(people.err.contains(word), "{args:?}: `{word}` is not in: {}", people.err);
        assert!(scripts.err.contains(word), "{args:?}: stderr says it with --json too: {}", scripts.err);
    }
    assert!(!people.err.contains("panicked") && !people.err.contains("RUST_BACKTRACE"), "{}", people.err);
}

fn refused_file(name: &str, bytes: &[u8], code: i32, kind: &str, words: &[&str]) {
    let (folder, store) = empty_store();
    let file = put(folder.path(), name, bytes);
    let words = [&[name], words].concat();
    refused(&store, &["ingest", "--feed", "jersey-incidents", text(&file)], code, kind, &words);
    let versions = vigie(&store, &["--json", "loads"]).ok();
    assert!(versions.as_array().unwrap().is_empty(), "nothing is in the ledger");
}

#[test]
fn a_missing_file() {
    let (_folder, store) = empty_store();
    refused(&store, &["ingest", "--feed", "jersey-incidents", "nowhere.csv"], 3, "missing", &["nowhere.csv"]);
}

#[test]
fn a_folder_in_place_of_a_file() {
    let (folder, store) = empty_store();
    let args = ["ingest", "--feed", "jersey-incidents", text(folder.path())];
    let run = vigie(&store, &args);
    assert!([2, 3].contains(&run.code) && run.err.contains(text(folder.path())), "{}: {}", run.code, run.err);
}

#[test]
fn an_empty_file() {
    refused_file("empty.csv", b"", 2, "input", &["empty"]);
    refused_file("empty.csv.gz", &gzip(b""), 2, "input", &["empty"]);
}

#[test]
fn a_binary_file() {
    refused_file("photo.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0", 2, "input", &[]);
    refused_file("noise.csv.gz", b"this is not gzip at all", 2, "input", &[]);
    refused_file("zipped-noise.csv.gz", &gzip(b"\0\x01\x02\x03\0\0\0\0"), 2, "input", &[]);
}

#[test]
fn a_table_without_a_key_column() {
    let sample = zipped_text(&small_sample().join("incidents.csv.gz"));
    let renamed = sample.replacen("incident_id", "number", 1);
    refused_file("renamed.csv", renamed.as_bytes(), 2, "input", &["incident_id"]);
}

#[test]
fn a_table_of_something_else() {
    refused_file("recipes.csv", b"dish,minutes\nbean crock,240\n", 2, "input", &["incident_id"]);
}

#[test]
fn an_unknown_feed() {
    let (folder, store) = empty_store();
    let file = put(folder.path(), "a.csv", "x\n1\n");
    refused(
        &store,
        &["ingest", "--feed", "jersey-incident", text(&file)],
        2,
        "input",
        &["`jersey-incident`", "vigie feeds list"],
    );
    refused(&store, &["feeds", "show", "atlantis"], 2, "input", &["atlantis"]);
    refused(&store, &["ingest", "--feed", "my-feed.toml", text(&file)], 3, "missing", &["my-feed.toml"]);
}

#[test]
fn a_feed_file_with_a_mistake_is_named_with_its_line() {
    let (folder, store) = empty_store();
    let file = put(folder.path(), "a.csv", "x\n1\n");
    let shown = vigie(&store, &["feeds", "show", "jersey-stops"]).out;
    let feed = put(folder.path(), "mine.toml", shown.replacen("title", "titel", 1));
    refused(&store, &["ingest", "--feed", text(&feed), text(&file)], 2, "input", &["mine.toml:", "titel"]);
}

#[test]
fn a_wrong_date_format_in_every_row() {
    let sample = zipped_text(&small_sample().join("stops.csv.gz"));
    let (folder, store) = empty_store();
    // 2015-01-31 12:00:00 as 31.01.2015 12:00
    let file = put(folder.path(), "stops.csv", sample.lines().take(200).map(german_dates).collect::<String>());
    refused(
        &store,
        &["ingest", "--feed", "jersey-stops", text(&file)],
        5,
        "data",
        &["stops.csv:2", "199 of 199", "bad_time", "nothing was loaded"],
    );
    let held = vigie(&store, &["--json", "sql", "SELECT count(*) AS n FROM stops"]).ok();
    assert_eq!(rows(&held)[0]["n"], 0);
    assert!(vigie(&store, &["--json", "loads"]).ok().as_array().unwrap().is_empty());
}

fn german_dates(line: &str) -> String {
    let fields = line.split(',').map(|field| match field.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _, b' ', ..] => {
            format!("{}.{}.{} {}", &field[8..10], &field[5..7], &field[..4], &field[11..16])
        }
        _ => field.to_owned(),
    });
    fields.collect::<Vec<_>>().join(",") + "\n"
}

#[test]
fn an_impossible_date() {
    for (from, to, words) in [
        ("2015-02-30", "2016-01-01", &["2015-02-30", "--from"][..]),
        ("yesterday", "2016-01-01", &["yesterday", "--from"]),
        ("2015-01-01", "2015-13-01", &["2015-13-01", "--to"]),
        ("2016-01-01", "2015-01-01", &["2016-01-01", "2015-01-01"]),
        ("2015-01-01", "2015-01-01", &["2015-01-01"]),
    ] {
        for command in ["hotspots", "trend"] {
            refused(island(), &[command, "--from", from, "--to", to], 2, "input", words);
        }
    }
    refused(island(), &["kpi", "run", "--period", "2017-Q5"], 2, "input", &["2017-Q5"]);
    refused(island(), &["report", "build", "--period", "soon", "--out", "r"], 2, "input", &["soon"]);
}

#[test]
fn a_wrong_question() {
    let year = ["--from", "2015-01-01", "--to", "2016-01-01"];
    for (more, words) in [
        (["--dataset", "crime"], &["`crime`", "crimes"][..]),
        (["--daypart", "teatime"], &["teatime"]),
        (["--daypart", "25:00-26:00"], &["25:00-26:00"]),
        (["--method", "magic"], &["magic", "gi-star"]),
        (["--res", "14"], &["14", "5 to 11"]),
        (["--res", "-1"], &["-1"]),
        (["--colour", "red"], &["--colour"]),
    ] {
        refused(island(), &[&["hotspots"][..], &year, &more].concat(), 2, "input", words);
    }
    refused(island(), &["hotspots"], 2, "input", &["--from"]);
    refused(island(), &["frobnicate"], 2, "input", &["frobnicate"]);
    refused(island(), &["--purpose", "X", "sql", "SELECT 1"], 2, "input", &["--reference"]);
}

#[test]
fn a_query_that_does_not_exist_or_takes_something_else() {
    refused(island(), &["query", "who_did_it"], 2, "input", &["who_did_it", "daily_counts"]);
    let year = ["dataset=crimes", "from=2015-01-01", "to=2016-01-01"];
    refused(island(), &[&["query", "daily_counts"][..], &year, &["colour=red"]].concat(), 2, "input", &["colour"]);
    refused(island(), &["query", "daily_counts", "dataset=crimes"], 2, "input", &["from"]);
    refused(
        island(),
        &[&["query", "daily_counts"][..], &year, &["start=noon"]].concat(),
        2,
        "input",
        &["start", "noon"],
    );
    refused(island(), &[&["query", "daily_counts"][..], &year, &["group"]].concat(), 2, "input", &["group"]);
}

#[test]
fn sql_that_does_not_resolve() {
    refused(island(), &["sql", "SELECT colour FROM crimes"], 2, "input", &["colour"]);
    refused(island(), &["sql", "SELECT * FROM criminals"], 2, "input", &["criminals"]);
    refused(island(), &["sql", "SELEC 1"], 2, "input", &["SELEC"]);
    refused(island(), &["sql", "SELECT frobnicate(1)"], 2, "input", &["frobnicate"]);
    refused(island(), &["sql", ""], 2, "input", &["SELECT"]);
    refused(island(), &["sql", "SELECT 1/0"], 2, "input", &["zero"]);
}

#[test]
fn sql_that_would_write_or_reach_out() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out.csv");
    let copy = format!("COPY crimes TO '{}'", text(&target));
    let external = format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{}'", text(folder.path()));
    for statement in [
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE crimes",
        "INSERT INTO crimes SELECT * FROM crimes",
        "DELETE FROM crimes",
        "UPDATE crimes SET crime_id = ''",
        "SET datafusion.execution.batch_size = 1",
        copy.as_str(),
        external.as_str(),
    ] {
        refused(island(), &["sql", statement], 2, "input", &["SELECT"]);
    }
    assert!(!target.exists());
    let before = vigie(island(), &["--json", "sql", "SELECT count(*) AS n FROM crimes"]).ok();
    assert!(rows(&before)[0]["n"].as_u64() > Some(0), "the records are still there");
}

#[test]
fn files_of_the_machine_are_no_tables() {
    let folder = tempfile::tempdir().unwrap();
    let secret = put(folder.path(), "secret.csv", "a\n1\n");
    let statement = format!("SELECT * FROM '{}'", text(&secret));
    refused(island(), &["sql", &statement], 2, "input", &[]);
}

#[test]
fn several_statements() {
    refused(island(), &["sql", "SELECT 1; SELECT 2"], 2, "input", &["statement"]);
    refused(island(), &["sql", "SELECT 1; DROP TABLE crimes"], 2, "input", &["statement"]);
}

#[test]
fn a_store_that_does_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let year = ["--from", "2015-01-01", "--to", "2016-01-01"];
    for args in [
        &["sql", "SELECT 1"][..],
        &["query", "datasets"],
        &[&["hotspots"][..], &year].concat(),
        &[&["trend"][..], &year].concat(),
        &["kpi", "run"],
        &["loads"],
        &["audit", "list"],
        &["ingest", "--feed", "jersey-crimes", "a.csv"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        refused(&nowhere, args, 3, "missing", &["nowhere", "vigie init"]);
    }
    assert!(!nowhere.exists(), "asking makes nothing");
}

#[test]
fn a_version_that_does_not_exist() {
    refused(island(), &["sql", "--as-of", "99999", "SELECT 1"], 3, "missing", &["99999"]);
    refused(island(), &["sql", "--as-of", "2001-01-01T00:00:00Z", "SELECT 1"], 3, "missing", &["2001"]);
    refused(island(), &["sql", "--as-of", "lately", "SELECT 1"], 2, "input", &["lately"]);
}

#[test]
fn settings_with_a_mistake_are_named_with_their_line() {
    let (folder, store) = empty_store();
    let settings = fs::read_to_string(store.join("vigie.toml")).unwrap();
    let mistaken = put(folder.path(), "other.toml", settings.replacen("resolution = 9", "resolution = 99", 1));
    refused(&store, &["--config", text(&mistaken), "loads"], 2, "input", &["other.toml", "99"]);
    let unknown = put(folder.path(), "unknown.toml", format!("colour = 1\n{settings}"));
    refused(&store, &["--config", text(&unknown), "loads"], 2, "input", &["unknown.toml:1:", "colour"]);
}

#[test]
fn samples_of_no_size() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, value) in [("--scale", "0"), ("--scale", "NaN"), ("--years", "0"), ("--seed", "-1")] {
        let out = folder.path().join("out");
        refused(island(), &["sample", "--out", text(&out), &format!("{flag}={value}")], 2, "input", &[flag]);
        assert!(!out.exists());
    }
}

#[test]
fn listening_beyond_loopback() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        refused(island(), &["serve", "--listen", address], 4, "denied", &[address, "TLS"]);
    }
    refused(island(), &["serve", "--listen", "here"], 2, "input", &["here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_outside_the_range() {
    let door = Door::signed_in();
    let year = "from=2015-01-01&to=2016-01-01";
    for path in [
        "hotspots/11/2048/701",
        "hotspots/11/1011/2048",
        "base/4/0/0",
        "base/17/0/0",
        "base/11/-1/0",
        "areas/300/0/0",
        "base/a/b/c",
    ] {
        let layer_needs = if path.starts_with("hotspots") { format!("?{year}") } else { String::new() };
        let reply = door.get(&format!("/tiles/{path}.mvt{layer_needs}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.json()["status"], 400);
    }
}

fn zipped_text(path: &Path) -> String {
    use std::io::Read as _;
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}
