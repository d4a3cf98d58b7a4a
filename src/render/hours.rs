//! Released hours of the week as a heat map of 7 by 24, and as a table.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use crate::analysis::disclosure::Released;
use crate::analysis::hours::{HourRow, Hours, WEEKDAYS};
use crate::error::{Error, Result};
use crate::model::provenance::Provenance;
use crate::model::words::thousands;
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::format;
use crate::render::hotspot_map::period;
use crate::render::palette::{self, Colour};
use crate::render::svg::{Text, Words, coordinate, frame};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 84.0;
const TOP: f64 = 22.0;
/// Size of an hour's field.
const FIELD: (f64, f64) = (28.0, 26.0);
/// Steps of the scale.
const CLASSES: usize = 5;

/// Hours of the week as a person reads them.
pub fn drawn(hours: &Released<Hours>, provenance: &Provenance) -> Drawn {
    let finding = finding(hours, provenance);
    let mut table = Figures::new("Expected records by hour and weekday", "In the order of the clock.", &["Hour"]);
    table.headers.extend(WEEKDAYS.iter().map(|&day| day.to_owned()));
    table.headers.push("All days".to_owned());
    let value = |value: Option<f64>| value.map_or_else(|| format::SUPPRESSED.to_owned(), |v| format::decimal(v, 1));
    table.rows = (0..24_u8)
        .map(|hour| {
            let mut row = vec![format!("{hour:02}:00")];
            row.extend((0..7).map(|day| value(at(hours, day, hour).and_then(|row| row.expected))));
            row.push(value(hours.of_hour(hour)));
            row
        })
        .collect();
    let mut all = vec!["All hours".to_owned()];
    all.extend((0..7).map(|day| value(hours.of_weekday(day))));
    all.push(value(hours.rows.iter().map(|row| row.expected).sum()));
    table.rows.push(all);
    Drawn {
        pictures: vec![Picture { label: format!("Heat map: {finding}"), svg: svg("hours", hours, provenance) }],
        tables: vec![table],
        notes: notes(hours, provenance),
        finding,
    }
}

fn at(hours: &Hours, weekday: u8, hour: u8) -> Option<&HourRow> {
    hours.rows.get(usize::from(weekday) * 24 + usize::from(hour))
}

/// One sentence: the busiest hour of the week, and how much is known of the hours at all.
pub fn finding(hours: &Released<Hours>, provenance: &Provenance) -> String {
    let what = provenance.group.as_deref().or(provenance.dataset.as_deref()).unwrap_or("records");
    let Some(busiest) = hours.busiest() else { return format!("No hour of {what} can be shown") };
    let day = WEEKDAYS[usize::from(busiest.weekday) % 7];
    let clock = format!("{:02}:00-{:02}:00", busiest.hour, (busiest.hour + 1) % 24);
    let share = busiest.share.map_or_else(String::new, |share| {
        format!(": {}% of all, where an even week has 0.6%", format::decimal(share * 100.0, 1))
    });
    format!("Most {what} on {day} {clock}{share}")
}

fn notes(hours: &Released<Hours>, provenance: &Provenance) -> Vec<String> {
    let parameter = |name: &str| provenance.parameters.get(name).map_or("", String::as_str);
    let mut notes = vec![format!(
        "Wall clock of {}. A record that is known as a range counts 1 in all, in each hour by the share of the range that \
         lies in it.",
        parameter("clock")
    )];
    if let Some(rules) = &hours.rules {
        notes.push(format!(
            "{} lie in one hour, {} are shared out, {} last longer than 7 days and count the same in every hour. {} had no \
             end, {} an end before the beginning; {} without a beginning are left out.",
            thousands(rules.certain),
            thousands(rules.shared),
            thousands(rules.uniform),
            thousands(rules.without_end),
            thousands(rules.reversed),
            thousands(rules.without_start)
        ));
    }
    notes.push(format!("Period: {}.", parameter("period")));
    notes
}

