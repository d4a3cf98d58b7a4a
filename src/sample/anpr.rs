//! ANPR reads, written day by day so that a large volume needs no more memory than one day of it.

use std::path::Path;

use chrono::{Datelike, NaiveDate};

use super::calendar::{DAY_S, Span, at_wall, utc_text};
use super::cameras::{CONVOY_ROUTE, CORRIDORS, Camera, DYING, HARBOUR, LATE};
use super::network::{Network, Tree};
use super::random::Stream;
use super::vehicles::{Plate, PlateClass, Vehicle, fleet};
use super::write::{Rows, Written};
use crate::error::Result;

/// Largest fleet; beyond it vehicles make more trips.
const FLEET_MAX: f64 = 99_000.0;
/// Reads a vehicle leaves on a weekday on which it drives in and out, on average.
const READS_A_ROUND: f64 = 5.3;
/// Share of the fleet that drives on a weekday.
const ACTIVE: f64 = 0.55;
/// Share of passes that a camera reads.
const CAPTURE: f64 = 0.94;

/// Something planted in the reads.
#[derive(Debug, Clone, Default)]
pub struct Planted {
    /// Number of reads.
    pub reads: u64,
    /// When the dying camera sends its last read, if it dies within the days.
    pub camera_dead_from: Option<i64>,
    /// Start and end of the reads that one camera sends late, and when they arrive.
    pub late: Option<(i64, i64, i64)>,
    /// Plates of the convoy.
    pub convoy_plates: Vec<String>,
    /// When the convoy passes its first camera, one entry a day.
    pub convoy_at: Vec<i64>,
}

/// One read before it is written.
struct Read {
    at: i64,
    camera: usize,
    plate: Plate,
    inward: bool,
    /// Convoy reads are always clean, so that the truth is exact.
    clean: bool,
}

/// Writes `anpr.csv.gz` for the last `days` days of the span.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write(
    out: &Path,
    span: &Span,
    days: u32,
    reads_per_day: f64,
    network: &Network,
    cameras: &[Camera],
    seed: u64,
) -> Result<(Written, Planted)> {
    let mut stream = Stream::new(seed, "anpr");
    let dates: Vec<NaiveDate> = span.last_days(days).collect();
    let mean_day = dates.iter().map(|d| day_weight(*d)).sum::<f64>() / dates.len().max(1) as f64;
    let wanted = (reads_per_day / (READS_A_ROUND * ACTIVE * CAPTURE)).max(0.0);
    let vehicles = fleet(wanted.min(FLEET_MAX) as usize, days, &mut stream);
    let rounds = if wanted > FLEET_MAX { wanted / FLEET_MAX } else { 1.0 } / mean_day.max(0.01);
    let trees: Vec<Tree> = cameras.iter().map(|c| network.travel(&[c.node], false)).collect();
    let mut planted = plan(&dates, &mut stream);
    let header =
        ["read_id", "camera_id", "read_at", "received_at", "vrm", "plate_class", "direction", "lane", "confidence"];
    let mut file = Rows::create(out, "anpr.csv.gz", &header)?;
    let mut number = 0_u64;
    for (index, on) in dates.iter().enumerate() {
        let scene = Scene { cameras, trees: &trees, midnight: at_wall(*on, 0), day: index as u32 };
        let mut reads = Vec::new();
        for vehicle in &vehicles {
            let mut left = rounds * day_weight(*on);
            while left > 0.0 {
                if stream.chance(ACTIVE * left.min(1.0)) {
                    scene.round(vehicle, on.weekday().num_days_from_monday() < 5, &mut reads, &mut stream);
                }
                left -= 1.0;
            }
        }
        scene.convoy(&planted, &mut reads, &mut stream);
        let midnight_after = at_wall(*on + chrono::Duration::days(1), 0);
        reads.retain(|r| {
            let dead = r.camera == DYING && planted.camera_dead_from.is_some_and(|t| r.at >= t);
            !dead && (scene.midnight..midnight_after).contains(&r.at)
        });
        reads.sort_by_key(|r| (r.at, r.camera));
        for read in &reads {
            number += 1;
            file.add(&record(number, read, cameras, planted.late, &mut stream))?;
        }
    }
    planted.reads = number;
    Ok((file.finish()?, planted))
}

/// Traffic of a day as a multiple of a weekday's.
fn day_weight(on: NaiveDate) -> f64 {
    match (on.month(), on.day(), on.weekday().num_days_from_monday()) {
        (12, 25, _) => 0.35,
        (12, 26, _) => 0.5,
        (_, _, 5) => 0.85,
        (_, _, 6) => 0.65,
        _ => 1.0,
    }
}

/// Decides what is planted on which day.
fn plan(dates: &[NaiveDate], stream: &mut Stream) -> Planted {
    let mut planted = Planted::default();
    let day = |share: f64| dates.get((dates.len() as f64 * share) as usize).copied();
    if dates.len() < 3 {
        return planted;
    }
    planted.camera_dead_from = day(0.66).map(|on| at_wall(on, 14 * 3600 + 600));
    planted.late = day(0.36).map(|on| (at_wall(on, 10 * 3600), at_wall(on, 13 * 3600), at_wall(on, 13 * 3600 + 300)));
    planted.convoy_plates = [99_901, 99_902].map(|number| Plate { class: PlateClass::Jersey, number }.text()).to_vec();
    planted.convoy_at = [0.1, 0.3, 0.45, 0.7, 0.9]
        .iter()
        .filter_map(|share| day(*share))
        .map(|on| at_wall(on, 22 * 3600 + stream.seconds(0, 2400)))
        .collect();
    planted.convoy_at.dedup();
    planted
}

