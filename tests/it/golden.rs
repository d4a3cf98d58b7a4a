//! Answers over `data-samples/`, held against those that were looked at and kept in `tests/golden/`. `just bless` takes
//! what is found as what is expected. Numbers are compared to 6 significant digits.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::support::{extracts, island, small_sample, vigie};

/// Name of the file, arguments, and at most so many rows.
const QUESTIONS: [(&str, &[&str], usize); 7] = [
    ("datasets", &["query", "datasets"], 20),
    ("groups", &["query", "groups"], 60),
    ("hotspots-day", &["hotspots", "--from", "2017-01-01", "--to", "2018-01-01", "--daypart", "day"], 60),
    ("hotspots-night", &["hotspots", "--from", "2017-01-01", "--to", "2018-01-01", "--daypart", "night"], 60),
    ("trend-burglary", &["trend", "--group", "burglary", "--from", "2016-01-01", "--to", "2018-01-01"], 24),
    ("kpis-december", &["kpi", "run", "--period", "2017-12"], 60),
    ("flow", &["anpr", "flow", "--from", "2017-12-31", "--to", "2018-01-01"], 60),
];

/// The same with numbers of 6 significant digits and without what differs between builds.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().and_then(|n| format!("{n:.5e}").parse::<f64>().ok());
            rounded.map_or(Value::Null, Value::from)
        }
        Value::Array(list) => list.into_iter().map(plain).collect(),
        Value::Object(object) => {
            let kept = object
                .into_iter()
                .filter(|(key, _)| !["generated_by", "elapsed_ms", "store_version"].contains(&key.as_str()));
            Value::Object(kept.map(|(key, value)| (key, plain(value))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// The rows that say most first: by z where there is one.
fn shortened(mut answer: Value, most: usize) -> Value {
    if let Some(rows) = answer["rows"].as_array_mut() {
        if rows.iter().any(|row| row["z"].is_number()) {
            let z = |row: &Value| row["z"].as_f64().unwrap_or(f64::MIN);
            rows.sort_by(|a, b| z(b).total_cmp(&z(a)).then(a["cell"].to_string().cmp(&b["cell"].to_string())));
        }
        rows.truncate(most);
    }
    answer
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"))
}

/// One row a line, so that a difference shows where it is.
fn written(answer: &Value) -> String {
    let mut text = serde_json::to_string_pretty(answer).unwrap();
    text.push('\n');
    text
}

#[test]
fn golden_answers() {
    if extracts() == small_sample() {
        println!("skipped: data-samples/ holds no extracts");
        return;
    }
    let bless = std::env::var_os("VIGIE_BLESS").is_some();
    let mut wrong = Vec::new();
    for (name, args, most) in QUESTIONS {
        let answer = vigie(island(), &[&["--json"], args].concat()).ok();
        let found = written(&plain(shortened(answer, most)));
        if bless {
            fs::create_dir_all(file(name).parent().unwrap()).unwrap();
            fs::write(file(name), found).unwrap();
            continue;
        }
        let expected = fs::read_to_string(file(name)).unwrap_or_default();
        if found != expected {
            let line = found.lines().zip(expected.lines()).position(|(a, b)| a != b);
            let at = line.unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
            let show = |text: &str| text.lines().nth(at).unwrap_or("(end)").trim().to_owned();
            wrong.push(format!("{name}.json:{}: expected {}, found {}", at + 1, show(&expected), show(&found)));
        }
    }
    assert!(wrong.is_empty(), "look at these; if they are right, `just bless`:\n{}", wrong.join("\n"));
}
