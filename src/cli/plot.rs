//! `--plot FILE`: the first picture of an answer, as SVG or PNG by the ending of the file.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The file of a picture, if one was asked for. Its ending is looked at before anything is computed.
pub(super) fn path(given: Option<&PathBuf>) -> Result<Option<&Path>> {
    let Some(path) = given else { return Ok(None) };
    match path.extension().and_then(|e| e.to_str()) {
        Some("svg" | "png") => Ok(Some(path)),
        _ => Err(Error::input("the picture must end in .svg or .png").at("--plot")),
    }
}

/// Writes a picture.
pub(super) fn write(path: &Path, svg: &str) -> Result<()> {
    if path.extension().is_some_and(|ending| ending == "png") {
        return super::sql::write_file(path, &crate::render::png::png(svg)?);
    }
    super::sql::write_file(path, svg.as_bytes())
}
