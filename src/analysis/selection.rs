//! Which records a question is about: dataset, group, period and daypart. Every question of place and time holds one.

use crate::error::{Error, Result};
use crate::model::provenance::{Provenance, generator};
use crate::model::schema::{self, Table};
use crate::model::time::{Daypart, Period};

/// Records of one dataset, perhaps of one group, in a period and perhaps a band of the day.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Table of events.
    pub dataset: String,
    /// Value of the table's group column; `None` takes all.
    pub group: Option<String>,
    /// Island dates.
    pub period: Period,
    /// Band of the day; `None` is the whole day.
    pub daypart: Option<Daypart>,
}

impl Selection {
    /// All records of a dataset in a period.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::selection::Selection;
    /// use vigie::model::time::parse_period_name;
    /// let crimes = Selection::of("crimes", parse_period_name("2017")?);
    /// crimes.check()?;
    /// assert_eq!(crimes.subject(), "crimes group=all 2017-01-01..2018-01-01 daypart=all");
    /// assert!(Selection::of("crime", crimes.period).check().is_err());
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn of(dataset: &str, period: Period) -> Self {
        Self { dataset: dataset.to_owned(), group: None, period, daypart: None }
    }

    /// The same in a band of the day.
    #[must_use]
    pub fn by(mut self, daypart: Daypart) -> Self {
        self.daypart = Some(daypart);
        self
    }

    /// Checks what the types do not; gives the table.
    ///
    /// # Errors
    /// `Input` naming the field and what would do: an unknown dataset, one without events, a group where the dataset
    /// has none, a period that ends before it starts.
    pub fn check(&self) -> Result<&'static Table> {
        let countable = || {
            let names: Vec<&str> = schema::tables().iter().filter(|t| t.is_event()).map(|t| t.name).collect();
            names.join(", ")
        };
        let table = schema::table(&self.dataset).filter(|table| table.is_event()).ok_or_else(|| {
            Error::input(format!("`{}` is not a dataset of events; there are {}", self.dataset, countable()))
                .at("dataset")
        })?;
        match &self.group {
            Some(group) if group.trim().is_empty() => {
                return Err(Error::input("the group is empty; leave it out to count everything").at("group"));
            }
            Some(_) if table.group.is_none() => {
                return Err(Error::input(format!("{} has no groups", table.name)).at("group"));
            }
            _ => {}
        }
        Period::new(self.period.from, self.period.to)?;
        Ok(table)
    }

    /// The selection in one line, for the audit and as a key.
    pub fn subject(&self) -> String {
        format!(
            "{} group={} {}..{} daypart={}",
            self.dataset,
            self.group.as_deref().unwrap_or("all"),
            self.period.from,
            self.period.to,
            self.daypart.as_ref().map_or_else(|| "all".to_owned(), |d| format!("{} {}", d.name, d.band()))
        )
    }

    /// The provenance of an answer to `question` about these records, read at a store version. What the question adds
    /// (method, parameters, rows, exclusions) is for it to fill in.
    pub fn provenance(&self, question: &str, store_version: u64) -> Provenance {
        Provenance {
            question: question.to_owned(),
            dataset: Some(self.dataset.clone()),
            group: self.group.clone(),
            from: Some(self.period.from.to_string()),
            to: Some(self.period.to.to_string()),
            daypart: self.daypart.as_ref().map(|d| format!("{} {}", d.name, d.band())),
            store_version,
            generated_by: generator(),
            ..Provenance::default()
        }
    }
}
