//! How good would the map have been? The test of methods, and what is kept of it for the maps.

use std::num::NonZero;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;
use serde::Serialize;

use super::App;
use super::disclosed::{Shown, guard};
use super::hotspots::study_area;
use super::selection::{Coverage, for_a_map, params};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::evaluate::{
    Evaluation, Method, Occurrence, Question, Score, assess, day_number, daypart_name, ground, percent,
};
use crate::analysis::hotspot;
use crate::analysis::selection::Selection;
use crate::engine::{Snapshot, Value};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal, decide};
use crate::model::provenance::Provenance;
use crate::model::time::{Daypart, Period};
use crate::space::{Cell, StudyArea};
use crate::store::AsOf;

/// Days that the baseline looks back.
const YEAR: i64 = 365;

/// A released test and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct EvaluationAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// Rows, and the pick of each daypart.
    #[serde(flatten)]
    pub evaluation: Released<Evaluation>,
    /// The coverage that decided.
    pub headline: f64,
    /// Whether the scores were kept for the maps of the store.
    pub kept: bool,
}

/// Tests methods on the records of a store. With `keep`, what came of it is kept for the maps, if they may load records.
///
/// # Errors
/// `Denied`; `Input` for a wrong question; `Data` if the records cannot carry it: no positions, days or hours that are not
/// known, no records before the first origin.
pub async fn ask(app: &App, who: &Principal, question: &Question, keep: bool) -> Result<EvaluationAnswer> {
    app.enter(who, Action::AskAggregate, "evaluate", &question.subject())?;
    question.check()?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let places = app.memory.places(app)?;
    let mut area = None;
    let mut tested = Evaluation { outside_study_area: Some(0), ..Evaluation::default() };
    let mut seen = Seen::default();
    for daypart in &question.dayparts {
        let selection = looking_back(question, daypart.clone())?;
        let coverage = for_a_map(&snapshot, &selection, Some("a forecast of days or weeks")).await?;
        if area.is_none() {
            area = Some(study_area(app, &snapshot, &places, &selection.dataset).await?);
        }
        let Some(area) = area.clone() else { return Err(Error::bug("no study area")) };
        let records = Records::read(&snapshot, &selection, question.resolution, &area, app.config.zone).await?;
        let first = day_number(question.selection.period.from);
        if !records.rows.iter().any(|one| one.day < first) {
            return Err(Error::data(format!(
                "no {} record from before {} is in the {} days that the methods look back: they would have nothing to go by",
                selection.dataset,
                question.selection.period.from,
                question.train_days
            ))
            .at("from"));
        }
        seen.add(&coverage, &records);
        tested.outside_study_area = tested.outside_study_area.map(|sum| sum + records.outside);
        let (asked, name) = (question.clone(), daypart_name(daypart.as_ref()).to_owned());
        let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        // Testing is pure arithmetic: it leaves the async threads to others.
        tested = tokio::task::spawn_blocking(move || {
            let ground = ground(area.cells(asked.resolution)?)?;
            assess(&mut tested, &asked, &name, &ground, &records.rows, threads)?;
            Ok::<_, Error>(tested)
        })
        .await
        .map_err(|e| Error::bug("the test could not be computed").with_cause(e))??;
    }
    let kept = keep && decide(who, Action::Load).is_ok();
    if kept {
        keep_scores(app, question, &tested, snapshot.version())?;
    }
    let policy = Policy { threshold: app.config.public_threshold };
    let area = area.ok_or_else(|| Error::bug("no study area"))?;
    let mut provenance = provenance(snapshot.version(), question, &area, &tested, &seen)?;
    let dayparts = tested.dayparts.len();
    let evaluation = release(tested, &policy, who);
    // Where a daypart is hidden, the records of all less those of the others would be its own.
    let shown = if evaluation.dayparts.len() == dayparts { Shown::All } else { Shown::Nothing };
    guard(&mut provenance, policy, who, shown);
    Ok(EvaluationAnswer { provenance, evaluation, headline: question.headline(), kept })
}

/// The records that a test of one daypart needs: the test period, and what methods look back on from its first day.
pub(super) fn looking_back(question: &Question, daypart: Option<Daypart>) -> Result<Selection> {
    let period = question.selection.period;
    let back = i64::from(question.train_days).max(YEAR);
    let from = period.from.checked_sub_signed(TimeDelta::days(back)).unwrap_or(period.from);
    Ok(Selection { period: Period::new(from, period.to)?, daypart, ..question.selection.clone() })
}

