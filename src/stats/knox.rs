//! Knox: are events that are near in space also near in time, more often than chance has it?

mod blocks;
mod pairs;

use crate::error::{Error, Result};
use crate::stats::bands::Bands;
use crate::stats::point_grid::PointGrid;

/// Longest span of time, in days: day numbers are compared as 16-bit numbers, many at once.
const MOST_DAYS: i64 = 32_766;

/// How distance is measured on the flat map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Straight line: √(dx² + dy²).
    Euclidean,
    /// Along the axes: |dx| + |dy|.
    Manhattan,
}

/// What to count, and how many permutations to compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Bands of distance, in metres.
    pub space: Bands,
    /// Bands of time, in whole days.
    pub time: Bands,
    /// How distance is measured.
    pub metric: Metric,
    /// Permutations of the times; 0 gives counts and expectation alone.
    pub permutations: u32,
    /// Seed of the permutations.
    pub seed: u64,
}

/// The table of pairs by distance and time.
#[derive(Debug, Clone, PartialEq)]
pub struct Knox {
    /// Number of events, n.
    pub events: u64,
    /// All pairs, n·(n − 1) / 2.
    pub pairs: u64,
    /// Pairs of each band of distance.
    pub space_pairs: Vec<u64>,
    /// Pairs of each band of time.
    pub time_pairs: Vec<u64>,
    /// One cell a band of distance and a band of time, row by row (a row is a band of distance).
    pub cells: Vec<KnoxCell>,
}

/// One cell of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnoxCell {
    /// Pairs counted.
    pub observed: u64,
    /// Pairs expected if times were dealt to places at random.
    pub expected: f64,
    /// Observed over expected; `None` where nothing is expected.
    pub ratio: Option<f64>,
    /// Mean over the permutations; `None` without permutations.
    pub simulated_mean: Option<f64>,
    /// Observed over that mean; `None` without permutations or where the mean is 0.
    pub simulated_ratio: Option<f64>,
    /// Permutations with at least as many pairs as observed; `None` without permutations.
    pub at_least: Option<u32>,
    /// One-sided p of so many pairs or more; `None` without permutations or where nothing is expected.
    pub p: Option<f64>,
}

/// Counts pairs by distance and time, with the exact expectation and a seeded permutation test.
///
/// **Method** (Knox 1964, doi:10.2307/2985220; permutation test: Mantel 1967, and for near repeats Ratcliffe and
/// Rengert 2008, doi:10.1057/palgrave.sj.8350068): of `N = n(n − 1)/2` pairs, `N_S` lie in a band of distance and `N_T` in a
/// band of time. Over all n! ways to deal the times to the places the mean number in both is exactly
///
/// `E = N_S · N_T / N`.
///
/// `ratio` is observed / E. Of R permutations drawn, M have at least as many pairs as observed: p = (M + 1) / (R + 1)
/// (Davison and Hinkley 1997, doi:10.1017/CBO9780511802843), which is never 0. Permutation number r is a function of
/// (seed, r) and of the set of events, so neither the number of threads nor the order of the events changes a digit.
///
/// `day` is a whole number of days on any calendar; a difference of 0 is the same day.
///
/// **Cost**: pairs beyond the last edge of distance are never looked at; the open bands come from the totals. Time
/// grows with (pairs within reach) × (permutations): with the square of n if the ground stays the same, and in
/// proportion to n if it grows too. Memory is bounded: 2 bytes a (event, permutation), in waves of at most 128 MiB or
/// 16 permutations, and 4 bytes a pair for 262,144 pairs or the pairs of one event, on each of two threads.
///
/// **Units**: metres (or any unit of x, y and the bands alike), days, pairs; p a probability.
/// **Undefined**: ratio and p where E = 0, so everywhere with fewer than two events.
///
/// # Errors
/// `Bug` if the lists differ in length; `Data` if a coordinate is not a number, or the days span more than 32,766;
/// `Input` if an edge of time is not a whole number of days, or there are more than 1,000,000 permutations.
///
/// # Example
/// ```
/// use vigie::stats::{bands::Bands, knox::{Metric, Options, knox}};
/// let (x, y, day) = ([0.0, 0.0, 900.0, 900.0], [0.0; 4], [0, 1, 40, 41]);
/// let options = Options {
///     space: Bands::from_edges(&[0.0, 1.0, 100.0])?,
///     time: Bands::from_edges(&[0.0, 1.0, 7.0])?,
///     metric: Metric::Euclidean,
///     permutations: 99,
///     seed: 1,
/// };
/// let table = knox(&x, &y, &day, &options)?;
/// let same_place_in_a_week = table.cell(0, 1);
/// assert_eq!((same_place_in_a_week.observed, same_place_in_a_week.expected), (2, 2.0 * 2.0 / 6.0));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn knox(x: &[f64], y: &[f64], day: &[i64], options: &Options) -> Result<Knox> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    knox_on(x, y, day, options, threads)
}

