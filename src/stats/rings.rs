//! Who is how many steps away, as flat arrays: the rings around every place.

use crate::error::{Error, Result};

/// Places by whole steps of distance around each place, up to a reach. Ring 0 is the place itself.
///
/// Memory is one 32-bit number a pair within reach, and one a place and ring: places × (1 + 3·reach·(reach + 1)) on a
/// hexagonal grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rings {
    reach: usize,
    /// `reach + 1` starts a place; one more at the end.
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Rings {
    /// Builds the rings from one list of (place, steps) a place. Pairs further than `reach` are dropped, and so is the
    /// place itself, which ring 0 always holds; order does not matter.
    ///
    /// # Errors
    /// `Bug` if a list names a place that does not exist, or if there are more pairs than 32 bits can count.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::rings::Rings;
    /// let line = Rings::from_lists(2, &[vec![(1, 1), (2, 2)], vec![(0, 1), (2, 1)], vec![(1, 1), (0, 2)]])?;
    /// assert_eq!((line.ring(0, 0), line.ring(0, 2), line.ring(1, 1)), (&[0][..], &[2][..], &[0, 2][..]));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn from_lists(reach: usize, lists: &[Vec<(u32, u32)>]) -> Result<Self> {
        let mut starts = Vec::with_capacity(lists.len() * (reach + 1) + 1);
        let mut targets = Vec::new();
        let mut sorted: Vec<(u32, u32)> = Vec::new();
        for (place, list) in lists.iter().enumerate() {
            if let Some((stranger, _)) = list.iter().find(|(other, _)| *other as usize >= lists.len()) {
                return Err(Error::bug(format!("place {place} of {} has {stranger} around it", lists.len())));
            }
            sorted.clear();
            sorted.push((0, place as u32));
            sorted.extend(list.iter().map(|(other, steps)| (*steps, *other)));
            sorted.retain(|(steps, other)| *steps as usize <= reach && (*steps == 0) == (*other as usize == place));
            sorted.sort_unstable();
            sorted.dedup();
            let mut next = 0;
            for steps in 0..=reach {
                starts.push(count(targets.len() + next)?);
                while sorted.get(next).is_some_and(|pair| pair.0 as usize == steps) {
                    next += 1;
                }
            }
            targets.extend(sorted.iter().map(|pair| pair.1));
        }
        starts.push(count(targets.len())?);
        Ok(Self { reach, starts, targets })
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        (self.starts.len() - 1) / (self.reach + 1)
    }

    /// Whether there is no place at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The farthest ring that is held.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// Places exactly `steps` away from a place, ascending; empty beyond the reach and for a place that does not exist.
    pub fn ring(&self, place: usize, steps: usize) -> &[u32] {
        if steps > self.reach {
            return &[];
        }
        let at = place * (self.reach + 1) + steps;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => &self.targets[start as usize..end as usize],
            _ => &[],
        }
    }
}

fn count(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| Error::bug("there are more pairs of places than 32 bits can count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_pairs_repeats_and_the_place_itself_are_dropped() {
        let rings = Rings::from_lists(1, &[vec![(1, 1), (1, 1), (0, 0), (2, 2)], vec![(0, 1)], vec![]]).unwrap();
        assert_eq!((rings.len(), rings.reach()), (3, 1));
        assert_eq!((rings.ring(0, 0), rings.ring(0, 1), rings.ring(0, 2)), (&[0][..], &[1][..], &[][..]));
        assert_eq!((rings.ring(2, 0), rings.ring(2, 1), rings.ring(9, 0)), (&[2][..], &[][..], &[][..]));
        assert!(Rings::from_lists(1, &[vec![(1, 1)]]).is_err());
        assert!(Rings::from_lists(1, &[]).unwrap().is_empty());
    }
}
