//! Which records the store knows: key → content digest, revision time and file. It decides whether an incoming row is
//! new, a revision, already here, or a repeat.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::model::schema::Repeats;

/// Keys are digests already: the low half is as good a hash as any.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }
    fn write_u128(&mut self, key: u128) {
        self.0 = low(key);
    }
}

/// A key in two words: unlike one of 16 bytes they need no padding in an entry, which makes it a sixth smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Words {
    high: u64,
    low: u64,
}

impl Words {
    fn of(key: u128) -> Self {
        Self { high: low(key >> 64), low: low(key) }
    }
}

impl Hash for Words {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.low);
    }
}

type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

/// Joins the two stored halves of a key.
pub(super) fn key(hi: i64, lo: i64) -> u128 {
    (u128::from(hi.cast_unsigned()) << 64) | u128::from(lo.cast_unsigned())
}

/// The upper half of a key, as stored.
pub(super) fn high_half(key: u128) -> i64 {
    low(key >> 64).cast_signed()
}

/// The lower half of a key, as stored.
pub(super) fn low_half(key: u128) -> i64 {
    low(key).cast_signed()
}

fn low(key: u128) -> u64 {
    (key & u128::from(u64::MAX)) as u64
}

/// Rows written by the load under way are in no numbered file yet.
pub(super) const THIS_LOAD: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub row_hash: i64,
    /// Microseconds; `i64::MIN` if the source does not say.
    pub recorded: i64,
    /// Index of the file that holds the record, or [`THIS_LOAD`].
    pub file: u32,
}

/// What an incoming row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    New,
    /// Replaces the version in that file.
    Revises(u32),
    Unchanged,
    Duplicate,
}

/// All records of a table by key.
#[derive(Debug, Default)]
pub(super) struct Identity {
    known: KeyMap<Words, Known>,
    seen_in_file: KeyMap<u128, u32>,
}

impl Identity {
    /// Notes a stored record.
    pub fn note(&mut self, key: u128, known: Known) {
        self.known.insert(Words::of(key), known);
    }

    pub fn get(&self, key: u128) -> Option<Known> {
        self.known.get(&Words::of(key)).copied()
    }

    /// Makes room for a load of about so many rows. They may be known already, so room is made for the excess only.
    pub fn expect(&mut self, rows: usize) {
        self.known.reserve(rows.saturating_sub(self.known.len()));
    }

    /// A new file begins: ordinals start again.
    pub fn next_file(&mut self) {
        self.seen_in_file.clear();
    }

    /// The key of a record: that of the feed's columns, and for repeats by ordinal the place among equal ones.
    pub fn identify(&mut self, feed_key: u128, repeats: Repeats) -> u128 {
        match repeats {
            Repeats::Revision => feed_key,
            Repeats::Ordinal => {
                let seen = self.seen_in_file.entry(feed_key).or_insert(0);
                let ordinal = *seen;
                *seen += 1;
                // An odd multiplier is a bijection: the ordinals of one key never meet.
                feed_key ^ u128::from(ordinal).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
            }
        }
    }

    /// Decides on a row and remembers it.
    pub fn judge(&mut self, key: u128, row_hash: i64, recorded: i64) -> Verdict {
        let incoming = Known { row_hash, recorded, file: THIS_LOAD };
        let known = match self.known.entry(Words::of(key)) {
            Entry::Vacant(place) => {
                place.insert(incoming);
                return Verdict::New;
            }
            Entry::Occupied(place) => place.into_mut(),
        };
        if known.row_hash == row_hash {
            return if known.file == THIS_LOAD { Verdict::Duplicate } else { Verdict::Unchanged };
        }
        let dated = known.recorded != i64::MIN && recorded != i64::MIN;
        // Equal times: the digest decides, so that the order of files does not.
        if dated && (recorded, row_hash) < (known.recorded, known.row_hash) {
            return Verdict::Unchanged;
        }
        let file = known.file;
        *known = incoming;
        Verdict::Revises(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_join_again() {
        let k = 0xFEDC_BA98_7654_3210_0123_4567_89AB_CDEF_u128;
        assert_eq!(key(high_half(k), low_half(k)), k);
    }

    #[test]
    fn the_latest_version_wins_in_either_order() {
        for order in [[(1, 10), (2, 20)], [(2, 20), (1, 10)]] {
            let mut identity = Identity::default();
            for (hash, recorded) in order {
                identity.judge(7, hash, recorded);
            }
            assert_eq!(identity.get(7).map(|k| k.row_hash), Some(2));
        }
    }

    #[test]
    fn equal_keys_by_ordinal_are_different_records() {
        let mut identity = Identity::default();
        let first = identity.identify(7, Repeats::Ordinal);
        let second = identity.identify(7, Repeats::Ordinal);
        assert_ne!(first, second);
        identity.next_file();
        assert_eq!(identity.identify(7, Repeats::Ordinal), first);
        assert_eq!(identity.judge(first, 1, i64::MIN), Verdict::New);
        assert_eq!(identity.judge(first, 1, i64::MIN), Verdict::Duplicate);
    }
}
