//! Conditional permutation: how often would neighbours drawn at random sum as high, or as low, as the real ones?

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::error::{Error, Result};
use crate::stats::neighbours::Neighbours;

/// Numbers that the draws of one run may hold.
const MOST_DRAWN: usize = 400_000_000;

/// p of every place, in the order of the values.
#[derive(Debug, Clone, PartialEq)]
pub struct PermutationP {
    /// Chance of a sum at least as high; `None` where undefined.
    pub greater: Vec<Option<f64>>,
    /// Chance of a sum at least as low; `None` where undefined.
    pub less: Vec<Option<f64>>,
    /// Twice the smaller of the two, at most 1; `None` where undefined.
    pub two_sided: Vec<Option<f64>>,
}

/// p of the sum of every place's neighbours by conditional permutation: the place keeps its value, and its `k`
/// neighbours get values drawn from the other n − 1 without replacement, `permutations` times.
///
/// It is the test of Gi* (its own value is the same in every draw) and of local Moran's I (whose sign follows the
/// place's own value), so both take their p from here.
///
/// **Method** (Anselin 1995, doi:10.1111/j.1538-4632.1995.tb00338.x; the + 1 after Davison and Hinkley 1997,
/// doi:10.1017/CBO9780511802843): of R draws, M have a sum at least as high as the observed one; p = (M + 1) / (R + 1).
/// The other side is counted by itself, so ties count on both; two-sided p = min(1, 2 · the smaller).
///
/// **Shared draws.** R ordered tuples of `k_max + 1` different places are drawn once for the whole map. For place i,
/// strike i from a tuple if it is among the first k and take the first k of what is left: that is exactly a uniform
/// draw from the other n − 1. So all places with k neighbours share R sums, which are sorted once; only the few tuples
/// that hold i itself are counted anew. The p of each place is as good as with draws of its own; but places share the
/// luck of the draw, so errors of the p of different places are correlated, as they are in the package esda, which
/// shares its draws too. With R = 999 the standard error of a p near 0.05 is 0.007, and all places may be off by it in
/// the same direction: take more draws, they cost little.
///
/// **Cost**: R · k to draw, n · log R to compare, memory R · k numbers; not n · R · k.
/// **Units**: probabilities; the smallest possible is 1 / (R + 1), two-sided 2 / (R + 1).
/// **Undefined**: a place without neighbours or with the whole map around it; every place if n < 3 or all values are
/// equal.
///
/// # Errors
/// `Data` naming the place if a value is not a finite number; `Input` for no permutations or more than memory should
/// hold; `Bug` if the lists are not one a value.
///
/// # Example
/// ```
/// use vigie::stats::{conditional_permutation::conditional_permutation, neighbours::Neighbours};
/// let line = Neighbours::from_lists(&[vec![1], vec![0, 2], vec![1, 3], vec![2]])?;
/// let p = conditional_permutation(&[9.0, 8.0, 1.0, 0.0], &line, 999, 1)?;
/// // The neighbour of the first place is the highest of the other three: one draw in three is as high.
/// assert!(p.greater[0].is_some_and(|p| (p - 1.0 / 3.0).abs() < 0.05));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn conditional_permutation(
    values: &[f64],
    neighbours: &Neighbours,
    permutations: u32,
    seed: u64,
) -> Result<PermutationP> {
    let n = values.len();
    if neighbours.len() != n {
        return Err(Error::bug(format!("{n} values and {} neighbour lists", neighbours.len())));
    }
    if let Some(place) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::data(format!("the value of place {place} is not a finite number")));
    }
    if permutations == 0 {
        return Err(Error::input("a permutation test needs at least one permutation").at("permutations"));
    }
    let nothing = || PermutationP { greater: vec![None; n], less: vec![None; n], two_sided: vec![None; n] };
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    if n < 3 || lowest >= highest {
        return Ok(nothing());
    }
    // A place that neighbours all others has nothing to draw: every draw is the same sum.
    let tested = |place: usize| (1..n - 1).contains(&neighbours.of(place).len());
    let most = (0..n).filter(|place| tested(*place)).map(|place| neighbours.of(place).len()).max();
    let Some(most) = most else { return Ok(nothing()) };
    let draws = permutations as usize;
    if draws.saturating_mul(most + 1) > MOST_DRAWN {
        return Err(Error::input(format!(
            "{permutations} permutations of up to {most} neighbours are more than memory should hold; at most {} are",
            MOST_DRAWN / (most + 1)
        ))
        .at("permutations"));
    }
    let tuples = Tuples::draw(n, most + 1, draws, seed);
    let mut sums: Vec<Option<Vec<f64>>> = vec![None; most + 1];
    for k in (0..n).filter(|place| tested(*place)).map(|place| neighbours.of(place).len()) {
        sums[k].get_or_insert_with(|| {
            let mut sums: Vec<f64> = tuples.all().map(|tuple| sum_of(values, &tuple[..k])).collect();
            sums.sort_unstable_by(f64::total_cmp);
            sums
        });
    }
    // Sums of the same values in another order may differ in their last digits: that is a tie all the same.
    let speck = highest.abs().max(lowest.abs()) * f64::EPSILON * 4.0 * (most + 1) as f64;
    let p = |count: usize| (count + 1) as f64 / (draws + 1) as f64;
    let mut found = nothing();
    for place in (0..n).filter(|place| tested(*place)) {
        let around = neighbours.of(place);
        let k = around.len();
        let Some(shared) = sums[k].as_deref() else { continue };
        let observed = sum_of(values, around);
        let (high, low) = (observed - speck, observed + speck);
        let mut greater = draws - shared.partition_point(|sum| *sum < high);
        let mut less = shared.partition_point(|sum| *sum <= low);
        for tuple in tuples.with(place).map(|at| tuples.get(at)) {
            let Some(own) = tuple[..k].iter().position(|other| *other as usize == place) else { continue };
            let as_drawn = sum_of(values, &tuple[..k]);
            let without = sum_of(values, &tuple[..own]) + sum_of(values, &tuple[own + 1..=k]);
            greater = greater + usize::from(without >= high) - usize::from(as_drawn >= high);
            less = less + usize::from(without <= low) - usize::from(as_drawn <= low);
        }
        found.greater[place] = Some(p(greater));
        found.less[place] = Some(p(less));
        found.two_sided[place] = Some((2.0 * p(greater.min(less))).min(1.0));
    }
    Ok(found)
}

