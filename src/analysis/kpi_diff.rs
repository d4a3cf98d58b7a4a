//! What changed between two KPI files, or two versions in one, in words.

use std::collections::BTreeSet;

use crate::analysis::definition::{Definition, Kpi};
use crate::analysis::kpi_words::{self, Fact};

/// What changed from one file to the other: a sentence each, none if they say the same.
///
/// **Method**: both are put into facts under labels ([`kpi_words`]); facts of one label are compared, so the order of keys,
/// comments and layout of a file do not matter. Definitions are matched by version, targets by their first day; a version
/// that is new is set against the one before it.
pub fn files(old: &Kpi, new: &Kpi) -> Vec<String> {
    let mut out = Vec::new();
    if old.id != new.id {
        out.push(format!("These are two measures: {} and {}.", old.id, new.id));
    }
    out.extend(facts(&kpi_words::measure(old), &kpi_words::measure(new), ""));
    for definition in &new.definition {
        let prefix = format!("Definition {}", definition.version);
        if let Some(before) = old.version(&definition.version) {
            let (was, is) = (kpi_words::dates(before), kpi_words::dates(definition));
            if was != is {
                out.push(format!("{prefix} holds {is}, where it held {was}."));
            }
            out.extend(facts(&with_reason(before), &with_reason(definition), &format!("{prefix}: ")));
        } else {
            out.push(format!("{prefix} is new, {}: {}.", kpi_words::dates(definition), definition.reason));
            if let Some(before) = before(old, definition) {
                let prefix = format!("{prefix}, against {}: ", before.version);
                out.extend(facts(&kpi_words::definition(before), &kpi_words::definition(definition), &prefix));
            }
        }
    }
    let gone = old.definition.iter().filter(|d| new.version(&d.version).is_none());
    out.extend(gone.map(|d| format!("Definition {} is gone: figures were made with it.", d.version)));
    let targets = |kpi: &Kpi| -> Vec<Fact> { kpi.target.iter().map(|t| kpi_words::target(t, kpi.unit)).collect() };
    out.extend(facts(&targets(old), &targets(new), ""));
    if old.check != new.check {
        out.push("The checks against other measures differ.".to_owned());
    }
    if old.example != new.example {
        out.push(format!("The examples differ: {} before, {} now.", old.example.len(), new.example.len()));
    }
    out
}

/// What changed from one definition to another of the same measure.
pub fn versions(old: &Definition, new: &Definition) -> Vec<String> {
    facts(&kpi_words::definition(old), &kpi_words::definition(new), "")
}

/// The definition that held before a new one started: the last that is older, or else the last.
fn before<'a>(old: &'a Kpi, new: &Definition) -> Option<&'a Definition> {
    old.definition.iter().rev().find(|d| d.valid_from <= new.valid_from).or_else(|| old.definition.last())
}

fn with_reason(definition: &Definition) -> Vec<Fact> {
    let mut out = kpi_words::definition(definition);
    out.push(("Reason".to_owned(), definition.reason.clone()));
    if let Some(approved) = &definition.approved {
        out.push(("Approved".to_owned(), format!("by {} on {}", approved.by, approved.on)));
    }
    out
}

fn facts(old: &[Fact], new: &[Fact], prefix: &str) -> Vec<String> {
    let find = |facts: &[Fact], label: &str| facts.iter().find(|(l, _)| l == label).map(|(_, words)| words.clone());
    let mut seen = BTreeSet::new();
    let labels = new.iter().chain(old).map(|(label, _)| label).filter(|label| seen.insert((*label).clone()));
    labels
        .filter_map(|label| match (find(old, label), find(new, label)) {
            (Some(was), Some(is)) if was != is => Some(format!("{prefix}{label}: was “{was}”, is now “{is}”.")),
            (None, Some(is)) => Some(format!("{prefix}{label} is new: “{is}”.")),
            (Some(was), None) => Some(format!("{prefix}{label} is gone; it was “{was}”.")),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::definition::builtin;
    use crate::model::time::parse_date;

    fn kpi() -> Kpi {
        builtin().unwrap().into_iter().find(|k| k.measure == "M03").unwrap()
    }

    #[test]
    fn the_same_file_has_no_difference() {
        assert!(files(&kpi(), &kpi()).is_empty());
    }

    #[test]
    fn changes_are_said_in_words() {
        let old = kpi();
        let mut new = kpi();
        let mut second = new.definition[0].clone();
        second.version = "2.0.0".into();
        second.valid_from = parse_date("2017-07-01").unwrap();
        second.reason = "the Authority asked for within".into();
        second.threshold.as_mut().unwrap().op = "<=".into();
        second.exclude.remove(1);
        new.definition.push(second);
        new.target[0].value = 0.95;
        new.owner = "supt-operations".into();
        let said = files(&old, &new).join("\n");
        for words in [
            "Owner: was “ch-insp-operations”, is now “supt-operations”.",
            "Definition 2.0.0 is new, from 1 July 2017: the Authority asked for within.",
            "Definition 2.0.0, against 1.0.0: Boundary: was “under 600 seconds”, is now “at most 600 seconds”.",
            "Left out as self_raised is gone",
            "Target from 1 January 2017: was “at least 100.0%",
        ] {
            assert!(said.contains(words), "{words}\n{said}");
        }
        assert_eq!(versions(&new.definition[0], &new.definition[1]).len(), 4, "two reasons moved up");
        assert!(files(&new, &old).iter().any(|line| line.contains("2.0.0 is gone")));
    }
}
