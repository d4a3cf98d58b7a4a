//! The unread part of a stream of text, in one buffer that grows only if a single record fills it.

use std::io::Read;
use std::sync::Arc;

use super::LONGEST_RECORD;
use crate::error::{Error, Result};

const FIRST_BUFFER: usize = 256 << 10;

/// What may be wrong when a record does not end: part of the message.
pub const OPEN_QUOTE: &str = "; is a quote left open?";

/// A stream and what is read of it and not yet used.
pub struct Window {
    file: Arc<str>,
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
}

impl Window {
    /// A window at the beginning of a stream; `file` is named in messages.
    pub fn new(file: Arc<str>, source: Box<dyn Read + Send>) -> Self {
        Self { file, source, buffer: vec![0; FIRST_BUFFER], start: 0, end: 0, at_end: false }
    }

    /// Name of the file.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// What is read and not yet used.
    #[inline]
    pub fn text(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether nothing comes after [`Self::text`].
    #[inline]
    pub fn at_end(&self) -> bool {
        self.at_end
    }

    /// Whether all is used and nothing more comes.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.start == self.end && self.at_end
    }

    /// Uses the next bytes.
    #[inline]
    pub fn skip(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }

    /// An error at a line of the file.
    pub fn wrong(&self, line: u64, message: impl Into<String>) -> Error {
        Error::input(message).at(format!("{}:{line}", self.file))
    }

    /// Reads more behind what is there.
    ///
    /// # Errors
    /// `Input` if the stream breaks off or one record is longer than [`LONGEST_RECORD`]; `line` is where it starts and
    /// `hint` goes into the message.
    pub fn fill(&mut self, line: u64, hint: &str) -> Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            if self.end >= LONGEST_RECORD {
                return Err(self.wrong(line, format!("the record that starts here is longer than 4 MiB{hint}")));
            }
            self.buffer.resize(self.end * 2, 0);
        }
        // As much again as there is: a long record is looked at a few times, not once for each small read.
        let wanted = (self.end * 2).min(self.buffer.len());
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(more) => self.end += more,
                Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    return Err(self
                        .wrong(line, "reading failed here: the file ends too early or is damaged; fetch it again")
                        .with_cause(cause));
                }
            }
            if self.at_end || self.end >= wanted {
                return Ok(());
            }
        }
    }

    /// Reads until so many bytes are there, or all.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub fn fill_to(&mut self, bytes: usize) -> Result<()> {
        while !self.at_end && self.end - self.start < bytes {
            self.fill(1, OPEN_QUOTE)?;
        }
        Ok(())
    }
}
