//! Dates on the command line: `--from` and `--to` as island dates.

use chrono::NaiveDate;
use clap::Args;

use crate::error::Result;
use crate::model::time::{Period, parse_date, parse_days};

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
    parse_days(text).map_err(|error| error.at(flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_of_time_names_its_flag() {
        assert_eq!(days("--step", "4w").unwrap(), 28);
        assert!(days("--step", "7m").unwrap_err().to_string().contains("--step"));
    }
}
