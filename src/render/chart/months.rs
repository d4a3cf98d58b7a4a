//! Bars or lines by month: at most four series, each labelled at its end.

use crate::error::{Error, Result};
use crate::render::chart::{Bars, Line, end_labels, plot, x_labels, y_labels, y_range};
use crate::render::format;
use crate::render::palette;
use crate::render::svg::{Words, frame};

/// One series.
#[derive(Debug, Clone)]
pub struct Series {
    /// Word at its end.
    pub label: String,
    /// A value a period; a gap without one.
    pub values: Vec<Option<f64>>,
}

/// What a chart by month draws.
#[derive(Debug)]
pub struct Chart<'a> {
    /// Name, finding and description.
    pub words: Words,
    /// `2017-05`…, one a slot.
    pub periods: &'a [String],
    /// Drawn as bars from zero.
    pub bars: Option<Series>,
    /// Drawn as lines over them.
    pub lines: Vec<Series>,
    /// Unit at the top of the axis.
    pub unit: &'a str,
}

/// Draws the chart.
///
/// # Errors
/// `Input` for more than four lines; `Bug` if plotters fails.
pub fn draw(chart: &Chart<'_>) -> Result<String> {
    if chart.lines.len() > 4 {
        return Err(Error::input(format!("a chart has at most four lines; {} were asked for", chart.lines.len())));
    }
    let all = chart.bars.iter().chain(&chart.lines).flat_map(|s| s.values.iter().flatten().copied());
    let range = y_range(all, chart.bars.is_some());
    // Bars take the first colour; lines the next ones.
    let colour = |at: usize| palette::CATEGORIES[(at + usize::from(chart.bars.is_some())) % palette::CATEGORIES.len()];
    let bars = chart.bars.as_ref().map(|s| Bars { values: &s.values, colour: palette::CATEGORIES[0] });
    let lines: Vec<Line<'_>> = chart
        .lines
        .iter()
        .enumerate()
        .map(|(at, s)| Line { values: &s.values, colour: colour(at), width: 2, points: false })
        .collect();
    let plotted = plot(chart.periods.len(), range, bars.as_ref(), &lines)?;
    let mut out = plotted.drawing.clone();
    y_labels(&mut out, &plotted, chart.unit, &|v| format::decimal(v, usize::from((v - v.round()).abs() > 1e-9)));
    x_labels(&mut out, &plotted, chart.periods);
    let labels: Vec<_> = chart
        .bars
        .iter()
        .map(|s| (s, palette::CATEGORIES[0]))
        .chain(chart.lines.iter().enumerate().map(|(at, s)| (s, colour(at))))
        .filter_map(|(s, colour)| {
            let last = s.values.iter().rev().flatten().next()?;
            Some((plotted.y(*last), s.label.as_str(), colour))
        })
        .collect();
    end_labels(&mut out, plotted.right() + 8.0, &labels);
    Ok(frame(&chart.words, "chart", f64::from(super::WIDTH), f64::from(super::HEIGHT), &out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(periods: &[String], lines: usize) -> Chart<'_> {
        let series =
            |n: usize| Series { label: format!("line {n}"), values: vec![Some(3.0), None, Some(5.0 + n as f64)] };
        Chart {
            words: Words { id: "trend".into(), title: "t".into(), description: "d".into() },
            periods,
            bars: Some(Series { label: "a month".into(), values: vec![Some(10.0), Some(12.0), Some(9.0)] }),
            lines: (0..lines).map(series).collect(),
            unit: "crimes",
        }
    }

    #[test]
    fn bars_and_lines_are_labelled_at_their_ends() {
        let periods: Vec<String> = ["2017-01", "2017-02", "2017-03"].map(str::to_owned).to_vec();
        let svg = draw(&chart(&periods, 2)).unwrap();
        for word in ["a month", "line 0", "line 1", ">2017<", ">Jan<", ">crimes<"] {
            assert!(svg.contains(word), "{word}");
        }
        assert!(svg.contains("role=\"img\""));
    }

    #[test]
    fn five_lines_are_refused() {
        let periods: Vec<String> = ["2017-01", "2017-02", "2017-03"].map(str::to_owned).to_vec();
        assert!(draw(&chart(&periods, 5)).is_err());
    }
}
