//! `vigie verify`.

use clap::Args;

use super::Context;
use super::progress::ByteBar;
use crate::app::verify::{self, Verification};
use crate::error::{Kind, Result};
use crate::model::words::thousands;

#[derive(Args)]
pub(super) struct Verify {
    /// vigie.toml was edited: take it as it is now
    #[arg(long)]
    accept_settings: bool,
}

impl Verify {
    pub async fn run(self, context: &Context) -> Result<()> {
        // A store that is too damaged to be opened is what this command is for.
        let app = match context.app() {
            Ok(app) => Some(app),
            Err(error) if error.kind() == Kind::Missing || self.accept_settings => return Err(error),
            Err(_) => None,
        };
        let who = app.as_ref().map_or_else(|| Ok(context.local()), |app| context.who(app))?;
        if let Some(app) = app.as_ref().filter(|_| self.accept_settings) {
            verify::accept_settings(app, &who)?;
        }
        let bar = ByteBar::new(context.output, "verify");
        let root = &context.global.store;
        let found = verify::verify(app.as_ref(), root, &who, &|bytes, total| bar.at_bytes(bytes, total)).await;
        bar.end();
        let found = found?;
        if found.sealed_again {
            context.output.remark("a change of the control database was interrupted; it was checked and sealed again");
        }
        if found.whole {
            return context.output.answer(&found, || text(&found));
        }
        // With --json the error is the one object on stdout, so the list is in it.
        for finding in &found.damaged {
            context.output.remark(format!("{}: {}", finding.file, finding.what));
        }
        Err(verify::damage(&found))
    }
}

fn text(found: &Verification) -> String {
    let mut text = format!(
        "store version {:>12}\nfiles         {:>12}\nbytes         {:>12}\naudit lines   {:>12}\n",
        found.version.unwrap_or_default(),
        thousands(found.files),
        thousands(found.bytes),
        thousands(found.audit.as_ref().map_or(0, |head| head.line)),
    );
    for (table, rows) in found.rows.iter().filter(|(_, rows)| **rows > 0) {
        text.push_str(&format!("  {table:<16}{:>8} rows\n", thousands(*rows)));
    }
    for file in &found.leftovers {
        text.push_str(&format!("left over by an interrupted write, or of a load that is running: {file}\n"));
    }
    for file in &found.unknown {
        text.push_str(&format!("not the store's: {file}\n"));
    }
    text.push_str("whole: every byte is as it was written");
    text
}
