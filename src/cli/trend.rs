//! `vigie trend`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use crate::app::trend::{Question, TrendAnswer, ask};
use crate::error::{Error, Result};
use crate::model::words::thousands;

#[derive(Args)]
pub(super) struct Trend {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Draw the series to an .svg file
    #[arg(long)]
    plot: Option<PathBuf>,
}

impl Trend {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = Question { selection: self.selection.selection(&app)? };
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = &self.plot {
            if path.extension().is_none_or(|e| e != "svg") {
                return Err(Error::input("the picture must end in .svg").at("--plot"));
            }
            super::sql::write_file(path, crate::app::pictures::trend_chart(&answer)?.as_bytes())?;
        }
        context.output.answer(&answer, || text(&answer))
    }
}

fn text(answer: &TrendAnswer) -> String {
    let count = |value: Option<u64>| value.map_or("-".to_owned(), thousands);
    let mut text = format!(
        "{:<9}{:>9}{:>12}{:>12}{:>9}{:>10}{:>12}\n",
        "month", "count", "12 months", "year before", "change", "to date", "year before"
    );
    for row in answer.rows.iter() {
        text.push_str(&format!(
            "{:<9}{:>9}{:>12}{:>12}{:>9}{:>10}{:>12}\n",
            row.month,
            count(row.count),
            count(row.rolling_12),
            count(row.same_month_last_year),
            row.change_share.map_or("-".to_owned(), |share| format!("{:+.1} %", share * 100.0)),
            count(row.ytd),
            count(row.ytd_last_year)
        ));
    }
    text.push_str(&format!("{} records counted", thousands(answer.provenance.rows)));
    text
}
