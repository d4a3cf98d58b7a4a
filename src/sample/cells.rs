//! Cells of the sample: resolution 9, the resolution at which hotspots are analysed.

use super::geography::LatLon;
use crate::error::{Error, Result};
use crate::space::{Cell, Point, StudyArea};

/// Resolution at which crime is planted and judged.
pub const RESOLUTION: u8 = 9;

/// The cell of a position.
///
/// # Errors
/// `Bug` for a position that is not on the globe.
pub fn cell_of(at: LatLon) -> Result<Cell> {
    Cell::at(Point { lat: at.lat, lon: at.lon }, RESOLUTION)
        .ok_or_else(|| Error::bug("a sampled position is not on the globe"))
}

/// Centre of a cell.
pub fn centre(cell: Cell) -> LatLon {
    let at = cell.centre();
    LatLon::new(at.lat, at.lon)
}

/// Corners of a cell.
pub fn corners(cell: Cell) -> Vec<LatLon> {
    cell.boundary().into_iter().map(|p| LatLon::new(p.lat, p.lon)).collect()
}

/// The study area: every cell that touches the main island, ascending.
///
/// # Errors
/// `Bug` if the embedded coastline cannot be covered.
pub fn study_cells() -> Result<Vec<Cell>> {
    Ok(StudyArea::jersey()?.cells(RESOLUTION)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_island_has_about_thirteen_hundred_cells() {
        let cells = study_cells().unwrap();
        assert!((1200..1450).contains(&cells.len()), "{}", cells.len());
    }
}
