//! Cells of very many points, quickly, and with the very answers of h3o.

use std::f64::consts::PI;

use h3o::{CellIndex, LatLng, Resolution};

use crate::space::areas::Areas;
use crate::space::cell::Cell;
use crate::space::point::Point;

type Vector = [f64; 3];

/// Hexagons are remembered in patches of eight by eight neighbours, eight bytes a hexagon: those of a small island at
/// resolution 11 fit a core's own cache, and share few pages of memory.
const PATCH_BITS: u32 = 3;
const PATCH: usize = 1 << (2 * PATCH_BITS);
/// Patches stand by the lowest bits of their two coordinates: those of a small island never get into each other's way.
const SIDE_BITS: u32 = 6;
/// Tiles are remembered by the lowest bits of their row and column, likewise.
const TILE_SIDE_BITS: u32 = 5;
/// Points whose places are looked at before their cells are looked up.
const BLOCK: usize = 128;
/// Sides of a tile: a hundredth of a degree.
const TILES_A_DEGREE: f64 = 100.0;
/// Nearer than this to the edge of its hexagon (in widths of one) or to another face (as a cosine), a point is left to h3o.
const CLOSE: f64 = 1e-6;
/// A tile whose middle is nearer than this to another face (as a cosine) has no formula: all of it must lie in one face.
const TILE_CLOSE: f64 = 3e-4;
/// Third derivatives of lattice coordinates, over the length of an axis, are less than this, and a tile reaches so far
/// (in radians) from its middle; see [`Lattice`].
const THIRD: f64 = 150.0;
const REACH: f64 = PI / 180.0 * std::f64::consts::SQRT_2 / 2.0 / TILES_A_DEGREE;
/// A number of this size has no digits behind the point: adding it rounds, and the whole number stands in the lowest bits.
const ROUND: f64 = 1.5 * (1_u64 << 52) as f64;
/// Bits of a lattice coordinate: enough for resolution 15.
const COORDINATE_BITS: u32 = 24;
const COORDINATE: u64 = (1 << COORDINATE_BITS) - 1;
/// Set in the number of every hexagon, so that none is 0.
const A_HEXAGON: u64 = 1 << 63;
/// What the upper bits of a cell's index say is the same for all cells of a resolution; of a remembered cell the area
/// stands in their place.
const INDEX_BITS: u32 = 52;
const INDEX: u64 = (1 << INDEX_BITS) - 1;

/// Finds the cells of one resolution; remembers those it found, so it is best kept from batch to batch.
///
/// **Method.** On the gnomonic projection (from the middle of the Earth) of an icosahedron's face, the cells of a
/// resolution are the hexagons of a regular lattice, one of them around the middle of the face (K. Sahr et al., "Geodesic
/// discrete global grid systems", 2003, doi:10.1559/152304003100011090). Where the middles lie, and the direction to a
/// neighbour, h3o is asked at the start. Which hexagon holds a point is then rounding; which index a hexagon has, h3o is
/// asked at the first point in it.
///
/// Within a tile of a hundredth of a degree the lattice coordinates are taken from their Taylor polynomials of the second
/// degree around its middle. What these leave out is at most `M h³ / 6`, with `h` the furthest way from the middle
/// (`REACH`) and `M` a bound of the third derivative along any line. A coordinate is `f = a / b`, with `a` the product
/// of an axis of length `n` and the point's unit vector, and `b ≥ cos 37.4°` the cosine to the middle of the face. The
/// `k`-th derivative of a unit vector by latitude and longitude along a line is at most `√2ᵏ` long, and from
/// `f‴ b = a‴ − 3 f″ b′ − 3 f′ b″ − f b‴`, and likewise before, follows `M < 146 n`. Of points that lie
/// nearer to an edge than the polynomials may be wrong, and a millionth of a hexagon's width, h3o is always asked.
#[derive(Debug)]
pub struct Lattice {
    resolution: Resolution,
    faces: Vec<Face>,
    /// Upper bits of the index of every cell of the resolution.
    head: u64,
    /// Number of the patch at each place; 0 where there is none yet.
    patches: Vec<u64>,
    /// What is remembered of the hexagons of each patch; 0 of those that no point was in yet.
    remembered: Vec<Remembered>,
    tiles: Vec<Tile>,
    /// Which areas the remembered places are of.
    areas: u64,
}

