//! The layers of the map: which shapes and properties each carries. Cells outside the tile never leave the server.

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::HotspotMap;
use crate::render::mvt::{Feature, Geometry, Layer, Value};
use crate::space::roads::RoadMap;
use crate::space::{Areas, Bounds, Point, Shape, StudyArea, TileId};

/// Share of a tile's width that shapes may lie beyond its edge.
const MARGIN: f64 = 0.05;

/// Places named on the map of Jersey, most important first.
pub const JERSEY_PLACES: [(&str, Point); 11] = [
    ("St Helier", Point { lat: 49.1858, lon: -2.1060 }),
    ("St Aubin", Point { lat: 49.1873, lon: -2.1700 }),
    ("Gorey", Point { lat: 49.1990, lon: -2.0260 }),
    ("Airport", Point { lat: 49.2079, lon: -2.1955 }),
    ("Red Houses", Point { lat: 49.1890, lon: -2.1940 }),
    ("Five Oaks", Point { lat: 49.1975, lon: -2.0830 }),
    ("L'Étacq", Point { lat: 49.2400, lon: -2.2400 }),
    ("Grève de Lecq", Point { lat: 49.2470, lon: -2.2030 }),
    ("Bonne Nuit", Point { lat: 49.2510, lon: -2.1160 }),
    ("Rozel", Point { lat: 49.2360, lon: -2.0460 }),
    ("Corbière", Point { lat: 49.1800, lon: -2.2490 }),
];

/// A camera on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraMark {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub point: Point,
    /// Whether it was heard of lately.
    pub live: bool,
}

/// Cells by how far they stand out: `n` count, `z` ten times the score, `b` bin from −3 to 3, `i` index of the row.
/// A count or score that is suppressed or undefined is left out.
pub fn hotspots(answer: &Released<HotspotMap>, tile: TileId) -> Layer {
    let bounds = tile.bounds_with_margin(MARGIN);
    let mut features = Vec::new();
    for (index, row) in answer.rows.iter().enumerate() {
        let ring = row.cell.boundary();
        if !near(&ring, &bounds) {
            continue;
        }
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        let mut properties = vec![("i", Value::Int(index)), ("b", Value::Int(i64::from(row.bin.level())))];
        if let Some(count) = row.count {
            properties.push(("n", Value::Int(i64::try_from(count).unwrap_or(i64::MAX))));
        }
        if let Some(z) = row.z {
            properties.push(("z", Value::Int((z * 10.0).round() as i64)));
        }
        features.push(Feature { id: Some(row.cell.bits() as u64), geometry: Geometry::Polygon(vec![ring]), properties });
    }
    Layer { name: "hotspots", features }
}

/// Cells with records: `n` count. Empty and suppressed cells are left out.
pub fn counts(name: &'static str, answer: &Released<HotspotMap>, tile: TileId) -> Layer {
    let bounds = tile.bounds_with_margin(MARGIN);
    let features = answer
        .rows
        .iter()
        .filter_map(|row| {
            let count = row.count.filter(|n| *n > 0)?;
            let ring = row.cell.boundary();
            near(&ring, &bounds).then(|| Feature {
                id: Some(row.cell.bits() as u64),
                geometry: Geometry::Polygon(vec![ring]),
                properties: vec![("n", Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))],
            })
        })
        .collect();
    Layer { name, features }
}

/// Cameras as points: `name`, `live`.
pub fn cameras(marks: &[CameraMark], tile: TileId) -> Layer {
    let bounds = tile.bounds_with_margin(MARGIN);
    let features = marks
        .iter()
        .filter(|mark| bounds.contains(mark.point))
        .map(|mark| Feature {
            id: None,
            geometry: Geometry::Point(mark.point),
            properties: vec![
                ("name", Value::Text(mark.name.clone())),
                ("live", Value::Int(i64::from(mark.live))),
            ],
        })
        .collect();
    Layer { name: "cameras", features }
}

/// Areas as polygons with `name` and `code`, and a point each for the label.
pub fn areas(areas: &Areas, tile: TileId) -> Vec<Layer> {
    let bounds = tile.bounds_with_margin(MARGIN);
    let metres = tolerance_m(tile);
    let mut polygons = Vec::new();
    let mut labels = Vec::new();
    for area in areas.iter().filter(|area| area.bounds().is_some_and(|b| b.touches(&bounds))) {
        let mut properties = vec![("name", Value::Text(area.name.clone()))];
        if let Some(code) = &area.code {
            properties.push(("code", Value::Text(code.clone())));
        }
        for shape in area.simplified(metres) {
            polygons.push(Feature {
                id: None,
                geometry: Geometry::Polygon(shape.rings),
                properties: properties.clone(),
            });
        }
        if let Some(point) = area.label_point() {
            labels.push(Feature {
                id: None,
                geometry: Geometry::Point(point),
                properties: vec![("name", Value::Text(area.name.clone()))],
            });
        }
    }
    vec![Layer { name: "areas", features: polygons }, Layer { name: "areas_label", features: labels }]
}

