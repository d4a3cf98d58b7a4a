//! The same records in every form are the same records; hostile files end as an error, and soon.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use calamine::{Data, Reader as _, Xlsx};
use proptest::prelude::*;
use vigie::error::{Error, Kind};
use vigie::ingest::read::{open, raw_rows};
use vigie::ingest::{Feed, TextBatch};

use crate::extract_files::*;
use crate::support::{ingest, new_store, put, text};

const ISO: &str = "%Y-%m-%d %H:%M:%S";
const ISLAND: &str = "%d/%m/%Y %H:%M:%S";

fn read(path: &Path, feed: &str) -> Result<Vec<TextBatch>, Error> {
    open(path, &Feed::parse(feed, "feed.toml").unwrap())?.collect()
}

/// All fields of the feed's columns, row by row.
fn fields(batches: &[TextBatch]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in batches {
        assert!(batch.rejects.is_empty(), "{:?}", batch.rejects);
        for row in 0..batch.rows() {
            let field = |column: &Option<vigie::ingest::text::TextColumn>| {
                String::from_utf8(column.as_ref().unwrap().field(row).to_vec()).unwrap()
            };
            rows.push(batch.columns.iter().map(field).collect());
        }
    }
    rows
}

#[test]
fn every_form_gives_the_same_fields_and_the_same_identity_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut wanted: Option<(Vec<Vec<String>>, Vec<u128>)> = None;
    for (name, bytes, extra) in every_form(ISO) {
        let feed = feed(extra, "", ISO);
        let batches = read(&put(folder.path(), name, &bytes), &feed).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = fields(&batches);
        let keys: Vec<u128> = batches.iter().flat_map(|batch| batch.row_keys.clone()).collect();
        let (fields, row_keys) = wanted.get_or_insert_with(|| (found.clone(), keys.clone()));
        assert_eq!(found, *fields, "{name}");
        // The columns of a collection of points stand in another order.
        assert!(keys == *row_keys || name == "points.geojson", "{name}");
    }
    assert_eq!(wanted.unwrap().0.len(), RECORDS.len());
}

#[test]
fn lines_are_where_people_find_the_row() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, extra) in every_form(ISO) {
        let batches = read(&put(folder.path(), name, &bytes), &feed(extra, "\"id\"", ISO)).unwrap();
        let lines: Vec<u64> = batches.iter().flat_map(|batch| batch.lines.clone()).collect();
        // A text of two lines moves those below it; objects and rows of Parquet have numbers.
        let wanted: [u64; 5] = match name.rsplit_once('.').unwrap().0 {
            "lines" | "lines.ndjson" | "list" | "table" | "points" => [1, 2, 3, 4, 5],
            "workbook" | "sheet" => [2, 3, 4, 5, 6],
            "titled" => [4, 5, 6, 7, 8],
            _ => [2, 3, 5, 6, 7],
        };
        assert_eq!(lines, wanted, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_first_every_form_is_unchanged() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    for (number, (name, bytes, extra)) in every_form(ISLAND).into_iter().enumerate() {
        let (file, feed) = put_form(folder.path(), name, &bytes, &feed(extra, "\"id\"", ISLAND));
        let report = ingest(&app, text(&feed), &[file]).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let counts = (report.accepted, report.unchanged, report.rejected_total, report.version);
        let wanted = if number == 0 { (5, 0, 0, 1) } else { (0, 5, 0, 1) };
        assert_eq!(counts, wanted, "{name}: {report:?}");
    }
}

#[test]
fn a_row_can_be_seen_as_the_source_has_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, extra) in every_form(ISO) {
        let path = put(folder.path(), name, &bytes);
        let feed = Feed::parse(&feed(extra, "\"id\"", ISO), "feed.toml").unwrap();
        let lines = open(&path, &feed).unwrap().map(|batch| batch.unwrap().lines[3]).next().unwrap();
        let raw = raw_rows(&path, &feed, &[lines, 999].into()).unwrap();
        assert_eq!(raw.rows.len(), 1, "{name}");
        let row = &raw.rows[&lines];
        let why = raw.header.iter().position(|column| column == "why").unwrap();
        assert_eq!(row.fields[why].value, RECORDS[3][2].as_bytes(), "{name}");
        let shown = String::from_utf8(row.text[row.fields[why].span.clone()].to_vec()).unwrap();
        assert_eq!(shown.trim_matches('"'), RECORDS[3][2], "{name}");
    }
}

