//! A sheet as records: its header row, and the rows below it spread over the header's columns.

use std::sync::Arc;

use super::{Kind, LONGEST_RECORD, Opened, RawRow, Records, Shape};
use crate::error::{Error, Result};
use crate::ingest::reject::Reason;

/// Columns of the widest sheet there is.
pub const MOST_COLUMNS: usize = 16_384;

const LEFT_OF_HEADER: &str = "the row has a cell to the left of the header";

/// One row: its number (the first is 1) and its cells with something in them.
#[derive(Debug, Default)]
pub struct CellRow {
    /// Number of the row.
    pub number: u64,
    text: Vec<u8>,
    /// Column, and where the text stands.
    cells: Vec<(usize, usize, usize)>,
    bytes: usize,
}

impl CellRow {
    /// Empties the row.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
        self.bytes = 0;
    }

    /// Whether no cell has anything in it.
    pub fn is_blank(&self) -> bool {
        self.cells.is_empty()
    }

    /// Bytes of text, a cell that stands in several columns counted in each.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a cell that stands in so many columns. Blank ones, and those beyond the widest sheet, are left out.
    pub fn push(&mut self, column: usize, repeats: usize, value: &[u8]) {
        let value = value.trim_ascii();
        if value.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(value);
        for column in column..column.saturating_add(repeats).min(MOST_COLUMNS) {
            self.cells.push((column, start, self.text.len()));
            self.bytes += value.len();
        }
    }

    fn values(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.cells.iter().map(|(column, start, end)| (*column, &self.text[*start..*end]))
    }
}

/// Where rows come from.
pub trait Rows {
    /// Reads the next row, blank ones or not; says whether there was one.
    ///
    /// # Errors
    /// `Input` if the file is damaged.
    fn next_row(&mut self, row: &mut CellRow) -> Result<bool>;
}

/// The rows below the header.
pub struct Sheet<R> {
    rows: R,
    file: Arc<str>,
    row: CellRow,
    /// First column of the header.
    first: usize,
    /// Place in the row's text of each of the header's columns.
    slots: Vec<(usize, usize)>,
    delimiter: u8,
    is_over: bool,
}

impl<R: Rows> Sheet<R> {
    /// Reads the header: the row of that number, else the first that is not blank.
    ///
    /// # Errors
    /// `Input` if there is none.
    pub fn open(mut rows: R, file: &Arc<str>, header_row: Option<u64>, delimiter: u8) -> Result<Opened<Self>> {
        let mut row = CellRow::default();
        loop {
            if !rows.next_row(&mut row)? {
                let message = match header_row {
                    Some(number) => format!("the sheet has no row {number}, which is header_row of the feed"),
                    None => "the sheet is empty; its first row should name the columns".to_owned(),
                };
                return Err(Error::input(message).at(file.to_string()));
            }
            if !row.is_blank() && header_row.is_none_or(|wanted| row.number >= wanted) {
                break;
            }
        }
        if header_row.is_some_and(|wanted| row.number > wanted) {
            let message = "this row of the sheet is header_row of the feed, and is empty";
            return Err(Error::input(message).at(format!("{file}:{}", header_row.unwrap_or_default())));
        }
        let first = row.values().map(|(column, _)| column).min().unwrap_or_default();
        let last = row.values().map(|(column, _)| column).max().unwrap_or_default();
        let mut header = vec![String::new(); last + 1 - first];
        for (column, name) in row.values() {
            header[column - first] = String::from_utf8_lossy(name).into_owned();
        }
        let (own, slots) = (header.len(), vec![(0, 0); header.len()]);
        let records = Self { rows, file: Arc::clone(file), row, first, slots, delimiter, is_over: false };
        Ok(Opened { header, own, typed: true, records })
    }
}

impl<R: Rows> Records for Sheet<R> {
    fn advance(&mut self) -> Result<Option<Shape>> {
        if self.is_over || !self.rows.next_row(&mut self.row)? {
            self.is_over = true;
            return Ok(None);
        }
        let (line, bytes) = (self.row.number, self.row.bytes());
        if bytes > LONGEST_RECORD {
            let message = "the row is longer than 4 MiB; is this a sheet of records?";
            return Err(Error::input(message).at(format!("{}:{line}", self.file)));
        }
        self.slots.fill((0, 0));
        let mut width = self.slots.len();
        let mut kind = Kind::Blank;
        for (column, start, end) in &self.row.cells {
            match column.checked_sub(self.first) {
                Some(at) if at < self.slots.len() => self.slots[at] = (*start, *end),
                Some(at) => width = width.max(at + 1),
                None => kind = Kind::Bad(Reason::ColumnCount, LEFT_OF_HEADER),
            }
        }
        if kind == Kind::Blank && !self.row.is_blank() {
            kind = Kind::Row(width);
        }
        Ok(Some(Shape { line, bytes, kind }))
    }

    fn field(&self, index: usize) -> &[u8] {
        self.slots.get(index).map_or(&[], |(start, end)| &self.row.text[*start..*end])
    }

    fn raw(&self) -> RawRow {
        let beyond = self.row.values().filter(|(column, _)| *column >= self.first + self.slots.len());
        let fields = (0..self.slots.len()).map(|index| self.field(index).to_vec());
        RawRow::of(fields.chain(beyond.map(|(_, value)| value.to_vec())), self.delimiter)
    }
}
