//! Counting the rows of a table file while it is written, and putting the counts between its row groups.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use deltalake_core::parquet::arrow::ArrowWriter;
use deltalake_core::parquet::errors::Result;
use deltalake_core::parquet::file::metadata::KeyValue;
use deltalake_core::parquet::file::writer::SerializedFileWriter;

use super::counts::{FOOTER_KEY, Gatherer};
use super::table_file::first_day;
use crate::model::schema::Table;

/// Columns that are looked at beside that of the group.
const COLUMNS: [&str; 5] = ["cell", "local_on", "local_minute", "time_precision", "deleted"];

/// Counts the rows of one file; of tables that no map question is about, nothing.
#[derive(Debug)]
pub(super) struct Counter(Option<Gatherer>);

/// A Parquet file that is being written: bytes may stand between its row groups.
pub(super) trait Between {
    /// Bytes so far.
    fn length(&self) -> u64;
    /// Puts bytes after them.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Adds a line to the footer.
    fn say(&mut self, line: KeyValue);
}

impl<W: Write + Send> Between for ArrowWriter<W> {
    fn length(&self) -> u64 {
        self.bytes_written() as u64
    }
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
    fn say(&mut self, line: KeyValue) {
        self.append_key_value_metadata(line);
    }
}

impl<W: Write + Send> Between for SerializedFileWriter<W> {
    fn length(&self) -> u64 {
        self.bytes_written() as u64
    }
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
    fn say(&mut self, line: KeyValue) {
        self.append_key_value_metadata(line);
    }
}

impl Counter {
    /// For a file of a table and month.
    pub fn of(table: &Table, month: &str) -> Self {
        Self(first_day(month).filter(|_| table.is_event()).map(|day| Gatherer::new(table.group, day)))
    }

    /// Columns that are looked at; none if nothing is counted.
    pub fn columns(table: &Table) -> Vec<&'static str> {
        if table.is_event() { COLUMNS.into_iter().chain(table.group).collect() } else { Vec::new() }
    }

    /// Counts rows that are or will be in the file.
    pub fn observe(&mut self, rows: &RecordBatch, file: &mut impl Between) -> Result<()> {
        let Some(counts) = &mut self.0 else { return Ok(()) };
        counts.observe(rows);
        if counts.is_full() { self.flush(file) } else { Ok(()) }
    }

    /// Rows that wait to be counted.
    pub fn waiting(&self) -> usize {
        self.0.as_ref().map_or(0, Gatherer::waiting)
    }

    /// Counts the rows that wait. Row groups that are not finished are in memory, so the bytes stand before them.
    pub fn flush(&mut self, file: &mut impl Between) -> Result<()> {
        let Some(counts) = &mut self.0 else { return Ok(()) };
        let entries = counts.chunk(file.length());
        Ok(file.put(&entries)?)
    }

    /// All rows were seen: the head, and the line that says where it stands.
    pub fn finish(&mut self, file: &mut impl Between) -> Result<()> {
        self.flush(file)?;
        if let Some((head, line)) = self.0.take().and_then(|counts| counts.finish(file.length())) {
            file.put(&head)?;
            file.say(KeyValue::new(FOOTER_KEY.to_owned(), line));
        }
        Ok(())
    }
}
