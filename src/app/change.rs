//! Did it change? Two periods, cell by cell or parish by parish.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde::Serialize;

use super::App;
use super::disclosed::without_small;
use super::flow::texts;
use super::hotspots::{cells_with_records, study_area};
use super::places::Places;
use super::selection::{Coverage, for_a_map, for_areas, params};
use crate::analysis::change::{By, ChangeMap, Place, Question, compare};
use crate::analysis::disclosure::{Policy, Released, SUPPRESSED, release};
use crate::analysis::selection::Selection;
use crate::engine::Snapshot;
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::space::{Areas, StudyArea};
use crate::store::AsOf;

/// Cells whose centre is at sea belong to the nearest parish within this distance, in metres.
const PARISH_REACH_M: f64 = 1_000.0;

/// A released comparison and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeAnswer {
    /// Where it came from.
    pub provenance: Provenance,
    /// One row a place, and all together.
    #[serde(flatten)]
    pub map: Released<ChangeMap>,
    /// What a reader must know of the periods.
    pub notes: Vec<String>,
    /// Where was asked, if cells were compared.
    #[serde(skip)]
    pub area: Option<Arc<StudyArea>>,
}

/// Asks what changed between two periods.
///
/// # Errors
/// `Denied`; `Input` for a wrong question or periods that overlap; `Data` when the records cannot carry it: no positions,
/// parts of months of records known by month, times of day of records without one.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<ChangeAnswer> {
    app.enter(who, Action::AskAggregate, "change", &question.subject())?;
    question.check()?;
    let now = &question.selection;
    let before = Selection { period: question.before, ..now.clone() };
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let mut known = Vec::with_capacity(2);
    for selection in [now, &before] {
        known.push(match question.by {
            By::Cell(_) => for_a_map(&snapshot, selection, None).await?,
            By::Parish => for_areas(&snapshot, selection).await?,
        });
    }
    let places = app.memory.places(app)?;
    let counted = match question.by {
        By::Cell(resolution) => by_cell(app, &snapshot, &places, [now, &before], resolution).await?,
        By::Parish => by_parish(&snapshot, &places, [now, &before]).await?,
    };
    let map = compare(counted.places, question)?;
    let notes = notes(question, &known);
    let mut excluded = counted.excluded;
    if matches!(question.by, By::Cell(_)) {
        for coverage in &known {
            for (reason, count) in coverage.excluded() {
                *excluded.entry(reason).or_default() += count;
            }
        }
    }
    excluded.retain(|_, count| *count > 0);
    let policy = Policy { threshold: app.config.public_threshold };
    let mut provenance = Provenance {
        method: Some(question.test.words().to_owned()),
        resolution: if let By::Cell(resolution) = question.by { Some(resolution) } else { None },
        study_area: counted.area.as_ref().map(|area| format!("{}: {}", area.name, area.how)),
        cells: counted.area.as_ref().map(|_| map.rows.len() as u64),
        rows: map.total.now.unwrap_or(0) + map.total.before.unwrap_or(0),
        excluded,
        parameters: parameters(question),
        data_cut_off: known[0].last_on.or(known[1].last_on).map(|on| on.to_string()),
        ..now.provenance("change", snapshot.version())
    };
    without_small(&mut provenance, policy, who);
    let map = release(map, &policy, who);
    if map.total.now.is_none() {
        provenance.rows = 0;
        provenance.undefined_reason = Some(SUPPRESSED.to_owned());
    }
    Ok(ChangeAnswer { provenance, map, notes, area: counted.area })
}

/// Places with their records now and before, and what lies in none of them.
struct Counted {
    places: Vec<(Place, u64, u64)>,
    excluded: BTreeMap<String, u64>,
    area: Option<Arc<StudyArea>>,
}

async fn by_cell(
    app: &App,
    snapshot: &Snapshot,
    places: &Places,
    periods: [&Selection; 2],
    resolution: u8,
) -> Result<Counted> {
    let area = study_area(app, snapshot, places, &periods[0].dataset).await?;
    let cells = area.cells(resolution)?;
    let mut counts = vec![[0_u64; 2]; cells.len()];
    let mut outside = 0;
    for (at, selection) in periods.iter().enumerate() {
        for counted in cells_with_records(snapshot, selection, resolution).await? {
            match cells.binary_search(&counted.cell) {
                Ok(place) => counts[place][at] += counted.count,
                Err(_) => outside += counted.count,
            }
        }
    }
    let parish =
        |centre| places.parishes().and_then(|areas| areas.find_near(centre, PARISH_REACH_M)).map(str::to_owned);
    let places = cells
        .iter()
        .zip(counts)
        .map(|(cell, [now, before])| {
            let centre = cell.centre();
            (Place { cell: Some(*cell), parish: parish(centre), centre: Some(centre) }, now, before)
        })
        .collect();
    Ok(Counted { places, excluded: BTreeMap::from([("outside_study_area".to_owned(), outside)]), area: Some(area) })
}

async fn by_parish(snapshot: &Snapshot, places: &Places, periods: [&Selection; 2]) -> Result<Counted> {
    let mut counts: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for area in places.parishes().into_iter().flat_map(Areas::iter) {
        counts.insert(area.name.clone(), [0, 0]);
    }
    let mut nowhere = 0;
    for (at, selection) in periods.iter().enumerate() {
        for batch in &snapshot.query("parish_counts", &params(selection)).await?.batches {
            let names = texts(batch, "parish")?;
            let records = batch
                .column_by_name("records")
                .and_then(|column| column.as_primitive_opt::<Int64Type>())
                .ok_or_else(|| Error::bug("the counts have no column records"))?;
            for (name, records) in names.into_iter().zip(records.values()) {
                if name.is_empty() {
                    nowhere += records.unsigned_abs();
                } else {
                    counts.entry(name).or_default()[at] += records.unsigned_abs();
                }
            }
        }
    }
    if counts.is_empty() {
        return Err(Error::data(
            "no record of either period has a parish, so there is nothing to compare by parish; `vigie areas load FILE` \
             brings boundaries",
        ));
    }
    let places = counts
        .into_iter()
        .map(|(name, [now, before])| (Place { cell: None, parish: Some(name), centre: None }, now, before))
        .collect();
    Ok(Counted { places, excluded: BTreeMap::from([("no_parish".to_owned(), nowhere)]), area: None })
}

fn parameters(question: &Question) -> BTreeMap<String, String> {
    let (days, days_before) = question.days();
    let by = match question.by {
        By::Cell(_) => "cell of the study area",
        By::Parish => "parish",
    };
    [
        ("before_from", question.before.from.to_string()),
        ("before_to", question.before.to.to_string()),
        ("days", format!("{days} against {days_before}")),
        ("by", by.to_owned()),
        ("q", format!("Benjamini-Hochberg over every {by} with a record in either period")),
        ("alpha", question.alpha.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn notes(question: &Question, known: &[Coverage]) -> Vec<String> {
    let mut notes: Vec<String> = question.incomparable().into_iter().collect();
    if known.iter().any(|coverage| coverage.month_precision > 0) {
        notes.push(
            "these records are known by month, and sources that give the month only move them to points of a map: a cell \
             holds what happened around it"
                .to_owned(),
        );
    }
    let end = question.selection.period.to;
    let by_month = known[0].month_precision > 0;
    if let Some(last) = known[0].last_on.filter(|last| !by_month && last.succ_opt().is_some_and(|next| next < end)) {
        notes.push(format!("the last record of the later period is of {last}: it may not be loaded to its end"));
    }
    notes
}