/// [`knox`] on so many threads: the answer is the same for any number.
///
/// # Errors
/// As [`knox`].
///
/// # Example
/// ```
/// use vigie::stats::{bands::Bands, knox::{Metric, Options, knox, knox_on}};
/// let bands = Bands::from_edges(&[0.0, 2.0])?;
/// let options =
///     Options { space: bands.clone(), time: bands, metric: Metric::Manhattan, permutations: 9, seed: 4 };
/// let (x, y, day) = ([0.0, 1.0, 5.0], [0.0, 0.0, 0.0], [3, 4, 9]);
/// assert_eq!(knox_on(&x, &y, &day, &options, 1)?, knox_on(&x, &y, &day, &options, 5)?);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn knox_on(x: &[f64], y: &[f64], day: &[i64], options: &Options, threads: usize) -> Result<Knox> {
    if x.len() != day.len() {
        return Err(Error::bug(format!("{} positions and {} days", x.len(), day.len())));
    }
    if options.permutations > 1_000_000 {
        return Err(Error::input("at most 1,000,000 permutations can be asked for"));
    }
    if let Some(edge) = options.time.edges().iter().find(|edge| edge.fract() != 0.0) {
        return Err(Error::input(format!("an edge of time is a whole number of days, not {edge}")));
    }
    let grid = PointGrid::new(x, y, options.space.reach())?;
    let days = day_numbers(day, &grid)?;
    let counted = blocks::count(&grid, &days, options, threads.max(1));
    Ok(table(&counted, &days, options))
}

impl Knox {
    /// The cell of a band of distance and a band of time.
    ///
    /// Bands that the table does not have give the last ones.
    pub fn cell(&self, space: usize, time: usize) -> KnoxCell {
        let columns = self.time_pairs.len();
        let row = space.min(self.space_pairs.len() - 1);
        self.cells[row * columns + time.min(columns - 1)]
    }
}

/// Days since the first, in grid order.
fn day_numbers(day: &[i64], grid: &PointGrid) -> Result<Vec<i16>> {
    let first = day.iter().copied().min().unwrap_or(0);
    let last = day.iter().copied().max().unwrap_or(0);
    if last.checked_sub(first).is_none_or(|span| span > MOST_DAYS) {
        return Err(Error::data(format!("the events span more than {MOST_DAYS} days: ask for a shorter period")));
    }
    Ok(grid.came.iter().map(|&at| (day[at as usize] - first) as i16).collect())
}

/// Pairs of each band of time, from the number of events a day.
fn time_pairs(days: &[i16], bands: &Bands) -> Vec<u64> {
    let mut of_day = vec![0_u64; days.iter().max().map_or(0, |&last| last as usize + 1)];
    for &day in days {
        of_day[day as usize] += 1;
    }
    let events = days.len() as u64;
    let mut pairs = vec![0_u64; bands.len()];
    let reach = (bands.reach() as usize).min(of_day.len());
    for apart in 0..reach {
        let ordered: u64 = of_day.iter().zip(&of_day[apart..]).map(|(a, b)| a * b).sum();
        pairs[bands.of(apart as f64)] += if apart == 0 { (ordered - events) / 2 } else { ordered };
    }
    let last = pairs.len() - 1;
    pairs[last] = all_pairs(events) - pairs.iter().sum::<u64>();
    pairs
}

