//! Is it rising? Months of a count: the month, twelve months, the year to date, and the same a year before.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Date32Array, Int64Array, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::{Datelike, NaiveDate};
use polars::prelude::{
    ClosedWindow, DataFrame, Duration, DynamicGroupOptions, Expr, IntoLazy, Label, RollingOptionsFixedWindow,
    SortMultipleOptions, StartBy, col, lit,
};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::model::bridge::{polars_bug, to_arrow, to_polars};
use crate::model::time::{Period, add_months, month_name, month_start};

/// One month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonthRow {
    /// `YYYY-MM`.
    pub month: String,
    /// Records of the month; `None` if suppressed.
    pub count: Option<u64>,
    /// Records of the twelve months that end with this one; `None` before twelve are held, or if suppressed.
    pub rolling_12: Option<u64>,
    /// Records of the same month a year before; `None` if not held, or if suppressed.
    pub same_month_last_year: Option<u64>,
    /// Change against the same month a year before, as a share of it: 0.1 is ten per cent more.
    pub change_share: Option<f64>,
    /// Why there is or is not a share.
    pub change: Change,
    /// Records from January to this month; `None` if January is not held, or if suppressed.
    pub ytd: Option<u64>,
    /// The same a year before.
    pub ytd_last_year: Option<u64>,
}

/// What a change is, when a share of the base may not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Both counts are above 0: there is a share.
    Changed,
    /// Nothing before, something now: no share.
    New,
    /// Something before, nothing now: the share is −1.
    Eliminated,
    /// Nothing before, nothing now: no share.
    None,
    /// The base is not held: no share.
    NoBase,
    /// A count is suppressed: no share.
    Suppressed,
}

/// Change of a count against a base, as a share of the base, and what it is.
///
/// **Method**: (now − base) / base.
/// **Undefined**: no share from a base of 0 or a base that is not held.
///
/// # Example
/// ```
/// use vigie::analysis::trend::{Change, change};
/// assert_eq!(change(12, Some(10)), (Some(0.2), Change::Changed));
/// assert_eq!(change(3, Some(0)), (None, Change::New));
/// ```
pub fn change(now: u64, base: Option<u64>) -> (Option<f64>, Change) {
    match (now, base) {
        (_, None) => (None, Change::NoBase),
        (0, Some(0)) => (None, Change::None),
        (_, Some(0)) => (None, Change::New),
        (0, Some(_)) => (Some(-1.0), Change::Eliminated),
        (now, Some(base)) => (Some((now as f64 - base as f64) / base as f64), Change::Changed),
    }
}

/// The complete months of a period, zeros included.
///
/// `daily` holds `local_on` (Date32) and `count` (Int64), in any order, days without records left out. It may reach
/// back before the period, and should: two years of it give every column its value. Data is taken as held from its
/// first day or the start of the period, whichever is earlier; a row of count 0 on the first day held says so where
/// the first record comes later. A month that the period or the data holds only in part is left out.
///
/// **Method**: sums by calendar month (Polars `group_by_dynamic`); a rolling sum of twelve; the same month by a shift of
/// twelve; the year to date from January of the calendar year. Sums of whole counts only, so no month is weighted.
/// **Units**: records.
/// **Undefined**: each column says when it is `None`.
///
/// # Example
/// ```
/// use std::sync::Arc;
/// use arrow::array::{Date32Array, Int64Array, RecordBatch};
/// use vigie::{analysis::trend::monthly, model::time::parse_period_name};
/// let daily = RecordBatch::try_from_iter([
///     ("local_on", Arc::new(Date32Array::from(vec![17_168, 17_227])) as _), // 2 January and 2 March 2017
///     ("count", Arc::new(Int64Array::from(vec![3, 4])) as _),
/// ])?;
/// let rows = monthly(&daily, parse_period_name("2017-Q1")?)?;
/// assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [Some(3), Some(0), Some(4)]);
/// assert_eq!(rows[2].ytd, Some(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `Bug` if the columns are not there or a count is negative.
pub fn monthly(daily: &RecordBatch, period: Period) -> Result<Vec<MonthRow>> {
    let (days, counts) = columns(daily)?;
    let first_day = days.iter().flatten().filter_map(Date32Type::to_naive_date_opt).min();
    let held_from = first_day.map_or(period.from, |first| first.min(period.from));
    let first_month = whole_month_from(held_from);
    let end = month_start(period.to);
    if end <= first_month {
        return Ok(Vec::new());
    }
    let months = to_arrow(&by_month(&calendar_and_days(days, counts, first_month, end)?)?)?;
    let (month, count) = columns(&months)?;
    let rolling = int_column(&months, "rolling_12")?;
    let last_year = int_column(&months, "last_year")?;
    let mut to_date = YearToDate::default();
    let mut rows = Vec::with_capacity(months.num_rows());
    for i in 0..months.num_rows() {
        let on = Date32Type::to_naive_date_opt(month.value(i)).ok_or_else(|| Error::bug("a month is not a date"))?;
        let count = whole(count.value(i))?;
        let base = optional(last_year, i)?;
        let (ytd, ytd_last_year) = to_date.add(on, count, base);
        if on < period.from {
            continue;
        }
        let (change_share, change) = change(count, base);
        rows.push(MonthRow {
            month: month_name(on),
            count: Some(count),
            rolling_12: optional(rolling, i)?,
            same_month_last_year: base,
            change_share,
            change,
            ytd,
            ytd_last_year,
        });
    }
    Ok(rows)
}

