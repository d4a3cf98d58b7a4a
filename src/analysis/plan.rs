//! The policing plan as data: its references, deliverables, owners and dates, as a register that ships with the program.
//! How a deliverable stands is not in it: that is said by dated entries which the force keeps ([`entries`]), so that the
//! state of the plan on any day can be asked ([`standing`]). What the plan says in two ways is found by [`claims`].

pub mod claims;
pub mod entries;
mod gaps;
pub mod standing;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use self::claims::Claim;
use crate::analysis::owner::Owners;
use crate::config::toml_error;
use crate::error::{Error, Result};

const BUILTIN: &str = include_str!("../../reports/plan/register.toml");
const BUILTIN_NAME: &str = "reports/plan/register.toml";

/// A plan: what is to be delivered, by whom and by when.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Version of this file format; 1.
    pub schema: u32,
    /// Name of the plan.
    pub plan: String,
    /// First day of the plan.
    #[serde(deserialize_with = "toml_date")]
    pub from: NaiveDate,
    /// Last day of the plan.
    #[serde(deserialize_with = "toml_date")]
    pub to: NaiveDate,
    /// Headings that the plan numbers or words in two ways.
    #[serde(default)]
    pub heading: Vec<Heading>,
    /// Objectives in the order of the plan.
    pub objective: Vec<Objective>,
    /// Figures and wordings that must agree.
    #[serde(default)]
    pub claim: Vec<Claim>,
}

/// A heading that the plan has in two ways.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// Number of the section.
    pub number: String,
    /// How many sections have the number.
    #[serde(default)]
    pub times: Option<u32>,
    /// Its titles, where they differ.
    #[serde(default)]
    pub titles: Vec<String>,
}

/// One reference of the plan and what it delivers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Reference: `3.2.1.2`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Short title, in the words of this project.
    pub title: String,
    /// Measures that show how it goes, by number.
    #[serde(default)]
    pub kpis: Vec<String>,
    /// Its deliverables, one a row of the plan's table.
    pub deliverable: Vec<Deliverable>,
}

/// How the plan dates a deliverable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DueKind {
    /// By the end of a quarter.
    Quarter,
    /// All year round: due when the year ends.
    Year,
    /// In one of several quarters: due when the last of them ends.
    Window,
    /// Over more than one year.
    MultiYear,
    /// A date for each part.
    PerPart,
    /// No date is given.
    Tba,
}

/// One row of the plan's table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deliverable {
    /// Number of the row under its reference, from 1.
    pub row: u32,
    /// Short title, in the words of this project.
    pub title: String,
    /// The owner as the plan writes it; [`Owners::resolve`] says who that is.
    pub owner: String,
    /// How it is dated.
    pub due_kind: DueKind,
    /// The date as the plan writes it.
    pub milestone: String,
    /// Last day on which it is in time, where there is one for the whole row.
    #[serde(default, deserialize_with = "optional_date")]
    pub due: Option<NaiveDate>,
    /// Parts with dates of their own.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// What it is expected to bring; none where the cell of the plan is empty.
    #[serde(default)]
    pub benefit: Option<String>,
}

/// A part of a deliverable with a date of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Short name.
    pub part: String,
    /// Last day on which it is in time.
    #[serde(deserialize_with = "toml_date")]
    pub due: NaiveDate,
}

/// A date of a TOML file.
fn toml_date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<NaiveDate, D::Error> {
    let value = toml::value::Datetime::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom("write a date such as 2017-01-01");
    let date = value.date.ok_or_else(wrong)?;
    NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day)).ok_or_else(wrong)
}

fn optional_date<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<NaiveDate>, D::Error> {
    toml_date(deserializer).map(Some)
}

impl Register {
    /// The 2017 Policing Plan.
    ///
    /// # Errors
    /// `Input` if the embedded file is wrong.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::owner::Owners;
    /// use vigie::analysis::plan::Register;
    /// let plan = Register::builtin(&Owners::builtin()?)?;
    /// assert_eq!((plan.objective.len(), plan.deliverables().count()), (65, 90));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn builtin(owners: &Owners) -> Result<Self> {
        Self::parse(BUILTIN, BUILTIN_NAME, owners)
    }

    /// Reads a register; `origin` is named in errors.
    ///
    /// # Errors
    /// `Input` naming file and line, or the reference that is wrong.
    pub fn parse(text: &str, origin: &str, owners: &Owners) -> Result<Self> {
        let register: Register = toml::from_str(text).map_err(|cause| toml_error(text, origin, &cause))?;
        let wrong = |place: &str, message: String| Err(Error::input(message).at(format!("{origin}: {place}")));
        if register.schema != 1 {
            return wrong("schema", format!("{} is not known; write 1", register.schema));
        }
        if register.to < register.from {
            return wrong("to", "is before `from`".to_owned());
        }
        let mut seen = BTreeSet::new();
        for objective in &register.objective {
            let place = objective.reference.as_str();
            if numbers(place).is_none() {
                return wrong("ref", format!("`{place}` is not a reference; write numbers with dots: 3.2.1.2"));
            }
            if !seen.insert(place) {
                return wrong(place, "is there twice; put its rows under one objective".to_owned());
            }
            for (at, row) in objective.deliverable.iter().enumerate() {
                if row.row as usize != at + 1 {
                    return wrong(place, format!("row {} stands where row {} is due", row.row, at + 1));
                }
                row.check().map_err(|e| e.at(format!("{origin}: {place} row {}", row.row)))?;
                owners.resolve(&row.owner).map_err(|e| e.at(format!("{origin}: {place} row {}", row.row)))?;
            }
        }
        for claim in &register.claim {
            claim.check().map_err(|e| e.at(format!("{origin}: claim {}", claim.id)))?;
        }
        Ok(register)
    }

    /// Every row with its objective, in the order of the plan.
    pub fn deliverables(&self) -> impl Iterator<Item = (&Objective, &Deliverable)> {
        self.objective.iter().flat_map(|objective| objective.deliverable.iter().map(move |row| (objective, row)))
    }

    /// The objective of that reference.
    pub fn find(&self, reference: &str) -> Option<&Objective> {
        self.objective.iter().find(|objective| objective.reference == reference)
    }
}

