//! Long walks of loads, corrections and restarts, step by step beside a model that is too simple to be wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::Value;
use tempfile::TempDir;
use vigie::app::load::{LoadReport, Request, load};
use vigie::app::{App, keeping};
use vigie::model::access::{Principal, Purpose};
use vigie::render::table::json_rows;
use vigie::store::AsOf;

use super::trial::{Snapshot, quick_folder, read_folder, write_folder};
use super::{Dice, on_all_cores, times};
use crate::support::{loader, new_store, noon, put, text};

const HEADER: &str = "stop_id,stopped_at,recorded,unit_id,reason,outcome,lat,lon\n";
const VERSIONS: u32 = 6;
/// The version with which the source takes a record back. Later ones bring it back again.
const TAKEN_BACK: u32 = 4;

/// One version of one record, as the source wrote it. A higher version was written later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    id: u32,
    version: u32,
}

impl Row {
    fn line(self) -> String {
        let Row { id, version } = self;
        let (month, minute) = (id % 4 + 5, version * 10);
        let reason = if version == TAKEN_BACK { "VOID" } else { "vehicle" };
        format!(
            "S{id:03},2015-{month:02}-01 10:00:00,2016-01-01 00:{minute:02}:00,U1,{reason},version {version},49.19,-2.11\n"
        )
    }
}

fn extract(rows: &[Row]) -> String {
    HEADER.to_owned() + &rows.iter().map(|row| row.line()).collect::<String>()
}

/// What is done to the store.
#[derive(Debug, Clone)]
enum Step {
    /// An extract of any versions of any records: new, revised, taken back, repeated or late.
    Load(Vec<Row>),
    /// The bytes of an earlier extract again.
    SameBytes(usize),
    /// The records of an earlier extract in another file, in another order.
    SameRecords(usize),
    /// Everything older than what is held.
    Late,
    /// Some records are erased for good, held or not.
    Erase(Vec<u32>),
    /// Files are merged.
    Compact,
    /// A question to a version of before.
    AsOf(usize),
    /// The process ends, and another begins.
    Restart,
}

fn any_row() -> impl Strategy<Value = Row> {
    (0_u32..24, 0..VERSIONS).prop_map(|(id, version)| Row { id, version })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(any_row(), 1..12).prop_map(Step::Load),
        1 => any::<usize>().prop_map(Step::SameBytes),
        1 => any::<usize>().prop_map(Step::SameRecords),
        1 => Just(Step::Late),
        1 => prop::collection::vec(0_u32..24, 1..4).prop_map(Step::Erase),
        1 => Just(Step::Compact),
        2 => any::<usize>().prop_map(Step::AsOf),
        1 => Just(Step::Restart),
    ]
}

/// Record → its newest version.
type Records = BTreeMap<u32, u32>;

/// The store, and what it should hold.
struct Walk {
    folder: TempDir,
    app: App,
    records: Records,
    /// Store version → what it held when it was the newest.
    history: BTreeMap<u64, Records>,
    /// Records that were erased: they may not come back.
    erased: BTreeSet<u32>,
    /// Extracts loaded so far.
    extracts: Vec<Vec<Row>>,
    files: usize,
}

