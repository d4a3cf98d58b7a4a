//! `vigie ingest`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::progress::ByteBar;
use crate::app::load::{LoadReport, Request, load};
use crate::app::stated::StatedCount;
use crate::error::{Error, Result};
use crate::model::words::thousands;

#[derive(Args)]
pub(super) struct Ingest {
    /// Built-in feed (see `vigie feeds list`) or path of a feed TOML
    #[arg(long)]
    feed: String,
    /// Extract files: .csv or .csv.gz
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Refuse the whole load if a larger share of rows is refused
    #[arg(long, default_value_t = 0.05)]
    max_reject_share: f64,
    /// Read and check, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Rows that all files together should have; the load is refused if they have not
    #[arg(long, value_name = "N")]
    expect_rows: Option<u64>,
    /// Load although other than the stated number of rows was read; the difference is noted
    #[arg(long)]
    allow_count_difference: bool,
}

impl Ingest {
    pub async fn run(self, context: &Context) -> Result<()> {
        if !(0.0..=1.0).contains(&self.max_reject_share) {
            return Err(Error::input("a share is a number from 0 to 1").at("--max-reject-share"));
        }
        let app = context.app()?;
        let who = context.who(&app)?;
        let request = Request {
            feed: self.feed,
            files: self.files,
            max_reject_share: self.max_reject_share,
            dry_run: self.dry_run,
            count: StatedCount { expected: self.expect_rows, allow_difference: self.allow_count_difference },
        };
        let bar = ByteBar::new(context.output, &request.feed);
        let report = load(&app, &who, &request, &|bytes, total, rows| bar.at(bytes, total, rows)).await;
        bar.end();
        let report = report?;
        for reject in &report.first_rejects {
            context.output.remark(format!(
                "{}:{}: {} ({})",
                reject.file,
                reject.line,
                reject.message,
                reject.reason.name()
            ));
        }
        if report.rejected_total > report.first_rejects.len() as u64 {
            context.output.remark(format!("… and {} more", report.rejected_total - report.first_rejects.len() as u64));
        }
        if let Some(remark) = &report.count_remark {
            context.output.remark(remark);
        }
        context.output.answer(&report, || text(&report, request.dry_run))
    }
}

/// One line a fact, aligned figures.
pub(super) fn text(report: &LoadReport, dry_run: bool) -> String {
    let mut lines = vec![("rows in", report.rows_in)];
    lines.extend([
        ("accepted", report.accepted),
        ("revised", report.revised),
        ("unchanged", report.unchanged),
        ("duplicate", report.duplicate),
        ("rejected", report.rejected_total),
    ]);
    let mut text = String::new();
    for (name, count) in lines {
        text.push_str(&format!("{name:<12}{:>14}\n", thousands(count)));
    }
    for (reason, count) in &report.rejected {
        text.push_str(&format!("  {reason:<22}{:>12}\n", thousands(*count)));
    }
    for (label, count) in &report.labels {
        text.push_str(&format!("labelled {label:<15}{:>12}\n", thousands(*count)));
    }
    if let Some(stated) = report.stated_rows {
        text.push_str(&format!(
            "{:<12}{:>14}  {}\n",
            "stated",
            thousands(stated),
            super::loads::agreement(report.rows_in, stated)
        ));
    }
    let seconds = report.elapsed_ms as f64 / 1000.0;
    text.push_str(&if dry_run {
        format!("dry run: nothing was written ({seconds:.1} s)")
    } else {
        format!("store version {} after {seconds:.1} s", report.version)
    });
    text
}
