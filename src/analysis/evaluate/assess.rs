//! From a test's windows to rates, intervals and the method that the rule picks.

use std::num::NonZero;

use super::backtest::{Ground, Occurrence, backtest};
use super::method::Method;
use super::score::percent;
use super::{Evaluation, Part, Question, Row};
use crate::error::Result;
use crate::stats::accuracy::Accuracy;
use crate::stats::resample::Resamples;

/// Draws of windows for intervals, and their level.
const DRAWS: usize = 2_000;
const LEVEL: f64 = 0.95;

/// Tests one daypart and adds its rows.
///
/// **Method**: rolling origins; at each, every method sees what was recorded before and chooses cells, which are held
/// against the records of the days ahead. Sums over windows, so that each record counts the same:
/// hit rate = Σn / ΣN, PAI = Σn / Σ(N·a/A), PEI = Σn / Σn*. Intervals are percentiles of windows drawn again
/// ([`Resamples`]); a gain is taken on the same draws for both methods.
/// **The rule**: of the methods whose gain in PAI over the 12-month count lies above 0 with its interval at the coverage
/// that decides (2 %), those that do so at the most coverages; of them the one with the highest PAI there. If none does,
/// the 12-month count.
/// **Undefined**: rates without a window with events.
///
/// # Errors
/// As [`backtest`].
pub fn assess(
    evaluation: &mut Evaluation,
    question: &Question,
    daypart: &str,
    ground: &Ground,
    occurrences: &[Occurrence],
    threads: NonZero<usize>,
) -> Result<()> {
    let tested = backtest(ground, occurrences, &question.plan(), threads)?;
    let draws = Resamples::new(tested.origins.len(), DRAWS, question.seed);
    let baseline = tested.records.iter().find(|record| record.method == Method::BASELINE);
    let first = evaluation.rows.len();
    for record in &tested.records {
        for (at, coverage) in question.coverages.iter().enumerate() {
            let of = Sums::of(&record.windows[at], &tested.events);
            let against = baseline.filter(|base| base.method != record.method);
            let against = against.map(|base| Sums::of(&base.windows[at], &tested.events));
            let windows = tested.origins.len();
            let mean = |sum: f64| if windows > 0 { sum / windows as f64 } else { 0.0 };
            let interval = draws.interval(LEVEL, |sum| of.pai(sum));
            let gain = against.as_ref().and_then(|base| Some(of.pai(&total)? - base.pai(&total)?));
            let gains =
                against.as_ref().and_then(|base| draws.interval(LEVEL, |sum| Some(of.pai(sum)? - base.pai(sum)?)));
            evaluation.rows.push(Row {
                method: record.method,
                daypart: daypart.to_owned(),
                coverage: *coverage,
                area_share: mean(record.windows[at].iter().map(|one| one.area_share).sum()),
                hit_rate: ratio(total(&of.caught), total(&tested.events)),
                pai: of.pai(&total),
                pai_low: interval.map(|interval| interval.low),
                pai_high: interval.map(|interval| interval.high),
                pei: ratio(total(&of.caught), record.windows[at].iter().map(|one| one.catchable).sum()),
                pai_worst_ties: ratio(record.windows[at].iter().map(|one| one.caught_worst).sum(), total(&of.expected)),
                pai_best_ties: ratio(record.windows[at].iter().map(|one| one.caught_best).sum(), total(&of.expected)),
                ties_at_cut: mean(record.windows[at].iter().map(|one| one.ties_at_cut as f64).sum()),
                kept_share: record.kept[at],
                gain,
                gain_low: gains.map(|interval| interval.low),
                gain_high: gains.map(|interval| interval.high),
                origins: windows,
            });
        }
    }
    let (best, why) = pick(&evaluation.rows[first..], question.headline());
    let events = total(&tested.events);
    evaluation.dayparts.push(Part {
        daypart: daypart.to_owned(),
        windows: tested.origins.len(),
        empty_windows: tested.empty_windows,
        events: events as u64,
        not_yet_recorded: if tested.origins.is_empty() {
            0.0
        } else {
            tested.held_back as f64 / tested.origins.len() as f64
        },
        first_history_days: tested.first_history_days,
        best,
        why,
        curves: tested
            .records
            .iter()
            .filter(|_| events > 0.0)
            .map(|record| (record.method, record.curve.iter().map(|caught| caught / events).collect()))
            .collect(),
    });
    Ok(())
}

