//! Columns and cells of a report's tables. A number is kept as it is printed and no more exact: what a table does not show
//! is in no file.

use crate::render::document::{Cell, Column, ColumnKind};
use crate::render::format;

/// A column of words.
pub(super) fn text_column(name: &str) -> Column {
    Column { name: name.to_owned(), unit: String::new(), kind: ColumnKind::Text }
}

/// A column of numbers.
pub(super) fn number_column(name: impl Into<String>, unit: &str) -> Column {
    Column { name: name.into(), unit: unit.to_owned(), kind: ColumnKind::Number }
}

/// `[c]` and its like.
pub(super) fn shorthand(mark: &str) -> Cell {
    Cell::Shorthand(mark.to_owned())
}

/// A count.
pub(super) fn count(count: u64) -> Cell {
    rounded(count as f64, 0)
}

/// A number with so many decimals.
pub(super) fn rounded(value: f64, decimals: usize) -> Cell {
    as_printed(value, format::decimal(value, decimals))
}

/// A number of which no file holds more than the text shows.
pub(super) fn as_printed(value: f64, text: String) -> Cell {
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
    let scale = if text.ends_with('%') { 100.0 } else { 1.0 };
    Cell::number(digits.parse().map_or(value, |shown: f64| shown / scale), text)
}

/// A p or q value as it is printed.
pub(super) fn probability(value: f64) -> Cell {
    let text = format::probability(value);
    let value = text.parse().unwrap_or(0.001);
    Cell::number(value, text)
}

/// A number that may not exist.
pub(super) fn or(value: Option<f64>, missing: &str, cell: impl Fn(f64) -> Cell) -> Cell {
    value.map_or_else(|| shorthand(missing), cell)
}
