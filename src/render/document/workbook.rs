//! A report as sheets, before they are XLSX or ODS: cover, contents, notes, then one table a sheet. Both writers write
//! these cells and nothing else, so the two workbooks hold the same.
//!
//! The layout is the one that the UK's Analysis Function asks of published spreadsheets: every sheet begins in A1, one
//! header row, no merged cells, no fills, no empty rows inside a table, shorthand explained above the table, every table
//! named.

use crate::model::time::{date_in_words, parse_date};
use crate::render::document::{Cell, ColumnKind, Document, Shape, Table};

/// Row (from 0) of a table's header on every sheet of figures: row 7 as a reader counts.
pub const TABLE_ROW: usize = 6;

/// Narrowest and widest column, in letters.
const WIDTHS: (usize, usize) = (8, 60);

/// A sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Its name: `Cover`, `m03`.
    pub name: String,
    /// Rows from A1.
    pub rows: Vec<Vec<Field>>,
    /// The one table on it.
    pub range: Option<Range>,
    /// Widths of the columns in letters.
    pub widths: Vec<usize>,
}

/// Where a sheet's table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Unique in the workbook: `table_m03`. (`m03` alone would be the name of a cell.)
    pub name: String,
    /// What it holds, for a screen reader.
    pub title: String,
    /// Row of the header, from 0.
    pub header: usize,
    /// Last row, from 0: at least the one after the header.
    pub last: usize,
    /// Number of columns.
    pub columns: usize,
}

/// One cell of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// The sheet's heading.
    Title(String),
    /// A heading on the cover.
    Heading(String),
    /// Words.
    Text(String),
    /// A column's header; to the right over numbers.
    Header(String, bool),
    /// A number in the shape of its text.
    Number(f64, Shape),
    /// A date, ISO.
    Date(String),
    /// Words to the right, in a column of numbers.
    Mark(String),
    /// A link to a sheet.
    Link {
        /// Name of the sheet.
        sheet: String,
        /// What a reader sees.
        text: String,
    },
    /// Nothing.
    Empty,
}

impl Field {
    fn length(&self) -> usize {
        match self {
            Field::Text(text) | Field::Header(text, _) | Field::Mark(text) | Field::Link { text, .. } => {
                text.chars().count()
            }
            Field::Number(value, shape) => format!("{value:.*}", shape.decimals).len() + 4,
            Field::Date(_) => 18,
            Field::Title(_) | Field::Heading(_) | Field::Empty => 0,
        }
    }
}

/// The sheets of a document.
pub fn sheets(document: &Document) -> Vec<Sheet> {
    let mut out = vec![cover(document), contents(document), notes(document)];
    out.extend(document.tables().map(|table| figures(document, table)));
    out
}

fn text(words: impl Into<String>) -> Vec<Field> {
    vec![Field::Text(words.into())]
}

fn cover(document: &Document) -> Sheet {
    let mut rows = vec![vec![Field::Title(document.title.clone())]];
    if document.synthetic {
        rows.push(text("Synthetic data: no real people or events"));
    }
    rows.push(text(format!("{}, {}", document.audience, document.period_words)));
    rows.push(vec![Field::Heading("About this edition".into())]);
    let cut_off = parse_date(&document.data_cut_off).map_or_else(|_| document.data_cut_off.clone(), date_in_words);
    for (name, value) in [
        ("Published by", &document.force),
        ("Edition", &document.edition),
        ("State", &document.state),
        ("Marking", &document.marking),
        ("Data to", &cut_off),
        ("Licence", &document.licence),
    ] {
        if !value.is_empty() {
            rows.push(text(format!("{name}: {value}")));
        }
    }
    rows.extend(document.facts.iter().map(|fact| text(format!("{}: {}", fact.name, fact.value))));
    rows.push(vec![Field::Heading("In this workbook".into())]);
    rows.push(vec![Field::Link { sheet: "Contents".into(), text: "Contents".into() }]);
    rows.push(vec![Field::Link { sheet: "Notes".into(), text: "Notes".into() }]);
    Sheet { name: "Cover".into(), rows, range: None, widths: vec![90] }
}

