//! `vigie feeds list|show`.

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::error::{Error, Result};
use crate::ingest::Feed;

#[derive(Subcommand)]
pub(super) enum Feeds {
    /// Built-in feeds
    List,
    /// The TOML of a built-in feed, to copy and change
    Show {
        /// Feed name
        name: String,
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
        }
    }
}
