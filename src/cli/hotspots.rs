//! `vigie hotspots`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use super::selection::SelectionArgs;
use crate::analysis::hotspot::{Against, CellScore, Method, NEXT_CLASSES, Permutations, Question, Settings};
use crate::analysis::selection::Selection;
use crate::analysis::weights::Weights;
use crate::app::App;
use crate::app::hotspots::{HotspotAnswer, ask_with, method};
use crate::error::{Error, Result};
use crate::model::time::{Period, parse_date};
use crate::model::words::thousands;
use crate::render;
use crate::render::table::Format;
use crate::stats::dual_kde::Joined;
use crate::stats::kde::Kernel;
use crate::stats::moran::Quadrant;

#[derive(Args)]
pub(super) struct Hotspots {
    #[command(flatten)]
    selection: SelectionArgs,
    /// H3 resolution; vigie.toml has the default
    #[arg(long)]
    res: Option<u8>,
    /// count, gi-star, local-moran, kde or next (the order of the method that `vigie evaluate` picked); without it next where
    /// such records were tested, else gi-star
    #[arg(long)]
    method: Option<String>,
    /// p by so many seeded permutations (gi-star, local-moran); take many: the smallest p is 2 / (N + 1)
    #[arg(long, value_name = "N")]
    permutations: Option<u32>,
    /// Seed of the permutations
    #[arg(long, default_value_t = 1, requires = "permutations")]
    seed: u64,
    /// Weigh records by harm: a TOML file such as reports/harm/example.toml
    #[arg(long, value_name = "FILE")]
    weight: Option<PathBuf>,
    /// Kernel of a density: quartic, uniform, epanechnikov, triweight, triangular or gaussian
    #[arg(long)]
    kernel: Option<String>,
    /// Bandwidth of a density in metres; by rule from the points if left out
    #[arg(long, value_name = "METRES")]
    bandwidth: Option<f64>,
    /// Hold the density against that of another group of the same dataset and period
    #[arg(long, value_name = "GROUP", conflicts_with = "against_from")]
    against_group: Option<String>,
    /// Hold the density against that of the same records from this date …
    #[arg(long, value_name = "DATE", requires = "against_to")]
    against_from: Option<String>,
    /// … to before this one
    #[arg(long, value_name = "DATE", requires = "against_from")]
    against_to: Option<String>,
    /// How two densities are joined: ratio, log-ratio, difference or sum
    #[arg(long, default_value = "ratio")]
    join: String,
    /// Write to a file: .geojson, .csv, .parquet, .json or .svg
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw the map into an .svg file, beside whatever else is written
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

impl Hotspots {
    fn question(&self, app: &App) -> Result<Question> {
        let (selection, resolution) = (self.selection.selection(app)?, self.res.unwrap_or(app.config.resolution));
        // Settings of a test of significance are those of Gi*, whatever was tested.
        let name = self.method.as_deref().or_else(|| self.judged().then_some(Method::GiStar.name()));
        let method = method(app, &selection, resolution, name)?;
        Ok(Question { selection, resolution, method })
    }

    /// Whether something is asked for that only a method with a p can give.
    fn judged(&self) -> bool {
        self.permutations.is_some() || self.weight.is_some()
    }

    /// The other records of two densities, if they were asked for.
    fn against(&self, first: &Selection) -> Result<Option<Against>> {
        let joined = Joined::parse(&self.join).map_err(|e| e.at("--join"))?;
        let date = |text: &str, place: &str| parse_date(text).map_err(|e| e.at(place));
        let period = match (&self.against_from, &self.against_to) {
            (Some(from), Some(to)) => Some(Period::new(date(from, "--against-from")?, date(to, "--against-to")?)?),
            _ => None,
        };
        Against::of(first, self.against_group.clone(), period, joined)
    }

    fn settings(&self, first: &Selection) -> Result<Settings> {
        let weights = self.weight.as_deref().map(read_weights).transpose()?;
        let kernel = self.kernel.as_deref().map(Kernel::parse).transpose();
        Ok(Settings {
            permutations: self.permutations.map(|draws| Permutations { draws, seed: self.seed }),
            weights,
            kernel: kernel.map_err(|e| e.at("--kernel"))?,
            bandwidth_m: self.bandwidth,
            against: self.against(first)?,
        })
    }

