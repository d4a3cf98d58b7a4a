//! Areas beside each other, by funnel: never by rank.

use crate::analysis::funnel::{Funnel, FunnelRow};
use crate::render::chapters::cells::{self, number_column, text_column};
use crate::render::chart::funnel;
use crate::render::document::{Block, Cell, Column, ColumnKind, Figure, Table};
use crate::render::format;
use crate::render::svg::{Words, id_of};
use crate::stats::funnel::Band;

/// Heading, finding, funnel and table of one measure by area.
pub(super) fn blocks(found: &Funnel) -> Vec<Block> {
    let id = format!("{}-areas", id_of(&found.measure));
    let finding = finding(found);
    let words = Words {
        id: format!("funnel-{}", found.measure),
        title: finding.clone(),
        description: format!("Funnel of {} areas by their number of records. {finding}", found.rows.len()),
    };
    let mut notes = vec![
        "Limits are those that chance alone would keep to around the share of all areas, wider for areas with fewer \
         records. Beyond 99.8% is for action, beyond 95% for watching: of twelve parishes 0.6 lie there by chance. Areas \
         are in the order of their names, not ranked."
            .to_owned(),
    ];
    if found.unknown.1 > 0 {
        notes.push(format!(
            "{} records without a known area are left out.",
            format::count_or(Some(found.unknown.1), "")
        ));
    }
    vec![
        Block::Heading { level: 3, id: id.clone(), text: format!("{} {}, by parish", found.measure, found.title) },
        Block::Finding(finding.clone()),
        Block::Figure(Figure {
            id: format!("{id}-funnel"),
            title: finding,
            alt: words.description.clone(),
            caption: format!("{} by parish, over the whole period", found.title),
            svg: funnel::draw(&words, found),
        }),
        Block::Table(table(found)),
        Block::Notes(notes),
    ]
}

fn finding(found: &Funnel) -> String {
    let named = |bands: [Band; 2]| {
        let names: Vec<&str> =
            found.rows.iter().filter(|row| bands.contains(&row.band)).map(|row| row.area.as_str()).collect();
        names.join(", ")
    };
    let (act, watch) = (named([Band::LowAct, Band::HighAct]), named([Band::LowWatch, Band::HighWatch]));
    match (act.is_empty(), watch.is_empty()) {
        (true, true) => "No parish differs from the island more than chance explains.".to_owned(),
        (true, false) => format!("No parish calls for action; to be watched: {watch}."),
        (false, true) => format!("Differs from the island more than chance explains: {act}."),
        (false, false) => format!("Differs from the island more than chance explains: {act}; to be watched: {watch}."),
    }
}

fn table(found: &Funnel) -> Table {
    let share = |name: &str| Column { name: name.to_owned(), unit: "%".to_owned(), kind: ColumnKind::Percent };
    let percent = |value: f64| cells::as_printed(value, format!("{:.1}%", value * 100.0));
    let row = |row: &FunnelRow| {
        vec![
            Cell::text(row.area.clone()),
            percent(row.share),
            cells::count(row.numerator),
            cells::count(row.denominator),
            percent(row.act.lower),
            percent(row.act.upper),
            Cell::text(match row.band {
                Band::LowAct => "▼ low: act",
                Band::LowWatch => "▽ low: watch",
                Band::Within => "● as the island",
                Band::HighWatch => "△ high: watch",
                Band::HighAct => "▲ high: act",
            }),
        ]
    };
    Table {
        id: format!("{}_areas", id_of(&found.measure).replace('-', "_")),
        title: format!("{} {}, by parish", found.measure, found.title),
        sort: "In the order of the parishes' names.".to_owned(),
        columns: vec![
            text_column("Parish"),
            share("Share"),
            number_column("Of them", "number"),
            number_column("Out of", "number"),
            share("Lower 99.8% limit"),
            share("Upper 99.8% limit"),
            text_column("Where it lies"),
        ],
        rows: found.rows.iter().map(row).collect(),
        ..Table::default()
    }
}
