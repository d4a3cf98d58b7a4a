//! What a KPI means: one checked TOML file per measure, dated and hashed, so that a figure can say which definition made
//! it. This file holds what people argue about: population, clock, boundary, exclusions, target, direction. How each kind
//! is counted stands in the query templates `measure_*.sql`; the conditions are expressions over one table's columns.

mod check;
mod parts;
mod place;

use chrono::NaiveDate;
use serde::Deserialize;

pub use self::parts::{
    Approved, Check, Clock, Compare, Definition, Distinct, Example, Exclusion, Grain, MeasureKind, Milestone, People,
    Publish, Quantiles, Rebase, Repeat, Sensitivity, Spc, Status, Survey, Target, Threshold, TimeDim,
};
pub use self::place::Places;

use crate::analysis::kpi::Unit;
use crate::analysis::owner::Owners;
use crate::config::toml_error;
use crate::error::{Error, Result};
use crate::stats::spc::Direction;

/// Definitions that ship with the program.
#[derive(rust_embed::Embed)]
#[folder = "reports/kpis/"]
struct Builtin;

/// First letters of the files that ship with the program, in the order in which a reader of the plan meets the measures:
/// its figures, the surveys, resources; then crime, vulnerability, demand and THRIVE.
const PARTS_OF_PLAN: &str = "msrcvdt";

/// One measure: who owns it, which way is better, and its definitions and targets over time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    /// Version of this file format; 1.
    pub schema: u32,
    /// Stable name, dotted.
    pub id: String,
    /// Number of the measure in the plan: `M03`; the id where the file gives none.
    #[serde(default)]
    pub measure: String,
    /// References of the plan that it serves.
    #[serde(default)]
    pub plan_refs: Vec<String>,
    /// Heading.
    pub title: String,
    /// What a value counts, for sentences: `stop checks`, `of Grade 2 calls attended in under 60 minutes`; the title where
    /// the file gives none.
    #[serde(default)]
    pub noun: String,
    /// Id of the owner's role, or one of its spellings.
    pub owner: String,
    /// Id of the role that makes the figure.
    #[serde(default)]
    pub analyst: Option<String>,
    /// Which way is better; it may differ from intuition, so it is always stated.
    #[serde(deserialize_with = "direction")]
    pub direction: Direction,
    /// Unit of the value; shares are 0-1 and shown as per cent.
    #[serde(deserialize_with = "unit")]
    pub unit: Unit,
    /// Marking.
    pub sensitivity: Sensitivity,
    /// Definitions, oldest first, each until the next one starts or its own last day.
    #[serde(default)]
    pub definition: Vec<Definition>,
    /// Targets and figures of the plan, oldest first.
    #[serde(default)]
    pub target: Vec<Target>,
    /// Control chart.
    #[serde(default)]
    pub spc: Spc,
    /// Comparisons shown beside the value.
    #[serde(default)]
    pub compare: Compare,
    /// Editions it appears in.
    #[serde(default)]
    pub publish: Publish,
    /// Checks against other measures and of itself.
    #[serde(default)]
    pub check: Vec<Check>,
    /// Rows with the figures that they must give.
    #[serde(default)]
    pub example: Vec<Example>,
    /// The file it was read from, for messages.
    #[serde(skip)]
    pub origin: String,
    /// Its text, for the lines of messages.
    #[serde(skip)]
    pub text: String,
}

impl Kpi {
    /// Parses and checks one file; `origin` is named in errors.
    ///
    /// # Errors
    /// `Input` naming file, line and key.
    pub fn parse(text: &str, origin: &str, owners: &Owners) -> Result<Self> {
        let mut kpi: Kpi = toml::from_str(text).map_err(|cause| plainer(toml_error(text, origin, &cause)))?;
        origin.clone_into(&mut kpi.origin);
        text.clone_into(&mut kpi.text);
        kpi.fill(owners);
        check::whole(&kpi, &Places::of(text, origin), owners)?;
        Ok(kpi)
    }

    /// What follows from the rest of the file where it is not written.
    fn fill(&mut self, owners: &Owners) {
        // The file may write a role as the plan spells it.
        let id_of = |role: &str| owners.resolve(role).ok().filter(|ids| ids.len() == 1).map(|mut ids| ids.remove(0));
        for role in [Some(&mut self.owner), self.analyst.as_mut()].into_iter().flatten() {
            if owners.name(role).is_none()
                && let Some(id) = id_of(role)
            {
                *role = id;
            }
        }
        if self.measure.is_empty() {
            self.measure.clone_from(&self.id);
        }
        if self.noun.is_empty() {
            self.noun.clone_from(&self.title);
        }
        self.definition.iter_mut().for_each(Definition::fill);
    }

