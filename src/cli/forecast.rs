//! `vigie forecast`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::date::{date, days};
use crate::analysis::evaluate::{Method, Question, percent};
use crate::analysis::selection::Selection;
use crate::app::forecast::{ForecastAnswer, ask, days_from};
use crate::error::{Error, Result};
use crate::render;

#[derive(Args)]
pub(super) struct Forecast {
    /// crimes, incidents, stops, offences, collisions, `anpr_reads` or pings
    #[arg(long, default_value = "crimes")]
    dataset: String,
    /// One group of the dataset, such as burglary
    #[arg(long)]
    group: Option<String>,
    /// First day; what was recorded before it is known
    #[arg(long)]
    on: String,
    /// How many days, such as 7d or 1w
    #[arg(long, default_value = "7d")]
    horizon: String,
    /// day, night, nte or a band such as 22:00-04:00
    #[arg(long)]
    daypart: Option<String>,
    /// A method of `vigie evaluate`, or best: the one that did best when it was last tested
    #[arg(long, default_value = "best")]
    method: String,
    /// How far the method looks back
    #[arg(long, default_value = "730d")]
    train: String,
    /// H3 resolution; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// Write all cells to a file: .geojson, .csv or .json
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw the map into an .svg file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

impl Forecast {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let daypart = self.daypart.as_deref().map(|name| app.config.daypart(name)).transpose();
        let horizon_days = days("--horizon", &self.horizon)?;
        let selection = Selection {
            dataset: self.dataset.clone(),
            group: self.group.clone(),
            period: days_from(date("--on", &self.on)?, horizon_days)?,
            daypart: None,
        };
        let dayparts = vec![daypart.map_err(|e| e.at("--daypart"))?];
        let mut question = Question::usual(selection, dayparts, self.res.unwrap_or(app.config.resolution));
        (question.horizon_days, question.step_days) = (horizon_days, horizon_days);
        question.train_days = days("--train", &self.train)?;
        let method = match self.method.as_str() {
            "best" => None,
            name => Some(Method::parse(name).map_err(|e| e.at("--method"))?),
        };
        let plot = super::plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question, method).await?;
        if let Some(path) = plot {
            super::plot::write(path, &crate::app::pictures::forecast(&app, &answer)?.pictures[0].svg)?;
        }
        let Some(path) = &self.out else {
            return context.output.answer(&answer, || text(&answer));
        };
        let bytes = match path.extension().and_then(|e| e.to_str()) {
            Some("geojson") => render::forecast::geojson(&answer.rows, &answer.provenance)?,
            Some("csv") => render::forecast::csv(&answer.rows)?,
            Some("json") => {
                serde_json::to_vec(&answer).map_err(|e| Error::bug("no JSON of the forecast").with_cause(e))?
            }
            _ => return Err(Error::input("the file must end in .geojson, .csv or .json").at("--out")),
        };
        super::sql::write_file(path, &bytes)
    }
}

/// The first cells, and how good the method is.
fn text(answer: &ForecastAnswer) -> String {
    let mut text = format!("{:>5}  {:<17}{:<14}{:>12}\n", "rank", "cell", "parish", "area so far");
    for row in answer.rows.iter().take(25) {
        text.push_str(&format!(
            "{:>5}  {:<17}{:<14}{:>10} %\n",
            row.rank,
            row.cell.to_string(),
            row.parish.as_deref().unwrap_or("-"),
            percent(row.area_share)
        ));
    }
    if answer.rows.len() > 25 {
        text.push_str(&format!("… and {} more; all with --json or --out FILE\n", answer.rows.len() - 25));
    }
    let p = &answer.provenance;
    let said = p.parameters.get("forecast_accuracy").map_or("", String::as_str);
    text.push_str(&format!("{}: {said}", p.method.as_deref().unwrap_or("")));
    text
}
