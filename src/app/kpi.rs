//! Is it good, bad or noise? The KPI trip: each measure's query, its series with limits, and the figures set against
//! each other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use super::App;
use crate::analysis::definition::{Definition, Kpi, Param, builtin};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::analysis::kpi_run::{BASELINE, KpiRun, MeasureRun, Series, checks, measure};
use crate::analysis::kpi_values::{Extent, Observation, Reach, extents, observations, slots};
use crate::engine::{QueryDoc, Snapshot, Value, queries};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::{Provenance, generator};
use crate::model::time::{Period, add_months, month_start};
use crate::render::format;
use crate::render::kpi_view;
use crate::store::AsOf;

/// A measure in a list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Number in the plan.
    pub measure: String,
    /// Name of the definition.
    pub id: String,
    /// Heading.
    pub title: String,
    /// Owner's role.
    pub owner: String,
    /// Parts of the plan that it serves.
    pub plan_refs: Vec<String>,
    /// Version of the newest definition.
    pub version: String,
    /// Its hash.
    pub definition: String,
}

/// The measures that there are. Their definitions are public.
///
/// # Errors
/// `Input` if a definition file is wrong.
pub fn list() -> Result<Vec<Listed>> {
    builtin()?
        .into_iter()
        .map(|kpi| {
            let newest = kpi.definition.last().ok_or_else(|| Error::bug(format!("{} has no definition", kpi.id)))?;
            Ok(Listed {
                version: newest.version.clone(),
                definition: newest.hash(&query_of(newest)?.sql),
                measure: kpi.measure,
                id: kpi.id,
                title: kpi.title,
                owner: kpi.owner,
                plan_refs: kpi.plan_refs,
            })
        })
        .collect()
}

/// Runs the KPIs over the months of a period. `ids` are names of definitions or numbers of the plan; without any, all.
///
/// # Errors
/// `Denied`; `Input` for an unknown id; `Bug` if a query does not answer as its definition expects.
pub async fn run(app: &App, who: &Principal, period: Period, ids: Option<&[String]>) -> Result<Released<KpiRun>> {
    let asked = ids.map_or_else(|| "all".to_owned(), |ids| ids.join(" "));
    app.enter(who, Action::AskPerformance, "kpi run", &format!("{asked} {}..{}", period.from, period.to))?;
    answer(app, who, period, ids).await
}

/// The same under another trip's audit line, released for `reader`.
pub(super) async fn answer(
    app: &App,
    reader: &Principal,
    period: Period,
    ids: Option<&[String]>,
) -> Result<Released<KpiRun>> {
    let kpis = chosen(builtin()?, ids)?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let held = extents(&snapshot.query("kpi_extent", &BTreeMap::new()).await?.batches)?;
    let run = compute(&snapshot, &kpis, period, &held).await?;
    Ok(release(run, &Policy { threshold: app.config.public_threshold }, reader))
}

/// The last twelve whole months of the data.
///
/// # Errors
/// `Denied`; `Data` without records.
pub async fn default_period(app: &App, who: &Principal) -> Result<Period> {
    crate::model::access::decide(who, Action::AskPerformance)?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let held = extents(&snapshot.query("kpi_extent", &BTreeMap::new()).await?.batches)?;
    let all = all_events(&held).ok_or_else(|| Error::data("nothing that a KPI counts is loaded yet"))?;
    let end = month_start(all.last_on.succ_opt().unwrap_or(all.last_on));
    Period::new(add_months(end, -12), end)
}

fn chosen(kpis: Vec<Kpi>, ids: Option<&[String]>) -> Result<Vec<Kpi>> {
    let Some(ids) = ids else { return Ok(kpis) };
    let is = |kpi: &Kpi, id: &str| kpi.id == id || kpi.measure.eq_ignore_ascii_case(id);
    if let Some(unknown) = ids.iter().find(|id| !kpis.iter().any(|kpi| is(kpi, id))) {
        return Err(Error::input(format!("there is no KPI `{unknown}`; `vigie kpi list` names them")).at("ids"));
    }
    Ok(kpis.into_iter().filter(|kpi| ids.iter().any(|id| is(kpi, id))).collect())
}

