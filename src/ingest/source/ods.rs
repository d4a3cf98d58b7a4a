//! Spreadsheets in the open document format (.ods), one sheet as a stream of rows.
//!
//! Our own reader: cells and rows that repeat are written once in the file, and the reader on crates.io copies each of
//! them into memory before it looks at a bound.

use super::archive::Archive;
use super::cells;
use super::pick;
use super::sheet::{CellRow, Rows};
use super::xml::{Token, Xml};
use crate::error::{Error, Result};

/// Rows of the longest sheet there is.
const MOST_ROWS: u64 = 16 << 20;
/// Text that a file may unfold to by repeating rows.
const MOST_REPEATED: usize = 256 << 20;

/// Opens the one sheet with records.
///
/// # Errors
/// `Input` if the file is damaged or it is not plain which sheet is meant.
pub fn open(mut archive: Archive, sheet: Option<&str>) -> Result<OdsRows> {
    if is_encrypted(&mut archive)? {
        return Err(Error::input("the spreadsheet has a password; save it without").at(archive.name()));
    }
    let sheets = sheets(&mut archive)?;
    let names: Vec<String> = match sheet {
        Some(_) => sheets.iter().map(|(name, _)| name.clone()).collect(),
        None => sheets.iter().filter(|(_, has_cells)| *has_cells).map(|(name, _)| name.clone()).collect(),
    };
    let name = pick(&names, sheet, "sheet", "sheet", archive.name())?;
    let mut xml = content(&mut archive)?;
    loop {
        match xml.next()? {
            Token::Over => return Err(xml.damaged()),
            Token::Start if xml.name() == b"table" && xml.text_attribute(b"name").as_deref() == Some(name) => break,
            _ => {}
        }
    }
    Ok(OdsRows { xml, number: 0, repeats: 0, repeated: 0, value: Vec::new(), is_over: false })
}

fn content(archive: &mut Archive) -> Result<Xml> {
    let member = archive.member("content.xml")?;
    Xml::open(archive.name(), member)
}

/// Whether the list of parts says how they are encrypted.
fn is_encrypted(archive: &mut Archive) -> Result<bool> {
    if !archive.has("META-INF/manifest.xml") {
        return Ok(false);
    }
    let member = archive.member("META-INF/manifest.xml")?;
    let mut xml = Xml::open(archive.name(), member)?;
    loop {
        match (xml.next()?, xml.name()) {
            (Token::Over, _) => return Ok(false),
            (Token::Start | Token::Empty, b"encryption-data") => return Ok(true),
            _ => {}
        }
    }
}

/// Names of the sheets, and whether each has anything in it.
fn sheets(archive: &mut Archive) -> Result<Vec<(String, bool)>> {
    let mut xml = content(archive)?;
    let mut sheets: Vec<(String, bool)> = Vec::new();
    loop {
        match (xml.next()?, xml.name()) {
            (Token::Over, _) => return Ok(sheets),
            (Token::Start, b"table") => sheets.extend(xml.text_attribute(b"name").map(|name| (name, false))),
            (Token::Start | Token::Empty, b"table-cell") if xml.attribute(b"value-type").is_some() => {
                if let Some((_, has_cells)) = sheets.last_mut() {
                    *has_cells = true;
                }
            }
            _ => {}
        }
    }
}

/// Rows of one sheet.
pub struct OdsRows {
    xml: Xml,
    number: u64,
    /// How often the current row comes again.
    repeats: u64,
    /// Bytes of text that came of repeating.
    repeated: usize,
    value: Vec<u8>,
    is_over: bool,
}

impl Rows for OdsRows {
    fn next_row(&mut self, row: &mut CellRow) -> Result<bool> {
        if self.repeats > 0 {
            self.repeats -= 1;
            self.number += 1;
            row.number = self.number;
            self.repeated = self.repeated.saturating_add(row.bytes());
            if self.repeated > MOST_REPEATED {
                return Err(self.xml.damaged().with_cause("repeated rows without end"));
            }
            return Ok(true);
        }
        row.clear();
        while !self.is_over {
            match (self.xml.next()?, self.xml.name()) {
                (Token::Over, _) => return Err(self.xml.damaged()),
                (Token::End, b"table") => self.is_over = true,
                (token @ (Token::Start | Token::Empty), b"table-row") => {
                    let times = self.xml.number_attribute(b"number-rows-repeated").unwrap_or(1).clamp(1, MOST_ROWS);
                    if token == Token::Start {
                        self.cells(row)?;
                    }
                    if self.number + times > MOST_ROWS {
                        self.is_over = row.is_blank();
                        if !self.is_over {
                            return Err(self.xml.damaged().with_cause("more rows than a sheet has"));
                        }
                    }
                    self.number += 1;
                    row.number = self.number;
                    if row.is_blank() {
                        self.number += times - 1;
                        continue;
                    }
                    self.repeats = times - 1;
                    return Ok(true);
                }
                _ => {}
            }
        }
        Ok(false)
    }
}

