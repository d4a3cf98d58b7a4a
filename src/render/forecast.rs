//! A released forecast as a map, GeoJSON or CSV.

use serde_json::json;

use crate::analysis::disclosure::Released;
use crate::analysis::evaluate::{Place, percent};
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;
use crate::model::words::thousands;
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format;
use crate::render::geojson::{collection, feature};
use crate::render::hotspot_map::{parishes, period, score_note};
use crate::render::map_svg::{Base, Class, Edge, Map, draw};
use crate::render::palette::{self, Colour};
use crate::render::svg::Words;
use crate::space::Point;

/// Cells that are numbered on the map and listed beside it.
const LISTED: usize = 25;
/// Of those, the numbered ones.
const RANKED: usize = 10;

/// Classes of the map: shares of the area that the cells up to there make up. The same on every map, so that weeks compare.
const CLASSES: [(f64, &str, Colour, Edge); 4] = [
    (0.01, "The first 1% of the area", palette::HOT[4], Edge::Strong),
    (0.02, "Up to 2%", palette::HOT[3], Edge::Plain),
    (0.05, "Up to 5%", palette::HOT[2], Edge::Plain),
    (0.10, "Up to 10%", palette::HOT[0], Edge::Plain),
];

/// A forecast as a person reads it: the map, and the first cells.
pub fn drawn(rows: &Released<Vec<Place>>, provenance: &Provenance, base: &Base) -> Drawn {
    let finding = finding(rows, provenance);
    let more = rows.len().saturating_sub(LISTED);
    let note = if more == 0 { String::new() } else { format!(" {} more are left out.", thousands(more as u64)) };
    let headers = ["Rank", "Cell", "Parish", "Area so far, %"];
    let mut table = Figures::new("Cells to look at first", &format!("The likeliest first.{note}"), &headers);
    table.rows = rows
        .iter()
        .take(LISTED)
        .map(|row| {
            let parish = row.parish.clone().unwrap_or_else(|| "-".to_owned());
            vec![row.rank.to_string(), row.cell.to_string(), parish, percent(row.area_share)]
        })
        .collect();
    Drawn {
        pictures: vec![Picture { label: format!("Map: {finding}"), svg: svg("forecast", rows, provenance, base) }],
        finding,
        tables: vec![table],
        notes: vec![
            "An order, not a number of records: it says where to look first, and no cell is safe because it comes late."
                .to_owned(),
        ],
    }
}

/// One sentence: how many cells to look at first, and where they are.
pub fn finding(rows: &Released<Vec<Place>>, provenance: &Provenance) -> String {
    let what = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    let first: Vec<&Place> = first(rows, 0.02).collect();
    let cells = if first.len() == 1 { "1 cell".to_owned() } else { format!("{} cells", thousands(first.len() as u64)) };
    let share = first.last().map_or(0.0, |row| row.area_share);
    let places = parishes(first.iter().filter_map(|row| row.parish.as_deref()));
    format!("{cells} to look at first for {what}, {}% of the area{places}", percent(share))
}

/// The cells that make up no more than a share of the area; the first one in any case.
fn first(rows: &[Place], share: f64) -> impl Iterator<Item = &Place> {
    rows.iter().take_while(move |row| row.rank == 1 || row.area_share <= share)
}

/// The map: the first cells by share of the area, the first ten numbered.
pub fn svg(id: &str, rows: &Released<Vec<Place>>, provenance: &Provenance, base: &Base) -> String {
    let mut drawn = 0;
    let classes = CLASSES.map(|(share, label, fill, edge)| {
        let upto = first(rows, share).count();
        let cells = rows[drawn..upto].iter().map(|row| row.cell.boundary()).collect();
        drawn = upto;
        Class { label: label.to_owned(), fill, edge, cells }
    });
    let ranks: Vec<(usize, Point)> = rows.iter().take(RANKED).map(|row| (row.rank, row.centre)).collect();
    let finding = finding(rows, provenance);
    let words = Words {
        id: id.to_owned(),
        title: finding.clone(),
        description: format!(
            "Map of a forecast, {}. {finding}. The list beside it names the same cells.",
            when(provenance)
        ),
    };
    draw(&Map { words, base, classes: &classes, ranks: &ranks, notes: &notes(provenance) })
}

