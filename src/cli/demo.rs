//! `vigie demo`: the main job on the synthetic island, from extracts to a served map, KPIs and report.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{Days, NaiveDate};
use clap::Args;
use serde_json::{Map, Value, json};

use super::Context;
use super::progress::ByteBar;
use crate::analysis::evaluate::{Method as TestedMethod, Question as Tested};
use crate::analysis::hotspot::{Method, Question};
use crate::analysis::selection::Selection;
use crate::analysis::weights::Weights;
use crate::app::load::{Request, load};
use crate::app::{App, about, admin, evaluate, hotspots, kpi, plan, report};
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::time::{Period, add_months, month_start};
use crate::model::words::thousands;

#[derive(Args)]
pub(super) struct Demo {
    /// Folder of the demo: its store and its report
    #[arg(long, default_value = "./vigie-demo")]
    dir: PathBuf,
    /// Folder of the synthetic extracts; without it data-samples, or, where that is not, extracts made on the spot
    #[arg(long)]
    samples: Option<PathBuf>,
    /// Address to serve at; without it 127.0.0.1:8080, or any free port if that one is taken
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// End after the report
    #[arg(long)]
    no_serve: bool,
}

/// Methods that the demo tests beside the baselines: the two that did best on the island, and quick ones.
const DEMO_METHODS: &str = "shrunk-rate,changing-rate";

/// Extracts of the island and how each is read.
const EXTRACTS: [(&str, &str); 14] = [
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

/// Weights of harm made of round numbers, for the synthetic island.
const HARM: &str = include_str!("../../reports/harm/example.toml");

/// Steps done, printed as they end.
struct Steps<'c> {
    context: &'c Context,
    done: Vec<Value>,
    started: Instant,
    step: Instant,
}

impl Steps<'_> {
    fn done(&mut self, name: &str, words: &str, figures: Map<String, Value>) {
        let elapsed = self.step.elapsed();
        self.done.push(json!({
            "name": name,
            "elapsed_ms": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            "figures": figures,
        }));
        if !self.context.global.json {
            let _ = super::output::print(&format!("{name:<22}{:>7.2} s  {words}", elapsed.as_secs_f64()));
        }
        self.step = Instant::now();
    }
}

impl Demo {
    pub async fn run(self, context: &Context) -> Result<()> {
        let now = Instant::now();
        let mut steps = Steps { context, done: Vec::new(), started: now, step: now };
        let samples = self.extracts(&mut steps)?;
        let store = self.dir.join("store");
        let who = context.local();
        let app = open(&store, &who, &samples).await?;
        steps.done("store", &store.display().to_string(), Map::new());
        for (feed, file) in EXTRACTS {
            ingest(&app, &who, feed, &samples.join(file), &mut steps).await?;
        }
        let until = data_end(&app, &who).await?;
        take_plan(&app, &who, &samples, &mut steps).await?;
        find_hotspots(&app, &who, until, &mut steps).await?;
        test_methods(&app, &who, until, &mut steps).await?;
        run_kpis(&app, &who, until, &mut steps).await?;
        let report = write_reports(&app, &who, until, &self.dir.join("report"), &mut steps).await?;
        let total = steps.started.elapsed();
        let listen = self.listen.unwrap_or_else(usual_or_free);
        let url = if self.no_serve { Value::Null } else { json!(format!("http://{listen}/")) };
        let summary = json!({
            "store": store,
            "steps": steps.done,
            "report": report,
            "url": url,
            "elapsed_ms": u64::try_from(total.as_millis()).unwrap_or(u64::MAX),
        });
        context
            .output
            .answer(&summary, || format!("done in {:.1} s; the report is {}", total.as_secs_f64(), report.display()))?;
        if self.no_serve {
            return Ok(());
        }
        super::serve::serve_app(context, app, listen).await
    }
}

impl Demo {
    /// Where the extracts are: the folder named, the project's own, or a fresh island of the same seed.
    fn extracts(&self, steps: &mut Steps<'_>) -> Result<PathBuf> {
        let holds_all = |folder: &Path| EXTRACTS.iter().all(|(_, file)| folder.join(file).is_file());
        if let Some(named) = &self.samples {
            if holds_all(named) {
                return Ok(named.clone());
            }
            let missing = EXTRACTS.iter().find(|(_, file)| !named.join(file).is_file()).map_or("", |(_, file)| *file);
            return Err(Error::missing(format!("there is no {}", named.join(missing).display())));
        }
        let own = PathBuf::from("data-samples");
        if holds_all(&own) {
            return Ok(own);
        }
        let made = self.dir.join("extracts");
        crate::sample::write(&crate::sample::Options::default(), &made, &|_, _| {})?;
        steps.done("sample", &format!("the synthetic island of seed 1 in {}", made.display()), Map::new());
        Ok(made)
    }
}

