//! What the store holds, for start pages and filters.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::NaiveDate;
use serde::Serialize;

use super::App;
use super::flow::texts;
use super::hotspots::study_area;
use crate::engine::Snapshot;
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::schema;
use crate::model::time::Daypart;
use crate::store::AsOf;

/// The store in a few figures.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// Name of the force.
    pub name: String,
    /// Version of this program.
    pub version: &'static str,
    /// Newest store version.
    pub store_version: u64,
    /// Last island date that any dataset holds.
    pub data_to: Option<NaiveDate>,
    /// West, south, east, north; none without positions.
    pub bounds: Option<[f64; 4]>,
    /// Name of the study area.
    pub study_area: String,
    /// Whether the records are synthetic.
    pub synthetic: bool,
    /// Role names of the one who asks.
    pub role: String,
    /// Datasets with records.
    pub datasets: Vec<Dataset>,
    /// Bands of the day by name.
    pub dayparts: Vec<NamedBand>,
}

/// A dataset of events.
#[derive(Debug, Clone, Serialize)]
pub struct Dataset {
    /// Table name.
    pub name: String,
    /// Records.
    pub rows: u64,
    /// Records with a position.
    pub located: u64,
    /// Records whose day is not known.
    pub month_precision: u64,
    /// First island date.
    pub first_on: Option<NaiveDate>,
    /// Last island date.
    pub last_on: Option<NaiveDate>,
    /// Groups, most frequent first.
    pub groups: Vec<String>,
}

/// A daypart as a choice.
#[derive(Debug, Clone, Serialize)]
pub struct NamedBand {
    /// Name.
    pub name: String,
    /// Name and band in words.
    pub label: String,
}

/// Asks what the store holds.
///
/// # Errors
/// `Denied`, or `Data` if the store cannot be read.
pub async fn ask(app: &App, who: &Principal) -> Result<About> {
    app.enter(who, Action::AskAggregate, "about", "store")?;
    describe(app, who).await
}

/// The same under another trip's audit line.
pub(crate) async fn describe(app: &App, who: &Principal) -> Result<About> {
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let datasets = match counted_datasets(&snapshot).await? {
        Some(datasets) => datasets,
        None => scanned_datasets(&snapshot).await?,
    };
    let places = app.memory.places(app)?;
    let mapped = datasets.iter().filter(|d| d.located > 0).max_by_key(|d| (is_usual(&d.name), d.located));
    let area = match mapped {
        Some(dataset) => Some(study_area(app, &snapshot, &places, &dataset.name).await?),
        None => places.declared().cloned(),
    };
    Ok(About {
        name: app.config.force.clone(),
        version: env!("CARGO_PKG_VERSION"),
        store_version: snapshot.version(),
        data_to: datasets.iter().filter_map(|d| d.last_on).max(),
        bounds: area.as_ref().map(|area| area.bounds().to_array()),
        study_area: area.map_or_else(|| "none: no record has a position".to_owned(), |area| area.name.clone()),
        synthetic: app.config.synthetic,
        role: who.role_names(),
        datasets,
        dayparts: app.config.dayparts.iter().map(|d| NamedBand { name: d.name.clone(), label: label(d) }).collect(),
    })
}

/// Datasets that have records, by name, from the counts in the table files; `None` if one of them has to be scanned.
async fn counted_datasets(snapshot: &Snapshot) -> Result<Option<Vec<Dataset>>> {
    let mut names: Vec<&str> =
        schema::tables().iter().filter(|table| table.is_event()).map(|table| table.name).collect();
    names.sort_unstable();
    let mut datasets = Vec::new();
    for name in names {
        let Some(held) = snapshot.held(name).await? else { return Ok(None) };
        if held.records == 0 {
            continue;
        }
        // Units are no choice of a filter.
        let groups = if name == "pings" { Vec::new() } else { held.groups_by_records() };
        datasets.push(Dataset {
            name: name.to_owned(),
            rows: held.records,
            located: held.located,
            month_precision: held.month_precision,
            first_on: held.first_on,
            last_on: held.last_on,
            groups: groups.into_iter().map(str::to_owned).collect(),
        });
    }
    Ok(Some(datasets))
}

async fn scanned_datasets(snapshot: &Snapshot) -> Result<Vec<Dataset>> {
    let mut datasets = read_datasets(&snapshot.query("datasets", &BTreeMap::new()).await?.batches)?;
    for batch in &snapshot.query("groups", &BTreeMap::new()).await?.batches {
        let (names, kinds) = (texts(batch, "dataset")?, texts(batch, "kind")?);
        for (name, kind) in names.iter().zip(kinds) {
            if let Some(dataset) = datasets.iter_mut().find(|d| d.name == *name) {
                dataset.groups.push(kind);
            }
        }
    }
    Ok(datasets)
}

/// Groups of a dataset, the one with most records first.
pub(super) async fn groups_of(snapshot: &Snapshot, dataset: &str) -> Result<Vec<String>> {
    if let Some(held) = snapshot.held(dataset).await?.filter(|_| dataset != "pings") {
        return Ok(held.groups_by_records().into_iter().map(str::to_owned).collect());
    }
    let mut groups = Vec::new();
    for batch in &snapshot.query("groups", &BTreeMap::new()).await?.batches {
        let (datasets, kinds) = (texts(batch, "dataset")?, texts(batch, "kind")?);
        groups.extend(datasets.iter().zip(kinds).filter(|(name, _)| *name == dataset).map(|(_, kind)| kind));
    }
    Ok(groups)
}

/// The datasets people mean first.
fn is_usual(name: &str) -> bool {
    matches!(name, "crimes" | "incidents")
}

fn label(daypart: &Daypart) -> String {
    let word = match daypart.name.as_str() {
        "day" => "Day",
        "night" => "Night",
        "nte" => "Night-time economy",
        other => other,
    };
    let days: Vec<&str> = daypart
        .weekdays
        .iter()
        .filter_map(|day| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].get(usize::from(*day)).copied())
        .collect();
    let days = if days.is_empty() { String::new() } else { format!(", {}", days.join(" and ")) };
    format!("{word} {}{days}", daypart.band())
}

fn read_datasets(batches: &[RecordBatch]) -> Result<Vec<Dataset>> {
    let mut datasets = Vec::new();
    for batch in batches {
        let names = texts(batch, "dataset")?;
        let number = |column: &str, row: usize| -> Result<u64> {
            let values = batch.column_by_name(column).and_then(|c| c.as_primitive_opt::<Int64Type>());
            values.map(|v| v.value(row).unsigned_abs()).ok_or_else(|| Error::bug(format!("no column {column}")))
        };
        let date = |column: &str, row: usize| -> Option<NaiveDate> {
            let values = batch.column_by_name(column)?.as_primitive_opt::<Date32Type>()?;
            values.is_valid(row).then(|| values.value(row)).and_then(Date32Type::to_naive_date_opt)
        };
        for (row, name) in names.into_iter().enumerate() {
            datasets.push(Dataset {
                rows: number("records", row)?,
                located: number("located", row)?,
                month_precision: number("month_precision", row)?,
                first_on: date("first_on", row),
                last_on: date("last_on", row),
                groups: Vec::new(),
                name,
            });
        }
    }
    Ok(datasets)
}

/// Last island date of each dataset.
pub(super) fn last_dates(batches: &[RecordBatch]) -> Result<BTreeMap<String, NaiveDate>> {
    Ok(read_datasets(batches)?.into_iter().filter_map(|d| Some((d.name, d.last_on?))).collect())
}
