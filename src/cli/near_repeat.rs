//! `vigie near-repeat`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use crate::analysis::near_repeat::{BandRow, Question, parse_metric};
use crate::app::near_repeat::{NearRepeatAnswer, ask};
use crate::error::Result;
use crate::model::words::thousands;
use crate::render;
use crate::render::format::{decimal, probability};

#[derive(Args)]
pub(super) struct NearRepeat {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Edges of the bands of distance in metres; the first band is the same place
    #[arg(long, value_delimiter = ',', default_value = "0,1,100,200,300,400,500")]
    space_bands: Vec<f64>,
    /// Edges of the bands of time in days; the first band is the same day
    #[arg(long, value_delimiter = ',', default_value = "0,1,7,14,21,28")]
    time_bands: Vec<f64>,
    /// euclidean or manhattan
    #[arg(long, default_value = "euclidean")]
    metric: String,
    /// Permutations of the times
    #[arg(long, default_value_t = 999)]
    permutations: u32,
    /// Seed of the permutations
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A near repeat is under so many metres from an earlier event
    #[arg(long, default_value_t = 200.0)]
    near_m: f64,
    /// and under so many days after it; 1 is the same day
    #[arg(long, default_value_t = 14)]
    near_days: u32,
    /// H3 resolution of the counts of classes by cell (in --json); vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// Draw the table to an .svg file
    #[arg(long)]
    plot: Option<PathBuf>,
}

impl NearRepeat {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = Question {
            selection: self.selection.selection(&app)?,
            space_bands: self.space_bands,
            time_bands: self.time_bands,
            metric: parse_metric(&self.metric)?,
            permutations: self.permutations,
            seed: self.seed,
            near_m: self.near_m,
            near_days: self.near_days,
            resolution: self.res.unwrap_or(app.config.resolution),
        };
        let plot = super::plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = plot {
            let svg = render::near_repeat::svg("near-repeat", &answer.table, &answer.provenance);
            super::plot::write(path, &svg)?;
        }
        context.output.answer(&answer, || text(&answer, &question))
    }
}

fn text(answer: &NearRepeatAnswer, question: &Question) -> String {
    let mut text = format!(
        "{:<25}{:<22}{:>13}{:>15}{:>9}{:>15}{:>9}\n",
        "distance", "time apart", "pairs", "expected", "ratio", "permuted mean", "p"
    );
    for row in &answer.table.rows {
        text.push_str(&line(row));
    }
    text.push_str(&format!(
        "* p at most 0.05 and ratio at least 1.20: {} of {} cells\n\n",
        answer.table.highlighted().len(),
        answer.table.rows.len()
    ));
    text.push_str(&format!(
        "near is under {} m and {} days after an earlier event\n",
        question.near_m, question.near_days
    ));
    for (name, count) in render::near_repeat::class_lines(&answer.table) {
        text.push_str(&format!("{name:<42}{count:>9}\n"));
    }
    let p = &answer.provenance;
    text.push_str(&format!("\n{}; {} records paired", render::near_repeat::finding(&answer.table, p), p.counted()));
    for (reason, count) in &p.excluded {
        text.push_str(&format!("; {} left out: {}", thousands(*count), reason.replace('_', " ")));
    }
    text
}

fn line(row: &BandRow) -> String {
    let number = |value: Option<f64>, places: usize| value.map_or("-".to_owned(), |value| decimal(value, places));
    format!(
        "{:<25}{:<22}{:>13}{:>15}{:>9}{:>15}{:>9}{}\n",
        row.space,
        row.time,
        row.observed.map_or("[c]".to_owned(), thousands),
        number(row.expected, 1),
        number(row.ratio, 2),
        number(row.simulated_mean, 1),
        row.p.map_or("-".to_owned(), probability),
        if row.highlighted { " *" } else { "" }
    )
}
