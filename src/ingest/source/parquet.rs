//! Parquet files as records: the columns that the feed uses, as text, in bounded batches.
//!
//! A Parquet file says in its footer and in the head of each page how much memory to set aside. Those figures are looked
//! at first (`thrift`), pages that unpack to more than they claim are found by unpacking them once, and the number of
//! rows a batch is such that a dictionary of long texts cannot fill the memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimeUnit, TimestampMicrosecondType};
use flate2::read::MultiGzDecoder;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;

use super::cells;
use super::thrift::{Found, walk};
use super::{Kind, LONGEST_RECORD, Opened, RawRow, Records, Shape, damaged};
use crate::error::{Error, Result};
use crate::ingest::text::TextColumn;

/// Longest footer that is read.
const FOOTER_LIMIT: u64 = 16 << 20;
/// Most entries of the schema, row groups, and levels within each other.
const MOST_COLUMNS: usize = 10_000;
const MOST_ROW_GROUPS: usize = 32_767;
const DEEPEST: usize = 16;
/// Longest page, unpacked; a dictionary may be repeated in every row, so it is held shorter.
const PAGE_LIMIT: u64 = 64 << 20;
const DICTIONARY_LIMIT: u64 = 16 << 20;
/// Longest header of a page (it may hold a smallest and a largest value).
const PAGE_HEADER_LIMIT: u64 = 1 << 20;
/// What the texts of one batch may come to if every row repeats the longest text of its dictionary.
const BATCH_BYTES: u64 = 128 << 20;
const BATCH_ROWS: u64 = 8192;

/// Which columns are read.
pub enum Wanted<'a> {
    /// Those of these names.
    Named(&'a [&'a str]),
    /// All of them.
    All,
}

/// Rows of a Parquet file.
pub struct Parquet {
    file: Arc<str>,
    reader: ParquetRecordBatchReader,
    /// Where each column of the header is in `columns`, if it is read.
    places: Vec<Option<usize>>,
    columns: Vec<TextColumn>,
    /// Row within the batch; the first is still to come while it is `None`.
    row: Option<usize>,
    rows: usize,
    /// Rows before this batch.
    before: u64,
    all_rows: u64,
    bytes: u64,
    bytes_read: Arc<AtomicU64>,
    delimiter: u8,
}

/// Opens a file and checks what it claims. Columns of lists or structures are left out, unless `is_strict`: then they
/// are an error, because the whole row is its identity.
///
/// # Errors
/// `Input` if it is damaged, beyond the bounds, encrypted, or packed in a way that is not read.
pub fn open(
    mut source: File,
    file: &Arc<str>,
    wanted: &Wanted<'_>,
    delimiter: u8,
    is_strict: bool,
    bytes_read: Arc<AtomicU64>,
) -> Result<Opened<Parquet>> {
    let broken = |cause: String| damaged(file, "the Parquet file").with_cause(cause);
    let bytes = source.metadata().map_err(|cause| broken(cause.to_string()))?.len();
    let body = check_footer(&mut source, bytes, file)?;
    // Types follow from the Parquet schema alone, not from what a writer left beside it.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = guarded(|| ArrowReaderMetadata::load(&source, options)).map_err(&broken)?;
    let schema = Arc::clone(metadata.schema());
    let (mut header, mut roots) = (Vec::new(), Vec::new());
    for (root, field) in schema.fields().iter().enumerate() {
        if field.data_type().is_nested() {
            if is_strict {
                let message = format!("the column {} holds lists or structures; write plain columns", field.name());
                return Err(Error::input(message).at(file.to_string()));
            }
        } else {
            header.push(field.name().clone());
            roots.push(root);
        }
    }
    let is_read = |name: &String| match wanted {
        Wanted::Named(names) => names.contains(&name.as_str()),
        Wanted::All => true,
    };
    let mut places = Vec::with_capacity(header.len());
    let mut read = Vec::new();
    for (name, root) in header.iter().zip(&roots) {
        places.push(is_read(name).then_some(read.len()));
        read.extend(is_read(name).then_some(*root));
    }
    let mut dictionaries = 0;
    let mut all_rows = 0;
    let descriptor = metadata.parquet_schema();
    let leaves: Vec<usize> =
        (0..descriptor.num_columns()).filter(|leaf| read.contains(&descriptor.get_column_root_idx(*leaf))).collect();
    let mut largest = vec![0_u64; leaves.len()];
    for group in metadata.metadata().row_groups() {
        all_rows += u64::try_from(group.num_rows()).map_err(|cause| broken(cause.to_string()))?;
        for (leaf, largest) in leaves.iter().zip(&mut largest) {
            let chunk = group.columns().get(*leaf).ok_or_else(|| broken("too few columns".to_owned()))?;
            *largest = check_pages(&mut source, chunk, body, file)?.max(*largest);
        }
    }
    dictionaries += largest.iter().sum::<u64>();
    let batch_rows = (BATCH_BYTES / dictionaries.max(1)).clamp(1, BATCH_ROWS) as usize;
    let mask = ProjectionMask::roots(descriptor, read.iter().copied());
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source, metadata.clone());
    let reader = guarded(|| builder.with_projection(mask).with_batch_size(batch_rows).build()).map_err(&broken)?;
    let own = header.len();
    let records = Parquet {
        file: Arc::clone(file),
        reader,
        places,
        columns: Vec::new(),
        row: None,
        rows: 0,
        before: 0,
        all_rows,
        bytes,
        bytes_read,
        delimiter,
    };
    Ok(Opened { header, own, typed: true, records })
}

