//! Erasing records for good: out of every file of every version, and out of the logs that named those files.
//!
//! Files that hold such a record are written again without it, whichever versions name them; then the table's log is
//! written again to name the new files, the old ones are removed, and one store version says what was done. Older
//! versions can still be read: they answer without the erased records, and say so. The exchange is noted in the control
//! database before the log is touched, so that an interrupted erasure is completed by whoever opens the store next.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::{DateTime, Utc};
use deltalake_core::kernel::Add;
use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::control::{self, StoredFile};
use super::identity::Key;
use super::table_file::{self, Keys, RowWriter, read_columns, read_rows};
use super::writer::{Withheld, Writer, keep_rows, pass};
use super::{Store, disk, tables};
use crate::error::{Error, Result};
use crate::model::digest::sha256;
use crate::model::schema;

pub(super) const LAYOUT: &str = "
    CREATE TABLE erasures (
        erasure_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, done INTEGER NOT NULL, record TEXT NOT NULL,
        exchange TEXT NOT NULL);
    CREATE TABLE past_keeping (table_name TEXT PRIMARY KEY, before_day INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE erased_records (
        table_name TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (table_name, digest)) WITHOUT ROWID;
";

/// Which records go.
#[derive(Debug, Clone, Default)]
pub struct Doomed {
    /// Those of an earlier local date, in days since 1970.
    pub before: Option<i32>,
    /// Those with these keys, as the two stored halves.
    pub keys: Vec<(i64, i64)>,
}

/// What an erasure did: it stays in the ledger, without a trace of whom it was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Store version after it.
    pub version: u64,
    /// When (UTC).
    pub at: DateTime<Utc>,
    /// The table.
    pub table: String,
    /// The rule, or the reason and reference.
    pub why: String,
    /// Local date before which all records went, if a rule said so.
    pub before: Option<chrono::NaiveDate>,
    /// Records of the newest version that went.
    pub records: u64,
    /// Files that held such records in any version.
    pub files: u64,
}

/// A file and what stands in its place, in a log.
#[derive(Debug, Serialize, Deserialize)]
struct Exchange {
    old: String,
    new: Vec<Value>,
}

impl Doomed {
    fn keys(&self) -> BTreeSet<Key> {
        self.keys.iter().map(|(high, low)| Key::of(*high, *low)).collect()
    }

    /// Which rows of a batch stay.
    fn staying(&self, keys: &BTreeSet<Key>, batch: &RecordBatch) -> Result<Vec<bool>> {
        let days = batch.column_by_name("local_on").and_then(|column| column.as_primitive_opt::<Date32Type>());
        let days = days.ok_or_else(|| Error::bug("rows without a local date"))?;
        let identities = Keys::of(batch)?;
        let goes = |row: usize| {
            let is_past = self.before.is_some_and(|before| days.is_valid(row) && days.value(row) < before);
            is_past || !keys.is_empty() && keys.contains(&identities.key(row))
        };
        Ok((0..batch.num_rows()).map(|row| !goes(row)).collect())
    }
}

