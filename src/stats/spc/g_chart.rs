//! The g chart: how many quiet cases or days lie between rare events.

use crate::stats::spc::Line;
use crate::stats::spc::xmr::average;

/// Centre and limits of whole gaps between events.
///
/// **Method** (Benneyan 2001, Health Care Management Science 4:305-318): the gaps are geometric with mean m; limits m ∓ 3√(m(m + 1)),
/// the lower one cut at 0; the centre line is the median, about which runs are counted.
/// **Units**: those of the gaps.
/// **Undefined**: `None` without a gap, or for a negative mean.
///
/// # Example
/// ```
/// use vigie::stats::spc::g_line;
/// let line = g_line(&[Some(1.0), Some(2.0), Some(6.0)]).ok_or("undefined")?;
/// assert_eq!((line.lower, line.centre), (0.0, 2.0));
/// assert!((line.upper - 3.0 - 3.0 * 12.0_f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
pub fn g_line(baseline: &[Option<f64>]) -> Option<Line> {
    let mut present: Vec<f64> = baseline.iter().flatten().copied().collect();
    let mean = average(&present).filter(|mean| *mean >= 0.0)?;
    present.sort_by(f64::total_cmp);
    let half = present.len() / 2;
    let median =
        if present.len().is_multiple_of(2) { f64::midpoint(present[half - 1], present[half]) } else { present[half] };
    let line = Line::around(mean, (mean * (mean + 1.0)).sqrt(), 0.0, f64::INFINITY);
    Some(Line { centre: median, middle: median, ..line })
}
