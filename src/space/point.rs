//! A point, a box and a shape of plain coordinates, so that no other module needs a geometry crate.

use serde::Serialize;

/// A point on the WGS84 globe, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Latitude, −90 to 90.
    pub lat: f64,
    /// Longitude, −180 to 180.
    pub lon: f64,
}

/// A box of longitudes and latitudes, in degrees; never across the date line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// Least longitude.
    pub west: f64,
    /// Least latitude.
    pub south: f64,
    /// Greatest longitude.
    pub east: f64,
    /// Greatest latitude.
    pub north: f64,
}

impl Bounds {
    /// The smallest box around some points; `None` without any.
    pub fn around<'a>(points: impl IntoIterator<Item = &'a Point>) -> Option<Self> {
        points.into_iter().fold(None, |bounds: Option<Bounds>, p| {
            let b = bounds.unwrap_or(Bounds { west: p.lon, south: p.lat, east: p.lon, north: p.lat });
            Some(Bounds {
                west: b.west.min(p.lon),
                south: b.south.min(p.lat),
                east: b.east.max(p.lon),
                north: b.north.max(p.lat),
            })
        })
    }

    /// Whether two boxes share a point.
    pub fn touches(&self, other: &Bounds) -> bool {
        self.west <= other.east && other.west <= self.east && self.south <= other.north && other.south <= self.north
    }

    /// The box with so many degrees more on each side.
    #[must_use]
    pub fn widened(&self, degrees: f64) -> Self {
        Self {
            west: self.west - degrees,
            south: self.south - degrees,
            east: self.east + degrees,
            north: self.north + degrees,
        }
    }

    /// Whether a point lies inside or on the edge.
    pub fn contains(&self, point: Point) -> bool {
        (self.west..=self.east).contains(&point.lon) && (self.south..=self.north).contains(&point.lat)
    }

    /// `[west, south, east, north]`, as TileJSON and GeoJSON write it.
    pub fn to_array(&self) -> [f64; 4] {
        [self.west, self.south, self.east, self.north]
    }
}

/// A polygon as closed rings: the outline first, then holes. First and last point of a ring are equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shape {
    /// Outline, then holes.
    pub rings: Vec<Vec<Point>>,
}

impl Shape {
    /// The box around it; `None` for a shape without points.
    pub fn bounds(&self) -> Option<Bounds> {
        Bounds::around(self.rings.iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_points() {
        let points = [Point { lat: 49.2, lon: -2.1 }, Point { lat: 49.1, lon: -2.2 }];
        let bounds = Bounds::around(&points).unwrap();
        assert_eq!(bounds, Bounds { west: -2.2, south: 49.1, east: -2.1, north: 49.2 });
        assert!(bounds.contains(points[0]) && bounds.touches(&bounds));
        assert_eq!(Bounds::around(&[]), None);
    }
}
