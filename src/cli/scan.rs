//! `vigie scan`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use crate::analysis::scan::Question;
use crate::app::pictures;
use crate::app::scan::{ScanAnswer, ask};
use crate::error::Result;
use crate::model::words::thousands;
use crate::render;
use crate::render::format::{decimal, probability};

#[derive(Args)]
pub(super) struct Scan {
    #[command(flatten)]
    selection: SelectionArgs,
    /// H3 resolution of the places; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// Largest radius of a cluster in metres
    #[arg(long, default_value_t = 1000.0)]
    max_radius: f64,
    /// Longest time of a cluster in days, at most half of the period
    #[arg(long, default_value_t = 28)]
    max_days: u32,
    /// Largest share of all records in a circle
    #[arg(long, default_value_t = 0.5)]
    max_share: f64,
    /// Only clusters that still go on at the end of the period
    #[arg(long)]
    alive: bool,
    /// Permutations of the days
    #[arg(long, default_value_t = 999)]
    permutations: u32,
    /// Seed of the permutations
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw the clusters on a map, to an .svg file
    #[arg(long)]
    plot: Option<PathBuf>,
}

impl Scan {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = Question {
            selection: self.selection.selection(&app)?,
            resolution: self.res.unwrap_or(app.config.resolution),
            max_radius_m: self.max_radius,
            max_days: self.max_days,
            max_share: self.max_share,
            alive: self.alive,
            permutations: self.permutations,
            seed: self.seed,
        };
        let plot = super::plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = plot {
            let base = pictures::base(&app, &answer.area)?;
            super::plot::write(path, &render::scan::svg("scan", &answer.scan, &answer.provenance, &base))?;
        }
        context.output.answer(&answer, || text(&answer))
    }
}

fn text(answer: &ScanAnswer) -> String {
    let number = |value: Option<f64>, places: usize| value.map_or("[c]".to_owned(), |value| decimal(value, places));
    let mut text = format!(
        "{:>4}  {:<14}{:<17}{:>9}{:>7}  {:<12}{:<12}{:>9}{:>10}{:>8}{:>8}{:>9}\n",
        "rank",
        "parish",
        "centre",
        "radius m",
        "cells",
        "from",
        "last day",
        "observed",
        "expected",
        "ratio",
        "LLR",
        "p"
    );
    for row in &answer.scan.rows {
        text.push_str(&format!(
            "{:>4}  {:<14}{:<17}{:>9}{:>7}  {:<12}{:<12}{:>9}{:>10}{:>8}{:>8}{:>9}\n",
            row.rank,
            row.parish.as_deref().unwrap_or("-"),
            row.cell.to_string(),
            decimal(row.radius_m, 0),
            row.cells.len(),
            row.from.to_string(),
            row.last_on.to_string(),
            row.observed.map_or("[c]".to_owned(), thousands),
            number(row.expected, 2),
            number(row.ratio, 1),
            number(row.llr, 2),
            row.p.map_or("-".to_owned(), probability)
        ));
    }
    let p = &answer.provenance;
    text.push_str(&format!("{}; {} records scanned", render::scan::finding(&answer.scan, p), p.counted()));
    for (reason, count) in &p.excluded {
        text.push_str(&format!("; {} left out: {}", thousands(*count), reason.replace('_', " ")));
    }
    text
}
