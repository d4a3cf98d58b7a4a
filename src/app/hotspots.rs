//! Where is it? The hotspot trip, for the command line, the API, tiles and reports.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use serde::Serialize;

use super::App;
use super::disclosed::{Shown, guard};
use super::flow::texts;
use super::kept::Kept;
use super::places::Places;
use super::points::points;
use super::selection::{Coverage, check_for_a_map, counting, for_a_map, params, scanned_coverage};
use crate::analysis::density;
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::evaluate::{self as tested, Method as Tested};
use crate::analysis::hotspot::{CellCount, HotspotMap, Method, Permutations, Pick, Question, Settings, score_with};
use crate::analysis::selection::Selection;
use crate::analysis::weights::{KindCount, weigh};
use crate::engine::{Snapshot, Value};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::space::{Cell, StudyArea};
use crate::store::{AsOf, Counted};

/// Metres around the data when no boundary is declared.
const HULL_MARGIN_M: f64 = 500.0;

/// What was computed before and is still true: store versions never change.
#[derive(Debug, Default)]
pub struct Memory {
    places: Mutex<Option<Arc<Places>>>,
    hulls: Mutex<HashMap<(u64, String), Arc<StudyArea>>>,
    maps: Kept<Scored, 24>,
    pub(super) histories: Kept<super::emerging::Found, 8>,
    views: Mutex<HashMap<String, chrono::DateTime<chrono::Utc>>>,
}

/// A map before release.
#[derive(Debug, Clone)]
pub struct Scored {
    provenance: Provenance,
    map: HotspotMap,
    area: Arc<StudyArea>,
}

/// A released map and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct HotspotAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// One row a cell of the study area.
    #[serde(flatten)]
    pub map: Released<HotspotMap>,
    /// Where was asked.
    #[serde(skip)]
    pub area: Arc<StudyArea>,
}

/// Asks where a dataset is concentrated.
///
/// # Errors
/// `Denied`; `Input` for a wrong question; `Data` when the data cannot carry it: no positions, or days that are not
/// known where the question needs hours.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<HotspotAnswer> {
    ask_with(app, who, question, &Settings::default()).await
}

/// Asks where a dataset is concentrated, with settings of one's own: permutations, harm weights, kernel.
///
/// # Errors
/// As [`ask`]; `Input` for settings that the method cannot use.
pub async fn ask_with(app: &App, who: &Principal, question: &Question, settings: &Settings) -> Result<HotspotAnswer> {
    app.enter(who, Action::AskAggregate, "hotspots", &format!("{}{}", subject(question), settings.subject()))?;
    answer_with(app, who, question, settings).await
}

/// The answer without a line in the audit of its own: for trips that ask several questions under one line.
pub(super) async fn answer(app: &App, who: &Principal, question: &Question) -> Result<HotspotAnswer> {
    answer_with(app, who, question, &Settings::default()).await
}

async fn answer_with(app: &App, who: &Principal, question: &Question, settings: &Settings) -> Result<HotspotAnswer> {
    question.check()?;
    settings.check(question.method)?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let key = format!("{} {}{}", snapshot.version(), subject(question), settings.subject());
    let kept = app.memory.maps.find(&key);
    let scored = if let Some(scored) = kept {
        scored
    } else {
        let scored = Arc::new(compute(app, &snapshot, question, settings).await?);
        app.memory.maps.keep(key, &scored);
        scored
    };
    let policy = Policy { threshold: app.config.public_threshold };
    let mut provenance = super::evaluate::with_score(app, question, scored.provenance.clone())?;
    let map = release(scored.map.clone(), &policy, who);
    guard(&mut provenance, policy, who, Shown::of(map.rows.iter().map(|row| row.count)));
    Ok(HotspotAnswer { provenance, map, area: Arc::clone(&scored.area) })
}

/// The question in one line, for the audit and as a key.
pub fn subject(question: &Question) -> String {
    let mut text =
        format!("{} res={} method={}", question.selection.subject(), question.resolution, question.method.name());
    if let Method::Next(pick) = question.method {
        text.push_str(&format!(":{}:{}d:{}d", pick.method.name(), pick.horizon_days, pick.train_days));
    }
    text
}

/// The method of a map: the one named; without a name, where next by the method that a kept test of such records picked, and
/// Gi* where nothing was tested. The one named `next` takes the 12-month count there.
///
/// # Errors
/// `Input` naming the methods there are; `Data` if the control database cannot be read.
pub fn method(app: &App, selection: &Selection, resolution: u8, name: Option<&str>) -> Result<Method> {
    let named = name.map(Method::parse).transpose()?;
    if named.is_some_and(|method| !matches!(method, Method::Next(_))) {
        return Ok(named.unwrap_or(Method::GiStar));
    }
    let pick = super::evaluate::picked(app, selection, resolution)?.and_then(|score| {
        let method = Tested::parse(&score.best).ok()?;
        Some(Pick { method, horizon_days: score.horizon_days, train_days: score.train_days })
    });
    Ok(pick.map(Method::Next).or(named).unwrap_or(Method::GiStar))
}

