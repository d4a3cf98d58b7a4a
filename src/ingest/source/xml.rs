//! The little of XML that workbooks need: tags, attributes and text, one token at a time, no token longer than 4 MiB.
//!
//! Document types are refused, so there are no entities but the five of the language and numbered characters: nothing in
//! a file can grow beyond its own length.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use super::decode::{Decoded, Encoding, detect};
use super::layers::Peeked;
use super::window::Window;
use crate::error::{Error, Result};

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// An opening tag.
    Start,
    /// An opening tag that closes itself.
    Empty,
    /// A closing tag.
    End,
    /// Text between tags.
    Text,
    /// Nothing more.
    Over,
}

/// A run of tokens.
pub struct Xml {
    window: Window,
    /// Length of the current token, which stands at the start of the window.
    length: usize,
    /// Where the name of the current tag stands in it, without its prefix.
    name: Range<usize>,
    is_verbatim: bool,
}

const HINT: &str = " of XML";

impl Xml {
    /// The beginning of a member of a workbook; `file` is named in messages.
    ///
    /// # Errors
    /// `Input` if it cannot be read.
    pub fn open(file: &str, member: impl Read + Send + 'static) -> Result<Self> {
        let mut stream = Peeked::new(Box::new(member));
        let head = stream.peek(16).map_err(|cause| super::damaged(file, "the workbook").with_cause(cause))?;
        let (encoding, mark) = detect(head, Encoding::Utf8);
        stream.drop_head(mark);
        let text: Box<dyn Read + Send> = match encoding {
            Some(encoding) => Box::new(Decoded::new(stream, encoding)),
            None => Box::new(stream),
        };
        Ok(Self { window: Window::new(Arc::from(file), text), length: 0, name: 0..0, is_verbatim: false })
    }

    /// The error of a file that is not what it should be.
    pub fn damaged(&self) -> Error {
        super::damaged(self.window.file(), "the workbook")
    }

    /// Goes on to the next token.
    ///
    /// # Errors
    /// `Input` if the text breaks off, has a document type, or one token is longer than 4 MiB.
    pub fn next(&mut self) -> Result<Token> {
        self.window.skip(std::mem::take(&mut self.length));
        loop {
            let text = self.window.text();
            match token(text, self.window.at_end()) {
                Found::Token(token, length, is_verbatim) => {
                    self.name = if token == Token::Text { 0..0 } else { name_in(&text[..length]) };
                    self.length = length;
                    self.is_verbatim = is_verbatim;
                    return Ok(token);
                }
                Found::PassOver(length) => self.window.skip(length),
                Found::Refused => return Err(self.damaged().with_cause("a document type")),
                Found::CutShort if self.window.at_end() => return Err(self.damaged().with_cause("ends in a tag")),
                Found::CutShort => self.window.fill(1, HINT)?,
            }
        }
    }

    /// The current token as it is written.
    fn token(&self) -> &[u8] {
        &self.window.text()[..self.length]
    }

    /// Name of the current tag, without its prefix.
    pub fn name(&self) -> &[u8] {
        &self.window.text()[self.name.clone()]
    }

    /// An attribute of the current tag by its name without prefix.
    pub fn attribute(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut rest = self.token();
        rest = &rest[rest.iter().position(u8::is_ascii_whitespace)?..];
        loop {
            rest = rest.trim_ascii_start();
            let equals = rest.iter().position(|byte| *byte == b'=')?;
            let key = rest[..equals].trim_ascii();
            rest = rest[equals + 1..].trim_ascii_start();
            let quote = *rest.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
            let end = 1 + rest[1..].iter().position(|byte| *byte == quote)?;
            if local(key) == name {
                let mut value = Vec::with_capacity(end);
                unescape(&rest[1..end], &mut value);
                return Some(value);
            }
            rest = &rest[end + 1..];
        }
    }

    /// An attribute as UTF-8 text.
    pub fn text_attribute(&self, name: &[u8]) -> Option<String> {
        String::from_utf8(self.attribute(name)?).ok()
    }

    /// An attribute as a number.
    pub fn number_attribute(&self, name: &[u8]) -> Option<u64> {
        self.text_attribute(name)?.trim().parse().ok()
    }

    /// Adds the current text token, entities resolved.
    pub fn add_text(&self, into: &mut Vec<u8>) {
        if self.is_verbatim {
            let inner = self.token().strip_prefix(b"<![CDATA[").and_then(|text| text.strip_suffix(b"]]>"));
            into.extend_from_slice(inner.unwrap_or_default());
        } else {
            unescape(self.token(), into);
        }
    }
}

