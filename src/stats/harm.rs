//! Harm: counts weighted by how grave each kind of record is.

use std::collections::BTreeMap;

/// Harm of some counts, and what it leaves out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harm {
    /// Σ count · weight over the groups that have a weight.
    pub weighted: f64,
    /// Records whose group has no weight. They are not in `weighted`, and they are not harmless.
    pub unweighted_records: u64,
}

/// Harm index of counts by group.
///
/// **Method** (Sherman, Neyroud and Neyroud 2016, doi:10.1093/police/paw003): Σ count · weight; in the Cambridge Crime
/// Harm Index a weight is the starting point of the sentence for a first offence, in days.
/// **Units**: those of the weights, times records.
/// **Undefined**: a group without a weight adds to `unweighted_records`, never a silent zero.
///
/// # Example
/// ```
/// use std::collections::BTreeMap;
/// use vigie::stats::harm::harm;
/// let days = BTreeMap::from([("robbery".to_owned(), 365.0), ("shoplifting".to_owned(), 1.0)]);
/// let harm = harm([("robbery", 2), ("shoplifting", 30), ("novelty", 4)], &days);
/// assert!((harm.weighted - 760.0).abs() < 1e-9);
/// assert_eq!(harm.unweighted_records, 4);
/// ```
pub fn harm<'a>(counts: impl IntoIterator<Item = (&'a str, u64)>, weights: &BTreeMap<String, f64>) -> Harm {
    let mut sum = Harm { weighted: 0.0, unweighted_records: 0 };
    for (group, count) in counts {
        match weights.get(group) {
            Some(weight) => sum.weighted += count as f64 * weight,
            None => sum.unweighted_records += count,
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_a_weight_is_counted_not_nought() {
        let none = harm([("burglary", 3), ("", 1)], &BTreeMap::new());
        assert_eq!((none.weighted, none.unweighted_records), (0.0, 4));
        assert_eq!(harm([], &BTreeMap::new()).unweighted_records, 0);
    }
}
