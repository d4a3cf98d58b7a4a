//! The limits of a measure's series by what its file asks for: kind of chart, profile, frozen baseline, dated entries.

use crate::analysis::definition::{Definition, Grain, Kpi, MeasureKind};
use crate::analysis::kpi::{Chart, KpiRow, with_chart};
use crate::analysis::kpi_chart::Settings;
use crate::analysis::rebase::Rebase;
use crate::stats::spc::Nature;

/// Sets the limits of a series. Rows at `open` stand for periods that are not whole: they keep their value and take no part.
///
/// **Method**: [`with_chart`]: phases begin at the dated entries of the file, moved to the next period, and where another
/// definition holds than before; never by themselves.
pub(super) fn limits(rows: &mut [KpiRow], kpi: &Kpi, definition: &Definition, open: &[usize]) -> Option<Chart> {
    let set_aside: Vec<(usize, Option<f64>)> = open.iter().map(|at| (*at, rows[*at].value.take())).collect();
    let per = f64::from(definition.per.unwrap_or(if definition.kind == MeasureKind::Rate { 1000 } else { 1 }));
    let chart = with_chart(rows, kpi.direction, nature(definition.kind), per, &settings(kpi, definition, rows));
    for (at, value) in set_aside {
        rows[at].value = value;
    }
    chart
}

/// What the file asks for; it was checked when it was read. Entries before all that is shown ask for nothing here.
fn settings(kpi: &Kpi, definition: &Definition, rows: &[KpiRow]) -> Settings {
    let settings = Settings::parse(&kpi.spc.chart, &kpi.spc.profile).unwrap_or_else(|_| Settings::by_size());
    let first = rows.first().and_then(|row| crate::model::time::parse_period_name(&row.period).ok()).map(|p| p.from);
    let shown = kpi.spc.rebase.iter().filter(|entry| first.is_none_or(|first| entry.on >= first));
    Settings {
        fix_after: kpi.spc.fix_after.map(|points| points as usize),
        rebase: shown
            .map(|entry| Rebase { on: entry.on, reason: entry.reason.clone(), approved_by: entry.approved_by.clone() })
            .collect(),
        cycle: (definition.time_dim.grain == Grain::Month).then_some(12),
        ..settings
    }
}

/// What the values of a kind of measure are, for the choice of a chart.
fn nature(kind: MeasureKind) -> Nature {
    match kind {
        MeasureKind::Count => Nature::Count,
        MeasureKind::Rate => Nature::Rate,
        MeasureKind::Proportion | MeasureKind::DurationWithin => Nature::Share,
        _ => Nature::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::definition::{Rebase as Entry, builtin};
    use crate::model::time::parse_date;

    fn day(text: &str) -> chrono::NaiveDate {
        parse_date(text).unwrap()
    }

    fn kpi_with(rebase: &[&str]) -> Kpi {
        let mut kpi = builtin().unwrap().remove(0);
        kpi.spc.rebase = rebase
            .iter()
            .map(|on| Entry { on: day(on), reason: "new system".into(), approved_by: "SMB".into() })
            .collect();
        kpi
    }

    fn year(version: impl Fn(usize) -> &'static str) -> Vec<KpiRow> {
        (0..12)
            .map(|i| KpiRow {
                period: format!("2022-{:02}", i + 1),
                value: Some(if i < 6 { 10.0 } else { 100.0 } + (i % 2) as f64),
                version: version(i).into(),
                ..KpiRow::default()
            })
            .collect()
    }

    #[test]
    fn a_rebase_day_inside_a_month_moves_to_the_next_and_says_so() {
        let charted = |on: &str| {
            let kpi = kpi_with(&[on]);
            let chart = limits(&mut year(|_| "1.0.0"), &kpi, &kpi.definition[0], &[]).unwrap();
            (chart.control.phases.len(), chart.control.notes.join(" "))
        };
        let (phases, notes) = charted("2022-06-17");
        assert_eq!(phases, 2);
        assert!(notes.contains("1 July 2022") && notes.contains("next point"), "{notes}");
        let (phases, notes) = charted("2022-12-15");
        assert_eq!(phases, 1);
        assert!(notes.contains("15 December 2022"), "one that matches no period is said: {notes}");
        assert_eq!(charted("2021-03-01"), (1, String::new()));
    }

    #[test]
    fn another_definition_begins_a_phase_with_limits_of_its_own() {
        let kpi = kpi_with(&[]);
        let mut rows = year(|i| if i < 6 { "1.0.0" } else { "2.0.0" });
        let chart = limits(&mut rows, &kpi, &kpi.definition[0], &[11]).unwrap();
        assert_eq!((rows[0].mean, rows[6].mean.map(f64::floor)), (Some(10.5), Some(100.0)));
        assert_eq!((chart.points.len(), chart.limits.points, rows[11].value), (12, 5, Some(101.0)));
        assert!(chart.control.notes[0].contains("definition 2.0.0"), "{:?}", chart.control.notes);
    }
}
