//! Pictures of a series: its steps with its levels, its parts, what is to come, and many series side by side.

use super::panel::{Panel, Stroke, solid};
use crate::error::Result;
use crate::render::palette::{self, Colour};
use crate::render::svg::{Text, Words, frame};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 120.0;
/// More steps than this are drawn as a line.
const MOST_BARS: usize = 72;
/// Room for the name of a change.
const LABEL: f64 = 66.0;
/// 95 % and 80 % bands: light and less light of one hue.
const BANDS: [Colour; 2] = [palette::COLD[0], palette::COLD[1]];

/// A stretch of one level, in records a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// First step of the series that it holds for.
    pub first: usize,
    /// One value a step.
    pub values: Vec<f64>,
    /// Said at its first step, such as `June 2017`; empty for the first level.
    pub label: String,
}

/// A series with its levels.
#[derive(Debug)]
pub struct Steps<'a> {
    /// Finding and description.
    pub words: Words,
    /// Names of the steps.
    pub names: &'a [String],
    /// Counts; a gap where there is none.
    pub counts: &'a [Option<f64>],
    /// Levels between changes; none if changes were not asked for.
    pub levels: &'a [Level],
    /// Unit at the top of the axis.
    pub unit: &'a str,
}

/// Draws a series: bars, or a line if there are many steps, with its levels over it.
pub fn steps(chart: &Steps<'_>) -> String {
    let values: Vec<f64> =
        chart.counts.iter().flatten().copied().chain(chart.levels.iter().flat_map(|l| l.values.clone())).collect();
    let height = 320.0;
    let panel = Panel::new((LEFT, 46.0), (WIDTH - LEFT - RIGHT, height - 90.0), chart.counts.len(), &values);
    let mut out = String::new();
    panel.grid(&mut out, 6);
    unit(&mut out, 14.0, chart.unit);
    if chart.counts.len() <= MOST_BARS {
        panel.bars(&mut out, chart.counts, palette::CATEGORIES[0]);
    } else {
        panel.line(&mut out, 0, chart.counts, palette::CATEGORIES[0], solid(1.5));
    }
    let colour = palette::CATEGORIES[3];
    // Names of near changes stand in two rows.
    let (mut before, mut lower) = (f64::NEG_INFINITY, false);
    for level in chart.levels {
        let values: Vec<Option<f64>> = level.values.iter().map(|value| Some(*value)).collect();
        panel.line(&mut out, level.first, &values, colour, solid(2.5));
        if !level.label.is_empty() {
            panel.cut(&mut out, level.first, palette::INK);
            let x = panel.x(level.first).max(LEFT + 40.0);
            lower = x - before < LABEL && !lower;
            before = x;
            let (y, ink) = (if lower { 41.0 } else { 26.0 }, palette::INK.hex());
            Text { x, y, anchor: "middle", size: 12.0, fill: &ink, bold: true, text: &level.label }.write(&mut out);
        }
    }
    if let Some(last) = chart.levels.last().and_then(|level| level.values.last()) {
        end(&mut out, &panel, *last, "level");
    }
    panel.steps(&mut out, chart.names, 12);
    frame(&chart.words, "chart", WIDTH, height, &out)
}

/// One part of a series.
#[derive(Debug)]
pub struct Part<'a> {
    /// Its name.
    pub name: &'a str,
    /// One value a step.
    pub values: Vec<Option<f64>>,
    /// Bars from zero, for what is left.
    pub bars: bool,
}

