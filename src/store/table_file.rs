//! The Parquet files of a table: rows in, by month, in bounded memory; rows, or their keys alone, out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use deltalake_core::kernel::Add;
use deltalake_core::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake_core::parquet::arrow::{ArrowWriter, ProjectionMask};
use deltalake_core::parquet::errors::ParquetError;
use deltalake_core::parquet::file::metadata::{KeyValue, ParquetMetaData};
use deltalake_core::parquet::file::statistics::Statistics;

use super::control::StoredFile;
use super::counts::{FOOTER_KEY, Gatherer};
use super::disk::{self, NewFile};
use super::identity::Key;
use super::{encoding, halt};
use crate::error::{Error, Result};
use crate::model::schema::{PARTITION, Table};
use crate::model::time::parse_date;

/// Rows of a row group: what a reader that needs one cell has to look through.
pub(super) const ROW_GROUP_ROWS: usize = 1 << 18;
/// A file that has grown so large is closed and the next one begun.
pub(super) const FILE_BYTES: usize = 128 << 20;
/// Rows of all open files that may wait for their row group; beyond, the fullest file writes its group early.
const WAITING_BYTES: usize = 96 << 20;
/// Rows of all open files that may wait to be counted, eight bytes each; beyond, the most of one file are counted early.
const WAITING_COUNTS: usize = 4 << 20;
/// Batches that may wait for the writing thread.
const IN_FLIGHT: usize = 4;
pub(super) const READ_ROWS: usize = 65_536;

/// A finished file of a table, on the disk.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// For the Delta log.
    pub add: Add,
    /// For the list of files that must be there.
    pub file: StoredFile,
}

/// How the names of files begin whose rows are in order of cell and time.
pub(super) const SORTED: char = 's';
/// How those of all others begin.
pub(super) const AS_THEY_CAME: char = 'v';
/// And those of rows that were still to be decided on when they were written.
pub(super) const CONTESTED: char = 'c';

/// Where the files of one table go, and how they are called.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Folder of the store.
    pub root: PathBuf,
    /// The table.
    pub table: &'static Table,
    /// Store version that the files are written for; stands in their names.
    pub version: u64,
    /// Milliseconds since 1970, for the Delta log.
    pub written_at: i64,
    /// How the names begin, which says in what order the rows come.
    pub mark: char,
}

impl Place {
    /// Folder of the table.
    pub fn folder(&self) -> PathBuf {
        self.root.join("tables").join(self.table.name)
    }
}

/// Writes rows to files by month on a thread of its own.
#[derive(Debug)]
pub(super) struct RowWriter {
    sender: Option<SyncSender<RecordBatch>>,
    thread: Option<JoinHandle<Result<Vec<Written>>>>,
}

impl RowWriter {
    /// Starts the thread. File numbers begin at `first`.
    pub fn start(place: Place, first: u32) -> Self {
        let (sender, receiver) = sync_channel(IN_FLIGHT);
        let thread = std::thread::spawn(move || write_all(place, first, &receiver));
        Self { sender: Some(sender), thread: Some(thread) }
    }

    /// Hands over rows in the table's schema.
    ///
    /// # Errors
    /// What stopped the thread.
    pub fn write(&mut self, rows: RecordBatch) -> Result<()> {
        let sent = self.sender.as_ref().is_some_and(|sender| sender.send(rows).is_ok());
        if sent { Ok(()) } else { self.join().and_then(|_| Err(Error::bug("rows after the end of their file"))) }
    }

    /// Closes the files; they and their folders are on the disk when this returns.
    ///
    /// # Errors
    /// `Data` if a file cannot be written: then none of these files is left.
    pub fn finish(mut self) -> Result<Vec<Written>> {
        self.join()
    }

    fn join(&mut self) -> Result<Vec<Written>> {
        self.sender = None;
        match self.thread.take() {
            Some(thread) => thread.join().map_err(|_| Error::bug("the thread that writes rows ended early"))?,
            None => Err(Error::bug("the thread that writes rows has ended")),
        }
    }
}

