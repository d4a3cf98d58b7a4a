//! Crimes: where from the surface, when from the rhythm of their kind, with reporting lags, repeats and late records.

use super::calendar::{DAY_S, MILD, Span, WeekClock, at_wall, is_day, quotas, wall_clock, wall_date, wall_hour};
use super::crime_codes::{FLAGGED, OFFENCES, group_weights};
use super::geography::Island;
use super::hotspots::Kind;
use super::random::Stream;
use super::spots::{Spot, Spots};
use super::surface::Surface;
use crate::error::Result;

/// Crimes a month at scale 1.
pub const MONTHLY: f64 = 250.0;
/// Share of burglaries planted at the point of an earlier one within 30 days.
pub const REPEAT_SHARE: f64 = 0.08;
/// Share of burglaries planted within 200 m of an earlier one within 14 days.
pub const NEAR_REPEAT_SHARE: f64 = 0.07;
/// Shares of crime records made within hours, within 2 to 20 days, and after 31 to 75 days.
pub const LATE_CRIMES: [f64; 3] = [0.88, 0.09, 0.03];
/// The same for incidents and activity.
pub const LATE_INCIDENTS: [f64; 3] = [0.965, 0.03, 0.005];

/// How the crime came to the police.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// By an incident of category `crime-report`.
    Report,
    /// By a domestic incident.
    Domestic,
    /// By an incident of anti-social behaviour.
    Disorder,
    /// By an incident at licensed premises.
    Licensed,
    /// As one more crime of the incident before.
    Second,
    /// Without an incident.
    Direct,
}

/// One crime record.
#[derive(Debug, Clone)]
pub struct Crime {
    /// How it came.
    pub came: Came,
    /// Index of its incident, once incidents are made.
    pub incident: Option<usize>,
    /// Crime group.
    pub group: &'static str,
    /// Offence code.
    pub offence_code: &'static str,
    /// Start of the offence.
    pub from: i64,
    /// End of the range in which it happened, if not known to the minute.
    pub to: Option<i64>,
    /// When the police heard.
    pub reported: i64,
    /// When this version of the record was made.
    pub recorded: i64,
    /// Outcome.
    pub outcome: &'static str,
    /// When it was reached.
    pub outcome_at: Option<i64>,
    /// Number of the victim.
    pub victim: Option<u32>,
    /// Flags, joined by `;`.
    pub flags: String,
    /// Where.
    pub spot: Spot,
    /// Whether it began between 19:00 and 07:00.
    pub night: bool,
    /// Its number among the crimes as they were drawn, which the order of report does not change.
    pub drawn: usize,
    /// The crime that it was planted after, by number, and how.
    pub planted_after: Option<(usize, Repeat)>,
}

/// How a burglary was planted after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// At its very point.
    Exact,
    /// Near it.
    Near,
}

/// All crimes with what was planted among them.
pub struct Crimes {
    /// In order of report.
    pub rows: Vec<Crime>,
    /// Burglaries.
    pub burglaries: usize,
    /// Burglaries planted as exact repeats.
    pub repeats: usize,
    /// Burglaries planted as near repeats.
    pub near_repeats: usize,
}

/// Hours of offences, before they are cut to day or night.
const HOURS: [f64; 24] = [
    3.0, 2.4, 1.8, 1.2, 0.7, 0.5, 0.6, 1.0, 1.5, 1.8, 2.0, 2.2, 2.4, 2.3, 2.3, 2.6, 2.8, 2.9, 2.9, 2.8, 2.9, 3.2, 3.6,
    3.6,
];
const SHOP_HOURS: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.5, 2.0, 2.4, 2.8, 2.8, 2.6, 2.6, 2.8, 2.2, 0.8, 0.0, 0.0, 0.0, 0.0,
    0.0,
];

struct Clocks {
    day: WeekClock,
    night: WeekClock,
    shops: WeekClock,
    nightlife: WeekClock,
}

