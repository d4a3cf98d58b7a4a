//! When did the level of a series of counts change?

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::error::{Error, Result};

/// How changes are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// What a change must gain, in units of twice the log likelihood; see [`penalty`].
    pub penalty: f64,
    /// Steps between changes, and before the first and after the last, at least 1.
    pub min_steps: usize,
    /// Variance of a count over its mean, at least 1; see [`dispersion`].
    pub dispersion: f64,
    /// Shuffles for the p of a change; 0 for none.
    pub permutations: usize,
    /// Seed of the shuffles.
    pub seed: u64,
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// First step of the new level.
    pub at: usize,
    /// Count a unit of exposure from the change before to this one.
    pub before: f64,
    /// Count a unit of exposure from this change to the next.
    pub after: f64,
    /// Chance of a split as good in the same steps in any other order; `None` without permutations.
    pub p: Option<f64>,
}

/// The usual penalty of a change in a series of `steps` steps.
///
/// **Method**: 3 ln n, as in the modified information criterion of Zhang and Siegmund (2007,
/// doi:10.1111/j.1541-0420.2006.00662.x) without its term for the lengths of segments.
/// **Units**: twice a log likelihood.
///
/// # Example
/// ```
/// use vigie::stats::change_point::penalty;
/// assert!((penalty(36) - 10.750_557).abs() < 1e-6);
/// ```
pub fn penalty(steps: usize) -> f64 {
    3.0 * (steps.max(2) as f64).ln()
}

/// How much more counts vary than Poisson ones, from neighbouring steps, so that a few changes of level do not matter.
///
/// **Method**: the mean over neighbours of (x/e − x'/e')² / (λ(1/e + 1/e')), λ the two counts over their two exposures:
/// Pearson's statistic of each pair (von Neumann's differences, 1941, doi:10.1214/aoms/1177731677); at least 1.
/// Pairs of two zeros say nothing and are left out.
/// **Units**: none.
/// **Undefined**: 1 without a pair that is not all zeros; lists of two lengths are read to the shorter one.
///
/// # Example
/// ```
/// use vigie::stats::change_point::dispersion;
/// assert_eq!(dispersion(&[5, 5, 5, 50, 50], &[1.0; 5]).round(), 9.0);
/// assert_eq!(dispersion(&[9, 11, 10, 9], &[1.0; 4]), 1.0);
/// ```
pub fn dispersion(counts: &[u64], exposures: &[f64]) -> f64 {
    let both: Vec<(f64, f64)> = counts.iter().map(|n| *n as f64).zip(exposures.iter().copied()).collect();
    let (mut sum, mut pairs) = (0.0, 0_u32);
    for pair in both.windows(2) {
        let ((x, e), (y, f)) = (pair[0], pair[1]);
        let rate = (x + y) / (e + f);
        if rate > 0.0 {
            sum += (x / e - y / f).powi(2) / (rate * (1.0 / e + 1.0 / f));
            pairs += 1;
        }
    }
    if pairs == 0 { 1.0 } else { (sum / f64::from(pairs)).max(1.0) }
}

