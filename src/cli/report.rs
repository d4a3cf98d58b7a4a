//! `vigie report build`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::app::report;
use crate::error::Result;
use crate::model::time::parse_period_name;

#[derive(Subcommand)]
pub(super) enum Report {
    /// Write the report of a period as one accessible HTML file
    Build {
        /// authority or public
        #[arg(long, default_value = "authority")]
        edition: String,
        /// 2017-Q3, 2017 or 2017-05
        #[arg(long)]
        period: String,
        /// Folder to write
        #[arg(long)]
        out: PathBuf,
    },
}

impl Report {
    pub async fn run(self, context: &Context) -> Result<()> {
        let Report::Build { edition, period, out } = self;
        let app = context.app()?;
        let dates = parse_period_name(&period).map_err(|e| e.at("--period"))?;
        let built = report::build(&app, &context.who(&app)?, &edition, &period, dates, &out).await?;
        let path = built.path.display().to_string();
        context.output.answer(&json!({"report": path, "sha256": built.sha256, "kpis": built.kpis}), || {
            format!("report   {path}\nkpis     {}\nsha-256  {}", built.kpis, built.sha256)
        })
    }
}