impl Writer<'_> {
    /// Counts what [`Writer::erase`] would erase: records of the newest version, and files of any version.
    ///
    /// # Errors
    /// `Data` if a file cannot be read.
    pub async fn count_doomed(&mut self, table: &str, doomed: &Doomed) -> Result<(u64, u64)> {
        self.open_files(table).await?;
        let found = self.doomed_files(table, doomed)?;
        Ok((found.iter().map(|file| file.live_rows).sum(), found.len() as u64))
    }

    /// Erases records from every file of a table, as one store version; `why` goes to the ledger. They cannot be loaded
    /// again afterwards.
    ///
    /// # Errors
    /// `Data` if a file cannot be read or written. What was noted before is completed when the store is opened next.
    pub async fn erase(mut self, table: &str, doomed: &Doomed, why: &str) -> Result<Erasure> {
        self.open_files(table).await?;
        let found = self.doomed_files(table, doomed)?;
        let keys = doomed.keys();
        let open = self.table_mut(table)?;
        let folder = open.place.folder();
        let mut exchanges = Vec::new();
        let mut files = Vec::new();
        let mut next = 0;
        for file in &found {
            let name = file.add.path.rsplit('/').next().unwrap_or_default();
            let is_sorted = name.starts_with(table_file::SORTED);
            open.place.mark = if is_sorted { table_file::SORTED } else { table_file::AS_THEY_CAME };
            let mut rows = RowWriter::start(open.place.clone(), next);
            for batch in read_rows(&folder, &file.add)? {
                let batch = batch?;
                let kept = keep_rows(&batch, doomed.staying(&keys, &batch)?)?;
                if kept.num_rows() > 0 {
                    rows.write(kept)?;
                }
            }
            let written = rows.finish()?;
            next += u32::try_from(written.len()).unwrap_or(u32::MAX);
            let adds = written.iter().map(|new| serde_json::to_value(&new.add).map_err(not_json));
            exchanges.push(Exchange { old: file.add.path.clone(), new: adds.collect::<Result<_>>()? });
            files.extend(written.into_iter().map(|new| new.file));
        }
        pass("erasure-files-written")?;
        let erasure = Erasure {
            version: self.base.version + 1,
            at: self.now(),
            table: table.to_owned(),
            why: why.to_owned(),
            before: doomed
                .before
                .and_then(|day| DateTime::from_timestamp(i64::from(day) * 86_400, 0))
                .map(|at| at.date_naive()),
            records: found.iter().map(|file| file.live_rows).sum(),
            files: found.len() as u64,
        };
        let withheld = Withheld {
            secret: if keys.is_empty() { Vec::new() } else { self.store.erasure_key()? },
            ..Withheld::default()
        };
        let digests: Vec<[u8; 16]> = keys.iter().map(|key| withheld.digest(*key)).collect();
        self.store.change(|transaction| {
            control::note_files(transaction, &files)?;
            withhold(transaction, table, doomed.before, &digests)?;
            note(transaction, &erasure, &exchanges)
        })?;
        pass("erasure-noted")?;
        self.store.complete(&erasure, &exchanges)?;
        Ok(erasure)
    }

    /// Files, of whatever version, that hold doomed records.
    fn doomed_files(&mut self, table: &str, doomed: &Doomed) -> Result<Vec<DoomedFile>> {
        let root = self.store.root().to_owned();
        let open = self.table_mut(table)?;
        let folder = open.place.folder();
        let live: BTreeSet<&str> = open.files.iter().map(|file| file.add.path.as_str()).collect();
        let keys = doomed.keys();
        let mut found = Vec::new();
        for add in every_add(&root, table)? {
            let mut goes = 0;
            for batch in read_columns(
                &folder.join(&add.path),
                Some(&["local_on", "key_hi", "key_lo", "row_hash", "recorded_at"]),
            )? {
                goes += doomed.staying(&keys, &batch?)?.iter().filter(|stays| !**stays).count() as u64;
            }
            if goes > 0 {
                found.push(DoomedFile { live_rows: if live.contains(add.path.as_str()) { goes } else { 0 }, add });
            }
        }
        Ok(found)
    }
}

struct DoomedFile {
    add: Add,
    live_rows: u64,
}

/// Every file that a table's log ever named, by path.
fn every_add(root: &Path, table: &str) -> Result<Vec<Add>> {
    let mut adds = BTreeMap::new();
    for path in log_files(root, table)? {
        for line in read_log(root, &path)?.lines() {
            let mut action: Value = serde_json::from_str(line).map_err(not_json)?;
            if let Some(add) = action.get_mut("add").map(Value::take) {
                let add: Add = serde_json::from_value(add).map_err(not_json)?;
                adds.insert(add.path.clone(), add);
            }
        }
    }
    Ok(adds.into_values().collect())
}

fn log_files(root: &Path, table: &str) -> Result<Vec<String>> {
    let folder = tables::log_folder(table);
    let unreadable =
        |e| Error::data(format!("the log of table {table} cannot be read")).at(folder.clone()).with_cause(e);
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(&folder)).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|ending| ending == "json") && !name.starts_with('.') {
            files.push(format!("{folder}/{name}"));
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn read_log(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path))
        .map_err(|e| Error::data("a commit of a table's log cannot be read").at(path.to_owned()).with_cause(e))
}

