//! Special-cause rules: which points are more than the usual ups and downs.

use crate::stats::spc::anhoej::{LEAST, runs_test};
use crate::stats::spc::{Limits, Line, Profile, Ties, TwoOfThree};

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
    /// Part of a run that is long for the length of the series.
    LongRun,
}

impl Rule {
    /// All rules, the one that names a point first.
    pub const ALL: [Rule; 5] = [Rule::Astronomical, Rule::Trend, Rule::TwoOfThree, Rule::Run, Rule::LongRun];

    /// Name in tables: the rule in plain words.
    pub fn words(self) -> &'static str {
        match self {
            Rule::Astronomical => "outside the limits",
            Rule::Trend => "part of a trend of seven",
            Rule::TwoOfThree => "two of three near a limit",
            Rule::Run => "part of a run of seven on one side",
            Rule::LongRun => "part of a run that is long for this series",
        }
    }

    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Astronomical => "outside_limits",
            Rule::Trend => "trend",
            Rule::TwoOfThree => "two_of_three",
            Rule::Run => "run",
            Rule::LongRun => "long_run",
        }
    }

    fn bit(self, side: Side) -> u16 {
        let rule = match self {
            Rule::Astronomical => 0,
            Rule::Trend => 2,
            Rule::TwoOfThree => 4,
            Rule::Run => 6,
            Rule::LongRun => 8,
        };
        1 << (rule + u16::from(side == Side::Low))
    }
}

/// Every rule that fired at a point, as a small set: a point may be in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u16);

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
/// **Method**: [`judge_lines`] with the same limits at every point.
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
    judge_lines(values, &vec![Some(limits.line()); values.len()], profile)
}

/// Runs the rules over one phase, each point against its own line.
///
/// **Method** (`NHSRplotthedots` 0.2): outside: beyond a limit, strictly. Run: seven in a row strictly on one side of the
/// middle, all of them and every later one flagged; a value on it breaks it. Trend: seven in a row strictly rising or
/// falling; a tie breaks it, or is passed over, as the profile has it; a point of two trends is named by the later. Two of
/// three: at least two of three in a row beyond two sigma, all three on one side; only those beyond two sigma are flagged,
/// and whether those beyond a limit count too is the profile's. Where the profile judges runs by the length of the
/// series, the points of runs longer than [`longest_run_max`](crate::stats::spc::longest_run_max) are flagged. A missing
/// value, or a point without a line, breaks everything but that.
/// **Undefined**: a point without a line is part of no signal.
///
/// # Example
/// ```
/// use vigie::stats::spc::{NHSR_02, PChart, Part, Rule, Side, judge_lines};
/// let half = Some(Part { count: 50.0, of: 100.0 });
/// let chart = PChart::fit(&[half, half], false, None).ok_or("undefined")?;
/// // The same share of more cases is further from chance.
/// let points = judge_lines(&[Some(0.6), Some(0.6)], &[chart.line(100.0), chart.line(1000.0)], &NHSR_02);
/// assert_eq!((points[0].signal, points[1].signal), (None, Some((Rule::Astronomical, Side::High))));
/// # Ok::<(), &str>(())
/// ```
pub fn judge_lines(values: &[Option<f64>], lines: &[Option<Line>], profile: &Profile) -> Vec<Point> {
    let both: Vec<Option<(f64, Line)>> = values.iter().zip(lines).map(|(value, line)| (*value).zip(*line)).collect();
    let sides: Vec<Option<Side>> = both.iter().map(|p| p.and_then(|(v, line)| Side::of(v, line.middle))).collect();
    let outside: Vec<Option<Side>> = both
        .iter()
        .map(|point| match *point {
            Some((value, line)) if value > line.upper => Some(Side::High),
            Some((value, line)) if value < line.lower => Some(Side::Low),
            _ => None,
        })
        .collect();
    let none = vec![None; both.len()];
    let run = profile.run.map_or_else(|| none.clone(), |length| part_of(&run_ends(&sides, length), length));
    let seen: Vec<Option<f64>> = both.iter().map(|point| point.map(|(value, _)| value)).collect();
    let trend = profile.trend.map_or_else(|| none.clone(), |length| trend_points(&seen, length, profile.ties));
    let two = if profile.two_of_three == TwoOfThree::Off {
        none.clone()
    } else {
        let near: Vec<bool> = both
            .iter()
            .zip(&outside)
            .map(|(point, out)| {
                let counts = out.is_none() || profile.two_of_three == TwoOfThree::Beyond;
                counts && point.is_some_and(|(value, line)| value < line.near_low || value > line.near_high)
            })
            .collect();
        two_of_three(&near, &sides)
    };
    let long = if profile.runs_test { long_runs(&seen, lines) } else { none };
    let mut points = vec![Point::default(); both.len()];
    for (i, point) in points.iter_mut().enumerate() {
        for (rule, side) in [
            (Rule::Astronomical, outside[i]),
            (Rule::Trend, trend[i]),
            (Rule::TwoOfThree, two[i]),
            (Rule::Run, run[i]),
            (Rule::LongRun, long[i]),
        ] {
            if let Some(side) = side {
                point.flags.set(rule, side);
                point.signal = point.signal.or(Some((rule, side)));
            }
        }
    }
    points
}

