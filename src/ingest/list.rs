//! A short list out of a workbook or a CSV file: its header and its rows as they are, without a feed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::source::archive::{Archive, Holds};
use super::source::sheet::Sheet;
use super::source::{Kind, Opened, Records, ods, xlsx};
use crate::error::{Error, Result};

/// Rows of the longest list.
const MOST_ROWS: usize = 10_000;
/// Bytes of the largest file of text.
const MOST_BYTES: u64 = 16 << 20;

/// Header and rows.
pub type List = (Vec<String>, Vec<Vec<String>>);

/// Reads a list: the first sheet with anything in it of an .xlsx or .ods workbook (`sheet` names another), or CSV.
///
/// # Errors
/// `Missing` without the file; `Input` if it is no list, or too long for one.
pub fn read(path: &Path, sheet: Option<&str>) -> Result<List> {
    let place = path.display().to_string();
    let failed = |cause: std::io::Error| match cause.kind() {
        std::io::ErrorKind::NotFound => Error::missing("there is no such file").at(place.clone()),
        _ => Error::input("the file cannot be read").at(place.clone()).with_cause(cause),
    };
    let facts = std::fs::metadata(path).map_err(failed)?;
    let suffix = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    if ["xlsx", "xlsm", "ods"].contains(&suffix.as_str()) {
        let file: Arc<str> = place.as_str().into();
        let archive = Archive::open(path, &place, Arc::new(AtomicU64::new(0)))?;
        return match archive.holds()? {
            Holds::Xlsx => rows(Sheet::open(xlsx::open(archive, sheet)?, &file, None, b',')?, &place),
            Holds::Ods => rows(Sheet::open(ods::open(archive, sheet)?, &file, None, b',')?, &place),
            Holds::Files => Err(Error::input("this is an archive of files, not a workbook").at(place)),
        };
    }
    if facts.len() > MOST_BYTES {
        return Err(Error::input(format!("has {} bytes; a list of measures is shorter", facts.len())).at(place));
    }
    let text = std::fs::read(path).map_err(failed)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let unread = |cause: csv::Error| Error::input("is not CSV of UTF-8 text").at(place.clone()).with_cause(cause);
    let header = reader.headers().map_err(unread)?.iter().map(str::to_owned).collect();
    let mut out = Vec::new();
    for record in reader.records().take(MOST_ROWS) {
        out.push(record.map_err(unread)?.iter().map(str::to_owned).collect());
    }
    Ok((header, out))
}

fn rows<R: Records>(opened: Opened<R>, place: &str) -> Result<List> {
    let Opened { header, mut records, .. } = opened;
    let mut out = Vec::new();
    while let Some(shape) = records.advance()? {
        if !matches!(shape.kind, Kind::Row(_)) {
            continue;
        }
        if out.len() == MOST_ROWS {
            return Err(Error::input(format!("has more than {MOST_ROWS} rows; is it a list of measures?")).at(place));
        }
        let cell = |at: usize| String::from_utf8_lossy(records.field(at)).into_owned();
        out.push((0..header.len()).map(cell).collect());
    }
    Ok((header, out))
}
