//! Clusters in space and time on the map and as a table.

use crate::analysis::disclosure::Released;
use crate::analysis::moments::days_in_words;
use crate::analysis::scan::{ClusterRow, Scan};
use crate::model::provenance::Provenance;
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format::{self, SUPPRESSED};
use crate::render::map_svg::{Base, Class, Edge, Map, draw};
use crate::render::palette;
use crate::render::svg::Words;
use crate::space::Point;

/// Clusters that carry their number on the map.
const RANKED: usize = 10;

/// One sentence: how many clusters are more than chance, and the best of them.
pub fn finding(scan: &Released<Scan>, provenance: &Provenance) -> String {
    let what = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    let sure = scan.significant().count();
    match scan.significant().next() {
        Some(best) => {
            let counted = match (best.observed, best.expected) {
                (Some(observed), Some(expected)) => {
                    format!(", {observed} where {} were expected", format::decimal(expected, 1))
                }
                _ => String::new(),
            };
            let place = best.parish.as_deref().map_or_else(String::new, |parish| format!(" in {parish}"));
            let clusters = if sure == 1 { "1 cluster".to_owned() } else { format!("{sure} clusters") };
            format!(
                "{clusters} of {what} in place and time, the first{place} from {}{counted}",
                days_in_words(best.from, best.last_on)
            )
        }
        None => format!("No cluster of {what} in place and time is more than chance explains"),
    }
}

/// The clusters on the map.
pub fn svg(id: &str, scan: &Released<Scan>, provenance: &Provenance, base: &Base) -> String {
    let outlines = |rows: &[&ClusterRow]| -> Vec<Vec<Point>> {
        rows.iter().flat_map(|row| &row.cells).map(|cell| cell.boundary()).collect()
    };
    let (sure, rest): (Vec<&ClusterRow>, Vec<&ClusterRow>) =
        scan.rows.iter().take(RANKED).partition(|row| row.p.is_some_and(|p| p <= 0.05));
    let classes = [
        Class {
            label: "Cells of clusters, p at most 0.05".to_owned(),
            fill: palette::HOT[4],
            edge: Edge::Strong,
            cells: outlines(&sure),
        },
        Class {
            label: "Cells of the next candidates, which chance may explain".to_owned(),
            fill: palette::NOT_SIGNIFICANT,
            edge: Edge::Dashed,
            cells: outlines(&rest),
        },
    ];
    let ranks: Vec<(usize, Point)> =
        scan.rows.iter().take(RANKED).map(|row| (row.rank as usize, row.cell.centre())).collect();
    let finding = finding(scan, provenance);
    let words = Words {
        id: id.to_owned(),
        title: finding.clone(),
        description: format!("Map of the cells of clusters. {finding}. The table beside it lists the same clusters."),
    };
    draw(&Map { words, base, classes: &classes, ranks: &ranks, notes: &notes(scan, provenance) })
}

fn notes(scan: &Scan, p: &Provenance) -> Vec<String> {
    let date = |text: &Option<String>| text.as_deref().map_or_else(|| "?".to_owned(), format::iso_date);
    let parameter = |name: &str| p.parameters.get(name).map_or("?", String::as_str);
    vec![
        format!(
            "{} to before {}: {} records; data to {}",
            date(&p.from),
            date(&p.to),
            format::count_or(scan.cases, SUPPRESSED),
            date(&p.data_cut_off)
        ),
        format!(
            "Space-time permutation scan: circles up to {} m, {} days, {} permutations, seed {}",
            parameter("max_radius_m"),
            parameter("max_days"),
            parameter("permutations"),
            parameter("seed")
        ),
    ]
}

/// The answer for the page: the map and the table of clusters.
pub fn drawn(scan: &Released<Scan>, provenance: &Provenance, base: &Base) -> Drawn {
    let mut table = Figures::new(
        "Clusters",
        "The most likely first; none shares a cell with a better one.",
        &["Rank", "Parish", "Centre", "Radius (m)", "Cells", "When", "Observed", "Expected", "Ratio", "LLR", "p"],
    );
    table.rows = scan
        .rows
        .iter()
        .map(|row| {
            let number = |value: Option<f64>, decimals: usize| {
                value.map_or_else(|| SUPPRESSED.to_owned(), |value| format::decimal(value, decimals))
            };
            vec![
                row.rank.to_string(),
                row.parish.clone().unwrap_or_default(),
                row.cell.to_string(),
                format::decimal(row.radius_m, 0),
                row.cells.len().to_string(),
                days_in_words(row.from, row.last_on),
                format::count_or(row.observed, SUPPRESSED),
                number(row.expected, 2),
                number(row.ratio, 1),
                number(row.llr, 2),
                row.p.map_or_else(|| SUPPRESSED.to_owned(), format::probability),
            ]
        })
        .collect();
    Drawn {
        finding: finding(scan, provenance),
        pictures: vec![Picture {
            label: "Map of clusters in place and time".to_owned(),
            svg: svg("scan", scan, provenance, base),
        }],
        tables: vec![table],
        notes: vec![
            "Expected: the share of all events that the circle holds at any time, of the events of those days."
                .to_owned(),
            "p is adjusted for all the circles and times that were looked at.".to_owned(),
            "Every event counts at the centre of its cell.".to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::model::access::{Principal, Role};
    use crate::model::time::parse_date;
    use crate::space::Cell;

    fn scan(role: Role) -> Released<Scan> {
        let cell = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap();
        let row = |rank: u32, observed: u64, p: f64| ClusterRow {
            rank,
            parish: Some("St Helier".into()),
            cell,
            radius_m: 340.0,
            cells: cell.disk(1),
            from: parse_date("2017-05-05").unwrap(),
            last_on: parse_date("2017-05-09").unwrap(),
            observed: Some(observed),
            expected: Some(1.25),
            ratio: Some(observed as f64 / 1.25),
            llr: Some(7.5),
            p: Some(p),
        };
        let scan = Scan { rows: vec![row(1, 9, 0.01), row(2, 3, 0.7)], cases: Some(200), outside_study_area: Some(0) };
        let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
        release(scan, &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn the_map_and_its_table_say_the_same() {
        let provenance = Provenance { group: Some("burglary".into()), ..Provenance::default() };
        let drawn = drawn(&scan(Role::Analyst), &provenance, &Base::default());
        assert_eq!(
            drawn.finding,
            "1 cluster of burglary in place and time, the first in St Helier from 5 May 2017 to 9 May 2017, 9 where 1.2 \
             were expected"
        );
        assert!(drawn.pictures[0].svg.contains("p at most 0.05 (7)"));
        assert_eq!(drawn.tables[0].rows[0][5], "5 May 2017 to 9 May 2017");
        assert_eq!(drawn.tables[0].rows[0][10], "0.010");
    }

    #[test]
    fn the_public_sees_no_small_cluster() {
        let drawn = drawn(&scan(Role::Public), &Provenance::default(), &Base::default());
        assert_eq!(drawn.tables[0].rows[1][6..10], [SUPPRESSED; 4]);
        assert_eq!(drawn.tables[0].rows[0][6], "9");
    }
}
