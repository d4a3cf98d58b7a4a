//! Is it rising? Monthly series of a dataset.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use serde::Serialize;

use super::App;
use super::hotspots::{coverage, filter, known_group, refuse_without_hours};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::trend::{MonthRow, monthly};
use crate::engine::Value;
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::{Provenance, generator};
use crate::model::time::{Daypart, Period, add_months};
use crate::store::AsOf;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Table of events.
    pub dataset: String,
    /// Value of its group column.
    pub group: Option<String>,
    /// Island days; only whole months of it are shown.
    pub period: Period,
    /// Band of the day.
    pub daypart: Option<Daypart>,
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
    let subject = format!(
        "{} group={} {}..{} daypart={}",
        question.dataset,
        question.group.as_deref().unwrap_or("all"),
        question.period.from,
        question.period.to,
        question.daypart.as_ref().map_or("all", |d| d.name.as_str())
    );
    app.enter(who, Action::AskAggregate, "trend", &subject)?;
    let known = crate::model::schema::table(&question.dataset).is_some_and(crate::model::schema::Table::is_event);
    if !known {
        return Err(Error::input(format!("`{}` is not a dataset of events", question.dataset)).at("dataset"));
    }
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    // Two years more than asked: the same month a year before, and twelve months before that.
    if let Some(group) = &question.group {
        known_group(&snapshot, &question.dataset, Some(group)).await?;
    }
    let longer = Period { from: add_months(question.period.from, -24), to: question.period.to };
    let params = filter(&question.dataset, question.group.as_deref(), longer, question.daypart.as_ref());
    if question.daypart.is_some() {
        refuse_without_hours(&question.dataset, &coverage(&snapshot, &params).await?)?;
    }
    let answer = snapshot.query("daily_counts", &params).await?;
    let daily: RecordBatch = concat_batches(&answer.schema, &answer.batches)
        .map_err(|e| Error::bug("daily counts of several shapes").with_cause(e))?;
    let period = question.period;
    let rows = tokio::task::spawn_blocking(move || monthly(&daily, period))
        .await
        .map_err(|e| Error::bug("the series could not be computed").with_cause(e))??;
    if rows.is_empty() {
        return Err(Error::data(format!("the period {} holds no whole month", question.period.in_words())));
    }
    let last = snapshot.query("datasets", &std::collections::BTreeMap::<String, Value>::new()).await?;
    let cut_off = super::about::last_dates(&last.batches)?.remove(&question.dataset);
    let policy = Policy { threshold: app.config.public_threshold };
    let total = rows.iter().filter_map(|row| row.count).sum();
    Ok(TrendAnswer {
        provenance: Provenance {
            question: "trend".to_owned(),
            dataset: Some(question.dataset.clone()),
            group: question.group.clone(),
            from: Some(question.period.from.to_string()),
            to: Some(question.period.to.to_string()),
            daypart: question.daypart.as_ref().map(|d| format!("{} {}", d.name, d.band())),
            method: Some("calendar months, whole ones only".to_owned()),
            rows: total,
            data_cut_off: cut_off.map(|on| on.to_string()),
            store_version: snapshot.version(),
            generated_by: generator(),
            ..Provenance::default()
        },
        rows: release(rows, &policy, who),
    })
}
