//! Writing so that it lasts: a file and its folder reach the disk before anybody is told that they are there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::control::StoredFile;
use super::halt;
use crate::error::{Error, Result};
use crate::model::digest::hex;

/// Makes the names in a folder last: files made, renamed or removed in it.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Only Unix lets a folder be opened and synced; elsewhere the file system keeps names itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Puts `bytes` at `path`, whole or not at all: written beside it, synced, renamed, and the folder synced.
///
/// # Errors
/// `Data`, naming what the disk did.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let draft = path.with_extension("draft");
    let write = || {
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        sync_folder(folder)
    };
    write().map_err(|cause| failed(path, cause))
}

/// What a failed write means to the person who asked for it.
pub(super) fn failed(path: &Path, cause: io::Error) -> Error {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let why = match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full: make room and try again",
        io::ErrorKind::FileTooLarge => "a file may not grow so large here",
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only",
        io::ErrorKind::PermissionDenied => "this account may not write there",
        _ => "the disk reports an error; run `vigie verify` before the next load",
    };
    Error::data(format!("{name} could not be written: {why}. Nothing of this write is in the store")).with_cause(cause)
}

/// A new file whose bytes are counted and hashed as they are written.
pub(super) struct NewFile {
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl NewFile {
    /// Makes the file; there must be none of that name.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create_new(path)?, hasher: Sha256::new(), bytes: 0 })
    }

    /// Waits until the bytes are on the disk, and says what they are. The folder is for the caller to sync, once for
    /// all files made in it.
    pub fn finish(&mut self, path_from_root: String) -> io::Result<StoredFile> {
        halt::point("file-written")?;
        self.file.sync_all()?;
        halt::point("file-synced")?;
        Ok(StoredFile { path: path_from_root, bytes: self.bytes, sha256: hex(&self.hasher.finalize_reset()) })
    }
}

impl Write for NewFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
