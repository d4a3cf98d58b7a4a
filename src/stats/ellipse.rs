//! The standard deviational ellipse of some points.

/// Where points lie and how they spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ellipse {
    /// Mean of the points.
    pub centre: (f64, f64),
    /// Longer half-axis.
    pub long: f64,
    /// Shorter half-axis.
    pub short: f64,
    /// Direction of the longer axis, degrees clockwise from north, 0 to 180.
    pub bearing_deg: f64,
}

/// The standard deviational ellipse of points on a flat map: x is east, y is north.
///
/// **Method** (Lefever 1926, doi:10.1086/214027, as the eigenvectors of the covariance): with λ₁ ≥ λ₂ the eigenvalues
/// of the covariance that divides by n, the half-axes are √(2λ₁) and √(2λ₂); of a two-dimensional normal it holds 63 %.
/// **Units**: those of the coordinates; degrees.
/// **Undefined**: `None` for fewer than three points and for lists of unequal length. Points on one line have a short
/// axis of 0.
///
/// # Example
/// ```
/// use vigie::stats::ellipse::ellipse;
/// let found = ellipse(&[0.0, 10.0, 20.0, 30.0], &[0.0, 10.0, 20.0, 30.0]).ok_or("too few")?;
/// assert!((found.bearing_deg - 45.0).abs() < 1e-6 && found.short < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn ellipse(x: &[f64], y: &[f64]) -> Option<Ellipse> {
    if x.len() < 3 || x.len() != y.len() {
        return None;
    }
    let n = x.len() as f64;
    let centre = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - centre.0, y - centre.1);
        (xx, yy, xy) = (xx + dx * dx / n, yy + dy * dy / n, xy + dx * dy / n);
    }
    let middle = f64::midpoint(xx, yy);
    let apart = (0.5 * (xx - yy)).hypot(xy);
    // Angle of the long axis from east, anticlockwise; a bearing is clockwise from north.
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    Some(Ellipse {
        centre,
        long: (2.0 * (middle + apart)).sqrt(),
        short: (2.0 * (middle - apart).max(0.0)).sqrt(),
        bearing_deg: (90.0 - angle.to_degrees()).rem_euclid(180.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_and_bearing() {
        // A cross, twice as long from north to south.
        let found = ellipse(&[1.0, -1.0, 0.0, 0.0], &[0.0, 0.0, 2.0, -2.0]).unwrap();
        assert!((found.long - 2.0).abs() < 1e-12 && (found.short - 1.0).abs() < 1e-12);
        assert!(found.bearing_deg.abs() < 1e-9 || (found.bearing_deg - 180.0).abs() < 1e-9);
        assert!(found.centre.0.abs() < 1e-12);
        let east = ellipse(&[0.0, 1.0, 5.0], &[3.0, 3.0, 3.0]).unwrap();
        assert!((east.bearing_deg - 90.0).abs() < 1e-9);
        assert_eq!((ellipse(&[0.0, 1.0], &[0.0, 1.0]), ellipse(&[0.0; 3], &[0.0; 4])), (None, None));
    }
}
