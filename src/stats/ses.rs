//! Simple exponential smoothing: a level that follows the series.

use crate::error::{Error, Result};

/// The level after the last value, which is the forecast of every step ahead.
///
/// **Method** (Brown 1959; Hyndman and Athanasopoulos 2021, *Forecasting: Principles and Practice*, 8.1): l ← αy + (1 − α)l,
/// from l = the first value.
/// **Units**: those of the series.
/// **Undefined**: `None` for an empty series. See [`ets`](crate::stats::ets) for a model that chooses α.
///
/// # Errors
/// `Bug` unless 0 ≤ α ≤ 1.
///
/// # Example
/// ```
/// use vigie::stats::ses::level;
/// assert_eq!(level(&[10.0, 20.0], 0.5)?, Some(15.0));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn level(series: &[f64], alpha: f64) -> Result<Option<f64>> {
    if !(0.0..=1.0).contains(&alpha) {
        return Err(Error::bug("the share of a value in the level lies in 0 to 1"));
    }
    Ok(series.iter().copied().reduce(|level, value| alpha * value + (1.0 - alpha) * level))
}
