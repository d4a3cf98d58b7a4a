//! Between plain shapes and the geometry crates: reading GeoJSON, point in polygon, simplifying, covering with cells.

use geo::algorithm::orient::Direction;
use geo::{Intersects, Orient, Simplify};
use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use geojson::{Feature, FeatureCollection, GeoJson};
use h3o::Resolution;
use h3o::geom::{ContainmentMode, TilerBuilder};

use crate::error::{Error, Result};
use crate::space::cell::Cell;
use crate::space::distance::LocalMetres;
use crate::space::point::{Point, Shape};

/// The polygons of one feature and its properties.
pub(super) struct Outline {
    pub properties: serde_json::Map<String, serde_json::Value>,
    pub polygons: Vec<Polygon<f64>>,
}

/// Reads the polygon features of a GeoJSON text.
pub(super) fn read(text: &str) -> Result<Vec<Outline>> {
    let wrong = |message: String| Error::input(message);
    let document: GeoJson =
        text.parse().map_err(|cause: geojson::Error| wrong("this is not GeoJSON".to_owned()).with_cause(cause))?;
    let features: Vec<Feature> = match document {
        GeoJson::FeatureCollection(FeatureCollection { features, .. }) => features,
        GeoJson::Feature(feature) => vec![feature],
        GeoJson::Geometry(geometry) => {
            vec![Feature { geometry: Some(geometry), bbox: None, id: None, properties: None, foreign_members: None }]
        }
    };
    let mut outlines = Vec::with_capacity(features.len());
    for (index, feature) in features.into_iter().enumerate() {
        let place = format!("feature {}", index + 1);
        let geometry = feature.geometry.ok_or_else(|| wrong("has no geometry".to_owned()).at(place.clone()))?;
        let kind = geometry.value.type_name().to_owned();
        let polygons = match geo_types::Geometry::<f64>::try_from(geometry) {
            Ok(geo_types::Geometry::Polygon(polygon)) => vec![polygon],
            Ok(geo_types::Geometry::MultiPolygon(many)) => many.0,
            _ => return Err(wrong(format!("wanted a Polygon or MultiPolygon, found a {kind}")).at(place)),
        };
        for coord in polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())).flatten() {
            check(*coord).map_err(|error| error.at(place.clone()))?;
        }
        if polygons.iter().any(|polygon| polygon.exterior().0.len() < 4) {
            return Err(wrong("an outline needs at least three corners".to_owned()).at(place));
        }
        // Outlines counter-clockwise, holes clockwise (RFC 7946), whatever the file does: areas need it.
        let polygons = polygons.iter().map(|polygon| polygon.orient(Direction::Default)).collect();
        outlines.push(Outline { properties: feature.properties.unwrap_or_default(), polygons });
    }
    Ok(outlines)
}

fn check(coord: Coord<f64>) -> Result<()> {
    if (-180.0..=180.0).contains(&coord.x) && (-90.0..=90.0).contains(&coord.y) {
        return Ok(());
    }
    Err(Error::input("coordinates must be WGS84 longitude and latitude in degrees, in that order"))
}

/// Inside or on the edge.
pub(super) fn covers(polygon: &Polygon<f64>, point: Point) -> bool {
    polygon.intersects(&coord(point))
}

