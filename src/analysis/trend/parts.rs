//! What a series is made of, where it is going, and when its level changed.

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::{Step, StepRow};
use crate::error::{Error, Result};
use crate::stats::change_point::{Change as LevelFound, Search, dispersion, find, penalty};
use crate::stats::ets::{Fit, choose};
use crate::stats::stl::{Season, Shape, decompose};

/// Cycles from which on a season may change its shape; with fewer it would follow every accident.
const CYCLES_TO_CHANGE: usize = 6;
/// Seasonal windows of MSTL, from the shortest season on.
const WINDOWS: [usize; 2] = [11, 15];
/// Shuffles behind the p of a change.
const PERMUTATIONS: usize = 999;
/// Times that the season is measured anew before changes are told.
const SEASON_PASSES: usize = 3;
/// Confidence of the two intervals of a forecast.
const CONFIDENCES: (f64, f64) = (0.80, 0.95);

/// What is asked for beside the counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Trend, seasons and remainder.
    pub decompose: bool,
    /// So many steps ahead.
    pub forecast: Option<usize>,
    /// Changes of level.
    pub changes: bool,
    /// Seed of the shuffles behind the p of a change.
    pub seed: u64,
}

impl Wanted {
    /// Whether anything is asked for.
    pub fn anything(self) -> bool {
        self.decompose || self.forecast.is_some() || self.changes
    }

    /// Checks the horizon.
    ///
    /// # Errors
    /// `Input` for a forecast of no step, or of more than two years.
    pub fn check(self, step: Step) -> Result<()> {
        let most = 2 * step.per_year();
        match self.forecast {
            Some(steps) if steps == 0 || steps > most => Err(Error::input(format!(
                "a forecast is of 1 to {most} steps of a {}; {steps} were asked for",
                step.name()
            ))
            .at("forecast")),
            _ => Ok(()),
        }
    }
}

/// What was asked for of one series.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Parts {
    /// Name of the series, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Trend, seasons and remainder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decomposition: Option<Decomposition>,
    /// The steps to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// Changes of level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
}

/// A series taken apart.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Decomposition {
    /// Lengths of its seasons, in steps.
    pub seasons: Vec<usize>,
    /// Whether the seasons have one shape for the whole series.
    pub fixed: bool,
    /// One row a step.
    pub steps: Vec<Share>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undefined_reason: Option<String>,
}

/// One step taken apart: observed = trend + the seasons + remainder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// The step.
    pub step: String,
    /// Its count.
    pub observed: u64,
    /// Level without seasons.
    pub trend: f64,
    /// What each season adds, in the order of their lengths.
    pub seasonal: Vec<f64>,
    /// What is left.
    pub remainder: f64,
}

/// The steps to come.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Forecast {
    /// Name of the model that was chosen.
    pub model: Option<&'static str>,
    /// α, β, γ and φ; 0 for parts that the model does not have.
    pub smoothing: Option<[f64; 4]>,
    /// Steps that it was fitted to.
    pub fitted_steps: usize,
    /// One row a step ahead.
    pub steps: Vec<Ahead>,
    /// How a forecast made earlier would have done.
    pub held_out: Option<HeldOut>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undefined_reason: Option<String>,
}

/// One step ahead.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ahead {
    /// The step.
    pub step: String,
    /// Its first day.
    pub from: NaiveDate,
    /// Expected count.
    pub mean: f64,
    /// Lower limit, 80 %.
    pub low_80: f64,
    /// Upper limit, 80 %.
    pub high_80: f64,
    /// Lower limit, 95 %.
    pub low_95: f64,
    /// Upper limit, 95 %.
    pub high_95: f64,
}

/// The last steps, kept back and forecast from those before them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HeldOut {
    /// Steps kept back.
    pub steps: usize,
    /// Mean size of the error of the forecast, in records a step.
    pub mean_error: f64,
    /// The same of the plain guess that every step is as a season before.
    pub mean_error_season_before: f64,
    /// Steps within the 80 % interval.
    pub within_80: usize,
    /// Steps within the 95 % interval.
    pub within_95: usize,
}

