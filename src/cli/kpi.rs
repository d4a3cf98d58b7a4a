//! `vigie kpi list|show|run|test|lint|diff|schema|import`.

mod answers;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::analysis::definition::{Definition, Kpi as Measure};
use crate::analysis::owner::Owners;
use crate::analysis::{kpi_diff, kpi_draft, kpi_lint};
use crate::app::kpi::{self, Ask, Incomplete};
use crate::app::kpi_files::{self, Choice, Kpis};
use crate::app::kpi_test;
use crate::error::{Error, Result};
use crate::ingest::list;
use crate::model::time::{Period, parse_date, parse_period_name};

/// The form of KPI files, for editors.
const SCHEMA: &str = include_str!("../../reports/kpi.schema.json");

#[derive(Subcommand)]
pub(super) enum Kpi {
    /// The measures and their definitions
    List {
        #[command(flatten)]
        files: Files,
    },
    /// What one measure means, in words: definition, history, exclusions, targets
    Show {
        /// Id or number of the measure
        id: String,
        #[command(flatten)]
        files: Files,
    },
    /// Their values by period, with limits and targets
    Run {
        /// Ids; without any, all of them
        ids: Vec<String>,
        /// 2017, 2017-Q3 or 2017-05; without dates the last twelve whole months of the data
        #[arg(long, conflicts_with_all = ["from", "to"])]
        period: Option<String>,
        /// First day of the first month
        #[arg(long, requires = "to")]
        from: Option<String>,
        /// The day after the last month
        #[arg(long, requires = "from")]
        to: Option<String>,
        /// The parts beside the whole: parish, vingtaine, beat, daypart or grade
        #[arg(long)]
        by: Option<String>,
        /// Also periods that are not whole, as far as the data goes
        #[arg(long)]
        partial: bool,
        /// Draw one measure to an .svg file
        #[arg(long)]
        plot: Option<PathBuf>,
        #[command(flatten)]
        files: Files,
    },
    /// Run the examples of KPI files: rows and the figures that they must give
    Test {
        /// KPI files or folders; without any, all measures that there are
        paths: Vec<PathBuf>,
        #[command(flatten)]
        files: Files,
    },
    /// What is wrong, or not said, in KPI files, with line numbers
    Lint {
        /// KPI files or folders; without any, all measures that there are
        paths: Vec<PathBuf>,
        #[command(flatten)]
        files: Files,
    },
    /// What changed between two files, or two versions of one measure, in words
    Diff {
        /// FILE, or ID, or either with a version: m03@1.0.0
        old: String,
        /// The same
        new: String,
        #[command(flatten)]
        files: Files,
    },
    /// The form of a KPI file as a JSON Schema, for editors
    Schema,
    /// Drafts of KPI files from a list of measures
    Import {
        /// The list: .xlsx, .ods or .csv, a measure a row
        workbook: PathBuf,
        /// Folder for the drafts; files that are there stay as they are
        #[arg(long)]
        out: PathBuf,
        /// Sheet of the workbook
        #[arg(long)]
        sheet: Option<String>,
    },
}

/// Which KPI files.
#[derive(Args)]
pub(super) struct Files {
    /// Folder of a force's own KPI files, beside the others; one of the same id stands in place of a built-in one
    #[arg(long = "kpis")]
    folder: Option<PathBuf>,
    /// Without the measures that ship with vigie
    #[arg(long)]
    only_own: bool,
}

impl Files {
    fn choice(&self) -> Choice {
        Choice { folder: self.folder.clone(), only_own: self.only_own }
    }

    /// The measures, the store's own among them if there is a store.
    fn chosen(&self, context: &Context) -> Result<Kpis> {
        let found = kpi_files::chosen(store(context), &self.choice())?;
        found.remarks.iter().for_each(|remark| context.output.remark(remark));
        Ok(found)
    }
}

fn store(context: &Context) -> Option<&Path> {
    Some(context.global.store.as_path()).filter(|root| root.is_dir())
}

