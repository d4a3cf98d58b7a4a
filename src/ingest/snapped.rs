//! Points that a source snaps its records to: map points, station yards, the middle of a street.
//!
//! **Rule.** Within one batch of an extract (at most 65,536 rows), a position is a snapped point if at least 20 records,
//! and at least one in a hundred of those with a position, stand at exactly it (every digit of latitude and longitude).
//! Only tables of things that happen at places are looked at: a camera's reads and a parked car's pings stand at one
//! point because they are there.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Float64Type;

use super::marks::Marks;
use super::reject::Label;

/// Tables of things that happen at places.
const TABLES: [&str; 5] = ["incidents", "crimes", "stops", "offences", "collisions"];
/// At least so many records at a point.
const LEAST: usize = 20;
/// And at least one in so many of the located records.
const ONE_IN: usize = 100;
/// Positions are first counted by a hash of so many values (two to the twelfth): hardly a batch needs more.
const BUCKETS: usize = 1 << 12;

/// Whether snapped points are looked for in a table: then its batches are as large as the rule says.
pub(super) fn looks_at(table: &str) -> bool {
    TABLES.contains(&table)
}

/// Labels the records of a batch that stand at snapped points.
pub(super) fn label(table: &str, lat: &ArrayRef, lon: &ArrayRef, marks: &mut Marks<'_>) {
    let (Some(lat), Some(lon)) = (lat.as_primitive_opt::<Float64Type>(), lon.as_primitive_opt::<Float64Type>()) else {
        return;
    };
    if !looks_at(table) || lat.len() < LEAST {
        return;
    }
    let rows = 0..lat.len();
    let position = |row: usize| (lat.value(row).to_bits(), lon.value(row).to_bits());
    let located: Vec<usize> = rows.filter(|row| lat.is_valid(*row) && marks.is_kept(*row)).collect();
    let enough = LEAST.max(located.len().div_ceil(ONE_IN));
    let mut buckets = vec![0_u32; BUCKETS];
    for row in &located {
        buckets[bucket(position(*row))] += 1;
    }
    // A point with enough records fills its bucket; few buckets are full, so few positions are counted exactly.
    if buckets.iter().all(|count| (*count as usize) < enough) {
        return;
    }
    let mut counts: HashMap<(u64, u64), usize> = HashMap::new();
    let full = |row: &&usize| buckets[bucket(position(**row))] as usize >= enough;
    for row in located.iter().filter(full) {
        *counts.entry(position(*row)).or_default() += 1;
    }
    for row in located.iter().filter(full) {
        if counts.get(&position(*row)).is_some_and(|count| *count >= enough) {
            marks.label(*row, Label::SnappedPoint);
        }
    }
}

/// The upper twelve bits of a product: they depend on all bits of the position (Fibonacci hashing).
#[inline]
fn bucket((lat, lon): (u64, u64)) -> usize {
    let mixed = (lat.rotate_left(32) ^ lon).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 52) as usize
}
