//! What a KPI means: one checked TOML file per measure, dated and hashed, so that a figure can say which definition made
//! it. The arithmetic is in the named query; this file holds what people argue about: population, clock, boundary,
//! exclusions, target, direction.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::analysis::kpi::Unit;
use crate::analysis::owner::Owners;
use crate::config::toml_error;
use crate::error::{Error, Result};
use crate::stats::spc::Direction;

/// Definitions that ship with the program.
#[derive(rust_embed::Embed)]
#[folder = "reports/kpis/"]
struct Builtin;

/// One measure: who owns it, which way is better, and its definitions and targets over time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    /// Version of this file format; 1.
    pub schema: u32,
    /// Stable name, dotted.
    pub id: String,
    /// Number of the measure in the plan: `M03`.
    pub measure: String,
    /// References of the plan that it serves.
    pub plan_refs: Vec<String>,
    /// Heading.
    pub title: String,
    /// What a value counts, for sentences: `stop checks`, `of Grade 2 calls attended in under 60 minutes`.
    pub noun: String,
    /// Id of the owner's role.
    pub owner: String,
    /// Which way is better; it may differ from intuition, so it is always stated.
    #[serde(deserialize_with = "direction")]
    pub direction: Direction,
    /// Unit of the value; shares are 0-1 and shown as per cent.
    #[serde(deserialize_with = "unit")]
    pub unit: Unit,
    /// Marking.
    pub sensitivity: Sensitivity,
    /// Definitions, oldest first, each until the next one starts.
    pub definition: Vec<Definition>,
    /// Targets and figures of the plan, oldest first.
    #[serde(default)]
    pub target: Vec<Target>,
    /// Control chart.
    pub spc: Spc,
    /// Checks against other measures.
    #[serde(default)]
    pub check: Vec<Check>,
}

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
    /// Numerator over denominator; undefined without a denominator.
    Proportion,
    /// Share of durations within the threshold.
    DurationWithin,
    /// Mean of durations.
    DurationMean,
    /// Level at a date: never summed over periods; undefined without a reading.
    Stock,
}

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// Calendar months of the island.
    Month,
    /// Calendar years.
    Year,
}

impl Grain {
    /// Name in files and queries.
    pub fn name(self) -> &'static str {
        match self {
            Grain::Month => "month",
            Grain::Year => "year",
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
    /// Why it came.
    pub reason: String,
    /// How the value comes about.
    pub kind: MeasureKind,
    /// Who is counted, in words.
    pub population: String,
    /// Table that is read.
    pub source: String,
    /// Name of the query.
    pub query: String,
    /// Parameters of the query beside the period.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// Clock of a duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Boundary of a duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// What is left out, in the order in which the reasons are tried.
    #[serde(default)]
    pub exclude: Vec<Exclusion>,
    /// The date that puts a record into a period.
    pub time_dim: TimeDim,
    /// How the readings of a stock make a period's level: `last` or `average`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_agg: Option<String>,
    /// A caution for readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A value bound into a query.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Param {
    /// Whole number.
    Int(i64),
    /// Text.
    Text(String),
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

/// A reason for leaving a record out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// Code: the query counts it in the column `excluded_CODE`.
    pub code: String,
    /// The reason in words.
    pub words: String,
}

/// The date that puts a record into a period.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TimeDim {
    /// Column.
    pub field: String,
    /// Length of the period.
    pub grain: Grain,
}

/// A target, or a figure of the plan that a measure is read against.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// First day it holds.
    #[serde(deserialize_with = "toml_date")]
    pub valid_from: NaiveDate,
    /// The figure; shares 0-1.
    pub value: f64,
    /// `<`, `<=`, `=`, `>=` or `>`.
    pub op: String,
    /// Period that the figure is for, where it is not the definition's grain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Grain>,
    /// Words of the plan.
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
    ToBeConfirmed,
    /// What the plan says is usual: a figure to compare with, never met or missed.
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
        match (self.per, grain, unit) {
            (Some(Grain::Year), Grain::Month, Unit::Count) => self.value / 12.0,
            (Some(Grain::Month), Grain::Year, Unit::Count) => self.value * 12.0,
            _ => self.value,
        }
    }
}

/// Control chart of a measure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Spc {
    /// `xmr`.
    pub chart: String,
    /// Named set of rules: `nhsr-0.2`.
    pub profile: String,
}

/// A check between measures.
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
}

