//! Traffic past the cameras: reads a camera and hour. No plate and no token leaves here.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use chrono::NaiveDate;
use serde::Serialize;

use super::{App, pictures};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::flow::FlowRow;
use crate::engine::Value;
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::{Provenance, generator};
use crate::model::time::Period;
use crate::render::format;
use crate::store::AsOf;

/// A released flow and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct FlowAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// One row a camera and hour with at least one read.
    pub rows: Released<Vec<FlowRow>>,
}

/// One camera and when it was heard of last.
#[derive(Debug, Clone, Serialize)]
pub struct Camera {
    /// Camera.
    pub camera_id: String,
    /// Its name.
    pub name: String,
    /// Latitude.
    pub lat: Option<f64>,
    /// Longitude.
    pub lon: Option<f64>,
    /// Reads held.
    pub reads: u64,
    /// Last island date with a read.
    pub last_on: Option<NaiveDate>,
    /// Whether it was heard of on the last day that any camera was.
    pub live: bool,
}

/// Asks for the flow of a period.
///
/// # Errors
/// `Denied`, or `Data` if the store cannot be read, or reads are not known by the hour.
pub async fn ask(app: &App, who: &Principal, period: Period, camera: Option<&str>) -> Result<FlowAnswer> {
    app.enter(who, Action::AskAggregate, "anpr flow", &format!("{}..{}", period.from, period.to))?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let mut params =
        BTreeMap::from([("from".to_owned(), Value::Date(period.from)), ("to".to_owned(), Value::Date(period.to))]);
    if let Some(camera) = camera {
        params.insert("camera".to_owned(), Value::Text(camera.to_owned()));
    }
    let answer = snapshot.query("anpr_flow", &params).await?;
    let mut rows = Vec::new();
    for batch in &answer.batches {
        read_flow(batch, &mut rows)?;
    }
    let total = rows.iter().filter_map(|row: &FlowRow| row.reads).sum();
    let policy = Policy { threshold: app.config.public_threshold };
    Ok(FlowAnswer {
        provenance: Provenance {
            question: "anpr flow".to_owned(),
            dataset: Some("anpr_reads".to_owned()),
            from: Some(period.from.to_string()),
            to: Some(period.to.to_string()),
            method: Some("reads a camera and local hour".to_owned()),
            rows: total,
            store_version: snapshot.version(),
            generated_by: generator(),
            ..Provenance::default()
        },
        rows: release(rows, &policy, who),
    })
}

/// The cameras and their state.
///
/// # Errors
/// `Denied`, or `Data` if the store cannot be read.
pub async fn cameras(app: &App, who: &Principal) -> Result<Vec<Camera>> {
    app.enter(who, Action::AskAggregate, "anpr cameras", "cameras")?;
    camera_list(app).await
}

/// The last seven days by hour of the day, drawn and as a table.
#[derive(Debug, Clone)]
pub struct Week {
    /// Reads by hour of the day.
    pub svg: String,
    /// Headers and rows of the same figures.
    pub table: serde_json::Value,
    /// The days, in words.
    pub period_text: String,
}

/// Asks for the flow of the seven days that end with `last`.
///
/// # Errors
/// As [`ask`].
pub async fn last_week(app: &App, who: &Principal, last: NaiveDate) -> Result<Week> {
    let to = last + chrono::Days::new(1);
    let period = Period::new(to - chrono::Days::new(7), to)?;
    let answer = ask(app, who, period, None).await?;
    let mut hours = [0_u64; 24];
    for row in answer.rows.iter() {
        if let Some(hour) = hours.get_mut(usize::from(row.local_hour)) {
            *hour += row.reads.unwrap_or(0);
        }
    }
    let clock: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
    let rows: Vec<serde_json::Value> = clock
        .iter()
        .zip(hours)
        .map(|(hour, reads)| serde_json::json!([format!("{hour}:00"), format::count_or(Some(reads), "")]))
        .collect();
    Ok(Week {
        svg: pictures::hours_chart(&clock, &hours, &period.in_words())?,
        table: serde_json::json!({"headers": ["Hour", "Reads"], "rows": rows}),
        period_text: period.in_words(),
    })
}

pub(super) async fn camera_list(app: &App) -> Result<Vec<Camera>> {
    let answer = app.engine.query("cameras", &BTreeMap::new()).await?;
    let mut cameras = Vec::new();
    for batch in &answer {
        let text = texts(batch, "camera_id")?;
        let name = texts(batch, "name")?;
        let (lat, lon) = (column(batch, "lat")?, column(batch, "lon")?);
        let (lat, lon) = (lat.as_primitive::<Float64Type>(), lon.as_primitive::<Float64Type>());
        let reads = column(batch, "reads")?.as_primitive::<Int64Type>();
        let last = column(batch, "last_on")?.as_primitive::<Date32Type>();
        for row in 0..batch.num_rows() {
            cameras.push(Camera {
                camera_id: text[row].clone(),
                name: name[row].clone(),
                lat: lat.is_valid(row).then(|| lat.value(row)),
                lon: lon.is_valid(row).then(|| lon.value(row)),
                reads: reads.value(row).unsigned_abs(),
                last_on: last.is_valid(row).then(|| last.value(row)).and_then(Date32Type::to_naive_date_opt),
                live: false,
            });
        }
    }
    let newest = cameras.iter().filter_map(|camera| camera.last_on).max();
    for camera in &mut cameras {
        camera.live = camera.last_on.is_some() && camera.last_on == newest;
    }
    Ok(cameras)
}

fn read_flow(batch: &RecordBatch, rows: &mut Vec<FlowRow>) -> Result<()> {
    let camera = texts(batch, "camera_id")?;
    let name = texts(batch, "name")?;
    let on = column(batch, "local_on")?.as_primitive::<Date32Type>();
    let hour = column(batch, "local_hour")?.as_primitive::<Int64Type>();
    let reads = column(batch, "reads")?.as_primitive::<Int64Type>();
    if hour.null_count() > 0 {
        return Err(Error::data(
            "some of the reads of the period are known by day or month only: there is no flow by hour of them",
        ));
    }
    for row in 0..batch.num_rows() {
        let local_on = Date32Type::to_naive_date_opt(on.value(row)).ok_or_else(|| Error::data("an impossible date"))?;
        rows.push(FlowRow {
            camera_id: camera[row].clone(),
            name: name[row].clone(),
            local_on,
            local_hour: u8::try_from(hour.value(row)).unwrap_or(0),
            reads: Some(reads.value(row).unsigned_abs()),
        });
    }
    Ok(())
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b dyn Array> {
    batch.column_by_name(name).map(AsRef::as_ref).ok_or_else(|| Error::bug(format!("the answer has no column {name}")))
}

/// A text column, whatever Arrow type of text it came as; null is empty.
pub(super) fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<String>> {
    let values = arrow::compute::cast(column(batch, name)?, &arrow::datatypes::DataType::Utf8)
        .map_err(|e| Error::bug(format!("the column {name} is not text")).with_cause(e))?;
    Ok(values.as_string::<i32>().iter().map(|value| value.unwrap_or_default().to_owned()).collect())
}
