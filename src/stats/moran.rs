//! Moran's I: do neighbours resemble each other, over the whole map and at each place?

use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::stats::neighbours::Neighbours;
use crate::stats::normal::two_sided_p;

/// How a place and its neighbours lie about the mean of the map. Low means at or below the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quadrant {
    /// High among high: part of a cluster.
    HighHigh,
    /// Low among low.
    LowLow,
    /// Low among high: an outlier.
    LowHigh,
    /// High among low: an outlier, a single place that stands out.
    HighLow,
}

impl Quadrant {
    /// All quadrants, clusters first.
    pub const ALL: [Quadrant; 4] = [Quadrant::HighHigh, Quadrant::LowLow, Quadrant::LowHigh, Quadrant::HighLow];

    /// The name that tables and the API show: numbers differ between packages, names do not.
    pub fn words(self) -> &'static str {
        match self {
            Quadrant::HighHigh => "high-high",
            Quadrant::LowLow => "low-low",
            Quadrant::LowHigh => "low-high",
            Quadrant::HighLow => "high-low",
        }
    }
}

impl Serialize for Quadrant {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

/// Local Moran's I of every place, in the order of the values.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalMoran {
    /// Local I; `None` where undefined.
    pub i: Vec<Option<f64>>,
    /// Standard deviates of I under conditional randomisation.
    pub z: Vec<Option<f64>>,
    /// Two-sided p of each z by the normal distribution.
    pub p: Vec<Option<f64>>,
    /// How the place and its neighbours lie about the mean.
    pub quadrant: Vec<Option<Quadrant>>,
}

/// Local Moran's I with row-standardised binary weights: the mean of the neighbours against the place.
///
/// **Method** (Anselin 1995, doi:10.1111/j.1538-4632.1995.tb00338.x): with y = x − x̄, m2 = Σy² / n and wᵢⱼ = 1/k for
/// the k neighbours of place i,
///
/// Iᵢ = yᵢ · Σ wᵢⱼ·yⱼ / m2
///
/// m2 divides by n, as in `GeoDa` and spdep; the package esda divides by n − 1, so that its I is (n − 1) / n of ours.
/// Moments under conditional randomisation (Sokal, Oden and Thomson 1998, doi:10.1111/j.1538-4632.1998.tb00406.x), with
/// w = Σ wᵢⱼ and w2 = Σ wᵢⱼ²:
///
/// E = −yᵢ²·w / ((n − 1)·m2), Var = (yᵢ/m2)² · n/(n − 2) · (w2 − w²/(n − 1)) · (m2 − yᵢ²/(n − 1)), z = (I − E) / √Var
///
/// z is, but for its sign, the z of Gi: the two ask the same of the neighbours and name the answer differently. z > 0
/// says that the place is like its neighbours (a cluster), z < 0 that it is unlike them. The permutation p is that of
/// [`conditional_permutation`](crate::stats::conditional_permutation::conditional_permutation).
/// **Units**: I is a pure number; z standard deviates; p a probability.
/// **Undefined**: every place if n < 3 or all values are equal; I and quadrant of a place without neighbours; z and p
/// also where the place lies exactly at the mean or has the whole map around it.
///
/// # Errors
/// `Data` naming the place if a value is not a finite number; `Bug` if the lists are not one a value.
///
/// # Example
/// ```
/// use vigie::stats::{moran::{Quadrant, local_moran}, neighbours::Neighbours};
/// let line = Neighbours::from_lists(&[vec![1], vec![0, 2], vec![1, 3], vec![2]])?;
/// let map = local_moran(&[9.0, 8.0, 1.0, 0.0], &line)?;
/// assert_eq!((map.quadrant[0], map.quadrant[3]), (Some(Quadrant::HighHigh), Some(Quadrant::LowLow)));
/// assert!(map.i[0].is_some_and(|i| i > 0.9));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn local_moran(values: &[f64], neighbours: &Neighbours) -> Result<LocalMoran> {
    let size = values.len();
    let mut found =
        LocalMoran { i: vec![None; size], z: vec![None; size], p: vec![None; size], quadrant: vec![None; size] };
    let Some(deviations) = Deviations::of(values, neighbours)? else { return Ok(found) };
    let (n, m2) = (size as f64, deviations.m2);
    for (place, own) in deviations.y.iter().enumerate() {
        let Some(lag) = deviations.lag(neighbours.of(place)) else { continue };
        found.i[place] = Some(own * lag / m2);
        found.quadrant[place] = Some(match (*own > 0.0, lag > 0.0) {
            (true, true) => Quadrant::HighHigh,
            (false, false) => Quadrant::LowLow,
            (false, true) => Quadrant::LowHigh,
            (true, false) => Quadrant::HighLow,
        });
        let squares = 1.0 / neighbours.of(place).len() as f64;
        let spread = squares - 1.0 / (n - 1.0);
        let rest = m2 - own * own / (n - 1.0);
        let variance = (own / m2).powi(2) * n / (n - 2.0) * spread * rest;
        if spread <= 1e-12 || rest <= m2 * 1e-12 || variance <= 0.0 {
            continue;
        }
        let expected = -own * own / ((n - 1.0) * m2);
        let z = (own * lag / m2 - expected) / variance.sqrt();
        (found.z[place], found.p[place]) = (Some(z), Some(two_sided_p(z)));
    }
    Ok(found)
}