/// The usual address, or one with a free port: a newcomer should not have to choose.
fn usual_or_free() -> SocketAddr {
    let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let free = |address: SocketAddr| TcpListener::bind(address).and_then(|listener| listener.local_addr()).ok();
    free(at(8080)).or_else(|| free(at(0))).unwrap_or_else(|| at(8080))
}

async fn open(store: &Path, who: &Principal, samples: &Path) -> Result<App> {
    let app = if crate::store::Store::exists(store) {
        App::open(store, None, admin::system_clock)?
    } else {
        let settings = admin::Init {
            study_area: "jersey".to_owned(),
            zone: "Europe/Jersey".to_owned(),
            force: Some("Synthetic island police".to_owned()),
            synthetic: true,
        };
        admin::init(store, who, &settings, admin::system_clock).await?
    };
    let roads = samples.join("roads.geojson");
    if roads.is_file() {
        admin::load_roads(&app, who, &roads)?;
    }
    Ok(app)
}

async fn ingest(app: &App, who: &Principal, feed: &str, file: &Path, steps: &mut Steps<'_>) -> Result<()> {
    let request = Request { feed: feed.to_owned(), files: vec![file.to_owned()], ..Request::default() };
    let bar = ByteBar::new(steps.context.output, feed);
    let loaded = load(app, who, &request, &|bytes, total, rows| bar.at(bytes, total, rows)).await;
    bar.end();
    let loaded = loaded?;
    let mut words = format!("{} rows in: {} accepted", thousands(loaded.rows_in), thousands(loaded.accepted));
    let others = [
        (loaded.revised, "revised"),
        (loaded.unchanged, "unchanged"),
        (loaded.duplicate, "duplicate"),
        (loaded.rejected_total, "rejected"),
    ];
    for (count, word) in others.into_iter().filter(|(count, _)| *count > 0) {
        words.push_str(&format!(", {} {word}", thousands(count)));
    }
    let mut figures = Map::new();
    figures.insert("rows_in".to_owned(), json!(loaded.rows_in));
    figures.insert("accepted".to_owned(), json!(loaded.accepted));
    figures.insert("revised".to_owned(), json!(loaded.revised));
    figures.insert("unchanged".to_owned(), json!(loaded.unchanged));
    figures.insert("duplicate".to_owned(), json!(loaded.duplicate));
    figures.insert("rejected_total".to_owned(), json!(loaded.rejected_total));
    steps.done(feed, &words, figures);
    Ok(())
}

/// The day after the last crime or incident.
async fn data_end(app: &App, who: &Principal) -> Result<NaiveDate> {
    let about = about::ask(app, who).await?;
    let last = about.datasets.iter().filter(|d| d.name == "incidents").filter_map(|d| d.last_on).max();
    last.map(|on| on + Days::new(1)).ok_or_else(|| Error::data("the extracts hold no incidents"))
}

/// The made-up entries on how the plan stands, and what it looks like on the last day of the records.
async fn take_plan(app: &App, who: &Principal, samples: &Path, steps: &mut Steps<'_>) -> Result<()> {
    let file = samples.join("plan-status.toml");
    if !file.is_file() {
        return Ok(());
    }
    let entries = plan::load(app, who, &file)?;
    let state = plan::ask(app, who, &plan::Question::default()).await?;
    let count = |name: &str| state.totals.get(name).copied().unwrap_or(0);
    let (done, late) = (count("done") + count("done-late"), count("late"));
    let words = format!("{done} of {} deliverables done, {late} late, {entries} entries", state.deliverables);
    let mut figures = Map::new();
    figures.insert("deliverables".to_owned(), json!(state.deliverables));
    figures.insert("done".to_owned(), json!(done));
    figures.insert("late".to_owned(), json!(late));
    steps.done("plan", &words, figures);
    Ok(())
}