/// Polars' part: sums by month, twelve of them, and those of a year before.
fn by_month(days: &RecordBatch) -> Result<DataFrame> {
    let month = Duration::parse("1mo");
    to_polars(days)?
        .lazy()
        .sort(["local_on"], SortMultipleOptions::default())
        .group_by_dynamic(
            col("local_on"),
            [] as [Expr; 0],
            DynamicGroupOptions {
                every: month,
                period: month,
                offset: Duration::parse("0ns"),
                label: Label::Left,
                closed_window: ClosedWindow::Left,
                start_by: StartBy::WindowBound,
                ..DynamicGroupOptions::default()
            },
        )
        .agg([col("count").sum()])
        .with_columns([
            col("count")
                .rolling_sum(RollingOptionsFixedWindow {
                    window_size: 12,
                    min_periods: 12,
                    ..RollingOptionsFixedWindow::default()
                })
                .alias("rolling_12"),
            col("count").shift(lit(12)).alias("last_year"),
        ])
        .collect()
        .map_err(polars_bug)
}

/// The days that count, and a zero on the first of every month so that none is missing.
fn calendar_and_days(
    days: &Date32Array,
    counts: &Int64Array,
    first_month: NaiveDate,
    end: NaiveDate,
) -> Result<RecordBatch> {
    let day_number = Date32Type::from_naive_date;
    let (from, to) = (day_number(first_month), day_number(end));
    let mut on = Vec::with_capacity(days.len() + 64);
    let mut count = Vec::with_capacity(days.len() + 64);
    let mut month = first_month;
    while month < end {
        on.push(day_number(month));
        count.push(0);
        month = add_months(month, 1);
    }
    for (day, n) in days.iter().zip(counts) {
        if let (Some(day), Some(n)) = (day, n)
            && (from..to).contains(&day)
        {
            on.push(day);
            count.push(n);
        }
    }
    RecordBatch::try_from_iter([
        ("local_on", Arc::new(Date32Array::from(on)) as ArrayRef),
        ("count", Arc::new(Int64Array::from(count)) as ArrayRef),
    ])
    .map_err(|cause| Error::bug("days and counts do not make a batch").with_cause(cause))
}

/// The first of the month that a day starts or falls in the middle of: then the next.
fn whole_month_from(day: NaiveDate) -> NaiveDate {
    if day.day() == 1 { day } else { add_months(day, 1) }
}

fn columns(batch: &RecordBatch) -> Result<(&Date32Array, &Int64Array)> {
    let on = batch
        .column_by_name("local_on")
        .and_then(|column| column.as_any().downcast_ref::<Date32Array>())
        .ok_or_else(|| Error::bug("a series needs a column `local_on` of dates"))?;
    Ok((on, int_column(batch, "count")?))
}

fn int_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref::<Int64Array>())
        .ok_or_else(|| Error::bug(format!("a series needs a column `{name}` of whole numbers")))
}

fn whole(count: i64) -> Result<u64> {
    u64::try_from(count).map_err(|cause| Error::bug("a month has a negative count").with_cause(cause))
}

fn optional(column: &Int64Array, i: usize) -> Result<Option<u64>> {
    if column.is_null(i) { Ok(None) } else { whole(column.value(i)).map(Some) }
}