/// Finds the changes of level of a series of counts.
///
/// **Method**: counts are Poisson with a rate a unit of exposure that is constant between changes. The changes minimise
/// Σ −2 (S ln(S/E) − S) / φ over the segments (S the counts, E the exposures, φ the dispersion) plus the penalty for
/// each change: exactly, by optimal partitioning (Jackson and others 2005, doi:10.1109/LSP.2001.838216) with the pruning
/// of PELT (Killick, Fearnhead and Eckley 2012, doi:10.1080/01621459.2012.737745). The p of a change: the pairs of count
/// and exposure between the change before and the change after it are shuffled R times; M of them split as well
/// somewhere; p = (M + 1)/(R + 1). Shuffled pairs vary as much as the series does, so p needs no Poisson; it takes steps
/// as independent, and does not know that the ends of its stretch were themselves chosen.
/// **Units**: rates in counts a unit of exposure.
/// **Undefined**: no changes if the series is shorter than two segments. Cost grows with the length, or its square if
/// there are few changes; a p with its stretch times R.
///
/// # Errors
/// `Bug` if the lists differ in length, an exposure is not above 0, or a setting is out of range.
///
/// # Example
/// ```
/// use vigie::stats::change_point::{Search, find, penalty};
/// let counts = [4, 5, 3, 4, 6, 4, 15, 14, 17, 15, 13, 16];
/// let search = Search { penalty: penalty(12), min_steps: 3, dispersion: 1.0, permutations: 199, seed: 1 };
/// let changes = find(&counts, &[1.0; 12], search)?;
/// assert_eq!((changes.len(), changes[0].at, changes[0].after), (1, 6, 15.0));
/// assert!(changes[0].p.is_some_and(|p| p < 0.02));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn find(counts: &[u64], exposures: &[f64], search: Search) -> Result<Vec<Change>> {
    if counts.len() != exposures.len() || exposures.iter().any(|e| !(e.is_finite() && *e > 0.0)) {
        return Err(Error::bug("every count needs an exposure above 0"));
    }
    if search.min_steps == 0 || !(search.penalty >= 0.0 && search.dispersion >= 1.0) {
        return Err(Error::bug("a segment has steps, a penalty is not negative, a dispersion at least 1"));
    }
    let sums = Sums::of(counts.iter().map(|n| *n as f64).zip(exposures.iter().copied()));
    let starts = partition(&sums, search);
    let mut bounds = vec![0];
    bounds.extend(&starts);
    bounds.push(counts.len());
    let mut shuffler = Pcg64::seed_from_u64(search.seed);
    let changes = bounds.windows(3).map(|three| {
        let (from, at, to) = (three[0], three[1], three[2]);
        let p = (search.permutations > 0).then(|| {
            let pairs = counts[from..to].iter().map(|n| *n as f64).zip(exposures[from..to].iter().copied()).collect();
            p_of_split(pairs, search, &mut shuffler)
        });
        Change { at, before: sums.rate(from, at), after: sums.rate(at, to), p }
    });
    Ok(changes.collect())
}

/// Running sums of counts and exposures.
struct Sums(Vec<(f64, f64)>);

impl Sums {
    fn of(pairs: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut sums = vec![(0.0, 0.0)];
        let (mut count, mut exposure) = (0.0, 0.0);
        for (n, e) in pairs {
            count += n;
            exposure += e;
            sums.push((count, exposure));
        }
        Self(sums)
    }

    fn between(&self, from: usize, to: usize) -> (f64, f64) {
        (self.0[to].0 - self.0[from].0, self.0[to].1 - self.0[from].1)
    }

    fn rate(&self, from: usize, to: usize) -> f64 {
        let (count, exposure) = self.between(from, to);
        count / exposure
    }

    /// −2 times the largest log likelihood of a segment, less what is the same for every partition.
    fn cost(&self, from: usize, to: usize) -> f64 {
        let (count, exposure) = self.between(from, to);
        if count > 0.0 { -2.0 * count * ((count / exposure).ln() - 1.0) } else { 0.0 }
    }
}

/// First steps of the segments but the first.
fn partition(sums: &Sums, search: Search) -> Vec<usize> {
    let (n, min) = (sums.0.len() - 1, search.min_steps);
    let cost = |from: usize, to: usize| sums.cost(from, to) / search.dispersion;
    // best[t]: the least cost of the first t steps, a penalty for each segment; from[t]: where its last segment starts.
    let mut best = vec![f64::INFINITY; n + 1];
    let mut from = vec![0; n + 1];
    best[0] = -search.penalty;
    // A start and, once it is seen to be no use, the last step at which it may still be needed.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for to in min..=n {
        if best[to - min].is_finite() {
            open.push((to - min, usize::MAX));
        }
        for &(start, _) in &open {
            let whole = best[start] + cost(start, to) + search.penalty;
            if whole < best[to] {
                (best[to], from[to]) = (whole, start);
            }
        }
        // Splitting at `to` is as good as going on: from a whole segment later, `start` can never be the best again.
        for (start, until) in &mut open {
            if *until == usize::MAX && best[*start] + cost(*start, to) >= best[to] {
                *until = to + min - 1;
            }
        }
        open.retain(|(_, until)| *until > to);
    }
    let mut starts = Vec::new();
    let mut at = n;
    while at > 0 && from[at] > 0 {
        at = from[at];
        starts.push(at);
    }
    starts.reverse();
    starts
}

