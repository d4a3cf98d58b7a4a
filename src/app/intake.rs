//! Clean rows on their way to the writer. Of a large load all records of the table are read before; of a small one the
//! rows are waited for, and only their own records are looked up: that takes little memory and half the time, however
//! many records the table has.

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::ingest::{Feed, stored_keys};
use crate::model::schema::Repeats;
use crate::store::{Passed, Recall, Tally, Writer};

/// Files of more bytes are not waited for.
const FEW_BYTES: u64 = 8 << 20;
/// Nor are more rows.
const FEW_ROWS: usize = 200_000;

/// The writer of one load's table.
pub(super) struct Intake<'w, 's> {
    writer: &'w mut Writer<'s>,
    feed: &'w Feed,
    /// Rows of what may be a small load.
    waiting: Option<Vec<RecordBatch>>,
}

impl<'w, 's> Intake<'w, 's> {
    /// Opens the table of a feed for files of so many bytes.
    pub async fn open(writer: &'w mut Writer<'s>, feed: &'w Feed, bytes: u64) -> Result<Self> {
        let table = feed.table.name;
        writer.open_unread(table).await?;
        // Where records are told apart by their order in the file, their keys are known only to the writer.
        let is_small = bytes <= FEW_BYTES && feed.repeats == Repeats::Revision;
        if !is_small {
            writer.know(table)?;
        }
        Ok(Self { writer, feed, waiting: is_small.then(Vec::new) })
    }

    /// A new source file begins.
    pub fn next_file(&mut self) {
        self.writer.next_file(self.feed.table.name);
    }

    /// Says that about so many rows are to come.
    pub fn expect(&mut self, rows: u64) {
        if self.waiting.is_none() {
            self.writer.expect(self.feed.table.name, rows);
        }
    }

    /// What recognises rows that would change nothing, if all records were read.
    pub fn recall(&self) -> Option<Recall> {
        let is_by_key = self.feed.repeats == Repeats::Revision;
        is_by_key.then(|| self.writer.recall(self.feed.table.name)).flatten()
    }

    /// Takes the rows of a batch, and those that were left out of it.
    pub fn take(&mut self, batch: RecordBatch, passed: &[Passed]) -> Result<Tally> {
        let Some(waiting) = &mut self.waiting else { return self.add(&batch, passed) };
        waiting.push(batch);
        if waiting.iter().map(RecordBatch::num_rows).sum::<usize>() <= FEW_ROWS {
            return Ok(Tally::default());
        }
        self.writer.know(self.feed.table.name)?;
        self.add_waiting()
    }

    /// No more rows come.
    pub fn finish(mut self) -> Result<Tally> {
        let table = self.feed.table.name;
        if let Some(waiting) = &self.waiting {
            let keys = waiting.iter().map(stored_keys).collect::<Result<Vec<_>>>()?.concat();
            self.writer.know_of(table, &keys)?;
        }
        let mut tally = self.add_waiting()?;
        tally.add(self.writer.settle(table)?);
        Ok(tally)
    }

    fn add_waiting(&mut self) -> Result<Tally> {
        let mut tally = Tally::default();
        for batch in self.waiting.take().unwrap_or_default() {
            tally.add(self.add(&batch, &[])?);
        }
        Ok(tally)
    }

    fn add(&mut self, batch: &RecordBatch, passed: &[Passed]) -> Result<Tally> {
        self.writer.add(self.feed.table.name, batch, passed, self.feed.repeats)
    }
}
