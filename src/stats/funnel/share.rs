//! Limits of shares around a target share.

use crate::stats::discrete::{binomial_cdf, binomial_quantile};
use crate::stats::funnel::Pair;
use crate::stats::normal::z_of_confidence;

/// Which limits a share got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareMethod {
    /// Normal approximation.
    Normal,
    /// Exact binomial, because a normal is wrong for so few.
    Exact,
}

/// Expected cases on the rarer side from which a normal is near enough.
const ENOUGH: f64 = 5.0;

/// Limits of the share of `n` cases when the true share is `target`, by the method that its size asks for.
///
/// **Method**: [`normal_limits`] where n · target and n · (1 − target) are 5 or more, else [`binomial_limits`].
/// **Units**: shares, 0 to 1.
/// **Undefined**: `None` for no case, a target outside 0 to 1, or unless 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::funnel::{ShareMethod, share_limits};
/// let few = share_limits(0.9, 20, 0.95).ok_or("undefined")?;
/// assert_eq!(few.1, ShareMethod::Exact);
/// assert_eq!(share_limits(0.9, 60, 0.95).map(|found| found.1), Some(ShareMethod::Normal));
/// # Ok::<(), &str>(())
/// ```
pub fn share_limits(target: f64, n: u64, confidence: f64) -> Option<(Pair, ShareMethod)> {
    let rarer = n as f64 * target.min(1.0 - target);
    if rarer >= ENOUGH {
        normal_limits(target, n, confidence).map(|limits| (limits, ShareMethod::Normal))
    } else {
        binomial_limits(target, n, confidence).map(|limits| (limits, ShareMethod::Exact))
    }
}

/// Limits of a share as normal deviates.
///
/// **Method** (Spiegelhalter 2005, doi:10.1002/sim.1970): A ∓ z√(A(1 − A)/n), cut to 0 and 1. It is what the inverted
/// Wilson interval of the R package `PHEindicatormethods` comes to.
/// **Units**: shares, 0 to 1.
/// **Undefined**: `None` for no case, a target outside 0 to 1, or unless 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::funnel::normal_limits;
/// let limits = normal_limits(0.5, 100, 0.95).ok_or("undefined")?;
/// assert!((limits.upper - 0.597_998).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn normal_limits(target: f64, n: u64, confidence: f64) -> Option<Pair> {
    let z = z_of_confidence(confidence)?;
    if n == 0 || !(0.0..=1.0).contains(&target) {
        return None;
    }
    let half = z * (target * (1.0 - target) / n as f64).sqrt();
    Some(Pair { lower: (target - half).max(0.0), upper: (target + half).min(1.0) })
}

/// Limits of a share, exact.
///
/// **Method** (Spiegelhalter 2005, doi:10.1002/sim.1970, appendix A.1): for the lower tail p, r the smallest count with
/// P(X ≤ r) ≥ p; the limit is (r − (P(X ≤ r) − p) / P(X = r)) / n, so that limits of neighbouring sizes do not jump. The
/// upper limit is one less the lower limit of the cases that did not: so a share beyond either has less than p of chance.
/// **Units**: shares, cut to 0 and 1.
/// **Undefined**: as [`normal_limits`].
///
/// # Example
/// ```
/// use vigie::stats::funnel::binomial_limits;
/// let limits = binomial_limits(0.9, 10, 0.95).ok_or("undefined")?;
/// assert!(limits.lower > 0.6 && limits.upper <= 1.0);
/// # Ok::<(), &str>(())
/// ```
pub fn binomial_limits(target: f64, n: u64, confidence: f64) -> Option<Pair> {
    if n == 0 || !(0.0..=1.0).contains(&target) || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    Some(Pair { lower: lower_limit(target, n, tail)?, upper: 1.0 - lower_limit(1.0 - target, n, tail)? })
}

fn lower_limit(target: f64, n: u64, tail: f64) -> Option<f64> {
    let r = binomial_quantile(n, target, tail)?;
    let upto = binomial_cdf(r, n, target)?;
    let below = if r == 0 { 0.0 } else { binomial_cdf(r - 1, n, target)? };
    let step = if upto > below { (upto - tail) / (upto - below) } else { 0.0 };
    Some(((r as f64 - step) / n as f64).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_and_normal_meet_for_many() {
        let (exact, normal) = (binomial_limits(0.4, 20_000, 0.95).unwrap(), normal_limits(0.4, 20_000, 0.95).unwrap());
        assert!((exact.lower - normal.lower).abs() < 1e-4 && (exact.upper - normal.upper).abs() < 1e-4);
    }

    #[test]
    fn a_share_beyond_a_limit_is_as_rare_as_it_says() {
        for (target, n) in [(0.9, 10_u64), (0.9, 40), (0.05, 25), (0.5, 9)] {
            let limits = binomial_limits(target, n, 0.95).unwrap();
            let outside = |k: &u64| *k as f64 / n as f64 > limits.upper + 1e-12;
            let first = (0..=n).find(outside).unwrap_or(n + 1);
            let above = if first > n { 0.0 } else { 1.0 - binomial_cdf(first - 1, n, target).unwrap() };
            assert!(above < 0.025, "{target} {n}: {above}");
        }
    }

    #[test]
    fn certain_shares_and_no_cases() {
        let all = binomial_limits(1.0, 12, 0.95).unwrap();
        assert!((all.upper - 1.0).abs() < 1e-12 && all.lower > 0.9);
        assert_eq!(share_limits(0.5, 0, 0.95), None);
        assert_eq!(share_limits(1.2, 5, 0.95), None);
    }
}
