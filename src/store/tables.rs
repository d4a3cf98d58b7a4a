//! Delta tables on the local disk: made once, opened at a version, brought back to a version.

use std::path::Path;

use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::{StructField, StructType};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::parquet::basic::{Compression, Encoding, ZstdLevel};
use deltalake_core::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake_core::parquet::schema::types::ColumnPath;
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use url::Url;

use super::control::StoredFile;
use crate::error::{Error, Result};
use crate::model::digest::sha256;
use crate::model::schema::{self, ColumnKind, Table};

/// Columns whose smallest and largest values may stand in files and logs: none of them personal.
pub(super) const STATISTICS: &[&str] = &["local_on", "local_hour", "cell", "recorded_at", "load_id"];

/// Columns in which hardly two values are the same and no bit can be foretold: neither a dictionary nor compression helps.
const DIGESTS: &[&str] = &["key_hi", "key_lo", "row_hash"];

fn url(root: &Path, name: &str) -> Result<Url> {
    let path = root.join("tables").join(name);
    let path = std::path::absolute(&path)
        .map_err(|e| Error::input(format!("{} is not a usable path", path.display())).with_cause(e))?;
    Url::from_directory_path(&path).map_err(|()| Error::input(format!("{} is not a usable path", path.display())))
}

pub(super) fn failed(name: &str, what: &str, cause: DeltaTableError) -> Error {
    Error::data(format!("table {name} cannot be {what}")).with_cause(cause)
}

pub(super) async fn create(root: &Path, table: &Table) -> Result<()> {
    let kernel: StructType = table
        .arrow_schema()
        .as_ref()
        .try_into_kernel()
        .map_err(|e| Error::bug(format!("the schema of {} is not one for Delta", table.name)).with_cause(e))?;
    let location = url(root, table.name)?;
    if let Ok(path) = location.to_file_path() {
        // What a creation that was interrupted left behind.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path)
            .map_err(|e| Error::input(format!("{} cannot be written", path.display())).with_cause(e))?;
    }
    CreateBuilder::new()
        .with_location(location.as_str())
        .with_table_name(table.name)
        .with_columns(kernel.fields().cloned().collect::<Vec<StructField>>())
        .with_partition_columns([schema::PARTITION])
        .with_configuration([("delta.dataSkippingStatsColumns", Some(STATISTICS.join(",")))])
        .await
        .map_err(|e| failed(table.name, "made", e))?;
    Ok(())
}

pub(super) async fn open(root: &Path, name: &str, version: u64) -> Result<DeltaTable> {
    DeltaTableBuilder::from_url(url(root, name)?)
        .map_err(|e| failed(name, "opened", e))?
        .with_version(version)
        .load()
        .await
        .map_err(|e| failed(name, &format!("read at its version {version}"), e))
}

/// Opens a table for writing on top of `version`; later versions, which no store version names, are undone first.
pub(super) async fn open_for_writing(root: &Path, name: &str, version: u64) -> Result<DeltaTable> {
    let newest = DeltaTableBuilder::from_url(url(root, name)?)
        .map_err(|e| failed(name, "opened", e))?
        .load()
        .await
        .map_err(|e| failed(name, "opened", e))?;
    if newest.version() == Some(version) {
        return Ok(newest);
    }
    tracing::warn!(table = name, version, "undoing a write that was interrupted before its commit");
    let (restored, _) =
        newest.restore().with_version_to_restore(version).await.map_err(|e| failed(name, "rolled back", e))?;
    Ok(restored)
}

/// The log file of a Delta version, which must be there from now on.
pub(super) fn log_file(root: &Path, name: &str, version: u64) -> Result<StoredFile> {
    let path = format!("tables/{name}/_delta_log/{version:020}.json");
    let bytes = std::fs::read(root.join(&path)).map_err(|e| super::disk::failed(&root.join(&path), e))?;
    Ok(StoredFile { path, bytes: bytes.len() as u64, sha256: sha256(&bytes) })
}

/// Instants: nearly every one differs from the one before by little.
fn instants(table: &Table) -> impl Iterator<Item = &'static str> + '_ {
    table.all_columns().filter(|column| column.kind == ColumnKind::Time).map(|column| column.name)
}

/// How files are written: zstd but for digests, and statistics of the listed columns only. Columns with hardly two equal
/// values get no dictionary, which would be built for nothing.
pub(super) fn writer_properties(table: &Table) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(super::table_file::ROW_GROUP_ROWS))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::None);
    for column in STATISTICS {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(*column), EnabledStatistics::Chunk);
    }
    for column in DIGESTS {
        let path = ColumnPath::from(*column);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_compression(path, Compression::UNCOMPRESSED);
    }
    for column in instants(table) {
        let path = ColumnPath::from(column);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    for column in ["lat", "lon"] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(column), false);
    }
    properties.build()
}
