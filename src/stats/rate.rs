//! Intervals for a count, a rate or a share.

use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur};

use crate::stats::normal::z_of_confidence;

/// An interval around a count or a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit; `None` where the method has none (Byar below 0).
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: f64,
}

impl Interval {
    /// Both limits times a positive constant: the interval of a rate from that of its count.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { lower: self.lower.map(|lower| lower * factor), upper: self.upper * factor }
    }
}

/// Byar's interval for a Poisson count of 10 or more.
///
/// **Method** (Breslow and Day 1987, IARC 82, p. 69): lower x(1 − 1/(9x) − z/(3√x))³, upper
/// (x+1)(1 − 1/(9(x+1)) + z/(3√(x+1)))³.
/// **Units**: those of the count.
/// **Undefined**: `None` unless x > 0 and 0 < confidence < 1; the lower limit is `None` where it would be negative.
///
/// # Example
/// ```
/// use vigie::stats::rate::byar;
/// let interval = byar(65.0, 0.95).ok_or("undefined")?;
/// assert!((interval.upper - 82.849_139).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn byar(count: f64, confidence: f64) -> Option<Interval> {
    let z = z_of_confidence(confidence)?;
    if !(count > 0.0 && count.is_finite()) {
        return None;
    }
    let limit = |x: f64, z: f64| x * (1.0 - 1.0 / (9.0 * x) + z / (3.0 * x.sqrt())).powi(3);
    let lower = limit(count, -z);
    Some(Interval { lower: (lower >= 0.0).then_some(lower), upper: limit(count + 1.0, z) })
}

/// Exact interval for a Poisson count.
///
/// **Method** (Garwood 1936, doi:10.1093/biomet/28.3-4.437): the means at which the count or more, or the count or
/// fewer, has probability (1 − confidence)/2; found by bisection on the incomplete gamma function. Lower limit 0 for
/// a count of 0.
/// **Units**: those of the count.
/// **Undefined**: `None` unless 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::rate::exact_poisson;
/// let interval = exact_poisson(5, 0.95).ok_or("undefined")?;
/// assert!((interval.upper - 11.668_332).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn exact_poisson(count: u64, confidence: f64) -> Option<Interval> {
    let z = z_of_confidence(confidence)?;
    let tail = (1.0 - confidence) / 2.0;
    let x = count as f64;
    let far = x + (z + 4.0) * (z + 4.0) + (z + 4.0) * x.sqrt() * 2.0;
    let lower = if count == 0 {
        0.0
    } else {
        // P(X >= count | mean) = lower regularised gamma(count, mean), rising in the mean.
        bisect(far, |mean| checked_gamma_lr(x, mean).is_ok_and(|p| p < tail))
    };
    // P(X <= count | mean) = upper regularised gamma(count + 1, mean), falling in the mean.
    let upper = bisect(far, |mean| checked_gamma_ur(x + 1.0, mean).is_ok_and(|p| p > tail));
    Some(Interval { lower: Some(lower), upper })
}

fn bisect(far: f64, below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, far);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Interval of a Poisson count by the method its size asks for: exact below 10, Byar from 10 on.
///
/// **Method**: [`exact_poisson`] and [`byar`], joined as the English public health tables (PHE) do.
/// **Units**: those of the count; [`Interval::scaled`] makes them those of a rate.
/// **Undefined**: `None` unless 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::rate::poisson;
/// let per_1000 = poisson(65, 0.95).ok_or("undefined")?.scaled(1000.0 / 13_000.0);
/// assert!((per_1000.upper - 6.373).abs() < 1e-3);
/// # Ok::<(), &str>(())
/// ```
pub fn poisson(count: u64, confidence: f64) -> Option<Interval> {
    if count < 10 { exact_poisson(count, confidence) } else { byar(count as f64, confidence) }
}

/// Wilson's interval for a share x/n.
///
/// **Method** (Wilson 1927, doi:10.1080/01621459.1927.10502953):
/// (2x + z² ∓ z√(z² + 4x(1 − x/n))) / (2(n + z²)).
/// **Units**: a share, 0 to 1.
/// **Undefined**: `None` unless n > 0, 0 ≤ x ≤ n and 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::rate::wilson;
/// let interval = wilson(9.0, 12.0, 0.95).ok_or("undefined")?;
/// assert!((interval.upper - 0.911_058).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn wilson(x: f64, n: f64, confidence: f64) -> Option<Interval> {
    let z = z_of_confidence(confidence)?;
    if !(n > 0.0 && n.is_finite() && (0.0..=n).contains(&x)) {
        return None;
    }
    let square = z * z;
    let middle = 2.0 * x + square;
    let half = z * (square + 4.0 * x * (1.0 - x / n)).sqrt();
    let below = 2.0 * (n + square);
    Some(Interval { lower: Some(((middle - half) / below).max(0.0)), upper: ((middle + half) / below).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_of_nought_has_an_upper_limit() {
        let interval = exact_poisson(0, 0.95).unwrap();
        assert_eq!(interval.lower, Some(0.0));
        assert!((interval.upper - 3.688_879_454_113_936).abs() < 1e-9);
    }

    #[test]
    fn large_counts_stay_finite_and_agree_with_byar() {
        let (exact, near) = (exact_poisson(100_000, 0.95).unwrap(), byar(100_000.0, 0.95).unwrap());
        assert!((exact.lower.unwrap() - near.lower.unwrap()).abs() < 0.1);
        assert!((exact.upper - near.upper).abs() < 0.1);
    }

    #[test]
    fn byar_below_nought_is_none() {
        assert_eq!(byar(1.0, 0.9999).unwrap().lower, None);
        assert_eq!(byar(0.0, 0.95), None);
    }

    #[test]
    fn wilson_stays_inside() {
        let none = wilson(0.0, 10.0, 0.95).unwrap();
        assert!(none.lower.unwrap().abs() < 1e-15 && none.upper < 1.0);
        assert_eq!(wilson(1.0, 0.0, 0.95), None);
        assert_eq!(wilson(5.0, 4.0, 0.95), None);
    }
}
