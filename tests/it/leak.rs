//! Whether a value that was suppressed can be read beside its label in a file of an edition, whatever the format. A file
//! becomes passages (a row of a table, a paragraph, a text of a picture, a line of a PDF page, an object of JSON); in a
//! passage that names the label, the value may not stand as a number of its own.

use std::io::{Cursor, Read as _};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use calamine::{Reader, open_workbook_auto_from_rs};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use serde_json::Value;

use crate::pdf_text;

/// The passage of a file (its name says the format) in which `value` stands beside `label`.
///
/// `value` is a number as it would be written: `3`, `1,234`, `42.9%`. It is found however it is spelt: with or without
/// thousands separated, with zeros after the point. Numbers that are part of the label itself do not count.
pub fn contains_near(name: &str, bytes: &[u8], label: &str, value: &str) -> Option<String> {
    let wanted = plain(value).expect("a number");
    passages(name, bytes).into_iter().find(|passage| {
        passage.contains(label) && numbers(&passage.replace(label, " ")).iter().any(|n| (n - wanted).abs() < 1e-9)
    })
}

/// A number of a text, thousands joined; a percentage as it is written.
fn plain(text: &str) -> Option<f64> {
    text.trim_end_matches('%').replace(',', "").parse().ok()
}

/// Every number that stands in a text on its own: not part of a word, an id or a date.
fn numbers(text: &str) -> Vec<f64> {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '-' | '_' | '/' | ':' | '#');
    text.split(|c: char| !joins(c) && c != '%')
        .map(|word| word.trim_matches(|c: char| matches!(c, '.' | ',' | ':' | '/' | '#' | '-')))
        .filter_map(plain)
        .collect()
}

/// The passages of a file.
pub fn passages(name: &str, bytes: &[u8]) -> Vec<String> {
    let text = || String::from_utf8(bytes.to_vec()).expect("UTF-8");
    match name.rsplit('.').next().unwrap_or("") {
        "html" | "svg" | "xml" => marked_up(&text()),
        "csv" => text().lines().map(|line| line.replace(['"', ','], " ")).collect(),
        "json" => {
            let mut out = Vec::new();
            json(&serde_json::from_slice(bytes).expect("JSON"), &mut out);
            out
        }
        "parquet" => parquet_rows(bytes),
        "pdf" => {
            let mut out = pdf_text::lines(bytes);
            // Text alternatives, titles and bookmarks stand outside the pages.
            out.extend(pdf_text::objects(bytes).into_values().map(|(head, _)| head));
            out
        }
        "xlsx" | "ods" => {
            let mut out = sheet_rows(bytes);
            let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
            for at in 0..archive.len() {
                let mut part = String::new();
                let mut file = archive.by_index(at).expect("an entry");
                if file.read_to_string(&mut part).is_ok() {
                    out.extend(marked_up(&part));
                }
            }
            out
        }
        other => panic!("no reader for .{other}: {name}"),
    }
}

/// Text between the tags that begin or end a passage; other tags and all attributes are blanks, but for those that are
/// read out.
fn marked_up(text: &str) -> Vec<String> {
    const ENDS: [&str; 14] = [
        "tr",
        "p",
        "li",
        "text",
        "title",
        "desc",
        "caption",
        "figcaption",
        "h1",
        "h2",
        "h3",
        "h4",
        "row",
        "table:table-row",
    ];
    let mut out = vec![String::new()];
    for part in text.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or("");
        if ENDS.contains(&name) {
            out.push(String::new());
        }
        for read_out in ["aria-label=\"", "alt=\"", "title=\"", "altText=\""] {
            if let Some((_, words)) = tag.split_once(read_out) {
                out.push(unescaped(words.split('"').next().unwrap_or("")));
                out.push(String::new());
            }
        }
        let last = out.last_mut().expect("one");
        last.push(' ');
        last.push_str(&unescaped(after));
    }
    out
}

/// The five escapes of XML undone.
pub fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

