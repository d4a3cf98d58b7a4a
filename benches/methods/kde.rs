//! Kernel density of events onto the cells of the island at resolution 10.

use vigie::space::distance::LocalMetres;
use vigie::space::{Point, StudyArea};
use vigie::stats::kde::{Kernel, Points, density};

use super::Work;
use super::inputs::events;

/// Middle of the flat map.
const MIDDLE: Point = Point { lat: 49.2125, lon: -2.131 };
/// Metres, for every kernel.
const BANDWIDTH: f64 = 300.0;

/// Σ of the densities with the kernel that scikit-learn has too.
pub fn epanechnikov(count: usize) -> Work {
    work(count, Kernel::Epanechnikov)
}

/// The same with the kernel that maps use.
pub fn quartic(count: usize) -> Work {
    work(count, Kernel::Quartic)
}

fn work(count: usize, kernel: Kernel) -> Work {
    let flat = LocalMetres::around(MIDDLE);
    let island = StudyArea::jersey().unwrap();
    let (cx, cy): (Vec<f64>, Vec<f64>) =
        island.cells(10).unwrap().iter().map(|cell| flat.to_metres(cell.centre())).unzip();
    let (x, y) = events(count);
    Box::new(move || {
        let found = density(Points { x: &x, y: &y }, Points { x: &cx, y: &cy }, kernel, BANDWIDTH).unwrap();
        found.iter().sum()
    })
}
