//! How did it become what it is? The history of every cell over equal steps of time, as a category.

use std::thread;

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use crate::analysis::disclosure::{Release, SUPPRESSED, hide};
use crate::analysis::hotspot::{self, ring_neighbours};
use crate::analysis::selection::Selection;
use crate::analysis::steps::{StepLength, Steps};
use crate::error::{Error, Result};
use crate::space::{Areas, Cell, Point, StudyArea};
use crate::stats::emerging::{self, Pattern, Side, Step, Trend};
use crate::stats::fdr::benjamini_hochberg;
use crate::stats::mann_kendall::mann_kendall;
use crate::stats::six_way::{SixWay, six_way};
use crate::stats::space_time_gi::{Cube, Window, space_time_gi};

/// Cells whose centre is at sea belong to the nearest parish within this distance, in metres.
const PARISH_REACH_M: f64 = 1_000.0;

/// Fewest steps that have a history.
pub const FEWEST_STEPS: usize = 10;

/// Which definition of the categories decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Definition {
    /// 17 categories as ArcGIS Pro 3 words them.
    Esri3,
    /// 17 categories as ArcGIS Pro 2 worded them.
    Esri2,
    /// Six classes of the R package sfhotspot, by its documentation.
    SfHotspot,
}

impl Definition {
    /// Every definition.
    pub const ALL: [Definition; 3] = [Definition::Esri3, Definition::Esri2, Definition::SfHotspot];

    /// Name on the command line and in provenance.
    pub fn name(self) -> &'static str {
        match self {
            Definition::Esri3 => "esri-3",
            Definition::Esri2 => "esri-2",
            Definition::SfHotspot => "sfhotspot",
        }
    }

    /// The definition of that name.
    ///
    /// # Errors
    /// `Input` naming the definitions there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|definition| definition.name() == name)
            .ok_or_else(|| Error::input(format!("`{name}` is not a definition; write esri-3, esri-2 or sfhotspot")))
    }

    /// What a step is compared with, and how many steps before it belong to it, unless the question says otherwise.
    fn usual(self) -> (Window, usize) {
        match self {
            Definition::SfHotspot => (Window::OneStep, 0),
            _ => (Window::WholeCube, 1),
        }
    }
}

/// Name of a window on the command line and in provenance.
pub fn window_name(window: Window) -> &'static str {
    match window {
        Window::WholeCube => "cube",
        Window::NeighbourhoodSteps => "neighbourhood",
        Window::OneStep => "step",
    }
}

/// The window of that name.
///
/// # Errors
/// `Input` naming the windows there are.
pub fn parse_window(name: &str) -> Result<Window> {
    [Window::WholeCube, Window::NeighbourhoodSteps, Window::OneStep]
        .into_iter()
        .find(|window| window_name(*window) == name)
        .ok_or_else(|| Error::input(format!("`{name}` is not a window; write cube, neighbourhood or step")))
}

/// A question about histories, checked once.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Which records.
    pub selection: Selection,
    /// H3 resolution of the answer.
    pub resolution: u8,
    /// Length of a step.
    pub step: StepLength,
    /// Only so many steps, the last ones of the period.
    pub steps: Option<usize>,
    /// Which definition decides.
    pub definition: Definition,
    /// Steps before a step that belong to its neighbourhood.
    pub neighbour_steps: usize,
    /// What a neighbourhood is compared with.
    pub window: Window,
    /// A step is hot or cold, and a trend a trend, at q or p up to this.
    pub alpha: f64,
}

impl Question {
    /// Most steps that a neighbourhood may reach back.
    const FURTHEST_BACK: usize = 52;

    /// The usual question about some records: the neighbourhood and the window of the definition, 5 %.
    pub fn usual(selection: Selection, resolution: u8, step: StepLength, definition: Definition) -> Self {
        let (window, neighbour_steps) = definition.usual();
        Self { selection, resolution, step, steps: None, definition, neighbour_steps, window, alpha: 0.05 }
    }

