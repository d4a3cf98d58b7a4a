//! Why a row was refused, and what was noticed about a row that was kept. Both lists are closed.

use std::sync::Arc;

/// Why a row was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A key column is blank.
    MissingKey,
    /// A time or date is written in none of the feed's formats, or does not exist.
    BadTime,
    /// A number is not one, or does not fit.
    BadNumber,
    /// A position is not a number, or lies off the globe or outside the domain of the feed's system.
    BadCoordinate,
    /// A code is not in the feed's list.
    UnknownCode,
    /// The row has more or fewer fields than the header.
    ColumnCount,
    /// A field is not UTF-8 text.
    BadText,
    /// The table needs a time and the row has none.
    MissingTime,
}

impl Reason {
    /// Every reason, in a fixed order.
    pub const ALL: [Self; 8] = [
        Self::MissingKey,
        Self::BadTime,
        Self::BadNumber,
        Self::BadCoordinate,
        Self::UnknownCode,
        Self::ColumnCount,
        Self::BadText,
        Self::MissingTime,
    ];

    /// Name in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingKey => "missing_key",
            Self::BadTime => "bad_time",
            Self::BadNumber => "bad_number",
            Self::BadCoordinate => "bad_coordinate",
            Self::UnknownCode => "unknown_code",
            Self::ColumnCount => "column_count",
            Self::BadText => "bad_text",
            Self::MissingTime => "missing_time",
        }
    }
}

/// One refused row. The message says what was wanted, never what was found: a value could be personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line on which the row starts; the header is line 1.
    pub line: u64,
    /// Why.
    pub reason: Reason,
    /// Source column, if one is to blame.
    pub column: Option<Arc<str>>,
    /// What was wanted.
    pub message: Arc<str>,
}

/// What was noticed about a row that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// No position was given.
    NoLocation,
    /// The position was 0, 0, which is a default and no place: treated as no position.
    NullIsland,
    /// The position lies in none of the areas, nor near one.
    OutsideAreas,
    /// The wall clock showed this time twice (clocks went back): the first was taken.
    AmbiguousHour,
    /// The wall clock never showed this time (clocks went forward): moved forward by the hour that was left out.
    NonexistentHour,
    /// A code outside the feed's list was put under `other`.
    OtherCode,
    /// Latitude and longitude were exchanged: they were put right.
    SwappedPosition,
    /// The position lies just outside every area: it got the name of the nearest.
    NearestArea,
    /// Many records of the batch stand at this very point: the source moves them to points of a map.
    SnappedPoint,
    /// It ended before it began: both times are kept as written.
    RangeReversed,
}

impl Label {
    /// Every label, in a fixed order.
    pub const ALL: [Self; 10] = [
        Self::NoLocation,
        Self::NullIsland,
        Self::OutsideAreas,
        Self::AmbiguousHour,
        Self::NonexistentHour,
        Self::OtherCode,
        Self::SwappedPosition,
        Self::NearestArea,
        Self::SnappedPoint,
        Self::RangeReversed,
    ];

    /// Name in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoLocation => "no_location",
            Self::NullIsland => "null_island",
            Self::OutsideAreas => "outside_areas",
            Self::AmbiguousHour => "ambiguous_hour",
            Self::NonexistentHour => "nonexistent_hour",
            Self::OtherCode => "other_code",
            Self::SwappedPosition => "swapped_position",
            Self::NearestArea => "nearest_area",
            Self::SnappedPoint => "snapped_point",
            Self::RangeReversed => "range_reversed",
        }
    }
}
