//! `vigie trend`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use crate::analysis::disclosure::SUPPRESSED;
use crate::analysis::trend::{Parts, Step, StepRow, Wanted};
use crate::app::pictures;
use crate::app::trend::{By, Question, TrendAnswer, ask};
use crate::error::Result;
use crate::model::words::thousands;
use crate::render::format::probability;
use crate::render::trend::comparison_words;

#[derive(Args)]
pub(super) struct Trend {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Length of a step: day, week (ISO, from Monday) or month
    #[arg(long, default_value = "month")]
    step: String,
    /// One series for each group, parish, vingtaine or beat
    #[arg(long)]
    by: Option<String>,
    /// Take the series apart: trend, season, remainder
    #[arg(long)]
    decompose: bool,
    /// Forecast so many steps, with 80 % and 95 % limits
    #[arg(long, value_name = "STEPS")]
    forecast: Option<usize>,
    /// Look for changes of level
    #[arg(long)]
    changes: bool,
    /// Seed of the shuffles behind the p of a change
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw to an .svg file; further pictures beside it as FILE-2.svg …
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

impl Trend {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let plot = super::plot::path(self.plot.as_ref())?;
        let (decompose, forecast, changes, seed) = (self.decompose, self.forecast, self.changes, self.seed);
        let question = Question {
            selection: self.selection.selection(&app)?,
            step: Step::parse(&self.step).map_err(|e| e.at("--step"))?,
            by: self.by.as_deref().map(By::parse).transpose().map_err(|e| e.at("--by"))?,
            wanted: Wanted { decompose, forecast, changes, seed },
        };
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = plot {
            for (at, picture) in pictures::trend(&answer)?.pictures.iter().enumerate() {
                let path = numbered(path, at);
                super::plot::write(&path, &picture.svg)?;
                context.output.remark(format!("{}: {}", path.display(), picture.label));
            }
        }
        context.output.answer(&answer, || text(&answer))
    }
}

/// `trend.svg`, `trend-2.svg`, …
fn numbered(path: &Path, at: usize) -> PathBuf {
    if at == 0 {
        return path.to_owned();
    }
    let part =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{}-{}.{}", part(path.file_stem()), at + 1, part(path.extension())))
}

fn text(answer: &TrendAnswer) -> String {
    let trend = &answer.trend;
    let mut text = String::new();
    if trend.rows.first().is_some_and(|row| row.series.is_some()) {
        many(answer, &mut text);
    } else {
        steps(&trend.rows, &mut text);
        for parts in &trend.parts {
            tell(parts, answer.step, &mut text);
        }
        for comparison in &trend.comparisons {
            text.push_str(&comparison_words(comparison));
            text.push('\n');
        }
    }
    text.push_str(&format!("{} records counted", thousands(answer.provenance.rows)));
    text
}

fn count(value: Option<u64>) -> String {
    value.map_or("-".to_owned(), thousands)
}

fn counted(row: &StepRow) -> String {
    let hidden = row.undefined_reason.as_deref() == Some(SUPPRESSED);
    row.count.map_or(if hidden { "[c]" } else { "[x]" }.to_owned(), thousands)
}

fn steps(rows: &[StepRow], text: &mut String) {
    if rows.iter().any(|row| row.year.is_some()) {
        text.push_str(&format!(
            "{:<9}{:>9}{:>12}{:>12}{:>9}{:>10}{:>12}\n",
            "month", "count", "12 months", "year before", "change", "to date", "year before"
        ));
    } else {
        text.push_str(&format!("{:<12}{:<12}{:>9}\n", "step", "from", "count"));
    }
    for row in rows {
        match &row.year {
            Some(year) => text.push_str(&format!(
                "{:<9}{:>9}{:>12}{:>12}{:>9}{:>10}{:>12}",
                row.step,
                counted(row),
                count(year.rolling_12),
                count(year.same_month_last_year),
                year.change_share.map_or("-".to_owned(), |share| format!("{:+.1} %", share * 100.0)),
                count(year.ytd),
                count(year.ytd_last_year)
            )),
            None => text.push_str(&format!("{:<12}{:<12}{:>9}", row.step, row.from.to_string(), counted(row))),
        }
        if let Some(reason) = &row.undefined_reason {
            text.push_str(&format!("  {reason}"));
        }
        text.push('\n');
    }
}