    /// Checks what the types do not, and cuts the period into steps.
    ///
    /// # Errors
    /// `Input` naming the field and what would do; `Data` for fewer than ten steps.
    pub fn check(&self) -> Result<Steps> {
        hotspot::Question {
            selection: self.selection.clone(),
            resolution: self.resolution,
            method: hotspot::Method::Count,
        }
        .check()?;
        if !(self.alpha > 0.0 && self.alpha < 0.5) {
            return Err(Error::input(format!("{} is no level; write one such as 0.05", self.alpha)).at("alpha"));
        }
        if self.neighbour_steps > Self::FURTHEST_BACK {
            return Err(Error::input(format!("a neighbourhood reaches back {} steps at most", Self::FURTHEST_BACK))
                .at("neighbour_steps"));
        }
        let steps = Steps::of(self.selection.period, self.step, self.steps)?;
        let few = steps.len();
        if few < FEWEST_STEPS {
            let (one, several) = self.step.words();
            return Err(Error::data(format!(
                "a history needs at least {FEWEST_STEPS} steps, and this one has {few} {}: ask for a longer period or \
                 shorter steps",
                if few == 1 { one } else { several }
            )));
        }
        Ok(steps)
    }

    /// The question in one line, for the audit and as a key.
    pub fn subject(&self) -> String {
        format!(
            "{} res={} step={} steps={} definition={} neighbour_steps={} window={} alpha={}",
            self.selection.subject(),
            self.resolution,
            self.step.name(),
            self.steps.map_or_else(|| "all".to_owned(), |steps| steps.to_string()),
            self.definition.name(),
            self.neighbour_steps,
            window_name(self.window),
            self.alpha
        )
    }
}

/// Records of one cell on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellDay {
    /// Cell of the question's resolution.
    pub cell: Cell,
    /// Island date.
    pub on: NaiveDate,
    /// Records.
    pub count: u64,
}

/// What a history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// One of the 17 of emerging hot spot analysis; `None` is the one without a pattern.
    Pattern(Option<(Pattern, Side)>),
    /// One of six classes.
    SixWay(SixWay),
}

impl Category {
    /// `new hot`, `former cold`, `mixed`, `none`.
    pub fn words(self) -> String {
        match self {
            Category::Pattern(Some((pattern, side))) => format!("{} {}", pattern.word(), side.word()),
            Category::Pattern(None) => "none".to_owned(),
            Category::SixWay(class) => class.words(),
        }
    }

    /// Whether there is anything to say.
    pub fn is_none(self) -> bool {
        matches!(self, Category::Pattern(None) | Category::SixWay(SixWay::NoPattern))
    }

    /// Hot before cold; within a side in the order in which it deserves a look; what is nothing last.
    pub fn rank(self) -> (u8, u8) {
        let side = |side: Side| u8::from(side == Side::Cold);
        match self {
            Category::Pattern(Some((pattern, on))) => {
                (side(on), Pattern::ALL.iter().position(|p| *p == pattern).unwrap_or(0) as u8)
            }
            Category::SixWay(SixWay::Emerging(on)) => (side(on), 0),
            Category::SixWay(SixWay::Persistent(on)) => (side(on), 1),
            Category::SixWay(SixWay::Intermittent(on)) => (side(on), 2),
            Category::SixWay(SixWay::Former(on)) => (side(on), 3),
            Category::SixWay(SixWay::Mixed) => (2, 0),
            Category::Pattern(None) | Category::SixWay(SixWay::NoPattern) => (3, 0),
        }
    }
}

impl Serialize for Category {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.words())
    }
}

/// The history of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryRow {
    /// Cell.
    pub cell: Cell,
    /// Parish of its centre, or the nearest; `None` until [`EmergingMap::with_parishes`], and far from any.
    pub parish: Option<String>,
    /// Records in it over all steps; `None` if suppressed.
    pub count: Option<u64>,
    /// What its history is.
    pub category: Category,
    /// Steps in which its neighbourhood was significantly above the rest.
    pub hot_steps: usize,
    /// Steps in which it was significantly below.
    pub cold_steps: usize,
    /// One letter a step, the first step first: `H`, `C` or `.`.
    pub history: String,
    /// Mann-Kendall z of its Gi* scores; `None` if undefined or suppressed.
    pub trend_z: Option<f64>,
    /// Two-sided p of it, for this cell alone.
    pub trend_p: Option<f64>,
    /// Sen's slope of its Gi* scores, in standard deviates a step.
    pub sen_slope: Option<f64>,
    /// Why: `hot in 7 of 10 weeks, the last two in a row`.
    pub why: String,
    /// Centre.
    #[serde(flatten)]
    pub centre: Point,
}

