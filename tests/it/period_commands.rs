//! The questions about places in one period, as commands ask them of the island.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::support::{Run, extracts, island, last_year, put, rows, text, truth, vigie};

/// A command over the last year of the island.
fn ask(command: &str, more: &[&str]) -> Run {
    let (from, to) = last_year();
    let mut args = vec!["--json", command, "--from", &from, "--to", &to];
    args.extend(more);
    vigie(island(), &args)
}

fn number(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("no {name} in {row}"))
}

#[test]
fn permutations_are_seeded_and_said() {
    let args = ["--method", "gi-star", "--permutations", "9999", "--seed", "7"];
    let (first, again) = (ask("hotspots", &args), ask("hotspots", &args));
    assert_eq!(first.out, again.out, "the same seed gives the same bytes");
    let answer = first.ok();
    assert_eq!(answer["provenance"]["parameters"]["seed"], "7");
    assert!(answer["provenance"]["parameters"]["p"].as_str().unwrap().contains("9999 conditional permutations"));
    let analytic = ask("hotspots", &["--method", "gi-star"]).ok();
    for (drawn, normal) in rows(&answer).iter().zip(rows(&analytic)) {
        assert_eq!(drawn["z"], normal["z"]);
        assert!(number(drawn, "p") >= 2.0 / 10_000.0 - 1e-12);
        // The heavy tail of the counts makes the normal p of high sums too small; the draws know the tail.
        assert!(number(drawn, "z") < 4.0 || number(drawn, "p") > number(normal, "p"), "{drawn} {normal}");
    }
}

#[test]
fn local_moran_finds_the_rings_of_the_planted_hotspots() {
    let answer = ask("hotspots", &["--method", "local-moran", "--daypart", "day"]).ok();
    let cells: BTreeMap<&str, &Value> = rows(&answer).iter().map(|row| (row["cell"].as_str().unwrap(), row)).collect();
    let names: BTreeSet<&str> = cells.values().filter_map(|row| row["quadrant"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["high-high", "low-low", "low-high", "high-low"]));
    // A planted hotspot is one very full cell: it is high, and the cells around it lie among high ones.
    let planted = truth(extracts());
    let planted = planted["hotspots"]["dayparts"]["day"]["planted"].as_array().unwrap();
    let (mut around, mut certain) = (0, 0);
    for hotspot in planted {
        let own = hotspot["cell"].as_str().unwrap();
        // One of them ended before the year began.
        if number(cells[own], "count") < 20.0 {
            continue;
        }
        assert!(cells[own]["quadrant"].as_str().unwrap().starts_with("high"), "{}", cells[own]);
        for row in hotspot["disk"].as_array().unwrap().iter().filter_map(Value::as_str).filter(|cell| *cell != own) {
            let Some(row) = cells.get(row) else { continue };
            around += 1;
            let among_high = row["quadrant"].as_str().is_some_and(|name| name.ends_with("-high"));
            certain += u32::from(among_high && number(row, "q") <= 0.05);
        }
    }
    println!(
        "local Moran by day: {certain} of {around} cells around planted hotspots lie among high ones, q at most 0.05"
    );
    assert!(certain * 2 > around, "{certain} of {around}");
}

#[test]
fn a_density_keeps_its_mass_and_says_its_bandwidth() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("density.svg");
    let args = ["--method", "kde", "--group", "burglary", "--bandwidth", "500", "--plot", text(&picture)];
    let answer = ask("hotspots", &args).ok();
    let counted: f64 = rows(&answer).iter().map(|row| number(row, "count")).sum();
    let expected: f64 = rows(&answer).iter().map(|row| number(row, "expected_count")).sum();
    let mass = expected / counted;
    assert!((0.9..1.02).contains(&mass), "{mass}");
    let ruled = ask("hotspots", &["--method", "kde", "--group", "burglary"]).ok();
    let said = &ruled["provenance"]["parameters"];
    println!("{counted} burglaries, mass {mass:.4} at 500 m; by rule {} and {}", said["bandwidth_m"], said["mass"]);
    assert!(said["bandwidth_m"].as_str().unwrap().contains("from both axes"));
    let said = answer["provenance"]["parameters"]["mass"].as_str().unwrap();
    assert!(said.starts_with(&format!("{mass:.4}")), "{said} {mass}");
    let svg = fs::read_to_string(&picture).unwrap();
    assert!(svg.contains("of the expected records") && svg.contains("hold half of the burglary"), "{svg:.600}");
    // As a file for other programs: the columns of the method, and no others.
    let table = folder.path().join("density.csv");
    ask("hotspots", &["--method", "kde", "--bandwidth", "300", "--out", text(&table)]);
    let header = fs::read_to_string(&table).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(header, "cell,parish,area_km2,count,rate_per_km2,density_per_km2,expected_count,z,p,q,bin,lat,lon");
}

