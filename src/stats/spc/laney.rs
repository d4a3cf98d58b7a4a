//! Laney's correction: how much more shares or rates vary than their counts alone would make them.

use crate::stats::spc::xmr::moving_range;

/// Sigma of standardised values, from their moving ranges.
///
/// **Method** (Laney 2002, doi:10.1081/QEN-120003555): `σ_z` = average moving range of z / 1.128, screened as the XmR
/// chart is. 1 is what counts alone give; a chart whose limits are widened by it is called p′ or u′.
/// **Units**: none.
/// **Undefined**: `None` without one moving range.
///
/// # Example
/// ```
/// use vigie::stats::spc::sigma_z;
/// let sigma = sigma_z(&[Some(0.0), Some(2.256), Some(0.0)], Some(3.267)).ok_or("undefined")?;
/// assert!((sigma - 2.0).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
pub fn sigma_z(z: &[Option<f64>], cut: Option<f64>) -> Option<f64> {
    moving_range(z, cut).map(|range| range / 1.128)
}
