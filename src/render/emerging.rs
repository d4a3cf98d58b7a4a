//! Released histories as a map with every category in its legend, and as a table.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use crate::analysis::disclosure::Released;
use crate::analysis::emerging::{Category, EmergingMap, HistoryRow};
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;
use crate::model::words::thousands;
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format;
use crate::render::hotspot_map::period;
use crate::render::map_svg::{Base, Class, Edge, Map, Texture, draw};
use crate::render::palette::{self, Colour};
use crate::render::svg::Words;
use crate::stats::emerging::{Pattern, Side};
use crate::stats::six_way::SixWay;

/// Rows that the table of the page shows.
const ROWS_SHOWN: usize = 100;

/// Histories as a person reads them.
pub fn drawn(map: &Released<EmergingMap>, provenance: &Provenance, base: &Base) -> Drawn {
    let finding = finding(map, provenance);
    let notable = map.notable();
    let note = if notable.len() > ROWS_SHOWN {
        format!("Sorted by category. {} more are not shown.", notable.len() - ROWS_SHOWN)
    } else {
        "Sorted by category.".to_owned()
    };
    let headers = ["Cell", "Parish", "Category", "Why", "Records", "Hot", "Cold", "Trend z", "p", "Slope a step"];
    let mut table = Figures::new("Cells with a category", &note, &headers);
    table.rows = notable.iter().take(ROWS_SHOWN).map(|row| figures(row)).collect();
    Drawn {
        pictures: vec![Picture { label: format!("Map: {finding}"), svg: svg("emerging", map, provenance, base) }],
        tables: vec![table],
        notes: notes(map, provenance),
        finding,
    }
}

fn figures(row: &HistoryRow) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| format::UNAVAILABLE.to_owned(), |v| format::decimal(v, 2));
    vec![
        row.cell.to_string(),
        row.parish.clone().unwrap_or_default(),
        row.category.words(),
        row.why.clone(),
        format::count_or(row.count, format::SUPPRESSED),
        row.hot_steps.to_string(),
        row.cold_steps.to_string(),
        number(row.trend_z),
        row.trend_p.map_or_else(|| format::UNAVAILABLE.to_owned(), format::probability),
        row.sen_slope.map_or_else(|| format::UNAVAILABLE.to_owned(), |slope| format::decimal(slope, 3)),
    ]
}

/// One sentence: how many cells are hot in the last step in a way that is new, or what else there is.
pub fn finding(map: &Released<EmergingMap>, provenance: &Provenance) -> String {
    let what = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    if let Some(reason) = &map.undefined_reason
        && map.notable().is_empty()
    {
        return format!("Where {what} emerge cannot be said: {reason}");
    }
    let counted = |wanted: &dyn Fn(Category) -> bool| map.rows.iter().filter(|row| wanted(row.category)).count();
    let young = counted(&|category| {
        matches!(
            category,
            Category::Pattern(Some((Pattern::New | Pattern::Consecutive | Pattern::Intensifying, Side::Hot)))
                | Category::SixWay(SixWay::Emerging(Side::Hot))
        )
    });
    let notable = map.notable().len();
    let cells = |n: usize| if n == 1 { "1 cell".to_owned() } else { format!("{} cells", thousands(n as u64)) };
    match (young, notable) {
        (0, 0) => format!("No cell of {} has a history of {what} that stands out", thousands(map.rows.len() as u64)),
        (0, notable) => format!("No new hot spot of {what}; {} with another history", cells(notable)),
        (young, notable) if young == notable => format!("{} newly or ever more hot with {what}", cells(young)),
        (young, notable) => {
            format!(
                "{} newly or ever more hot with {what}; {} with another history",
                cells(young),
                cells(notable - young)
            )
        }
    }
}

/// How many steps there are and how long one is: `39 steps of 28d from 5 January 2015`.
pub fn steps(provenance: &Provenance) -> String {
    let parameter = |name: &str| provenance.parameters.get(name).map_or("", String::as_str);
    let (count, from) = parameter("steps").split_once(" from ").unwrap_or((parameter("steps"), ""));
    match parameter("step") {
        "week" => format!("{count} weeks from {}", format::iso_date(from)),
        "month" => format!("{count} months from {}", format::iso_date(from)),
        days => format!("{count} steps of {} days from {}", days.trim_end_matches('d'), format::iso_date(from)),
    }
}

fn notes(map: &Released<EmergingMap>, provenance: &Provenance) -> Vec<String> {
    let parameter = |name: &str| provenance.parameters.get(name).map_or("", String::as_str);
    let mut notes = vec![
        format!(
            "{}. A step is hot or cold where the count around a cell, in it and in the steps just before, \
             differs from {} with q at most {}.",
            steps(provenance),
            parameter("window").split_once(": ").map_or("the rest", |(_, compared)| compared),
            parameter("alpha")
        ),
        "A place that was hot and fell quiet has no category by esri-3: ask for sfhotspot, which has the class former."
            .to_owned(),
    ];
    notes.extend(cautions(map));
    notes
}

