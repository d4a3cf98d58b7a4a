//! A series taken apart into trend, seasons and remainder: STL for one season, MSTL for several.

use crate::error::{Error, Result};

/// The smoothing of one season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Season {
    /// Steps after which the season repeats, at least 2.
    pub period: usize,
    /// How the season may change from one cycle to the next.
    pub shape: Shape,
}

/// How a season may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One shape for the whole series: the mean of each place of the cycle.
    Fixed,
    /// A line through so many cycles (odd, at least 3), the near ones counting more.
    Changing(usize),
}

/// A series taken apart. At every step trend + the seasons + remainder is the series.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The level without seasons.
    pub trend: Vec<f64>,
    /// One series a season, in the order of their periods.
    pub seasons: Vec<Vec<f64>>,
    /// What is left.
    pub remainder: Vec<f64>,
}

/// Passes over the seasons when there is more than one.
const PASSES: usize = 2;
/// Inner and outer loops of STL: without, and with, weights that spare outliers.
const PLAIN: (usize, usize) = (5, 0);
const ROBUST: (usize, usize) = (2, 15);

/// Takes a series apart into a trend, one season or several, and a remainder.
///
/// **Method** STL (Cleveland, Cleveland, `McRae` and Terpenning 1990, J. Official Statistics 6(1):3-73): each place of the
/// cycle is smoothed over the cycles by loess, its own low pass is taken off, and what is left is smoothed into the
/// trend; all loess is of degree 1, with no steps left out. The trend's window is the smallest odd number of at least
/// 1.5 p / (1 − 1.5 / s) for a period p and a seasonal window s, the low pass's the smallest odd number above p. Five
/// inner loops; with `robust` two inner and fifteen outer ones, whose bisquare weights take outliers out. A
/// [`Shape::Fixed`] season is smoothed by means over all cycles (degree 0, a window of 10 n + 1).
/// With several seasons, MSTL (Bandara, Hyndman and Bergmeir 2021, arXiv:2107.13462): STL for each season in the order
/// of their periods on the series without the others, twice over. The trend is that of the last.
/// **Units**: those of the series.
/// **Undefined**: see Errors. Cost grows with the length times the trend's window.
///
/// # Errors
/// `Data` if the series is shorter than two cycles of the longest season or holds something that is not a finite number;
/// `Bug` for no season, a period below 2 or a window that is even or below 3.
///
/// # Example
/// ```
/// use vigie::stats::stl::{Season, Shape, decompose};
/// let series: Vec<f64> = (0..12).map(|t| f64::from(t) + if t % 4 == 0 { 8.0 } else { 0.0 }).collect();
/// let parts = decompose(&series, &[Season { period: 4, shape: Shape::Fixed }], false)?;
/// assert!((parts.seasons[0][0] - parts.seasons[0][1] - 8.0).abs() < 0.1);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn decompose(series: &[f64], seasons: &[Season], robust: bool) -> Result<Parts> {
    let mut order: Vec<Season> = seasons.to_vec();
    order.sort_by_key(|season| season.period);
    let longest = order.last().ok_or_else(|| Error::bug("a decomposition needs a season"))?.period;
    let fit = |window: usize| window >= 3 && window % 2 == 1;
    if order.iter().any(|s| s.period < 2 || matches!(s.shape, Shape::Changing(window) if !fit(window))) {
        return Err(Error::bug("a period is at least 2, a seasonal window odd and at least 3"));
    }
    if series.len() < 2 * longest {
        return Err(Error::data(format!(
            "a season of {longest} steps needs two whole cycles, {} steps; there are {}",
            2 * longest,
            series.len()
        )));
    }
    if let Some(at) = series.iter().position(|value| !value.is_finite()) {
        return Err(Error::data(format!("step {at} of the series is not a finite number")));
    }
    let mut found = vec![vec![0.0; series.len()]; order.len()];
    let mut rest = series.to_vec();
    let mut trend = Vec::new();
    let passes = if order.len() == 1 { 1 } else { PASSES };
    for _ in 0..passes {
        for (season, own) in order.iter().zip(&mut found) {
            rest.iter_mut().zip(own.iter()).for_each(|(rest, own)| *rest += own);
            let mut stl = Stl::new(&rest, *season);
            stl.run(if robust { ROBUST } else { PLAIN });
            (*own, trend) = (stl.season, stl.trend);
            rest.iter_mut().zip(own.iter()).for_each(|(rest, own)| *rest -= own);
        }
    }
    let remainder = rest.iter().zip(&trend).map(|(rest, trend)| rest - trend).collect();
    Ok(Parts { trend, seasons: found, remainder })
}