/// Calls into the Parquet reader. It checks most of what it reads; what it forgets ends as an error here all the same.
fn guarded<T, E: std::fmt::Display>(
    call: impl FnOnce() -> std::result::Result<T, E>,
) -> std::result::Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|cause| cause.to_string()),
        Err(_) => Err("the Parquet reader gave up".to_owned()),
    }
}

/// Looks through the footer; returns where it begins, which is the end of the pages.
fn check_footer(source: &mut File, bytes: u64, file: &str) -> Result<u64> {
    let broken = |cause: &str| damaged(file, "the Parquet file").with_cause(cause.to_owned());
    let end = bytes.checked_sub(8).filter(|end| *end >= 4).ok_or_else(|| broken("too short"))?;
    let mut tail = [0_u8; 8];
    source.seek(SeekFrom::Start(end)).and_then(|_| source.read_exact(&mut tail)).map_err(|_| broken("no tail"))?;
    if &tail[4..] == b"PARE" {
        return Err(Error::input("this is an encrypted Parquet file; write it without encryption").at(file));
    }
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if &tail[4..] != b"PAR1" || length + 4 > end {
        return Err(broken("no footer"));
    }
    if length > FOOTER_LIMIT {
        return Err(
            Error::input("the footer of the Parquet file is longer than 16 MiB; write larger row groups").at(file)
        );
    }
    let mut footer = vec![0; length as usize];
    let start = end - length;
    source
        .seek(SeekFrom::Start(start))
        .and_then(|_| source.read_exact(&mut footer))
        .map_err(|_| broken("no footer"))?;
    let mut children: Vec<u64> = Vec::new();
    let (mut groups, mut is_encrypted) = (0, false);
    let walked = walk(&footer, &mut |path, found| match (path, found) {
        ([2], Found::Struct) => children.push(0),
        ([2, 5], Found::Int(count)) => {
            if let Some(last) = children.last_mut() {
                *last = u64::try_from(count).unwrap_or(u64::MAX);
            }
        }
        ([4], Found::List(count)) => groups = count,
        ([8], Found::Struct) => is_encrypted = true,
        _ => {}
    });
    if walked.is_none() {
        return Err(broken("the footer is not Thrift"));
    }
    if is_encrypted {
        return Err(Error::input("this is an encrypted Parquet file; write it without encryption").at(file));
    }
    if children.len() > MOST_COLUMNS || groups > MOST_ROW_GROUPS || depth(&children).is_none_or(|deep| deep > DEEPEST) {
        let message = "the Parquet file has more columns, row groups or levels than is plausible for an extract";
        return Err(Error::input(message).at(file));
    }
    Ok(start)
}

/// Levels of a schema whose entries stand in the order of a walk, each with its number of children; nothing if the
/// numbers do not fit.
fn depth(children: &[u64]) -> Option<usize> {
    let mut open: Vec<u64> = Vec::new();
    let mut deepest = 0;
    for (at, count) in children.iter().enumerate() {
        if at > 0 {
            while open.last() == Some(&0) {
                open.pop();
            }
            let left = open.last_mut()?;
            *left -= 1;
        }
        if *count > children.len() as u64 {
            return None;
        }
        open.push(*count);
        deepest = deepest.max(open.len());
        if deepest > DEEPEST {
            return Some(deepest);
        }
    }
    Some(deepest)
}

/// What the head of a page says.
#[derive(Debug, Default, Clone, Copy)]
struct Page {
    unpacked: u64,
    packed: u64,
    is_dictionary: bool,
    encoding: i64,
    /// Bytes of levels before the packed part, and whether that part is packed (pages of the second form).
    levels: u64,
    is_plain: bool,
}

