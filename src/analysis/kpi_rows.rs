//! The rows of an example: CSV text as records of a table. Only for a few rows that somebody wrote by hand; extracts come
//! in through `ingest`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::error::{Error, Result};
use crate::model::schema::{ColumnKind, Table};
use crate::model::time::parse_date;

/// Days from year 1 to 1970-01-01, as chrono counts them.
const EPOCH_DAYS: i32 = 719_163;
/// Columns that follow from the time of a record.
const DERIVED: [&str; 3] = ["local_on", "local_hour", "local_minute"];

/// Reads the rows of an example. The header names columns of the table; what is not named is empty, but for the local date,
/// hour and minute, which follow from the first time of a row. Instants are UTC: `2017-05-01T09:00:00Z`.
///
/// # Errors
/// `Input` naming file, line and column.
pub fn rows(text: &str, origin: &str, table: &Table, zone: Tz) -> Result<RecordBatch> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let unread = |cause: csv::Error| Error::input("is not CSV").at(origin.to_owned()).with_cause(cause);
    let header: Vec<String> = reader.headers().map_err(unread)?.iter().map(str::to_owned).collect();
    if let Some(unknown) = header.iter().find(|name| table.kind_of(name).is_none()) {
        return Err(Error::input(format!("{} has no column `{unknown}`", table.name)).at(format!("{origin}:1")));
    }
    let mut records = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|cause| {
            let line = cause.position().map_or(at as u64 + 2, csv::Position::line);
            Error::input("the row has not as many fields as the header")
                .at(format!("{origin}:{line}"))
                .with_cause(cause)
        })?;
        records.push(record);
    }
    let cells = |name: &str| -> Option<Vec<Option<String>>> {
        let at = header.iter().position(|found| found == name)?;
        let cell = |record: &csv::StringRecord| record.get(at).filter(|text| !text.is_empty()).map(str::to_owned);
        Some(records.iter().map(cell).collect())
    };
    let moments = moments(table, &cells, records.len(), zone, origin)?;
    let mut columns: Vec<ArrayRef> = Vec::new();
    for column in table.all_columns() {
        let given = cells(column.name);
        if given.is_none() && DERIVED.contains(&column.name) {
            columns.push(derived(column.name, &moments));
            continue;
        }
        let given = given.unwrap_or_else(|| vec![None; records.len()]);
        let line = |at: usize| {
            let line = records.get(at).and_then(csv::StringRecord::position).map_or(0, csv::Position::line);
            format!("{origin}:{line}: {}", column.name)
        };
        columns.push(array(column.kind, &given, &line)?);
    }
    // The partition must not be empty; no question reads it here.
    let schema = table.arrow_schema();
    let fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), columns)
        .map_err(|cause| Error::bug("the rows of an example do not make a table").with_cause(cause))
}

/// When each row was: its first time, or its first date.
fn moments(
    table: &Table,
    cells: &dyn Fn(&str) -> Option<Vec<Option<String>>>,
    rows: usize,
    zone: Tz,
    origin: &str,
) -> Result<Vec<(Option<NaiveDate>, Option<u32>)>> {
    let mut out = vec![(None, None); rows];
    for time in table.times {
        let Some(given) = cells(time) else { continue };
        for (moment, text) in out.iter_mut().zip(&given) {
            let (None, Some(text)) = (moment.0, text) else { continue };
            let place = || format!("{origin}: {time}");
            *moment = if table.kind_of(time) == Some(ColumnKind::Date) {
                (Some(parse_date(text).map_err(|e| e.at(place()))?), None)
            } else {
                let local = zone.from_utc_datetime(&instant(text).map_err(|e| e.at(place()))?.naive_utc());
                (Some(local.date_naive()), Some(local.hour() * 60 + local.minute()))
            };
        }
    }
    Ok(out)
}

fn derived(name: &str, moments: &[(Option<NaiveDate>, Option<u32>)]) -> ArrayRef {
    let minute = |part: fn(i64) -> i64| -> ArrayRef {
        Arc::new(moments.iter().map(|(_, minute)| minute.map(|m| part(i64::from(m)))).collect::<Int64Array>())
    };
    match name {
        "local_on" => Arc::new(moments.iter().map(|(on, _)| on.map(days)).collect::<Date32Array>()),
        "local_hour" => minute(|m| m / 60),
        _ => minute(|m| m),
    }
}

fn days(on: NaiveDate) -> i32 {
    on.num_days_from_ce() - EPOCH_DAYS
}

fn instant(text: &str) -> Result<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|_| Error::input(format!("`{text}` is not an instant; write 2017-05-01T09:00:00Z")))
}

fn array(kind: ColumnKind, cells: &[Option<String>], line: &dyn Fn(usize) -> String) -> Result<ArrayRef> {
    Ok(match kind {
        ColumnKind::Text => Arc::new(cells.iter().cloned().collect::<StringArray>()),
        ColumnKind::Int => Arc::new(Int64Array::from(parsed(cells, line, |t| t.parse().ok(), "a whole number")?)),
        ColumnKind::Float => Arc::new(Float64Array::from(parsed(cells, line, |t| t.parse().ok(), "a number")?)),
        ColumnKind::Bool => Arc::new(BooleanArray::from(parsed(cells, line, |t| t.parse().ok(), "true or false")?)),
        ColumnKind::Date => {
            Arc::new(Date32Array::from(parsed(cells, line, |t| parse_date(t).ok().map(days), "a date")?))
        }
        ColumnKind::Time => {
            let micros = parsed(cells, line, |t| instant(t).ok().map(|at| at.timestamp_micros()), "an instant in UTC")?;
            Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
        }
    })
}

fn parsed<T>(
    cells: &[Option<String>],
    line: &dyn Fn(usize) -> String,
    read: impl Fn(&str) -> Option<T>,
    wanted: &str,
) -> Result<Vec<Option<T>>> {
    let one = |(at, cell): (usize, &Option<String>)| match cell {
        None => Ok(None),
        Some(text) => match read(text) {
            Some(value) => Ok(Some(value)),
            None => Err(Error::input(format!("`{text}` is not {wanted}")).at(line(at))),
        },
    };
    cells.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Date32Type, Int64Type};

    use super::*;
    use crate::model::schema::table;

    #[test]
    fn rows_have_local_dates_of_their_zone() {
        let text = "reported_at,grade_initial,cancelled\n2017-06-30T23:30:00Z,1,true\n,2,\n";
        let batch = rows(text, "e.csv", table("incidents").unwrap(), chrono_tz::Europe::Jersey).unwrap();
        let on = batch.column_by_name("local_on").unwrap().as_primitive::<Date32Type>().clone();
        assert_eq!((on.value_as_date(0), on.is_null(1)), (parse_date("2017-07-01").ok(), true));
        let minute = batch.column_by_name("local_minute").unwrap().as_primitive::<Int64Type>().clone();
        assert_eq!(minute.value(0), 30);
    }

    #[test]
    fn wrong_rows_are_refused_with_their_line() {
        let read = |text: &str| {
            rows(text, "e.csv", table("incidents").unwrap(), chrono_tz::Europe::Jersey).unwrap_err().to_string()
        };
        assert!(read("colour\nred\n").contains("no column `colour`"));
        assert!(read("grade_initial\n1\none\n").starts_with("e.csv:3: grade_initial: `one`"));
        assert!(read("origin,grade_initial\n999\n").starts_with("e.csv:2"));
        assert!(read("reported_at\n2017-06-30 23:30\n").contains("not an instant"));
    }
}