fn not_json(cause: serde_json::Error) -> Error {
    Error::data("a commit of a table's log cannot be read").with_cause(cause)
}

/// A log with new files in the places of old ones.
fn exchanged(log: &str, exchanges: &BTreeMap<&str, &Vec<Value>>) -> Result<String> {
    let mut text = String::with_capacity(log.len());
    for line in log.lines() {
        let action: Value = serde_json::from_str(line).map_err(not_json)?;
        let named = ["add", "remove"].into_iter().find_map(|kind| {
            let path = action.get(kind)?.get("path")?.as_str()?;
            Some((kind, *exchanges.get(path)?))
        });
        let Some((kind, new)) = named else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        for add in new {
            let mut action = action.clone();
            for key in ["path", "size", "stats"] {
                if let (Some(old), Some(value)) = (action[kind].get_mut(key), add.get(key)) {
                    old.clone_from(value);
                }
            }
            text.push_str(&action.to_string());
            text.push('\n');
        }
    }
    Ok(text)
}

fn note(transaction: &Transaction<'_>, erasure: &Erasure, exchanges: &[Exchange]) -> Result<()> {
    let record = serde_json::to_string(erasure).map_err(not_json)?;
    let exchange = serde_json::to_string(exchanges).map_err(not_json)?;
    transaction.execute(
        "INSERT INTO erasures (version, done, record, exchange) VALUES (?1, 0, ?2, ?3)",
        params![i64::try_from(erasure.version).unwrap_or(i64::MAX), record, exchange],
    )?;
    Ok(())
}

fn withhold(transaction: &Transaction<'_>, table: &str, before: Option<i32>, digests: &[[u8; 16]]) -> Result<()> {
    if let Some(day) = before {
        transaction.execute(
            "INSERT INTO past_keeping (table_name, before_day) VALUES (?1, ?2)
             ON CONFLICT (table_name) DO UPDATE SET before_day = max(before_day, excluded.before_day)",
            params![table, day],
        )?;
    }
    let mut statement =
        transaction.prepare("INSERT OR IGNORE INTO erased_records (table_name, digest) VALUES (?1, ?2)")?;
    for digest in digests {
        statement.execute(params![table, digest.as_slice()])?;
    }
    Ok(())
}

/// Erasures after a store version, oldest first: whoever reads that version must be told.
pub(super) fn since(connection: &Connection, version: u64) -> Result<Vec<Erasure>> {
    let mut statement = connection.prepare("SELECT record FROM erasures WHERE version > ?1 ORDER BY erasure_id")?;
    let records = statement.query_map([i64::try_from(version).unwrap_or(i64::MAX)], |row| row.get::<_, String>(0))?;
    records.map(|record| serde_json::from_str(&record?).map_err(not_json)).collect()
}

fn unfinished(connection: &Connection) -> Result<Vec<(Erasure, Vec<Exchange>)>> {
    let mut statement =
        connection.prepare("SELECT record, exchange FROM erasures WHERE done = 0 ORDER BY erasure_id")?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.iter()
        .map(|(record, exchange)| {
            Ok((serde_json::from_str(record).map_err(not_json)?, serde_json::from_str(exchange).map_err(not_json)?))
        })
        .collect()
}

impl Store {
    /// Every erasure, oldest first.
    ///
    /// # Errors
    /// `Data` if the control database cannot be read.
    pub fn erasures(&self) -> Result<Vec<Erasure>> {
        since(&self.control(), 0)
    }

