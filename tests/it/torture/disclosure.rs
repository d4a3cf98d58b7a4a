//! Tables that nobody thought of, and a reader who works out what can be worked out: none of the small numbers may be
//! recovered, from one table, from linked ones, or from all editions so far with late records in between.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use vigie::analysis::sdc::{
    Cell, Fact, Facts, Interval, Problem, Profile, Protection, Published, Share, attack, protect,
};

use super::{Dice, on_all_cores, times};

/// A table of any number of dimensions with all its margins: a cell for every choice of a place or `all` in each.
fn table(problem: &mut Problem, name: &str, sizes: &[usize], value: &mut dyn FnMut(&[usize]) -> u64) {
    let mut at = vec![0; sizes.len()];
    let mut inner: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
    loop {
        inner.insert(at.clone(), value(&at));
        let Some(next) = (0..sizes.len()).rev().find(|d| at[*d] + 1 < sizes[*d]) else { break };
        at[next] += 1;
        at[next + 1..].fill(0);
    }
    // `size` stands for all.
    let mut cells: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
    for (place, count) in inner {
        for mask in 0..1_usize << sizes.len() {
            let key = place.iter().enumerate().map(|(d, p)| if mask >> d & 1 == 1 { sizes[d] } else { *p }).collect();
            *cells.entry(key).or_default() += count;
        }
    }
    let key = |place: &[usize]| format!("{name}{place:?}");
    for (place, count) in &cells {
        let totals = place.iter().zip(sizes).filter(|(p, size)| p == size).count();
        problem.cell(Cell::new(key(place), *count).weighing(1.0 + 2.0 * totals as f64)).unwrap();
    }
    for place in cells.keys() {
        for d in (0..sizes.len()).filter(|d| place[*d] == sizes[*d]) {
            let parts: Vec<usize> = (0..sizes[d])
                .map(|p| {
                    let mut part = place.clone();
                    part[d] = p;
                    problem.place(&key(&part)).unwrap()
                })
                .collect();
            problem.sum(problem.place(&key(place)).unwrap(), &parts).unwrap();
        }
    }
}

/// Mostly small numbers, with noughts and some large ones.
fn count(dice: &mut Dice) -> u64 {
    match dice.below(10) {
        0 | 1 => 0,
        2..=4 => 1 + dice.below(6) as u64,
        5..=7 => 5 + dice.below(20) as u64,
        _ => 20 + dice.below(200) as u64,
    }
}

/// Years, quarters and months by parish; with the numerator, complement and percentage of each if `shares`.
struct Island {
    /// Counts by parish and month.
    months: Vec<Vec<u64>>,
    /// Those of each that count towards the share.
    met: Vec<Vec<u64>>,
}

impl Island {
    fn random(dice: &mut Dice, parishes: usize, months: usize) -> Self {
        let rate: Vec<usize> = (0..parishes).map(|_| [2, 4, 9, 30][dice.below(4)]).collect();
        let mut island = Self { months: vec![vec![0; months]; parishes], met: vec![vec![0; months]; parishes] };
        for (p, rate) in rate.iter().enumerate() {
            for m in 0..months {
                let n = dice.below(2 * rate + 1);
                island.months[p][m] = n as u64;
                island.met[p][m] = (n - dice.below(n.min(6) + 1)) as u64;
            }
        }
        island
    }

    /// Late records: some counts grow by one or two.
    fn revise(&mut self, dice: &mut Dice, upto: usize) {
        for p in 0..self.months.len() {
            for m in 0..upto {
                if dice.below(8) == 0 {
                    let late = 1 + dice.below(2) as u64;
                    self.months[p][m] += late;
                    self.met[p][m] += dice.below(late as usize + 1) as u64;
                }
            }
        }
    }

