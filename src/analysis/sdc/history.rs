//! What earlier editions said: it cannot be taken back, so it is part of what a reader knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::analysis::sdc::model::{Block, FAR, Groups, Row};
use crate::analysis::sdc::problem::{Bound, Cell, Earlier, Percent, Problem, Share, Sum};
use crate::analysis::sdc::profile::Shown;
use crate::analysis::sdc::protect::Protection;
use crate::analysis::sdc::solve::{Goal, Move, solve};

/// The numbers of one edition as printed, by the keys of its cells: what the edition keeps for those after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Published {
    /// Counts.
    pub cells: BTreeMap<String, Shown>,
    /// Percentages.
    pub shares: BTreeMap<String, Percent>,
}

/// Public editions so far, oldest first.
pub type History = [Published];

/// Sums of an old edition with what it printed put in, and the cells that it did not print.
struct OldSums {
    cells: Vec<usize>,
    rows: Vec<Row>,
}

/// A number that an edition did not print and that has changed since.
struct Old {
    cell: usize,
    edition: usize,
    hidden: bool,
    low: u64,
    high: Option<u64>,
    /// The same number in the next edition, if that is another unknown.
    next: Option<usize>,
}

/// All of them, and the old sums over them.
#[derive(Default)]
struct Past {
    numbers: Vec<Old>,
    rows: Vec<Row>,
}

impl Past {
    /// Numbers that hang together, by sums or from edition to edition, and their sums.
    fn pieces(&self) -> Vec<(Vec<usize>, Vec<Row>)> {
        let mut groups = Groups::new(self.numbers.len());
        for row in &self.rows {
            row.terms.windows(2).for_each(|pair| groups.join(pair[0].0, pair[1].0));
        }
        for (name, old) in self.numbers.iter().enumerate() {
            if let Some(next) = old.next {
                groups.join(name, next);
            }
        }
        let mut pieces: BTreeMap<usize, (Vec<usize>, Vec<Row>)> = BTreeMap::new();
        for name in 0..self.numbers.len() {
            pieces.entry(groups.of(name)).or_default().0.push(name);
        }
        for row in &self.rows {
            pieces.entry(groups.of(row.terms[0].0)).or_default().1.push(row.clone());
        }
        pieces.into_values().collect()
    }
}

fn whole_number(count: u64) -> i64 {
    i64::try_from(count).map_or(FAR, |count| count.min(FAR))
}

impl Published {
    /// What a protected problem prints.
    pub fn of(problem: &Problem, protection: &Protection) -> Self {
        let cells = problem.cells.iter().zip(&protection.cells);
        let cells = cells.filter_map(|(cell, shown)| Some((cell.key.clone(), (*shown)?)));
        let shares = problem.shares.iter().zip(&protection.shares);
        let shares = shares.filter_map(|(share, percent)| Some((share.key.clone(), (*percent)?)));
        Self { cells: cells.collect(), shares: shares.collect() }
    }
}

impl Problem {
    /// Notes what readers know from earlier editions.
    ///
    /// **Method** a number that was printed and has not changed is public. One that was printed and has changed since is
    /// a bound: readers know that late records mostly add. A number that was hidden stays hidden. And the sums of the
    /// old tables still hold: with the old printed numbers in them they say something of those that were hidden. If they
    /// hold for the present numbers too they are equations, as if nothing had been revised, which is what a reader would
    /// try first; if not, bounds. The numbers that were hidden then have become numbers of their own where late records
    /// came in: no more than those of today, unknown to us too (an edition keeps what it printed, not what it hid), and
    /// still to be protected.
    pub fn remember(&mut self, history: &History) {
        for edition in history {
            for cell in &mut self.cells {
                let Some(shown) = edition.cells.get(&cell.key) else { continue };
                let earlier = &mut cell.earlier;
                let (low, high) = match shown {
                    Shown::Hidden => {
                        earlier.hidden = true;
                        continue;
                    }
                    Shown::Value(count) => (*count, *count),
                    Shown::Rounded(count) => (count.saturating_sub(2), count + 2),
                };
                earlier.public |= low == cell.value && high == cell.value;
                if low <= cell.value {
                    earlier.low = earlier.low.max(low);
                }
                if high >= cell.value {
                    earlier.high = Some(earlier.high.map_or(high, |old| old.min(high)));
                }
            }
            let sums = self.sums.iter().map(Sum::equation);
            let percent = |share: &Share| Some(edition.shares.get(&share.key)?.bounds(share.part, share.whole));
            let percentages = self.shares.iter().filter_map(percent).flatten();
            let said: Vec<Bound> =
                sums.chain(percentages).filter_map(|bound| self.said_then(&bound, edition)).collect();
            self.bounds.extend(said);
        }
        self.recall(history);
    }

