//! Where is it likely next, if what happens near and lately draws more? The prospective hotspot map.

use crate::error::{Error, Result};
use crate::stats::history::History;
use crate::stats::rings::Rings;

/// Score of each place: the sum over past events of 1 / ((1 + d)(1 + t)).
///
/// **Method** (`ProMap`: Bowers, Johnson and Pease 2004, doi:10.1093/bjc/azh036; weights and whole units as in the open
/// `ProHotSpot` of `PredictCode`): d is the distance in whole steps between places, t the age in whole weeks (days 1 to 7
/// before the moment are week 0); only d below `steps` and t below `weeks` count.
/// **Units**: none; only the order of places means something.
/// **Cost**: events by place and week, times the places within reach.
///
/// # Errors
/// `Bug` if rings and history are of different places, or the rings do not reach `steps − 1`.
///
/// # Example
/// ```
/// use vigie::stats::{history::History, prospective::prospective, rings::Rings};
/// let line = Rings::from_lists(1, &[vec![(1, 1)], vec![(0, 1), (2, 1)], vec![(1, 1)]])?;
/// let history = History::collect(3, 56, [(0, 10), (0, 1)])?;
/// assert_eq!(prospective(&history, &line, 2, 8)?, [1.5, 0.75, 0.0]);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn prospective(history: &History, rings: &Rings, steps: usize, weeks: u32) -> Result<Vec<f64>> {
    if rings.len() != history.places() || rings.reach() + 1 < steps {
        return Err(Error::bug(format!(
            "rings of {} places and {} steps, a history of {} places and {steps} steps asked",
            rings.len(),
            rings.reach(),
            history.places()
        )));
    }
    let mut scores = vec![0.0; rings.len()];
    // The two factors part: the weeks of a place are summed first.
    for place in 0..rings.len() {
        let lately: f64 = history
            .of(place)
            .map(|(age, count)| ((age - 1) / 7, f64::from(count)))
            .filter(|(week, _)| *week < weeks)
            .map(|(week, count)| count / f64::from(1 + week))
            .sum();
        if lately > 0.0 {
            for away in 0..steps {
                let weight = lately / (1 + away) as f64;
                rings.ring(place, away).iter().for_each(|&other| scores[other as usize] += weight);
            }
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bandwidths_are_strict() {
        let line = Rings::from_lists(2, &[vec![(1, 1), (2, 2)], vec![(0, 1), (2, 1)], vec![(0, 2), (1, 1)]]).unwrap();
        let seen = |age| History::collect(3, 100, [(0, age)]).unwrap();
        assert_eq!(prospective(&seen(7), &line, 2, 1).unwrap(), [1.0, 0.5, 0.0]);
        assert_eq!(prospective(&seen(8), &line, 2, 1).unwrap(), [0.0; 3]);
        assert_eq!(prospective(&seen(8), &line, 3, 2).unwrap(), [0.5, 0.25, 0.5 / 3.0]);
        assert!(prospective(&seen(8), &line, 4, 2).is_err());
    }
}
