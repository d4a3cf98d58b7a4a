//! A figure beside earlier ones: the same period last year as known then and as known now, the year to date, twelve months
//! rolling, the mean of three years.

mod spans;
mod words;

use chrono::NaiveDate;

use crate::model::time::Period;
use crate::stats::rate::Interval;
use crate::stats::rate_ratio;
use crate::stats::spc::Part;
use crate::stats::two_counts::{difference_z, exact_p};

pub use spans::{Spans, a_year_before, spans};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The same period last year.
    SamePeriodLastYear,
    /// The year to date against the same days of last year.
    YearToDate,
    /// Twelve months against the twelve before.
    Rolling12,
    /// The mean of the same periods of the three years before.
    MeanOf3Years,
}

impl Against {
    /// Name in definitions: `same_period_last_year`, `ytd`, `rolling_12`, `mean_3y`.
    pub fn name(self) -> &'static str {
        match self {
            Against::SamePeriodLastYear => "same_period_last_year",
            Against::YearToDate => "ytd",
            Against::Rolling12 => "rolling_12",
            Against::MeanOf3Years => "mean_3y",
        }
    }

    /// The comparison of that name.
    pub fn parse(name: &str) -> Option<Against> {
        [Against::SamePeriodLastYear, Against::YearToDate, Against::Rolling12, Against::MeanOf3Years]
            .into_iter()
            .find(|against| against.name() == name)
    }
}

/// As of when a figure is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// As known now.
    Now,
    /// As known at the end of that day: only what had been loaded by then.
    Day(NaiveDate),
}

/// What a figure is: how parts of a period add up and are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// A count: sums, tested against chance.
    Count,
    /// A share: numerator and denominator are summed, never shares averaged.
    Share,
    /// A level at the end of a period: never summed, so the year to date and twelve months have none.
    Stock,
}

/// One figure against an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The figure.
    pub now: f64,
    /// The earlier one.
    pub before: f64,
    /// now − before.
    pub difference: f64,
    /// Change in parts of the earlier figure, 0.031 for 3.1 %; `None` from 0, and for shares, whose difference is in points.
    pub relative: Option<f64>,
    /// (now − before)/√(now + before) of counts.
    pub z: Option<f64>,
    /// Chance of a difference at least as large between equal rates; of counts.
    pub p: Option<f64>,
    /// Interval of now / before at 95 %; of counts.
    pub ratio: Option<Interval>,
}

/// A figure beside an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What was asked for.
    pub against: Against,
    /// The days of the figure.
    pub days: Period,
    /// The days of the earlier one; of three years, those of the last.
    pub days_before: Period,
    /// Against the earlier figure as it was known with the same lag: the fair one. `None` with a reason.
    pub same_lag: Option<Change>,
    /// Against the earlier figure as known now.
    pub known_now: Option<Change>,
    /// Why there is none, or what a reader should know: the rule for 29 February, the lag.
    pub notes: Vec<String>,
}

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The period of the figure.
    pub period: Period,
    /// What it is.
    pub figure: Figure,
    /// Last day that the figure is known up to; lag is counted from the end of the period to it.
    pub known_on: NaiveDate,
    /// First month of the reporting year, 1 to 12.
    pub year_starts: u32,
    /// Whether a period that is not made of whole months is wanted.
    pub partial: bool,
}

/// Compares a figure with earlier ones at equal maturity.
///
/// **Method**: `lookup` gives count and total of some days as known on a day (of a stock: its level and 1), or `None`. Each
/// earlier period is asked for twice: as known as long after its end as the present one is now, and as known now. A current
/// figure that is still filling up, set against a settled one, always looks low.
/// **Units**: those of the figure; shares 0 to 1.
/// **Undefined**: no change where a figure is not there, and the notes say which.
///
/// # Errors
/// `Data` for a period that is not complete on `known_on`, or not of whole months unless `partial`; `Input` for a month
/// outside 1 to 12.
///
/// # Example
/// ```
/// use vigie::analysis::comparison::{Against, AsOf, Figure, Question, compare};
/// use vigie::model::time::{parse_date, parse_period_name};
/// use vigie::stats::spc::Part;
/// let question = Question {
///     period: parse_period_name("2017-Q3")?, figure: Figure::Count, known_on: parse_date("2017-10-10")?,
///     year_starts: 1, partial: false,
/// };
/// // 2016 was 90 when it was as young as 2017 is now, and is 100 by now.
/// let found = compare(&question, &[Against::SamePeriodLastYear], |days, as_of| {
///     let young = as_of != AsOf::Now;
///     let count = if days.from < question.period.from && !young { 100.0 } else { 90.0 };
///     Some(Part { count, of: 1.0 })
/// })?;
/// assert_eq!(found[0].same_lag.as_ref().map(|change| change.difference), Some(0.0));
/// assert_eq!(found[0].known_now.as_ref().map(|change| change.difference), Some(-10.0));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn compare(
    question: &Question,
    wanted: &[Against],
    lookup: impl Fn(Period, AsOf) -> Option<Part>,
) -> crate::error::Result<Vec<Comparison>> {
    let spans = spans(question)?;
    let lag = question.known_on.signed_duration_since(last_day(question.period)).num_days();
    Ok(wanted.iter().map(|against| one(question, *against, &spans, lag, &lookup)).collect())
}

