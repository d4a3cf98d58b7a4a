//! What a report says, after disclosure control and before it is HTML, PDF or a workbook.
//!
//! A [`Document`] is made from released answers, once an edition, and is what the edition keeps. Every file of the edition
//! is a function of it and of nothing else: no clock, no path, no random id; the same document gives the same bytes. So
//! an edition can be made again byte for byte after the records behind it changed or were lawfully erased.
//!
//! How to make one:
//! - Put in protected values only. Nothing later takes a number out again: a suppressed value is a
//!   [`Cell::Shorthand`], and pictures are drawn from the same protected table.
//! - Give every shorthand that stands in a table a [`Note`]; every figure is followed by its table.
//! - A section of a chapter begins with a [`Block::Heading`] of level 3 (levels 1 and 2 are the document's title and the
//!   chapters'); a section is kept together on paper, so it is a finding, a figure, a table of at most some thirteen rows
//!   in the text (`in_text`) and its notes.
//! - Call [`Document::check`]. It says what a writer cannot write well: ids that repeat, rows of the wrong width,
//!   shorthand without a note, headings that skip a level, a figure without a table, a text that is not its value.
//!
//! [`Document::to_json`] and [`Document::from_json`] are its form on disk: keys in a fixed order, floats in their shortest
//! form that reads back the same.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub mod csv;
pub mod html;
mod number;
pub mod ods;
pub mod parquet;
pub mod pdf;
pub mod workbook;
pub mod xlsx;

pub use number::Shape;

/// A report.
///
/// # Example
/// ```
/// use vigie::render::document::{Block, Cell, Chapter, Column, ColumnKind, Document, Note, Table};
///
/// let table = Table {
///     id: "m03".into(),
///     title: "Grade 1 calls attended in under 10 minutes, by quarter".into(),
///     columns: vec![
///         Column { name: "Quarter".into(), unit: String::new(), kind: ColumnKind::Date },
///         Column { name: "In time".into(), unit: "%".into(), kind: ColumnKind::Percent },
///     ],
///     rows: vec![
///         vec![Cell::date("2017-Q2", "Q2 2017"), Cell::number(0.75, "75.0%")],
///         vec![Cell::date("2017-Q3", "Q3 2017"), Cell::Shorthand("[c]".into())],
///     ],
///     ..Table::default()
/// };
/// let document = Document {
///     title: "Report to the Police Authority".into(),
///     chapters: vec![Chapter { id: "response".into(), title: "Response".into(), blocks: vec![Block::Table(table)] }],
///     notes: vec![Note { shorthand: "[c]".into(), text: "A small number that is not published".into() }],
///     ..Document::default()
/// };
/// document.check()?;
/// assert_eq!(Document::from_json(&document.to_json()?)?, document);
/// # Ok::<(), vigie::error::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its one heading of level 1.
    pub title: String,
    /// Name of the force.
    pub force: String,
    /// Who it is for: `Report to the Police Authority`, `Public report`.
    pub audience: String,
    /// `2017-Q3 authority 1.0`.
    pub edition: String,
    /// `draft`, `provisional`, `final`, `corrected`, `superseded`, `withdrawn`.
    pub state: String,
    /// `OFFICIAL`.
    pub marking: String,
    /// Whether the records behind it are synthetic: said on every page.
    pub synthetic: bool,
    /// `1 July to 30 September 2017`.
    pub period_words: String,
    /// ISO date of the newest record that it can know.
    pub data_cut_off: String,
    /// BCP 47: `en-GB`.
    pub language: String,
    /// Name and address of the licence under which its tables may be used.
    pub licence: String,
    /// Lines of the cover: store version, as-of time, program.
    pub facts: Vec<Fact>,
    /// Before the chapters.
    pub summary: Vec<Block>,
    /// In the order of the contents.
    pub chapters: Vec<Chapter>,
    /// What each shorthand means.
    pub notes: Vec<Note>,
}

