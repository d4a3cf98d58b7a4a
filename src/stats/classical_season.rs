//! Classical additive decomposition: a moving mean as trend, the mean of each place of the cycle as season.

use crate::error::{Error, Result};

/// A series taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// What each place of the cycle adds; they sum to 0.
    pub season: Vec<f64>,
    /// Moving mean over one cycle; `None` half a cycle from either end.
    pub trend: Vec<Option<f64>>,
    /// Series − trend − season.
    pub remainder: Vec<Option<f64>>,
}

/// Takes a series apart.
///
/// **Method** (Macaulay 1931; Kendall and Stuart 1983, *The Advanced Theory of Statistics* 3): trend is the mean of one
/// cycle about each step, an even cycle with half weights at both ends; a season is the mean of series − trend over the
/// cycles, less the mean of all seasons.
/// **Units**: those of the series.
/// **Undefined**: see Errors. With only two cycles each season rests on one value: see
/// [`season_test`](crate::stats::season_test) for whether there is a season at all.
///
/// # Errors
/// `Data` for fewer than two cycles or a value that is not finite; `Bug` for a cycle below 2.
///
/// # Example
/// ```
/// use vigie::stats::classical_season::decompose;
/// let series: Vec<f64> = (0..16).map(|t| f64::from(t) + if t % 4 == 0 { 8.0 } else { 0.0 }).collect();
/// let parts = decompose(&series, 4)?;
/// assert!((parts.season[0] - 6.0).abs() < 1e-12 && parts.trend[0].is_none());
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn decompose(series: &[f64], cycle: usize) -> Result<Parts> {
    if cycle < 2 {
        return Err(Error::bug("a cycle has at least 2 steps"));
    }
    if series.len() < 2 * cycle {
        return Err(Error::data(format!(
            "a season of {cycle} steps needs two whole cycles, {} steps; there are {}",
            2 * cycle,
            series.len()
        )));
    }
    if let Some(at) = series.iter().position(|value| !value.is_finite()) {
        return Err(Error::data(format!("step {at} of the series is not a finite number")));
    }
    let half = cycle / 2;
    let trend: Vec<Option<f64>> = (0..series.len())
        .map(|at| {
            let from = at.checked_sub(half)?;
            let window = series.get(from..=at + half)?;
            let all: f64 = window.iter().sum();
            let ends = if cycle.is_multiple_of(2) { f64::midpoint(window[0], window[2 * half]) } else { 0.0 };
            Some((all - ends) / cycle as f64)
        })
        .collect();
    let mut season = vec![(0.0, 0.0); cycle];
    for (at, (value, trend)) in series.iter().zip(&trend).enumerate() {
        if let Some(trend) = trend {
            let place = &mut season[at % cycle];
            *place = (place.0 + value - trend, place.1 + 1.0);
        }
    }
    let means: Vec<f64> = season.iter().map(|(sum, n)| sum / f64::max(*n, 1.0)).collect();
    let level = means.iter().sum::<f64>() / cycle as f64;
    let season: Vec<f64> = means.iter().map(|mean| mean - level).collect();
    let remainder = series
        .iter()
        .zip(&trend)
        .enumerate()
        .map(|(at, (value, trend))| trend.map(|trend| value - trend - season[at % cycle]))
        .collect();
    Ok(Parts { season, trend, remainder })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_cycle_has_equal_weights() {
        let series: Vec<f64> = (0..9).map(|t| [1.0, 2.0, 6.0][t % 3]).collect();
        let parts = decompose(&series, 3).unwrap();
        assert!(parts.season.iter().zip([-2.0, -1.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(parts.trend.iter().filter(|t| t.is_some()).count(), 7);
        assert!(parts.remainder.iter().flatten().all(|r| r.abs() < 1e-12));
    }

    #[test]
    fn short_and_broken_series_are_refused() {
        assert!(decompose(&[1.0; 23], 12).unwrap_err().message().contains("24 steps; there are 23"));
        assert!(decompose(&[f64::NAN; 24], 12).is_err() && decompose(&[1.0; 4], 1).is_err());
    }
}