/// Draws parts of a series under each other, each on its own scale.
pub fn panels(words: &Words, names: &[String], parts: &[Part<'_>]) -> String {
    let (each, gap, top) = (112.0, 22.0, 22.0);
    let height = top + parts.len() as f64 * (each + gap) + 14.0;
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let values: Vec<f64> = part.values.iter().flatten().copied().collect();
        let y = top + at as f64 * (each + gap);
        let panel = Panel::new((LEFT, y), (WIDTH - LEFT - 24.0, each), names.len(), &values);
        panel.grid(&mut out, 3);
        let ink = palette::INK.hex();
        let x = LEFT;
        Text { x, y: y - 6.0, anchor: "start", size: 12.0, fill: &ink, bold: true, text: part.name }.write(&mut out);
        if part.bars {
            panel.bars(&mut out, &part.values, palette::CATEGORIES[4]);
        } else {
            panel.line(&mut out, 0, &part.values, palette::CATEGORIES[0], solid(1.5));
        }
        if at + 1 == parts.len() {
            panel.steps(&mut out, names, 12);
        }
    }
    frame(words, "chart", WIDTH, height, &out)
}

/// What was counted, and what is to come.
#[derive(Debug)]
pub struct Fan<'a> {
    /// Finding and description.
    pub words: Words,
    /// Names of the steps, counted and to come.
    pub names: &'a [String],
    /// Counts.
    pub counts: &'a [Option<f64>],
    /// Expected counts of the steps to come.
    pub means: &'a [f64],
    /// 95 % and 80 % limits of the steps to come.
    pub bands: [&'a [(f64, f64)]; 2],
    /// Unit at the top of the axis.
    pub unit: &'a str,
}

/// Draws the last counts and the fan of what is to come: the wide band holds 95 %, the narrow one 80 %.
pub fn fan(chart: &Fan<'_>) -> String {
    let highs = chart.bands[0].iter().map(|(_, high)| *high);
    let values: Vec<f64> = chart.counts.iter().flatten().copied().chain(highs).collect();
    let height = 300.0;
    let panel = Panel::new((LEFT, 26.0), (WIDTH - LEFT - RIGHT, height - 70.0), chart.names.len(), &values);
    let mut out = String::new();
    let first = chart.counts.len();
    for (band, colour) in chart.bands.iter().zip(BANDS) {
        panel.band(&mut out, first, band, colour);
    }
    panel.grid(&mut out, 6);
    unit(&mut out, 14.0, chart.unit);
    panel.line(&mut out, 0, chart.counts, palette::CATEGORIES[0], solid(2.0));
    let means: Vec<Option<f64>> = chart.means.iter().map(|mean| Some(*mean)).collect();
    panel.line(&mut out, first, &means, palette::INK, Stroke { width: 2.0, dash: "6 3" });
    panel.cut(&mut out, first, palette::QUIET);
    let mut labels = Vec::new();
    if let (Some(mean), Some(wide), Some(narrow)) = (chart.means.last(), chart.bands[0].last(), chart.bands[1].last()) {
        labels.push((panel.y(wide.1), "95 %", palette::QUIET));
        labels.push((panel.y(narrow.1), "80 %", palette::ACCENT));
        labels.push((panel.y(*mean), "expected", palette::INK));
    }
    super::end_labels(&mut out, panel.right() + 8.0, &labels);
    panel.steps(&mut out, chart.names, 12);
    frame(&chart.words, "chart", WIDTH, height, &out)
}

/// One of many series.
#[derive(Debug)]
pub struct Small {
    /// Its name.
    pub name: String,
    /// What is said beside the name, such as `+12 %`.
    pub note: String,
    /// One value a step.
    pub counts: Vec<Option<f64>>,
    /// First steps of new levels.
    pub changes: Vec<usize>,
}

