//! Positions → cell and area: read in the feed's system, put right where latitude and longitude were exchanged.
//!
//! **Exchanged positions.** A position that cannot be (off the globe, or outside the system's domain), or that lies
//! outside the box around the areas widened by 1 degree, is tried with its two numbers exchanged. If that lies inside an
//! area, it is the position, and the row says so. Without areas only a position that cannot be is tried, and the exchanged
//! one must be possible.
//!
//! **Off the coast.** A point outside every area, but within the tolerance of one, gets the name of the nearest.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringBuilder};
use arrow::buffer::NullBuffer;

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
    /// H3 index bits at resolution 11.
    pub cell: ArrayRef,
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
    /// Bits of its cell.
    cell: Option<i64>,
    area: Option<&'a str>,
    label: Option<Label>,
}

/// Reads the positions of a batch. A missing one, and 0, 0, is a label; one that is no position refuses the row.
pub(super) fn locate(
    columns: &Columns<'_>,
    place: &Place,
    missing: &[String],
    surroundings: Option<&Surroundings<'_>>,
    cells: &mut Lattice,
    marks: &mut Marks<'_>,
) -> Positions {
    let rows = columns.rows();
    let mut positions: Vec<Option<(f64, f64)>> = Vec::with_capacity(rows);
    let mut points = Vec::with_capacity(rows);
    for row in 0..rows {
        let position = written(columns, place, missing, row, marks);
        positions.push(position);
        points.push(position.and_then(|(x, y)| place.crs.to_point(x, y)).unwrap_or(NOWHERE));
    }
    let mut filling = Filling::new(rows, surroundings.is_some());
    let mut take = |filling: &mut Filling, row: usize, (_, y): (f64, f64), found: Option<Found<'_>>| {
        if let Some(found) = found {
            filling.put(row, found.point, found.cell, found.area);
            if let Some(label) = found.label {
                marks.label(row, label);
            }
        } else {
            filling.put_nowhere();
            refuse(place, y, row, marks);
        }
    };
    match surroundings {
        None => {
            for (row, position) in positions.iter().enumerate() {
                match *position {
                    None => filling.put_nowhere(),
                    Some(position) => {
                        let found = without_areas(&place.crs, position, points[row], cells);
                        take(&mut filling, row, position, found);
                    }
                }
            }
        }
        Some(surroundings) => cells.find_all(&points, surroundings.areas, |cells, row, cell, area| {
            match (positions[row], area) {
                (None, _) => filling.put_nowhere(),
                // Nearly all: straight into the columns.
                (_, Some(_)) => filling.put(row, points[row], cell, area),
                (Some(position), None) => {
                    let found = outside(&place.crs, position, (points[row], cell), surroundings, cells);
                    take(&mut filling, row, position, found);
                }
            }
        }),
    }
    filling.finish()
}

/// Columns of the position while they are filled, row by row.
struct Filling {
    lats: Vec<f64>,
    lons: Vec<f64>,
    located: Vec<bool>,
    cells: Vec<i64>,
    in_cell: Vec<bool>,
    parish: Option<StringBuilder>,
}

impl Filling {
    fn new(rows: usize, with_parish: bool) -> Self {
        Self {
            lats: vec![0.0; rows],
            lons: vec![0.0; rows],
            located: vec![false; rows],
            cells: vec![0; rows],
            in_cell: vec![false; rows],
            parish: with_parish.then(|| StringBuilder::with_capacity(rows, rows * 12)),
        }
    }

    #[inline]
    fn put(&mut self, row: usize, point: Point, cell: Option<i64>, area: Option<&str>) {
        (self.lats[row], self.lons[row], self.located[row]) = (point.lat, point.lon, true);
        if let Some(cell) = cell {
            (self.cells[row], self.in_cell[row]) = (cell, true);
        }
        if let Some(parish) = &mut self.parish {
            parish.append_option(area);
        }
    }

    fn put_nowhere(&mut self) {
        if let Some(parish) = &mut self.parish {
            parish.append_null();
        }
    }

    fn finish(self) -> Positions {
        let located = nulls(self.located);
        Positions {
            lat: Arc::new(Float64Array::new(self.lats.into(), located.clone())),
            lon: Arc::new(Float64Array::new(self.lons.into(), located)),
            cell: Arc::new(Int64Array::new(self.cells.into(), nulls(self.in_cell))),
            parish: self.parish.map(|mut parish| Arc::new(parish.finish()) as ArrayRef),
        }
    }
}

/// Which rows have a value, unless all do.
fn nulls(present: Vec<bool>) -> Option<NullBuffer> {
    present.contains(&false).then(|| NullBuffer::from(present))
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
fn refuse(place: &Place, y: f64, row: usize, marks: &mut Marks<'_>) {
    let (column, wanted) =
        if place.crs.y_range().contains(&y) { (place.lon, &place.wanted_lon) } else { (place.lat, &place.wanted_lat) };
    marks.reject(row, Reason::BadCoordinate, Some(column), wanted);
}

/// Where the two numbers lead where there are no areas; `None` if that is no position.
#[inline]
fn without_areas<'a>(crs: &Crs, (x, y): (f64, f64), point: Point, cells: &mut Lattice) -> Option<Found<'a>> {
    let (point, label) =
        if is_somewhere(point) { (point, None) } else { (crs.to_point(y, x)?, Some(Label::SwappedPosition)) };
    Some(Found { point, cell: cells.find(point).map(Cell::bits), area: None, label })
}

/// A position that is in no area: exchanged, just off the coast, or somewhere else.
#[cold]
fn outside<'a>(
    crs: &Crs,
    (x, y): (f64, f64),
    (point, cell): (Point, Option<i64>),
    surroundings: &Surroundings<'a>,
    cells: &mut Lattice,
) -> Option<Found<'a>> {
    if !is_somewhere(point) || !surroundings.around.contains(point) {
        let exchanged = crs.to_point(y, x);
        if let Some(point) = exchanged
            && let Some(area) = surroundings.areas.find(point)
        {
            let label = Some(Label::SwappedPosition);
            return Some(Found { point, cell: cells.find(point).map(Cell::bits), area: Some(area), label });
        }
    }
    if !is_somewhere(point) {
        return None;
    }
    let near = (surroundings.tolerance_m > 0.0).then(|| surroundings.areas.find_near(point, surroundings.tolerance_m));
    let area = near.flatten();
    let label = if area.is_some() { Label::NearestArea } else { Label::OutsideAreas };
    Some(Found { point, cell, area, label: Some(label) })
}

/// Stands for a position that cannot be, and for none: in no cell and no area.
const NOWHERE: Point = Point { lat: f64::NAN, lon: f64::NAN };

fn is_somewhere(point: Point) -> bool {
    !point.lat.is_nan()
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
