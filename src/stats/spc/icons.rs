//! What a signal means for a measure, and whether its target is within reach: the variation and assurance icons.

use serde::Serialize;

use crate::stats::spc::{Point, Profile, Rule, Side};

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

/// The one signal that names a point.
///
/// **Method**: by the order of the rules: outside the limits, trend, two of three, run. Where the profile shows improvement
/// first, and a point is both better and worse, the first rule that is for the better.
///
/// # Example
/// ```
/// use vigie::stats::spc::{Direction, MDC_2023, Point, label};
/// assert_eq!(label(&Point::default(), Direction::Increase, &MDC_2023), None);
/// ```
pub fn label(point: &Point, direction: Direction, profile: &Profile) -> Option<(Rule, Side)> {
    let good = match direction {
        Direction::Increase => Some(Side::High),
        Direction::Decrease => Some(Side::Low),
        Direction::Neutral => None,
    };
    let better = point.flags.rules().find(|(_, side)| Some(*side) == good).filter(|_| profile.improvement_first);
    better.or(point.signal)
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

    #[test]
    fn equality_with_a_limit_is_inconsistent() {
        for target in [1.0, 5.0] {
            assert_eq!(assurance(1.0, 5.0, target, Direction::Increase), Some(Assurance::Inconsistent));
        }
    }

    #[test]
    fn improvement_is_shown_first_in_one_profile() {
        use crate::stats::spc::{MDC_2023, NHSR_02, judge, limits};
        // Rising from far below: a trend for the better, its first point outside below.
        let calm: Vec<Option<f64>> = (0..20).map(|i| Some(f64::from(i % 2))).collect();
        let limits = limits(&calm, &NHSR_02).unwrap();
        let rising: Vec<Option<f64>> = (0..8).map(|i| Some(f64::from(i) - 6.0)).collect();
        let first = judge(&rising, &limits, &MDC_2023)[0];
        assert_eq!(label(&first, Direction::Increase, &NHSR_02), Some((Rule::Astronomical, Side::Low)));
        assert_eq!(label(&first, Direction::Increase, &MDC_2023), Some((Rule::Trend, Side::High)));
        assert_eq!(label(&first, Direction::Neutral, &MDC_2023), Some((Rule::Astronomical, Side::Low)));
    }

    #[test]
    fn names_are_those_of_json() {
        let name = |v: Variation| serde_json::to_value(v).unwrap();
        for side in [Side::High, Side::Low] {
            for direction in [Direction::Increase, Direction::Decrease, Direction::Neutral] {
                let found = variation(Some((Rule::Run, side)), direction);
                assert_eq!(name(found), found.name());
            }
        }
        assert_eq!(serde_json::to_value(Assurance::ConsistentPass).unwrap(), Assurance::ConsistentPass.name());
    }
}
