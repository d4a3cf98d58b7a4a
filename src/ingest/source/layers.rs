//! What lies around the text of an extract: gzip, zstd, a count and the digest of the bytes read. Recognised by content.

use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

const BUFFER: usize = 256 << 10;
/// Nobody packs an extract deeper than this on purpose.
const MOST_LAYERS: usize = 3;

/// A stream whose beginning can be looked at.
pub struct Peeked {
    head: Vec<u8>,
    given: usize,
    rest: Box<dyn Read + Send>,
}

impl Peeked {
    /// Nothing looked at yet.
    pub fn new(rest: Box<dyn Read + Send>) -> Self {
        Self { head: Vec::new(), given: 0, rest }
    }

    /// The first bytes, fewer only if there are no more.
    ///
    /// # Errors
    /// What the stream says.
    pub fn peek(&mut self, bytes: usize) -> io::Result<&[u8]> {
        let wanted = (bytes as u64).saturating_sub(self.head.len() as u64);
        self.rest.by_ref().take(wanted).read_to_end(&mut self.head)?;
        Ok(&self.head[..self.head.len().min(bytes)])
    }

    /// Drops the first bytes, which were looked at.
    pub fn drop_head(&mut self, bytes: usize) {
        self.given = bytes.min(self.head.len());
    }
}

impl Read for Peeked {
    #[inline]
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.head.len() {
            return self.rest.read(into);
        }
        let count = into.len().min(self.head.len() - self.given);
        into[..count].copy_from_slice(&self.head[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// Counts what goes through.
pub struct Counted<R> {
    source: R,
    bytes: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    /// Adds to a count that others read.
    pub fn new(source: R, bytes: Arc<AtomicU64>) -> Self {
        Self { source, bytes }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Takes the digest of what goes through.
pub struct Digested<R> {
    source: R,
    digest: Arc<Mutex<Sha256>>,
}

impl<R> Digested<R> {
    /// Adds to a digest that others ask for at the end.
    pub fn new(source: R, digest: Arc<Mutex<Sha256>>) -> Self {
        Self { source, digest }
    }
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.digest.lock().unwrap_or_else(PoisonError::into_inner).update(&into[..count]);
        Ok(count)
    }
}

/// What a file is, as far as its first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Magic {
    /// Nothing at all.
    Empty,
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// A ZIP archive: also XLSX and ODS.
    Zip,
    /// Parquet.
    Parquet,
    /// Something that is not read, and what to do about it.
    Other(&'static str),
    /// Text, or nothing that is known.
    Text,
}

/// Bytes that [`magic`] looks at.
pub const MAGIC_BYTES: usize = 8;

/// Recognises a beginning.
pub fn magic(head: &[u8]) -> Magic {
    match head {
        [] => Magic::Empty,
        [0x1f, 0x8b, ..] => Magic::Gzip,
        // The second are frames to be passed over, which some writers put first.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Magic::Zstd,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Magic::Zip,
        [b'P', b'A', b'R', b'1', ..] => Magic::Parquet,
        [b'P', b'A', b'R', b'E', ..] => Magic::Other("this is an encrypted Parquet file; write it without encryption"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Magic::Other(
            "this is an old .xls workbook, or one with a password; save it as .xlsx without one, or as CSV",
        ),
        [b'%', b'P', b'D', b'F', ..] => Magic::Other("this is a PDF; ask for the records themselves, as CSV"),
        [b'B', b'Z', b'h', ..] => Magic::Other("this is packed with bzip2; pack it with gzip, zstd or zip"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Magic::Other("this is packed with xz; pack it with gzip, zstd or zip"),
        [b'7', b'z', 0xbc, 0xaf, ..] => Magic::Other("this is a 7-Zip archive; pack it with gzip, zstd or zip"),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Magic::Other("this is an Arrow file; write it as Parquet or CSV"),
        [b'O', b'R', b'C', ..] => Magic::Other("this is an ORC file; write it as Parquet or CSV"),
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => Magic::Other("this is a SQLite database; export the table as CSV"),
        _ => Magic::Text,
    }
}

/// Takes the compression off a stream. `name` is named in messages; what `inner` ends in is what the content should be.
///
/// # Errors
/// `Input` if the stream is empty, damaged, or no text.
pub fn unpack(source: Box<dyn Read + Send>, name: &str, inner: &str) -> Result<Peeked> {
    let wrong = |message: &str| Error::input(message.to_owned()).at(name);
    let unreadable =
        |cause: io::Error| wrong("the file is damaged or ends too early; fetch it again").with_cause(cause);
    let mut stream = Peeked::new(source);
    for layer in 0..=MOST_LAYERS {
        let found = magic(stream.peek(MAGIC_BYTES).map_err(unreadable)?);
        if layer == 0 {
            check_name(inner, found).map_err(wrong)?;
        }
        let next: Box<dyn Read + Send> = match found {
            Magic::Text => return Ok(stream),
            Magic::Empty => return Err(wrong("the file is empty")),
            Magic::Other(message) => return Err(wrong(message)),
            Magic::Zip | Magic::Parquet => {
                return Err(wrong(
                    "a ZIP archive, workbook or Parquet file is read from a file of its own only: take it out of what \
                     is around it",
                ));
            }
            Magic::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, stream))),
            Magic::Zstd => Box::new(zstd::stream::read::Decoder::new(stream).map_err(unreadable)?),
        };
        stream = Peeked::new(next);
    }
    Err(wrong("the file is packed more than three times over; take it out"))
}

/// A name that promises what the content does not keep: mostly a broken download.
fn check_name(name: &str, found: Magic) -> std::result::Result<(), &'static str> {
    let suffix = Path::new(name).extension().map(std::ffi::OsStr::to_ascii_lowercase).unwrap_or_default();
    match (suffix.to_str(), found) {
        (Some("gz"), Magic::Text) => Err("the name ends in .gz but the content is not gzip"),
        (Some("zst"), Magic::Text) => Err("the name ends in .zst but the content is not zstd"),
        (Some("zip"), Magic::Text) => Err("the name ends in .zip but the content is no ZIP archive"),
        (Some("xlsx"), Magic::Text) => Err("the name ends in .xlsx but the content is no workbook"),
        (Some("ods"), Magic::Text) => Err("the name ends in .ods but the content is no spreadsheet"),
        (Some("parquet"), Magic::Text) => Err("the name ends in .parquet but the content is not Parquet"),
        _ => Ok(()),
    }
}
