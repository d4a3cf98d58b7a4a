//! The parts of a KPI file, field by field.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::analysis::kpi::Unit;

/// Marking of a measure. A restricted one never reaches a public edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// OFFICIAL.
    Official,
    /// OFFICIAL-SENSITIVE.
    OfficialSensitive,
}

/// How a value comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// Records counted; a period without records is 0.
    Count,
    /// Records per so many people.
    Rate,
    /// Numerator over denominator; undefined without a denominator.
    Proportion,
    /// Share of durations within the threshold.
    DurationWithin,
    /// Mean of durations.
    DurationMean,
    /// A quantile of durations.
    Quantile,
    /// Different persons counted, or the share of them that come again.
    Distinct,
    /// Mean days between one event and the next.
    TimeBetween,
    /// Level at a date: never summed over periods; undefined without a reading.
    Stock,
    /// Share of those asked, with how many were asked.
    Survey,
    /// Money of a period, added up.
    Finance,
    /// Share of the milestones due that are done.
    Milestone,
}

impl MeasureKind {
    /// Whether it times something from a start to a stop.
    pub fn is_duration(self) -> bool {
        matches!(self, MeasureKind::DurationWithin | MeasureKind::DurationMean | MeasureKind::Quantile)
    }

    /// Whether its value is a numerator over a denominator, 0 to 1.
    pub fn is_share(self) -> bool {
        matches!(
            self,
            MeasureKind::Proportion | MeasureKind::DurationWithin | MeasureKind::Survey | MeasureKind::Milestone
        )
    }

    /// Whether the figures of parts add up to that of the whole.
    pub fn adds_up(self) -> bool {
        !matches!(self, MeasureKind::Distinct | MeasureKind::Stock | MeasureKind::Milestone | MeasureKind::TimeBetween)
    }
}

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// Calendar months of the island.
    Month,
    /// Calendar quarters.
    Quarter,
    /// Calendar years.
    Year,
}

impl Grain {
    /// Name in files and queries.
    pub fn name(self) -> &'static str {
        match self {
            Grain::Month => "month",
            Grain::Quarter => "quarter",
            Grain::Year => "year",
        }
    }

    /// Length in months.
    pub fn months(self) -> i32 {
        match self {
            Grain::Month => 1,
            Grain::Quarter => 3,
            Grain::Year => 12,
        }
    }
}

/// One effective-dated definition.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Version, for people; the hash is for proof.
    pub version: String,
    /// First day it holds.
    #[serde(deserialize_with = "toml_date")]
    pub valid_from: NaiveDate,
    /// Last day it holds; without one, until the next definition starts.
    #[serde(default, deserialize_with = "some_date", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
    /// Why it came.
    pub reason: String,
    /// Who agreed to it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approved>,
    /// How the value comes about.
    pub kind: MeasureKind,
    /// Who is counted, in words.
    #[serde(default)]
    pub population: String,
    /// Table that is read; none for milestones.
    #[serde(default)]
    pub source: String,
    /// Condition of the population: an expression over the table's columns; all records without one.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Condition of those on top of a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerator: Option<String>,
    /// The response grade that the row is filed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<u8>,
    /// Clock of a duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Boundary of a duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// Quantiles of a duration shown beside the value, and how they are read off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<Quantiles>,
    /// Who is told apart in a count of persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<Distinct>,
    /// Column with the level of a stock or the money; `value` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Columns of a survey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<Survey>,
    /// Residents that a rate is of, by date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<People>,
    /// A rate is per so many people; 1,000 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<u32>,
    /// What is left out, in the order in which the reasons are tried.
    #[serde(default)]
    pub exclude: Vec<Exclusion>,
    /// The date that puts a record into a period.
    pub time_dim: TimeDim,
    /// What it may be broken down by: `parish`, `vingtaine`, `beat`, `daypart`, `grade`.
    #[serde(default)]
    pub dims: Vec<String>,
    /// How the readings of a stock make a period's level: `first`, `last` or `average`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_agg: Option<String>,
    /// Milestones of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestone: Vec<Milestone>,
    /// A caution for readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Who agreed to something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    /// Person or board.
    pub by: String,
    /// Day.
    #[serde(deserialize_with = "toml_date")]
    pub on: NaiveDate,
}

