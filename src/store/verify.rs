//! Reads everything again and names what is not as it was written.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use deltalake_core::parquet::file::reader::{FileReader as _, SerializedFileReader};
use futures::TryStreamExt as _;
use serde::Serialize;

use super::audit::{self, Anchor, AuditHead};
use super::control::{self, StoreVersion, StoredFile};
use super::{AsOf, Store, disk, seal, tables};
use crate::config;
use crate::error::{Error, Kind, Result};

/// Folder of the tables in a store.
pub(super) const TABLES: &str = "tables";

/// One file that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Path from the store's folder.
    pub file: String,
    /// What is wrong with it, and what to do.
    pub what: String,
}

impl Finding {
    fn of(error: &Error, otherwise: &str) -> Self {
        Self { file: error.place().unwrap_or(otherwise).to_owned(), what: error.message().to_owned() }
    }
}

/// What [`verify`] found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verification {
    /// Whether nothing is damaged.
    pub whole: bool,
    /// Newest store version, if the control database can be read.
    pub version: Option<u64>,
    /// Files that were hashed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Newest audit line, if the chain holds.
    pub audit: Option<AuditHead>,
    /// Rows of each table at the newest version, as the files' own footers have them.
    pub rows: BTreeMap<String, u64>,
    /// Files that are missing or changed.
    pub damaged: Vec<Finding>,
    /// Files under `tables/` that no store version needs: left by an interrupted write, or of a load that is running.
    /// The next load removes them.
    pub leftovers: Vec<String>,
    /// Files that are not the store's.
    pub unknown: Vec<String>,
    /// Whether a change of the control database had been interrupted, and was checked and sealed again just now.
    pub sealed_again: bool,
}

impl Verification {
    fn blame(&mut self, finding: Finding) {
        // The first word on a file says what the later ones follow from.
        if !self.damaged.iter().any(|known| known.file == finding.file) {
            self.damaged.push(finding);
        }
    }
}

