//! The question catalogue: the files of `queries/`, embedded. A file's header says what it answers:
//!
//! ```sql
//! -- purpose: reads a camera and hour
//! -- param from date first island date
//! -- param camera text? one camera only
//! -- column reads int number of reads
//! SELECT …
//! ```
//!
//! A `?` marks a parameter that may be left out. Files named `view_*.sql` become views. Files named `records_*.sql` give
//! single records to the trips of `app` that compute with them; files named `measure_*.sql` are templates with slots,
//! `{name}`, which KPI files fill: both are in no list and cannot be asked by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use datafusion::common::ParamValues;
use datafusion::common::metadata::ScalarAndMetadata;
use rust_embed::Embed;

use super::params::{ParamKind, Value};
use crate::error::{Error, Result};

#[derive(Embed)]
#[folder = "queries"]
struct Files;

/// A parameter of a query.
#[derive(Debug, Clone)]
pub struct ParamDoc {
    /// Name without the `$`.
    pub name: String,
    /// Type.
    pub kind: ParamKind,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it does.
    pub about: String,
}

/// A column of an answer.
#[derive(Debug, Clone)]
pub struct ColumnDoc {
    /// Name.
    pub name: String,
    /// Type and unit in words.
    pub about: String,
}

/// One question of the catalogue.
#[derive(Debug, Clone)]
pub struct QueryDoc {
    /// Name: the file without `.sql`.
    pub name: String,
    /// What it answers.
    pub purpose: String,
    /// Parameters, in file order.
    pub params: Vec<ParamDoc>,
    /// Columns, in file order.
    pub columns: Vec<ColumnDoc>,
    /// The statement.
    pub sql: String,
}

static CATALOGUE: LazyLock<Vec<QueryDoc>> = LazyLock::new(|| {
    let mut names: Vec<String> = Files::iter().map(std::borrow::Cow::into_owned).collect();
    names.sort();
    names
        .iter()
        .filter_map(|file| {
            let data = Files::get(file)?.data;
            let text = String::from_utf8_lossy(&data).into_owned();
            Some(QueryDoc::read(file.trim_end_matches(".sql"), &text))
        })
        .collect()
});

/// Prefix of the questions whose answers are single records.
const RECORDS: &str = "records_";

/// Prefix of the templates that count measures.
const MEASURE: &str = "measure_";

/// Every question, by name.
pub fn queries() -> impl Iterator<Item = &'static QueryDoc> {
    let hidden = ["view_", RECORDS, MEASURE];
    CATALOGUE.iter().filter(move |query| !hidden.iter().any(|prefix| query.name.starts_with(prefix)))
}

/// A template that counts measures, by its whole name.
pub(super) fn template(name: &str) -> Result<&'static QueryDoc> {
    CATALOGUE
        .iter()
        .find(|query| query.name == name && name.starts_with(MEASURE))
        .ok_or_else(|| Error::bug(format!("there is no template {name}")))
}

/// Views: name → SQL.
pub(super) fn views() -> impl Iterator<Item = (&'static str, &'static str)> {
    CATALOGUE.iter().filter_map(|query| Some((query.name.strip_prefix("view_")?, query.sql.as_str())))
}

pub(super) fn find(name: &str) -> Result<&'static QueryDoc> {
    queries().find(|query| query.name == name).ok_or_else(|| {
        let known = queries().map(|query| query.name.as_str()).collect::<Vec<_>>().join(", ");
        Error::input(format!("there is no query `{name}`; there are {known}"))
    })
}

/// A question whose answer is single records: `points` for `records_points.sql`.
pub(super) fn find_records(name: &str) -> Result<&'static QueryDoc> {
    CATALOGUE
        .iter()
        .find(|query| query.name.strip_prefix(RECORDS) == Some(name))
        .ok_or_else(|| Error::bug(format!("there is no query {RECORDS}{name}")))
}

impl QueryDoc {
    fn read(name: &str, text: &str) -> Self {
        let mut query = QueryDoc {
            name: name.to_owned(),
            purpose: String::new(),
            params: Vec::new(),
            columns: Vec::new(),
            sql: text.to_owned(),
        };
        for line in text.lines().map_while(|line| line.strip_prefix("--")) {
            let line = line.trim();
            if let Some(purpose) = line.strip_prefix("purpose:") {
                purpose.trim().clone_into(&mut query.purpose);
            } else if let Some(rest) = line.strip_prefix("param ") {
                let mut words = rest.splitn(3, ' ');
                let (name, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                if let Some(parsed) = ParamKind::parse(kind.trim_end_matches('?')) {
                    query.params.push(ParamDoc {
                        name: name.to_owned(),
                        kind: parsed,
                        optional: kind.ends_with('?'),
                        about: words.next().unwrap_or_default().to_owned(),
                    });
                }
            } else if let Some(rest) = line.strip_prefix("column ") {
                let (name, about) = rest.split_once(' ').unwrap_or((rest, ""));
                query.columns.push(ColumnDoc { name: name.to_owned(), about: about.to_owned() });
            }
        }
        query
    }

    /// Checks the parameters and makes them values for the engine.
    pub(super) fn bind(&self, given: &BTreeMap<String, Value>) -> Result<ParamValues> {
        for name in given.keys() {
            if !self.params.iter().any(|p| p.name == *name) {
                let known = self.params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
                return Err(Error::input(format!("query {} has no parameter `{name}`; it takes {known}", self.name)));
            }
        }
        let mut values = HashMap::new();
        for param in &self.params {
            let value = match given.get(&param.name) {
                Some(value) => value,
                None if param.optional => &Value::Null,
                None => {
                    return Err(Error::input(format!(
                        "query {} needs {}={} ({})",
                        self.name,
                        param.name,
                        param.kind.name(),
                        param.about
                    )));
                }
            };
            let scalar = value.scalar(param.kind, &param.name)?;
            values.insert(param.name.clone(), ScalarAndMetadata::from(scalar));
        }
        Ok(ParamValues::Map(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_says_its_purpose_params_and_columns() {
        for query in CATALOGUE.iter() {
            assert!(!query.purpose.is_empty(), "{} has no purpose", query.name);
            if query.name.starts_with("view_") {
                continue;
            }
            let is_scan = query.name == "measure_scan";
            assert!(is_scan || !query.columns.is_empty(), "{} names no column", query.name);
            for param in &query.params {
                assert!(query.sql.contains(&format!("${}", param.name)), "{}: ${} unused", query.name, param.name);
            }
        }
    }

    #[test]
    fn single_records_are_in_no_list() {
        assert!(queries().all(|query| !query.name.starts_with(RECORDS) && !query.name.starts_with(MEASURE)));
        assert!(find("records_points").is_err() && find_records("points").is_ok());
    }

    #[test]
    fn unknown_and_missing_parameters_are_named() {
        let query = QueryDoc::read("t", "-- purpose: x\n-- param from date first day\nSELECT $from");
        let unknown = BTreeMap::from([("frm".to_owned(), Value::Null)]);
        assert!(query.bind(&unknown).unwrap_err().message().contains("`frm`"));
        assert!(query.bind(&BTreeMap::new()).unwrap_err().message().contains("from=date"));
    }
}
