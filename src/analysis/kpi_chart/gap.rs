//! The chart of the times between rare events.

use crate::stats::spc::{Line, Point, Profile, gaps, judge_lines, t_line};

/// Times between events with their limits.
#[derive(Debug, Clone, PartialEq)]
pub struct GapChart {
    /// Days between each event and the one before it, the first gap first.
    pub days: Vec<f64>,
    /// Days since the last event: not over, so drawn hollow, without limits or rules.
    pub open: Option<f64>,
    /// Centre and limits.
    pub line: Line,
    /// What the rules say of each gap. High is good news for events that should not happen.
    pub points: Vec<Point>,
    /// Too few gaps for firm limits.
    pub trial: bool,
}

/// Charts the times between events.
///
/// **Method**: [`gaps`] between the events, [`t_line`] of the closed ones, all rules of the profile.
/// **Units**: moments in seconds; days.
/// **Undefined**: `None` with fewer than three events, or fewer gaps than the profile asks for.
///
/// # Example
/// ```
/// use vigie::analysis::kpi_chart::gap_chart;
/// use vigie::stats::spc::NHSR_02;
/// let days = [1, 4, 9, 11, 16, 20, 22, 29];
/// let events: Vec<i64> = days.iter().map(|day| day * 86_400).collect();
/// let chart = gap_chart(&events, 40 * 86_400, &NHSR_02).ok_or("too few")?;
/// assert_eq!((chart.days.len(), chart.open), (7, Some(11.0)));
/// # Ok::<(), &str>(())
/// ```
pub fn gap_chart(events: &[i64], cut_off: i64, profile: &Profile) -> Option<GapChart> {
    let found = gaps(events, cut_off);
    let values: Vec<Option<f64>> = found.days.iter().copied().map(Some).collect();
    let line = t_line(&values, profile)?;
    let points = judge_lines(&values, &vec![Some(line); values.len()], profile);
    Some(GapChart { trial: values.len() < profile.firm_points, days: found.days, open: found.open, line, points })
}
