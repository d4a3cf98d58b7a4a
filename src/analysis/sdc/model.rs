//! The problem as the search sees it: numbers that are one number made one, what cannot move left out, and the rest cut
//! into blocks that have nothing to do with each other.

use crate::analysis::sdc::problem::{Bound, Problem};
use crate::analysis::sdc::profile::{Rule, Shown};

/// No limit.
pub(super) const FAR: i64 = 1 << 40;

/// A number that could be another one, as far as a reader knows.
#[derive(Debug, Clone)]
pub(super) struct Var {
    /// The true number.
    pub value: i64,
    /// Whether a table prints it.
    pub printed: bool,
    /// Whether it is hidden for what it says itself.
    pub primary: bool,
    /// Whether it must stay uncertain, for itself or because an earlier edition hid it.
    pub kept: bool,
    /// How far it may be from the true number while it is printed: not at all, or by rounding.
    pub shown: (i64, i64),
    /// How far while it is hidden, or printed nowhere.
    pub hidden: (i64, i64),
    /// What is lost when it is hidden.
    pub loss: f64,
}

/// What holds for the changes of numbers: low ≤ Σ coefficient · change ≤ high.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Variables and coefficients, in order.
    pub terms: Vec<(usize, i64)>,
    /// At least.
    pub low: i64,
    /// At most.
    pub high: i64,
    /// Variable that is the sum of the others, if the row is a sum.
    pub whole: Option<usize>,
    /// Percentage that says so, if it is one: it can be hidden.
    pub share: Option<usize>,
}

/// Numbers that hang together.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    /// Variables.
    pub vars: Vec<Var>,
    /// Rows.
    pub rows: Vec<Row>,
    /// Rows of each variable.
    pub rows_of: Vec<Vec<usize>>,
    /// Number of each variable in the whole.
    pub names: Vec<usize>,
    /// Distance between the least and the most that must stay possible.
    pub width: i64,
}

/// The whole.
#[derive(Debug, Clone)]
pub(super) struct Model {
    /// Variable of each cell.
    pub of_cell: Vec<usize>,
    /// Variables; `None` does not move: it is public, or a printed nought.
    pub vars: Vec<Option<Var>>,
    /// Rows, with variables that do not move left out.
    pub rows: Vec<Row>,
    /// Primary variables that do not move: they have been given away.
    pub exposed: Vec<usize>,
    width: i64,
}

/// Groups of numbers that are joined.
pub(super) struct Groups(Vec<usize>);

impl Groups {
    pub(super) fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    pub(super) fn of(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        self.0[a.max(b)] = a.min(b);
    }
}

fn whole_number(value: u64) -> i64 {
    i64::try_from(value).map_or(FAR, |value| value.min(FAR))
}

impl Model {
    /// Makes the model. Percentages that are not in `shares` are taken as hidden.
    pub(super) fn new(problem: &Problem, shares: &[bool]) -> Self {
        let mut groups = Groups::new(problem.cells.len());
        for sum in problem.sums.iter().filter(|sum| sum.parts.len() == 1) {
            groups.join(sum.whole, sum.parts[0]);
        }
        let mut of_cell = vec![0; problem.cells.len()];
        let mut number = vec![usize::MAX; problem.cells.len()];
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (at, place) in of_cell.iter_mut().enumerate() {
            let group = groups.of(at);
            if number[group] == usize::MAX {
                number[group] = members.len();
                members.push(Vec::new());
            }
            *place = number[group];
            members[*place].push(at);
        }
        let mut exposed = Vec::new();
        let mut vars = Vec::with_capacity(members.len());
        for (at, cells) in members.iter().enumerate() {
            let var = var_of(problem, cells);
            if var.is_none() && cells.iter().any(|cell| problem.is_primary(*cell)) {
                exposed.push(at);
            }
            vars.push(var);
        }
        let mut model = Self { of_cell, vars, rows: Vec::new(), exposed, width: whole_number(problem.profile.width()) };
        for sum in problem.sums.iter().filter(|sum| sum.parts.len() > 1) {
            model.add(problem, &sum.equation(), Some(sum.whole), None);
        }
        for bound in &problem.bounds {
            model.add(problem, bound, None, None);
        }
        // Beside a printed numerator and denominator a percentage says nothing more, and goes where one of them goes.
        let printed = |at: usize| problem.cells[at].printed;
        let says_more =
            |at: usize| shares[at] && !(printed(problem.shares[at].part) && printed(problem.shares[at].whole));
        for (at, share) in problem.shares.iter().enumerate().filter(|(at, _)| says_more(*at)) {
            for bound in problem.percent(share).into_iter().flat_map(|p| p.bounds(share.part, share.whole)) {
                model.add(problem, &bound, None, Some(at));
            }
        }
        model.rows.sort_by(|a, b| a.terms.cmp(&b.terms).then(a.low.cmp(&b.low)).then(a.high.cmp(&b.high)));
        model.rows.dedup();
        model
    }

