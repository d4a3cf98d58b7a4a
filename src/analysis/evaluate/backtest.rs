//! Rolling origins: what each method would have said on a day, from what was recorded before it, and what happened next.

use std::num::NonZero;

use super::method::{Known, Method};
use crate::error::{Error, Result};
use crate::stats::accuracy::{Accuracy, Outcome, Ranking, kept_share};
use crate::stats::history::History;
use crate::stats::neighbours::Neighbours;
use crate::stats::rings::Rings;

/// Days that the baseline counts.
const YEAR: u32 = 365;
/// Members of an ensemble, and windows that must be known before they are chosen by how they did.
const MEMBERS: usize = 3;
const KNOWN_WINDOWS: usize = 8;
/// Members until then.
const FIRST_MEMBERS: [Method; MEMBERS] = [Method::ShrunkRate, Method::ChangingRate, Method::Sepp];
/// Steps of the curve over coverage: whole percent.
pub const CURVE_POINTS: usize = 100;

/// The cells of the study area: who is near whom, and how large they are.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Cells within [`Method::REACH`] steps.
    pub rings: Rings,
    /// Cells within five steps, for shrinking.
    pub near: Rings,
    /// The ring of each cell.
    pub neighbours: Neighbours,
    /// Area of each cell in square kilometres.
    pub areas: Vec<f64>,
    /// Middle of each cell: metres east of any one point.
    pub x: Vec<f64>,
    /// Metres north of it.
    pub y: Vec<f64>,
}

/// One record: where (index of the cell), on which day it happened, and on which day it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// Index of the cell.
    pub place: u32,
    /// Day, counted from any one day.
    pub day: i32,
    /// Day on which it was recorded, counted likewise: it is known at the start of the day after.
    pub recorded: i32,
}

/// When is asked what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// First origin.
    pub from: i32,
    /// No window reaches beyond the start of this day.
    pub to: i32,
    /// Days from one origin to the next.
    pub step: u32,
    /// Days that are forecast.
    pub horizon: u32,
    /// Days that methods look back.
    pub train: u32,
    /// Days by which a record must be older than its recording to be used: 0 takes all that was recorded before.
    pub embargo: u32,
    /// Shares of the area that are chosen.
    pub coverages: Vec<f64>,
    /// Methods asked for.
    pub methods: Vec<Method>,
    /// Seed of the random order.
    pub seed: u64,
}

impl Plan {
    /// Origins whose window ends within the period.
    pub fn origins(&self) -> Vec<i32> {
        let step = self.step.max(1) as usize;
        (self.from..=self.to.saturating_sub(self.horizon as i32)).step_by(step).collect()
    }
}

/// How one method did at all scored windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Method.
    pub method: Method,
    /// For each coverage, one a scored window.
    pub windows: Vec<Vec<Accuracy>>,
    /// For each coverage, the mean share of chosen cells that the next scored window's choice keeps; `None` with one
    /// window.
    pub kept: Vec<Option<f64>>,
    /// Events caught in the best 1 %, 2 % … 100 % of the area, over all windows.
    pub curve: Vec<f64>,
}

/// What came of the test.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// One a method.
    pub records: Vec<Record>,
    /// Origins of scored windows.
    pub origins: Vec<i32>,
    /// Events of each scored window.
    pub events: Vec<f64>,
    /// Windows without events, left out.
    pub empty_windows: usize,
    /// Records that happened before an origin's window and were not known yet, summed over origins.
    pub held_back: u64,
    /// Days of history at the first scored origin.
    pub first_history_days: u32,
}

/// One origin: what each method said and how it did.
struct Told {
    origin: i32,
    outcome: Outcome,
    /// Cell and day of recording of what happened in the window.
    seen: Vec<(u32, i32)>,
    held_back: u64,
    history_days: u32,
    methods: Vec<(Method, Said)>,
}

/// What one method said.
struct Said {
    ranking: Ranking,
    accuracy: Vec<Accuracy>,
    /// Chosen cells at each coverage, ascending.
    chosen: Vec<Vec<u32>>,
}

