//! Who may do what: the whole table, and that the trips of `app` keep to it and write it down.

use vigie::analysis::change::{By, Question as Change, Test};
use vigie::analysis::emerging::{Definition, Question as Histories};
use vigie::analysis::hotspot::{Method, Question};
use vigie::analysis::selection::Selection;
use vigie::analysis::steps::StepLength;
use vigie::app::load::Request;
use vigie::app::{
    App, about, admin, backup, change, clusters, concentration, editions, emerging, evaluate, flow, forecast, hotspots,
    hours, kpi, near_repeat, patrol_page, plan, quality, rejects, report, scan, sql, trend, verify,
};
use vigie::error::{Error, Kind};
use vigie::model::access::{Action, Principal, Role, decide};
use vigie::model::edition::{EditionId, Step};
use vigie::model::time::{Period, parse_date};
use vigie::store::AsOf;

use crate::support::{ingest, island_app, last_year, new_store, small_sample, somebody};

/// Actions down, roles across; `x` may. Changing a line here is changing the policy.
const TABLE: &str = "
                 public  officer  analyst  inspector  performance_manager  auditor  admin
Administer       -       -        -        -          -                    -        x
Load             -       -        x        -          -                    -        -
AskAggregate     x       x        x        x          x                    -        -
AskPerformance   -       -        x        x          x                    -        -
SignReport       -       -        x        -          x                    -        -
AskQuery         -       -        x        x          x                    -        -
AskRecords       -       -        x        -          -                    -        -
ReadLedger       -       -        x        x          x                    x        x
ReadAudit        -       -        -        -          -                    x        x
";

fn table() -> String {
    let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    let mut text = format!("\n{:17}{}\n", "", names.join("  "));
    for action in Action::ALL {
        let marks: Vec<String> = Role::ALL
            .iter()
            .map(|role| {
                let mark = if decide(&somebody(&[*role]), action).is_ok() { "x" } else { "-" };
                format!("{mark:width$}", width = role.name().len())
            })
            .collect();
        text.push_str(format!("{:17}{}", format!("{action:?}"), marks.join("  ")).trim_end());
        text.push('\n');
    }
    text
}

#[test]
fn the_table_of_actions_and_roles() {
    assert_eq!(table(), TABLE, "\n{}", table());
}

#[test]
fn two_roles_may_what_either_may_and_nobody_may_nothing() {
    for action in Action::ALL {
        for one in Role::ALL {
            for other in Role::ALL {
                let either = decide(&somebody(&[one]), action).is_ok() || decide(&somebody(&[other]), action).is_ok();
                assert_eq!(decide(&somebody(&[one, other]), action).is_ok(), either);
            }
        }
        assert!(decide(&somebody(&[]), action).is_err());
    }
}

#[test]
fn a_refusal_names_the_roles_that_may() {
    let refusal = decide(&somebody(&[Role::Officer]), Action::AskPerformance).unwrap_err();
    assert_eq!(refusal.kind(), Kind::Denied);
    for word in ["performance_manager", "officer"] {
        assert!(refusal.message().contains(word), "{refusal}");
    }
}

fn last_year_of_crimes() -> Question {
    let (from, to) = last_year();
    let period = Period::new(parse_date(&from).unwrap(), parse_date(&to).unwrap()).unwrap();
    Question { selection: Selection::of("crimes", period), resolution: 9, method: Method::GiStar }
}

fn clusters_question(selection: &Selection) -> vigie::analysis::clusters::Question {
    use vigie::analysis::clusters::{Method, Question};
    let minimum = Question::USUAL_MINIMUM;
    Question { selection: selection.clone(), method: Method::Dbscan, distance_m: None, minimum, resolution: 9 }
}

