//! What every answer carries, so that it can be defended a year later.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::words::thousands;

/// Where an answer came from and how it was made.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Provenance {
    /// `hotspots`, `trend`, `kpi`…
    pub question: String,
    /// Table that was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Group filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// First island date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The date after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Daypart filter, with its band.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daypart: Option<String>,
    /// Method by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// H3 resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<u8>,
    /// Name of the study area, and how it came about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study_area: Option<String>,
    /// Cells of the study area, zeros included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cells: Option<u64>,
    /// Records that the answer counts; the fewest that it can be where [`Provenance::rows_at_most`] is there.
    pub rows: u64,
    /// The most that it can be, where a public answer hides single numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_at_most: Option<u64>,
    /// Records left out, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// Everything else that changes the answer.
    pub parameters: BTreeMap<String, String>,
    /// Why statistics are undefined, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undefined_reason: Option<String>,
    /// Last island date that the data holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_cut_off: Option<String>,
    /// Store version that was read.
    pub store_version: u64,
    /// Program and version.
    pub generated_by: String,
}

impl Provenance {
    /// Records counted, in words: `1,234`, or `30 to 33` where single numbers are hidden.
    pub fn counted(&self) -> String {
        match self.rows_at_most {
            Some(most) => format!("{} to {}", thousands(self.rows), thousands(most)),
            None => thousands(self.rows),
        }
    }
}

/// Name and version of this program, for provenance.
pub fn generator() -> String {
    format!("vigie {}", env!("CARGO_PKG_VERSION"))
}