impl Deliverable {
    /// Names and dates of its milestones: its parts, or the whole row. The date is none where the plan gives none.
    pub fn milestones(&self) -> impl Iterator<Item = (Option<&str>, Option<NaiveDate>)> {
        let whole = self.parts.is_empty().then_some((None, self.due));
        self.parts.iter().map(|part| (Some(part.part.as_str()), Some(part.due))).chain(whole)
    }

    fn check(&self) -> Result<()> {
        let parts = self.due_kind == DueKind::PerPart;
        if parts == self.parts.is_empty() {
            return Err(Error::input("`parts` belong to due_kind per-part, and per-part needs them"));
        }
        let dated = !matches!(self.due_kind, DueKind::PerPart | DueKind::Tba);
        if dated != self.due.is_some() {
            return Err(Error::input("`due` is one date; leave it out for per-part and tba only"));
        }
        let names: BTreeSet<&str> = self.parts.iter().map(|part| part.part.as_str()).collect();
        if names.len() != self.parts.len() {
            return Err(Error::input("two parts have one name"));
        }
        Ok(())
    }
}

/// The numbers of a reference, for its order; none if it is not one.
fn numbers(reference: &str) -> Option<Vec<u32>> {
    reference.split('.').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Register {
        Register::builtin(&Owners::builtin().unwrap()).unwrap()
    }

    #[test]
    fn the_plan_has_its_rows_dates_and_gaps() {
        let plan = plan();
        let of = |kind| plan.deliverables().filter(|(_, row)| row.due_kind == kind).count();
        assert_eq!(plan.objective.len(), 65);
        assert_eq!(plan.deliverables().count(), 90);
        assert_eq!(
            [DueKind::Quarter, DueKind::Year, DueKind::Window, DueKind::MultiYear, DueKind::PerPart, DueKind::Tba]
                .map(of),
            [47, 37, 1, 1, 3, 1]
        );
        assert_eq!(plan.deliverables().filter(|(_, row)| row.benefit.is_none()).count(), 8);
        assert_eq!(plan.deliverables().map(|(_, row)| row.milestones().count()).sum::<usize>(), 94);
    }

    #[test]
    fn rows_with_several_dates_have_a_date_a_part() {
        let plan = plan();
        let dates = |reference: &str| -> Vec<String> {
            plan.find(reference).unwrap().deliverable[0].milestones().map(|(_, due)| due.unwrap().to_string()).collect()
        };
        assert_eq!(dates("3.4.6.2"), ["2017-09-30", "2017-12-31"]);
        assert_eq!(dates("3.4.7.1"), ["2017-03-31"; 3]);
        assert_eq!(dates("3.4.8.4"), ["2017-12-31", "2017-09-30"]);
    }

    #[test]
    fn every_owner_resolves() {
        let (plan, owners) = (plan(), Owners::builtin().unwrap());
        let spellings: BTreeSet<&str> = plan.deliverables().map(|(_, row)| row.owner.as_str()).collect();
        assert_eq!(spellings.len(), 44);
        assert!(spellings.iter().all(|cell| !owners.resolve(cell).unwrap().is_empty()));
    }

    #[test]
    fn wrong_registers_are_refused_with_their_place() {
        let owners = Owners::builtin().unwrap();
        let refuse = |from: &str, to: &str| {
            assert!(BUILTIN.contains(from), "{from}");
            Register::parse(&BUILTIN.replacen(from, to, 1), "plan.toml", &owners).unwrap_err().to_string()
        };
        assert!(refuse("ref = \"3.1.1.1\"", "ref = \"3.1.1.x\"").contains("not a reference"));
        assert!(refuse("ref = \"3.1.1.2\"", "ref = \"3.1.1.1\"").contains("twice"));
        assert!(refuse("\"Ch. Insp Operations\"", "\"Nobody\"").contains("3.1.1.1 row 1"));
        assert!(refuse("due_kind = \"quarter\"", "due_kind = \"tba\"").contains("leave it out"));
        assert!(refuse("row = 1", "row = 2").contains("row 1 is due"));
        assert!(refuse("due = 2017-03-31", "due = 2017-02-30").contains("plan.toml:"));
    }
}
