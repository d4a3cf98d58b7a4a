//! Cells of very many points, quickly, and with the very answers of h3o.

use h3o::{CellIndex, LatLng, Resolution};

use crate::space::cell::Cell;
use crate::space::point::Point;

type Vector = [f64; 3];

/// Indexes that are remembered: more than a small island has cells of resolution 11.
const SLOTS: usize = 1 << 16;
const EMPTY: u64 = u64::MAX;
/// Nearer than this to the edge of its hexagon (in widths of one) or to another face (as a cosine), a point is left to h3o.
const CLOSE: f64 = 1e-6;
/// Added before decimals are cut off, so that this rounds down: more than any lattice coordinate at resolution 15.
const SHIFT: f64 = (1_u64 << 27) as f64;

/// Finds the cells of one resolution; remembers those it found, so it is best kept from batch to batch.
///
/// **Method.** On the gnomonic projection (from the middle of the Earth) of an icosahedron's face, the cells of a
/// resolution are the hexagons of a regular lattice, one of them around the middle of the face (K. Sahr et al., "Geodesic
/// discrete global grid systems", 2003, doi:10.1559/152304003100011090). Where the middles lie, and the direction to a
/// neighbour, h3o is asked at the start. Which hexagon holds a point is then rounding; which index a hexagon has, h3o is
/// asked at the first point in it. Of points within a millionth of a hexagon's width of an edge it is always asked.
#[derive(Debug)]
pub struct Lattice {
    resolution: Resolution,
    faces: Vec<Face>,
    slots: Vec<(u64, Option<Cell>)>,
}

/// One face: the unit vector to its middle, and the axes of its plane in units of the distance between two cells.
#[derive(Debug)]
struct Face {
    middle: Vector,
    x: Vector,
    y: Vector,
}

impl Lattice {
    /// The lattice of the resolution at which records are stored.
    pub fn stored() -> Self {
        Self::new(Resolution::Eleven)
    }

    fn new(resolution: Resolution) -> Self {
        let faces = CellIndex::base_cells().filter_map(|cell| Face::around(cell, resolution)).collect();
        Self { resolution, faces, slots: vec![(EMPTY, None); SLOTS] }
    }

