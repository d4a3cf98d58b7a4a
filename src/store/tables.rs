//! Delta tables on the local disk: made once, opened at a version, brought back to a version.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::transaction::CommitProperties;
use deltalake_core::kernel::{StructField, StructType};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use url::Url;

use super::control::StoredFile;
use super::durable::{Durable, Written};
use super::{disk, encoding};
use crate::error::{Error, Result};
use crate::model::schema::{self, Table};

fn url(root: &Path, name: &str) -> Result<Url> {
    url_of(&root.join("tables").join(name))
}

fn url_of(path: &Path) -> Result<Url> {
    let unusable = || Error::input(format!("{} is not a usable path", path.display()));
    let path = std::path::absolute(path).map_err(|e| unusable().with_cause(e))?;
    let url = Url::from_directory_path(&path).map_err(|()| unusable())?;
    // Read again, as Delta does: only then are the `..` of a path gone.
    Url::parse(url.as_str()).map_err(|e| unusable().with_cause(e))
}

/// The local object store whose writes last, and the files that will have been written through it.
fn durable(root: &Path) -> Result<(Arc<Durable>, Written)> {
    let folder =
        url_of(root)?.to_file_path().map_err(|()| Error::input(format!("{} is not a usable path", root.display())))?;
    let written = Written::default();
    Ok((Arc::new(Durable::new(folder, written.clone())), written))
}

/// Folder of a table's log, from the store's folder.
pub(super) fn log_folder(name: &str) -> String {
    format!("tables/{name}/_delta_log")
}

/// File of one commit of a table, from the store's folder.
pub(super) fn commit_file(name: &str, version: u64) -> String {
    format!("{}/{version:020}.json", log_folder(name))
}

/// Version that a file of a table's log is of, whatever else its name says.
fn version_of(file_name: &str) -> Option<u64> {
    file_name.get(..20).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

pub(super) fn failed(name: &str, what: &str, cause: DeltaTableError) -> Error {
    Error::data(format!("table {name} cannot be {what}")).with_cause(cause)
}

/// Makes a table; the files of its first commit are on the disk when this returns.
pub(super) async fn create(root: &Path, table: &Table) -> Result<Vec<StoredFile>> {
    let kernel: StructType = table
        .arrow_schema()
        .as_ref()
        .try_into_kernel()
        .map_err(|e| Error::bug(format!("the schema of {} is not one for Delta", table.name)).with_cause(e))?;
    let folder = root.join("tables").join(table.name);
    // What a creation that was interrupted left behind.
    let _ = fs::remove_dir_all(&folder);
    disk::make_folders(&folder)
        .map_err(|e| Error::input(format!("{} cannot be written", folder.display())).with_cause(e))?;
    let (store, written) = durable(root)?;
    let location = url(root, table.name)?;
    let log_store = DeltaTableBuilder::from_url(location.clone())
        .and_then(|builder| builder.with_storage_backend(store, location).build_storage())
        .map_err(|e| failed(table.name, "made", e))?;
    CreateBuilder::new()
        .with_log_store(log_store)
        .with_table_name(table.name)
        .with_columns(kernel.fields().cloned().collect::<Vec<StructField>>())
        .with_partition_columns([schema::PARTITION])
        .with_configuration([("delta.dataSkippingStatsColumns", Some(encoding::STATISTICS.join(",")))])
        .with_commit_properties(commit_properties())
        .await
        .map_err(|e| failed(table.name, "made", e))?;
    Ok(written.take())
}

/// How every commit is made. The JSON commits are the log, all of them: store versions name them and `verify` proves
/// each. A checkpoint would be a second account of the same, in a file that readers believe first, and cleaning up
/// would take away what `--as-of` reads. A store has a few commits a day, so reading them all is quick.
pub(super) fn commit_properties() -> CommitProperties {
    CommitProperties::default().with_create_checkpoint(false).with_cleanup_expired_logs(Some(false))
}

/// Compares a table's log, up to `version`, with what was noted of it: every commit has to be there with its length,
/// and the newest with its digest. (`verify` computes all of them.)
///
/// # Errors
/// `Data` naming the file.
pub(super) fn check_log(root: &Path, name: &str, version: u64, noted: &[StoredFile]) -> Result<()> {
    let wrong = |file: &str, what: &str| {
        Error::data(format!(
            "table {name} is damaged: {what}. Run `vigie verify` to see what else is, and restore a backup"
        ))
        .at(file.to_owned())
    };
    let known: BTreeMap<&str, &StoredFile> = noted.iter().map(|file| (file.path.as_str(), file)).collect();
    for commit in 0..=version {
        let path = commit_file(name, commit);
        let Some(file) = known.get(path.as_str()) else {
            return Err(wrong(&path, "nothing is noted of a commit of its log"));
        };
        let found = match fs::metadata(root.join(&path)) {
            Ok(found) => found.len(),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(wrong(&path, "a commit of its log is missing"));
            }
            Err(cause) => return Err(wrong(&path, "a commit of its log cannot be read").with_cause(cause)),
        };
        if found != file.bytes {
            return Err(wrong(&path, &format!("a commit of its log has {found} bytes, not {}", file.bytes)));
        }
        if commit == version {
            let (_, sha256) = disk::digest(&root.join(&path))
                .map_err(|e| wrong(&path, "a commit of its log cannot be read").with_cause(e))?;
            if sha256 != file.sha256 {
                return Err(wrong(&path, "its newest commit was changed"));
            }
        }
    }
    Ok(())
}

/// Opens a table for reading.
pub(super) async fn open(root: &Path, name: &str, version: u64) -> Result<DeltaTable> {
    DeltaTableBuilder::from_url(url(root, name)?)
        .map_err(|e| failed(name, "opened", e))?
        .with_version(version)
        .load()
        .await
        .map_err(|e| failed(name, &format!("read at its version {version}"), e))
}

/// Opens a table for writing on top of `version`, for the one writer; what is written through it lasts, and is in the
/// list. Later commits, which no store version names, come of an interrupted write and are removed first.
pub(super) async fn open_for_writing(root: &Path, name: &str, version: u64) -> Result<(DeltaTable, Written)> {
    remove_later_commits(root, name, version)?;
    let (store, written) = durable(root)?;
    let location = url(root, name)?;
    let table = DeltaTableBuilder::from_url(location.clone())
        .map_err(|e| failed(name, "opened", e))?
        .with_storage_backend(store, location)
        .with_version(version)
        .load()
        .await
        .map_err(|e| failed(name, &format!("read at its version {version}"), e))?;
    Ok((table, written))
}

fn remove_later_commits(root: &Path, name: &str, version: u64) -> Result<()> {
    let folder = root.join(log_folder(name));
    let unreadable = |e: io::Error| {
        Error::data(format!("the log of table {name} cannot be read")).at(log_folder(name)).with_cause(e)
    };
    let mut later: Vec<(u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if let Some(commit) = version_of(&entry.file_name().to_string_lossy()).filter(|commit| *commit > version) {
            later.push((commit, entry.path()));
        }
    }
    // Newest first: should this be interrupted too, what is left is a log without gaps.
    later.sort_unstable();
    for (commit, path) in later.into_iter().rev() {
        tracing::warn!(table = name, commit, "removing a commit that was interrupted before its store version");
        disk::remove(&path).map_err(|cause| disk::failed(&path, cause))?;
    }
    Ok(())
}