/// Encodings of Parquet in which one text can stand for many rows without being written again.
const DELTA_BYTE_ARRAY: i64 = 7;

/// Looks at every page of a column chunk; returns the size of the largest whose texts can repeat.
fn check_pages(source: &mut File, chunk: &ColumnChunkMetaData, body: u64, file: &str) -> Result<u64> {
    let broken = |cause: &str| damaged(file, "the Parquet file").with_cause(cause.to_owned());
    let codec = chunk.compression();
    if !matches!(
        codec,
        Compression::UNCOMPRESSED
            | Compression::SNAPPY
            | Compression::GZIP(_)
            | Compression::ZSTD(_)
            | Compression::LZ4_RAW
    ) {
        let message = "the Parquet file is packed in a way that is not read; write it with snappy, gzip or zstd";
        return Err(Error::input(message).at(file));
    }
    let begin = chunk.dictionary_page_offset().filter(|at| *at > 0).unwrap_or(chunk.data_page_offset());
    let begin = u64::try_from(begin).map_err(|_| broken("a place before the file"))?;
    let length = u64::try_from(chunk.compressed_size()).map_err(|_| broken("a length below zero"))?;
    // The reader takes the dictionary's place as it is, even where writers put a zero for none.
    let is_placed = chunk.dictionary_page_offset().is_none_or(|at| at > 0) && chunk.data_page_offset() >= 0;
    let end = begin.checked_add(length).filter(|end| *end <= body && is_placed);
    let end = end.ok_or_else(|| broken("pages beyond the file"))?;
    let (mut at, mut largest) = (begin, 0);
    while at < end {
        let (page, header) = page_header(source, at, end).ok_or_else(|| broken("the head of a page"))?;
        let data = at + header;
        let next = data.checked_add(page.packed).filter(|next| *next <= end);
        let next = next.ok_or_else(|| broken("a page beyond its chunk"))?;
        let limit = if page.is_dictionary { DICTIONARY_LIMIT } else { PAGE_LIMIT };
        if page.unpacked > limit || page.packed > PAGE_LIMIT || page.levels > page.packed.min(page.unpacked) {
            let message = "the Parquet file has a page of more than 64 MiB, or a dictionary of more than 16 MiB; write \
                           smaller pages";
            return Err(Error::input(message).at(file));
        }
        if !page.is_plain && matches!(codec, Compression::GZIP(_) | Compression::ZSTD(_)) {
            let from = data + page.levels;
            check_unpacked(source, codec, from, next - from, page.unpacked - page.levels)
                .ok_or_else(|| broken("a page that unpacks to more than it says"))?;
        }
        if page.is_dictionary || page.encoding == DELTA_BYTE_ARRAY {
            largest = page.unpacked.max(largest);
        }
        at = next;
    }
    Ok(largest)
}

/// The head of the page at a place, and its length.
fn page_header(source: &mut File, at: u64, end: u64) -> Option<(Page, u64)> {
    let mut room = 256;
    loop {
        let length = room.min(end - at);
        let mut text = vec![0; length as usize];
        source.seek(SeekFrom::Start(at)).and_then(|_| source.read_exact(&mut text)).ok()?;
        let mut page = Page::default();
        let mut is_wrong = false;
        let walked = walk(&text, &mut |path, found| {
            let mut size = |value: i64| {
                is_wrong |= value < 0;
                u64::try_from(value).unwrap_or_default()
            };
            match (path, found) {
                ([2], Found::Int(value)) => page.unpacked = size(value),
                ([3], Found::Int(value)) => page.packed = size(value),
                ([7], Found::Struct) => page.is_dictionary = true,
                ([5, 2] | [8, 4], Found::Int(value)) => page.encoding = value,
                ([8, 5 | 6], Found::Int(value)) => page.levels += size(value),
                ([8, 7], Found::Bool(is_packed)) => page.is_plain = !is_packed,
                _ => {}
            }
        });
        match walked {
            Some(_) if is_wrong => return None,
            Some(header) => return Some((page, header as u64)),
            None if length == end - at || room >= PAGE_HEADER_LIMIT => return None,
            None => room *= 8,
        }
    }
}

