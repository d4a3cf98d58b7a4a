//! Does one event draw the next? A self-exciting point process: a background a place, and events that trigger more near
//! and soon after.

use crate::error::{Error, Result};
use crate::stats::history::History;
use crate::stats::rings::Rings;

/// How the process is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitting {
    /// Share of the background of a place that is spread evenly over its ring.
    pub background_spread: f64,
    /// Longest mean of the days from an event to one that it triggers: slower than that is background.
    pub longest_mean_days: f64,
    /// Rounds at most.
    pub rounds: usize,
    /// Stop when the log-likelihood changes by less than this share of itself.
    pub tolerance: f64,
}

impl Default for Fitting {
    fn default() -> Self {
        Self { background_spread: 0.2, longest_mean_days: 30.0, rounds: 100, tolerance: 1e-7 }
    }
}

/// A fitted process.
#[derive(Debug, Clone, PartialEq)]
pub struct Sepp {
    /// μ: background events a day of each place.
    pub background: Vec<f64>,
    /// θ₀: events that one event triggers at its own place.
    pub same_place: f64,
    /// θ₁: events that one event triggers in the ring around it.
    pub next_places: f64,
    /// q: share of the triggering that is left from one day to the next.
    pub daily_decay: f64,
    /// Log-likelihood of the last round, without the constant of the counts.
    pub log_likelihood: f64,
    /// Rounds taken.
    pub rounds: usize,
    /// Whether the last round changed little enough.
    pub converged: bool,
}

impl Sepp {
    /// θ₀ + θ₁: events that one event triggers directly; below 1 for a process that does not run away.
    pub fn branching_ratio(&self) -> f64 {
        self.same_place + self.next_places
    }

    /// Mean days from an event to one that it triggers: 1 / (1 − q).
    pub fn mean_days(&self) -> f64 {
        1.0 / (1.0 - self.daily_decay)
    }
}

/// An event day of a place: its count, and what earlier days left there, per unit of θ: from the place itself and from its
/// ring, with their lags.
#[derive(Clone, Copy, Default)]
struct Excited {
    count: f64,
    own: f64,
    own_lag: f64,
    ring: f64,
    ring_lag: f64,
}

/// Event days of all places, and for each place those of its ring, both in order of time.
struct Days {
    starts: Vec<usize>,
    events: Vec<(u32, f64)>,
    ring_starts: Vec<usize>,
    ring_events: Vec<(u32, f64)>,
    last_day: u32,
}

