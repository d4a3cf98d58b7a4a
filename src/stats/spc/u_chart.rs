//! The u chart and u′ chart: counts over exposures that differ.

use crate::stats::spc::line::pooled;
use crate::stats::spc::{Line, Part, sigma_z};

/// A fitted u chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UChart {
    /// Sum of the baseline's counts over the sum of its exposures.
    pub centre: f64,
    /// Laney's sigma of the standardised values; `None` where it cannot be said.
    pub sigma_z: Option<f64>,
    /// Whether the limits are widened by it.
    pub prime: bool,
}

impl UChart {
    /// Fits a chart to its baseline.
    ///
    /// **Method** (Montgomery 2009, *Statistical Quality Control*, 7.3): ū = Σ counts / Σ exposures; limits
    /// ū ∓ 3√(ū/n) at exposure n, the lower one cut at 0. With `prime` they are [`sigma_z`] times as far away
    /// (Laney 2002, doi:10.1081/QEN-120003555).
    /// **Units**: counts per unit of exposure.
    /// **Undefined**: `None` without exposure; a point without one has no line; with `prime` also without `σ_z`.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::spc::{Part, UChart};
    /// let baseline = [Some(Part { count: 16.0, of: 4.0 }), Some(Part { count: 20.0, of: 5.0 })];
    /// let line = UChart::fit(&baseline, false, None).and_then(|chart| chart.line(4.0)).ok_or("undefined")?;
    /// assert_eq!((line.lower, line.centre, line.upper), (1.0, 4.0, 7.0));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn fit(baseline: &[Option<Part>], prime: bool, cut: Option<f64>) -> Option<Self> {
        let centre = pooled(baseline)?;
        let z = |part: &Part| Some((part.value()? - centre) / sigma(centre, part.of)?);
        let z: Vec<Option<f64>> = baseline.iter().map(|part| part.as_ref().and_then(z)).collect();
        let sigma_z = sigma_z(&z, cut);
        (!prime || sigma_z.is_some()).then_some(Self { centre, sigma_z, prime })
    }

    /// Centre and limits at a point with so much exposure.
    pub fn line(&self, of: f64) -> Option<Line> {
        let wider = self.sigma_z.filter(|_| self.prime).unwrap_or(1.0);
        (of > 0.0).then(|| Line::around(self.centre, (self.centre / of).sqrt() * wider, 0.0, f64::INFINITY))
    }
}

fn sigma(centre: f64, of: f64) -> Option<f64> {
    (of > 0.0).then(|| (centre / of).sqrt()).filter(|sigma| *sigma > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_counted_has_limits_of_nought_and_no_exposure_has_none() {
        let quiet = UChart::fit(&[Some(Part { count: 0.0, of: 5.0 })], false, None).unwrap();
        assert_eq!(quiet.line(3.0).map(|l| l.upper.to_bits()), Some(0.0_f64.to_bits()));
        assert_eq!(quiet.line(0.0), None);
        assert_eq!(UChart::fit(&[None, Some(Part { count: 0.0, of: 0.0 })], false, None), None);
        assert_eq!(UChart::fit(&[Some(Part { count: 4.0, of: 5.0 })], true, None), None, "no sigma of one point");
    }
}
