//! Text columns → the columns of a table. Pure: the same batch gives the same rows, on any thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, new_null_array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use xxhash_rust::xxh3::xxh3_128;

use super::column::{self, Columns};
use super::content;
use super::feed::Feed;
use super::marks::Marks;
use super::place::{self, Positions, Surroundings};
use super::pseudonym::Tokens;
use super::read::SEPARATOR;
use super::reject::{Label, Reason, Reject};
use super::snapped;
use super::text::TextBatch;
use super::when;
use crate::error::{Error, Result};
use crate::model::schema::Column;
use crate::space::{Areas, Lattice};
use crate::store::{Passed, Recall, RowIdentity};

/// What cleaning needs beside the feed.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Written to the column `source`.
    pub source: &'a str,
    /// Areas that give `parish`; without them it stays empty.
    pub areas: Option<&'a Areas>,
    /// A point outside every area, but within so many metres of one, gets the nearest area's name; 0 for none.
    pub coast_tolerance_m: f64,
    /// Secret key for plates; needed by feeds for which [`Feed::needs_plate_key`] is true.
    pub plate_key: Option<&'a [u8]>,
}

/// Clean rows of one batch, and what was refused.
#[derive(Debug)]
pub struct Cleaned {
    /// Rows in the columns of `feed.table.arrow_schema()`; `loaded_at` and `load_id` are null. `key_hi` and `key_lo` are
    /// the halves of the hash of the key columns: the ordinal among equal keys is left to whoever sees the whole file.
    pub batch: RecordBatch,
    /// Refused rows, by line.
    pub rejects: Vec<Reject>,
    /// How many kept rows bear each label.
    pub labels: BTreeMap<Label, u64>,
    /// Rows that are not in the batch because the store holds them as they are.
    pub passed: Vec<Passed>,
    /// Rows read: kept and refused.
    pub rows_in: u64,
}

/// Cleans a batch. `cells` is worth keeping from batch to batch.
///
/// # Errors
/// `Input` if the feed needs a plate key and there is none; `Bug` if columns do not fit the table.
pub fn clean(text: &TextBatch, feed: &Feed, context: &Context<'_>, cells: &mut Lattice) -> Result<Cleaned> {
    clean_unknown(text, feed, context, cells, None)
}

/// As [`clean`], but leaves out rows that `recall` recognises as records that would change nothing: they are counted and
/// labelled like all others, and go no further.
///
/// # Errors
/// As [`clean`].
pub fn clean_unknown(
    text: &TextBatch,
    feed: &Feed,
    context: &Context<'_>,
    cells: &mut Lattice,
    recall: Option<&Recall>,
) -> Result<Cleaned> {
    let rows = text.rows();
    let mut marks = Marks::new(text, feed);
    let mut tokens = match (feed.needs_plate_key(), context.plate_key) {
        (false, _) => None,
        (true, Some(key)) => Some(Tokens::new(key)?),
        (true, None) => {
            return Err(Error::input(format!("feed {} holds plates: the store's plate key is needed", feed.name)));
        }
    };
    let columns = Columns::checked(text, &mut marks);
    let keys = keys(&columns, text, feed, &mut marks);
    let mut filled: BTreeMap<&str, ArrayRef> = BTreeMap::new();
    for rule in &feed.rules {
        let array = column::fill(rule, &columns, &feed.zone, tokens.as_mut(), &mut marks)?;
        filled.insert(rule.column.name, array);
    }
    match &feed.place {
        Some(place) => {
            let surroundings = context.areas.and_then(|areas| Surroundings::new(areas, context.coast_tolerance_m));
            let found = place::locate(&columns, place, &feed.missing, surroundings.as_ref(), cells, &mut marks);
            add_positions(&mut filled, found);
        }
        None if feed.table.is_event() => (0..rows).for_each(|row| marks.label(row, Label::NoLocation)),
        None => {}
    }
    let times: Vec<&ArrayRef> = feed.table.times.iter().filter_map(|time| filled.get(time)).collect();
    let local = when::local(&times, feed, rows, &mut marks);
    when::label_reversed(&filled, &mut marks);
    if let (Some(lat), Some(lon)) = (filled.get("lat"), filled.get("lon")) {
        snapped::label(feed.table.name, lat, lon, &mut marks);
    }
    filled.insert("local_on", local.on);
    filled.insert("key_hi", halves(&keys, |key| (key >> 64) as i64));
    filled.insert("key_lo", halves(&keys, |key| key as i64));
    if let Some(deleted) = &feed.deleted {
        filled.insert("deleted", column::deleted(deleted, &columns));
    }
    filled.insert("row_hash", content::hash(feed.table, &filled, rows)?);
    let mut wanted = marks.kept().to_vec();
    let passed = recall.map_or_else(Vec::new, |recall| pass(recall, &filled, &mut wanted));
    let labels = marks.label_counts();
    let batch = if wanted.contains(&true) {
        filled.insert("local_hour", local.hour);
        filled.insert("local_minute", local.minute);
        filled.insert("month", local.month);
        filled.insert("source", Arc::new(column::repeated(context.source, rows)));
        if let Some(precision) = feed.precision.name() {
            filled.insert("time_precision", Arc::new(column::repeated(precision, rows)));
        }
        filled.insert("labels", marks.label_column());
        assemble(feed, &filled, wanted)?
    } else {
        RecordBatch::new_empty(feed.table.arrow_schema())
    };
    Ok(Cleaned { batch, labels, passed, rejects: marks.into_rejects(), rows_in: text.rows_in() })
}

