//! Vector tiles (Mapbox Vector Tile 2): prepared shapes in, clipped to the tile and encoded, bytes out.

use mvt::{GeomData, GeomEncoder, GeomType};

use crate::error::{Error, Result};
use crate::space::tile::EXTENT;
use crate::space::{Point, TileId};

/// Shapes are kept this far beyond the edge, so that outlines do not show where tiles meet. Tile units.
pub const BUFFER: f64 = 64.0;

/// Where a feature is.
#[derive(Debug, Clone)]
pub enum Geometry {
    /// A point.
    Point(Point),
    /// A line.
    Line(Vec<Point>),
    /// Outline, then holes; closed or not.
    Polygon(Vec<Vec<Point>>),
}

/// A property.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Whole number.
    Int(i64),
    /// Text.
    Text(String),
}

/// One feature.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Id, where the page needs to address it.
    pub id: Option<u64>,
    /// Where it is.
    pub geometry: Geometry,
    /// Name and value.
    pub properties: Vec<(&'static str, Value)>,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Name of the layer.
    pub name: &'static str,
    /// Its features, in drawing order.
    pub features: Vec<Feature>,
}

/// Encodes layers into a tile; features outside it are left out. `None` if nothing is left.
///
/// # Errors
/// `Bug` if the encoder refuses a shape.
pub fn encode(tile: TileId, layers: &[Layer]) -> Result<Option<Vec<u8>>> {
    let mut out = mvt::Tile::new(EXTENT);
    let mut empty = true;
    for layer in layers {
        let mut built = out.create_layer(layer.name);
        for feature in &layer.features {
            let Some(geometry) = geometry(tile, &feature.geometry).map_err(refused)? else { continue };
            let mut encoded = built.into_feature(geometry);
            if let Some(id) = feature.id {
                encoded.set_id(id);
            }
            for (name, value) in &feature.properties {
                match value {
                    Value::Int(n) => encoded.add_tag_sint(name, *n),
                    Value::Text(text) => encoded.add_tag_string(name, text),
                }
            }
            built = encoded.into_layer();
        }
        if built.num_features() > 0 {
            empty = false;
            out.add_layer(built).map_err(refused)?;
        }
    }
    if empty { Ok(None) } else { out.to_bytes().map(Some).map_err(refused) }
}

fn refused(cause: mvt::Error) -> Error {
    Error::bug("the tile could not be encoded").with_cause(cause)
}

fn geometry(tile: TileId, geometry: &Geometry) -> std::result::Result<Option<GeomData>, mvt::Error> {
    match geometry {
        Geometry::Point(point) => {
            let at = tile.project(*point);
            if !inside(at) {
                return Ok(None);
            }
            GeomEncoder::new(GeomType::Point).point(at.0.round(), at.1.round())?.encode().map(Some)
        }
        Geometry::Line(line) => {
            let projected: Vec<(f64, f64)> = line.iter().map(|p| tile.project(*p)).collect();
            let mut encoder = GeomEncoder::new(GeomType::Linestring);
            let mut parts = 0;
            for part in clip_line(&projected).iter().map(|part| whole(part)).filter(|part| part.len() > 1) {
                if parts > 0 {
                    encoder.complete_geom()?;
                }
                for (x, y) in part {
                    encoder.add_point(x, y)?;
                }
                parts += 1;
            }
            if parts == 0 { Ok(None) } else { encoder.encode().map(Some) }
        }
        Geometry::Polygon(rings) => {
            let mut encoder = GeomEncoder::new(GeomType::Polygon);
            let mut parts = 0;
            for (at, ring) in rings.iter().enumerate() {
                let projected: Vec<(f64, f64)> = ring.iter().map(|p| tile.project(*p)).collect();
                let mut clipped = whole(&clip_ring(&projected));
                if clipped.len() > 1 && same(clipped.first(), clipped.last()) {
                    clipped.pop();
                }
                let area = signed_area(&clipped);
                if clipped.len() < 3 || area.abs() < 0.5 {
                    if at == 0 {
                        return Ok(None); // the outline is outside: so are its holes
                    }
                    continue;
                }
                // Version 2: outlines have a positive area with y to the south, holes a negative one.
                if (area > 0.0) != (at == 0) {
                    clipped.reverse();
                }
                if parts > 0 {
                    encoder.complete_geom()?;
                }
                for (x, y) in clipped {
                    encoder.add_point(x, y)?;
                }
                parts += 1;
            }
            if parts == 0 { Ok(None) } else { encoder.encode().map(Some) }
        }
    }
}