/// The answer: every cell of the study area, zeros included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EmergingMap {
    /// Cells, ascending.
    pub rows: Vec<HistoryRow>,
    /// Records with a cell outside the study area, not counted; `None` if suppressed.
    pub outside_study_area: Option<u64>,
    /// Records of the period before the first step, not counted; `None` if suppressed.
    pub before_first_step: Option<u64>,
    /// Records expected in a neighbourhood (a cell, its ring and the steps that belong to it) if they lay evenly:
    /// below one, single records make cells hot; `None` if suppressed.
    pub expected_in_neighbourhood: Option<f64>,
    /// Steps in which no cell has a record: quiet ones, or ones that were never loaded.
    pub steps_without_records: usize,
    /// Why no cell has a history, if none has.
    pub undefined_reason: Option<String>,
}

impl EmergingMap {
    /// Records counted; `None` if a cell is suppressed.
    pub fn total(&self) -> Option<u64> {
        self.rows.iter().map(|row| row.count).sum()
    }

    /// Names the parish of every cell.
    #[must_use]
    pub fn with_parishes(mut self, areas: &Areas) -> Self {
        for row in &mut self.rows {
            row.parish = areas.find_near(row.centre, PARISH_REACH_M).map(str::to_owned);
        }
        self
    }

    /// Cells with a category, those that deserve a look first: by rank of the category, then more significant steps,
    /// then cell.
    pub fn notable(&self) -> Vec<&HistoryRow> {
        let mut rows: Vec<&HistoryRow> = self.rows.iter().filter(|row| !row.category.is_none()).collect();
        rows.sort_by(|a, b| {
            let steps = |row: &HistoryRow| row.hot_steps.max(row.cold_steps);
            a.category.rank().cmp(&b.category.rank()).then(steps(b).cmp(&steps(a))).then(a.cell.cmp(&b.cell))
        });
        rows
    }
}

/// Classes the history of every cell of the study area.
///
/// **Method**: counts per cell and step, zeros kept; Gi* of every cell and step over the cell, its ring and the steps
/// just before ([`space_time_gi`]), so that a step never knows what came after it; q over all cells and steps
/// ([`benjamini_hochberg`]); hot and cold by q and the sign of z; Mann-Kendall on each cell's z ([`mann_kendall`]);
/// category by the definition ([`emerging::categorise`], [`six_way`]).
/// **Units**: records.
/// **Undefined**: no category, with the reason, if all counts are equal; no trend for a cell that lacks a z in any step.
///
/// # Errors
/// As [`Question::check`]; `Data` if fewer than ten steps hold any record; `Bug` for a count in a cell of another
/// resolution.
pub fn classify(days: &[CellDay], area: &StudyArea, question: &Question) -> Result<EmergingMap> {
    let steps = question.check()?;
    let cells = area.cells(question.resolution)?;
    let (mut outside, mut early) = (0, 0);
    let mut totals = vec![0_u64; cells.len()];
    let mut values = vec![0.0; cells.len() * steps.len()];
    for day in days {
        if day.cell.resolution() != question.resolution {
            return Err(Error::bug(format!("counted at resolution {}", day.cell.resolution())));
        }
        let Some(step) = steps.find(day.on) else {
            early += day.count;
            continue;
        };
        match cells.binary_search(&day.cell) {
            Ok(place) => {
                totals[place] += day.count;
                values[place * steps.len() + step] += day.count as f64;
            }
            Err(_) => outside += day.count,
        }
    }
    let held = (0..steps.len()).filter(|step| values.iter().skip(*step).step_by(steps.len()).any(|x| *x > 0.0)).count();
    refuse_unheld(held, steps.len(), question.step)?;
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let reach = if question.window == Window::OneStep { 1 } else { question.neighbour_steps + 1 };
    let cube = Cube::new(values, cells.len(), steps.len())?;
    let gi = space_time_gi(&cube, &ring_neighbours(cells)?, question.neighbour_steps, question.window)?;
    let q = benjamini_hochberg(&gi.p);
    let rows = on_both_cores(cells.len(), |place| {
        let bins = place * steps.len()..(place + 1) * steps.len();
        history(cells[place], totals[place], &gi.z[bins.clone()], &q[bins], question)
    });
    Ok(EmergingMap {
        rows,
        outside_study_area: Some(outside),
        before_first_step: Some(early),
        expected_in_neighbourhood: Some(mean * 7.0 * reach as f64),
        steps_without_records: steps.len() - held,
        undefined_reason: gi.undefined.map(|why| why.words().to_owned()),
    })
}