    /// The definition that holds on a day: the last that has started, or else the first. **Undefined** after the last day
    /// of a measure that ended.
    pub fn definition_on(&self, on: NaiveDate) -> Option<&Definition> {
        let found = self.definition.iter().rev().find(|d| d.valid_from <= on).or_else(|| self.definition.first())?;
        found.valid_to.is_none_or(|last| on <= last).then_some(found)
    }

    /// The target that holds on a day. **Undefined** before the first, and after the last day of one that ended.
    pub fn target_on(&self, on: NaiveDate) -> Option<&Target> {
        let found = self.target.iter().rev().find(|t| t.valid_from <= on)?;
        found.valid_to.is_none_or(|last| on <= last).then_some(found)
    }

    /// The definition of that version.
    pub fn version(&self, version: &str) -> Option<&Definition> {
        self.definition.iter().find(|d| d.version == version)
    }
}

/// The definitions that ship with the program, in the order of their measure numbers.
///
/// # Errors
/// `Input` naming the file that is wrong.
pub fn builtin() -> Result<Vec<Kpi>> {
    let owners = Owners::builtin()?;
    let mut kpis = Vec::new();
    for (name, text) in builtin_texts()? {
        kpis.push(Kpi::parse(&text, &name, &owners)?);
    }
    check_together(&kpis)?;
    Ok(kpis)
}

/// The files that ship with the program: name and text, by name.
///
/// # Errors
/// `Input` naming a file that is not text.
pub fn builtin_texts() -> Result<Vec<(String, String)>> {
    let mut names: Vec<_> = Builtin::iter().filter(|name| name.ends_with(".toml")).collect();
    names.sort_by_cached_key(|name| (PARTS_OF_PLAN.find(&name[..1]), name.clone()));
    names.iter().map(|name| Ok((format!("reports/kpis/{name}"), embedded(name)?))).collect()
}

/// A file beside those that ship with the program: the rows of an example.
///
/// # Errors
/// `Missing` if there is none of that name.
pub fn embedded(name: &str) -> Result<String> {
    let place = format!("reports/kpis/{name}");
    let file = Builtin::get(name).ok_or_else(|| Error::missing("there is no such file").at(place.clone()))?;
    String::from_utf8(file.data.into_owned()).map_err(|cause| Error::input("is not UTF-8").at(place).with_cause(cause))
}

/// Checks what one file alone cannot: unique ids and measures, checks that name measures which exist.
///
/// # Errors
/// `Input` naming the files.
pub fn check_together(kpis: &[Kpi]) -> Result<()> {
    check::together(kpis)
}

/// The message of a missing date says what the date is for.
fn plainer(error: Error) -> Error {
    if !error.message().contains("missing field `valid_from`") {
        return error;
    }
    let place = error.place().unwrap_or_default().to_owned();
    Error::input(
        "a definition or target without a date: write valid_from = 2017-01-01, the first day on which it holds; figures \
         are judged by what held then",
    )
    .at(place)
    .with_cause(error)
}

fn direction<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Direction, D::Error> {
    let name = String::deserialize(deserializer)?;
    Direction::parse(&name)
        .ok_or_else(|| serde::de::Error::custom(format!("`{name}`: write increase, decrease or neutral")))
}

