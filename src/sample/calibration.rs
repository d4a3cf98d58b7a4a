//! How the sample compares with the figures of the policing plan.

use super::activity::{Stock, mean_reading};
use super::calendar::Span;
use super::categories::CATEGORIES;
use super::crimes::Crime;
use super::incidents::{Incident, by_month};
use super::write::Written;

/// One figure of the plan beside what the sample holds.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Measure of the plan register, such as `M06`.
    pub measure: &'static str,
    /// What it counts.
    pub what: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// The plan's figure, times the scale for counts; `None` where the plan gives only a bound.
    pub target: Option<f64>,
    /// What the sample holds over its whole period.
    pub realised: f64,
}

/// Works out every figure.
pub fn figures(
    span: &Span,
    scale: f64,
    incidents: &[Incident],
    crimes: &[Crime],
    activity: &[Written],
    stocks: &[Stock],
) -> Vec<Figure> {
    let months = span.months.len() as f64;
    let monthly =
        |keep: &dyn Fn(&Incident) -> bool| by_month(span, incidents, keep).iter().sum::<usize>() as f64 / months;
    let is = |row: &Incident, codes: &[&str]| codes.contains(&CATEGORIES[row.category].code);
    let count = |measure, what, target: f64, realised| Figure {
        measure,
        what,
        unit: "mean a month",
        target: Some(target * scale),
        realised,
    };
    let file = |name: &str| activity.iter().find(|f| f.0 == name).map_or(0.0, |f| f.1 as f64 / months);
    let mut figures = vec![
        Figure {
            measure: "M01",
            what: "incidents",
            unit: "a year",
            target: Some(14_000.0 * scale),
            realised: incidents.len() as f64 / months * 12.0,
        },
        count("M06", "anti-social behaviour incidents", 150.0, monthly(&|r| is(r, &["antisocial-behaviour"]))),
        count(
            "M07",
            "concern for welfare and mental health incidents",
            105.0,
            monthly(&|r| is(r, &["concern-for-welfare", "mental-health"])),
        ),
        count("M08", "missing person reports", 43.0, monthly(&|r| is(r, &["missing-person"]))),
        count(
            "M09",
            "road traffic collisions attended",
            106.0,
            monthly(&|r| is(r, &["road-traffic-collision"]) && r.arrived.is_some() && !r.cancelled),
        ),
        count("M10", "crimes recorded", 250.0, crimes.len() as f64 / months),
        count("M11", "stop checks", 350.0, file("stops.csv.gz")),
        count("M12", "road traffic offences", 285.0, file("offences.csv.gz")),
        count("M15", "high-risk domestic incidents", 22.0, monthly(&|r| r.dv_risk == "high")),
    ];
    figures.extend(response_figures(incidents));
    for stock in stocks {
        let (measure, target) = match stock.code {
            "victims-in-care" => ("M13", Some(150.0)),
            "sex-offenders-managed" => ("M14", Some(77.0)),
            "officers" => ("R05", None),
            "civilian-staff" => ("R06", None),
            _ => ("M16", None),
        };
        let realised = mean_reading(stock).unwrap_or_default();
        figures.push(Figure { measure, what: stock.code, unit: "mean reading", target, realised });
    }
    figures
}

/// Response in minutes from call answered to first arrival, by initial grade.
fn response_figures(incidents: &[Incident]) -> Vec<Figure> {
    let minutes = |grade: u8| -> Vec<f64> {
        incidents
            .iter()
            .filter(|r| r.grade_initial == grade && !r.cancelled)
            .filter_map(|r| r.arrived.map(|at| (at - r.answered) as f64 / 60.0))
            .collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let within =
        |values: &[f64], limit: f64| values.iter().filter(|v| **v < limit).count() as f64 / values.len().max(1) as f64;
    let (first, second) = (minutes(1), minutes(2));
    let figure = |measure, what, unit, realised| Figure { measure, what, unit, target: None, realised };
    vec![
        figure("M02", "Grade 1 response, plan: under 6", "mean minutes", mean(&first)),
        figure("M03", "Grade 1 attended within 10 minutes", "share", within(&first, 10.0)),
        figure("M04", "Grade 2 response, plan: under 60", "mean minutes", mean(&second)),
        figure("M05", "Grade 2 attended within 60 minutes", "share", within(&second, 60.0)),
    ]
}
