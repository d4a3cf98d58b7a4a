//! Who is next to whom, as two flat arrays.

use crate::error::{Error, Result};

/// Neighbour lists in compressed form: the neighbours of `i` are `targets[offsets[i]..offsets[i + 1]]`, ascending.
///
/// Weights are binary: a place is a neighbour or it is not. A place is never its own neighbour here; methods that
/// count the place itself (Gi*) add it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbours {
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

impl Neighbours {
    /// Builds the arrays from one list a place. Repeats are dropped, order does not matter.
    ///
    /// # Errors
    /// `Bug` if a list names a place that does not exist, or the place itself, or if there are more than `u32::MAX`
    /// pairs.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::neighbours::Neighbours;
    /// let line = Neighbours::from_lists(&[vec![1], vec![2, 0], vec![1]])?;
    /// assert_eq!(line.of(1), &[0, 2]);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn from_lists(lists: &[Vec<u32>]) -> Result<Self> {
        let too_many = || Error::bug("there are more neighbour pairs than 32 bits can count");
        let mut offsets = Vec::with_capacity(lists.len() + 1);
        let mut targets = Vec::new();
        let mut sorted = Vec::new();
        offsets.push(0);
        for (place, list) in lists.iter().enumerate() {
            sorted.clear();
            sorted.extend_from_slice(list);
            sorted.sort_unstable();
            sorted.dedup();
            for &target in &sorted {
                let index = target as usize;
                if index == place || index >= lists.len() {
                    return Err(Error::bug(format!(
                        "place {place} of {} has {target} as a neighbour, which is itself or does not exist",
                        lists.len()
                    )));
                }
            }
            targets.extend_from_slice(&sorted);
            offsets.push(u32::try_from(targets.len()).map_err(|_| too_many())?);
        }
        Ok(Self { offsets, targets })
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no place at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Neighbours of place `i`, ascending; empty for a place that does not exist.
    pub fn of(&self, i: usize) -> &[u32] {
        match (self.offsets.get(i), self.offsets.get(i + 1)) {
            (Some(&start), Some(&end)) => &self.targets[start as usize..end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_repeats_dropped() {
        let n = Neighbours::from_lists(&[vec![2, 1, 2], vec![0], vec![0]]).unwrap();
        assert_eq!((n.len(), n.of(0), n.of(1), n.of(7)), (3, &[1, 2][..], &[0][..], &[][..]));
        assert!(Neighbours::from_lists(&[]).unwrap().is_empty());
    }

    #[test]
    fn itself_and_strangers_are_refused() {
        assert!(Neighbours::from_lists(&[vec![0]]).is_err());
        assert!(Neighbours::from_lists(&[vec![1]]).is_err());
    }
}
