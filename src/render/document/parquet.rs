//! A table of a report as Parquet, for notebooks, Power BI and the like: the columns of the CSV, typed. Shorthand cannot
//! stand in a column of numbers or dates; there the value is null and a column `…_shorthand` says why.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::model::time::parse_date;
use crate::render::document::{Cell, Column, ColumnKind, Table, csv};
use crate::render::table::{Format, rows};

/// The table as Parquet.
///
/// # Errors
/// `Bug` if it cannot be written.
pub fn write(table: &Table) -> Result<Vec<u8>> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (at, (key, column)) in csv::keys(&table.columns).into_iter().zip(&table.columns).enumerate() {
        let cells: Vec<&Cell> = table.rows.iter().filter_map(|row| row.get(at)).collect();
        let (kind, array) = typed(column, &cells);
        let typed = kind != DataType::Utf8;
        fields.push(Field::new(&key, kind, true).with_metadata(about(column)));
        arrays.push(array);
        if typed && cells.iter().any(|cell| matches!(cell, Cell::Shorthand(_))) {
            let marks = cells.iter().map(|cell| match cell {
                Cell::Shorthand(mark) => Some(mark.as_str()),
                _ => None,
            });
            fields.push(Field::new(format!("{key}_shorthand"), DataType::Utf8, true));
            arrays.push(Arc::new(marks.collect::<StringArray>()));
        }
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)
        .map_err(|e| Error::bug(format!("the columns of `{}` do not fit together", table.id)).with_cause(e))?;
    rows(&schema, &[batch], Format::Parquet)
}

/// Name and unit as in the report. One entry only: the order of more would not be the same each time.
fn about(column: &Column) -> HashMap<String, String> {
    let unit = if column.kind == ColumnKind::Percent { format!("{} (0 to 1)", column.name) } else { column.header() };
    HashMap::from([("title".to_owned(), unit)])
}

fn typed(column: &Column, cells: &[&Cell]) -> (DataType, ArrayRef) {
    match column.kind {
        ColumnKind::Number | ColumnKind::Percent => {
            let values = cells.iter().map(|cell| match cell {
                Cell::Number { value, .. } => Some(*value),
                _ => None,
            });
            (DataType::Float64, Arc::new(values.collect::<Float64Array>()))
        }
        ColumnKind::Date
            if cells.iter().all(|cell| !matches!(cell, Cell::Date { iso, .. } if parse_date(iso).is_err())) =>
        {
            let days = cells.iter().map(|cell| match cell {
                Cell::Date { iso, .. } => parse_date(iso).ok().map(day_number),
                _ => None,
            });
            (DataType::Date32, Arc::new(days.collect::<Date32Array>()))
        }
        ColumnKind::Text | ColumnKind::Date => {
            let texts = cells.iter().map(|cell| match cell {
                Cell::Empty => None,
                cell => Some(csv::value(cell)),
            });
            (DataType::Utf8, Arc::new(texts.collect::<StringArray>()))
        }
    }
}

/// Days since 1 January 1970.
fn day_number(on: NaiveDate) -> i32 {
    i32::try_from(on.signed_duration_since(NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Date32Type, Float64Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

    use super::*;

    fn read(bytes: &[u8]) -> RecordBatch {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let reader = ParquetRecordBatchReader::try_new(file, 1 << 16).unwrap();
        let batches: Vec<RecordBatch> = reader.map(std::result::Result::unwrap).collect();
        assert_eq!(batches.len(), 1);
        batches[0].clone()
    }

    #[test]
    fn every_table_opens_with_its_numbers_and_its_shorthand() {
        let document = crate::render::document::tests::sample();
        for table in document.tables() {
            let bytes = write(table).unwrap();
            for _ in 0..5 {
                assert_eq!(write(table).unwrap(), bytes, "{}", table.id);
            }
            assert_eq!(read(&bytes).num_rows(), table.rows.len());
        }
        let batch = read(&write(document.tables().find(|t| t.id == "m03").unwrap()).unwrap());
        let share = batch.column_by_name("in_time_share").unwrap().as_primitive::<Float64Type>();
        let marks = batch.column_by_name("in_time_share_shorthand").unwrap().as_string::<i32>();
        assert!(share.is_null(20) && marks.value(20) == "[c]");
        assert!(share.is_valid(0) && marks.is_null(0));
        let money = read(&write(document.tables().find(|t| t.id == "r01_money").unwrap()).unwrap());
        let days = money.column_by_name("read_on").unwrap().as_primitive::<Date32Type>();
        assert_eq!(days.value(0), 17_410);
    }
}
