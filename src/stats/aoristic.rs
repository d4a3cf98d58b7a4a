//! Aoristic hours of the week: what is known as a range is shared out over the hours that it covers.

/// Hours of a week; slot 0 is Monday from 00:00 to 01:00 on the local wall clock.
pub const SLOTS: usize = 168;
/// Seconds of an hour.
const HOUR: u64 = 3_600;
/// Seconds of a week.
pub const WEEK: u64 = SLOTS as u64 * HOUR;

/// A stretch of time in which the wall clock runs on without a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins on the wall clock: seconds after Monday 00:00, below [`WEEK`].
    pub from: u64,
    /// How long it lasts, in seconds.
    pub seconds: u64,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Beginning and end lie in one hour of the week: it counts whole.
    Certain,
    /// It is shared out over several.
    Shared,
    /// It is longer than seven days: every hour gets the same.
    Uniform,
}

/// Records by hour of the week.
#[derive(Debug, Clone, PartialEq)]
pub struct HourOfWeek {
    /// Expected records of each slot: their sum is the number of records.
    pub expected: Vec<f64>,
    /// Records that lie in the slot with certainty.
    pub certain: Vec<u64>,
}

impl Default for HourOfWeek {
    fn default() -> Self {
        Self { expected: vec![0.0; SLOTS], certain: vec![0; SLOTS] }
    }
}

impl HourOfWeek {
    /// Adds `records` that all are known as the same range.
    ///
    /// **Method** (Ratcliffe and McCullagh 1998, doi:10.1080/136588198241644; Ratcliffe 2000,
    /// doi:10.1080/136588100424963): the share of a slot is the time that the range spends in it, divided by the length of
    /// the range. *Elapsed* time is divided: a range over the night when clocks go back holds 01:00 to 02:00 twice, and
    /// that slot gets two hours' share; over the night when they go forward the slot that was left out gets nothing.
    /// A range of no length counts whole in its slot. One longer than seven days says nothing about the hour: each of
    /// the 168 gets the same.
    /// **Units**: records.
    /// **Undefined**: nothing is added for no stretch (`None`).
    ///
    /// # Example
    /// ```
    /// use vigie::stats::aoristic::{HourOfWeek, Spread, Stretch};
    /// let mut hours = HourOfWeek::default();
    /// // One record, some time between Monday 01:30 and 03:00: an hour and a half.
    /// assert_eq!(hours.add([Stretch { from: 5_400, seconds: 5_400 }], 1), Some(Spread::Shared));
    /// assert!((hours.expected[1] - 1.0 / 3.0).abs() < 1e-12 && (hours.expected[2] - 2.0 / 3.0).abs() < 1e-12);
    /// ```
    pub fn add(&mut self, stretches: impl IntoIterator<Item = Stretch> + Clone, records: u64) -> Option<Spread> {
        let first = stretches.clone().into_iter().next()?;
        let length: u64 = stretches.clone().into_iter().map(|stretch| stretch.seconds).sum();
        let weight = records as f64;
        if length > WEEK {
            self.expected.iter_mut().for_each(|slot| *slot += weight / SLOTS as f64);
            return Some(Spread::Uniform);
        }
        let one = slot_of(first.from);
        // A range up to 03:00 does not reach into the hour that begins then.
        let in_one = |stretch: Stretch| slot_of(stretch.from) == one && stretch.from % HOUR + stretch.seconds <= HOUR;
        if stretches.clone().into_iter().all(|stretch| stretch.seconds == 0 || in_one(stretch)) {
            self.expected[one] += weight;
            self.certain[one] += records;
            return Some(Spread::Certain);
        }
        for stretch in stretches {
            let (mut at, mut left) = (stretch.from % WEEK, stretch.seconds);
            while left > 0 {
                let part = left.min(HOUR - at % HOUR);
                self.expected[slot_of(at)] += weight * part as f64 / length as f64;
                at = (at + part) % WEEK;
                left -= part;
            }
        }
        Some(Spread::Shared)
    }

    /// Expected records of all slots.
    pub fn total(&self) -> f64 {
        self.expected.iter().sum()
    }
}

fn slot_of(second: u64) -> usize {
    (second % WEEK / HOUR) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(stretches: &[Stretch]) -> (HourOfWeek, Option<Spread>) {
        let mut hours = HourOfWeek::default();
        let spread = hours.add(stretches.iter().copied(), 1);
        (hours, spread)
    }

    fn stretch(from: u64, seconds: u64) -> Stretch {
        Stretch { from, seconds }
    }

    #[test]
    fn a_moment_and_a_range_within_an_hour_are_certain() {
        for seconds in [0, 1, HOUR] {
            let (hours, spread) = added(&[stretch(7 * HOUR, seconds)]);
            assert_eq!((spread, hours.certain[7], hours.expected[7]), (Some(Spread::Certain), 1, 1.0));
        }
        assert_eq!(added(&[]).1, None);
    }

    #[test]
    fn sunday_night_goes_on_on_monday() {
        let (hours, spread) = added(&[stretch(WEEK - HOUR / 2, HOUR)]);
        assert_eq!(spread, Some(Spread::Shared));
        assert_eq!((hours.expected[167], hours.expected[0], hours.total()), (0.5, 0.5, 1.0));
    }

    #[test]
    fn more_than_a_week_is_no_hour_at_all() {
        let (hours, spread) = added(&[stretch(0, WEEK + 1)]);
        assert_eq!((spread, hours.certain.iter().sum::<u64>()), (Some(Spread::Uniform), 0));
        assert!(hours.expected.iter().all(|share| (share - 1.0 / 168.0).abs() < 1e-15));
        assert_eq!(added(&[stretch(0, WEEK)]).1, Some(Spread::Shared));
    }

    #[test]
    fn an_hour_that_came_twice_gets_twice_its_share() {
        // Sunday 00:00 to 03:00 as clocks go back at 02:00 to 01:00: four hours, two of them from 01:00.
        let sunday = 6 * 24 * HOUR;
        let (hours, _) = added(&[stretch(sunday, 2 * HOUR), stretch(sunday + HOUR, 2 * HOUR)]);
        assert_eq!(hours.expected[144..147], [0.25, 0.5, 0.25]);
        // The same hour, twice, is still one hour of the week.
        let (hours, spread) = added(&[stretch(sunday + HOUR, HOUR), stretch(sunday + HOUR, HOUR)]);
        assert_eq!((spread, hours.certain[145]), (Some(Spread::Certain), 1));
        // And forward at 01:00 to 02:00: from 00:30 to 02:30 is one hour.
        let (hours, _) = added(&[stretch(sunday + HOUR / 2, HOUR / 2), stretch(sunday + 2 * HOUR, HOUR / 2)]);
        assert_eq!(hours.expected[144..147], [0.5, 0.0, 0.5]);
    }
}