async fn find_hotspots(app: &App, who: &Principal, until: NaiveDate, steps: &mut Steps<'_>) -> Result<()> {
    for name in ["day", "night"] {
        let year = Period::new(until - Days::new(365), until)?;
        let selection = Selection::of("crimes", year).by(app.config.daypart(name)?);
        let question = Question { selection, resolution: app.config.resolution, method: Method::GiStar };
        let answer = hotspots::ask(app, who, &question).await?;
        let hot = answer.map.hottest().len();
        let words = format!(
            "{hot} of {} cells above expectation, {} crimes",
            thousands(answer.provenance.cells.unwrap_or(0)),
            thousands(answer.provenance.rows)
        );
        let mut figures = Map::new();
        figures.insert("hot_cells".to_owned(), json!(hot));
        figures.insert("cells".to_owned(), json!(answer.provenance.cells));
        figures.insert("crimes".to_owned(), json!(answer.provenance.rows));
        steps.done(&format!("hotspots by {name}"), &words, figures);
    }
    Ok(())
}

/// Tests the methods on the last year's weeks and keeps which one is picked: the map then shows where next by it.
async fn test_methods(app: &App, who: &Principal, until: NaiveDate, steps: &mut Steps<'_>) -> Result<()> {
    let mut dayparts = vec![None];
    for name in ["day", "night"] {
        dayparts.push(Some(app.config.daypart(name)?));
    }
    let weeks = Period::new(until - Days::new(364), until)?;
    let mut question = Tested::usual(Selection::of("crimes", weeks), dayparts, app.config.resolution);
    question.methods = TestedMethod::parse_list(DEMO_METHODS)?;
    let answer = evaluate::ask(app, who, &question, true).await?;
    let picks: Vec<String> =
        answer.evaluation.dayparts.iter().map(|part| format!("{}: {}", part.daypart, part.best.name())).collect();
    let mut figures = Map::new();
    figures.insert("windows".to_owned(), json!(question.windows()));
    figures.insert("picked".to_owned(), json!(picks));
    steps.done("methods tested", &format!("{} weeks; picked {}", question.windows(), picks.join(", ")), figures);
    Ok(())
}

async fn run_kpis(app: &App, who: &Principal, until: NaiveDate, steps: &mut Steps<'_>) -> Result<()> {
    let end = month_start(until);
    let run = kpi::run(app, who, Period::new(add_months(end, -12), end)?, None).await?;
    let warnings = run.warnings().count();
    let words = format!("{} measures over 12 months, {warnings} reconciliation warnings", run.measures.len());
    let mut figures = Map::new();
    figures.insert("measures".to_owned(), json!(run.measures.len()));
    figures.insert("warnings".to_owned(), json!(warnings));
    steps.done("kpis", &words, figures);
    Ok(())
}

/// The reports of the last whole quarter: for the Authority and for everybody.
async fn write_reports(
    app: &App,
    who: &Principal,
    until: NaiveDate,
    out: &Path,
    steps: &mut Steps<'_>,
) -> Result<PathBuf> {
    use chrono::Datelike as _;
    let end = month_start(until);
    let end = add_months(end, -i32::try_from(end.month0() % 3).unwrap_or(0));
    let from = add_months(end, -3);
    let name = format!("{}-Q{}", from.year(), from.month0() / 3 + 1);
    let mut pages = Vec::new();
    for edition in ["authority", "public"] {
        let request = report::Request {
            edition: edition.to_owned(),
            period_name: name.clone(),
            period: Period::new(from, end)?,
            weights: Some(Weights::parse(HARM, "reports/harm/example.toml")?),
            out: Some(out.to_owned()),
        };
        let built = report::build(app, who, &request).await?;
        let page = built.folder.unwrap_or_else(|| out.to_owned()).join("report.html");
        let mut figures = Map::new();
        figures.insert("period".to_owned(), json!(name));
        figures.insert("edition".to_owned(), json!(built.id.to_string()));
        figures.insert("kpis".to_owned(), json!(built.kpis));
        figures.insert("files".to_owned(), json!(built.files.len()));
        let words = format!("{}, {} measures, {} files: {}", built.id, built.kpis, built.files.len(), page.display());
        steps.done(if edition == "authority" { "report" } else { "public report" }, &words, figures);
        pages.push(page);
    }
    pages.into_iter().next().ok_or_else(|| Error::bug("no report was written"))
}
