//! The Lorenz curve: share of the cells, the fullest first, against the share of the records that they hold.

use crate::analysis::concentration::CurvePoint;
use crate::error::Result;
use crate::render::chart::{Line, end_labels, plot, y_labels};
use crate::render::format;
use crate::render::palette;
use crate::render::svg::{Text, Words, frame};

/// Steps of the axis: a tenth of a per cent.
const STEPS: usize = 1_000;

/// What the chart draws.
#[derive(Debug)]
pub struct Chart<'a> {
    /// Name, finding and description.
    pub words: Words,
    /// The records' curve.
    pub curve: &'a [CurvePoint],
    /// The curve by chance.
    pub chance: &'a [CurvePoint],
}

/// Draws the chart.
///
/// # Errors
/// `Bug` if plotters fails.
pub fn draw(chart: &Chart<'_>) -> Result<String> {
    let observed = along(chart.curve);
    let chance = along(chart.chance);
    let even: Vec<Option<f64>> = (0..=STEPS).map(|at| Some(100.0 * at as f64 / STEPS as f64)).collect();
    let line = |values, colour, width| Line { values, colour, width, points: false };
    let lines = [
        line(&even[..], palette::QUIET, 1),
        line(&chance[..], palette::CATEGORIES[1], 2),
        line(&observed[..], palette::CATEGORIES[0], 3),
    ];
    let plotted = plot(STEPS + 1, (0.0, 100.0), None, &lines)?;
    let mut out = plotted.drawing.clone();
    y_labels(&mut out, &plotted, "% of the records", &|value| format::decimal(value, 0));
    let quiet = palette::QUIET.hex();
    let below = f64::from(super::HEIGHT - super::BOTTOM);
    for percent in [0, 20, 40, 60, 80, 100] {
        let (x, text) = (plotted.x(percent * STEPS / 100), percent.to_string());
        Text { x, y: below + 18.0, anchor: "middle", size: 12.0, fill: &quiet, bold: false, text: &text }
            .write(&mut out);
    }
    let x = plotted.x(STEPS / 2);
    let text = "% of the cells, those with the most records first";
    Text { x, y: below + 36.0, anchor: "middle", size: 12.0, fill: &quiet, bold: false, text }.write(&mut out);
    // All end in the same corner: each is named at its level where they are furthest apart.
    let level = |values: &[Option<f64>]| values.get(STEPS / 10).copied().flatten();
    let right = plotted.right() + 8.0;
    let text = "In 10% of the cells";
    Text { x: right, y: 14.0, anchor: "start", size: 12.0, fill: &quiet, bold: false, text }.write(&mut out);
    let mut labels = Vec::new();
    for (values, word, colour) in [
        (&observed, "records", palette::CATEGORIES[0]),
        (&chance, "by chance", palette::INK),
        (&even, "even spread", palette::QUIET),
    ] {
        if let Some(value) = level(values) {
            labels.push((plotted.y(value), format!("{}% {word}", format::decimal(value, 0)), colour));
        }
    }
    let labels: Vec<_> = labels.iter().map(|(y, text, colour)| (*y, text.as_str(), *colour)).collect();
    end_labels(&mut out, right, &labels);
    Ok(frame(&chart.words, "chart", f64::from(super::WIDTH), f64::from(super::HEIGHT), &out))
}

/// Percent of the records at every step of the cells, straight between the points of a curve.
fn along(curve: &[CurvePoint]) -> Vec<Option<f64>> {
    let mut next = 0;
    (0..=STEPS)
        .map(|at| {
            let x = at as f64 / STEPS as f64;
            while next < curve.len() && curve[next].cell_share < x {
                next += 1;
            }
            let high = curve.get(next)?;
            let low = curve[next.saturating_sub(1)];
            let width = high.cell_share - low.cell_share;
            let part = if width > 0.0 { (x - low.cell_share) / width } else { 1.0 };
            Some(100.0 * (low.record_share + part.clamp(0.0, 1.0) * (high.record_share - low.record_share)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Vec<CurvePoint> {
        points.iter().map(|(x, y)| CurvePoint { cell_share: *x, record_share: *y, each: 0 }).collect()
    }

    #[test]
    fn between_points_the_curve_is_straight() {
        let values = along(&curve(&[(0.0, 0.0), (0.5, 0.8), (1.0, 1.0)]));
        let at = |step: usize| values[step].unwrap();
        assert!((at(250) - 40.0).abs() < 1e-9 && (at(500) - 80.0).abs() < 1e-9 && (at(750) - 90.0).abs() < 1e-9);
        // A released curve may stop early, and an empty one has no value anywhere.
        assert_eq!(along(&curve(&[(0.0, 0.0), (0.5, 0.8)]))[900], None);
        assert!(along(&[]).iter().all(Option::is_none));
    }

    #[test]
    fn every_line_is_named() {
        let words = Words { id: "lorenz".into(), title: "Half in 5%".into(), description: "d".into() };
        let (records, chance) =
            (curve(&[(0.0, 0.0), (0.1, 0.7), (1.0, 1.0)]), curve(&[(0.0, 0.0), (0.1, 0.3), (1.0, 1.0)]));
        let svg = draw(&Chart { words, curve: &records, chance: &chance }).unwrap();
        for text in ["70% records", "30% by chance", "10% even spread", "In 10% of the cells"] {
            assert!(svg.contains(text), "{text}");
        }
    }
}