    /// The cell that holds a point; `None` for a latitude or longitude that is not one.
    #[inline]
    pub fn find(&mut self, point: Point) -> Option<Cell> {
        if !(-90.0..=90.0).contains(&point.lat) || !(-180.0..=180.0).contains(&point.lon) {
            return None;
        }
        let Some(hexagon) = self.hexagon(vector(point.lat.to_radians(), point.lon.to_radians())) else {
            return self.ask(point);
        };
        // The upper bits of a multiplication depend on all bits of the number (Fibonacci hashing).
        let slot = (hexagon.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % SLOTS;
        let (known, cell) = self.slots[slot];
        if known == hexagon {
            return cell;
        }
        let cell = self.ask(point);
        self.slots[slot] = (hexagon, cell);
        cell
    }

    fn ask(&self, point: Point) -> Option<Cell> {
        Cell::at(point, u8::from(self.resolution))
    }

    /// A number for the hexagon that holds a point; `None` close to an edge.
    #[inline]
    fn hexagon(&self, point: Vector) -> Option<u64> {
        let (mut face, mut nearest, mut second) = (0, -1.0, -1.0);
        for (number, candidate) in self.faces.iter().enumerate() {
            let cosine = dot(candidate.middle, point);
            if cosine > nearest {
                (face, second, nearest) = (number, nearest, cosine);
            } else if cosine > second {
                second = cosine;
            }
        }
        let plane = self.faces.get(face).filter(|_| nearest - second > CLOSE)?;
        let (x, y) = (dot(plane.x, point) / nearest, dot(plane.y, point) / nearest);
        // Lattice coordinates: steps towards the neighbour on the x axis, and towards the one at 60 degrees to it.
        let across = y * 2.0 / 3.0_f64.sqrt();
        let along = x - across / 2.0;
        let (mut i, mut j) = (round(along), round(across));
        let mut beyond = furthest(along - i, across - j);
        if beyond.out > 0.5 {
            // Rounding each coordinate is at most one hexagon off.
            (i, j) = (i + beyond.step_i, j + beyond.step_j);
            beyond = furthest(along - i, across - j);
        }
        let inside = beyond.out < 0.5 - CLOSE;
        inside.then_some(((face as u64) << 56) | (((i + SHIFT) as u64) << 28) | (j + SHIFT) as u64)
    }
}

/// The edge of a hexagon that a point is nearest to or furthest beyond.
struct Edge {
    /// How far out the point is; the edge itself is at 0.5.
    out: f64,
    /// Where the hexagon behind the edge lies.
    step_i: f64,
    step_j: f64,
}

#[inline]
fn furthest(along: f64, across: f64) -> Edge {
    let edge =
        |out: f64, i: f64, j: f64| Edge { out: out.abs(), step_i: i.copysign(i * out), step_j: j.copysign(j * out) };
    let mut found = edge(along + across / 2.0, 1.0, 0.0);
    for other in [edge(across + along / 2.0, 0.0, 1.0), edge((across - along) / 2.0, -1.0, 1.0)] {
        if other.out > found.out {
            found = other;
        }
    }
    found
}

#[inline]
fn round(value: f64) -> f64 {
    ((value + SHIFT + 0.5) as u64) as f64 - SHIFT
}

impl Face {
    /// The face in whose middle a base cell lies, if it lies in one: then its neighbours are all equally far.
    fn around(base: CellIndex, resolution: Resolution) -> Option<Self> {
        let middle = centre(base);
        let others = base.grid_disk::<Vec<_>>(1).into_iter().filter(|cell| *cell != base);
        let cosines: Vec<f64> = others.map(|cell| dot(middle, centre(cell))).collect();
        let spread = cosines.iter().copied().fold(-1.0, f64::max) - cosines.iter().copied().fold(1.0, f64::min);
        if base.is_pentagon() || spread > 1e-9 {
            return None;
        }
        // Even resolutions share their directions, odd ones too; the coarsest tells them best.
        let (resolution, coarsest) = match u8::from(resolution) {
            even if even % 2 == 0 => (even, Resolution::Zero),
            odd => (odd - 1, Resolution::One),
        };
        let start = base.center_child(coarsest)?;
        let next = start.grid_disk::<Vec<_>>(1).into_iter().find(|cell| *cell != start).map(centre)?;
        let next = scaled(next, 1.0 / dot(middle, next));
        let step = [next[0] - middle[0], next[1] - middle[1], next[2] - middle[2]];
        // Each resolution is finer by the square root of seven.
        let x = scaled(step, 7.0_f64.powi(i32::from(resolution / 2)) / dot(step, step));
        Some(Self { middle, x, y: cross(middle, x) })
    }
}

fn centre(cell: CellIndex) -> Vector {
    let centre = LatLng::from(cell);
    vector(centre.lat_radians(), centre.lng_radians())
}

/// Unit vector of a latitude and longitude in radians.
#[inline]
fn vector(lat: f64, lon: f64) -> Vector {
    let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (lat.sin_cos(), lon.sin_cos());
    [cos_lon * cos_lat, sin_lon * cos_lat, sin_lat]
}

#[inline]
fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn scaled(a: Vector, by: f64) -> Vector {
    [a[0] * by, a[1] * by, a[2] * by]
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_pcg::Pcg64;

    use super::*;

    /// Everywhere, on the island, and as close to corners of cells as numbers can be.
    fn points(resolution: Resolution, random: &mut Pcg64) -> Vec<Point> {
        let mut points = Vec::new();
        for number in 0..20_000 {
            let unit: f64 = random.random_range(-1.0..1.0);
            points.push(if number % 2 == 0 {
                Point { lat: unit.asin().to_degrees(), lon: random.random_range(-180.0..180.0) }
            } else {
                Point { lat: 49.2 + unit * 0.05, lon: random.random_range(-2.25..-2.0) }
            });
        }
        for point in points.clone().into_iter().take(500) {
            for corner in Cell::at(point, u8::from(resolution)).unwrap().boundary() {
                points.extend([0.0, 1e-13, 1e-10, 1e-8].map(|off| {
                    let mut moved =
                        |value: f64, most: f64| (value + off * random.random_range(-1.0..1.0)).clamp(-most, most);
                    Point { lat: moved(corner.lat, 90.0), lon: moved(corner.lon, 180.0) }
                }));
            }
        }
        points
    }

    #[test]
    fn the_answers_of_h3o_at_every_resolution() {
        let mut random = Pcg64::seed_from_u64(1);
        for resolution in Resolution::range(Resolution::Zero, Resolution::Fifteen) {
            let mut lattice = Lattice::new(resolution);
            assert_eq!(lattice.faces.len(), 20);
            for point in points(resolution, &mut random) {
                assert_eq!(lattice.find(point), Cell::at(point, u8::from(resolution)), "{point:?} at {resolution}");
            }
        }
    }

    #[test]
    fn hardly_a_point_is_left_to_h3o() {
        let mut random = Pcg64::seed_from_u64(2);
        let lattice = Lattice::stored();
        let left = (0..100_000).filter(|_| {
            let (lat, lon) = (random.random_range(49.16_f64..49.26), random.random_range(-2.25_f64..-2.0));
            lattice.hexagon(vector(lat.to_radians(), lon.to_radians())).is_none()
        });
        assert!(left.count() < 10);
    }

    #[test]
    fn outside_the_globe_is_none() {
        let mut lattice = Lattice::stored();
        for (lat, lon) in [(91.0, 0.0), (0.0, 181.0), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(lattice.find(Point { lat, lon }), None);
        }
        let poles = [90.0, -90.0].map(|lat| Point { lat, lon: 0.0 });
        assert_eq!(poles.map(|p| lattice.find(p)), poles.map(|p| Cell::at(p, 11)));
    }
}
