//! The other side: what a reader with patience can work out from everything printed. It shares no code with the search,
//! so that one checks the other.

use std::collections::{BTreeMap, BTreeSet};

use good_lp::solvers::microlp::microlp;
use good_lp::{Expression, ProblemVariables, Solution, SolverModel, Variable, constraint, variable};

use crate::analysis::sdc::problem::Problem;
use crate::analysis::sdc::profile::Shown;
use crate::analysis::sdc::protect::Protection;
use crate::error::{Error, Result};

/// What a reader knows: how many numbers there are, what each is at least and at most, and what holds between them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Least and most of each number; `None` is no limit.
    pub range: Vec<(i64, Option<i64>)>,
    /// Numbers and coefficients, least and most of their sum.
    pub rows: Vec<Fact>,
}

/// One thing that holds between numbers: low ≤ Σ coefficient · number ≤ high.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Numbers and coefficients.
    pub terms: Vec<(usize, i64)>,
    /// At least; `None` is no limit.
    pub low: Option<i64>,
    /// At most; `None` is no limit.
    pub high: Option<i64>,
}

/// What a number can be, as far as a reader can work out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// At least.
    pub low: i64,
    /// At most; `None` is no limit.
    pub high: Option<i64>,
}

impl Interval {
    /// How far apart the ends are; `None` without an upper end.
    pub fn width(&self) -> Option<i64> {
        self.high.map(|high| high - self.low)
    }

    /// Whether it leaves at least so much room.
    pub fn is_at_least(&self, width: u64) -> bool {
        self.width().is_none_or(|own| own >= i64::try_from(width).unwrap_or(i64::MAX))
    }
}

impl Facts {
    /// What one edition says: its printed numbers and percentages, the sums, and what is noted of earlier editions.
    ///
    /// # Errors
    /// `Bug` for a number beyond 64 bits with a sign.
    pub fn of(problem: &Problem, protection: &Protection) -> Result<Self> {
        let mut facts = Self::default();
        let whole = |count: u64| i64::try_from(count).map_err(|_| Error::bug("a count of more than 63 bits"));
        for (cell, shown) in problem.cells.iter().zip(&protection.cells) {
            let mut low = whole(cell.earlier.low)?;
            let mut high = cell.earlier.high.map(whole).transpose()?;
            let seen = match shown {
                _ if cell.earlier.public => Some((cell.value, cell.value)),
                Some(Shown::Value(count)) => Some((*count, *count)),
                Some(Shown::Rounded(count)) => Some((count.saturating_sub(2), count + 2)),
                Some(Shown::Hidden) | None => None,
            };
            if let Some((from, to)) = seen {
                low = low.max(whole(from)?);
                high = Some(high.map_or(whole(to)?, |high| high.min(i64::try_from(to).unwrap_or(high))));
            }
            facts.range.push((low, high));
        }
        for sum in &problem.sums {
            let terms = sum.parts.iter().map(|part| (*part, 1)).chain([(sum.whole, -1)]).collect();
            facts.rows.push(Fact { terms, low: Some(0), high: Some(0) });
        }
        for bound in &problem.bounds {
            facts.rows.push(Fact { terms: bound.terms.clone(), low: bound.low, high: bound.high });
        }
        for (share, percent) in problem.shares.iter().zip(&protection.shares) {
            let printed = |at: usize| matches!(protection.cells[at], Some(Shown::Rounded(_)));
            let Some(percent) = percent.filter(|_| !printed(share.part) && !printed(share.whole)) else { continue };
            for bound in percent.bounds(share.part, share.whole) {
                facts.rows.push(Fact { terms: bound.terms, low: bound.low, high: bound.high });
            }
        }
        Ok(facts)
    }
}

