//! The one writer: adds rows to tables, rewrites the files whose records were revised, and commits a store version.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::hash::BuildHasherDefault;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use deltalake_core::kernel::transaction::CommitBuilder;
use deltalake_core::kernel::{Action, Add};
use deltalake_core::parquet::arrow::ProjectionMask;
use deltalake_core::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::writer::{DeltaWriter as _, RecordBatchWriter, WriteMode};
use deltalake_core::{DeltaTable, DeltaTableError};
use futures::TryStreamExt as _;

use super::control::{self, LoadRecord, StoreVersion};
use super::durable::Written;
use super::identity::{Identity, KeyHasher, Known, THIS_LOAD, Verdict, high_half, key, low_half};
use super::{AsOf, Store, tables};
use crate::error::{Error, Result};
use crate::model::schema::{PARTITION, Repeats};

type KeySet = HashSet<u128, BuildHasherDefault<KeyHasher>>;

/// Most rows that room is made for before they come.
const MOST_EXPECTED: u64 = 1 << 24;

/// What became of the rows given to [`Writer::add`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// New records.
    pub accepted: u64,
    /// Records replaced by a newer version.
    pub revised: u64,
    /// Already here, the same or older.
    pub unchanged: u64,
    /// Repeats of a row of this load.
    pub duplicate: u64,
}

impl Tally {
    /// Adds another tally to this one.
    pub fn add(&mut self, other: Tally) {
        self.accepted += other.accepted;
        self.revised += other.revised;
        self.unchanged += other.unchanged;
        self.duplicate += other.duplicate;
    }
}

struct OpenTable {
    delta: DeltaTable,
    writer: RecordBatchWriter,
    folder: PathBuf,
    files: Vec<Add>,
    identity: Identity,
    /// File index → keys of that file that a newer version replaces.
    replaced: BTreeMap<u32, KeySet>,
    /// Keys that this load itself wrote more than once.
    rewritten: KeySet,
    wrote: bool,
    written: Written,
}

/// The writer's place: exclusive among processes until dropped.
pub struct Writer<'s> {
    store: &'s Store,
    base: StoreVersion,
    load_id: u64,
    tables: BTreeMap<String, OpenTable>,
    // Held for the operating-system lock; dropping it gives the place back.
    _lock: File,
}

