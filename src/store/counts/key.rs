//! What a record is counted under, in one number: cell, group, day of the month, hour.

use crate::space::Cell;

/// Resolution of the cells that are counted. Coarser ones follow exactly; finer ones need the records.
pub(super) const RESOLUTION: u8 = 9;

/// Bits of an hour, of a day, and of both.
const HOUR_BITS: u32 = 5;
const SLOT_BITS: u32 = 10;
const GROUP_BITS: u32 = 10;
/// Bits of all but the cell.
pub(super) const LOW_BITS: u32 = SLOT_BITS + GROUP_BITS;

/// Groups that a file may have; a file with more has no counts.
pub(super) const MOST_GROUPS: usize = (1 << GROUP_BITS) - 1;

/// Days of a month.
pub(super) const DAYS: usize = 31;

/// Hour of a record whose time of day is not known, and of one whose day is not known either.
pub(super) const NO_HOUR: u32 = 24;
pub(super) const NO_DAY: u32 = 25;

/// Code of a record without a cell: after those of all cells.
pub(super) const NO_CELL: u64 = 1 << CELL_BITS;
/// Base cell and nine digits.
const CELL_BITS: u32 = 34;
/// Bits of an H3 index below the ninth digit.
const BELOW: u32 = 18;
/// An H3 index is a cell (mode 1) of the stored resolution if its upper bits are these…
const STORED_TOP: u64 = 0x080 | Cell::STORED as u64;
/// …and the digits that it does not use all ones.
const UNUSED: u64 = 0xFFF;
const COUNTED_TOP: u64 = 0x080 | RESOLUTION as u64;

/// Code of the counted cell that holds a stored one; `None` if the bits are not a stored cell's. (That the upper digits
/// make a cell is looked at once a counted cell.)
#[inline]
pub(super) fn cell_code(bits: i64) -> Option<u64> {
    let bits = bits.cast_unsigned();
    let digit = |place: u32| bits >> place & 7;
    let is_stored = bits >> 52 == STORED_TOP && bits & UNUSED == UNUSED && digit(12) != 7 && digit(15) != 7;
    is_stored.then_some(bits >> BELOW & (NO_CELL - 1))
}

/// The counted cell of a code.
pub(super) fn cell(code: u64) -> Option<Cell> {
    if code >= NO_CELL {
        return None;
    }
    Cell::from_bits((COUNTED_TOP << 52 | code << BELOW | ((1 << BELOW) - 1)).cast_signed())
}

/// Group and slot of a record in one number.
#[inline]
pub(super) fn low(group: u32, day: u32, hour: u32) -> u32 {
    group << SLOT_BITS | day << HOUR_BITS | hour
}

/// Group (0 is none), day from the first of the month, and hour.
#[inline]
pub(super) fn parts(low: u32) -> (u32, usize, u32) {
    (low >> SLOT_BITS, (low >> HOUR_BITS & 31) as usize, low & 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Point;

    #[test]
    fn a_code_is_that_of_the_parent() {
        for (lat, lon) in [(49.1868, -2.1067), (0.0, 0.0), (-89.9, 170.0), (64.7, 10.5), (41.8, -87.6)] {
            let stored = Cell::at(Point { lat, lon }, Cell::STORED).unwrap();
            assert_eq!(cell(cell_code(stored.bits()).unwrap()), stored.parent(RESOLUTION));
            assert_eq!(cell_code(stored.parent(10).unwrap().bits()), None);
            assert_eq!(cell_code(stored.bits() & !1), None);
            assert_eq!(cell_code(stored.bits() | 7 << 12), None);
        }
        assert_eq!((cell_code(0), cell_code(-1), cell(NO_CELL)), (None, None, None));
    }

    #[test]
    fn parts_of_a_key() {
        let most = low(MOST_GROUPS as u32, 30, NO_DAY);
        assert_eq!(parts(most), (1023, 30, 25));
        assert!(most < 1 << LOW_BITS);
    }
}
