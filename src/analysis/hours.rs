//! When in the week? Records by hour of the week on the wall clock, ranges shared out over the hours they cover.

use chrono_tz::Tz;
use serde::Serialize;

use crate::analysis::disclosure::Release;
use crate::model::wall_clock::WallClock;
use crate::stats::aoristic::{HourOfWeek, SLOTS, Spread, Stretch, WEEK};

/// Seconds from the first Monday 00:00 of 1970 back to its start.
const FIRST_MONDAY: i64 = 4 * 86_400;

/// Records that are known as the same range of instants, in seconds of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// When it began at the earliest; `None` if that is not known.
    pub from: Option<i64>,
    /// When it ended at the latest; `None` if that is not known.
    pub to: Option<i64>,
    /// How many records.
    pub records: u64,
}

/// How often each rule was used: every record is in one of the first four, and some are in another as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Rules {
    /// Beginning and end lie in one hour of the week: counted whole.
    pub certain: u64,
    /// Shared out over several hours.
    pub shared: u64,
    /// Longer than seven days: every hour of the week gets the same.
    pub uniform: u64,
    /// Without a beginning: left out.
    pub without_start: u64,
    /// Without an end: taken as the moment of the beginning (these are among the certain ones).
    pub without_end: u64,
    /// The end before the beginning: exchanged (these are among the first three).
    pub reversed: u64,
}

/// One hour of the week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HourRow {
    /// Monday is 0.
    pub weekday: u8,
    /// Hour of the day, 0-23.
    pub hour: u8,
    /// Records expected in it; `None` if suppressed.
    pub expected: Option<f64>,
    /// Records that lie in it with certainty; `None` if suppressed.
    pub certain: Option<u64>,
    /// Its share of all expected records; `None` without records, or if suppressed.
    pub share: Option<f64>,
}

/// The answer: 168 hours, Monday 00:00 first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hours {
    /// One row an hour of the week.
    pub rows: Vec<HourRow>,
    /// Records shared out; `None` if suppressed.
    pub records: Option<u64>,
    /// What became of them; `None` if suppressed.
    pub rules: Option<Rules>,
}

/// Names of the days, Monday first.
pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Hours {
    /// The hour with the most expected records; of several the first; `None` without any.
    pub fn busiest(&self) -> Option<&HourRow> {
        let expected = |row: &&HourRow| row.expected.unwrap_or(0.0);
        self.rows
            .iter()
            .filter(|row| expected(row) > 0.0)
            .reduce(|best, row| if expected(&row) > expected(&best) { row } else { best })
    }

    /// Expected records of one weekday; `None` if an hour of it is suppressed.
    pub fn of_weekday(&self, weekday: u8) -> Option<f64> {
        self.rows.iter().filter(|row| row.weekday == weekday).map(|row| row.expected).sum()
    }

    /// Expected records of one hour of the day over all weekdays; `None` if one of them is suppressed.
    pub fn of_hour(&self, hour: u8) -> Option<f64> {
        self.rows.iter().filter(|row| row.hour == hour).map(|row| row.expected).sum()
    }
}

/// Shares records out over the hours of the week.
///
/// **Method** ([`HourOfWeek::add`], Ratcliffe and McCullagh 1998): each record counts 1 in all, in each hour the share of
/// its elapsed time that lies in it, on the wall clock of `zone` ([`WallClock`]), days of 23 and 25 hours included. A
/// missing end is the beginning, an end before the beginning is exchanged with it, a missing beginning leaves the
/// record out, and what is longer than seven days is the same for every hour. Each rule is counted.
/// **Units**: records. A period of whole weeks holds each hour equally often.
/// **Undefined**: shares without any record.
///
/// # Example
/// ```
/// use vigie::analysis::hours::{Known, hours};
/// // A theft between 23:30 on Friday 5 May 2017 and 00:30 (island time), twice.
/// let range = Known { from: Some(1_494_023_400), to: Some(1_494_027_000), records: 2 };
/// let week = hours(&[range], chrono_tz::Europe::Jersey);
/// let friday_23 = &week.rows[4 * 24 + 23];
/// assert_eq!((friday_23.expected, friday_23.certain, week.records), (Some(1.0), Some(0), Some(2)));
/// ```
pub fn hours(known: &[Known], zone: Tz) -> Hours {
    let instants = || known.iter().flat_map(|one| [one.from, one.to]).flatten();
    let clock = WallClock::new(zone, instants().min().unwrap_or(0), instants().max().unwrap_or(0));
    let mut week = HourOfWeek::default();
    let mut rules = Rules::default();
    let mut records = 0;
    for one in known {
        let Some(from) = one.from else {
            rules.without_start += one.records;
            continue;
        };
        let to = one.to.unwrap_or(from);
        rules.without_end += if one.to.is_none() { one.records } else { 0 };
        rules.reversed += if to < from { one.records } else { 0 };
        let (from, to) = (from.min(to), from.max(to));
        let stretches = clock.stretches(from, to).map(|(start, seconds)| Stretch {
            from: (start - FIRST_MONDAY).rem_euclid(WEEK as i64) as u64,
            seconds: seconds as u64,
        });
        match week.add(stretches, one.records) {
            Some(Spread::Certain) => rules.certain += one.records,
            Some(Spread::Shared) => rules.shared += one.records,
            Some(Spread::Uniform) => rules.uniform += one.records,
            None => continue,
        }
        records += one.records;
    }
    let rows = (0..SLOTS)
        .map(|slot| HourRow {
            weekday: (slot / 24) as u8,
            hour: (slot % 24) as u8,
            expected: Some(week.expected[slot]),
            certain: Some(week.certain[slot]),
            share: (records > 0).then(|| week.expected[slot] / records as f64),
        })
        .collect();
    Hours { rows, records: Some(records), rules: Some(rules) }
}

