//! Gi* on a square of cells with eight neighbours each and counts without a pattern.

use vigie::stats::conditional_permutation::conditional_permutation;
use vigie::stats::gi_star::gi_star;
use vigie::stats::neighbours::Neighbours;

use super::Work;
use super::inputs::unit;

/// A square of at least `cells` cells and its values: the product of two numbers from 0 to 3.
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
    let value = |at: u64| (unit(11, at) * 4.0).floor() * (unit(12, at) * 4.0).floor();
    ((0..(side * side) as u64).map(value).collect(), Neighbours::from_lists(&lists).unwrap())
}

/// z and p of every cell. The number is the sum of z².
pub fn analytic(cells: usize) -> Work {
    let (values, neighbours) = square(cells);
    Box::new(move || gi_star(&values, &neighbours).unwrap().z.iter().flatten().map(|z| z * z).sum())
}

/// z, and p by 999 permutations. The number is how many p on the high side are at most 0.05.
pub fn permuted(cells: usize) -> Work {
    let (values, neighbours) = square(cells);
    Box::new(move || {
        let z = gi_star(&values, &neighbours).unwrap().z;
        let p = conditional_permutation(&values, &neighbours, 999, 1).unwrap();
        z.iter().zip(&p.greater).filter(|(z, p)| z.is_some() && p.is_some_and(|p| p <= 0.05)).count() as f64
    })
}
