//! Statistical process control: XmR limits, special-cause rules, variation and assurance.
//!
//! Every function takes the values of one group and one phase, in time order, so no moving range, run or trend ever
//! crosses from one to the next. Behaviour is that of a named [`Profile`], printed under every chart.

use serde::Serialize;

/// A set of conventions under its public name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Name as printed.
    pub name: &'static str,
    /// Limits lie `k` average moving ranges from the mean.
    pub k: f64,
    /// Moving ranges of `cut` times their average or more leave the average, once; `None` keeps all.
    pub cut: Option<f64>,
    /// Points on one side of the mean that make a run.
    pub run: usize,
    /// Points strictly rising or falling that make a trend.
    pub trend: usize,
    /// Fewer points than this give limits called trial limits.
    pub firm_points: usize,
    /// Fewer points than this give no variation or assurance word.
    pub icon_points: usize,
}

/// The conventions of the R package `NHSRplotthedots` 0.2: every one has a public test vector.
pub const NHSR_02: Profile =
    Profile { name: "nhsr-0.2", k: 2.66, cut: Some(3.267), run: 7, trend: 7, firm_points: 12, icon_points: 13 };

/// XmR limits of one phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Mean of the values, the screened ones included.
    pub mean: f64,
    /// Average moving range after screening.
    pub moving_range: f64,
    /// Lower process limit, three sigma below; not cut at 0.
    pub lpl: f64,
    /// Upper process limit, three sigma above.
    pub upl: f64,
    /// Two sigma below.
    pub near_low: f64,
    /// Two sigma above.
    pub near_high: f64,
    /// Values that made them.
    pub points: usize,
    /// Too few values for firm limits.
    pub trial: bool,
}

/// XmR limits of one phase.
///
/// **Method** (Shewhart 1931; Wheeler 1993; screening as in `NHSRplotthedots` 0.2): mean m of the values; moving
/// ranges |y(i) − y(i−1)| of neighbours that are both there; those of 3.267 times their average or more are dropped
/// once (the value itself stays in the mean); limits m ∓ 2.66 · average moving range, two-sigma lines at two thirds
/// of that.
/// **Units**: those of the values.
/// **Undefined**: `None` without one moving range. All values equal gives limits on the mean.
///
/// # Example
/// ```
/// use vigie::stats::spc::{NHSR_02, limits};
/// let limits = limits(&[Some(4.0), Some(6.0), Some(5.0), None, Some(5.0)], &NHSR_02).ok_or("undefined")?;
/// assert_eq!((limits.mean, limits.moving_range), (5.0, 1.5));
/// # Ok::<(), &str>(())
/// ```
pub fn limits(values: &[Option<f64>], profile: &Profile) -> Option<Limits> {
    let present: Vec<f64> = values.iter().flatten().copied().collect();
    let mean = average(&present)?;
    let mut ranges: Vec<f64> = values
        .windows(2)
        .filter_map(|pair| match (pair[0], pair[1]) {
            (Some(before), Some(now)) => Some((now - before).abs()),
            _ => None,
        })
        .collect();
    let all = average(&ranges)?;
    if let Some(cut) = profile.cut {
        ranges.retain(|range| *range < cut * all);
    }
    let moving_range = average(&ranges).unwrap_or(all);
    let three = profile.k * moving_range;
    let two = three * 2.0 / 3.0;
    Some(Limits {
        mean,
        moving_range,
        lpl: mean - three,
        upl: mean + three,
        near_low: mean - two,
        near_high: mean + two,
        points: present.len(),
        trial: present.len() < profile.firm_points,
    })
}

fn average(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

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
        for (rule, side) in [
            (Rule::Astronomical, outside[i]),
            (Rule::Trend, trend[i]),
            (Rule::TwoOfThree, two[i]),
            (Rule::Run, run[i]),
        ] {
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
    (0..ends.len())
        .map(|i| ends[i..ends.len().min(i + length)].iter().rev().find_map(|end| *end))
        .collect()
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

/// Which way a measure should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Higher is better.
    Increase,
    /// Lower is better.
    Decrease,
    /// Neither.
    Neutral,
}

impl Direction {
    /// The direction of that name: `increase`, `decrease`, `neutral`.
    pub fn parse(name: &str) -> Option<Direction> {
        match name {
            "increase" => Some(Direction::Increase),
            "decrease" => Some(Direction::Decrease),
            "neutral" => Some(Direction::Neutral),
            _ => None,
        }
    }
}

/// What a point means, from its signal and the direction of good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Variation {
    /// Nothing but the usual ups and downs.
    CommonCause,
    /// A signal for the better, upwards.
    ImprovementHigh,
    /// A signal for the better, downwards.
    ImprovementLow,
    /// A signal for the worse, upwards.
    ConcernHigh,
    /// A signal for the worse, downwards.
    ConcernLow,
    /// A signal upwards, neither good nor bad.
    NeutralHigh,
    /// A signal downwards, neither good nor bad.
    NeutralLow,
}

