//! Did it change? Counts of two periods, place by place, with an exact test and not a percentage alone.

use chrono::Datelike;
use serde::Serialize;

use crate::analysis::disclosure::{Release, is_small};
use crate::analysis::selection::Selection;
use crate::analysis::steps::weekdays;
use crate::analysis::trend::{self, Change};
use crate::error::{Error, Result};
use crate::model::time::{Daypart, Period, add_months, month_start};
use crate::space::{Cell, Point};
use crate::stats::fdr::benjamini_hochberg;
use crate::stats::two_counts::{e_test_p, exact_p};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Cells of a resolution.
    Cell(u8),
    /// Parishes.
    Parish,
}

/// How two counts are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Exact conditional binomial.
    Exact,
    /// E-test of Krishnamoorthy and Thomson.
    ETest,
}

impl Test {
    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Test::Exact => "exact",
            Test::ETest => "e-test",
        }
    }

    /// The test of that name.
    ///
    /// # Errors
    /// `Input` naming the tests there are.
    pub fn parse(name: &str) -> Result<Self> {
        [Test::Exact, Test::ETest]
            .into_iter()
            .find(|test| test.name() == name)
            .ok_or_else(|| Error::input(format!("`{name}` is not a test; write exact or e-test")))
    }

    /// In words, for provenance.
    pub fn words(self) -> &'static str {
        match self {
            Test::Exact => "exact conditional binomial, two-sided: everything no more probable than what was seen",
            Test::ETest => "E-test (Krishnamoorthy and Thomson 2004), two-sided",
        }
    }
}

/// A question about two periods, checked once.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Which records, in the later period.
    pub selection: Selection,
    /// The earlier period.
    pub before: Period,
    /// What is compared.
    pub by: By,
    /// How.
    pub test: Test,
    /// A place has changed at q up to this.
    pub alpha: f64,
}

impl Question {
    /// The period before that is compared unless another is named: as many whole months before whole months, else as
    /// many days directly before.
    pub fn usual_before(period: Period) -> Period {
        let (from, to) = (period.from, period.to);
        let months = (to.year() - from.year()) * 12 + to.month0() as i32 - from.month0() as i32;
        if from == month_start(from) && to == month_start(to) {
            return Period { from: add_months(from, -months), to: from };
        }
        Period { from: from - chrono::TimeDelta::days(period.days()), to: from }
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// `Input` naming the field: as [`Selection::check`], or periods that overlap or stand the wrong way round.
    pub fn check(&self) -> Result<()> {
        self.selection.check()?;
        Period::new(self.before.from, self.before.to).map_err(|error| error.at("before"))?;
        if self.before.to > self.selection.period.from {
            return Err(Error::input(format!(
                "the period before ({} up to {}) must end by the start of the other ({})",
                self.before.from, self.before.to, self.selection.period.from
            ))
            .at("before_to"));
        }
        if !(self.alpha > 0.0 && self.alpha < 0.5) {
            return Err(Error::input(format!("{} is no level; write one such as 0.05", self.alpha)).at("alpha"));
        }
        Ok(())
    }

    /// The question in one line, for the audit.
    pub fn subject(&self) -> String {
        let by = match self.by {
            By::Cell(resolution) => format!("cell res={resolution}"),
            By::Parish => "parish".to_owned(),
        };
        format!(
            "{} before={}..{} by={by} test={} alpha={}",
            self.selection.subject(),
            self.before.from,
            self.before.to,
            self.test.name(),
            self.alpha
        )
    }

    /// Days of both periods on which the selection counts: all of them, or those on which its daypart begins.
    pub fn days(&self) -> (u32, u32) {
        let daypart = self.selection.daypart.as_ref();
        (days_of(self.selection.period, daypart), days_of(self.before, daypart))
    }

    /// What makes the periods hard to compare, in words; nothing if every weekday is there as often in both.
    pub fn incomparable(&self) -> Option<String> {
        const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        let (now, before) = (weekdays(self.selection.period), weekdays(self.before));
        let differ: Vec<String> = NAMES
            .iter()
            .zip(now.iter().zip(before))
            .filter(|(_, (now, before))| *now != before)
            .map(|(name, (now, before))| format!("{name} {now} and {before} times"))
            .collect();
        (!differ.is_empty()).then(|| {
            format!(
                "the periods do not hold the same weekdays: {}; days are allowed for, weekdays are not",
                differ.join(", ")
            )
        })
    }
}

fn days_of(period: Period, daypart: Option<&Daypart>) -> u32 {
    let counts = weekdays(period);
    match daypart {
        Some(daypart) if !daypart.weekdays.is_empty() => {
            daypart.weekdays.iter().filter_map(|day| counts.get(usize::from(*day))).sum()
        }
        _ => counts.iter().sum(),
    }
}

/// Where something is counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Cell, if cells are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<Cell>,
    /// Parish, or that of the cell.
    pub parish: Option<String>,
    /// Centre of the cell.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub centre: Option<Point>,
}

