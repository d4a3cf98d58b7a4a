//! Proposes a feed for an unknown extract, from the names, kinds and values of its columns. A proposal is a start for a
//! person who knows the source: every column comes with a confidence, and the file says what was not understood.
//!
//! Values go no further than this, but for codes of short lists, which the feed is made of: never from a column that
//! looks like names, registration marks, free text or identifiers.

mod choice;
mod names;
mod profile;
mod write;

use std::path::Path;

use serde::Serialize;

use self::choice::Choice;
use self::names::Name;
use self::profile::Profile;
use super::feed::Feed;
use super::read::{self, Reader};
use super::text::TextBatch;
use super::{Context, clean};
use crate::error::{Error, Result};
use crate::space::Lattice;

/// Rows that are looked at.
const ROWS: usize = 10_000;
/// Delimiters that are tried, the likelier first.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// A proposal.
#[derive(Debug, Clone, Serialize)]
pub struct Guess {
    /// The table that the extract seems to fill.
    pub table: &'static str,
    /// How sure that is, 0 to 1.
    pub confidence: f64,
    /// Rows that were looked at.
    pub rows: u64,
    /// Of these, rows that the proposed feed accepts.
    pub accepted: u64,
    /// Every column of the extract, in its order.
    pub columns: Vec<ColumnGuess>,
    /// What a person should check.
    pub remarks: Vec<String>,
    /// The proposed feed file.
    pub toml: String,
}

/// What a column of the extract seems to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnGuess {
    /// Name in the header.
    pub name: String,
    /// What its values look like.
    pub kind: &'static str,
    /// Column of the table that it fills, or `lat`, `lon`, `x`, `y`; none if it is not used.
    pub fills: Option<String>,
    /// How sure that is, 0 to 1; of a column that is not used, how sure its kind is.
    pub confidence: f64,
}

/// Looks at the first rows of an extract and proposes how to read it.
///
/// # Errors
/// `Missing` without the file; `Input` if it is no extract, has no header or one column only, or if no column tells
/// when things happened.
pub fn guess(path: &Path) -> Result<Guess> {
    let (header, delimiter) = open(path)?;
    let batch = first_rows(path, &header, delimiter)?;
    let rows = batch.rows().min(ROWS);
    let place = path.display().to_string();
    if rows == 0 {
        return Err(Error::input("the file has a header and no rows; there is nothing to guess from").at(place));
    }
    let profiles: Vec<Profile> = header
        .iter()
        .zip(&batch.columns)
        .filter_map(|(name, column)| Some(Profile::of(Name::new(name), column.as_ref()?, rows)))
        .collect();
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let choice = Choice::of(&profiles, &batch, rows, &file).map_err(|error| error.at(place))?;
    let (toml, feed, mut remarks) = written(&choice, &profiles, &file, delimiter)?;
    remarks.extend(choice.remarks.iter().cloned());
    if batch.columns.iter().flatten().any(|column| std::str::from_utf8(column.bytes()).is_err()) {
        remarks.push("some text is not UTF-8: write encoding = \"windows-1252\" if the source does so".to_owned());
    }
    let trial = trial(path, &feed)?;
    Ok(Guess {
        table: choice.table.name,
        confidence: choice.confidence,
        rows: trial.0,
        accepted: trial.1,
        columns: profiles.iter().enumerate().map(|(at, profile)| column_guess(&choice, at, profile)).collect(),
        remarks,
        toml,
    })
}

fn column_guess(choice: &Choice, at: usize, profile: &Profile) -> ColumnGuess {
    let used = choice.use_of(at);
    ColumnGuess {
        name: profile.name.written.clone(),
        kind: profile.kind.words(),
        fills: used.as_ref().map(|used| used.0.to_owned()),
        confidence: used.map_or(profile.fit, |used| used.1),
    }
}

