//! How much is likely at each place, when most places saw one event or none? Recent counts, shrunk towards the places
//! around, as much as the last weeks say.

use crate::error::{Error, Result};
use crate::stats::history::History;
use crate::stats::rings::Rings;

/// How counts are shrunk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrinkage {
    /// Standard deviation, in steps, of the kernel that says what is usual around a place.
    pub spread_steps: f64,
    /// Days at the end of the history that decide how fast events fade and how hard counts are shrunk.
    pub held_out_days: u32,
}

impl Default for Shrinkage {
    fn default() -> Self {
        Self { spread_steps: 1.5, held_out_days: 84 }
    }
}

/// Expected events a day at each place.
#[derive(Debug, Clone, PartialEq)]
pub struct ShrunkRate {
    /// Events a day.
    pub rate: Vec<f64>,
    /// Days after which an event weighs 1/e, in the likeliest way of shrinking; `None` if all weigh the same.
    pub fading_days: Option<f64>,
    /// b in the likeliest way: how many times what is usual around a place its own count is mixed with.
    pub prior_weight: f64,
}

/// One way of shrinking, and how likely it is beside the others.
#[derive(Debug, Clone, Copy)]
struct Way {
    fading_days: Option<f64>,
    prior_weight: f64,
    weight: f64,
}

/// Fadings and prior weights that are tried; what is taken where the history is too short to try them comes first.
const FADINGS: [Option<f64>; 5] = [Some(180.0), Some(60.0), Some(90.0), Some(365.0), None];
const PRIOR_WEIGHTS: [f64; 7] = [2.0, 0.25, 0.5, 1.0, 3.0, 4.0, 8.0];
/// Events and days that a held-out part must leave to be of use.
const LEAST_EVENTS: u64 = 30;
/// Share of the held-out events that may fall anywhere: no place is impossible.
const ANYWHERE: f64 = 0.01;
/// Likelihood beside the highest below which a way is left out.
const NEGLIGIBLE: f64 = 1e-4;
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
/// 4. this is done for every fading (60, 90, 180, 365 days or none) and every b (0.25 to 8). Their rates are averaged with
///    weights in proportion to the likelihood of the last days, left out of steps 1 to 3, as shares by place (a hundredth
///    of them anywhere): Bayesian model averaging (Hoeting, Madigan, Raftery and Volinsky 1999, doi:10.1214/ss/1009212519)
///    with equal prior weights. With less than 30 events on either side, or too few days: 180 days and 2.
///
/// **Units**: events a day.
/// **Undefined**: never; places without any event around them have rate 0.
/// **Cost**: fadings × places × places within reach.
///
/// # Errors
/// `Bug` if rings and history are of different places; `Input` if the spread is not above 0.
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
    if how.spread_steps <= 0.0 || how.spread_steps.is_nan() {
        return Err(Error::input("the spread of shrunk rates is above 0"));
    }
    let kernel: Vec<f64> =
        (0..=rings.reach()).map(|steps| (-0.5 * (steps as f64 / how.spread_steps).powi(2)).exp()).collect();
    let ways = ways(history, rings, &kernel, how.held_out_days);
    let mut rate = vec![0.0; rings.len()];
    for of_fading in ways.chunk_by(|a, b| a.fading_days == b.fading_days) {
        let seen = Seen::of(history, rings, &kernel, of_fading[0].fading_days, 0);
        for way in of_fading {
            rate.iter_mut().zip(seen.rates(way.prior_weight)).for_each(|(sum, rate)| *sum += way.weight * rate);
        }
    }
    let best = ways.iter().fold(ways[0], |best, way| if way.weight > best.weight { *way } else { best });
    Ok(ShrunkRate { rate, fading_days: best.fading_days, prior_weight: best.prior_weight })
}

/// Weighted counts and what is usual around each place.
struct Seen {
    counts: Vec<f64>,
    usual: Vec<f64>,
    /// Days of the counts, in their unit.
    exposure: f64,
}

impl Seen {
    /// Looks at the events that are older than `but` days.
    fn of(history: &History, rings: &Rings, kernel: &[f64], fading: Option<f64>, but: u32) -> Self {
        let weight = |age: u32| match fading {
            _ if age <= but => 0.0,
            Some(days) => (-f64::from(age - but) / days).exp(),
            None => 1.0,
        };
        let (mut sum, mut squares) = (0.0, 0.0);
        for age in 1..=history.days() {
            (sum, squares) = (sum + weight(age), squares + weight(age) * weight(age));
        }
        let scale = if squares > 0.0 { sum / squares } else { 1.0 };
        let counts: Vec<f64> = history.weighted(weight).iter().map(|count| count * scale).collect();
        let usual = usual_around(&counts, rings, kernel);
        Self { counts, usual, exposure: sum * scale }
    }

    /// Events a day.
    fn rates(&self, prior_weight: f64) -> Vec<f64> {
        let days = (1.0 + prior_weight) * self.exposure.max(f64::MIN_POSITIVE);
        self.counts.iter().zip(&self.usual).map(|(count, mean)| (count + prior_weight * mean) / days).collect()
    }
}

