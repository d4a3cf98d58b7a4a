//! Holt's linear smoothing: a level and a slope that follow the series.

use crate::error::{Error, Result};

/// The next `steps` values by level and slope.
///
/// **Method** (Holt 1957, reprinted 2004, doi:10.1016/j.ijforecast.2003.09.015): from l = y₁ and b = y₂ − y₁ before the
/// first value, l′ = αy + (1 − α)(l + b), b ← β(l′ − l) + (1 − β)b, l ← l′; h steps ahead l + hb.
/// **Units**: those of the series.
/// **Undefined**: `None` for fewer than two values. A slope that never dies away forecasts too far: see
/// [`ets`](crate::stats::ets) for a damped one.
///
/// # Errors
/// `Bug` unless 0 ≤ α, β ≤ 1.
///
/// # Example
/// ```
/// use vigie::stats::holt::forecast;
/// let ahead = forecast(&[1.0, 2.0, 3.0, 4.0], 0.8, 0.2, 2)?.ok_or("short")?;
/// assert!(ahead[0] > 4.0 && ahead[1] > ahead[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn forecast(series: &[f64], alpha: f64, beta: f64, steps: usize) -> Result<Option<Vec<f64>>> {
    if !(0.0..=1.0).contains(&alpha) || !(0.0..=1.0).contains(&beta) {
        return Err(Error::bug("the shares of level and slope lie in 0 to 1"));
    }
    let [first, second, ..] = *series else { return Ok(None) };
    let (mut level, mut slope) = (first, second - first);
    for value in series {
        let next = alpha * value + (1.0 - alpha) * (level + slope);
        slope = beta * (next - level) + (1.0 - beta) * slope;
        level = next;
    }
    Ok(Some((1..=steps).map(|h| level + h as f64 * slope).collect()))
}
