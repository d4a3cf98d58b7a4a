//! What the tests share: the built program, temporary stores, one store of the synthetic island.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tempfile::TempDir;
use vigie::app::load::{LoadReport, Request, load};
use vigie::app::{App, admin};
use vigie::error::Result;
use vigie::model::access::{Principal, Role};
use vigie::sample::Options;

/// One run of the program.
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// The one JSON object that `--json` prints.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("not one JSON value ({e}):\n{}\n{}", self.out, self.err))
    }

    /// The JSON of a run that must have gone well.
    pub fn ok(&self) -> Value {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self.json()
    }
}

/// The program, with nothing of the tester's own surroundings.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    for name in ["VIGIE_STORE", "VIGIE_TOKEN", "VIGIE_LOG", "LOGNAME"] {
        command.env_remove(name);
    }
    command.env("USER", "somebody else").stdin(Stdio::null());
    command
}

/// Runs the program over a store.
pub fn vigie(store: &Path, args: &[&str]) -> Run {
    let output = program().arg("--store").arg(store).args(args).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The moment at which tests happen.
pub fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_268_800, 0).unwrap()
}

/// Somebody with these roles.
pub fn somebody(roles: &[Role]) -> Principal {
    Principal { name: "tester".into(), roles: roles.to_vec(), via: "test", purpose: None }
}

/// Somebody who loads and runs.
pub fn loader() -> Principal {
    somebody(&[Role::Analyst, Role::Admin])
}

/// A new store in a folder of its own.
pub async fn new_store(study_area: &str, zone: &str) -> (TempDir, App) {
    let folder = tempfile::tempdir().unwrap();
    let app = store_at(&folder.path().join("store"), study_area, zone).await;
    (folder, app)
}

async fn store_at(root: &Path, study_area: &str, zone: &str) -> App {
    let settings = admin::Init {
        study_area: study_area.to_owned(),
        zone: zone.to_owned(),
        force: Some("Synthetic island police".to_owned()),
        synthetic: true,
    };
    admin::init(root, &loader(), &settings, noon).await.unwrap()
}

/// Loads files; at most 5 % of the rows may be refused.
pub async fn ingest(app: &App, feed: &str, files: &[PathBuf]) -> Result<LoadReport> {
    let request = Request { feed: feed.to_owned(), files: files.to_vec(), ..Request::default() };
    let report = load(app, &loader(), &request, &|_, _, _| {}).await?;
    assert!(report.reconciles(), "{report:?}");
    Ok(report)
}

/// Feeds of the island and their files.
pub const EXTRACTS: [(&str, &str); 14] = [
    ("jersey-incidents", "incidents.csv.gz"),
    ("jersey-crimes", "crimes.csv.gz"),
    ("jersey-stops", "stops.csv.gz"),
    ("jersey-offences", "offences.csv.gz"),
    ("jersey-stocks", "stocks.csv.gz"),
    ("jersey-stocks", "resources.csv.gz"),
    ("jersey-money", "money.csv.gz"),
    ("jersey-campaigns", "campaigns.csv.gz"),
    ("jersey-surveys", "surveys.csv.gz"),
    ("jersey-custody", "custody.csv.gz"),
    ("jersey-assessments", "assessments.csv.gz"),
    ("jersey-cameras", "cameras.csv.gz"),
    ("jersey-anpr", "anpr.csv.gz"),
    ("jersey-pings", "pings.csv.gz"),
];

/// A folder for this run of the tests; those of runs that have ended are swept.
fn scratch() -> &'static Path {
    static SCRATCH: OnceLock<PathBuf> = OnceLock::new();
    SCRATCH.get_or_init(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vigie-it");
        fs::create_dir_all(&root).unwrap();
        let processes = Path::new("/proc");
        for entry in fs::read_dir(&root).unwrap().flatten() {
            if processes.join("self").exists() && !processes.join(entry.file_name()).exists() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let own = root.join(std::process::id().to_string());
        let _ = fs::remove_dir_all(&own);
        fs::create_dir_all(&own).unwrap();
        own
    })
}

/// A small island of one year, with its dirty extracts; made once.
pub fn small_sample() -> &'static Path {
    static SAMPLE: OnceLock<PathBuf> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let out = scratch().join("sample");
        let options = Options { seed: 3, scale: 0.2, years: 1, anpr_days: 3, ping_days: 2, ..Options::default() };
        vigie::sample::write(&options, &out, &|_, _| {}).unwrap();
        out
    })
}

/// Extracts of the island: those of the repository, else the small ones.
pub fn extracts() -> &'static Path {
    static EXTRACTS_AT: OnceLock<PathBuf> = OnceLock::new();
    EXTRACTS_AT.get_or_init(|| {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
        if EXTRACTS.iter().all(|(_, file)| committed.join(file).is_file()) {
            return committed;
        }
        println!("data-samples/ holds no extracts: a small island is made instead");
        small_sample().to_owned()
    })
}

/// `truth.json` of a folder of extracts.
pub fn truth(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap()
}

/// A store of the island with every extract, made once. Tests read it; those that load make their own.
pub fn island() -> &'static Path {
    static ISLAND: OnceLock<PathBuf> = OnceLock::new();
    ISLAND.get_or_init(|| {
        let root = scratch().join("island");
        let make = async {
            let app = store_at(&root, "jersey", "Europe/Jersey").await;
            admin::load_roads(&app, &loader(), &extracts().join("roads.geojson")).unwrap();
            for (feed, file) in EXTRACTS {
                let report = ingest(&app, feed, &[extracts().join(file)]).await.unwrap();
                assert_eq!(report.rejected_total, 0, "{feed}: {report:?}");
            }
        };
        // Asked for from plain tests and from within a runtime alike: a thread has neither.
        std::thread::scope(|scope| {
            scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(make)).join().unwrap();
        });
        root
    })
}

/// The island's store, opened.
pub fn island_app() -> App {
    App::open(island(), None, noon).unwrap()
}

/// Last twelve months of the island, as dates.
pub fn last_year() -> (String, String) {
    let day = &truth(extracts())["hotspots"]["dayparts"]["day"];
    (day["from"].as_str().unwrap().to_owned(), day["to"].as_str().unwrap().to_owned())
}

/// Rows of an answer.
pub fn rows(answer: &Value) -> &Vec<Value> {
    answer["rows"].as_array().unwrap_or_else(|| panic!("no rows in {answer}"))
}

/// A file in a folder.
pub fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Bytes as gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
