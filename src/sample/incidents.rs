//! Incidents: one for each crime that came by one, and the rest by category. Response times follow in `response`.

use chrono::NaiveDate;

use super::calendar::{DAY_S, MILD, Month, Span, Step, WeekClock, at_wall, quotas, wall_date};
use super::categories::{
    CATEGORIES, COLLISIONS, COLLISIONS_ATTENDED, DISORDER, DOMESTIC, HIGH_RISK, LICENSED, MONTHLY, OTHER, REPORTS,
    Where,
};
use super::crimes::{Came, Crime, by_night};
use super::geography::{Island, in_town};
use super::network::Class;
use super::random::Stream;
use super::spots::{Spot, Spots, WeightedSpots};
use super::surface::Surface;
use crate::error::Result;

/// One incident record.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Index into [`CATEGORIES`].
    pub category: usize,
    /// Call answered.
    pub answered: i64,
    /// Incident opened.
    pub reported: i64,
    /// First unit sent.
    pub dispatched: Option<i64>,
    /// First unit there.
    pub arrived: Option<i64>,
    /// Incident closed.
    pub closed: i64,
    /// When this version of the record was made.
    pub recorded: i64,
    /// Grade at the start, 1-4.
    pub grade_initial: u8,
    /// Grade at the end, 1-4.
    pub grade_final: u8,
    /// 999, 101, officer, online or desk.
    pub origin: &'static str,
    /// Domestic risk: high, medium, standard or empty.
    pub dv_risk: &'static str,
    /// Number of the person it is about.
    pub person: Option<u32>,
    /// Closing code.
    pub closing_code: &'static str,
    /// Cancelled before anybody went.
    pub cancelled: bool,
    /// Whether somebody must have gone.
    pub must_attend: bool,
    /// Units sent.
    pub units: u8,
    /// Where.
    pub spot: Spot,
}

/// The draw of places and times.
struct Scene<'a> {
    surface: &'a Surface,
    spots: &'a Spots,
    island: &'a Island,
    people: WeightedSpots,
    main_roads: WeightedSpots,
    town: WeightedSpots,
    clocks: Vec<WeekClock>,
}

impl<'a> Scene<'a> {
    fn new(surface: &'a Surface, spots: &'a Spots, island: &'a Island) -> Self {
        // Roads are denser where more people live, so a road point needs only a mild weight of its own.
        let density = |s: &Spot| island.parish(s.at).map_or(1.0, |p| p.people_per_km2.sqrt());
        let even = [1.0, 1.0, 1.0, 1.02, 1.1, 1.12, 1.0];
        Self {
            surface,
            spots,
            island,
            people: WeightedSpots::new(spots, density),
            main_roads: WeightedSpots::new(spots, |s| match s.class {
                Class::Main => 10.0,
                Class::Secondary => 4.0,
                Class::Minor => 0.6,
                Class::Lane => 0.3,
            }),
            town: WeightedSpots::new(spots, |s| f64::from(u8::from(in_town(s.at)))),
            clocks: CATEGORIES.iter().map(|c| WeekClock::new(c.hours, &even).with_night_economy(c.nightlife)).collect(),
        }
    }

    fn place(&self, place: Where, at: i64, stream: &mut Stream) -> Result<Spot> {
        match place {
            Where::MainRoads => self.main_roads.draw(self.island, stream),
            Where::Town => self.town.draw(self.island, stream),
            Where::People(at_hotspots) => {
                if stream.chance(f64::from(at_hotspots) / 100.0) {
                    let (on, night) = (wall_date(at), by_night(at));
                    let near: Vec<_> = self.surface.hotspots.iter().filter(|h| h.night == night).collect();
                    let shares: Vec<f64> = near.iter().map(|h| h.share_on(on)).collect();
                    if let Some(hotspot) = near.get(stream.weighted(&shares)) {
                        return self.spots.draw(hotspot.cell, self.island, stream);
                    }
                }
                self.people.draw(self.island, stream)
            }
        }
    }
}