/// The heat map: weekdays down, hours across, the rounded number in each field.
pub fn svg(id: &str, hours: &Released<Hours>, provenance: &Provenance) -> String {
    let finding = finding(hours, provenance);
    let highest = hours.rows.iter().filter_map(|row| row.expected).fold(0.0, f64::max);
    let mut out = String::new();
    let (ink, quiet) = (palette::INK.hex(), palette::QUIET.hex());
    for hour in 0..24_u8 {
        let x = LEFT + (f64::from(hour) + 0.5) * FIELD.0;
        let text = format!("{hour:02}");
        Text { x, y: TOP - 7.0, anchor: "middle", size: 11.0, fill: &quiet, bold: false, text: &text }.write(&mut out);
    }
    for (day, name) in (0..7_u8).zip(WEEKDAYS) {
        let y = TOP + f64::from(day) * FIELD.1;
        let label = Text { x: LEFT - 8.0, y: y + 17.0, anchor: "end", size: 12.0, fill: &ink, bold: false, text: name };
        label.write(&mut out);
        for hour in 0..24_u8 {
            let expected = at(hours, day, hour).and_then(|row| row.expected);
            field(&mut out, (LEFT + f64::from(hour) * FIELD.0, y), expected, highest);
        }
    }
    let bottom = TOP + 7.0 * FIELD.1;
    legend(&mut out, bottom + 14.0, highest);
    let cut_off = provenance.data_cut_off.as_deref().map_or_else(|| "an unknown date".to_owned(), format::iso_date);
    let records = format::count_or(hours.records, format::SUPPRESSED);
    let note = format!("{}: {records} records, expected in each hour; data to {cut_off}", period(provenance));
    Text { x: 12.0, y: bottom + 52.0, anchor: "start", size: 12.0, fill: &quiet, bold: false, text: &note }
        .write(&mut out);
    let words = Words {
        id: id.to_owned(),
        title: finding.clone(),
        description: format!(
            "Heat map of the hours of the week, {}. {finding}. The table lists every hour.",
            period(provenance)
        ),
    };
    frame(&words, "chart", WIDTH, bottom + 64.0, &out)
}

/// Colour of a value, and that of the number on it.
fn colours(value: f64, highest: f64) -> (Colour, Colour) {
    if highest <= 0.0 || value <= 0.0 {
        return (palette::PAPER, palette::QUIET);
    }
    let class = ((value / highest * CLASSES as f64).ceil() as usize).clamp(1, CLASSES) - 1;
    let fill = palette::HOT[class];
    let number = if fill.contrast(palette::INK) >= 4.5 { palette::INK } else { palette::PAPER };
    (fill, number)
}

fn field(out: &mut String, at: (f64, f64), expected: Option<f64>, highest: f64) {
    let (fill, number) = expected.map_or((palette::NOT_SIGNIFICANT, palette::QUIET), |value| colours(value, highest));
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" stroke=\"{}\"/>",
        coordinate(at.0),
        coordinate(at.1),
        coordinate(FIELD.0),
        coordinate(FIELD.1),
        fill.hex(),
        palette::GRID.hex()
    );
    let text = match expected {
        None => format::SUPPRESSED.to_owned(),
        Some(value) if value < 9.95 => format::decimal(value, 1),
        Some(value) => format::decimal(value, 0),
    };
    // Five signs still fit.
    let size = if text.len() > 4 { 9.0 } else { 10.0 };
    let (x, y) = (at.0 + FIELD.0 / 2.0, at.1 + 17.0);
    Text { x, y, anchor: "middle", size, fill: &number.hex(), bold: false, text: &text }.write(out);
}

