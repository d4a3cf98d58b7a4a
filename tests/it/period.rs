//! What must hold of the methods for one period whatever the input, and of the commands that ask them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use vigie::stats::concentration::{concentration, share_by_chance};
use vigie::stats::conditional_permutation::conditional_permutation;
use vigie::stats::gi::gi;
use vigie::stats::harm::harm;
use vigie::stats::kde::{Kernel, Points, density};
use vigie::stats::moran::local_moran;
use vigie::stats::nearest_neighbour::{Rule, clusters};
use vigie::stats::neighbours::Neighbours;

/// The same cases on every run: a failure is there for everybody.
fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// Values and who is next to whom, both ways.
fn a_map() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<u32>>)> {
    (4_usize..25).prop_flat_map(|n| {
        let values = prop::collection::vec((0_u32..30).prop_map(f64::from), n);
        let pairs = prop::collection::vec((0..n as u32, 0..n as u32), 0..60).prop_map(move |pairs| {
            let mut lists = vec![Vec::new(); n];
            for (a, b) in pairs.into_iter().filter(|(a, b)| a != b) {
                lists[a as usize].push(b);
                lists[b as usize].push(a);
            }
            lists
        });
        (values, pairs)
    })
}

proptest! {
    #![proptest_config(seeded(128))]

    #[test]
    fn moran_and_gi_ask_the_same_of_the_neighbours((values, lists) in a_map()) {
        let map = Neighbours::from_lists(&lists).unwrap();
        let (moran, gi) = (local_moran(&values, &map).unwrap(), gi(&values, &map).unwrap());
        for (m, g) in moran.z.iter().zip(&gi) {
            // Moran has no z at the mean itself, or where all others are equal: Gi may.
            if let (Some(m), Some(g)) = (m, g) {
                prop_assert!((m.abs() - g.abs()).abs() < 1e-6 * g.abs().max(1.0), "{m} {g}");
            }
        }
    }

    #[test]
    fn both_sides_of_a_permutation_p_make_more_than_one((values, lists) in a_map(), seed in 0_u64..1_000) {
        let found = conditional_permutation(&values, &Neighbours::from_lists(&lists).unwrap(), 99, seed).unwrap();
        for ((greater, less), both) in found.greater.iter().zip(&found.less).zip(&found.two_sided) {
            prop_assert_eq!(greater.is_some(), both.is_some());
            let (Some(greater), Some(less), Some(both)) = (greater, less, both) else { continue };
            // Every draw counts on one side at least, ties on both, and the observed sum on both.
            prop_assert!(greater + less >= 1.0 && *greater >= 0.01 && *less >= 0.01 && *both <= 1.0);
            prop_assert!((both - (2.0 * greater.min(*less)).min(1.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_shift_or_a_scale_of_all_values_leaves_the_permutation_p((values, lists) in a_map(), scale in 0.1_f64..9.0) {
        let map = Neighbours::from_lists(&lists).unwrap();
        let other: Vec<f64> = values.iter().map(|value| value * scale).collect();
        let p = |values: &[f64]| conditional_permutation(values, &map, 199, 4).unwrap();
        prop_assert_eq!(p(&values), p(&other));
    }

    #[test]
    fn a_density_is_the_sum_of_its_parts(
        x in prop::collection::vec(0.0_f64..900.0, 2..60), h in 20.0_f64..500.0, kernel in 0_usize..6,
    ) {
        let y: Vec<f64> = x.iter().map(|x| (x * 7.3) % 400.0).collect();
        let kernel = Kernel::ALL[kernel];
        let centres = Points { x: &[100.0, 450.0, 800.0], y: &[100.0, 200.0, 300.0] };
        let cut = x.len() / 2;
        let of = |x: &[f64], y: &[f64]| density(Points { x, y }, centres, kernel, h).unwrap();
        let (all, first, second) = (of(&x, &y), of(&x[..cut], &y[..cut]), of(&x[cut..], &y[cut..]));
        for at in 0..3 {
            prop_assert!((all[at] - first[at] - second[at]).abs() <= 1e-12 * all[at].max(1e-9));
        }
    }

    #[test]
    fn away_from_edges_the_mass_of_a_density_is_one(
        x in prop::collection::vec(0.0_f64..500.0, 1..40), kernel in 0_usize..6,
    ) {
        let y: Vec<f64> = x.iter().map(|x| (x * 3.7) % 500.0).collect();
        let kernel = Kernel::ALL[kernel];
        // Centres 20 m apart, as far as a kernel of 240 m reaches beyond all events.
        let line: Vec<f64> = (-13..39).map(|i| f64::from(i) * 20.0).collect();
        let (cx, cy): (Vec<f64>, Vec<f64>) = line.iter().flat_map(|x| line.iter().map(|y| (*x, *y))).unzip();
        let h = 240.0 / kernel.reach();
        let found = density(Points { x: &x, y: &y }, Points { x: &cx, y: &cy }, kernel, h).unwrap();
        let mass = found.iter().sum::<f64>() * 400.0 / x.len() as f64;
        // The flat kernel has a cliff at its edge, which a lattice of 20 m follows less well.
        let tolerance = if kernel == Kernel::Uniform { 0.06 } else { 0.01 };
        prop_assert!((mass - 1.0).abs() < tolerance, "{} {mass}", kernel.name());
    }

    #[test]
    fn concentration_keeps_its_bounds(counts in prop::collection::vec(0_u64..40, 1..80)) {
        let Some(found) = concentration(&counts).unwrap() else {
            prop_assert_eq!(counts.iter().sum::<u64>(), 0);
            return Ok(());
        };
        prop_assert!(found.gini >= -1e-12 && found.gini < 1.0);
        prop_assert!(found.gini_adjusted >= -1e-12 && found.gini_adjusted <= found.gini + 1e-12);
        let mut before = 0;
        for share in [0.1, 0.25, 0.5, 0.8, 1.0] {
            let held = found.share_for(share).unwrap();
            prop_assert!(held.events as f64 >= share * found.events as f64 - 1e-9 && held.places >= before);
            before = held.places;
            let chance = share_by_chance(found.places, found.events, share).unwrap();
            prop_assert!(chance > 0.0 && chance <= 1.0 + 1e-9);
        }
        prop_assert_eq!(before, found.occupied);
        prop_assert!(found.curve.windows(2).all(|pair| pair[0].event_share <= pair[1].event_share));
    }

    #[test]
    fn no_record_is_lost_between_weighed_and_unweighed(counts in prop::collection::vec(0_u64..50, 1..9)) {
        let groups: Vec<String> = (0..counts.len()).map(|at| format!("group {at}")).collect();
        let weights: BTreeMap<String, f64> = groups.iter().step_by(2).map(|group| (group.clone(), 1.0)).collect();
        let found = harm(groups.iter().map(String::as_str).zip(counts.iter().copied()), &weights);
        prop_assert!((found.weighted + found.unweighted_records as f64 - counts.iter().sum::<u64>() as f64).abs() < 1e-9);
    }

    #[test]
    fn a_point_is_in_one_knot_of_an_order_at_most(
        x in prop::collection::vec(0.0_f64..300.0, 0..120), threshold in 1.0_f64..60.0, minimum in 2_usize..6,
    ) {
        let y: Vec<f64> = x.iter().map(|x| (x * 5.1) % 97.0).collect();
        let rule = Rule { threshold: Some(threshold), minimum, chance: 0.05, area: 30_000.0 };
        let found = clusters(&x, &y, &rule).unwrap();
        for order in 1..=found.thresholds.len() as u32 {
            let knots: Vec<_> = found.knots.iter().filter(|knot| knot.order == order).collect();
            let mut all: Vec<usize> = knots.iter().flat_map(|knot| knot.points.iter().copied()).collect();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(all.len(), count);
            prop_assert!(knots.iter().all(|knot| knot.parts.len() >= minimum));
        }
    }
}
