//! How the measures of a question are counted: what they need of each table is laid out once, and every definition is asked
//! over the periods that it holds for, side by side.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use super::App;
use crate::analysis::definition::{Definition, Kpi, MeasureKind, Places};
use crate::analysis::kpi_run::BASELINE;
use crate::analysis::kpi_values::{Extent, Seen, Slot, extents, observations, slots};
use crate::engine::Snapshot;
use crate::engine::desk::{Desk, Layout};
use crate::engine::measure::{Measure, measure};
use crate::error::{Error, Result};
use crate::model::schema;
use crate::model::time::Period;

/// One definition over the periods that it holds for.
pub(super) struct Span {
    /// Index of the KPI.
    kpi: usize,
    /// Index of the definition.
    definition: usize,
    dates: Period,
    measure: Measure,
    pub is_part: bool,
}

/// One KPI and its periods.
pub(super) struct Plan<'a> {
    pub kpi: &'a Kpi,
    pub slots: Vec<Slot>,
    pub table: Option<Extent>,
}

/// The periods of one KPI, and how far its table reaches.
pub(super) async fn plan<'a>(
    app: &App,
    snapshot: &Snapshot,
    kpi: &'a Kpi,
    period: Period,
    held: &mut BTreeMap<String, Extent>,
    all: Option<Extent>,
) -> Result<Option<Plan<'a>>> {
    let last_day = period.to.pred_opt().unwrap_or(period.to);
    let Some(definition) = kpi.definition_on(last_day).or_else(|| kpi.definition.last()) else { return Ok(None) };
    for (at, definition) in kpi.definition.iter().enumerate() {
        let own = app.config.zone.name();
        if let Some(zone) = definition.time_dim.zone.as_ref().filter(|zone| *zone != own) {
            let message = format!("counts dates of {zone}, but those of the store are of {own}");
            return Err(Error::input(message).at(place(kpi, at, "time_dim.zone")));
        }
    }
    if definition.kind == MeasureKind::Milestone {
        let slots = slots(period, definition.time_dim.grain, BASELINE, Some(definition.valid_from))?;
        return Ok(Some(Plan { kpi, slots, table: None }));
    }
    if !held.contains_key(&definition.source)
        && let Some(measure) = measure(definition, None).map_err(|e| placed(kpi, 0, e))?
    {
        held.extend(extents(&snapshot.dates_of(&measure).await?)?);
    }
    let is_sparse = schema::table(&definition.source).is_some_and(schema::Table::is_sparse);
    let of_few = |table: Extent| if is_sparse { table.of_few(definition.time_dim.grain, all) } else { table };
    let table = held.get(&definition.source).copied().map(of_few);
    let data_from = table.map(|t| t.first_on.min(all.map_or(t.first_on, |a| a.first_on)));
    let slots = slots(period, definition.time_dim.grain, BASELINE, data_from)?;
    Ok((!slots.is_empty()).then_some(Plan { kpi, slots, table }))
}

/// The queries of one KPI: each definition over the periods that it holds for, as a whole and by parts.
pub(super) fn spans_of(plan: &Plan<'_>, index: usize, by: Option<&str>) -> Result<Vec<Span>> {
    let kpi = plan.kpi;
    let mut out: Vec<Span> = Vec::new();
    let mut dates: BTreeMap<usize, Period> = BTreeMap::new();
    for slot in &plan.slots {
        let Some(used) = kpi.definition_on(slot.dates.from) else { continue };
        let Some(at) = kpi.definition.iter().position(|d| d.version == used.version) else { continue };
        dates.entry(at).and_modify(|held| held.to = slot.dates.to).or_insert(slot.dates);
    }
    for (at, dates) in dates {
        let definition = &kpi.definition[at];
        let parts = by.filter(|by| definition.dims.iter().any(|dim| dim == by));
        for by in [None].into_iter().chain(parts.map(Some)) {
            if let Some(measure) = measure(definition, by).map_err(|e| placed(kpi, at, e))? {
                out.push(Span { kpi: index, definition: at, dates, measure, is_part: by.is_some() });
            }
        }
    }
    Ok(out)
}

/// Lays out what the queries need, and asks them side by side: of each KPI what was seen as a whole and by parts.
pub(super) async fn counted(snapshot: &Snapshot, plans: &[Plan<'_>], spans: Vec<Span>) -> Result<Vec<(Seen, Seen)>> {
    let mut layouts: BTreeMap<String, Layout> = BTreeMap::new();
    let is_held = |span: &Span| plans[span.kpi].table.is_some();
    let spans: Vec<Span> = spans.into_iter().filter(is_held).collect();
    for span in &spans {
        let layout =
            layouts.entry(span.measure.table.clone()).or_insert_with(|| Layout::of(&span.measure.table, span.dates));
        layout.add(&span.measure, span.dates);
    }
    let desk = snapshot.desk(&layouts.into_values().collect::<Vec<_>>()).await?;
    let mut tasks = JoinSet::new();
    for span in spans {
        let definition = plans[span.kpi].kpi.definition[span.definition].clone();
        let desk = desk.clone();
        tasks.spawn(async move {
            let seen = asked(&desk, &span, &definition).await;
            (span, seen)
        });
    }
    let mut out = vec![(Seen::new(), Seen::new()); plans.len()];
    while let Some(done) = tasks.join_next().await {
        let (span, seen) = done.map_err(|e| Error::bug("a measure could not be counted").with_cause(e))?;
        let seen = seen.map_err(|e| placed(plans[span.kpi].kpi, span.definition, e))?;
        let (whole, parts) = &mut out[span.kpi];
        let into = if span.is_part { parts } else { whole };
        for (part, periods) in seen {
            into.entry(part).or_default().extend(periods);
        }
    }
    Ok(out)
}

async fn asked(desk: &Desk, span: &Span, definition: &Definition) -> Result<Seen> {
    let grain = definition.time_dim.grain;
    let rows = desk.ask(&span.measure, span.dates, grain.months()).await?;
    observations(&rows, definition, Some(grain))
}

/// `file:line: definition[0].where`.
fn place(kpi: &Kpi, definition: usize, key: &str) -> String {
    let key = if key.is_empty() { String::new() } else { format!(".{key}") };
    Places::of(&kpi.text, &kpi.origin).at(&format!("definition[{definition}]{key}"))
}

/// An error of one definition with file, line and key.
pub(super) fn placed(kpi: &Kpi, definition: usize, error: Error) -> Error {
    let key = error.place().unwrap_or_default().to_owned();
    Error::new(error.kind(), error.message()).at(place(kpi, definition, &key)).with_cause(error)
}
