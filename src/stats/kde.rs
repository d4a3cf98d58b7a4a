//! Kernel density: how thick events lie around a point, as a density that integrates to their number.

use std::f64::consts::PI;
use std::num::NonZeroUsize;
use std::thread;

use crate::error::{Error, Result};

/// A kernel in two dimensions. Each integrates to 1 over the plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// 1/(πh²) within h.
    Uniform,
    /// 3/(πh²) · (1 − (d/h)²)² within h: the default, and what most desktop systems call quartic or biweight.
    Quartic,
    /// 2/(πh²) · (1 − (d/h)²) within h.
    Epanechnikov,
    /// 4/(πh²) · (1 − (d/h)²)³ within h.
    Triweight,
    /// 3/(πh²) · (1 − d/h) within h.
    Triangular,
    /// A normal of standard deviation h, cut off at 3h and scaled to integrate to 1 again:
    /// 1/(2πh²) · exp(−d²/(2h²)) / (1 − exp(−9/2)).
    Gaussian,
}

impl Kernel {
    /// All kernels, the default first.
    pub const ALL: [Kernel; 6] = [
        Kernel::Quartic,
        Kernel::Uniform,
        Kernel::Epanechnikov,
        Kernel::Triweight,
        Kernel::Triangular,
        Kernel::Gaussian,
    ];

    /// Name on the command line and in provenance.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Uniform => "uniform",
            Kernel::Quartic => "quartic",
            Kernel::Epanechnikov => "epanechnikov",
            Kernel::Triweight => "triweight",
            Kernel::Triangular => "triangular",
            Kernel::Gaussian => "gaussian",
        }
    }

    /// The kernel of that name.
    ///
    /// # Errors
    /// `Input` naming the kernels there are.
    pub fn parse(name: &str) -> Result<Self> {
        Kernel::ALL.into_iter().find(|kernel| kernel.name() == name).ok_or_else(|| {
            let names = Kernel::ALL.map(Kernel::name).join(", ");
            Error::input(format!("`{name}` is not a kernel; there are {names}")).at("kernel")
        })
    }

    /// Density at a distance from one event, in events per square unit of length.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::kde::Kernel;
    /// // At the middle the quartic kernel of 200 m is 3/(π·200²) a square metre.
    /// assert!((Kernel::Quartic.at(0.0, 200.0) - 3.0 / (std::f64::consts::PI * 40_000.0)).abs() < 1e-18);
    /// assert_eq!(Kernel::Quartic.at(200.0, 200.0), 0.0);
    /// ```
    pub fn at(self, distance: f64, bandwidth: f64) -> f64 {
        let u = (distance / bandwidth).powi(2);
        self.shape(u) * self.height() / (bandwidth * bandwidth)
    }

    /// How far the kernel reaches, in bandwidths.
    pub fn reach(self) -> f64 {
        if self == Kernel::Gaussian { CUT } else { 1.0 }
    }

    /// Its bandwidth, for the smoothing that a normal of standard deviation 1 gives.
    ///
    /// **Method**: canonical bandwidths (Marron and Nolan 1988, doi:10.1016/0167-7152(88)90050-8) in two dimensions:
    /// the ratio of (R(K) / μ2(K)²)^(1/6) to that of the normal, with R the integral of K² and μ2 its variance along an
    /// axis.
    pub fn canonical(self) -> f64 {
        let (r, variance): (f64, f64) = match self {
            Kernel::Gaussian => return 1.0,
            Kernel::Uniform => (1.0 / PI, 1.0 / 4.0),
            Kernel::Triangular => (1.5 / PI, 0.15),
            Kernel::Epanechnikov => (4.0 / (3.0 * PI), 1.0 / 6.0),
            Kernel::Quartic => (9.0 / (5.0 * PI), 1.0 / 8.0),
            Kernel::Triweight => (16.0 / (7.0 * PI), 1.0 / 10.0),
        };
        (r / (variance * variance) * 4.0 * PI).powf(1.0 / 6.0)
    }

    /// Height times the square of the bandwidth.
    fn height(self) -> f64 {
        match self {
            Kernel::Uniform => 1.0 / PI,
            Kernel::Quartic | Kernel::Triangular => 3.0 / PI,
            Kernel::Epanechnikov => 2.0 / PI,
            Kernel::Triweight => 4.0 / PI,
            Kernel::Gaussian => 1.0 / (2.0 * PI * (1.0 - (-CUT * CUT / 2.0).exp())),
        }
    }

    /// The shape at a squared distance in bandwidths; 1 at the middle (half-open: nothing at the edge itself).
    fn shape(self, u: f64) -> f64 {
        match self {
            Kernel::Gaussian => return if u < CUT * CUT { (-u / 2.0).exp() } else { 0.0 },
            Kernel::Uniform => return if u < 1.0 { 1.0 } else { 0.0 },
            Kernel::Triangular => return (1.0 - u.sqrt()).max(0.0),
            Kernel::Epanechnikov | Kernel::Quartic | Kernel::Triweight => {}
        }
        let rest = (1.0 - u).max(0.0);
        match self {
            Kernel::Quartic => rest * rest,
            Kernel::Triweight => rest * rest * rest,
            _ => rest,
        }
    }
}

