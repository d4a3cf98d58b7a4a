//! How a plan stands on a day: what is done, late, due soon or ahead, and what the plan itself says in two ways. The day
//! is given: nothing here asks a clock.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use super::claims::Verdict;
use super::entries::{Entries, Status};
use super::{Deliverable, DueKind, Objective, Register, gaps};
use crate::analysis::disclosure::Release;
use crate::analysis::owner::Owners;
use crate::error::Result;
use crate::model::provenance::Provenance;
use crate::model::time::{Period, date_in_words};

/// Days ahead in which a milestone counts as due soon.
pub const SOON_DAYS: i64 = 31;

/// How a milestone stands on a day. The order is that of concern: of several parts the first one speaks for the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its date has passed and nothing says that it is done.
    Late,
    /// Its date is within the next 31 days.
    DueSoon,
    /// Its date is further off.
    Ahead,
    /// The plan gives no date.
    NoDate,
    /// Given up by decision.
    Stopped,
    /// Done after its date.
    DoneLate,
    /// Done in time, or done without a date to be late for.
    Done,
}

impl Standing {
    /// Every standing, worst first.
    pub const ALL: [Standing; 7] = [
        Standing::Late,
        Standing::DueSoon,
        Standing::Ahead,
        Standing::NoDate,
        Standing::Stopped,
        Standing::DoneLate,
        Standing::Done,
    ];

    /// Name in files and parameters.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Late => "late",
            Standing::DueSoon => "due-soon",
            Standing::Ahead => "ahead",
            Standing::NoDate => "no-date",
            Standing::Stopped => "stopped",
            Standing::DoneLate => "done-late",
            Standing::Done => "done",
        }
    }

    /// Word of tables.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Late => "late",
            Standing::DueSoon => "due soon",
            Standing::Ahead => "ahead",
            Standing::NoDate => "no date",
            Standing::Stopped => "stopped",
            Standing::DoneLate => "done late",
            Standing::Done => "done",
        }
    }

    /// The standing of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.name() == name)
    }

    /// How a milestone stands on a day, from its date and from what was entered up to then. It is in time on its last day.
    ///
    /// # Example
    /// ```
    /// use vigie::analysis::plan::standing::Standing;
    /// use vigie::model::time::parse_date;
    /// let (due, next) = (parse_date("2017-03-31")?, parse_date("2017-04-01")?);
    /// assert_eq!(Standing::on(due, Some(due), None), Standing::DueSoon);
    /// assert_eq!(Standing::on(next, Some(due), None), Standing::Late);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn on(day: NaiveDate, due: Option<NaiveDate>, entered: Option<(Status, NaiveDate)>) -> Self {
        match (entered, due) {
            (Some((Status::Done, done)), Some(due)) if done > due => Standing::DoneLate,
            (Some((Status::Done, _)), _) => Standing::Done,
            (Some((Status::Stopped, _)), _) => Standing::Stopped,
            (_, None) => Standing::NoDate,
            (_, Some(due)) if due < day => Standing::Late,
            (_, Some(due)) if (due - day).num_days() <= SOON_DAYS => Standing::DueSoon,
            (_, Some(_)) => Standing::Ahead,
        }
    }
}

/// A role that owns a deliverable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Id of the role.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One milestone of a deliverable: a part with a date of its own, or the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MilestoneRow {
    /// Name of the part; none for the whole.
    pub part: Option<String>,
    /// Last day on which it is in time.
    pub due: Option<NaiveDate>,
    /// How it stands.
    pub standing: Standing,
    /// What its owner says last; none where nothing was entered.
    pub status: Option<Status>,
    /// Since when.
    pub since: Option<NaiveDate>,
    /// Who says so.
    pub by: Option<String>,
    /// In a sentence.
    pub note: Option<String>,
    /// What proves it.
    pub evidence: Vec<String>,
}