#[test]
fn calamine_sees_the_same_cells() {
    let mut theirs: Xlsx<_> = Xlsx::new(Cursor::new(xlsx(0))).unwrap();
    let range = theirs.worksheet_range("Data").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ours = fields(&read(&put(folder.path(), "x.xlsx", xlsx(0)), &feed("", "", ISO)).unwrap());
    // Sources in the order in which the feed names them: lat, lon, id, at, why.
    for (row, ours) in range.rows().skip(1).zip(&ours) {
        let word = |cell: &Data| match cell {
            Data::DateTime(at) => {
                let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
                format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
            }
            other => other.to_string(),
        };
        let theirs: Vec<String> = [&row[3], &row[4], &row[0], &row[1], &row[2]].map(word).to_vec();
        let mut sorted = (theirs, ours.clone());
        sorted.0.sort();
        sorted.1.sort();
        assert_eq!(sorted.0, sorted.1);
    }
    assert_eq!(range.height(), ours.len() + 1);
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let csv = delimited(',', ISO);
    let two = zipped(&[("a.csv", csv.as_bytes()), ("b.csv", csv.as_bytes())]);
    let both = spreadsheet(
        "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>id</text:p></table:table-cell></table:table-row>",
    );
    for (name, bytes, extra, part) in [
        ("two.zip", two.clone(), "", "several files: a.csv, b.csv; say which in the feed with member"),
        ("none.zip", two, "member = \"c*\"", "no file fits member"),
        ("empty.zip", zipped(&[]), "", "there is no file with records"),
        ("word.docx", zipped(&[("word/document.xml", b"")]), "", "without a sheet"),
        ("binary.xlsb", zipped(&[("xl/workbook.bin", b"")]), "", ".xlsb"),
        ("nested.zip", zipped(&[("x.xlsx", &xlsx(0))]), "", "take it out"),
        (
            "sheet.xlsx",
            xlsx(0),
            "sheet = \"Other\"",
            "no sheet fits sheet = \"Other\" of the feed; there is Data, Empty",
        ),
        ("row.xlsx", xlsx(0), "header_row = 99", "no row 99"),
        ("columns.ods", both, "", "which the header does not have; it has id"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "", "save it as .xlsx"),
        ("windows.csv", b"id,at,why,lat,lon\xe8\n".to_vec(), "", "encoding = \"windows-1252\""),
        ("broken.geojson", geojson(ISO)[..600].to_owned().into_bytes(), "notes = \"geojson\"", "ends too early"),
    ] {
        let error = read(&put(folder.path(), name, &bytes), &feed(extra, "\"id\"", ISO)).unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{name}");
        let said = error.to_string();
        assert!(said.starts_with(name) && said.contains(part), "{name}: {said}");
    }
}

#[test]
fn bad_objects_and_cells_refuse_their_row_only() {
    let folder = tempfile::tempdir().unwrap();
    let lines = "{\"id\": \"S1\", \"at\": \"x\", \"why\": 1, \"lat\": 1, \"lon\": 2}\nnonsense\n\n{\"id\": \"S3\"\n\
                 {\"id\": \"S4\", \"id\": \"S5\"}\n{\"id\": \"S6\", \"new\": 1}\n{\"id\": \"\\ud800\"}\n[1]\n{\"id\": \"S8\"} x\n";
    let path = put(folder.path(), "x.ndjson", lines);
    for keys in ["\"id\"", ""] {
        let batches = read(&path, &feed("", keys, ISO)).unwrap();
        let found: Vec<u64> = batches[0].rejects.iter().map(|reject| reject.line).collect();
        assert_eq!(found, [2, 4, 5, 8, 9]);
        assert_eq!(batches[0].rows_in(), 8);
    }
    // A name beyond those of the first mebibyte: of no matter, unless the whole row is the identity.
    let late = format!("{}{}{{\"id\": \"S2\", \"new\": 1}}\n", ndjson(ISO), "\n".repeat(2 << 20));
    let path = put(folder.path(), "late.ndjson", late);
    for (keys, refused) in [("\"id\"", 0), ("", 1)] {
        let batches = read(&path, &feed("", keys, ISO)).unwrap();
        assert_eq!(batches.iter().map(|batch| batch.rejects.len()).sum::<usize>(), refused);
    }
    // A polygon among points, and a cell beyond the header.
    let points = geojson(ISO).replacen("\"Point\"", "\"LineString\"", 1);
    let batches = read(&put(folder.path(), "x.geojson", points), &feed("notes = \"geojson\"", "\"id\"", ISO)).unwrap();
    assert_eq!((batches[0].rows(), batches[0].rejects[0].line), (4, 1));
    let cell = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let row = |cells: &[&str]| {
        format!("<table:table-row>{}</table:table-row>", cells.iter().map(|text| cell(text)).collect::<String>())
    };
    let sheet =
        spreadsheet(&(row(&HEADER) + &row(&["S1", "x", "", "1", "2", "beyond"]) + &row(&["S2", "x", "", "1", "2"])));
    let batches = read(&put(folder.path(), "x.ods", sheet), &feed("", "\"id\"", ISO)).unwrap();
    assert_eq!(batches[0].rejects[0].message.as_ref(), "wanted 5 fields, found 6");
    assert_eq!(batches[0].lines, [3]);
}

