//! A released map as one picture: cells by class, ranks of the first places, the finding as its title.

use std::collections::BTreeMap;

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::{Bin, CellScore, HotspotMap};
use crate::model::provenance::Provenance;
use crate::model::time::{Period, parse_date};
use crate::render::format;
use crate::render::map_svg::{Base, Class, Edge, Map, draw};
use crate::render::palette;
use crate::render::svg::Words;
use crate::space::Point;

/// Hotspots that are numbered on the map, each at its fullest cell.
const RANKED: usize = 10;

/// Draws the map. Classes are the bins where the method has them, else fixed classes of the count.
pub fn svg(id: &str, map: &Released<HotspotMap>, provenance: &Provenance, base: &Base) -> String {
    let classes = if is_scored(map) { bins(map) } else { counts(map) };
    let hotspots = map.hotspots();
    let ranks: Vec<(usize, Point)> =
        hotspots.iter().take(RANKED).enumerate().map(|(at, group)| (at + 1, group[0].centre)).collect();
    let notes = notes(provenance);
    draw(&Map { words: words(id, map, provenance), base, classes: &classes, ranks: &ranks, notes: &notes })
}

fn words(id: &str, map: &Released<HotspotMap>, provenance: &Provenance) -> Words {
    let finding = finding(map, provenance);
    let when = provenance.daypart.as_deref().map_or_else(String::new, |daypart| format!(", {daypart}"));
    Words {
        id: id.to_owned(),
        title: finding.clone(),
        description: format!("Map{when}, {}. {finding}. The table beside it lists the same cells.", period(provenance)),
    }
}

/// One sentence: how many cells stand out, and in which parishes.
pub fn finding(map: &Released<HotspotMap>, provenance: &Provenance) -> String {
    let what = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    let (hot, total) = (map.hottest(), map.rows.len());
    if !hot.is_empty() {
        let places = parishes(&hot);
        let cells = if hot.len() == 1 { "1 cell has" } else { &format!("{} cells have", hot.len()) };
        let them = if hot.len() == 1 { "it" } else { "them" };
        return format!("{cells} more {what} around {them} than expected{places}");
    }
    match &map.undefined_reason {
        Some(reason) => format!("Where {what} concentrate cannot be said: {reason}"),
        None if is_scored(map) => format!("No cell of {total} has more {what} around it than expected"),
        None => format!("{} {what} in {total} cells", format::count_or(map.total(), format::SUPPRESSED)),
    }
}

/// The parishes of the cells that stand out, most cells first: `: 9 in St Helier, 2 in Grouville`.
fn parishes(hot: &[&CellScore]) -> String {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for parish in hot.iter().filter_map(|row| row.parish.as_deref()) {
        *counted.entry(parish).or_default() += 1;
    }
    let mut counted: Vec<(&str, usize)> = counted.into_iter().collect();
    counted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let places: Vec<String> = counted.iter().map(|(name, count)| format!("{count} in {name}")).collect();
    if places.is_empty() { String::new() } else { format!(": {}", places.join(", ")) }
}

fn is_scored(map: &HotspotMap) -> bool {
    map.rows.iter().any(|row| row.z.is_some() || row.bin != Bin::None)
}

/// The period of an answer in words: `1 October 2016 to 30 September 2017`.
pub fn period(p: &Provenance) -> String {
    let date = |text: &Option<String>| text.as_deref().and_then(|text| parse_date(text).ok());
    match (date(&p.from), date(&p.to)) {
        (Some(from), Some(to)) => Period { from, to }.in_words(),
        _ => "of an unknown period".to_owned(),
    }
}

/// The lines under a map: period, records, data cut-off, method and its score.
pub fn notes(p: &Provenance) -> Vec<String> {
    let cut_off = p.data_cut_off.as_deref().map_or_else(|| "an unknown date".to_owned(), format::iso_date);
    let mut notes = vec![format!("{}: {} records; data to {cut_off}", period(p), format::count_or(Some(p.rows), "?"))];
    let method = match p.method.as_deref() {
        Some("gi-star") => "Gi* with its ring of neighbours; classes from q (Benjamini-Hochberg)",
        Some(other) => other,
        None => "count",
    };
    notes.push(format!("Method: {method}. H3 resolution {}", p.resolution.unwrap_or(0)));
    notes.push("Forecast accuracy: not yet scored".to_owned());
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
        class(Bin::Hot99, "More than expected, 99% sure", palette::HOT[4], Edge::Strong),
        class(Bin::Hot95, "More than expected, 95% sure", palette::HOT[3], Edge::Plain),
        class(Bin::Hot90, "More than expected, 90% sure", palette::HOT[1], Edge::Plain),
        class(Bin::Cold90, "Fewer than expected, 90% sure", palette::COLD[0], Edge::Dashed),
        class(Bin::Cold95, "Fewer than expected, 95% sure", palette::COLD[1], Edge::Dashed),
        class(Bin::Cold99, "Fewer than expected, 99% sure", palette::COLD[2], Edge::Dashed),
    ];
    classes.push(Class {
        label: "Records, not different from expected".to_owned(),
        fill: palette::NOT_SIGNIFICANT,
        edge: Edge::Plain,
        cells: map
            .rows
            .iter()
            .filter(|row| row.bin == Bin::None && row.count != Some(0))
            .map(|row| row.cell.boundary())
            .collect(),
    });
    // The hot classes stand in every legend, so that maps compare; cold ones only where there are any.
    classes.retain(|class| !class.label.starts_with("Fewer") || !class.cells.is_empty());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::model::access::{Principal, Role};
    use crate::space::Cell;

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
                count: Some(i as u64 + 1),
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

    #[test]
    fn the_map_says_what_it_shows() {
        let map = answer(&[Bin::Hot99, Bin::Hot95, Bin::None, Bin::Cold95]);
        let provenance = Provenance {
            dataset: Some("crimes".into()),
            from: Some("2016-10-01".into()),
            to: Some("2017-10-01".into()),
            rows: 1234,
            ..Provenance::default()
        };
        assert_eq!(finding(&map, &provenance), "2 cells have more crimes around them than expected: 2 in St Helier");
        let svg = svg("map", &map, &provenance, &Base::default());
        for words in [
            "99% sure (1)",
            "90% sure (0)",
            "not different from expected (1)",
            "Fewer than expected, 95% sure (1)",
            "1 October 2016 to 30 September 2017: 1,234 records",
            "<desc id=\"map-desc\">",
        ] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(svg.contains(">1</text>"), "the first hotspot carries its number");
    }

    #[test]
    fn nothing_hot_is_said() {
        let nothing = finding(&answer(&[Bin::None, Bin::None]), &Provenance::default());
        assert_eq!(nothing, "No cell of 2 has more records around it than expected");
        let one = finding(&answer(&[Bin::Hot99, Bin::None]), &Provenance::default());
        assert!(one.starts_with("1 cell has more records around it"));
    }
}
