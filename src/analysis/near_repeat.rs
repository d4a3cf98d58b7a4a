//! Near repeats: the table of pairs by distance and time, and what each event is to the ones before it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::moments::Moments;
use crate::analysis::selection::Selection;
use crate::error::{Error, Result};
use crate::space::{Areas, Cell, Plane};
use crate::stats::bands::Bands;
use crate::stats::knox::{KnoxCell, Metric, Options, knox};
use crate::stats::near_repeat::{Class, Classified, Reach, classify};

/// A cell of the table stands out if p is at most this …
pub const HIGHLIGHT_P: f64 = 0.05;
/// … and at least so many times the expected pairs were counted (Ratcliffe 2009).
pub const HIGHLIGHT_RATIO: f64 = 1.20;

/// More (pairs near in place) × (permutations) than this are refused: about a minute of one processor.
const MOST_WORK: f64 = 4e11;

/// Under so many metres the first band is called the same place.
const SAME_PLACE_M: f64 = 1.0;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Records that are paired.
    pub selection: Selection,
    /// Edges of the bands of distance, in metres; the first band is the same place.
    pub space_bands: Vec<f64>,
    /// Edges of the bands of time, in days; the first band is the same day.
    pub time_bands: Vec<f64>,
    /// How distance is measured.
    pub metric: Metric,
    /// Permutations of the times.
    pub permutations: u32,
    /// Seed of the permutations.
    pub seed: u64,
    /// A near repeat is under so many metres from an earlier event …
    pub near_m: f64,
    /// … and under so many days after it.
    pub near_days: u32,
    /// H3 resolution of the counts of classes by cell.
    pub resolution: u8,
}

impl Question {
    /// The usual question about a selection: bands to 500 m and four weeks, 999 permutations, near repeats under 200 m and
    /// 14 days.
    pub fn of(selection: Selection, resolution: u8) -> Self {
        Self {
            selection,
            space_bands: vec![0.0, 1.0, 100.0, 200.0, 300.0, 400.0, 500.0],
            time_bands: vec![0.0, 1.0, 7.0, 14.0, 21.0, 28.0],
            metric: Metric::Euclidean,
            permutations: 999,
            seed: 1,
            near_m: 200.0,
            near_days: 14,
            resolution,
        }
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// `Input` naming what is wrong.
    pub fn check(&self) -> Result<()> {
        self.selection.check()?;
        let space = Bands::from_edges(&self.space_bands).map_err(|e| e.at("space-bands"))?;
        let time = Bands::from_edges(&self.time_bands).map_err(|e| e.at("time-bands"))?;
        if space.len() > 20 || time.len() > 20 {
            return Err(Error::input("at most 20 bands can be asked for"));
        }
        if space.reach() > 10_000.0 {
            return Err(Error::input("what is more than 10 km apart is not near").at("space-bands"));
        }
        if !(1..=99_999).contains(&self.permutations) {
            return Err(Error::input("1 to 99,999 permutations can be asked for").at("permutations"));
        }
        let same = self.same_place_m();
        if !(self.near_m > same && self.near_m <= 10_000.0) {
            return Err(
                Error::input(format!("near is more than {same} m (the same place) and at most 10 km")).at("near-m")
            );
        }
        if !(1..=3_660).contains(&self.near_days) {
            return Err(Error::input("soon is 1 to 3,660 days; 1 is the same day").at("near-days"));
        }
        if self.resolution > 11 {
            return Err(Error::input("records are kept in cells of resolution 11: ask for at most that").at("res"));
        }
        Ok(())
    }

    /// Everything that changes the answer, in one line.
    pub fn subject(&self) -> String {
        format!(
            "{} space={} time={} metric={} permutations={} seed={} near={}m/{}d",
            self.selection.subject(),
            edges(&self.space_bands),
            edges(&self.time_bands),
            metric_name(self.metric),
            self.permutations,
            self.seed,
            self.near_m,
            self.near_days
        )
    }

    /// The parameters, for the provenance.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let text = |name: &str, value: String| (name.to_owned(), value);
        BTreeMap::from([
            text(
                "space_bands_m",
                format!("{}, each from its edge to under the next, the last open", edges(&self.space_bands)),
            ),
            text(
                "time_bands_days",
                format!("{}, each from its edge to under the next, the last open", edges(&self.time_bands)),
            ),
            text("metric", format!("{}, on a flat map around the middle of the study area", metric_name(self.metric))),
            text("permutations", self.permutations.to_string()),
            text("seed", self.seed.to_string()),
            text("p", "one-sided, (M + 1) / (R + 1)".to_owned()),
            text("highlight", format!("p at most {HIGHLIGHT_P} and ratio at least {HIGHLIGHT_RATIO:.2}")),
            text("near_repeat", format!("under {} m and {} days after an earlier record", self.near_m, self.near_days)),
            text("repeat", format!("the same, under {} m", self.same_place_m())),
            text("time_of_an_event", "the beginning where it is known as a range".to_owned()),
        ])
    }

