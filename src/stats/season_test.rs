//! Whether a series has a season, and the series without it.

use statrs::function::beta::checked_beta_reg;

use crate::error::{Error, Result};

/// What the test says, and the series without its season.
#[derive(Debug, Clone, PartialEq)]
pub struct SeasonTest {
    /// Ratio of the variance between the places of the cycle to the variance within them.
    pub f: f64,
    /// Chance of so large a ratio without a season.
    pub p: f64,
    /// What each place of the cycle adds; they sum to 0.
    pub season: Vec<f64>,
    /// The series less its season.
    pub adjusted: Vec<f64>,
    /// The adjusted series varies less than a series without a season, because its season was taken from itself: limits
    /// must be this many times as wide.
    pub widen: f64,
}

/// Tests a series for a season, and takes it off.
///
/// **Method**: least squares of y = a + bt + season(t mod m) against y = a + bt; F = ((SSE₁ − SSE₂)/(m − 1)) / (SSE₂/(n − m −
/// 1)), p from the F distribution (stable seasonality, as the F tests of X-11: Ladiray and Quenneville 2001,
/// doi:10.1007/978-1-4613-0175-2, with a line as trend). The seasons of the fit sum to 0 and are taken off. They cost
/// m − 1 of the n − 2 degrees of freedom, hence `widen` = √((n − 2)/(n − m − 1)): limits from the moving ranges of the
/// adjusted series would otherwise be too narrow, by a third for two cycles of twelve.
/// **Units**: those of the series.
/// **Undefined**: `None` for fewer than two cycles, or if nothing is left to vary. Grows with n · m².
///
/// # Errors
/// `Data` if a value is not finite; `Bug` for a cycle below 2.
///
/// # Example
/// ```
/// use vigie::stats::season_test::season_test;
/// let series: Vec<f64> = (0..24).map(|t| f64::from(t % 12 * 10) + f64::from(t * 7 % 5)).collect();
/// let found = season_test(&series, 12)?.ok_or("short")?;
/// assert!(found.p < 1e-6 && found.season[11] > 40.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn season_test(series: &[f64], cycle: usize) -> Result<Option<SeasonTest>> {
    if cycle < 2 {
        return Err(Error::bug("a cycle has at least 2 steps"));
    }
    if let Some(at) = series.iter().position(|value| !value.is_finite()) {
        return Err(Error::data(format!("step {at} of the series is not a finite number")));
    }
    let n = series.len();
    if n < 2 * cycle {
        return Ok(None);
    }
    // The line alone, then the line within places: y and t less the means of their place give the slope of the fit with
    // seasons, because the place's own level takes up the rest.
    let plain = residual(series, &vec![0; n], 1);
    let places: Vec<usize> = (0..n).map(|t| t % cycle).collect();
    let within = residual(series, &places, cycle);
    let (free, seasons) = ((n - cycle - 1) as f64, (cycle - 1) as f64);
    if within.sum_of_squares <= plain.sum_of_squares * 1e-14 || within.sum_of_squares <= 0.0 {
        return Ok(None);
    }
    let f = ((plain.sum_of_squares - within.sum_of_squares).max(0.0) / seasons) / (within.sum_of_squares / free);
    let x = free / (free + seasons * f);
    let Ok(p) = checked_beta_reg(free / 2.0, seasons / 2.0, x) else { return Ok(None) };
    let level = within.levels.iter().sum::<f64>() / cycle as f64;
    let season: Vec<f64> = within.levels.iter().map(|own| own - level).collect();
    let adjusted = series.iter().zip(&places).map(|(value, place)| value - season[*place]).collect();
    Ok(Some(SeasonTest { f, p, season, adjusted, widen: ((n - 2) as f64 / free).sqrt() }))
}

/// Least squares of a common slope and a level for each place.
struct Residual {
    sum_of_squares: f64,
    levels: Vec<f64>,
}

fn residual(series: &[f64], places: &[usize], count: usize) -> Residual {
    let mut sums = vec![(0.0, 0.0, 0.0); count];
    for (t, (value, place)) in series.iter().zip(places).enumerate() {
        let sum = &mut sums[*place];
        *sum = (sum.0 + value, sum.1 + t as f64, sum.2 + 1.0);
    }
    let means: Vec<(f64, f64)> = sums.iter().map(|(y, t, n)| (y / n, t / n)).collect();
    let (mut tt, mut ty, mut yy) = (0.0, 0.0, 0.0);
    for (t, (value, place)) in series.iter().zip(places).enumerate() {
        let (dy, dt) = (value - means[*place].0, t as f64 - means[*place].1);
        (tt, ty, yy) = (tt + dt * dt, ty + dt * dy, yy + dy * dy);
    }
    let slope = if tt > 0.0 { ty / tt } else { 0.0 };
    Residual { sum_of_squares: yy - slope * ty, levels: means.iter().map(|(y, t)| y - slope * t).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_season_and_too_little_is_no_answer() {
        let noisy: Vec<f64> = (0..36_u32).map(|t| f64::from(t) + f64::from((t * 7919) % 13)).collect();
        let found = season_test(&noisy, 12).unwrap().unwrap();
        assert!(found.p > 0.05, "{found:?}");
        assert!((found.widen - (34.0_f64 / 23.0).sqrt()).abs() < 1e-12);
        assert!(found.season.iter().sum::<f64>().abs() < 1e-9);
        assert_eq!(season_test(&noisy[..23], 12).unwrap(), None);
        assert_eq!(season_test(&[5.0; 24], 12).unwrap(), None, "nothing varies");
        assert!(season_test(&[f64::NAN; 24], 12).is_err());
    }

    #[test]
    fn what_was_put_in_comes_off() {
        let plain: Vec<f64> = (0..48_u32).map(|t| f64::from((t * 7919) % 13)).collect();
        let with: Vec<f64> = plain.iter().enumerate().map(|(t, v)| v + [30.0, -10.0, -20.0][t % 3]).collect();
        let (a, b) = (season_test(&plain, 3).unwrap().unwrap(), season_test(&with, 3).unwrap().unwrap());
        assert!(b.p < 1e-12);
        assert!(a.adjusted.iter().zip(&b.adjusted).all(|(x, y)| (x - y).abs() < 1e-9));
    }
}
