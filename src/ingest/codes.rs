//! A closed list of codes: what the source writes → what the table holds.

use std::collections::{BTreeMap, HashMap};

/// What happens to a code outside the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The row is refused.
    Reject,
    /// The source's own text is kept.
    Keep,
    /// `other` is written and the row labelled.
    Other,
}

/// The list.
#[derive(Debug)]
pub struct Codes {
    /// Looked up only, never listed, so the order does not matter.
    places: HashMap<Box<[u8]>, usize>,
    values: Vec<Box<str>>,
    /// What happens to a code outside the list.
    pub unknown: Unknown,
}

/// The value of [`Unknown::Other`].
pub const OTHER: &str = "other";

impl Codes {
    /// Source code → value, exactly as written (capitals count).
    pub fn new(codes: &BTreeMap<String, String>, unknown: Unknown) -> Self {
        let places = codes.keys().enumerate().map(|(at, code)| (code.as_bytes().into(), at)).collect();
        Self { places, values: codes.values().map(|value| value.as_str().into()).collect(), unknown }
    }

    /// Index of a code's value.
    #[inline]
    pub fn place(&self, code: &[u8]) -> Option<usize> {
        self.places.get(code).copied()
    }

    /// The value at an index.
    #[inline]
    pub fn value(&self, place: usize) -> &str {
        self.values.get(place).map_or("", |value| value)
    }

    /// All values, one a code.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| &**value)
    }
}
