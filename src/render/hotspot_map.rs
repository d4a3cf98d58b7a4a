//! A released map as one picture: cells by class, ranks of the first places, the finding as its title.

use std::collections::BTreeMap;

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::{Bin, CellScore, HotspotMap, NEXT_CLASSES};
use crate::model::provenance::Provenance;
use crate::model::time::{Period, parse_date};
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format;
use crate::render::map_svg::{Base, Class, Edge, Map, draw};
use crate::render::palette;
use crate::render::svg::Words;
use crate::space::Point;
use crate::stats::moran::Quadrant;

/// Hotspots that are numbered on the map, each at its fullest cell.
const RANKED: usize = 10;

/// Draws the map. Classes are quadrants, shares of the density or bins where the method has them, else fixed classes of
/// the count.
pub fn svg(id: &str, map: &Released<HotspotMap>, provenance: &Provenance, base: &Base) -> String {
    let classes = match kind(map) {
        Kind::Quadrants => quadrants(map),
        Kind::Compared => compared(map),
        Kind::Density => densities(map),
        Kind::Next => likeliest(map),
        Kind::Bins => bins(map),
        Kind::Counts => counts(map),
    };
    let hotspots = map.hotspots();
    let first = map.likeliest(NEXT_CLASSES[0]);
    let ranked = first.iter().filter(|row| row.detail.rank.is_some()).map(|row| row.centre);
    let first = hotspots.iter().map(|group| group[0].centre).chain(ranked);
    let ranks: Vec<(usize, Point)> = first.take(RANKED).enumerate().map(|(at, centre)| (at + 1, centre)).collect();
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
    match kind(map) {
        Kind::Quadrants => return clusters_and_outliers(map, what),
        Kind::Compared => {
            let other = provenance.parameters.get("against").map_or("the others", String::as_str);
            let twice = relative(map).filter(|(_, ratio)| ratio.is_none_or(|ratio| ratio >= 2.0)).count();
            return format!("{twice} of {total} cells have at least twice their share of {what}, held against {other}");
        }
        Kind::Density => {
            let (densest, half) = (map.densest(), holding(map, 0.5));
            let share = format::decimal(100.0 * half as f64 / total.max(1) as f64, 1);
            let places = parishes_of(&densest[..half.min(densest.len())]);
            return format!("The densest {share}% of cells hold half of the {what} that the density expects{places}");
        }
        Kind::Next => {
            let first = map.likeliest(NEXT_CLASSES[1]);
            let from = provenance.parameters.get("next_from").map(|on| format::iso_date(on));
            let days = from.map_or_else(String::new, |from| format!(" from {from}"));
            let places = parishes_of(&first);
            return format!("The {} likeliest cells for {what}{days} make up 2% of the area{places}", first.len());
        }
        Kind::Bins | Kind::Counts => {}
    }
    if !hot.is_empty() {
        let places = parishes_of(&hot);
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

fn parishes_of(hot: &[&CellScore]) -> String {
    parishes(hot.iter().filter_map(|row| row.parish.as_deref()))
}

/// The parishes of the cells that stand out, most cells first: `: 9 in St Helier, 2 in Grouville`.
pub(super) fn parishes<'a>(of_cells: impl Iterator<Item = &'a str>) -> String {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for parish in of_cells {
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

/// What a map shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Clusters and outliers by quadrant.
    Quadrants,
    /// Two densities, one held against the other.
    Compared,
    /// Density.
    Density,
    /// Where next.
    Next,
    /// Bins of q.
    Bins,
    /// Counts.
    Counts,
}

/// What a map shows, by what its cells hold.
pub fn kind(map: &HotspotMap) -> Kind {
    let any = |holds: fn(&CellScore) -> bool| map.rows.iter().any(holds);
    if any(|row| row.detail.area_share.is_some()) {
        Kind::Next
    } else if any(|row| row.detail.against_density_per_km2.is_some()) {
        Kind::Compared
    } else if any(|row| row.detail.density_per_km2.is_some_and(|density| density > 0.0)) {
        Kind::Density
    } else if any(|row| row.detail.quadrant.is_some() && row.q.is_some()) {
        Kind::Quadrants
    } else if is_scored(map) {
        Kind::Bins
    } else {
        Kind::Counts
    }
}

fn clusters_and_outliers(map: &HotspotMap, what: &str) -> String {
    let high = map.in_quadrant(Quadrant::HighHigh);
    let alone = map.in_quadrant(Quadrant::HighLow).len();
    let cells = |count: usize| if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") };
    let mut text = match high.len() {
        0 => format!("No cell with many {what} lies among others with many"),
        count => format!("{} with many {what} among others with many{}", cells(count), parishes_of(&high)),
    };
    if alone > 0 {
        text.push_str(&format!("; {} with many among cells with few", cells(alone)));
    }
    text
}

/// How many of the densest cells hold a share of the expected records.
fn holding(map: &HotspotMap, share: f64) -> usize {
    let densest = map.densest();
    let expected = |row: &&CellScore| row.detail.expected_count.unwrap_or(0.0);
    let wanted = share * densest.iter().map(expected).sum::<f64>();
    let mut held = 0.0;
    densest
        .iter()
        .take_while(|row| {
            let more = held < wanted;
            held += expected(row);
            more
        })
        .count()
}

/// Cells that either density reaches, and the first over the second as a multiple of what it is over the whole map;
/// `None` where only the first reaches.
fn relative(map: &HotspotMap) -> impl Iterator<Item = (&CellScore, Option<f64>)> {
    let sum = |value: fn(&CellScore) -> Option<f64>| -> f64 {
        map.rows.iter().map(|row| value(row).unwrap_or(0.0) * row.area_km2).sum()
    };
    let (first, second) = (sum(|row| row.detail.density_per_km2), sum(|row| row.detail.against_density_per_km2));
    map.rows.iter().filter_map(move |row| {
        let (a, b) = (row.detail.density_per_km2?, row.detail.against_density_per_km2?);
        match (a > 0.0, b > 0.0) {
            (false, false) => None,
            (true, false) => Some((row, None)),
            _ => Some((row, Some(a / b * second / first.max(f64::MIN_POSITIVE)))),
        }
    })
}

/// Two densities in classes of their ratio, as a multiple of that of the whole map.
fn compared(map: &HotspotMap) -> Vec<Class> {
    let breaks: [(&str, f64, f64, palette::Colour, Edge); 5] = [
        ("Twice its share and more", 2.0, f64::INFINITY, palette::HOT[4], Edge::Strong),
        ("1.25 to 2 times its share", 1.25, 2.0, palette::HOT[2], Edge::Plain),
        ("About its share", 0.8, 1.25, palette::NOT_SIGNIFICANT, Edge::Plain),
        ("Half to 0.8 of its share", 0.5, 0.8, palette::COLD[0], Edge::Dashed),
        ("Less than half its share", -1.0, 0.5, palette::COLD[2], Edge::Dashed),
    ];
    let class = |(label, low, high, fill, edge): (&str, f64, f64, palette::Colour, Edge)| Class {
        label: label.to_owned(),
        fill,
        edge,
        cells: relative(map)
            .filter(|(_, ratio)| (low..high).contains(&ratio.unwrap_or(f64::MAX)))
            .map(|(row, _)| row.cell.boundary())
            .collect(),
    };
    breaks.into_iter().map(class).collect()
}

/// Densest cells first, by the share of the expected records that they hold together.
fn densities(map: &HotspotMap) -> Vec<Class> {
    let densest = map.densest();
    let mut start = 0;
    let mut classes = Vec::new();
    let shares =
        [(0.1, "The first 10%"), (0.25, "10 to 25%"), (0.5, "25 to 50%"), (0.8, "50 to 80%"), (1.0, "The last 20%")];
    for (at, (share, label)) in shares.into_iter().enumerate() {
        let end = if at + 1 == shares.len() { densest.len() } else { holding(map, share).max(start) };
        let cells: Vec<&CellScore> = densest[start..end].to_vec();
        let least = cells.last().and_then(|row| row.detail.density_per_km2);
        let from = least.map_or_else(String::new, |d| format!(": {} per km² and more", format::decimal(d, 1)));
        classes.push(Class {
            label: format!("{label} of the expected records{from}"),
            fill: palette::HOT[4 - at],
            edge: if at == 0 { Edge::Strong } else { Edge::Plain },
            cells: cells.iter().map(|row| row.cell.boundary()).collect(),
        });
        start = end;
    }
    classes
}

fn quadrants(map: &HotspotMap) -> Vec<Class> {
    let class = |quadrant: Quadrant, label: &str, fill, edge| Class {
        label: format!("{label}, 90% sure or more"),
        fill,
        edge,
        cells: map.in_quadrant(quadrant).iter().map(|row| row.cell.boundary()).collect(),
    };
    let mut classes = vec![
        class(Quadrant::HighHigh, "High among high", palette::HOT[4], Edge::Strong),
        class(Quadrant::HighLow, "High among low", palette::HOT[2], Edge::Strong),
        class(Quadrant::LowHigh, "Low among high", palette::COLD[1], Edge::Dashed),
        class(Quadrant::LowLow, "Low among low", palette::COLD[2], Edge::Dashed),
    ];
    let certain = |row: &CellScore| row.detail.quadrant.is_some() && row.q.is_some_and(|q| q <= 0.10);
    classes.push(Class {
        label: "Records, not different from expected".to_owned(),
        fill: palette::NOT_SIGNIFICANT,
        edge: Edge::Plain,
        cells: map
            .rows
            .iter()
            .filter(|row| !certain(row) && row.count != Some(0))
            .map(|row| row.cell.boundary())
            .collect(),
    });
    classes
}

/// The period of an answer in words: `1 October 2016 to 30 September 2017`.
pub fn period(p: &Provenance) -> String {
    let date = |text: &Option<String>| text.as_deref().and_then(|text| parse_date(text).ok());
    match (date(&p.from), date(&p.to)) {
        (Some(from), Some(to)) => Period { from, to }.in_words(),
        _ => "of an unknown period".to_owned(),
    }
}

/// The line under a map that says its period, records and data cut-off.
pub fn when_and_how_many(p: &Provenance) -> String {
    let cut_off = p.data_cut_off.as_deref().map_or_else(|| "an unknown date".to_owned(), format::iso_date);
    format!("{}: {} records; data to {cut_off}", period(p), p.counted())
}

/// The lines under a map: period, records, data cut-off, method and its score.
pub fn notes(p: &Provenance) -> Vec<String> {
    let mut notes = vec![when_and_how_many(p)];
    let method = match p.method.as_deref() {
        Some("next") => "where next: the order of the method that did best when it was tested",
        Some("gi-star") => "Gi* with its ring of neighbours; classes from q (Benjamini-Hochberg)",
        Some("local-moran") => "local Moran's I with its ring of neighbours; classes from q (Benjamini-Hochberg)",
        Some("kde") => "kernel density of the points, at the centre of each cell",
        Some(other) => other,
        None => "count",
    };
    notes.push(format!("Method: {method}. H3 resolution {}", p.resolution.unwrap_or(0)));
    if let (Some(kernel), Some(metres)) = (p.parameters.get("kernel"), p.parameters.get("bandwidth_m")) {
        notes.push(format!("Kernel: {kernel}. Bandwidth in metres: {metres}"));
    }
    notes.push(score_note(p));
    notes
}

/// The likeliest cells by the share of the area that they and all likelier ones make up.
fn likeliest(map: &Released<HotspotMap>) -> Vec<Class> {
    let class = |(at, label): (usize, &str)| {
        let from = if at == 0 { 0 } else { map.likeliest(NEXT_CLASSES[at - 1]).len() };
        Class {
            label: label.to_owned(),
            fill: palette::HOT[4 - at],
            edge: if at == 0 { Edge::Strong } else { Edge::Plain },
            cells: map.likeliest(NEXT_CLASSES[at])[from..].iter().map(|row| row.cell.boundary()).collect(),
        }
    };
    let labels = ["Likeliest 1% of the area", "1 to 2% of the area", "2 to 5% of the area", "5 to 10% of the area"];
    labels.into_iter().enumerate().map(class).collect()
}

/// The line that says how good a map's method was when it was tested: every map carries its score.
pub fn score_note(p: &Provenance) -> String {
    let said = p.parameters.get("forecast_accuracy").map_or("not tested; `vigie evaluate` does", String::as_str);
    format!("Forecast accuracy: {said}")
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

/// Cells of the table beside a map.
const LISTED: usize = 20;

/// The map with its picture and table: the cells that matter most to what it shows.
pub fn drawn(id: &str, map: &Released<HotspotMap>, provenance: &Provenance, base: &Base) -> Drawn {
    let finding = finding(map, provenance);
    let count = |row: &CellScore| format::count_or(row.count, format::SUPPRESSED);
    let number = |value: Option<f64>, decimals| {
        value.map_or_else(|| format::SUPPRESSED.to_owned(), |value| format::decimal(value, decimals))
    };
    let probability = |value: Option<f64>| value.map_or_else(|| format::SUPPRESSED.to_owned(), format::probability);
    let (rows, sorted, headers): (Vec<&CellScore>, &str, &[&str]) = match kind(map) {
        Kind::Compared => {
            let headers = &["Cell", "Parish", "Count", "Density, per km²", "The others, per km²", "Joined"];
            (map.densest(), "density", headers)
        }
        Kind::Density => (map.densest(), "density", &["Cell", "Parish", "Count", "Density, per km²", "Expected"]),
        Kind::Quadrants => {
            let mut rows = map.in_quadrant(Quadrant::HighHigh);
            rows.extend(map.in_quadrant(Quadrant::HighLow));
            (rows, "quadrant, then q", &["Cell", "Parish", "Count", "Quadrant", "z", "q"])
        }
        Kind::Next => {
            let headers = &["Cell", "Parish", "Count", "Place in the order", "Area so far, %"];
            (map.likeliest(NEXT_CLASSES[3]), "the order of the picked method", headers)
        }
        Kind::Bins => (map.hottest(), "q", &["Cell", "Parish", "Count", "Class", "z", "q"]),
        Kind::Counts => {
            let mut rows: Vec<&CellScore> = map.rows.iter().filter(|row| row.count != Some(0)).collect();
            rows.sort_by(|a, b| b.count.cmp(&a.count).then(a.cell.cmp(&b.cell)));
            (rows, "count", &["Cell", "Parish", "Count", "Per km²"])
        }
    };
    let left = rows.len().saturating_sub(LISTED);
    let more = if left == 0 { String::new() } else { format!("; {left} more are left out") };
    let mut table = Figures::new("Cells", &format!("Sorted by {sorted}{more}."), headers);
    for row in rows.into_iter().take(LISTED) {
        let mut texts = vec![row.cell.to_string(), row.parish.clone().unwrap_or_else(|| "-".to_owned()), count(row)];
        texts.extend(match kind(map) {
            Kind::Compared => {
                let other = number(row.detail.against_density_per_km2, 1);
                let joined = row.detail.joined.map_or_else(
                    || row.detail.joined_undefined.unwrap_or(format::UNAVAILABLE).to_owned(),
                    |value| format::decimal(value, 2),
                );
                vec![number(row.detail.density_per_km2, 1), other, joined]
            }
            Kind::Density => vec![number(row.detail.density_per_km2, 1), number(row.detail.expected_count, 2)],
            Kind::Quadrants => {
                let quadrant = row.detail.quadrant.map_or("-", Quadrant::words);
                vec![quadrant.to_owned(), number(row.z, 2), probability(row.q)]
            }
            Kind::Next => {
                let percent = row.detail.area_share.map(|share| share * 100.0);
                vec![format::count_or(row.detail.rank, format::SUPPRESSED), number(percent, 2)]
            }
            Kind::Bins => vec![row.bin.words().to_owned(), number(row.z, 2), probability(row.q)],
            Kind::Counts => vec![number(row.rate_per_km2, 1)],
        });
        table.rows.push(texts);
    }
    Drawn {
        pictures: vec![Picture { label: finding.clone(), svg: svg(id, map, provenance, base) }],
        finding,
        tables: vec![table],
        notes: notes(provenance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::hotspot::Detail;
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
                detail: Detail::default(),
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

    /// Five cells; `change` says what each holds.
    fn changed(change: impl Fn(usize, &mut CellScore)) -> Released<HotspotMap> {
        let mut rows = answer(&[Bin::None; 5]).rows.clone();
        for (at, row) in rows.iter_mut().enumerate() {
            row.z = None;
            row.q = None;
            change(at, row);
        }
        let who = Principal { name: "r".into(), roles: vec![Role::Analyst], via: "test", purpose: None };
        release(
            HotspotMap { rows, outside_study_area: Some(0), undefined_reason: None },
            &Policy { threshold: 5 },
            &who,
        )
    }

    #[test]
    fn a_density_is_classed_by_the_share_it_holds() {
        let map = changed(|at, row| {
            row.detail.density_per_km2 = Some([600.0, 300.0, 80.0, 20.0, 0.0][at]);
            row.detail.expected_count = Some([6.0, 3.0, 0.8, 0.2, 0.0][at]);
        });
        let found = finding(&map, &Provenance::default());
        assert_eq!(
            found,
            "The densest 20.0% of cells hold half of the records that the density expects: 1 in St Helier"
        );
        let table = &drawn("kde", &map, &Provenance::default(), &Base::default()).tables[0];
        assert_eq!((table.rows.len(), table.rows[0].len()), (4, table.headers.len()));
        let classes: Vec<usize> = densities(&map).iter().map(|class| class.cells.len()).collect();
        assert_eq!(classes, [1, 0, 0, 1, 2], "nothing expected, nothing drawn");
        assert!(densities(&map)[0].label.contains("600.0 per km²"));
    }

    #[test]
    fn two_densities_are_classed_by_their_shares() {
        let map = changed(|at, row| {
            row.detail.density_per_km2 = Some([40.0, 30.0, 20.0, 10.0, 0.0][at]);
            row.detail.against_density_per_km2 = Some([10.0, 30.0, 0.0, 60.0, 0.0][at]);
        });
        let classes: Vec<usize> = compared(&map).iter().map(|class| class.cells.len()).collect();
        // Both sum to 100: 4 times, once, only the first, a sixth; nowhere is no class.
        assert_eq!(classes, [2, 0, 1, 0, 1]);
        assert!(finding(&map, &Provenance::default()).starts_with("2 of 5 cells have at least twice their share"));
    }

    #[test]
    fn quadrants_have_their_names_and_shapes() {
        let map = changed(|at, row| {
            row.q = Some([0.01, 0.02, 0.03, 0.5, 0.04][at]);
            row.detail.quadrant = Some(
                [Quadrant::HighHigh, Quadrant::HighLow, Quadrant::LowHigh, Quadrant::HighHigh, Quadrant::LowLow][at],
            );
        });
        let found = finding(&map, &Provenance::default());
        assert_eq!(
            found,
            "1 cell with many records among others with many: 1 in St Helier; 1 cell with many among cells with few"
        );
        let svg = svg("moran", &map, &Provenance::default(), &Base::default());
        for words in ["High among high, 90% sure or more (1)", "Low among low, 90% sure or more (1)", "expected (1)"] {
            assert!(svg.contains(words), "{words}");
        }
    }

    #[test]
    fn nothing_hot_is_said() {
        let nothing = finding(&answer(&[Bin::None, Bin::None]), &Provenance::default());
        assert_eq!(nothing, "No cell of 2 has more records around it than expected");
        let one = finding(&answer(&[Bin::Hot99, Bin::None]), &Provenance::default());
        assert!(one.starts_with("1 cell has more records around it"));
    }
}