/// Records as the test needs them.
pub(super) struct Records {
    pub rows: Vec<Occurrence>,
    outside: u64,
    /// Records of which it is not known when they were recorded.
    without_recording: u64,
}

impl Records {
    pub async fn read(
        snapshot: &Snapshot,
        selection: &Selection,
        resolution: u8,
        area: &Arc<StudyArea>,
        zone: Tz,
    ) -> Result<Self> {
        let mut params = params(selection);
        params.insert("res".to_owned(), Value::Int(i64::from(resolution)));
        let answer = snapshot.records("recorded", &params).await?;
        let cells = area.cells(resolution)?;
        let mut records = Self { rows: Vec::new(), outside: 0, without_recording: 0 };
        let (mut last_cell, mut place) = (None, None);
        let mut clock = Midnights::new(zone);
        for batch in &answer.batches {
            let column = |name: &str| {
                batch.column_by_name(name).ok_or_else(|| Error::bug(format!("the records have no column {name}")))
            };
            let number = |name: &str| -> Result<_> {
                let found = column(name)?.as_primitive_opt::<Int64Type>();
                found.ok_or_else(|| Error::bug(format!("the column {name} holds no numbers")))
            };
            let (cell, recorded, counts) = (number("cell")?, number("recorded_quarter")?, number("records")?);
            let days = column("local_on")?
                .as_primitive_opt::<Date32Type>()
                .ok_or_else(|| Error::bug("the column local_on holds no dates"))?;
            for row in 0..batch.num_rows() {
                if last_cell != Some(cell.value(row)) {
                    last_cell = Some(cell.value(row));
                    let known = Cell::from_bits(cell.value(row))
                        .ok_or_else(|| Error::data("a stored cell is not an H3 index"))?;
                    place = cells.binary_search(&known).ok().map(|at| at as u32);
                }
                let count = counts.value(row).unsigned_abs();
                let Some(place) = place else {
                    records.outside += count;
                    continue;
                };
                let day = days.value(row);
                let recorded = if recorded.is_valid(row) {
                    clock.day_of(recorded.value(row))
                } else {
                    records.without_recording += count;
                    day
                };
                for _ in 0..count {
                    records.rows.push(Occurrence { place, day, recorded });
                }
            }
        }
        records.rows.sort_unstable();
        Ok(records)
    }
}

/// Local days of moments, the last one remembered.
struct Midnights {
    zone: Tz,
    known: Option<(i64, i32)>,
}

impl Midnights {
    fn new(zone: Tz) -> Self {
        Self { zone, known: None }
    }

    /// The local day (since 1970) of a quarter of an hour since 1970.
    fn day_of(&mut self, quarter: i64) -> i32 {
        if let Some((known, day)) = self.known
            && known == quarter
        {
            return day;
        }
        let at = DateTime::from_timestamp(quarter * 900, 0).unwrap_or_default();
        let day = day_number(at.with_timezone(&self.zone).date_naive());
        self.known = Some((quarter, day));
        day
    }
}

/// What the dayparts were counted from.
#[derive(Default)]
struct Seen {
    rows: u64,
    excluded: std::collections::BTreeMap<String, u64>,
    without_recording: u64,
    last_on: Option<chrono::NaiveDate>,
}

impl Seen {
    fn add(&mut self, coverage: &Coverage, records: &Records) {
        self.rows += records.rows.len() as u64;
        for (reason, count) in coverage.excluded() {
            *self.excluded.entry(reason).or_default() += count;
        }
        if records.outside > 0 {
            *self.excluded.entry("outside_study_area".to_owned()).or_default() += records.outside;
        }
        self.without_recording += records.without_recording;
        self.last_on = self.last_on.max(coverage.last_on);
    }
}

