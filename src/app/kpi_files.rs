//! Which KPI files there are: those that ship with the program, and a force's own in `STORE/kpis` or any folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::analysis::definition::{Kpi, builtin_texts, check_together, embedded};
use crate::analysis::owner::Owners;
use crate::error::{Error, Result};

/// Folder of a store with the force's own files.
const FOLDER: &str = "kpis";

/// Which files are meant.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// A folder of files beside the others.
    pub folder: Option<PathBuf>,
    /// Without those that ship with the program.
    pub only_own: bool,
}

/// One file.
#[derive(Debug, Clone)]
pub struct KpiFile {
    /// Its name, for messages.
    pub origin: String,
    /// Its text.
    pub text: String,
    /// The folder it is in; `None` for one that ships with the program.
    pub folder: Option<PathBuf>,
}

/// The measures of a run.
#[derive(Debug, Clone, Default)]
pub struct Kpis {
    /// In the order of the plan, then a force's own by file name.
    pub kpis: Vec<Kpi>,
    /// Folders of the files that are not built in, by id.
    folders: BTreeMap<String, PathBuf>,
    /// What stands in place of what.
    pub remarks: Vec<String>,
}

impl Kpis {
    /// Text of a file beside a KPI file.
    ///
    /// # Errors
    /// `Missing` without it; `Input` for a name that leads out of the folder.
    pub fn beside(&self, kpi: &Kpi, name: &str) -> Result<String> {
        let path = Path::new(name);
        if path.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
            return Err(Error::input("name a file in the folder of the KPI file or below it").at(name.to_owned()));
        }
        match self.folders.get(&kpi.id) {
            None => embedded(name),
            Some(folder) => read(&folder.join(path)),
        }
    }
}

/// The files of a choice, one after the other: built-in, the store's own, those of the folder.
///
/// # Errors
/// `Missing` if the folder that is named is not there; `Input` if a file cannot be read.
pub fn files(store: Option<&Path>, choice: &Choice) -> Result<Vec<KpiFile>> {
    let mut out = Vec::new();
    if !choice.only_own {
        let own = |(origin, text)| KpiFile { origin, text, folder: None };
        out.extend(builtin_texts()?.into_iter().map(own));
    }
    if let Some(folder) = store.map(|root| root.join(FOLDER)).filter(|folder| folder.is_dir()) {
        out.extend(in_folder(&folder)?);
    }
    if let Some(folder) = &choice.folder {
        if !folder.is_dir() {
            return Err(Error::missing("there is no such folder").at(format!("--kpis {}", folder.display())));
        }
        out.extend(in_folder(folder)?);
    }
    Ok(out)
}

/// The KPI files named: files, or all of a folder.
///
/// # Errors
/// `Missing` or `Input` naming the path.
pub fn named(paths: &[PathBuf]) -> Result<Vec<KpiFile>> {
    let mut out = Vec::new();
    for path in paths {
        if path.is_dir() {
            out.extend(in_folder(path)?);
        } else {
            out.push(one(path)?);
        }
    }
    Ok(out)
}

/// Parses files; a later one stands in place of an earlier one of the same id, and that is said.
///
/// # Errors
/// `Input` naming file, line and key.
pub fn parse(files: &[KpiFile]) -> Result<Kpis> {
    let owners = Owners::builtin()?;
    let mut out = Kpis::default();
    for file in files {
        let kpi = Kpi::parse(&file.text, &file.origin, &owners)?;
        let folder = file.folder.clone();
        match out.kpis.iter_mut().find(|known| known.id == kpi.id) {
            None => {
                out.folders.extend(folder.map(|folder| (kpi.id.clone(), folder)));
                out.kpis.push(kpi);
            }
            Some(known) => {
                let same_place = out.folders.get(&kpi.id) == folder.as_ref();
                if same_place {
                    let message = format!("the id `{}` is also in {}", kpi.id, known.origin);
                    return Err(Error::input(message).at(format!("{}: id", kpi.origin)));
                }
                out.remarks.push(format!("{} stands in place of {} ({})", kpi.origin, known.origin, kpi.id));
                out.folders.extend(folder.map(|folder| (kpi.id.clone(), folder)));
                *known = kpi;
            }
        }
    }
    check_together(&out.kpis)?;
    Ok(out)
}

/// The measures of a choice.
///
/// # Errors
/// As [`files`] and [`parse`].
pub fn chosen(store: Option<&Path>, choice: &Choice) -> Result<Kpis> {
    parse(&files(store, choice)?)
}

fn in_folder(folder: &Path) -> Result<Vec<KpiFile>> {
    let failed = |cause: std::io::Error| {
        Error::input("the folder cannot be read").at(folder.display().to_string()).with_cause(cause)
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|suffix| suffix == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> Result<KpiFile> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    Ok(KpiFile { origin: path.display().to_string(), text: read(path)?, folder: Some(folder.to_owned()) })
}

fn read(path: &Path) -> Result<String> {
    let place = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => Error::missing("there is no such file").at(place.clone()),
        _ => Error::input("the file cannot be read").at(place.clone()).with_cause(cause),
    })?;
    String::from_utf8(bytes).map_err(|cause| Error::input("is not UTF-8 text").at(place).with_cause(cause))
}
