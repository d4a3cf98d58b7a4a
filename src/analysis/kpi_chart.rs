//! The control chart of a measure: which one and why, limits at each point, what the rules say, phases and season.

mod gap;
mod season;
mod settings;

use std::ops::Range;

use chrono::NaiveDate;

use crate::analysis::rebase::place;
use crate::model::time::date_in_words;
use crate::stats::spc::{
    Choice, Kind, Line, Nature, PChart, Part, Point, PoissonChart, Profile, RunsTest, UChart, baseline, c_line, choose,
    judge_lines, limits, phases, runs_test,
};

pub use gap::{GapChart, gap_chart};
pub use season::{Season, Seasonal, season};
pub use settings::Settings;

/// A series to chart: one measure, area, daypart and grade, in time order.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// What the values are.
    pub nature: Nature,
    /// First day of each period; empty where it is not known.
    pub dates: &'a [NaiveDate],
    /// Value of each period.
    pub values: &'a [Option<f64>],
    /// Count and total, or count and exposure, of each period; of counts alone the exposure is 1.
    pub parts: &'a [Option<Part>],
    /// What count over exposure is times: 1,000 for a rate per 1,000.
    pub per: f64,
    /// Version of the definition that made each value; empty where it is not known.
    pub versions: &'a [&'a str],
}

/// A stretch of a series with limits of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Its points.
    pub points: Range<usize>,
    /// The points that made its limits.
    pub baseline: Range<usize>,
    /// Values that made its limits.
    pub values: usize,
    /// Too few for firm limits.
    pub trial: bool,
    /// Why it began; empty for the first.
    pub why: String,
}

/// A second chart that is not drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondChart {
    /// Its kind.
    pub kind: Kind,
    /// Points outside its limits.
    pub outside: Vec<usize>,
}

/// The chart of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiChart {
    /// Its kind.
    pub kind: Kind,
    /// Why this kind, in words.
    pub reason: String,
    /// Its conventions.
    pub profile: Profile,
    /// Centre and limits, one a point; `None` where there are none.
    pub lines: Vec<Option<Line>>,
    /// What the rules say, one a point.
    pub points: Vec<Point>,
    /// Its phases.
    pub phases: Vec<Stretch>,
    /// Laney's sigma of the last phase, of shares and rates.
    pub sigma_z: Option<f64>,
    /// Runs of the last phase, where the profile judges them by the length of the series.
    pub runs: Option<RunsTest>,
    /// A chart of the counts beside an XmR chart.
    pub second: Option<SecondChart>,
    /// Whether there is a season, and the series without it; `None` if it was not asked for.
    pub season: Option<Season>,
    /// What a reader should know: entries that were moved or did nothing, breaks of definition.
    pub notes: Vec<String>,
}

impl KpiChart {
    /// The phase of a point.
    pub fn phase_of(&self, at: usize) -> Option<&Stretch> {
        self.phases.iter().find(|phase| phase.points.contains(&at))
    }

    /// Whether a point's phase has enough values for the words of variation and assurance.
    pub fn is_judged(&self, at: usize) -> bool {
        self.lines.get(at).is_some_and(Option::is_some)
            && self.phase_of(at).is_some_and(|phase| phase.values >= self.profile.icon_points)
    }

    /// The line in force at the end: of the last point that has one.
    pub fn in_force(&self) -> Option<Line> {
        self.lines.iter().rev().find_map(|line| *line)
    }

    /// Chart, reason, profile and how firm the limits are, for the line under the chart.
    pub fn words(&self) -> String {
        let mut out = format!("{}: {}. Profile {}", self.kind.words(), self.reason, self.profile.name);
        if let Some(last) = self.phases.last() {
            let trial = if last.trial { "trial limits" } else { "limits" };
            out.push_str(&format!("; {trial} from {} values", last.values));
        }
        if let Some(runs) = self.runs {
            let word = if runs.signal { "not those of chance" } else { "as chance makes them" };
            out.push_str(&format!(
                "; runs {word} (longest {} of at most {}, crossings {} of at least {})",
                runs.longest, runs.longest_max, runs.crossings, runs.crossings_min
            ));
        }
        if let Some(second) = &self.second {
            let agrees = match second.outside.len() {
                0 => "has no point outside".to_owned(),
                1 => "has 1 point outside".to_owned(),
                many => format!("has {many} points outside"),
            };
            out.push_str(&format!("; a {} beside it {agrees}", second.kind.words()));
        }
        out
    }
}

