//! The policing plan in words: lines for a terminal, the context of its page.

use serde_json::{Value, json};

use crate::analysis::disclosure::Released;
use crate::analysis::plan::DueKind;
use crate::analysis::plan::entries::{Entry, Status};
use crate::analysis::plan::standing::{Finding, MilestoneRow, Owner, PlanRow, PlanState, Standing};
use crate::model::time::date_in_words;

/// The date of a milestone in words.
fn due_words(kind: DueKind, part: &MilestoneRow) -> String {
    match (kind, part.due) {
        (_, None) => "no date".to_owned(),
        (DueKind::Year, Some(due)) => format!("all year, to {}", date_in_words(due)),
        (_, Some(due)) => date_in_words(due),
    }
}

fn owners(row: &PlanRow) -> String {
    row.owners.iter().map(|owner| owner.name.as_str()).collect::<Vec<_>>().join("; ")
}

/// How a milestone stands, with by how much or since when.
fn standing_words(state: &PlanState, part: &MilestoneRow) -> String {
    let word = part.standing.word();
    match (part.standing, part.due, part.since) {
        (Standing::Late, Some(due), _) => {
            let days = (state.on - due).num_days();
            format!("{word} by {days} {}", if days == 1 { "day" } else { "days" })
        }
        (Standing::Done | Standing::DoneLate | Standing::Stopped, _, Some(since)) => {
            format!("{word} {}", date_in_words(since))
        }
        _ => word.to_owned(),
    }
}

fn said(part: &MilestoneRow) -> String {
    let Some(status) = part.status else { return "nothing entered".to_owned() };
    let mut words = match (status, part.since) {
        (Status::Done | Status::Stopped, _) | (_, None) => status.word().to_owned(),
        (_, Some(since)) => format!("{} ({})", status.word(), date_in_words(since)),
    };
    if let Some(note) = &part.note {
        words.push_str(&format!(": {note}"));
    }
    words
}

/// A line a milestone, in the order of the plan.
pub fn list(state: &PlanState) -> String {
    let mut text = String::new();
    for row in &state.rows {
        for part in &row.parts {
            text.push_str(&line(state, row, part));
        }
    }
    text.push_str(&foot(state));
    text
}

fn line(state: &PlanState, row: &PlanRow, part: &MilestoneRow) -> String {
    let name = match &part.part {
        Some(name) => format!("{} ({name})", row.title),
        None => row.title.clone(),
    };
    let due = part.due.map_or_else(|| "no date".to_owned(), |due| due.to_string());
    let reference = format!("{}/{}", row.reference, row.row);
    format!("{reference:<12}{due:<12}{:<20}{name} [{}]\n", standing_words(state, part), owners(row))
}

fn foot(state: &PlanState) -> String {
    let made_up = if state.synthetic { "; the entries are synthetic" } else { "" };
    format!(
        "{} of {} deliverables of {} references; on {} ({}), {} entries{made_up}",
        state.rows.len(),
        state.deliverables,
        state.references,
        date_in_words(state.on),
        state.on_reason,
        state.entries
    )
}

/// Figures of the whole plan, then what is late and what is due soon.
pub fn status(state: &PlanState) -> String {
    let mut text = String::new();
    for standing in Standing::ALL {
        let count = state.totals.get(standing.name()).copied().unwrap_or(0);
        text.push_str(&format!("{:<12}{count:>4}\n", standing.word()));
    }
    for standing in [Standing::Late, Standing::DueSoon] {
        for row in &state.rows {
            for part in row.parts.iter().filter(|part| part.standing == standing) {
                text.push_str(&line(state, row, part));
            }
        }
    }
    text.push_str(&foot(state));
    text
}

