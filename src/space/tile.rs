//! Map tiles in Web Mercator: which part of the world a tile shows, and where on it a point falls.

use std::f64::consts::PI;

use crate::error::{Error, Result};
use crate::space::cell::Cell;
use crate::space::point::{Bounds, Point};

/// Units along a tile's side in a vector tile.
pub const EXTENT: u32 = 4096;

/// Finest zoom served.
pub const MAX_ZOOM: u8 = 22;

/// More cells than this never go into one tile.
pub const MAX_CELLS: usize = 20_000;

/// A tile that exists: zoom at most 22, column and row inside that zoom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileId {
    zoom: u8,
    column: u32,
    row: u32,
}

impl TileId {
    /// Checks zoom, column and row.
    ///
    /// # Errors
    /// `Input` naming the range.
    ///
    /// # Example
    /// ```
    /// use vigie::space::TileId;
    /// assert!(TileId::new(9, 252, 174).is_ok());
    /// assert!(TileId::new(1, 2, 0).is_err());
    /// ```
    pub fn new(zoom: u8, column: u32, row: u32) -> Result<Self> {
        if zoom > MAX_ZOOM {
            return Err(Error::input(format!("zoom {zoom} is outside 0 to {MAX_ZOOM}")));
        }
        let last = (1_u32 << zoom) - 1;
        if column > last || row > last {
            return Err(Error::input(format!("tile {column}/{row} is outside 0 to {last} of zoom {zoom}")));
        }
        Ok(Self { zoom, column, row })
    }

    /// The tile of a zoom that shows a point; `None` beyond the Mercator latitudes or a zoom over 22.
    pub fn at(point: Point, zoom: u8) -> Option<Self> {
        let size = f64::from(1_u32.checked_shl(u32::from(zoom)).filter(|_| zoom <= MAX_ZOOM)?);
        let (x, y) = mercator(point);
        let inside = |v: f64| (0.0..=1.0).contains(&v).then(|| (v * size).floor().min(size - 1.0) as u32);
        TileId::new(zoom, inside(x)?, inside(y)?).ok()
    }

    /// Zoom.
    pub fn zoom(self) -> u8 {
        self.zoom
    }

    /// Column, from the west.
    pub fn column(self) -> u32 {
        self.column
    }

    /// Row, from the north.
    pub fn row(self) -> u32 {
        self.row
    }

    /// What it shows.
    pub fn bounds(self) -> Bounds {
        self.bounds_with_margin(0.0)
    }

    /// What it shows, and so much of its width on every side: for shapes that cross the edge.
    pub fn bounds_with_margin(self, share: f64) -> Bounds {
        let size = f64::from(1_u32 << self.zoom);
        let longitude = |x: f64| (x / size).clamp(0.0, 1.0) * 360.0 - 180.0;
        let latitude = |y: f64| (PI * (1.0 - 2.0 * (y / size).clamp(0.0, 1.0))).sinh().atan().to_degrees();
        let (x, y) = (f64::from(self.column), f64::from(self.row));
        Bounds {
            west: longitude(x - share),
            south: latitude(y + 1.0 + share),
            east: longitude(x + 1.0 + share),
            north: latitude(y - share),
        }
    }

    /// Where on the tile a point falls, in units of [`EXTENT`] from its north-west corner, x to the east and y to the
    /// south; outside 0 to 4096 for a point outside.
    ///
    /// **Method**: spherical Web Mercator (EPSG:3857); latitudes beyond ±85.06° are clamped.
    pub fn project(self, point: Point) -> (f64, f64) {
        let size = f64::from(1_u32 << self.zoom);
        let (x, y) = mercator(point);
        let extent = f64::from(EXTENT);
        ((x * size - f64::from(self.column)) * extent, (y * size - f64::from(self.row)) * extent)
    }

