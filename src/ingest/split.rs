//! One record of delimited text (RFC 4180) at a time, as ranges of bytes. Pure.
//!
//! Lenient like the `csv` crate, which the tests use as the judge: a quote inside a field that did not start with one is
//! an ordinary byte, and so is what follows a closing quote up to the next delimiter.

use std::ops::Range;

/// Where one field lies.
#[derive(Debug, Clone, Copy)]
struct Field {
    start: usize,
    end: usize,
    /// In the scratch buffer (a quoted field with doubled quotes), not in the text.
    unescaped: bool,
}

/// The fields of the record split last; reused from record to record.
#[derive(Debug)]
pub struct Splitter {
    delimiter: u8,
    fields: Vec<Field>,
    scratch: Vec<u8>,
}

/// How a record ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Where the next record starts.
    pub next: usize,
    /// Lines that the record covers: 1 and the line breaks inside quotes.
    pub lines: u64,
}

impl Splitter {
    /// A splitter for a delimiter.
    pub fn new(delimiter: u8) -> Self {
        Self { delimiter, fields: Vec::new(), scratch: Vec::new() }
    }

    /// Splits the record that starts at the beginning of `text`; `None` if its end is not in `text` and more may come
    /// (`is_last` false).
    pub fn split(&mut self, text: &[u8], is_last: bool) -> Option<Record> {
        self.fields.clear();
        self.scratch.clear();
        let mut start = 0;
        let mut lines = 1;
        loop {
            let end = if text.get(start) == Some(&b'"') {
                self.quoted(text, start, is_last, &mut lines)?
            } else {
                let end = find(text, start, self.delimiter, b'\n');
                let returned = text.get(end) != Some(&self.delimiter) && end > start && text[end - 1] == b'\r';
                self.fields.push(Field { start, end: end - usize::from(returned), unescaped: false });
                end
            };
            match text.get(end) {
                Some(byte) if *byte == self.delimiter => start = end + 1,
                Some(_) => return Some(Record { next: end + 1, lines }),
                None if is_last => return Some(Record { next: end, lines }),
                None => return None,
            }
        }
    }

    /// Takes the quoted field that starts at `open`; gives where the delimiter or line end after it stands.
    fn quoted(&mut self, text: &[u8], open: usize, is_last: bool, lines: &mut u64) -> Option<usize> {
        let mut start = open + 1;
        let scratch_start = self.scratch.len();
        loop {
            let close = find(text, start, b'"', b'\n');
            match text.get(close) {
                None if is_last => {
                    // A quote left open: the rest of the file is the field.
                    self.scratch.extend_from_slice(&text[start..]);
                    self.push_scratch(scratch_start);
                    return Some(text.len());
                }
                None => return None,
                Some(b'\n') => {
                    *lines += 1;
                    self.scratch.extend_from_slice(&text[start..=close]);
                    start = close + 1;
                }
                Some(_) if text.get(close + 1) == Some(&b'"') => {
                    self.scratch.extend_from_slice(&text[start..=close]);
                    start = close + 2;
                }
                // Whether the quote is doubled is not known yet.
                Some(_) if close + 1 == text.len() && !is_last => return None,
                Some(_) => {
                    let end = find(text, close + 1, self.delimiter, b'\n');
                    let at_line_end = text.get(end) != Some(&self.delimiter);
                    let returned = at_line_end && end > close + 1 && text[end - 1] == b'\r';
                    let tail = &text[close + 1..end - usize::from(returned)];
                    if tail.is_empty() && self.scratch.len() == scratch_start {
                        self.fields.push(Field { start, end: close, unescaped: false });
                    } else {
                        self.scratch.extend_from_slice(&text[start..close]);
                        self.scratch.extend_from_slice(tail);
                        self.push_scratch(scratch_start);
                    }
                    return Some(end);
                }
            }
        }
    }

    fn push_scratch(&mut self, start: usize) {
        self.fields.push(Field { start, end: self.scratch.len(), unescaped: true });
    }

    /// Number of fields of the record.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether the record is an empty line.
    pub fn is_blank(&self) -> bool {
        matches!(self.fields.as_slice(), [Field { start: 0, end: 0, unescaped: false }])
    }

    /// A field as it stands between its delimiters, quotes taken off; `text` is what was split.
    pub fn untrimmed<'a>(&'a self, text: &'a [u8], index: usize) -> &'a [u8] {
        match self.fields.get(index) {
            Some(field) if field.unescaped => &self.scratch[field.start..field.end],
            Some(field) => &text[field.start..field.end],
            None => &[],
        }
    }

    /// Where a field without the white space around it lies in `text`, which is what was split; nothing for a field with
    /// doubled quotes and beyond the last.
    #[inline]
    pub fn span(&self, text: &[u8], index: usize) -> Option<Range<usize>> {
        let Field { start, end, .. } = *self.fields.get(index).filter(|field| !field.unescaped)?;
        let field = &text[start..end];
        // Hardly a field is padded.
        if !field.first().is_some_and(u8::is_ascii_whitespace) && !field.last().is_some_and(u8::is_ascii_whitespace) {
            return Some(start..end);
        }
        let start = end - field.trim_ascii_start().len();
        Some(start..start + text[start..end].trim_ascii_end().len())
    }

