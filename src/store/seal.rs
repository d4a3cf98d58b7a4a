//! The seal of the control database: its digest, kept beside it, so that one changed byte shows; and the one way in
//! which the database is changed.
//!
//! SQLite says when a page makes no sense, not when a figure on it was changed. So each change ends with the digest of
//! the whole file in `control.seal`. A crash between the two leaves "writing" there: then the database is checked as
//! far as it can be without the digest, and sealed again.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::{Deserialize, Serialize};

use super::{Store, control, control_path, disk, halt};
use crate::error::{Error, Result};
use crate::model::digest::sha256;

/// File beside the control database.
pub(super) const FILE_NAME: &str = "control.seal";

/// Held by whoever changes the control database, or has to read it as one file.
pub(super) const LOCK: &str = "control.lock";

/// Whether the digest is that of the database as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It is.
    Sealed,
    /// It is that of the database before a change that was under way.
    Writing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    state: State,
    bytes: u64,
    sha256: String,
}

impl Seal {
    /// What the database looks like now.
    ///
    /// No statement of this process may be running on it: closing a file gives up the locks that SQLite holds on it
    /// for the process (the POSIX rule), so this reads only while nobody needs them.
    fn of(root: &Path, state: State) -> Result<Self> {
        let (bytes, sha256) = disk::digest(&control_path(root))
            .map_err(|e| Error::data("the control database cannot be read").at(control::FILE_NAME).with_cause(e))?;
        Ok(Self { state, bytes, sha256 })
    }

    fn text(&self) -> Result<String> {
        let json = serde_json::to_string(self).map_err(|e| Error::bug("no JSON of the seal").with_cause(e))?;
        // Its own digest too: so a damaged seal is told from a damaged database.
        let own = sha256(json.as_bytes());
        Ok(format!("{json}\n{own}\n"))
    }

    fn read(root: &Path) -> Result<Self> {
        let damaged =
            || Error::data("the seal of the control database is damaged or missing; restore a backup").at(FILE_NAME);
        let text = fs::read_to_string(root.join(FILE_NAME)).map_err(|e| damaged().with_cause(e))?;
        let json = text.lines().next().unwrap_or_default();
        let seal: Self = serde_json::from_str(json).map_err(|e| damaged().with_cause(e))?;
        if seal.text()? == text { Ok(seal) } else { Err(damaged()) }
    }

    fn write(&self, root: &Path) -> Result<()> {
        disk::put(&root.join(FILE_NAME), self.text()?.as_bytes())
    }

    fn is_of(&self, other: &Seal) -> bool {
        self.bytes == other.bytes && self.sha256 == other.sha256
    }
}

/// Seals a control database as it is, for the first time.
pub(super) fn seal_new(root: &Path, database: &Path) -> Result<()> {
    let (bytes, sha256) = disk::digest(database).map_err(|cause| disk::failed(database, cause))?;
    Seal { state: State::Sealed, bytes, sha256 }.write(root)
}

/// Why a control database that cannot be opened cannot: if its bytes are not those that were sealed, that.
pub(super) fn explain(root: &Path, error: Error) -> Error {
    let seal = Seal::read(root);
    match (Seal::of(root, State::Sealed), seal) {
        (Ok(now), Ok(seal)) if seal.state == State::Sealed && !seal.is_of(&now) => damaged(&seal, &now),
        _ => error,
    }
}

fn damaged(sealed: &Seal, now: &Seal) -> Error {
    let how = if sealed.bytes == now.bytes {
        "its bytes were changed".to_owned()
    } else {
        format!("it has {} bytes, not {}", now.bytes, sealed.bytes)
    };
    Error::data(format!("the control database is not as it was sealed: {how}. Restore a backup (`vigie restore`)"))
        .at(control::FILE_NAME)
}

/// The place of whoever changes the control database, until dropped.
pub(super) struct ControlLock {
    // Held for the operating system's lock.
    _file: File,
}

