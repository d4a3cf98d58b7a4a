//! Writing files again with some of their rows replaced or left out.
//!
//! Most corrections change one or two columns of a record. So a column chunk in which nothing differs is copied byte for
//! byte; one with a new value is read, put right and encoded again. A row group that loses rows is encoded again whole.
//! Row groups are prepared on all cores, and appended in order: the same bytes on any number of them.
//!
//! What is copied is not looked into, so a damaged file would hand its damage on. Each file's digest is therefore
//! compared beside, with the one that was noted when it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use arrow::array::{Array, ArrayRef, MutableArrayData, RecordBatch, make_array};
use arrow::compute::{filter_record_batch, interleave_record_batch};
use arrow::datatypes::{Schema, SchemaRef};
use deltalake_core::parquet::arrow::ArrowWriter;
use deltalake_core::parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use deltalake_core::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use deltalake_core::parquet::column::writer::ColumnCloseResult;
use deltalake_core::parquet::errors::Result as ParquetResult;
use deltalake_core::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::contest::At;
use super::disk::{self, NewFile};
use super::encoding;
use super::groups::{Group, TableFile, by_batch};
use super::recount::{self, Recount};
use super::table_file::{
    Place, Written, begin_file, finish_file, not_written, stored_schema, sync_folders, unreadable,
};
use crate::error::{Error, Result};

/// Prepared row groups that may wait to be appended.
const IN_FLIGHT: usize = 2;
/// Bytes that go to the disk, and through the digest, at a time.
const WRITE_BYTES: usize = 1 << 20;

/// What is to become of one file.
pub(super) struct Amendment {
    /// The file.
    pub path: PathBuf,
    /// Its digest, if it is one of the store's.
    pub sha256: Option<String>,
    /// Month of its rows.
    pub month: String,
    /// Rows to leave out, in order.
    pub dropped: Vec<u32>,
    /// Rows that others take the place of, in order; none of them is left out.
    pub replaced: Vec<(u32, At)>,
}

/// Writes the files again; `others` are those that the rows come from which take the place of others, by their numbers. A
/// file without a row left is not written. File numbers begin at `first`.
///
/// # Errors
/// `Data` if a file cannot be read or written.
pub(super) fn amend(
    place: &Place,
    amendments: &[Amendment],
    others: &BTreeMap<u32, PathBuf>,
    first: u32,
) -> Result<Vec<Written>> {
    let schema = stored_schema(&place.table.arrow_schema());
    let paths: Vec<PathBuf> = amendments.iter().map(|amendment| amendment.path.clone()).collect();
    let replacements = replacements(amendments, others, &schema)?;
    let mut drafts = Vec::new();
    for ((file, amendment), new) in TableFile::open_all(&paths)?.into_iter().zip(amendments).zip(replacements) {
        let rows = file.facts().file_metadata().num_rows();
        if amendment.dropped.len() as i64 != rows {
            drafts.push(Draft { groups: file.groups(drafts.len()), file, amendment, new });
        }
    }
    let properties = encoding::writer_properties(place.table);
    let broken = |e| Error::bug("a table file cannot be begun").with_cause(e);
    let (_, factory) = ArrowWriter::try_new(io::sink(), Arc::clone(&schema), Some(properties))
        .and_then(ArrowWriter::into_serialized_writer)
        .map_err(broken)?;
    let done = in_order(&drafts, &schema, &factory, |beside| write_files(place, &schema, &drafts, first, beside))?;
    sync_folders(place, &done)?;
    Ok(done)
}

/// A file on its way to being written again.
struct Draft<'a> {
    file: TableFile,
    groups: Vec<Group>,
    amendment: &'a Amendment,
    /// Rows that take the place of others, in the order of these; none if there are none.
    new: Option<RecordBatch>,
}

