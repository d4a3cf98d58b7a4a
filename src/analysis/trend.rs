//! Is it rising? Counts by day, week or month, of one series or several; the same a year before; what the series is made
//! of, where it is going, and when its level changed.

mod compare;
mod held;
mod parts;
mod step;
mod sums;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

pub use compare::{Comparison, Side, compare};
pub use held::{Held, Span};
pub use parts::{Ahead, Changes, Decomposition, Forecast, HeldOut, LevelChange, Parts, Share, Wanted, take_apart};
pub use step::Step;

use crate::error::Result;
use crate::model::time::{Period, add_months, month_name};

/// Records of one series on one island day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Daily {
    /// Place in the list of series.
    pub series: usize,
    /// Island date.
    pub on: NaiveDate,
    /// Number of records.
    pub count: u64,
}

/// One step of one series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepRow {
    /// Name of the series, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// `2017-05`, `2017-W18` or `2017-05-05`.
    pub step: String,
    /// `2017-05`, if the step is a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// First day of the step.
    pub from: NaiveDate,
    /// Days of the step.
    pub days: u32,
    /// Records of the step; `None` if it is not held, or if suppressed.
    pub count: Option<u64>,
    /// Why there is no count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undefined_reason: Option<String>,
    /// The year around a month; other steps have none.
    #[serde(flatten)]
    pub year: Option<Year>,
}

/// A month beside the months before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Year {
    /// Records of the twelve months that end with this one; `None` unless all are held, or if suppressed.
    pub rolling_12: Option<u64>,
    /// Records of the same month a year before; `None` if not held, or if suppressed.
    pub same_month_last_year: Option<u64>,
    /// Change against the same month a year before, as a share of it: 0.1 is ten per cent more.
    pub change_share: Option<f64>,
    /// Why there is or is not a share.
    pub change: Change,
    /// Records from January to this month; `None` unless all are held, or if suppressed.
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
    /// The base, or the count itself, is not held: no share.
    NoBase,
    /// A count is suppressed: no share.
    Suppressed,
}

/// A trend: the steps, the comparisons with the year before, and what was asked for beside them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Trend {
    /// One row a series and step, in that order.
    pub rows: Vec<StepRow>,
    /// Year to date and twelve months against the same a year before.
    pub comparisons: Vec<Comparison>,
    /// One a series, if anything was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Parts>,
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

/// First day of the counts that [`rows`] and [`compare`] look at: two years before the period.
pub fn reaches_back_to(period: Period) -> NaiveDate {
    add_months(period.from, -24)
}

/// The whole steps of a period for every series, zeros included; a step that is not held has a reason and no count.
///
/// `daily` holds the counts from [`reaches_back_to`] on, in any order, days without records left out.
///
/// **Method**: sums by calendar month, ISO week or day (Polars `group_by_dynamic`); for months a sum of twelve, the same
/// month a year before and the year to date from January. Sums of whole counts only, so no month is weighted.
/// **Units**: records.
/// **Undefined**: a step that [`Held`] lacks; each column says when it is `None`.
///
/// # Errors
/// `Bug` if a row names a series that is not in the list.
///
/// # Example
/// ```
/// use vigie::analysis::trend::{Daily, Held, Span, Step, rows};
/// use vigie::model::time::{parse_date, parse_period_name};
/// let days = [parse_date("2017-01-02")?, parse_date("2017-02-07")?, parse_date("2017-03-02")?];
/// let span = Span { first: parse_date("2017-01-01")?, last: parse_date("2017-03-31")?, loaded: None, by_month: false };
/// let daily = [Daily { series: 0, on: days[0], count: 3 }, Daily { series: 0, on: days[2], count: 4 }];
/// let found = rows(&[None], &daily, &Held::new(&[span], &days.map(|on| (on, 1))), Step::Month, parse_period_name("2017-Q1")?)?;
/// assert_eq!(found.iter().map(|row| row.count).collect::<Vec<_>>(), [Some(3), Some(0), Some(4)]);
/// assert_eq!(found[2].year.as_ref().and_then(|year| year.ytd), Some(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rows(
    names: &[Option<String>],
    daily: &[Daily],
    held: &Held,
    step: Step,
    period: Period,
) -> Result<Vec<StepRow>> {
    let from = if step == Step::Month { reaches_back_to(period) } else { period.from };
    let starts = step.whole_steps(Period { from, ..period });
    let lacks: Vec<Option<String>> = starts.iter().map(|start| held.lacks(step, *start)).collect();
    let sums = sums::by_step(daily, step, &starts, names.len())?;
    let mut rows = Vec::new();
    for (name, sums) in names.iter().zip(&sums) {
        let counts: Vec<Option<u64>> = sums.iter().zip(&lacks).map(|(n, lack)| lack.is_none().then_some(*n)).collect();
        let mut to_date = YearToDate::default();
        for (at, start) in starts.iter().enumerate() {
            let year = (step == Step::Month).then(|| year_around(&counts, at, to_date.add(*start, &counts, at)));
            if *start < period.from {
                continue;
            }
            rows.push(StepRow {
                series: name.clone(),
                step: step.label(*start),
                month: (step == Step::Month).then(|| month_name(*start)),
                from: *start,
                days: step.days(*start),
                count: counts[at],
                undefined_reason: lacks[at].clone(),
                year,
            });
        }
    }
    Ok(rows)
}