impl Kpi {
    /// Parses and checks one file; `origin` is named in errors.
    ///
    /// # Errors
    /// `Input` naming file, line or key.
    pub fn parse(text: &str, origin: &str, owners: &Owners) -> Result<Self> {
        let kpi: Kpi = toml::from_str(text).map_err(|cause| toml_error(text, origin, &cause))?;
        let wrong = |key: &str, message: String| Err(Error::input(message).at(format!("{origin}: {key}")));
        if kpi.schema != 1 {
            return wrong("schema", format!("{} is not known; write 1", kpi.schema));
        }
        if owners.name(&kpi.owner).is_none() {
            return wrong("owner", format!("`{}` is not in reports/aliases.toml", kpi.owner));
        }
        if kpi.definition.is_empty() {
            return wrong("definition", "at least one is needed".to_owned());
        }
        if !kpi.definition.is_sorted_by(|a, b| a.valid_from < b.valid_from) {
            return wrong("definition.valid_from", "definitions overlap: order them by date, one a date".to_owned());
        }
        if !kpi.target.is_sorted_by(|a, b| a.valid_from < b.valid_from) {
            return wrong("target.valid_from", "targets overlap: order them by date, one a date".to_owned());
        }
        if let Some(target) = kpi.target.iter().find(|t| !["<", "<=", "=", ">=", ">"].contains(&t.op.as_str())) {
            return wrong("target.op", format!("`{}`: write <, <=, =, >= or >", target.op));
        }
        if kpi.spc.chart != "xmr" || kpi.spc.profile != "nhsr-0.2" {
            return wrong("spc", format!("{} with {}: write xmr and nhsr-0.2", kpi.spc.chart, kpi.spc.profile));
        }
        for definition in &kpi.definition {
            definition.check().map_err(|e| e.at(format!("{origin}: definition {}", definition.version)))?;
        }
        Ok(kpi)
    }

    /// The definition that holds on a day: the last that has started, or else the first.
    pub fn definition_on(&self, on: NaiveDate) -> Option<&Definition> {
        self.definition.iter().rev().find(|d| d.valid_from <= on).or_else(|| self.definition.first())
    }

    /// The target that holds on a day. **Undefined** before the first.
    pub fn target_on(&self, on: NaiveDate) -> Option<&Target> {
        self.target.iter().rev().find(|t| t.valid_from <= on)
    }
}

impl Definition {
    fn check(&self) -> Result<()> {
        let needs_clock = matches!(self.kind, MeasureKind::DurationWithin | MeasureKind::DurationMean);
        if needs_clock != self.clock.is_some() || needs_clock != self.threshold.is_some() {
            return Err(Error::input("clock and threshold belong to durations, and durations need both"));
        }
        if let Some(threshold) = &self.threshold
            && !["<", "<="].contains(&threshold.op.as_str())
        {
            return Err(Error::input(format!("threshold.op `{}`: write < or <=", threshold.op)));
        }
        if let Some(clock) = &self.clock {
            if clock.stop != "first_arrived_at" {
                return Err(Error::input(format!("clock.stop `{}`: write first_arrived_at", clock.stop)));
            }
            if !["call_answered_at", "reported_at", "dispatched_at"].contains(&clock.start.as_str()) {
                return Err(Error::input(format!("clock.start `{}` is not a start", clock.start)));
            }
        }
        if (self.kind == MeasureKind::Stock) != self.period_agg.is_some() {
            return Err(Error::input("period_agg belongs to stocks, and stocks need it"));
        }
        if let Some(agg) = &self.period_agg
            && !["last", "average"].contains(&agg.as_str())
        {
            return Err(Error::input(format!("period_agg `{agg}`: a level is never summed; write last or average")));
        }
        let codes: BTreeSet<&str> = self.exclude.iter().map(|e| e.code.as_str()).collect();
        if codes.len() != self.exclude.len() {
            return Err(Error::input("exclude has a code twice"));
        }
        Ok(())
    }

