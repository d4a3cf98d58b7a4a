//! Made-up entries on how the policing plan stands: most deliverables done in time, some late, some never.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{Duration, NaiveDate};

use super::random::Stream;
use super::write::{self, Written};
use crate::analysis::owner::Owners;
use crate::analysis::plan::{DueKind, Register};
use crate::error::Result;

/// Writes `plan-status.toml`. The days are those of the plan, whatever the years of the sample.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_entries(out: &Path, seed: u64) -> Result<Written> {
    let mut stream = Stream::new(seed, "plan");
    let owners = Owners::builtin()?;
    let register = Register::builtin(&owners)?;
    let mut entries: Vec<(NaiveDate, String)> = Vec::new();
    for (objective, row) in register.deliverables() {
        let by = owners.resolve(&row.owner)?.first().and_then(|id| owners.name(id)).unwrap_or("Owner").to_owned();
        let many = objective.deliverable.len() > 1;
        for (part, due) in row.milestones() {
            let mut enter = |on: NaiveDate, status: &str, more: &str| {
                let mut text = format!("[[entry]]\nref = \"{}\"\n", objective.reference);
                if many {
                    let _ = writeln!(text, "row = {}", row.row);
                }
                if let Some(part) = part {
                    let _ = writeln!(text, "part = \"{part}\"");
                }
                let _ = writeln!(text, "on = {on}\nstatus = \"{status}\"\nby = \"{by}\"{more}");
                entries.push((on, text));
            };
            let begun = register.from + Duration::days(stream.seconds(9, 50));
            enter(begun, "under-way", "");
            let Some(due) = due.filter(|_| row.due_kind != DueKind::MultiYear) else { continue };
            let document = 100 + stream.below(900);
            let evidence = format!("\nevidence = [\"synthetic minute {document}\"]");
            match stream.weighted(&[72.0, 10.0, 8.0, 10.0]) {
                0 => enter((due - Duration::days(stream.seconds(0, 20))).max(begun), "done", &evidence),
                1 => enter(due + Duration::days(stream.seconds(5, 60)), "done", &evidence),
                2 => enter(
                    (due - Duration::days(stream.seconds(5, 20))).max(begun),
                    "at-risk",
                    "\nnote = \"Waits for a partner\"",
                ),
                _ => {}
            }
        }
    }
    entries.sort();
    let mut text =
        "# SYNTHETIC. How the deliverables of the policing plan stand is made up; nothing here is the force's.\n\
                    schema = 1\nsynthetic = true\n"
            .to_owned();
    for (_, entry) in &entries {
        text.push('\n');
        text.push_str(entry);
    }
    write::text(out, "plan-status.toml", &text, entries.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::plan::entries::Entries;

    #[test]
    fn the_entries_fit_the_plan() {
        let folder = tempfile::tempdir().unwrap();
        let (name, rows) = write_entries(folder.path(), 1).unwrap();
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        let register = Register::builtin(&Owners::builtin().unwrap()).unwrap();
        let entries = Entries::parse(&text, "plan-status.toml", &register).unwrap();
        assert!(entries.synthetic);
        assert_eq!(entries.all.len() as u64, rows);
    }
}