    /// The tables of an edition over the first months: by parish and month, quarters, year, island.
    fn problem(&self, upto_before: &[usize], upto: usize, with_shares: bool, profile: Profile) -> Problem {
        let mut problem = Problem::new(profile);
        let series =
            if with_shares { vec![("all", &self.months), ("met", &self.met)] } else { vec![("all", &self.months)] };
        let parishes = self.months.len();
        for (name, counts) in series {
            let mut spans: Vec<(String, Vec<usize>)> = (0..upto).map(|m| (format!("m{m:02}"), vec![m])).collect();
            spans.extend((0..upto / 3).map(|q| (format!("q{q}"), (3 * q..3 * q + 3).collect())));
            // Those of earlier editions are printed no more, and known all the same.
            spans.extend(upto_before.iter().chain([&upto]).map(|to| (format!("ytd{to:02}"), (0..*to).collect())));
            for (span, months) in &spans {
                let weight = 1.0 + (months.len() as f64).sqrt();
                let gone = upto_before.iter().any(|to| *span == format!("ytd{to:02}"));
                let cell = |key: String, n: u64| Cell { printed: !gone, ..Cell::new(key, n) };
                let mut all = 0;
                let mut parts = Vec::new();
                for (p, by_month) in counts.iter().enumerate() {
                    let n = months.iter().map(|m| by_month[*m]).sum();
                    all += n;
                    parts.push(problem.cell(cell(format!("{name} {p} {span}"), n).weighing(weight)).unwrap());
                }
                let whole = cell(format!("{name} island {span}"), all).weighing(3.0 * weight);
                let whole = problem.cell(whole).unwrap();
                problem.sum(whole, &parts).unwrap();
            }
            for place in (0..parishes).map(|p| p.to_string()).chain(["island".to_owned()]) {
                let at = |problem: &Problem, span: &str| problem.place(&format!("{name} {place} {span}")).unwrap();
                for q in 0..upto / 3 {
                    let parts: Vec<usize> = (3 * q..3 * q + 3).map(|m| at(&problem, &format!("m{m:02}"))).collect();
                    problem.sum(at(&problem, &format!("q{q}")), &parts).unwrap();
                }
                for to in upto_before.iter().chain([&upto]).filter(|to| **to > 1) {
                    let parts: Vec<usize> = (0..*to).map(|m| at(&problem, &format!("m{m:02}"))).collect();
                    problem.sum(at(&problem, &format!("ytd{to:02}")), &parts).unwrap();
                }
            }
        }
        if with_shares {
            let keys: Vec<String> =
                problem.cells.iter().filter_map(|c| Some(c.key.strip_prefix("all ")?.to_owned())).collect();
            for key in keys {
                let (part, whole) =
                    (problem.place(&format!("met {key}")).unwrap(), problem.place(&format!("all {key}")).unwrap());
                let rest = problem.cells[whole].value - problem.cells[part].value;
                let rest = problem.cell(Cell::new(format!("rest {key}"), rest).unprinted()).unwrap();
                problem.sum(whole, &[part, rest]).unwrap();
                if !problem.cells[whole].printed {
                    continue;
                }
                problem.share(Share { key: format!("share {key}"), part, whole, decimals: 1 }).unwrap();
            }
        }
        problem
    }
}

/// What a reader of one edition must not find: asserts it for every hidden number.
fn stands(seed: u64, problem: &Problem, protection: &Protection, found: &[Interval]) -> u64 {
    let mut hidden = 0;
    for (at, (cell, interval)) in problem.cells.iter().zip(found).enumerate() {
        let value = i64::try_from(cell.value).unwrap();
        assert!(
            interval.low <= value && interval.high.is_none_or(|high| value <= high),
            "seed {seed}: the reader is wrong about {} = {value}: {interval:?}",
            cell.key
        );
        if !(protection.is_hidden(at) || problem.is_primary(at)) || protection.given_away.contains(&at) {
            continue;
        }
        hidden += 1;
        assert!(interval.is_at_least(problem.profile.width()), "seed {seed}: {} = {value}: {interval:?}", cell.key);
        if problem.is_primary(at) {
            assert!(interval.low < i64::try_from(problem.profile.threshold).unwrap());
        }
    }
    hidden
}

