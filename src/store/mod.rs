//! Where records live: Delta tables under store versions, and a SQLite control database whose `versions` rows are the
//! commits. Rank 3.
//!
//! A **store version** is one row `{table: Delta version}`. Readers open tables at the versions of that row; a Delta
//! version that no row names is invisible, and the next writer removes it.
//!
//! The control database notes every file that has to be there, with its length and digest; its own digest is its
//! **seal**. So a changed or missing byte anywhere is found (`verify`), and what is copied can be proved (`backup`).

mod amend;
mod audit;
mod backup;
mod compact;
mod contest;
mod control;
mod counted;
mod counts;
mod disk;
mod durable;
mod encoding;
mod erase;
mod groups;
pub mod halt;
mod identity;
mod log;
mod recall;
mod recount;
mod seal;
mod settle;
mod table_file;
mod tables;
mod verify;
mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

pub use audit::{AuditEvent, AuditHead, AuditLine};
pub use backup::{Copied, Head, backup, restore};
pub use compact::Compacted;
pub use control::{LoadFile, LoadRecord, StoreVersion};
pub use counts::{Counted, Counting, Held};
pub use deltalake_core::DeltaTable;
pub use erase::{Doomed, Erasure, keepable};
pub use recall::{Passed, Recall, RowIdentity};
pub use verify::{Finding, Verification, verify};
pub use writer::{Tally, Writer};

use self::control::StoredFile;
use crate::config;
use crate::error::{Error, Result};
use crate::model::edition::{EditionEntry, EditionId};
use crate::model::{digest, schema};

/// A moment of the store: the newest version, a numbered one, or the one that was newest at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// The newest version.
    Newest,
    /// Version N.
    Version(u64),
    /// The version that was the newest at this instant.
    Time(DateTime<Utc>),
}

/// One store on disk.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    control: Mutex<Connection>,
    audit: audit::Audit,
}

impl Store {
    /// Makes a store with every table, empty, as version 0.
    ///
    /// # Errors
    /// `Input` if there is a store already or the folder cannot be written.
    pub async fn create(root: &Path, settings: &str, now: DateTime<Utc>) -> Result<Self> {
        if Self::exists(root) {
            return Err(Error::input(format!("{} is a store already", root.display())));
        }
        for folder in ["tables", "areas", "keys", audit::FOLDER] {
            disk::make_folders(&root.join(folder)).map_err(|e| cannot_write(root, e))?;
        }
        keep_private(root)?;
        disk::put(&root.join(config::FILE_NAME), settings.as_bytes())?;
        let mut files = vec![settings_file(root)?];
        let mut versions = BTreeMap::new();
        for table in schema::tables() {
            files.extend(tables::create(root, table).await?);
            versions.insert(table.name.to_owned(), 0);
        }
        // The control database comes last: a folder without it is not a store.
        control::create(root, |connection| {
            control::note_files(connection, &files)?;
            control::commit_version(connection, 0, now, &versions, None)
        })?;
        Self::open(root)
    }

    /// Opens a store.
    ///
    /// # Errors
    /// `Missing` if there is none at `root`.
    pub fn open(root: &Path) -> Result<Self> {
        if !Self::exists(root) {
            return Err(Error::missing(format!(
                "there is no store at {}; make one with `vigie init`, or name one with --store",
                root.display()
            )));
        }
        let connection = control::open(root).map_err(|error| seal::explain(root, error))?;
        let store = Self { root: root.to_owned(), control: Mutex::new(connection), audit: audit::Audit::of(root) };
        if store.is_erasing()?
            && let Ok(_place) = store.writer_lock()
        {
            store.complete_erasures()?;
        }
        Ok(store)
    }

    /// Whether a finished store is at `root`.
    pub fn exists(root: &Path) -> bool {
        control_path(root).is_file()
    }

    /// Folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The store version at a moment.
    ///
    /// # Errors
    /// `Missing` if there is none.
    pub fn version(&self, as_of: AsOf) -> Result<StoreVersion> {
        control::version(&self.control(), as_of)
    }

