//! The public's view of KPIs: every count of every series as a cell of one problem of disclosure control, and the rows
//! made again from what it lets through.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::definition::{MeasureKind, Sensitivity};
use crate::analysis::disclosure::{Account, ReleaseEdition, SUPPRESSED, Terms};
use crate::analysis::kpi::KpiRow;
use crate::analysis::kpi_run::KpiRun;
use crate::analysis::sdc::{Cell, Problem, Profile, Protection, Published, Rule, Shown, protect};
use crate::error::Result;

/// Counts among the other figures of a row.
const COUNTS: [&str; 3] = ["total", "persons", "repeats"];

/// A row with what it belongs to.
struct Line<'a> {
    /// Measure, or whatever else rows of one series share but for the part.
    series: String,
    /// What it is broken down by, and the part; `None` is the whole.
    part: Option<(String, String)>,
    /// Whether the figures of parts add up.
    adds_up: bool,
    /// Whether persons, or what happened to them, are counted.
    personal: bool,
    /// Whether a value without numerator and denominator is a count: a stock is, a mean is not.
    bare: bool,
    row: &'a mut KpiRow,
    also: Option<&'a mut BTreeMap<String, f64>>,
}

/// Cells of a line by the name of their column.
type Columns = BTreeMap<String, usize>;

/// A count as a cell can hold it: whole, and not below nought.
fn whole(value: f64) -> Option<u64> {
    ((0.0..9e15).contains(&value) && value.fract().abs() < 1e-9).then_some(value as u64)
}

impl Line<'_> {
    fn key(&self, column: &str) -> String {
        let part = self.part.as_ref().map_or_else(|| "all".to_owned(), |(by, name)| format!("{by}={name}"));
        format!("{}|{part}|{}|{column}", self.series, self.row.period)
    }

    /// A share is its numerator over its denominator; a rate has people below, whose number is public.
    fn is_rate(&self) -> bool {
        match (self.row.value, self.row.numerator, self.row.denominator) {
            (Some(value), Some(top), Some(below)) if below > 0.0 => {
                (value - top / below).abs() > 1e-9 * value.abs().max(1.0)
            }
            _ => false,
        }
    }

    /// The counts that the row shows, by column.
    fn counts(&self) -> BTreeMap<String, u64> {
        let row = &self.row;
        let mut out = BTreeMap::new();
        let mut put = |name: &str, value: Option<f64>| {
            if let Some(count) = value.and_then(whole) {
                out.insert(name.to_owned(), count);
            }
        };
        put("numerator", row.numerator);
        put("denominator", row.denominator.filter(|_| !self.is_rate()));
        if self.bare && row.numerator.is_none() && row.denominator.is_none() {
            put("value", row.value);
        }
        if let Some(also) = &self.also {
            for name in COUNTS {
                put(name, also.get(name).copied());
            }
        }
        out.extend(row.excluded.iter().map(|(reason, count)| (format!("excluded {reason}"), *count)));
        out
    }
}

