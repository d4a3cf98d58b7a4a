//! Sentences for a comparison.

use crate::analysis::comparison::AsOf;
use crate::model::time::{Period, date_in_words};

/// Why an earlier figure is not there.
pub(super) fn missing(days: Period, as_of: AsOf) -> String {
    match as_of {
        AsOf::Now => format!("no figure for {}", days.in_words()),
        AsOf::Day(on) => format!("no figure for {} as known on {}", days.in_words(), date_in_words(on)),
    }
}

/// How old the figures were when they were counted.
pub(super) fn lag(days: i64) -> String {
    match days {
        1 => "each side as known 1 day after its end, and as known now".to_owned(),
        days => format!("each side as known {days} days after its end, and as known now"),
    }
}
