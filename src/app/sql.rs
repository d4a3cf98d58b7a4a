//! Free SQL and named queries, read-only.

use std::collections::BTreeMap;

use super::App;
use crate::engine::{Answer, QueryDoc, Value, queries};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::store::{AsOf, Erasure};

/// Runs one read-only statement: single records may be in its answer.
///
/// # Errors
/// `Denied` by role, or without a purpose where people or vehicles can be told apart; `Input` if it is not one
/// `SELECT` or does not resolve.
pub async fn sql(app: &App, who: &Principal, text: &str, as_of: AsOf) -> Result<Answer> {
    // The statement itself may hold personal values: the audit keeps its digest.
    let digest = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()));
    app.enter(who, Action::AskRecords, "sql", &format!("statement {digest}"))?;
    let snapshot = app.engine.snapshot(as_of).await?;
    if who.purpose.is_none() {
        let personal = snapshot.personal_columns(text).await?;
        if !personal.is_empty() {
            let columns = personal.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Error::denied(format!(
                "the statement reads {columns}, which tell one person or vehicle from another: name why with --purpose CODE \
                 --reference NUMBER"
            )));
        }
    }
    snapshot.sql(text).await
}

/// Asks a named question with `key=value` parameters.
///
/// # Errors
/// `Denied`; `Input` for an unknown question or parameter, or a value of another type.
pub async fn query(app: &App, who: &Principal, name: &str, given: &[(String, String)], as_of: AsOf) -> Result<Answer> {
    // Counts of named queries are not released: small ones stand in them as they are.
    app.enter(who, Action::AskQuery, "query", name)?;
    let doc = find(name)?;
    let mut params = BTreeMap::new();
    for (key, text) in given {
        let value = match doc.params.iter().find(|param| param.name == *key) {
            Some(param) => Value::parse(text, param.kind, key)?,
            None => Value::Text(text.clone()),
        };
        if params.insert(key.clone(), value).is_some() {
            return Err(Error::input(format!("parameter {key} is there twice")));
        }
    }
    app.engine.snapshot(as_of).await?.query(name, &params).await
}

/// What was erased after the version that a moment means: its answers are without these records.
///
/// # Errors
/// `Missing` if the store has no such version.
pub fn erased_since(app: &App, as_of: AsOf) -> Result<Vec<Erasure>> {
    Ok(app.store.version(as_of)?.erased_since)
}

fn find(name: &str) -> Result<&'static QueryDoc> {
    queries().find(|query| query.name == name).ok_or_else(|| {
        let known = queries().map(|query| query.name.as_str()).collect::<Vec<_>>().join(", ");
        Error::input(format!("there is no query `{name}`; there are {known}"))
    })
}