/// The rows that take the place of others, by amendment.
fn replacements(
    amendments: &[Amendment],
    others: &BTreeMap<u32, PathBuf>,
    schema: &SchemaRef,
) -> Result<Vec<Option<RecordBatch>>> {
    let mut wanted: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (_, from) in amendments.iter().flat_map(|amendment| &amendment.replaced) {
        wanted.entry(from.file).or_default().insert(from.row);
    }
    let unknown = || Error::bug("a row from a file that is not here");
    let numbers: Vec<u32> = wanted.keys().copied().collect();
    let paths: Vec<PathBuf> =
        numbers.iter().map(|number| others.get(number).cloned().ok_or_else(unknown)).collect::<Result<_>>()?;
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let failed = |e| Error::bug("rows cannot be gathered").with_cause(e);
    // Only the rows that are wanted, and where each stands among them.
    let mut at: BTreeMap<(u32, u32), (usize, usize)> = BTreeMap::new();
    let mut batches: Vec<RecordBatch> = Vec::new();
    let found = by_batch(&TableFile::open_all(&paths)?, &names, |file, first, batch| {
        let number = numbers[file];
        let keep: Vec<bool> = (first..).take(batch.num_rows()).map(|row| wanted[&number].contains(&row)).collect();
        let rows: Vec<u32> = (first..).zip(&keep).filter(|(_, keep)| **keep).map(|(row, _)| row).collect();
        Ok((number, rows, filter_record_batch(batch, &keep.into()).map_err(failed)?))
    })?;
    for (number, rows, batch) in found {
        at.extend(rows.into_iter().enumerate().map(|(within, row)| ((number, row), (batches.len(), within))));
        batches.push(batch);
    }
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let gather = |amendment: &Amendment| {
        if amendment.replaced.is_empty() {
            return Ok(None);
        }
        let place = |(_, from): &(u32, At)| at.get(&(from.file, from.row)).copied().ok_or_else(unknown);
        let places: Vec<(usize, usize)> = amendment.replaced.iter().map(place).collect::<Result<_>>()?;
        interleave_record_batch(&batches, &places).map(Some).map_err(failed)
    };
    amendments.iter().map(gather).collect()
}

/// A row group, ready to be appended.
struct Prepared {
    rows: u64,
    /// Columns that were encoded again; the others are copied.
    columns: Vec<Option<ArrowColumnChunk>>,
}

/// What is done on other threads while files are written.
struct Beside<'a> {
    /// Row groups, in order.
    prepared: &'a mut dyn Iterator<Item = Result<Prepared>>,
    /// For each draft, whether its file is as it was written.
    whole: Receiver<Result<()>>,
}

