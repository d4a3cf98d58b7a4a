//! `vigie evaluate`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::date::{DateRange, days};
use crate::analysis::evaluate::{Method, Part, Question, Row, percent};
use crate::analysis::selection::Selection;
use crate::app::App;
use crate::app::evaluate::{EvaluationAnswer, ask};
use crate::error::{Error, Result};
use crate::model::words::thousands;
use crate::render::evaluation;

#[derive(Args)]
pub(super) struct Evaluate {
    /// crimes, incidents, stops, offences, collisions, `anpr_reads` or pings
    #[arg(long, default_value = "crimes")]
    dataset: String,
    /// One group of the dataset, such as burglary
    #[arg(long)]
    group: Option<String>,
    /// The days of the test; what methods look back on lies before them
    #[command(flatten)]
    dates: DateRange,
    /// Bands of the day, each tested by itself: all, day, night, nte or a band such as 22:00-04:00
    #[arg(long, default_value = "all", value_delimiter = ',')]
    daypart: Vec<String>,
    /// Methods: all, or names with commas; the baselines are always among them
    #[arg(long, default_value = "all")]
    methods: String,
    /// How far methods look back, such as 365d or 104w
    #[arg(long, default_value = "730d")]
    train: String,
    /// How far ahead they look, such as 7d or 4w
    #[arg(long, default_value = "7d")]
    horizon: String,
    /// From one origin to the next; without it the horizon
    #[arg(long)]
    step: Option<String>,
    /// How old a recording must be before a method may use it, such as 2d
    #[arg(long, default_value = "0d")]
    embargo: String,
    /// Shares of the area that are chosen
    #[arg(long, default_value = "0.01,0.02,0.05,0.1", value_delimiter = ',')]
    coverage: Vec<f64>,
    /// H3 resolution; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// Seed of the random order and of the intervals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw the first daypart's curve to an .svg file
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Do not keep the scores for the maps of the store
    #[arg(long)]
    no_keep: bool,
}

impl Evaluate {
    fn question(&self, app: &App) -> Result<Question> {
        let dayparts = self.daypart.iter().map(|name| match name.as_str() {
            "all" => Ok(None),
            name => app.config.daypart(name).map(Some).map_err(|e| e.at("--daypart")),
        });
        let selection = Selection {
            dataset: self.dataset.clone(),
            group: self.group.clone(),
            period: self.dates.period()?,
            daypart: None,
        };
        let horizon_days = days("--horizon", &self.horizon)?;
        let mut coverages = self.coverage.clone();
        coverages.sort_by(f64::total_cmp);
        Ok(Question {
            selection,
            dayparts: dayparts.collect::<Result<Vec<_>>>()?,
            resolution: self.res.unwrap_or(app.config.resolution),
            methods: Method::parse_list(&self.methods).map_err(|e| e.at("--methods"))?,
            train_days: days("--train", &self.train)?,
            horizon_days,
            step_days: self.step.as_deref().map_or(Ok(horizon_days), |step| days("--step", step))?,
            embargo_days: days("--embargo", &self.embargo)?,
            coverages,
            seed: self.seed,
        })
    }

    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = self.question(&app)?;
        let plot = super::plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question, !self.no_keep).await?;
        if let Some(path) = plot {
            let drawn = evaluation::draw(&answer.evaluation, answer.headline)?;
            let picture = drawn.pictures.first();
            let picture = picture.ok_or_else(|| Error::data("there is nothing to draw: no window holds a record"))?;
            super::plot::write(path, &picture.svg)?;
        }
        context.output.answer(&answer, || text(&answer))
    }
}

fn text(answer: &EvaluationAnswer) -> String {
    let mut text = String::new();
    for part in &answer.evaluation.dayparts {
        text.push_str(&format!(
            "{}: {} windows, {} records ({} windows without); {:.0} records not yet known at an origin; history of {} days \
             at the first\n",
            part.daypart,
            part.windows,
            thousands(part.events),
            part.empty_windows,
            part.not_yet_recorded,
            part.first_history_days
        ));
        text.push_str(&table(answer, part));
        text.push_str(&format!("picked: {}: {}\n", part.best.name(), part.why));
        text.push_str(&format!("{}\n\n", evaluation::finding(&answer.evaluation, part, answer.headline)));
    }
    text.push_str(&format!(
        "{} records counted; hit: % of records caught; PAI: over the share of the area; gain: PAI less that of {}, 95 % interval",
        thousands(answer.provenance.rows),
        Method::BASELINE.name()
    ));
    if answer.kept {
        text.push_str("\nkept: `vigie hotspots` of these records now says how good its method is");
    }
    text
}

/// One line a method, best at the headline coverage first; a block of columns a coverage.
fn table(answer: &EvaluationAnswer, part: &Part) -> String {
    let rows = &answer.evaluation;
    let mut coverages: Vec<f64> = rows.rows.iter().map(|row| row.coverage).collect();
    coverages.sort_by(f64::total_cmp);
    coverages.dedup_by(|a, b| a.total_cmp(b).is_eq());
    let of = |method: Method, coverage: f64| rows.row(method, &part.daypart, coverage);
    let mut methods: Vec<Method> =
        Method::ALL.into_iter().filter(|method| of(*method, answer.headline).is_some()).collect();
    let pai = |method: Method| of(method, answer.headline).and_then(|row| row.pai).unwrap_or(0.0);
    methods.sort_by(|a, b| pai(*b).total_cmp(&pai(*a)).then(a.cmp(b)));
    let mut text = format!("{:<14}", "method");
    for coverage in &coverages {
        text.push_str(&format!("{:>32}", format!("{} %: hit   PAI  gain", percent(*coverage))));
    }
    text.push('\n');
    for method in methods {
        text.push_str(&format!("{:<14}", method.name()));
        for coverage in &coverages {
            text.push_str(&format!("{:>32}", of(method, *coverage).map_or_else(|| "-".to_owned(), cell)));
        }
        text.push('\n');
    }
    text
}

fn cell(row: &Row) -> String {
    let number = |value: Option<f64>, places: usize| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.places$}"));
    let gain = match (row.gain_low, row.gain_high) {
        (Some(low), Some(high)) => format!("[{low:+.2},{high:+.2}]"),
        _ => "baseline".to_owned(),
    };
    format!("{:>5} {:>6} {gain:>15}", number(row.hit_rate.map(|rate| rate * 100.0), 1), number(row.pai, 2))
}
