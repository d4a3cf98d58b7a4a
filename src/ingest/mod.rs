//! Files in, clean rows out: a feed says how to read an extract, `read` streams it in bounded batches of text columns,
//! `clean` turns each batch into the columns of a table, with the rows it refuses as counted data.
//!
//! ```text
//! read::open(path, &feed)  →  TextBatch, TextBatch, …  →  clean(&text, &feed, &context, &mut cells)  →  Cleaned
//! ```
//! Reading is the only I/O here; cleaning is pure, so batches may be cleaned on several threads. What belongs to the
//! whole file or store (ordinals of equal keys, revisions, `loaded_at`, `load_id`) is left to the caller.

pub mod clean;
pub mod clock;
mod codes;
mod column;
mod content;
pub mod feed;
mod feed_file;
pub mod guess;
pub mod list;
mod marks;
mod parse;
mod place;
pub mod pseudonym;
pub mod read;
pub mod reject;
mod snapped;
mod source;
mod split;
pub mod text;
pub mod total;
mod when;

pub use clean::{Cleaned, Context, clean, clean_unknown, stored_keys};
pub use feed::Feed;
pub use read::{RawField, RawRow, RawRows, Reader};
pub use reject::{Label, Reason, Reject};
pub use text::TextBatch;
