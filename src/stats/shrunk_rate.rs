//! How much is likely at each place, when most places saw one event or none? Recent counts, shrunk towards the places
//! around.

use statrs::function::gamma::ln_gamma;

use crate::error::{Error, Result};
use crate::stats::history::History;
use crate::stats::rings::Rings;

/// How counts are shrunk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrinkage {
    /// Days after which an event weighs 1/e.
    pub fading_days: f64,
    /// Standard deviation, in steps, of the kernel that says what is usual around a place.
    pub spread_steps: f64,
}

impl Default for Shrinkage {
    fn default() -> Self {
        Self { fading_days: 180.0, spread_steps: 1.5 }
    }
}

/// Expected events a day at each place.
#[derive(Debug, Clone, PartialEq)]
pub struct ShrunkRate {
    /// Events a day.
    pub rate: Vec<f64>,
    /// b: how many times what is usual around a place its own count is mixed with.
    pub prior_weight: f64,
}

/// Prior weights that are tried.
const PRIOR_WEIGHTS: [f64; 9] = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0];
/// Rounds in which high counts are trimmed.
const ROUNDS: usize = 3;

/// Gamma-Poisson (empirical Bayes) rates with recent events weighing more, and a prior that hotspots do not leak into.
///
/// **Method** (Clayton and Kaldor 1987, doi:10.2307/2532003; the local mean of Marshall 1991, doi:10.2307/2347593):
/// 1. y = Σ s·exp(−age / fading), with s = Σw / Σw² over the days looked back on, so that the variance of a Poisson place
///    stays its mean although old events weigh less;
/// 2. m, what is usual around a place: the Gaussian kernel mean of y over the places within the rings' reach, the place
///    itself left out. In three rounds counts above m + 2√m + 1 are cut to that before the mean is taken again: one hotspot
///    does not lift its neighbours;
/// 3. the rate of a place is Gamma with mean m and precision b in units of the exposure: (y + b·m) / (1 + b);
/// 4. b is the one of 0.25 to 8 with the greatest marginal (negative binomial) likelihood of the places that were not cut.
///
/// **Units**: events a day.
/// **Undefined**: never; places without any event around them have rate 0.
/// **Cost**: places × places within reach.
///
/// # Errors
/// `Bug` if rings and history are of different places; `Input` if a setting is not above 0.
///
/// # Example
/// ```
/// use vigie::stats::{history::History, rings::Rings, shrunk_rate::{Shrinkage, shrunk_rate}};
/// let line = Rings::from_lists(1, &[vec![(1, 1)], vec![(0, 1), (2, 1)], vec![(1, 1), (3, 1)], vec![(2, 1)]])?;
/// let history = History::collect(4, 90, [(0, 9), (0, 3), (2, 30), (2, 20), (2, 10)])?;
/// let found = shrunk_rate(&history, &line, &Shrinkage::default())?;
/// // No event at the second place nor at the last, but busy neighbours.
/// assert!(found.rate.iter().all(|rate| *rate > 0.0));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn shrunk_rate(history: &History, rings: &Rings, how: &Shrinkage) -> Result<ShrunkRate> {
    if rings.len() != history.places() {
        return Err(Error::bug(format!("rings of {} places, a history of {}", rings.len(), history.places())));
    }
    if !(how.fading_days > 0.0 && how.spread_steps > 0.0) {
        return Err(Error::input("fading and spread of shrunk rates are above 0"));
    }
    let weight = |age: u32| (-f64::from(age) / how.fading_days).exp();
    let (mut exposure, mut squares) = (0.0, 0.0);
    for age in 1..=history.days() {
        (exposure, squares) = (exposure + weight(age), squares + weight(age) * weight(age));
    }
    if exposure <= 0.0 {
        return Ok(ShrunkRate { rate: vec![0.0; rings.len()], prior_weight: PRIOR_WEIGHTS[0] });
    }
    let scale = exposure / squares;
    let counts: Vec<f64> = history.weighted(weight).iter().map(|count| count * scale).collect();
    let kernel: Vec<f64> =
        (0..=rings.reach()).map(|steps| (-0.5 * (steps as f64 / how.spread_steps).powi(2)).exp()).collect();
    let mut trimmed = counts.clone();
    let mut usual = around(&trimmed, rings, &kernel);
    for _ in 0..ROUNDS {
        trimmed = counts.iter().zip(&usual).map(|(count, mean)| count.min(mean + 2.0 * mean.sqrt() + 1.0)).collect();
        usual = around(&trimmed, rings, &kernel);
    }
    let prior_weight = likeliest(&counts, &trimmed, &usual);
    let rate = counts
        .iter()
        .zip(&usual)
        .map(|(count, mean)| (count + prior_weight * mean) / (1.0 + prior_weight) / (exposure * scale))
        .collect();
    Ok(ShrunkRate { rate, prior_weight })
}

