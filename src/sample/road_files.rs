//! The road network as files: `GeoJSON` for maps, nodes and edges for the road graph.

use std::fmt::Write as _;
use std::path::Path;

use super::network::Network;
use super::write::{Written, text};
use crate::error::Result;

/// Writes `roads.geojson`, `roads_nodes.csv` and `roads_edges.csv`.
///
/// # Errors
/// `Input` if a file cannot be written.
pub fn write(out: &Path, network: &Network) -> Result<Vec<Written>> {
    let mut features = String::from("{\"type\":\"FeatureCollection\",\"features\":[\n");
    let mut edges = String::from("edge,from,to,class,speed_kmh_day,speed_kmh_night,length_m\n");
    let mut nodes = String::from("node,lat,lon\n");
    for (index, node) in network.nodes.iter().enumerate() {
        // Writing to a String cannot fail, so its answer is not needed.
        let _ = writeln!(nodes, "{index},{:.6},{:.6}", node.at.lat, node.at.lon);
    }
    for (index, edge) in network.edges.iter().enumerate() {
        let (class, day, night) = (edge.class.name(), edge.class.speed_kmh(false), edge.class.speed_kmh(true));
        let (from, to, length) = (edge.from, edge.to, edge.length_m);
        let _ = writeln!(edges, "{index},{from},{to},{class},{day},{night},{length:.1}");
        let (a, b) = (network.nodes[from].at, network.nodes[to].at);
        let comma = if index + 1 == network.edges.len() { "" } else { "," };
        let _ = writeln!(
            features,
            "{{\"type\":\"Feature\",\"properties\":{{\"class\":\"{class}\",\"speed_kmh_day\":{day},\
             \"speed_kmh_night\":{night},\"from\":{from},\"to\":{to},\"length_m\":{length:.1}}},\
             \"geometry\":{{\"type\":\"LineString\",\"coordinates\":[[{:.6},{:.6}],[{:.6},{:.6}]]}}}}{comma}",
            a.lon, a.lat, b.lon, b.lat
        );
    }
    features.push_str("]}\n");
    let count = |n: usize| n as u64;
    Ok(vec![
        text(out, "roads.geojson", &features, count(network.edges.len()))?,
        text(out, "roads_nodes.csv", &nodes, count(network.nodes.len()))?,
        text(out, "roads_edges.csv", &edges, count(network.edges.len()))?,
    ])
}
