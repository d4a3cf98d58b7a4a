//! The audit: one line a trip, each holding the digest of the line before, so that a changed or missing line shows.
//!
//! It is kept beside the control database, in files that only ever grow (`audit/2026-01.jsonl`, a JSON object a line),
//! because every question writes a line and the control database is sealed at each change.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::control::instant;
use super::{disk, halt};
use crate::error::{Error, Result};
use crate::model::digest::hex;

/// Folder of the audit in a store.
pub(super) const FOLDER: &str = "audit";

/// Name of the lock in that folder.
const LOCK: &str = "lock";

/// End of the files' names.
const SUFFIX: &str = ".jsonl";

/// What happened, before it has a line number.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// Account or token name.
    pub who: String,
    /// Role names.
    pub roles: String,
    /// How they came in.
    pub via: String,
    /// What they did: `hotspots`, `load`, `sql`…
    pub action: String,
    /// On what: never a plate, a name or a point.
    pub subject: String,
    /// Purpose code, or empty.
    pub purpose: String,
    /// Reference, or empty.
    pub reference: String,
    /// `allowed`, `denied`, `failed`.
    pub outcome: String,
    /// Store version that was read.
    pub store_version: u64,
}

/// A line as it stands in the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Number, from 1, without gaps.
    pub line: u64,
    /// When (UTC).
    pub at: String,
    /// Who.
    pub who: String,
    /// Role names.
    pub roles: String,
    /// How they came in.
    pub via: String,
    /// What they did.
    pub action: String,
    /// On what.
    pub subject: String,
    /// Purpose code.
    pub purpose: String,
    /// Reference.
    pub reference: String,
    /// Outcome.
    pub outcome: String,
    /// Store version that was read.
    pub store_version: u64,
    /// Digest of this line and the one before.
    pub hash: String,
}

impl AuditLine {
    /// The line as it is written.
    fn text(&self) -> Result<String> {
        let json = serde_json::to_string(self).map_err(|e| Error::bug("no JSON of an audit line").with_cause(e))?;
        Ok(json + "\n")
    }

    /// Reads a line without its end. Only the text that [`Self::text`] writes is one: a byte that JSON does not care
    /// about is a changed byte too.
    fn read(bytes: &[u8]) -> Option<Self> {
        let line: Self = serde_json::from_slice(bytes).ok()?;
        let text = line.text().ok()?;
        (text.trim_end_matches('\n').as_bytes() == bytes).then_some(line)
    }
}

/// `SHA-256(previous || fields, each ended by 0x1f)`.
fn chain(previous: &str, line: &AuditLine) -> String {
    let mut hasher = Sha256::new();
    let number = line.line.to_string();
    let version = line.store_version.to_string();
    for part in [
        previous,
        &number,
        &line.at,
        &line.who,
        &line.roles,
        &line.via,
        &line.action,
        &line.subject,
        &line.purpose,
        &line.reference,
        &line.outcome,
        &version,
    ] {
        hasher.update(part.as_bytes());
        hasher.update([0x1f]);
    }
    hex(&hasher.finalize())
}

/// The newest line of the chain: its number (0 if there is none) and digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuditHead {
    /// Number of the newest line.
    pub line: u64,
    /// Its digest; empty without a line.
    pub hash: String,
}

/// Where the next line goes, and what it follows.
#[derive(Debug, Clone, Default)]
struct End {
    /// Name of the newest file, empty without one.
    file: String,
    /// Its length up to the end of its last line.
    bytes: u64,
    head: AuditHead,
}

/// The audit of one store.
#[derive(Debug)]
pub(super) struct Audit {
    folder: PathBuf,
    /// As this process left it; it is read again if the file has grown since.
    end: Mutex<Option<End>>,
}

/// A file of the audit, with its length up to the end of its last line.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub name: String,
    pub bytes: u64,
}

impl Audit {
    pub fn of(root: &Path) -> Self {
        Self { folder: root.join(FOLDER), end: Mutex::new(None) }
    }

    /// Adds a line and returns once it is on the disk.
    pub fn append(&self, event: &AuditEvent) -> Result<()> {
        let _lock = self.lock()?;
        let mut known = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        // Forgotten until the line is safe: after a failure the file is read again.
        let end = self.end_of(known.take())?;
        // A clock that went back does not go back to an older file: the chain runs in the order of the files' names.
        let name = format!("{}{SUFFIX}", event.at.format("%Y-%m")).max(end.file.clone());
        let start = if name == end.file { end.bytes } else { 0 };
        let mut line = AuditLine {
            line: end.head.line + 1,
            at: instant(event.at),
            who: event.who.clone(),
            roles: event.roles.clone(),
            via: event.via.clone(),
            action: event.action.clone(),
            subject: event.subject.clone(),
            purpose: event.purpose.clone(),
            reference: event.reference.clone(),
            outcome: event.outcome.clone(),
            store_version: event.store_version,
            hash: String::new(),
        };
        line.hash = chain(&end.head.hash, &line);
        let text = line.text()?;
        let path = self.folder.join(&name);
        self.write(&path, start, &text).map_err(|cause| disk::failed(&path, cause))?;
        let bytes = start + text.len() as u64;
        *known = Some(End { file: name, bytes, head: AuditHead { line: line.line, hash: line.hash } });
        Ok(())
    }

