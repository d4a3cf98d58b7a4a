//! The control chart of a measure: values, centre, limits (with a step at each point where they differ), target, and
//! signals as larger points of another shape.

use std::fmt::Write as _;

use crate::analysis::kpi::{Unit, period_words};
use crate::error::Result;
use crate::render::chart::steps::{self, Step};
use crate::render::chart::{Level, Line, Plotted, level_labels, level_line, levels, plot, x_labels, y_labels, y_range};
use crate::render::format;
use crate::render::palette::{self, Colour};
use crate::render::svg::{Text, Words, coordinate, escape, frame};
use crate::stats::spc::Direction;

/// A point of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// `2017-05` or `2017`.
    pub period: String,
    /// The value; a gap without one.
    pub value: Option<f64>,
    /// The special cause it is part of.
    pub signal: Option<Signal>,
}

/// A special cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Up (high or rising) or down.
    pub up: bool,
    /// Name of the rule, in words.
    pub rule: &'static str,
}

/// What a control chart draws.
#[derive(Debug)]
pub struct Chart<'a> {
    /// Name, finding and description.
    pub words: Words,
    /// The series.
    pub points: &'a [Point],
    /// Unit of the values.
    pub unit: Unit,
    /// Which way is better: gives a signal its colour.
    pub direction: Direction,
    /// Centre in force at the end.
    pub mean: Option<f64>,
    /// Lower and upper limit in force at the end, as computed; drawn at zero where the lower one is below.
    pub limits: Option<(f64, f64)>,
    /// Centre and limits at each point; drawn as steps where they differ. Empty where they are one.
    pub steps: &'a [Option<Step>],
    /// Too few points for firm limits.
    pub trial: bool,
    /// Target or plan figure, and its word.
    pub target: Option<(f64, &'static str)>,
}

/// Draws the chart.
///
/// # Errors
/// `Bug` if plotters fails.
pub fn draw(chart: &Chart<'_>) -> Result<String> {
    let values: Vec<Option<f64>> = chart.points.iter().map(|p| p.value).collect();
    let limits = chart.limits.map(|(low, high)| (if low < 0.0 { 0.0 } else { low }, high));
    let drawn = values
        .iter()
        .flatten()
        .copied()
        .chain(limits.into_iter().flat_map(|(low, high)| [low, high]))
        .chain(chart.steps.iter().flatten().flat_map(|step| [step.low.max(0.0), step.high]))
        .chain(chart.mean)
        .chain(chart.target.map(|(value, _)| value));
    let range = y_range(drawn, false);
    let line = Line { values: &values, colour: palette::ACCENT, width: 2, points: true };
    let plotted = plot(chart.points.len(), range, None, &[line])?;

    let mut out = plotted.drawing.clone();
    let unit = chart.unit;
    y_labels(&mut out, &plotted, format::unit_words(unit), &|v| tick(v, unit));
    let periods: Vec<String> = chart.points.iter().map(|p| p.period.clone()).collect();
    x_labels(&mut out, &plotted, &periods);
    let list = level_list(chart, limits);
    if steps::differ(chart.steps) {
        type Get = fn(&Step) -> f64;
        let lines: [(Get, (Colour, &str, f64)); 3] =
            [(|step| step.high, LIMIT), (|step| step.low.max(0.0), LIMIT), (|step| step.centre, CENTRE)];
        for (get, style) in lines {
            let values: Vec<Option<f64>> = chart.steps.iter().map(|step| step.as_ref().map(get)).collect();
            steps::draw(&mut out, &plotted, &values, style);
        }
        // The target is one line still, and all have their label.
        for level in list.iter().filter(|level| level.colour == palette::TARGET) {
            level_line(&mut out, &plotted, level);
        }
        level_labels(&mut out, &plotted, &list);
    } else {
        levels(&mut out, &plotted, &list);
    }
    for (slot, point) in chart.points.iter().enumerate() {
        if let (Some(value), Some(signal)) = (point.value, point.signal) {
            let words = format!("{}: {}, {}", period_words(&point.period), format::value(value, unit), signal.rule);
            mark(&mut out, (plotted.x(slot), plotted.y(value)), signal, chart.direction, &words);
        }
    }
    rule_names(&mut out, chart, &plotted);
    Ok(frame(&chart.words, "chart", f64::from(super::WIDTH), f64::from(super::HEIGHT), &out))
}

