//! Counts of table files that are written again: copied where nothing that is counted changed, else counted anew.

use std::fs::File;
use std::io::Write;

use arrow::array::RecordBatch;
use deltalake_core::parquet::errors::Result;
use deltalake_core::parquet::file::metadata::KeyValue;
use deltalake_core::parquet::file::writer::SerializedFileWriter;

use super::counted::{bytes_of, head_of};
use super::counts::{FOOTER_KEY, Gatherer, footer_line};
use super::table_file::first_day;
use crate::model::schema::Table;

/// Columns that are counted, or say whether a row counts.
pub(super) fn columns(table: &Table) -> Vec<&'static str> {
    let columns = ["cell", "local_on", "local_minute", "time_precision", "deleted"];
    columns.into_iter().chain(table.group).collect()
}

/// Copies the counts of a file; `false` if it has none that can be believed.
pub(super) fn copy<W: Write + Send>(writer: &mut SerializedFileWriter<W>, file: &File) -> Result<bool> {
    let Some(mut head) = head_of(file) else { return Ok(false) };
    for chunk in &mut head.chunks {
        let entries = usize::try_from(chunk.entry_bytes()).ok().and_then(|bytes| bytes_of(file, chunk.at, bytes));
        let Some(entries) = entries else { return Ok(false) };
        chunk.at = writer.bytes_written() as u64;
        writer.write_all(&entries)?;
    }
    put_head(writer, &head.encode())?;
    Ok(true)
}

fn put_head<W: Write + Send>(writer: &mut SerializedFileWriter<W>, head: &[u8]) -> Result<()> {
    let line = footer_line(writer.bytes_written() as u64, head);
    writer.write_all(head)?;
    writer.append_key_value_metadata(KeyValue::new(FOOTER_KEY.to_owned(), line));
    Ok(())
}

/// Rows of one file that are counted anew.
pub(super) struct Recount {
    counts: Gatherer,
}

impl Recount {
    /// Nothing counted yet, for rows of a month; `None` for tables and months that are not counted.
    pub fn begin(table: &Table, month: &str) -> Option<Self> {
        let day = first_day(month).filter(|_| table.is_event())?;
        Some(Self { counts: Gatherer::new(table.group, day) })
    }

    /// Counts rows, of which the counted columns are enough.
    pub fn add<W: Write + Send>(&mut self, rows: &RecordBatch, writer: &mut SerializedFileWriter<W>) -> Result<()> {
        self.counts.observe(rows);
        if self.counts.is_full() {
            writer.write_all(&self.counts.chunk(writer.bytes_written() as u64))?;
        }
        Ok(())
    }

    /// Writes where the counts stand.
    pub fn finish<W: Write + Send>(mut self, writer: &mut SerializedFileWriter<W>) -> Result<()> {
        writer.write_all(&self.counts.chunk(writer.bytes_written() as u64))?;
        if let Some((head, _)) = self.counts.finish(writer.bytes_written() as u64) {
            put_head(writer, &head)?;
        }
        Ok(())
    }
}
