//! Released answers and base geography as the features of vector tiles. Cells carry small integers only: a tile of a
//! town stays within a few kilobytes, and nothing finer than a cell is in it.

use super::mvt::{Feature, Geometry, Layer, Value};
use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::HotspotMap;
use crate::space::areas::Areas;
use crate::space::point::{Bounds, Point};
use crate::space::roads::RoadMap;
use crate::space::study_area::StudyArea;
use crate::space::tile::TileId;

/// Part of a tile's width that features may reach beyond it, so that outlines do not break at its edge.
const MARGIN: f64 = 0.02;

/// Cells with their significance: `n` count, `z` ten times the z score, `b` bin from -3 to 3, `i` place in the map.
pub fn hotspots(map: &Released<HotspotMap>, tile: TileId) -> Layer {
    cells("hotspots", map, tile, true)
}

/// Cells with their count `n`; empty cells are left out.
pub fn counts(name: &'static str, map: &Released<HotspotMap>, tile: TileId) -> Layer {
    cells(name, map, tile, false)
}

fn cells(name: &'static str, map: &Released<HotspotMap>, tile: TileId, scores: bool) -> Layer {
    let bounds = tile.bounds_with_margin(MARGIN);
    let mut features = Vec::new();
    for (index, row) in map.rows.iter().enumerate() {
        let count = row.count.unwrap_or(0);
        // Most cells are elsewhere: their centre tells, and spares the outline.
        if (!scores && count == 0) || !near(bounds, row.centre) {
            continue;
        }
        let ring = row.cell.boundary();
        if !Bounds::around(&ring).is_some_and(|b| b.touches(&bounds)) {
            continue;
        }
        let mut properties = Vec::with_capacity(4);
        if let Some(count) = row.count {
            properties.push(("n", Value::Int(i64::try_from(count).unwrap_or(i64::MAX))));
        }
        if scores {
            if let Some(z) = row.z {
                properties.push(("z", Value::Int((z * 10.0).round() as i64)));
            }
            properties.push(("b", Value::Int(i64::from(row.bin.level()))));
            properties.push(("i", Value::Int(index as i64)));
        }
        features.push(Feature { id: Some(index as u64), geometry: Geometry::Polygon(vec![ring]), properties });
    }
    Layer { name, features }
}

/// Within the box grown by the size of a coarse cell: a cheap first sieve.
fn near(bounds: Bounds, centre: Point) -> bool {
    let reach = 0.05;
    (bounds.south - reach..=bounds.north + reach).contains(&centre.lat)
        && (bounds.west - reach..=bounds.east + reach).contains(&centre.lon)
}

/// Coast, roads and place names.
pub fn base(coast: &StudyArea, land: Option<&Areas>, roads: Option<&RoadMap>, tile: TileId) -> Vec<Layer> {
    let bounds = tile.bounds_with_margin(MARGIN);
    let outlines = match land {
        Some(land) => land.shapes(),
        None => coast.shapes(),
    };
    let coast = outlines
        .into_iter()
        .filter(|shape| shape.bounds().is_some_and(|b| b.touches(&bounds)))
        .map(|shape| Feature { id: None, geometry: Geometry::Polygon(shape.rings), properties: Vec::new() })
        .collect();
    let lines = roads.into_iter().flat_map(|roads| roads.within(bounds));
    let roads = lines
        .filter(|road| shown_at(&road.class, tile.zoom()))
        .map(|road| Feature {
            id: None,
            geometry: Geometry::Line(road.line.clone()),
            properties: vec![("class", Value::Text(road.class.clone()))],
        })
        .collect();
    vec![Layer { name: "coast", features: coast }, Layer { name: "roads", features: roads }]
}

/// Lanes only where there is room for them.
fn shown_at(class: &str, zoom: u8) -> bool {
    match class {
        "main" => true,
        "secondary" => zoom >= 10,
        "minor" => zoom >= 12,
        _ => zoom >= 13,
    }
}

/// Named areas and a point in each for its label.
pub fn areas(areas: &Areas, tile: TileId) -> Vec<Layer> {
    let bounds = tile.bounds_with_margin(MARGIN);
    let mut polygons = Vec::new();
    let mut labels = Vec::new();
    for area in areas.iter() {
        let name = ("name", Value::Text(area.name.clone()));
        if let Some(point) = area.label_point().filter(|point| bounds.contains(*point)) {
            labels.push(Feature { id: None, geometry: Geometry::Point(point), properties: vec![name.clone()] });
        }
        for shape in area.shapes().into_iter().filter(|s| s.bounds().is_some_and(|b| b.touches(&bounds))) {
            polygons.push(Feature { id: None, geometry: Geometry::Polygon(shape.rings), properties: vec![name.clone()] });
        }
    }
    vec![Layer { name: "areas", features: polygons }, Layer { name: "areas_label", features: labels }]
}

/// A camera to draw.
#[derive(Debug, Clone)]
pub struct CameraMark {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub point: Point,
    /// Whether it was heard of on the last day.
    pub live: bool,
}

/// Cameras as points with `name` and `live`.
pub fn cameras(marks: &[CameraMark], tile: TileId) -> Layer {
    let bounds = tile.bounds_with_margin(MARGIN);
    let features = marks
        .iter()
        .filter(|mark| bounds.contains(mark.point))
        .map(|mark| Feature {
            id: None,
            geometry: Geometry::Point(mark.point),
            properties: vec![("name", Value::Text(mark.name.clone())), ("live", Value::Int(i64::from(mark.live)))],
        })
        .collect();
    Layer { name: "cameras", features }
}
