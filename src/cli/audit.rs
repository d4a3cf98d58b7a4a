//! `vigie audit list|verify`.

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::app::admin;
use crate::error::Result;

#[derive(Subcommand)]
pub(super) enum Audit {
    /// The newest lines, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Recompute the chain that shows changed or missing lines
    Verify,
}

impl Audit {
    pub fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        match self {
            Audit::List { limit } => {
                let lines = admin::audit_lines(&app, &who, limit)?;
                context.output.answer(&lines, || {
                    let mut text = format!(
                        "{:>6} {:<24} {:<14} {:<18} {:<16} {:<9} subject\n",
                        "line", "at (UTC)", "who", "roles", "action", "outcome"
                    );
                    for line in &lines {
                        text.push_str(&format!(
                            "{:>6} {:<24} {:<14} {:<18} {:<16} {:<9} {}\n",
                            line.line, line.at, line.who, line.roles, line.action, line.outcome, line.subject
                        ));
                    }
                    text
                })
            }
            Audit::Verify => {
                let lines = admin::verify_audit(&app, &who)?;
                context.output.answer(&json!({"lines": lines, "holds": true}), || {
                    format!("{lines} audit lines hold: none was changed, none is missing inside the chain")
                })
            }
        }
    }
}
