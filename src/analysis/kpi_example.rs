//! Examples of a KPI file: the figures that its rows must give, beside those they do give.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::definition::{Definition, Example, MeasureKind};
use crate::analysis::kpi_values::Observation;

/// One figure of an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Name of the figure.
    pub name: String,
    /// What the file expects.
    pub expected: f64,
    /// What its rows give; `None` if they give no such figure.
    pub found: Option<f64>,
    /// Whether the two are the same, within the tolerance.
    pub holds: bool,
}

/// Figures of an observation by the names that examples use.
///
/// **Units**: durations in minutes, shares 0 to 1, gaps in days.
pub fn figures(seen: &Observation, definition: &Definition) -> BTreeMap<String, f64> {
    let mut out: BTreeMap<String, f64> = seen.also.clone();
    for (short, long) in [("mean", "mean_min"), ("median", "median_min"), ("max", "max_min")] {
        if let Some(figure) = seen.also.get(long) {
            out.insert(short.to_owned(), *figure);
        }
    }
    for (name, figure) in &seen.also {
        if let Some(short) = name.strip_suffix("_min").filter(|short| short.starts_with('p')) {
            out.insert(short.to_owned(), *figure);
        }
    }
    let mut value = seen.value_of(definition.kind);
    let mut denominator = seen.denominator;
    if definition.kind == MeasureKind::Rate {
        let people = definition.people.first().map(|p| f64::from(p.count));
        let per = f64::from(definition.per.unwrap_or(1000));
        value = people.filter(|n| *n > 0.0).map(|n| seen.numerator.unwrap_or(0.0) / n * per);
        denominator = people;
    }
    let named = [
        ("n", seen.analysed),
        ("total", seen.total.or(seen.analysed)),
        ("numerator", seen.numerator),
        ("denominator", denominator),
        ("value", value),
    ];
    out.extend(named.into_iter().filter_map(|(name, figure)| Some((name.to_owned(), figure?))));
    out.extend(seen.excluded.iter().map(|(code, count)| (code.clone(), *count as f64)));
    out
}

/// Sets what an example expects against what its rows give.
pub fn outcomes(example: &Example, seen: &Observation, definition: &Definition) -> Vec<Outcome> {
    let found = figures(seen, definition);
    let near = |expected: f64, found: f64| {
        let allowed = example.tolerance.unwrap_or_else(|| 1e-6 * expected.abs().max(1.0));
        (expected - found).abs() <= allowed
    };
    example
        .expect
        .iter()
        .map(|(name, expected)| {
            let found = found.get(name).copied();
            let holds = found.is_some_and(|found| near(*expected, found));
            Outcome { name: name.clone(), expected: *expected, found, holds }
        })
        .collect()
}