/// Works out what every number can be.
///
/// **Method** three passes: ranges are narrowed by each row in turn until none narrows any more; Gauss-Jordan elimination
/// in exact fractions finds the numbers that the equations determine; then two linear programmes for every number that
/// is left give its least and its most, rounded inwards, since counts are whole. With `whole` these are integer
/// programmes: slower, and never wider.
/// **Units** counts.
///
/// # Errors
/// `Data` for facts that contradict each other; `Bug` if the solver fails.
///
/// # Example
/// ```
/// use vigie::analysis::sdc::{Fact, Facts, attack};
/// // 3 + 12 + 20 = 35 with the first hidden alone: it is 35 − 12 − 20.
/// let facts = Facts {
///     range: vec![(0, None), (12, Some(12)), (20, Some(20)), (35, Some(35))],
///     rows: vec![Fact { terms: vec![(0, 1), (1, 1), (2, 1), (3, -1)], low: Some(0), high: Some(0) }],
/// };
/// assert_eq!((attack(&facts, false)?[0].low, attack(&facts, false)?[0].high), (3, Some(3)));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn attack(facts: &Facts, whole: bool) -> Result<Vec<Interval>> {
    let mut range = facts.range.clone();
    narrow(&mut range, &facts.rows)?;
    if eliminate(&mut range, &facts.rows)? {
        narrow(&mut range, &facts.rows)?;
    }
    let mut out: Vec<Interval> = range.iter().map(|(low, high)| Interval { low: *low, high: *high }).collect();
    for (numbers, rows) in pieces(&range, &facts.rows) {
        for number in &numbers {
            let low = extreme(&range, &numbers, &rows, *number, false, whole)?;
            let high = extreme(&range, &numbers, &rows, *number, true, whole)?;
            let own = &mut out[*number];
            own.low = low.map_or(own.low, |low| own.low.max((low - SLACK).ceil() as i64));
            own.high = match (own.high, high.map(|high| (high + SLACK).floor() as i64)) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    Ok(out)
}

/// What a solver's answer may be off by.
const SLACK: f64 = 1e-6;

type Range = (i64, Option<i64>);

fn contradiction() -> Error {
    Error::data("the printed numbers contradict each other")
}

/// Narrows ranges by the rows, until nothing changes. A row says of each of its numbers what the others leave to it.
fn narrow(range: &mut [Range], rows: &[Fact]) -> Result<()> {
    for _ in 0..1000 {
        let mut changed = false;
        for row in rows {
            for (at, by) in &row.terms {
                // Least and most of the rest of the row; `None` is without end.
                let others = row.terms.iter().filter(|(other, _)| other != at);
                let mut rest = (Some(0_i64), Some(0_i64));
                for (other, by) in others {
                    let (low, high) = range[*other];
                    let ends = (Some(low * by), high.map(|high| high * by));
                    let (least, most) = if *by > 0 { ends } else { (ends.1, ends.0) };
                    rest = (rest.0.zip(least).map(|(a, b)| a + b), rest.1.zip(most).map(|(a, b)| a + b));
                }
                let most = row.high.zip(rest.0).map(|(high, rest)| high - rest);
                let least = row.low.zip(rest.1).map(|(low, rest)| low - rest);
                let (low, high) = if *by > 0 {
                    (least.map(|n| ceil(n, *by)), most.map(|n| floor(n, *by)))
                } else {
                    (most.map(|n| ceil(-n, -by)), least.map(|n| floor(-n, -by)))
                };
                let own = &mut range[*at];
                if let Some(low) = low.filter(|low| *low > own.0) {
                    (own.0, changed) = (low, true);
                }
                if let Some(high) = high.filter(|high| own.1.is_none_or(|old| *high < old)) {
                    (own.1, changed) = (Some(high), true);
                }
                if own.1.is_some_and(|high| high < own.0) {
                    return Err(contradiction());
                }
            }
        }
        if !changed {
            break;
        }
    }
    Ok(())
}

fn floor(n: i64, by: i64) -> i64 {
    n.div_euclid(by)
}

fn ceil(n: i64, by: i64) -> i64 {
    -(-n).div_euclid(by)
}

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fraction(i128, i128);

impl Fraction {
    fn new(top: i128, below: i128) -> Option<Self> {
        let (mut a, mut b) = (top.unsigned_abs(), below.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = i128::try_from(a).ok().filter(|divisor| *divisor != 0)? * below.signum();
        Some(Self(top / divisor, below / divisor))
    }

    fn less(self, other: Self, times: Self) -> Option<Self> {
        let product = Self::new(other.0.checked_mul(times.0)?, other.1.checked_mul(times.1)?)?;
        let top = self.0.checked_mul(product.1)?.checked_sub(product.0.checked_mul(self.1)?)?;
        Self::new(top, self.1.checked_mul(product.1)?)
    }

    fn over(self, other: Self) -> Option<Self> {
        Self::new(self.0.checked_mul(other.1)?, self.1.checked_mul(other.0)?)
    }
}

/// One equation: coefficients by number, and what they add up to.
type Equation = (BTreeMap<usize, Fraction>, Fraction);

/// Solves the equations as far as they go; says whether that determined anything. Fractions that outgrow their bits end
/// it early: the linear programmes come after.
fn eliminate(range: &mut [Range], rows: &[Fact]) -> Result<bool> {
    let mut solved: Vec<(usize, Equation)> = Vec::new();
    for row in rows.iter().filter(|row| row.low.is_some() && row.low == row.high) {
        let Some(equation) = equation_of(range, row) else { continue };
        let Some(mut equation) = reduce(equation, &solved) else { return Ok(false) };
        let Some((pivot, by)) = equation.0.first_key_value().map(|(at, by)| (*at, *by)) else {
            if equation.1.0 != 0 {
                return Err(contradiction());
            }
            continue;
        };
        if divide(&mut equation, by).is_none() {
            return Ok(false);
        }
        for (_, other) in &mut solved {
            if let Some(by) = other.0.get(&pivot).copied()
                && subtract(other, &equation, by).is_none()
            {
                return Ok(false);
            }
        }
        solved.push((pivot, equation));
    }
    let mut found = false;
    for (at, (terms, value)) in solved.iter().filter(|(_, (terms, _))| terms.len() == 1) {
        debug_assert!(terms.contains_key(at));
        let value = i64::try_from(value.0).ok().filter(|_| value.1 == 1).ok_or_else(contradiction)?;
        if value < range[*at].0 || range[*at].1.is_some_and(|high| value > high) {
            return Err(contradiction());
        }
        (range[*at], found) = ((value, Some(value)), true);
    }
    Ok(found)
}

fn equation_of(range: &[Range], row: &Fact) -> Option<Equation> {
    let mut terms: BTreeMap<usize, Fraction> = BTreeMap::new();
    let mut value = i128::from(row.low?);
    for (at, by) in &row.terms {
        let by = i128::from(*by);
        if range[*at].1 == Some(range[*at].0) {
            value -= by * i128::from(range[*at].0);
            continue;
        }
        let old = terms.get(at).map_or(0, |old| old.0);
        terms.insert(*at, Fraction(old + by, 1));
    }
    terms.retain(|_, by| by.0 != 0);
    Some((terms, Fraction(value, 1)))
}

fn reduce(mut equation: Equation, solved: &[(usize, Equation)]) -> Option<Equation> {
    for (pivot, known) in solved {
        if let Some(by) = equation.0.get(pivot).copied() {
            subtract(&mut equation, known, by)?;
        }
    }
    Some(equation)
}

fn subtract(equation: &mut Equation, known: &Equation, by: Fraction) -> Option<()> {
    for (at, other) in &known.0 {
        let old = equation.0.get(at).copied().unwrap_or(Fraction(0, 1));
        let new = old.less(*other, by)?;
        if new.0 == 0 {
            equation.0.remove(at);
        } else {
            equation.0.insert(*at, new);
        }
    }
    equation.1 = equation.1.less(known.1, by)?;
    Some(())
}

fn divide(equation: &mut Equation, by: Fraction) -> Option<()> {
    for term in equation.0.values_mut() {
        *term = term.over(by)?;
    }
    equation.1 = equation.1.over(by)?;
    Some(())
}

/// Numbers that are still open, in groups that hang together, with their rows.
fn pieces<'a>(range: &[Range], rows: &'a [Fact]) -> Vec<(Vec<usize>, Vec<&'a Fact>)> {
    let open = |at: usize| range[at].1 != Some(range[at].0);
    let mut rows_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        for (number, _) in row.terms.iter().filter(|(number, _)| open(*number)) {
            rows_of.entry(*number).or_default().push(at);
        }
    }
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut out = Vec::new();
    for start in rows_of.keys() {
        if !seen.insert(*start) {
            continue;
        }
        let (mut numbers, mut held, mut queue) = (vec![*start], BTreeSet::new(), vec![*start]);
        while let Some(at) = queue.pop() {
            for row in
                rows_of.get(&at).into_iter().flatten().filter(|row| held.insert(**row)).copied().collect::<Vec<_>>()
            {
                for (next, _) in rows[row].terms.iter().filter(|(next, _)| open(*next)) {
                    if seen.insert(*next) {
                        numbers.push(*next);
                        queue.push(*next);
                    }
                }
            }
        }
        numbers.sort_unstable();
        out.push((numbers, held.into_iter().map(|row| &rows[row]).collect()));
    }
    out
}