async fn compute(snapshot: &Snapshot, kpis: &[Kpi], period: Period, held: &BTreeMap<String, Extent>) -> Result<KpiRun> {
    let all = all_events(held);
    let mut measures = Vec::with_capacity(kpis.len());
    let mut seen_all = Vec::with_capacity(kpis.len());
    for kpi in kpis {
        if let Some((run, seen)) = one(snapshot, kpi, period, held, all).await? {
            measures.push(run);
            seen_all.push(seen);
        }
    }
    let checks = checks(&measures, &seen_all, period);
    let provenance = provenance(snapshot.version(), period, all, &measures);
    Ok(KpiRun { measures, checks, period, provenance })
}

async fn one(
    snapshot: &Snapshot,
    kpi: &Kpi,
    period: Period,
    held: &BTreeMap<String, Extent>,
    all: Option<Extent>,
) -> Result<Option<(MeasureRun, BTreeMap<String, Observation>)>> {
    let last_day = period.to.pred_opt().unwrap_or(period.to);
    let Some(definition) = kpi.definition_on(last_day) else { return Ok(None) };
    let table = held.get(&definition.source).copied();
    let data_from = table.map(|t| t.first_on.min(all.map_or(t.first_on, |a| a.first_on)));
    let slots = slots(period, definition.time_dim.grain, BASELINE, data_from)?;
    let (Some(first), Some(last)) = (slots.first(), slots.last()) else { return Ok(None) };
    let query = query_of(definition)?;
    let params = parameters(definition, query, Period { from: first.dates.from, to: last.dates.to });
    let seen = observations(&snapshot.query(&definition.query, &params).await?.batches)?;
    let series = Series {
        kpi,
        query_text: &query.sql,
        slots: &slots,
        seen: &seen,
        reach: table.map(|table| Reach { table, all: all.unwrap_or(table) }),
    };
    Ok(measure(&series).map(|run| (run, seen)))
}

fn query_of(definition: &Definition) -> Result<&'static QueryDoc> {
    queries()
        .find(|query| query.name == definition.query)
        .ok_or_else(|| Error::input(format!("a KPI names the query `{}`, which does not exist", definition.query)))
}

/// What a definition binds into its query: its own parameters, and those parts of it that the query declares.
fn parameters(definition: &Definition, query: &QueryDoc, dates: Period) -> BTreeMap<String, Value> {
    let text = |value: &str| Value::Text(value.to_owned());
    let mut offered = BTreeMap::from([
        ("from".to_owned(), Value::Date(dates.from)),
        ("to".to_owned(), Value::Date(dates.to)),
        ("grain".to_owned(), text(definition.time_dim.grain.name())),
        ("field".to_owned(), text(&definition.time_dim.field)),
    ]);
    if let Some(clock) = &definition.clock {
        offered.insert("clock_start".to_owned(), text(&clock.start));
    }
    if let Some(threshold) = &definition.threshold {
        offered.insert("op".to_owned(), text(&threshold.op));
        offered.insert("threshold_s".to_owned(), Value::Int(i64::from(threshold.seconds)));
    }
    if let Some(agg) = &definition.period_agg {
        offered.insert("agg".to_owned(), text(agg));
    }
    offered.retain(|name, _| query.params.iter().any(|param| param.name == *name));
    offered.extend(definition.params.iter().map(|(name, value)| {
        let value = match value {
            Param::Int(number) => Value::Int(*number),
            Param::Text(words) => text(words),
        };
        (name.clone(), value)
    }));
    offered
}

/// From the first to the last date of the tables of events; of the stocks, if there is nothing else.
fn all_events(held: &BTreeMap<String, Extent>) -> Option<Extent> {
    let span = |events: bool| {
        held.iter()
            .filter(|(name, _)| (name.as_str() != "stocks") == events)
            .map(|(_, extent)| *extent)
            .reduce(|a, b| Extent { first_on: a.first_on.min(b.first_on), last_on: a.last_on.max(b.last_on) })
    };
    span(true).or_else(|| span(false))
}

