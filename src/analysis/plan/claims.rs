//! Whether the figures and wordings of a plan agree with one another. Nothing is corrected: what does not agree is said,
//! so that whoever owns the plan can settle it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::words::thousands;

/// What of a claim is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    /// First figure (times `times`) over the second.
    Share,
    /// All figures added up.
    Sum,
    /// A fall as a share of what was there before it: first ÷ (second + first).
    Fall,
    /// One figure, given more than once.
    Same,
    /// One thing, worded more than once.
    Words,
}

/// Unit of the result of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimUnit {
    /// Whole things.
    Count,
    /// A share, 0 to 1, shown as per cent.
    Percent,
    /// Pounds.
    Pounds,
    /// Minutes.
    Minutes,
}

/// Figures or wordings of the plan that must agree.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Stable name.
    pub id: String,
    /// What is compared.
    pub kind: ClaimKind,
    /// Sections and references where the figures stand.
    pub refs: Vec<String>,
    /// Measures that they belong to.
    #[serde(default)]
    pub measures: Vec<String>,
    /// What it is about.
    pub title: String,
    /// The figures.
    #[serde(default)]
    pub values: Vec<f64>,
    /// Multiplies the first figure of a share: 12 for a monthly one over a yearly one.
    #[serde(default)]
    pub times: Option<f64>,
    /// `=` or `>`: how the plan states the result.
    #[serde(default)]
    pub op: Option<String>,
    /// The result that the plan states.
    #[serde(default)]
    pub stated: Option<f64>,
    /// Decimals to which it states it.
    #[serde(default)]
    pub decimals: u32,
    /// Unit of the result.
    pub unit: ClaimUnit,
    /// The plan's figures, in words.
    pub written: Vec<String>,
}

/// How a claim came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The figures or wordings do not agree.
    Contradicts,
    /// The figures agree to the digits that the plan gives.
    AgreesRounded,
    /// The figures agree.
    Agrees,
}

impl Verdict {
    /// Word of tables.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Contradicts => "contradicts itself",
            Verdict::AgreesRounded => "agrees when rounded",
            Verdict::Agrees => "agrees",
        }
    }
}

impl Claim {
    /// The result that the figures give. **Undefined** for wordings and for one figure given twice.
    pub fn computed(&self) -> Option<f64> {
        let first = self.values.first().copied().unwrap_or(0.0) * self.times.unwrap_or(1.0);
        let second = self.values.get(1).copied().unwrap_or(0.0);
        match self.kind {
            ClaimKind::Share => Some(first / second),
            ClaimKind::Sum => Some(self.values.iter().sum()),
            ClaimKind::Fall => Some(first / (second + first)),
            ClaimKind::Same | ClaimKind::Words => None,
        }
    }

    /// Whether the plan agrees with itself here.
    pub fn verdict(&self) -> Verdict {
        match (self.computed(), self.stated) {
            (Some(computed), Some(stated)) if self.op.as_deref() == Some(">") => {
                if computed > stated {
                    Verdict::Agrees
                } else {
                    Verdict::Contradicts
                }
            }
            (Some(computed), Some(stated)) => self.near(computed, stated),
            _ if self.kind == ClaimKind::Same => {
                let worst = self.values.windows(2).map(|pair| self.near(pair[0], pair[1])).min();
                worst.unwrap_or(Verdict::Agrees)
            }
            _ if self.written.windows(2).all(|pair| pair[0] == pair[1]) => Verdict::Agrees,
            _ => Verdict::Contradicts,
        }
    }

    fn near(&self, one: f64, other: f64) -> Verdict {
        let scale = 10_f64.powi(i32::try_from(self.decimals).unwrap_or(0));
        if (one - other).abs() < 1e-9 {
            Verdict::Agrees
        } else if ((one * scale).round() - (other * scale).round()).abs() < 0.5 {
            Verdict::AgreesRounded
        } else {
            Verdict::Contradicts
        }
    }

