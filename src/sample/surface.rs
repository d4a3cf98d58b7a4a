//! The intensity of crime: a nearly flat background plus planted hotspots. Positions are drawn from it, and the truth
//! about hot cells is computed from it, not from the draws.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::calendar::MILD;
use super::cells::centre;
use super::geography::{Island, TOWN_CENTRE};
use super::hotspots::Hotspot;
use super::random::{Stream, Table};
use super::spots::Spots;
use crate::error::{Error, Result};
use crate::space::Cell;

/// A cell is truly hot when the mean intensity of the cell and its neighbours is at least this multiple of the mean
/// over all study cells. Planted neighbourhoods lie near 15 and all others below 6.
pub const HOT_MULTIPLE: f64 = 8.0;

/// Where crimes fall.
pub struct Surface {
    cells: Vec<Cell>,
    /// Background share of each cell; sums to 1.
    background: Vec<f64>,
    table: Table,
    /// The lowest cell, where the table names none.
    first: Cell,
    /// The planted hotspots.
    pub hotspots: Vec<Hotspot>,
}

/// What a drawn position belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// The cell.
    pub cell: Cell,
    /// Index of the hotspot, or none for the background.
    pub hotspot: Option<usize>,
}

/// A truly hot cell.
#[derive(Debug, Clone, Copy)]
pub struct HotCell {
    /// The cell.
    pub cell: Cell,
    /// Mean intensity of its neighbourhood as a multiple of the island's mean.
    pub multiple: f64,
}

impl Surface {
    /// Builds the background: 0.4 + 0.6 x the root of relative population density, up to three times that in town,
    /// less where a cell has little road, nothing where it has none.
    ///
    /// # Errors
    /// `Bug` if there are no cells.
    pub fn new(spots: &Spots, island: &Island, hotspots: Vec<Hotspot>) -> Result<Self> {
        let people: f64 =
            island.parishes.iter().map(|p| p.people_per_km2).sum::<f64>() / island.parishes.len().max(1) as f64;
        let weights: Vec<f64> = spots
            .cells
            .iter()
            .map(|cell| {
                let at = centre(*cell);
                let density = island.parish(at).map_or(people, |p| p.people_per_km2);
                let from_town_km = at.metres().distance(TOWN_CENTRE.metres()) / 1000.0;
                let town = 1.0 + 2.0 * (-from_town_km.powi(4)).exp();
                let roads = (spots.of(*cell).len() as f64 / 25.0).min(1.0);
                (0.4 + 0.6 * (density / people).sqrt().min(2.0)) * town * roads
            })
            .collect();
        let sum: f64 = weights.iter().sum();
        let background: Vec<f64> = weights.iter().map(|w| w / sum).collect();
        let table = Table::new(&background);
        let first = *spots.cells.first().ok_or_else(|| Error::bug("the study area has no cells"))?;
        Ok(Self { cells: spots.cells.clone(), background, table, first, hotspots })
    }

    /// Draws a cell for a crime on a date, by day or by night.
    pub fn draw(&self, on: NaiveDate, night: bool, stream: &mut Stream) -> Draw {
        let mut left = stream.unit();
        for (index, hotspot) in self.hotspots.iter().enumerate().filter(|(_, h)| h.night == night) {
            left -= hotspot.share_on(on);
            if left < 0.0 {
                return Draw { cell: hotspot.cell, hotspot: Some(index) };
            }
        }
        Draw { cell: self.background_cell(stream), hotspot: None }
    }

    /// A cell of the background.
    pub fn background_cell(&self, stream: &mut Stream) -> Cell {
        self.cells.get(self.table.draw(stream)).copied().unwrap_or(self.first)
    }

    /// Expected share of the daypart's crimes in each study cell over some days, weighted by season; sums to 1.
    pub fn expected(&self, days: impl Iterator<Item = NaiveDate>, night: bool) -> Vec<f64> {
        let mut raised: BTreeMap<Cell, f64> = BTreeMap::new();
        let (mut weight_sum, mut raised_sum) = (0.0, 0.0);
        for on in days {
            let weight = MILD[on.month0() as usize];
            weight_sum += weight;
            for hotspot in self.hotspots.iter().filter(|h| h.night == night) {
                let share = weight * hotspot.share_on(on);
                *raised.entry(hotspot.cell).or_default() += share;
                raised_sum += share;
            }
        }
        let flat = 1.0 - raised_sum / weight_sum;
        let plus = |cell: &Cell| raised.get(cell).map_or(0.0, |share| share / weight_sum);
        self.cells.iter().zip(&self.background).map(|(cell, b)| b * flat + plus(cell)).collect()
    }

    /// The truly hot cells over some days, by the rule of [`HOT_MULTIPLE`], and the largest multiple among the others.
    pub fn hot_cells(&self, days: impl Iterator<Item = NaiveDate>, night: bool) -> (Vec<HotCell>, f64) {
        let expected = self.expected(days, night);
        let mean = 1.0 / self.cells.len().max(1) as f64;
        let of_cell: BTreeMap<Cell, f64> = self.cells.iter().copied().zip(expected).collect();
        let mut hot = Vec::new();
        let mut highest_other = 0.0_f64;
        for cell in &self.cells {
            let near: Vec<f64> = cell.disk(1).iter().filter_map(|c| of_cell.get(c).copied()).collect();
            let multiple = near.iter().sum::<f64>() / near.len().max(1) as f64 / mean;
            if multiple >= HOT_MULTIPLE {
                hot.push(HotCell { cell: *cell, multiple });
            } else {
                highest_other = highest_other.max(multiple);
            }
        }
        (hot, highest_other)
    }
}
