//! A funnel: the share of each area against its number of records, with the limits that chance alone would keep to.

use std::fmt::Write as _;

use crate::analysis::funnel::Funnel;
use crate::render::palette;
use crate::render::svg::{Text, Words, coordinate, frame};
use crate::stats::funnel::{Band, share_limits};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 120.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 46.0;
/// Points along a limit.
const STEPS: usize = 60;

/// Draws a funnel. Areas beyond a limit are larger, of another shape, and named; the others are points.
pub fn draw(words: &Words, funnel: &Funnel) -> String {
    let most = funnel.rows.iter().map(|row| row.denominator).max().unwrap_or(1).max(10) as f64 * 1.05;
    let lowest = funnel.rows.iter().map(|row| row.share.min(row.act.lower)).fold(funnel.overall, f64::min);
    let highest = funnel.rows.iter().map(|row| row.share.max(row.act.upper)).fold(funnel.overall, f64::max);
    let (low, high) = ((lowest * 20.0).floor() / 20.0, ((highest * 20.0).ceil() / 20.0).min(1.0));
    let high = if high > low { high } else { low + 0.05 };
    let x = |n: f64| LEFT + (WIDTH - LEFT - RIGHT) * n / most;
    let y = |share: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - (share.clamp(low, high) - low) / (high - low));
    let (ink, quiet, grid) = (palette::INK.hex(), palette::QUIET.hex(), palette::GRID.hex());
    let mut out = String::new();
    for step in 0..=4 {
        let share = low + (high - low) * f64::from(step) / 4.0;
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\" stroke=\"{grid}\"/>",
            coordinate(WIDTH - RIGHT),
            at = coordinate(y(share))
        );
        let text = format!("{:.0}%", share * 100.0);
        Text { x: LEFT - 6.0, y: y(share) + 4.0, anchor: "end", size: 12.0, fill: &quiet, bold: false, text: &text }
            .write(&mut out);
    }
    for (confidence, dash, name) in [(0.95, "2 4", "95%"), (0.998, "7 4", "99.8%")] {
        for upper in [false, true] {
            let mut path = String::new();
            let mut end = None;
            for step in 1..=STEPS {
                let n = (most * step as f64 / STEPS as f64).round().max(1.0);
                let Some((pair, _)) = share_limits(funnel.overall, n as u64, confidence) else { continue };
                let share = if upper { pair.upper } else { pair.lower };
                if share < low || share > high {
                    continue;
                }
                let _ = write!(
                    path,
                    "{}{} {}",
                    if path.is_empty() { 'M' } else { 'L' },
                    coordinate(x(n)),
                    coordinate(y(share))
                );
                end = Some(share);
            }
            let _ = writeln!(
                out,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"1.2\" stroke-dasharray=\"{dash}\"/>"
            );
            if let Some(share) = end {
                let at = WIDTH - RIGHT + 6.0;
                Text { x: at, y: y(share) + 4.0, anchor: "start", size: 12.0, fill: &quiet, bold: false, text: name }
                    .write(&mut out);
            }
        }
    }
    let _ = writeln!(
        out,
        "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\" stroke=\"{ink}\" stroke-width=\"1.5\"/>",
        coordinate(WIDTH - RIGHT),
        at = coordinate(y(funnel.overall))
    );
    let mean = format!("All {:.1}%", funnel.overall * 100.0);
    Text {
        x: WIDTH - RIGHT + 6.0,
        y: y(funnel.overall) + 4.0,
        anchor: "start",
        size: 12.0,
        fill: &ink,
        bold: true,
        text: &mean,
    }
    .write(&mut out);
    for row in &funnel.rows {
        let (px, py) = (x(row.denominator as f64), y(row.share));
        if row.band == Band::Within {
            let fill = palette::ACCENT.hex();
            let _ =
                writeln!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"4\" fill=\"{fill}\"/>", coordinate(px), coordinate(py));
            continue;
        }
        // A diamond for watching, a filled triangle for action.
        let is_act = matches!(row.band, Band::LowAct | Band::HighAct);
        let (size, fill) = (7.0, if is_act { palette::CONCERN.hex() } else { palette::PAPER.hex() });
        let up = matches!(row.band, Band::HighAct | Band::HighWatch);
        let tip = if up { -size } else { size };
        let _ = writeln!(
            out,
            "<path d=\"M{} {}l{size} {}h-{}z\" fill=\"{fill}\" stroke=\"{}\" stroke-width=\"1.5\"/>",
            coordinate(px),
            coordinate(py + tip),
            coordinate(-2.0 * tip),
            coordinate(2.0 * size),
            palette::CONCERN.hex()
        );
        Text { x: px, y: py - 11.0, anchor: "middle", size: 12.0, fill: &ink, bold: true, text: &row.area }
            .write(&mut out);
    }
    let below = "records of the area";
    Text { x: LEFT, y: HEIGHT - 12.0, anchor: "start", size: 12.0, fill: &quiet, bold: false, text: below }
        .write(&mut out);
    let text = format!("{most:.0}");
    Text { x: WIDTH - RIGHT, y: HEIGHT - 28.0, anchor: "end", size: 12.0, fill: &quiet, bold: false, text: &text }
        .write(&mut out);
    Text { x: LEFT, y: HEIGHT - 28.0, anchor: "middle", size: 12.0, fill: &quiet, bold: false, text: "0" }
        .write(&mut out);
    frame(words, "chart", WIDTH, HEIGHT, &out)
}
