//! One ratio for each group of records.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Sum of numerators over sum of denominators, group by group, in the order of the groups.
///
/// **Method**: Σ numerators / Σ denominators of a group: never a mean of ratios, which would count a small part as much as
/// a large one.
/// **Undefined**: `None` for a group whose denominators sum to 0.
///
/// # Errors
/// `Bug` if the lists are not of one length.
///
/// # Example
/// ```
/// use vigie::stats::group_ratio::group_ratios;
/// let found = group_ratios(&[1.0, 3.0, 2.0], &[2.0, 2.0, 0.0], &["a", "a", "b"])?;
/// assert_eq!(found, [("a", Some(1.0)), ("b", None)]);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn group_ratios<G: Ord + Copy>(
    numerators: &[f64],
    denominators: &[f64],
    groups: &[G],
) -> Result<Vec<(G, Option<f64>)>> {
    if numerators.len() != groups.len() || denominators.len() != groups.len() {
        return Err(Error::bug("numerators, denominators and groups are of one length"));
    }
    let mut sums: BTreeMap<G, (f64, f64)> = BTreeMap::new();
    for ((group, above), below) in groups.iter().zip(numerators).zip(denominators) {
        let sum = sums.entry(*group).or_default();
        sum.0 += above;
        sum.1 += below;
    }
    Ok(sums.into_iter().map(|(group, (above, below))| (group, (below.abs() > 0.0).then(|| above / below))).collect())
}
