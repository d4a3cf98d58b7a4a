//! The control database: store versions (writing one is the commit), the ledger of loads, editions, the first-run token.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::audit::Anchor;
use super::erase::{self, Erasure};
use super::{AsOf, disk, seal};
use crate::error::{Error, Result};
use crate::model::edition::EditionEntry;

/// The database's file in a store.
pub(super) const FILE_NAME: &str = "control.sqlite";

/// SQLite's own, beside it while a change is under way.
pub(super) const JOURNAL: &str = "control.sqlite-journal";

const LAYOUT: &str = "
    CREATE TABLE versions (
        version INTEGER PRIMARY KEY, committed_at TEXT NOT NULL, tables TEXT NOT NULL, load_id INTEGER,
        audit_line INTEGER, audit_hash TEXT);
    CREATE TABLE stored_files (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE loads (
        load_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, feed TEXT NOT NULL, loaded_at TEXT NOT NULL,
        record TEXT NOT NULL);
    CREATE TABLE loaded_files (feed TEXT NOT NULL, sha256 TEXT NOT NULL, load_id INTEGER NOT NULL);
    CREATE INDEX loaded_files_by_hash ON loaded_files (sha256);
    CREATE TABLE editions (edition_id INTEGER PRIMARY KEY, record TEXT NOT NULL);
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    PRAGMA user_version = 2;
";

/// Of the control database and the tables: another one is refused, never guessed at.
const LAYOUT_NUMBER: i64 = 2;

/// One row of the store's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreVersion {
    /// N, from 0.
    pub version: u64,
    /// When it was committed.
    pub committed_at: DateTime<Utc>,
    /// Delta version of each table.
    pub tables: BTreeMap<String, u64>,
    /// What was erased after it: it is read without these records.
    pub erased_since: Vec<Erasure>,
}

/// One line of the ledger: what a load did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadRecord {
    /// Number of the load, from 1.
    pub load_id: u64,
    /// Store version after it.
    pub version: u64,
    /// Feed it was read with.
    pub feed: String,
    /// Table it went to.
    pub table: String,
    /// When it was loaded (UTC).
    pub loaded_at: String,
    /// Its files.
    pub files: Vec<LoadFile>,
    /// Rows read.
    pub rows_in: u64,
    /// New records.
    pub accepted: u64,
    /// Records replaced by a newer version.
    pub revised: u64,
    /// Records already here, the same or older.
    pub unchanged: u64,
    /// Rows that repeat a record of the same load.
    pub duplicate: u64,
    /// Rows of records that were erased, or past their time of keeping.
    #[serde(default)]
    pub withheld: u64,
    /// Refused rows by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Refused rows.
    pub rejected_total: u64,
    /// Accepted rows with a remark, by remark.
    pub labels: BTreeMap<String, u64>,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Rows that the source says it sent, if it says so; ledgers of before know none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_rows: Option<u64>,
}

/// A file of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadFile {
    /// File name without its folder.
    pub name: String,
    /// Digest of its bytes.
    pub sha256: String,
}

impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let disk = |kind: io::ErrorKind| disk::failed(Path::new(FILE_NAME), kind.into());
        match cause.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                return Error::busy("the control database is in use by another writer; try again").with_cause(cause);
            }
            Some(ErrorCode::DiskFull) => disk(io::ErrorKind::StorageFull),
            Some(ErrorCode::ReadOnly) => disk(io::ErrorKind::ReadOnlyFilesystem),
            Some(ErrorCode::SystemIoFailure) => disk(io::ErrorKind::Other),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Error::data("the control database is damaged; restore a backup (`vigie restore`)").at(FILE_NAME)
            }
            _ => Error::data("the control database of the store cannot be used"),
        }
        .with_cause(cause)
    }
}

fn broken(what: &str, cause: serde_json::Error) -> Error {
    Error::data(format!("the control database holds a {what} that cannot be read")).with_cause(cause)
}

/// Makes the control database with what `first` writes, seals it, and only then gives it its name: a folder without it
/// is not a store.
pub(super) fn create(root: &Path, first: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
    let draft = root.join(format!("{FILE_NAME}.draft"));
    let _ = fs::remove_file(&draft);
    let mut connection = Connection::open(&draft)?;
    prepare(&connection)?;
    connection.execute_batch(LAYOUT)?;
    connection.execute_batch(erase::LAYOUT)?;
    let transaction = connection.transaction()?;
    first(&transaction)?;
    set_anchor(&transaction, 0, "")?;
    transaction.commit()?;
    connection.close().map_err(|(_, cause)| Error::from(cause))?;
    seal::seal_new(root, &draft)?;
    put_in_place(root, &draft)
}

/// Gives a finished control database its name, so that it lasts.
pub(super) fn put_in_place(root: &Path, draft: &Path) -> Result<()> {
    let path = root.join(FILE_NAME);
    let put = || {
        File::open(draft)?.sync_all()?;
        fs::rename(draft, &path)?;
        disk::sync_folder(root)
    };
    put().map_err(|cause| disk::failed(&path, cause))
}

