//! Positions from text to columns: systems, exchanged numbers, the coast, snapped points; and the other remarks of a row.

use std::io::Cursor;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;

use crate::ingest::{Cleaned, Context, Feed, Label, Reader, clean};
use crate::space::{Areas, Lattice, Point, distance::great_circle_m};

const STOPS: &str = "schema = 1\nname = \"try\"\ntitle = \"A trial\"\ntable = \"stops\"\nzone = \"Europe/Jersey\"\n\
    keys = [\"id\"]\nrepeats = \"revision\"\nPLACE\n[columns]\nstop_id = { from = \"id\" }\n\
    stopped_at = { from = \"at\", formats = [\"%Y-%m-%d %H:%M\"] }\n";
const DEGREES: &str = "place = { lat = \"n\", lon = \"e\" }";

fn metres(code: &str) -> String {
    format!("place = {{ x = \"e\", y = \"n\", crs = \"{code}\" }}")
}

fn cleaned(feed: &Feed, text: &str, areas: Option<&Areas>, coast_tolerance_m: f64) -> Cleaned {
    let mut reader = Reader::new("x.csv", Cursor::new(text.as_bytes().to_vec()), text.len() as u64, feed).unwrap();
    let context = Context { source: "try", areas, coast_tolerance_m, plate_key: None };
    clean(&reader.next().unwrap().unwrap(), feed, &context, &mut Lattice::stored()).unwrap()
}

/// Stops at these places (north, east).
fn stops(place: &str, positions: &[(&str, &str)], areas: Option<&Areas>) -> Cleaned {
    let rows = positions.iter().enumerate().map(|(id, (n, e))| format!("S{id},2017-06-01 12:00,{n},{e}\n"));
    let text = "id,at,n,e\n".to_owned() + &rows.collect::<String>();
    cleaned(&Feed::parse(&STOPS.replace("PLACE", place), "try.toml").unwrap(), &text, areas, 250.0)
}

fn texts(cleaned: &Cleaned, column: &str) -> Vec<Option<String>> {
    let array = cleaned.batch.column_by_name(column).unwrap();
    array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn points(cleaned: &Cleaned) -> Vec<Option<Point>> {
    let column = |name: &str| cleaned.batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().clone();
    let (lat, lon) = (column("lat"), column("lon"));
    (0..lat.len()).map(|row| lat.is_valid(row).then(|| Point { lat: lat.value(row), lon: lon.value(row) })).collect()
}

fn refused(cleaned: &Cleaned) -> Vec<(u64, &'static str, &str)> {
    cleaned.rejects.iter().map(|r| (r.line, r.reason.name(), r.column.as_deref().unwrap_or_default())).collect()
}

#[test]
fn metres_of_the_british_grid_become_degrees() {
    let positions =
        [("180000", "530000"), ("0", "0"), ("180000", ""), ("180000", "-5"), ("1e7", "530000"), ("x", "530000")];
    let cleaned = stops(&metres("EPSG:27700"), &positions, None);
    let trafalgar = points(&cleaned)[0].unwrap();
    assert!(great_circle_m(trafalgar, Point { lat: 51.5037, lon: -0.1279 }) < 50.0, "{trafalgar:?}");
    assert_eq!(texts(&cleaned, "labels"), [None, Some("null_island".into()), Some("no_location".into())]);
    assert_eq!(refused(&cleaned), [(5, "bad_coordinate", "e"), (6, "bad_coordinate", "n"), (7, "bad_coordinate", "n")]);
    assert_eq!(&*cleaned.rejects[0].message, "wanted an easting in metres of EPSG:27700, from 0 to 700000");
}

#[test]
fn metres_of_the_jersey_grid_and_of_a_utm_zone_find_the_same_parish() {
    let areas = Areas::jersey_parishes().unwrap();
    let town = Point { lat: 49.1868, lon: -2.1067 };
    let jersey = stops(&metres("EPSG:3109"), &[("65752.022", "42063.006")], Some(&areas));
    let utm = crate::space::Crs::named("EPSG:32630").unwrap().from_point(town).unwrap();
    let zone = stops(&metres("EPSG:32630"), &[(&format!("{:.3}", utm.1), &format!("{:.3}", utm.0))], Some(&areas));
    for cleaned in [jersey, zone] {
        assert!(great_circle_m(points(&cleaned)[0].unwrap(), town) < 0.01);
        assert_eq!(texts(&cleaned, "parish"), [Some("St Helier".into())]);
        assert_eq!(texts(&cleaned, "labels"), [None]);
    }
}

#[test]
fn exchanged_positions_are_put_right_only_where_that_is_certain() {
    let areas = Areas::jersey_parishes().unwrap();
    let positions = [
        ("-2.1067", "49.1868"),  // far from the island, and exchanged in St Helier
        ("-2.1067", "149.1868"), // no position of the island either way
        ("149.1868", "-2.1067"), // off the globe, and exchanged elsewhere
        ("49.6", "-2.1"),        // nearby waters: kept as it is
        ("48.86", "2.35"),       // another town: exchanged it is in no parish
    ];
    let cleaned = stops(DEGREES, &positions, Some(&areas));
    assert_eq!(points(&cleaned)[0], Some(Point { lat: 49.1868, lon: -2.1067 }));
    assert_eq!(texts(&cleaned, "parish"), [Some("St Helier".into()), None, None, None]);
    let outside = || Some("outside_areas".to_owned());
    assert_eq!(texts(&cleaned, "labels"), [Some("swapped_position".into()), outside(), outside(), outside()]);
    assert_eq!(refused(&cleaned), [(4, "bad_coordinate", "n")]);

    // Without areas only what is off the globe is exchanged.
    let cleaned = stops(DEGREES, &[("-118.25", "34.05"), ("-2.1067", "49.1868"), ("200", "34.05")], None);
    assert_eq!(points(&cleaned)[0], Some(Point { lat: 34.05, lon: -118.25 }));
    assert_eq!(texts(&cleaned, "labels"), [Some("swapped_position".into()), None]);
    assert_eq!(refused(&cleaned), [(4, "bad_coordinate", "n")]);
}

#[test]
fn exchanged_metres_are_put_right_too() {
    let areas = Areas::jersey_parishes().unwrap();
    let cleaned = stops(&metres("EPSG:3109"), &[("42063.006", "65752.022")], Some(&areas));
    assert_eq!(texts(&cleaned, "parish"), [None], "within a degree of the island: it could be so");
    let london = r#"{"type":"Feature","properties":{"n":"Westminster"},"geometry":{"type":"Polygon",
        "coordinates":[[[-0.3,51.3],[0.1,51.3],[0.1,51.7],[-0.3,51.7],[-0.3,51.3]]]}}"#;
    let london = Areas::from_geojson(london, "n").unwrap();
    let cleaned = stops(&metres("EPSG:27700"), &[("530000", "180000")], Some(&london));
    assert_eq!(texts(&cleaned, "labels"), [Some("swapped_position".into())]);
    assert_eq!(texts(&cleaned, "parish"), [Some("Westminster".into())]);
}

