//! Records that the store holds: read before rows come, and recognised from any thread while they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;

use super::contest::{At, Seen, Sieve};
use super::groups::{TableFile, by_batch};
use super::identity::{Filling, Found, GLANCES, Key, Known, Records};
use super::table_file::{KEYS, Keys, rows_of};
use super::writer::{OpenTable, Writer};
use crate::error::{Error, Result};

/// A row that was left out because the store holds its record with the same content.
#[derive(Debug, Clone, Copy)]
pub struct Passed {
    /// It came before the row of this number in its batch, and after the one before that.
    pub before: u32,
    pub(super) key: Key,
    pub(super) row_hash: i64,
}

/// Recognises records that the store held before the load, from any thread: rows that would change nothing need not be
/// placed and written.
#[derive(Debug, Clone)]
pub struct Recall {
    stored: Arc<Records>,
    /// Records of an earlier local date, in days since 1970, are past their time: they are for the writer to count.
    before: Option<i32>,
    is_stale: Arc<AtomicBool>,
}

/// Identity of a row: halves of its key, hash of its content, and its local date in days since 1970.
#[derive(Debug, Clone, Copy)]
pub struct RowIdentity {
    /// Upper half of the key.
    pub high: i64,
    /// Lower half of the key.
    pub low: i64,
    /// Hash of the content.
    pub row_hash: i64,
    /// Local date.
    pub day: Option<i32>,
}

impl Recall {
    /// Whether versions of records were decided on since: then rows must come to the writer whole, because what the store
    /// held may have given way to another version already.
    pub fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Acquire)
    }

    pub(super) fn end(&self) {
        self.is_stale.store(true, Ordering::Release);
    }

    /// Which rows the store holds with the same content.
    pub fn unchanged(&self, rows: &[RowIdentity]) -> Vec<bool> {
        let mut unchanged = Vec::with_capacity(rows.len());
        for block in rows.chunks(GLANCES) {
            self.stored.glance(block.iter().map(|row| Key::of(row.high, row.low)));
            unchanged.extend(block.iter().map(|row| {
                let is_past = self.before.is_some_and(|before| row.day.is_some_and(|day| day < before));
                !is_past && self.stored.find(Key::of(row.high, row.low), row.row_hash) == Found::Same
            }));
        }
        unchanged
    }
}

impl Passed {
    /// A row that was left out before the row of that number.
    pub fn new(before: u32, row: RowIdentity) -> Self {
        Self { before, key: Key::of(row.high, row.low), row_hash: row.row_hash }
    }
}

impl OpenTable {
    fn open_stored(&self) -> Result<Vec<TableFile>> {
        let folder = self.place.folder();
        let paths: Vec<_> = self.files.iter().map(|live| folder.join(&live.add.path)).collect();
        TableFile::open_all(&paths)
    }
}

impl Writer<'_> {
    /// Reads which records a table holds.
    ///
    /// # Errors
    /// `Data` if a file cannot be read.
    pub fn know(&mut self, name: &str) -> Result<()> {
        let table = self.table_mut(name)?;
        let records: u64 = table.files.iter().map(|live| rows_of(&live.add)).sum();
        let filling = Filling::begin(usize::try_from(records).unwrap_or_default());
        by_batch(&table.open_stored()?, &KEYS, |_, _, batch| {
            let keys = Keys::of(batch)?;
            filling.note((0..batch.num_rows()).map(|row| (keys.key(row), keys.row_hash(row))));
            Ok(())
        })?;
        table.known = Known::begin(filling.finish());
        let stored = table.known.stored();
        // Erased records are none of the store's, so only dates need to be looked at.
        table.recall = (!stored.is_empty()).then(|| Recall {
            stored: Arc::clone(stored),
            before: table.withheld.before,
            is_stale: Arc::default(),
        });
        Ok(())
    }

    /// Reads which of some records a table holds: no others may come. That takes little memory however many records the
    /// table has, and where each stands need not be looked for again.
    ///
    /// # Errors
    /// `Data` if a file cannot be read.
    pub fn know_of(&mut self, name: &str, keys: &[(i64, i64)]) -> Result<()> {
        let load = self.load_id();
        let table = self.table_mut(name)?;
        let sieve = Sieve::of(keys.len(), keys.iter().map(|(high, low)| Key::of(*high, *low)));
        let seen = look(&table.open_stored()?, &sieve, 0, load)?;
        let filling = Filling::begin(seen.len());
        filling.note(seen.iter().map(|seen| (seen.key, seen.row_hash)));
        table.known = Known::begin(filling.finish());
        table.seen = Some(seen);
        Ok(())
    }

    /// What recognises records of a table from other threads; nothing if the table has none, or not all of them were read.
    pub fn recall(&self, name: &str) -> Option<Recall> {
        self.table(name)?.recall.clone()
    }
}

/// The rows of some files that may be of the keys of a sieve, in order; the files' numbers begin at `first`. `load` is the
/// load under way.
pub(super) fn look(files: &[TableFile], sieve: &Sieve, first: u32, load: u64) -> Result<Vec<Seen>> {
    let [high, low, row_hash] = KEYS;
    let seen = by_batch(files, &[high, low, row_hash, "recorded_at", "load_id"], |file, first_row, batch| {
        let keys = Keys::of(batch)?;
        let loads = batch.column_by_name("load_id").and_then(|column| column.as_primitive_opt::<Int64Type>());
        let loads = loads.ok_or_else(|| Error::bug("rows without their load"))?;
        let rows = (0..batch.num_rows()).filter(|row| sieve.may_hold(keys.key(*row)));
        let seen = rows.map(|row| Seen {
            key: keys.key(row),
            row_hash: keys.row_hash(row),
            recorded: keys.recorded(row),
            is_new: u64::try_from(loads.value(row)) == Ok(load),
            at: At { file: first + file as u32, row: first_row + row as u32 },
        });
        Ok(seen.collect::<Vec<_>>())
    })?;
    Ok(seen.into_iter().flatten().collect())
}
