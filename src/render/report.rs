//! The report of a period: one accessible HTML file without scripts, made from released answers only. Its bytes depend on
//! the answers and nothing else: no clock, no file name.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::disclosure::Released;
use crate::analysis::hotspot::{CellScore, HotspotMap};
use crate::analysis::kpi_run::KpiRun;
use crate::analysis::owner::Owners;
use crate::error::Result;
use crate::model::provenance::{Provenance, generator};
use crate::model::time::Period;
use crate::render::kpi_view::{self, KpiView, TableView, WarningView};
use crate::render::map_svg::Base;
use crate::render::{format, hotspot_map, html};

/// Rows of a series shown in a report: this month, and the same month a year before. The rest can be unfolded.
const RECENT: usize = 13;
/// Places listed under a map.
const PLACES: usize = 10;

/// Who the report is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The Police Authority: every measure.
    Authority,
    /// Everybody: released figures only.
    Public,
}

impl Audience {
    /// Name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Audience::Authority => "authority",
            Audience::Public => "public",
        }
    }

    /// The audience of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Audience::Authority, Audience::Public].into_iter().find(|a| a.name() == name)
    }
}

/// One load of the ledger, as far as a report tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadLine {
    /// Feed.
    pub feed: String,
    /// Rows read.
    pub rows_in: u64,
    /// New records.
    pub accepted: u64,
    /// Records replaced by a newer version.
    pub revised: u64,
    /// Records already here.
    pub unchanged: u64,
    /// Repeats within a load.
    pub duplicate: u64,
    /// Rows of records that were erased, or past their time of keeping.
    pub withheld: u64,
    /// Refused rows by reason.
    pub rejected: BTreeMap<String, u64>,
}

/// A hotspot map of the report.
#[derive(Debug)]
pub struct MapPart<'a> {
    /// Short name: `day`.
    pub name: String,
    /// Heading: `Day, 07:00-19:00`.
    pub label: String,
    /// The answer.
    pub answer: &'a Released<HotspotMap>,
    /// Where it came from.
    pub provenance: &'a Provenance,
}

/// Everything that a report says.
#[derive(Debug)]
pub struct Report<'a> {
    /// Name of the force.
    pub force: &'a str,
    /// Who it is for.
    pub audience: Audience,
    /// `2017-Q3`.
    pub period_name: &'a str,
    /// Its dates.
    pub period: Period,
    /// Whether the records are synthetic.
    pub synthetic: bool,
    /// The measures.
    pub kpis: &'a Released<KpiRun>,
    /// The maps, and what lies under them.
    pub maps: Vec<MapPart<'a>>,
    /// Coast, parishes, places.
    pub base: &'a Base,
    /// The ledger, feed by feed.
    pub loads: Vec<LoadLine>,
}

#[derive(Serialize)]
struct Context {
    title: String,
    force: String,
    audience: &'static str,
    period_name: String,
    period_text: String,
    marking: &'static str,
    synthetic: bool,
    data_cut_off: String,
    store_version: u64,
    generator: String,
    style: &'static str,
    summary: Vec<SummaryRow>,
    warnings: Vec<WarningView>,
    chapters: Vec<Chapter>,
    quality: TableView,
    rejects: TableView,
    quality_finding: String,
    definitions: TableView,
    plan: TableView,
}

#[derive(Serialize)]
struct SummaryRow {
    id: String,
    title: String,
    value: String,
    period: String,
    target: String,
    variation: String,
    assurance: String,
}

#[derive(Serialize)]
struct Chapter {
    id: &'static str,
    title: &'static str,
    intro: &'static str,
    kpis: Vec<KpiPart>,
    maps: Vec<MapView>,
}

#[derive(Serialize)]
struct KpiPart {
    #[serde(flatten)]
    view: KpiView,
    recent: TableView,
    earlier: TableView,
}

#[derive(Serialize)]
struct MapView {
    id: String,
    label: String,
    finding: String,
    svg: String,
    table: TableView,
    notes: Vec<String>,
}