impl Clocks {
    fn new() -> Self {
        let even = [1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 0.9];
        Self {
            day: WeekClock::new(&HOURS, &even).only(is_day),
            night: WeekClock::new(&HOURS, &even).with_night_economy(1.3).only(|h| !is_day(h)),
            shops: WeekClock::new(&SHOP_HOURS, &[1.0, 1.0, 1.0, 1.1, 1.3, 1.6, 0.4]),
            nightlife: WeekClock::new(&HOURS, &[0.3, 0.3, 0.4, 0.5, 1.0, 1.0, 0.6])
                .with_night_economy(4.0)
                .only(|h| !is_day(h)),
        }
    }
}

/// Makes all crimes of the span.
///
/// # Errors
/// `Bug` if the surface gives weight to a cell without roads.
pub fn make(span: &Span, scale: f64, surface: &Surface, spots: &Spots, island: &Island, seed: u64) -> Result<Crimes> {
    let mut stream = Stream::new(seed, "crimes");
    let clocks = Clocks::new();
    let counts = quotas(span, MONTHLY * scale, &MILD, None, &mut stream);
    let mut rows: Vec<Crime> = Vec::with_capacity(counts.iter().sum());
    for (month, count) in span.months.iter().zip(counts) {
        let month_first = rows.len();
        for _ in 0..count {
            if rows.len() > month_first && stream.chance(0.03) {
                let second = second_offence(&rows[rows.len() - 1], &mut stream);
                rows.push(second);
                continue;
            }
            let night = stream.chance(0.5);
            let clock = if night { &clocks.night } else { &clocks.day };
            let drawn = clock.draw(month, &mut stream);
            let place = surface.draw(wall_date(drawn), night, &mut stream);
            let kind = place.hotspot.map(|i| surface.hotspots[i].kind);
            let from = match kind {
                Some(Kind::Retail | Kind::Precinct) => clocks.shops.draw(month, &mut stream),
                Some(Kind::NightEconomy) => clocks.nightlife.draw(month, &mut stream),
                _ => drawn,
            };
            let spot = spots.draw(place.cell, island, &mut stream)?;
            rows.push(one(span, kind, night, from, spot, &mut stream));
        }
    }
    let (burglaries, repeats, near_repeats) = plant_repeats(&mut rows, spots, &mut stream);
    rows.sort_by_key(|c| (c.reported, c.from));
    Ok(Crimes { rows, burglaries, repeats, near_repeats })
}

/// One crime of a kind of place at a time.
fn one(span: &Span, kind: Option<Kind>, night: bool, drawn: i64, spot: Spot, stream: &mut Stream) -> Crime {
    let group = stream.code(group_weights(kind, night));
    let offences = OFFENCES.iter().find(|(name, _)| *name == group).map_or(&[][..], |(_, codes)| *codes);
    let offence_code = stream.code(offences);
    let (from, to, reported) = times(group, drawn, stream);
    let reported = reported.min(at_wall(span.to, 0) - stream.seconds(60, 6 * 3600));
    let (from, to) = (from.min(reported), to.map(|t| t.min(reported)).filter(|t| *t > from));
    let came = came(kind, group, night, stream);
    let recorded = recorded_at(span, reported, &LATE_CRIMES, stream);
    let (outcome, outcome_at) = outcome(span, reported, stream);
    let victim = victim(group, stream);
    let flags = flags(kind, group, night, came, stream);
    Crime {
        came,
        incident: None,
        group,
        offence_code,
        from,
        to,
        reported,
        recorded,
        outcome,
        outcome_at,
        victim,
        flags,
        spot,
        night,
        drawn: 0,
        planted_after: None,
    }
}

/// A further offence of the same occasion: same place, time and incident.
fn second_offence(first: &Crime, stream: &mut Stream) -> Crime {
    let group = stream.code(&[("criminal-damage", 4.0), ("public-order", 4.0), ("drugs", 3.0), ("weapons", 1.0)]);
    let offences = OFFENCES.iter().find(|(name, _)| *name == group).map_or(&[][..], |(_, codes)| *codes);
    let mut second = first.clone();
    second.came = Came::Second;
    second.group = group;
    second.offence_code = stream.code(offences);
    second.victim = None;
    second
}

