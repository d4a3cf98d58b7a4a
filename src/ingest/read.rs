//! Streams an extract in bounded batches of text columns. The only I/O of `ingest`.
//!
//! What a file is follows from its content: delimited text, NDJSON, a JSON list, GeoJSON, XLSX, ODS or Parquet, and gzip,
//! zstd or ZIP around it (`source`). Memory is bounded whatever the file holds: a batch has at most 65,536 rows (16,384
//! where nothing is told from a batch as a whole) and about 16 MiB of text, and a record that is longer than 4 MiB (a quote left open) ends the reading with an error.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::xxh3_128;

use super::feed::Feed;
use super::reject::{Reason, Reject};
use super::snapped;
use super::source::archive::{Archive, Holds};
use super::source::decode::{Decoded, detect};
use super::source::delimited::Delimited;
use super::source::layers::{Counted, Digested, MAGIC_BYTES, Magic, Peeked, magic, unpack};
use super::source::objects::{self, Objects};
use super::source::parquet::{self, Wanted};
use super::source::sheet::Sheet;
use super::source::window::Window;
use super::source::{AnyRecords, Kind, Opened, Records, damaged, ods, xlsx};
use super::text::{TextBatch, TextColumn};
use super::total::Trailer;
use crate::error::{Error, Result};
use crate::model::digest::hex;

pub use super::source::delimited::REJECT_COLUMNS;
pub use super::source::{RawField, RawRow};

/// Rows of a batch of a table in which snapped points are looked for: these are told within one batch.
const BATCH_ROWS: usize = 65_536;
/// And of all others: their columns fit the caches of a machine, and less memory is in use at a time.
const SMALL_BATCH_ROWS: usize = 16_384;
const BATCH_BYTES: usize = 16 << 20;
/// How much of the beginning tells JSON from delimited text.
const JSON_CHECK: usize = 64 << 10;

/// An open extract: an iterator of batches.
pub struct Reader {
    plan: Plan,
    body: Body,
    header: Vec<String>,
    failed: bool,
    bytes_read: Arc<AtomicU64>,
    total_bytes: u64,
    /// Of the bytes read, where they are read in order.
    digest: Option<Arc<Mutex<Sha256>>>,
}

enum Body {
    Delimited(Box<Delimited>),
    Other(AnyRecords),
}

/// What is taken from each record.
struct Plan {
    file: Arc<str>,
    /// Fields of a record.
    width: usize,
    /// Field of each of the feed's sources, if the file has it.
    fields: Vec<Option<usize>>,
    /// Fields of the source itself: they come first.
    own: usize,
    /// Rows of a batch.
    batch_rows: usize,
    /// Whether they all are the identity of a row, for feeds without keys.
    hash_rows: bool,
    typed: bool,
    trailer: Option<Trailer>,
    scratch: Vec<u8>,
}

/// Opens an extract and checks its header against the feed.
///
/// # Errors
/// `Missing` without the file; `Input` if it is empty, binary, damaged, or lacks a column the feed needs.
pub fn open(path: &Path, feed: &Feed) -> Result<Reader> {
    open_columns(path, feed, feed.keys.is_empty())
}

/// Opens an extract; `all` says whether columns are read that the feed does not use.
fn open_columns(path: &Path, feed: &Feed, all: bool) -> Result<Reader> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let failed = |cause: std::io::Error| match cause.kind() {
        std::io::ErrorKind::NotFound => Error::missing("there is no such file").at(path.display().to_string()),
        _ => Error::input("the file cannot be read").at(path.display().to_string()).with_cause(cause),
    };
    let mut file = File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    if facts.is_dir() {
        return Err(Error::input("this is a directory; name the files in it").at(path.display().to_string()));
    }
    let mut head = Vec::with_capacity(MAGIC_BYTES);
    (&mut file).take(MAGIC_BYTES as u64).read_to_end(&mut head).map_err(failed)?;
    let bytes_read = Arc::new(AtomicU64::new(0));
    let input = Input { name: &name, feed, total: facts.len(), bytes_read: Arc::clone(&bytes_read) };
    match magic(&head) {
        Magic::Zip => input.archive(Archive::open(path, &name, bytes_read)?),
        Magic::Parquet => input.parquet(file, all),
        _ => {
            let source = Counted::new(std::io::Cursor::new(head).chain(file), bytes_read);
            let digest = Arc::new(Mutex::new(Sha256::new()));
            let reader = input.stream(Box::new(Digested::new(source, Arc::clone(&digest))), &name)?;
            Ok(Reader { digest: Some(digest), ..reader })
        }
    }
}