impl Kpi {
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Kpi::List { files } => {
                let list = kpi::list(&files.chosen(context)?.kpis)?;
                context.output.answer(&list, || {
                    list.iter().map(|k| format!("{:<6}{:<44}{}\n", k.measure, k.id, k.title)).collect()
                })
            }
            Kpi::Show { id, files } => {
                let kpis = files.chosen(context)?;
                let kpi = kpi::find(&kpis, &id)?;
                context.output.answer(&answers::shown(kpi)?, || answers::shown_text(kpi))
            }
            Kpi::Run { ids, period, from, to, by, partial, plot, files } => {
                let app = context.app()?;
                let who = context.who(&app)?;
                let period = match (period, from, to) {
                    (Some(name), ..) => parse_period_name(&name).map_err(|e| e.at("--period"))?,
                    (None, Some(from), Some(to)) => Period::new(
                        parse_date(&from).map_err(|e| e.at("--from"))?,
                        parse_date(&to).map_err(|e| e.at("--to"))?,
                    )?,
                    _ => kpi::default_period(&app, &who).await?,
                };
                files.chosen(context)?; // says what stands in place of what
                let ask = Ask {
                    period,
                    ids: (!ids.is_empty()).then_some(ids),
                    by,
                    incomplete: if partial { Incomplete::Show } else { Incomplete::Refuse },
                    files: files.choice(),
                };
                let run = kpi::ask(&app, &who, &ask).await?;
                if let Some(path) = &plot {
                    let [measure] = run.measures.as_slice() else {
                        return Err(Error::input("name one measure to draw").at("--plot"));
                    };
                    super::sql::write_file(path, kpi::chart(&run, &measure.kpi.id)?.as_bytes())?;
                }
                let rows: Vec<_> = run.rows().collect();
                let warnings: Vec<_> = run.warnings().collect();
                let notes: Vec<_> = answers::notes(&run.measures);
                let answer = json!({
                    "provenance": run.provenance, "rows": rows, "warnings": warnings, "also": kpi::also(&run),
                    "notes": notes,
                });
                context.output.answer(&answer, || kpi::text(&run))
            }
            Kpi::Test { paths, files } => {
                let kpis = of_paths(&paths, &files, context)?;
                let config = store(context).and_then(|_| context.app().ok()).map(|app| app.config);
                let tested = kpi_test::run(&kpis, config.as_deref()).await?;
                let failed = tested.iter().filter(|t| !t.holds).count();
                let without: Vec<&str> =
                    kpis.kpis.iter().filter(|k| k.example.is_empty()).map(|k| k.measure.as_str()).collect();
                let answer = json!({"examples": tested, "failed": failed, "without": without});
                context.output.answer(&answer, || answers::tested_text(&tested, &without))?;
                if failed == 0 {
                    return Ok(());
                }
                Err(Error::data(format!("{failed} of {} examples do not give what they should", tested.len())))
            }
            Kpi::Lint { paths, files } => {
                let sources = if paths.is_empty() {
                    kpi_files::files(store(context), &files.choice())?
                } else {
                    kpi_files::named(&paths)?
                };
                let owners = Owners::builtin()?;
                let mut found: Vec<kpi_lint::Finding> =
                    sources.iter().flat_map(|file| kpi_lint::lint(&file.text, &file.origin, &owners)).collect();
                if !found.iter().any(|f| f.error) {
                    found.extend(answers::expressions(&kpi_files::parse(&sources)?));
                }
                let errors = found.iter().filter(|f| f.error).count();
                let answer = json!({"files": sources.len(), "errors": errors, "findings": found});
                context.output.answer(&answer, || answers::lint_text(sources.len(), &found))?;
                if errors == 0 {
                    return Ok(());
                }
                Err(Error::input(format!("{errors} errors in {} KPI files", sources.len())))
            }
            Kpi::Diff { old, new, files } => {
                let changes = diff(&old, &new, &files, context)?;
                context.output.answer(&json!({"old": old, "new": new, "changes": changes}), || {
                    if changes.is_empty() {
                        return format!("{old} and {new} say the same");
                    }
                    changes.iter().map(|change| format!("{change}\n")).collect()
                })
            }
            Kpi::Schema => super::output::print(SCHEMA),
            Kpi::Import { workbook, out, sheet } => import(&workbook, &out, sheet.as_deref(), context),
        }
    }
}

