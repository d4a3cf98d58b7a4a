//! `vigie kpi list|run`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::app::kpi;
use crate::error::{Error, Result};
use crate::model::time::{Period, parse_date, parse_period_name};

#[derive(Subcommand)]
pub(super) enum Kpi {
    /// The measures and their definitions
    List,
    /// Their values by month, with limits and targets
    Run {
        /// Ids; without any, all of them
        ids: Vec<String>,
        /// 2017, 2017-Q3 or 2017-05; without dates the last twelve whole months of the data
        #[arg(long, conflicts_with_all = ["from", "to"])]
        period: Option<String>,
        /// First day of the first month
        #[arg(long, requires = "to")]
        from: Option<String>,
        /// The day after the last month
        #[arg(long, requires = "from")]
        to: Option<String>,
        /// Draw one measure to an .svg file
        #[arg(long)]
        plot: Option<PathBuf>,
    },
}

impl Kpi {
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Kpi::List => {
                let list = kpi::list()?;
                context.output.answer(&list, || {
                    list.iter().map(|k| format!("{:<6}{:<44}{}\n", k.measure, k.id, k.title)).collect()
                })
            }
            Kpi::Run { ids, period, from, to, plot } => {
                let app = context.app()?;
                let who = context.who(&app)?;
                let period = match (period, from, to) {
                    (Some(name), ..) => parse_period_name(&name).map_err(|e| e.at("--period"))?,
                    (None, Some(from), Some(to)) => Period::new(
                        parse_date(&from).map_err(|e| e.at("--from"))?,
                        parse_date(&to).map_err(|e| e.at("--to"))?,
                    )?,
                    _ => kpi::default_period(&app, &who).await?,
                };
                let ids = (!ids.is_empty()).then_some(ids);
                let run = kpi::run(&app, &who, period, ids.as_deref()).await?;
                if let Some(path) = &plot {
                    let [measure] = run.measures.as_slice() else {
                        return Err(Error::input("name one measure to draw").at("--plot"));
                    };
                    super::sql::write_file(path, kpi::chart(&run, &measure.kpi.id)?.as_bytes())?;
                }
                let rows: Vec<_> = run.rows().collect();
                let warnings: Vec<_> = run.warnings().collect();
                let answer = json!({"provenance": run.provenance, "rows": rows, "warnings": warnings});
                context.output.answer(&answer, || kpi::text(&run))
            }
        }
    }
}
