//! Public reference numbers of the methods for one period: cases of crime.json, and numbers of esda and scikit-learn that
//! `tests/peers/place_reference.py` wrote to place.json.

use std::collections::BTreeMap;

use serde_json::Value;
use vigie::space::dbscan::dbscan;
use vigie::stats::conditional_permutation::conditional_permutation;
use vigie::stats::gi::gi;
use vigie::stats::harm::harm;
use vigie::stats::kde::{Kernel, Points, density};
use vigie::stats::moran::{Quadrant, global_moran, local_moran};
use vigie::stats::neighbours::Neighbours;

/// Numbers of crime.json are given to 17 digits.
const CRIME_TOLERANCE: f64 = 1e-9;

fn crime() -> Value {
    serde_json::from_str(include_str!("../reference/crime.json")).unwrap()
}

fn place() -> Value {
    serde_json::from_str(include_str!("../reference/place.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn neighbours(value: &Value) -> Neighbours {
    let list = |row: &Value| row.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as u32).collect();
    let lists: Vec<Vec<u32>> = value.as_array().unwrap().iter().map(list).collect();
    Neighbours::from_lists(&lists).unwrap()
}

fn pairs(value: &Value) -> (Vec<f64>, Vec<f64>) {
    value.as_array().unwrap().iter().map(|pair| (pair[0].as_f64().unwrap(), pair[1].as_f64().unwrap())).unzip()
}

fn assert_close(what: &str, found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{what}: found {found}, wanted {wanted} within {tolerance}");
}

#[test]
fn gi_without_the_place_itself_of_six_points() {
    let case = &crime()["gi_6pt"];
    let found = gi(&numbers(&case["y"]), &neighbours(&case["neighbours"])).unwrap();
    for (at, wanted) in numbers(&case["gi_z"]).into_iter().enumerate() {
        assert_close(&format!("gi {at}"), found[at].unwrap(), wanted, CRIME_TOLERANCE);
    }
}

#[test]
fn permutation_p_of_six_points_goes_to_the_exact_one() {
    let case = &crime()["gi_6pt"];
    let draws = 400_000;
    let found = conditional_permutation(&numbers(&case["y"]), &neighbours(&case["neighbours"]), draws, 20).unwrap();
    for wanted in case["exact_conditional_perm_gistar"].as_array().unwrap() {
        let at = wanted["cell"].as_u64().unwrap() as usize;
        for (side, found) in [("p_greater", found.greater[at]), ("p_less", found.less[at])] {
            let exact = wanted[side].as_f64().unwrap();
            // Five standard errors of a share of the draws.
            let tolerance = 5.0 * (exact * (1.0 - exact) / f64::from(draws)).sqrt() + 1e-5;
            assert_close(&format!("{side} {at}"), found.unwrap(), exact, tolerance);
        }
        let exact = wanted["p_two_sided_2min"].as_f64().unwrap();
        assert_close(&format!("two-sided {at}"), found.two_sided[at].unwrap(), exact, 0.01);
    }
}

#[test]
fn quartic_kernel_of_200_m() {
    for case in crime()["kde_quartic_h200"].as_array().unwrap() {
        let (d, wanted) = (case["d"].as_f64().unwrap(), case["k"].as_f64().unwrap());
        assert_close(&format!("at {d} m"), Kernel::Quartic.at(d, 200.0), wanted, 1e-15);
        // The shape without its height is what some systems give for a density.
        let height = 3.0 / (std::f64::consts::PI * 40_000.0);
        assert_close("shape", wanted / height, case["unnormalised"].as_f64().unwrap(), 1e-9);
        let events = Points { x: &[0.0], y: &[0.0] };
        let found = density(events, Points { x: &[d], y: &[0.0] }, Kernel::Quartic, 200.0).unwrap();
        assert_close(&format!("by the grid at {d} m"), found[0], wanted, 1e-15);
    }
}

#[test]
fn harm_of_two_places() {
    let case = &crime()["harm_chi"];
    let weights: BTreeMap<String, f64> = serde_json::from_value(case["weights_days"].clone()).unwrap();
    for place in ["A", "B"] {
        let counts: BTreeMap<String, u64> = serde_json::from_value(case[place]["counts"].clone()).unwrap();
        let found = harm(counts.iter().map(|(group, count)| (group.as_str(), *count)), &weights);
        assert_close(place, found.weighted, case[place]["chi"].as_f64().unwrap(), CRIME_TOLERANCE);
        assert_eq!(found.unweighted_records, 0);
    }
}

#[test]
fn local_and_global_moran_as_esda() {
    let case = &place()["moran"];
    let (values, map) = (numbers(&case["values"]), neighbours(&case["neighbours"]));
    let n = values.len() as f64;
    let found = local_moran(&values, &map).unwrap();
    let permuted = conditional_permutation(&values, &map, 99_999, 1).unwrap();
    for at in 0..values.len() {
        let esda = |name: &str| case[name][at].as_f64().unwrap();
        // esda divides by n − 1 where we, GeoDa and spdep divide by n; its moments are those of division by n.
        assert_close(&format!("I {at}"), found.i[at].unwrap() * (n - 1.0) / n, esda("i_esda"), 1e-9);
        let z = (found.i[at].unwrap() - esda("expected")) / esda("variance").sqrt();
        assert_close(&format!("z {at}"), found.z[at].unwrap(), z, 1e-9);
        assert_eq!(found.quadrant[at].map(Quadrant::words), case["quadrant"][at].as_str(), "quadrant {at}");
        // The I of a low place is high where its neighbours are low. Two runs of 99,999 draws: 5 standard errors.
        let low = values[at] < values.iter().sum::<f64>() / n;
        let (greater, less) =
            if low { (&permuted.less, &permuted.greater) } else { (&permuted.greater, &permuted.less) };
        assert_close(&format!("p greater {at}"), greater[at].unwrap(), esda("p_greater"), 0.012);
        assert_close(&format!("p less {at}"), less[at].unwrap(), esda("p_less"), 0.012);
    }
    let global = global_moran(&values, &map).unwrap().unwrap();
    assert_close("global I", global.i, case["global_i"].as_f64().unwrap(), 1e-9);
    assert_close("its expectation", global.expected, case["global_expected"].as_f64().unwrap(), 1e-12);
}

#[test]
fn dbscan_as_scikit_learn() {
    let case = &place()["dbscan"];
    let (x, y) = pairs(&case["xy"]);
    let points: Vec<(f64, f64)> = x.into_iter().zip(y).collect();
    for run in case["runs"].as_array().unwrap() {
        let eps = run["eps_m"].as_f64().unwrap();
        let found = dbscan(&points, eps, run["minimum"].as_u64().unwrap() as usize).unwrap();
        let mut names: BTreeMap<i64, usize> = BTreeMap::new();
        for (at, found) in found.iter().enumerate() {
            let theirs = run["labels"][at].as_i64().unwrap();
            assert_eq!(found.is_none(), theirs < 0, "eps {eps}, point {at}: noise or not");
            // Core points have one cluster whatever the order; a border point may join either of two.
            let core = run["core"][at].as_bool().unwrap();
            if let (Some(found), true) = (found, core) {
                assert_eq!(names.entry(theirs).or_insert(*found), found, "eps {eps}, point {at}: another cluster");
            }
        }
        let mut ours: Vec<usize> = names.values().copied().collect();
        ours.dedup();
        assert_eq!(ours.len(), names.len(), "eps {eps}: clusters joined");
    }
}

#[test]
fn densities_as_scikit_learn() {
    let case = &place()["kde"];
    let ((x, y), (cx, cy)) = (pairs(&case["events"]), pairs(&case["centres"]));
    for (kernel, wanted) in case["density_per_m2"].as_object().unwrap() {
        let kernel = Kernel::parse(kernel).unwrap();
        let h = case["bandwidth"].as_f64().unwrap();
        let found = density(Points { x: &x, y: &y }, Points { x: &cx, y: &cy }, kernel, h).unwrap();
        for (at, wanted) in numbers(wanted).into_iter().enumerate() {
            assert_close(&format!("{} {at}", kernel.name()), found[at], wanted, 1e-10 * wanted.max(1e-6));
        }
    }
}
