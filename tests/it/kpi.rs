//! KPI files: what each kind counts, what a force's own files do, and what is refused and where.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bad_input::refused;
use crate::support::{island, rows, text, vigie};

/// A definition of the plan with some lines changed, in a folder of its own.
fn folder(file: &str, changes: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut toml = fs::read_to_string(builtin(file)).unwrap();
    for (from, to) in changes {
        assert!(toml.contains(from), "{from} is not in {file}");
        toml = toml.replace(from, to);
    }
    fs::write(folder.path().join(file), toml).unwrap();
    folder
}

fn builtin(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/kpis").join(file)
}

/// Runs measures of a folder over December of the island's last year.
fn run(folder: &Path, more: &[&str]) -> Value {
    let args = ["--json", "kpi", "run", "--only-own", "--kpis", text(folder), "--period", "2017-12"];
    vigie(island(), &[&args, more].concat()).ok()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn a_forces_own_file_stands_in_place_of_the_built_in_one_and_says_so() {
    let own = folder("m06-antisocial-behaviour.toml", &[("category = 'antisocial-behaviour'", "grade_initial = 1")]);
    let args = ["kpi", "run", "m06", "--period", "2017-12", "--kpis", text(own.path())];
    let answer = vigie(island(), &args);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.err.contains("stands in place of reports/kpis/m06"), "{}", answer.err);
    let changed = vigie(island(), &[&["--json"], &args[..]].concat()).ok();
    let usual = vigie(island(), &["--json", "kpi", "run", "m06", "--period", "2017-12"]).ok();
    assert_ne!(rows(&changed)[0]["value"], rows(&usual)[0]["value"]);
    assert_ne!(rows(&changed)[0]["definition"], rows(&usual)[0]["definition"], "another meaning, another hash");
    let only = vigie(island(), &["--json", "kpi", "list", "--only-own", "--kpis", text(own.path())]).ok();
    assert_eq!(only.as_array().unwrap().len(), 1);
}

#[test]
fn parts_add_up_to_the_island() {
    for (measure, by) in [("m01", "parish"), ("m01", "daypart"), ("m03", "grade"), ("m10", "parish"), ("m17", "parish")]
    {
        let answer = vigie(island(), &["--json", "kpi", "run", measure, "--period", "2017-12", "--by", by]).ok();
        let rows = rows(&answer);
        let column = if by == "parish" { "area" } else { by };
        let is_part = |row: &&Value| !row[column].is_null() && row["area"] != "grade not stated";
        let (parts, whole): (Vec<&Value>, Vec<&Value>) = match by {
            "grade" => (rows.iter().skip(1).collect(), rows.iter().take(1).collect()),
            _ => rows.iter().partition(is_part),
        };
        assert_eq!(whole.len(), 1, "{measure} {by}");
        assert!(parts.len() > 1, "{measure} {by}");
        for figure in ["numerator", "denominator"] {
            let sum: f64 = parts.iter().map(|row| row[figure].as_f64().unwrap_or(0.0)).sum();
            let island = whole[0][figure].as_f64().unwrap_or(0.0);
            assert!((sum - island).abs() < 1e-9, "{measure} by {by}: {figure} {sum} of {island}");
        }
        assert!(!answer["warnings"].to_string().contains("do not add up"), "{}", answer["warnings"]);
    }
    let said = vigie(island(), &["kpi", "run", "m01", "--period", "2017-12", "--by", "parish"]);
    assert!(said.out.contains("check: The parish figures of “Incidents recorded” add up"), "{}", said.out);
    let args = ["kpi", "run", "m13", "--period", "2017-12", "--by", "parish"];
    refused(island(), &args, 2, "input", &["no measure asked for is broken down by `parish`"]);
}

