//! Which version of a record stays when several are at hand: in the table, in the load, or in both.
//!
//! The version that the source recorded last wins. Of two recorded at one moment the larger content hash wins, so that
//! the order of files decides nothing. Versions without a time of recording give way to those with one, and among
//! themselves the one that came last wins.
//!
//! Rows to be decided on are written to files of their own. One that stays takes the place of the version it replaces,
//! if both are of one month: then that file keeps all columns in which nothing changed, byte for byte (`amend`).

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub file: u32,
    pub row: u32,
}

/// A row of a file, as far as a contest goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub key: Key,
    pub row_hash: i64,
    pub recorded: i64,
    /// Came with this load.
    pub is_new: bool,
    pub at: At,
}

/// What a file is to a contest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Holds nothing but rows to be decided on.
    pub is_contested: bool,
    /// Number of its month.
    pub month: usize,
    /// Rows in it.
    pub rows: u64,
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
    /// The first row among those that were not to be decided on: a winner may take its place.
    host: Option<At>,
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
    pub dropped: BTreeMap<u32, Vec<u32>>,
    /// Rows of each file that others take the place of, in order.
    pub replaced: BTreeMap<u32, Vec<(u32, At)>>,
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
        let none = Versions { came_last: row_hash, written: 0, found_new: 0, is_stored: false, best: None, host: None };
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

    /// Keys under contest.
    pub fn sieve(&self) -> Sieve {
        Sieve::of(self.records.len(), self.records.keys().copied())
    }

    /// Looks at a row of a file; files come in order, those of the store first.
    pub fn look_at(&mut self, seen: Seen, file: Standing) {
        let Seen { key, row_hash, recorded, is_new, at } = seen;
        let Some(versions) = self.records.get_mut(&key) else { return };
        versions.found_new += u32::from(is_new);
        versions.is_stored |= !is_new;
        if !file.is_contested && versions.host.is_none() {
            versions.host = Some(at);
        }
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

    /// All rows were looked at; `files` are by their numbers.
    pub fn decide(self, files: &[Standing]) -> Outcome {
        let mut dropped: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for loser in self.losers {
            dropped.entry(loser.file).or_default().push(loser.row);
        }
        let replaced = replacements(self.records.values(), files);
        for (file, rows) in &replaced {
            // The versions replaced go with that; the rows that replace them leave their own files.
            if let Some(losers) = dropped.get_mut(file) {
                losers.retain(|row| rows.binary_search_by_key(row, |(host, _)| *host).is_err());
            }
            for (_, from) in rows {
                dropped.entry(from.file).or_default().push(from.row);
            }
        }
        dropped.retain(|_, rows| !rows.is_empty());
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
        Outcome { dropped, replaced, winners, tally }
    }
}

/// Winners that are in files of contested rows, and stand in for a loser of the same month. A file that would have more
/// rows replaced than not loses them instead, which costs less.
fn replacements<'v>(records: impl Iterator<Item = &'v Versions>, files: &[Standing]) -> BTreeMap<u32, Vec<(u32, At)>> {
    let standing = |at: At| files.get(at.file as usize);
    let mut replaced: BTreeMap<u32, Vec<(u32, At)>> = BTreeMap::new();
    for versions in records {
        let (Some(best), Some(host)) = (versions.best, versions.host) else { continue };
        let (Some(from), Some(to)) = (standing(best.at), standing(host)) else { continue };
        if from.is_contested && from.month == to.month {
            replaced.entry(host.file).or_default().push((host.row, best.at));
        }
    }
    replaced.retain(|file, rows| files.get(*file as usize).is_some_and(|file| rows.len() as u64 * 2 <= file.rows));
    for rows in replaced.values_mut() {
        rows.sort_unstable_by_key(|(host, _)| *host);
    }
    replaced
}

/// A coarse set of keys: says no to nearly every key that is not in it, in a few bits a key.
#[derive(Debug)]
pub(super) struct Sieve {
    bits: Vec<u64>,
}

impl Sieve {
    /// The set of about so many keys.
    pub fn of(count: usize, keys: impl Iterator<Item = Key>) -> Self {
        // Sixteen bits a key: of sixteen strangers one comes through.
        let mut sieve = Self { bits: vec![0; (count / 4).next_power_of_two().clamp(1 << 8, 1 << 21)] };
        for key in keys {
            let (word, bit) = sieve.place(key);
            sieve.bits[word] |= bit;
        }
        sieve
    }

    /// Whether the key may be in the set.
    #[inline]
    pub fn may_hold(&self, key: Key) -> bool {
        let (word, bit) = self.place(key);
        self.bits[word] & bit != 0
    }

    #[inline]
    fn place(&self, key: Key) -> (usize, u64) {
        let place = key.low as usize & (self.bits.len() * 64 - 1);
        (place / 64, 1 << (place % 64))
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
        let files =
            [Standing { is_contested: false, month: 0, rows: 10 }, Standing { is_contested: true, month: 0, rows: 10 }];
        for (row, (hash, recorded)) in (0..).zip(stored.iter().chain(came)) {
            let at = At { file: u32::from(row > 0), row };
            let is_new = stored.is_none() || row > 0;
            let seen = Seen { key: KEY, row_hash: *hash, recorded: *recorded, is_new, at };
            contest.look_at(seen, files[at.file as usize]);
        }
        let outcome = contest.decide(&files);
        let gone: usize = outcome.dropped.values().map(Vec::len).sum();
        let in_place = outcome.replaced.values().map(Vec::len).sum::<usize>();
        assert_eq!(gone, came.len() + stored.iter().count() - 1);
        assert_eq!(in_place == 1, stored.is_some_and(|(hash, _)| hash != outcome.winners[0].1));
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
    fn a_winner_takes_the_place_of_a_loser_of_its_month_in_a_file_that_mostly_stays() {
        let replaced = |month: usize, rows: u64| {
            let mut contest = Contest::default();
            contest.enter(KEY, 2);
            let files =
                [Standing { is_contested: false, month: 0, rows }, Standing { is_contested: true, month, rows: 1 }];
            let seen =
                |row_hash: i64, is_new: bool, at: At| Seen { key: KEY, row_hash, recorded: row_hash, is_new, at };
            contest.look_at(seen(1, false, At { file: 0, row: 7 }), files[0]);
            contest.look_at(seen(2, true, At { file: 1, row: 0 }), files[1]);
            let outcome = contest.decide(&files);
            (outcome.dropped, outcome.replaced)
        };
        let here = BTreeMap::from([(0, vec![(7, At { file: 1, row: 0 })])]);
        assert_eq!(replaced(0, 10), (BTreeMap::from([(1, vec![0])]), here));
        let elsewhere = (BTreeMap::from([(0, vec![7])]), BTreeMap::new());
        assert_eq!(replaced(1, 10), elsewhere);
        assert_eq!(replaced(0, 1), elsewhere);
    }

    #[test]
    fn a_sieve_lets_all_of_its_keys_through_and_few_others() {
        let key = |number: u64| Key { high: number, low: number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) };
        let sieve = Sieve::of(10_000, (0..10_000).map(key));
        assert!((0..10_000).all(|number| sieve.may_hold(key(number))));
        let strangers = (10_000..110_000).filter(|number| sieve.may_hold(key(*number))).count();
        assert!(strangers < 10_000, "{strangers} of 100,000 come through");
    }

    #[test]
    fn keys_that_only_look_alike_are_both_kept() {
        assert_eq!(stays(None, &[(1, 5)]).1, Tally { accepted: 1, ..Tally::default() });
    }
}
