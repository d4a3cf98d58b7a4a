//! A picture of areas in squares: most points are placed by the square they fall in, without looking at outlines.

use geo_types::{Coord, Polygon};

use crate::space::point::{Bounds, Point};

/// Squares a side.
const SIDE: usize = 512;
const OUTSIDE: u16 = u16::MAX;
const CROSSED: u16 = u16::MAX - 1;
/// Outlines are drawn this much thicker (in squares), so that rounding never hides one.
const PEN: f64 = 1e-6;

/// What is known of all points of a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Square {
    /// All lie in this area.
    Inside(usize),
    /// None lies in any area.
    Outside,
    /// An outline runs through: each point must be looked at.
    Crossed,
}

/// Areas in squares of the box around them.
///
/// **Method.** Squares that an edge touches are crossed. All points of any other square lie in the same areas, and so do
/// those of its neighbour in the row, so one point a run of squares is looked at.
#[derive(Debug)]
pub(super) struct Raster {
    west: f64,
    south: f64,
    /// Squares a degree.
    columns_per_degree: f64,
    rows_per_degree: f64,
    squares: Vec<u16>,
}

impl Raster {
    /// Draws polygons; `search` tells which area holds a point.
    pub fn new(polygons: &[Polygon<f64>], search: impl Fn(Point) -> Option<usize>) -> Self {
        let corners = || polygons.iter().flat_map(rings).flatten();
        let least = |of: fn(&Coord<f64>) -> f64| corners().map(of).fold(f64::INFINITY, f64::min);
        let most = |of: fn(&Coord<f64>) -> f64| corners().map(of).fold(f64::NEG_INFINITY, f64::max);
        let (west, east, south, north) = (least(|c| c.x), most(|c| c.x), least(|c| c.y), most(|c| c.y));
        // One square of margin on each side.
        let (width, height) = ((east - west).max(1e-9), (north - south).max(1e-9));
        let inner = (SIDE - 2) as f64;
        let mut raster = Self {
            west: west - width / inner,
            south: south - height / inner,
            columns_per_degree: inner / width,
            rows_per_degree: inner / height,
            squares: vec![OUTSIDE; SIDE * SIDE],
        };
        for ring in polygons.iter().flat_map(rings) {
            for (from, to) in ring.iter().zip(ring.iter().skip(1)) {
                raster.draw(*from, *to);
            }
        }
        raster.fill(search);
        raster
    }

    /// What is known of the square that holds a point.
    #[inline]
    pub fn at(&self, point: Point) -> Square {
        let (x, y) = self.place(point.lon, point.lat);
        let inside = 0.0..SIDE as f64;
        if !inside.contains(&x) || !inside.contains(&y) {
            return Square::Outside;
        }
        match self.squares[y as usize * SIDE + x as usize] {
            OUTSIDE => Square::Outside,
            CROSSED => Square::Crossed,
            area => Square::Inside(usize::from(area)),
        }
    }

    /// The area that all points of a box lie in, if all its squares say the same.
    pub fn around(&self, bounds: &Bounds) -> Option<usize> {
        let (left, low) = self.place(bounds.west, bounds.south);
        let (right, high) = self.place(bounds.east, bounds.north);
        let inside = 0.0..SIDE as f64;
        if [left, low, right, high].iter().any(|place| !inside.contains(place)) {
            return None;
        }
        let first = self.squares[low as usize * SIDE + left as usize];
        let same = |row: usize| self.squares[row * SIDE..][left as usize..=right as usize].iter().all(|s| *s == first);
        let is_area = first != OUTSIDE && first != CROSSED;
        (is_area && (low as usize..=high as usize).all(same)).then_some(usize::from(first))
    }

    #[inline]
    fn place(&self, lon: f64, lat: f64) -> (f64, f64) {
        ((lon - self.west) * self.columns_per_degree, (lat - self.south) * self.rows_per_degree)
    }

    /// Marks the squares that an edge touches, row by row.
    fn draw(&mut self, from: Coord<f64>, to: Coord<f64>) {
        let (a, b) = (self.place(from.x, from.y), self.place(to.x, to.y));
        let (low, high) = if a.1 <= b.1 { (a, b) } else { (b, a) };
        for row in square(low.1 - PEN)..=square(high.1 + PEN) {
            // Where the edge enters and leaves the row.
            let x_at = |y: f64| {
                let share = if high.1 > low.1 { ((y - low.1) / (high.1 - low.1)).clamp(0.0, 1.0) } else { 0.0 };
                low.0 + share * (high.0 - low.0)
            };
            let (enters, leaves) = if high.1 - low.1 > PEN {
                (x_at(row as f64 - PEN), x_at(row as f64 + 1.0 + PEN))
            } else {
                (low.0, high.0)
            };
            for column in square(enters.min(leaves) - PEN)..=square(enters.max(leaves) + PEN) {
                self.squares[row * SIDE + column] = CROSSED;
            }
        }
    }

    /// Finds out about the squares that no edge touches.
    fn fill(&mut self, search: impl Fn(Point) -> Option<usize>) {
        for row in 0..SIDE {
            let mut known = None;
            for column in 0..SIDE {
                let place = row * SIDE + column;
                if self.squares[place] == CROSSED {
                    known = None;
                    continue;
                }
                let value = *known.get_or_insert_with(|| {
                    let middle = Point {
                        lat: self.south + (row as f64 + 0.5) / self.rows_per_degree,
                        lon: self.west + (column as f64 + 0.5) / self.columns_per_degree,
                    };
                    // More areas than numbers: their squares are looked at like crossed ones.
                    search(middle).map_or(OUTSIDE, |area| u16::try_from(area).unwrap_or(CROSSED).min(CROSSED))
                });
                self.squares[place] = value;
            }
        }
    }
}

fn rings(polygon: &Polygon<f64>) -> impl Iterator<Item = &Vec<Coord<f64>>> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(|ring| &ring.0)
}

/// Number of the row or column, inside the picture.
fn square(place: f64) -> usize {
    (place.max(0.0) as usize).min(SIDE - 1)
}