/// A cell and its area in eight bytes: the lower bits of the index, and above them 0 for nothing, 1 for a cell that does not
/// lie in one area with all of it, or 2 and the place of that area in the file.
#[derive(Debug, Clone, Copy)]
struct Remembered(u64);

const NOTHING: Remembered = Remembered(0);
/// The area whose place is larger is not remembered.
const MOST_AREAS: usize = (1 << (64 - INDEX_BITS)) - 2;

impl Remembered {
    #[inline]
    fn of(cell: Cell, area: Option<usize>) -> Self {
        let mark = area.filter(|area| *area < MOST_AREAS).map_or(1, |area| area as u64 + 2);
        Self((mark << INDEX_BITS) | (cell.bits().cast_unsigned() & INDEX))
    }

    /// Bits of the cell and place of the area; `head` are the upper bits of the index.
    #[inline]
    fn get(self, head: u64) -> Option<(i64, Option<usize>)> {
        let mark = (self.0 >> INDEX_BITS) as usize;
        (mark > 0).then(|| ((head | (self.0 & INDEX)).cast_signed(), mark.checked_sub(2)))
    }
}

/// One face: the unit vector to its middle, and the axes of its plane that give lattice coordinates: steps towards a
/// neighbour, and towards the next at 60 degrees to it.
#[derive(Debug)]
struct Face {
    middle: Vector,
    along: Vector,
    across: Vector,
    /// Nearer than this to an edge (in widths of a hexagon), a tile's formula does not decide.
    close: f64,
}

/// A small part of the globe, and the lattice coordinates in it.
#[derive(Debug, Clone, Copy)]
struct Tile {
    number: u32,
    /// Number of the face, if all of the tile lies in one.
    face: Option<u8>,
    close: f64,
    middle: Point,
    along: Quadratic,
    across: Quadratic,
}

/// Coefficients of 1, north, east, north², north · east, east²: degrees from the tile's middle.
type Quadratic = [f64; 6];

/// No tile has this number.
const NO_TILE: Tile = Tile {
    number: u32::MAX,
    face: None,
    close: 0.0,
    middle: Point { lat: 0.0, lon: 0.0 },
    along: [0.0; 6],
    across: [0.0; 6],
};

impl Lattice {
    /// The lattice of the resolution at which records are stored.
    pub fn stored() -> Self {
        Self::new(Resolution::Eleven)
    }

    fn new(resolution: Resolution) -> Self {
        let faces = CellIndex::base_cells().filter_map(|cell| Face::around(cell, resolution)).collect();
        let head = CellIndex::base_cells().next().and_then(|cell| cell.center_child(resolution)).map_or(0, u64::from);
        Self {
            resolution,
            faces,
            head: head & !INDEX,
            patches: vec![0; 1 << (2 * SIDE_BITS)],
            remembered: vec![NOTHING; PATCH << (2 * SIDE_BITS)],
            tiles: vec![NO_TILE; 1 << (2 * TILE_SIDE_BITS)],
            areas: 0,
        }
    }

    /// The cell that holds a point; `None` for a latitude or longitude that is not one.
    #[inline]
    pub fn find(&mut self, point: Point) -> Option<Cell> {
        let hexagon = self.hexagon(point);
        self.look_up(point, hexagon, None).and_then(|(cell, _)| Cell::from_bits(cell))
    }

