//! The trips of the policing plan: how it stands on a day, one of its deliverables, what it says in two ways, and the
//! dated entries that a force keeps about it.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use serde::Serialize;

use super::places::read;
use super::{App, about};
use crate::analysis::definition::{Kpi, MeasureKind};
use crate::analysis::disclosure::{Policy, Release, Released, release};
use crate::analysis::kpi_values::{Observation, Slot, milestones};
use crate::analysis::owner::Owners;
use crate::analysis::plan::Register;
use crate::analysis::plan::entries::{Entries, Entry, Status};
use crate::analysis::plan::standing::{Filter, Finding, Owner, PlanState, Standing, findings, state};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::{Provenance, generator};
use crate::model::time::{Period, parse_period_name};

/// Entries of the force, in the store's folder.
const ENTRIES_FILE: &str = "plan.toml";

/// What is asked, as people write it.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The day; without one the last day of the records, or today where there are none.
    pub on: Option<NaiveDate>,
    /// An owner: the id, the name or a spelling of a role.
    pub owner: Option<String>,
    /// Milestones due in this period: `2017-Q2`.
    pub due: Option<Period>,
    /// How they stand.
    pub standing: Option<Standing>,
    /// A reference or a section.
    pub reference: Option<String>,
}

/// One reference with its rows and everything that was entered about them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// The plan on the day, this reference only.
    pub state: PlanState,
    /// Entries up to the day, oldest first.
    pub history: Vec<Entry>,
}

/// As of [`PlanState`]: roles and tasks only.
impl Release for Shown {
    fn protect(&mut self, threshold: u32) {
        self.state.protect(threshold);
    }
}

/// How the plan stands.
///
/// # Errors
/// `Denied`; `Input` for an owner or a file of entries that does not fit.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<Released<PlanState>> {
    app.enter(who, Action::AskPerformance, "plan", question.reference.as_deref().unwrap_or("all"))?;
    Ok(released(app, who, answer(app, who, question).await?.0))
}

/// How the whole plan stands on a day, under another trip's audit line, released for `reader`.
pub(super) async fn standing_on(app: &App, reader: &Principal, on: NaiveDate) -> Result<Released<PlanState>> {
    let question = Question { on: Some(on), ..Question::default() };
    Ok(released(app, reader, answer(app, reader, &question).await?.0))
}

/// One reference, or one section.
///
/// # Errors
/// As of [`ask`]; `Missing` if the plan has none of that number.
pub async fn show(app: &App, who: &Principal, reference: &str, on: Option<NaiveDate>) -> Result<Released<Shown>> {
    app.enter(who, Action::AskPerformance, "plan show", reference)?;
    let question = Question { on, reference: Some(reference.to_owned()), ..Question::default() };
    let (state, entries) = answer(app, who, &question).await?;
    if state.rows.is_empty() {
        let gap = format!("the plan has no reference {reference}; `vigie plan list` names them");
        return Err(Error::missing(gap).at("REF"));
    }
    let is_shown =
        |entry: &&Entry| entry.on <= state.on && state.rows.iter().any(|row| row.reference == entry.reference);
    let history = entries.all.iter().filter(is_shown).cloned().collect();
    Ok(released(app, who, Shown { state, history }))
}

/// What the plan leaves open or says in two ways.
///
/// # Errors
/// `Denied`.
pub fn check(app: &App, who: &Principal) -> Result<Released<Vec<Finding>>> {
    app.enter(who, Action::AskPerformance, "plan check", "plan")?;
    let (register, owners) = builtin()?;
    Ok(released(app, who, findings(&register, &owners)?))
}

/// Takes a file of entries for those of the force; returns how many there are.
///
/// # Errors
/// `Denied`; `Missing` or `Input` for the file.
pub fn load(app: &App, who: &Principal, file: &Path) -> Result<usize> {
    app.enter(who, Action::Administer, "plan load", "plan")?;
    let (register, _) = builtin()?;
    let text = read(file)?;
    let entries = Entries::parse(&text, &file.display().to_string(), &register)?;
    app.store.put_files(&[(ENTRIES_FILE, text.as_bytes())])?;
    Ok(entries.all.len())
}

/// Roles that own something in the plan, by name: the choices of a filter.
///
/// # Errors
/// `Input` if the register is wrong.
pub fn owners() -> Result<Vec<Owner>> {
    let (register, owners) = builtin()?;
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for (_, row) in register.deliverables() {
        for id in owners.resolve(&row.owner)? {
            named.insert(owners.name(&id).unwrap_or(&id).to_owned(), id);
        }
    }
    Ok(named.into_iter().map(|(name, id)| Owner { id, name }).collect())
}

/// A period by name, for milestones due in it.
///
/// # Errors
/// `Input` for what is no period.
pub fn due(name: &str) -> Result<Period> {
    parse_period_name(name).map_err(|e| e.at("due"))
}

