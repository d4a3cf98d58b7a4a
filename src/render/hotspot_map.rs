//! A released map as one picture: cells by class, ranks of the first places, the finding as its title.

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::{Bin, HotspotMap};
use crate::model::provenance::Provenance;
use crate::render::format;
use crate::render::map_svg::{Base, Class, Edge, Map, draw};
use crate::render::palette;
use crate::render::svg::Words;
use crate::space::Point;

/// Places that are numbered on the map.
const RANKED: usize = 10;

/// Draws the map. Classes are the bins where the method has them, else fixed classes of the count.
pub fn svg(id: &str, map: &Released<HotspotMap>, provenance: &Provenance, base: &Base) -> String {
    let scored = map.rows.iter().any(|row| row.z.is_some());
    let classes = if scored { bins(map) } else { counts(map) };
    let hottest = map.hottest();
    let ranks: Vec<(usize, Point)> =
        hottest.iter().take(RANKED).enumerate().map(|(at, row)| (at + 1, row.centre)).collect();
    let notes = notes(provenance);
    draw(&Map { words: words(id, map, provenance, scored), base, classes: &classes, ranks: &ranks, notes: &notes })
}

fn words(id: &str, map: &Released<HotspotMap>, provenance: &Provenance, scored: bool) -> Words {
    let dataset = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    let hot = map.hottest();
    let total = map.rows.len();
    let finding = if !scored {
        format!("{} {dataset} in {} cells", format::count_or(map.total(), "[c]"), total)
    } else if hot.is_empty() {
        format!("No cell of {total} has more {dataset} around it than expected")
    } else {
        let mut parishes: Vec<&str> = hot.iter().filter_map(|row| row.parish.as_deref()).collect();
        parishes.dedup();
        let mut seen = Vec::new();
        for parish in parishes {
            if !seen.contains(&parish) {
                seen.push(parish);
            }
        }
        let places = if seen.is_empty() { String::new() } else { format!(": {}", seen.join(", ")) };
        format!("{} of {total} cells have more {dataset} around them than expected{places}", hot.len())
    };
    let when = [provenance.daypart.as_deref(), provenance.from.as_deref()].map(Option::unwrap_or_default).join(" ");
    Words {
        id: id.to_owned(),
        title: finding.clone(),
        description: format!("Map, {}. {finding}. The table beside it lists the same cells.", when.trim()),
    }
}

fn notes(p: &Provenance) -> Vec<String> {
    let date = |text: &Option<String>| text.as_deref().map_or_else(|| "?".to_owned(), format::iso_date);
    let mut notes = vec![format!(
        "{} records from {} to before {}; data to {}",
        format::count_or(Some(p.rows), "?"),
        date(&p.from),
        date(&p.to),
        date(&p.data_cut_off)
    )];
    let method = match p.method.as_deref() {
        Some("gi-star") => "Gi* with its ring of neighbours; classes from q (Benjamini-Hochberg)",
        Some(other) => other,
        None => "count",
    };
    notes.push(format!("Method: {method}. H3 resolution {}. Forecast accuracy: not yet scored", p.resolution.unwrap_or(0)));
    notes
}

fn bins(map: &Released<HotspotMap>) -> Vec<Class> {
    let class = |bin: Bin, label: &str, fill, edge| Class {
        label: label.to_owned(),
        fill,
        edge,
        cells: map.rows.iter().filter(|row| row.bin == bin).map(|row| row.cell.boundary()).collect(),
    };
    let mut classes = vec![
        class(Bin::Hot99, "More than expected, 99 % sure", palette::HOT[4], Edge::Strong),
        class(Bin::Hot95, "More than expected, 95 % sure", palette::HOT[3], Edge::Plain),
        class(Bin::Hot90, "More than expected, 90 % sure", palette::HOT[1], Edge::Plain),
        class(Bin::Cold90, "Fewer than expected, 90 % sure", palette::COLD[0], Edge::Dashed),
        class(Bin::Cold95, "Fewer than expected, 95 % sure", palette::COLD[1], Edge::Dashed),
        class(Bin::Cold99, "Fewer than expected, 99 % sure", palette::COLD[2], Edge::Dashed),
    ];
    // The hot classes stand in every legend, so that maps compare; cold ones only where there are any.
    classes.retain(|class| class.label.starts_with("More") || !class.cells.is_empty());
    classes
}

fn counts(map: &Released<HotspotMap>) -> Vec<Class> {
    let breaks: [(u64, u64, &str); 5] =
        [(20, u64::MAX, "20 and more"), (10, 19, "10 to 19"), (5, 9, "5 to 9"), (2, 4, "2 to 4"), (1, 1, "1")];
    breaks
        .iter()
        .enumerate()
        .map(|(at, (low, high, label))| Class {
            label: (*label).to_owned(),
            fill: palette::HOT[4 - at],
            edge: if at == 0 { Edge::Strong } else { Edge::Plain },
            cells: map
                .rows
                .iter()
                .filter(|row| row.count.is_some_and(|count| (*low..=*high).contains(&count)))
                .map(|row| row.cell.boundary())
                .collect(),
        })
        .collect()
}
