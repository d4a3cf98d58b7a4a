//! `vigie retention`, `vigie erase` and `vigie compact`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::Context;
use super::date;
use super::progress::ByteBar;
use crate::app::keeping::{self, Erasure};
use crate::error::Result;
use crate::model::words::thousands;

#[derive(Subcommand)]
pub(super) enum Retention {
    /// What the rules of vigie.toml would erase; erases nothing
    Plan(Today),
    /// Erase what is past its time, from every file of every version
    Run(Today),
    /// What was erased so far
    List,
}

#[derive(Args)]
pub(super) struct Today {
    /// The day to reckon from, in place of today; not in the future
    #[arg(long, value_name = "DATE")]
    today: Option<String>,
}

impl Today {
    fn date(&self, app: &crate::app::App) -> Result<NaiveDate> {
        match &self.today {
            Some(text) => date::date("--today", text),
            None => Ok(keeping::today(app)),
        }
    }
}

impl Retention {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        match self {
            Retention::Plan(today) => {
                let due = keeping::plan(&app, &who, today.date(&app)?).await?;
                context.output.answer(&due, || {
                    let mut text =
                        format!("{:<14}{:>7}  {:<12}{:>14}{:>8}\n", "table", "months", "before", "records", "files");
                    for due in &due {
                        let (records, files) = (thousands(due.records), thousands(due.files));
                        text.push_str(&format!(
                            "{:<14}{:>7}  {:<12}{records:>14}{files:>8}\n",
                            due.table, due.months, due.before
                        ));
                    }
                    text + "Nothing was erased. `vigie retention run` erases these records for good, in every version."
                })
            }
            Retention::Run(today) => {
                let done = keeping::run(&app, &who, today.date(&app)?).await?;
                context.output.answer(&done, || {
                    if done.is_empty() { "Nothing is past its time.".to_owned() } else { list(&done) + BACKUPS }
                })
            }
            Retention::List => {
                let done = keeping::erasures(&app, &who)?;
                context.output.answer(&done, || {
                    if done.is_empty() { "Nothing was erased so far.".to_owned() } else { list(&done) }
                })
            }
        }
    }
}

/// Copies are out of the store's reach.
const BACKUPS: &str =
    "Backups made before still hold them: make a new one and destroy those, and the extracts they came from.";

fn list(erasures: &[Erasure]) -> String {
    let mut text =
        format!("{:>7}  {:<17}{:<14}{:>12}{:>7}  {}\n", "version", "erased at", "table", "records", "files", "why");
    for erasure in erasures {
        text.push_str(&format!(
            "{:>7}  {:<17}{:<14}{:>12}{:>7}  {}\n",
            erasure.version,
            erasure.at.format("%Y-%m-%d %H:%M"),
            erasure.table,
            thousands(erasure.records),
            thousands(erasure.files),
            erasure.why
        ));
    }
    text
}

/// Needs --purpose and --reference: they go to the ledger of erasures and to the audit
#[derive(Args)]
pub(super) struct Erase {
    /// Feed that the files are read with
    #[arg(long)]
    feed: String,
    /// Extract files whose rows name the records: the key columns count
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Erase {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let erasure = keeping::erase(&app, &context.who(&app)?, &self.feed, &self.files).await?;
        context.output.answer(&erasure, || list(std::slice::from_ref(&erasure)) + BACKUPS)
    }
}

#[derive(Args)]
pub(super) struct Compact {
    /// Tables to merge the files of; all if none is named
    tables: Vec<String>,
}

impl Compact {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        let bar = ByteBar::new(context.output, "compact");
        let answer = keeping::compact(&app, &who, &self.tables, &|rows, total| bar.at_bytes(rows, total)).await;
        bar.end();
        let (done, version) = answer?;
        let json = serde_json::json!({ "tables": done, "version": version });
        context.output.answer(&json, || {
            if done.is_empty() {
                return "Nothing to merge.".to_owned();
            }
            let mut text =
                format!("{:<14}{:>8}{:>14}{:>14}{:>13}\n", "table", "months", "rows", "files before", "files after");
            for table in &done {
                text.push_str(&format!(
                    "{:<14}{:>8}{:>14}{:>14}{:>13}\n",
                    table.table,
                    table.months,
                    thousands(table.rows),
                    thousands(table.files_before),
                    thousands(table.files_after)
                ));
            }
            text + &format!("store version {version}; older versions are read from the files they had")
        })
    }
}
