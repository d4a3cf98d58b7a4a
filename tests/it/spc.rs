//! How often control charts cry wolf, and how soon they see a change: simulated with a seed, printed, and held to bounds.

use rand::SeedableRng;
use rand_distr::{Binomial, Distribution, Exp, Normal, Poisson};
use rand_pcg::Pcg64;
use vigie::analysis::kpi_chart::{Season, Series, Settings, chart, season};
use vigie::stats::spc::{ANHOEJ, Kind, MDC_2023, NHSR_02, Nature, Part, Profile, judge_lines, t_line};

const SERIES: usize = 1_000;
/// Points before the step, and after it at most.
const BEFORE: usize = 24;
const AFTER: usize = 60;

/// What a series is drawn from, and how it is charted.
#[derive(Clone, Copy)]
enum Source {
    Normal,
    Count(f64),
    Share(f64),
    Gap,
}

impl Source {
    /// Whether a chart fits what the source gives.
    fn asks_for(self, kind: Option<Kind>) -> bool {
        match self {
            Source::Normal => kind == Some(Kind::Xmr),
            Source::Count(mean) if mean < 10.0 => kind == Some(Kind::Poisson),
            Source::Count(_) => matches!(kind, Some(Kind::Xmr | Kind::C)),
            Source::Share(_) => matches!(kind, Some(Kind::P | Kind::PPrime)),
            Source::Gap => kind.is_none(),
        }
    }
}

struct Case {
    name: &'static str,
    source: Source,
    kind: Option<Kind>,
    profile: &'static Profile,
}

/// Values and parts of a series of `n` points, moved by `step` sigma from `from` on.
fn draw(source: Source, n: usize, from: usize, step: f64, rng: &mut Pcg64) -> (Vec<Option<f64>>, Vec<Option<Part>>) {
    let parts: Vec<Option<Part>> = (0..n)
        .map(|at| {
            let moved = if at >= from { step } else { 0.0 };
            Some(match source {
                Source::Normal => Part { count: Normal::new(100.0 + moved * 10.0, 10.0).unwrap().sample(rng), of: 1.0 },
                Source::Count(mean) => {
                    Part { count: Poisson::new(mean + moved * mean.sqrt()).unwrap().sample(rng), of: 1.0 }
                }
                Source::Share(p) => {
                    let of = 60 + (at as u64 * 37) % 140;
                    let sigma = (p * (1.0 - p) / 130.0).sqrt();
                    let count = Binomial::new(of, (p - moved * sigma).max(0.0)).unwrap().sample(rng);
                    Part { count: count as f64, of: of as f64 }
                }
                // More events: gaps shrink to 1/(1 + step).
                Source::Gap => Part { count: Exp::new((1.0 + moved) / 40.0).unwrap().sample(rng), of: 1.0 },
            })
        })
        .collect();
    let values = parts.iter().map(|part| part.and_then(Part::value)).collect();
    (values, parts)
}

/// Which points are signalled; frozen after `fix_after` points.
fn signals(case: &Case, values: &[Option<f64>], parts: &[Option<Part>], fix_after: Option<usize>) -> Vec<bool> {
    let nature = match case.source {
        Source::Normal => Nature::Other,
        Source::Count(_) => Nature::Count,
        Source::Share(_) => Nature::Share,
        Source::Gap => {
            let line = t_line(&values[..fix_after.unwrap_or(values.len())], case.profile);
            let points = judge_lines(values, &vec![line; values.len()], case.profile);
            return points.iter().map(|point| point.signal.is_some()).collect();
        }
    };
    let series = Series { nature, dates: &[], values, parts, per: 1.0, versions: &[] };
    let settings = Settings { kind: case.kind, profile: *case.profile, fix_after, ..Settings::by_size() };
    chart(&series, &settings).unwrap().points.iter().map(|point| point.signal.is_some()).collect()
}

/// Share of quiet series with a signal anywhere, and with one at the last point.
fn false_alarms(case: &Case, n: usize, rng: &mut Pcg64) -> (f64, f64) {
    let (mut any, mut last) = (0, 0);
    for _ in 0..SERIES {
        let (values, parts) = draw(case.source, n, n, 0.0, rng);
        let found = signals(case, &values, &parts, None);
        any += usize::from(found.iter().any(|signal| *signal));
        last += usize::from(found[n - 1]);
    }
    (any as f64 / SERIES as f64, last as f64 / SERIES as f64)
}

