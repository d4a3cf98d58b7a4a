//! Getis-Ord Gi*: is the sum around a place higher or lower than the whole map explains?

use crate::error::{Error, Result};
use crate::stats::neighbours::Neighbours;
use crate::stats::normal::two_sided_p;

/// z and two-sided p of every place, in the order of the values.
#[derive(Debug, Clone, PartialEq)]
pub struct GiStar {
    /// Standard deviates; `None` where undefined.
    pub z: Vec<Option<f64>>,
    /// Two-sided p of each z, not yet adjusted for the number of places.
    pub p: Vec<Option<f64>>,
    /// Why the whole map has no answer, if it has none.
    pub undefined: Option<Undefined>,
}

/// Why no place of a map has a z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undefined {
    /// Fewer than three places.
    TooFewPlaces,
    /// Every value is the same: there is nothing to stand out from.
    NoVariation,
}

impl Undefined {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Undefined::TooFewPlaces => "fewer than three cells",
            Undefined::NoVariation => "every cell has the same count",
        }
    }
}

/// Gi* with binary weights, the place itself included.
///
/// **Method** (Ord and Getis 1995, doi:10.1111/j.1538-4632.1995.tb00912.x): with w = 1 for the place and its
/// neighbours and 0 elsewhere, W = Σw, S1 = Σw², x̄ the mean of all n values and s² = Σ(x − x̄)² / n,
///
/// z = (Σ w·x − W·x̄) / (s · √((n·S1 − W²) / (n − 1)))
///
/// The sign of z says hot (+) or cold (−). The variance divides by n, as in the 1995 paper.
/// **Units**: z in standard deviates; p a probability.
/// **Undefined**: every place, with the reason, if n < 3 or all values are equal; a place whose neighbours are the
/// whole map. A place without neighbours is defined.
///
/// # Errors
/// `Data` naming the place if a value is not a finite number; `Bug` if the lists are not one a value.
///
/// # Example
/// ```
/// use vigie::stats::{gi_star::gi_star, neighbours::Neighbours};
/// let line = Neighbours::from_lists(&[vec![1], vec![0, 2], vec![1, 3], vec![2]])?;
/// let map = gi_star(&[9.0, 8.0, 1.0, 0.0], &line)?;
/// assert!(map.z[0].is_some_and(|z| z > 1.6) && map.z[3].is_some_and(|z| z < -1.6));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn gi_star(values: &[f64], neighbours: &Neighbours) -> Result<GiStar> {
    if neighbours.len() != values.len() {
        return Err(Error::bug(format!("{} values and {} neighbour lists", values.len(), neighbours.len())));
    }
    score(values, |place| {
        let around = neighbours.of(place);
        let mut row = Row { weighted_sum: values[place], weight: 1.0, weight_squared: 1.0 };
        for &other in around {
            row.weighted_sum += values[other as usize];
        }
        row.weight += around.len() as f64;
        row.weight_squared += around.len() as f64;
        row
    })
}

/// Gi* with any weights: `rows[i]` lists (place, weight) pairs of place `i`, itself included if it counts.
///
/// The same formula as [`gi_star`]; z does not change when a row is multiplied by a positive constant, so binary and
/// row-standardised weights agree.
///
/// **Units** and **Undefined**: as [`gi_star`]; a place is undefined if its weights are equal over the whole map.
///
/// # Example
/// ```
/// use vigie::stats::{gi_star::{gi_star, gi_star_weighted}, neighbours::Neighbours};
/// let values = [9.0, 8.0, 1.0, 0.0];
/// let binary = gi_star(&values, &Neighbours::from_lists(&[vec![1], vec![0], vec![], vec![]])?)?;
/// let halves = [vec![(0, 0.5), (1, 0.5)], vec![(0, 0.5), (1, 0.5)], vec![(2, 0.5)], vec![(3, 0.5)]];
/// assert_eq!(gi_star_weighted(&values, &halves)?.z, binary.z);
/// # Ok::<(), vigie::error::Error>(())
/// ```
///
/// # Errors
/// As [`gi_star`]; also `Bug` if a row names a place that does not exist.
pub fn gi_star_weighted(values: &[f64], rows: &[Vec<(u32, f64)>]) -> Result<GiStar> {
    if rows.len() != values.len() {
        return Err(Error::bug(format!("{} values and {} rows of weights", values.len(), rows.len())));
    }
    if rows.iter().flatten().any(|&(place, _)| place as usize >= values.len()) {
        return Err(Error::bug("a row of weights names a place that does not exist"));
    }
    score(values, |place| {
        let mut row = Row { weighted_sum: 0.0, weight: 0.0, weight_squared: 0.0 };
        for &(other, weight) in &rows[place] {
            row.weighted_sum += weight * values[other as usize];
            row.weight += weight;
            row.weight_squared += weight * weight;
        }
        row
    })
}

struct Row {
    weighted_sum: f64,
    weight: f64,
    weight_squared: f64,
}

fn score(values: &[f64], row_of: impl Fn(usize) -> Row) -> Result<GiStar> {
    if let Some(place) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::data(format!("the value of place {place} is not a finite number")));
    }
    let nothing = |reason| GiStar { z: vec![None; values.len()], p: vec![None; values.len()], undefined: Some(reason) };
    if values.len() < 3 {
        return Ok(nothing(Undefined::TooFewPlaces));
    }
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if lowest >= highest {
        return Ok(nothing(Undefined::NoVariation));
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    let z: Vec<Option<f64>> = (0..values.len())
        .map(|place| {
            let row = row_of(place);
            let whole = n * row.weight_squared;
            let spread = whole - row.weight * row.weight;
            // Equal weights on every place leave exactly 0; rounding may leave a speck of the two large terms.
            if spread <= whole * 1e-12 {
                return None;
            }
            let z = (row.weighted_sum - row.weight * mean) / (deviation * (spread / (n - 1.0)).sqrt());
            z.is_finite().then_some(z)
        })
        .collect();
    let p = z.iter().map(|z| z.map(two_sided_p)).collect();
    Ok(GiStar { z, p, undefined: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_map_has_no_answer_and_says_why() {
        let pair = Neighbours::from_lists(&[vec![1], vec![0], vec![]]).unwrap();
        // 0.1 three times: the mean is not exactly 0.1, yet nothing varies.
        let flat = gi_star(&[0.1, 0.1, 0.1], &pair).unwrap();
        assert_eq!(flat.undefined, Some(Undefined::NoVariation));
        assert_eq!((flat.z, flat.p), (vec![None; 3], vec![None; 3]));
    }

    #[test]
    fn two_places_are_too_few() {
        let pair = Neighbours::from_lists(&[vec![1], vec![0]]).unwrap();
        assert_eq!(gi_star(&[1.0, 2.0], &pair).unwrap().undefined, Some(Undefined::TooFewPlaces));
    }

    #[test]
    fn a_neighbourhood_of_everybody_is_undefined_and_a_lonely_place_is_not() {
        let star = Neighbours::from_lists(&[vec![1, 2, 3], vec![0], vec![0], vec![]]).unwrap();
        let map = gi_star(&[3.0, 1.0, 0.0, 7.0], &star).unwrap();
        assert_eq!(map.z[0], None);
        assert!(map.z[3].unwrap() > 1.0);
        assert_eq!(map.undefined, None);
    }

    #[test]
    fn not_a_number_names_the_place() {
        let three = Neighbours::from_lists(&[vec![], vec![], vec![]]).unwrap();
        let error = gi_star(&[1.0, f64::NAN, 0.0], &three).unwrap_err();
        assert!(error.message().contains("place 1"));
    }
}
