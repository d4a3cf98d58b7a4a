//! Numbers, dates and states as readers see them. British: `14,000`, `95.3%`, `5 May 2017`.

use chrono::NaiveDate;

use crate::analysis::kpi::Unit;
use crate::model::time::date_in_words;
use crate::model::words::thousands;

/// Shown for a suppressed value, explained above the table.
pub const SUPPRESSED: &str = "[c]";
/// Shown for a value that does not exist, explained above the table.
pub const UNAVAILABLE: &str = "[x]";
/// Shown where there can be no value, explained above the table.
pub const NOT_APPLICABLE: &str = "[z]";

/// A number with so many decimals and thousands separated. Zero never shows a minus sign.
pub fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (integer, fraction) = text.split_once('.').map_or((text, ""), |(i, f)| (i, f));
    let integer = integer.parse::<i64>().map_or_else(|_| integer.to_owned(), thousands);
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if zero { "" } else { sign };
    if fraction.is_empty() { format!("{sign}{integer}") } else { format!("{sign}{integer}.{fraction}") }
}

/// A value in a column whose header names the unit: counts whole where they are, shares with their sign, minutes with
/// one decimal.
///
/// # Example
/// ```
/// use vigie::analysis::kpi::Unit;
/// use vigie::render::format::value;
/// assert_eq!(value(0.9534, Unit::Percent), "95.3%");
/// assert_eq!(value(148.0, Unit::Count), "148");
/// assert_eq!(value(5.62, Unit::Minutes), "5.6");
/// ```
pub fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count if (value - value.round()).abs() < 1e-9 => decimal(value, 0),
        Unit::Count | Unit::Minutes | Unit::Number => decimal(value, 1),
        Unit::Percent => format!("{}%", decimal(value * 100.0, 1)),
        Unit::Pounds => unit.text(value),
    }
}

/// A value that may not exist.
pub fn value_or(value_if_any: Option<f64>, unit: Unit, otherwise: &str) -> String {
    value_if_any.map_or_else(|| otherwise.to_owned(), |v| value(v, unit))
}

/// A count that may be suppressed.
pub fn count_or(count: Option<u64>, otherwise: &str) -> String {
    count.map_or_else(|| otherwise.to_owned(), thousands)
}

/// An ISO date as `5 May 2017`; anything else stays as it is.
pub fn iso_date(text: &str) -> String {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_or_else(|_| text.to_owned(), date_in_words)
}

/// Words of a unit, for headers and axes.
pub fn unit_words(unit: Unit) -> &'static str {
    match unit {
        Unit::Count | Unit::Number => "number",
        Unit::Percent => "%",
        Unit::Minutes => "minutes",
        Unit::Pounds => "£",
    }
}

/// A p or q value: three decimals, and never an exact zero.
pub fn probability(value: f64) -> String {
    if value < 0.001 { "< 0.001".to_owned() } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_negatives_do_not_become_minus_zero() {
        assert_eq!(decimal(-0.04, 1), "0.0");
        assert_eq!(decimal(-1234.56, 1), "-1,234.6");
        assert_eq!(decimal(999.96, 1), "1,000.0");
    }

    #[test]
    fn probabilities_are_never_zero() {
        assert_eq!(probability(0.000_01), "< 0.001");
        assert_eq!(probability(0.0123), "0.012");
    }
}