/// The problem of all lines, and the cells of each.
fn tables(lines: &[Line<'_>], profile: Profile) -> Result<(Problem, Vec<Columns>)> {
    let mut problem = Problem::new(profile);
    let mut columns = Vec::with_capacity(lines.len());
    for line in lines {
        let mut own = Columns::new();
        // The whole is missed more than a part, a denominator more than what is left out.
        let weight = if line.part.is_none() { 3.0 } else { 1.0 };
        for (name, count) in line.counts() {
            let weight = if name.starts_with("excluded") { weight / 2.0 } else { weight };
            let cell = Cell { personal: line.personal, ..Cell::new(line.key(&name), count).weighing(weight) };
            own.insert(name, problem.cell(cell)?);
        }
        within(&mut problem, line, &own)?;
        columns.push(own);
    }
    parts(&mut problem, lines, &columns)?;
    twins(&mut problem, lines, &columns)?;
    Ok((problem, columns))
}

/// Sums within a row: what was not met, and the waterfall of exclusions.
fn within(problem: &mut Problem, line: &Line<'_>, own: &Columns) -> Result<()> {
    let at = |name: &str| own.get(name).copied();
    for (part, all, rest) in [("numerator", "denominator", "others"), ("repeats", "persons", "once")] {
        let (Some(part), Some(all)) = (at(part), at(all)) else { continue };
        let (top, below) = (problem.cells[part].value, problem.cells[all].value);
        if let Some(others) = below.checked_sub(top) {
            let personal = line.personal;
            let cell = Cell { personal, ..Cell::new(line.key(rest), others).unprinted() };
            let others = problem.cell(cell)?;
            problem.sum(all, &[part, others])?;
        }
    }
    if let (Some(analysed), Some(total)) = (at("denominator").or(at("numerator")), at("total")) {
        let left_out = own.iter().filter(|(name, _)| name.starts_with("excluded ")).map(|(_, cell)| *cell);
        let members: Vec<usize> = [analysed].into_iter().chain(left_out).collect();
        let added: u64 = members.iter().map(|cell| problem.cells[*cell].value).sum();
        if added <= problem.cells[total].value {
            problem.sum_with_rest(total, &members, &line.key("rest of total"))?;
        }
    }
    Ok(())
}

/// Parts add up to the whole, column by column: parishes to the island, dayparts to the day.
fn parts(problem: &mut Problem, lines: &[Line<'_>], columns: &[Columns]) -> Result<()> {
    let mut wholes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut groups: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.adds_up) {
        let (series, period) = (line.series.as_str(), line.row.period.as_str());
        match &line.part {
            None => {
                wholes.insert((series, period), at);
            }
            Some((by, _)) => groups.entry((series, period, by.as_str())).or_default().push(at),
        }
    }
    for ((series, period, by), members) in groups {
        let Some(all) = wholes.get(&(series, period)) else { continue };
        for (name, whole) in &columns[*all] {
            let parts: Vec<usize> = members.iter().filter_map(|at| columns[*at].get(name).copied()).collect();
            let added: u64 = parts.iter().map(|cell| problem.cells[*cell].value).sum();
            if parts.len() == members.len() && added <= problem.cells[*whole].value {
                let rest = format!("{series}|rest by {by}|{period}|{name}");
                problem.sum_with_rest(*whole, &parts, &rest)?;
            }
        }
    }
    Ok(())
}

/// A column of a series: series, part, name.
type Column<'a> = (&'a str, Option<&'a (String, String)>, &'a str);
/// Its cells by period.
type Cells<'a> = Vec<(&'a str, usize)>;