    fn same_place_m(&self) -> f64 {
        self.space_bands.get(1).copied().unwrap_or(SAME_PLACE_M)
    }
}

fn edges(edges: &[f64]) -> String {
    edges.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
}

/// `euclidean` or `manhattan`.
pub fn metric_name(metric: Metric) -> &'static str {
    match metric {
        Metric::Euclidean => "euclidean",
        Metric::Manhattan => "manhattan",
    }
}

/// The metric of that name.
///
/// # Errors
/// `Input` naming the two.
pub fn parse_metric(name: &str) -> Result<Metric> {
    [Metric::Euclidean, Metric::Manhattan].into_iter().find(|metric| metric_name(*metric) == name).ok_or_else(|| {
        Error::input(format!("`{name}` is not a metric; there are euclidean and manhattan")).at("metric")
    })
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearRepeat {
    /// One row a band of distance and band of time.
    pub rows: Vec<BandRow>,
    /// Records that were paired; `None` where suppressed.
    pub events: Option<u64>,
    /// Pairs of them.
    pub pairs: Option<u64>,
    /// What the events are to the ones before them.
    pub classes: Classes,
    /// Near repeats that also follow an event at their own place, which was not the nearest in time.
    pub near_repeats_at_a_place_hit_before: Option<u64>,
    /// Originators with what goes back to them, link by link.
    pub chains: Option<u64>,
    /// Events of the longest chain.
    pub longest_chain: Option<u64>,
    /// Classes by cell; cells without events are left out.
    pub cells: Vec<CellClasses>,
}

/// One cell of the table. `None` where undefined or suppressed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BandRow {
    /// The band of distance in words.
    pub space: String,
    /// Its lower edge in metres.
    pub space_from_m: f64,
    /// Its upper edge, not part of it; `None` is open.
    pub space_to_m: Option<f64>,
    /// The band of time in words.
    pub time: String,
    /// Its lower edge in days.
    pub time_from_days: f64,
    /// Its upper edge, not part of it; `None` is open.
    pub time_to_days: Option<f64>,
    /// Pairs counted.
    pub observed: Option<u64>,
    /// Pairs expected if times were dealt at random, exactly.
    pub expected: Option<f64>,
    /// Observed over expected.
    pub ratio: Option<f64>,
    /// Mean of the permutations.
    pub simulated_mean: Option<f64>,
    /// Observed over that mean.
    pub simulated_ratio: Option<f64>,
    /// One-sided p of so many pairs or more.
    pub p: Option<f64>,
    /// Whether it stands out: p at most 0.05 and ratio at least 1.20.
    pub highlighted: bool,
}

/// How many events are of each class. `None` where suppressed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Classes {
    /// First of a chain.
    pub originators: Option<u64>,
    /// Linked to an earlier event at the same place.
    pub repeats: Option<u64>,
    /// Linked to an earlier event nearby.
    pub near_repeats: Option<u64>,
    /// Linked to nothing.
    pub alone: Option<u64>,
}

/// Classes of the events of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellClasses {
    /// The cell.
    pub cell: Cell,
    /// Area in which its centre lies.
    pub parish: Option<String>,
    /// Counts by class.
    #[serde(flatten)]
    pub classes: Classes,
}

impl NearRepeat {
    /// The rows that stand out, the strongest first: by excess over the root of the expected number, so that neither a
    /// pair where hardly one was expected nor a large band wins by its size alone.
    pub fn highlighted(&self) -> Vec<&BandRow> {
        let mut rows: Vec<&BandRow> = self.rows.iter().filter(|row| row.highlighted).collect();
        rows.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
        rows
    }
}

impl BandRow {
    /// Pairs above the expected number; 0 where undefined or suppressed.
    pub fn excess(&self) -> f64 {
        self.observed.zip(self.expected).map_or(0.0, |(observed, expected)| observed as f64 - expected)
    }

    /// Excess in units of the root of the expected number; 0 where undefined or suppressed.
    fn strength(&self) -> f64 {
        self.expected.filter(|expected| *expected > 0.0).map_or(0.0, |expected| self.excess() / expected.sqrt())
    }
}

