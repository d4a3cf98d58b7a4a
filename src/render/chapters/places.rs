//! The maps of a report, each followed by the list of its places.

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::{CellScore, HotspotMap};
use crate::render::chapters::{MapPart, measure::sentence};
use crate::render::document::{Block, Cell, Column, Figure, Kind, Table};
use crate::render::map_svg::Base;
use crate::render::{format, hotspot_map};

/// Places listed under a map.
const PLACES: usize = 10;

/// Heading, finding, map, places and notes.
pub(super) fn blocks(part: &MapPart<'_>, base: &Base) -> Vec<Block> {
    let id = format!("places-{}", part.name);
    let finding = hotspot_map::finding(part.answer, part.provenance);
    let mut out = vec![
        Block::Heading { level: 3, id: id.clone(), text: part.label.clone() },
        Block::Text(sentence(&finding)),
        Block::Figure(Figure {
            id: format!("{id}-map"),
            title: finding.clone(),
            alt: format!("Map of the island, {}. {finding}. The table lists the same places.", part.label),
            svg: hotspot_map::svg(&format!("map-{}", part.name), part.answer, part.provenance, base),
        }),
        Block::Table(places(&id, &part.label, part.answer)),
    ];
    let notes: Vec<String> = hotspot_map::notes(part.provenance).iter().map(|note| sentence(note)).collect();
    if !notes.is_empty() {
        out.push(Block::Notes(notes));
    }
    out
}

/// The first hotspots of a map, numbered as on it: the one with the most crimes first.
fn places(id: &str, label: &str, answer: &Released<HotspotMap>) -> Table {
    let columns = vec![
        Column::text("Place"),
        Column::text("Parish"),
        Column::text("Fullest cell"),
        Column::number("Cells", "number", Kind::Number),
        Column::number("Crimes", "number", Kind::Number),
        Column::number("Score z there", "standard deviations", Kind::Number),
        Column::number("q there", "probability", Kind::Number),
        Column::text("Class"),
    ];
    let row = |(at, group): (usize, &Vec<&CellScore>)| {
        let cell = group[0];
        let crimes: Option<u64> = group.iter().map(|row| row.count).sum();
        vec![
            Cell::text(format!("Place {}", at + 1)),
            Cell::text(cell.parish.clone().unwrap_or_else(|| "no parish".to_owned())),
            Cell::text(cell.cell.to_string()),
            Cell::count(group.len() as u64),
            crimes.map_or_else(|| Cell::shorthand(format::SUPPRESSED), Cell::count),
            number(cell.z, |z| format::decimal(z, 1)),
            number(cell.q, format::probability),
            Cell::text(cell.bin.words()),
        ]
    };
    let rows: Vec<Vec<Cell>> = answer.hotspots().iter().take(PLACES).enumerate().map(row).collect();
    let notes = if rows.is_empty() {
        vec!["No place stands out.".to_owned()]
    } else {
        vec!["Most crimes first.".to_owned()]
    };
    Table {
        id: format!("{id}-list"),
        title: format!("Places with more crimes than expected: {label}"),
        columns,
        rows,
        notes,
        in_text: None,
    }
}

fn number(value: Option<f64>, text: impl Fn(f64) -> String) -> Cell {
    value.map_or_else(|| Cell::shorthand(format::UNAVAILABLE), |value| Cell::Number { value, text: text(value) })
}
