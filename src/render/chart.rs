//! Charts as SVG. Plotters lays out, scales and draws lines, points and bars; what it cannot do (dashes, shapes with a
//! name, labels at the end of a line, the text alternative) is added here. No fonts are loaded: text is SVG text in
//! system fonts. The same input gives the same bytes.

pub mod coverage;
pub mod funnel;
pub mod lorenz;
pub mod months;
mod panel;
pub mod series;
pub mod spark;
pub mod steps;
pub mod xmr;

use plotters::coord::ranged1d::Ranged;
use plotters::prelude::{
    ChartBuilder, Circle, Color, IntoDrawingArea, PathElement, RGBColor, Rectangle, SVGBackend, ShapeStyle,
};

use crate::error::{Error, Result};
use crate::render::palette::{self, Colour};
use crate::render::svg::{Text, coordinate};

const WIDTH: u32 = 760;
const HEIGHT: u32 = 300;
const LEFT: u32 = 56;
const RIGHT: u32 = 150;
const TOP: u32 = 26;
const BOTTOM: u32 = 44;
/// Least distance of two labels at the right, in user units.
const LABEL_GAP: f64 = 15.0;

/// A series to draw as a line; gaps stay gaps.
struct Line<'a> {
    values: &'a [Option<f64>],
    colour: Colour,
    width: u32,
    points: bool,
}

/// A series to draw as bars from zero.
struct Bars<'a> {
    values: &'a [Option<f64>],
    colour: Colour,
}

/// What plotters drew, and where a slot and a value lie.
struct Plotted {
    drawing: String,
    ticks: Vec<f64>,
    x_first: f64,
    x_step: f64,
    y_low: f64,
    y_per_unit: f64,
    low: f64,
}

impl Plotted {
    fn x(&self, slot: usize) -> f64 {
        self.x_first + self.x_step * slot as f64
    }

    fn y(&self, value: f64) -> f64 {
        self.y_low - (value - self.low) * self.y_per_unit
    }

    fn right(&self) -> f64 {
        f64::from(WIDTH - RIGHT)
    }
}

fn plot(slots: usize, (low, high): (f64, f64), bars: Option<&Bars<'_>>, lines: &[Line<'_>]) -> Result<Plotted> {
    let mut buffer = String::new();
    let ticks;
    {
        let root = SVGBackend::with_string(&mut buffer, (WIDTH, HEIGHT)).into_drawing_area();
        root.fill(&rgb(palette::PAPER)).map_err(|e| failed(&e))?;
        let mut chart = ChartBuilder::on(&root)
            .margin_left(LEFT)
            .margin_right(RIGHT)
            .margin_top(TOP)
            .margin_bottom(BOTTOM)
            .build_cartesian_2d(-0.5..(slots.max(1) as f64 - 0.5), low..high)
            .map_err(|e| failed(&e))?;
        ticks = chart.as_coord_spec().y_spec().key_points(6_usize);
        let grid = ShapeStyle::from(&rgb(palette::GRID)).stroke_width(1);
        let span = (-0.5, slots.max(1) as f64 - 0.5);
        chart
            .draw_series(ticks.iter().map(|y| PathElement::new(vec![(span.0, *y), (span.1, *y)], grid)))
            .map_err(|e| failed(&e))?;
        if let Some(bars) = bars {
            let fill = rgb(bars.colour).filled();
            chart
                .draw_series(numbered(bars.values).map(|(x, y)| Rectangle::new([(x - 0.35, 0.0), (x + 0.35, y)], fill)))
                .map_err(|e| failed(&e))?;
        }
        for line in lines {
            let stroke = ShapeStyle::from(&rgb(line.colour)).stroke_width(line.width);
            chart
                .draw_series(segments(line.values).into_iter().map(|points| PathElement::new(points, stroke)))
                .map_err(|e| failed(&e))?;
            if line.points {
                let fill = rgb(line.colour).filled();
                chart.draw_series(numbered(line.values).map(|at| Circle::new(at, 3, fill))).map_err(|e| failed(&e))?;
            }
        }
        root.present().map_err(|e| failed(&e))?;
    }
    // Plotters maps a range to the pixels from the first to the last, hence one less than the size.
    let x_step = f64::from(WIDTH - LEFT - RIGHT - 1) / slots.max(1) as f64;
    Ok(Plotted {
        drawing: inside(&buffer).to_owned(),
        ticks,
        x_first: f64::from(LEFT) + x_step / 2.0,
        x_step,
        y_low: f64::from(HEIGHT - BOTTOM - 1),
        y_per_unit: f64::from(HEIGHT - TOP - BOTTOM - 1) / (high - low),
        low,
    })
}

