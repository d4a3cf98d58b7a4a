//! Which version of a record stays when several are at hand: in the table, in the load, or in both.
//!
//! The version that the source recorded last wins. Of two recorded at one moment the larger content hash wins, so that
//! the order of files decides nothing. Versions without a time of recording give way to those with one, and among
//! themselves the one that came last wins.

use std::collections::BTreeMap;

use super::identity::{Key, KeyMap};
use super::writer::Tally;

/// Records under contest.
#[derive(Debug, Default)]
pub(super) struct Contest {
    records: KeyMap<Versions>,
    losers: Vec<At>,
}

/// Where a row stands: number of the file, and of the row in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub file: usize,
    pub row: u32,
}

/// What is known of the versions of one record.
#[derive(Debug, Clone, Copy)]
struct Versions {
    /// Content of the row that came last in this load.
    came_last: i64,
    /// Rows that were written although the key seemed known.
    written: u32,
    /// Rows of this load that were found in files.
    found_new: u32,
    /// Whether the store had the record before this load.
    is_stored: bool,
    best: Option<Best>,
}

#[derive(Debug, Clone, Copy)]
struct Best {
    row_hash: i64,
    recorded: i64,
    at: At,
    is_new: bool,
}

/// What a contest came to.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Rows to leave out of each file, in order.
    pub dropped: BTreeMap<usize, Vec<u32>>,
    /// Records that were decided on, with the content of the version that stays.
    pub winners: Vec<(Key, i64)>,
    /// What became of the rows that were written.
    pub tally: Tally,
}

impl Contest {
    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// A row came whose key seems known with other content. It is written, and decided on later.
    pub fn enter(&mut self, key: Key, row_hash: i64) {
        let none = Versions { came_last: row_hash, written: 0, found_new: 0, is_stored: false, best: None };
        let versions = self.records.entry(key).or_insert(none);
        versions.came_last = row_hash;
        versions.written += 1;
    }

    /// A row came that is known already; if its record is under contest, it is the one that came last.
    pub fn repeat(&mut self, key: Key, row_hash: i64) {
        if !self.records.is_empty()
            && let Some(versions) = self.records.get_mut(&key)
        {
            versions.came_last = row_hash;
        }
    }

    /// Looks at a row of a file; files come in order, those of the store first.
    pub fn look_at(&mut self, key: Key, row_hash: i64, recorded: i64, at: At, is_new: bool) {
        let Some(versions) = self.records.get_mut(&key) else { return };
        versions.found_new += u32::from(is_new);
        versions.is_stored |= !is_new;
        let found = Best { row_hash, recorded, at, is_new };
        let Some(best) = versions.best else {
            versions.best = Some(found);
            return;
        };
        let came_last = versions.came_last;
        let wins = if recorded != best.recorded {
            recorded > best.recorded
        } else if recorded == i64::MIN {
            row_hash == came_last && best.row_hash != came_last
        } else {
            row_hash > best.row_hash
        };
        if wins {
            versions.best = Some(found);
        }
        self.losers.push(if wins { best.at } else { at });
    }

    /// All rows were looked at.
    pub fn decide(self) -> Outcome {
        let mut dropped: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for loser in self.losers {
            dropped.entry(loser.file).or_default().push(loser.row);
        }
        for rows in dropped.values_mut() {
            rows.sort_unstable();
        }
        let mut tally = Tally::default();
        let mut winners = Vec::with_capacity(self.records.len());
        for (key, versions) in self.records {
            let Some(best) = versions.best else { continue };
            let written = u64::from(versions.written);
            match (versions.is_stored, best.is_new) {
                (true, false) => tally.unchanged += written,
                (true, true) => {
                    tally.revised += 1;
                    tally.duplicate += written - 1;
                }
                // Two keys that only looked alike.
                (false, _) if versions.found_new == versions.written => {
                    tally.accepted += 1;
                    tally.duplicate += written - 1;
                }
                // The record came earlier in this load, and was counted then.
                (false, _) => tally.duplicate += written,
            }
            winners.push((key, best.row_hash));
        }
        Outcome { dropped, winners, tally }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { high: 1, low: 2 };
    const UNDATED: i64 = i64::MIN;

    /// The stored version, then versions of the load in order, as (hash, recorded); gives the hash that stays.
    fn stays(stored: Option<(i64, i64)>, came: &[(i64, i64)]) -> (i64, Tally) {
        let mut contest = Contest::default();
        for (hash, _) in came {
            contest.enter(KEY, *hash);
        }
        for (row, (hash, recorded)) in (0..).zip(stored.iter().chain(came)) {
            let is_new = stored.is_none() || row > 0;
            contest.look_at(KEY, *hash, *recorded, At { file: usize::from(is_new), row }, is_new);
        }
        let outcome = contest.decide();
        assert_eq!(outcome.dropped.values().map(Vec::len).sum::<usize>(), came.len() + stored.iter().count() - 1);
        (outcome.winners[0].1, outcome.tally)
    }

    #[test]
    fn the_version_recorded_last_stays_in_any_order() {
        for came in [[(1, 10), (2, 30), (3, 20)], [(2, 30), (3, 20), (1, 10)], [(3, 20), (1, 10), (2, 30)]] {
            assert_eq!(stays(Some((9, 5)), &came).0, 2);
            assert_eq!(stays(Some((9, 50)), &came).0, 9);
        }
        assert_eq!(stays(Some((9, 5)), &[(1, 10), (2, 30)]).1, Tally { revised: 1, duplicate: 1, ..Tally::default() });
        assert_eq!(stays(Some((9, 50)), &[(1, 10), (2, 30)]).1, Tally { unchanged: 2, ..Tally::default() });
    }

    #[test]
    fn of_two_recorded_at_one_moment_the_larger_hash_stays() {
        assert_eq!(stays(Some((9, 5)), &[(7, 5)]).0, 9);
        assert_eq!(stays(Some((7, 5)), &[(9, 5)]).0, 9);
    }

    #[test]
    fn without_a_time_of_recording_the_last_to_come_stays() {
        assert_eq!(stays(Some((9, UNDATED)), &[(1, UNDATED), (2, UNDATED)]).0, 2);
        assert_eq!(stays(Some((1, UNDATED)), &[(9, UNDATED)]).0, 9);
        assert_eq!(stays(Some((1, 5)), &[(9, UNDATED)]).0, 1);
        assert_eq!(stays(Some((1, UNDATED)), &[(9, 5)]).0, 9);
    }

    #[test]
    fn keys_that_only_look_alike_are_both_kept() {
        assert_eq!(stays(None, &[(1, 5)]).1, Tally { accepted: 1, ..Tally::default() });
    }
}
