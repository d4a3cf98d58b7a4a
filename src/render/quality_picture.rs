//! How complete the columns of tables are, as bars: the length tells, and the figure stands beside it, so that nothing
//! hangs on colour.

use std::fmt::Write as _;

use crate::analysis::quality::TableQuality;
use crate::render::palette;
use crate::render::quality::{finding, percent, table_name};
use crate::render::svg::{Text, Words, coordinate, frame};

const WIDTH: f64 = 760.0;
/// Where bars begin; names end before it.
const LEFT: f64 = 176.0;
/// Length of a full bar.
const FULL: f64 = 480.0;
const ROW: f64 = 22.0;
const BAR: f64 = 12.0;
const HEAD: f64 = 44.0;

/// Bars of every column of the tables.
pub(super) fn draw(id: &str, tables: &[&TableQuality]) -> String {
    let mut out = String::new();
    let mut y = 0.0;
    let rows: usize = tables.iter().map(|table| table.columns.len()).sum();
    let height = rows as f64 * ROW + tables.len() as f64 * HEAD + 8.0;
    let _ = writeln!(
        out,
        "<rect width=\"{}\" height=\"{}\" fill=\"{}\"/>",
        coordinate(WIDTH),
        coordinate(height),
        palette::PAPER.hex()
    );
    for table in tables {
        head(&mut out, table, y);
        y += HEAD;
        for column in &table.columns {
            row(&mut out, &column.name, column.share, y);
            y += ROW;
        }
    }
    frame(&words(id, tables), "chart", WIDTH, height, &out)
}

/// Name of the table, and the scale.
fn head(out: &mut String, table: &TableQuality, y: f64) {
    let (ink, quiet) = (palette::INK.hex(), palette::QUIET.hex());
    let name = table_name(&table.dataset);
    Text { x: 8.0, y: y + 34.0, anchor: "start", size: 14.0, fill: &ink, bold: true, text: &name }.write(out);
    for (part, text) in [(0.0, "0"), (0.5, "50%"), (1.0, "100%")] {
        let x = LEFT + part * FULL;
        Text { x, y: y + 34.0, anchor: "middle", size: 12.0, fill: &quiet, bold: false, text }.write(out);
    }
}

/// An outline as long as a full bar, filled as far as the column is.
fn row(out: &mut String, name: &str, share: Option<f64>, y: f64) {
    let (ink, line) = (palette::INK.hex(), palette::COAST.hex());
    let (top, text_y) = (y + (ROW - BAR) / 2.0, y + ROW / 2.0 + 4.5);
    Text { x: LEFT - 10.0, y: text_y, anchor: "end", size: 13.0, fill: &ink, bold: false, text: name }.write(out);
    let dash = if share.is_some() { "" } else { " stroke-dasharray=\"3 3\"" };
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"{line}\"{dash}/>",
        coordinate(LEFT),
        coordinate(top),
        coordinate(FULL),
        coordinate(BAR)
    );
    if let Some(share) = share.filter(|share| *share > 0.0) {
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
            coordinate(LEFT),
            coordinate(top),
            coordinate((share * FULL).max(1.0)),
            coordinate(BAR),
            palette::ACCENT.hex()
        );
    }
    let (x, figure) = (LEFT + FULL + 10.0, percent(share));
    Text { x, y: text_y, anchor: "start", size: 13.0, fill: &ink, bold: false, text: &figure }.write(out);
}

fn words(id: &str, tables: &[&TableQuality]) -> Words {
    let findings: Vec<String> = tables.iter().map(|table| finding(table)).collect();
    let title = match findings.as_slice() {
        [one] => one.clone(),
        _ => "How complete the columns of each table are".to_owned(),
    };
    let description =
        format!("Bars from 0 to 100%, one a column. {}. The table beside it has every figure.", findings.join(". "));
    Words { id: id.to_owned(), title, description }
}