/// One deliverable on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// Reference of the plan.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Row under it.
    pub row: u32,
    /// Short title of the objective.
    pub objective: String,
    /// Short title of the deliverable.
    pub title: String,
    /// What it is expected to bring.
    pub benefit: Option<String>,
    /// Owners, in the order of the plan.
    pub owners: Vec<Owner>,
    /// The owner as the plan writes it.
    pub owner_written: String,
    /// How it is dated.
    pub due_kind: DueKind,
    /// The date as the plan writes it.
    pub milestone: String,
    /// The next date: of the parts that are not done, the first; else the last of all.
    pub due: Option<NaiveDate>,
    /// How it stands: its worst part.
    pub standing: Standing,
    /// Its milestones.
    pub parts: Vec<MilestoneRow>,
    /// Measures that show how it goes.
    pub kpis: Vec<String>,
}

/// Something about the plan that a reader should know before they rely on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `gap`, `year-round`, `no-date`, `no-benefit`, `heading`, `spelling`, `several-dates` or `claim`.
    pub kind: &'static str,
    /// Stable name of a claim; the kind for the others.
    pub id: String,
    /// Sections and references.
    pub refs: Vec<String>,
    /// Measures it is about.
    pub measures: Vec<String>,
    /// How many rows, roles or numbers it is about.
    pub count: usize,
    /// `contradicts`, `agrees-rounded`, `agrees`; none for what is no claim.
    pub verdict: Option<Verdict>,
    /// In a sentence.
    pub text: String,
}

/// What is asked of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Id of an owner.
    pub owner: Option<String>,
    /// Milestones due in this period.
    pub due: Option<Period>,
    /// How they stand.
    pub standing: Option<Standing>,
    /// A reference, or the section above it: `3.2` is all of 3.2.
    pub reference: Option<String>,
}

impl Filter {
    fn keeps(&self, row: &PlanRow) -> bool {
        let under = |wanted: &String| {
            row.reference == *wanted
                || row.reference.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        self.owner.as_ref().is_none_or(|id| row.owners.iter().any(|owner| owner.id == *id))
            && self.due.is_none_or(|due| row.parts.iter().any(|part| part.due.is_some_and(|on| due.contains(on))))
            && self.standing.is_none_or(|standing| row.parts.iter().any(|part| part.standing == standing))
            && self.reference.as_ref().is_none_or(under)
    }
}

/// The plan on a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanState {
    /// What the answer was made from.
    pub provenance: Provenance,
    /// Name of the plan.
    pub plan: String,
    /// The day.
    pub on: NaiveDate,
    /// Why that day.
    pub on_reason: String,
    /// Whether the entries on how it stands are made up.
    pub synthetic: bool,
    /// References of the whole plan.
    pub references: usize,
    /// Deliverables of the whole plan.
    pub deliverables: usize,
    /// Milestones of the whole plan: parts with dates of their own count singly.
    pub milestones: usize,
    /// Entries up to the day.
    pub entries: usize,
    /// Deliverables of the whole plan by how they stand, every standing named.
    pub totals: BTreeMap<&'static str, usize>,
    /// The deliverables asked for, in the order of the plan.
    pub rows: Vec<PlanRow>,
}

/// A plan names roles and tasks, nobody else: there is nothing to hide.
impl Release for PlanState {
    fn protect(&mut self, _threshold: u32) {}
}

/// As of [`PlanState`].
impl Release for Vec<Finding> {
    fn protect(&mut self, _threshold: u32) {}
}

