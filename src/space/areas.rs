//! Named areas: parishes, vingtaines, beats. Which one holds a point?

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use geo_types::Polygon;
use rstar::primitives::{GeomWithData, Line, Rectangle};
use rstar::{AABB, RTree};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::space::cell::Cell;
use crate::space::distance::LocalMetres;
use crate::space::point::{Bounds, Point, Shape};
use crate::space::raster::{Raster, Square};
use crate::space::shapes;

const PARISHES: &str = include_str!("../../data-samples/geo/parishes.geojson");
const COAST: &str = include_str!("../../data-samples/geo/coastline.geojson");

/// A cell that is no wider and no higher is small.
const SMALL_DEGREES: f64 = 0.01;

/// Areas with an index for "which one holds this point".
#[derive(Debug)]
pub struct Areas {
    /// No other areas of this process have it.
    number: u64,
    areas: Vec<Area>,
    index: RTree<BoxOf>,
    /// Made when the first point is looked for.
    raster: OnceLock<Raster>,
    /// Made when the first point near an outline is looked for.
    edges: OnceLock<RTree<EdgeOf>>,
}

/// The box of one polygon: which area, which of its polygons.
type BoxOf = GeomWithData<Rectangle<[f64; 2]>, (usize, usize)>;

/// One edge of an outline or a hole: which area.
type EdgeOf = GeomWithData<Line<[f64; 2]>, usize>;

/// One named area.
#[derive(Debug, Clone)]
pub struct Area {
    /// Name.
    pub name: String,
    /// Code, where the file has one.
    pub code: Option<String>,
    polygons: Vec<Polygon<f64>>,
}

impl Area {
    /// Its polygons.
    pub fn shapes(&self) -> Vec<Shape> {
        self.polygons.iter().map(shapes::to_shape).collect()
    }

    /// Its polygons with fewer corners, none moved further than `metres`; parts that vanish are dropped.
    pub fn simplified(&self, metres: f64) -> Vec<Shape> {
        self.polygons
            .iter()
            .filter_map(|polygon| shapes::simplify(polygon, metres))
            .map(|p| shapes::to_shape(&p))
            .collect()
    }

    /// The box around it.
    pub fn bounds(&self) -> Option<Bounds> {
        let corners: Vec<Point> =
            self.polygons.iter().flat_map(|p| p.exterior().0.iter()).map(|c| shapes::to_point(*c)).collect();
        Bounds::around(&corners)
    }

    /// A point well inside the largest part, for a label; the middle of the box where the area is hollow there.
    pub fn label_point(&self) -> Option<Point> {
        use geo::{Area as _, InteriorPoint};
        let largest = self.polygons.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?;
        largest.interior_point().map(|p| Point { lat: p.y(), lon: p.x() })
    }
}

impl Areas {
    /// Reads polygon features; each area is named by `name_property`. The code comes from the property `code` or
    /// `NAME_code`, if there is one.
    ///
    /// # Errors
    /// `Input` naming the feature: no GeoJSON, not a polygon, no name, coordinates that are not WGS84 degrees.
    ///
    /// # Example
    /// ```
    /// use vigie::space::{Areas, Point};
    /// let square = r#"{"type": "Feature", "properties": {"beat": "Harbour"}, "geometry":
    ///     {"type": "Polygon", "coordinates": [[[-2.2, 49.1], [-2.1, 49.1], [-2.1, 49.2], [-2.2, 49.2], [-2.2, 49.1]]]}}"#;
    /// let beats = Areas::from_geojson(square, "beat")?;
    /// assert_eq!(beats.find(Point { lat: 49.15, lon: -2.15 }), Some("Harbour"));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn from_geojson(text: &str, name_property: &str) -> Result<Self> {
        let mut areas = Vec::new();
        for (index, outline) in shapes::read(text)?.into_iter().enumerate() {
            let word = |key: &str| match outline.properties.get(key) {
                Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            let name = word(name_property).ok_or_else(|| {
                let found: Vec<&str> = outline.properties.keys().map(String::as_str).collect();
                Error::input(format!("wanted a property `{name_property}`, found {}", found.join(", ")))
                    .at(format!("feature {}", index + 1))
            })?;
            let code = word("code").or_else(|| word(&format!("{name_property}_code")));
            areas.push(Area { name, code, polygons: outline.polygons });
        }
        if areas.is_empty() {
            return Err(Error::input("the file holds no area"));
        }
        Ok(Self::new(areas))
    }

