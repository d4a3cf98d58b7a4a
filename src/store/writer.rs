//! The one writer: adds rows to tables, decides between versions of one record, and commits a store version.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Date32Type;
use chrono::{DateTime, Utc};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::transaction::CommitBuilder;
use deltalake_core::kernel::{Action, Add, Remove};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use futures::TryStreamExt as _;

use super::contest::{Contest, Seen};
use super::control::{self, LoadRecord, StoreVersion, StoredFile};
use super::identity::{GLANCES, Key, Known, Ordinals, Verdict};
use super::recall::{Passed, Recall};
use super::table_file::{AS_THEY_CAME, CONTESTED, Keys, Place, RowWriter, Written};
use super::{AsOf, Store, disk, durable, halt, tables};
use crate::error::{Error, Result};
use crate::model::schema::{PARTITION, Repeats, table};

/// Most rows that room is made for before they come.
const MOST_EXPECTED: u64 = 1 << 27;

/// Changed records that are decided on at a time: beyond, memory would grow with the load.
const MOST_CONTESTED: usize = 1_000_000;

/// What became of the rows given to [`Writer::add`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// New records.
    pub accepted: u64,
    /// Records replaced by a newer version.
    pub revised: u64,
    /// Already here, the same or older.
    pub unchanged: u64,
    /// Repeats of a record of this load.
    pub duplicate: u64,
    /// Of records that were erased, or past their time of keeping.
    pub withheld: u64,
}

impl Tally {
    /// Adds another tally to this one.
    pub fn add(&mut self, other: Tally) {
        self.accepted += other.accepted;
        self.revised += other.revised;
        self.unchanged += other.unchanged;
        self.duplicate += other.duplicate;
        self.withheld += other.withheld;
    }
}

/// A file of a table as the load under way sees it.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub add: Add,
    /// For files that this writer wrote; the others are on the store's list already.
    pub new: Option<StoredFile>,
    /// Holds rows that are still to be decided on, and no others.
    pub contested: bool,
}

pub(super) struct OpenTable {
    delta: DeltaTable,
    /// Files of the log that were written.
    log: durable::Written,
    pub place: Place,
    /// Files that hold the table's records now.
    pub files: Vec<Live>,
    /// Files of the last version that hold them no more.
    removed: Vec<Add>,
    /// Numbers of files that were used.
    next_file: u32,
    pub known: Known,
    ordinals: Ordinals,
    rows: Option<RowWriter>,
    /// Writes the rows that are to be decided on.
    contested: Option<RowWriter>,
    pub contest: Contest,
    /// What the store's files hold of the keys that come, where these were looked up beforehand.
    pub seen: Option<Vec<Seen>>,
    pub withheld: Withheld,
    /// What other threads recognise records by, while it holds.
    pub recall: Option<Recall>,
    /// Rows are the same as before, only kept otherwise.
    rearranged: bool,
}

/// What may not come back: records that were erased, and those past their time of keeping.
#[derive(Debug, Default)]
pub(super) struct Withheld {
    /// Days since 1970: records of an earlier local date are past their time.
    pub before: Option<i32>,
    /// Keyed digests of records that were erased one by one.
    pub erased: BTreeSet<[u8; 16]>,
    /// Key of those digests.
    pub secret: Vec<u8>,
}

/// The writer's place: exclusive among processes until dropped.
pub struct Writer<'s> {
    pub(super) store: &'s Store,
    pub(super) base: StoreVersion,
    load_id: u64,
    now: DateTime<Utc>,
    tables: BTreeMap<String, OpenTable>,
    // Held for the operating-system lock; dropping it gives the place back.
    _lock: File,
}

impl<'s> Writer<'s> {
    pub(super) async fn begin(store: &'s Store, now: DateTime<Utc>) -> Result<Self> {
        let lock = store.writer_lock()?;
        pass("writer-begun")?;
        store.complete_erasures()?;
        let leftovers = store.remove_leftovers()?;
        if leftovers > 0 {
            tracing::warn!(files = leftovers, "removed what an interrupted write left");
        }
        pass("leftovers-removed")?;
        let base = store.version(AsOf::Newest)?;
        let load_id = control::next_load_id(&store.control())?;
        Ok(Self { store, base, load_id, now, tables: BTreeMap::new(), _lock: lock })
    }

