//! `vigie loads`: the ledger, and one load of it.

use clap::{Args, Subcommand};

use super::Context;
use crate::app::admin;
use crate::error::Result;
use crate::model::words::thousands;
use crate::store::LoadRecord;

#[derive(Args)]
pub(super) struct Loads {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Everything about one load
    Show {
        /// Number of the load
        load: u64,
    },
}

impl Loads {
    pub fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        match self.command {
            None => {
                let loads = admin::loads(&app, &who)?;
                context.output.answer(&loads, || list(&loads))
            }
            Some(Command::Show { load }) => {
                let load = admin::load_record(&app, &who, load)?;
                context.output.answer(&load, || one(&load))
            }
        }
    }
}

fn list(loads: &[LoadRecord]) -> String {
    let mut text = format!(
        "{:>4} {:>7} {:<26}{:>10}{:>10}{:>9}{:>10}{:>10}{:>9}{:>9}  {}\n",
        "load",
        "version",
        "feed",
        "rows in",
        "accepted",
        "revised",
        "unchanged",
        "duplicate",
        "withheld",
        "rejected",
        "source's count"
    );
    for load in loads {
        text.push_str(&format!(
            "{:>4} {:>7} {:<26}{:>10}{:>10}{:>9}{:>10}{:>10}{:>9}{:>9}  {}\n",
            load.load_id,
            load.version,
            load.feed,
            thousands(load.rows_in),
            thousands(load.accepted),
            thousands(load.revised),
            thousands(load.unchanged),
            thousands(load.duplicate),
            thousands(load.withheld),
            thousands(load.rejected_total),
            load.stated_rows.map_or_else(|| "-".to_owned(), |stated| agreement(load.rows_in, stated))
        ));
    }
    text
}

/// One line a fact.
fn one(load: &LoadRecord) -> String {
    let mut text = String::new();
    let mut say = |name: &str, value: String| text.push_str(&format!("{name:<16}{value}\n"));
    say("load", load.load_id.to_string());
    say("version", load.version.to_string());
    say("feed", load.feed.clone());
    say("table", load.table.clone());
    say("loaded at", load.loaded_at.clone());
    for file in &load.files {
        say("file", format!("{}  sha256 {}", file.name, file.sha256));
    }
    let mut count = |name: &str, n: u64| text.push_str(&format!("{name:<24}{:>12}\n", thousands(n)));
    count("rows in", load.rows_in);
    count("accepted", load.accepted);
    count("revised", load.revised);
    count("unchanged", load.unchanged);
    count("duplicate", load.duplicate);
    count("withheld", load.withheld);
    count("rejected", load.rejected_total);
    for (reason, n) in &load.rejected {
        count(&format!("  {reason}"), *n);
    }
    for (label, n) in &load.labels {
        count(&format!("labelled {label}"), *n);
    }
    let stated = match load.stated_rows {
        Some(stated) => format!("{}, {}", thousands(stated), agreement(load.rows_in, stated)),
        None => "not stated".to_owned(),
    };
    text.push_str(&format!("{:<16}{stated}\n", "source's count"));
    let seconds = load.elapsed_ms as f64 / 1000.0;
    let speed = match load.rows_in.saturating_mul(1000).checked_div(load.elapsed_ms) {
        Some(rows) => format!(", {} rows/s", thousands(rows)),
        None => String::new(),
    };
    text.push_str(&format!("{:<16}{seconds:.1} s{speed}\n", "took"));
    text
}

/// Whether as many rows were read as the source says it sent.
pub(super) fn agreement(read: u64, stated: u64) -> String {
    match read.abs_diff(stated) {
        0 => "agrees".to_owned(),
        by => format!("{} {}", thousands(by), if read < stated { "missing" } else { "too many" }),
    }
}