    pub async fn run(self, context: &Context) -> Result<()> {
        let app = context.app()?;
        let question = self.question(&app)?;
        let settings = self.settings(&question.selection)?;
        let plot = super::plot::path(self.plot.as_ref())?;
        let answer = ask_with(&app, &context.who(&app)?, &question, &settings).await?;
        if let Some(path) = plot {
            super::plot::write(path, &crate::app::pictures::hotspot_map(&app, &answer)?)?;
        }
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

fn read_weights(path: &Path) -> Result<Weights> {
    let text = fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::missing(format!("there is no file {}", path.display())).with_cause(e),
        _ => Error::input(format!("{} cannot be read as text", path.display())).with_cause(e),
    })?;
    Weights::parse(&text, &path.display().to_string())
}

fn summary(answer: &HotspotAnswer) -> String {
    let p = &answer.provenance;
    let hot = answer.map.hottest().len();
    let mut text = format!(
        "{} cells of {}; {} records counted",
        thousands(p.cells.unwrap_or(0)),
        p.study_area.as_deref().unwrap_or("the study area"),
        p.counted()
    );
    if answer.map.rows.iter().any(|row| row.z.is_some()) {
        text.push_str(&format!("; {hot} cells above expectation (q at most 0.10)"));
    }
    for (reason, count) in &p.excluded {
        text.push_str(&format!("; {} left out: {}", thousands(*count), reason.replace('_', " ")));
    }
    if let Some(unweighted) = p.parameters.get("unweighted_records").filter(|n| n.as_str() != "0") {
        text.push_str(&format!("; {unweighted} records have no weight and are in no weighted figure"));
    }
    for (name, words) in [("bandwidth_m", "bandwidth in metres"), ("mass", "mass")] {
        if let Some(value) = p.parameters.get(name) {
            text.push_str(&format!("; {words} {value}"));
        }
    }
    if let Some(smallest) = p.parameters.get("smallest_p") {
        text.push_str(&format!("; smallest p possible {smallest}"));
    }
    if let (Some(from), Some(picked)) = (p.parameters.get("next_from"), p.parameters.get("picked")) {
        let name = picked.split(':').next().unwrap_or_default();
        let said = p.parameters.get("forecast_accuracy").map_or("", String::as_str);
        text.push_str(&format!("; likeliest first for the days from {from} by {name}: {said}"));
    }
    if let Some(reason) = &p.undefined_reason {
        text.push_str(&format!("; no z, p, q or density: {reason}"));
    }
    text
}

/// The cells above expectation; without any, the densest or the fullest ones.
fn text(answer: &HotspotAnswer) -> String {
    let map = &answer.map;
    let mut rows = map.likeliest(NEXT_CLASSES[3]);
    rows.extend(map.hottest());
    let outliers = map.in_quadrant(Quadrant::HighLow);
    rows.extend(outliers);
    if rows.is_empty() {
        rows = map.densest();
    }
    if rows.is_empty() {
        rows = map.rows.iter().filter(|row| row.count != Some(0)).collect();
        let harm = |row: &CellScore| row.detail.weighted.unwrap_or(0.0);
        rows.sort_by(|a, b| harm(b).total_cmp(&harm(a)).then(b.count.cmp(&a.count)).then(a.cell.cmp(&b.cell)));
    }
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|column| !column.optional || map.rows.iter().any(|row| (column.value)(row) != "-"))
        .collect();
    let mut text = format!("{:<17}{:<14}", "cell", "parish");
    for column in &columns {
        text.push_str(&format!("{:>width$}", column.name, width = column.width));
    }
    text.push_str("  bin\n");
    for row in rows.iter().take(25) {
        text.push_str(&format!("{:<17}{:<14}", row.cell.to_string(), row.parish.as_deref().unwrap_or("-")));
        for column in &columns {
            text.push_str(&format!("{:>width$}", (column.value)(row), width = column.width));
        }
        let quadrant = row.detail.quadrant.map_or(String::new(), |quadrant| format!("  {}", quadrant.words()));
        text.push_str(&format!("  {}{quadrant}\n", row.bin.words()));
    }
    if rows.len() > 25 {
        text.push_str(&format!("… and {} more; all with --json or --out FILE\n", rows.len() - 25));
    }
    text.push_str(&summary(answer));
    text
}

/// A column of figures.
struct Column {
    name: &'static str,
    width: usize,
    /// Left out where no cell has a value.
    optional: bool,
    value: fn(&CellScore) -> String,
}

const COLUMNS: [Column; 11] = [
    Column { name: "order", width: 7, optional: true, value: |row| row.detail.rank.map_or("-".to_owned(), thousands) },
    Column { name: "area so far", width: 13, optional: true, value: |row| share(row.detail.area_share) },
    Column { name: "count", width: 8, optional: false, value: |row| row.count.map_or("[c]".to_owned(), thousands) },
    Column { name: "weighted", width: 11, optional: true, value: |row| number(row.detail.weighted, 1) },
    Column { name: "per km2", width: 12, optional: false, value: |row| number(row.rate_per_km2, 1) },
    Column { name: "density/km2", width: 13, optional: true, value: |row| number(row.detail.density_per_km2, 1) },
    Column { name: "expected", width: 10, optional: true, value: |row| number(row.detail.expected_count, 2) },
    Column { name: "joined", width: 10, optional: true, value: |row| number(row.detail.joined, 2) },
    Column { name: "z", width: 9, optional: false, value: |row| number(row.z, 2) },
    Column { name: "p", width: 11, optional: false, value: |row| probability(row.p) },
    Column { name: "q", width: 11, optional: false, value: |row| probability(row.q) },
];

fn share(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |share| format!("{:.2} %", share * 100.0))
}

fn number(value: Option<f64>, places: usize) -> String {
    value.map_or("-".to_owned(), |v| format!("{v:.places$}"))
}

fn probability(value: Option<f64>) -> String {
    match value {
        Some(p) if p < 0.000_001 => "<0.000001".to_owned(),
        other => number(other, 6),
    }
}
