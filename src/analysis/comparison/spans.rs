//! The days of the periods that a figure is compared with.

use chrono::{Datelike, NaiveDate};

use crate::analysis::comparison::Question;
use crate::error::{Error, Result};
use crate::model::time::{Period, add_months, date_in_words, month_start};

/// The days of the periods that a figure is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    /// The same period last year.
    pub last_year: Period,
    /// From the start of the reporting year to the end of the period.
    pub year_to_date: Period,
    /// The same days of last year.
    pub year_to_date_last_year: Period,
    /// Twelve whole months that end with the last whole month of the period.
    pub rolling_12: Period,
    /// The twelve months before these.
    pub rolling_12_before: Period,
    /// The same period of the three years before, the last first.
    pub three_years: [Period; 3],
}

/// The day a year before.
///
/// **Method**: the same day and month. 29 February is compared with 28 February: so a period up to and with 29 February has
/// one up to and with 28 February beside it, and one that begins on 1 March begins on 1 March.
///
/// # Example
/// ```
/// use vigie::analysis::comparison::a_year_before;
/// use vigie::model::time::parse_date;
/// assert_eq!(a_year_before(parse_date("2016-02-29")?), parse_date("2015-02-28")?);
/// assert_eq!(a_year_before(parse_date("2017-02-28")?), parse_date("2016-02-28")?);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn a_year_before(on: NaiveDate) -> NaiveDate {
    on.with_year(on.year() - 1).or_else(|| on.with_day(28)?.with_year(on.year() - 1)).unwrap_or(on)
}

/// The periods that a figure is compared with.
///
/// **Method**: first and last day of a period are each moved by whole years ([`a_year_before`]); a period that ends with a
/// month ends with that month last year too, so that February 2016 (29 days) has February 2015 (28 days) beside it, and
/// February 2017 all 29 days of February 2016.
///
/// # Errors
/// `Data` for a period that is not complete on the day it is known up to, or not of whole months unless `partial`; `Input`
/// for a month outside 1 to 12.
///
/// # Example
/// ```
/// use vigie::analysis::comparison::{Figure, Question, spans};
/// use vigie::model::time::{parse_date, parse_period_name};
/// let question = Question {
///     period: parse_period_name("2016-02")?, figure: Figure::Count, known_on: parse_date("2016-03-05")?,
///     year_starts: 1, partial: false,
/// };
/// let found = spans(&question)?;
/// assert_eq!(found.year_to_date_last_year.in_words(), "1 January 2015 to 28 February 2015");
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn spans(question: &Question) -> Result<Spans> {
    let Question { period, known_on, year_starts, partial, .. } = *question;
    if !(1..=12).contains(&year_starts) {
        return Err(Error::input(format!("the reporting year starts in month {year_starts}: write 1 to 12")));
    }
    let last_day = period.to.pred_opt().unwrap_or(period.to);
    if known_on < last_day {
        return Err(Error::data(format!(
            "the period {} is not complete: the data are known up to {}",
            period.in_words(),
            date_in_words(known_on)
        )));
    }
    let is_whole = period.from.day() == 1 && period.to.day() == 1;
    if !is_whole && !partial {
        return Err(Error::data(format!(
            "{} is not made of whole months: ask for whole months, or say that a partial period is wanted",
            period.in_words()
        )));
    }
    let last_year = years_before(period, 1)?;
    let mut start = month_start(last_day);
    while start.month() != year_starts {
        start = add_months(start, -1);
    }
    let year_to_date = Period::new(start, period.to)?;
    // The last whole month that the period holds or follows.
    let end = month_start(period.to);
    let rolling_12 = Period::new(add_months(end, -12), end)?;
    Ok(Spans {
        last_year,
        year_to_date,
        year_to_date_last_year: years_before(year_to_date, 1)?,
        rolling_12,
        rolling_12_before: Period::new(add_months(end, -24), add_months(end, -12))?,
        three_years: [last_year, years_before(period, 2)?, years_before(period, 3)?],
    })
}

