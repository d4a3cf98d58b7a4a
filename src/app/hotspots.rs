//! Where is it? The hotspot trip, for the command line, the API, tiles and reports.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use serde::Serialize;

use super::App;
use super::places::Places;
use super::selection::{Coverage, coverage, known_group, params, refuse_what_no_map_can_say};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::hotspot::{CellCount, HotspotMap, Method, Question, score};
use crate::engine::{Snapshot, Value};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::space::{Cell, StudyArea};
use crate::store::AsOf;

/// Metres around the data when no boundary is declared.
const HULL_MARGIN_M: f64 = 500.0;

/// Maps kept for the next tile or page of the same question.
const MAPS_KEPT: usize = 24;

/// What was computed before and is still true: store versions never change.
#[derive(Debug, Default)]
pub struct Memory {
    places: Mutex<Option<Arc<Places>>>,
    hulls: Mutex<HashMap<(u64, String), Arc<StudyArea>>>,
    maps: Mutex<Vec<(String, Arc<Scored>)>>,
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
    app.enter(who, Action::AskAggregate, "hotspots", &subject(question))?;
    answer(app, who, question).await
}

/// The answer without a line in the audit of its own: for trips that ask several questions under one line.
pub(super) async fn answer(app: &App, who: &Principal, question: &Question) -> Result<HotspotAnswer> {
    question.check()?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let key = format!("{} {}", snapshot.version(), subject(question));
    let kept = app.memory.map(&key);
    let scored = if let Some(scored) = kept {
        scored
    } else {
        let scored = Arc::new(compute(app, &snapshot, question).await?);
        app.memory.keep(key, &scored);
        scored
    };
    let policy = Policy { threshold: app.config.public_threshold };
    Ok(HotspotAnswer {
        provenance: super::evaluate::with_score(app, question, scored.provenance.clone())?,
        map: release(scored.map.clone(), &policy, who),
        area: Arc::clone(&scored.area),
    })
}

/// The question in one line, for the audit and as a key.
pub fn subject(question: &Question) -> String {
    format!("{} res={} method={}", question.selection.subject(), question.resolution, question.method.name())
}

async fn compute(app: &App, snapshot: &Snapshot, question: &Question) -> Result<Scored> {
    let selection = &question.selection;
    let coverage = coverage(snapshot, selection).await?;
    refuse_what_no_map_can_say(selection, &coverage)?;
    if coverage.in_period == 0 {
        known_group(snapshot, selection).await?;
    }
    let mut params = params(selection);
    params.insert("res".to_owned(), Value::Int(i64::from(question.resolution)));
    let counts = cell_counts(&snapshot.query("cell_counts", &params).await?.batches)?;
    let places = app.memory.places(app)?;
    let area = study_area(app, snapshot, &places, &selection.dataset).await?;
    // Scoring is pure arithmetic: it leaves the async threads to others.
    let (work, asked) = (Arc::clone(&area), question.clone());
    let map = tokio::task::spawn_blocking(move || score(&counts, &work, &asked))
        .await
        .map_err(|e| Error::bug("the map could not be computed").with_cause(e))??;
    let map = match places.parishes() {
        Some(parishes) => map.with_parishes(parishes),
        None => map,
    };
    let provenance = provenance(snapshot.version(), question, &coverage, &area, &map);
    Ok(Scored { provenance, map, area })
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
    let mut parameters = BTreeMap::new();
    if question.method == Method::GiStar {
        parameters.insert("neighbourhood".to_owned(), "the cell and its ring, clipped to the study area".to_owned());
        parameters.insert("weights".to_owned(), "binary".to_owned());
        parameters.insert("p".to_owned(), "two-sided, analytic".to_owned());
        parameters.insert("q".to_owned(), "Benjamini-Hochberg over all cells of the study area".to_owned());
    }
    Provenance {
        method: Some(question.method.name().to_owned()),
        resolution: Some(question.resolution),
        study_area: Some(format!("{}: {}", area.name, area.how)),
        cells: Some(map.rows.len() as u64),
        rows: coverage.located - outside.min(coverage.located),
        excluded,
        parameters,
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

    fn map(&self, key: &str) -> Option<Arc<Scored>> {
        lock(&self.maps).iter().find(|(k, _)| k == key).map(|(_, map)| Arc::clone(map))
    }

    fn keep(&self, key: String, map: &Arc<Scored>) {
        let mut maps = lock(&self.maps);
        if maps.len() >= MAPS_KEPT {
            maps.remove(0);
        }
        maps.push((key, Arc::clone(map)));
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
