//! Refused rows: shown with marks, exported, corrected, loaded again. Synthetic records.

use std::fs;

use serde_json::Value;
use vigie::app::rejects;
use vigie::error::Kind;
use vigie::model::access::Role;

use crate::extract_files::{delimited, feed};
use crate::support::{ingest, new_store, noon, put, somebody, text, vigie};

const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// The records with a wrong time, a field too many and a latitude beyond the pole.
fn dirty(delimiter: char) -> String {
    delimited(delimiter, FORMAT)
        .replace("2016-06-02 00:05:00", "02.06.2016 00:05")
        .replace(&format!("S3{delimiter}"), &format!("S3{delimiter}extra{delimiter}"))
        .replace("49.186", "149.186")
}

fn corrected(text: &str, delimiter: char) -> String {
    text.replace("02.06.2016 00:05", "2016-06-02 00:05:00")
        .replace(&format!("S3{delimiter}extra"), "S3")
        .replace("149.186", "49.186")
}

#[test]
fn a_dry_run_marks_what_is_wrong_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    assert_eq!(vigie(&store, &["init", "--area", "jersey"]).code, 0);
    let file = put(folder.path(), "stops.csv", dirty(','));
    let feed = put(folder.path(), "feed.toml", feed("", "\"id\"", FORMAT));
    let args = ["ingest", "--feed", text(&feed), "--dry-run", text(&file)];
    let run = vigie(&store, &args);
    assert_eq!(run.code, 0, "{}", run.err);
    for part in [
        "stops.csv:3: column at (field 2, from character 4 of the row): wanted a time",
        "  S2,02.06.2016 00:05,\"two lines\",49.2,-2.1\n     ^^^^^^^^^^^^^^^^\n",
        "stops.csv:5: wanted 5 fields, found 6 (column_count)\n  S3,extra,",
        "column lat (field 4, ",
        "149.186,-2.05\n",
        "^^^^^^^",
    ] {
        assert!(run.err.contains(part), "{part} is not in:\n{}", run.err);
    }
    assert!(!run.out.contains("02.06.2016") && run.out.contains("nothing was written"));
    let scripts = vigie(&store, &[&["--json"], &args[..]].concat());
    assert!(!scripts.out.contains("149.186") && !scripts.err.contains("149.186"), "{}", scripts.err);
    let logged = vigie(&store, &[&["-vv", "-q"], &args[..]].concat());
    assert!(!logged.err.contains("149.186"), "{}", logged.err);
    assert!(vigie(&store, &["--json", "loads"]).ok().as_array().unwrap().is_empty());
}