/// Runs the test on so many threads; the answer does not depend on how many.
///
/// Occurrences must be sorted. The history of an origin is every record of the `train` days before it that was recorded
/// on an earlier day (less the embargo); what happened in the window is every record of it, whenever recorded.
///
/// **Cost**: origins × (records + methods × cells log cells).
///
/// # Errors
/// `Input` for a plan without an origin; `Bug` for occurrences out of order or outside the ground.
pub fn backtest(ground: &Ground, occurrences: &[Occurrence], plan: &Plan, threads: NonZero<usize>) -> Result<Backtest> {
    if plan.horizon == 0 || plan.step == 0 || plan.train == 0 {
        return Err(Error::input("horizon, step and training window are at least one day"));
    }
    let origins = plan.origins();
    let first_day = occurrences.iter().map(|one| one.day).min().unwrap_or(plan.from);
    let mut run: Vec<Method> = plan.methods.iter().copied().filter(|method| *method != Method::Ensemble).collect();
    let with_ensemble = plan.methods.contains(&Method::Ensemble);
    if with_ensemble {
        run = Method::ALL.into_iter().filter(|method| *method != Method::Ensemble).collect();
    }
    let mut told =
        on_threads(threads, origins.len(), |index| tell(ground, occurrences, plan, origins[index], first_day, &run))?;
    if with_ensemble {
        let together = on_threads(threads, told.len(), |index| together(&told, index, plan))?;
        for (one, said) in told.iter_mut().zip(together) {
            one.methods.push((Method::Ensemble, said));
        }
    }
    let all = told.len();
    told.retain(|one| one.outcome.events() > 0.0);
    let records = plan.methods.iter().map(|method| record(*method, &told, plan)).collect::<Result<Vec<_>>>()?;
    Ok(Backtest {
        records,
        origins: told.iter().map(|one| one.origin).collect(),
        events: told.iter().map(|one| one.outcome.events()).collect(),
        empty_windows: all - told.len(),
        held_back: told.iter().map(|one| one.held_back).sum(),
        first_history_days: told.first().map_or(0, |one| one.history_days),
    })
}

/// Where a method would send people on the days from `origin` on: cells in its order, and those of equal score by number.
/// An ensemble chooses its members by the windows before.
///
/// # Errors
/// As [`backtest`].
pub fn rank(
    ground: &Ground,
    occurrences: &[Occurrence],
    plan: &Plan,
    method: Method,
    threads: NonZero<usize>,
) -> Result<Ranking> {
    let first_day = occurrences.iter().map(|one| one.day).min().unwrap_or(plan.to);
    let now = plan.to - plan.horizon as i32;
    let run: Vec<Method> = match method {
        Method::Ensemble => Method::ALL.into_iter().filter(|one| *one != Method::Ensemble).collect(),
        one => vec![one],
    };
    let mut origins = vec![now];
    if method == Method::Ensemble {
        let back = (1..=RANK_WINDOWS).map(|n| now - n * plan.horizon as i32);
        origins.extend(back.take_while(|origin| *origin > first_day));
        origins.reverse();
    }
    let told =
        on_threads(threads, origins.len(), |index| tell(ground, occurrences, plan, origins[index], first_day, &run))?;
    let last = told.len() - 1;
    let said = match method {
        Method::Ensemble => Some(together(&told, last, plan)?),
        _ => told.into_iter().next_back().and_then(|mut one| one.methods.pop()).map(|(_, said)| said),
    };
    said.map(|said| said.ranking).ok_or_else(|| Error::bug("a method said nothing"))
}

/// Windows before a forecast by which an ensemble chooses its members.
const RANK_WINDOWS: i32 = 26;

/// Works through 0..n on some threads; results in order.
fn on_threads<T: Send>(threads: NonZero<usize>, n: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let threads = threads.get().min(n.max(1));
    let work = &work;
    let mut parts: Vec<Vec<Result<T>>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || (thread..n).step_by(threads).map(work).collect::<Vec<_>>()))
            .collect();
        running.into_iter().map(|one| one.join().unwrap_or_else(|_| vec![Err(Error::bug("a thread ended"))])).collect()
    });
    for part in &mut parts {
        part.reverse();
    }
    (0..n)
        .map(|index| parts[index % threads].pop().unwrap_or_else(|| Err(Error::bug("an origin without an answer"))))
        .collect()
}