/// One run of STL.
struct Stl<'a> {
    series: &'a [f64],
    period: usize,
    seasonal: Loess,
    low_pass: Loess,
    smoother: Loess,
    season: Vec<f64>,
    trend: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl<'a> Stl<'a> {
    fn new(series: &'a [f64], season: Season) -> Self {
        let (n, period) = (series.len(), season.period);
        let seasonal = match season.shape {
            Shape::Fixed => Loess { window: 10 * n + 1, line: false },
            Shape::Changing(window) => Loess { window, line: true },
        };
        let window = (1.5 * period as f64 / (1.0 - 1.5 / seasonal.window as f64)).ceil() as usize;
        Self {
            series,
            period,
            seasonal,
            low_pass: Loess { window: odd(period + 1), line: true },
            smoother: Loess { window: odd(window), line: true },
            season: vec![0.0; n],
            trend: vec![0.0; n],
            weights: None,
        }
    }

    fn run(&mut self, (inner, outer): (usize, usize)) {
        for pass in 0..=outer {
            for _ in 0..inner {
                self.step();
            }
            if pass < outer {
                self.weights = Some(self.bisquare());
            }
        }
    }

    /// The inner loop: season, then trend.
    fn step(&mut self) {
        let n = self.series.len();
        let detrended: Vec<f64> = self.series.iter().zip(&self.trend).map(|(y, t)| y - t).collect();
        let cycles = self.cycles(&detrended);
        let smooth = moving_mean(&moving_mean(&moving_mean(&cycles, self.period), self.period), 3);
        let low = self.low_pass.smooth(&smooth, None);
        for i in 0..n {
            self.season[i] = cycles[self.period + i] - low[i];
        }
        let adjusted: Vec<f64> = self.series.iter().zip(&self.season).map(|(y, s)| y - s).collect();
        self.trend = self.smoother.smooth(&adjusted, self.weights.as_deref());
    }

    /// Every place of the cycle smoothed over the cycles, and one cycle more at both ends.
    fn cycles(&self, detrended: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; detrended.len() + 2 * self.period];
        for place in 0..self.period {
            let pick = |values: &[f64]| values.iter().skip(place).step_by(self.period).copied().collect::<Vec<_>>();
            let (values, weights) = (pick(detrended), self.weights.as_deref().map(pick));
            let weights = weights.as_deref();
            let k = values.len();
            let smooth = self.seasonal.smooth(&values, weights);
            let window = self.seasonal.window.min(k);
            let before = self.seasonal.at(&values, weights, -1.0, 0, window).unwrap_or(smooth[0]);
            let after = self.seasonal.at(&values, weights, k as f64, k - window, k).unwrap_or(smooth[k - 1]);
            let all = std::iter::once(before).chain(smooth).chain(std::iter::once(after));
            all.enumerate().for_each(|(cycle, value)| out[cycle * self.period + place] = value);
        }
        out
    }

    /// Weights that fall with the size of the remainder, 0 beyond six times its median.
    fn bisquare(&self) -> Vec<f64> {
        let fitted = self.trend.iter().zip(&self.season).map(|(t, s)| t + s);
        let size: Vec<f64> = self.series.iter().zip(fitted).map(|(y, fit)| (y - fit).abs()).collect();
        let mut sorted = size.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let edge = 3.0 * (sorted[n / 2] + sorted[n - n / 2 - 1]);
        size.iter()
            .map(|&r| match r {
                r if r <= 0.001 * edge => 1.0,
                r if r <= 0.999 * edge => (1.0 - (r / edge).powi(2)).powi(2),
                _ => 0.0,
            })
            .collect()
    }
}

/// The smallest odd number that is at least `n`.
fn odd(n: usize) -> usize {
    if n.is_multiple_of(2) { n + 1 } else { n }
}

fn moving_mean(values: &[f64], window: usize) -> Vec<f64> {
    let mut sum: f64 = values[..window].iter().sum();
    let mut out = Vec::with_capacity(values.len() - window + 1);
    out.push(sum / window as f64);
    for i in window..values.len() {
        sum += values[i] - values[i - window];
        out.push(sum / window as f64);
    }
    out
}

/// Local regression on equally spaced steps with tricube weights.
#[derive(Clone, Copy)]
struct Loess {
    window: usize,
    /// A local line; else a local mean.
    line: bool,
}

impl Loess {
    fn smooth(self, values: &[f64], weights: Option<&[f64]>) -> Vec<f64> {
        let n = values.len();
        if n < 2 {
            return values.to_vec();
        }
        let width = self.window.min(n);
        let half = width.div_ceil(2);
        (0..n)
            .map(|i| {
                let from = if self.window >= n { 0 } else { (i + 1).saturating_sub(half).min(n - width) };
                self.at(values, weights, i as f64, from, from + width).unwrap_or(values[i])
            })
            .collect()
    }

