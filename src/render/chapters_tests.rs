use super::*;
use crate::analysis::disclosure::{Policy, release};
use crate::analysis::hotspot::{Bin, CellScore, Detail};
use crate::model::access::{Principal, Role};
use crate::model::time::parse_period_name;
use crate::render::kpi_view::tests::sample_run;
use crate::space::{Cell as Hexagon, Point};

fn map(role: Role) -> Released<HotspotMap> {
    let cells = Hexagon::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap().disk(2);
    let rows = cells
        .into_iter()
        .enumerate()
        .map(|(i, cell)| CellScore {
            cell,
            parish: Some("St Helier".into()),
            area_km2: cell.area_km2(),
            count: Some(i as u64 * 7 + 1),
            rate_per_km2: Some(i as f64 * 70.0),
            detail: Detail::default(),
            z: Some(i as f64),
            p: Some(0.001),
            q: Some(0.002),
            bin: if i > 12 { Bin::Hot99 } else { Bin::None },
            centre: cell.centre(),
        })
        .collect();
    let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
    let map = HotspotMap { rows, outside_study_area: Some(0), undefined_reason: None };
    release(map, &Policy { threshold: 5 }, &who)
}

fn plan() -> Released<PlanState> {
    let owners = crate::analysis::owner::Owners::builtin().unwrap();
    let register = crate::analysis::plan::Register::builtin(&owners).unwrap();
    let on = crate::model::time::parse_date("2017-09-30").unwrap();
    let state = crate::analysis::plan::standing::state(
        &register,
        &crate::analysis::plan::entries::Entries::default(),
        &owners,
        (on, "asked for"),
        &crate::analysis::plan::standing::Filter::default(),
    );
    let who = Principal { name: "r".into(), roles: vec![Role::Analyst], via: "test", purpose: None };
    release(state.unwrap(), &Policy { threshold: 5 }, &who)
}

fn report(audience: Audience, role: Role, before: Option<(&EditionId, Vec<Revision>)>) -> Document {
    let (run, day, night) = (sample_run(role), map(role), map(role));
    let provenance =
        Provenance { from: Some("2016-10-01".into()), to: Some("2017-10-01".into()), ..Provenance::default() };
    let part = |name: &str, label: &str, answer| MapPart {
        name: name.to_owned(),
        label: label.to_owned(),
        answer,
        provenance: &provenance,
    };
    let id = EditionId { audience: audience.name().into(), period: "2017-Q3".into(), number: 1 };
    document(&Material {
        force: "States of Jersey Police",
        audience,
        id: &id,
        state: State::Draft,
        period: parse_period_name("2017-Q3").unwrap(),
        synthetic: true,
        kpis: &run,
        areas: vec![Funnel {
            measure: "M03".into(),
            title: "in time".into(),
            overall: 0.8,
            rows: ["St Helier", "St Mary"]
                .map(|area| crate::analysis::funnel::FunnelRow {
                    area: area.into(),
                    numerator: 30,
                    denominator: 50,
                    share: 0.6,
                    act: crate::stats::funnel::Pair { lower: 0.62, upper: 0.95 },
                    band: crate::stats::funnel::Band::LowAct,
                })
                .to_vec(),
            unknown: (1, 2),
        }],
        groups: Vec::new(),
        night: Vec::new(),
        maps: vec![part("day", "Day, 07:00-19:00", &day), part("night", "Night, 19:00-07:00", &night)],
        base: &Base::default(),
        plan: &plan(),
        loads: vec![LoadLine {
            feed: "jersey-incidents".into(),
            rows_in: 103,
            accepted: 90,
            revised: 4,
            unchanged: 5,
            duplicate: 1,
            withheld: 0,
            rejected: [("bad_time".to_owned(), 2), ("missing_key".to_owned(), 1)].into(),
        }],
        before,
    })
    .unwrap()
}

fn table<'d>(document: &'d Document, id: &str) -> &'d Table {
    document.tables().find(|table| table.id == id).unwrap_or_else(|| panic!("no table {id}"))
}

#[test]
fn the_report_is_a_document_that_every_writer_can_write() {
    for (audience, role) in [(Audience::Authority, Role::Analyst), (Audience::Public, Role::Public)] {
        let document = report(audience, role, None);
        document.check().unwrap();
        let drawn = kpi_view::measures(&sample_run(role)).unwrap().iter().filter(|v| !v.chart_svg.is_empty()).count();
        assert_eq!(document.figures().count(), drawn + 3);
    }
}

#[test]
fn every_measure_is_in_one_chapter() {
    let document = report(Audience::Authority, Role::Analyst, None);
    let run = sample_run(Role::Analyst);
    for measure in &run.measures {
        let id = measure::series_id(&measure.kpi.measure);
        assert_eq!(document.tables().filter(|table| table.id == id).count(), 1, "{id}");
    }
    let series = table(&document, "m03_series");
    assert_eq!((series.rows.len(), series.in_text, series.definition.len()), (24, Some(13), 12));
    assert_eq!(document.chapters.iter().filter(|chapter| chapter.id == "others").count(), 0);
}

#[test]
fn the_public_sees_no_sensitive_measure_and_no_limit_of_a_hidden_month() {
    let document = report(Audience::Public, Role::Public, None);
    assert!(document.tables().all(|table| table.id != "m15_series"));
    assert_eq!(document.marking, "OFFICIAL");
    assert_eq!(report(Audience::Authority, Role::Analyst, None).marking, "OFFICIAL-SENSITIVE");
}

#[test]
fn a_change_is_listed_with_its_cause_and_an_untouched_figure_is_not() {
    let old = report(Audience::Authority, Role::Analyst, None);
    let mut now = old.clone();
    let edit = |document: &mut Document, id: &str, row: usize, change: &dyn Fn(&mut Table, usize)| {
        for block in document.chapters.iter_mut().flat_map(|chapter| &mut chapter.blocks) {
            if let Block::Table(table) = block
                && table.id == id
            {
                change(table, row);
            }
        }
    };
    edit(&mut now, "m06_series", 3, &|table, row| table.rows[row][1] = cells::count(999));
    edit(&mut now, "m01_series", 5, &|table, row| {
        table.rows[row][1] = cells::count(1);
        table.definition = "another".into();
    });
    let changed = crate::render::revision::compare((&old, 7), (&now, 8));
    let said: Vec<(&str, &str, &str)> =
        changed.iter().map(|r| (r.column.as_str(), r.now.shown(), r.cause.words())).collect();
    assert_eq!(said, [("Value", "1", "definition"), ("Value", "999", "data")]);
    let again = crate::render::revision::compare((&old, 7), (&now, 7));
    assert_eq!(again[1].cause.words(), "correction");
    let id = EditionId { audience: "authority".into(), period: "2017-Q2".into(), number: 1 };
    let document = report(Audience::Authority, Role::Analyst, Some((&id, changed)));
    document.check().unwrap();
    assert_eq!(table(&document, "revisions_list").rows.len(), 2);
    let none = report(Audience::Authority, Role::Analyst, Some((&id, Vec::new())));
    assert!(
        none.blocks().any(|block| matches!(block, Block::Text(text) if text.starts_with("No figure that edition")))
    );
}

#[test]
fn rows_of_a_feed_add_up_or_say_so() {
    let document = report(Audience::Authority, Role::Analyst, None);
    let ledger = table(&document, "quality_rows");
    assert_eq!(ledger.rows[0].last().unwrap().shown(), "yes");
    assert_eq!(table(&document, "quality_refused").rows.len(), 2);
}
