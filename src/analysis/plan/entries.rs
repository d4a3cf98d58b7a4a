//! Dated entries of the force on how its deliverables stand. An entry is never changed: a later one follows it, so that
//! what was known on a day stays known.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Deliverable, Register, toml_date};
use crate::config::toml_error;
use crate::error::{Error, Result};

/// How a deliverable goes, as its owner says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Work has begun and goes to plan.
    UnderWay,
    /// Work has begun and may not be done in time.
    AtRisk,
    /// Delivered.
    Done,
    /// Given up by decision.
    Stopped,
}

impl Status {
    /// Word of tables.
    pub fn word(self) -> &'static str {
        match self {
            Status::UnderWay => "under way",
            Status::AtRisk => "at risk",
            Status::Done => "done",
            Status::Stopped => "stopped",
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Reference of the plan.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Row under it; may be left out where there is one.
    #[serde(default)]
    pub row: Option<u32>,
    /// Part, where parts have dates of their own; left out, the entry is for all of them.
    #[serde(default)]
    pub part: Option<String>,
    /// Day from which it holds.
    #[serde(deserialize_with = "toml_date")]
    pub on: NaiveDate,
    /// How it stands.
    pub status: Status,
    /// Who says so: a role.
    pub by: String,
    /// In a sentence.
    #[serde(default)]
    pub note: Option<String>,
    /// What proves it: minutes, numbers of documents.
    #[serde(default)]
    pub evidence: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: u32,
    #[serde(default)]
    synthetic: bool,
    #[serde(default)]
    entry: Vec<Entry>,
}

/// The entries of a force, checked against its plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    /// Whether they are made up.
    pub synthetic: bool,
    /// In order of their day; of one day, in the order of the file.
    pub all: Vec<Entry>,
}

impl Entries {
    /// Reads a file of entries; `origin` is named in errors.
    ///
    /// # Errors
    /// `Input` naming file and line, or the entry that does not fit the plan.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::owner::Owners;
    /// use vigie::analysis::plan::{Register, entries::Entries};
    /// let plan = Register::builtin(&Owners::builtin()?)?;
    /// let text = "schema = 1\n[[entry]]\nref = \"3.1.1.1\"\non = 2017-03-20\nstatus = \"done\"\nby = \"Chief Inspector\"";
    /// assert_eq!(Entries::parse(text, "plan.toml", &plan)?.all.len(), 1);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn parse(text: &str, origin: &str, register: &Register) -> Result<Self> {
        let raw: Raw = toml::from_str(text).map_err(|cause| toml_error(text, origin, &cause))?;
        if raw.schema != 1 {
            return Err(Error::input(format!("{} is not known; write 1", raw.schema)).at(format!("{origin}: schema")));
        }
        for (at, entry) in raw.entry.iter().enumerate() {
            let place = format!("{origin}: entry {} ({} on {})", at + 1, entry.reference, entry.on);
            entry.check(register).map_err(|e| e.at(place))?;
        }
        let mut all = raw.entry;
        all.sort_by_key(|entry| entry.on);
        Ok(Self { synthetic: raw.synthetic, all })
    }

    /// The entry that holds for a milestone on a day: the last one up to that day. None where nothing was entered.
    pub fn latest(&self, reference: &str, row: u32, part: Option<&str>, on: NaiveDate) -> Option<&Entry> {
        self.of(reference, row)
            .rev()
            .find(|entry| entry.on <= on && entry.part.as_deref().is_none_or(|of| Some(of) == part))
    }

    /// Every entry of a row, oldest first.
    pub fn of(&self, reference: &str, row: u32) -> impl DoubleEndedIterator<Item = &Entry> {
        self.all.iter().filter(move |entry| entry.reference == reference && entry.row.unwrap_or(1) == row)
    }
}

impl Entry {
    fn check(&self, register: &Register) -> Result<()> {
        let Some(objective) = register.find(&self.reference) else {
            return Err(Error::input(format!("{} is not a reference of the plan", self.reference)));
        };
        if self.row.is_none() && objective.deliverable.len() > 1 {
            let rows = objective.deliverable.len();
            return Err(Error::input(format!("the reference has {rows} rows: say which with `row`")));
        }
        let number = self.row.unwrap_or(1);
        let Some(row) = objective.deliverable.iter().find(|row| row.row == number) else {
            return Err(Error::input(format!("the reference has no row {number}")));
        };
        self.fits(row)
    }

    fn fits(&self, row: &Deliverable) -> Result<()> {
        if self.by.trim().is_empty() {
            return Err(Error::input("`by` is empty: an entry names the role that made it"));
        }
        if let Some(part) = &self.part
            && !row.parts.iter().any(|known| known.part == *part)
        {
            let names: Vec<&str> = row.parts.iter().map(|known| known.part.as_str()).collect();
            return Err(Error::input(match names.as_slice() {
                [] => format!("there is no part `{part}`: the row has one date"),
                _ => format!("there is no part `{part}`; write one of {}", names.join(", ")),
            }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::owner::Owners;
    use crate::model::time::parse_date;

    fn plan() -> Register {
        Register::builtin(&Owners::builtin().unwrap()).unwrap()
    }

    fn one(rest: &str) -> Result<Entries> {
        Entries::parse(&format!("schema = 1\n[[entry]]\n{rest}"), "plan.toml", &plan())
    }

    #[test]
    fn the_last_entry_up_to_a_day_holds() {
        let text = r#"
schema = 1
[[entry]]
ref = "3.4.8.4"
part = "b"
on = 2017-09-20
status = "done"
by = "Finance Manager"
[[entry]]
ref = "3.4.8.4"
on = 2017-05-01
status = "under-way"
by = "Finance Manager"
"#;
        let entries = Entries::parse(text, "plan.toml", &plan()).unwrap();
        let on = |day: &str, part| {
            entries.latest("3.4.8.4", 1, Some(part), parse_date(day).unwrap()).map(|entry| entry.status)
        };
        assert_eq!(on("2017-04-30", "b"), None);
        assert_eq!(on("2017-05-01", "b"), Some(Status::UnderWay));
        assert_eq!(on("2017-10-01", "b"), Some(Status::Done));
        assert_eq!(on("2017-10-01", "a"), Some(Status::UnderWay), "a part does not speak for the other");
    }

    #[test]
    fn entries_that_do_not_fit_the_plan_are_refused() {
        let refuse = |rest: &str| one(rest).unwrap_err().to_string();
        let tail = "on = 2017-05-01\nstatus = \"done\"\nby = \"Superintendent\"";
        assert!(refuse(&format!("ref = \"3.4.8.1\"\n{tail}")).contains("not a reference of the plan"));
        assert!(refuse(&format!("ref = \"3.1.1.2\"\n{tail}")).contains("5 rows"));
        assert!(refuse(&format!("ref = \"3.1.1.2\"\nrow = 6\n{tail}")).contains("no row 6"));
        assert!(refuse(&format!("ref = \"3.4.8.4\"\npart = \"c\"\n{tail}")).contains("a, b"));
        assert!(refuse(&format!("ref = \"3.1.1.1\"\npart = \"a\"\n{tail}")).contains("one date"));
        assert!(
            refuse("ref = \"3.1.1.1\"\non = 2017-05-01\nstatus = \"finished\"\nby = \"x\"").contains("plan.toml:5")
        );
        assert!(refuse("ref = \"3.1.1.1\"\non = 2017-05-01\nstatus = \"done\"\nby = \" \"").contains("names the role"));
    }
}