impl Default for Document {
    fn default() -> Self {
        let empty = String::new;
        Self {
            title: empty(),
            force: empty(),
            audience: empty(),
            edition: empty(),
            state: "draft".to_owned(),
            marking: "OFFICIAL".to_owned(),
            synthetic: false,
            period_words: empty(),
            data_cut_off: empty(),
            language: "en-GB".to_owned(),
            licence: empty(),
            facts: Vec::new(),
            summary: Vec::new(),
            chapters: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// One line of the cover.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// `Store version`.
    pub name: String,
    /// `12`.
    pub value: String,
}

/// A chapter: a heading of level 2.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// Letters, digits and `-`; unique in the document.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// A piece of a chapter or of the summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Block {
    /// A heading inside a chapter: level 3 begins a section, level 4 a part of it.
    Heading {
        /// 3 or 4.
        level: u8,
        /// Letters, digits and `-`; unique in the document.
        id: String,
        /// What it says.
        text: String,
    },
    /// The finding in one sentence, set apart.
    Finding(String),
    /// A paragraph.
    Text(String),
    /// A picture; its table follows before the next picture or heading.
    Figure(Figure),
    /// A table.
    Table(Table),
    /// Small print: definition, exclusions, data cut-off.
    Notes(Vec<String>),
    /// Something that a reader must not miss.
    Warning {
        /// `Figures do not agree`.
        title: String,
        /// The figures.
        text: String,
    },
}

/// A picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Letters, digits and `-`; unique in the document.
    pub id: String,
    /// The finding.
    pub title: String,
    /// What is drawn, for a reader who does not see it.
    pub alt: String,
    /// What, where, when and in which unit: the line under the picture. May be empty.
    pub caption: String,
    /// One whole `<svg>` element, as `render::svg::frame` makes it, with `<title>` and `<desc>`.
    pub svg: String,
}

/// A table: a sheet of the workbooks, a CSV file and a Parquet file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Lower-case letters, digits and `_`, first a letter, at most 31: names of a sheet, of a table in it and of files.
    pub id: String,
    /// What, where, when.
    pub title: String,
    /// How the rows are sorted, as a sentence. May be empty.
    pub sort: String,
    /// Hash of the definition that made the numbers. May be empty.
    pub definition: String,
    /// Names and units.
    pub columns: Vec<Column>,
    /// One cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// Under the table.
    pub notes: Vec<String>,
    /// Show only the last so many rows in the text; the others can be unfolded in HTML and are in the workbook.
    pub in_text: Option<usize>,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What a reader sees: `In time`.
    pub name: String,
    /// `%`, `minutes`, `number`; empty for text.
    pub unit: String,
    /// What its cells hold.
    pub kind: ColumnKind,
}

/// What the cells of a column hold, shorthand and empty ones aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Words.
    #[default]
    Text,
    /// A date or a period with its ISO name.
    Date,
    /// A number.
    Number,
    /// A share: the value is 0 to 1, the text is a percentage.
    Percent,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number as machines and as people read it.
    Number {
        /// As published: nothing more exact exists in any file.
        value: f64,
        /// `1,234`, `95.3%`, `5.6`.
        text: String,
    },
    /// A date or a period.
    Date {
        /// `2017-07-05`, `2017-07`, `2017-Q3`, `2017`.
        iso: String,
        /// `5 July 2017`.
        text: String,
    },
    /// `[c]`, `[x]`, `[z]`: explained in the document's notes.
    Shorthand(String),
    /// Nothing to say.
    #[default]
    Empty,
}

/// What a shorthand means.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// `[c]`.
    pub shorthand: String,
    /// `A small number that is not published`.
    pub text: String,
}

impl Cell {
    /// A number and its text.
    pub fn number(value: f64, text: impl Into<String>) -> Self {
        Self::Number { value, text: text.into() }
    }

    /// A date or period and its words.
    pub fn date(iso: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Date { iso: iso.into(), text: text.into() }
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// What a reader sees.
    pub fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number { text, .. } | Self::Date { text, .. } | Self::Shorthand(text) => text,
            Self::Empty => "",
        }
    }
}

impl Column {
    /// Name with unit: `In time (%)`.
    pub fn header(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, self.unit) }
    }
}

impl Table {
    /// The rows outside the text and those in it.
    pub fn split(&self) -> (&[Vec<Cell>], &[Vec<Cell>]) {
        let shown = self.in_text.unwrap_or(self.rows.len()).min(self.rows.len());
        self.rows.split_at(self.rows.len() - shown)
    }

