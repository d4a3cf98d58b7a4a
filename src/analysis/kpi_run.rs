//! One run of the KPIs: every measure as a series with limits, what the rules say of it, one sentence, and whether the
//! figures agree with each other.

use std::collections::BTreeMap;

use crate::analysis::definition::{Check, Definition, Grain, Kpi, MeasureKind, Status, Target};
use crate::analysis::disclosure::SUPPRESSED;
use crate::analysis::kpi::{Chart, KpiRow, finding, period_words};
use crate::analysis::kpi_phase;
use crate::analysis::kpi_values::{Observation, Reach, Slot, milestones};
use crate::analysis::reconcile::{Reconciliation, ShareClaim, does_not_close, share};
use crate::model::provenance::Provenance;
use crate::model::time::{Period, date_in_words};

/// Periods that make the limits, those asked for included.
pub const BASELINE: usize = 24;

/// What a run of the KPIs answers.
#[derive(Debug, Clone)]
pub struct KpiRun {
    /// The measures, in the order of the plan.
    pub measures: Vec<MeasureRun>,
    /// Figures set against each other; those that disagree are warnings.
    pub checks: Vec<Reconciliation>,
    /// The period asked for.
    pub period: Period,
    /// Where it came from.
    pub provenance: Provenance,
}

/// One measure of a run.
#[derive(Debug, Clone)]
pub struct MeasureRun {
    /// The measure.
    pub kpi: Kpi,
    /// The definition in force at the end of the period.
    pub definition: Definition,
    /// Its hash.
    pub hash: String,
    /// The target in force at the end of the period.
    pub target: Option<Target>,
    /// The series, baseline first.
    pub rows: Vec<KpiRow>,
    /// Index of the first row that was asked for.
    pub asked_from: usize,
    /// Limits and what the rules say; `None` for a short series.
    pub chart: Option<Chart>,
    /// Other figures, one map a row: `total`, `median_min`, `p90_min`.
    pub also: Vec<BTreeMap<String, f64>>,
    /// One sentence on the last value asked for.
    pub finding: String,
    /// The part of the whole that it is of; `None` is everything.
    pub part: Option<Part>,
    /// What a reader must know of this series: where limits begin anew, what is not whole.
    pub notes: Vec<String>,
}

/// One part of a measure that is broken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `parish`, `vingtaine`, `beat`, `daypart` or `grade`.
    pub by: String,
    /// Which: `unknown` for records that do not say.
    pub name: String,
}

impl Part {
    /// In words: `St. Helier`, `night`, `grade 1`, `parish not stated`.
    pub fn words(&self) -> String {
        match (self.by.as_str(), self.name.as_str()) {
            (by, "unknown") => format!("{by} not stated"),
            ("grade", grade) => format!("grade {grade}"),
            (_, name) => name.to_owned(),
        }
    }

    /// Puts the part into the columns of a row. A grade that is not stated stands as an area, since a row without area,
    /// daypart and grade is the whole.
    fn mark(&self, row: &mut KpiRow) {
        match (self.by.as_str(), self.name.parse::<u8>()) {
            ("daypart", _) => row.daypart = Some(self.name.clone()),
            ("grade", Ok(grade)) => row.grade = Some(grade),
            ("grade", Err(_)) => row.area = Some(self.words()),
            _ => row.area = Some(self.name.clone()),
        }
    }
}

impl KpiRun {
    /// The rows asked for, measure after measure: what `kpi run` prints.
    pub fn rows(&self) -> impl Iterator<Item = &KpiRow> {
        self.measures.iter().flat_map(MeasureRun::asked)
    }

    /// Figures that do not agree.
    pub fn warnings(&self) -> impl Iterator<Item = &Reconciliation> {
        self.checks.iter().filter(|check| !check.agrees)
    }
}

impl MeasureRun {
    /// The rows asked for.
    pub fn asked(&self) -> &[KpiRow] {
        self.rows.get(self.asked_from..).unwrap_or_default()
    }

