//! `vigie ingest`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::progress::ByteBar;
use crate::app::load::{LoadReport, Request, load_keeping};
use crate::app::rejects;
use crate::app::stated::StatedCount;
use crate::error::{Error, Result};
use crate::model::words::thousands;

#[derive(Args)]
pub(super) struct Ingest {
    /// Built-in feed (see `vigie feeds list`) or path of a feed TOML
    #[arg(long)]
    feed: String,
    /// Extract files: CSV, TSV or other delimited text (UTF-8, UTF-16, Windows-1252), NDJSON, a JSON list, GeoJSON points,
    /// XLSX, ODS or Parquet; text also as .gz, .zst or .zip. Recognised by content
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Refuse the whole load if a larger share of rows is refused
    #[arg(long, default_value_t = 0.05)]
    max_reject_share: f64,
    /// Read and check, write nothing; show the first refused rows with marks under what is wrong
    #[arg(long)]
    dry_run: bool,
    /// Write all refused rows to this file, to correct them and load them again. It holds the rows as they are: treat it
    /// as you treat the extract
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
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
        if let Some(out) = &self.rejects {
            rejects::check_out(&request.files, out)?;
        }
        let bar = ByteBar::new(context.output, &request.feed);
        let mut refused = Vec::new();
        let report =
            load_keeping(&app, &who, &request, &|bytes, total, rows| bar.at(bytes, total, rows), &mut refused).await;
        bar.end();
        // Also of a load that was refused whole: that is when they are needed most.
        if let Some(out) = self.rejects.filter(|_| report.is_ok() || !refused.is_empty()) {
            match rejects::write(&app, &who, &request.feed, &request.files, &refused, &out) {
                Ok(export) => context.output.remark(super::rejects::said(&export)),
                Err(error) if report.is_ok() => return Err(error),
                // What stopped the load is the better message.
                Err(_) => {}
            }
        }
        let report = report?;
        let shown = if request.dry_run && !context.output.json && !context.output.quiet {
            // Without the rows their lines still say much.
            rejects::show(&app, &who, &request.feed, &request.files, &report.first_rejects).unwrap_or_default()
        } else {
            Vec::new()
        };
        if shown.is_empty() {
            for reject in &report.first_rejects {
                let (file, line, reason) = (&reject.file, reject.line, reject.reason.name());
                context.output.remark(format!("{file}:{line}: {} ({reason})", reject.message));
            }
        }
        for row in &shown {
            context.output.remark(super::rejects::marked(row));
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
        ("withheld", report.withheld),
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
