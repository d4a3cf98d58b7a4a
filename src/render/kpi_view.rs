//! A measure as readers see it: finding, chart, table and notes, for the KPI page and for the report alike.

use serde::Serialize;

use crate::analysis::definition::{Clock, Definition, Kpi, MeasureKind, Sensitivity, Status};
use crate::analysis::disclosure::{Released, SUPPRESSED};
use crate::analysis::kpi::{KpiRow, Unit, period_words};
use crate::analysis::kpi_chart::{KpiChart, Season};
use crate::analysis::kpi_run::{KpiRun, MeasureRun};
use crate::analysis::owner::Owners;
use crate::error::Result;
use crate::model::time::date_in_words;
use crate::model::words::thousands;
use crate::render::chart::spark;
use crate::render::chart::steps::Step;
use crate::render::chart::xmr::{self, Point, Signal};
use crate::render::format;
use crate::render::svg::{Words, id_of};
use crate::stats::spc::{Kind, Rule, Side, label};

/// One measure, ready for a template.
#[derive(Debug, Clone, Serialize)]
pub struct KpiView {
    /// Id on the page: `m03`.
    pub id: String,
    /// Number in the plan: `M03`.
    pub measure: String,
    /// Name of the definition: `response.grade1.within_10min`.
    pub name: String,
    /// Heading.
    pub title: String,
    /// One sentence.
    pub finding: String,
    /// Code of the last point's variation; empty if it cannot be said.
    pub variation: String,
    /// The same in words.
    pub variation_word: String,
    /// Code of the assurance: `consistent_pass`, `consistent_fail`, `inconsistent`; empty if it cannot be said.
    pub assurance: String,
    /// The series at the size of a word.
    pub spark_svg: String,
    /// Definitions and targets over time, oldest first, a line each.
    pub history: Vec<String>,
    /// Whether the target is met, in words.
    pub assurance_word: String,
    /// Unit to write after a value; empty for counts and shares.
    pub unit: String,
    /// Last value.
    pub latest_value: String,
    /// Its period.
    pub latest_period: String,
    /// Target or plan figure; empty without one.
    pub target_text: String,
    /// References of the plan.
    pub plan_refs: Vec<String>,
    /// What is counted, in one paragraph.
    pub definition: String,
    /// The chart, if there is a value to draw.
    pub chart_svg: String,
    /// What the chart shows, in words.
    pub chart_words: String,
    /// The series.
    pub table: TableView,
    /// Target, exclusions, chart profile, owner.
    pub notes: Vec<String>,
    /// Marking.
    pub sensitive: bool,
}

/// A table of strings.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct TableView {
    /// Names with units.
    pub headers: Vec<String>,
    /// First column names the row.
    pub rows: Vec<Vec<String>>,
}

/// A warning above the measures.
#[derive(Debug, Clone, Serialize)]
pub struct WarningView {
    /// One line.
    pub title: String,
    /// The figures.
    pub text: String,
}

/// Every measure of a run.
///
/// # Errors
/// `Bug` if a chart cannot be drawn.
pub fn measures(run: &Released<KpiRun>) -> Result<Vec<KpiView>> {
    let owners = Owners::builtin()?;
    let cut_off = run.provenance.data_cut_off.as_deref();
    run.measures.iter().map(|measure| view(measure, &owners, cut_off)).collect()
}

/// The warnings of a run.
pub fn warnings(run: &Released<KpiRun>) -> Vec<WarningView> {
    run.warnings().map(|w| WarningView { title: w.title.clone(), text: w.text.clone() }).collect()
}

fn view(measure: &MeasureRun, owners: &Owners, cut_off: Option<&str>) -> Result<KpiView> {
    let kpi = &measure.kpi;
    let unit = kpi.unit;
    let latest = measure.latest();
    let variation = latest.and_then(|row| row.variation);
    let value = latest.map_or_else(|| format::UNAVAILABLE.to_owned(), |row| shown(row, row.value, unit));
    Ok(KpiView {
        id: id_of(&kpi.measure),
        measure: kpi.measure.clone(),
        name: kpi.id.clone(),
        title: kpi.title.clone(),
        finding: measure.finding.clone(),
        variation: variation.map_or_else(String::new, |v| v.name().to_owned()),
        variation_word: variation.map_or("too few periods to say", |v| v.words()).to_owned(),
        assurance: latest.and_then(|row| row.assurance).map_or_else(String::new, |a| a.name().to_owned()),
        spark_svg: spark(measure),
        history: history(kpi),
        assurance_word: assurance_words(measure, latest),
        unit: if unit == Unit::Minutes { "minutes".to_owned() } else { String::new() },
        latest_value: value,
        latest_period: latest.map_or_else(String::new, |row| period_words(&row.period)),
        target_text: target_text(measure),
        plan_refs: kpi.plan_refs.clone(),
        definition: definition_text(&measure.definition, &measure.hash),
        chart_svg: chart(measure)?,
        chart_words: chart_words(measure),
        table: table(measure),
        notes: notes(measure, owners, cut_off),
        sensitive: kpi.sensitivity == Sensitivity::OfficialSensitive,
    })
}