/// What a comparison says, at the level asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// More than before, beyond chance.
    More,
    /// Fewer than before, beyond chance.
    Fewer,
    /// No more different than chance makes them.
    NotDifferent,
    /// Nothing in either period.
    Nothing,
    /// A count is suppressed.
    Suppressed,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::More => "more",
            Verdict::Fewer => "fewer",
            Verdict::NotDifferent => "not different",
            Verdict::Nothing => "nothing",
            Verdict::Suppressed => "suppressed",
        }
    }
}

/// One place of the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeRow {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Records of the later period; `None` if suppressed.
    pub now: Option<u64>,
    /// Records of the earlier one; `None` if suppressed.
    pub before: Option<u64>,
    /// Change of the count as a share of the one before: 0.1 is ten per cent more.
    pub change_share: Option<f64>,
    /// Why there is or is not a share.
    pub change: Change,
    /// Two-sided p of the two counts, the lengths of the periods allowed for; `None` if both are 0, or suppressed.
    pub p: Option<f64>,
    /// p adjusted over all places with any record (Benjamini and Hochberg).
    pub q: Option<f64>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// The answer: every place, zeros included, and all of them together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeMap {
    /// Places in their order.
    pub rows: Vec<ChangeRow>,
    /// All places together; its q is its p.
    pub total: ChangeRow,
}

impl ChangeMap {
    /// Places that changed beyond chance: the smallest q first, then the largest difference, then the order of places.
    pub fn changed(&self) -> Vec<&ChangeRow> {
        let mut rows: Vec<&ChangeRow> =
            self.rows.iter().filter(|row| matches!(row.verdict, Verdict::More | Verdict::Fewer)).collect();
        let difference = |row: &ChangeRow| row.now.zip(row.before).map_or(0, |(now, before)| now.abs_diff(before));
        let q = |row: &ChangeRow| row.q.unwrap_or(1.0);
        rows.sort_by(|a, b| q(a).total_cmp(&q(b)).then(difference(b).cmp(&difference(a))));
        rows
    }

    /// Number of places with a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }
}

