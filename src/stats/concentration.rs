//! Concentration: how few places hold how much, against what chance alone would give.

use statrs::function::factorial::ln_binomial;

use crate::error::{Error, Result};

/// A step of the Lorenz curve, places with the most first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Places taken, as a share of all.
    pub place_share: f64,
    /// What they hold, as a share of everything.
    pub event_share: f64,
    /// Events of each place of the run that ends here; 0 at the start of the curve.
    pub each: u64,
}

/// How concentrated events are over places.
#[derive(Debug, Clone, PartialEq)]
pub struct Concentration {
    /// Places, those with nothing included.
    pub places: u64,
    /// Places with at least one event.
    pub occupied: u64,
    /// Events.
    pub events: u64,
    /// Gini coefficient over all places; high whenever events are few.
    pub gini: f64,
    /// Gini coefficient adjusted for few events: 0 if they were spread as evenly as so few can be.
    pub gini_adjusted: f64,
    /// Curve from (0, 0) to (1, 1), places with the most first. One step for each run of equal counts: between two
    /// steps it is straight.
    pub curve: Vec<Step>,
    counts: Vec<u64>,
}

/// Measures how concentrated events are: counts of every place, zeros kept.
///
/// **Method**: Gini over n places sorted ascending with shares yᵢ, G = (2·Σ i·yᵢ − n − 1) / n. With c < n events most
/// places must be empty and G is high whatever happens, so G′ = max(1/c, 1/n) · (2·Σ i·yᵢ − n − 1) − max(n/c, 1) + 1
/// (Bernasco and Steenbeek 2017, doi:10.1007/s10940-016-9324-7), which is 0 for c places with one event each, at most
/// 1 − 1/c, and G if c ≥ n.
/// **Units**: shares and coefficients, 0 to 1.
/// **Undefined**: `None` without events.
///
/// # Errors
/// `Bug` if the counts do not fit 64 bits.
///
/// # Example
/// ```
/// use vigie::stats::concentration::concentration;
/// let ten = concentration(&[5, 0, 1, 0, 2, 0, 0, 1, 1, 0])?.ok_or("no events")?;
/// let half = ten.share_for(0.5).ok_or("no share")?;
/// assert_eq!(half.places, 1); // the first place holds 5 of 10
/// assert!(ten.gini_adjusted <= ten.gini);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn concentration(counts: &[u64]) -> Result<Option<Concentration>> {
    let mut counts = counts.to_vec();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let events = counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
    let events = events.ok_or_else(|| Error::bug("more events than 64 bits can count"))?;
    if events == 0 {
        return Ok(None);
    }
    let (n, c) = (counts.len() as f64, events as f64);
    // Sorted with the most first, place `at` has rank n − at among the ascending.
    let ranked: f64 = counts.iter().enumerate().map(|(at, count)| (n - at as f64) * (*count as f64 / c)).sum();
    let above = 2.0 * ranked - n - 1.0;
    let mut curve = vec![Step { place_share: 0.0, event_share: 0.0, each: 0 }];
    let mut taken = (0_usize, 0_u64);
    for run in counts.chunk_by(|a, b| a == b) {
        taken = (taken.0 + run.len(), taken.1 + run.iter().sum::<u64>());
        curve.push(Step { place_share: taken.0 as f64 / n, event_share: taken.1 as f64 / c, each: run[0] });
    }
    Ok(Some(Concentration {
        places: counts.len() as u64,
        occupied: counts.iter().filter(|count| **count > 0).count() as u64,
        events,
        gini: above / n,
        gini_adjusted: (1.0 / c).max(1.0 / n) * above - (n / c).max(1.0) + 1.0,
        curve,
        counts,
    }))
}

/// The fewest places that hold a share of the events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holding {
    /// Places, those with the most first.
    pub places: u64,
    /// They as a share of all places.
    pub share_of_places: f64,
    /// They as a share of the places that have any event.
    pub share_of_occupied: f64,
    /// Events that they hold: at least the share asked for.
    pub events: u64,
    /// Events of the last of them, which holds the fewest.
    pub least: u64,
}

impl Concentration {
    /// The fewest places that hold at least `share` of the events.
    ///
    /// **Undefined**: `None` unless 0 < share ≤ 1.
    pub fn share_for(&self, share: f64) -> Option<Holding> {
        if !(share > 0.0 && share <= 1.0) {
            return None;
        }
        // A share such as 0.8 of 25 is 20, not 20.000000000000004.
        let wanted = (share * self.events as f64 * (1.0 - 1e-12)).ceil() as u64;
        let (mut places, mut events, mut least) = (0_u64, 0_u64, 0_u64);
        for count in &self.counts {
            if events >= wanted {
                break;
            }
            (places, events, least) = (places + 1, events + count, *count);
        }
        Some(Holding {
            places,
            share_of_places: places as f64 / self.places as f64,
            share_of_occupied: places as f64 / self.occupied as f64,
            events,
            least,
        })
    }
}

