//! Which records a table holds, in twelve bytes a record: enough to say at once what an incoming row is, for tens of
//! millions of records in memory.
//!
//! A record is known by 56 bits of its key and 52 bits of its content's hash. *New*, *unchanged* and *duplicate* are told
//! from these. A row whose key seems known with other content is *contested*: the writer reads the stored records
//! themselves before it decides, so that two keys that look alike here (one such pair in about 60 loads of 50 million
//! rows) are still told apart. A new record taken for a known one would need 108 equal bits, a revision taken for no
//! change 52: once in 10^15 revisions.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use super::disk;
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

/// All records of a table: those that it held before the load, which stay as they are and may be looked at from several
/// threads, and what the load added or decided.
#[derive(Debug, Default)]
pub(super) struct Known {
    stored: Arc<Records>,
    of_load: Records,
}

impl Known {
    /// Begins with the records of the store.
    pub fn begin(stored: Records) -> Self {
        Self { stored: Arc::new(stored), of_load: Records::default() }
    }

    /// The records of the store.
    pub fn stored(&self) -> &Arc<Records> {
        &self.stored
    }

    /// Makes room for about so many incoming rows, so that memory need not grow on the way.
    pub fn expect(&mut self, rows: usize) {
        // They may all be known already: room is made for the excess only.
        self.of_load.expect(rows.saturating_sub(self.stored.len()));
    }

    /// Looks where the first [`GLANCES`] of some records would stand: they are judged faster after.
    pub fn glance(&self, keys: impl Iterator<Item = Key> + Clone) {
        self.stored.glance(keys.clone());
        self.of_load.glance(keys);
    }

    /// Says what an incoming row is, and remembers it if it is new.
    #[inline]
    pub fn judge(&mut self, key: Key, row_hash: i64) -> Verdict {
        let in_store = self.stored.find(key, row_hash);
        let in_load = match in_store {
            Found::Nothing => self.of_load.find_or_note(key, row_hash),
            _ => self.of_load.find(key, row_hash),
        };
        match (in_store, in_load) {
            (_, Found::Same) => Verdict::Duplicate,
            (Found::Same, Found::Nothing) => Verdict::Unchanged,
            (Found::Nothing, Found::Nothing) => Verdict::New,
            _ => Verdict::Contested,
        }
    }

    /// After a contest: the record is here with this content, and came with this load. (Should another record look the
    /// same by its key, that one will be contested when it comes again, which is decided on the records themselves.)
    pub fn settle(&mut self, key: Key, row_hash: i64) {
        self.of_load.set(key, row_hash);
    }
}

/// Keys that are looked at before they are judged: their places in memory fit a core's own caches.
pub(super) const GLANCES: usize = 512;

/// What there is of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// No record.
    Nothing,
    /// The record with the same content.
    Same,
    /// A record with other content.
    Other,
}

/// Twelve bits of a key choose the shard.
const SHARD_BITS: u32 = 12;
/// Shards that are filled together: what is to go in is sorted by stripe first, and a stripe fits a core's own cache.
const STRIPE_BITS: u32 = 6;
/// Of the 64 bits beside a mark the lowest twelve belong to the key, and the upper 52 to the content's hash.
const KEY_BITS: u64 = 0xFFF;
const ROW_BITS: u64 = !KEY_BITS;

/// A set of records.
#[derive(Debug)]
pub(super) struct Records {
    shards: Vec<Shard>,
    any: bool,
}

/// A record as the set sees it: 32 bits of the key, never 0, which also say where in the shard to look first, and the
/// upper and lower half of the rest. Kept together, so that one look waits for memory once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry([u32; 3]);

/// A place without a record.
const FREE: Entry = Entry([0; 3]);

impl Entry {
    #[inline]
    fn of(key: Key, row_hash: i64) -> Self {
        let rest = (row_hash.cast_unsigned() & ROW_BITS) | ((key.high >> 32) & KEY_BITS);
        // A mark of 0 is a free place.
        Self([(key.high as u32).max(1), (rest >> 32) as u32, rest as u32])
    }

    #[inline]
    fn is_free(self) -> bool {
        self.0[0] == 0
    }

    #[inline]
    fn mark(self) -> u32 {
        self.0[0]
    }

    /// Whether both are of one key, as far as this tells.
    #[inline]
    fn is_of_key(self, other: Self) -> bool {
        self.0[0] == other.0[0] && (self.0[2] ^ other.0[2]) & KEY_BITS as u32 == 0
    }
}

/// A table of open addressing.
#[derive(Debug, Default)]
struct Shard {
    places: Vec<Entry>,
    used: usize,
}

impl Default for Records {
    fn default() -> Self {
        Self { shards: (0..1 << SHARD_BITS).map(|_| Shard::default()).collect(), any: false }
    }
}