    /// The time that the write bears.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Number of the load under way.
    pub fn load_id(&self) -> u64 {
        self.load_id
    }

    /// Opens a table for adding rows, and reads which records it holds.
    ///
    /// # Errors
    /// `Data` if the table cannot be read.
    pub async fn open(&mut self, name: &str) -> Result<()> {
        self.open_unread(name).await?;
        self.know(name)
    }

    /// Opens a table for adding rows: which records it holds is to be read before they come, by [`Writer::know`] or
    /// [`Writer::know_of`].
    ///
    /// # Errors
    /// `Data` if the table cannot be read.
    pub async fn open_unread(&mut self, name: &str) -> Result<()> {
        self.open_files(name).await?;
        let withheld = self.store.withheld(name)?;
        self.table_mut(name)?.withheld = withheld;
        Ok(())
    }

    /// Opens a table for exchanging files, without looking at its records.
    ///
    /// # Errors
    /// `Data` if the table cannot be read.
    pub(super) async fn open_files(&mut self, name: &str) -> Result<&mut OpenTable> {
        let table = table(name).ok_or_else(|| Error::bug(format!("no table {name}")))?;
        let version = if let Some(version) = self.base.tables.get(name) {
            *version
        } else {
            // A store that was made before the table was thought of.
            self.store.add_table(table).await?;
            self.base.tables.insert(name.to_owned(), 0);
            0
        };
        let root = self.store.root();
        let (delta, log) = self.store.open_for_writing(name, version).await?;
        let files = active_files(&delta, name)
            .await?
            .into_iter()
            .map(|add| Live { add, new: None, contested: false })
            .collect();
        let place = Place {
            root: root.to_owned(),
            table,
            version: self.base.version + 1,
            written_at: self.now.timestamp_millis(),
            mark: AS_THEY_CAME,
        };
        let open = OpenTable {
            delta,
            log,
            place,
            files,
            removed: Vec::new(),
            next_file: 0,
            known: Known::default(),
            ordinals: Ordinals::default(),
            rows: None,
            contested: None,
            contest: Contest::default(),
            seen: None,
            withheld: Withheld::default(),
            recall: None,
            rearranged: false,
        };
        self.tables.insert(name.to_owned(), open);
        self.table_mut(name)
    }

    pub(super) fn table(&self, name: &str) -> Option<&OpenTable> {
        self.tables.get(name)
    }

    pub(super) fn table_mut(&mut self, name: &str) -> Result<&mut OpenTable> {
        self.tables.get_mut(name).ok_or_else(|| Error::bug(format!("table {name} was not opened for writing")))
    }

    /// Says that about so many rows are to come: with room for them, memory is not taken twice while it grows.
    pub fn expect(&mut self, name: &str, rows: u64) {
        if let (Some(table), Ok(rows)) = (self.tables.get_mut(name), usize::try_from(rows.min(MOST_EXPECTED))) {
            table.known.expect(rows);
        }
    }

    /// A new source file begins: the ordinals of equal keys start again.
    pub fn next_file(&mut self, name: &str) {
        if let Some(table) = self.tables.get_mut(name) {
            table.ordinals.next_file();
        }
    }