/// What a day's trips need to know.
struct Scene<'a> {
    cameras: &'a [Camera],
    trees: &'a [Tree],
    midnight: i64,
    day: u32,
}

impl Scene<'_> {
    /// A vehicle's drive into town and back.
    fn round(&self, vehicle: &Vehicle, working_day: bool, reads: &mut Vec<Read>, stream: &mut Stream) {
        if self.day < vehicle.here.0 || self.day >= vehicle.here.1 {
            return;
        }
        let resident = vehicle.plate.class == PlateClass::Jersey;
        let commutes = working_day && resident && stream.chance(0.72);
        let (leaves, returns) = if commutes {
            (vehicle.leaves_s + stream.seconds(-480, 480), vehicle.returns_s + stream.seconds(-900, 900))
        } else {
            // One drive in fourteen is at any hour, so that the night has some traffic too.
            let any_hour = stream.chance(0.07);
            let leaves = if any_hour { stream.seconds(0, DAY_S - 1) } else { stream.seconds(8 * 3600, 19 * 3600) };
            (leaves, leaves + stream.seconds(2400, 4 * 3600))
        };
        let errand = resident && !commutes && stream.chance(0.35);
        let corridor = if errand { stream.below(CORRIDORS.len() - 1) } else { vehicle.corridor };
        let (first, last) = (self.day == vehicle.here.0, self.day + 1 == vehicle.here.1);
        if resident || first || last {
            // A visitor is seen at the harbour when landing and when leaving.
            if resident || first {
                self.pass(CORRIDORS[corridor].0, vehicle.plate, true, self.midnight + leaves, reads, stream);
            }
            if resident || last {
                self.pass(CORRIDORS[corridor].0, vehicle.plate, false, self.midnight + returns, reads, stream);
            }
        } else {
            let tour = CORRIDORS[stream.below(HARBOUR)].0;
            self.pass(tour, vehicle.plate, false, self.midnight + leaves, reads, stream);
            self.pass(tour, vehicle.plate, true, self.midnight + returns, reads, stream);
        }
    }

    /// Passes the cameras of a route, inwards in their order, outwards in reverse.
    fn pass(&self, route: &[usize], plate: Plate, inward: bool, at: i64, reads: &mut Vec<Read>, stream: &mut Stream) {
        let mut now = at as f64;
        let mut before: Option<usize> = None;
        for step in 0..route.len() {
            let camera = if inward { route[step] } else { route[route.len() - 1 - step] };
            now += before.map_or(0.0, |b| self.seconds(b, camera)) * stream.log_normal(1.25, 0.12);
            before = Some(camera);
            if stream.chance(CAPTURE) {
                reads.push(Read { at: now as i64, camera, plate, inward, clean: false });
            }
        }
    }

    fn seconds(&self, from: usize, to: usize) -> f64 {
        self.trees[from].seconds(self.cameras[to].node)
    }

    /// The convoy: the second vehicle follows 6 to 14 seconds behind the first at every camera of its route.
    fn convoy(&self, planted: &Planted, reads: &mut Vec<Read>, stream: &mut Stream) {
        for start in planted.convoy_at.iter().filter(|t| (self.midnight..self.midnight + DAY_S).contains(*t)) {
            let mut now = *start as f64;
            for (step, camera) in CONVOY_ROUTE.into_iter().enumerate() {
                if step > 0 {
                    now += self.seconds(CONVOY_ROUTE[step - 1], camera) * 1.2;
                }
                for (behind, number) in [(0, 99_901), (stream.seconds(6, 14), 99_902)] {
                    let plate = Plate { class: PlateClass::Jersey, number };
                    reads.push(Read { at: now as i64 + behind, camera, plate, inward: true, clean: true });
                }
            }
        }
    }
}

/// The read as the file has it: mostly clean, one in 120 misread by a character.
fn record(
    number: u64,
    read: &Read,
    cameras: &[Camera],
    late: Option<(i64, i64, i64)>,
    stream: &mut Stream,
) -> [String; 9] {
    let misread = !read.clean && stream.chance(1.0 / 120.0);
    let text = read.plate.text();
    let (vrm, confidence) =
        if misread { (garble(&text, stream), stream.between(0.45, 0.8)) } else { (text, stream.between(0.86, 0.995)) };
    let delay = if stream.chance(0.02) { stream.seconds(30, 300) } else { stream.seconds(1, 6) };
    let received = match late {
        Some((from, to, arrives)) if read.camera == LATE && (from..to).contains(&read.at) => {
            arrives + (read.at - from) / 20
        }
        _ => read.at + delay,
    };
    [
        format!("R{number:08}"),
        cameras[read.camera].id.clone(),
        utc_text(read.at),
        utc_text(received),
        vrm,
        read.plate.class.code().to_owned(),
        if read.inward { "in" } else { "out" }.to_owned(),
        if stream.chance(0.3) { "2" } else { "1" }.to_owned(),
        format!("{confidence:.2}"),
    ]
}

/// Replaces one digit by another that looks alike.
fn garble(text: &str, stream: &mut Stream) -> String {
    let place = 2 + stream.below(text.len().saturating_sub(2));
    text.chars()
        .enumerate()
        .map(|(i, c)| match c {
            _ if i != place => c,
            '0' | '3' => '8',
            '1' => '7',
            '7' => '1',
            '5' => '6',
            '6' => '5',
            '9' => '4',
            _ => '0',
        })
        .collect()
}
