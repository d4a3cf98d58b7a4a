//! Crime by group: this year to date and the last twelve months against the same a year before, with a test that small
//! counts can bear, and the weight of harm where the force has weights.

use std::collections::BTreeMap;

use crate::analysis::disclosure::{Released, SUPPRESSED};
use crate::analysis::trend::{Comparison, Trend};
use crate::analysis::weights::Weights;
use crate::render::chapters::cells::{self, number_column, text_column};
use crate::render::chapters::measure::sentence;
use crate::render::document::{Block, Cell, Table};
use crate::render::format;

/// Comparisons of groups, as the report prints them.
#[derive(Debug)]
pub struct Groups<'a> {
    /// Id of the block: `crime-groups`.
    pub id: &'a str,
    /// What is compared: `Crimes by group`.
    pub title: &'a str,
    /// The released comparisons.
    pub trend: &'a Released<Trend>,
    /// Weights of harm, if the force has some.
    pub weights: Option<&'a Weights>,
}

/// Heading, finding and a table for each span that is compared.
pub(super) fn blocks(groups: &Groups<'_>) -> Vec<Block> {
    let mut out = vec![Block::Heading { level: 3, id: groups.id.to_owned(), text: groups.title.to_owned() }];
    let spans: [(&str, &str); 2] = [
        ("year_to_date", "year to date against the same days a year before"),
        ("rolling_12", "last twelve months against the twelve before"),
    ];
    let mut found = false;
    for (what, words) in spans {
        let rows: Vec<&Comparison> = groups.trend.comparisons.iter().filter(|c| c.what == what).collect();
        if rows.is_empty() {
            continue;
        }
        found = true;
        out.push(Block::Finding(sentence(&finding(&rows, words))));
        out.push(Block::Table(table(groups, what, words, &rows)));
    }
    if !found {
        out.push(Block::Text("The data does not reach back far enough to compare.".to_owned()));
    }
    out.push(Block::Notes(notes(groups.weights)));
    out
}

/// Which groups changed more than chance explains: by q, over all groups at once.
fn finding(rows: &[&Comparison], words: &str) -> String {
    let changed: Vec<String> = rows
        .iter()
        .filter(|c| c.q.or(c.p).is_some_and(|q| q < 0.05))
        .filter_map(|c| {
            let name = c.series.as_deref().unwrap_or("all").replace('_', " ");
            let way = if c.difference? > 0 { "up" } else { "down" };
            let share = c
                .change_share
                .map_or_else(String::new, |share| format!(" {}%", format::decimal(share.abs() * 100.0, 0)));
            Some(format!("{name} {way}{share}"))
        })
        .collect();
    if changed.is_empty() {
        format!("No group changed more than chance explains ({words})")
    } else {
        format!("Changed more than chance explains ({words}): {}", changed.join(", "))
    }
}

fn table(groups: &Groups<'_>, what: &str, words: &str, rows: &[&Comparison]) -> Table {
    let mut columns = vec![
        text_column("Group"),
        number_column("Now", "number"),
        number_column("A year before", "number"),
        number_column("Difference", "number"),
        number_column("Ratio", "per day"),
        number_column("Ratio, lower 95%", "per day"),
        number_column("Ratio, upper 95%", "per day"),
        number_column("q", "probability"),
    ];
    if let Some(weights) = groups.weights {
        columns.push(number_column("Harm now", &weights.unit));
        columns.push(number_column("Harm a year before", &weights.unit));
    }
    let body = rows
        .iter()
        .map(|c| {
            let missing = if c.undefined_reason.as_deref() == Some(SUPPRESSED) {
                format::SUPPRESSED
            } else {
                format::UNAVAILABLE
            };
            let count = |count: Option<u64>| count.map_or_else(|| cells::shorthand(missing), cells::count);
            let two = |value: Option<f64>| cells::or(value, missing, |value| cells::rounded(value, 2));
            let mut row = vec![
                Cell::text(c.series.as_deref().unwrap_or("all").replace('_', " ")),
                count(c.now.count),
                count(c.before.count),
                cells::or(c.difference.map(|n| n as f64), missing, |n| cells::rounded(n, 0)),
                two(c.ratio),
                two(c.ratio_low),
                two(c.ratio_high),
                cells::or(c.q.or(c.p), missing, cells::probability),
            ];
            if let Some(weights) = groups.weights {
                let weight = c.series.as_deref().and_then(|group| weights.by_group.get(group));
                let harm = |count: Option<u64>| weight.zip(count).map(|(weight, count)| weight * count as f64);
                row.push(cells::or(harm(c.now.count), missing, |h| cells::rounded(h, 0)));
                row.push(cells::or(harm(c.before.count), missing, |h| cells::rounded(h, 0)));
            }
            row
        })
        .collect();
    Table {
        id: format!("{}_{what}", groups.id.replace('-', "_")),
        title: format!("{}: {words}", groups.title),
        columns,
        rows: body,
        sort: "In the order of the groups' names.".to_owned(),
        ..Table::default()
    }
}

fn notes(weights: Option<&Weights>) -> Vec<String> {
    let mut out = vec![
        "Ratio is records a day now over records a day before, with the exact 95% interval of two Poisson counts; q is \
         its p after Benjamini and Hochberg over all groups. A percentage alone says nothing of a small count."
            .to_owned(),
    ];
    if let Some(weights) = weights {
        out.push(format!("Harm: weights {} ({}), in {}.", weights.id, weights.source, weights.unit));
        let unweighted: BTreeMap<&str, &f64> =
            weights.by_group.iter().filter(|(_, w)| **w == 0.0).map(|(g, w)| (g.as_str(), w)).collect();
        if !unweighted.is_empty() {
            out.push(format!("Weighted nought: {}.", unweighted.keys().copied().collect::<Vec<_>>().join(", ")));
        }
    }
    out
}
