//! ANPR cameras on the main roads and the corridors between them.

use std::path::Path;

use super::calendar::Span;
use super::geography::{LatLon, TOWN_CENTRE};
use super::network::{Class, Network};
use super::write::{Rows, Written, degrees};
use crate::error::{Error, Result};

/// Where cameras stand, and what they are called.
const SITES: [(&str, &str, LatLon); 13] = [
    ("Harbour approach", "Synthetic Quay Road", LatLon::new(49.1800, -2.1075)),
    ("Tunnel south", "Synthetic Tunnel Road", LatLon::new(49.1820, -2.1020)),
    ("Ring road west", "Synthetic Ring Road", LatLon::new(49.1895, -2.1170)),
    ("Ring road north", "Synthetic Ring Road", LatLon::new(49.1925, -2.1080)),
    ("Ring road east", "Synthetic Ring Road", LatLon::new(49.1865, -2.0965)),
    ("Avenue west of town", "Synthetic Avenue", LatLon::new(49.1960, -2.1310)),
    ("Bay junction", "Synthetic Avenue", LatLon::new(49.2010, -2.1560)),
    ("Airport approach", "Synthetic Airport Road", LatLon::new(49.2075, -2.1900)),
    ("Western precinct", "Synthetic West Road", LatLon::new(49.1865, -2.1900)),
    ("Eastern crossroads", "Synthetic East Road", LatLon::new(49.1985, -2.0790)),
    ("East coast road", "Synthetic Coast Road", LatLon::new(49.1950, -2.0360)),
    ("North road", "Synthetic North Road", LatLon::new(49.2150, -2.0980)),
    ("Valley road", "Synthetic Valley Road", LatLon::new(49.2220, -2.1300)),
];

/// Cameras a vehicle passes on its way into town, outermost first; the weight is the share of vehicles that live there.
pub const CORRIDORS: [(&[usize], f64); 7] = [
    (&[8, 6, 5, 2], 24.0),
    (&[7, 6, 5, 2], 17.0),
    (&[12, 3], 13.0),
    (&[11, 3], 12.0),
    (&[10, 4], 15.0),
    (&[9, 4], 14.0),
    (&[0, 1], 5.0),
];
/// The corridor of the harbour, by which visitors come.
pub const HARBOUR: usize = 6;
/// The camera that dies.
pub const DYING: usize = 11;
/// The camera whose reads of one morning arrive late.
pub const LATE: usize = 9;
/// The cameras the convoy passes.
pub const CONVOY_ROUTE: [usize; 5] = [8, 6, 5, 2, 1];

/// One camera.
#[derive(Debug, Clone)]
pub struct Camera {
    /// `CAM01` and so on.
    pub id: String,
    /// Name.
    pub name: &'static str,
    /// Road.
    pub road: &'static str,
    /// Node of the network where it stands.
    pub node: usize,
    /// Position.
    pub at: LatLon,
    /// Degrees clockwise from north, along its road towards town.
    pub bearing_deg: f64,
}

/// Puts each camera on the nearest main-road node that has none yet.
///
/// # Errors
/// `Bug` if the network has too few main roads.
pub fn place(network: &Network) -> Result<Vec<Camera>> {
    let mut on_main = vec![false; network.nodes.len()];
    for edge in network.edges.iter().filter(|e| e.class == Class::Main) {
        on_main[edge.from] = true;
        on_main[edge.to] = true;
    }
    let mut cameras: Vec<Camera> = Vec::new();
    for (index, (name, road, site)) in SITES.iter().enumerate() {
        let here = site.metres();
        let away = |i: &usize| network.nodes[*i].metres.distance(here);
        let node = (0..network.nodes.len())
            .filter(|i| on_main[*i] && cameras.iter().all(|c| c.node != *i))
            .min_by(|a, b| away(a).total_cmp(&away(b)))
            .ok_or_else(|| Error::bug("the network has no main road left for a camera"))?;
        cameras.push(Camera {
            id: format!("CAM{:02}", index + 1),
            name,
            road,
            node,
            at: network.nodes[node].at,
            bearing_deg: bearing(network, node),
        });
    }
    Ok(cameras)
}

/// Bearing of the main edge at a node that leads most directly to town.
fn bearing(network: &Network, node: usize) -> f64 {
    let here = network.nodes[node].metres;
    let town = TOWN_CENTRE.metres();
    let left = |to: usize| network.nodes[to].metres.distance(town);
    let best = network
        .ways(node)
        .iter()
        .filter(|w| network.edges[w.edge].class == Class::Main)
        .min_by(|a, b| left(a.to).total_cmp(&left(b.to)));
    let there = best.map_or(town, |w| network.nodes[w.to].metres);
    (there.east - here.east).atan2(there.north - here.north).to_degrees().rem_euclid(360.0)
}

/// Writes `cameras.csv.gz`. The dead camera has no end date: that it died is for the reader to find.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write(out: &Path, span: &Span, cameras: &[Camera]) -> Result<Written> {
    let header = ["camera_id", "name", "lat", "lon", "bearing_deg", "road", "live_from", "live_to"];
    let mut file = Rows::create(out, "cameras.csv.gz", &header)?;
    for camera in cameras {
        file.add(&[
            camera.id.clone(),
            camera.name.to_owned(),
            degrees(camera.at.lat),
            degrees(camera.at.lon),
            format!("{:.0}", camera.bearing_deg.floor()),
            camera.road.to_owned(),
            span.from.to_string(),
            String::new(),
        ])?;
    }
    file.finish()
}
