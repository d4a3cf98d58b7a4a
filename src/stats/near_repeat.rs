//! Near repeats: each event is an originator, a repeat, a near repeat or alone, by one rule.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// What an event is. Every event is exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Nothing before it within reach, and something after it that links to it.
    Originator,
    /// Linked to an earlier event at the same place.
    Repeat,
    /// Linked to an earlier event nearby.
    NearRepeat,
    /// Nothing within reach before it, and nothing after it that links to it.
    Alone,
}

impl Class {
    /// Every class, in the order in which they are listed.
    pub const ALL: [Class; 4] = [Class::Originator, Class::Repeat, Class::NearRepeat, Class::Alone];

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Class::Originator => "originator",
            Class::Repeat => "repeat",
            Class::NearRepeat => "near_repeat",
            Class::Alone => "alone",
        }
    }
}

/// How near an earlier event must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Under this many metres is the same place.
    pub same_place_m: f64,
    /// Under this many metres is near.
    pub near_m: f64,
    /// Under this many whole days is soon: 1 is the same day only.
    pub days: u32,
}

/// Classes and links of all events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// Class of each event.
    pub classes: Vec<Class>,
    /// The earlier event that each is linked to.
    pub links: Vec<Option<u32>>,
    /// Near repeats that also have an earlier event at their own place within reach, which was not the nearest in time.
    pub near_repeats_at_a_place_hit_before: u64,
}

/// Classifies events that come in order of time; at one instant, in the order of their identities.
///
/// `minute` is a number of minutes on the local clock: its day is what the days of the reach count, as a calendar
/// does, so 23:50 and 00:10 the next morning are one day apart.
///
/// **Method**: the definitions of Townsley, Homel and Chaseling 2003 (doi:10.1093/bjc/43.3.615), made into one rule
/// without exceptions. Events are ordered by time, and at one instant by identity. Each links to the nearest earlier
/// event under `near_m` metres and `days` days away: nearest in time, then in distance, then the first in order. A
/// linked event is a repeat if the link is under `same_place_m`, else a near repeat. One without a link is an
/// originator if another links to it, else alone.
///
/// So classes add up to the number of events, two events of one day are an originator and a repeat, and no event is in
/// two bands. A repeat whose nearest predecessor is a neighbour counts as a near repeat: how many there are of these is
/// given beside.
///
/// **Cost**: grows with (events) × (events of the nine squares around within the days). Memory: n.
/// **Units**: metres, days, minutes.
/// **Undefined**: never; without events all lists are empty.
///
/// # Errors
/// `Bug` if the lists differ in length or the events are not in order of time; `Data` if a position is not a number;
/// `Input` if the distances are not positive and in order, or `days` is 0.
///
/// # Example
/// ```
/// use vigie::stats::near_repeat::{Class, Reach, classify};
/// let reach = Reach { same_place_m: 1.0, near_m: 200.0, days: 14 };
/// let minute = [0, 600, 3 * 1440, 90 * 1440];
/// let found = classify(&[0.0, 0.0, 150.0, 0.0], &[0.0; 4], &minute, reach)?;
/// assert_eq!(found.classes, [Class::Originator, Class::Repeat, Class::NearRepeat, Class::Alone]);
/// assert_eq!(found.links, [None, Some(0), Some(1), None]);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn classify(x: &[f64], y: &[f64], minute: &[i64], reach: Reach) -> Result<Classified> {
    check(x, y, minute, reach)?;
    let mut squares: BTreeMap<(i64, i64), Vec<u32>> = BTreeMap::new();
    let mut links: Vec<Option<u32>> = Vec::with_capacity(x.len());
    let mut classes = Vec::with_capacity(x.len());
    let mut hidden = 0;
    for event in 0..x.len() {
        let (row, column) = ((y[event] / reach.near_m).floor() as i64, (x[event] / reach.near_m).floor() as i64);
        let day = minute[event].div_euclid(DAY);
        // (minutes before, distance, place in order) of the nearest so far.
        let mut nearest: Option<(i64, f64, u32)> = None;
        let mut same_place = false;
        for key in (row - 1..=row + 1).flat_map(|row| (column - 1..=column + 1).map(move |column| (row, column))) {
            let before = squares.get(&key).map_or(&[][..], Vec::as_slice);
            for &other in before.iter().rev() {
                let at = other as usize;
                if day - minute[at].div_euclid(DAY) >= i64::from(reach.days) {
                    break;
                }
                let distance = (x[event] - x[at]).hypot(y[event] - y[at]);
                if distance >= reach.near_m {
                    continue;
                }
                same_place |= distance < reach.same_place_m;
                let found = (minute[event] - minute[at], distance, other);
                let is_nearer = nearest.is_none_or(|best| {
                    found.0.cmp(&best.0).then(found.1.total_cmp(&best.1)).then(found.2.cmp(&best.2)).is_lt()
                });
                if is_nearer {
                    nearest = Some(found);
                }
            }
        }
        classes.push(match nearest {
            Some((_, distance, _)) if distance < reach.same_place_m => Class::Repeat,
            Some(_) => {
                hidden += u64::from(same_place);
                Class::NearRepeat
            }
            None => Class::Alone,
        });
        links.push(nearest.map(|(_, _, other)| other));
        squares.entry((row, column)).or_default().push(event as u32);
    }
    for &origin in links.iter().flatten() {
        let class = &mut classes[origin as usize];
        if *class == Class::Alone {
            *class = Class::Originator;
        }
    }
    Ok(Classified { classes, links, near_repeats_at_a_place_hit_before: hidden })
}

