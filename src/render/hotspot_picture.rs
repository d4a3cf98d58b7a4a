//! A hotspot map as a picture: cells by how far they stand out, the first places numbered, and the words around it.

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::{Bin, CellScore, HotspotMap};
use crate::model::provenance::Provenance;
use crate::render::format;
use crate::render::map_svg::{Base, Class, Edge, Map, draw};
use crate::render::palette::{self, Colour};
use crate::render::svg::Words;

/// Places that carry their number on the map.
const RANKED: usize = 10;

/// What a picture shows beside the answer.
#[derive(Debug, Clone, Copy)]
pub struct Caption<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// What is counted, in the plural: `crimes`, `incidents`.
    pub noun: &'a str,
    /// When, in words: `by day, 07:00-19:00`.
    pub when: &'a str,
}

/// One sentence on a map: how many cells stand out and where most of them are.
pub fn finding(answer: &Released<HotspotMap>, caption: &Caption<'_>) -> String {
    if let (Some(reason), true) = (&answer.undefined_reason, answer.hottest().is_empty()) {
        return format!("Where {} concentrate {} cannot be said: {reason}", caption.noun, caption.when);
    }
    let hot = answer.hottest();
    if hot.is_empty() {
        return format!("No cell has more {} than expected {}", caption.noun, caption.when);
    }
    let mut parishes: Vec<(&str, usize)> = Vec::new();
    for parish in hot.iter().filter_map(|row| row.parish.as_deref()) {
        match parishes.iter_mut().find(|(name, _)| *name == parish) {
            Some((_, count)) => *count += 1,
            None => parishes.push((parish, 1)),
        }
    }
    parishes.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let places: Vec<String> =
        parishes.iter().take(3).map(|(name, count)| format!("{count} in {name}")).collect();
    let cells = if hot.len() == 1 { "cell has".to_owned() } else { format!("{} cells have", hot.len()) };
    let lead = if hot.len() == 1 { "One " } else { "" };
    let places = if places.is_empty() { String::new() } else { format!(": {}", places.join(", ")) };
    format!("{lead}{cells} more {} than expected {}{places}", caption.noun, caption.when)
}

/// The lines under a map: period, records, data cut-off, method.
pub fn notes(provenance: &Provenance) -> Vec<String> {
    let date = |text: &Option<String>| text.as_deref().map_or_else(String::new, format::iso_date);
    let last = provenance
        .to
        .as_deref()
        .and_then(|to| crate::model::time::parse_date(to).ok())
        .and_then(|to| to.pred_opt())
        .map_or_else(String::new, crate::model::time::date_in_words);
    let mut out = vec![format!(
        "{} to {}; {} records",
        date(&provenance.from),
        last,
        format::count_or(Some(provenance.rows), format::UNAVAILABLE)
    )];
    let method = match provenance.method.as_deref() {
        Some("gi-star") => "Getis-Ord Gi*, q by Benjamini and Hochberg",
        Some(other) => other,
        None => "counts",
    };
    out.push(format!(
        "{method}; H3 resolution {}; data to {}; store version {}",
        provenance.resolution.map_or_else(String::new, |r| r.to_string()),
        provenance.data_cut_off.as_deref().map_or_else(|| "an unknown date".to_owned(), format::iso_date),
        provenance.store_version
    ));
    out
}

/// Draws the map. The classes are the same for every period and daypart, so that maps compare.
pub fn hotspots(
    answer: &Released<HotspotMap>,
    provenance: &Provenance,
    base: &Base,
    caption: &Caption<'_>,
) -> String {
    let scored = answer.rows.iter().any(|row| row.bin != Bin::None) || answer.rows.iter().any(|row| row.z.is_some());
    let classes = if scored { bin_classes(answer) } else { count_classes(answer) };
    let hottest = answer.hottest();
    let ranks: Vec<_> =
        hottest.iter().take(RANKED).enumerate().map(|(at, row)| (at + 1, row.centre)).collect();
    let title = finding(answer, caption);
    let description = format!(
        "Map of {} {}. {}. {}",
        caption.noun,
        caption.when,
        title,
        classes.iter().map(|c| format!("{}: {} cells", c.label, c.cells.len())).collect::<Vec<_>>().join("; ")
    );
    let words = Words { id: caption.id.to_owned(), title, description };
    draw(&Map { words, base, classes: &classes, ranks: &ranks, notes: &notes(provenance) })
}