    /// Adds the rows of a batch that are new or may be newer. The batch has the table's schema; `loaded_at` and `load_id`
    /// are stamped here. `passed` are rows that [`Recall`] recognised, so that they were left out. Rows whose record is
    /// known with other content are counted when they are decided on, at the latest by [`Writer::settle`].
    ///
    /// # Errors
    /// `Bug` for an unopened table or another schema; `Data` if a file cannot be written.
    pub fn add(&mut self, name: &str, batch: &RecordBatch, passed: &[Passed], repeats: Repeats) -> Result<Tally> {
        let (load_id, now) = (self.load_id, self.now);
        let table = self.table_mut(name)?;
        let mut tally = Tally { unchanged: passed.len() as u64, ..Tally::default() };
        let mut passed = passed.iter().peekable();
        let keys = Keys::of(batch)?;
        let past = table.withheld.past(batch)?;
        let (mut new, mut contested) = (vec![false; batch.num_rows()], vec![false; batch.num_rows()]);
        let identities: Vec<Key> =
            (0..batch.num_rows()).map(|row| table.ordinals.identify(keys.key(row), repeats)).collect();
        for (row, identity) in identities.iter().copied().enumerate() {
            if row % GLANCES == 0 {
                table.known.glance(identities[row..].iter().copied());
            }
            while let Some(passed) = passed.next_if(|passed| passed.before as usize <= row) {
                table.contest.repeat(passed.key, passed.row_hash);
            }
            if past.as_ref().is_some_and(|past| past[row]) || table.withheld.is_erased(identity) {
                tally.withheld += 1;
                continue;
            }
            let verdict = table.known.judge(identity, keys.row_hash(row));
            match verdict {
                Verdict::New => {
                    tally.accepted += 1;
                    new[row] = true;
                }
                Verdict::Contested => {
                    table.contest.enter(identity, keys.row_hash(row));
                    contested[row] = true;
                }
                Verdict::Unchanged => tally.unchanged += 1,
                Verdict::Duplicate => tally.duplicate += 1,
            }
            if matches!(verdict, Verdict::Unchanged | Verdict::Duplicate) {
                table.contest.repeat(identity, keys.row_hash(row));
            }
        }
        passed.for_each(|passed| table.contest.repeat(passed.key, passed.row_hash));
        if new.contains(&true) || contested.contains(&true) {
            let stamped = stamp(batch, (repeats == Repeats::Ordinal).then_some(&identities), load_id, now)?;
            table.write(&stamped, new)?;
            table.write_contested(&stamped, contested)?;
        }
        if table.contest.len() >= MOST_CONTESTED {
            tally.add(self.settle(name)?);
        }
        Ok(tally)
    }

    /// Commits everything as one store version, with its line in the ledger. Without new rows the version stays and
    /// only the ledger gets a line. Returns the version.
    ///
    /// # Errors
    /// `Data` if a file or the control database cannot be written; the last version is then still the newest.
    pub async fn commit(mut self, record: LoadRecord) -> Result<u64> {
        let (changed, files) = self.commit_tables().await?;
        let version = if changed.is_empty() { self.base.version } else { self.base.version + 1 };
        let record = LoadRecord { version, ..record };
        self.commit_version(&changed, &files, |transaction| control::add_load(transaction, &record), Some(&record))?;
        Ok(version)
    }

    /// Commits what was rearranged as one store version that no load made.
    pub(super) async fn commit_rearranged(mut self) -> Result<u64> {
        let (changed, files) = self.commit_tables().await?;
        let version = if changed.is_empty() { self.base.version } else { self.base.version + 1 };
        self.commit_version(&changed, &files, |_| Ok(()), None)?;
        Ok(version)
    }

    async fn commit_tables(&mut self) -> Result<(BTreeMap<String, u64>, Vec<StoredFile>)> {
        let mut changed = BTreeMap::new();
        let mut files = Vec::new();
        for (name, table) in &mut self.tables {
            table.close_rows()?;
            if !table.contest.is_empty() {
                return Err(Error::bug("rows were left undecided"));
            }
            if table.removed.is_empty() && table.files.iter().all(|live| live.new.is_none()) {
                continue;
            }
            pass("before-delta-commit")?;
            let (version, log) = table.commit(name).await?;
            pass("after-delta-commit")?;
            changed.insert(name.clone(), version);
            files.extend(table.files.iter().filter_map(|live| live.new.clone()));
            files.extend(log);
        }
        Ok((changed, files))
    }

    fn commit_version(
        &mut self,
        changed: &BTreeMap<String, u64>,
        files: &[StoredFile],
        also: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<()>,
        load: Option<&LoadRecord>,
    ) -> Result<()> {
        pass("before-version")?;
        let mut versions = self.base.tables.clone();
        versions.extend(changed.iter().map(|(name, version)| (name.clone(), *version)));
        let (number, now) = (self.base.version + 1, self.now);
        // People edit the settings: those of the newest load are the ones that `verify` expects.
        let settings = super::settings_file(self.store.root())?;
        self.store.change(|transaction| {
            control::note_files(transaction, &[settings])?;
            if !changed.is_empty() {
                control::note_files(transaction, files)?;
                control::commit_version(transaction, number, now, &versions, load)?;
            }
            also(transaction)
        })?;
        // It is done now: whatever happens from here on, the load is in the store.
        if let Err(cause) = pass("after-version") {
            tracing::warn!(%cause, "after the commit");
        }
        Ok(())
    }

