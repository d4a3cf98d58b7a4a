//! Streams an extract (CSV, plain or gzip) in bounded batches of text columns. The only I/O of `ingest`.
//!
//! Memory is bounded whatever the file holds: a batch has at most 65,536 rows and about 16 MiB of text, and a record that
//! is longer than 4 MiB (a quote left open) ends the reading with an error.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use xxhash_rust::xxh3::xxh3_128;

use super::feed::Feed;
use super::reject::{Reason, Reject};
use super::split::{Record, Splitter};
use super::text::{TextBatch, TextColumn};
use super::total::Trailer;
use crate::error::{Error, Result};

const BATCH_ROWS: usize = 65_536;
const BATCH_BYTES: usize = 16 << 20;
const FIRST_BUFFER: usize = 256 << 10;
const LONGEST_RECORD: usize = 4 << 20;
/// How much of the beginning is searched for bytes that no text has.
const BINARY_CHECK: usize = 64 << 10;

/// An open extract: an iterator of batches.
pub struct Reader {
    file: Arc<str>,
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// Unread bytes of the buffer.
    start: usize,
    end: usize,
    at_end: bool,
    failed: bool,
    /// Line on which the next record starts.
    line: u64,
    splitter: Splitter,
    /// Names in the header.
    header: Vec<String>,
    /// Field of each of the feed's sources, if the file has it.
    fields: Vec<Option<usize>>,
    hash_rows: bool,
    trailer: Option<Trailer>,
    scratch: Vec<u8>,
    bytes_read: Arc<AtomicU64>,
    total_bytes: u64,
}

/// Opens an extract and checks its header against the feed.
///
/// # Errors
/// `Missing` without the file; `Input` if it is empty, binary, damaged, or lacks a column the feed needs.
pub fn open(path: &Path, feed: &Feed) -> Result<Reader> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let failed = |cause: std::io::Error| match cause.kind() {
        std::io::ErrorKind::NotFound => Error::missing("there is no such file").at(path.display().to_string()),
        _ => Error::input("the file cannot be read").at(path.display().to_string()).with_cause(cause),
    };
    let file = File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    if facts.is_dir() {
        return Err(Error::input("this is a directory; name the files in it").at(path.display().to_string()));
    }
    Reader::new(&name, file, facts.len(), feed)
}

impl Reader {
    /// Reads an extract from anywhere; `name` is named in messages and rejects.
    ///
    /// # Errors
    /// As [`open`], but never `Missing`.
    pub fn new(name: &str, source: impl Read + Send + 'static, total_bytes: u64, feed: &Feed) -> Result<Self> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let mut source = Counted { source, bytes: Arc::clone(&bytes_read) };
        let wrong = |message: &str| Error::input(message.to_owned()).at(name);
        let mut head = Vec::with_capacity(4);
        (&mut source)
            .take(4)
            .read_to_end(&mut head)
            .map_err(|cause| wrong("the file cannot be read").with_cause(cause))?;
        check_head(&head, name)?;
        let is_gzip = head.starts_with(&[0x1f, 0x8b]);
        let whole = BufReader::with_capacity(FIRST_BUFFER, Cursor::new(head).chain(source));
        let source: Box<dyn Read + Send> = if is_gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
        let mut reader = Self {
            file: name.into(),
            source,
            buffer: vec![0; FIRST_BUFFER],
            start: 0,
            end: 0,
            at_end: false,
            failed: false,
            line: 1,
            splitter: Splitter::new(feed.delimiter),
            header: Vec::new(),
            fields: Vec::new(),
            hash_rows: feed.keys.is_empty(),
            trailer: Trailer::of(feed.total.as_ref()),
            scratch: Vec::new(),
            bytes_read,
            total_bytes,
        };
        reader.read_header(feed)?;
        Ok(reader)
    }

    /// Bytes read so far, as stored (compressed).
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Bytes of the file as stored.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Rows that the source says it sent, in its last row: known when everything is read.
    pub fn stated_rows(&self) -> Option<u64> {
        self.trailer.as_ref().and_then(Trailer::stated)
    }

