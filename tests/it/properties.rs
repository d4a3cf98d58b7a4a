//! What must hold for every input, not only for the cases somebody thought of.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use vigie::analysis::disclosure::{Policy, release};
use vigie::analysis::flow::FlowRow;
use vigie::analysis::hotspot::{CellCount, Method, Question, score};
use vigie::analysis::kpi::KpiRow;
use vigie::analysis::selection::Selection;
use vigie::analysis::trend::{StepRow, Trend, Year, change};
use vigie::model::access::{Principal, Role};
use vigie::model::time::{Period, parse_date};
use vigie::space::{Cell, Point, StudyArea};
use vigie::stats::fdr::{benjamini_hochberg, benjamini_yekutieli};
use vigie::stats::gi_star::{gi_star, gi_star_weighted};
use vigie::stats::neighbours::Neighbours;

/// The same cases on every run: a failure is there for everybody.
fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// Values and who is next to whom.
fn a_map() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<u32>>)> {
    (3_usize..25).prop_flat_map(|n| {
        let values = prop::collection::vec((0_u32..60).prop_map(f64::from), n);
        let lists = prop::collection::vec(prop::collection::vec(0..n as u32, 0..6), n).prop_map(|mut lists| {
            for (place, list) in lists.iter_mut().enumerate() {
                list.retain(|other| *other as usize != place);
                list.sort_unstable();
                list.dedup();
            }
            lists
        });
        (values, lists)
    })
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
        _ => false,
    }
}

fn public() -> Principal {
    Principal { name: "reader".into(), roles: vec![Role::Public], via: "test", purpose: None }
}

fn question(resolution: u8) -> Question {
    let period = Period::new(parse_date("2017-01-01").unwrap(), parse_date("2018-01-01").unwrap()).unwrap();
    Question { selection: Selection::of("crimes", period), resolution, method: Method::GiStar }
}

fn month(count: u64, base: Option<u64>, rolling_12: u64, ytd: u64) -> StepRow {
    let (change_share, change) = change(count, base);
    StepRow {
        series: None,
        step: "2017-05".into(),
        month: Some("2017-05".into()),
        from: parse_date("2017-05-01").unwrap(),
        days: 31,
        count: Some(count),
        undefined_reason: None,
        year: Some(Year {
            rolling_12: Some(rolling_12),
            same_month_last_year: base,
            change_share,
            change,
            ytd: Some(ytd),
            ytd_last_year: base,
        }),
    }
}

fn share(at: usize, top: u32, all: u32) -> KpiRow {
    KpiRow {
        period: format!("{}", 1900 + at),
        value: Some(f64::from(top) / f64::from(all.max(1))),
        numerator: Some(f64::from(top)),
        denominator: Some(f64::from(all)),
        excluded: BTreeMap::from([("cancelled".to_owned(), u64::from(top))]),
        ..KpiRow::default()
    }
}

/// Whole numbers from 1 to `k − 1` at any of the keys, anywhere in a JSON text.
fn small_at(value: &serde_json::Value, keys: &[&str], k: u32) -> bool {
    match value {
        serde_json::Value::Array(items) => items.iter().any(|item| small_at(item, keys, k)),
        serde_json::Value::Object(map) => map.iter().any(|(key, value)| {
            let small = value.as_f64().is_some_and(|n| n >= 1.0 && n < f64::from(k));
            (keys.contains(&key.as_str()) && small) || small_at(value, keys, k)
        }),
        _ => false,
    }
}

