//! What happened where and how long ago: counts by place and day before a moment, as flat arrays.

use crate::error::{Error, Result};

/// Counts by place and age in whole days: age 1 is the day before the moment. Places ascend, and within a place the
/// oldest day comes first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    days: u32,
    starts: Vec<u32>,
    ages: Vec<u32>,
    counts: Vec<u32>,
}

impl History {
    /// Collects events `(place, age)` that come by place, and within a place from the oldest to the newest. Ages of 0
    /// and of more than `days` are left out.
    ///
    /// # Errors
    /// `Bug` if the events do not come in that order or name a place that does not exist.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::history::History;
    /// let history = History::collect(3, 28, [(0, 9), (0, 2), (0, 2), (2, 40)])?;
    /// assert_eq!(history.of(0).collect::<Vec<_>>(), [(9, 1), (2, 2)]);
    /// assert_eq!(history.within(7), [2.0, 0.0, 0.0]);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn collect(places: usize, days: u32, events: impl IntoIterator<Item = (u32, u32)>) -> Result<Self> {
        let mut history = Self { days, starts: Vec::with_capacity(places + 1), ages: Vec::new(), counts: Vec::new() };
        let mut last = (0, u32::MAX);
        for (place, age) in events {
            if place < last.0 || (place == last.0 && age > last.1) || place as usize >= places {
                return Err(Error::bug(format!("an event of place {place}, {age} days old, after {last:?}")));
            }
            let same = last == (place, age);
            last = (place, age);
            if age == 0 || age > days {
                continue;
            }
            while history.starts.len() <= place as usize {
                history.starts.push(history.ages.len() as u32);
            }
            match history.counts.last_mut() {
                Some(count) if same => *count += 1,
                _ => {
                    history.ages.push(age);
                    history.counts.push(1);
                }
            }
        }
        while history.starts.len() <= places {
            history.starts.push(history.ages.len() as u32);
        }
        Ok(history)
    }

    /// Number of places.
    pub fn places(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Days that it looks back.
    pub fn days(&self) -> u32 {
        self.days
    }

    /// Age and count of the days of a place that have events, the oldest first; nothing for a place that does not exist.
    pub fn of(&self, place: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let range = match (self.starts.get(place), self.starts.get(place + 1)) {
            (Some(&start), Some(&end)) => start as usize..end as usize,
            _ => 0..0,
        };
        self.ages[range.clone()].iter().copied().zip(self.counts[range].iter().copied())
    }

    /// Events of each place in the last `days` days.
    pub fn within(&self, days: u32) -> Vec<f64> {
        self.weighted(|age| f64::from(u8::from(age <= days)))
    }

    /// Sum over the events of each place of a weight that follows from the age.
    pub fn weighted(&self, weight: impl Fn(u32) -> f64) -> Vec<f64> {
        let of_age: Vec<f64> = (0..=self.days).map(weight).collect();
        (0..self.places())
            .map(|place| self.of(place).map(|(age, count)| of_age[age as usize] * f64::from(count)).sum())
            .collect()
    }

    /// Events in all.
    pub fn events(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// The same, looking back no further than `days`.
    #[must_use]
    pub fn last(&self, days: u32) -> Self {
        let mut shorter = Self { days: self.days.min(days), starts: vec![0], ages: Vec::new(), counts: Vec::new() };
        for place in 0..self.places() {
            for (age, count) in self.of(place).filter(|(age, _)| *age <= days) {
                shorter.ages.push(age);
                shorter.counts.push(count);
            }
            shorter.starts.push(shorter.ages.len() as u32);
        }
        shorter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_by_place_and_day() {
        let history = History::collect(4, 10, [(1, 30), (1, 10), (1, 3), (1, 3), (1, 0), (3, 1)]).unwrap();
        assert_eq!((history.places(), history.days(), history.events()), (4, 10, 4));
        assert_eq!(history.of(1).collect::<Vec<_>>(), [(10, 1), (3, 2)]);
        assert_eq!(history.of(0).count() + history.of(2).count() + history.of(9).count(), 0);
        assert_eq!(history.within(5), [0.0, 2.0, 0.0, 1.0]);
        assert_eq!(history.weighted(f64::from), [0.0, 16.0, 0.0, 1.0]);
        let short = history.last(3);
        assert_eq!((short.days(), short.within(10)), (3, vec![0.0, 2.0, 0.0, 1.0]));
    }

    #[test]
    fn a_repeat_of_a_day_that_is_left_out_is_left_out() {
        let history = History::collect(2, 5, [(0, 9), (0, 9), (0, 2), (1, 2)]).unwrap();
        assert_eq!(history.within(5), [1.0, 1.0]);
    }

    #[test]
    fn disorder_is_a_bug() {
        assert!(History::collect(2, 5, [(1, 2), (0, 2)]).is_err());
        assert!(History::collect(2, 5, [(0, 2), (0, 3)]).is_err());
        assert!(History::collect(2, 5, [(2, 2)]).is_err());
    }
}
