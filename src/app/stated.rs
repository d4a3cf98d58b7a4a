//! As many rows as the source says? The counts that a feed's files state, and the one that a person states.

use std::path::Path;

use crate::error::{Error, Result};
use crate::ingest::Feed;
use crate::ingest::total::{Total, beside};
use crate::model::words::thousands;

/// How many rows a load should read, as a person says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatedCount {
    /// Rows of all files together.
    pub expected: Option<u64>,
    /// Loads in spite of a difference, and notes it.
    pub allow_difference: bool,
}

/// What the files of a load state, and how it compares with what was read.
#[derive(Debug, Default)]
pub(super) struct Stated {
    sum: u64,
    /// Files that state a count.
    counted: u64,
    /// Files that do not.
    silent: u64,
    /// The first file that differs or is silent although its feed says that it counts.
    complaint: Option<Error>,
}

impl Stated {
    /// Takes down the count of a file, which stands beside it or in its last row.
    ///
    /// # Errors
    /// `Input` if the file beside it is no count.
    pub fn note(&mut self, file: &Path, feed: &Feed, rows_in: u64, in_last_row: Option<u64>) -> Result<()> {
        let Some(total) = &feed.total else {
            self.silent += 1;
            return Ok(());
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let (stated, missing) = match total {
            Total::Sidecar(ending) => {
                (beside(file, ending)?, Error::missing(format!("the count file {name}{ending} is not there")))
            }
            Total::Trailer(word) => {
                let message = format!("the last row of {name} is not the total row `{word}`: is the file cut off?");
                (in_last_row, Error::data(message))
            }
        };
        let complaint = if let Some(stated) = stated {
            self.sum += stated;
            self.counted += 1;
            (stated != rows_in).then(|| differs(&format!("the source of {name} states"), stated, rows_in))
        } else {
            self.silent += 1;
            Some(advise(&missing))
        };
        if self.complaint.is_none() {
            self.complaint = complaint;
        }
        Ok(())
    }

    /// Rows stated for the whole load: by its files if all of them do, else by the person who loads them.
    pub fn rows(&self, count: &StatedCount) -> Option<u64> {
        if self.counted > 0 && self.silent == 0 { Some(self.sum) } else { count.expected }
    }

    /// Compares with what was read.
    ///
    /// # Errors
    /// `Data` for a difference, `Missing` without a count file, unless differences are allowed.
    pub fn check(self, rows_in: u64, count: &StatedCount) -> Result<()> {
        if count.allow_difference {
            return Ok(());
        }
        match count.expected {
            Some(expected) if expected != rows_in => Err(differs("--expect-rows states", expected, rows_in)),
            _ => self.complaint.map_or(Ok(()), Err),
        }
    }
}

fn differs(who: &str, stated: u64, read: u64) -> Error {
    let (by, word) = (stated.abs_diff(read), if read < stated { "fewer" } else { "more" });
    advise(&Error::data(format!(
        "{who} {} rows, but {} were read ({} {word})",
        thousands(stated),
        thousands(read),
        thousands(by)
    )))
}

/// Adds what to do.
fn advise(error: &Error) -> Error {
    let advice = "nothing was loaded. Fetch the extract again, or load it all the same with --allow-count-difference";
    Error::new(error.kind(), format!("{}; {advice}", error.message()))
}