/// Columns that start and stop a clock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Column with the start.
    pub start: String,
    /// Column with the end.
    pub stop: String,
}

/// Boundary of a duration: under or within so many seconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// `<` or `<=`.
    pub op: String,
    /// Seconds, never rounded minutes.
    pub seconds: u32,
}

/// Quantiles of a duration.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// Shares, 0 to 1. The value of a measure of kind `quantile` is the first.
    pub p: Vec<f64>,
    /// How they are read off between two values: `linear`, `nearest`, `lower`, `higher`, `midpoint` or `weibull`.
    pub method: String,
}

/// Who is told apart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Distinct {
    /// Column with the token of a person; it is counted and never shown.
    pub column: String,
    /// With it the value is the share of the persons who come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
}

/// Who comes again: so many records within so many months, the last of them in the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// Records, 2 or more.
    pub times: u32,
    /// Months that they lie within.
    pub months: u32,
}

/// Columns of a survey.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Column with the share that gave the answer, 0 to 1.
    pub share: String,
    /// Column with how many were asked.
    pub base: String,
}

impl Default for Survey {
    fn default() -> Self {
        Self { share: "share".to_owned(), base: "base".to_owned() }
    }
}

/// Residents from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// First day that the figure is used for.
    #[serde(deserialize_with = "toml_date")]
    pub valid_from: NaiveDate,
    /// How many.
    pub count: u32,
    /// Parish; all of them without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// Where the figure is from.
    pub set_by: String,
}

/// A reason for leaving a record out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// Code: the name of its count.
    pub code: String,
    /// Condition: an expression over the table's columns. Of several that hold, the first counts.
    #[serde(rename = "where")]
    pub condition: String,
    /// The reason in words.
    #[serde(default)]
    pub words: String,
}

/// The date that puts a record into a period.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TimeDim {
    /// Column: a date, or an instant whose date in the store's zone counts. Of a record without the instant, `local_on`
    /// counts.
    pub field: String,
    /// Zone of the dates; it must be that of the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Length of the period.
    pub grain: Grain,
}

/// A milestone of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Reference of the plan.
    #[serde(rename = "ref")]
    pub plan_ref: String,
    /// Part, where one reference has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// What is to be delivered.
    pub deliverable: String,
    /// Id of the owner's role.
    pub owner: String,
    /// Last day on which it is on time; none while it is to be agreed.
    #[serde(default, deserialize_with = "some_date", skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// `quarter`, `year`, `window`, `multi-year`, `per-part` or `tba`.
    pub due_kind: String,
    /// Day on which it was done.
    #[serde(default, deserialize_with = "some_date", skip_serializing_if = "Option::is_none")]
    pub done_on: Option<NaiveDate>,
    /// Where it stands, in a word.
    pub status: String,
    /// What shows it.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// A target, or a figure of the plan that a measure is read against.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// First day it holds.
    #[serde(deserialize_with = "toml_date")]
    pub valid_from: NaiveDate,
    /// Last day it holds; without one, until the next target starts.
    #[serde(default, deserialize_with = "some_date", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
    /// The figure; shares 0-1.
    pub value: f64,
    /// `<`, `<=`, `=`, `>=` or `>`.
    pub op: String,
    /// Period that the figure is for, where it is not the definition's grain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Grain>,
    /// Words of the plan.
    #[serde(default)]
    pub as_written: String,
    /// Who set it, and where.
    pub set_by: String,
    /// How settled it is.
    pub status: Status,
}

/// How settled a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Agreed with the Authority.
    Agreed,
    /// Read out of the plan; not yet agreed.
    #[serde(alias = "to be confirmed")]
    ToBeConfirmed,
    /// What the plan says is usual: a figure to compare with, never met or missed.
    #[serde(alias = "plan figure")]
    PlanFigure,
}

impl Status {
    /// Word of charts and tables.
    pub fn word(self) -> &'static str {
        match self {
            Status::Agreed => "Target",
            Status::ToBeConfirmed => "Target (to be confirmed)",
            Status::PlanFigure => "Plan figure",
        }
    }
}

impl Target {
    /// The figure for a period of `grain`: a yearly count is a twelfth for a month. Shares and means stay as they are.
    pub fn value_for(&self, grain: Grain, unit: Unit) -> f64 {
        match (self.per, unit) {
            (Some(per), Unit::Count | Unit::Pounds) => self.value * f64::from(grain.months()) / f64::from(per.months()),
            _ => self.value,
        }
    }
}

