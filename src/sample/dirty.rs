//! Extracts that go wrong in known ways: bad rows of every reject reason (with those of `dirty_crimes`), a month sent
//! twice, revised records.

use std::path::Path;

use super::calendar::{DAY_S, Span, at_wall};
use super::crimes::Crime;
use super::dirty_crimes;
use super::extracts::{CRIME_COLUMNS, INCIDENT_COLUMNS, crime_record, incident_record};
use super::incidents::Incident;
use super::random::Stream;
use super::write::{Rows, Written, text};
use crate::error::{Error, Result};

/// A planted bad row.
#[derive(Debug, Clone)]
pub struct BadRow {
    /// Line of the file, the header being line 1.
    pub line: usize,
    /// Reject reason.
    pub reason: &'static str,
    /// Column at fault; empty where the row as a whole is wrong.
    pub column: &'static str,
}

/// What the files hold.
#[derive(Debug, Clone, Default)]
pub struct Planted {
    /// Good rows of `incidents-dirty.csv`.
    pub good_rows: usize,
    /// Its bad rows.
    pub bad_rows: Vec<BadRow>,
    /// Month of `incidents-again.csv.gz`, `YYYY-MM`.
    pub again_month: String,
    /// Incidents of `incidents-revised.csv.gz`.
    pub revised_incidents: Vec<String>,
    /// Crimes of `crimes-revised.csv.gz`.
    pub revised_crimes: Vec<String>,
    /// What `crimes-dirty.csv` holds.
    pub crimes: dirty_crimes::Planted,
}

/// Good rows around the six bad ones: the file stays just below a reject share of 5 %.
const GOOD_ROWS: usize = 120;

/// Writes the files under `dirty/`.
///
/// # Errors
/// `Input` if one cannot be written.
pub fn write(
    out: &Path,
    span: &Span,
    (incidents, incident_ids): (&[Incident], &[String]),
    (crimes, crime_ids): (&[Crime], &[String]),
    seed: u64,
) -> Result<(Vec<Written>, Planted)> {
    let mut stream = Stream::new(seed, "dirty");
    let mut planted = Planted::default();
    let month = span.months[span.months.len() - 10];
    let (from, to) = (at_wall(month.start, 0), at_wall(month.start + chrono::Duration::days(month.days), 0));
    let of_month: Vec<usize> = (0..incidents.len()).filter(|i| (from..to).contains(&incidents[*i].answered)).collect();
    planted.again_month = month.start.format("%Y-%m").to_string();

    let good: Vec<Vec<String>> =
        of_month.iter().take(GOOD_ROWS).map(|i| incident_record(&incident_ids[*i], &incidents[*i])).collect();
    let dirty = dirty_text(&good, &mut planted)?;
    let mut files = vec![text(out, "dirty/incidents-dirty.csv", &dirty, (good.len() + planted.bad_rows.len()) as u64)?];

    let mut again = Rows::create(out, "dirty/incidents-again.csv.gz", &INCIDENT_COLUMNS)?;
    for i in &of_month {
        again.add(&incident_record(&incident_ids[*i], &incidents[*i]))?;
    }
    files.push(again.finish()?);

    let mut revised = Rows::create(out, "dirty/incidents-revised.csv.gz", &INCIDENT_COLUMNS)?;
    for i in of_month.iter().filter(|i| !incidents[**i].cancelled).step_by(15) {
        let mut row = incidents[*i].clone();
        row.closing_code = "REVIEWED";
        row.grade_final = if row.grade_final < 4 { row.grade_final + 1 } else { 3 };
        row.recorded = span.extracted_at() + stream.seconds(DAY_S, 5 * DAY_S);
        planted.revised_incidents.push(incident_ids[*i].clone());
        revised.add(&incident_record(&incident_ids[*i], &row))?;
    }
    files.push(revised.finish()?);

    let mut revised = Rows::create(out, "dirty/crimes-revised.csv.gz", &CRIME_COLUMNS)?;
    for i in (0..crimes.len()).rev().filter(|i| crimes[*i].outcome == "ongoing").take(40) {
        let mut row = crimes[i].clone();
        row.recorded = span.extracted_at() + stream.seconds(DAY_S, 5 * DAY_S);
        row.outcome = "charged";
        row.outcome_at = Some(row.recorded - stream.seconds(3600, DAY_S));
        planted.revised_crimes.push(crime_ids[i].clone());
        revised.add(&crime_record(&crime_ids[i], &row, incident_ids))?;
    }
    files.push(revised.finish()?);

    let (more, dirty_crimes) = dirty_crimes::write(out, span, crimes, crime_ids, incident_ids)?;
    files.extend(more);
    planted.crimes = dirty_crimes;
    Ok((files, planted))
}

/// Good rows with one bad row of each reason among them.
fn dirty_text(good: &[Vec<String>], planted: &mut Planted) -> Result<String> {
    let column = |name: &str| INCIDENT_COLUMNS.iter().position(|c| *c == name).unwrap_or_default();
    let faults: [(&str, &str, &str); 6] = [
        ("missing_key", "incident_id", ""),
        ("bad_time", "reported", "2017-02-30 25:61:00"),
        ("bad_number", "units_count", "two"),
        ("bad_coordinate", "lat", "149.191200"),
        ("unknown_code", "category", "jaywalking"),
        ("column_count", "", ""),
    ];
    let mut lines: Vec<Vec<String>> = good.to_vec();
    planted.good_rows = good.len();
    for (number, (reason, name, value)) in faults.into_iter().enumerate() {
        let Some(pattern) = good.get(number * 7) else { continue };
        let mut bad = pattern.clone();
        if name.is_empty() {
            bad.truncate(INCIDENT_COLUMNS.len() - 3);
        } else {
            value.clone_into(&mut bad[column(name)]);
        }
        if reason != "missing_key" {
            bad[0] = format!("I0000-{:06}", number + 1);
        }
        let at = ((number + 1) * 18).min(lines.len());
        lines.insert(at, bad);
        planted.bad_rows.push(BadRow { line: at + 2, reason, column: name });
    }
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let broken = |e: csv::Error| Error::bug("cannot write CSV to memory").with_cause(e);
    writer.write_record(INCIDENT_COLUMNS).map_err(broken)?;
    for line in &lines {
        writer.write_record(line).map_err(broken)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::bug("cannot write CSV to memory").with_cause(e.into_error()))?;
    String::from_utf8(bytes).map_err(|e| Error::bug("CSV in memory is not UTF-8").with_cause(e))
}
