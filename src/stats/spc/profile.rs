//! Named sets of conventions: constants, rules and how many points they need.

/// A set of conventions under its public name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Name as printed.
    pub name: &'static str,
    /// Limits lie `k` average moving ranges from the mean.
    pub k: f64,
    /// Moving ranges of `cut` times their average or more leave the average, once; `None` keeps all.
    pub cut: Option<f64>,
    /// Points on one side of the centre that make a run; `None` leaves runs to [`Profile::runs_test`].
    pub run: Option<usize>,
    /// Points rising or falling that make a trend; `None` for no such rule.
    pub trend: Option<usize>,
    /// What two equal neighbours do to a trend.
    pub ties: Ties,
    /// Which points count among two of three.
    pub two_of_three: TwoOfThree,
    /// Whether runs are judged by the length of the series instead of by a fixed number.
    pub runs_test: bool,
    /// Whether a point that is both better and worse is shown as better; otherwise the order of the rules decides.
    pub improvement_first: bool,
    /// Fewer points than this give no limits.
    pub limit_points: usize,
    /// Fewer points than this give limits called trial limits.
    pub firm_points: usize,
    /// Fewer points than this give no variation or assurance word.
    pub icon_points: usize,
}

/// What two equal neighbours do to a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// End it.
    Break,
    /// Neither add to it nor end it: for small whole counts, which are often equal.
    Pass,
}

/// Which points count among two of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwoOfThree {
    /// No such rule.
    Off,
    /// Those beyond two sigma but within the limits.
    Near,
    /// All beyond two sigma, those beyond the limits too.
    Beyond,
}

/// The conventions of the R package `NHSRplotthedots` 0.2: every one has a public test vector.
pub const NHSR_02: Profile = Profile {
    name: "nhsr-0.2",
    k: 2.66,
    cut: Some(3.267),
    run: Some(7),
    trend: Some(7),
    ties: Ties::Break,
    two_of_three: TwoOfThree::Near,
    runs_test: false,
    improvement_first: false,
    limit_points: 2,
    firm_points: 12,
    icon_points: 13,
};

/// The conventions of NHS England's Making Data Count tools since November 2023: no screening, points beyond a limit
/// count among two of three, improvement is shown where improvement and concern meet, limits and icons from 13 points.
pub const MDC_2023: Profile = Profile {
    name: "mdc-2023",
    cut: None,
    two_of_three: TwoOfThree::Beyond,
    improvement_first: true,
    limit_points: 13,
    firm_points: 13,
    ..NHSR_02
};

/// The Anhøj rules of the R package `qicharts2`: outside the limits, and runs judged by the length of the series. For
/// long series, where a fixed seven is found by chance.
pub const ANHOEJ: Profile = Profile {
    name: "anhoej",
    k: 3.0 / 1.128,
    run: None,
    trend: None,
    two_of_three: TwoOfThree::Off,
    runs_test: true,
    ..NHSR_02
};

impl Profile {
    /// Every profile.
    pub const ALL: [&'static Profile; 3] = [&NHSR_02, &MDC_2023, &ANHOEJ];

    /// The profile of that name: `nhsr-0.2`, `mdc-2023`, `anhoej`.
    ///
    /// # Example
    /// ```
    /// use vigie::stats::spc::{MDC_2023, Profile};
    /// assert_eq!(Profile::parse("mdc-2023"), Some(&MDC_2023));
    /// assert_eq!(Profile::parse("mdc"), None);
    /// ```
    pub fn parse(name: &str) -> Option<&'static Profile> {
        Self::ALL.into_iter().find(|profile| profile.name == name)
    }

    /// The profile with another way of taking ties in a trend.
    #[must_use]
    pub fn with_ties(self, ties: Ties) -> Self {
        Self { ties, ..self }
    }
}
