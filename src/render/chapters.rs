//! The report of a period as a [`Document`]: chapters in the order of `reports/chapters.toml`, made from released answers
//! only. It depends on the answers and nothing else: no clock, no file name.

mod areas;
mod cells;
mod delivery;
mod groups;
mod measure;
mod places;
mod records;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::analysis::definition::Sensitivity;
use crate::analysis::disclosure::Released;
use crate::analysis::funnel::Funnel;
use crate::analysis::hotspot::HotspotMap;
use crate::analysis::kpi_run::{KpiRun, MeasureRun};
use crate::analysis::plan::standing::PlanState;
use crate::config::toml_error;
use crate::error::Result;
use crate::model::edition::{EditionId, State};
use crate::model::provenance::{Provenance, generator};
use crate::model::time::Period;
use crate::render::chapters::cells::text_column;
use crate::render::document::{Block, Cell, Chapter, Document, Fact, Note, Table};
use crate::render::format;
use crate::render::kpi_view::{self, KpiView};
use crate::render::map_svg::Base;
use crate::render::revision::Revision;

pub use groups::Groups;

const CHAPTERS: &str = include_str!("../../reports/chapters.toml");

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

    fn title(self) -> &'static str {
        match self {
            Audience::Authority => "Report to the Police Authority",
            Audience::Public => "Public report",
        }
    }
}

/// One feed of the ledger, as far as a report tells it.
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
pub struct Material<'a> {
    /// Name of the force.
    pub force: &'a str,
    /// Who it is for.
    pub audience: Audience,
    /// Its number.
    pub id: &'a EditionId,
    /// What it is worth.
    pub state: State,
    /// Its dates.
    pub period: Period,
    /// Whether the records are synthetic.
    pub synthetic: bool,
    /// The measures.
    pub kpis: &'a Released<KpiRun>,
    /// Measures by parish, for readers who see figures as they are.
    pub areas: Vec<Funnel>,
    /// Crime by group.
    pub groups: Vec<Groups<'a>>,
    /// The same on the nights of the night-time economy.
    pub night: Vec<Groups<'a>>,
    /// The maps, and what lies under them.
    pub maps: Vec<MapPart<'a>>,
    /// Coast, parishes, places.
    pub base: &'a Base,
    /// How the plan stands on the last day of the period.
    pub plan: &'a Released<PlanState>,
    /// The ledger, feed by feed.
    pub loads: Vec<LoadLine>,
    /// The edition compared with, and what changed since.
    pub before: Option<(&'a EditionId, Vec<Revision>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    chapter: Vec<ChapterPlan>,
}

/// A chapter of `reports/chapters.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChapterPlan {
    id: String,
    title: String,
    intro: String,
    measures: Vec<String>,
    #[serde(default)]
    crime_groups: bool,
    #[serde(default)]
    maps: bool,
}

fn plan() -> Result<Vec<ChapterPlan>> {
    let origin = "reports/chapters.toml";
    let plan: Plan = toml::from_str(CHAPTERS).map_err(|cause| toml_error(CHAPTERS, origin, &cause))?;
    Ok(plan.chapter)
}

/// The report as a document.
///
/// # Errors
/// `Bug` if a chart cannot be drawn or the list of chapters is wrong.
pub fn document(material: &Material<'_>) -> Result<Document> {
    let views = kpi_view::measures(material.kpis)?;
    let measures: Vec<(&MeasureRun, &KpiView)> = material.kpis.measures.iter().zip(&views).collect();
    let sensitive = measures.iter().any(|(m, _)| m.kpi.sensitivity == Sensitivity::OfficialSensitive);
    let provenance = &material.kpis.provenance;
    Ok(Document {
        title: format!("Policing performance, {}", material.id.period),
        force: material.force.to_owned(),
        audience: material.audience.title().to_owned(),
        edition: material.id.to_string(),
        state: material.state.name().to_owned(),
        marking: if sensitive { "OFFICIAL-SENSITIVE" } else { "OFFICIAL" }.to_owned(),
        synthetic: material.synthetic,
        period_words: material.period.in_words(),
        data_cut_off: provenance.data_cut_off.clone().unwrap_or_default(),
        language: "en-GB".to_owned(),
        licence: String::new(),
        facts: vec![fact("Store version", &provenance.store_version.to_string()), fact("Made by", &generator())],
        summary: summary(material, &measures),
        chapters: chapters(material, &measures)?,
        notes: notes(),
    })
}

fn fact(name: &str, value: &str) -> Fact {
    Fact { name: name.to_owned(), value: value.to_owned() }
}

fn notes() -> Vec<Note> {
    [
        (
            format::SUPPRESSED,
            "Suppressed: a small number, or one that would give a small number away, is not published",
        ),
        (format::UNAVAILABLE, "Unavailable: the value does not exist, for the reason given beside it"),
        (format::NOT_APPLICABLE, "Not applicable: too few periods for limits"),
    ]
    .map(|(mark, words)| Note { shorthand: mark.to_owned(), text: words.to_owned() })
    .to_vec()
}