impl<'s> Writer<'s> {
    pub(super) async fn begin(store: &'s Store) -> Result<Self> {
        let path = store.root().join("writer.lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| Error::input(format!("{} cannot be written", path.display())).with_cause(e))?;
        lock.try_lock().map_err(|e| {
            Error::busy("another process is writing to this store; try again when it has ended").with_cause(e)
        })?;
        store.remove_leftovers()?;
        let base = store.version(AsOf::Newest)?;
        let load_id = control::next_load_id(&store.control())?;
        Ok(Self { store, base, load_id, tables: BTreeMap::new(), _lock: lock })
    }

    /// Number of the load under way.
    pub fn load_id(&self) -> u64 {
        self.load_id
    }

    /// Opens a table and reads which records it holds.
    ///
    /// # Errors
    /// `Data` if the table cannot be read.
    pub async fn open(&mut self, name: &str) -> Result<()> {
        let version = *self
            .base
            .tables
            .get(name)
            .ok_or_else(|| Error::bug(format!("store version {} names no table {name}", self.base.version)))?;
        let root = self.store.root();
        let (delta, written) = self.store.open_for_writing(name, version).await?;
        let writer = RecordBatchWriter::for_table(&delta)
            .map_err(|e| tables::failed(name, "opened for writing", e))?
            .with_writer_properties(tables::writer_properties());
        let files = active_files(&delta, name).await?;
        let folder = root.join("tables").join(name);
        let mut identity = Identity::default();
        for (index, add) in files.iter().enumerate() {
            let index = u32::try_from(index).map_err(|_| Error::data(format!("table {name} has too many files")))?;
            note_keys(&folder.join(&add.path), index, &mut identity)?;
        }
        self.tables.insert(
            name.to_owned(),
            OpenTable {
                delta,
                writer,
                folder,
                files,
                identity,
                replaced: BTreeMap::new(),
                rewritten: KeySet::default(),
                wrote: false,
                written,
            },
        );
        Ok(())
    }

    /// Says that about so many rows are to come: with room for them, memory is not taken twice while it grows.
    pub fn expect(&mut self, name: &str, rows: u64) {
        if let (Some(table), Ok(rows)) = (self.tables.get_mut(name), usize::try_from(rows.min(MOST_EXPECTED))) {
            table.identity.expect(rows);
        }
    }

    /// A new source file begins: the ordinals of equal keys start again.
    pub fn next_file(&mut self, name: &str) {
        if let Some(table) = self.tables.get_mut(name) {
            table.identity.next_file();
        }
    }

    /// Adds the rows of a batch that are new or newer. The batch has the table's schema; `loaded_at` and `load_id` are
    /// stamped here.
    ///
    /// # Errors
    /// `Bug` for an unopened table or another schema; `Data` if a file cannot be written.
    pub async fn add(
        &mut self,
        name: &str,
        batch: &RecordBatch,
        repeats: Repeats,
        now: DateTime<Utc>,
    ) -> Result<Tally> {
        let load_id = self.load_id;
        let table =
            self.tables.get_mut(name).ok_or_else(|| Error::bug(format!("table {name} was not opened for writing")))?;
        let mut tally = Tally::default();
        let keys = Keys::of(batch)?;
        let mut keep = Vec::with_capacity(batch.num_rows());
        let mut identities = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let identity = table.identity.identify(keys.key(row), repeats);
            identities.push(identity);
            let verdict = table.identity.judge(identity, keys.row_hash(row), keys.recorded(row));
            keep.push(matches!(verdict, Verdict::New | Verdict::Revises(_)));
            match verdict {
                Verdict::New => tally.accepted += 1,
                Verdict::Unchanged => tally.unchanged += 1,
                Verdict::Duplicate => tally.duplicate += 1,
                Verdict::Revises(file) => {
                    tally.revised += 1;
                    if file == THIS_LOAD {
                        table.rewritten.insert(identity);
                    } else {
                        table.replaced.entry(file).or_default().insert(identity);
                    }
                }
            }
        }
        if tally.accepted + tally.revised == 0 {
            return Ok(tally);
        }
        let stamped = stamp(batch, &identities, load_id, now)?;
        let kept = if keep.iter().all(|k| *k) { stamped } else { keep_rows(&stamped, keep)? };
        write_rows(&mut table.writer, kept).await.map_err(|e| tables::failed(name, "written", e))?;
        table.wrote = true;
        Ok(tally)
    }

    /// Commits everything as one store version, with its line in the ledger. Without new rows the version stays and
    /// only the ledger gets a line. Returns the version.
    ///
    /// # Errors
    /// `Data` if a file or the control database cannot be written; the last version is then still the newest.
    pub async fn commit(mut self, mut record: LoadRecord, now: DateTime<Utc>) -> Result<u64> {
        let mut versions = self.base.tables.clone();
        let mut changed = false;
        for (name, table) in &mut self.tables {
            if table.wrote {
                versions.insert(name.clone(), commit_table(name, table).await?);
                changed = true;
            }
        }
        let version = if changed { self.base.version + 1 } else { self.base.version };
        record.version = version;
        let root = self.store.root();
        let mut files = vec![super::settings_file(root)?];
        files.extend(self.tables.values().flat_map(|table| table.written.take()));
        files.retain(|file| root.join(&file.path).exists());
        self.store.change(|transaction| {
            if changed {
                control::commit_version(transaction, version, now, &versions, Some(&record))?;
            }
            control::note_files(transaction, &files)?;
            control::add_load(transaction, &record)
        })?;
        Ok(version)
    }

    /// Gives everything up: files written so far are removed, no version names them.
    ///
    /// # Errors
    /// `Data` if the files cannot be closed.
    pub async fn abandon(mut self) -> Result<()> {
        for (name, table) in &mut self.tables {
            for add in table.writer.flush().await.map_err(|e| tables::failed(name, "written", e))? {
                remove_file(&table.folder.join(&add.path));
            }
        }
        Ok(())
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
            data_change: true,
            ..Add::default()
        })
        .try_collect::<Vec<_>>()
        .await;
    files.map_err(|e| tables::failed(name, "listed", e))
}

