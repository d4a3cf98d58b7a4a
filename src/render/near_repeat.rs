//! A near-repeat table as a heat map and as tables: ratio by colour, what stands out by a mark, numbers in the cells.

use std::fmt::Write as _;

use crate::analysis::disclosure::Released;
use crate::analysis::near_repeat::{BandRow, HIGHLIGHT_P, HIGHLIGHT_RATIO, NearRepeat};
use crate::model::provenance::Provenance;
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format::{self, SUPPRESSED, UNAVAILABLE};
use crate::render::palette::{self, Colour};
use crate::render::svg::{Text, Words, coordinate, frame};

const LABELS: f64 = 170.0;
const COLUMN: f64 = 132.0;
const ROW: f64 = 46.0;
const HEAD: f64 = 34.0;

/// Classes of the ratio, largest first: from which ratio, how it is called, how it is filled.
const CLASSES: [(f64, &str, Colour); 6] = [
    (4.0, "4 times as many as expected, or more", palette::HOT[4]),
    (2.0, "2 to under 4 times", palette::HOT[3]),
    (1.5, "1.5 to under 2 times", palette::HOT[1]),
    (1.2, "1.2 to under 1.5 times", palette::HOT[0]),
    (0.8, "0.8 to under 1.2 times: about as expected", palette::NOT_SIGNIFICANT),
    (0.0, "under 0.8 times", palette::COLD[0]),
];

/// One sentence: where the excess is, or that there is none.
pub fn finding(table: &Released<NearRepeat>, provenance: &Provenance) -> String {
    let what = what(provenance);
    let standing = table.highlighted();
    let Some(first) = standing.first() else {
        return format!("No distance and time has more pairs of {what} than chance explains");
    };
    let place = format!("{what}: pairs at a distance of {} and {}", spoken(&first.space), apart(&first.time));
    match (first.observed, first.expected, first.ratio) {
        (Some(observed), Some(expected), Some(ratio)) => format!(
            "{place} are {ratio:.1} times as many as expected ({} where {} were)",
            format::count_or(Some(observed), SUPPRESSED),
            format::decimal(expected, 1)
        ),
        _ => format!("{place} are more than expected"),
    }
}

fn what(provenance: &Provenance) -> &str {
    provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records")
}

fn spoken(space: &str) -> &str {
    if space.starts_with("same place") { "nothing (the same place)" } else { space }
}

fn apart(time: &str) -> String {
    if time == "same day" { "on the same day".to_owned() } else { format!("{time} apart") }
}

/// The table as one picture.
pub fn svg(id: &str, table: &Released<NearRepeat>, provenance: &Provenance) -> String {
    let columns = columns(table);
    let rows = table.rows.len().div_ceil(columns.max(1));
    let mut out = String::new();
    let (ink, quiet) = (palette::INK.hex(), palette::QUIET.hex());
    for (at, row) in table.rows.iter().take(columns).enumerate() {
        let x = LABELS + (at as f64 + 0.5) * COLUMN;
        Text { x, y: HEAD - 12.0, anchor: "middle", size: 11.0, fill: &ink, bold: false, text: &row.time }
            .write(&mut out);
    }
    for (at, line) in table.rows.chunks(columns.max(1)).enumerate() {
        let top = HEAD + at as f64 * ROW;
        let text = &line[0].space;
        Text { x: LABELS - 8.0, y: top + ROW / 2.0 + 4.0, anchor: "end", size: 12.0, fill: &ink, bold: false, text }
            .write(&mut out);
        for (column, row) in line.iter().enumerate() {
            cell(&mut out, LABELS + column as f64 * COLUMN, top, row);
        }
    }
    let mut y = HEAD + rows as f64 * ROW + 24.0;
    for (_, label, fill) in CLASSES {
        rectangle(&mut out, (12.0, y - 11.0), (22.0, 13.0), fill, false);
        Text { x: 42.0, y, anchor: "start", size: 12.0, fill: &ink, bold: false, text: label }.write(&mut out);
        y += 20.0;
    }
    triangle(&mut out, 23.0, y - 4.0, palette::INK);
    let rule =
        format!("stands out: p at most {HIGHLIGHT_P} and at least {HIGHLIGHT_RATIO:.2} times as many as expected");
    Text { x: 42.0, y, anchor: "start", size: 12.0, fill: &ink, bold: false, text: &rule }.write(&mut out);
    y += 20.0;
    for note in notes(table, provenance) {
        Text { x: 12.0, y, anchor: "start", size: 12.0, fill: &quiet, bold: false, text: &note }.write(&mut out);
        y += 20.0;
    }
    let width = (LABELS + columns as f64 * COLUMN + 12.0).max(640.0);
    frame(&words(id, table, provenance), "chart", width, y, &out)
}

