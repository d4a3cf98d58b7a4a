//! From a problem to what may be printed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::analysis::sdc::model::{Block, Model};
use crate::analysis::sdc::problem::{Percent, Problem};
use crate::analysis::sdc::profile::Shown;
use crate::analysis::sdc::search::{Found, search};

/// What may be printed of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// One a cell; `None` is printed nowhere.
    pub cells: Vec<Option<Shown>>,
    /// One a percentage; `None` is `[c]`, or undefined.
    pub shares: Vec<Option<Percent>>,
    /// Cells that earlier editions have given away already, or nearly so: hidden now, which cannot help any more.
    pub given_away: Vec<usize>,
    /// What was done, in counts.
    pub log: Log,
}

/// What disclosure control did, in counts only: for the manifest of an edition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Log {
    /// Name of the rule.
    pub profile: String,
    /// Its threshold.
    pub threshold: u64,
    /// Cells that tables have a place for.
    pub cells: u64,
    /// Of these hidden for what they say themselves.
    pub primary: u64,
    /// Hidden because they would give another away.
    pub complementary: u64,
    /// Hidden because an earlier edition hid them.
    pub hidden_before: u64,
    /// Cells, printed or not, that earlier editions have given away.
    pub given_away: u64,
    /// Percentages hidden.
    pub shares: u64,
    /// Groups of cells that hang together and had something to hide.
    pub blocks: u64,
    /// Linear programmes solved.
    pub programmes: u64,
}

/// Hides what must be hidden, and as little else as can be found.
///
/// **Method** the rule hides small counts ([`Profile::is_small`](crate::analysis::sdc::Profile::is_small)). A number
/// that is hidden, or that is small and printed nowhere, must leave the reader a range at least
/// [`width`](crate::analysis::sdc::Profile::width) wide, and so must every number that is hidden for its sake. What is
/// printed, all sums, percentages and earlier editions are the constraints of linear programmes that look for the least
/// disturbing way to get there; every range is then proved by whole numbers that fit all that is printed. If nothing
/// cheaper helps, the totals go too.
/// **Units** counts.
/// **Undefined** what earlier editions have given away cannot be protected: it is hidden, and named in `given_away`.
///
/// The cost grows with the blocks, not with the tables: a block of hidden and printed numbers that hang together takes
/// some two linear programmes for each hidden number and one or more for each that it tries to show again, each with as
/// many variables as the block has numbers. Blocks are solved on all cores; the answer does not depend on how many.
///
/// # Example
/// ```
/// use vigie::analysis::sdc::{Cell, Problem, Profile, Shown, protect};
/// let mut tables = Problem::new(Profile::jersey(5));
/// let mut add = |key: &str, value| tables.cell(Cell::new(key, value));
/// let (met, missed, all) = (add("met", 47)?, add("missed", 3)?, add("all", 50)?);
/// tables.sum(all, &[met, missed])?;
/// let shown = protect(&tables);
/// assert_eq!(shown.cells[missed], Some(Shown::Hidden));
/// assert_eq!(shown.cells.iter().filter(|cell| **cell == Some(Shown::Hidden)).count(), 2);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn protect(problem: &Problem) -> Protection {
    let mut active: Vec<bool> =
        problem.shares.iter().map(|share| may_be_shown(problem, share.part, share.whole)).collect();
    let (model, found, blocks) = loop {
        let model = Model::new(problem, &active);
        let blocks = model.blocks();
        let found = solve_all(&blocks);
        // Percentages go before anything is called given away.
        let mut changed = false;
        for (block, found) in blocks.iter().zip(&found).filter(|(_, found)| !found.given_away.is_empty()) {
            for share in block.rows.iter().filter_map(|row| row.share).filter(|_| !found.given_away.is_empty()) {
                changed |= std::mem::replace(&mut active[share], false);
            }
        }
        if !changed {
            break (model, found, blocks);
        }
    };
    assemble(problem, &model, &blocks, &found, &active)
}

/// A percentage of a small number, or of all but a small number, is that number again.
fn may_be_shown(problem: &Problem, part: usize, whole: usize) -> bool {
    let (top, all) = (&problem.cells[part], &problem.cells[whole]);
    let rest = all.value.saturating_sub(top.value);
    let primary = problem.is_primary(part) || problem.is_primary(whole);
    let small_rest = top.personal && problem.profile.is_small(rest);
    all.value > 0 && !primary && !small_rest && !top.earlier.hidden && !all.earlier.hidden
}

fn assemble(problem: &Problem, model: &Model, blocks: &[Block], found: &[Found], active: &[bool]) -> Protection {
    let mut hidden = vec![false; model.vars.len()];
    let mut given = vec![false; model.vars.len()];
    for at in &model.exposed {
        (hidden[*at], given[*at]) = (true, true);
    }
    for (block, found) in blocks.iter().zip(found) {
        for (at, name) in block.names.iter().enumerate() {
            hidden[*name] = found.hidden[at];
        }
        for at in &found.given_away {
            given[block.names[*at]] = true;
        }
    }
    let profile = problem.profile;
    let mut log = Log {
        profile: profile.name().to_owned(),
        threshold: profile.threshold,
        blocks: blocks.len() as u64,
        programmes: found.iter().map(|found| found.programmes).sum(),
        ..Log::default()
    };
    let mut cells = Vec::with_capacity(problem.cells.len());
    let mut given_away = Vec::new();
    for (at, cell) in problem.cells.iter().enumerate() {
        let var = model.of_cell[at];
        if given[var] {
            given_away.push(at);
            log.given_away += 1;
        }
        if !cell.printed {
            cells.push(None);
            continue;
        }
        log.cells += 1;
        let shown = if hidden[var] { Shown::Hidden } else { profile.shown(cell.value, cell.personal) };
        if shown == Shown::Hidden {
            match (problem.is_primary(at), cell.earlier.hidden) {
                (true, _) => log.primary += 1,
                (false, true) => log.hidden_before += 1,
                (false, false) => log.complementary += 1,
            }
        }
        cells.push(Some(shown));
    }
    // A percentage is made of what is printed: of rounded numbers where they are rounded.
    let number = |at: usize| cells[at].map_or(Some(problem.cells[at].value), Shown::number);
    let shares: Vec<Option<Percent>> = problem
        .shares
        .iter()
        .zip(active)
        .map(|(share, active)| {
            let (part, whole) = (number(share.part)?, number(share.whole)?);
            Percent::of(part.min(whole), whole, share.decimals).filter(|_| *active)
        })
        .collect();
    log.shares = shares.iter().filter(|share| share.is_none()).count() as u64;
    Protection { cells, shares, given_away, log }
}

/// Solves blocks on all cores.
fn solve_all(blocks: &[Block]) -> Vec<Found> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(blocks.len());
    if cores < 2 {
        return blocks.iter().map(search).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Found)>> = Mutex::new(Vec::with_capacity(blocks.len()));
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some((at, block)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    blocks.get(at).map(|block| (at, block))
                } {
                    let found = search(block);
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, found));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, found)| found).collect()
}

impl Protection {
    /// Whether a cell is printed as `[c]`.
    pub fn is_hidden(&self, at: usize) -> bool {
        self.cells.get(at).copied().flatten() == Some(Shown::Hidden)
    }
}
