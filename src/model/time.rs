//! Island time: dates, periods, dayparts. Stored instants are UTC; questions are asked in local dates and minutes.

use chrono::{Datelike, Months, NaiveDate, Weekday};
use serde::Serialize;

use crate::error::{Error, Result};

/// Whole island days, `from` included, `to` excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// The day after the last.
    pub to: NaiveDate,
}

impl Period {
    /// A period of at least one day.
    ///
    /// # Errors
    /// `Input` if `to` is not after `from`.
    ///
    /// # Example
    /// ```
    /// use vigie::model::time::{Period, parse_date};
    /// let q3 = Period::new(parse_date("2017-07-01")?, parse_date("2017-10-01")?)?;
    /// assert_eq!(q3.days(), 92);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self> {
        if to <= from {
            return Err(Error::input(format!(
                "the period must end after it starts: --from {from} --to {to} (the --to day is not included)"
            )));
        }
        Ok(Self { from, to })
    }

    /// Number of days.
    pub fn days(&self) -> i64 {
        (self.to - self.from).num_days()
    }

    /// Whether a date lies inside.
    pub fn contains(&self, on: NaiveDate) -> bool {
        self.from <= on && on < self.to
    }

    /// As islanders write it: `1 July 2017 to 30 September 2017`.
    pub fn in_words(&self) -> String {
        let last = self.to.pred_opt().unwrap_or(self.to);
        if last == self.from {
            return date_in_words(last);
        }
        format!("{} to {}", date_in_words(self.from), date_in_words(last))
    }
}

/// `5 May 2017`.
pub fn date_in_words(on: NaiveDate) -> String {
    on.format("%-d %B %Y").to_string()
}

/// Parses `YYYY-MM-DD`.
///
/// # Errors
/// `Input` naming what was found.
pub fn parse_date(text: &str) -> Result<NaiveDate> {
    NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
        .map_err(|cause| Error::input(format!("`{text}` is not a date; write it as 2017-05-31")).with_cause(cause))
}

/// A length of time in days: `7d`, `4w` or a bare number of days.
///
/// # Errors
/// `Input` for anything else.
///
/// # Example
/// ```
/// use vigie::model::time::parse_days;
/// assert_eq!((parse_days("7d")?, parse_days("4w")?, parse_days("30")?), (7, 28, 30));
/// assert!(parse_days("7m").is_err() && parse_days("-7d").is_err() && parse_days("999999999w").is_err());
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn parse_days(text: &str) -> Result<u32> {
    let wrong = || Error::input(format!("`{text}` is not a length of time; write 7d or 4w"));
    let (number, unit) = match text.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    let number: u32 = number.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}

/// First day of the month of `on`.
pub fn month_start(on: NaiveDate) -> NaiveDate {
    on.with_day(1).unwrap_or(on)
}

/// First day of the month `months` after (or, if negative, before) that of `on`.
pub fn add_months(on: NaiveDate, months: i32) -> NaiveDate {
    let start = month_start(on);
    let shifted = if months < 0 {
        start.checked_sub_months(Months::new(months.unsigned_abs()))
    } else {
        start.checked_add_months(Months::new(months.unsigned_abs()))
    };
    shifted.unwrap_or(start)
}

/// `YYYY-MM` of a date.
pub fn month_name(on: NaiveDate) -> String {
    on.format("%Y-%m").to_string()
}

/// A quarter such as `2017-Q3`, a year `2017` or a month `2017-05`, as a period.
///
/// # Errors
/// `Input` for anything else.
///
/// # Example
/// ```
/// use vigie::model::time::parse_period_name;
/// assert_eq!(parse_period_name("2017-Q3")?.days(), 92);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn parse_period_name(name: &str) -> Result<Period> {
    let wrong = || Error::input(format!("`{name}` is not a period; write 2017, 2017-Q3 or 2017-05"));
    let (year, rest) = name.split_once('-').unwrap_or((name, ""));
    let year: i32 = year.parse().map_err(|_| wrong())?;
    let (month, length) = match rest {
        "" => (1, 12),
        quarter if quarter.starts_with('Q') => {
            let quarter: u32 = quarter[1..].parse().map_err(|_| wrong())?;
            if !(1..=4).contains(&quarter) {
                return Err(wrong());
            }
            (quarter * 3 - 2, 3)
        }
        month => (month.parse().map_err(|_| wrong())?, 1),
    };
    let from = NaiveDate::from_ymd_opt(year, month, 1).ok_or_else(wrong)?;
    Period::new(from, add_months(from, length))
}

