//! The policing plan through its command, page and interface, and the measures of the plan over the tables that the
//! sample grew for them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vigie::analysis::owner::Owners;
use vigie::analysis::plan::{DueKind, Register};
use vigie::app::{admin, plan};
use vigie::model::access::Role;

use crate::http::Door;
use crate::support::{extracts, island, loader, new_store, noon, rows, small_sample, somebody, vigie};

fn plan_of_2017() -> Register {
    Register::builtin(&Owners::builtin().unwrap()).unwrap()
}

/// The register beside the one that was given to the project, where it is there.
#[test]
fn references_rows_dates_and_owners_are_those_of_the_source() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let source = std::env::var_os("VIGIE_SHARED").map_or(beside, PathBuf::from).join("plan/plan-register.csv");
    if !source.is_file() {
        println!("skipped: {} is not there", source.display());
        return;
    }
    let register = plan_of_2017();
    let mut reader = csv::Reader::from_path(&source).unwrap();
    let kinds = |kind: DueKind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned();
    let ours: Vec<[String; 6]> = register
        .deliverables()
        .map(|(objective, row)| {
            let due: Vec<String> = row.milestones().filter_map(|(_, due)| due).map(|due| due.to_string()).collect();
            let reference = objective.reference.clone();
            [
                reference,
                row.row.to_string(),
                row.milestone.clone(),
                kinds(row.due_kind),
                due.join(";"),
                row.owner.clone(),
            ]
        })
        .collect();
    let theirs: Vec<[String; 6]> = reader
        .records()
        .map(Result::unwrap)
        .map(|r| [&r[1], &r[2], &r[5], &r[6], &r[7], &r[8]].map(str::to_owned))
        .collect();
    assert_eq!(ours, theirs);
    let benefit: Vec<bool> =
        csv::Reader::from_path(&source).unwrap().records().map(|r| !r.unwrap()[9].is_empty()).collect();
    assert_eq!(register.deliverables().map(|(_, row)| row.benefit.is_some()).collect::<Vec<_>>(), benefit);
}

