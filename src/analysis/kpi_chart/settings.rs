//! How a measure is charted: the kind, the profile, what its limits rest on.

use crate::analysis::rebase::Rebase;
use crate::error::{Error, Result};
use crate::stats::spc::{Kind, NHSR_02, Profile, Ties};

/// Fewest values that a frozen baseline may have.
pub const LEAST_BASELINE: usize = 12;

/// How a measure is charted.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The kind of chart; `None` chooses by size.
    pub kind: Option<Kind>,
    /// Whether it has limits at all: sums that overlap and forecasts have none.
    pub limits: bool,
    /// Named conventions.
    pub profile: Profile,
    /// Freezes the limits after so many values of each phase.
    pub fix_after: Option<usize>,
    /// Dated entries that begin the limits anew.
    pub rebase: Vec<Rebase>,
    /// Periods after which a season repeats; `None` tests for none.
    pub cycle: Option<usize>,
}

impl Settings {
    /// The chart by size with the house profile.
    pub fn by_size() -> Self {
        Self { kind: None, limits: true, profile: NHSR_02, fix_after: None, rebase: Vec::new(), cycle: None }
    }

    /// Settings from the words of a definition: chart `auto`, `none` or a kind; profile `nhsr-0.2`, `mdc-2023` or `anhoej`.
    ///
    /// # Errors
    /// `Input` naming the word that is not known.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::kpi_chart::Settings;
    /// assert_eq!(Settings::parse("auto", "nhsr-0.2")?, Settings::by_size());
    /// assert!(Settings::parse("pie", "nhsr-0.2").is_err_and(|e| e.message().contains("auto, none, xmr")));
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn parse(chart: &str, profile: &str) -> Result<Self> {
        let kind = match chart {
            "auto" | "none" => None,
            name => Some(Kind::parse(name).ok_or_else(|| {
                let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                Error::input(format!("`{chart}` is not a chart: write auto, none, {}", names.join(", ")))
            })?),
        };
        let profile = Profile::parse(profile).ok_or_else(|| {
            let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name).collect();
            Error::input(format!("`{profile}` is not a profile: write one of {}", names.join(", ")))
        })?;
        Ok(Self { kind, limits: chart != "none", profile: *profile, ..Self::by_size() })
    }

    /// The same with ties passed over in trends.
    #[must_use]
    pub fn passing_ties(self) -> Self {
        Self { profile: self.profile.with_ties(Ties::Pass), ..self }
    }

    /// Refuses what cannot be charted.
    ///
    /// # Errors
    /// `Input` for a frozen baseline of fewer than twelve values, entries not in the order of their dates, or an entry
    /// without a reason or an approver.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::kpi_chart::Settings;
    /// let short = Settings { fix_after: Some(6), ..Settings::by_size() };
    /// assert!(short.check().is_err_and(|e| e.message().contains("at least 12")));
    /// ```
    pub fn check(&self) -> Result<()> {
        if let Some(found) = self.fix_after.filter(|found| *found < LEAST_BASELINE) {
            return Err(Error::input(format!(
                "fix_after = {found}: limits are frozen after at least {LEAST_BASELINE} values"
            )));
        }
        if !self.rebase.is_sorted_by(|a, b| a.on < b.on) {
            return Err(Error::input("rebase entries stand in the order of their dates, one a date"));
        }
        let bare = |text: &str| text.trim().is_empty();
        if let Some(entry) = self.rebase.iter().find(|entry| bare(&entry.reason) || bare(&entry.approved_by)) {
            return Err(Error::input(format!("the rebase of {} needs a reason and an approver", entry.on)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_date;

    #[test]
    fn entries_need_an_order_a_reason_and_an_approver() {
        let entry = |on: &str, reason: &str| Rebase {
            on: parse_date(on).unwrap(),
            reason: reason.into(),
            approved_by: "SMB".into(),
        };
        let with = |rebase: Vec<Rebase>| Settings { rebase, ..Settings::by_size() }.check();
        assert!(with(vec![entry("2017-06-01", "upgrade"), entry("2017-09-01", "THRIVE")]).is_ok());
        assert!(with(vec![entry("2017-09-01", "THRIVE"), entry("2017-06-01", "upgrade")]).is_err());
        assert!(with(vec![entry("2017-09-01", " ")]).unwrap_err().message().contains("2017-09-01 needs a reason"));
        assert!(Settings::parse("auto", "mdc").unwrap_err().message().contains("nhsr-0.2, mdc-2023, anhoej"));
    }

    #[test]
    fn words_of_a_definition() {
        let settings = Settings::parse("poisson", "anhoej").unwrap();
        assert_eq!((settings.kind, settings.profile.name, settings.limits), (Some(Kind::Poisson), "anhoej", true));
        assert!(!Settings::parse("none", "nhsr-0.2").unwrap().limits);
    }
}
