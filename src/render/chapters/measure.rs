//! A measure in a report: what was found, its chart, its series as a table, and what the figures mean.

use crate::analysis::definition::MeasureKind;
use crate::analysis::disclosure::SUPPRESSED;
use crate::analysis::kpi::{KpiRow, Unit, period_words};
use crate::analysis::kpi_run::MeasureRun;
use crate::render::document::{Block, Cell, Column, Figure, Kind, Table};
use crate::render::format;
use crate::render::kpi_view::{self, KpiView};

/// Periods of a series shown in running text: this month, and the same month a year before. Every file of figures has
/// all of them.
const SHOWN: usize = 13;

/// The blocks of a measure under its own heading.
pub(super) fn blocks(measure: &MeasureRun, view: &KpiView) -> Vec<Block> {
    let mut out = vec![Block::Heading {
        level: 3,
        id: view.id.clone(),
        text: format!("{} {}", view.measure, view.title),
    }];
    out.push(Block::Text(sentence(&view.finding)));
    if !view.chart_svg.is_empty() {
        out.push(Block::Figure(Figure {
            id: format!("{}-chart", view.id),
            title: view.finding.clone(),
            alt: view.chart_words.clone(),
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
        Column::text("Period"),
        Column::number(kpi_view::value_header(measure), format::unit_words(unit), kind_of(unit)),
    ];
    if has_parts {
        columns.push(Column::number("Of them", "number", Kind::Number));
        columns.push(Column::number("Out of", "number", Kind::Number));
    }
    if is_duration {
        columns.push(Column::number("Median (minutes)", "minutes", Kind::Number));
        columns.push(Column::number("90th percentile (minutes)", "minutes", Kind::Number));
        columns.push(Column::number("Left out", "number", Kind::Number));
    }
    columns.push(Column::number("Lower limit", format::unit_words(unit), kind_of(unit)));
    columns.push(Column::number("Upper limit", format::unit_words(unit), kind_of(unit)));
    columns.push(Column::text("What the chart says"));
    let rows = measure
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let mut cells = vec![Cell::text(period_words(&row.period)), cell(row, row.value, unit)];
            if has_parts {
                cells.push(cell(row, row.numerator, Unit::Count));
                cells.push(cell(row, row.denominator, Unit::Count));
            }
            if is_duration {
                let also = |name: &str| measure.also.get(at).and_then(|m| m.get(name)).copied();
                let whole = row.value.is_some();
                cells.push(cell(row, also("median_min").filter(|_| whole), Unit::Minutes));
                cells.push(cell(row, also("p90_min").filter(|_| whole), Unit::Minutes));
                let left_out: u64 = row.excluded.values().sum();
                cells.push(cell(row, whole.then_some(left_out as f64), Unit::Count));
            }
            cells.push(limit(row.lpl.map(|low| low.max(0.0)), unit));
            cells.push(limit(row.upl, unit));
            cells.push(Cell::text(match &row.undefined_reason {
                Some(reason) => reason.clone(),
                None => kpi_view::rules(measure, at, row),
            }));
            cells
        })
        .collect();
    Table {
        id: format!("{}-series", view.id),
        title: format!("{} {}, by {}", view.measure, view.title, measure.definition.time_dim.grain.name()),
        columns,
        rows,
        notes: vec![format!("Definition {} ({}). Last period last.", measure.definition.version, measure.hash)],
        in_text: Some(SHOWN),
    }
}

fn kind_of(unit: Unit) -> Kind {
    if unit == Unit::Percent { Kind::Percent } else { Kind::Number }
}

fn cell(row: &KpiRow, value: Option<f64>, unit: Unit) -> Cell {
    match value {
        Some(value) => Cell::Number { value, text: format::value(value, unit) },
        None if row.undefined_reason.as_deref() == Some(SUPPRESSED) => Cell::shorthand(format::SUPPRESSED),
        None => Cell::shorthand(format::UNAVAILABLE),
    }
}

/// A limit that a chart of few points does not have is not a value that is missing: it does not apply.
fn limit(value: Option<f64>, unit: Unit) -> Cell {
    value.map_or_else(
        || Cell::shorthand(format::NOT_APPLICABLE),
        |value| Cell::Number { value, text: format::value(value, unit) },
    )
}