fn unreadable(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Error::data(format!("the table file {file} cannot be read")).with_cause(cause)
}

fn note_keys(path: &Path, index: u32, identity: &mut Identity) -> Result<()> {
    let file = File::open(path).map_err(|e| unreadable(path, e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| unreadable(path, e))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["key_hi", "key_lo", "row_hash", "recorded_at"]);
    let reader = builder.with_projection(mask).with_batch_size(65_536).build().map_err(|e| unreadable(path, e))?;
    for batch in reader {
        let batch = batch.map_err(|e| unreadable(path, e))?;
        let keys = Keys::of(&batch)?;
        for row in 0..batch.num_rows() {
            let known = Known { row_hash: keys.row_hash(row), recorded: keys.recorded(row), file: index };
            identity.note(keys.key(row), known);
        }
    }
    Ok(())
}

/// The identity columns of a batch.
struct Keys<'b> {
    hi: &'b Int64Array,
    lo: &'b Int64Array,
    row_hash: &'b Int64Array,
    recorded: &'b TimestampMicrosecondArray,
}

impl<'b> Keys<'b> {
    fn of(batch: &'b RecordBatch) -> Result<Self> {
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| Error::bug(format!("rows without the column {name}")))
        };
        let wrong = || Error::bug("identity columns of another type");
        Ok(Self {
            hi: column("key_hi")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?,
            lo: column("key_lo")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?,
            row_hash: column("row_hash")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?,
            recorded: column("recorded_at")?.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(wrong)?,
        })
    }

    fn key(&self, row: usize) -> u128 {
        key(self.hi.value(row), self.lo.value(row))
    }

    fn row_hash(&self, row: usize) -> i64 {
        self.row_hash.value(row)
    }

    fn recorded(&self, row: usize) -> i64 {
        if self.recorded.is_null(row) { i64::MIN } else { self.recorded.value(row) }
    }
}

fn stamp(batch: &RecordBatch, identities: &[u128], load_id: u64, now: DateTime<Utc>) -> Result<RecordBatch> {
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
    set("key_hi", Arc::new(identities.iter().map(|k| high_half(*k)).collect::<Int64Array>()))?;
    set("key_lo", Arc::new(identities.iter().map(|k| low_half(*k)).collect::<Int64Array>()))?;
    RecordBatch::try_new(schema, columns).map_err(|e| Error::bug("rows of another schema").with_cause(e))
}

fn keep_rows(batch: &RecordBatch, keep: Vec<bool>) -> Result<RecordBatch> {
    filter_record_batch(batch, &BooleanArray::from(keep))
        .map_err(|e| Error::bug("rows cannot be filtered").with_cause(e))
}

/// Writes a batch. One of a single month, as most are in an extract in order of time, need not be divided, which would
/// copy it.
async fn write_rows(writer: &mut RecordBatchWriter, batch: RecordBatch) -> std::result::Result<(), DeltaTableError> {
    let months = batch.column_by_name(PARTITION).and_then(|column| column.as_string_opt::<i32>());
    let month = months.and_then(|months| {
        let mut values = months.iter();
        let first = values.next()??;
        values.all(|month| month == Some(first)).then(|| first.to_owned())
    });
    let Some(month) = month else { return writer.write(batch).await };
    let values = std::iter::once((PARTITION.to_owned(), month.into())).collect();
    writer.write_partition(batch, &values, WriteMode::Default).await?;
    Ok(())
}

