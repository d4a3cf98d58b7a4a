//! A test of methods, drawn: what each caught over the share of the area, with the table behind it.

use crate::analysis::disclosure::Released;
use crate::analysis::evaluate::{Evaluation, Method, Part, Row, percent};
use crate::error::Result;
use crate::render::chart::coverage::{Chart, Curve, draw as draw_chart};
use crate::render::drawn::{Drawn, Figures, Picture};
use crate::render::svg::Words;

/// Percent of the area up to which curves are drawn: beyond it nobody patrols.
const SHOWN: usize = 20;

/// The finding of a daypart in one sentence.
pub fn finding(tested: &Released<Evaluation>, part: &Part, headline: f64) -> String {
    let caught = |method: Method| tested.row(method, &part.daypart, headline).and_then(|row| row.hit_rate);
    let share = percent(headline);
    let when = if part.daypart == "all" { String::new() } else { format!(" ({})", part.daypart) };
    let (best, baseline) = (caught(part.best), caught(Method::BASELINE));
    match (best, baseline) {
        (Some(best), Some(baseline)) if part.best != Method::BASELINE => format!(
            "{} caught {:.1} % of records in {share} % of the area{when}, the 12-month count {:.1} %",
            capital(part.best.words()),
            best * 100.0,
            baseline * 100.0
        ),
        (_, Some(baseline)) => format!(
            "No method did surely better than the 12-month count, which caught {:.1} % of records in {share} % of the \
             area{when}",
            baseline * 100.0
        ),
        _ => format!("No record fell into the days of the test{when}"),
    }
}

/// The answer for a page and for `--plot`: two pictures and a table a daypart.
///
/// # Errors
/// `Bug` if a chart cannot be drawn.
pub fn draw(tested: &Released<Evaluation>, headline: f64) -> Result<Drawn> {
    let mut drawn = Drawn {
        finding: tested.dayparts.first().map_or_else(
            || "Nothing was tested, or nothing may be shown".to_owned(),
            |part| finding(tested, part, headline),
        ),
        pictures: Vec::new(),
        tables: Vec::new(),
        notes: vec![
            "Each window is forecast from what was recorded before it, and scored on what happened in it, whenever that was \
             recorded."
                .to_owned(),
            "PAI is the share of records caught over the share of the area chosen; it depends on that share. The gain is the \
             PAI less that of the 12-month count on the same windows, with its 95 % interval."
                .to_owned(),
            "PEI is what was caught over the most that any choice of no more area could have caught (by a greedy oracle)."
                .to_owned(),
        ],
    };
    for part in &tested.dayparts {
        let words = finding(tested, part, headline);
        for (name, unit, value) in [
            ("caught", "% of records caught", (|hit, _| hit * 100.0) as fn(f64, f64) -> f64),
            ("pai", "PAI", |hit, area| hit / area),
        ] {
            let curves = curves(part, value);
            let title = format!("{words}.");
            let lines: Vec<&str> = curves.iter().map(|curve| curve.label.as_str()).collect();
            drawn.pictures.push(Picture {
                label: format!("Chart: {unit} by share of the area, {}", part.daypart),
                svg: draw_chart(&Chart {
                    words: Words {
                        id: format!("evaluate-{name}-{}", part.daypart),
                        title: title.clone(),
                        description: format!(
                            "Line chart of {unit} over 1 to {SHOWN} % of the area for {}. {title} The table has every method.",
                            lines.join(", ")
                        ),
                    },
                    curves: &curves,
                    unit,
                })?,
            });
        }
        drawn.tables.push(table(tested, part));
        drawn.notes.push(format!(
            "{}: {} windows, {} records; {} windows without a record left out. Picked: {}, because {}.",
            capital(&part.daypart),
            part.windows,
            part.events,
            part.empty_windows,
            part.best.words(),
            part.why
        ));
    }
    Ok(drawn)
}

/// The best method, then the baselines.
fn curves(part: &Part, value: impl Fn(f64, f64) -> f64) -> Vec<Curve> {
    let mut methods = vec![part.best, Method::Count365, Method::LastPeriod, Method::Random];
    methods.dedup();
    methods
        .into_iter()
        .filter_map(|method| {
            let hits = part.curves.get(&method)?;
            let shown = hits.iter().take(SHOWN).enumerate();
            let values = shown.map(|(at, hit)| Some(value(*hit, (at + 1) as f64 / hits.len() as f64))).collect();
            Some(Curve { label: method.words().to_owned(), values })
        })
        .collect()
}

fn table(tested: &Released<Evaluation>, part: &Part) -> Figures {
    let mut table = Figures::new(
        &format!("Methods, {}", part.daypart),
        "By share of the area, then by PAI, highest first.",
        &[
            "Method",
            "Area, %",
            "Caught, %",
            "PAI",
            "PAI, 95 %",
            "PEI",
            "Gain, 95 %",
            "Cells kept, %",
            "PAI by luck of ties",
        ],
    );
    let mut rows: Vec<&Row> = tested.rows.iter().filter(|row| row.daypart == part.daypart).collect();
    rows.sort_by(|a, b| a.coverage.total_cmp(&b.coverage).then(b.pai.unwrap_or(0.0).total_cmp(&a.pai.unwrap_or(0.0))));
    table.rows = rows
        .into_iter()
        .map(|row| {
            vec![
                row.method.words().to_owned(),
                percent(row.coverage),
                number(row.hit_rate.map(|rate| rate * 100.0), 1),
                number(row.pai, 2),
                range(row.pai_low, row.pai_high),
                number(row.pei, 2),
                range(row.gain_low, row.gain_high),
                number(row.kept_share.map(|share| share * 100.0), 0),
                range(row.pai_worst_ties, row.pai_best_ties),
            ]
        })
        .collect();
    table
}

fn number(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
}

fn range(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low:.2} to {high:.2}"),
        _ => "-".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
