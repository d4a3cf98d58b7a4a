//! Drafts of KPI files from a list of measures in a workbook: performance managers begin there. A draft is not a
//! definition: what the list does not say is left as a line for somebody to fill in, and the draft does not pass the check
//! until it is.

use std::collections::BTreeSet;

use crate::analysis::owner::Owners;

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Name of the file.
    pub file: String,
    /// Its text.
    pub text: String,
    /// What the list did not say.
    pub open: Vec<String>,
}

/// What is looked for, and the headings that lists give it.
const HEADINGS: &[(&str, &[&str])] = &[
    ("ref", &["ref", "reference", "measure_id", "id", "number"]),
    ("title", &["title", "measure", "measure_name", "name", "indicator", "kpi", "kpi_name"]),
    ("owner", &["owner", "lead", "accountable", "responsible", "domain_lead"]),
    ("direction", &["direction", "improvement_direction", "good_is", "better_is", "polarity"]),
    ("unit", &["unit", "units", "data_type"]),
    ("target", &["target", "goal", "standard", "threshold"]),
    ("from", &["target_from", "valid_from", "from", "start_date"]),
    ("plan", &["plan_ref", "plan_refs", "plan_reference", "objective"]),
    ("source", &["source", "data_source", "table"]),
    ("description", &["description", "definition", "comment", "notes", "rationale"]),
    ("rebase", &["rebase", "rebase_date", "rebase_dates"]),
];

/// The columns of a list that were recognised: what they are, and the heading.
pub fn recognised(header: &[String]) -> Vec<(&'static str, String)> {
    HEADINGS.iter().filter_map(|(what, _)| Some((*what, header[place(header, what)?].clone()))).collect()
}

fn place(header: &[String], what: &str) -> Option<usize> {
    let (_, names) = HEADINGS.iter().find(|(name, _)| *name == what)?;
    let plain = |text: &String| text.trim().to_lowercase().replace([' ', '-'], "_");
    names.iter().find_map(|name| header.iter().position(|heading| plain(heading) == *name))
}

/// A draft a row. Rows without a title are passed over.
pub fn drafts(header: &[String], rows: &[Vec<String>], owners: &Owners) -> Vec<Draft> {
    let mut taken = BTreeSet::new();
    rows.iter()
        .filter_map(|row| {
            let cell =
                |what: &str| -> &str { place(header, what).and_then(|at| row.get(at)).map_or("", |text| text.trim()) };
            (!cell("title").is_empty()).then(|| draft(&cell, owners, &mut taken))
        })
        .collect()
}

fn draft<'a>(cell: &dyn Fn(&str) -> &'a str, owners: &Owners, taken: &mut BTreeSet<String>) -> Draft {
    let mut open = Vec::new();
    let title = cell("title");
    let id = free_id(&slug(title), taken);
    let mut text = String::from(
        "# Draft made from a list of measures. Lines with TODO are for somebody who knows the measure.\nschema = 1\n",
    );
    let mut line = |key: &str, value: Option<String>, missing: &str| {
        if let Some(value) = value {
            text.push_str(&format!("{key} = {value}\n"));
        } else {
            text.push_str(&format!("# TODO {key}: {missing}\n"));
            open.push(format!("{key}: {missing}"));
        }
    };
    line("id", Some(quoted(&id)), "");
    line("measure", (!cell("ref").is_empty()).then(|| quoted(cell("ref"))), "number of the measure in the plan");
    let plan: Vec<String> =
        cell("plan").split([',', ';']).map(str::trim).filter(|p| !p.is_empty()).map(quoted).collect();
    line("plan_refs", Some(format!("[{}]", plan.join(", "))), "");
    line("title", Some(quoted(title)), "");
    let owner = owners.resolve(cell("owner")).ok().filter(|ids| ids.len() == 1).map(|ids| quoted(&ids[0]));
    line("owner", owner, &format!("`{}` is no one role of reports/aliases.toml", cell("owner")));
    let direction = direction(cell("direction")).map(quoted);
    line("direction", direction, "increase, decrease or neutral; it is never guessed");
    let unit = unit(cell("unit"));
    line("unit", unit.map(quoted), "count, percent, minutes, number or pounds");
    line("sensitivity", None, "\"official\" or \"official-sensitive\"");
    text.push_str("\n[[definition]]\nversion = \"0.1.0\"\n");
    let from = date(cell("from"));
    let mut line = |key: &str, value: Option<String>, missing: &str| {
        if let Some(value) = value {
            text.push_str(&format!("{key} = {value}\n"));
        } else {
            text.push_str(&format!("# TODO {key}: {missing}\n"));
            open.push(format!("{key}: {missing}"));
        }
    };
    line("valid_from", from.clone(), "first day it holds");
    line("reason", Some(quoted("taken from a list of measures")), "");
    line("kind", None, "count, rate, proportion, duration_within, … (vigie kpi schema lists them)");
    line(
        "population",
        (!cell("description").is_empty()).then(|| quoted(cell("description"))),
        "who is counted, in words",
    );
    line("source", (!cell("source").is_empty()).then(|| quoted(cell("source"))), "table: incidents, crimes, stops, …");
    line("time_dim", Some("{ field = \"local_on\", grain = \"month\" }".to_owned()), "");
    if let Some((op, value)) = target(cell("target"), direction_of(cell("direction"))) {
        text.push_str("\n[[target]]\n");
        if let Some(from) = from {
            text.push_str(&format!("valid_from = {from}\n"));
        } else {
            text.push_str("# TODO valid_from: first day of the target\n");
            open.push("target.valid_from: first day of the target".to_owned());
        }
        text.push_str(&format!("value = {value}\nop = {}\nas_written = {}\n", quoted(op), quoted(cell("target"))));
        text.push_str("set_by = \"list of measures\"\nstatus = \"to-be-confirmed\"\n");
    }
    text.push_str("\n[spc]\nchart = \"auto\"\nprofile = \"nhsr-0.2\"\n");
    if let Some(on) = date(cell("rebase")) {
        text.push_str(&format!("# TODO rebase = [ {{ on = {on}, reason = \"…\", approved_by = \"…\" }} ]\n"));
        open.push(format!("spc.rebase: the list names {on}; a rebase needs a reason and an approval"));
    }
    Draft { file: format!("{}.toml", id.replace('.', "-")), text, open }
}