async fn commit_table(name: &str, table: &mut OpenTable) -> Result<u64> {
    let failed = |e| tables::failed(name, "written", e);
    let mut actions = Vec::new();
    // Records that were revised leave the file they were in: it is written again without them.
    for (index, keys) in std::mem::take(&mut table.replaced) {
        let old = &table.files[index as usize];
        for batch in read_file(&table.folder, old)? {
            let batch = batch?;
            let columns = Keys::of(&batch)?;
            let keep = (0..batch.num_rows()).map(|row| !keys.contains(&columns.key(row))).collect();
            let kept = keep_rows(&batch, keep)?;
            if kept.num_rows() > 0 {
                table.writer.write(kept).await.map_err(failed)?;
            }
        }
        actions.push(Action::Remove(removal(old)));
    }
    let mut adds = table.writer.flush().await.map_err(failed)?;
    if !table.rewritten.is_empty() {
        adds = drop_superseded(name, table, adds).await?;
    }
    actions.extend(adds.into_iter().map(Action::Add));
    let snapshot = table.delta.snapshot().map_err(failed)?;
    let operation = DeltaOperation::Write {
        mode: SaveMode::Append,
        partition_by: Some(vec![PARTITION.to_owned()]),
        predicate: None,
    };
    let commit = CommitBuilder::from(tables::commit_properties())
        .with_actions(actions)
        .build(Some(snapshot), table.delta.log_store(), operation)
        .await
        .map_err(failed)?;
    Ok(commit.version())
}

/// Of records that this load wrote more than once, only the last version stays: the new files that hold an earlier one
/// are written again before anybody can see them.
async fn drop_superseded(name: &str, table: &mut OpenTable, adds: Vec<Add>) -> Result<Vec<Add>> {
    let failed = |e| tables::failed(name, "written", e);
    let mut kept_already = KeySet::default();
    let mut clean = Vec::new();
    let mut dirty = Vec::new();
    for add in adds {
        let mut batches = Vec::new();
        let mut dropped = false;
        for batch in read_file(&table.folder, &add)? {
            let batch = batch?;
            let columns = Keys::of(&batch)?;
            let keep: Vec<bool> = (0..batch.num_rows())
                .map(|row| {
                    let key = columns.key(row);
                    if !table.rewritten.contains(&key) {
                        return true;
                    }
                    let last = table.identity.get(key);
                    let is_last = last
                        .is_some_and(|l| l.row_hash == columns.row_hash(row) && l.recorded == columns.recorded(row));
                    is_last && kept_already.insert(key)
                })
                .collect();
            dropped |= keep.iter().any(|k| !k);
            batches.push(keep_rows(&batch, keep)?);
        }
        if !dropped {
            clean.push(add);
            continue;
        }
        for batch in batches.into_iter().filter(|b| b.num_rows() > 0) {
            table.writer.write(batch).await.map_err(failed)?;
        }
        dirty.push(add);
    }
    clean.extend(table.writer.flush().await.map_err(failed)?);
    for add in dirty {
        remove_file(&table.folder.join(&add.path));
    }
    Ok(clean)
}

/// The rows of a table file, with the partition column that Delta keeps outside of it, in the table's column order.
fn read_file(folder: &Path, add: &Add) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let path = folder.join(&add.path);
    let month = add.partition_values.get(PARTITION).cloned().flatten().unwrap_or_default();
    let file = File::open(&path).map_err(|e| unreadable(&path, e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|b| b.with_batch_size(65_536).build())
        .map_err(|e| unreadable(&path, e))?;
    Ok(reader.map(move |batch| {
        let batch = batch.map_err(|e| unreadable(&path, e))?;
        with_partition(&batch, &month)
    }))
}

fn with_partition(batch: &RecordBatch, month: &str) -> Result<RecordBatch> {
    let mut fields = batch.schema().fields().to_vec();
    fields.push(Arc::new(arrow::datatypes::Field::new(PARTITION, arrow::datatypes::DataType::Utf8, false)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(StringArray::from(vec![month; batch.num_rows()])));
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), columns)
        .map_err(|e| Error::bug("a table file of another schema").with_cause(e))
}

fn removal(add: &Add) -> deltalake_core::kernel::Remove {
    deltalake_core::kernel::Remove {
        path: add.path.clone(),
        data_change: true,
        deletion_timestamp: Some(add.modification_time),
        extended_file_metadata: Some(true),
        partition_values: Some(add.partition_values.clone()),
        size: Some(add.size),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
    }
}

fn remove_file(path: &Path) {
    if let Err(cause) = fs::remove_file(path) {
        tracing::warn!(%cause, "a file that no version names could not be removed");
    }
}
