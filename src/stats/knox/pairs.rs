//! Pairs near in space, a part of the map at a time.

use std::ops::Range;

use crate::stats::knox::Metric;
use crate::stats::point_grid::PointGrid;

/// Pairs of one part of the map by band of distance: for each band, who is paired (`firsts`) with which others.
pub(super) struct Pairs {
    bands: Vec<Band>,
}

/// Pairs of one band.
#[derive(Default)]
pub(super) struct Band {
    /// An event, and where its others end.
    pub firsts: Vec<(u32, u32)>,
    /// The others, one event's after another's.
    pub others: Vec<u32>,
}

impl Pairs {
    pub fn new(bands: usize) -> Self {
        Self { bands: (0..bands).map(|_| Band::default()).collect() }
    }

    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// Forgets the pairs, keeps the memory.
    pub fn clear(&mut self) {
        for band in &mut self.bands {
            band.firsts.clear();
            band.others.clear();
        }
    }

    pub fn len(&self) -> usize {
        self.bands.iter().map(|band| band.others.len()).sum()
    }

    /// Adds the pairs of event `first` with events after it in grid order. `edges` are the upper edges of the bands.
    pub fn add(&mut self, grid: &PointGrid, first: usize, edges: &[f64], metric: Metric) {
        for run in grid.ahead(first) {
            self.add_run(grid, first, run, edges, metric);
        }
        for band in &mut self.bands {
            let end = band.others.len() as u32;
            if band.firsts.last().map_or(0, |&(_, end)| end) < end {
                band.firsts.push((first as u32, end));
            }
        }
    }

    fn add_run(&mut self, grid: &PointGrid, first: usize, run: Range<usize>, edges: &[f64], metric: Metric) {
        let (x, y) = (grid.x[first], grid.y[first]);
        let from = run.start;
        for (step, (other_x, other_y)) in grid.x[run.clone()].iter().zip(&grid.y[run]).enumerate() {
            let (dx, dy) = (other_x - x, other_y - y);
            // Squares are compared with squares: no root, and whole metres stay exact.
            let apart = match metric {
                Metric::Euclidean => dx * dx + dy * dy,
                Metric::Manhattan => dx.abs() + dy.abs(),
            };
            let band = edges.iter().take_while(|&&edge| apart >= edge).count();
            if let Some(band) = self.bands.get_mut(band) {
                band.others.push((from + step) as u32);
            }
        }
    }
}

/// Upper edges of the closed bands, in the measure that [`Pairs::add`] compares.
pub(super) fn measured(edges: &[f64], metric: Metric) -> Vec<f64> {
    edges
        .iter()
        .skip(1)
        .map(|edge| match metric {
            Metric::Euclidean => edge * edge,
            Metric::Manhattan => *edge,
        })
        .collect()
}
