//! One column of text → one column of the table.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, BooleanArray, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringArray, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};

use super::clock::{Clock, Layout, Zone};
use super::codes::{Codes, OTHER, Unknown};
use super::feed::{Deleted, How, Rule};
use super::marks::Marks;
use super::parse;
use super::pseudonym::Tokens;
use super::reject::{Label, Reason};
use super::text::{TextBatch, TextColumn};
use crate::error::{Error, Result};

/// The text columns of a batch, all of them UTF-8.
pub struct Columns<'a> {
    rows: usize,
    /// Whether ISO dates are read beside the feed's formats.
    typed: bool,
    columns: Vec<Option<Cow<'a, TextColumn>>>,
}

impl<'a> Columns<'a> {
    /// Checks that every field is UTF-8; a row with one that is not is refused, and the field emptied.
    pub fn checked(text: &'a TextBatch, marks: &mut Marks<'_>) -> Self {
        let columns = text
            .columns
            .iter()
            .enumerate()
            .map(|(source, column)| column.as_ref().map(|column| checked(column, source, marks)))
            .collect();
        Self { rows: text.rows(), typed: text.typed, columns }
    }

    /// A time as one of the layouts has it, or as typed dates are written.
    #[inline]
    fn clock(&self, layouts: &[Layout], text: &[u8]) -> Option<Clock> {
        read_clock(layouts, text).or_else(|| if self.typed { read_clock(&TYPED, text) } else { None })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A field, unless it is empty or means "no value" or the file has no such column.
    #[inline]
    pub fn value(&self, source: usize, row: usize, missing: &[String]) -> Option<&[u8]> {
        let field = self.columns.get(source)?.as_ref()?.field(row);
        let is_missing = field.is_empty() || missing.iter().any(|text| text.as_bytes() == field);
        (!is_missing).then_some(field)
    }
}

fn checked<'a>(column: &'a TextColumn, source: usize, marks: &mut Marks<'_>) -> Cow<'a, TextColumn> {
    // Only where the whole is valid and no field ends inside a character is each field valid.
    let is_valid = column.bytes().is_ascii() || column.fields().all(|field| std::str::from_utf8(field).is_ok());
    if is_valid {
        return Cow::Borrowed(column);
    }
    let mut mended = TextColumn::with_capacity(column.len());
    for (row, field) in column.fields().enumerate() {
        if std::str::from_utf8(field).is_ok() {
            mended.push(field);
        } else {
            marks.reject(row, Reason::BadText, Some(source), "wanted UTF-8 text");
            mended.push(b"");
        }
    }
    Cow::Owned(mended)
}

/// Fills a column of the table.
///
/// # Errors
/// `Bug` if the batch and the feed do not fit.
pub(super) fn fill(
    rule: &Rule,
    columns: &Columns<'_>,
    zone: &Zone,
    tokens: Option<&mut Tokens>,
    marks: &mut Marks<'_>,
) -> Result<ArrayRef> {
    let cells = Cells { rule, columns };
    Ok(match &rule.how {
        How::Constant(value) => Arc::new(repeated(value, columns.rows)),
        How::Text { from } => Arc::new(cells.text(*from)?),
        How::Code { from, codes } => cells.codes(*from, codes, marks),
        How::CodeList { from, codes, separator } => cells.code_lists(*from, codes, *separator, marks),
        How::Plate { from } => {
            let tokens = tokens.ok_or_else(|| Error::bug("plates without a key"))?;
            let mut filled = StringBuilder::with_capacity(columns.rows, columns.rows * 32);
            for row in 0..columns.rows {
                filled.append_option(cells.value(*from, row).and_then(|plate| tokens.token(plate)));
            }
            Arc::new(filled.finish())
        }
        How::Int { from, codes } => cells.ints(*from, codes.as_ref(), marks),
        How::Float { from } => {
            let mut filled = Float64Builder::with_capacity(columns.rows);
            for row in 0..columns.rows {
                filled.append_option(cells.parsed(*from, row, Reason::BadNumber, marks, parse::float));
            }
            Arc::new(filled.finish())
        }
        How::Bool { from, codes } => cells.booleans(*from, codes.as_ref(), marks),
        How::Time { from, with, layouts, plus_seconds } => {
            let written = Written { from: *from, with: *with, layouts, plus_seconds: *plus_seconds };
            cells.times(&written, zone, marks)
        }
        How::Date { from, layouts } => {
            let mut filled = Date32Builder::with_capacity(columns.rows);
            let read = |text: &[u8]| columns.clock(layouts, text).map(|clock| clock.day);
            for row in 0..columns.rows {
                filled.append_option(cells.parsed(*from, row, Reason::BadTime, marks, read));
            }
            Arc::new(filled.finish())
        }
    })
}

/// True where the source took the record back, and nothing elsewhere: a column without deletions costs no space.
pub(super) fn deleted(rule: &Deleted, columns: &Columns<'_>) -> ArrayRef {
    let is_deleted = |row: usize| {
        let field = columns.value(rule.from, row, &[])?;
        rule.values.iter().any(|value| value.as_bytes() == field).then_some(true)
    };
    Arc::new((0..columns.rows).map(is_deleted).collect::<BooleanArray>())
}

/// The same text in every row.
pub fn repeated(value: &str, rows: usize) -> StringArray {
    let offsets = OffsetBuffer::from_repeated_length(value.len(), rows);
    StringArray::new(offsets, Buffer::from_vec(value.as_bytes().repeat(rows)), None)
}

/// What typed dates of a source are written as, beside the feed's formats.
static TYPED: LazyLock<Vec<Layout>> = LazyLock::new(|| {
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]
        .iter()
        .filter_map(|format| Layout::new(format).ok())
        .collect()
});

