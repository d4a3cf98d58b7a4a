use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::*;
use crate::analysis::definition::Sensitivity;
use crate::analysis::kpi_run::MeasureRun;
use crate::app::admin::{Init, init};
use crate::app::load::{Request as Load, load};
use crate::model::time::parse_period_name;
use crate::store::LoadRecord;

fn noon() -> DateTime<Utc> {
    "2018-01-15T12:00:00Z".parse().unwrap()
}

fn analyst() -> Principal {
    Principal { name: "tester".into(), roles: vec![Role::Analyst, Role::Admin], via: "test", purpose: None }
}

/// A store with the synthetic island in it.
async fn island(root: &Path) -> App {
    let settings = Init {
        study_area: "jersey".to_owned(),
        zone: "Europe/Jersey".to_owned(),
        force: Some("Synthetic island police".to_owned()),
        synthetic: true,
    };
    let app = init(root, &analyst(), &settings, noon).await.unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
    for table in ["incidents", "crimes", "stops", "offences", "stocks"] {
        let request = Load {
            feed: format!("jersey-{table}"),
            files: vec![samples.join(format!("{table}.csv.gz"))],
            ..Load::default()
        };
        load(&app, &analyst(), &request, &|_, _, _| {}).await.unwrap();
    }
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn the_islands_measures_are_near_the_plans_and_its_report_is_the_same_twice() {
    let folder = tempfile::tempdir().unwrap();
    let app = island(&folder.path().join("store")).await;
    let year = parse_period_name("2017").unwrap();
    let run = kpi::run(&app, &analyst(), year, None).await.unwrap();
    let monthly = |m: &str| m.starts_with('M') && m != "M19";
    assert_eq!(run.rows().filter(|row| monthly(&row.measure)).count(), 20 * 12);

    let mean = |measure: &str| {
        let rows = run.measures.iter().find(|m| m.kpi.measure == measure).unwrap().asked();
        rows.iter().map(|row| row.value.unwrap()).sum::<f64>() / rows.len() as f64
    };
    let plan = [
        ("M01", 14_000.0 / 12.0),
        ("M06", 150.0),
        ("M07", 105.0),
        ("M08", 43.0),
        ("M09", 106.0),
        ("M10", 250.0),
        ("M11", 350.0),
        ("M12", 285.0),
        ("M13", 150.0),
        ("M14", 77.0),
        ("M15", 22.0),
    ];
    for (measure, figure) in plan {
        // One year of three may differ more than all of them together.
        assert!((mean(measure) / figure - 1.0).abs() < 0.15, "{measure}: {} against {figure}", mean(measure));
    }
    assert!(mean("M02") < 7.0 && mean("M04") < 60.0, "{} {}", mean("M02"), mean("M04"));
    assert!((mean("M17") - 0.129).abs() < 0.02, "{}", mean("M17"));
    for row in run.rows().filter(|row| row.measure == "M03" || row.measure == "M05") {
        assert!(row.numerator.unwrap() <= row.denominator.unwrap() && row.excluded.len() == 4);
    }
    assert_eq!(run.checks.len(), 1, "every waterfall closes");
    assert!(run.warnings().next().unwrap().text.contains("12.9%"));
    let count = |id: &str| run.rows().filter(|r| r.measure == id).map(|r| r.variation.is_some()).filter(|v| *v).count();
    assert_eq!(count("M06"), 12, "a baseline of 24 months is enough for words");

    let request = |edition: &str, period: &str, out: &str| Request {
        edition: edition.to_owned(),
        period_name: period.to_owned(),
        period: parse_period_name(period).unwrap(),
        weights: None,
        out: Some(folder.path().join(out)),
    };
    let first = build(&app, &analyst(), &request("authority", "2017-Q3", "report")).await.unwrap();
    assert_eq!(first.id.to_string(), "authority-2017-Q3-1");
    let again = build(&app, &analyst(), &request("authority", "2017-Q3", "again")).await.unwrap();
    assert!(again.unchanged && first.manifest_sha256 == again.manifest_sha256 && first.files == again.files);
    let read =
        |out: &str, name: &str| std::fs::read(folder.path().join(out).join("authority-2017-Q3-1").join(name)).unwrap();
    for file in &first.files {
        assert_eq!(read("report", &file.name), read("again", &file.name), "{}", file.name);
    }
    let kept = Document::from_json(&read("report", DOCUMENT)).unwrap();
    let of_quarter = kpi::run(&app, &analyst(), parse_period_name("2017-Q3").unwrap(), None).await.unwrap();
    let drawn = of_quarter.measures.iter().filter(|m| m.rows.iter().any(|row| row.value.is_some())).count();
    assert_eq!(kept.figures().count(), drawn + 3 + 2, "three maps, two funnels");
    let public = build(&app, &analyst(), &request("public", "2017-Q3", "report")).await.unwrap();
    let is_sensitive = |m: &&MeasureRun| m.kpi.sensitivity == Sensitivity::OfficialSensitive;
    let sensitive = of_quarter.measures.iter().filter(is_sensitive).count();
    assert_eq!(public.kpis, first.kpis - sensitive);
    assert!(sensitive >= 4, "high-risk domestic abuse, offenders managed, hate crime, people harmed or missing again");
    assert!(build(&app, &analyst(), &request("secret", "2017-Q3", "report")).await.is_err());
    let early = build(&app, &analyst(), &request("authority", "2018-Q1", "report")).await.unwrap_err();
    assert!(early.message().contains("needs the whole period"), "{early}");
}

#[test]
fn loads_of_a_feed_are_one_line_without_their_times() {
    let load = |feed: &str, rows_in, at: &str| LoadRecord {
        load_id: 1,
        version: 1,
        feed: feed.into(),
        table: "incidents".into(),
        loaded_at: at.into(),
        files: Vec::new(),
        rows_in,
        accepted: rows_in - 2,
        revised: 1,
        unchanged: 0,
        duplicate: 0,
        withheld: 0,
        rejected: [("bad_time".to_owned(), 1)].into(),
        rejected_total: 1,
        labels: BTreeMap::new(),
        elapsed_ms: 5,
        stated_rows: None,
    };
    let lines = ledger(&[load("b", 10, "x"), load("a", 20, "y"), load("b", 30, "z")]);
    assert_eq!(lines.iter().map(|l| (l.feed.as_str(), l.rows_in)).collect::<Vec<_>>(), [("a", 20), ("b", 40)]);
    assert_eq!(lines[1].rejected["bad_time"], 2);
}

#[test]
fn a_public_edition_is_released_for_the_public() {
    let who = Principal { name: "pm".into(), roles: vec![Role::PerformanceManager], via: "test", purpose: None };
    assert!(reader(&who, Audience::Public).is_public());
    assert!(!reader(&who, Audience::Authority).is_public());
}
