//! Where to look in the next days: the cells in the order of a method, best first.

use std::num::NonZero;

use serde::Serialize;

use super::backtest::{Ground, Occurrence, Plan, rank};
use super::method::Method;
use crate::error::Result;
use crate::space::{Areas, Cell, Point};

/// Cells whose centre is at sea belong to the nearest parish within this distance, in metres.
const PARISH_REACH_M: f64 = 1_000.0;

/// A cell of a forecast.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// 1 for the first.
    pub rank: usize,
    /// Cell.
    pub cell: Cell,
    /// Parish of its centre, or the nearest; `None` far from any.
    pub parish: Option<String>,
    /// Area of the cell in square kilometres.
    pub area_km2: f64,
    /// Share of the area that this cell and all before it make up.
    pub area_share: f64,
    /// Centre.
    #[serde(flatten)]
    pub centre: Point,
}

/// The cells of a study area in the order of a method, for the days that the plan ends with.
///
/// # Errors
/// As [`super::backtest`].
pub fn forecast(
    cells: &[Cell],
    ground: &Ground,
    occurrences: &[Occurrence],
    plan: &Plan,
    method: Method,
    parishes: Option<&Areas>,
    threads: NonZero<usize>,
) -> Result<Vec<Place>> {
    let ranking = rank(ground, occurrences, plan, method, threads)?;
    let whole: f64 = ground.areas.iter().sum();
    let mut used = 0.0;
    let places = ranking.order().iter().enumerate().filter_map(|(at, place)| {
        let cell = *cells.get(*place as usize)?;
        let area_km2 = ground.areas[*place as usize];
        used += area_km2;
        let centre = cell.centre();
        let parish = parishes.and_then(|areas| areas.find_near(centre, PARISH_REACH_M)).map(str::to_owned);
        Some(Place { rank: at + 1, cell, parish, area_km2, area_share: used / whole.max(f64::MIN_POSITIVE), centre })
    });
    Ok(places.collect())
}