fn year_around(counts: &[Option<u64>], at: usize, (ytd, ytd_last_year): (Option<u64>, Option<u64>)) -> Year {
    let base = at.checked_sub(12).and_then(|before| counts[before]);
    let (change_share, change) = counts[at].map_or((None, Change::NoBase), |now| change(now, base));
    let rolling_12 = (at + 1).checked_sub(12).and_then(|first| counts[first..=at].iter().copied().sum());
    Year { rolling_12, same_month_last_year: base, change_share, change, ytd, ytd_last_year }
}

/// Sums since January, once a January was seen.
#[derive(Default)]
struct YearToDate {
    this_year: Option<u64>,
    last_year: Option<u64>,
}

impl YearToDate {
    fn add(&mut self, month: NaiveDate, counts: &[Option<u64>], at: usize) -> (Option<u64>, Option<u64>) {
        if month.month() == 1 {
            self.this_year = Some(0);
            self.last_year = Some(0);
        }
        let before = at.checked_sub(12).and_then(|before| counts[before]);
        self.this_year = self.this_year.zip(counts[at]).map(|(sum, n)| sum + n);
        self.last_year = self.last_year.zip(before).map(|(sum, n)| sum + n);
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

    fn period(from: &str, to: &str) -> Period {
        Period::new(on(from), on(to)).unwrap()
    }

    fn days(from: &str, to: &str) -> Vec<NaiveDate> {
        on(from).iter_days().take_while(|day| *day < on(to)).collect()
    }

    fn counted(days: &[NaiveDate]) -> Vec<(NaiveDate, u64)> {
        days.iter().map(|on| (*on, 5)).collect()
    }

    fn held(from: &str, to: &str) -> Held {
        let all = days(from, to);
        let span = Span { first: all[0], last: all[all.len() - 1], loaded: None, by_month: false };
        Held::new(&[span], &counted(&all))
    }

    fn once_a_day(from: &str, to: &str) -> Vec<Daily> {
        days(from, to).into_iter().rev().map(|on| Daily { series: 0, on, count: 1 }).collect()
    }

    fn monthly(daily: &[Daily], held: &Held, period: Period) -> Vec<StepRow> {
        rows(&[None], daily, held, Step::Month, period).unwrap()
    }

    fn year(row: &StepRow) -> &Year {
        row.year.as_ref().unwrap()
    }

    #[test]
    fn a_steady_series() {
        let (from, to) = ("2015-01-01", "2018-01-01");
        let rows = monthly(&once_a_day(from, to), &held(from, to), period("2016-01-01", "2017-03-15"));
        assert_eq!((rows.len(), rows[0].step.as_str(), rows[13].step.as_str()), (14, "2016-01", "2017-02"));
        let february = year(&rows[1]);
        assert_eq!((rows[1].count, february.same_month_last_year), (Some(29), Some(28)));
        assert_eq!((february.rolling_12, year(&rows[0]).rolling_12), (Some(366), Some(365)));
        assert_eq!((february.ytd, february.ytd_last_year), (Some(60), Some(59)));
        assert_eq!(february.change, Change::Changed);
        assert_eq!((year(&rows[11]).ytd, year(&rows[12]).ytd), (Some(366), Some(31)));
    }

    #[test]
    fn months_of_nothing_are_kept() {
        let daily = [Daily { series: 0, on: on("2017-03-09"), count: 4 }];
        let rows = monthly(&daily, &held("2016-01-01", "2018-01-01"), period("2017-01-01", "2017-05-01"));
        let counts: Vec<_> = rows.iter().map(|row| row.count).collect();
        assert_eq!(counts, [Some(0), Some(0), Some(4), Some(0)]);
        assert_eq!((year(&rows[2]).change, year(&rows[2]).change_share), (Change::New, None));
        assert_eq!((year(&rows[3]).change, year(&rows[3]).rolling_12), (Change::None, Some(4)));
    }

    #[test]
    fn months_that_were_never_loaded_are_no_zeros() {
        let mut all = days("2016-01-01", "2016-07-01");
        all.extend(days("2016-09-01", "2017-04-10"));
        let span = Span { first: all[0], last: all[all.len() - 1], loaded: None, by_month: false };
        let found = monthly(&[], &Held::new(&[span], &counted(&all)), period("2016-06-01", "2018-01-01"));
        let counts: Vec<_> = found.iter().map(|row| row.count).take(12).collect();
        let zeros = Some(0);
        assert_eq!(counts[..3], [zeros, None, None]);
        assert_eq!(counts[3..11], [zeros, zeros, zeros, zeros, zeros, zeros, zeros, None]);
        assert_eq!(found[1].undefined_reason.as_deref(), Some("no records were loaded for this month"));
        assert_eq!(found[18].undefined_reason.as_deref(), Some("records are complete to 9 April 2017"));
        // What sums over the gap is no number either.
        assert_eq!((year(&found[9]).rolling_12, year(&found[6]).ytd, year(&found[8]).ytd), (None, None, zeros));
    }

    #[test]
    fn what_is_not_held_is_none() {
        let found = monthly(&[], &held("2016-05-20", "2017-08-01"), period("2017-05-01", "2017-07-01"));
        // May 2016 is held from the 20th only, so it is no base.
        let may = year(&found[0]);
        assert_eq!((may.same_month_last_year, may.change), (None, Change::NoBase));
        assert_eq!((may.rolling_12, may.ytd, may.ytd_last_year), (Some(0), Some(0), None));
        assert_eq!(year(&found[1]).same_month_last_year, Some(0));
    }

    #[test]
    fn series_stand_one_after_the_other() {
        let names = ["a", "b"].map(|name| Some(name.to_owned()));
        let daily = [Daily { series: 1, on: on("2017-02-09"), count: 4 }];
        let held = held("2017-01-01", "2017-03-01");
        let found = rows(&names, &daily, &held, Step::Week, period("2017-01-01", "2017-03-01")).unwrap();
        assert_eq!(found.len(), 16);
        assert_eq!((found[0].series.as_deref(), found[8].series.as_deref()), (Some("a"), Some("b")));
        let full: Vec<_> = found.iter().filter(|row| row.count == Some(4)).map(|row| row.step.as_str()).collect();
        assert_eq!(full, ["2017-W06"]);
        assert!(found.iter().all(|row| row.year.is_none() && row.month.is_none()));
    }

    #[test]
    fn no_whole_step_is_nothing() {
        let held = held("2017-01-01", "2018-01-01");
        assert!(monthly(&[], &held, period("2017-01-02", "2017-01-31")).is_empty());
        assert!(monthly(&[], &held, period("2017-01-01", "2017-01-31")).is_empty());
    }
}