/// Colour, dashes and width of a limit.
const LIMIT: (Colour, &str, f64) = (palette::QUIET, "6 4", 1.3);
/// Those of the centre.
const CENTRE: (Colour, &str, f64) = (palette::INK, "", 1.0);

/// Names the rule of each run of signals, above or below its outermost point; left out where two names would touch.
fn rule_names(out: &mut String, chart: &Chart<'_>, plotted: &Plotted) {
    let mut free_from = f64::NEG_INFINITY;
    for group in chart.points.iter().enumerate().collect::<Vec<_>>().chunk_by(|a, b| a.1.signal == b.1.signal) {
        let Some(signal) = group.first().and_then(|(_, point)| point.signal) else { continue };
        let ys = group.iter().filter_map(|(_, point)| point.value).map(|value| plotted.y(value));
        let y = if signal.up { ys.fold(f64::INFINITY, f64::min) - 12.0 } else { ys.fold(0.0, f64::max) + 20.0 };
        let slots: Vec<f64> = group.iter().map(|(slot, _)| plotted.x(*slot)).collect();
        let middle = slots.iter().sum::<f64>() / slots.len() as f64;
        // About six units a letter at this size.
        let half = signal.rule.len() as f64 * 3.0;
        let x = middle.clamp(f64::from(super::LEFT) + half, plotted.right() - half);
        if x - half < free_from {
            continue;
        }
        free_from = x + half + 6.0;
        let fill = signal_colour(signal, chart.direction).hex();
        Text { x, y, anchor: "middle", size: 12.0, fill: &fill, bold: false, text: signal.rule }.write(out);
    }
}

fn tick(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Percent => format::decimal(value * 100.0, 0),
        Unit::Count | Unit::Minutes | Unit::Number if (value - value.round()).abs() < 1e-9 => format::decimal(value, 0),
        Unit::Count | Unit::Minutes | Unit::Number => format::decimal(value, 1),
        Unit::Pounds => format::decimal(value, 0),
    }
}

