//! The chart of small counts: exact probability limits of a Poisson.

use crate::stats::discrete::poisson_quantile;
use crate::stats::spc::line::pooled;
use crate::stats::spc::{Line, Part};

/// Chance of a quiet point below the lower limit, and above the upper one, at most.
const TAIL: f64 = 0.001;
/// The same for the two-sigma lines: what a normal has beyond two sigma.
const NEAR_TAIL: f64 = 0.022_750_131_948_179_21;

/// A fitted chart of small counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoissonChart {
    /// Counts per unit of exposure in the baseline.
    pub rate: f64,
}

impl PoissonChart {
    /// Fits a chart to its baseline; equal exposures are 1.
    ///
    /// **Method**: rate = Σ counts / Σ exposures; at an exposure of n the limits are the 0.001 and 0.999 quantiles of
    /// Poisson(n · rate), the two-sigma lines its 0.0228 and 0.9772 quantiles, over n; runs are counted about the median,
    /// because most counts of a small mean lie below it. A quiet count lies outside at most two times in a thousand.
    /// **Units**: counts per unit of exposure.
    /// **Undefined**: `None` without exposure or for a negative rate; a point without exposure has no line.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::spc::{Part, PoissonChart};
    /// let month = Some(Part { count: 22.0, of: 1.0 });
    /// let line = PoissonChart::fit(&[month, month]).and_then(|chart| chart.line(1.0)).ok_or("undefined")?;
    /// assert_eq!((line.lower, line.centre, line.upper), (9.0, 22.0, 38.0));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn fit(baseline: &[Option<Part>]) -> Option<Self> {
        pooled(baseline).filter(|rate| *rate >= 0.0 && rate.is_finite()).map(|rate| Self { rate })
    }

    /// Centre and limits at a point with so much exposure.
    pub fn line(&self, of: f64) -> Option<Line> {
        if !(of > 0.0 && of.is_finite()) {
            return None;
        }
        let mean = self.rate * of;
        let at = |p: f64| poisson_quantile(mean, p).map(|count| count as f64 / of);
        Some(Line {
            centre: self.rate,
            middle: at(0.5)?,
            lower: at(TAIL)?,
            upper: at(1.0 - TAIL)?,
            near_low: at(NEAR_TAIL)?,
            near_high: at(1.0 - NEAR_TAIL)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::spc::{NHSR_02, judge_lines};

    #[test]
    fn a_quiet_series_of_small_counts_has_no_long_run_by_nature() {
        // Mean 1.1: seven of eight values lie below it, as they do in a Poisson of that mean, two in three of the time.
        let values = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 4.0, 1.0, 1.0].map(Some);
        let parts = values.map(|v| v.map(|count| Part { count, of: 1.0 }));
        let line = PoissonChart::fit(&parts).unwrap().line(1.0);
        assert!(judge_lines(&values, &[line; 10], &NHSR_02).iter().all(|point| point.signal.is_none()));
    }

    #[test]
    fn limits_are_those_of_the_exposure() {
        let chart = PoissonChart { rate: 2.0 };
        assert!(chart.line(10.0).unwrap().upper < chart.line(1.0).unwrap().upper);
        assert_eq!(chart.line(f64::NAN), None);
        assert_eq!(PoissonChart { rate: 0.0 }.line(1.0).map(|l| l.upper.to_bits()), Some(0f64.to_bits()));
    }
}
