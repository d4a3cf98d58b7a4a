//! Dates on the command line: `--from` and `--to` as island dates.

use chrono::NaiveDate;
use clap::Args;

use crate::error::Result;
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
