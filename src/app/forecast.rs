//! Where to look in the next days: the cells in the order of the method that did best when it was tested.

use std::num::NonZero;
use std::sync::Arc;

use chrono::TimeDelta;
use serde::Serialize;

use super::App;
use super::disclosed::{Shown, guard};
use super::evaluate::{Records, looking_back, picked};
use super::hotspots::study_area;
use super::selection::for_a_map;
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::evaluate::{Method, Place, Question, forecast, ground};
use crate::analysis::selection::Selection;
use crate::engine::Snapshot;
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::space::StudyArea;
use crate::store::AsOf;

/// A released forecast and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct ForecastAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// Cells, the likeliest first.
    pub rows: Released<Vec<Place>>,
    /// Where was asked.
    #[serde(skip)]
    pub area: Arc<StudyArea>,
}

/// Asks where to look in the days of the selection's period, from what was recorded before it. Without a method: the one
/// that did best when records like these were last tested, else the 12-month count.
///
/// # Errors
/// `Denied`; `Input` for a wrong question or a period longer than a year; `Data` if the records cannot carry it.
pub async fn ask(app: &App, who: &Principal, question: &Question, method: Option<Method>) -> Result<ForecastAnswer> {
    let selection = &question.selection;
    let name = method.map_or("the best tested", Method::name);
    app.enter(who, Action::AskAggregate, "forecast", &format!("{} method={name}", question.subject()))?;
    question.check()?;
    let daypart = question.dayparts.first().cloned().flatten();
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let places = app.memory.places(app)?;
    let longer = looking_back(question, daypart.clone())?;
    let coverage = for_a_map(&snapshot, &longer, Some("a forecast of days or weeks")).await?;
    let area = study_area(app, &snapshot, &places, &selection.dataset).await?;
    let tested = picked(app, &longer, question.resolution)?;
    let best = tested.as_ref().and_then(|score| Method::parse(&score.best).ok());
    let method = method.or(best).unwrap_or(Method::BASELINE);
    let ordered = order(app, &snapshot, &area, question, &longer, method).await?;
    let mut provenance = longer.provenance("forecast", snapshot.version());
    provenance.from = Some(selection.period.from.to_string());
    provenance.method = Some(method.name().to_owned());
    provenance.resolution = Some(question.resolution);
    provenance.study_area = Some(format!("{}: {}", area.name, area.how));
    provenance.rows = ordered.known;
    provenance.excluded = coverage.excluded();
    provenance.data_cut_off = coverage.last_on.map(|on| on.to_string());
    let mut put = |name: &str, value: String| provenance.parameters.insert(name.to_owned(), value);
    put("looks_back", format!("{} days, what was recorded before the first day", question.train_days));
    put(method.name(), method.parameters().to_owned());
    put(
        "forecast_accuracy",
        match tested.as_ref().and_then(|score| score.words(method.name())) {
            Some(words) => words,
            None => "not tested; `vigie evaluate` does".to_owned(),
        },
    );
    provenance.cells = Some(ordered.places.len() as u64);
    let policy = Policy { threshold: app.config.public_threshold };
    guard(&mut provenance, policy, who, Shown::All);
    Ok(ForecastAnswer { provenance, rows: release(ordered.places, &policy, who), area })
}

/// Cells in the order of a method, and how many records it knew.
pub(super) struct Ordered {
    pub places: Vec<Place>,
    pub known: u64,
}

/// The cells of an area in the order of a method; `longer` selects what it looks back on.
pub(super) async fn order(
    app: &App,
    snapshot: &Snapshot,
    area: &Arc<StudyArea>,
    question: &Question,
    longer: &Selection,
    method: Method,
) -> Result<Ordered> {
    let records = Records::read(snapshot, longer, question.resolution, area, app.config.zone).await?;
    let plan = question.plan();
    if !records.rows.iter().any(|one| one.day < plan.from) {
        return Err(Error::data(format!(
            "no {} record lies in the {} days before {}: there is nothing to go by",
            longer.dataset, question.train_days, question.selection.period.from
        )));
    }
    let known = records.rows.iter().filter(|one| one.day < plan.from && one.recorded < plan.from).count() as u64;
    let (work, resolution, places) = (Arc::clone(area), question.resolution, app.memory.places(app)?);
    let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let places = tokio::task::spawn_blocking(move || {
        let cells = work.cells(resolution)?;
        forecast(cells, &ground(cells)?, &records.rows, &plan, method, places.parishes(), threads)
    })
    .await
    .map_err(|e| Error::bug("the forecast could not be computed").with_cause(e))??;
    Ok(Ordered { places, known })
}

/// The period of a forecast: so many days from a first one.
///
/// # Errors
/// `Input` for a day at the end of the calendar.
pub fn days_from(on: chrono::NaiveDate, days: u32) -> Result<crate::model::time::Period> {
    let to = on.checked_add_signed(TimeDelta::days(i64::from(days)));
    let to = to.ok_or_else(|| Error::input(format!("there is no day {days} days after {on}")))?;
    crate::model::time::Period::new(on, to)
}