/// A step without a record anywhere may be quiet, or never have been loaded: too few that are neither make no history.
fn refuse_unheld(held: usize, steps: usize, length: StepLength) -> Result<()> {
    if held >= FEWEST_STEPS {
        return Ok(());
    }
    Err(Error::data(format!(
        "only {held} of the {steps} {} hold any record, and a history needs at least {FEWEST_STEPS} that do: was \
         everything loaded?",
        length.words().1
    )))
}

fn history(cell: Cell, count: u64, z: &[Option<f64>], q: &[Option<f64>], question: &Question) -> HistoryRow {
    let steps: Vec<Step> = z
        .iter()
        .zip(q)
        .map(|(z, q)| match (z, q) {
            (Some(z), Some(q)) if *q <= question.alpha => {
                if *z > 0.0 {
                    Step::Hot
                } else {
                    Step::Cold
                }
            }
            _ => Step::Neither,
        })
        .collect();
    let scores: Option<Vec<f64>> = z.iter().copied().collect();
    let trend = scores.and_then(|scores| mann_kendall(&scores));
    let direction = match trend {
        Some(trend) if trend.p <= question.alpha && trend.z > 0.0 => Trend::Up,
        Some(trend) if trend.p <= question.alpha && trend.z < 0.0 => Trend::Down,
        _ => Trend::Flat,
    };
    let category = match question.definition {
        Definition::Esri3 => Category::Pattern(emerging::categorise(&steps, direction, emerging::Definition::Esri3)),
        Definition::Esri2 => Category::Pattern(emerging::categorise(&steps, direction, emerging::Definition::Esri2)),
        Definition::SfHotspot => Category::SixWay(six_way(&steps).unwrap_or(SixWay::NoPattern)),
    };
    let letter = |step: &Step| match step {
        Step::Hot => 'H',
        Step::Cold => 'C',
        Step::Neither => '.',
    };
    let history: String = steps.iter().map(letter).collect();
    let count_of = |wanted: char| history.chars().filter(|letter| *letter == wanted).count();
    HistoryRow {
        cell,
        parish: None,
        count: Some(count),
        category,
        hot_steps: count_of('H'),
        cold_steps: count_of('C'),
        trend_z: trend.map(|trend| trend.z),
        trend_p: trend.map(|trend| trend.p),
        sen_slope: trend.map(|trend| trend.sen_slope),
        why: emerging::why(&steps, question.step.words()),
        centre: cell.centre(),
        history,
    }
}