fn assurance_words(measure: &MeasureRun, latest: Option<&KpiRow>) -> String {
    if let Some(assurance) = latest.and_then(|row| row.assurance) {
        return assurance.words().to_owned();
    }
    match &measure.target {
        Some(target) if target.status == Status::PlanFigure => "no target: a figure of the plan",
        Some(_) => "too few periods to say",
        None => "no target",
    }
    .to_owned()
}

/// The series small, with the limits of its last point.
fn spark(measure: &MeasureRun) -> String {
    let values: Vec<Option<f64>> = measure.rows.iter().map(|row| row.value).collect();
    let limits = measure.latest().and_then(|row| row.lpl.map(|low| low.max(0.0)).zip(row.upl));
    spark::draw(&values, limits)
}

/// What the measure meant and aimed at, and since when.
fn history(kpi: &Kpi) -> Vec<String> {
    let definitions = kpi.definition.iter().map(|d| {
        (d.valid_from, format!("From {}: definition {} ({}).", date_in_words(d.valid_from), d.version, d.reason))
    });
    let targets = kpi.target.iter().map(|t| {
        (
            t.valid_from,
            format!(
                "From {}: {}, {} ({}).",
                date_in_words(t.valid_from),
                t.status.word().to_lowercase(),
                t.as_written,
                t.set_by
            ),
        )
    });
    let mut lines: Vec<_> = definitions.chain(targets).collect();
    lines.sort_by_key(|(on, _)| *on);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn shown(row: &KpiRow, value: Option<f64>, unit: Unit) -> String {
    let missing =
        if row.undefined_reason.as_deref() == Some(SUPPRESSED) { format::SUPPRESSED } else { format::UNAVAILABLE };
    format::value_or(value, unit, missing)
}

/// `≤ 150`, `≥ 95.0%`, `about 105`.
fn relation(op: &str, value: f64, unit: Unit) -> String {
    let text = unit.text(value);
    match op {
        "<" => format!("under {text}"),
        "<=" => format!("≤ {text}"),
        ">=" => format!("≥ {text}"),
        ">" => format!("over {text}"),
        _ => format!("about {text}"),
    }
}

fn target_text(measure: &MeasureRun) -> String {
    let Some(target) = &measure.target else { return String::new() };
    let value = target.value_for(measure.definition.time_dim.grain, measure.kpi.unit);
    let relation = relation(&target.op, value, measure.kpi.unit);
    match target.status {
        Status::Agreed => relation,
        Status::ToBeConfirmed => format!("{relation} (to be confirmed)"),
        Status::PlanFigure => format!("{relation} (plan figure)"),
    }
}

fn definition_text(definition: &Definition, hash: &str) -> String {
    let mut text = definition.population.clone();
    if let Some(clock) = &definition.clock {
        text.push_str(&format!(". Clock: {}", clock_words(clock)));
    }
    if let (Some(threshold), MeasureKind::DurationWithin) = (&definition.threshold, definition.kind) {
        let word = if threshold.op == "<" { "under" } else { "at most" };
        text.push_str(&format!("; in time is {word} {} seconds", thousands(threshold.seconds)));
    }
    if definition.time_dim.field == "reported_at" {
        text.push_str(". Counted on the island date of the report");
    }
    text.push_str(&format!(". Definition {} ({hash}).", definition.version));
    text
}

fn clock_words(clock: &Clock) -> String {
    let words = |column: &str| match column {
        "call_answered_at" => "the call is answered".to_owned(),
        "dispatched_at" => "a unit is dispatched".to_owned(),
        "reported_at" => "it is reported".to_owned(),
        "first_arrived_at" => "the first unit arrives".to_owned(),
        "closed_at" => "it is closed".to_owned(),
        other => format!("{} is recorded", other.trim_end_matches("_at").replace('_', " ")),
    };
    format!("from when {} to when {}", words(&clock.start), words(&clock.stop))
}

fn chart(measure: &MeasureRun) -> Result<String> {
    if measure.rows.iter().all(|row| row.value.is_none()) {
        return Ok(String::new());
    }
    let unit = measure.kpi.unit;
    let points: Vec<Point> = measure
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| Point { period: row.period.clone(), value: row.value, signal: signal(measure, at, row) })
        .collect();
    let limits = measure.chart.as_ref().map(|c| &c.limits);
    let description = chart_words(measure);
    let steps: Vec<Option<Step>> =
        measure.rows.iter().map(|row| Some(Step { low: row.lpl?, centre: row.mean?, high: row.upl? })).collect();
    let grain = measure.definition.time_dim.grain;
    let target = measure.target.as_ref().map(|t| (t.value_for(grain, unit), short_word(t.status)));
    xmr::draw(&xmr::Chart {
        words: Words { id: format!("chart-{}", measure.kpi.measure), title: measure.finding.clone(), description },
        points: &points,
        unit,
        direction: measure.kpi.direction,
        mean: limits.map(|l| l.mean),
        limits: limits.map(|l| (l.lpl, l.upl)),
        steps: &steps,
        trial: limits.is_some_and(|l| l.trial),
        target,
    })
}