    fn write(&self, path: &Path, start: u64, text: &str) -> io::Result<()> {
        let is_new = !path.exists();
        let mut file = File::options().append(true).create(true).open(path)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| halt::point("audit-written"))
            .and_then(|()| file.sync_data())
            .and_then(|()| if is_new { disk::sync_folder(&self.folder) } else { Ok(()) });
        if written.is_err() {
            // Nobody was told of this line; should taking it back fail too, the next writer finds it and goes on.
            let _ = file.set_len(start);
        }
        written
    }

    /// Who adds a line waits for whoever else does.
    fn lock(&self) -> Result<File> {
        disk::make_folders(&self.folder).map_err(|cause| disk::failed(&self.folder, cause))?;
        disk::lock(&self.folder.join(LOCK), disk::PATIENCE, "another process is writing to the audit; try again")
    }

    /// The newest line.
    pub fn head(&self) -> Result<AuditHead> {
        let _lock = self.lock()?;
        let mut known = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.end_of(known.take())?;
        *known = Some(end.clone());
        Ok(end.head)
    }

    /// The files up to their last lines, and the newest of those lines, at one moment.
    pub fn parts(&self) -> Result<(Vec<Part>, AuditHead)> {
        let _lock = self.lock()?;
        let end = self.end_of(None)?;
        let mut parts = Vec::new();
        for name in self.files()? {
            let path = self.folder.join(&name);
            let bytes = fs::metadata(&path).map_err(|e| unreadable(&name, e))?.len();
            parts.push(Part { name, bytes });
        }
        Ok((parts, end.head))
    }

    /// Names of the files, oldest first.
    pub fn files(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(unreadable(FOLDER, cause)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|e| unreadable(FOLDER, e))?.file_name().to_string_lossy().into_owned();
            if is_part(&name) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The end of the chain, under the lock: what is known, if nobody has added to it; else as the files have it. A
    /// last line that was never finished, so never acknowledged, is cut off.
    fn end_of(&self, known: Option<End>) -> Result<End> {
        let files = self.files()?;
        let Some(newest) = files.last() else { return Ok(End::default()) };
        let path = self.folder.join(newest);
        let bytes = fs::metadata(&path).map_err(|e| unreadable(newest, e))?.len();
        if let Some(known) = known.filter(|end| end.file == *newest && end.bytes == bytes) {
            return Ok(known);
        }
        let mut end = End { file: newest.clone(), bytes, head: AuditHead::default() };
        for name in files.iter().rev() {
            let mut lines = Backwards::open(&self.folder.join(name)).map_err(|e| unreadable(name, e))?;
            let rest = lines.next().transpose().map_err(|e| unreadable(name, e))?.unwrap_or_default();
            if !rest.is_empty() {
                if name != newest || !is_unfinished(&rest) {
                    return Err(damaged(name, "its end was changed"));
                }
                end.bytes = bytes - rest.len() as u64;
                tracing::warn!(file = %name, "a line of the audit that was never finished is cut off");
                let cut = File::options().write(true).open(&path);
                cut.and_then(|file| file.set_len(end.bytes).and_then(|()| file.sync_all()))
                    .map_err(|cause| disk::failed(&path, cause))?;
            }
            if let Some(line) = lines.next() {
                let line = line.map_err(|e| unreadable(name, e))?;
                let line = AuditLine::read(&line).ok_or_else(|| damaged(name, "its last line cannot be read"))?;
                end.head = AuditHead { line: line.line, hash: line.hash };
                return Ok(end);
            }
        }
        Ok(end)
    }

    /// The newest lines, newest first, read from the files' ends.
    pub fn list(&self, limit: usize) -> Result<Vec<AuditLine>> {
        let mut lines = Vec::new();
        for name in self.files()?.iter().rev() {
            let file = Backwards::open(&self.folder.join(name)).map_err(|e| unreadable(name, e))?;
            // What stands after the last end of line is not a line yet.
            for line in file.skip(1) {
                if lines.len() == limit {
                    return Ok(lines);
                }
                let line = line.map_err(|e| unreadable(name, e))?;
                lines.push(AuditLine::read(&line).ok_or_else(|| damaged(name, "a line cannot be read"))?);
            }
        }
        Ok(lines)
    }

    /// Computes the whole chain again. `anchors` are the lines that store versions were committed after, with their
    /// digests: they show a chain that was cut off or made anew.
    ///
    /// # Errors
    /// `Data` naming the first line that does not fit.
    pub fn verify(&self, anchors: &BTreeMap<u64, Anchor>) -> Result<AuditHead> {
        let mut head = AuditHead::default();
        let files = self.files()?;
        for (at, name) in files.iter().enumerate() {
            let file = File::open(self.folder.join(name)).map_err(|e| unreadable(name, e))?;
            let mut file = BufReader::new(file);
            let mut bytes = Vec::new();
            let mut place = 0_u64;
            loop {
                bytes.clear();
                place += 1;
                if file.read_until(b'\n', &mut bytes).map_err(|e| unreadable(name, e))? == 0 {
                    break;
                }
                let number = head.line + 1;
                let wrong = |what: &str| damaged(name, &format!("audit line {number} {what}")).at(line_of(name, place));
                if bytes.pop_if(|last| *last == b'\n').is_none() {
                    if at + 1 == files.len() && is_unfinished(&bytes) {
                        break;
                    }
                    return Err(wrong("was changed at its end"));
                }
                let line = AuditLine::read(&bytes).ok_or_else(|| wrong("was changed: it cannot be read"))?;
                if line.line != number || chain(&head.hash, &line) != line.hash {
                    return Err(wrong("does not fit the chain: it was changed, or one before it was removed"));
                }
                if let Some(anchor) = anchors.get(&number).filter(|anchor| anchor.hash != line.hash) {
                    let version = anchor.version;
                    return Err(wrong(&format!("is not the one that store version {version} was committed after")));
                }
                head = AuditHead { line: line.line, hash: line.hash };
            }
        }
        if let Some((line, anchor)) = anchors.iter().next_back().filter(|(line, _)| **line > head.line) {
            let message = format!(
                "the audit ends at line {}, but store version {} was committed after line {line}: its newest lines are gone",
                head.line, anchor.version
            );
            return Err(Error::data(message).at(FOLDER));
        }
        Ok(head)
    }
}

