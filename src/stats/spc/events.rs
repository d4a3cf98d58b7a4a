//! From the moments of events to the times between them.

/// Shortest time between two events, in seconds: a chart of times cannot hold 0.
const SHORTEST: i64 = 60;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Times between events, and the open one since the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaps {
    /// Days between each event and the one before it.
    pub days: Vec<f64>,
    /// Days from the last event to the cut-off. It is not over: show it hollow, and keep it out of limits and rules.
    pub open: Option<f64>,
}

/// Times between events, oldest first, and from the last to the cut-off.
///
/// **Method**: moments are put in order; a gap is the difference of two neighbours, at least one minute, because events of
/// the same moment would have no time between them. Events known only by their day should not share it: give hours.
/// The last gap ends at the cut-off and is open.
/// **Units**: moments in seconds from any origin; days.
/// **Undefined**: no gap for fewer than two events, no open gap without an event or where the cut-off comes before it.
///
/// # Example
/// ```
/// use vigie::stats::spc::gaps;
/// let day = 86_400;
/// let found = gaps(&[0, 2 * day, 12 * day], 31 * day - 1);
/// assert_eq!(found.days, [2.0, 10.0]);
/// assert!(found.open.is_some_and(|open| open.floor() == 18.0));
/// ```
pub fn gaps(events: &[i64], cut_off: i64) -> Gaps {
    let mut sorted: Vec<i64> = events.iter().copied().filter(|event| *event <= cut_off).collect();
    sorted.sort_unstable();
    let days = sorted.windows(2).map(|pair| (pair[1] - pair[0]).max(SHORTEST) as f64 / DAY).collect();
    Gaps { days, open: sorted.last().map(|last| (cut_off - last) as f64 / DAY) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_moment_are_a_minute_apart_and_later_ones_are_not_known_yet() {
        let found = gaps(&[500, 100, 100, 9_999], 600);
        assert_eq!(found.days.len(), 2);
        assert!((found.days[0] * DAY - 60.0).abs() < 1e-9 && (found.days[1] * DAY - 400.0).abs() < 1e-9);
        assert_eq!(gaps(&[], 5), Gaps { days: vec![], open: None });
    }
}