/// Counts and classes of the records.
///
/// # Errors
/// `Data` if there are too many pairs near in place for so many permutations; else as [`knox`] and [`classify`].
pub fn compute(moments: &Moments, plane: &Plane, areas: Option<&Areas>, question: &Question) -> Result<NearRepeat> {
    let (x, y) = moments.on(plane);
    let (space, time) = (Bands::from_edges(&question.space_bands)?, Bands::from_edges(&question.time_bands)?);
    let options = Options {
        space: space.clone(),
        time: time.clone(),
        metric: question.metric,
        permutations: question.permutations,
        seed: question.seed,
    };
    refuse_too_much_work(&x, &y, &moments.days, &options)?;
    let table = knox(&x, &y, &moments.days, &options)?;
    let reach = Reach { same_place_m: question.same_place_m(), near_m: question.near_m, days: question.near_days };
    let classified = classify(&x, &y, &moments.minutes, reach)?;
    let mut rows = Vec::with_capacity(table.cells.len());
    for at in 0..space.len() {
        rows.extend((0..time.len()).map(|when| row(&space, at, &time, when, table.cell(at, when))));
    }
    let chains = classified.chains();
    Ok(NearRepeat {
        rows,
        events: Some(table.events),
        pairs: Some(table.pairs),
        classes: Classes::of(Class::ALL.map(|class| classified.count(class))),
        near_repeats_at_a_place_hit_before: Some(classified.near_repeats_at_a_place_hit_before),
        chains: Some(chains.len() as u64),
        longest_chain: chains.first().copied().or(Some(0)),
        cells: by_cell(moments, &classified, areas, question.resolution),
    })
}

/// Pairs are counted once without permutations, which takes a moment, before they are counted for each.
fn refuse_too_much_work(x: &[f64], y: &[f64], days: &[i64], options: &Options) -> Result<()> {
    let counted = knox(x, y, days, &Options { permutations: 0, ..options.clone() })?;
    let near: u64 = counted.space_pairs.iter().rev().skip(1).sum();
    if near as f64 * f64::from(options.permutations) <= MOST_WORK {
        return Ok(());
    }
    Err(Error::data(format!(
        "{near} pairs of records lie under {} m apart, which is too many to compare with {} permutations: ask for one \
         group, a shorter period, nearer bands or fewer permutations",
        options.space.reach(),
        options.permutations
    )))
}

fn row(space: &Bands, at: usize, time: &Bands, when: usize, cell: KnoxCell) -> BandRow {
    let ((space_from_m, space_to_m), (time_from_days, time_to_days)) = (space.limits(at), time.limits(when));
    BandRow {
        space: space_label(space, at),
        space_from_m,
        space_to_m,
        time: time_label(time, when),
        time_from_days,
        time_to_days,
        observed: Some(cell.observed),
        expected: Some(cell.expected),
        ratio: cell.ratio,
        simulated_mean: cell.simulated_mean,
        simulated_ratio: cell.simulated_ratio,
        p: cell.p,
        highlighted: cell.p.is_some_and(|p| p <= HIGHLIGHT_P) && cell.ratio.is_some_and(|r| r >= HIGHLIGHT_RATIO),
    }
}

fn space_label(bands: &Bands, band: usize) -> String {
    match bands.limits(band) {
        (low, Some(high)) if low <= 0.0 && high <= SAME_PLACE_M => format!("same place (under {high} m)"),
        _ => bands.label(band, "m"),
    }
}

fn time_label(bands: &Bands, band: usize) -> String {
    match bands.limits(band) {
        (low, Some(high)) if low <= 0.0 && high <= 1.0 => "same day".to_owned(),
        _ => bands.label(band, "days"),
    }
}

impl Classes {
    fn of([originators, repeats, near_repeats, alone]: [u64; 4]) -> Self {
        Self {
            originators: Some(originators),
            repeats: Some(repeats),
            near_repeats: Some(near_repeats),
            alone: Some(alone),
        }
    }

    /// The four counts.
    pub fn counts(&self) -> [Option<u64>; 4] {
        [self.originators, self.repeats, self.near_repeats, self.alone]
    }
}