/// What to say where the counts are too thin for a normal distribution, or steps may be missing.
pub fn cautions(map: &Released<EmergingMap>) -> Vec<String> {
    let thin = map.expected_in_neighbourhood.filter(|expected| *expected < 1.0).map(|expected| {
        format!(
            "Only {expected:.2} records are expected in a neighbourhood and step, so that a few records make cells hot: take \
             longer steps or larger cells before acting on it."
        )
    });
    let empty = (map.steps_without_records > 0).then(|| {
        format!("{} of the steps hold no record at all: were they loaded?", thousands(map.steps_without_records as u64))
    });
    thin.into_iter().chain(empty).collect()
}

/// The map, with every category of its definition in the legend, hot ones first.
pub fn svg(id: &str, map: &Released<EmergingMap>, provenance: &Provenance, base: &Base) -> String {
    let finding = finding(map, provenance);
    let six_way = map.rows.iter().any(|row| matches!(row.category, Category::SixWay(_)));
    let kinds = if six_way { six_ways() } else { patterns() };
    let mut classes: Vec<Class> = kinds
        .into_iter()
        .map(|(category, about, fill, edge)| {
            let cells = map.rows.iter().filter(|row| row.category == category).map(|row| row.cell.boundary()).collect();
            let name = category.words();
            Class { label: format!("{}{}: {about}", name[..1].to_uppercase(), &name[1..]), fill, edge, cells }
        })
        .collect();
    classes.push(Class {
        label: "No pattern, with records".to_owned(),
        fill: palette::NOT_SIGNIFICANT,
        edge: Edge::Plain,
        cells: map
            .rows
            .iter()
            .filter(|row| row.category.is_none() && row.count != Some(0))
            .map(|row| row.cell.boundary())
            .collect(),
    });
    let parameter = |name: &str| provenance.parameters.get(name).map_or("", String::as_str);
    let cut_off = provenance.data_cut_off.as_deref().map_or_else(|| "an unknown date".to_owned(), format::iso_date);
    let lines = [
        format!("{}: {} records; data to {cut_off}", period(provenance), provenance.counted()),
        format!("{}. Definition {}; trailing steps only", steps(provenance), parameter("definition_version")),
        format!(
            "Method: Gi* in space and time, q at most {}. H3 resolution {}",
            parameter("alpha"),
            provenance.resolution.unwrap_or(0)
        ),
    ];
    let words = Words {
        id: id.to_owned(),
        title: finding.clone(),
        description: format!("Map, {}. {finding}. The table beside it lists the same cells.", period(provenance)),
    };
    draw(&Map { words, base, classes: &classes, ranks: &[], notes: &lines })
}

type Kind = (Category, &'static str, Colour, Edge);

fn patterns() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for side in Side::ALL {
        // Dark, middle and light of the side: what is new is dark, what comes and goes is light.
        let [dark, middle, light] = match side {
            Side::Hot => [palette::HOT[4], palette::HOT[2], palette::HOT[1]],
            Side::Cold => [palette::COLD[2], palette::COLD[1], palette::COLD[0]],
        };
        for pattern in Pattern::ALL {
            let (about, fill, edge) = match pattern {
                Pattern::New => ("in the last step for the first time", dark, Edge::Strong),
                Pattern::Consecutive => {
                    ("one run of steps up to the last, none before", middle, Edge::Marked(Texture::Rising))
                }
                Pattern::Intensifying => ("nearly always, and stronger", middle, Edge::Marked(Texture::Crossed)),
                Pattern::Persistent => ("nearly always, no trend", middle, Edge::Plain),
                Pattern::Diminishing => ("nearly always, and weaker", middle, Edge::Marked(Texture::Falling)),
                Pattern::Sporadic => ("on and off, and in the last step", light, Edge::Marked(Texture::Dotted)),
                Pattern::Oscillating => ("in the last step, once the opposite", light, Edge::Marked(Texture::Upright)),
                Pattern::Historical => ("nearly always, but not in the last step", light, Edge::Dashed),
            };
            kinds.push((Category::Pattern(Some((pattern, side))), about, fill, edge));
        }
    }
    kinds
}

fn six_ways() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for side in Side::ALL {
        let [dark, middle, light] = match side {
            Side::Hot => [palette::HOT[4], palette::HOT[2], palette::HOT[1]],
            Side::Cold => [palette::COLD[2], palette::COLD[1], palette::COLD[0]],
        };
        kinds.extend([
            (
                Category::SixWay(SixWay::Emerging(side)),
                "in recent steps, hardly before",
                middle,
                Edge::Marked(Texture::Rising),
            ),
            (Category::SixWay(SixWay::Persistent(side)), "in 80% of the steps", dark, Edge::Strong),
            (
                Category::SixWay(SixWay::Intermittent(side)),
                "in 10% of the steps, now and then",
                light,
                Edge::Marked(Texture::Dotted),
            ),
            (Category::SixWay(SixWay::Former(side)), "before, hardly in recent steps", light, Edge::Dashed),
        ]);
    }
    kinds.push((
        Category::SixWay(SixWay::Mixed),
        "both hot and cold",
        palette::CATEGORIES[5],
        Edge::Marked(Texture::Crossed),
    ));
    kinds
}

