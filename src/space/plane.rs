//! A flat map in metres on which distances of neighbours are those of the globe.

use crate::space::distance::EARTH_RADIUS_M;
use crate::space::point::Point;

/// A flat map around one point: east is x, north is y.
///
/// **Method**: the transverse Mercator projection of the sphere of the mean Earth radius R (Snyder 1987,
/// doi:10.3133/pp1395, equations 8-1 to 8-3 with scale 1):
/// x = R · artanh(cos φ · sin(λ − λ0)), y = R · (atan(tan φ / cos(λ − λ0)) − φ0).
///
/// It is conformal: near a point, every distance is that of the great circle times cosh(x / R). So straight lines on it
/// are too long by at most x² / (2 · R²) of their length: a millionth at 10 km east or west of the middle, 0.02 % at 120
/// km, whatever the distance north. (The sphere itself is up to 0.5 % off the ellipsoid.)
#[derive(Debug, Clone, Copy)]
pub struct Plane {
    origin: Point,
}

impl Plane {
    /// The flat map around `origin`.
    ///
    /// # Example
    /// ```
    /// use vigie::space::{Plane, Point, distance::great_circle_m};
    /// let plane = Plane::around(Point { lat: 49.21, lon: -2.13 });
    /// let (a, b) = (Point { lat: 49.1797, lon: -2.1135 }, Point { lat: 49.1812, lon: -2.1100 });
    /// let ((ax, ay), (bx, by)) = (plane.to_metres(a), plane.to_metres(b));
    /// assert!(((ax - bx).hypot(ay - by) - great_circle_m(a, b)).abs() < 0.001);
    /// ```
    pub fn around(origin: Point) -> Self {
        Self { origin }
    }

    /// Metres east and north of the origin.
    ///
    /// **Undefined**: a point a quarter of the globe away has no place on the map: its metres are infinite.
    pub fn to_metres(&self, point: Point) -> (f64, f64) {
        let lat = point.lat.to_radians();
        let east = (point.lon - self.origin.lon).to_radians();
        let x = (lat.cos() * east.sin()).atanh();
        let y = lat.tan().atan2(east.cos()) - self.origin.lat.to_radians();
        (EARTH_RADIUS_M * x, EARTH_RADIUS_M * y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::distance::great_circle_m;

    #[test]
    fn neighbours_are_as_far_apart_as_on_the_globe() {
        let plane = Plane::around(Point { lat: 53.8, lon: -1.6 });
        // (degrees away, error allowed in 300 m): within 10 km a millimetre, at 120 km six centimetres.
        for (away, allowed) in [(0.0, 1e-4), (0.1, 1e-3), (1.8, 0.06)] {
            for (north, east) in [(1.0, 0.0), (0.0, 1.0), (0.7, -0.7)] {
                let a = Point { lat: 53.8 + away * 0.4, lon: -1.6 + away };
                let b = Point { lat: a.lat + north * 0.0027, lon: a.lon + east * 0.0045 };
                let ((ax, ay), (bx, by)) = (plane.to_metres(a), plane.to_metres(b));
                let off = (ax - bx).hypot(ay - by) - great_circle_m(a, b);
                assert!(off > -1e-4 && off < allowed, "{away} {north} {east}: {off}");
            }
        }
    }

    #[test]
    fn the_same_point_is_the_same_place() {
        let plane = Plane::around(Point { lat: 49.2, lon: -2.1 });
        let point = Point { lat: 49.187_654_321, lon: -2.106_789 };
        assert_eq!(plane.to_metres(point), plane.to_metres(point));
        let (x, y) = plane.to_metres(Point { lat: 49.2, lon: -2.1 });
        assert!(x.abs() < 1e-9 && y.abs() < 1e-9);
    }
}
