use super::*;
use crate::analysis::disclosure::{Policy, release};
use crate::analysis::hotspot::{Bin, Detail};
use crate::model::access::{Principal, Role};
use crate::model::time::parse_period_name;
use crate::render::kpi_view::tests::sample_run;
use crate::space::{Cell, Point};

fn map(role: Role) -> Released<HotspotMap> {
    let cells = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap().disk(2);
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

fn report(audience: Audience, role: Role) -> String {
    let (run, day, night) = (sample_run(role), map(role), map(role));
    let provenance =
        Provenance { from: Some("2016-10-01".into()), to: Some("2017-10-01".into()), ..Provenance::default() };
    let part = |name: &str, label: &str, answer| MapPart {
        name: name.to_owned(),
        label: label.to_owned(),
        answer,
        provenance: &provenance,
    };
    let maps = vec![part("day", "Day, 07:00-19:00", &day), part("night", "Night, 19:00-07:00", &night)];
    let rejected = [("bad_time".to_owned(), 2), ("missing_key".to_owned(), 1)].into();
    let loads = vec![LoadLine {
        feed: "jersey-incidents".into(),
        rows_in: 103,
        accepted: 90,
        revised: 4,
        unchanged: 5,
        duplicate: 1,
        withheld: 0,
        rejected,
    }];
    html(&Report {
        force: "States of Jersey Police",
        audience,
        period_name: "2017-Q3",
        period: parse_period_name("2017-Q3").unwrap(),
        synthetic: true,
        kpis: &run,
        maps,
        base: &Base::default(),
        loads,
    })
    .unwrap()
}

/// Start tags of some elements, in order, each with its offset.
fn tags<'t>(html: &'t str, names: &[&str]) -> Vec<(usize, &'t str)> {
    html.match_indices('<')
        .filter_map(|(at, _)| {
            let rest = &html[at + 1..];
            let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
            names.contains(&name).then_some((at, name))
        })
        .collect()
}

#[test]
fn headings_nest_and_there_is_one_title() {
    let html = report(Audience::Authority, Role::Analyst);
    let levels: Vec<u32> =
        tags(&html, &["h1", "h2", "h3", "h4"]).iter().map(|(_, name)| name[1..].parse().unwrap()).collect();
    assert_eq!(levels.iter().filter(|l| **l == 1).count(), 1);
    assert_eq!(levels[0], 1);
    assert!(levels.windows(2).all(|w| w[1] <= w[0] + 1), "{levels:?}");
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en-GB\">"));
}

#[test]
fn every_figure_is_named_and_followed_by_its_table() {
    let html = report(Audience::Authority, Role::Analyst);
    let order = tags(&html, &["figure", "table"]);
    let figures = order.iter().filter(|(_, name)| *name == "figure").count();
    let drawn = kpi_view::measures(&sample_run(Role::Analyst)).unwrap();
    let drawn = drawn.iter().filter(|view| !view.chart_svg.is_empty()).count();
    assert_eq!(figures, drawn + 2);
    for pair in order.windows(2) {
        assert!(pair[0].1 != "figure" || pair[1].1 == "table", "a figure at {} has no table", pair[0].0);
    }
    assert_eq!(html.matches("<svg").count(), html.matches("role=\"img\"").count());
    assert_eq!(html.matches("<title id=").count(), figures);
    assert_eq!(html.matches("<desc id=").count(), figures);
}

#[test]
fn tables_have_captions_and_scopes() {
    let html = report(Audience::Authority, Role::Analyst);
    assert_eq!(tags(&html, &["table"]).len(), tags(&html, &["caption"]).len());
    for (at, _) in tags(&html, &["th"]) {
        let tag = &html[at..at + html[at..].find('>').unwrap()];
        assert!(tag.contains("scope=\"col\"") || tag.contains("scope=\"row\""), "{tag}");
    }
}

#[test]
fn ids_are_unique_and_links_lead_somewhere() {
    let html = report(Audience::Authority, Role::Analyst);
    let values = |name: &str| -> Vec<String> {
        html.match_indices(&format!(" {name}=\""))
            .map(|(at, found)| html[at + found.len()..].split('"').next().unwrap().to_owned())
            .collect()
    };
    let mut ids = values("id");
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is there twice");
    for link in values("href") {
        let target = link.strip_prefix('#').expect("a report has no outside links");
        assert!(ids.binary_search(&target.to_owned()).is_ok(), "{link}");
    }
}

#[test]
fn the_report_says_what_it_must_and_runs_nothing() {
    let html = report(Audience::Authority, Role::Analyst);
    for words in [
        "OFFICIAL-SENSITIVE",
        "Synthetic data",
        "Data to 31 December 2017",
        "1 July 2017 to 30 September 2017",
        "12.9%",
        "jersey-incidents",
        "bad time",
        "M03",
        "Chief Inspector Operations",
        "nhsr-0.2",
        "left out: 15",
    ] {
        assert!(html.contains(words), "{words}");
    }
    for never in ["<script", "javascript:", " onload", " style=\"", "http://", "https://"] {
        let allowed = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!allowed.contains(never), "{never}");
    }
}

#[test]
fn the_same_answers_give_the_same_bytes() {
    assert_eq!(report(Audience::Authority, Role::Analyst), report(Audience::Authority, Role::Analyst));
}

#[test]
fn the_public_report_has_no_sensitive_measure() {
    let html = report(Audience::Public, Role::Public);
    assert!(html.contains(">OFFICIAL<") && !html.contains("OFFICIAL-SENSITIVE"));
    assert!(!html.contains("Sex offenders") && !html.contains("High-risk domestic"));
}
