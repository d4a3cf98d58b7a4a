//! One plot of a picture that has several: a scale, and the marks on it. Steps run along x, one slot each; zero is always
//! within the scale of counts.

use std::fmt::Write as _;

use crate::render::format;
use crate::render::palette::{self, Colour};
use crate::render::svg::{Text, coordinate};

/// Where a plot lies, and what it shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub slots: usize,
    low: f64,
    high: f64,
}

impl Panel {
    /// A plot whose scale holds the values and zero.
    pub fn new((left, top): (f64, f64), (width, height): (f64, f64), slots: usize, values: &[f64]) -> Self {
        let (low, high) = values.iter().fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
        let room = if high > low { 0.06 * (high - low) } else { 1.0 };
        let low = if low < 0.0 { low - room } else { 0.0 };
        Self { left, top, width, height, slots: slots.max(1), low, high: high + room }
    }

    /// The middle of a slot.
    pub fn x(&self, slot: usize) -> f64 {
        self.left + (slot as f64 + 0.5) * self.width / self.slots as f64
    }

    pub fn y(&self, value: f64) -> f64 {
        self.top + self.height * (self.high - value) / (self.high - self.low)
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Grid lines with their values at the left.
    pub fn grid(&self, out: &mut String, lines: usize) {
        let step = round_step((self.high - self.low) / lines.max(1) as f64);
        let quiet = palette::QUIET.hex();
        let mut at = (self.low / step).ceil() as i64;
        while at as f64 * step <= self.high {
            let value = at as f64 * step;
            let y = coordinate(self.y(value));
            let _ = writeln!(
                out,
                "<line x1=\"{}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{}\"/>",
                coordinate(self.left),
                coordinate(self.right()),
                if at == 0 { palette::BOUNDARY } else { palette::GRID }.hex(),
            );
            let text = format::decimal(value, usize::from(step < 1.0));
            let (x, y) = (self.left - 6.0, self.y(value) + 4.0);
            Text { x, y, anchor: "end", size: 11.0, fill: &quiet, bold: false, text: &text }.write(out);
            at += 1;
        }
    }

    /// Bars from zero; nothing where there is no value.
    pub fn bars(&self, out: &mut String, values: &[Option<f64>], colour: Colour) {
        let wide = (0.7 * self.width / self.slots as f64).max(0.6);
        let zero = self.y(0.0);
        for (slot, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let y = self.y(*value);
            let _ = writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                coordinate(self.x(slot) - wide / 2.0),
                coordinate(y.min(zero)),
                coordinate(wide),
                coordinate((zero - y).abs()),
                colour.hex()
            );
        }
    }