/// Bands of time of a table.
fn columns(table: &NearRepeat) -> usize {
    let first = table.rows.first().map(|row| row.space_from_m.to_bits());
    table.rows.iter().take_while(|row| Some(row.space_from_m.to_bits()) == first).count()
}

fn words(id: &str, table: &Released<NearRepeat>, provenance: &Provenance) -> Words {
    let finding = finding(table, provenance);
    Words {
        id: id.to_owned(),
        title: finding.clone(),
        description: format!(
            "Heat map: a row a band of distance, a column a band of time, in each cell the pairs counted and the ratio to \
             the expected number. {finding}. {} cells stand out. The table lists every cell.",
            table.highlighted().len()
        ),
    }
}

fn notes(table: &NearRepeat, p: &Provenance) -> Vec<String> {
    let date = |text: &Option<String>| text.as_deref().map_or_else(|| "?".to_owned(), format::iso_date);
    let parameter = |name: &str| p.parameters.get(name).map_or("?", String::as_str);
    vec![
        format!(
            "{} from {} to before {}: {} records, {} pairs; data to {}",
            what(p),
            date(&p.from),
            date(&p.to),
            format::count_or(table.events, SUPPRESSED),
            format::count_or(table.pairs, SUPPRESSED),
            date(&p.data_cut_off)
        ),
        format!(
            "Knox test, {} permutations, seed {}; under the count: times expected",
            parameter("permutations"),
            parameter("seed")
        ),
    ]
}

fn cell(out: &mut String, x: f64, y: f64, row: &BandRow) {
    let class = row.ratio.and_then(|ratio| CLASSES.iter().find(|(from, _, _)| ratio >= *from));
    let fill = class.map_or(palette::PAPER, |(_, _, fill)| *fill);
    let ink = if fill.contrast(palette::INK) >= 4.5 { palette::INK } else { palette::PAPER };
    rectangle(out, (x + 1.0, y + 1.0), (COLUMN - 2.0, ROW - 2.0), fill, row.highlighted);
    let middle = x + COLUMN / 2.0;
    let count = format::count_or(row.observed, SUPPRESSED);
    let fill = ink.hex();
    Text { x: middle, y: y + 20.0, anchor: "middle", size: 13.0, fill: &fill, bold: true, text: &count }.write(out);
    let ratio = row.ratio.map_or_else(|| nothing(row).to_owned(), |ratio| format!("× {ratio:.2}"));
    Text { x: middle, y: y + 36.0, anchor: "middle", size: 11.0, fill: &fill, bold: false, text: &ratio }.write(out);
    if row.highlighted {
        triangle(out, x + 12.0, y + 13.0, ink);
    }
}

/// What stands where there is no number: suppressed, or undefined.
fn nothing(row: &BandRow) -> &'static str {
    if row.observed.is_none() { SUPPRESSED } else { UNAVAILABLE }
}

fn rectangle(out: &mut String, at: (f64, f64), size: (f64, f64), fill: Colour, strong: bool) {
    let (stroke, width) = if strong { (palette::INK, 2.0) } else { (palette::COAST, 0.5) };
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{width}\"/>",
        coordinate(at.0),
        coordinate(at.1),
        coordinate(size.0),
        coordinate(size.1),
        fill.hex(),
        stroke.hex()
    );
}

fn triangle(out: &mut String, x: f64, y: f64, fill: Colour) {
    let (left, right) = (coordinate(x - 5.0), coordinate(x + 5.0));
    let (top, bottom) = (coordinate(y - 5.0), coordinate(y + 4.0));
    let _ = writeln!(
        out,
        "<path d=\"M{} {top} {right} {bottom} {left} {bottom}Z\" fill=\"{}\"/>",
        coordinate(x),
        fill.hex()
    );
}

/// The answer for the page: picture, table of pairs, table of classes.
pub fn drawn(table: &Released<NearRepeat>, provenance: &Provenance) -> Drawn {
    let mut pairs = Figures::new(
        "Pairs by distance and time",
        "In the order of distance, then time. Each band goes from its first number to under its second.",
        &["Distance", "Time apart", "Pairs", "Expected", "Times expected", "Mean of permutations", "p", "Stands out"],
    );
    pairs.rows = table.rows.iter().map(figures).collect();
    let mut classes =
        Figures::new("What each event is to those before it", "Every event is in one line.", &["Class", "Events"]);
    classes.rows = class_lines(table).into_iter().map(|(name, count)| vec![name, count]).collect();
    Drawn {
        finding: finding(table, provenance),
        pictures: vec![Picture {
            label: "Heat map of pairs by distance and time".to_owned(),
            svg: svg("near-repeat", table, provenance),
        }],
        tables: vec![pairs, classes],
        notes: vec![
            "Expected: what chance would give if the same days were dealt to the same places at random.".to_owned(),
            "A near repeat follows the nearest earlier event within its distance and days; that event need not be its cause."
                .to_owned(),
            "Events known as a range of time count at its beginning.".to_owned(),
        ],
    }
}