    /// The claim in a sentence: what the plan says, and what follows from it.
    pub fn sentence(&self) -> String {
        let written =
            self.written.iter().map(|words| format!("\u{201c}{words}\u{201d}")).collect::<Vec<_>>().join(", ");
        let Some(computed) = self.computed() else {
            return match self.verdict() {
                Verdict::Contradicts => format!("The plan says it in different ways: {written}"),
                _ => format!("The plan says it in one way: {written}"),
            };
        };
        let result = self.shown(computed, 1);
        match (self.verdict(), self.stated) {
            (Verdict::Contradicts, _) => format!("The plan says {written}; its own figures give {result}"),
            (Verdict::AgreesRounded, Some(stated)) => {
                let finer = self.shown(computed, 3);
                format!(
                    "The plan says {written}; its figures give {finer}, which is {} when rounded",
                    self.shown(stated, 1)
                )
            }
            _ => format!("The plan says {written}; its figures give {result}"),
        }
    }

    fn shown(&self, value: f64, decimals: usize) -> String {
        match self.unit {
            ClaimUnit::Percent => format!("{:.decimals$}%", value * 100.0),
            ClaimUnit::Count | ClaimUnit::Pounds | ClaimUnit::Minutes => thousands(value.round().max(0.0) as u64),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let figures = match self.kind {
            ClaimKind::Share | ClaimKind::Fall => self.values.len() == 2 && self.values[1] > 0.0,
            ClaimKind::Sum | ClaimKind::Same => self.values.len() >= 2,
            ClaimKind::Words => self.values.is_empty(),
        };
        if !figures || self.values.iter().any(|value| !value.is_finite() || *value < 0.0) {
            return Err(Error::input(
                "`values` do not fit the kind: two for share and fall (the second above 0), two or more for sum and same, none for words",
            ));
        }
        let states = !matches!(self.kind, ClaimKind::Same | ClaimKind::Words);
        if states != self.stated.is_some() || states != self.op.is_some() {
            return Err(Error::input("share, sum and fall need `op` and `stated`, and the others have neither"));
        }
        if self.op.as_deref().is_some_and(|op| !["=", ">"].contains(&op)) {
            return Err(Error::input("`op`: write = or >"));
        }
        if self.written.len() < 2 {
            return Err(Error::input("`written` needs two wordings or more"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::owner::Owners;
    use crate::analysis::plan::Register;

    fn claim(id: &str) -> Claim {
        let plan = Register::builtin(&Owners::builtin().unwrap()).unwrap();
        plan.claim.into_iter().find(|claim| claim.id == id).unwrap()
    }

    #[test]
    fn the_share_of_antisocial_behaviour_contradicts_its_own_figures() {
        let share = claim("asb-share");
        assert!((share.computed().unwrap() - 1_800.0 / 14_000.0).abs() < 1e-12);
        assert_eq!(share.verdict(), Verdict::Contradicts);
        assert!(share.sentence().ends_with("its own figures give 12.9%"), "{}", share.sentence());
    }

    #[test]
    fn staff_add_up_and_the_fall_of_the_budget_is_rounded() {
        assert_eq!(claim("staff-total").verdict(), Verdict::Agrees);
        assert_eq!(claim("campaigns-total").verdict(), Verdict::Agrees);
        let fall = claim("budget-fall");
        assert_eq!(fall.verdict(), Verdict::AgreesRounded);
        assert!(
            fall.sentence().contains("1.606%") && fall.sentence().contains("1.6% when rounded"),
            "{}",
            fall.sentence()
        );
    }

    #[test]
    fn one_thing_said_in_two_ways_is_found() {
        for id in ["salary-share", "smartpolice-savings", "grade-1-boundary", "grade-2-boundary", "grade-words"] {
            assert_eq!(claim(id).verdict(), Verdict::Contradicts, "{id}");
        }
    }

    #[test]
    fn claims_without_their_figures_are_refused() {
        let mut share = claim("asb-share");
        share.values = vec![150.0, 0.0];
        assert!(share.check().is_err(), "nothing is divided by 0");
        let mut words = claim("grade-words");
        words.stated = Some(1.0);
        assert!(words.check().is_err());
    }
}