    /// The bits of the cells of points, as [`Lattice::find`] gives them, and the names of the areas, as [`Areas::find`], to
    /// `take` in order. Of a cell that lies in one area with all of it, that is remembered.
    pub fn find_all<'a>(
        &mut self,
        points: &[Point],
        areas: &'a Areas,
        mut take: impl FnMut(&mut Self, usize, Option<i64>, Option<&'a str>),
    ) {
        if self.areas != areas.number() {
            self.patches.fill(0);
            self.areas = areas.number();
        }
        let mut hexagons = [None; BLOCK];
        for (block, points) in points.chunks(BLOCK).enumerate() {
            let mut places = [0; BLOCK];
            for ((hexagon, place_of), point) in hexagons.iter_mut().zip(&mut places).zip(points) {
                *hexagon = self.hexagon(*point);
                *place_of = hexagon.map_or(0, place);
            }
            // What is remembered lies far apart in memory: looking at many places at once does not wait for each.
            std::hint::black_box(places.iter().fold(0, |seen, place| seen ^ self.remembered[*place].0));
            for (at, (point, hexagon)) in points.iter().zip(hexagons).enumerate() {
                let found = self.look_up(*point, hexagon, Some(areas));
                let area = match found {
                    Some((_, Some(area))) => areas.name(area),
                    _ => areas.find(*point),
                };
                take(self, block * BLOCK + at, found.map(|(cell, _)| cell), area);
            }
        }
    }

    /// The bits of the cell of a point in a hexagon, and the area if all of the cell lies in one.
    #[inline]
    fn look_up(&mut self, point: Point, hexagon: Option<u64>, areas: Option<&Areas>) -> Option<(i64, Option<usize>)> {
        let Some(hexagon) = hexagon else { return self.ask(point).map(|cell| (cell.bits(), None)) };
        if self.patches[patch(hexagon)] == hexagon & !IN_PATCH
            && let Some(found) = self.remembered[place(hexagon)].get(self.head)
        {
            return Some(found);
        }
        self.remember(point, hexagon, areas)
    }

    #[cold]
    fn remember(&mut self, point: Point, hexagon: u64, areas: Option<&Areas>) -> Option<(i64, Option<usize>)> {
        let cell = self.ask(point)?;
        let (at, number) = (patch(hexagon), hexagon & !IN_PATCH);
        if self.patches[at] != number {
            self.patches[at] = number;
            self.remembered[at * PATCH..(at + 1) * PATCH].fill(NOTHING);
        }
        let known = Remembered::of(cell, areas.and_then(|areas| areas.around(cell)));
        self.remembered[place(hexagon)] = known;
        known.get(self.head)
    }

    #[cold]
    fn ask(&self, point: Point) -> Option<Cell> {
        Cell::at(point, u8::from(self.resolution))
    }

    /// A number for the hexagon that holds a point; `None` close to an edge, and off the globe.
    #[inline]
    fn hexagon(&mut self, point: Point) -> Option<u64> {
        if !(-90.0..=90.0).contains(&point.lat) || !(-180.0..=180.0).contains(&point.lon) {
            return None;
        }
        let row = ((point.lat + 90.0) * TILES_A_DEGREE) as u32;
        let column = ((point.lon + 180.0) * TILES_A_DEGREE) as u32;
        let number = row * (361 * TILES_A_DEGREE as u32) + column;
        let lowest = |place: u32| (place % (1 << TILE_SIDE_BITS)) as usize;
        let slot = (lowest(row) << TILE_SIDE_BITS) | lowest(column);
        if self.tiles[slot].number != number {
            self.tiles[slot] = self.tile(number, row, column);
        }
        let tile = &self.tiles[slot];
        let face = tile.face?;
        let (north, east) = (point.lat - tile.middle.lat, point.lon - tile.middle.lon);
        let value = |c: &Quadratic| c[0] + (c[1] + c[3] * north + c[4] * east) * north + (c[2] + c[5] * east) * east;
        rounded(value(&tile.along), value(&tile.across), tile.close)
            .map(|pair| A_HEXAGON | (u64::from(face) << (2 * COORDINATE_BITS)) | pair)
    }