/// Makes all incidents in order of the call, and tells each crime its incident.
///
/// # Errors
/// `Bug` if the island has no roads.
pub fn make(
    span: &Span,
    scale: f64,
    disorder_step: Option<Step>,
    crimes: &mut [Crime],
    place: (&Surface, &Spots, &Island),
    seed: u64,
) -> Result<Vec<Incident>> {
    let mut stream = Stream::new(seed, "incidents");
    let scene = Scene::new(place.0, place.1, place.2);
    let mut monthly = |mean: f64, season, step| quotas(span, mean * scale, season, step, &mut stream);
    let totals = monthly(MONTHLY, &MILD, None);
    let attended = monthly(COLLISIONS_ATTENDED, CATEGORIES[COLLISIONS].season, None);
    let high_risk = monthly(HIGH_RISK, &MILD, None);
    let by_category: Vec<Vec<usize>> = CATEGORIES
        .iter()
        .enumerate()
        .map(|(i, c)| match i {
            COLLISIONS => monthly(c.monthly - COLLISIONS_ATTENDED, c.season, None),
            DISORDER => monthly(c.monthly, c.season, disorder_step),
            _ => monthly(c.monthly, c.season, None),
        })
        .collect();

    let mut rows: Vec<Incident> = Vec::with_capacity(totals.iter().sum());
    let mut next_crime = 0;
    let mut latest_incident = None;
    for (index, month) in span.months.iter().enumerate() {
        let month_first = rows.len();
        let mut linked = [0_usize; 13];
        let month_end = at_wall(month.start, 0) + month.days * DAY_S;
        while next_crime < crimes.len() && (crimes[next_crime].reported < month_end || index + 1 == span.months.len()) {
            let crime = &mut crimes[next_crime];
            if let Some(category) = category_of(crime.came, &linked, index, &by_category) {
                linked[category] += 1;
                crime.incident = Some(rows.len());
                rows.push(start(category, crime.reported, crime.spot, &mut stream));
            } else if crime.came == Came::Second {
                crime.incident = latest_incident;
            }
            latest_incident = crime.incident;
            next_crime += 1;
        }
        for (category, counts) in by_category.iter().enumerate().filter(|(c, _)| *c != OTHER) {
            let wanted = match category {
                COLLISIONS => counts[index] + attended[index],
                REPORTS => counts[index],
                _ => counts[index].saturating_sub(linked[category]),
            };
            for number in 0..wanted {
                let mut incident = draw(category, month, &scene, &mut stream)?;
                incident.must_attend = category == COLLISIONS && number < attended[index];
                rows.push(incident);
            }
        }
        let so_far = rows.len() - month_first;
        for _ in so_far..totals[index] {
            rows.push(draw(OTHER, month, &scene, &mut stream)?);
        }
        grade_domestic_risk(&mut rows[month_first..], high_risk[index], &mut stream);
    }
    Ok(in_order(rows, crimes))
}

/// The category of the incident by which a crime came, unless the month's share of such incidents is used up.
fn category_of(came: Came, linked: &[usize; 13], month: usize, by_category: &[Vec<usize>]) -> Option<usize> {
    let wanted = match came {
        Came::Report => REPORTS,
        Came::Domestic => DOMESTIC,
        Came::Disorder => DISORDER,
        Came::Licensed => LICENSED,
        Came::Second | Came::Direct => return None,
    };
    let room = wanted == REPORTS || linked[wanted] * 10 < by_category[wanted][month] * 7;
    Some(if room { wanted } else { REPORTS })
}

fn draw(category: usize, month: &Month, scene: &Scene<'_>, stream: &mut Stream) -> Result<Incident> {
    let at = scene.clocks[category].draw(month, stream);
    let spot = scene.place(CATEGORIES[category].place, at, stream)?;
    Ok(start(category, at, spot, stream))
}

