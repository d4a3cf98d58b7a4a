//! Is it good, bad or noise? The KPI trip: what the measures need of each table is read once, every measure is counted over
//! it side by side, then come its series with limits, and the figures set against each other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use super::App;
use super::kpi_count::{counted, plan, spans_of};
use super::kpi_files::{self, Choice, Kpis};
use crate::analysis::definition::{Grain, Kpi, MeasureKind};
use crate::analysis::disclosure::{Account, Policy, Released, Terms, release, release_edition};
use crate::analysis::funnel::{Funnel, funnels};
use crate::analysis::kpi_run::{BASELINE, KpiRun, MeasureRun, Part, Series, checks, measure_part};
use crate::analysis::kpi_values::{Extent, Observation, Reach, Seen, Slot, WHOLE, extents, period_start};
use crate::analysis::reconcile;
use crate::analysis::sdc::{History, Profile};
use crate::engine::Snapshot;
use crate::engine::measure::template_text;
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::{Provenance, generator};
use crate::model::time::{Period, add_months, date_in_words, month_start};
use crate::render::format;
use crate::render::kpi_view;
use crate::store::AsOf;

/// Days after the last record on which a period may still end and be whole.
const GRACE_DAYS: i64 = 3;

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
pub fn list(kpis: &[Kpi]) -> Result<Vec<Listed>> {
    kpis.iter()
        .map(|kpi| {
            let newest = kpi.definition.last().ok_or_else(|| Error::bug(format!("{} has no definition", kpi.id)))?;
            Ok(Listed {
                version: newest.version.clone(),
                definition: newest.hash(template_text(newest.kind)?),
                measure: kpi.measure.clone(),
                id: kpi.id.clone(),
                title: kpi.title.clone(),
                owner: kpi.owner.clone(),
                plan_refs: kpi.plan_refs.clone(),
            })
        })
        .collect()
}

/// What becomes of a period that the data does not reach the end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Incomplete {
    /// Its row has a reason in place of a value.
    #[default]
    Reason,
    /// The question is refused.
    Refuse,
    /// Its row has the value so far, which takes no part in limits and is said not to be whole.
    Show,
}

/// What is asked of the KPIs.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The period: its months, quarters or years.
    pub period: Period,
    /// Names of definitions or numbers of the plan; all without them.
    pub ids: Option<Vec<String>>,
    /// `parish`, `vingtaine`, `beat`, `daypart` or `grade`: the parts beside the whole.
    pub by: Option<String>,
    /// What becomes of a period that is not whole.
    pub incomplete: Incomplete,
    /// Which files.
    pub files: Choice,
}

impl Ask {
    /// All of a period.
    pub fn of(period: Period) -> Self {
        Self { period, ids: None, by: None, incomplete: Incomplete::Reason, files: Choice::default() }
    }
}

/// Runs the KPIs over the months of a period. `ids` are names of definitions or numbers of the plan; without any, all.
///
/// # Errors
/// As [`ask`].
pub async fn run(app: &App, who: &Principal, period: Period, ids: Option<&[String]>) -> Result<Released<KpiRun>> {
    ask(app, who, &Ask { ids: ids.map(<[String]>::to_vec), ..Ask::of(period) }).await
}

/// Runs the KPIs.
///
/// # Errors
/// `Denied`; `Input` for an unknown id, a KPI file that is wrong, or a breakdown that no measure has; `Data` for a period
/// that is not whole, if these are to be refused; `Bug` if a query does not answer as its definition expects.
pub async fn ask(app: &App, who: &Principal, ask: &Ask) -> Result<Released<KpiRun>> {
    let asked = ask.ids.as_ref().map_or_else(|| "all".to_owned(), |ids| ids.join(" "));
    let by = ask.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    app.enter(who, Action::AskPerformance, "kpi run", &format!("{asked}{by} {}..{}", ask.period.from, ask.period.to))?;
    released(app, who, ask).await
}

/// All measures of a period under another trip's audit line, released for the readers of an edition: of what the public
/// has seen in the editions of `history` nothing may be worked out together with this one.
pub(super) async fn of_edition(
    app: &App,
    reader: &Principal,
    period: Period,
    history: &History,
) -> Result<(Released<KpiRun>, Option<Account>)> {
    let run = counted_run(app, &Ask::of(period)).await?;
    let terms = Terms { profile: Profile::jersey(app.config.public_threshold), history };
    Ok(release_edition(run, &terms, reader))
}