    /// The shorthand in it, sorted.
    pub fn shorthand(&self) -> Vec<&str> {
        let all = self.rows.iter().flatten().filter_map(|cell| match cell {
            Cell::Shorthand(mark) => Some(mark.as_str()),
            _ => None,
        });
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Document {
    /// Every block, the summary's first.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.summary.iter().chain(self.chapters.iter().flat_map(|chapter| &chapter.blocks))
    }

    /// Every table, in order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }

    /// Every figure, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.blocks().filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }

    /// The shorthand of a table with what it means, in the order of the notes.
    pub fn notes_of<'a>(&'a self, table: &Table) -> Vec<&'a Note> {
        let used = table.shorthand();
        self.notes.iter().filter(|note| used.contains(&note.shorthand.as_str())).collect()
    }

    /// Its form on disk.
    ///
    /// # Errors
    /// `Bug` if a number is not finite.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        self.check_numbers()?;
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|e| Error::bug("the document cannot be written as JSON").with_cause(e))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads its form on disk.
    ///
    /// # Errors
    /// `Input` if it is not one, with the line.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|e| {
            Error::input(format!("this is not the document of an edition: {e}")).at(format!("line {}", e.line()))
        })
    }

    /// Whether every writer can write it well.
    ///
    /// # Errors
    /// `Bug` with the place of the first thing that is wrong.
    pub fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::bug(format!("the document of edition `{}`: {what}", self.edition)));
        self.check_numbers()?;
        self.check_texts()?;
        let mut ids = BTreeSet::from(["contents", "summary", "notes"]);
        let mut tables = BTreeSet::from(["cover", "contents", "notes", "of_contents", "of_notes"]);
        let parts = std::iter::once(("summary", &self.summary))
            .chain(self.chapters.iter().map(|chapter| (chapter.id.as_str(), &chapter.blocks)));
        for (chapter, blocks) in parts {
            if self.chapters.iter().any(|own| own.id == chapter && own.title.trim().is_empty()) {
                return wrong(format!("the chapter `{chapter}` has no title"));
            }
            if chapter != "summary" && (!is_id(chapter) || !ids.insert(chapter)) {
                return wrong(format!("the chapter id `{chapter}` is not one, or is there twice"));
            }
            let mut level = 2;
            let mut awaits_table: Option<&str> = None;
            for block in blocks {
                match block {
                    Block::Heading { level: own, id, text } => {
                        if !(3..=4).contains(own) || *own > level + 1 {
                            return wrong(format!("the heading `{id}` of level {own} follows one of level {level}"));
                        }
                        if text.trim().is_empty() {
                            return wrong(format!("the heading `{id}` is empty"));
                        }
                        if !is_id(id) || !ids.insert(id) {
                            return wrong(format!("the heading id `{id}` is not one, or is there twice"));
                        }
                        level = *own;
                    }
                    Block::Figure(figure) => {
                        if !is_id(&figure.id) || !ids.insert(&figure.id) {
                            return wrong(format!("the figure id `{}` is not one, or is there twice", figure.id));
                        }
                        if figure.title.is_empty() || figure.alt.is_empty() {
                            return wrong(format!("the figure `{}` has no title or no text alternative", figure.id));
                        }
                        let svg = figure.svg.to_lowercase();
                        if !svg.trim_start().starts_with("<svg") || !svg.contains("<title") || !svg.contains("<desc") {
                            return wrong(format!("the figure `{}` is not a described SVG element", figure.id));
                        }
                        if svg.contains("<script") || svg.contains("<foreignobject") {
                            return wrong(format!("the figure `{}` is more than a picture", figure.id));
                        }
                    }
                    Block::Table(table) => {
                        if !is_table_id(&table.id) || !tables.insert(&table.id) {
                            return wrong(format!("the table id `{}` is not one, or is there twice", table.id));
                        }
                        self.check_table(table)?;
                    }
                    _ => {}
                }
                if let (Some(figure), Block::Heading { .. } | Block::Figure(_)) = (awaits_table, block) {
                    return wrong(format!("the figure `{figure}` is not followed by its table"));
                }
                match block {
                    Block::Figure(figure) => awaits_table = Some(&figure.id),
                    Block::Table(_) => awaits_table = None,
                    _ => {}
                }
            }
            if let Some(figure) = awaits_table {
                return wrong(format!("the figure `{figure}` is not followed by its table"));
            }
        }
        Ok(())
    }

    fn check_table(&self, table: &Table) -> Result<()> {
        let wrong = |what: String| Err(Error::bug(what).at(format!("table `{}`", table.id)));
        if table.columns.is_empty() || table.title.is_empty() {
            return wrong("a table needs a title and a column".to_owned());
        }
        let headers: BTreeSet<String> = table.columns.iter().map(|column| column.header().to_lowercase()).collect();
        if headers.len() < table.columns.len() || headers.contains("") {
            return wrong("two columns have one name, or one has none".to_owned());
        }
        if let Some(row) = table.rows.iter().position(|row| row.len() != table.columns.len()) {
            return wrong(format!("row {row} has another number of cells than there are columns"));
        }
        if let Some(mark) = table.shorthand().iter().find(|mark| !self.notes.iter().any(|n| n.shorthand == **mark)) {
            return wrong(format!("the shorthand {mark} is not explained in the notes"));
        }
        for (row, cells) in table.rows.iter().enumerate() {
            for (column, cell) in table.columns.iter().zip(cells) {
                let fits = match cell {
                    Cell::Number { .. } => matches!(column.kind, ColumnKind::Number | ColumnKind::Percent),
                    Cell::Date { .. } => column.kind == ColumnKind::Date,
                    Cell::Text(_) => column.kind == ColumnKind::Text,
                    Cell::Shorthand(_) | Cell::Empty => true,
                };
                if !fits {
                    return wrong(format!("row {row}: a cell of `{}` is not of the column's kind", column.name));
                }
                let agrees = |text: &str, value: f64| {
                    let percent = column.kind == ColumnKind::Percent;
                    Shape::of(text).is_some_and(|shape| shape.is_percent() == percent && shape.agrees(value))
                };
                if let Cell::Number { value, text } = cell
                    && !agrees(text, *value)
                {
                    return wrong(format!("row {row}: the text `{text}` of `{}` is not its value", column.name));
                }
            }
        }
        Ok(())
    }

    /// A title, and no character that XML cannot hold.
    fn check_texts(&self) -> Result<()> {
        fn holds_control(value: &serde_json::Value) -> bool {
            match value {
                serde_json::Value::String(text) => text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')),
                serde_json::Value::Array(items) => items.iter().any(holds_control),
                serde_json::Value::Object(fields) => fields.values().any(holds_control),
                _ => false,
            }
        }
        if self.title.trim().is_empty() {
            return Err(Error::bug("a document needs a title"));
        }
        let value = serde_json::to_value(self).map_err(|e| Error::bug("the document is not JSON").with_cause(e))?;
        if holds_control(&value) { Err(Error::bug("a text of the document holds a control character")) } else { Ok(()) }
    }

    fn check_numbers(&self) -> Result<()> {
        let infinite = self.tables().find(|table| {
            table.rows.iter().flatten().any(|cell| matches!(cell, Cell::Number { value, .. } if !value.is_finite()))
        });
        infinite.map_or(Ok(()), |table| Err(Error::bug(format!("a number of the table `{}` is not finite", table.id))))
    }
}