/// The audit line that a store version was committed after.
#[derive(Debug, Clone)]
pub(super) struct Anchor {
    /// The store version.
    pub version: u64,
    /// Digest of the line.
    pub hash: String,
}

/// Whether a file of that name in the audit's folder is one of its parts.
pub(super) fn is_part(name: &str) -> bool {
    let month = name.strip_suffix(SUFFIX).and_then(|month| month.split_once('-'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    month.is_some_and(|(year, month)| digits(year) && digits(month))
}

/// Whether bytes after the last end of line can be what a write that was cut short leaves: the beginning of a line. A
/// whole line with another byte in place of its end cannot.
fn is_unfinished(rest: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
    let is_whole = matches!(values.next(), Some(Ok(_)));
    !(is_whole && values.byte_offset() < rest.len())
}

fn line_of(name: &str, place: u64) -> String {
    format!("{FOLDER}/{name}:{place}")
}

fn unreadable(name: &str, cause: io::Error) -> Error {
    Error::data("the audit cannot be read").at(format!("{FOLDER}/{name}")).with_cause(cause)
}

fn damaged(name: &str, what: &str) -> Error {
    Error::data(format!("the audit is damaged: {what}")).at(format!("{FOLDER}/{name}"))
}

/// How much is read at a time from the end of a file.
const CHUNK: u64 = 1 << 16;

/// Lines of a file from its end, without their ends. What stands after the last end of line comes first, often empty.
struct Backwards {
    file: File,
    /// Bytes at the beginning that were not read yet.
    unread: u64,
    /// What was read and not given out.
    read: Vec<u8>,
    is_done: bool,
}

impl Backwards {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let unread = file.metadata()?.len();
        Ok(Self { file, unread, read: Vec::new(), is_done: false })
    }

    fn read_before(&mut self) -> io::Result<()> {
        let size = self.unread.min(CHUNK);
        self.unread -= size;
        self.file.seek(SeekFrom::Start(self.unread))?;
        let mut bytes = Vec::with_capacity(size as usize + self.read.len());
        (&mut self.file).take(size).read_to_end(&mut bytes)?;
        bytes.append(&mut self.read);
        self.read = bytes;
        Ok(())
    }
}

impl Iterator for Backwards {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_done {
            if let Some(at) = self.read.iter().rposition(|byte| *byte == b'\n') {
                let line = self.read.split_off(at + 1);
                self.read.truncate(at);
                return Some(Ok(line));
            }
            if self.unread == 0 {
                self.is_done = true;
                return Some(Ok(std::mem::take(&mut self.read)));
            }
            if let Err(cause) = self.read_before() {
                self.is_done = true;
                return Some(Err(cause));
            }
        }
        None
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
