//! Arrow to Polars and back: the only file where the two meet.
//!
//! Both speak the Arrow C data interface, but Polars keeps its half (`polars_arrow::ffi`) out of its public face, so
//! columns are copied, type by type. What crosses here are series of days and months: small next to the scan that made
//! them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, TimeUnit as ArrowUnit};
use polars::prelude::{
    Column, DataFrame, DataType, Float64Chunked, Int32Chunked, Int64Chunked, IntoColumn, IntoSeries, NewChunkedArray,
    PolarsError, StringChunked, TimeUnit,
};

use crate::error::{Error, Result};

/// A Polars frame of the same columns.
///
/// Int64, Float64, Utf8, Date32 and Timestamp (microseconds, UTC or without a zone) cross; a zone is dropped, since
/// every instant of ours is UTC.
///
/// # Errors
/// `Bug` naming the column for any other type.
///
/// # Example
/// ```
/// use arrow::array::{Int64Array, RecordBatch};
/// use std::sync::Arc;
/// use vigie::model::bridge::{to_arrow, to_polars};
/// let batch = RecordBatch::try_from_iter([("count", Arc::new(Int64Array::from(vec![Some(3), None])) as _)])?;
/// assert_eq!(to_arrow(&to_polars(&batch)?)?, batch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn to_polars(batch: &RecordBatch) -> Result<DataFrame> {
    let schema = batch.schema();
    let columns: Vec<Column> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, array)| column(field, array.as_ref()))
        .collect::<Result<_>>()?;
    DataFrame::new(batch.num_rows(), columns).map_err(polars_bug)
}

fn column(field: &Field, array: &dyn Array) -> Result<Column> {
    let name = field.name().as_str().into();
    let any = array.as_any();
    let cannot =
        || Error::bug(format!("column `{}` of type {} cannot cross to Polars", field.name(), field.data_type()));
    Ok(match field.data_type() {
        ArrowType::Int64 => {
            let values = any.downcast_ref::<Int64Array>().ok_or_else(cannot)?;
            Int64Chunked::from_iter_options(name, values.iter()).into_column()
        }
        ArrowType::Float64 => {
            let values = any.downcast_ref::<Float64Array>().ok_or_else(cannot)?;
            Float64Chunked::from_iter_options(name, values.iter()).into_column()
        }
        ArrowType::Utf8 => {
            let values = any.downcast_ref::<StringArray>().ok_or_else(cannot)?;
            StringChunked::from_iter_options(name, values.iter()).into_column()
        }
        ArrowType::Date32 => {
            let values = any.downcast_ref::<Date32Array>().ok_or_else(cannot)?;
            Int32Chunked::from_iter_options(name, values.iter()).into_date().into_series().into_column()
        }
        ArrowType::Timestamp(ArrowUnit::Microsecond, zone) if zone.as_deref().is_none_or(|zone| zone == "UTC") => {
            let values = any.downcast_ref::<TimestampMicrosecondArray>().ok_or_else(cannot)?;
            Int64Chunked::from_iter_options(name, values.iter())
                .into_datetime(TimeUnit::Microseconds, None)
                .into_series()
                .into_column()
        }
        _ => return Err(cannot()),
    })
}

/// A record batch of the same columns; instants come back as UTC.
///
/// # Errors
/// `Bug` naming the column for a type that [`to_polars`] does not make.
pub fn to_arrow(frame: &DataFrame) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(frame.width());
    let mut arrays = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        let array = array(column)?;
        fields.push(Field::new(column.name().as_str(), array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|cause| Error::bug("columns from Polars do not make a batch").with_cause(cause))
}

fn array(column: &Column) -> Result<ArrayRef> {
    let series = column.as_materialized_series();
    Ok(match column.dtype() {
        DataType::Int64 => Arc::new(series.i64().map_err(polars_bug)?.iter().collect::<Int64Array>()),
        DataType::Float64 => Arc::new(series.f64().map_err(polars_bug)?.iter().collect::<Float64Array>()),
        DataType::String => Arc::new(series.str().map_err(polars_bug)?.iter().collect::<StringArray>()),
        DataType::Date => Arc::new(series.date().map_err(polars_bug)?.phys.iter().collect::<Date32Array>()),
        DataType::Datetime(TimeUnit::Microseconds, _) => {
            let instants = &series.datetime().map_err(polars_bug)?.phys;
            Arc::new(instants.iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        other => {
            return Err(Error::bug(format!("column `{}` of type {other} cannot cross to Arrow", column.name())));
        }
    })
}

/// An error of Polars where nothing of the caller's can be wrong.
pub fn polars_bug(cause: PolarsError) -> Error {
    Error::bug("a series could not be computed").with_cause(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_and_missing_values_go_there_and_back() {
        let batch = RecordBatch::try_from_iter([
            ("n", Arc::new(Int64Array::from(vec![Some(1), None, Some(i64::MIN)])) as ArrayRef),
            ("x", Arc::new(Float64Array::from(vec![None, Some(1.5), Some(-0.0)])) as ArrayRef),
            ("word", Arc::new(StringArray::from(vec![Some("Grouville"), Some(""), None])) as ArrayRef),
            ("on", Arc::new(Date32Array::from(vec![Some(17_287), None, Some(-1)])) as ArrayRef),
            (
                "at",
                Arc::new(TimestampMicrosecondArray::from(vec![Some(1), None, Some(-1)]).with_timezone("UTC"))
                    as ArrayRef,
            ),
        ])
        .unwrap();
        let frame = to_polars(&batch).unwrap();
        assert_eq!((frame.height(), frame.width()), (3, 5));
        assert_eq!(to_arrow(&frame).unwrap(), batch);
    }

    #[test]
    fn an_empty_batch_keeps_its_columns() {
        let none = Arc::new(Int64Array::from(Vec::<i64>::new())) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("n", none)]).unwrap();
        assert_eq!(to_arrow(&to_polars(&batch).unwrap()).unwrap().num_rows(), 0);
    }

    #[test]
    fn other_types_are_named() {
        let flags = Arc::new(arrow::array::BooleanArray::from(vec![true])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("cancelled", flags)]).unwrap();
        assert!(to_polars(&batch).unwrap_err().message().contains("cancelled"));
    }
}
