//! Funnel plots: limits that narrow as the numbers grow, for groups of unequal size.
//!
//! Limits at 95 % are for watching, at 99.8 % for acting: of twelve groups that do not differ, 0.6 lie outside the former
//! each time. Groups are never ranked.

mod overdispersion;
mod ratio;
mod share;
mod significance;

pub use overdispersion::{Measure, Overdispersion, Unit, overdispersion};
pub use ratio::{observed_limits, poisson_limits};
pub use share::{ShareMethod, binomial_limits, normal_limits, share_limits};
pub use significance::{ACTION, Band, Significance, WATCH, significance};

/// Lower and upper limit at one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}
