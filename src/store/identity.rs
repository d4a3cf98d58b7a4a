//! Which records a table holds, in twelve bytes a record: enough to say at once what an incoming row is, for tens of
//! millions of records in memory.
//!
//! A record is known by 56 bits of its key and 51 bits of its content's hash. *New*, *unchanged* and *duplicate* are told
//! from these. A row whose key seems known with other content is *contested*: the writer reads the stored records
//! themselves before it decides, so that two keys that look alike here (one such pair in about 60 loads of 50 million
//! rows) are still told apart. A new record taken for a known one would need 107 equal bits, a revision taken for no
//! change 51: once in 10^15 revisions.

use std::collections::HashMap;
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
}

/// The 128-bit key of a record, in the two halves in which it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub high: u64,
    pub low: u64,
}

impl Key {
    /// Joins the two stored halves.
    pub fn of(high: i64, low: i64) -> Self {
        Self { high: high.cast_unsigned(), low: low.cast_unsigned() }
    }

    /// Which of two records of equal feed keys: an odd multiplier is a bijection, so ordinals of one key never meet.
    fn with_ordinal(self, ordinal: u32) -> Self {
        let step = u128::from(ordinal).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        Self { high: self.high ^ ((step >> 64) as u64), low: self.low ^ (step as u64) }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.low);
    }
}

pub(super) type KeyMap<V> = HashMap<Key, V, BuildHasherDefault<KeyHasher>>;

/// Gives records of equal feed keys in one file a key each, for feeds in which these are different records.
#[derive(Debug, Default)]
pub(super) struct Ordinals {
    seen_in_file: KeyMap<u32>,
}

impl Ordinals {
    /// A new file begins: ordinals start again.
    pub fn next_file(&mut self) {
        self.seen_in_file.clear();
    }

    /// The key of a record: that of the feed's columns, and for repeats by ordinal the place among equal ones.
    pub fn identify(&mut self, feed_key: Key, repeats: Repeats) -> Key {
        match repeats {
            Repeats::Revision => feed_key,
            Repeats::Ordinal => {
                let seen = self.seen_in_file.entry(feed_key).or_insert(0);
                let ordinal = *seen;
                *seen += 1;
                feed_key.with_ordinal(ordinal)
            }
        }
    }
}

/// What an incoming row is, as far as [`Known`] can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No such record; it is known from now on.
    New,
    /// In the store, the same.
    Unchanged,
    /// Came earlier in this load, the same.
    Duplicate,
    /// The key seems known with other content.
    Contested,
}

/// All records of a table.
#[derive(Debug)]
pub(super) struct Known {
    shards: Vec<Shard>,
}

/// Twelve bits of a key choose the shard.
const SHARD_BITS: u32 = 12;
/// Of the 64 bits beside a mark, the lowest says whether the record came with this load, twelve more belong to the key,
/// and the upper 51 to the content's hash.
const THIS_LOAD: u64 = 1;
const KEY_BITS: u64 = 0xFFF << 1;
const ROW_BITS: u64 = !(KEY_BITS | THIS_LOAD);

/// A record as the table sees it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// 32 bits of the key, never 0; they also say where in the shard to look first.
    mark: u32,
    rest: u64,
}

impl Entry {
    fn of(key: Key, row_hash: i64) -> Self {
        // A mark of 0 is a free place.
        let mark = (key.high as u32).max(1);
        Self { mark, rest: (row_hash.cast_unsigned() & ROW_BITS) | (((key.high >> 32) << 1) & KEY_BITS) }
    }

    #[inline]
    fn packed(self) -> Packed {
        [self.mark, self.rest as u32, (self.rest >> 32) as u32]
    }

    #[inline]
    fn unpacked([mark, low, high]: Packed) -> Self {
        Self { mark, rest: u64::from(low) | (u64::from(high) << 32) }
    }
}

/// A table of open addressing. Mark and rest stand together: a place far off in memory is waited for once.
#[derive(Debug, Default)]
struct Shard {
    places: Vec<Packed>,
    used: usize,
}

/// An [`Entry`] in twelve bytes: the mark, then the lower and the upper half of the rest.
type Packed = [u32; 3];

const FREE: Packed = [0; 3];

impl Default for Known {
    fn default() -> Self {
        Self { shards: (0..1 << SHARD_BITS).map(|_| Shard::default()).collect() }
    }
}

impl Known {
    /// Makes room for about so many records in all, so that shards need not grow on the way.
    pub fn expect(&mut self, records: usize) {
        let mean = records >> SHARD_BITS;
        // Shards that get more than their share: three standard deviations.
        let room = mean + 3 * mean.isqrt();
        self.shards.iter_mut().for_each(|shard| shard.make_room(room));
    }

    /// Records known.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.used).sum()
    }

    /// Notes a stored record.
    pub fn note(&mut self, key: Key, row_hash: i64) {
        self.shard(key).insert(Entry::of(key, row_hash));
    }

    /// Looks where a record would stand. A block of keys that was looked at is judged faster after: the places lie far
    /// apart in memory, and looking at many does not wait for each.
    #[inline]
    pub fn glance(&self, key: Key) -> u64 {
        let shard = &self.shards[(key.low >> (64 - SHARD_BITS)) as usize];
        let place = shard.places.get(shard.start(Entry::of(key, 0).mark));
        // First and last: some places lie across two lines of memory.
        place.map_or(0, |[mark, _, high]| u64::from(mark ^ high))
    }

    /// Says what an incoming row is, and remembers it if it is new.
    #[inline]
    pub fn judge(&mut self, key: Key, row_hash: i64) -> Verdict {
        self.shard(key).judge(Entry::of(key, row_hash))
    }

    /// After a contest: the record is here with this content, and came with this load. (Should another record look the
    /// same by its key, that one will be contested when it comes again, which is decided on the records themselves.)
    pub fn settle(&mut self, key: Key, row_hash: i64) {
        let now = Entry::of(key, row_hash);
        let now = Entry { rest: now.rest | THIS_LOAD, ..now };
        let shard = self.shard(key);
        match shard.find(now) {
            Some(place) => shard.places[place] = now.packed(),
            None => shard.insert(now),
        }
    }

    fn shard(&mut self, key: Key) -> &mut Shard {
        &mut self.shards[(key.low >> (64 - SHARD_BITS)) as usize]
    }
}

