//! The maps of a report, each followed by the list of its places.

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::{CellScore, HotspotMap};
use crate::render::chapters::cells::{self, number_column, text_column};
use crate::render::chapters::{MapPart, measure::sentence};
use crate::render::document::{Block, Cell, Figure, Table};
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
        Block::Finding(sentence(&finding)),
        Block::Figure(Figure {
            id: format!("{id}-map"),
            title: finding.clone(),
            alt: format!("Map of the island, {}. {finding}. The table lists the same places.", part.label),
            caption: part.label.clone(),
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
        text_column("Place"),
        text_column("Parish"),
        text_column("Fullest cell"),
        number_column("Cells", "number"),
        number_column("Crimes", "number"),
        number_column("Score z there", "standard deviations"),
        number_column("q there", "probability"),
        text_column("Class"),
    ];
    let row = |(at, group): (usize, &Vec<&CellScore>)| {
        let cell = group[0];
        let crimes: Option<u64> = group.iter().map(|row| row.count).sum();
        vec![
            Cell::text(format!("Place {}", at + 1)),
            Cell::text(cell.parish.clone().unwrap_or_else(|| "no parish".to_owned())),
            Cell::text(cell.cell.to_string()),
            cells::count(group.len() as u64),
            crimes.map_or_else(|| cells::shorthand(format::SUPPRESSED), cells::count),
            cells::or(cell.z, format::UNAVAILABLE, |z| cells::rounded(z, 1)),
            cells::or(cell.q, format::UNAVAILABLE, cells::probability),
            Cell::text(cell.bin.words()),
        ]
    };
    let rows: Vec<Vec<Cell>> = answer.hotspots().iter().take(PLACES).enumerate().map(row).collect();
    let notes = if rows.is_empty() { vec!["No place stands out.".to_owned()] } else { Vec::new() };
    Table {
        id: format!("{}_list", id.replace('-', "_")),
        title: format!("Places with more crimes than expected: {label}"),
        columns,
        sort: if rows.is_empty() { String::new() } else { "Most crimes first.".to_owned() },
        rows,
        notes,
        ..Table::default()
    }
}
