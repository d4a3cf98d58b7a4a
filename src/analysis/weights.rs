//! Weights of harm: how grave each group of records is, as a versioned file that somebody answers for. The program
//! brings none of its own.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::analysis::hotspot::CellCount;
use crate::config::toml_error;
use crate::error::{Error, Result};
use crate::model::digest::sha256;
use crate::model::time::{Period, parse_date};
use crate::space::Cell;
use crate::stats::harm::harm;

/// A set of weights, as read from its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Name of this version.
    pub id: String,
    /// Who published it, and where.
    pub source: String,
    /// First date it is meant for.
    pub valid_from: NaiveDate,
    /// What a weight counts, such as days.
    pub unit: String,
    /// SHA-256 of the file.
    pub digest: String,
    /// Weight of each group.
    pub by_group: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    source: String,
    valid_from: toml::value::Datetime,
    unit: String,
    weights: BTreeMap<String, f64>,
}

impl Weights {
    /// Reads a file of weights.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::weights::Weights;
    /// let text = "id = \"x-1\"\nsource = \"made up\"\nvalid_from = 2026-01-01\nunit = \"days\"\n[weights]\nrobbery = 365";
    /// let weights = Weights::parse(text, "harm.toml")?;
    /// assert_eq!(weights.by_group["robbery"], 365.0);
    /// assert!(Weights::parse(&text.replace("365", "-1"), "harm.toml").is_err());
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Input` with file, line and column for an unknown or missing key; naming the group for a weight that is not a number
    /// from 0 on; for no weights at all.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let raw: Raw = toml::from_str(text).map_err(|cause| toml_error(text, origin, &cause))?;
        let wrong = |key: &str, message: &str| Error::input(message.to_owned()).at(format!("{origin}: {key}"));
        for (key, text) in [("id", &raw.id), ("source", &raw.source), ("unit", &raw.unit)] {
            if text.trim().is_empty() {
                return Err(wrong(key, "is empty"));
            }
        }
        if raw.weights.is_empty() {
            return Err(wrong("weights", "there is no weight"));
        }
        for (group, weight) in &raw.weights {
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(wrong(&format!("weights.{group}"), "a weight is a number from 0 on"));
            }
        }
        Ok(Self {
            id: raw.id,
            source: raw.source,
            valid_from: parse_date(&raw.valid_from.to_string()).map_err(|e| wrong("valid_from", e.message()))?,
            unit: raw.unit,
            digest: sha256(text.as_bytes()),
            by_group: raw.weights,
        })
    }

    /// One line for provenance: version, source, dates, digest.
    pub fn words(&self, period: Period) -> String {
        let earlier = if period.from < self.valid_from { ", after the period asked for begins" } else { "" };
        format!(
            "{} ({}), in {}, valid from {}{earlier}; SHA-256 {}",
            self.id, self.source, self.unit, self.valid_from, self.digest
        )
    }
}

/// Records of one kind in one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindCount {
    /// Cell of the question's resolution.
    pub cell: Cell,
    /// Value of the group column.
    pub kind: String,
    /// Records.
    pub count: u64,
}

/// Counts by cell, and their harm.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// Records by cell, weighted or not.
    pub counts: Vec<CellCount>,
    /// Harm by cell.
    pub harm: BTreeMap<Cell, f64>,
    /// Records whose group has no weight: in `counts`, not in `harm`.
    pub unweighted_records: u64,
}

/// Weighs records by kind and cell ([`harm`]).
pub fn weigh(kinds: &[KindCount], weights: &Weights) -> Weighed {
    let mut by_cell: BTreeMap<Cell, Vec<(&str, u64)>> = BTreeMap::new();
    for kind in kinds {
        by_cell.entry(kind.cell).or_default().push((&kind.kind, kind.count));
    }
    let mut weighed = Weighed { counts: Vec::new(), harm: BTreeMap::new(), unweighted_records: 0 };
    for (cell, kinds) in by_cell {
        weighed.counts.push(CellCount { cell, count: kinds.iter().map(|(_, count)| count).sum() });
        let found = harm(kinds, &weights.by_group);
        weighed.harm.insert(cell, found.weighted);
        weighed.unweighted_records += found.unweighted_records;
    }
    weighed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Point;

    const FILE: &str = include_str!("../../reports/harm/example.toml");

    #[test]
    fn the_example_is_read_and_says_what_it_is() {
        let weights = Weights::parse(FILE, "example.toml").unwrap();
        assert!(weights.source.contains("example"), "{}", weights.source);
        assert!(weights.by_group.len() >= 5 && weights.digest.len() == 64);
        let early = Period::new(parse_date("2016-01-01").unwrap(), parse_date("2017-01-01").unwrap()).unwrap();
        assert!(weights.words(early).contains("after the period asked for begins"));
    }

    #[test]
    fn wrong_files_are_refused_with_their_place() {
        let wrong =
            |from: &str, to: &str| Weights::parse(&FILE.replacen(from, to, 1), "harm.toml").unwrap_err().to_string();
        assert!(wrong("unit = ", "units = ").starts_with("harm.toml"));
        assert!(wrong("robbery = ", "robbery = -").contains("weights.robbery"));
        assert!(Weights::parse("id = 1", "harm.toml").is_err());
    }

    #[test]
    fn unweighted_records_are_counted() {
        let cell = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap();
        let kind = |kind: &str, count| KindCount { cell, kind: kind.to_owned(), count };
        let weights = Weights::parse(FILE, "example.toml").unwrap();
        let weighed = weigh(&[kind("robbery", 2), kind("novelty", 3)], &weights);
        assert_eq!((weighed.counts[0].count, weighed.unweighted_records), (5, 3));
        assert!((weighed.harm[&cell] - 2.0 * weights.by_group["robbery"]).abs() < 1e-9);
    }
}