/// Compares counts of two periods place by place.
///
/// `counts` holds each place with its records now and before; places without any belong there too.
///
/// **Method**: p of each pair by the question's test, the numbers of days allowed for ([`exact_p`], [`e_test_p`]); q over
/// all places with a record in either period ([`benjamini_hochberg`]); more or fewer, a day, by q ≤ alpha. The total is
/// one test, so its q is its p.
/// **Units**: records; the share is of the counts, not of daily rates.
/// **Undefined**: p and q where both counts are 0; the share from a base of 0.
///
/// # Errors
/// As [`Question::check`].
///
/// # Example
/// ```
/// use vigie::analysis::change::{By, Place, Question, Test, Verdict, compare};
/// use vigie::analysis::selection::Selection;
/// use vigie::model::time::parse_period_name;
/// let selection = Selection::of("crimes", parse_period_name("2017-06")?);
/// let before = Question::usual_before(selection.period);
/// let question = Question { selection, before, by: By::Parish, test: Test::Exact, alpha: 0.05 };
/// let parish = |name: &str| Place { cell: None, parish: Some(name.into()), centre: None };
/// let map = compare(vec![(parish("St Helier"), 60, 20), (parish("Trinity"), 3, 2)], &question)?;
/// assert_eq!((map.rows[0].verdict, map.rows[1].verdict), (Verdict::More, Verdict::NotDifferent));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn compare(counts: Vec<(Place, u64, u64)>, question: &Question) -> Result<ChangeMap> {
    question.check()?;
    let (days_now, days_before) = question.days();
    let (days_now, days_before) = (f64::from(days_now), f64::from(days_before));
    let test = |now: u64, before: u64| match question.test {
        Test::Exact => exact_p(now, before, days_now, days_before),
        Test::ETest => e_test_p(now, before, days_now, days_before),
    };
    let (now, before) = counts.iter().fold((0, 0), |sum, (_, now, before)| (sum.0 + now, sum.1 + before));
    let p: Vec<Option<f64>> = counts.iter().map(|(_, now, before)| test(*now, *before)).collect();
    let q = benjamini_hochberg(&p);
    let row = |place: Place, now: u64, before: u64, p: Option<f64>, q: Option<f64>| {
        let (change_share, change) = trend::change(now, Some(before));
        let rises = now as f64 / days_now > before as f64 / days_before;
        let verdict = match q {
            None => Verdict::Nothing,
            Some(q) if q > question.alpha => Verdict::NotDifferent,
            Some(_) if rises => Verdict::More,
            Some(_) => Verdict::Fewer,
        };
        ChangeRow { place, now: Some(now), before: Some(before), change_share, change, p, q, verdict }
    };
    let total =
        row(Place { cell: None, parish: None, centre: None }, now, before, test(now, before), test(now, before));
    let rows = counts
        .into_iter()
        .zip(p.iter().zip(&q))
        .map(|((place, now, before), (p, q))| row(place, now, before, *p, *q))
        .collect();
    Ok(ChangeMap { rows, total })
}

/// A small count of either period hides both, and all that is computed of them. q of one place depends on p of the
/// others, so every q goes with the first hidden row; the verdicts of places that are shown stay. A single hidden row
/// would be the total less the others: the next smallest goes with it.
impl Release for ChangeMap {
    fn protect(&mut self, threshold: u32) {
        let small = |row: &ChangeRow| [row.now, row.before].iter().flatten().any(|count| is_small(*count, threshold));
        let mut hidden: Vec<usize> = (0..self.rows.len()).filter(|at| small(&self.rows[*at])).collect();
        if hidden.len() == 1 {
            let records = |row: &ChangeRow| row.now.unwrap_or(0) + row.before.unwrap_or(0);
            let next = (0..self.rows.len())
                .filter(|at| !hidden.contains(at) && records(&self.rows[*at]) > 0)
                .min_by_key(|at| (records(&self.rows[*at]), *at));
            hidden.extend(next);
        }
        for at in &hidden {
            hide_row(&mut self.rows[*at]);
        }
        if small(&self.total) || hidden.len() == 1 {
            hide_row(&mut self.total);
        }
        if !hidden.is_empty() {
            for row in &mut self.rows {
                row.q = None;
            }
        }
    }
}

