//! The synthetic island: seeded incidents, crimes, activity, ANPR reads and patrol pings on the real coastline, with
//! everything that was planted written down in `truth.json`. Nobody and nothing in it is real.

mod activity;
mod anpr;
mod assessments;
mod calendar;
mod calibration;
mod cameras;
mod categories;
mod cells;
mod crime_codes;
mod crimes;
mod custody;
mod dirty;
mod dirty_crimes;
mod extracts;
mod geography;
mod hotspots;
mod incidents;
mod network;
mod pings;
mod plan_entries;
mod random;
mod readme;
mod resources;
mod response;
mod road_files;
mod roads;
mod spots;
mod surface;
mod surveys;
#[cfg(test)]
mod tests;
mod truth;
mod vehicles;
mod write;

use std::path::Path;

pub use calibration::Figure;

use crate::error::{Error, Result};
use calendar::{Span, Step, at_wall};
use surface::Surface;

/// What to make.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seed: the same options give the same bytes.
    pub seed: u64,
    /// Multiple of an island of 108,000 people: 10 gives ten times the records on the same island.
    pub scale: f64,
    /// Whole years.
    pub years: u32,
    /// First year.
    pub first_year: i32,
    /// Days of ANPR reads at the end of the period.
    pub anpr_days: u32,
    /// ANPR reads a day; `None` is 3,500 times the scale.
    pub anpr_reads_per_day: Option<u64>,
    /// Days of patrol pings at the end of the period.
    pub ping_days: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, scale: 1.0, years: 3, first_year: 2015, anpr_days: 14, anpr_reads_per_day: None, ping_days: 28 }
    }
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Files under the output directory with their rows (features of `GeoJSON`; 1 for `truth.json` and `README.txt`).
    pub files: Vec<(String, u64)>,
    /// The plan's figures beside the sample's.
    pub figures: Vec<Figure>,
}

/// From seven months before the end: anti-social behaviour rises by a quarter and Grade 1 response is slower.
const DISORDER_FACTOR: f64 = 1.25;

/// Writes the synthetic island to `out`. `progress` hears each step's name and its number of rows.
///
/// # Errors
/// `Input` for a scale or period that makes no sense, or a directory that cannot be written.
pub fn write(options: &Options, out: &Path, progress: &dyn Fn(&str, u64)) -> Result<Summary> {
    check(options)?;
    let (seed, scale) = (options.seed, options.scale);
    let span = Span::new(options.first_year, options.years)?;
    let step = Step { from: crate::model::time::add_months(span.to, -7), factor: DISORDER_FACTOR };

    let island = geography::Island::load()?;
    let network = roads::build(&island, seed)?;
    let mut files = road_files::write(out, &network)?;
    progress("roads", network.edges.len() as u64);
    let spots = spots::Spots::new(&island, &network)?;
    let planted = hotspots::plant(&span, &spots, &island, seed)?;
    let surface = Surface::new(&spots, &island, planted)?;
    let place = (&surface, &spots, &island);

    let mut crimes = crimes::make(&span, scale, &surface, &spots, &island, seed)?;
    let mut incidents = incidents::make(&span, scale, Some(step), &mut crimes.rows, place, seed)?;
    let reach = response::Reach::new(&network);
    response::respond(&span, &mut incidents, &reach, at_wall(step.from, 0), seed);
    let (incident_ids, crime_ids) = (extracts::incident_ids(&incidents), extracts::crime_ids(&crimes.rows));
    files.push(extracts::write_incidents(out, &incidents, &incident_ids)?);
    progress("incidents", incidents.len() as u64);
    files.push(extracts::write_crimes(out, &crimes.rows, &crime_ids, &incident_ids)?);
    progress("crimes", crimes.rows.len() as u64);

    files.push(activity::write_stops(out, &span, scale, place, seed)?);
    files.push(activity::write_offences(out, &span, scale, &spots, &island, seed)?);
    let stocks = activity::stocks(&span, seed);
    files.push(activity::write_stocks(out, &span, &stocks)?);
    progress("activity", files.iter().rev().take(3).map(|f| f.1).sum());

    files.push(resources::write_readings(out, &span, seed)?);
    files.push(resources::write_money(out, &span, seed)?);
    files.push(resources::write_campaigns(out, &span, seed)?);
    files.push(surveys::write_surveys(out, &span, seed)?);
    files.push(custody::write_custody(out, &span, scale, seed)?);
    files.push(assessments::write_assessments(out, &span, &incidents, &incident_ids, seed)?);
    progress("resources", files.iter().rev().take(6).map(|f| f.1).sum());

    let cameras = cameras::place(&network)?;
    files.push(cameras::write(out, &span, &cameras)?);
    let reads_per_day = options.anpr_reads_per_day.map_or(3500.0 * scale, |reads| reads as f64);
    let (file, anpr) = anpr::write(out, &span, options.anpr_days, reads_per_day, &network, &cameras, seed)?;
    progress("anpr", file.1);
    files.push(file);
    let (file, visits) = pings::write(out, &span, options.ping_days, &network, place, seed)?;
    progress("pings", file.1);
    files.push(file);

    let (dirty_files, dirty) = dirty::write(out, &span, (&incidents, &incident_ids), (&crimes.rows, &crime_ids), seed)?;
    files.extend(dirty_files);
    let figures = calibration::figures(&span, scale, &incidents, &crimes.rows, &files, &stocks);
    let truth = truth::tell(&truth::Told {
        options,
        span: &span,
        surface: &surface,
        crimes: &crimes,
        crime_ids: &crime_ids,
        step,
        cameras: &cameras,
        anpr: &anpr,
        visits: &visits,
        dirty: &dirty,
        figures: &figures,
        study_cells: spots.cells.len(),
    });
    files.push(write::text(out, "truth.json", &truth, 1)?);
    files.push(plan_entries::write_entries(out, seed)?);
    files.push(write::text(out, "README.txt", &readme::text(options, &span), 1)?);
    progress("truth", 1);
    Ok(Summary { files, figures })
}

fn check(options: &Options) -> Result<()> {
    if !(options.scale.is_finite() && (0.01..=1000.0).contains(&options.scale)) {
        return Err(Error::input(format!("--scale must lie in 0.01 to 1000; found {}", options.scale)));
    }
    Ok(())
}
