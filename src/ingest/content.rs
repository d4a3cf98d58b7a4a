//! The hash by which a load sees whether a record changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, Int64Array, PrimitiveArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result};
use crate::model::schema::Table;

/// Common columns that are content too. The time of recording is one: a record that the source stamped again is a
/// revision, or an older one that arrives after it could win.
const COMMON_CONTENT: [&str; 6] = ["recorded_at", "lat", "lon", "vingtaine", "beat", "deleted"];

/// 64-bit hash of each row's content: the table's own columns, the position, and areas that the source names.
///
/// **Method.** Column by column, `h ← (rotl(h, 23) ⊕ XXH3-64(value)) · φ64`; an empty value has the hash of no bytes.
///
/// # Errors
/// `Bug` for a column of a kind that tables do not have.
pub fn hash(table: &Table, filled: &BTreeMap<&str, ArrayRef>, rows: usize) -> Result<ArrayRef> {
    let mut hashes = vec![0_u64; rows];
    let names = table.columns.iter().map(|column| column.name).chain(COMMON_CONTENT);
    for name in names {
        if let Some(array) = filled.get(name) {
            add(&mut hashes, array)?;
        } else {
            let nothing = xxh3_64(&[]);
            for hash in &mut hashes {
                mix(hash, nothing);
            }
        }
    }
    Ok(Arc::new(Int64Array::from_iter_values(hashes.into_iter().map(u64::cast_signed))))
}

#[inline]
fn mix(hash: &mut u64, value: u64) {
    *hash = (hash.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
}

fn add(hashes: &mut [u64], array: &ArrayRef) -> Result<()> {
    match array.data_type() {
        DataType::Utf8 => {
            for (hash, value) in hashes.iter_mut().zip(array.as_string::<i32>()) {
                mix(hash, xxh3_64(value.unwrap_or_default().as_bytes()));
            }
        }
        DataType::Boolean => {
            for (hash, value) in hashes.iter_mut().zip(array.as_boolean()) {
                mix(hash, value.map_or_else(|| xxh3_64(&[]), |value| xxh3_64(&[u8::from(value)])));
            }
        }
        DataType::Int64 => numbers(hashes, array.as_primitive::<Int64Type>(), i64::to_le_bytes),
        DataType::Float64 => numbers(hashes, array.as_primitive::<Float64Type>(), f64::to_le_bytes),
        DataType::Date32 => numbers(hashes, array.as_primitive::<Date32Type>(), i32::to_le_bytes),
        DataType::Timestamp(..) => numbers(hashes, array.as_primitive::<TimestampMicrosecondType>(), i64::to_le_bytes),
        other => return Err(Error::bug(format!("no content hash for columns of type {other}"))),
    }
    Ok(())
}

fn numbers<T: ArrowPrimitiveType, const N: usize>(
    hashes: &mut [u64],
    array: &PrimitiveArray<T>,
    bytes: impl Fn(T::Native) -> [u8; N],
) {
    if array.null_count() == 0 {
        for (hash, value) in hashes.iter_mut().zip(array.values()) {
            mix(hash, xxh3_64(&bytes(*value)));
        }
        return;
    }
    for (hash, value) in hashes.iter_mut().zip(array) {
        mix(hash, value.map_or_else(|| xxh3_64(&[]), |value| xxh3_64(&bytes(value))));
    }
}
