//! Points in the squares of a grid, so that pairs within a reach are found without looking at all pairs.

use std::ops::Range;

use crate::error::{Error, Result};

/// Points in the order of their squares (row by row, then x, then y): what is near on the ground is near in memory.
///
/// The order depends on where the points are alone, not on the order in which they came. The square of a point is as
/// wide as the reach, so every point within reach lies in its square or one of the eight around it.
#[derive(Debug, Clone)]
pub struct PointGrid {
    /// x of each point, in grid order.
    pub x: Vec<f64>,
    /// y of each point, in grid order.
    pub y: Vec<f64>,
    /// For each place in grid order: the index at which the point came.
    pub came: Vec<u32>,
    square: Vec<(i64, i64)>,
    squares: Vec<(i64, i64)>,
    starts: Vec<u32>,
}

impl PointGrid {
    /// A grid of squares `reach` wide.
    ///
    /// Grows as n·log n in time (the sort) and n in memory, however far apart the points are.
    ///
    /// # Errors
    /// `Bug` if the lists differ in length; `Data` if a coordinate is not a finite number or there are more than
    /// `u32::MAX` points; `Input` if the reach is not a positive number.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::point_grid::PointGrid;
    /// let grid = PointGrid::new(&[500.0, 0.0, 30.0], &[0.0, 0.0, 40.0], 100.0)?;
    /// assert_eq!(grid.came, [1, 2, 0]);
    /// assert_eq!(grid.ahead(0).into_iter().flatten().collect::<Vec<_>>(), [1]);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn new(x: &[f64], y: &[f64], reach: f64) -> Result<Self> {
        if x.len() != y.len() {
            return Err(Error::bug(format!("{} values of x and {} of y", x.len(), y.len())));
        }
        if u32::try_from(x.len()).is_err() {
            return Err(Error::data("there are more points than 32 bits can count"));
        }
        if !reach.is_finite() || reach <= 0.0 {
            return Err(Error::input(format!("a reach of {reach} m finds no neighbour")));
        }
        // Squares are counted in i64: a position of 1e15 squares is no place on Earth.
        let is_place = |value: f64| (value / reach).abs() < 1e15;
        if let Some(at) = x.iter().zip(y).position(|(&x, &y)| !is_place(x) || !is_place(y)) {
            return Err(Error::data(format!("the position of point {at} is not a pair of finite numbers of metres")));
        }
        let square_of = |at: u32| ((y[at as usize] / reach).floor() as i64, (x[at as usize] / reach).floor() as i64);
        let mut came: Vec<u32> = (0..x.len() as u32).collect();
        came.sort_by(|&a, &b| {
            let (i, j) = (a as usize, b as usize);
            square_of(a).cmp(&square_of(b)).then(x[i].total_cmp(&x[j])).then(y[i].total_cmp(&y[j]))
        });
        let square: Vec<(i64, i64)> = came.iter().map(|&at| square_of(at)).collect();
        let mut squares = Vec::new();
        let mut starts = Vec::new();
        for (place, &key) in square.iter().enumerate() {
            if squares.last() != Some(&key) {
                squares.push(key);
                starts.push(place as u32);
            }
        }
        starts.push(square.len() as u32);
        let take = |values: &[f64]| came.iter().map(|&at| values[at as usize]).collect();
        Ok(Self { x: take(x), y: take(y), came, square, squares, starts })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.square.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.square.is_empty()
    }

    /// The places after `place` in grid order that can be within reach: two runs. Going through all places gives every
    /// pair within reach exactly once.
    pub fn ahead(&self, place: usize) -> [Range<usize>; 2] {
        let Some(&(row, column)) = self.square.get(place) else { return [0..0, 0..0] };
        let beside = self.starts_at((row, column + 2));
        let next_row = self.starts_at((row + 1, column - 1))..self.starts_at((row + 1, column + 2));
        [place + 1..beside.max(place + 1), next_row]
    }

    /// All places that can be within reach of `place`, itself among them: three runs.
    pub fn around(&self, place: usize) -> [Range<usize>; 3] {
        let Some(&(row, column)) = self.square.get(place) else { return [0..0, 0..0, 0..0] };
        [-1, 0, 1].map(|step| {
            let row = row + step;
            self.starts_at((row, column - 1))..self.starts_at((row, column + 2))
        })
    }

    /// The first place whose square is `key` or later.
    fn starts_at(&self, key: (i64, i64)) -> usize {
        self.starts[self.squares.partition_point(|&square| square < key)] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_within_reach_is_met_once() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i * 37 % 101) * 7.3 - 300.0).collect();
        let y: Vec<f64> = (0..200).map(|i| f64::from(i * 53 % 97) * 5.9 - 250.0).collect();
        let grid = PointGrid::new(&x, &y, 60.0).unwrap();
        let mut met = Vec::new();
        for i in 0..grid.len() {
            for j in grid.ahead(i).into_iter().flatten() {
                if (grid.x[i] - grid.x[j]).hypot(grid.y[i] - grid.y[j]) < 60.0 {
                    let (a, b) = (grid.came[i], grid.came[j]);
                    met.push((a.min(b), a.max(b)));
                }
            }
            assert!(grid.around(i).iter().any(|run| run.contains(&i)));
        }
        met.sort_unstable();
        let all: Vec<(u32, u32)> = (0..200_u32)
            .flat_map(|a| (a + 1..200).map(move |b| (a, b)))
            .filter(|&(a, b)| (x[a as usize] - x[b as usize]).hypot(y[a as usize] - y[b as usize]) < 60.0)
            .collect();
        assert!(all.len() > 100);
        assert_eq!(met, all);
    }

    #[test]
    fn no_point_and_no_number() {
        assert!(PointGrid::new(&[], &[], 10.0).unwrap().is_empty());
        assert!(PointGrid::new(&[f64::NAN], &[0.0], 10.0).unwrap_err().message().contains("point 0"));
        assert!(PointGrid::new(&[0.0], &[0.0], 0.0).is_err());
    }
}