/// One file of an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path inside the edition: `report.pdf`, `tables/m03.csv`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Every file of an edition, sorted by name. The PDF is set beside the others, on a thread of its own; the bytes do not
/// depend on it.
///
/// # Errors
/// `Bug` if the document is not sound ([`Document::check`]) or a writer fails.
pub fn files(document: &Document) -> Result<Vec<File>> {
    document.check()?;
    let mut files = std::thread::scope(|scope| {
        let pdf = scope.spawn(|| pdf::write(document));
        let mut files = vec![
            File { name: "document.json".to_owned(), bytes: document.to_json()? },
            File { name: "report.html".to_owned(), bytes: html::write(document) },
            File { name: "report.ods".to_owned(), bytes: ods::write(document)? },
            File { name: "report.xlsx".to_owned(), bytes: xlsx::write(document)? },
        ];
        for table in document.tables() {
            let mut put =
                |ending: &str, bytes| files.push(File { name: format!("tables/{}.{ending}", table.id), bytes });
            put("csv", csv::write(table)?);
            put("csv-metadata.json", csv::descriptor(document, table)?);
            put("parquet", parquet::write(table)?);
        }
        let bytes = pdf.join().map_err(|_| Error::bug("the PDF could not be set"))??;
        files.push(File { name: "report.pdf".to_owned(), bytes });
        Ok::<_, Error>(files)
    })?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Letters, digits and `-`, first a letter.
fn is_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// A name that sheets, tables of a sheet, files and columns can all have.
fn is_table_id(id: &str) -> bool {
    id.len() <= 31
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
