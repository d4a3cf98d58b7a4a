//! The incident and crime extracts: their columns and records.

use std::path::Path;

use super::calendar::{wall_date, wall_text};
use super::categories::CATEGORIES;
use super::crimes::Crime;
use super::incidents::Incident;
use super::write::{Rows, Written, lat_lon};
use crate::error::Result;
use chrono::Datelike;

/// Columns of the incident extract.
pub const INCIDENT_COLUMNS: [&str; 18] = [
    "incident_id",
    "call_answered",
    "reported",
    "dispatched",
    "first_arrived",
    "closed",
    "recorded",
    "grade_initial",
    "grade_final",
    "origin",
    "category",
    "dv_risk",
    "person_token",
    "closing_code",
    "cancelled",
    "units_count",
    "lat",
    "lon",
];

/// Columns of the crime extract.
pub const CRIME_COLUMNS: [&str; 14] = [
    "crime_id",
    "incident_id",
    "crime_group",
    "offence_code",
    "offence_from",
    "offence_to",
    "reported",
    "recorded",
    "outcome",
    "outcome_at",
    "victim_token",
    "flags",
    "lat",
    "lon",
];

fn optional(at: Option<i64>) -> String {
    at.map(wall_text).unwrap_or_default()
}

/// Numbers records within their year: `I2015-000001`.
pub fn numbered(letter: char, years: impl Iterator<Item = i32>) -> Vec<String> {
    let mut year_now = 0;
    let mut number = 0_u32;
    years
        .map(|year| {
            number = if year == year_now { number + 1 } else { 1 };
            year_now = year;
            format!("{letter}{year}-{number:06}")
        })
        .collect()
}

/// Names of the incidents, in their order.
pub fn incident_ids(rows: &[Incident]) -> Vec<String> {
    numbered('I', rows.iter().map(|r| wall_date(r.answered).year()))
}

/// Names of the crimes, in their order.
pub fn crime_ids(rows: &[Crime]) -> Vec<String> {
    numbered('C', rows.iter().map(|r| wall_date(r.reported).year()))
}

/// One incident as the file has it.
pub fn incident_record(id: &str, row: &Incident) -> Vec<String> {
    let [lat, lon] = lat_lon(row.spot.at);
    vec![
        id.to_owned(),
        wall_text(row.answered),
        wall_text(row.reported),
        optional(row.dispatched),
        optional(row.arrived),
        wall_text(row.closed),
        wall_text(row.recorded),
        row.grade_initial.to_string(),
        row.grade_final.to_string(),
        row.origin.to_owned(),
        CATEGORIES[row.category].code.to_owned(),
        row.dv_risk.to_owned(),
        row.person.map(|n| format!("P{n:06}")).unwrap_or_default(),
        row.closing_code.to_owned(),
        if row.cancelled { "Y" } else { "N" }.to_owned(),
        row.units.to_string(),
        lat,
        lon,
    ]
}

/// One crime as the file has it.
pub fn crime_record(id: &str, row: &Crime, incident_ids: &[String]) -> Vec<String> {
    let [lat, lon] = lat_lon(row.spot.at);
    vec![
        id.to_owned(),
        row.incident.and_then(|i| incident_ids.get(i)).cloned().unwrap_or_default(),
        row.group.to_owned(),
        row.offence_code.to_owned(),
        wall_text(row.from),
        optional(row.to),
        wall_text(row.reported),
        wall_text(row.recorded),
        row.outcome.to_owned(),
        optional(row.outcome_at),
        row.victim.map(|n| format!("V{n:06}")).unwrap_or_default(),
        row.flags.clone(),
        lat,
        lon,
    ]
}

/// Writes `incidents.csv.gz`.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_incidents(out: &Path, rows: &[Incident], ids: &[String]) -> Result<Written> {
    let mut file = Rows::create(out, "incidents.csv.gz", &INCIDENT_COLUMNS)?;
    for (row, id) in rows.iter().zip(ids) {
        file.add(&incident_record(id, row))?;
    }
    file.finish()
}

/// Writes `crimes.csv.gz`.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_crimes(out: &Path, rows: &[Crime], ids: &[String], incident_ids: &[String]) -> Result<Written> {
    let mut file = Rows::create(out, "crimes.csv.gz", &CRIME_COLUMNS)?;
    for (row, id) in rows.iter().zip(ids) {
        file.add(&crime_record(id, row, incident_ids))?;
    }
    file.finish()
}
