//! Functions that SQL may use: H3 cells, local dates, dayparts, shifts.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, Int64Builder, ListBuilder,
    StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone, Timelike};
use chrono_tz::Tz;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

use crate::config::Config;
use crate::model::time::Daypart;
use crate::space::cell::{Cell, Point};

/// Days from year 1 to 1970-01-01, as chrono counts them.
const EPOCH_DAYS: i32 = 719_163;

/// Every function, for the zone and dayparts of a store.
pub(super) fn all(config: &Config) -> Vec<ScalarUDF> {
    let mut functions = vec![
        function("h3_cell", &[DataType::Float64, DataType::Float64, DataType::Int64], DataType::Int64, h3_cell),
        function("h3_parent", &[DataType::Int64, DataType::Int64], DataType::Int64, h3_parent),
        function("h3_string", &[DataType::Int64], DataType::Utf8, h3_string),
        function(
            "h3_disk",
            &[DataType::Int64, DataType::Int64],
            DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true))),
            h3_disk,
        ),
        function("h3_distance_m", &[DataType::Int64, DataType::Int64], DataType::Float64, h3_distance_m),
        function(
            "in_daypart",
            &[DataType::Date32, DataType::Int64, DataType::Int64, DataType::Int64, DataType::Int64],
            DataType::Boolean,
            in_daypart,
        ),
    ];
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let zone = config.zone;
    functions.push(function("local_date", std::slice::from_ref(&instant), DataType::Date32, move |args| {
        Ok(Arc::new(local(args, zone)?.map(|t| t.map(|t| days(t.date()))).collect::<Date32Array>()))
    }));
    functions.push(function("local_hour", &[instant], DataType::Int64, move |args| {
        Ok(Arc::new(local(args, zone)?.map(|t| t.map(|t| i64::from(t.hour()))).collect::<Int64Array>()))
    }));
    let length = [DataType::Date32, DataType::Int64];
    functions.push(function("period_start", &length, DataType::Date32, period_start));
    let dayparts = config.dayparts.clone();
    functions.push(function("daypart", &[DataType::Int64], DataType::Utf8, move |args| Ok(daypart(args, &dayparts))));
    let night = config.dayparts.iter().find(|d| d.name == "night").cloned();
    functions.push(function("shift", &[DataType::Date32, DataType::Int64], DataType::Utf8, move |args| {
        Ok(shift(args, night.as_ref()))
    }));
    functions
}

