//! UTF-16 and Windows-1252 → UTF-8, on the way. UTF-8 itself does not pass through here.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// In which the text of a feed's files is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8, unless the file begins with another mark.
    #[default]
    Utf8,
    /// UTF-16, little end first unless the file's mark or its zeros say otherwise.
    Utf16,
    /// Windows-1252, which older Windows programs call ANSI.
    Windows1252,
}

impl Encoding {
    /// The encoding of a name in a feed file.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" => Some(Self::Utf8),
            "utf-16" => Some(Self::Utf16),
            "windows-1252" => Some(Self::Windows1252),
            _ => None,
        }
    }
}

/// What a beginning is written in, and how long its byte order mark is. A mark wins over the feed.
pub fn detect(head: &[u8], feed: Encoding) -> (Option<&'static encoding_rs::Encoding>, usize) {
    match head {
        [0xef, 0xbb, 0xbf, ..] => (None, 3),
        [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
        _ => match (zeros(head), feed) {
            (Some(Zeros::Even), _) => (Some(UTF_16BE), 0),
            (Some(Zeros::Odd), _) | (None, Encoding::Utf16) => (Some(UTF_16LE), 0),
            (None, Encoding::Windows1252) => (Some(WINDOWS_1252), 0),
            (None, Encoding::Utf8) => (None, 0),
        },
    }
}

enum Zeros {
    Even,
    Odd,
}

/// Whether every second byte is zero and no other: ASCII names in UTF-16.
fn zeros(head: &[u8]) -> Option<Zeros> {
    let head = &head[..head.len().min(16) & !1];
    let all =
        |remainder: usize, is_zero: bool| head.iter().skip(remainder).step_by(2).all(|byte| (*byte == 0) == is_zero);
    if head.len() < 4 {
        return None;
    }
    match (all(0, true) && all(1, false), all(0, false) && all(1, true)) {
        (true, _) => Some(Zeros::Even),
        (_, true) => Some(Zeros::Odd),
        _ => None,
    }
}

const BUFFER: usize = 64 << 10;
/// Stands for what cannot be decoded: no UTF-8 text holds this byte, so the field is refused where it is checked.
const NO_CHARACTER: u8 = 0xff;

/// A stream in another encoding, read as UTF-8.
pub struct Decoded<R> {
    source: R,
    decoder: Decoder,
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: Vec<u8>,
    given: usize,
    at_end: bool,
    is_over: bool,
}

impl<R: Read> Decoded<R> {
    /// Decodes what follows the byte order mark.
    pub fn new(source: R, encoding: &'static encoding_rs::Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; BUFFER],
            start: 0,
            end: 0,
            output: Vec::with_capacity(BUFFER * 3 + 16),
            given: 0,
            at_end: false,
            is_over: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.output.clear();
        self.given = 0;
        while self.output.is_empty() && !self.is_over {
            if self.start == self.end && !self.at_end {
                self.start = 0;
                self.end = self.source.read(&mut self.input)?;
                self.at_end = self.end == 0;
            }
            let mut into = [0_u8; 8192];
            let input = &self.input[self.start..self.end];
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, &mut into, self.at_end);
            self.start += read;
            self.output.extend_from_slice(&into[..written]);
            match result {
                DecoderResult::InputEmpty => self.is_over = self.at_end,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.output.push(NO_CHARACTER),
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.output.len() {
            self.refill()?;
        }
        let count = into.len().min(self.output.len() - self.given);
        into[..count].copy_from_slice(&self.output[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows_1252(text: &str) -> Vec<u8> {
        let (bytes, _, replaced) = WINDOWS_1252.encode(text);
        assert!(!replaced);
        bytes.into_owned()
    }

    fn decoded(bytes: &[u8], feed: Encoding) -> Vec<u8> {
        let (encoding, mark) = detect(bytes, feed);
        let mut text = Vec::new();
        match encoding {
            Some(encoding) => Decoded::new(&bytes[mark..], encoding).read_to_end(&mut text).unwrap(),
            None => (&bytes[mark..]).read_to_end(&mut text).unwrap(),
        };
        text
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "id,why\n1,Grève d’Azette – 5 €\n".repeat(9_000);
        let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        for (bytes, feed) in [
            (text.clone().into_bytes(), Encoding::Utf8),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), Encoding::Windows1252),
            (little.clone(), Encoding::Utf8),
            (big.clone(), Encoding::Utf16),
            ([&b"\xff\xfe"[..], &little].concat(), Encoding::Utf8),
            ([&b"\xfe\xff"[..], &big].concat(), Encoding::Utf8),
            (windows_1252(&text), Encoding::Windows1252),
        ] {
            assert!(decoded(&bytes, feed) == text.as_bytes(), "{feed:?} {:?}", &bytes[..6]);
        }
    }

    #[test]
    fn what_is_no_character_becomes_no_text() {
        // Half of a pair, and half of a unit.
        let text = decoded(b"\xff\xfea\0\x00\xd8b\0c", Encoding::Utf8);
        assert_eq!(text, b"a\xffb\xff");
        assert!(std::str::from_utf8(&text).is_err());
        assert_eq!(decoded(b"", Encoding::Utf16), b"");
    }
}
