//! The methods that are put to the test: from what was known at a moment to a score a cell.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::backtest::Ground;
use crate::error::{Error, Result};
use crate::stats::changing_rate::{Changing, changing_rate};
use crate::stats::gi_star::gi_star;
use crate::stats::history::History;
use crate::stats::kde::{Kernel, Points, bandwidth, density};
use crate::stats::prospective::prospective;
use crate::stats::season_share::{Season, season_share};
use crate::stats::sepp;
use crate::stats::shrunk_rate::{Shrinkage, shrunk_rate};

/// Steps and weeks within which a past event counts for the near-repeat map.
const NEAR_REPEAT: (usize, u32) = (8, 8);
/// Days that Gi* and the self-exciting process look back: a year, so that seasons even out.
const YEAR: u32 = 365;

/// How the cells of a forecast are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// A random order: what no knowledge gives.
    Random,
    /// Records of the last period as long as the horizon.
    LastPeriod,
    /// Records of the last 365 days: the baseline that the others have to beat.
    Count365,
    /// Records of the last 182 days.
    Count182,
    /// Records of the last 91 days.
    Count91,
    /// Records of the last 28 days.
    Count28,
    /// Getis-Ord Gi* of the records of the last 365 days.
    GiStar,
    /// Kernel density of the records of the last 365 days.
    Kde,
    /// Prospective near-repeat map.
    NearRepeat,
    /// Self-exciting point process.
    Sepp,
    /// Share of the cell in the demand of the season.
    DemandShare,
    /// Gamma-Poisson rate, shrunk towards the cells around.
    ShrunkRate,
    /// Gamma-Poisson rate that holds until it changes.
    ChangingRate,
    /// Mean rank of the methods that did best so far.
    Ensemble,
}

impl Method {
    /// All methods, baselines first.
    pub const ALL: [Method; 14] = [
        Method::Random,
        Method::LastPeriod,
        Method::Count365,
        Method::Count182,
        Method::Count91,
        Method::Count28,
        Method::GiStar,
        Method::Kde,
        Method::NearRepeat,
        Method::Sepp,
        Method::DemandShare,
        Method::ShrunkRate,
        Method::ChangingRate,
        Method::Ensemble,
    ];

    /// What others are compared with, and what is always run.
    pub const BASELINES: [Method; 3] = [Method::Random, Method::LastPeriod, Method::Count365];

    /// The baseline that others have to beat.
    pub const BASELINE: Method = Method::Count365;

