//! The XmR chart: limits from the average moving range, for values of any kind.

use crate::stats::spc::{Line, Profile};

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

impl Limits {
    /// The limits as they stand at every point.
    pub fn line(&self) -> Line {
        Line {
            centre: self.mean,
            middle: self.mean,
            lower: self.lpl,
            upper: self.upl,
            near_low: self.near_low,
            near_high: self.near_high,
        }
    }

    /// Limits `factor` times as far from the mean: for values that lost degrees of freedom before they were charted.
    #[must_use]
    pub fn widened(self, factor: f64) -> Self {
        let at = |value: f64| self.mean + (value - self.mean) * factor;
        Self {
            moving_range: self.moving_range * factor,
            lpl: at(self.lpl),
            upl: at(self.upl),
            near_low: at(self.near_low),
            near_high: at(self.near_high),
            ..self
        }
    }
}

/// XmR limits of one phase.
///
/// **Method** (Shewhart 1931; Wheeler 1993; screening as in `NHSRplotthedots` 0.2): mean m of the values; moving
/// ranges |y(i) − y(i−1)| of neighbours that are both there; those of 3.267 times their average or more are dropped
/// once (the value itself stays in the mean); limits m ∓ 2.66 · average moving range, two-sigma lines at two thirds
/// of that. A frozen baseline is given alone, without the later points.
/// **Units**: those of the values.
/// **Undefined**: `None` without one moving range, or with fewer values than the profile asks for. All values equal
/// gives limits on the mean.
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
    let moving_range = moving_range(values, profile.cut)?;
    if present.len() < profile.limit_points {
        return None;
    }
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

/// Average moving range of neighbours that are both there, screened once.
pub(super) fn moving_range(values: &[Option<f64>], cut: Option<f64>) -> Option<f64> {
    let mut ranges: Vec<f64> = values
        .windows(2)
        .filter_map(|pair| match (pair[0], pair[1]) {
            (Some(before), Some(now)) => Some((now - before).abs()),
            _ => None,
        })
        .collect();
    let all = average(&ranges)?;
    if let Some(cut) = cut {
        ranges.retain(|range| *range < cut * all);
    }
    Some(average(&ranges).unwrap_or(all))
}

pub(super) fn average(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::spc::{MDC_2023, NHSR_02, judge};

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

    #[test]
    fn twelve_points_have_limits_in_one_profile_and_none_in_the_other() {
        let twelve = some(&[1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        assert!(limits(&twelve, &NHSR_02).is_some_and(|l| !l.trial));
        assert_eq!(limits(&twelve, &MDC_2023), None);
    }

    #[test]
    fn wider_limits_keep_their_mean() {
        let wide = limits(&some(&[4.0, 6.0, 4.0, 6.0]), &NHSR_02).unwrap().widened(1.5);
        assert!((wide.mean - 5.0).abs() < 1e-12 && (wide.upl - 5.0 - 1.5 * 5.32).abs() < 1e-12);
    }
}
