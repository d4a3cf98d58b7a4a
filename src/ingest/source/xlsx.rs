//! Workbooks of Office Open XML (.xlsx), one sheet as a stream of rows.
//!
//! Our own reader: the one on crates.io sets aside memory for the number of strings that a file claims, and keeps a token
//! of any length; here only the table of shared strings is kept, up to a bound. `calamine` is the judge in the tests.

use std::collections::HashMap;
use std::io::Read;

use super::archive::Archive;
use super::cells::{self, Shown};
use super::sheet::{CellRow, MOST_COLUMNS, Rows};
use super::xml::{Token, Xml};
use super::{damaged, pick};
use crate::error::{Error, Result};

/// Shared strings are kept in memory: as unpacked XML they may have so many bytes.
const STRINGS_LIMIT: u64 = 128 << 20;
/// The same for lists of sheets and styles.
const PART_LIMIT: u64 = 32 << 20;

/// Opens the one sheet with records.
///
/// # Errors
/// `Input` if the workbook is damaged, beyond the bounds, or it is not plain which sheet is meant.
pub fn open(mut archive: Archive, sheet: Option<&str>) -> Result<XlsxRows> {
    let (sheets, is_1904) = sheets(&mut archive)?;
    let mut with_cells = sheets;
    if sheet.is_none() {
        let mut found = Vec::new();
        for one in with_cells.into_iter().filter(|sheet| !sheet.is_hidden) {
            if has_cells(&mut archive, &one.path)? {
                found.push(one);
            }
        }
        with_cells = found;
    }
    let names: Vec<String> = with_cells.iter().map(|sheet| sheet.name.clone()).collect();
    let name = pick(&names, sheet, "sheet", "sheet", archive.name())?;
    let path = with_cells.iter().find(|sheet| sheet.name == name).map(|sheet| sheet.path.clone()).unwrap_or_default();
    let strings = strings(&mut archive)?;
    let shown = styles(&mut archive)?;
    let xml = part(&mut archive, &path, u64::MAX)?;
    Ok(XlsxRows { xml, strings, shown, is_1904, number: 0, value: Vec::new(), is_over: false })
}

#[derive(Debug)]
struct SheetName {
    name: String,
    path: String,
    is_hidden: bool,
}

/// A part of the workbook; more unpacked bytes than the limit are an error.
fn part(archive: &mut Archive, path: &str, limit: u64) -> Result<Xml> {
    let member = Limited { source: archive.member(path)?, left: limit };
    Xml::open(archive.name(), member)
}

struct Limited<R> {
    source: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(into)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| std::io::Error::other("a part is too large"))?;
        Ok(count)
    }
}

/// The sheets in order, and whether days are counted from 1904.
fn sheets(archive: &mut Archive) -> Result<(Vec<SheetName>, bool)> {
    let mut targets = HashMap::new();
    let mut xml = part(archive, "xl/_rels/workbook.xml.rels", PART_LIMIT)?;
    loop {
        match xml.next()? {
            Token::Over => break,
            Token::Start | Token::Empty if xml.name() == b"Relationship" => {
                if let (Some(id), Some(target)) = (xml.text_attribute(b"Id"), xml.text_attribute(b"Target")) {
                    let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
                    targets.insert(id, path);
                }
            }
            _ => {}
        }
    }
    let (mut sheets, mut is_1904) = (Vec::new(), false);
    let mut xml = part(archive, "xl/workbook.xml", PART_LIMIT)?;
    loop {
        match xml.next()? {
            Token::Over => break,
            Token::Start | Token::Empty if xml.name() == b"workbookPr" => {
                is_1904 = xml.attribute(b"date1904").is_some_and(|value| matches!(value.as_slice(), b"1" | b"true"));
            }
            Token::Start | Token::Empty if xml.name() == b"sheet" => {
                let path = xml.text_attribute(b"id").and_then(|id| targets.get(&id).cloned());
                if let (Some(name), Some(path)) = (xml.text_attribute(b"name"), path) {
                    // A sheet of a chart or a dialogue has no rows.
                    if path.contains("worksheets/") {
                        sheets.push(SheetName { name, path, is_hidden: xml.attribute(b"state").is_some() });
                    }
                }
            }
            _ => {}
        }
    }
    if sheets.is_empty() {
        return Err(damaged(archive.name(), "the workbook").with_cause("no sheets"));
    }
    Ok((sheets, is_1904))
}

