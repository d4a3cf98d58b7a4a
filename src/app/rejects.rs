//! Refused rows: where they stand (from the store, never a value), and the rows themselves from the source files, for the
//! person who corrects them and loads them again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use serde::Serialize;

use super::App;
use super::load::{file_digest, file_name};
use crate::engine::Value;
use crate::error::{Error, Result};
use crate::ingest::read::{REJECT_COLUMNS, each_raw_row, raw_rows};
use crate::ingest::{Feed, RawRow, Reject};
use crate::model::access::{Action, Principal};
use crate::store::AsOf;

/// Where a refused row stands, and why it was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectRow {
    /// Number of the load in the ledger.
    pub load: i64,
    /// Feed of the load.
    pub feed: String,
    /// File name.
    pub file: String,
    /// Line on which the row starts, or its number where a format has no lines.
    pub line: i64,
    /// Source column at fault; empty if none is.
    pub column: String,
    /// Reason of the closed list.
    pub reason: String,
    /// What was wanted.
    pub message: String,
}

/// Refused rows of one load or of all, newest load first.
///
/// # Errors
/// `Denied`, or `Data` if the store cannot be read.
pub async fn list(app: &App, who: &Principal, load: Option<u64>, limit: Option<u64>) -> Result<Vec<RejectRow>> {
    let subject = load.map_or_else(|| "every load".to_owned(), |load| format!("load {load}"));
    app.enter(who, Action::ReadLedger, "rejects list", &subject)?;
    stored(app, load, limit).await
}

async fn stored(app: &App, load: Option<u64>, limit: Option<u64>) -> Result<Vec<RejectRow>> {
    let number = |n: Option<u64>| n.map_or(Value::Null, |n| Value::Int(i64::try_from(n).unwrap_or(i64::MAX)));
    let params = BTreeMap::from([("load".to_owned(), number(load)), ("limit".to_owned(), number(limit))]);
    let answer = app.engine.snapshot(AsOf::Newest).await?.query("reject_rows", &params).await?;
    let mut rows = Vec::new();
    for batch in &answer.batches {
        let (load, line) = (ints(batch, "load")?, ints(batch, "line")?);
        let [feed, file, column, reason, message] =
            ["feed", "file", "column_name", "reason", "message"].map(|name| texts(batch, name));
        let (feed, file, column, reason, message) = (feed?, file?, column?, reason?, message?);
        let text = |array: &StringArray, row: usize| {
            if array.is_null(row) { String::new() } else { array.value(row).to_owned() }
        };
        rows.extend((0..batch.num_rows()).map(|row| RejectRow {
            load: load.value(row),
            feed: text(&feed, row),
            file: text(&file, row),
            line: line.value(row),
            column: text(&column, row),
            reason: text(&reason, row),
            message: text(&message, row),
        }));
    }
    Ok(rows)
}

fn ints(batch: &RecordBatch, name: &str) -> Result<Int64Array> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>().cloned());
    column.ok_or_else(|| Error::bug(format!("reject_rows has no number {name}")))
}

fn texts(batch: &RecordBatch, name: &str) -> Result<StringArray> {
    let column =
        batch.column_by_name(name).map(|column| arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8));
    let column = column.and_then(std::result::Result::ok).and_then(|column| column.as_string_opt::<i32>().cloned());
    column.ok_or_else(|| Error::bug(format!("reject_rows has no text {name}")))
}

/// What an export wrote.
#[derive(Debug, Clone, Serialize)]
pub struct Export {
    /// The file.
    pub file: PathBuf,
    /// Refused rows in it.
    pub rows: u64,
}