/// Each text of a JSON value; each list of plain things; each object with the plain things in it and in its cells.
fn json(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) if text.trim_start().starts_with('<') => out.extend(marked_up(text)),
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => {
            let row = items.iter().map(|item| flat(item).unwrap_or_default()).collect::<Vec<_>>().join(" ");
            out.push(row);
            for item in items {
                json(item, out);
            }
        }
        Value::Object(fields) => {
            let row = fields.values().filter_map(flat).collect::<Vec<_>>().join(" ");
            out.push(row);
            for item in fields.values() {
                json(item, out);
            }
        }
        _ => {}
    }
}

/// A value without lists in it, as text.
fn flat(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Array(_) => None,
        Value::String(text) if text.len() > 400 => None,
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => Some(fields.values().filter_map(flat).collect::<Vec<_>>().join(" ")),
        other => Some(other.to_string()),
    }
}

fn sheet_rows(bytes: &[u8]) -> Vec<String> {
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes.to_vec())).expect("a workbook");
    let mut out = Vec::new();
    for (_, range) in book.worksheets() {
        out.extend(range.rows().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")));
    }
    out
}

fn parquet_rows(bytes: &[u8]) -> Vec<String> {
    let mut file = tempfile::tempfile().expect("a temporary file");
    std::io::Write::write_all(&mut file, bytes).expect("room for it");
    let mut out = Vec::new();
    let options = FormatOptions::new().with_null("");
    for batch in ParquetRecordBatchReader::try_new(file, 1 << 16).expect("Parquet") {
        let batch = batch.expect("rows");
        let columns: Vec<_> =
            batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).expect("text")).collect();
        out.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" ")),
        );
    }
    out
}

#[test]
fn numbers_stand_on_their_own() {
    assert_eq!(numbers("3 of 1,234 (42.9%), 2017-09 m03 [c] 7."), [3.0, 1234.0, 42.9, 7.0]);
}

#[test]
fn a_value_beside_its_label_is_found_in_every_format() {
    use vigie::render::document::{Block, Cell, Document, files};
    let mut document = Document::from_json(include_bytes!("../reference/document.json")).unwrap();
    let suppressed = ("June 2017", "2017-06", "3,877");
    let sees = |document: &Document| -> Vec<String> {
        let files = files(document).unwrap();
        let seen = |f: &&vigie::render::document::File| {
            [suppressed.0, suppressed.1]
                .iter()
                .any(|label| contains_near(&f.name, &f.bytes, label, suppressed.2).is_some())
        };
        files.iter().filter(seen).map(|file| file.name.clone()).collect()
    };
    assert_eq!(sees(&document), Vec::<String>::new(), "the protected document");

    let leak = |block: &mut Block| {
        if let Block::Table(table) = block
            && table.id == "m03"
        {
            assert_eq!(table.rows[20][3], Cell::Shorthand("[c]".into()));
            table.rows[20][3] = Cell::number(3877.0, "3,877");
        }
    };
    document.chapters.iter_mut().flat_map(|chapter| &mut chapter.blocks).for_each(leak);
    let seen = sees(&document);
    let all = [
        "document.json",
        "report.html",
        "report.ods",
        "report.pdf",
        "report.xlsx",
        "tables/m03.csv",
        "tables/m03.parquet",
    ];
    assert_eq!(seen, all);
}

#[test]
fn a_value_in_a_picture_or_a_text_alternative_is_found() {
    use vigie::render::document::{Block, Document, files};
    let mut document = Document::from_json(include_bytes!("../reference/document.json")).unwrap();
    for block in document.chapters.iter_mut().flat_map(|chapter| &mut chapter.blocks) {
        if let Block::Figure(figure) = block
            && figure.id == "chart-m03"
        {
            figure.svg = figure.svg.replace("</svg>", "<text x=\"9\" y=\"40\">St Mary: 4,321</text></svg>");
            figure.alt.push_str(" In St Ouen it was 8,765.");
        }
    }
    let files = files(&document).unwrap();
    let names = |label: &str, value: &str| -> Vec<&str> {
        let near = |f: &&vigie::render::document::File| contains_near(&f.name, &f.bytes, label, value).is_some();
        files.iter().filter(near).map(|f| f.name.as_str()).collect()
    };
    assert_eq!(names("St Mary", "4321"), ["document.json", "report.html", "report.pdf"]);
    assert_eq!(names("St Ouen", "8765"), ["document.json", "report.pdf"]);
}