fn provenance(
    version: u64,
    question: &Question,
    area: &StudyArea,
    tested: &Evaluation,
    seen: &Seen,
) -> Result<Provenance> {
    let names: Vec<&str> = question.dayparts.iter().map(|part| daypart_name(part.as_ref())).collect();
    let mut base = question.selection.provenance("evaluate", version);
    base.daypart = Some(names.join(", "));
    let mut put = |name: &str, value: String| base.parameters.insert(name.to_owned(), value);
    put("train_days", question.train_days.to_string());
    put("horizon_days", question.horizon_days.to_string());
    put("step_days", question.step_days.to_string());
    put("embargo", format!("records recorded before the origin, less {} days", question.embargo_days));
    put("windows", question.windows().to_string());
    put("coverage", question.coverages.iter().map(|share| percent(*share) + " %").collect::<Vec<_>>().join(", "));
    put("interval", "95 %, 2000 draws of windows with replacement, paired with the 12-month count".to_owned());
    put("ties", "equal scores by cell id; PAI with the worst and the best luck beside it".to_owned());
    put("pei", "against a greedy oracle of no more area".to_owned());
    put(
        "rule",
        format!(
            "of the methods whose gain in PAI over the 12-month count lies above 0 with its interval at {} %, those that do so \
         at the most coverages; of them the highest PAI there; else the 12-month count",
            percent(question.headline())
        ),
    );
    put("seed", question.seed.to_string());
    for method in question.methods.iter().filter(|method| !Method::BASELINES.contains(method)) {
        put(method.name(), method.parameters().to_owned());
    }
    if seen.without_recording > 0 {
        put(
            "recording_not_known",
            format!("{} records, taken as recorded on the day they happened", seen.without_recording),
        );
    }
    let nothing = tested.dayparts.iter().all(|part| part.windows == 0);
    Ok(Provenance {
        method: Some(question.methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(", ")),
        resolution: Some(question.resolution),
        study_area: Some(format!("{}: {}", area.name, area.how)),
        cells: Some(area.cells(question.resolution)?.len() as u64),
        rows: seen.rows,
        excluded: seen.excluded.clone(),
        data_cut_off: seen.last_on.map(|on| on.to_string()),
        undefined_reason: nothing.then(|| "no window of the test holds a record".to_owned()),
        ..base
    })
}

/// Under what name the score of some records is kept.
fn score_subject(dataset: &str, group: Option<&str>, daypart: Option<&Daypart>, resolution: u8) -> String {
    let band = daypart.map_or_else(|| "all".to_owned(), |part| format!("{} {}", part.name, part.band()));
    format!("{dataset} group={} daypart={band} res={resolution}", group.unwrap_or("all"))
}

fn keep_scores(app: &App, question: &Question, tested: &Evaluation, version: u64) -> Result<()> {
    for (daypart, part) in question.dayparts.iter().zip(&tested.dayparts) {
        let Some(score) = Score::of(question, tested, part, version) else { continue };
        let selection = &question.selection;
        let subject =
            score_subject(&selection.dataset, selection.group.as_deref(), daypart.as_ref(), question.resolution);
        let text = serde_json::to_string(&score).map_err(|e| Error::bug("no JSON of a score").with_cause(e))?;
        app.store.keep_score(&subject, &text)?;
    }
    Ok(())
}

/// What the last test of records like these came to, and which method it picked; `None` if there was none. The period of the
/// selection does not matter: it is the dataset, the group, the daypart and the resolution that were tested.
///
/// # Errors
/// `Data` if the control database cannot be read.
pub fn picked(app: &App, selection: &Selection, resolution: u8) -> Result<Option<Score>> {
    let group = selection.group.as_deref();
    let subject = score_subject(&selection.dataset, group, selection.daypart.as_ref(), resolution);
    let text = app.store.score(&subject)?;
    text.map(|text| {
        serde_json::from_str(&text)
            .map_err(|e| Error::data("the control database holds a score that cannot be read").with_cause(e))
    })
    .transpose()
}

/// How good a map's method was when it was last tested on records like these, in words for its provenance.
///
/// # Errors
/// `Data` if the control database cannot be read.
pub fn score_words(app: &App, question: &hotspot::Question) -> Result<String> {
    let Some(score) = picked(app, &question.selection, question.resolution)? else {
        return Ok("not tested; `vigie evaluate` does".to_owned());
    };
    let method = match question.method {
        hotspot::Method::Next(pick) => Some(pick.method),
        other => Method::of_map(other.name(), question.selection.period.days()),
    };
    let words = method.and_then(|method| score.words(method.name()));
    let words = words.unwrap_or_else(|| "this method and period were not among those tested".to_owned());
    Ok(format!("{words}; best of the test: {} (store version {})", score.best, score.store_version))
}

/// Adds to a map's provenance how good its method was when it was tested.
///
/// # Errors
/// As [`score_words`].
pub(super) fn with_score(app: &App, question: &hotspot::Question, mut provenance: Provenance) -> Result<Provenance> {
    provenance.parameters.insert("forecast_accuracy".to_owned(), score_words(app, question)?);
    Ok(provenance)
}
