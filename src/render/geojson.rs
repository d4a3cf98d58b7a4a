//! Released maps as GeoJSON (RFC 7946): hexagons with their figures, and the provenance as a member of the collection.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::analysis::change::ChangeMap;
use crate::analysis::disclosure::Released;
use crate::analysis::emerging::EmergingMap;
use crate::analysis::hotspot::HotspotMap;
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;
use crate::space::Cell;

/// One polygon a cell of the study area, rings counter-clockwise and closed, longitude first.
///
/// # Errors
/// `Bug` if the JSON cannot be written.
pub fn hotspots(map: &Released<HotspotMap>, provenance: &Provenance) -> Result<Vec<u8>> {
    let features: Vec<Value> = map
        .rows
        .iter()
        .map(|row| {
            let mut properties = json!({
                "cell": row.cell.to_string(), "parish": row.parish, "area_km2": row.area_km2,
                "count": row.count, "rate_per_km2": row.rate_per_km2,
                "z": row.z, "p": row.p, "q": row.q, "bin": row.bin.words(),
            });
            if let (Some(properties), Ok(Value::Object(detail))) =
                (properties.as_object_mut(), serde_json::to_value(row.detail))
            {
                properties.extend(detail);
            }
            feature(row.cell, properties)
        })
        .collect();
    collection(features, provenance)
}

/// One polygon a cell with its history, in the words and figures of the answer.
///
/// # Errors
/// `Bug` if the JSON cannot be written.
pub fn emerging(map: &Released<EmergingMap>, provenance: &Provenance) -> Result<Vec<u8>> {
    let features = map.rows.iter().map(|row| Ok(feature(row.cell, figures(row)?)));
    collection(features.collect::<Result<_>>()?, provenance)
}

/// One polygon a cell with both counts and what the test says.
///
/// # Errors
/// `Input` if parishes were compared, which have no outline in the answer; `Bug` if the JSON cannot be written.
pub fn change(map: &Released<ChangeMap>, provenance: &Provenance) -> Result<Vec<u8>> {
    let features = map.rows.iter().map(|row| {
        let cell =
            row.place.cell.ok_or_else(|| Error::input("GeoJSON of a change is one of cells, not of parishes"))?;
        Ok(feature(cell, figures(row)?))
    });
    collection(features.collect::<Result<_>>()?, provenance)
}

/// A cell with its properties.
pub(super) fn feature(cell: Cell, properties: Value) -> Value {
    let mut ring: Vec<[f64; 2]> = cell.boundary().iter().map(|p| [round(p.lon), round(p.lat)]).collect();
    ring.extend(ring.first().copied());
    json!({
        "type": "Feature",
        "id": cell.to_string(),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": properties,
    })
}

/// Features with where they came from.
pub(super) fn collection(features: Vec<Value>, provenance: &Provenance) -> Result<Vec<u8>> {
    let collection = json!({"type": "FeatureCollection", "provenance": provenance, "features": features});
    serde_json::to_vec(&collection).map_err(|e| Error::bug("the map cannot be written as GeoJSON").with_cause(e))
}

/// A row as properties: all of it but its place, which is the geometry.
fn figures(row: &impl Serialize) -> Result<Value> {
    let row = serde_json::to_value(row).map_err(|e| Error::bug("no JSON of a row").with_cause(e))?;
    let Value::Object(row) = row else { return Err(Error::bug("a row is no object")) };
    let kept: Map<String, Value> = row.into_iter().filter(|(name, _)| name != "lat" && name != "lon").collect();
    Ok(Value::Object(kept))
}

/// Seven decimals: about a centimetre.
fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}
