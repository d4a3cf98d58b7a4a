//! Points of records, for answers that are computed from points and never show one.

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;

use super::selection::params;
use crate::analysis::density::Placed;
use crate::analysis::selection::Selection;
use crate::engine::Snapshot;
use crate::error::{Error, Result};
use crate::space::{Lattice, Point};

/// Where the located records of a selection lie, sorted by latitude and longitude, with their cell at a resolution.
pub(super) async fn points(snapshot: &Snapshot, selection: &Selection, resolution: u8) -> Result<Vec<Placed>> {
    let answer = snapshot.records("points", &params(selection)).await?;
    let mut lattice = Lattice::stored();
    let mut placed = Vec::with_capacity(usize::try_from(answer.row_count()).unwrap_or(0));
    for batch in &answer.batches {
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|c| c.as_primitive_opt::<Float64Type>())
                .ok_or_else(|| Error::bug(format!("the points have no column {name}")))
        };
        let (lat, lon) = (column("lat")?, column("lon")?);
        for (lat, lon) in lat.iter().zip(lon) {
            let (Some(lat), Some(lon)) = (lat, lon) else { continue };
            let point = Point { lat, lon };
            let cell = lattice.find(point).and_then(|cell| cell.parent(resolution));
            placed.push(Placed {
                point,
                cell: cell.ok_or_else(|| Error::data("a stored position is not on the globe"))?,
            });
        }
    }
    Ok(placed)
}
