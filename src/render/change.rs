//! Released comparisons of two periods as a map of what changed, and as a table.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use crate::analysis::change::{ChangeMap, ChangeRow, Verdict};
use crate::analysis::disclosure::Released;
use crate::analysis::trend::Change;
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;
use crate::model::time::{Period, parse_date};
use crate::model::words::thousands;
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format;
use crate::render::hotspot_map::period;
use crate::render::map_svg::{Base, Class, Edge, Map, draw};
use crate::render::palette;
use crate::render::svg::Words;

/// Rows that the table of the page shows.
const ROWS_SHOWN: usize = 100;

/// A comparison as a person reads it; without a base there is no map, as for parishes.
pub fn drawn(map: &Released<ChangeMap>, provenance: &Provenance, base: Option<&Base>, notes: &[String]) -> Drawn {
    let finding = finding(map, provenance);
    let mut rows = map.changed();
    let all = base.is_none();
    if all {
        // Parishes are few: all of them, in their order.
        rows = map.rows.iter().collect();
    }
    let note = if all {
        "In the order of names.".to_owned()
    } else if rows.len() > ROWS_SHOWN {
        format!("The smallest q first. {} more are not shown.", rows.len() - ROWS_SHOWN)
    } else {
        "The smallest q first.".to_owned()
    };
    let headers = ["Place", "Parish", "Before", "Now", "Change", "p", "q", "Says"];
    let mut table = Figures::new(if all { "Every parish" } else { "Cells that changed" }, &note, &headers);
    table.rows = rows.iter().take(ROWS_SHOWN).map(|row| figures(row)).collect();
    let mut total = figures(&map.total);
    "All together".clone_into(&mut total[0]);
    table.rows.push(total);
    let pictures =
        base.map(|base| Picture { label: format!("Map: {finding}"), svg: svg("change", map, provenance, base) });
    let mut notes = notes.to_vec();
    notes.push(format!(
        "Before is {}. A place has changed where chance alone would rarely make the counts so different, all places \
         together taken into account; a percentage of few records says little.",
        before(provenance)
    ));
    Drawn { pictures: pictures.into_iter().collect(), tables: vec![table], notes, finding }
}

fn figures(row: &ChangeRow) -> Vec<String> {
    let probability = |value: Option<f64>| value.map_or_else(|| format::UNAVAILABLE.to_owned(), format::probability);
    let place = row.place.cell.map(|cell| cell.to_string()).or_else(|| row.place.parish.clone());
    vec![
        place.unwrap_or_default(),
        row.place.parish.clone().unwrap_or_default(),
        format::count_or(row.before, format::SUPPRESSED),
        format::count_or(row.now, format::SUPPRESSED),
        share(row),
        probability(row.p),
        probability(row.q),
        row.verdict.words().to_owned(),
    ]
}

/// The change as a percentage, or the state that stands in its place.
pub fn share(row: &ChangeRow) -> String {
    match (row.change, row.change_share) {
        (Change::New, _) => "new".to_owned(),
        (Change::Eliminated, _) => "eliminated".to_owned(),
        (Change::None, _) => "none".to_owned(),
        (Change::Suppressed, _) => format::SUPPRESSED.to_owned(),
        (_, Some(share)) => format!("{}{}%", if share > 0.0 { "+" } else { "" }, format::decimal(share * 100.0, 1)),
        _ => format::UNAVAILABLE.to_owned(),
    }
}

/// One sentence: how it went over all, and how many places changed.
pub fn finding(map: &Released<ChangeMap>, provenance: &Provenance) -> String {
    let what = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    let overall = match (map.total.before, map.total.now, map.total.verdict) {
        (Some(before), Some(now), verdict) => {
            let says = match verdict {
                Verdict::More => ", more than chance",
                Verdict::Fewer => ", fewer than chance",
                _ => ", not beyond chance",
            };
            format!("{what} went from {} to {}{says}", thousands(before), thousands(now))
        }
        _ => format!("The numbers of {what} are too small to show"),
    };
    let places =
        if map.rows.iter().any(|row| row.place.cell.is_some()) { ("cell", "cells") } else { ("parish", "parishes") };
    let count = |verdict| map.count(verdict);
    match (count(Verdict::More), count(Verdict::Fewer)) {
        (0, 0) => format!("{overall}; no {} changed beyond chance", places.0),
        (more, fewer) => {
            let unit = if more == 1 { places.0 } else { places.1 };
            format!("{overall}; more in {more} {unit}, fewer in {fewer}")
        }
    }
}

fn before(provenance: &Provenance) -> String {
    let date = |name: &str| provenance.parameters.get(name).and_then(|text| parse_date(text).ok());
    match (date("before_from"), date("before_to")) {
        (Some(from), Some(to)) => Period { from, to }.in_words(),
        _ => "an unknown period".to_owned(),
    }
}

