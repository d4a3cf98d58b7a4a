//! Clusters in space and time: where and when events crowd more than place and day alone explain.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::analysis::moments::{Moments, date_of};
use crate::analysis::selection::Selection;
use crate::error::{Error, Result};
use crate::space::{Areas, Cell, Plane, StudyArea};
use crate::stats::scan::{Options, scan};

/// Clusters that are listed, the most likely first.
pub const LISTED: usize = 20;

/// More cases than this are refused: the work grows with their square.
pub const MOST_CASES: usize = 50_000;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Records that are cases.
    pub selection: Selection,
    /// H3 resolution of the places: every case counts at the centre of its cell.
    pub resolution: u8,
    /// Largest radius of a circle in metres.
    pub max_radius_m: f64,
    /// Longest time of a cluster in days; at most half of the period.
    pub max_days: u32,
    /// Largest share of all cases in a circle.
    pub max_share: f64,
    /// Only clusters that still go on at the end of the period.
    pub alive: bool,
    /// Permutations of the days.
    pub permutations: u32,
    /// Seed of the permutations.
    pub seed: u64,
}

impl Question {
    /// The usual question about a selection: circles up to 1 km, four weeks, 999 permutations.
    pub fn of(selection: Selection, resolution: u8) -> Self {
        Self {
            selection,
            resolution,
            max_radius_m: 1000.0,
            max_days: 28,
            max_share: 0.5,
            alive: false,
            permutations: 999,
            seed: 1,
        }
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// `Input` naming what is wrong.
    pub fn check(&self) -> Result<()> {
        self.selection.check()?;
        if self.resolution > 11 {
            return Err(Error::input("records are kept in cells of resolution 11: ask for at most that").at("res"));
        }
        if !(self.max_radius_m >= 0.0 && self.max_radius_m <= 100_000.0) {
            return Err(Error::input("the largest radius is 0 to 100,000 m").at("max-radius"));
        }
        if self.max_days == 0 {
            return Err(Error::input("a cluster lasts at least one day").at("max-days"));
        }
        if !(self.max_share > 0.0 && self.max_share <= 0.5) {
            return Err(
                Error::input("a circle holds at most a half of all cases: above 0, at most 0.5").at("max-share")
            );
        }
        if !(1..=99_999).contains(&self.permutations) {
            return Err(Error::input("1 to 99,999 permutations can be asked for").at("permutations"));
        }
        Ok(())
    }

    /// Longest time of a cluster: as asked, but at most half of the period (and at least a day).
    pub fn longest(&self) -> u32 {
        self.max_days.min(u32::try_from(self.selection.period.days() / 2).unwrap_or(u32::MAX)).max(1)
    }

    /// Everything that changes the answer, in one line.
    pub fn subject(&self) -> String {
        format!(
            "{} res={} radius={}m days={} share={} alive={} permutations={} seed={}",
            self.selection.subject(),
            self.resolution,
            self.max_radius_m,
            self.longest(),
            self.max_share,
            self.alive,
            self.permutations,
            self.seed
        )
    }

    /// The parameters, for the provenance.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let text = |name: &str, value: String| (name.to_owned(), value);
        BTreeMap::from([
            text("places", format!("centres of the cells of resolution {}", self.resolution)),
            text("max_radius_m", self.max_radius_m.to_string()),
            text("max_days", self.longest().to_string()),
            text("max_share", format!("{} of all cases", self.max_share)),
            text(
                "alive",
                if self.alive { "only clusters that go on to the last day" } else { "any time of the period" }
                    .to_owned(),
            ),
            text("secondary_clusters", format!("share no cell with a better one; at most {LISTED} are listed")),
            text("permutations", self.permutations.to_string()),
            text("seed", self.seed.to_string()),
            text("p", "(M + 1) / (R + 1) against the best cluster of each permutation".to_owned()),
            text("time_of_an_event", "the beginning where it is known as a range".to_owned()),
        ])
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scan {
    /// One row a cluster, the most likely first.
    pub rows: Vec<ClusterRow>,
    /// Cases that were scanned; `None` where suppressed.
    pub cases: Option<u64>,
    /// Cases whose cell is not of the study area.
    pub outside_study_area: Option<u64>,
}

/// One cluster. `None` where suppressed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterRow {
    /// 1 is the most likely.
    pub rank: u32,
    /// Area in which the centre lies.
    pub parish: Option<String>,
    /// Cell at the centre.
    pub cell: Cell,
    /// Distance from its centre to that of the farthest cell.
    pub radius_m: f64,
    /// Cells with cases within the circle.
    pub cells: Vec<Cell>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub last_on: NaiveDate,
    /// Cases within.
    pub observed: Option<u64>,
    /// Cases expected within.
    pub expected: Option<f64>,
    /// Observed over expected.
    pub ratio: Option<f64>,
    /// Log of the likelihood ratio.
    pub llr: Option<f64>,
    /// p, adjusted for all circles and times.
    pub p: Option<f64>,
}

impl Scan {
    /// Clusters with p of at most 0.05.
    pub fn significant(&self) -> impl Iterator<Item = &ClusterRow> {
        self.rows.iter().filter(|row| row.p.is_some_and(|p| p <= 0.05))
    }
}

/// Scans the records, each at the centre of its cell.
///
/// # Errors
/// `Data` if there are too many cases; else as [`scan`].
pub fn compute(
    moments: &Moments,
    area: &StudyArea,
    plane: &Plane,
    areas: Option<&Areas>,
    question: &Question,
) -> Result<Scan> {
    if moments.len() > MOST_CASES {
        return Err(Error::data(format!(
            "{} cases are more than the {MOST_CASES} that can be scanned: ask for one group or a shorter period",
            moments.len()
        )));
    }
    let mut cells: Vec<Cell> = Vec::new();
    let mut inside: Vec<(Cell, i64)> = Vec::with_capacity(moments.len());
    for (cell, &day) in moments.cells.iter().zip(&moments.days) {
        let Some(cell) = cell.parent(question.resolution) else { continue };
        if area.contains_cell(cell) {
            cells.push(cell);
            inside.push((cell, day));
        }
    }
    cells.sort_unstable();
    cells.dedup();
    let (x, y): (Vec<f64>, Vec<f64>) = cells.iter().map(|cell| plane.to_metres(cell.centre())).unzip();
    let places = inside.iter().map(|(cell, _)| cells.partition_point(|other| other < cell) as u32).collect::<Vec<_>>();
    let days: Vec<i64> = inside.iter().map(|(_, day)| *day).collect();
    let period = question.selection.period;
    let options = Options {
        max_radius_m: question.max_radius_m,
        max_share: question.max_share,
        max_days: question.longest(),
        alive: question.alive,
        period: (i64::from(period.from.to_epoch_days()), i64::from(period.to.to_epoch_days()) - 1),
        permutations: question.permutations,
        seed: question.seed,
    };
    let clusters = scan(&x, &y, &places, &days, &options)?;
    let rows = clusters.iter().take(LISTED).enumerate().map(|(at, cluster)| {
        let cell = cells[cluster.centre as usize];
        Ok(ClusterRow {
            rank: at as u32 + 1,
            parish: areas.and_then(|areas| areas.find(cell.centre())).map(str::to_owned),
            cell,
            radius_m: cluster.radius_m,
            cells: cluster.places.iter().map(|&place| cells[place as usize]).collect(),
            from: date_of(cluster.first_day)?,
            last_on: date_of(cluster.last_day)?,
            observed: Some(cluster.observed),
            expected: Some(cluster.expected),
            ratio: Some(cluster.observed as f64 / cluster.expected),
            llr: Some(cluster.llr),
            p: cluster.p,
        })
    });
    Ok(Scan {
        rows: rows.collect::<Result<_>>()?,
        cases: Some(inside.len() as u64),
        outside_study_area: Some((moments.len() - inside.len()) as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Period, parse_date};
    use crate::space::Point;

    fn question() -> Question {
        let period = Period::new(parse_date("2017-01-01").unwrap(), parse_date("2017-04-01").unwrap()).unwrap();
        Question { permutations: 99, ..Question::of(Selection::of("crimes", period), 9) }
    }

    #[test]
    fn a_planted_fortnight_is_found_in_its_cell() {
        let area = StudyArea::jersey().unwrap();
        let cells = area.cells(9).unwrap();
        let first = i64::from(parse_date("2017-01-01").unwrap().to_epoch_days());
        let mut cases: Vec<(i64, Cell)> =
            (0..300_i64).map(|i| (first + i * 37 % 90, cells[(i * 7919 % cells.len() as i64) as usize])).collect();
        cases.extend((0..12).map(|i| (first + 40 + i, cells[500])));
        cases.push((first, Cell::at(Point { lat: 51.5, lon: 0.0 }, 9).unwrap()));
        cases.sort_unstable();
        let mut moments = Moments::default();
        for (day, cell) in cases {
            moments.push(cell.centre(), Cell::at(cell.centre(), 11).unwrap(), day, None);
        }
        let plane = Plane::around(Point { lat: 49.21, lon: -2.13 });
        let answer = compute(&moments, &area, &plane, None, &question()).unwrap();
        let best = &answer.rows[0];
        assert!(best.cells.contains(&cells[500]) && best.p == Some(0.01), "{best:?}");
        assert!(best.from >= parse_date("2017-02-08").unwrap() && best.last_on <= parse_date("2017-02-24").unwrap());
        assert_eq!((answer.cases, answer.outside_study_area), (Some(312), Some(1)));
        assert_eq!(answer.significant().count(), 1);
    }

    #[test]
    fn the_longest_time_is_half_of_the_period() {
        assert_eq!(question().longest(), 28);
        assert_eq!(Question { max_days: 400, ..question() }.longest(), 45);
        assert!(question().check().is_ok());
        for (wrong, place) in [
            (Question { resolution: 12, ..question() }, "res"),
            (Question { max_radius_m: f64::NAN, ..question() }, "max-radius"),
            (Question { max_days: 0, ..question() }, "max-days"),
            (Question { max_share: 0.6, ..question() }, "max-share"),
            (Question { permutations: 0, ..question() }, "permutations"),
        ] {
            assert_eq!(wrong.check().unwrap_err().place(), Some(place));
        }
    }
}
