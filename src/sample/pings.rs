//! Positions of patrolling units: four by day, four by night, from the station to hotspots and places and back.

use std::path::Path;

use super::calendar::{Span, at_wall, utc_text};
use super::geography::{Island, Metres};
use super::hotspots::Course;
use super::network::{Network, Tree};
use super::random::Stream;
use super::response::STATION;
use super::roads::PLACES;
use super::spots::Spots;
use super::surface::Surface;
use super::write::{Rows, Written, lat_lon};
use crate::error::Result;
use crate::space::Cell;

/// Seconds between pings on patrol, and at the station.
const EVERY_S: i64 = 120;
const AT_STATION_S: i64 = 600;

/// A planted stay of a unit in a hotspot.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Unit.
    pub unit: String,
    /// Cell of the hotspot.
    pub cell: Cell,
    /// First second.
    pub from: i64,
    /// Second after the last.
    pub to: i64,
}

struct Ping {
    at: i64,
    unit: usize,
    place: Metres,
    speed_kmh: u32,
}

/// A place to drive to, with the ways there.
struct Goal {
    node: usize,
    tree: Tree,
    hotspot: Option<Cell>,
    night: bool,
}

/// One unit under way.
struct Unit<'a> {
    number: usize,
    node: usize,
    now: i64,
    next_ping: i64,
    network: &'a Network,
}

impl Unit<'_> {
    fn name(&self) -> String {
        format!("U{:02}", self.number)
    }

    fn drive(&mut self, goal: &Goal, pings: &mut Vec<Ping>) {
        for way in goal.tree.way_back(self.node) {
            let edge = self.network.edges[way.edge];
            let (from, to) = (self.network.nodes[self.node].metres, self.network.nodes[way.to].metres);
            let took = (edge.travel_ms(goal.night) / 1000).max(1) as i64;
            while self.next_ping < self.now + took {
                let share = (self.next_ping - self.now).max(0) as f64 / took as f64;
                let place = from.towards(to, share);
                let speed_kmh = edge.class.speed_kmh(goal.night);
                pings.push(Ping { at: self.next_ping, unit: self.number, place, speed_kmh });
                self.next_ping += EVERY_S;
            }
            self.now += took;
            self.node = way.to;
        }
    }

    /// Stays for some seconds, at a place for each ping.
    fn stay(&mut self, seconds: i64, every: i64, pings: &mut Vec<Ping>, mut place: impl FnMut() -> (Metres, u32)) {
        while self.next_ping < self.now + seconds {
            let (place, speed_kmh) = place();
            pings.push(Ping { at: self.next_ping, unit: self.number, place, speed_kmh });
            self.next_ping += every;
        }
        self.now += seconds;
    }
}

/// Writes `pings.csv.gz` for the last `days` days and returns every planted visit.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write(
    out: &Path,
    span: &Span,
    days: u32,
    network: &Network,
    place: (&Surface, &Spots, &Island),
    seed: u64,
) -> Result<(Written, Vec<Visit>)> {
    let (surface, spots, island) = place;
    let mut stream = Stream::new(seed, "pings");
    let station = network.nearest(STATION);
    let home = [false, true].map(|night| goal(network, station, None, night));
    let mut goals: Vec<Goal> = Vec::new();
    for hotspot in surface.hotspots.iter().filter(|h| h.course == Course::Lasting) {
        let node = spots.of(hotspot.cell).first().map_or(station, |s| s.node);
        goals.push(goal(network, node, Some(hotspot.cell), hotspot.night));
    }
    for (_, at) in PLACES {
        let node = network.nearest(at);
        goals.extend([false, true].map(|night| goal(network, node, None, night)));
    }
    let header = ["unit_id", "pinged_at", "lat", "lon", "speed_kmh"];
    let mut file = Rows::create(out, "pings.csv.gz", &header)?;
    let mut visits = Vec::new();
    for on in span.last_days(days) {
        for night in [false, true] {
            let start = at_wall(on, if night { 19 * 3600 } else { 7 * 3600 });
            let end = if night { at_wall(on + chrono::Duration::days(1), 7 * 3600) } else { at_wall(on, 19 * 3600) };
            let mut pings = Vec::new();
            for crew in 0..4 {
                let number = 1 + crew + if night { 4 } else { 0 };
                let first = start + stream.seconds(0, EVERY_S - 1);
                let mut unit = Unit { number, node: station, now: start, next_ping: first, network };
                shift(&mut unit, end, night, (&goals, &home), (spots, island), &mut pings, &mut visits, &mut stream)?;
            }
            pings.retain(|p| p.at < end);
            pings.sort_by_key(|p| (p.at, p.unit));
            for ping in pings {
                let [lat, lon] = lat_lon(ping.place.lat_lon());
                file.add(&[format!("U{:02}", ping.unit), utc_text(ping.at), lat, lon, ping.speed_kmh.to_string()])?;
            }
        }
    }
    visits.sort_by(|a, b| (a.from, &a.unit).cmp(&(b.from, &b.unit)));
    Ok((file.finish()?, visits))
}

fn goal(network: &Network, node: usize, hotspot: Option<Cell>, night: bool) -> Goal {
    Goal { node, tree: network.travel(&[node], night), hotspot, night }
}

/// One unit's shift: some stops, then the station, again and again.
#[expect(
    clippy::too_many_arguments,
    reason = "the shift writes two lists and reads the island, the goals and the clock"
)]
fn shift(
    unit: &mut Unit<'_>,
    end: i64,
    night: bool,
    (goals, home): (&[Goal], &[Goal; 2]),
    (spots, island): (&Spots, &Island),
    pings: &mut Vec<Ping>,
    visits: &mut Vec<Visit>,
    stream: &mut Stream,
) -> Result<()> {
    let open: Vec<&Goal> = goals.iter().filter(|g| g.night == night).collect();
    let weights: Vec<f64> = open.iter().map(|g| if g.hotspot.is_some() { 4.5 } else { 1.0 }).collect();
    let home = &home[usize::from(night)];
    let desk = unit.network.nodes[home.node].metres;
    while unit.now < end {
        let rest = stream.seconds(15, 35) * 60;
        unit.stay(rest, AT_STATION_S, pings, || (desk, 0));
        unit.next_ping = unit.next_ping.min(unit.now + EVERY_S);
        for _ in 0..stream.seconds(3, 5) {
            let Some(goal) = open.get(stream.weighted(&weights)) else { break };
            if unit.now >= end {
                break;
            }
            unit.drive(goal, pings);
            let Some(cell) = goal.hotspot else {
                let here = unit.network.nodes[goal.node].metres;
                let minutes = stream.seconds(4, 10);
                unit.stay(minutes * 60, EVERY_S, pings, || (here, 0));
                continue;
            };
            let dwell = stream.seconds(10 * 60, 16 * 60);
            let (from, to) = (unit.now, unit.now + dwell);
            let mut walked = Vec::new();
            for _ in 0..=dwell / EVERY_S {
                walked.push(spots.draw(cell, island, stream)?.at.metres());
            }
            let mut step = 0;
            unit.stay(dwell, EVERY_S, pings, || {
                step += 1;
                (walked[step % walked.len()], 4)
            });
            if to <= end {
                visits.push(Visit { unit: unit.name(), cell, from, to });
            }
        }
        unit.drive(home, pings);
    }
    Ok(())
}
