//! The source's own count of the rows it sent: beside the extract, or in its last row.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::reject::{Reason, Reject};
use crate::error::{Error, Result};

/// Where a source states how many rows it sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Total {
    /// In a file beside the extract, whose name is the extract's with this ending and which holds one whole number.
    Sidecar(String),
    /// In the last row: this word in the first field, the number of rows before it in the second.
    Trailer(String),
}

/// The keys of `[total]` in a feed file: one of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTotal {
    sidecar: Option<String>,
    trailer: Option<String>,
}

impl RawTotal {
    /// Checks the keys; the complaint is a sentence for the feed file's author.
    pub fn checked(&self) -> std::result::Result<Total, &'static str> {
        match (self.sidecar.as_deref(), self.trailer.as_deref()) {
            (Some(ending), None) if ending.len() > 1 && ending.starts_with('.') && !ending.contains(['/', '\\']) => {
                Ok(Total::Sidecar(ending.to_owned()))
            }
            (Some(_), None) => Err("a sidecar is an ending such as \".count\""),
            (None, Some(word)) if !word.trim().is_empty() => Ok(Total::Trailer(word.trim().to_owned())),
            (None, Some(_)) => Err("a trailer is the word in the first field of the last row, such as \"TOTAL\""),
            _ => Err("write either sidecar = \".count\" or trailer = \"TOTAL\""),
        }
    }
}

/// Longest count file that is read, in bytes.
const LONGEST_COUNT: u64 = 64;

/// The count that stands in a file beside the extract; `None` if there is no such file.
///
/// # Errors
/// `Input` if the file cannot be read or holds anything but one whole number.
pub fn beside(extract: &Path, ending: &str) -> Result<Option<u64>> {
    let mut name = extract.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    let path = extract.with_file_name(&name);
    let place = name.to_string_lossy().into_owned();
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(Error::input("the count file cannot be read").at(place).with_cause(cause)),
    };
    let mut text = String::new();
    file.take(LONGEST_COUNT + 1)
        .read_to_string(&mut text)
        .map_err(|cause| Error::input("the count file is not text").at(place.clone()).with_cause(cause))?;
    let count = whole_number(text.trim_start_matches('\u{feff}').trim().as_bytes());
    match count.filter(|_| text.len() as u64 <= LONGEST_COUNT) {
        Some(count) => Ok(Some(count)),
        None => Err(Error::input("the count file should hold one whole number and nothing else").at(place)),
    }
}

/// Looks out for the total row of a file while its rows go by. It is the last one, so only the end of the file tells.
#[derive(Debug)]
pub struct Trailer {
    word: String,
    /// Line and count of the total row that may be the last.
    held: Option<(u64, u64)>,
}

impl Trailer {
    /// Of a feed whose last row starts with a word; `None` for other feeds.
    pub fn of(total: Option<&Total>) -> Option<Self> {
        match total {
            Some(Total::Trailer(word)) => Some(Self { word: word.clone(), held: None }),
            _ => None,
        }
    }

    /// Takes the next row of the file, whatever its number of fields; says whether it is the total row, which is neither
    /// a record nor refused. If a total row was seen before, it was not the last: then that one is refused.
    pub fn take<'f>(
        &mut self,
        file: &Arc<str>,
        line: u64,
        mut fields: impl Iterator<Item = &'f [u8]>,
    ) -> (bool, Option<Reject>) {
        let refused = self.held.take().map(|(line, _)| Reject {
            file: Arc::clone(file),
            line,
            reason: Reason::ColumnCount,
            column: None,
            message: "a total row may only be the last row of the file".into(),
        });
        if fields.next() == Some(self.word.as_bytes())
            && let Some(count) = fields.next().and_then(whole_number)
        {
            self.held = Some((line, count));
        }
        (self.held.is_some(), refused)
    }

    /// Rows that the source says it sent, once the file is at its end; `None` without a total row.
    pub fn stated(&self) -> Option<u64> {
        self.held.map(|(_, count)| count)
    }
}

/// Digits, perhaps in groups of three: `12345` or `12,345`.
fn whole_number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let groups: Vec<&str> = text.split(',').collect();
    let grouped = groups.len() == 1 || groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3);
    let digits = groups.concat();
    (grouped && !groups[0].is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(rows: &[&str]) -> (Vec<u64>, Vec<u64>, Option<u64>) {
        let mut trailer = Trailer::of(Some(&Total::Trailer("TOTAL".into()))).unwrap();
        let file: Arc<str> = "x.csv".into();
        let (mut totals, mut refused) = (Vec::new(), Vec::new());
        for (line, row) in (2..).zip(rows) {
            let (is_total, reject) = trailer.take(&file, line, row.split(';').map(str::as_bytes));
            totals.extend(is_total.then_some(line));
            refused.extend(reject.map(|reject| reject.line));
        }
        (totals, refused, trailer.stated())
    }

    #[test]
    fn only_the_last_row_is_the_total() {
        assert_eq!(seen(&["a;1", "b;2", "TOTAL;2"]), (vec![4], vec![], Some(2)));
        assert_eq!(seen(&["a;1", "TOTAL;1;;", "b;2"]), (vec![3], vec![3], None));
        assert_eq!(seen(&["TOTAL;1", "TOTAL;1,204"]), (vec![2, 3], vec![2], Some(1_204)));
        assert_eq!(seen(&["TOTAL;one", "TOTAL", "total;2"]), (vec![], vec![], None));
    }

    #[test]
    fn whole_numbers_only() {
        for (text, number) in [("0", Some(0)), ("1234", Some(1234)), ("1,234,567", Some(1_234_567))] {
            assert_eq!(whole_number(text.as_bytes()), number, "{text}");
        }
        for text in ["", "-1", "1.0", "12,34", ",123", "1234,567", "1 234", "99999999999999999999999"] {
            assert_eq!(whole_number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_count_beside_an_extract() {
        let folder = tempfile::tempdir().unwrap();
        let extract = folder.path().join("x.csv.gz");
        assert_eq!(beside(&extract, ".count").unwrap(), None);
        let count = folder.path().join("x.csv.gz.count");
        std::fs::write(&count, "\u{feff}12,345\r\n").unwrap();
        assert_eq!(beside(&extract, ".count").unwrap(), Some(12_345));
        for wrong in ["", "twelve", "1 2", &"1".repeat(100)] {
            std::fs::write(&count, wrong).unwrap();
            let error = beside(&extract, ".count").unwrap_err();
            assert_eq!(error.place(), Some("x.csv.gz.count"), "{error}");
        }
    }

    #[test]
    fn one_of_two_ways() {
        let checked = |text: &str| toml::from_str::<RawTotal>(text).unwrap().checked();
        assert_eq!(checked("sidecar = \".count\""), Ok(Total::Sidecar(".count".into())));
        assert_eq!(checked("trailer = \"TOTAL\""), Ok(Total::Trailer("TOTAL".into())));
        for wrong in
            ["", "sidecar = \"count\"", "sidecar = \"./../x\"", "trailer = \" \"", "sidecar = \".c\"\ntrailer = \"T\""]
        {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }
}