pub(super) fn open(root: &Path) -> Result<Connection> {
    let path = root.join(FILE_NAME);
    let connection = Connection::open(&path)?;
    prepare(&connection)?;
    let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if layout != LAYOUT_NUMBER {
        let message = format!(
            "{} has layout {layout}; this program reads layout {LAYOUT_NUMBER}: make a new store and load its extracts again",
            path.display()
        );
        return Err(Error::data(message));
    }
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<()> {
    connection.busy_timeout(disk::PATIENCE)?;
    // EXTRA also waits until the journal's removal, which is the commit, is on the disk. The journal's mode is not set
    // here, because that can write: it is SQLite's own, not the write-ahead log, so that the file itself is whole after
    // each change and can be sealed and copied.
    connection.execute_batch("PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON;")?;
    Ok(())
}

pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(super) fn commit_version(
    connection: &Connection,
    version: u64,
    at: DateTime<Utc>,
    tables: &BTreeMap<String, u64>,
    load: Option<&LoadRecord>,
) -> Result<()> {
    let json = serde_json::to_string(tables).map_err(|e| broken("version", e))?;
    connection.execute(
        "INSERT INTO versions (version, committed_at, tables, load_id) VALUES (?1, ?2, ?3, ?4)",
        params![to_i64(version), instant(at), json, load.map(|l| to_i64(l.load_id))],
    )?;
    Ok(())
}

pub(super) fn add_load(connection: &Connection, load: &LoadRecord) -> Result<()> {
    let json = serde_json::to_string(load).map_err(|e| broken("load", e))?;
    connection.execute(
        "INSERT INTO loads (load_id, version, feed, loaded_at, record) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![to_i64(load.load_id), to_i64(load.version), load.feed, load.loaded_at, json],
    )?;
    for file in &load.files {
        connection.execute(
            "INSERT INTO loaded_files (feed, sha256, load_id) VALUES (?1, ?2, ?3)",
            params![load.feed, file.sha256, to_i64(load.load_id)],
        )?;
    }
    Ok(())
}

/// A file under the store's folder that has to be there, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredFile {
    /// Path from the store's folder, with `/`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Digest of its bytes.
    pub sha256: String,
}

/// Notes files that are on disk, durably, by now; in place of what was noted of the same paths.
pub(super) fn note_files(connection: &Connection, files: &[StoredFile]) -> Result<()> {
    let mut statement = connection.prepare(
        "INSERT INTO stored_files (path, bytes, sha256) VALUES (?1, ?2, ?3)
         ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes, sha256 = excluded.sha256",
    )?;
    for file in files {
        statement.execute(params![file.path, to_i64(file.bytes), file.sha256])?;
    }
    Ok(())
}

/// Takes files off the list: they may go.
#[allow(dead_code, reason = "for the writers that take files away: compaction and erasure")]
pub(super) fn forget_files(connection: &Connection, paths: &[String]) -> Result<()> {
    let mut statement = connection.prepare("DELETE FROM stored_files WHERE path = ?1")?;
    for path in paths {
        statement.execute([path])?;
    }
    Ok(())
}

/// Every file that has to be there, by path.
pub(super) fn stored_files(connection: &Connection) -> Result<Vec<StoredFile>> {
    let mut statement = connection.prepare("SELECT path, bytes, sha256 FROM stored_files ORDER BY path")?;
    let files = statement.query_map([], read_file)?;
    Ok(files.collect::<rusqlite::Result<Vec<_>>>()?)
}

/// What is noted of one file.
pub(super) fn stored_file(connection: &Connection, path: &str) -> Result<Option<StoredFile>> {
    let mut statement = connection.prepare_cached("SELECT path, bytes, sha256 FROM stored_files WHERE path = ?1")?;
    Ok(statement.query_row([path], read_file).optional()?)
}

/// The noted files directly or deeper in a folder (a path from the store's folder, without `/` at its end).
pub(super) fn stored_files_in(connection: &Connection, folder: &str) -> Result<Vec<StoredFile>> {
    let mut statement = connection
        .prepare_cached("SELECT path, bytes, sha256 FROM stored_files WHERE path >= ?1 AND path < ?2 ORDER BY path")?;
    // `0` is the character after `/`.
    let files = statement.query_map([format!("{folder}/"), format!("{folder}0")], read_file)?;
    Ok(files.collect::<rusqlite::Result<Vec<_>>>()?)
}

fn read_file(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredFile> {
    Ok(StoredFile { path: row.get(0)?, bytes: row.get::<_, i64>(1)?.unsigned_abs(), sha256: row.get(2)? })
}

/// Gives every version without one its anchor: the audit line that it is committed after.
pub(super) fn set_anchor(connection: &Connection, line: u64, hash: &str) -> Result<()> {
    connection.execute(
        "UPDATE versions SET audit_line = ?1, audit_hash = ?2 WHERE audit_line IS NULL",
        params![to_i64(line), hash],
    )?;
    Ok(())
}

/// Audit lines that store versions were committed after.
pub(super) fn anchors(connection: &Connection) -> Result<BTreeMap<u64, Anchor>> {
    let mut statement = connection.prepare("SELECT audit_line, version, audit_hash FROM versions ORDER BY version")?;
    let anchors = statement.query_map([], |row| {
        let version = row.get::<_, i64>(1)?.unsigned_abs();
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), Anchor { version, hash: row.get(2)? }))
    })?;
    Ok(anchors.collect::<rusqlite::Result<BTreeMap<_, _>>>()?)
}