fn one(
    question: &Question,
    against: Against,
    spans: &Spans,
    lag: i64,
    lookup: &impl Fn(Period, AsOf) -> Option<Part>,
) -> Comparison {
    let (days, before): (Period, Vec<Period>) = match against {
        Against::SamePeriodLastYear => (question.period, vec![spans.last_year]),
        Against::YearToDate => (spans.year_to_date, vec![spans.year_to_date_last_year]),
        Against::Rolling12 => (spans.rolling_12, vec![spans.rolling_12_before]),
        Against::MeanOf3Years => (question.period, spans.three_years.to_vec()),
    };
    let mut out = Comparison {
        against,
        days,
        days_before: before[0],
        same_lag: None,
        known_now: None,
        notes: spans.notes(days, &before),
    };
    if question.figure == Figure::Stock && matches!(against, Against::YearToDate | Against::Rolling12) {
        out.notes.push("a level is not summed over periods".to_owned());
        return out;
    }
    let Some(now) = lookup(days, AsOf::Now) else {
        out.notes.push(format!("no figure for {}", days.in_words()));
        return out;
    };
    let change = |as_of: &dyn Fn(Period) -> AsOf| -> Result<Change, String> {
        let earlier: Result<Vec<Part>, String> = before
            .iter()
            .map(|days| lookup(*days, as_of(*days)).ok_or_else(|| words::missing(*days, as_of(*days))))
            .collect();
        change(question.figure, now, &earlier?).ok_or_else(|| "a share of nothing".to_owned())
    };
    let then = |days: Period| AsOf::Day(last_day(days) + chrono::Duration::days(lag));
    out.notes.push(words::lag(lag));
    for (slot, found) in [(&mut out.same_lag, change(&then)), (&mut out.known_now, change(&|_| AsOf::Now))] {
        match found {
            Ok(found) => *slot = Some(found),
            Err(why) => out.notes.push(why),
        }
    }
    out
}

fn last_day(days: Period) -> NaiveDate {
    days.to.pred_opt().unwrap_or(days.to)
}