/// Changes of level.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Changes {
    /// Steps that were looked at.
    pub steps: usize,
    /// What a change must gain, twice the log likelihood.
    pub penalty: f64,
    /// Least steps between changes.
    pub least_steps: usize,
    /// Variance of the counts over their mean, at least 1.
    pub dispersion: f64,
    /// Whether the season was taken out.
    pub season_taken_out: bool,
    /// In the order of time.
    pub found: Vec<LevelChange>,
    /// Why none was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undefined_reason: Option<String>,
}

/// A change of level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelChange {
    /// First step of the new level.
    pub step: String,
    /// Its first day.
    pub from: NaiveDate,
    /// Records a day before, since the change before; of an average season if that was taken out.
    pub per_day_before: f64,
    /// Records a day from then on, to the next change.
    pub per_day_after: f64,
    /// After over before; `None` after a level of 0.
    pub ratio: Option<f64>,
    /// Chance of a split as good if the order of the steps meant nothing.
    pub p: Option<f64>,
}

/// Takes every series of some rows apart, as far as it is wanted. Two series at a time; the answer does not depend on
/// that.
///
/// **Method**: each series from the step after its last gap on. Decomposition: STL or MSTL
/// ([`decompose`]); seasons of 12 months, of 52 weeks, of 7 and 365 days; with fewer than six
/// cycles one shape for all years. Forecast: the additive ETS model with the smallest AICc ([`choose`]), with seasons of
/// 12, 52 and 7 steps; the variance of a step is at least its mean, as a count of independent events has it; intervals
/// by Student's t, not below 0. Changes: [`find`] on counts over days, times the season of the year (and of the week, for
/// days) where there are two years: the counts of its months over the level under them, first that of STL, then those
/// found.
/// **Units**: records a step; changes in records a day.
/// **Undefined**: with a reason: fewer than two cycles of the season; for changes fewer than two segments of steps.
///
/// # Errors
/// As the methods.
///
/// # Example
/// ```
/// use vigie::analysis::trend::{Step, StepRow, Wanted, take_apart};
/// use vigie::model::time::parse_period_name;
/// let row = |(at, from): (usize, &chrono::NaiveDate)| StepRow {
///     series: None, step: Step::Month.label(*from), month: None, from: *from, days: 30,
///     count: Some(20 + (at as u64 * 7) % 5), undefined_reason: None, year: None,
/// };
/// let steps = Step::Month.whole_steps(parse_period_name("2017")?);
/// let rows: Vec<_> = steps.iter().enumerate().map(row).collect();
/// let parts = take_apart(&rows, Step::Month, Wanted { forecast: Some(3), ..Wanted::default() })?;
/// let why = parts[0].forecast.as_ref().and_then(|forecast| forecast.undefined_reason.as_deref());
/// assert!(why.is_some_and(|why| why.contains("two whole cycles")));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn take_apart(rows: &[StepRow], step: Step, wanted: Wanted) -> Result<Vec<Parts>> {
    if !wanted.anything() {
        return Ok(Vec::new());
    }
    let series: Vec<&[StepRow]> = rows.chunk_by(|a, b| a.series == b.series).collect();
    let mut parts: Vec<Option<Result<Parts>>> = series.iter().map(|_| None).collect();
    let work = |from: usize| -> Vec<(usize, Result<Parts>)> {
        let own = series.iter().enumerate().skip(from).step_by(2);
        own.map(|(at, rows)| (at, one(rows, step, wanted))).collect()
    };
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| work(1));
        (work(0), second.join())
    });
    let second = second.map_err(|_| Error::bug("a series could not be taken apart"))?;
    for (at, result) in first.into_iter().chain(second) {
        parts[at] = Some(result);
    }
    parts.into_iter().flatten().collect()
}

/// A run of steps without a gap.
struct Run<'a> {
    rows: &'a [StepRow],
    counts: Vec<u64>,
    values: Vec<f64>,
    step: Step,
}

