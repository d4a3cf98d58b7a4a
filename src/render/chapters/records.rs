//! What lies under the figures: the ledger of loads, refused rows, definitions, and what changed since the edition before.

use std::collections::BTreeMap;

use crate::analysis::disclosure::Released;
use crate::analysis::kpi_run::KpiRun;
use crate::analysis::owner::Owners;
use crate::error::Result;
use crate::model::time::date_in_words;
use crate::render::chapters::LoadLine;
use crate::render::chapters::cells::{self, number_column, text_column};
use crate::render::document::{Block, Cell, Column, Table};
use crate::render::format;
use crate::render::revision::{Cause, Revision};

/// Every row that was read is accounted for.
pub(super) fn quality(loads: &[LoadLine]) -> Vec<Block> {
    let mut out = vec![
        Block::Finding(quality_finding(loads)),
        Block::Text(
            "Every row that was read is accounted for: rows read = accepted + revised + unchanged + duplicate + withheld \
             + refused."
                .to_owned(),
        ),
    ];
    if !loads.is_empty() {
        out.push(Block::Table(ledger(loads)));
    }
    let refused = refused(loads);
    if !refused.rows.is_empty() {
        out.push(Block::Table(refused));
    }
    out
}

fn quality_finding(loads: &[LoadLine]) -> String {
    if loads.is_empty() {
        return "No load is in the ledger.".to_owned();
    }
    let rows: u64 = loads.iter().map(|l| l.rows_in).sum();
    let refused: u64 = loads.iter().flat_map(|l| l.rejected.values()).sum();
    let revised: u64 = loads.iter().map(|l| l.revised).sum();
    format!(
        "{} rows were read from {} feeds; {} were refused and {} records were revised by a later version.",
        format::count_or(Some(rows), ""),
        loads.len(),
        format::count_or(Some(refused), ""),
        format::count_or(Some(revised), "")
    )
}

fn ledger(loads: &[LoadLine]) -> Table {
    let mut columns = vec![text_column("Feed")];
    for name in ["Rows read", "Accepted", "Revised", "Unchanged", "Duplicate", "Withheld", "Refused"] {
        columns.push(number_column(name, "number"));
    }
    columns.push(text_column("Adds up"));
    let rows = loads
        .iter()
        .map(|load| {
            let refused: u64 = load.rejected.values().sum();
            let parts = [load.accepted, load.revised, load.unchanged, load.duplicate, load.withheld, refused];
            let sum: u64 = parts.iter().sum();
            let mut row = vec![Cell::text(load.feed.clone()), cells::count(load.rows_in)];
            row.extend(parts.map(cells::count));
            row.push(Cell::text(if sum == load.rows_in {
                "yes".to_owned()
            } else {
                format!("no: {}", format::count_or(Some(sum), ""))
            }));
            row
        })
        .collect();
    Table {
        id: "quality_rows".to_owned(),
        title: "Rows by feed".to_owned(),
        columns,
        rows,
        sort: "In the order of the feeds' names.".to_owned(),
        ..Table::default()
    }
}

fn refused(loads: &[LoadLine]) -> Table {
    let rows = loads
        .iter()
        .flat_map(|load| {
            load.rejected.iter().map(|(reason, count)| {
                vec![Cell::text(load.feed.clone()), Cell::text(reason.replace('_', " ")), cells::count(*count)]
            })
        })
        .collect();
    Table {
        id: "quality_refused".to_owned(),
        title: "Refused rows by reason".to_owned(),
        columns: vec![text_column("Feed"), text_column("Reason"), number_column("Rows", "number")],
        rows,
        sort: "By feed, then reason.".to_owned(),
        ..Table::default()
    }
}

/// The definition behind every measure.
pub(super) fn definitions(run: &Released<KpiRun>) -> Result<Table> {
    let owners = Owners::builtin()?;
    let names = ["Measure", "Name", "Version", "Hash", "Valid from", "Reason", "Owner"];
    let rows = run
        .measures
        .iter()
        .map(|m| {
            vec![
                Cell::text(m.kpi.measure.clone()),
                Cell::text(m.kpi.id.clone()),
                Cell::text(m.definition.version.clone()),
                Cell::text(m.hash.clone()),
                Cell::text(date_in_words(m.definition.valid_from)),
                Cell::text(m.definition.reason.clone()),
                Cell::text(owners.name(&m.kpi.owner).unwrap_or(&m.kpi.owner)),
            ]
        })
        .collect();
    Ok(Table {
        id: "definitions_list".to_owned(),
        title: "Definitions used in this edition".to_owned(),
        columns: names.map(text_column).to_vec(),
        rows,
        sort: "In the order of the policing plan.".to_owned(),
        ..Table::default()
    })
}

/// Which measures serve which part of the plan.
pub(super) fn by_plan(run: &Released<KpiRun>) -> Table {
    let mut by_ref: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for measure in &run.measures {
        for reference in &measure.kpi.plan_refs {
            by_ref.entry(reference).or_default().push(&measure.kpi.measure);
        }
    }
    Table {
        id: "plan_measures".to_owned(),
        title: "Measures by part of the plan".to_owned(),
        columns: vec![text_column("Part of the plan"), text_column("Measures")],
        rows: by_ref.into_iter().map(|(part, names)| vec![Cell::text(part), Cell::text(names.join(", "))]).collect(),
        sort: "In the order of the plan.".to_owned(),
        ..Table::default()
    }
}

/// What is different from the edition before, cell by cell, with its cause.
pub(super) fn revisions(before: Option<&str>, revisions: &[Revision]) -> Vec<Block> {
    let Some(before) = before else {
        return vec![Block::Text("There is no earlier edition for these readers to compare with.".to_owned())];
    };
    if revisions.is_empty() {
        return vec![Block::Text(format!("No figure that edition {before} gave has changed."))];
    }
    let of = |cause: Cause| revisions.iter().filter(|r| r.cause == cause).count();
    let counts: Vec<String> = Cause::ALL
        .into_iter()
        .filter(|cause| of(*cause) > 0)
        .map(|cause| format!("{} {}", of(cause), cause.words()))
        .collect();
    let rows = revisions
        .iter()
        .map(|revision| {
            vec![
                Cell::text(revision.table.clone()),
                Cell::text(revision.row.clone()),
                Cell::text(revision.column.clone()),
                Cell::text(revision.was.shown()),
                Cell::text(revision.now.shown()),
                Cell::text(revision.cause.words()),
            ]
        })
        .collect();
    let columns: Vec<Column> = ["Table", "Row", "Column", "Was", "Is now", "Cause"].map(text_column).to_vec();
    vec![
        Block::Finding(format!("{} figures that edition {before} gave have changed: {}.", revisions.len(), counts.join(", "))),
        Block::Table(Table {
            id: "revisions_list".to_owned(),
            title: format!("Figures that changed since edition {before}"),
            columns,
            rows,
            notes: vec![
                "Data: records came late, were revised, or were taken back by their source. Definition: the measure is \
                 counted by another definition. Correction: neither; the program or the release rules changed. Limits and \
                 sentences follow from the values and are not listed."
                    .to_owned(),
            ],
            ..Table::default()
        }),
    ]
}