/// Points after a step until the newest one is signalled, with limits frozen before it: median and 90th percentile.
fn points_until(case: &Case, step: f64, rng: &mut Pcg64) -> (usize, usize) {
    let series = SERIES / 4;
    let mut waits: Vec<usize> = (0..series)
        .map(|_| {
            let (values, parts) = draw(case.source, BEFORE + AFTER, BEFORE, step, rng);
            (1..=AFTER)
                .find(|after| {
                    let n = BEFORE + after;
                    signals(case, &values[..n], &parts[..n], Some(BEFORE))[n - 1]
                })
                .unwrap_or(AFTER + 1)
        })
        .collect();
    waits.sort_unstable();
    (waits[series / 2], waits[series * 9 / 10])
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

#[test]
fn false_alarms_and_points_until_a_step_are_as_stated() {
    let case = |name, source, kind, profile| Case { name, source, kind, profile };
    let all = [
        case("XmR, normal values", Source::Normal, Some(Kind::Xmr), &NHSR_02),
        case("XmR, normal values", Source::Normal, Some(Kind::Xmr), &MDC_2023),
        case("XmR, normal values", Source::Normal, Some(Kind::Xmr), &ANHOEJ),
        case("XmR, counts of mean 100", Source::Count(100.0), None, &NHSR_02),
        case("c, counts of mean 25", Source::Count(25.0), Some(Kind::C), &NHSR_02),
        case("Poisson, counts of mean 4", Source::Count(4.0), None, &NHSR_02),
        case("Poisson, counts of mean 4", Source::Count(4.0), Some(Kind::Poisson), &ANHOEJ),
        case("Poisson, counts of mean 1.3", Source::Count(1.3), Some(Kind::Poisson), &NHSR_02),
        case("XmR, counts of mean 1.3", Source::Count(1.3), Some(Kind::Xmr), &NHSR_02),
        case("c, counts of mean 1.3", Source::Count(1.3), Some(Kind::C), &NHSR_02),
        case("p, 80% of 60 to 200", Source::Share(0.8), Some(Kind::P), &NHSR_02),
        case("p′, 80% of 60 to 200", Source::Share(0.8), Some(Kind::PPrime), &NHSR_02),
        case("t, exponential gaps", Source::Gap, None, &NHSR_02),
    ];
    println!(
        "Quiet series with a signal, of {SERIES}; points until a step is signalled (median, 90th percentile; 61 is never),"
    );
    println!(
        "limits frozen after {BEFORE} points. Sigma is that of the values; for gaps 1 + step times as many events."
    );
    println!(
        "{:<30}{:<10}{:>8}{:>8}{:>8}{:>8}  {:>9}{:>9}{:>9}{:>9}",
        "chart", "profile", "24 any", "last", "36 any", "last", "1 sigma", "1.5", "2", "3"
    );
    for (seed, case) in (1_u64..).zip(&all) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let (any_24, last_24) = false_alarms(case, 24, &mut rng);
        let (any_36, last_36) = false_alarms(case, 36, &mut rng);
        let waits: Vec<(usize, usize)> =
            [1.0, 1.5, 2.0, 3.0].iter().map(|step| points_until(case, *step, &mut rng)).collect();
        let shown: Vec<String> = waits.iter().map(|(median, late)| format!("{median}, {late}")).collect();
        println!(
            "{:<30}{:<10}{:>8}{:>8}{:>8}{:>8}  {:>9}{:>9}{:>9}{:>9}",
            case.name,
            case.profile.name,
            percent(any_24),
            percent(last_24),
            percent(any_36),
            percent(last_36),
            shown[0],
            shown[1],
            shown[2],
            shown[3]
        );
        // Charts that the size of the values does not ask for are printed to show why.
        if case.kind.is_none() || case.source.asks_for(case.kind) {
            assert!(any_24 < 0.3 && any_36 < 0.4 && last_36 < 0.04, "{}: {any_24} {any_36} {last_36}", case.name);
            // A gap is over only with the next event, so shorter ones take longer to stand out.
            let (median, late) = if matches!(case.source, Source::Gap) { (10, 25) } else { (4, 10) };
            assert!(waits[3].0 <= median && waits[3].1 <= late, "{}: {waits:?}", case.name);
        }
        assert!(waits.is_sorted_by(|a, b| a.0 >= b.0), "a larger step is seen sooner: {waits:?}");
    }
}

#[test]
fn a_series_without_its_season_cries_wolf_as_often_as_one_that_had_none() {
    let noise = Normal::new(0.0, 10.0).unwrap();
    let share = |n: usize, swing: f64, rng: &mut Pcg64| {
        let (mut seasonal, mut alarms) = (0, 0);
        for _ in 0..SERIES {
            let values: Vec<Option<f64>> = (0..n)
                .map(|t| Some(100.0 + swing * (t as f64 / 12.0 * std::f64::consts::TAU).sin() + noise.sample(rng)))
                .collect();
            if let Season::Found(found) = season(&values, 12, false, &NHSR_02) {
                seasonal += 1;
                alarms += usize::from(found.points.iter().any(|point| point.signal.is_some()));
            }
        }
        (seasonal as f64 / SERIES as f64, alarms as f64 / f64::from(seasonal.max(1)))
    };
    println!("{:<10}{:<24}{:>14}{:>30}", "points", "season", "season found", "adjusted series with a signal");
    for n in [24, 36, 60] {
        let mut rng = Pcg64::seed_from_u64(n as u64);
        let (none, _) = share(n, 0.0, &mut rng);
        let (found, alarms) = share(n, 30.0, &mut rng);
        println!("{n:<10}{:<24}{:>14}{:>30}", "none", percent(none), "-");
        println!("{n:<10}{:<24}{:>14}{:>30}", "of three sigma", percent(found), percent(alarms));
        assert!(none < 0.02, "{n}: {none}");
        assert!(found > 0.9 && alarms < 0.55, "{n}: {found} {alarms}");
    }
}