/// What is usual around each place: the kernel mean of the counts of other places, hotspots cut down so that they do not
/// lift their neighbours. `kernel` has a weight for each number of steps, the place itself left out.
pub(super) fn usual_around(counts: &[f64], rings: &Rings, kernel: &[f64]) -> Vec<f64> {
    let mut usual = around(counts, rings, kernel);
    for _ in 0..ROUNDS {
        let cut = |(count, mean): (&f64, &f64)| count.min(mean + 2.0 * mean.sqrt() + 1.0);
        let trimmed: Vec<f64> = counts.iter().zip(&usual).map(cut).collect();
        usual = around(&trimmed, rings, kernel);
    }
    usual
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

/// Ways that count, with weights that sum to 1: never none, and those of one fading beside each other.
fn ways(history: &History, rings: &Rings, kernel: &[f64], held_out: u32) -> Vec<Way> {
    let came = history.within(held_out);
    let events = came.iter().sum::<f64>() as u64;
    let before = history.events() - events.min(history.events());
    if history.days() < 2 * held_out || events < LEAST_EVENTS || before < LEAST_EVENTS {
        return vec![Way { fading_days: FADINGS[0], prior_weight: PRIOR_WEIGHTS[0], weight: 1.0 }];
    }
    let places = rings.len() as f64;
    let mut ways = Vec::with_capacity(FADINGS.len() * PRIOR_WEIGHTS.len());
    for fading_days in FADINGS {
        let seen = Seen::of(history, rings, kernel, fading_days, held_out);
        for prior_weight in PRIOR_WEIGHTS {
            let rates = seen.rates(prior_weight);
            let sum = rates.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            let share = |rate: f64| (1.0 - ANYWHERE) * rate / sum + ANYWHERE / places;
            let likelihood =
                came.iter().zip(&rates).filter(|(n, _)| **n > 0.0).map(|(n, rate)| n * share(*rate).ln()).sum();
            ways.push(Way { fading_days, prior_weight, weight: likelihood });
        }
    }
    let highest = ways.iter().map(|way| way.weight).fold(f64::NEG_INFINITY, f64::max);
    for way in &mut ways {
        way.weight = (way.weight - highest).exp();
    }
    ways.retain(|way| way.weight > NEGLIGIBLE);
    let sum: f64 = ways.iter().map(|way| way.weight).sum();
    for way in &mut ways {
        way.weight /= sum;
    }
    ways
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

    /// So many events at each place, spread over a year by a rule of their own.
    fn year(places: u32, events: impl Fn(u32) -> u32, age: impl Fn(u32, u32) -> u32) -> History {
        let mut all = Vec::new();
        for place in 0..places {
            let mut ages: Vec<u32> = (0..events(place)).map(|n| age(place, n)).collect();
            ages.sort_unstable_by(|a, b| b.cmp(a));
            all.extend(ages.into_iter().map(|age| (place, age)));
        }
        History::collect(places as usize, 365, all).unwrap()
    }

    #[test]
    fn a_hotspot_keeps_its_rate_and_does_not_lift_its_neighbours() {
        let history =
            year(60, |place| if place == 30 { 80 } else { 1 + place % 2 }, |place, n| 1 + (n * 37 + place * 11) % 360);
        let found = shrunk_rate(&history, &row(60), &Shrinkage::default()).unwrap();
        assert!(found.rate[30] > 10.0 / 365.0, "{:?}", found.rate[30]);
        let elsewhere = found.rate[5..20].iter().sum::<f64>() / 15.0;
        assert!(found.rate[29] < 3.0 * elsewhere && found.rate[29] > 0.3 * elsewhere, "{}", found.rate[29] / elsewhere);
    }

    #[test]
    fn an_even_row_is_shrunk_hard_and_an_uneven_one_is_not() {
        let spread = |place: u32, n: u32| 1 + (n * 61 + place * 29 + n * n * 7 * (place % 5)) % 365;
        let even = year(80, |_| 5, spread);
        let uneven = year(80, |place| [0, 2, 30, 8][place as usize % 4], spread);
        let of = |history| shrunk_rate(history, &row(80), &Shrinkage::default()).unwrap().prior_weight;
        assert!(of(&even) > of(&uneven) && of(&uneven) < 1.0, "{} and {}", of(&even), of(&uneven));
    }

    #[test]
    fn what_moves_is_forgotten_faster() {
        // Half a year ago everything happened elsewhere.
        let moved = year(80, |_| 12, |place, n| if place < 40 { 200 + n * 13 } else { 1 + n * 14 });
        let stays = year(80, |place| 4 + place % 9, |place, n| 1 + (n * 83 + place * 17) % 365);
        let of = |history| shrunk_rate(history, &row(80), &Shrinkage::default()).unwrap().fading_days;
        assert_eq!(of(&moved), Some(60.0));
        assert!(of(&stays).is_none_or(|days| days > 180.0), "{:?}", of(&stays));
    }

    #[test]
    fn nothing_seen_is_nothing_expected() {
        let nothing = shrunk_rate(&History::collect(8, 30, []).unwrap(), &row(8), &Shrinkage::default()).unwrap();
        assert_eq!((nothing.rate, nothing.fading_days, nothing.prior_weight), (vec![0.0; 8], Some(180.0), 2.0));
        assert!(shrunk_rate(&History::collect(3, 30, []).unwrap(), &row(8), &Shrinkage::default()).is_err());
        let wrong = Shrinkage { spread_steps: 0.0, ..Shrinkage::default() };
        assert!(shrunk_rate(&History::collect(8, 30, []).unwrap(), &row(8), &wrong).is_err());
    }
}
