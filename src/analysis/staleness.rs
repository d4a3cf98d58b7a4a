//! Whether a series is up to date.

use chrono::{Days, NaiveDate};
use serde::Serialize;

/// Whether a series is up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// It reaches as far as it should.
    Fresh,
    /// It ends before it should.
    Stale,
}

/// Whether data that reach to a day are up to date on the day of the cut-off.
///
/// **Method** (the R package `SPCreporter`): stale if the data end more than `lag_days` days before the cut-off.
/// **Units**: island days; the cut-off day counts whole.
///
/// # Example
/// ```
/// use vigie::analysis::staleness::{Freshness, freshness};
/// use vigie::model::time::parse_date;
/// let (data_to, cut_off) = (parse_date("2020-01-31")?, parse_date("2020-02-28")?);
/// assert_eq!(freshness(data_to, cut_off, 0), Freshness::Stale);
/// assert_eq!(freshness(data_to, cut_off, 30), Freshness::Fresh);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn freshness(data_to: NaiveDate, cut_off: NaiveDate, lag_days: u32) -> Freshness {
    let should_reach = cut_off.checked_sub_days(Days::new(u64::from(lag_days))).unwrap_or(NaiveDate::MIN);
    if data_to < should_reach { Freshness::Stale } else { Freshness::Fresh }
}