/// A file on its way to a [`Reader`].
struct Input<'a> {
    name: &'a str,
    feed: &'a Feed,
    total: u64,
    bytes_read: Arc<AtomicU64>,
}

impl Input<'_> {
    /// A stream of text, perhaps compressed. `inner` is the name that its content is measured by.
    fn stream(self, source: Box<dyn Read + Send>, inner: &str) -> Result<Reader> {
        let mut bytes = unpack(source, self.name, inner)?;
        let unreadable = |cause: std::io::Error| damaged(self.name, "the file").with_cause(cause);
        let (encoding, mark) = detect(bytes.peek(16).map_err(unreadable)?, self.feed.encoding);
        bytes.drop_head(mark);
        let mut text = match encoding {
            Some(encoding) => Peeked::new(Box::new(Decoded::new(bytes, encoding))),
            None => bytes,
        };
        let form = objects::detect(&text.peek(mark + JSON_CHECK).map_err(unreadable)?[text_start(encoding, mark)..]);
        let window = Window::new(self.name.into(), Box::new(text));
        if let Some(form) = form {
            let wanted: Vec<&str> = self.feed.sources.iter().map(|source| source.name.as_str()).collect();
            let opened = Objects::open(window, form, &wanted, self.feed.keys.is_empty())?;
            return self.records(opened);
        }
        let opened = Delimited::open(window, self.feed.delimiter)?;
        self.reader(opened, |records| Body::Delimited(Box::new(records)))
    }

    /// A workbook, or an archive with one file of records in it.
    fn archive(self, mut archive: Archive) -> Result<Reader> {
        let file: Arc<str> = self.name.into();
        let (sheet, header_row, delimiter) = (self.feed.sheet.as_deref(), self.feed.header_row, self.feed.delimiter);
        match archive.holds()? {
            Holds::Xlsx => self.records(Sheet::open(xlsx::open(archive, sheet)?, &file, header_row, delimiter)?),
            Holds::Ods => self.records(Sheet::open(ods::open(archive, sheet)?, &file, header_row, delimiter)?),
            Holds::Files => {
                let (inner, member) = archive.data_member(self.feed.member.as_deref())?;
                self.stream(Box::new(member), &inner)
            }
        }
    }

    fn parquet(self, file: File, all: bool) -> Result<Reader> {
        let names: Vec<&str> = self.feed.sources.iter().map(|source| source.name.as_str()).collect();
        let wanted = if all { Wanted::All } else { Wanted::Named(&names) };
        let bytes_read = Arc::clone(&self.bytes_read);
        let is_strict = self.feed.keys.is_empty();
        let opened = parquet::open(file, &self.name.into(), &wanted, self.feed.delimiter, is_strict, bytes_read)?;
        self.records(opened)
    }

    fn records<R: Records + Send + 'static>(self, opened: Opened<R>) -> Result<Reader> {
        self.reader(opened, |records| Body::Other(Box::new(records)))
    }

    /// Checks the header against the feed.
    fn reader<R>(self, opened: Opened<R>, body: impl FnOnce(R) -> Body) -> Result<Reader> {
        let Opened { header, own, typed, records } = opened;
        let (feed, own_names) = (self.feed, &header[..own]);
        let missing: Vec<&str> = feed
            .sources
            .iter()
            .filter(|source| source.required && !own_names.contains(&source.name))
            .map(|source| source.name.as_str())
            .collect();
        if !missing.is_empty() {
            // A first row without a single name of the feed may be a record: it is not quoted.
            let is_header = feed.sources.iter().any(|source| own_names.contains(&source.name));
            let found = if is_header {
                format!("it has {}", shown(own_names))
            } else {
                format!("its {} fields have none of the feed's names: is the first row the header?", own_names.len())
            };
            let missing = missing.join(", ");
            return Err(Error::input(format!(
                "feed {} needs the column(s) {missing}, which the header does not have; {found}",
                feed.name
            ))
            .at(self.name));
        }
        for source in &feed.sources {
            if own_names.iter().filter(|name| **name == source.name).count() > 1 {
                return Err(Error::input(format!("the header has the column {} twice", source.name)).at(self.name));
            }
        }
        let fields = feed.sources.iter().map(|source| header.iter().position(|name| *name == source.name)).collect();
        let (file, width) = (self.name.into(), header.len());
        let (hash_rows, trailer) = (feed.keys.is_empty(), Trailer::of(feed.total.as_ref()));
        let batch_rows = if snapped::looks_at(feed.table.name) { BATCH_ROWS } else { SMALL_BATCH_ROWS };
        let plan = Plan { file, width, fields, own, batch_rows, hash_rows, typed, trailer, scratch: Vec::new() };
        let body = body(records);
        let (bytes_read, total_bytes) = (self.bytes_read, self.total);
        Ok(Reader { plan, body, header, failed: false, bytes_read, total_bytes, digest: None })
    }
}

