//! Two counts against each other, and one count against the mean of many: is the difference more than chance?

use crate::stats::rate::Interval;

/// How much larger than the observed probability another one may be and still count as no larger: what rounding does.
const TIE: f64 = 1e-7;

/// Exact two-sided p of two Poisson counts: given their total, the first is binomial.
///
/// **Method** (Przyborowski and Wilenski 1940, doi:10.1093/biomet/31.3-4.313): under equal rates the first of two counts
/// is Binomial(n, π), n = first + second and π = `length_first / (length_first + length_second)`. p is the
/// probability of every outcome that is no more probable than the one observed (ties to within 1e-7, as R's
/// `binom.test` and SciPy's `binomtest` have it). With equal lengths the distribution is symmetric, and this is twice
/// the smaller tail, at most 1.
/// **Units**: a probability. Lengths in any one unit of exposure, such as days.
/// **Undefined**: `None` if both counts are 0 (nothing to compare), or unless both lengths are finite and above 0.
/// Grows with the square root of the total.
///
/// # Example
/// ```
/// use vigie::stats::two_counts::exact_p;
/// assert!(exact_p(25, 16, 1.0, 1.0).is_some_and(|p| (p - 0.211).abs() < 5e-4));
/// assert_eq!(exact_p(0, 0, 1.0, 1.0), None);
/// ```
pub fn exact_p(first: u64, second: u64, length_first: f64, length_second: f64) -> Option<f64> {
    let total = first.checked_add(second)?;
    if total == 0 || !is_length(length_first) || !is_length(length_second) {
        return None;
    }
    let odds = length_first / length_second;
    let mode = ((total as f64 + 1.0) * (odds / (1.0 + odds))).floor().min(total as f64) as u64;
    // Weights relative to the mode's: their sum normalises them, so no logarithm of a factorial costs digits.
    let (mut all, mut unlikely) = (0.0, 0.0);
    let observed = weight_at(first, total, mode, odds);
    let mut take = |weight: f64| {
        all += weight;
        if weight <= observed * (1.0 + TIE) {
            unlikely += weight;
        }
        weight > 0.0
    };
    take(1.0);
    let mut weight = 1.0;
    for k in mode..total {
        weight *= step_up(k, total, odds);
        if !take(weight) {
            break;
        }
    }
    weight = 1.0;
    for k in (0..mode).rev() {
        weight /= step_up(k, total, odds);
        if !take(weight) {
            break;
        }
    }
    Some((unlikely / all).clamp(f64::MIN_POSITIVE, 1.0))
}

fn is_length(length: f64) -> bool {
    length.is_finite() && length > 0.0
}

/// P(k + 1) / P(k) of a binomial.
fn step_up(k: u64, total: u64, odds: f64) -> f64 {
    (total - k) as f64 / (k + 1) as f64 * odds
}

/// P(k) / P(mode), by the same steps and in the same order as the sum, so that equal outcomes are equal numbers.
fn weight_at(k: u64, total: u64, mode: u64, odds: f64) -> f64 {
    if k >= mode {
        (mode..k).fold(1.0, |weight, at| weight * step_up(at, total, odds))
    } else {
        (k..mode).rev().fold(1.0, |weight, at| weight / step_up(at, total, odds))
    }
}

/// Two-sided p of two Poisson counts by the E-test.
///
/// **Method** (Krishnamoorthy and Thomson 2004, doi:10.1016/S0378-3758(02)00408-1): with the common rate
/// λ = (k₁ + k₂) / (n₁ + n₂), p is the sum of Poisson(x₁; n₁λ) · Poisson(x₂; n₂λ) over all pairs with
/// |t(x₁, x₂)| ≥ |t(k₁, k₂)|, t = (x₁/n₁ − x₂/n₂) / √(x₁/n₁² + x₂/n₂²), and t(0, 0) = 0. It rejects somewhat more often
/// than [`exact_p`], which keeps its level at every total.
/// **Units**: a probability; n₁ and n₂ lengths in any one unit.
/// **Undefined**: `None` if both counts are 0, or unless both lengths are finite and above 0. Grows with the square root
/// of the counts.
///
/// # Example
/// ```
/// use vigie::stats::two_counts::e_test_p;
/// assert!(e_test_p(3, 0, 1.0, 1.0).is_some_and(|p| (p - 0.088_379).abs() < 1e-6));
/// ```
pub fn e_test_p(first: u64, second: u64, length_first: f64, length_second: f64) -> Option<f64> {
    if !is_length(length_first) || !is_length(length_second) || first.checked_add(second)? == 0 {
        return None;
    }
    let rate = (first as f64 + second as f64) / (length_first + length_second);
    let (n1, n2) = (length_first, length_second);
    let t = |x1: f64, x2: f64| {
        let variance = x1 / (n1 * n1) + x2 / (n2 * n2);
        if variance > 0.0 { (x1 / n1 - x2 / n2) / variance.sqrt() } else { 0.0 }
    };
    // Equal statistics of different pairs differ in their last bits: they count as equal.
    let observed = t(first as f64, second as f64).abs() - 1e-9;
    let (ones, twos) = (Poisson::around(rate * n1), Poisson::around(rate * n2));
    let below = twos.cumulative();
    let (mut all_above, mut first_below) = (0, 0);
    let mut p = 0.0;
    for (at, weight) in ones.weights.iter().enumerate() {
        let x1 = (ones.from + at as u64) as f64;
        // t falls as x2 grows and rises with x1: both edges move one way only.
        let value = |i: usize| t(x1, (twos.from + i as u64) as f64);
        while all_above < twos.weights.len() && value(all_above) >= observed {
            all_above += 1;
        }
        while first_below < twos.weights.len() && value(first_below) > -observed {
            first_below += 1;
        }
        let outside = if all_above >= first_below { 1.0 } else { below[all_above] + 1.0 - below[first_below] };
        p += weight * outside;
    }
    Some(p.clamp(f64::MIN_POSITIVE, 1.0))
}