/// A band of the local day, perhaps over midnight, perhaps on some weekdays only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Daypart {
    /// Name: `day`, `night`, `nte`, or the band itself.
    pub name: String,
    /// First minute of the band, 0-1439.
    pub start_minute: u32,
    /// Minute after the last, 1-1440; at most `start_minute` means over midnight.
    pub end_minute: u32,
    /// Days on which the band starts; empty means every day. Monday is 0.
    pub weekdays: Vec<u8>,
}

impl Daypart {
    /// Parses a band `HH:MM-HH:MM`.
    ///
    /// # Errors
    /// `Input` for anything else, or a band of no length.
    pub fn parse_band(text: &str) -> Result<Self> {
        let wrong =
            || Error::input(format!("`{text}` is not a daypart; write day, night, nte or a band such as 22:00-04:00"));
        let (start, end) = text.split_once('-').ok_or_else(wrong)?;
        let minute = |t: &str| -> Option<u32> {
            let (h, m) = t.trim().split_once(':')?;
            let (h, m): (u32, u32) = (h.parse().ok()?, m.parse().ok()?);
            (h < 24 && m < 60 || (h == 24 && m == 0)).then_some(h * 60 + m)
        };
        let (start, end) = (minute(start).ok_or_else(wrong)?, minute(end).ok_or_else(wrong)?);
        if start == end || start == 1440 {
            return Err(wrong());
        }
        let end_minute = if end == 0 { 1440 } else { end };
        Ok(Self { name: text.to_owned(), start_minute: start, end_minute, weekdays: Vec::new() })
    }

    /// Whether the band goes over midnight.
    pub fn wraps(&self) -> bool {
        self.end_minute <= self.start_minute
    }

    /// Length in minutes.
    pub fn minutes(&self) -> u32 {
        if self.wraps() { 1440 - self.start_minute + self.end_minute } else { self.end_minute - self.start_minute }
    }

    /// Whether a local date and minute lie in the band. Minutes after midnight belong to the band that started the
    /// day before.
    pub fn contains(&self, on: NaiveDate, minute: u32) -> bool {
        let (inside, started) = if self.wraps() {
            if minute >= self.start_minute {
                (true, on.weekday())
            } else {
                (minute < self.end_minute, on.weekday().pred())
            }
        } else {
            (minute >= self.start_minute && minute < self.end_minute, on.weekday())
        };
        inside && self.starts_on(started)
    }

    fn starts_on(&self, weekday: Weekday) -> bool {
        self.weekdays.is_empty() || self.weekdays.iter().any(|d| u32::from(*d) == weekday.num_days_from_monday())
    }

    /// `22:00-04:00`.
    pub fn band(&self) -> String {
        let clock = |m: u32| format!("{:02}:{:02}", m / 60 % 24, m % 60);
        format!("{}-{}", clock(self.start_minute), clock(self.end_minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    #[test]
    fn nte_after_midnight_belongs_to_the_evening_before() {
        let nte = Daypart { name: "nte".into(), start_minute: 21 * 60, end_minute: 4 * 60, weekdays: vec![4, 5] };
        assert!(nte.contains(on("2017-05-05"), 22 * 60)); // Friday evening
        assert!(nte.contains(on("2017-05-06"), 3 * 60)); // Saturday 03:00, of Friday night
        assert!(nte.contains(on("2017-05-07"), 3 * 60)); // Sunday 03:00, of Saturday night
        assert!(!nte.contains(on("2017-05-05"), 3 * 60)); // Friday 03:00, of Thursday night
        assert!(!nte.contains(on("2017-05-07"), 22 * 60));
        assert_eq!(nte.minutes(), 420);
    }

    #[test]
    fn bands() {
        assert!(Daypart::parse_band("07:00-19:00").unwrap().contains(on("2017-05-05"), 420));
        assert_eq!(Daypart::parse_band("22:00-00:00").unwrap().minutes(), 120);
        for bad in ["", "7-9", "25:00-26:00", "07:00-07:00", "day"] {
            assert!(Daypart::parse_band(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn impossible_dates_are_named() {
        assert!(parse_date("2017-02-30").unwrap_err().message().contains("2017-02-30"));
    }
}