/// Exports the refused rows of a load from its source files, which must be the very files that were loaded.
///
/// # Errors
/// `Denied`; `Missing` for a load that is not in the ledger; `Input` for files that are not those of the load.
pub async fn export(
    app: &App,
    who: &Principal,
    load: u64,
    feed: Option<&str>,
    files: &[PathBuf],
    out: &Path,
) -> Result<Export> {
    let names: Vec<String> = files.iter().map(|path| file_name(path)).collect();
    app.enter(who, Action::Load, "rejects export", &format!("load {load}: {}", names.join(", ")))?;
    check_out(files, out)?;
    let ledger = app.store.loads()?;
    let record = ledger
        .iter()
        .find(|one| one.load_id == load)
        .ok_or_else(|| Error::missing(format!("there is no load {load} in the ledger; `vigie loads` lists them")))?;
    let feed = open_feed(feed.unwrap_or(&record.feed), &record.feed)?;
    let mut wanted = Vec::new();
    for path in files {
        let sha256 = file_digest(path)?;
        let Some(loaded) = record.files.iter().find(|file| file.sha256 == sha256) else {
            return Err(Error::input(format!(
                "this is not a file of load {load}, or it was changed since: its SHA-256 is not in the ledger"
            ))
            .at(path.display().to_string()));
        };
        // The same bytes loaded again leave no second set of rejects.
        let same = |one: &&crate::store::LoadRecord| {
            one.feed == record.feed && one.files.iter().any(|file| file.sha256 == sha256)
        };
        let first = ledger.iter().filter(same).map(|one| one.load_id).min().unwrap_or(load);
        let rows = stored(app, Some(first), None).await?;
        let rows = rows.into_iter().filter(|row| row.file == loaded.name && row.feed == record.feed);
        wanted.push((path.clone(), rows.map(|row| (u64::try_from(row.line).unwrap_or(0), Why::of(row))).collect()));
    }
    write_rows(&feed, &wanted, out)
}

/// The feed of a load: the ledger has its name, which is enough for a built-in one.
fn open_feed(named: &str, name: &str) -> Result<Feed> {
    let feed = Feed::open(named).map_err(|error| {
        if named == name && Feed::builtin_text(name).is_none() {
            return Error::input(format!("feed {name} is not built in: name its file with --feed"));
        }
        error
    })?;
    if feed.name == name {
        return Ok(feed);
    }
    Err(Error::input(format!("the load was made with feed {name}, not {}", feed.name)))
}

/// Exports rows that a load has just refused.
///
/// # Errors
/// `Denied`; `Input` if a file cannot be read again or the export not be written.
pub fn write(
    app: &App,
    who: &Principal,
    feed: &str,
    files: &[PathBuf],
    rejects: &[Reject],
    out: &Path,
) -> Result<Export> {
    app.enter(who, Action::Load, "rejects export", &subject(feed, files))?;
    check_out(files, out)?;
    let feed = Feed::open(feed)?;
    let of_file = |path: &PathBuf| {
        let name = file_name(path);
        let own = rejects.iter().filter(|reject| *reject.file == *name);
        (path.clone(), own.map(|reject| (reject.line, Why::from(reject))).collect())
    };
    write_rows(&feed, &files.iter().map(of_file).collect::<Vec<_>>(), out)
}

fn subject(feed: &str, files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|path| file_name(path)).collect();
    format!("{feed}: {}", names.join(", "))
}

/// Refuses an export that could not be told apart from its sources, before any work is done.
///
/// # Errors
/// `Input` saying what is wrong with the names.
pub fn check_out(files: &[PathBuf], out: &Path) -> Result<()> {
    let wrong = |message: &str| Err(Error::input(message.to_owned()).at(out.display().to_string()));
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if out.is_dir() || !parent.is_dir() {
        return wrong("the refused rows cannot be written here: name a file in a folder that exists");
    }
    let same =
        |path: &PathBuf| fs::canonicalize(path).ok().is_some_and(|path| fs::canonicalize(out).ok() == Some(path));
    if files.iter().any(same) {
        return wrong("this is one of the files to load; write the refused rows to another");
    }
    let names: BTreeSet<String> = files.iter().map(|path| file_name(path)).collect();
    if names.len() < files.len() {
        return wrong("two of the files have one name, so their rows could not be told apart; load them one by one");
    }
    Ok(())
}

/// Why a row was refused, as the export says it.
struct Why {
    reason: String,
    column: String,
    message: String,
}

impl Why {
    fn of(row: RejectRow) -> Self {
        Self { reason: row.reason, column: row.column, message: row.message }
    }
}

impl From<&Reject> for Why {
    fn from(reject: &Reject) -> Self {
        Self {
            reason: reject.reason.name().to_owned(),
            column: reject.column.as_deref().unwrap_or_default().to_owned(),
            message: reject.message.to_string(),
        }
    }
}

