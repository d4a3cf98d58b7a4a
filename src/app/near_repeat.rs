//! Does one event bring the next? The near-repeat trip.

use std::sync::Arc;

use serde::Serialize;

use super::disclosed::{Shown, guard};
use super::{App, hotspots, moments};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::near_repeat::{NearRepeat, Question, compute};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::space::{Plane, Point, StudyArea};
use crate::store::AsOf;

/// A released near-repeat table and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct NearRepeatAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// Table, classes and counts by cell.
    #[serde(flatten)]
    pub table: Released<NearRepeat>,
}

/// Asks whether events follow one another in place and time.
///
/// # Errors
/// `Denied`; `Input` for a wrong question; `Data` for fewer than two records, records known by month only, or records
/// at snapped points.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<NearRepeatAnswer> {
    app.enter(who, Action::AskAggregate, "near-repeat", &question.subject())?;
    question.check()?;
    let selection = &question.selection;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let found = moments::read(&snapshot, selection, "a near-repeat table").await?;
    if found.moments.len() < 2 {
        return Err(Error::data(format!(
            "{} {} records of the period have a position: a near-repeat table needs at least two",
            found.moments.len(),
            selection.dataset
        )));
    }
    let places = app.memory.places(app)?;
    let area = hotspots::study_area(app, &snapshot, &places, &selection.dataset).await?;
    let (rows, excluded, last_on) = (found.moments.len() as u64, found.excluded(), found.coverage.last_on);
    let (asked, plane) = (question.clone(), plane(&area));
    let table = tokio::task::spawn_blocking(move || compute(&found.moments, &plane, places.parishes(), &asked))
        .await
        .map_err(|e| Error::bug("the near-repeat table could not be computed").with_cause(e))??;
    let policy = Policy { threshold: app.config.public_threshold };
    let mut provenance = Provenance {
        method: Some("knox".to_owned()),
        resolution: Some(question.resolution),
        rows,
        excluded,
        parameters: question.parameters(),
        data_cut_off: last_on.map(|on| on.to_string()),
        ..selection.provenance("near-repeat", snapshot.version())
    };
    let table = release(table, &policy, who);
    guard(&mut provenance, policy, who, Shown::if_some(table.events));
    Ok(NearRepeatAnswer { provenance, table })
}

/// The flat map around the middle of the study area.
pub(super) fn plane(area: &Arc<StudyArea>) -> Plane {
    let bounds = area.bounds();
    Plane::around(Point {
        lat: f64::midpoint(bounds.south, bounds.north),
        lon: f64::midpoint(bounds.west, bounds.east),
    })
}
