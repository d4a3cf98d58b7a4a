//! The counting: times of many permutations side by side, so that one pair is looked up once for all of them.
//!
//! A block holds, for each event, its day in [`LANES`] permutations next to each other. For a pair, the difference of
//! two such rows is a few vector instructions, compared with each edge of time and counted in 16-bit lanes. Permutation
//! 0 is the data itself.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::stats::knox::Options;
use crate::stats::knox::pairs::{Pairs, measured};
use crate::stats::point_grid::PointGrid;
use crate::stats::shuffle::shuffle;

/// Permutations side by side: one vector of the plainest 64-bit processor. With 16 the counts leave the registers.
const LANES: usize = 8;

/// Events that a thread takes at a time.
const PART: usize = 256;

/// Pairs gathered before they are counted: 1 MiB of them, which stays in the cache.
const GATHERED: usize = 1 << 18;

/// Bytes of day numbers held at once; at least two blocks are held.
const WAVE_BYTES: usize = 128 << 20;

/// Edges of time compared in one pass over the pairs; more would not fit the registers.
const EDGES_AT_ONCE: usize = 4;

type Row = [i16; LANES];

/// Pairs before each edge of distance and of time, for every permutation.
pub(super) struct Counted {
    /// Pairs of each band of distance that has an end.
    pub space_pairs: Vec<u64>,
    edges: usize,
    /// By block, band of distance, edge of time and lane: pairs nearer in time than the edge.
    before: Vec<u64>,
}

impl Counted {
    /// The whole table of one permutation: closed bands from the counts, open ones from the totals.
    pub fn table(&self, number: u32, space_pairs: &[u64], time_pairs: &[u64]) -> Vec<u64> {
        let (block, lane) = (number as usize / LANES, number as usize % LANES);
        let bands = self.space_pairs.len();
        let columns = time_pairs.len();
        let mut table = vec![0; space_pairs.len() * columns];
        let mut left = time_pairs.to_vec();
        for band in 0..bands {
            let mut counted = 0;
            for column in 0..columns {
                let before = if column < self.edges {
                    self.before[((block * bands + band) * self.edges + column) * LANES + lane]
                } else {
                    space_pairs[band]
                };
                table[band * columns + column] = before - counted;
                left[column] -= before - counted;
                counted = before;
            }
        }
        let open = table.len() - columns;
        table[open..].copy_from_slice(&left);
        table
    }
}

/// Counts the data and all permutations on `threads` threads.
pub(super) fn count(grid: &PointGrid, days: &[i16], options: &Options, threads: usize) -> Counted {
    let bands = options.space.len() - 1;
    let edges: Vec<i16> =
        options.time.edges().iter().skip(1).map(|&edge| edge.min(f64::from(i16::MAX)) as i16).collect();
    let blocks = (options.permutations as usize + 1).div_ceil(LANES);
    let block_bytes = (grid.len() * size_of::<Row>()).max(1);
    let wave = (WAVE_BYTES / block_bytes).max(2).min(blocks);
    let mut counted = Counted {
        space_pairs: vec![0; bands],
        edges: edges.len(),
        before: vec![0; blocks * bands * edges.len() * LANES],
    };
    let per_block = bands * edges.len() * LANES;
    let mut sorted = days.to_vec();
    sorted.sort_unstable();
    for first in (0..blocks).step_by(wave) {
        let here = wave.min(blocks - first);
        let dealt = deal(days, &sorted, first, here, options, threads);
        let (space_pairs, before) = count_wave(grid, &dealt, &edges, options, threads);
        counted.before[first * per_block..(first + here) * per_block].copy_from_slice(&before);
        counted.space_pairs = space_pairs;
    }
    counted
}

/// The days of a wave of blocks, block by block, a row an event.
fn deal(days: &[i16], sorted: &[i16], first: usize, blocks: usize, options: &Options, threads: usize) -> Vec<Vec<Row>> {
    let mut dealt: Vec<Vec<Row>> = vec![Vec::new(); blocks];
    let share = blocks.div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for (turn, part) in dealt.chunks_mut(share).enumerate() {
            scope.spawn(move || {
                let mut order = sorted.to_vec();
                for (step, block) in part.iter_mut().enumerate() {
                    block.resize(days.len(), [0; LANES]);
                    for lane in 0..LANES {
                        let number = ((first + turn * share + step) * LANES + lane) as u32;
                        if number > options.permutations {
                            break;
                        }
                        let source = if number == 0 {
                            days
                        } else {
                            // From the days in order, so that the permutation depends on the set of events alone.
                            order.copy_from_slice(sorted);
                            shuffle(&mut order, options.seed, number);
                            &order
                        };
                        for (row, &day) in block.iter_mut().zip(source) {
                            row[lane] = day;
                        }
                    }
                }
            });
        }
    });
    dealt
}