impl Classified {
    /// How many events are of a class.
    pub fn count(&self, class: Class) -> u64 {
        self.classes.iter().filter(|&&c| c == class).count() as u64
    }

    /// Sizes of the chains, largest first: an originator and everything that goes back to it link by link.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::near_repeat::{Reach, classify};
    /// let reach = Reach { same_place_m: 1.0, near_m: 200.0, days: 14 };
    /// let x = [0.0, 5000.0, 50.0, 100.0];
    /// assert_eq!(classify(&x, &[0.0; 4], &[0, 10, 1440, 2880], reach)?.chains(), [3]);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn chains(&self) -> Vec<u64> {
        let mut origins: Vec<usize> = Vec::with_capacity(self.links.len());
        let mut sizes = vec![0_u64; self.links.len()];
        for (event, link) in self.links.iter().enumerate() {
            let origin = link.map_or(event, |earlier| origins[earlier as usize]);
            sizes[origin] += 1;
            origins.push(origin);
        }
        let mut chains: Vec<u64> = sizes.into_iter().filter(|&size| size > 1).collect();
        chains.sort_unstable_by(|a, b| b.cmp(a));
        chains
    }
}

fn check(x: &[f64], y: &[f64], minute: &[i64], reach: Reach) -> Result<()> {
    if x.len() != y.len() || x.len() != minute.len() {
        return Err(Error::bug(format!("{} values of x, {} of y and {} times", x.len(), y.len(), minute.len())));
    }
    if !minute.is_sorted() {
        return Err(Error::bug("the events are not in order of time"));
    }
    if minute.iter().any(|minute| minute.unsigned_abs() > 1 << 50) {
        return Err(Error::data("a time is further from 1970 than there are years"));
    }
    if u32::try_from(x.len()).is_err() {
        return Err(Error::data("there are more events than 32 bits can count"));
    }
    let Reach { same_place_m, near_m, days } = reach;
    if !(same_place_m > 0.0 && near_m > same_place_m && near_m.is_finite()) {
        return Err(Error::input(format!(
            "near is under {near_m} m and the same place under {same_place_m} m: both must be above 0, near the larger"
        )));
    }
    if days == 0 {
        return Err(Error::input("within 0 days nothing follows: 1 is the same day"));
    }
    let is_place = |value: f64| (value / near_m).abs() < 1e15;
    if let Some(at) = x.iter().zip(y).position(|(&x, &y)| !is_place(x) || !is_place(y)) {
        return Err(Error::data(format!("the position of event {at} is not a pair of finite numbers of metres")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REACH: Reach = Reach { same_place_m: 1.0, near_m: 100.0, days: 7 };

    fn classes(events: &[(f64, i64)]) -> Vec<Class> {
        let x: Vec<f64> = events.iter().map(|e| e.0).collect();
        let minute: Vec<i64> = events.iter().map(|e| e.1).collect();
        classify(&x, &vec![0.0; x.len()], &minute, REACH).unwrap().classes
    }

    #[test]
    fn two_of_one_instant_are_an_originator_and_a_repeat() {
        assert_eq!(classes(&[(0.0, 5), (0.0, 5)]), [Class::Originator, Class::Repeat]);
        assert_eq!(classes(&[(0.0, 5), (99.0, 5)]), [Class::Originator, Class::NearRepeat]);
    }

    #[test]
    fn bands_are_open_at_their_far_end() {
        assert_eq!(classes(&[(0.0, 0), (100.0, 0)]), [Class::Alone, Class::Alone]);
        assert_eq!(classes(&[(0.0, 0), (1.0, 0)]), [Class::Originator, Class::NearRepeat]);
        // Days are those of the calendar: late on day 0 and early on day 7 are seven days apart.
        assert_eq!(classes(&[(0.0, DAY - 1), (0.0, 7 * DAY)]), [Class::Alone, Class::Alone]);
        assert_eq!(classes(&[(0.0, 0), (0.0, 7 * DAY - 1)]), [Class::Originator, Class::Repeat]);
    }

    #[test]
    fn the_nearest_in_time_decides_then_the_nearest_then_the_first() {
        let x = [0.0, 50.0, 0.0];
        let found = classify(&x, &[0.0; 3], &[0, DAY, 2 * DAY], REACH).unwrap();
        assert_eq!((found.links[2], found.classes[2]), (Some(1), Class::NearRepeat));
        assert_eq!(found.near_repeats_at_a_place_hit_before, 1);
        // Same instant: the nearer of two; same distance: the first of two.
        let found = classify(&[30.0, -20.0, 0.0], &[0.0; 3], &[0, 0, 60], REACH).unwrap();
        assert_eq!(found.links[2], Some(1));
        let found = classify(&[20.0, -20.0, 0.0], &[0.0; 3], &[0, 0, 60], REACH).unwrap();
        assert_eq!(found.links[2], Some(0));
    }

    #[test]
    fn before_1970_a_day_is_a_day() {
        assert_eq!(classes(&[(0.0, -7 * DAY - 1), (0.0, -1)]), [Class::Alone, Class::Alone]);
        assert_eq!(classes(&[(0.0, -7 * DAY), (0.0, -1)]), [Class::Originator, Class::Repeat]);
    }

    #[test]
    fn chains_are_counted_from_their_origin() {
        let x = [0.0, 0.0, 5000.0, 60.0, 5000.0, 9000.0];
        let minute = [0, 1, 2, 3, 4, 5].map(|day| day * DAY);
        let found = classify(&x, &[0.0; 6], &minute, REACH).unwrap();
        assert_eq!(found.chains(), [3, 2]);
        assert_eq!(Class::ALL.map(|class| found.count(class)), [2, 2, 1, 1]);
    }

    #[test]
    fn disorder_is_refused() {
        assert!(classify(&[0.0, 0.0], &[0.0, 0.0], &[5, 4], REACH).is_err());
        assert!(classify(&[f64::NAN], &[0.0], &[5], REACH).unwrap_err().message().contains("event 0"));
        assert!(classify(&[0.0], &[0.0], &[5], Reach { days: 0, ..REACH }).is_err());
        assert!(classify(&[0.0], &[0.0], &[5], Reach { same_place_m: 100.0, ..REACH }).is_err());
        assert!(classify(&[], &[], &[], REACH).unwrap().classes.is_empty());
    }
}
