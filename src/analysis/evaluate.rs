//! How good would the map have been? Methods put to the test on days that they had not seen.

mod assess;
mod backtest;
mod forecast;
mod method;
mod score;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

pub use assess::assess;
pub use backtest::{Backtest, CURVE_POINTS, Ground, Occurrence, Plan, Record, backtest};
pub use forecast::{Place, forecast};
pub use method::Method;
pub use score::{Score, percent};

use crate::error::{Error, Result};
use crate::model::time::Daypart;
use crate::space::{Cell, Point};
use crate::stats::neighbours::Neighbours;
use crate::stats::rings::Rings;

use super::selection::Selection;

/// The coverage that decides if several are asked: what a shift can look after.
const HEADLINE: f64 = 0.02;
/// Steps around a cell that shrinking looks at.
const NEAR: u32 = 5;
/// Most windows of one test.
const MOST_WINDOWS: usize = 1_000;
/// Metres a degree of latitude, on a sphere: over a force's area a flat map at its middle latitude is near enough.
const METRES_A_DEGREE: f64 = 111_195.0;
/// Coverages without `--coverage`.
pub const COVERAGES: [f64; 4] = [0.01, 0.02, 0.05, 0.1];

/// A question about methods, checked once.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Records; the period is that of the test, and its daypart is left to [`Question::dayparts`].
    pub selection: Selection,
    /// Bands of the day, each tested by itself; `None` is the whole day.
    pub dayparts: Vec<Option<Daypart>>,
    /// H3 resolution.
    pub resolution: u8,
    /// Methods, baselines among them.
    pub methods: Vec<Method>,
    /// Days that methods look back.
    pub train_days: u32,
    /// Days that are forecast.
    pub horizon_days: u32,
    /// Days from one origin to the next.
    pub step_days: u32,
    /// Days that must have passed since a record was made before a method may see it.
    pub embargo_days: u32,
    /// Shares of the area that are chosen, ascending.
    pub coverages: Vec<f64>,
    /// Seed of the random order and of the intervals.
    pub seed: u64,
}

impl Question {
    /// All methods, weekly windows, two years to look back: the usual test of some records.
    pub fn usual(selection: Selection, dayparts: Vec<Option<Daypart>>, resolution: u8) -> Self {
        Self {
            selection,
            dayparts,
            resolution,
            methods: Method::ALL.to_vec(),
            train_days: 730,
            horizon_days: 7,
            step_days: 7,
            embargo_days: 0,
            coverages: COVERAGES.to_vec(),
            seed: 1,
        }
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// `Input` naming the field and what would do.
    pub fn check(&self) -> Result<()> {
        self.selection.check()?;
        let days = [("train", self.train_days, 28), ("horizon", self.horizon_days, 1), ("step", self.step_days, 1)];
        for (name, given, least) in days {
            if !(least..=3_660).contains(&given) {
                return Err(Error::input(format!("{given} days is outside {least} to 3660")).at(name));
            }
        }
        if self.embargo_days > 365 {
            return Err(Error::input("an embargo is at most 365 days").at("embargo"));
        }
        let shares = self.coverages.iter().all(|share| *share > 0.0 && *share <= 1.0);
        if self.coverages.is_empty() || !shares || !self.coverages.is_sorted_by(|a, b| a < b) {
            return Err(
                Error::input("coverages are shares above 0 and at most 1, ascending: 0.01,0.02,0.05").at("coverage")
            );
        }
        if self.dayparts.is_empty() || self.methods.is_empty() {
            return Err(Error::input("name at least one daypart and one method"));
        }
        if !(5..=Cell::STORED).contains(&self.resolution) {
            return Err(
                Error::input(format!("resolution {} is outside 5 to {}", self.resolution, Cell::STORED)).at("res")
            );
        }
        match self.windows() {
            0 => Err(Error::input(format!(
                "the test period has {} days, the horizon {}: no window fits",
                self.selection.period.days(),
                self.horizon_days
            ))
            .at("horizon")),
            n if n > MOST_WINDOWS => {
                Err(Error::input(format!("{n} windows are more than {MOST_WINDOWS}; take a longer step")).at("step"))
            }
            _ => Ok(()),
        }
    }

    /// Windows of the test.
    pub fn windows(&self) -> usize {
        let room = self.selection.period.days() - i64::from(self.horizon_days);
        if room < 0 { 0 } else { (room / i64::from(self.step_days.max(1))) as usize + 1 }
    }

    /// The question in one line, for the audit.
    pub fn subject(&self) -> String {
        let dayparts: Vec<&str> = self.dayparts.iter().map(|part| daypart_name(part.as_ref())).collect();
        let methods: Vec<&str> = self.methods.iter().map(|method| method.name()).collect();
        format!(
            "{} dayparts={} res={} methods={} train={}d horizon={}d step={}d",
            self.selection.subject(),
            dayparts.join(","),
            self.resolution,
            methods.join(","),
            self.train_days,
            self.horizon_days,
            self.step_days
        )
    }

    /// The coverage that decides: 2 %, or the one asked that is nearest to it.
    pub fn headline(&self) -> f64 {
        let apart = |share: &f64| (share.ln() - HEADLINE.ln()).abs();
        self.coverages.iter().copied().min_by(|a, b| apart(a).total_cmp(&apart(b))).unwrap_or(HEADLINE)
    }

    /// The plan of one daypart: days are counted from 1970.
    pub fn plan(&self) -> Plan {
        Plan {
            from: day_number(self.selection.period.from),
            to: day_number(self.selection.period.to),
            step: self.step_days,
            horizon: self.horizon_days,
            train: self.train_days,
            embargo: self.embargo_days,
            coverages: self.coverages.clone(),
            methods: self.methods.clone(),
            seed: self.seed,
        }
    }
}

/// Days since 1970.
pub fn day_number(on: chrono::NaiveDate) -> i32 {
    (on - chrono::NaiveDate::default()).num_days() as i32
}

/// `all` for the whole day.
pub fn daypart_name(daypart: Option<&Daypart>) -> &str {
    daypart.map_or("all", |daypart| daypart.name.as_str())
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How one method did in one daypart at one coverage, over all windows with events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Method.
    pub method: Method,
    /// `all`, `day`, `night`…
    pub daypart: String,
    /// Share of the area asked for.
    pub coverage: f64,
    /// Share of the area chosen, a / A.
    pub area_share: f64,
    /// Share of the events caught, Σn / ΣN.
    pub hit_rate: Option<f64>,
    /// Hit rate over area share.
    pub pai: Option<f64>,
    /// Lower end of the 95 % interval of the PAI over windows.
    pub pai_low: Option<f64>,
    /// Upper end.
    pub pai_high: Option<f64>,
    /// Σn / Σn*, n* by a greedy oracle.
    pub pei: Option<f64>,
    /// PAI if ties at the cut had fallen worst.
    pub pai_worst_ties: Option<f64>,
    /// PAI if they had fallen best.
    pub pai_best_ties: Option<f64>,
    /// Cells with the score of the last one chosen that were left out, mean over windows.
    pub ties_at_cut: f64,
    /// Share of the chosen cells that the next window's choice keeps, mean over windows.
    pub kept_share: Option<f64>,
    /// PAI less that of the baseline, on the same windows; `None` for the baseline itself.
    pub gain: Option<f64>,
    /// Lower end of its 95 % interval.
    pub gain_low: Option<f64>,
    /// Upper end.
    pub gain_high: Option<f64>,
    /// Windows with events.
    pub origins: usize,
}

/// How the test of one daypart went, and what came out on top.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// `all`, `day`, `night`…
    pub daypart: String,
    /// Windows with events.
    pub windows: usize,
    /// Windows without, left out.
    pub empty_windows: usize,
    /// Events of the windows.
    pub events: u64,
    /// Mean over origins of records that had happened but were not recorded yet.
    pub not_yet_recorded: f64,
    /// Days of history at the first origin.
    pub first_history_days: u32,
    /// The method that the rule picks.
    pub best: Method,
    /// Why, in one sentence.
    pub why: String,
    /// Share of events caught at 1 %, 2 % … 100 % of the area, by method.
    #[serde(skip)]
    pub curves: BTreeMap<Method, Vec<f64>>,
}

