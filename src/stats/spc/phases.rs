//! Phases of a chart: stretches with limits of their own, and the points that make them.

use std::ops::Range;

/// The phases of a series that begins anew at some points.
///
/// **Method**: a break at i starts a phase with point i. Breaks at the first point or behind the last change nothing.
/// **Undefined**: no phase for a series without points.
///
/// # Example
/// ```
/// use vigie::stats::spc::phases;
/// assert_eq!(phases(10, &[7, 4, 4, 0, 12]), [0..4, 4..7, 7..10]);
/// ```
pub fn phases(points: usize, breaks: &[usize]) -> Vec<Range<usize>> {
    let mut starts: Vec<usize> = breaks.iter().copied().filter(|at| *at > 0 && *at < points).collect();
    starts.push(0);
    starts.push(points);
    starts.sort_unstable();
    starts.dedup();
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// The points of a phase that make its limits: all, or as many as hold the first `fix_after` values.
///
/// **Method**: a missing value takes no place in the baseline.
///
/// # Example
/// ```
/// use vigie::stats::spc::baseline;
/// let values = [Some(1.0), None, Some(2.0), Some(3.0)];
/// assert_eq!(baseline(&values, 0..4, Some(2)), 0..3);
/// assert_eq!(baseline(&values, 0..4, None), 0..4);
/// ```
pub fn baseline<T>(values: &[Option<T>], phase: Range<usize>, fix_after: Option<usize>) -> Range<usize> {
    let Some(wanted) = fix_after else { return phase };
    let mut seen = 0;
    for at in phase.clone() {
        if values.get(at).is_some_and(Option::is_some) {
            seen += 1;
            if seen == wanted {
                return phase.start..at + 1;
            }
        }
    }
    phase
}