/// The order of the picked method for the days after the period, from what was recorded before they begin.
async fn next(
    app: &App,
    snapshot: &Snapshot,
    area: &Arc<StudyArea>,
    question: &Question,
    pick: Pick,
) -> Result<(Vec<tested::Place>, BTreeMap<String, String>)> {
    let selection = &question.selection;
    let period = super::forecast::days_from(selection.period.to, pick.horizon_days)?;
    let ahead = Selection { period, daypart: None, ..selection.clone() };
    let mut asked = tested::Question::usual(ahead, vec![selection.daypart.clone()], question.resolution);
    (asked.horizon_days, asked.step_days, asked.train_days) = (pick.horizon_days, pick.horizon_days, pick.train_days);
    asked.check()?;
    let longer = super::evaluate::looking_back(&asked, selection.daypart.clone())?;
    for_a_map(snapshot, &longer, Some("a map of where next")).await?;
    let ordered = super::forecast::order(app, snapshot, area, &asked, &longer, pick.method).await?;
    let mut said = BTreeMap::new();
    let mut put = |name: &str, words: String| said.insert(name.to_owned(), words);
    put("next_from", period.from.to_string());
    put("next_to", period.to.to_string());
    put("picked", format!("{}: {}", pick.method.name(), pick.method.parameters()));
    put("looks_back", format!("{} days, what was recorded before the first day", pick.train_days));
    if let Some(score) = super::evaluate::picked(app, selection, question.resolution)? {
        put("picked_because", score.why);
    }
    Ok((ordered.places, said))
}

async fn compute(app: &App, snapshot: &Snapshot, question: &Question, settings: &Settings) -> Result<Scored> {
    let selection = &question.selection;
    let places = app.memory.places(app)?;
    // The cells of the area are found while the records are counted.
    let cells = places.declared().map(Arc::clone).map(|area| {
        let resolution = question.resolution;
        tokio::task::spawn_blocking(move || area.cells(resolution).map(|_| ()))
    });
    let counted = snapshot.count(&selection.dataset, counting(selection, Some(question.resolution))).await?;
    let coverage = match &counted {
        Some(counted) => Coverage::from(counted),
        None => scanned_coverage(snapshot, selection).await?,
    };
    check_for_a_map(snapshot, selection, &coverage, None).await?;
    let kept = counted.map(by_cell);
    if let Some(cells) = cells {
        cells.await.map_err(|e| Error::bug("the cells of the study area could not be found").with_cause(e))??;
    }
    let area = study_area(app, snapshot, &places, &selection.dataset).await?;
    let found = judge(snapshot, &area, question, settings, kept).await?;
    let mut map = match places.parishes() {
        Some(parishes) => found.map.with_parishes(parishes),
        None => found.map,
    };
    let mut said = found.parameters;
    if let Method::Next(pick) = question.method {
        let (order, words) = next(app, snapshot, &area, question, pick).await?;
        map = map.in_order_of(&order)?;
        said.extend(words);
    }
    let mut provenance = provenance(snapshot.version(), question, &coverage, &area, &map);
    provenance.parameters = parameters(question, settings);
    provenance.parameters.extend(said);
    Ok(Scored { provenance, map, area })
}

/// A map and what its provenance should say of it.
struct Judged {
    map: HotspotMap,
    parameters: BTreeMap<String, String>,
}