    /// Adds the numbers that earlier editions hid and that are not those of today.
    fn recall(&mut self, history: &History) {
        let n = self.cells.len();
        let mut past = Past::default();
        // The newest edition first: what a number of an edition is at most is that of the next edition, or what a later
        // one printed.
        let mut next: Vec<Option<usize>> = vec![None; n];
        let mut most: Vec<Option<u64>> = vec![None; n];
        for (at, edition) in history.iter().enumerate().rev() {
            let printed: Vec<Option<Shown>> =
                self.cells.iter().map(|cell| edition.cells.get(&cell.key).copied()).collect();
            // What no table prints follows from what some table printed then.
            let held = |member: &usize| printed[*member].is_some() || !self.cells[*member].printed;
            let known = self.sums.iter().filter(|sum| sum.parts.iter().chain([&sum.whole]).all(held));
            let percent = |share: &Share| Some(edition.shares.get(&share.key)?.bounds(share.part, share.whole));
            let percentages = self.shares.iter().filter_map(percent).flatten();
            for group in self.late(known, percentages, &printed, &next) {
                let mut name_of: BTreeMap<usize, usize> = BTreeMap::new();
                for cell in group.cells {
                    name_of.insert(cell, past.numbers.len());
                    past.numbers.push(Old {
                        cell,
                        edition: at,
                        hidden: printed[cell] == Some(Shown::Hidden) || self.is_primary(cell),
                        low: self.printed_before(cell, &history[..at]),
                        high: most[cell],
                        next: next[cell],
                    });
                }
                for mut row in group.rows {
                    row.terms.iter_mut().for_each(|(cell, _)| *cell = name_of[cell]);
                    past.rows.push(row);
                }
                for (cell, name) in name_of {
                    next[cell] = Some(name);
                }
            }
            for (cell, shown) in printed.iter().enumerate() {
                if let Some(Shown::Value(count)) = shown {
                    most[cell] = Some(most[cell].map_or(*count, |most| most.min(*count)));
                }
            }
        }
        for (piece, rows) in past.pieces() {
            if let Some(found) = self.fit(&past, &piece, &rows, true) {
                self.add_old(&past, &piece, &rows, &found, true);
            } else if let Some(found) = self.fit(&past, &piece, &rows, false) {
                // Records were taken out or moved since: nobody can count on numbers that only grow.
                self.add_old(&past, &piece, &rows, &found, false);
            }
        }
    }

    /// The largest number that editions printed of a cell.
    fn printed_before(&self, cell: usize, history: &History) -> u64 {
        let key = &self.cells[cell].key;
        let values = history.iter().filter_map(|edition| match edition.cells.get(key) {
            Some(Shown::Value(count)) => Some(*count),
            _ => None,
        });
        values.max().unwrap_or(0)
    }

