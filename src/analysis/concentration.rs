//! How few places hold how much: shares of cells, the Lorenz curve, Gini, and what chance alone would give.

use serde::Serialize;

use crate::analysis::hotspot::CellCount;
use crate::analysis::selection::Selection;
use crate::error::{Error, Result};
use crate::space::{Cell, StudyArea};
use crate::stats::concentration::{concentration, share_by_chance};

/// Shares of the records that the table answers for.
pub const SHARES: [f64; 3] = [0.25, 0.50, 0.80];

/// A question about concentration.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Which records.
    pub selection: Selection,
    /// H3 resolution of the cells.
    pub resolution: u8,
}

impl Question {
    /// Checks what the types do not.
    ///
    /// # Errors
    /// `Input` naming the field.
    pub fn check(&self) -> Result<()> {
        self.selection.check()?;
        if !(5..=Cell::STORED).contains(&self.resolution) {
            return Err(
                Error::input(format!("resolution {} is outside 5 to {}", self.resolution, Cell::STORED)).at("res")
            );
        }
        Ok(())
    }

    /// The question in one line, for the audit.
    pub fn subject(&self) -> String {
        format!("{} res={}", self.selection.subject(), self.resolution)
    }
}

/// The fewest cells that hold a share of the records.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ShareRow {
    /// Share of the records asked for.
    pub record_share: f64,
    /// Fewest cells that hold it; `None` if suppressed.
    pub cells: Option<u64>,
    /// They as a share of all cells.
    pub cell_share: Option<f64>,
    /// They as a share of the cells with any record.
    pub occupied_share: Option<f64>,
    /// Records that they hold.
    pub records: Option<u64>,
    /// Share of all cells that would hold it if each record fell on any cell with the same chance.
    pub chance_cell_share: Option<f64>,
    /// Records of the last of these cells, for release.
    #[serde(skip)]
    pub least: u64,
}

/// A point of the Lorenz curve, cells with the most records first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Share of all cells.
    pub cell_share: f64,
    /// Share of the records that they hold.
    pub record_share: f64,
    /// Records of each cell of the run that ends here, for release.
    #[serde(skip)]
    pub each: u64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Concentration {
    /// One row a share.
    pub rows: Vec<ShareRow>,
    /// Cells of the study area.
    pub cells: u64,
    /// Cells with a record; `None` if suppressed.
    pub occupied: Option<u64>,
    /// Records counted; `None` if suppressed.
    pub records: Option<u64>,
    /// Gini coefficient over all cells.
    pub gini: Option<f64>,
    /// Gini coefficient adjusted for few records.
    pub gini_adjusted: Option<f64>,
    /// The curve.
    pub curve: Vec<CurvePoint>,
    /// The curve that chance alone would give: each record on any cell with the same chance.
    pub chance_curve: Vec<CurvePoint>,
    /// Records outside the study area, not counted.
    pub outside_study_area: Option<u64>,
    /// Why there is no answer, if there is none.
    pub undefined_reason: Option<String>,
}

impl Concentration {
    /// Cells with 1 to `threshold` − 1 records, and their records.
    pub(super) fn small(&self, threshold: u32) -> (u64, u64) {
        let (mut cells, mut records, mut before) = (0.0, 0, 0.0);
        for point in &self.curve {
            let run = (point.cell_share - before) * self.cells as f64;
            before = point.cell_share;
            if (1..u64::from(threshold)).contains(&point.each) {
                cells += run;
                records += run.round() as u64 * point.each;
            }
        }
        (cells.round() as u64, records)
    }
}

/// Measures how concentrated records are over the cells of the study area, zeros kept.
///
/// **Method**: [`concentration`] and [`share_by_chance`] of [`crate::stats::concentration`].
/// **Undefined**: everything without records, with the reason.
///
/// # Errors
/// `Bug` for a count in a cell of another resolution.
pub fn measure(counts: &[CellCount], area: &StudyArea, resolution: u8) -> Result<Concentration> {
    let cells = area.cells(resolution)?;
    let mut inside = vec![0_u64; cells.len()];
    let mut outside = 0_u64;
    for counted in counts {
        if counted.cell.resolution() != resolution {
            return Err(Error::bug("counted at another resolution than asked"));
        }
        match cells.binary_search(&counted.cell) {
            Ok(place) => inside[place] += counted.count,
            Err(_) => outside += counted.count,
        }
    }
    let mut answer = Concentration {
        rows: Vec::new(),
        cells: cells.len() as u64,
        occupied: Some(0),
        records: Some(0),
        gini: None,
        gini_adjusted: None,
        curve: Vec::new(),
        chance_curve: Vec::new(),
        outside_study_area: Some(outside),
        undefined_reason: Some("no record lies in the study area".to_owned()),
    };
    let Some(found) = concentration(&inside)? else { return Ok(answer) };
    answer.rows = SHARES
        .iter()
        .filter_map(|share| {
            let held = found.share_for(*share)?;
            Some(ShareRow {
                record_share: *share,
                cells: Some(held.places),
                cell_share: Some(held.share_of_places),
                occupied_share: Some(held.share_of_occupied),
                records: Some(held.events),
                chance_cell_share: share_by_chance(found.places, found.events, *share),
                least: held.least,
            })
        })
        .collect();
    answer.curve = found
        .curve
        .iter()
        .map(|step| CurvePoint { cell_share: step.place_share, record_share: step.event_share, each: step.each })
        .collect();
    answer.chance_curve = (0..=50_u32)
        .map(|step| f64::from(step) / 50.0)
        .map(|share| CurvePoint {
            cell_share: share_by_chance(found.places, found.events, share).unwrap_or(0.0),
            record_share: share,
            each: 0,
        })
        .collect();
    (answer.occupied, answer.records) = (Some(found.occupied), Some(found.events));
    (answer.gini, answer.gini_adjusted) = (Some(found.gini), Some(found.gini_adjusted));
    answer.undefined_reason = None;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Point;

    #[test]
    fn shares_of_the_whole_island() {
        let jersey = StudyArea::jersey().unwrap();
        let town = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap();
        let counts: Vec<CellCount> = town
            .disk(1)
            .into_iter()
            .zip([50, 20, 10, 10, 5, 4, 1])
            .map(|(cell, count)| CellCount { cell, count })
            .collect();
        let found = measure(&counts, &jersey, 9).unwrap();
        let cells: Vec<_> = found.rows.iter().map(|row| row.cells.unwrap()).collect();
        assert_eq!((cells, found.occupied, found.records), (vec![1, 1, 3], Some(7), Some(100)));
        assert!(found.gini_adjusted.unwrap() < found.gini.unwrap());
        assert!(found.rows.iter().all(|row| row.chance_cell_share > row.cell_share));
        let last = found.curve.last().unwrap();
        assert!((last.cell_share - 1.0).abs() < 1e-12 && (last.record_share - 1.0).abs() < 1e-12);
    }

    #[test]
    fn without_records_there_is_a_reason() {
        let jersey = StudyArea::jersey().unwrap();
        let found = measure(&[], &jersey, 9).unwrap();
        assert!(found.undefined_reason.is_some() && found.gini.is_none() && found.rows.is_empty());
        let coarse = CellCount { cell: Cell::at(Point { lat: 49.2, lon: -2.1 }, 8).unwrap(), count: 1 };
        assert!(measure(&[coarse], &jersey, 9).is_err());
    }
}
