//! How good are the records? Completeness, delays, places, refusals and the source's own counts.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use chrono::NaiveDate;
use serde::Serialize;

use super::App;
use super::flow::texts;
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::quality::{
    Column, Delay, LabelCount, LoadLine, MANY_AT_A_POINT, Places, Quality, TableQuality, reconcile, rejects, share,
};
use crate::engine::{Snapshot, Value};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::{Provenance, generator};
use crate::model::schema::{Table, table, tables as all_tables};
use crate::store::{AsOf, LoadRecord};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// One table of events; all of them without.
    pub dataset: Option<String>,
    /// First island date of the records.
    pub from: Option<NaiveDate>,
    /// The date after the last.
    pub to: Option<NaiveDate>,
    /// The store as it stood then.
    pub as_of: AsOf,
}

impl Default for Question {
    /// All tables, all dates, the newest version.
    fn default() -> Self {
        Self { dataset: None, from: None, to: None, as_of: AsOf::Newest }
    }
}

/// A released answer and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct QualityAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// Tables, refusals, loads and counts.
    #[serde(flatten)]
    pub quality: Released<Quality>,
}

/// Asks how good the records are.
///
/// # Errors
/// `Denied`; `Input` for what is no table of events or a period that ends before it begins; `Missing` without that
/// store version.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<QualityAnswer> {
    let day = |on: Option<NaiveDate>| on.map_or_else(String::new, |on| on.to_string());
    let dataset = question.dataset.as_deref();
    let subject = format!("{} {}..{}", dataset.unwrap_or("all"), day(question.from), day(question.to));
    app.enter(who, Action::AskPerformance, "quality", &subject)?;
    if let Some(name) = dataset
        && !table(name).is_some_and(Table::is_event)
    {
        return Err(Error::input(format!("`{name}` is not a dataset of events")).at("dataset"));
    }
    if let (Some(from), Some(to)) = (question.from, question.to)
        && from >= to
    {
        return Err(Error::input(format!("the period ends ({to}) before it begins ({from})")).at("to"));
    }
    let snapshot = app.engine.snapshot(question.as_of).await?;
    let loads: Vec<LoadLine> = app
        .store
        .loads()?
        .iter()
        .filter(|load| load.version <= snapshot.version() && dataset.is_none_or(|name| load.table == name))
        .map(line)
        .collect();
    let quality = Quality {
        tables: tables(&snapshot, question).await?,
        rejects: rejects(&loads),
        reconciliation: reconcile(&loads),
        loads,
    };
    let provenance = provenance(&snapshot, question, &quality).await?;
    let policy = Policy { threshold: app.config.public_threshold };
    Ok(QualityAnswer { provenance, quality: release(quality, &policy, who) })
}

async fn provenance(snapshot: &Snapshot, question: &Question, quality: &Quality) -> Result<Provenance> {
    let last = snapshot.query("datasets", &BTreeMap::new()).await?;
    let last = super::about::last_dates(&last.batches)?;
    let asked = last.iter().filter(|(name, _)| question.dataset.as_ref().is_none_or(|asked| asked == *name));
    let parameters = [
        (
            "delays",
            "nearest rank; rounded down to seconds below an hour, minutes below ten days, hours beyond".to_owned(),
        ),
        ("many_at_a_point", format!("at least {MANY_AT_A_POINT} records")),
        ("loads", "every load up to the store version, whatever the period".to_owned()),
    ];
    Ok(Provenance {
        question: "quality".to_owned(),
        dataset: question.dataset.clone(),
        from: question.from.map(|on| on.to_string()),
        to: question.to.map(|on| on.to_string()),
        method: Some("counts of records as stored, and the ledger of loads".to_owned()),
        rows: quality.tables.iter().map(|table| table.records).sum(),
        parameters: parameters.into_iter().map(|(name, text)| (name.to_owned(), text)).collect(),
        data_cut_off: asked.map(|(_, on)| *on).max().map(|on| on.to_string()),
        store_version: snapshot.version(),
        generated_by: generator(),
        ..Provenance::default()
    })
}

fn line(load: &LoadRecord) -> LoadLine {
    LoadLine {
        load_id: load.load_id,
        version: load.version,
        feed: load.feed.clone(),
        table: load.table.clone(),
        loaded_at: load.loaded_at.clone(),
        rows_in: load.rows_in,
        accepted: load.accepted,
        revised: load.revised,
        unchanged: load.unchanged,
        duplicate: load.duplicate,
        withheld: load.withheld,
        rejected: load.rejected.clone(),
        rejected_total: load.rejected_total,
        stated_rows: load.stated_rows,
    }
}