    /// Every cell of a resolution that could show on the tile, ascending; some lie just outside.
    ///
    /// # Errors
    /// `Input` if there would be more than [`MAX_CELLS`]: ask for a coarser resolution.
    pub fn cells(self, resolution: u8) -> Result<Vec<Cell>> {
        let bounds = self.bounds();
        let too_many = || Error::input(format!("resolution {resolution} is too fine for tiles of zoom {}", self.zoom));
        let centre =
            Point { lat: f64::midpoint(bounds.south, bounds.north), lon: f64::midpoint(bounds.west, bounds.east) };
        let cell = Cell::at(centre, resolution)
            .ok_or_else(|| Error::input(format!("{resolution} is not an H3 resolution (0 to 15)")))?;
        let corner = |lat: f64, lon: f64| crate::space::distance::great_circle_m(centre, Point { lat, lon });
        let reach_m = corner(bounds.south, bounds.west)
            .max(corner(bounds.north, bounds.west))
            .max(corner(if bounds.south < 0.0 { bounds.south } else { bounds.north }, bounds.east));
        // The inradius of a hexagon is half the distance of two centres; cells shrink by less than a half nearby.
        let step_m = (cell.area_km2() * 1e6 * 2.0 / 3.0_f64.sqrt()).sqrt() * 0.7;
        let steps = (reach_m / step_m).ceil() + 1.0;
        if 3.0 * steps * (steps + 1.0) + 1.0 > (MAX_CELLS * 4) as f64 {
            return Err(too_many());
        }
        let mut cells = cell.disk(steps as u32);
        cells.retain(|cell| Bounds::around(&cell.boundary()).is_some_and(|around| around.touches(&bounds)));
        if cells.len() > MAX_CELLS {
            return Err(too_many());
        }
        Ok(cells)
    }
}

/// Web Mercator, 0 to 1 from the north-west.
fn mercator(point: Point) -> (f64, f64) {
    const LIMIT: f64 = 85.051_128_779_806_59;
    let lat = point.lat.clamp(-LIMIT, LIMIT).to_radians();
    (point.lon / 360.0 + 0.5, 0.5 - lat.tan().asinh() / (2.0 * PI))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOWN: Point = Point { lat: 49.1868, lon: -2.1067 };

    #[test]
    fn tiles_that_do_not_exist_are_refused() {
        for (z, x, y) in [(0, 1, 0), (3, 8, 0), (3, 0, 8), (23, 0, 0), (255, 0, 0)] {
            assert!(TileId::new(z, x, y).is_err(), "{z}/{x}/{y}");
        }
        assert!(TileId::new(22, (1 << 22) - 1, 0).is_ok());
    }

    #[test]
    fn the_world_is_tile_nought() {
        let world = TileId::new(0, 0, 0).unwrap().bounds();
        assert!((world.west + 180.0).abs() < 1e-9 && (world.north - 85.051_128_779_8).abs() < 1e-9);
    }

    #[test]
    fn a_point_falls_on_its_tile() {
        for zoom in 0..=22 {
            let tile = TileId::at(TOWN, zoom).unwrap();
            let (x, y) = tile.project(TOWN);
            assert!(tile.bounds().contains(TOWN));
            assert!((0.0..4096.0).contains(&x) && (0.0..4096.0).contains(&y), "{zoom}: {x} {y}");
        }
        assert_eq!(TileId::at(TOWN, 23), None);
        // By the usual slippy-map formula.
        let tile = TileId::at(TOWN, 14).unwrap();
        assert_eq!((tile.column(), tile.row()), (8096, 5613));
    }

    #[test]
    fn corners_project_to_the_corners() {
        let tile = TileId::at(TOWN, 12).unwrap();
        let b = tile.bounds();
        let (x, y) = tile.project(Point { lat: b.north, lon: b.west });
        assert!(x.abs() < 1e-6 && y.abs() < 1e-6);
        let (x, y) = tile.project(Point { lat: b.south, lon: b.east });
        assert!((x - 4096.0).abs() < 1e-6 && (y - 4096.0).abs() < 1e-6);
    }

    #[test]
    fn every_point_of_a_tile_is_in_one_of_its_cells() {
        let tile = TileId::at(TOWN, 12).unwrap();
        let cells = tile.cells(9).unwrap();
        let b = tile.bounds();
        for i in 0..=20 {
            for j in 0..=20 {
                let point = Point {
                    lat: b.south + (b.north - b.south) * f64::from(i) / 20.0,
                    lon: b.west + (b.east - b.west) * f64::from(j) / 20.0,
                };
                assert!(cells.binary_search(&Cell::at(point, 9).unwrap()).is_ok());
            }
        }
        assert!(TileId::new(0, 0, 0).unwrap().cells(9).is_err());
    }
}
