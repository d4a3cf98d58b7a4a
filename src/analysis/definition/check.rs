//! What is wrong with a KPI file beyond its form: dates that overlap, a clock without a stop, a target that is none.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Definition, Kpi, MeasureKind, Places};
use crate::analysis::owner::Owners;
use crate::error::{Error, Result};
use crate::model::schema::{ColumnKind, Table, table};
use crate::model::time::date_in_words;
use crate::stats::quantile::Method;

/// What a measure may be broken down by, and the column that each needs.
const DIMS: &[(&str, &str)] = &[
    ("parish", "parish"),
    ("vingtaine", "vingtaine"),
    ("beat", "beat"),
    ("daypart", "local_minute"),
    ("grade", "grade_initial"),
];
const CHARTS: &[&str] = &["auto", "xmr", "p", "pprime", "u", "uprime", "c", "poisson", "g", "t", "none"];
const PROFILES: &[&str] = &["nhsr-0.2", "mdc-2023", "anhoej"];
const COMPARISONS: &[&str] = &["same_period_last_year", "ytd", "rolling_12", "mean_3y"];
const EDITIONS: &[&str] = &["authority", "public"];
const DUE_KINDS: &[&str] = &["quarter", "year", "window", "multi-year", "per-part", "tba"];

/// One file and the words for what is wrong in it.
struct File<'a> {
    places: &'a Places<'a>,
}

impl File<'_> {
    fn wrong<T>(&self, key: &str, message: impl Into<String>) -> Result<T> {
        Err(Error::input(message).at(self.places.at(key)))
    }

    fn one_of(&self, key: &str, value: &str, allowed: &[&str]) -> Result<()> {
        if allowed.contains(&value) {
            return Ok(());
        }
        self.wrong(key, format!("`{value}`: write one of {}", allowed.join(", ")))
    }
}

/// Checks one file.
pub(super) fn whole(kpi: &Kpi, places: &Places<'_>, owners: &Owners) -> Result<()> {
    let file = File { places };
    if kpi.schema != 1 {
        return file.wrong("schema", format!("{} is not known; write 1", kpi.schema));
    }
    let roles = [("owner", Some(&kpi.owner)), ("analyst", kpi.analyst.as_ref())];
    for (key, role) in roles.into_iter().filter_map(|(key, role)| Some((key, role?))) {
        if owners.name(role).is_none() {
            return file.wrong(key, format!("`{role}` is not in reports/aliases.toml"));
        }
    }
    if kpi.definition.is_empty() {
        return file.wrong("definition", "at least one is needed");
    }
    dates(&file, "definition", kpi.definition.iter().map(|d| (d.valid_from, d.valid_to)))?;
    dates(&file, "target", kpi.target.iter().map(|t| (t.valid_from, t.valid_to)))?;
    let versions: BTreeSet<&str> = kpi.definition.iter().map(|d| d.version.as_str()).collect();
    if versions.len() != kpi.definition.len() {
        return file.wrong("definition", "two definitions have one version");
    }
    for (at, target) in kpi.target.iter().enumerate() {
        file.one_of(&format!("target[{at}].op"), &target.op, &["<", "<=", "=", ">=", ">"])?;
        if !target.value.is_finite() {
            return file.wrong(&format!("target[{at}].value"), "is not a number");
        }
    }
    chart(kpi, &file)?;
    for (at, definition) in kpi.definition.iter().enumerate() {
        one(definition, &format!("definition[{at}]"), &file, owners)?;
    }
    for (at, check) in kpi.check.iter().enumerate() {
        if let Check::Reconcile { expr } = check
            && expr != "analysed + sum(excluded) = total"
        {
            let message = "write `analysed + sum(excluded) = total`, or kind = \"reconcile_share\" with part and whole";
            return file.wrong(&format!("check[{at}].expr"), message);
        }
    }
    for (at, example) in kpi.example.iter().enumerate() {
        if let Some(version) = &example.version
            && kpi.version(version).is_none()
        {
            return file.wrong(&format!("example[{at}].version"), format!("there is no definition {version}"));
        }
        if example.expect.is_empty() {
            return file.wrong(&format!("example[{at}].expect"), "an example expects at least one figure");
        }
    }
    Ok(())
}

/// Checks what one file alone cannot.
pub(super) fn together(kpis: &[Kpi]) -> Result<()> {
    for (name, of) in [("id", (|k: &Kpi| k.id.clone()) as fn(&Kpi) -> String), ("measure", |k| k.measure.clone())] {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for kpi in kpis {
            if let Some(other) = seen.insert(of(kpi), &kpi.origin) {
                let message = format!("the {name} `{}` is also in {other}", of(kpi));
                return Err(Error::input(message).at(format!("{}: {name}", kpi.origin)));
            }
        }
    }
    for kpi in kpis {
        for check in &kpi.check {
            let Check::ReconcileShare { part, whole } = check else { continue };
            if let Some(unknown) = [part, whole].into_iter().find(|m| !kpis.iter().any(|k| k.measure == **m)) {
                let message = format!("the check names {unknown}, which is not a measure");
                return Err(Error::input(message).at(format!("{}: check", kpi.origin)));
            }
        }
    }
    Ok(())
}