#[test]
fn each_kind_of_measure_is_counted() {
    let sql = |query: &str| {
        let answer = vigie(island(), &["--json", "sql", query]).ok();
        number(&rows(&answer)[0]["n"])
    };
    let december = "local_on >= DATE '2017-12-01' AND local_on < DATE '2018-01-01'";
    let incidents = sql(&format!("SELECT count(*) AS n FROM incidents WHERE {december}"));

    let rate = folder(
        "m01-incidents.toml",
        &[
            (
                "kind = \"count\"",
                "kind = \"rate\"\npeople = [{ valid_from = 2015-01-01, count = 108000, set_by = \"plan\" }]",
            ),
            ("unit = \"count\"", "unit = \"number\""),
        ],
    );
    let found = run(rate.path(), &[]);
    assert!((number(&rows(&found)[0]["value"]) - incidents / 108.0).abs() < 1e-9, "per 1,000 residents");

    let between = folder(
        "m15-high-risk-domestic.toml",
        &[
            ("kind = \"count\"", "kind = \"time_between\""),
            ("\"local_on\"", "\"reported_at\""),
            ("unit = \"count\"", "unit = \"number\""),
        ],
    );
    let found = run(between.path(), &[]);
    let row = &rows(&found)[0];
    let mean = number(&row["numerator"]) / number(&row["denominator"]);
    assert!((number(&row["value"]) - mean).abs() < 1e-9 && mean > 0.0, "mean days between: {row}");

    let quantile = folder(
        "m03-grade1-within-10min.toml",
        &[
            ("kind = \"duration_within\"", "kind = \"quantile\""),
            ("threshold = { op = \"<\", seconds = 600 }\n", ""),
            ("p = [0.5, 0.9]", "p = [0.95, 0.5]"),
            ("unit = \"percent\"", "unit = \"minutes\""),
        ],
    );
    let found = run(quantile.path(), &[]);
    let also = &found["also"][0]["figures"];
    assert_eq!(rows(&found)[0]["value"], also["p95_min"]);
    assert!(
        number(&also["p95_min"]) >= number(&also["p90_min"]) && number(&also["p90_min"]) > number(&also["median_min"])
    );

    let persons = "person_token IS NOT NULL";
    let distinct = folder(
        "m08-missing.toml",
        &[("kind = \"count\"", "kind = \"distinct\"\ndistinct = { column = \"person_token\" }")],
    );
    let found = run(distinct.path(), &[]);
    let row = &rows(&found)[0];
    let purpose = ["--purpose", "audit", "--reference", "1"];
    let query = format!(
        "SELECT count(DISTINCT person_token) AS n FROM incidents WHERE category = 'missing-person' AND {december} AND {persons}"
    );
    let wanted = vigie(island(), &[&["--json", "sql", &query], &purpose[..]].concat()).ok();
    assert!((number(&row["value"]) - number(&rows(&wanted)[0]["n"])).abs() < 1e-9);
    assert!(!found.to_string().contains("_token\":\""), "tokens stay inside");

    let repeat = folder(
        "m08-missing.toml",
        &[
            (
                "kind = \"count\"",
                "kind = \"distinct\"\ndistinct = { column = \"person_token\", repeat = { times = 2, months = 12 } }",
            ),
            ("unit = \"count\"", "unit = \"percent\""),
        ],
    );
    let found = run(repeat.path(), &[]);
    let row = &rows(&found)[0];
    let query = format!(
        "WITH named AS (SELECT person_token AS p, local_on AS d FROM incidents WHERE category = 'missing-person' AND {persons}) \
         SELECT count(DISTINCT a.p) AS n FROM named a JOIN named b ON b.p = a.p \
         WHERE b.d < a.d AND b.d > a.d - INTERVAL '12' MONTH AND a.d >= DATE '2017-12-01' AND a.d < DATE '2018-01-01'"
    );
    let wanted = vigie(island(), &[&["--json", "sql", &query], &purpose[..]].concat()).ok();
    // Two records of one day are repeats too; the query counts those of different days.
    assert!(number(&row["numerator"]) >= number(&rows(&wanted)[0]["n"]), "{row}");
    assert!(number(&row["numerator"]) <= number(&row["denominator"]));

    let money = folder(
        "m13-victims-in-care.toml",
        &[
            ("kind = \"stock\"", "kind = \"finance\""),
            ("period_agg = \"last\"\n", ""),
            ("unit = \"count\"", "unit = \"pounds\""),
        ],
    );
    let found = run(money.path(), &[]);
    let wanted = sql(&format!("SELECT sum(value) AS n FROM stocks WHERE stock = 'victims-in-care' AND {december}"));
    assert!((number(&rows(&found)[0]["value"]) - wanted).abs() < 1e-6);

    let survey = folder(
        "m13-victims-in-care.toml",
        &[
            ("kind = \"stock\"", "kind = \"survey\"\nsurvey = { share = \"local_hour\", base = \"value\" }"),
            ("period_agg = \"last\"\n", ""),
            ("unit = \"count\"", "unit = \"percent\""),
        ],
    );
    let found = run(survey.path(), &[]);
    assert!(rows(&found)[0]["value"].is_null(), "no share was recorded: {}", rows(&found)[0]);
    assert!(rows(&found)[0]["excluded"]["no_base"].as_u64().unwrap() > 0, "and that is said");

    let milestones = "kind = \"milestone\"\nmilestone = [\n  { ref = \"3.1.1.1\", deliverable = \"a thing\", owner = \"supt-operations\", due = 2017-06-30, due_kind = \"quarter\", done_on = 2017-06-01, status = \"done\" },\n  { ref = \"3.1.1.2\", deliverable = \"another\", owner = \"supt-operations\", due = 2017-09-30, due_kind = \"quarter\", status = \"open\" },\n]";
    let milestone = folder(
        "m01-incidents.toml",
        &[
            ("kind = \"count\"", milestones),
            ("unit = \"count\"", "unit = \"percent\""),
            ("dims = [\"parish\", \"daypart\"]\n", ""),
        ],
    );
    let found = run(milestone.path(), &[]);
    assert!((number(&rows(&found)[0]["value"]) - 0.5).abs() < 1e-12);
}

