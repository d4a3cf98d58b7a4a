//! The study area: every cell that could hold an incident, zeros included. Without it a map has no zeros and Gi* no
//! meaning.

use std::sync::OnceLock;

use geo_types::Polygon;

use crate::error::{Error, Result};
use crate::space::areas::Areas;
use crate::space::cell::Cell;
use crate::space::point::{Bounds, Point, Shape};
use crate::space::shapes;

/// Where questions are asked.
#[derive(Debug)]
pub struct StudyArea {
    /// Name, as every answer shows it.
    pub name: String,
    /// How it came about, in words, as every answer shows it.
    pub how: String,
    polygons: Vec<Polygon<f64>>,
    bounds: Bounds,
    cells: [OnceLock<Vec<Cell>>; 16],
}

impl StudyArea {
    fn new(name: &str, how: &str, polygons: Vec<Polygon<f64>>) -> Result<Self> {
        let corners: Vec<Point> =
            polygons.iter().flat_map(|p| p.exterior().0.iter()).map(|c| shapes::to_point(*c)).collect();
        let bounds = Bounds::around(&corners).ok_or_else(|| Error::input("the study area has no outline"))?;
        // Fails here, once, if it fails at all: later covers are of the same polygons.
        shapes::cover(&polygons, 0)?;
        Ok(Self { name: name.to_owned(), how: how.to_owned(), polygons, bounds, cells: Default::default() })
    }

    /// The main island of Jersey; its reefs hold no incidents and are left out.
    ///
    /// # Errors
    /// None in practice: the file is embedded and tested.
    ///
    /// # Example
    /// ```
    /// use vigie::space::StudyArea;
    /// let jersey = StudyArea::jersey()?;
    /// assert!((1_000..1_500).contains(&jersey.cells(9)?.len()));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn jersey() -> Result<Self> {
        let mut polygons = Areas::jersey_coast()?.polygons();
        polygons.truncate(1);
        Self::new("Jersey", "the main island of the embedded coastline (GSHHG)", polygons)
    }

    /// The union of loaded areas.
    ///
    /// # Errors
    /// `Input` if an outline cannot be covered with cells.
    pub fn of_areas(name: &str, areas: &Areas) -> Result<Self> {
        let how = format!("the union of {} loaded areas", areas.len());
        Self::new(name, &how, areas.polygons())
    }

    /// The polygons of a GeoJSON text.
    ///
    /// # Errors
    /// `Input` naming the feature.
    pub fn from_geojson(name: &str, text: &str) -> Result<Self> {
        let polygons = shapes::read(text)?.into_iter().flat_map(|outline| outline.polygons).collect();
        Self::new(name, "the loaded boundary", polygons)
    }

    /// The convex hull of the records and `margin_m` metres around it: the stand-in where no boundary is loaded, and
    /// said so in every answer. It holds sea and empty land, so it makes hotspots look more certain than they are.
    ///
    /// # Errors
    /// `Data` without points.
    pub fn hull(points: &[Point], margin_m: f64) -> Result<Self> {
        let outline = shapes::hull(points, margin_m)
            .ok_or_else(|| Error::data("no record has a position, so there is no hull to take as the study area"))?;
        let how = format!("the convex hull of the records and {margin_m:.0} m around it; no boundary is loaded");
        Self::new("hull of the data", &how, vec![outline])
    }

    /// Every cell that touches the area, ascending. Worked out once a resolution.
    ///
    /// # Errors
    /// `Input` for a resolution over 15.
    pub fn cells(&self, resolution: u8) -> Result<&[Cell]> {
        let slot = self
            .cells
            .get(usize::from(resolution))
            .ok_or_else(|| Error::input(format!("{resolution} is not an H3 resolution (0 to 15)")))?;
        if let Some(cells) = slot.get() {
            return Ok(cells);
        }
        let cells = shapes::cover(&self.polygons, resolution)?;
        Ok(slot.get_or_init(|| cells))
    }

    /// Whether a cell touches the area.
    pub fn contains_cell(&self, cell: Cell) -> bool {
        self.cells(cell.resolution()).is_ok_and(|cells| cells.binary_search(&cell).is_ok())
    }

    /// Whether a point lies inside or on the edge.
    pub fn contains(&self, point: Point) -> bool {
        self.bounds.contains(point) && self.polygons.iter().any(|polygon| shapes::covers(polygon, point))
    }

    /// The box around it.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Its polygons.
    pub fn shapes(&self) -> Vec<Shape> {
        self.polygons.iter().map(shapes::to_shape).collect()
    }

    /// Area of its land (not of its cells) in square kilometres, on the ellipsoid.
    pub fn area_km2(&self) -> f64 {
        use geo::GeodesicArea;
        shapes::together(&self.polygons).geodesic_area_unsigned() / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_island_and_its_cells() {
        let jersey = StudyArea::jersey().unwrap();
        assert!((jersey.area_km2() - 121.4).abs() < 2.0, "{}", jersey.area_km2());
        let cells = jersey.cells(9).unwrap();
        assert!(cells.is_sorted() && cells.windows(2).all(|pair| pair[0] != pair[1]));
        let town = Point { lat: 49.1868, lon: -2.1067 };
        assert!(jersey.contains(town) && jersey.contains_cell(Cell::at(town, 9).unwrap()));
        assert!(!jersey.contains_cell(Cell::at(Point { lat: 49.0, lon: -2.1 }, 9).unwrap()));
        let covered: f64 = cells.iter().map(|cell| cell.area_km2()).sum();
        assert!(covered > jersey.area_km2() && covered < jersey.area_km2() * 1.3, "{covered}");
        assert!(jersey.cells(16).is_err());
    }

    #[test]
    fn every_point_of_the_coast_has_its_cell() {
        let jersey = StudyArea::jersey().unwrap();
        for point in &jersey.shapes()[0].rings[0] {
            assert!(jersey.contains_cell(Cell::at(*point, 9).unwrap()), "{point:?}");
        }
    }

    #[test]
    fn a_hull_says_so() {
        let points = [Point { lat: 49.2, lon: -2.1 }];
        let hull = StudyArea::hull(&points, 500.0).unwrap();
        assert!(hull.how.contains("500 m") && hull.contains(points[0]));
        assert!((hull.area_km2() - 0.785).abs() < 0.02, "{}", hull.area_km2());
        assert!(!hull.cells(9).unwrap().is_empty());
        assert!(StudyArea::hull(&[], 500.0).is_err());
    }
}