/// The outcomes of a Poisson that are not negligible, and their probabilities.
struct Poisson {
    from: u64,
    weights: Vec<f64>,
}

impl Poisson {
    fn around(mean: f64) -> Self {
        let reach = 12.0 * mean.sqrt() + 60.0;
        let (from, to) = ((mean - reach).max(0.0).floor() as u64, (mean + reach).ceil() as u64);
        let mode = mean.floor() as u64;
        let mut weights = vec![0.0; (to - from + 1) as usize];
        weights[(mode - from) as usize] = 1.0;
        let mut weight = 1.0;
        for k in mode + 1..=to {
            weight *= mean / k as f64;
            weights[(k - from) as usize] = weight;
        }
        weight = 1.0;
        for k in (from..mode).rev() {
            weight *= (k + 1) as f64 / mean;
            weights[(k - from) as usize] = weight;
        }
        let all: f64 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= all;
        }
        Self { from, weights }
    }

    /// Probability of the first so many outcomes, for 0, 1, … of them.
    fn cumulative(&self) -> Vec<f64> {
        let mut sums = vec![0.0];
        let mut sum = 0.0;
        for weight in &self.weights {
            sum += weight;
            sums.push(sum);
        }
        sums
    }
}

/// Difference of two counts in standard deviates, if both are large.
///
/// **Method**: (first − second) / √(first + second).
/// **Units**: standard deviates.
/// **Undefined**: `None` if both are 0. Below about 20 use [`exact_p`].
///
/// # Example
/// ```
/// use vigie::stats::two_counts::difference_z;
/// assert!(difference_z(100, 121).is_some_and(|z| (z + 1.412_613).abs() < 1e-6));
/// ```
pub fn difference_z(first: u64, second: u64) -> Option<f64> {
    let (first, second) = (first as f64, second as f64);
    (first + second > 0.0).then(|| (first - second) / (first + second).sqrt())
}

/// How far a count is from a mean that is *known*, in standard deviates.
///
/// **Method** (Wheeler 2016, doi:10.1177/1461355716642781; Anscombe's square root): 2 (√count − √mean).
/// **Warning**: this is a standard normal only if `mean` is known without error, such as the mean of many periods. With
/// a second *count* in its place its variance is 2, and 1.96 is passed by chance one time in six: for 25 against 16 it
/// says 2.0 (p = 0.046) where [`exact_p`] says p = 0.211. Compare two counts with [`exact_p`].
/// **Units**: standard deviates.
/// **Undefined**: `None` unless `mean` is finite and not negative.
///
/// # Example
/// ```
/// use vigie::stats::two_counts::z_from_mean;
/// assert_eq!(z_from_mean(9, 4.0), Some(2.0));
/// ```
pub fn z_from_mean(count: u64, mean: f64) -> Option<f64> {
    (mean.is_finite() && mean >= 0.0).then(|| 2.0 * ((count as f64).sqrt() - mean.sqrt()))
}

/// Weeks before a week that its band is made of.
pub const BAND_WEEKS: usize = 8;