/// The points of runs that are long for the length of the series; values on the middle and missing ones are left out.
fn long_runs(values: &[Option<f64>], lines: &[Option<Line>]) -> Vec<Option<Side>> {
    let middles: Vec<Option<f64>> = lines.iter().map(|line| line.map(|line| line.middle)).collect();
    let test = runs_test(values, &middles);
    let mut flagged = vec![None; values.len()];
    if test.useful < LEAST {
        return flagged;
    }
    let sides: Vec<(usize, Side)> = values
        .iter()
        .zip(&middles)
        .enumerate()
        .filter_map(|(i, (value, middle))| Some((i, Side::of((*value)?, (*middle)?)?)))
        .collect();
    for run in sides.chunk_by(|a, b| a.1 == b.1).filter(|run| run.len() > test.longest_max) {
        for (i, side) in run {
            flagged[*i] = Some(*side);
        }
    }
    flagged
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

/// Every point of a trend of `length` values rising or falling, from its first value to its last; of two, the later.
///
/// **Method**: equal neighbours break a trend or, with [`Ties::Pass`], neither add to it nor break it: seven different
/// values are needed then too, and equal ones between them belong to it.
///
/// # Example
/// ```
/// use vigie::stats::spc::{Side, Ties, trend_points};
/// let rising = [1.0, 2.0, 2.0, 3.0].map(Some);
/// assert_eq!(trend_points(&rising, 3, Ties::Break), [None; 4]);
/// assert_eq!(trend_points(&rising, 3, Ties::Pass), [Some(Side::High); 4]);
/// ```
pub fn trend_points(values: &[Option<f64>], length: usize, ties: Ties) -> Vec<Option<Side>> {
    let mut flagged = vec![None; values.len()];
    let (mut start, mut streak) = (0, 1);
    let mut direction = None;
    for i in 1..values.len() {
        let step = match (values[i - 1], values[i]) {
            (Some(before), Some(now)) => Some(Side::of(now, before)),
            _ => None,
        };
        match step {
            Some(None) if ties == Ties::Pass => continue,
            None | Some(None) => (streak, direction) = (1, None),
            Some(step) if step == direction => streak += 1,
            // It begins at the value turned at, or at the last of the equal ones there.
            Some(step) => (start, streak, direction) = (i - 1, 2, step),
        }
        if direction.is_some() && streak >= length {
            flagged[start..=i].fill(direction);
        }
    }
    flagged
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
    use crate::stats::spc::{ANHOEJ, MDC_2023, NHSR_02};

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
    fn ties_pass_or_break_as_the_profile_says() {
        let mut values = some(&[1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0]);
        let wide = limits_at(4.0, 10.0);
        assert!(judge(&values, &wide, &NHSR_02).iter().all(|p| p.signal.is_none()));
        let passing = NHSR_02.with_ties(Ties::Pass);
        let points = judge(&values, &wide, &passing);
        assert!(points[..8].iter().all(|p| p.signal == Some((Rule::Trend, Side::High))));
        assert_eq!(points[8].signal, None, "a tie at the end has not risen yet");
        values[4] = None;
        assert!(judge(&values, &wide, &passing).iter().all(|p| p.signal.is_none()));
    }

    #[test]
    fn strict_trends_are_those_of_their_ends() {
        let mut state = 7_u64;
        for _ in 0..2_000 {
            let values: Vec<Option<f64>> = (0..20)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let drawn = (state >> 33) % 8;
                    (drawn != 7).then_some(drawn as f64)
                })
                .collect();
            for length in [2, 3, 4] {
                let by_ends = part_of(&trend_ends(&values, length), length);
                assert_eq!(trend_points(&values, length, Ties::Break), by_ends, "{values:?}");
            }
        }
    }

    #[test]
    fn points_beyond_a_limit_count_among_two_of_three_in_one_profile() {
        let values = some(&[3.5, 2.5, 1.0]);
        let limits = limits_at(0.0, 1.0);
        assert!(!judge(&values, &limits, &NHSR_02)[1].flags.has(Rule::TwoOfThree, Side::High));
        let beyond = judge(&values, &limits, &MDC_2023);
        assert!(beyond[0].flags.has(Rule::TwoOfThree, Side::High) && beyond[1].signal.is_some());
        assert_eq!(beyond[2].signal, None);
    }

    #[test]
    fn the_anhoej_profile_finds_long_runs_and_no_short_ones() {
        let nine: Vec<f64> = (0..20).map(|i| if (4..13).contains(&i) || i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let limits = limits_at(0.0, 5.0);
        let points = judge(&some(&nine), &limits, &ANHOEJ);
        // Nine in a row, of at most seven.
        assert!((4..13).all(|i| points[i].signal == Some((Rule::LongRun, Side::High))));
        let seven: Vec<f64> = (0..20).map(|i| if i < 7 || i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!(judge(&some(&seven), &limits, &ANHOEJ).iter().all(|p| p.signal.is_none()));
    }

    #[test]
    fn equality_with_a_limit_is_inside() {
        let points = judge(&some(&[3.0, 3.000_1]), &limits_at(0.0, 1.0), &NHSR_02);
        assert_eq!(points[0].signal, None);
        assert_eq!(points[1].signal, Some((Rule::Astronomical, Side::High)));
    }
}
