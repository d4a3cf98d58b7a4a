//! Which other numbers must be hidden so that those that are hidden cannot be worked out.

use crate::analysis::sdc::model::{Block, Row};
use crate::analysis::sdc::solve::{Goal, Move, solve};

/// Unit cost of changing what is hidden anyway: less than anything that is not, more than leaving it as it is.
const TRIFLE: f64 = 1e-3;

/// Blocks with at most so many moving numbers are solved in whole numbers where the linear programme gave fractions.
const WHOLE_AT_MOST: usize = 80;

/// What was found for a block.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Whether each variable is hidden, of those printed.
    pub hidden: Vec<bool>,
    /// Variables that could not be given the width that they need.
    pub given_away: Vec<usize>,
    /// Linear programmes solved.
    pub programmes: u64,
}

/// A way in which the numbers could differ from the true ones without a reader noticing: variables and changes.
type Witness = Vec<(usize, i64)>;

struct Search<'a> {
    block: &'a Block,
    hidden: Vec<bool>,
    witnesses: Vec<Witness>,
    range: Vec<(i64, i64)>,
    given_away: Vec<bool>,
    programmes: u64,
}

/// Hides what must be hidden of a block, then shows again what need not be.
///
/// **Method** every number that has to be uncertain gets two *witnesses*: sets of whole numbers for all cells of the
/// block that agree with everything printed and known, and in which it differs by the width asked for. A linear
/// programme proposes the witness that disturbs the least of what is printed (Kelly, Golden and Assad 1992,
/// doi:10.1002/net.3230220407), and the printed numbers that it disturbs are hidden. One witness serves many numbers.
/// Since witnesses are checked in whole numbers, neither a rounding error of the solver nor a reader who knows that
/// counts are whole can undo them. Last, hidden numbers are shown again one by one, the greatest loss first, wherever the
/// rest still find their witnesses (Fischetti and Salazar 2001, doi:10.1287/mnsc.47.7.1008.9805, call the pattern that
/// is left minimal).
pub(super) fn search(block: &Block) -> Found {
    let n = block.vars.len();
    let mut search = Search {
        block,
        hidden: block.vars.iter().map(|var| var.printed && var.kept).collect(),
        witnesses: Vec::new(),
        range: vec![(0, 0); n],
        given_away: vec![false; n],
        programmes: 0,
    };
    search.protect();
    search.show_again();
    // A number that was only hidden for another's sake and is shown again was never a secret.
    let given_away =
        (0..n).filter(|at| search.given_away[*at] && (block.vars[*at].kept || search.hidden[*at])).collect();
    Found { hidden: search.hidden, given_away, programmes: search.programmes }
}

