//! Hotspot hexagons as GeoJSON (RFC 7946): one feature a cell, in the order of the answer, with the columns of the API.

use serde_json::{Value, json};

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::HotspotMap;
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;
use crate::space::Point;

/// A FeatureCollection of the cells, with the provenance as a member of its own.
///
/// **Units** as the API; coordinates in degrees with six decimals; null where a figure is suppressed or undefined.
///
/// # Errors
/// `Bug` if a row cannot be written.
pub fn hotspots(answer: &Released<HotspotMap>, provenance: &Provenance) -> Result<Vec<u8>> {
    let features: Vec<Value> = answer
        .rows
        .iter()
        .map(|row| {
            let properties = serde_json::to_value(row).map_err(failed)?;
            let mut ring: Vec<Value> = row.cell.boundary().iter().map(|p| position(*p)).collect();
            if ring.first() != ring.last() {
                ring.extend(ring.first().cloned());
            }
            Ok(json!({
                "type": "Feature",
                "id": row.cell.to_string(),
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": properties,
            }))
        })
        .collect::<Result<_>>()?;
    let collection = json!({
        "type": "FeatureCollection",
        "name": "hotspots",
        "provenance": serde_json::to_value(provenance).map_err(failed)?,
        "features": features,
    });
    serde_json::to_vec(&collection).map_err(failed)
}

fn failed(cause: serde_json::Error) -> Error {
    Error::bug("the map could not be written as GeoJSON").with_cause(cause)
}

fn position(point: Point) -> Value {
    let six = |degrees: f64| (degrees * 1e6).round() / 1e6;
    json!([six(point.lon), six(point.lat)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::hotspot::{Bin, CellScore};
    use crate::model::access::{Principal, Role};
    use crate::space::Cell;

    #[test]
    fn hexagons_are_closed_and_carry_the_row() {
        let cell = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap();
        let row = CellScore {
            cell,
            parish: Some("St Helier".into()),
            area_km2: 0.1,
            count: Some(3),
            rate_per_km2: Some(30.0),
            z: None,
            p: None,
            q: None,
            bin: Bin::None,
            centre: cell.centre(),
        };
        let map = HotspotMap { rows: vec![row], outside_study_area: Some(0), undefined_reason: None };
        let who = |role| Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
        let policy = Policy { threshold: 5 };
        let text = |role| {
            hotspots(&release(map.clone(), &policy, &who(role)), &Provenance::default()).unwrap()
        };
        let parsed: Value = serde_json::from_slice(&text(Role::Analyst)).unwrap();
        let feature = &parsed["features"][0];
        let ring = feature["geometry"]["coordinates"][0].as_array().unwrap();
        assert_eq!((ring.len(), ring.first()), (7, ring.last()));
        assert_eq!(feature["properties"]["count"], 3);
        assert_eq!(feature["properties"]["cell"], feature["id"]);
        let public: Value = serde_json::from_slice(&text(Role::Public)).unwrap();
        assert_eq!(public["features"][0]["properties"]["count"], Value::Null);
    }
}
