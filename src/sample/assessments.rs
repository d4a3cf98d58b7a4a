//! THRIVE: how call takers weigh a call, and how it was resolved. Introduced twelve months before the end of the sample.

use std::path::Path;

use super::calendar::{Span, at_wall, wall_text};
use super::categories::CATEGORIES;
use super::incidents::Incident;
use super::random::Stream;
use super::write::{Rows, Written};
use crate::error::Result;
use crate::model::time::add_months;

/// Writes `assessments.csv.gz`: one row an incident since THRIVE began, cancelled ones left out.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_assessments(
    out: &Path,
    span: &Span,
    incidents: &[Incident],
    ids: &[String],
    seed: u64,
) -> Result<Written> {
    let mut stream = Stream::new(seed, "assessments");
    let begins = at_wall(add_months(span.to, -12), 0);
    let header = [
        "incident_id",
        "assessed_at",
        "threat",
        "harm",
        "risk",
        "investigation",
        "vulnerability",
        "engagement",
        "resolution",
        "recorded",
    ];
    let mut file = Rows::create(out, "assessments.csv.gz", &header)?;
    for (row, id) in incidents.iter().zip(ids).filter(|(row, _)| row.answered >= begins && !row.cancelled) {
        let assessed = (row.answered + stream.seconds(40, 240)).min(row.closed);
        let urgent = [0.75, 0.4, 0.15, 0.05][usize::from(row.grade_initial.clamp(1, 4)) - 1];
        let vulnerable = match CATEGORIES[row.category].code {
            "mental-health" | "concern-for-welfare" | "missing-person" => 0.8,
            "domestic" => 0.6,
            _ => 0.12,
        };
        let mut mark = |high: f64| {
            let roll = stream.unit();
            if roll < high {
                "high"
            } else if roll < high + (1.0 - high) * 0.4 {
                "medium"
            } else {
                "low"
            }
        };
        let marks = [mark(urgent), mark(urgent * 0.9), mark(urgent * 0.8), mark(0.25), mark(vulnerable), mark(0.2)];
        let resolution = match (row.arrived, row.origin) {
            (Some(_), _) => "attended",
            (None, "online") => stream.code(&[("online", 70.0), ("telephone", 20.0), ("partner", 10.0)]),
            (None, _) => stream.code(&[("telephone", 64.0), ("appointment", 22.0), ("partner", 14.0)]),
        };
        let mut fields = vec![id.clone(), wall_text(assessed)];
        fields.extend(marks.map(str::to_owned));
        fields.push(resolution.to_owned());
        fields.push(wall_text(row.recorded.max(assessed)));
        file.add(&fields)?;
    }
    file.finish()
}