    /// A table as a store version holds it. Its log is compared with what was noted of it first: Delta itself reads a
    /// log whose newest commits are gone or empty as a smaller table.
    ///
    /// # Errors
    /// `Bug` if the version does not name the table; `Data` if it is damaged or cannot be read.
    pub async fn table(&self, version: &StoreVersion, name: &str) -> Result<DeltaTable> {
        tables::open(&self.root, name, self.checked_log(version, name)?).await
    }

    /// The table's version in a store version, once its log was compared with what was noted of it.
    fn checked_log(&self, version: &StoreVersion, name: &str) -> Result<u64> {
        let delta = *version
            .tables
            .get(name)
            .ok_or_else(|| Error::bug(format!("store version {} names no table {name}", version.version)))?;
        let noted = control::stored_files_in(&self.control(), &tables::log_folder(name))?;
        if let Err(damage) = tables::check_log(&self.root, name, delta, &noted) {
            // While records are erased, the log is exchanged before its new digests are noted.
            let busy = || Error::busy("records are being erased; try again in a moment");
            return Err(if self.is_erasing()? { busy() } else { damage });
        }
        Ok(delta)
    }

    /// Opens a table for the one writer on top of `version`, after the same comparison; commits that come of an
    /// interrupted write are removed. What is written through it lasts and is in the list.
    async fn open_for_writing(&self, name: &str, version: u64) -> Result<(DeltaTable, durable::Written)> {
        let noted = control::stored_files_in(&self.control(), &tables::log_folder(name))?;
        tables::check_log(&self.root, name, version, &noted)?;
        tables::open_for_writing(&self.root, name, version).await
    }

