//! The linear programmes. Whatever comes back is a proposal: the search checks it in whole numbers before it counts.

use good_lp::solvers::microlp::microlp;
use good_lp::{Constraint, Expression, ProblemVariables, Solution, SolverModel, Variable, constraint, variable};

use crate::analysis::sdc::model::{FAR, Row};

/// How one number may change in a programme.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    /// At no cost, from and to.
    pub free: (i64, i64),
    /// At a cost, from and to; `free` lies within.
    pub dear: (i64, i64),
    /// Cost of a unit outside `free`.
    pub cost: f64,
}

/// What is asked of a programme.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// This variable as far up as it goes, at most to the bound.
    Up(usize, i64),
    /// This variable as far down as it goes, at least to the bound.
    Down(usize, i64),
    /// This variable changed by so much, at the least cost.
    Exactly(usize, i64),
    /// Whatever fits the rows, at the least cost.
    Fit,
}

/// A change as the solver's variables make it.
struct Change {
    fixed: f64,
    pieces: Vec<(Variable, f64)>,
}

impl Change {
    fn add_to(&self, sum: &mut Expression, by: f64) {
        *sum += self.fixed * by;
        for (name, sign) in &self.pieces {
            sum.add_mul(by * sign, *name);
        }
    }
}

/// Solves a programme over `moves` (`None` does not move) under `rows`; in whole numbers if `whole`. `None` if it has no
/// solution, or the solver finds none.
pub(super) fn solve(rows: &[&Row], moves: &[Option<Move>], goal: Goal, whole: bool) -> Option<Vec<f64>> {
    let mut names = ProblemVariables::new();
    let mut cost = Expression::default();
    let mut changes: Vec<Option<Change>> = Vec::with_capacity(moves.len());
    let mut add = |low: i64, high: i64| {
        let name = variable().min(number(low)).max(number(high));
        names.add(if whole { name.integer() } else { name })
    };
    for (at, step) in moves.iter().enumerate() {
        let Some(step) = step else {
            changes.push(None);
            continue;
        };
        let (mut low, mut high) = step.dear;
        let mut change = Change { fixed: 0.0, pieces: Vec::with_capacity(3) };
        match goal {
            Goal::Up(var, to) if var == at => high = high.min(to),
            Goal::Down(var, to) if var == at => low = low.max(to),
            Goal::Exactly(var, by) if var == at => {
                if by < low || by > high {
                    return None;
                }
                (low, high, change.fixed) = (0, 0, by as f64);
            }
            _ => {}
        }
        if low > high {
            return None;
        }
        if matches!(goal, Goal::Up(..) | Goal::Down(..)) {
            change.pieces.push((add(low, high), 1.0));
        } else if !matches!(goal, Goal::Exactly(var, _) if var == at) {
            // What is free at no cost, and what lies above and below it.
            let (from, to) = step.free;
            if from < to {
                change.pieces.push((add(from, to), 1.0));
            } else {
                change.fixed = from as f64;
            }
            for (room, sign) in [(high.saturating_sub(to), 1.0), (from.saturating_sub(low), -1.0)] {
                if room > 0 {
                    let name = add(0, room);
                    change.pieces.push((name, sign));
                    cost.add_mul(step.cost, name);
                }
            }
        }
        changes.push(Some(change));
    }
    let aim = |var: usize| {
        let mut sum = Expression::default();
        changes.get(var)?.as_ref()?.add_to(&mut sum, 1.0);
        Some(sum)
    };
    let model = match goal {
        Goal::Up(var, _) => names.maximise(aim(var)?),
        Goal::Down(var, _) => names.minimise(aim(var)?),
        Goal::Exactly(..) | Goal::Fit => names.minimise(cost),
    };
    let mut model = model.using(microlp);
    for row in rows {
        for constraint in constraints(row, &changes)? {
            model.add_constraint(constraint);
        }
    }
    let solution = model.solve().ok()?;
    let found: Vec<f64> = changes
        .iter()
        .map(|change| {
            let Some(change) = change else { return 0.0 };
            change.fixed + change.pieces.iter().map(|(name, sign)| sign * solution.value(*name)).sum::<f64>()
        })
        .collect();
    found.iter().all(|change| change.is_finite()).then_some(found)
}

/// A row as constraints; `None` if nothing in it moves and it does not hold.
fn constraints(row: &Row, changes: &[Option<Change>]) -> Option<Vec<Constraint>> {
    let mut sum = Expression::default();
    let (mut moves, mut fixed) = (false, 0.0);
    for (var, by) in &row.terms {
        if let Some(change) = &changes[*var] {
            change.add_to(&mut sum, *by as f64);
            moves |= !change.pieces.is_empty();
            fixed += change.fixed * *by as f64;
        }
    }
    if !moves {
        return (row.low as f64 <= fixed && fixed <= row.high as f64).then(Vec::new);
    }
    if row.low == row.high {
        return Some(vec![constraint!(sum == row.low as f64)]);
    }
    let mut out = Vec::new();
    if row.low > -FAR {
        out.push(constraint!(sum.clone() >= row.low as f64));
    }
    if row.high < FAR {
        out.push(constraint!(sum <= row.high as f64));
    }
    Some(out)
}

fn number(bound: i64) -> f64 {
    match bound {
        high if high >= FAR => f64::INFINITY,
        low if low <= -FAR => f64::NEG_INFINITY,
        other => other as f64,
    }
}