/// The content of the svg element that plotters wrote.
fn inside(svg: &str) -> &str {
    let start = svg.find('>').map_or(0, |at| at + 1);
    let end = svg.rfind("</svg>").unwrap_or(svg.len());
    svg.get(start..end).unwrap_or_default().trim_start()
}

fn rgb(colour: Colour) -> RGBColor {
    RGBColor(colour.red, colour.green, colour.blue)
}

fn failed(cause: &impl std::fmt::Display) -> Error {
    Error::bug("the chart could not be drawn").with_cause(cause.to_string())
}

fn numbered(values: &[Option<f64>]) -> impl Iterator<Item = (f64, f64)> + '_ {
    values.iter().enumerate().filter_map(|(slot, value)| value.map(|v| (slot as f64, v)))
}

/// Runs of values without a gap.
fn segments(values: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
    let mut out: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (slot, value) in values.iter().enumerate() {
        match (value, out.last_mut()) {
            (Some(v), Some(segment)) => segment.push((slot as f64, *v)),
            (None, Some(segment)) if !segment.is_empty() => out.push(Vec::new()),
            _ => {}
        }
    }
    out.retain(|segment| segment.len() > 1);
    out
}

/// Range of the y axis: room above and below; from zero if asked, or where zero is near anyway.
fn y_range(values: impl Iterator<Item = f64>, from_zero: bool) -> (f64, f64) {
    let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    if from_zero || (low >= 0.0 && low < 0.5 * high) {
        low = low.min(0.0);
    }
    let room = (high - low) * 0.08;
    let room = if room > 0.0 { room } else { high.abs().max(1.0) * 0.1 };
    high += room;
    if low != 0.0 {
        low -= room;
    }
    (low, high)
}

/// Tick labels of the y axis and its unit at the top.
fn y_labels(out: &mut String, plotted: &Plotted, unit: &str, format: &dyn Fn(f64) -> String) {
    let quiet = palette::QUIET.hex();
    let x = f64::from(LEFT) - 8.0;
    for tick in &plotted.ticks {
        let y = plotted.y(*tick) + 4.0;
        Text { x, y, anchor: "end", size: 12.0, fill: &quiet, bold: false, text: &format(*tick) }.write(out);
    }
    Text { x: 4.0, y: 14.0, anchor: "start", size: 12.0, fill: &quiet, bold: false, text: unit }.write(out);
}

