//! Records thrown at random: how likely is a sum at least as far out around a place, if every record could fall anywhere?

use std::collections::HashMap;

use statrs::function::beta::checked_beta_reg;

use crate::error::{Error, Result};
use crate::stats::neighbours::Neighbours;

/// Two-sided p of the sum over every place and its neighbours, if the records were thrown at the places at random.
///
/// It is the check that the normal p of Gi* needs where records are few: a sum of two where a third of one is expected has a
/// z that looks sure, and happens by chance somewhere on every map. Gi* asks whether a sum stands out from the *spread of the
/// places*, this asks whether it is more than *chance alone* brings; a map that claims a hotspot should be able to say both.
///
/// **Method**: with N records in n places of equal size, the sum S over k places is Binomial(N, k / n). p is twice the tail on
/// the side on which the sum lies (at least S if S is above N·k / n, else at most S), at most 1; tails from the regularised
/// incomplete beta function (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404). Twice the smaller tail errs on the safe
/// side, the more so the fewer records there are.
/// **Units**: a probability.
/// **Undefined**: every place if there are no records or fewer than three places; a place with the whole map around it.
///
/// **Cost**: one tail for every different pair of sum and size, not for every place.
///
/// # Errors
/// `Bug` if the lists are not one a count, or counts add up to more than 64 bits hold.
///
/// # Example
/// ```
/// use vigie::stats::{neighbours::Neighbours, thrown_sum::thrown_sum};
/// let line = Neighbours::from_lists(&[vec![1], vec![0, 2], vec![1, 3], vec![2]])?;
/// // Both records within the first two of four places: half of the map, a chance of a quarter, doubled.
/// let p = thrown_sum(&[2, 0, 0, 0], &line)?;
/// assert!(p[0].is_some_and(|p| (p - 0.5).abs() < 1e-12));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn thrown_sum(counts: &[u64], neighbours: &Neighbours) -> Result<Vec<Option<f64>>> {
    let n = counts.len();
    if neighbours.len() != n {
        return Err(Error::bug(format!("{n} counts and {} neighbour lists", neighbours.len())));
    }
    let all = counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
    let all = all.ok_or_else(|| Error::bug("the counts add up to more than 64 bits hold"))?;
    if n < 3 || all == 0 {
        return Ok(vec![None; n]);
    }
    let mut known: HashMap<(u64, usize), Option<f64>> = HashMap::new();
    Ok((0..n)
        .map(|place| {
            let around = neighbours.of(place);
            let sum = counts[place] + around.iter().map(|other| counts[*other as usize]).sum::<u64>();
            let size = around.len() + 1;
            *known.entry((sum, size)).or_insert_with(|| two_sided(sum, all, size, n))
        })
        .collect())
}

/// Twice the tail of Binomial(all, size / n) on the side of the sum.
fn two_sided(sum: u64, all: u64, size: usize, n: usize) -> Option<f64> {
    if size >= n {
        return None;
    }
    let share = size as f64 / n as f64;
    let above = sum as f64 > all as f64 * share;
    let tail = if above { at_least(sum, all, share) } else { 1.0 - at_least(sum + 1, all, share) };
    Some((2.0 * tail.max(0.0)).min(1.0))
}

/// P(X ≥ sum) for X ~ Binomial(all, share): the regularised incomplete beta function of sum and all − sum + 1 at the share.
fn at_least(sum: u64, all: u64, share: f64) -> f64 {
    if sum == 0 {
        return 1.0;
    }
    if sum > all {
        return 0.0;
    }
    checked_beta_reg(sum as f64, (all - sum + 1) as f64, share).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(n: u32) -> Neighbours {
        let lists: Vec<Vec<u32>> = (0..n).map(|i| vec![(i + n - 1) % n, (i + 1) % n]).collect();
        Neighbours::from_lists(&lists).unwrap()
    }

    #[test]
    fn tails_are_those_of_the_binomial() {
        // Four records, three of ten places: P(X ≥ 3) = 4 · 0.3³ · 0.7 + 0.3⁴ = 0.0837, P(X ≤ 0) = 0.7⁴ = 0.2401.
        let mut counts = [0_u64; 10];
        (counts[2], counts[3], counts[7]) = (2, 1, 1);
        let p = thrown_sum(&counts, &ring(10)).unwrap();
        assert!((p[2].unwrap() - 2.0 * 0.0837).abs() < 1e-12, "{:?}", p[2]);
        assert!((p[0].unwrap() - 2.0 * 0.2401).abs() < 1e-12, "{:?}", p[0]);
    }

    #[test]
    fn far_tails_keep_their_digits() {
        let mut counts = vec![0_u64; 1_000];
        counts[5] = 60;
        let p = thrown_sum(&counts, &ring(1_000)).unwrap()[5].unwrap();
        let exact = 2.0 * 0.003_f64.powi(60);
        assert!((p / exact - 1.0).abs() < 1e-9, "{p:e} {exact:e}");
    }

    #[test]
    fn nothing_thrown_says_nothing() {
        assert_eq!(thrown_sum(&[0; 5], &ring(5)).unwrap(), [None; 5]);
        let whole = Neighbours::from_lists(&[vec![1, 2], vec![0], vec![0]]).unwrap();
        assert_eq!(thrown_sum(&[1, 2, 3], &whole).unwrap()[0], None);
        assert!(thrown_sum(&[1, 2], &ring(3)).is_err());
    }

    #[test]
    fn under_chance_alone_p_is_small_no_more_often_than_it_says() {
        use rand::{RngExt, SeedableRng};
        use rand_pcg::Pcg64;
        let mut random = Pcg64::seed_from_u64(5);
        let (mut small, maps, n) = (0_u32, 2_000_u32, 300_u32);
        for _ in 0..maps {
            let mut counts = vec![0_u64; n as usize];
            (0..90).for_each(|_| counts[random.random_range(0..n) as usize] += 1);
            small += u32::from(thrown_sum(&counts, &ring(n)).unwrap()[7].unwrap() <= 0.05);
        }
        assert!(f64::from(small) / f64::from(maps) <= 0.05, "{small} of {maps}");
    }
}
