//! Traffic past the cameras: how many reads a camera had in an hour. Single vehicles never appear here.

use chrono::NaiveDate;
use serde::Serialize;

/// Reads of one camera in one local hour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowRow {
    /// Camera.
    pub camera_id: String,
    /// Its name.
    pub name: String,
    /// Island date.
    pub local_on: NaiveDate,
    /// Island hour, 0-23.
    pub local_hour: u8,
    /// Reads in that hour; `None` if suppressed.
    pub reads: Option<u64>,
}