/// Columns that are the same in every period of two series or more are the same number: a reader who sees it in the one
/// knows it in the other.
fn twins(problem: &mut Problem, lines: &[Line<'_>], columns: &[Columns]) -> Result<()> {
    let mut series: BTreeMap<Column<'_>, Cells<'_>> = BTreeMap::new();
    for (line, own) in lines.iter().zip(columns) {
        for (name, cell) in own {
            let key = (line.series.as_str(), line.part.as_ref(), name.as_str());
            series.entry(key).or_default().push((line.row.period.as_str(), *cell));
        }
    }
    let mut seen: BTreeMap<Vec<(&str, u64)>, Cells<'_>> = BTreeMap::new();
    for cells in series.into_values() {
        let numbers: Vec<(&str, u64)> =
            cells.iter().map(|(period, cell)| (*period, problem.cells[*cell].value)).collect();
        // Two counts in a row may agree by chance, noughts always do.
        if numbers.iter().filter(|(_, count)| *count > 0).count() < 3 {
            continue;
        }
        if let Some(first) = seen.get(&numbers) {
            for ((_, own), (_, other)) in cells.iter().zip(first) {
                problem.sum(*other, &[*own])?;
            }
        } else {
            seen.insert(numbers, cells);
        }
    }
    Ok(())
}

/// Puts what may be printed into the rows.
fn apply(lines: &mut [Line<'_>], columns: &[Columns], shown: &Protection, profile: Profile) {
    let mut hidden_series: BTreeSet<(String, Option<(String, String)>)> = BTreeSet::new();
    let mut hidden_reasons: BTreeSet<(String, Option<(String, String)>)> = BTreeSet::new();
    for (line, own) in lines.iter_mut().zip(columns) {
        let hidden = |name: &str| own.get(name).is_some_and(|cell| shown.is_hidden(*cell));
        let name = (line.series.clone(), line.part.clone());
        if own.keys().any(|column| column.starts_with("excluded ") && hidden(column)) {
            hidden_reasons.insert(name.clone());
        }
        let of_value = ["numerator", "denominator", "value", "persons", "repeats"];
        if of_value.iter().any(|column| hidden(column)) || shows_part(line, own, profile) {
            let row = &mut *line.row;
            (row.value, row.undefined_reason) = (None, Some(SUPPRESSED.to_owned()));
            row.numerator = row.numerator.filter(|_| own.contains_key("numerator") && !hidden("numerator"));
            row.denominator = row.denominator.filter(|_| own.contains_key("denominator") && !hidden("denominator"));
            if let Some(also) = line.also.as_deref_mut() {
                also.retain(|column, _| column == "total" && !hidden("total"));
            }
            hidden_series.insert(name);
        } else if let Some(also) = line.also.as_deref_mut() {
            also.retain(|column, _| !hidden(column));
        }
        if profile.rule == Rule::Round5 {
            round(line, own, shown);
        }
    }
    for line in lines.iter_mut() {
        let name = (line.series.clone(), line.part.clone());
        if hidden_reasons.contains(&name) {
            line.row.excluded.clear();
        }
        // Limits are made of every point, and made of the others they would be wrong: small points are what is missing.
        if profile.rule == Rule::Round5 || hidden_series.contains(&name) {
            let row = &mut *line.row;
            (row.mean, row.lpl, row.upl, row.variation, row.assurance) = (None, None, None, None, None);
        }
    }
}

/// Whether a row has counts that are not whole (of weighted answers) and small: these are cells of no sum.
fn shows_part(line: &Line<'_>, own: &Columns, profile: Profile) -> bool {
    let row = &line.row;
    let small = |value: Option<f64>| value.is_some_and(|n| n > 0.0 && n < profile.threshold as f64);
    let rest = row.numerator.zip(row.denominator).map(|(top, all)| all - top).filter(|_| !line.is_rate());
    line.personal
        && ((!own.contains_key("numerator") && small(row.numerator))
            || (!own.contains_key("denominator") && !line.is_rate() && small(row.denominator))
            || (row.numerator.is_some_and(|top| top.fract().abs() > 1e-9) && small(rest)))
}

/// Rounded counts, and the value made of them.
fn round(line: &mut Line<'_>, own: &Columns, shown: &Protection) {
    let rate = line.is_rate();
    let number = |column: &str| {
        let cell = own.get(column).and_then(|cell| shown.cells[*cell]).and_then(Shown::number);
        cell.map(|count| count as f64)
    };
    let row = &mut *line.row;
    let true_numerator = row.numerator;
    row.numerator = row.numerator.and(number("numerator"));
    if !rate {
        row.denominator = row.denominator.and(number("denominator"));
    }
    row.value = match (row.value, row.numerator, row.denominator) {
        (Some(value), Some(top), Some(_)) if rate => true_numerator
            .filter(|true_top| *true_top > 0.0)
            .map_or(Some(value), |true_top| Some(value * top / true_top)),
        (Some(_), Some(top), Some(all)) => (all > 0.0).then(|| (top / all).min(1.0)),
        (Some(_), Some(top), None) => Some(top),
        (Some(value), None, None) if own.contains_key("value") => number("value").or(Some(value)),
        (value, _, _) => value,
    };
    for (reason, count) in &mut row.excluded {
        *count = number(&format!("excluded {reason}")).map_or(0, |rounded| rounded as u64);
    }
    if let Some(also) = line.also.as_deref_mut() {
        for (column, value) in also.iter_mut() {
            *value = number(column).unwrap_or(*value);
        }
    }
}

/// Protects lines; if their problem cannot even be set up, nothing of them goes out.
fn protect_lines(lines: &mut [Line<'_>], terms: &Terms<'_>) -> Account {
    let Ok((mut problem, columns)) = tables(lines, terms.profile) else {
        for line in lines.iter_mut() {
            *line.row = KpiRow {
                id: line.row.id.clone(),
                measure: line.row.measure.clone(),
                period: line.row.period.clone(),
                undefined_reason: Some(SUPPRESSED.to_owned()),
                ..KpiRow::default()
            };
            if let Some(also) = line.also.as_deref_mut() {
                also.clear();
            }
        }
        return Account::default();
    };
    problem.remember(terms.history);
    let shown = protect(&problem);
    apply(lines, &columns, &shown, terms.profile);
    Account { published: Published::of(&problem, &shown), log: shown.log }
}

/// Money and milestones count no persons.
fn counts_persons(kind: MeasureKind) -> bool {
    !matches!(kind, MeasureKind::Finance | MeasureKind::Milestone)
}

impl ReleaseEdition for KpiRun {
    /// Every number of every series is a cell: numerators, denominators, what is left of a share, exclusions and totals;
    /// parts add up to the whole; columns that are the same number in two measures are one cell. What is made of hidden
    /// numbers goes with them (means, percentiles, limits, charts, findings, checks), and is made again from what is left.
    /// A sensitive measure is not released at all.
    fn protect_edition(&mut self, terms: &Terms<'_>) -> Account {
        self.measures.retain(|measure| measure.kpi.sensitivity == Sensitivity::Official);
        let mut lines: Vec<Line<'_>> = Vec::new();
        for measure in &mut self.measures {
            // With the total of a waterfall a small reason would take the measure itself with it: the total goes instead,
            // and the reasons are hidden one by one.
            let small = |row: &KpiRow| row.excluded.values().any(|count| terms.profile.is_small(*count));
            if measure.rows.iter().any(small) {
                for also in &mut measure.also {
                    also.remove("total");
                }
            }
            let part = measure.part.as_ref().map(|part| (part.by.clone(), part.name.clone()));
            for (row, also) in measure.rows.iter_mut().zip(&mut measure.also) {
                lines.push(Line {
                    series: measure.kpi.id.clone(),
                    part: part.clone(),
                    adds_up: measure.definition.kind.adds_up(),
                    personal: counts_persons(measure.definition.kind),
                    bare: matches!(measure.definition.kind, MeasureKind::Stock | MeasureKind::Count),
                    row,
                    also: Some(also),
                });
            }
        }
        let account = protect_lines(&mut lines, terms);
        self.say_again(terms.profile.rule == Rule::Round5);
        account
    }
}

impl ReleaseEdition for Vec<KpiRow> {
    fn protect_edition(&mut self, terms: &Terms<'_>) -> Account {
        let mut lines: Vec<Line<'_>> = self
            .iter_mut()
            .map(|row| {
                let part = match (&row.area, &row.daypart) {
                    (None, None) => None,
                    (Some(area), None) => Some(("area".to_owned(), area.clone())),
                    (None, Some(daypart)) => Some(("daypart".to_owned(), daypart.clone())),
                    (Some(area), Some(daypart)) => Some(("both".to_owned(), format!("{area}, {daypart}"))),
                };
                let grade = row.grade.map_or_else(String::new, |grade| format!(" grade {grade}"));
                let series = format!("{} {}{grade}", row.id, row.measure);
                Line { series, part, adds_up: true, personal: true, bare: true, row, also: None }
            })
            .collect();
        protect_lines(&mut lines, terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Released, release_edition};
    use crate::analysis::sdc::{Fact, Facts, attack};
    use crate::model::access::{Principal, Role};

    const NONE: &[Published] = &[];

    fn row(id: &str, area: Option<&str>, period: &str, count: u32) -> KpiRow {
        KpiRow {
            id: id.into(),
            area: area.map(str::to_owned),
            period: period.into(),
            value: Some(f64::from(count)),
            numerator: Some(f64::from(count)),
            mean: Some(20.0),
            ..KpiRow::default()
        }
    }

    fn share(id: &str, period: &str, met: u32, all: u32) -> KpiRow {
        KpiRow {
            value: Some(f64::from(met) / f64::from(all)),
            denominator: Some(f64::from(all)),
            ..row(id, None, period, met)
        }
    }

    fn public(rows: Vec<KpiRow>, profile: Profile, history: &[Published]) -> (Released<Vec<KpiRow>>, Account) {
        let who = Principal { name: "r".into(), roles: vec![Role::Public], via: "test", purpose: None };
        let (rows, account) = release_edition(rows, &Terms { profile, history }, &who);
        (rows, account.unwrap())
    }

    fn numbers(rows: &[KpiRow]) -> Vec<Option<f64>> {
        rows.iter().map(|row| row.numerator).collect()
    }

    #[test]
    fn a_small_parish_takes_another_parish_with_it() {
        let counts = [("St. Helier", 40), ("St. Mary", 3), ("Trinity", 9), ("St. Ouen", 0)];
        let mut rows = vec![row("asb", None, "2017-05", 52)];
        rows.extend(counts.iter().map(|(area, n)| row("asb", Some(area), "2017-05", *n)));
        let (shown, account) = public(rows, Profile::jersey(5), NONE);
        assert_eq!(numbers(&shown), [Some(52.0), Some(40.0), None, None, Some(0.0)]);
        assert!(shown[2..4].iter().all(|row| row.value.is_none() && row.mean.is_none()));
        assert_eq!(shown[1].mean, Some(20.0));
        assert_eq!((account.log.cells, account.log.primary, account.log.complementary), (5, 1, 1));
        assert_eq!(account.published.cells["asb |area=Trinity|2017-05|numerator"], Shown::Hidden);
    }

    #[test]
    fn records_without_a_parish_are_a_part_too() {
        let rows = || vec![row("asb", None, "2017-05", 52), row("asb", Some("St. Helier"), "2017-05", 50)];
        let (shown, _) = public(rows(), Profile::jersey(5), NONE);
        assert_eq!(numbers(&shown).iter().flatten().count(), 1, "two are of no parish");
    }

    #[test]
    fn a_number_that_stands_in_two_measures_is_hidden_in_both() {
        let months = [("2017-05", 3, 60), ("2017-06", 30, 50), ("2017-07", 21, 70), ("2017-08", 25, 80)];
        let mut rows = Vec::new();
        for (month, part, all) in months {
            rows.extend([
                row("asb", None, month, part),
                row("all", None, month, all),
                share("asb of all", month, part, all),
            ]);
        }
        let (shown, _) = public(rows, Profile::jersey(5), NONE);
        assert_eq!((shown[0].value, shown[2].value, shown[2].numerator), (None, None, None));
        assert!(shown[3..].iter().all(|row| row.value.is_some()));
        // The other way round: three were not of it, so the share goes, and numerator or denominator in both places.
        let rows = vec![share("met", "2017-05", 57, 60), share("met", "2017-06", 40, 60)];
        let (shown, _) = public(rows, Profile::jersey(5), NONE);
        assert!(shown[0].value.is_none() && (shown[0].numerator.is_none() || shown[0].denominator.is_none()));
        assert!(shown[1].value.is_some() && shown[1].mean.is_none(), "no limits from a series with a gap");
    }

    #[test]
    fn the_waterfall_gives_no_reason_away() {
        let excluded =
            |counts: [u64; 2]| ["cancelled", "no_arrival"].map(str::to_owned).into_iter().zip(counts).collect();
        let mut first = share("met", "2017-05", 60, 90);
        first.excluded = excluded([12, 2]);
        let mut second = share("met", "2017-06", 60, 95);
        second.excluded = excluded([9, 8]);
        let (shown, _) = public(vec![first, second], Profile::jersey(5), NONE);
        assert!(shown.iter().all(|row| row.excluded.is_empty() && row.value.is_some()), "no total is printed");
    }

    #[test]
    fn what_one_edition_hid_the_next_one_hides_too() {
        let edition = |counts: [u32; 3], total: u32| {
            let mut rows = vec![row("asb", None, "2017-05", total)];
            rows.extend(["a", "b", "c"].iter().zip(counts).map(|(area, n)| row("asb", Some(area), "2017-05", n)));
            rows
        };
        let (_, first) = public(edition([3, 9, 40], 52), Profile::jersey(5), NONE);
        // Two late records make a six: alone it could be shown, but the old total less 9 and 40 would give 3.
        let (shown, second) =
            public(edition([6, 9, 40], 55), Profile::jersey(5), std::slice::from_ref(&first.published));
        assert_eq!(numbers(&shown), [Some(55.0), None, None, Some(40.0)]);
        assert_eq!((second.log.primary, second.log.hidden_before), (0, 2));
        // The reader of both: a, b, then and now; numbers only grow.
        let sum = |terms: &[(usize, i64)], low, high| Fact { terms: terms.to_vec(), low, high };
        let facts = Facts {
            range: vec![(0, None); 4],
            rows: vec![
                sum(&[(0, 1), (1, 1)], Some(12), Some(12)),
                sum(&[(2, 1), (3, 1)], Some(15), Some(15)),
                sum(&[(2, 1), (0, -1)], Some(0), None),
                sum(&[(3, 1), (1, -1)], Some(0), None),
            ],
        };
        assert!(attack(&facts, true).unwrap().iter().all(|found| found.is_at_least(5)));
    }

    #[test]
    fn rounding_prints_neither_true_numbers_nor_limits() {
        let rows =
            vec![share("met", "2017-05", 57, 78), row("asb", None, "2017-05", 6), row("asb", None, "2017-06", 0)];
        let (shown, account) = public(rows, Profile::round5(), NONE);
        assert_eq!((shown[0].numerator, shown[0].denominator, shown[0].value), (Some(55.0), Some(80.0), Some(0.6875)));
        assert_eq!((shown[1].value, shown[2].value, shown[0].mean), (None, Some(0.0), None));
        assert_eq!(account.log.profile, "round5");
    }

    #[test]
    fn rows_that_cannot_be_told_apart_are_not_released() {
        let (shown, account) = public(vec![row("asb", None, "2017-05", 50); 2], Profile::jersey(5), NONE);
        assert!(shown.iter().all(|row| row.value.is_none() && row.undefined_reason.as_deref() == Some(SUPPRESSED)));
        assert_eq!(account, Account::default());
    }
}
