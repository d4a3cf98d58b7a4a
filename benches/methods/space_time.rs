//! Gi* in space and time, its false discovery rate, trends and categories, on a square of cells with six neighbours each
//! over 150 steps.

use vigie::stats::emerging::{Definition, Step, Trend, categorise};
use vigie::stats::fdr::benjamini_hochberg;
use vigie::stats::mann_kendall::mann_kendall;
use vigie::stats::neighbours::Neighbours;
use vigie::stats::space_time_gi::{Cube, Window, space_time_gi};

use super::Work;
use super::inputs::unit;

/// Steps of every cube.
const STEPS: usize = 150;

/// A square of at least `cells` cells, a few records in each step.
fn cube(cells: usize) -> (Cube, Neighbours) {
    let side = (cells.isqrt() + usize::from(cells.isqrt().pow(2) < cells)) as i64;
    let around = [(-1_i64, 0_i64), (1, 0), (0, -1), (0, 1), (1, -1), (-1, 1)];
    let lists: Vec<Vec<u32>> = (0..side * side)
        .map(|place| {
            let (x, y) = (place % side, place / side);
            let next = around.iter().map(|(dx, dy)| (x + dx, y + dy));
            let inside = next.filter(|(x, y)| (0..side).contains(x) && (0..side).contains(y));
            inside.map(|(x, y)| u32::try_from(y * side + x).unwrap()).collect()
        })
        .collect();
    let places = (side * side) as usize;
    // 0, 1 or 2 records, mostly none.
    let values = (0..(places * STEPS) as u64).map(|at| ((unit(13, at) * 8.0).floor() - 5.0).max(0.0)).collect();
    (Cube::new(values, places, STEPS).unwrap(), Neighbours::from_lists(&lists).unwrap())
}

/// z of every cell and step.
pub fn gi(cells: usize) -> Work {
    let (cube, neighbours) = cube(cells);
    Box::new(move || space_time_gi(&cube, &neighbours, 1, Window::WholeCube).unwrap().z.iter().flatten().sum())
}

/// The whole history of every cell: z, q, trend, category; the number of cells with one.
pub fn histories(cells: usize) -> Work {
    let (cube, neighbours) = cube(cells);
    Box::new(move || {
        let gi = space_time_gi(&cube, &neighbours, 1, Window::WholeCube).unwrap();
        let q = benjamini_hochberg(&gi.p);
        let history = |place: usize| {
            let bins = place * STEPS..(place + 1) * STEPS;
            let z: Vec<f64> = gi.z[bins.clone()].iter().flatten().copied().collect();
            let step = |(z, q): (&f64, &Option<f64>)| match q {
                Some(q) if *q <= 0.05 && *z > 0.0 => Step::Hot,
                Some(q) if *q <= 0.05 => Step::Cold,
                _ => Step::Neither,
            };
            let steps: Vec<Step> = z.iter().zip(&q[bins]).map(step).collect();
            let trend = match mann_kendall(&z) {
                Some(trend) if trend.p <= 0.05 && trend.z > 0.0 => Trend::Up,
                Some(trend) if trend.p <= 0.05 => Trend::Down,
                _ => Trend::Flat,
            };
            categorise(&steps, trend, Definition::Esri3)
        };
        // On one thread: the product spreads it over all of them.
        (0..cube.places()).filter(|place| history(*place).is_some()).count() as f64
    })
}