/// Every store version, oldest first.
pub(super) fn versions(connection: &Connection) -> Result<Vec<StoreVersion>> {
    let mut statement = connection.prepare("SELECT version, committed_at, tables FROM versions ORDER BY version")?;
    let rows = statement.query_map([], read_version)?.collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(|row| to_version(connection, row)).collect()
}

type VersionRow = (i64, String, String);

fn read_version(row: &rusqlite::Row<'_>) -> rusqlite::Result<VersionRow> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn to_version(connection: &Connection, (version, committed_at, tables): VersionRow) -> Result<StoreVersion> {
    let committed_at = DateTime::parse_from_rfc3339(&committed_at)
        .map_err(|e| Error::data("the control database holds an unreadable time").with_cause(e))?
        .with_timezone(&Utc);
    let tables = serde_json::from_str(&tables).map_err(|e| broken("version", e))?;
    let version = version.unsigned_abs();
    Ok(StoreVersion { version, committed_at, tables, erased_since: erase::since(connection, version)? })
}

pub(super) fn next_load_id(connection: &Connection) -> Result<u64> {
    let last: i64 = connection.query_row("SELECT coalesce(max(load_id), 0) FROM loads", [], |row| row.get(0))?;
    Ok(last.unsigned_abs() + 1)
}

pub(super) fn has_loaded(connection: &Connection, feed: &str, sha256: &str) -> Result<bool> {
    let found: Option<i64> = connection
        .query_row("SELECT 1 FROM loaded_files WHERE feed = ?1 AND sha256 = ?2", params![feed, sha256], |r| r.get(0))
        .optional()?;
    Ok(found.is_some())
}

pub(super) fn loads(connection: &Connection) -> Result<Vec<LoadRecord>> {
    records(connection, "SELECT record FROM loads ORDER BY load_id DESC", "load")
}

pub(super) fn add_edition_entry(connection: &Connection, entry: &EditionEntry) -> Result<()> {
    let json = serde_json::to_string(entry).map_err(|e| broken("edition", e))?;
    connection.execute("INSERT INTO editions (record) VALUES (?1)", params![json])?;
    Ok(())
}

/// What the table of editions may hold: reports of before this form were single files that nothing can rebuild.
#[derive(Deserialize)]
#[serde(untagged)]
enum EditionRecord {
    Entry(EditionEntry),
    Before(serde::de::IgnoredAny),
}

pub(super) fn edition_entries(connection: &Connection) -> Result<Vec<EditionEntry>> {
    let all: Vec<EditionRecord> = records(connection, "SELECT record FROM editions ORDER BY edition_id", "edition")?;
    let entries = all.into_iter().filter_map(|record| match record {
        EditionRecord::Entry(entry) => Some(entry),
        EditionRecord::Before(_) => None,
    });
    Ok(entries.collect())
}

fn records<T: for<'a> Deserialize<'a>>(connection: &Connection, sql: &str, what: &str) -> Result<Vec<T>> {
    let mut statement = connection.prepare(sql)?;
    let texts = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    texts.iter().map(|text| serde_json::from_str(text).map_err(|e| broken(what, e))).collect()
}

pub(super) fn version(connection: &Connection, as_of: AsOf) -> Result<StoreVersion> {
    let columns = "SELECT version, committed_at, tables FROM versions";
    let (row, wanted) = match as_of {
        AsOf::Newest => (
            connection.query_row(&format!("{columns} ORDER BY version DESC LIMIT 1"), [], read_version).optional()?,
            "the store has no version".to_owned(),
        ),
        AsOf::Version(n) => (
            connection.query_row(&format!("{columns} WHERE version = ?1"), [to_i64(n)], read_version).optional()?,
            format!("the store has no version {n}"),
        ),
        AsOf::Time(at) => (
            connection
                .query_row(
                    &format!("{columns} WHERE committed_at <= ?1 ORDER BY version DESC LIMIT 1"),
                    [instant(at)],
                    read_version,
                )
                .optional()?,
            format!("the store had no version yet at {}", instant(at)),
        ),
    };
    to_version(connection, row.ok_or_else(|| Error::missing(wanted))?)
}

pub(super) fn set_first_run_token(connection: &Connection, digest: &str) -> Result<()> {
    set_note(connection, "first_run_token", digest)
}

pub(super) fn first_run_token(connection: &Connection) -> Result<Option<String>> {
    note(connection, "first_run_token")
}

/// Keeps a text under a name, in place of what was there.
pub(super) fn set_note(connection: &Connection, name: &str, text: &str) -> Result<()> {
    connection.execute(
        "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [name, text],
    )?;
    Ok(())
}

pub(super) fn note(connection: &Connection, name: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

fn to_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