/// The share of orders of a stretch that split as well as the order it came in.
fn p_of_split(mut pairs: Vec<(f64, f64)>, search: Search, shuffler: &mut Pcg64) -> f64 {
    let best = |pairs: &[(f64, f64)]| {
        let sums = Sums::of(pairs.iter().copied());
        let n = pairs.len();
        let splits = search.min_steps..=n - search.min_steps;
        splits.map(|at| sums.cost(0, at) + sums.cost(at, n)).fold(f64::INFINITY, f64::min)
    };
    // Equal splits of other orders differ in their last bits.
    let seen = best(&pairs);
    let seen = seen + 1e-9 * seen.abs();
    let mut as_good = 0_usize;
    for _ in 0..search.permutations {
        for i in (1..pairs.len()).rev() {
            pairs.swap(i, shuffler.random_range(0..=i));
        }
        as_good += usize::from(best(&pairs) <= seen);
    }
    (as_good + 1) as f64 / (search.permutations + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(n: usize, min_steps: usize) -> Search {
        Search { penalty: penalty(n), min_steps, dispersion: 1.0, permutations: 0, seed: 1 }
    }

    fn random(n: usize, seed: u64) -> (Vec<u64>, Vec<f64>) {
        let mut draw = Pcg64::seed_from_u64(seed);
        let level = [6, 9, 20, 3];
        let counts = (0..n).map(|t| draw.random_range(0..=2 * level[t * 4 / n])).collect();
        let exposures = (0..n).map(|_| f64::from(draw.random_range(28_u32..=31))).collect();
        (counts, exposures)
    }

    /// Every partition, by recursion.
    fn least(sums: &Sums, to: usize, s: Search) -> f64 {
        if to == 0 {
            return -s.penalty;
        }
        let starts = (0..=to.saturating_sub(s.min_steps)).filter(|start| *start == 0 || *start >= s.min_steps);
        let whole = |start| least(sums, start, s) + sums.cost(start, to) / s.dispersion + s.penalty;
        if to < s.min_steps { f64::INFINITY } else { starts.map(whole).fold(f64::INFINITY, f64::min) }
    }

    #[test]
    fn pruning_never_costs_the_best_partition() {
        for seed in 0..60 {
            for min in 1..4 {
                let (counts, exposures) = random(14, seed);
                let s = Search { penalty: 2.0, dispersion: 1.0 + (seed % 3) as f64, ..search(14, min) };
                let sums = Sums::of(counts.iter().map(|n| *n as f64).zip(exposures.iter().copied()));
                let mut bounds = vec![0];
                bounds.extend(partition(&sums, s));
                bounds.push(14);
                let found: f64 = bounds.windows(2).map(|b| sums.cost(b[0], b[1]) / s.dispersion + s.penalty).sum();
                assert!((found - s.penalty - least(&sums, 14, s)).abs() < 1e-9, "seed {seed}, at least {min}");
                assert!(bounds.windows(2).all(|b| b[1] - b[0] >= min));
            }
        }
    }

    #[test]
    fn a_flat_series_has_no_change() {
        for level in [0, 1, 40] {
            assert_eq!(find(&[level; 40], &[1.0; 40], search(40, 3)).unwrap(), []);
        }
        // Longer months hold more, at the same rate.
        let days: Vec<u64> = (0..36).map(|t| [31, 28, 31, 30][t % 4]).collect();
        let exposures: Vec<f64> = days.iter().map(|d| *d as f64).collect();
        let counts: Vec<u64> = days.iter().map(|d| d * 20).collect();
        assert_eq!(find(&counts, &exposures, search(36, 3)).unwrap(), []);
    }

    #[test]
    fn a_series_too_short_for_two_segments_has_none() {
        assert_eq!(find(&[0, 0, 90, 90, 90], &[1.0; 5], search(5, 3)).unwrap(), []);
        assert_eq!(find(&[], &[], search(0, 3)).unwrap(), []);
        assert_eq!(find(&[3], &[1.0], search(1, 3)).unwrap(), []);
    }

    #[test]
    fn the_seed_decides_p_and_nothing_else() {
        let (counts, exposures) = random(60, 5);
        let ask = |seed| find(&counts, &exposures, Search { permutations: 99, seed, ..search(60, 3) }).unwrap();
        assert_eq!(ask(1), ask(1));
        assert_eq!(ask(1).iter().map(|c| c.at).collect::<Vec<_>>(), ask(2).iter().map(|c| c.at).collect::<Vec<_>>());
        assert!(ask(1).iter().all(|c| c.p.is_some_and(|p| p >= 0.01)));
    }

    #[test]
    fn settings_are_checked() {
        assert!(find(&[1, 2], &[1.0], search(2, 1)).is_err());
        assert!(find(&[1, 2], &[1.0, 0.0], search(2, 1)).is_err());
        assert!(find(&[1, 2], &[1.0, 1.0], search(2, 0)).is_err());
        assert!(find(&[1, 2], &[1.0, 1.0], Search { dispersion: 0.5, ..search(2, 1) }).is_err());
    }
}