fn same(a: Option<&(f64, f64)>, b: Option<&(f64, f64)>) -> bool {
    a.zip(b).is_some_and(|(a, b)| (a.0 - b.0).abs() < 0.5 && (a.1 - b.1).abs() < 0.5)
}

const LOW: f64 = -BUFFER;
const HIGH: f64 = EXTENT as f64 + BUFFER;

fn inside((x, y): (f64, f64)) -> bool {
    (LOW..=HIGH).contains(&x) && (LOW..=HIGH).contains(&y)
}

/// Whole tile units, without repeats.
fn whole(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for (x, y) in points {
        let point = (x.round(), y.round());
        if !same(out.last(), Some(&point)) {
            out.push(point);
        }
    }
    out
}

/// Twice the shoelace sum, halved: positive for an outline as version 2 wants it.
fn signed_area(ring: &[(f64, f64)]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0
}

/// Clips a ring to the buffered tile.
///
/// **Method** Sutherland & Hodgman 1974, one side after another. DOI 10.1145/360767.360802
fn clip_ring(ring: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = ring.to_vec();
    for side in 0..4 {
        let keep = |p: (f64, f64)| match side {
            0 => p.0 >= LOW,
            1 => p.0 <= HIGH,
            2 => p.1 >= LOW,
            _ => p.1 <= HIGH,
        };
        let cross = |a: (f64, f64), b: (f64, f64)| {
            let (from, to, edge) = match side {
                0 => (a.0, b.0, LOW),
                1 => (a.0, b.0, HIGH),
                2 => (a.1, b.1, LOW),
                _ => (a.1, b.1, HIGH),
            };
            let t = (edge - from) / (to - from);
            (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1))
        };
        let mut next = Vec::with_capacity(points.len() + 4);
        for (at, point) in points.iter().enumerate() {
            let before = points[if at == 0 { points.len() - 1 } else { at - 1 }];
            if keep(*point) != keep(before) {
                next.push(cross(before, *point));
            }
            if keep(*point) {
                next.push(*point);
            }
        }
        points = next;
        if points.is_empty() {
            break;
        }
    }
    points
}

/// Clips a line to the buffered tile; it may fall into parts.
///
/// **Method** Liang & Barsky 1984 on each segment. DOI 10.1145/357332.357333
fn clip_line(line: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let mut parts: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open = false;
    for pair in line.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let Some((from, to)) = clip_segment(a, b) else {
            open = false;
            continue;
        };
        let start = (a.0 + from * (b.0 - a.0), a.1 + from * (b.1 - a.1));
        let end = (a.0 + to * (b.0 - a.0), a.1 + to * (b.1 - a.1));
        match parts.last_mut() {
            Some(part) if open && from <= 0.0 => part.push(end),
            _ => parts.push(vec![start, end]),
        }
        open = to >= 1.0;
    }
    parts
}

/// The part of a segment inside, as shares of its length.
fn clip_segment(a: (f64, f64), b: (f64, f64)) -> Option<(f64, f64)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for (p, q) in [(-dx, a.0 - LOW), (dx, HIGH - a.0), (-dy, a.1 - LOW), (dy, HIGH - a.1)] {
        if p.abs() < f64::EPSILON {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            from = from.max(q / p);
        } else {
            to = to.min(q / p);
        }
    }
    (from <= to).then_some((from, to))
}

#[cfg(test)]
#[path = "mvt_tests.rs"]
mod tests;
