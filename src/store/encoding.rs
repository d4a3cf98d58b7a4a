//! How the columns of a table lie in its Parquet files: what is packed, what has a dictionary, what has statistics.

use deltalake_core::parquet::basic::{Compression, Encoding, ZstdLevel};
use deltalake_core::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake_core::parquet::schema::types::ColumnPath;

use crate::model::schema::{Column, ColumnKind, Table};

/// Columns whose smallest and largest values may stand in files and logs: none of them personal.
pub(super) const STATISTICS: &[&str] = &["local_on", "local_hour", "cell", "recorded_at", "load_id"];

/// Columns in which hardly two values are the same and no bit can be foretold: neither a dictionary nor compression helps.
const DIGESTS: &[&str] = &["key_hi", "key_lo", "row_hash"];

/// How one column lies in a file; all but digests are packed with zstd.
enum Lies {
    /// Runs of equal values, values from a short list: a dictionary.
    Listed,
    /// Values that differ from the one before by little.
    Stepwise,
    /// Decimal degrees and cells: hardly two neighbours are equal, but their first bytes are, and stand together.
    ByteByByte,
    /// As they are: equal or alike values follow each other, which packing finds by itself, faster than a dictionary.
    Plain,
    /// As they are and not packed.
    Unpacked,
}

fn lies(column: &Column) -> Lies {
    match (column.name, column.kind) {
        (name, _) if DIGESTS.contains(&name) => Lies::Unpacked,
        ("lat" | "lon" | "cell", _) => Lies::ByteByByte,
        ("local_on" | "loaded_at", _) => Lies::Plain,
        ("load_id" | "local_minute", _) | (_, ColumnKind::Time) => Lies::Stepwise,
        _ => Lies::Listed,
    }
}

/// How files are written: each column in the cheapest form that keeps it small, with statistics of the listed columns only.
pub(super) fn writer_properties(table: &Table) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(super::table_file::ROW_GROUP_ROWS))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::None);
    for column in STATISTICS {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(*column), EnabledStatistics::Chunk);
    }
    for column in table.all_columns() {
        let path = || ColumnPath::from(column.name);
        let encoding = match lies(column) {
            Lies::Listed => continue,
            Lies::Stepwise => Encoding::DELTA_BINARY_PACKED,
            Lies::ByteByByte => Encoding::BYTE_STREAM_SPLIT,
            Lies::Plain => Encoding::PLAIN,
            Lies::Unpacked => {
                properties = properties.set_column_compression(path(), Compression::UNCOMPRESSED);
                Encoding::PLAIN
            }
        };
        properties = properties.set_column_dictionary_enabled(path(), false).set_column_encoding(path(), encoding);
    }
    properties.build()
}
