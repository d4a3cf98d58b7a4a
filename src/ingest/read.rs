//! Streams an extract (CSV, plain or gzip) in bounded batches of text columns. The only I/O of `ingest`.

use std::path::Path;

use super::feed::Feed;
use super::text::TextBatch;
use crate::error::{Error, Result};

/// An open extract: an iterator of batches.
pub struct Reader {}

/// Opens an extract and checks its header against the feed.
///
/// # Errors
/// `Missing` without the file; `Input` if it is empty, binary, damaged, or lacks a column the feed needs.
pub fn open(_path: &Path, _feed: &Feed) -> Result<Reader> {
    Err(Error::bug("not written yet"))
}

impl Reader {
    /// Bytes read so far, as stored (compressed).
    pub fn bytes_read(&self) -> u64 {
        0
    }

    /// Bytes of the file as stored.
    pub fn total_bytes(&self) -> u64 {
        0
    }
}

impl Iterator for Reader {
    type Item = Result<TextBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        None
    }
}