/// Metres (by the flat map around a point) from the point to the nearest place of a line between two others.
pub(super) fn metres_to_line(point: Point, from: Point, to: Point) -> f64 {
    let map = LocalMetres::around(point);
    let (ax, ay) = map.to_metres(from);
    let (bx, by) = map.to_metres(to);
    let (dx, dy) = (bx - ax, by - ay);
    let square = dx * dx + dy * dy;
    let along = if square > 0.0 { (-(ax * dx + ay * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
    (ax + along * dx).hypot(ay + along * dy)
}

/// Every cell that a polygon touches, ascending, each once.
pub(super) fn cover(polygons: &[Polygon<f64>], resolution: u8) -> Result<Vec<Cell>> {
    let resolution = Resolution::try_from(resolution)
        .map_err(|cause| Error::input(format!("{resolution} is not an H3 resolution (0 to 15)")).with_cause(cause))?;
    let mut cells = Vec::new();
    // One tiler a polygon: a polygon smaller than a cell is found only when it is alone.
    for polygon in polygons {
        let mut tiler = TilerBuilder::new(resolution)
            .containment_mode(ContainmentMode::Covers)
            .disable_transmeridian_heuristic()
            .build();
        tiler
            .add(polygon.clone())
            .map_err(|cause| Error::input("an outline cannot be covered with cells").with_cause(cause))?;
        cells.extend(tiler.into_coverage().map(Cell::from_index));
    }
    cells.sort_unstable();
    cells.dedup();
    Ok(cells)
}

/// Fewer corners, none of the old ones further than `metres` from the new line; rings that vanish are dropped.
pub(super) fn simplify(polygon: &Polygon<f64>, metres: f64) -> Option<Polygon<f64>> {
    let origin = to_point(*polygon.exterior().0.first()?);
    let map = LocalMetres::around(origin);
    let flat = |ring: &LineString<f64>| -> LineString<f64> {
        ring.0.iter().map(|c| map.to_metres(to_point(*c))).map(|(x, y)| Coord { x, y }).collect()
    };
    let round =
        |ring: &LineString<f64>| -> LineString<f64> { ring.0.iter().map(|c| coord(map.to_point(c.x, c.y))).collect() };
    let simple = Polygon::new(flat(polygon.exterior()), polygon.interiors().iter().map(flat).collect())
        .simplify(metres.max(0.0));
    if simple.exterior().0.len() < 4 {
        return None;
    }
    let holes = simple.interiors().iter().filter(|ring| ring.0.len() >= 4).map(round).collect();
    Some(Polygon::new(round(simple.exterior()), holes))
}

/// The convex outline of some points and everything within `margin_m` of it; `None` without points.
///
/// The margin is that of a 32-cornered figure around every corner of the hull: up to half a per cent more than
/// `margin_m`, on a flat map that is good to a thousandth.
pub(super) fn hull(points: &[Point], margin_m: f64) -> Option<Polygon<f64>> {
    use geo::ConvexHull;
    const CORNERS: u32 = 32;
    let map = LocalMetres::around(*points.first()?);
    let flat: geo_types::MultiPoint<f64> =
        points.iter().map(|p| map.to_metres(*p)).map(|(x, y)| geo_types::Point::new(x, y)).collect();
    let step = std::f64::consts::TAU / f64::from(CORNERS);
    let radius = margin_m.max(1.0) / (step / 2.0).cos();
    let grown: geo_types::MultiPoint<f64> = flat
        .convex_hull()
        .exterior()
        .0
        .iter()
        .flat_map(|corner| {
            (0..CORNERS).map(|i| {
                let angle = f64::from(i) * step;
                geo_types::Point::new(corner.x + radius * angle.cos(), corner.y + radius * angle.sin())
            })
        })
        .collect();
    let outline = grown.convex_hull().exterior().0.iter().map(|c| coord(map.to_point(c.x, c.y))).collect();
    Some(Polygon::new(outline, Vec::new()))
}

/// One polygon of several, for questions about all of them.
pub(super) fn together(polygons: &[Polygon<f64>]) -> MultiPolygon<f64> {
    MultiPolygon::new(polygons.to_vec())
}

/// As a plain shape.
pub(super) fn to_shape(polygon: &Polygon<f64>) -> Shape {
    let ring = |line: &LineString<f64>| line.0.iter().map(|c| to_point(*c)).collect();
    Shape { rings: std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect() }
}

/// A point as the geometry crates write it.
pub(super) fn coord(point: Point) -> Coord<f64> {
    Coord { x: point.lon, y: point.lat }
}

/// A coordinate as we write it.
pub(super) fn to_point(coord: Coord<f64>) -> Point {
    Point { lat: coord.y, lon: coord.x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let message = |text: &str| read(text).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message("{").contains("not GeoJSON"));
        let line = r#"{"type":"LineString","coordinates":[[0,0],[1,1]]}"#;
        assert!(message(line).contains("found a LineString"), "{}", message(line));
        let metres =
            r#"{"type":"Polygon","coordinates":[[[417000,65000],[418000,65000],[418000,66000],[417000,65000]]]}"#;
        assert!(message(metres).contains("WGS84"), "{}", message(metres));
    }

    #[test]
    fn the_hull_keeps_its_margin() {
        let points = [Point { lat: 49.2, lon: -2.1 }, Point { lat: 49.2, lon: -2.0 }, Point { lat: 49.25, lon: -2.05 }];
        for some in [&points[..1], &points[..2], &points[..]] {
            let outline = hull(some, 500.0).unwrap();
            for point in some {
                let metres = outline
                    .exterior()
                    .lines()
                    .map(|line| metres_to_line(*point, to_point(line.start), to_point(line.end)))
                    .fold(f64::INFINITY, f64::min);
                assert!(covers(&outline, *point) && (499.0..505.0).contains(&metres), "{metres}");
            }
        }
        assert!(hull(&[], 500.0).is_none());
    }
}
