//! The forms in which extracts come. Each is a run of records with a header; `read` makes batches of them.
//!
//! ```text
//! bytes ── layers (gzip, zstd, zip) ── decode (UTF-16, Windows-1252) ─┬─ delimited   CSV, TSV, …
//!                                                                     └─ objects     NDJSON, JSON array, GeoJSON
//! file  ── archive (members of a zip) ── xml ─┬─ xlsx
//!                                             └─ ods
//! file  ── thrift (lengths checked first) ── parquet
//! ```
//! Memory is bounded whatever a file holds: everything is streamed, a record is at most 4 MiB, and lengths that a file
//! claims are checked before anything is set aside for them.

pub mod archive;
pub mod cells;
pub mod decode;
pub mod delimited;
pub mod json;
pub mod layers;
pub mod objects;
pub mod ods;
pub mod parquet;
pub mod sheet;
pub mod thrift;
pub mod window;
pub mod xlsx;
pub mod xml;

use std::ops::Range;

use super::reject::Reason;
use super::text::TextColumn;
use crate::error::{Error, Result};

/// A longer record ends the reading: a quote was left open, or this is no extract.
pub const LONGEST_RECORD: usize = 4 << 20;

/// What a record is, before anybody looks at its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A record of so many fields.
    Row(usize),
    /// An empty line or row: passed over, not counted.
    Blank,
    /// A record that cannot be split into fields, and why.
    Bad(Reason, &'static str),
}

/// The record that was gone to.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Line on which it starts; the number of the row or feature where a format has no lines of its own.
    pub line: u64,
    /// Bytes of text, about.
    pub bytes: usize,
    /// What it is.
    pub kind: Kind,
}

/// A source's records, one after the other.
pub trait Records {
    /// Goes on to the next record; nothing at the end, however often it is asked again.
    fn advance(&mut self) -> Result<Option<Shape>>;

    /// A field of this record without the white space around it; empty beyond the last.
    fn field(&self, index: usize) -> &[u8];

    /// Adds a field, as [`Records::field`] gives it, to a column.
    #[inline]
    fn copy_field(&self, index: usize, column: &mut TextColumn) {
        column.push(self.field(index));
    }

    /// This record as the source has it, for the person who mends it.
    fn raw(&self) -> RawRow;
}

/// Records of any form but delimited text, which is read through its own type because most rows come that way.
pub type AnyRecords = Box<dyn Records + Send>;

/// A source after its header was read.
pub struct Opened<R> {
    /// Names of the columns.
    pub header: Vec<String>,
    /// How many of them take part in the identity of a whole row; the rest come after them.
    pub own: usize,
    /// Whether dates come typed and so as ISO text, whatever the feed's formats are.
    pub typed: bool,
    /// The records below the header.
    pub records: R,
}

/// One record as the source has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawRow {
    /// Its text: the line or the object itself; for sheets and Parquet its fields with the feed's delimiter.
    pub text: Vec<u8>,
    /// Its fields, and where in the text each stands.
    pub fields: Vec<RawField>,
}

/// One field as the source has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawField {
    /// Its bytes, without quotes and escapes.
    pub value: Vec<u8>,
    /// Its place in [`RawRow::text`].
    pub span: Range<usize>,
}

impl RawRow {
    /// A record of values only: its text is written with this delimiter.
    pub fn of(values: impl Iterator<Item = Vec<u8>>, delimiter: u8) -> Self {
        let mut row = Self::default();
        for value in values {
            if !row.fields.is_empty() {
                row.text.push(delimiter);
            }
            let start = row.text.len();
            row.text.extend_from_slice(&value);
            row.fields.push(RawField { value, span: start..row.text.len() });
        }
        row
    }
}

/// The error for a file that ends in the middle or is not what its beginning says.
pub fn damaged(place: &str, what: &str) -> Error {
    Error::input(format!("{what} is damaged or cut short; fetch it again")).at(place)
}

/// The one name of several that a pattern of the feed picks; without a pattern the only one.
///
/// # Errors
/// `Input` that lists the names, and the key to write.
pub fn pick<'n>(names: &'n [String], pattern: Option<&str>, key: &str, what: &str, place: &str) -> Result<&'n str> {
    let fitting: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| pattern.is_none_or(|pattern| glob(pattern, name))).collect();
    if let [one] = fitting.as_slice() {
        return Ok(one);
    }
    let listed = |names: &[&str]| {
        let more = if names.len() > 20 { ", …" } else { "" };
        format!("{}{more}", names.iter().take(20).copied().collect::<Vec<_>>().join(", "))
    };
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    Err(Error::input(match (pattern, fitting.as_slice()) {
        (None, []) => format!("there is no {what} with records in it"),
        (None, _) => format!("there are several {what}s: {}; say which in the feed with {key} = \"…\"", listed(&all)),
        (Some(pattern), []) => format!("no {what} fits {key} = \"{pattern}\" of the feed; there is {}", listed(&all)),
        (Some(pattern), some) => format!("several {what}s fit {key} = \"{pattern}\" of the feed: {}", listed(some)),
    })
    .at(place))
}

/// Whether a name fits a pattern in which `*` stands for any characters and `?` for one. Capitals do not matter.
fn glob(pattern: &str, name: &str) -> bool {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<char>>();
    let (pattern, name) = (lower(pattern), lower(name));
    let (mut at, mut from) = (0, 0);
    // Where to go on if what follows the last star does not fit here.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(one) if *one == '?' || *one == name[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((star_at, star_from)) => {
                    star = Some((star_at, star_from + 1));
                    at = star_at + 1;
                    from = star_from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("*.csv", "2017-01/Stops.CSV", true),
            ("*.csv", "stops.csv.txt", false),
            ("*a*b", "xaayb", true),
            ("?.csv", "ab.csv", false),
            ("stops.csv", "stops.csv", true),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn one_of_several_must_be_named() {
        let names = ["a.csv".to_owned(), "b.csv".to_owned()];
        assert_eq!(pick(&names, Some("b*"), "member", "file", "x.zip").unwrap(), "b.csv");
        assert_eq!(pick(&names[..1], None, "member", "file", "x.zip").unwrap(), "a.csv");
        for (pattern, part) in
            [(None, "several files: a.csv, b.csv"), (Some("*"), "several"), (Some("c"), "no file fits")]
        {
            let error = pick(&names, pattern, "member", "file", "x.zip").unwrap_err().to_string();
            assert!(error.starts_with("x.zip: ") && error.contains(part), "{error}");
        }
    }
}
