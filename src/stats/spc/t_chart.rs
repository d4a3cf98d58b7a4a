//! The t chart: time between rare events.

use crate::stats::spc::{Line, Profile, limits};

/// Power that makes exponential times nearly normal.
pub const T_POWER: f64 = 1.0 / 3.6;

/// Centre and limits of times between events.
///
/// **Method** (Nelson 1994, J. Quality Technology 26(3):239-240): times to the power 1/3.6 are nearly normal; XmR limits of
/// them, raised to the power 3.6, the lower ones cut at 0. The open time since the last event is no time between events:
/// leave it out.
/// **Units**: those of the times.
/// **Undefined**: `None` without two times in a row, with fewer than the profile asks for, or unless all are above 0.
///
/// # Example
/// ```
/// use vigie::stats::spc::{NHSR_02, t_line};
/// let line = t_line(&[Some(3.0), Some(3.0), Some(3.0)], &NHSR_02).ok_or("undefined")?;
/// assert!((line.centre - 3.0).abs() < 1e-12);
/// assert_eq!(t_line(&[Some(0.0), Some(2.0)], &NHSR_02), None);
/// # Ok::<(), &str>(())
/// ```
pub fn t_line(baseline: &[Option<f64>], profile: &Profile) -> Option<Line> {
    if baseline.iter().flatten().any(|time| *time <= 0.0 || !time.is_finite()) {
        return None;
    }
    let powers: Vec<Option<f64>> = baseline.iter().map(|time| time.map(|t| t.powf(T_POWER))).collect();
    Some(limits(&powers, profile)?.line().mapped(|power| power.max(0.0).powf(1.0 / T_POWER)))
}