    /// A bound on numbers as a bound on their changes.
    fn add(&mut self, problem: &Problem, bound: &Bound, whole: Option<usize>, share: Option<usize>) {
        let mut terms: Vec<(usize, i64)> = Vec::with_capacity(bound.terms.len());
        let mut sum = 0_i64;
        for (cell, by) in &bound.terms {
            sum = sum.saturating_add(by.saturating_mul(whole_number(problem.cells[*cell].value)));
            let var = self.of_cell[*cell];
            if self.vars[var].is_some() {
                terms.push((var, *by));
            }
        }
        terms.sort_unstable();
        terms.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1 += next.1;
            }
            same
        });
        terms.retain(|(_, by)| *by != 0);
        if terms.is_empty() {
            return;
        }
        let low = bound.low.map_or(-FAR, |low| low.saturating_sub(sum).max(-FAR));
        let high = bound.high.map_or(FAR, |high| high.saturating_sub(sum).min(FAR));
        let whole = whole.map(|cell| self.of_cell[cell]).filter(|var| self.vars[*var].is_some());
        self.rows.push(Row { terms, low, high, whole, share });
    }

    /// The blocks that have something to hide.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut groups = Groups::new(self.vars.len());
        for row in &self.rows {
            row.terms.windows(2).for_each(|pair| groups.join(pair[0].0, pair[1].0));
        }
        let mut wanted = vec![false; self.vars.len()];
        for (at, var) in self.vars.iter().enumerate() {
            if var.as_ref().is_some_and(|var| var.primary || var.kept) {
                wanted[groups.of(at)] = true;
            }
        }
        let mut number = vec![usize::MAX; self.vars.len()];
        let mut place = vec![usize::MAX; self.vars.len()];
        let mut blocks: Vec<Block> = Vec::new();
        for (at, var) in self.vars.iter().enumerate() {
            let group = groups.of(at);
            let Some(var) = var.as_ref().filter(|_| wanted[group]) else { continue };
            if number[group] == usize::MAX {
                number[group] = blocks.len();
                blocks.push(Block { width: self.width, ..Block::default() });
            }
            let block = &mut blocks[number[group]];
            place[at] = block.vars.len();
            block.vars.push(var.clone());
            block.rows_of.push(Vec::new());
            block.names.push(at);
        }
        for row in &self.rows {
            let group = groups.of(row.terms[0].0);
            if number[group] == usize::MAX {
                continue;
            }
            let block = &mut blocks[number[group]];
            let terms: Vec<(usize, i64)> = row.terms.iter().map(|(var, by)| (place[*var], *by)).collect();
            for (var, _) in &terms {
                block.rows_of[*var].push(block.rows.len());
            }
            block.rows.push(Row { terms, whole: row.whole.map(|var| place[var]), ..row.clone() });
        }
        blocks
    }
}

/// What the cells of one number say together; `None` if it cannot be hidden.
fn var_of(problem: &Problem, cells: &[usize]) -> Option<Var> {
    let first = &problem.cells[cells[0]];
    let all = || cells.iter().map(|cell| &problem.cells[*cell]);
    let value = whole_number(first.value);
    let primary = cells.iter().any(|cell| problem.is_primary(*cell));
    let kept = primary || all().any(|cell| cell.earlier.hidden);
    let printed = all().any(|cell| cell.printed);
    // A nought is never hidden for the sake of another number: outsiders may know it to be one.
    if all().any(|cell| cell.earlier.public) || (value == 0 && printed && !kept) {
        return None;
    }
    let low = all().map(|cell| whole_number(cell.earlier.low)).max().unwrap_or(0);
    let high = all().filter_map(|cell| cell.earlier.high).map(whole_number).min().unwrap_or(FAR);
    let personal = all().any(|cell| cell.personal);
    let shown = match problem.profile.shown(first.value, personal) {
        Shown::Rounded(near) => {
            let near = whole_number(near);
            ((near - 2).max(low) - value, (near + 2).min(high) - value)
        }
        _ => (0, 0),
    };
    // Under rounding `[c]` says by its nature: from 1 to one below the threshold.
    let (low, high) = if problem.profile.rule == Rule::Round5 && printed && primary && value > 0 {
        (low.max(1), high.min(whole_number(problem.profile.threshold) - 1))
    } else {
        (low, high)
    };
    let hidden = (low - value, if high >= FAR { FAR } else { high - value });
    let weight: f64 = all().filter(|cell| cell.printed).map(|cell| cell.weight.max(0.01)).sum();
    Some(Var { value, printed, primary, kept, shown, hidden, loss: weight * (1.0 + (value as f64 + 1.0).log2()) })
}

impl Block {
    /// Sum of a row over some changes.
    pub(super) fn sum(row: &Row, change: &[i64]) -> i64 {
        row.terms.iter().map(|(var, by)| by.saturating_mul(change[*var])).fold(0, i64::saturating_add)
    }

    /// Whether the numbers could be the true ones plus these changes, as far as the rows say.
    pub(super) fn holds(&self, change: &[i64]) -> bool {
        self.rows.iter().all(|row| (row.low..=row.high).contains(&Self::sum(row, change)))
    }
}
