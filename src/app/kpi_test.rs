//! The examples of KPI files: their rows go through the same queries as the records of a store.

use chrono::NaiveDate;
use serde::Serialize;

use super::kpi_count::placed;
use super::kpi_files::Kpis;
use crate::analysis::definition::{Definition, Example, Kpi, Places};
use crate::analysis::kpi_example::{Outcome, outcomes};
use crate::analysis::kpi_rows::rows;
use crate::analysis::kpi_values::{Observation, WHOLE, observations};
use crate::config::{Config, TEMPLATE};
use crate::engine::desk::{Desk, Layout};
use crate::engine::measure::measure;
use crate::error::{Error, Result};
use crate::model::schema::table;
use crate::model::time::Period;

/// One example of one measure.
#[derive(Debug, Clone, Serialize)]
pub struct Tested {
    /// Name of the measure.
    pub id: String,
    /// Version of the definition.
    pub version: String,
    /// The rows.
    pub rows: String,
    /// Where the example stands.
    pub place: String,
    /// Whether every figure is as expected.
    pub holds: bool,
    /// Figure by figure.
    pub outcomes: Vec<Outcome>,
}

/// Runs the examples of KPI files; `config` is of the store, if there is one.
///
/// # Errors
/// `Missing` or `Input` for rows that are not there or wrong; `Input` for a definition that does not run.
pub async fn run(kpis: &Kpis, config: Option<&Config>) -> Result<Vec<Tested>> {
    let config = match config {
        Some(config) => config.clone(),
        None => Config::parse(TEMPLATE, "the settings")?,
    };
    let mut out = Vec::new();
    for kpi in &kpis.kpis {
        for (at, example) in kpi.example.iter().enumerate() {
            let place = Places::of(&kpi.text, &kpi.origin).at(&format!("example[{at}]"));
            out.push(one(kpis, kpi, example, place, &config).await?);
        }
    }
    Ok(out)
}

async fn one(kpis: &Kpis, kpi: &Kpi, example: &Example, place: String, config: &Config) -> Result<Tested> {
    let at = match &example.version {
        Some(version) => kpi.definition.iter().position(|d| d.version == *version),
        None => kpi.definition.len().checked_sub(1),
    };
    let (at, definition) = at
        .and_then(|at| Some((at, kpi.definition.get(at)?)))
        .ok_or_else(|| Error::input("there is no such definition").at(place.clone()))?;
    let text = kpis.beside(kpi, &example.rows).map_err(|e| Error::new(e.kind(), e.message()).at(place.clone()))?;
    let seen = count(&text, &example.rows, definition, config).await.map_err(|e| match e.place() {
        Some(found) if found.starts_with(&example.rows) => e,
        _ => placed(kpi, at, e),
    })?;
    let outcomes = outcomes(example, &seen, definition);
    Ok(Tested {
        id: kpi.id.clone(),
        version: definition.version.clone(),
        rows: example.rows.clone(),
        place,
        holds: outcomes.iter().all(|outcome| outcome.holds),
        outcomes,
    })
}

/// Counts rows of CSV by a definition, all dates together.
async fn count(text: &str, name: &str, definition: &Definition, config: &Config) -> Result<Observation> {
    let source = table(&definition.source)
        .ok_or_else(|| Error::input(format!("there is no table `{}`", definition.source)).at("source"))?;
    let Some(measure) = measure(definition, None)? else {
        return Err(Error::input("milestones stand in the file: they have no example").at("kind"));
    };
    let rows = rows(text, name, source, config.zone)?;
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    // Wide enough for any row somebody writes, and within what instants can hold.
    let dates = Period::new(day(1900, 1, 1), day(2200, 1, 1))?;
    let mut layout = Layout::of(source.name, dates);
    layout.add(&measure, dates);
    let desk = Desk::of_rows(config, &layout, rows).await?;
    let mut seen = observations(&desk.ask(&measure, dates, 0).await?, definition, None)?;
    Ok(seen.remove(WHOLE).and_then(|mut periods| periods.remove(WHOLE)).unwrap_or_default())
}