fn one(rows: &[StepRow], step: Step, wanted: Wanted) -> Result<Parts> {
    // Without any count at all there is no run: the methods say that it is too short.
    let end = rows.iter().rposition(|row| row.count.is_some()).map_or(0, |at| at + 1);
    let start = rows[..end].iter().rposition(|row| row.count.is_none()).map_or(0, |at| at + 1);
    let rows_of_run = &rows[start..end];
    let counts: Vec<u64> = rows_of_run.iter().filter_map(|row| row.count).collect();
    let values = counts.iter().map(|n| *n as f64).collect();
    let run = Run { rows: rows_of_run, counts, values, step };
    Ok(Parts {
        series: rows.first().and_then(|row| row.series.clone()),
        decomposition: if wanted.decompose { Some(run.decomposition()?) } else { None },
        forecast: wanted.forecast.map(|steps| run.forecast(steps)).transpose()?,
        changes: if wanted.changes { Some(run.changes(wanted.seed)?) } else { None },
    })
}

impl Run<'_> {
    /// Why there is no season to see.
    fn too_short(&self, season: usize) -> Option<String> {
        let (steps, needed) = (self.counts.len(), 2 * season);
        (steps < needed).then(|| {
            format!(
                "two whole cycles of the season are needed, {needed} steps of a {} without a gap; there are {steps}",
                self.step.name()
            )
        })
    }

    /// Seasons that have two whole cycles.
    fn seasons(&self) -> Vec<Season> {
        let fits = self.step.seasons().iter().zip(WINDOWS).filter(|(period, _)| self.counts.len() >= 2 * **period);
        fits.map(|(&period, window)| {
            let changing = self.counts.len() >= CYCLES_TO_CHANGE * period;
            Season { period, shape: if changing { Shape::Changing(window) } else { Shape::Fixed } }
        })
        .collect()
    }

    fn decomposition(&self) -> Result<Decomposition> {
        if let Some(reason) = self.too_short(self.step.season()) {
            return Ok(Decomposition { undefined_reason: Some(reason), ..Decomposition::default() });
        }
        let seasons = self.seasons();
        let found = decompose(&self.values, &seasons, false)?;
        let steps = self.rows.iter().zip(&self.counts).enumerate().map(|(t, (row, count))| Share {
            step: row.step.clone(),
            observed: *count,
            trend: found.trend[t],
            seasonal: found.seasons.iter().map(|season| season[t]).collect(),
            remainder: found.remainder[t],
        });
        Ok(Decomposition {
            steps: steps.collect(),
            fixed: seasons.iter().any(|season| season.shape == Shape::Fixed),
            seasons: seasons.iter().map(|season| season.period).collect(),
            undefined_reason: None,
        })
    }

    fn forecast(&self, steps: usize) -> Result<Forecast> {
        let season = self.step.season();
        let undefined = |reason| Forecast { undefined_reason: Some(reason), ..Forecast::default() };
        if let Some(reason) = self.too_short(season) {
            return Ok(undefined(reason));
        }
        let Some(fit) = choose(&self.values, Some(season))? else {
            return Ok(undefined("there are too few steps for any model".to_owned()));
        };
        let mut from = self.rows.last().map(|row| self.step.next(row.from)).unwrap_or_default();
        let mut ahead = Vec::with_capacity(steps);
        for [mean, low_80, high_80, low_95, high_95] in intervals(&fit, steps)? {
            let step = self.step.label(from);
            ahead.push(Ahead { step, from, mean, low_80, high_80, low_95, high_95 });
            from = self.step.next(from);
        }
        let s = fit.smoothing;
        Ok(Forecast {
            model: Some(fit.form.name()),
            smoothing: Some([s.alpha, s.beta, s.gamma, s.phi]),
            fitted_steps: self.counts.len(),
            held_out: self.held_out(season, steps)?,
            steps: ahead,
            undefined_reason: None,
        })
    }

    /// The forecast as it would have been one season or horizon ago, whichever is shorter; `None` if too little is left
    /// to make it from.
    fn held_out(&self, season: usize, steps: usize) -> Result<Option<HeldOut>> {
        let kept_back = steps.min(season);
        let n = self.values.len();
        if n < 2 * season + kept_back {
            return Ok(None);
        }
        let (known, later) = self.values.split_at(n - kept_back);
        let Some(fit) = choose(known, Some(season))? else { return Ok(None) };
        let (mut error, mut plain, mut within_80, mut within_95) = (0.0, 0.0, 0, 0);
        for (at, ([mean, low_80, high_80, low_95, high_95], y)) in
            intervals(&fit, kept_back)?.into_iter().zip(later).enumerate()
        {
            error += (y - mean).abs();
            plain += (y - known[known.len() - season + at]).abs();
            within_80 += usize::from((low_80..=high_80).contains(y));
            within_95 += usize::from((low_95..=high_95).contains(y));
        }
        let count = kept_back as f64;
        Ok(Some(HeldOut {
            steps: kept_back,
            mean_error: error / count,
            mean_error_season_before: plain / count,
            within_80,
            within_95,
        }))
    }

    fn changes(&self, seed: u64) -> Result<Changes> {
        let least_steps = self.step.least_between_changes();
        let n = self.counts.len();
        if n < 2 * least_steps {
            let reason = format!(
                "a change needs {least_steps} steps of a {} before and after it, {} without a gap; there are {n}",
                self.step.name(),
                2 * least_steps
            );
            return Ok(Changes { undefined_reason: Some(reason), ..Changes::default() });
        }
        let days: Vec<f64> = self.rows.iter().map(|row| f64::from(row.days)).collect();
        let busy = |season: &[f64]| days.iter().zip(season).map(|(days, share)| days * share).collect::<Vec<f64>>();
        let mut exposures = days.clone();
        let mut trend = self.trend_of_years()?;
        let season_taken_out = trend.is_some();
        let mut search = Search { penalty: penalty(n), min_steps: least_steps, dispersion: 1.0, permutations: 0, seed };
        // A season measured against a smooth trend takes a part of a sudden change for itself: it is measured again
        // against the levels that were found.
        for _ in 0..SEASON_PASSES {
            let Some(under) = &trend else { break };
            exposures = busy(&self.season(under));
            search.dispersion = dispersion(&self.counts, &exposures);
            let found = find(&self.counts, &exposures, search)?;
            let levels = self.levels(&found, &exposures);
            trend = Some(days.iter().zip(levels).map(|(days, level)| days * level).collect());
        }
        search.dispersion = dispersion(&self.counts, &exposures);
        search.permutations = PERMUTATIONS;
        let found = find(&self.counts, &exposures, search)?;
        Ok(Changes {
            steps: n,
            penalty: search.penalty,
            least_steps,
            dispersion: search.dispersion,
            season_taken_out,
            found: found.iter().map(|change| self.level_change(change)).collect(),
            undefined_reason: None,
        })
    }

    /// The level of each step, in records a day of exposure.
    fn levels(&self, found: &[LevelFound], exposures: &[f64]) -> Vec<f64> {
        let whole = self.values.iter().sum::<f64>() / exposures.iter().sum::<f64>();
        let mut levels = vec![found.first().map_or(whole, |first| first.before); self.values.len()];
        for change in found {
            levels[change.at..].fill(change.after);
        }
        levels
    }

    fn level_change(&self, change: &LevelFound) -> LevelChange {
        LevelChange {
            step: self.rows[change.at].step.clone(),
            from: self.rows[change.at].from,
            per_day_before: change.before,
            per_day_after: change.after,
            ratio: (change.before > 0.0).then(|| change.after / change.before),
            p: change.p,
        }
    }

    /// The level of each step without its season; `None` with less than two years.
    fn trend_of_years(&self) -> Result<Option<Vec<f64>>> {
        let year = self.step.per_year();
        if self.counts.len() < 2 * year {
            return Ok(None);
        }
        Ok(Some(decompose(&self.values, &[Season { period: year, shape: Shape::Fixed }], false)?.trend))
    }

    /// How busy the season of each step is, 1 on average: the counts of its calendar month over the trend under them,
    /// and for days those of its weekday.
    fn season(&self, trend: &[f64]) -> Vec<f64> {
        // The month of the middle of the step.
        let month = |row: &StepRow| (row.from + chrono::Days::new(u64::from(row.days / 2))).month0() as usize;
        let mut season = self.index(trend, 12, month);
        if self.step == Step::Day {
            let weekdays = self.index(trend, 7, |row| row.from.weekday().num_days_from_monday() as usize);
            season.iter_mut().zip(weekdays).for_each(|(month, weekday)| *month *= weekday);
        }
        season
    }

    /// Count over trend of each place of a cycle, with one record of each added, 1 on average.
    fn index(&self, trend: &[f64], places: usize, place: impl Fn(&StepRow) -> usize) -> Vec<f64> {
        let mut sums = vec![(1.0, 1.0); places];
        for ((row, count), trend) in self.rows.iter().zip(&self.values).zip(trend) {
            let sum = &mut sums[place(row)];
            *sum = (sum.0 + count, sum.1 + trend.max(0.0));
        }
        let each: Vec<f64> = self.rows.iter().map(|row| sums[place(row)]).map(|(count, trend)| count / trend).collect();
        let mean = each.iter().sum::<f64>() / each.len() as f64;
        each.iter().map(|share| share / mean).collect()
    }
}