/// Re-hashes every file of the store at `root`, checks the control database, its seal, the audit's chain with its
/// anchors, the tables' logs, and the newest version's row counts. `progress` gets the bytes read and the bytes in all.
///
/// Loads may go on meanwhile; what they replace is judged by what is noted after.
///
/// # Errors
/// `Missing` if there is no store; `Busy` if its control database is being changed all the time. Damage is not an
/// error but an answer.
pub async fn verify(root: &Path, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Verification> {
    let mut found = Verification::default();
    match Store::open(root) {
        Ok(store) => look(&store, &mut found, progress).await?,
        Err(error) if error.kind() == Kind::Missing => return Err(error),
        Err(error) => {
            found.blame(Finding::of(&error, control::FILE_NAME));
            note_chain(&mut found, audit::Audit::of(root).verify(&BTreeMap::new()));
        }
    }
    found.whole = found.damaged.is_empty();
    Ok(found)
}

type Notes = (Vec<StoredFile>, Vec<StoreVersion>, BTreeMap<u64, Anchor>);

/// What the control database says has to be there.
fn notes(store: &Store) -> Result<Notes> {
    let connection = store.control();
    seal::integrity(&connection)?;
    Ok((control::stored_files(&connection)?, control::versions(&connection)?, control::anchors(&connection)?))
}

async fn look(store: &Store, found: &mut Verification, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<()> {
    match store.settle() {
        Ok(how) => found.sealed_again = how == seal::Found::SealedAgain,
        Err(error) if error.kind() == Kind::Busy => return Err(error),
        Err(error) => found.blame(Finding::of(&error, control::FILE_NAME)),
    }
    let (noted, versions, anchors) = match notes(store) {
        Ok(read) => read,
        Err(error) => {
            found.blame(Finding::of(&error, control::FILE_NAME));
            note_chain(found, store.audit.verify(&BTreeMap::new()));
            return Ok(());
        }
    };
    hash_all(store, &noted, found, progress)?;
    note_chain(found, store.audit.verify(&anchors));
    check_versions(&versions, &noted, found);
    count_rows(store, found).await?;
    list_others(store.root(), &noted, found)
}

fn note_chain(found: &mut Verification, chain: Result<AuditHead>) {
    match chain {
        Ok(head) => found.audit = Some(head),
        Err(error) => found.blame(Finding::of(&error, audit::FOLDER)),
    }
}

fn hash_all(
    store: &Store,
    noted: &[StoredFile],
    found: &mut Verification,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<()> {
    let total = noted.iter().map(|file| file.bytes).sum();
    let read = AtomicU64::new(0);
    let answers = disk::on_cores(noted, |file| {
        let wrong = compare(store.root(), file);
        progress(read.fetch_add(file.bytes, Ordering::Relaxed) + file.bytes, total);
        wrong
    });
    for (file, wrong) in noted.iter().zip(answers) {
        let Some(what) = wrong else { continue };
        // A load that ended meanwhile may have replaced it.
        let what = match control::stored_file(&store.control(), &file.path)? {
            None => None,
            Some(now) if now == *file => Some(what),
            Some(now) => compare(store.root(), &now),
        };
        if let Some(what) = what {
            found.blame(Finding { file: file.path.clone(), what });
        }
    }
    found.files = noted.len() as u64;
    found.bytes = total;
    Ok(())
}

/// What is wrong with a file, if anything is.
fn compare(root: &Path, noted: &StoredFile) -> Option<String> {
    let path = root.join(&noted.path);
    let advice = if noted.path == config::FILE_NAME {
        "; if it was edited since the last load, say so with `vigie verify --accept-settings`"
    } else if noted.path.starts_with("areas/") {
        "; load the boundaries or roads again"
    } else {
        ""
    };
    let found = fs::metadata(&path).map(|found| found.len());
    let what = match found
        .and_then(|bytes| if bytes == noted.bytes { disk::digest(&path) } else { Ok((bytes, String::new())) })
    {
        Ok((_, sha256)) if sha256 == noted.sha256 => return None,
        Ok((bytes, _)) if bytes < noted.bytes => format!("shorter: {bytes} bytes of {}", noted.bytes),
        Ok((bytes, _)) if bytes > noted.bytes => format!("longer: {bytes} bytes, not {}", noted.bytes),
        Ok(_) => "changed: its bytes are not those that were written".to_owned(),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => "missing".to_owned(),
        Err(cause) => format!("cannot be read ({})", cause.kind()),
    };
    Some(what + advice)
}

fn check_versions(versions: &[StoreVersion], noted: &[StoredFile], found: &mut Verification) {
    let known: HashSet<&str> = noted.iter().map(|file| file.path.as_str()).collect();
    found.version = versions.last().map(|version| version.version);
    for version in versions {
        for (table, delta) in &version.tables {
            let file = tables::commit_file(table, *delta);
            if !known.contains(file.as_str()) {
                let what = format!("store version {} names this commit, but nothing is noted of it", version.version);
                found.blame(Finding { file, what });
            }
        }
    }
}

/// Compares the row counts of the newest version's files with those in the tables' logs.
async fn count_rows(store: &Store, found: &mut Verification) -> Result<()> {
    let version = store.version(AsOf::Newest)?;
    for name in version.tables.keys() {
        match count_table(store, &version, name).await {
            Ok(rows) => {
                found.rows.insert(name.clone(), rows);
            }
            Err(error) => found.blame(Finding::of(&error, &tables::log_folder(name))),
        }
    }
    Ok(())
}

async fn count_table(store: &Store, version: &StoreVersion, name: &str) -> Result<u64> {
    let table = store.table(version, name).await?;
    let failed = |e| tables::failed(name, "read", e);
    let snapshot = table.snapshot().map_err(failed)?;
    let log_store = table.log_store();
    let mut files = snapshot.snapshot().file_views(log_store.as_ref(), None);
    let mut rows = 0;
    while let Some(file) = files.try_next().await.map_err(failed)? {
        let path = format!("{TABLES}/{name}/{}", file.path());
        let said = file.num_records().map(|n| n as u64);
        let footer = File::open(store.root().join(&path))
            .map_err(Into::into)
            .and_then(SerializedFileReader::new)
            .map_err(|e| Error::data("the table file cannot be read").at(path.clone()).with_cause(e))?;
        let held = footer.metadata().file_metadata().num_rows().unsigned_abs();
        if said != Some(held) {
            let said = said.map_or_else(|| "does not say how many".to_owned(), |n| format!("says {n}"));
            return Err(Error::data(format!("the file holds {held} rows; the table's log {said}")).at(path));
        }
        rows += held;
    }
    Ok(rows)
}

/// Lists the files that are not noted.
fn list_others(root: &Path, noted: &[StoredFile], found: &mut Verification) -> Result<()> {
    found.leftovers = leftovers(root, noted)?;
    let known: HashSet<&str> = noted.iter().map(|file| file.path.as_str()).collect();
    let own = [control::FILE_NAME, control::JOURNAL, seal::FILE_NAME, seal::LOCK, super::WRITER_LOCK, "audit/lock"];
    for path in files_below(root, "", &[TABLES])? {
        let is_audit = path.strip_prefix("audit/").is_some_and(audit::is_part);
        // Somebody may be putting a file just now; a draft that a crash left is written over by the next one.
        let is_draft = Path::new(&path).extension().is_some_and(|ending| ending == "draft");
        if !(known.contains(path.as_str()) || own.contains(&path.as_str()) || is_audit || is_draft) {
            found.unknown.push(path);
        }
    }
    Ok(())
}

/// Files under `tables/` that are not noted, by path.
pub(super) fn leftovers(root: &Path, noted: &[StoredFile]) -> Result<Vec<String>> {
    let known: HashSet<&str> = noted.iter().map(|file| file.path.as_str()).collect();
    let mut found = files_below(root, TABLES, &[])?;
    found.retain(|path| !known.contains(path.as_str()));
    Ok(found)
}

/// Every file in a folder of the store and below, but for the folders named, as paths from the store's folder.
pub(super) fn files_below(root: &Path, folder: &str, except: &[&str]) -> Result<Vec<String>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    let unreadable = |folder: &str, cause: io::Error| {
        Error::data("a folder of the store cannot be read").at(folder.to_owned()).with_cause(cause)
    };
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            // A load that is running may take away what it had made.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
            Err(cause) => return Err(unreadable(&folder, cause)),
        };
        for entry in entries {
            let entry = entry.map_err(|e| unreadable(&folder, e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                files.insert(path);
            } else if !except.contains(&path.as_str()) {
                folders.push(path);
            }
        }
    }
    Ok(files.into_iter().collect())
}
