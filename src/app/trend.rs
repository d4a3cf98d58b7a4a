//! Is it rising? Monthly series of a dataset.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use serde::Serialize;

use super::App;
use super::selection::{coverage, known_group, params, refuse_without_hours};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::selection::Selection;
use crate::analysis::trend::{MonthRow, monthly};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::model::time::{Period, add_months};
use crate::store::AsOf;

/// What is asked: the whole months of a selection.
#[derive(Debug, Clone)]
pub struct Question {
    /// Records that are counted.
    pub selection: Selection,
}

/// A released series and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct TrendAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// One row a whole month.
    pub rows: Released<Vec<MonthRow>>,
}

/// Asks for the months of a dataset.
///
/// # Errors
/// `Denied`; `Input` for an unknown dataset; `Data` without a whole month, or by time of day where records have none.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<TrendAnswer> {
    let selection = &question.selection;
    app.enter(who, Action::AskAggregate, "trend", &selection.subject())?;
    selection.check()?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    known_group(&snapshot, selection).await?;
    // Two years more than asked: the same month a year before, and twelve months before that.
    let period = selection.period;
    let longer = Selection { period: Period { from: add_months(period.from, -24), ..period }, ..selection.clone() };
    if selection.daypart.is_some() {
        refuse_without_hours(&selection.dataset, &coverage(&snapshot, &longer).await?)?;
    }
    let params = params(&longer);
    let answer = snapshot.query("daily_counts", &params).await?;
    let daily: RecordBatch = concat_batches(&answer.schema, &answer.batches)
        .map_err(|e| Error::bug("daily counts of several shapes").with_cause(e))?;
    let rows = tokio::task::spawn_blocking(move || monthly(&daily, period))
        .await
        .map_err(|e| Error::bug("the series could not be computed").with_cause(e))??;
    if rows.is_empty() {
        return Err(Error::data(format!("the period {} holds no whole month", period.in_words())));
    }
    let cut_off = super::about::last_on(&snapshot, &selection.dataset).await?;
    let policy = Policy { threshold: app.config.public_threshold };
    let total = rows.iter().filter_map(|row| row.count).sum();
    Ok(TrendAnswer {
        provenance: Provenance {
            method: Some("calendar months, whole ones only".to_owned()),
            rows: total,
            data_cut_off: cut_off.map(|on| on.to_string()),
            ..selection.provenance("trend", snapshot.version())
        },
        rows: release(rows, &policy, who),
    })
}