fn when(p: &Provenance) -> String {
    let daypart = p.daypart.as_deref().map_or_else(String::new, |daypart| format!(", {daypart}"));
    format!("{}{daypart}", period(p))
}

/// The lines under the map: which days, from which records, by which method, and how good that was when it was tested.
fn notes(p: &Provenance) -> Vec<String> {
    let cut_off = p.data_cut_off.as_deref().map_or_else(|| "an unknown date".to_owned(), format::iso_date);
    let parameter = |name: &str| p.parameters.get(name).map_or("", String::as_str);
    let method = p.method.as_deref().unwrap_or("?");
    vec![
        format!("Forecast for {}; from {} records; data to {cut_off}", when(p), p.counted()),
        format!("Looks back {}", parameter("looks_back")),
        format!("Method: {method}. {}. H3 resolution {}", parameter(method), p.resolution.unwrap_or(0)),
        score_note(p),
    ]
}

/// One polygon a cell, the likeliest first, with its rank; the provenance as a member of the collection.
///
/// # Errors
/// `Bug` if the JSON cannot be written.
pub fn geojson(rows: &Released<Vec<Place>>, provenance: &Provenance) -> Result<Vec<u8>> {
    let features = rows.iter().map(|row| {
        let properties = json!({
            "rank": row.rank, "cell": row.cell.to_string(), "parish": row.parish, "area_km2": row.area_km2,
            "area_share": row.area_share,
        });
        feature(row.cell, properties)
    });
    collection(features.collect(), provenance)
}

/// One line a cell, the likeliest first.
///
/// # Errors
/// `Bug` if a line cannot be written.
pub fn csv(rows: &Released<Vec<Place>>) -> Result<Vec<u8>> {
    let failed =
        |e: &dyn std::fmt::Display| Error::bug("the forecast cannot be written as CSV").with_cause(e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["rank", "cell", "parish", "area_km2", "area_share", "lat", "lon"]).map_err(|e| failed(&e))?;
    for row in rows.iter() {
        let record = [
            row.rank.to_string(),
            row.cell.to_string(),
            row.parish.clone().unwrap_or_default(),
            row.area_km2.to_string(),
            row.area_share.to_string(),
            row.centre.lat.to_string(),
            row.centre.lon.to_string(),
        ];
        writer.write_record(record).map_err(|e| failed(&e))?;
    }
    writer.into_inner().map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::model::access::{Principal, Role};
    use crate::space::Cell;

    fn answer(cells: usize) -> Released<Vec<Place>> {
        let disk = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap().disk(12);
        let places = disk.into_iter().take(cells).enumerate().map(|(at, cell)| Place {
            rank: at + 1,
            cell,
            parish: Some("St Helier".into()),
            area_km2: 0.1,
            area_share: (at + 1) as f64 / cells as f64,
            centre: cell.centre(),
        });
        let who = Principal { name: "r".into(), roles: vec![Role::Officer], via: "test", purpose: None };
        release(places.collect(), &Policy { threshold: 5 }, &who)
    }

    fn provenance() -> Provenance {
        Provenance {
            from: Some("2018-01-01".into()),
            to: Some("2018-01-08".into()),
            method: Some("kde".into()),
            rows: 1234,
            parameters: BTreeMap::from([("forecast_accuracy".to_owned(), "caught 41.0 % of records".to_owned())]),
            ..Provenance::default()
        }
    }

    #[test]
    fn classes_are_shares_of_the_area_and_the_score_is_in_the_legend() {
        let picture = svg("forecast", &answer(400), &provenance(), &Base::default());
        for words in [
            "The first 1% of the area (4)",
            "Up to 2% (4)",
            "Up to 5% (12)",
            "Up to 10% (20)",
            "8 cells to look at first for records, 2% of the area: 8 in St Helier",
            "Forecast for 1 January 2018 to 7 January 2018; from 1,234 records",
            "Forecast accuracy: caught 41.0 % of records",
        ] {
            assert!(picture.contains(words), "{words} is not in {picture:.3000}");
        }
    }

    #[test]
    fn the_first_cell_is_shown_however_large_it_is() {
        let drawn = drawn(&answer(3), &provenance(), &Base::default());
        assert!(drawn.finding.starts_with("1 cell to look at first"), "{}", drawn.finding);
        assert_eq!(drawn.tables[0].rows.len(), 3);
        assert!(drawn.pictures[0].svg.contains("The first 1% of the area (1)"));
    }
}