#[test]
fn a_density_is_held_against_another_group() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("compared.svg");
    let args = ["--method", "kde", "--group", "theft", "--against-group", "burglary", "--bandwidth", "600"];
    let answer = ask("hotspots", &[&args[..], &["--plot", text(&picture)]].concat()).ok();
    let mut joined = 0;
    for row in rows(&answer) {
        let (first, other) = (number(row, "density_per_km2"), number(row, "against_density_per_km2"));
        match row.get("joined").and_then(Value::as_f64) {
            Some(ratio) => {
                assert!((ratio - first / other).abs() < 1e-9 * ratio.max(1.0), "{row}");
                joined += 1;
            }
            None => assert!(row["joined_undefined"].as_str().unwrap().contains("events") && other == 0.0, "{row}"),
        }
    }
    assert!(joined > 50, "{joined}");
    assert!(fs::read_to_string(&picture).unwrap().contains("Twice its share"));
    let gi = ask("hotspots", &["--against-group", "burglary"]);
    assert!(gi.code == 2 && gi.err.contains("against"), "{}", gi.err);
    let unknown = ask("hotspots", &["--method", "kde", "--against-group", "piracy"]);
    assert!(unknown.code == 2 && unknown.err.contains("piracy"), "{}", unknown.err);
}

#[test]
fn harm_weights_count_what_they_cannot_weigh() {
    let folder = tempfile::tempdir().unwrap();
    let weights = "id = \"test-1\"\nsource = \"a test\"\nvalid_from = 2016-01-01\nunit = \"days\"\n\
                   [weights]\nburglary = 200\nrobbery = 365\n";
    let file = put(folder.path(), "weights.toml", weights);
    let answer = ask("hotspots", &["--weight", text(&file)]).ok();
    let by_group = |group: &str| -> f64 {
        rows(&ask("hotspots", &["--group", group, "--method", "count"]).ok())
            .iter()
            .map(|row| number(row, "count"))
            .sum()
    };
    let wanted = 200.0 * by_group("burglary") + 365.0 * by_group("robbery");
    let found: f64 = rows(&answer).iter().map(|row| number(row, "weighted")).sum();
    assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    let parameters = &answer["provenance"]["parameters"];
    let unweighted: f64 = parameters["unweighted_records"].as_str().unwrap().parse().unwrap();
    assert!(unweighted > 0.0);
    assert!(parameters["weights_of_harm"].as_str().unwrap().starts_with("test-1 (a test), in days"));
    let one = ask("hotspots", &["--weight", text(&file), "--group", "burglary"]).ok();
    assert_eq!(one["provenance"]["parameters"]["unweighted_records"], "0");

    let bad = put(folder.path(), "bad.toml", weights.replace("200", "-1"));
    let refused = ask("hotspots", &["--weight", text(&bad)]);
    assert!(refused.code == 2 && refused.err.contains("weights.burglary"), "{}", refused.err);
    let missing = ask("hotspots", &["--weight", "no-such-file.toml"]);
    assert_eq!(missing.code, 3, "{}", missing.err);
    let kde = ask("hotspots", &["--weight", text(&file), "--method", "kde"]);
    assert!(kde.code == 2 && kde.err.contains("weight"), "{}", kde.err);
}

#[test]
fn clusters_show_cells_and_never_points() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, file) = (folder.path().join("clusters.svg"), folder.path().join("clusters.geojson"));
    for method in ["dbscan", "nnh"] {
        let answer = ask("clusters", &["--method", method, "--plot", text(&picture)]).ok();
        assert!(!rows(&answer).is_empty(), "{method}");
        println!(
            "{method}: {} clusters, distance {}",
            rows(&answer).len(),
            answer["provenance"]["parameters"]["distance_m"]
        );
        for row in rows(&answer) {
            assert!(row["count"].as_u64().unwrap() >= 5, "{row}");
        }
        let sum = answer["clustered"].as_u64().unwrap() + answer["scattered"].as_u64().unwrap();
        assert_eq!(sum, answer["provenance"]["rows"].as_u64().unwrap(), "{method}: every record is in or out");
    }
    assert!(fs::read_to_string(&picture).unwrap().contains("no point is drawn"));
    ask("clusters", &["--out", text(&file)]);
    let json: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let first = &json["features"][0];
    assert!(first["geometry"]["coordinates"][0].as_array().unwrap().len() > 3, "{first}");
    assert_eq!(ask("clusters", &["--minimum", "1"]).code, 2);
}

#[test]
fn concentration_says_how_few_cells_and_how_few_by_chance() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("lorenz.svg");
    let answer = ask("concentration", &["--group", "burglary", "--plot", text(&picture)]).ok();
    let shares: Vec<f64> = rows(&answer).iter().map(|row| number(row, "cell_share")).collect();
    assert!(shares.len() == 3 && shares.windows(2).all(|pair| pair[0] < pair[1]), "{shares:?}");
    for row in rows(&answer) {
        assert!(number(row, "cell_share") < number(row, "chance_cell_share"), "{row}");
    }
    assert!(number(&answer, "gini_adjusted") <= number(&answer, "gini"));
    assert!(fs::read_to_string(&picture).unwrap().contains("even spread"));
    let (from, to) = last_year();
    let text = vigie(island(), &["concentration", "--from", &from, "--to", &to]);
    assert!(text.out.contains("by chance") && text.out.contains("Gini"), "{}", text.out);
}

#[test]
fn a_picture_goes_into_an_svg_file_only() {
    let wrong = ask("concentration", &["--plot", "lorenz.gif"]);
    assert!(wrong.code == 2 && wrong.err.contains(".svg"), "{}", wrong.err);
}