/// The cells of released histories as a table: one row a cell, `cell` as H3 text.
///
/// # Errors
/// `Bug` if the columns do not fit together.
pub fn table(map: &Released<EmergingMap>) -> Result<RecordBatch> {
    let r = &map.rows;
    let text = |of: &dyn Fn(&HistoryRow) -> Option<String>| -> ArrayRef {
        Arc::new(r.iter().map(of).collect::<StringArray>())
    };
    let float =
        |of: &dyn Fn(&HistoryRow) -> Option<f64>| -> ArrayRef { Arc::new(r.iter().map(of).collect::<Float64Array>()) };
    let whole = |of: &dyn Fn(&HistoryRow) -> Option<u64>| -> ArrayRef {
        Arc::new(r.iter().map(|row| of(row).and_then(|n| i64::try_from(n).ok())).collect::<Int64Array>())
    };
    RecordBatch::try_from_iter_with_nullable([
        ("cell", text(&|row| Some(row.cell.to_string())), false),
        ("parish", text(&|row| row.parish.clone()), true),
        ("count", whole(&|row| row.count), true),
        ("category", text(&|row| Some(row.category.words())), false),
        ("hot_steps", whole(&|row| Some(row.hot_steps as u64)), false),
        ("cold_steps", whole(&|row| Some(row.cold_steps as u64)), false),
        ("history", text(&|row| Some(row.history.clone())), false),
        ("trend_z", float(&|row| row.trend_z), true),
        ("trend_p", float(&|row| row.trend_p), true),
        ("sen_slope", float(&|row| row.sen_slope), true),
        ("why", text(&|row| Some(row.why.clone())), false),
        ("lat", float(&|row| Some(row.centre.lat)), false),
        ("lon", float(&|row| Some(row.centre.lon)), false),
    ])
    .map_err(|cause| Error::bug("the histories cannot be made into a table").with_cause(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::model::access::{Principal, Role};
    use crate::space::{Cell, Point};

    fn answer(categories: &[Category]) -> Released<EmergingMap> {
        let cells = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap().disk(3);
        let rows = cells
            .into_iter()
            .zip(categories)
            .map(|(cell, category)| HistoryRow {
                cell,
                parish: Some("St Helier".into()),
                count: Some(7),
                category: *category,
                hot_steps: 2,
                cold_steps: 0,
                history: "........HH".into(),
                trend_z: Some(1.0),
                trend_p: Some(0.3),
                sen_slope: Some(0.1),
                why: "hot in 2 of 10 weeks, the last two in a row".into(),
                centre: cell.centre(),
            })
            .collect();
        let map = EmergingMap {
            rows,
            outside_study_area: Some(0),
            before_first_step: Some(0),
            expected_in_neighbourhood: Some(0.4),
            steps_without_records: 0,
            undefined_reason: None,
        };
        let who = Principal { name: "r".into(), roles: vec![Role::Analyst], via: "test", purpose: None };
        release(map, &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn every_category_stands_in_the_legend_and_looks_like_no_other() {
        let kinds = patterns();
        assert_eq!(kinds.len(), 16);
        for kinds in [kinds, six_ways()] {
            for (at, one) in kinds.iter().enumerate() {
                assert!(kinds[..at].iter().all(|other| (other.2, other.3) != (one.2, one.3)), "{:?}", one.0);
            }
        }
        let map = answer(&[Category::Pattern(Some((Pattern::New, Side::Hot))), Category::Pattern(None)]);
        let svg = svg("emerging", &map, &Provenance::default(), &Base::default());
        for words in [
            "New hot: in the last step for the first time (1)",
            "Historical cold: ",
            "No pattern, with records (1)",
            "url(#emerging-rising)",
        ] {
            assert!(svg.contains(words), "{words}");
        }
    }

    #[test]
    fn the_finding_counts_what_is_new() {
        let new = Category::Pattern(Some((Pattern::Consecutive, Side::Hot)));
        let old = Category::Pattern(Some((Pattern::Persistent, Side::Hot)));
        let say = |categories: &[Category]| finding(&answer(categories), &Provenance::default());
        assert_eq!(say(&[new, old, old]), "1 cell newly or ever more hot with records; 2 cells with another history");
        assert_eq!(say(&[old]), "No new hot spot of records; 1 cell with another history");
        assert_eq!(say(&[Category::Pattern(None)]), "No cell of 1 has a history of records that stands out");
        let drawn = drawn(&answer(&[new]), &Provenance::default(), &Base::default());
        assert_eq!(drawn.tables[0].rows[0][2], "consecutive hot");
        assert!(drawn.notes.iter().any(|note| note.starts_with("Only 0.40 records")));
        assert_eq!(table(&answer(&[new, old])).unwrap().num_rows(), 2);
    }
}
