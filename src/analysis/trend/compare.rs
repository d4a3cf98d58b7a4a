//! The year so far, and twelve months, against the same days a year before.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Serialize;

use super::{Change, Daily, Held, change};
use crate::model::time::Period;
use crate::stats::fdr::benjamini_hochberg;
use crate::stats::rate_ratio;
use crate::stats::two_counts::exact_p;

/// Confidence of the interval of a ratio.
const CONFIDENCE: f64 = 0.95;

/// Days that are counted, and what was counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Number of days.
    pub days: u32,
    /// Days by weekday, Monday first: two spans of one length can hold other weekends.
    pub weekdays: [u32; 7],
    /// Records; `None` if not held, or if suppressed.
    pub count: Option<u64>,
}

/// A span of days against the same span a year before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the series, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// `year_to_date` or `rolling_12`.
    pub what: &'static str,
    /// This year.
    pub now: Side,
    /// The year before.
    pub before: Side,
    /// Records more, or less.
    pub difference: Option<i64>,
    /// Change as a share of the year before: 0.1 is ten per cent more. Of counts, not of rates.
    pub change_share: Option<f64>,
    /// Why there is or is not a share.
    pub change: Change,
    /// Records a day now over records a day before.
    pub ratio: Option<f64>,
    /// Lower 95 % limit of the ratio.
    pub ratio_low: Option<f64>,
    /// Upper 95 % limit of the ratio.
    pub ratio_high: Option<f64>,
    /// Exact two-sided p of equal rates a day.
    pub p: Option<f64>,
    /// p over all series of the answer (Benjamini-Hochberg), where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<f64>,
    /// Why there is no p.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undefined_reason: Option<String>,
}

