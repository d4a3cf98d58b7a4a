//! The standard normal distribution: two-sided p of a z, and z of a confidence.

use std::f64::consts::SQRT_2;

use statrs::function::erf::{erfc, erfc_inv};

/// Two-sided p of a standard normal `z`: the chance of a value at least as far from 0.
///
/// **Method**: p = erfc(|z| / √2), which keeps its digits far out in the tail where 1 − Φ loses them.
/// **Units**: a probability, 0 to 1; good to ten decimals.
/// **Undefined**: NaN only for a NaN `z`.
///
/// # Example
/// ```
/// use vigie::stats::normal::two_sided_p;
/// assert!((two_sided_p(-1.959_963_984_540_054) - 0.05).abs() < 1e-10);
/// ```
pub fn two_sided_p(z: f64) -> f64 {
    erfc(z.abs() / SQRT_2)
}

/// The z that leaves `confidence` of a standard normal between −z and z.
///
/// **Method**: z = √2 · erfc⁻¹(1 − confidence).
/// **Undefined**: `None` unless 0 < confidence < 1.
///
/// # Example
/// ```
/// use vigie::stats::normal::z_of_confidence;
/// assert!(z_of_confidence(0.95).is_some_and(|z| (z - 1.959_964).abs() < 1e-6));
/// assert_eq!(z_of_confidence(1.0), None);
/// ```
pub fn z_of_confidence(confidence: f64) -> Option<f64> {
    (confidence > 0.0 && confidence < 1.0).then(|| SQRT_2 * erfc_inv(1.0 - confidence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points() {
        for (z, p) in [(0.0, 1.0), (1.0, 0.317_310_507_862_914_15), (3.5, 4.652_581_580_710_501e-4)] {
            assert!((two_sided_p(z) - p).abs() < 1e-10, "{z}");
            assert!((two_sided_p(-z) - p).abs() < 1e-10, "{z}");
        }
    }

    #[test]
    fn z_and_p_undo_each_other() {
        for confidence in [0.5, 0.8, 0.9, 0.95, 0.99, 0.998] {
            let z = z_of_confidence(confidence).unwrap();
            assert!((two_sided_p(z) - (1.0 - confidence)).abs() < 1e-11, "{confidence}");
        }
        for outside in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(z_of_confidence(outside), None);
        }
    }
}
