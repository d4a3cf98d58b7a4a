//! Metres on the globe.

use crate::space::point::{Bounds, Point};

/// Mean radius of the Earth (IUGG), in metres.
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Great-circle distance in metres.
///
/// **Method**: haversine on a sphere of the mean Earth radius; up to 0.5 % off the ellipsoid.
///
/// # Example
/// ```
/// use vigie::space::{Point, distance::great_circle_m};
/// let (harbour, airport) = (Point { lat: 49.1797, lon: -2.1135 }, Point { lat: 49.2079, lon: -2.1955 });
/// assert!((great_circle_m(harbour, airport) - 6_730.0).abs() < 50.0);
/// ```
pub fn great_circle_m(a: Point, b: Point) -> f64 {
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let h = half(a.lat, b.lat) + a.lat.to_radians().cos() * b.lat.to_radians().cos() * half(a.lon, b.lon);
    2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
}

/// A flat map in metres around one point, good to a thousandth over an island: east is x, north is y.
#[derive(Debug, Clone, Copy)]
pub struct LocalMetres {
    origin: Point,
    x_per_degree: f64,
    y_per_degree: f64,
}

impl LocalMetres {
    /// The flat map around `origin`.
    pub fn around(origin: Point) -> Self {
        let y_per_degree = EARTH_RADIUS_M.to_radians();
        Self { origin, x_per_degree: y_per_degree * origin.lat.to_radians().cos(), y_per_degree }
    }

    /// Metres east and north of the origin.
    pub fn to_metres(&self, point: Point) -> (f64, f64) {
        ((point.lon - self.origin.lon) * self.x_per_degree, (point.lat - self.origin.lat) * self.y_per_degree)
    }

    /// How far a distance within the bounds may be off the great circle, as a share of it.
    ///
    /// **Method**: the flat map has the right length north and south; east and west it has that of the latitude of the
    /// origin, so that at latitude φ it is off by |cos φ₀ / cos φ − 1|. The largest of that over the bounds, and a
    /// ten-thousandth for the curvature over distances up to 30 km.
    pub fn worst_error(&self, bounds: Bounds) -> f64 {
        let origin = self.origin.lat.to_radians().cos();
        let off = |lat: f64| (origin / lat.to_radians().cos().max(1e-9) - 1.0).abs();
        off(bounds.south).max(off(bounds.north)) + 1e-4
    }

    /// The point so many metres east and north of the origin.
    pub fn to_point(&self, x: f64, y: f64) -> Point {
        Point { lat: self.origin.lat + y / self.y_per_degree, lon: self.origin.lon + x / self.x_per_degree }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_latitude() {
        let (a, b) = (Point { lat: 49.0, lon: -2.0 }, Point { lat: 50.0, lon: -2.0 });
        assert!((great_circle_m(a, b) - 111_195.08).abs() < 0.1);
        assert!(great_circle_m(a, a).abs() < 1e-9);
    }

    #[test]
    fn the_flat_map_agrees_with_the_globe() {
        let origin = Point { lat: 49.21, lon: -2.13 };
        let map = LocalMetres::around(origin);
        let there = Point { lat: 49.18, lon: -2.25 };
        let (x, y) = map.to_metres(there);
        assert!((x.hypot(y) / great_circle_m(origin, there) - 1.0).abs() < 1e-3);
        let back = map.to_point(x, y);
        assert!((back.lat - there.lat).abs() < 1e-12 && (back.lon - there.lon).abs() < 1e-12);
    }

    #[test]
    fn distances_over_an_island_are_off_by_no_more_than_is_said() {
        let bounds = Bounds { west: -2.255, south: 49.163, east: -2.007, north: 49.262 };
        let map = LocalMetres::around(Point { lat: 49.2125, lon: -2.131 });
        let said = map.worst_error(bounds);
        assert!(said < 0.0015, "{said}");
        let steps = |low: f64, high: f64| (0..=9).map(move |i| low + (high - low) * f64::from(i) / 9.0);
        let points: Vec<Point> = steps(bounds.south, bounds.north)
            .flat_map(|lat| steps(bounds.west, bounds.east).map(move |lon| Point { lat, lon }))
            .collect();
        for a in &points {
            for b in points.iter().filter(|b| great_circle_m(*a, **b) > 1.0) {
                let ((ax, ay), (bx, by)) = (map.to_metres(*a), map.to_metres(*b));
                let error = ((ax - bx).hypot(ay - by) / great_circle_m(*a, *b) - 1.0).abs();
                assert!(error <= said, "{a:?} {b:?}: {error}");
            }
        }
    }
}