/// Entries in force one after the other: no day has two, and none between the first and the last has none.
fn dates(
    file: &File<'_>,
    list: &str,
    entries: impl Iterator<Item = (chrono::NaiveDate, Option<chrono::NaiveDate>)>,
) -> Result<()> {
    let mut before: Option<(chrono::NaiveDate, Option<chrono::NaiveDate>)> = None;
    for (at, (from, to)) in entries.enumerate() {
        let key = format!("{list}[{at}].valid_from");
        if to.is_some_and(|last| last < from) {
            return file.wrong(&format!("{list}[{at}].valid_to"), "ends before it starts");
        }
        if let Some((earlier, ended)) = before {
            if from == earlier {
                return file.wrong(&key, format!("overlap: two start on {}; one a date", date_in_words(from)));
            }
            if from < earlier {
                return file.wrong(&key, "starts before the one above it: order them by date, oldest first");
            }
            if let Some(last) = ended {
                if last >= from {
                    let key = format!("{list}[{}].valid_to", at - 1);
                    let next = date_in_words(from);
                    return file.wrong(&key, format!("overlap: the next one starts on {next}, before this one ends"));
                }
                if list == "definition" && last.succ_opt() != Some(from) {
                    let day = date_in_words(last.succ_opt().unwrap_or(last));
                    return file.wrong(&key, format!("gap: no definition holds on {day}"));
                }
            }
        }
        before = Some((from, to));
    }
    Ok(())
}

fn chart(kpi: &Kpi, file: &File<'_>) -> Result<()> {
    file.one_of("spc.chart", &kpi.spc.chart, CHARTS)?;
    file.one_of("spc.profile", &kpi.spc.profile, PROFILES)?;
    if kpi.spc.fix_after.is_some_and(|points| points < 12) {
        return file.wrong("spc.fix_after", "limits that are held need 12 points or more");
    }
    for (at, pair) in kpi.spc.rebase.windows(2).enumerate() {
        if pair[1].on <= pair[0].on {
            return file.wrong(&format!("spc.rebase[{}].on", at + 1), "order them by date, one a date");
        }
    }
    for (at, rebase) in kpi.spc.rebase.iter().enumerate() {
        if rebase.reason.trim().is_empty() || rebase.approved_by.trim().is_empty() {
            return file.wrong(&format!("spc.rebase[{at}]"), "limits begin anew with a reason and an approval only");
        }
    }
    for (at, name) in kpi.compare.show.iter().enumerate() {
        file.one_of(&format!("compare.show[{at}]"), name, COMPARISONS)?;
    }
    for (at, name) in kpi.publish.editions.iter().enumerate() {
        file.one_of(&format!("publish.editions[{at}]"), name, EDITIONS)?;
    }
    if let Some(calendar) = &kpi.compare.calendar {
        file.one_of("compare.calendar", calendar, &["jersey", "uk"])?;
    }
    Ok(())
}

fn one(definition: &Definition, key: &str, file: &File<'_>, owners: &Owners) -> Result<()> {
    let kind = definition.kind;
    let of = |part: &str| format!("{key}.{part}");
    belongs(definition, key, file)?;
    if kind == MeasureKind::Milestone {
        for (at, milestone) in definition.milestone.iter().enumerate() {
            file.one_of(&of(&format!("milestone[{at}].due_kind")), &milestone.due_kind, DUE_KINDS)?;
            if owners.name(&milestone.owner).is_none() {
                let message = format!("`{}` is not in reports/aliases.toml", milestone.owner);
                return file.wrong(&of(&format!("milestone[{at}].owner")), message);
            }
        }
        return Ok(());
    }
    let Some(source) = table(&definition.source) else {
        return file.wrong(&of("source"), format!("there is no table `{}`", definition.source));
    };
    columns(definition, source, key, file)?;
    if let Some(threshold) = &definition.threshold {
        file.one_of(&of("threshold.op"), &threshold.op, &["<", "<="])?;
    }
    if let Some(quantiles) = &definition.quantiles {
        if Method::parse(&quantiles.method).is_none() {
            return file.wrong(&of("quantiles.method"), format!("`{}`: write {}", quantiles.method, Method::NAMES));
        }
        if quantiles.p.is_empty() || quantiles.p.iter().any(|p| !(0.0..=1.0).contains(p)) {
            return file.wrong(&of("quantiles.p"), "write shares from 0 to 1");
        }
    }
    if let Some(agg) = &definition.period_agg
        && !["first", "last", "average"].contains(&agg.as_str())
    {
        let message = format!("`{agg}`: a level is never summed; write first, last or average");
        return file.wrong(&of("period_agg"), message);
    }
    if let Some(repeat) = definition.distinct.as_ref().and_then(|d| d.repeat)
        && (!(2..=50).contains(&repeat.times) || !(1..=60).contains(&repeat.months))
    {
        return file.wrong(&of("distinct.repeat"), "write 2 to 50 times within 1 to 60 months");
    }
    let mut codes = BTreeSet::new();
    for (at, exclusion) in definition.exclude.iter().enumerate() {
        let place = of(&format!("exclude[{at}].code"));
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if exclusion.code.is_empty() || !exclusion.code.chars().all(is_plain) {
            return file.wrong(&place, "a code has small letters, digits and _ only");
        }
        if !codes.insert(exclusion.code.as_str()) {
            return file.wrong(&place, format!("exclude has the code {} twice", exclusion.code));
        }
    }
    for (at, dim) in definition.dims.iter().enumerate() {
        let place = of(&format!("dims[{at}]"));
        let known = DIMS.iter().find(|(name, _)| name == dim);
        let Some((_, column)) = known else {
            let names: Vec<&str> = DIMS.iter().map(|(name, _)| *name).collect();
            return file.wrong(&place, format!("`{dim}`: write one of {}", names.join(", ")));
        };
        if source.kind_of(column).is_none() {
            return file.wrong(&place, format!("{} has no column {column} for `{dim}`", definition.source));
        }
    }
    if let Some(zone) = &definition.time_dim.zone
        && zone.parse::<chrono_tz::Tz>().is_err()
    {
        return file.wrong(&of("time_dim.zone"), format!("`{zone}` is not a time zone; write Europe/Jersey"));
    }
    Ok(())
}