/// The same days of an earlier year; a period that ends with a month ends with that month.
fn years_before(period: Period, years: usize) -> Result<Period> {
    let back = |on: NaiveDate| (0..years).fold(on, |on, _| a_year_before(on));
    let last_day = period.to.pred_opt().unwrap_or(period.to);
    let to = if period.to.day() == 1 { back(period.to) } else { back(last_day).succ_opt().unwrap_or(last_day) };
    Period::new(back(period.from), to)
}

impl Spans {
    /// What a reader should know of the days: 29 February on one side only.
    pub(super) fn notes(&self, days: Period, before: &[Period]) -> Vec<String> {
        let leap_days = |period: &Period| {
            (period.from.year()..=period.to.year())
                .filter_map(|year| NaiveDate::from_ymd_opt(year, 2, 29))
                .filter(|on| period.contains(*on))
                .count()
        };
        let now = leap_days(&days);
        if before.iter().all(|earlier| leap_days(earlier) == now) {
            return Vec::new();
        }
        vec!["one side has a 29 February more: whole months are compared as they are, and the day itself with 28 February"
            .to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::comparison::Figure;
    use crate::model::time::{parse_date, parse_period_name};

    fn day(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn ask(from: &str, to: &str, year_starts: u32, partial: bool) -> Result<Spans> {
        let period = Period::new(day(from), day(to)).unwrap();
        spans(&Question { period, figure: Figure::Count, known_on: period.to, year_starts, partial })
    }

    #[test]
    fn the_year_to_date_across_29_february() {
        let to_the_29th = ask("2016-02-01", "2016-03-01", 1, false).unwrap();
        assert_eq!(to_the_29th.year_to_date_last_year, Period::new(day("2015-01-01"), day("2015-03-01")).unwrap());
        let after = ask("2017-02-01", "2017-03-01", 1, false).unwrap();
        assert_eq!(after.year_to_date_last_year, Period::new(day("2016-01-01"), day("2016-03-01")).unwrap());
        assert_eq!(after.year_to_date_last_year.days(), 60, "29 February 2016 belongs to February");
        let part = ask("2016-02-29", "2016-03-10", 1, true).unwrap();
        assert_eq!(part.last_year, Period::new(day("2015-02-28"), day("2015-03-10")).unwrap());
        let upto_the_28th = ask("2017-02-01", "2017-02-28", 1, true).unwrap();
        assert_eq!(upto_the_28th.year_to_date_last_year.to, day("2016-02-28"), "27 February on both sides");
    }

    #[test]
    fn the_reporting_year_may_start_in_april() {
        let found = ask("2017-01-01", "2017-04-01", 4, false).unwrap();
        assert_eq!(found.year_to_date.from, day("2016-04-01"));
        let first = ask("2017-04-01", "2017-05-01", 4, false).unwrap();
        assert_eq!(first.year_to_date, Period::new(day("2017-04-01"), day("2017-05-01")).unwrap());
        assert!(ask("2017-04-01", "2017-05-01", 0, false).is_err());
    }

    #[test]
    fn twelve_months_end_with_the_last_whole_one() {
        let part = ask("2017-05-01", "2017-05-20", 1, true).unwrap();
        assert_eq!(part.rolling_12, Period::new(day("2016-05-01"), day("2017-05-01")).unwrap());
        let whole = ask("2017-05-01", "2017-06-01", 1, false).unwrap();
        assert_eq!(whole.rolling_12.to, day("2017-06-01"));
        assert_eq!(whole.three_years[2].from, day("2014-05-01"));
    }

    #[test]
    fn partial_and_incomplete_periods_are_refused() {
        let error = ask("2017-05-01", "2017-05-20", 1, false).unwrap_err();
        assert!(error.message().contains("not made of whole months"), "{error}");
        let period = parse_period_name("2017-05").unwrap();
        let early =
            Question { period, figure: Figure::Count, known_on: day("2017-05-20"), year_starts: 1, partial: false };
        let error = spans(&early).unwrap_err();
        assert!(error.message().contains("not complete: the data are known up to 20 May 2017"), "{error}");
    }
}