/// Every trip by name, with the action it stands for and how it ended for somebody.
async fn trips(app: &App, who: &Principal) -> Vec<(&'static str, Action, Result<(), Error>)> {
    let question = last_year_of_crimes();
    let series = trend::Question::of(question.selection.clone());
    let knots = clusters_question(&question.selection);
    let shares = vigie::analysis::concentration::Question { selection: question.selection.clone(), resolution: 9 };
    let compared = Change {
        selection: question.selection.clone(),
        before: Change::usual_before(question.selection.period),
        by: By::Cell(9),
        test: Test::Exact,
        alpha: 0.05,
    };
    let histories = Histories::usual(question.selection.clone(), 9, StepLength::Days(28), Definition::Esri3);
    let repeats = vigie::analysis::near_repeat::Question {
        permutations: 9,
        ..vigie::analysis::near_repeat::Question::of(question.selection.clone(), 9)
    };
    let crowds = vigie::analysis::scan::Question {
        permutations: 9,
        ..vigie::analysis::scan::Question::of(question.selection.clone(), 9)
    };
    let tested = vigie::analysis::evaluate::Question {
        methods: vec![vigie::analysis::evaluate::Method::BASELINE],
        step_days: 91,
        ..vigie::analysis::evaluate::Question::usual(question.selection.clone(), vec![None], 9)
    };
    let next = vigie::analysis::evaluate::Question {
        selection: Selection {
            period: forecast::days_from(question.selection.period.to, 7).unwrap(),
            ..question.selection.clone()
        },
        ..tested.clone()
    };
    let baseline = Some(vigie::analysis::evaluate::Method::BASELINE);
    let nothing = small_sample().join("nothing.geojson");
    let request = Request {
        feed: "jersey-crimes".to_owned(),
        files: vec![small_sample().join("crimes.csv.gz")],
        dry_run: true,
        ..Request::default()
    };
    let edition = EditionId::parse("authority-1999-Q1-1").unwrap();
    vec![
        ("about", Action::AskAggregate, about::ask(app, who).await.map(drop)),
        ("hotspots", Action::AskAggregate, hotspots::ask(app, who, &question).await.map(drop)),
        ("clusters", Action::AskAggregate, clusters::ask(app, who, &knots).await.map(drop)),
        ("concentration", Action::AskAggregate, concentration::ask(app, who, &shares).await.map(drop)),
        ("change", Action::AskAggregate, change::ask(app, who, &compared).await.map(drop)),
        ("emerging", Action::AskAggregate, emerging::ask(app, who, &histories).await.map(drop)),
        ("hours", Action::AskAggregate, hours::ask(app, who, &question.selection).await.map(drop)),
        ("trend", Action::AskAggregate, trend::ask(app, who, &series).await.map(drop)),
        ("near-repeat", Action::AskAggregate, near_repeat::ask(app, who, &repeats).await.map(drop)),
        ("scan", Action::AskAggregate, scan::ask(app, who, &crowds).await.map(drop)),
        ("evaluate", Action::AskAggregate, evaluate::ask(app, who, &tested, false).await.map(drop)),
        ("forecast", Action::AskAggregate, forecast::ask(app, who, &next, baseline).await.map(drop)),
        ("anpr flow", Action::AskAggregate, flow::ask(app, who, question.selection.period, None).await.map(drop)),
        ("anpr cameras", Action::AskAggregate, flow::cameras(app, who).await.map(drop)),
        ("patrol page", Action::AskAggregate, patrol_page::ask(app, who).await.map(drop)),
        ("reports", Action::AskPerformance, editions::list(app, who).map(drop)),
        ("report sign", Action::SignReport, report::sign(app, who, &edition, Step::SignedFinal, "", None).map(drop)),
        ("report withdraw", Action::SignReport, report::withdraw(app, who, &edition, "why")),
        ("query", Action::AskQuery, sql::query(app, who, "datasets", &[], AsOf::Newest).await.map(drop)),
        ("sql", Action::AskRecords, sql::sql(app, who, "SELECT 1", AsOf::Newest).await.map(drop)),
        ("kpi run", Action::AskPerformance, kpi::run(app, who, question.selection.period, None).await.map(drop)),
        ("plan", Action::AskPerformance, plan::ask(app, who, &plan::Question::default()).await.map(drop)),
        ("plan show", Action::AskPerformance, plan::show(app, who, "3.4.8.4", None).await.map(drop)),
        ("plan check", Action::AskPerformance, plan::check(app, who).map(drop)),
        ("plan load", Action::Administer, plan::load(app, who, &nothing).map(drop)),
        ("quality", Action::AskPerformance, quality::ask(app, who, &quality::Question::default()).await.map(drop)),
        ("load", Action::Load, vigie::app::load::load(app, who, &request, &|_, _, _| {}).await.map(drop)),
        ("areas load", Action::Administer, admin::load_areas(app, who, &nothing, "name").map(drop)),
        ("loads", Action::ReadLedger, admin::loads(app, who).map(drop)),
        ("loads show", Action::ReadLedger, admin::load_record(app, who, 1).map(drop)),
        ("rejects list", Action::ReadLedger, rejects::list(app, who, None, Some(1)).await.map(drop)),
        ("audit list", Action::ReadAudit, admin::audit_lines(app, who, 1).map(drop)),
        ("verify", Action::ReadAudit, verify::verify(Some(app), app.store.root(), who, &|_, _| {}).await.map(drop)),
        ("backup", Action::Administer, backup::backup(app, who, small_sample(), &|_, _| {}).map(drop)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trip_keeps_to_the_table_for_every_role() {
    let app = island_app();
    for role in Role::ALL {
        let who = Principal { name: format!("role-test-{}", role.name()), ..somebody(&[role]) };
        for (name, action, ended) in trips(&app, &who).await {
            let may = decide(&who, action).is_ok();
            let denied = ended.as_ref().err().is_some_and(|e| e.kind() == Kind::Denied);
            assert_eq!(denied, !may, "{name} as {}: {ended:?}", role.name());
            // These are asked for what cannot be done: whoever may gets as far as hearing that.
            if may && !["areas load", "backup", "plan load", "report sign", "report withdraw"].contains(&name) {
                assert!(ended.is_ok(), "{name} as {}: {ended:?}", role.name());
            }
        }
        let auditor = somebody(&[Role::Auditor]);
        let lines = admin::audit_lines(&app, &auditor, 10_000).unwrap();
        let own: Vec<_> = lines.iter().filter(|line| line.who == who.name).collect();
        assert!(own.len() >= 19, "every trip of {} left a line, refused ones too: {}", role.name(), own.len());
        for line in own {
            assert_eq!(line.roles, role.name());
            assert!(["allowed", "denied"].contains(&line.outcome.as_str()), "{line:?}");
        }
        assert_eq!(
            lines.iter().any(|line| line.who == who.name && line.action == "sql" && line.outcome == "denied"),
            decide(&who, Action::AskRecords).is_err()
        );
    }
    assert!(admin::verify_audit(&app, &somebody(&[Role::Auditor])).unwrap() > 70);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_never_sees_a_count_of_one_to_four() {
    let app = island_app();
    let question = last_year_of_crimes();
    let officer = hotspots::ask(&app, &somebody(&[Role::Officer]), &question).await.unwrap();
    let public = hotspots::ask(&app, &somebody(&[Role::Public]), &question).await.unwrap();
    let counts = |answer: &hotspots::HotspotAnswer| answer.map.rows.iter().map(|r| r.count).collect::<Vec<_>>();
    let (theirs, ours) = (counts(&officer), counts(&public));
    assert_eq!(theirs.len(), ours.len());
    let small = theirs.iter().filter(|count| count.is_some_and(|n| (1..5).contains(&n))).count();
    assert!(small > 20, "the test has something to hide: {small}");
    for (full, shown) in theirs.iter().zip(&ours) {
        assert!(shown.is_none_or(|n| n == 0 || n >= 5), "{shown:?} was shown");
        assert!(shown.is_none() || shown == full);
    }
    // The number of records is a range around the truth, and nothing else says how many there are.
    let (whole, range) = (officer.provenance.rows, &public.provenance);
    assert!(range.rows < whole && range.rows_at_most.is_some_and(|most| whole < most), "{range:?}");
    assert!(range.excluded.is_empty() && public.map.outside_study_area.is_none());
    assert_eq!(range.rows, ours.iter().flatten().sum::<u64>() + ours.iter().filter(|n| n.is_none()).count() as u64);
    for row in public.map.rows.iter().filter(|row| row.count.is_none()) {
        assert!(row.rate_per_km2.is_none() && row.z.is_none(), "a hidden count is not to be worked out: {row:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_load_writes_nothing() {
    let (_folder, app) = new_store("jersey", "Europe/Jersey").await;
    let request = Request {
        feed: "jersey-crimes".to_owned(),
        files: vec![small_sample().join("crimes.csv.gz")],
        ..Request::default()
    };
    let refused = vigie::app::load::load(&app, &somebody(&[Role::Inspector]), &request, &|_, _, _| {}).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Denied);
    assert_eq!(app.version().unwrap(), 0);
    assert_eq!(ingest(&app, "jersey-crimes", &request.files).await.unwrap().version, 1);
}