/// Where the name of a tag stands in it, without its prefix.
fn name_in(tag: &[u8]) -> Range<usize> {
    let mut start = if tag.get(1) == Some(&b'/') { 2 } else { 1 };
    for (at, byte) in tag.iter().enumerate().skip(start) {
        match byte {
            b':' => start = at + 1,
            b'>' | b'/' => return start..at,
            byte if byte.is_ascii_whitespace() => return start..at,
            _ => {}
        }
    }
    0..0
}

fn local(name: &[u8]) -> &[u8] {
    name.iter().rposition(|byte| *byte == b':').map_or(name, |at| &name[at + 1..])
}

enum Found {
    /// Token, its length, and whether it is verbatim text.
    Token(Token, usize, bool),
    PassOver(usize),
    Refused,
    CutShort,
}

/// The token at the beginning of a text.
fn token(text: &[u8], at_end: bool) -> Found {
    let until = |end: &[u8]| text.windows(end.len()).position(|found| found == end).map(|at| at + end.len());
    match text {
        [] if at_end => Found::Token(Token::Over, 0, false),
        [] => Found::CutShort,
        [b'<', b'?', ..] => until(b"?>").map_or(Found::CutShort, Found::PassOver),
        [b'<', b'!', b'-', b'-', ..] => until(b"-->").map_or(Found::CutShort, Found::PassOver),
        [b'<', b'!', b'[', ..] => {
            until(b"]]>").map_or(Found::CutShort, |length| Found::Token(Token::Text, length, true))
        }
        [b'<', b'!', _, ..] => Found::Refused,
        [b'<', ..] => tag_length(text).map_or(Found::CutShort, |length| {
            let kind = match (&text[..length], text[1]) {
                (_, b'/') => Token::End,
                ([.., b'/', b'>'], _) => Token::Empty,
                _ => Token::Start,
            };
            Found::Token(kind, length, false)
        }),
        _ => match text.iter().position(|byte| *byte == b'<') {
            Some(length) => Found::Token(Token::Text, length, false),
            None if at_end => Found::Token(Token::Text, text.len(), false),
            None => Found::CutShort,
        },
    }
}

/// Length of the tag at the beginning; a `>` within quotes does not end it.
fn tag_length(text: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.iter().enumerate().skip(1) {
        match (quote, byte) {
            (None, b'>') if at > 1 => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Adds a text with its entities resolved. What is none stays as it is.
fn unescape(text: &[u8], into: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'&') {
        into.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let end = rest.iter().take(12).position(|byte| *byte == b';');
        let character = end.and_then(|end| entity(&rest[1..end]));
        if let (Some(end), Some(character)) = (end, character) {
            into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[end + 1..];
        } else {
            into.push(b'&');
            rest = &rest[1..];
        }
    }
    into.extend_from_slice(rest);
}

fn entity(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => {
            char::from_u32(u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?)
        }
        [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn tokens(text: &str) -> Result<Vec<String>> {
        let mut xml = Xml::open("x.xlsx", Cursor::new(text.to_owned().into_bytes()))?;
        let mut found = Vec::new();
        loop {
            let token = xml.next()?;
            let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            found.push(match token {
                Token::Over => return Ok(found),
                Token::Text => {
                    let mut text = Vec::new();
                    xml.add_text(&mut text);
                    words(&text)
                }
                _ => format!("{token:?} {} {}", words(xml.name()), words(&xml.attribute(b"r").unwrap_or_default())),
            });
        }
    }

    #[test]
    fn tags_attributes_and_text() {
        let text = "<?xml version='1.0'?><!-- a > b --><x:row a=\"1\" x:r='>&lt;&#233;'><c r=\"B2\"/>a &amp; &b;<![CDATA[<&>]]></x:row>";
        assert_eq!(tokens(text).unwrap(), ["Start row ><é", "Empty c B2", "a & &b;", "<&>", "End row "]);
        assert_eq!(tokens("").unwrap(), [] as [&str; 0]);
    }

    #[test]
    fn what_breaks_off_or_could_grow_is_refused() {
        for text in ["<row", "<row a='>", "<!-- a", "<a/><![CDATA[ a", "<!DOCTYPE x [<!ENTITY a 'b'>]><a/>"] {
            assert!(tokens(text).is_err(), "{text}");
        }
        let error = tokens(&format!("<a>{}", "x".repeat(6 << 20))).unwrap_err();
        assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
    }
}
