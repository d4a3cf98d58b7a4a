//! `--plot FILE.svg`: the first picture of an answer.

use std::path::Path;

use crate::error::{Error, Result};

/// Writes a picture.
pub(super) fn write(path: &Path, svg: &str) -> Result<()> {
    if path.extension().and_then(|e| e.to_str()) != Some("svg") {
        return Err(Error::input("the picture's file must end in .svg").at("--plot"));
    }
    super::sql::write_file(path, svg.as_bytes())
}