/// Band in which the next weekly count is expected.
///
/// **Method** (Wheeler 2016, doi:10.1177/1461355716642781): with m the mean of the [`BAND_WEEKS`] weeks before, from
/// max(0, √m − z/2)² to (√m + z/2)². z = 3 leaves 3.4 % of quiet weeks outside.
/// **Units**: those of the counts.
/// **Undefined**: `None` without eight weeks before, or unless z is finite and above 0. Only the last eight count.
///
/// # Example
/// ```
/// use vigie::stats::two_counts::weekly_band;
/// let band = weekly_band(&[9; 8], 3.0).ok_or("undefined")?;
/// assert_eq!((band.lower, band.upper), (Some(2.25), 20.25));
/// # Ok::<(), &str>(())
/// ```
pub fn weekly_band(weeks_before: &[u64], z: f64) -> Option<Interval> {
    let last = weeks_before.len().checked_sub(BAND_WEEKS).map(|start| &weeks_before[start..])?;
    if !is_length(z) {
        return None;
    }
    let root = (last.iter().map(|count| *count as f64).sum::<f64>() / BAND_WEEKS as f64).sqrt();
    let lower = (root - z / 2.0).max(0.0);
    let upper = root + z / 2.0;
    Some(Interval { lower: Some(lower * lower), upper: upper * upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lengths_double_the_smaller_tail() {
        // 2 · P(X ≥ 9 of 13), by hand: 2 · 1093 / 8192.
        let p = exact_p(9, 4, 1.0, 1.0).unwrap();
        assert!((p - 2.0 * 1093.0 / 8192.0).abs() < 1e-14, "{p}");
        assert_eq!(exact_p(5, 5, 7.0, 7.0), Some(1.0));
        assert_eq!(exact_p(3, 0, 1.0, 1.0), exact_p(0, 3, 1.0, 1.0));
    }

    #[test]
    fn unequal_lengths_sum_what_is_no_more_likely() {
        // Binomial(5, 1/4), observed 3: 90/1024 for it, 15/1024 and 1/1024 above; below nothing is as unlikely.
        let p = exact_p(3, 2, 1.0, 3.0).unwrap();
        assert!((p - 106.0 / 1024.0).abs() < 1e-14, "{p}");
    }

    #[test]
    fn large_and_hopeless_counts_stay_numbers() {
        let p = exact_p(1_000_000, 1_000_000, 1.0, 1.0).unwrap();
        assert!((p - 1.0).abs() < 1e-9);
        let p = exact_p(100_000, 0, 1.0, 1.0).unwrap();
        assert!(p > 0.0 && p < 1e-300);
        let z = difference_z(500_000, 502_000).unwrap();
        let p = exact_p(500_000, 502_000, 1.0, 1.0).unwrap();
        assert!((p - crate::stats::normal::two_sided_p(z)).abs() < 1e-3, "{p} {z}");
    }

    #[test]
    fn nothing_to_compare_is_no_answer() {
        assert_eq!(exact_p(0, 0, 1.0, 1.0), None);
        assert_eq!(e_test_p(0, 0, 1.0, 1.0), None);
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!((exact_p(1, 2, wrong, 1.0), e_test_p(1, 2, 1.0, wrong)), (None, None));
        }
        assert_eq!(difference_z(0, 0), None);
        assert_eq!(z_from_mean(1, f64::NAN), None);
        assert_eq!(weekly_band(&[4; 7], 3.0), None);
    }

    #[test]
    fn the_e_test_agrees_with_the_plain_double_sum() {
        for (k1, k2, n1, n2) in [(3_u64, 7_u64, 1.0, 1.0), (12, 4, 2.0, 1.0), (1, 9, 1.0, 3.0), (0, 4, 1.0, 1.0)] {
            let rate = (k1 + k2) as f64 / (n1 + n2);
            let t = |a: f64, b: f64| {
                let v: f64 = a / (n1 * n1) + b / (n2 * n2);
                if v > 0.0 { (a / n1 - b / n2) / v.sqrt() } else { 0.0 }
            };
            let pmf = |mean: f64, k: u64| (1..=k).fold((-mean).exp(), |p, i| p * mean / i as f64);
            let seen = t(k1 as f64, k2 as f64).abs() - 1e-9;
            let mut p = 0.0;
            for a in 0..120_u64 {
                for b in 0..120_u64 {
                    if t(a as f64, b as f64).abs() >= seen {
                        p += pmf(rate * n1, a) * pmf(rate * n2, b);
                    }
                }
            }
            let found = e_test_p(k1, k2, n1, n2).unwrap();
            assert!((found - p).abs() < 1e-12, "{k1} {k2}: {found} {p}");
        }
    }

    #[test]
    fn only_the_last_eight_weeks_make_the_band() {
        let weeks = [1_000, 4, 4, 4, 4, 4, 4, 4, 4];
        assert_eq!(weekly_band(&weeks, 3.0), weekly_band(&[4; 8], 3.0));
        assert_eq!(weekly_band(&[0; 8], 3.0).unwrap().lower, Some(0.0));
    }
}
