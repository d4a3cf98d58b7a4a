//! The rules: what is too small to print, and what stands in its place.

use serde::{Deserialize, Serialize};

/// A rule of disclosure control with its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// How numbers are hidden.
    pub rule: Rule,
    /// Counts of persons from 1 to one below this are too small to print.
    pub threshold: u64,
}

/// How numbers are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// `jersey-public-v1`: small counts as `[c]`, and so many others with them that none can be worked out.
    Suppress,
    /// `round5`: small counts as `[c]`, all other counts of persons to the nearest 5.
    Round5,
}

/// A number as readers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// As it is.
    Value(u64),
    /// Rounded: the number is within two of this.
    Rounded(u64),
    /// `[c]`: confidential.
    Hidden,
}

/// Written where a number is confidential.
pub const CONFIDENTIAL: &str = "[c]";

impl Profile {
    /// `jersey-public-v1`: `[c]` from 1 to `threshold − 1`, nought kept, the rest as it is unless it would give one away.
    pub fn jersey(threshold: u32) -> Self {
        Self { rule: Rule::Suppress, threshold: u64::from(threshold) }
    }

    /// `round5`, the rule of the English Hospital Episode Statistics since September 2018: nought as it is, 1 to 7 as
    /// `[c]`, everything else to the nearest 5, totals from their true number.
    pub fn round5() -> Self {
        Self { rule: Rule::Round5, threshold: 8 }
    }

    /// Name in manifests.
    pub fn name(self) -> &'static str {
        match self.rule {
            Rule::Suppress => "jersey-public-v1",
            Rule::Round5 => "round5",
        }
    }

    /// Whether a count of persons is too small to print. Nought is not.
    pub fn is_small(self, count: u64) -> bool {
        (1..self.threshold).contains(&count)
    }

    /// How far apart the least and the most that a reader can hold possible must be, for a hidden number.
    ///
    /// **Method** the threshold where numbers are suppressed. Rounding says by its nature that `[c]` is 1 to 7, so there
    /// it is 2: a reader is left with three numbers at the least.
    pub fn width(self) -> u64 {
        match self.rule {
            Rule::Suppress => self.threshold.max(1),
            Rule::Round5 => 2,
        }
    }

    /// A count as this rule alone prints it, before anything is hidden for the sake of another.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::sdc::{Profile, Shown};
    /// let round5 = |count| Profile::round5().shown(count, true);
    /// assert_eq!([0, 7, 8, 12, 13].map(round5), [
    ///     Shown::Value(0), Shown::Hidden, Shown::Rounded(10), Shown::Rounded(10), Shown::Rounded(15),
    /// ]);
    /// ```
    pub fn shown(self, count: u64, personal: bool) -> Shown {
        match (personal, self.rule) {
            (true, _) if self.is_small(count) => Shown::Hidden,
            (true, Rule::Round5) if count > 0 => Shown::Rounded(count.saturating_add(2) / 5 * 5),
            _ => Shown::Value(count),
        }
    }
}

impl Shown {
    /// As text: digits, or `[c]`.
    pub fn text(self) -> String {
        match self {
            Shown::Value(count) | Shown::Rounded(count) => count.to_string(),
            Shown::Hidden => CONFIDENTIAL.to_owned(),
        }
    }

    /// The printed number.
    pub fn number(self) -> Option<u64> {
        match self {
            Shown::Value(count) | Shown::Rounded(count) => Some(count),
            Shown::Hidden => None,
        }
    }
}