    /// What may not come back into a table.
    pub(super) fn withheld(&self, table: &str) -> Result<Withheld> {
        let (before, erased) = {
            let connection = self.control();
            let mut statement = connection.prepare("SELECT before_day FROM past_keeping WHERE table_name = ?1")?;
            let before = statement.query_map([table], |row| row.get(0))?.next().transpose()?;
            let mut statement = connection.prepare("SELECT digest FROM erased_records WHERE table_name = ?1")?;
            let digests = statement.query_map([table], |row| row.get::<_, [u8; 16]>(0))?;
            (before, digests.collect::<rusqlite::Result<BTreeSet<_>>>()?)
        };
        let secret = if erased.is_empty() { Vec::new() } else { self.erasure_key()? };
        Ok(Withheld { before, erased, secret })
    }

    /// Completes erasures that were interrupted. Only the one writer may.
    pub(super) fn complete_erasures(&self) -> Result<()> {
        let unfinished = unfinished(&self.control())?;
        for (erasure, exchanges) in unfinished {
            tracing::warn!(
                table = erasure.table,
                version = erasure.version,
                "completing an erasure that was interrupted"
            );
            self.complete(&erasure, &exchanges)?;
        }
        Ok(())
    }

    /// Whether an erasure is under way, or was interrupted.
    pub(super) fn is_erasing(&self) -> Result<bool> {
        Ok(!unfinished(&self.control())?.is_empty())
    }

    fn complete(&self, erasure: &Erasure, exchanges: &[Exchange]) -> Result<()> {
        let root = self.root();
        let by_path: BTreeMap<&str, &Vec<Value>> = exchanges.iter().map(|e| (e.old.as_str(), &e.new)).collect();
        let mut logs = Vec::new();
        for path in log_files(root, &erasure.table)? {
            let before = read_log(root, &path)?;
            let after = exchanged(&before, &by_path)?;
            if after != before {
                disk::put(&root.join(&path), after.as_bytes())?;
            }
            logs.push(StoredFile { bytes: after.len() as u64, sha256: sha256(after.as_bytes()), path });
        }
        pass("erasure-log-written")?;
        let mut gone = Vec::new();
        for exchange in exchanges {
            let path = format!("tables/{}/{}", erasure.table, exchange.old);
            let file = root.join(&path);
            if file.exists() {
                disk::remove(&file).map_err(|cause| disk::failed(&file, cause))?;
            }
            gone.push(path);
        }
        pass("erasure-files-removed")?;
        let tables = self.version(super::AsOf::Newest)?.tables;
        self.change(|transaction| {
            control::note_files(transaction, &logs)?;
            control::forget_files(transaction, &gone)?;
            control::commit_version(transaction, erasure.version, erasure.at, &tables, None)?;
            transaction.execute(
                "UPDATE erasures SET done = 1, exchange = '[]' WHERE version = ?1",
                [i64::try_from(erasure.version).unwrap_or(i64::MAX)],
            )?;
            Ok(())
        })
    }
}

/// Tables that rules of keeping may name.
pub fn keepable(table: &str) -> bool {
    schema::table(table).is_some_and(|table| !table.times.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_names_the_new_file_and_nothing_of_the_old_one() {
        let log = "{\"add\":{\"path\":\"month=2017-01/v1.parquet\",\"size\":10,\"stats\":\"{}\",\"dataChange\":true}}\n\
                   {\"add\":{\"path\":\"month=2017-01/v2.parquet\",\"size\":20}}\n\
                   {\"remove\":{\"path\":\"month=2017-01/v3.parquet\",\"size\":30,\"dataChange\":true}}\n\
                   {\"commitInfo\":{}}\n";
        let new =
            vec![serde_json::json!({ "path": "month=2017-01/v9.parquet", "size": 5, "stats": "{\"numRecords\":1}" })];
        let none = Vec::new();
        let exchanges = BTreeMap::from([("month=2017-01/v1.parquet", &new), ("month=2017-01/v3.parquet", &none)]);
        let after = exchanged(log, &exchanges).unwrap();
        let lines: Vec<&str> = after.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("v9.parquet") && lines[0].contains("\"size\":5") && lines[0].contains("dataChange"));
        assert!(lines[1].contains("v2.parquet") && lines[2].contains("commitInfo"));
        assert_eq!(exchanged(&after, &exchanges).unwrap(), after, "done twice is done once");
    }
}
