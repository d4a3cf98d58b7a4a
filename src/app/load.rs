//! The load trip: extract files → clean rows → one store version.
//!
//! One thread reads, one or more clean, the caller's task decides on identity and writes; at most a few batches are in
//! flight, so memory does not grow with the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};
use serde::Serialize;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_128;

use super::App;
use super::intake::Intake;
use super::places::Places;
use super::stated::{Stated, StatedCount};
use crate::error::{Error, Result};
use crate::ingest::{self, Cleaned, Feed, Reject, TextBatch};
use crate::model::access::{Action, Principal};
use crate::model::digest::hex;
use crate::model::schema::{self, PARTITION, Repeats};
use crate::space::Lattice;
use crate::store::{LoadFile, LoadRecord, Recall, Tally, Writer};

/// Cleaned batches that may wait for the writer.
const IN_FLIGHT: usize = 4;

/// Refused rows whose places are kept; beyond, they are only counted, so that memory stays bounded.
const MOST_REJECTS: usize = 2_000_000;

/// How much of a file says how many rows it has.
const ESTIMATE_BYTES: u64 = 4 << 20;

/// What to load, and how strictly.
#[derive(Debug, Clone)]
pub struct Request {
    /// Built-in feed name or path of a feed TOML.
    pub feed: String,
    /// Files, in order.
    pub files: Vec<PathBuf>,
    /// A load with a larger share of refused rows is refused whole.
    pub max_reject_share: f64,
    /// Reads and cleans, writes nothing.
    pub dry_run: bool,
    /// How many rows there should be.
    pub count: StatedCount,
}

impl Default for Request {
    /// No files; the share of refused rows that the command line accepts.
    fn default() -> Self {
        let count = StatedCount::default();
        Self { feed: String::new(), files: Vec::new(), max_reject_share: 0.05, dry_run: false, count }
    }
}

/// What a load did. `rows_in = accepted + revised + unchanged + duplicate + withheld + rejected_total`, always.
#[derive(Debug, Clone, Serialize)]
pub struct LoadReport {
    /// Feed name.
    pub feed: String,
    /// File names.
    pub files: Vec<String>,
    /// Rows read.
    pub rows_in: u64,
    /// New records.
    pub accepted: u64,
    /// Records replaced by a newer version.
    pub revised: u64,
    /// Records already here, the same or older.
    pub unchanged: u64,
    /// Rows that repeat a record of the same load.
    pub duplicate: u64,
    /// Rows of records that were erased, or past their time of keeping.
    pub withheld: u64,
    /// Refused rows by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Refused rows.
    pub rejected_total: u64,
    /// Rows with a remark, by remark.
    pub labels: BTreeMap<String, u64>,
    /// Rows that the source says it sent, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_rows: Option<u64>,
    /// Store version after the load.
    pub version: u64,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Why the load would be refused for its number of rows, after a dry run.
    #[serde(skip)]
    pub count_remark: Option<String>,
    /// The first refused rows, for the person at the terminal.
    #[serde(skip)]
    pub first_rejects: Vec<Reject>,
}

impl LoadReport {
    /// Whether the counts add up.
    pub fn reconciles(&self) -> bool {
        let taken = self.accepted + self.revised + self.unchanged + self.duplicate;
        self.rows_in == taken + self.withheld + self.rejected_total
    }
}

/// Told of bytes read so far, bytes in all and rows so far.
pub type Progress<'p> = &'p (dyn Fn(u64, u64, u64) + Sync);

/// Loads extract files as one store version, or as none.
///
/// # Errors
/// `Missing` or `Input` for files and feeds that cannot be read, `Data` above the accepted share of refused rows or if
/// other than the stated number of rows was read, `Busy` if somebody else writes.
pub async fn load(app: &App, who: &Principal, request: &Request, progress: Progress<'_>) -> Result<LoadReport> {
    load_keeping(app, who, request, progress, &mut Vec::new()).await
}