    /// Takes the one writer's place.
    ///
    /// # Errors
    /// `Busy` if somebody else has it.
    pub async fn writer(&self, now: DateTime<Utc>) -> Result<Writer<'_>> {
        Writer::begin(self, now).await
    }

    /// Whether these bytes were loaded with this feed before.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn has_loaded(&self, feed: &str, sha256: &str) -> Result<bool> {
        control::has_loaded(&self.control(), feed, sha256)
    }

    /// The ledger, newest first.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn loads(&self) -> Result<Vec<LoadRecord>> {
        control::loads(&self.control())
    }

    /// Adds a line to the audit and returns once it is on disk.
    ///
    /// # Errors
    /// `Data` if it cannot be written: then the question is not answered either.
    pub fn audit(&self, event: &AuditEvent) -> Result<()> {
        self.audit.append(event)
    }

    /// The newest audit lines, newest first.
    ///
    /// # Errors
    /// `Data` if the audit cannot be read.
    pub fn audit_lines(&self, limit: usize) -> Result<Vec<AuditLine>> {
        self.audit.list(limit)
    }

    /// Recomputes the audit's hash chain, compares it with the lines that store versions were committed after, and
    /// returns how many lines hold.
    ///
    /// # Errors
    /// `Data` naming the first line that does not fit.
    pub fn verify_audit(&self) -> Result<u64> {
        let anchors = control::anchors(&self.control())?;
        Ok(self.audit.verify(&anchors)?.line)
    }

    /// The newest audit line.
    ///
    /// # Errors
    /// `Data` if the audit cannot be read.
    pub fn audit_head(&self) -> Result<AuditHead> {
        self.audit.head()
    }

    /// Writes the files of an edition (names without folders) and the entry that says what happened, in that order: an
    /// interrupted call leaves files that no entry names, and they are written again by the next.
    ///
    /// # Errors
    /// `Busy` or `Data` as of any change; `Data` if a file cannot be written.
    pub fn add_edition(&self, entry: &EditionEntry, files: &[(String, Vec<u8>)]) -> Result<()> {
        let lock = self.lock_control()?;
        let mut noted = Vec::new();
        for (name, bytes) in files {
            let path = edition_path(&entry.id, entry.revision, name);
            let place = self.root.join(&path);
            disk::make_folders(place.parent().unwrap_or(&self.root)).map_err(|e| cannot_write(&self.root, e))?;
            disk::put(&place, bytes)?;
            noted.push(StoredFile { path, bytes: bytes.len() as u64, sha256: digest::sha256(bytes) });
        }
        self.change_under(&lock, |transaction| {
            control::note_files(transaction, &noted)?;
            control::add_edition_entry(transaction, entry)
        })
    }

    /// What happened to editions, oldest first.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn edition_entries(&self) -> Result<Vec<EditionEntry>> {
        control::edition_entries(&self.control())
    }

    /// A file of an edition as it was written.
    ///
    /// # Errors
    /// `Missing` if the edition has no such file; `Data` if it is gone or was changed.
    pub fn edition_file(&self, id: &EditionId, revision: u32, name: &str) -> Result<Vec<u8>> {
        let path = edition_path(id, revision, name);
        let known = control::stored_file(&self.control(), &path)?
            .ok_or_else(|| Error::missing(format!("edition {id} has no file {name}")))?;
        let damaged =
            |why: &str| Error::data(format!("{name} of edition {id} {why}; restore a backup")).at(path.clone());
        let bytes = fs::read(self.root.join(&path)).map_err(|e| damaged("cannot be read").with_cause(e))?;
        if digest::sha256(&bytes) == known.sha256 { Ok(bytes) } else { Err(damaged("was changed")) }
    }

    /// Names of the files of an edition.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn edition_files(&self, id: &EditionId, revision: u32) -> Result<Vec<String>> {
        let folder = edition_path(id, revision, "");
        let files = control::stored_files_in(&self.control(), folder.trim_end_matches('/'))?;
        Ok(files.into_iter().filter_map(|file| file.path.strip_prefix(&folder).map(str::to_owned)).collect())
    }

    /// Keeps what a test of methods came to (JSON), by the subject tested; in place of an earlier test of it.
    ///
    /// # Errors
    /// `Busy` or `Data` if the control database cannot be written.
    pub fn keep_score(&self, subject: &str, score: &str) -> Result<()> {
        self.change(|transaction| control::set_note(transaction, &format!("score {subject}"), score))
    }

    /// What the last test of a subject came to.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn score(&self, subject: &str) -> Result<Option<String>> {
        control::note(&self.control(), &format!("score {subject}"))
    }

    /// Puts small files into the store (paths from its folder, with `/`) and notes them.
    ///
    /// # Errors
    /// `Busy` or `Data` as of any change; `Data` if a file cannot be written.
    pub fn put_files(&self, files: &[(&str, &[u8])]) -> Result<()> {
        let lock = self.lock_control()?;
        let mut noted = Vec::new();
        for (path, bytes) in files {
            disk::put(&self.root.join(path), bytes)?;
            noted.push(StoredFile {
                path: (*path).to_owned(),
                bytes: bytes.len() as u64,
                sha256: digest::sha256(bytes),
            });
        }
        self.change_under(&lock, |transaction| control::note_files(transaction, &noted))
    }

    /// Makes a table that the store does not have yet, empty. Only the one writer may.
    async fn add_table(&self, table: &schema::Table) -> Result<()> {
        let files = tables::create(&self.root, table).await?;
        self.change(|transaction| control::note_files(transaction, &files))
    }

    /// Takes the settings as they are now for those that `verify` expects: people edit them.
    ///
    /// # Errors
    /// `Busy` or `Data` as of any change; `Data` if the file cannot be read.
    pub fn accept_settings(&self) -> Result<()> {
        let file = settings_file(&self.root)?;
        self.change(|transaction| control::note_files(transaction, &[file]))
    }

    /// The key that turns plates into tokens; made at the first call.
    ///
    /// # Errors
    /// `Data` if it cannot be written or read, or is not the one that was made.
    pub fn plate_key(&self) -> Result<Vec<u8>> {
        self.key(PLATE_KEY)
    }

    fn key(&self, path: &str) -> Result<Vec<u8>> {
        let known = control::stored_file(&self.control(), path)?;
        let Some(known) = known else { return self.make_key(path) };
        let key = fs::read(self.root.join(path)).map_err(|e| broken_key(path).with_cause(e))?;
        // With another key the same plate would get another token, and nothing would say so.
        if digest::sha256(&key) == known.sha256 { Ok(key) } else { Err(broken_key(path)) }
    }

    /// The key of the digests by which erased records are known again; made at the first call.
    fn erasure_key(&self) -> Result<Vec<u8>> {
        self.key(ERASURE_KEY)
    }

    fn make_key(&self, path: &str) -> Result<Vec<u8>> {
        let lock = self.lock_control()?;
        if control::stored_file(&self.control(), path)?.is_some() {
            drop(lock);
            return self.key(path);
        }
        // One that is there and was never noted comes of an interrupted first call: no token was made with it.
        let mut key = vec![0_u8; 32];
        getrandom::fill(&mut key)
            .map_err(|e| Error::bug("no random numbers from the system").with_cause(e.to_string()))?;
        disk::put_private(&self.root.join(path), &key)?;
        let file = StoredFile { path: path.to_owned(), bytes: key.len() as u64, sha256: digest::sha256(&key) };
        self.change_under(&lock, |transaction| control::note_files(transaction, &[file]))?;
        Ok(key)
    }

    /// Removes files under `tables/` that are not noted: what an interrupted or abandoned write left. Only the one writer
    /// may.
    ///
    /// # Errors
    /// `Data` if the control database or a folder cannot be read, or a file cannot be removed.
    pub(crate) fn remove_leftovers(&self) -> Result<u64> {
        // Never by what a damaged database says.
        self.settle()?;
        let noted = control::stored_files_in(&self.control(), verify::TABLES)?;
        let leftovers = verify::leftovers(&self.root, &noted)?;
        for path in &leftovers {
            tracing::info!(file = %path, "removing what no version needs");
            disk::remove(&self.root.join(path)).map_err(|cause| disk::failed(&self.root.join(path), cause))?;
        }
        Ok(leftovers.len() as u64)
    }

    /// Remembers the digest of the first-run token in place of the one before.
    ///
    /// # Errors
    /// `Data` if the control database cannot be written.
    pub fn set_first_run_token(&self, digest: &str) -> Result<()> {
        self.change(|transaction| control::set_first_run_token(transaction, digest))
    }

    /// Digest of the first-run token, if one was made.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn first_run_token(&self) -> Result<Option<String>> {
        control::first_run_token(&self.control())
    }

    fn control(&self) -> MutexGuard<'_, Connection> {
        // A panic while holding the lock leaves SQLite consistent: its transaction rolled back.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records are for the account that owns the store, and for nobody else on the machine.