/// The map: only what changed beyond chance speaks.
pub fn svg(id: &str, map: &Released<ChangeMap>, provenance: &Provenance, base: &Base) -> String {
    let class = |label: &str, fill, edge, wanted: &dyn Fn(&ChangeRow) -> bool| Class {
        label: label.to_owned(),
        fill,
        edge,
        cells: map
            .rows
            .iter()
            .filter(|row| wanted(row))
            .filter_map(|row| row.place.cell.map(crate::space::Cell::boundary))
            .collect(),
    };
    let new = |row: &ChangeRow| row.change == Change::New;
    let gone = |row: &ChangeRow| row.change == Change::Eliminated;
    let classes = [
        class("More, where there were none before", palette::HOT[4], Edge::Strong, &|row| {
            row.verdict == Verdict::More && new(row)
        }),
        class("More than before", palette::HOT[2], Edge::Plain, &|row| row.verdict == Verdict::More && !new(row)),
        class("Fewer, and none now", palette::COLD[2], Edge::Strong, &|row| row.verdict == Verdict::Fewer && gone(row)),
        class("Fewer than before", palette::COLD[1], Edge::Dashed, &|row| row.verdict == Verdict::Fewer && !gone(row)),
        class("Records, not changed beyond chance", palette::NOT_SIGNIFICANT, Edge::Plain, &|row| {
            matches!(row.verdict, Verdict::NotDifferent | Verdict::Suppressed)
        }),
    ];
    let finding = finding(map, provenance);
    let cut_off = provenance.data_cut_off.as_deref().map_or_else(|| "an unknown date".to_owned(), format::iso_date);
    let alpha = provenance.parameters.get("alpha").map_or("", String::as_str);
    let notes = [
        format!("{}, against {}; data to {cut_off}", period(provenance), before(provenance)),
        format!(
            "Method: {}; q at most {alpha}",
            provenance.method.as_deref().unwrap_or("two counts").split(',').next().unwrap_or_default()
        ),
        format!("H3 resolution {}", provenance.resolution.unwrap_or(0)),
    ];
    let words = Words {
        id: id.to_owned(),
        title: finding.clone(),
        description: format!("Map, {}. {finding}. The table beside it lists the same cells.", period(provenance)),
    };
    draw(&Map { words, base, classes: &classes, ranks: &[], notes: &notes })
}

/// The places of a released comparison as a table.
///
/// # Errors
/// `Bug` if the columns do not fit together.
pub fn table(map: &Released<ChangeMap>) -> Result<RecordBatch> {
    let r = &map.rows;
    let text =
        |of: &dyn Fn(&ChangeRow) -> Option<String>| -> ArrayRef { Arc::new(r.iter().map(of).collect::<StringArray>()) };
    let float =
        |of: &dyn Fn(&ChangeRow) -> Option<f64>| -> ArrayRef { Arc::new(r.iter().map(of).collect::<Float64Array>()) };
    let whole = |of: &dyn Fn(&ChangeRow) -> Option<u64>| -> ArrayRef {
        Arc::new(r.iter().map(|row| of(row).and_then(|n| i64::try_from(n).ok())).collect::<Int64Array>())
    };
    let state = |row: &ChangeRow| serde_json::to_value(row.change).ok().and_then(|v| v.as_str().map(str::to_owned));
    RecordBatch::try_from_iter_with_nullable([
        ("cell", text(&|row| row.place.cell.map(|cell| cell.to_string())), true),
        ("parish", text(&|row| row.place.parish.clone()), true),
        ("before", whole(&|row| row.before), true),
        ("now", whole(&|row| row.now), true),
        ("change_share", float(&|row| row.change_share), true),
        ("change", text(&state), true),
        ("p", float(&|row| row.p), true),
        ("q", float(&|row| row.q), true),
        ("verdict", text(&|row| Some(row.verdict.words().to_owned())), false),
        ("lat", float(&|row| row.place.centre.map(|at| at.lat)), true),
        ("lon", float(&|row| row.place.centre.map(|at| at.lon)), true),
    ])
    .map_err(|cause| Error::bug("the comparison cannot be made into a table").with_cause(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::change::{By, Place, Question, Test, compare};
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::selection::Selection;
    use crate::model::access::{Principal, Role};
    use crate::model::time::parse_period_name;
    use crate::space::{Cell, Point};

    fn answer(role: Role, counts: &[(u64, u64)]) -> Released<ChangeMap> {
        let cells = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap().disk(2);
        let places = cells.into_iter().zip(counts).map(|(cell, (now, before))| {
            let place = Place { cell: Some(cell), parish: Some("St Helier".into()), centre: Some(cell.centre()) };
            (place, *now, *before)
        });
        let question = Question {
            selection: Selection::of("crimes", parse_period_name("2017-06").unwrap()),
            before: parse_period_name("2017-04").unwrap(),
            by: By::Cell(9),
            test: Test::Exact,
            alpha: 0.05,
        };
        let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
        release(compare(places.collect(), &question).unwrap(), &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn only_what_changed_speaks() {
        let map = answer(Role::Analyst, &[(40, 0), (60, 20), (0, 30), (5, 25), (4, 5), (0, 0)]);
        let provenance = Provenance { dataset: Some("crimes".into()), ..Provenance::default() };
        assert_eq!(
            finding(&map, &provenance),
            "crimes went from 80 to 109, more than chance; more in 2 cells, fewer in 2"
        );
        let svg = svg("change", &map, &provenance, &Base::default());
        for words in [
            "More, where there were none before (1)",
            "More than before (1)",
            "Fewer, and none now (1)",
            "Fewer than before (1)",
            "Records, not changed beyond chance (1)",
        ] {
            assert!(svg.contains(words), "{words}");
        }
        let drawn = drawn(&map, &provenance, Some(&Base::default()), &[]);
        assert_eq!((drawn.tables[0].rows.len(), drawn.tables[0].rows[0][4].as_str()), (5, "new"));
        assert_eq!(table(&map).unwrap().num_rows(), 6);
    }

    #[test]
    fn suppressed_rows_say_so() {
        let map = answer(Role::Public, &[(2, 40), (60, 20), (50, 50)]);
        assert_eq!(share(&map.rows[0]), "[c]");
        assert_eq!(map.rows[0].verdict.words(), "suppressed");
    }
}