/// Fits the process to a history by expectation-maximisation.
///
/// **Method** (Mohler, Short, Brantingham, Schoenberg and Tita 2011, doi:10.1198/jasa.2011.ap09546), in whole days and
/// places: the count of place i on day d is Poisson with mean
///
/// λ = μᵢ + Σ over earlier events at j, k days before: θ(j, i)·(1 − q)·q^(k−1)
///
/// where θ is θ₀ at the event's own place and θ₁ / (places in the ring) at each place next to it: triggering falls off
/// exponentially in time and by ring in space. The E-step gives each event a chance of being background or triggered by
/// each earlier event; the M-step takes the sums: θ₀ and θ₁ over the triggering that the days left before the end allow
/// for, 1 / (1 − q) as the mean lag, μ as background events a day, with a share spread over the ring (smoothed EM:
/// Silverman, Jones, Wilson and Nychka 1990, doi:10.1111/j.2517-6161.1990.tb01788.x) because one place sees few events.
/// It starts from θ₀ = 0.2, θ₁ = 0.1, a mean of 7 days. Because the smoothing and the mean lag near the end are not the
/// exact maximum, the likelihood may settle a little below it.
/// **Units**: μ in events a day; θ in events; q a share.
/// **Undefined**: `None` with fewer than two event days.
/// **Cost**: rounds × (event days of places + of their rings): sums that decay are carried along, so no pair of events is
/// looked at twice.
///
/// # Errors
/// `Bug` if rings and history are of different places; `Input` if a setting is out of range.
///
/// # Example
/// ```
/// use vigie::stats::{history::History, rings::Rings, sepp::{Fitting, expected, fit}};
/// let pair = Rings::from_lists(1, &[vec![(1, 1)], vec![(0, 1)]])?;
/// // Bursts at the first place, single events at the second.
/// let bursts = [(0, 90), (0, 89), (0, 88), (0, 50), (0, 49), (0, 48), (0, 3), (0, 2), (1, 70), (1, 20)];
/// let history = History::collect(2, 100, bursts)?;
/// let process = fit(&history, &pair, &Fitting::default())?.ok_or(vigie::error::Error::bug("too few events"))?;
/// assert!(process.same_place > 0.4 && process.branching_ratio() < 1.0);
/// let week = expected(&process, &history, &pair, 7)?;
/// assert!(week[0] > week[1]);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn fit(history: &History, rings: &Rings, how: &Fitting) -> Result<Option<Sepp>> {
    same_places(history, rings)?;
    if !((0.0..1.0).contains(&how.background_spread) && how.longest_mean_days > 1.0) {
        return Err(Error::input("the background's spread is 0 to below 1, the longest mean above 1 day"));
    }
    let days = Days::of(history, rings);
    if days.events.len() < 2 {
        return Ok(None);
    }
    let span = f64::from(history.days());
    let events: f64 = days.events.iter().map(|(_, count)| count).sum();
    let own: Vec<f64> = (0..rings.len()).map(|place| days.at(place).map(|(_, count)| count).sum()).collect();
    let mut process = Sepp {
        background: spread(&own, rings, how.background_spread).iter().map(|n| 0.7 * n / span).collect(),
        same_place: 0.2,
        next_places: 0.1,
        daily_decay: 1.0 - 1.0 / 7.0,
        log_likelihood: f64::NEG_INFINITY,
        rounds: 0,
        converged: false,
    };
    let mut excited = vec![Excited::default(); days.events.len()];
    let with_ring: Vec<bool> = (0..rings.len()).map(|place| !rings.ring(place, 1).is_empty()).collect();
    while process.rounds < how.rounds && !process.converged {
        let q = process.daily_decay;
        days.excite(q, &mut excited);
        let (mut likelihood, mut own_sum, mut ring_sum, mut lag_sum) = (0.0, 0.0, 0.0, 0.0);
        let mut background = vec![0.0; rings.len()];
        for (place, background) in background.iter_mut().enumerate() {
            for day in &excited[days.starts[place]..days.starts[place + 1]] {
                let (own, ring) = (process.same_place * day.own, process.next_places * day.ring);
                let rate = process.background[place] + own + ring;
                let share = day.count / rate.max(f64::MIN_POSITIVE);
                likelihood += day.count * rate.max(f64::MIN_POSITIVE).ln();
                *background += share * process.background[place];
                own_sum += share * own;
                ring_sum += share * ring;
                lag_sum += share * (process.same_place * day.own_lag + process.next_places * day.ring_lag);
            }
        }
        // What each event could have triggered before the end of the history.
        let (mut own_room, mut ring_room) = (0.0, 0.0);
        for (place, has_ring) in with_ring.iter().enumerate() {
            for (day, count) in days.at(place) {
                let room = count * (1.0 - q.powi((days.last_day - day) as i32));
                own_room += room;
                ring_room += if *has_ring { room } else { 0.0 };
            }
        }
        likelihood -= process.background.iter().sum::<f64>() * span;
        likelihood -= process.same_place * own_room + process.next_places * ring_room;
        let before = process.log_likelihood;
        process.converged = (likelihood - before).abs() <= how.tolerance * likelihood.abs().max(1.0);
        process.log_likelihood = likelihood;
        process.rounds += 1;
        process.background = spread(&background, rings, how.background_spread).iter().map(|n| n / span).collect();
        process.same_place = if own_room > 0.0 { own_sum / own_room } else { 0.0 };
        process.next_places = if ring_room > 0.0 { ring_sum / ring_room } else { 0.0 };
        // Nothing triggered leaves the decay as it is.
        if own_sum + ring_sum > 1e-9 * events {
            let mean = (lag_sum / (own_sum + ring_sum)).clamp(1.0 + 1e-9, how.longest_mean_days);
            process.daily_decay = 1.0 - 1.0 / mean;
        }
    }
    Ok(Some(process))
}

/// Events expected at each place in the `ahead` days after the history: background, and what past events still trigger.
/// What the days ahead trigger among themselves is left out.
///
/// **Units**: events in `ahead` days.
///
/// # Errors
/// `Bug` if process, rings and history are of different places.
pub fn expected(process: &Sepp, history: &History, rings: &Rings, ahead: u32) -> Result<Vec<f64>> {
    same_places(history, rings)?;
    if process.background.len() != rings.len() {
        return Err(Error::bug(format!("a process of {} places, rings of {}", process.background.len(), rings.len())));
    }
    let mut sums: Vec<f64> = process.background.iter().map(|mu| mu * f64::from(ahead)).collect();
    let q = process.daily_decay;
    let still = 1.0 - q.powi(ahead as i32);
    // An event of yesterday has age 1 and triggers on the first day ahead with lag 1.
    let left = history.weighted(|age| if age == 0 { 0.0 } else { q.powi(age as i32 - 1) * still });
    for (place, left) in left.iter().enumerate().filter(|(_, left)| **left > 0.0) {
        sums[place] += process.same_place * left;
        let ring = rings.ring(place, 1);
        for &other in ring {
            sums[other as usize] += process.next_places * left / ring.len() as f64;
        }
    }
    Ok(sums)
}

