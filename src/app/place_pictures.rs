//! Pictures of questions about places in one period: maps, clusters, the Lorenz curve.

use super::App;
use super::clusters::ClustersAnswer;
use super::concentration::ConcentrationAnswer;
use super::hotspots::HotspotAnswer;
use super::pictures::base;
use crate::error::Result;
use crate::render::drawn::Drawn;
use crate::render::{clusters, concentration, hotspot_map};

/// A map for the page: picture and table.
///
/// # Errors
/// As [`base`].
pub fn hotspots(app: &App, answer: &HotspotAnswer) -> Result<Drawn> {
    let id = answer.provenance.method.as_deref().unwrap_or("hotspots");
    Ok(hotspot_map::drawn(id, &answer.map, &answer.provenance, &base(app, &answer.area)?))
}

/// Clusters as one SVG.
///
/// # Errors
/// As [`base`].
pub fn clusters_map(app: &App, answer: &ClustersAnswer) -> Result<String> {
    Ok(clusters::svg(&answer.map, &answer.provenance, &base(app, &answer.area)?))
}

/// Clusters for the page: picture and table.
///
/// # Errors
/// As [`base`].
pub fn clusters(app: &App, answer: &ClustersAnswer) -> Result<Drawn> {
    Ok(clusters::drawn(&answer.map, &answer.provenance, &base(app, &answer.area)?))
}

/// The Lorenz curve as one SVG.
///
/// # Errors
/// `Bug` if the chart cannot be drawn.
pub fn lorenz_curve(answer: &ConcentrationAnswer) -> Result<String> {
    concentration::svg(&answer.measure, &answer.provenance)
}

/// Concentration for the page: picture and table.
///
/// # Errors
/// As [`lorenz_curve`].
pub fn concentration(answer: &ConcentrationAnswer) -> Result<Drawn> {
    concentration::drawn(&answer.measure, &answer.provenance)
}