    /// The last row with a value, or else the last: of those asked for.
    pub fn latest(&self) -> Option<&KpiRow> {
        self.asked().iter().rev().find(|row| row.value.is_some()).or_else(|| self.asked().last())
    }

    fn say(&mut self) {
        let unit = self.kpi.unit;
        let Some(latest) = self.latest() else { return };
        let mut text = finding(latest, &self.kpi.noun, unit);
        // A quarter is more than its last month: say which of its other periods stood out.
        let is_outside = |row: &&KpiRow| match (row.value, row.lpl, row.upl) {
            (Some(value), Some(low), Some(high)) => value < low || value > high,
            _ => false,
        };
        let others = self.asked().iter().filter(|row| row.period != latest.period);
        let outside: Vec<String> = others.filter(is_outside).map(|row| period_words(&row.period)).collect();
        match outside.len() {
            0 => {}
            1..=3 => text.push_str(&format!("; outside the usual range before that: {}", outside.join(", "))),
            many => text.push_str(&format!("; outside the usual range in {many} periods before that")),
        }
        if let Some(part) = &self.part {
            text = format!("{}, {text}", part.words());
        }
        self.finding = text;
    }
}

/// What is needed to make a series out of what the queries counted.
#[derive(Debug)]
pub struct Series<'a> {
    /// The measure.
    pub kpi: &'a Kpi,
    /// Text of the query of a kind, for the hash.
    pub query_text: fn(MeasureKind) -> &'static str,
    /// Its periods.
    pub slots: &'a [Slot],
    /// What the query counted.
    pub seen: &'a BTreeMap<String, Observation>,
    /// How far its table reaches; `None` if nothing is loaded.
    pub reach: Option<Reach>,
}

/// Makes the series of one measure.
///
/// **Method** one row a period, by the definition that holds on its first day; a period without records is 0 for counts and
/// undefined for the rest; limits by [`with_chart`](crate::analysis::kpi::with_chart) over the whole baseline, anew where the definition changes or
/// the file says so.
/// **Undefined** a period that the data does not reach the end of, one before it begins, a share of nothing.
pub fn measure(series: &Series<'_>) -> Option<MeasureRun> {
    measure_part(series, None, false)
}

/// The series of one part of a measure, or of all of it; `partial` gives values of periods that are not whole too, which
/// take no part in limits.
///
/// **Method** and **Undefined** as of [`measure`].
pub fn measure_part(series: &Series<'_>, part: Option<&Part>, partial: bool) -> Option<MeasureRun> {
    let kpi = series.kpi;
    let last_day = series.slots.last()?.dates.from;
    let definition = kpi.definition_on(last_day).or_else(|| kpi.definition.last())?.clone();
    let grain = definition.time_dim.grain;
    let mut rows: Vec<KpiRow> = Vec::with_capacity(series.slots.len());
    let mut also = Vec::with_capacity(series.slots.len());
    let mut open = Vec::new();
    for slot in series.slots {
        let used = kpi.definition_on(slot.dates.from);
        let mut row = empty_row(kpi, used.unwrap_or(&definition), series.query_text, slot);
        if let Some(part) = part {
            part.mark(&mut row);
        }
        row.target = kpi.target_on(slot.dates.from).map(|t| t.value_for(grain, kpi.unit));
        let mut extra = BTreeMap::new();
        match used {
            None => row.undefined_reason = Some("the measure had ended".to_owned()),
            Some(used) => {
                let reason = missing(series, used, slot);
                let is_open = partial && reason.is_some() && series.reach.is_some();
                if reason.is_none() || is_open {
                    extra = fill(&mut row, used, series.seen.get(&slot.name), slot, part);
                }
                if is_open && row.value.is_some() {
                    open.push(rows.len());
                } else {
                    row.undefined_reason = reason.or_else(|| row.value.is_none().then(|| nothing(used)));
                }
            }
        }
        also.push(extra);
        rows.push(row);
    }
    let chart = kpi_phase::limits(&mut rows, kpi, &definition, &open);
    let mut notes = chart.as_ref().map(|chart| chart.control.notes.clone()).unwrap_or_default();
    notes.extend(open.iter().map(|at| format!("{} is not whole yet", period_words(&rows[*at].period))));
    let target = kpi.target_on(last_day).cloned();
    if target.as_ref().is_some_and(|t| t.status == Status::PlanFigure) {
        for row in &mut rows {
            row.assurance = None; // what is usual is neither met nor missed
        }
    }
    let asked_from = series.slots.iter().position(|s| s.asked).unwrap_or(0);
    let hash = definition.hash((series.query_text)(definition.kind));
    let mut run = MeasureRun {
        kpi: kpi.clone(),
        definition,
        hash,
        target,
        rows,
        asked_from,
        chart,
        also,
        finding: String::new(),
        part: part.cloned(),
        notes,
    };
    run.say();
    Some(run)
}