/// Whether a sheet has a cell with something in it.
fn has_cells(archive: &mut Archive, path: &str) -> Result<bool> {
    let mut xml = part(archive, path, u64::MAX)?;
    loop {
        match xml.next()? {
            Token::Over => return Ok(false),
            Token::Start if matches!(xml.name(), b"v" | b"is") => return Ok(true),
            Token::End if xml.name() == b"sheetData" => return Ok(false),
            _ => {}
        }
    }
}

/// All shared strings, end to end.
#[derive(Default)]
struct Strings {
    text: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        Some(&self.text[start..end])
    }
}

fn strings(archive: &mut Archive) -> Result<Strings> {
    let mut strings = Strings::default();
    if !archive.has("xl/sharedStrings.xml") {
        return Ok(strings);
    }
    let mut xml = part(archive, "xl/sharedStrings.xml", STRINGS_LIMIT).map_err(|error| too_large(archive, error))?;
    loop {
        match xml.next().map_err(|error| too_large(archive, error))? {
            Token::Over => return Ok(strings),
            Token::Start if xml.name() == b"si" => {
                let start = strings.text.len();
                text_runs(&mut xml, b"si", &mut strings.text).map_err(|error| too_large(archive, error))?;
                unescape(&mut strings.text, start);
                strings.ends.push(strings.text.len() as u32);
            }
            Token::Empty if xml.name() == b"si" => strings.ends.push(strings.text.len() as u32),
            _ => {}
        }
    }
}

/// Tells a bound that was reached from damage.
fn too_large(archive: &Archive, error: Error) -> Error {
    let is_bound = std::iter::successors(std::error::Error::source(&error), |cause| cause.source())
        .any(|cause| cause.to_string().contains("too large"));
    if is_bound {
        let message = "the workbook has more than 128 MiB of shared texts; save the sheet as CSV";
        return Error::input(message).at(archive.name());
    }
    error
}

/// Texts of the runs within an element; phonetic ones are left out.
fn text_runs(xml: &mut Xml, around: &[u8], into: &mut Vec<u8>) -> Result<()> {
    let (mut is_text, mut is_phonetic) = (false, false);
    loop {
        match xml.next()? {
            Token::Over => return Err(xml.damaged()),
            Token::Start if xml.name() == b"t" => is_text = true,
            Token::End if xml.name() == b"t" => is_text = false,
            Token::Start if xml.name() == b"rPh" => is_phonetic = true,
            Token::End if xml.name() == b"rPh" => is_phonetic = false,
            Token::End if xml.name() == around => return Ok(()),
            Token::Text if is_text && !is_phonetic => xml.add_text(into),
            _ => {}
        }
        if into.len() > STRINGS_LIMIT as usize {
            return Err(xml.damaged().with_cause("a text without end"));
        }
    }
}

/// Resolves `_x000D_`, the way in which workbooks write characters that XML cannot hold.
fn unescape(text: &mut Vec<u8>, start: usize) {
    let coded = |at: usize, text: &[u8]| -> Option<char> {
        let seven = text.get(at..at + 7)?;
        let digits = seven.strip_prefix(b"_x")?.strip_suffix(b"_")?;
        char::from_u32(u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?)
    };
    if !text[start..].windows(2).any(|two| two == b"_x") {
        return;
    }
    let written = text.split_off(start);
    let mut at = 0;
    while at < written.len() {
        if let Some(character) = coded(at, &written) {
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            at += 7;
        } else {
            text.push(written[at]);
            at += 1;
        }
    }
}

/// What each cell style shows.
fn styles(archive: &mut Archive) -> Result<Vec<Shown>> {
    let (mut codes, mut shown) = (HashMap::new(), Vec::new());
    if !archive.has("xl/styles.xml") {
        return Ok(shown);
    }
    let mut xml = part(archive, "xl/styles.xml", PART_LIMIT)?;
    let mut is_cells = false;
    loop {
        match xml.next()? {
            Token::Over => return Ok(shown),
            Token::Start | Token::Empty if xml.name() == b"numFmt" => {
                if let (Some(id), Some(code)) = (xml.number_attribute(b"numFmtId"), xml.text_attribute(b"formatCode")) {
                    codes.insert(id, cells::shown_by_code(&code));
                }
            }
            Token::Start if xml.name() == b"cellXfs" => is_cells = true,
            Token::End if xml.name() == b"cellXfs" => is_cells = false,
            Token::Start | Token::Empty if is_cells && xml.name() == b"xf" => {
                let id = xml.number_attribute(b"numFmtId").unwrap_or_default();
                shown.push(codes.get(&id).copied().unwrap_or_else(|| cells::shown_by_number(id)));
            }
            _ => {}
        }
    }
}