/// Start, end if it is a range, and report. Ranges stay inside the daypart in which they begin.
fn times(group: &str, drawn: i64, stream: &mut Stream) -> (i64, Option<i64>, i64) {
    let minutes = |mean: f64, stream: &mut Stream| (stream.exponential(mean) * 60.0) as i64 + 60;
    match group {
        "burglary" | "vehicle" | "theft" | "criminal-damage" => {
            let left = daypart_left(drawn);
            let wanted = 1800 + minutes(200.0, stream);
            let to = Some(drawn + wanted.min(left - 60)).filter(|_| left > 1800);
            (drawn, to, to.unwrap_or(drawn) + minutes(75.0, stream))
        }
        // Fraud and many sexual offences are reported long after: the offence moves back, the report stays.
        "fraud" => {
            let days = stream.exponential(12.0) as i64;
            (days_before(drawn, days), None, drawn + minutes(60.0, stream))
        }
        "sexual" if stream.chance(0.35) => {
            let days = stream.seconds(30, 330);
            (days_before(drawn, days), None, drawn + minutes(60.0, stream))
        }
        _ if stream.chance(0.7) => (drawn, None, drawn + minutes(18.0, stream)),
        _ => (drawn, None, drawn + minutes(600.0, stream)),
    }
}

/// The same wall-clock time some days before.
fn days_before(at: i64, days: i64) -> i64 {
    use chrono::Timelike;
    let wall = wall_clock(at);
    at_wall(wall.date() - chrono::Duration::days(days), i64::from(wall.num_seconds_from_midnight()))
}

/// Seconds until the daypart (07:00-19:00 or 19:00-07:00) ends.
fn daypart_left(at: i64) -> i64 {
    use chrono::Timelike;
    let second = i64::from(wall_clock(at).num_seconds_from_midnight());
    let ends = [7 * 3600, 19 * 3600, DAY_S + 7 * 3600];
    ends.iter().find(|end| **end > second).map_or(0, |end| end - second)
}

fn came(kind: Option<Kind>, group: &str, night: bool, stream: &mut Stream) -> Came {
    let domestic = match (kind, group) {
        (None | Some(Kind::Estate), "violence") => 0.4,
        (None | Some(Kind::Estate), "criminal-damage" | "public-order" | "sexual") => 0.12,
        _ => 0.0,
    };
    if stream.chance(domestic) {
        return Came::Domestic;
    }
    match kind {
        Some(Kind::NightEconomy) if stream.chance(0.45) => Came::Licensed,
        _ if night && matches!(group, "violence" | "public-order") && stream.chance(0.25) => Came::Disorder,
        _ if stream.chance(0.06) => Came::Direct,
        _ => Came::Report,
    }
}

/// When the record was made: within hours, within weeks, or after more than a month, in proportion to `lateness`.
pub fn recorded_at(span: &Span, reported: i64, lateness: &[f64; 3], stream: &mut Stream) -> i64 {
    let late = match stream.weighted(lateness) {
        0 => 1800 + (stream.exponential(5.0 * 3600.0)) as i64,
        1 => stream.seconds(2 * DAY_S, 20 * DAY_S),
        _ => stream.seconds(31 * DAY_S, 75 * DAY_S),
    };
    (reported + late).min(span.extracted_at() - stream.seconds(60, 12 * 3600))
}

fn outcome(span: &Span, reported: i64, stream: &mut Stream) -> (&'static str, Option<i64>) {
    let age = span.extracted_at() - reported;
    let ongoing = if age < 90 * DAY_S { 0.5 } else { 0.04 };
    if stream.chance(ongoing) {
        return ("ongoing", None);
    }
    let outcome = stream.code(&[
        ("charged", 20.0),
        ("caution", 8.0),
        ("community-resolution", 9.0),
        ("no-suspect", 36.0),
        ("undetected", 27.0),
    ]);
    let at = reported + DAY_S + (stream.exponential(32.0) * DAY_S as f64) as i64;
    (outcome, Some(at.min(span.extracted_at() - stream.seconds(60, 5 * DAY_S)).max(reported + 1800)))
}

