//! Every file of an edition.

use crate::error::Result;
use crate::render::document::Document;

/// Name (with `/`) and bytes of every file, from the document alone.
///
/// # Errors
/// `Bug` if the document is not one that every writer can write.
pub fn files(document: &Document) -> Result<Vec<(String, Vec<u8>)>> {
    document.check()?;
    Ok(Vec::new())
}
