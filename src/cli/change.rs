//! `vigie change`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Context;
use super::date::date;
use super::selection::SelectionArgs;
use super::{answer_file, plot};
use crate::analysis::change::{By, ChangeRow, Question, Test};
use crate::app::App;
use crate::app::change::{ChangeAnswer, ask};
use crate::error::{Error, Result};
use crate::model::time::Period;
use crate::model::words::thousands;
use crate::render;

#[derive(Args)]
pub(super) struct Change {
    #[command(flatten)]
    selection: SelectionArgs,
    /// First day of the period before; without it, as long directly before the period
    #[arg(long, requires = "before_to")]
    before_from: Option<String>,
    /// The day after the last of the period before
    #[arg(long, requires = "before_from")]
    before_to: Option<String>,
    /// Compare cells or parishes
    #[arg(long, value_enum, default_value_t = Places::Cell)]
    by: Places,
    /// exact (conditional binomial) or e-test
    #[arg(long, default_value = "exact")]
    test: String,
    /// Level of q at which a place has changed
    #[arg(long, default_value_t = 0.05)]
    alpha: f64,
    /// H3 resolution; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// Write every place to a file: .csv, .geojson (cells only), .parquet or .json
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw the map to an .svg file; cells only
    #[arg(long)]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Places {
    Cell,
    Parish,
}

impl Change {
    fn question(&self, app: &App) -> Result<Question> {
        let selection = self.selection.selection(app)?;
        let before = match (&self.before_from, &self.before_to) {
            (Some(from), Some(to)) => Period::new(date("--before-from", from)?, date("--before-to", to)?)?,
            _ => Question::usual_before(selection.period),
        };
        let by = match self.by {
            Places::Cell => By::Cell(self.res.unwrap_or(app.config.resolution)),
            Places::Parish => By::Parish,
        };
        let test = Test::parse(&self.test).map_err(|e| e.at("--test"))?;
        Ok(Question { selection, before, by, test, alpha: self.alpha })
    }

    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = self.question(&app)?;
        if self.plot.is_some() && question.by == By::Parish {
            return Err(Error::input("a map of change is one of cells: leave --by parish out").at("--plot"));
        }
        let plot = plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = plot {
            let drawn = crate::app::pictures::change(&app, &answer)?;
            plot::write(path, &drawn.pictures[0].svg)?;
        }
        let Some(path) = &self.out else {
            return context.output.answer(&answer, || text(&answer));
        };
        let cells = || render::geojson::change(&answer.map, &answer.provenance).map_err(|e| e.at("--out"));
        answer_file::write(path, &answer, &render::change::table(&answer.map)?, Some(&cells))?;
        context.output.remark(summary(&answer));
        Ok(())
    }
}

/// The places that changed; of parishes all.
fn text(answer: &ChangeAnswer) -> String {
    let parishes = answer.area.is_none();
    let rows: Vec<&ChangeRow> = if parishes { answer.map.rows.iter().collect() } else { answer.map.changed() };
    let mut text = format!(
        "{:<17}{:<14}{:>9}{:>9}{:>12}{:>11}{:>11}  says\n",
        if parishes { "parish" } else { "cell" },
        if parishes { "" } else { "parish" },
        "before",
        "now",
        "change",
        "p",
        "q"
    );
    for row in rows.iter().take(40) {
        let parish = row.place.parish.as_deref().unwrap_or("-");
        match row.place.cell {
            Some(cell) => text.push_str(&line(&cell.to_string(), parish, row)),
            None => text.push_str(&line(parish, "", row)),
        }
    }
    if rows.len() > 40 {
        text.push_str(&format!("… and {} more; all with --json or --out FILE\n", rows.len() - 40));
    }
    text.push_str(&line("all together", "", &answer.map.total));
    text.push_str(&summary(answer));
    text
}

fn line(name: &str, parish: &str, row: &ChangeRow) -> String {
    let count = |value: Option<u64>| value.map_or("[c]".to_owned(), thousands);
    let probability = |value: Option<f64>| match value {
        Some(p) if p < 0.000_001 => "<0.000001".to_owned(),
        Some(p) => format!("{p:.6}"),
        None => "-".to_owned(),
    };
    format!(
        "{name:<17}{parish:<14}{:>9}{:>9}{:>12}{:>11}{:>11}  {}\n",
        count(row.before),
        count(row.now),
        render::change::share(row),
        probability(row.p),
        probability(row.q),
        row.verdict.words()
    )
}

fn summary(answer: &ChangeAnswer) -> String {
    let p = &answer.provenance;
    let mut text = render::change::finding(&answer.map, p);
    for (reason, count) in &p.excluded {
        text.push_str(&format!("; {} left out: {}", thousands(*count), reason.replace('_', " ")));
    }
    for note in &answer.notes {
        text.push_str(&format!("\nNote: {note}"));
    }
    text
}
