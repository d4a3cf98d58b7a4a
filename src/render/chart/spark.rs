//! A series at the size of a word, for a table of many measures: its line, the band of its limits, its last point.

use std::fmt::Write as _;

use crate::render::palette::{ACCENT, GRID};
use crate::render::svg::coordinate;

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;
const EDGE: f64 = 4.0;

/// Draws the line of a series; gaps stay gaps. The table beside it says in words what it shows, so that it is hidden from
/// a reader who listens. **Undefined**: empty without two values.
///
/// # Example
/// ```
/// use vigie::render::chart::spark;
/// let svg = spark::draw(&[Some(3.0), None, Some(5.0), Some(4.0)], Some((2.0, 6.0)));
/// assert!(svg.starts_with("<svg") && svg.contains("aria-hidden=\"true\""));
/// assert_eq!(spark::draw(&[Some(3.0), None], None), "");
/// ```
pub fn draw(values: &[Option<f64>], limits: Option<(f64, f64)>) -> String {
    let present: Vec<f64> = values.iter().flatten().copied().collect();
    if present.len() < 2 {
        return String::new();
    }
    let ends = limits.map_or_else(Vec::new, |(low, high)| vec![low, high]);
    let low = present.iter().chain(&ends).copied().fold(f64::INFINITY, f64::min);
    let high = present.iter().chain(&ends).copied().fold(f64::NEG_INFINITY, f64::max);
    let span = if high > low { high - low } else { 1.0 };
    let y = |value: f64| EDGE + (HEIGHT - 2.0 * EDGE) * (1.0 - (value - low) / span);
    let step = (WIDTH - 2.0 * EDGE) / (values.len() - 1) as f64;
    let x = |at: usize| EDGE + step * at as f64;
    let mut out = format!("<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">");
    if let Some((lower, upper)) = limits {
        let _ = write!(
            out,
            "<rect x=\"0\" y=\"{}\" width=\"{WIDTH}\" height=\"{}\" fill=\"{}\"/>",
            coordinate(y(upper)),
            coordinate((y(lower) - y(upper)).max(0.5)),
            GRID.hex()
        );
    }
    let mut path = String::new();
    let mut is_drawing = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_drawing = false;
            continue;
        };
        let _ = write!(path, "{}{} {}", if is_drawing { 'L' } else { 'M' }, coordinate(x(at)), coordinate(y(*value)));
        is_drawing = true;
    }
    let _ = write!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>", ACCENT.hex());
    if let Some((at, value)) = values.iter().enumerate().rev().find_map(|(at, value)| value.map(|value| (at, value))) {
        let _ = write!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"2.5\" fill=\"{}\"/>",
            coordinate(x(at)),
            coordinate(y(value)),
            ACCENT.hex()
        );
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_not_bridged_and_a_flat_series_is_drawn() {
        let svg = draw(&[Some(1.0), Some(2.0), None, Some(2.0), Some(1.0)], None);
        assert_eq!(svg.matches('M').count(), 2);
        let flat = draw(&[Some(5.0); 6], Some((5.0, 5.0)));
        assert!(!flat.contains("NaN") && flat.contains("<circle"));
        assert_eq!(draw(&[], None), "");
    }
}