fn keep_private(root: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(root, fs::Permissions::from_mode(0o700)).map_err(|e| cannot_write(root, e))?;
    }
    Ok(())
}

/// Where a file of an edition lies, from the store's folder.
fn edition_path(id: &EditionId, revision: u32, name: &str) -> String {
    format!("editions/{id}/{revision}/{name}")
}

/// Held by the one writer.
const WRITER_LOCK: &str = "writer.lock";

/// The key of plate tokens, from the store's folder.
const PLATE_KEY: &str = "keys/plate.key";

/// The key of digests of erased records, from the store's folder.
const ERASURE_KEY: &str = "keys/erasure.key";

fn broken_key(path: &str) -> Error {
    Error::data("this key of the store is missing or is not the one that was made; restore a backup").at(path)
}

/// What to note of the settings as they are now. Each load does: people edit them.
fn settings_file(root: &Path) -> Result<StoredFile> {
    disk::noted(root, config::FILE_NAME).map_err(|e| cannot_read(config::FILE_NAME, e))
}

fn control_path(root: &Path) -> PathBuf {
    root.join(control::FILE_NAME)
}

fn cannot_read(name: &str, cause: std::io::Error) -> Error {
    Error::data(format!("{name} cannot be read")).with_cause(cause)
}

fn cannot_write(root: &Path, cause: std::io::Error) -> Error {
    Error::input(format!("{} cannot be written", root.display())).with_cause(cause)
}