/// One victim in eight comes from a small group of people harmed again and again.
fn victim(group: &str, stream: &mut Stream) -> Option<u32> {
    if matches!(group, "drugs" | "weapons" | "shoplifting") {
        return None;
    }
    let number = if stream.chance(0.12) { stream.below(160) } else { 1000 + stream.below(90_000) };
    Some(number as u32)
}

fn flags(kind: Option<Kind>, group: &str, night: bool, came: Came, stream: &mut Stream) -> String {
    let nightlife = kind == Some(Kind::NightEconomy);
    let mut set = Vec::new();
    for flag in FLAGGED {
        let p = match (flag, group) {
            ("domestic", _) => f64::from(u8::from(came == Came::Domestic)),
            ("hate", "violence" | "public-order" | "criminal-damage") => 0.03,
            ("alcohol", "violence" | "public-order") if nightlife => 0.75,
            ("alcohol", "violence" | "public-order" | "criminal-damage" | "sexual") if night => 0.35,
            ("digital", "fraud") => 0.34,
            ("digital", "sexual") => 0.12,
            ("knife", "weapons" | "robbery") => 0.3,
            ("knife", "violence") => 0.02,
            _ => 0.0,
        };
        if stream.chance(p) {
            set.push(flag);
        }
    }
    set.join(";")
}

/// Moves some burglaries onto or near an earlier one of the same daypart, which leaves the expected pattern as it was.
fn plant_repeats(rows: &mut [Crime], spots: &Spots, stream: &mut Stream) -> (usize, usize, usize) {
    rows.iter_mut().enumerate().for_each(|(number, row)| row.drawn = number);
    let mut order: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].group == "burglary").collect();
    order.sort_by_key(|i| (rows[*i].from, *i));
    let (mut repeats, mut near_repeats) = (0, 0);
    for (place, index) in order.iter().enumerate() {
        let choice = stream.weighted(&[REPEAT_SHARE, NEAR_REPEAT_SHARE, 1.0 - REPEAT_SHARE - NEAR_REPEAT_SHARE]);
        let reach = [30, 14, 0][choice] * DAY_S;
        let (from, night) = (rows[*index].from, rows[*index].night);
        let earlier: Vec<usize> = order[..place]
            .iter()
            .rev()
            .take_while(|i| from - rows[**i].from < reach)
            .filter(|i| rows[**i].night == night && rows[**i].from < from)
            .copied()
            .collect();
        let Some(parent) = earlier.get(stream.below(earlier.len())).copied() else { continue };
        let place = rows[parent].spot;
        if choice == 0 {
            rows[*index].spot = place;
            rows[*index].planted_after = Some((parent, Repeat::Exact));
            repeats += 1;
        } else if let Some(spot) = near(place, spots, stream) {
            rows[*index].spot = spot;
            rows[*index].planted_after = Some((parent, Repeat::Near));
            near_repeats += 1;
        }
    }
    (order.len(), repeats, near_repeats)
}

/// A road point 20 to 195 m from another.
fn near(parent: Spot, spots: &Spots, stream: &mut Stream) -> Option<Spot> {
    let here = parent.at.metres();
    let around: Vec<Spot> = parent
        .cell
        .disk(1)
        .into_iter()
        .flat_map(|cell| spots.of(cell))
        .filter(|s| (20.0..195.0).contains(&s.at.metres().distance(here)))
        .copied()
        .collect();
    around.get(stream.below(around.len())).copied()
}

/// Whether a time is by night, for callers that hold an instant only.
pub fn by_night(at: i64) -> bool {
    !is_day(wall_hour(at))
}