    /// Names in the header, in order.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    fn wrong(&self, message: impl Into<String>) -> Error {
        Error::input(message).at(format!("{}:{}", self.file, self.line))
    }

    fn read_header(&mut self, feed: &Feed) -> Result<()> {
        while !self.at_end && self.end < BINARY_CHECK {
            self.fill()?;
        }
        if self.buffer[..self.end].contains(&0) {
            return Err(self.wrong("this is a binary file, not CSV text; export the records as CSV"));
        }
        if self.buffer[..self.end].starts_with(b"\xef\xbb\xbf") {
            self.start = 3;
        }
        let record = loop {
            match self.record()? {
                None => return Err(self.wrong("the file is empty; the first line should name the columns")),
                Some(record) if self.splitter.is_blank() => self.take(record),
                Some(record) => break record,
            }
        };
        let text = &self.buffer[self.start..self.end];
        let mut header = Vec::with_capacity(self.splitter.len());
        for index in 0..self.splitter.len() {
            let name = std::str::from_utf8(self.splitter.field(text, index))
                .map_err(|cause| self.wrong("the header is not UTF-8 text").with_cause(cause))?;
            header.push(name.to_owned());
        }
        self.take(record);
        let missing: Vec<&str> = feed
            .sources
            .iter()
            .filter(|source| source.required && !header.contains(&source.name))
            .map(|source| source.name.as_str())
            .collect();
        if !missing.is_empty() {
            return Err(Error::input(format!(
                "feed {} needs the column(s) {}, which the header does not have; it has {}",
                feed.name,
                missing.join(", "),
                shown(&header)
            ))
            .at(self.file.to_string()));
        }
        for source in &feed.sources {
            if header.iter().filter(|name| **name == source.name).count() > 1 {
                return Err(
                    Error::input(format!("the header has the column {} twice", source.name)).at(self.file.to_string())
                );
            }
            self.fields.push(header.iter().position(|name| *name == source.name));
        }
        self.header = header;
        Ok(())
    }

    /// Splits the next record without taking it; `None` at the end of the file.
    fn record(&mut self) -> Result<Option<Record>> {
        loop {
            if self.start == self.end && self.at_end {
                return Ok(None);
            }
            if let Some(record) = self.splitter.split(&self.buffer[self.start..self.end], self.at_end) {
                return Ok(Some(record));
            }
            self.fill()?;
        }
    }

    /// Goes on to the next record.
    fn take(&mut self, record: Record) {
        self.start += record.next;
        self.line += record.lines;
    }

    /// Reads more into the buffer, which grows if one record fills it.
    fn fill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            if self.end >= LONGEST_RECORD {
                return Err(self.wrong("the record that starts here is longer than 4 MiB; is a quote left open?"));
            }
            self.buffer.resize(self.end * 2, 0);
        }
        match self.source.read(&mut self.buffer[self.end..]) {
            Ok(0) => self.at_end = true,
            Ok(more) => self.end += more,
            Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => {}
            Err(cause) => {
                return Err(self
                    .wrong("reading failed here: the file ends too early or is damaged; fetch it again")
                    .with_cause(cause));
            }
        }
        Ok(())
    }

    fn batch(&mut self) -> Result<TextBatch> {
        let mut columns: Vec<Option<TextColumn>> =
            self.fields.iter().map(|field| field.map(|_| TextColumn::with_capacity(BATCH_ROWS))).collect();
        let mut batch = TextBatch {
            file: Arc::clone(&self.file),
            lines: Vec::with_capacity(BATCH_ROWS),
            columns: Vec::new(),
            row_keys: Vec::new(),
            rejects: Vec::new(),
        };
        let mut bytes = 0;
        while batch.lines.len() < BATCH_ROWS && batch.rejects.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            let Some(record) = self.record()? else { break };
            bytes += record.next;
            let text = &self.buffer[self.start..self.end];
            if let Some(trailer) = self.trailer.as_mut().filter(|_| !self.splitter.is_blank()) {
                let fields = (0..self.splitter.len()).map(|index| self.splitter.field(text, index));
                let (is_total, refused) = trailer.take(&self.file, self.line, fields);
                batch.rejects.extend(refused);
                if is_total {
                    self.take(record);
                    continue;
                }
            }
            if self.splitter.len() == self.header.len() {
                for (column, field) in columns.iter_mut().zip(&self.fields) {
                    if let (Some(column), Some(field)) = (column, field) {
                        column.push(self.splitter.field(text, *field));
                    }
                }
                if self.hash_rows {
                    self.scratch.clear();
                    for index in 0..self.splitter.len() {
                        self.scratch.extend_from_slice(self.splitter.field(text, index));
                        self.scratch.push(SEPARATOR);
                    }
                    batch.row_keys.push(xxh3_128(&self.scratch));
                }
                batch.lines.push(self.line);
            } else if !self.splitter.is_blank() {
                batch.rejects.push(Reject {
                    file: Arc::clone(&self.file),
                    line: self.line,
                    reason: Reason::ColumnCount,
                    column: None,
                    message: format!("wanted {} fields, found {}", self.header.len(), self.splitter.len()).into(),
                });
            }
            self.take(record);
        }
        batch.columns = columns;
        Ok(batch)
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
        match self.batch() {
            Ok(batch) if batch.rows_in() == 0 && self.at_end && self.start == self.end => None,
            Ok(batch) => Some(Ok(batch)),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

/// Refuses what is plainly no CSV, with a hint what it is.
fn check_head(head: &[u8], name: &str) -> Result<()> {
    let named_gzip = Path::new(name).extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("gz"));
    let message = match head {
        [] => "the file is empty",
        [b'P', b'K', 3 | 5, ..] => "this is a ZIP archive or a workbook, not CSV text; save the sheet as CSV",
        b"PAR1" => "this is a Parquet file, not CSV text",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this is UTF-16 text; save it as UTF-8",
        [first, second, ..] if named_gzip && (*first != 0x1f || *second != 0x8b) => {
            "the name ends in .gz but the content is not gzip"
        }
        _ => return Ok(()),
    };
    Err(Error::input(message).at(name))
}

