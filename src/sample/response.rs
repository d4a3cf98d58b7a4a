//! Response: when a unit was sent and when it arrived. Travel runs along the road network from the nearest of four
//! patrol bases, so it grows with distance; by night roads are faster.

use super::calendar::{DAY_S, Span};
use super::crimes::{LATE_INCIDENTS, by_night, recorded_at};
use super::geography::LatLon;
use super::incidents::Incident;
use super::network::{Network, Tree};
use super::random::Stream;

/// The police station in St Helier.
pub const STATION: LatLon = LatLon::new(49.1880, -2.1085);
/// Where units wait: the station, the west, the north, the east.
pub const BASES: [LatLon; 4] =
    [STATION, LatLon::new(49.1870, -2.1900), LatLon::new(49.2360, -2.1150), LatLon::new(49.2000, -2.0400)];

/// Mean Grade 1 response, call answered to first arrival, before the planted change, in seconds.
pub const GRADE_1_MEAN_S: f64 = 5.4 * 60.0;
/// Mean Grade 2 response, call answered to first arrival, in seconds.
pub const GRADE_2_MEAN_S: f64 = 28.0 * 60.0;
/// The planted change: every Grade 1 response takes this much longer from a given month on, in seconds.
pub const GRADE_1_STEP_S: i64 = 40;

/// Travel times from the nearest base, by day and by night.
pub struct Reach {
    day: Tree,
    night: Tree,
}

impl Reach {
    /// Works out both times for every node.
    pub fn new(network: &Network) -> Self {
        let bases: Vec<usize> = BASES.iter().map(|at| network.nearest(*at)).collect();
        Self { day: network.travel(&bases, false), night: network.travel(&bases, true) }
    }

    /// Travel seconds to a node.
    pub fn seconds(&self, node: usize, night: bool) -> f64 {
        if night { self.night.seconds(node) } else { self.day.seconds(node) }
    }
}

/// What is drawn for a row before the means are set.
struct Drawn {
    urgency: u8,
    entry_s: f64,
    delay_s: f64,
    travel_s: f64,
}

/// Fills in regrading, dispatch, arrival, closing and recording.
///
/// **Method**: Grade 1: a delay of log-normal 50 s and the road time with 18 % spread, the road time scaled so that the
/// mean meets [`GRADE_1_MEAN_S`]; Grade 2: an exponential delay scaled so that the mean meets [`GRADE_2_MEAN_S`];
/// Grades 3 and 4: hours, and not always a visit.
pub fn respond(span: &Span, rows: &mut [Incident], reach: &Reach, step_from: i64, seed: u64) {
    let mut stream = Stream::new(seed, "response");
    let drawn: Vec<Option<Drawn>> = rows.iter_mut().map(|row| draw(row, reach, &mut stream)).collect();
    let scale_1 = scale(&drawn, 1, GRADE_1_MEAN_S, |d| d.entry_s + d.delay_s, |d| d.travel_s);
    let scale_2 = scale(&drawn, 2, GRADE_2_MEAN_S, |d| d.entry_s + d.travel_s, |d| d.delay_s);
    let latest = span.extracted_at();
    for (row, drawn) in rows.iter_mut().zip(&drawn) {
        if let Some(drawn) = drawn {
            let (delay, travel) = match drawn.urgency {
                1 => (drawn.delay_s, drawn.travel_s * scale_1),
                2 => (drawn.delay_s * scale_2, drawn.travel_s),
                _ => (drawn.delay_s, drawn.travel_s),
            };
            let late = if drawn.urgency == 1 && row.reported >= step_from { GRADE_1_STEP_S } else { 0 };
            let dispatched = row.reported + delay.round() as i64 + late;
            row.dispatched = Some(dispatched);
            if !row.cancelled {
                row.arrived = Some(dispatched + travel.round().max(1.0) as i64);
                row.units = 1 + stream.weighted(&[55.0, 32.0, 10.0, 3.0]) as u8;
            }
        }
        let busy = 600 + stream.exponential(2400.0) as i64;
        let end = row.arrived.or(row.dispatched).unwrap_or(row.reported) + busy;
        row.closed = end.min(latest - stream.seconds(13 * 3600, DAY_S)).max(row.arrived.unwrap_or(row.reported));
        row.recorded = recorded_at(span, row.closed, &LATE_INCIDENTS, &mut stream).max(row.closed);
    }
}

/// Regrading, cancelling and the raw times of one row; `None` if nobody was sent.
fn draw(row: &mut Incident, reach: &Reach, stream: &mut Stream) -> Option<Drawn> {
    // Upgrades come before a unit is sent, downgrades after it arrived: either way the lower number sets the pace.
    let regrade = stream.unit();
    if regrade < 0.03 && row.grade_initial > 1 && row.origin != "officer" {
        row.grade_final = row.grade_initial - 1;
    } else if regrade > 0.97 && row.grade_initial < 4 {
        row.grade_final = row.grade_initial + 1;
    }
    let urgency = row.grade_initial.min(row.grade_final);
    row.cancelled = !row.must_attend && stream.chance(0.015);
    if row.cancelled {
        row.closing_code = "CANCELLED";
    }
    let officer = row.origin == "officer";
    let goes = match urgency {
        1 | 2 => 1.0,
        3 => 0.82,
        _ => 0.3,
    };
    let unattended = row.category == super::categories::COLLISIONS && !row.must_attend;
    if unattended || !(officer || row.must_attend || stream.chance(goes)) {
        return None;
    }
    let spread = stream.log_normal(1.0, 0.18);
    let road_s = reach.seconds(row.spot.node, by_night(row.reported)).min(3600.0);
    let delay_s = match urgency {
        _ if officer => 0.0,
        1 => 12.0 + stream.log_normal(40.0, 0.45),
        2 => 90.0 + stream.exponential(1000.0),
        3 => 600.0 + stream.exponential(2.5 * 3600.0),
        _ => 3600.0 + stream.exponential(20.0 * 3600.0),
    };
    let travel_s = if officer { 1.0 } else { (35.0 + road_s) * spread };
    let travel_s = if urgency > 1 && !officer { travel_s * 1.3 } else { travel_s };
    Some(Drawn { urgency, entry_s: (row.reported - row.answered) as f64, delay_s, travel_s })
}

/// The factor on `scaled` that brings the mean of `fixed + factor x scaled` of an urgency to `target_s`.
fn scale(
    drawn: &[Option<Drawn>],
    urgency: u8,
    target_s: f64,
    fixed: impl Fn(&Drawn) -> f64,
    scaled: impl Fn(&Drawn) -> f64,
) -> f64 {
    let (mut count, mut fixed_sum, mut scaled_sum) = (0.0, 0.0, 0.0);
    for row in drawn.iter().flatten().filter(|d| d.urgency == urgency) {
        count += 1.0;
        fixed_sum += fixed(row);
        scaled_sum += scaled(row);
    }
    if scaled_sum > 0.0 { ((target_s * count - fixed_sum) / scaled_sum).max(0.1) } else { 1.0 }
}