/// Puts what was counted into a row; returns the other figures.
fn fill(
    row: &mut KpiRow,
    used: &Definition,
    seen: Option<&Observation>,
    slot: &Slot,
    part: Option<&Part>,
) -> BTreeMap<String, f64> {
    let seen = match seen {
        None if used.kind == MeasureKind::Milestone => milestones(used, &slot.dates),
        seen => seen.cloned().unwrap_or_default(),
    };
    row.value = seen.value_of(used.kind);
    row.numerator = seen.numerator;
    row.denominator = seen.denominator;
    if used.kind == MeasureKind::Rate {
        let area = part.filter(|part| part.by == "parish").map(|part| part.name.as_str());
        let people = used.people_on(slot.dates.from, area);
        row.numerator = Some(seen.numerator.unwrap_or(0.0));
        row.denominator = people;
        row.value = people
            .filter(|n| *n > 0.0)
            .map(|n| seen.numerator.unwrap_or(0.0) / n * f64::from(used.per.unwrap_or(1000)));
    }
    if used.kind == MeasureKind::DurationMean || used.kind == MeasureKind::Quantile {
        row.numerator = None; // the count in time belongs to the share, not to the mean
    }
    if row.value.is_some() && seen.numerator.is_none() && used.kind == MeasureKind::Count {
        row.numerator = Some(0.0);
    }
    let mut extra = seen.also;
    extra.extend(seen.total.map(|total| ("total".to_owned(), total)));
    row.excluded = seen.excluded;
    extra
}

fn empty_row(kpi: &Kpi, used: &Definition, query_text: fn(MeasureKind) -> &'static str, slot: &Slot) -> KpiRow {
    KpiRow {
        id: kpi.id.clone(),
        measure: kpi.measure.clone(),
        period: slot.name.clone(),
        grade: used.grade(),
        definition: used.hash(query_text(used.kind)),
        version: used.version.clone(),
        ..KpiRow::default()
    }
}

/// Why there is no value although the data reaches over the period.
fn nothing(used: &Definition) -> String {
    match used.kind {
        MeasureKind::Rate => "no figure of residents for this date or area",
        MeasureKind::Milestone => "no milestone is due yet",
        _ => "nothing to measure",
    }
    .to_owned()
}

/// Why a period has no value, as far as the data's reach goes. Readings of a stock, waves of a survey, money and milestones
/// are there or not: they decide themselves.
fn missing(series: &Series<'_>, used: &Definition, slot: &Slot) -> Option<String> {
    if used.kind == MeasureKind::Milestone {
        return None;
    }
    let Some(reach) = series.reach else {
        return Some(format!("no {} are loaded", used.source));
    };
    if matches!(used.kind, MeasureKind::Stock | MeasureKind::Survey | MeasureKind::Finance) {
        return None;
    }
    if !reach.holds_start(&slot.dates) {
        return Some(format!("not complete: the data begins on {}", date_in_words(reach.table.first_on)));
    }
    if !reach.holds_end(&slot.dates) {
        return Some(format!("not complete: the data ends on {}", date_in_words(reach.table.last_on)));
    }
    None
}

