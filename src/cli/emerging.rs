//! `vigie emerging`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use super::{answer_file, plot};
use crate::analysis::emerging::{Definition, Question, parse_window};
use crate::analysis::steps::StepLength;
use crate::app::App;
use crate::app::emerging::{EmergingAnswer, ask};
use crate::error::Result;
use crate::model::words::thousands;
use crate::render;

#[derive(Args)]
pub(super) struct Emerging {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Length of a step: week, month, or days such as 7d or 28d
    #[arg(long, default_value = "28d")]
    step: String,
    /// Only so many steps, the last ones of the period; at least 10
    #[arg(long)]
    steps: Option<usize>,
    /// esri-3, esri-2 or sfhotspot
    #[arg(long, default_value = "esri-3")]
    definition: String,
    /// Steps before a step that belong to its neighbourhood; 1 unless the definition says otherwise
    #[arg(long)]
    neighbour_steps: Option<usize>,
    /// What a neighbourhood is compared with: cube, neighbourhood or step
    #[arg(long)]
    window: Option<String>,
    /// Level of q for hot and cold, and of p for a trend
    #[arg(long, default_value_t = 0.05)]
    alpha: f64,
    /// H3 resolution; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// Write every cell to a file: .csv, .geojson, .parquet or .json
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw the map to an .svg file
    #[arg(long)]
    plot: Option<PathBuf>,
}

impl Emerging {
    fn question(&self, app: &App) -> Result<Question> {
        let definition = Definition::parse(&self.definition).map_err(|e| e.at("--definition"))?;
        let step = StepLength::parse(&self.step).map_err(|e| e.at("--step"))?;
        let resolution = self.res.unwrap_or(app.config.resolution);
        let mut question = Question::usual(self.selection.selection(app)?, resolution, step, definition);
        question.steps = self.steps;
        question.alpha = self.alpha;
        if let Some(steps) = self.neighbour_steps {
            question.neighbour_steps = steps;
        }
        if let Some(window) = &self.window {
            question.window = parse_window(window).map_err(|e| e.at("--window"))?;
        }
        Ok(question)
    }

    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = self.question(&app)?;
        let plot = plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = plot {
            let drawn = crate::app::pictures::emerging(&app, &answer)?;
            plot::write(path, &drawn.pictures[0].svg)?;
        }
        let Some(path) = &self.out else {
            return context.output.answer(&answer, || text(&answer));
        };
        let cells = || render::geojson::emerging(&answer.map, &answer.provenance);
        answer_file::write(path, &answer, &render::emerging::table(&answer.map)?, Some(&cells))?;
        context.output.remark(summary(&answer));
        Ok(())
    }
}

/// The cells with a category.
fn text(answer: &EmergingAnswer) -> String {
    let number = |value: Option<f64>, places: usize| value.map_or("-".to_owned(), |v| format!("{v:.places$}"));
    let rows = answer.map.notable();
    let mut text = format!(
        "{:<17}{:<14}{:<18}{:>8}{:>5}{:>6}{:>9}{:>8}{:>9}  why\n",
        "cell", "parish", "category", "count", "hot", "cold", "trend z", "p", "slope"
    );
    for row in rows.iter().take(40) {
        text.push_str(&format!(
            "{:<17}{:<14}{:<18}{:>8}{:>5}{:>6}{:>9}{:>8}{:>9}  {}\n",
            row.cell.to_string(),
            row.parish.as_deref().unwrap_or("-"),
            row.category.words(),
            row.count.map_or("[c]".to_owned(), thousands),
            row.hot_steps,
            row.cold_steps,
            number(row.trend_z, 2),
            number(row.trend_p, 3),
            number(row.sen_slope, 3),
            row.why
        ));
    }
    if rows.len() > 40 {
        text.push_str(&format!("… and {} more; all with --json or --out FILE\n", rows.len() - 40));
    }
    let mut counts: Vec<(String, usize)> = Vec::new();
    for row in &rows {
        let words = row.category.words();
        match counts.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => counts.push((words, 1)),
        }
    }
    for (words, count) in &counts {
        text.push_str(&format!("{words:<18}{count:>6}\n"));
    }
    text.push_str(&summary(answer));
    text
}

fn summary(answer: &EmergingAnswer) -> String {
    let p = &answer.provenance;
    let mut text = format!(
        "{} cells of {}; {}; {} records counted; definition {}",
        thousands(p.cells.unwrap_or(0)),
        p.study_area.as_deref().unwrap_or("the study area"),
        render::emerging::steps(p),
        p.counted(),
        p.parameters.get("definition_version").map_or("", String::as_str)
    );
    for (reason, count) in &p.excluded {
        text.push_str(&format!("; {} left out: {}", thousands(*count), reason.replace('_', " ")));
    }
    if let Some(reason) = &p.undefined_reason {
        text.push_str(&format!("; no category: {reason}"));
    }
    for caution in render::emerging::cautions(&answer.map) {
        text.push('\n');
        text.push_str(&caution);
    }
    text
}
