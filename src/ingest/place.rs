//! Positions → cell and area: read in the feed's system, put right where latitude and longitude were exchanged.
//!
//! **Exchanged positions.** A position that cannot be (off the globe, or outside the system's domain), or that lies
//! outside the box around the areas widened by 1 degree, is tried with its two numbers exchanged. If that lies inside an
//! area, it is the position, and the row says so. Without areas only a position that cannot be is tried, and the exchanged
//! one must be possible.
//!
//! **Off the coast.** A point outside every area, but within the tolerance of one, gets the name of the nearest.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::Float64Type;

use super::column::Columns;
use super::feed::Place;
use super::marks::Marks;
use super::parse;
use super::reject::{Label, Reason};
use crate::space::areas::Areas;
use crate::space::{Bounds, Cell, Crs, Lattice, Point};

/// A position that lies this much further out than the areas is not of this place.
const FAR_DEGREES: f64 = 1.0;

/// Columns of the position.
pub(super) struct Positions {
    /// Degrees north.
    pub lat: ArrayRef,
    /// Degrees east.
    pub lon: ArrayRef,
    /// Name of the area, with areas only.
    pub parish: Option<ArrayRef>,
}

/// The areas that positions are looked up in, and how far off one still counts.
pub(super) struct Surroundings<'a> {
    areas: &'a Areas,
    around: Bounds,
    tolerance_m: f64,
}

impl<'a> Surroundings<'a> {
    /// The surroundings of some areas; a tolerance of 0 m means none.
    pub fn new(areas: &'a Areas, tolerance_m: f64) -> Option<Self> {
        Some(Self { areas, around: areas.bounds()?.widened(FAR_DEGREES), tolerance_m })
    }
}

/// Where a row is.
struct Found<'a> {
    point: Point,
    area: Option<&'a str>,
    label: Option<Label>,
}

/// Reads the positions of a batch. A missing one, and 0, 0, is a label; one that is no position refuses the row.
pub(super) fn locate(
    columns: &Columns<'_>,
    place: &Place,
    missing: &[String],
    surroundings: Option<&Surroundings<'_>>,
    marks: &mut Marks<'_>,
) -> Positions {
    let rows = columns.rows();
    let (mut lats, mut lons, mut located) = (vec![0.0; rows], vec![0.0; rows], vec![false; rows]);
    let mut parish = surroundings.map(|_| StringBuilder::with_capacity(rows, rows * 8));
    for row in 0..rows {
        let found = written(columns, place, missing, row, marks)
            .and_then(|(x, y)| settle(&place.crs, x, y, surroundings).or_else(|| refuse(place, y, row, marks)));
        if let Some(parish) = &mut parish {
            parish.append_option(found.as_ref().and_then(|found| found.area));
        }
        if let Some(found) = found {
            (lats[row], lons[row], located[row]) = (found.point.lat, found.point.lon, true);
            if let Some(label) = found.label {
                marks.label(row, label);
            }
        }
    }
    Positions {
        lat: degrees(&lats, &located),
        lon: degrees(&lons, &located),
        parish: parish.map(|mut parish| Arc::new(parish.finish()) as ArrayRef),
    }
}

/// H3 index bits at resolution 11 of the positions of the rows that are `wanted`; the others get none.
pub(super) fn cells(lat: &ArrayRef, lon: &ArrayRef, wanted: &[bool], cells: &mut Lattice) -> ArrayRef {
    let (lat, lon) = (lat.as_primitive::<Float64Type>(), lon.as_primitive::<Float64Type>());
    let mut found = Int64Builder::with_capacity(lat.len());
    for (row, wanted) in wanted.iter().enumerate() {
        let point = (*wanted && lat.is_valid(row)).then(|| Point { lat: lat.value(row), lon: lon.value(row) });
        found.append_option(point.and_then(|point| cells.find(point)).map(Cell::bits));
    }
    Arc::new(found.finish())
}

/// The two numbers of a row: east first.
#[inline]
fn written(
    columns: &Columns<'_>,
    place: &Place,
    missing: &[String],
    row: usize,
    marks: &mut Marks<'_>,
) -> Option<(f64, f64)> {
    let (north, east) = (columns.value(place.lat, row, missing), columns.value(place.lon, row, missing));
    let (Some(north), Some(east)) = (north, east) else {
        marks.label(row, Label::NoLocation);
        return None;
    };
    let Some(y) = parse::float(north) else {
        marks.reject(row, Reason::BadCoordinate, Some(place.lat), &place.wanted_lat);
        return None;
    };
    let Some(x) = parse::float(east) else {
        marks.reject(row, Reason::BadCoordinate, Some(place.lon), &place.wanted_lon);
        return None;
    };
    if x.abs() < 1e-9 && y.abs() < 1e-9 {
        marks.label(row, Label::NullIsland);
        return None;
    }
    Some((x, y))
}

/// Which of the two numbers is to blame for a position that cannot be.
#[cold]
fn refuse<T>(place: &Place, y: f64, row: usize, marks: &mut Marks<'_>) -> Option<T> {
    let (column, wanted) =
        if place.crs.y_range().contains(&y) { (place.lon, &place.wanted_lon) } else { (place.lat, &place.wanted_lat) };
    marks.reject(row, Reason::BadCoordinate, Some(column), wanted);
    None
}

/// Where the two numbers lead; `None` if that is no position.
#[inline]
fn settle<'a>(crs: &Crs, x: f64, y: f64, surroundings: Option<&Surroundings<'a>>) -> Option<Found<'a>> {
    let point = crs.to_point(x, y);
    match (point, surroundings) {
        (Some(point), None) => Some(Found { point, area: None, label: None }),
        (None, None) => Some(Found { point: crs.to_point(y, x)?, area: None, label: Some(Label::SwappedPosition) }),
        (point, Some(surroundings)) => {
            if let Some(point) = point
                && let Some(area) = surroundings.areas.find(point)
            {
                return Some(Found { point, area: Some(area), label: None });
            }
            outside(crs, (x, y), point, surroundings)
        }
    }
}

/// A position that is in no area: exchanged, just off the coast, or somewhere else.
#[cold]
fn outside<'a>(
    crs: &Crs,
    (x, y): (f64, f64),
    point: Option<Point>,
    surroundings: &Surroundings<'a>,
) -> Option<Found<'a>> {
    if point.is_none_or(|point| !surroundings.around.contains(point)) {
        let exchanged = crs.to_point(y, x);
        if let Some(point) = exchanged
            && let Some(area) = surroundings.areas.find(point)
        {
            return Some(Found { point, area: Some(area), label: Some(Label::SwappedPosition) });
        }
    }
    let point = point?;
    let near = (surroundings.tolerance_m > 0.0).then(|| surroundings.areas.find_near(point, surroundings.tolerance_m));
    let area = near.flatten();
    let label = if area.is_some() { Label::NearestArea } else { Label::OutsideAreas };
    Some(Found { point, area, label: Some(label) })
}

fn degrees(values: &[f64], located: &[bool]) -> ArrayRef {
    let mut column = Float64Builder::with_capacity(values.len());
    column.append_values(values, located);
    Arc::new(column.finish())
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