/// The year to date and the last twelve months against the same a year before, to the last complete day of the data
/// within the period; `by_month` holds if records are known by month, whose last whole month then ends the spans.
///
/// **Method**: to the last day D: from 1 January of its year against 1 January of the year before to the same day of the
/// month (to 28 February for a D of 29 February); and the twelve months that end with D against the twelve before them.
/// p is the exact conditional test of two Poisson counts over their numbers of days, the interval that of the ratio of
/// the rates ([`exact_p`], [`rate_ratio::interval`]); q is Benjamini and Hochberg's over the series. Both take records as
/// independent: where one incident makes many records, the true p is larger.
/// **Units**: records; ratios of records a day.
/// **Undefined**: `None` with a reason if either span is not held or both counts are 0; no comparison at all if no day
/// of the period is held.
///
/// # Example
/// ```
/// use vigie::analysis::trend::{Daily, Held, Span, compare};
/// use vigie::model::time::{parse_date, parse_period_name};
/// let (first, last) = (parse_date("2015-01-01")?, parse_date("2017-03-31")?);
/// let every: Vec<_> = first.iter_days().take_while(|day| *day <= last).collect();
/// let counted: Vec<_> = every.iter().map(|on| (*on, 1)).collect();
/// let held = Held::new(&[Span { first, last, loaded: None, by_month: false }], &counted);
/// let daily: Vec<_> = every.iter().map(|on| Daily { series: 0, on: *on, count: 1 }).collect();
/// let found = compare(&[None], &daily, &held, parse_period_name("2017")?, false);
/// // 2016 had a 29 February.
/// assert_eq!((found[0].now.count, found[0].before.count, found[0].ratio), (Some(90), Some(91), Some(1.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compare(
    names: &[Option<String>],
    daily: &[Daily],
    held: &Held,
    period: Period,
    by_month: bool,
) -> Vec<Comparison> {
    let Some(last) = held.ends().map(|(_, last)| last.min(period.to - Days::new(1))) else { return Vec::new() };
    let after = last + Days::new(1);
    let last = if by_month { after.with_day(1).unwrap_or(after) - Days::new(1) } else { last };
    if last < period.from {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (what, now, before) in [year_to_date(last), rolling_12(last)] {
        let counts = (counts_in(daily, names.len(), now), counts_in(daily, names.len(), before));
        let lack = held.lacks_of(now, "period").or_else(|| held.lacks_of(before, "period"));
        let first = found.len();
        for (at, name) in names.iter().enumerate() {
            found.push(one(name.clone(), what, (now, counts.0[at]), (before, counts.1[at]), lack.clone()));
        }
        if names.len() > 1 {
            let p: Vec<Option<f64>> = found[first..].iter().map(|c: &Comparison| c.p).collect();
            found[first..].iter_mut().zip(benjamini_hochberg(&p)).for_each(|(c, q)| c.q = q);
        }
    }
    found
}

fn one(
    series: Option<String>,
    what: &'static str,
    (now, count): (Period, u64),
    (before, base): (Period, u64),
    lack: Option<String>,
) -> Comparison {
    let both_zero = count == 0 && base == 0;
    let lacking = lack.is_some();
    let reason = lack.or_else(|| both_zero.then(|| "there are no records in either year".to_owned()));
    let (days, days_before) = (now.days() as f64, before.days() as f64);
    let known = !lacking;
    let (change_share, change) = if known { change(count, Some(base)) } else { (None, Change::NoBase) };
    let interval = if known { rate_ratio::interval(count, base, days, days_before, CONFIDENCE) } else { None };
    Comparison {
        series,
        what,
        now: side(now, known.then_some(count)),
        before: side(before, known.then_some(base)),
        difference: known.then(|| count as i64 - base as i64),
        change_share,
        change,
        ratio: if known { rate_ratio::ratio(count, base, days, days_before) } else { None },
        ratio_low: interval.and_then(|limits| limits.lower),
        ratio_high: interval.map(|limits| limits.upper),
        p: if known { exact_p(count, base, days, days_before) } else { None },
        q: None,
        undefined_reason: reason,
    }
}

/// 1 January to a day, and the same days of the year before.
fn year_to_date(last: NaiveDate) -> (&'static str, Period, Period) {
    let january = |on: NaiveDate| NaiveDate::from_ymd_opt(on.year(), 1, 1).unwrap_or(on);
    let before = year_before(last);
    let span = |last: NaiveDate| Period { from: january(last), to: last + Days::new(1) };
    ("year_to_date", span(last), span(before))
}

/// The twelve months that end with a day, and the twelve before them.
fn rolling_12(last: NaiveDate) -> (&'static str, Period, Period) {
    let to = last + Days::new(1);
    let (middle, from) = (year_before(to), year_before(year_before(to)));
    ("rolling_12", Period { from: middle, to }, Period { from, to: middle })
}

/// The same day a year before; 28 February for 29 February.
fn year_before(on: NaiveDate) -> NaiveDate {
    on.checked_sub_months(Months::new(12)).unwrap_or(on)
}

fn counts_in(daily: &[Daily], series: usize, period: Period) -> Vec<u64> {
    let mut counts = vec![0; series];
    for row in daily.iter().filter(|row| period.contains(row.on)) {
        if let Some(count) = counts.get_mut(row.series) {
            *count += row.count;
        }
    }
    counts
}

fn side(period: Period, count: Option<u64>) -> Side {
    let days = period.days().unsigned_abs() as u32;
    let mut weekdays = [days / 7; 7];
    for on in period.from.iter_days().take((days % 7) as usize) {
        weekdays[on.weekday().num_days_from_monday() as usize] += 1;
    }
    Side { from: period.from, to: period.to - Days::new(1), days, weekdays, count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::trend::Span;
    use crate::model::time::parse_date;

    fn on(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn held(from: &str, to: &str) -> Held {
        let (first, last) = (on(from), on(to));
        let days: Vec<_> = first.iter_days().take_while(|day| *day <= last).map(|on| (on, 5)).collect();
        Held::new(&[Span { first, last, loaded: None, by_month: false }], &days)
    }

    fn period(from: &str, to: &str) -> Period {
        Period::new(on(from), on(to)).unwrap()
    }

    #[test]
    fn the_same_days_of_the_year_before() {
        let spans = |text: &str| {
            let (_, now, before) = year_to_date(on(text));
            (now.days(), before.days(), before.to.to_string())
        };
        assert_eq!(spans("2017-03-31"), (90, 91, "2016-04-01".to_owned()));
        assert_eq!(spans("2016-02-29"), (60, 59, "2015-03-01".to_owned()));
        assert_eq!(spans("2017-02-28"), (59, 59, "2016-02-29".to_owned()));
        let (_, now, before) = rolling_12(on("2016-12-31"));
        assert_eq!((now.from.to_string(), now.days(), before.days()), ("2016-01-01".to_owned(), 366, 365));
    }

    #[test]
    fn weekdays_are_counted() {
        let january = side(period("2017-01-01", "2017-02-01"), None);
        assert_eq!((january.days, january.weekdays), (31, [5, 5, 4, 4, 4, 4, 5]));
        assert_eq!(january.to, on("2017-01-31"));
    }

    #[test]
    fn spans_end_with_the_data_not_with_the_period() {
        let found = compare(&[None], &[], &held("2015-01-01", "2017-06-10"), period("2017-01-01", "2018-01-01"), false);
        assert_eq!((found.len(), found[0].now.to, found[1].before.to), (2, on("2017-06-10"), on("2016-06-10")));
        assert_eq!(found[0].undefined_reason.as_deref(), Some("there are no records in either year"));
        assert_eq!((found[0].p, found[0].now.count), (None, Some(0)));
        let months = compare(&[None], &[], &held("2015-01-01", "2017-06-10"), period("2017-01-01", "2018-01-01"), true);
        assert_eq!(months[0].now.to, on("2017-05-31"));
        assert!(
            compare(&[None], &[], &held("2015-01-01", "2016-06-10"), period("2017-01-01", "2018-01-01"), false)
                .is_empty()
        );
    }

    #[test]
    fn a_year_that_is_not_held_is_no_base() {
        let daily = [Daily { series: 0, on: on("2017-03-01"), count: 9 }];
        let found =
            compare(&[None], &daily, &held("2016-08-01", "2017-06-30"), period("2017-01-01", "2018-01-01"), false);
        assert_eq!((found[0].now.count, found[0].p, found[0].change), (None, None, Change::NoBase));
        assert_eq!(found[0].undefined_reason.as_deref(), Some("records begin on 1 August 2016"));
    }

    #[test]
    fn small_counts_are_tested_exactly_and_series_together() {
        let count = |series, year: &str, count| Daily { series, on: on(&format!("{year}-03-01")), count };
        let daily = [count(0, "2017", 3), count(0, "2016", 11), count(1, "2017", 5), count(1, "2016", 5)];
        let names = ["a", "b"].map(|name| Some(name.to_owned()));
        let found =
            compare(&names, &daily, &held("2014-01-01", "2017-12-31"), period("2017-01-01", "2018-01-01"), false);
        // SciPy's binomtest(3, 14, 365/731).
        let a = &found[0];
        assert!(a.p.is_some_and(|p| p > 0.02 && p < 0.06) && a.q > a.p, "{a:?}");
        assert_eq!((found[1].p, found[1].difference), (Some(1.0), Some(0)));
        assert!(a.ratio_low < a.ratio && a.ratio < a.ratio_high);
    }
}
