//! Questions about numbers of records that the counts inside the table files answer.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use deltalake_core::parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};

use super::counts::{self, Counted, Counting, Reading};
use super::{Store, StoreVersion, disk, log, table_file};
use crate::error::Result;
use crate::model::time::month_name;

impl Store {
    /// Counts records of a table as a store version holds it, without reading one. `None` if a file of the table has no
    /// counts that can be believed, or the question needs more than they say: then the records are to be scanned.
    ///
    /// # Errors
    /// As [`Store::table`].
    pub fn count(&self, version: &StoreVersion, table: &str, question: &Counting<'_>) -> Result<Option<Counted>> {
        let delta = self.checked_log(version, table)?;
        if !question.is_countable() {
            return Ok(None);
        }
        let (first, last) = (month_name(question.period.from), month_name(question.period.to));
        let mut files = log::files(self.root(), table, delta)?;
        files.retain(|file| {
            // A month that is not written as one is looked at.
            table_file::month_in(&file.path).is_none_or(|month| first.as_str() <= month && month <= last.as_str())
        });
        if files.iter().any(|file| file.has_removed_rows) {
            return Ok(None);
        }
        let folder = self.root().join(super::verify::TABLES).join(table);
        let readings = disk::on_cores(&files, |file| read(&folder.join(&file.path), question));
        let readings: Option<Vec<Reading>> = readings.into_iter().collect();
        Ok(readings.and_then(|readings| counts::add(readings, question.resolution)))
    }
}

/// What one file says; `None` if it has no counts, or none to believe.
fn read(path: &Path, question: &Counting<'_>) -> Option<Reading> {
    let file = File::open(path).ok()?;
    let mut footer = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
    footer.try_parse(&file).ok()?;
    let footer = footer.finish().ok()?;
    let lines = footer.file_metadata().key_value_metadata()?;
    let line = lines.iter().find(|line| line.key == counts::FOOTER_KEY)?.value.as_deref()?;
    let (at, bytes) = counts::place(line)?;
    let head = counts::believed(line, &bytes_of(&file, at, bytes)?)?;
    Reading::of(&head, question, |at, bytes| bytes_of(&file, at, bytes))
}

fn bytes_of(mut file: &File, at: u64, bytes: usize) -> Option<Vec<u8>> {
    // Never room for more than there is.
    if at.checked_add(bytes as u64)? > file.metadata().ok()?.len() {
        return None;
    }
    let mut found = vec![0; bytes];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut found).ok()?;
    Some(found)
}
