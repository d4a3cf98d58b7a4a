//! How sure is a score that was measured over some windows? Windows drawn again and again, with replacement.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// A central interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How often each window is in each of the draws: the same draws for every score, so that two scores are compared on the
/// same windows (paired).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resamples {
    windows: usize,
    times: Vec<u16>,
}

impl Resamples {
    /// Draws `windows` windows with replacement, `draws` times over.
    ///
    /// **Method**: bootstrap by windows (Efron and Tibshirani 1993, doi:10.1007/978-1-4899-4541-9); PCG-64 of the seed.
    /// Windows are taken as exchangeable: what carries over from one to the next is not in the interval.
    pub fn new(windows: usize, draws: usize, seed: u64) -> Self {
        let mut random = Pcg64::seed_from_u64(seed);
        let mut times = vec![0_u16; windows * draws];
        if windows > 0 {
            for draw in times.chunks_exact_mut(windows) {
                for _ in 0..windows {
                    draw[random.random_range(0..windows)] += 1;
                }
            }
        }
        Self { windows, times }
    }

    /// The central interval of a statistic of window sums over the draws: percentiles of (1 − level)/2 and (1 + level)/2.
    /// The statistic is given a function that sums one number a window over the windows of a draw.
    ///
    /// **Undefined** (`None`): without windows or draws, or if the statistic is undefined in one of them.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::resample::Resamples;
    /// let (hits, events) = ([2.0, 3.0, 2.0, 4.0], [10.0; 4]);
    /// let rate = Resamples::new(4, 999, 1)
    ///     .interval(0.95, |sum| Some(sum(&hits) / sum(&events)))
    ///     .ok_or(vigie::error::Error::bug("no interval"))?;
    /// assert!(rate.low >= 0.2 && rate.low < 0.275 && rate.high > 0.275 && rate.high <= 0.4);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn interval(&self, level: f64, statistic: impl Fn(&dyn Fn(&[f64]) -> f64) -> Option<f64>) -> Option<Interval> {
        if self.times.is_empty() {
            return None;
        }
        let mut found = Vec::with_capacity(self.times.len() / self.windows);
        for draw in self.times.chunks_exact(self.windows) {
            let sum = |of: &[f64]| draw.iter().zip(of).map(|(times, x)| f64::from(*times) * x).sum::<f64>();
            found.push(statistic(&sum).filter(|value| value.is_finite())?);
        }
        found.sort_unstable_by(f64::total_cmp);
        let tail = ((1.0 - level) / 2.0 * found.len() as f64).floor() as usize;
        let tail = tail.min((found.len() - 1) / 2);
        Some(Interval { low: found[tail], high: found[found.len() - 1 - tail] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let top = [1.0, 5.0, 2.0, 8.0, 3.0];
        let of = |seed| Resamples::new(5, 500, seed).interval(0.95, |sum| Some(sum(&top) / 50.0));
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }

    #[test]
    fn a_constant_has_no_width_and_nothing_has_no_interval() {
        let draws = Resamples::new(3, 100, 1);
        let same = draws.interval(0.95, |sum| Some(sum(&[2.0; 3]) / sum(&[4.0; 3]))).unwrap();
        assert_eq!((same.low, same.high), (0.5, 0.5));
        assert_eq!(draws.interval(0.95, |sum| Some(1.0 / sum(&[0.0; 3]))), None);
        assert_eq!(Resamples::new(0, 100, 1).interval(0.95, |_| Some(1.0)), None);
    }

    #[test]
    fn the_interval_of_a_mean_is_the_textbook_one() {
        // 400 windows of mean 0.5 and variance 1/12: the standard error is 0.0144.
        let top: Vec<f64> = (0..400).map(|i| f64::from(i) / 399.0).collect();
        let interval = Resamples::new(400, 4000, 3).interval(0.95, |sum| Some(sum(&top) / 400.0)).unwrap();
        assert!((interval.low - (0.5 - 1.96 * 0.0145)).abs() < 0.003, "{interval:?}");
        assert!((interval.high - (0.5 + 1.96 * 0.0145)).abs() < 0.003, "{interval:?}");
    }
}