/// A standing by name.
///
/// # Errors
/// `Input` naming those that there are.
pub fn standing(name: &str) -> Result<Standing> {
    Standing::parse(name).ok_or_else(|| {
        let names: Vec<&str> = Standing::ALL.iter().map(|s| s.name()).collect();
        Error::input(format!("`{name}`: write one of {}", names.join(", "))).at("standing")
    })
}

fn released<T: Release>(app: &App, who: &Principal, answer: T) -> Released<T> {
    release(answer, &Policy { threshold: app.config.public_threshold }, who)
}

fn builtin() -> Result<(Register, Owners)> {
    let owners = Owners::builtin()?;
    Ok((Register::builtin(&owners)?, owners))
}

/// Milestones of a KPI file as the entries of the force have them: what they say is done is done on their day.
pub(super) fn milestones_seen(app: &App, kpi: &Kpi, slots: &[Slot]) -> Result<BTreeMap<String, Observation>> {
    let (register, _) = builtin()?;
    let entries = entries(app, &register)?;
    let mut seen = BTreeMap::new();
    for slot in slots {
        let Some(definition) = kpi.definition_on(slot.dates.from).filter(|d| d.kind == MeasureKind::Milestone) else {
            continue;
        };
        let mut definition = definition.clone();
        let last = slot.dates.to.pred_opt().unwrap_or(slot.dates.to);
        for milestone in definition.milestone.iter_mut().filter(|milestone| milestone.done_on.is_none()) {
            let entry = entries.latest(&milestone.plan_ref, 1, milestone.part.as_deref(), last);
            milestone.done_on = entry.filter(|entry| entry.status == Status::Done).map(|entry| entry.on);
        }
        seen.insert(slot.name.clone(), milestones(&definition, &slot.dates));
    }
    Ok(seen)
}

/// What the force entered so far.
fn entries(app: &App, register: &Register) -> Result<Entries> {
    let file = app.store.root().join(ENTRIES_FILE);
    if file.is_file() { Entries::parse(&read(&file)?, ENTRIES_FILE, register) } else { Ok(Entries::default()) }
}

async fn answer(app: &App, who: &Principal, question: &Question) -> Result<(PlanState, Entries)> {
    let (register, owners) = builtin()?;
    let file = app.store.root().join(ENTRIES_FILE);
    let entries =
        if file.is_file() { Entries::parse(&read(&file)?, ENTRIES_FILE, &register)? } else { Entries::default() };
    let (on, reason) = match question.on {
        Some(on) => (on, "asked for"),
        None => match last_day(&about::describe(app, who).await?) {
            Some(last) => (last, "the last day of the records"),
            None => (app.now().with_timezone(&app.config.zone).date_naive(), "today: there are no records yet"),
        },
    };
    let filter = Filter {
        owner: question.owner.as_deref().map(|name| owner_id(&owners, name)).transpose()?,
        due: question.due,
        standing: question.standing,
        reference: question.reference.clone(),
    };
    let mut state = state(&register, &entries, &owners, (on, reason), &filter)?;
    state.provenance = provenance(app, question, &state)?;
    Ok((state, entries))
}

/// Last day of what happened; positions of units and camera reads may run on into the next one.
fn last_day(about: &about::About) -> Option<NaiveDate> {
    let of = |name: &str| about.datasets.iter().find(|d| d.name == name).and_then(|d| d.last_on);
    of("incidents").max(of("crimes")).or(about.data_to)
}

/// The id of a role by its id, its name or one of its spellings.
fn owner_id(owners: &Owners, name: &str) -> Result<String> {
    if owners.name(name).is_some() {
        return Ok(name.to_owned());
    }
    let found = owners.resolve(name).ok().and_then(|ids| ids.into_iter().next()).or_else(|| owners.id(name));
    found.ok_or_else(|| Error::input(format!("`{name}` is no owner of the plan")).at("owner"))
}

fn provenance(app: &App, question: &Question, state: &PlanState) -> Result<Provenance> {
    let mut parameters = BTreeMap::from([
        ("plan".to_owned(), state.plan.clone()),
        ("on".to_owned(), format!("{}, {}", state.on, state.on_reason)),
        ("entries".to_owned(), state.entries.to_string()),
    ]);
    if let Some(owner) = &question.owner {
        parameters.insert("owner".to_owned(), owner.clone());
    }
    if let Some(due) = &question.due {
        parameters.insert("due".to_owned(), due.in_words());
    }
    if let Some(standing) = question.standing {
        parameters.insert("standing".to_owned(), standing.name().to_owned());
    }
    if let Some(reference) = &question.reference {
        parameters.insert("ref".to_owned(), reference.clone());
    }
    Ok(Provenance {
        question: "plan".to_owned(),
        method: Some("dates of the plan, entries of the force up to the day".to_owned()),
        rows: state.rows.len() as u64,
        parameters,
        store_version: app.version()?,
        generated_by: generator(),
        ..Provenance::default()
    })
}
