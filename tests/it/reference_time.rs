//! Public reference numbers of change in time: two counts, displacement, trends, categories, hours of the week.

use serde_json::Value;
use vigie::stats::emerging::{Definition, Step, Trend, categorise};
use vigie::stats::mann_kendall::mann_kendall;
use vigie::stats::six_way::six_way;
use vigie::stats::two_counts::{difference_z, e_test_p, exact_p, z_from_mean};
use vigie::stats::wdd::{Place, Wdd, wdd, weighted};

/// Numbers of crime.json are ours to 17 digits: agree to 1e-9.
const TOLERANCE: f64 = 1e-9;

fn cases(group: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../reference/crime.json")).unwrap();
    all[group].as_array().unwrap().clone()
}

fn close(what: &str, found: f64, wanted: &Value) {
    let wanted = wanted.as_f64().unwrap();
    assert!((found - wanted).abs() <= TOLERANCE, "{what}: found {found}, wanted {wanted}");
}

fn pair(value: &Value) -> (u64, u64) {
    (value[0].as_u64().unwrap(), value[1].as_u64().unwrap())
}

#[test]
fn poisson_two_count() {
    for case in cases("poisson_two_count") {
        let (now, before) = (case["cur"].as_u64().unwrap(), case["prev"].as_u64().unwrap());
        close("exact", exact_p(now, before, 1.0, 1.0).unwrap(), &case["exact_binom_p"]);
        close("difference", difference_z(now, before).unwrap(), &case["z_naive"]);
        close("from a known mean", z_from_mean(now, before as f64).unwrap(), &case["z_2sqrt"]);
    }
}

/// SciPy's `binomtest(k, n, p)`, whose two sides are everything no more likely than what was seen.
#[test]
fn two_counts_over_unequal_lengths() {
    for (now, before, n1, n2, wanted) in [
        (17, 23, 30.0, 31.0, 0.432_079_624_760_005_7),
        (120, 80, 31.0, 28.0, 0.039_788_824_804_075_675),
        (3, 2, 1.0, 3.0, 0.103_515_625),
    ] {
        close("exact", exact_p(now, before, n1, n2).unwrap(), &wanted.into());
    }
}

/// Two of the published outputs of ptools (`wdd_etest_expected.csv`) are of another statistic, and ours differ from them.
/// It drops the pair (0, 0), whose statistic is 0/0: by our definition it is 0, and counts where the statistic observed is
/// 0 too, so that p is 1 and not 1 − P(0, 0). And for unequal lengths its 100/10 against 25/5 is 0.001538, which is the
/// sum with a pooled variance, (x₁ + x₂)/(n₁ + n₂) · (1/n₁ + 1/n₂); the paper's is unpooled, and SciPy's
/// `poisson_means_test` gives 0.000574719216 as we do.
#[test]
fn etest() {
    for case in cases("etest") {
        let (first, second) = pair(&case["k"]);
        close("p", e_test_p(first, second, 1.0, 1.0).unwrap(), &case["p"]);
    }
    for (first, second, n1, n2, wanted) in [
        (0, 3, 1.0, 1.0, 0.088_379_009_454_835_19),
        (10, 5, 1.0, 1.0, 0.206_164_414_075_763_9),
        (100, 25, 10.0, 5.0, 0.000_574_719_215_709_602),
        (15, 5, 1.0, 1.0, 0.025_035_114_389_344_547),
        (6, 3, 2.0, 1.0, 0.999_876_590_195_913_4 + (-9.0_f64).exp()),
    ] {
        close("published", e_test_p(first, second, n1, n2).unwrap(), &wanted.into());
    }
}

