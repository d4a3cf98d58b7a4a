//! Limits that differ from point to point, as lines with a step at each.

use std::fmt::Write as _;

use crate::render::chart::Plotted;
use crate::render::palette::Colour;
use crate::render::svg::coordinate;

/// Centre and limits at one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Lower limit.
    pub low: f64,
    /// Centre line.
    pub centre: f64,
    /// Upper limit.
    pub high: f64,
}

/// Whether limits differ from point to point, so that they cannot be straight lines.
pub(super) fn differ(steps: &[Option<Step>]) -> bool {
    let mut known = steps.iter().flatten();
    let Some(first) = known.next() else { return false };
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
    known.any(|step| !near(step.low, first.low) || !near(step.centre, first.centre) || !near(step.high, first.high))
}

/// Draws one of the lines; a point without a line leaves a gap.
pub(super) fn draw(
    out: &mut String,
    plotted: &Plotted,
    values: &[Option<f64>],
    (colour, dash, width): (Colour, &str, f64),
) {
    let mut path = String::new();
    let mut open = false;
    for (slot, value) in values.iter().enumerate() {
        let Some(value) = value else {
            open = false;
            continue;
        };
        let (from, to) = (plotted.x(slot) - plotted.x_step / 2.0, plotted.x(slot) + plotted.x_step / 2.0);
        let (from, to, y) = (coordinate(from), coordinate(to), coordinate(plotted.y(*value)));
        let _ = if open { write!(path, "V{y}H{to}") } else { write!(path, "M{from} {y}H{to}") };
        open = true;
    }
    if path.is_empty() {
        return;
    }
    let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
    let _ = writeln!(
        out,
        "<path class=\"limit\" d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{dash}/>",
        colour.hex(),
        coordinate(width),
    );
}