    /// The formulas of a tile.
    #[cold]
    fn tile(&self, number: u32, row: u32, column: u32) -> Tile {
        let degrees = |place: u32| (f64::from(place) + 0.5) / TILES_A_DEGREE;
        let middle = Point { lat: degrees(row) - 90.0, lon: degrees(column) - 180.0 };
        let around = Derivatives::at(middle);
        let mut cosines: Vec<(f64, usize)> =
            self.faces.iter().enumerate().map(|(face, f)| (dot(f.middle, around.vector), face)).collect();
        cosines.sort_by(|a, b| b.0.total_cmp(&a.0));
        let [(nearest, face), (second, _), ..] = cosines[..] else { return Tile { number, ..NO_TILE } };
        if nearest - second < TILE_CLOSE {
            return Tile { number, ..NO_TILE };
        }
        let Face { middle: towards, along, across, close } = self.faces[face];
        Tile {
            number,
            face: u8::try_from(face).ok(),
            close,
            middle,
            along: around.quadratic(along, towards),
            across: around.quadratic(across, towards),
        }
    }
}

/// Those bits of a hexagon's number that say where in its patch it lies.
const IN_PATCH: u64 = (((1 << PATCH_BITS) - 1) << COORDINATE_BITS) | ((1 << PATCH_BITS) - 1);

/// Where the patch of a hexagon stands.
#[inline]
fn patch(hexagon: u64) -> usize {
    let lowest = |coordinate: u64| ((coordinate >> PATCH_BITS) % (1 << SIDE_BITS)) as usize;
    (lowest(hexagon >> COORDINATE_BITS) << SIDE_BITS) | lowest(hexagon)
}

/// Where a hexagon is remembered.
#[inline]
fn place(hexagon: u64) -> usize {
    let lowest = |coordinate: u64| (coordinate % (1 << PATCH_BITS)) as usize;
    (patch(hexagon) * PATCH) | (lowest(hexagon >> COORDINATE_BITS) << PATCH_BITS) | lowest(hexagon)
}

/// A number for the hexagon at lattice coordinates; `None` closer than `close` to its edge.
///
/// **Method.** With the coordinates rounded, a point lies in that hexagon or in the one beyond one of two pairs of edges;
/// how far out it is in widths of a hexagon (the edge itself is at 0.5) tells which.
#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "a branch here costs more than both comparisons")]
fn rounded(along: f64, across: f64, close: f64) -> Option<u64> {
    let (i, j) = (along + ROUND, across + ROUND);
    let (u, v) = (along - (i - ROUND), across - (j - ROUND));
    let (out_i, out_j) = (u + v / 2.0, v + u / 2.0);
    let (far_i, far_j) = (out_i.abs(), out_j.abs());
    // No branches, so `&`: which edge a point is nearest to cannot be foretold.
    let step = |is_beyond: bool, out: f64| if is_beyond { 1.0_f64.copysign(out) } else { 0.0 };
    let step_i = step((far_i > 0.5) & (far_i >= far_j), out_i);
    let step_j = step((far_j > 0.5) & (far_j > far_i), out_j);
    let (u, v) = (u - step_i, v - step_j);
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    let out = larger(larger((u + v / 2.0).abs(), (v + u / 2.0).abs()), ((v - u) / 2.0).abs());
    let bits = |coordinate: f64| coordinate.to_bits() & COORDINATE;
    (out < 0.5 - close).then(|| (bits(i + step_i) << COORDINATE_BITS) | bits(j + step_j))
}

/// Unit vector of a latitude and longitude, and its first and second derivatives by them.
struct Derivatives {
    vector: Vector,
    north: Vector,
    east: Vector,
    north_east: Vector,
    east_east: Vector,
}