/// Writes the rows beside their place and puts them there when they are whole. The form is delimited UTF-8 text with a
/// byte order mark, which wins over the encoding of the feed; for the owner of the account only.
fn write_rows(feed: &Feed, files: &[(PathBuf, BTreeMap<u64, Why>)], out: &Path) -> Result<Export> {
    let failed = |cause: std::io::Error| {
        Error::input("the refused rows cannot be written here").at(out.display().to_string()).with_cause(cause)
    };
    let mut draft = out.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    let delimiter = feed.delimiter();
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut writer = BufWriter::new(options.open(&draft).map_err(failed)?);
    let mut header: Option<Vec<String>> = None;
    let mut rows = 0;
    let mut write_all = || -> Result<()> {
        writer.write_all(b"\xef\xbb\xbf").map_err(failed)?;
        for (path, wanted) in files {
            let lines: BTreeSet<u64> = wanted.keys().copied().collect();
            let name = file_name(path);
            let found = each_raw_row(path, feed, &lines, |own, line, row| {
                start(&mut writer, &mut header, own, delimiter, &name)?;
                let Some(why) = wanted.get(&line) else { return Ok(()) };
                rows += 1;
                let line = line.to_string();
                let about = [&line, &why.reason, &why.column, &why.message].map(String::as_bytes);
                let fields = row.fields.iter().map(|field| field.value.as_slice()).chain(about);
                write_record(&mut writer, fields, delimiter).map_err(failed)
            })?;
            start(&mut writer, &mut header, &found, delimiter, &name)?;
        }
        writer.flush().map_err(failed)
    };
    let written = write_all();
    drop(writer);
    let written = written.and_then(|()| fs::rename(&draft, out).map_err(failed));
    if let Err(error) = written {
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    Ok(Export { file: out.to_owned(), rows })
}

/// Writes the header if it is not there yet; the headers of all files must be one.
fn start(
    writer: &mut BufWriter<File>,
    header: &mut Option<Vec<String>>,
    own: &[String],
    delimiter: u8,
    file: &str,
) -> Result<()> {
    match header {
        Some(first) if first == own => Ok(()),
        Some(_) => Err(Error::input(
            "the columns of this file are not those of the first, so one file cannot hold the refused rows of both; \
             export them one by one",
        )
        .at(file)),
        None => {
            let names = own.iter().map(String::as_bytes).chain(REJECT_COLUMNS.map(str::as_bytes));
            write_record(writer, names, delimiter)
                .map_err(|cause| Error::input("the refused rows cannot be written").with_cause(cause))?;
            *header = Some(own.to_vec());
            Ok(())
        }
    }
}

fn write_record<'f>(
    writer: &mut impl std::io::Write,
    fields: impl Iterator<Item = &'f [u8]>,
    delimiter: u8,
) -> std::io::Result<()> {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            writer.write_all(&[delimiter])?;
        }
        if field.iter().any(|byte| *byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r')) {
            writer.write_all(b"\"")?;
            for (part, text) in field.split(|byte| *byte == b'"').enumerate() {
                writer.write_all(if part > 0 { b"\"\"" } else { b"" })?;
                writer.write_all(text)?;
            }
            writer.write_all(b"\"")?;
        } else {
            writer.write_all(field)?;
        }
    }
    writer.write_all(b"\n")
}

/// A refused row with its text, which may hold personal values: for the terminal of the person who loads.
pub struct Shown {
    /// Where and why.
    pub reject: Reject,
    /// Names of the source's columns.
    pub header: Arc<[String]>,
    /// The row.
    pub row: RawRow,
}

/// Reads some refused rows again, to show what is wrong with them.
///
/// # Errors
/// `Denied`; `Input` if a file cannot be read again.
pub fn show(app: &App, who: &Principal, feed: &str, files: &[PathBuf], rejects: &[Reject]) -> Result<Vec<Shown>> {
    app.enter(who, Action::Load, "rejects show", &subject(feed, files))?;
    let feed = Feed::open(feed)?;
    let mut shown = Vec::new();
    let mut seen = BTreeSet::new();
    for path in files {
        let name = file_name(path);
        let own: Vec<&Reject> = rejects.iter().filter(|reject| *reject.file == *name).collect();
        if own.is_empty() || !seen.insert(name) {
            continue;
        }
        let mut raw = raw_rows(path, &feed, &own.iter().map(|reject| reject.line).collect())?;
        let header: Arc<[String]> = std::mem::take(&mut raw.header).into();
        for reject in own {
            if let Some(row) = raw.rows.remove(&reject.line) {
                shown.push(Shown { reject: reject.clone(), header: Arc::clone(&header), row });
            }
        }
    }
    Ok(shown)
}
