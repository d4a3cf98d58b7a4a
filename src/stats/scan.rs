//! Space-time permutation scan: the circle and the days in which events crowd more than place and day alone explain.

mod areas;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::stats::shuffle::shuffle;
use areas::{Areas, Circle, Room};

/// What counts as a cluster, and how many permutations to compare with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Largest radius of a circle, in the unit of the positions.
    pub max_radius_m: f64,
    /// Largest share of all cases that a circle may hold.
    pub max_share: f64,
    /// Longest time of a cluster, in days.
    pub max_days: u32,
    /// Only clusters that still go on at the end of the period.
    pub alive: bool,
    /// First and last day of the period.
    pub period: (i64, i64),
    /// Permutations of the days; 0 gives clusters without p.
    pub permutations: u32,
    /// Seed of the permutations.
    pub seed: u64,
}

/// A circle and a time with more cases than expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Place at the centre.
    pub centre: u32,
    /// Places within the circle, the nearest to the centre first.
    pub places: Vec<u32>,
    /// Distance of the farthest of them.
    pub radius_m: f64,
    /// First day.
    pub first_day: i64,
    /// Last day.
    pub last_day: i64,
    /// Cases within.
    pub observed: u64,
    /// Cases expected within.
    pub expected: f64,
    /// Log of the likelihood ratio.
    pub llr: f64,
    /// Permutations whose best cluster is at least as good; `None` without permutations.
    pub at_least: Option<u32>,
    /// p of the cluster, adjusted for the many circles and times that were looked at; `None` without permutations.
    pub p: Option<f64>,
}

/// Scans for clusters in space and time, the most likely first, none sharing a place with a better one.
///
/// `case_place` and `case_day` name the place (index into `x`, `y`) and day of each case.
///
/// **Method** (Kulldorff, Heffernan, Hartman, Assunção and Mostashari 2005, doi:10.1371/journal.pmed.0020059): for every
/// circle around a place and every run of days, c of all C cases lie within. With A cases in the circle at any time and
/// D cases in those days anywhere, E = A · D / C are expected, and
///
/// LLR = c · ln(c / E) + (C − c) · ln((C − c) / (C − E)) where c > E and c ≥ 2, else 0.
///
/// The days are permuted over the cases; of R permutations M have a best LLR of at least that of the cluster, and
/// p = (M + 1) / (R + 1). Secondary clusters are judged against the same best ones, which is conservative. Places at the
/// same distance join a circle together. A cluster begins on a day with a case in its circle and, unless it must last
/// to the end of the period, ends on one: a longer time with the same cases has a larger E, so a smaller LLR.
///
/// Of all circles and times with c cases the one with the least A · D is the most likely: so a permutation needs no
/// logarithm but one a c. A circle that grows is looked at only in times that hold a case that joined it.
///
/// **Cost**: grows with permutations × places × circles a place × times that hold a case that joined: about with the
/// square of the cases (in proportion to them with `alive`), on all threads. Memory: 4 bytes for each place of each largest circle.
/// **Units**: the unit of the positions, days, cases; LLR in natural logarithms; p a probability.
/// **Undefined**: no cluster if no circle and time has two cases and more than expected.
///
/// # Errors
/// `Bug` if lists differ in length or name a place that does not exist; `Data` if a position is not a number or a case
/// lies outside the period; `Input` if a limit of the options allows nothing, or there are more than 1,000,000
/// permutations or 100,000 days.
///
/// # Example
/// ```
/// use vigie::stats::scan::{Options, scan};
/// let (x, y) = ([0.0, 10.0, 500.0, 510.0], [0.0; 4]);
/// let place = [0, 1, 0, 1, 2, 3, 2, 3, 3, 2];
/// let day = [50, 51, 52, 9, 2, 20, 31, 64, 77, 90];
/// let options = Options {
///     max_radius_m: 100.0, max_share: 0.5, max_days: 30, alive: false, period: (0, 99), permutations: 99, seed: 1,
/// };
/// let clusters = scan(&x, &y, &place, &day, &options)?;
/// let best = &clusters[0];
/// assert_eq!((best.places.as_slice(), best.first_day, best.last_day), (&[0, 1][..], 50, 52));
/// assert_eq!((best.observed, best.expected), (3, 4.0 * 3.0 / 10.0));
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn scan(x: &[f64], y: &[f64], case_place: &[u32], case_day: &[i64], options: &Options) -> Result<Vec<Cluster>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    scan_on(x, y, case_place, case_day, options, threads)
}

