//! Released answers and base geography as the features of vector tiles. Cells carry small integers only: a tile of a
//! town stays within a few kilobytes, and nothing finer than a cell is in it.

use super::mvt::{Feature, Geometry, Layer, Value};
use crate::analysis::disclosure::Released;
use crate::analysis::emerging::EmergingMap;
use crate::analysis::hotspot::HotspotMap;
use crate::space::Cell;
use crate::space::areas::Areas;
use crate::space::point::{Bounds, Point};
use crate::space::roads::RoadMap;
use crate::space::study_area::StudyArea;
use crate::space::tile::TileId;

/// Part of a tile's width that features may reach beyond it, so that outlines do not break at its edge.
const MARGIN: f64 = 0.02;

/// Places named on the map of Jersey, beside its parishes.
const JERSEY_PLACES: [(&str, Point); 10] = [
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

/// Cells with their significance: `n` count, `z` ten times the z score, `b` bin from -3 to 3, `i` place in the map. Of a map
/// of where next `b` is the class of the order: 3 within the first 1 % of the area, 2 within 2 %, 1 within 5 %.
pub fn hotspots(map: &Released<HotspotMap>, tile: TileId) -> Layer {
    cells("hotspots", map, tile, true)
}

/// Cells with their count `n`; empty cells are left out.
pub fn counts(name: &'static str, map: &Released<HotspotMap>, tile: TileId) -> Layer {
    cells(name, map, tile, false)
}

/// Histories of cells: `category` in words, `n` count, `hot` and `cold` steps, `i` place in the map.
pub fn emerging(map: &Released<EmergingMap>, tile: TileId) -> Layer {
    let rows = map.rows.iter().enumerate().map(|(index, row)| {
        let whole = |n: usize| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let mut properties = vec![
            ("category", Value::Text(row.category.words())),
            ("hot", whole(row.hot_steps)),
            ("cold", whole(row.cold_steps)),
            ("i", whole(index)),
        ];
        properties.extend(row.count.map(|count| ("n", number(count))));
        (index, row.cell, row.centre, properties)
    });
    Layer { name: "emerging", features: outlines(rows, tile) }
}

fn cells(name: &'static str, map: &Released<HotspotMap>, tile: TileId, scores: bool) -> Layer {
    let shown = map.rows.iter().enumerate().filter(|(_, row)| scores || row.count.unwrap_or(0) > 0);
    let rows = shown.map(|(index, row)| {
        let mut properties = Vec::with_capacity(4);
        properties.extend(row.count.map(|count| ("n", number(count))));
        if scores {
            properties.extend(row.z.map(|z| ("z", Value::Int((z * 10.0).round() as i64))));
            properties.push(("b", Value::Int(i64::from(row.detail.next_class().unwrap_or_else(|| row.bin.level())))));
            properties.push(("i", Value::Int(index as i64)));
        }
        (index, row.cell, row.centre, properties)
    });
    Layer { name, features: outlines(rows, tile) }
}

fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A cell to draw: its place in the map, itself, its centre, its properties.
type Drawn = (usize, Cell, Point, Vec<(&'static str, Value)>);

/// The cells that touch a tile, with their outlines.
fn outlines(rows: impl Iterator<Item = Drawn>, tile: TileId) -> Vec<Feature> {
    let bounds = tile.bounds_with_margin(MARGIN);
    rows
        // Most cells are elsewhere: their centre tells, and spares the outline.
        .filter(|(_, _, centre, _)| near(bounds, *centre))
        .filter_map(|(index, cell, _, properties)| {
            let ring = cell.boundary();
            let touches = Bounds::around(&ring).is_some_and(|b| b.touches(&bounds));
            let geometry = Geometry::Polygon(vec![ring]);
            touches.then_some(Feature { id: Some(index as u64), geometry, properties })
        })
        .collect()
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
    // Names are known for the embedded island only.
    let places = if land.is_some() { JERSEY_PLACES.as_slice() } else { &[] };
    let places = places
        .iter()
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
            let mut properties = vec![name.clone()];
            properties.extend(area.code.clone().map(|code| ("code", Value::Text(code))));
            polygons.push(Feature { id: None, geometry: Geometry::Polygon(shape.rings), properties });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::emerging::{Category, HistoryRow};
    use crate::analysis::hotspot::{Bin, CellScore, Detail};
    use crate::model::access::{Principal, Role};
    use crate::render::mvt::encode;
    use crate::stats::emerging::{Pattern, Side};

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
                detail: Detail::default(),
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
        let tile = TileId::at(TOWN, 8).unwrap();
        let layer = hotspots(&answer(Role::Analyst), tile);
        assert_eq!(layer.features.len(), 37);
        assert_eq!(
            ["n", "z", "b", "i"].map(|name| value(&layer.features[36], name)),
            [Some(36), Some(90), Some(3), Some(36)]
        );
        assert!(encode(tile, &[layer]).unwrap().is_some());
        let far = TileId::at(Point { lat: 51.0, lon: 0.0 }, 12).unwrap();
        assert!(hotspots(&answer(Role::Analyst), far).features.is_empty());
    }

    #[test]
    fn the_public_tile_has_no_small_count_and_no_score() {
        let tile = TileId::at(TOWN, 8).unwrap();
        for feature in hotspots(&answer(Role::Public), tile).features {
            assert!(value(&feature, "n").is_none_or(|n| n == 0 || n >= 5));
            assert_eq!(value(&feature, "z"), None);
        }
        assert_eq!(counts("crimes", &answer(Role::Public), tile).features.len(), 32, "0 and 1 to 4 are left out");
    }

    #[test]
    fn histories_carry_their_category_in_words() {
        let tile = TileId::at(TOWN, 8).unwrap();
        let row = |cell: Cell, count| HistoryRow {
            cell,
            parish: None,
            count: Some(count),
            category: Category::Pattern((count > 5).then_some((Pattern::New, Side::Hot))),
            hot_steps: 1,
            cold_steps: 0,
            history: "..H".into(),
            trend_z: None,
            trend_p: None,
            sen_slope: None,
            why: String::new(),
            centre: cell.centre(),
        };
        let rows = Cell::at(TOWN, 9).unwrap().disk(1).into_iter().zip([9, 3, 0, 0, 0, 0, 0]);
        let map = EmergingMap {
            rows: rows.map(|(cell, count)| row(cell, count)).collect(),
            outside_study_area: Some(0),
            before_first_step: Some(0),
            expected_in_neighbourhood: Some(1.0),
            steps_without_records: 0,
            undefined_reason: None,
        };
        let who = Principal { name: "r".into(), roles: vec![Role::Public], via: "test", purpose: None };
        let layer = emerging(&release(map, &Policy { threshold: 5 }, &who), tile);
        assert_eq!(layer.features.len(), 7);
        assert!(layer.features[0].properties.contains(&("category", Value::Text("new hot".into()))));
        assert!(layer.features[2].properties.contains(&("category", Value::Text("none".into()))));
        assert_eq!((value(&layer.features[0], "n"), value(&layer.features[1], "n")), (Some(9), None), "3 is not shown");
    }

    #[test]
    fn base_and_areas_of_jersey() {
        let tile = TileId::at(TOWN, 10).unwrap();
        let coast = Areas::jersey_coast().unwrap();
        let layers = base(&StudyArea::jersey().unwrap(), Some(&coast), None, tile);
        assert_eq!(layers.iter().map(|l| l.name).collect::<Vec<_>>(), ["coast", "roads", "places"]);
        assert!(!layers[0].features.is_empty() && !layers[2].features.is_empty());
        let parishes = areas(&Areas::jersey_parishes().unwrap(), tile);
        assert!(parishes[0].features.iter().all(|f| value(f, "code").is_some()));
        assert!(encode(tile, &parishes).unwrap().is_some());
    }
}