/// An expected count below the threshold is hidden like a count. With one hour hidden the numbers of records go, and the
/// shares, which give them away; a single hidden hour takes the next smallest with it. So do the rules, small numbers of
/// which would tell of single records.
impl Release for Hours {
    fn protect(&mut self, threshold: u32) {
        let threshold = f64::from(threshold);
        let small = |row: &HourRow| {
            let within = |value: f64| value > 0.0 && value < threshold;
            row.expected.is_some_and(within) || row.certain.is_some_and(|count| within(count as f64))
        };
        let mut hidden: Vec<usize> = (0..self.rows.len()).filter(|at| small(&self.rows[*at])).collect();
        if hidden.len() == 1 {
            let value = |at: &usize| self.rows[*at].expected.unwrap_or(0.0);
            let others = (0..self.rows.len()).filter(|at| !hidden.contains(at) && value(at) > 0.0);
            let next = others.min_by(|a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
            hidden.extend(next);
        }
        for at in &hidden {
            (self.rows[*at].expected, self.rows[*at].certain) = (None, None);
        }
        if !hidden.is_empty() {
            for row in &mut self.rows {
                row.share = None;
            }
            self.records = None;
        }
        self.rules = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::model::access::{Principal, Role};

    const MONDAY_NOON: i64 = 1_494_244_800; // 8 May 2017 12:00 UTC, 13:00 on the island

    fn known(from: i64, to: Option<i64>, records: u64) -> Known {
        Known { from: Some(from), to, records }
    }

    #[test]
    fn every_rule_is_counted() {
        let hour = 3_600;
        let week = hours(
            &[
                known(MONDAY_NOON, None, 3),
                known(MONDAY_NOON, Some(MONDAY_NOON - 2 * hour), 2),
                known(MONDAY_NOON, Some(MONDAY_NOON + 8 * 24 * hour), 5),
                Known { from: None, to: Some(MONDAY_NOON), records: 7 },
            ],
            chrono_tz::Europe::Jersey,
        );
        let wanted = Rules { certain: 3, shared: 2, uniform: 5, without_start: 7, without_end: 3, reversed: 2 };
        assert_eq!((week.rules, week.records), (Some(wanted), Some(10)));
        let sum: f64 = week.rows.iter().filter_map(|row| row.expected).sum();
        assert!((sum - 10.0).abs() < 1e-9);
        let busiest = week.busiest().unwrap();
        assert_eq!((busiest.weekday, busiest.hour), (0, 13));
    }

    #[test]
    fn nothing_has_no_shares() {
        let week = hours(&[], chrono_tz::Europe::Jersey);
        assert!(week.rows.iter().all(|row| row.share.is_none() && row.expected == Some(0.0)));
        assert_eq!((week.rows.len(), week.busiest()), (168, None));
    }

    #[test]
    fn the_public_sees_no_small_hours() {
        let week = hours(&[known(MONDAY_NOON, None, 30), known(MONDAY_NOON + 3_600, None, 2)], chrono_tz::UTC);
        let who = Principal { name: "r".into(), roles: vec![Role::Public], via: "test", purpose: None };
        let week = release(week, &Policy { threshold: 5 }, &who);
        assert_eq!((week.rows[12].expected, week.rows[13].expected, week.rows[14].expected), (None, None, Some(0.0)));
        assert_eq!((week.records, week.rules, week.of_weekday(0)), (None, None, None));
    }
}