/// [`scan`] on so many threads: the answer is the same for any number.
///
/// # Errors
/// As [`scan`].
///
/// # Example
/// ```
/// use vigie::stats::scan::{Options, scan, scan_on};
/// let options = Options {
///     max_radius_m: 5.0, max_share: 0.5, max_days: 9, alive: true, period: (0, 9), permutations: 19, seed: 3,
/// };
/// let (x, y, place, day) = ([0.0, 9.0], [0.0, 0.0], [0, 0, 1, 1, 1], [8, 9, 1, 2, 3]);
/// assert_eq!(scan_on(&x, &y, &place, &day, &options, 1)?, scan_on(&x, &y, &place, &day, &options, 4)?);
/// # Ok::<(), vigie::error::Error>(())
/// ```
pub fn scan_on(
    x: &[f64],
    y: &[f64],
    case_place: &[u32],
    case_day: &[i64],
    options: &Options,
    threads: usize,
) -> Result<Vec<Cluster>> {
    check(x, y, case_place, case_day, options)?;
    let areas = Areas::new(x, y, case_place, options);
    let first = options.period.0;
    // Cases in order of place, then of day: the answer does not depend on the order in which they came.
    let mut order: Vec<usize> = (0..case_place.len()).collect();
    order.sort_by_key(|&case| (case_place[case], case_day[case]));
    let days: Vec<u32> = order.iter().map(|&case| (case_day[case] - first) as u32).collect();
    let until = cases_until(&days, (options.period.1 - first) as usize + 1);
    let times = Times { until: &until, max_days: options.max_days, alive: options.alive };
    let mut clusters = without_overlap(best_of_each_centre(&areas, &days, &times, first));
    if options.permutations > 0 && !clusters.is_empty() {
        let best = best_of_permutations(&areas, &days, &times, options, threads.max(1));
        for cluster in &mut clusters {
            // Equal counts give equal bits: a tie is a tie.
            let at_least = best.iter().filter(|&&llr| llr >= cluster.llr).count() as u32;
            cluster.at_least = Some(at_least);
            cluster.p = Some(f64::from(at_least + 1) / f64::from(options.permutations + 1));
        }
    }
    Ok(clusters)
}

fn check(x: &[f64], y: &[f64], case_place: &[u32], case_day: &[i64], options: &Options) -> Result<()> {
    if x.len() != y.len() || case_place.len() != case_day.len() {
        return Err(Error::bug("the lists of a scan differ in length"));
    }
    if case_place.iter().any(|&place| place as usize >= x.len()) {
        return Err(Error::bug("a case names a place that does not exist"));
    }
    if let Some(at) = x.iter().zip(y).position(|(x, y)| !x.is_finite() || !y.is_finite()) {
        return Err(Error::data(format!("the position of place {at} is not a pair of finite numbers")));
    }
    let (first, last) = options.period;
    if last.checked_sub(first).is_none_or(|days| !(0..100_000).contains(&days)) {
        return Err(Error::input("the period of a scan is 1 to 100,000 days long"));
    }
    if case_day.iter().any(|day| !(first..=last).contains(day)) {
        return Err(Error::data("a case lies outside the period of the scan"));
    }
    if options.max_radius_m.is_nan() || options.max_radius_m < 0.0 || options.max_days == 0 {
        return Err(Error::input("a cluster has a radius of at least 0 m and lasts at least one day"));
    }
    if !(options.max_share > 0.0 && options.max_share <= 1.0) {
        return Err(Error::input("the largest share of cases in a circle is above 0 and at most 1"));
    }
    if options.permutations > 1_000_000 {
        return Err(Error::input("at most 1,000,000 permutations can be asked for"));
    }
    Ok(())
}

/// When cases happened, and which runs of days are looked at.
struct Times<'a> {
    /// Cases before each day of the period, and all of them at the end.
    until: &'a [u64],
    max_days: u32,
    alive: bool,
}

fn cases_until(days: &[u32], length: usize) -> Vec<u64> {
    let mut until = vec![0; length + 1];
    for &day in days {
        until[day as usize + 1] += 1;
    }
    for day in 0..length {
        until[day + 1] += until[day];
    }
    until
}