fn sum_of(values: &[f64], places: &[u32]) -> f64 {
    places.iter().map(|place| values[*place as usize]).sum()
}

/// Ordered draws of different places, and which draws hold a place.
struct Tuples {
    length: usize,
    places: Vec<u32>,
    /// Draws that hold place i: `holders[offsets[i]..offsets[i + 1]]`.
    offsets: Vec<u32>,
    holders: Vec<u32>,
}

impl Tuples {
    /// Draws by the first steps of a Fisher-Yates shuffle. The deck is not put back in order between draws: a uniform
    /// draw from any order of the deck is uniform.
    fn draw(n: usize, length: usize, draws: usize, seed: u64) -> Self {
        let mut random = Pcg64::seed_from_u64(seed);
        let mut deck: Vec<u32> = (0..n as u32).collect();
        let mut places = Vec::with_capacity(draws * length);
        for _ in 0..draws {
            for at in 0..length {
                let from = random.random_range(at as u32..n as u32);
                deck.swap(at, from as usize);
            }
            places.extend_from_slice(&deck[..length]);
        }
        let mut offsets = vec![0_u32; n + 1];
        for place in &places {
            offsets[*place as usize + 1] += 1;
        }
        for at in 0..n {
            offsets[at + 1] += offsets[at];
        }
        let mut next = offsets.clone();
        let mut holders = vec![0_u32; places.len()];
        for (at, tuple) in places.chunks_exact(length).enumerate() {
            for place in tuple {
                holders[next[*place as usize] as usize] = at as u32;
                next[*place as usize] += 1;
            }
        }
        Self { length, places, offsets, holders }
    }

    fn all(&self) -> impl Iterator<Item = &[u32]> {
        self.places.chunks_exact(self.length)
    }

    fn get(&self, at: u32) -> &[u32] {
        &self.places[at as usize * self.length..(at as usize + 1) * self.length]
    }

