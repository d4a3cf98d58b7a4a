//! Members of a ZIP archive as streams of their own, checked at their end by length and CRC-32.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::layers::Counted;
use super::{damaged, pick};
use crate::error::{Error, Result};

const BUFFER: usize = 256 << 10;

/// An open archive.
pub struct Archive {
    path: PathBuf,
    /// Named in messages.
    name: String,
    archive: ZipArchive<File>,
    /// Names of the members, folders left out, with their places in the archive.
    members: Vec<(String, usize)>,
    bytes_read: Arc<AtomicU64>,
}

/// What an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A workbook of Office Open XML.
    Xlsx,
    /// A spreadsheet in the open document format.
    Ods,
    /// Files.
    Files,
}

impl Archive {
    /// Reads the list of members. What is read of them, as stored, is added to `bytes_read`.
    ///
    /// # Errors
    /// `Input` if it is damaged.
    pub fn open(path: &Path, name: &str, bytes_read: Arc<AtomicU64>) -> Result<Self> {
        let broken = |cause: String| damaged(name, "the ZIP archive").with_cause(cause);
        let file = File::open(path).map_err(|cause| broken(cause.to_string()))?;
        let mut archive = ZipArchive::new(file).map_err(|cause| broken(cause.to_string()))?;
        let mut members = Vec::new();
        for index in 0..archive.len() {
            let member = archive.by_index_raw(index).map_err(|cause| broken(cause.to_string()))?;
            if !member.is_dir() {
                members.push((String::from_utf8_lossy(member.name_raw()).into_owned(), index));
            }
        }
        Ok(Self { path: path.to_owned(), name: name.to_owned(), archive, members, bytes_read })
    }

    /// Named in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the archive is, told by the members that each kind must have.
    ///
    /// # Errors
    /// `Input` for documents that hold no table.
    pub fn holds(&self) -> Result<Holds> {
        if self.has("xl/workbook.xml") {
            return Ok(Holds::Xlsx);
        }
        let other = if self.has("xl/workbook.bin") {
            "this is a binary .xlsb workbook; save it as .xlsx or CSV"
        } else if self.has("word/document.xml") || self.has("ppt/presentation.xml") {
            "this is an Office document without a sheet; export the records as CSV"
        } else if self.has("content.xml") && self.has("mimetype") {
            return Ok(Holds::Ods);
        } else {
            return Ok(Holds::Files);
        };
        Err(Error::input(other).at(&self.name))
    }

    /// Whether there is a member of that name.
    pub fn has(&self, member: &str) -> bool {
        self.members.iter().any(|(name, _)| name == member)
    }

    /// The one member with records, and its name: the one that fits the feed's pattern, else the only one.
    ///
    /// # Errors
    /// `Input` that lists them if there are several.
    pub fn data_member(&mut self, pattern: Option<&str>) -> Result<(String, Member)> {
        let names: Vec<String> =
            self.members.iter().map(|(name, _)| name.clone()).filter(|name| !is_beside(name)).collect();
        let name = self.name.clone();
        let member = pick(&names, pattern, "member", "file", &name)?;
        Ok((member.to_owned(), self.member(member)?))
    }

    /// A member as a stream.
    ///
    /// # Errors
    /// `Input` if there is none of that name, or it is encrypted or packed in a way that is not read.
    pub fn member(&mut self, name: &str) -> Result<Member> {
        let index = self.members.iter().find(|(own, _)| own == name).map(|(_, index)| *index);
        let broken = || damaged(&self.name, "the ZIP archive");
        let index = index.ok_or_else(|| broken().with_cause(format!("no member {name}")))?;
        let member = self.archive.by_index_raw(index).map_err(|cause| broken().with_cause(cause.to_string()))?;
        if member.encrypted() {
            return Err(Error::input("the archive has a password; make one without").at(&self.name));
        }
        let start = member.data_start().ok_or_else(|| broken().with_cause("no data"))?;
        let mut file = File::open(&self.path).map_err(|cause| broken().with_cause(cause))?;
        file.seek(SeekFrom::Start(start)).map_err(|cause| broken().with_cause(cause))?;
        let packed = Counted::new(file.take(member.compressed_size()), Arc::clone(&self.bytes_read));
        let body = match member.compression() {
            CompressionMethod::Stored => Body::Stored(packed),
            CompressionMethod::Deflated => {
                Body::Deflated(Box::new(DeflateDecoder::new(BufReader::with_capacity(BUFFER, packed))))
            }
            _ => {
                let message = "the archive is packed in a way that is not read; use plain deflate";
                return Err(Error::input(message).at(&self.name));
            }
        };
        Ok(Member { body, crc: Crc::new(), length: 0, wanted_crc: member.crc32(), wanted_length: member.size() })
    }
}

/// What some programs leave in archives beside the data.
fn is_beside(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("__MACOSX/") || last.starts_with('.') || last.eq_ignore_ascii_case("thumbs.db")
}

enum Body {
    Stored(Counted<Take<File>>),
    Deflated(Box<DeflateDecoder<BufReader<Counted<Take<File>>>>>),
}

/// One member, unpacked on the way.
pub struct Member {
    body: Body,
    crc: Crc,
    length: u64,
    wanted_crc: u32,
    wanted_length: u64,
}

impl Read for Member {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let count = match &mut self.body {
            Body::Stored(file) => file.read(into)?,
            Body::Deflated(decoder) => decoder.read(into)?,
        };
        self.crc.update(&into[..count]);
        self.length += count as u64;
        let is_whole = self.length == self.wanted_length && self.crc.sum() == self.wanted_crc;
        if self.length > self.wanted_length || (count == 0 && !is_whole) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "length or CRC-32 of the member is wrong"));
        }
        Ok(count)
    }
}