fn figures(row: &BandRow) -> Vec<String> {
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| nothing(row).to_owned(), |value| format::decimal(value, decimals))
    };
    vec![
        row.space.clone(),
        row.time.clone(),
        format::count_or(row.observed, SUPPRESSED),
        number(row.expected, 1),
        number(row.ratio, 2),
        number(row.simulated_mean, 1),
        row.p.map_or_else(|| nothing(row).to_owned(), format::probability),
        if row.highlighted { "yes" } else { "no" }.to_owned(),
    ]
}

/// Classes with their counts, in words.
pub fn class_lines(table: &NearRepeat) -> Vec<(String, String)> {
    let count = |value: Option<u64>| format::count_or(value, SUPPRESSED);
    let line = |name: &str, value: Option<u64>| (name.to_owned(), count(value));
    let [originators, repeats, near_repeats, alone] = table.classes.counts();
    vec![
        line("originators (first of a chain)", originators),
        line("repeats (at the place of an earlier one)", repeats),
        line("near repeats (near an earlier one)", near_repeats),
        line("alone", alone),
        line("chains", table.chains),
        line("events of the longest chain", table.longest_chain),
        line("near repeats also at a place hit before", table.near_repeats_at_a_place_hit_before),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::near_repeat::Classes;
    use crate::model::access::{Principal, Role};

    fn band(space: (f64, Option<f64>), time: &str, observed: u64, expected: f64, p: f64) -> BandRow {
        let ratio = observed as f64 / expected;
        BandRow {
            space: if space.0 > 0.0 { "1 to under 100 m".into() } else { "same place (under 1 m)".into() },
            space_from_m: space.0,
            space_to_m: space.1,
            time: time.into(),
            time_from_days: 0.0,
            time_to_days: Some(7.0),
            observed: Some(observed),
            expected: Some(expected),
            ratio: Some(ratio),
            simulated_mean: Some(expected),
            simulated_ratio: Some(ratio),
            p: Some(p),
            highlighted: p <= HIGHLIGHT_P && ratio >= HIGHLIGHT_RATIO,
        }
    }

    fn table(role: Role) -> Released<NearRepeat> {
        let rows = vec![
            band((0.0, Some(1.0)), "under 7 days", 28, 15.5, 0.001),
            band((0.0, Some(1.0)), "7 days or more", 3, 12.5, 0.998),
            band((1.0, None), "under 7 days", 44, 43.0, 0.4),
            band((1.0, None), "7 days or more", 60, 58.0, 0.4),
        ];
        let classes = Classes { originators: Some(40), repeats: Some(20), near_repeats: Some(9), alone: Some(100) };
        let table = NearRepeat {
            rows,
            events: Some(169),
            pairs: Some(135),
            classes,
            near_repeats_at_a_place_hit_before: Some(2),
            chains: Some(40),
            longest_chain: Some(5),
            cells: vec![],
        };
        let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
        release(table, &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn the_picture_says_its_finding_and_marks_what_stands_out() {
        let provenance = Provenance { group: Some("burglary".into()), ..Provenance::default() };
        let drawn = drawn(&table(Role::Analyst), &provenance);
        assert_eq!(
            drawn.finding,
            "burglary: pairs at a distance of nothing (the same place) and under 7 days apart are 1.8 times as many as \
             expected (28 where 15.5 were)"
        );
        let svg = &drawn.pictures[0].svg;
        assert_eq!(svg.matches("<path d=\"M").count(), 2, "one mark and one of the legend");
        assert!(svg.contains("× 1.81") && svg.contains("<desc") && svg.contains("same place (under 1 m)"));
        assert_eq!(drawn.tables[0].rows.len(), 4);
        assert_eq!(drawn.tables[0].rows[0][7], "yes");
        assert_eq!(drawn.tables[1].rows[1], ["repeats (at the place of an earlier one)", "20"]);
    }

    #[test]
    fn a_small_count_takes_every_number_of_the_table_from_the_public() {
        let drawn = drawn(&table(Role::Public), &Provenance::default());
        assert_eq!(
            drawn.finding,
            "records: pairs at a distance of nothing (the same place) and under 7 days apart are more than expected"
        );
        assert!(drawn.tables[0].rows.iter().all(|row| row[2] == SUPPRESSED && row[4] == SUPPRESSED));
        assert_eq!(drawn.tables[0].rows[0][7], "yes");
        assert_eq!(drawn.tables[1].rows[6][1], SUPPRESSED);
    }
}
