//! `vigie concentration`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use crate::analysis::concentration::Question;
use crate::app::concentration::{ConcentrationAnswer, ask};
use crate::app::place_pictures;
use crate::error::Result;
use crate::model::words::thousands;

#[derive(Args)]
pub(super) struct Concentration {
    #[command(flatten)]
    selection: SelectionArgs,
    /// H3 resolution; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// Draw the Lorenz curve into an .svg file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

impl Concentration {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = Question {
            selection: self.selection.selection(&app)?,
            resolution: self.res.unwrap_or(app.config.resolution),
        };
        let plot = super::plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = plot {
            super::plot::write(path, &place_pictures::lorenz_curve(&answer)?)?;
        }
        context.output.answer(&answer, || text(&answer))
    }
}

fn text(answer: &ConcentrationAnswer) -> String {
    let measure = &answer.measure;
    let count = |value: Option<u64>| value.map_or("[c]".to_owned(), thousands);
    let percent = |value: Option<f64>| value.map_or("[c]".to_owned(), |share| format!("{:.2}%", share * 100.0));
    let mut text = format!(
        "{:>8}{:>9}{:>13}{:>16}{:>15}{:>11}\n",
        "records", "cells", "of all cells", "of cells in use", "by chance", "they hold"
    );
    for row in &measure.rows {
        text.push_str(&format!(
            "{:>8}{:>9}{:>13}{:>16}{:>15}{:>11}\n",
            format!("{:.0}%", row.record_share * 100.0),
            count(row.cells),
            percent(row.cell_share),
            percent(row.occupied_share),
            percent(row.chance_cell_share),
            count(row.records)
        ));
    }
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |gini| format!("{gini:.3}"));
    text.push_str(&format!(
        "{} records in {} of {} cells; Gini {}, adjusted for few records {}",
        count(measure.records),
        count(measure.occupied),
        thousands(measure.cells),
        number(measure.gini),
        number(measure.gini_adjusted)
    ));
    if let Some(reason) = &measure.undefined_reason {
        text.push_str(&format!("; {reason}"));
    }
    text
}