#[test]
fn refused_rows_are_corrected_and_loaded_again() {
    for (keys, extra, delimiter) in [("\"id\"", "", ','), ("", "", ','), ("", "delimiter = \";\"", ';')] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        assert_eq!(vigie(&store, &["init", "--area", "jersey"]).code, 0);
        let bad = dirty(delimiter);
        let file = put(folder.path(), "stops.csv", &bad);
        let feed = put(folder.path(), "feed.toml", feed(extra, keys, FORMAT));
        let out = folder.path().join("bad.csv");
        let load = |file: &std::path::Path, more: &[&str]| {
            let args = ["--json", "ingest", "--feed", text(&feed), text(file)];
            vigie(&store, &[&args[..], more].concat())
        };
        // Refused whole, the rows are there to be mended, and nothing is in the store.
        let refused = load(&file, &["--rejects", text(&out)]);
        assert_eq!(refused.code, 5, "{}", refused.err);
        assert!(vigie(&store, &["--json", "loads"]).ok().as_array().unwrap().is_empty());
        let first_export = fs::read_to_string(&out).unwrap();
        let first = load(&file, &["--max-reject-share", "1", "--rejects", text(&out)]).ok();
        assert_eq!((first["accepted"].as_u64(), first["rejected_total"].as_u64()), (Some(2), Some(3)));
        let exported = fs::read_to_string(&out).unwrap();
        assert_eq!(exported, first_export);
        let header: Vec<&str> = exported.lines().next().unwrap().split(delimiter).collect();
        assert_eq!(header[..5], ["\u{feff}id", "at", "why", "lat", "lon"]);
        assert_eq!(header[5..], ["vigie_line", "vigie_reason", "vigie_column", "vigie_message"]);
        assert!(exported.contains(&["5", "column_count", ""].join(&delimiter.to_string())), "{exported}");

        // As they are they are refused again; corrected they go in; the whole extract then changes nothing.
        let again = load(&out, &["--max-reject-share", "1"]).ok();
        assert_eq!(again["rejected_total"], 3, "{again}");
        let mended = corrected(&exported, delimiter);
        let mended = load(&put(folder.path(), "mended.csv", mended), &[]).ok();
        assert_eq!((mended["accepted"].as_u64(), mended["rejected_total"].as_u64()), (Some(3), Some(0)), "{mended}");
        let whole = load(&put(folder.path(), "whole.csv", delimited(delimiter, FORMAT)), &[]).ok();
        assert_eq!((whole["unchanged"].as_u64(), whole["accepted"].as_u64()), (Some(5), Some(0)), "{whole}");

        // The same from the ledger, later.
        let later = folder.path().join("later.csv");
        let export = ["rejects", "export", "--load", "1", "--feed", text(&feed), "--out", text(&later)];
        assert_eq!(vigie(&store, &[&export[..], &[text(&file)]].concat()).code, 0);
        assert_eq!(fs::read_to_string(&later).unwrap(), exported);
        let other = put(folder.path(), "other.csv", bad.replace("S1", "S9"));
        let changed = vigie(&store, &[&export[..], &[text(&other)]].concat());
        assert!(changed.code == 2 && changed.err.contains("SHA-256"), "{}", changed.err);

        let listed = vigie(&store, &["--json", "rejects", "list", "--load", "1"]).ok();
        let listed = listed.as_array().unwrap();
        assert_eq!(listed.len(), 3);
        let lines: Vec<&Value> = listed.iter().map(|row| &row["line"]).collect();
        assert_eq!(lines, [3, 5, 6]);
        assert_eq!(vigie(&store, &["--json", "rejects", "list", "--limit", "1"]).ok().as_array().unwrap().len(), 1);
    }
}

#[test]
fn an_export_never_overwrites_an_extract() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    assert_eq!(vigie(&store, &["init", "--area", "jersey"]).code, 0);
    let file = put(folder.path(), "stops.csv", dirty(','));
    let feed = put(folder.path(), "feed.toml", feed("", "\"id\"", FORMAT));
    let run = vigie(&store, &["ingest", "--feed", text(&feed), "--rejects", text(&file), text(&file)]);
    assert!(run.code == 2 && run.err.contains("one of the files"), "{}", run.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), dirty(','));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_look_at_rejects_is_decided_and_written_down() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let file = put(folder.path(), "stops.csv", delimited(',', FORMAT));
    let feed = put(folder.path(), "feed.toml", feed("", "\"id\"", FORMAT));
    ingest(&app, text(&feed), std::slice::from_ref(&file)).await.unwrap();
    let (auditor, officer) = (somebody(&[Role::Auditor]), somebody(&[Role::Officer]));
    assert_eq!(rejects::list(&app, &officer, None, None).await.unwrap_err().kind(), Kind::Denied);
    assert!(rejects::list(&app, &auditor, Some(1), None).await.unwrap().is_empty());
    let out = folder.path().join("out.csv");
    let export = rejects::export(&app, &auditor, 1, Some(text(&feed)), std::slice::from_ref(&file), &out).await;
    assert_eq!(export.unwrap_err().kind(), Kind::Denied);
    let show = rejects::show(&app, &auditor, text(&feed), &[file], &[]);
    assert_eq!(show.err().unwrap().kind(), Kind::Denied);
    let lines = app.store.audit_lines(10).unwrap();
    let named: Vec<(&str, &str)> = lines.iter().map(|line| (line.action.as_str(), line.outcome.as_str())).collect();
    for line in [
        ("rejects list", "allowed"),
        ("rejects list", "denied"),
        ("rejects export", "denied"),
        ("rejects show", "denied"),
    ] {
        assert!(named.contains(&line), "{line:?} is not in {named:?}");
    }
    assert!(!out.exists());
    assert_eq!(app.now(), noon());
}