impl Search<'_> {
    fn is_open(&self, at: usize) -> bool {
        self.hidden[at] || !self.block.vars[at].printed
    }

    /// How far a number may be from the true one, in the eyes of a reader.
    fn reach(&self, at: usize) -> (i64, i64) {
        let var = &self.block.vars[at];
        if self.is_open(at) { var.hidden } else { var.shown }
    }

    fn needs(&self, at: usize) -> bool {
        let var = &self.block.vars[at];
        !self.given_away[at] && (var.kept || self.hidden[at])
    }

    fn is_safe(&self, at: usize) -> bool {
        self.range[at].1 - self.range[at].0 >= self.block.width
    }

    fn protect(&mut self) {
        let mut order: Vec<usize> = (0..self.block.vars.len()).collect();
        order.sort_by_key(|at| {
            let var = &self.block.vars[*at];
            (!var.primary, std::cmp::Reverse(var.value), *at)
        });
        while let Some(at) = order.iter().copied().find(|at| self.needs(*at) && !self.is_safe(*at)) {
            if !(self.widen(at) || self.hide_more(at) || self.hide_totals(at)) {
                self.hide_all_that_helps(at);
            }
        }
    }

    /// Looks how far a number may move with what is hidden now.
    fn widen(&mut self, at: usize) -> bool {
        let moves = self.open_moves();
        let most = self.block.width + self.range[at].0;
        if self.range[at].1 < most {
            self.try_goal(&moves, Goal::Up(at, most));
        }
        if !self.is_safe(at) {
            let least = self.range[at].1 - self.block.width;
            self.try_goal(&moves, Goal::Down(at, least));
        }
        self.is_safe(at)
    }

    /// Hides what the cheapest witness disturbs: up from the least that is possible, or else down from the most.
    fn hide_more(&mut self, at: usize) -> bool {
        let moves = self.all_moves();
        let width = self.block.width;
        for by in [self.range[at].0 + width, self.range[at].1 - width] {
            if self.try_goal(&moves, Goal::Exactly(at, by)) && self.is_safe(at) {
                return true;
            }
        }
        // Neither alone: as far down as the number itself goes, then up from there.
        let down = (-self.block.vars[at].value).max(self.block.vars[at].hidden.0).max(-width);
        (down..self.range[at].0).any(|by| self.try_goal(&moves, Goal::Exactly(at, by))) && {
            let moves = self.all_moves();
            self.try_goal(&moves, Goal::Exactly(at, self.range[at].0 + width)) && self.is_safe(at)
        }
    }

    /// Hides the totals of a number, and theirs: with all of them larger by the same, everything still adds up.
    fn hide_totals(&mut self, at: usize) -> bool {
        let mut change = vec![0; self.block.vars.len()];
        change[at] = self.block.width + self.range[at].0;
        for _ in 0..self.block.vars.len() {
            let mut settled = true;
            for row in &self.block.rows {
                let Some(whole) = row.whole else { continue };
                let parts: i64 =
                    row.terms.iter().filter(|(var, _)| *var != whole).map(|(var, by)| by * change[*var]).sum();
                if change[whole] != parts && whole != at {
                    change[whole] = parts;
                    settled = false;
                }
            }
            if settled {
                break;
            }
        }
        self.take(&change, true) && self.is_safe(at)
    }

    /// Nothing gives it the width: hides whatever gives it any, and says so.
    fn hide_all_that_helps(&mut self, at: usize) {
        let moves: Vec<Option<Move>> = self.all_moves();
        let width = self.block.width;
        self.try_goal(&moves, Goal::Up(at, width + self.range[at].0));
        let moves = self.all_moves();
        self.try_goal(&moves, Goal::Down(at, self.range[at].1 - width));
        if !self.is_safe(at) {
            self.given_away[at] = true;
        }
    }

    /// Moves of what is hidden, and of rounded numbers within their rounding.
    fn open_moves(&self) -> Vec<Option<Move>> {
        (0..self.block.vars.len())
            .map(|at| {
                let reach = self.reach(at);
                (reach != (0, 0)).then_some(Move { free: (0, 0), dear: reach, cost: TRIFLE })
            })
            .collect()
    }

    /// Moves of everything: what is printed at the cost of hiding it.
    fn all_moves(&self) -> Vec<Option<Move>> {
        (0..self.block.vars.len())
            .map(|at| {
                let var = &self.block.vars[at];
                let open = self.is_open(at);
                let free = if open { (0, 0) } else { var.shown };
                Some(Move { free, dear: var.hidden, cost: if open { TRIFLE } else { var.loss } })
            })
            .collect()
    }

    /// Asks for a witness; takes it if it holds in whole numbers, and hides what it disturbs.
    fn try_goal(&mut self, moves: &[Option<Move>], goal: Goal) -> bool {
        let var = match goal {
            Goal::Up(var, _) | Goal::Down(var, _) | Goal::Exactly(var, _) => var,
            Goal::Fit => return false,
        };
        let (places, rows) = around(self.block, var, moves);
        let near: Vec<Option<Move>> = moves.iter().enumerate().map(|(at, step)| step.filter(|_| places[at])).collect();
        for whole in [false, true] {
            if whole && places.iter().filter(|there| **there).count() > WHOLE_AT_MOST {
                return false;
            }
            self.programmes += 1;
            let Some(found) = solve(&rows, &near, goal, whole) else { return false };
            let change: Vec<i64> = found.iter().map(|change| change.round() as i64).collect();
            if self.take(&change, true) {
                return true;
            }
        }
        false
    }

    /// Takes a witness in, if it is one; what it disturbs of what is printed is hidden if it may be.
    fn take(&mut self, change: &[i64], may_hide: bool) -> bool {
        let inside = |(low, high): (i64, i64), change: i64| (low..=high).contains(&change);
        let block = self.block;
        let mut disturbed = Vec::new();
        for (at, change) in change.iter().enumerate() {
            if !inside(self.reach(at), *change) {
                if !may_hide || !inside(block.vars[at].hidden, *change) {
                    return false;
                }
                disturbed.push(at);
            }
        }
        if change.iter().all(|change| *change == 0) || !block.holds(change) {
            return false;
        }
        for at in disturbed {
            self.hidden[at] = true;
        }
        let opposite: Vec<i64> = change.iter().map(|change| -change).collect();
        self.keep(change);
        if opposite.iter().enumerate().all(|(at, change)| inside(self.reach(at), *change)) && block.holds(&opposite) {
            self.keep(&opposite);
        }
        true
    }

    fn keep(&mut self, change: &[i64]) {
        let witness: Witness = change.iter().copied().enumerate().filter(|(_, change)| *change != 0).collect();
        note(&mut self.range, &witness);
        self.witnesses.push(witness);
    }

    /// Shows again what need not be hidden.
    fn show_again(&mut self) {
        let vars = &self.block.vars;
        let mut order: Vec<usize> =
            (0..vars.len()).filter(|at| self.hidden[*at] && vars[*at].printed && !vars[*at].kept).collect();
        order.sort_by(|a, b| vars[*b].loss.total_cmp(&vars[*a].loss).then(a.cmp(b)));
        for at in order {
            self.show(at);
        }
    }

    /// Shows one number again if all that are still hidden find their witnesses without it.
    fn show(&mut self, at: usize) {
        let (low, high) = self.block.vars[at].shown;
        let before = (self.witnesses.clone(), self.range.clone());
        self.hidden[at] = false;
        self.witnesses.retain(|witness| {
            witness.iter().find(|(var, _)| *var == at).is_none_or(|(_, change)| (low..=high).contains(change))
        });
        self.range.fill((0, 0));
        for witness in &self.witnesses {
            note(&mut self.range, witness);
        }
        let unsafe_again: Vec<usize> =
            (0..self.block.vars.len()).filter(|other| self.needs(*other) && !self.is_safe(*other)).collect();
        for other in unsafe_again {
            if !self.is_safe(other) && !self.widen(other) {
                self.hidden[at] = true;
                (self.witnesses, self.range) = before;
                return;
            }
        }
    }
}

/// The numbers that hang together with one through those that may move, and the rows between them.
fn around<'a>(block: &'a Block, var: usize, moves: &[Option<Move>]) -> (Vec<bool>, Vec<&'a Row>) {
    let mut places = vec![false; moves.len()];
    let mut rows = vec![false; block.rows.len()];
    let mut queue = vec![var];
    places[var] = true;
    while let Some(at) = queue.pop() {
        for row in &block.rows_of[at] {
            if std::mem::replace(&mut rows[*row], true) {
                continue;
            }
            for (next, _) in &block.rows[*row].terms {
                if moves[*next].is_some() && !std::mem::replace(&mut places[*next], true) {
                    queue.push(*next);
                }
            }
        }
    }
    (places, block.rows.iter().zip(rows).filter(|(_, there)| *there).map(|(row, _)| row).collect())
}

fn note(range: &mut [(i64, i64)], witness: &Witness) {
    for (at, change) in witness {
        let (low, high) = &mut range[*at];
        *low = (*low).min(*change);
        *high = (*high).max(*change);
    }
}
