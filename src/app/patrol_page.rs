//! The places to be on the coming day and night shift: the cells above expectation over the last twelve months, with
//! what happens there. Tours and briefings come with patrol planning.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use chrono::Days;
use serde_json::{Value, json};

use super::App;
use super::flow::texts;
use super::hotspots::{HotspotAnswer, answer};
use super::pictures;
use super::selection::params;
use crate::analysis::hotspot::{CellScore, Method, Question};
use crate::analysis::selection::Selection;
use crate::engine::Value as Param;
use crate::error::{Error, Kind, Result};
use crate::model::access::{Action, Principal};
use crate::model::time::{Daypart, Period, date_in_words};
use crate::render::{format, hotspot_map};
use crate::space::Cell;
use crate::store::AsOf;

/// Days of crime that the lists look back on.
const LOOK_BACK_DAYS: u64 = 365;

/// Places a shift.
const PLACES: usize = 10;

/// The context of the patrol page: one section a daypart.
///
/// # Errors
/// `Denied`, or as the hotspot trip.
pub async fn ask(app: &App, who: &Principal) -> Result<Value> {
    app.enter(who, Action::AskAggregate, "patrol page", "crimes, last 12 months by daypart")?;
    let about = super::about::describe(app, who).await?;
    let crimes = about.datasets.iter().find(|d| d.name == "crimes");
    let Some(last_on) = crimes.and_then(|d| d.last_on) else {
        return Ok(json!({"shifts": [], "note": "No crimes are loaded."}));
    };
    let to = last_on + Days::new(1);
    let period = Period::new(to - Days::new(LOOK_BACK_DAYS), to)?;
    let mut shifts = Vec::new();
    for daypart in &app.config.dayparts {
        match shift(app, who, period, daypart).await {
            Ok(section) => shifts.push(section),
            // Records known by month only cannot be split by time of day: the page says so in place of a list.
            Err(error) if error.kind() == Kind::Data => {
                return Ok(json!({"shifts": shifts, "note": error.message()}));
            }
            Err(error) => return Err(error),
        }
    }
    let note = format!(
        "Where crime stands above expectation, {}. A list to start from, not a plan: it holds no record of a person.",
        period.in_words()
    );
    Ok(json!({"shifts": shifts, "note": note}))
}

async fn shift(app: &App, who: &Principal, period: Period, daypart: &Daypart) -> Result<Value> {
    let selection = Selection::of("crimes", period).by(daypart.clone());
    let question = Question { selection, resolution: app.config.resolution, method: Method::GiStar };
    let map = answer(app, who, &question).await?;
    let kinds = kinds(app, &question).await?;
    let expected = map.map.total().unwrap_or(0) as f64 / map.map.rows.len().max(1) as f64;
    let hotspots = map.map.hotspots();
    let rows: Vec<Value> =
        hotspots.iter().take(PLACES).enumerate().map(|(at, group)| place(at + 1, group, expected, &kinds)).collect();
    let label = match daypart.name.as_str() {
        "day" => "Day shift",
        "night" => "Night shift",
        "nte" => "Night-time economy",
        other => other,
    };
    Ok(json!({
        "name": daypart.name,
        "label": format!("{label}, {}", daypart.band()),
        "period_text": format!(
            "Crimes from {} to {}; an average cell has {}",
            date_in_words(period.from),
            date_in_words(period.to - Days::new(1)),
            format::decimal(expected, 1)
        ),
        "rows": rows,
        "svg": picture(app, &map, &daypart.name)?,
    }))
}

fn picture(app: &App, map: &HotspotAnswer, name: &str) -> Result<String> {
    Ok(hotspot_map::svg(&format!("shift-map-{name}"), &map.map, &map.provenance, &pictures::base(app, &map.area)?))
}

/// One hotspot: named by its fullest cell, counted over all of its cells.
fn place(rank: usize, group: &[&CellScore], expected: f64, kinds: &BTreeMap<Cell, Vec<(String, u64)>>) -> Value {
    let peak = group[0];
    let count: Option<u64> = group.iter().map(|row| row.count).sum();
    let usual = expected * group.len() as f64;
    let times = count.filter(|_| usual > 0.0).map(|count| count as f64 / usual);
    let cells = if group.len() == 1 { "1 cell".to_owned() } else { format!("{} cells", group.len()) };
    json!({
        "rank": rank,
        "cell": peak.cell.to_string(),
        "parish": peak.parish.clone().unwrap_or_else(|| "Outside the areas".to_owned()),
        "count": format::count_or(count, format::SUPPRESSED),
        "expected_text": times.map_or(cells.clone(), |t| format!("{} times the average, in {cells}", format::decimal(t, 1))),
        "bin": peak.bin.words(),
        "why": why(group, kinds),
        "lat": peak.centre.lat,
        "lon": peak.centre.lon,
    })
}

/// The three most frequent kinds of a hotspot.
fn why(group: &[&CellScore], kinds: &BTreeMap<Cell, Vec<(String, u64)>>) -> String {
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, n) in group.iter().filter_map(|row| kinds.get(&row.cell)).flatten() {
        *counted.entry(kind).or_default() += n;
    }
    let mut counted: Vec<(&str, u64)> = counted.into_iter().collect();
    counted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let shown: Vec<String> =
        counted.iter().take(3).map(|(kind, n)| format!("{n} {}", kind.replace('-', " "))).collect();
    shown.join(", ")
}

async fn kinds(app: &App, question: &Question) -> Result<BTreeMap<Cell, Vec<(String, u64)>>> {
    let mut params = params(&question.selection);
    params.insert("res".to_owned(), Param::Int(i64::from(question.resolution)));
    let answer = app.engine.snapshot(AsOf::Newest).await?.query("cell_kinds", &params).await?;
    let mut kinds: BTreeMap<Cell, Vec<(String, u64)>> = BTreeMap::new();
    for batch in &answer.batches {
        let number = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|c| c.as_primitive_opt::<Int64Type>())
                .ok_or_else(|| Error::bug(format!("no column {name}")))
        };
        let (cells, records, names) = (number("cell")?, number("records")?, texts(batch, "kind")?);
        for (row, name) in names.into_iter().enumerate() {
            if let Some(cell) = Cell::from_bits(cells.value(row)) {
                kinds.entry(cell).or_default().push((name, records.value(row).unsigned_abs()));
            }
        }
    }
    Ok(kinds)
}