/// How the plan stands on a day, as far as it was known then.
///
/// # Errors
/// `Input` for an owner that no role has.
pub fn state(
    register: &Register,
    entries: &Entries,
    owners: &Owners,
    (on, on_reason): (NaiveDate, &str),
    filter: &Filter,
) -> Result<PlanState> {
    let mut rows = Vec::new();
    for (objective, deliverable) in register.deliverables() {
        rows.push(row(objective, deliverable, entries, owners, on)?);
    }
    let mut totals: BTreeMap<&'static str, usize> = Standing::ALL.iter().map(|s| (s.name(), 0)).collect();
    for row in &rows {
        *totals.entry(row.standing.name()).or_default() += 1;
    }
    let (deliverables, milestones) = (rows.len(), rows.iter().map(|row| row.parts.len()).sum());
    rows.retain(|row| filter.keeps(row));
    Ok(PlanState {
        provenance: Provenance::default(),
        plan: register.plan.clone(),
        on,
        on_reason: on_reason.to_owned(),
        synthetic: entries.synthetic,
        references: register.objective.len(),
        deliverables,
        milestones,
        entries: entries.all.iter().filter(|entry| entry.on <= on).count(),
        totals,
        rows,
    })
}

fn row(
    objective: &Objective,
    deliverable: &Deliverable,
    entries: &Entries,
    owners: &Owners,
    on: NaiveDate,
) -> Result<PlanRow> {
    let parts: Vec<MilestoneRow> = deliverable
        .milestones()
        .map(|(part, due)| {
            let entry = entries.latest(&objective.reference, deliverable.row, part, on);
            MilestoneRow {
                part: part.map(str::to_owned),
                due,
                standing: Standing::on(on, due, entry.map(|entry| (entry.status, entry.on))),
                status: entry.map(|entry| entry.status),
                since: entry.map(|entry| entry.on),
                by: entry.map(|entry| entry.by.clone()),
                note: entry.and_then(|entry| entry.note.clone()),
                evidence: entry.map(|entry| entry.evidence.clone()).unwrap_or_default(),
            }
        })
        .collect();
    let open = parts.iter().filter(|part| part.standing < Standing::Stopped).filter_map(|part| part.due).min();
    Ok(PlanRow {
        reference: objective.reference.clone(),
        row: deliverable.row,
        objective: objective.title.clone(),
        title: deliverable.title.clone(),
        benefit: deliverable.benefit.clone(),
        owners: roles(owners, &deliverable.owner)?,
        owner_written: deliverable.owner.clone(),
        due_kind: deliverable.due_kind,
        milestone: deliverable.milestone.clone(),
        due: open.or_else(|| parts.iter().filter_map(|part| part.due).max()),
        standing: parts.iter().map(|part| part.standing).min().unwrap_or(Standing::NoDate),
        parts,
        kpis: objective.kpis.clone(),
    })
}

fn roles(owners: &Owners, written: &str) -> Result<Vec<Owner>> {
    let ids = owners.resolve(written)?;
    Ok(ids.into_iter().map(|id| Owner { name: owners.name(&id).unwrap_or(id.as_str()).to_owned(), id }).collect())
}

/// What the plan leaves open or says in two ways, in a fixed order.
///
/// # Errors
/// `Input` for an owner that no role has.
pub fn findings(register: &Register, owners: &Owners) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let mut say = |kind: &'static str, refs: Vec<String>, count: usize, text: String| {
        found.push(Finding { kind, id: kind.to_owned(), refs, measures: Vec::new(), count, verdict: None, text });
    };
    for gap in gaps::missing(register) {
        let text = format!("The numbering passes over {gap}: no deliverable has that reference");
        say("gap", vec![gap], 1, text);
    }
    let year_round = refs(register, |row| row.due_kind == DueKind::Year);
    let text = format!(
        "{} of {} deliverables run all year round: they fall due on {} and show no progress before",
        year_round.len(),
        register.deliverables().count(),
        date_in_words(register.to)
    );
    say("year-round", unique(&year_round), year_round.len(), text);
    let undated = refs(register, |row| row.due_kind == DueKind::Tba);
    say(
        "no-date",
        unique(&undated),
        undated.len(),
        format!("{} has no date and can never be late", of_rows(undated.len())),
    );
    let several = refs(register, |row| row.due_kind == DueKind::PerPart);
    let text = format!("{} with several dates in one cell: each part is followed by itself", of_rows(several.len()));
    say("several-dates", unique(&several), several.len(), text);
    let bare = refs(register, |row| row.benefit.is_none());
    say("no-benefit", unique(&bare), bare.len(), format!("{} without an expected benefit", of_rows(bare.len())));
    for heading in &register.heading {
        let text = match heading.times {
            Some(times) => format!("The section number {} is used {times} times", heading.number),
            None => format!(
                "Section {} has {} titles: {}",
                heading.number,
                heading.titles.len(),
                heading.titles.join(" / ")
            ),
        };
        let count = heading.times.map_or(heading.titles.len(), |times| times as usize);
        say("heading", vec![heading.number.clone()], count, text);
    }
    for (name, spellings) in spellings(register, owners)? {
        let text = format!("{name} is written in {} ways: {}", spellings.len(), spellings.join(" / "));
        say("spelling", Vec::new(), spellings.len(), text);
    }
    found.extend(register.claim.iter().map(|claim| Finding {
        kind: "claim",
        id: claim.id.clone(),
        refs: claim.refs.clone(),
        measures: claim.measures.clone(),
        count: 1,
        verdict: Some(claim.verdict()),
        text: format!("{}: {}", claim.title, claim.sentence()),
    }));
    Ok(found)
}

