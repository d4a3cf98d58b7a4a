//! A season beside the chart: whether there is one, and the series without it.

use crate::stats::season_test::season_test;
use crate::stats::spc::{Limits, Point, Profile, judge, limits};

/// Chance of finding a season where there is none.
pub const LEVEL: f64 = 0.01;

/// Whether a series has a season.
#[derive(Debug, Clone, PartialEq)]
pub enum Season {
    /// It cannot be said, and why.
    Unknown(String),
    /// None was found; the chance of what was seen without one.
    None {
        /// p of the test.
        p: f64,
    },
    /// There is one.
    Found(Seasonal),
}

/// A series without its season.
#[derive(Debug, Clone, PartialEq)]
pub struct Seasonal {
    /// p of the test.
    pub p: f64,
    /// What each place of the cycle adds, from the place of the first value on.
    pub season: Vec<f64>,
    /// The series without it.
    pub adjusted: Vec<f64>,
    /// Its limits, widened for what the season took.
    pub limits: Limits,
    /// What the rules say of it.
    pub points: Vec<Point>,
}

impl Season {
    /// One sentence for the line under the chart.
    pub fn words(&self) -> String {
        match self {
            Season::Unknown(why) => format!("Season: {why}."),
            Season::None { p } => format!("Season: none found (p = {p:.2})."),
            Season::Found(found) => {
                let p = if found.p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {:.3}", found.p) };
                format!("Season: found ({p}); the series without it stands beside the values.")
            }
        }
    }
}

/// Tests a series for a season and charts it without.
///
/// **Method**: [`season_test`] at a level of 0.01 over all values; XmR limits of the adjusted series, as many times wider as
/// the season cost it.
/// **Units**: those of the values.
/// **Undefined**: [`Season::Unknown`] for fewer than two cycles, a missing value, a break in the series, or values that do
/// not vary.
///
/// # Example
/// ```
/// use vigie::analysis::kpi_chart::{Season, season};
/// use vigie::stats::spc::NHSR_02;
/// let values: Vec<Option<f64>> = (0..36_u32).map(|t| Some(f64::from(t % 12 * 10 + t * 7 % 5))).collect();
/// assert!(matches!(season(&values, 12, false, &NHSR_02), Season::Found(_)));
/// assert!(season(&values[..20], 12, false, &NHSR_02).words().contains("needs 24 periods"));
/// ```
pub fn season(values: &[Option<f64>], cycle: usize, has_breaks: bool, profile: &Profile) -> Season {
    let unknown = |why: String| Season::Unknown(why);
    if has_breaks {
        return unknown("not tested across a break in the series".to_owned());
    }
    let Some(series) = values.iter().copied().collect::<Option<Vec<f64>>>() else {
        return unknown("not tested, because a period has no value".to_owned());
    };
    if series.len() < 2 * cycle {
        return unknown(format!("a test needs {} periods, there are {}", 2 * cycle, series.len()));
    }
    let Ok(Some(found)) = season_test(&series, cycle) else {
        return unknown("not tested, because the values do not vary".to_owned());
    };
    if found.p >= LEVEL {
        return Season::None { p: found.p };
    }
    let adjusted: Vec<Option<f64>> = found.adjusted.iter().copied().map(Some).collect();
    let Some(limits) = limits(&adjusted, profile).map(|limits| limits.widened(found.widen)) else {
        return unknown("too few values for limits".to_owned());
    };
    let points = judge(&adjusted, &limits, profile);
    Season::Found(Seasonal { p: found.p, season: found.season, adjusted: found.adjusted, limits, points })
}
