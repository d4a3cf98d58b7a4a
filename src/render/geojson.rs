//! A released map as GeoJSON (RFC 7946): hexagons with their figures, and the provenance as a member of the collection.

use serde_json::{Value, json};

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::HotspotMap;
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;

/// One polygon a cell of the study area, rings counter-clockwise and closed, longitude first.
///
/// # Errors
/// `Bug` if the JSON cannot be written.
pub fn hotspots(map: &Released<HotspotMap>, provenance: &Provenance) -> Result<Vec<u8>> {
    let features: Vec<Value> = map
        .rows
        .iter()
        .map(|row| {
            let mut ring: Vec<[f64; 2]> = row.cell.boundary().iter().map(|p| [round(p.lon), round(p.lat)]).collect();
            if let Some(first) = ring.first().copied() {
                ring.push(first);
            }
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
            json!({
                "type": "Feature",
                "id": row.cell.to_string(),
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": properties,
            })
        })
        .collect();
    let collection = json!({"type": "FeatureCollection", "provenance": provenance, "features": features});
    serde_json::to_vec(&collection).map_err(|e| Error::bug("the map cannot be written as GeoJSON").with_cause(e))
}

/// Seven decimals: about a centimetre.
fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}
