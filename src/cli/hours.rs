//! `vigie hours`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use super::{answer_file, plot};
use crate::analysis::hours::WEEKDAYS;
use crate::app::hours::{HoursAnswer, ask};
use crate::error::Result;
use crate::model::words::thousands;
use crate::render;

#[derive(Args)]
pub(super) struct Hours {
    #[command(flatten)]
    selection: SelectionArgs,
    /// Write the 168 hours to a file: .csv, .parquet or .json
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw the heat map to an .svg file
    #[arg(long)]
    plot: Option<PathBuf>,
}

impl Hours {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let selection = self.selection.selection(&app)?;
        let plot = plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &selection).await?;
        if let Some(path) = plot {
            let svg = render::hours::svg("hours", &answer.hours, &answer.provenance);
            plot::write(path, &svg)?;
        }
        let Some(path) = &self.out else {
            return context.output.answer(&answer, || text(&answer));
        };
        answer_file::write(path, &answer, &render::hours::table(&answer.hours)?, None)?;
        context.output.remark(summary(&answer));
        Ok(())
    }
}

/// Hours down, weekdays across.
fn text(answer: &HoursAnswer) -> String {
    let hours = &answer.hours;
    let number = |value: Option<f64>| value.map_or("[c]".to_owned(), |v| format!("{v:.1}"));
    let mut text = format!("{:<7}", "hour");
    for day in WEEKDAYS {
        text.push_str(&format!("{day:>11}"));
    }
    text.push_str(&format!("{:>11}\n", "all"));
    for hour in 0..24_u8 {
        text.push_str(&format!("{:<7}", format!("{hour:02}:00")));
        for row in hours.rows.iter().filter(|row| row.hour == hour) {
            text.push_str(&format!("{:>11}", number(row.expected)));
        }
        text.push_str(&format!("{:>11}\n", number(hours.of_hour(hour))));
    }
    text.push_str(&format!("{:<7}", "all"));
    for day in 0..7 {
        text.push_str(&format!("{:>11}", number(hours.of_weekday(day))));
    }
    text.push_str(&format!("{:>11}\n", number(hours.rows.iter().map(|row| row.expected).sum())));
    text.push_str(&summary(answer));
    text
}

fn summary(answer: &HoursAnswer) -> String {
    let p = &answer.provenance;
    let mut text = render::hours::finding(&answer.hours, p);
    if let Some(rules) = &answer.hours.rules {
        text.push_str(&format!(
            "\n{} records counted: {} lie in one hour, {} shared out, {} longer than 7 days (the same for every hour); \
             {} without an end, {} reversed; {} without a beginning left out",
            thousands(p.rows),
            thousands(rules.certain),
            thousands(rules.shared),
            thousands(rules.uniform),
            thousands(rules.without_end),
            thousands(rules.reversed),
            thousands(rules.without_start)
        ));
    }
    text
}
