//! `vigie feeds list|show|guess`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::error::{Error, Result};
use crate::ingest::Feed;
use crate::ingest::guess::{Guess, guess};
use crate::model::words::thousands;

#[derive(Subcommand)]
pub(super) enum Feeds {
    /// Built-in feeds
    List,
    /// The TOML of a built-in feed, to copy and change
    Show {
        /// Feed name
        name: String,
    },
    /// Propose a feed for an unknown extract, with a confidence a column
    Guess {
        /// The extract
        file: PathBuf,
        /// Write the proposal to a .toml file
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

impl Feeds {
    pub fn run(self, context: &Context) -> Result<()> {
        match self {
            Feeds::List => {
                let mut feeds = Vec::new();
                for name in Feed::builtin_names() {
                    let feed = Feed::builtin(name)?;
                    feeds.push(json!({"feed": name, "table": feed.table.name, "title": feed.title}));
                }
                context.output.answer(&feeds, || {
                    feeds
                        .iter()
                        .map(|feed| {
                            let word = |key: &str| feed[key].as_str().unwrap_or_default().to_owned();
                            format!("{:<28}{:<14}{}\n", word("feed"), word("table"), word("title"))
                        })
                        .collect()
                })
            }
            Feeds::Show { name } => {
                let text = Feed::builtin_text(&name).ok_or_else(|| {
                    Error::input(format!("there is no feed `{name}`; there are {}", Feed::builtin_names().join(", ")))
                })?;
                context.output.answer(&json!({"feed": name, "toml": text}), || text.to_owned())
            }
            Feeds::Guess { file, out } => {
                if out.as_ref().is_some_and(|out| out.extension().is_none_or(|e| e != "toml")) {
                    return Err(Error::input("a feed file must end in .toml").at("--out"));
                }
                let guess = guess(&file)?;
                context.output.remark(table(&guess).trim_end());
                let Some(out) = out else {
                    return context.output.answer(&guess, || guess.toml.clone());
                };
                super::sql::write_file(&out, guess.toml.as_bytes())?;
                let next = format!("vigie ingest --dry-run --feed {} {}", out.display(), file.display());
                context.output.answer(&guess, || format!("wrote {}; read it, then try: {next}", out.display()))
            }
        }
    }
}

/// Names, kinds and confidences; no value.
fn table(guess: &Guess) -> String {
    let mut text = format!("{:<28} {:<18} {:<18} {:>10}\n", "column", "looks like", "fills", "confidence");
    for column in &guess.columns {
        let fills = column.fills.as_deref().unwrap_or("-");
        text.push_str(&format!("{:<28} {:<18} {fills:<18} {:>10.2}\n", column.name, column.kind, column.confidence));
    }
    for remark in &guess.remarks {
        text.push_str(&format!("check: {remark}\n"));
    }
    text.push_str(&format!(
        "table {} ({:.2}); {} of the first {} rows would be accepted\n",
        guess.table,
        guess.confidence,
        thousands(guess.accepted),
        thousands(guess.rows)
    ));
    text
}
