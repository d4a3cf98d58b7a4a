//! Areas beside each other without a league table: each area's share against limits that its number of records asks for.

use std::collections::BTreeMap;

use crate::analysis::kpi_run::{KpiRun, MeasureRun};
use crate::stats::funnel::{Band, Pair, share_limits, significance};

/// One area of a funnel.
#[derive(Debug, Clone, PartialEq)]
pub struct FunnelRow {
    /// Parish or other area.
    pub area: String,
    /// Counted on top.
    pub numerator: u64,
    /// Counted below.
    pub denominator: u64,
    /// The share, 0 to 1.
    pub share: f64,
    /// Limits at 99.8 %: beyond them is for action.
    pub act: Pair,
    /// Where it lies: beyond 95 % is for watching only.
    pub band: Band,
}

/// The funnel of one measure over the periods asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// Number of the measure.
    pub measure: String,
    /// Its heading.
    pub title: String,
    /// Share of all areas together: the line that areas are set against.
    pub overall: f64,
    /// Areas in the order of their names; those without records are not there.
    pub rows: Vec<FunnelRow>,
    /// Records that no area is known of, on top and below.
    pub unknown: (u64, u64),
}

/// Funnels of the measures that were counted by area.
///
/// **Method** (Spiegelhalter 2005, doi:10.1002/sim.1970): numerators and denominators of the periods asked for are added up
/// by area; limits around the share of all by [`share_limits`], exact where an area has few records. With twelve parishes
/// 0.6 lie outside 95 % by chance alone, so 99.8 % is for action.
/// **Units**: shares, 0 to 1.
/// **Undefined**: no funnel for a measure that is no share, or of which nothing was counted.
pub fn funnels(run: &KpiRun) -> Vec<Funnel> {
    let mut of: BTreeMap<&str, Vec<&MeasureRun>> = BTreeMap::new();
    for measure in run.measures.iter().filter(|measure| measure.part.is_some()) {
        of.entry(&measure.kpi.measure).or_default().push(measure);
    }
    of.values().filter_map(|parts| funnel(parts)).collect()
}

fn funnel(parts: &[&MeasureRun]) -> Option<Funnel> {
    let first = parts.first()?;
    if !first.definition.kind.is_share() {
        return None;
    }
    let mut areas: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for part in parts {
        let name = part.part.as_ref().map_or("unknown", |part| part.name.as_str());
        let sum = |value: fn(&crate::analysis::kpi::KpiRow) -> Option<f64>| -> u64 {
            part.asked().iter().filter_map(value).sum::<f64>().round() as u64
        };
        let entry = areas.entry(name).or_default();
        entry.0 += sum(|row| row.numerator);
        entry.1 += sum(|row| row.denominator);
    }
    let unknown = areas.remove("unknown").unwrap_or_default();
    let all = areas.values().fold((0, 0), |sum, area| (sum.0 + area.0, sum.1 + area.1));
    if all.1 == 0 {
        return None;
    }
    let overall = all.0 as f64 / all.1 as f64;
    let rows = areas.iter().filter_map(|(area, (numerator, denominator))| {
        let share = (*denominator > 0).then(|| *numerator as f64 / *denominator as f64)?;
        let (act, _) = share_limits(overall, *denominator, 0.998)?;
        let (watch, _) = share_limits(overall, *denominator, 0.95)?;
        let band = significance(share, watch, act);
        Some(FunnelRow { area: (*area).to_owned(), numerator: *numerator, denominator: *denominator, share, act, band })
    });
    Some(Funnel {
        measure: first.kpi.measure.clone(),
        title: first.kpi.title.clone(),
        overall,
        rows: rows.collect(),
        unknown,
    })
}
