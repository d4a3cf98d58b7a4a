//! Arrow rows as aligned text, JSON, CSV and Parquet: for SQL answers and for the cells of a map.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value, json};

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::{CellScore, HotspotMap};
use crate::error::{Error, Result};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a terminal.
    Text,
    /// `{"rows": […]}` without its braces: an array of objects.
    Json,
    /// Header and rows, UTF-8.
    Csv,
    /// For notebooks and tools.
    Parquet,
}

impl Format {
    /// The format that a file name's ending or a `--format` word says.
    ///
    /// # Errors
    /// `Input` for an unknown one.
    pub fn parse(word: &str) -> Result<Self> {
        match word {
            "text" | "txt" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            other => Err(Error::input(format!("`{other}` is not a format; there are text, json, csv and parquet"))),
        }
    }
}

/// Rows in a format.
///
/// # Errors
/// `Bug` if they cannot be written.
pub fn rows(schema: &SchemaRef, batches: &[RecordBatch], format: Format) -> Result<Vec<u8>> {
    match format {
        Format::Text => text(schema, batches).map(String::into_bytes),
        Format::Json => serde_json::to_vec(&json_rows(batches)?).map_err(|e| failed("JSON", e)),
        Format::Csv => csv(schema, batches),
        Format::Parquet => to_parquet(schema, batches),
    }
}

fn failed(what: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::bug(format!("the rows cannot be written as {what}")).with_cause(cause)
}

/// Numbers to the right, text to the left, a header line.
fn text(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    let options = FormatOptions::new().with_null("");
    let mut columns: Vec<Vec<String>> = schema.fields().iter().map(|f| vec![f.name().clone()]).collect();
    for batch in batches {
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            let shown = ArrayFormatter::try_new(array.as_ref(), &options).map_err(|e| failed("text", e))?;
            column.extend((0..batch.num_rows()).map(|row| shown.value(row).to_string()));
        }
    }
    let widths: Vec<usize> = columns.iter().map(|c| c.iter().map(|v| v.chars().count()).max().unwrap_or(0)).collect();
    let right: Vec<bool> = schema.fields().iter().map(|f| f.data_type().is_numeric()).collect();
    let mut out = String::new();
    for row in 0..columns.first().map_or(0, Vec::len) {
        let mut line = String::new();
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                line.push_str("  ");
            }
            let width = widths[at];
            line.push_str(&if right[at] {
                format!("{:>width$}", column[row])
            } else {
                format!("{:<width$}", column[row])
            });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    Ok(out)
}

/// Objects a row. Columns named `cell` come as the usual H3 text beside nothing else: their bits are no use to readers.
///
/// # Errors
/// `Bug` if a value cannot be shown.
pub fn json_rows(batches: &[RecordBatch]) -> Result<Vec<Value>> {
    let mut rows = Vec::new();
    let options = FormatOptions::new();
    for batch in batches {
        let schema = batch.schema();
        let start = rows.len();
        rows.extend((0..batch.num_rows()).map(|_| Map::with_capacity(batch.num_columns())));
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            let shown = ArrayFormatter::try_new(array.as_ref(), &options).map_err(|e| failed("JSON", e))?;
            for row in 0..batch.num_rows() {
                let value = if array.is_null(row) { Value::Null } else { value(array, row, &shown) };
                rows[start + row].insert(field.name().clone(), value);
            }
        }
    }
    Ok(rows.into_iter().map(Value::Object).collect())
}

fn value(array: &ArrayRef, row: usize, shown: &ArrayFormatter<'_>) -> Value {
    match array.data_type() {
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => json!(array.as_any().downcast_ref::<BooleanArray>().map(|a| a.value(row))),
        _ => {
            let text = shown.value(row).to_string();
            if array.data_type().is_numeric() {
                text.parse::<serde_json::Number>().map_or(Value::String(text), Value::Number)
            } else {
                Value::String(text)
            }
        }
    }
}

fn csv(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if batches.iter().all(|b| b.num_rows() == 0) {
        let header: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        bytes.extend_from_slice(header.join(",").as_bytes());
        bytes.push(b'\n');
        return Ok(bytes);
    }
    let mut writer = WriterBuilder::new().with_header(true).build(&mut bytes);
    for batch in batches {
        writer.write(batch).map_err(|e| failed("CSV", e))?;
    }
    drop(writer);
    Ok(bytes)
}

