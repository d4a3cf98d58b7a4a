//! Merging small files: each month's rows go into few files, in order of cell and time, so that a question about some
//! cells reads little. The table says the same as before, which its commit states.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{Date32Type, Int64Type};

use super::table_file::{self, SORTED, month_of, read_columns, read_rows};
use super::writer::{Live, OpenTable, Writer, keep_rows, pass};
use crate::error::{Error, Result};

/// Rows that are sorted at a time.
const SORTED_ROWS: usize = 1 << 20;

/// What a compaction did to a table.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Compacted {
    /// The table.
    pub table: String,
    /// Months that were written again.
    pub months: u64,
    /// Rows in them.
    pub rows: u64,
    /// Files that held them.
    pub files_before: u64,
    /// Files that hold them now.
    pub files_after: u64,
}

/// Where a row belongs in the order of a month: its cell, then its time. Rows without a cell come first.
type Order = (Option<i64>, Option<i32>, Option<i64>);

impl Writer<'_> {
    /// Merges the files of some tables, and commits one store version if that changed anything. Returns what was done and
    /// the version. `progress` gets the rows written and the rows in all.
    ///
    /// # Errors
    /// `Data` if a file cannot be read or written; the last version is then still the newest.
    pub async fn compact(
        mut self,
        tables: &[&str],
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(Vec<Compacted>, u64)> {
        let mut done = Vec::new();
        for name in tables {
            let table = self.open_files(name).await?;
            let compacted = compact_table(table, name, progress)?;
            if compacted.months > 0 {
                done.push(compacted);
            }
        }
        pass("compacted")?;
        Ok((done, self.commit_rearranged().await?))
    }
}

fn compact_table(table: &mut OpenTable, name: &str, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Compacted> {
    let mut months: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, live) in table.files.iter().enumerate() {
        months.entry(month_of(&live.add)).or_default().push(number);
    }
    months.retain(|_, files| !is_compact(files.iter().map(|number| &table.files[*number])));
    let rows_of = |number: &usize| table_file::rows_of(&table.files[*number].add);
    let total: u64 = months.values().flatten().map(rows_of).sum();
    let gone: BTreeSet<usize> = months.values().flatten().copied().collect();
    table.place.mark = SORTED;
    let mut written = 0;
    for files in months.values() {
        let adds: Vec<_> = files.iter().map(|number| table.files[*number].add.clone()).collect();
        let folder = table.place.folder();
        let rows: u64 = files.iter().map(|number| table_file::rows_of(&table.files[*number].add)).sum();
        for (from, to) in parts(table, files, rows)? {
            let mut batches = Vec::new();
            for add in &adds {
                for batch in read_rows(&folder, add)? {
                    let batch = batch?;
                    let keep: Vec<bool> = orders(&batch)?
                        .map(|order| from.is_none_or(|from| order >= from) && to.is_none_or(|to| order < to))
                        .collect();
                    batches.push(if keep.contains(&false) { keep_rows(&batch, keep)? } else { batch });
                }
            }
            let sorted = sort(&batches)?;
            written += sorted.num_rows() as u64;
            table.rearrange(sorted)?;
            progress(written, total);
        }
    }
    let before = table.files.len();
    table.exchange(&gone)?;
    if written != total {
        return Err(Error::bug(format!("{written} rows of {total} came out of the compaction of {name}")));
    }
    Ok(Compacted {
        table: name.to_owned(),
        months: months.len() as u64,
        rows: total,
        files_before: gone.len() as u64,
        files_after: (table.files.len() + gone.len() - before) as u64,
    })
}

/// Whether a month needs nothing: sorted files, and no two of them would go into one.
fn is_compact<'l>(files: impl Iterator<Item = &'l Live>) -> bool {
    let files: Vec<_> = files.collect();
    let is_sorted = |live: &&Live| live.add.path.rsplit('/').next().is_some_and(|name| name.starts_with(SORTED));
    let bytes: usize = files.iter().map(|live| usize::try_from(live.add.size).unwrap_or_default()).sum();
    files.iter().all(is_sorted) && files.len() <= 1 + bytes / table_file::FILE_BYTES
}

/// Divides the rows of a month, in order, into parts that fit in memory.
fn parts(table: &OpenTable, files: &[usize], rows: u64) -> Result<Vec<(Option<Order>, Option<Order>)>> {
    let count = usize::try_from(rows).unwrap_or(usize::MAX).div_ceil(SORTED_ROWS);
    if count <= 1 {
        return Ok(vec![(None, None)]);
    }
    let mut all: Vec<Order> = Vec::new();
    for number in files {
        let path = table.place.folder().join(&table.files[*number].add.path);
        for batch in read_columns(&path, Some(&["cell", "local_on", "local_minute"]))? {
            all.extend(orders(&batch?)?);
        }
    }
    all.sort_unstable();
    let mut cuts: Vec<Order> = (1..count).map(|part| all[part * all.len() / count]).collect();
    cuts.dedup();
    let starts = std::iter::once(None).chain(cuts.iter().copied().map(Some));
    let ends = cuts.iter().copied().map(Some).chain(std::iter::once(None));
    Ok(starts.zip(ends).collect())
}

fn orders(batch: &RecordBatch) -> Result<impl Iterator<Item = Order>> {
    let column =
        |name: &str| batch.column_by_name(name).ok_or_else(|| Error::bug(format!("rows without the column {name}")));
    let wrong = || Error::bug("columns of another type");
    let cells = column("cell")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
    let days = column("local_on")?.as_primitive_opt::<Date32Type>().ok_or_else(wrong)?;
    let minutes = column("local_minute")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
    Ok(cells.iter().zip(days.iter()).zip(minutes.iter()).map(|((cell, day), minute)| (cell, day, minute)))
}

/// Rows in order of cell, time and key: the key makes the order one of its kind, and so the bytes of the file.
fn sort(batches: &[RecordBatch]) -> Result<RecordBatch> {
    let Some(first) = batches.first() else { return Err(Error::bug("no rows to sort")) };
    let failed = |e| Error::bug("rows cannot be sorted").with_cause(e);
    let all = concat_batches(&first.schema(), batches).map_err(failed)?;
    let columns: Vec<SortColumn> = ["cell", "local_on", "local_minute", "key_hi", "key_lo"]
        .iter()
        .filter_map(|name| all.column_by_name(name))
        .map(|values| SortColumn { values: values.clone(), options: None })
        .collect();
    let order: UInt32Array = lexsort_to_indices(&columns, None).map_err(failed)?;
    take_record_batch(&all, &order).map_err(failed)
}
