//! A feed: how to read one kind of extract. TOML in, checked plain data out.

use crate::error::{Error, Result};
use crate::model::schema::Table;

/// What equal keys in one file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// Different records, told apart by their order in the file (two casualties of one collision).
    Ordinal,
    /// Versions of one record: the latest `recorded_at` wins, then the later line.
    Revision,
}

/// A checked feed.
#[derive(Debug)]
pub struct Feed {
    /// Name, as in `--feed NAME`.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The table it fills.
    pub table: &'static Table,
    /// What equal keys in one file mean.
    pub repeats: Repeats,
}

impl Feed {
    /// Names of the built-in feeds, sorted.
    pub fn builtin_names() -> Vec<&'static str> {
        Vec::new()
    }

    /// A built-in feed.
    ///
    /// # Errors
    /// `Input` if there is none of that name.
    pub fn builtin(name: &str) -> Result<Self> {
        Err(Error::input(name))
    }

    /// TOML text of a built-in feed, for `vigie feeds show`.
    pub fn builtin_text(_name: &str) -> Option<&'static str> {
        None
    }

    /// A built-in feed by name, or a feed file by path.
    ///
    /// # Errors
    /// `Input` for an unknown name or a faulty file (with file, line and column); `Missing` without the file.
    pub fn open(name_or_path: &str) -> Result<Self> {
        Self::builtin(name_or_path)
    }

    /// Checks the text of a feed file; `origin` is named in errors.
    ///
    /// # Errors
    /// `Input` with file, line and column.
    pub fn parse(_text: &str, origin: &str) -> Result<Self> {
        Err(Error::input(origin))
    }

    /// Whether rows hold plates, so that [`super::Context::plate_key`] is needed.
    pub fn needs_plate_key(&self) -> bool {
        false
    }
}