/// Standard deviations at which the normal is cut off.
const CUT: f64 = 3.0;

/// Density at every centre: Σ K(distance) over all events, by kernel and bandwidth.
///
/// **Method** (Silverman 1986, ISBN 0-412-24620-1; the quartic kernel in two dimensions as Bailey and Gatrell 1995):
/// the kernels of [`Kernel`], each of integral 1. Some desktop systems scale the quartic kernel by 116/5 where 16/5 is
/// meant, so that it integrates to 7.25: their values are not densities. Here the integral of the answer over the plane
/// is the number of events.
/// **Distances** are those of a flat map: give coordinates of a projection. No correction is made at the edge of the
/// study area: events just outside are not known, and what a kernel lays into the sea is lost. The share that stays is
/// the mass.
/// **Units**: events per square unit of the coordinates (per m² for metres).
/// **Cost**: events are sorted into a grid of squares half as wide as the kernel reaches; each centre looks at the
/// squares within reach. Time grows with events · reach² · centres / area. Both cores share the centres; each sum is
/// made in the same order whatever the number of threads, so the bytes do not depend on it.
///
/// # Errors
/// `Input` for a bandwidth that is not a positive number; `Data` for a coordinate that is not finite; `Bug` for lists of
/// unequal length or more than 2³² events.
///
/// # Example
/// ```
/// use vigie::stats::kde::{Kernel, Points, density};
/// let events = Points { x: &[0.0, 30.0], y: &[0.0, 40.0] };
/// let found = density(events, Points { x: &[0.0], y: &[0.0] }, Kernel::Quartic, 100.0)?;
/// let (at_0, at_50) = (Kernel::Quartic.at(0.0, 100.0), Kernel::Quartic.at(50.0, 100.0));
/// assert!((found[0] - at_0 - at_50).abs() < 1e-15);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn density(events: Points<'_>, centres: Points<'_>, kernel: Kernel, bandwidth: f64) -> Result<Vec<f64>> {
    if !(bandwidth.is_finite() && bandwidth > 0.0) {
        return Err(Error::input("a bandwidth is a number of metres above 0").at("bandwidth"));
    }
    events.check("event")?;
    centres.check("centre")?;
    if events.x.len() > u32::MAX as usize {
        return Err(Error::bug("more events than 32 bits can count"));
    }
    let count = centres.x.len();
    let mut found = vec![0.0; count];
    if count == 0 || events.x.is_empty() {
        return Ok(found);
    }
    let grid = Grid::of(events, kernel.reach() * bandwidth);
    let scale = kernel.height() / (bandwidth * bandwidth);
    let sum = |at: usize, out: &mut f64| {
        *out = scale * grid.sum(centres.x[at], centres.y[at], kernel, 1.0 / (bandwidth * bandwidth));
    };
    // Neighbouring centres look at the same events, and town is full of them: small parts, dealt out in turn, share the
    // work.
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(count.div_ceil(PART));
    let mut parts: Vec<Vec<(usize, &mut [f64])>> = (0..threads).map(|_| Vec::new()).collect();
    for (number, part) in found.chunks_mut(PART).enumerate() {
        parts[number % threads].push((number * PART, part));
    }
    thread::scope(|scope| {
        for share in parts {
            scope.spawn(|| {
                for (start, part) in share {
                    for (at, out) in part.iter_mut().enumerate() {
                        sum(start + at, out);
                    }
                }
            });
        }
    });
    Ok(found)
}

