//! `vigie clusters`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use crate::analysis::clusters::{Method, Question};
use crate::app::App;
use crate::app::clusters::{ClustersAnswer, ask};
use crate::app::place_pictures;
use crate::error::{Error, Result};
use crate::model::words::thousands;

#[derive(Args)]
pub(super) struct Clusters {
    #[command(flatten)]
    selection: SelectionArgs,
    /// dbscan, or nnh: nearest-neighbour hierarchical
    #[arg(long, default_value = "dbscan")]
    method: String,
    /// Reach in metres; 100 for dbscan, the distance by chance for nnh
    #[arg(long, value_name = "METRES")]
    distance: Option<f64>,
    /// Fewest points of a cluster
    #[arg(long, default_value_t = Question::USUAL_MINIMUM)]
    minimum: usize,
    /// H3 resolution of the cells by which clusters are shown; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// Write to a file: .geojson or .json
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw the map into an .svg file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

impl Clusters {
    fn question(&self, app: &App) -> Result<Question> {
        Ok(Question {
            selection: self.selection.selection(app)?,
            method: Method::parse(&self.method)?,
            distance_m: self.distance,
            minimum: self.minimum,
            resolution: self.res.unwrap_or(app.config.resolution),
        })
    }

    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = self.question(&app)?;
        let plot = super::plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = plot {
            super::plot::write(path, &place_pictures::clusters_map(&app, &answer)?)?;
        }
        let Some(path) = &self.out else {
            return context.output.answer(&answer, || text(&answer));
        };
        let bytes = match path.extension().and_then(|e| e.to_str()) {
            Some("geojson") => crate::render::clusters::geojson(&answer.map, &answer.provenance)?,
            Some("json") => {
                serde_json::to_vec(&answer).map_err(|e| Error::bug("no JSON of the clusters").with_cause(e))?
            }
            _ => return Err(Error::input("the file must end in .geojson or .json").at("--out")),
        };
        super::sql::write_file(path, &bytes)?;
        context.output.remark(summary(&answer));
        Ok(())
    }
}

fn summary(answer: &ClustersAnswer) -> String {
    let number = |count: Option<u64>| count.map_or("[c]".to_owned(), thousands);
    let map = &answer.map;
    let mut text = format!(
        "{} clusters; {} records in one of order 1, {} in none shown",
        map.rows.len(),
        number(map.clustered),
        number(map.scattered)
    );
    if map.too_small > 0 {
        text.push_str(&format!("; {} clusters too small to show", map.too_small));
    }
    if let Some(distance) = answer.provenance.parameters.get("distance_m") {
        text.push_str(&format!("; within {distance} m"));
    }
    text
}

fn text(answer: &ClustersAnswer) -> String {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.0}"));
    let mut text = format!(
        "{:>4}{:>7}{:>8}  {:<17}{:<14}{:>9}{:>9}{:>9}\n",
        "rank", "order", "count", "cell", "parish", "long m", "short m", "bearing"
    );
    for row in answer.map.rows.iter().take(40) {
        text.push_str(&format!(
            "{:>4}{:>7}{:>8}  {:<17}{:<14}{:>9}{:>9}{:>9}\n",
            row.rank,
            row.order,
            thousands(row.count),
            row.cell.to_string(),
            row.parish.as_deref().unwrap_or("-"),
            number(row.long_m),
            number(row.short_m),
            number(row.bearing_deg)
        ));
    }
    if answer.map.rows.len() > 40 {
        text.push_str(&format!("… and {} more; all with --json or --out FILE\n", answer.map.rows.len() - 40));
    }
    text.push_str(&summary(answer));
    text
}
