//! What earlier editions said: it cannot be taken back, so it is part of what a reader knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::analysis::sdc::model::{FAR, Groups, Row};
use crate::analysis::sdc::problem::{Bound, Cell, Earlier, Percent, Problem, Sum};
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
            let revised: Vec<Bound> = (0..self.sums.len()).filter_map(|at| self.old_sum(at, edition)).collect();
            self.bounds.extend(revised);
            for share in &self.shares {
                let Some(percent) = edition.shares.get(&share.key) else { continue };
                let bounds = percent.bounds(share.part, share.whole);
                let held: Vec<Bound> = bounds.into_iter().filter(|bound| self.holds(bound)).collect();
                self.bounds.extend(held);
            }
        }
        self.recall(history);
    }

    /// Adds the numbers that earlier editions hid and that are not those of today, the newest edition first.
    fn recall(&mut self, history: &History) {
        let n = self.cells.len();
        let sums = self.sums.clone();
        let ever = |cell: &Cell| history.iter().any(|edition| edition.cells.contains_key(&cell.key));
        let never: Vec<bool> = self.cells.iter().map(|cell| !cell.printed && !ever(cell)).collect();
        // What a number of an edition is at most: that of the next edition, or what a later one printed.
        let mut above: Vec<usize> = (0..n).collect();
        let mut most: Vec<Option<u64>> = vec![None; n];
        for (at, edition) in history.iter().enumerate().rev() {
            let printed: Vec<Option<Shown>> =
                self.cells[..n].iter().map(|cell| edition.cells.get(&cell.key).copied()).collect();
            let held = |member: usize| printed[member].is_some() || never[member];
            let known: Vec<&Sum> =
                sums.iter().filter(|sum| sum.parts.iter().chain([&sum.whole]).all(|member| held(*member))).collect();
            let least: Vec<u64> = (0..n).map(|cell| self.printed_before(cell, &history[..at])).collect();
            for group in self.late(&known, &printed, &above) {
                if let Some(found) = self.fit(&group, &above, &most, &least) {
                    self.add_old(&group, &found, at, (&mut above, &most, &least), &printed);
                }
            }
            for (cell, shown) in printed.iter().enumerate() {
                if let Some(Shown::Value(count)) = shown {
                    most[cell] = Some(most[cell].map_or(*count, |most| most.min(*count)));
                }
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

    /// Old sums that do not hold with the numbers that came after, with those that hang together with them.
    fn late(&self, known: &[&Sum], printed: &[Option<Shown>], above: &[usize]) -> Vec<OldSums> {
        let mut groups = Groups::new(printed.len());
        let mut rows: Vec<Row> = Vec::new();
        let mut wrong = Vec::new();
        for sum in known {
            let (mut terms, mut fixed, mut total) = (Vec::new(), 0_i64, 0_i64);
            for (cell, by) in sum.parts.iter().map(|part| (*part, 1)).chain([(sum.whole, -1)]) {
                if let Some(Shown::Value(count)) = printed[cell] {
                    fixed += by * whole_number(count);
                } else {
                    total += by * whole_number(self.cells[above[cell]].value);
                    terms.push((cell, by));
                }
            }
            if terms.is_empty() {
                continue;
            }
            terms.windows(2).for_each(|pair| groups.join(pair[0].0, pair[1].0));
            if total + fixed != 0 {
                wrong.push(terms[0].0);
            }
            rows.push(Row { terms, low: -fixed, high: -fixed, whole: None, share: None });
        }
        let mut names: Vec<usize> = wrong.into_iter().map(|cell| groups.of(cell)).collect();
        names.sort_unstable();
        names.dedup();
        let of_group = |groups: &mut Groups, name: usize| {
            let rows: Vec<Row> = rows.iter().filter(|row| groups.of(row.terms[0].0) == name).cloned().collect();
            let mut cells: Vec<usize> = rows.iter().flat_map(|row| row.terms.iter().map(|(cell, _)| *cell)).collect();
            cells.sort_unstable();
            cells.dedup();
            OldSums { cells, rows }
        };
        names.into_iter().map(|name| of_group(&mut groups, name)).collect()
    }

    /// Whole numbers that fit old sums, none more than the number that came after: some possible past.
    fn fit(&self, group: &OldSums, above: &[usize], most: &[Option<u64>], least: &[u64]) -> Option<Vec<i64>> {
        let place = |cell: &usize| group.cells.binary_search(cell).ok();
        let top = |cell: usize| whole_number(self.cells[above[cell]].value);
        let moves: Vec<Option<Move>> = group
            .cells
            .iter()
            .map(|cell| {
                let high = most[*cell].map_or(0, |most| (whole_number(most) - top(*cell)).min(0));
                let low = (whole_number(least[*cell]) - top(*cell)).min(high);
                Some(Move { free: (high, high), dear: (low, high), cost: 1.0 })
            })
            .collect();
        let rows: Vec<Row> = group
            .rows
            .iter()
            .map(|row| {
                let now: i64 = row.terms.iter().map(|(cell, by)| by * top(*cell)).sum();
                let terms = row.terms.iter().filter_map(|(cell, by)| Some((place(cell)?, *by))).collect();
                Row { terms, low: row.low - now, high: row.high - now, ..row.clone() }
            })
            .collect();
        let rows: Vec<&Row> = rows.iter().collect();
        [false, true].into_iter().find_map(|whole| {
            let found = solve(&rows, &moves, Goal::Fit, whole)?;
            let change: Vec<i64> = found.iter().map(|change| change.round() as i64).collect();
            let fits = |row: &&Row| row.terms.iter().map(|(at, by)| by * change[*at]).sum::<i64>() == row.low;
            let inside = change.iter().zip(&moves).all(|(change, step)| {
                step.is_some_and(|step| (step.dear.0..=step.dear.1).contains(change))
            });
            let past = group.cells.iter().zip(&change).map(|(cell, change)| top(*cell) + change).collect();
            (inside && rows.iter().all(fits)).then_some(past)
        })
    }

    fn add_old(
        &mut self,
        group: &OldSums,
        past: &[i64],
        edition: usize,
        (above, most, least): (&mut [usize], &[Option<u64>], &[u64]),
        printed: &[Option<Shown>],
    ) {
        let mut name_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (cell, value) in group.cells.iter().zip(past) {
            let hidden = printed[*cell] == Some(Shown::Hidden) || self.is_primary(*cell);
            let key = format!("{} in edition {edition}", self.cells[*cell].key);
            let old = Cell {
                personal: self.cells[*cell].personal,
                earlier: Earlier { public: false, hidden, low: least[*cell], high: most[*cell] },
                ..Cell::new(key, u64::try_from(*value).unwrap_or(0)).unprinted()
            };
            let Ok(name) = self.cell(old) else { continue };
            self.bounds.push(Bound { terms: vec![(above[*cell], 1), (name, -1)], low: Some(0), high: None });
            name_of.insert(*cell, name);
            above[*cell] = name;
        }
        for row in &group.rows {
            let terms = row.terms.iter().filter_map(|(cell, by)| Some((*name_of.get(cell)?, *by))).collect();
            self.bounds.push(Bound { terms, low: Some(row.low), high: Some(row.high) });
        }
    }

    /// What a sum of an old table says of the numbers that it did not print, if one that it printed has changed since.
    /// (If none has, the sum of the present numbers says it all.)
    fn old_sum(&self, at: usize, edition: &Published) -> Option<Bound> {
        let sum = &self.sums[at];
        let members = sum.parts.iter().map(|part| (*part, 1_i64)).chain([(sum.whole, -1)]);
        let (mut terms, mut printed, mut changed) = (Vec::new(), 0_i64, false);
        for (cell, by) in members {
            let known = &self.cells[cell];
            match edition.cells.get(&known.key) {
                Some(Shown::Value(count)) => {
                    printed += by * i64::try_from(*count).ok()?;
                    changed |= *count != known.value;
                }
                _ => terms.push((cell, by)),
            }
        }
        if !changed || terms.is_empty() {
            return None;
        }
        let now = self.weigh(&terms)?;
        let then = -printed;
        let one_sign = terms.iter().all(|(_, by)| *by > 0) || terms.iter().all(|(_, by)| *by < 0);
        match now.cmp(&then) {
            std::cmp::Ordering::Equal => Some(Bound { terms, low: Some(then), high: Some(then) }),
            std::cmp::Ordering::Greater if one_sign => Some(Bound { terms, low: Some(then), high: None }),
            std::cmp::Ordering::Less if one_sign => Some(Bound { terms, low: None, high: Some(then) }),
            _ => None,
        }
    }

    fn weigh(&self, terms: &[(usize, i64)]) -> Option<i64> {
        terms.iter().map(|(cell, by)| Some(by * i64::try_from(self.cells.get(*cell)?.value).ok()?)).sum()
    }

    /// Whether something said of the numbers holds for the true ones.
    fn holds(&self, bound: &Bound) -> bool {
        self.weigh(&bound.terms)
            .is_some_and(|sum| bound.low.is_none_or(|low| sum >= low) && bound.high.is_none_or(|high| sum <= high))
    }
}
