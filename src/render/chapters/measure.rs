//! A measure in a report: what was found, its chart, its series as a table, and what the figures mean.

use crate::analysis::definition::MeasureKind;
use crate::analysis::disclosure::SUPPRESSED;
use crate::analysis::kpi::{KpiRow, Unit, period_words};
use crate::analysis::kpi_run::MeasureRun;
use crate::render::chapters::cells;
use crate::render::chapters::cells::{number_column, text_column};
use crate::render::document::{Block, Cell, Column, ColumnKind, Figure, Table};
use crate::render::kpi_view::{self, KpiView};
use crate::render::{format, svg};

/// Periods of a series shown in running text: this month, and the same month a year before. Every file of figures has
/// all of them.
const SHOWN: usize = 13;

/// The blocks of a measure under its own heading.
pub(super) fn blocks(measure: &MeasureRun, view: &KpiView) -> Vec<Block> {
    let mut out =
        vec![Block::Heading { level: 3, id: view.id.clone(), text: format!("{} {}", view.measure, view.title) }];
    out.push(Block::Finding(sentence(&view.finding)));
    if !view.chart_svg.is_empty() {
        out.push(Block::Figure(Figure {
            id: format!("{}-chart", view.id),
            title: view.finding.clone(),
            alt: view.chart_words.clone(),
            caption: caption(measure, view),
            svg: view.chart_svg.clone(),
        }));
    }
    out.push(Block::Table(table(measure, view)));
    let mut notes = vec![view.definition.clone()];
    if !view.plan_refs.is_empty() {
        notes.push(format!("Plan: {}.", view.plan_refs.join(", ")));
    }
    notes.extend(view.notes.iter().cloned());
    out.push(Block::Notes(notes));
    out
}

/// A finding with its full stop.
pub(super) fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// The series of a measure: one row a period.
fn table(measure: &MeasureRun, view: &KpiView) -> Table {
    let unit = measure.kpi.unit;
    let kind = measure.definition.kind;
    let has_parts = matches!(kind, MeasureKind::Proportion | MeasureKind::DurationWithin);
    let is_duration = matches!(kind, MeasureKind::DurationMean | MeasureKind::DurationWithin);
    let mut columns = vec![
        Column { name: "Period".to_owned(), unit: String::new(), kind: ColumnKind::Date },
        value_column(kpi_view::value_name(measure), unit),
    ];
    if has_parts {
        columns.push(number_column("Of them", "number"));
        columns.push(number_column("Out of", "number"));
    }
    if is_duration {
        columns.push(number_column("Median", "minutes"));
        columns.push(number_column("90th percentile", "minutes"));
        columns.push(number_column("Left out", "number"));
    }
    columns.push(value_column("Lower limit", unit));
    columns.push(value_column("Upper limit", unit));
    columns.push(text_column("What the chart says"));
    let rows = measure
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let mut out = vec![Cell::date(&row.period, period_words(&row.period)), cell(row, row.value, unit)];
            if has_parts {
                out.push(cell(row, row.numerator, Unit::Count));
                out.push(cell(row, row.denominator, Unit::Count));
            }
            if is_duration {
                let also = |name: &str| measure.also.get(at).and_then(|m| m.get(name)).copied();
                let whole = row.value.is_some();
                out.push(cell(row, also("median_min").filter(|_| whole), Unit::Minutes));
                out.push(cell(row, also("p90_min").filter(|_| whole), Unit::Minutes));
                let left_out: u64 = row.excluded.values().sum();
                out.push(if kpi_view::hides_reasons(measure, row) {
                    cells::shorthand(format::SUPPRESSED)
                } else {
                    cell(row, whole.then_some(left_out as f64), Unit::Count)
                });
            }
            out.push(limit(row.lpl.map(|low| low.max(0.0)), unit));
            out.push(limit(row.upl, unit));
            out.push(Cell::text(match &row.undefined_reason {
                Some(reason) => reason.clone(),
                None => kpi_view::rules(measure, at, row),
            }));
            out
        })
        .collect();
    Table {
        id: series_id(&view.measure),
        title: format!("{} {}, by {}", view.measure, view.title, measure.definition.time_dim.grain.name()),
        columns,
        rows,
        sort: "Last period last.".to_owned(),
        definition: measure.hash.clone(),
        notes: Vec::new(),
        in_text: Some(SHOWN),
    }
}

/// Id of the table of a measure: `m03_series`.
pub(super) fn series_id(measure: &str) -> String {
    format!("{}_series", svg::id_of(measure).replace('-', "_"))
}

fn caption(measure: &MeasureRun, view: &KpiView) -> String {
    let target = if view.target_text.is_empty() { String::new() } else { format!(", and {}", view.target_text) };
    format!("{} by {}, with control limits{target}", view.title, measure.definition.time_dim.grain.name())
}

fn value_column(name: impl Into<String>, unit: Unit) -> Column {
    let kind = if unit == Unit::Percent { ColumnKind::Percent } else { ColumnKind::Number };
    Column { name: name.into(), unit: format::unit_words(unit).to_owned(), kind }
}

/// A value as it is printed, and no more exact than that.
fn published(value: f64, unit: Unit) -> Cell {
    cells::as_printed(value, format::value(value, unit))
}

fn cell(row: &KpiRow, value: Option<f64>, unit: Unit) -> Cell {
    match value {
        Some(value) => published(value, unit),
        None if row.undefined_reason.as_deref() == Some(SUPPRESSED) => cells::shorthand(format::SUPPRESSED),
        None => cells::shorthand(format::UNAVAILABLE),
    }
}

/// A limit that a chart of few points does not have is not a value that is missing: it does not apply.
fn limit(value: Option<f64>, unit: Unit) -> Cell {
    value.map_or_else(|| cells::shorthand(format::NOT_APPLICABLE), |value| published(value, unit))
}