    /// Name on the command line, in the API and in provenance.
    pub fn name(self) -> &'static str {
        match self {
            Method::Random => "random",
            Method::LastPeriod => "last-period",
            Method::Count365 => "count-365d",
            Method::Count182 => "count-182d",
            Method::Count91 => "count-91d",
            Method::Count28 => "count-28d",
            Method::GiStar => "gi-star",
            Method::Kde => "kde",
            Method::NearRepeat => "near-repeat",
            Method::Sepp => "sepp",
            Method::DemandShare => "demand-share",
            Method::ShrunkRate => "shrunk-rate",
            Method::ChangingRate => "changing-rate",
            Method::Ensemble => "ensemble",
        }
    }

    /// The name in words, for pictures and sentences.
    pub fn words(self) -> &'static str {
        match self {
            Method::Random => "random order",
            Method::LastPeriod => "count of the last period",
            Method::Count365 => "12-month count",
            Method::Count182 => "6-month count",
            Method::Count91 => "3-month count",
            Method::Count28 => "28-day count",
            Method::GiStar => "Gi* of 12 months",
            Method::Kde => "kernel density of 12 months",
            Method::NearRepeat => "near-repeat map",
            Method::Sepp => "self-exciting process",
            Method::DemandShare => "share of the season",
            Method::ShrunkRate => "shrunk rate",
            Method::ChangingRate => "changing rate",
            Method::Ensemble => "mean rank of the best",
        }
    }

    /// Reads `all` or names with commas; baselines are always among them.
    ///
    /// # Errors
    /// `Input` naming the methods there are.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::evaluate::Method;
    /// assert_eq!(Method::parse_list("sepp")?.len(), 4);
    /// assert_eq!(Method::parse_list("all")?, Method::ALL);
    /// assert!(Method::parse_list("magic").is_err());
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<Method>> {
        let mut methods = Self::BASELINES.to_vec();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "all" {
                return Ok(Self::ALL.to_vec());
            }
            methods.push(Self::parse(name)?);
        }
        methods.sort_unstable();
        methods.dedup();
        Ok(methods)
    }

    /// The method of that name.
    ///
    /// # Errors
    /// `Input` naming the methods there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|method| method.name()).collect();
            Error::input(format!("`{name}` is not a method; there are all, {}", names.join(", ")))
        })
    }

    /// The method that a map's method over so many days is, if it is one that can be tested.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::evaluate::Method;
    /// assert_eq!(Method::of_map("count", 366), Some(Method::Count365));
    /// assert_eq!(Method::of_map("count", 60), None);
    /// assert_eq!(Method::of_map("gi-star", 365), Some(Method::GiStar));
    /// ```
    pub fn of_map(name: &str, days: i64) -> Option<Self> {
        let year = (364..=366).contains(&days);
        match (name, days) {
            ("count", 28) => Some(Method::Count28),
            ("count", 89..=92) => Some(Method::Count91),
            ("count", 181..=184) => Some(Method::Count182),
            ("count", _) if year => Some(Method::Count365),
            ("gi-star", _) if year => Some(Method::GiStar),
            ("kde", _) if year => Some(Method::Kde),
            _ => None,
        }
    }

    /// Everything that decides its scores, in words.
    pub fn parameters(self) -> &'static str {
        match self {
            Method::Random => "PCG-64 of the seed and the origin",
            Method::LastPeriod => "records of the last period as long as the horizon",
            Method::Count365 => "records of the last 365 days",
            Method::Count182 => "records of the last 182 days",
            Method::Count91 => "records of the last 91 days",
            Method::Count28 => "records of the last 28 days",
            Method::GiStar => "z of the records of the last 365 days; the cell and its ring, binary weights",
            Method::Kde => {
                "quartic kernel, records of the last 365 days at the middle of their cell, bandwidth from both axes"
            }
            Method::NearRepeat => "1 / ((1 + d)(1 + t)), d < 8 steps, t < 8 weeks",
            Method::Sepp => {
                "last 365 days; triggering in the cell and its ring, exponential by day, mean at most 30 days; a fifth of \
                 the background over the ring; EM, at most 100 rounds"
            }
            Method::DemandShare => {
                "half the long-run share, half that of the season (30 days of the year either way); all of it long-run \
                 with less than two years"
            }
            Method::ShrunkRate => {
                "gamma-Poisson; records fade with 60 to 365 days or not at all; prior mean from the cells within 5 steps \
                 (kernel of 1.5), trimmed of hotspots; fadings and prior weights (0.25 to 8) averaged by the likelihood of \
                 the last 84 days"
            }
            Method::ChangingRate => {
                "gamma-Poisson change points by 28-day blocks; a new rate is usual for the cells around, or, one in fifty, \
                 that of a busy cell; chances of a change (0.003, 0.03) and shapes (1, 3, 9) averaged by the likelihood of \
                 the last year"
            }
            Method::Ensemble => {
                "mean rank of the three methods that caught most in the earlier windows, as known at the origin; \
                 shrunk-rate, changing-rate and sepp until eight windows are known"
            }
        }
    }

    /// Steps around a cell that the methods need.
    pub const REACH: usize = NEAR_REPEAT.0 - 1;

    /// Scores every cell; higher is likelier. An ensemble has no score of its own.
    pub(super) fn score(self, known: &Known<'_>, ground: &Ground) -> Result<Vec<f64>> {
        let history = known.history;
        Ok(match self {
            Method::Random => {
                let mut random = Pcg64::seed_from_u64(known.seed ^ u64::from(known.origin.unsigned_abs()));
                (0..ground.areas.len()).map(|_| random.random::<f64>()).collect()
            }
            Method::LastPeriod => history.within(known.horizon),
            Method::Count365 => known.year.clone(),
            Method::Count182 => history.within(182),
            Method::Count91 => history.within(91),
            Method::Count28 => history.within(28),
            Method::GiStar => {
                let scored = gi_star(&known.year, &ground.neighbours)?;
                let lowest = scored.z.iter().flatten().copied().fold(0.0, f64::min);
                scored.z.iter().map(|z| z.unwrap_or(lowest)).collect()
            }
            Method::Kde => kernel_density(&known.year, ground)?,
            Method::NearRepeat => prospective(history, &ground.rings, NEAR_REPEAT.0, NEAR_REPEAT.1)?,
            Method::Sepp => {
                let year = history.last(YEAR);
                match sepp::fit(&year, &ground.rings, &sepp::Fitting::default())? {
                    Some(process) => sepp::expected(&process, &year, &ground.rings, known.horizon)?,
                    None => year.within(YEAR),
                }
            }
            Method::DemandShare => {
                let middle = f64::from(known.horizon) / 2.0;
                season_share(history, middle, &Season::default())?.unwrap_or_else(|| vec![0.0; ground.areas.len()])
            }
            Method::ShrunkRate => shrunk_rate(history, &ground.near, &Shrinkage::default())?.rate,
            Method::ChangingRate => changing_rate(history, &ground.near, &Changing::default())?,
            Method::Ensemble => return Err(Error::bug("an ensemble is made of ranks")),
        })
    }
}

/// Density at the middle of each cell of records that lie at the middle of theirs. All at one place, or none: the counts.
fn kernel_density(counts: &[f64], ground: &Ground) -> Result<Vec<f64>> {
    let each = |of: &[f64]| -> Vec<f64> {
        let times = counts.iter().map(|count| *count as usize);
        of.iter().zip(times).flat_map(|(at, times)| std::iter::repeat_n(*at, times)).collect()
    };
    let (x, y) = (each(&ground.x), each(&ground.y));
    let events = Points { x: &x, y: &y };
    match bandwidth(events, Kernel::Quartic) {
        Some(width) => density(events, Points { x: &ground.x, y: &ground.y }, Kernel::Quartic, width),
        None => Ok(counts.to_vec()),
    }
}

/// What a method may see at an origin.
pub(super) struct Known<'a> {
    /// Records known before the origin, over the training window.
    pub history: &'a History,
    /// Records known of the last 365 days, whatever the training window is.
    pub year: Vec<f64>,
    /// Day of the origin.
    pub origin: i32,
    /// Days ahead.
    pub horizon: u32,
    /// Seed of the question.
    pub seed: u64,
}
