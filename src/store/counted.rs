//! Questions about numbers of records that the counts inside the table files answer.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use deltalake_core::parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};

use super::counts::{self, Counted, Counting, Head, Held, Reading};
use super::{Store, StoreVersion, disk, log, table_file};
use crate::error::Result;
use crate::model::time::month_name;

impl Store {
    /// Counts records of a table as a store version holds it, without reading one. `None` if a file of the table has no
    /// counts that can be believed, or the question needs more than they say: then the records are to be scanned.
    ///
    /// # Errors
    /// As [`Store::table`].
    pub fn count(&self, version: &StoreVersion, table: &str, question: &Counting) -> Result<Option<Counted>> {
        if !question.is_countable() {
            return Ok(None);
        }
        let (first, last) = (month_name(question.period.from), month_name(question.period.to));
        // A month that is not written as one is looked at.
        let is_asked =
            |month: Option<&str>| month.is_none_or(|month| first.as_str() <= month && month <= last.as_str());
        let readings = self.read_counts(version, table, is_asked, |file, head| {
            Reading::of(head, question, |at, bytes| bytes_of(file, at, bytes))
        })?;
        Ok(readings.and_then(|readings| counts::add(readings, question.resolution)))
    }

    /// What a table holds in all, in the same way.
    ///
    /// # Errors
    /// As [`Store::table`].
    pub fn held(&self, version: &StoreVersion, table: &str) -> Result<Option<Held>> {
        let files = self.read_counts(version, table, |_| true, |_, head| Held::of(head))?;
        Ok(files.map(|files| {
            files.into_iter().fold(Held::default(), |mut sum, file| {
                sum.add(file);
                sum
            })
        }))
    }

    /// Reads the counts of a table's files in months that are asked for; `None` if one has none to believe.
    fn read_counts<R: Send>(
        &self,
        version: &StoreVersion,
        table: &str,
        is_asked: impl Fn(Option<&str>) -> bool,
        read: impl Fn(&File, &Head) -> Option<R> + Sync,
    ) -> Result<Option<Vec<R>>> {
        let delta = self.checked_log(version, table)?;
        let mut files = log::files(self.root(), table, delta)?;
        files.retain(|file| is_asked(table_file::month_in(&file.path)));
        if files.iter().any(|file| file.has_removed_rows) {
            return Ok(None);
        }
        let folder = self.root().join(super::verify::TABLES).join(table);
        let answers = disk::on_cores(&files, |file| {
            let file = File::open(folder.join(&file.path)).ok()?;
            read(&file, &head_of(&file)?)
        });
        Ok(answers.into_iter().collect())
    }
}

/// The head of a file's counts; `None` if it has none to believe.
pub(super) fn head_of(file: &File) -> Option<Head> {
    let mut footer = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
    footer.try_parse(file).ok()?;
    let footer = footer.finish().ok()?;
    let lines = footer.file_metadata().key_value_metadata()?;
    let line = lines.iter().find(|line| line.key == counts::FOOTER_KEY)?.value.as_deref()?;
    let (at, bytes) = counts::place(line)?;
    counts::believed(line, &bytes_of(file, at, bytes)?)
}

pub(super) fn bytes_of(mut file: &File, at: u64, bytes: usize) -> Option<Vec<u8>> {
    // Never room for more than there is.
    if at.checked_add(bytes as u64)? > file.metadata().ok()?.len() {
        return None;
    }
    let mut found = vec![0; bytes];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut found).ok()?;
    Some(found)
}