/// As [`load`], and puts all refused rows into `rejects`, also where the load is refused whole.
///
/// # Errors
/// As [`load`].
pub async fn load_keeping(
    app: &App,
    who: &Principal,
    request: &Request,
    progress: Progress<'_>,
    rejects: &mut Vec<Reject>,
) -> Result<LoadReport> {
    let feed = Feed::open(&request.feed)?;
    let names: Vec<String> = request.files.iter().map(|path| file_name(path)).collect();
    app.enter(who, Action::Load, "load", &format!("{}: {}", feed.name, names.join(", ")))?;
    if request.files.is_empty() {
        return Err(Error::input("no file to load was named"));
    }
    for path in &request.files {
        if !path.is_file() {
            return Err(Error::missing(format!("there is no file {}", path.display())));
        }
    }
    let started = Instant::now();
    let key = if feed.needs_plate_key() { Some(app.store.plate_key()?) } else { None };
    let places = Places::open(app)?;
    let mut writer = app.store.writer(app.now()).await?;
    let mut run = Run { feed: &feed, totals: Totals::default(), rejects, stated: Stated::default() };
    let files = match run.files(app, &mut writer, request, &places, key.as_deref(), progress).await {
        Ok(files) => files,
        Err(error) => {
            writer.abandon()?;
            return Err(error);
        }
    };
    let mut report = run.totals.report(&feed, names, run.rejects);
    report.stated_rows = run.stated.rows(&request.count);
    let share = report.rejected_total as f64 / report.rows_in.max(1) as f64;
    if share > request.max_reject_share && !request.dry_run {
        writer.abandon()?;
        return Err(too_many_rejects(&report, share, request.max_reject_share));
    }
    if let Err(difference) = std::mem::take(&mut run.stated).check(report.rows_in, &request.count) {
        if !request.dry_run {
            writer.abandon()?;
            return Err(difference);
        }
        report.count_remark = Some(difference.message().to_owned());
    }
    if request.dry_run {
        writer.abandon()?;
        report.version = app.version()?;
    } else {
        run.write_rejects(app, &mut writer, &files).await?;
        let record = report.record(&feed, writer.load_id(), files, started.elapsed().as_millis(), app);
        report.version = writer.commit(record).await?;
    }
    report.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if !report.reconciles() {
        return Err(Error::bug("the counts of the load do not add up"));
    }
    tracing::info!(feed = feed.name, rows_in = report.rows_in, version = report.version, "loaded");
    Ok(report)
}

#[derive(Default)]
struct Totals {
    rows_in: u64,
    tally: Tally,
    rejected: BTreeMap<String, u64>,
    labels: BTreeMap<String, u64>,
}

struct Run<'f> {
    feed: &'f Feed,
    totals: Totals,
    rejects: &'f mut Vec<Reject>,
    stated: Stated,
}

impl Run<'_> {
    async fn files(
        &mut self,
        app: &App,
        writer: &mut Writer<'_>,
        request: &Request,
        places: &Places,
        plate_key: Option<&[u8]>,
        progress: Progress<'_>,
    ) -> Result<Vec<LoadFile>> {
        let sizes: Vec<u64> = request.files.iter().map(|p| p.metadata().map_or(0, |m| m.len())).collect();
        let total: u64 = sizes.iter().sum();
        let mut intake = Intake::open(writer, self.feed, total).await?;
        let mut before = 0;
        let mut files = Vec::new();
        for (path, size) in request.files.iter().zip(sizes) {
            intake.next_file();
            let context = ingest::Context {
                source: &self.feed.name,
                areas: places.parishes(),
                coast_tolerance_m: app.config.coast_tolerance_m,
                plate_key,
            };
            let pipeline = Pipeline { path, feed: self.feed, context, recall: intake.recall() };
            let feed = self.feed;
            let mut is_expected = false;
            let rows_before = self.totals.rows_in;
            let result = pipeline
                .run(async |cleaned: Cleaned, bytes: u64| {
                    self.totals.rows_in += cleaned.rows_in;
                    if !is_expected && bytes >= ESTIMATE_BYTES {
                        is_expected = true;
                        intake.expect(estimate(self.totals.rows_in - rows_before, bytes, size));
                    }
                    let Cleaned { batch, passed, rejects, labels, .. } = cleaned;
                    for reject in &rejects {
                        *self.totals.rejected.entry(reject.reason.name().to_owned()).or_default() += 1;
                    }
                    for (label, count) in &labels {
                        *self.totals.labels.entry(label.name().to_owned()).or_default() += count;
                    }
                    let room = MOST_REJECTS.saturating_sub(self.rejects.len());
                    self.rejects.extend(rejects.into_iter().take(room));
                    self.totals.tally.add(intake.take(batch, &passed)?);
                    progress(before + bytes, total, self.totals.rows_in);
                    Ok(())
                })
                .await;
            let (in_last_row, sha256) = result?;
            files.push(LoadFile { name: file_name(path), sha256 });
            self.stated.note(path, feed, self.totals.rows_in - rows_before, in_last_row)?;
            before += size;
        }
        self.totals.tally.add(intake.finish()?);
        Ok(files)
    }

    /// Keeps the refused rows, unless these very bytes were loaded before.
    async fn write_rejects(&self, app: &App, writer: &mut Writer<'_>, files: &[LoadFile]) -> Result<()> {
        let mut fresh = Vec::new();
        for file in files {
            if !app.store.has_loaded(&self.feed.name, &file.sha256)? {
                let own = self.rejects.iter().filter(|reject| *reject.file == *file.name);
                fresh.extend(own.map(|reject| (reject, file.sha256.as_str())));
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        writer.open("rejects").await?;
        let batch = rejects_batch(&self.feed.name, &fresh)?;
        writer.add("rejects", &batch, &[], Repeats::Ordinal)?;
        writer.settle("rejects")?;
        Ok(())
    }
}

/// Rows of a file of `size` bytes whose first `bytes` hold `rows`, and a twentieth more.
fn estimate(rows: u64, bytes: u64, size: u64) -> u64 {
    let share = size as f64 / bytes.max(1) as f64;
    (rows as f64 * share * 1.05) as u64
}

/// One file on its way: a reading thread and cleaning threads, in file order at the end.
struct Pipeline<'a> {
    path: &'a Path,
    feed: &'a Feed,
    context: ingest::Context<'a>,
    recall: Option<Recall>,
}

