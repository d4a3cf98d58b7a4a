//! How few places hold how much? The trip of concentration.

use std::collections::BTreeMap;

use serde::Serialize;

use super::App;
use super::disclosed::{Shown, guard};
use super::hotspots::{cells_with_records, study_area};
use super::selection::for_a_map;
use crate::analysis::concentration::{Concentration, Question, measure};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::error::Result;
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::store::AsOf;

/// A released measure and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct ConcentrationAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// Shares, curve and coefficients.
    #[serde(flatten)]
    pub measure: Released<Concentration>,
}

/// Asks how concentrated records are over the cells of the study area.
///
/// # Errors
/// `Denied`; `Input` for a wrong question; `Data` when the data cannot carry it: no positions, or hours that are not known.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<ConcentrationAnswer> {
    app.enter(who, Action::AskAggregate, "concentration", &question.subject())?;
    question.check()?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let selection = &question.selection;
    let coverage = for_a_map(&snapshot, selection, None).await?;
    let counts = cells_with_records(&snapshot, selection, question.resolution).await?;
    let places = app.memory.places(app)?;
    let area = study_area(app, &snapshot, &places, &selection.dataset).await?;
    let found = measure(&counts, &area, question.resolution)?;
    let outside = found.outside_study_area.unwrap_or(0);
    let mut excluded = coverage.excluded();
    if outside > 0 {
        excluded.insert("outside_study_area".to_owned(), outside);
    }
    let mut provenance = Provenance {
        method: Some("Lorenz curve and Gini over cells, zeros kept".to_owned()),
        resolution: Some(question.resolution),
        study_area: Some(format!("{}: {}", area.name, area.how)),
        cells: Some(found.cells),
        rows: coverage.located - outside.min(coverage.located),
        excluded,
        parameters: BTreeMap::from([
            ("gini_adjusted".to_owned(), "for fewer records than cells (Bernasco and Steenbeek 2017)".to_owned()),
            ("chance".to_owned(), "each record on any cell with the same chance".to_owned()),
        ]),
        undefined_reason: found.undefined_reason.clone(),
        data_cut_off: coverage.last_on.map(|on| on.to_string()),
        ..selection.provenance("concentration", snapshot.version())
    };
    let policy = Policy { threshold: app.config.public_threshold };
    let measure = release(found, &policy, who);
    guard(&mut provenance, policy, who, Shown::if_some(measure.records));
    Ok(ConcentrationAnswer { provenance, measure })
}