fn to_parquet(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_created_by(crate::model::provenance::generator())
        .build();
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, Arc::clone(schema), Some(properties)).map_err(|e| failed("Parquet", e))?;
    for batch in batches {
        writer.write(batch).map_err(|e| failed("Parquet", e))?;
    }
    writer.close().map_err(|e| failed("Parquet", e))?;
    Ok(bytes)
}

/// The cells of a released map as a table: one row a cell, `cell` as H3 text.
///
/// # Errors
/// `Bug` if the columns do not fit together.
pub fn hotspots(map: &Released<HotspotMap>) -> Result<RecordBatch> {
    let r = &map.rows;
    let number = |name: &'static str, value: fn(&CellScore) -> Option<f64>| -> (Field, ArrayRef) {
        let values = r.iter().map(value).collect::<Float64Array>();
        (Field::new(name, DataType::Float64, true), Arc::new(values))
    };
    let fixed = |(field, values): (Field, ArrayRef)| (field.with_nullable(false), values);
    let text =
        |name: &'static str, nullable: bool, value: &dyn Fn(&CellScore) -> Option<String>| -> (Field, ArrayRef) {
            (Field::new(name, DataType::Utf8, nullable), Arc::new(r.iter().map(value).collect::<StringArray>()))
        };
    let counts = r.iter().map(|row| row.count.and_then(|c| i64::try_from(c).ok())).collect::<Int64Array>();
    let ranks = r.iter().map(|row| row.detail.rank.and_then(|n| i64::try_from(n).ok())).collect::<Int64Array>();
    let mut columns = vec![
        text("cell", false, &|row| Some(row.cell.to_string())),
        text("parish", true, &|row| row.parish.clone()),
        fixed(number("area_km2", |row| Some(row.area_km2))),
        (Field::new("count", DataType::Int64, true), Arc::new(counts) as ArrayRef),
        (Field::new("rank", DataType::Int64, true), Arc::new(ranks) as ArrayRef),
        number("area_share", |row| row.detail.area_share),
        number("weighted", |row| row.detail.weighted),
        number("rate_per_km2", |row| row.rate_per_km2),
        number("density_per_km2", |row| row.detail.density_per_km2),
        number("expected_count", |row| row.detail.expected_count),
        number("against_density_per_km2", |row| row.detail.against_density_per_km2),
        number("joined", |row| row.detail.joined),
        text("joined_undefined", true, &|row| row.detail.joined_undefined.map(str::to_owned)),
        number("z", |row| row.z),
        number("p", |row| row.p),
        number("q", |row| row.q),
        text("bin", false, &|row| Some(row.bin.words().to_owned())),
        text("quadrant", true, &|row| row.detail.quadrant.map(|quadrant| quadrant.words().to_owned())),
        fixed(number("lat", |row| Some(row.centre.lat))),
        fixed(number("lon", |row| Some(row.centre.lon))),
    ];
    // What only some methods give is a column only where it is given.
    let optional = [
        "rank",
        "area_share",
        "weighted",
        "density_per_km2",
        "expected_count",
        "against_density_per_km2",
        "joined",
        "joined_undefined",
        "quadrant",
    ];
    columns.retain(|(field, values)| !optional.contains(&field.name().as_str()) || values.null_count() < values.len());
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|e| failed("a table", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> RecordBatch {
        let schema = Arc::new(Schema::new(vec![
            Field::new("beat", DataType::Utf8, true),
            Field::new("records", DataType::Int64, true),
        ]));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![Some("B1"), None])),
            Arc::new(Int64Array::from(vec![Some(12), Some(3)])),
        ];
        RecordBatch::try_new(schema, columns).unwrap()
    }

    #[test]
    fn every_format_holds_every_row() {
        let batch = batch();
        let text =
            |format| String::from_utf8(rows(&batch.schema(), std::slice::from_ref(&batch), format).unwrap()).unwrap();
        assert_eq!(text(Format::Text), "beat  records\nB1         12\n            3\n");
        assert_eq!(text(Format::Csv), "beat,records\nB1,12\n,3\n");
        assert_eq!(text(Format::Json), r#"[{"beat":"B1","records":12},{"beat":null,"records":3}]"#);
        assert_eq!(&rows(&batch.schema(), &[batch], Format::Parquet).unwrap()[..4], b"PAR1");
    }

    #[test]
    fn an_empty_answer_keeps_its_header() {
        let empty = batch().slice(0, 0);
        assert_eq!(rows(&empty.schema(), &[empty], Format::Csv).unwrap(), b"beat,records\n");
    }
}
