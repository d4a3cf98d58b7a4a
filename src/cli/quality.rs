//! `vigie quality`.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::app::quality::{QualityAnswer, Question, ask};
use crate::error::{Error, Result};
use crate::model::words::thousands;
use crate::render::quality::{delay, figures, finding, percent, picture, reconciliation, stage_words};
use crate::render::table::{Format, rows};

#[derive(Args)]
pub(super) struct Quality {
    /// One table of events, such as crimes; all of them without
    #[arg(long)]
    dataset: Option<String>,
    /// First day of the records, such as 2017-01-01
    #[arg(long)]
    from: Option<String>,
    /// The day after the last
    #[arg(long)]
    to: Option<String>,
    /// Store version or time (2017-05-01T00:00:00Z) to answer from
    #[arg(long)]
    as_of: Option<String>,
    /// Write the figures to a file: .csv, .parquet or .json
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw completeness by column to an .svg file
    #[arg(long)]
    plot: Option<PathBuf>,
}

impl Quality {
    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let date = |flag: &str, text: Option<&String>| text.map(|text| super::date::date(flag, text)).transpose();
        let question = Question {
            dataset: self.dataset.clone(),
            from: date("--from", self.from.as_ref())?,
            to: date("--to", self.to.as_ref())?,
            as_of: super::sql::as_of(self.as_of.as_deref())?,
        };
        let plot = super::plot::path(self.plot.as_ref())?;
        let answer = ask(&app, &context.who(&app)?, &question).await?;
        if let Some(path) = plot {
            super::plot::write(path, &picture(&answer.quality))?;
        }
        let Some(path) = &self.out else {
            return context.output.answer(&answer, || text(&answer));
        };
        let table = |format| -> Result<Vec<u8>> {
            let table = figures(&answer.quality)?;
            rows(&table.schema(), std::slice::from_ref(&table), format)
        };
        let bytes = match path.extension().and_then(|e| e.to_str()) {
            Some("csv") => table(Format::Csv)?,
            Some("parquet") => table(Format::Parquet)?,
            Some("json") => {
                serde_json::to_vec(&answer).map_err(|e| Error::bug("no JSON of the answer").with_cause(e))?
            }
            _ => return Err(Error::input("the file must end in .csv, .parquet or .json").at("--out")),
        };
        super::sql::write_file(path, &bytes)?;
        context.output.remark(reconciliation(&answer.quality.reconciliation));
        Ok(())
    }
}

/// Tables without records are left out: they have no figures.
fn text(answer: &QualityAnswer) -> String {
    let mut text = String::new();
    for table in answer.quality.tables.iter().filter(|table| table.records > 0) {
        text.push_str(&format!("{}; {} records\n", finding(table), thousands(table.records)));
        for column in &table.columns {
            let (name, filled) = (&column.name, thousands(column.filled));
            text.push_str(&format!("  {name:<22}{filled:>12}{:>9}\n", percent(column.share)));
        }
        for stage in &table.delays {
            let (name, median, p90) = (stage_words(&stage.stage), delay(stage.median_s), delay(stage.p90_s));
            text.push_str(&format!(
                "  {name:<22}median {median}, 90th percentile {p90}; {} counted, {} backwards, {} not known\n",
                thousands(stage.counted),
                thousands(stage.negative),
                thousands(stage.undated)
            ));
        }
        let places = &table.places;
        for (reason, n) in &places.unlocated {
            text.push_str(&format!("  without a position: {} {}\n", thousands(*n), reason.replace('_', " ")));
        }
        for (label, found) in
            places.labels.iter().filter(|(name, l)| l.records > 0 && !places.unlocated.contains_key(*name))
        {
            text.push_str(&format!("  {label:<22}{:>12}{:>9}\n", thousands(found.records), percent(found.share)));
        }
        if places.crowded_points > 0 {
            text.push_str(&format!(
                "  exact points with many records: {}, which hold {} ({} of those located)\n",
                thousands(places.crowded_points),
                thousands(places.crowded_records),
                percent(places.crowded_share)
            ));
        }
    }
    for reject in &answer.quality.rejects {
        let (feed, reason, rows) = (&reject.feed, &reject.reason, thousands(reject.rows));
        text.push_str(&format!("refused by {feed}: {reason:<16}{rows:>12}{:>9}\n", percent(reject.share)));
    }
    text.push_str(&reconciliation(&answer.quality.reconciliation));
    text
}