fn level_list(chart: &Chart<'_>, limits: Option<(f64, f64)>) -> Vec<Level<'static>> {
    let unit = chart.unit;
    let trial = if chart.trial { " (trial)" } else { "" };
    let mut out = Vec::new();
    let mut push = |value: f64, word: &str, (colour, dash, width): (Colour, &'static str, f64)| {
        out.push(Level { value, label: format!("{word} {}", format::value(value, unit)), colour, dash, width });
    };
    if let Some((low, high)) = limits {
        push(high, &format!("Upper limit{trial}"), LIMIT);
        push(low, &format!("Lower limit{trial}"), LIMIT);
    }
    if let Some(mean) = chart.mean {
        push(mean, "Mean", CENTRE);
    }
    if let Some((target, word)) = chart.target {
        push(target, word, (palette::TARGET, "1.5 3", 1.5));
    }
    out
}

fn signal_colour(signal: Signal, direction: Direction) -> Colour {
    match (direction, signal.up) {
        (Direction::Neutral, _) => palette::NEUTRAL,
        (Direction::Increase, true) | (Direction::Decrease, false) => palette::IMPROVEMENT,
        (Direction::Increase, false) | (Direction::Decrease, true) => palette::CONCERN,
    }
}

/// A triangle up or down, or a diamond where neither way is better, with its words.
fn mark(out: &mut String, (x, y): (f64, f64), signal: Signal, direction: Direction, words: &str) {
    let r = 7.0;
    let points = match (direction, signal.up) {
        (Direction::Neutral, _) => vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)],
        (_, true) => vec![(x, y - r), (x + r, y + r * 0.7), (x - r, y + r * 0.7)],
        (_, false) => vec![(x, y + r), (x + r, y - r * 0.7), (x - r, y - r * 0.7)],
    };
    let points: Vec<String> = points.into_iter().map(|(x, y)| format!("{},{}", coordinate(x), coordinate(y))).collect();
    let _ = writeln!(
        out,
        "<polygon class=\"signal\" points=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\"><title>{}</title></polygon>",
        points.join(" "),
        signal_colour(signal, direction).hex(),
        palette::PAPER.hex(),
        escape(words),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(points: &[Point]) -> String {
        stepped(points, &[])
    }

    fn stepped(points: &[Point], steps: &[Option<Step>]) -> String {
        let words = Words { id: "m06".into(), title: "Within the usual range".into(), description: "d".into() };
        draw(&Chart {
            words,
            points,
            unit: Unit::Count,
            direction: Direction::Decrease,
            mean: Some(150.0),
            limits: Some((103.0, 197.0)),
            steps,
            trial: false,
            target: Some((150.0, "Plan figure")),
        })
        .unwrap()
    }

    fn points() -> Vec<Point> {
        (1..=12)
            .map(|month| Point {
                period: format!("2017-{month:02}"),
                value: (month != 4).then(|| 140.0 + f64::from(month) * 2.0 + if month == 8 { 60.0 } else { 0.0 }),
                signal: (month == 8).then_some(Signal { up: true, rule: "outside the limits" }),
            })
            .collect()
    }

    #[test]
    fn limits_are_dashed_with_their_values_and_signals_have_another_shape() {
        let svg = sample(&points());
        assert_eq!(svg.matches("stroke-dasharray=\"6 4\"").count(), 2);
        for label in ["Upper limit 197", "Lower limit 103", "Mean 150", "Plan figure 150"] {
            assert!(svg.contains(label), "{label}");
        }
        assert_eq!(svg.matches("class=\"signal\"").count(), 1);
        assert!(svg.contains("<title>August 2017: 216, outside the limits</title>"));
        assert_eq!(svg.matches("<circle").count(), 11, "the gap stays a gap");
        assert!(svg.contains("<title id=\"m06-title\">") && svg.contains("<desc id=\"m06-desc\">"));
        assert!(!svg.contains(" style="), "presentation attributes only");
    }

    #[test]
    fn limits_that_differ_are_steps_and_those_that_do_not_are_lines() {
        let points = points();
        let step = |at: usize| Step { low: 100.0 - at as f64, centre: 150.0, high: 200.0 + at as f64 };
        let mut steps: Vec<Option<Step>> = (0..points.len()).map(|at| Some(step(at))).collect();
        steps[3] = None;
        let svg = stepped(&points, &steps);
        assert_eq!(svg.matches("<path class=\"limit\"").count(), 3);
        let paths: Vec<&str> = svg.lines().filter(|line| line.contains("class=\"limit\"")).collect();
        assert!(paths.iter().all(|path| path.matches('M').count() == 2), "a gap where there is no line");
        assert_eq!(svg.matches("stroke-dasharray=\"1.5 3\"").count(), 1, "the target stays one line");
        assert!(svg.contains("Upper limit 197"));
        let same = vec![Some(step(0)); points.len()];
        assert_eq!(stepped(&points, &same).matches("class=\"limit\"").count(), 0);
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        assert_eq!(sample(&points()), sample(&points()));
    }

    #[test]
    fn a_series_without_values_is_drawn_empty() {
        let empty: Vec<Point> =
            (1..=3).map(|m| Point { period: format!("2017-{m:02}"), value: None, signal: None }).collect();
        let svg = sample(&empty);
        assert_eq!(svg.matches("<circle").count(), 0);
    }
}
