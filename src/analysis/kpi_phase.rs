//! Where the limits of a series begin anew: at a day that the file names with a reason and an approval, and where the
//! definition changes. Never by itself.

use crate::analysis::definition::Kpi;
use crate::analysis::kpi::{Chart, KpiRow, with_limits};
use crate::analysis::kpi_values::Slot;
use crate::model::time::date_in_words;
use crate::stats::spc::NHSR_02;

/// First rows of the phases of a series, the first of all included, and what is to be said of them.
///
/// **Method**: a rebase day that is the first of a period begins a phase there; any other is moved to the next period, and
/// that is said; one after the last period begins none yet, and that is said too. A period that another definition holds
/// for than for the one before begins a phase.
pub fn phases(kpi: &Kpi, slots: &[Slot]) -> (Vec<usize>, Vec<String>) {
    let mut starts = vec![0];
    let mut notes = Vec::new();
    for (at, pair) in slots.windows(2).enumerate() {
        let version = |slot: &Slot| kpi.definition_on(slot.dates.from).map(|d| d.version.as_str());
        let (before, after) = (version(&pair[0]), version(&pair[1]));
        if before != after
            && let Some(after) = after
        {
            starts.push(at + 1);
            notes.push(format!(
                "the limits begin anew on {}: definition {after} holds from then on",
                date_in_words(pair[1].dates.from)
            ));
        }
    }
    for rebase in &kpi.spc.rebase {
        let on = date_in_words(rebase.on);
        let because = format!("{} (approved by {})", rebase.reason, rebase.approved_by);
        if slots.first().is_some_and(|first| rebase.on < first.dates.from) {
            continue; // before all that is shown
        }
        match slots.iter().position(|slot| slot.dates.from >= rebase.on) {
            None => notes.push(format!("the rebase on {on} matches no period yet: no period begins on it or later")),
            Some(at) => {
                let start = slots[at].dates.from;
                let moved = if start == rebase.on {
                    String::new()
                } else {
                    format!(", moved from {on}, which is not the first day of a period")
                };
                starts.push(at);
                notes.push(format!("the limits begin anew on {}{moved}: {because}", date_in_words(start)));
            }
        }
    }
    starts.sort_unstable();
    starts.dedup();
    (starts, notes)
}

/// Sets the limits of every phase of a series; those of the last are given back for the chart, with what the rules say of
/// all points. Rows at `open` stand for periods that are not whole: they keep their value and take no part.
pub(super) fn limits(rows: &mut [KpiRow], kpi: &Kpi, starts: &[usize], open: &[usize]) -> Option<Chart> {
    if kpi.spc.chart == "none" {
        return None;
    }
    let set_aside: Vec<(usize, Option<f64>)> = open.iter().map(|at| (*at, rows[*at].value.take())).collect();
    let mut last = None;
    let mut points = Vec::with_capacity(rows.len());
    for (at, start) in starts.iter().enumerate() {
        let end = starts.get(at + 1).copied().unwrap_or(rows.len());
        let chart = with_limits(&mut rows[*start..end], kpi.direction, &NHSR_02);
        match &chart {
            Some(chart) => points.extend(chart.points.iter().cloned()),
            None => points.extend((*start..end).map(|_| crate::stats::spc::Point::default())),
        }
        last = chart;
    }
    for (at, value) in set_aside {
        rows[at].value = value;
    }
    last.map(|chart| Chart { limits: chart.limits, points })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::definition::{Grain, Rebase, builtin};
    use crate::analysis::kpi_values::slots;
    use crate::model::time::{Period, parse_date};

    fn day(text: &str) -> chrono::NaiveDate {
        parse_date(text).unwrap()
    }

    fn kpi_with(rebase: &[&str]) -> Kpi {
        let mut kpi = builtin().unwrap().remove(0);
        kpi.spc.rebase = rebase
            .iter()
            .map(|on| Rebase { on: day(on), reason: "new system".into(), approved_by: "SMB".into() })
            .collect();
        kpi
    }

    fn year() -> Vec<Slot> {
        let period = Period::new(day("2022-01-01"), day("2023-01-01")).unwrap();
        slots(period, Grain::Month, 12, None).unwrap()
    }

    #[test]
    fn a_rebase_day_inside_a_month_moves_to_the_next_and_says_so() {
        let (starts, notes) = phases(&kpi_with(&["2022-03-17"]), &year());
        assert_eq!(starts, [0, 3]);
        assert!(notes[0].contains("1 April 2022, moved from 17 March 2022"), "{notes:?}");
        let (starts, notes) = phases(&kpi_with(&["2022-03-01"]), &year());
        assert_eq!((starts, notes[0].contains("moved")), (vec![0, 2], false));
        let (starts, notes) = phases(&kpi_with(&["2022-12-15"]), &year());
        assert_eq!(starts, [0]);
        assert!(notes[0].contains("matches no period yet"), "{notes:?}");
        assert_eq!(phases(&kpi_with(&["2021-03-01"]), &year()), (vec![0], Vec::new()));
    }

    #[test]
    fn another_definition_begins_a_phase_with_limits_of_its_own() {
        let mut kpi = kpi_with(&[]);
        let mut second = kpi.definition[0].clone();
        (second.version, second.valid_from) = ("2.0.0".into(), day("2022-07-01"));
        kpi.definition.push(second);
        let (starts, notes) = phases(&kpi, &year());
        assert_eq!(starts, [0, 6]);
        assert!(notes[0].contains("definition 2.0.0"), "{notes:?}");
        let mut rows: Vec<KpiRow> = (0..12)
            .map(|i| KpiRow { value: Some(if i < 6 { 10.0 } else { 100.0 } + f64::from(i % 2)), ..KpiRow::default() })
            .collect();
        let chart = limits(&mut rows, &kpi, &starts, &[11]).unwrap();
        assert_eq!((rows[0].mean, rows[6].mean.map(f64::floor)), (Some(10.5), Some(100.0)));
        assert_eq!((chart.points.len(), chart.limits.points, rows[11].value), (12, 5, Some(101.0)));
    }
}
