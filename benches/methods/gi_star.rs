//! Gi* on a square of cells with eight neighbours each and seeded Poisson-like counts.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use vigie::stats::gi_star::gi_star;
use vigie::stats::neighbours::Neighbours;

use super::Work;

/// A square of at least `cells` cells and its values.
fn square(cells: usize) -> (Vec<f64>, Neighbours) {
    let side = cells.isqrt() + usize::from(cells.isqrt().pow(2) < cells);
    let around = |at: usize| at.saturating_sub(1)..=(at + 1).min(side - 1);
    let lists: Vec<Vec<u32>> = (0..side * side)
        .map(|place| {
            let (row, column) = (place / side, place % side);
            around(row)
                .flat_map(|r| around(column).map(move |c| r * side + c))
                .filter(|other| *other != place)
                .map(|other| u32::try_from(other).unwrap())
                .collect()
        })
        .collect();
    let mut random = Pcg64::seed_from_u64(1);
    let values =
        (0..side * side).map(|_| f64::from(random.random_range(0_u32..4) * random.random_range(0_u32..4))).collect();
    (values, Neighbours::from_lists(&lists).unwrap())
}

/// z and p of every cell.
pub fn analytic(cells: usize) -> Work {
    let (values, neighbours) = square(cells);
    Box::new(move || gi_star(&values, &neighbours).unwrap().z.iter().flatten().sum())
}