fn contents(document: &Document) -> Sheet {
    let lead = vec![
        vec![Field::Title("Contents".into())],
        text("This sheet contains one table. It lists the tables of this workbook, with a link to each."),
    ];
    let rows = document.tables().map(|table| {
        let link = Field::Link { sheet: table.id.clone(), text: table.id.clone() };
        vec![link, Field::Text(table.title.clone())]
    });
    named("Contents", "table_of_contents", lead, &["Sheet", "Table"], rows.collect())
}

fn notes(document: &Document) -> Sheet {
    let lead = vec![
        vec![Field::Title("Notes".into())],
        text("This sheet contains one table. It explains the shorthand that stands in place of a number."),
    ];
    let rows =
        document.notes.iter().map(|note| vec![Field::Text(note.shorthand.clone()), Field::Text(note.text.clone())]);
    named("Notes", "table_of_notes", lead, &["Shorthand", "Meaning"], rows.collect())
}

fn named(name: &str, range: &str, mut rows: Vec<Vec<Field>>, headers: &[&str], body: Vec<Vec<Field>>) -> Sheet {
    let header = rows.len();
    rows.push(headers.iter().map(|&words| Field::Header(words.into(), false)).collect());
    finish(name, range.to_owned(), name.to_owned(), header, rows, body)
}

fn figures(document: &Document, table: &Table) -> Sheet {
    let marks = document.notes_of(table);
    let shorthand = if marks.is_empty() {
        "Shorthand: none is used in this table.".to_owned()
    } else {
        let words: Vec<String> = marks.iter().map(|note| format!("{} = {}", note.shorthand, note.text)).collect();
        format!("Shorthand: {}.", words.join("; "))
    };
    let or_none = |word: &str, words: String| {
        if words.is_empty() { format!("{word}: none.") } else { format!("{word}: {words}") }
    };
    let mut rows = vec![
        vec![Field::Title(table.title.clone())],
        text(format!("This sheet contains one table. Its header is row {}. {}", TABLE_ROW + 1, table.sort).trim_end()),
        text(shorthand),
        text(or_none("Notes", table.notes.join(" "))),
        text(or_none("Definition", table.definition.clone())),
        vec![Field::Link { sheet: "Contents".into(), text: "Back to the contents".into() }],
    ];
    debug_assert_eq!(rows.len(), TABLE_ROW);
    rows.push(table.columns.iter().map(|column| Field::Header(column.header(), is_numeric(column.kind))).collect());
    let body = table
        .rows
        .iter()
        .map(|row| row.iter().zip(&table.columns).map(|(cell, column)| field(cell, is_numeric(column.kind))).collect());
    finish(&table.id, format!("table_{}", table.id), table.title.clone(), TABLE_ROW, rows, body.collect())
}

fn finish(
    name: &str,
    range: String,
    title: String,
    header: usize,
    mut rows: Vec<Vec<Field>>,
    body: Vec<Vec<Field>>,
) -> Sheet {
    let columns = rows[header].len();
    rows.extend(body);
    if rows.len() == header + 1 {
        // A named table has at least one row.
        rows.push(vec![Field::Empty; columns]);
    }
    let widths = (0..columns)
        .map(|at| {
            let longest = rows[header..].iter().map(|row| row.get(at).map_or(0, Field::length)).max().unwrap_or(0);
            (longest + 2).clamp(WIDTHS.0, WIDTHS.1)
        })
        .collect();
    let range = Range { name: range, title, header, last: rows.len() - 1, columns };
    Sheet { name: name.to_owned(), rows, range: Some(range), widths }
}

fn is_numeric(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Number | ColumnKind::Percent)
}

fn field(cell: &Cell, numeric: bool) -> Field {
    match cell {
        Cell::Empty => Field::Empty,
        Cell::Number { value, text } => match Shape::of(text) {
            Some(shape) if !shape.is_bound() => Field::Number(*value, shape),
            _ => Field::Mark(text.clone()),
        },
        Cell::Date { iso, .. } if parse_date(iso).is_ok() => Field::Date(iso.clone()),
        Cell::Shorthand(mark) if numeric => Field::Mark(mark.clone()),
        other => Field::Text(other.shown().to_owned()),
    }
}