/// Control chart of a measure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Spc {
    /// `auto`, or the name of a chart.
    pub chart: String,
    /// Named set of rules: `nhsr-0.2`.
    pub profile: String,
    /// Limits are held from the first so many points of a phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_after: Option<u32>,
    /// Days from which the limits begin anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rebase: Vec<Rebase>,
}

impl Default for Spc {
    fn default() -> Self {
        Self { chart: "auto".to_owned(), profile: "nhsr-0.2".to_owned(), fix_after: None, rebase: Vec::new() }
    }
}

/// A day from which the limits begin anew: never without a reason and somebody who agreed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rebase {
    /// First day of the new phase; the first period that starts on it or later begins it.
    #[serde(deserialize_with = "toml_date")]
    pub on: NaiveDate,
    /// What changed.
    pub reason: String,
    /// Who agreed.
    pub approved_by: String,
}

/// Comparisons shown beside a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Reporting year: `jersey` begins in January, `uk` in April.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// `same_period_last_year`, `ytd`, `rolling_12`, `mean_3y`.
    #[serde(default)]
    pub show: Vec<String>,
}

/// Editions that a measure appears in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// `authority`, `public`; all that its marking allows where none is named.
    #[serde(default)]
    pub editions: Vec<String>,
    /// Disclosure profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdc: Option<String>,
    /// Days after the end of a period before its figure is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_days: Option<u32>,
    /// Newest periods that are called provisional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisional_periods: Option<u32>,
}

/// A check of a measure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// The figures of `part` and `whole` must imply the share that this measure states.
    ReconcileShare {
        /// Measure that is the numerator.
        part: String,
        /// Measure that is the denominator.
        whole: String,
    },
    /// The records analysed and those left out must be all. It is checked of every measure; a file may say so.
    Reconcile {
        /// `analysed + sum(excluded) = total`.
        expr: String,
    },
}

/// Rows with the figures that they must give.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// CSV file beside the KPI file; its header names columns of the table.
    pub rows: String,
    /// Version of the definition; the newest without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Figures by name: `n`, `total`, `numerator`, `denominator`, `value`, `mean`, `median`, `p90`, `low`, `high`, the code
    /// of an exclusion.
    pub expect: BTreeMap<String, f64>,
    /// How far a figure may be off; a millionth of it without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

impl Definition {
    /// What follows from the rest where it is not written.
    pub(super) fn fill(&mut self) {
        if self.population.is_empty() {
            self.population = match &self.condition {
                Some(condition) => format!("Records of {} where {condition}", self.source),
                None => format!("Every record of {}", self.source),
            };
        }
        for exclusion in &mut self.exclude {
            if exclusion.words.is_empty() {
                exclusion.words = exclusion.code.replace('_', " ");
            }
        }
    }

    /// The response grade that it counts, if it counts one.
    pub fn grade(&self) -> Option<u8> {
        self.grade
    }

    /// Short name of what this definition says: the first 12 hex digits of the SHA-256 of its content and of the text of
    /// its query. The file name and the comments of the file do not matter.
    pub fn hash(&self, query_text: &str) -> String {
        let content = serde_json::to_string(self).unwrap_or_default();
        let mut hasher = Sha256::new();
        hasher.update(content.as_bytes());
        hasher.update(b"\n");
        hasher.update(query_text.as_bytes());
        hasher.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Residents on a day, of one parish or of all. **Undefined** before the first figure.
    pub fn people_on(&self, on: NaiveDate, area: Option<&str>) -> Option<f64> {
        let dated = self.people.iter().filter(|p| p.area.as_deref() == area && p.valid_from <= on);
        dated.max_by_key(|p| p.valid_from).map(|p| f64::from(p.count))
    }
}

pub(super) fn toml_date<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<NaiveDate, D::Error> {
    let value = toml::value::Datetime::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom("write a date such as 2017-01-01");
    let date = value.date.ok_or_else(wrong)?;
    NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day)).ok_or_else(wrong)
}

fn some_date<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<NaiveDate>, D::Error> {
    toml_date(deserializer).map(Some)
}
