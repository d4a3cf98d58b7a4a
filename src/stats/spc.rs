//! Statistical process control: XmR limits, special-cause rules, variation and assurance.
//!
//! Every function takes the values of one group and one phase, in time order, so no moving range, run or trend ever
//! crosses from one to the next. Behaviour is that of a named [`Profile`], printed under every chart.

mod icons;
mod rules;

pub use icons::{Assurance, Direction, Variation, assurance, variation};
pub use rules::{Flags, Point, Rule, Side, judge, part_of, run_ends, trend_ends, two_of_three};

/// A set of conventions under its public name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Name as printed.
    pub name: &'static str,
    /// Limits lie `k` average moving ranges from the mean.
    pub k: f64,
    /// Moving ranges of `cut` times their average or more leave the average, once; `None` keeps all.
    pub cut: Option<f64>,
    /// Points on one side of the mean that make a run.
    pub run: usize,
    /// Points strictly rising or falling that make a trend.
    pub trend: usize,
    /// Fewer points than this give limits called trial limits.
    pub firm_points: usize,
    /// Fewer points than this give no variation or assurance word.
    pub icon_points: usize,
}

/// The conventions of the R package `NHSRplotthedots` 0.2: every one has a public test vector.
pub const NHSR_02: Profile =
    Profile { name: "nhsr-0.2", k: 2.66, cut: Some(3.267), run: 7, trend: 7, firm_points: 12, icon_points: 13 };

/// XmR limits of one phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Mean of the values, the screened ones included.
    pub mean: f64,
    /// Average moving range after screening.
    pub moving_range: f64,
    /// Lower process limit, three sigma below; not cut at 0.
    pub lpl: f64,
    /// Upper process limit, three sigma above.
    pub upl: f64,
    /// Two sigma below.
    pub near_low: f64,
    /// Two sigma above.
    pub near_high: f64,
    /// Values that made them.
    pub points: usize,
    /// Too few values for firm limits.
    pub trial: bool,
}

/// XmR limits of one phase.
///
/// **Method** (Shewhart 1931; Wheeler 1993; screening as in `NHSRplotthedots` 0.2): mean m of the values; moving
/// ranges |y(i) − y(i−1)| of neighbours that are both there; those of 3.267 times their average or more are dropped
/// once (the value itself stays in the mean); limits m ∓ 2.66 · average moving range, two-sigma lines at two thirds
/// of that.
/// **Units**: those of the values.
/// **Undefined**: `None` without one moving range. All values equal gives limits on the mean.
///
/// # Example
/// ```
/// use vigie::stats::spc::{NHSR_02, limits};
/// let limits = limits(&[Some(4.0), Some(6.0), Some(5.0), None, Some(5.0)], &NHSR_02).ok_or("undefined")?;
/// assert_eq!((limits.mean, limits.moving_range), (5.0, 1.5));
/// # Ok::<(), &str>(())
/// ```
pub fn limits(values: &[Option<f64>], profile: &Profile) -> Option<Limits> {
    let present: Vec<f64> = values.iter().flatten().copied().collect();
    let mean = average(&present)?;
    let mut ranges: Vec<f64> = values
        .windows(2)
        .filter_map(|pair| match (pair[0], pair[1]) {
            (Some(before), Some(now)) => Some((now - before).abs()),
            _ => None,
        })
        .collect();
    let all = average(&ranges)?;
    if let Some(cut) = profile.cut {
        ranges.retain(|range| *range < cut * all);
    }
    let moving_range = average(&ranges).unwrap_or(all);
    let three = profile.k * moving_range;
    let two = three * 2.0 / 3.0;
    Some(Limits {
        mean,
        moving_range,
        lpl: mean - three,
        upl: mean + three,
        near_low: mean - two,
        near_high: mean + two,
        points: present.len(),
        trial: present.len() < profile.firm_points,
    })
}

fn average(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn a_flat_series_keeps_its_limits_on_the_mean() {
        let flat = limits(&some(&[5.0; 8]), &NHSR_02).unwrap();
        assert!((flat.upl - 5.0).abs() < 1e-12 && (flat.lpl - 5.0).abs() < 1e-12 && flat.trial);
        assert!(judge(&some(&[5.0; 8]), &flat, &NHSR_02).iter().all(|p| p.signal.is_none()));
    }

    #[test]
    fn one_value_has_no_limits_and_a_gap_makes_no_range() {
        assert_eq!(limits(&[Some(1.0)], &NHSR_02), None);
        assert_eq!(limits(&[Some(1.0), None, Some(9.0)], &NHSR_02), None);
        assert_eq!(limits(&[], &NHSR_02), None);
    }
}