fn hide_row(row: &mut ChangeRow) {
    (row.now, row.before, row.change_share, row.p, row.q) = (None, None, None, None, None);
    (row.change, row.verdict) = (Change::Suppressed, Verdict::Suppressed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, Released, release};
    use crate::model::access::{Principal, Role};
    use crate::model::time::{parse_date, parse_period_name};

    fn question(now: &str, before: &str) -> Question {
        Question {
            selection: Selection::of("crimes", parse_period_name(now).unwrap()),
            before: parse_period_name(before).unwrap(),
            by: By::Parish,
            test: Test::Exact,
            alpha: 0.05,
        }
    }

    fn parish(name: &str, now: u64, before: u64) -> (Place, u64, u64) {
        (Place { cell: None, parish: Some(name.to_owned()), centre: None }, now, before)
    }

    fn released(counts: Vec<(Place, u64, u64)>) -> Released<ChangeMap> {
        let who = Principal { name: "r".into(), roles: vec![Role::Public], via: "test", purpose: None };
        release(compare(counts, &question("2017-06", "2017-05")).unwrap(), &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn states_of_change_and_no_percentage_alone() {
        let rows = vec![parish("A", 9, 4), parish("B", 3, 0), parish("C", 0, 30), parish("D", 0, 0)];
        let map = compare(rows, &question("2017-06", "2017-04")).unwrap();
        let said: Vec<_> = map.rows.iter().map(|row| (row.change, row.verdict)).collect();
        assert_eq!(
            said,
            [
                (Change::Changed, Verdict::NotDifferent),
                (Change::New, Verdict::NotDifferent),
                (Change::Eliminated, Verdict::Fewer),
                (Change::None, Verdict::Nothing),
            ]
        );
        assert!((map.rows[0].p.unwrap() - 0.266_845_703_125).abs() < 1e-12, "thirty days each");
        assert_eq!((map.total.now, map.total.before), (Some(12), Some(34)));
        assert_eq!(map.changed()[0].place.parish.as_deref(), Some("C"));
    }

    #[test]
    fn the_usual_period_before() {
        let usual = |from: &str, to: &str| {
            let period = Period::new(parse_date(from).unwrap(), parse_date(to).unwrap()).unwrap();
            let before = Question::usual_before(period);
            format!("{} {}", before.from, before.to)
        };
        assert_eq!(usual("2017-07-01", "2017-10-01"), "2017-04-01 2017-07-01");
        assert_eq!(usual("2017-05-08", "2017-05-15"), "2017-05-01 2017-05-08");
    }

    #[test]
    fn weekdays_that_differ_are_named() {
        let said = question("2017-06", "2017-05").incomparable().unwrap();
        assert!(said.contains("Monday 4 and 5 times"), "{said}");
        let weeks = Question {
            before: Question::usual_before(
                Period::new(parse_date("2017-05-08").unwrap(), parse_date("2017-05-15").unwrap()).unwrap(),
            ),
            selection: Selection::of(
                "crimes",
                Period::new(parse_date("2017-05-08").unwrap(), parse_date("2017-05-15").unwrap()).unwrap(),
            ),
            ..question("2017-06", "2017-05")
        };
        assert_eq!(weeks.incomparable(), None);
        // Friday and Saturday nights only: 9 evenings in June, 8 in May.
        let mut nights = question("2017-06", "2017-05");
        nights.selection.daypart =
            Some(Daypart { name: "nte".into(), start_minute: 1260, end_minute: 240, weekdays: vec![4, 5] });
        assert_eq!(nights.days(), (9, 8));
    }

    #[test]
    fn periods_that_overlap_are_refused() {
        let error = question("2017-06", "2017-06").check().unwrap_err();
        assert_eq!(error.place(), Some("before_to"));
    }

    #[test]
    fn a_single_hidden_row_takes_another_with_it() {
        let map = released(vec![parish("A", 2, 40), parish("B", 50, 60), parish("C", 7, 9), parish("D", 0, 0)]);
        let shown: Vec<bool> = map.rows.iter().map(|row| row.now.is_some()).collect();
        assert_eq!(shown, [false, true, false, true]);
        assert!(map.rows.iter().all(|row| row.q.is_none()) && map.rows[1].p.is_some());
        assert_eq!(map.total.now, Some(59));
        let alone = released(vec![parish("A", 2, 40), parish("D", 0, 0)]);
        assert_eq!((alone.total.now, alone.total.verdict), (None, Verdict::Suppressed));
        let large = released(vec![parish("A", 20, 40), parish("B", 50, 60)]);
        assert!(large.rows.iter().all(|row| row.q.is_some()));
    }
}