/// Time that this thread had a processor: what else the machine does is not its fault.
fn worked() -> Duration {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    said.split(' ').next().and_then(|nanos| nanos.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos)
}

/// Reads a hostile file; it may be refused or read, but not slowly.
fn soon(folder: &Path, name: &str, bytes: &[u8]) -> Result<usize, Error> {
    let started = worked();
    let path = put(folder, name, bytes);
    let extra = if name.ends_with("geojson") { "notes = \"geojson\"" } else { "" };
    let read = read(&path, &feed(extra, "\"id\"", ISO)).map(|batches| batches.iter().map(TextBatch::rows).sum());
    let took = worked().saturating_sub(started);
    assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    read
}

#[test]
fn files_cut_short_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, extra) in every_form(ISO) {
        // Text may end anywhere.
        let is_text = ["csv", "tsv", "txt"].iter().any(|ending| name.split('.').next_back() == Some(ending))
            || name == "lines.ndjson";
        if is_text || !extra.is_empty() && !extra.contains("geojson") {
            continue;
        }
        for cut in (0..bytes.len() - 1).step_by(7).chain([bytes.len() - 1]) {
            let ended = soon(folder.path(), name, &bytes[..cut]);
            let may_be_whole = name.ends_with("json") && bytes[cut..].iter().all(|byte| b" ]}\n".contains(byte));
            assert!(ended.is_err() || may_be_whole, "{name} cut at {cut} of {}: {ended:?}", bytes.len());
        }
    }
}

#[test]
fn bombs_do_not_go_off() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8], part: &str| {
        let error = soon(folder.path(), name, bytes).unwrap_err();
        assert!(error.to_string().contains(part), "{name}: {error}");
    };
    let zeros = vec![0; 64 << 20];
    let sixteen: Vec<u8> = (0..16).flat_map(|_| zstd(&zeros)).collect();
    refused("gibibyte.csv.zst", &sixteen, "binary");
    refused("zeros.zip", &zipped(&[("x.csv", &zeros)]), "binary");
    refused(
        "quote.csv.gz",
        &crate::support::gzip(&[b"id,at,why,lat,lon\n\"", vec![b'x'; 16 << 20].as_slice()].concat()),
        "longer than 4 MiB",
    );
    refused("line.ndjson.zst", &zstd(&[b"{\"id\": \"", vec![b'x'; 16 << 20].as_slice()].concat()), "longer than 4 MiB");
    let long = "7".repeat(16 << 20);
    refused("cell.xlsx", &workbook("<sst/>", &format!("<worksheet><sheetData><row><c><v>{long}")), "longer than 4 MiB");
    let sheet = "<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>id</t></is></c></row></sheetData></worksheet>";
    refused(
        "claims.xlsx",
        &workbook("<sst uniqueCount=\"18446744073709551615\"/>", sheet),
        "which the header does not have",
    );
    let many = format!("<sst>{}</sst>", format!("<si><t>{}</t></si>", "a".repeat(500)).repeat(280_000));
    refused("strings.xlsx", &workbook(&many, sheet), "shared texts");
    refused("entities.xlsx", &workbook("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><sst/>", sheet), "damaged");
    let header = HEADER
        .map(|name| {
            format!("<table:table-cell office:value-type=\"string\"><text:p>{name}</text:p></table:table-cell>")
        })
        .concat();
    let repeated = format!(
        "<table:table-row>{header}</table:table-row><table:table-row table:number-rows-repeated=\"1048575\">\
         <table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"16384\"><text:p>x</text:p>\
         </table:table-cell></table:table-row>"
    );
    refused("repeats.ods", &spreadsheet(&repeated), "damaged");
    let deep = format!("{{\"id\": {}", "[".repeat(1 << 20));
    refused("deep.ndjson", deep.as_bytes(), "JSON object");
}

#[test]
fn parquet_that_claims_too_much_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |footer: &[u8]| [b"PAR1", footer, &u32::try_from(footer.len()).unwrap().to_le_bytes(), b"PAR1"].concat();
    for (name, bytes) in [
        // Two thousand million row groups, and as many entries of the schema.
        ("groups.parquet", file(&[0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00])),
        ("schema.parquet", file(&[0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00])),
        ("text.parquet", file(&[0x68, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])),
        ("length.parquet", [&b"PAR1"[..], &[0xff; 4], b"PAR1"].concat()),
        ("deep.parquet", file(&[0x1c; 4096])),
        ("empty.parquet", file(&[0x00])),
        ("short.parquet", b"PAR1PAR1".to_vec()),
    ] {
        let error = soon(folder.path(), name, &bytes).unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{name}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_end_as_error_or_rows(
        form in 0_usize..22,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (name, mut bytes, _) = every_form(ISO).swap_remove(form);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let _ = soon(folder.path(), name, &bytes);
    }
}