    /// Old sums that do not hold for the numbers of today, with those that hang together with them.
    fn late<'a>(
        &self,
        known: impl Iterator<Item = &'a Sum>,
        percentages: impl Iterator<Item = Bound>,
        printed: &[Option<Shown>],
        next: &[Option<usize>],
    ) -> Vec<OldSums> {
        let mut groups = Groups::new(printed.len());
        let mut rows: Vec<Row> = Vec::new();
        let mut late = Vec::new();
        for bound in known.map(Sum::equation).chain(percentages) {
            let (mut terms, mut fixed, mut total) = (Vec::new(), 0_i64, 0_i64);
            for (cell, by) in bound.terms {
                if let Some(Shown::Value(count)) = printed[cell] {
                    fixed += by * whole_number(count);
                } else {
                    total += by * whole_number(self.cells[cell].value);
                    terms.push((cell, by));
                }
            }
            if terms.is_empty() {
                continue;
            }
            terms.windows(2).for_each(|pair| groups.join(pair[0].0, pair[1].0));
            let low = bound.low.map_or(-FAR, |low| low - fixed);
            let high = bound.high.map_or(FAR, |high| high - fixed);
            if !(low..=high).contains(&total) || terms.iter().any(|(cell, _)| next[*cell].is_some()) {
                late.push(terms[0].0);
            }
            rows.push(Row { terms, low, high, whole: None, share: None });
        }
        let mut names: Vec<usize> = late.into_iter().map(|cell| groups.of(cell)).collect();
        names.sort_unstable();
        names.dedup();
        let mut of_name = |name: usize| {
            let rows: Vec<Row> = rows.iter().filter(|row| groups.of(row.terms[0].0) == name).cloned().collect();
            let mut cells: Vec<usize> = rows.iter().flat_map(|row| row.terms.iter().map(|(cell, _)| *cell)).collect();
            cells.sort_unstable();
            cells.dedup();
            OldSums { cells, rows }
        };
        names.into_iter().map(&mut of_name).collect()
    }

    /// Whole numbers that fit old sums, near those of today: some possible past, none more than what came after if
    /// `only_added`.
    fn fit(&self, past: &Past, piece: &[usize], rows: &[Row], only_added: bool) -> Option<Vec<i64>> {
        let place = |name: usize| piece.binary_search(&name).ok();
        let now = |name: usize| whole_number(self.cells[past.numbers[name].cell].value);
        let mut moves = Vec::with_capacity(piece.len());
        let mut wanted = Vec::with_capacity(rows.len() + piece.len());
        for (at, name) in piece.iter().enumerate() {
            let old = &past.numbers[*name];
            let (mut low, mut high) = (-now(*name), FAR);
            if only_added {
                high = old.high.map_or(0, |high| (whole_number(high) - now(*name)).min(0));
                low = (whole_number(old.low) - now(*name)).min(high);
                if let Some(next) = old.next.and_then(place) {
                    wanted.push(Row { terms: vec![(next, 1), (at, -1)], low: 0, high: FAR, whole: None, share: None });
                }
            }
            let near = high.min(0);
            moves.push(Some(Move { free: (near, near), dear: (low, high), cost: 1.0 }));
        }
        for row in rows {
            let sum: i64 = row.terms.iter().map(|(name, by)| by * now(*name)).sum();
            let terms = row.terms.iter().filter_map(|(name, by)| Some((place(*name)?, *by))).collect();
            wanted.push(Row { terms, low: (row.low - sum).max(-FAR), high: (row.high - sum).min(FAR), ..row.clone() });
        }
        let wanted: Vec<&Row> = wanted.iter().collect();
        [false, true].into_iter().find_map(|whole| {
            let found = solve(&wanted, &moves, Goal::Fit, whole)?;
            let change: Vec<i64> = found.iter().map(|change| change.round() as i64).collect();
            let fits = |row: &&Row| (row.low..=row.high).contains(&Block::sum(row, &change));
            let inside = |(change, step): (&i64, &Option<Move>)| {
                step.is_some_and(|step| (step.dear.0..=step.dear.1).contains(change))
            };
            let fitting = wanted.iter().all(fits) && change.iter().zip(&moves).all(inside);
            fitting.then(|| piece.iter().zip(&change).map(|(name, change)| now(*name) + change).collect())
        })
    }

    fn add_old(&mut self, past: &Past, piece: &[usize], rows: &[Row], found: &[i64], only_added: bool) {
        let mut cell_of: BTreeMap<usize, usize> = BTreeMap::new();
        // Names grow from the newest edition to the oldest, so what came after is there already.
        for (name, value) in piece.iter().zip(found) {
            let old = &past.numbers[*name];
            let today = &self.cells[old.cell];
            let limits = if only_added { (old.low, old.high) } else { (0, None) };
            let cell = Cell {
                personal: today.personal,
                earlier: Earlier { public: false, hidden: old.hidden, low: limits.0, high: limits.1 },
                ..Cell::new(format!("{} in edition {}", today.key, old.edition), u64::try_from(*value).unwrap_or(0))
            };
            let Ok(cell) = self.cell(cell.unprinted()) else { continue };
            if only_added {
                let above = old.next.and_then(|next| cell_of.get(&next).copied()).unwrap_or(old.cell);
                self.bounds.push(Bound { terms: vec![(above, 1), (cell, -1)], low: Some(0), high: None });
            }
            cell_of.insert(*name, cell);
        }
        for row in rows {
            let terms = row.terms.iter().filter_map(|(name, by)| Some((*cell_of.get(name)?, *by))).collect();
            let (low, high) = (Some(row.low).filter(|low| *low > -FAR), Some(row.high).filter(|high| *high < FAR));
            self.bounds.push(Bound { terms, low, high });
        }
    }

    /// What held between the numbers of an old table says of those that it did not print, if one that it printed has
    /// changed since, as far as it holds for the numbers of today. (If none has, what holds today says it all.)
    fn said_then(&self, bound: &Bound, edition: &Published) -> Option<Bound> {
        let (mut terms, mut printed, mut changed) = (Vec::new(), 0_i64, false);
        for (cell, by) in &bound.terms {
            let known = &self.cells[*cell];
            match edition.cells.get(&known.key) {
                Some(Shown::Value(count)) => {
                    printed += by * whole_number(*count);
                    changed |= *count != known.value;
                }
                _ => terms.push((*cell, *by)),
            }
        }
        let is_equation = bound.low == bound.high;
        if terms.is_empty() || (is_equation && !changed) {
            return None;
        }
        let now = self.weigh(&terms)?;
        let (low, high) = (bound.low.map(|low| low - printed), bound.high.map(|high| high - printed));
        let one_sign = terms.iter().all(|(_, by)| *by > 0) || terms.iter().all(|(_, by)| *by < 0);
        let fits = (low.is_none_or(|low| now >= low), high.is_none_or(|high| now <= high));
        match fits {
            (true, true) => Some(Bound { terms, low, high }),
            (true, false) if one_sign && low.is_some() => Some(Bound { terms, low, high: None }),
            (false, true) if one_sign && high.is_some() => Some(Bound { terms, low: None, high }),
            _ => None,
        }
    }

    fn weigh(&self, terms: &[(usize, i64)]) -> Option<i64> {
        terms.iter().map(|(cell, by)| Some(by * i64::try_from(self.cells.get(*cell)?.value).ok()?)).sum()
    }
}
