//! How much is likely at each place, when some places change? Rates that hold until they change, found place by place.

use statrs::function::gamma::ln_gamma;

use crate::error::{Error, Result};
use crate::stats::history::History;
use crate::stats::rings::Rings;
use crate::stats::shrunk_rate::usual_around;

/// How rates are taken to behave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Changing {
    /// Days of a block: counts are looked at block by block, the newest ending with the history.
    pub block_days: u32,
    /// Standard deviation, in steps, of the kernel that says what is usual around a place.
    pub spread_steps: f64,
    /// Share of places (and of changes) that are busy ones, unlike what is around them.
    pub busy_share: f64,
    /// Mean of busy places, as a multiple of the mean place.
    pub busy_multiple: f64,
    /// Newest blocks whose likelihood weighs the settings against each other.
    pub judged_blocks: usize,
}

impl Default for Changing {
    fn default() -> Self {
        Self { block_days: 28, spread_steps: 1.5, busy_share: 0.02, busy_multiple: 20.0, judged_blocks: 13 }
    }
}

/// Chance that the rate of a place changes from one block to the next, and shape of the gamma prior around what is usual:
/// every pair is tried.
const CHANCES: [f64; 2] = [0.003, 0.03];
const SHAPES: [f64; 3] = [1.0, 3.0, 9.0];
/// Shape of the prior of busy places: wide.
const BUSY_SHAPE: f64 = 0.5;
/// What is usual is at least this share of the mean place.
const LEAST_USUAL: f64 = 0.02;
/// Runs less likely than this are dropped.
const NEGLIGIBLE: f64 = 1e-4;

/// Expected events a day at each place, by a gamma-Poisson change-point model.
///
/// **Method** (Bayesian online change points: Adams and `MacKay` 2007, arXiv:0710.3742; Fearnhead and Liu 2007,
/// doi:10.1111/j.1467-9868.2007.00601.x): the count of a place in a block is Poisson with a rate that stays the same until,
/// with a small chance from block to block, it is drawn anew. A new rate is either usual for the surroundings (gamma with
/// the trimmed kernel mean around the place as its mean, as in [`shrunk_rate`](crate::stats::shrunk_rate::shrunk_rate)) or,
/// for one place in fifty, that of a busy place (a wide gamma). The chance of every run of blocks since the last change is
/// carried from block to block; the expected rate is the mean over runs. So a place with few events keeps its whole history
/// and leans on its neighbours, and a hotspot that begins or ends is taken at its new rate after a few blocks. Chances of a
/// change (0.003, 0.03) and shapes (1, 3, 9) are averaged with weights in proportion to the likelihood of the newest blocks
/// given those before.
/// **Units**: events a day.
/// **Undefined**: never; without events every rate is 0.
/// **Cost**: settings × places × blocks × runs that matter, and one look around each place.
///
/// # Errors
/// `Bug` if rings and history are of different places; `Input` if a setting is out of range.
///
/// # Example
/// ```
/// use vigie::stats::{changing_rate::{Changing, changing_rate}, history::History, rings::Rings};
/// let pair = Rings::from_lists(1, &[vec![(1, 1)], vec![(0, 1)]])?;
/// // The first place was busy and fell silent; the second began.
/// let first = (200..360).rev().step_by(5).map(|age| (0, age));
/// let second = (1..60).rev().step_by(5).map(|age| (1, age));
/// let history = History::collect(2, 364, first.chain(second))?;
/// let rate = changing_rate(&history, &pair, &Changing::default())?;
/// assert!(rate[1] > 3.0 * rate[0]);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn changing_rate(history: &History, rings: &Rings, how: &Changing) -> Result<Vec<f64>> {
    if rings.len() != history.places() {
        return Err(Error::bug(format!("rings of {} places, a history of {}", rings.len(), history.places())));
    }
    let shares = (0.0..1.0).contains(&how.busy_share) && how.busy_multiple > 0.0 && how.spread_steps > 0.0;
    if how.block_days == 0 || !shares {
        return Err(Error::input("a block has days; the share of busy places is below 1, multiple and spread above 0"));
    }
    let blocks = (history.days() / how.block_days).max(1) as usize;
    let counts = in_blocks(history, how.block_days, blocks);
    let totals: Vec<f64> = counts.chunks_exact(blocks).map(|place| place.iter().map(|n| f64::from(*n)).sum()).collect();
    let mean = totals.iter().sum::<f64>() / (rings.len().max(1) * blocks) as f64;
    if mean <= 0.0 {
        return Ok(vec![0.0; rings.len()]);
    }
    let kernel: Vec<f64> =
        (0..=rings.reach()).map(|steps| (-0.5 * (steps as f64 / how.spread_steps).powi(2)).exp()).collect();
    let usual: Vec<f64> = usual_around(&totals, rings, &kernel)
        .iter()
        .map(|total| (total / blocks as f64).max(LEAST_USUAL * mean))
        .collect();
    let mut tried: Vec<(f64, Vec<f64>)> = Vec::with_capacity(CHANCES.len() * SHAPES.len());
    let judged_from = blocks - blocks.min(how.judged_blocks).min(blocks / 2);
    for chance in CHANCES {
        for shape in SHAPES {
            let prior = Prior { chance, shape, busy_share: how.busy_share, busy_mean: how.busy_multiple * mean };
            let mut runs = Runs::default();
            let (mut likelihood, mut rates) = (0.0, Vec::with_capacity(rings.len()));
            for (counts, usual) in counts.chunks_exact(blocks).zip(&usual) {
                let (judged, rate) = runs.follow(counts, *usual, &prior, judged_from);
                likelihood += judged;
                rates.push(rate);
            }
            tried.push((likelihood, rates));
        }
    }
    let highest = tried.iter().map(|one| one.0).fold(f64::NEG_INFINITY, f64::max);
    let weights: f64 = tried.iter().map(|one| (one.0 - highest).exp()).sum();
    let mut rate = vec![0.0; rings.len()];
    for (likelihood, rates) in tried {
        let weight = (likelihood - highest).exp() / weights / f64::from(how.block_days);
        rate.iter_mut().zip(rates).for_each(|(sum, one)| *sum += weight * one);
    }
    Ok(rate)
}