/// Measures of response set out by parish, for an edition. The public gets none: a parish has too few calls for its
/// figures to be shown beside those of the island.
pub(super) async fn by_parish(app: &App, reader: &Principal, period: Period) -> Result<Vec<Funnel>> {
    if reader.is_public() {
        return Ok(Vec::new());
    }
    let ids = ["M03", "M05"].map(str::to_owned).to_vec();
    let ask = Ask { ids: Some(ids), by: Some("parish".to_owned()), ..Ask::of(period) };
    Ok(funnels(&*released(app, reader, &ask).await?))
}

async fn released(app: &App, reader: &Principal, ask: &Ask) -> Result<Released<KpiRun>> {
    let run = counted_run(app, ask).await?;
    Ok(release(run, &Policy { threshold: app.config.public_threshold }, reader))
}

async fn counted_run(app: &App, ask: &Ask) -> Result<KpiRun> {
    let files = kpi_files::chosen(Some(app.store.root()), &ask.files)?;
    let kpis = of_ids(files.kpis, ask.ids.as_deref())?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let held = extents(&snapshot.query("kpi_extent", &BTreeMap::new()).await?.batches)?;
    if ask.incomplete == Incomplete::Refuse {
        is_whole(ask.period, all_events(&held))?;
    }
    compute(app, &snapshot, &kpis, ask, held).await
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

/// Refuses a period that does not begin and end with a month, or that the data does not reach the end of.
fn is_whole(period: Period, all: Option<Extent>) -> Result<()> {
    for on in [period.from, period.to] {
        if on != period_start(on, Grain::Month) {
            return Err(Error::input(format!(
                "{} is not the first day of a month: a KPI is of whole months; ask for whole ones, or add --partial to see \
                 the months that this touches",
                date_in_words(on)
            ))
            .at("period"));
        }
    }
    let last = period.to.pred_opt().unwrap_or(period.to);
    match all {
        Some(all) if (last - all.last_on).num_days() > GRACE_DAYS => Err(Error::data(format!(
            "{} is not complete: the data ends on {}; ask for what is, or add --partial to see it as far as it goes",
            period.in_words(),
            date_in_words(all.last_on)
        ))
        .at("period")),
        _ => Ok(()),
    }
}

fn of_ids(kpis: Vec<Kpi>, ids: Option<&[String]>) -> Result<Vec<Kpi>> {
    let Some(ids) = ids else { return Ok(kpis) };
    let is = |kpi: &Kpi, id: &str| kpi.id == id || kpi.measure.eq_ignore_ascii_case(id);
    if let Some(unknown) = ids.iter().find(|id| !kpis.iter().any(|kpi| is(kpi, id))) {
        return Err(Error::input(format!("there is no KPI `{unknown}`; `vigie kpi list` names them")).at("ids"));
    }
    Ok(kpis.into_iter().filter(|kpi| ids.iter().any(|id| is(kpi, id))).collect())
}

/// One of the measures: those of `ids` among `kpis`, which must be one.
///
/// # Errors
/// `Input` if there is none of that name.
pub fn find<'a>(kpis: &'a Kpis, id: &str) -> Result<&'a Kpi> {
    kpis.kpis
        .iter()
        .find(|kpi| kpi.id == id || kpi.measure.eq_ignore_ascii_case(id))
        .ok_or_else(|| Error::input(format!("there is no KPI `{id}`; `vigie kpi list` names them")).at("id"))
}