/// Judges the cells; `kept` holds their records where they were counted at load.
async fn judge(
    snapshot: &Snapshot,
    area: &Arc<StudyArea>,
    question: &Question,
    settings: &Settings,
    kept: Option<Vec<CellCount>>,
) -> Result<Judged> {
    // Scoring is pure arithmetic: it leaves the async threads to others.
    let (work, asked, how) = (Arc::clone(area), question.clone(), settings.clone());
    let failed = |e: tokio::task::JoinError| Error::bug("the map could not be computed").with_cause(e);
    if question.method == Method::Kde {
        let records = points(snapshot, &question.selection, question.resolution).await?;
        let others = match &settings.against {
            Some(against) => {
                for_a_map(snapshot, &against.selection, None).await?;
                Some((points(snapshot, &against.selection, question.resolution).await?, against.joined))
            }
            None => None,
        };
        let found = tokio::task::spawn_blocking(move || {
            let mut found = density::map(&records, &work, &asked, &how)?;
            if let Some((others, joined)) = others {
                density::hold_against(&mut found, &others, &work, &asked, joined)?;
            }
            Ok::<_, Error>(found)
        });
        let found = found.await.map_err(failed)??;
        return Ok(Judged { parameters: of_density(&found), map: found.map });
    }
    let mut params = params(&question.selection);
    params.insert("res".to_owned(), Value::Int(i64::from(question.resolution)));
    let mut parameters = BTreeMap::new();
    let (counts, harm) = match (&settings.weights, kept) {
        (None, Some(kept)) => (kept, None),
        (None, None) => (scanned_cells(snapshot, &question.selection, question.resolution).await?, None),
        (Some(weights), _) => {
            // This query gives every kind; the group is picked here.
            let group = params.remove("group");
            let batches = snapshot.query("cell_kinds", &params).await?.batches;
            let mut kinds = kind_counts(&batches)?;
            if group.is_some() {
                kinds.retain(|kind| Some(&kind.kind) == question.selection.group.as_ref());
            }
            let weighed = weigh(&kinds, weights);
            parameters.insert("unweighted_records".to_owned(), weighed.unweighted_records.to_string());
            (weighed.counts, Some(weighed.harm))
        }
    };
    let map = tokio::task::spawn_blocking(move || score_with(&counts, harm.as_ref(), &work, &asked, &how)).await;
    Ok(Judged { map: map.map_err(failed)??, parameters })
}

fn kind_counts(batches: &[RecordBatch]) -> Result<Vec<KindCount>> {
    let mut kinds = Vec::new();
    for batch in batches {
        let counts = cell_counts(std::slice::from_ref(batch))?;
        for (counted, kind) in counts.into_iter().zip(texts(batch, "kind")?) {
            kinds.push(KindCount { cell: counted.cell, kind, count: counted.count });
        }
    }
    Ok(kinds)
}

fn of_density(found: &density::Density) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::from([
        ("kernel".to_owned(), format!("{}, integrating to 1", found.kernel.name())),
        ("distances".to_owned(), format!("on a flat map, off by at most {:.2}%", found.distance_error * 100.0)),
        ("edge".to_owned(), "not corrected: what a kernel lays outside the study area is lost; see mass".to_owned()),
    ]);
    if let Some(metres) = found.bandwidth_m {
        let how = if found.by_rule { "by the normal reference rule, from both axes" } else { "as given" };
        parameters.insert("bandwidth_m".to_owned(), format!("{metres:.1}, {how}"));
    }
    if let Some(mass) = found.mass {
        parameters.insert("mass".to_owned(), format!("{mass:.4}: expected counts of all cells over the records"));
    }
    parameters
}

/// What the method and the settings add to the provenance.
fn parameters(question: &Question, settings: &Settings) -> BTreeMap<String, String> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(weights) = &settings.weights {
        lines.push(("weights_of_harm", weights.words(question.selection.period)));
    }
    if let Some(against) = &settings.against {
        lines.push(("against", against.selection.subject()));
        lines.push(("joined", format!("{}, with the bandwidth of the first", against.joined.name())));
    }
    match question.method {
        Method::Count | Method::Kde | Method::Next(_) => {}
        Method::GiStar => {
            lines.push(("neighbourhood", "the cell and its ring, clipped to the study area".to_owned()));
            lines.push(("weights", "binary".to_owned()));
        }
        Method::LocalMoran => {
            lines.push(("neighbourhood", "the ring around the cell, clipped to the study area".to_owned()));
            lines.push(("weights", "row-standardised".to_owned()));
            lines.push(("moments", "conditional randomisation (Sokal, Oden and Thomson 1998)".to_owned()));
        }
    }
    if matches!(question.method, Method::GiStar | Method::LocalMoran) {
        let p = match settings.permutations {
            None if question.method == Method::GiStar && settings.weights.is_none() => {
                "two-sided, the larger of the normal p of z and the exact one of records thrown at the cells at random"
                    .to_owned()
            }
            None => "two-sided, analytic".to_owned(),
            Some(Permutations { draws, seed }) => {
                lines.push(("seed", seed.to_string()));
                lines.push(("smallest_p", format!("{:.3e}", 2.0 / (f64::from(draws) + 1.0))));
                format!("two-sided, {draws} conditional permutations, the same draws for all cells")
            }
        };
        lines.push(("p", p));
        lines.push(("q", "Benjamini-Hochberg over all cells of the study area".to_owned()));
    }
    lines.into_iter().map(|(name, words)| (name.to_owned(), words)).collect()
}