impl OdsRows {
    /// Reads the cells of the row whose tag is the current token.
    fn cells(&mut self, row: &mut CellRow) -> Result<()> {
        let mut column = 0_usize;
        loop {
            match (self.xml.next()?, self.xml.name()) {
                (Token::Over, _) => return Err(self.xml.damaged()),
                (Token::End, b"table-row") => return Ok(()),
                (token @ (Token::Start | Token::Empty), b"table-cell" | b"covered-table-cell") => {
                    let repeats = self.xml.number_attribute(b"number-columns-repeated").unwrap_or(1).clamp(1, 1 << 20);
                    self.cell(token == Token::Start)?;
                    row.push(column, repeats as usize, &self.value);
                    column = column.saturating_add(repeats as usize);
                    if row.bytes() > super::LONGEST_RECORD {
                        return Err(self.xml.damaged().with_cause("a row without end"));
                    }
                }
                _ => {}
            }
        }
    }

    /// Reads a cell into `value`; the tag is the current token.
    fn cell(&mut self, has_content: bool) -> Result<()> {
        let kind = self.xml.attribute(b"value-type");
        let attribute = |name: &[u8]| self.xml.attribute(name);
        let typed = match kind.as_deref() {
            Some(b"float" | b"percentage" | b"currency") => attribute(b"value").map(|value| {
                let number = std::str::from_utf8(&value).ok().and_then(|text| text.trim().parse::<f64>().ok());
                number.filter(|number| number.is_finite()).map_or(value, |number| cells::number(number).into_bytes())
            }),
            Some(b"date") => attribute(b"date-value").map(|value| cells::iso(&value)),
            Some(b"time") => {
                attribute(b"time-value").map(|value| cells::iso_duration(&value).map_or(value, String::into_bytes))
            }
            Some(b"boolean") => attribute(b"boolean-value"),
            Some(b"string") => attribute(b"string-value"),
            _ => None,
        };
        self.value.clear();
        if has_content {
            self.content()?;
        }
        match typed {
            Some(value) => self.value = value,
            // Without a type there is no value: what stands there is decoration.
            None if kind.is_none() => self.value.clear(),
            None => {}
        }
        Ok(())
    }

    /// Reads the paragraphs of a cell up to its end; notes are left out.
    fn content(&mut self) -> Result<()> {
        let (mut depth, mut paragraphs, mut in_paragraph, mut in_note) = (1, 0, 0, 0);
        while depth > 0 {
            let token = self.xml.next()?;
            let name = self.xml.name();
            let is_note = name == b"annotation";
            match token {
                Token::Over => return Err(self.xml.damaged()),
                Token::Start => {
                    depth += 1;
                    in_note += i32::from(is_note);
                    if name == b"p" && in_note == 0 {
                        if paragraphs > 0 {
                            self.value.push(b'\n');
                        }
                        paragraphs += 1;
                        in_paragraph += 1;
                    }
                }
                Token::End => {
                    depth -= 1;
                    in_note -= i32::from(is_note);
                    if name == b"p" && in_note == 0 {
                        in_paragraph -= 1;
                    }
                }
                Token::Empty if in_note == 0 => match name {
                    b"s" => {
                        let count = self.xml.number_attribute(b"c").unwrap_or(1).min(4096);
                        self.value.extend(std::iter::repeat_n(b' ', count as usize));
                    }
                    b"tab" => self.value.push(b'\t'),
                    b"line-break" => self.value.push(b'\n'),
                    _ => {}
                },
                Token::Text if in_paragraph > 0 && in_note == 0 => self.xml.add_text(&mut self.value),
                _ => {}
            }
            if self.value.len() > super::LONGEST_RECORD {
                return Err(self.xml.damaged().with_cause("a cell without end"));
            }
        }
        Ok(())
    }
}