/// Centres that a thread takes at once.
const PART: usize = 64;

/// Points of a flat map.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// East, one a point.
    pub x: &'a [f64],
    /// North, one a point.
    pub y: &'a [f64],
}

impl Points<'_> {
    fn check(&self, what: &str) -> Result<()> {
        if self.x.len() != self.y.len() {
            return Err(Error::bug(format!("{} eastings and {} northings", self.x.len(), self.y.len())));
        }
        match self.x.iter().zip(self.y).position(|(x, y)| !(x.is_finite() && y.is_finite())) {
            Some(at) => Err(Error::data(format!("{what} {at} has a coordinate that is not a finite number"))),
            None => Ok(()),
        }
    }
}

/// Events sorted by square, row by row, so that a row of squares is one run.
struct Grid {
    west: f64,
    south: f64,
    side: f64,
    reach: f64,
    columns: usize,
    rows: usize,
    /// Events of square s: `starts[s]..starts[s + 1]`.
    starts: Vec<u32>,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Grid {
    fn of(events: Points<'_>, reach: f64) -> Self {
        let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (west, south) = (least(events.x), least(events.y));
        let (width, height) = (most(events.x) - west, most(events.y) - south);
        // Half the reach, but never more squares than a few for each event.
        let squares = 4.0 * events.x.len() as f64 + 64.0;
        let side = (reach / 2.0).max((width * height / squares).sqrt()).max(width.max(height) / squares);
        let (columns, rows) = ((width / side) as usize + 1, (height / side) as usize + 1);
        let square = |x: f64, y: f64| ((y - south) / side) as usize * columns + ((x - west) / side) as usize;
        let mut starts = vec![0_u32; columns * rows + 1];
        for (x, y) in events.x.iter().zip(events.y) {
            starts[square(*x, *y) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let (mut xs, mut ys) = (vec![0.0; events.x.len()], vec![0.0; events.x.len()]);
        for (x, y) in events.x.iter().zip(events.y) {
            let slot = &mut next[square(*x, *y)];
            (xs[*slot as usize], ys[*slot as usize]) = (*x, *y);
            *slot += 1;
        }
        Self { west, south, side, reach, columns, rows, starts, x: xs, y: ys }
    }

    /// Σ of the kernel's shape over the events within reach of a centre.
    fn sum(&self, x: f64, y: f64, kernel: Kernel, scale: f64) -> f64 {
        let mut total = 0.0;
        let Some(rows) = self.range(y - self.south, self.reach, self.rows) else { return total };
        for row in rows {
            // How far the nearest edge of this row of squares is: further rows need fewer columns.
            let low = self.south + row as f64 * self.side;
            let off = (low - y).max(y - (low + self.side)).max(0.0);
            let half = (self.reach * self.reach - off * off).max(0.0).sqrt();
            let Some(columns) = self.range(x - self.west, half, self.columns) else { continue };
            let first = self.starts[row * self.columns + columns.start()] as usize;
            let last = self.starts[row * self.columns + columns.end() + 1] as usize;
            let (xs, ys) = (&self.x[first..last], &self.y[first..last]);
            total += match kernel {
                Kernel::Quartic => lanes(xs, ys, x, y, scale, |u| Kernel::Quartic.shape(u)),
                Kernel::Epanechnikov => lanes(xs, ys, x, y, scale, |u| Kernel::Epanechnikov.shape(u)),
                Kernel::Triweight => lanes(xs, ys, x, y, scale, |u| Kernel::Triweight.shape(u)),
                Kernel::Triangular => lanes(xs, ys, x, y, scale, |u| Kernel::Triangular.shape(u)),
                Kernel::Uniform => lanes(xs, ys, x, y, scale, |u| Kernel::Uniform.shape(u)),
                Kernel::Gaussian => lanes(xs, ys, x, y, scale, |u| Kernel::Gaussian.shape(u)),
            };
        }
        total
    }

    /// Squares of one axis within `reach` of a place on it; `None` if there are none.
    fn range(&self, place: f64, reach: f64, squares: usize) -> Option<std::ops::RangeInclusive<usize>> {
        let (low, high) = ((place - reach) / self.side, (place + reach) / self.side);
        if high < 0.0 || low >= squares as f64 {
            return None;
        }
        Some(low.max(0.0) as usize..=(high as usize).min(squares - 1))
    }
}

/// Four sums side by side, which the processor makes two at a time, joined in a fixed order.
#[inline]
fn lanes(xs: &[f64], ys: &[f64], x: f64, y: f64, scale: f64, shape: impl Fn(f64) -> f64) -> f64 {
    let at = |east: f64, north: f64| {
        let (dx, dy) = (east - x, north - y);
        shape((dx * dx + dy * dy) * scale)
    };
    let mut sums = [0.0; 4];
    let (fours, fours_y) = (xs.chunks_exact(4), ys.chunks_exact(4));
    let rest: f64 = fours.remainder().iter().zip(fours_y.remainder()).map(|(east, north)| at(*east, *north)).sum();
    for (east, north) in fours.zip(fours_y) {
        for lane in 0..4 {
            sums[lane] += at(east[lane], north[lane]);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// A bandwidth from the spread of the events along both axes.
///
/// **Method**: h = c · ½(sₓ + `s_y`) · n^(−1/6), the normal reference rule of Scott (1992, doi:10.1002/9780470316849)
/// in two dimensions, with s the smaller of standard deviation (n − 1) and interquartile range / 1.34 along an axis
/// (Silverman 1986; the standard deviation alone where the middle half lies on one line), and c the kernel's
/// [`canonical`](Kernel::canonical) factor. Both axes enter: a rule that looks at one gives a coast that runs east
/// another smoothing than one that runs north.
/// **Units**: those of the coordinates.
/// **Undefined**: `None` for fewer than two events, for events at one single place, and for numbers that are not
/// finite.
///
/// # Example
/// ```
/// use vigie::stats::kde::{Kernel, Points, bandwidth};
/// let x: Vec<f64> = (0..100).map(f64::from).collect();
/// let h = bandwidth(Points { x: &x, y: &x }, Kernel::Gaussian).ok_or("no bandwidth")?;
/// assert!((h - 29.011_49 * 100_f64.powf(-1.0 / 6.0)).abs() < 1e-3);
/// # Ok::<(), &str>(())
/// ```
pub fn bandwidth(events: Points<'_>, kernel: Kernel) -> Option<f64> {
    let n = events.x.len();
    if n < 2 || events.check("event").is_err() {
        return None;
    }
    let spread = f64::midpoint(robust_spread(events.x), robust_spread(events.y));
    (spread > 0.0).then(|| kernel.canonical() * spread * (n as f64).powf(-1.0 / 6.0))
}

fn robust_spread(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt();
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / 1.34;
    if middle > 0.0 { deviation.min(middle) } else { deviation }
}

/// Linear between the order statistics, as R does by default (type 7).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, part) = (at as usize, at.fract());
    let high = sorted.get(low + 1).copied().unwrap_or(sorted[low]);
    sorted[low] + part * (high - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points without a pattern, the same each time.
    fn scatter(n: u32, width: f64) -> (Vec<f64>, Vec<f64>) {
        let place = |i: u32, by: u32| f64::from(i.wrapping_mul(by) % 100_003) / 100_003.0 * width;
        ((0..n).map(|i| place(i, 48_271)).collect(), (0..n).map(|i| place(i, 69_621)).collect())
    }

    #[test]
    fn every_kernel_integrates_to_one() {
        for kernel in Kernel::ALL {
            // Rings of the plane: ∫ K(d)·2πd dd by the midpoint rule.
            let (h, steps) = (200.0, 400_000);
            let width = kernel.reach() * h / f64::from(steps);
            let mass: f64 =
                (0..steps).map(|i| (f64::from(i) + 0.5) * width).map(|d| kernel.at(d, h) * 2.0 * PI * d * width).sum();
            assert!((mass - 1.0).abs() < 1e-6, "{}: {mass}", kernel.name());
            assert!(kernel.at(kernel.reach() * h, h).abs() < 1e-300, "{}", kernel.name());
            assert_eq!(Kernel::parse(kernel.name()).unwrap(), kernel);
        }
        assert!(Kernel::parse("box").unwrap_err().to_string().contains("quartic, uniform"));
    }

    #[test]
    fn the_grid_misses_nothing() {
        let (x, y) = scatter(3_000, 5_000.0);
        let (cx, cy) = scatter(150, 6_000.0);
        for kernel in Kernel::ALL {
            for h in [40.0, 300.0, 2_500.0, 20_000.0] {
                let found = density(Points { x: &x, y: &y }, Points { x: &cx, y: &cy }, kernel, h).unwrap();
                for (at, found) in found.iter().enumerate() {
                    let wanted: f64 = x.iter().zip(&y).map(|(x, y)| kernel.at((x - cx[at]).hypot(y - cy[at]), h)).sum();
                    assert!((found - wanted).abs() <= 1e-11 * wanted.max(1e-9), "{} {h} {at}", kernel.name());
                }
            }
        }
    }

    #[test]
    fn points_on_a_line_or_at_one_place_have_a_grid_too() {
        let (line, zero) = ([0.0, 10.0, 1e7], [5.0, 5.0, 5.0]);
        let found =
            density(Points { x: &line, y: &zero }, Points { x: &[10.0, -50.0], y: &[5.0, 5.0] }, Kernel::Uniform, 10.5);
        let height = 1.0 / (PI * 10.5 * 10.5);
        let found = found.unwrap();
        assert!((found[0] - 2.0 * height).abs() < 1e-15 && found[1].abs() < 1e-300);
        let one = Points { x: &[3.0], y: &[3.0] };
        assert!(density(one, one, Kernel::Quartic, 1.0).unwrap()[0] > 0.9);
        assert_eq!(bandwidth(one, Kernel::Quartic), None);
        assert_eq!(bandwidth(Points { x: &[1.0, 1.0], y: &[2.0, 2.0] }, Kernel::Quartic), None);
    }

    #[test]
    fn mass_is_one_where_the_map_reaches_far_enough() {
        // A lattice of centres, each standing for a square of 25 m, well beyond all events.
        let (x, y) = scatter(400, 1_000.0);
        let (mut cx, mut cy) = (Vec::new(), Vec::new());
        for i in -20..60 {
            for j in -20..60 {
                cx.push(f64::from(i) * 25.0);
                cy.push(f64::from(j) * 25.0);
            }
        }
        for kernel in Kernel::ALL {
            let h = 300.0 / kernel.reach();
            let found = density(Points { x: &x, y: &y }, Points { x: &cx, y: &cy }, kernel, h).unwrap();
            let mass = found.iter().sum::<f64>() * 625.0 / 400.0;
            assert!((mass - 1.0).abs() < 0.005, "{}: {mass}", kernel.name());
        }
    }

    #[test]
    fn both_axes_give_the_bandwidth() {
        let (x, y) = scatter(500, 1_000.0);
        let wide: Vec<f64> = x.iter().map(|x| x * 9.0).collect();
        let h = |x: &[f64], y: &[f64]| bandwidth(Points { x, y }, Kernel::Quartic).unwrap();
        assert!((h(&wide, &y) - h(&y, &wide)).abs() < 1e-9);
        assert!(h(&wide, &y) > 4.0 * h(&x, &y));
        // The interquartile range of 0…99 is 49.5, and 49.5/1.34 is above the standard deviation.
        let line: Vec<f64> = (0..100).map(f64::from).collect();
        assert!((robust_spread(&line) - 29.011_491_975_882_016).abs() < 1e-9);
        assert!((Kernel::Quartic.canonical() - 2.779).abs() < 1e-3);
        assert!((Kernel::Uniform.canonical() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn wrong_numbers_are_refused() {
        let fine = Points { x: &[1.0], y: &[1.0] };
        for h in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(density(fine, fine, Kernel::Quartic, h).is_err());
        }
        let wrong = Points { x: &[f64::NAN], y: &[1.0] };
        assert!(density(wrong, fine, Kernel::Quartic, 1.0).unwrap_err().message().contains("event 0"));
        assert!(density(fine, Points { x: &[], y: &[1.0] }, Kernel::Quartic, 1.0).is_err());
        assert_eq!(density(fine, Points { x: &[], y: &[] }, Kernel::Quartic, 1.0).unwrap(), Vec::<f64>::new());
    }
}
