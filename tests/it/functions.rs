//! The functions of place and time that SQL may use, each against a value known from elsewhere.

use serde_json::{Value, json};

use crate::support::{island, rows, vigie};

/// The one value of a one-row statement.
fn value(expression: &str) -> Value {
    let answer = vigie(island(), &["--json", "sql", &format!("SELECT {expression} AS v")]).ok();
    rows(&answer)[0]["v"].clone()
}

#[test]
fn cells_are_those_of_h3() {
    // The example of the H3 documentation.
    assert_eq!(value("h3_string(h3_cell(37.3615593, -122.0553238, 7))"), "87283472bffffff");
    let cell = "h3_cell(49.1857, -2.1075, 11)";
    assert_eq!(value(&format!("h3_string(h3_parent({cell}, 7))")), value("h3_string(h3_cell(49.1857, -2.1075, 7))"));
    assert_eq!(value(&format!("cardinality(h3_disk({cell}, 1))")), 7);
    assert_eq!(value(&format!("h3_distance_m({cell}, {cell})")), 0.0);
    assert_eq!(value("h3_cell(NULL, -2.1, 9)"), Value::Null);
    // One degree of latitude is 111.2 km on the sphere.
    let metres = value("h3_distance_m(h3_cell(49.0, -2.0, 13), h3_cell(50.0, -2.0, 13))").as_f64().unwrap();
    assert!((metres - 111_195.0).abs() < 10.0, "{metres}");
}

#[test]
fn local_time_knows_summer_time() {
    let at = "arrow_cast('2017-06-30T23:30:00Z', 'Timestamp(Microsecond, Some(\"UTC\"))')";
    assert_eq!(value(&format!("local_date({at})")), "2017-07-01");
    assert_eq!(value(&format!("local_hour({at})")), 0);
}

#[test]
fn a_night_shift_belongs_to_the_date_on_which_it_starts() {
    let shift = |on: &str, minute: u32| value(&format!("shift(DATE '{on}', {minute})"));
    assert_eq!(shift("2017-05-06", 2 * 60), "2017-05-05 night");
    assert_eq!(shift("2017-05-06", 12 * 60), "2017-05-06 day");
    assert_eq!(shift("2017-05-06", 23 * 60), "2017-05-06 night");
    assert_eq!(value("daypart(600)"), "day");
    assert_eq!(value("daypart(1300)"), "night");
}

#[test]
fn bands_over_midnight_keep_their_weekday() {
    // Friday and Saturday are bits 4 and 5. 6 May 2017 was a Saturday.
    let inside = |on: &str, minute: u32| value(&format!("in_daypart(DATE '{on}', {minute}, 1260, 240, 48)"));
    assert_eq!(inside("2017-05-06", 120), json!(true), "Saturday 02:00 is of Friday night");
    assert_eq!(inside("2017-05-05", 120), json!(false), "Friday 02:00 is of Thursday night");
}
