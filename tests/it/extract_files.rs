//! The same few records in every form in which an extract may come. Synthetic.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use chrono::NaiveDateTime;
use parquet::arrow::ArrowWriter;
use serde_json::{Map, Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::{gzip, put};

/// Names of the columns.
pub const HEADER: [&str; 5] = ["id", "at", "why", "lat", "lon"];

/// The records: identity, time, reason, latitude, longitude; an empty text is no value.
pub const RECORDS: [[&str; 5]; 5] = [
    ["S1", "2016-06-01 12:34:56", "Grève d’Azette, \"by the sea\"", "49.19", "-2.11"],
    ["S2", "2016-06-02 00:05:00", "two\nlines", "49.2", "-2.1"],
    ["S3", "2016-06-03 23:59:59", "", "", ""],
    ["S4", "2016-06-04 08:00:01", "a < b & c; d", "49.186", "-2.05"],
    ["S5", "2016-06-05 17:00:02", "vehicle", "49", "-2"],
];

/// A feed for the records, with these keys of the file, keys of identity and form of time.
pub fn feed(extra: &str, keys: &str, format: &str) -> String {
    let (lat, lon) = if extra.contains("geojson") { ("geometry.lat", "geometry.lon") } else { ("lat", "lon") };
    format!(
        "schema = 1\nname = \"any-form\"\ntitle = \"Synthetic\"\ntable = \"stops\"\nzone = \"Europe/Jersey\"\n\
         keys = [{keys}]\nrepeats = \"revision\"\nplace = {{ lat = \"{lat}\", lon = \"{lon}\" }}\n{extra}\n[columns]\n\
         stop_id = {{ from = \"id\" }}\nstopped_at = {{ from = \"at\", formats = [\"{format}\"] }}\n\
         reason = {{ from = \"why\" }}\n"
    )
}

/// A time of the records as a form writes it.
fn time(at: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%S").unwrap()
}

/// The records with times written in a form.
fn written(format: &str) -> Vec<Vec<String>> {
    let row = |record: &[&str; 5]| {
        let mut row: Vec<String> = record.iter().map(|field| (*field).to_owned()).collect();
        row[1] = time(record[1]).format(format).to_string();
        row
    };
    RECORDS.iter().map(row).collect()
}

/// Delimited text.
pub fn delimited(delimiter: char, format: &str) -> String {
    let quoted = |field: &str| {
        if field.contains([delimiter, '"', '\n']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.to_owned()
        }
    };
    let line = |fields: Vec<String>| fields.join(&delimiter.to_string()) + "\r\n";
    let mut text = line(HEADER.map(str::to_owned).to_vec());
    for row in written(format) {
        text.push_str(&line(row.iter().map(|field| quoted(field)).collect()));
    }
    text
}

/// One object a line; a missing value is left out, null or empty.
pub fn ndjson(format: &str) -> String {
    let mut text = String::new();
    for (number, row) in written(format).iter().enumerate() {
        let mut object = Map::new();
        for (name, field) in HEADER.iter().zip(row) {
            let is_number = name.starts_with('l') && !field.is_empty();
            let value = if is_number { serde_json::from_str(field).unwrap() } else { json!(field) };
            if !field.is_empty() || number == 2 && *name == "why" {
                object.insert((*name).to_owned(), value);
            }
        }
        text.push_str(&format!("{}\n", Value::Object(object)));
    }
    text
}

/// A collection of points.
pub fn geojson(format: &str) -> String {
    // As it is written: 49, not 49.0.
    let number = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let feature = |row: &Vec<String>| {
        let point = json!({"type": "Point", "coordinates": [number(&row[4]), number(&row[3])]});
        let geometry = if row[3].is_empty() { Value::Null } else { point };
        json!({"type": "Feature", "geometry": geometry, "properties": {"id": row[0], "at": row[1], "why": row[2]}})
    };
    let features: Vec<Value> = written(format).iter().map(feature).collect();
    serde_json::to_string_pretty(&json!({"type": "FeatureCollection", "name": "x", "features": features})).unwrap()
}

/// A ZIP archive.
pub fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// A workbook: shared, inline and rich texts, dates as styled serial numbers. `title` rows stand above the header.
pub fn xlsx(title: usize) -> Vec<u8> {
    let mut strings: Vec<String> = Vec::new();
    let mut shared = |text: &str| {
        strings.push(format!("<si><t xml:space=\"preserve\">{}</t></si>", escaped(text)));
        strings.len() - 1
    };
    let mut rows = String::new();
    for above in 0..title {
        rows.push_str(&format!(
            "<row r=\"{}\"><c r=\"A{0}\" t=\"inlineStr\"><is><t>Title</t></is></c></row>",
            above + 1
        ));
    }
    let header: String = HEADER.iter().map(|name| format!("<c t=\"s\"><v>{}</v></c>", shared(name))).collect();
    let mut number = title + 1;
    rows.push_str(&format!("<row r=\"{number}\">{header}</row>"));
    for [id, at, why, lat, lon] in RECORDS {
        number += 1;
        let since = time(at) - NaiveDateTime::parse_from_str("1899-12-30 00:00:00", "%Y-%m-%d %H:%M:%S").unwrap();
        let serial = since.num_seconds() as f64 / 86_400.0;
        let rich = format!(
            "<c r=\"A{number}\" t=\"inlineStr\"><is><r><t>{}</t></r><r><t>{}</t></r><rPh><t>x</t></rPh></is></c>",
            &id[..1],
            &id[1..]
        );
        rows.push_str(&format!("<row r=\"{number}\">{rich}<c r=\"B{number}\" s=\"1\"><v>{serial}</v></c>"));
        if !why.is_empty() {
            rows.push_str(&format!("<c r=\"C{number}\" t=\"s\"><v>{}</v></c>", shared(why)));
        }
        for (column, value) in [("D", lat), ("E", lon)] {
            if !value.is_empty() {
                // As the program from Redmond writes it: with all digits of the double.
                let digits = format!("{:.17}", value.parse::<f64>().unwrap());
                rows.push_str(&format!("<c r=\"{column}{number}\"><v>{digits}</v></c>"));
            }
        }
        rows.push_str("</row>");
    }
    let sheet = format!(
        "<?xml version=\"1.0\"?><worksheet><dimension ref=\"A1:E6\"/><sheetData>{rows}</sheetData></worksheet>"
    );
    let strings = format!("<sst uniqueCount=\"{}\">{}</sst>", strings.len(), strings.join(""));
    workbook(&strings, &sheet)
}

/// A workbook of these parts.
pub fn workbook(strings: &str, sheet: &str) -> Vec<u8> {
    let relationship = |id: &str, kind: &str, target: &str| {
        format!(
            "<Relationship Id=\"{id}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/>"
        )
    };
    let rels = |inner: &str| {
        format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{inner}</Relationships>"
        )
    };
    zipped(&[
        ("[Content_Types].xml", b"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        ("_rels/.rels", rels(&relationship("rId1", "officeDocument", "xl/workbook.xml")).as_bytes()),
        (
            "xl/workbook.xml",
            b"<workbook xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>\
              <sheet name=\"Data\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"Empty\" sheetId=\"2\" r:id=\"rId2\"/>\
              </sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            rels(
                &(relationship("rId1", "worksheet", "worksheets/sheet1.xml")
                    + &relationship("rId2", "worksheet", "/xl/worksheets/sheet2.xml")
                    + &relationship("rId3", "styles", "styles.xml")
                    + &relationship("rId4", "sharedStrings", "sharedStrings.xml")),
            )
            .as_bytes(),
        ),
        (
            "xl/styles.xml",
            b"<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\\ hh:mm:ss\"/></numFmts>\
              <cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/>\
              </cellXfs></styleSheet>",
        ),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/worksheets/sheet2.xml", b"<worksheet><sheetData/></worksheet>"),
    ])
}

