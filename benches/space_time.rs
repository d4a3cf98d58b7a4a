//! Times Gi* in space and time, its false discovery rate, trends and categories on made-up cubes, and prints one line a
//! size: `places steps gi_s fdr_s trend_s`. Processor time is the caller's to measure; `benches/space_time` does.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::time::Instant;

use vigie::error::Result;
use vigie::stats::emerging::{Definition, Step, Trend, categorise};
use vigie::stats::fdr::benjamini_hochberg;
use vigie::stats::mann_kendall::mann_kendall;
use vigie::stats::neighbours::Neighbours;
use vigie::stats::space_time_gi::{Cube, Window, space_time_gi};

/// A square of places, each next to six others, and a few records in each step.
fn made_up(side: u32, steps: usize) -> Result<(Cube, Neighbours)> {
    let mut state = 1_u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let places = (side * side) as usize;
    let values = (0..places * steps).map(|_| below(8).saturating_sub(5) as f64).collect();
    let around = [(-1_i64, 0), (1, 0), (0, -1), (0, 1), (1, -1), (-1, 1)];
    let lists: Vec<Vec<u32>> = (0..i64::from(side * side))
        .map(|place| {
            let (x, y, side) = (place % i64::from(side), place / i64::from(side), i64::from(side));
            let inside = |(dx, dy): &(i64, i64)| (0..side).contains(&(x + dx)) && (0..side).contains(&(y + dy));
            around.iter().filter(|step| inside(step)).map(|(dx, dy)| ((y + dy) * side + x + dx) as u32).collect()
        })
        .collect();
    Ok((Cube::new(values, places, steps)?, Neighbours::from_lists(&lists)?))
}

fn main() -> Result<()> {
    println!("places steps gi_s fdr_s trend_s patterns");
    for (side, steps) in [(37, 156), (50, 150), (100, 150), (200, 150)] {
        let (cube, neighbours) = made_up(side, steps)?;
        let start = Instant::now();
        let gi = space_time_gi(&cube, &neighbours, 1, Window::WholeCube)?;
        let gi_s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let q = benjamini_hochberg(&gi.p);
        let fdr_s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let mut patterns = 0;
        for place in 0..cube.places() {
            let here = place * steps..(place + 1) * steps;
            let z: Vec<f64> = gi.z[here.clone()].iter().flatten().copied().collect();
            let history: Vec<Step> = gi.z[here.clone()]
                .iter()
                .zip(&q[here])
                .map(|(z, q)| match (z, q) {
                    (Some(z), Some(q)) if *q <= 0.05 => {
                        if *z > 0.0 {
                            Step::Hot
                        } else {
                            Step::Cold
                        }
                    }
                    _ => Step::Neither,
                })
                .collect();
            let rising = mann_kendall(&z).is_some_and(|trend| trend.p <= 0.05 && trend.z > 0.0);
            let trend = if rising { Trend::Up } else { Trend::Flat };
            patterns += usize::from(categorise(&history, trend, Definition::Esri3).is_some());
        }
        let trend_s = start.elapsed().as_secs_f64();
        println!("{} {steps} {gi_s:.4} {fdr_s:.4} {trend_s:.4} {patterns}", cube.places());
    }
    Ok(())
}