/// Sets the figures of a run against each other.
pub fn checks(measures: &[MeasureRun], seen: &[BTreeMap<String, Observation>], period: Period) -> Vec<Reconciliation> {
    let mut out = share_checks(measures, period);
    for (measure, seen) in measures.iter().zip(seen) {
        let open: Vec<String> =
            seen.iter().filter(|(_, observation)| !observation.closes()).map(|(name, _)| name.clone()).collect();
        if !open.is_empty() {
            out.push(does_not_close(&measure.kpi.id, &measure.kpi.title, &open));
        }
    }
    out
}

fn share_checks(measures: &[MeasureRun], period: Period) -> Vec<Reconciliation> {
    let find = |name: &str| measures.iter().find(|m| m.kpi.measure == name && m.part.is_none());
    let words = period.in_words();
    let mut out = Vec::new();
    for measure in measures.iter().filter(|m| m.part.is_none()) {
        for check in &measure.kpi.check {
            let Check::ReconcileShare { part, whole } = check else { continue };
            let (Some(claim), Some(part), Some(whole)) = (&measure.target, find(part), find(whole)) else { continue };
            let a_year = |m: &MeasureRun| m.target.as_ref().map(|t| year_figure(t, m.definition.time_dim.grain));
            let (Some(part_a_year), Some(whole_a_year)) = (a_year(part), a_year(whole)) else { continue };
            out.extend(share(&ShareClaim {
                part: (&part.kpi.measure, &part.kpi.noun),
                whole: (&whole.kpi.measure, &whole.kpi.noun),
                part_a_year,
                whole_a_year,
                claim: (&claim.op, claim.value, &claim.as_written),
                counted: counted(part, whole),
                period: &words,
            }));
        }
    }
    out
}

fn year_figure(target: &Target, grain: Grain) -> f64 {
    target.value * 12.0 / f64::from(target.per.unwrap_or(grain).months())
}

/// Part and whole over the periods where both are known.
fn counted(part: &MeasureRun, whole: &MeasureRun) -> Option<(f64, f64)> {
    let pairs = part.asked().iter().zip(whole.asked()).filter_map(|(p, w)| p.value.zip(w.value));
    pairs.fold(None, |sum: Option<(f64, f64)>, (p, w)| {
        let (a, b) = sum.unwrap_or((0.0, 0.0));
        Some((a + p, b + w))
    })
}