#[test]
fn the_command_lists_checks_and_shows_the_plan() {
    let list = vigie(island(), &["--json", "plan", "list", "--on", "2017-04-01"]).ok();
    assert_eq!(rows(&list).len(), 90);
    let references: BTreeSet<&str> = rows(&list).iter().map(|row| row["ref"].as_str().unwrap()).collect();
    assert_eq!(
        (references.len(), &list["references"], &list["deliverables"]),
        (65, &Value::from(65), &Value::from(90))
    );
    assert_eq!(list["totals"]["no-date"], 1);
    let late = vigie(island(), &["--json", "plan", "list", "--on", "2017-04-01", "--standing", "late"]).ok();
    assert_eq!(rows(&late).len() as u64, list["totals"]["late"].as_u64().unwrap(), "nothing was entered: Q1 is late");
    assert!(rows(&late).iter().all(|row| row["due"].as_str().unwrap() == "2017-03-31"));
    let before = vigie(island(), &["--json", "plan", "list", "--on", "2017-03-31"]).ok();
    assert_eq!(before["totals"]["late"], 0, "the last day is in time");

    let own = vigie(island(), &["--json", "plan", "list", "--owner", "Supt Ops"]).ok();
    let by_id = vigie(island(), &["--json", "plan", "list", "--owner", "supt-operations"]).ok();
    assert_eq!((rows(&own).len(), rows(&own)), (8, rows(&by_id)));
    let quarter = vigie(island(), &["--json", "plan", "list", "--due", "2017-Q3"]).ok();
    assert!(rows(&quarter).iter().any(|row| row["ref"] == "3.4.8.4"), "its second part is due then");

    let found = vigie(island(), &["--json", "plan", "check"]).ok();
    let of = |kind: &str| rows(&found).iter().filter(|f| f["kind"] == kind).collect::<Vec<_>>();
    assert_eq!(of("gap")[0]["refs"][0], "3.4.8.1");
    assert_eq!((&of("year-round")[0]["count"], &of("no-date")[0]["count"]), (&Value::from(37), &Value::from(1)));
    let share = of("claim").into_iter().find(|f| f["id"] == "asb-share").unwrap();
    assert!(share["verdict"] == "contradicts" && share["text"].as_str().unwrap().contains("12.9%"), "{share}");
    let shown = vigie(island(), &["plan", "show", "3.4.8.4", "--on", "2017-10-01"]);
    assert!(shown.out.contains("b: 30 September 2017") && shown.out.contains("late by 1 day"), "{}", shown.out);
    let gap = vigie(island(), &["plan", "show", "3.4.8.1"]);
    assert!(gap.code == 3 && gap.err.contains("no reference 3.4.8.1"), "{}", gap.err);
    for (flag, value) in [("--owner", "the cook"), ("--due", "spring"), ("--standing", "fine"), ("--on", "soon")] {
        assert_eq!(vigie(island(), &["plan", "list", flag, value]).code, 2, "{flag} {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dated_entries_say_how_the_plan_stood_on_any_day() {
    let (folder, app) = new_store("jersey", "Europe/Jersey").await;
    let file = folder.path().join("status.toml");
    let entry = "schema = 1\n[[entry]]\nref = \"3.1.1.1\"\non = 2017-03-20\nstatus = \"done\"\nby = \"Chief Inspector\"\nevidence = [\"minute 4\"]\n";
    fs::write(&file, entry).unwrap();
    assert_eq!(plan::load(&app, &loader(), &file).unwrap(), 1);
    let who = somebody(&[Role::PerformanceManager]);
    let on = |day: &str| plan::Question { on: vigie::model::time::parse_date(day).ok(), ..plan::Question::default() };
    let done = |state: &vigie::analysis::plan::standing::PlanState| state.totals["done"];
    assert_eq!(done(&plan::ask(&app, &who, &on("2017-03-19")).await.unwrap()), 0);
    let after = plan::ask(&app, &who, &on("2017-03-20")).await.unwrap();
    assert_eq!((done(&after), after.entries), (1, 1));
    assert_eq!(after.rows[0].parts[0].evidence, ["minute 4"]);
    let unasked = plan::ask(&app, &who, &plan::Question::default()).await.unwrap();
    assert_eq!(unasked.on, noon().date_naive(), "without records, the clock of the caller");

    fs::write(&file, entry.replace("3.1.1.1", "3.4.8.1")).unwrap();
    let refused = plan::load(&app, &loader(), &file).unwrap_err();
    assert!(refused.to_string().contains("not a reference"), "{refused}");
    assert_eq!(done(&plan::ask(&app, &who, &on("2017-03-20")).await.unwrap()), 1, "the entries before still hold");
    let report =
        vigie::app::verify::verify(Some(&app), app.store.root(), &somebody(&[Role::Auditor]), &|_, _| {}).await;
    assert!(report.unwrap().whole, "the file is noted as the store's own");
    let lines = admin::audit_lines(&app, &somebody(&[Role::Auditor]), 20).unwrap();
    assert!(lines.iter().any(|line| line.action == "plan load"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_the_interface_answer_filters() {
    let door = Door::signed_in();
    let answer = door.get("/api/v1/plan?on=2017-04-01&due=2017-Q1").await.json();
    assert!(answer["rows"].as_array().unwrap().iter().all(|row| row["standing"] == "late"), "{answer}");
    assert!(answer["findings"].as_array().unwrap().iter().any(|f| f["kind"] == "gap"));
    let html = door.get("/plan?on=2017-04-01&owner=supt-operations&standing=late").await.text();
    assert!(html.contains("3.2.1.1") && html.contains("late by 1 day") && !html.contains("3.4.4.7"), "filters hold");
    let wrong = door.get("/api/v1/plan?due=spring").await;
    assert_eq!(wrong.status.as_u16(), 400);
    assert!(wrong.text().contains("is not a period"), "{}", wrong.text());
}

#[test]
fn every_measure_of_a_deliverable_has_a_file() {
    let list = vigie(island(), &["--json", "kpi", "list"]).ok();
    let known: BTreeSet<&str> = list.as_array().unwrap().iter().map(|k| k["measure"].as_str().unwrap()).collect();
    for objective in &plan_of_2017().objective {
        for measure in &objective.kpis {
            assert!(known.contains(measure.as_str()), "{} names {measure}", objective.reference);
        }
    }
    // And every reference that a measure names is one of the plan, or a section of its text.
    let references: BTreeSet<String> = plan_of_2017().objective.iter().map(|o| o.reference.clone()).collect();
    for kpi in list.as_array().unwrap() {
        for reference in kpi["plan_refs"].as_array().unwrap() {
            let reference = reference.as_str().unwrap();
            assert!(reference.matches('.').count() < 3 || references.contains(reference), "{kpi}");
        }
    }
}

/// The value of a measure in a period.
fn value(run: &Value, measure: &str, period: &str) -> f64 {
    let row = rows(run).iter().find(|row| row["measure"] == measure && row["period"] == period);
    row.and_then(|row| row["value"].as_f64()).unwrap_or_else(|| panic!("{measure} {period}: {row:?}"))
}

fn one(sql: &str) -> f64 {
    let answer = vigie(island(), &["--json", "sql", sql]).ok();
    rows(&answer)[0]["n"].as_f64().unwrap()
}

#[test]
fn measures_of_the_new_tables_are_what_plain_sql_says() {
    let last = one("SELECT max(CAST(wave AS BIGINT)) AS n FROM surveys") as i64;
    let (year, month) = (format!("{last}"), format!("{last}-12"));
    let run = vigie(island(), &["--json", "kpi", "run", "--period", &year]).ok();
    let good = format!(
        "SELECT share AS n FROM surveys WHERE survey = 'opinion-survey' AND wave = '{year}' AND question = 'police-do-a-good-job'"
    );
    assert!((value(&run, "S01", &year) - one(&good)).abs() < 1e-6);
    let row = rows(&run).iter().find(|row| row["measure"] == "S01").unwrap();
    assert!(row["denominator"].as_f64().unwrap() > 500.0, "a share has its base: {row}");
    let income =
        format!("SELECT sum(amount) AS n FROM money WHERE kind = 'income' AND booked_on >= DATE '{year}-01-01'");
    assert!((value(&run, "R08", &year) - one(&income)).abs() < 1e-6);
    assert!((value(&run, "R01", &year) - 23_400_000.0).abs() < 1e-6);
    assert!((value(&run, "M19", &year) - 7.0).abs() < 1e-9, "one annual and six seasonal campaigns");
    let cells = format!(
        "SELECT count(*) AS n FROM custody WHERE reason = 'mental-health' AND held_in = 'police-cell' AND month = '{month}'"
    );
    assert!((value(&run, "V03", &month) - one(&cells)).abs() < 1e-9);
    let frauds = format!(
        "SELECT avg(CASE WHEN flags LIKE '%digital%' THEN 1.0 ELSE 0.0 END) AS n FROM crimes WHERE crime_group = 'fraud' \
         AND local_date(reported_at) >= DATE '{month}-01' AND local_date(reported_at) <= DATE '{month}-31'"
    );
    assert!((value(&run, "M18", &month) - one(&frauds)).abs() < 1e-9);
    let origins: f64 = (1..=5).map(|n| value(&run, &format!("D{n:02}"), &month)).sum();
    assert!((origins - 1.0).abs() < 1e-9, "every incident has one origin: {origins}");
    let repeats = value(&run, "V02", &month);
    assert!(repeats > 0.0 && repeats < 1.0);
    let missing = rows(&run).iter().filter(|row| row["value"].is_null());
    for row in missing {
        assert!(row["undefined_reason"].is_string(), "{row}");
    }
}

#[test]
fn examples_of_the_files_give_their_figures() {
    let tested = vigie(island(), &["--json", "kpi", "test"]);
    assert_eq!(tested.code, 0, "{}\n{}", tested.out, tested.err);
}

#[test]
fn the_sample_writes_its_tables_and_keeps_the_others() {
    for name in ["surveys", "custody", "assessments", "money", "campaigns", "resources"] {
        assert!(small_sample().join(format!("{name}.csv.gz")).is_file(), "{name}");
    }
    let entries = fs::read_to_string(extracts().join("plan-status.toml")).unwrap();
    assert!(entries.starts_with("# SYNTHETIC") && entries.contains("synthetic = true"));
    let run = vigie(island(), &["plan", "status", "--on", "2017-06-30"]);
    assert!(run.out.contains("of 90 deliverables"), "{}", run.out);
}