fn bin_classes(answer: &HotspotMap) -> Vec<Class> {
    let of = |label: &str, fill: Colour, edge: Edge, keep: &dyn Fn(&CellScore) -> bool| Class {
        label: label.to_owned(),
        fill,
        edge,
        cells: answer.rows.iter().filter(|row| keep(row)).map(|row| row.cell.boundary()).collect(),
    };
    let bin = |bin: Bin| move |row: &CellScore| row.bin == bin;
    let mut classes = vec![
        of("More than expected, q at most 0.01", palette::HOT[4], Edge::Strong, &bin(Bin::Hot99)),
        of("More than expected, q at most 0.05", palette::HOT[2], Edge::Strong, &bin(Bin::Hot95)),
        of("More than expected, q at most 0.10", palette::HOT[1], Edge::Plain, &bin(Bin::Hot90)),
        of("Records, not different from expected", palette::NOT_SIGNIFICANT, Edge::Plain, &|row: &CellScore| {
            row.bin == Bin::None && row.count != Some(0)
        }),
    ];
    let cold = of("Fewer than expected, q at most 0.10", palette::COLD[2], Edge::Dashed, &|row: &CellScore| {
        row.bin < Bin::None
    });
    if !cold.cells.is_empty() {
        classes.push(cold);
    }
    classes
}

/// Fixed breaks, so that periods compare.
fn count_classes(answer: &HotspotMap) -> Vec<Class> {
    [(20, u64::MAX, "20 and more"), (10, 19, "10 to 19"), (5, 9, "5 to 9"), (2, 4, "2 to 4"), (1, 1, "1")]
        .into_iter()
        .enumerate()
        .map(|(at, (low, high, label))| Class {
            label: label.to_owned(),
            fill: palette::HOT[4 - at],
            edge: Edge::Plain,
            cells: answer
                .rows
                .iter()
                .filter(|row| row.count.is_some_and(|n| (low..=high).contains(&n)))
                .map(|row| row.cell.boundary())
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::model::access::{Principal, Role};
    use crate::space::{Cell, Point};

    fn answer(bins: &[Bin]) -> Released<HotspotMap> {
        let cells = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap().disk(2);
        let rows = cells
            .into_iter()
            .zip(bins)
            .enumerate()
            .map(|(i, (cell, bin))| CellScore {
                cell,
                parish: Some("St Helier".into()),
                area_km2: 0.1,
                count: Some(i as u64),
                rate_per_km2: None,
                z: Some(f64::from(bin.level())),
                p: Some(0.01),
                q: Some(0.02),
                bin: *bin,
                centre: cell.centre(),
            })
            .collect();
        let who = Principal { name: "r".into(), roles: vec![Role::Analyst], via: "test", purpose: None };
        let map = HotspotMap { rows, outside_study_area: Some(0), undefined_reason: None };
        release(map, &Policy { threshold: 5 }, &who)
    }

    const CAPTION: Caption<'static> = Caption { id: "day", noun: "crimes", when: "by day" };

    #[test]
    fn the_map_says_what_it_shows() {
        let map = answer(&[Bin::Hot99, Bin::Hot95, Bin::None, Bin::Cold95]);
        assert_eq!(finding(&map, &CAPTION), "2 cells have more crimes than expected by day: 2 in St Helier");
        let svg = hotspots(&map, &Provenance { rows: 1234, ..Provenance::default() }, &Base::default(), &CAPTION);
        for words in ["q at most 0.01 (1)", "q at most 0.05 (1)", "not different from expected (1)",
            "Fewer than expected, q at most 0.10 (1)", "1,234 records"]
        {
            assert!(svg.contains(words), "{words}");
        }
        assert!(svg.contains(">1</text>") && svg.contains(">2</text>"), "the first places carry their rank");
    }

    #[test]
    fn nothing_hot_is_said() {
        let map = answer(&[Bin::None, Bin::None]);
        assert_eq!(finding(&map, &CAPTION), "No cell has more crimes than expected by day");
        let one = answer(&[Bin::Hot99, Bin::None]);
        assert!(finding(&one, &CAPTION).starts_with("One cell has more crimes"));
    }
}