#[test]
fn a_definition_holds_for_the_periods_that_begin_while_it_holds() {
    let m06 = fs::read_to_string(builtin("m06-antisocial-behaviour.toml")).unwrap();
    let block = &m06[m06.find("[[definition]]").unwrap()..m06.find("[[target]]").unwrap()];
    let second = block
        .replace("1.0.0", "2.0.0")
        .replace("2015-01-01", "2017-11-01")
        .replace("category = 'antisocial-behaviour'", "category IN ('antisocial-behaviour', 'missing-person')");
    let own = folder("m06-antisocial-behaviour.toml", &[("[[target]]", &format!("{second}[[target]]"))]);
    let args = ["--json", "kpi", "run", "m06", "--period", "2017-Q4", "--kpis", text(own.path())];
    let found = vigie(island(), &args).ok();
    let versions: Vec<&str> = rows(&found).iter().map(|row| row["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["1.0.0", "2.0.0", "2.0.0"]);
    let single = |id: &str| -> Vec<f64> {
        let answer = vigie(island(), &["--json", "kpi", "run", id, "--period", "2017-Q4"]).ok();
        rows(&answer).iter().map(|row| number(&row["value"])).collect()
    };
    let (asb, missing) = (single("m06"), single("m08"));
    let values: Vec<f64> = rows(&found).iter().map(|row| number(&row["value"])).collect();
    let wanted = [asb[0], asb[1] + missing[1], asb[2] + missing[2]];
    assert!(values.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-9), "{values:?} {wanted:?}");
    assert!(found["notes"].to_string().contains("definition 2.0.0 took the place of 1.0.0"), "{}", found["notes"]);
}

#[test]
fn the_examples_of_the_shipped_files_hold() {
    let answer = vigie(Path::new("/nowhere"), &["--json", "kpi", "test"]).ok();
    assert!(answer["examples"].as_array().unwrap().len() >= 3 && answer["failed"] == 0, "{answer}");
    let own = folder("m03-grade1-within-10min.toml", &[("numerator = 9", "numerator = 10")]);
    fs::create_dir(own.path().join("examples")).unwrap();
    fs::copy(builtin("examples/response_grade1.csv"), own.path().join("examples/response_grade1.csv")).unwrap();
    let wrong = vigie(Path::new("/nowhere"), &["kpi", "test", text(own.path())]);
    assert_eq!(wrong.code, 5, "{}", wrong.err);
    assert!(wrong.out.contains("numerator: 10 expected, found 9"), "{}", wrong.out);
    let outside = folder("m03-grade1-within-10min.toml", &[("examples/response_grade1.csv", "../secret.csv")]);
    let found = vigie(Path::new("/nowhere"), &["kpi", "test", text(outside.path())]);
    assert_eq!(found.code, 2);
    assert!(found.err.contains("in the folder of the KPI file"), "{}", found.err);
}

#[test]
fn lint_names_file_line_and_key() {
    let fine = vigie(Path::new("/nowhere"), &["--json", "kpi", "lint"]).ok();
    assert_eq!(fine["errors"], 0, "{fine}");
    let refuse = |changes: &[(&str, &str)], words: &[&str]| {
        let own = folder("m03-grade1-within-10min.toml", changes);
        let answer = vigie(Path::new("/nowhere"), &["kpi", "lint", text(own.path())]);
        assert_eq!(answer.code, 2, "{}", answer.out);
        for word in words {
            assert!(answer.out.contains(word), "{word}: {}", answer.out);
        }
        // The same file does not run, with the same words.
        let run = vigie(island(), &["kpi", "run", "--period", "2017-12", "--kpis", text(own.path())]);
        assert_eq!(run.code, 2, "{}", run.out);
    };
    refuse(
        &[("owner = \"ch-insp-operations\"\n", "")],
        &["m03-grade1-within-10min.toml:1: owner: error: `owner` is missing"],
    );
    refuse(&[("valid_from = 2017-01-01\n", "")], &["target[0].valid_from", "a target without `valid_from`"]);
    refuse(&[("unit = ", "colour = 1\nunit = ")], &["toml:9:1", "unknown field `colour`"]);
    refuse(&[("grade_initial = 1 OR", "grade = 1 OR")], &["toml:19: definition[0].where", "no column `grade`"]);
    refuse(
        &[("where = \"cancelled\"", "where = \"cancelled; DROP TABLE incidents\"")],
        &["definition[0].exclude[0].where"],
    );
    refuse(&[("where = \"cancelled\"", "where = \"person_token = 'x'\"")], &["tells one person"]);
    refuse(&[("where = \"cancelled\"", "where = \"(SELECT true)\"")], &["subquery"]);
}

#[test]
fn a_condition_that_does_not_fit_its_columns_is_refused_with_its_place() {
    let own = folder("m06-antisocial-behaviour.toml", &[("category = 'antisocial-behaviour'", "category + 1")]);
    let args = ["kpi", "run", "m06", "--period", "2017-12", "--kpis", text(own.path())];
    refused(island(), &args, 2, "input", &["m06-antisocial-behaviour.toml:12: definition[0]", "does not run"]);
}

#[test]
fn periods_that_are_not_whole_are_refused_unless_partial() {
    let late = ["kpi", "run", "m01", "--period", "2018-Q1"];
    refused(island(), &late, 5, "data", &["not complete: the data ends on", "--partial"]);
    let cut = ["kpi", "run", "m01", "--from", "2017-11-15", "--to", "2018-01-01"];
    refused(island(), &cut, 2, "input", &["15 November 2017 is not the first day of a month"]);
    let shown = vigie(island(), &[&["--json"], &late[..], &["--partial"]].concat()).ok();
    assert_eq!(rows(&shown).len(), 3);
}

#[test]
fn diff_says_in_words_what_changed() {
    let own = folder("m03-grade1-within-10min.toml", &[("op = \"<\"", "op = \"<=\""), ("value = 1.0", "value = 0.95")]);
    let file = own.path().join("m03-grade1-within-10min.toml");
    let answer = vigie(Path::new("/nowhere"), &["kpi", "diff", "m03", text(&file)]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(
        answer.out.contains("Definition 1.0.0: Boundary: was “under 600 seconds”, is now “at most 600 seconds”."),
        "{}",
        answer.out
    );
    assert!(answer.out.contains("Target from 1 January 2017: was “at least 100.0%"), "{}", answer.out);
    let same = vigie(Path::new("/nowhere"), &["kpi", "diff", "m03@1.0.0", "m03@1.0.0"]);
    assert!(same.out.contains("say the same"), "{}", same.out);
    let none = vigie(Path::new("/nowhere"), &["kpi", "diff", "m03@9", "m03"]);
    assert!(none.code == 2 && none.err.contains("it has 1.0.0"), "{}", none.err);
}

#[test]
fn show_says_what_a_measure_means() {
    let answer = vigie(Path::new("/nowhere"), &["kpi", "show", "m03"]);
    for words in [
        "Owner: ch-insp-operations",
        "Boundary: under 600 seconds",
        "Left out as no_arrival: 3. where",
        "Target from 1 January 2017: at least 100.0%",
    ] {
        assert!(answer.out.contains(words), "{words}: {}", answer.out);
    }
    let json = vigie(Path::new("/nowhere"), &["--json", "kpi", "show", "response.grade1.mean"]).ok();
    assert_eq!(json["definitions"][0]["facts"]["Counts"], "the mean of durations");
}

#[test]
fn a_list_of_measures_becomes_drafts() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("measures.csv");
    fs::write(&list, "Ref,Measure,Owner,Direction,Unit,Target\nX1,Calls answered,Supt Ops,increase,%,≥ 95%\n").unwrap();
    let out = folder.path().join("drafts");
    let answer = vigie(Path::new("/nowhere"), &["--json", "kpi", "import", text(&list), "--out", text(&out)]).ok();
    assert_eq!(answer["drafts"].as_array().unwrap().len(), 1, "{answer}");
    let lint = vigie(Path::new("/nowhere"), &["kpi", "lint", text(&out)]);
    assert!(
        lint.code == 2 && lint.out.contains("`sensitivity` is missing"),
        "a draft is no definition yet: {}",
        lint.out
    );
    let again = vigie(Path::new("/nowhere"), &["kpi", "import", text(&list), "--out", text(&out)]);
    assert!(again.err.contains("stays as it is"), "{}", again.err);
    fs::write(&list, "a,b\n1,2\n").unwrap();
    let wrong = vigie(Path::new("/nowhere"), &["kpi", "import", text(&list), "--out", text(&out)]);
    assert!(wrong.code == 2 && wrong.err.contains("no column names the measures"), "{}", wrong.err);
}

/// Runs the example of a file whose rows and expected figures are given.
fn example(rows: &str, expect: &str) -> crate::support::Run {
    let text = fs::read_to_string(builtin("m03-grade1-within-10min.toml")).unwrap();
    let head = &text[..text.find("# Ten minutes on the dot").unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let toml = format!("{head}[[example]]\nrows = \"rows.csv\"\nexpect = {{ {expect} }}\n");
    fs::write(folder.path().join("m03.toml"), toml).unwrap();
    fs::write(folder.path().join("rows.csv"), rows).unwrap();
    vigie(Path::new("/nowhere"), &["kpi", "test", text_of(&folder.path().join("m03.toml"))])
}

fn text_of(path: &Path) -> &str {
    text(path)
}

#[test]
fn the_nights_on_which_the_clocks_change_have_the_response_times_of_any_other() {
    // 26 March 2017: from 01:00 GMT the clocks show 02:00. 29 October 2017: the hour from 00:00 GMT comes twice.
    let rows = "call_answered_at,first_arrived_at,grade_initial,origin\n\
                2017-03-26T00:57:00Z,2017-03-26T01:03:00Z,1,999\n\
                2017-10-29T00:57:00Z,2017-10-29T01:03:00Z,1,999\n";
    let found = example(rows, "n = 2, value = 1.0, mean = 6.0, max = 6.0, total = 2");
    assert_eq!(found.code, 0, "{} {}", found.out, found.err);
}

#[test]
fn a_missing_arrival_is_left_out_and_counted() {
    let rows = "call_answered_at,first_arrived_at,grade_initial,origin,cancelled\n\
                2017-03-01T00:00:00Z,2017-03-01T00:05:00Z,1,999,false\n\
                2017-03-01T00:00:00Z,,1,999,false\n\
                2017-03-01T00:00:00Z,,1,officer,true\n";
    let found = example(rows, "n = 1, value = 1.0, no_arrival = 1, cancelled = 1, self_raised = 0, total = 3");
    assert_eq!(found.code, 0, "the first reason that holds counts: {} {}", found.out, found.err);
    let wrong = example("call_answered_at\nyesterday\n", "n = 1");
    assert!(wrong.code == 2 && wrong.err.contains("rows.csv"), "{}", wrong.err);
}

#[test]
fn the_boundary_decides_what_happens_on_the_dot() {
    let rows = "call_answered_at,first_arrived_at,grade_initial\n2017-03-01T00:00:00Z,2017-03-01T00:10:00Z,1\n";
    assert_eq!(example(rows, "numerator = 0, denominator = 1").code, 0, "ten minutes are not under ten minutes");
}