/// Charts a series.
///
/// **Method**: phases begin at the dated entries of the settings (moved to the next point) and wherever the version of the
/// definition changes. One kind of chart for all phases: the one asked for, or that of [`choose`] by the last phase of 12
/// values or more, else by all. Each phase is fitted to its baseline and judged against it, so no run, trend or moving range
/// crosses a break. Where events are too rare for a chart of periods, the periods get exact Poisson limits, and
/// [`gap_chart`] shows the times between events.
/// **Units**: those of the values.
/// **Undefined**: `None` if no phase has limits. Grows with the number of points.
///
/// # Example
/// ```
/// use vigie::analysis::kpi_chart::{Series, Settings, chart};
/// use vigie::stats::spc::{Kind, Nature, Part};
/// let counts = [3.0, 5.0, 2.0, 4.0, 3.0, 6.0, 2.0, 3.0, 4.0, 5.0, 3.0, 4.0, 14.0];
/// let values = counts.map(Some);
/// let parts = counts.map(|count| Some(Part { count, of: 1.0 }));
/// let series =
///     Series { nature: Nature::Count, dates: &[], values: &values, parts: &parts, per: 1.0, versions: &[] };
/// let chart = chart(&series, &Settings::by_size()).ok_or("too short")?;
/// assert_eq!(chart.kind, Kind::Poisson);
/// assert!(chart.points[12].signal.is_some() && chart.points[5].signal.is_none());
/// # Ok::<(), &str>(())
/// ```
pub fn chart(series: &Series<'_>, settings: &Settings) -> Option<KpiChart> {
    if !settings.limits {
        return None;
    }
    let n = series.values.len();
    let mut notes = Vec::new();
    let breaks = breaks(series, settings, &mut notes);
    let at: Vec<usize> = breaks.iter().map(|(at, _)| *at).collect();
    let ranges = phases(n, &at);
    let Choice { kind, reason, .. } = choice(series, settings, &ranges);
    let mut out = KpiChart {
        kind,
        reason,
        profile: settings.profile,
        lines: vec![None; n],
        points: vec![Point::default(); n],
        phases: Vec::new(),
        sigma_z: None,
        runs: None,
        second: None,
        season: None,
        notes,
    };
    let second = match (kind, series.nature) {
        (Kind::Xmr, Nature::Count) => Some(Kind::C),
        (Kind::Xmr, Nature::Rate) => Some(Kind::U),
        _ => None,
    };
    let mut outside = Vec::new();
    for range in ranges {
        let base = baseline(series.values, range.clone(), settings.fix_after);
        let values = series.values[base.clone()].iter().flatten().count();
        let why = breaks.iter().find(|(at, _)| *at == range.start).map_or_else(String::new, |(_, why)| why.clone());
        if values >= settings.profile.limit_points {
            let (lines, sigma_z) = fit(series, kind, base.clone(), range.clone(), &settings.profile);
            let points = judge_lines(&series.values[range.clone()], &lines, &settings.profile);
            if settings.profile.runs_test {
                let middles: Vec<Option<f64>> = lines.iter().map(|line| line.map(|line| line.middle)).collect();
                out.runs = Some(runs_test(&series.values[range.clone()], &middles));
            }
            if let Some(second) = second {
                let (lines, _) = fit(series, second, base.clone(), range.clone(), &settings.profile);
                outside.extend(
                    range
                        .clone()
                        .zip(&lines)
                        .filter_map(|(at, line)| is_outside(series.values[at], *line).then_some(at)),
                );
            }
            out.lines[range.clone()].copy_from_slice(&lines);
            out.points[range.clone()].copy_from_slice(&points);
            out.sigma_z = sigma_z;
        }
        let trial = values < settings.profile.firm_points;
        out.phases.push(Stretch { points: range, baseline: base, values, trial, why });
    }
    out.season = settings.cycle.map(|cycle| season(series.values, cycle, out.phases.len() > 1, &settings.profile));
    out.second = second.map(|kind| SecondChart { kind, outside });
    out.lines.iter().any(Option::is_some).then_some(out)
}

fn is_outside(value: Option<f64>, line: Option<Line>) -> bool {
    value.zip(line).is_some_and(|(value, line)| value < line.lower || value > line.upper)
}

/// Points at which limits begin anew, and why.
fn breaks(series: &Series<'_>, settings: &Settings, notes: &mut Vec<String>) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    for (entry, placed) in settings.rebase.iter().zip(place(series.dates, &settings.rebase)) {
        if !placed.note.is_empty() {
            notes.push(placed.note);
        }
        if let Some(at) = placed.at {
            let on = date_in_words(placed.on);
            out.push((at, format!("new limits from {on}: {} (approved by {})", entry.reason, entry.approved_by)));
        }
    }
    for (at, pair) in series.versions.windows(2).enumerate().filter(|(_, pair)| pair[0] != pair[1]) {
        let at = at + 1;
        let when = series.dates.get(at).map_or_else(String::new, |on| format!(" from {}", date_in_words(*on)));
        let why = format!("new limits{when}: definition {} took the place of {}", pair[1], pair[0]);
        match out.iter_mut().find(|(other, _)| *other == at) {
            Some((_, first)) => first.push_str(&format!("; {why}")),
            None => out.push((at, why)),
        }
    }
    out.sort_by_key(|(at, _)| *at);
    notes.extend(out.iter().map(|(_, why)| why.clone()));
    out
}

