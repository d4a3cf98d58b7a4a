//! `vigie rejects list|export`, and a refused row with marks under the value at fault.

use std::path::PathBuf;

use clap::Subcommand;

use super::Context;
use crate::app::rejects::{self, Shown};
use crate::error::Result;
use crate::model::words::thousands;

#[derive(Subcommand)]
pub(super) enum Rejects {
    /// Where refused rows stand and why they were refused, newest load first; no values
    List {
        /// Only those of this load (see `vigie loads`)
        #[arg(long)]
        load: Option<u64>,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// The refused rows of a load with their own fields, from its source files: correct them and load the file again
    Export {
        /// Number of the load (see `vigie loads`)
        #[arg(long)]
        load: u64,
        /// Feed file, if the feed of the load is not built in
        #[arg(long)]
        feed: Option<String>,
        /// Source files of the load, unchanged
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Where to write them, as delimited text
        #[arg(long)]
        out: PathBuf,
    },
}

impl Rejects {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        match self {
            Rejects::List { load, limit } => {
                let rows = rejects::list(&app, &who, load, Some(limit)).await?;
                context.output.answer(&rows, || {
                    let mut text = format!(
                        "{:>4} {:<30} {:>9} {:<16} {:<20} wanted\n",
                        "load", "file", "line", "reason", "column"
                    );
                    for row in &rows {
                        text.push_str(&format!(
                            "{:>4} {:<30} {:>9} {:<16} {:<20} {}\n",
                            row.load, row.file, row.line, row.reason, row.column, row.message
                        ));
                    }
                    text
                })
            }
            Rejects::Export { load, feed, files, out } => {
                let export = rejects::export(&app, &who, load, feed.as_deref(), &files, &out).await?;
                context.output.answer(&export, || said(&export))
            }
        }
    }
}

/// What an export did, in a sentence.
pub(super) fn said(export: &rejects::Export) -> String {
    format!("{} refused rows are in {}; correct them and load it again", thousands(export.rows), export.file.display())
}

/// Characters shown to either side of the value.
const AROUND: usize = 60;

/// A refused row for the terminal: where and why, its text, and marks under the value at fault.
pub(super) fn marked(shown: &Shown) -> String {
    let (reject, row) = (&shown.reject, &shown.row);
    let at = reject.column.as_ref().and_then(|column| shown.header.iter().position(|name| **name == **column));
    let field = at.and_then(|at| row.fields.get(at)).map(|field| field.span.clone());
    let span = field.clone().unwrap_or(0..row.text.len());
    let text = |range: std::ops::Range<usize>| -> Vec<char> {
        let bytes = row.text.get(range).unwrap_or_default();
        // Control characters could move the cursor.
        String::from_utf8_lossy(bytes).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    };
    let (before, value, after) = (text(0..span.start), text(span.clone()), text(span.end..row.text.len()));
    let value: Vec<char> = value.into_iter().take(2 * AROUND).collect();
    let cut = before.len().saturating_sub(AROUND);
    let lead = if cut > 0 { "…" } else { "" };
    let tail = if after.len() > AROUND { "…" } else { "" };
    let place = match (&reject.column, at) {
        (Some(column), Some(at)) => {
            format!("column {column} (field {}, from character {} of the row): ", at + 1, before.len() + 1)
        }
        (Some(column), None) => format!("column {column}: "),
        (None, _) => String::new(),
    };
    format!(
        "{}:{}: {place}{} ({})\n  {lead}{}{}{}{tail}\n  {}{}",
        reject.file,
        reject.line,
        reject.message,
        reject.reason.name(),
        before[cut..].iter().collect::<String>(),
        value.iter().collect::<String>(),
        after.iter().take(AROUND).collect::<String>(),
        " ".repeat(before.len() - cut + lead.chars().count()),
        "^".repeat(value.len().max(1)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{RawField, RawRow, Reason, Reject};

    fn shown(text: &str, column: Option<&str>, span: std::ops::Range<usize>) -> String {
        let row = RawRow {
            text: text.as_bytes().to_vec(),
            fields: vec![RawField::default(), RawField { value: Vec::new(), span }],
        };
        let reject = Reject {
            file: "s.csv".into(),
            line: 7,
            reason: Reason::BadTime,
            column: column.map(Into::into),
            message: "wanted a time".into(),
        };
        marked(&Shown { reject, header: ["id".to_owned(), "at".to_owned()].into(), row })
    }

    #[test]
    fn marks_stand_under_the_value() {
        assert_eq!(
            shown("é1,31.01.2017,x", Some("at"), 4..14),
            "s.csv:7: column at (field 2, from character 4 of the row): wanted a time (bad_time)\n  é1,31.01.2017,x\n     ^^^^^^^^^^"
        );
        assert_eq!(shown("a,,b", Some("at"), 2..2).lines().last(), Some("    ^"));
        assert_eq!(shown("a,b", None, 2..3).lines().last(), Some("  ^^^"));
    }

    #[test]
    fn long_rows_are_cut_around_the_value_and_cannot_move_the_cursor() {
        let text = format!("{}\u{1b}[2J,bad,{}", "x".repeat(500), "y".repeat(500));
        let lines = shown(&text, Some("at"), 505..508);
        let lines: Vec<&str> = lines.lines().collect();
        assert!(lines[1].chars().count() < 140 && !lines[1].contains('\u{1b}'), "{lines:?}");
        let start = lines[2].find('^').unwrap();
        let under: String = lines[1].chars().skip(start).take(3).collect();
        assert_eq!(under, "bad");
    }
}