/// How the control database was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// As it was sealed.
    Sealed,
    /// A change was interrupted: it was checked and sealed again.
    SealedAgain,
}

impl Store {
    /// The one way to change the control database: `f` is one transaction, and what it wrote is on the disk and sealed
    /// when this returns. Each new store version gets the newest audit line as its anchor.
    ///
    /// `f` may use only the transaction given to it: other questions to this store would wait for themselves.
    ///
    /// # Errors
    /// `Busy` if another process keeps the database for longer than ten seconds; `Data` if it is damaged or the disk
    /// does not take it, and then nothing was changed; what `f` says.
    pub(super) fn change<T>(&self, f: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let lock = self.lock_control()?;
        self.change_under(&lock, f)
    }

    /// Takes the place of whoever changes the control database.
    pub(super) fn lock_control(&self) -> Result<ControlLock> {
        let busy = "another process is changing the control database; try again";
        Ok(ControlLock { _file: disk::lock(&self.root().join(LOCK), disk::PATIENCE, busy)? })
    }

    /// As [`Self::change`], by who has the place already.
    pub(super) fn change_under<T>(
        &self,
        lock: &ControlLock,
        f: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let root = self.root();
        let anchor = self.audit.head()?;
        let (_, before) = self.settle_under(lock)?;
        let mut connection = self.control();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = f(&transaction)?;
        control::set_anchor(&transaction, anchor.line, &anchor.hash)?;
        Seal { state: State::Writing, ..before.clone() }.write(root)?;
        if let Err(cause) = transaction.commit() {
            // Nothing was changed. Should this fail too, the next change finds the digest of before.
            let _ = before.write(root);
            return Err(cause.into());
        }
        // From here on it is done, and it would be wrong to say anything else. A seal that cannot be written leaves
        // "writing" behind, which the next change clears up.
        let sealed = halt::point("control-open")
            .map_err(|cause| disk::failed(&root.join(FILE_NAME), cause))
            .and_then(|()| Seal::of(root, State::Sealed)?.write(root))
            .and_then(|()| halt::point("control-sealed").map_err(|cause| disk::failed(&root.join(FILE_NAME), cause)));
        if let Err(cause) = sealed {
            tracing::warn!(%cause, "the control database was changed but not sealed; run `vigie verify`");
        }
        Ok(answer)
    }

    /// Makes sure that the control database is whole, and seals it if an interrupted change left it open.
    pub(super) fn settle(&self) -> Result<Found> {
        let lock = self.lock_control()?;
        Ok(self.settle_under(&lock)?.0)
    }

    fn settle_under(&self, _lock: &ControlLock) -> Result<(Found, Seal)> {
        let root = self.root();
        let connection = self.control();
        let sealed = Seal::read(root)?;
        // SQLite's own clearing up after a crash comes with the first read.
        connection.query_row("SELECT count(*) FROM versions", [], |row| row.get::<_, i64>(0))?;
        let now = Seal::of(root, State::Sealed)?;
        match (sealed.state, sealed.is_of(&now)) {
            (State::Sealed, true) => return Ok((Found::Sealed, now)),
            (State::Sealed, false) => return Err(damaged(&sealed, &now)),
            (State::Writing, true) => {}
            (State::Writing, false) => {
                integrity(&connection)?;
                self.audit.verify(&control::anchors(&connection)?)?;
            }
        }
        tracing::warn!("a change of the control database was interrupted; it was checked and is sealed again");
        now.write(root)?;
        Ok((Found::SealedAgain, now))
    }
}

/// Asks SQLite to check every page.
pub(super) fn integrity(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check(1)")?;
    let said: String = statement.query_row([], |row| row.get(0))?;
    if said == "ok" {
        return Ok(());
    }
    Err(Error::data("the control database is damaged; restore a backup (`vigie restore`)")
        .at(control::FILE_NAME)
        .with_cause(io::Error::other(said)))
}