/// Number of a key's shard.
#[inline]
fn shard_of(key: Key) -> usize {
    (key.low >> (64 - SHARD_BITS)) as usize
}

impl Records {
    /// Makes room for about so many records in all, so that shards need not grow on the way.
    fn expect(&mut self, records: usize) {
        let mean = records >> SHARD_BITS;
        if mean > 0 {
            // Shards that get more than their share: three standard deviations.
            let room = mean + 3 * mean.isqrt();
            for shard in &mut self.shards {
                shard.make_room(room);
            }
        }
    }

    /// Records in the set.
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.used).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        !self.any
    }

    /// Looks where the first [`GLANCES`] of some records would stand. The places lie far apart in memory: looking at many
    /// does not wait for each. Where they are is worked out first, so that as many looks as can be are under way at once.
    pub fn glance(&self, keys: impl Iterator<Item = Key>) {
        if self.any {
            let mut places = [&FREE; GLANCES];
            for (place, key) in places.iter_mut().zip(keys) {
                *place = self.shards[shard_of(key)].first_look(Entry::of(key, 0));
            }
            // First and last: some places lie across two lines of memory.
            std::hint::black_box(places.iter().fold(0, |seen, Entry([mark, _, low])| seen ^ mark ^ low));
        }
    }

    /// What there is of a key.
    #[inline]
    pub fn find(&self, key: Key, row_hash: i64) -> Found {
        if self.any { self.shards[shard_of(key)].find(Entry::of(key, row_hash)).0 } else { Found::Nothing }
    }

    /// What there is of a key; if nothing, it is noted.
    #[inline]
    fn find_or_note(&mut self, key: Key, row_hash: i64) -> Found {
        self.any = true;
        self.shards[shard_of(key)].find_or_put(Entry::of(key, row_hash))
    }

    /// From now on the record has this content.
    fn set(&mut self, key: Key, row_hash: i64) {
        self.any = true;
        self.shards[shard_of(key)].set(Entry::of(key, row_hash));
    }
}

/// Fills a set from several threads.
///
/// Records are put in place many at a time, shard by shard: a shard fits the nearest cache, while the set as a whole lies
/// far off in memory, and every record put straight in would wait for it.
pub(super) struct Filling {
    stripes: Vec<Mutex<Stripe>>,
}

/// Neighbouring shards, and records on their way into them.
#[derive(Default)]
struct Stripe {
    shards: Vec<Shard>,
    waiting: Vec<(u16, Entry)>,
}

/// Shards of a stripe.
const STRIPE: usize = 1 << (SHARD_BITS - STRIPE_BITS);
/// Records that may wait for a stripe: 128 MiB in all.
const MOST_WAITING: usize = 1 << 17;

impl Filling {
    /// An empty set with room for about so many records.
    pub fn begin(records: usize) -> Self {
        let mut set = Records::default();
        set.expect(records);
        let mut shards = set.shards.into_iter();
        let stripe = |_| Mutex::new(Stripe { shards: shards.by_ref().take(STRIPE).collect(), waiting: Vec::new() });
        Self { stripes: (0..1 << STRIPE_BITS).map(stripe).collect() }
    }

    /// Notes stored records.
    pub fn note(&self, rows: impl Iterator<Item = (Key, i64)>) {
        let mut sorted: Vec<Vec<(u16, Entry)>> = vec![Vec::new(); 1 << STRIPE_BITS];
        let expected = rows.size_hint().0 >> STRIPE_BITS;
        for stripe in &mut sorted {
            stripe.reserve(expected + 4 * expected.isqrt());
        }
        for (key, row_hash) in rows {
            let shard = shard_of(key);
            sorted[shard / STRIPE].push(((shard % STRIPE) as u16, Entry::of(key, row_hash)));
        }
        for (stripe, entries) in self.stripes.iter().zip(sorted) {
            let mut stripe = stripe.lock().unwrap_or_else(PoisonError::into_inner);
            stripe.waiting.extend(entries);
            if stripe.waiting.len() >= MOST_WAITING {
                stripe.settle();
            }
        }
    }

    /// The set.
    pub fn finish(self) -> Records {
        disk::on_cores(&self.stripes, |stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner).settle());
        let shards = |stripe: Mutex<Stripe>| stripe.into_inner().unwrap_or_else(PoisonError::into_inner).shards;
        let shards: Vec<Shard> = self.stripes.into_iter().flat_map(shards).collect();
        Records { any: shards.iter().any(|shard| shard.used > 0), shards }
    }
}

