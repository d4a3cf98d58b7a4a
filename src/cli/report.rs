//! `vigie report build|list|show|sign|withdraw|rebuild|verify`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::analysis::weights::Weights;
use crate::app::{editions, report};
use crate::error::{Error, Result};
use crate::model::edition::{EditionId, Step};
use crate::model::time::parse_period_name;

#[derive(Subcommand)]
pub(super) enum Report {
    /// Build the edition of a period: HTML, PDF, workbooks, CSV, JSON and Parquet
    Build {
        /// authority or public
        #[arg(long, default_value = "authority")]
        edition: String,
        /// 2017-Q3, 2017 or 2017-05
        #[arg(long)]
        period: String,
        /// Folder to write; the edition gets a folder of its own in it
        #[arg(long)]
        out: Option<PathBuf>,
        /// Weights of harm for crime by group
        #[arg(long)]
        harm: Option<PathBuf>,
    },
    /// The editions that exist, newest first, with their state
    List,
    /// The manifest of an edition: definitions, extracts, digests
    Show {
        /// Such as authority-2017-Q3-1
        edition: String,
    },
    /// Sign an edition: its files say so from then on
    Sign {
        /// Such as authority-2017-Q3-1
        edition: String,
        /// Records are still expected: figures may be revised
        #[arg(long)]
        provisional: bool,
        /// Why; needed where it replaces a final edition
        #[arg(long, default_value = "")]
        note: String,
        /// Folder to write
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Take an edition back; its files stay in the store
    Withdraw {
        /// Such as authority-2017-Q3-1
        edition: String,
        /// Why
        #[arg(long)]
        note: String,
    },
    /// Make every file of an edition anew from its kept tables and compare the bytes
    Rebuild {
        /// Such as authority-2017-Q3-1
        edition: String,
        /// Folder to write
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Compare every byte of an edition with its manifest
    Verify {
        /// Such as authority-2017-Q3-1
        edition: String,
        /// A folder that the edition was written to, to be compared as well
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

impl Report {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let who = context.who(&app)?;
        match self {
            Report::Build { edition, period, out, harm } => {
                let dates = parse_period_name(&period).map_err(|e| e.at("--period"))?;
                let weights = harm.map(|path| weights(&path)).transpose()?;
                let request = report::Request { edition, period_name: period, period: dates, weights, out };
                said(context, &report::build(&app, &who, &request).await?)
            }
            Report::List => {
                let editions = editions::list(&app, &who)?;
                context.output.answer(&json!({ "editions": editions }), || {
                    if editions.is_empty() {
                        return "no edition yet: build one with `vigie report build --period 2017-Q3`".to_owned();
                    }
                    let line = |e: &editions::Listed| {
                        let last = e.history.last();
                        let (by, at) = last.map_or(("", ""), |step| (step.by.as_str(), step.at.as_str()));
                        format!("{:<26}{:<12}store version {:<5}{by}, {at}", e.edition, e.state.name(), e.store_version)
                    };
                    editions.iter().map(line).collect::<Vec<_>>().join("\n")
                })
            }
            Report::Show { edition } => {
                let manifest = editions::manifest(&app, &who, &EditionId::parse(&edition)?)?;
                let text =
                    serde_json::to_string_pretty(&manifest).map_err(|e| Error::bug("a manifest").with_cause(e))?;
                context.output.answer(&json!(manifest), || text)
            }
            Report::Sign { edition, provisional, note, out } => {
                let step = if provisional { Step::SignedProvisional } else { Step::SignedFinal };
                said(context, &report::sign(&app, &who, &EditionId::parse(&edition)?, step, &note, out.as_deref())?)
            }
            Report::Withdraw { edition, note } => {
                report::withdraw(&app, &who, &EditionId::parse(&edition)?, &note)?;
                context.output.answer(&json!({"edition": edition, "state": "withdrawn"}), || {
                    format!("edition {edition} is withdrawn; its files stay in the store")
                })
            }
            Report::Rebuild { edition, out } => {
                let found = editions::rebuild(&app, &who, &EditionId::parse(&edition)?, out.as_deref())?;
                if !found.different.is_empty() {
                    let by = found.made_by.as_ref().map_or_else(String::new, |by| format!(" (it was made by {by})"));
                    return Err(Error::data(format!(
                        "{} of {} files differ from the manifest{by}: {}",
                        found.different.len(),
                        found.files,
                        found.different.join(", ")
                    ))
                    .at(edition));
                }
                let place = found.folder.as_ref().map_or_else(String::new, |f| format!("; written to {}", f.display()));
                context.output.answer(&json!({"edition": edition, "rebuilt": found}), || {
                    format!("{} files of {edition} made anew, every byte as in the manifest{place}", found.files)
                })
            }
            Report::Verify { edition, dir } => {
                let found = editions::verify(&app, &who, &EditionId::parse(&edition)?, dir.as_deref())?;
                if let Some(first) = found.first() {
                    let lines: Vec<String> = found.iter().map(|d| format!("{} {}", d.file, d.what)).collect();
                    return Err(Error::data(format!("edition {edition} is damaged: {}", lines.join("; ")))
                        .at(first.file.clone()));
                }
                context.output.answer(&json!({"edition": edition, "damaged": found}), || {
                    format!("every byte of edition {edition} is as in its manifest")
                })
            }
        }
    }
}

fn said(context: &Context, built: &report::Built) -> Result<()> {
    let edition = built.id.to_string();
    let page = built.folder.as_ref().map(|folder| folder.join("report.html"));
    let answer = json!({
        "edition": edition,
        "state": built.state,
        "report": page,
        "sha256": built.manifest_sha256,
        "files": built.files,
        "kpis": built.kpis,
        "revisions": built.revisions,
        "unchanged": built.unchanged,
    });
    context.output.answer(&answer, || {
        let mut lines = vec![
            format!("edition  {edition}, {}{}", built.state.name(), if built.unchanged { ", as it was" } else { "" }),
            format!("kpis     {}", built.kpis),
            format!("files    {}", built.files.len()),
            format!("sha-256  {} (manifest)", built.manifest_sha256),
        ];
        if built.revisions > 0 {
            lines.push(format!("changed  {} figures since the edition before", built.revisions));
        }
        lines.extend(page.as_ref().map(|page| format!("report   {}", page.display())));
        lines.join("\n")
    })
}

fn weights(path: &std::path::Path) -> Result<Weights> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Error::missing(format!("{} cannot be read", path.display())).at("--harm").with_cause(e))?;
    Weights::parse(&text, &path.display().to_string())
}
