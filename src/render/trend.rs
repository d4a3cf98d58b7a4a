//! A trend as a person reads it: the finding, pictures of the series and its parts, and the tables behind them.

use std::collections::BTreeMap;

use crate::analysis::disclosure::Released;
use crate::analysis::trend::{Change, Comparison, LevelChange, Parts, Step, StepRow, Trend};
use crate::error::Result;
use crate::model::provenance::Provenance;
use crate::model::time::date_in_words;
use crate::render::chart::series::{self, Fan, Level, Part, Small, Steps};
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format;
use crate::render::svg::Words;

/// The most series that are drawn side by side.
const MOST_DRAWN: usize = 24;
/// p or q at most this is called a difference.
const SIGNIFICANT: f64 = 0.05;

/// Draws a released trend.
///
/// # Errors
/// `Bug` if a picture cannot be drawn.
pub fn draw(trend: &Released<Trend>, provenance: &Provenance, step: Step) -> Result<Drawn> {
    let told = Told { trend, what: what(provenance), step };
    let finding = told.finding();
    let mut drawn = Drawn { finding, pictures: Vec::new(), tables: Vec::new(), notes: Vec::new() };
    if trend.rows.first().is_some_and(|row| row.series.is_some()) {
        told.side_by_side(&mut drawn)?;
    } else {
        told.one(&mut drawn);
    }
    told.notes(&mut drawn.notes);
    Ok(drawn)
}

fn what(provenance: &Provenance) -> String {
    provenance.group.clone().or_else(|| provenance.dataset.clone()).unwrap_or_else(|| "records".to_owned())
}

/// A comparison in words: `272 from 1 January to 31 December 2017, 12 more than the 260 of a year before (p 0.61: no more
/// than chance)`.
pub fn comparison_words(comparison: &Comparison) -> String {
    let span = match comparison.what {
        "year_to_date" => format!("in the year to {}", date_in_words(comparison.now.to)),
        _ => format!("in the twelve months to {}", date_in_words(comparison.now.to)),
    };
    let counts = comparison.now.count.zip(comparison.before.count).zip(comparison.difference);
    let Some(((now, before), difference)) = counts else {
        let why = comparison.undefined_reason.as_deref().unwrap_or("not known");
        return format!("no comparison {span}: {why}");
    };
    let count = |n: u64| format::count_or(Some(n), "");
    let compared = match difference {
        0 => "as many as a year before".to_owned(),
        more if more > 0 => format!("{} more than the {} of a year before", count(more.unsigned_abs()), count(before)),
        less => format!("{} fewer than the {} of a year before", count(less.unsigned_abs()), count(before)),
    };
    let chance = comparison.p.map_or_else(String::new, |p| {
        let verdict = if p <= SIGNIFICANT { "more than chance" } else { "no more than chance" };
        format!(" (p {}: {verdict})", format::probability(p))
    });
    format!("{} {span}, {compared}{chance}", count(now))
}

struct Told<'a> {
    trend: &'a Released<Trend>,
    what: String,
    step: Step,
}