impl Stripe {
    /// Puts what waits in place.
    fn settle(&mut self) {
        let mut ends = [0_usize; STRIPE + 1];
        for (shard, _) in &self.waiting {
            ends[usize::from(*shard) + 1] += 1;
        }
        for shard in 0..STRIPE {
            ends[shard + 1] += ends[shard];
        }
        let begins = ends;
        let mut sorted = vec![FREE; self.waiting.len()];
        for (shard, entry) in self.waiting.drain(..) {
            let end = &mut ends[usize::from(shard)];
            sorted[*end] = entry;
            *end += 1;
        }
        self.waiting = Vec::new();
        for (shard, range) in self.shards.iter_mut().zip(begins.windows(2)) {
            for entry in &sorted[range[0]..range[1]] {
                shard.insert(*entry);
            }
        }
    }
}

impl Shard {
    /// The place where a record is looked for first.
    #[inline]
    fn first_look(&self, entry: Entry) -> &Entry {
        self.places.get(self.start(entry.mark())).unwrap_or(&FREE)
    }

    /// What there is of a key, and the place of the first record of that key, or the free place where the look ended.
    #[inline]
    fn find(&self, entry: Entry) -> (Found, usize) {
        if self.places.is_empty() {
            return (Found::Nothing, 0);
        }
        let mut place = self.start(entry.mark());
        let mut other = None;
        loop {
            let there = self.places[place];
            if there == entry {
                return (Found::Same, place);
            }
            if there.is_free() {
                return other.map_or((Found::Nothing, place), |other| (Found::Other, other));
            }
            if there.is_of_key(entry) {
                other = other.or(Some(place));
            }
            place = self.after(place);
        }
    }

    #[inline]
    fn find_or_put(&mut self, entry: Entry) -> Found {
        if !self.has_room() {
            self.grow();
        }
        let (found, place) = self.find(entry);
        if found == Found::Nothing {
            self.places[place] = entry;
            self.used += 1;
        }
        found
    }

    fn set(&mut self, entry: Entry) {
        match self.find(entry) {
            (Found::Nothing, _) => self.insert(entry),
            (_, place) => self.places[place] = entry,
        }
    }

    #[inline]
    fn insert(&mut self, entry: Entry) {
        if !self.has_room() {
            self.grow();
        }
        self.put(entry);
    }

    #[inline]
    fn put(&mut self, entry: Entry) {
        let mut place = self.start(entry.mark());
        while !self.places[place].is_free() {
            place = self.after(place);
        }
        self.places[place] = entry;
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
    #[inline]
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
        for entry in places.into_iter().filter(|entry| !entry.is_free()) {
            self.put(entry);
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

    fn stored(numbers: std::ops::Range<u64>) -> Records {
        let filling = Filling::begin(0);
        filling.note(numbers.map(|number| (some_key(number), some_hash(number))));
        filling.finish()
    }

    #[test]
    fn new_unchanged_duplicate_and_contested() {
        let mut known = Known::begin(stored(1..2));
        assert_eq!(known.judge(some_key(1), some_hash(1)), Verdict::Unchanged);
        assert_eq!(known.judge(some_key(1), some_hash(2)), Verdict::Contested);
        assert_eq!(known.judge(some_key(2), some_hash(2)), Verdict::New);
        assert_eq!(known.judge(some_key(2), some_hash(2)), Verdict::Duplicate);
        known.settle(some_key(1), some_hash(2));
        assert_eq!(known.judge(some_key(1), some_hash(2)), Verdict::Duplicate);
        assert_eq!(known.judge(some_key(1), some_hash(1)), Verdict::Contested);
        assert_eq!((known.stored.len(), known.of_load.len()), (1, 2));
    }

    #[test]
    fn what_several_threads_note_is_known() {
        let filling = Filling::begin(1_000);
        std::thread::scope(|scope| {
            for part in 0..4 {
                let filling = &filling;
                let rows = part * 50_000..(part + 1) * 50_000;
                scope.spawn(move || filling.note(rows.map(|number| (some_key(number), some_hash(number)))));
            }
        });
        let mut known = Known::begin(filling.finish());
        assert_eq!(known.stored.len(), 200_000);
        for number in 0..200_000 {
            assert_eq!(known.judge(some_key(number), some_hash(number)), Verdict::Unchanged);
            assert_eq!(known.stored.find(some_key(number), some_hash(number + 1)), Found::Other);
        }
        assert_eq!(known.judge(some_key(200_000), some_hash(1)), Verdict::New);
    }

    #[test]
    fn nothing_is_forgotten_while_it_grows() {
        for room in [0, 300_000] {
            let mut known = Known::default();
            known.expect(room);
            for number in 0..300_000 {
                assert_eq!(known.judge(some_key(number), some_hash(number)), Verdict::New);
            }
            assert_eq!(known.of_load.len(), 300_000);
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