async fn compute(
    app: &App,
    snapshot: &Snapshot,
    kpis: &[Kpi],
    ask: &Ask,
    mut held: BTreeMap<String, Extent>,
) -> Result<KpiRun> {
    let all = all_events(&held);
    let mut plans = Vec::with_capacity(kpis.len());
    let mut spans = Vec::new();
    for kpi in kpis {
        let Some(plan) = plan(app, snapshot, kpi, ask.period, &mut held, all).await? else { continue };
        spans.extend(spans_of(&plan, plans.len(), ask.by.as_deref())?);
        plans.push(plan);
    }
    if let Some(by) = &ask.by
        && !spans.iter().any(|span| span.is_part)
    {
        let can: Vec<String> = kpis.iter().flat_map(|k| &k.definition).flat_map(|d| d.dims.clone()).collect();
        let can = can.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
        let can = if can.is_empty() { "nothing".to_owned() } else { can };
        return Err(
            Error::input(format!("no measure asked for is broken down by `{by}`; their dims are {can}")).at("by")
        );
    }
    let mut seen = counted(snapshot, &plans, spans).await?;
    for (plan, (whole, _)) in plans.iter().zip(&mut seen) {
        if plan.kpi.definition.iter().any(|d| d.kind == MeasureKind::Milestone) {
            whole.insert(WHOLE.to_owned(), super::plan::milestones_seen(app, plan.kpi, &plan.slots)?);
        }
    }
    let mut measures = Vec::with_capacity(plans.len());
    let mut seen_all: Vec<BTreeMap<String, Observation>> = Vec::with_capacity(plans.len());
    let mut sums = Vec::new();
    for (plan, (whole, parts)) in plans.iter().zip(seen) {
        let nothing = BTreeMap::new();
        let whole = whole.get(WHOLE).unwrap_or(&nothing);
        let mut add = |part: Option<&Part>, seen: &BTreeMap<String, Observation>| {
            let series = Series {
                kpi: plan.kpi,
                query_text: |kind: MeasureKind| template_text(kind).unwrap_or_default(),
                slots: &plan.slots,
                seen,
                reach: plan.table.map(|table| Reach { table, all: all.unwrap_or(table) }),
            };
            if let Some(run) = measure_part(&series, part, ask.incomplete == Incomplete::Show) {
                measures.push(run);
                seen_all.push(seen.clone());
            }
        };
        add(None, whole);
        let Some(by) = &ask.by else { continue };
        let mut names: Vec<&String> = parts.keys().collect();
        names.sort_by_key(|name| (name.as_str() == "unknown", name.as_str()));
        for name in names {
            add(Some(&Part { by: by.clone(), name: name.clone() }), &parts[name]);
        }
        let adds_up = plan.kpi.definition.iter().all(|d| d.kind.adds_up());
        if adds_up && !parts.is_empty() {
            sums.push(reconcile::parts(&plan.kpi.id, &plan.kpi.title, by, &added_up(&plan.slots, whole, &parts)));
        }
    }
    let mut checks = checks(&measures, &seen_all, ask.period);
    checks.extend(sums);
    let provenance = provenance(snapshot.version(), ask, all, &measures);
    Ok(KpiRun { measures, checks, period: ask.period, provenance })
}

/// Records of the whole and of all parts together, by period.
fn added_up(slots: &[Slot], whole: &BTreeMap<String, Observation>, parts: &Seen) -> Vec<(String, u64, u64)> {
    let records = |seen: Option<&Observation>| -> u64 {
        seen.map_or(0, |seen| seen.analysed.unwrap_or(0.0) as u64 + seen.excluded.values().sum::<u64>())
    };
    slots
        .iter()
        .map(|slot| {
            let together = parts.values().map(|periods| records(periods.get(&slot.name))).sum();
            (slot.name.clone(), records(whole.get(&slot.name)), together)
        })
        .collect()
}

/// From the first to the last date of the tables of events; of the stocks, if there is nothing else.
fn all_events(held: &BTreeMap<String, Extent>) -> Option<Extent> {
    let is_event = |name: &str| crate::model::schema::table(name).is_some_and(crate::model::schema::Table::is_event);
    let span = |events: bool| {
        held.iter()
            .filter(|(name, _)| is_event(name) == events)
            .map(|(_, extent)| *extent)
            .reduce(|a, b| Extent { first_on: a.first_on.min(b.first_on), last_on: a.last_on.max(b.last_on) })
    };
    span(true).or_else(|| span(false))
}

fn provenance(version: u64, ask: &Ask, all: Option<Extent>, measures: &[MeasureRun]) -> Provenance {
    let mut parameters: BTreeMap<String, String> =
        measures.iter().map(|m| (m.kpi.id.clone(), format!("{} {}", m.definition.version, m.hash))).collect();
    parameters.insert("baseline".to_owned(), format!("{BASELINE} periods at most, those asked for included"));
    parameters.extend(ask.by.as_ref().map(|by| ("by".to_owned(), by.clone())));
    Provenance {
        question: "kpi".to_owned(),
        from: Some(ask.period.from.to_string()),
        to: Some(ask.period.to.to_string()),
        method: Some(method(measures)),
        rows: measures.iter().flat_map(MeasureRun::asked).count() as u64,
        parameters,
        data_cut_off: all.map(|extent: Extent| -> NaiveDate { extent.last_on }).map(|on| on.to_string()),
        store_version: version,
        generated_by: generator(),
        ..Provenance::default()
    }
}

