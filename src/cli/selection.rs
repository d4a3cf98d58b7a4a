//! The arguments that say which records a question is about.

use clap::Args;

use super::date::DateRange;
use crate::analysis::selection::Selection;
use crate::app::App;
use crate::error::Result;

#[derive(Args, Clone)]
pub(super) struct SelectionArgs {
    /// crimes, incidents, stops, offences, collisions, `anpr_reads` or pings
    #[arg(long, default_value = "crimes")]
    dataset: String,
    /// One group of the dataset, such as burglary
    #[arg(long)]
    group: Option<String>,
    #[command(flatten)]
    dates: DateRange,
    /// day, night, nte or a band such as 22:00-04:00
    #[arg(long)]
    daypart: Option<String>,
}

impl SelectionArgs {
    pub fn selection(&self, app: &App) -> Result<Selection> {
        let daypart = self.daypart.as_deref().map(|name| app.config.daypart(name)).transpose();
        Ok(Selection {
            dataset: self.dataset.clone(),
            group: self.group.clone(),
            period: self.dates.period()?,
            daypart: daypart.map_err(|e| e.at("--daypart"))?,
        })
    }
}
