//! Editions that exist: the list, their files, and the proof that none of them was changed.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::App;
use super::report::{MANIFEST, document_of, export, last_of, line, manifest_of};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::digest::sha256;
use crate::model::edition::{EditionEntry, EditionId, FileLine, Manifest, State, state_of};
use crate::model::provenance::generator;
use crate::render::document;

/// An edition in a list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its name.
    pub edition: String,
    /// Who it is for.
    pub audience: String,
    /// Its period.
    pub period: String,
    /// What it is worth.
    pub state: State,
    /// Store version of its figures.
    pub store_version: u64,
    /// Its steps, oldest first.
    pub history: Vec<HistoryLine>,
    /// Names of its files.
    pub files: Vec<String>,
}

/// A step in a list.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryLine {
    /// What happened.
    pub step: crate::model::edition::Step,
    /// Who did it.
    pub by: String,
    /// When, in UTC.
    pub at: String,
    /// What they said about it.
    pub note: String,
}

/// Every edition, newest first.
///
/// # Errors
/// `Denied`, or `Data` if the control database cannot be read.
pub fn list(app: &App, who: &Principal) -> Result<Vec<Listed>> {
    app.enter(who, Action::AskPerformance, "report list", "editions")?;
    let entries = app.store.edition_entries()?;
    let mut out: Vec<Listed> = Vec::new();
    for entry in entries.iter().rev() {
        let name = entry.id.to_string();
        if out.iter().any(|listed| listed.edition == name) {
            continue;
        }
        let Some(state) = state_of(&entries, &entry.id) else { continue };
        out.push(Listed {
            edition: name,
            audience: entry.id.audience.clone(),
            period: entry.id.period.clone(),
            state,
            store_version: entry.store_version,
            history: entries.iter().filter(|e| e.id == entry.id).map(history).collect(),
            files: app.store.edition_files(&entry.id, entry.revision)?,
        });
    }
    Ok(out)
}

fn history(entry: &EditionEntry) -> HistoryLine {
    HistoryLine { step: entry.step, by: entry.by.clone(), at: entry.at.clone(), note: entry.note.clone() }
}

/// The manifest of an edition.
///
/// # Errors
/// `Denied`; `Missing` for an unknown edition; `Data` if it was changed.
pub fn manifest(app: &App, who: &Principal, id: &EditionId) -> Result<Manifest> {
    app.enter(who, Action::AskPerformance, "report show", &id.to_string())?;
    let entries = app.store.edition_entries()?;
    manifest_of(app, last_of(&entries, id)?)
}

/// A file of an edition; of the newest edition without a name.
///
/// # Errors
/// `Denied`; `Missing` for an unknown edition or file; `Data` if it was changed.
pub fn read(app: &App, who: &Principal, id: Option<&EditionId>, name: &str) -> Result<Vec<u8>> {
    let subject = id.map_or_else(|| "newest edition".to_owned(), ToString::to_string);
    app.enter(who, Action::AskPerformance, "report read", &format!("{subject} {name}"))?;
    let entries = app.store.edition_entries()?;
    let entry = match id {
        Some(id) => last_of(&entries, id)?,
        None => {
            entries.last().ok_or_else(|| Error::missing("no report is built yet; `vigie report build` makes one"))?
        }
    };
    app.store.edition_file(&entry.id, entry.revision, name)
}

/// What is wrong with a file of an edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Where it lies.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

/// Compares every byte of an edition with its manifest, in the store and, if a folder is named, there as well.
///
/// # Errors
/// `Denied`; `Missing` for an unknown edition.
pub fn verify(app: &App, who: &Principal, id: &EditionId, folder: Option<&Path>) -> Result<Vec<Damage>> {
    app.enter(who, Action::AskPerformance, "report verify", &id.to_string())?;
    let entries = app.store.edition_entries()?;
    let entry = last_of(&entries, id)?;
    let manifest = match manifest_of(app, entry) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(vec![Damage { file: MANIFEST.to_owned(), what: error.message().to_owned() }]),
    };
    let mut found = Vec::new();
    for file in &manifest.files {
        match app.store.edition_file(&entry.id, entry.revision, &file.name) {
            Ok(bytes) if sha256(&bytes) == file.sha256 => {}
            Ok(_) => found.push(damage(&file.name, "is not the one of the manifest")),
            Err(error) => found.push(damage(&file.name, error.message())),
        }
    }
    let Some(folder) = folder else { return Ok(found) };
    let kept = (MANIFEST.to_owned(), entry.manifest_sha256.clone());
    let expected = manifest.files.iter().map(|file| (file.name.clone(), file.sha256.clone())).chain([kept]);
    let mut names = Vec::new();
    for (name, digest) in expected {
        let path = folder.join(&name);
        match std::fs::read(&path) {
            Ok(bytes) if sha256(&bytes) == digest => {}
            Ok(_) => found.push(damage(&path.display().to_string(), "was changed")),
            Err(_) => found.push(damage(&path.display().to_string(), "is missing or cannot be read")),
        }
        names.push(path);
    }
    for path in files_below(folder) {
        if !names.contains(&path) {
            found.push(damage(&path.display().to_string(), "does not belong to the edition"));
        }
    }
    Ok(found)
}

fn damage(file: &str, what: &str) -> Damage {
    Damage { file: file.to_owned(), what: what.to_owned() }
}

/// Every file below a folder, sorted; none of a folder that cannot be read.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// What a rebuild found.
#[derive(Debug, Clone, Serialize)]
pub struct Rebuilt {
    /// Files made anew.
    pub files: usize,
    /// Those whose bytes differ from the manifest's.
    pub different: Vec<String>,
    /// Program that made the edition, if it is not this one.
    pub made_by: Option<String>,
    /// Where they were written, if a folder was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// Makes every file of an edition anew from its kept tables and compares the bytes with the manifest's. Records are not
/// read: they may have been revised or erased since.
///
/// # Errors
/// `Denied`; `Missing` for an unknown edition; `Data` if what it is made from was changed.
pub fn rebuild(app: &App, who: &Principal, id: &EditionId, out: Option<&Path>) -> Result<Rebuilt> {
    app.enter(who, Action::AskPerformance, "report rebuild", &id.to_string())?;
    let entries = app.store.edition_entries()?;
    let entry = last_of(&entries, id)?;
    let manifest = manifest_of(app, entry)?;
    let kept = document_of(app, entry)?;
    let files = document::files(&kept)?;
    let is_same = |file: &&FileLine| files.iter().any(|made| line(made) == **file);
    let mut different: Vec<String> =
        manifest.files.iter().filter(|file| !is_same(file)).map(|file| file.name.clone()).collect();
    let is_listed = |name: &str| manifest.files.iter().any(|file| file.name == name);
    different.extend(files.iter().map(|made| made.name.clone()).filter(|name| !is_listed(name)));
    different.sort();
    let folder = if different.is_empty() { export(app, entry, out)? } else { None };
    let made_by = (manifest.generated_by != generator()).then(|| manifest.generated_by.clone());
    Ok(Rebuilt { files: files.len(), different, made_by, folder })
}
