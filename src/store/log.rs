//! A table's log, read for the names of its files alone: what a question that needs no record has to know.
//!
//! The JSON commits are the whole log (see `tables::commit_properties`), so a table's files at a version are what its
//! commits up to there added and did not remove.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::tables;
use crate::error::{Error, Result};

/// A file that holds records of a table at some version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataFile {
    /// Path from the table's folder.
    pub path: String,
    /// Whether the log says that some of its rows do not count.
    pub has_removed_rows: bool,
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    add: Option<Named<'l>>,
    #[serde(borrow)]
    remove: Option<Named<'l>>,
}

#[derive(Deserialize)]
struct Named<'l> {
    #[serde(borrow)]
    path: Cow<'l, str>,
    #[serde(rename = "deletionVector")]
    removed_rows: Option<IgnoredAny>,
}

/// The files of a table at a version, by path.
///
/// # Errors
/// `Data` naming a commit that cannot be read.
pub(super) fn files(root: &Path, table: &str, version: u64) -> Result<Vec<DataFile>> {
    let mut files = BTreeMap::new();
    for commit in 0..=version {
        let path = tables::commit_file(table, commit);
        let unreadable = || Error::data("a commit of a table's log cannot be read").at(path.clone());
        let text = fs::read_to_string(root.join(&path)).map_err(|e| unreadable().with_cause(e))?;
        note(&text, &mut files).map_err(|e| unreadable().with_cause(e))?;
    }
    Ok(files.into_iter().map(|(path, has_removed_rows)| DataFile { path, has_removed_rows }).collect())
}

fn note(commit: &str, files: &mut BTreeMap<String, bool>) -> serde_json::Result<()> {
    // A commit's actions have no order; one that rewrites the rows that a file lost removes and adds the same path.
    let lines = commit.lines().map(serde_json::from_str::<Line<'_>>).collect::<serde_json::Result<Vec<_>>>()?;
    for gone in lines.iter().filter_map(|line| line.remove.as_ref()) {
        files.remove(gone.path.as_ref());
    }
    for added in lines.into_iter().filter_map(|line| line.add) {
        files.insert(added.path.into_owned(), added.removed_rows.is_some());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_and_go() {
        let mut files = BTreeMap::new();
        let first = "{\"commitInfo\":{}}\n{\"protocol\":{}}\n{\"add\":{\"path\":\"month=2017-01/a.parquet\",\"stats\":\"{}\"}}\n\
                     {\"add\":{\"path\":\"month=2017-01/\\u0062.parquet\",\"deletionVector\":null}}\n";
        note(first, &mut files).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files.get("month=2017-01/b.parquet"), Some(&false));
        let second = "{\"add\":{\"path\":\"month=2017-01/a.parquet\",\"deletionVector\":{\"storageType\":\"u\"}}}\n\
                      {\"remove\":{\"path\":\"month=2017-01/a.parquet\"}}\n{\"remove\":{\"path\":\"month=2017-01/b.parquet\"}}\n";
        note(second, &mut files).unwrap();
        assert_eq!(files, BTreeMap::from([("month=2017-01/a.parquet".to_owned(), true)]));
        assert!(note("{", &mut files).is_err());
    }
}
