//! `--out FILE`: what an answer is written as, by the ending of the file.

use std::path::Path;

use arrow::array::RecordBatch;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::render::table::{Format, rows};

/// Makes the GeoJSON of an answer.
pub(super) type GeoJson<'a> = &'a dyn Fn() -> Result<Vec<u8>>;

/// Writes an answer: its rows as CSV or Parquet, its cells as GeoJSON where it has any, or all of it as JSON.
pub(super) fn write(
    path: &Path,
    answer: &impl Serialize,
    table: &RecordBatch,
    geojson: Option<GeoJson<'_>>,
) -> Result<()> {
    let bytes = match (path.extension().and_then(|ending| ending.to_str()), geojson) {
        (Some("csv"), _) => rows(&table.schema(), std::slice::from_ref(table), Format::Csv)?,
        (Some("parquet"), _) => rows(&table.schema(), std::slice::from_ref(table), Format::Parquet)?,
        (Some("json"), _) => {
            serde_json::to_vec(answer).map_err(|e| Error::bug("no JSON of the answer").with_cause(e))?
        }
        (Some("geojson"), Some(make)) => make()?,
        (_, Some(_)) => return Err(Error::input("the file must end in .csv, .geojson, .parquet or .json").at("--out")),
        _ => return Err(Error::input("the file must end in .csv, .parquet or .json").at("--out")),
    };
    super::sql::write_file(path, &bytes)
}