    /// The response grade that it counts, if it counts one.
    pub fn grade(&self) -> Option<u8> {
        match self.params.get("grade") {
            Some(Param::Int(grade)) => u8::try_from(*grade).ok(),
            _ => None,
        }
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
}

/// The definitions that ship with the program, in the order of their measure numbers.
///
/// # Errors
/// `Input` naming the file that is wrong.
pub fn builtin() -> Result<Vec<Kpi>> {
    let owners = Owners::builtin()?;
    let mut names: Vec<_> = Builtin::iter().filter(|name| name.ends_with(".toml")).collect();
    names.sort();
    let mut kpis = Vec::with_capacity(names.len());
    for name in names {
        let file = Builtin::get(&name).ok_or_else(|| Error::bug(format!("{name} is listed but not there")))?;
        let text = std::str::from_utf8(&file.data)
            .map_err(|cause| Error::input("is not UTF-8").at(format!("reports/kpis/{name}")).with_cause(cause))?;
        kpis.push(Kpi::parse(text, &format!("reports/kpis/{name}"), &owners)?);
    }
    check_together(&kpis)?;
    Ok(kpis)
}

/// Checks what one file alone cannot: unique ids and measures, checks that name measures which exist.
fn check_together(kpis: &[Kpi]) -> Result<()> {
    let measures: BTreeSet<&str> = kpis.iter().map(|k| k.measure.as_str()).collect();
    let ids: BTreeSet<&str> = kpis.iter().map(|k| k.id.as_str()).collect();
    if measures.len() != kpis.len() || ids.len() != kpis.len() {
        return Err(Error::input("two KPI files have the same id or measure"));
    }
    for kpi in kpis {
        for Check::ReconcileShare { part, whole } in &kpi.check {
            if let Some(unknown) = [part, whole].into_iter().find(|m| !measures.contains(m.as_str())) {
                return Err(Error::input(format!("{}: the check names {unknown}, which is not a measure", kpi.id)));
            }
        }
    }
    Ok(())
}

fn direction<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Direction, D::Error> {
    let name = String::deserialize(deserializer)?;
    Direction::parse(&name)
        .ok_or_else(|| serde::de::Error::custom(format!("`{name}`: write increase, decrease or neutral")))
}

fn unit<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Unit, D::Error> {
    let name = String::deserialize(deserializer)?;
    Unit::parse(&name)
        .ok_or_else(|| serde::de::Error::custom(format!("`{name}`: write count, percent, minutes or number")))
}

fn toml_date<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<NaiveDate, D::Error> {
    let value = toml::value::Datetime::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom("write a date such as 2017-01-01");
    let date = value.date.ok_or_else(wrong)?;
    NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        crate::model::time::parse_date(text).unwrap()
    }

    #[test]
    fn every_measure_of_the_plan_has_a_file() {
        let measures: Vec<String> = builtin().unwrap().into_iter().map(|k| k.measure).collect();
        let mut expected: Vec<String> = (1..=15).map(|n| format!("M{n:02}")).collect();
        expected.extend(["M16a", "M16b", "M17"].map(str::to_owned));
        assert_eq!(measures, expected);
    }

    #[test]
    fn a_yearly_figure_is_a_twelfth_for_a_month_unless_it_is_a_share() {
        let kpis = builtin().unwrap();
        let find = |m: &str| kpis.iter().find(|k| k.measure == m).unwrap();
        let incidents = find("M01").target_on(day("2017-05-01")).unwrap();
        assert!((incidents.value_for(Grain::Month, Unit::Count) - 1_166.666_666_7).abs() < 1e-6);
        let share = find("M17").target_on(day("2017-05-01")).unwrap();
        assert!((share.value_for(Grain::Month, Unit::Percent) - 0.2).abs() < 1e-12);
        assert!(find("M06").target_on(day("2016-05-01")).is_none());
    }

    #[test]
    fn the_hash_follows_the_content_and_the_query() {
        let kpis = builtin().unwrap();
        let definition = kpis[2].definition_on(day("2017-05-01")).unwrap();
        let hash = definition.hash("select 1");
        assert_eq!(hash.len(), 12);
        assert_eq!(hash, definition.hash("select 1"));
        assert_ne!(hash, definition.hash("select 2"));
        let mut other = definition.clone();
        other.threshold = Some(Threshold { op: "<=".into(), seconds: 600 });
        assert_ne!(hash, other.hash("select 1"), "under and within are two definitions");
    }

    #[test]
    fn wrong_files_are_refused_with_a_reason() {
        let owners = Owners::builtin().unwrap();
        let file = Builtin::get("m03-grade1-within-10min.toml").unwrap();
        let text = std::str::from_utf8(&file.data).unwrap();
        let refuse = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            Kpi::parse(&text.replace(from, to), "m03.toml", &owners).unwrap_err().to_string()
        };
        assert!(refuse("op = \"<\",", "op = \"=<\",").contains("write < or <="));
        assert!(refuse("ch-insp-operations", "nobody").contains("aliases"));
        assert!(refuse("direction = \"increase\"", "direction = \"up\"").contains("m03.toml:8"));
        assert!(refuse("unit = ", "colour = 1\nunit = ").contains("m03.toml:"));
        assert!(refuse("call_answered_at", "closed_at").contains("is not a start"));
    }

    #[test]
    fn a_stock_is_never_summed() {
        let owners = Owners::builtin().unwrap();
        let file = Builtin::get("m13-victims-in-care.toml").unwrap();
        let text = std::str::from_utf8(&file.data).unwrap().replace("period_agg = \"last\"", "period_agg = \"sum\"");
        assert!(Kpi::parse(&text, "m13.toml", &owners).unwrap_err().message().contains("never summed"));
    }
}