fn all_pairs(events: u64) -> u64 {
    events * events.saturating_sub(1) / 2
}

/// Counts of all tables, made into cells.
fn table(counted: &blocks::Counted, days: &[i16], options: &Options) -> Knox {
    let events = days.len() as u64;
    let pairs = all_pairs(events);
    let time_pairs = time_pairs(days, &options.time);
    let mut space_pairs = counted.space_pairs.clone();
    space_pairs.push(pairs - space_pairs.iter().sum::<u64>());
    let (rows, columns) = (space_pairs.len(), time_pairs.len());
    let runs = options.permutations;
    let mut cells = Vec::with_capacity(rows * columns);
    let mut sums = vec![0_u64; rows * columns];
    let mut at_least = vec![0_u32; rows * columns];
    let observed = counted.table(0, &space_pairs, &time_pairs);
    for number in 1..=runs {
        for (cell, count) in counted.table(number, &space_pairs, &time_pairs).into_iter().enumerate() {
            sums[cell] += count;
            at_least[cell] += u32::from(count >= observed[cell]);
        }
    }
    for cell in 0..rows * columns {
        let margin = space_pairs[cell / columns] as f64 * time_pairs[cell % columns] as f64;
        let expected = if pairs == 0 { 0.0 } else { margin / pairs as f64 };
        let over = |mean: f64| (mean > 0.0).then(|| observed[cell] as f64 / mean);
        let simulated_mean = (runs > 0).then(|| sums[cell] as f64 / f64::from(runs));
        cells.push(KnoxCell {
            observed: observed[cell],
            expected,
            ratio: over(expected),
            simulated_mean,
            simulated_ratio: simulated_mean.and_then(over),
            at_least: (runs > 0).then_some(at_least[cell]),
            p: (runs > 0 && expected > 0.0).then(|| f64::from(at_least[cell] + 1) / f64::from(runs + 1)),
        });
    }
    Knox { events, pairs, space_pairs, time_pairs, cells }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(space: &[f64], time: &[f64], permutations: u32) -> Options {
        Options {
            space: Bands::from_edges(space).unwrap(),
            time: Bands::from_edges(time).unwrap(),
            metric: Metric::Euclidean,
            permutations,
            seed: 5,
        }
    }

    /// Whole metres in a town of 600 m, days in a quarter of a year.
    fn town(events: i64) -> (Vec<f64>, Vec<f64>, Vec<i64>) {
        let x = (0..events).map(|i| (i * 7919 % 613) as f64).collect();
        let y = (0..events).map(|i| (i * i * 31 % 587) as f64).collect();
        (x, y, (0..events).map(|i| i * 4481 % 91 - 40).collect())
    }

    fn one_by_one(x: &[f64], y: &[f64], day: &[i64], options: &Options) -> Vec<u64> {
        let mut table = vec![0; options.space.len() * options.time.len()];
        for i in 0..x.len() {
            for j in 0..i {
                let (dx, dy) = (x[i] - x[j], y[i] - y[j]);
                let apart = match options.metric {
                    Metric::Euclidean => dx.hypot(dy),
                    Metric::Manhattan => dx.abs() + dy.abs(),
                };
                let days = (day[i] - day[j]).abs() as f64;
                table[options.space.of(apart) * options.time.len() + options.time.of(days)] += 1;
            }
        }
        table
    }

    #[test]
    fn counts_are_those_of_every_pair_one_by_one() {
        let (x, y, day) = town(400);
        for edges in 2..9 {
            let time: Vec<f64> = (0..edges).map(|i| f64::from(i * i)).collect();
            for metric in [Metric::Euclidean, Metric::Manhattan] {
                let asked = Options { metric, ..options(&[0.0, 1.0, 40.0, 100.0], &time, 0) };
                let table = knox(&x, &y, &day, &asked).unwrap();
                let observed: Vec<u64> = table.cells.iter().map(|cell| cell.observed).collect();
                assert_eq!(observed, one_by_one(&x, &y, &day, &asked), "{metric:?} {time:?}");
                assert_eq!(table.space_pairs.iter().sum::<u64>(), table.pairs);
                assert_eq!(table.time_pairs.iter().sum::<u64>(), table.pairs);
                assert!(table.cells.iter().all(|cell| cell.p.is_none() && cell.simulated_mean.is_none()));
            }
        }
    }

    #[test]
    fn threads_and_the_order_of_events_change_no_digit() {
        let (x, y, day) = town(700);
        let asked = options(&[0.0, 1.0, 50.0, 120.0], &[0.0, 1.0, 3.0, 9.0, 27.0, 50.0], 41);
        let alone = knox_on(&x, &y, &day, &asked, 1).unwrap();
        for threads in [2, 3, 8] {
            assert_eq!(knox_on(&x, &y, &day, &asked, threads).unwrap(), alone);
        }
        let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<f64>>();
        let backwards: Vec<i64> = day.iter().rev().copied().collect();
        assert_eq!(knox(&turned(&x), &turned(&y), &backwards, &asked).unwrap(), alone);
        let other = knox(&x, &y, &day, &Options { seed: 6, ..asked }).unwrap();
        assert!(other.cells.iter().zip(&alone.cells).any(|(a, b)| a.simulated_mean != b.simulated_mean));
    }

    #[test]
    fn the_expectation_is_the_mean_over_all_orders_of_the_times() {
        let (x, y) = ([0.0, 3.0, 0.0, 50.0, 90.0], [0.0, 4.0, 0.0, 0.0, 0.0]);
        let asked = options(&[0.0, 1.0, 10.0, 60.0], &[0.0, 1.0, 5.0], 0);
        let mut orders = vec![vec![]];
        for _ in 0..5 {
            orders = orders
                .iter()
                .flat_map(|order: &Vec<usize>| {
                    (0..5).filter(|i| !order.contains(i)).map(|i| [order.clone(), vec![i]].concat()).collect::<Vec<_>>()
                })
                .collect();
        }
        assert_eq!(orders.len(), 120);
        let days = [1, 1, 2, 8, 30];
        let mut sums = [0_u64; 12];
        let mut expected = vec![];
        for order in &orders {
            let day: Vec<i64> = order.iter().map(|&i| days[i]).collect();
            let table = knox(&x, &y, &day, &asked).unwrap();
            table.cells.iter().zip(&mut sums).for_each(|(cell, sum)| *sum += cell.observed);
            expected = table.cells.iter().map(|cell| cell.expected).collect();
        }
        for (sum, expected) in sums.iter().zip(expected) {
            assert!((*sum as f64 / 120.0 - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn one_place_on_one_day_is_many_pairs_of_one_cell() {
        // More pairs than are gathered at once.
        let events = 3_000;
        let (x, day) = (vec![12.5; events], vec![3; events]);
        let table = knox(&x, &x, &day, &options(&[0.0, 1.0, 100.0], &[0.0, 1.0, 7.0], 1)).unwrap();
        assert_eq!(table.cell(0, 0).observed, 3_000 * 2_999 / 2);
        assert_eq!((table.cell(0, 0).ratio, table.cell(0, 0).p), (Some(1.0), Some(1.0)));
        assert_eq!((table.cell(1, 0).ratio, table.cell(1, 0).p), (None, None));
    }

    #[test]
    fn too_little_and_too_much_are_said() {
        let asked = options(&[0.0, 1.0], &[0.0, 1.0], 9);
        let none = knox(&[], &[], &[], &asked).unwrap();
        assert_eq!((none.pairs, none.cell(0, 0).ratio, none.cell(0, 0).p), (0, None, None));
        assert_eq!(knox(&[1.0], &[1.0], &[1], &asked).unwrap().cell(1, 1).observed, 0);
        assert!(knox(&[1.0, 2.0], &[1.0, 2.0], &[0, 32_767], &asked).unwrap_err().message().contains("32766 days"));
        assert!(knox(&[1.0, 2.0], &[1.0, 2.0], &[i64::MIN, i64::MAX], &asked).is_err());
        let halves = options(&[0.0, 1.0], &[0.0, 0.5], 9);
        assert!(knox(&[1.0], &[1.0], &[1], &halves).unwrap_err().message().contains("whole number of days"));
        assert!(knox(&[1.0], &[1.0], &[1, 2], &asked).is_err());
    }
}