/// Where text begins in what was looked at: a mark that was dropped still stands there, unless it was decoded.
fn text_start(encoding: Option<&'static encoding_rs::Encoding>, mark: usize) -> usize {
    if encoding.is_some() { 0 } else { mark }
}

impl Reader {
    /// Reads an extract from anywhere; `name` is named in messages and rejects. Workbooks, archives and Parquet need
    /// [`open`]: their beginning is at their end.
    ///
    /// # Errors
    /// As [`open`], but never `Missing`.
    pub fn new(name: &str, source: impl Read + Send + 'static, total_bytes: u64, feed: &Feed) -> Result<Self> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let source = Box::new(Counted::new(source, Arc::clone(&bytes_read)));
        Input { name, feed, total: total_bytes, bytes_read }.stream(source, name)
    }

    /// Bytes read so far, as stored (compressed).
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Bytes of the file as stored.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Whether [`Self::sha256`] will tell the digest of the file.
    pub fn takes_digest(&self) -> bool {
        self.digest.is_some()
    }

    /// SHA-256 of the file, once every byte of it was read, as lower-case hex; `None` before, and for workbooks, archives
    /// and Parquet, which are not read from the first byte to the last.
    pub fn sha256(&self) -> Option<String> {
        let digest = self.digest.as_ref().filter(|_| self.bytes_read() >= self.total_bytes)?;
        Some(hex(&digest.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize()))
    }

    /// Rows that the source says it sent, in its last row: known when everything is read.
    pub fn stated_rows(&self) -> Option<u64> {
        self.plan.trailer.as_ref().and_then(Trailer::stated)
    }

    /// Names of the source's own columns, in order.
    pub fn header(&self) -> &[String] {
        &self.header[..self.plan.own]
    }
}

impl Plan {
    /// The next batch, and whether the file ends with it.
    fn batch(&mut self, records: &mut (impl Records + ?Sized)) -> Result<(TextBatch, bool)> {
        let mut columns: Vec<Option<TextColumn>> =
            self.fields.iter().map(|field| field.map(|_| TextColumn::with_capacity(self.batch_rows))).collect();
        let mut batch = TextBatch {
            file: Arc::clone(&self.file),
            lines: Vec::with_capacity(self.batch_rows),
            columns: Vec::new(),
            row_keys: Vec::new(),
            rejects: Vec::new(),
            typed: self.typed,
        };
        let (mut bytes, mut is_last) = (0, false);
        let most = self.batch_rows;
        while batch.lines.len() < most && batch.rejects.len() < most && bytes < BATCH_BYTES {
            let Some(record) = records.advance()? else {
                is_last = true;
                break;
            };
            bytes += record.bytes;
            if let (Some(trailer), Kind::Row(count)) = (self.trailer.as_mut(), &record.kind) {
                let fields = (0..*count).map(|index| records.field(index));
                let (is_total, refused) = trailer.take(&self.file, record.line, fields);
                batch.rejects.extend(refused);
                if is_total {
                    continue;
                }
            }
            match record.kind {
                Kind::Row(fields) if fields == self.width => {
                    for (column, field) in columns.iter_mut().zip(&self.fields) {
                        if let (Some(column), Some(field)) = (column, field) {
                            records.copy_field(*field, column);
                        }
                    }
                    if self.hash_rows {
                        self.scratch.clear();
                        for index in 0..self.own {
                            self.scratch.extend_from_slice(records.field(index));
                            self.scratch.push(SEPARATOR);
                        }
                        batch.row_keys.push(xxh3_128(&self.scratch));
                    }
                    batch.lines.push(record.line);
                }
                Kind::Row(fields) => {
                    let message = format!("wanted {} fields, found {fields}", self.width);
                    batch.rejects.push(self.reject(record.line, Reason::ColumnCount, &message));
                }
                Kind::Bad(reason, message) => batch.rejects.push(self.reject(record.line, reason, message)),
                Kind::Blank => {}
            }
        }
        batch.columns = columns;
        Ok((batch, is_last))
    }