/// The header for a message: at most 40 names.
fn shown(header: &[String]) -> String {
    let names: Vec<&str> = header.iter().take(40).map(String::as_str).collect();
    let more = if header.len() > names.len() { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// Counts what goes through.
struct Counted<R> {
    source: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(into)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::error::Kind;

    const FEED: &str = "schema = 1\nname = \"try\"\ntitle = \"A trial\"\ntable = \"stops\"\nzone = \"Europe/Jersey\"\n\
        keys = [\"id\"]\nrepeats = \"revision\"\n[columns]\nstop_id = { from = \"id\" }\n\
        stopped_at = { from = \"at\", required = true, formats = [\"%Y-%m-%d\"] }\nreason = { from = \"why\" }\n";

    fn feed() -> Feed {
        Feed::parse(FEED, "try.toml").unwrap()
    }

    fn reader(name: &str, bytes: &[u8]) -> Result<Reader> {
        Reader::new(name, Cursor::new(bytes.to_vec()), bytes.len() as u64, &feed())
    }

    fn column(batch: &TextBatch, index: usize) -> Vec<String> {
        let column = batch.columns[index].as_ref().unwrap();
        column.fields().map(|field| String::from_utf8_lossy(field).into_owned()).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn rows_lines_and_ragged_rows() {
        let text = b"\xef\xbb\xbfid,why,at\r\n1,\"a\nb\",2017-01-01\r\n\r\n2,too,many,fields\n3,few\n 4 ,,2017-01-02";
        for (name, bytes) in [("x.csv", text.to_vec()), ("x.csv.gz", gzip(text))] {
            let mut reader = reader(name, &bytes).unwrap();
            let batch = reader.next().unwrap().unwrap();
            assert_eq!(column(&batch, 0), ["1", "4"]);
            assert_eq!(batch.lines, [2, 7]);
            assert_eq!(batch.rows_in(), 4);
            let refused: Vec<_> = batch.rejects.iter().map(|reject| (reject.line, reject.reason)).collect();
            assert_eq!(refused, [(5, Reason::ColumnCount), (6, Reason::ColumnCount)]);
            assert_eq!(&*batch.rejects[0].message, "wanted 3 fields, found 4");
            assert!(reader.next().is_none());
            assert_eq!(reader.bytes_read(), reader.total_bytes());
        }
    }

    #[test]
    fn gzip_files_of_several_members_are_read_to_the_end() {
        let mut bytes = gzip(b"id,at\n1,2017-01-01\n");
        bytes.extend(gzip(b"2,2017-01-02\n"));
        let rows: usize = reader("x.csv.gz", &bytes).unwrap().map(|batch| batch.unwrap().rows()).sum();
        assert_eq!(rows, 2);
    }

    #[test]
    fn a_column_that_is_not_needed_may_be_absent() {
        let batch = reader("x.csv", b"at,id\n2017-01-01,1\n").unwrap().next().unwrap().unwrap();
        let absent = feed().sources.iter().position(|source| source.name == "why").unwrap();
        assert!(batch.columns[absent].is_none());
    }

    #[test]
    fn what_is_no_extract_is_named() {
        for (name, bytes, part) in [
            ("x.csv", &b""[..], "empty"),
            ("x.csv", b"\n\n", "empty"),
            ("x.csv.gz", &gzip(b""), "empty"),
            ("x.csv", b"id,at\0\n", "binary"),
            ("x.csv", b"PK\x03\x04abc", "ZIP"),
            ("x.csv", b"PAR1abc", "Parquet"),
            ("x.csv", b"\xff\xfei\0d\0", "UTF-16"),
            ("x.csv.gz", b"id,at\n", "not gzip"),
            ("x.csv.gz", b"\x1f\x8b\x08garbage-garbage-garbage", "damaged"),
            ("x.csv", b"id,when\n", "column(s) at, which the header does not have; it has id, when"),
            ("x.csv", b"id,at,id\n", "twice"),
            ("x.csv", b"id,at,\xff\n", "header is not UTF-8"),
        ] {
            let error = reader(name, bytes).err().unwrap();
            assert_eq!(error.kind(), Kind::Input);
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(open(Path::new("none-such.csv"), &feed()).err().unwrap().kind(), Kind::Missing);
        assert_eq!(open(Path::new("."), &feed()).err().unwrap().kind(), Kind::Input);
    }

    #[test]
    fn a_file_cut_short_is_an_error_after_the_rows_before() {
        let text: String = std::iter::once("id,at\n".to_owned())
            .chain((0..200_000).map(|i| format!("{i},2017-01-{:02}\n", i % 28 + 1)))
            .collect();
        let bytes = gzip(text.as_bytes());
        let mut reader = reader("x.csv.gz", &bytes[..bytes.len() - 1000]).unwrap();
        assert!(reader.next().unwrap().is_ok());
        assert!(reader.by_ref().any(|batch| batch.is_err_and(|error| error.message().contains("too early"))));
        assert!(reader.next().is_none());
    }

    #[test]
    fn a_quote_left_open_does_not_fill_the_memory() {
        let mut bytes = b"id,at\n1,2017-01-01\n2,\"2017".to_vec();
        bytes.resize(6 << 20, b'x');
        let error = reader("x.csv", &bytes).unwrap().find_map(std::result::Result::err).unwrap();
        assert!(error.to_string().starts_with("x.csv:3: "), "{error}");
    }

    #[test]
    fn batches_are_bounded_and_lose_nothing() {
        let mut text = b"id,at\n".to_vec();
        for i in 0..150_000 {
            writeln!(text, "{i},2017-01-01").unwrap();
        }
        let batches: Vec<_> = reader("x.csv", &text).unwrap().map(|batch| batch.unwrap()).collect();
        assert!(batches.iter().all(|batch| batch.rows() <= BATCH_ROWS));
        assert_eq!(batches.iter().map(TextBatch::rows).sum::<usize>(), 150_000);
        assert_eq!(batches.last().unwrap().lines.last(), Some(&150_001));
    }
}
