//! A made-up road network for the real coastline: dense streets in town, a sparse lattice of lanes outside, main roads
//! from town to the villages and round the island. No street of it is a real street.

use super::geography::{Island, LatLon, Metres, TOWN_CENTRE};
use super::network::{Class, Edge, Network, Node};
use super::random::Stream;
use crate::error::{Error, Result};

/// Settlements outside town: streets are denser there. Position and radius in metres.
const SETTLEMENTS: [(LatLon, f64); 8] = [
    (LatLon::new(49.1865, -2.1970), 1100.0),
    (LatLon::new(49.1890, -2.1690), 500.0),
    (LatLon::new(49.1985, -2.0290), 600.0),
    (LatLon::new(49.1740, -2.0650), 900.0),
    (LatLon::new(49.1990, -2.0760), 700.0),
    (LatLon::new(49.2128, -2.1837), 600.0),
    (LatLon::new(49.2466, -2.1350), 400.0),
    (LatLon::new(49.2177, -2.0516), 400.0),
];

/// Ends of the spokes, and the places the ring of secondary roads joins, clockwise from the west.
pub const PLACES: [(&str, LatLon); 14] = [
    ("Corbiere", LatLon::new(49.1830, -2.2350)),
    ("Airport", LatLon::new(49.2079, -2.1955)),
    ("St Ouen's Bay", LatLon::new(49.2200, -2.2200)),
    ("St Ouen", LatLon::new(49.2335, -2.2020)),
    ("St Mary", LatLon::new(49.2364, -2.1716)),
    ("St John", LatLon::new(49.2466, -2.1350)),
    ("Trinity", LatLon::new(49.2345, -2.0929)),
    ("Rozel", LatLon::new(49.2340, -2.0480)),
    ("St Martin", LatLon::new(49.2177, -2.0516)),
    ("Gorey", LatLon::new(49.1985, -2.0290)),
    ("La Rocque", LatLon::new(49.1700, -2.0350)),
    ("Five Oaks", LatLon::new(49.1990, -2.0760)),
    ("St Aubin", LatLon::new(49.1890, -2.1690)),
    ("Red Houses", LatLon::new(49.1865, -2.1930)),
];

/// Builds the network: one connected part, every edge on land.
///
/// **Method**: nodes by dart throwing with a local least distance; edges are the relative neighbourhood graph
/// (Toussaint 1980) and a fifth of what the Gabriel graph (Gabriel and Sokal 1969) adds; edges over water go; the
/// largest connected part stays.
///
/// # Errors
/// `Bug` if fewer than 3,000 nodes remain.
pub fn build(island: &Island, seed: u64) -> Result<Network> {
    let mut stream = Stream::new(seed, "roads");
    let sites = throw_darts(island, &mut stream);
    let nodes: Vec<Node> = sites
        .iter()
        .map(|m| {
            let at = m.lat_lon().rounded();
            Node { at, metres: at.metres() }
        })
        .collect();
    let edges = join(&nodes, island, &mut stream);
    let mut network = keep_largest_part(&Network::new(nodes, edges));
    if network.nodes.len() < 3000 {
        return Err(Error::bug(format!("the road network has {} nodes; 3000 are wanted", network.nodes.len())));
    }
    classify(&mut network, &mut stream);
    Ok(network)
}

/// Least distance between nodes, in metres.
fn spacing(at: Metres) -> f64 {
    let town = at.distance(TOWN_CENTRE.metres());
    let settled = SETTLEMENTS.iter().any(|(centre, radius)| at.distance(centre.metres()) < *radius);
    if town < 900.0 {
        65.0
    } else if town < 2200.0 || settled {
        100.0
    } else {
        165.0
    }
}

/// Squares of 200 m that hold the points near a place.
struct Buckets {
    low: Metres,
    columns: usize,
    rows: usize,
    held: Vec<Vec<usize>>,
}

const BUCKET_M: f64 = 200.0;

impl Buckets {
    fn new(low: Metres, high: Metres) -> Self {
        let columns = ((high.east - low.east) / BUCKET_M).ceil() as usize + 1;
        let rows = ((high.north - low.north) / BUCKET_M).ceil() as usize + 1;
        Self { low, columns, rows, held: vec![Vec::new(); columns * rows] }
    }

    fn place(&self, at: Metres) -> (usize, usize) {
        let column = ((at.east - self.low.east) / BUCKET_M).max(0.0) as usize;
        let row = ((at.north - self.low.north) / BUCKET_M).max(0.0) as usize;
        (column.min(self.columns - 1), row.min(self.rows - 1))
    }

    fn add(&mut self, at: Metres, index: usize) {
        let (column, row) = self.place(at);
        self.held[row * self.columns + column].push(index);
    }

    /// Points in the squares within `reach` squares, in order of row and column.
    fn near(&self, at: Metres, reach: usize) -> impl Iterator<Item = usize> + '_ {
        let (column, row) = self.place(at);
        let rows = row.saturating_sub(reach)..=(row + reach).min(self.rows - 1);
        let columns = column.saturating_sub(reach)..=(column + reach).min(self.columns - 1);
        rows.flat_map(move |r| columns.clone().map(move |c| r * self.columns + c))
            .flat_map(|b| self.held[b].iter().copied())
    }
}