/// Sums since January, once a January was seen.
#[derive(Default)]
struct YearToDate {
    this_year: Option<u64>,
    last_year: Option<u64>,
}

impl YearToDate {
    fn add(&mut self, month: NaiveDate, count: u64, last_year: Option<u64>) -> (Option<u64>, Option<u64>) {
        if month.month() == 1 {
            self.this_year = Some(0);
            self.last_year = Some(0);
        }
        self.this_year = self.this_year.map(|sum| sum + count);
        self.last_year = self.last_year.zip(last_year).map(|(sum, n)| sum + n);
        (self.this_year, self.last_year)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_date;

    fn on(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn daily(days: &[(&str, i64)]) -> RecordBatch {
        let dates = days.iter().map(|(day, _)| Date32Type::from_naive_date(on(day)));
        RecordBatch::try_from_iter([
            ("local_on", Arc::new(Date32Array::from_iter_values(dates)) as ArrayRef),
            ("count", Arc::new(Int64Array::from_iter_values(days.iter().map(|(_, n)| *n))) as ArrayRef),
        ])
        .unwrap()
    }

    fn period(from: &str, to: &str) -> Period {
        Period::new(on(from), on(to)).unwrap()
    }

    /// One record a day, from the first of 2015 to the end of 2017.
    fn steady() -> RecordBatch {
        let days: Vec<NaiveDate> = on("2015-01-01").iter_days().take_while(|day| *day < on("2018-01-01")).collect();
        RecordBatch::try_from_iter([
            (
                "local_on",
                Arc::new(Date32Array::from_iter_values(days.iter().rev().map(|d| Date32Type::from_naive_date(*d))))
                    as ArrayRef,
            ),
            ("count", Arc::new(Int64Array::from(vec![1; days.len()])) as ArrayRef),
        ])
        .unwrap()
    }

    #[test]
    fn a_steady_series() {
        let rows = monthly(&steady(), period("2016-01-01", "2017-03-15")).unwrap();
        assert_eq!((rows.len(), rows[0].month.as_str(), rows[13].month.as_str()), (14, "2016-01", "2017-02"));
        let february = &rows[1];
        assert_eq!((february.count, february.same_month_last_year), (Some(29), Some(28)));
        assert_eq!((february.rolling_12, rows[0].rolling_12), (Some(366), Some(365)));
        assert_eq!((february.ytd, february.ytd_last_year), (Some(60), Some(59)));
        assert_eq!(february.change, Change::Changed);
        assert_eq!((rows[11].ytd, rows[12].ytd), (Some(366), Some(31)));
    }

    #[test]
    fn months_of_nothing_are_kept() {
        let rows =
            monthly(&daily(&[("2016-01-01", 0), ("2017-03-09", 4)]), period("2017-01-01", "2017-05-01")).unwrap();
        let counts: Vec<_> = rows.iter().map(|row| row.count).collect();
        assert_eq!(counts, [Some(0), Some(0), Some(4), Some(0)]);
        assert_eq!((rows[2].change, rows[2].change_share), (Change::New, None));
        assert_eq!((rows[3].change, rows[3].rolling_12), (Change::None, Some(4)));
    }

    #[test]
    fn what_is_not_held_is_none() {
        let rows =
            monthly(&daily(&[("2016-05-20", 3), ("2017-05-20", 0)]), period("2017-05-01", "2017-07-01")).unwrap();
        // May 2016 is held from the 20th only, so it is no base.
        assert_eq!((rows[0].same_month_last_year, rows[0].change), (None, Change::NoBase));
        assert_eq!((rows[0].rolling_12, rows[0].ytd, rows[0].ytd_last_year), (Some(0), Some(0), None));
        assert_eq!(rows[1].same_month_last_year, Some(0));
    }

    #[test]
    fn no_data_is_zeros_and_no_whole_month_is_nothing() {
        let rows = monthly(&daily(&[]), period("2017-01-01", "2017-03-01")).unwrap();
        assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [Some(0), Some(0)]);
        assert!(monthly(&daily(&[]), period("2017-01-02", "2017-01-31")).unwrap().is_empty());
        assert!(monthly(&daily(&[]), period("2017-01-01", "2017-01-31")).unwrap().is_empty());
    }

    #[test]
    fn wrong_columns_are_named() {
        let batch = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
        assert!(monthly(&batch, period("2017-01-01", "2017-02-01")).unwrap_err().message().contains("local_on"));
    }
}