impl Times<'_> {
    /// Calls `found` for runs of days that begin and end with a case of the circle: how many of its cases lie in the
    /// run, how many cases of all places do, and the run's first and last day. A run without a case that joined had the
    /// same cases in the smaller circle, which expected fewer: it is passed over.
    #[inline]
    fn each_run(&self, circle: &Circle<'_>, mut found: impl FnMut(usize, u64, u32, u32)) {
        let end = self.until.len() as u32 - 2;
        let all = circle.until[circle.days.len()];
        let (mut next, mut from) = (0, 0);
        for ((begin, &first), &earlier) in circle.days.iter().enumerate().zip(circle.until) {
            while next < circle.joined.len() && circle.joined[next] < first {
                next += 1;
            }
            let Some(&needed) = circle.joined.get(next) else { return };
            let before = self.until[first as usize];
            if self.alive {
                if end - first < self.max_days {
                    found((all - earlier) as usize, self.until[end as usize + 1] - before, first, end);
                }
                continue;
            }
            if needed - first >= self.max_days {
                continue;
            }
            from = begin.max(from);
            while circle.days[from] < needed {
                from += 1;
            }
            for (&last, &cases) in circle.days[from..].iter().zip(&circle.until[from + 1..]) {
                if last - first >= self.max_days {
                    break;
                }
                found((cases - earlier) as usize, self.until[last as usize + 1] - before, first, last);
            }
        }
    }
}

/// The log of the likelihood ratio of `inside` of `all` cases where `product` / `all` are expected.
fn log_likelihood_ratio(inside: usize, product: u64, all: usize) -> f64 {
    let (c, total) = (inside as f64, all as f64);
    let expected = product as f64 / total;
    if inside < 2 || c <= expected {
        return 0.0;
    }
    let outside = total - c;
    let rest = if inside < all { outside * (outside / (total - expected)).ln() } else { 0.0 };
    c * (c / expected).ln() + rest
}

/// Best cluster of each centre.
fn best_of_each_centre(areas: &Areas, days: &[u32], times: &Times, first: i64) -> Vec<Cluster> {
    let all = days.len();
    let mut clusters = Vec::new();
    let mut room = Room::default();
    for centre in 0..areas.len() {
        let mut best: Option<(f64, usize, usize, u64, u32, u32)> = None;
        areas.each_circle(centre, days, &mut room, |circle| {
            times.each_run(&circle, |cases, of_all, from, to| {
                let product = circle.cases * of_all;
                let llr = log_likelihood_ratio(cases, product, all);
                if llr > best.map_or(0.0, |best| best.0) {
                    best = Some((llr, circle.places, cases, product, from, to));
                }
            });
        });
        clusters.extend(best.map(|(llr, places, cases, product, from, to)| Cluster {
            centre: centre as u32,
            places: areas.nearest(centre, places).to_vec(),
            radius_m: areas.radius(centre, places),
            first_day: first + i64::from(from),
            last_day: first + i64::from(to),
            observed: cases as u64,
            expected: product as f64 / all as f64,
            llr,
            at_least: None,
            p: None,
        }));
    }
    clusters
}

/// The best first; of equal ones the smaller, then the first centre. A cluster that shares a place with a better one is
/// left out.
fn without_overlap(mut clusters: Vec<Cluster>) -> Vec<Cluster> {
    clusters
        .sort_by(|a, b| b.llr.total_cmp(&a.llr).then(a.radius_m.total_cmp(&b.radius_m)).then(a.centre.cmp(&b.centre)));
    let mut taken = std::collections::BTreeSet::new();
    clusters.retain(|cluster| {
        let free = cluster.places.iter().all(|place| !taken.contains(place));
        if free {
            taken.extend(cluster.places.iter().copied());
        }
        free
    });
    clusters
}