/// Coast, roads and places. Without a coast the outline of the study area stands for it, and no places are named.
pub fn base(area: &StudyArea, land: Option<&Areas>, roads: Option<&RoadMap>, tile: TileId) -> Vec<Layer> {
    let bounds = tile.bounds_with_margin(MARGIN);
    let coast: Vec<Shape> = match land {
        Some(land) => land.iter().flat_map(|a| a.simplified(tolerance_m(tile))).collect(),
        None => area.shapes(),
    };
    let coast = coast
        .into_iter()
        .filter(|shape| shape.bounds().is_some_and(|b| b.touches(&bounds)))
        .map(|shape| Feature { id: None, geometry: Geometry::Polygon(shape.rings), properties: Vec::new() })
        .collect();
    let drawn = classes_at(tile.zoom());
    let roads = roads
        .into_iter()
        .flat_map(|roads| roads.within(bounds))
        .filter(|road| drawn.contains(&road.class.as_str()) || tile.zoom() >= 14)
        .map(|road| Feature {
            id: None,
            geometry: Geometry::Line(road.line.clone()),
            properties: vec![("class", Value::Text(road.class.clone()))],
        })
        .collect();
    let count = if tile.zoom() < 11 { 4 } else { JERSEY_PLACES.len() };
    let places = JERSEY_PLACES
        .iter()
        .take(if land.is_some() { count } else { 0 })
        .filter(|(_, point)| bounds.contains(*point))
        .map(|(name, point)| Feature {
            id: None,
            geometry: Geometry::Point(*point),
            properties: vec![("name", Value::Text((*name).to_owned()))],
        })
        .collect();
    vec![
        Layer { name: "coast", features: coast },
        Layer { name: "roads", features: roads },
        Layer { name: "places", features: places },
    ]
}

/// Classes of road worth drawing at a zoom.
fn classes_at(zoom: u8) -> &'static [&'static str] {
    match zoom {
        0..=10 => &["main"],
        11 => &["main", "secondary"],
        12 | 13 => &["main", "secondary", "minor"],
        _ => &["main", "secondary", "minor", "lane"],
    }
}

/// About half a pixel of a 512-pixel tile at the latitude of the Channel, in metres.
fn tolerance_m(tile: TileId) -> f64 {
    let equator_m = 40_075_016.0;
    equator_m * 0.65 / f64::from(1_u32 << tile.zoom()) / 1024.0
}

fn near(ring: &[Point], bounds: &Bounds) -> bool {
    Bounds::around(ring).is_some_and(|around| around.touches(bounds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::hotspot::{Bin, CellScore};
    use crate::model::access::{Principal, Role};
    use crate::render::mvt::encode;
    use crate::space::Cell;

    const TOWN: Point = Point { lat: 49.1868, lon: -2.1067 };

    fn answer(role: Role) -> Released<HotspotMap> {
        let rows = Cell::at(TOWN, 9)
            .unwrap()
            .disk(3)
            .into_iter()
            .enumerate()
            .map(|(i, cell)| CellScore {
                cell,
                parish: None,
                area_km2: cell.area_km2(),
                count: Some(i as u64),
                rate_per_km2: None,
                z: Some(i as f64 / 4.0),
                p: None,
                q: None,
                bin: if i > 30 { Bin::Hot99 } else { Bin::None },
                centre: cell.centre(),
            })
            .collect();
        let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
        let map = HotspotMap { rows, outside_study_area: Some(0), undefined_reason: None };
        release(map, &Policy { threshold: 5 }, &who)
    }

    fn value(feature: &Feature, name: &str) -> Option<i64> {
        feature.properties.iter().find(|(n, _)| *n == name).map(|(_, v)| match v {
            Value::Int(n) => *n,
            Value::Text(_) => 0,
        })
    }

    #[test]
    fn hotspots_carry_count_score_bin_and_index() {
        let tile = TileId::at(TOWN, 12).unwrap();
        let layer = hotspots(&answer(Role::Analyst), tile);
        assert_eq!(layer.features.len(), 37);
        let last = &layer.features[36];
        assert_eq!(
            ["n", "z", "b", "i"].map(|name| value(last, name)),
            [Some(36), Some(90), Some(3), Some(36)]
        );
        assert!(encode(tile, &[layer]).unwrap().is_some());
        let far = TileId::at(Point { lat: 51.0, lon: 0.0 }, 12).unwrap();
        assert!(hotspots(&answer(Role::Analyst), far).features.is_empty());
    }

    #[test]
    fn the_public_tile_has_no_small_count_and_no_score() {
        let tile = TileId::at(TOWN, 12).unwrap();
        for feature in hotspots(&answer(Role::Public), tile).features {
            assert!(value(&feature, "n").is_none_or(|n| n == 0 || n >= 5));
            assert_eq!(value(&feature, "z"), None);
        }
        let layer = counts("crimes", &answer(Role::Public), tile);
        assert_eq!(layer.features.len(), 32, "nought and 1 to 4 are left out");
    }

    #[test]
    fn base_and_areas_of_jersey() {
        let tile = TileId::at(TOWN, 11).unwrap();
        let coast = Areas::jersey_coast().unwrap();
        let layers = base(&StudyArea::jersey().unwrap(), Some(&coast), None, tile);
        assert_eq!(layers.iter().map(|l| l.name).collect::<Vec<_>>(), ["coast", "roads", "places"]);
        assert!(!layers[0].features.is_empty() && !layers[2].features.is_empty());
        let parishes = areas(&Areas::jersey_parishes().unwrap(), tile);
        assert_eq!(parishes[1].features.len(), parishes[0].features.len().min(parishes[1].features.len()));
        assert!(encode(tile, &parishes).unwrap().is_some());
    }
}