impl Shard {
    fn judge(&mut self, entry: Entry) -> Verdict {
        if !self.has_room() {
            self.grow();
        }
        let mut place = self.start(entry.mark);
        let mut contested = false;
        while self.places[place][0] != 0 {
            let known = Entry::unpacked(self.places[place]);
            if known.mark == entry.mark {
                let differs = known.rest ^ entry.rest;
                if differs & !THIS_LOAD == 0 {
                    let is_new = known.rest & THIS_LOAD == THIS_LOAD;
                    return if is_new { Verdict::Duplicate } else { Verdict::Unchanged };
                }
                contested |= differs & KEY_BITS == 0;
            }
            place = self.after(place);
        }
        if contested {
            return Verdict::Contested;
        }
        self.places[place] = Entry { rest: entry.rest | THIS_LOAD, ..entry }.packed();
        self.used += 1;
        Verdict::New
    }

    /// Where a record of that key stands.
    fn find(&self, entry: Entry) -> Option<usize> {
        if self.places.is_empty() {
            return None;
        }
        let mut place = self.start(entry.mark);
        while self.places[place][0] != 0 {
            let known = Entry::unpacked(self.places[place]);
            if known.mark == entry.mark && (known.rest ^ entry.rest) & KEY_BITS == 0 {
                return Some(place);
            }
            place = self.after(place);
        }
        None
    }

    fn insert(&mut self, entry: Entry) {
        if !self.has_room() {
            self.grow();
        }
        self.put(entry);
    }

    fn put(&mut self, entry: Entry) {
        let mut place = self.start(entry.mark);
        while self.places[place][0] != 0 {
            place = self.after(place);
        }
        self.places[place] = entry.packed();
        self.used += 1;
    }

    #[inline]
    fn start(&self, mark: u32) -> usize {
        ((u64::from(mark) * self.places.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        if place + 1 == self.places.len() { 0 } else { place + 1 }
    }

    /// At most three quarters are taken.
    fn has_room(&self) -> bool {
        (self.used + 1) * 4 <= self.places.len() * 3
    }

    /// By a quarter: with thousands of shards that grow one at a time, hardly any memory is taken twice, and little of it
    /// stays empty.
    fn grow(&mut self) {
        self.resize((self.places.len() + self.places.len() / 4).max(8));
    }

    fn make_room(&mut self, records: usize) {
        let capacity = records * 4 / 3 + 2;
        if capacity > self.places.len() {
            self.resize(capacity);
        }
    }

    fn resize(&mut self, capacity: usize) {
        let places = std::mem::replace(&mut self.places, vec![FREE; capacity]);
        self.used = 0;
        for place in places.into_iter().filter(|place| place[0] != 0) {
            self.put(Entry::unpacked(place));
        }
    }
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_128;

    use super::*;

    fn some_key(number: u64) -> Key {
        let digest = xxh3_128(&number.to_le_bytes());
        Key { high: (digest >> 64) as u64, low: digest as u64 }
    }

    fn some_hash(number: u64) -> i64 {
        (xxh3_128(&number.to_be_bytes()) as u64).cast_signed()
    }

    #[test]
    fn new_unchanged_duplicate_and_contested() {
        let mut known = Known::default();
        known.note(some_key(1), some_hash(1));
        assert_eq!(known.judge(some_key(1), some_hash(1)), Verdict::Unchanged);
        assert_eq!(known.judge(some_key(1), some_hash(2)), Verdict::Contested);
        assert_eq!(known.judge(some_key(2), some_hash(2)), Verdict::New);
        assert_eq!(known.judge(some_key(2), some_hash(2)), Verdict::Duplicate);
        known.settle(some_key(1), some_hash(2));
        assert_eq!(known.judge(some_key(1), some_hash(2)), Verdict::Duplicate);
        assert_eq!(known.judge(some_key(1), some_hash(1)), Verdict::Contested);
        assert_eq!(known.len(), 2);
    }

    #[test]
    fn nothing_is_forgotten_while_it_grows() {
        for room in [0, 300_000] {
            let mut known = Known::default();
            known.expect(room);
            for number in 0..300_000 {
                assert_eq!(known.judge(some_key(number), some_hash(number)), Verdict::New);
            }
            assert_eq!(known.len(), 300_000);
            for number in 0..300_000 {
                assert_eq!(known.judge(some_key(number), some_hash(number)), Verdict::Duplicate);
            }
        }
    }

    #[test]
    fn equal_keys_by_ordinal_are_different_records() {
        let mut ordinals = Ordinals::default();
        let first = ordinals.identify(some_key(7), Repeats::Ordinal);
        let second = ordinals.identify(some_key(7), Repeats::Ordinal);
        assert_ne!(first, second);
        ordinals.next_file();
        assert_eq!(ordinals.identify(some_key(7), Repeats::Ordinal), first);
        assert_eq!(ordinals.identify(some_key(7), Repeats::Revision), some_key(7));
    }
}