/// What a kind needs is there, and what belongs to other kinds is not.
fn belongs(definition: &Definition, key: &str, file: &File<'_>) -> Result<()> {
    use MeasureKind as Kind;
    let kind = definition.kind;
    let parts: [(&str, bool, &[Kind], bool); 10] = [
        ("numerator", definition.numerator.is_some(), &[Kind::Proportion], true),
        ("clock", definition.clock.is_some(), &[Kind::DurationWithin, Kind::DurationMean, Kind::Quantile], true),
        ("threshold", definition.threshold.is_some(), &[Kind::DurationWithin], true),
        ("quantiles", definition.quantiles.is_some(), &[Kind::Quantile], true),
        ("distinct", definition.distinct.is_some(), &[Kind::Distinct], true),
        ("period_agg", definition.period_agg.is_some(), &[Kind::Stock], true),
        ("people", !definition.people.is_empty(), &[Kind::Rate], true),
        ("milestone", !definition.milestone.is_empty(), &[Kind::Milestone], true),
        ("survey", definition.survey.is_some(), &[Kind::Survey], false),
        ("value", definition.value.is_some(), &[Kind::Stock, Kind::Finance], false),
    ];
    for (name, is_there, kinds, needed) in parts {
        let fits = kinds.contains(&kind) || (matches!(name, "threshold" | "quantiles") && kind.is_duration());
        let wanted = kinds.contains(&kind) && needed;
        if is_there && !fits {
            return file.wrong(&format!("{key}.{name}"), "does not belong to this kind of measure");
        }
        if !is_there && wanted {
            return file.wrong(&format!("{key}.{name}"), "is missing: this kind of measure needs it");
        }
    }
    Ok(())
}

/// The columns that a definition names are there and of the kind that is needed.
fn columns(definition: &Definition, source: &Table, key: &str, file: &File<'_>) -> Result<()> {
    let check = |part: &str, column: &str, kinds: &[ColumnKind]| -> Result<()> {
        let found = source.kind_of(column);
        if found.is_some_and(|kind| kinds.contains(&kind)) {
            return Ok(());
        }
        let fitting: Vec<&str> = source.all_columns().filter(|c| kinds.contains(&c.kind)).map(|c| c.name).collect();
        let what = if found.is_none() { "has no column" } else { "cannot use the column" };
        let message = format!("{} {what} `{column}` here; write one of {}", source.name, fitting.join(", "));
        file.wrong(&format!("{key}.{part}"), message)
    };
    let times = [ColumnKind::Time];
    if let Some(clock) = &definition.clock {
        check("clock.start", &clock.start, &times)?;
        check("clock.stop", &clock.stop, &times)?;
        if clock.start == clock.stop {
            return file.wrong(&format!("{key}.clock"), "starts and stops with one column");
        }
    }
    let dated = if definition.kind == MeasureKind::TimeBetween {
        &times[..]
    } else {
        &[ColumnKind::Date, ColumnKind::Time][..]
    };
    check("time_dim.field", &definition.time_dim.field, dated)?;
    let numbers = [ColumnKind::Int, ColumnKind::Float];
    if matches!(definition.kind, MeasureKind::Stock | MeasureKind::Finance) {
        check("value", definition.value.as_deref().unwrap_or("value"), &numbers)?;
    }
    if definition.kind == MeasureKind::Survey {
        let survey = definition.survey.clone().unwrap_or_default();
        check("survey.share", &survey.share, &numbers)?;
        check("survey.base", &survey.base, &numbers)?;
    }
    if let Some(distinct) = &definition.distinct {
        check("distinct.column", &distinct.column, &[ColumnKind::Text, ColumnKind::Int])?;
    }
    Ok(())
}