    /// The value at `x`, from the steps `from..to`; `None` if none of them has a weight.
    fn at(self, values: &[f64], given: Option<&[f64]>, x: f64, from: usize, to: usize) -> Option<f64> {
        let n = values.len();
        let mut reach = (x - from as f64).max(to as f64 - 1.0 - x);
        if self.window > n {
            reach += ((self.window - n) / 2) as f64;
        }
        let weight = |j: usize| {
            let distance = (j as f64 - x).abs();
            let near = match distance {
                d if d <= 0.001 * reach => 1.0,
                d if d <= 0.999 * reach => (1.0 - (d / reach).powi(3)).powi(3),
                _ => 0.0,
            };
            near * given.map_or(1.0, |weights| weights[j])
        };
        let (mut sum, mut first) = (0.0, 0.0);
        for j in from..to {
            let w = weight(j);
            sum += w;
            first += w * j as f64;
        }
        if sum <= 0.0 {
            return None;
        }
        let centre = first / sum;
        let (mut spread, mut mean, mut slope) = (0.0, 0.0, 0.0);
        for (j, value) in values.iter().enumerate().take(to).skip(from) {
            let (w, off) = (weight(j) / sum, j as f64 - centre);
            spread += w * off * off;
            mean += w * value;
            slope += w * off * value;
        }
        // Steps that lie too close together carry no line.
        let line = self.line && reach > 0.0 && spread.sqrt() > 0.001 * (n as f64 - 1.0);
        Some(if line { mean + slope / spread * (x - centre) } else { mean })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, period: usize) -> Vec<f64> {
        let turn = std::f64::consts::TAU / period as f64;
        (0..n).map(|t| 50.0 + 0.3 * t as f64 + 9.0 * (t as f64 * turn).sin() + ((t * 7919) % 13) as f64 * 0.1).collect()
    }

    #[test]
    fn parts_add_up() {
        let series = wave(80, 12);
        for shape in [Shape::Fixed, Shape::Changing(11)] {
            for robust in [false, true] {
                let seasons = [Season { period: 12, shape }, Season { period: 4, shape }];
                let parts = decompose(&series, &seasons, robust).unwrap();
                assert_eq!(parts.seasons.len(), 2);
                for (t, y) in series.iter().enumerate() {
                    let sum = parts.trend[t] + parts.seasons[0][t] + parts.seasons[1][t] + parts.remainder[t];
                    assert!((sum - y).abs() < 1e-9, "{t}");
                }
            }
        }
    }

    #[test]
    fn a_fixed_season_repeats() {
        let parts = decompose(&wave(40, 12), &[Season { period: 12, shape: Shape::Fixed }], false).unwrap();
        let season = &parts.seasons[0];
        // The low pass still bends a little; the shape is that of the wave.
        assert!((0..28).all(|t| (season[t] - season[t + 12]).abs() < 1.0), "{season:?}");
        assert!((season[3] - 9.0).abs() < 1.0);
    }

    #[test]
    fn a_straight_line_is_all_trend() {
        let line: Vec<f64> = (0..36).map(|t| 3.0 + 0.5 * f64::from(t)).collect();
        let parts = decompose(&line, &[Season { period: 12, shape: Shape::Changing(7) }], false).unwrap();
        assert!(parts.trend.iter().zip(&line).all(|(t, y)| (t - y).abs() < 1e-9));
        assert!(parts.remainder.iter().all(|r| r.abs() < 1e-9));
    }

    #[test]
    fn one_wild_step_bends_a_robust_trend_less() {
        let mut series = wave(60, 12);
        series[30] += 500.0;
        let season = [Season { period: 12, shape: Shape::Changing(11) }];
        let off = |robust| (decompose(&series, &season, robust).unwrap().trend[31] - 59.9).abs();
        assert!(off(true) < 2.0 && off(false) > 5.0, "{} {}", off(true), off(false));
    }

    #[test]
    fn what_cannot_be_taken_apart_is_refused() {
        let season = [Season { period: 12, shape: Shape::Fixed }];
        assert!(decompose(&wave(23, 12), &season, false).unwrap_err().message().contains("two whole cycles, 24"));
        let mut broken = wave(30, 12);
        broken[4] = f64::NAN;
        assert!(decompose(&broken, &season, false).is_err());
        assert!(decompose(&wave(30, 12), &[], false).is_err());
        assert!(decompose(&wave(30, 12), &[Season { period: 12, shape: Shape::Changing(4) }], false).is_err());
    }
}
