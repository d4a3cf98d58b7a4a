//! Where a value lies in its funnel.

use crate::stats::funnel::Pair;

/// Confidence of the limits to watch at.
pub const WATCH: f64 = 0.95;
/// Confidence of the limits to act at.
pub const ACTION: f64 = 0.998;

/// Side and strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Below the 99.8 % limit.
    LowAct,
    /// Below the 95 % limit.
    LowWatch,
    /// Within.
    Within,
    /// Above the 95 % limit.
    HighWatch,
    /// Above the 99.8 % limit.
    HighAct,
}

/// Where a value lies in its funnel.
pub type Significance = Band;

impl Band {
    /// Name in words.
    pub fn words(self) -> &'static str {
        match self {
            Band::LowAct => "Low (0.001)",
            Band::LowWatch => "Low (0.025)",
            Band::Within => "Not significant",
            Band::HighWatch => "High (0.025)",
            Band::HighAct => "High (0.001)",
        }
    }
}

/// Where a value lies between its limits at 95 % and 99.8 %.
///
/// **Method**: beyond a limit, strictly; the outer one is asked first.
/// **Units**: those of the limits. With [`observed_limits`](crate::stats::funnel::observed_limits) the value is observed /
/// expected; without an observed event compare 0 with [`poisson_limits`](crate::stats::funnel::poisson_limits).
///
/// # Example
/// ```
/// use vigie::stats::funnel::{ACTION, Band, WATCH, observed_limits, significance};
/// let (watch, act) = (observed_limits(150, WATCH).ok_or("none")?, observed_limits(150, ACTION).ok_or("none")?);
/// assert_eq!(significance(150.0 / 119.57, watch, act), Band::HighWatch);
/// # Ok::<(), &str>(())
/// ```
pub fn significance(value: f64, watch: Pair, act: Pair) -> Band {
    if value > act.upper {
        Band::HighAct
    } else if value < act.lower {
        Band::LowAct
    } else if value > watch.upper {
        Band::HighWatch
    } else if value < watch.lower {
        Band::LowWatch
    } else {
        Band::Within
    }
}
