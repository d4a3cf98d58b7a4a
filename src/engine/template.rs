//! Queries with slots: one template a kind of measure in `queries/measure_*.sql`, filled from a definition. A slot is
//! `{name}`; a line with a slot `{group.name}` is written once for each entry of the group, and not at all without one.
//! Only checked expressions, names of columns and numbers go into slots.

use std::collections::BTreeMap;

use super::catalogue::QueryDoc;
use crate::error::{Error, Result};

/// What goes into the slots of a template.
#[derive(Debug, Default)]
pub(super) struct Slots {
    one: BTreeMap<&'static str, String>,
    many: BTreeMap<&'static str, Vec<BTreeMap<&'static str, String>>>,
}

impl Slots {
    /// Fills a slot.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.one.insert(name, value.into());
    }

    /// Adds an entry to a group.
    pub fn add<const N: usize>(&mut self, group: &'static str, entry: [(&'static str, String); N]) {
        self.many.entry(group).or_default().push(entry.into_iter().collect());
    }
}

/// The query that a template makes of slots.
pub(super) fn fill(template: &QueryDoc, slots: &Slots) -> Result<QueryDoc> {
    let mut sql = String::with_capacity(template.sql.len() * 2);
    for line in template.sql.lines().filter(|line| !line.starts_with("--")) {
        match group_of(line) {
            None => write(&mut sql, line, slots, None, &template.name)?,
            Some(group) => {
                for entry in slots.many.get(group).into_iter().flatten() {
                    write(&mut sql, line, slots, Some((group, entry)), &template.name)?;
                }
            }
        }
    }
    Ok(QueryDoc { sql, ..template.clone() })
}

/// The group whose entries repeat a line.
fn group_of(line: &str) -> Option<&str> {
    line.split('{').skip(1).filter_map(|rest| rest.split('}').next()).find_map(|name| Some(name.split_once('.')?.0))
}

/// Writes a line once. What was filled in is not looked at again: it may hold braces.
fn write(
    sql: &mut String,
    line: &str,
    slots: &Slots,
    entry: Option<(&str, &BTreeMap<&'static str, String>)>,
    template: &str,
) -> Result<()> {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        sql.push_str(before);
        let value = match (name.split_once('.'), entry) {
            (Some((group, name)), Some((of, entry))) if group == of => entry.get(name),
            (None, _) => slots.one.get(name),
            _ => None,
        };
        sql.push_str(value.ok_or_else(|| Error::bug(format!("{template}: nothing for the slot {{{name}}}")))?);
        rest = after;
    }
    sql.push_str(rest);
    sql.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(sql: &str) -> QueryDoc {
        QueryDoc {
            name: "t".into(),
            purpose: String::new(),
            params: Vec::new(),
            columns: Vec::new(),
            sql: sql.to_owned(),
        }
    }

    #[test]
    fn lines_repeat_for_each_entry_and_filled_text_is_not_filled_again() {
        let query = template("-- head\nSELECT {a}\n  WHEN {x.if} THEN {x.n}\n  ELSE {y.none}\nEND\n");
        let mut slots = Slots::default();
        slots.set("a", "'{b}'");
        slots.add("x", [("if", "p".into()), ("n", "1".into())]);
        slots.add("x", [("if", "q".into()), ("n", "2".into())]);
        assert_eq!(fill(&query, &slots).unwrap().sql, "SELECT '{b}'\n  WHEN p THEN 1\n  WHEN q THEN 2\nEND\n");
        assert!(fill(&template("SELECT {c}"), &slots).is_err());
    }
}
