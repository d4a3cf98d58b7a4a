//! A table of a report as CSV for machines, and the descriptor beside it (W3C "CSV on the Web", REC-tabular-metadata
//! 2015): UTF-8, one header, ISO dates, numbers as published, shorthand as it stands in the report.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::render::document::{Cell, Column, ColumnKind, Document, Table};

/// Name of a column for machines, one a column: `in_time_share`, `median_min`. Shares are 0 to 1.
///
/// # Example
/// ```
/// use vigie::render::document::csv::keys;
/// use vigie::render::document::{Column, ColumnKind};
/// let column = |name: &str, unit: &str, kind| Column { name: name.into(), unit: unit.into(), kind };
/// let columns = [
///     column("Month", "", ColumnKind::Date),
///     column("In time", "%", ColumnKind::Percent),
///     column("Median", "minutes", ColumnKind::Number),
///     column("All calls", "number", ColumnKind::Number),
/// ];
/// assert_eq!(keys(&columns), ["month", "in_time_share", "median_min", "all_calls"]);
/// ```
pub fn keys(columns: &[Column]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    columns
        .iter()
        .map(|column| {
            let ending = match (column.kind, column.unit.as_str()) {
                (ColumnKind::Percent, _) => "share",
                (_, "minutes") => "min",
                (_, "£") => "gbp",
                (_, "number") => "",
                (_, unit) => unit,
            };
            let mut key = snake(&column.name);
            let ending = snake(ending);
            if !ending.is_empty() && !key.split('_').any(|word| word == ending) {
                key = format!("{key}_{ending}");
            }
            let key = if key.starts_with(|c: char| c.is_ascii_lowercase()) { key } else { format!("column_{key}") };
            let mut unique = key.clone();
            let mut at = 2;
            while !taken.insert(unique.clone()) {
                unique = format!("{key}_{at}");
                at += 1;
            }
            unique
        })
        .collect()
}

/// Lower-case letters and digits, one `_` for everything between.
fn snake(words: &str) -> String {
    let mut out = String::new();
    for c in words.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_end_matches('_').to_owned()
}

/// The table as CSV (RFC 4180, lines end with a line feed).
///
/// # Errors
/// `Bug` if it cannot be written.
pub fn write(table: &Table) -> Result<Vec<u8>> {
    let failed = |e: csv::Error| Error::bug(format!("the table `{}` cannot be written as CSV", table.id)).with_cause(e);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(keys(&table.columns)).map_err(failed)?;
    for row in &table.rows {
        writer.write_record(row.iter().map(value)).map_err(failed)?;
    }
    writer.into_inner().map_err(|e| Error::bug("the CSV could not be finished").with_cause(e.into_error()))
}

/// A cell for machines.
pub(super) fn value(cell: &Cell) -> String {
    match cell {
        Cell::Number { value, .. } => value.to_string(),
        Cell::Date { iso, .. } => iso.clone(),
        other => other.shown().to_owned(),
    }
}

