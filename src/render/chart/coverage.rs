//! Lines over the share of the area that is chosen: what was caught, or the accuracy index.

use crate::error::Result;
use crate::render::chart::{HEIGHT, Line, Plotted, WIDTH, end_labels, plot, y_labels, y_range};
use crate::render::palette::{self, Colour};
use crate::render::svg::{Text, Words, frame};

/// Colours of the lines, in order: at most four.
const COLOURS: [Colour; 4] =
    [palette::CATEGORIES[0], palette::CATEGORIES[2], palette::CATEGORIES[1], palette::CATEGORIES[4]];

/// One line, from 1 % of the area on, a point a percent.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Name at its end.
    pub label: String,
    /// Values; gaps stay gaps.
    pub values: Vec<Option<f64>>,
}

/// What is drawn.
#[derive(Debug)]
pub struct Chart<'a> {
    /// Name, finding and description.
    pub words: Words,
    /// At most four lines; more are left out.
    pub curves: &'a [Curve],
    /// What the vertical axis shows.
    pub unit: &'a str,
}

/// Draws the chart.
///
/// # Errors
/// `Bug` if plotters fails.
pub fn draw(chart: &Chart<'_>) -> Result<String> {
    let slots = chart.curves.iter().map(|curve| curve.values.len()).max().unwrap_or(0);
    let drawn: Vec<&Curve> = chart.curves.iter().take(COLOURS.len()).collect();
    let range = y_range(drawn.iter().flat_map(|curve| curve.values.iter().flatten().copied()), true);
    let lines: Vec<Line<'_>> = drawn
        .iter()
        .zip(COLOURS)
        .enumerate()
        .map(|(at, (curve, colour))| Line {
            values: &curve.values,
            colour,
            width: if at == 0 { 3 } else { 2 },
            points: false,
        })
        .collect();
    let plotted = plot(slots, range, None, &lines)?;
    let mut out = plotted.drawing.clone();
    y_labels(&mut out, &plotted, chart.unit, &|value| format!("{value:.0}"));
    x_labels(&mut out, &plotted, slots);
    let labels: Vec<(f64, &str, Colour)> = drawn
        .iter()
        .zip(COLOURS)
        .filter_map(|(curve, colour)| {
            let last = curve.values.iter().rev().flatten().next()?;
            Some((plotted.y(*last), curve.label.as_str(), colour))
        })
        .collect();
    end_labels(&mut out, plotted.right() + 8.0, &labels);
    Ok(frame(&chart.words, "chart", f64::from(WIDTH), f64::from(HEIGHT), &out))
}

/// Percent of the area under every fifth point and the first.
fn x_labels(out: &mut String, plotted: &Plotted, slots: usize) {
    let quiet = palette::QUIET.hex();
    let y = f64::from(HEIGHT - super::BOTTOM) + 18.0;
    let every = if slots > 40 { 20 } else { 5 };
    for percent in (1..=slots).filter(|percent| *percent == 1 || percent % every == 0) {
        let text = percent.to_string();
        Text { x: plotted.x(percent - 1), y, anchor: "middle", size: 12.0, fill: &quiet, bold: false, text: &text }
            .write(out);
    }
    let x = f64::midpoint(plotted.x(0), plotted.right());
    Text { x, y: y + 17.0, anchor: "middle", size: 12.0, fill: &quiet, bold: false, text: "% of the area chosen" }
        .write(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_named_at_their_end_and_the_fifth_is_left_out() {
        let curves: Vec<Curve> = ["one", "two", "three", "four", "five"]
            .iter()
            .enumerate()
            .map(|(at, name)| Curve {
                label: (*name).to_owned(),
                values: (1..=20).map(|percent| Some(f64::from(percent) * (5 - at) as f64)).collect(),
            })
            .collect();
        let words = Words { id: "c".into(), title: "t".into(), description: "d".into() };
        let svg = draw(&Chart { words, curves: &curves, unit: "%" }).unwrap();
        assert!(svg.contains(">one<") && svg.contains(">four<") && !svg.contains(">five<"));
        assert!(svg.contains("% of the area chosen") && svg.contains(">20<"));
    }
}
