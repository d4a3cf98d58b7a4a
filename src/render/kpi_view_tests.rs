use std::collections::BTreeMap;

use super::*;
use crate::analysis::definition::{Grain, builtin};
use crate::analysis::disclosure::{Policy, release};
use crate::analysis::kpi_run::{BASELINE, Series, checks, measure};
use crate::analysis::kpi_values::{Extent, Observation, Reach, slots};
use crate::model::access::{Principal, Role};
use crate::model::provenance::Provenance;
use crate::model::time::{parse_date, parse_period_name};

/// A run of all measures of the plan with made-up values: also used by the tests of the report.
pub(in crate::render) fn sample_run(role: Role) -> Released<KpiRun> {
    let period = parse_period_name("2017-Q3").unwrap();
    let extent = Extent { first_on: parse_date("2015-01-01").unwrap(), last_on: parse_date("2017-12-31").unwrap() };
    let slots = slots(period, Grain::Month, BASELINE, Some(extent.first_on)).unwrap();
    let mut measures = Vec::new();
    let mut seen_all = Vec::new();
    for kpi in builtin().unwrap() {
        let level = kpi.target.first().map_or(10.0, |t| t.value_for(Grain::Month, kpi.unit));
        let seen: BTreeMap<String, Observation> = slots
            .iter()
            .enumerate()
            .map(|(i, slot)| (slot.name.clone(), observation(kpi.definition[0].kind, level, i)))
            .collect();
        let series = Series {
            kpi: &kpi,
            query_text: |_| "select 1",
            slots: &slots,
            seen: &seen,
            reach: Some(Reach { table: extent, all: extent }),
        };
        measures.push(measure(&series).unwrap());
        seen_all.push(seen);
    }
    let checks = checks(&measures, &seen_all, period);
    let provenance = Provenance { data_cut_off: Some("2017-12-31".into()), store_version: 7, ..Provenance::default() };
    let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
    release(KpiRun { measures, checks, period, provenance }, &Policy { threshold: 5 }, &who)
}

fn observation(kind: MeasureKind, level: f64, i: usize) -> Observation {
    let wave = 1.0 + ((i * 7 % 11) as f64 - 5.0) / 100.0 + if i == 22 { 0.4 } else { 0.0 };
    let mut seen = Observation::default();
    match kind {
        MeasureKind::Count | MeasureKind::Rate | MeasureKind::Distinct => seen.numerator = Some((level * wave).round()),
        MeasureKind::Stock | MeasureKind::TimeBetween | MeasureKind::Finance => {
            seen.value = Some((level * wave).round());
        }
        MeasureKind::Proportion | MeasureKind::Survey | MeasureKind::Milestone => {
            seen.numerator = Some(150.0);
            seen.denominator = Some(1167.0);
        }
        MeasureKind::DurationMean | MeasureKind::DurationWithin | MeasureKind::Quantile => {
            seen.numerator = Some(90.0);
            seen.denominator = Some(100.0);
            seen.total = Some(112.0);
            seen.excluded = [("cancelled", 5), ("self_raised", 4), ("no_arrival", 3), ("bad_order", 0)]
                .map(|(code, n)| (code.to_owned(), n))
                .into();
            seen.also = [("mean_min", 5.6 * wave), ("median_min", 5.1), ("p90_min", 9.2)]
                .map(|(name, v)| (name.to_owned(), v))
                .into();
        }
    }
    seen
}

#[test]
fn each_measure_has_a_finding_a_named_chart_and_a_full_table() {
    let views = measures(&sample_run(Role::Analyst)).unwrap();
    let run = sample_run(Role::Analyst);
    assert_eq!(views.len(), builtin().unwrap().len());
    let monthly = |at: usize| run.measures[at].definition.time_dim.grain == Grain::Month;
    for view in views.iter().enumerate().filter(|(at, _)| monthly(*at)).map(|(_, view)| view) {
        assert!(!view.finding.is_empty() && view.finding.starts_with("September 2017"), "{}", view.finding);
        assert!(view.chart_svg.contains("<title id=\"chart-"), "{}", view.id);
        assert!(view.chart_svg.contains("<desc id=\"chart-"), "{}", view.id);
        assert_eq!(view.table.rows.len(), 24);
        assert!(view.table.rows.iter().all(|row| row.len() == view.table.headers.len()), "{}", view.id);
        assert!(view.definition.contains("Definition 1.0.0 ("));
    }
}

#[test]
fn the_waterfall_of_response_times_is_written_out_and_closes() {
    let views = measures(&sample_run(Role::Analyst)).unwrap();
    let view = views.iter().find(|v| v.id == "m03").unwrap();
    let note = view.notes.iter().find(|n| n.contains("left out")).unwrap();
    assert!(note.starts_with("Of 336 incidents in the period, 300 are analysed; left out: 15 "), "{note}");
    assert!(view.definition.contains("under 600 seconds"));
    assert_eq!(view.target_text, "≥ 100.0% (to be confirmed)");
    let figure = views.iter().find(|v| v.id == "m06").unwrap();
    assert_eq!(figure.assurance_word, "no target: a figure of the plan");
}

#[test]
fn a_mean_and_a_share_of_the_same_clock_are_told_apart() {
    let views = measures(&sample_run(Role::Analyst)).unwrap();
    let find = |id: &str| views.iter().find(|v| v.id == id).unwrap();
    assert_eq!(find("m02").table.headers[1], "Mean (minutes)");
    assert_eq!(find("m03").table.headers[1], "Share (%)");
    assert!(find("m02").finding.contains("minutes on average to Grade 1"), "{}", find("m02").finding);
    assert_ne!(find("m02").definition, find("m03").definition);
}

#[test]
fn the_disagreement_of_the_plan_is_a_warning() {
    let warnings = warnings(&sample_run(Role::Analyst));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].text.contains("12.9%") && warnings[0].text.contains("over 20%"), "{}", warnings[0].text);
}

#[test]
fn the_public_gets_no_sensitive_measure() {
    let views = measures(&sample_run(Role::Public)).unwrap();
    assert!(views.iter().all(|v| !v.sensitive && v.id != "m14" && v.id != "m15"));
}