/// One result a place, in their order, made on as many threads as there are cores.
fn on_both_cores<T: Send>(places: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = places.div_ceil(threads).max(1);
    let make = &make;
    thread::scope(|scope| {
        let parts: Vec<_> = (0..places)
            .step_by(share)
            .map(|from| scope.spawn(move || (from..(from + share).min(places)).map(make).collect::<Vec<T>>()))
            .collect();
        // A thread ends early only if it panicked, and that goes on here.
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// A cell's trend is one of sums of its neighbours' counts against the whole map: with a count hidden, all trends go.
/// Histories and categories are classes of neighbourhoods and stay.
impl Release for EmergingMap {
    fn protect(&mut self, threshold: u32) {
        let mut hidden = false;
        for row in &mut self.rows {
            hidden |= hide(&mut row.count, threshold);
        }
        hide(&mut self.outside_study_area, threshold);
        hide(&mut self.before_first_step, threshold);
        if hidden {
            // All records less those left out and those shown are the hidden ones.
            (self.outside_study_area, self.before_first_step) = (None, None);
            for row in &mut self.rows {
                (row.trend_z, row.trend_p, row.sen_slope) = (None, None, None);
            }
            self.expected_in_neighbourhood = None;
            self.undefined_reason.get_or_insert_with(|| SUPPRESSED.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::model::access::{Principal, Role};
    use crate::model::time::{Period, parse_date};

    fn on(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn question(definition: Definition) -> Question {
        let period = Period::new(on("2017-01-01"), on("2017-12-31")).unwrap();
        Question::usual(Selection::of("crimes", period), 9, StepLength::Days(28), definition)
    }

    fn town() -> Cell {
        Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap()
    }

    /// Two records a step in the town, and forty from a day on.
    fn rising(from: &str) -> Vec<CellDay> {
        let days = on("2017-01-02").iter_days().take_while(|day| *day < on("2017-12-31")).step_by(14);
        days.map(|day| CellDay { cell: town(), on: day, count: if day >= on(from) { 20 } else { 1 } }).collect()
    }

    #[test]
    fn what_begins_in_the_last_steps_is_consecutive_and_emerging() {
        let jersey = StudyArea::jersey().unwrap();
        let days = rising("2017-11-05");
        let map = classify(&days, &jersey, &question(Definition::Esri3)).unwrap();
        let row = map.rows.iter().find(|row| row.cell == town()).unwrap();
        assert_eq!(row.category.words(), "consecutive hot", "{row:?}");
        assert_eq!((row.history.as_str(), row.hot_steps), ("...........HH", 2));
        assert_eq!(row.why, "hot in 2 of 13 steps, the last two in a row");
        assert_eq!(
            (map.rows.len(), map.total()),
            (jersey.cells(9).unwrap().len(), Some(days.iter().map(|d| d.count).sum()))
        );
        assert_eq!(map.notable()[0].category, row.category);
        let map = classify(&days, &jersey, &question(Definition::SfHotspot)).unwrap();
        let row = map.rows.iter().find(|row| row.cell == town()).unwrap();
        assert_eq!(row.category.words(), "persistent hot", "against its own step alone it was always hot");
    }

    #[test]
    fn what_lies_outside_is_counted() {
        let jersey = StudyArea::jersey().unwrap();
        let far = Cell::at(Point { lat: 48.0, lon: -2.0 }, 9).unwrap();
        let day = |cell, text| CellDay { cell, on: on(text), count: 3 };
        let mut days = rising("2017-11-05");
        days.retain(|day| day.on >= on("2017-03-26"));
        let inside = days.iter().map(|day| day.count).sum();
        days.extend([day(far, "2017-06-01"), day(town(), "2017-01-01")]);
        let mut question = question(Definition::Esri3);
        question.steps = Some(10);
        let map = classify(&days, &jersey, &question).unwrap();
        assert_eq!((map.outside_study_area, map.before_first_step, map.total()), (Some(3), Some(3), Some(inside)));
    }

    #[test]
    fn too_few_steps_are_refused_with_their_number() {
        let mut question = question(Definition::Esri3);
        question.step = StepLength::Days(60);
        let error = classify(&[], &StudyArea::jersey().unwrap(), &question).unwrap_err();
        assert!(error.message().contains("at least 10 steps, and this one has 6 steps"), "{error}");
        question.step = StepLength::Days(7);
        question.alpha = 0.5;
        assert_eq!(question.check().unwrap_err().place(), Some("alpha"));
        assert!(Definition::parse("esri").is_err() && parse_window("all").is_err());
    }

    #[test]
    fn steps_that_were_never_loaded_are_no_history() {
        let jersey = StudyArea::jersey().unwrap();
        let mut days = rising("2017-11-05");
        days.retain(|day| day.on >= on("2017-06-01"));
        let error = classify(&days, &jersey, &question(Definition::Esri2)).unwrap_err();
        assert!(error.message().contains("only 8 of the 13 steps hold any record"), "{error}");
        let mut days = rising("2017-11-05");
        days.retain(|day| day.on >= on("2017-03-01"));
        assert_eq!(classify(&days, &jersey, &question(Definition::Esri2)).unwrap().steps_without_records, 2);
    }

    #[test]
    fn the_public_sees_classes_and_no_small_counts() {
        let jersey = StudyArea::jersey().unwrap();
        let mut days = rising("2017-11-05");
        days.push(CellDay { cell: town().ring1()[0], on: on("2017-06-01"), count: 2 });
        let map = classify(&days, &jersey, &question(Definition::Esri3)).unwrap();
        let who = Principal { name: "r".into(), roles: vec![Role::Public], via: "test", purpose: None };
        let released = release(map, &Policy { threshold: 5 }, &who);
        assert!(released.rows.iter().all(|row| row.trend_p.is_none() && row.count.is_none_or(|n| n == 0 || n >= 5)));
        assert!(released.rows.iter().any(|row| !row.category.is_none()) && released.total().is_none());
    }
}
