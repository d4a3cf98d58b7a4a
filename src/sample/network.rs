//! A road network as a graph: nodes, edges, travel times by shortest path.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::geography::{LatLon, Metres};

/// What kind of road an edge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The spokes out of town, the ring round it, airport and harbour.
    Main,
    /// Village to village.
    Secondary,
    /// Streets of town and settlements.
    Minor,
    /// Country lanes.
    Lane,
}

impl Class {
    /// Name in the files.
    pub fn name(self) -> &'static str {
        match self {
            Class::Main => "main",
            Class::Secondary => "secondary",
            Class::Minor => "minor",
            Class::Lane => "lane",
        }
    }

    /// Ordinary speed in km/h, by day and by night.
    pub fn speed_kmh(self, night: bool) -> u32 {
        let (by_day, by_night) = match self {
            Class::Main => (46, 56),
            Class::Secondary => (38, 46),
            Class::Minor => (26, 34),
            Class::Lane => (28, 32),
        };
        if night { by_night } else { by_day }
    }
}

/// A junction.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Position, as written to the files.
    pub at: LatLon,
    /// The same on the flat projection.
    pub metres: Metres,
}

/// A straight stretch of road between two junctions, open both ways.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// First node.
    pub from: usize,
    /// Second node.
    pub to: usize,
    /// Kind of road.
    pub class: Class,
    /// Length in metres.
    pub length_m: f64,
}

impl Edge {
    /// Time along it in milliseconds.
    pub fn travel_ms(&self, night: bool) -> u64 {
        (self.length_m * 3600.0 / f64::from(self.class.speed_kmh(night))).round() as u64
    }
}

/// One way on from a node.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// The node it leads to.
    pub to: usize,
    /// The edge it takes.
    pub edge: usize,
}

/// Nodes, edges and which edges leave which node.
#[derive(Debug, Clone)]
pub struct Network {
    /// Junctions.
    pub nodes: Vec<Node>,
    /// Roads.
    pub edges: Vec<Edge>,
    ways: Vec<Vec<Way>>,
}

/// Shortest paths from one or more sources to every node.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Cost from the nearest source (milliseconds for travel); `None` where no road leads.
    pub cost: Vec<Option<u64>>,
    back: Vec<Option<Way>>,
}

impl Tree {
    /// Seconds from the nearest source, for trees of travel times; a very long time where no road leads.
    pub fn seconds(&self, node: usize) -> f64 {
        self.cost.get(node).copied().flatten().map_or(1e6, |ms| ms as f64 / 1000.0)
    }

    /// From the node back to its source: the ways taken, the node itself left out.
    pub fn way_back(&self, node: usize) -> Vec<Way> {
        let mut ways = Vec::new();
        let mut here = node;
        while let Some(way) = self.back.get(here).copied().flatten() {
            ways.push(way);
            here = way.to;
        }
        ways
    }
}

impl Network {
    /// A network of nodes and edges.
    pub fn new(nodes: Vec<Node>, edges: Vec<Edge>) -> Self {
        let mut ways = vec![Vec::new(); nodes.len()];
        for (index, edge) in edges.iter().enumerate() {
            ways[edge.from].push(Way { to: edge.to, edge: index });
            ways[edge.to].push(Way { to: edge.from, edge: index });
        }
        Self { nodes, edges, ways }
    }

    /// The ways that leave a node.
    pub fn ways(&self, node: usize) -> &[Way] {
        self.ways.get(node).map_or(&[], Vec::as_slice)
    }

    /// The node nearest to a position, as the crow flies.
    pub fn nearest(&self, at: LatLon) -> usize {
        let here = at.metres();
        let away = |i: &usize| self.nodes[*i].metres.distance(here);
        (0..self.nodes.len()).min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or(0)
    }

    /// Shortest paths (Dijkstra 1959) from the nearest of `sources`, at a cost an edge; ties go to the lower node.
    pub fn shortest(&self, sources: &[usize], cost_of: impl Fn(usize, &Edge) -> u64) -> Tree {
        let mut cost: Vec<Option<u64>> = vec![None; self.nodes.len()];
        let mut back = vec![None; self.nodes.len()];
        let mut queue = BinaryHeap::new();
        for source in sources {
            cost[*source] = Some(0);
            queue.push(Reverse((0_u64, *source)));
        }
        while let Some(Reverse((so_far, node))) = queue.pop() {
            if cost[node].is_some_and(|best| best < so_far) {
                continue;
            }
            for way in &self.ways[node] {
                let next = so_far + cost_of(way.edge, &self.edges[way.edge]);
                if cost[way.to].is_none_or(|best| next < best) {
                    cost[way.to] = Some(next);
                    back[way.to] = Some(Way { to: node, edge: way.edge });
                    queue.push(Reverse((next, way.to)));
                }
            }
        }
        Tree { cost, back }
    }

    /// Travel times from the nearest of `sources`.
    pub fn travel(&self, sources: &[usize], night: bool) -> Tree {
        self.shortest(sources, |_, edge| edge.travel_ms(night))
    }

    /// Nodes of the largest connected part, in order.
    pub fn largest_part(&self) -> Vec<usize> {
        let mut part_of = vec![usize::MAX; self.nodes.len()];
        let mut largest: Vec<usize> = Vec::new();
        for start in 0..self.nodes.len() {
            if part_of[start] != usize::MAX {
                continue;
            }
            part_of[start] = start;
            let mut part = vec![start];
            let mut next = 0;
            while next < part.len() {
                for way in &self.ways[part[next]] {
                    if part_of[way.to] == usize::MAX {
                        part_of[way.to] = start;
                        part.push(way.to);
                    }
                }
                next += 1;
            }
            if part.len() > largest.len() {
                largest = part;
            }
        }
        largest.sort_unstable();
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_back_to_its_source() {
        let node = |lon: f64| {
            let at = LatLon::new(49.2, lon);
            Node { at, metres: at.metres() }
        };
        let edge = |from, to| Edge { from, to, class: Class::Main, length_m: 100.0 };
        let network =
            Network::new(vec![node(-2.1), node(-2.11), node(-2.12), node(-2.13)], vec![edge(0, 1), edge(1, 2)]);
        let tree = network.travel(&[0], false);
        let back: Vec<usize> = tree.way_back(2).iter().map(|w| w.to).collect();
        assert_eq!(back, [1, 0]);
        assert_eq!(tree.cost[3], None);
        assert_eq!(network.largest_part(), [0, 1, 2]);
    }
}
