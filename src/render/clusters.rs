//! Released clusters: as GeoJSON, as a map, and drawn with their table.

use serde_json::{Value, json};

use crate::analysis::clusters::{Cluster, ClusterMap};
use crate::analysis::disclosure::Released;
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format;
use crate::render::hotspot_map::when_and_how_many;
use crate::render::map_svg::{Base, Class, Edge, Map, draw};
use crate::render::palette;
use crate::render::svg::Words;
use crate::space::Point;

/// Clusters that are numbered on the map and listed.
const RANKED: usize = 20;

/// One polygon a cluster with its figures: its outline, or the cell of its middle where the outline has no area.
///
/// # Errors
/// `Bug` if the JSON cannot be written.
pub fn geojson(map: &Released<ClusterMap>, provenance: &Provenance) -> Result<Vec<u8>> {
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    let mut features = Vec::with_capacity(map.rows.len());
    for row in &map.rows {
        let mut ring: Vec<[f64; 2]> = shape(row).iter().map(|p| [round(p.lon), round(p.lat)]).collect();
        ring.extend(ring.first().copied());
        let mut properties = serde_json::to_value(row).map_err(|e| Error::bug("no JSON of a cluster").with_cause(e))?;
        if let Some(properties) = properties.as_object_mut() {
            properties.remove("hull");
        }
        features.push(json!({
            "type": "Feature",
            "id": row.rank,
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": properties,
        }));
    }
    let collection: Value = json!({"type": "FeatureCollection", "provenance": provenance, "features": features});
    serde_json::to_vec(&collection).map_err(|e| Error::bug("the clusters cannot be written as GeoJSON").with_cause(e))
}

fn shape(row: &Cluster) -> Vec<Point> {
    if row.hull.len() > 2 { row.hull.clone() } else { row.cell.boundary() }
}

/// How many clusters there are, and where the largest lies.
pub fn finding(map: &Released<ClusterMap>, provenance: &Provenance) -> String {
    let what = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    let firsts: Vec<&Cluster> = map.rows.iter().filter(|row| row.order == 1).collect();
    let Some(largest) = firsts.first() else { return format!("No {what} lie close enough together to show") };
    let number = if firsts.len() == 1 { "1 cluster".to_owned() } else { format!("{} clusters", firsts.len()) };
    let place = largest.parish.as_deref().map_or_else(String::new, |parish| format!(", in {parish}"));
    format!("{number} of {what}; the largest has {}{place}", format::count_or(Some(largest.count), "?"))
}

/// The clusters as one map.
pub fn svg(map: &Released<ClusterMap>, provenance: &Provenance, base: &Base) -> String {
    let finding = finding(map, provenance);
    let orders = map.rows.iter().map(|row| row.order).max().unwrap_or(1);
    let classes: Vec<Class> = (1..=orders)
        .map(|order| Class {
            label: match order {
                1 => "Clusters, outlined by centres of cells".to_owned(),
                _ => format!("Clusters of clusters, order {order}"),
            },
            fill: if order == 1 { palette::HOT[3] } else { palette::HOT[1] },
            edge: if order == 1 { Edge::Strong } else { Edge::Dashed },
            cells: map.rows.iter().filter(|row| row.order == order).map(shape).collect(),
        })
        .collect();
    let firsts = map.rows.iter().filter(|row| row.order == 1).take(RANKED);
    let ranks: Vec<(usize, Point)> = firsts.map(|row| (row.rank as usize, row.centre)).collect();
    let distance = provenance.parameters.get("distance_m").cloned().unwrap_or_default();
    let method = provenance.method.as_deref().unwrap_or("clusters");
    let notes = [when_and_how_many(provenance), format!("Method: {method}, within {distance} m; no point is drawn")];
    let words = Words {
        id: "clusters".to_owned(),
        title: finding.clone(),
        description: format!("Map. {finding}. The table lists them."),
    };
    draw(&Map { words, base, classes: &classes, ranks: &ranks, notes: &notes })
}

/// The clusters with their picture and table.
pub fn drawn(map: &Released<ClusterMap>, provenance: &Provenance, base: &Base) -> Drawn {
    let finding = finding(map, provenance);
    let left = map.rows.len().saturating_sub(RANKED);
    let note = match left {
        0 => "Sorted by order, then records.".to_owned(),
        more => format!("Sorted by order, then records; {more} more are left out."),
    };
    let headers = ["Rank", "Order", "Parish", "Records", "Long half-axis, m", "Short half-axis, m", "Bearing, °"];
    let mut table = Figures::new("Clusters", &note, &headers);
    let number = |value: Option<f64>| value.map_or_else(|| format::SUPPRESSED.to_owned(), |v| format::decimal(v, 0));
    for row in map.rows.iter().take(RANKED) {
        table.rows.push(vec![
            row.rank.to_string(),
            row.order.to_string(),
            row.parish.clone().unwrap_or_else(|| "-".to_owned()),
            format::count_or(Some(row.count), format::SUPPRESSED),
            number(row.long_m),
            number(row.short_m),
            number(row.bearing_deg),
        ]);
    }
    let count = |count: Option<u64>| format::count_or(count, format::SUPPRESSED);
    Drawn {
        pictures: vec![Picture { label: finding.clone(), svg: svg(map, provenance, base) }],
        finding,
        tables: vec![table],
        notes: vec![
            format!("{} records lie in a cluster that is shown, {} in none.", count(map.clustered), count(map.scattered)),
            "Clusters say where records lie close together, not where there are more than expected: a town centre is one."
                .to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::model::access::{Principal, Role};
    use crate::space::Cell;

    fn answer(count: usize) -> Released<ClusterMap> {
        let cells = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap().disk(2);
        let rows = (0..count)
            .map(|at| Cluster {
                rank: at as u32 + 1,
                order: 1,
                count: 30 - at as u64,
                cell: cells[at],
                parish: Some("St Helier".into()),
                centre: cells[at].centre(),
                hull: if at == 0 { cells[..3].iter().map(|cell| cell.centre()).collect() } else { Vec::new() },
                long_m: Some(80.0),
                short_m: None,
                bearing_deg: Some(45.0),
            })
            .collect();
        let map = ClusterMap {
            rows,
            clustered: Some(59),
            scattered: Some(7),
            too_small: 0,
            outside_study_area: Some(0),
            distances_m: vec![100.0],
        };
        let who = Principal { name: "r".into(), roles: vec![Role::Analyst], via: "test", purpose: None };
        release(map, &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn clusters_are_drawn_with_their_table() {
        let drawn = drawn(&answer(2), &Provenance::default(), &Base::default());
        assert_eq!(drawn.finding, "2 clusters of records; the largest has 30, in St Helier");
        assert_eq!(drawn.tables[0].rows.len(), 2);
        assert!(drawn.pictures[0].svg.contains("Clusters, outlined by centres of cells (2)"));
        let none = finding(&answer(0), &Provenance { group: Some("robbery".into()), ..Provenance::default() });
        assert_eq!(none, "No robbery lie close enough together to show");
    }

    #[test]
    fn a_cluster_in_one_cell_is_that_cell() {
        let json: Value = serde_json::from_slice(&geojson(&answer(2), &Provenance::default()).unwrap()).unwrap();
        let corners = |at: usize| json["features"][at]["geometry"]["coordinates"][0].as_array().unwrap().len();
        assert_eq!((corners(0), corners(1)), (4, 7));
        assert!(json["features"][0]["properties"].get("hull").is_none());
    }
}