/// One reference or section, with the history of its entries.
pub fn show(state: &PlanState, history: &[Entry]) -> String {
    let mut text = String::new();
    for row in &state.rows {
        text.push_str(&format!("{} row {}: {} - {}\n", row.reference, row.row, row.objective, row.title));
        text.push_str(&format!("  owner     {} (the plan writes: {})\n", owners(row), row.owner_written));
        let benefit = row.benefit.as_deref().unwrap_or("the plan gives none");
        text.push_str(&format!("  benefit   {benefit}\n"));
        if !row.kpis.is_empty() {
            text.push_str(&format!("  measures  {}\n", row.kpis.join(", ")));
        }
        for part in &row.parts {
            let name = part.part.as_ref().map_or_else(String::new, |name| format!("{name}: "));
            let due = due_words(row.due_kind, part);
            text.push_str(&format!("  due       {name}{due} (the plan writes: {})\n", row.milestone));
            text.push_str(&format!("  stands    {}; {}\n", standing_words(state, part), said(part)));
        }
        for entry in history.iter().filter(|e| e.reference == row.reference && e.row.unwrap_or(1) == row.row) {
            text.push_str(&format!("  {}  {}, {}{}\n", entry.on, entry.status.word(), entry.by, more(entry)));
        }
    }
    text.push_str(&foot(state));
    text
}

fn more(entry: &Entry) -> String {
    let mut text = entry.part.as_ref().map_or_else(String::new, |part| format!(" ({part})"));
    if let Some(note) = &entry.note {
        text.push_str(&format!(": {note}"));
    }
    if !entry.evidence.is_empty() {
        text.push_str(&format!(" [evidence: {}]", entry.evidence.join(", ")));
    }
    text
}

/// A line a finding.
pub fn check(found: &[Finding]) -> String {
    let mut text: String =
        found.iter().map(|finding| format!("{:<14}{:<20}{}\n", finding.kind, verdict(finding), finding.text)).collect();
    let against = found.iter().filter(|f| verdict(f) == "contradicts itself").count();
    text.push_str(&format!("{} findings, {against} of them contradictions", found.len()));
    text
}

fn verdict(finding: &Finding) -> &'static str {
    finding.verdict.map_or("", |verdict| verdict.word())
}

/// What the page is filtered by.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// The day, as the form has it.
    pub on: String,
    /// Id of an owner.
    pub owner: String,
    /// Name of a period.
    pub due: String,
    /// Name of a standing.
    pub standing: String,
}

/// The context of the plan's page.
pub fn context(state: &Released<PlanState>, found: &Released<Vec<Finding>>, roles: &[Owner], chosen: &Chosen) -> Value {
    let option = |value: &str, label: &str, now: &str| json!({"value": value, "label": label, "on": value == now});
    let year = state.rows.iter().flat_map(|row| row.parts.iter().filter_map(|p| p.due)).min();
    let year = year.map_or_else(|| state.on.format("%Y").to_string(), |due| due.format("%Y").to_string());
    let quarters: Vec<String> = (1..=4).map(|quarter| format!("{year}-Q{quarter}")).collect();
    let total = |standing: Standing| state.totals.get(standing.name()).copied().unwrap_or(0);
    json!({
        "plan": state.plan,
        "on_text": date_in_words(state.on),
        "on_reason": state.on_reason,
        "made_up": state.synthetic,
        "finding": finding(state),
        "facts": Standing::ALL.iter().map(|s| json!({"label": capital(s.word()), "value": total(*s).to_string(), "shape": shape(*s)})).collect::<Vec<_>>(),
        "shown": state.rows.len(),
        "deliverables": state.deliverables,
        "references": state.references,
        "chosen": {"on": chosen.on, "due": chosen.due},
        "owners": roles.iter().map(|role| option(&role.id, &role.name, &chosen.owner)).collect::<Vec<_>>(),
        "standings": Standing::ALL.iter().map(|s| option(s.name(), s.word(), &chosen.standing)).collect::<Vec<_>>(),
        "quarters": quarters.iter().map(|q| option(q, q, &chosen.due)).collect::<Vec<_>>(),
        "rows": state.rows.iter().flat_map(|row| row.parts.iter().map(|part| page_row(state, row, part))).collect::<Vec<_>>(),
        "findings": found.iter().map(|f| json!({"kind": f.kind, "verdict": verdict(f), "text": f.text})).collect::<Vec<_>>(),
    })
}