/// The files named, or all measures that there are.
fn of_paths(paths: &[PathBuf], files: &Files, context: &Context) -> Result<Kpis> {
    if paths.is_empty() { files.chosen(context) } else { kpi_files::parse(&kpi_files::named(paths)?) }
}

/// What changed: between two definitions if both sides name a version of one measure, else between two files.
fn diff(old: &str, new: &str, files: &Files, context: &Context) -> Result<Vec<String>> {
    let (before, was) = side(old, files, context)?;
    let (after, is) = side(new, files, context)?;
    Ok(match (was, is) {
        (Some(was), Some(is)) => kpi_diff::versions(&was, &is),
        (Some(was), None) => match after.definition.last() {
            Some(is) => kpi_diff::versions(&was, is),
            None => Vec::new(),
        },
        _ => kpi_diff::files(&before, &after),
    })
}

/// A measure, and one of its definitions if a version is named.
fn side(text: &str, files: &Files, context: &Context) -> Result<(Measure, Option<Definition>)> {
    let (name, version) = match text.rsplit_once('@') {
        Some((name, version)) if !Path::new(text).is_file() => (name, Some(version)),
        _ => (text, None),
    };
    let kpi = if Path::new(name).extension().is_some_and(|ending| ending == "toml") {
        let mut kpis = kpi_files::parse(&kpi_files::named(&[PathBuf::from(name)])?)?;
        kpis.kpis.pop().ok_or_else(|| Error::missing("there is no KPI file").at(name.to_owned()))?
    } else {
        kpi::find(&files.chosen(context)?, name)?.clone()
    };
    let definition = match version {
        None => None,
        Some(version) => Some(kpi.version(version).cloned().ok_or_else(|| {
            let known: Vec<&str> = kpi.definition.iter().map(|d| d.version.as_str()).collect();
            Error::input(format!("{} has no definition {version}; it has {}", kpi.id, known.join(", ")))
                .at(text.to_owned())
        })?),
    };
    Ok((kpi, definition))
}

fn import(workbook: &Path, out: &Path, sheet: Option<&str>, context: &Context) -> Result<()> {
    let (header, rows) = list::read(workbook, sheet)?;
    let place = workbook.display().to_string();
    let recognised = kpi_draft::recognised(&header);
    if !recognised.iter().any(|(what, _)| *what == "title") {
        let message =
            format!("no column names the measures: call one `measure` or `title`; it has {}", header.join(", "));
        return Err(Error::input(message).at(place));
    }
    let drafts = kpi_draft::drafts(&header, &rows, &Owners::builtin()?);
    std::fs::create_dir_all(out)
        .map_err(|e| Error::input("the folder cannot be made").at(out.display().to_string()).with_cause(e))?;
    let mut written = Vec::new();
    for draft in &drafts {
        let path = out.join(&draft.file);
        if path.exists() {
            context.output.remark(format!("{} is there and stays as it is", path.display()));
            continue;
        }
        super::sql::write_file(&path, draft.text.as_bytes())?;
        written.push(json!({"file": path.display().to_string(), "open": draft.open}));
    }
    let columns: Vec<String> = recognised.iter().map(|(what, heading)| format!("{what} from `{heading}`")).collect();
    context.output.answer(&json!({"columns": columns, "drafts": written}), || {
        let mut text = format!("read {}\n", columns.join(", "));
        for draft in &drafts {
            text.push_str(&format!("{:<40}{} lines to fill in\n", draft.file, draft.open.len()));
        }
        text.push_str(&format!(
            "{} drafts written; `vigie kpi lint {}` says what is missing",
            written.len(),
            out.display()
        ));
        text
    })
}
