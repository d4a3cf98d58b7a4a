//! One small valid extract in every format, and ways to break it.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Dice;
use crate::support::gzip;

/// Columns of the feed `jersey-stops`.
pub const COLUMNS: [&str; 8] = ["stop_id", "stopped_at", "recorded", "unit_id", "reason", "outcome", "lat", "lon"];

/// Synthetic records, as text.
fn records() -> Vec<[String; 8]> {
    let record = |id: usize| {
        [
            format!("S{id:04}"),
            format!("2015-{:02}-{:02} {:02}:30:00", id % 12 + 1, id % 28 + 1, id % 24),
            "2016-01-01 00:00:00".to_owned(),
            format!("U{}", id % 7),
            ["vehicle", "person, \"known\"", "Hève\nnight"][id % 3].to_owned(),
            "none".to_owned(),
            format!("49.{}", 1900 + id),
            format!("-2.{}", 1000 + id),
        ]
    };
    (0..40).map(record).collect()
}

/// Name and bytes of the same records in every format.
pub fn valid() -> Vec<(&'static str, Vec<u8>)> {
    let csv = csv();
    vec![
        ("stops.csv", csv.clone()),
        ("stops.csv.gz", gzip(&csv)),
        ("stops.csv.zst", zstd::encode_all(csv.as_slice(), 1).unwrap()),
        ("stops.zip", zipped(&[("stops.csv", &csv)])),
        ("stops.xlsx", xlsx()),
        ("stops.ods", ods()),
        ("stops.ndjson", ndjson()),
        ("stops.parquet", parquet()),
        ("stops.geojson", geojson()),
    ]
}

pub fn csv() -> Vec<u8> {
    let mut text = COLUMNS.join(",") + "\n";
    for record in records() {
        let fields: Vec<String> = record.iter().map(|field| quoted(field)).collect();
        text.push_str(&(fields.join(",") + "\n"));
    }
    text.into_bytes()
}

/// A field as CSV has it, with quotes where needed.
pub fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

pub fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn rows_with_header() -> impl Iterator<Item = Vec<String>> {
    std::iter::once(COLUMNS.map(str::to_owned).to_vec()).chain(records().into_iter().map(|record| record.to_vec()))
}

fn xlsx() -> Vec<u8> {
    const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
    const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    const BOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="stops" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    const SHEETS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let cell = |field: &String| format!(r#"<c t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>"#, xml(field));
    let row = |(number, fields): (usize, Vec<String>)| {
        format!(r#"<row r="{}">{}</row>"#, number + 1, fields.iter().map(cell).collect::<String>())
    };
    let rows: String = rows_with_header().enumerate().map(row).collect();
    let sheet = format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    );
    zipped(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", SHEETS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

fn ods() -> Vec<u8> {
    const MANIFEST: &str = r#"<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"#;
    let cell = |field: &String| {
        let lines: String = field.lines().map(|line| format!("<text:p>{}</text:p>", xml(line))).collect();
        format!(r#"<table:table-cell office:value-type="string">{lines}</table:table-cell>"#)
    };
    let row = |fields: Vec<String>| {
        format!("<table:table-row>{}</table:table-row>", fields.iter().map(cell).collect::<String>())
    };
    let rows: String = rows_with_header().map(row).collect();
    let content = format!(
        r#"<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table table:name="stops">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"#
    );
    zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", MANIFEST.as_bytes()),
        ("content.xml", content.as_bytes()),
    ])
}

fn object(record: &[String; 8]) -> serde_json::Value {
    COLUMNS
        .iter()
        .zip(record)
        .map(|(name, field)| ((*name).to_owned(), serde_json::Value::from(field.as_str())))
        .collect()
}

fn ndjson() -> Vec<u8> {
    records().iter().map(|record| object(record).to_string() + "\n").collect::<String>().into_bytes()
}

fn geojson() -> Vec<u8> {
    let feature = |record: &[String; 8]| {
        let (lat, lon): (f64, f64) = (record[6].parse().unwrap(), record[7].parse().unwrap());
        serde_json::json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [lon, lat] },
            "properties": object(record),
        })
    };
    let features: Vec<_> = records().iter().map(feature).collect();
    serde_json::json!({ "type": "FeatureCollection", "features": features }).to_string().into_bytes()
}

fn parquet() -> Vec<u8> {
    let records = records();
    let column = |index: usize| -> ArrayRef {
        Arc::new(records.iter().map(|record| Some(record[index].as_str())).collect::<StringArray>())
    };
    let batch =
        RecordBatch::try_from_iter(COLUMNS.iter().enumerate().map(|(index, name)| (*name, column(index)))).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// One to four breakages: a bit, a byte, a cut, a piece moved, doubled, thrown in or taken out.
pub fn mutated(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    /// Bytes that formats give a meaning to.
    const TELLING: &[&[u8]] = &[
        b"\"",
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"\xff\xff\xff\xff",
        b"\xef\xbb\xbf",
        b"{",
        b"[",
        b"PK\x05\x06",
        b"\x80",
        b"]]>",
    ];
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        if bytes.is_empty() {
            return bytes;
        }
        let (at, other) = (dice.below(bytes.len()), dice.below(bytes.len()));
        let piece = bytes[at.min(other)..at.max(other)].iter().copied().take(1 + dice.below(400)).collect::<Vec<u8>>();
        match dice.below(8) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = dice.byte(),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..(at + piece.len()).min(bytes.len()))),
            4 => drop(bytes.splice(other..other, piece)),
            5 => {
                let end = (at + piece.len()).min(bytes.len());
                let count = end - at;
                bytes.splice(at..end, piece.into_iter().take(count));
            }
            6 => drop(bytes.splice(at..at, TELLING[dice.below(TELLING.len())].iter().copied())),
            _ => {
                let noise: Vec<u8> = (0..=dice.below(16)).map(|_| dice.byte()).collect();
                bytes.splice(at..at, noise);
            }
        }
    }
    bytes
}