/// The kinds of chart of a run and their conventions.
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
        if let Some(interval) = interval(measure) {
            out.push_str(&format!("{:<6}{interval}\n", ""));
        }
        for note in &measure.notes {
            out.push_str(&format!("{:<6}note: {note}\n", ""));
        }
        if let Some(assurance) = measure.latest().and_then(|row| row.assurance) {
            out.push_str(&format!("{:<6}target: {}\n", "", assurance.words()));
        }
    }
    for check in run.checks.iter().filter(|check| check.agrees && check.id.starts_with("parts ")) {
        out.push_str(&format!("check: {}. {}\n", check.title, check.text));
    }
    for warning in run.warnings() {
        out.push_str(&format!("warning: {}. {}\n", warning.title, warning.text));
    }
    let cut_off = run.provenance.data_cut_off.as_deref().map_or_else(|| "none".to_owned(), format::iso_date);
    out.push_str(&format!("data to {cut_off}, store version {}", run.provenance.store_version));
    out
}

/// How many were asked, and the interval, of the last value of a survey.
fn interval(measure: &MeasureRun) -> Option<String> {
    if measure.definition.kind != MeasureKind::Survey {
        return None;
    }
    let at = measure.rows.iter().rposition(|row| row.value.is_some())?;
    let (low, high) = (measure.also.get(at)?.get("low")?, measure.also.get(at)?.get("high")?);
    let base = measure.rows[at].denominator?;
    let unit = measure.kpi.unit;
    Some(format!("asked {}; 95% interval {}", format::decimal(base, 0), unit.range_text(*low, *high)))
}

/// The other figures of the rows asked for, row by row: medians, percentiles, intervals, all records looked at.
pub fn also(run: &Released<KpiRun>) -> Vec<serde_json::Value> {
    let rows = run.measures.iter().flat_map(|m| m.asked().iter().zip(m.also.iter().skip(m.asked_from)));
    rows.filter(|(_, also)| !also.is_empty())
        .map(|(row, also)| {
            serde_json::json!({
                "id": row.id,
                "period": row.period,
                "area": row.area,
                "daypart": row.daypart,
                "grade": row.grade,
                "figures": also,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::definition::builtin;
    use crate::app::kpi_count::placed;
    use crate::engine::measure::measure;
    use crate::model::time::parse_date;

    #[test]
    fn every_built_in_definition_is_a_query() {
        for kpi in builtin().unwrap() {
            for definition in &kpi.definition {
                for by in [None].into_iter().chain(definition.dims.iter().map(|dim| Some(dim.as_str()))) {
                    measure(definition, by).map_err(|e| placed(&kpi, 0, e)).unwrap();
                }
            }
        }
    }

    #[test]
    fn ids_are_names_or_numbers() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let found = of_ids(builtin().unwrap(), Some(&ids(&["m03", "roads.offences"]))).unwrap();
        assert_eq!(found.iter().map(|k| k.measure.as_str()).collect::<Vec<_>>(), ["M03", "M12"]);
        assert!(of_ids(builtin().unwrap(), Some(&ids(&["m99"]))).unwrap_err().message().contains("m99"));
    }

    #[test]
    fn the_list_has_a_hash_each() {
        let kpis = builtin().unwrap();
        let list = list(&kpis).unwrap();
        assert_eq!(list.len(), kpis.len());
        assert!(list.iter().all(|k| k.definition.len() == 12));
    }

    #[test]
    fn a_period_that_is_not_whole_is_refused() {
        let day = |text: &str| parse_date(text).unwrap();
        let period = |from: &str, to: &str| Period::new(day(from), day(to)).unwrap();
        let all = Some(Extent { first_on: day("2015-01-01"), last_on: day("2017-12-29") });
        assert!(is_whole(period("2017-10-01", "2018-01-01"), all).is_ok(), "a quiet last day or two");
        let refused = is_whole(period("2018-01-01", "2018-02-01"), all).unwrap_err();
        assert!(refused.message().contains("not complete: the data ends on 29 December 2017"), "{refused}");
        let refused = is_whole(period("2017-10-15", "2018-01-01"), all).unwrap_err();
        assert!(refused.message().contains("15 October 2017 is not the first day of a month"), "{refused}");
    }

    #[test]
    fn an_error_of_a_definition_names_file_line_and_key() {
        let mut kpi = builtin().unwrap().into_iter().find(|k| k.measure == "M03").unwrap();
        kpi.definition[0].condition = Some("colour = 1".into());
        let error = placed(&kpi, 0, measure(&kpi.definition[0], None).unwrap_err());
        let place = error.place().unwrap();
        assert!(place.starts_with("reports/kpis/m03-grade1-within-10min.toml:19: definition[0].where"), "{place}");
    }
}
