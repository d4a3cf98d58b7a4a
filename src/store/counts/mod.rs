//! Counts kept inside the table files: how many records of each group lie in each cell at each day and hour. They answer
//! map questions without reading a record.
//!
//! A table file never changes, so what was counted while it was written stays true as long as the file is there, and goes
//! when the file goes: erased, merged or replaced. The counts stand in the Parquet file itself, between its row groups,
//! where the format leaves room for what other readers need not know; a line of the footer says where. So there is no
//! second file to sync, to note, to copy or to forget. A question about a store version is the sum over the files of that
//! version, and files that have no counts, or whose counts do not carry their digest, are scanned as ever.
//!
//! Rows are counted in **chunks** of about 131,072, so that memory does not grow with the file. A chunk has
//! - its **margins**: records, and records with a cell, by group, day and hour;
//! - its **cells** (of resolution 9): records of each;
//! - its **entries**: for each cell, records by group, day and hour, four bytes each.
//!
//! Margins and cells of all chunks stand together in the **head**, which is read first: where a question takes all or
//! nothing of a chunk, the entries are not read at all.
//!
//! **Size**: an entry a combination of cell, hour and group that occurs in a chunk, at most one a record.

mod answer;
mod gather;
mod head;
mod held;
mod key;

pub use answer::{Counted, Counting};
pub(super) use answer::{Reading, add};
pub(super) use gather::Gatherer;
pub(super) use head::{Head, believed, footer_line, place};
pub use held::Held;

/// The line of a Parquet footer that says where the counts stand: layout, offset, bytes, digest.
pub(super) const FOOTER_KEY: &str = "vigie.counts";