/// The least or the most of a number; `None` is without end.
fn extreme(
    range: &[Range],
    numbers: &[usize],
    rows: &[&Fact],
    at: usize,
    most: bool,
    whole: bool,
) -> Result<Option<f64>> {
    let mut names = ProblemVariables::new();
    let mut name_of: BTreeMap<usize, Variable> = BTreeMap::new();
    for number in numbers {
        let (low, high) = range[*number];
        let name = variable().min(low as f64).max(high.map_or(f64::INFINITY, |high| high as f64));
        name_of.insert(*number, names.add(if whole { name.integer() } else { name }));
    }
    let own = name_of.get(&at).copied().ok_or_else(|| Error::bug("a number outside its group"))?;
    let goal = if most { names.maximise(own) } else { names.minimise(own) };
    let mut model = goal.using(microlp);
    for row in rows {
        let mut sum = Expression::default();
        for (number, by) in &row.terms {
            match name_of.get(number) {
                Some(name) => sum.add_mul(*by as f64, *name),
                None => sum += (*by * range[*number].0) as f64,
            }
        }
        if row.low.is_some() && row.low == row.high {
            model.add_constraint(constraint!(sum == row.low.unwrap_or(0) as f64));
            continue;
        }
        if let Some(low) = row.low {
            model.add_constraint(constraint!(sum.clone() >= low as f64));
        }
        if let Some(high) = row.high {
            model.add_constraint(constraint!(sum <= high as f64));
        }
    }
    match model.solve() {
        Ok(solution) => Ok(Some(solution.value(own)).filter(|value| value.abs() < UNBOUNDED)),
        Err(good_lp::ResolutionError::Unbounded) => Ok(None),
        Err(good_lp::ResolutionError::Infeasible) => Err(contradiction()),
        Err(other) => Err(Error::bug("the solver failed").with_cause(other)),
    }
}