    /// Gives everything up: files written so far are removed, no version names them.
    ///
    /// # Errors
    /// `Data` if the files cannot be removed.
    pub fn abandon(mut self) -> Result<()> {
        self.tables.clear();
        self.store.remove_leftovers().map(|_| ())
    }
}

/// Passes a point where tests stop the process or break the disk.
pub(super) fn pass(point: &'static str) -> Result<()> {
    halt::point(point).map_err(|e| disk::failed(Path::new("the store"), e))
}

impl Withheld {
    fn past(&self, batch: &RecordBatch) -> Result<Option<Vec<bool>>> {
        let Some(before) = self.before else { return Ok(None) };
        let days = batch.column_by_name("local_on").and_then(|column| column.as_primitive_opt::<Date32Type>());
        let days = days.ok_or_else(|| Error::bug("rows without a local date"))?;
        Ok(Some(days.iter().map(|day| day.is_some_and(|day| day < before)).collect()))
    }

    fn is_erased(&self, key: Key) -> bool {
        !self.erased.is_empty() && self.erased.contains(&self.digest(key))
    }

    /// Keyed, so that nobody can try out which record it was.
    pub fn digest(&self, key: Key) -> [u8; 16] {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let mut digest = [0; 16];
        if let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(&self.secret) {
            mac.update(b"erased:v1:");
            mac.update(&key.high.to_le_bytes());
            mac.update(&key.low.to_le_bytes());
            digest.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        }
        digest
    }
}

impl OpenTable {
    fn write(&mut self, rows: &RecordBatch, keep: Vec<bool>) -> Result<()> {
        if !keep.contains(&true) {
            return Ok(());
        }
        let kept = if keep.contains(&false) { keep_rows(rows, keep)? } else { rows.clone() };
        let rows_writer = self.rows.get_or_insert_with(|| RowWriter::start(self.place.clone(), self.next_file));
        rows_writer.write(kept)
    }

    fn write_contested(&mut self, rows: &RecordBatch, keep: Vec<bool>) -> Result<()> {
        if !keep.contains(&true) {
            return Ok(());
        }
        let kept = if keep.contains(&false) { keep_rows(rows, keep)? } else { rows.clone() };
        let place = || Place { mark: CONTESTED, ..self.place.clone() };
        self.contested.get_or_insert_with(|| RowWriter::start(place(), self.next_file)).write(kept)
    }

    pub fn close_rows(&mut self) -> Result<()> {
        let rows = self.rows.take().map(RowWriter::finish).transpose()?.unwrap_or_default();
        let contested = self.contested.take().map(RowWriter::finish).transpose()?.unwrap_or_default();
        self.take(rows, false);
        self.take(contested, true);
        Ok(())
    }

    /// New files hold records of the table from now on.
    pub fn take(&mut self, written: Vec<Written>, contested: bool) {
        // Numbers are given in order, so the next free one follows the number of files ever written.
        self.next_file += u32::try_from(written.len()).unwrap_or(u32::MAX);
        self.files.extend(written.into_iter().map(|w| Live { add: w.add, new: Some(w.file), contested }));
    }

    /// Number for the next file.
    pub fn next_file(&self) -> u32 {
        self.next_file
    }

    /// Closes what was written in place of some files, and lets these go.
    pub fn exchange(&mut self, gone: &BTreeSet<usize>) -> Result<()> {
        self.close_rows()?;
        let folder = self.place.folder();
        let mut number = 0;
        let mut unwanted = Vec::new();
        self.files.retain(|live| {
            let stays = !gone.contains(&number);
            number += 1;
            if !stays {
                unwanted.push(live.clone());
            }
            stays
        });
        for live in unwanted {
            match live.new {
                // Nobody can have seen a file of this load.
                Some(_) => fs::remove_file(folder.join(&live.add.path)).map_err(|e| disk::failed(&folder, e))?,
                None => self.removed.push(live.add),
            }
        }
        Ok(())
    }

