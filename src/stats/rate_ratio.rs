//! How many times one rate is another: the ratio of two counts over two lengths, and its exact interval.

use statrs::function::beta::checked_beta_reg;

use crate::stats::rate::Interval;

/// Ratio of two rates, (first / `length_first`) / (second / `length_second`).
///
/// **Units**: none.
/// **Undefined**: `None` if the second count is 0, or unless both lengths are finite and above 0.
///
/// # Example
/// ```
/// use vigie::stats::rate_ratio::ratio;
/// assert_eq!(ratio(12, 8, 60.0, 30.0), Some(0.75));
/// assert_eq!(ratio(3, 0, 1.0, 1.0), None);
/// ```
pub fn ratio(first: u64, second: u64, length_first: f64, length_second: f64) -> Option<f64> {
    let known = second > 0 && is_length(length_first) && is_length(length_second);
    known.then(|| (first as f64 / length_first) / (second as f64 / length_second))
}

/// Exact interval of the ratio of two Poisson rates.
///
/// **Method** (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404, given the total, as Przyborowski and Wilenski 1940,
/// doi:10.1093/biomet/31.3-4.313): the first of two counts is Binomial(n, π) with π/(1 − π) = ratio × length₁/length₂;
/// limits of π by bisection on the incomplete beta function, turned into ratios. It covers the ratio at least as often as
/// it says.
/// **Units**: none.
/// **Undefined**: `None` if both counts are 0, or if the second is 0 (there is no upper limit), or unless both lengths
/// are finite and above 0 and 0 < confidence < 1. A first count of 0 has the lower limit 0.
///
/// # Example
/// ```
/// use vigie::stats::rate_ratio::interval;
/// let found = interval(25, 16, 100.0, 100.0, 0.95).ok_or("undefined")?;
/// assert!(found.lower.is_some_and(|lower| (lower - 0.801_957).abs() < 1e-6));
/// assert!((found.upper - 3.132_044).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn interval(first: u64, second: u64, length_first: f64, length_second: f64, confidence: f64) -> Option<Interval> {
    let is_share = confidence > 0.0 && confidence < 1.0;
    if second == 0 || !is_length(length_first) || !is_length(length_second) || !is_share {
        return None;
    }
    let (first, second) = (first as f64, second as f64);
    let tail = (1.0 - confidence) / 2.0;
    let as_ratio = |share: f64| share / (1.0 - share) * length_second / length_first;
    let lower = if first > 0.0 { as_ratio(beta_quantile(first, second + 1.0, tail)?) } else { 0.0 };
    let upper = as_ratio(beta_quantile(first + 1.0, second, 1.0 - tail)?);
    upper.is_finite().then_some(Interval { lower: Some(lower), upper })
}

fn is_length(length: f64) -> bool {
    length.is_finite() && length > 0.0
}

/// The x at which the incomplete beta function is `p`.
fn beta_quantile(a: f64, b: f64, p: f64) -> Option<f64> {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if checked_beta_reg(a, b, middle).ok()? < p { low = middle } else { high = middle }
    }
    Some(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_leave_their_tails() {
        // At the lower limit, the first count or more has probability 2.5 %.
        let found = interval(3, 11, 366.0, 365.0, 0.95).unwrap();
        assert!((found.lower.unwrap() - 0.048_721).abs() < 1e-6 && (found.upper - 1.029_599).abs() < 1e-6);
        let none = interval(0, 4, 90.0, 90.0, 0.95).unwrap();
        assert!(none.lower == Some(0.0) && (none.upper - 1.514_867).abs() < 1e-6);
    }

    #[test]
    fn nothing_before_has_no_ratio() {
        assert_eq!(interval(4, 0, 1.0, 1.0, 0.95), None);
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!((ratio(1, 2, wrong, 1.0), interval(1, 2, 1.0, wrong, 0.95)), (None, None));
        }
        assert_eq!(interval(1, 2, 1.0, 1.0, 1.0), None);
    }

    #[test]
    fn large_counts_stay_numbers() {
        let found = interval(1_000_000, 1_000_000, 365.0, 366.0, 0.95).unwrap();
        assert!((found.upper - 366.0 / 365.0 - 0.002_78).abs() < 1e-4, "{found:?}");
    }
}
