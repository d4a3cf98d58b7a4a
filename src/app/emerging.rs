//! How did it become what it is? The histories of cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use serde::Serialize;

use super::App;
use super::disclosed::{Shown, guard};
use super::hotspots::study_area;
use super::selection::{Coverage, for_a_map, params};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::emerging::{CellDay, Definition, EmergingMap, Question, classify, window_name};
use crate::analysis::steps::{StepLength, Steps};
use crate::engine::{Snapshot, Value};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::space::{Cell, StudyArea};
use crate::stats::space_time_gi::Window;
use crate::store::AsOf;

/// Released histories and where they came from.
#[derive(Debug, Clone, Serialize)]
pub struct EmergingAnswer {
    /// Where they came from.
    pub provenance: Provenance,
    /// One row a cell of the study area.
    #[serde(flatten)]
    pub map: Released<EmergingMap>,
    /// Where was asked.
    #[serde(skip)]
    pub area: Arc<StudyArea>,
}

/// Histories before release, kept for the next tile or page of the same question.
#[derive(Debug)]
pub(super) struct Found {
    provenance: Provenance,
    map: EmergingMap,
    area: Arc<StudyArea>,
}

/// Asks for the histories of cells.
///
/// # Errors
/// `Denied`; `Input` for a wrong question; `Data` for fewer than ten steps, and when the records cannot carry it: no
/// positions, or days that are not known where steps are not months.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<EmergingAnswer> {
    app.enter(who, Action::AskAggregate, "emerging", &question.subject())?;
    answer(app, who, question).await
}

/// The answer without a line in the audit of its own: for the tiles of a view, which share one.
pub(super) async fn answer(app: &App, who: &Principal, question: &Question) -> Result<EmergingAnswer> {
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let key = format!("{} {}", snapshot.version(), question.subject());
    let found = app.memory.histories.find_or(key, find(app, &snapshot, question)).await?;
    let policy = Policy { threshold: app.config.public_threshold };
    let mut provenance = found.provenance.clone();
    let map = release(found.map.clone(), &policy, who);
    guard(&mut provenance, policy, who, Shown::of(map.rows.iter().map(|row| row.count)));
    Ok(EmergingAnswer { provenance, map, area: Arc::clone(&found.area) })
}

async fn find(app: &App, snapshot: &Snapshot, question: &Question) -> Result<Found> {
    let steps = question.check()?;
    let selection = &question.selection;
    let by_day = (question.step != StepLength::Month).then_some("a history in steps other than months");
    let coverage = for_a_map(snapshot, selection, by_day).await?;
    let mut params = params(selection);
    params.insert("res".to_owned(), Value::Int(i64::from(question.resolution)));
    let days = cell_days(&snapshot.query("cell_days", &params).await?.batches)?;
    let places = app.memory.places(app)?;
    let area = study_area(app, snapshot, &places, &selection.dataset).await?;
    // Pure arithmetic on both cores: it leaves the async threads to others.
    let (work, asked) = (Arc::clone(&area), question.clone());
    let map = tokio::task::spawn_blocking(move || classify(&days, &work, &asked))
        .await
        .map_err(|e| Error::bug("the histories could not be computed").with_cause(e))??;
    let map = match places.parishes() {
        Some(parishes) => map.with_parishes(parishes),
        None => map,
    };
    Ok(Found { provenance: provenance(snapshot.version(), question, &steps, &coverage, &area, &map), map, area })
}

fn cell_days(batches: &[RecordBatch]) -> Result<Vec<CellDay>> {
    let mut days = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for batch in batches {
        let number = |name: &str| batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
        let on = batch.column_by_name("local_on").and_then(|c| c.as_primitive_opt::<Date32Type>());
        let (Some(cells), Some(on), Some(records)) = (number("cell"), on, number("records")) else {
            return Err(Error::bug("the counts lack a column"));
        };
        for row in 0..batch.num_rows() {
            let cell =
                Cell::from_bits(cells.value(row)).ok_or_else(|| Error::data("a stored cell is not an H3 index"))?;
            let on =
                Date32Type::to_naive_date_opt(on.value(row)).ok_or_else(|| Error::data("a stored day is no date"))?;
            days.push(CellDay { cell, on, count: records.value(row).unsigned_abs() });
        }
    }
    Ok(days)
}

fn provenance(
    version: u64,
    question: &Question,
    steps: &Steps,
    coverage: &Coverage,
    area: &StudyArea,
    map: &EmergingMap,
) -> Provenance {
    let mut excluded = coverage.excluded();
    let left = [("outside_study_area", map.outside_study_area), ("before_the_first_step", map.before_first_step)];
    for (reason, count) in left {
        if let Some(count) = count.filter(|count| *count > 0) {
            excluded.insert(reason.to_owned(), count);
        }
    }
    let reach = if question.window == Window::OneStep { 0 } else { question.neighbour_steps };
    let compared = match question.window {
        Window::WholeCube => "every cell in every step",
        Window::NeighbourhoodSteps => "every cell in the steps of the neighbourhood",
        Window::OneStep => "every cell in the same step",
    };
    let mut parameters = BTreeMap::new();
    let mut put = |name: &str, value: String| parameters.insert(name.to_owned(), value);
    put("definition_version", question.definition.name().to_owned());
    put("step", question.step.name());
    put("steps", format!("{} from {}", steps.len(), steps.from()));
    put("neighbourhood", format!("the cell and its ring, in the step and the {reach} before it"));
    put("window", format!("{}: {compared}", window_name(question.window)));
    put("q", "Benjamini-Hochberg over all cells and steps".to_owned());
    put("alpha", question.alpha.to_string());
    if question.definition != Definition::SfHotspot {
        put("trend", "Mann-Kendall of each cell's z, ties taken into account, two-sided".to_owned());
    }
    if let Some(expected) = map.expected_in_neighbourhood {
        put("expected_in_neighbourhood", format!("{expected:.2} records"));
    }
    Provenance {
        method: Some("emerging hot spots: Gi* in space and time, trailing steps only".to_owned()),
        resolution: Some(question.resolution),
        study_area: Some(format!("{}: {}", area.name, area.how)),
        cells: Some(map.rows.len() as u64),
        rows: map.total().unwrap_or(0),
        excluded,
        parameters,
        undefined_reason: map.undefined_reason.clone(),
        data_cut_off: coverage.last_on.map(|on| on.to_string()),
        ..question.selection.provenance("emerging", version)
    }
}