fn by_cell(moments: &Moments, classified: &Classified, areas: Option<&Areas>, resolution: u8) -> Vec<CellClasses> {
    let mut counts: BTreeMap<Cell, [u64; 4]> = BTreeMap::new();
    for (cell, class) in moments.cells.iter().zip(&classified.classes) {
        let Some(cell) = cell.parent(resolution) else { continue };
        let column = match class {
            Class::Originator => 0,
            Class::Repeat => 1,
            Class::NearRepeat => 2,
            Class::Alone => 3,
        };
        counts.entry(cell).or_default()[column] += 1;
    }
    counts
        .into_iter()
        .map(|(cell, counts)| CellClasses {
            cell,
            parish: areas.and_then(|areas| areas.find(cell.centre())).map(str::to_owned),
            classes: Classes::of(counts),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_period_name;
    use crate::space::Point;

    fn question() -> Question {
        Question::of(Selection::of("crimes", parse_period_name("2017").unwrap()), 9)
    }

    #[test]
    fn bands_are_labelled_by_their_true_edges() {
        let asked = Question { permutations: 9, ..question() };
        let answer =
            compute(&Moments::default(), &Plane::around(Point { lat: 49.2, lon: -2.1 }), None, &asked).unwrap();
        assert_eq!(answer.rows.len(), 7 * 6);
        assert_eq!(
            (answer.rows[0].space.as_str(), answer.rows[0].time.as_str()),
            ("same place (under 1 m)", "same day")
        );
        let second = &answer.rows[7];
        assert_eq!((second.space.as_str(), second.time.as_str()), ("1 to under 100 m", "1 to under 7 days"));
        let last = answer.rows.last().unwrap();
        assert_eq!((last.space.as_str(), last.time.as_str()), ("500 m or more", "28 days or more"));
        assert_eq!((last.space_to_m, last.ratio, last.p, last.highlighted), (None, None, None, false));
    }

    #[test]
    fn a_burst_stands_out_and_every_event_has_one_class() {
        let mut moments = Moments::default();
        let corner = |i: u32| Point { lat: 49.18 + f64::from(i % 20) * 0.005, lon: -2.2 + f64::from(i / 20) * 0.01 };
        let mut events: Vec<(i64, Point)> = (0..200_u32).map(|i| (i64::from(i * 131 % 365), corner(i))).collect();
        events.extend((0..6).map(|i| (100 + i, corner(33))));
        events.sort_by_key(|event| event.0);
        for (day, point) in events {
            moments.push(point, Cell::at(point, 11).unwrap(), day, None);
        }
        let plane = Plane::around(Point { lat: 49.2, lon: -2.1 });
        let answer = compute(&moments, &plane, None, &Question { permutations: 99, ..question() }).unwrap();
        let best = answer.highlighted();
        assert_eq!(best[0].space, "same place (under 1 m)");
        assert_eq!(answer.classes.counts().into_iter().flatten().sum::<u64>(), 206);
        assert!(answer.classes.repeats.unwrap() >= 5 && answer.longest_chain.unwrap() >= 6);
        let in_cells: u64 = answer.cells.iter().flat_map(|cell| cell.classes.counts()).flatten().sum();
        assert_eq!(in_cells, 206);
    }

    #[test]
    fn too_much_work_is_refused_with_a_way_out() {
        let (place, day) = (vec![0.0; 3_000], vec![0; 3_000]);
        let options = |permutations| Options {
            space: Bands::from_edges(&[0.0, 1.0]).unwrap(),
            time: Bands::from_edges(&[0.0, 1.0]).unwrap(),
            metric: Metric::Euclidean,
            permutations,
            seed: 1,
        };
        assert!(refuse_too_much_work(&place, &place, &day, &options(999)).is_ok());
        let refusal = refuse_too_much_work(&place, &place, &day, &options(99_999)).unwrap_err();
        assert!(refusal.message().starts_with("4498500 pairs") && refusal.message().contains("fewer permutations"));
    }

    #[test]
    fn wrong_questions_say_which_argument() {
        let wrong = |change: fn(&mut Question)| {
            let mut asked = question();
            change(&mut asked);
            asked.check().unwrap_err().place().map(str::to_owned)
        };
        assert!(question().check().is_ok());
        assert_eq!(wrong(|q| q.space_bands = vec![1.0, 2.0]).as_deref(), Some("space-bands"));
        assert_eq!(wrong(|q| q.time_bands = vec![0.0]).as_deref(), Some("time-bands"));
        assert_eq!(wrong(|q| q.permutations = 0).as_deref(), Some("permutations"));
        assert_eq!(wrong(|q| q.near_m = 1.0).as_deref(), Some("near-m"));
        assert_eq!(wrong(|q| q.near_days = 0).as_deref(), Some("near-days"));
        assert_eq!(parse_metric("manhattan").unwrap(), Metric::Manhattan);
        assert!(parse_metric("taxi").is_err());
    }
}
