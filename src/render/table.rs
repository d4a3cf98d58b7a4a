//! Rows as CSV, JSON, aligned text and Parquet. Released answers and the batches of a query go the same way.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::HotspotMap;
use crate::error::{Error, Result};

/// Columns and rows, whatever they came from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Names.
    pub columns: Vec<String>,
    /// Values, one a column.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// The rows of a query. Whole numbers, numbers, text and truth values keep their type; everything else is text as
    /// Arrow writes it (times in ISO 8601).
    ///
    /// # Errors
    /// `Bug` for a column that cannot be shown.
    pub fn of_batches(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self> {
        let mut table = Table {
            columns: schema.fields().iter().map(|f| f.name().clone()).collect(),
            rows: Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum()),
        };
        for batch in batches {
            let columns: Vec<Vec<Value>> =
                batch.columns().iter().map(|column| values(column)).collect::<Result<_>>()?;
            for row in 0..batch.num_rows() {
                table.rows.push(columns.iter().map(|column| column[row].clone()).collect());
            }
        }
        Ok(table)
    }

    /// Rows of a released answer, by the names of their fields. A field that is a map becomes `name=value` pairs.
    ///
    /// # Errors
    /// `Bug` for rows that are not objects.
    pub fn of_rows<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut table = Table::default();
        for row in rows {
            let row = serde_json::to_value(row).map_err(|e| Error::bug("a row cannot be written").with_cause(e))?;
            let Value::Object(fields) = row else { return Err(Error::bug("a row is not an object")) };
            if table.columns.is_empty() {
                table.columns = fields.keys().cloned().collect();
            }
            table.rows.push(fields.into_iter().map(|(_, value)| flat(value)).collect());
        }
        Ok(table)
    }

    /// CSV (RFC 4180): UTF-8, one header, empty for no value.
    ///
    /// # Errors
    /// `Bug` if the writer fails.
    pub fn to_csv(&self) -> Result<Vec<u8>> {
        let failed = |e: csv::Error| Error::bug("the table could not be written as CSV").with_cause(e);
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
        writer.write_record(&self.columns).map_err(failed)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(text)).map_err(failed)?;
        }
        writer.into_inner().map_err(|e| Error::bug("the table could not be written as CSV").with_cause(e.to_string()))
    }

    /// Rows as JSON objects.
    pub fn to_json(&self) -> Vec<Value> {
        let object = |row: &Vec<Value>| -> Value {
            Value::Object(self.columns.iter().cloned().zip(row.iter().cloned()).collect::<Map<_, _>>())
        };
        self.rows.iter().map(object).collect()
    }

    /// Aligned text: numbers to the right, two spaces between columns, no lines.
    pub fn to_text(&self) -> String {
        let shown: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(text).collect()).collect();
        let width = |column: usize| {
            let cells = shown.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            cells.max(self.columns[column].chars().count())
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let right: Vec<bool> = (0..self.columns.len())
            .map(|column| {
                let mut values = self.rows.iter().map(|row| &row[column]).filter(|v| !v.is_null()).peekable();
                values.peek().is_some() && values.all(Value::is_number)
            })
            .collect();
        let mut out = String::new();
        for row in std::iter::once(&self.columns).chain(&shown) {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&right) {
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                let _ = if *right { write!(line, "{pad}{cell}  ") } else { write!(line, "{cell}{pad}  ") };
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out
    }

    /// Parquet, zstd. A column is whole numbers, numbers or truth values if all its values are; text otherwise.
    ///
    /// # Errors
    /// `Bug` if the writer fails.
    pub fn to_parquet(&self) -> Result<Vec<u8>> {
        let failed = |e: arrow::error::ArrowError| Error::bug("the table could not become Arrow").with_cause(e);
        let columns = (0..self.columns.len()).map(|at| (self.columns[at].as_str(), self.array(at), true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(failed)?;
        batches_to_parquet(&batch.schema(), &[batch])
    }

    fn array(&self, at: usize) -> ArrayRef {
        let column = || self.rows.iter().map(move |row| &row[at]);
        let all = |test: fn(&Value) -> bool| column().all(|v| v.is_null() || test(v));
        if all(Value::is_boolean) && column().any(Value::is_boolean) {
            return Arc::new(column().map(Value::as_bool).collect::<BooleanArray>());
        }
        if all(|v| v.is_i64() || v.is_u64()) && column().any(Value::is_number) {
            return Arc::new(column().map(Value::as_i64).collect::<Int64Array>());
        }
        if all(Value::is_number) {
            return Arc::new(column().map(Value::as_f64).collect::<Float64Array>());
        }
        Arc::new(column().map(|v| (!v.is_null()).then(|| text(v))).collect::<StringArray>())
    }
}

/// Batches as Parquet, zstd, in their own types.
///
/// # Errors
/// `Bug` if the writer fails.
pub fn batches_to_parquet(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let failed = |e: parquet::errors::ParquetError| Error::bug("the table could not be written as Parquet").with_cause(e);
    let level = parquet::basic::ZstdLevel::try_new(3).map_err(failed)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by(crate::model::provenance::generator())
        .build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, Arc::clone(schema), Some(properties)).map_err(failed)?;
    for batch in batches {
        writer.write(batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(out)
}

/// The cells of a map as CSV.
///
/// # Errors
/// `Bug` if the writer fails.
pub fn hotspots_csv(answer: &Released<HotspotMap>) -> Result<Vec<u8>> {
    Table::of_rows(&answer.rows)?.to_csv()
}

/// The cells of a map as Parquet.
///
/// # Errors
/// `Bug` if the writer fails.
pub fn hotspots_parquet(answer: &Released<HotspotMap>) -> Result<Vec<u8>> {
    Table::of_rows(&answer.rows)?.to_parquet()
}

fn values(column: &ArrayRef) -> Result<Vec<Value>> {
    let failed = |e: arrow::error::ArrowError| Error::bug("a column cannot be shown").with_cause(e);
    let kind = column.data_type();
    if kind.is_integer() && *kind != DataType::UInt64 {
        let cast = cast(column, &DataType::Int64).map_err(failed)?;
        return Ok(cast.as_primitive::<Int64Type>().iter().map(|v| v.map_or(Value::Null, Value::from)).collect());
    }
    if kind.is_floating() {
        let cast = cast(column, &DataType::Float64).map_err(failed)?;
        let number = |v: f64| Number::from_f64(v).map_or(Value::Null, Value::Number);
        return Ok(cast.as_primitive::<Float64Type>().iter().map(|v| v.map_or(Value::Null, number)).collect());
    }
    if *kind == DataType::Boolean {
        return Ok(column.as_boolean().iter().map(|v| v.map_or(Value::Null, Value::Bool)).collect());
    }
    let format = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column, &format).map_err(failed)?;
    Ok((0..column.len())
        .map(|row| if column.is_null(row) { Value::Null } else { Value::String(formatter.value(row).to_string()) })
        .collect())
}

/// Maps and lists as text, so that a row is flat.
fn flat(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
            Value::String(pairs.join("; "))
        }
        Value::Array(items) => Value::String(items.iter().map(text).collect::<Vec<_>>().join("; ")),
        other => other,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn batch() -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(vec![
            ("month", Arc::new(StringArray::from(vec![Some("2017-05"), None])) as ArrayRef, true),
            ("n", Arc::new(Int64Array::from(vec![Some(1200), Some(7)])) as ArrayRef, true),
            ("share", Arc::new(Float64Array::from(vec![Some(0.5), None])) as ArrayRef, true),
            ("whole", Arc::new(BooleanArray::from(vec![Some(true), Some(false)])) as ArrayRef, true),
        ])
        .unwrap()
    }

    #[test]
    fn batches_become_csv_json_and_text() {
        let table = Table::of_batches(&batch().schema(), &[batch()]).unwrap();
        assert_eq!(
            String::from_utf8(table.to_csv().unwrap()).unwrap(),
            "month,n,share,whole\n2017-05,1200,0.5,true\n,7,,false\n"
        );
        assert_eq!(table.to_json()[1]["share"], Value::Null);
        assert_eq!(table.to_text(), "month       n  share  whole\n2017-05  1200    0.5  true\n            7         false\n");
    }

    #[test]
    fn rows_with_maps_are_flat() {
        let mut row = crate::analysis::kpi::sample_row("2017-05", 148.0, 100.0, 200.0);
        row.excluded.insert("cancelled".into(), 3);
        row.excluded.insert("no_arrival".into(), 2);
        let table = Table::of_rows([&row]).unwrap();
        let at = table.columns.iter().position(|c| c == "excluded").unwrap();
        assert_eq!(table.rows[0][at], Value::String("cancelled=3; no_arrival=2".into()));
    }

    #[test]
    fn parquet_is_read_back() {
        let table = Table::of_batches(&batch().schema(), &[batch()]).unwrap();
        let bytes = table.to_parquet().unwrap();
        assert_eq!(bytes, table.to_parquet().unwrap());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let read: Vec<RecordBatch> = reader.map(|b| b.unwrap()).collect();
        assert_eq!(Table::of_batches(&read[0].schema(), &read).unwrap(), table);
    }
}
