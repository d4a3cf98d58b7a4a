//! The seasonal naive forecast of counts: as last year, with whole limits, and how often such limits held.

use crate::stats::discrete::count_quantile;

/// One step ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ahead {
    /// Expected count: that of the same place of the last cycle.
    pub mean: f64,
    /// Lower limit.
    pub lower: u64,
    /// Upper limit.
    pub upper: u64,
}

/// How often limits held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// Forecasts whose count came within its limits.
    pub within: usize,
    /// Forecasts.
    pub of: usize,
}

impl Coverage {
    /// Share of forecasts that held; `None` without one.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.within as f64 / self.of as f64)
    }
}

/// A count of 0 is forecast as if it had been this: nothing seen once does not make something impossible.
const SEEN_NOTHING: f64 = 0.5;

/// The next `steps` counts: each that of the same place of the last cycle.
///
/// **Method** (Hyndman and Athanasopoulos 2021, *Forecasting: Principles and Practice*, 5.2 and 5.5): mean y(t − m); σ² the
/// mean squared difference of steps one cycle apart; variance σ²(k + 1), k the whole cycles ahead. Limits are the quantiles
/// of a negative binomial with that mean and variance, Poisson where the variance is not above the mean: whole and not
/// negative. A count of 0 is taken as one half for its limits.
/// **Units**: counts.
/// **Undefined**: `None` unless the series has more than one cycle, the cycle is at least 1 and 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::seasonal_naive::forecast;
/// let ahead = forecast(&[10, 20, 12, 18, 11, 21], 2, 3, 0.95).ok_or("short")?;
/// assert_eq!(ahead.iter().map(|a| a.mean).collect::<Vec<_>>(), [11.0, 21.0, 11.0]);
/// assert!(ahead[0].lower < 11 && ahead[0].upper > 11);
/// # Ok::<(), &str>(())
/// ```
pub fn forecast(series: &[u64], cycle: usize, steps: usize, confidence: f64) -> Option<Vec<Ahead>> {
    if cycle == 0 || series.len() <= cycle {
        return None;
    }
    let differences = series.windows(cycle + 1).map(|w| (w[cycle] as f64 - w[0] as f64).powi(2));
    let sigma2 = differences.sum::<f64>() / (series.len() - cycle) as f64;
    let tail = (1.0 - confidence) / 2.0;
    let last = &series[series.len() - cycle..];
    (0..steps)
        .map(|h| {
            let mean = last[h % cycle] as f64;
            let variance = sigma2 * (h / cycle + 1) as f64;
            let likely = mean.max(SEEN_NOTHING);
            let at = |p: f64| count_quantile(likely, variance, p);
            Some(Ahead { mean, lower: at(tail)?, upper: at(1.0 - tail)? })
        })
        .collect()
}

/// How often the limits of one-step forecasts held, going through the series.
///
/// **Method**: after each step from `least` steps on, the next one is forecast from those before it alone.
/// **Units**: forecasts.
/// **Undefined**: none of none where the series is too short.
///
/// # Example
/// ```
/// use vigie::stats::seasonal_naive::coverage;
/// let series: Vec<u64> = (0..36).map(|t| 20 + t * 7 % 5).collect();
/// let held = coverage(&series, 12, 24, 0.95);
/// assert_eq!((held.within, held.of), (12, 12));
/// ```
pub fn coverage(series: &[u64], cycle: usize, least: usize, confidence: f64) -> Coverage {
    let mut found = Coverage { within: 0, of: 0 };
    for at in least..series.len() {
        let Some(ahead) = forecast(&series[..at], cycle, 1, confidence) else { continue };
        found.of += 1;
        found.within += usize::from((ahead[0].lower..=ahead[0].upper).contains(&series[at]));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_short_is_no_answer_and_nothing_is_not_certain() {
        assert_eq!(forecast(&[1; 12], 12, 1, 0.95), None);
        assert_eq!(forecast(&[1; 13], 0, 1, 0.95), None);
        assert_eq!(forecast(&[1; 13], 12, 1, 1.0), None);
        let quiet = forecast(&[0; 13], 12, 1, 0.95).unwrap()[0];
        assert!(quiet.lower == 0 && quiet.upper >= 2, "{quiet:?}");
        assert_eq!(coverage(&[1; 5], 12, 2, 0.95).share(), None);
    }

    #[test]
    fn limits_widen_a_cycle_later() {
        let series: Vec<u64> = (0..48).map(|t| 100 + (t * 37) % 23).collect();
        let ahead = forecast(&series, 12, 36, 0.9).unwrap();
        assert!(ahead[24].upper - ahead[24].lower > ahead[12].upper - ahead[12].lower);
        assert!(ahead[12].upper - ahead[12].lower > ahead[0].upper - ahead[0].lower);
    }
}