impl KpiRun {
    /// Makes again, from rows with hidden numbers, what was made from the rows before: charts of series with a hidden
    /// number (or of all, if `all`) go, findings and checks are said anew.
    pub(super) fn say_again(&mut self, all: bool) {
        for measure in &mut self.measures {
            if all || measure.rows.iter().any(|row| row.undefined_reason.as_deref() == Some(SUPPRESSED)) {
                measure.chart = None;
            }
            measure.say();
        }
        let kept: Vec<Reconciliation> =
            self.checks.iter().filter(|check| check.plan_share.is_none()).cloned().collect();
        self.checks = share_checks(&self.measures, self.period);
        self.checks.extend(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::definition::builtin;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::kpi_values::{Extent, slots};
    use crate::model::access::{Principal, Role};
    use crate::model::time::{parse_date, parse_period_name};

    fn held() -> Extent {
        Extent { first_on: parse_date("2015-01-01").unwrap(), last_on: parse_date("2017-12-31").unwrap() }
    }

    fn run_of(name: &str, value: impl Fn(usize) -> Option<Observation>, data_to: &str) -> MeasureRun {
        let kpi = builtin().unwrap().into_iter().find(|k| k.measure == name).unwrap();
        let slots = slots(parse_period_name("2017").unwrap(), Grain::Month, BASELINE, Some(held().first_on)).unwrap();
        let seen: BTreeMap<String, Observation> =
            slots.iter().enumerate().filter_map(|(i, s)| Some((s.name.clone(), value(i)?))).collect();
        measure(&Series {
            kpi: &kpi,
            query_text: |_| "select",
            slots: &slots,
            seen: &seen,
            reach: Some({
                let table = Extent { last_on: parse_date(data_to).unwrap(), ..held() };
                Reach { table, all: table }
            }),
        })
        .unwrap()
    }

    fn count(n: f64) -> Option<Observation> {
        Some(Observation { numerator: Some(n), ..Observation::default() })
    }

    fn run(measures: Vec<MeasureRun>) -> KpiRun {
        let period = parse_period_name("2017").unwrap();
        let nothing = vec![BTreeMap::new(); measures.len()];
        let checks = checks(&measures, &nothing, period);
        KpiRun { measures, checks, period, provenance: Provenance::default() }
    }

    fn reader(role: Role) -> Principal {
        Principal { name: "reader".into(), roles: vec![role], via: "test", purpose: None }
    }

    #[test]
    fn a_month_without_records_counts_nought_and_one_not_over_is_undefined() {
        let run = run_of("M06", |i| if i == 14 { None } else { count(150.0 + (i % 5) as f64) }, "2017-11-20");
        assert_eq!((run.rows.len(), run.asked().len()), (24, 12));
        assert_eq!(run.asked()[2].value, Some(0.0), "March 2017 has no record");
        let november = &run.asked()[10];
        assert_eq!(november.value, None);
        assert_eq!(november.undefined_reason.as_deref(), Some("not complete: the data ends on 20 November 2017"));
        assert_eq!(run.latest().unwrap().period, "2017-10");
        assert!(run.finding.starts_with("October 2017: 15"), "{}", run.finding);
        assert_eq!(run.rows[0].target, None, "the plan begins in 2017");
        assert_eq!(run.asked()[0].target, Some(150.0));
        assert_eq!(run.asked()[0].assurance, None, "a plan figure is neither met nor missed");
    }

    #[test]
    fn a_step_change_is_a_concern() {
        let run = run_of(
            "M06",
            |i| count(if i < 17 { 150.0 + (i % 3) as f64 } else { 190.0 + (i % 3) as f64 }),
            "2017-12-31",
        );
        let last = run.latest().unwrap();
        assert_eq!(last.variation.map(crate::stats::spc::Variation::name), Some("concern_high"));
        assert!(
            run.finding.ends_with("a concern; outside the usual range in 11 periods before that"),
            "{}",
            run.finding
        );
    }

    #[test]
    fn the_plan_and_the_records_are_set_against_each_other() {
        let part = run_of("M06", |_| count(150.0), "2017-12-31");
        let whole = run_of("M01", |_| count(1167.0), "2017-12-31");
        let claim = run_of(
            "M17",
            |_| Some(Observation { numerator: Some(150.0), denominator: Some(1167.0), ..Observation::default() }),
            "2017-12-31",
        );
        let all = run(vec![part, whole, claim]);
        let warning = all.warnings().next().unwrap();
        assert!((warning.plan_share.unwrap() - 1800.0 / 14_000.0).abs() < 1e-12);
        assert!(warning.text.contains("12.9%") && warning.text.contains("over 20%"), "{}", warning.text);
    }

    #[test]
    fn the_public_sees_no_small_month_and_no_sensitive_measure() {
        let small = run_of("M08", |i| count(if i == 20 { 3.0 } else { 43.0 + (i % 4) as f64 }), "2017-12-31");
        let sensitive = run_of("M15", |_| count(22.0), "2017-12-31");
        let all = run(vec![small, sensitive]);
        let policy = Policy { threshold: 5 };
        let analyst = release(all.clone(), &policy, &reader(Role::Analyst));
        assert_eq!(analyst.measures.len(), 2);
        let public = release(all, &policy, &reader(Role::Public));
        assert_eq!(public.measures.len(), 1);
        let measure = &public.measures[0];
        assert!(measure.chart.is_none() && measure.rows[20].value.is_none());
        assert!(measure.rows.iter().all(|row| row.upl.is_none()));
    }

    #[test]
    fn under_and_within_are_different_definitions_with_different_hashes() {
        let kpi = builtin().unwrap().into_iter().find(|k| k.measure == "M03").unwrap();
        let under = kpi.definition[0].clone();
        let mut within = under.clone();
        if let Some(threshold) = &mut within.threshold {
            threshold.op = "<=".into();
        }
        assert_ne!(under.hash("q"), within.hash("q"));
    }
}
