//! `vigie sql` and `vigie query`.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;

use super::Context;
use super::output::print_bytes;
use crate::app::sql;
use crate::engine::{Answer, queries};
use crate::error::{Error, Result};
use crate::model::words::thousands;
use crate::render::table::{Format, json_rows, rows};
use crate::store::{AsOf, Erasure};

#[derive(Args)]
pub(super) struct Sql {
    /// One SELECT statement
    statement: String,
    #[command(flatten)]
    shape: Shape,
}

#[derive(Args)]
pub(super) struct Query {
    /// Name of the question; without it the catalogue is listed
    name: Option<String>,
    /// Parameters as key=value
    params: Vec<String>,
    #[command(flatten)]
    shape: Shape,
}

#[derive(Args)]
struct Shape {
    /// Store version or time (2017-05-01T00:00:00Z) to answer from
    #[arg(long)]
    as_of: Option<String>,
    /// Write to a file: .csv, .json, .parquet or .txt
    #[arg(long)]
    out: Option<PathBuf>,
    /// text, json, csv or parquet
    #[arg(long)]
    format: Option<String>,
}

impl Sql {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let as_of = self.shape.as_of()?;
        let answer = sql::sql(&app, &context.who(&app)?, &self.statement, as_of).await?;
        self.shape.write(context, &answer, &sql::erased_since(&app, as_of)?)
    }
}

impl Query {
    pub async fn run(self, context: &Context) -> Result<()> {
        let Some(name) = &self.name else { return list(context) };
        let mut params = Vec::new();
        for text in &self.params {
            let (key, value) =
                text.split_once('=').ok_or_else(|| Error::input(format!("`{text}` is not key=value")))?;
            params.push((key.to_owned(), value.to_owned()));
        }
        let app = context.app()?;
        let as_of = self.shape.as_of()?;
        let answer = sql::query(&app, &context.who(&app)?, name, &params, as_of).await?;
        self.shape.write(context, &answer, &sql::erased_since(&app, as_of)?)
    }
}

fn list(context: &Context) -> Result<()> {
    let names: Vec<_> = queries().map(|query| json!({"query": query.name, "purpose": query.purpose})).collect();
    context.output.answer(&names, || {
        let mut text = String::new();
        for query in queries() {
            text.push_str(&format!("{:<20}{}\n", query.name, query.purpose));
            for param in &query.params {
                let need = if param.optional { "may be left out" } else { "needed" };
                text.push_str(&format!("    {}={:<8}{} ({need})\n", param.name, param.kind.name(), param.about));
            }
        }
        text
    })
}

impl Shape {
    fn as_of(&self) -> Result<AsOf> {
        as_of(self.as_of.as_deref())
    }

    fn write(&self, context: &Context, answer: &Answer, erased: &[Erasure]) -> Result<()> {
        for erasure in erased {
            context.output.remark(format!(
                "{} records of {} were erased on {} ({}): this version is answered without them",
                thousands(erasure.records),
                erasure.table,
                erasure.at.format("%-d %B %Y"),
                erasure.why
            ));
        }
        let suffix = self.out.as_ref().and_then(|path| path.extension()).and_then(|e| e.to_str());
        let format = match (&self.format, suffix) {
            (Some(word), _) => Some(Format::parse(word).map_err(|e| e.at("--format"))?),
            (None, Some(suffix)) => Some(Format::parse(suffix).map_err(|e| e.at("--out"))?),
            (None, None) => None,
        };
        if let Some(path) = &self.out {
            let format = format.ok_or_else(|| Error::input("the file needs an ending such as .csv").at("--out"))?;
            write_file(path, &rows(&answer.schema, &answer.batches, format)?)?;
            context.output.remark(format!("{} rows in {}", answer.row_count(), path.display()));
            return Ok(());
        }
        match format {
            Some(format) => print_bytes(&rows(&answer.schema, &answer.batches, format)?),
            None if context.output.json => {
                let rows = json_rows(&answer.batches)?;
                let json =
                    if erased.is_empty() { json!({"rows": rows}) } else { json!({"rows": rows, "erased": erased}) };
                context.output.answer(&json, String::new)
            }
            None => print_bytes(&rows(&answer.schema, &answer.batches, Format::Text)?),
        }
    }
}

/// The moment that `--as-of` names; the newest version without it.
pub(super) fn as_of(text: Option<&str>) -> Result<AsOf> {
    let Some(text) = text else { return Ok(AsOf::Newest) };
    if let Ok(version) = text.parse() {
        return Ok(AsOf::Version(version));
    }
    DateTime::parse_from_rfc3339(text).map(|at| AsOf::Time(at.with_timezone(&Utc))).map_err(|e| {
        Error::input(format!("`{text}` is neither a store version nor a time such as 2017-05-01T00:00:00Z"))
            .at("--as-of")
            .with_cause(e)
    })
}

/// Writes beside the place and renames: a reader never sees half a file.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().ok_or_else(|| Error::input(format!("{} is not a file name", path.display())))?;
    let mut draft = name.to_owned();
    draft.push(".draft");
    let draft = path.with_file_name(draft);
    std::fs::write(&draft, bytes)
        .and_then(|()| std::fs::rename(&draft, path))
        .map_err(|e| Error::input(format!("{} cannot be written", path.display())).with_cause(e))
}
