//! Values for the `$parameters` of a query.

use chrono::{Datelike, NaiveDate};
use datafusion::scalar::ScalarValue;

use crate::error::{Error, Result};
use crate::model::time::parse_date;

/// Days from year 1 to 1970-01-01, as chrono counts them.
const EPOCH_DAYS: i32 = 719_163;

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Whole number.
    Int(i64),
    /// Number.
    Float(f64),
    /// Island date.
    Date(NaiveDate),
    /// No value: the filter does not apply.
    Null,
}

/// Declared type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// Text.
    Text,
    /// Whole number.
    Int,
    /// Number.
    Float,
    /// Date.
    Date,
}

impl ParamKind {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "int" => Some(Self::Int),
            "float" => Some(Self::Float),
            "date" => Some(Self::Date),
            _ => None,
        }
    }

    /// Name as query headers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "int",
            Self::Float => "float",
            Self::Date => "date",
        }
    }
}

impl Value {
    /// Reads the text of `key=value` as the declared type.
    ///
    /// # Errors
    /// `Input` naming the parameter and what it takes.
    pub fn parse(text: &str, kind: ParamKind, name: &str) -> Result<Value> {
        let wrong = || Error::input(format!("parameter {name} takes a value of type {}, not `{text}`", kind.name()));
        Ok(match kind {
            ParamKind::Text => Value::Text(text.to_owned()),
            ParamKind::Int => Value::Int(text.parse().map_err(|_| wrong())?),
            ParamKind::Float => Value::Float(text.parse().map_err(|_| wrong())?),
            ParamKind::Date => Value::Date(parse_date(text)?),
        })
    }

    pub(super) fn scalar(&self, kind: ParamKind, name: &str) -> Result<ScalarValue> {
        Ok(match (self, kind) {
            (Value::Null, ParamKind::Text) => ScalarValue::Utf8(None),
            (Value::Null, ParamKind::Int) => ScalarValue::Int64(None),
            (Value::Null, ParamKind::Float) => ScalarValue::Float64(None),
            (Value::Null, ParamKind::Date) => ScalarValue::Date32(None),
            (Value::Text(text), ParamKind::Text) => ScalarValue::Utf8(Some(text.clone())),
            (Value::Int(number), ParamKind::Int) => ScalarValue::Int64(Some(*number)),
            (Value::Int(number), ParamKind::Float) => ScalarValue::Float64(Some(*number as f64)),
            (Value::Float(number), ParamKind::Float) => ScalarValue::Float64(Some(*number)),
            (Value::Date(on), ParamKind::Date) => ScalarValue::Date32(Some(on.num_days_from_ce() - EPOCH_DAYS)),
            (Value::Text(text), kind) => Value::parse(text, kind, name)?.scalar(kind, name)?,
            _ => return Err(Error::input(format!("parameter {name} takes a value of type {}", kind.name()))),
        })
    }
}