fn read_clock(layouts: &[Layout], text: &[u8]) -> Option<Clock> {
    layouts.iter().find_map(|layout| layout.read(text))
}

/// Where a time is written.
struct Written<'a> {
    from: usize,
    with: Option<usize>,
    layouts: &'a [Layout],
    plus_seconds: Option<usize>,
}

/// The fields that a rule reads.
struct Cells<'a> {
    rule: &'a Rule,
    columns: &'a Columns<'a>,
}

impl Cells<'_> {
    #[inline]
    fn value(&self, source: usize, row: usize) -> Option<&[u8]> {
        self.columns.value(source, row, &self.rule.missing)
    }

    fn reject(&self, row: usize, reason: Reason, source: usize, marks: &mut Marks<'_>) {
        marks.reject(row, reason, Some(source), &self.rule.wanted);
    }

    /// A field read by `read`; the row is refused if it holds something else.
    #[inline]
    fn parsed<T>(
        &self,
        source: usize,
        row: usize,
        reason: Reason,
        marks: &mut Marks<'_>,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.value(source, row)?);
        if value.is_none() {
            self.reject(row, reason, source, marks);
        }
        value
    }

    /// The source's buffer as it is: no work a row but the list of nulls.
    fn text(&self, source: usize) -> Result<StringArray> {
        let Some(Some(column)) = self.columns.columns.get(source) else {
            return Ok(StringArray::new_null(self.columns.rows));
        };
        let ends = column.ends().iter().map(|end| *end as i32);
        let offsets = OffsetBuffer::new(std::iter::once(0).chain(ends).collect::<Vec<i32>>().into());
        let missing = &self.rule.missing;
        let is_value = |field: &[u8]| !field.is_empty() && !missing.iter().any(|text| text.as_bytes() == field);
        let is_full = missing.is_empty() && offsets.windows(2).all(|pair| pair[0] < pair[1]);
        let nulls = (!is_full).then(|| column.fields().map(is_value).collect::<NullBuffer>());
        StringArray::try_new(offsets, Buffer::from(column.bytes()), nulls)
            .map_err(|cause| Error::bug("a text column could not be built").with_cause(cause))
    }

    /// The value of one code; `None` refuses the row.
    #[inline]
    fn code<'c>(codes: &'c Codes, code: &'c [u8], row: usize, marks: &mut Marks<'_>) -> Option<&'c str> {
        match (codes.place(code), codes.unknown) {
            (Some(place), _) => Some(codes.value(place)),
            (None, Unknown::Reject) => None,
            (None, Unknown::Keep) => std::str::from_utf8(code).ok(),
            (None, Unknown::Other) => {
                marks.label(row, Label::OtherCode);
                Some(OTHER)
            }
        }
    }

    fn codes(&self, source: usize, codes: &Codes, marks: &mut Marks<'_>) -> ArrayRef {
        let mut filled = StringBuilder::with_capacity(self.columns.rows, self.columns.rows * 8);
        for row in 0..self.columns.rows {
            let Some(code) = self.value(source, row) else {
                filled.append_null();
                continue;
            };
            let value = Self::code(codes, code, row, marks);
            if value.is_none() {
                self.reject(row, Reason::UnknownCode, source, marks);
            }
            filled.append_option(value);
        }
        Arc::new(filled.finish())
    }

    fn code_lists(&self, source: usize, codes: &Codes, separator: u8, marks: &mut Marks<'_>) -> ArrayRef {
        let mut filled = StringBuilder::with_capacity(self.columns.rows, self.columns.rows * 8);
        for row in 0..self.columns.rows {
            let Some(list) = self.value(source, row) else {
                filled.append_null();
                continue;
            };
            let parts = list.split(|byte| *byte == separator).map(<[u8]>::trim_ascii).filter(|part| !part.is_empty());
            let values: Option<Vec<&str>> = parts.map(|part| Self::code(codes, part, row, marks)).collect();
            if let Some(mut values) = values {
                values.sort_unstable();
                values.dedup();
                filled.append_option((!values.is_empty()).then(|| values.join(";")));
            } else {
                self.reject(row, Reason::UnknownCode, source, marks);
                filled.append_null();
            }
        }
        Arc::new(filled.finish())
    }

    fn ints(&self, source: usize, codes: Option<&Codes>, marks: &mut Marks<'_>) -> ArrayRef {
        let mut filled = Int64Builder::with_capacity(self.columns.rows);
        for row in 0..self.columns.rows {
            let value = match codes {
                None => self.parsed(source, row, Reason::BadNumber, marks, parse::int),
                Some(codes) => self.coded_int(source, row, codes, marks),
            };
            filled.append_option(value);
        }
        Arc::new(filled.finish())
    }

    /// A number outside the list is an unknown code; what is no number at all is a bad number.
    fn coded_int(&self, source: usize, row: usize, codes: &Codes, marks: &mut Marks<'_>) -> Option<i64> {
        let code = self.value(source, row)?;
        match (codes.place(code), codes.unknown, parse::int(code)) {
            (Some(place), _, _) => parse::int(codes.value(place).as_bytes()),
            (None, Unknown::Keep, Some(number)) => Some(number),
            (None, _, number) => {
                let reason = if number.is_some() { Reason::UnknownCode } else { Reason::BadNumber };
                self.reject(row, reason, source, marks);
                None
            }
        }
    }

    fn booleans(&self, source: usize, codes: Option<&Codes>, marks: &mut Marks<'_>) -> ArrayRef {
        let mut filled = BooleanBuilder::with_capacity(self.columns.rows);
        let read = |text: &[u8]| match codes {
            None => parse::boolean(text),
            Some(codes) => codes.place(text).and_then(|place| parse::boolean(codes.value(place).as_bytes())),
        };
        for row in 0..self.columns.rows {
            filled.append_option(self.parsed(source, row, Reason::UnknownCode, marks, read));
        }
        Arc::new(filled.finish())
    }

    fn times(&self, written: &Written<'_>, zone: &Zone, marks: &mut Marks<'_>) -> ArrayRef {
        let mut filled = TimestampMicrosecondBuilder::with_capacity(self.columns.rows);
        let mut joined = Vec::new();
        // Records of one moment stand together in extracts that are in order of time: one text, one time.
        let is_whole = written.with.is_none() && written.plus_seconds.is_none();
        let mut before: Option<(&[u8], i64)> = None;
        for row in 0..self.columns.rows {
            let text = self.value(written.from, row);
            if let (Some(text), Some((same, time))) = (text, before)
                && text == same
            {
                filled.append_value(time);
                continue;
            }
            let found = self.time(written, row, &mut joined, zone, marks);
            if let Some((_, Some(label))) = found {
                marks.label(row, label);
            }
            before = match (text, found) {
                (Some(text), Some((time, None))) if is_whole => Some((text, time)),
                _ => None,
            };
            filled.append_option(found.map(|(time, _)| time));
        }
        Arc::new(filled.finish().with_timezone("UTC"))
    }

    #[inline]
    fn time(
        &self,
        written: &Written<'_>,
        row: usize,
        joined: &mut Vec<u8>,
        zone: &Zone,
        marks: &mut Marks<'_>,
    ) -> Option<(i64, Option<Label>)> {
        let mut text = self.value(written.from, row)?;
        if let Some(with) = written.with {
            joined.clear();
            joined.extend_from_slice(text);
            joined.push(b' ');
            joined.extend_from_slice(self.value(with, row)?);
            text = joined;
        }
        let Some(clock) = self.columns.clock(written.layouts, text) else {
            self.reject(row, Reason::BadTime, written.from, marks);
            return None;
        };
        let (mut seconds, label) = zone.to_utc(clock);
        if let Some(plus) = written.plus_seconds {
            let Some(later) = parse::int(self.value(plus, row)?).filter(|s| s.abs() < 1_000_000_000) else {
                marks.reject(row, Reason::BadNumber, Some(plus), "wanted a whole number of seconds");
                return None;
            };
            seconds += later;
        }
        Some((seconds * 1_000_000, label))
    }
}
