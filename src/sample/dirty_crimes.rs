//! A crime extract with rows of every label, the refusals that the dirty incidents do not show, and a record that the
//! source took back; with the feed that reads it.

use std::path::Path;

use chrono::{Datelike, Duration, NaiveDate};

use super::calendar::{DAY_S, Span, wall_text};
use super::crimes::Crime;
use super::dirty::BadRow;
use super::extracts::{CRIME_COLUMNS, crime_record};
use super::write::{Written, bytes};
use crate::error::{Error, Result};

/// What the file holds.
#[derive(Debug, Clone, Default)]
pub struct Planted {
    /// Rows that a load accepts, those with labels among them.
    pub good_rows: usize,
    /// Rows that a load refuses.
    pub bad_rows: Vec<BadRow>,
    /// Lines and their label.
    pub labelled_rows: Vec<(usize, &'static str)>,
    /// Crimes that a last row takes back.
    pub deleted: Vec<String>,
}

/// Rows that bear no label of their own, before those that are snapped to one point.
const PLAIN: usize = 80;
/// Rows at one exact point.
const SNAPPED: usize = 24;
const SNAPPED_AT: [&str; 2] = ["49.187500", "-2.105200"];
/// In none of the parishes: far out at sea, and about 100 m off the beach of St Ouen.
const AT_SEA: [&str; 2] = ["49.000000", "-2.400000"];
const OFF_THE_BEACH: [&str; 2] = ["49.215000", "-2.228000"];
const FEED: &str = include_str!("dirty_crimes.toml");

/// Writes `dirty/crimes-dirty.csv` and its feed.
///
/// # Errors
/// `Input` if one cannot be written.
pub fn write(
    out: &Path,
    span: &Span,
    crimes: &[Crime],
    crime_ids: &[String],
    incident_ids: &[String],
) -> Result<(Vec<Written>, Planted)> {
    let mut header = CRIME_COLUMNS.to_vec();
    header.push("status");
    let column = |name: &str| header.iter().position(|known| *known == name).unwrap_or_default();
    let mut rows: Vec<Vec<String>> = crimes
        .iter()
        .zip(crime_ids)
        .take(PLAIN + SNAPPED)
        .map(|(crime, id)| {
            let mut row = crime_record(id, crime, incident_ids);
            row.push("LIVE".to_owned());
            row
        })
        .collect();
    let mut planted = Planted { good_rows: rows.len(), ..Planted::default() };

    // Every eighth row gets a label; the last ones stand at one point.
    for (number, label) in LABELS.into_iter().enumerate() {
        let at = number * 8 + 4;
        let (Some(row), Some(crime)) = (rows.get_mut(at), crimes.get(at)) else { continue };
        for (name, value) in changes(label, row, crime, span, &column) {
            row[column(name)] = value;
        }
        planted.labelled_rows.push((at + 2, label));
    }
    for (at, row) in rows.iter_mut().enumerate().skip(PLAIN) {
        [row[column("lat")], row[column("lon")]] = SNAPPED_AT.map(str::to_owned);
        planted.labelled_rows.push((at + 2, "snapped_point"));
    }

    // The first crime, taken back a day later.
    if let (Some(first), Some(crime)) = (rows.first().cloned(), crimes.first()) {
        let mut void = first;
        void[column("recorded")] = wall_text(crime.recorded + DAY_S);
        "VOID".clone_into(&mut void[column("status")]);
        planted.deleted.push(void[0].clone());
        rows.push(void);
    }

    let mut records: Vec<Vec<Vec<u8>>> =
        rows.into_iter().map(|row| row.into_iter().map(String::into_bytes).collect()).collect();
    let pattern = records.get(1).cloned().unwrap_or_default();
    for (number, (reason, name)) in [("bad_text", "offence_code"), ("missing_time", "")].into_iter().enumerate() {
        if pattern.is_empty() {
            continue;
        }
        let mut bad = pattern.clone();
        bad[0] = format!("C0000-{:06}", number + 1).into_bytes();
        if name.is_empty() {
            (bad[column("offence_from")], bad[column("reported")]) = (Vec::new(), Vec::new());
        } else {
            // Windows-1252, where the feed says UTF-8.
            bad[column(name)] = b"CAF\xc9".to_vec();
        }
        records.push(bad);
        planted.bad_rows.push(BadRow { line: records.len() + 1, reason, column: name });
    }

    let broken = |e: csv::Error| Error::bug("cannot write CSV to memory").with_cause(e);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).map_err(broken)?;
    for record in &records {
        writer.write_record(record).map_err(broken)?;
    }
    let text = writer.into_inner().map_err(|e| Error::bug("cannot write CSV to memory").with_cause(e.into_error()))?;
    let files = vec![
        bytes(out, "dirty/crimes-dirty.csv", &text, records.len() as u64)?,
        bytes(out, "dirty/crimes-dirty.toml", FEED.as_bytes(), 1)?,
    ];
    Ok((files, planted))
}

/// Labels of single rows, in the order of the file.
const LABELS: [&str; 9] = [
    "no_location",
    "null_island",
    "outside_areas",
    "nearest_area",
    "swapped_position",
    "ambiguous_hour",
    "nonexistent_hour",
    "other_code",
    "range_reversed",
];

/// What a row must hold to earn a label.
fn changes(
    label: &str,
    row: &[String],
    crime: &Crime,
    span: &Span,
    column: &impl Fn(&str) -> usize,
) -> Vec<(&'static str, String)> {
    let place = |[lat, lon]: [&str; 2]| vec![("lat", lat.to_owned()), ("lon", lon.to_owned())];
    let small_hours = |month: u32| {
        let on = last_sunday(span.from.year(), month);
        vec![
            ("offence_from", format!("{on} 01:30:00")),
            ("offence_to", String::new()),
            ("reported", format!("{on} 09:00:00")),
            ("recorded", format!("{on} 10:00:00")),
            ("outcome_at", String::new()),
        ]
    };
    match label {
        "no_location" => place(["", ""]),
        "null_island" => place(["0.000000", "0.000000"]),
        "outside_areas" => place(AT_SEA),
        "nearest_area" => place(OFF_THE_BEACH),
        "swapped_position" => place([&row[column("lon")], &row[column("lat")]]),
        "ambiguous_hour" => small_hours(10),
        "nonexistent_hour" => small_hours(3),
        "other_code" => vec![("outcome", "sent-to-another-force".to_owned())],
        _ => vec![("offence_to", wall_text(crime.from - 3600))],
    }
}

/// The day on which the clocks change, in a month of 31 days.
fn last_sunday(year: i32, month: u32) -> NaiveDate {
    let last = NaiveDate::from_ymd_opt(year, month, 31).unwrap_or_default();
    last - Duration::days(i64::from(last.weekday().num_days_from_sunday()))
}
