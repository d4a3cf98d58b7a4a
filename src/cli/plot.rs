//! `--plot FILE.svg`: the first picture of an answer.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The file of a picture, if one was asked for. Its ending is looked at before anything is computed.
pub(super) fn path(given: Option<&PathBuf>) -> Result<Option<&Path>> {
    let Some(path) = given else { return Ok(None) };
    if path.extension().and_then(|e| e.to_str()) != Some("svg") {
        return Err(Error::input("the picture must end in .svg").at("--plot"));
    }
    Ok(Some(path))
}

/// Writes a picture.
pub(super) fn write(path: &Path, svg: &str) -> Result<()> {
    super::sql::write_file(path, svg.as_bytes())
}