fn same_places(history: &History, rings: &Rings) -> Result<()> {
    if rings.len() != history.places() || rings.reach() < 1 {
        return Err(Error::bug(format!(
            "rings of {} places and {} steps, a history of {} places",
            rings.len(),
            rings.reach(),
            history.places()
        )));
    }
    Ok(())
}

/// Moves a share of each value evenly over its ring; the sum stays.
fn spread(values: &[f64], rings: &Rings, share: f64) -> Vec<f64> {
    let mut out = values.to_vec();
    for (place, value) in values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
        let ring = rings.ring(place, 1);
        if !ring.is_empty() {
            out[place] -= share * value;
            for &other in ring {
                out[other as usize] += share * value / ring.len() as f64;
            }
        }
    }
    out
}

impl Days {
    fn of(history: &History, rings: &Rings) -> Self {
        let last_day = history.days();
        let mut days =
            Self { starts: vec![0], events: Vec::new(), ring_starts: vec![0], ring_events: Vec::new(), last_day };
        for place in 0..rings.len() {
            days.events.extend(history.of(place).map(|(age, count)| (last_day + 1 - age, f64::from(count))));
            days.starts.push(days.events.len());
        }
        for place in 0..rings.len() {
            let from = days.ring_events.len();
            if days.starts[place + 1] > days.starts[place] {
                for &other in rings.ring(place, 1) {
                    let of = rings.ring(other as usize, 1).len() as f64;
                    let (start, end) = (days.starts[other as usize], days.starts[other as usize + 1]);
                    days.ring_events.extend(days.events[start..end].iter().map(|(day, count)| (*day, count / of)));
                }
                // Stable: equal days stay in the order of places, so that sums have the same last bit every time.
                days.ring_events[from..].sort_by_key(|event| event.0);
            }
            days.ring_starts.push(days.ring_events.len());
        }
        days
    }

    fn at(&self, place: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.events[self.starts[place]..self.starts[place + 1]].iter().copied()
    }

    /// What earlier days leave at every event day, for a decay q.
    fn excite(&self, q: f64, excited: &mut [Excited]) {
        let powers: Vec<f64> = (0..=self.last_day as i32).map(|k| q.powi(k)).collect();
        for place in 0..self.starts.len() - 1 {
            let ring = &self.ring_events[self.ring_starts[place]..self.ring_starts[place + 1]];
            let (mut own, mut near) = (Trail::default(), Trail::default());
            let mut next = 0;
            let own_days = self.starts[place]..self.starts[place + 1];
            for (&(day, count), excited) in self.events[own_days.clone()].iter().zip(&mut excited[own_days]) {
                while let Some(&(earlier, weight)) = ring.get(next).filter(|event| event.0 < day) {
                    near.move_to(earlier, &powers);
                    near.add(weight, q);
                    next += 1;
                }
                own.move_to(day, &powers);
                near.move_to(day, &powers);
                let ((own_sum, own_lag), (near_sum, near_lag)) = (own.now(q), near.now(q));
                *excited = Excited { count, own: own_sum, own_lag, ring: near_sum, ring_lag: near_lag };
                own.add(count, q);
            }
        }
    }
}

/// Σ (1 − q)·q^(k−1) over past events, and Σ k·(1 − q)·q^(k−1), carried from day to day: `sum` and `lag` hold the values
/// as if divided by q, with the events of the current day in them at lag 0.
#[derive(Default)]
struct Trail {
    day: u32,
    sum: f64,
    lag: f64,
}

impl Trail {
    fn move_to(&mut self, day: u32, powers: &[f64]) {
        let passed = day - self.day;
        if passed > 0 && self.sum > 0.0 {
            let left = powers[passed as usize];
            self.lag = (self.lag + f64::from(passed) * self.sum) * left;
            self.sum *= left;
        }
        self.day = day;
    }

    fn add(&mut self, count: f64, q: f64) {
        self.sum += count * (1.0 - q);
    }

