//! A feed: how to read one kind of extract. Plain checked data; `feed_file` reads it from TOML.

use std::path::Path;

use super::clock::{Layout, Zone};
use super::codes::Codes;
use super::feed_file;
use super::source::decode::Encoding;
use super::total::Total;
use crate::error::{Error, Result};
use crate::model::schema::{Column, Repeats, Table};
use crate::space::Crs;

/// How exactly the source tells the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// To the minute or better.
    Instant,
    /// The date only: no local hour.
    Day,
    /// The month only: the first of the month stands for it, and there is no local hour.
    Month,
}

impl Precision {
    /// What the column `time_precision` holds; nothing for an instant.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Instant => None,
            Self::Day => Some("day"),
            Self::Month => Some("month"),
        }
    }
}

/// A column of the source that the feed uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Name in the header.
    pub name: String,
    /// A file without it is refused.
    pub required: bool,
}

/// How one column of the table is filled. Numbers are indices into [`Feed::sources`].
#[derive(Debug)]
pub(super) enum How {
    /// The same text in every row.
    Constant(String),
    /// Text as it is.
    Text { from: usize },
    /// A code of a list.
    Code { from: usize, codes: Codes },
    /// Several codes of a list with a separator between them; stored sorted, with `;`.
    CodeList { from: usize, codes: Codes, separator: u8 },
    /// A plate, replaced by its token.
    Plate { from: usize },
    /// A whole number, perhaps one that stands for a code.
    Int { from: usize, codes: Option<Codes> },
    /// A decimal number.
    Float { from: usize },
    /// Yes or no, perhaps written as codes.
    Bool { from: usize, codes: Option<Codes> },
    /// A time, perhaps with its time of day in a second column, perhaps some seconds later than written.
    Time { from: usize, with: Option<usize>, layouts: Vec<Layout>, plus_seconds: Option<usize> },
    /// A date.
    Date { from: usize, layouts: Vec<Layout> },
}

/// One column of the table and how to fill it.
#[derive(Debug)]
pub(super) struct Rule {
    /// The column.
    pub column: &'static Column,
    /// How to fill it.
    pub how: How,
    /// Texts that mean "no value", beside the empty one.
    pub missing: Vec<String>,
    /// What a good value looks like, for messages.
    pub wanted: String,
}

/// Source columns of the position (indices into [`Feed::sources`]) and the system they are in.
#[derive(Debug)]
pub(super) struct Place {
    /// Latitude, or metres north.
    pub lat: usize,
    /// Longitude, or metres east.
    pub lon: usize,
    /// Degrees, or the system whose metres they are.
    pub crs: Crs,
    /// What a good latitude looks like, for messages.
    pub wanted_lat: String,
    /// What a good longitude looks like, for messages.
    pub wanted_lon: String,
}

/// How the source says that it took a record back.
#[derive(Debug)]
pub(super) struct Deleted {
    /// Source column (index into [`Feed::sources`]).
    pub from: usize,
    /// Texts that say so, exactly as written.
    pub values: Vec<String>,
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
    /// Zone of wall clock times and of `local_on`, `local_hour`.
    pub zone: Zone,
    /// What equal keys in one file mean.
    pub repeats: Repeats,
    /// How exactly the source tells the time.
    pub precision: Precision,
    /// Separator of fields.
    pub(super) delimiter: u8,
    /// In which text is written, unless a file begins with another mark.
    pub(super) encoding: Encoding,
    /// Which file of a ZIP archive, as a pattern.
    pub(super) member: Option<String>,
    /// Which sheet of a workbook, as a pattern.
    pub(super) sheet: Option<String>,
    /// Number of the row of a sheet that names the columns; else the first that is not blank.
    pub(super) header_row: Option<u64>,
    /// Source columns used, in the order first named.
    pub(super) sources: Vec<Source>,
    /// Source columns that identify a record; none means that the whole row does.
    pub(super) keys: Vec<usize>,
    /// Source columns that stand in where a key is blank; none means that such a row is refused.
    pub(super) blank_keys: Vec<usize>,
    /// How each column of the table is filled; columns without a rule stay empty.
    pub(super) rules: Vec<Rule>,
    /// Where the position stands, if the source has one.
    pub(super) place: Option<Place>,
    /// How a record is taken back, if the source tells.
    pub(super) deleted: Option<Deleted>,
    /// Texts that mean "no value" in keys and positions, beside the empty one.
    pub(super) missing: Vec<String>,
    /// Where the source states how many rows it sent, if it does.
    pub total: Option<Total>,
}