/// One random set of tables of each kind in turn. Returns how many numbers were hidden and how many given away.
fn one(seed: u64) -> (u64, u64) {
    let mut dice = Dice::new(seed);
    let profile = if seed % 16 == 15 { Profile::round5() } else { Profile::jersey(5) };
    let mut problem = Problem::new(profile);
    match seed % 5 {
        0 => {
            let sizes = [2 + dice.below(6), 2 + dice.below(6)];
            table(&mut problem, "t", &sizes, &mut |_| count(&mut dice));
        }
        1 => {
            let sizes = [2 + dice.below(2), 2 + dice.below(2), 2 + dice.below(3)];
            table(&mut problem, "t", &sizes, &mut |_| count(&mut dice));
        }
        2 => {
            let (parishes, months) = (2 + dice.below(4), 3 + dice.below(7));
            problem = Island::random(&mut dice, parishes, months).problem(&[], months, false, profile);
        }
        3 if dice.coin() => {
            let (parishes, months) = (2 + dice.below(2), 2 + dice.below(3));
            problem = Island::random(&mut dice, parishes, months).problem(&[], months, true, profile);
        }
        3 => {
            // Two tables with a margin in common.
            let sizes = [2 + dice.below(3), 2 + dice.below(3)];
            let mut rows = BTreeMap::new();
            table(&mut problem, "a", &sizes, &mut |at| {
                let n = count(&mut dice);
                *rows.entry(at[0]).or_insert(0) += n;
                n
            });
            table(&mut problem, "b", &[sizes[0], 2], &mut |at| {
                let all: u64 = rows[&at[0]];
                let first = all / 3;
                if at[1] == 0 { first } else { all - first }
            });
            for row in 0..=sizes[0] {
                let (a, b) = (format!("a[{row}, {}]", sizes[1]), format!("b[{row}, 2]"));
                let (a, b) = (problem.place(&a).unwrap(), problem.place(&b).unwrap());
                problem.sum(a, &[b]).unwrap();
            }
        }
        _ => return editions(seed, &mut dice),
    }
    let protection = protect(&problem);
    assert_eq!(protection, protect(&problem), "seed {seed}: not the same twice");
    assert!(protection.given_away.is_empty(), "seed {seed}: {:?}", protection.given_away);
    let facts = Facts::of(&problem, &protection).unwrap();
    let hidden = stands(seed, &problem, &protection, &attack(&facts, false).unwrap());
    if problem.cells.len() <= 40 {
        stands(seed, &problem, &protection, &attack(&facts, true).unwrap());
    }
    (hidden, 0)
}

/// Three editions, each with more months and with late records for those before. The reader has all of them, and knows
/// of every number whether it was revised, and that late records only add.
fn editions(seed: u64, dice: &mut Dice) -> (u64, u64) {
    let with_shares = dice.below(3) == 0;
    let (parishes, step) = (2 + dice.below(2), 2 + dice.below(2));
    let mut island = Island::random(dice, parishes, 3 * step);
    let ends = [step, 2 * step, 3 * step];
    let mut history: Vec<Published> = Vec::new();
    let mut all = Facts::default();
    let mut before: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    let mut stood: Vec<(usize, Problem, Protection)> = Vec::new();
    for edition in 1..=3 {
        if edition > 1 {
            island.revise(dice, (edition - 1) * step);
        }
        let mut problem = island.problem(&ends[..edition - 1], ends[edition - 1], with_shares, Profile::jersey(5));
        let own = problem.clone();
        problem.remember(&history);
        let protection = protect(&problem);
        history.push(Published::of(&problem, &protection));
        // What this edition says by itself, behind what the others said.
        let first = all.range.len();
        let facts = Facts::of(&own, &protection).unwrap();
        all.range.extend(facts.range);
        all.rows.extend(
            facts
                .rows
                .into_iter()
                .map(|row| Fact { terms: row.terms.into_iter().map(|(at, by)| (at + first, by)).collect(), ..row }),
        );
        for (at, cell) in own.cells.iter().enumerate() {
            if let Some((old, value)) = before.insert(cell.key.clone(), (first + at, cell.value)) {
                assert!(cell.value >= value, "late records only add");
                all.rows.push(Fact { terms: vec![(first + at, 1), (old, -1)], low: Some(0), high: None });
            }
        }
        let given = protection.given_away.iter().copied().filter(|at| *at < own.cells.len()).collect();
        stood.push((first, own, Protection { given_away: given, ..protection }));
    }
    let found = attack(&all, false).unwrap();
    let (mut hidden, mut given) = (0, 0);
    for (first, problem, protection) in &stood {
        hidden += stands(seed, problem, protection, &found[*first..]);
        given += protection.given_away.len() as u64;
    }
    (hidden, given)
}

#[test]
fn no_small_number_is_recovered_from_tables_and_editions() {
    let seeds: Vec<u64> = (0..times(200, 10_000) as u64).collect();
    let (hidden, given) = (AtomicU64::new(0), AtomicU64::new(0));
    on_all_cores(
        &seeds,
        || (),
        |(), _, seed| {
            let (h, g) = one(*seed);
            hidden.fetch_add(h, Ordering::Relaxed);
            given.fetch_add(g, Ordering::Relaxed);
        },
    );
    let (hidden, given) = (hidden.into_inner(), given.into_inner());
    println!(
        "disclosure: {} sets of tables, {hidden} numbers that had to stay uncertain, none recovered; {given} given away by earlier editions",
        seeds.len()
    );
    assert!(hidden > 10 * seeds.len() as u64);
}
