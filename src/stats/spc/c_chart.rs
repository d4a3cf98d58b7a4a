//! The c chart: counts of one and the same exposure.

use crate::stats::spc::Line;
use crate::stats::spc::xmr::average;

/// Centre and limits of counts from equal exposures, as normal deviates of a Poisson.
///
/// **Method** (Shewhart 1931; Montgomery 2009, *Statistical Quality Control*, 7.3): mean c̄ of the baseline; limits
/// c̄ ∓ 3√c̄, the lower one cut at 0. Below a mean of about 10 they are wrong by chance three to ten times as often as they
/// say: use [`PoissonChart`](crate::stats::spc::PoissonChart) there.
/// **Units**: those of the counts.
/// **Undefined**: `None` without a value, or for a negative mean.
///
/// # Example
/// ```
/// use vigie::stats::spc::c_line;
/// let line = c_line(&[Some(9.0), None, Some(9.0)]).ok_or("undefined")?;
/// assert_eq!((line.lower, line.centre, line.upper), (0.0, 9.0, 18.0));
/// # Ok::<(), &str>(())
/// ```
pub fn c_line(baseline: &[Option<f64>]) -> Option<Line> {
    let present: Vec<f64> = baseline.iter().flatten().copied().collect();
    let centre = average(&present).filter(|centre| *centre >= 0.0)?;
    Some(Line::around(centre, centre.sqrt(), 0.0, f64::INFINITY))
}
