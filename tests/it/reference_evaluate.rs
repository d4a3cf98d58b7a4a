//! Public and peer numbers of the methods that test forecasts.

use serde_json::Value;
use vigie::stats::accuracy::{Accuracy, Outcome, Ranking, Ties};
use vigie::stats::history::History;
use vigie::stats::rings::Rings;
use vigie::stats::sepp::{Fitting, fit};

const CRIME: &str = include_str!("../reference/crime.json");
const SEPP: &str = include_str!("../reference/sepp.json");

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn close(what: &str, found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{what}: found {found}, wanted {wanted} within {tolerance}");
}

/// Numbers of crime.json are ours to 17 digits, the pessimistic ones to six.
#[test]
fn pai_index_ties() {
    let all: Value = serde_json::from_str(CRIME).unwrap();
    let cases = &all["pai_index_ties"];
    assert_eq!(cases.as_object().unwrap().len(), 3);
    for (name, ties, tolerance) in [
        ("a", Ties::ByPlace, 1e-9),
        ("b_ties_by_cell_id", Ties::ByPlace, 1e-9),
        ("b_pessimistic", Ties::Pessimistic, 1e-6),
    ] {
        let case = &cases[name];
        let (observed, predicted) = (numbers(&case["observed"]), numbers(&case["predicted"]));
        let ranking = Ranking::of(&predicted).unwrap();
        if let Some(order) = case["order"].as_array() {
            let order: Vec<u64> = order.iter().map(|n| n.as_u64().unwrap()).collect();
            assert_eq!(ranking.order().iter().map(|place| u64::from(*place)).collect::<Vec<_>>(), order, "{name}");
        }
        let outcome = Outcome::new(&observed, &vec![1.0; observed.len()]).unwrap();
        let curve = outcome.curve(&ranking, ties).unwrap();
        let check = |key: &str, of: &dyn Fn(&Accuracy) -> f64| {
            let Some(wanted) = case.get(key) else { return };
            for (at, (found, wanted)) in curve.iter().zip(numbers(wanted)).enumerate() {
                close(&format!("{name} {key} {at}"), of(found), wanted, tolerance);
            }
        };
        check("hit_rate", &|one| one.hit_rate.unwrap());
        check("area_share", &|one| one.area_share);
        check("PAI", &|one| one.pai.unwrap());
        check("PEI_equal_area", &|one| one.pei.unwrap());
        // The bounds of the deterministic order hold the pessimistic one.
        let by_place = outcome.curve(&ranking, Ties::ByPlace).unwrap();
        for (one, given) in by_place.iter().zip(&curve) {
            assert!(one.caught_worst <= given.caught && given.caught <= one.caught_best, "{name}");
        }
    }
}

/// The same process fitted pair by pair (tests/peers/sepp.py): sums in another order, so 1e-9 relative.
#[test]
fn a_self_exciting_process_is_the_one_of_all_pairs() {
    let all: Value = serde_json::from_str(SEPP).unwrap();
    for case in all["cases"].as_array().unwrap() {
        let whole = |key: &str| case[key].as_u64().unwrap();
        let (places, days) = (whole("places") as usize, whole("days") as u32);
        let next = |place: usize| [place.checked_sub(1), Some(place + 1).filter(|p| *p < places)];
        let lists: Vec<Vec<(u32, u32)>> =
            (0..places).map(|place| next(place).into_iter().flatten().map(|p| (p as u32, 1)).collect()).collect();
        let rings = Rings::from_lists(1, &lists).unwrap();
        let events: Vec<(u32, u32)> = case["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| (event[0].as_u64().unwrap() as u32, days + 1 - event[1].as_u64().unwrap() as u32))
            .collect();
        let how = Fitting {
            background_spread: case["background_spread"].as_f64().unwrap(),
            longest_mean_days: case["longest_mean_days"].as_f64().unwrap(),
            rounds: whole("rounds") as usize,
            tolerance: 0.0,
        };
        let process = fit(&History::collect(places, days, events).unwrap(), &rings, &how).unwrap().unwrap();
        let fitted = &case["fitted"];
        let name = case["name"].as_str().unwrap();
        for (key, found) in [
            ("same_place", process.same_place),
            ("next_places", process.next_places),
            ("daily_decay", process.daily_decay),
            ("log_likelihood", process.log_likelihood),
        ] {
            let wanted = fitted[key].as_f64().unwrap();
            close(&format!("{name} {key}"), found, wanted, 1e-9 * wanted.abs().max(1.0));
        }
        for (found, wanted) in process.background.iter().zip(numbers(&fitted["background"])) {
            close(&format!("{name} background"), *found, wanted, 1e-11);
        }
        // What was drawn is found again as far as a few hundred events can say: the branching ratio within 0.15.
        let drawn = &case["drawn_with"];
        let ratio = drawn["same_place"].as_f64().unwrap() + drawn["next_places"].as_f64().unwrap();
        close(&format!("{name} branching ratio"), process.branching_ratio(), ratio, 0.15);
    }
}