/// Chapters and the measures in each.
const CHAPTERS: [(&str, &str, &str, &[&str]); 9] = [
    (
        "response",
        "Response",
        "How soon the most urgent calls are attended. Averages and shares are two views of one clock and are not \
         interchangeable: an average hides the longest waits, a share hides how late the late ones were.",
        &["M02", "M03", "M20", "M04", "M05"],
    ),
    (
        "demand",
        "Demand and crime",
        "What is reported to the police and what is recorded as crime.",
        &[
            "M01", "M06", "M17", "M07", "M08", "M15", "M10", "C01", "C02", "C04", "C05", "C06", "M18", "D01", "D02",
            "D03", "D04", "D05",
        ],
    ),
    (
        "thrive",
        "How calls are weighed and resolved",
        "What call takers make of a call. A change of training or form is a change of these measures.",
        &["T01", "T02", "T03", "T04"],
    ),
    (
        "vulnerable",
        "Vulnerable people",
        "People harmed or missing again, hate crime, and people in a mental health crisis. The numbers are small.",
        &["V01", "V02", "V03", "V04", "C03"],
    ),
    (
        "places",
        "Where crime concentrates, day and night",
        "Cells with more crimes than expected from the whole island, over the twelve months to the end of the period. \
         The classes are the same on every map, so that the maps compare. Places are numbered as in the list below \
         each map.",
        &[],
    ),
    ("roads", "Roads", "Collisions attended, and activity on the roads.", &["M09", "M11", "M12", "M19", "R14"]),
    (
        "confidence",
        "Public confidence",
        "Answers to surveys, one figure a wave: each is of those asked, with an interval, and no month has one.",
        &["S01", "S02a", "S02b", "S02c", "S03", "S04", "S05", "S06a", "S06b", "S07"],
    ),
    (
        "people",
        "People and levels",
        "Levels at a date. They are never added over months.",
        &["M13", "M14", "M16a", "M16b", "R05", "R06", "R07", "R11", "R12"],
    ),
    (
        "resources",
        "Money and the estate",
        "Budgets and savings of a year, as the accounts state them, and the move to the new headquarters.",
        &["R01", "R02", "R03", "R04", "R08", "R09", "R10", "R13"],
    ),
];

/// The report as one HTML file.
///
/// # Errors
/// `Bug` if a chart or the template fails.
pub fn html(report: &Report<'_>) -> Result<String> {
    let views = kpi_view::measures(report.kpis)?;
    let provenance = &report.kpis.provenance;
    let summary = views.iter().map(summary_row).collect();
    let sensitive = views.iter().any(|view| view.sensitive);
    let audience = match report.audience {
        Audience::Authority => "Report to the Police Authority",
        Audience::Public => "Public report",
    };
    let context = Context {
        title: format!("{audience}, {}", report.period.in_words()),
        force: report.force.to_owned(),
        audience,
        period_name: report.period_name.to_owned(),
        period_text: report.period.in_words(),
        marking: if sensitive { "OFFICIAL-SENSITIVE" } else { "OFFICIAL" },
        synthetic: report.synthetic,
        data_cut_off: provenance.data_cut_off.as_deref().map_or_else(|| "unknown".to_owned(), format::iso_date),
        store_version: provenance.store_version,
        generator: generator(),
        style: html::report_style(),
        summary,
        warnings: kpi_view::warnings(report.kpis),
        plan: plan(&views),
        chapters: chapters(views, report),
        quality_finding: quality_finding(&report.loads),
        quality: quality(&report.loads),
        rejects: rejects(&report.loads),
        definitions: definitions(report.kpis)?,
    };
    html::report(&context)
}

fn summary_row(view: &KpiView) -> SummaryRow {
    let unit = if view.unit.is_empty() { String::new() } else { format!(" {}", view.unit) };
    SummaryRow {
        id: view.id.clone(),
        title: view.title.clone(),
        value: format!("{}{unit}", view.latest_value),
        period: view.latest_period.clone(),
        target: if view.target_text.is_empty() { "none".to_owned() } else { view.target_text.clone() },
        variation: format!("{} {}", shape(&view.variation), view.variation_word).trim().to_owned(),
        assurance: view.assurance_word.clone(),
    }
}

/// A shape for a state: a triangle up or down, a circle, a dash.
fn shape(variation: &str) -> &'static str {
    match variation {
        "" => "–",
        "common_cause" => "●",
        "improvement_high" | "concern_high" => "▲",
        "improvement_low" | "concern_low" => "▼",
        "neutral_high" | "neutral_low" => "◆",
        _ => "",
    }
}

fn chapters(views: Vec<KpiView>, report: &Report<'_>) -> Vec<Chapter> {
    let mut left: BTreeMap<String, KpiView> = views.into_iter().map(|v| (v.measure.clone(), v)).collect();
    let mut out: Vec<Chapter> = CHAPTERS
        .iter()
        .map(|(id, title, intro, measures)| Chapter {
            id,
            title,
            intro,
            kpis: measures.iter().filter_map(|m| left.remove(*m)).map(part).collect(),
            maps: if *id == "places" { maps(report) } else { Vec::new() },
        })
        .filter(|chapter| !chapter.kpis.is_empty() || !chapter.maps.is_empty())
        .collect();
    if !left.is_empty() {
        out.push(Chapter {
            id: "others",
            title: "Other measures",
            intro: "Measures that no chapter above names.",
            kpis: left.into_values().map(part).collect(),
            maps: Vec::new(),
        });
    }
    out
}

fn part(view: KpiView) -> KpiPart {
    let split = view.table.rows.len().saturating_sub(RECENT);
    let (earlier, recent) = view.table.rows.split_at(split);
    let table = |rows: &[Vec<String>]| TableView { headers: view.table.headers.clone(), rows: rows.to_vec() };
    KpiPart { recent: table(recent), earlier: table(earlier), view }
}

