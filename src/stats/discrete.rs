//! Quantiles and distribution functions of counts: Poisson, binomial, negative binomial.

use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::checked_gamma_ur;

/// P(X ≤ k) of a Poisson.
///
/// **Method**: the upper regularised gamma function of k + 1 at the mean.
/// **Undefined**: `None` unless the mean is finite and not negative.
///
/// # Example
/// ```
/// use vigie::stats::discrete::poisson_cdf;
/// assert!(poisson_cdf(0, 2.0).is_some_and(|p| (p - (-2.0_f64).exp()).abs() < 1e-12));
/// ```
pub fn poisson_cdf(count: u64, mean: f64) -> Option<f64> {
    if mean.abs() < f64::MIN_POSITIVE {
        return Some(1.0);
    }
    (mean > 0.0 && mean.is_finite()).then(|| checked_gamma_ur(count as f64 + 1.0, mean).ok()).flatten()
}

/// Smallest k with P(X ≤ k) ≥ `p` of a Poisson.
///
/// **Method**: bisection on [`poisson_cdf`]; grows with the logarithm of the mean.
/// **Undefined**: `None` unless 0 < p < 1 and the mean is finite and not negative.
///
/// # Example
/// ```
/// use vigie::stats::discrete::poisson_quantile;
/// assert_eq!((poisson_quantile(22.0, 0.001), poisson_quantile(22.0, 0.999)), (Some(9), Some(38)));
/// ```
pub fn poisson_quantile(mean: f64, p: f64) -> Option<u64> {
    poisson_cdf(0, mean)?;
    smallest(p, mean, mean.sqrt(), u64::MAX, |count| poisson_cdf(count, mean))
}

/// P(X ≤ k) of a binomial of `trials` at a `share`.
///
/// **Method**: the regularised incomplete beta function of (n − k, k + 1) at 1 − share.
/// **Undefined**: `None` unless the share lies in 0 to 1.
///
/// # Example
/// ```
/// use vigie::stats::discrete::binomial_cdf;
/// assert!(binomial_cdf(1, 3, 0.5).is_some_and(|p| (p - 0.5).abs() < 1e-12));
/// ```
pub fn binomial_cdf(count: u64, trials: u64, share: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&share) {
        return None;
    }
    if count >= trials || share <= 0.0 {
        return Some(1.0);
    }
    if share >= 1.0 {
        return Some(0.0);
    }
    checked_beta_reg((trials - count) as f64, count as f64 + 1.0, 1.0 - share).ok()
}

/// Smallest k with P(X ≤ k) ≥ `p` of a binomial.
///
/// **Method**: bisection on [`binomial_cdf`].
/// **Undefined**: `None` unless 0 < p < 1 and the share lies in 0 to 1.
///
/// # Example
/// ```
/// use vigie::stats::discrete::binomial_quantile;
/// assert_eq!(binomial_quantile(23, 0.5, 0.05), Some(8));
/// ```
pub fn binomial_quantile(trials: u64, share: f64, p: f64) -> Option<u64> {
    let mean = trials as f64 * share;
    binomial_cdf(0, trials, share)?;
    smallest(p, mean, (mean * (1.0 - share)).sqrt(), trials, |count| binomial_cdf(count, trials, share))
}

/// Smallest k with P(X ≤ k) ≥ `p` of a count with a mean and a variance: negative binomial, or Poisson where the variance
/// is not above the mean.
///
/// **Method**: size r = mean² / (variance − mean), chance of success r / (r + mean); bisection on the regularised
/// incomplete beta function of (r, k + 1).
/// **Undefined**: `None` unless 0 < p < 1, and mean and variance are finite and not negative.
///
/// # Example
/// ```
/// use vigie::stats::discrete::count_quantile;
/// assert_eq!((count_quantile(4.0, 4.0, 0.975), count_quantile(4.0, 12.0, 0.975)), (Some(8), Some(13)));
/// ```
pub fn count_quantile(mean: f64, variance: f64, p: f64) -> Option<u64> {
    if !(variance >= 0.0 && variance.is_finite() && mean >= 0.0 && mean.is_finite()) {
        return None;
    }
    // A size above a million differs from Poisson by less than a millionth.
    if mean <= 0.0 || variance - mean <= mean * mean * 1e-6 {
        return poisson_quantile(mean, p);
    }
    let size = mean * mean / (variance - mean);
    let success = size / (size + mean);
    smallest(p, mean, variance.sqrt(), u64::MAX, |count| checked_beta_reg(size, count as f64 + 1.0, success).ok())
}

/// Smallest count at which a distribution function reaches `p`.
fn smallest(p: f64, mean: f64, spread: f64, most: u64, cdf: impl Fn(u64) -> Option<f64>) -> Option<u64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let mut high = ((mean + spread + 1.0).ceil() as u64).min(most);
    while cdf(high)? < p && high < most {
        high = high.saturating_mul(2).min(most);
    }
    let mut low = 0;
    while low < high {
        let middle = low + (high - low) / 2;
        if cdf(middle)? < p { low = middle + 1 } else { high = middle }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_first_counts_to_reach_their_probability() {
        for mean in [0.3, 1.0, 4.2, 22.0, 350.0, 5_000.0] {
            for p in [0.001, 0.025, 0.5, 0.975, 0.999] {
                let k = poisson_quantile(mean, p).unwrap();
                assert!(poisson_cdf(k, mean).unwrap() >= p, "{mean} {p}");
                assert!(k == 0 || poisson_cdf(k - 1, mean).unwrap() < p, "{mean} {p}");
            }
        }
    }

    #[test]
    fn the_sums_agree_with_the_terms() {
        let mut sum = 0.0;
        for k in 0..=12_u64 {
            // 12 over k, a quarter.
            let ways = (0..k).fold(1.0, |w, i| w * (12 - i) as f64 / (i + 1) as f64);
            sum += ways * 0.25_f64.powi(k as i32) * 0.75_f64.powi(12 - k as i32);
            assert!((binomial_cdf(k, 12, 0.25).unwrap() - sum).abs() < 1e-12);
        }
    }

    #[test]
    fn edges() {
        assert_eq!(poisson_quantile(0.0, 0.999), Some(0));
        assert_eq!((binomial_quantile(5, 0.0, 0.9), binomial_quantile(5, 1.0, 0.001)), (Some(0), Some(5)));
        assert_eq!((poisson_quantile(-1.0, 0.5), poisson_quantile(1.0, 1.0)), (None, None));
        assert_eq!((count_quantile(0.0, 3.0, 0.9), count_quantile(f64::NAN, 3.0, 0.9)), (Some(0), None));
    }
}
