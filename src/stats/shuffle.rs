//! Seeded permutations: number `n` of a seed is the same whoever computes it, and in whatever order.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// Spreads the seeds so that number n of one seed is not number n + 1 of the next.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Puts `items` in the order of permutation `number` of `seed`.
///
/// **Method**: Fisher and Yates, in the form of Durstenfeld 1964 (doi:10.1145/364520.364540), with a PCG-64 stream of
/// its own for each (seed, number). Each step takes the high half of random × choices, so that a choice is off
/// uniform by less than (number of items) / 2⁶⁴.
///
/// # Example
/// ```
/// use vigie::stats::shuffle::shuffle;
/// let (mut first, mut again) = ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]);
/// shuffle(&mut first, 1, 17);
/// shuffle(&mut again, 1, 17);
/// assert_eq!(first, again);
/// ```
pub fn shuffle<T>(items: &mut [T], seed: u64, number: u32) {
    let mut random = Pcg64::seed_from_u64(seed.wrapping_add(1).wrapping_mul(SPREAD) ^ u64::from(number));
    for last in (1..items.len()).rev() {
        let choices = last as u128 + 1;
        let chosen = (u128::from(random.next_u64()) * choices) >> 64;
        items.swap(last, chosen as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_comes_equally_often() {
        let mut seen = std::collections::BTreeMap::new();
        for number in 0..24_000 {
            let mut items = [0_u8, 1, 2, 3];
            shuffle(&mut items, 7, number);
            *seen.entry(items).or_insert(0_u32) += 1;
        }
        assert_eq!(seen.len(), 24);
        // 1,000 expected of each; five standard deviations are 155.
        assert!(seen.values().all(|&n| (845..1155).contains(&n)), "{seen:?}");
    }

    #[test]
    fn seeds_and_numbers_differ() {
        let order = |seed, number| {
            let mut items: Vec<u32> = (0..50).collect();
            shuffle(&mut items, seed, number);
            items
        };
        assert_ne!(order(1, 1), order(1, 2));
        assert_ne!(order(1, 1), order(2, 1));
        assert_eq!(order(3, 9), order(3, 9));
    }
}
