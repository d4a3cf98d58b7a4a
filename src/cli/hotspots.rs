//! `vigie hotspots`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use crate::analysis::hotspot::{Method, Question};
use crate::app::App;
use crate::app::hotspots::{HotspotAnswer, ask};
use crate::error::{Error, Result};
use crate::model::words::thousands;
use crate::render;
use crate::render::table::Format;

#[derive(Args)]
pub(super) struct Hotspots {
    #[command(flatten)]
    selection: SelectionArgs,
    /// H3 resolution; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// count or gi-star
    #[arg(long, default_value = "gi-star")]
    method: String,
    /// Write to a file: .geojson, .csv, .parquet, .json or .svg
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Hotspots {
    fn question(&self, app: &App) -> Result<Question> {
        Ok(Question {
            selection: self.selection.selection(app)?,
            resolution: self.res.unwrap_or(app.config.resolution),
            method: Method::parse(&self.method)?,
        })
    }

    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = self.question(&app)?;
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        let Some(path) = &self.out else {
            return context.output.answer(&answer, || text(&answer));
        };
        let table = |format| -> Result<Vec<u8>> {
            let table = render::table::hotspots(&answer.map)?;
            render::table::rows(&table.schema(), std::slice::from_ref(&table), format)
        };
        let bytes = match path.extension().and_then(|e| e.to_str()) {
            Some("geojson") => render::geojson::hotspots(&answer.map, &answer.provenance)?,
            Some("csv") => table(Format::Csv)?,
            Some("parquet") => table(Format::Parquet)?,
            Some("json") => serde_json::to_vec(&answer).map_err(|e| Error::bug("no JSON of the map").with_cause(e))?,
            Some("svg") => crate::app::pictures::hotspot_map(&app, &answer)?.into_bytes(),
            _ => return Err(Error::input("the file must end in .geojson, .csv, .parquet, .json or .svg").at("--out")),
        };
        super::sql::write_file(path, &bytes)?;
        context.output.remark(summary(&answer));
        Ok(())
    }
}

fn summary(answer: &HotspotAnswer) -> String {
    let p = &answer.provenance;
    let hot = answer.map.hottest().len();
    let mut text = format!(
        "{} cells of {}; {} records counted",
        thousands(p.cells.unwrap_or(0)),
        p.study_area.as_deref().unwrap_or("the study area"),
        thousands(p.rows)
    );
    if answer.map.rows.iter().any(|row| row.z.is_some()) {
        text.push_str(&format!("; {hot} cells above expectation (q at most 0.10)"));
    }
    for (reason, count) in &p.excluded {
        text.push_str(&format!("; {} left out: {}", thousands(*count), reason.replace('_', " ")));
    }
    if let Some(reason) = &p.undefined_reason {
        text.push_str(&format!("; no z, p or q: {reason}"));
    }
    text
}

/// The cells above expectation; without any, the fullest ones.
fn text(answer: &HotspotAnswer) -> String {
    let number = |value: Option<f64>, places: usize| value.map_or("-".to_owned(), |v| format!("{v:.places$}"));
    let probability = |value: Option<f64>| match value {
        Some(p) if p < 0.000_001 => "<0.000001".to_owned(),
        other => number(other, 6),
    };
    let mut rows = answer.map.hottest();
    if rows.is_empty() {
        rows = answer.map.rows.iter().filter(|row| row.count != Some(0)).collect();
        rows.sort_by(|a, b| b.count.cmp(&a.count).then(a.cell.cmp(&b.cell)));
    }
    let mut text =
        format!("{:<17}{:<14}{:>8}{:>12}{:>9}{:>11}{:>11}  bin\n", "cell", "parish", "count", "per km2", "z", "p", "q");
    for row in rows.iter().take(25) {
        text.push_str(&format!(
            "{:<17}{:<14}{:>8}{:>12}{:>9}{:>11}{:>11}  {}\n",
            row.cell.to_string(),
            row.parish.as_deref().unwrap_or("-"),
            row.count.map_or("[c]".to_owned(), thousands),
            number(row.rate_per_km2, 1),
            number(row.z, 2),
            probability(row.p),
            probability(row.q),
            row.bin.words()
        ));
    }
    if rows.len() > 25 {
        text.push_str(&format!("… and {} more; all with --json or --out FILE\n", rows.len() - 25));
    }
    text.push_str(&summary(answer));
    text
}
