//! H3 cells of the sample: resolution 9, the resolution at which hotspots are analysed.

use h3o::{CellIndex, LatLng, Resolution};

use super::geography::{Island, LatLon};
use crate::error::{Error, Result};

/// A cell by its index bits; sorts and compares as a number.
pub type Cell = u64;

/// The resolution-9 cell of a position.
///
/// # Errors
/// `Bug` for a position that is not a number.
pub fn cell_of(at: LatLon) -> Result<Cell> {
    LatLng::new(at.lat, at.lon)
        .map(|p| u64::from(p.to_cell(Resolution::Nine)))
        .map_err(|cause| Error::bug("a sampled position is not a position").with_cause(cause))
}

/// The cell and its (normally six) neighbours, in order of index.
pub fn disk(cell: Cell) -> Vec<Cell> {
    let mut around: Vec<Cell> = CellIndex::try_from(cell)
        .map(|c| c.grid_disk::<Vec<_>>(1).into_iter().map(u64::from).collect())
        .unwrap_or_default();
    around.sort_unstable();
    around
}

/// Steps from cell to cell; a large number where H3 has no answer, which means far apart.
pub fn steps(a: Cell, b: Cell) -> i32 {
    match (CellIndex::try_from(a), CellIndex::try_from(b)) {
        (Ok(a), Ok(b)) => a.grid_distance(b).unwrap_or(i32::MAX),
        _ => i32::MAX,
    }
}

/// Centre of a cell.
pub fn centre(cell: Cell) -> LatLon {
    let at = CellIndex::try_from(cell).map(LatLng::from).ok();
    at.map_or(LatLon::new(0.0, 0.0), |p| LatLon::new(p.lat(), p.lng()))
}

/// Corners of a cell.
pub fn corners(cell: Cell) -> Vec<LatLon> {
    CellIndex::try_from(cell)
        .map(|c| c.boundary().iter().map(|p| LatLon::new(p.lat(), p.lng())).collect())
        .unwrap_or_default()
}

/// The usual hexadecimal name.
pub fn name(cell: Cell) -> String {
    format!("{cell:x}")
}

/// Every cell whose centre is on the main island, in order of index.
///
/// # Errors
/// As [`cell_of`].
pub fn land_cells(island: &Island) -> Result<Vec<Cell>> {
    let (low, high) = island.bounds();
    let mut cells = Vec::new();
    // 0.001 degrees is 111 m by 73 m: finer than half a cell, so no cell is stepped over.
    let rows = ((high.lat - low.lat) / 0.001).ceil() as usize;
    let columns = ((high.lon - low.lon) / 0.001).ceil() as usize;
    for row in 0..=rows {
        for column in 0..=columns {
            cells.push(cell_of(LatLon::new(low.lat + row as f64 * 0.001, low.lon + column as f64 * 0.001))?);
        }
    }
    cells.sort_unstable();
    cells.dedup();
    cells.retain(|cell| island.on_land(centre(*cell)));
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_island_has_about_twelve_hundred_cells() {
        let cells = land_cells(&Island::load().unwrap()).unwrap();
        assert_eq!(cells.len(), 1216);
        assert_eq!(disk(cells[100]).len(), 7);
    }
}
