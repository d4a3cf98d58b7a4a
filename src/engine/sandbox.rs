//! What a user's SQL may do: one statement that reads.

use std::collections::BTreeSet;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionContext};

use crate::error::{Error, Result};
use crate::model::schema::PERSONAL;

/// Longest statement accepted, in bytes.
const LONGEST: usize = 64 * 1024;

pub(super) async fn plan(context: &SessionContext, text: &str) -> Result<DataFrame> {
    if text.trim().is_empty() {
        return Err(Error::input("there is no SQL statement; write SELECT …"));
    }
    if text.len() > LONGEST {
        return Err(Error::input(format!("the statement has {} bytes; at most {LONGEST} are read", text.len())));
    }
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    context.sql_with_options(text, options).await.map_err(|e| refused(&e))
}

/// Columns about single people or vehicles that a statement reads, whatever it calls them in its answer.
pub(super) fn personal_columns(frame: DataFrame) -> Result<BTreeSet<String>> {
    let plan = frame.into_optimized_plan().map_err(|e| refused(&e))?;
    let mut found = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let read = scan.projected_schema.fields().iter().map(|field| field.name());
            found.extend(read.filter(|name| PERSONAL.contains(&name.as_str())).cloned());
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(|e| refused(&e))?;
    Ok(found)
}

/// The person's own SQL did not run: tell them what the engine said of it.
pub(super) fn refused(cause: &DataFusionError) -> Error {
    let message = cause.find_root().message().into_owned();
    let message = match cause.find_root() {
        DataFusionError::SQL(error, _) => format!("the SQL cannot be read: {error}"),
        _ if message.contains("not supported") => {
            format!("only one statement that reads (SELECT) is accepted: {message}")
        }
        _ => format!("the SQL does not run: {message}"),
    };
    Error::input(message)
}