/// Rows of one sheet.
pub struct XlsxRows {
    xml: Xml,
    strings: Strings,
    shown: Vec<Shown>,
    is_1904: bool,
    number: u64,
    /// Text of the current cell.
    value: Vec<u8>,
    is_over: bool,
}

impl Rows for XlsxRows {
    fn next_row(&mut self, row: &mut CellRow) -> Result<bool> {
        row.clear();
        if self.is_over {
            return Ok(false);
        }
        let mut column = 0;
        loop {
            let token = self.xml.next()?;
            match (token, self.xml.name()) {
                (Token::Over, _) => return Err(self.xml.damaged()),
                (Token::End | Token::Empty, b"sheetData") => {
                    self.is_over = true;
                    return Ok(false);
                }
                (Token::Start | Token::Empty, b"row") => {
                    self.number = self.xml.number_attribute(b"r").unwrap_or(self.number + 1);
                    row.number = self.number;
                    if token == Token::Empty {
                        return Ok(true);
                    }
                }
                (Token::End, b"row") => return Ok(true),
                (Token::Start | Token::Empty, b"c") => {
                    column = self.xml.attribute(b"r").and_then(|r| column_of(&r)).unwrap_or(column);
                    if token == Token::Start {
                        self.cell()?;
                        row.push(column, 1, &self.value);
                    }
                    column += 1;
                }
                _ => {}
            }
            if row.bytes() > super::LONGEST_RECORD {
                // Said with its row by whoever asked.
                return Ok(true);
            }
        }
    }
}

impl XlsxRows {
    /// Reads a cell into `value`; the tag is the current token.
    fn cell(&mut self) -> Result<()> {
        let kind = self.xml.attribute(b"t");
        let style = self.xml.number_attribute(b"s").unwrap_or_default();
        self.value.clear();
        let mut is_value = false;
        loop {
            match (self.xml.next()?, self.xml.name()) {
                (Token::Over, _) => return Err(self.xml.damaged()),
                (Token::End, b"c") => break,
                (Token::Start, b"v") => is_value = true,
                (Token::End, b"v") => is_value = false,
                (Token::Start, b"is") => text_runs(&mut self.xml, b"is", &mut self.value)?,
                (Token::Text, _) if is_value => self.xml.add_text(&mut self.value),
                _ => {}
            }
            if self.value.len() > super::LONGEST_RECORD {
                return Err(self.xml.damaged().with_cause("a cell without end"));
            }
        }
        let text = std::str::from_utf8(&self.value).unwrap_or_default().trim();
        let value: Vec<u8> = match kind.as_deref() {
            Some(b"s") => match text.parse().ok().and_then(|index| self.strings.get(index)) {
                Some(shared) => shared.to_vec(),
                None if text.is_empty() => Vec::new(),
                None => return Err(self.xml.damaged().with_cause("a shared string that is not there")),
            },
            Some(b"inlineStr" | b"str") => {
                unescape(&mut self.value, 0);
                return Ok(());
            }
            Some(b"b") => {
                if text == "1" {
                    b"true".to_vec()
                } else {
                    b"false".to_vec()
                }
            }
            Some(b"d") => cells::iso(text.as_bytes()),
            Some(b"e") => return Ok(()),
            _ => self.number(text, style).unwrap_or_else(|| text.to_owned()).into_bytes(),
        };
        self.value = value;
        Ok(())
    }

    fn number(&self, text: &str, style: u64) -> Option<String> {
        let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
        let shown = usize::try_from(style).ok().and_then(|style| self.shown.get(style)).copied();
        match shown.unwrap_or(Shown::Number) {
            Shown::Number => Some(cells::number(value)),
            Shown::Date => cells::serial_date(value, self.is_1904),
            Shown::Duration => cells::duration(value),
        }
    }
}

/// Column of a reference such as `BC12`, the first is 0.
fn column_of(reference: &[u8]) -> Option<usize> {
    let mut column = 0_usize;
    for letter in reference.iter().take_while(|byte| byte.is_ascii_alphabetic()).take(4) {
        column = column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
    }
    column.checked_sub(1).filter(|column| *column < MOST_COLUMNS)
}
