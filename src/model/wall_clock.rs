//! The wall clock of a zone: which local time an instant is, and how a range of instants runs on it when clocks change.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Offsets of a zone over a range of instants, looked up once.
///
/// # Example
/// ```
/// use vigie::model::wall_clock::WallClock;
/// // 29 October 2017, clocks of the island go back at 01:00 UTC: a range over it runs in two stretches.
/// let jersey = WallClock::new(chrono_tz::Europe::Jersey, 1_509_235_200, 1_509_246_000);
/// let stretches: Vec<(i64, i64)> = jersey.stretches(1_509_235_200, 1_509_246_000).collect();
/// assert_eq!(stretches, [(1_509_238_800, 3_600), (1_509_238_800, 7_200)]);
/// ```
#[derive(Debug, Clone)]
pub struct WallClock {
    /// Instants from which an offset holds, ascending; the first is before everything asked.
    from: Vec<i64>,
    /// Seconds east of UTC from that instant on.
    offset: Vec<i64>,
}

impl WallClock {
    /// The clock of a zone for instants from `first` to `last`, in seconds of UTC. Outside of them the nearest offset is
    /// taken.
    pub fn new(zone: Tz, first: i64, last: i64) -> Self {
        let mut clock = Self { from: vec![i64::MIN], offset: vec![offset_at(zone, first)] };
        let mut known = first;
        let mut offset = offset_at(zone, first);
        // No zone changes its clocks twice within a day.
        while known < last {
            let next = known.saturating_add(DAY).min(last);
            let then = offset_at(zone, next);
            if then != offset {
                let (mut before, mut after) = (known, next);
                while after - before > 1 {
                    let middle = before + (after - before) / 2;
                    if offset_at(zone, middle) == offset {
                        before = middle;
                    } else {
                        after = middle;
                    }
                }
                clock.from.push(after);
                clock.offset.push(then);
                offset = then;
            }
            known = next;
        }
        clock
    }

    /// The stretches of a range of instants in which the wall clock runs without a jump: where each begins on the wall
    /// clock, in seconds as if it were UTC, and how long it lasts. At least one, of no length if the range has none;
    /// none for a range that ends before it begins.
    pub fn stretches(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> + Clone + '_ {
        let first = self.from.partition_point(|start| *start <= from).saturating_sub(1);
        (first..self.from.len()).map_while(move |at| {
            let start = self.from[at].max(from);
            let end = self.from.get(at + 1).copied().unwrap_or(i64::MAX).min(to);
            // The end of a range that touches a change is no stretch of its own, but a moment is one.
            (start < end || (start == end && at == first)).then(|| (start + self.offset[at], end - start))
        })
    }
}

fn offset_at(zone: Tz, instant: i64) -> i64 {
    DateTime::from_timestamp(instant, 0)
        .map_or(0, |at| i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDateTime;

    fn utc(text: &str) -> i64 {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc().timestamp()
    }

    fn clock(zone: Tz) -> WallClock {
        WallClock::new(zone, utc("2014-01-01 00:00"), utc("2018-01-01 00:00"))
    }

    fn lengths(clock: &WallClock, from: &str, to: &str) -> Vec<(i64, i64)> {
        clock.stretches(utc(from), utc(to)).collect()
    }

    #[test]
    fn two_changes_a_year() {
        let jersey = clock(chrono_tz::Europe::Jersey);
        assert_eq!(jersey.from.len(), 9);
        assert_eq!(jersey.from[7], utc("2017-03-26 01:00"));
        // A day of 23 hours: from midnight to midnight on the wall clock.
        let day = lengths(&jersey, "2017-03-26 00:00", "2017-03-26 23:00");
        assert_eq!(day, [(utc("2017-03-26 00:00"), 3_600), (utc("2017-03-26 02:00"), 22 * 3_600)]);
        // A day of 25.
        let day = lengths(&jersey, "2017-10-28 23:00", "2017-10-30 00:00");
        assert_eq!(day.iter().map(|(_, seconds)| seconds / 3_600).sum::<i64>(), 25);
    }

    #[test]
    fn moments_and_ranges_without_a_change_are_one_stretch() {
        let york = clock(chrono_tz::America::New_York);
        assert_eq!(lengths(&york, "2017-01-01 05:00", "2017-01-01 05:00"), [(utc("2017-01-01 00:00"), 0)]);
        assert_eq!(lengths(&york, "2017-07-01 04:30", "2017-07-01 05:30"), [(utc("2017-07-01 00:30"), 3_600)]);
        assert_eq!(lengths(&york, "2017-03-12 06:00", "2017-03-12 07:00"), [(utc("2017-03-12 01:00"), 3_600)]);
        assert_eq!(lengths(&york, "2017-03-12 07:00", "2017-03-12 07:00"), [(utc("2017-03-12 03:00"), 0)]);
        assert!(lengths(&york, "2017-01-02 00:00", "2017-01-01 00:00").is_empty());
    }

    #[test]
    fn half_an_hour_of_summer_time() {
        let island = clock(chrono_tz::Australia::Lord_Howe);
        let night = lengths(&island, "2017-04-01 14:00", "2017-04-01 16:00");
        assert_eq!(night, [(utc("2017-04-02 01:00"), 3_600), (utc("2017-04-02 01:30"), 3_600)]);
    }
}