fn function<F>(name: &str, takes: &[DataType], gives: DataType, body: F) -> ScalarUDF
where
    F: Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
{
    let body = move |args: &[ColumnarValue]| -> Result<ColumnarValue> {
        let scalar = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let array = body(&arrays)?;
        if scalar {
            return Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    };
    create_udf(name, takes.to_vec(), gives, Volatility::Immutable, Arc::new(body))
}

fn wrong(message: &str) -> DataFusionError {
    DataFusionError::Execution(message.to_owned())
}

fn resolution(value: i64) -> Result<u8> {
    u8::try_from(value).ok().filter(|r| *r <= 15).ok_or_else(|| wrong("an H3 resolution is 0 to 15"))
}

fn h3_cell(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (lat, lon, res) = (
        args[0].as_primitive::<Float64Type>(),
        args[1].as_primitive::<Float64Type>(),
        args[2].as_primitive::<Int64Type>(),
    );
    let mut cells = Int64Builder::with_capacity(lat.len());
    for row in 0..lat.len() {
        if lat.is_null(row) || lon.is_null(row) || res.is_null(row) {
            cells.append_null();
            continue;
        }
        let point = Point { lat: lat.value(row), lon: lon.value(row) };
        cells.append_option(Cell::at(point, resolution(res.value(row))?).map(Cell::bits));
    }
    Ok(Arc::new(cells.finish()))
}

fn h3_parent(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (cells, res) = (args[0].as_primitive::<Int64Type>(), args[1].as_primitive::<Int64Type>());
    let mut parents = Int64Builder::with_capacity(cells.len());
    for row in 0..cells.len() {
        if cells.is_null(row) || res.is_null(row) {
            parents.append_null();
            continue;
        }
        let res = resolution(res.value(row))?;
        parents.append_option(Cell::from_bits(cells.value(row)).and_then(|c| c.parent(res)).map(Cell::bits));
    }
    Ok(Arc::new(parents.finish()))
}

fn h3_string(args: &[ArrayRef]) -> Result<ArrayRef> {
    let cells = args[0].as_primitive::<Int64Type>();
    Ok(Arc::new(
        cells.iter().map(|bits| bits.and_then(Cell::from_bits).map(|c| c.to_string())).collect::<StringArray>(),
    ))
}

fn h3_disk(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (cells, k) = (args[0].as_primitive::<Int64Type>(), args[1].as_primitive::<Int64Type>());
    let mut disks = ListBuilder::new(Int64Builder::new());
    for row in 0..cells.len() {
        let cell = (!cells.is_null(row)).then(|| Cell::from_bits(cells.value(row))).flatten();
        let Some(cell) = cell.filter(|_| !k.is_null(row)) else {
            disks.append_null();
            continue;
        };
        let k = u32::try_from(k.value(row))
            .ok()
            .filter(|k| *k <= 50)
            .ok_or_else(|| wrong("h3_disk takes 0 to 50 rings"))?;
        for member in cell.disk(k) {
            disks.values().append_value(member.bits());
        }
        disks.append(true);
    }
    Ok(Arc::new(disks.finish()))
}

fn h3_distance_m(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (a, b) = (args[0].as_primitive::<Int64Type>(), args[1].as_primitive::<Int64Type>());
    let metres = a.iter().zip(b.iter()).map(|(a, b)| {
        let (a, b) = (Cell::from_bits(a?)?, Cell::from_bits(b?)?);
        Some(a.distance_m(b))
    });
    Ok(Arc::new(metres.collect::<Float64Array>()))
}

fn in_daypart(args: &[ArrayRef]) -> Result<ArrayRef> {
    let on = args[0].as_primitive::<Date32Type>();
    let numbers: Vec<&Int64Array> = args[1..].iter().map(arrow::array::AsArray::as_primitive::<Int64Type>).collect();
    let mut inside = Vec::with_capacity(on.len());
    for row in 0..on.len() {
        // No start means no filter.
        if numbers[1].is_null(row) {
            inside.push(Some(true));
            continue;
        }
        if on.is_null(row) || numbers[0].is_null(row) {
            inside.push(None);
            continue;
        }
        let minute = |at: usize| u32::try_from(numbers[at].value(row)).unwrap_or(0);
        let mask = if numbers[3].is_null(row) { 0 } else { numbers[3].value(row) };
        let band = Daypart {
            name: String::new(),
            start_minute: minute(1),
            end_minute: minute(2),
            weekdays: (0..7_u8).filter(|day| mask >> day & 1 == 1).collect(),
        };
        inside.push(date(on.value(row)).map(|on| band.contains(on, minute(0))));
    }
    Ok(Arc::new(BooleanArray::from(inside)))
}

/// First day of the calendar period of so many months that a date lies in; of 0 months one day for all dates.
fn period_start(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (dates, months) = (args[0].as_primitive::<Date32Type>(), args[1].as_primitive::<Int64Type>());
    let mut starts = Vec::with_capacity(dates.len());
    // Neighbours mostly lie in one period: it is worked out once.
    let mut last: Option<(i64, i32, i32)> = None;
    for row in 0..dates.len() {
        if dates.is_null(row) || months.is_null(row) {
            starts.push(None);
            continue;
        }
        let (day, length) = (dates.value(row), months.value(row));
        if let Some((of, start, end)) = last
            && of == length
            && (start..end).contains(&day)
        {
            starts.push(Some(start));
            continue;
        }
        if !matches!(length, 0 | 1 | 3 | 12) {
            return Err(wrong("a period has 1, 3 or 12 months, or 0 for all dates"));
        }
        let found = date(day).and_then(|on| match length {
            0 => Some((0, 0)),
            length => period_of(on, length),
        });
        starts.push(found.map(|(start, _)| start));
        last = found.map(|(start, end)| (length, start, end));
    }
    Ok(Arc::new(Date32Array::from(starts)))
}

/// First day of a date's period, and the first of the next, in days since 1970.
fn period_of(on: NaiveDate, months: i64) -> Option<(i32, i32)> {
    let months = u32::try_from(months).ok()?;
    let first = on.month0() / months * months;
    let start = NaiveDate::from_ymd_opt(on.year(), first + 1, 1)?;
    let end = if first + months > 11 {
        NaiveDate::from_ymd_opt(on.year() + 1, 1, 1)?
    } else {
        NaiveDate::from_ymd_opt(on.year(), first + months + 1, 1)?
    };
    Some((days(start), days(end)))
}

fn daypart(args: &[ArrayRef], dayparts: &[Daypart]) -> ArrayRef {
    let minutes = args[0].as_primitive::<Int64Type>();
    let everyday: Vec<&Daypart> = dayparts.iter().filter(|d| d.weekdays.is_empty()).collect();
    let any = NaiveDate::default();
    let names = minutes.iter().map(|minute| {
        let minute = u32::try_from(minute?).ok()?;
        everyday.iter().find(|d| d.contains(any, minute)).map(|d| d.name.as_str())
    });
    Arc::new(names.collect::<StringArray>())
}

/// `2017-05-05 night`: a night shift belongs to the date on which it starts.
fn shift(args: &[ArrayRef], night: Option<&Daypart>) -> ArrayRef {
    let (on, minutes) = (args[0].as_primitive::<Date32Type>(), args[1].as_primitive::<Int64Type>());
    let names = on.iter().zip(minutes.iter()).map(|(on, minute)| {
        let (on, minute) = (date(on?)?, u32::try_from(minute?).ok()?);
        let is_night = night.is_some_and(|n| n.contains(on, minute));
        let after_midnight = is_night && night.is_some_and(|n| n.wraps() && minute < n.end_minute);
        let starts = if after_midnight { on.pred_opt()? } else { on };
        Some(format!("{starts} {}", if is_night { "night" } else { "day" }))
    });
    Arc::new(names.collect::<StringArray>())
}

fn local(args: &[ArrayRef], zone: Tz) -> Result<impl Iterator<Item = Option<chrono::NaiveDateTime>> + '_> {
    let instants =
        args[0].as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| wrong("an instant is needed"))?;
    Ok(instants.iter().map(move |micros| {
        let utc = DateTime::from_timestamp_micros(micros?)?.naive_utc();
        Some(utc + zone.offset_from_utc_datetime(&utc).fix())
    }))
}

fn date(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH_DAYS)?)
}

fn days(on: NaiveDate) -> i32 {
    on.num_days_from_ce() - EPOCH_DAYS
}
