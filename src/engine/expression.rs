//! What a KPI file may say in place of SQL: one expression over the columns of one table. It is taken apart and written
//! anew from its parts, so that nothing gets into a query that is not on the lists here: no subquery, no other function,
//! no column about a single person or vehicle.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator,
    Value,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;

use crate::error::{Error, Result};
use crate::model::schema::{PERSONAL, Table};

/// Longest expression, in bytes.
const LONGEST: usize = 4096;
/// Functions that an expression may use.
const FUNCTIONS: &[&str] = &[
    "abs",
    "coalesce",
    "daypart",
    "length",
    "local_date",
    "local_hour",
    "lower",
    "nullif",
    "round",
    "starts_with",
    "strpos",
    "upper",
];

/// A checked expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// Its text, written anew.
    pub sql: String,
    /// Columns that it reads.
    pub columns: BTreeSet<String>,
}

/// Checks one expression over a table.
///
/// # Errors
/// `Input` saying what of it is not accepted.
pub fn expression(text: &str, table: &Table) -> Result<Expression> {
    if text.len() > LONGEST {
        return Err(Error::input(format!("the expression has {} bytes; at most {LONGEST} are read", text.len())));
    }
    let unread = |cause: String| Error::input(format!("`{text}` is not an expression: {cause}"));
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect).try_with_sql(text).map_err(|e| unread(e.to_string()))?;
    let parsed = parser.parse_expr().map_err(|e| unread(e.to_string()))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(unread(format!("`{}` comes after its end; write one expression", rest.token)));
    }
    let mut columns = BTreeSet::new();
    Guard { table, columns: &mut columns }.check(&parsed)?;
    Ok(Expression { sql: format!("({parsed})"), columns })
}

struct Guard<'a> {
    table: &'a Table,
    columns: &'a mut BTreeSet<String>,
}

impl Guard<'_> {
    fn all<'e>(&mut self, parts: impl IntoIterator<Item = &'e Expr>) -> Result<()> {
        parts.into_iter().try_for_each(|part| self.check(part))
    }

    fn check(&mut self, part: &Expr) -> Result<()> {
        match part {
            Expr::Identifier(name) => {
                let column = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() };
                self.column(column)
            }
            Expr::Value(value) => literal(&value.value),
            Expr::TypedString(typed) if matches!(typed.data_type, DataType::Date | DataType::Timestamp(..)) => {
                literal(&typed.value.value)
            }
            Expr::Nested(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner) => self.check(inner),
            Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => self.all([a.as_ref(), b.as_ref()]),
            Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::Minus | UnaryOperator::Plus, expr } => {
                self.check(expr)
            }
            Expr::BinaryOp { left, op, right } if is_plain(op) => self.all([left.as_ref(), right.as_ref()]),
            Expr::Between { expr, low, high, .. } => self.all([expr.as_ref(), low.as_ref(), high.as_ref()]),
            Expr::InList { expr, list, .. } => {
                self.check(expr)?;
                self.all(list)
            }
            Expr::Like { any: false, expr, pattern, escape_char: None, .. }
            | Expr::ILike { any: false, expr, pattern, escape_char: None, .. } => {
                self.all([expr.as_ref(), pattern.as_ref()])
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.all(operand.as_deref())?;
                for when in conditions {
                    self.all([&when.condition, &when.result])?;
                }
                self.all(else_result.as_deref())
            }
            Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None } => match data_type {
                DataType::BigInt(_) | DataType::Double(_) | DataType::Date | DataType::Varchar(None) => {
                    self.check(expr)
                }
                other => refuse(&format!("CAST to {other}"), "cast to BIGINT, DOUBLE, DATE or VARCHAR"),
            },
            Expr::Function(function) => self.function(function),
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                refuse("a subquery", "write a condition on the columns of one record")
            }
            other => refuse(&format!("`{other}`"), "write comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE"),
        }
    }

    fn column(&mut self, name: String) -> Result<()> {
        if PERSONAL.contains(&name.as_str()) {
            return refuse(&format!("the column {name}"), "it tells one person or vehicle from another");
        }
        if self.table.kind_of(&name).is_none() {
            let known: Vec<&str> = self.table.all_columns().map(|c| c.name).filter(|c| !PERSONAL.contains(c)).collect();
            let message = format!("{} has no column `{name}`; it has {}", self.table.name, known.join(", "));
            return Err(Error::input(message));
        }
        self.columns.insert(name);
        Ok(())
    }

    fn function(&mut self, function: &Function) -> Result<()> {
        let name = function.name.to_string().to_lowercase();
        let known = || format!("there are {}", FUNCTIONS.join(", "));
        if !FUNCTIONS.contains(&name.as_str()) {
            return refuse(&format!("the function {name}"), &known());
        }
        let is_bare = function.over.is_none()
            && function.filter.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && !function.uses_odbc_syntax
            && matches!(function.parameters, FunctionArguments::None);
        let FunctionArguments::List(list) = &function.args else {
            return refuse(&format!("{name} without arguments"), &known());
        };
        if !is_bare || list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return refuse(&format!("{name} with clauses"), "write its arguments alone");
        }
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) => self.check(part)?,
                other => return refuse(&format!("`{other}` in {name}"), "write its arguments alone"),
            }
        }
        Ok(())
    }
}