async fn tables(snapshot: &Snapshot, question: &Question) -> Result<Vec<TableQuality>> {
    let mut params = BTreeMap::new();
    if let Some(dataset) = &question.dataset {
        params.insert("dataset".to_owned(), Value::Text(dataset.clone()));
    }
    for (name, on) in [("from", question.from), ("to", question.to)] {
        if let Some(on) = on {
            params.insert(name.to_owned(), Value::Date(on));
        }
    }
    let mut tables = columns(&snapshot.query("quality_columns", &params).await?.batches)?;
    tables.retain(|table| question.dataset.as_ref().is_none_or(|asked| *asked == table.dataset));
    tables.sort_by_key(|table| all_tables().iter().position(|known| known.name == table.dataset));
    let mut delays = delays(&snapshot.query("quality_delays", &params).await?.batches)?;
    let labels = label_counts(&snapshot.query("quality_places", &params).await?.batches)?;
    let many = i64::try_from(MANY_AT_A_POINT).unwrap_or(i64::MAX);
    params.insert("many".to_owned(), Value::Int(many));
    let crowded = crowded(&snapshot.query("quality_points", &params).await?.batches)?;
    for table in &mut tables {
        table.delays = delays.remove(&table.dataset).unwrap_or_default();
        let (points, records) = crowded.get(&table.dataset).copied().unwrap_or_default();
        let counts = labels.get(&table.dataset).map_or(&[][..], Vec::as_slice);
        table.places = Places::of(counts, points, records);
    }
    Ok(tables)
}

fn columns(batches: &[RecordBatch]) -> Result<Vec<TableQuality>> {
    let mut tables: Vec<TableQuality> = Vec::new();
    for batch in batches {
        let (datasets, names) = (texts(batch, "dataset")?, texts(batch, "column_name")?);
        let (filled, records) = (Numbers::of(batch, "filled")?, Numbers::of(batch, "records")?);
        for (row, (dataset, name)) in datasets.into_iter().zip(names).enumerate() {
            let (filled, records) = (filled.count(row), records.count(row));
            let name = if name == "cell" { "position".to_owned() } else { name };
            let column = Column { name, filled, share: share(filled, records) };
            if let Some(table) = tables.last_mut().filter(|table| table.dataset == dataset) {
                table.columns.push(column);
            } else {
                let columns = vec![column];
                tables.push(TableQuality { dataset, records, columns, ..TableQuality::default() });
            }
        }
    }
    Ok(tables)
}

/// Stages in the order in which they happen.
const STAGES: [&str; 3] = ["event_to_recorded", "recorded_to_loaded", "event_to_loaded"];

fn delays(batches: &[RecordBatch]) -> Result<BTreeMap<String, Vec<Delay>>> {
    let mut found: BTreeMap<String, Vec<Delay>> = BTreeMap::new();
    for batch in batches {
        let (datasets, stages) = (texts(batch, "dataset")?, texts(batch, "stage")?);
        let number = |name| Numbers::of(batch, name);
        let (counted, negative, undated) = (number("counted")?, number("negative")?, number("undated")?);
        let (median, p90) = (number("median_s")?, number("p90_s")?);
        for (row, (dataset, stage)) in datasets.into_iter().zip(stages).enumerate() {
            found.entry(dataset).or_default().push(Delay {
                stage,
                counted: counted.count(row),
                negative: negative.count(row),
                undated: undated.count(row),
                median_s: median.value(row),
                p90_s: p90.value(row),
            });
        }
    }
    let place = |delay: &Delay| STAGES.iter().position(|stage| *stage == delay.stage);
    for delays in found.values_mut() {
        delays.sort_by_key(place);
    }
    Ok(found)
}

fn label_counts(batches: &[RecordBatch]) -> Result<BTreeMap<String, Vec<LabelCount>>> {
    let mut found: BTreeMap<String, Vec<LabelCount>> = BTreeMap::new();
    for batch in batches {
        let (datasets, labels) = (texts(batch, "dataset")?, texts(batch, "labels")?);
        let (located, records) = (Numbers::of(batch, "located")?, Numbers::of(batch, "records")?);
        for (row, (dataset, labels)) in datasets.into_iter().zip(labels).enumerate() {
            let count = LabelCount { labels, located: located.count(row), records: records.count(row) };
            found.entry(dataset).or_default().push(count);
        }
    }
    Ok(found)
}

/// Points with many records, and those records, by table.
fn crowded(batches: &[RecordBatch]) -> Result<BTreeMap<String, (u64, u64)>> {
    let mut found = BTreeMap::new();
    for batch in batches {
        let (points, records) = (Numbers::of(batch, "points")?, Numbers::of(batch, "records")?);
        for (row, dataset) in texts(batch, "dataset")?.into_iter().enumerate() {
            found.insert(dataset, (points.count(row), records.count(row)));
        }
    }
    Ok(found)
}

/// A column of whole numbers, whatever Arrow type the query gave them.
struct Numbers(arrow::array::ArrayRef);

impl Numbers {
    fn of(batch: &RecordBatch, name: &str) -> Result<Self> {
        let column =
            batch.column_by_name(name).ok_or_else(|| Error::bug(format!("the answer has no column {name}")))?;
        arrow::compute::cast(column, &arrow::datatypes::DataType::Int64)
            .map(Self)
            .map_err(|e| Error::bug(format!("the column {name} is not a number")).with_cause(e))
    }

    fn value(&self, row: usize) -> Option<u64> {
        let numbers = self.0.as_primitive::<Int64Type>();
        numbers.is_valid(row).then(|| numbers.value(row).unsigned_abs())
    }

    fn count(&self, row: usize) -> u64 {
        self.value(row).unwrap_or(0)
    }
}
