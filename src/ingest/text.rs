//! A bounded batch of an extract as columns of text: one buffer and one list of offsets a column, nothing a row.

use std::ops::Range;
use std::sync::Arc;

use super::reject::Reject;

/// Fields of one source column, end to end. Fields are trimmed of ASCII white space and may be any bytes.
#[derive(Debug, Clone, Default)]
pub struct TextColumn {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl TextColumn {
    /// An empty column with room for `rows` fields.
    pub fn with_capacity(rows: usize) -> Self {
        Self { bytes: Vec::with_capacity(rows * 12), ends: Vec::with_capacity(rows) }
    }

    /// Adds a field. Batches are bounded far below 4 GiB, so the end always fits.
    pub fn push(&mut self, field: &[u8]) {
        self.bytes.extend_from_slice(field);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Adds a field that stands in a longer text.
    #[inline]
    pub fn push_from(&mut self, text: &[u8], field: Range<usize>) {
        // Most fields are short, and a block of fixed size is copied without asking how long it is: what follows the
        // field is cut off again.
        const BLOCK: usize = 24;
        match text.get(field.start..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            Some(block) if field.len() <= BLOCK => {
                let end = self.bytes.len() + field.len();
                self.bytes.extend_from_slice(block);
                self.bytes.truncate(end);
            }
            _ => self.bytes.extend_from_slice(&text[field]),
        }
        self.ends.push(self.bytes.len() as u32);
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The field of a row; empty beyond the last.
    pub fn field(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends.get(row - 1).map_or(0, |end| *end as usize) };
        let end = self.ends.get(row).map_or(start, |end| *end as usize);
        &self.bytes[start..end]
    }

    /// All fields in order.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let field = &self.bytes[start..*end as usize];
            start = *end as usize;
            field
        })
    }

    /// The buffer that holds all fields.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each field ends in the buffer.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }
}

/// Some rows of one file: the columns that the feed uses, the line of each row, and the rows that had the wrong shape.
#[derive(Debug, Clone)]
pub struct TextBatch {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line on which each row starts (the header is line 1), or its number where a format has no lines.
    pub lines: Vec<u64>,
    /// One column for each of the feed's `sources`; `None` where the file has no such column.
    pub columns: Vec<Option<TextColumn>>,
    /// Hash of the whole source row, for feeds without keys; otherwise empty.
    pub row_keys: Vec<u128>,
    /// Rows refused while reading (wrong number of fields). They are in no column.
    pub rejects: Vec<Reject>,
    /// Whether dates were typed in the source and so stand here as ISO text, whatever the feed's formats are.
    pub typed: bool,
}

impl TextBatch {
    /// Rows in the columns.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// Rows read from the file: those in the columns and those refused while reading.
    pub fn rows_in(&self) -> u64 {
        (self.lines.len() + self.rejects.len()) as u64
    }

    /// Bytes of text in the columns.
    pub fn text_bytes(&self) -> usize {
        self.columns.iter().flatten().map(|column| column.bytes().len()).sum()
    }
}
