//! Mann-Kendall: does a series rise or fall, whatever its shape?

use crate::stats::normal::two_sided_p;

/// The trend of one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannKendall {
    /// Pairs that rise less pairs that fall.
    pub s: i64,
    /// Variance of S without a trend, ties taken into account.
    pub variance: f64,
    /// S in standard deviates, with the correction for continuity.
    pub z: f64,
    /// Two-sided p of z.
    pub p: f64,
    /// Median of the slopes of all pairs, a step.
    pub sen_slope: f64,
}

/// Trend of equally spaced values.
///
/// **Method** (Mann 1945, doi:10.2307/1907187; Kendall 1975; Sen 1968, doi:10.1080/01621459.1968.10480934):
/// S = Σ over i < j of sign(xⱼ − xᵢ), where the sign of a tie is 0; Var S = \[n(n−1)(2n+5) − Σ t(t−1)(2t+5)\] / 18 over
/// the groups of t equal values; z = (S ∓ 1) / √Var S towards 0, and 0 for S = 0. The slope is the median of
/// (xⱼ − xᵢ) / (j − i) over all pairs. A variance of 0 (all values equal) gives z = 0 and p = 1.
/// **Units**: z in standard deviates; the slope in units of the values a step.
/// **Undefined**: `None` for fewer than two values, or one that is not finite. Autocorrelated values, such as sums over
/// overlapping windows, make p too small: read it as a ranking.
/// Grows with the square of the number of values.
///
/// # Example
/// ```
/// use vigie::stats::mann_kendall::mann_kendall;
/// let trend = mann_kendall(&[0.0, 0.0, 1.0, 0.0, 2.0, 2.0, 3.0, 0.0, 4.0, 5.0]).ok_or("undefined")?;
/// assert_eq!((trend.s, trend.sen_slope), (28, 0.5));
/// assert!((trend.p - 0.011_933).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn mann_kendall(values: &[f64]) -> Option<MannKendall> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut s = 0_i64;
    let mut slopes = Vec::with_capacity(values.len() * (values.len() - 1) / 2);
    for (i, earlier) in values.iter().enumerate() {
        for (gap, later) in (1_u32..).zip(&values[i + 1..]) {
            // Not `signum`: that of 0.0 is 1, and every tie would count as a rise.
            s += i64::from(later > earlier) - i64::from(later < earlier);
            slopes.push((later - earlier) / f64::from(gap));
        }
    }
    let variance = variance(values);
    // One less in size, for continuity; S of 0 stays 0.
    let z = if variance > 0.0 { (s - s.signum()) as f64 / variance.sqrt() } else { 0.0 };
    Some(MannKendall { s, variance, z, p: two_sided_p(z), sen_slope: median(&mut slopes) })
}

fn variance(values: &[f64]) -> f64 {
    let term = |count: usize| {
        let n = count as f64;
        n * (n - 1.0) * (2.0 * n + 5.0)
    };
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // `==` and not the total order: −0 and 0 are a tie.
    let ties: f64 = sorted.chunk_by(|a, b| a >= b).map(|group| term(group.len())).sum();
    (term(values.len()) - ties) / 18.0
}

fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_neither_rise_nor_fall() {
        let flat = mann_kendall(&[5.0; 4]).unwrap();
        assert_eq!((flat.s, flat.z, flat.p, flat.sen_slope), (0, 0.0, 1.0, 0.0));
        let zeros = mann_kendall(&[0.0, -0.0, 0.0]).unwrap();
        assert_eq!((zeros.s, zeros.variance), (0, 0.0));
    }

    #[test]
    fn what_is_no_series_has_no_trend() {
        assert_eq!(mann_kendall(&[]), None);
        assert_eq!(mann_kendall(&[1.0]), None);
        assert_eq!(mann_kendall(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn two_values_have_their_own_slope() {
        let rise = mann_kendall(&[1.0, 4.0]).unwrap();
        assert_eq!((rise.s, rise.z, rise.sen_slope), (1, 0.0, 3.0));
    }
}