    /// With q^k in `sum`, one power is too many.
    fn now(&self, q: f64) -> (f64, f64) {
        (self.sum / q, self.lag / q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    /// A row of places, each next to two.
    fn row(places: usize) -> Rings {
        let lists: Vec<Vec<(u32, u32)>> = (0..places)
            .map(|i| (0..places).map(|j| (j as u32, i.abs_diff(j) as u32)).filter(|(_, d)| *d <= 1).collect())
            .collect();
        Rings::from_lists(1, &lists).unwrap()
    }

    /// Draws a process by its branching: background events, then the children of each.
    fn simulate(places: usize, days: u32, mu: f64, same: f64, next: f64, mean_days: f64, seed: u64) -> History {
        let mut random = Pcg64::seed_from_u64(seed);
        let poisson = |mean: f64, random: &mut Pcg64| {
            let (limit, mut product, mut n) = ((-mean).exp(), random.random::<f64>(), 0);
            while product > limit {
                (product, n) = (product * random.random::<f64>(), n + 1);
            }
            n
        };
        let mut events: Vec<(u32, u32)> = Vec::new();
        for place in 0..places as u32 {
            for day in 1..=days {
                for _ in 0..poisson(mu, &mut random) {
                    events.push((place, day));
                }
            }
        }
        let mut at = 0;
        while at < events.len() {
            let (place, day) = events[at];
            at += 1;
            for (mean, ring) in [(same, false), (next, true)] {
                for _ in 0..poisson(mean, &mut random) {
                    let q: f64 = 1.0 - 1.0 / mean_days;
                    let lag = 1 + ((1.0 - random.random::<f64>()).ln() / q.ln()).floor() as u32;
                    let left = place > 0 && (place + 1 == places as u32 || random.random::<f64>() < 0.5);
                    let to = match (ring, left) {
                        (false, _) => place,
                        (true, true) => place - 1,
                        (true, false) => place + 1,
                    };
                    if day + lag <= days {
                        events.push((to, day + lag));
                    }
                }
            }
        }
        events.sort_unstable();
        History::collect(places, days, events.into_iter().map(|(place, day)| (place, days + 1 - day))).unwrap()
    }

    #[test]
    fn planted_parameters_are_found_again() {
        let history = simulate(60, 1500, 0.02, 0.35, 0.15, 5.0, 11);
        let how = Fitting { background_spread: 0.0, ..Fitting::default() };
        let process = fit(&history, &row(60), &how).unwrap().unwrap();
        assert!(process.converged, "{}", process.rounds);
        assert!((process.branching_ratio() - 0.5).abs() < 0.06, "{process:?}");
        assert!((process.same_place - 0.35).abs() < 0.06 && (process.next_places - 0.15).abs() < 0.06, "{process:?}");
        assert!((process.mean_days() - 5.0).abs() < 1.0, "{}", process.mean_days());
        let mean = process.background.iter().sum::<f64>() / 60.0;
        assert!((mean - 0.02).abs() < 0.003, "{mean}");
    }

    #[test]
    fn without_triggering_little_is_found() {
        let history = simulate(60, 1500, 0.03, 0.0, 0.0, 5.0, 4);
        let process = fit(&history, &row(60), &Fitting::default()).unwrap().unwrap();
        assert!(process.branching_ratio() < 0.1, "{}", process.branching_ratio());
    }

    #[test]
    fn carried_sums_are_those_of_all_pairs() {
        let rings = row(4);
        let history = simulate(4, 60, 0.1, 0.3, 0.2, 4.0, 2);
        let (days, q) = (Days::of(&history, &rings), 0.8_f64);
        let mut excited = vec![Excited::default(); days.events.len()];
        days.excite(q, &mut excited);
        for place in 0..4 {
            for (index, found) in excited.iter().enumerate().take(days.starts[place + 1]).skip(days.starts[place]) {
                let day = days.events[index].0;
                let sums = |other: usize, weight: f64| {
                    days.at(other).filter(|(earlier, _)| *earlier < day).fold((0.0, 0.0), |(sum, lag), (earlier, n)| {
                        let k = day - earlier;
                        let g = weight * n * (1.0 - q) * q.powi(k as i32 - 1);
                        (sum + g, lag + f64::from(k) * g)
                    })
                };
                let own = sums(place, 1.0);
                let ring = rings.ring(place, 1).iter().fold((0.0, 0.0), |(sum, lag), &other| {
                    let one = sums(other as usize, 1.0 / rings.ring(other as usize, 1).len() as f64);
                    (sum + one.0, lag + one.1)
                });
                for (found, wanted) in
                    [(found.own, own.0), (found.own_lag, own.1), (found.ring, ring.0), (found.ring_lag, ring.1)]
                {
                    assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
                }
            }
        }
    }

    #[test]
    fn too_little_is_no_process() {
        let rings = row(3);
        assert_eq!(fit(&History::collect(3, 50, [(1, 4)]).unwrap(), &rings, &Fitting::default()).unwrap(), None);
        assert!(fit(&History::collect(2, 50, []).unwrap(), &rings, &Fitting::default()).is_err());
    }

    #[test]
    fn what_is_expected_adds_up() {
        let process = Sepp {
            background: vec![0.1, 0.0, 0.0],
            same_place: 0.4,
            next_places: 0.2,
            daily_decay: 0.5,
            log_likelihood: 0.0,
            rounds: 1,
            converged: true,
        };
        let history = History::collect(3, 10, [(1, 1)]).unwrap();
        let week = expected(&process, &history, &row(3), 7).unwrap();
        let left = 1.0 - 0.5_f64.powi(7);
        assert!((week[0] - (0.7 + 0.1 * left)).abs() < 1e-12 && (week[1] - 0.4 * left).abs() < 1e-12);
    }
}