/// Whole-number programmes have an end even where there is none.
const UNBOUNDED: f64 = 2e9;

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(parts: &[usize], whole: usize) -> Fact {
        let terms = parts.iter().map(|part| (*part, 1)).chain([(whole, -1)]).collect();
        Fact { terms, low: Some(0), high: Some(0) }
    }

    #[test]
    fn an_odd_ring_is_solved_by_elimination() {
        // a + b = 7, b + c = 9, a + c = 8: no equation has one unknown, and yet a = 3.
        let facts = Facts {
            range: vec![(0, None), (0, None), (0, None), (7, Some(7)), (9, Some(9)), (8, Some(8))],
            rows: vec![sum(&[0, 1], 3), sum(&[1, 2], 4), sum(&[0, 2], 5)],
        };
        let found = attack(&facts, false).unwrap();
        assert_eq!(
            found[..3].iter().map(|i| (i.low, i.high)).collect::<Vec<_>>(),
            [(3, Some(3)), (4, Some(4)), (5, Some(5))]
        );
        let mut wrong = facts.clone();
        wrong.range[5] = (9, Some(9));
        assert!(attack(&wrong, false).is_err(), "half a person");
    }

    #[test]
    fn ranges_have_no_end_without_a_total() {
        let facts = Facts { range: vec![(0, None), (0, None)], rows: vec![sum(&[0], 1)] };
        let found = attack(&facts, false).unwrap();
        assert_eq!(found[0], Interval { low: 0, high: None });
        assert!(found[0].is_at_least(1000));
    }

    #[test]
    fn whole_numbers_never_give_a_wider_range() {
        // 2a + 2b = 10 with a − b in −1 ..= 1: halves would do for the linear programme's ends.
        let facts = Facts {
            range: vec![(0, None), (0, None)],
            rows: vec![
                Fact { terms: vec![(0, 2), (1, 2)], low: Some(10), high: Some(10) },
                Fact { terms: vec![(0, 1), (1, -1)], low: Some(-2), high: Some(2) },
            ],
        };
        let (linear, integer) = (attack(&facts, false).unwrap(), attack(&facts, true).unwrap());
        assert_eq!((integer[0].low, integer[0].high), (2, Some(3)));
        assert!(linear[0].width().unwrap() >= integer[0].width().unwrap());
    }
}