/// The chart in words, for those who do not see it.
fn chart_words(measure: &MeasureRun) -> String {
    let unit = measure.kpi.unit;
    let limits = measure.chart.as_ref().map(|c| &c.limits);
    let count = measure.rows.iter().enumerate().filter(|(at, row)| signal(measure, *at, row).is_some()).count();
    format!(
        "{} of {} by {}, {} periods.{} {} of them show a special cause. {}.",
        control(measure).map_or("Chart", |control| control.kind.words()),
        measure.kpi.title,
        measure.definition.time_dim.grain.name(),
        measure.rows.len(),
        limits.map_or_else(String::new, |l| format!(
            " Mean {}, limits {}.",
            unit.text(l.mean),
            unit.range_text(l.lpl, l.upl)
        )),
        count,
        measure.finding
    )
}

/// The chart of a measure, if it has limits.
fn control(measure: &MeasureRun) -> Option<&KpiChart> {
    measure.chart.as_ref().map(|chart| &chart.control)
}

fn short_word(status: Status) -> &'static str {
    match status {
        Status::Agreed | Status::ToBeConfirmed => "Target",
        Status::PlanFigure => "Plan figure",
    }
}

/// The special cause of a row: only where the series is long enough to say so.
fn signal(measure: &MeasureRun, at: usize, row: &KpiRow) -> Option<Signal> {
    row.variation?;
    let control = control(measure)?;
    let (rule, side) = label(control.points.get(at)?, measure.kpi.direction, &control.profile)?;
    Some(Signal { up: side == Side::High, rule: rule.words() })
}

/// Every rule that fired at a row, in words.
pub(super) fn rules(measure: &MeasureRun, at: usize, row: &KpiRow) -> String {
    if row.variation.is_none() {
        return String::new();
    }
    let point = measure.chart.as_ref().and_then(|chart| chart.points.get(at));
    let rules: Vec<String> = point
        .into_iter()
        .flat_map(|point| point.flags.rules())
        .map(|(rule, side)| {
            let way = match (rule, side) {
                (Rule::Trend, Side::High) => "rising",
                (Rule::Trend, Side::Low) => "falling",
                (_, Side::High) => "high",
                (_, Side::Low) => "low",
            };
            format!("{} ({way})", rule.words())
        })
        .collect();
    if rules.is_empty() { "usual variation".to_owned() } else { rules.join("; ") }
}

fn table(measure: &MeasureRun) -> TableView {
    let unit = measure.kpi.unit;
    let kind = measure.definition.kind;
    let has_parts = kind.is_share();
    let is_duration = kind.is_duration();
    let mut headers = vec!["Period".to_owned(), value_header(measure)];
    if has_parts {
        headers.extend(["Of them".to_owned(), "Out of".to_owned()]);
    }
    if is_duration {
        headers.extend(["Median (minutes)", "90th percentile (minutes)", "Left out"].map(str::to_owned));
    }
    let adjusted = match control(measure).and_then(|control| control.season.as_ref()) {
        Some(Season::Found(found)) => Some(&found.adjusted),
        _ => None,
    };
    if adjusted.is_some() {
        headers.push("Without its season".to_owned());
    }
    headers.extend(["Lower limit", "Upper limit", "What the chart says"].map(str::to_owned));
    let rows = measure
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let mut cells = vec![period_words(&row.period), shown(row, row.value, unit)];
            if has_parts {
                cells.push(shown(row, row.numerator, Unit::Count));
                cells.push(shown(row, row.denominator, Unit::Count));
            }
            if is_duration {
                let also = |name: &str| measure.also.get(at).and_then(|m| m.get(name)).copied();
                let whole = row.value.is_some();
                cells.push(shown(row, also("median_min").filter(|_| whole), Unit::Minutes));
                cells.push(shown(row, also("p90_min").filter(|_| whole), Unit::Minutes));
                let left_out: u64 = row.excluded.values().sum();
                cells.push(if hides_reasons(measure, row) {
                    format::SUPPRESSED.to_owned()
                } else {
                    shown(row, whole.then_some(left_out as f64), Unit::Count)
                });
            }
            if let Some(adjusted) = adjusted {
                cells.push(shown(row, adjusted.get(at).copied(), unit));
            }
            cells.push(row.lpl.map_or_else(|| "-".to_owned(), |v| format::value(v.max(0.0), unit)));
            cells.push(row.upl.map_or_else(|| "-".to_owned(), |v| format::value(v, unit)));
            cells.push(match &row.undefined_reason {
                Some(reason) => reason.clone(),
                None => rules(measure, at, row),
            });
            cells
        })
        .collect();
    TableView { headers, rows }
}

