//! The p chart and p′ chart: shares of totals that differ.

use crate::stats::spc::line::pooled;
use crate::stats::spc::{Line, Part, sigma_z};

/// A fitted p chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PChart {
    /// Share of the whole baseline.
    pub centre: f64,
    /// Laney's sigma of the standardised shares; `None` where it cannot be said.
    pub sigma_z: Option<f64>,
    /// Whether the limits are widened by it.
    pub prime: bool,
}

impl PChart {
    /// Fits a chart to its baseline.
    ///
    /// **Method** (Montgomery 2009, *Statistical Quality Control*, 7.2): p̄ = Σ counts / Σ totals; limits
    /// p̄ ∓ 3√(p̄(1 − p̄)/n) at a total of n, cut to 0 and 1. With `prime` they are [`sigma_z`] times as far away
    /// (Laney 2002, doi:10.1081/QEN-120003555).
    /// **Units**: shares, 0 to 1.
    /// **Undefined**: `None` without a total, or unless p̄ lies in 0 to 1; a point without a total has no line; with
    /// `prime` also without `σ_z`, as when all shares are 0 or 1.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::spc::{PChart, Part};
    /// let baseline = [Some(Part { count: 50.0, of: 100.0 }), Some(Part { count: 50.0, of: 100.0 })];
    /// let line = PChart::fit(&baseline, false, None).and_then(|chart| chart.line(100.0)).ok_or("undefined")?;
    /// assert!((line.upper - 0.65).abs() < 1e-12);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn fit(baseline: &[Option<Part>], prime: bool, cut: Option<f64>) -> Option<Self> {
        let centre = pooled(baseline).filter(|centre| (0.0..=1.0).contains(centre))?;
        let z = |part: &Part| Some((part.value()? - centre) / sigma(centre, part.of)?);
        let z: Vec<Option<f64>> = baseline.iter().map(|part| part.as_ref().and_then(z)).collect();
        let sigma_z = sigma_z(&z, cut);
        (!prime || sigma_z.is_some()).then_some(Self { centre, sigma_z, prime })
    }

    /// Centre and limits at a point with such a total.
    pub fn line(&self, of: f64) -> Option<Line> {
        let wider = self.sigma_z.filter(|_| self.prime).unwrap_or(1.0);
        let sigma = (self.centre * (1.0 - self.centre)).max(0.0);
        (of > 0.0).then(|| Line::around(self.centre, (sigma / of).sqrt() * wider, 0.0, 1.0))
    }
}

fn sigma(centre: f64, of: f64) -> Option<f64> {
    (of > 0.0).then(|| (centre * (1.0 - centre) / of).sqrt()).filter(|sigma| *sigma > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_in_time_has_limits_on_one_and_no_sigma() {
        let all = [Some(Part { count: 30.0, of: 30.0 }), None, Some(Part { count: 12.0, of: 12.0 })];
        let chart = PChart::fit(&all, false, None).unwrap();
        assert_eq!(chart.sigma_z, None);
        assert_eq!(
            chart.line(9.0).map(|l| (l.lower.to_bits(), l.upper.to_bits())),
            Some((1f64.to_bits(), 1f64.to_bits()))
        );
        assert_eq!(PChart::fit(&all, true, None), None);
        assert_eq!(PChart::fit(&[Some(Part { count: 3.0, of: 2.0 })], false, None), None, "more than all is no share");
    }
}
