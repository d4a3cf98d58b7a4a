//! Limits of ratios of an observed to an expected count.

use statrs::function::gamma::checked_gamma_lr;

use crate::stats::funnel::Pair;
use crate::stats::rate::exact_poisson;

/// Limits of observed / expected at so many expected events, when the true ratio is `target`.
///
/// **Method** (Spiegelhalter 2005, doi:10.1002/sim.1970, as in the R package `FunnelPlotR`): with E events expected and
/// α = 1 − confidence, lower χ²(α/2; 2E) / 2E, upper χ²(1 − α/2; 2(E + 1)) / 2E, both times the target.
/// **Units**: a ratio; with a rate as target, that rate.
/// **Undefined**: `None` unless E and the target are finite and above 0 and 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::funnel::poisson_limits;
/// let limits = poisson_limits(20.0, 1.0, 0.95).ok_or("undefined")?;
/// assert!((limits.lower - 0.610_826).abs() < 1e-6 && (limits.upper - 1.544_419).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn poisson_limits(expected: f64, target: f64, confidence: f64) -> Option<Pair> {
    let is_size = |n: f64| n > 0.0 && n.is_finite();
    let is_share = confidence > 0.0 && confidence < 1.0;
    if !is_size(expected) || !is_size(target) || !is_share {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    let lower = gamma_quantile(expected, tail)? / expected;
    let upper = gamma_quantile(expected + 1.0, 1.0 - tail)? / expected;
    Some(Pair { lower: lower * target, upper: upper * target })
}

/// Half the χ² quantile of 2 × `shape` degrees of freedom, by bisection on the incomplete gamma function.
fn gamma_quantile(shape: f64, p: f64) -> Option<f64> {
    let mut high = shape + 10.0;
    while checked_gamma_lr(shape, high).ok()? < p {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if checked_gamma_lr(shape, middle).ok()? < p { low = middle } else { high = middle }
    }
    Some(f64::midpoint(low, high))
}

/// Limits of observed / expected at so many *observed* events, around a ratio of 1.
///
/// **Method** (Dover and Schopflocher 2011, doi:10.1186/1478-7954-9-58, as in the R package `PHEindicatormethods`): with
/// [L, U] the exact interval of the observed count O, the ratio is outside if 1 is outside O's own interval over the
/// expected count: limits O/U and O/L.
/// **Units**: a ratio.
/// **Undefined**: `None` for no observed event (there is no limit), or unless 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::funnel::observed_limits;
/// let limits = observed_limits(5, 0.95).ok_or("undefined")?;
/// assert!((limits.lower - 0.428_510).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn observed_limits(observed: u64, confidence: f64) -> Option<Pair> {
    let interval = exact_poisson(observed, confidence)?;
    let lowest = interval.lower.filter(|lower| *lower > 0.0)?;
    let observed = observed as f64;
    Some(Pair { lower: observed / interval.upper, upper: observed / lowest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_close_on_the_target() {
        let wide = poisson_limits(0.5, 2.0, 0.998).unwrap();
        let narrow = poisson_limits(50_000.0, 2.0, 0.998).unwrap();
        assert!(wide.lower < narrow.lower && narrow.upper < wide.upper);
        assert!((narrow.upper - 2.0).abs() < 0.03 && (narrow.lower - 2.0).abs() < 0.03);
    }

    #[test]
    fn nothing_expected_or_observed_has_no_limits() {
        assert_eq!(poisson_limits(0.0, 1.0, 0.95), None);
        assert_eq!(poisson_limits(5.0, 1.0, 1.0), None);
        assert_eq!(observed_limits(0, 0.95), None);
    }
}
