//! What is wrong, or not said, in a KPI file: everything at once, each with its line.

use chrono::Datelike;
use serde::Serialize;

use crate::analysis::definition::{Kpi, MeasureKind, Places, Status};
use crate::analysis::kpi_values::period_start;
use crate::analysis::owner::Owners;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `file:line: key`.
    pub place: String,
    /// Whether the file cannot be used; else it can, and somebody should look.
    pub error: bool,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Keys that every file needs, and why.
const NEEDED: &[(&str, &str)] = &[
    ("schema", "write schema = 1"),
    ("id", "a stable, dotted name"),
    ("title", "a heading"),
    ("owner", "somebody answers for a measure: an id or spelling of reports/aliases.toml"),
    ("direction", "which way is better is never guessed: increase, decrease or neutral"),
    ("unit", "count, percent, minutes, number or pounds"),
    ("sensitivity", "official or official-sensitive"),
    ("definition", "what is counted: at least one [[definition]]"),
];

/// Looks through one file. Errors first found by the parser come alone where they hide the rest.
pub fn lint(text: &str, origin: &str, owners: &Owners) -> Vec<Finding> {
    let places = Places::of(text, origin);
    let mut out = Vec::new();
    let mut find = |key: &str, error: bool, message: String| {
        out.push(Finding { place: places.at(key), error, message });
    };
    for (key, why) in NEEDED.iter().filter(|(key, _)| !places.has(key)) {
        find(key, true, format!("`{key}` is missing: {why}"));
    }
    for (list, key) in [("definition", "valid_from"), ("definition", "kind"), ("target", "valid_from")] {
        for at in (0..places.count(list)).filter(|at| !places.has(&format!("{list}[{at}].{key}"))) {
            find(&format!("{list}[{at}].{key}"), true, format!("a {list} without `{key}`"));
        }
    }
    if !out.is_empty() {
        return out;
    }
    match Kpi::parse(text, origin, owners) {
        Err(error) => {
            let place = error.place().unwrap_or(origin).to_owned();
            vec![Finding { place, error: true, message: error.message().to_owned() }]
        }
        Ok(kpi) => remarks(&kpi, &places),
    }
}

/// What a sound file leaves unsaid.
fn remarks(kpi: &Kpi, places: &Places<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut find = |key: &str, message: &str| {
        out.push(Finding { place: places.at(key), error: false, message: message.to_owned() });
    };
    if kpi.example.is_empty() && kpi.definition.iter().any(|d| d.kind != MeasureKind::Milestone) {
        find("example", "no example: rows with the figures they must give would show what is meant");
    }
    if kpi.plan_refs.is_empty() {
        find("plan_refs", "no reference to the plan: which aim does it serve?");
    }
    if kpi.target.is_empty() && kpi.definition.iter().all(|d| d.kind != MeasureKind::Milestone) {
        find("target", "no target and no figure of the plan");
    }
    for (at, definition) in kpi.definition.iter().enumerate() {
        let key = |part: &str| format!("definition[{at}].{part}");
        let grain = definition.time_dim.grain;
        if definition.valid_from != period_start(definition.valid_from, grain) {
            find(&key("valid_from"), "starts inside a period: that period is counted by the definition before");
        }
        if definition.approved.is_none() && at > 0 {
            find(&key("approved"), "a definition that replaced another, with nobody who agreed to it");
        }
        if definition.kind.is_duration() && definition.exclude.is_empty() {
            find(&key("exclude"), "a clock without exclusions: say what becomes of calls that nobody arrived at");
        }
        if definition.kind == MeasureKind::DurationMean && definition.note.is_none() {
            find(&key("note"), "a mean hides the long tail: say what to read it beside");
        }
        if definition.kind == MeasureKind::Rate
            && !definition.people.iter().any(|p| p.valid_from <= definition.valid_from)
        {
            find(&key("people"), "no figure of residents on the first day: earlier periods have no rate");
        }
    }
    for (at, target) in kpi.target.iter().enumerate() {
        if target.as_written.is_empty() {
            find(&format!("target[{at}].as_written"), "the words of whoever set it are not there");
        }
        if target.status != Status::PlanFigure && kpi.direction == crate::stats::spc::Direction::Neutral {
            find(&format!("target[{at}].status"), "a target of a measure that should neither rise nor fall");
        }
        let first = kpi.definition.first().map(|d| d.valid_from);
        if first.is_some_and(|first| target.valid_from < first) {
            find(&format!("target[{at}].valid_from"), "starts before the first definition");
        }
    }
    for (at, rebase) in kpi.spc.rebase.iter().enumerate() {
        if rebase.on.day() != 1 {
            find(
                &format!("spc.rebase[{at}].on"),
                "is not the first day of a period: the limits begin anew with the next one",
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::definition::builtin_texts;

    fn linted(change: impl Fn(String) -> String) -> Vec<String> {
        let (_, text) = builtin_texts().unwrap().into_iter().find(|(name, _)| name.contains("m03")).unwrap();
        let found = lint(&change(text), "m03.toml", &Owners::builtin().unwrap());
        found.iter().map(|f| format!("{} {}", f.place, f.message)).collect()
    }

    #[test]
    fn what_is_missing_is_said_at_once_with_its_line() {
        let without = |keys: &[&str]| {
            linted(|text| {
                let gone = |line: &&str| !keys.iter().any(|key| line.starts_with(&format!("{key} =")));
                text.lines().filter(gone).collect::<Vec<_>>().join("\n")
            })
        };
        let found = without(&["owner", "direction"]);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("m03.toml:1: owner ") && found[1].contains("direction"), "{found:?}");
        let found = without(&["valid_from"]);
        assert!(found.iter().any(|f| f.contains("target[0].valid_from a target without")), "{found:?}");
    }

    #[test]
    fn a_clock_without_a_stop_and_an_overlap_have_lines() {
        let found = linted(|text| text.replace(", stop = \"first_arrived_at\"", ""));
        assert!(found.len() == 1 && found[0].contains("missing field `stop`"), "{found:?}");
        let again = |text: String| {
            let second = text[text.find("[[definition]]").unwrap()..text.find("[[target]]").unwrap()].to_owned();
            text.replace("[[target]]", &format!("{}[[target]]", second.replace("1.0.0", "2.0.0")))
        };
        let found = linted(again);
        assert!(found[0].contains("definition[1].valid_from") && found[0].contains("overlap"), "{found:?}");
        let line: usize = found[0].split(':').nth(1).unwrap().parse().unwrap();
        assert!(line > 30, "{found:?}");
    }
}