/// Values of a phase that are enough to choose a chart by.
const ENOUGH: usize = 12;

/// The kind of chart: the one asked for, or by size.
fn choice(series: &Series<'_>, settings: &Settings, ranges: &[Range<usize>]) -> Choice {
    let known = |range: &Range<usize>| series.values[range.clone()].iter().flatten().count();
    let last = ranges.iter().rev().find(|range| known(range) >= ENOUGH);
    let parts = last.map_or(series.parts, |range| series.parts.get(range.clone()).unwrap_or(series.parts));
    let found = choose(series.nature, parts, settings.profile.cut);
    let (asked, reason) = match settings.kind {
        Some(kind) => (kind, "as the definition asks".to_owned()),
        None => (found.kind, found.reason),
    };
    match asked {
        Kind::G | Kind::T => {
            let reason = format!(
                "{reason}; periods have exact Poisson limits, and a chart of the times between events says more"
            );
            Choice { kind: Kind::Poisson, reason, sigma_z: None }
        }
        kind => Choice { kind, reason, sigma_z: found.sigma_z },
    }
}

/// Lines of a phase by the chart of its baseline.
fn fit(
    series: &Series<'_>,
    kind: Kind,
    base: Range<usize>,
    phase: Range<usize>,
    profile: &Profile,
) -> (Vec<Option<Line>>, Option<f64>) {
    let n = phase.len();
    let values = &series.values[base.clone()];
    let parts = series.parts.get(base).unwrap_or_default();
    let totals = || phase.clone().map(|at| series.parts.get(at).copied().flatten().map(|part| part.of));
    let scaled = |line: Line| line.mapped(|value| value * series.per);
    match kind {
        Kind::Xmr | Kind::G | Kind::T => (vec![limits(values, profile).map(|limits| limits.line()); n], None),
        Kind::C => (vec![c_line(values); n], None),
        Kind::Poisson => {
            let chart = PoissonChart::fit(parts);
            (totals().map(|of| chart?.line(of?).map(scaled)).collect(), None)
        }
        Kind::P | Kind::PPrime => {
            let chart = PChart::fit(parts, kind == Kind::PPrime, profile.cut);
            (totals().map(|of| chart?.line(of?).map(scaled)).collect(), chart.and_then(|chart| chart.sigma_z))
        }
        Kind::U | Kind::UPrime => {
            let chart = UChart::fit(parts, kind == Kind::UPrime, profile.cut);
            (totals().map(|of| chart?.line(of?).map(scaled)).collect(), chart.and_then(|chart| chart.sigma_z))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::rebase::Rebase;
    use crate::stats::spc::{MDC_2023, NHSR_02, Rule, Side};

    fn months(n: usize) -> Vec<NaiveDate> {
        (0..n).map(|i| NaiveDate::from_ymd_opt(2015 + i as i32 / 12, i as u32 % 12 + 1, 1).unwrap()).collect()
    }

    fn counts(values: &[f64]) -> (Vec<Option<f64>>, Vec<Option<Part>>) {
        let parts = values.iter().map(|count| Some(Part { count: *count, of: 1.0 })).collect();
        (values.iter().copied().map(Some).collect(), parts)
    }

    fn step(n: usize) -> Vec<f64> {
        (0..n).map(|i| if i < 15 { 100.0 } else { 150.0 } + (i * 7 % 5) as f64).collect()
    }

    #[test]
    fn a_dated_entry_begins_anew_and_nothing_crosses_it() {
        let (values, parts) = counts(&step(30));
        let dates = months(30);
        let series =
            Series { nature: Nature::Count, dates: &dates, values: &values, parts: &parts, per: 1.0, versions: &[] };
        let whole = chart(&series, &Settings::by_size()).unwrap();
        assert_eq!(whole.kind, Kind::Xmr);
        assert!(whole.points[20].signal.is_some());
        let entry = Rebase { on: dates[15], reason: "a new system".into(), approved_by: "SMB".into() };
        let settings = Settings { rebase: vec![entry], ..Settings::by_size() };
        let split = chart(&series, &settings).unwrap();
        assert!(split.points.iter().all(|point| point.signal.is_none()));
        assert_eq!(split.phases.len(), 2);
        assert_eq!(split.notes, ["new limits from 1 April 2016: a new system (approved by SMB)"]);
        assert!(split.lines[14].unwrap().upper < split.lines[15].unwrap().lower);
    }

    #[test]
    fn a_new_definition_forces_a_break() {
        let (values, parts) = counts(&step(30));
        let versions: Vec<&str> = (0..30).map(|i| if i < 15 { "1.0.0" } else { "1.1.0" }).collect();
        let series =
            Series { nature: Nature::Count, dates: &[], values: &values, parts: &parts, per: 1.0, versions: &versions };
        let split = chart(&series, &Settings::by_size()).unwrap();
        assert_eq!(split.phases[1].why, "new limits: definition 1.1.0 took the place of 1.0.0");
        assert!(split.points.iter().all(|point| point.signal.is_none()));
    }

    #[test]
    fn a_frozen_baseline_does_not_learn_the_change() {
        let (values, parts) = counts(&step(30));
        let series =
            Series { nature: Nature::Count, dates: &[], values: &values, parts: &parts, per: 1.0, versions: &[] };
        let frozen = chart(&series, &Settings { fix_after: Some(12), ..Settings::by_size() }).unwrap();
        assert_eq!((frozen.phases[0].baseline.clone(), frozen.phases[0].values), (0..12, 12));
        assert!((15..30).all(|at| frozen.points[at].flags.has(Rule::Astronomical, Side::High)));
        assert!((0..14).all(|at| frozen.points[at].signal.is_none()), "14 is above the mean: part of the run");
        assert!(!frozen.is_judged(20), "twelve values make limits, thirteen make words");
    }

    #[test]
    fn shares_have_limits_of_their_own_totals() {
        let totals = [40.0, 400.0, 80.0, 200.0, 60.0, 300.0, 90.0, 150.0, 70.0, 120.0, 100.0, 110.0, 130.0];
        let parts: Vec<Option<Part>> =
            totals.iter().map(|of| Some(Part { count: (of * 0.8_f64).round(), of: *of })).collect();
        let values: Vec<Option<f64>> = parts.iter().map(|part| part.and_then(Part::value)).collect();
        let series =
            Series { nature: Nature::Share, dates: &[], values: &values, parts: &parts, per: 1.0, versions: &[] };
        let found = chart(&series, &Settings::by_size()).unwrap();
        assert_eq!(found.kind, Kind::P);
        assert!(found.lines[0].unwrap().lower < found.lines[1].unwrap().lower);
        assert!(found.sigma_z.is_some_and(|sigma| sigma < 1.0));
        assert!(found.words().starts_with("p chart: shares vary as their totals make them"), "{}", found.words());
    }

    #[test]
    fn rates_are_drawn_per_so_many() {
        let parts: Vec<Option<Part>> =
            (0..14).map(|i| Some(Part { count: 4.0 + f64::from(i % 3), of: 2_000.0 })).collect();
        let values: Vec<Option<f64>> = parts.iter().map(|p| p.and_then(Part::value).map(|v| v * 1_000.0)).collect();
        let series =
            Series { nature: Nature::Rate, dates: &[], values: &values, parts: &parts, per: 1_000.0, versions: &[] };
        let found = chart(&series, &Settings::by_size()).unwrap();
        assert_eq!(found.kind, Kind::Poisson);
        let line = found.lines[0].unwrap();
        assert!(line.lower < 2.0 && line.upper > 3.0 && (line.upper * 2.0).fract().abs() < 1e-9);
    }

    #[test]
    fn too_few_values_have_no_limits_in_the_profile_that_says_so() {
        let (values, parts) = counts(&step(12));
        let series =
            Series { nature: Nature::Count, dates: &[], values: &values, parts: &parts, per: 1.0, versions: &[] };
        assert!(chart(&series, &Settings { profile: MDC_2023, ..Settings::by_size() }).is_none());
        assert!(chart(&series, &Settings { profile: NHSR_02, ..Settings::by_size() }).is_some());
        assert!(chart(&series, &Settings { limits: false, ..Settings::by_size() }).is_none());
    }

    #[test]
    fn rare_events_keep_exact_limits_and_say_what_says_more() {
        let (values, parts) = counts(&[0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        let series =
            Series { nature: Nature::Count, dates: &[], values: &values, parts: &parts, per: 1.0, versions: &[] };
        let found = chart(&series, &Settings::by_size()).unwrap();
        assert_eq!(found.kind, Kind::Poisson);
        assert!(found.reason.contains("below 1: events are rare") && found.reason.contains("times between events"));
    }
}