/// A spreadsheet in the open document format, with the blank cells and rows that such programs write at the end.
pub fn ods() -> Vec<u8> {
    let text = |text: &str| {
        let paragraphs: String = text.split('\n').map(|line| format!("<text:p>{}</text:p>", escaped(line))).collect();
        format!("<table:table-cell office:value-type=\"string\">{paragraphs}</table:table-cell>")
    };
    let number = |value: &str| match value {
        "" => "<table:table-cell/>".to_owned(),
        _ => format!(
            "<table:table-cell office:value-type=\"float\" office:value=\"{value}\"><text:p>shown</text:p></table:table-cell>"
        ),
    };
    let end = "<table:table-cell table:number-columns-repeated=\"16379\"/></table:table-row>";
    let mut rows = format!("<table:table-row>{}{end}", HEADER.map(text).concat());
    for [id, at, why, lat, lon] in RECORDS {
        let at = at.replace(' ', "T");
        let date = format!(
            "<table:table-cell office:value-type=\"date\" office:date-value=\"{at}\"><text:p>shown</text:p></table:table-cell>"
        );
        rows.push_str(&format!("<table:table-row>{}{date}{}{}{}{end}", text(id), text(why), number(lat), number(lon)));
    }
    rows.push_str("<table:table-row table:number-rows-repeated=\"1048570\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>");
    spreadsheet(&rows)
}