/// The best log likelihood ratio of each permutation.
fn best_of_permutations(areas: &Areas, days: &[u32], times: &Times, options: &Options, threads: usize) -> Vec<f64> {
    let next = AtomicUsize::new(0);
    let all = days.len();
    let best = Mutex::new(vec![0.0; options.permutations as usize]);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut dealt = days.to_vec();
                let mut room = Room::default();
                let mut least = vec![u64::MAX; all + 1];
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= options.permutations as usize {
                        break;
                    }
                    dealt.copy_from_slice(days);
                    shuffle(&mut dealt, options.seed, number as u32 + 1);
                    least.fill(u64::MAX);
                    for centre in 0..areas.len() {
                        areas.each_circle(centre, &dealt, &mut room, |circle| {
                            times.each_run(&circle, |count, of_all, _, _| {
                                least[count] = least[count].min(circle.cases * of_all);
                            });
                        });
                    }
                    let found = least.iter().enumerate().skip(2).filter(|(_, product)| **product < u64::MAX);
                    let found = found.map(|(count, &product)| log_likelihood_ratio(count, product, all));
                    let found = found.fold(0.0, f64::max);
                    best.lock().unwrap_or_else(PoisonError::into_inner)[number] = found;
                }
            });
        }
    });
    best.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options {
        max_radius_m: 250.0,
        max_share: 0.5,
        max_days: 20,
        alive: false,
        period: (100, 199),
        permutations: 49,
        seed: 2,
    };

    /// A square of 6 × 6 places 100 m apart with 300 cases, and 24 planted around place 14 on days 130 to 133.
    fn planted() -> (Vec<f64>, Vec<f64>, Vec<u32>, Vec<i64>) {
        let x = (0..36).map(|at| f64::from(at % 6) * 100.0).collect();
        let y = (0..36).map(|at| f64::from(at / 6) * 100.0).collect();
        let mut place: Vec<u32> = (0..300).map(|case| case % 36).collect();
        let mut day: Vec<i64> = (0..300).map(|case| 100 + case % 100).collect();
        shuffle(&mut day, 11, 0);
        place.extend((0..24).map(|case| [14, 13, 15, 8, 20, 14][case % 6]));
        day.extend((0..24).map(|case| 130 + case % 4));
        (x, y, place, day)
    }

    #[test]
    fn what_was_planted_is_found() {
        let (x, y, place, day) = planted();
        let clusters = scan(&x, &y, &place, &day, &OPTIONS).unwrap();
        let best = &clusters[0];
        assert_eq!((best.centre, best.radius_m, best.places.len()), (14, 100.0, 5));
        assert_eq!((best.first_day, best.last_day), (130, 133));
        assert!(best.observed >= 24 && best.p == Some(0.02), "{best:?}");
        let mut seen = std::collections::BTreeSet::new();
        assert!(clusters.iter().flat_map(|cluster| &cluster.places).all(|place| seen.insert(*place)));
        assert!(clusters.windows(2).all(|pair| pair[0].llr >= pair[1].llr));
    }

    #[test]
    fn the_best_is_that_of_every_circle_and_time_one_by_one() {
        let (x, y, place, day) = planted();
        for alive in [false, true] {
            let options = Options { alive, permutations: 0, max_days: 9, ..OPTIONS };
            let all = place.len() as f64;
            let mut best = 0.0_f64;
            for centre in 0..36 {
                for radius in [0.0, 100.0, 141.5, 200.0, 224.0] {
                    let inside = |p: u32| (x[p as usize] - x[centre]).hypot(y[p as usize] - y[centre]) <= radius;
                    let cases = place.iter().filter(|&&p| inside(p)).count() as f64;
                    for from in 100..200 {
                        for to in from..(from + 9).min(200) {
                            if alive && to != 199 {
                                continue;
                            }
                            let within = |d: i64| (from..=to).contains(&d);
                            let c = place.iter().zip(&day).filter(|(p, d)| inside(**p) && within(**d)).count() as f64;
                            let e = cases * day.iter().filter(|d| within(**d)).count() as f64 / all;
                            if c >= 2.0 && c > e {
                                best = best.max(c * (c / e).ln() + (all - c) * ((all - c) / (all - e)).ln());
                            }
                        }
                    }
                }
            }
            let clusters = scan(&x, &y, &place, &day, &options).unwrap();
            assert!((clusters[0].llr - best).abs() < 1e-12, "{alive} {best} {:?}", clusters[0]);
            assert!(clusters.iter().all(|cluster| cluster.p.is_none()));
        }
    }

    #[test]
    fn threads_and_the_order_of_cases_change_nothing() {
        let (x, y, mut place, mut day) = planted();
        let alone = scan_on(&x, &y, &place, &day, &OPTIONS, 1).unwrap();
        assert_eq!(scan_on(&x, &y, &place, &day, &OPTIONS, 3).unwrap(), alone);
        place.reverse();
        day.reverse();
        assert_eq!(scan(&x, &y, &place, &day, &OPTIONS).unwrap(), alone);
    }

    #[test]
    fn a_lone_case_is_no_cluster_and_limits_are_checked() {
        assert!(scan(&[], &[], &[], &[], &OPTIONS).unwrap().is_empty());
        assert!(scan(&[0.0], &[0.0], &[0], &[120], &OPTIONS).unwrap().is_empty());
        // All cases in one place: every day is as expected.
        let one = Options { max_share: 1.0, ..OPTIONS };
        assert!(scan(&[0.0], &[0.0], &[0, 0, 0], &[120, 121, 150], &one).unwrap().is_empty());
        assert!(scan(&[0.0], &[0.0], &[0], &[99], &OPTIONS).unwrap_err().message().contains("outside the period"));
        assert!(scan(&[0.0], &[0.0], &[0], &[120], &Options { max_days: 0, ..OPTIONS }).is_err());
        assert!(scan(&[0.0], &[0.0], &[0], &[120], &Options { max_share: 0.0, ..OPTIONS }).is_err());
        assert!(scan(&[0.0], &[0.0], &[0], &[120], &Options { period: (5, 4), ..OPTIONS }).is_err());
        assert!(scan(&[0.0], &[0.0], &[1], &[120], &OPTIONS).is_err());
    }
}