    fn with(&self, place: usize) -> impl Iterator<Item = u32> {
        self.holders[self.offsets[place] as usize..self.offsets[place + 1] as usize].iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ring of places, each with the two beside it.
    fn ring(n: u32) -> Neighbours {
        let lists: Vec<Vec<u32>> = (0..n).map(|i| vec![(i + n - 1) % n, (i + 1) % n]).collect();
        Neighbours::from_lists(&lists).unwrap()
    }

    /// Every ordered choice of `k` of `others`, one after another: the exact answer.
    fn exact(values: &[f64], neighbours: &Neighbours, place: usize) -> (f64, f64) {
        let observed = sum_of(values, neighbours.of(place));
        let others: Vec<f64> = (0..values.len()).filter(|i| *i != place).map(|i| values[i]).collect();
        let (mut all, mut greater, mut less) = (0.0, 0.0, 0.0);
        let mut visit = |sum: f64| {
            all += 1.0;
            greater += f64::from(u8::from(sum >= observed - 1e-9));
            less += f64::from(u8::from(sum <= observed + 1e-9));
        };
        choose(&others, neighbours.of(place).len(), 0.0, &mut visit);
        (greater / all, less / all)
    }

    fn choose(from: &[f64], k: usize, sum: f64, visit: &mut impl FnMut(f64)) {
        if k == 0 {
            return visit(sum);
        }
        for at in 0..from.len() {
            choose(&from[at + 1..], k - 1, sum + from[at], visit);
        }
    }

    #[test]
    fn shared_draws_agree_with_every_choice_there_is() {
        let values = [0.1, 0.7, 3.0, 3.0, 0.3, 0.0, 12.5, 4.0, 0.2];
        let lists = [
            vec![1, 2, 3, 4],
            vec![0],
            vec![0, 3],
            vec![0, 2, 6],
            vec![0, 5, 6, 7, 8],
            vec![4],
            vec![3, 4],
            vec![4],
            vec![4],
        ];
        let map = Neighbours::from_lists(&lists).unwrap();
        let draws = 200_000;
        let found = conditional_permutation(&values, &map, draws, 7).unwrap();
        for place in 0..values.len() {
            let (greater, less) = exact(&values, &map, place);
            for (found, wanted) in [(found.greater[place], greater), (found.less[place], less)] {
                // Five standard errors of a share of 200,000 draws.
                let reach = 5.0 * (wanted * (1.0 - wanted) / f64::from(draws)).sqrt() + 1e-5;
                assert!((found.unwrap() - wanted).abs() < reach, "place {place}: {found:?}, exactly {wanted}");
            }
        }
    }

    #[test]
    fn the_count_over_shared_sums_is_the_count_over_each_places_own_draws() {
        // The same tuples, gone through one by one for each place, without sorting or correcting.
        let values: Vec<f64> = (0..30_u32).map(|i| f64::from(i * i % 7)).collect();
        let map = ring(30);
        let (draws, seed) = (500, 3);
        let found = conditional_permutation(&values, &map, draws, seed).unwrap();
        let tuples = Tuples::draw(30, 3, draws as usize, seed);
        for place in 0..30 {
            let observed = sum_of(&values, map.of(place));
            let drawn = |tuple: &[u32]| -> f64 {
                let others = tuple.iter().filter(|other| **other as usize != place).take(2);
                others.map(|other| values[*other as usize]).sum()
            };
            let greater = tuples.all().filter(|tuple| drawn(tuple) >= observed).count();
            let less = tuples.all().filter(|tuple| drawn(tuple) <= observed).count();
            assert_eq!(found.greater[place], Some((greater + 1) as f64 / 501.0));
            assert_eq!(found.less[place], Some((less + 1) as f64 / 501.0));
            assert_eq!(found.two_sided[place], Some((2 * (greater.min(less) + 1)) as f64 / 501.0).map(|p| p.min(1.0)));
        }
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let values: Vec<f64> = (0..40_u32).map(|i| f64::from(i % 9)).collect();
        let run = |seed| conditional_permutation(&values, &ring(40), 199, seed).unwrap();
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn under_the_null_p_is_uniform() {
        // Values without a pattern, another map and another seed each time: one place of each map.
        let (maps, n) = (4_000, 25_u32);
        let mut below = [0_u32; 3];
        let limits = [0.05, 0.2, 0.5];
        let mut random = Pcg64::seed_from_u64(11);
        for seed in 0..maps {
            let values: Vec<f64> = (0..n).map(|_| random.random::<f64>()).collect();
            let p = conditional_permutation(&values, &ring(n), 99, seed).unwrap().greater[4].unwrap();
            for (count, limit) in below.iter_mut().zip(limits) {
                *count += u32::from(p <= limit + 1e-12);
            }
        }
        for (count, limit) in below.into_iter().zip(limits) {
            let share = f64::from(count) / maps as f64;
            let reach = 4.0 * (limit * (1.0 - limit) / maps as f64).sqrt();
            assert!((share - limit).abs() < reach, "{share} of p are at most {limit}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_none() {
        let star = Neighbours::from_lists(&[vec![1, 2, 3], vec![0], vec![0], vec![]]).unwrap();
        let p = conditional_permutation(&[3.0, 1.0, 0.0, 7.0], &star, 99, 1).unwrap();
        assert_eq!((p.greater[0], p.less[3]), (None, None));
        assert!(p.two_sided[1].is_some());
        let flat = conditional_permutation(&[2.0; 4], &star, 99, 1).unwrap();
        assert_eq!(flat.two_sided, [None; 4]);
        assert!(conditional_permutation(&[2.0; 4], &star, 0, 1).is_err());
        let error = conditional_permutation(&[1.0, f64::NAN, 0.0, 0.0], &star, 9, 1).unwrap_err();
        assert!(error.message().contains("place 1"));
    }

    #[test]
    fn sums_that_differ_in_their_last_digit_are_ties() {
        // 0.1 + 0.2 is not 0.3 to the last digit, nor is 0.3 + 0.0 the same sum in another order.
        let values = [9.0, 0.1, 0.2, 0.3, 0.0];
        let map = Neighbours::from_lists(&[vec![1, 2], vec![0], vec![0], vec![4], vec![3]]).unwrap();
        let p = conditional_permutation(&values, &map, 60_000, 5).unwrap();
        // Of the six pairs of the other four, 0.1 + 0.2 and 0.3 + 0 tie, two are higher, two lower.
        assert!((p.greater[0].unwrap() - 4.0 / 6.0).abs() < 0.01);
        assert!((p.less[0].unwrap() - 4.0 / 6.0).abs() < 0.01);
    }
}