type Numbered = (u64, Result<TextBatch>, u64);
type CleanedBatch = (u64, Result<Kept>, u64);

/// A cleaned batch, and its text if rows were left out because the store holds them.
type Kept = (Cleaned, Option<TextBatch>);

impl Pipeline<'_> {
    /// Runs to the end of the file; returns the count that its last row states, and the file's digest.
    async fn run(self, mut take: impl AsyncFnMut(Cleaned, u64) -> Result<()>) -> Result<(Option<u64>, String)> {
        // Opened here, so that a file that is empty or of another shape is refused before a thread starts.
        let reader = ingest::read::open(self.path, self.feed)?;
        let cleaners = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
        let (text_in, text_out) = sync_channel::<Numbered>(IN_FLIGHT);
        let (clean_in, clean_out) = sync_channel::<CleanedBatch>(IN_FLIGHT);
        let text_out = Arc::new(Mutex::new(text_out));
        // Scoped threads cannot cross an await, so the writer's task is driven from within the scope.
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            thread::scope(|scope| {
                // Taken beside where it is not taken on the way: the file is in the page cache anyway.
                let beside = (!reader.takes_digest()).then(|| scope.spawn(|| file_digest(self.path)));
                let reading = scope.spawn(move || read_all(reader, &text_in));
                for _ in 0..cleaners {
                    let (text_out, clean_in, pipeline) = (Arc::clone(&text_out), clean_in.clone(), &self);
                    scope.spawn(move || pipeline.clean_all(&text_out, &clean_in));
                }
                drop((text_out, clean_in));
                runtime.block_on(self.in_order(clean_out, &mut take))?;
                let (stated, sha256) = reading.join().map_err(|_| Error::bug("the file's reader came to grief"))?;
                let sha256 = match (sha256, beside) {
                    (Some(sha256), _) => sha256,
                    (None, Some(beside)) => beside.join().map_err(|_| Error::bug("a file could not be hashed"))??,
                    (None, None) => file_digest(self.path)?,
                };
                Ok((stated, sha256))
            })
        })
    }

    fn clean_all(&self, text: &Mutex<Receiver<Numbered>>, out: &SyncSender<CleanedBatch>) {
        let mut cells = Lattice::stored();
        loop {
            let next = text.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((number, batch, bytes)) = next else { return };
            let recall = self.recall.as_ref().filter(|recall| !recall.is_stale());
            let clean = |text: TextBatch| {
                let cleaned = ingest::clean_unknown(&text, self.feed, &self.context, &mut cells, recall)?;
                let text = (!cleaned.passed.is_empty()).then_some(text);
                Ok((cleaned, text))
            };
            if out.send((number, batch.and_then(clean), bytes)).is_err() {
                return;
            }
        }
    }

    async fn in_order(
        &self,
        cleaned: Receiver<CleanedBatch>,
        take: &mut impl AsyncFnMut(Cleaned, u64) -> Result<()>,
    ) -> Result<()> {
        let mut waiting: BTreeMap<u64, (Result<Kept>, u64)> = BTreeMap::new();
        let mut next = 0;
        for (number, batch, bytes) in cleaned {
            waiting.insert(number, (batch, bytes));
            while let Some((batch, bytes)) = waiting.remove(&next) {
                take(self.whole(batch?)?, bytes).await?;
                next += 1;
            }
        }
        Ok(())
    }

    /// A batch with every row that the writer has to see: cleaned anew if the store's records, by which rows were left
    /// out, have given way to other versions meanwhile.
    fn whole(&self, (cleaned, text): Kept) -> Result<Cleaned> {
        match text {
            Some(text) if self.recall.as_ref().is_some_and(Recall::is_stale) => {
                ingest::clean(&text, self.feed, &self.context, &mut Lattice::stored())
            }
            _ => Ok(cleaned),
        }
    }
}

/// Reads to the end; returns the count that the file's last row states, and the file's digest if it was taken.
fn read_all(mut reader: ingest::Reader, out: &SyncSender<Numbered>) -> (Option<u64>, Option<String>) {
    let mut number = 0;
    while let Some(batch) = reader.next() {
        let stop = batch.is_err();
        if out.send((number, batch, reader.bytes_read())).is_err() || stop {
            return (None, None);
        }
        number += 1;
    }
    (reader.stated_rows(), reader.sha256())
}