fn legend(out: &mut String, top: f64, highest: f64) {
    let quiet = palette::QUIET.hex();
    let number = |value: f64| format::decimal(value, usize::from(highest < 20.0));
    for (class, fill) in palette::HOT.iter().enumerate() {
        let x = LEFT + class as f64 * 130.0;
        let (low, high) = (highest * class as f64 / CLASSES as f64, highest * (class + 1) as f64 / CLASSES as f64);
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"22\" height=\"13\" fill=\"{}\" stroke=\"{}\"/>",
            coordinate(x),
            coordinate(top),
            fill.hex(),
            palette::GRID.hex()
        );
        let text = format!("over {} to {}", number(low), number(high));
        Text { x: x + 28.0, y: top + 11.0, anchor: "start", size: 11.0, fill: &quiet, bold: false, text: &text }
            .write(out);
    }
}

/// The hours as a table: one row an hour of the week.
///
/// # Errors
/// `Bug` if the columns do not fit together.
pub fn table(hours: &Released<Hours>) -> Result<RecordBatch> {
    let r = &hours.rows;
    let day = |row: &HourRow| WEEKDAYS.get(usize::from(row.weekday)).copied();
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("weekday", Arc::new(r.iter().map(day).collect::<StringArray>()), false),
        ("hour", Arc::new(r.iter().map(|row| Some(i64::from(row.hour))).collect::<Int64Array>()), false),
        ("expected", Arc::new(r.iter().map(|row| row.expected).collect::<Float64Array>()), true),
        (
            "certain",
            Arc::new(r.iter().map(|row| row.certain.and_then(|n| i64::try_from(n).ok())).collect::<Int64Array>()),
            true,
        ),
        ("share", Arc::new(r.iter().map(|row| row.share).collect::<Float64Array>()), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns)
        .map_err(|cause| Error::bug("the hours cannot be made into a table").with_cause(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::disclosure::{Policy, release};
    use crate::analysis::hours::{Known, hours};
    use crate::model::access::{Principal, Role};

    fn answer(role: Role) -> Released<Hours> {
        // Friday 5 May 2017, 22:30 to 23:30 on the island's clock, thirty times; and once at 03:00.
        let known = [
            Known { from: Some(1_494_019_800), to: Some(1_494_023_400), records: 30 },
            Known { from: Some(1_493_949_600), to: None, records: 1 },
        ];
        let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
        release(hours(&known, chrono_tz::Europe::Jersey), &Policy { threshold: 5 }, &who)
    }

    #[test]
    fn every_field_has_its_number() {
        let week = answer(Role::Analyst);
        let provenance = Provenance { group: Some("theft".into()), ..Provenance::default() };
        assert_eq!(
            finding(&week, &provenance),
            "Most theft on Friday 22:00-23:00: 48.4% of all, where an even week has 0.6%"
        );
        let svg = svg("hours", &week, &provenance);
        assert_eq!(svg.matches("<rect").count(), 168 + CLASSES);
        assert!(
            svg.contains(">15</text>") && svg.contains(">1.0</text>") && svg.contains("over 12 to 15")
                || svg.contains("over 12.0 to 15.0")
        );
        let drawn = drawn(&week, &provenance);
        assert_eq!((drawn.tables[0].rows.len(), drawn.tables[0].rows[22][5].as_str()), (25, "15.0"));
        assert_eq!(drawn.tables[0].rows[24][8], "31.0");
        assert_eq!(table(&week).unwrap().num_rows(), 168);
    }

    #[test]
    fn numbers_can_be_read_on_their_field() {
        for step in 1..=10 {
            let (fill, number) = colours(f64::from(step), 10.0);
            assert!(fill.contrast(number) >= 4.5 || number == palette::PAPER, "{}", fill.hex());
        }
    }

    #[test]
    fn the_public_sees_that_something_is_hidden() {
        let week = answer(Role::Public);
        let provenance = Provenance::default();
        let drawn = drawn(&week, &provenance);
        assert_eq!((drawn.tables[0].rows[3][5].as_str(), drawn.tables[0].rows[24][8].as_str()), ("[c]", "[c]"));
        assert!(svg("hours", &week, &provenance).contains(">[c]</text>"));
    }
}