/// A figure against the mean of earlier ones.
///
/// **Method**: counts: difference, share of the earlier figure, z = (b − a)/√(a + b), exact test given the total
/// ([`exact_p`], lengths 1 and the number of earlier periods) and the interval of the ratio. Shares: Σ numerators /
/// Σ denominators on either side, their difference in points.
/// **Units**: those of the figure.
/// **Undefined**: `None` without an earlier figure, or for a share of nothing; parts of [`Change`] as they say.
///
/// # Example
/// ```
/// use vigie::analysis::comparison::{Figure, change};
/// use vigie::stats::spc::Part;
/// let crimes = |count: f64| Part { count, of: 1.0 };
/// let found = change(Figure::Count, crimes(3155.0), &[crimes(3061.0)]).ok_or("undefined")?;
/// assert!(found.p.is_some_and(|p| (p - 0.238).abs() < 1e-3));
/// # Ok::<(), &str>(())
/// ```
pub fn change(figure: Figure, now: Part, before: &[Part]) -> Option<Change> {
    let periods = before.len() as f64;
    let (count, of) = before.iter().fold((0.0, 0.0), |(count, of), part| (count + part.count, of + part.of));
    if before.is_empty() {
        return None;
    }
    let (now_value, before_value) = match figure {
        Figure::Share => (now.value()?, Part { count, of }.value()?),
        Figure::Count | Figure::Stock => (now.count, count / periods),
    };
    let difference = now_value - before_value;
    let relative = (figure != Figure::Share && before_value > 0.0).then(|| difference / before_value);
    let is_whole = |n: f64| (0.0..9e15).contains(&n) && (n - n.round()).abs() < 1e-9;
    let counts = (figure == Figure::Count && is_whole(now.count) && is_whole(count))
        .then(|| (now.count.round() as u64, count.round() as u64));
    Some(Change {
        now: now_value,
        before: before_value,
        difference,
        relative,
        z: counts.filter(|_| before.len() == 1).and_then(|(now, before)| difference_z(now, before)),
        p: counts.and_then(|(now, before)| exact_p(now, before, 1.0, periods)),
        ratio: counts.and_then(|(now, before)| rate_ratio::interval(now, before, 1.0, periods, 0.95)),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::time::{parse_date, parse_period_name};

    fn day(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    /// Records by day, each with the day it was loaded.
    fn records() -> Vec<(NaiveDate, NaiveDate)> {
        let mut out = Vec::new();
        let mut on = day("2012-01-01");
        while on < day("2017-01-01") {
            // One a day at once, and every tenth day a second one, four weeks late.
            out.push((on, on));
            if on.to_string().ends_with('5') {
                out.push((on, on + chrono::Duration::days(28)));
            }
            on += chrono::Duration::days(1);
        }
        out
    }

    fn count(records: &[(NaiveDate, NaiveDate)], days: Period, as_of: AsOf, now: NaiveDate) -> Option<Part> {
        let upto = match as_of {
            AsOf::Now => now,
            AsOf::Day(on) => on.min(now),
        };
        let n = records.iter().filter(|(on, loaded)| days.contains(*on) && *loaded <= upto).count();
        Some(Part { count: n as f64, of: 1.0 })
    }

    fn question(period: &str, known_on: &str) -> Question {
        Question {
            period: parse_period_name(period).unwrap(),
            figure: Figure::Count,
            known_on: day(known_on),
            year_starts: 1,
            partial: false,
        }
    }

    #[test]
    fn at_the_same_lag_nothing_changed_and_as_known_now_it_seems_to_fall() {
        let records = records();
        let now = day("2015-10-05");
        let asked = question("2015-Q3", "2015-10-05");
        let found =
            compare(&asked, &[Against::SamePeriodLastYear], |days, as_of| count(&records, days, as_of, now)).unwrap();
        let same = found[0].same_lag.as_ref().unwrap();
        assert!(same.difference.abs() < 1e-9, "{same:?}");
        let known = found[0].known_now.as_ref().unwrap();
        assert!(known.difference < -1.0, "{known:?}");
        assert!(found[0].notes.iter().any(|note| note.contains("5 days")), "{:?}", found[0].notes);
    }

    #[test]
    fn all_comparisons_of_a_quarter() {
        let records = records();
        let now = day("2016-11-30");
        let asked = question("2016-Q3", "2016-11-30");
        let all = [Against::SamePeriodLastYear, Against::YearToDate, Against::Rolling12, Against::MeanOf3Years];
        let found = compare(&asked, &all, |days, as_of| count(&records, days, as_of, now)).unwrap();
        // January to September 2016 has 29 February more than 2015.
        let ytd = found[1].known_now.as_ref().unwrap();
        assert!((ytd.difference - 1.0).abs() < 1e-9, "{ytd:?}");
        assert!(found[1].notes.iter().any(|note| note.contains("29 February")), "{:?}", found[1].notes);
        let rolling = found[2].known_now.as_ref().unwrap();
        assert!((rolling.difference - 1.0).abs() < 1e-9 && rolling.p.is_some_and(|p| p > 0.9));
        assert_eq!(found[2].days.in_words(), "1 October 2015 to 30 September 2016");
        let mean = found[3].known_now.as_ref().unwrap();
        assert!(mean.difference.abs() < 1e-9 && mean.z.is_none());
    }

    #[test]
    fn shares_sum_both_parts_and_stocks_are_not_summed() {
        let mut by_year: BTreeMap<i32, Part> = BTreeMap::new();
        by_year.insert(2016, Part { count: 10.0, of: 10.0 });
        by_year.insert(2015, Part { count: 10.0, of: 100.0 });
        by_year.insert(2014, Part { count: 0.0, of: 10.0 });
        by_year.insert(2013, Part { count: 0.0, of: 10.0 });
        let year = |days: Period| days.from.format("%Y").to_string().parse::<i32>().unwrap();
        let asked = Question { figure: Figure::Share, ..question("2016-05", "2016-06-30") };
        let found = compare(&asked, &[Against::MeanOf3Years], |days, _| by_year.get(&year(days)).copied()).unwrap();
        let change = found[0].known_now.as_ref().unwrap();
        assert!((change.before - 10.0 / 120.0).abs() < 1e-12 && change.relative.is_none() && change.p.is_none());
        let stock = Question { figure: Figure::Stock, ..asked };
        let found = compare(&stock, &[Against::YearToDate], |_, _| Some(Part { count: 1.0, of: 1.0 })).unwrap();
        assert!(found[0].known_now.is_none() && found[0].notes.iter().any(|n| n.contains("not summed")));
    }

    #[test]
    fn a_figure_that_is_not_there_says_so() {
        let asked = question("2016-05", "2016-06-30");
        let found = compare(&asked, &[Against::SamePeriodLastYear], |days, as_of| {
            (days.from.format("%Y").to_string() == "2016" || as_of == AsOf::Now).then_some(Part { count: 5.0, of: 1.0 })
        })
        .unwrap();
        assert!(found[0].same_lag.is_none() && found[0].known_now.is_some());
        assert!(found[0].notes.iter().any(|n| n.contains("as known on 30 June 2015")), "{:?}", found[0].notes);
    }

    #[test]
    fn nothing_before_has_no_share_of_it() {
        let none = Part { count: 0.0, of: 1.0 };
        let found = change(Figure::Count, Part { count: 4.0, of: 1.0 }, &[none]).unwrap();
        assert_eq!((found.relative, found.ratio), (None, None));
        assert!(found.p.is_some_and(|p| (p - 0.125).abs() < 1e-12));
        assert_eq!(change(Figure::Share, none, &[Part { count: 0.0, of: 0.0 }]), None);
        assert_eq!(change(Figure::Count, none, &[]), None);
    }
}