/// Unpacks a page once, without keeping it; nothing if it is longer than it says.
fn check_unpacked(source: &mut File, codec: Compression, from: u64, packed: u64, unpacked: u64) -> Option<()> {
    source.seek(SeekFrom::Start(from)).ok()?;
    let page = source.take(packed);
    let mut unpacker: Box<dyn Read> = match codec {
        Compression::GZIP(_) => Box::new(MultiGzDecoder::new(page)),
        _ => Box::new(zstd::stream::read::Decoder::new(page).ok()?),
    };
    let mut buffer = [0_u8; 8192];
    let mut left = unpacked;
    loop {
        match unpacker.read(&mut buffer) {
            // Damage is for the reader to name.
            Ok(0) | Err(_) => return Some(()),
            Ok(count) => left = left.checked_sub(count as u64)?,
        }
    }
}

impl Records for Parquet {
    fn advance(&mut self) -> Result<Option<Shape>> {
        let mut row = self.row.map_or(0, |row| row + 1);
        while row >= self.rows {
            self.before += self.rows as u64;
            self.rows = 0;
            let next = catch_unwind(AssertUnwindSafe(|| self.reader.next().transpose()));
            let place = || format!("{}:{}", self.file, self.before + 1);
            let batch = match next {
                Ok(Ok(Some(batch))) => batch,
                Ok(Ok(None)) => {
                    self.bytes_read.store(self.bytes, Ordering::Relaxed);
                    self.row = None;
                    return Ok(None);
                }
                Ok(Err(cause)) => return Err(damaged(&place(), "the Parquet file").with_cause(cause)),
                Err(_) => return Err(damaged(&place(), "the Parquet file").with_cause("the Parquet reader gave up")),
            };
            self.columns = batch.columns().iter().map(text_column).collect::<Result<_>>()?;
            self.rows = batch.num_rows();
            row = 0;
            let share = (self.before + self.rows as u64) as f64 / self.all_rows.max(1) as f64;
            self.bytes_read.store((self.bytes as f64 * share.min(1.0)) as u64, Ordering::Relaxed);
        }
        self.row = Some(row);
        let line = self.before + row as u64 + 1;
        let bytes = self.columns.iter().map(|column| column.field(row).len()).sum();
        if bytes > LONGEST_RECORD {
            let message = "the row is longer than 4 MiB; is this a file of records?";
            return Err(Error::input(message).at(format!("{}:{line}", self.file)));
        }
        Ok(Some(Shape { line, bytes, kind: Kind::Row(self.places.len()) }))
    }

    fn field(&self, index: usize) -> &[u8] {
        match (self.places.get(index), self.row) {
            (Some(Some(column)), Some(row)) => self.columns[*column].field(row).trim_ascii(),
            _ => &[],
        }
    }

    fn raw(&self) -> RawRow {
        RawRow::of((0..self.places.len()).map(|index| self.field(index).to_vec()), self.delimiter)
    }
}

/// A column as text; nothing is the empty text.
fn text_column(array: &ArrayRef) -> Result<TextColumn> {
    let mut column = TextColumn::with_capacity(array.len());
    let strange =
        |cause: arrow::error::ArrowError| Error::bug("a Parquet column could not be made text").with_cause(cause);
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(|v| column.push(v.unwrap_or_default().as_bytes())),
        DataType::Binary => array.as_binary::<i32>().iter().for_each(|v| column.push(v.unwrap_or_default())),
        DataType::FixedSizeBinary(_) => {
            array.as_fixed_size_binary().iter().for_each(|value| column.push(value.unwrap_or_default()));
        }
        DataType::Float64 => {
            let texts = array.as_primitive::<Float64Type>().iter().map(|value| value.map(cells::number));
            texts.for_each(|text| column.push(text.unwrap_or_default().as_bytes()));
        }
        DataType::Float32 => {
            // Through its own text: as a double, 2.1 would be 2.0999999.
            let texts = array.as_primitive::<Float32Type>().iter().map(|value| {
                let text = value.map(|value| value.to_string()).unwrap_or_default();
                text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
            });
            texts.for_each(|text| column.push(text.as_bytes()));
        }
        DataType::Timestamp(_, zone) => {
            let to = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            let instants = cast(array, &to).map_err(strange)?;
            for value in instants.as_primitive::<TimestampMicrosecondType>() {
                let text = value.map(|at| cells::instant(at, zone.is_some()).unwrap_or_else(|| at.to_string()));
                column.push(text.unwrap_or_default().as_bytes());
            }
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let texts = cast(array, &DataType::Utf8).map_err(strange)?;
            for value in texts.as_string::<i32>() {
                column.push(value.and_then(|text| text.get(..8)).unwrap_or_default().as_bytes());
            }
        }
        _ => {
            let texts = cast(array, &DataType::Utf8).map_err(strange)?;
            texts.as_string::<i32>().iter().for_each(|value| column.push(value.unwrap_or_default().as_bytes()));
        }
    }
    Ok(column)
}