/// Counts by place and block, the oldest block first; what is older than the first block is left out.
fn in_blocks(history: &History, days: u32, blocks: usize) -> Vec<u32> {
    let mut counts = vec![0_u32; history.places() * blocks];
    for (place, counts) in counts.chunks_exact_mut(blocks).enumerate() {
        for (age, count) in history.of(place) {
            let back = ((age - 1) / days) as usize;
            if let Some(block) = blocks.checked_sub(back + 1) {
                counts[block] += count;
            }
        }
    }
    counts
}

/// What a rate may be after a change, and how likely one is.
struct Prior {
    chance: f64,
    shape: f64,
    busy_share: f64,
    busy_mean: f64,
}

/// One explanation of a place: since when its rate holds and of which kind it is.
#[derive(Clone, Copy)]
struct Run {
    chance: f64,
    /// Shape of the gamma: that of the prior, and the events since.
    shape: f64,
    /// 0 usual, 1 busy.
    kind: usize,
    /// Blocks since the change.
    age: usize,
    /// Logarithm of the chance of the count at hand.
    fit: f64,
}

/// The explanations of a place that matter; the memory is used again for the next place.
#[derive(Default)]
struct Runs {
    runs: Vec<Run>,
    /// For each kind and age: blocks of the gamma, ln(1 + 1 / blocks), ln(1 + blocks).
    tables: [Vec<(f64, f64, f64)>; 2],
}

impl Runs {
    /// Follows a place through its blocks: the log-likelihood of the judged ones, and the expected count of the next.
    fn follow(&mut self, counts: &[u32], usual: f64, prior: &Prior, judged_from: usize) -> (f64, f64) {
        let shapes = [prior.shape, BUSY_SHAPE];
        let first = [prior.shape / usual, BUSY_SHAPE / prior.busy_mean];
        for (table, first) in self.tables.iter_mut().zip(first) {
            table.clear();
            table.extend((0..=counts.len()).map(|age| first + age as f64).map(|b| (b, (1.0 / b).ln_1p(), b.ln_1p())));
        }
        let fresh = [1.0 - prior.busy_share, prior.busy_share];
        let begin = |kind: usize, chance: f64| Run { chance, shape: shapes[kind], kind, age: 0, fit: 0.0 };
        self.runs.clear();
        self.runs.extend([begin(0, fresh[0]), begin(1, fresh[1])]);
        let mut judged = 0.0;
        for (block, &count) in counts.iter().enumerate() {
            let mut highest = f64::NEG_INFINITY;
            for run in &mut self.runs {
                let (_, none, each) = self.tables[run.kind][run.age];
                run.fit = chance_of(count, run.shape, none, each);
                highest = highest.max(run.fit);
            }
            let mut sum = 0.0;
            for run in &mut self.runs {
                run.chance *= (run.fit - highest).exp();
                sum += run.chance;
            }
            if block >= judged_from {
                judged += highest + sum.ln();
            }
            let left = (1.0 - prior.chance) / sum;
            for run in &mut self.runs {
                run.chance *= left;
                run.shape += f64::from(count);
                run.age += 1;
            }
            self.runs.retain(|run| run.chance > NEGLIGIBLE);
            self.runs.extend([begin(0, fresh[0] * prior.chance), begin(1, fresh[1] * prior.chance)]);
        }
        let chances: f64 = self.runs.iter().map(|run| run.chance).sum();
        let expected = |run: &Run| run.chance * run.shape / self.tables[run.kind][run.age].0;
        (judged, self.runs.iter().map(expected).sum::<f64>() / chances)
    }
}