#[test]
fn just_off_the_coast_the_nearest_area_counts() {
    let square = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"n":"west"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}},
        {"type":"Feature","properties":{"n":"east"},"geometry":{"type":"Polygon","coordinates":[[[1,0],[2,0],[2,1],[1,1],[1,0]]]}}]}"#;
    let areas = Areas::from_geojson(square, "n").unwrap();
    // A degree is 111,195 m: 0.002 is 222 m, 0.0024 is 267 m.
    let positions = [("1.002", "0.5"), ("1.002", "1.5"), ("1.0024", "0.5"), ("-0.002", "1.9"), ("0.5", "0.5")];
    let cleaned = stops(DEGREES, &positions, Some(&areas));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(texts(&cleaned, "parish"), [some("west"), some("east"), None, some("east"), some("west")]);
    let near = || some("nearest_area");
    assert_eq!(texts(&cleaned, "labels"), [near(), near(), some("outside_areas"), near(), None]);
    assert_eq!(points(&cleaned)[0], Some(Point { lat: 1.002, lon: 0.5 }), "the point itself is not moved");

    let feed = Feed::parse(&STOPS.replace("PLACE", DEGREES), "try.toml").unwrap();
    let strict = self::cleaned(&feed, "id,at,n,e\nS1,2017-06-01 12:00,1.0001,0.5\n", Some(&areas), 0.0);
    assert_eq!(texts(&strict, "labels"), [some("outside_areas")], "no tolerance, no nearest area");
}

#[test]
fn the_content_hash_does_not_depend_on_the_areas() {
    let areas = Areas::jersey_parishes().unwrap();
    let hash = |areas| {
        let cleaned = stops(DEGREES, &[("49.1868", "-2.1067"), ("49.9", "-2.1")], areas);
        let column = cleaned.batch.column_by_name("row_hash").unwrap();
        column.as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
    };
    assert_eq!(hash(Some(&areas)), hash(None));
}

/// So many stops at one point and so many each at its own.
fn crowd(same: usize, alone: usize, table: &str) -> Cleaned {
    let toml = STOPS.replace("PLACE", DEGREES);
    let toml = match table {
        "stops" => toml,
        _ => toml
            .replace("\"stops\"", "\"pings\"")
            .replace("stop_id = { from = \"id\" }", "")
            .replace("stopped_at", "pinged_at"),
    };
    let rows = (0..same + alone).map(|id| {
        let east = if id < same { -2.1 } else { -2.0 + id as f64 * 1e-6 };
        format!("S{id},2017-06-01 12:00,49.2,{east:.6}\n")
    });
    // The crowd does not stand together in the file.
    let mut rows: Vec<String> = rows.collect();
    rows.sort_by_key(|row| xxhash_rust::xxh3::xxh3_64(row.as_bytes()));
    let feed = Feed::parse(&toml, "try.toml").unwrap();
    cleaned(&feed, &("id,at,n,e\n".to_owned() + &rows.concat()), None, 250.0)
}

#[test]
fn many_records_at_one_exact_point_are_snapped() {
    for (same, alone, table, snapped) in [
        (20, 0, "stops", 20),
        (19, 0, "stops", 0),
        (20, 1_980, "stops", 20),
        (20, 1_981, "stops", 0),
        (300, 29_000, "stops", 300),
        (200, 0, "pings", 0),
    ] {
        let found = crowd(same, alone, table);
        let count = found.labels.get(&Label::SnappedPoint).copied().unwrap_or(0);
        assert_eq!(count, snapped, "{same} of {} {table}", same + alone);
    }
}

#[test]
fn refused_rows_and_rows_without_a_place_are_no_crowd() {
    let mut positions = vec![("49.2", "-2.1"); 19];
    positions.extend([("", ""); 40]);
    positions.extend([("0", "0"); 40]);
    let cleaned = stops(DEGREES, &positions, None);
    assert_eq!(cleaned.labels.get(&Label::SnappedPoint), None);
    assert_eq!(cleaned.labels[&Label::NoLocation], 40);
}