impl Drop for RowWriter {
    fn drop(&mut self) {
        // Given up: the thread ends; the writer removes what it left.
        let _ = self.join();
    }
}

fn write_all(place: Place, first: u32, rows: &Receiver<RecordBatch>) -> Result<Vec<Written>> {
    let mut files = MonthFiles::new(place, first);
    for batch in rows {
        files.write(&batch)?;
    }
    files.finish()
}

/// One open file a month.
struct MonthFiles {
    place: Place,
    schema: SchemaRef,
    open: BTreeMap<String, OpenFile>,
    done: Vec<Written>,
    next: u32,
}

struct OpenFile {
    writer: ArrowWriter<NewFile>,
    path: PathBuf,
    /// For tables whose records are counted.
    counts: Option<Gatherer>,
}

impl OpenFile {
    fn write(&mut self, rows: &RecordBatch) -> std::result::Result<(), ParquetError> {
        self.writer.write(rows)?;
        let Some(counts) = &mut self.counts else { return Ok(()) };
        counts.observe(rows);
        if counts.is_full() { self.write_counts() } else { Ok(()) }
    }

    /// Rows that wait to be counted.
    fn waiting_counts(&self) -> usize {
        self.counts.as_ref().map_or(0, Gatherer::waiting)
    }

    /// Counts the rows that wait. The bytes stand between row groups: what is not yet a row group is in memory.
    fn write_counts(&mut self) -> std::result::Result<(), ParquetError> {
        let Some(counts) = &mut self.counts else { return Ok(()) };
        let entries = counts.chunk(self.writer.bytes_written() as u64);
        Ok(self.writer.write_all(&entries)?)
    }

    /// Writes what waits; the file is on the disk when this returns.
    fn close(mut self, place: &Place, month: &str) -> Result<Written> {
        let facts = self.finish().map_err(|e| not_written(&self.path, e))?;
        finish_file(place, month, &self.path, &facts, self.writer.inner_mut())
    }

    fn finish(&mut self) -> std::result::Result<ParquetMetaData, ParquetError> {
        self.write_counts()?;
        if let Some((head, line)) = self.counts.take().and_then(|c| c.finish(self.writer.bytes_written() as u64)) {
            self.writer.write_all(&head)?;
            self.writer.append_key_value_metadata(KeyValue::new(FOOTER_KEY.to_owned(), line));
        }
        self.writer.finish()
    }
}

impl MonthFiles {
    fn new(place: Place, first: u32) -> Self {
        let schema = stored_schema(&place.table.arrow_schema());
        Self { place, schema, open: BTreeMap::new(), done: Vec::new(), next: first }
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let months = batch.column_by_name(PARTITION).and_then(|column| column.as_string_opt::<i32>());
        let months = months.ok_or_else(|| Error::bug("rows without a month"))?;
        if is_one_month(months) {
            self.write_month(months.value(0), batch)?;
            return self.flush_if_many_wait();
        }
        let mut at = 0;
        let mut scattered: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        // Extracts come mostly in order of time: long runs of one month are cut out, which copies nothing.
        while at < months.len() {
            let month = months.value(at);
            let end = (at + 1..months.len()).find(|row| months.value(*row) != month).unwrap_or(months.len());
            if end - at >= 1024 {
                self.write_month(month, &batch.slice(at, end - at))?;
            } else {
                scattered.entry(month).or_default().extend(at as u32..end as u32);
            }
            at = end;
        }
        for (month, rows) in scattered {
            let rows = take_record_batch(batch, &UInt32Array::from(rows))
                .map_err(|e| Error::bug("rows cannot be divided by month").with_cause(e))?;
            self.write_month(month, &rows)?;
        }
        self.flush_if_many_wait()
    }

