//! A released measure of concentration: its curve and its table.

use crate::analysis::concentration::Concentration;
use crate::analysis::disclosure::Released;
use crate::error::Result;
use crate::model::provenance::Provenance;
use crate::render::chart::lorenz::{Chart, draw};
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format;
use crate::render::svg::Words;

/// How few cells hold half of the records, and how many would by chance.
pub fn finding(measure: &Released<Concentration>, provenance: &Provenance) -> String {
    let what = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    let percent = |share: f64| format::decimal(share * 100.0, 1);
    let half = measure.rows.iter().find(|row| (row.record_share - 0.5).abs() < 1e-9);
    let Some((cells, chance)) = half.and_then(|row| Some((row.cell_share?, row.chance_cell_share?))) else {
        let reason = measure.undefined_reason.as_deref().unwrap_or("suppressed: a small number");
        return format!("How concentrated {what} are cannot be said: {reason}");
    };
    format!(
        "Half of the {what} lie in {}% of the cells; by chance alone they would lie in {}%",
        percent(cells),
        percent(chance)
    )
}

/// The Lorenz curve as one SVG.
///
/// # Errors
/// `Bug` if the chart cannot be drawn.
pub fn svg(measure: &Released<Concentration>, provenance: &Provenance) -> Result<String> {
    let finding = finding(measure, provenance);
    draw(&Chart {
        words: Words {
            id: "concentration".to_owned(),
            title: finding.clone(),
            description: format!(
                "Lorenz curve: share of the cells, the fullest first, against the share of the records they hold; beside it the \
                 curve by chance and an even spread. {finding}. The table lists the shares."
            ),
        },
        curve: &measure.curve,
        chance: &measure.chance_curve,
    })
}

/// The measure with its picture and table.
///
/// # Errors
/// As [`svg`].
pub fn drawn(measure: &Released<Concentration>, provenance: &Provenance) -> Result<Drawn> {
    let finding = finding(measure, provenance);
    let headers =
        ["Share of records", "Cells", "% of all cells", "% of cells in use", "% of cells by chance", "Records"];
    let mut table = Figures::new("The fewest cells that hold a share of the records", "Sorted by share.", &headers);
    let percent =
        |share: Option<f64>| share.map_or_else(|| format::SUPPRESSED.to_owned(), |s| format::decimal(s * 100.0, 2));
    let count = |count: Option<u64>| format::count_or(count, format::SUPPRESSED);
    for row in &measure.rows {
        table.rows.push(vec![
            format!("{}%", format::decimal(row.record_share * 100.0, 0)),
            count(row.cells),
            percent(row.cell_share),
            percent(row.occupied_share),
            percent(row.chance_cell_share),
            count(row.records),
        ]);
    }
    let gini = |gini: Option<f64>| gini.map_or_else(|| format::SUPPRESSED.to_owned(), |g| format::decimal(g, 3));
    Ok(Drawn {
        pictures: vec![Picture { label: finding.clone(), svg: svg(measure, provenance)? }],
        finding,
        tables: vec![table],
        notes: vec![
            format!(
                "{} records in {} of {} cells. Gini {}; adjusted for few records {} (0: as even as so few records can be).",
                count(measure.records),
                count(measure.occupied),
                format::count_or(Some(measure.cells), "?"),
                gini(measure.gini),
                gini(measure.gini_adjusted)
            ),
            "Read the cells by chance beside it: few records over many cells always look concentrated.".to_owned(),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::concentration::measure;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::hotspot::CellCount;
    use crate::model::access::{Principal, Role};
    use crate::space::{Cell, Point, StudyArea};

    fn answer(role: Role) -> Released<Concentration> {
        let town = Cell::at(Point { lat: 49.1868, lon: -2.1067 }, 9).unwrap();
        let counts: Vec<CellCount> = town
            .disk(1)
            .into_iter()
            .zip([50, 20, 10, 10, 5, 4, 1])
            .map(|(cell, count)| CellCount { cell, count })
            .collect();
        let found = measure(&counts, &StudyArea::jersey().unwrap(), 9).unwrap();
        let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
        release(found, &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn the_finding_names_chance_beside_the_share() {
        let drawn = drawn(&answer(Role::Analyst), &Provenance::default()).unwrap();
        assert!(
            drawn.finding.starts_with("Half of the records lie in 0.1% of the cells; by chance"),
            "{}",
            drawn.finding
        );
        assert_eq!((drawn.tables[0].rows.len(), drawn.tables[0].rows[0][1].as_str()), (3, "1"));
        assert!(drawn.pictures[0].svg.contains("even spread"));
    }

    #[test]
    fn the_public_sees_no_gini_made_of_small_cells() {
        let drawn = drawn(&answer(Role::Public), &Provenance::default()).unwrap();
        assert!(drawn.notes[0].contains("Gini [c]"), "{}", drawn.notes[0]);
    }
}