fn of_rows(count: usize) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

fn refs(register: &Register, keep: impl Fn(&Deliverable) -> bool) -> Vec<String> {
    register.deliverables().filter(|(_, row)| keep(row)).map(|(objective, _)| objective.reference.clone()).collect()
}

fn unique(refs: &[String]) -> Vec<String> {
    let mut once: Vec<String> = refs.to_vec();
    once.dedup();
    once
}

/// Roles that the plan writes in more than one way, by name, with the spellings that it uses.
fn spellings(register: &Register, owners: &Owners) -> Result<BTreeMap<String, Vec<String>>> {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, deliverable) in register.deliverables() {
        for (spelling, id) in owners.taken_apart(&deliverable.owner)? {
            let name = owners.name(id).unwrap_or(id).to_owned();
            used.entry(name).or_default().insert(spelling.to_owned());
        }
    }
    let several = used.into_iter().filter(|(_, spellings)| spellings.len() > 1);
    Ok(several.map(|(name, spellings)| (name, spellings.into_iter().collect())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{parse_date, parse_period_name};

    fn plan() -> (Register, Owners) {
        let owners = Owners::builtin().unwrap();
        (Register::builtin(&owners).unwrap(), owners)
    }

    fn entries(register: &Register) -> Entries {
        let text = r#"
schema = 1
[[entry]]
ref = "3.1.1.1"
on = 2017-03-31
status = "done"
by = "Chief Inspector Operations"
evidence = ["board minutes 4"]
[[entry]]
ref = "3.4.6.2"
part = "operational use"
on = 2017-10-05
status = "done"
by = "Corporate Communications Manager"
[[entry]]
ref = "3.1.1.2"
row = 4
on = 2017-02-01
status = "stopped"
by = "Chief Inspector Community Policing"
"#;
        Entries::parse(text, "plan.toml", register).unwrap()
    }

    fn on(day: &str, filter: &Filter) -> PlanState {
        let (register, owners) = plan();
        state(&register, &entries(&register), &owners, (parse_date(day).unwrap(), "asked for"), filter).unwrap()
    }

    fn find<'a>(state: &'a PlanState, reference: &str, row: u32) -> &'a PlanRow {
        state.rows.iter().find(|r| r.reference == reference && r.row == row).unwrap()
    }

    #[test]
    fn late_is_a_matter_of_the_day_that_is_asked_for() {
        let before = on("2017-03-30", &Filter::default());
        assert_eq!(find(&before, "3.1.1.1", 1).standing, Standing::DueSoon, "nothing was known of it yet");
        assert_eq!(find(&before, "3.4.4.7", 1).standing, Standing::DueSoon);
        let after = on("2017-04-01", &Filter::default());
        assert_eq!(find(&after, "3.1.1.1", 1).standing, Standing::Done);
        assert_eq!(find(&after, "3.4.4.7", 1).standing, Standing::Late);
        assert_eq!(find(&after, "3.2.1.2", 1).standing, Standing::Ahead);
        assert_eq!(find(&after, "3.1.1.2", 4).standing, Standing::Stopped);
        let january = on("2017-01-15", &Filter::default());
        assert_eq!(find(&january, "3.1.1.2", 4).standing, Standing::NoDate);
        assert_eq!(after.totals.values().sum::<usize>(), 90);
        assert_eq!((after.references, after.deliverables, after.milestones), (65, 90, 94));
    }

    #[test]
    fn a_row_is_as_late_as_its_worst_part() {
        let state = on("2017-11-01", &Filter::default());
        let media = find(&state, "3.4.6.2", 1);
        assert_eq!(
            media.parts.iter().map(|part| part.standing).collect::<Vec<_>>(),
            [Standing::DoneLate, Standing::Ahead]
        );
        assert_eq!((media.standing, media.due), (Standing::Ahead, parse_date("2017-12-31").ok()));
        let savings = find(&state, "3.4.8.4", 1);
        assert_eq!((savings.standing, savings.due), (Standing::Late, parse_date("2017-09-30").ok()));
    }

    #[test]
    fn rows_are_chosen_by_owner_date_standing_and_section() {
        let by_owner = Filter { owner: Some("supt-operations".into()), ..Filter::default() };
        assert_eq!(on("2017-06-01", &by_owner).rows.len(), 8);
        let due = Filter { due: Some(parse_period_name("2017-Q1").unwrap()), ..Filter::default() };
        assert!(
            on("2017-06-01", &due)
                .rows
                .iter()
                .all(|row| row.parts.iter().any(|p| p.due == parse_date("2017-03-31").ok()))
        );
        let section = Filter { reference: Some("3.4.8".into()), ..Filter::default() };
        assert_eq!(on("2017-06-01", &section).rows.len(), 3);
        assert_eq!(on("2017-06-01", &Filter { reference: Some("3.4.80".into()), ..Filter::default() }).rows.len(), 0);
        let done = Filter { standing: Some(Standing::Done), ..Filter::default() };
        assert_eq!(on("2017-06-01", &done).rows.len(), 1);
    }

    #[test]
    fn what_the_plan_says_in_two_ways_is_reported() {
        let (register, owners) = plan();
        let found = findings(&register, &owners).unwrap();
        let of = |kind: &str| found.iter().filter(|f| f.kind == kind).collect::<Vec<_>>();
        assert_eq!(of("gap")[0].refs, ["3.4.8.1"]);
        assert_eq!(of("gap").len(), 1);
        assert_eq!((of("year-round")[0].count, of("no-date")[0].count, of("no-benefit")[0].count), (37, 1, 8));
        assert_eq!(of("no-date")[0].refs, ["3.1.1.2"]);
        assert_eq!(of("several-dates")[0].refs, ["3.4.6.2", "3.4.7.1", "3.4.8.4"]);
        assert!(of("heading").iter().any(|f| f.refs == ["2.2"] && f.count == 2));
        let written: Vec<&str> = of("spelling").iter().map(|f| f.text.as_str()).collect();
        for role in ["Superintendent Operations", "Corporate Communications Manager", "Detective Chief Inspector Crime"]
        {
            assert!(written.iter().any(|text| text.starts_with(role)), "{role}: {written:?}");
        }
        let claims = of("claim");
        let share = claims.iter().find(|f| f.id == "asb-share").unwrap();
        assert_eq!(share.verdict, Some(Verdict::Contradicts));
        assert!(share.text.contains("12.9%"), "{}", share.text);
        assert_eq!(claims.iter().filter(|f| f.verdict == Some(Verdict::Contradicts)).count(), 6);
    }
}