    fn new(areas: Vec<Area>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let mut boxes = Vec::new();
        for (a, area) in areas.iter().enumerate() {
            for (p, polygon) in area.polygons.iter().enumerate() {
                let corners: Vec<[f64; 2]> = polygon.exterior().0.iter().map(|c| [c.x, c.y]).collect();
                boxes.push(GeomWithData::new(Rectangle::from_aabb(AABB::from_points(&corners)), (a, p)));
            }
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { number, areas, index: RTree::bulk_load(boxes), raster: OnceLock::new(), edges: OnceLock::new() }
    }

    /// The twelve parishes of Jersey, approximate (see `data-samples/geo/README.md`), with their codes.
    ///
    /// # Errors
    /// None in practice: the file is embedded and tested.
    pub fn jersey_parishes() -> Result<Self> {
        Self::from_geojson(PARISHES, "parish")
    }

    /// The land of Jersey: the main island first, then its reefs.
    ///
    /// # Errors
    /// None in practice: the file is embedded and tested.
    pub fn jersey_coast() -> Result<Self> {
        Self::from_geojson(COAST, "name")
    }

    /// Name of the area that holds a point, edges included; of several, the first of the file.
    pub fn find(&self, point: Point) -> Option<&str> {
        let area = match self.raster().at(point) {
            Square::Inside(area) => Some(area),
            Square::Outside => None,
            Square::Crossed => self.search(point),
        };
        area.map(|area| self.areas[area].name.as_str())
    }

    fn raster(&self) -> &Raster {
        self.raster.get_or_init(|| Raster::new(&self.polygons(), |point| self.search(point)))
    }

    /// Place in the file of the area that [`Areas::find`] names for every point of a small cell, if there is one and
    /// the cell lies well inside of it.
    pub(super) fn around(&self, cell: Cell) -> Option<usize> {
        let corners = Bounds::around(&cell.boundary())?;
        let (height, width) = (corners.north - corners.south, corners.east - corners.west);
        // The sides of a cell that is small bend outwards by far less than a hundredth of it.
        if height.max(width) > SMALL_DEGREES {
            return None;
        }
        self.raster().around(&corners.widened(height.max(width) / 100.0))
    }

    /// Name of the area at a place in the file.
    pub(super) fn name(&self, area: usize) -> Option<&str> {
        self.areas.get(area).map(|area| area.name.as_str())
    }

    /// What tells these areas from all others of this process.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Place in the file of the area that holds a point, by its outline.
    fn search(&self, point: Point) -> Option<usize> {
        self.index
            .locate_all_at_point(&[point.lon, point.lat])
            .map(|hit| hit.data)
            .filter(|&(a, p)| shapes::covers(&self.areas[a].polygons[p], point))
            .min()
            .map(|(a, _)| a)
    }

    /// Name of the area that holds a point, or else of the nearest within `metres`: for cells and points just off the
    /// coast. Of several equally near, the first of the file.
    pub fn find_near(&self, point: Point, metres: f64) -> Option<&str> {
        if let Some(name) = self.find(point) {
            return Some(name);
        }
        let map = LocalMetres::around(point);
        let (low, high) = (map.to_point(-metres, -metres), map.to_point(metres, metres));
        let reach = AABB::from_corners([low.lon, low.lat], [high.lon, high.lat]);
        self.edges
            .get_or_init(|| self.all_edges())
            .locate_in_envelope_intersecting(&reach)
            .map(|edge| (shapes::metres_to_line(point, corner(edge.geom().from), corner(edge.geom().to)), edge.data))
            .filter(|(distance, _)| *distance <= metres)
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|(_, area)| self.areas[area].name.as_str())
    }

    fn all_edges(&self) -> RTree<EdgeOf> {
        let mut edges = Vec::new();
        for (index, area) in self.areas.iter().enumerate() {
            for ring in area.polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())) {
                let ends =
                    |line: geo_types::Line<f64>| Line::new([line.start.x, line.start.y], [line.end.x, line.end.y]);
                edges.extend(ring.lines().map(|line| GeomWithData::new(ends(line), index)));
            }
        }
        RTree::bulk_load(edges)
    }

    /// The box around all areas; `None` without any.
    pub fn bounds(&self) -> Option<Bounds> {
        let envelope = self.index.root().envelope();
        let ([west, south], [east, north]) = (envelope.lower(), envelope.upper());
        (self.index.size() > 0).then_some(Bounds { west, south, east, north })
    }

    /// The areas in file order.
    pub fn iter(&self) -> impl Iterator<Item = &Area> {
        self.areas.iter()
    }

    /// Names in file order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.areas.iter().map(|area| area.name.as_str())
    }

    /// Number of areas.
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Whether there is none (never, from a file).
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// All polygons of all areas, in file order.
    pub fn shapes(&self) -> Vec<Shape> {
        self.areas.iter().flat_map(Area::shapes).collect()
    }

    pub(super) fn polygons(&self) -> Vec<Polygon<f64>> {
        self.areas.iter().flat_map(|area| area.polygons.iter().cloned()).collect()
    }
}