/// The built-in feeds, by name.
const BUILTIN: &[(&str, &str)] = &[
    ("chicago-crimes", include_str!("../../feeds/chicago-crimes.toml")),
    ("jersey-anpr", include_str!("../../feeds/jersey-anpr.toml")),
    ("jersey-assessments", include_str!("../../feeds/jersey-assessments.toml")),
    ("jersey-cameras", include_str!("../../feeds/jersey-cameras.toml")),
    ("jersey-campaigns", include_str!("../../feeds/jersey-campaigns.toml")),
    ("jersey-crimes", include_str!("../../feeds/jersey-crimes.toml")),
    ("jersey-custody", include_str!("../../feeds/jersey-custody.toml")),
    ("jersey-incidents", include_str!("../../feeds/jersey-incidents.toml")),
    ("jersey-money", include_str!("../../feeds/jersey-money.toml")),
    ("jersey-offences", include_str!("../../feeds/jersey-offences.toml")),
    ("jersey-pings", include_str!("../../feeds/jersey-pings.toml")),
    ("jersey-stocks", include_str!("../../feeds/jersey-stocks.toml")),
    ("jersey-stops", include_str!("../../feeds/jersey-stops.toml")),
    ("jersey-surveys", include_str!("../../feeds/jersey-surveys.toml")),
    ("london-fire", include_str!("../../feeds/london-fire.toml")),
    ("memphis-robberies", include_str!("../../feeds/memphis-robberies.toml")),
    ("nyc-vehicle-thefts", include_str!("../../feeds/nyc-vehicle-thefts.toml")),
    ("police-uk-stop-and-search", include_str!("../../feeds/police-uk-stop-and-search.toml")),
    ("police-uk-street", include_str!("../../feeds/police-uk-street.toml")),
    ("seattle-calls", include_str!("../../feeds/seattle-calls.toml")),
    ("stats19", include_str!("../../feeds/stats19.toml")),
];

impl Feed {
    /// Names of the built-in feeds, sorted.
    pub fn builtin_names() -> Vec<&'static str> {
        BUILTIN.iter().map(|(name, _)| *name).collect()
    }

    /// TOML text of a built-in feed, for `vigie feeds show`.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// A built-in feed.
    ///
    /// # Errors
    /// `Input` if there is none of that name.
    ///
    /// # Example
    /// ```
    /// use vigie::ingest::Feed;
    /// assert_eq!(Feed::builtin("jersey-crimes")?.table.name, "crimes");
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn builtin(name: &str) -> Result<Self> {
        match Self::builtin_text(name) {
            Some(text) => Self::parse(text, &format!("feeds/{name}.toml")),
            None => Err(Error::input(format!(
                "there is no feed `{name}`; `vigie feeds list` names them, and a path to a .toml file is one too"
            ))),
        }
    }

    /// A built-in feed by name, or a feed file by path (anything that ends in `.toml`).
    ///
    /// # Errors
    /// `Input` for an unknown name or a faulty file (with file, line and column); `Missing` without the file.
    pub fn open(name_or_path: &str) -> Result<Self> {
        let path = Path::new(name_or_path);
        if path.extension().is_none_or(|suffix| suffix != "toml") {
            return Self::builtin(name_or_path);
        }
        let text = std::fs::read_to_string(path).map_err(|cause| {
            let message = match cause.kind() {
                std::io::ErrorKind::InvalidData => return Error::input("the feed file is not UTF-8 text"),
                std::io::ErrorKind::NotFound => "there is no such feed file",
                _ => "the feed file cannot be read",
            };
            Error::missing(message).at(name_or_path).with_cause(cause)
        })?;
        Self::parse(&text, name_or_path)
    }

    /// Checks the text of a feed file; `origin` is named in errors.
    ///
    /// # Errors
    /// `Input` with file, line and column.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        feed_file::parse(text, origin)
    }

    /// Separator of fields in delimited text.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Whether rows hold plates, so that [`super::Context::plate_key`] is needed.
    pub fn needs_plate_key(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.how, How::Plate { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_feed_is_valid_and_named_after_its_file() {
        let names = Feed::builtin_names();
        assert!(names.is_sorted());
        for name in names {
            let feed = Feed::builtin(name).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(feed.name, name);
            assert!(!feed.title.is_empty());
            for time in feed.table.times {
                let filled = feed.rules.iter().any(|rule| rule.column.name == *time);
                assert!(filled || feed.table.times.len() > 1, "{name} does not fill {time}");
            }
        }
    }

    #[test]
    fn an_unknown_feed_and_a_missing_file_differ() {
        assert_eq!(Feed::open("jersey-crime").unwrap_err().kind(), crate::error::Kind::Input);
        assert_eq!(Feed::open("none-such.toml").unwrap_err().kind(), crate::error::Kind::Missing);
    }
}