/// A string of TOML.
fn quoted(text: impl AsRef<str>) -> String {
    toml::Value::String(text.as_ref().to_owned()).to_string()
}

fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            _ if !out.is_empty() && !out.ends_with('_') => out.push('_'),
            _ => {}
        }
        if out.len() >= 48 {
            break;
        }
    }
    let plain = out.trim_end_matches('_');
    if plain.is_empty() { "measure".to_owned() } else { plain.to_owned() }
}

fn free_id(slug: &str, taken: &mut BTreeSet<String>) -> String {
    let mut id = format!("draft.{slug}");
    let mut number = 2;
    while !taken.insert(id.clone()) {
        id = format!("draft.{slug}_{number}");
        number += 1;
    }
    id
}

fn direction(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "increase" | "up" | "higher" | "high" | "more" => Some("increase"),
        "decrease" | "down" | "lower" | "low" | "less" => Some("decrease"),
        "neutral" | "none" | "neither" => Some("neutral"),
        _ => None,
    }
}

fn direction_of(text: &str) -> &'static str {
    direction(text).unwrap_or("neutral")
}

fn unit(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "count" | "number of" | "integer" | "n" => Some("count"),
        "percent" | "%" | "percentage" | "per cent" | "proportion" => Some("percent"),
        "minutes" | "min" | "mins" => Some("minutes"),
        "number" | "decimal" | "ratio" | "rate" => Some("number"),
        "pounds" | "£" | "gbp" => Some("pounds"),
        _ => None,
    }
}

fn date(text: &str) -> Option<String> {
    let day = text.get(..10).unwrap_or(text);
    chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d")
        .or_else(|_| chrono::NaiveDate::parse_from_str(text, "%d/%m/%Y"))
        .ok()
        .map(|on| on.to_string())
}

/// `≥ 95.7%`, `<= 100`, `90 %`, `150`: relation and figure.
fn target(text: &str, direction: &str) -> Option<(&'static str, f64)> {
    let plain = text.replace([',', '£', ' '], "");
    let (op, rest) = [("≥", ">="), (">=", ">="), ("≤", "<="), ("<=", "<="), (">", ">"), ("<", "<"), ("=", "=")]
        .into_iter()
        .find_map(|(sign, op)| Some((op, plain.strip_prefix(sign)?.to_owned())))
        .unwrap_or_else(|| {
            let op = match direction {
                "increase" => ">=",
                "decrease" => "<=",
                _ => "=",
            };
            (op, plain.clone())
        });
    let (number, share) = match rest.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (rest.as_str(), 1.0),
    };
    let value: f64 = number.parse().ok()?;
    value.is_finite().then_some((op, value / share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_becomes_drafts_that_say_what_is_missing() {
        let header = ["Ref", "Measure Name", "Owner", "Improvement direction", "Unit", "Target", "Target from"];
        let header: Vec<String> = header.map(str::to_owned).to_vec();
        let row = |cells: [&str; 7]| cells.map(str::to_owned).to_vec();
        let rows = vec![
            row(["M03", "Grade 1 \"in time\"", "Supt Ops", "Increase", "%", "≥ 95.7%", "2017-01-01"]),
            row(["", "Complaints", "the cook", "", "", "", ""]),
            row(["", "", "", "", "", "", ""]),
            row(["", "Complaints", "", "", "", "", ""]),
        ];
        let owners = Owners::builtin().unwrap();
        let found = drafts(&header, &rows, &owners);
        assert_eq!(
            found.iter().map(|d| d.file.as_str()).collect::<Vec<_>>(),
            ["draft-grade_1_in_time.toml", "draft-complaints.toml", "draft-complaints_2.toml"]
        );
        let first = &found[0];
        assert!(
            first.text.contains("owner = \"supt-operations\"") && first.text.contains("value = 0.957"),
            "{}",
            first.text
        );
        assert!(first.text.contains("op = \">=\"") && first.text.contains("valid_from = 2017-01-01"));
        assert!(first.open.iter().any(|o| o.starts_with("kind:")), "{:?}", first.open);
        assert!(found.iter().all(|d| toml::from_str::<toml::Table>(&d.text).is_ok()), "drafts are TOML");
        assert!(found[1].open.iter().any(|o| o.contains("the cook")));
        assert_eq!(target("≤ 1,100", "neutral"), Some(("<=", 1100.0)));
        assert_eq!(target("to be agreed", "increase"), None);
    }
}