fn provenance(version: u64, period: Period, all: Option<Extent>, measures: &[MeasureRun]) -> Provenance {
    let mut parameters: BTreeMap<String, String> =
        measures.iter().map(|m| (m.kpi.id.clone(), format!("{} {}", m.definition.version, m.hash))).collect();
    parameters.insert("baseline".to_owned(), format!("{BASELINE} periods at most, those asked for included"));
    Provenance {
        question: "kpi".to_owned(),
        from: Some(period.from.to_string()),
        to: Some(period.to.to_string()),
        method: Some(method(measures)),
        rows: measures.iter().flat_map(MeasureRun::asked).count() as u64,
        parameters,
        data_cut_off: all.map(|extent: Extent| -> NaiveDate { extent.last_on }).map(|on| on.to_string()),
        store_version: version,
        generated_by: generator(),
        ..Provenance::default()
    }
}

/// Kinds of charts and profiles of a run, each once.
fn method(measures: &[MeasureRun]) -> String {
    let charts = measures.iter().filter_map(|measure| measure.chart.as_ref());
    let names: BTreeSet<String> =
        charts.map(|chart| format!("{}, profile {}", chart.control.kind.words(), chart.control.profile.name)).collect();
    if names.is_empty() { "no limits".to_owned() } else { names.into_iter().collect::<Vec<_>>().join("; ") }
}

/// The chart of one measure of a run.
///
/// # Errors
/// `Missing` if the run has no such measure, or it has no value to draw.
pub fn chart(run: &Released<KpiRun>, id: &str) -> Result<String> {
    let at = run.measures.iter().position(|m| m.kpi.id == id || m.kpi.measure.eq_ignore_ascii_case(id));
    let views = kpi_view::measures(run)?;
    at.and_then(|at| views.into_iter().nth(at))
        .map(|view| view.chart_svg)
        .filter(|svg| !svg.is_empty())
        .ok_or_else(|| Error::missing(format!("the KPI `{id}` has no value to draw")))
}

/// A run as lines for a terminal: a line a measure, then the warnings.
pub fn text(run: &Released<KpiRun>) -> String {
    let mut out = String::new();
    for measure in &run.measures {
        out.push_str(&format!("{:<6}{}\n", measure.kpi.measure, measure.finding));
        if let Some(assurance) = measure.latest().and_then(|row| row.assurance) {
            out.push_str(&format!("{:<6}target: {}\n", "", assurance.words()));
        }
    }
    for warning in run.warnings() {
        out.push_str(&format!("warning: {}. {}\n", warning.title, warning.text));
    }
    let cut_off = run.provenance.data_cut_off.as_deref().map_or_else(|| "none".to_owned(), format::iso_date);
    out.push_str(&format!("data to {cut_off}, store version {}", run.provenance.store_version));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_period_name;

    #[test]
    fn every_definition_fits_its_query() {
        let dates = parse_period_name("2017").unwrap();
        for kpi in builtin().unwrap() {
            for definition in &kpi.definition {
                let query = query_of(definition).unwrap();
                let params = parameters(definition, query, dates);
                for param in &query.params {
                    assert!(params.contains_key(&param.name), "{}: {} is not bound", kpi.id, param.name);
                }
                for name in params.keys() {
                    assert!(query.params.iter().any(|p| p.name == *name), "{}: {name} is unknown", kpi.id);
                }
                for exclusion in &definition.exclude {
                    let column = format!("excluded_{}", exclusion.code);
                    assert!(query.columns.iter().any(|c| c.name == column), "{}: no {column}", kpi.id);
                }
            }
        }
    }

    #[test]
    fn ids_are_names_or_numbers() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let found = chosen(builtin().unwrap(), Some(&ids(&["m03", "roads.offences"]))).unwrap();
        assert_eq!(found.iter().map(|k| k.measure.as_str()).collect::<Vec<_>>(), ["M03", "M12"]);
        assert!(chosen(builtin().unwrap(), Some(&ids(&["m99"]))).unwrap_err().message().contains("m99"));
    }

    #[test]
    fn the_list_has_a_hash_each() {
        let list = list().unwrap();
        assert_eq!(list.len(), 18);
        assert!(list.iter().all(|k| k.definition.len() == 12));
    }
}
