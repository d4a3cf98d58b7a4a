//! Copies of a whole store, and stores made from them.
//!
//! A backup is the store's files as they are, and a `MANIFEST` in the form that `sha256sum -c MANIFEST` reads, written
//! last: a folder without it is no backup. A restored store gets its control database last: a folder without it is no
//! store. So nothing half made is taken for whole.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::audit::{self, AuditHead};
use super::control::{self, StoredFile, instant};
use super::verify::{TABLES, verify};
use super::{AsOf, Store, disk, halt, keep_private, seal};
use crate::config;
use crate::error::{Error, Result};
use crate::model::digest::sha256;

/// Name of the list in a backup.
const MANIFEST: &str = "MANIFEST";

/// First words of the list.
const TITLE: &str = "# vigie backup 1";

/// What a store stands at: two stores with the same head hold the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Newest store version.
    pub version: u64,
    /// Newest audit line.
    pub audit: AuditHead,
}

impl Head {
    fn text(&self) -> String {
        let hash = if self.audit.hash.is_empty() { "-" } else { &self.audit.hash };
        format!("# version {} audit {} {hash}", self.version, self.audit.line)
    }
}

/// What [`backup`] or [`restore`] copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What the copy stands at.
    pub head: Head,
}

/// Copies a store to `folder`, reads the copy again, and lists it. Readers go on meanwhile; loads are refused.
/// `progress` gets the bytes copied and the bytes in all.
///
/// # Errors
/// `Input` if `folder` is not empty or lies in the store; `Busy` if somebody loads; `Data` if a file of the store is
/// damaged or the copy cannot be written.
pub fn backup(
    store: &Store,
    folder: &Path,
    now: DateTime<Utc>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Copied> {
    prepare(folder)?;
    let _writer = store.writer_lock()?;
    if is_inside(folder, store.root()) {
        return Err(Error::input(format!("{} lies in the store that it is to be a copy of", folder.display())));
    }
    let (mut copied, noted, version) = copy_control(store, folder)?;
    let tables: Vec<_> = noted.into_iter().filter(|file| is_table(&file.path)).collect();
    let (parts, audit) = store.audit.parts()?;
    let total = tables.iter().map(|file| file.bytes).sum::<u64>() + parts.iter().map(|part| part.bytes).sum::<u64>();
    let done = AtomicU64::new(0);
    let root = store.root();
    make_folders(folder, tables.iter().map(|file| file.path.as_str()))?;
    let tables = disk::on_cores(&tables, |file| {
        let copy = copy_noted(root, folder, file);
        progress(done.fetch_add(file.bytes, Ordering::Relaxed) + file.bytes, total);
        copy
    });
    for file in tables {
        copied.push(file?);
    }
    for part in parts {
        // Readers add lines meanwhile: what was there at the moment of `audit` is copied.
        copied.push(copy_file(root, folder, &format!("{}/{}", audit::FOLDER, part.name), part.bytes)?);
    }
    sync_folders(folder, &copied)?;
    halt::point("backup-copied").map_err(|cause| disk::failed(folder, cause))?;
    for (file, read) in copied.iter().zip(disk::on_cores(&copied, |file| disk::noted(folder, &file.path))) {
        if read.map_err(|e| disk::failed(&folder.join(&file.path), e))? != *file {
            return Err(Error::data(
                "the copy does not read as it was written: the disk it is on is not to be trusted",
            )
            .at(file.path.clone()));
        }
    }
    let head = Head { version, audit };
    disk::put(&folder.join(MANIFEST), manifest(&copied, &head, now).as_bytes())?;
    Ok(Copied { files: copied.len() as u64, bytes: copied.iter().map(|file| file.bytes).sum(), head })
}

/// Copies what can be changed beside a load, at one moment: the control database, its seal, and the small files.
fn copy_control(store: &Store, folder: &Path) -> Result<(Vec<StoredFile>, Vec<StoredFile>, u64)> {
    let root = store.root();
    store.settle()?;
    let _lock = store.lock_control()?;
    let noted = control::stored_files(&store.control())?;
    let version = store.version(AsOf::Newest)?.version;
    make_folders(folder, noted.iter().map(|file| file.path.as_str()).chain(["audit/x"]))?;
    let mut copied = Vec::new();
    for name in [control::FILE_NAME, seal::FILE_NAME] {
        copied.push(copy_file(root, folder, name, u64::MAX)?);
    }
    for file in noted.iter().filter(|file| !is_table(&file.path)) {
        // Settings are people's to edit at any time: they are copied as they are.
        copied.push(if file.path == config::FILE_NAME {
            copy_file(root, folder, &file.path, u64::MAX)?
        } else {
            copy_noted(root, folder, file)?
        });
    }
    Ok((copied, noted, version))
}

fn is_table(path: &str) -> bool {
    path.strip_prefix(TABLES).is_some_and(|rest| rest.starts_with('/'))
}

/// Makes a store at `root` of a backup, and verifies it. `progress` gets the bytes copied and the bytes in all.
///
/// # Errors
/// `Input` if `folder` is no finished backup or `root` is not empty; `Data` naming a file of the backup that is
/// damaged, or if the store cannot be written.
pub async fn restore(folder: &Path, root: &Path, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Copied> {
    let (listed, head_text) = read_manifest(folder)?;
    prepare(root)?;
    make_folders(root, listed.iter().map(|(path, _)| path.as_str()))?;
    for name in [TABLES, "areas", "keys", audit::FOLDER] {
        disk::make_folders(&root.join(name)).map_err(|cause| disk::failed(root, cause))?;
    }
    let total =
        listed.iter().filter_map(|(path, _)| fs::metadata(folder.join(path)).ok()).map(|found| found.len()).sum();
    let done = AtomicU64::new(0);
    let draft = root.join(format!("{}.draft", control::FILE_NAME));
    let copied = disk::on_cores(&listed, |(path, sha256)| {
        let to = if path == control::FILE_NAME { draft.clone() } else { root.join(path) };
        let copy = disk::copy(&folder.join(path), &to, u64::MAX, path.clone());
        let copy = copy.map_err(|cause| not_copied(path, &to, cause))?;
        progress(done.fetch_add(copy.bytes, Ordering::Relaxed) + copy.bytes, total);
        if copy.sha256 == *sha256 {
            return Ok(copy);
        }
        Err(Error::data(
            "this file of the backup is damaged: its bytes are not those that were copied; use another backup",
        )
        .at(path.clone()))
    });
    let copied = copied.into_iter().collect::<Result<Vec<_>>>()?;
    sync_folders(root, &copied)?;
    halt::point("restore-copied").map_err(|cause| disk::failed(root, cause))?;
    control::put_in_place(root, &draft)?;
    let found = verify(root, &|_, _| {}).await?;
    if let Some(damage) = found.damaged.iter().find(|finding| finding.file != config::FILE_NAME) {
        return Err(Error::data(format!("the restored store is not whole: {}", damage.what)).at(damage.file.clone()));
    }
    let head = Head { version: found.version.unwrap_or_default(), audit: found.audit.unwrap_or_default() };
    if head.text() != head_text {
        return Err(Error::data("the restored store does not stand where the backup's MANIFEST says").at(MANIFEST));
    }
    Ok(Copied { files: copied.len() as u64, bytes: copied.iter().map(|file| file.bytes).sum(), head })
}

/// A folder for a copy: new or empty, for its owner only.
fn prepare(folder: &Path) -> Result<()> {
    let cannot = |cause: io::Error| Error::input(format!("{} cannot be written", folder.display())).with_cause(cause);
    disk::make_folders(folder).map_err(cannot)?;
    if fs::read_dir(folder).map_err(cannot)?.next().is_some() {
        return Err(Error::input(format!(
            "{} is not empty; name a new folder (what an interrupted backup or restore left can be deleted)",
            folder.display()
        )));
    }
    keep_private(folder)
}

fn is_inside(folder: &Path, root: &Path) -> bool {
    match (folder.canonicalize(), root.canonicalize()) {
        (Ok(folder), Ok(root)) => folder.starts_with(root),
        _ => false,
    }
}

/// Makes the folders that files are to be copied into.
fn make_folders<'p>(to: &Path, paths: impl Iterator<Item = &'p str>) -> Result<()> {
    let folders: BTreeSet<PathBuf> = paths.filter_map(|path| to.join(path).parent().map(Path::to_owned)).collect();
    for folder in folders {
        disk::make_folders(&folder).map_err(|cause| disk::failed(&folder, cause))?;
    }
    Ok(())
}

/// Makes the names of copied files last.
fn sync_folders(to: &Path, copied: &[StoredFile]) -> Result<()> {
    let folders: BTreeSet<PathBuf> =
        copied.iter().filter_map(|file| to.join(&file.path).parent().map(Path::to_owned)).collect();
    for folder in folders {
        disk::sync_folder(&folder).map_err(|cause| disk::failed(&folder, cause))?;
    }
    Ok(())
}

fn copy_file(root: &Path, folder: &Path, path: &str, most: u64) -> Result<StoredFile> {
    let to = folder.join(path);
    disk::copy(&root.join(path), &to, most, path.to_owned()).map_err(|cause| not_copied(path, &to, cause))
}

/// Copies a file if it is as it was noted: damage is not copied on.
fn copy_noted(root: &Path, folder: &Path, noted: &StoredFile) -> Result<StoredFile> {
    let copy = copy_file(root, folder, &noted.path, u64::MAX)?;
    if copy == *noted {
        return Ok(copy);
    }
    Err(Error::data("this file of the store is damaged, so no backup was made; `vigie verify` names all that are")
        .at(noted.path.clone()))
}

fn not_copied(path: &str, to: &Path, cause: io::Error) -> Error {
    if cause.kind() == io::ErrorKind::NotFound {
        return Error::data("this file is missing").at(path.to_owned()).with_cause(cause);
    }
    disk::failed(to, cause)
}

/// The list of a backup. Lines with `#` are remarks for `sha256sum`; the last one is the digest of all before it.
fn manifest(copied: &[StoredFile], head: &Head, now: DateTime<Utc>) -> String {
    let mut lines: Vec<String> = copied.iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect();
    lines.sort_unstable_by(|a, b| a[64..].cmp(&b[64..]));
    let text = format!("{TITLE} of {}\n{}\n{}", instant(now), head.text(), lines.concat());
    let own = sha256(text.as_bytes());
    format!("{text}# {own}\n")
}

/// Paths and digests of a backup's list, and what it says of the head.
fn read_manifest(folder: &Path) -> Result<(Vec<(String, String)>, String)> {
    let text = fs::read(folder.join(MANIFEST)).map_err(|e| {
        let message = format!("{} is no finished backup: it has no {MANIFEST}", folder.display());
        Error::input(message).with_cause(e)
    })?;
    let damaged = || Error::data("the list of the backup is damaged; use another backup").at(MANIFEST);
    let text = String::from_utf8(text).map_err(|e| damaged().with_cause(e))?;
    let lines = text.strip_suffix('\n').and_then(|text| text.rsplit_once('\n'));
    let (listed, own) = lines.ok_or_else(damaged)?;
    if own != format!("# {}", sha256(format!("{listed}\n").as_bytes())) {
        return Err(damaged());
    }
    let mut lines = listed.lines();
    if !lines.next().is_some_and(|title| title.starts_with(TITLE)) {
        return Err(Error::data("this backup is of another version of the program").at(MANIFEST));
    }
    let head = lines.next().ok_or_else(damaged)?.to_owned();
    let mut files = Vec::new();
    for line in lines {
        let (sha256, path) = line.split_once("  ").ok_or_else(damaged)?;
        // Whoever made the list: nothing is written outside of the new store.
        if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(damaged());
        }
        files.push((path.to_owned(), sha256.to_owned()));
    }
    if !files.iter().any(|(path, _)| path == control::FILE_NAME) {
        return Err(damaged());
    }
    Ok((files, head))
}

impl Store {
    /// The one writer's place, exclusive among processes until dropped.
    pub(super) fn writer_lock(&self) -> Result<fs::File> {
        let busy = "another process is writing to this store; try again when it has ended";
        disk::lock(&self.root().join(super::WRITER_LOCK), Duration::ZERO, busy)
    }
}
