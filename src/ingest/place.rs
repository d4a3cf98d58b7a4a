//! Latitude and longitude → cell and parish.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int64Builder, StringBuilder};

use super::column::Columns;
use super::feed::Place;
use super::marks::Marks;
use super::parse;
use super::reject::{Label, Reason};
use crate::space::areas::Areas;
use crate::space::{Cell, Lattice, Point};

/// Columns of the position.
pub(super) struct Positions {
    /// Degrees north.
    pub lat: ArrayRef,
    /// Degrees east.
    pub lon: ArrayRef,
    /// H3 index bits at resolution 11.
    pub cell: ArrayRef,
    /// Name of the area, with areas only.
    pub parish: Option<ArrayRef>,
}

/// Reads the positions of a batch. A missing one, and 0, 0, is a label; one that is no position refuses the row.
pub(super) fn locate(
    columns: &Columns<'_>,
    place: Place,
    missing: &[String],
    areas: Option<&Areas>,
    cells: &mut Lattice,
    marks: &mut Marks<'_>,
) -> Positions {
    const WANTED_LAT: &str = "wanted a latitude in degrees, from -90 to 90";
    const WANTED_LON: &str = "wanted a longitude in degrees, from -180 to 180";
    let rows = columns.rows();
    let (mut lats, mut lons, mut located) = (vec![0.0; rows], vec![0.0; rows], vec![false; rows]);
    for row in 0..rows {
        let (lat, lon) = (columns.value(place.lat, row, missing), columns.value(place.lon, row, missing));
        let (Some(lat), Some(lon)) = (lat, lon) else {
            marks.label(row, Label::NoLocation);
            continue;
        };
        let Some(lat) = parse::float(lat).filter(|lat| (-90.0..=90.0).contains(lat)) else {
            marks.reject(row, Reason::BadCoordinate, Some(place.lat), WANTED_LAT);
            continue;
        };
        let Some(lon) = parse::float(lon).filter(|lon| (-180.0..=180.0).contains(lon)) else {
            marks.reject(row, Reason::BadCoordinate, Some(place.lon), WANTED_LON);
            continue;
        };
        if lat.abs() < 1e-9 && lon.abs() < 1e-9 {
            marks.label(row, Label::NullIsland);
            continue;
        }
        (lats[row], lons[row], located[row]) = (lat, lon, true);
    }
    let point = |row: usize| located[row].then(|| Point { lat: lats[row], lon: lons[row] });
    let mut cell = Int64Builder::with_capacity(rows);
    for row in 0..rows {
        cell.append_option(point(row).and_then(|point| cells.find(point)).map(Cell::bits));
    }
    let parish = areas.map(|areas| {
        let mut column = StringBuilder::with_capacity(rows, rows * 8);
        for (row, is_located) in located.iter().enumerate() {
            let area = point(row).and_then(|point| areas.find(point));
            if *is_located && area.is_none() {
                marks.label(row, Label::OutsideAreas);
            }
            column.append_option(area);
        }
        Arc::new(column.finish()) as ArrayRef
    });
    Positions { lat: degrees(&lats, &located), lon: degrees(&lons, &located), cell: Arc::new(cell.finish()), parish }
}

fn degrees(values: &[f64], located: &[bool]) -> ArrayRef {
    let mut column = Float64Builder::with_capacity(values.len());
    column.append_values(values, located);
    Arc::new(column.finish())
}