/// Mean, 80 % limits and 95 % limits of the steps ahead of counts.
fn intervals(fit: &Fit, steps: usize) -> Result<Vec<[f64; 5]>> {
    let quantile = |confidence| fit.quantile(confidence).ok_or_else(|| Error::bug("no quantile of a forecast"));
    let (t_80, t_95) = (quantile(CONFIDENCES.0)?, quantile(CONFIDENCES.1)?);
    let around = fit.forecast(steps).into_iter().map(|ahead| {
        let mean = ahead.mean.max(0.0);
        let spread = (ahead.variance + ahead.start_variance).max(mean).sqrt();
        let low = |t: f64| (ahead.mean - t * spread).max(0.0);
        let high = |t: f64| (ahead.mean + t * spread).max(mean);
        [mean, low(t_80), high(t_80), low(t_95), high(t_95)]
    });
    Ok(around.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Period, parse_date};

    const ALL: Wanted = Wanted { decompose: true, forecast: Some(6), changes: true, seed: 1 };

    fn series(step: Step, from: &str, to: &str, count: impl Fn(usize, &NaiveDate) -> Option<u64>) -> Vec<StepRow> {
        let period = Period::new(parse_date(from).unwrap(), parse_date(to).unwrap()).unwrap();
        let row = |(at, from): (usize, &NaiveDate)| StepRow {
            series: None,
            step: step.label(*from),
            month: None,
            from: *from,
            days: step.days(*from),
            count: count(at, from),
            undefined_reason: None,
            year: None,
        };
        step.whole_steps(period).iter().enumerate().map(row).collect()
    }

    /// A little noise that is the same each time.
    fn noise(at: usize) -> u64 {
        (at * at * 31 + at * 17) as u64 % 7
    }

    #[test]
    fn parts_add_up_to_the_counts() {
        for (step, from) in [(Step::Day, "2015-01-01"), (Step::Week, "2014-01-01"), (Step::Month, "2010-01-01")] {
            let rows = series(step, from, "2018-01-01", |at, _| Some(30 + noise(at)));
            let parts = take_apart(&rows, step, ALL).unwrap();
            let found = parts[0].decomposition.as_ref().unwrap();
            assert_eq!((found.steps.len(), found.seasons.as_slice()), (rows.len(), step.seasons()));
            for share in &found.steps {
                let sum = share.trend + share.seasonal.iter().sum::<f64>() + share.remainder;
                assert!((sum - share.observed as f64).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_step_of_level_is_found_under_a_season() {
        let busy = [0, 0, 5, 10, 20, 35, 40, 40, 25, 10, 5, 20];
        let rows = series(Step::Month, "2013-01-01", "2018-01-01", |at, from| {
            let level = if *from >= parse_date("2017-05-01").unwrap() { 3 } else { 2 };
            Some((60 + busy[from.month0() as usize] + noise(at)) * level / 2)
        });
        let found = take_apart(&rows, Step::Month, ALL).unwrap().remove(0).changes.unwrap();
        assert!(found.season_taken_out);
        let steps: Vec<&str> = found.found.iter().map(|change| change.step.as_str()).collect();
        assert_eq!(steps, ["2017-05"], "{found:?}");
        assert!(found.found[0].p.is_some_and(|p| p <= 0.01));
        assert!(found.found[0].ratio.is_some_and(|ratio| (1.3..1.7).contains(&ratio)), "{found:?}");
    }

    #[test]
    fn a_flat_series_has_no_change_and_a_forecast_of_its_level() {
        let rows =
            series(Step::Month, "2014-01-01", "2018-01-01", |_, from| Some(u64::from(Step::Month.days(*from)) * 2));
        let parts = take_apart(&rows, Step::Month, ALL).unwrap().remove(0);
        assert_eq!(parts.changes.unwrap().found, []);
        let forecast = parts.forecast.unwrap();
        assert_eq!((forecast.steps[0].step.as_str(), forecast.steps.len()), ("2018-01", 6));
        for ahead in &forecast.steps {
            assert!((ahead.mean - 2.0 * f64::from(Step::Month.days(ahead.from))).abs() < 1.0, "{ahead:?}");
            // At least as wide as a Poisson count of that mean.
            assert!(ahead.high_95 - ahead.low_95 >= 2.0 * 1.96 * ahead.mean.sqrt());
            assert!(ahead.low_95 <= ahead.low_80 && ahead.high_80 <= ahead.high_95);
        }
    }

    #[test]
    fn a_forecast_of_few_is_never_below_zero() {
        let rows = series(Step::Month, "2014-01-01", "2018-01-01", |at, _| Some(u64::from(at % 9 == 0)));
        let forecast = take_apart(&rows, Step::Month, ALL).unwrap().remove(0).forecast.unwrap();
        assert!(forecast.steps.iter().all(|a| a.low_95 >= 0.0 && a.mean >= 0.0 && a.high_80 >= a.mean));
        assert!(forecast.held_out.is_some_and(|held| held.steps == 6 && held.within_95 >= held.within_80));
    }

    #[test]
    fn a_gap_starts_the_series_anew() {
        let rows = series(Step::Month, "2010-01-01", "2018-01-01", |at, _| (at != 70).then(|| 30 + noise(at)));
        let parts = take_apart(&rows, Step::Month, ALL).unwrap().remove(0);
        assert_eq!(parts.decomposition.unwrap().steps[0].step, "2015-12");
        assert_eq!(parts.forecast.unwrap().fitted_steps, 25);
        let empty = series(Step::Month, "2017-01-01", "2018-01-01", |_, _| None);
        let parts = take_apart(&empty, Step::Month, ALL).unwrap().remove(0);
        assert!(parts.decomposition.unwrap().undefined_reason.unwrap().contains("there are 0"));
        assert!(parts.changes.unwrap().undefined_reason.unwrap().contains("3 steps of a month before and after"));
        assert!(parts.forecast.unwrap().steps.is_empty());
    }

    #[test]
    fn series_keep_their_order_and_horizons_are_checked() {
        let mut rows = Vec::new();
        for name in ["a", "b", "c"] {
            let own = series(Step::Month, "2014-01-01", "2018-01-01", |at, _| Some(noise(at)));
            rows.extend(own.into_iter().map(|row| StepRow { series: Some(name.to_owned()), ..row }));
        }
        let parts = take_apart(&rows, Step::Month, ALL).unwrap();
        assert_eq!(parts.iter().filter_map(|p| p.series.as_deref()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(parts, take_apart(&rows, Step::Month, ALL).unwrap());
        assert!(take_apart(&rows, Step::Month, Wanted::default()).unwrap().is_empty());
        let horizon = |steps| Wanted { forecast: Some(steps), ..Wanted::default() }.check(Step::Month);
        assert!(horizon(24).is_ok() && horizon(0).is_err() && horizon(25).is_err());
    }
}