fn literal(value: &Value) -> Result<()> {
    match value {
        Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => Ok(()),
        other => refuse(&format!("`{other}`"), "write numbers, 'text', TRUE, FALSE or NULL"),
    }
}

fn is_plain(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(
        op,
        Op::Eq
            | Op::NotEq
            | Op::Lt
            | Op::LtEq
            | Op::Gt
            | Op::GtEq
            | Op::And
            | Op::Or
            | Op::Plus
            | Op::Minus
            | Op::Multiply
            | Op::Divide
            | Op::Modulo
            | Op::StringConcat
    )
}

fn refuse(what: &str, instead: &str) -> Result<()> {
    Err(Error::input(format!("{what} is not accepted in an expression: {instead}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema::table;

    fn read(text: &str) -> Result<Expression> {
        expression(text, table("incidents").unwrap())
    }

    #[test]
    fn conditions_on_columns_are_read_and_name_their_columns() {
        let found = read("grade_initial = 1 OR origin = '999' AND NOT coalesce(cancelled, FALSE)").unwrap();
        assert_eq!(
            found.columns.iter().map(String::as_str).collect::<Vec<_>>(),
            ["cancelled", "grade_initial", "origin"]
        );
        for text in [
            "cancelled",
            "category IN ('a', 'b') AND first_arrived_at IS NOT NULL",
            "first_arrived_at < call_answered_at",
            "units_count BETWEEN 1 AND 3",
            "CASE WHEN cancelled THEN 1 ELSE 0 END = 1",
            "labels LIKE '%no_location%'",
            "local_on >= DATE '2017-01-01'",
            "(grade_initial = 1) = TRUE",
            "local_hour(call_answered_at) % 2 = 0",
        ] {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn everything_else_is_refused_with_a_reason() {
        for (text, word) in [
            ("", "not an expression"),
            ("grade_initial = 1; DROP TABLE incidents", "after its end"),
            ("1 = 1) OR (1 = 1", "after its end"),
            ("grade_initial = 1 -- comment", ""),
            ("(SELECT 1) = 1", "subquery"),
            ("EXISTS (SELECT 1)", "subquery"),
            ("incident_id IN (SELECT incident_id FROM crimes)", "subquery"),
            ("person_token = 'x'", "tells one person"),
            ("PERSON_TOKEN IS NULL", "tells one person"),
            ("crimes.flags = 'x'", "not accepted"),
            ("colour = 'red'", "no column `colour`"),
            ("version() = '1'", "the function version"),
            ("count(*) > 1", "the function count"),
            ("abs(units_count) OVER () > 1", "clauses"),
            ("category = $from", "not accepted"),
            ("category ~ 'a'", "not accepted"),
            ("CAST(category AS BYTEA) = 'x'", "CAST to"),
            ("ARRAY[1] = ARRAY[1]", "not accepted"),
            ("grade_initial = INTERVAL '1' DAY", "not accepted"),
        ] {
            match read(text) {
                // A comment is dropped: what stands in the query is written from the parts.
                Ok(found) => assert!(word.is_empty() && found.sql == "(grade_initial = 1)", "{text}: {found:?}"),
                Err(error) => assert!(!word.is_empty() && error.message().contains(word), "{text}: {error}"),
            }
        }
        assert!(read(&"(".repeat(3000)).is_err(), "deep nesting is an error, not a crash");
        assert!(read(&format!("category = '{}'", "x".repeat(5000))).is_err());
    }
}
