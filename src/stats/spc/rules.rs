//! Special-cause rules: which points are more than the usual ups and downs.

use crate::stats::spc::{Limits, Profile};

/// Above or rising, below or falling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Above the mean, or rising.
    High,
    /// Below the mean, or falling.
    Low,
}

impl Side {
    fn of(value: f64, mean: f64) -> Option<Side> {
        if value > mean {
            Some(Side::High)
        } else if value < mean {
            Some(Side::Low)
        } else {
            None
        }
    }
}

/// The special-cause rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Beyond a process limit.
    Astronomical,
    /// Part of seven points rising or falling.
    Trend,
    /// One of two points of three beyond two sigma on one side.
    TwoOfThree,
    /// Part of seven points on one side of the mean.
    Run,
}

impl Rule {
    /// All rules, the one that names a point first.
    pub const ALL: [Rule; 4] = [Rule::Astronomical, Rule::Trend, Rule::TwoOfThree, Rule::Run];

    /// Name in tables: the rule in plain words.
    pub fn words(self) -> &'static str {
        match self {
            Rule::Astronomical => "outside the limits",
            Rule::Trend => "part of a trend of seven",
            Rule::TwoOfThree => "two of three near a limit",
            Rule::Run => "part of a run of seven on one side",
        }
    }

    fn bit(self, side: Side) -> u8 {
        let rule = match self {
            Rule::Astronomical => 0,
            Rule::Trend => 2,
            Rule::TwoOfThree => 4,
            Rule::Run => 6,
        };
        1 << (rule + u8::from(side == Side::Low))
    }
}

/// Every rule that fired at a point, as a small set: a point may be in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    /// Whether a rule fired on a side.
    pub fn has(self, rule: Rule, side: Side) -> bool {
        self.0 & rule.bit(side) != 0
    }

    /// Whether no rule fired.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Rules that fired, the one that names the point first.
    pub fn rules(self) -> impl Iterator<Item = (Rule, Side)> {
        Rule::ALL
            .into_iter()
            .flat_map(|rule| [(rule, Side::High), (rule, Side::Low)])
            .filter(move |&(rule, side)| self.has(rule, side))
    }

    fn set(&mut self, rule: Rule, side: Side) {
        self.0 |= rule.bit(side);
    }
}

/// What the rules say of one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// Every rule that fired.
    pub flags: Flags,
    /// The one that names the point, by precedence: outside the limits, trend, two of three, run. `None` is common
    /// cause.
    pub signal: Option<(Rule, Side)>,
}

/// Runs the rules over one phase, against limits that may come from its first points only.
///
/// **Method** (`NHSRplotthedots` 0.2): outside: beyond a limit, strictly. Run: seven in a row strictly on one side,
/// all of them and every later one flagged; a value on the mean breaks it. Trend: seven in a row strictly rising or
/// falling; a tie breaks it; a point of two trends is named by the later. Two of three: at least two of three in a row
/// beyond two sigma but inside the limits, all three on one side; only those beyond two sigma are flagged. A missing
/// value breaks everything.
///
/// # Example
/// ```
/// use vigie::stats::spc::{NHSR_02, Rule, Side, judge, limits};
/// let calm = [5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0].map(Some);
/// let limits = limits(&calm, &NHSR_02).ok_or("undefined")?;
/// let points = judge(&[Some(6.0), Some(9.0)], &limits, &NHSR_02);
/// assert_eq!((points[0].signal, points[1].signal), (None, Some((Rule::Astronomical, Side::High))));
/// # Ok::<(), &str>(())
/// ```
pub fn judge(values: &[Option<f64>], limits: &Limits, profile: &Profile) -> Vec<Point> {
    let sides: Vec<Option<Side>> = values.iter().map(|v| v.and_then(|v| Side::of(v, limits.mean))).collect();
    let outside: Vec<Option<Side>> = values
        .iter()
        .map(|v| match *v {
            Some(v) if v > limits.upl => Some(Side::High),
            Some(v) if v < limits.lpl => Some(Side::Low),
            _ => None,
        })
        .collect();
    let near: Vec<bool> = values
        .iter()
        .zip(&outside)
        .map(|(v, out)| out.is_none() && v.is_some_and(|v| v < limits.near_low || v > limits.near_high))
        .collect();
    let run = part_of(&run_ends(&sides, profile.run), profile.run);
    let trend = part_of(&trend_ends(values, profile.trend), profile.trend);
    let two = two_of_three(&near, &sides);
    let mut points = vec![Point::default(); values.len()];
    for (i, point) in points.iter_mut().enumerate() {
        for (rule, side) in
            [(Rule::Astronomical, outside[i]), (Rule::Trend, trend[i]), (Rule::TwoOfThree, two[i]), (Rule::Run, run[i])]
        {
            if let Some(side) = side {
                point.flags.set(rule, side);
                point.signal = point.signal.or(Some((rule, side)));
            }
        }
    }
    points
}