/// A feed of nothing but a delimiter, so that the one reader of extracts shows the header of any file.
fn any_feed(delimiter: char, columns: &[String]) -> Result<Feed> {
    let names: Vec<String> = columns.iter().map(|name| write::quoted(name)).collect();
    // A name that no header has: the feed needs a time, not the file.
    let text = format!(
        "schema = 1\nname = \"guess\"\ntitle = \"guess\"\ntable = \"stops\"\nzone = \"UTC\"\nrepeats = \"ordinal\"\n\
         delimiter = {}\nblank_keys = [{}]\n[columns]\nstopped_at = {{ from = \"\\u0001\", formats = [\"%Y-%m-%d\"] }}\n",
        write::quoted(&delimiter.to_string()),
        names.join(", ")
    );
    Feed::parse(&text, "guess").map_err(|e| Error::bug("the header cannot be asked for").with_cause(e))
}

/// The header and the delimiter that parts most rows like it.
fn open(path: &Path) -> Result<(Vec<String>, char)> {
    let mut best: Option<(bool, Vec<String>, char)> = None;
    for delimiter in DELIMITERS {
        let mut reader: Reader = read::open(path, &any_feed(delimiter, &[])?)?;
        let header = reader.header().to_vec();
        let batch = reader.next().transpose()?;
        let fits = batch.is_some_and(|batch| batch.rows() as u64 * 2 > batch.rows_in());
        let better =
            |(other_fits, other, _): &(bool, Vec<String>, char)| (fits, header.len()) > (*other_fits, other.len());
        if best.as_ref().is_none_or(better) {
            best = Some((fits, header, delimiter));
        }
    }
    let place = path.display().to_string();
    // Columns of our own stand behind a source's in a file of mended rejects.
    let (_, header, delimiter) = best.ok_or_else(|| Error::bug("no delimiter was tried"))?;
    let header: Vec<String> = header.into_iter().filter(|name| !name.starts_with("vigie_")).collect();
    let columns = header.len();
    if columns < 2 {
        let message = "only one column was found: fields should be parted by a comma, semicolon, tab or bar";
        return Err(Error::input(message).at(place));
    }
    let no_name = |name: &String| {
        let text = name.as_bytes();
        text.is_empty() || super::parse::float(text).is_some() || text.iter().filter(|b| b.is_ascii_digit()).count() > 7
    };
    if header.iter().filter(|name| no_name(name)).count() * 2 > columns {
        return Err(Error::input("the first row looks like a record; it should name the columns").at(place));
    }
    Ok((header, delimiter))
}

fn first_rows(path: &Path, header: &[String], delimiter: char) -> Result<TextBatch> {
    let mut reader = read::open(path, &any_feed(delimiter, header)?)?;
    let batch = reader.next().transpose()?;
    batch.ok_or_else(|| {
        Error::input("the file has a header and no rows; there is nothing to guess from").at(path.display().to_string())
    })
}

/// The proposal as a feed file that this program reads. A position on a grid that it cannot read stays a comment.
fn written(choice: &Choice, profiles: &[Profile], file: &str, delimiter: char) -> Result<(String, Feed, Vec<String>)> {
    let text = write::feed(choice, profiles, file, delimiter, true);
    if let Ok(feed) = Feed::parse(&text, "guess") {
        return Ok((text, feed, Vec::new()));
    }
    let text = write::feed(choice, profiles, file, delimiter, false);
    let feed = Feed::parse(&text, "guess")
        .map_err(|cause| Error::bug(format!("the proposed feed cannot be read: {cause}")).with_cause(cause))?;
    let remark = "the position is on a grid that this version does not read; its line is a comment".to_owned();
    Ok((text, feed, vec![remark]))
}

/// Rows of the first batch, and how many of them the feed accepts. Nothing is kept, so any key will do for plates.
fn trial(path: &Path, feed: &Feed) -> Result<(u64, u64)> {
    let Some(batch) = read::open(path, feed)?.next().transpose()? else { return Ok((0, 0)) };
    let context = Context { source: "guess", areas: None, plate_key: Some(&[0; 32]), coast_tolerance_m: 0.0 };
    let cleaned = clean(&batch, feed, &context, &mut Lattice::stored())?;
    Ok((cleaned.rows_in, cleaned.batch.num_rows() as u64))
}

#[cfg(test)]
#[path = "guess_tests.rs"]
mod tests;