    /// The fullest file writes its rows early if more than a fixed amount waits in all files.
    fn flush_if_many_wait(&mut self) -> Result<()> {
        // Contested rows are written beside all others: they get less room.
        let room = if self.place.mark == CONTESTED { WAITING_BYTES / 4 } else { WAITING_BYTES };
        if self.open.values().map(|file| file.writer.in_progress_size()).sum::<usize>() > room
            && let Some((_, fullest)) = self.open.iter_mut().max_by_key(|(_, file)| file.writer.in_progress_size())
        {
            fullest.writer.flush().map_err(|e| not_written(&fullest.path, e))?;
        }
        if self.open.values().map(OpenFile::waiting_counts).sum::<usize>() > WAITING_COUNTS
            && let Some((_, fullest)) = self.open.iter_mut().max_by_key(|(_, file)| file.waiting_counts())
        {
            fullest.write_counts().map_err(|e| not_written(&fullest.path, e))?;
        }
        Ok(())
    }

    fn write_month(&mut self, month: &str, rows: &RecordBatch) -> Result<()> {
        if !self.open.contains_key(month) {
            let file = self.begin(month)?;
            self.open.insert(month.to_owned(), file);
        }
        let Some(file) = self.open.get_mut(month) else { return Ok(()) };
        let columns = rows.columns()[..self.schema.fields().len()].to_vec();
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|e| Error::bug("rows of another schema").with_cause(e))?;
        file.write(&rows).map_err(|e| not_written(&file.path, e))?;
        if file.writer.bytes_written() > FILE_BYTES {
            self.close(month)?;
        }
        Ok(())
    }

    fn begin(&mut self, month: &str) -> Result<OpenFile> {
        let (file, path) = begin_file(&self.place, month, self.next)?;
        self.next += 1;
        let writer =
            ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(encoding::writer_properties(self.place.table)))
                .map_err(|e| not_written(&path, e))?;
        let table = self.place.table;
        let counts = first_day(month).filter(|_| table.is_event()).map(|day| Gatherer::new(table.group, day));
        Ok(OpenFile { writer, path, counts })
    }

    fn close(&mut self, month: &str) -> Result<()> {
        if let Some(file) = self.open.remove(month) {
            self.done.push(file.close(&self.place, month)?);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Written>> {
        // No rows come any more: what waits in each file is packed and brought to the disk on all cores.
        let open = std::mem::take(&mut self.open).into_iter().map(|(month, file)| (month, Mutex::new(Some(file))));
        let closed = disk::on_cores(&open.collect::<Vec<_>>(), |(month, file)| {
            let file = file.lock().unwrap_or_else(PoisonError::into_inner).take();
            file.map(|file| file.close(&self.place, month)).transpose()
        });
        for written in closed {
            self.done.extend(written?);
        }
        sync_folders(&self.place, &self.done)?;
        Ok(std::mem::take(&mut self.done))
    }
}

/// Whether all rows are of one month. As months are written with seven letters, that is so if the text is the same one
/// month further on.
fn is_one_month(months: &StringArray) -> bool {
    const LENGTH: usize = "2017-01".len();
    let offsets = months.value_offsets();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return false };
    let text = &months.value_data()[*first as usize..*last as usize];
    let are_whole = offsets.iter().zip(offsets.iter().skip(1)).all(|(from, to)| to - from == LENGTH as i32);
    months.null_count() == 0 && !text.is_empty() && are_whole && text[LENGTH..] == text[..text.len() - LENGTH]
}

/// First day of a month such as `2017-05`, in days since 1970.
pub(super) fn first_day(month: &str) -> Option<i32> {
    parse_date(&format!("{month}-01")).ok().map(|on| on.to_epoch_days())
}

/// Makes the file of that number for rows of a month.
pub(super) fn begin_file(place: &Place, month: &str, number: u32) -> Result<(NewFile, PathBuf)> {
    let folder = place.folder().join(format!("{PARTITION}={month}"));
    let is_new = !folder.is_dir();
    fs::create_dir_all(&folder)
        .and_then(|()| if is_new { disk::sync_folder(&place.folder()) } else { Ok(()) })
        .map_err(|e| disk::failed(&folder, e))?;
    let path = folder.join(format!("{}{:08}-{number:05}.parquet", place.mark, place.version));
    let file = NewFile::create(&path).map_err(|e| disk::failed(&path, e))?;
    Ok((file, path))
}