    /// Writes rows in place of files that [`OpenTable::exchange`] takes away, without changing what the table says.
    pub fn rearrange(&mut self, rows: RecordBatch) -> Result<()> {
        self.rearranged = true;
        let keep = vec![true; rows.num_rows()];
        self.write(&rows, keep)
    }

    /// The Delta commit; returns its version and the log files it wrote.
    async fn commit(&mut self, name: &str) -> Result<(u64, Vec<StoredFile>)> {
        let failed = |e| tables::failed(name, "written", e);
        let data_change = !self.rearranged;
        let mut actions: Vec<Action> =
            self.removed.iter().map(|add| Action::Remove(removal(add, self.place.written_at, data_change))).collect();
        let new = self.files.iter().filter(|live| live.new.is_some());
        actions.extend(new.map(|live| Action::Add(Add { data_change, ..live.add.clone() })));
        let snapshot = self.delta.snapshot().map_err(failed)?;
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(vec![PARTITION.to_owned()]),
            predicate: None,
        };
        let commit = CommitBuilder::from(tables::commit_properties())
            .with_actions(actions)
            .build(Some(snapshot), self.delta.log_store(), operation)
            .await
            .map_err(failed)?;
        let mut log = self.log.take();
        log.retain(|file| self.place.root.join(&file.path).exists());
        Ok((commit.version(), log))
    }
}

async fn active_files(delta: &DeltaTable, name: &str) -> Result<Vec<Add>> {
    let snapshot = delta.snapshot().map_err(|e| tables::failed(name, "read", e))?;
    let log_store = delta.log_store();
    let files = snapshot
        .snapshot()
        .file_views(log_store.as_ref(), None)
        .map_ok(|file| Add {
            path: file.path().into_owned(),
            partition_values: file.partition_values_map(),
            size: file.size(),
            modification_time: file.modification_time(),
            stats: file.num_records().map(|rows| format!("{{\"numRecords\":{rows}}}")),
            data_change: true,
            ..Add::default()
        })
        .try_collect::<Vec<_>>()
        .await;
    let mut files = files.map_err(|e| tables::failed(name, "listed", e))?;
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn stamp(batch: &RecordBatch, identities: Option<&Vec<Key>>, load_id: u64, now: DateTime<Utc>) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let schema = batch.schema();
    let mut columns = batch.columns().to_vec();
    let mut set = |name: &str, values: Arc<dyn Array>| -> Result<()> {
        let at =
            schema.index_of(name).map_err(|e| Error::bug(format!("rows without the column {name}")).with_cause(e))?;
        columns[at] = values;
        Ok(())
    };
    let loaded = TimestampMicrosecondArray::from(vec![now.timestamp_micros(); rows]).with_timezone("UTC");
    set("loaded_at", Arc::new(loaded))?;
    set("load_id", Arc::new(Int64Array::from(vec![i64::try_from(load_id).unwrap_or(i64::MAX); rows])))?;
    if let Some(identities) = identities {
        set("key_hi", Arc::new(identities.iter().map(|key| key.high.cast_signed()).collect::<Int64Array>()))?;
        set("key_lo", Arc::new(identities.iter().map(|key| key.low.cast_signed()).collect::<Int64Array>()))?;
    }
    RecordBatch::try_new(schema, columns).map_err(|e| Error::bug("rows of another schema").with_cause(e))
}

pub(super) fn keep_rows(batch: &RecordBatch, keep: Vec<bool>) -> Result<RecordBatch> {
    filter_record_batch(batch, &BooleanArray::from(keep))
        .map_err(|e| Error::bug("rows cannot be filtered").with_cause(e))
}

fn removal(add: &Add, at: i64, data_change: bool) -> Remove {
    Remove {
        path: add.path.clone(),
        data_change,
        deletion_timestamp: Some(at),
        extended_file_metadata: Some(true),
        partition_values: Some(add.partition_values.clone()),
        size: Some(add.size),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
    }
}
