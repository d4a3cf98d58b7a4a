//! How the policing plan stands: what was due by the end of the period, what is done, what is late.

use std::collections::BTreeMap;

use crate::analysis::disclosure::Released;
use crate::analysis::plan::standing::{PlanRow, PlanState, Standing};
use crate::model::time::date_in_words;
use crate::render::chapters::cells::{self, number_column, text_column};
use crate::render::document::{Block, Cell, Column, ColumnKind, Table};

/// Finding, a table by section, and the deliverables that call for attention.
pub(super) fn blocks(plan: &Released<PlanState>) -> Vec<Block> {
    let of = |standing: Standing| plan.totals.get(standing.name()).copied().unwrap_or(0);
    let (done, late, open) = (of(Standing::Done) + of(Standing::DoneLate), of(Standing::Late), of(Standing::DueSoon));
    let mut out = vec![Block::Finding(format!(
        "Of {} deliverables under {} references, {done} are done, {late} late and {open} due within a month, as it stood on {}.",
        plan.deliverables,
        plan.references,
        date_in_words(plan.on)
    ))];
    if plan.entries == 0 {
        out.push(Block::Text(
            "Nobody has entered how the plan stands, so every date that has passed counts as late.".to_owned(),
        ));
    } else if plan.synthetic {
        out.push(Block::Text("The entries on how the plan stands are made up, like the records.".to_owned()));
    }
    out.push(Block::Table(sections(plan)));
    let attention: Vec<&PlanRow> =
        plan.rows.iter().filter(|row| matches!(row.standing, Standing::Late | Standing::DueSoon)).collect();
    if !attention.is_empty() {
        out.push(Block::Table(listed(
            "plan_attention",
            "Deliverables that are late or due within a month",
            "Late ones first, then in the order of the plan.",
            &attention,
        )));
    }
    let all: Vec<&PlanRow> = plan.rows.iter().collect();
    let mut whole = listed("plan_deliverables", "Every deliverable of the plan", "In the order of the plan.", &all);
    // The whole list is for the workbook; on paper it would bury what calls for attention.
    whole.in_text = Some(0);
    out.push(Block::Table(whole));
    out
}

/// Deliverables by section of the plan and how they stand.
fn sections(plan: &PlanState) -> Table {
    let mut by_section: BTreeMap<String, BTreeMap<Standing, u64>> = BTreeMap::new();
    for row in &plan.rows {
        let section = row.reference.split('.').take(2).collect::<Vec<_>>().join(".");
        *by_section.entry(section).or_default().entry(row.standing).or_default() += 1;
    }
    let mut columns = vec![text_column("Section")];
    columns.extend(Standing::ALL.map(|standing| number_column(capital(standing.word()), "number")));
    columns.push(number_column("All", "number"));
    let rows = by_section
        .iter()
        .map(|(section, counts)| {
            let mut row = vec![Cell::text(section)];
            row.extend(Standing::ALL.map(|standing| cells::count(counts.get(&standing).copied().unwrap_or(0))));
            row.push(cells::count(counts.values().sum()));
            row
        })
        .collect();
    Table {
        id: "plan_sections".to_owned(),
        title: format!("How the plan stood on {}", date_in_words(plan.on)),
        sort: "In the order of the plan.".to_owned(),
        columns,
        rows,
        ..Table::default()
    }
}

fn listed(id: &str, title: &str, sort: &str, rows: &[&PlanRow]) -> Table {
    let date = |name: &str| Column { name: name.to_owned(), unit: String::new(), kind: ColumnKind::Date };
    let mut rows = rows.to_vec();
    if id == "plan_attention" {
        rows.sort_by_key(|row| row.standing);
    }
    Table {
        id: id.to_owned(),
        title: title.to_owned(),
        sort: sort.to_owned(),
        columns: vec![
            text_column("Reference"),
            text_column("Deliverable"),
            text_column("Owner"),
            date("Due"),
            text_column("Stands"),
        ],
        rows: rows
            .iter()
            .map(|row| {
                let owners: Vec<&str> = row.owners.iter().map(|owner| owner.name.as_str()).collect();
                vec![
                    Cell::text(format!("{} ({})", row.reference, row.row)),
                    Cell::text(row.title.clone()),
                    Cell::text(owners.join(", ")),
                    row.due.map_or(Cell::Empty, |due| Cell::date(due.to_string(), date_in_words(due))),
                    Cell::text(row.standing.word()),
                ]
            })
            .collect(),
        ..Table::default()
    }
}

fn capital(word: &str) -> String {
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}