fn tell(
    ground: &Ground,
    occurrences: &[Occurrence],
    plan: &Plan,
    origin: i32,
    first_day: i32,
    run: &[Method],
) -> Result<Told> {
    let places = ground.areas.len();
    let until = origin + plan.horizon as i32;
    let known_to = origin - plan.embargo as i32;
    let mut observed = vec![0.0; places];
    let (mut held_back, mut seen) = (0, Vec::new());
    for one in occurrences {
        if (origin..until).contains(&one.day) {
            let place = observed.get_mut(one.place as usize);
            *place.ok_or_else(|| Error::bug("a record outside the study area"))? += 1.0;
            seen.push((one.place, one.recorded));
        }
        held_back += u64::from(one.day < origin && one.recorded >= known_to);
    }
    let known = |days: u32| {
        let of = occurrences.iter().filter(move |one| one.day < origin && one.recorded < known_to);
        let held = (origin - first_day).max(1).unsigned_abs().min(days);
        History::collect(places, held, of.map(|one| (one.place, (origin - one.day).unsigned_abs())))
    };
    let whole = known(plan.train.max(YEAR))?;
    let year = whole.within(YEAR);
    let history = if plan.train < YEAR { whole.last(plan.train) } else { whole };
    let known = Known { history: &history, year, origin, horizon: plan.horizon, seed: plan.seed };
    let outcome = Outcome::new(&observed, &ground.areas)?;
    let methods = run
        .iter()
        .map(|&method| Ok((method, Said::of(&method.score(&known, ground)?, &outcome, plan)?)))
        .collect::<Result<Vec<_>>>()?;
    Ok(Told { origin, outcome, seen, held_back, history_days: history.days(), methods })
}

impl Said {
    fn of(scores: &[f64], outcome: &Outcome, plan: &Plan) -> Result<Self> {
        let ranking = Ranking::of(scores)?;
        let accuracy =
            plan.coverages.iter().map(|coverage| outcome.at(&ranking, *coverage)).collect::<Result<Vec<_>>>()?;
        let mut chosen = Vec::with_capacity(plan.coverages.len());
        for coverage in &plan.coverages {
            let mut places = outcome.chosen(&ranking, *coverage)?.to_vec();
            places.sort_unstable();
            chosen.push(places);
        }
        Ok(Self { ranking, accuracy, chosen })
    }
}

/// The ensemble of one origin: members by what they caught in earlier windows, as known at the origin.
fn together(told: &[Told], index: usize, plan: &Plan) -> Result<Said> {
    let now = &told[index];
    let known_to = now.origin - plan.embargo as i32;
    let mut caught: Vec<(Method, u64)> = now.methods.iter().map(|(method, _)| (*method, 0)).collect();
    let mut windows = 0;
    for earlier in told[..index].iter().filter(|one| one.origin + plan.horizon as i32 <= now.origin) {
        let seen: Vec<u32> =
            earlier.seen.iter().filter(|(_, recorded)| *recorded < known_to).map(|(place, _)| *place).collect();
        windows += usize::from(!seen.is_empty());
        for ((_, said), (_, sum)) in earlier.methods.iter().zip(&mut caught) {
            for chosen in &said.chosen {
                *sum += seen.iter().filter(|place| chosen.binary_search(place).is_ok()).count() as u64;
            }
        }
    }
    let mut members: Vec<Method> = FIRST_MEMBERS.to_vec();
    if windows >= KNOWN_WINDOWS {
        caught.retain(|(method, _)| *method != Method::Random);
        caught.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        members = caught.iter().take(MEMBERS).map(|(method, _)| *method).collect();
    }
    let mut scores = vec![0.0; now.methods.first().map_or(0, |(_, said)| said.ranking.order().len())];
    for (_, said) in now.methods.iter().filter(|(method, _)| members.contains(method)) {
        for (score, rank) in scores.iter_mut().zip(said.ranking.mid_ranks()) {
            *score -= rank.ln();
        }
    }
    Said::of(&scores, &now.outcome, plan)
}

fn record(method: Method, told: &[Told], plan: &Plan) -> Result<Record> {
    let said: Vec<(&Told, &Said)> = told
        .iter()
        .filter_map(|one| one.methods.iter().find(|(name, _)| *name == method).map(|(_, said)| (one, said)))
        .collect();
    let windows = (0..plan.coverages.len())
        .map(|coverage| said.iter().map(|(_, said)| said.accuracy[coverage]).collect())
        .collect();
    let kept = (0..plan.coverages.len())
        .map(|coverage| {
            let pairs = said.windows(2);
            let shares: Vec<f64> =
                pairs.filter_map(|pair| kept_share(&pair[0].1.chosen[coverage], &pair[1].1.chosen[coverage])).collect();
            (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
        })
        .collect();
    let mut curve = vec![0.0; CURVE_POINTS];
    for (one, said) in &said {
        let caught = one.outcome.caught_by_share(&said.ranking, CURVE_POINTS)?;
        curve.iter_mut().zip(caught).for_each(|(sum, caught)| *sum += caught);
    }
    Ok(Record { method, windows, kept, curve })
}