proptest! {
    #![proptest_config(seeded(256))]

    #[test]
    fn gi_star_does_not_depend_on_the_scale_of_a_row(
        (values, lists) in a_map(), factors in prop::collection::vec(0.01_f64..100.0, 25),
    ) {
        let binary = gi_star(&values, &Neighbours::from_lists(&lists).unwrap()).unwrap();
        let rows: Vec<Vec<(u32, f64)>> = lists.iter().enumerate().map(|(place, list)| {
            let itself = std::iter::once((place as u32, factors[place]));
            itself.chain(list.iter().map(|other| (*other, factors[place]))).collect()
        }).collect();
        let scaled = gi_star_weighted(&values, &rows).unwrap();
        prop_assert_eq!(binary.undefined, scaled.undefined);
        for (a, b) in binary.z.iter().zip(&scaled.z) {
            prop_assert!(close(*a, *b), "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn renaming_places_renames_their_z((values, lists) in a_map(), shift in 1_usize..25) {
        let n = values.len();
        let to = |place: usize| (place + shift) % n;
        let mut moved_values = vec![0.0; n];
        let mut moved_lists = vec![Vec::new(); n];
        for place in 0..n {
            moved_values[to(place)] = values[place];
            moved_lists[to(place)] = lists[place].iter().map(|other| to(*other as usize) as u32).collect();
        }
        let here = gi_star(&values, &Neighbours::from_lists(&lists).unwrap()).unwrap();
        let there = gi_star(&moved_values, &Neighbours::from_lists(&moved_lists).unwrap()).unwrap();
        for place in 0..n {
            prop_assert!(close(here.z[place], there.z[to(place)]));
        }
    }

    #[test]
    fn parents_keep_the_total(points in prop::collection::vec((49.16_f64..49.27, -2.26_f64..-2.0), 1..200)) {
        let mut stored: BTreeMap<Cell, u64> = BTreeMap::new();
        for (lat, lon) in &points {
            *stored.entry(Cell::at(Point { lat: *lat, lon: *lon }, Cell::STORED).unwrap()).or_default() += 1;
        }
        for resolution in Question::MIN_RESOLUTION..=Question::MAX_RESOLUTION {
            let mut coarse: BTreeMap<Cell, u64> = BTreeMap::new();
            for (cell, count) in &stored {
                *coarse.entry(cell.parent(resolution).unwrap()).or_default() += count;
            }
            prop_assert_eq!(coarse.values().sum::<u64>(), points.len() as u64);
            prop_assert!(coarse.keys().all(|cell| cell.resolution() == resolution));
        }
    }

    #[test]
    fn q_is_at_least_p_and_keeps_its_order(
        p in prop::collection::vec(prop::option::weighted(0.9, 0.0_f64..=1.0), 0..60),
    ) {
        let hochberg = benjamini_hochberg(&p);
        let yekutieli = benjamini_yekutieli(&p);
        for (i, p_i) in p.iter().enumerate() {
            prop_assert_eq!(p_i.is_some(), hochberg[i].is_some());
            let (Some(p_i), Some(q_i), Some(y_i)) = (p_i, hochberg[i], yekutieli[i]) else { continue };
            prop_assert!(*p_i <= q_i && q_i <= y_i && y_i <= 1.0);
            for (j, p_j) in p.iter().enumerate() {
                let (Some(p_j), Some(q_j)) = (p_j, hochberg[j]) else { continue };
                prop_assert!(p_i > p_j || q_i <= q_j);
            }
        }
    }

    #[test]
    fn release_never_shows_a_small_month_share_or_hour(
        counts in prop::collection::vec((0_u64..30, prop::option::of(0_u64..30), 0_u64..99, 0_u64..50), 0..14),
        shares in prop::collection::vec((0_u32..30, 0_u32..30), 0..14),
        reads in prop::collection::vec(0_u64..20, 0..14),
        k in 1_u32..12,
    ) {
        let policy = Policy { threshold: k };
        let months: Vec<StepRow> = counts.iter().map(|(n, base, rolling, ytd)| month(*n, *base, *rolling, *ytd)).collect();
        let months = serde_json::to_value(release(Trend { rows: months, ..Trend::default() }, &policy, &public())).unwrap();
        prop_assert!(!small_at(&months, &["count", "rolling_12", "same_month_last_year", "ytd", "ytd_last_year"], k));
        let rows: Vec<KpiRow> = shares.iter().enumerate().map(|(at, (a, b))| share(at, *a.min(b), *a.max(b))).collect();
        let released = release(rows, &policy, &public());
        for row in released.iter() {
            if let (Some(top), Some(all)) = (row.numerator, row.denominator) {
                prop_assert!(!(all - top >= 1.0 && all - top < f64::from(k)));
            }
        }
        let rows = serde_json::to_value(&released).unwrap();
        prop_assert!(!small_at(&rows, &["numerator", "denominator", "cancelled"], k));
        let hours: Vec<FlowRow> = reads.iter().map(|n| FlowRow {
            camera_id: "C01".into(),
            name: "Tunnel".into(),
            local_on: parse_date("2017-05-05").unwrap(),
            local_hour: 7,
            reads: Some(*n),
        }).collect();
        let hours = serde_json::to_value(release(hours, &policy, &public())).unwrap();
        prop_assert!(!small_at(&hours, &["reads"], k));
    }
}

proptest! {
    #![proptest_config(seeded(16))]

    #[test]
    fn release_never_shows_a_small_cell(
        points in prop::collection::vec((49.17_f64..49.25, -2.24_f64..-2.02, 1_u64..12), 1..60), k in 1_u32..12,
    ) {
        let counts: Vec<CellCount> = points.iter().map(|(lat, lon, count)| CellCount {
            cell: Cell::at(Point { lat: *lat, lon: *lon }, 8).unwrap(),
            count: *count,
        }).collect();
        let all: u64 = counts.iter().map(|c| c.count).sum();
        let map = score(&counts, &StudyArea::jersey().unwrap(), &question(8)).unwrap();
        prop_assert_eq!(map.total().unwrap() + map.outside_study_area.unwrap(), all);
        let shown = serde_json::to_value(release(map, &Policy { threshold: k }, &public())).unwrap();
        prop_assert!(!small_at(&shown, &["count", "outside_study_area"], k));
        let hidden = shown["rows"].as_array().unwrap().iter().any(|row| row["count"].is_null());
        let dependent = shown["rows"].as_array().unwrap().iter().any(|row| !row["z"].is_null());
        prop_assert!(!(hidden && dependent), "a z of a map with a hidden count");
    }

    #[test]
    fn the_order_of_counts_does_not_matter(seed in 0_usize..1000) {
        let jersey = StudyArea::jersey().unwrap();
        let cells = jersey.cells(8).unwrap();
        let mut counts: Vec<CellCount> =
            cells.iter().enumerate().map(|(i, cell)| CellCount { cell: *cell, count: (i * seed % 17) as u64 }).collect();
        let forwards = score(&counts, &jersey, &question(8)).unwrap();
        counts.reverse();
        prop_assert_eq!(forwards, score(&counts, &jersey, &question(8)).unwrap());
    }
}