impl Walk {
    fn begin() -> Self {
        let folder = quick_folder();
        write_folder(&root(&folder), empty_store());
        let app = App::open(&root(&folder), None, noon).unwrap();
        let history = BTreeMap::from([(app.version().unwrap(), Records::new())]);
        Self { folder, app, records: Records::new(), history, erased: BTreeSet::new(), extracts: Vec::new(), files: 0 }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Load(rows) => self.load(rows.clone()).await,
            Step::SameBytes(which) => {
                if let Some(rows) = self.earlier(*which) {
                    let before = self.records.clone();
                    self.load(rows).await;
                    assert_eq!(self.records, before, "the same bytes changed something in the model");
                }
            }
            Step::SameRecords(which) => {
                if let Some(mut rows) = self.earlier(*which) {
                    Dice::new(*which as u64).shuffle(&mut rows);
                    self.load(rows).await;
                }
            }
            Step::Late => {
                let older = self.records.iter().filter(|(_, version)| **version > 0);
                let rows: Vec<Row> = older.map(|(id, version)| Row { id: *id, version: version - 1 }).collect();
                if !rows.is_empty() {
                    self.load(rows).await;
                }
            }
            Step::Erase(ids) => self.erase(ids).await,
            Step::Compact => {
                let (_, version) = keeping::compact(&self.app, &loader(), &[], &|_, _| {}).await.unwrap();
                self.is_version(version);
            }
            Step::AsOf(which) => {
                let (version, records) = self.history.iter().nth(which % self.history.len()).unwrap();
                assert_eq!(held(&self.app, AsOf::Version(*version)).await, *records, "as of version {version}");
            }
            Step::Restart => self.app = App::open(&root(&self.folder), None, noon).unwrap(),
        }
        assert_eq!(held(&self.app, AsOf::Newest).await, self.records);
    }

    fn earlier(&self, which: usize) -> Option<Vec<Row>> {
        (!self.extracts.is_empty()).then(|| self.extracts[which % self.extracts.len()].clone())
    }

    async fn load(&mut self, rows: Vec<Row>) {
        self.files += 1;
        let file = put(self.folder.path(), &format!("{}.csv", self.files), extract(&rows));
        let (kept, withheld): (Vec<Row>, Vec<Row>) = rows.iter().partition(|row| !self.erased.contains(&row.id));
        let new = kept.iter().filter(|row| !self.records.contains_key(&row.id)).map(|row| row.id);
        let new = new.collect::<BTreeSet<u32>>().len();
        for row in &kept {
            let version = self.records.entry(row.id).or_insert(row.version);
            *version = row.version.max(*version);
        }
        let report = ingest(&self.app, &[file]).await;
        assert_eq!((report.rows_in, report.accepted, report.rejected_total), (rows.len() as u64, new as u64, 0));
        assert_eq!(report.withheld, withheld.len() as u64);
        self.is_version(report.version);
        self.extracts.push(rows);
    }

    async fn erase(&mut self, ids: &[u32]) {
        let named: Vec<Row> = ids.iter().map(|id| Row { id: *id, version: 0 }).collect();
        let file = put(self.folder.path(), "doomed.csv", extract(&named));
        let who = Principal { purpose: Some(Purpose { code: "erasure".into(), reference: "DP/7".into() }), ..loader() };
        let erasure = keeping::erase(&self.app, &who, feed(), &[file]).await.unwrap();
        let before = self.records.len();
        self.erased.extend(ids);
        // Out of every version there ever was.
        for records in self.history.values_mut().chain([&mut self.records]) {
            records.retain(|id, _| !ids.contains(id));
        }
        assert_eq!(erasure.records, (before - self.records.len()) as u64);
        self.is_version(erasure.version);
    }

    /// The newest version, which holds what the model holds now.
    fn is_version(&mut self, version: u64) {
        assert_eq!(version, self.app.version().unwrap());
        let as_of = self.history.entry(version).or_insert_with(|| self.records.clone());
        assert_eq!(*as_of, self.records, "a version changed what it holds");
    }
}

async fn ingest(app: &App, files: &[PathBuf]) -> LoadReport {
    let request = Request { feed: feed().into(), files: files.to_vec(), max_reject_share: 0.0, ..Request::default() };
    let report = load(app, &loader(), &request, &|_, _, _| {}).await.unwrap();
    assert!(report.reconciles(), "{report:?}");
    report
}

async fn rows(app: &App, as_of: AsOf, sql: &str) -> Vec<Value> {
    let answer = app.engine.snapshot(as_of).await.unwrap().sql(sql).await.unwrap();
    json_rows(&answer.batches).unwrap()
}

async fn held(app: &App, as_of: AsOf) -> Records {
    let found = rows(app, as_of, "SELECT stop_id, outcome, deleted FROM kept.stops").await;
    let number = |row: &Value, column: &str, skip: usize| row[column].as_str().unwrap()[skip..].parse::<u32>().unwrap();
    let records: Records =
        found.iter().map(|row| (number(row, "stop_id", 1), number(row, "outcome", "version ".len()))).collect();
    assert_eq!(records.len(), found.len(), "a record is there twice");
    for row in &found {
        let taken_back = number(row, "outcome", "version ".len()) == TAKEN_BACK;
        assert_eq!(row["deleted"].as_bool().unwrap_or_default(), taken_back, "{row}");
    }
    records
}

