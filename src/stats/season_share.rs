//! How is demand shared out among places at this time of the year? Shares of the season, halfway to the long mean.

use crate::error::{Error, Result};
use crate::stats::history::History;

/// Days of a year, for seasons.
const YEAR: f64 = 365.25;

/// How seasons are weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Season {
    /// Standard deviation of the season's kernel, in days of the year.
    pub width_days: f64,
    /// Share of the season in the mixture; the rest is the long mean. 0 without a whole year of history.
    pub season_share: f64,
}

impl Default for Season {
    fn default() -> Self {
        Self { width_days: 30.0, season_share: 0.5 }
    }
}

/// Share of each place in the demand of the days `ahead` after the moment (their middle); the shares sum to 1.
///
/// **Method**: forecasting demand as a level in time × a share in space (Cleveland et al. 1990 for the decomposition): the
/// level is the same for all places, so it does not change which places come first, and is left out here. Of the share,
/// an event counts (1 − ρ) + ρ·K / K̄, where K is a Gaussian of the distance in days of the year between the event and the
/// forecast day (doubled back at half a year) and K̄ its mean over the days looked back on. With less than two years of
/// history the season of a place cannot be told from its last burst, and ρ is 0: the long-run share.
/// **Units**: shares of 1.
/// **Undefined**: `None` without events.
///
/// # Errors
/// `Input` if the width is not above 0 or the share is outside 0 to 1.
///
/// # Example
/// ```
/// use vigie::stats::{history::History, season_share::{Season, season_share}};
/// // Two places with three events each over two years; the first had two of them at this time of the year.
/// let history = History::collect(2, 731, [(0, 730), (0, 365), (0, 180), (1, 550), (1, 185), (1, 180)])?;
/// let shares = season_share(&history, 4.0, &Season::default())?.ok_or(vigie::error::Error::bug("no events"))?;
/// assert!(shares[0] > 0.6 && (shares[0] + shares[1] - 1.0).abs() < 1e-12);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn season_share(history: &History, ahead: f64, season: &Season) -> Result<Option<Vec<f64>>> {
    if !(season.width_days > 0.0 && (0.0..=1.0).contains(&season.season_share)) {
        return Err(Error::input("a season has a width above 0 and a share of 0 to 1"));
    }
    let kernel = |age: u32| {
        let turn = (f64::from(age) + ahead).rem_euclid(YEAR);
        let apart = turn.min(YEAR - turn);
        (-0.5 * (apart / season.width_days).powi(2)).exp()
    };
    let mean = (1..=history.days()).map(kernel).sum::<f64>() / f64::from(history.days().max(1));
    let two_years = f64::from(history.days()) >= 2.0 * (YEAR - 0.5);
    let rho = if two_years && mean > 0.0 { season.season_share } else { 0.0 };
    let shares = history.weighted(|age| if rho > 0.0 { 1.0 - rho + rho * kernel(age) / mean } else { 1.0 });
    let sum: f64 = shares.iter().sum();
    Ok((sum > 0.0).then(|| shares.iter().map(|share| share / sum).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_year_is_no_season() {
        let history = History::collect(2, 365, [(0, 360), (0, 170), (1, 180), (1, 175), (1, 170)]).unwrap();
        assert_eq!(season_share(&history, 4.0, &Season::default()).unwrap(), Some(vec![0.4, 0.6]));
        assert_eq!(season_share(&History::collect(2, 365, []).unwrap(), 4.0, &Season::default()).unwrap(), None);
    }

    #[test]
    fn the_turn_of_the_year_is_no_edge() {
        let events = [(0, 732), (0, 362), (1, 548), (1, 183)];
        let shares =
            season_share(&History::collect(2, 735, events).unwrap(), 2.0, &Season::default()).unwrap().unwrap();
        assert!(shares[0] > 0.8, "{shares:?}");
        let wrong = Season { width_days: 0.0, season_share: 0.5 };
        assert!(season_share(&History::collect(2, 735, events).unwrap(), 2.0, &wrong).is_err());
    }
}
