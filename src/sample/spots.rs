//! Where things can happen: points every few metres along the roads, sorted by cell.

use std::collections::BTreeMap;

use super::cells::{cell_of, study_cells};
use super::geography::{Island, LatLon, Metres};
use super::network::{Class, Network};
use super::random::{Stream, Table};
use crate::error::{Error, Result};
use crate::space::Cell;

/// Distance between road points, in metres.
const STEP_M: f64 = 16.0;
/// Sampled positions lie within this of a road point, in metres.
const JITTER_M: f64 = 6.0;

/// A point on a road.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Position.
    pub at: LatLon,
    /// Nearer end of its edge.
    pub node: usize,
    /// Its cell.
    pub cell: Cell,
    /// Kind of its road.
    pub class: Class,
}

/// All road points of the island.
pub struct Spots {
    /// The study cells: all that touch the main island, ascending.
    pub cells: Vec<Cell>,
    by_cell: BTreeMap<Cell, Vec<Spot>>,
}

impl Spots {
    /// Walks every road.
    ///
    /// # Errors
    /// `Bug` for a position that is not a number.
    pub fn new(island: &Island, network: &Network) -> Result<Self> {
        let mut by_cell: BTreeMap<Cell, Vec<Spot>> = BTreeMap::new();
        for edge in &network.edges {
            let (from, to) = (network.nodes[edge.from].metres, network.nodes[edge.to].metres);
            let steps = (edge.length_m / STEP_M).floor().max(1.0) as usize;
            for step in 0..steps {
                let share = (step as f64 + 0.5) / steps as f64;
                let at = from.towards(to, share).lat_lon().rounded();
                if island.on_land(at) {
                    let cell = cell_of(at)?;
                    let node = if share < 0.5 { edge.from } else { edge.to };
                    by_cell.entry(cell).or_default().push(Spot { at, node, cell, class: edge.class });
                }
            }
        }
        Ok(Self { cells: study_cells()?, by_cell })
    }

    /// Road points of a cell.
    pub fn of(&self, cell: Cell) -> &[Spot] {
        self.by_cell.get(&cell).map_or(&[], Vec::as_slice)
    }

    /// All road points, by cell.
    pub fn all(&self) -> impl Iterator<Item = &Spot> {
        self.by_cell.values().flatten()
    }

    /// A position in a cell that has roads: a road point moved by a few metres, never out of its cell or into the sea.
    ///
    /// # Errors
    /// `Bug` for a cell without roads.
    pub fn draw(&self, cell: Cell, island: &Island, stream: &mut Stream) -> Result<Spot> {
        let spots = self.of(cell);
        let Some(spot) = spots.get(stream.below(spots.len())) else {
            return Err(Error::bug("a cell without roads was given weight"));
        };
        jitter(*spot, island, stream)
    }
}

/// Moves a road point by a few metres, within its cell and on land.
fn jitter(spot: Spot, island: &Island, stream: &mut Stream) -> Result<Spot> {
    let middle = spot.at.metres();
    let moved = Metres {
        east: middle.east + stream.between(-JITTER_M, JITTER_M),
        north: middle.north + stream.between(-JITTER_M, JITTER_M),
    };
    let at = moved.lat_lon().rounded();
    let stays = cell_of(at)? == spot.cell && island.on_land(at);
    Ok(if stays { Spot { at, ..spot } } else { spot })
}

/// Draws road points with a weight a point, such as "main roads count ten times".
pub struct WeightedSpots {
    spots: Vec<Spot>,
    table: Table,
}

impl WeightedSpots {
    /// Weighs every road point.
    pub fn new(spots: &Spots, weight: impl Fn(&Spot) -> f64) -> Self {
        let kept: Vec<Spot> = spots.all().copied().collect();
        let weights: Vec<f64> = kept.iter().map(weight).collect();
        Self { spots: kept, table: Table::new(&weights) }
    }

    /// A position near a drawn point.
    ///
    /// # Errors
    /// `Bug` if the island has no roads.
    pub fn draw(&self, island: &Island, stream: &mut Stream) -> Result<Spot> {
        let spot = self.spots.get(self.table.draw(stream));
        let spot = spot.ok_or_else(|| Error::bug("the island has no roads"))?;
        jitter(*spot, island, stream)
    }
}