/// Where a run of `length` values on one side ends: at the last of them and at each later one.
pub fn run_ends(sides: &[Option<Side>], length: usize) -> Vec<Option<Side>> {
    let mut streak = 0;
    (0..sides.len())
        .map(|i| {
            streak = if sides[i].is_none() {
                0
            } else if i > 0 && sides[i] == sides[i - 1] {
                streak + 1
            } else {
                1
            };
            if streak >= length { sides[i] } else { None }
        })
        .collect()
}

/// Where a trend of `length` values strictly rising or falling ends: at the last of them and at each later one.
pub fn trend_ends(values: &[Option<f64>], length: usize) -> Vec<Option<Side>> {
    let mut streak = 1;
    let mut before = None;
    (0..values.len())
        .map(|i| {
            let step = match (i.checked_sub(1).and_then(|j| values[j]), values[i]) {
                (Some(last), Some(now)) => Side::of(now, last),
                _ => None,
            };
            streak = if step.is_none() {
                1
            } else if step == before {
                streak + 1
            } else {
                2
            };
            before = step;
            if streak >= length { step } else { None }
        })
        .collect()
}

/// Every point of a run or trend of `length`, from where they end; of two, the later.
pub fn part_of(ends: &[Option<Side>], length: usize) -> Vec<Option<Side>> {
    (0..ends.len()).map(|i| ends[i..ends.len().min(i + length)].iter().rev().find_map(|end| *end)).collect()
}

/// Points beyond two sigma that are two of three in a row on one side.
pub fn two_of_three(near: &[bool], sides: &[Option<Side>]) -> Vec<Option<Side>> {
    let mut flagged = vec![None; near.len()];
    for start in 0..near.len().saturating_sub(2) {
        let window = start..start + 3;
        let side = sides[start];
        let together = side.is_some() && sides[window.clone()].iter().all(|other| *other == side);
        if together && near[window.clone()].iter().filter(|near| **near).count() >= 2 {
            for i in window.filter(|i| near[*i]) {
                flagged[i] = side;
            }
        }
    }
    flagged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::spc::NHSR_02;

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    fn limits_at(mean: f64, sigma: f64) -> Limits {
        Limits {
            mean,
            moving_range: sigma,
            lpl: mean - 3.0 * sigma,
            upl: mean + 3.0 * sigma,
            near_low: mean - 2.0 * sigma,
            near_high: mean + 2.0 * sigma,
            points: 20,
            trial: false,
        }
    }

    #[test]
    fn precedence_is_limits_trend_two_of_three_run() {
        // Rising above the mean: a run and a trend at once, the last one also outside.
        let values = some(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 9.0]);
        let points = judge(&values, &limits_at(0.0, 1.0), &NHSR_02);
        assert_eq!(points[6].signal, Some((Rule::Astronomical, Side::High)));
        assert_eq!(points[0].signal, Some((Rule::Trend, Side::High)));
        assert!(points[0].flags.has(Rule::Run, Side::High));
        assert_eq!(points[6].flags.rules().count(), 3);
    }

    #[test]
    fn the_peak_of_two_trends_belongs_to_the_later() {
        let up_and_down = some(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
        let trend = part_of(&trend_ends(&up_and_down, 7), 7);
        assert_eq!((trend[5], trend[6], trend[12]), (Some(Side::High), Some(Side::Low), Some(Side::Low)));
    }

    #[test]
    fn a_missing_value_breaks_runs_and_trends() {
        let mut values = some(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        values[3] = None;
        assert!(judge(&values, &limits_at(0.0, 10.0), &NHSR_02).iter().all(|p| p.signal.is_none()));
    }

    #[test]
    fn equality_with_a_limit_is_inside() {
        let points = judge(&some(&[3.0, 3.000_1]), &limits_at(0.0, 1.0), &NHSR_02);
        assert_eq!(points[0].signal, None);
        assert_eq!(points[1].signal, Some((Rule::Astronomical, Side::High)));
    }
}
