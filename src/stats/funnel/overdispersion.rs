//! Groups that differ more than chance makes them: funnel limits widened by a variance between groups.

use crate::stats::funnel::Pair;
use crate::stats::normal::z_of_confidence;

/// What a group's value is, on the scale on which it is nearly normal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A share x of n: y = asin √(x/n), s = 1 / (2√n).
    Share,
    /// A ratio of two counts: y = ln((x + ½)/(n + ½)), s² = x/(x + ½)² + n/(n + ½)².
    CountRatio,
    /// Observed over expected: y = ln(O/E), s = 1/√E.
    StandardisedRatio,
}

/// A group: x of n, or observed x with n expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Numerator or observed count.
    pub x: f64,
    /// Denominator or expected count.
    pub n: f64,
}

/// How much the groups differ beyond chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overdispersion {
    /// What was measured.
    pub measure: Measure,
    /// Value that the limits lie around.
    pub target: f64,
    /// Mean of the squared winsorised deviates: 1 is chance.
    pub phi: f64,
    /// Variance between groups on the scale of the measure; 0 if chance is enough.
    pub tau2: f64,
}

/// Share of the deviates at each end that winsorising draws in.
const WINSORISED: f64 = 0.1;

/// How much groups differ beyond chance.
///
/// **Method** (Spiegelhalter 2005, doi:10.1136/qshc.2005.013755, as in the R package `FunnelPlotR`): z = (y − y₀)/s on the
/// scale of the [`Measure`], the tenth at either end drawn in to the 10th and 90th percentile (R type 7); φ = mean z²;
/// τ² = 0 if Nφ < N − 1, else (Nφ − (N − 1)) / (Σw − Σw²/Σw), w = 1/s². y₀ is that of all groups together.
/// **Units**: none.
/// **Undefined**: `None` for fewer than two groups with n above 0, or if all of them together have no value (for a
/// standardised ratio a group without an observed event has none, and is left out).
///
/// # Example
/// ```
/// use vigie::stats::funnel::{Measure, Unit, overdispersion};
/// let alike = [Unit { x: 50.0, n: 100.0 }, Unit { x: 100.0, n: 200.0 }, Unit { x: 25.0, n: 50.0 }];
/// let found = overdispersion(&alike, Measure::Share).ok_or("undefined")?;
/// assert_eq!(found.tau2, 0.0);
/// # Ok::<(), &str>(())
/// ```
pub fn overdispersion(units: &[Unit], measure: Measure) -> Option<Overdispersion> {
    let known: Vec<Unit> = units.iter().copied().filter(|u| u.n > 0.0 && scaled(*u, measure).is_some()).collect();
    if known.len() < 2 {
        return None;
    }
    let all = known.iter().fold(Unit { x: 0.0, n: 0.0 }, |a, b| Unit { x: a.x + b.x, n: a.n + b.n });
    let target = all.x / all.n;
    let centre = to_scale(target, measure)?;
    let mut z: Vec<f64> = Vec::with_capacity(known.len());
    let (mut w1, mut w2) = (0.0, 0.0);
    for (y, s) in known.iter().filter_map(|unit| scaled(*unit, measure)) {
        z.push((y - centre) / s);
        let w = 1.0 / (s * s);
        w1 += w;
        w2 += w * w;
    }
    let mut sorted = z.clone();
    sorted.sort_by(f64::total_cmp);
    let ends = |p: f64| crate::stats::quantile::quantile(&sorted, p, crate::stats::quantile::Method::Linear);
    let (low, high) = (ends(WINSORISED)?, ends(1.0 - WINSORISED)?);
    let n = z.len() as f64;
    let phi = z.iter().map(|z| z.clamp(low, high).powi(2)).sum::<f64>() / n;
    let below = w1 - w2 / w1;
    let tau2 = if n * phi < n - 1.0 || below <= 0.0 { 0.0 } else { ((n * phi - (n - 1.0)) / below).max(0.0) };
    Some(Overdispersion { measure, target, phi, tau2 })
}

impl Overdispersion {
    /// Limits at a group of size n.
    ///
    /// **Method**: y₀ ∓ z√(s² + τ²), taken back from the scale of the measure. For a ratio of counts s² is that of a group
    /// with this denominator and the target's numerator.
    /// **Units**: those of the value.
    /// **Undefined**: `None` unless n is above 0 and 0 < confidence < 1.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::funnel::{Measure, Overdispersion};
    /// let chance = Overdispersion { measure: Measure::Share, target: 0.5, phi: 1.0, tau2: 0.0 };
    /// let wide = Overdispersion { tau2: 0.01, ..chance };
    /// let (a, b) = (chance.limits(100.0, 0.95).ok_or("none")?, wide.limits(100.0, 0.95).ok_or("none")?);
    /// assert!(b.lower < a.lower && a.upper < b.upper);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn limits(&self, n: f64, confidence: f64) -> Option<Pair> {
        let z = z_of_confidence(confidence)?;
        let centre = to_scale(self.target, self.measure)?;
        let (_, s) = scaled(Unit { x: self.target * n, n }, self.measure).filter(|_| n > 0.0)?;
        let half = z * (s * s + self.tau2).sqrt();
        let back = |y: f64| match self.measure {
            Measure::Share => y.clamp(0.0, std::f64::consts::FRAC_PI_2).sin().powi(2),
            Measure::CountRatio | Measure::StandardisedRatio => y.exp(),
        };
        Some(Pair { lower: back(centre - half), upper: back(centre + half) })
    }
}

/// A ratio on the scale of its measure.
fn to_scale(ratio: f64, measure: Measure) -> Option<f64> {
    match measure {
        Measure::Share => (0.0..=1.0).contains(&ratio).then(|| ratio.sqrt().asin()),
        Measure::CountRatio | Measure::StandardisedRatio => (ratio > 0.0).then(|| ratio.ln()),
    }
}

/// Value and standard error of a group.
fn scaled(unit: Unit, measure: Measure) -> Option<(f64, f64)> {
    let Unit { x, n } = unit;
    match measure {
        Measure::Share => Some((to_scale(x / n, measure)?, 1.0 / (2.0 * n.sqrt()))),
        Measure::CountRatio => {
            let variance = x / (x + 0.5).powi(2) + n / (n + 0.5).powi(2);
            Some((((x + 0.5) / (n + 0.5)).ln(), variance.sqrt()))
        }
        Measure::StandardisedRatio => Some((to_scale(x / n, measure)?, 1.0 / n.sqrt())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_differ_have_a_variance_between_them() {
        let wild: Vec<Unit> = [20.0, 80.0, 50.0, 35.0, 65.0, 10.0].iter().map(|x| Unit { x: *x, n: 100.0 }).collect();
        for measure in [Measure::Share, Measure::CountRatio, Measure::StandardisedRatio] {
            let found = overdispersion(&wild, measure).unwrap();
            assert!(found.phi > 3.0 && found.tau2 > 0.0, "{found:?}");
            let chance = Overdispersion { tau2: 0.0, ..found };
            assert!(found.limits(100.0, 0.998).unwrap().upper > chance.limits(100.0, 0.998).unwrap().upper);
        }
    }

    #[test]
    fn one_group_says_nothing() {
        assert_eq!(overdispersion(&[Unit { x: 1.0, n: 2.0 }, Unit { x: 0.0, n: 0.0 }], Measure::Share), None);
        assert_eq!(overdispersion(&[Unit { x: 0.0, n: 2.0 }; 3], Measure::StandardisedRatio), None);
    }
}