/// Events caught by window, and those expected there if the same area were chosen blindly.
struct Sums {
    caught: Vec<f64>,
    expected: Vec<f64>,
}

impl Sums {
    fn of(windows: &[Accuracy], events: &[f64]) -> Self {
        Self {
            caught: windows.iter().map(|one| one.caught).collect(),
            expected: windows.iter().zip(events).map(|(one, events)| one.area_share * events).collect(),
        }
    }

    fn pai(&self, sum: &dyn Fn(&[f64]) -> f64) -> Option<f64> {
        ratio(sum(&self.caught), sum(&self.expected))
    }
}

fn total(of: &[f64]) -> f64 {
    of.iter().sum()
}

fn ratio(top: f64, bottom: f64) -> Option<f64> {
    (bottom > 0.0).then(|| top / bottom)
}

/// The rule of [`assess`].
fn pick(rows: &[Row], headline: f64) -> (Method, String) {
    let beats = |row: &Row| row.gain_low.is_some_and(|low| low > 0.0);
    let decides = |row: &&Row| row.coverage.total_cmp(&headline).is_eq();
    let wins = |method: Method| rows.iter().filter(|row| row.method == method && beats(row)).count();
    let coverages = rows.iter().filter(|row| row.method == Method::BASELINE).count();
    let best = rows.iter().filter(decides).filter(|row| beats(row)).max_by(|a, b| {
        let pai = |row: &Row| row.pai.unwrap_or(0.0);
        wins(a.method).cmp(&wins(b.method)).then(pai(a).total_cmp(&pai(b))).then(b.method.cmp(&a.method))
    });
    let share = percent(headline);
    match best {
        Some(row) => (
            row.method,
            format!(
                "its gain over the 12-month count lies above 0 at {} of {coverages} coverages, {share} % among them, where its \
                 PAI is the highest of such methods",
                wins(row.method)
            ),
        ),
        None => (
            Method::BASELINE,
            format!("no method's gain over the 12-month count lies above 0 at {share} % of the area with its interval"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(method: Method, coverage: f64, pai: f64, gain_low: Option<f64>) -> Row {
        Row {
            method,
            daypart: "all".into(),
            coverage,
            area_share: coverage,
            hit_rate: Some(pai * coverage),
            pai: Some(pai),
            pai_low: None,
            pai_high: None,
            pei: None,
            pai_worst_ties: None,
            pai_best_ties: None,
            ties_at_cut: 0.0,
            kept_share: None,
            gain: gain_low,
            gain_low,
            gain_high: None,
            origins: 52,
        }
    }

    #[test]
    fn the_rule_asks_for_the_interval_first_then_for_most_coverages_then_for_the_pai() {
        let rows = |sepp_low: f64| {
            vec![
                row(Method::Count365, 0.02, 20.0, None),
                row(Method::Count365, 0.05, 9.0, None),
                row(Method::Sepp, 0.02, 23.0, Some(sepp_low)),
                row(Method::Sepp, 0.05, 9.0, Some(-0.1)),
                row(Method::ShrunkRate, 0.02, 22.0, Some(0.3)),
                row(Method::ShrunkRate, 0.05, 9.5, Some(0.1)),
                row(Method::Ensemble, 0.02, 21.0, Some(0.2)),
                row(Method::Ensemble, 0.05, 9.6, Some(0.2)),
            ]
        };
        let (best, why) = pick(&rows(0.5), 0.02);
        assert_eq!(best, Method::ShrunkRate);
        assert!(why.contains("2 of 2 coverages"), "{why}");
        let few: Vec<Row> = rows(0.5).into_iter().filter(|row| row.method <= Method::Sepp).collect();
        assert_eq!(pick(&few, 0.02).0, Method::Sepp);
        let few: Vec<Row> = rows(0.0).into_iter().filter(|row| row.method <= Method::Sepp).collect();
        let (best, why) = pick(&few, 0.02);
        assert_eq!(best, Method::Count365);
        assert!(why.contains("no method"), "{why}");
    }
}
