//! A target in a table: `≥ 95.7%`.

use crate::analysis::kpi::Unit;
use crate::stats::spc::Direction;

/// A target as a table shows it: `≥ 95.7%`, `≤ 100`, `-` without one, `Neutral` where neither way is better.
///
/// # Example
/// ```
/// use vigie::analysis::kpi::Unit;
/// use vigie::analysis::target_text::target_text;
/// use vigie::stats::spc::Direction;
/// assert_eq!(target_text(Some(0.9566), Direction::Increase, Unit::Percent), "≥ 95.7%");
/// assert_eq!(target_text(None, Direction::Increase, Unit::Percent), "-");
/// ```
pub fn target_text(target: Option<f64>, direction: Direction, unit: Unit) -> String {
    match (target, direction) {
        (None, _) => "-".to_owned(),
        (Some(_), Direction::Neutral) => "Neutral".to_owned(),
        (Some(value), Direction::Increase) => format!("≥ {}", unit.text(value)),
        (Some(value), Direction::Decrease) => format!("≤ {}", unit.text(value)),
    }
}
