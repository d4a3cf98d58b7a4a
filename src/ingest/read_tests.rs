//! Tests of `read`.

use std::io::{Cursor, Write};

use super::*;
use crate::error::Kind;

const FEED: &str = "schema = 1\nname = \"try\"\ntitle = \"A trial\"\ntable = \"stops\"\nzone = \"Europe/Jersey\"\n\
    keys = [\"id\"]\nrepeats = \"revision\"\n[columns]\nstop_id = { from = \"id\" }\n\
    stopped_at = { from = \"at\", required = true, formats = [\"%Y-%m-%d\"] }\nreason = { from = \"why\" }\n";

fn feed() -> Feed {
    Feed::parse(FEED, "try.toml").unwrap()
}

fn reader(name: &str, bytes: &[u8]) -> Result<Reader> {
    Reader::new(name, Cursor::new(bytes.to_vec()), bytes.len() as u64, &feed())
}

fn column(batch: &TextBatch, index: usize) -> Vec<String> {
    let column = batch.columns[index].as_ref().unwrap();
    column.fields().map(|field| String::from_utf8_lossy(field).into_owned()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn rows_lines_and_ragged_rows() {
    let text = b"\xef\xbb\xbfid,why,at\r\n1,\"a\nb\",2017-01-01\r\n\r\n2,too,many,fields\n3,few\n 4 ,,2017-01-02";
    for (name, bytes) in [("x.csv", text.to_vec()), ("x.csv.gz", gzip(text))] {
        let mut reader = reader(name, &bytes).unwrap();
        let batch = reader.next().unwrap().unwrap();
        assert_eq!(column(&batch, 0), ["1", "4"]);
        assert_eq!(batch.lines, [2, 7]);
        assert_eq!(batch.rows_in(), 4);
        let refused: Vec<_> = batch.rejects.iter().map(|reject| (reject.line, reject.reason)).collect();
        assert_eq!(refused, [(5, Reason::ColumnCount), (6, Reason::ColumnCount)]);
        assert_eq!(&*batch.rejects[0].message, "wanted 3 fields, found 4");
        assert!(reader.next().is_none());
        assert_eq!(reader.bytes_read(), reader.total_bytes());
    }
}

#[test]
fn gzip_files_of_several_members_are_read_to_the_end() {
    let mut bytes = gzip(b"id,at\n1,2017-01-01\n");
    bytes.extend(gzip(b"2,2017-01-02\n"));
    let rows: usize = reader("x.csv.gz", &bytes).unwrap().map(|batch| batch.unwrap().rows()).sum();
    assert_eq!(rows, 2);
}

#[test]
fn a_column_that_is_not_needed_may_be_absent() {
    let batch = reader("x.csv", b"at,id\n2017-01-01,1\n").unwrap().next().unwrap().unwrap();
    let absent = feed().sources.iter().position(|source| source.name == "why").unwrap();
    assert!(batch.columns[absent].is_none());
}

#[test]
fn what_is_no_extract_is_named() {
    for (name, bytes, part) in [
        ("x.csv", &b""[..], "empty"),
        ("x.csv", b"\n\n", "empty"),
        ("x.csv.gz", &gzip(b""), "empty"),
        ("x.csv", b"id,at\0\n", "binary"),
        ("x.csv", b"PK\x03\x04abc", "ZIP"),
        ("x.csv", b"PAR1abc", "Parquet"),
        ("x.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
        ("x.csv", b"%PDF-1.7", "PDF"),
        ("x.csv", b"\xff\xfei\0d\0", "column(s) at, which the header does not have; it has id"),
        ("x.zip", b"id,at\n", "no ZIP archive"),
        ("x.csv.zst", b"id,at\n", "not zstd"),
        ("x.csv.zst", b"\x28\xb5\x2f\xfdgarbage", "damaged"),
        ("x.csv", b"{\"id\": 1", "no line of the beginning is a whole JSON object"),
        ("x.csv", b"[{\"id\": 1", "no whole JSON object"),
        ("x.csv.gz", b"id,at\n", "not gzip"),
        ("x.csv.gz", b"\x1f\x8b\x08garbage-garbage-garbage", "damaged"),
        ("x.csv", b"id,when\n", "column(s) at, which the header does not have; it has id, when"),
        ("x.csv", b"S1,2017-01-01\n", "which the header does not have; its 2 fields have none of the feed's names"),
        ("x.csv", b"id,at,id\n", "twice"),
        ("x.csv", b"id,at,\xff\n", "windows-1252"),
    ] {
        let error = reader(name, bytes).err().unwrap();
        assert_eq!(error.kind(), Kind::Input);
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(open(Path::new("none-such.csv"), &feed()).err().unwrap().kind(), Kind::Missing);
    assert_eq!(open(Path::new("."), &feed()).err().unwrap().kind(), Kind::Input);
}

#[test]
fn a_file_cut_short_is_an_error_after_the_rows_before() {
    let text: String = std::iter::once("id,at\n".to_owned())
        .chain((0..200_000).map(|i| format!("{i},2017-01-{:02}\n", i % 28 + 1)))
        .collect();
    let bytes = gzip(text.as_bytes());
    let mut reader = reader("x.csv.gz", &bytes[..bytes.len() - 1000]).unwrap();
    assert!(reader.next().unwrap().is_ok());
    assert!(reader.by_ref().any(|batch| batch.is_err_and(|error| error.message().contains("too early"))));
    assert!(reader.next().is_none());
}

#[test]
fn a_quote_left_open_does_not_fill_the_memory() {
    let mut bytes = b"id,at\n1,2017-01-01\n2,\"2017".to_vec();
    bytes.resize(6 << 20, b'x');
    let error = reader("x.csv", &bytes).unwrap().find_map(std::result::Result::err).unwrap();
    assert!(error.to_string().starts_with("x.csv:3: "), "{error}");
}

#[test]
fn batches_are_bounded_and_lose_nothing() {
    let mut text = b"id,at\n".to_vec();
    for i in 0..150_000 {
        writeln!(text, "{i},2017-01-01").unwrap();
    }
    let batches: Vec<_> = reader("x.csv", &text).unwrap().map(|batch| batch.unwrap()).collect();
    assert!(batches.iter().all(|batch| batch.rows() <= BATCH_ROWS));
    assert_eq!(batches.iter().map(TextBatch::rows).sum::<usize>(), 150_000);
    assert_eq!(batches.last().unwrap().lines.last(), Some(&150_001));
}

#[test]
fn batches_are_smaller_where_no_snapped_points_are_looked_for() {
    let mut text = b"unit_id,pinged_at,lat,lon,speed_kmh\n".to_vec();
    for i in 0..40_000 {
        writeln!(text, "U{i},2017-01-01T00:00:00Z,49.2,-2.1,0").unwrap();
    }
    let pings = Feed::open("jersey-pings").unwrap();
    let reader = Reader::new("x.csv", Cursor::new(text.clone()), text.len() as u64, &pings).unwrap();
    let rows: Vec<usize> = reader.map(|batch| batch.unwrap().rows()).collect();
    assert_eq!(rows, [SMALL_BATCH_ROWS, SMALL_BATCH_ROWS, 40_000 - 2 * SMALL_BATCH_ROWS]);
}

#[test]
fn the_digest_is_that_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"id,why,at\n1,a,2017-01-01\n2,b,2017-01-02\n";
    for (name, bytes) in [("x.csv", text.to_vec()), ("x.csv.gz", gzip(text))] {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let mut reader = open(&path, &feed()).unwrap();
        assert!(reader.takes_digest());
        assert_eq!(reader.by_ref().map(|batch| batch.unwrap().rows()).sum::<usize>(), 2);
        assert_eq!(reader.sha256(), Some(crate::model::digest::sha256(&bytes)), "{name}");
    }
    // What came from elsewhere than a file is not digested.
    assert_eq!(reader("x.csv", text).unwrap().sha256(), None);
}
