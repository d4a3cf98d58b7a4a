//! H3 cells: the hexagons that records are counted in. With `lattice`, `study_area` and `shapes` the only place that sees h3o.

use std::fmt;
use std::str::FromStr;

use h3o::{CellIndex, LatLng, Resolution};
use serde::{Serialize, Serializer};

use crate::error::{Error, Result};

pub use crate::space::point::Point;

/// One H3 cell. Ordered by its bits; shown as the usual hex string; stored as `i64` with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell(CellIndex);

impl Cell {
    /// Resolution at which records are stored.
    pub const STORED: u8 = 11;

    /// The cell that holds a point; `None` for a latitude or longitude that is not one, or a resolution over 15.
    ///
    /// # Example
    /// ```
    /// use vigie::space::{Cell, Point};
    /// let cell = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).ok_or("no cell")?;
    /// assert_eq!(cell.resolution(), 9);
    /// assert_eq!(cell.to_string().parse::<Cell>().map_err(|_| "not a cell")?, cell);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn at(point: Point, resolution: u8) -> Option<Self> {
        let resolution = Resolution::try_from(resolution).ok()?;
        Some(Self(lat_lng(point)?.to_cell(resolution)))
    }

    /// The cell of those bits, if they are a cell's.
    pub fn from_bits(bits: i64) -> Option<Self> {
        CellIndex::try_from(bits.cast_unsigned()).ok().map(Self)
    }

    /// The bits as stored.
    pub fn bits(self) -> i64 {
        u64::from(self.0).cast_signed()
    }

    /// Resolution, 0 to 15.
    pub fn resolution(self) -> u8 {
        u8::from(self.0.resolution())
    }

    /// The cell of a coarser (or the same) resolution that holds this one.
    pub fn parent(self, resolution: u8) -> Option<Self> {
        self.0.parent(Resolution::try_from(resolution).ok()?).map(Self)
    }

    /// Cells of a finer (or the same) resolution inside this one, ascending; empty for a coarser resolution.
    pub fn children(self, resolution: u8) -> Vec<Cell> {
        let Ok(resolution) = Resolution::try_from(resolution) else { return Vec::new() };
        if resolution < self.0.resolution() {
            return Vec::new();
        }
        let mut cells: Vec<Cell> = self.0.children(resolution).map(Self).collect();
        cells.sort_unstable();
        cells
    }

    /// The cell and all within `k` steps, ascending.
    pub fn disk(self, k: u32) -> Vec<Cell> {
        let mut cells: Vec<Cell> = self.0.grid_disk::<Vec<_>>(k).into_iter().map(Self).collect();
        cells.sort_unstable();
        cells
    }

    /// The cell and all within `k` steps, each with its steps away, ascending by cell.
    pub fn disk_by_steps(self, k: u32) -> Vec<(Cell, u32)> {
        let mut cells: Vec<(Cell, u32)> =
            self.0.grid_disk_distances::<Vec<_>>(k).into_iter().map(|(cell, steps)| (Self(cell), steps)).collect();
        cells.sort_unstable();
        cells
    }

    /// The cells next to it (six, at a pentagon five), ascending.
    pub fn ring1(self) -> Vec<Cell> {
        let mut cells = self.disk(1);
        cells.retain(|cell| *cell != self);
        cells
    }

    /// Great-circle metres between two centres.
    pub fn distance_m(self, other: Cell) -> f64 {
        crate::space::distance::great_circle_m(self.centre(), other.centre())
    }

    /// Area of this very cell in square kilometres (cells of one resolution differ).
    pub fn area_km2(self) -> f64 {
        self.0.area_km2()
    }

    /// Centre.
    pub fn centre(self) -> Point {
        let centre = LatLng::from(self.0);
        Point { lat: centre.lat(), lon: centre.lng() }
    }

    /// Corners, counter-clockwise, the first not repeated.
    pub fn boundary(self) -> Vec<Point> {
        self.0.boundary().iter().map(|corner| Point { lat: corner.lat(), lon: corner.lng() }).collect()
    }

    pub(super) fn from_index(index: CellIndex) -> Self {
        Self(index)
    }
}

fn lat_lng(point: Point) -> Option<LatLng> {
    let on_globe = (-90.0..=90.0).contains(&point.lat) && (-180.0..=180.0).contains(&point.lon);
    if on_globe { LatLng::new(point.lat, point.lon).ok() } else { None }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", u64::from(self.0))
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({self})")
    }
}

impl FromStr for Cell {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        u64::from_str_radix(text, 16)
            .ok()
            .and_then(|bits| Cell::from_bits(bits.cast_signed()))
            .ok_or_else(|| Error::input(format!("`{text}` is not an H3 cell; write it as 89186282bbbffff")))
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOWN: Point = Point { lat: 49.1868, lon: -2.1067 };

    #[test]
    fn bits_text_and_back() {
        assert_eq!(Cell::at(TOWN, 9).unwrap().to_string(), "89186282bbbffff");
        let cell = Cell::at(TOWN, 11).unwrap();
        assert_eq!(cell.to_string(), "8b186282bba0fff");
        assert_eq!(Cell::from_bits(cell.bits()), Some(cell));
        assert_eq!(cell.to_string().parse::<Cell>().unwrap(), cell);
        assert!("zz".parse::<Cell>().is_err() && "0".parse::<Cell>().is_err());
        assert_eq!(Cell::from_bits(-1), None);
    }

    #[test]
    fn family() {
        let cell = Cell::at(TOWN, 9).unwrap();
        let parent = cell.parent(7).unwrap();
        assert_eq!(parent.children(9).len(), 49);
        assert!(parent.children(9).contains(&cell));
        assert_eq!((cell.parent(10), cell.children(8).len(), cell.children(9)), (None, 0, vec![cell]));
        assert_eq!((cell.ring1().len(), cell.disk(2).len()), (6, 19));
        let steps = cell.disk_by_steps(2);
        assert!(steps.contains(&(cell, 0)) && steps.iter().filter(|(_, steps)| *steps == 2).count() == 12);
    }

    #[test]
    fn sizes() {
        let cell = Cell::at(TOWN, 9).unwrap();
        assert!((0.08..0.13).contains(&cell.area_km2()), "{}", cell.area_km2());
        assert_eq!(cell.boundary().len(), 6);
        let next = cell.ring1()[0];
        assert!((250.0..450.0).contains(&cell.distance_m(next)), "{}", cell.distance_m(next));
    }

    #[test]
    fn outside_the_globe_is_none() {
        assert_eq!(Cell::at(Point { lat: 91.0, lon: 0.0 }, 9), None);
        assert_eq!(Cell::at(Point { lat: f64::NAN, lon: 0.0 }, 9), None);
        assert_eq!(Cell::at(TOWN, 16), None);
    }
}