fn corner([lon, lat]: [f64; 2]) -> Point {
    Point { lat, lon }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_parishes_and_their_codes() {
        let parishes = Areas::jersey_parishes().unwrap();
        assert_eq!(parishes.len(), 12);
        let helier = parishes.iter().find(|area| area.name == "St Helier").unwrap();
        assert_eq!(helier.code.as_deref(), Some("04"));
        let town = Point { lat: 49.1868, lon: -2.1067 };
        assert_eq!(parishes.find(town), Some("St Helier"));
        assert_eq!(parishes.find(Point { lat: 49.2079, lon: -2.1955 }), Some("St Peter"));
        assert_eq!(parishes.find(Point { lat: 49.0, lon: -2.1 }), None);
    }

    #[test]
    fn off_the_coast_the_nearest_parish_counts() {
        let parishes = Areas::jersey_parishes().unwrap();
        let at_sea = Point { lat: 49.2, lon: -2.26 };
        assert_eq!(parishes.find(at_sea), None);
        assert_eq!(parishes.find_near(at_sea, 10_000.0), parishes.find_near(at_sea, 20_000.0));
        assert_eq!(parishes.find_near(at_sea, 10.0), None);
    }

    #[test]
    fn the_nearest_is_that_of_every_edge_looked_at() {
        use rand::{RngExt as _, SeedableRng as _};
        let parishes = Areas::jersey_parishes().unwrap();
        let mut random = rand_pcg::Pcg64::seed_from_u64(2);
        let mut near = 0;
        for _ in 0..2_000 {
            let point = Point { lat: random.random_range(49.14..49.28), lon: random.random_range(-2.28..-1.98) };
            if parishes.find(point).is_some() {
                continue;
            }
            let edges = parishes.areas.iter().flat_map(|area| {
                let rings = area.polygons.iter().flat_map(|p| p.exterior().lines());
                rings.map(move |line| (area, shapes::to_point(line.start), shapes::to_point(line.end)))
            });
            let (metres, wanted) = edges
                .map(|(area, from, to)| (shapes::metres_to_line(point, from, to), area.name.as_str()))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .unwrap();
            near += usize::from(metres < 250.0);
            assert_eq!(parishes.find_near(point, metres + 0.001), Some(wanted), "{point:?}");
            assert_eq!(parishes.find_near(point, metres - 0.001), None, "{point:?}");
        }
        assert!(near > 20, "{near} points near the coast");
    }

    #[test]
    fn the_box_around_all() {
        let around = Areas::jersey_parishes().unwrap().bounds().unwrap();
        assert!(around.contains(Point { lat: 49.2, lon: -2.1 }) && !around.contains(Point { lat: 48.0, lon: -2.1 }));
        assert!(around.widened(1.0).contains(Point { lat: 48.3, lon: -2.1 }));
    }

    #[test]
    fn fewer_corners_same_place() {
        let coast = Areas::jersey_coast().unwrap();
        let island = coast.iter().next().unwrap();
        let (full, simple) = (island.shapes(), island.simplified(100.0));
        assert_eq!((full.len(), simple.len()), (1, 1));
        assert!(simple[0].rings[0].len() * 2 < full[0].rings[0].len());
        assert_eq!(simple[0].rings[0].first(), simple[0].rings[0].last());
    }

    #[test]
    fn a_missing_name_says_what_was_found() {
        let text = r#"{"type":"Feature","properties":{"id":1},"geometry":
            {"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}"#;
        let error = Areas::from_geojson(text, "parish").unwrap_err().to_string();
        assert!(error.contains("feature 1") && error.contains("`parish`") && error.contains("id"), "{error}");
    }

    #[test]
    fn quick_and_exact_agree() {
        use rand::{RngExt as _, SeedableRng as _};
        let parishes = Areas::jersey_parishes().unwrap();
        let mut random = rand_pcg::Pcg64::seed_from_u64(1);
        let corners = parishes.areas.iter().flat_map(|a| a.polygons.iter()).flat_map(|p| p.exterior().0.clone());
        let mut points: Vec<Point> = corners.map(shapes::to_point).collect();
        points.extend(
            (0..100_000).map(|_| Point { lat: random.random_range(49.1..49.3), lon: random.random_range(-2.3..-1.9) }),
        );
        for point in points {
            let exact = parishes.search(point).map(|area| parishes.areas[area].name.as_str());
            assert_eq!(parishes.find(point), exact, "{point:?}");
        }
    }

    #[test]
    fn a_shared_edge_belongs_to_the_first() {
        let text = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","properties":{"n":"west"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}},
            {"type":"Feature","properties":{"n":"east"},"geometry":{"type":"Polygon","coordinates":[[[1,0],[2,0],[2,1],[1,1],[1,0]]]}}]}"#;
        let areas = Areas::from_geojson(text, "n").unwrap();
        assert_eq!(areas.find(Point { lat: 0.5, lon: 1.0 }), Some("west"));
        assert_eq!(areas.find(Point { lat: 0.5, lon: 1.1 }), Some("east"));
    }
}