impl Variation {
    /// Name in JSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Variation::CommonCause => "common_cause",
            Variation::ImprovementHigh => "improvement_high",
            Variation::ImprovementLow => "improvement_low",
            Variation::ConcernHigh => "concern_high",
            Variation::ConcernLow => "concern_low",
            Variation::NeutralHigh => "neutral_high",
            Variation::NeutralLow => "neutral_low",
        }
    }

    /// Name for a reader.
    pub fn words(self) -> &'static str {
        match self {
            Variation::CommonCause => "no significant change",
            Variation::ImprovementHigh => "improving, high",
            Variation::ImprovementLow => "improving, low",
            Variation::ConcernHigh => "concerning, high",
            Variation::ConcernLow => "concerning, low",
            Variation::NeutralHigh => "significantly high",
            Variation::NeutralLow => "significantly low",
        }
    }
}

/// What a point means: its signal, seen with the direction of good. A trend counts by its own direction, not by its
/// side of the mean.
///
/// # Example
/// ```
/// use vigie::stats::spc::{Direction, Rule, Side, Variation, variation};
/// let above = Some((Rule::Astronomical, Side::High));
/// assert_eq!(variation(above, Direction::Decrease), Variation::ConcernHigh);
/// assert_eq!(variation(None, Direction::Decrease), Variation::CommonCause);
/// ```
pub fn variation(signal: Option<(Rule, Side)>, direction: Direction) -> Variation {
    match (signal.map(|(_, side)| side), direction) {
        (None, _) => Variation::CommonCause,
        (Some(Side::High), Direction::Increase) => Variation::ImprovementHigh,
        (Some(Side::High), Direction::Decrease) => Variation::ConcernHigh,
        (Some(Side::High), Direction::Neutral) => Variation::NeutralHigh,
        (Some(Side::Low), Direction::Increase) => Variation::ConcernLow,
        (Some(Side::Low), Direction::Decrease) => Variation::ImprovementLow,
        (Some(Side::Low), Direction::Neutral) => Variation::NeutralLow,
    }
}

/// Whether the process, left alone, meets its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// The whole range between the limits meets it.
    ConsistentPass,
    /// The whole range misses it.
    ConsistentFail,
    /// The target lies between the limits, or on one: hit or miss.
    Inconsistent,
}

impl Assurance {
    /// Name in JSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Assurance::ConsistentPass => "consistent_pass",
            Assurance::ConsistentFail => "consistent_fail",
            Assurance::Inconsistent => "inconsistent",
        }
    }

    /// Name for a reader.
    pub fn words(self) -> &'static str {
        match self {
            Assurance::ConsistentPass => "consistently meets the target",
            Assurance::ConsistentFail => "consistently misses the target",
            Assurance::Inconsistent => "hit or miss",
        }
    }
}

/// Whether the process meets its target, by the limits of its last phase.
///
/// **Method** (`NHSRplotthedots` 0.2): target above the upper limit: fail if it should increase, pass if it should
/// decrease; below the lower limit: the other way; on or between the limits: inconsistent.
/// **Undefined**: `None` for a measure without a direction of good, or without a target (do not call it then).
///
/// # Example
/// ```
/// use vigie::stats::spc::{Assurance, Direction, assurance};
/// assert_eq!(assurance(1.0, 3.0, 4.0, Direction::Decrease), Some(Assurance::ConsistentPass));
/// ```
pub fn assurance(lpl: f64, upl: f64, target: f64, direction: Direction) -> Option<Assurance> {
    let (above, below) = match direction {
        Direction::Increase => (Assurance::ConsistentFail, Assurance::ConsistentPass),
        Direction::Decrease => (Assurance::ConsistentPass, Assurance::ConsistentFail),
        Direction::Neutral => return None,
    };
    Some(if target > upl {
        above
    } else if target < lpl {
        below
    } else {
        Assurance::Inconsistent
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_flat_series_keeps_its_limits_on_the_mean() {
        let flat = limits(&some(&[5.0; 8]), &NHSR_02).unwrap();
        assert!((flat.upl - 5.0).abs() < 1e-12 && (flat.lpl - 5.0).abs() < 1e-12 && flat.trial);
        assert!(judge(&some(&[5.0; 8]), &flat, &NHSR_02).iter().all(|p| p.signal.is_none()));
    }

    #[test]
    fn one_value_has_no_limits_and_a_gap_makes_no_range() {
        assert_eq!(limits(&[Some(1.0)], &NHSR_02), None);
        assert_eq!(limits(&[Some(1.0), None, Some(9.0)], &NHSR_02), None);
        assert_eq!(limits(&[], &NHSR_02), None);
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
        assert_eq!(assurance(1.0, 5.0, 5.0, Direction::Increase), Some(Assurance::Inconsistent));
    }
}
