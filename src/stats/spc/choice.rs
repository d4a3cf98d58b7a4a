//! Which chart a series asks for by its kind and size, and why.

use crate::stats::spc::{PChart, Part};

/// A kind of chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Individual values and their moving ranges.
    Xmr,
    /// Shares.
    P,
    /// Shares that vary more than their counts make them.
    PPrime,
    /// Counts over exposures.
    U,
    /// Counts over exposures that vary more than their counts make them.
    UPrime,
    /// Counts of equal exposures.
    C,
    /// Small counts, exact limits.
    Poisson,
    /// Whole gaps between events.
    G,
    /// Times between events.
    T,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] =
        [Kind::Xmr, Kind::P, Kind::PPrime, Kind::U, Kind::UPrime, Kind::C, Kind::Poisson, Kind::G, Kind::T];

    /// Name in files and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Xmr => "xmr",
            Kind::P => "p",
            Kind::PPrime => "pprime",
            Kind::U => "u",
            Kind::UPrime => "uprime",
            Kind::C => "c",
            Kind::Poisson => "poisson",
            Kind::G => "g",
            Kind::T => "t",
        }
    }

    /// Name for readers.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Xmr => "XmR chart",
            Kind::P => "p chart",
            Kind::PPrime => "p′ chart",
            Kind::U => "u chart",
            Kind::UPrime => "u′ chart",
            Kind::C => "c chart",
            Kind::Poisson => "chart of small counts with exact Poisson limits",
            Kind::G => "g chart",
            Kind::T => "t chart of the times between events",
        }
    }

    /// The kind of that name: `xmr`, `p`, `pprime`, `u`, `uprime`, `c`, `poisson`, `g`, `t`.
    pub fn parse(name: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What the values of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Things counted in equal exposures.
    Count,
    /// Things counted over an exposure.
    Rate,
    /// So many of so many.
    Share,
    /// Anything else: means, levels, money.
    Other,
}

/// The chart that a series asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The chart.
    pub kind: Kind,
    /// Why, in words, without a full stop.
    pub reason: String,
    /// Laney's sigma of shares.
    pub sigma_z: Option<f64>,
}

/// Shares vary more than their counts make them from this `σ_z` on.
const OVERDISPERSED: f64 = 1.2;
/// Counts of this mean or more are near enough to normal.
const LARGE: f64 = 10.0;
/// Counts of a smaller mean are rare events.
const RARE: f64 = 1.0;
/// So is what leaves more than this share of the points without an event.
const EMPTY: f64 = 0.25;

/// The chart that a series asks for by its kind and size, and the reason.
///
/// **Method**: shares: p, or p′ if `σ_z` > 1.2. Counts and rates by the mean count a point: 10 or more, XmR (with a c or u
/// chart as a check); 1 to 10, exact Poisson limits; below 1, or more than a quarter of the points without an event, the
/// t chart of the times between events. Anything else: XmR. (Provost and Murray 2011, *The Health Care Data Guide*; `σ_z`
/// after Laney 2002, doi:10.1081/QEN-120003555.)
/// **Undefined**: without a value, and for shares without totals, XmR.
///
/// # Example
/// ```
/// use vigie::stats::spc::{Kind, Nature, Part, choose};
/// let months: Vec<Option<Part>> = [3.0, 5.0, 2.0, 4.0].map(|count| Some(Part { count, of: 1.0 })).to_vec();
/// let choice = choose(Nature::Count, &months, Some(3.267));
/// assert_eq!(choice.kind, Kind::Poisson);
/// assert_eq!(choice.reason, "the mean of 3.5 a period is below 10, too small for normal limits");
/// ```
pub fn choose(nature: Nature, parts: &[Option<Part>], cut: Option<f64>) -> Choice {
    let with = |kind: Kind, reason: String| Choice { kind, reason, sigma_z: None };
    let plain = |reason: &str| with(Kind::Xmr, reason.to_owned());
    match nature {
        Nature::Other => plain("values that are not counted: the moving ranges say how much they vary"),
        Nature::Share => share(parts, cut).unwrap_or_else(|| plain("the totals of the shares are not known")),
        Nature::Count | Nature::Rate => {
            let counts: Vec<f64> = parts.iter().flatten().map(|part| part.count).collect();
            if counts.is_empty() {
                return plain("there is no value yet");
            }
            let n = counts.len() as f64;
            let mean = counts.iter().sum::<f64>() / n;
            let empty = counts.iter().filter(|count| **count <= 0.0).count() as f64 / n;
            if mean < RARE {
                with(Kind::T, format!("the mean of {mean:.2} a period is below 1: events are rare"))
            } else if empty > EMPTY {
                with(Kind::T, format!("{:.0}% of the periods are without an event: events are rare", empty * 100.0))
            } else if mean < LARGE {
                with(Kind::Poisson, format!("the mean of {mean:.1} a period is below 10, too small for normal limits"))
            } else {
                with(Kind::Xmr, format!("the mean of {} a period is 10 or more", about(mean)))
            }
        }
    }
}

fn share(parts: &[Option<Part>], cut: Option<f64>) -> Option<Choice> {
    let chart = PChart::fit(parts, false, cut)?;
    let (kind, reason) = match chart.sigma_z {
        Some(sigma) if sigma > OVERDISPERSED => {
            (Kind::PPrime, format!("shares vary {sigma:.2} times as much as their totals alone would make them"))
        }
        Some(sigma) => (Kind::P, format!("shares vary as their totals make them (σz {sigma:.2}, at most 1.20)")),
        None => (Kind::P, "shares of known totals, too few or too equal to say more".to_owned()),
    };
    Some(Choice { kind, reason, sigma_z: chart.sigma_z })
}

/// A mean in words: whole where it is large.
fn about(mean: f64) -> String {
    if mean < 100.0 { format!("{mean:.1}") } else { format!("{mean:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: &[f64]) -> Vec<Option<Part>> {
        values.iter().map(|count| Some(Part { count: *count, of: 1.0 })).collect()
    }

    #[test]
    fn size_decides_for_counts() {
        let kind = |values: &[f64]| choose(Nature::Count, &counts(values), None).kind;
        assert_eq!(kind(&[10.0, 10.0]), Kind::Xmr);
        assert_eq!(kind(&[9.0, 10.0]), Kind::Poisson);
        assert_eq!(kind(&[1.0, 1.0]), Kind::Poisson);
        assert_eq!(kind(&[1.0, 0.0]), Kind::T);
        assert_eq!(kind(&[0.0, 0.0, 30.0, 30.0, 30.0]), Kind::T, "two in five are empty");
        assert_eq!(kind(&[]), Kind::Xmr);
    }

    #[test]
    fn spread_decides_for_shares() {
        let share = |values: &[f64]| -> Vec<Option<Part>> {
            values.iter().map(|count| Some(Part { count: *count, of: 1000.0 })).collect()
        };
        assert_eq!(choose(Nature::Share, &share(&[500.0, 505.0, 498.0, 503.0]), None).kind, Kind::P);
        let wild = choose(Nature::Share, &share(&[500.0, 700.0, 400.0, 600.0]), None);
        assert!(wild.kind == Kind::PPrime && wild.sigma_z.is_some_and(|s| s > 5.0), "{}", wild.reason);
        assert_eq!(choose(Nature::Share, &[None], None).kind, Kind::Xmr);
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(kind));
        }
        assert_eq!(Kind::parse("auto"), None);
    }
}