fn throw_darts(island: &Island, stream: &mut Stream) -> Vec<Metres> {
    const DARTS: usize = 110_000;
    let (low, high) = island.bounds();
    let (low, high) = (low.metres(), high.metres());
    let mut buckets = Buckets::new(low, high);
    let mut sites: Vec<Metres> = Vec::new();
    for dart in 0..DARTS {
        // A fifth of the darts aim at town, where nodes are small and many.
        let at = if dart % 5 == 0 {
            let centre = TOWN_CENTRE.metres();
            Metres {
                east: centre.east + stream.between(-2200.0, 2200.0),
                north: centre.north + stream.between(-2200.0, 2200.0),
            }
        } else {
            Metres { east: stream.between(low.east, high.east), north: stream.between(low.north, high.north) }
        };
        let least = spacing(at);
        if buckets.near(at, 1).all(|i| sites[i].distance(at) >= least) && island.on_land(at.lat_lon()) {
            buckets.add(at, sites.len());
            sites.push(at);
        }
    }
    sites
}

fn join(nodes: &[Node], island: &Island, stream: &mut Stream) -> Vec<Edge> {
    const REACH_M: f64 = 420.0;
    const GABRIEL_SHARE: f64 = 0.2;
    let (low, high) = island.bounds();
    let mut buckets = Buckets::new(low.metres(), high.metres());
    for (index, node) in nodes.iter().enumerate() {
        buckets.add(node.metres, index);
    }
    let mut edges = Vec::new();
    for (from, node) in nodes.iter().enumerate() {
        let here = node.metres;
        let near: Vec<usize> = buckets.near(here, 3).filter(|i| *i != from).collect();
        let reach = REACH_M.min(3.0 * spacing(here));
        for to in near.iter().copied().filter(|to| *to > from) {
            let there = nodes[to].metres;
            let length = here.distance(there);
            if length > reach {
                continue;
            }
            let mut gabriel = true;
            let mut neighbourhood = true;
            for other in near.iter().copied().filter(|o| *o != to) {
                let a = nodes[other].metres.distance(here);
                let b = nodes[other].metres.distance(there);
                gabriel &= a * a + b * b >= length * length;
                neighbourhood &= a.max(b) >= length;
                if !gabriel {
                    break;
                }
            }
            let wanted = gabriel && (neighbourhood || stream.chance(GABRIEL_SHARE));
            if wanted && island.line_on_land(here, there) {
                edges.push(Edge { from, to, class: Class::Lane, length_m: length });
            }
        }
    }
    edges
}

fn keep_largest_part(network: &Network) -> Network {
    let kept = network.largest_part();
    let mut renumbered = vec![usize::MAX; network.nodes.len()];
    for (new, old) in kept.iter().enumerate() {
        renumbered[*old] = new;
    }
    let nodes = kept.iter().map(|i| network.nodes[*i]).collect();
    let edges = network
        .edges
        .iter()
        .filter(|e| renumbered[e.from] != usize::MAX)
        .map(|e| Edge { from: renumbered[e.from], to: renumbered[e.to], ..*e })
        .collect();
    Network::new(nodes, edges)
}

/// Minor streets where nodes are dense; secondary roads from place to place; main roads from town to every place and
/// round the town.
fn classify(network: &mut Network, stream: &mut Stream) {
    for index in 0..network.edges.len() {
        let edge = network.edges[index];
        let middle = network.nodes[edge.from].metres.towards(network.nodes[edge.to].metres, 0.5);
        network.edges[index].class = if spacing(middle) < 120.0 { Class::Minor } else { Class::Lane };
    }
    // Bends make one way pleasanter than another, so that roads share stretches instead of running side by side.
    let bend: Vec<f64> = network.edges.iter().map(|_| stream.between(1.0, 1.4)).collect();
    let town = network.nearest(TOWN_CENTRE);
    let ends: Vec<usize> = PLACES.iter().map(|(_, at)| network.nearest(*at)).collect();
    let around: Vec<usize> = (0..8).map(|i| network.nearest(round_town(i))).collect();
    let mut secondary = Vec::new();
    for (index, end) in ends.iter().enumerate().take(11) {
        secondary.push((*end, ends[(index + 1) % 11]));
    }
    let mut main: Vec<(usize, usize)> = ends.iter().map(|end| (town, *end)).collect();
    main.extend(around.iter().enumerate().map(|(i, node)| (*node, around[(i + 1) % around.len()])));
    for (routes, class) in [(secondary, Class::Secondary), (main, Class::Main)] {
        for (from, to) in routes {
            let tree = network.shortest(&[from], |index, edge| {
                let discount = if edge.class == class { 0.6 } else { 1.0 };
                (edge.length_m * bend[index] * discount * 1000.0) as u64
            });
            for way in tree.way_back(to) {
                network.edges[way.edge].class = class;
            }
        }
    }
}

/// Eight points round the town; those that would lie in the sea move in with the nearest node.
fn round_town(eighth: usize) -> LatLon {
    let angle = std::f64::consts::TAU * eighth as f64 / 8.0;
    let centre = TOWN_CENTRE.metres();
    Metres { east: centre.east + 850.0 * angle.cos(), north: centre.north + 700.0 * angle.sin() }.lat_lon()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_one_part_of_3000_nodes_on_land() {
        let island = Island::load().unwrap();
        for seed in 1..=3 {
            let network = build(&island, seed).unwrap();
            assert!(network.nodes.len() >= 3000, "{}", network.nodes.len());
            assert_eq!(network.largest_part().len(), network.nodes.len());
            for edge in &network.edges {
                assert!(island.line_on_land(network.nodes[edge.from].metres, network.nodes[edge.to].metres));
            }
            for class in [Class::Main, Class::Secondary, Class::Minor, Class::Lane] {
                assert!(network.edges.iter().filter(|e| e.class == class).count() > 100, "{class:?}");
            }
        }
    }
}
