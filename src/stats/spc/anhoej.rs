//! The Anhøj rules: runs and crossings judged by the length of the series.

use crate::stats::discrete::binomial_quantile;

/// What the runs of a series say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunsTest {
    /// Values off the centre line.
    pub useful: usize,
    /// Most of them in a row on one side.
    pub longest: usize,
    /// More than this in a row is a signal.
    pub longest_max: usize,
    /// How often the series goes from one side to the other.
    pub crossings: usize,
    /// Fewer than this is a signal.
    pub crossings_min: usize,
    /// Either of the two.
    pub signal: bool,
}

/// Longest run on one side that chance gives in so many useful values.
///
/// **Method** (Anhøj and Olesen 2014, doi:10.1371/journal.pone.0113825; after Schilling 2012,
/// doi:10.4169/math.mag.85.2.141): round(log₂ n) + 3.
/// **Undefined**: 0 for no value.
///
/// # Example
/// ```
/// use vigie::stats::spc::longest_run_max;
/// assert_eq!((longest_run_max(12), longest_run_max(24)), (7, 8));
/// ```
pub fn longest_run_max(useful: usize) -> usize {
    if useful == 0 { 0 } else { (useful as f64).log2().round() as usize + 3 }
}

/// Fewest crossings that chance gives in so many useful values.
///
/// **Method** (Chen 2010, Model Assisted Statistics and Applications 5:73-77; Anhøj and Olesen 2014): 0.05 quantile of Binomial(n − 1, ½).
/// **Undefined**: 0 for fewer than two values.
///
/// # Example
/// ```
/// use vigie::stats::spc::crossings_min;
/// assert_eq!((crossings_min(12), crossings_min(24)), (3, 8));
/// ```
pub fn crossings_min(useful: usize) -> usize {
    let pairs = useful.saturating_sub(1);
    binomial_quantile(pairs as u64, 0.5, 0.05).map_or(0, |count| count as usize)
}

/// Judges the runs of a series about its centre.
///
/// **Method** (Anhøj and Olesen 2014, doi:10.1371/journal.pone.0113825): values on the centre and missing ones are left
/// out; of the n others, a run longer than [`longest_run_max`] or fewer crossings than [`crossings_min`] is a signal of
/// the series as a whole.
/// **Undefined**: no signal below ten useful values, where the limits say nothing.
///
/// # Example
/// ```
/// use vigie::stats::spc::runs_test;
/// let shifted: Vec<Option<f64>> = (0..20).map(|i| Some(if i < 10 { 1.0 } else { 3.0 })).collect();
/// let found = runs_test(&shifted, &[Some(2.0); 20]);
/// assert!(found.signal && found.longest == 10 && found.crossings == 1);
/// ```
pub fn runs_test(values: &[Option<f64>], centres: &[Option<f64>]) -> RunsTest {
    let (mut useful, mut longest, mut crossings, mut streak) = (0, 0, 0, 0);
    let mut before = None;
    for (value, centre) in values.iter().zip(centres) {
        let (Some(value), Some(centre)) = (value, centre) else { continue };
        let above = match value.total_cmp(centre) {
            std::cmp::Ordering::Equal => continue,
            order => order.is_gt(),
        };
        useful += 1;
        if before == Some(above) {
            streak += 1;
        } else {
            crossings += usize::from(before.is_some());
            streak = 1;
        }
        before = Some(above);
        longest = longest.max(streak);
    }
    let (longest_max, crossings_min) = (longest_run_max(useful), crossings_min(useful));
    let signal = useful >= LEAST && (longest > longest_max || crossings < crossings_min);
    RunsTest { useful, longest, longest_max, crossings, crossings_min, signal }
}

/// Fewest useful values that the limits hold for.
pub(super) const LEAST: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_on_the_centre_are_left_out() {
        let values = [1.0, 0.0, 1.0, -1.0, 0.0, -1.0].map(Some);
        let found = runs_test(&values, &[Some(0.0); 6]);
        assert_eq!((found.useful, found.longest, found.crossings, found.signal), (4, 2, 1, false));
    }

    #[test]
    fn nothing_is_not_a_signal() {
        assert!(!runs_test(&[], &[]).signal);
        assert_eq!((longest_run_max(0), crossings_min(0), crossings_min(1)), (0, 0, 0));
    }
}