fn summary(material: &Material<'_>, measures: &[(&MeasureRun, &KpiView)]) -> Vec<Block> {
    let mut out: Vec<Block> = kpi_view::warnings(material.kpis)
        .into_iter()
        .map(|warning| Block::Warning { title: warning.title, text: warning.text })
        .collect();
    out.push(Block::Text(
        "A measure is judged by its control chart, not by one month against another. The first word says whether its \
         level has changed more than it usually varies; the second whether, left alone, it meets its target. Shapes: ▲ \
         high, ▼ low, ● usual variation, ◆ high or low where neither is better, – too few periods."
            .to_owned(),
    ));
    let rows = measures
        .iter()
        .map(|(_, view)| {
            let unit = if view.unit.is_empty() { String::new() } else { format!(" {}", view.unit) };
            vec![
                Cell::text(format!("{} {}", view.measure, view.title)),
                if view.latest_value.starts_with('[') {
                    cells::shorthand(&view.latest_value)
                } else {
                    Cell::text(format!("{}{unit}", view.latest_value))
                },
                Cell::text(view.latest_period.clone()),
                Cell::text(if view.target_text.is_empty() { "none".to_owned() } else { view.target_text.clone() }),
                Cell::text(format!("{} {}", shape(&view.variation), view.variation_word).trim()),
                Cell::text(view.assurance_word.clone()),
            ]
        })
        .collect();
    out.push(Block::Table(Table {
        id: "summary_measures".to_owned(),
        title: "All measures at their last period".to_owned(),
        columns: ["Measure", "Value", "Period", "Target", "Change", "Target met?"].map(text_column).to_vec(),
        rows,
        sort: "In the order of the policing plan.".to_owned(),
        ..Table::default()
    }));
    out
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

fn chapters(material: &Material<'_>, measures: &[(&MeasureRun, &KpiView)]) -> Result<Vec<Chapter>> {
    let mut left: BTreeMap<&str, (&MeasureRun, &KpiView)> =
        measures.iter().map(|(run, view)| (view.measure.as_str(), (*run, *view))).collect();
    let mut out = vec![delivery(material)];
    for chapter in plan()? {
        let mut blocks = vec![Block::Text(chapter.intro)];
        let intro = blocks.len();
        for name in &chapter.measures {
            if let Some((run, view)) = left.remove(name.as_str()) {
                blocks.extend(measure::blocks(run, view));
                material
                    .areas
                    .iter()
                    .filter(|found| found.measure == *name)
                    .for_each(|found| blocks.extend(areas::blocks(found)));
            }
        }
        if chapter.crime_groups {
            material.groups.iter().for_each(|part| blocks.extend(groups::blocks(part)));
        }
        if chapter.maps {
            material.night.iter().for_each(|part| blocks.extend(groups::blocks(part)));
            material.maps.iter().for_each(|part| blocks.extend(places::blocks(part, material.base)));
        }
        if blocks.len() > intro {
            out.push(Chapter { id: chapter.id, title: chapter.title, blocks });
        }
    }
    if !left.is_empty() {
        let mut blocks = vec![Block::Text("Measures that no chapter above names.".to_owned())];
        // In the order of the run, which is the plan's.
        for (run, view) in measures.iter().filter(|(_, view)| left.contains_key(view.measure.as_str())) {
            blocks.extend(measure::blocks(run, view));
        }
        out.push(Chapter { id: "others".to_owned(), title: "Other measures".to_owned(), blocks });
    }
    out.push(Chapter {
        id: "quality".to_owned(),
        title: "Quality of the data".to_owned(),
        blocks: records::quality(&material.loads),
    });
    out.push(revisions(material)?);
    Ok(out)
}

fn delivery(material: &Material<'_>) -> Chapter {
    let mut blocks = vec![Block::Text(
        "The Authority reviews each year how the objectives of the Annual Policing Plan were met, and how the force \
         performed (Article 20 of the police law of 2012). This chapter is the first half."
            .to_owned(),
    )];
    blocks.extend(delivery::blocks(material.plan));
    blocks.push(Block::Table(records::by_plan(material.kpis)));
    Chapter { id: "delivery".to_owned(), title: "Delivery of the policing plan".to_owned(), blocks }
}

fn revisions(material: &Material<'_>) -> Result<Chapter> {
    let version = material.kpis.provenance.store_version;
    let mut blocks = vec![Block::Text(format!(
        "A measure means what its definition says. The hash changes with any change of the definition or of the query that \
         counts it. Figures are as the store held them at version {version}; a later edition may differ where records were \
         revised or came late."
    ))];
    blocks.push(Block::Table(records::definitions(material.kpis)?));
    let id = "revisions".to_owned();
    blocks.push(Block::Heading { level: 3, id, text: "Changes since the edition before".to_owned() });
    let before = material.before.as_ref().map(|(id, revisions)| (id.to_string(), revisions.as_slice()));
    let (name, changed) = before.as_ref().map_or((None, &[][..]), |(name, changed)| (Some(name.as_str()), *changed));
    blocks.extend(records::revisions(name, changed));
    Ok(Chapter { id: "definitions".to_owned(), title: "Definitions and revisions".to_owned(), blocks })
}

#[cfg(test)]
#[path = "chapters_tests.rs"]
mod tests;