/// The feed of stops, with a word for records that the source takes back. One file for all walks.
fn feed() -> &'static str {
    static FEED: OnceLock<(TempDir, String)> = OnceLock::new();
    let (_, path) = FEED.get_or_init(|| {
        let folder = quick_folder();
        let plain = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("feeds/jersey-stops.toml")).unwrap();
        let taken_back = "deleted = { from = \"reason\", values = [\"VOID\"] }\n\n[columns]";
        let file = put(folder.path(), "stops.toml", plain.replacen("[columns]", taken_back, 1));
        let path = text(&file).to_owned();
        (folder, path)
    });
    path
}

fn root(folder: &TempDir) -> PathBuf {
    folder.path().join("store")
}

/// A store with nothing in it; made once.
fn empty_store() -> &'static Snapshot {
    static EMPTY: OnceLock<Snapshot> = OnceLock::new();
    EMPTY.get_or_init(|| {
        let make = || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (_folder, app) = runtime.block_on(new_store("jersey", "Europe/Jersey"));
            read_folder(app.store.root())
        };
        std::thread::scope(|scope| scope.spawn(make).join().unwrap())
    })
}

/// The same cases on every run and every machine.
fn seeded(cases: usize, seed: u64) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases: u32::try_from(cases).unwrap(),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })
}

#[test]
fn a_store_holds_what_a_plain_model_holds_after_every_step() {
    let (walks, steps) = (times(64, 10_000), times(30, 50));
    let shards: Vec<u64> = (0..16).collect();
    let strategy = prop::collection::vec(any_step(), steps..=steps);
    on_all_cores(
        &shards,
        || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
        |runtime, _, shard| {
            let walked = seeded(walks / shards.len(), *shard).run(&strategy, |walk| {
                runtime.block_on(async {
                    let mut store = Walk::begin();
                    for step in &walk {
                        store.step(step).await;
                    }
                });
                Ok(())
            });
            walked.unwrap_or_else(|failed| panic!("seed {shard}: {failed}"));
        },
    );
}

/// All columns of all records, but for what tells one load from another.
async fn content(app: &App) -> Vec<Value> {
    let mut found = rows(app, AsOf::Newest, "SELECT * FROM kept.stops ORDER BY key_hi, key_lo").await;
    for row in &mut found {
        let row = row.as_object_mut().unwrap();
        row.remove("loaded_at");
        row.remove("load_id");
    }
    found
}

#[test]
fn the_order_of_files_leaves_no_trace() {
    let files = prop::collection::vec(prop::collection::vec(any_row(), 1..20), 2..6);
    let strategy = (files, any::<u64>(), any::<bool>());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let walked = seeded(times(16, 1000), 1).run(&strategy, |(files, seed, at_once)| {
        runtime.block_on(async {
            let mut order: Vec<usize> = (0..files.len()).collect();
            let as_given = loaded(&files, &order, false).await;
            Dice::new(seed).shuffle(&mut order);
            assert_eq!(loaded(&files, &order, at_once).await, as_given, "in the order {order:?}");
        });
        Ok(())
    });
    walked.unwrap_or_else(|failed| panic!("{failed}"));
}

/// What a new store holds after these files, one load each or all in one.
async fn loaded(files: &[Vec<Row>], order: &[usize], at_once: bool) -> Vec<Value> {
    let folder = quick_folder();
    write_folder(&root(&folder), empty_store());
    let app = App::open(&root(&folder), None, noon).unwrap();
    let paths: HashMap<usize, PathBuf> =
        order.iter().map(|at| (*at, put(folder.path(), &format!("{at}.csv"), extract(&files[*at])))).collect();
    let in_order: Vec<PathBuf> = order.iter().map(|at| paths[at].clone()).collect();
    if at_once {
        ingest(&app, &in_order).await;
    } else {
        for path in in_order {
            ingest(&app, &[path]).await;
        }
    }
    assert!(fs::exists(Path::new(app.store.root())).unwrap());
    content(&app).await
}