/// A spreadsheet of these rows, and an empty second sheet.
pub fn spreadsheet(rows: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content><office:body><office:spreadsheet>\
         <table:table table:name=\"Data\">{rows}</table:table><table:table table:name=\"Empty\"><table:table-row>\
         <table:table-cell/></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    );
    zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

/// A Parquet file with typed columns.
pub fn parquet() -> Vec<u8> {
    let texts = |column: usize| -> ArrayRef {
        Arc::new(
            RECORDS.iter().map(|record| Some(record[column]).filter(|text| !text.is_empty())).collect::<StringArray>(),
        )
    };
    let numbers = |column: usize| -> ArrayRef {
        Arc::new(RECORDS.iter().map(|record| record[column].parse::<f64>().ok()).collect::<Float64Array>())
    };
    let times = RECORDS.iter().map(|record| Some(time(record[1]).and_utc().timestamp_micros()));
    let times: ArrayRef = Arc::new(times.collect::<TimestampMicrosecondArray>());
    let columns = [texts(0), times, texts(2), numbers(3), numbers(4)];
    let batch =
        RecordBatch::try_from_iter_with_nullable(HEADER.into_iter().zip(columns).map(|(n, c)| (n, c, true))).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Bytes as zstd.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Every form: a name for the file, its bytes, and the keys of the feed that it needs. Times that a form has as text are
/// written in `format`.
pub fn every_form(format: &str) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let csv = delimited(',', format);
    let wide = |bytes: fn(u16) -> [u8; 2], mark: &[u8]| {
        [mark, &csv.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()].concat()
    };
    let (windows, _, replaced) = encoding_rs::WINDOWS_1252.encode(&csv);
    assert!(!replaced);
    let lines = ndjson(format);
    let list = format!("[{}]", lines.lines().collect::<Vec<_>>().join(",\n"));
    vec![
        ("plain.csv", csv.clone().into_bytes(), ""),
        ("mark.csv", [b"\xef\xbb\xbf", csv.as_bytes()].concat(), ""),
        ("tabs.tsv", delimited('\t', format).into_bytes(), "delimiter = \"\\t\""),
        ("semicolons.txt", delimited(';', format).into_bytes(), "delimiter = \";\""),
        ("little.csv", wide(u16::to_le_bytes, b"\xff\xfe"), ""),
        ("big.csv", wide(u16::to_be_bytes, b"\xfe\xff"), ""),
        ("unmarked.csv", wide(u16::to_le_bytes, b""), "encoding = \"utf-16\""),
        ("windows.csv", windows.into_owned(), "encoding = \"windows-1252\""),
        ("packed.csv.gz", gzip(csv.as_bytes()), ""),
        ("packed.csv.zst", zstd(csv.as_bytes()), ""),
        ("twice.csv.zst", zstd(&gzip(csv.as_bytes())), ""),
        ("one.zip", zipped(&[("folder/", b""), ("folder/x.csv", csv.as_bytes()), ("__MACOSX/._x.csv", b"x")]), ""),
        ("several.zip", zipped(&[("read.me", b"x"), ("x.csv", csv.as_bytes())]), "member = \"*.csv\""),
        ("within.zip", zipped(&[("x.csv.gz", &gzip(csv.as_bytes()))]), ""),
        ("lines.ndjson", lines.clone().into_bytes(), ""),
        ("lines.ndjson.gz", gzip(lines.as_bytes()), ""),
        ("list.json", list.into_bytes(), ""),
        ("workbook.xlsx", xlsx(0), ""),
        ("titled.xlsx", xlsx(2), "sheet = \"data\"\nheader_row = 3"),
        ("sheet.ods", ods(), ""),
        ("table.parquet", parquet(), ""),
        ("points.geojson", geojson(format).into_bytes(), "notes = \"geojson\""),
    ]
}

/// Puts a file and its feed into a folder; gives the paths of both.
pub fn put_form(folder: &Path, name: &str, bytes: &[u8], feed: &str) -> (PathBuf, PathBuf) {
    (put(folder, name, bytes), put(folder, &format!("{name}.toml"), feed))
}