/// What the tests of all dayparts say.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Evaluation {
    /// One a method, daypart and coverage.
    pub rows: Vec<Row>,
    /// One a daypart.
    pub dayparts: Vec<Part>,
    /// Records that lay outside the study area, over all dayparts, not counted; `None` if suppressed.
    pub outside_study_area: Option<u64>,
}

impl Evaluation {
    /// The row of a method in a daypart at a coverage.
    pub fn row(&self, method: Method, daypart: &str, coverage: f64) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.method == method && row.daypart == daypart && row.coverage.total_cmp(&coverage).is_eq())
    }
}

/// Who is near whom among some cells, which must ascend, and how large they are.
///
/// # Errors
/// `Bug` if there are more pairs than 32 bits can count.
pub fn ground(cells: &[Cell]) -> Result<Ground> {
    let lists: Vec<Vec<(u32, u32)>> = cells
        .iter()
        .map(|cell| {
            let around = cell.disk_by_steps(Method::REACH as u32).into_iter();
            let held = around.filter_map(|(other, steps)| Some((cells.binary_search(&other).ok()? as u32, steps)));
            held.filter(|(_, steps)| *steps > 0).collect()
        })
        .collect();
    let next = |list: &Vec<(u32, u32)>| list.iter().filter(|pair| pair.1 == 1).map(|pair| pair.0).collect();
    let neighbours: Vec<Vec<u32>> = lists.iter().map(next).collect();
    let centres: Vec<Point> = cells.iter().map(|cell| cell.centre()).collect();
    let middle = centres.iter().map(|centre| centre.lat).sum::<f64>() / centres.len().max(1) as f64;
    let metres_east = METRES_A_DEGREE * middle.to_radians().cos();
    Ok(Ground {
        x: centres.iter().map(|centre| centre.lon * metres_east).collect(),
        y: centres.iter().map(|centre| centre.lat * METRES_A_DEGREE).collect(),
        rings: Rings::from_lists(Method::REACH, &lists)?,
        near: Rings::from_lists(NEAR as usize, &lists)?,
        neighbours: Neighbours::from_lists(&neighbours)?,
        areas: cells.iter().map(|cell| cell.area_km2()).collect(),
    })
}

#[cfg(test)]
mod tests;