    /// A field without the white space around it; `text` is what was split.
    #[inline]
    pub fn field<'a>(&'a self, text: &'a [u8], index: usize) -> &'a [u8] {
        match self.fields.get(index) {
            Some(field) if field.unescaped => self.scratch[field.start..field.end].trim_ascii(),
            Some(field) => text[field.start..field.end].trim_ascii(),
            None => &[],
        }
    }
}

/// Where each field of one record stands in its text, quotes and all.
pub fn spans(text: &[u8], delimiter: u8) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut start = 0;
    loop {
        let mut at = start;
        if text.get(at) == Some(&b'"') {
            loop {
                at = find(text, at + 1, b'"', b'"');
                if text.get(at + 1) != Some(&b'"') {
                    break;
                }
                at += 1;
            }
        }
        let end = find(text, at.min(text.len()), delimiter, delimiter);
        spans.push(start..end);
        if end >= text.len() {
            return spans;
        }
        start = end + 1;
    }
}

/// First position from `from` on that holds `a` or `b`; the length if there is none.
///
/// **Method.** Eight bytes at a time: a byte of `word ^ pattern` is zero where the pattern matches, and
/// `(x - 0x01…) & !x & 0x80…` has its lowest set bit in the first zero byte (Mycroft 1987).
#[inline]
fn find(text: &[u8], from: usize, a: u8, b: u8) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (pattern_a, pattern_b) = (ONES.wrapping_mul(u64::from(a)), ONES.wrapping_mul(u64::from(b)));
    let zeros = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
    let mut at = from;
    while let Some((eight, _)) = text.get(at..).and_then(|rest| rest.split_first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let hits = zeros(word ^ pattern_a) | zeros(word ^ pattern_b);
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().position(|byte| *byte == a || *byte == b).map_or(text.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All records, with the line on which each starts.
    fn records(text: &[u8]) -> Vec<(u64, Vec<Vec<u8>>)> {
        let mut splitter = Splitter::new(b',');
        let (mut at, mut line, mut found) = (0, 1, Vec::new());
        while at < text.len() {
            let record = splitter.split(&text[at..], true).unwrap();
            if !splitter.is_blank() {
                let fields: Vec<_> = (0..splitter.len()).map(|i| splitter.field(&text[at..], i).to_vec()).collect();
                for (index, field) in fields.iter().enumerate() {
                    let span = splitter.span(&text[at..], index);
                    assert!(span.is_none_or(|span| text[at..][span] == **field));
                }
                found.push((line, fields));
            }
            at += record.next;
            line += record.lines;
        }
        found
    }

    fn words(text: &str) -> Vec<(u64, Vec<String>)> {
        records(text.as_bytes())
            .into_iter()
            .map(|(line, fields)| (line, fields.into_iter().map(|f| String::from_utf8(f).unwrap()).collect()))
            .collect()
    }

    #[test]
    fn plain_quoted_and_doubled() {
        assert_eq!(
            words("a, b ,\"c,d\"\r\n\"say \"\"hi\"\"\",,x\n"),
            [
                (1, vec!["a".into(), "b".into(), "c,d".into()]),
                (2, vec!["say \"hi\"".into(), String::new(), "x".into()])
            ]
        );
    }

    #[test]
    fn line_breaks_inside_quotes_count_as_lines() {
        assert_eq!(
            words("a,\"two\nlines\"\n\nb,c"),
            [(1, vec!["a".into(), "two\nlines".into()]), (4, vec!["b".into(), "c".into()])]
        );
    }

    #[test]
    fn a_record_cut_anywhere_asks_for_more() {
        let whole = b"one,\"t\"\"wo\",\"th\nree\",four\r\n";
        let mut splitter = Splitter::new(b',');
        for cut in 0..whole.len() {
            assert_eq!(splitter.split(&whole[..cut], false), None, "cut at {cut}");
        }
        assert_eq!(splitter.split(whole, false), Some(Record { next: whole.len(), lines: 2 }));
        assert_eq!(splitter.len(), 4);
    }

    #[test]
    fn spans_are_where_the_fields_stand() {
        let text = b"a,\"b \"\"x\"\", c\", d ,\"\",";
        let found: Vec<&str> =
            spans(text, b',').into_iter().map(|span| std::str::from_utf8(&text[span]).unwrap()).collect();
        assert_eq!(found, ["a", "\"b \"\"x\"\", c\"", " d ", "\"\"", ""]);
    }

    proptest! {
        #[test]
        fn as_many_spans_as_fields(text in "[ab\", é]{1,60}") {
            let mut splitter = Splitter::new(b',');
            splitter.split(text.as_bytes(), true).unwrap();
            prop_assert_eq!(spans(text.as_bytes(), b',').len(), splitter.len());
        }

        #[test]
        fn same_fields_as_the_csv_crate(text in "[ab\",\n é]{0,60}") {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
            let theirs: Vec<Vec<Vec<u8>>> = reader
                .byte_records()
                .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
                .collect();
            let ours: Vec<Vec<Vec<u8>>> = records(text.as_bytes()).into_iter().map(|(_, fields)| fields).collect();
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn find_is_the_first_hit(text in proptest::collection::vec(0u8..=255, 0..40), from in 0usize..40) {
            let expected = text.iter().enumerate().skip(from).find(|(_, b)| **b == b',' || **b == b'\n');
            prop_assert_eq!(find(&text, from.min(text.len()), b',', b'\n'), expected.map_or(text.len(), |(i, _)| i));
        }
    }
}