fn tell(parts: &Parts, step: Step, text: &mut String) {
    if let Some(found) = &parts.decomposition {
        text.push('\n');
        if let Some(reason) = &found.undefined_reason {
            text.push_str(&format!("not taken apart: {reason}\n"));
        } else {
            let seasons: String =
                found.seasons.iter().map(|period| format!("{:>12}", format!("season {period}"))).collect();
            text.push_str(&format!("{:<12}{:>9}{:>10}{seasons}{:>11}\n", "step", "observed", "trend", "remainder"));
            for share in &found.steps {
                let seasons: String = share.seasonal.iter().map(|season| format!("{season:>12.1}")).collect();
                text.push_str(&format!(
                    "{:<12}{:>9}{:>10.1}{seasons}{:>11.1}\n",
                    share.step,
                    thousands(share.observed),
                    share.trend,
                    share.remainder
                ));
            }
        }
    }
    if let Some(changes) = &parts.changes {
        text.push('\n');
        match &changes.undefined_reason {
            Some(reason) => text.push_str(&format!("no changes looked for: {reason}\n")),
            None if changes.found.is_empty() => text.push_str("no change of level found\n"),
            None => {
                text.push_str(&format!(
                    "{:<12}{:>14}{:>14}{:>8}{:>8}\n",
                    "change", "a day before", "a day after", "times", "p"
                ));
                for change in &changes.found {
                    text.push_str(&format!(
                        "{:<12}{:>14.2}{:>14.2}{:>8}{:>8}\n",
                        change.step,
                        change.per_day_before,
                        change.per_day_after,
                        change.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
                        change.p.map_or("-".to_owned(), |p| format!("{p:.3}"))
                    ));
                }
            }
        }
    }
    if let Some(forecast) = &parts.forecast {
        text.push('\n');
        if let Some(reason) = &forecast.undefined_reason {
            text.push_str(&format!("no forecast: {reason}\n"));
            return;
        }
        text.push_str(&format!(
            "{:<12}{:>9}{:>18}{:>18}   {} of {} steps\n",
            "forecast",
            "expected",
            "80 %",
            "95 %",
            forecast.model.unwrap_or_default(),
            forecast.fitted_steps
        ));
        for a in &forecast.steps {
            let limits = |low: f64, high: f64| format!("{low:.1} to {high:.1}");
            text.push_str(&format!(
                "{:<12}{:>9.1}{:>18}{:>18}\n",
                a.step,
                a.mean,
                limits(a.low_80, a.high_80),
                limits(a.low_95, a.high_95)
            ));
        }
        if let Some(held) = forecast.held_out {
            text.push_str(&format!(
                "the last {} {}s, forecast without them: off by {:.1} a {}, a season before as a guess by {:.1}; {} within 80 %, {} within 95 %\n",
                held.steps, step.name(), held.mean_error, step.name(), held.mean_error_season_before, held.within_80, held.within_95
            ));
        }
    }
}

/// One line a series.
fn many(answer: &TrendAnswer, text: &mut String) {
    let trend = &answer.trend;
    text.push_str(&format!(
        "{:<34}{:>9}{:>12}{:>12}{:>9}{:>9}{:>9}\n",
        "series", "counted", "12 months", "year before", "change", "p", "q"
    ));
    let number = |value: Option<f64>| value.map_or("-".to_owned(), probability);
    for rows in trend.rows.chunk_by(|a, b| a.series == b.series) {
        let series = &rows[0].series;
        let total: Option<u64> =
            rows.iter().any(|row| row.count.is_some()).then(|| rows.iter().filter_map(|row| row.count).sum());
        let year = trend.comparisons.iter().find(|c| c.series == *series && c.what == "rolling_12");
        text.push_str(&format!(
            "{:<34}{:>9}{:>12}{:>12}{:>9}{:>9}{:>9}\n",
            series.as_deref().unwrap_or_default(),
            count(total),
            count(year.and_then(|c| c.now.count)),
            count(year.and_then(|c| c.before.count)),
            year.and_then(|c| c.change_share).map_or("-".to_owned(), |share| format!("{:+.1} %", share * 100.0)),
            number(year.and_then(|c| c.p)),
            number(year.and_then(|c| c.q))
        ));
    }
    for parts in &trend.parts {
        let name = parts.series.as_deref().unwrap_or_default();
        for change in parts.changes.iter().flat_map(|changes| &changes.found) {
            let times = change.ratio.map_or("from none".to_owned(), |ratio| format!("{ratio:.2} times"));
            text.push_str(&format!("{name}: level changed in {}, {times}, p {}\n", change.step, number(change.p)));
        }
        if let Some(next) = parts.forecast.as_ref().and_then(|forecast| forecast.steps.first()) {
            text.push_str(&format!(
                "{name}: {} expected {:.1}, 80 % {:.1} to {:.1}\n",
                next.step, next.mean, next.low_80, next.high_80
            ));
        }
    }
    text.push_str(&format!("all steps with --json; a step is a {}\n", answer.step.name()));
}