/// Takes the rows that `recall` recognises out of those that are wanted.
fn pass(recall: &Recall, filled: &BTreeMap<&str, ArrayRef>, wanted: &mut [bool]) -> Vec<Passed> {
    let halves = |name: &str| filled.get(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let days = filled.get("local_on").and_then(|column| column.as_primitive_opt::<Date32Type>());
    let (Some(high), Some(low), Some(hashes), Some(days)) =
        (halves("key_hi"), halves("key_lo"), halves("row_hash"), days)
    else {
        return Vec::new();
    };
    let identity = |row: usize| RowIdentity {
        high: high.value(row),
        low: low.value(row),
        row_hash: hashes.value(row),
        day: days.is_valid(row).then(|| days.value(row)),
    };
    let identities: Vec<RowIdentity> = (0..wanted.len()).map(identity).collect();
    let unchanged = recall.unchanged(&identities);
    let mut passed = Vec::new();
    let mut before = 0;
    for ((wanted, identity), is_unchanged) in wanted.iter_mut().zip(identities).zip(unchanged) {
        if *wanted && is_unchanged {
            *wanted = false;
            passed.push(Passed::new(before, identity));
        }
        before += u32::from(*wanted);
    }
    passed
}

/// The two halves of each record's key, as the store keeps them.
///
/// # Errors
/// `Bug` for a batch without them.
pub fn stored_keys(batch: &RecordBatch) -> Result<Vec<(i64, i64)>> {
    let half = |name: &str| {
        let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
        column.ok_or_else(|| Error::bug(format!("rows without the column {name}")))
    };
    let (high, low) = (half("key_hi")?, half("key_lo")?);
    Ok(high.values().iter().copied().zip(low.values().iter().copied()).collect())
}

fn add_positions(filled: &mut BTreeMap<&str, ArrayRef>, found: Positions) {
    filled.insert("lat", found.lat);
    filled.insert("lon", found.lon);
    filled.insert("cell", found.cell);
    if let Some(parish) = found.parish {
        // What the source says about the parish wins over what the position says.
        filled.entry("parish").or_insert(parish);
    }
}

/// Hash of the feed's name and the key columns of each row. A blank key is stood in for by `blank_keys` or refuses the
/// row; a feed without keys takes the hash of the whole source row.
///
/// **Method.** XXH3-128 (Y. Collet) over the trimmed fields as written, with a separator between them.
fn keys(columns: &Columns<'_>, text: &TextBatch, feed: &Feed, marks: &mut Marks<'_>) -> Vec<u128> {
    let mut scratch = Vec::with_capacity(128);
    if feed.keys.is_empty() {
        let mut hash = |row: &u128| hash(feed, b'r', [row.to_le_bytes().as_slice()].into_iter(), &mut scratch);
        return text.row_keys.iter().map(&mut hash).collect();
    }
    let value = |source: usize, row: usize| columns.value(source, row, &feed.missing);
    let mut keys = Vec::with_capacity(columns.rows());
    // What is hashed begins alike in every row: the name and the kind stay where they are.
    let mut parts = Vec::with_capacity(128);
    begin(feed, b'k', &mut parts);
    let head = parts.len();
    for row in 0..columns.rows() {
        parts.truncate(head);
        let blank = feed.keys.iter().find(|key| match value(**key, row) {
            Some(part) => {
                parts.push(SEPARATOR);
                parts.extend_from_slice(part);
                false
            }
            None => true,
        });
        keys.push(match blank {
            None => xxh3_128(&parts),
            Some(key) if feed.blank_keys.is_empty() => {
                marks.reject(row, Reason::MissingKey, Some(*key), "wanted a key; this column may not be blank");
                0
            }
            Some(_) => {
                let stand_ins = feed.blank_keys.iter().map(|key| value(*key, row).unwrap_or_default());
                hash(feed, b'b', stand_ins, &mut scratch)
            }
        });
    }
    keys
}

/// Hash of a feed's name, what kind of key it is, and its parts.
fn hash<'a>(feed: &Feed, kind: u8, parts: impl Iterator<Item = &'a [u8]>, scratch: &mut Vec<u8>) -> u128 {
    begin(feed, kind, scratch);
    for part in parts {
        scratch.push(SEPARATOR);
        scratch.extend_from_slice(part);
    }
    xxh3_128(scratch)
}

fn begin(feed: &Feed, kind: u8, scratch: &mut Vec<u8>) {
    scratch.clear();
    scratch.extend_from_slice(feed.name.as_bytes());
    scratch.push(kind);
}

fn halves(keys: &[u128], half: impl Fn(u128) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(keys.iter().map(|key| half(*key))))
}

/// The table's columns in order, and of them the rows that are wanted; columns without a rule are empty.
fn assemble(feed: &Feed, filled: &BTreeMap<&str, ArrayRef>, wanted: Vec<bool>) -> Result<RecordBatch> {
    let rows = wanted.len();
    let array = |column: &Column| match filled.get(column.name) {
        Some(array) => Arc::clone(array),
        None => new_null_array(&column.kind.arrow(), rows),
    };
    let arrays: Vec<ArrayRef> = feed.table.all_columns().map(array).collect();
    debug_assert!(arrays.iter().all(|array| array.len() == rows), "columns of one length");
    let batch = RecordBatch::try_new(feed.table.arrow_schema(), arrays)
        .map_err(|cause| Error::bug("cleaned columns do not fit the table").with_cause(cause))?;
    if !wanted.contains(&false) {
        return Ok(batch);
    }
    filter_record_batch(&batch, &BooleanArray::from(wanted))
        .map_err(|cause| Error::bug("refused rows could not be left out").with_cause(cause))
}

#[cfg(test)]
#[path = "clean_tests.rs"]
mod tests;
