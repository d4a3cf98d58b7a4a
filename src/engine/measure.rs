//! A definition of a KPI file as a query: its kind's template, filled with its checked expressions and columns.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::catalogue::{self, QueryDoc};
use super::expression::expression;
use super::template::{Slots, fill};
use crate::analysis::definition::{Definition, MeasureKind};
use crate::error::{Error, Result};
use crate::model::schema::{ColumnKind, table};
use crate::model::time::add_months;

/// Months that are looked back to for the event before the first of a period.
const GAP_MONTHS: i32 = 60;

/// A definition that can be asked.
#[derive(Debug, Clone)]
pub struct Measure {
    pub(super) query: QueryDoc,
    /// Table that it reads.
    pub table: String,
    /// Columns that it reads.
    pub columns: BTreeSet<String>,
    /// The instant whose island date puts records into periods, if it is one.
    pub dated: Option<String>,
    /// Whether it is broken down by daypart.
    pub dayparts: bool,
    /// The date that puts records into periods.
    pub(super) on: String,
    /// Months before the first period that are looked at.
    back: i32,
}

impl Measure {
    /// First date that is read for periods that begin on a day.
    pub fn back_from(&self, from: NaiveDate) -> NaiveDate {
        add_months(from, -self.back)
    }
}

/// Name of a kind's template; none for what is not counted in a table.
fn template_name(kind: MeasureKind) -> Option<&'static str> {
    Some(match kind {
        MeasureKind::Count | MeasureKind::Rate => "measure_count",
        MeasureKind::Proportion => "measure_proportion",
        MeasureKind::DurationWithin | MeasureKind::DurationMean | MeasureKind::Quantile => "measure_duration",
        MeasureKind::Distinct => "measure_distinct",
        MeasureKind::TimeBetween => "measure_time_between",
        MeasureKind::Stock => "measure_stock",
        MeasureKind::Survey => "measure_survey",
        MeasureKind::Finance => "measure_finance",
        MeasureKind::Milestone => return None,
    })
}

/// Text of the template that counts a kind of measure: it is part of what a definition means, and so of its hash.
///
/// # Errors
/// `Bug` if the template is not there.
pub fn template_text(kind: MeasureKind) -> Result<&'static str> {
    template_name(kind).map_or(Ok(""), |name| Ok(catalogue::template(name)?.sql.as_str()))
}

/// Makes a definition a query; `by` is what its figures are broken down by: `parish`, `vingtaine`, `beat`, `daypart` or
/// `grade`. `None` for milestones, which stand in the file itself.
///
/// # Errors
/// `Input` whose place is the key of the definition that is wrong.
pub fn measure(definition: &Definition, by: Option<&str>) -> Result<Option<Measure>> {
    let Some(name) = template_name(definition.kind) else { return Ok(None) };
    let source = table(&definition.source)
        .ok_or_else(|| Error::input(format!("there is no table `{}`", definition.source)).at("source"))?;
    let mut columns = BTreeSet::new();
    let mut checked = |key: &str, text: &str| -> Result<String> {
        let found = expression(text, source).map_err(|e| e.at(key))?;
        columns.extend(found.columns);
        Ok(found.sql)
    };
    let mut slots = Slots::default();
    slots.set("where", checked("where", definition.condition.as_deref().unwrap_or("TRUE"))?);
    if let Some(numerator) = &definition.numerator {
        slots.set("numerator", checked("numerator", numerator)?);
    }
    for (at, exclusion) in definition.exclude.iter().enumerate() {
        let condition = checked(&format!("exclude[{at}].where"), &exclusion.condition)?;
        slots.add("exclude", [("where", condition), ("state", (at + 1).to_string())]);
    }
    let mut column = |slot: &'static str, name: &str, columns: &mut BTreeSet<String>| -> Result<()> {
        if source.kind_of(name).is_none() {
            return Err(Error::input(format!("{} has no column `{name}`", source.name)).at(slot));
        }
        columns.insert(name.to_owned());
        slots.set(slot, name);
        Ok(())
    };
    if let Some(clock) = &definition.clock {
        column("start", &clock.start, &mut columns)?;
        column("stop", &clock.stop, &mut columns)?;
    }
    if matches!(definition.kind, MeasureKind::Stock | MeasureKind::Finance) {
        column("value", definition.value.as_deref().unwrap_or("value"), &mut columns)?;
    }
    if definition.kind == MeasureKind::Survey {
        let survey = definition.survey.clone().unwrap_or_default();
        column("share", &survey.share, &mut columns)?;
        column("base", &survey.base, &mut columns)?;
    }
    let mut back = 0;
    if let Some(distinct) = &definition.distinct {
        column("person", &distinct.column, &mut columns)?;
        let (times, months) = distinct.repeat.map_or((2, 12), |r| (r.times, r.months));
        slots.set("before", times.saturating_sub(1).max(1).to_string());
        slots.set("within", months.to_string());
        back = i32::try_from(months).unwrap_or(12);
    }
    let field = definition.time_dim.field.as_str();
    let is_instant = source.kind_of(field) == Some(ColumnKind::Time);
    let on = if is_instant { format!("on_{field}") } else { field.to_owned() };
    if definition.kind == MeasureKind::TimeBetween {
        slots.set("at", field);
        back = GAP_MONTHS;
    }
    columns.insert(field.to_owned());
    let part = match by {
        None => "'all'",
        Some("daypart") => "daypart",
        Some("grade") => "grade_initial",
        Some(other) => other,
    };
    let dayparts = by == Some("daypart");
    if by.is_some() {
        let read = if dayparts { "local_minute" } else { part };
        if source.kind_of(read).is_none() {
            return Err(Error::input(format!("{} has no column {read}", source.name)).at("dims"));
        }
        columns.insert(read.to_owned());
    }
    slots.set("source", source.name);
    slots.set("on", &on);
    slots.set("part", part);
    let query = fill(catalogue::template(name)?, &slots)?;
    let dated = is_instant.then(|| field.to_owned());
    Ok(Some(Measure { query, table: source.name.to_owned(), columns, dated, dayparts, on, back }))
}
