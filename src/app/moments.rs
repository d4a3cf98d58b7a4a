//! Single records for answers that are computed from pairs or clusters of them; what leaves is released by the trip.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};

use super::selection::{Coverage, for_a_map, params};
use crate::analysis::moments::Moments;
use crate::analysis::selection::Selection;
use crate::engine::Snapshot;
use crate::error::{Error, Result};
use crate::space::{Cell, Point};

/// More than one record in so many at points that the source snaps records to, and distances mean nothing.
const SNAPPED_ONE_IN: u64 = 20;

/// Records of a selection, and what is known of those left out.
pub(super) struct Found {
    pub moments: Moments,
    pub coverage: Coverage,
    /// Records at snapped points, which are left out.
    pub snapped: u64,
}

/// Reads the located records of a selection, or says why `what` (such as "a near-repeat table") cannot be made of them.
pub(super) async fn read(snapshot: &Snapshot, selection: &Selection, what: &str) -> Result<Found> {
    let coverage = for_a_map(snapshot, selection, Some(what)).await?;
    let answer = snapshot.records("moments", &params(selection)).await?;
    let mut found = Found { moments: Moments::default(), coverage, snapped: 0 };
    for batch in &answer.batches {
        found.take(batch)?;
    }
    let located = found.moments.len() as u64 + found.snapped;
    if found.snapped * SNAPPED_ONE_IN > located {
        return Err(Error::data(format!(
            "{} of the {located} located {} records of the period stand at points that their source snaps records to: \
             distances between them are those of the points, so {what} cannot be made. Maps of whole cells can",
            found.snapped, selection.dataset
        )));
    }
    Ok(found)
}

impl Found {
    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        let missing = |name: &str| Error::bug(format!("the records have no column {name}"));
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| missing(name));
        let lat = column("lat")?.as_primitive_opt::<Float64Type>().ok_or_else(|| missing("lat"))?;
        let lon = column("lon")?.as_primitive_opt::<Float64Type>().ok_or_else(|| missing("lon"))?;
        let cell = column("cell")?.as_primitive_opt::<Int64Type>().ok_or_else(|| missing("cell"))?;
        let day = column("local_on")?.as_primitive_opt::<Date32Type>().ok_or_else(|| missing("local_on"))?;
        let minute = column("local_minute")?.as_primitive_opt::<Int64Type>().ok_or_else(|| missing("local_minute"))?;
        let snapped = column("snapped")?.as_boolean_opt().ok_or_else(|| missing("snapped"))?;
        for row in 0..batch.num_rows() {
            if snapped.value(row) {
                self.snapped += 1;
                continue;
            }
            let stored = Cell::from_bits(cell.value(row));
            let stored = stored.ok_or_else(|| Error::data("a stored cell is not an H3 index"))?;
            let point = Point { lat: lat.value(row), lon: lon.value(row) };
            let minute = minute.is_valid(row).then(|| minute.value(row));
            self.moments.push(point, stored, i64::from(day.value(row)), minute);
        }
        Ok(())
    }

    /// Records left out, by reason.
    pub fn excluded(&self) -> std::collections::BTreeMap<String, u64> {
        let mut excluded = self.coverage.excluded();
        if self.snapped > 0 {
            excluded.insert("snapped_point".to_owned(), self.snapped);
        }
        excluded
    }
}
