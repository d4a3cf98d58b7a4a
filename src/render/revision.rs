//! What changed between two editions, cell by cell, and why. Only what both editions published is compared, as published.

use std::collections::BTreeMap;

use crate::render::document::{Cell, Document, Table};

/// Why a figure changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Records came late, were revised or taken back.
    Data,
    /// The measure is counted by another definition.
    Definition,
    /// Neither: the program or the release rules changed.
    Correction,
}

impl Cause {
    /// All causes.
    pub const ALL: [Cause; 3] = [Cause::Data, Cause::Definition, Cause::Correction];

    /// As written in the table.
    pub fn words(self) -> &'static str {
        match self {
            Cause::Data => "data",
            Cause::Definition => "definition",
            Cause::Correction => "correction",
        }
    }
}

/// One figure that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Title of its table.
    pub table: String,
    /// Name of its row.
    pub row: String,
    /// Name of its column.
    pub column: String,
    /// As the edition before gave it.
    pub was: Cell,
    /// As this one gives it.
    pub now: Cell,
    /// Why.
    pub cause: Cause,
}

/// Columns that follow from others: limits move with every new value, and words follow from limits.
const DERIVED: [&str; 3] = ["Lower limit", "Upper limit", "What the chart says"];

/// Every figure of a series that both documents give and that differs. Each comes with the store version that was read.
///
/// **Method**: tables of one id, rows of one name (the first column), columns of one name. The cause is *definition* if the
/// hash behind the table differs, else *data* if the store version does, else *correction*.
/// **Undefined**: a row, column or table that only one of the two has is not a change.
pub fn compare(before: (&Document, u64), now: (&Document, u64)) -> Vec<Revision> {
    let old: BTreeMap<&str, &Table> = before.0.tables().filter(|t| is_series(t)).map(|t| (t.id.as_str(), t)).collect();
    let mut out = Vec::new();
    for table in now.0.tables().filter(|t| is_series(t)) {
        let Some(old) = old.get(table.id.as_str()) else { continue };
        let cause = if old.definition != table.definition {
            Cause::Definition
        } else if before.1 == now.1 {
            Cause::Correction
        } else {
            Cause::Data
        };
        let rows: BTreeMap<String, &Vec<Cell>> = old.rows.iter().map(|row| (name_of(row), row)).collect();
        for row in &table.rows {
            let Some(old_row) = rows.get(&name_of(row)) else { continue };
            for (at, column) in table.columns.iter().enumerate().skip(1) {
                if DERIVED.contains(&column.name.as_str()) {
                    continue;
                }
                let Some(place) = old.columns.iter().position(|c| c.name == column.name) else { continue };
                let (Some(was), Some(is)) = (old_row.get(place), row.get(at)) else { continue };
                if was != is {
                    out.push(Revision {
                        table: table.title.clone(),
                        row: name_of(row),
                        column: column.name.clone(),
                        was: was.clone(),
                        now: is.clone(),
                        cause,
                    });
                }
            }
        }
    }
    out
}

/// Series of periods are what editions share; lists of places or loads are of their own day.
fn is_series(table: &Table) -> bool {
    table.id.ends_with("_series")
}

fn name_of(row: &[Cell]) -> String {
    row.first().map(|cell| cell.shown().to_owned()).unwrap_or_default()
}