/// Kernel mean around each place, without the place itself; 0 for a place without others around it.
fn around(values: &[f64], rings: &Rings, kernel: &[f64]) -> Vec<f64> {
    (0..values.len())
        .map(|place| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for (steps, weight) in kernel.iter().enumerate().skip(1) {
                let ring = rings.ring(place, steps);
                sum += weight * ring.iter().map(|&other| values[other as usize]).sum::<f64>();
                weights += weight * ring.len() as f64;
            }
            if weights > 0.0 { sum / weights } else { 0.0 }
        })
        .collect()
}

/// The prior weight under which the counts that were not cut are likeliest: y ~ negative binomial with size b·m and mean m.
fn likeliest(counts: &[f64], trimmed: &[f64], usual: &[f64]) -> f64 {
    let kept: Vec<(f64, f64)> = counts
        .iter()
        .zip(trimmed)
        .zip(usual)
        .filter(|((count, cut), mean)| **mean > 0.0 && *count <= *cut)
        .map(|((count, _), mean)| (*count, *mean))
        .collect();
    let likelihood = |b: f64| -> f64 {
        let (kept_share, lost_share) = ((b / (1.0 + b)).ln(), (1.0 + b).ln());
        let of = |&(count, mean): &(f64, f64)| {
            let rising = if count > 0.0 { ln_gamma(count + b * mean) - ln_gamma(b * mean) } else { 0.0 };
            rising + b * mean * kept_share - count * lost_share
        };
        kept.iter().map(of).sum()
    };
    let mut best = (PRIOR_WEIGHTS[0], f64::NEG_INFINITY);
    for b in PRIOR_WEIGHTS {
        let found = likelihood(b);
        if found > best.1 {
            best = (b, found);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of places, everybody within five steps.
    fn row(places: usize) -> Rings {
        let lists: Vec<Vec<(u32, u32)>> = (0..places)
            .map(|i| (0..places).map(|j| (j as u32, i.abs_diff(j) as u32)).filter(|(_, d)| *d <= 5).collect())
            .collect();
        Rings::from_lists(5, &lists).unwrap()
    }

    #[test]
    fn a_hotspot_keeps_its_rate_and_does_not_lift_its_neighbours() {
        let places = 60;
        let mut events = Vec::new();
        for place in 0..places as u32 {
            let n = if place == 30 { 80 } else { 1 + place % 2 };
            let mut ages: Vec<u32> = (0..n).map(|k| 1 + (k * 37 + place * 11) % 360).collect();
            ages.sort_unstable_by(|a, b| b.cmp(a));
            events.extend(ages.into_iter().map(|age| (place, age)));
        }
        let history = History::collect(places, 365, events).unwrap();
        let found = shrunk_rate(&history, &row(places), &Shrinkage { fading_days: 1e9, spread_steps: 1.5 }).unwrap();
        assert!(found.rate[30] > 10.0 / 365.0, "{:?}", found.rate[30]);
        let elsewhere = found.rate[5..20].iter().sum::<f64>() / 15.0;
        assert!(found.rate[29] < 3.0 * elsewhere && found.rate[29] > 0.3 * elsewhere, "{}", found.rate[29] / elsewhere);
    }

    #[test]
    fn an_even_row_is_shrunk_hard_and_an_uneven_one_is_not() {
        let history = |uneven: bool| {
            let mut events = Vec::new();
            for place in 0..80_u32 {
                let n = if uneven { [0, 1, 7, 16][place as usize % 4] } else { 6 };
                events.extend((0..n).map(|k| (place, 300 - k)));
            }
            History::collect(80, 365, events).unwrap()
        };
        let how = Shrinkage { fading_days: 1e9, spread_steps: 2.0 };
        let even = shrunk_rate(&history(false), &row(80), &how).unwrap().prior_weight;
        let uneven = shrunk_rate(&history(true), &row(80), &how).unwrap().prior_weight;
        assert!(even > 4.0 && uneven < 2.0, "{even} and {uneven}");
    }

    #[test]
    fn nothing_seen_is_nothing_expected() {
        let nothing = shrunk_rate(&History::collect(8, 30, []).unwrap(), &row(8), &Shrinkage::default()).unwrap();
        assert_eq!(nothing.rate, [0.0; 8]);
        assert!(shrunk_rate(&History::collect(3, 30, []).unwrap(), &row(8), &Shrinkage::default()).is_err());
    }
}