fn page_row(state: &PlanState, row: &PlanRow, part: &MilestoneRow) -> Value {
    json!({
        "ref": row.reference,
        "row": row.row,
        "title": row.title,
        "part": part.part,
        "objective": row.objective,
        "owner": owners(row),
        "due": due_words(row.due_kind, part),
        "standing": standing_words(state, part),
        "shape": shape(part.standing),
        "said": said(part),
        "evidence": part.evidence.join(", "),
        "benefit": row.benefit,
        "kpis": row.kpis,
    })
}

/// The plan in a sentence.
fn finding(state: &PlanState) -> String {
    let count = |standing: Standing| state.totals.get(standing.name()).copied().unwrap_or(0);
    let done = count(Standing::Done) + count(Standing::DoneLate);
    format!(
        "{done} of {} deliverables are done, {} are late, {} are due within a month",
        state.deliverables,
        count(Standing::Late),
        count(Standing::DueSoon)
    )
}

/// The shape of a standing: none is told by its colour alone.
fn shape(standing: Standing) -> &'static str {
    match standing {
        Standing::Late => "▲",
        Standing::DueSoon => "◆",
        Standing::Ahead => "○",
        Standing::NoDate => "–",
        Standing::Stopped => "■",
        Standing::DoneLate => "◐",
        Standing::Done => "●",
    }
}

fn capital(word: &str) -> String {
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::owner::Owners;
    use crate::analysis::plan::Register;
    use crate::analysis::plan::entries::Entries;
    use crate::analysis::plan::standing::{Filter, findings, state};
    use crate::model::access::{Principal, Role};
    use crate::model::time::parse_date;

    fn on(day: &str) -> (PlanState, Vec<Finding>) {
        let owners = Owners::builtin().unwrap();
        let register = Register::builtin(&owners).unwrap();
        let text = "schema = 1\nsynthetic = true\n[[entry]]\nref = \"3.1.1.1\"\non = 2017-03-20\nstatus = \"done\"\nby = \"A\"";
        let entries = Entries::parse(text, "plan.toml", &register).unwrap();
        let day = (parse_date(day).unwrap(), "asked for");
        (state(&register, &entries, &owners, day, &Filter::default()).unwrap(), findings(&register, &owners).unwrap())
    }

    #[test]
    fn lines_say_what_is_late_and_by_how_much() {
        let (state, found) = on("2017-04-10");
        let text = status(&state);
        assert!(text.contains("late by 10 days") && text.contains("the entries are synthetic"), "{text}");
        assert!(list(&state).contains("done 20 March 2017"));
        assert_eq!(list(&state).lines().count(), 95, "a line a milestone and one below");
        assert!(check(&found).contains("contradicts itself"));
    }

    #[test]
    fn the_page_takes_its_context() {
        let (state, found) = on("2017-04-10");
        let reader = Principal { name: "r".into(), roles: vec![Role::Analyst], via: "test", purpose: None };
        let policy = Policy { threshold: 5 };
        let (state, found) = (release(state, &policy, &reader), release(found, &policy, &reader));
        let mut context = context(&state, &found, &[], &Chosen::default());
        context["page"] = json!({"title": "Plan", "current": "plan"});
        context["about"] = json!({"name": "vigie", "version": "0", "synthetic": true});
        let html = crate::render::html::page("plan.html", &context).unwrap();
        for words in ["3.4.8.4", "late by 10 days", "▲", "12.9%", "3.4.8.1", "made up"] {
            assert!(html.contains(words), "{words}");
        }
        assert_eq!(html.matches("<tr>").count(), 94 + 1 + found.len() + 1);
    }
}