/// The incident as the call taker leaves it; the response is filled in later.
fn start(category: usize, reported: i64, spot: Spot, stream: &mut Stream) -> Incident {
    let kind = &CATEGORIES[category];
    let officer = matches!(kind.code, "traffic" | "suspicious" | "other") && stream.chance(0.12);
    let grade = if officer { 3 } else { stream.weighted(&kind.grades) as u8 + 1 };
    let origin = match grade {
        _ if officer => "officer",
        1 => stream.code(&[("999", 82.0), ("101", 18.0)]),
        2 => stream.code(&[("999", 6.0), ("101", 90.0), ("desk", 4.0)]),
        3 => stream.code(&[("999", 1.0), ("101", 86.0), ("online", 5.0), ("desk", 8.0)]),
        _ => stream.code(&[("101", 62.0), ("online", 22.0), ("desk", 16.0)]),
    };
    let entry = if matches!(origin, "999" | "101") { stream.seconds(5, 40) } else { 0 };
    let person = match kind.code {
        "missing-person" if stream.chance(0.38) => Some(stream.below(24) as u32),
        "missing-person" => Some(100 + stream.below(60_000) as u32),
        "domestic" => Some(200_000 + (stream.exponential(350.0) as u32).min(40_000)),
        "mental-health" | "concern-for-welfare" if stream.chance(0.6) => {
            Some(300_000 + (stream.exponential(700.0) as u32).min(60_000))
        }
        _ => None,
    };
    Incident {
        category,
        answered: reported - entry,
        reported,
        dispatched: None,
        arrived: None,
        closed: reported,
        recorded: reported,
        grade_initial: grade,
        grade_final: grade,
        origin,
        dv_risk: "",
        person,
        closing_code: stream.code(kind.closings),
        cancelled: false,
        must_attend: false,
        units: 0,
        spot,
    }
}

/// Marks the wanted number of the month's domestic incidents high risk, the rest medium or standard.
fn grade_domestic_risk(rows: &mut [Incident], high: usize, stream: &mut Stream) {
    let mut domestic: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].category == DOMESTIC).collect();
    for last in (1..domestic.len()).rev() {
        domestic.swap(last, stream.below(last + 1));
    }
    for (place, index) in domestic.into_iter().enumerate() {
        let row = &mut rows[index];
        row.dv_risk = if place < high { "high" } else { stream.code(&[("medium", 40.0), ("standard", 60.0)]) };
        if place < high {
            row.must_attend = true;
            if row.grade_initial > 2 {
                row.grade_initial = 2;
                row.grade_final = 2;
            }
        }
    }
}

/// Sorts by the call and keeps the crimes' references right.
fn in_order(rows: Vec<Incident>, crimes: &mut [Crime]) -> Vec<Incident> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| (rows[*i].answered, *i));
    let mut place_of = vec![0; rows.len()];
    for (place, index) in order.iter().enumerate() {
        place_of[*index] = place;
    }
    for crime in crimes {
        crime.incident = crime.incident.and_then(|i| place_of.get(i).copied());
    }
    let mut slots: Vec<Option<Incident>> = rows.into_iter().map(Some).collect();
    order.into_iter().filter_map(|i| slots[i].take()).collect()
}

/// The months of the incidents by the call, counted by a test of each row; in order of month.
pub fn by_month(span: &Span, rows: &[Incident], keep: impl Fn(&Incident) -> bool) -> Vec<usize> {
    let starts: Vec<NaiveDate> = span.months.iter().map(|m| m.start).collect();
    let mut counts = vec![0; starts.len()];
    for row in rows.iter().filter(|r| keep(r)) {
        let on = wall_date(row.answered);
        let month = starts.partition_point(|s| *s <= on).saturating_sub(1);
        if let Some(count) = counts.get_mut(month) {
            *count += 1;
        }
    }
    counts
}