/// Draws many series side by side, three in a row, each on its own scale from zero.
///
/// # Errors
/// `Bug` if there is none to draw.
pub fn multiples(words: &Words, names: &[String], series: &[Small]) -> Result<String> {
    if series.is_empty() {
        return Err(crate::error::Error::bug("no series to draw"));
    }
    let (columns, wide, high) = (3, 250.0, 128.0);
    let rows = series.len().div_ceil(columns);
    let mut out = String::new();
    let (ink, quiet) = (palette::INK.hex(), palette::QUIET.hex());
    for (at, small) in series.iter().enumerate() {
        let (left, top) = ((at % columns) as f64 * wide + 40.0, (at / columns) as f64 * high + 26.0);
        let values: Vec<f64> = small.counts.iter().flatten().copied().collect();
        let panel = Panel::new((left, top), (wide - 56.0, high - 52.0), names.len(), &values);
        panel.grid(&mut out, 3);
        let y = top - 10.0;
        Text { x: left, y, anchor: "start", size: 12.0, fill: &ink, bold: true, text: &small.name }.write(&mut out);
        let x = panel.right();
        Text { x, y, anchor: "end", size: 11.0, fill: &quiet, bold: false, text: &small.note }.write(&mut out);
        panel.line(&mut out, 0, &small.counts, palette::CATEGORIES[0], solid(1.5));
        for change in &small.changes {
            panel.cut(&mut out, *change, palette::CATEGORIES[3]);
        }
        panel.steps(&mut out, names, 3);
    }
    Ok(frame(words, "chart", WIDTH, rows as f64 * high + 8.0, &out))
}

fn unit(out: &mut String, y: f64, text: &str) {
    let quiet = palette::QUIET.hex();
    Text { x: 4.0, y, anchor: "start", size: 12.0, fill: &quiet, bold: false, text }.write(out);
}

/// A label at the right end of a line.
fn end(out: &mut String, panel: &Panel, value: f64, text: &str) {
    let fill = palette::CONCERN.hex();
    let (x, y) = (panel.right() + 8.0, panel.y(value) + 4.0);
    Text { x, y, anchor: "start", size: 12.0, fill: &fill, bold: false, text }.write(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words { id: "t".into(), title: "t".into(), description: "d".into() }
    }

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|at| format!("{}-{:02}", 2014 + at / 12, at % 12 + 1)).collect()
    }

    #[test]
    fn levels_stand_over_bars_with_the_month_of_the_change() {
        let counts: Vec<Option<f64>> = (0..24).map(|at| (at != 3).then_some(f64::from(at))).collect();
        let level = |first, label: &str| Level { first, values: vec![8.0; 12], label: label.into() };
        let levels = [level(0, ""), level(12, "January 2015")];
        let chart = Steps { words: words(), names: &names(24), counts: &counts, levels: &levels, unit: "crimes" };
        let svg = steps(&chart);
        assert_eq!((svg.matches("<rect").count(), svg.matches("<polyline").count()), (23, 2));
        for word in [">January 2015<", ">crimes<", ">level<", "role=\"img\""] {
            assert!(svg.contains(word), "{word}");
        }
    }

    #[test]
    fn a_fan_has_two_bands_and_names_them() {
        let (wide, narrow) = ([(0.0, 9.0), (0.0, 10.0)], [(2.0, 7.0), (2.0, 8.0)]);
        let chart = Fan {
            words: words(),
            names: &names(6),
            counts: &[Some(3.0); 4],
            means: &[4.0, 5.0],
            bands: [&wide, &narrow],
            unit: "crimes",
        };
        let svg = fan(&chart);
        assert_eq!((svg.matches("<polygon").count(), svg.matches("<polyline").count()), (2, 2));
        assert!([">95 %<", ">80 %<", ">expected<"].iter().all(|word| svg.contains(word)));
    }

    #[test]
    fn panels_and_small_multiples_name_each_plot() {
        let part = |name, bars| Part { name, values: vec![Some(1.0), Some(-2.0), None], bars };
        let svg = panels(&words(), &names(3), &[part("Trend", false), part("Remainder", true)]);
        assert!(svg.contains(">Trend<") && svg.contains(">Remainder<") && svg.matches("<rect").count() == 2);
        let small =
            |name: &str| Small { name: name.into(), note: "+1 %".into(), counts: vec![Some(1.0); 3], changes: vec![1] };
        let svg = multiples(&words(), &names(3), &[small("a & b"), small("c")]).unwrap();
        assert!(svg.contains(">a &amp; b<") && svg.contains("stroke-dasharray"));
        assert!(multiples(&words(), &names(3), &[]).is_err());
    }
}