impl Totals {
    fn report(&self, feed: &Feed, files: Vec<String>, rejects: &mut [Reject]) -> LoadReport {
        rejects.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        LoadReport {
            feed: feed.name.clone(),
            files,
            rows_in: self.rows_in,
            accepted: self.tally.accepted,
            revised: self.tally.revised,
            unchanged: self.tally.unchanged,
            duplicate: self.tally.duplicate,
            withheld: self.tally.withheld,
            rejected: self.rejected.clone(),
            rejected_total: self.rejected.values().sum(),
            labels: self.labels.clone(),
            stated_rows: None,
            count_remark: None,
            version: 0,
            elapsed_ms: 0,
            first_rejects: rejects.iter().take(10).cloned().collect(),
        }
    }
}

impl LoadReport {
    fn record(&self, feed: &Feed, load_id: u64, files: Vec<LoadFile>, elapsed_ms: u128, app: &App) -> LoadRecord {
        LoadRecord {
            load_id,
            version: 0,
            feed: self.feed.clone(),
            table: feed.table.name.to_owned(),
            loaded_at: app.now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            files,
            rows_in: self.rows_in,
            accepted: self.accepted,
            revised: self.revised,
            unchanged: self.unchanged,
            duplicate: self.duplicate,
            withheld: self.withheld,
            rejected: self.rejected.clone(),
            rejected_total: self.rejected_total,
            labels: self.labels.clone(),
            elapsed_ms: u64::try_from(elapsed_ms).unwrap_or(u64::MAX),
            stated_rows: self.stated_rows,
        }
    }
}

fn too_many_rejects(report: &LoadReport, share: f64, accepted: f64) -> Error {
    let mut message = format!(
        "{} of {} rows were refused ({:.1} %), more than the accepted {:.1} %: nothing was loaded.",
        report.rejected_total,
        report.rows_in,
        share * 100.0,
        accepted * 100.0
    );
    for reject in report.first_rejects.iter().take(3) {
        message.push_str(&format!(
            "\n  {}:{}: {} ({})",
            reject.file,
            reject.line,
            reject.message,
            reject.reason.name()
        ));
    }
    message.push_str("\nMend the file or the feed, or accept more with --max-reject-share.");
    Error::data(message)
}

/// Refused rows with the digest of their file: files of one name may come every month.
fn rejects_batch(feed: &str, rejects: &[(&Reject, &str)]) -> Result<RecordBatch> {
    let table = schema::table("rejects").ok_or_else(|| Error::bug("no table rejects"))?;
    let rows = rejects.len();
    let texts = |of: &dyn Fn(&Reject) -> String| -> ArrayRef {
        Arc::new(rejects.iter().map(|(r, _)| Some(of(r))).collect::<StringArray>())
    };
    let numbers = |of: &dyn Fn(&Reject, &str) -> i64| -> ArrayRef {
        Arc::new(rejects.iter().map(|(r, sha256)| Some(of(r, sha256))).collect::<Int64Array>())
    };
    let digest = |r: &Reject, sha256: &str| {
        let (file, line, reason) = (&r.file, r.line, r.reason.name());
        xxh3_128(format!("{feed}\u{1f}{file}\u{1f}{sha256}\u{1f}{line}\u{1f}{reason}").as_bytes())
    };
    let columns = table
        .all_columns()
        .map(|column| match column.name {
            "feed" | "source" => texts(&|_| feed.to_owned()),
            "file" => texts(&|r| r.file.to_string()),
            "line" => numbers(&|r, _| i64::try_from(r.line).unwrap_or(i64::MAX)),
            "reason" => texts(&|r| r.reason.name().to_owned()),
            "column_name" => texts(&|r| r.column.as_deref().unwrap_or_default().to_owned()),
            "message" => texts(&|r| r.message.to_string()),
            "key_hi" => numbers(&|r, sha256| (digest(r, sha256) >> 64) as u64 as i64),
            "key_lo" | "row_hash" => numbers(&|r, sha256| digest(r, sha256) as u64 as i64),
            PARTITION => texts(&|_| "unknown".to_owned()),
            _ => new_null_array(&column.kind.arrow(), rows),
        })
        .collect();
    RecordBatch::try_new(table.arrow_schema(), columns)
        .map_err(|e| Error::bug("rejects of another shape").with_cause(e))
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// SHA-256 of a file as the ledger writes it.
pub(super) fn file_digest(path: &Path) -> Result<String> {
    let unreadable = |e| Error::input(format!("{} cannot be read", path.display())).with_cause(e);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(unreadable)?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
    }
}