#[test]
fn weighted_displacement_difference() {
    for case in cases("wdd") {
        let place = |name: &str, at: usize| {
            let (before, after) = pair(&case[name]);
            Place { before, after, size: case["area_w"][at].as_f64().unwrap() }
        };
        let moved = (place("disp_treated", 3), place("disp_control", 2));
        let lengths = (case["time_w"][0].as_f64().unwrap(), case["time_w"][1].as_f64().unwrap());
        let found = wdd(place("treated", 1), place("control", 0), Some(moved), lengths).unwrap();
        close("difference", found.difference, &case["wdd"]);
        close("standard error", found.standard_error(), &case["se"]);
        close("z", found.z().unwrap(), &case["z"]);
        let (low, high) = found.interval(1.0 - case["alpha"].as_f64().unwrap()).unwrap();
        close("lower", low, &case["lo"]);
        close("upper", high, &case["hi"]);
    }
}

#[test]
fn weighted_displacement_difference_of_harm() {
    let of = |treated: (u64, u64), control: (u64, u64)| -> Wdd {
        wdd(Place::new(treated.0, treated.1), Place::new(control.0, control.1), None, (1.0, 1.0)).unwrap()
    };
    let harm = weighted(&[
        (of((130, 74), (133, 91)), 3.0),
        (of((327, 202), (388, 305)), 2.0),
        (of((398, 190), (148, 97)), 5.0),
        (of((144, 92), (86, 64)), 7.0),
        (of((183, 96), (94, 67)), 10.0),
    ])
    .unwrap();
    close("harm", harm.difference, &(-1721.0).into());
    close("standard error", harm.standard_error(), &304.103_600_767_896_2.into());
    let (low, high) = harm.interval(0.95).unwrap();
    assert!((low + 2_317.032_105_074_023_5).abs() < 1e-6 && (high + 1_124.967_894_925_976_5).abs() < 1e-6);
}

#[test]
fn trends() {
    for case in cases("mann_kendall") {
        let x: Vec<f64> = case["x"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        let found = mann_kendall(&x).unwrap();
        assert_eq!(found.s, case["S"].as_i64().unwrap());
        close("variance", found.variance, &case["var"]);
        close("z", found.z, &case["Z"]);
        close("p", found.p, &case["p"]);
        close("slope", found.sen_slope, &case["sen_slope"]);
    }
}

fn steps(case: &Value) -> Vec<Step> {
    let step = |letter| match letter {
        'H' => Step::Hot,
        'C' => Step::Cold,
        _ => Step::Neither,
    };
    case["seq"].as_str().unwrap().chars().map(step).collect()
}

#[test]
fn emerging_hot_spot_categories() {
    let mut seen = 0;
    for case in cases("ehsa") {
        let trend = match case["trend"].as_str().unwrap() {
            "u" => Trend::Up,
            "d" => Trend::Down,
            _ => Trend::Flat,
        };
        let words = |definition| match categorise(&steps(&case), trend, definition) {
            Some((pattern, side)) => format!("{} {}", pattern.word(), side.word()),
            None => "none".to_owned(),
        };
        assert_eq!(words(Definition::Esri3), case["decided"].as_str().unwrap(), "{}", case["seq"]);
        // The older wording allows several; what we decide must be one of them.
        let allowed: Vec<&str> =
            case["esri_2x_all_matches"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
        let older = words(Definition::Esri2);
        assert!(allowed.contains(&older.as_str()) || (allowed.is_empty() && older == "none"), "{older}: {case}");
        seen += 1;
    }
    assert_eq!(seen, 18);
}

#[test]
fn six_classes_by_their_documentation() {
    let mut differs = 0;
    for case in cases("sfhotspot_classify") {
        let found = six_way(&steps(&case)).unwrap().words();
        let wanted = case["documented_rule"].as_str().unwrap();
        let wanted = if wanted == "none" { wanted.to_owned() } else { format!("{wanted} hot") };
        assert_eq!(found, wanted, "{}", case["seq"]);
        differs += usize::from(case["documented_rule"] != case["sfhotspot_1_0_code"]);
    }
    println!("sfhotspot: {differs} of its sequences are classed otherwise by its code than by its documentation");
}