/// Logarithm of the negative binomial chance of a count whose rate is gamma with a shape over so many blocks, of which
/// ln(1 + 1 / blocks) and ln(1 + blocks) are given.
fn chance_of(count: u32, shape: f64, none: f64, each: f64) -> f64 {
    let none = -shape * none;
    if count == 0 {
        return none;
    }
    let n = f64::from(count);
    let ways = if count < 12 {
        (0..count).map(|k| ((shape + f64::from(k)) / f64::from(k + 1)).ln()).sum()
    } else {
        ln_gamma(shape + n) - ln_gamma(shape) - ln_gamma(n + 1.0)
    };
    none + ways - n * each
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of places, everybody within three steps.
    fn row(places: usize) -> Rings {
        let lists: Vec<Vec<(u32, u32)>> = (0..places)
            .map(|i| (0..places).map(|j| (j as u32, i.abs_diff(j) as u32)).filter(|(_, d)| *d <= 3).collect())
            .collect();
        Rings::from_lists(3, &lists).unwrap()
    }

    /// Places of which each has an event every so many days between two ages.
    fn history(places: usize, of: impl Fn(usize) -> (u32, u32, u32)) -> History {
        let mut events = Vec::new();
        for place in 0..places {
            let (from, to, every) = of(place);
            events.extend((from..to).rev().filter(|age| age % every == 0).map(|age| (place as u32, age)));
        }
        History::collect(places, 728, events).unwrap()
    }

    #[test]
    fn chances_sum_to_one_whichever_way_they_are_worked_out() {
        let chance = |n: u32, shape: f64, blocks: f64| chance_of(n, shape, (1.0 / blocks).ln_1p(), blocks.ln_1p());
        for (shape, blocks) in [(0.5, 0.02), (3.0, 4.0), (250.0, 26.0)] {
            let sum: f64 = (0..4000).map(|n| chance(n, shape, blocks).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{shape} {blocks}: {sum}");
        }
        // The two ways meet.
        let step = chance(12, 2.0, 3.0) - chance(11, 2.0, 3.0);
        assert!((step - (13.0_f64 / 12.0).ln() + 3.0_f64.ln_1p()).abs() < 1e-9);
    }

    #[test]
    fn what_began_and_what_ended_are_taken_at_their_new_rate() {
        let found = history(40, |place| match place {
            10 => (1, 57, 2),
            20 => (200, 728, 2),
            30 => (1, 728, 2),
            _ => (1, 728, 180),
        });
        let rate = changing_rate(&found, &row(40), &Changing::default()).unwrap();
        assert!((rate[10] - 0.5).abs() < 0.1 && (rate[30] - 0.5).abs() < 0.05, "{} {}", rate[10], rate[30]);
        assert!(rate[20] < 0.02, "{}", rate[20]);
        assert!(rate[0] > 0.001 && rate[0] < 0.02 && rate[11] < 0.02, "{} {}", rate[0], rate[11]);
    }

    #[test]
    fn few_events_lean_on_the_neighbours() {
        // One event in two years each, but for the far half of the row, which has none.
        let found = history(40, |place| if place < 20 { (1 + place as u32, 700, 650) } else { (1, 2, 50) });
        let rate = changing_rate(&found, &row(40), &Changing::default()).unwrap();
        assert!(rate[5] > 5.0 * rate[35] && rate[35] > 0.0);
        let even = rate[3..16].iter().fold((f64::INFINITY, 0.0_f64), |(low, high), r| (low.min(*r), high.max(*r)));
        assert!(even.1 < 1.5 * even.0, "{even:?}");
    }

    #[test]
    fn nothing_seen_is_nothing_expected() {
        let nothing = History::collect(5, 100, []).unwrap();
        assert_eq!(changing_rate(&nothing, &row(5), &Changing::default()).unwrap(), [0.0; 5]);
        assert!(changing_rate(&nothing, &row(6), &Changing::default()).is_err());
        let wrong = Changing { block_days: 0, ..Changing::default() };
        assert!(changing_rate(&nothing, &row(5), &wrong).is_err());
        // Less than a block of history is one block.
        let short = History::collect(5, 9, [(2, 3)]).unwrap();
        assert!(changing_rate(&short, &row(5), &Changing::default()).unwrap()[2] > 0.0);
    }
}
