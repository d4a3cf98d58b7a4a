//! How long records are kept: what is past its time, erasing it, erasing single records, and merging files.

use std::path::{Path, PathBuf};

use chrono::{Months, NaiveDate};
use serde::Serialize;

use super::App;
use crate::config::Keep;
use crate::error::{Error, Result};
use crate::ingest::{self, Feed};
use crate::model::access::{Action, Principal};
use crate::model::schema::{self, Repeats};
use crate::space::Lattice;
use crate::store::Doomed;
pub use crate::store::{Compacted, Erasure};

/// What a rule would erase now.
#[derive(Debug, Clone, Serialize)]
pub struct Due {
    /// The table.
    pub table: String,
    /// Months that its records are kept.
    pub months: u32,
    /// Records of an earlier local date are past their time.
    pub before: NaiveDate,
    /// Records of the newest version that would go.
    pub records: u64,
    /// Files of any version that would be written again.
    pub files: u64,
}

/// The date before which a rule's records are past their time.
fn cut_off(rule: &Keep, today: NaiveDate) -> Result<NaiveDate> {
    let before = today.checked_sub_months(Months::new(rule.months));
    before.ok_or_else(|| Error::input(format!("{} months before {today} is no date", rule.months)))
}

fn day_number(date: NaiveDate) -> i32 {
    i32::try_from((date - NaiveDate::default()).num_days()).unwrap_or(i32::MIN)
}

/// Today on the island.
pub fn today(app: &App) -> NaiveDate {
    app.now().with_timezone(&app.config.zone).date_naive()
}

/// What the rules would erase, without erasing anything.
///
/// # Errors
/// `Denied`; `Busy` if somebody loads; `Data` if a table cannot be read.
pub async fn plan(app: &App, who: &Principal, today: NaiveDate) -> Result<Vec<Due>> {
    app.enter(who, Action::Administer, "retention plan", "rules")?;
    let mut due = Vec::new();
    for rule in &app.config.keep {
        let before = cut_off(rule, today)?;
        let doomed = Doomed { before: Some(day_number(before)), keys: Vec::new() };
        let mut writer = app.store.writer(app.now()).await?;
        let (records, files) = writer.count_doomed(&rule.table, &doomed).await?;
        due.push(Due { table: rule.table.clone(), months: rule.months, before, records, files });
    }
    Ok(due)
}

/// Erases what is past its time by the rules, from every file of every version; one store version a table. Rules that
/// have nothing to erase make no version.
///
/// # Errors
/// `Denied`; `Busy` if somebody loads; `Input` for a day in the future; `Data` if a file cannot be read or written.
pub async fn run(app: &App, who: &Principal, today: NaiveDate) -> Result<Vec<Erasure>> {
    app.enter(who, Action::Administer, "retention run", &format!("rules as of {today}"))?;
    if today > self::today(app) {
        return Err(Error::input(format!("{today} has not come yet: records would be erased before their time")));
    }
    let mut done = Vec::new();
    for rule in &app.config.keep {
        let before = cut_off(rule, today)?;
        let doomed = Doomed { before: Some(day_number(before)), keys: Vec::new() };
        let mut writer = app.store.writer(app.now()).await?;
        let (_, files) = writer.count_doomed(&rule.table, &doomed).await?;
        if files > 0 {
            let why = format!("kept for {} months: before {before}", rule.months);
            done.push(writer.erase(&rule.table, &doomed, &why).await?);
        }
    }
    Ok(done)
}

/// Erases single records: those that the rows of some extract files identify, whatever else these rows say. They cannot
/// be loaded again. Needs a purpose with a reference.
///
/// # Errors
/// `Denied` by role or without a purpose; `Input` for files that cannot be read or identify nothing.
pub async fn erase(app: &App, who: &Principal, feed: &str, files: &[PathBuf]) -> Result<Erasure> {
    let feed = Feed::open(feed)?;
    app.enter(who, Action::Administer, "erase", &format!("records of {}", feed.table.name))?;
    let Some(purpose) = &who.purpose else {
        return Err(Error::denied("erasing records needs --purpose CODE --reference NUMBER"));
    };
    let why = format!("{} {}", purpose.code, purpose.reference);
    let mut keys = Vec::new();
    for file in files {
        keys.extend(keys_of(app, &feed, file)?);
    }
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Err(Error::input("the files identify no record"));
    }
    let doomed = Doomed { before: None, keys };
    app.store.writer(app.now()).await?.erase(feed.table.name, &doomed, &why).await
}

/// Keys of the records that a file's rows identify.
fn keys_of(app: &App, feed: &Feed, file: &Path) -> Result<Vec<(i64, i64)>> {
    if feed.repeats == Repeats::Ordinal {
        let message =
            format!("feed {} tells records of one key apart by their order: it cannot name single ones", feed.name);
        return Err(Error::input(message));
    }
    let plate_key = if feed.needs_plate_key() { Some(app.store.plate_key()?) } else { None };
    let context =
        ingest::Context { source: &feed.name, areas: None, plate_key: plate_key.as_deref(), coast_tolerance_m: 0.0 };
    let mut cells = Lattice::stored();
    let mut keys = Vec::new();
    for batch in ingest::read::open(file, feed)? {
        let cleaned = ingest::clean(&batch?, feed, &context, &mut cells)?;
        if let Some(reject) = cleaned.rejects.first() {
            let place = format!("{}:{}", reject.file, reject.line);
            return Err(Error::input(format!("{}: nothing was erased", reject.message)).at(place));
        }
        keys.extend(ingest::stored_keys(&cleaned.batch)?);
    }
    Ok(keys)
}

/// Merges the files of tables: few files a month, in order of cell and time. Returns what was done and the newest store
/// version.
///
/// # Errors
/// `Denied`; `Input` for an unknown table; `Busy` if somebody loads; `Data` if a file cannot be read or written.
pub async fn compact(
    app: &App,
    who: &Principal,
    tables: &[String],
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<(Vec<Compacted>, u64)> {
    app.enter(who, Action::Administer, "compact", &tables.join(", "))?;
    let mut names = Vec::new();
    for name in tables {
        let known = schema::table(name).ok_or_else(|| Error::input(format!("there is no table `{name}`")))?;
        names.push(known.name);
    }
    if names.is_empty() {
        names.extend(schema::tables().iter().map(|table| table.name));
    }
    app.store.writer(app.now()).await?.compact(&names, progress).await
}

/// What was erased so far, oldest first.
///
/// # Errors
/// `Denied`, or `Data` if the control database cannot be read.
pub fn erasures(app: &App, who: &Principal) -> Result<Vec<Erasure>> {
    app.enter(who, Action::ReadLedger, "retention list", "erasures")?;
    app.store.erasures()
}