/// Labels of periods under the axis: months as `May`, with the year under the first and under each January.
fn x_labels(out: &mut String, plotted: &Plotted, periods: &[String]) {
    let quiet = palette::QUIET.hex();
    let every = periods.len().div_ceil(12).max(1);
    let every = if every > 1 && every < 3 { 3 } else { every };
    let y = f64::from(HEIGHT - BOTTOM) + 18.0;
    let mut year_shown = String::new();
    for (slot, period) in periods.iter().enumerate() {
        let (year, month) = period.split_once('-').unwrap_or((period.as_str(), ""));
        let number: usize = month.parse().unwrap_or(1);
        if !month.is_empty() && !(number - 1).is_multiple_of(every) {
            continue;
        }
        let x = plotted.x(slot);
        let name = if month.is_empty() { year } else { MONTHS.get(number - 1).copied().unwrap_or("") };
        Text { x, y, anchor: "middle", size: 12.0, fill: &quiet, bold: false, text: name }.write(out);
        if !month.is_empty() && year_shown != year {
            Text { x, y: y + 15.0, anchor: "middle", size: 12.0, fill: &quiet, bold: true, text: year }.write(out);
            year.clone_into(&mut year_shown);
        }
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A horizontal line over the plot.
struct Level<'a> {
    value: f64,
    label: String,
    colour: Colour,
    dash: &'a str,
    width: f64,
}

/// Draws levels and writes their labels at the right, moved apart where they would touch.
fn levels(out: &mut String, plotted: &Plotted, levels: &[Level<'_>]) {
    for level in levels {
        level_line(out, plotted, level);
    }
    level_labels(out, plotted, levels);
}

/// The line of a level, without its label.
fn level_line(out: &mut String, plotted: &Plotted, level: &Level<'_>) {
    use std::fmt::Write as _;
    let y = coordinate(plotted.y(level.value));
    let dash = if level.dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", level.dash) };
    let _ = writeln!(
        out,
        "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{}\" stroke-width=\"{}\"{dash}/>",
        WIDTH - RIGHT,
        level.colour.hex(),
        coordinate(level.width),
    );
}

/// Labels of levels at the right, without their lines.
fn level_labels(out: &mut String, plotted: &Plotted, levels: &[Level<'_>]) {
    let labels: Vec<(f64, &str, Colour)> =
        levels.iter().map(|l| (plotted.y(l.value), l.label.as_str(), l.colour)).collect();
    end_labels(out, plotted.right() + 8.0, &labels);
}

/// Labels at the right end, from top to bottom, at least [`LABEL_GAP`] apart.
fn end_labels(out: &mut String, x: f64, labels: &[(f64, &str, Colour)]) {
    let mut order: Vec<&(f64, &str, Colour)> = labels.iter().collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut next = f64::NEG_INFINITY;
    let mut placed: Vec<f64> = Vec::with_capacity(order.len());
    for (y, ..) in &order {
        let y = y.max(next);
        placed.push(y);
        next = y + LABEL_GAP;
    }
    // Pushed below the picture: move the whole block up.
    let over = placed.last().map_or(0.0, |last| (last - f64::from(HEIGHT - 8)).max(0.0));
    for ((_, text, colour), y) in order.iter().zip(placed) {
        let fill = colour.hex();
        Text { x, y: y - over + 4.0, anchor: "start", size: 12.0, fill: &fill, bold: false, text }.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_split_a_line() {
        let found = segments(&[Some(1.0), Some(2.0), None, Some(3.0), None, Some(4.0), Some(5.0)]);
        assert_eq!(found, vec![vec![(0.0, 1.0), (1.0, 2.0)], vec![(5.0, 4.0), (6.0, 5.0)]]);
    }

    #[test]
    fn labels_keep_their_distance() {
        let mut out = String::new();
        let ink = palette::INK;
        end_labels(&mut out, 10.0, &[(100.0, "b", ink), (99.0, "a", ink), (101.0, "c", ink)]);
        let ys: Vec<f64> =
            out.lines().map(|l| l.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()).collect();
        assert!(ys.windows(2).all(|w| w[1] - w[0] >= LABEL_GAP), "{ys:?}");
        assert!(out.find(">a<").unwrap() < out.find(">b<").unwrap());
    }

    #[test]
    fn bars_start_at_zero_and_flat_series_have_a_range() {
        assert!(y_range([5.0, 9.0].into_iter(), true).0.abs() < 1e-12);
        assert!(y_range([9.0, 9.5].into_iter(), false).0 > 5.0);
        let (low, high) = y_range([7.0].into_iter(), false);
        assert!(high > low);
        assert_eq!(y_range(std::iter::empty(), false), (0.0, 1.0));
    }

    #[test]
    fn slots_and_values_map_to_where_plotters_drew_them() {
        let values = [Some(1.0), Some(3.0), Some(2.0)];
        let line = Line { values: &values, colour: palette::ACCENT, width: 2, points: true };
        let plotted = plot(3, (0.0, 4.0), None, &[line]).unwrap();
        for (slot, value) in values.iter().flatten().enumerate() {
            let x = plotted.x(slot).round();
            let y = plotted.y(*value).round();
            let near = plotted.drawing.lines().filter(|l| l.starts_with("<circle")).any(|l| {
                let number = |name: &str| -> f64 {
                    l.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
                };
                (number("cx") - x).abs() <= 1.0 && (number("cy") - y).abs() <= 1.0
            });
            assert!(near, "slot {slot} at {x},{y}: {}", plotted.drawing);
        }
    }
}