/// Prepares row groups on all cores, and hands them over in order.
fn in_order<R>(
    drafts: &[Draft<'_>],
    schema: &SchemaRef,
    factory: &ArrowRowGroupWriterFactory,
    take: impl FnOnce(Beside<'_>) -> Result<R>,
) -> Result<R> {
    let groups: Vec<Group> = drafts.iter().flat_map(|draft| draft.groups.iter().copied()).collect();
    let next = AtomicUsize::new(0);
    let (sender, receiver) = sync_channel(IN_FLIGHT);
    let (say, whole) = sync_channel(drafts.len());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores.min(groups.len()) {
            let (sender, next, groups) = (sender.clone(), &next, &groups);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(group) = groups.get(at) else { return };
                    let prepared = prepare(&drafts[group.file], *group, schema, factory);
                    if sender.send((at, prepared)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        scope.spawn(move || drafts.iter().try_for_each(|draft| say.send(check(draft.amendment))));
        let mut waiting = BTreeMap::new();
        let mut wanted = 0;
        // Taken by value: if `take` gives up, the threads find nobody to send to and end.
        let mut prepared = std::iter::from_fn(move || {
            while !waiting.contains_key(&wanted) {
                let (at, prepared) = receiver.recv().ok()?;
                waiting.insert(at, prepared);
            }
            wanted += 1;
            waiting.remove(&(wanted - 1))
        });
        take(Beside { prepared: &mut prepared, whole })
    })
}

/// Whether a file is as it was written.
fn check(amendment: &Amendment) -> Result<()> {
    let Some(noted) = &amendment.sha256 else { return Ok(()) };
    let (_, sha256) = disk::digest(&amendment.path).map_err(|e| unreadable(&amendment.path, e))?;
    if sha256 == *noted { Ok(()) } else { Err(unreadable(&amendment.path, "its digest is another one")) }
}

/// What happens to the rows of one group: numbers count from its first.
struct Changes {
    dropped: Vec<u32>,
    /// Rows, and which of the new rows takes their place.
    replaced: Vec<(u32, usize)>,
}

impl Changes {
    fn of(draft: &Draft<'_>, group: Group) -> Self {
        let within = |row: &u32| (group.first..group.first + group.rows).contains(row);
        let dropped = draft.amendment.dropped.iter().filter(|row| within(row)).map(|row| row - group.first).collect();
        let replaced = draft.amendment.replaced.iter().enumerate().filter(|(_, (row, _))| within(row));
        Self { dropped, replaced: replaced.map(|(new, (row, _))| (row - group.first, new)).collect() }
    }
}

fn prepare(
    draft: &Draft<'_>,
    group: Group,
    schema: &SchemaRef,
    factory: &ArrowRowGroupWriterFactory,
) -> Result<Prepared> {
    let changes = Changes::of(draft, group);
    let rows = u64::from(group.rows) - changes.dropped.len() as u64;
    let all = schema.fields().len();
    let changed = match (changes.dropped.is_empty(), &draft.new) {
        // The order of what is read follows the file, which must be that of the table.
        _ if draft.file.places(&names(schema)).len() != all => {
            return Err(Error::bug("a table file of another schema"));
        }
        (false, _) => (0..all).collect(),
        (true, Some(new)) if !changes.replaced.is_empty() => differing(draft, group, &changes, new)?,
        _ => Vec::new(),
    };
    let mut columns: Vec<Option<ArrowColumnChunk>> = (0..all).map(|_| None).collect();
    if rows == 0 || changed.is_empty() {
        return Ok(Prepared { rows, columns });
    }
    let failed = |e| Error::bug("a row group cannot be encoded").with_cause(e);
    let writers = factory.create_column_writers(group.number).map_err(failed)?;
    let mut writers: Vec<(usize, ArrowColumnWriter)> =
        writers.into_iter().enumerate().filter(|(column, _)| changed.contains(column)).collect();
    each_batch(draft, group, &changed, |rows| {
        for ((column, writer), values) in writers.iter_mut().zip(rows) {
            for leaf in compute_leaves(schema.field(*column), &values).map_err(failed)? {
                writer.write(&leaf).map_err(failed)?;
            }
        }
        Ok(())
    })?;
    for (column, writer) in writers {
        columns[column] = Some(writer.close().map_err(failed)?);
    }
    Ok(Prepared { rows, columns })
}

/// Hands over some columns of a group as they are to be, a batch at a time.
fn each_batch(
    draft: &Draft<'_>,
    group: Group,
    columns: &[usize],
    mut take: impl FnMut(Vec<ArrayRef>) -> Result<()>,
) -> Result<()> {
    let changes = Changes::of(draft, group);
    let mut first = 0;
    for batch in draft.file.read(group.number, columns, None)? {
        let batch = batch?;
        let runs = runs(first, batch.num_rows() as u32, &changes);
        let new = |column: &usize| draft.new.as_ref().map(|new| new.column(*column));
        let spliced = columns.iter().zip(batch.columns()).map(|(column, old)| splice(old, new(column), &runs));
        take(spliced.collect::<Result<_>>()?)?;
        first += batch.num_rows() as u32;
    }
    Ok(())
}

fn names(schema: &SchemaRef) -> Vec<&str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

/// Columns of a group in which a row differs from the one that takes its place.
fn differing(draft: &Draft<'_>, group: Group, changes: &Changes, new: &RecordBatch) -> Result<Vec<usize>> {
    let mut selectors = Vec::with_capacity(2 * changes.replaced.len());
    let mut after = 0;
    for (row, _) in &changes.replaced {
        selectors.push(RowSelector::skip((row - after) as usize));
        selectors.push(RowSelector::select(1));
        after = row + 1;
    }
    let fields = new.schema();
    // The keys are what makes them versions of one record.
    let looked_at: Vec<usize> = (0..new.num_columns())
        .filter(|at| !["key_hi", "key_lo"].contains(&fields.field(*at).name().as_str()))
        .collect();
    let mut differ = BTreeSet::new();
    let Some((_, mut first)) = changes.replaced.first().copied() else { return Ok(Vec::new()) };
    for batch in draft.file.read(group.number, &looked_at, Some(RowSelection::from(selectors)))? {
        let batch = batch?;
        for (column, old) in looked_at.iter().zip(batch.columns()) {
            if !differ.contains(column) && **old != *new.column(*column).slice(first, batch.num_rows()) {
                differ.insert(*column);
            }
        }
        first += batch.num_rows();
    }
    Ok(differ.into_iter().collect())
}

/// A run of rows: whether they are new, and from where to where.
type Run = (bool, usize, usize);

/// What a batch that begins at a row of the group becomes.
fn runs(first: u32, rows: u32, changes: &Changes) -> Vec<Run> {
    let end = first + rows;
    let dropped = &changes.dropped[changes.dropped.partition_point(|row| *row < first)..];
    let replaced = &changes.replaced[changes.replaced.partition_point(|(row, _)| *row < first)..];
    let (mut dropped, mut replaced) = (dropped.iter().copied().peekable(), replaced.iter().copied().peekable());
    let mut runs: Vec<Run> = Vec::new();
    let mut at = first;
    while at < end {
        let drop = dropped.peek().copied().unwrap_or(end).min(end);
        let replace = replaced.peek().map_or(end, |(row, _)| *row).min(end);
        let next = drop.min(replace);
        if next > at {
            runs.push((false, (at - first) as usize, (next - first) as usize));
        }
        at = next + 1;
        if next == end {
            break;
        }
        if drop == next {
            dropped.next();
        } else if let Some((_, new)) = replaced.next() {
            runs.push((true, new, new + 1));
        }
    }
    runs
}

fn splice(old: &ArrayRef, new: Option<&ArrayRef>, runs: &[Run]) -> Result<ArrayRef> {
    if let [(false, 0, end)] = runs
        && *end == old.len()
    {
        return Ok(Arc::clone(old));
    }
    let (old, new) = (old.to_data(), new.map(Array::to_data));
    let rows = runs.iter().map(|(_, from, to)| to - from).sum();
    let mut spliced = MutableArrayData::new(std::iter::once(&old).chain(&new).collect(), false, rows);
    for (is_new, from, to) in runs {
        spliced
            .try_extend(usize::from(*is_new), *from, *to)
            .map_err(|e| Error::bug("a column larger than memory").with_cause(e))?;
    }
    Ok(make_array(spliced.freeze()))
}

/// Appends prepared row groups, file by file.
fn write_files(
    place: &Place,
    schema: &SchemaRef,
    drafts: &[Draft<'_>],
    first: u32,
    beside: Beside<'_>,
) -> Result<Vec<Written>> {
    let mut done = Vec::new();
    for (number, draft) in (first..).zip(drafts) {
        let month = &draft.amendment.month;
        let (file, path) = begin_file(place, month, number)?;
        let failed = |e| not_written(&path, e);
        let file = BufWriter::with_capacity(WRITE_BYTES, file);
        let properties = Some(encoding::writer_properties(place.table));
        let (mut writer, _) = ArrowWriter::try_new(file, Arc::clone(schema), properties)
            .and_then(ArrowWriter::into_serialized_writer)
            .map_err(failed)?;
        let source = File::open(draft.file.path()).map_err(|e| unreadable(draft.file.path(), e))?;
        let counted = draft.file.places(&recount::columns(place.table));
        let mut is_counted = true;
        for group in &draft.groups {
            let prepared = beside.prepared.next().ok_or_else(|| Error::bug("a row group was not prepared"))??;
            // Of a group that lost all its rows no column was encoded again, and yet they count no more.
            is_counted &= prepared.rows == u64::from(group.rows);
            is_counted &= counted.iter().all(|column| prepared.columns[*column].is_none());
            append(&mut writer, draft, *group, &source, prepared).map_err(failed)?;
        }
        beside.whole.recv().map_err(|_| Error::bug("a file was not checked"))??;
        if !(is_counted && recount::copy(&mut writer, &source).map_err(failed)?)
            && let Some(mut counting) = Recount::begin(place.table, month)
        {
            for group in &draft.groups {
                each_batch(draft, *group, &counted, |rows| {
                    let fields: Vec<_> = counted.iter().map(|column| schema.field(*column).clone()).collect();
                    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), rows)
                        .map_err(|e| Error::bug("rows of another schema").with_cause(e))?;
                    counting.add(&rows, &mut writer).map_err(failed)
                })?;
            }
            counting.finish(&mut writer).map_err(failed)?;
        }
        let facts = writer.finish().map_err(failed)?;
        let buffered = writer.inner_mut();
        buffered.flush().map_err(|e| failed(e.into()))?;
        done.push(finish_file(place, month, &path, &facts, buffered.get_mut())?);
    }
    Ok(done)
}

fn append(
    writer: &mut SerializedFileWriter<BufWriter<NewFile>>,
    draft: &Draft<'_>,
    group: Group,
    source: &File,
    prepared: Prepared,
) -> ParquetResult<()> {
    if prepared.rows == 0 {
        return Ok(());
    }
    let mut out = writer.next_row_group()?;
    for (column, chunk) in prepared.columns.into_iter().enumerate() {
        match chunk {
            Some(chunk) => chunk.append_to_row_group(&mut out)?,
            None => copy_column(&mut out, draft, group, column, source)?,
        }
    }
    out.close()?;
    Ok(())
}

/// Copies a column of a row group as it stands.
fn copy_column(
    out: &mut SerializedRowGroupWriter<'_, BufWriter<NewFile>>,
    draft: &Draft<'_>,
    group: Group,
    column: usize,
    source: &File,
) -> ParquetResult<()> {
    let facts = draft.file.facts();
    let metadata = facts.row_group(group.number).column(column).clone();
    let offset_index = facts.offset_index().and_then(|index| index.get(group.number)?.get(column).cloned());
    let close = ColumnCloseResult {
        bytes_written: metadata.byte_range().1,
        rows_written: u64::from(group.rows),
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index,
    };
    out.append_column(source, close)
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray as _, Date32Array, Float64Array, Int64Array, StringArray, UInt32Array, new_null_array};
    use arrow::compute::{concat_batches, take_record_batch};
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::*;
    use crate::model::schema;
    use crate::store::table_file::{AS_THEY_CAME, CONTESTED, KEYS, ROW_GROUP_ROWS, RowWriter, read_rows};

    const MONTH: &str = "2017-01";

    /// Synthetic pings by number: where each was depends on the number alone, how fast on `faster` too.
    fn pings(numbers: impl Iterator<Item = i64>, faster: i64, load: i64) -> RecordBatch {
        let table = schema::table("pings").unwrap();
        let numbers: Vec<i64> = numbers.collect();
        let column = |column: &schema::Column| -> ArrayRef {
            let numbers = numbers.iter().copied();
            match column.name {
                "speed_kmh" => Arc::new(numbers.map(|n| Some((n % 70 + faster) as f64)).collect::<Float64Array>()),
                "unit_id" => {
                    Arc::new(numbers.map(|n| (n % 9 > 0).then(|| format!("U{}", n % 40))).collect::<StringArray>())
                }
                "lat" => Arc::new(numbers.map(|n| 49.16 + (n * 7919 % 10_007) as f64 / 1e5).collect::<Float64Array>()),
                "load_id" => Arc::new(numbers.map(|_| load).collect::<Int64Array>()),
                "local_on" => Arc::new(Date32Array::from_iter_values(numbers.map(|n| 17_167 + (n % 28) as i32))),
                "local_minute" => Arc::new(numbers.map(|n| n % 1440).collect::<Int64Array>()),
                name if KEYS.contains(&name) => Arc::new(numbers.map(|n| n * 1_000_003).collect::<Int64Array>()),
                "month" => Arc::new(StringArray::from(vec![MONTH; numbers.len()])),
                _ => new_null_array(&column.kind.arrow(), numbers.len()),
            }
        };
        let columns = table.all_columns().map(column).collect();
        RecordBatch::try_new(table.arrow_schema(), columns).unwrap()
    }

    fn place(root: &std::path::Path, mark: char, version: u64) -> Place {
        Place { root: root.to_owned(), table: schema::table("pings").unwrap(), version, written_at: 0, mark }
    }

    fn written(place: &Place, rows: &RecordBatch) -> PathBuf {
        let mut writer = RowWriter::start(place.clone(), 0);
        writer.write(rows.clone()).unwrap();
        place.folder().join(&writer.finish().unwrap()[0].add.path)
    }

    #[test]
    fn rows_are_replaced_and_left_out_and_all_else_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let rows = 2 * ROW_GROUP_ROWS as u32 + 5_000;
        let before = pings(0..i64::from(rows), 0, 1);
        let path = written(&place(folder.path(), AS_THEY_CAME, 1), &before);
        // Some rows of the first group get another speed, some of the second the same one, some of the third are left out.
        let group = |row: u32| row as usize / ROW_GROUP_ROWS;
        let replaced: Vec<u32> = (0..rows).filter(|row| row % 97 == 0 && group(*row) < 2 || *row == rows - 1).collect();
        let dropped: Vec<u32> = (0..rows).filter(|row| row % 89 == 1 && group(*row) == 2).collect();
        let new: Vec<RecordBatch> = replaced
            .iter()
            .map(|row| pings(std::iter::once(i64::from(*row)), i64::from(group(*row) == 0), 2))
            .rev()
            .collect();
        let new = concat_batches(&new[0].schema(), &new).unwrap();
        let other = written(&place(folder.path(), CONTESTED, 2), &new);
        let last = replaced.len() as u32 - 1;
        let at = (0..).zip(&replaced).map(|(at, row)| (*row, At { file: 7, row: last - at })).collect();
        let (_, sha256) = disk::digest(&path).unwrap();
        let mut amendment = Amendment {
            path: path.clone(),
            sha256: Some(sha256),
            month: MONTH.to_owned(),
            dropped: dropped.clone(),
            replaced: at,
        };
        let target = place(folder.path(), AS_THEY_CAME, 2);
        let others = BTreeMap::from([(7, other)]);
        let done = amend(&target, std::slice::from_ref(&amendment), &others, 0).unwrap();
        assert_eq!(done.len(), 1);
        assert_eq!(counted(&target.folder().join(&done[0].add.path)), u64::from(rows) - dropped.len() as u64);

        let batches: Vec<RecordBatch> =
            read_rows(&target.folder(), &done[0].add).unwrap().map(Result::unwrap).collect();
        let after = concat_batches(&batches[0].schema(), &batches).unwrap();
        let is_new = |row: &u32| replaced.binary_search(row).is_ok();
        let kept: Vec<u32> = (0..rows).filter(|row| dropped.binary_search(row).is_err()).collect();
        let mut wanted = take_record_batch(&before, &UInt32Array::from(kept.clone())).unwrap().columns().to_vec();
        let speeds = kept.iter().map(|row| f64::from(row % 70 + u32::from(is_new(row) && group(*row) == 0)));
        let loads = kept.iter().map(|row| 1 + i64::from(is_new(row)));
        let schema = before.schema();
        wanted[schema.index_of("speed_kmh").unwrap()] = Arc::new(Float64Array::from_iter_values(speeds));
        wanted[schema.index_of("load_id").unwrap()] = Arc::new(Int64Array::from_iter_values(loads));
        for ((wanted, found), field) in wanted.iter().zip(after.columns()).zip(schema.fields()) {
            assert_eq!(wanted, found, "{field}");
        }
        let speed = after.column_by_name("speed_kmh").unwrap().as_primitive::<Float64Type>().value(0);
        assert!((speed - 1.0).abs() < 1e-12);
        assert_eq!(after.column_by_name("load_id").unwrap().as_primitive::<Int64Type>().value(1), 1);
        let stats: serde_json::Value = serde_json::from_str(done[0].add.stats.as_deref().unwrap()).unwrap();
        assert_eq!((&stats["numRecords"], &stats["maxValues"]["load_id"]), (&kept.len().into(), &2.into()));

        // A file that is not as it was written hands nothing on.
        amendment.sha256 = Some("00".repeat(32));
        assert_eq!(amend(&target, &[amendment], &others, 1).unwrap_err().kind(), crate::error::Kind::Data);

        // Where nothing differs the bytes are those of before.
        let after = target.folder().join(&done[0].add.path);
        let chunk = |path: &std::path::Path, group: usize, name: &str| {
            let file = TableFile::open(path).unwrap();
            let column = file.places(&[name])[0];
            let (start, length) = file.facts().row_group(group).column(column).byte_range();
            std::fs::read(path).unwrap()[start as usize..(start + length) as usize].to_vec()
        };
        for (group, name, same) in
            [(0, "lat", true), (0, "speed_kmh", false), (1, "speed_kmh", true), (1, "unit_id", true)]
        {
            assert_eq!(chunk(&path, group, name) == chunk(&after, group, name), same, "{group} {name}");
        }
    }

    /// Records by the counts in a file.
    fn counted(path: &std::path::Path) -> u64 {
        let head = crate::store::counted::head_of(&File::open(path).unwrap()).unwrap();
        crate::store::Held::of(&head).unwrap().records
    }

    #[test]
    fn rows_of_a_group_that_is_gone_count_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let rows = ROW_GROUP_ROWS as u32 + 5;
        let path = written(&place(folder.path(), AS_THEY_CAME, 1), &pings(0..i64::from(rows), 0, 1));
        let target = place(folder.path(), AS_THEY_CAME, 2);
        let dropped: Vec<u32> = (ROW_GROUP_ROWS as u32..rows).collect();
        let gone =
            Amendment { path: path.clone(), sha256: None, month: MONTH.to_owned(), dropped, replaced: Vec::new() };
        let done = amend(&target, &[gone], &BTreeMap::new(), 0).unwrap();
        assert_eq!(counted(&path), u64::from(rows));
        assert_eq!(counted(&target.folder().join(&done[0].add.path)), ROW_GROUP_ROWS as u64);
    }

    #[test]
    fn a_file_without_a_row_left_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(&place(folder.path(), CONTESTED, 1), &pings(0..3, 0, 1));
        let month = MONTH.to_owned();
        let gone = Amendment { path, sha256: None, month, dropped: vec![0, 1, 2], replaced: Vec::new() };
        assert!(amend(&place(folder.path(), AS_THEY_CAME, 1), &[gone], &BTreeMap::new(), 0).unwrap().is_empty());
    }

    #[test]
    fn runs_cover_every_row_that_stays() {
        let changes = Changes { dropped: vec![0, 5, 12], replaced: vec![(3, 7), (4, 8), (11, 9)] };
        assert_eq!(runs(0, 6, &changes), [(false, 1, 3), (true, 7, 8), (true, 8, 9)]);
        assert_eq!(runs(6, 6, &changes), [(false, 0, 5), (true, 9, 10)]);
        assert_eq!(runs(12, 1, &changes), []);
        assert_eq!(runs(13, 2, &changes), [(false, 0, 2)]);
    }
}