fn maps(report: &Report<'_>) -> Vec<MapView> {
    report
        .maps
        .iter()
        .map(|map| {
            let id = format!("map-{}", map.name);
            MapView {
                id: format!("places-{}", map.name),
                label: map.label.clone(),
                finding: hotspot_map::finding(map.answer, map.provenance),
                svg: hotspot_map::svg(&id, map.answer, map.provenance, report.base),
                table: places(map.answer),
                notes: hotspot_map::notes(map.provenance),
            }
        })
        .collect()
}

/// The first hotspots of a map, numbered as on it: the one with the most crimes first.
fn places(answer: &Released<HotspotMap>) -> TableView {
    let headers =
        ["Place", "Parish", "Fullest cell", "Cells", "Crimes", "Score z there", "q there", "Class"].map(str::to_owned);
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| format::UNAVAILABLE.to_owned(), |v| format::decimal(v, decimals))
    };
    let row = |(at, group): (usize, &Vec<&CellScore>)| {
        let cell = group[0];
        vec![
            (at + 1).to_string(),
            cell.parish.clone().unwrap_or_else(|| "-".to_owned()),
            cell.cell.to_string(),
            group.len().to_string(),
            format::count_or(group.iter().map(|row| row.count).sum(), format::SUPPRESSED),
            number(cell.z, 1),
            cell.q.map_or_else(|| format::UNAVAILABLE.to_owned(), format::probability),
            cell.bin.words().to_owned(),
        ]
    };
    TableView { headers: headers.to_vec(), rows: answer.hotspots().iter().take(PLACES).enumerate().map(row).collect() }
}

fn quality(loads: &[LoadLine]) -> TableView {
    let headers =
        ["Feed", "Rows read", "Accepted", "Revised", "Unchanged", "Duplicate", "Withheld", "Refused", "Adds up"]
            .map(str::to_owned);
    let number = |n: u64| format::count_or(Some(n), format::UNAVAILABLE);
    let rows = loads
        .iter()
        .map(|load| {
            let refused: u64 = load.rejected.values().sum();
            let sum = load.accepted + load.revised + load.unchanged + load.duplicate + load.withheld + refused;
            vec![
                load.feed.clone(),
                number(load.rows_in),
                number(load.accepted),
                number(load.revised),
                number(load.unchanged),
                number(load.duplicate),
                number(load.withheld),
                number(refused),
                if sum == load.rows_in { "yes".to_owned() } else { format!("no: {}", number(sum)) },
            ]
        })
        .collect();
    TableView { headers: headers.to_vec(), rows }
}

fn rejects(loads: &[LoadLine]) -> TableView {
    let rows = loads
        .iter()
        .flat_map(|load| {
            load.rejected.iter().map(|(reason, count)| {
                let count = format::count_or(Some(*count), format::UNAVAILABLE);
                vec![load.feed.clone(), reason.replace('_', " "), count]
            })
        })
        .collect();
    TableView { headers: ["Feed", "Reason", "Rows"].map(str::to_owned).to_vec(), rows }
}

fn quality_finding(loads: &[LoadLine]) -> String {
    if loads.is_empty() {
        return "No load is in the ledger".to_owned();
    }
    let rows: u64 = loads.iter().map(|l| l.rows_in).sum();
    let refused: u64 = loads.iter().flat_map(|l| l.rejected.values()).sum();
    let revised: u64 = loads.iter().map(|l| l.revised).sum();
    format!(
        "{} rows were read from {} feeds; {} were refused and {} records were revised by a later version",
        format::count_or(Some(rows), ""),
        loads.len(),
        format::count_or(Some(refused), ""),
        format::count_or(Some(revised), "")
    )
}

fn definitions(run: &Released<KpiRun>) -> Result<TableView> {
    let owners = Owners::builtin()?;
    let headers = ["Measure", "Name", "Version", "Hash", "Valid from", "Reason", "Owner"].map(str::to_owned).to_vec();
    let rows = run
        .measures
        .iter()
        .map(|m| {
            vec![
                m.kpi.measure.clone(),
                m.kpi.id.clone(),
                m.definition.version.clone(),
                m.hash.clone(),
                crate::model::time::date_in_words(m.definition.valid_from),
                m.definition.reason.clone(),
                owners.name(&m.kpi.owner).unwrap_or(&m.kpi.owner).to_owned(),
            ]
        })
        .collect();
    Ok(TableView { headers, rows })
}

/// Which measures serve which part of the plan.
fn plan(views: &[KpiView]) -> TableView {
    let mut by_ref: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for view in views {
        for reference in &view.plan_refs {
            by_ref.entry(reference).or_default().push(&view.measure);
        }
    }
    let rows =
        by_ref.into_iter().map(|(reference, measures)| vec![reference.to_owned(), measures.join(", ")]).collect();
    TableView { headers: ["Part of the plan", "Measures"].map(str::to_owned).to_vec(), rows }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
