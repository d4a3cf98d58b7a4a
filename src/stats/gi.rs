//! Getis-Ord Gi: are the places around a place high or low, its own value left out?

use crate::error::{Error, Result};
use crate::stats::neighbours::Neighbours;

/// z of every place by Gi with binary weights: the neighbours count, the place itself does not.
///
/// **Method** (Ord and Getis 1995, doi:10.1111/j.1538-4632.1995.tb00912.x): with w = 1 for the neighbours of place i,
/// W = Σw, S1 = Σw², and x̄ᵢ and sᵢ² = Σ(x − x̄ᵢ)² / (n − 1) the mean and variance of the other n − 1 values,
///
/// z = (Σ w·x − W·x̄ᵢ) / (sᵢ · √(((n − 1)·S1 − W²) / (n − 2)))
///
/// **Units**: standard deviates; + says that the neighbours are high.
/// **Undefined**: a place without neighbours, with the whole map as its neighbours, or whose other values are all
/// equal; every place if n < 3.
///
/// # Errors
/// `Data` naming the place if a value is not a finite number; `Bug` if the lists are not one a value.
///
/// # Example
/// ```
/// use vigie::stats::{gi::gi, neighbours::Neighbours};
/// let line = Neighbours::from_lists(&[vec![1], vec![0, 2], vec![1, 3], vec![2]])?;
/// let z = gi(&[9.0, 8.0, 1.0, 0.0], &line)?;
/// assert!(z[0].is_some_and(|z| z > 1.3) && z[3].is_some_and(|z| z < -1.2));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn gi(values: &[f64], neighbours: &Neighbours) -> Result<Vec<Option<f64>>> {
    if neighbours.len() != values.len() {
        return Err(Error::bug(format!("{} values and {} neighbour lists", values.len(), neighbours.len())));
    }
    if let Some(place) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::data(format!("the value of place {place} is not a finite number")));
    }
    if values.len() < 3 {
        return Ok(vec![None; values.len()]);
    }
    // Deviations from the mean of all, so that leaving one value out loses no digits.
    let n = values.len() as f64;
    let others = n - 1.0;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    let z = values.iter().enumerate().map(|(place, x)| {
        let around = neighbours.of(place);
        let own = x - mean;
        let (mean_of_others, count) = (-own / others, around.len() as f64);
        let variance = (squares - own * own) / others - mean_of_others * mean_of_others;
        let spread = others * count - count * count;
        if around.is_empty() || spread <= 0.0 || variance <= squares * 1e-14 {
            return None;
        }
        let sum: f64 = around.iter().map(|&other| values[other as usize] - mean).sum();
        Some((sum - count * mean_of_others) / (variance * spread / (n - 2.0)).sqrt())
    });
    Ok(z.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_said_is_none() {
        // Place 0 has everybody around it, place 3 nobody.
        let star = Neighbours::from_lists(&[vec![1, 2, 3], vec![0], vec![0], vec![]]).unwrap();
        let z = gi(&[3.0, 1.0, 0.0, 7.0], &star).unwrap();
        assert_eq!((z[0], z[3]), (None, None));
        assert!(z[1].is_some() && z[2].is_some());
        // The others of place 0 are all 1: its neighbours cannot stand out among them.
        let pair = Neighbours::from_lists(&[vec![1], vec![2], vec![1]]).unwrap();
        let z = gi(&[5.0, 1.0, 1.0], &pair).unwrap();
        assert_eq!(z[0], None);
        assert!(z[1].is_some());
        assert_eq!(gi(&[1.0, 2.0], &Neighbours::from_lists(&[vec![1], vec![0]]).unwrap()).unwrap(), [None, None]);
    }

    #[test]
    fn not_a_number_names_the_place() {
        let three = Neighbours::from_lists(&[vec![], vec![], vec![]]).unwrap();
        assert!(gi(&[1.0, f64::INFINITY, 0.0], &three).unwrap_err().message().contains("place 1"));
    }
}