/// Waits until a file is on the disk, and says what it is. Its folder is for [`sync_folders`].
pub(super) fn finish_file(
    place: &Place,
    month: &str,
    path: &Path,
    facts: &ParquetMetaData,
    file: &mut NewFile,
) -> Result<Written> {
    let within = path.strip_prefix(&place.root).unwrap_or(path).to_string_lossy().into_owned();
    let file = file.finish(within).map_err(|e| disk::failed(path, e))?;
    let name = path.strip_prefix(place.folder()).unwrap_or(path).to_string_lossy().into_owned();
    let add = Add {
        path: name,
        partition_values: [(PARTITION.to_owned(), Some(month.to_owned()))].into(),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: place.written_at,
        data_change: true,
        stats: Some(statistics(facts)),
        ..Add::default()
    };
    Ok(Written { add, file })
}

/// Waits until the names of finished files are on the disk.
pub(super) fn sync_folders(place: &Place, done: &[Written]) -> Result<()> {
    let folders = done.iter().filter_map(|w| place.root.join(&w.file.path).parent().map(Path::to_owned));
    for folder in folders.collect::<BTreeSet<_>>() {
        disk::sync_folder(&folder).map_err(|e| disk::failed(&folder, e))?;
    }
    halt::point("rows-written").map_err(|e| disk::failed(&place.folder(), e))
}

/// The schema of the files: Delta keeps the partition column, which is the last, outside of them.
pub(super) fn stored_schema(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().filter(|field| field.name() != PARTITION).cloned().collect();
    Arc::new(Schema::new(fields))
}

pub(super) fn not_written(path: &Path, cause: ParquetError) -> Error {
    match cause {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(io) => disk::failed(path, *io),
            Err(other) => Error::data("a table file cannot be written").with_cause(other),
        },
        other => Error::data("a table file cannot be written").with_cause(other),
    }
}

/// Counts and the smallest and largest values of the listed columns, as the Delta log keeps them.
fn statistics(facts: &ParquetMetaData) -> String {
    let mut smallest = serde_json::Map::new();
    let mut largest = serde_json::Map::new();
    let mut nulls = serde_json::Map::new();
    let columns = facts.file_metadata().schema_descr().columns();
    for (at, column) in columns.iter().enumerate().filter(|(_, c)| encoding::STATISTICS.contains(&c.name())) {
        let found: Option<Vec<&Statistics>> = facts.row_groups().iter().map(|g| g.column(at).statistics()).collect();
        let Some(found) = found else { continue };
        let empty: Option<u64> = found.iter().map(|s| s.null_count_opt()).sum();
        let range = |value: &dyn Fn(&Statistics) -> Option<i64>| -> Vec<i64> {
            found.iter().filter_map(|s| value(s)).collect()
        };
        let (low, high) = (range(&lowest), range(&highest));
        if let (Some(low), Some(high)) = (low.iter().min(), high.iter().max()) {
            smallest.insert(column.name().to_owned(), shown(column.name(), *low));
            largest.insert(column.name().to_owned(), shown(column.name(), *high));
        }
        if let Some(empty) = empty {
            nulls.insert(column.name().to_owned(), empty.into());
        }
    }
    let rows = facts.file_metadata().num_rows();
    serde_json::json!({ "numRecords": rows, "minValues": smallest, "maxValues": largest, "nullCount": nulls })
        .to_string()
}

fn lowest(statistics: &Statistics) -> Option<i64> {
    match statistics {
        Statistics::Int32(values) => values.min_opt().map(|value| i64::from(*value)),
        Statistics::Int64(values) => values.min_opt().copied(),
        _ => None,
    }
}

fn highest(statistics: &Statistics) -> Option<i64> {
    match statistics {
        Statistics::Int32(values) => values.max_opt().map(|value| i64::from(*value)),
        Statistics::Int64(values) => values.max_opt().copied(),
        _ => None,
    }
}