/// Moran's I of the whole map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GlobalMoran {
    /// I: near 0 without a pattern, towards 1 where neighbours are alike.
    pub i: f64,
    /// Expected without a pattern: −1 / (n − 1).
    pub expected: f64,
}

/// Moran's I of the whole map with row-standardised binary weights.
///
/// **Method** (Moran 1950, doi:10.1093/biomet/37.1-2.17; Cliff and Ord 1981): with y = x − x̄ and S0 the sum of all
/// weights (here the number of places that have neighbours), I = n/S0 · Σᵢ yᵢ·Σⱼ wᵢⱼ·yⱼ / Σ y²; E = −1 / (n − 1).
/// **Units**: a pure number.
/// **Undefined**: `None` if n < 3, all values are equal, or no place has a neighbour.
///
/// # Errors
/// As [`local_moran`].
///
/// # Example
/// ```
/// use vigie::stats::{moran::global_moran, neighbours::Neighbours};
/// let line = Neighbours::from_lists(&[vec![1], vec![0, 2], vec![1, 3], vec![2]])?;
/// let moran = global_moran(&[9.0, 8.0, 1.0, 0.0], &line)?.ok_or("undefined")?;
/// assert!(moran.i > 0.4 && moran.expected < 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn global_moran(values: &[f64], neighbours: &Neighbours) -> Result<Option<GlobalMoran>> {
    let Some(deviations) = Deviations::of(values, neighbours)? else { return Ok(None) };
    let (mut joined, mut sum) = (0_u64, 0.0);
    for (place, own) in deviations.y.iter().enumerate() {
        if let Some(lag) = deviations.lag(neighbours.of(place)) {
            joined += 1;
            sum += own * lag;
        }
    }
    let n = values.len() as f64;
    // n/S0 · Σ / (n·m2)
    Ok((joined > 0).then(|| GlobalMoran { i: sum / (joined as f64 * deviations.m2), expected: -1.0 / (n - 1.0) }))
}

struct Deviations {
    y: Vec<f64>,
    m2: f64,
}

impl Deviations {
    fn of(values: &[f64], neighbours: &Neighbours) -> Result<Option<Self>> {
        if neighbours.len() != values.len() {
            return Err(Error::bug(format!("{} values and {} neighbour lists", values.len(), neighbours.len())));
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::data(format!("the value of place {place} is not a finite number")));
        }
        let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
        if values.len() < 3 || lowest >= highest {
            return Ok(None);
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let y: Vec<f64> = values.iter().map(|x| x - mean).collect();
        let m2 = y.iter().map(|y| y * y).sum::<f64>() / n;
        Ok(Some(Self { y, m2 }))
    }

    /// Mean deviation of some places; `None` of none.
    fn lag(&self, around: &[u32]) -> Option<f64> {
        let sum: f64 = around.iter().map(|other| self.y[*other as usize]).sum();
        (!around.is_empty()).then(|| sum / around.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::gi::gi;

    fn ring(n: u32) -> Neighbours {
        let lists: Vec<Vec<u32>> = (0..n).map(|i| vec![(i + n - 1) % n, (i + 1) % n]).collect();
        Neighbours::from_lists(&lists).unwrap()
    }

    #[test]
    fn z_is_that_of_gi_with_the_sign_of_the_place() {
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        let (moran, gi) = (local_moran(&values, &ring(8)).unwrap(), gi(&values, &ring(8)).unwrap());
        for (place, value) in values.iter().enumerate() {
            let signed = gi[place].unwrap() * (value - 31.0 / 8.0).signum();
            assert!((moran.z[place].unwrap() - signed).abs() < 1e-12, "{place}");
        }
    }

    #[test]
    fn the_mean_of_local_i_is_global_i() {
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        let local = local_moran(&values, &ring(8)).unwrap();
        let mean = local.i.iter().flatten().sum::<f64>() / 8.0;
        assert!((global_moran(&values, &ring(8)).unwrap().unwrap().i - mean).abs() < 1e-12);
    }

    #[test]
    fn outliers_are_named_for_themselves_first() {
        let star = Neighbours::from_lists(&[vec![1, 2], vec![0, 2], vec![0, 1], vec![4], vec![3], vec![]]).unwrap();
        let map = local_moran(&[9.0, 0.0, 0.0, 8.0, 8.0, 1.0], &star).unwrap();
        let names: Vec<_> = map.quadrant.iter().map(|q| q.map(Quadrant::words)).collect();
        let wanted = [Some("high-low"), Some("low-high"), Some("low-high"), Some("high-high"), Some("high-high"), None];
        assert_eq!(names, wanted);
        assert!(map.z[0].unwrap() < 0.0 && map.z[3].unwrap() > 0.0);
        assert_eq!((map.i[5], map.z[5]), (None, None));
    }

    #[test]
    fn a_flat_map_has_no_answer() {
        let flat = local_moran(&[0.1; 5], &ring(5)).unwrap();
        assert_eq!((flat.i, flat.quadrant), (vec![None; 5], vec![None; 5]));
        assert_eq!(global_moran(&[0.1; 5], &ring(5)).unwrap(), None);
        let alone = Neighbours::from_lists(&[vec![], vec![], vec![]]).unwrap();
        assert_eq!(global_moran(&[1.0, 2.0, 3.0], &alone).unwrap(), None);
    }
}
