//! Pictures of answers: the base map under hotspots, the chart of a series.

use super::App;
use super::change::ChangeAnswer;
use super::emerging::EmergingAnswer;
use super::forecast::ForecastAnswer;
use super::hotspots::HotspotAnswer;
use super::trend::TrendAnswer;
use crate::config::StudyAreaChoice;
use crate::error::Result;
use crate::render::chart::months::{Chart, Series, draw};
use crate::render::drawn::Drawn;
use crate::render::map_svg::Base;
use crate::render::svg::Words;
use crate::render::{self, change, emerging, hotspot_map};
use crate::space::{Areas, StudyArea};

/// What lies under the data: coast, areas, main roads, names.
///
/// # Errors
/// `Input` if a boundary cannot be read.
pub fn base(app: &App, area: &StudyArea) -> Result<Base> {
    let places = app.memory.places(app)?;
    let land =
        if app.config.study_area == StudyAreaChoice::Jersey { Areas::jersey_coast()?.shapes() } else { area.shapes() };
    // Reefs far out would make the island small.
    let around = area.bounds();
    let land = land.into_iter().filter(|shape| shape.bounds().is_some_and(|b| b.touches(&around))).collect();
    let mut base = Base { land, ..Base::default() };
    if let Some(areas) = places.parishes() {
        base.areas = areas.shapes();
        base.places = areas.iter().filter_map(|a| Some((a.name.clone(), a.label_point()?))).collect();
    }
    if let Some(roads) = places.roads()? {
        let wide = roads.iter().filter(|road| matches!(road.class.as_str(), "main" | "secondary"));
        base.roads = wide.map(|road| (road.class.clone(), road.line.clone())).collect();
    }
    Ok(base)
}

/// A hotspot answer as one SVG.
///
/// # Errors
/// As [`base`].
pub fn hotspot_map(app: &App, answer: &HotspotAnswer) -> Result<String> {
    Ok(hotspot_map::svg("hotspots", &answer.map, &answer.provenance, &base(app, &answer.area)?))
}

/// A trend answer drawn: the series, its parts and what is to come, with their tables.
///
/// # Errors
/// `Bug` if a chart cannot be drawn.
pub fn trend(answer: &TrendAnswer) -> Result<Drawn> {
    render::trend::draw(&answer.trend, &answer.provenance, answer.step)
}

/// A comparison of two periods for the page: a map where cells are compared, and the places that changed.
///
/// # Errors
/// As [`base`].
pub fn change(app: &App, answer: &ChangeAnswer) -> Result<Drawn> {
    let base = answer.area.as_ref().map(|area| base(app, area)).transpose()?;
    Ok(change::drawn(&answer.map, &answer.provenance, base.as_ref(), &answer.notes))
}

/// Histories of cells for the page: the map with its legend, and the cells with a category.
///
/// # Errors
/// As [`base`].
pub fn emerging(app: &App, answer: &EmergingAnswer) -> Result<Drawn> {
    Ok(emerging::drawn(&answer.map, &answer.provenance, &base(app, &answer.area)?))
}

/// A forecast for the page: the map with its score, and the cells to look at first.
///
/// # Errors
/// As [`base`].
pub fn forecast(app: &App, answer: &ForecastAnswer) -> Result<Drawn> {
    Ok(render::forecast::drawn(&answer.rows, &answer.provenance, &base(app, &answer.area)?))
}

/// Reads by hour of the day as bars.
///
/// # Errors
/// `Bug` if the chart cannot be drawn.
pub fn hours_chart(clock: &[String], reads: &[u64], when: &str) -> Result<String> {
    let busiest = reads.iter().enumerate().max_by_key(|(at, n)| (**n, usize::MAX - at)).map_or(0, |(at, _)| at);
    let finding =
        format!("Traffic past the cameras is busiest from {}:00", clock.get(busiest).map_or("", String::as_str));
    draw(&Chart {
        words: Words {
            id: "flow".to_owned(),
            title: finding.clone(),
            description: format!(
                "Bar chart of reads by hour of the day, {when}. {finding}. The table lists every hour."
            ),
        },
        periods: clock,
        bars: Some(Series { label: "reads".to_owned(), values: reads.iter().map(|n| Some(*n as f64)).collect() }),
        lines: Vec::new(),
        unit: "reads",
    })
}
