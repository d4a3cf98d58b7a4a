//! Text columns → the columns of a table. Pure: the same batch gives the same rows, on any thread.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;

use super::feed::Feed;
use super::reject::{Label, Reject};
use super::text::TextBatch;
use crate::error::{Error, Result};
use crate::space::areas::Areas;

/// What cleaning needs beside the feed.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Written to the column `source`.
    pub source: &'a str,
    /// Areas that give `parish`; without them it stays empty.
    pub areas: Option<&'a Areas>,
    /// Secret key for plates; needed by feeds for which [`Feed::needs_plate_key`] is true.
    pub plate_key: Option<&'a [u8]>,
}

/// Clean rows of one batch, and what was refused.
#[derive(Debug)]
pub struct Cleaned {
    /// Rows in the columns of `feed.table.arrow_schema()`; `loaded_at` and `load_id` are null.
    pub batch: RecordBatch,
    /// Refused rows, by line.
    pub rejects: Vec<Reject>,
    /// How many kept rows bear each label.
    pub labels: BTreeMap<Label, u64>,
    /// Rows read: kept and refused.
    pub rows_in: u64,
}

/// Cleans a batch.
///
/// # Errors
/// `Input` if the feed needs a plate key and there is none; `Bug` if columns do not fit the table.
pub fn clean(_text: &TextBatch, _feed: &Feed, _context: &Context<'_>) -> Result<Cleaned> {
    Err(Error::bug("not written yet"))
}
