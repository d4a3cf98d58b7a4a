//! A released forecast as GeoJSON or CSV.

use serde_json::json;

use crate::analysis::disclosure::Released;
use crate::analysis::evaluate::Place;
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;
use crate::render::geojson::{collection, feature};

/// One polygon a cell, the likeliest first, with its rank; the provenance as a member of the collection.
///
/// # Errors
/// `Bug` if the JSON cannot be written.
pub fn geojson(rows: &Released<Vec<Place>>, provenance: &Provenance) -> Result<Vec<u8>> {
    let features = rows.iter().map(|row| {
        let properties = json!({
            "rank": row.rank, "cell": row.cell.to_string(), "parish": row.parish, "area_km2": row.area_km2,
            "area_share": row.area_share,
        });
        feature(row.cell, properties)
    });
    collection(features.collect(), provenance)
}

/// One line a cell, the likeliest first.
///
/// # Errors
/// `Bug` if a line cannot be written.
pub fn csv(rows: &Released<Vec<Place>>) -> Result<Vec<u8>> {
    let failed =
        |e: &dyn std::fmt::Display| Error::bug("the forecast cannot be written as CSV").with_cause(e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["rank", "cell", "parish", "area_km2", "area_share", "lat", "lon"]).map_err(|e| failed(&e))?;
    for row in rows.iter() {
        let record = [
            row.rank.to_string(),
            row.cell.to_string(),
            row.parish.clone().unwrap_or_default(),
            row.area_km2.to_string(),
            row.area_share.to_string(),
            row.centre.lat.to_string(),
            row.centre.lon.to_string(),
        ];
        writer.write_record(record).map_err(|e| failed(&e))?;
    }
    writer.into_inner().map_err(|e| failed(&e))
}
