//! The audit: one line a trip, each holding the digest of the line before, so that a changed or missing line shows.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::control::instant;
use crate::error::{Error, Result};
use crate::model::digest::hex;

pub(super) const LAYOUT: &str = "
    CREATE TABLE audit (
        line INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, roles TEXT NOT NULL, via TEXT NOT NULL,
        action TEXT NOT NULL, subject TEXT NOT NULL, purpose TEXT NOT NULL, reference TEXT NOT NULL,
        outcome TEXT NOT NULL, store_version INTEGER NOT NULL, hash TEXT NOT NULL);
";

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

pub(super) fn append(connection: &Connection, event: &AuditEvent) -> Result<()> {
    // Reading the last line and writing the next is one transaction: two processes cannot chain to the same line.
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let written = append_within(connection, event);
    connection.execute_batch(if written.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    written
}

fn append_within(connection: &Connection, event: &AuditEvent) -> Result<()> {
    let last: Option<(i64, String)> = connection
        .query_row("SELECT line, hash FROM audit ORDER BY line DESC LIMIT 1", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (last_line, previous) = last.unwrap_or_default();
    let mut line = AuditLine {
        line: last_line.unsigned_abs() + 1,
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
    line.hash = chain(&previous, &line);
    connection.execute(
        "INSERT INTO audit (line, at, who, roles, via, action, subject, purpose, reference, outcome, store_version, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            i64::try_from(line.line).unwrap_or(i64::MAX),
            line.at,
            line.who,
            line.roles,
            line.via,
            line.action,
            line.subject,
            line.purpose,
            line.reference,
            line.outcome,
            i64::try_from(line.store_version).unwrap_or(i64::MAX),
            line.hash
        ],
    )?;
    Ok(())
}

const COLUMNS: &str =
    "SELECT line, at, who, roles, via, action, subject, purpose, reference, outcome, store_version, hash FROM audit";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<AuditLine> {
    Ok(AuditLine {
        line: row.get::<_, i64>(0)?.unsigned_abs(),
        at: row.get(1)?,
        who: row.get(2)?,
        roles: row.get(3)?,
        via: row.get(4)?,
        action: row.get(5)?,
        subject: row.get(6)?,
        purpose: row.get(7)?,
        reference: row.get(8)?,
        outcome: row.get(9)?,
        store_version: row.get::<_, i64>(10)?.unsigned_abs(),
        hash: row.get(11)?,
    })
}

pub(super) fn list(connection: &Connection, limit: usize) -> Result<Vec<AuditLine>> {
    let mut statement = connection.prepare(&format!("{COLUMNS} ORDER BY line DESC LIMIT ?1"))?;
    let lines = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], read)?;
    Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?)
}

pub(super) fn verify(connection: &Connection) -> Result<u64> {
    let mut statement = connection.prepare(&format!("{COLUMNS} ORDER BY line"))?;
    let mut previous = String::new();
    let mut count = 0;
    for line in statement.query_map([], read)? {
        let line = line?;
        count += 1;
        if line.line != count || chain(&previous, &line) != line.hash {
            return Err(Error::data(format!("audit line {count} does not fit the chain: it was changed or removed")));
        }
        previous = line.hash;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str) -> AuditEvent {
        AuditEvent {
            at: DateTime::UNIX_EPOCH,
            who: "somebody".into(),
            roles: "analyst".into(),
            via: "test".into(),
            action: action.into(),
            subject: "crimes".into(),
            purpose: String::new(),
            reference: String::new(),
            outcome: "allowed".into(),
            store_version: 3,
        }
    }

    #[test]
    fn an_edited_or_removed_line_breaks_the_chain() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(LAYOUT).unwrap();
        for action in ["a", "b", "c"] {
            append(&connection, &event(action)).unwrap();
        }
        assert_eq!(verify(&connection).unwrap(), 3);
        connection.execute("UPDATE audit SET who = 'nobody' WHERE line = 2", []).unwrap();
        assert!(verify(&connection).unwrap_err().message().contains("line 2"));
        connection.execute("UPDATE audit SET who = 'somebody' WHERE line = 2", []).unwrap();
        assert_eq!(verify(&connection).unwrap(), 3);
        connection.execute("DELETE FROM audit WHERE line = 2", []).unwrap();
        assert!(verify(&connection).is_err());
    }
}