/// Name of the value's column in a table whose columns have their units beside them.
pub(super) fn value_name(measure: &MeasureRun) -> &'static str {
    match (measure.kpi.unit, measure.definition.kind) {
        (Unit::Percent, _) => "Share",
        (Unit::Minutes, _) => "Mean",
        (_, MeasureKind::Stock) => "Level",
        _ => "Value",
    }
}

fn value_header(measure: &MeasureRun) -> String {
    match (measure.kpi.unit, measure.definition.kind) {
        (Unit::Percent, _) => "Share (%)",
        (Unit::Minutes, MeasureKind::Quantile) => "Quantile (minutes)",
        (Unit::Minutes, _) => "Mean (minutes)",
        (Unit::Pounds, _) => "Amount (£)",
        (_, MeasureKind::Stock) => "Level (number)",
        (_, MeasureKind::Rate) => "Rate per residents",
        (_, MeasureKind::TimeBetween) => "Mean gap (days)",
        _ => "Number",
    }
    .to_owned()
}

fn notes(measure: &MeasureRun, owners: &Owners, cut_off: Option<&str>) -> Vec<String> {
    let mut out = Vec::new();
    out.extend(measure.definition.note.clone());
    out.extend(measure.notes.iter().map(|note| sentence(note)));
    if let Some(target) = &measure.target {
        out.push(format!("{}: {}. Set by {}.", target.status.word(), target.as_written, target.set_by));
    }
    out.extend(waterfall(measure));
    match control(measure) {
        Some(control) => {
            let cut = if control.kind == Kind::Xmr { ", drawn from 0 where they fall below" } else { "" };
            out.push(format!("Chart: {}{cut}.", control.words()));
            out.extend(control.season.as_ref().map(Season::words));
        }
        None => out.push("Chart: too few values for limits.".to_owned()),
    }
    out.extend(measure.notes.iter().map(|note| sentence(note)));
    let owner = owners.name(&measure.kpi.owner).unwrap_or(&measure.kpi.owner);
    let cut_off = cut_off.map_or_else(String::new, |on| format!(" Data to {}.", format::iso_date(on)));
    out.push(format!("Owner: {owner}.{cut_off}"));
    out
}

/// A note with a capital and a full stop.
fn sentence(note: &str) -> String {
    let mut letters = note.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// Whether what a row leaves out was hidden: a row of a measure with exclusions names each of them, noughts too.
pub(super) fn hides_reasons(measure: &MeasureRun, row: &KpiRow) -> bool {
    !measure.definition.exclude.is_empty() && row.value.is_some() && row.excluded.is_empty()
}

/// How many records of the period asked for were analysed and how many left out, by reason: the sum closes.
fn waterfall(measure: &MeasureRun) -> Option<String> {
    if measure.definition.exclude.is_empty() {
        return None;
    }
    let rows = measure.asked();
    // Of a part of the rows it would say something else than it seems to.
    if rows.iter().any(|row| row.undefined_reason.as_deref() == Some(SUPPRESSED) || hides_reasons(measure, row)) {
        return None;
    }
    let analysed: f64 = rows.iter().filter_map(|row| row.denominator).sum();
    let mut total = analysed;
    let mut parts = Vec::new();
    for exclusion in &measure.definition.exclude {
        let count: u64 = rows.iter().filter_map(|row| row.excluded.get(&exclusion.code)).sum();
        total += count as f64;
        parts.push(format!("{} {}", format::count_or(Some(count), format::UNAVAILABLE), exclusion.words));
    }
    if total <= 0.0 {
        return None;
    }
    Some(format!(
        "Of {} {} in the period, {} are analysed; left out: {}.",
        format::decimal(total, 0),
        measure.definition.source,
        format::decimal(analysed, 0),
        parts.join(", ")
    ))
}

#[cfg(test)]
#[path = "kpi_view_tests.rs"]
pub(in crate::render) mod tests;
