//! How a hotspot question is answered: permutations, harm weights, kernel. The question itself says what is asked.

use crate::analysis::hotspot::Method;
use crate::analysis::selection::Selection;
use crate::analysis::weights::Weights;
use crate::error::{Error, Result};
use crate::model::time::Period;
use crate::stats::dual_kde::Joined;
use crate::stats::kde::Kernel;

/// Seeded permutations in place of the normal distribution for p.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permutations {
    /// How many.
    pub draws: u32,
    /// Seed of the draws.
    pub seed: u64,
}

/// A second density to hold the first against: other records, with the same kernel and bandwidth.
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// The other records.
    pub selection: Selection,
    /// How the two are joined.
    pub joined: Joined,
}

impl Against {
    /// The other records that a question names: another group of the same dataset and period, or the same records in
    /// another period. `None` if it names neither.
    ///
    /// # Errors
    /// `Input` for both.
    pub fn of(
        first: &Selection,
        group: Option<String>,
        period: Option<Period>,
        joined: Joined,
    ) -> Result<Option<Self>> {
        let selection = match (group, period) {
            (None, None) => return Ok(None),
            (Some(group), None) => Selection { group: Some(group), ..first.clone() },
            (None, Some(period)) => Selection { period, ..first.clone() },
            (Some(_), Some(_)) => {
                return Err(
                    Error::input("two densities differ in group or in period; name one of the two").at("against")
                );
            }
        };
        Ok(Some(Self { selection, joined }))
    }
}

/// Settings of a hotspot answer; the default ones are those of maps, tiles and reports.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// p by conditional permutation.
    pub permutations: Option<Permutations>,
    /// Records count by their harm.
    pub weights: Option<Weights>,
    /// Kernel of a density; quartic if not said.
    pub kernel: Option<Kernel>,
    /// Bandwidth of a density in metres; by rule from the points if not said.
    pub bandwidth_m: Option<f64>,
    /// A second density beside the first.
    pub against: Option<Against>,
}

impl Settings {
    /// Checks that the method can use them: a setting that is silently ignored is a wrong answer.
    ///
    /// # Errors
    /// `Input` naming the setting.
    pub fn check(&self, method: Method) -> Result<()> {
        let scored = matches!(method, Method::GiStar | Method::LocalMoran);
        let name = method.name();
        match self.permutations {
            Some(_) if !scored => {
                return Err(Error::input(format!("{name} has no p to find by permutation")).at("permutations"));
            }
            Some(Permutations { draws: 0, .. }) => {
                return Err(Error::input("a permutation test needs at least one permutation").at("permutations"));
            }
            _ => {}
        }
        if matches!(method, Method::Next(_)) && self.weights.is_some() {
            return Err(Error::input("methods are tested on records as they are; weights go with the other methods")
                .at("weight"));
        }
        if method == Method::Kde {
            if self.weights.is_some() {
                return Err(Error::input("a density counts records as they are; weights go with the other methods")
                    .at("weight"));
            }
            if self.bandwidth_m.is_some_and(|metres| !(1.0..=100_000.0).contains(&metres)) {
                return Err(Error::input("a bandwidth is 1 to 100,000 metres").at("bandwidth"));
            }
            if let Some(against) = &self.against {
                against.selection.check().map_err(|e| e.at("against"))?;
            }
        } else if self.against.is_some() {
            return Err(Error::input(format!("two densities go with the method kde, not with {name}")).at("against"));
        } else if self.kernel.is_some() || self.bandwidth_m.is_some() {
            return Err(
                Error::input(format!("kernel and bandwidth go with the method kde, not with {name}")).at("kernel")
            );
        }
        Ok(())
    }

    /// The settings in a few words, for the audit and as a key; empty for the default ones.
    pub fn subject(&self) -> String {
        let mut text = String::new();
        if let Some(Permutations { draws, seed }) = self.permutations {
            text.push_str(&format!(" permutations={draws} seed={seed}"));
        }
        if let Some(weights) = &self.weights {
            text.push_str(&format!(" weights={}:{}", weights.id, &weights.digest[..12.min(weights.digest.len())]));
        }
        if let Some(kernel) = self.kernel {
            text.push_str(&format!(" kernel={}", kernel.name()));
        }
        if let Some(metres) = self.bandwidth_m {
            text.push_str(&format!(" bandwidth_m={metres}"));
        }
        if let Some(against) = &self.against {
            text.push_str(&format!(" against=({}) joined={}", against.selection.subject(), against.joined.name()));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_records_differ_in_group_or_in_period() {
        let year = |name: &str| crate::model::time::parse_period_name(name).unwrap();
        let first = Selection::of("crimes", year("2017"));
        let of = |group: Option<&str>, period| Against::of(&first, group.map(str::to_owned), period, Joined::Ratio);
        assert_eq!(of(None, None).unwrap(), None);
        assert_eq!(of(Some("theft"), None).unwrap().unwrap().selection.group.as_deref(), Some("theft"));
        assert_eq!(of(None, Some(year("2016"))).unwrap().unwrap().selection.period, year("2016"));
        assert_eq!(of(Some("theft"), Some(year("2016"))).unwrap_err().place(), Some("against"));
    }

    #[test]
    fn settings_that_the_method_cannot_use_are_refused() {
        let permuted = Settings { permutations: Some(Permutations { draws: 99, seed: 1 }), ..Settings::default() };
        assert!(permuted.check(Method::GiStar).is_ok() && permuted.check(Method::LocalMoran).is_ok());
        assert!(permuted.check(Method::Count).is_err() && permuted.check(Method::Kde).is_err());
        let wide = Settings { bandwidth_m: Some(300.0), kernel: Some(Kernel::Quartic), ..Settings::default() };
        assert!(wide.check(Method::Kde).is_ok() && wide.check(Method::GiStar).is_err());
        assert!(Settings { bandwidth_m: Some(0.0), ..Settings::default() }.check(Method::Kde).is_err());
        assert_eq!(Settings::default().subject(), "");
        assert_eq!(wide.subject(), " kernel=quartic bandwidth_m=300");
    }
}