    /// A line from the slot `first` on; broken where there is no value, a point where one stands alone.
    pub fn line(&self, out: &mut String, first: usize, values: &[Option<f64>], colour: Colour, style: Stroke) {
        let at =
            |slot: usize, value: f64| format!("{},{}", coordinate(self.x(first + slot)), coordinate(self.y(value)));
        let mut run: Vec<String> = Vec::new();
        let mut draw = |run: &mut Vec<String>| {
            let dash =
                if style.dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", style.dash) };
            if let [only] = run.as_slice() {
                let (x, y) = only.split_once(',').unwrap_or_default();
                let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"2\" fill=\"{}\"/>", colour.hex());
            } else if !run.is_empty() {
                let _ = writeln!(
                    out,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{dash}/>",
                    run.join(" "),
                    colour.hex(),
                    coordinate(style.width)
                );
            }
            run.clear();
        };
        for (slot, value) in values.iter().enumerate() {
            match value {
                Some(value) => run.push(at(slot, *value)),
                None => draw(&mut run),
            }
        }
        draw(&mut run);
    }

    /// The area between two lines from the slot `first` on.
    pub fn band(&self, out: &mut String, first: usize, limits: &[(f64, f64)], colour: Colour) {
        let at =
            |slot: usize, value: f64| format!("{},{}", coordinate(self.x(first + slot)), coordinate(self.y(value)));
        let highs = limits.iter().enumerate().map(|(slot, (_, high))| at(slot, *high));
        let lows = limits.iter().enumerate().rev().map(|(slot, (low, _))| at(slot, *low));
        let points: Vec<String> = highs.chain(lows).collect();
        let _ = writeln!(out, "<polygon points=\"{}\" fill=\"{}\"/>", points.join(" "), colour.hex());
    }

    /// A dashed line before a slot.
    pub fn cut(&self, out: &mut String, slot: usize, colour: Colour) {
        let x = coordinate(self.left + slot as f64 * self.width / self.slots as f64);
        let _ = writeln!(
            out,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{}\" stroke=\"{}\" stroke-width=\"1.5\" stroke-dasharray=\"5 3\"/>",
            coordinate(self.top),
            coordinate(self.bottom()),
            colour.hex()
        );
    }

    /// Names of steps under the plot: where a year begins if it shows three or more, else every so many steps.
    pub fn steps(&self, out: &mut String, names: &[String], most: usize) {
        let year = |name: &String| name.split('-').next().unwrap_or_default().to_owned();
        let mut starts: Vec<usize> = (1..names.len()).filter(|at| year(&names[*at]) != year(&names[*at - 1])).collect();
        if names.first().is_some_and(|name| name.ends_with("-01") || name.ends_with("-W01")) {
            starts.insert(0, 0);
        }
        let years = starts.len() >= 3;
        let shown: Vec<usize> = if years {
            starts.iter().copied().step_by(starts.len().div_ceil(most.max(1))).collect()
        } else {
            (0..names.len()).step_by(names.len().div_ceil(most.clamp(1, 7)).max(1)).collect()
        };
        let quiet = palette::QUIET.hex();
        for at in shown {
            let text = if years { year(&names[at]) } else { names[at].clone() };
            let (x, y) = (self.x(at), self.bottom() + 15.0);
            let tick = coordinate(x);
            let (top, end) = (coordinate(self.bottom()), coordinate(self.bottom() + 4.0));
            let _ = writeln!(out, "<line x1=\"{tick}\" x2=\"{tick}\" y1=\"{top}\" y2=\"{end}\" stroke=\"{quiet}\"/>");
            Text { x, y, anchor: "middle", size: 11.0, fill: &quiet, bold: false, text: &text }.write(out);
        }
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub width: f64,
    pub dash: &'static str,
}

/// Solid, this wide.
pub(super) const fn solid(width: f64) -> Stroke {
    Stroke { width, dash: "" }
}

/// 1, 2 or 5 times a power of ten, at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10.0_f64.powf(least.max(f64::MIN_POSITIVE).log10().floor());
    let found = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= least * 0.999);
    found.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_hold_their_values_and_zero() {
        let panel = Panel::new((10.0, 20.0), (100.0, 50.0), 4, &[3.0, 9.0]);
        assert!((panel.y(0.0) - 70.0).abs() < 1e-9 && panel.y(9.0) > 20.0);
        assert!((panel.x(0) - 22.5).abs() < 1e-9);
        let below = Panel::new((0.0, 0.0), (10.0, 10.0), 1, &[-5.0, 5.0]);
        assert!(below.y(-5.0) < 10.0 && below.y(5.0) > 0.0);
        assert!(Panel::new((0.0, 0.0), (10.0, 10.0), 0, &[]).y(0.0).is_finite());
    }

    #[test]
    fn steps_of_the_grid_are_round() {
        for (step, round) in [(0.3, 0.5), (1.0, 1.0), (7.0, 10.0), (12.0, 20.0), (2100.0, 5000.0)] {
            assert!((round_step(step) - round).abs() < 1e-9, "{step}");
        }
    }

    #[test]
    fn lines_break_where_there_is_no_value() {
        let panel = Panel::new((0.0, 0.0), (100.0, 50.0), 5, &[3.0]);
        let mut out = String::new();
        panel.line(&mut out, 0, &[Some(1.0), Some(2.0), None, Some(3.0), None], palette::ACCENT, solid(2.0));
        assert_eq!((out.matches("<polyline").count(), out.matches("<circle").count()), (1, 1));
    }

    #[test]
    fn years_are_named_where_they_begin() {
        let names: Vec<String> = (0..48).map(|at| format!("{}-{:02}", 2014 + at / 12, at % 12 + 1)).collect();
        let mut out = String::new();
        Panel::new((0.0, 0.0), (480.0, 50.0), 48, &[3.0]).steps(&mut out, &names, 12);
        assert!(["2014", "2015", "2016", "2017"].iter().all(|year| out.contains(&format!(">{year}<"))), "{out}");
        let mut out = String::new();
        Panel::new((0.0, 0.0), (480.0, 50.0), 12, &[3.0]).steps(&mut out, &names[6..18], 12);
        assert!(out.contains(">2014-07<"));
    }
}
