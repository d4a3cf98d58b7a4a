//! Where and when do events crowd? The space-time scan trip.

use std::sync::Arc;

use serde::Serialize;

use super::disclosed::{Shown, guard};
use super::near_repeat::plane;
use super::{App, hotspots, moments};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::scan::{Question, Scan, compute};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::space::StudyArea;
use crate::store::AsOf;

/// Released clusters and where they came from.
#[derive(Debug, Clone, Serialize)]
pub struct ScanAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// One row a cluster.
    #[serde(flatten)]
    pub scan: Released<Scan>,
    /// Where was asked.
    #[serde(skip)]
    pub area: Arc<StudyArea>,
}

/// Asks where and when events crowd more than place and day alone explain.
///
/// # Errors
/// `Denied`; `Input` for a wrong question; `Data` for records known by month only, records at snapped points, or too
/// many of them.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<ScanAnswer> {
    app.enter(who, Action::AskAggregate, "scan", &question.subject())?;
    question.check()?;
    let selection = &question.selection;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let found = moments::read(&snapshot, selection, "a scan for clusters of days").await?;
    let places = app.memory.places(app)?;
    let area = hotspots::study_area(app, &snapshot, &places, &selection.dataset).await?;
    let (located, mut excluded, last_on) = (found.moments.len() as u64, found.excluded(), found.coverage.last_on);
    let (asked, work) = (question.clone(), Arc::clone(&area));
    let scan =
        tokio::task::spawn_blocking(move || compute(&found.moments, &work, &plane(&work), places.parishes(), &asked))
            .await
            .map_err(|e| Error::bug("the scan could not be computed").with_cause(e))??;
    let outside = scan.outside_study_area.unwrap_or(0);
    if outside > 0 {
        excluded.insert("outside_study_area".to_owned(), outside);
    }
    let policy = Policy { threshold: app.config.public_threshold };
    let mut provenance = Provenance {
        method: Some("space-time permutation scan".to_owned()),
        resolution: Some(question.resolution),
        study_area: Some(format!("{}: {}", area.name, area.how)),
        rows: located - outside,
        excluded,
        parameters: question.parameters(),
        undefined_reason: scan
            .rows
            .is_empty()
            .then(|| "no circle and time holds two cases and more than expected".to_owned()),
        data_cut_off: last_on.map(|on| on.to_string()),
        ..selection.provenance("scan", snapshot.version())
    };
    let scan = release(scan, &policy, who);
    guard(&mut provenance, policy, who, Shown::if_some(scan.cases));
    Ok(ScanAnswer { provenance, scan, area })
}
