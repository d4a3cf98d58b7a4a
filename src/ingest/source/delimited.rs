//! Delimited text: CSV, TSV and the like. Most rows come this way, so `read` calls it directly.

use super::window::{OPEN_QUOTE, Window};
use super::{Kind, Opened, RawField, RawRow, Records, Shape};
use crate::error::Result;
use crate::ingest::split::{Record, Splitter, spans};
use crate::ingest::text::TextColumn;

/// How much of the beginning is searched for bytes that no text has.
const BINARY_CHECK: usize = 64 << 10;

/// Columns that an export of refused rows has behind the source's own. They are about the row and no part of it.
pub const REJECT_COLUMNS: [&str; 4] = ["vigie_line", "vigie_reason", "vigie_column", "vigie_message"];

/// Delimited text below its header.
pub struct Delimited {
    window: Window,
    splitter: Splitter,
    delimiter: u8,
    /// Line of the current record, or of the next if there is none.
    line: u64,
    /// The record that was split last and still stands in the window.
    current: Option<Record>,
}

impl Delimited {
    /// Reads the header.
    ///
    /// # Errors
    /// `Input` if the text is empty or binary, or the header is not UTF-8.
    pub fn open(mut window: Window, delimiter: u8) -> Result<Opened<Self>> {
        window.fill_to(BINARY_CHECK)?;
        if window.text().contains(&0) {
            return Err(window.wrong(1, "this is a binary file of a kind that is not read; export the records as CSV"));
        }
        let mut records = Self { window, splitter: Splitter::new(delimiter), delimiter, line: 1, current: None };
        let fields = loop {
            match records.advance()? {
                None => {
                    let message = "the file is empty; the first line should name the columns";
                    return Err(records.window.wrong(records.line, message));
                }
                Some(Shape { kind: Kind::Row(fields), .. }) => break fields,
                Some(_) => {}
            }
        };
        let mut header = Vec::with_capacity(fields);
        for index in 0..fields {
            let name = std::str::from_utf8(records.field(index)).map_err(|cause| {
                let message = "the header is not UTF-8 text; if this comes from an older Windows program, write \
                               encoding = \"windows-1252\" into the feed";
                records.window.wrong(records.line, message).with_cause(cause)
            })?;
            header.push(name.to_owned());
        }
        let is_export = header.len() > REJECT_COLUMNS.len() && header.ends_with(&REJECT_COLUMNS.map(str::to_owned));
        let own = header.len() - if is_export { REJECT_COLUMNS.len() } else { 0 };
        // What was typed in its first form is ISO text in an export of refused rows.
        Ok(Opened { header, own, typed: is_export, records })
    }
}

impl Records for Delimited {
    #[inline]
    fn advance(&mut self) -> Result<Option<Shape>> {
        if let Some(record) = self.current.take() {
            self.window.skip(record.next);
            self.line += record.lines;
        }
        loop {
            if self.window.is_over() {
                return Ok(None);
            }
            if let Some(record) = self.splitter.split(self.window.text(), self.window.at_end()) {
                self.current = Some(record);
                let kind = if self.splitter.is_blank() { Kind::Blank } else { Kind::Row(self.splitter.len()) };
                return Ok(Some(Shape { line: self.line, bytes: record.next, kind }));
            }
            self.window.fill(self.line, OPEN_QUOTE)?;
        }
    }

    #[inline]
    fn field(&self, index: usize) -> &[u8] {
        self.splitter.field(self.window.text(), index)
    }

    #[inline]
    fn copy_field(&self, index: usize, column: &mut TextColumn) {
        let text = self.window.text();
        match self.splitter.span(text, index) {
            Some(span) => column.push_from(text, span),
            None => column.push(self.splitter.field(text, index)),
        }
    }

    fn raw(&self) -> RawRow {
        let length = self.current.map_or(0, |record| record.next);
        let mut text = &self.window.text()[..length];
        while let Some(shorter) = text.strip_suffix(b"\n").or_else(|| text.strip_suffix(b"\r")) {
            text = shorter;
        }
        let fields = spans(text, self.delimiter)
            .into_iter()
            .take(self.splitter.len())
            .enumerate()
            .map(|(index, span)| RawField { value: self.splitter.untrimmed(self.window.text(), index).to_vec(), span })
            .collect();
        RawRow { text: text.to_vec(), fields }
    }
}