impl Told<'_> {
    fn finding(&self) -> String {
        let (trend, what) = (self.trend, &self.what);
        if trend.rows.first().is_some_and(|row| row.series.is_some()) {
            return self.finding_of_many();
        }
        let compared = trend.comparisons.iter().find(|c| c.now.count.is_some() && c.p.is_some());
        if let Some(comparison) = compared {
            return format!("{what}: {}", comparison_words(comparison));
        }
        match trend.rows.iter().rev().find(|row| row.count.is_some()).or_else(|| trend.rows.last()) {
            Some(row) => format!("{} {what} in {}", shown(row), row.step),
            None => format!("No whole {} of {what}", self.step.name()),
        }
    }

    fn finding_of_many(&self) -> String {
        let year: Vec<&Comparison> = self.trend.comparisons.iter().filter(|c| c.what == "rolling_12").collect();
        let differ = |up: bool| -> Vec<&str> {
            let found = year.iter().filter(|c| c.q.is_some_and(|q| q <= SIGNIFICANT));
            found.filter(|c| c.ratio.is_none_or(|r| r > 1.0) == up).filter_map(|c| c.series.as_deref()).collect()
        };
        let said = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!(
            "{}, twelve months against the year before: more than chance up {}; down {}",
            self.what,
            said(&differ(true)),
            said(&differ(false))
        )
    }

    fn words(&self, id: &str, title: &str, description: String) -> Words {
        Words { id: format!("trend-{id}"), title: title.to_owned(), description }
    }

    fn one(&self, drawn: &mut Drawn) {
        let rows: Vec<&StepRow> = self.trend.rows.iter().collect();
        let parts = self.trend.parts.first();
        let finding = drawn.finding.clone();
        let names: Vec<String> = rows.iter().map(|row| row.step.clone()).collect();
        let counts: Vec<Option<f64>> = rows.iter().map(|row| row.count.map(|n| n as f64)).collect();
        let (what, step) = (&self.what, self.step.name());
        let changes = parts.and_then(|parts| parts.changes.as_ref());
        let levels = changes.map(|changes| levels(&rows, &changes.found)).unwrap_or_default();
        let said = match changes {
            Some(changes) if changes.undefined_reason.is_none() => changes_words(&changes.found),
            _ => String::new(),
        };
        let description = format!("{what} by {step}. {finding}. {said} The table lists every {step}.");
        let chart = Steps {
            words: self.words("steps", &finding, description),
            names: &names,
            counts: &counts,
            levels: &levels,
            unit: "records",
        };
        drawn.pictures.push(Picture { label: format!("Chart: {what} by {step}"), svg: series::steps(&chart) });
        if let Some(parts) = parts {
            self.fan(parts, &rows, drawn);
            self.panels(parts, drawn);
        }
        drawn.tables.push(steps_table(&format!("{what} by {step}"), &rows));
        drawn.tables.push(comparisons_table(&self.trend.comparisons));
        if let Some(parts) = parts {
            drawn.tables.extend(changes_table(parts));
            drawn.tables.extend(forecast_table(parts));
            drawn.tables.extend(parts_table(parts));
        }
    }

    fn fan(&self, parts: &Parts, rows: &[&StepRow], drawn: &mut Drawn) {
        let Some(forecast) = parts.forecast.as_ref().filter(|forecast| !forecast.steps.is_empty()) else { return };
        let first = forecast.steps[0].from;
        let known: Vec<&&StepRow> = rows.iter().filter(|row| row.from < first).collect();
        let known = &known[known.len().saturating_sub(3 * self.step.season().max(forecast.steps.len()))..];
        let names: Vec<String> =
            known.iter().map(|row| row.step.clone()).chain(forecast.steps.iter().map(|a| a.step.clone())).collect();
        let counts: Vec<Option<f64>> = known.iter().map(|row| row.count.map(|n| n as f64)).collect();
        let means: Vec<f64> = forecast.steps.iter().map(|ahead| ahead.mean).collect();
        let wide: Vec<(f64, f64)> = forecast.steps.iter().map(|ahead| (ahead.low_95, ahead.high_95)).collect();
        let narrow: Vec<(f64, f64)> = forecast.steps.iter().map(|ahead| (ahead.low_80, ahead.high_80)).collect();
        let Some(next) = forecast.steps.first() else { return };
        let title = format!(
            "{} expected in {}: {}, in four cases of five between {} and {}",
            self.what,
            next.step,
            format::decimal(next.mean, 0),
            format::decimal(next.low_80, 0),
            format::decimal(next.high_80, 0)
        );
        let description = format!(
            "Line chart of the last counts, and a fan of {} steps to come: the expected count, the band of 80 % and that of 95 %. {title}. The table lists every step.",
            forecast.steps.len()
        );
        let words = self.words("forecast", &title, description);
        let fan =
            Fan { words, names: &names, counts: &counts, means: &means, bands: [&wide, &narrow], unit: "records" };
        drawn.pictures.push(Picture { label: format!("Chart: {} expected", self.what), svg: series::fan(&fan) });
    }

    fn panels(&self, parts: &Parts, drawn: &mut Drawn) {
        let Some(found) = parts.decomposition.as_ref().filter(|found| !found.steps.is_empty()) else { return };
        let names: Vec<String> = found.steps.iter().map(|share| share.step.clone()).collect();
        let of = |value: &dyn Fn(usize) -> f64| (0..names.len()).map(|at| Some(value(at))).collect::<Vec<_>>();
        let seasons: Vec<String> = found.seasons.iter().map(|period| format!("Season of {period} steps")).collect();
        let mut panels = vec![
            Part { name: "Observed", values: of(&|at| found.steps[at].observed as f64), bars: false },
            Part { name: "Trend", values: of(&|at| found.steps[at].trend), bars: false },
        ];
        for (which, name) in seasons.iter().enumerate() {
            panels.push(Part { name, values: of(&|at| found.steps[at].seasonal[which]), bars: false });
        }
        panels.push(Part { name: "Remainder", values: of(&|at| found.steps[at].remainder), bars: true });
        let ends = found.steps.first().zip(found.steps.last());
        let title = ends.map_or_else(String::new, |(first, last)| {
            format!(
                "{} without its seasons: {} in {}, {} in {}",
                self.what,
                format::decimal(first.trend, 1),
                first.step,
                format::decimal(last.trend, 1),
                last.step
            )
        });
        let description = format!(
            "Panels under each other, each on its own scale: observed, trend, season and remainder of {} steps; they add up to what was observed. {title}. The table lists every step.",
            names.len()
        );
        let svg = series::panels(&self.words("parts", &title, description), &names, &panels);
        drawn.pictures.push(Picture { label: format!("Chart: {} taken apart", self.what), svg });
    }

    fn side_by_side(&self, drawn: &mut Drawn) -> Result<()> {
        let mut all: Vec<&[StepRow]> = self.trend.rows.chunk_by(|a, b| a.series == b.series).collect();
        let total = |rows: &[StepRow]| rows.iter().filter_map(|row| row.count).sum::<u64>();
        all.sort_by(|a, b| total(b).cmp(&total(a)).then_with(|| a[0].series.cmp(&b[0].series)));
        let left_out = all.len().saturating_sub(MOST_DRAWN);
        all.truncate(MOST_DRAWN);
        let names: Vec<String> =
            all.first().map(|rows| rows.iter().map(|row| row.step.clone()).collect()).unwrap_or_default();
        let changes: BTreeMap<&Option<String>, &Parts> = self.trend.parts.iter().map(|p| (&p.series, p)).collect();
        let small: Vec<Small> = all
            .iter()
            .map(|rows| {
                let series = &rows[0].series;
                let year = self.trend.comparisons.iter().find(|c| c.series == *series && c.what == "rolling_12");
                let found = changes.get(series).and_then(|parts| parts.changes.as_ref());
                let cuts = found.map_or(&[][..], |changes| &changes.found);
                Small {
                    name: series.clone().unwrap_or_default(),
                    note: year.and_then(|c| c.change_share).map_or_else(String::new, signed_share),
                    counts: rows.iter().map(|row| row.count.map(|n| n as f64)).collect(),
                    changes: cuts.iter().filter_map(|c| rows.iter().position(|row| row.from == c.from)).collect(),
                }
            })
            .collect();
        let (what, step) = (&self.what, self.step.name());
        let description = format!(
            "{} small charts of {what} by {step}, the fullest first, each on its own scale, with the change of twelve months at the right{}. {}. The tables list the figures.",
            small.len(),
            if self.trend.parts.iter().any(|p| p.changes.is_some()) {
                " and dashed lines where the level changed"
            } else {
                ""
            },
            drawn.finding
        );
        let svg = series::multiples(&self.words("series", &drawn.finding, description), &names, &small)?;
        drawn.pictures.push(Picture { label: format!("Charts: {what} by {step} and series"), svg });
        drawn.tables.push(comparisons_table(&self.trend.comparisons));
        drawn.tables.push(last_steps_table(&all, left_out));
        let of_many = self.trend.parts.iter();
        let many = |table: fn(&Parts) -> Option<Figures>| -> Option<Figures> {
            let mut tables = of_many.clone().filter_map(|parts| {
                let mut table = table(parts)?;
                let name = parts.series.clone().unwrap_or_default();
                table.rows.iter_mut().for_each(|row| row.insert(0, name.clone()));
                table.headers.insert(0, "Series".to_owned());
                Some(table)
            });
            let mut first = tables.next()?;
            first.rows.extend(tables.flat_map(|table| table.rows));
            Some(first)
        };
        drawn.tables.extend(many(changes_table));
        drawn.tables.extend(many(forecast_table));
        Ok(())
    }

    fn notes(&self, notes: &mut Vec<String>) {
        let step = self.step.name();
        notes.push(match self.step {
            Step::Day => "Island days.".to_owned(),
            Step::Week => "Whole ISO weeks, from Monday.".to_owned(),
            Step::Month => "Whole calendar months only.".to_owned(),
        });
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &self.trend.rows {
            if let Some(reason) = &row.undefined_reason {
                *reasons.entry(reason).or_default() += 1;
            }
        }
        for (reason, count) in reasons {
            notes.push(format!("No count for {count} {step}{}: {reason}.", if count == 1 { "" } else { "s" }));
        }
        let parts = self.trend.parts.iter();
        let undefined = parts.flat_map(|p| {
            [
                ("no decomposition", p.decomposition.as_ref().and_then(|d| d.undefined_reason.as_ref())),
                ("no forecast", p.forecast.as_ref().and_then(|f| f.undefined_reason.as_ref())),
                ("no changes looked for", p.changes.as_ref().and_then(|c| c.undefined_reason.as_ref())),
            ]
        });
        let mut said: Vec<String> =
            undefined.filter_map(|(what, why)| Some(format!("{}: {}.", capital(what), why?))).collect();
        said.sort();
        said.dedup();
        notes.extend(said);
        if self.trend.comparisons.iter().any(|c| c.p.is_some()) {
            notes.push(
                "p is exact for two counts of independent records over their days; counts of days and weekdays may differ from year to year."
                    .to_owned(),
            );
        }
        let only = self.trend.parts.first().filter(|parts| parts.series.is_none());
        if let Some(held) = only.and_then(|parts| parts.forecast.as_ref()?.held_out) {
            notes.push(format!(
                "A forecast of the last {} {step}s, made without them, was off by {} records a {step}; the {step} a season before, taken as a guess, by {}. {} of them lay within the 80 % limits, {} within the 95 %.",
                held.steps,
                format::decimal(held.mean_error, 1),
                format::decimal(held.mean_error_season_before, 1),
                held.within_80,
                held.within_95
            ));
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn signed_share(share: f64) -> String {
    let text = format::decimal(share * 100.0, 1);
    if share > 0.0 { format!("+{text} %") } else { format!("{text} %") }
}

fn shown(row: &StepRow) -> String {
    let hidden = row.undefined_reason.as_deref() == Some(crate::analysis::disclosure::SUPPRESSED);
    format::count_or(row.count, if hidden { format::SUPPRESSED } else { format::UNAVAILABLE })
}

/// The levels between changes, in records a step of average length, so that a level is a level.
fn levels(rows: &[&StepRow], found: &[LevelChange]) -> Vec<Level> {
    let bounds: Vec<usize> =
        found.iter().filter_map(|change| rows.iter().position(|row| row.from == change.from)).collect();
    let Some((first, at)) = found.first().zip(bounds.first()) else { return Vec::new() };
    let days = rows.iter().map(|row| f64::from(row.days)).sum::<f64>() / rows.len() as f64;
    // A gap before the first change ends its level.
    let begin = rows[..*at].iter().rposition(|row| row.count.is_none()).map_or(0, |gap| gap + 1);
    let end = rows.iter().rposition(|row| row.count.is_some()).map_or(0, |last| last + 1);
    let stretch = |from: usize, to: usize, per_day: f64, label: &str| Level {
        first: from,
        values: vec![per_day * days; to.saturating_sub(from)],
        label: label.to_owned(),
    };
    let mut out = vec![stretch(begin, *at, first.per_day_before, "")];
    for (change, (at, from)) in found.iter().zip(bounds.iter().enumerate()) {
        let to = bounds.get(at + 1).copied().unwrap_or(end);
        out.push(stretch(*from, to, change.per_day_after, &change.step));
    }
    out
}

/// `The level changed in 2017-06 (1.48 times, p 0.001).`
fn changes_words(found: &[LevelChange]) -> String {
    let said: Vec<String> = found
        .iter()
        .map(|change| {
            let times =
                change.ratio.map_or("from none".to_owned(), |ratio| format!("{} times", format::decimal(ratio, 2)));
            let p = change.p.map_or_else(String::new, |p| format!(", p {}", format::probability(p)));
            format!("in {} ({times}{p})", change.step)
        })
        .collect();
    if said.is_empty() {
        "No change of level was found.".to_owned()
    } else {
        format!("The level changed {}.", said.join(", "))
    }
}

fn steps_table(label: &str, rows: &[&StepRow]) -> Figures {
    let monthly = rows.iter().any(|row| row.year.is_some());
    let headers: &[&str] = if monthly {
        &["Month", "Count", "12 months", "Year before", "Change", "To date", "To date, year before"]
    } else {
        &["Step", "From", "Count"]
    };
    let note = "In the order of time. [c] is suppressed, [x] is not held.";
    let mut table = Figures::new(label, note, headers);
    table.rows = rows
        .iter()
        .map(|row| match &row.year {
            Some(year) => {
                let unless = if year.change == Change::Suppressed { format::SUPPRESSED } else { format::UNAVAILABLE };
                let count = |value: Option<u64>| format::count_or(value, unless);
                vec![
                    row.step.clone(),
                    shown(row),
                    count(year.rolling_12),
                    count(year.same_month_last_year),
                    year.change_share.map_or_else(|| unless.to_owned(), signed_share),
                    count(year.ytd),
                    count(year.ytd_last_year),
                ]
            }
            None => vec![row.step.clone(), date_in_words(row.from), shown(row)],
        })
        .collect();
    table
}

fn comparisons_table(comparisons: &[Comparison]) -> Figures {
    let many = comparisons.iter().any(|c| c.series.is_some());
    let mut headers = vec!["Span", "Count", "Days", "Year before", "Days", "Ratio of rates", "95 % limits", "p"];
    if many {
        headers.insert(0, "Series");
        headers.push("q");
    }
    let note = "Same days a year before. p is exact; q allows for the number of series.";
    let mut table = Figures::new("Against the year before", note, &headers);
    let number = |value: Option<f64>| value.map_or_else(|| format::UNAVAILABLE.to_owned(), |v| format::decimal(v, 2));
    let chance = |value: Option<f64>| value.map_or_else(|| format::UNAVAILABLE.to_owned(), format::probability);
    for c in comparisons {
        let unless = if c.change == Change::Suppressed { format::SUPPRESSED } else { format::UNAVAILABLE };
        let span = if c.what == "year_to_date" { "Year to" } else { "12 months to" };
        let mut row = vec![
            format!("{span} {}", date_in_words(c.now.to)),
            format::count_or(c.now.count, unless),
            c.now.days.to_string(),
            format::count_or(c.before.count, unless),
            c.before.days.to_string(),
            number(c.ratio),
            c.ratio_low.zip(c.ratio_high).map_or_else(
                || format::UNAVAILABLE.to_owned(),
                |(low, high)| format!("{} to {}", format::decimal(low, 2), format::decimal(high, 2)),
            ),
            chance(c.p),
        ];
        if many {
            row.insert(0, c.series.clone().unwrap_or_default());
            row.push(chance(c.q));
        }
        table.rows.push(row);
    }
    table
}

fn last_steps_table(all: &[&[StepRow]], left_out: usize) -> Figures {
    let steps: Vec<&str> =
        all.first().map(|rows| rows.iter().map(|row| row.step.as_str()).collect()).unwrap_or_default();
    let from = steps.len().saturating_sub(12);
    let headers: Vec<&str> = std::iter::once("Series").chain(steps[from..].iter().copied()).collect();
    let more = if left_out == 0 { String::new() } else { format!(" {left_out} smaller series are left out.") };
    let mut table =
        Figures::new("The last steps", &format!("The fullest series first; at most twelve steps.{more}"), &headers);
    for rows in all {
        let name = rows.first().and_then(|row| row.series.clone()).unwrap_or_default();
        table.rows.push(std::iter::once(name).chain(rows[from..].iter().map(shown)).collect());
    }
    table
}

fn changes_table(parts: &Parts) -> Option<Figures> {
    let changes = parts.changes.as_ref().filter(|changes| changes.undefined_reason.is_none())?;
    let note = format!(
        "In the order of time; at least {} steps apart; variance {} times the mean{}. p from 999 shuffles.",
        changes.least_steps,
        format::decimal(changes.dispersion, 1),
        if changes.season_taken_out { "; the season is taken out" } else { "" }
    );
    let headers = ["From", "A day before", "A day after", "Times", "p"];
    let mut table = Figures::new("Changes of level", &note, &headers);
    table.rows = changes
        .found
        .iter()
        .map(|change| {
            vec![
                change.step.clone(),
                format::decimal(change.per_day_before, 2),
                format::decimal(change.per_day_after, 2),
                change.ratio.map_or_else(|| format::UNAVAILABLE.to_owned(), |ratio| format::decimal(ratio, 2)),
                change.p.map_or_else(|| format::UNAVAILABLE.to_owned(), format::probability),
            ]
        })
        .collect();
    Some(table)
}

fn forecast_table(parts: &Parts) -> Option<Figures> {
    let forecast = parts.forecast.as_ref().filter(|forecast| !forecast.steps.is_empty())?;
    let note = format!("{} fitted to {} steps.", forecast.model.unwrap_or("A model"), forecast.fitted_steps);
    let headers = ["Step", "Expected", "80 % limits", "95 % limits"];
    let mut table = Figures::new("Expected", &note, &headers);
    let limits = |low: f64, high: f64| format!("{} to {}", format::decimal(low, 1), format::decimal(high, 1));
    let row = |a: &crate::analysis::trend::Ahead| {
        vec![a.step.clone(), format::decimal(a.mean, 1), limits(a.low_80, a.high_80), limits(a.low_95, a.high_95)]
    };
    table.rows = forecast.steps.iter().map(row).collect();
    Some(table)
}

fn parts_table(parts: &Parts) -> Option<Figures> {
    let found = parts.decomposition.as_ref().filter(|found| !found.steps.is_empty())?;
    let seasons: Vec<String> = found.seasons.iter().map(|period| format!("Season of {period}")).collect();
    let mut headers = vec!["Step", "Observed", "Trend"];
    headers.extend(seasons.iter().map(String::as_str));
    headers.push("Remainder");
    let note = if found.fixed {
        "The season has one shape for all years."
    } else {
        "The season may change from year to year."
    };
    let mut table = Figures::new("Taken apart", note, &headers);
    table.rows = found
        .steps
        .iter()
        .map(|share| {
            let mut row =
                vec![share.step.clone(), format::count_or(Some(share.observed), ""), format::decimal(share.trend, 1)];
            row.extend(share.seasonal.iter().map(|season| format::decimal(*season, 1)));
            row.push(format::decimal(share.remainder, 1));
            row
        })
        .collect();
    Some(table)
}