impl Derivatives {
    fn at(point: Point) -> Self {
        let (sin_lat, cos_lat) = point.lat.to_radians().sin_cos();
        let (sin_lon, cos_lon) = point.lon.to_radians().sin_cos();
        Self {
            vector: [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
            north: [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            east: [-cos_lat * sin_lon, cos_lat * cos_lon, 0.0],
            north_east: [sin_lat * sin_lon, -sin_lat * cos_lon, 0.0],
            east_east: [-cos_lat * cos_lon, -cos_lat * sin_lon, 0.0],
        }
    }

    /// The Taylor polynomial of `axis · vector / towards · vector`, in degrees.
    fn quadratic(&self, axis: Vector, towards: Vector) -> Quadratic {
        let both = |v: Vector| (dot(axis, v), dot(towards, v));
        let ((a, b), (a_n, b_n), (a_e, b_e)) = (both(self.vector), both(self.north), both(self.east));
        let ((a_ne, b_ne), (a_ee, b_ee)) = (both(self.north_east), both(self.east_east));
        let f = a / b;
        let (f_n, f_e) = ((a_n - f * b_n) / b, (a_e - f * b_e) / b);
        // The second derivative to the north is the vector itself, the other way round.
        let f_nn = (-a - 2.0 * f_n * b_n + f * b) / b;
        let f_ne = (a_ne - f_n * b_e - f_e * b_n - f * b_ne) / b;
        let f_ee = (a_ee - 2.0 * f_e * b_e - f * b_ee) / b;
        let r = PI / 180.0;
        [f, f_n * r, f_e * r, f_nn * r * r / 2.0, f_ne * r * r, f_ee * r * r / 2.0]
    }
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
        let across = scaled(cross(middle, x), 2.0 / 3.0_f64.sqrt());
        let along = [x[0] - across[0] / 2.0, x[1] - across[1] / 2.0, x[2] - across[2] / 2.0];
        // How far out a point is comes of one coordinate and half of the other; `across` is the longest axis.
        let close = CLOSE + 1.5 * THIRD * dot(across, across).sqrt() * REACH.powi(3) / 6.0;
        Some(Self { middle, along, across, close })
    }
}

fn centre(cell: CellIndex) -> Vector {
    let centre = LatLng::from(cell);
    let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (centre.lat_radians().sin_cos(), centre.lng_radians().sin_cos());
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
    fn the_areas_of_cells_are_those_of_their_points() {
        let parishes = Areas::jersey_parishes().unwrap();
        let square = r#"{"type": "Feature", "properties": {"n": "square"}, "geometry":
            {"type": "Polygon", "coordinates": [[[-2.2, 49.1], [-2.1, 49.1], [-2.1, 49.2], [-2.2, 49.2], [-2.2, 49.1]]]}}"#;
        let square = Areas::from_geojson(square, "n").unwrap();
        let mut random = Pcg64::seed_from_u64(3);
        let mut lattice = Lattice::stored();
        let mut remembered = 0;
        let mut points = Vec::new();
        for _ in 0..400_000 {
            let point = Point { lat: random.random_range(49.15..49.27), lon: random.random_range(-2.27..-2.0) };
            points.push(point);
        }
        // One lattice for both: what is remembered of some areas is not said of others.
        for (points, areas) in points.chunks(100_001).zip([&parishes, &square, &parishes, &parishes]) {
            let mut next = 0;
            lattice.find_all(points, areas, |lattice, at, cell, area| {
                let point = points[at];
                let wanted = Cell::at(point, 11);
                assert_eq!((at, cell, area), (next, wanted.map(Cell::bits), areas.find(point)), "{point:?}");
                assert_eq!(lattice.find(point), wanted);
                let hexagon = lattice.hexagon(point);
                remembered +=
                    usize::from(lattice.look_up(point, hexagon, None).is_some_and(|(_, area)| area.is_some()));
                next += 1;
            });
            assert_eq!(next, points.len());
        }
        assert!(remembered > 100_000, "{remembered}");
    }

    #[test]
    fn hardly_a_point_is_left_to_h3o() {
        let mut random = Pcg64::seed_from_u64(2);
        let mut lattice = Lattice::stored();
        let left = (0..100_000).filter(|_| {
            let (lat, lon) = (random.random_range(49.16_f64..49.26), random.random_range(-2.25_f64..-2.0));
            lattice.hexagon(Point { lat, lon }).is_none()
        });
        assert!(left.count() < 20);
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