/// The share of places that would hold at least `share` of the events if each fell on any place with the same chance.
///
/// What is observed is to be read against this: a few hundred events over thousands of cells always look concentrated.
///
/// **Method**: a place then holds k of c events with binomial chance B(k; c, 1/n); the expected numbers of places with
/// each k are taken from the highest k down until they hold the share. (A place is not divided where counts are
/// observed; here a part of the last level is taken.)
/// **Units**: a share, 0 to 1.
/// **Undefined**: `None` without places or events, or unless 0 < share ≤ 1.
///
/// # Example
/// ```
/// use vigie::stats::concentration::share_by_chance;
/// // 100 events over 1,000 places: by chance alone, half of them lie in less than 5 % of the places.
/// assert!(share_by_chance(1_000, 100, 0.5).is_some_and(|share| share < 0.05));
/// ```
pub fn share_by_chance(places: u64, events: u64, share: f64) -> Option<f64> {
    if places == 0 || events == 0 || !(share > 0.0 && share <= 1.0) {
        return None;
    }
    if places == 1 {
        return Some(1.0);
    }
    let (n, c) = (places as f64, events as f64);
    let mean = c / n;
    // Levels further off hold less than one place in a million million.
    let reach = 12.0 * mean.sqrt() + 40.0;
    let (lowest, highest) = ((mean - reach).max(1.0) as u64, ((mean + reach) as u64).min(events));
    let chance = |k: u64| (ln_binomial(events, k) - k as f64 * n.ln() + (events - k) as f64 * (-1.0 / n).ln_1p()).exp();
    let (mut taken, mut held) = (0.0, 0.0);
    for k in (lowest..=highest).rev() {
        let part = chance(k);
        let holds = part * k as f64 / mean;
        if held + holds >= share {
            return Some(taken + part * (share - held) / holds);
        }
        (taken, held) = (taken + part, held + holds);
    }
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[u64]) -> Concentration {
        concentration(counts).unwrap().unwrap()
    }

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-12, "found {found}, wanted {wanted}");
    }

    #[test]
    fn an_even_spread_is_nought_and_one_place_is_nearly_one() {
        close(of(&[3, 3, 3, 3]).gini, 0.0);
        close(of(&[0, 0, 0, 8]).gini, 0.75);
        // Three events over a hundred places, each in another: no concentration beyond their number.
        let mut few = vec![0; 100];
        (few[3], few[50], few[99]) = (1, 1, 1);
        close(of(&few).gini, 0.97);
        close(of(&few).gini_adjusted, 0.0);
        few[3] = 3;
        (few[50], few[99]) = (0, 0);
        close(of(&few).gini_adjusted, 1.0 - 1.0 / 3.0);
    }

    #[test]
    fn with_many_events_nothing_is_adjusted() {
        let many = of(&[9, 1, 4, 0, 2]);
        close(many.gini, many.gini_adjusted);
        // By hand: shares ascending 0, 1, 2, 4, 9 of 16; Σ i·y = (2 + 6 + 16 + 45)/16.
        close(many.gini, (2.0 * 69.0 / 16.0 - 6.0) / 5.0);
    }

    #[test]
    fn shares_take_the_fewest_places() {
        let places = of(&[10, 5, 5, 4, 1, 0, 0, 0, 0, 0]);
        let at = |share| places.share_for(share).unwrap();
        assert_eq!((at(0.25).places, at(0.5).places, at(0.8).places, at(1.0).places), (1, 2, 3, 5));
        assert_eq!(at(0.8).events, 20);
        close(at(0.8).share_of_places, 0.3);
        close(at(0.8).share_of_occupied, 0.6);
        assert_eq!((places.share_for(0.0), places.share_for(1.1)), (None, None));
        assert_eq!((places.places, places.occupied, places.events), (10, 5, 25));
    }

    #[test]
    fn the_curve_runs_from_nothing_to_everything() {
        let curve = of(&[4, 4, 2, 0]).curve;
        let points: Vec<(f64, f64)> = curve.iter().map(|step| (step.place_share, step.event_share)).collect();
        assert_eq!(points, [(0.0, 0.0), (0.5, 0.8), (0.75, 1.0), (1.0, 1.0)]);
    }

    #[test]
    fn chance_alone_concentrates_few_events() {
        // One event: one place of a hundred holds all of it.
        close(share_by_chance(100, 1, 1.0).unwrap(), 0.01);
        // Two events over two places: with chance 1/2 one place holds both, else each holds one.
        // Expected: half a place with two, one place with one; half of the events (1 of 2) is the half place.
        close(share_by_chance(2, 2, 0.5).unwrap(), 0.25);
        // Very many events lie evenly.
        assert!((share_by_chance(100, 100_000_000, 0.5).unwrap() - 0.5).abs() < 0.001);
        let shares: Vec<f64> = [0.25, 0.5, 0.8, 1.0].map(|s| share_by_chance(1_000, 700, s).unwrap()).to_vec();
        assert!(shares.windows(2).all(|pair| pair[0] < pair[1]));
        // All events lie in the places that have any: 1 − (1 − 1/n)^c.
        assert!((shares[3] - (1.0 - 0.999_f64.powi(700))).abs() < 1e-9);
        assert_eq!(
            (share_by_chance(0, 3, 0.5), share_by_chance(3, 0, 0.5), share_by_chance(3, 3, 0.0)),
            (None, None, None)
        );
    }

    #[test]
    fn nothing_counted_is_no_answer() {
        assert_eq!(concentration(&[]).unwrap(), None);
        assert_eq!(concentration(&[0, 0]).unwrap(), None);
        assert!(concentration(&[u64::MAX, 1]).is_err());
    }
}
