//! Writing so that it lasts: a file and its folder reach the disk before anybody is told that they are there.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

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

/// Makes a folder and those above it that are missing, so that each lasts.
pub(super) fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(Path::new(""));
    make_folders(above)?;
    match fs::create_dir(folder) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
        _ => {}
    }
    sync_folder(if above.as_os_str().is_empty() { Path::new(".") } else { above })
}

/// Waits until a file that somebody else wrote, and its name, are on the disk.
pub(super) fn sync_file(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Removes a file so that it stays removed; one that is not there is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(cause),
        Ok(()) => sync_folder(path.parent().unwrap_or(Path::new("."))),
    }
}

/// Length and digest of a file as it is now.
pub(super) fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 18];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((bytes, hex(&hasher.finalize())));
        }
        hasher.update(&buffer[..count]);
        bytes += count as u64;
    }
}

/// What to note of a file of the store as it is now.
pub(super) fn noted(root: &Path, path_from_root: &str) -> io::Result<StoredFile> {
    let (bytes, sha256) = digest(&root.join(path_from_root))?;
    Ok(StoredFile { path: path_from_root.to_owned(), bytes, sha256 })
}

/// Puts `bytes` at `path`, whole or not at all: written beside it, synced, renamed, and the folder synced.
///
/// # Errors
/// `Data`, naming what the disk did.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    put_with(path, bytes, &mut File::options())
}

/// As [`put`], for a file that only its owner may read.
pub(super) fn put_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    put_with(path, bytes, &mut options)
}

fn put_with(path: &Path, bytes: &[u8], options: &mut fs::OpenOptions) -> Result<()> {
    let draft = path.with_extension("draft");
    let mut write = || {
        // What an interrupted write left there may have other permissions.
        match fs::remove_file(&draft) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        let mut file = options.write(true).create_new(true).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(|cause| failed(path, cause))
}

/// How long somebody else's short write is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Takes the operating system's lock on `path`, an empty file that is made if it is missing; others wait until the
/// answer is dropped.
///
/// # Errors
/// `Busy` with `message` if somebody else keeps it for longer than `patience`; `Data` if the file cannot be made.
pub(super) fn lock(path: &Path, patience: Duration, message: &str) -> Result<File> {
    let file =
        File::options().create(true).truncate(false).write(true).open(path).map_err(|cause| failed(path, cause))?;
    let until = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(cause)) => return Err(failed(path, cause)),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return Err(Error::busy(message)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
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

/// Bytes of a new file that are written before a thread beside begins to bring them to the disk.
const BEHIND_BYTES: u64 = 16 << 20;

/// A new file whose bytes are counted and hashed as they are written.
pub(super) struct NewFile {
    file: File,
    hasher: Sha256,
    bytes: u64,
    /// Brings to the disk what was written so far, so that at the end there is little left to wait for.
    behind: Option<JoinHandle<io::Result<()>>>,
    /// Bytes that were written when that began.
    behind_from: u64,
}

impl NewFile {
    /// Makes the file; there must be none of that name.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create_new(path)?, hasher: Sha256::new(), bytes: 0, behind: None, behind_from: 0 })
    }

    fn sync_behind(&mut self) -> io::Result<()> {
        let is_busy = self.behind.as_ref().is_some_and(|thread| !thread.is_finished());
        if is_busy || self.bytes - self.behind_from < BEHIND_BYTES {
            return Ok(());
        }
        self.end_behind()?;
        let file = self.file.try_clone()?;
        self.behind = Some(std::thread::Builder::new().spawn(move || file.sync_data())?);
        self.behind_from = self.bytes;
        Ok(())
    }

    /// What the thread beside met with: the system says once only that something did not get to the disk.
    fn end_behind(&mut self) -> io::Result<()> {
        let ended = self.behind.take().map_or(Ok(Ok(())), JoinHandle::join);
        ended.map_err(|_| io::Error::other("a thread that waits for the disk came to grief"))?
    }

    /// Waits until the bytes are on the disk, and says what they are. The folder is for the caller to sync, once for
    /// all files made in it.
    pub fn finish(&mut self, path_from_root: String) -> io::Result<StoredFile> {
        halt::point("file-written")?;
        self.end_behind()?;
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
        self.sync_behind()?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Copies a file, with who may read it, so that the copy's bytes are on the disk; its folder is for the caller to sync.
/// At most `most` bytes are copied: of a file that grows, what was there when it was looked at.
pub(super) fn copy(from: &Path, to: &Path, most: u64, path_from_root: String) -> io::Result<StoredFile> {
    let source = File::open(from)?;
    let permissions = source.metadata()?.permissions();
    let mut target = NewFile::create(to)?;
    target.file.set_permissions(permissions)?;
    io::copy(&mut io::BufReader::with_capacity(1 << 18, source.take(most)), &mut target)?;
    target.finish(path_from_root)
}

/// Does `work` for every item, on as many threads as the machine has cores; answers in the items' order.
pub(super) fn on_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(items.len()) {
            scope.spawn(|| {
                while let Some((at, item)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    items.get(at).map(|item| (at, item))
                } {
                    let answer = work(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_goes_to_the_disk_while_it_grows_is_the_file_that_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut file = NewFile::create(&path).unwrap();
        let block: Vec<u8> = (0..1_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for _ in 0..35 {
            file.write_all(&block).unwrap();
        }
        assert!(file.behind_from >= BEHIND_BYTES);
        let stored = file.finish("x".to_owned()).unwrap();
        assert_eq!((stored.bytes, stored.sha256), digest(&path).unwrap());
        assert_eq!(stored.bytes, 35 << 20);
    }
}