/// What the columns of a table's CSV hold: CSV on the Web.
///
/// # Errors
/// `Bug` if it cannot be written.
pub fn descriptor(document: &Document, table: &Table) -> Result<Vec<u8>> {
    let marks = document.notes_of(table);
    let columns: Vec<Value> = keys(&table.columns)
        .iter()
        .zip(&table.columns)
        .enumerate()
        .map(|(at, (key, column))| {
            let cells = || table.rows.iter().filter_map(|row| row.get(at));
            let datatype = match column.kind {
                ColumnKind::Text => "string",
                // Periods are names; a column of whole dates is one of dates.
                ColumnKind::Date if cells().any(|cell| matches!(cell, Cell::Date { iso, .. } if iso.len() != 10)) => {
                    "string"
                }
                ColumnKind::Date => "date",
                ColumnKind::Number | ColumnKind::Percent => "number",
            };
            let unit = if column.kind == ColumnKind::Percent { "share, 0 to 1" } else { column.unit.as_str() };
            let mut out = json!({"name": key, "titles": [key, column.header()], "datatype": datatype});
            if !unit.is_empty() {
                out["vigie:unit"] = json!(unit);
            }
            let mut absent: Vec<&str> = marks.iter().map(|note| note.shorthand.as_str()).collect();
            absent.retain(|mark| cells().any(|cell| matches!(cell, Cell::Shorthand(own) if own == mark)));
            if !absent.is_empty() {
                absent.insert(0, "");
                out["null"] = json!(absent);
            }
            out
        })
        .collect();
    let shorthand: serde_json::Map<String, Value> =
        marks.iter().map(|note| (note.shorthand.clone(), json!(note.text))).collect();
    let descriptor = json!({
        "@context": ["http://www.w3.org/ns/csvw", {"@language": document.language}],
        "url": format!("{}.csv", table.id),
        "dc:title": table.title,
        "dc:publisher": document.force,
        "dc:license": document.licence,
        "vigie:edition": document.edition,
        "vigie:state": document.state,
        "vigie:marking": document.marking,
        "vigie:synthetic": document.synthetic,
        "vigie:period": document.period_words,
        "vigie:data_cut_off": document.data_cut_off,
        "vigie:definition": table.definition,
        "vigie:sort": table.sort,
        "vigie:notes": table.notes,
        "vigie:shorthand": shorthand,
        "dialect": {"encoding": "utf-8", "header": true, "delimiter": ",", "lineTerminators": ["\n"]},
        "tableSchema": {"columns": columns},
    });
    let mut bytes = serde_json::to_vec_pretty(&descriptor)
        .map_err(|e| Error::bug(format!("the table `{}` cannot be described", table.id)).with_cause(e))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_machines_are_unique_and_say_their_unit() {
        let column = |name: &str, unit: &str| Column { name: name.into(), unit: unit.into(), kind: ColumnKind::Number };
        let columns = [column("Crimes", "number"), column("Crimes!", ""), column("2016", "days"), column("Share", "%")];
        assert_eq!(keys(&columns), ["crimes", "crimes_2", "column_2016_days", "share"]);
        assert_eq!(snake("90th percentile (x)"), "90th_percentile_x");
    }

    #[test]
    fn every_cell_reads_back() {
        let document = crate::render::document::tests::sample();
        for table in document.tables() {
            let bytes = write(table).unwrap();
            let mut reader = csv::ReaderBuilder::new().from_reader(bytes.as_slice());
            let rows: Vec<csv::StringRecord> = reader.records().map(std::result::Result::unwrap).collect();
            assert_eq!(rows.len(), table.rows.len());
            for (cells, record) in table.rows.iter().zip(&rows) {
                for (cell, text) in cells.iter().zip(record) {
                    match cell {
                        Cell::Number { value, .. } => {
                            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
                        }
                        cell => assert_eq!(text, super::value(cell)),
                    }
                }
            }
        }
    }

    #[test]
    fn a_descriptor_names_units_shorthand_licence_definition_and_edition() {
        let document = crate::render::document::tests::sample();
        let table = document.tables().find(|table| table.id == "m03").unwrap();
        let said: Value = serde_json::from_slice(&descriptor(&document, table).unwrap()).unwrap();
        assert_eq!(said["vigie:definition"], "sha256:4f1c0a");
        assert_eq!(said["vigie:edition"], document.edition.as_str());
        assert_eq!(said["dc:license"], document.licence.as_str());
        let column = &said["tableSchema"]["columns"][1];
        assert_eq!((&column["name"], &column["vigie:unit"]), (&json!("in_time_share"), &json!("share, 0 to 1")));
        assert_eq!(column["null"], json!(["", "[c]", "[x]"]));
        assert_eq!(said["vigie:shorthand"]["[c]"], "A small number that is not published");
    }
}