    #[cold]
    fn reject(&self, line: u64, reason: Reason, message: &str) -> Reject {
        Reject { file: Arc::clone(&self.file), line, reason, column: None, message: message.into() }
    }
}

/// Stands between the parts of what is hashed, so that `ab,c` and `a,bc` differ.
pub const SEPARATOR: u8 = 0x1f;

impl Iterator for Reader {
    type Item = Result<TextBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = match &mut self.body {
            Body::Delimited(records) => self.plan.batch(records.as_mut()),
            Body::Other(records) => self.plan.batch(records.as_mut()),
        };
        match batch {
            Ok((batch, true)) if batch.rows_in() == 0 => None,
            Ok((batch, _)) => Some(Ok(batch)),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

/// The header for a message: at most 40 names, none longer than 60 letters.
fn shown(header: &[String]) -> String {
    let short = |name: &String| match name.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.clone(),
    };
    let names: Vec<String> = header.iter().take(40).map(short).collect();
    let more = if header.len() > names.len() { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// Some rows of a file as the source has them. They may hold personal values: for the person who mends them only.
#[derive(Debug, Default)]
pub struct RawRows {
    /// Names of the source's own columns.
    pub header: Vec<String>,
    /// The rows by line.
    pub rows: BTreeMap<u64, RawRow>,
}

/// Reads a file again for some of its rows, by the lines that rejects name.
///
/// # Errors
/// As [`open`] and as the batches of its [`Reader`].
pub fn raw_rows(path: &Path, feed: &Feed, lines: &BTreeSet<u64>) -> Result<RawRows> {
    let mut rows = BTreeMap::new();
    let header = each_raw_row(path, feed, lines, |_, line, row| {
        rows.insert(line, row);
        Ok(())
    })?;
    Ok(RawRows { header, rows })
}

/// As [`raw_rows`], but hands over the header, the line and the row one after the other. Returns the header.
///
/// # Errors
/// As [`raw_rows`], and what `take` says.
pub fn each_raw_row(
    path: &Path,
    feed: &Feed,
    lines: &BTreeSet<u64>,
    mut take: impl FnMut(&[String], u64, RawRow) -> Result<()>,
) -> Result<Vec<String>> {
    let mut reader = open_columns(path, feed, true)?;
    let (own, width) = (reader.plan.own, reader.header.len());
    let header = reader.header[..own].to_vec();
    let mut left = lines.len();
    let records: &mut dyn Records = match &mut reader.body {
        Body::Delimited(records) => records.as_mut(),
        Body::Other(records) => records.as_mut(),
    };
    while left > 0 {
        let Some(record) = records.advance()? else { break };
        if lines.contains(&record.line) && record.kind != Kind::Blank {
            let mut row = records.raw();
            if let Kind::Bad(..) = record.kind {
                // What cannot be split is one field, so that it is refused again until somebody mends it.
                row.fields = vec![RawField { value: row.text.clone(), span: 0..row.text.len() }];
            } else if row.fields.len() == width {
                // Columns that an earlier export of refused rows added are not the source's own.
                row.fields.truncate(own);
            }
            take(&header, record.line, row)?;
            left -= 1;
        }
    }
    Ok(header)
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