/// A value as the Delta protocol writes it: dates and instants as text.
fn shown(column: &str, value: i64) -> serde_json::Value {
    let day = |days: i64| chrono::DateTime::from_timestamp(days * 86_400, 0);
    match column {
        "local_on" => day(value).map(|day| day.format("%Y-%m-%d").to_string()).into(),
        "recorded_at" => chrono::DateTime::from_timestamp_micros(value)
            .map(|at| at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
            .into(),
        _ => value.into(),
    }
}

pub(super) fn unreadable(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Error::data(format!("the table file {file} cannot be read; run `vigie verify`")).with_cause(cause)
}

/// Columns that tell records and their versions apart.
pub(super) const KEYS: [&str; 3] = ["key_hi", "key_lo", "row_hash"];

/// The identity columns of a batch.
pub(super) struct Keys<'b> {
    high: &'b Int64Array,
    low: &'b Int64Array,
    row_hash: &'b Int64Array,
    recorded: Option<&'b TimestampMicrosecondArray>,
}

impl<'b> Keys<'b> {
    /// The identity columns of a batch: those of [`KEYS`], and `recorded_at` if it was read.
    pub fn of(batch: &'b RecordBatch) -> Result<Self> {
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| Error::bug(format!("rows without the column {name}")))
        };
        let wrong = || Error::bug("identity columns of another type");
        Ok(Self {
            high: column("key_hi")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?,
            low: column("key_lo")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?,
            row_hash: column("row_hash")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?,
            recorded: batch.column_by_name("recorded_at").and_then(|column| column.as_primitive_opt()),
        })
    }

    /// Key of a row.
    pub fn key(&self, row: usize) -> Key {
        Key::of(self.high.value(row), self.low.value(row))
    }

    /// Hash of a row's content.
    pub fn row_hash(&self, row: usize) -> i64 {
        self.row_hash.value(row)
    }

    /// When the source recorded it, microseconds; before all times if it does not say.
    pub fn recorded(&self, row: usize) -> i64 {
        self.recorded.filter(|recorded| recorded.is_valid(row)).map_or(i64::MIN, |recorded| recorded.value(row))
    }
}

/// Columns of a table file by name, without the month.
pub(super) fn read_columns(
    path: &Path,
    columns: Option<&[&str]>,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let file = File::open(path).map_err(|e| unreadable(path, e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| unreadable(path, e))?;
    let mask = match columns {
        Some(columns) => ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied()),
        None => ProjectionMask::all(),
    };
    let reader = builder.with_projection(mask).with_batch_size(READ_ROWS).build().map_err(|e| unreadable(path, e))?;
    let path = path.to_owned();
    Ok(reader.map(move |batch| batch.map_err(|e| unreadable(&path, e))))
}

/// The rows of a table file with their month, in the table's schema.
pub(super) fn read_rows(folder: &Path, add: &Add) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let month = month_of(add);
    Ok(read_columns(&folder.join(&add.path), None)?.map(move |batch| with_month(&batch?, &month)))
}

/// Rows of a file, as its statistics say.
pub(super) fn rows_of(add: &Add) -> u64 {
    let stats = add.stats.as_deref().and_then(|stats| serde_json::from_str::<serde_json::Value>(stats).ok());
    stats.and_then(|stats| stats["numRecords"].as_u64()).unwrap_or_default()
}

/// Month of a file's rows.
pub(super) fn month_of(add: &Add) -> String {
    add.partition_values.get(PARTITION).cloned().flatten().unwrap_or_default()
}

/// Month of a file's rows by the file's path; `None` for one that is not written as a month.
pub(super) fn month_in(path: &str) -> Option<&str> {
    let month = path.strip_prefix(PARTITION)?.strip_prefix('=')?.split('/').next()?;
    first_day(month).map(|_| month)
}

fn with_month(batch: &RecordBatch, month: &str) -> Result<RecordBatch> {
    let mut fields = batch.schema().fields().to_vec();
    fields.push(Arc::new(Field::new(PARTITION, DataType::Utf8, false)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(StringArray::from(vec![month; batch.num_rows()])));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|e| Error::bug("a table file of another schema").with_cause(e))
}
