//! Custody: arrests in police cells, and people in a mental health crisis who are detained for their safety, fewer and
//! fewer of them in a cell.

use std::path::Path;

use super::calendar::{MILD, Span, WeekClock, quotas, wall_text};
use super::random::Stream;
use super::write::{Rows, Written};
use crate::error::Result;

/// Arrests a month at scale 1.
const ARRESTS: f64 = 105.0;
/// Detentions for safety a month at scale 1.
const IN_CRISIS: f64 = 11.0;
/// Share of those that are held in a police cell, at the start and at the end of the sample.
pub const IN_CELLS: [f64; 2] = [0.55, 0.25];

const HOURS: [f64; 24] = [
    4.0, 4.0, 3.6, 2.8, 1.6, 1.0, 0.8, 1.0, 1.4, 1.8, 2.2, 2.4, 2.4, 2.4, 2.6, 2.8, 3.0, 3.0, 3.0, 3.0, 3.2, 3.4, 3.8,
    4.2,
];

/// Writes `custody.csv.gz`.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_custody(out: &Path, span: &Span, scale: f64, seed: u64) -> Result<Written> {
    let mut stream = Stream::new(seed, "custody");
    let clock = WeekClock::new(&HOURS, &[1.0, 1.0, 1.0, 1.05, 1.2, 1.3, 1.1]);
    let arrests = quotas(span, ARRESTS * scale, &MILD, None, &mut stream);
    let in_crisis = quotas(span, IN_CRISIS * scale, &MILD, None, &mut stream);
    let mut rows: Vec<(i64, bool, f64)> = Vec::new();
    let last = (span.months.len().max(2) - 1) as f64;
    for (index, month) in span.months.iter().enumerate() {
        let share = IN_CELLS[0] + (IN_CELLS[1] - IN_CELLS[0]) * index as f64 / last;
        for (count, crisis) in [(arrests[index], false), (in_crisis[index], true)] {
            rows.extend((0..count).map(|_| (clock.draw(month, &mut stream), crisis, share)));
        }
    }
    rows.sort_by_key(|row| (row.0, row.1));
    let header = ["custody_id", "arrived_at", "released_at", "recorded", "reason", "held_in", "person_token"];
    let mut file = Rows::create(out, "custody.csv.gz", &header)?;
    for (number, (at, crisis, share)) in rows.into_iter().enumerate() {
        let reason = if crisis { "mental-health" } else { stream.code(&[("arrest", 88.0), ("warrant", 12.0)]) };
        let held_in = if crisis && !stream.chance(share) { "place-of-safety" } else { "police-cell" };
        let hours = if crisis { stream.between(1.5, 10.0) } else { stream.between(2.0, 22.0) };
        let until = (at + (hours * 3600.0) as i64).min(span.extracted_at() - 3600);
        let person = if stream.chance(0.2) { stream.below(120) } else { 1000 + stream.below(40_000) };
        file.add(&[
            format!("D{:06}", number + 1),
            wall_text(at),
            wall_text(until),
            wall_text((until + stream.seconds(300, 7200)).min(span.extracted_at() - 60)),
            reason.to_owned(),
            held_in.to_owned(),
            format!("D{person:06}"),
        ])?;
    }
    file.finish()
}
