//! What the KPI commands print.

use serde_json::{Value, json};

use crate::analysis::definition::{Kpi, Places};
use crate::analysis::kpi_lint::Finding;
use crate::analysis::kpi_run::MeasureRun;
use crate::analysis::kpi_words::{self, Fact};
use crate::app::kpi_files::Kpis;
use crate::app::kpi_test::Tested;
use crate::engine::measure::{measure, template_text};
use crate::error::Result;

/// One measure as data: facts in the order in which they are read.
pub(super) fn shown(kpi: &Kpi) -> Result<Value> {
    let facts = |facts: Vec<Fact>| -> Value { facts.into_iter().map(|(label, words)| (label, json!(words))).collect() };
    let mut definitions = Vec::new();
    for definition in &kpi.definition {
        definitions.push(json!({
            "version": definition.version,
            "definition": definition.hash(template_text(definition.kind)?),
            "valid_from": definition.valid_from,
            "valid_to": definition.valid_to,
            "reason": definition.reason,
            "facts": facts(kpi_words::definition(definition)),
        }));
    }
    Ok(json!({
        "id": kpi.id,
        "measure": kpi.measure,
        "facts": facts(kpi_words::measure(kpi)),
        "definitions": definitions,
        "targets": facts(kpi.target.iter().map(|t| kpi_words::target(t, kpi.unit)).collect()),
        "examples": kpi.example.len(),
        "file": kpi.origin,
    }))
}

/// One measure to read.
pub(super) fn shown_text(kpi: &Kpi) -> String {
    let mut out = String::new();
    let mut write = |facts: Vec<Fact>, indent: &str| {
        for (label, words) in facts {
            out.push_str(&format!("{indent}{label}: {words}\n"));
        }
    };
    write(kpi_words::measure(kpi), "");
    write(kpi.target.iter().map(|t| kpi_words::target(t, kpi.unit)).collect(), "");
    for definition in &kpi.definition {
        let hash = template_text(definition.kind).map(|text| definition.hash(text)).unwrap_or_default();
        let dates = kpi_words::dates(definition);
        write(
            vec![(format!("\nDefinition {} ({hash})", definition.version), format!("{dates}: {}", definition.reason))],
            "",
        );
        if let Some(approved) = &definition.approved {
            write(vec![("Approved".into(), format!("by {} on {}", approved.by, approved.on))], "  ");
        }
        write(kpi_words::definition(definition), "  ");
    }
    out.push_str(&format!("\nFile: {}; {} examples\n", kpi.origin, kpi.example.len()));
    out
}

/// Notes on the series of a run.
pub(super) fn notes(measures: &[MeasureRun]) -> Vec<Value> {
    measures
        .iter()
        .flat_map(|m| {
            let part = m.part.as_ref().map(crate::analysis::kpi_run::Part::words);
            m.notes.iter().map(move |note| json!({"id": m.kpi.id, "part": part, "note": note}))
        })
        .collect()
}

pub(super) fn tested_text(tested: &[Tested], without: &[&str]) -> String {
    let mut out = String::new();
    for example in tested {
        let word = if example.holds { "ok" } else { "WRONG" };
        out.push_str(&format!("{word:<6}{} {} ({})\n", example.id, example.version, example.rows));
        for figure in example.outcomes.iter().filter(|f| !f.holds) {
            let found = figure.found.map_or_else(|| "no such figure".to_owned(), |found| found.to_string());
            out.push_str(&format!(
                "      {}: {} expected, found {found}: {}\n",
                figure.name, figure.expected, example.place
            ));
        }
    }
    let good = tested.iter().filter(|t| t.holds).count();
    out.push_str(&format!("{good} of {} examples hold", tested.len()));
    if !without.is_empty() {
        out.push_str(&format!("; without an example: {}", without.join(", ")));
    }
    out
}

/// Conditions that are no expressions over their table.
pub(super) fn expressions(kpis: &Kpis) -> Vec<Finding> {
    let mut out = Vec::new();
    for kpi in &kpis.kpis {
        for (at, definition) in kpi.definition.iter().enumerate() {
            if let Err(error) = measure(definition, None) {
                let key = format!("definition[{at}].{}", error.place().unwrap_or_default());
                let place = Places::of(&kpi.text, &kpi.origin).at(&key);
                out.push(Finding { place, error: true, message: error.message().to_owned() });
            }
        }
    }
    out
}

pub(super) fn lint_text(files: usize, found: &[Finding]) -> String {
    let mut out = String::new();
    for finding in found {
        let word = if finding.error { "error" } else { "look" };
        out.push_str(&format!("{}: {word}: {}\n", finding.place, finding.message));
    }
    let errors = found.iter().filter(|f| f.error).count();
    out.push_str(&format!("{files} files, {errors} errors, {} to look at", found.len() - errors));
    out
}
