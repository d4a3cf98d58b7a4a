//! Where records live: Delta tables under store versions, and a SQLite control database whose `versions` rows are the
//! commits. Rank 3.
//!
//! A **store version** is one row `{table: Delta version}`. Readers open tables at the versions of that row; a Delta
//! version that no row names is invisible, and the next writer rolls it back.

mod audit;
mod contest;
mod control;
mod disk;
pub mod halt;
mod identity;
mod table_file;
mod tables;
mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

pub use audit::{AuditEvent, AuditLine};
pub use control::{Edition, LoadFile, LoadRecord, StoreVersion};
pub use deltalake_core::DeltaTable;
pub use writer::{Tally, Writer};

use crate::config;
use crate::error::{Error, Result};
use crate::model::schema;

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
        for folder in ["tables", "areas", "keys"] {
            fs::create_dir_all(root.join(folder)).map_err(|e| cannot_write(root, e))?;
        }
        keep_private(root)?;
        fs::write(root.join(config::FILE_NAME), settings).map_err(|e| cannot_write(root, e))?;
        let mut versions = BTreeMap::new();
        for table in schema::tables() {
            tables::create(root, table).await?;
            versions.insert(table.name.to_owned(), 0);
        }
        // The control database comes last: a folder without it is not a store.
        let connection = control::create(&control_path(root))?;
        control::commit_version(&connection, 0, now, &versions, None)?;
        Ok(Self { root: root.to_owned(), control: Mutex::new(connection) })
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
        let connection = control::open(&control_path(root))?;
        Ok(Self { root: root.to_owned(), control: Mutex::new(connection) })
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

    /// A table as a store version holds it.
    ///
    /// # Errors
    /// `Bug` if the version does not name the table; `Data` if it cannot be read.
    pub async fn table(&self, version: &StoreVersion, name: &str) -> Result<DeltaTable> {
        let delta = version
            .tables
            .get(name)
            .ok_or_else(|| Error::bug(format!("store version {} names no table {name}", version.version)))?;
        tables::open(&self.root, name, *delta).await
    }

    /// Takes the one writer's place.
    ///
    /// # Errors
    /// `Busy` if somebody else has it.
    pub async fn writer(&self, now: DateTime<Utc>) -> Result<Writer<'_>> {
        Writer::begin(self, now).await
    }

    /// What may not come back into a table.
    fn withheld(&self, _table: &str) -> Result<writer::Withheld> {
        Ok(writer::Withheld::default())
    }

    /// Changes the control database in one transaction.
    fn change<T>(&self, change: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut control = self.control();
        let transaction = control.transaction()?;
        let changed = change(&transaction)?;
        transaction.commit()?;
        Ok(changed)
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
        audit::append(&self.control(), event)
    }

    /// The newest audit lines, newest first.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn audit_lines(&self, limit: usize) -> Result<Vec<AuditLine>> {
        audit::list(&self.control(), limit)
    }

    /// Recomputes the audit's hash chain and returns how many lines hold.
    ///
    /// # Errors
    /// `Data` naming the first line that does not fit.
    pub fn verify_audit(&self) -> Result<u64> {
        audit::verify(&self.control())
    }

    /// Remembers a published report.
    ///
    /// # Errors
    /// `Data` if the control database cannot be written.
    pub fn add_edition(&self, edition: &Edition) -> Result<()> {
        control::add_edition(&self.control(), edition)
    }

    /// Published reports, newest first.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn editions(&self) -> Result<Vec<Edition>> {
        control::editions(&self.control())
    }

    /// The key that turns plates into tokens; made at the first call.
    ///
    /// # Errors
    /// `Input` if it cannot be written or read.
    pub fn plate_key(&self) -> Result<Vec<u8>> {
        control::plate_key(&self.root.join("keys").join("plate.key"))
    }

    /// Remembers the digest of the first-run token in place of the one before.
    ///
    /// # Errors
    /// `Data` if the control database cannot be written.
    pub fn set_first_run_token(&self, digest: &str) -> Result<()> {
        control::set_first_run_token(&self.control(), digest)
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

fn control_path(root: &Path) -> PathBuf {
    root.join("control.sqlite")
}

fn cannot_write(root: &Path, cause: std::io::Error) -> Error {
    Error::input(format!("{} cannot be written", root.display())).with_cause(cause)
}