fn unit<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Unit, D::Error> {
    let name = String::deserialize(deserializer)?;
    Unit::parse(&name)
        .ok_or_else(|| serde::de::Error::custom(format!("`{name}`: write count, percent, minutes, number or pounds")))
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
        let expected: Vec<String> = (1..=20)
            .map(|n| format!("M{n:02}"))
            .chain((1..=7).map(|n| format!("S{n:02}")))
            .chain((1..=14).map(|n| format!("R{n:02}")))
            .collect();
        for number in &expected {
            assert!(measures.iter().any(|m| m.starts_with(number.as_str())), "{number} is not among {measures:?}");
        }
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
        assert!(refuse("op = \"<\",", "op = \"=<\",").contains("write one of <, <="));
        assert!(refuse("ch-insp-operations", "nobody").contains("aliases"));
        assert!(refuse("direction = \"increase\"", "direction = \"up\"").contains("m03.toml:8"));
        assert!(refuse("unit = ", "colour = 1\nunit = ").contains("m03.toml:"));
        assert!(refuse("start = \"call_answered_at\"", "start = \"call_time\"").contains("no column `call_time`"));
        assert!(refuse("source = \"incidents\"", "source = \"calls\"").contains("m03.toml:18: definition[0].source"));
        assert!(refuse("[\"parish\",", "[\"town\",").contains("dims[0]: `town`"));
        assert!(refuse("valid_from = 2017-01-01\n", "").contains("a definition or target without a date"));
        assert!(refuse("method = \"linear\"", "method = \"usual\"").contains("weibull"));
        assert!(refuse("kind = \"duration_within\"", "kind = \"count\"").contains("does not belong"));
        assert!(refuse("threshold = ", "# ").contains("threshold: is missing"));
        assert!(refuse("code = \"bad_order\"", "code = \"cancelled\"").contains("twice"));
    }

    #[test]
    fn definitions_and_targets_follow_each_other_without_overlap_or_gap() {
        let owners = Owners::builtin().unwrap();
        let file = Builtin::get("m03-grade1-within-10min.toml").unwrap();
        let text = std::str::from_utf8(&file.data).unwrap();
        let head = text.find("[[definition]]").unwrap();
        let tail = text.find("[[target]]").unwrap();
        let with = |first_to: &str, second_from: &str| {
            let block = &text[head..tail];
            let first = block.replace("reason =", &format!("{first_to}\nreason ="));
            let second = block.replace("1.0.0", "2.0.0").replace("2015-01-01", second_from);
            let whole = format!("{}{first}{second}{}", &text[..head], &text[tail..]);
            Kpi::parse(&whole, "two.toml", &owners).map_err(|e| e.to_string())
        };
        let two = with("", "2017-07-01").unwrap();
        assert_eq!(two.definition_on(day("2017-06-30")).unwrap().version, "1.0.0");
        assert_eq!(two.definition_on(day("2017-07-01")).unwrap().version, "2.0.0");
        assert!(with("valid_to = 2017-06-30", "2017-07-01").is_ok());
        let refused = |first_to: &str, second_from: &str| with(first_to, second_from).unwrap_err();
        let same = refused("", "2015-01-01");
        assert!(same.contains("definition[1].valid_from: overlap: two start on 1 January 2015"), "{same}");
        let overlap = refused("valid_to = 2017-07-01", "2017-07-01");
        assert!(overlap.starts_with("two.toml:15: definition[0].valid_to: overlap"), "{overlap}");
        assert!(refused("valid_to = 2017-05-31", "2017-07-01").contains("gap: no definition holds on 1 June 2017"));
        assert!(refused("valid_to = 2014-05-31", "2017-07-01").contains("ends before it starts"));
        assert!(refused("", "2014-07-01").contains("oldest first"));
        let target = text.replace("[spc]", &format!("{}\n[spc]", &text[tail..text.find("[spc]").unwrap()]));
        let twice = Kpi::parse(&target, "t.toml", &owners).unwrap_err().to_string();
        assert!(twice.contains("target[1].valid_from: overlap"), "{twice}");
    }

    #[test]
    fn a_rebase_has_a_reason_and_an_order() {
        let owners = Owners::builtin().unwrap();
        let file = Builtin::get("m01-incidents.toml").unwrap();
        let text = std::str::from_utf8(&file.data).unwrap();
        let with = |rebase: &str| {
            let text = text.replace("[spc]\n", &format!("[spc]\nrebase = {rebase}\n"));
            Kpi::parse(&text, "m01.toml", &owners).map_err(|e| e.to_string())
        };
        assert!(with("[{ on = 2017-06-01, reason = \"new system\", approved_by = \"SMB\" }]").is_ok());
        assert!(with("[{ on = 2017-06-01, reason = \" \", approved_by = \"SMB\" }]").unwrap_err().contains("reason"));
        let entry = "{ on = 2017-06-01, reason = \"x\", approved_by = \"SMB\" }";
        assert!(with(&format!("[{entry}, {entry}]")).unwrap_err().contains("one a date"));
        assert!(with("[{ on = 2017-06-01, reason = \"x\" }]").unwrap_err().contains("approved_by"));
    }

    #[test]
    fn a_stock_is_never_summed() {
        let owners = Owners::builtin().unwrap();
        let file = Builtin::get("m13-victims-in-care.toml").unwrap();
        let text = std::str::from_utf8(&file.data).unwrap().replace("period_agg = \"last\"", "period_agg = \"sum\"");
        assert!(Kpi::parse(&text, "m13.toml", &owners).unwrap_err().message().contains("never summed"));
    }
}