/// Records by cell, from the counts in the table files or else by a scan.
pub(super) async fn cells_with_records(
    snapshot: &Snapshot,
    selection: &Selection,
    resolution: u8,
) -> Result<Vec<CellCount>> {
    match snapshot.count(&selection.dataset, counting(selection, Some(resolution))).await? {
        Some(counted) => Ok(by_cell(counted)),
        None => scanned_cells(snapshot, selection, resolution).await,
    }
}

fn by_cell(counted: Counted) -> Vec<CellCount> {
    counted.cells.into_iter().map(|(cell, count)| CellCount { cell, count }).collect()
}

async fn scanned_cells(snapshot: &Snapshot, selection: &Selection, resolution: u8) -> Result<Vec<CellCount>> {
    let mut params = params(selection);
    params.insert("res".to_owned(), Value::Int(i64::from(resolution)));
    cell_counts(&snapshot.query("cell_counts", &params).await?.batches)
}

fn cell_counts(batches: &[RecordBatch]) -> Result<Vec<CellCount>> {
    let mut counts = Vec::new();
    for batch in batches {
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|c| c.as_primitive_opt::<Int64Type>())
                .ok_or_else(|| Error::bug(format!("the counts have no column {name}")))
        };
        let (cells, records) = (column("cell")?, column("records")?);
        for row in 0..batch.num_rows() {
            let cell =
                Cell::from_bits(cells.value(row)).ok_or_else(|| Error::data("a stored cell is not an H3 index"))?;
            counts.push(CellCount { cell, count: records.value(row).unsigned_abs() });
        }
    }
    Ok(counts)
}

/// The declared study area, else the hull of everything the dataset ever held.
pub(super) async fn study_area(
    app: &App,
    snapshot: &Snapshot,
    places: &Places,
    dataset: &str,
) -> Result<Arc<StudyArea>> {
    if let Some(declared) = places.declared() {
        return Ok(Arc::clone(declared));
    }
    let key = (snapshot.version(), dataset.to_owned());
    if let Some(hull) = lock(&app.memory.hulls).get(&key) {
        return Ok(Arc::clone(hull));
    }
    let params = BTreeMap::from([("dataset".to_owned(), Value::Text(dataset.to_owned()))]);
    let answer = snapshot.query("occupied_cells", &params).await?;
    let mut points = Vec::new();
    for batch in &answer.batches {
        let cells = batch.column(0).as_primitive_opt::<Int64Type>().ok_or_else(|| Error::bug("no column cell"))?;
        points.extend(cells.iter().flatten().filter_map(Cell::from_bits).map(Cell::centre));
    }
    if points.is_empty() {
        return Err(Error::data(format!("no {dataset} record has a position, so there is no study area")));
    }
    let hull = Arc::new(StudyArea::hull(&points, HULL_MARGIN_M)?);
    lock(&app.memory.hulls).insert(key, Arc::clone(&hull));
    Ok(hull)
}

fn provenance(
    version: u64,
    question: &Question,
    coverage: &Coverage,
    area: &StudyArea,
    map: &HotspotMap,
) -> Provenance {
    let mut excluded = coverage.excluded();
    let outside = map.outside_study_area.unwrap_or(0);
    if outside > 0 {
        excluded.insert("outside_study_area".to_owned(), outside);
    }
    Provenance {
        method: Some(question.method.name().to_owned()),
        resolution: Some(question.resolution),
        study_area: Some(format!("{}: {}", area.name, area.how)),
        cells: Some(map.rows.len() as u64),
        rows: coverage.located - outside.min(coverage.located),
        excluded,
        undefined_reason: map.undefined_reason.clone(),
        data_cut_off: coverage.last_on.map(|on| on.to_string()),
        ..question.selection.provenance("hotspots", version)
    }
}

impl Memory {
    /// Boundaries and roads, read once.
    pub(super) fn places(&self, app: &App) -> Result<Arc<Places>> {
        let mut slot = lock(&self.places);
        if let Some(places) = slot.as_ref() {
            return Ok(Arc::clone(places));
        }
        let places = Arc::new(Places::open(app)?);
        *slot = Some(Arc::clone(&places));
        Ok(places)
    }

    /// Whether this is the first look of a map view in the last quarter of an hour: the tiles of one view share a line
    /// of the audit.
    pub(super) fn first_look(&self, view: String, now: chrono::DateTime<chrono::Utc>) -> bool {
        let mut views = lock(&self.views);
        views.retain(|_, at| now - *at < chrono::TimeDelta::minutes(15));
        if views.contains_key(&view) {
            return false;
        }
        views.insert(view, now);
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
