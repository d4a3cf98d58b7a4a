//! Counting rows on their way into a table file.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Date32Type, Int64Type};
use xxhash_rust::xxh3::xxh3_64;

use super::head::{CellTotal, Chunk, Head, Margin, footer_line};
use super::key::{DAYS, LOW_BITS, MOST_GROUPS, NO_CELL, NO_DAY, NO_HOUR, cell, cell_code, low};

/// Rows of a chunk.
const CHUNK_ROWS: usize = 1 << 17;
/// Bits of an entry that hold its number of records.
pub(super) const COUNT_BITS: u32 = 12;

/// Counts the rows of one table file.
#[derive(Debug)]
pub(in crate::store) struct Gatherer {
    group_column: Option<&'static str>,
    head: Head,
    names: Names,
    /// Keys of rows that are in no chunk yet.
    waiting: Vec<u64>,
    /// Number in `margins` of each group and slot of the chunk under way, from 1.
    places: Vec<u32>,
    /// A row was seen that cannot be counted as a question would: the file gets no counts.
    is_refused: bool,
}

/// Entries of a finished chunk: they go into the file as they are.
pub(in crate::store) type Entries = Vec<u8>;

impl Gatherer {
    /// For a file of the month that begins on `first_day` (days since 1970).
    pub fn new(group_column: Option<&'static str>, first_day: i32) -> Self {
        Self {
            group_column,
            head: Head { first_day, ..Head::default() },
            names: Names::default(),
            waiting: Vec::new(),
            places: Vec::new(),
            is_refused: false,
        }
    }

    /// Counts some rows.
    pub fn observe(&mut self, rows: &RecordBatch) {
        if !self.is_refused && self.note(rows).is_none() {
            // What was written of it by now nobody will find.
            self.is_refused = true;
            (self.waiting, self.head.chunks) = (Vec::new(), Vec::new());
        }
    }

    /// Rows that wait for their chunk.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a chunk is full.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= CHUNK_ROWS
    }

    /// Makes a chunk of the rows that wait. Its entries are to be written at the offset `at` of the file.
    pub fn chunk(&mut self, at: u64) -> Entries {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let (chunk, entries) = self.count_waiting(at);
        if chunk.cells.iter().any(|total| cell(total.code).is_none()) {
            self.is_refused = true;
            self.head.chunks.clear();
            return Vec::new();
        }
        self.head.chunks.push(chunk);
        entries
    }

    /// The head, to be written at the offset `at`, and the line of the footer; `None` if the file gets no counts. All
    /// rows must be in chunks.
    pub fn finish(mut self, at: u64) -> Option<(Vec<u8>, String)> {
        if self.is_refused || !self.waiting.is_empty() {
            return None;
        }
        self.head.groups = self.names.list;
        let bytes = self.head.encode();
        let line = footer_line(at, &bytes);
        Some((bytes, line))
    }

    /// `None` if a row cannot be counted.
    fn note(&mut self, rows: &RecordBatch) -> Option<()> {
        let column = |name: &str| rows.column_by_name(name);
        let cells = column("cell")?.as_primitive_opt::<Int64Type>()?;
        let days = column("local_on")?.as_primitive_opt::<Date32Type>()?;
        let minutes = column("local_minute")?.as_primitive_opt::<Int64Type>()?;
        let precisions = column("time_precision")?.as_string_opt::<i32>()?;
        let deleted = column("deleted")?.as_boolean_opt()?;
        let groups = match self.group_column {
            Some(name) => Some(column(name)?.as_string_opt::<i32>()?),
            None => None,
        };
        let is_none = |nulls: Option<&NullBuffer>, row: usize| nulls.is_some_and(|nulls| nulls.is_null(row));
        let may_be_deleted = deleted.null_count() < deleted.len();
        let may_be_monthly = precisions.null_count() < precisions.len();
        self.waiting.reserve(rows.num_rows());
        for row in 0..rows.num_rows() {
            if may_be_deleted && deleted.is_valid(row) && deleted.value(row) {
                continue;
            }
            if is_none(days.nulls(), row) {
                return None;
            }
            let day = u32::try_from(days.values()[row].checked_sub(self.head.first_day)?).ok()?;
            if day as usize >= DAYS {
                return None;
            }
            let is_monthly = may_be_monthly && precisions.is_valid(row) && precisions.value(row) == "month";
            let hour = match (is_none(minutes.nulls(), row), is_monthly) {
                (false, false) => u32::try_from(minutes.values()[row]).ok().filter(|minute| *minute < 1440)? / 60,
                (false, true) => return None,
                (true, true) => NO_DAY,
                (true, false) => NO_HOUR,
            };
            let code = if is_none(cells.nulls(), row) { NO_CELL } else { cell_code(cells.values()[row])? };
            let group = match groups {
                Some(groups) if !is_none(groups.nulls(), row) => self.names.number(groups.value(row))?,
                _ => 0,
            };
            self.waiting.push(code << LOW_BITS | u64::from(low(group, day, hour)));
        }
        Some(())
    }

    fn count_waiting(&mut self, at: u64) -> (Chunk, Entries) {
        self.waiting.sort_unstable();
        let mut chunk = Chunk { at, ..Chunk::default() };
        let mut entries = Vec::with_capacity(self.waiting.len() * 3);
        self.places.resize((self.names.list.len() + 1) << (LOW_BITS - 10), 0);
        for same in self.waiting.chunk_by(|a, b| a == b) {
            let (code, low) = (same[0] >> LOW_BITS, (same[0] & ((1 << LOW_BITS) - 1)) as u32);
            let records = same.len() as u32;
            let place = &mut self.places[low as usize];
            if *place == 0 {
                chunk.margins.push(Margin { low, records: 0, located: 0 });
                *place = chunk.margins.len() as u32;
            }
            let margin = &mut chunk.margins[*place as usize - 1];
            margin.records += records;
            if code == NO_CELL {
                continue;
            }
            margin.located += records;
            if chunk.cells.last().is_none_or(|last| last.code != code) {
                chunk.cells.push(CellTotal { code, entries: 0, records: 0 });
            }
            let Some(total) = chunk.cells.last_mut() else { continue };
            total.records += records;
            let mut left = records;
            while left > 0 {
                let some = left.min((1 << COUNT_BITS) - 1);
                entries.extend_from_slice(&(low << COUNT_BITS | some).to_le_bytes());
                total.entries += 1;
                left -= some;
            }
        }
        for margin in &chunk.margins {
            self.places[margin.low as usize] = 0;
        }
        chunk.margins.sort_unstable_by_key(|margin| margin.low);
        chunk.digest = xxh3_64(&entries);
        self.waiting.clear();
        (chunk, entries)
    }
}

