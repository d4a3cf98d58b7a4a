//! When it happened, in island time: local date, hour, minute and the month that the table is partitioned by.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Date32Builder, Int64Builder, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};

use super::clock::{LocalHours, year_and_month};
use super::feed::{Feed, Precision};
use super::marks::Marks;
use super::reject::{Label, Reason};

/// Columns of local time.
pub struct Local {
    /// Local date.
    pub on: ArrayRef,
    /// Hour of the day, 0-23.
    pub hour: ArrayRef,
    /// Minute of the day, 0-1439.
    pub minute: ArrayRef,
    /// `YYYY-MM`, or `unknown`.
    pub month: ArrayRef,
}

/// Columns that are the beginning and the end of one range.
const RANGES: [(&str, &str); 1] = [("offence_from_at", "offence_to_at")];

/// Labels rows whose range ends before it begins. Both times stay as written, and no question leaves the row out.
pub fn label_reversed(filled: &BTreeMap<&str, ArrayRef>, marks: &mut Marks<'_>) {
    let instants = |name: &str| filled.get(name).and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
    for (from, to) in RANGES {
        let (Some(from), Some(to)) = (instants(from), instants(to)) else { continue };
        for (row, (from, to)) in from.iter().zip(to).enumerate() {
            if from.zip(to).is_some_and(|(from, to)| from > to) {
                marks.label(row, Label::RangeReversed);
            }
        }
    }
}

enum Time<'a> {
    Instant(&'a TimestampMicrosecondArray),
    Date(&'a Date32Array),
}

/// Local time of the first of `times` that a row has, in the feed's zone. A row of a table that needs a time is refused
/// without any; dates, and times known to the day or month only, have no hour.
pub fn local(times: &[&ArrayRef], feed: &Feed, rows: usize, marks: &mut Marks<'_>) -> Local {
    let times: Vec<Time<'_>> = times
        .iter()
        .filter_map(|array| match array.as_primitive_opt::<TimestampMicrosecondType>() {
            Some(instants) => Some(Time::Instant(instants)),
            None => array.as_primitive_opt::<Date32Type>().map(Time::Date),
        })
        .collect();
    let needs_time = !feed.table.times.is_empty();
    let has_hour = feed.precision == Precision::Instant;
    let mut on = Date32Builder::with_capacity(rows);
    let mut hour = Int64Builder::with_capacity(rows);
    let mut minute = Int64Builder::with_capacity(rows);
    let mut month = StringBuilder::with_capacity(rows, rows * 7);
    let mut months = Months::default();
    let mut hours = LocalHours::new(&feed.zone);
    for row in 0..rows {
        let found = times.iter().find_map(|time| match time {
            Time::Instant(array) if array.is_valid(row) => {
                let (day, second) = hours.to_local(array.value(row).div_euclid(1_000_000));
                Some((day, has_hour.then_some(second / 60)))
            }
            Time::Date(array) if array.is_valid(row) => Some((array.value(row), None)),
            _ => None,
        });
        let Some((day, minute_of_day)) = found else {
            if needs_time && marks.is_kept(row) {
                let wanted = format!("wanted a time: one of {}", feed.table.times.join(", "));
                marks.reject(row, Reason::MissingTime, None, &wanted);
            }
            on.append_null();
            hour.append_null();
            minute.append_null();
            month.append_value("unknown");
            continue;
        };
        on.append_value(day);
        hour.append_option(minute_of_day.map(|minute| i64::from(minute / 60)));
        minute.append_option(minute_of_day.map(i64::from));
        month.append_value(months.name(day));
    }
    Local {
        on: Arc::new(on.finish()),
        hour: Arc::new(hour.finish()),
        minute: Arc::new(minute.finish()),
        month: Arc::new(month.finish()),
    }
}

/// Remembers the last day's month: extracts come mostly in order.
#[derive(Default)]
struct Months {
    day: Option<i32>,
    name: String,
}

impl Months {
    fn name(&mut self, day: i32) -> &str {
        if self.day != Some(day) {
            let (year, month) = year_and_month(day);
            self.name = format!("{year:04}-{month:02}");
            self.day = Some(day);
        }
        &self.name
    }
}
