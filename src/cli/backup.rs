//! `vigie backup` and `vigie restore`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::progress::ByteBar;
use crate::app::admin::system_clock;
use crate::app::backup::{self, Copied};
use crate::error::Result;
use crate::model::words::thousands;

#[derive(Args)]
pub(super) struct Backup {
    /// New or empty folder for the copy, best on another disk
    folder: PathBuf,
}

impl Backup {
    pub fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        let bar = ByteBar::new(context.output, "backup");
        let copied = backup::backup(&app, &who, &self.folder, &|bytes, total| bar.at_bytes(bytes, total));
        bar.end();
        let copied = copied?;
        context.output.answer(&copied, || text(&copied, "Every file of it was read again and is as in the store"))
    }
}

#[derive(Args)]
pub(super) struct Restore {
    /// Folder of a backup
    folder: PathBuf,
}

impl Restore {
    pub async fn run(self, context: &Context) -> Result<()> {
        let bar = ByteBar::new(context.output, "restore");
        let root = &context.global.store;
        let who = context.local();
        let progress = |bytes, total| bar.at_bytes(bytes, total);
        let copied = backup::restore(&self.folder, root, &who, system_clock, &progress).await;
        bar.end();
        let copied = copied?;
        context.output.answer(&copied, || text(&copied, "The restored store was verified"))
    }
}

fn text(copied: &Copied, end: &str) -> String {
    let head = &copied.head;
    format!(
        "files         {:>12}\nbytes         {:>12}\nstore version {:>12}\naudit line    {:>12}  {}\n{end}",
        thousands(copied.files),
        thousands(copied.bytes),
        head.version,
        head.audit.line,
        head.audit.hash
    )
}