/// Numbers of group names, from 1 in the order in which they came.
#[derive(Debug, Default)]
struct Names {
    list: Vec<String>,
    numbers: HashMap<String, u32>,
    /// Number of the name that was seen last in each place.
    seen: Vec<u32>,
}

/// Places for names that were seen lately.
const SEEN: usize = 1 << 10;

impl Names {
    /// `None` beyond the most groups that a file may have.
    #[inline]
    fn number(&mut self, name: &str) -> Option<u32> {
        let place = place(name.as_bytes());
        let seen = self.seen.get(place).copied().unwrap_or_default();
        if seen > 0 && self.list[seen as usize - 1] == name {
            return Some(seen);
        }
        let number = if let Some(number) = self.numbers.get(name) {
            *number
        } else {
            if self.list.len() >= MOST_GROUPS {
                return None;
            }
            self.list.push(name.to_owned());
            let number = self.list.len() as u32;
            self.numbers.insert(name.to_owned(), number);
            number
        };
        self.seen.resize(SEEN, 0);
        self.seen[place] = number;
        Some(number)
    }
}

/// By length, first and last bytes: names that share a place only cost time.
#[inline]
fn place(name: &[u8]) -> usize {
    let end = |bytes: [u8; 4]| u64::from(u32::from_le_bytes(bytes));
    let mixed = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => end(*first) << 32 | end(*last),
        _ => name.iter().fold(0, |mixed, byte| mixed << 8 | u64::from(*byte)),
    };
    // The upper bits of a multiplication depend on all bits of the number (Fibonacci hashing).
    ((mixed ^ (name.len() as u64) << 57).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers() {
        let mut names = Names::default();
        for round in 0..2 {
            for at in 0..MOST_GROUPS {
                assert_eq!(names.number(&format!("group {at}")), Some(at as u32 + 1), "round {round}");
            }
        }
        assert_eq!((names.number("one more"), names.number("group 7")), (None, Some(8)));
        assert_eq!(names.list.len(), MOST_GROUPS);
        let mut names = Names::default();
        assert_eq!(["a", "", "aaaa", "aaaaaaaa", "a", "é"].map(|name| names.number(name).unwrap()), [1, 2, 3, 4, 1, 5]);
    }
}
