//! Dates on the command line: `--from` and `--to` as island dates.

use chrono::NaiveDate;
use clap::Args;

use crate::error::{Error, Result};
use crate::model::time::{Period, parse_date};

#[derive(Args, Clone)]
pub(super) struct DateRange {
    /// First day, such as 2017-01-01
    #[arg(long)]
    pub from: String,
    /// The day after the last
    #[arg(long)]
    pub to: String,
}

impl DateRange {
    pub fn period(&self) -> Result<Period> {
        Period::new(date("--from", &self.from)?, date("--to", &self.to)?)
    }
}

pub(super) fn date(flag: &str, text: &str) -> Result<NaiveDate> {
    parse_date(text).map_err(|error| error.at(flag))
}

/// A length of time in days: `7d`, `2w` or a bare number of days.
pub(super) fn days(flag: &str, text: &str) -> Result<u32> {
    let wrong = || Error::input(format!("`{text}` is not a length of time; write 7d or 4w")).at(flag);
    let (number, unit) = match text.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    let number: u32 = number.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        assert_eq!([days("", "7d").unwrap(), days("", "4w").unwrap(), days("", "30").unwrap()], [7, 28, 30]);
        assert!(days("--step", "7m").unwrap_err().to_string().contains("--step"));
        assert!(days("", "-7d").is_err() && days("", "999999999w").is_err());
    }
}