/// Pairs of each closed band of distance, and the counts of the blocks of one wave.
fn count_wave(
    grid: &PointGrid,
    dealt: &[Vec<Row>],
    edges: &[i16],
    options: &Options,
    threads: usize,
) -> (Vec<u64>, Vec<u64>) {
    let bands = options.space.len() - 1;
    let reach = measured(options.space.edges(), options.metric);
    let next = AtomicUsize::new(0);
    let total = Mutex::new((vec![0_u64; bands], vec![0_u64; dealt.len() * bands * edges.len() * LANES]));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Tally { edges, space: vec![0; bands], before: Vec::new() };
                mine.before.resize(dealt.len() * bands * edges.len() * LANES, 0);
                let mut pairs = Pairs::new(bands);
                loop {
                    let start = next.fetch_add(PART, Ordering::Relaxed);
                    if start >= grid.len() {
                        break;
                    }
                    for event in start..grid.len().min(start + PART) {
                        pairs.add(grid, event, &reach, options.metric);
                        if pairs.len() >= GATHERED {
                            mine.take(&mut pairs, dealt);
                        }
                    }
                }
                mine.take(&mut pairs, dealt);
                // Sums of whole numbers: the order in which threads end does not matter.
                let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                total.0.iter_mut().zip(&mine.space).for_each(|(sum, n)| *sum += n);
                total.1.iter_mut().zip(&mine.before).for_each(|(sum, n)| *sum += n);
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What one thread has counted.
struct Tally<'a> {
    edges: &'a [i16],
    space: Vec<u64>,
    before: Vec<u64>,
}

impl Tally<'_> {
    /// Counts the gathered pairs in every block, and forgets them.
    fn take(&mut self, pairs: &mut Pairs, dealt: &[Vec<Row>]) {
        let bands = pairs.bands().len();
        for (number, band) in pairs.bands().iter().enumerate() {
            self.space[number] += band.others.len() as u64;
        }
        for (place, rows) in dealt.iter().enumerate() {
            for (number, band) in pairs.bands().iter().enumerate() {
                let at = (place * bands + number) * self.edges.len() * LANES;
                let mut sums = self.before[at..at + self.edges.len() * LANES].chunks_mut(EDGES_AT_ONCE * LANES);
                for (edges, sums) in self.edges.chunks(EDGES_AT_ONCE).zip(&mut sums) {
                    match *edges {
                        [a] => count_pairs([a], &band.firsts, &band.others, rows, sums),
                        [a, b] => count_pairs([a, b], &band.firsts, &band.others, rows, sums),
                        [a, b, c] => count_pairs([a, b, c], &band.firsts, &band.others, rows, sums),
                        [a, b, c, d] => count_pairs([a, b, c, d], &band.firsts, &band.others, rows, sums),
                        _ => {}
                    }
                }
            }
        }
        pairs.clear();
    }
}

/// Adds, for each edge and lane, the pairs nearer in time than the edge.
fn count_pairs<const E: usize>(edges: [i16; E], firsts: &[(u32, u32)], others: &[u32], rows: &[Row], sums: &mut [u64]) {
    let mut lanes = [[0_i16; LANES]; E];
    let mut in_lanes = 0;
    let mut start = 0;
    for &(first, end) in firsts {
        let own = rows[first as usize];
        // A lane holds at most 32,767.
        for others in others[start..end as usize].chunks(i16::MAX as usize) {
            if in_lanes + others.len() > i16::MAX as usize {
                empty(&mut lanes, sums);
                in_lanes = 0;
            }
            in_lanes += others.len();
            count_run(edges, own, others, rows, &mut lanes);
        }
        start = end as usize;
    }
    empty(&mut lanes, sums);
}

/// The loop that all time goes into. It stays a function of its own: inlined, the compiler takes the rows apart into
/// single numbers, and it is ten times as slow.
#[inline(never)]
fn count_run<const E: usize>(edges: [i16; E], own: Row, others: &[u32], rows: &[Row], lanes: &mut [[i16; LANES]; E]) {
    let mut counts = *lanes;
    for &other in others {
        let apart = days_apart(&own, &rows[other as usize]);
        for (count, edge) in counts.iter_mut().zip(edges) {
            count_nearer(count, &apart, edge);
        }
    }
    *lanes = counts;
}

#[inline]
fn days_apart(own: &Row, other: &Row) -> Row {
    let mut apart = [0; LANES];
    for lane in 0..LANES {
        let days = own[lane].wrapping_sub(other[lane]);
        apart[lane] = days.max(0_i16.wrapping_sub(days));
    }
    apart
}

/// Counts downwards: a comparison of vectors gives −1 where it holds, and adding that is one instruction.
#[inline]
fn count_nearer(count: &mut Row, apart: &Row, edge: i16) {
    for lane in 0..LANES {
        count[lane] = count[lane].wrapping_add(if apart[lane] < edge { -1 } else { 0 });
    }
}

/// Moves the counts of the lanes to the sums.
fn empty<const E: usize>(lanes: &mut [[i16; LANES]; E], sums: &mut [u64]) {
    for (sum, count) in sums.iter_mut().zip(lanes.as_flattened()) {
        *sum += u64::from(count.unsigned_abs());
    }
    *lanes = [[0; LANES]; E];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_pairs_than_a_lane_can_count() {
        let rows = [[0; LANES], [3; LANES], [9; LANES]];
        let others: Vec<u32> = (0..70_000).map(|i| 1 + i % 2).collect();
        let firsts = [(0, 50_000), (1, 70_000)];
        let mut sums = vec![0; 2 * LANES];
        count_pairs([1, 4], &firsts, &others, &rows, &mut sums);
        // 25,000 of the first are 3 days away and 25,000 nine; 10,000 of the second are on its day.
        assert!(sums[..LANES].iter().all(|&sum| sum == 10_000));
        assert!(sums[LANES..].iter().all(|&sum| sum == 35_000));
    }
}
