//! Planted hotspots of crime: what kind, in which cell, how strong, when.

use chrono::{Duration, NaiveDate};

use super::calendar::{FLAT, Span};
use super::cells::{cell_of, centre, corners};
use super::geography::{Island, LatLon, in_town};
use super::random::Stream;
use super::spots::Spots;
use crate::error::{Error, Result};
use crate::space::Cell;

/// What a hotspot is like: it decides the crimes and the hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Shops in town.
    Retail,
    /// A shopping precinct outside town.
    Precinct,
    /// Pubs and clubs of the town, Friday and Saturday night.
    NightEconomy,
    /// A housing estate.
    Estate,
    /// A beach and its car park, in summer.
    Beach,
    /// A harbour or village with pubs.
    Harbour,
    /// A village.
    Village,
}

impl Kind {
    /// Name in `truth.json`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Retail => "retail",
            Kind::Precinct => "precinct",
            Kind::NightEconomy => "night-time-economy",
            Kind::Estate => "housing-estate",
            Kind::Beach => "beach-in-summer",
            Kind::Harbour => "harbour",
            Kind::Village => "village",
        }
    }
}

/// Whether a hotspot lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Through the whole period.
    Lasting,
    /// From ten weeks before the end.
    Emerging,
    /// Until a year before the end, weaker from year to year.
    Fading,
}

/// One planted hotspot: one cell whose crime is raised in one daypart.
#[derive(Debug, Clone)]
pub struct Hotspot {
    /// Name for people.
    pub name: &'static str,
    /// What it is like.
    pub kind: Kind,
    /// By night (19:00-07:00) or by day.
    pub night: bool,
    /// The raised cell.
    pub cell: Cell,
    /// Share of the daypart's crimes while it is active, before season.
    pub share: f64,
    /// Multiple of the share by month of year.
    pub season: [f64; 12],
    /// Lasting, emerging or fading.
    pub course: Course,
    /// First active day.
    pub from: NaiveDate,
    /// Day after the last active one.
    pub to: NaiveDate,
}

impl Hotspot {
    /// Share of the daypart's crimes on a date.
    pub fn share_on(&self, on: NaiveDate) -> f64 {
        use chrono::Datelike;
        if on < self.from || on >= self.to {
            return 0.0;
        }
        let left = (self.to - on).num_days() as f64 / (self.to - self.from).num_days().max(1) as f64;
        let fade = if self.course == Course::Fading { 0.4 + 0.6 * left } else { 1.0 };
        self.share * fade * self.season[on.month0() as usize]
    }
}

/// Summer only, with a mean of 1 over the year.
const BEACH_SEASON: [f64; 12] = [0.15, 0.15, 0.3, 0.6, 1.3, 2.0, 2.7, 2.7, 1.2, 0.5, 0.2, 0.2];

/// A place a hotspot may be planted near.
struct Site {
    name: &'static str,
    kind: Kind,
    at: LatLon,
}

const fn site(name: &'static str, kind: Kind, lat: f64, lon: f64) -> Site {
    Site { name, kind, at: LatLon::new(lat, lon) }
}

const ESTATES: [Site; 4] = [
    site("Estate east of town", Kind::Estate, 49.1770, -2.0760),
    site("Estate in the valley", Kind::Estate, 49.2010, -2.0930),
    site("Estate in the west", Kind::Estate, 49.1905, -2.2160),
    site("Estate at the crossroads", Kind::Estate, 49.1990, -2.0700),
];
const BEACHES: [Site; 3] = [
    site("Beach of the west", Kind::Beach, 49.2200, -2.2200),
    site("Beach of the south", Kind::Beach, 49.1860, -2.2050),
    site("Beach of the east", Kind::Beach, 49.1900, -2.0350),
];
const HARBOURS: [Site; 4] = [
    site("Shore road west of town", Kind::Harbour, 49.1955, -2.1300),
    site("Harbour village of the south", Kind::Harbour, 49.1890, -2.1700),
    site("Harbour village of the east", Kind::Harbour, 49.1985, -2.0310),
    site("Crossroads of the west", Kind::Harbour, 49.1862, -2.1960),
];
const VILLAGES: [Site; 5] = [
    site("Village of the north", Kind::Village, 49.2345, -2.0930),
    site("Village on the hill", Kind::Village, 49.2440, -2.1350),
    site("Village of the north-east", Kind::Village, 49.2177, -2.0516),
    site("Village by the airport", Kind::Village, 49.2128, -2.1837),
    site("Village of the north-west", Kind::Village, 49.2364, -2.1716),
];

/// Least metres between two hotspots of one daypart (four steps of cells): their neighbourhoods then share no cell.
const APART_M: f64 = 1200.0;
/// Least metres between hotspots of different dayparts, so that neither is the other.
const OTHER_DAYPART_M: f64 = 550.0;
/// How far from its place a hotspot may be planted, in metres.
const NEAR_M: f64 = 1400.0;

/// Plants four lasting hotspots a daypart, one emerging by night and (in samples of two years or more) one fading by
/// day.
///
/// # Errors
/// `Bug` if the road network leaves no room.
pub fn plant(span: &Span, spots: &Spots, island: &Island, seed: u64) -> Result<Vec<Hotspot>> {
    let mut stream = Stream::new(seed, "hotspots");
    let mut planted: Vec<Hotspot> = Vec::new();
    let mut estates = shuffled(&ESTATES, &mut stream);
    let villages = shuffled(&VILLAGES, &mut stream);
    let harbours = shuffled(&HARBOURS, &mut stream);
    let beaches = shuffled(&BEACHES, &mut stream);
    let precinct = site("Precinct in the west", Kind::Precinct, 49.1862, -2.1975);
    let retail = site("Shops in town", Kind::Retail, 49.1890, -2.1060);
    let nightlife = site("Nightlife in town", Kind::NightEconomy, 49.1815, -2.1030);
    let night_estate = estates.split_off(2);
    let lasting = [
        (false, 0.105, vec![&retail]),
        (false, 0.085, vec![&precinct]),
        (false, 0.080, estates),
        (false, 0.080, beaches),
        (true, 0.115, vec![&nightlife]),
        (true, 0.085, night_estate),
        (true, 0.080, harbours.clone()),
        (true, 0.080, harbours),
    ];
    for (night, share, sites) in lasting {
        let (site, cell) = first_free(&sites, night, &planted, spots, island)?;
        let season = if site.kind == Kind::Beach { BEACH_SEASON } else { FLAT };
        let (name, kind, course) = (site.name, site.kind, Course::Lasting);
        planted.push(Hotspot { name, kind, night, cell, share, season, course, from: span.from, to: span.to });
    }
    let ten_weeks = span.to - Duration::days(70);
    let (site, cell) = first_free(&villages, true, &planted, spots, island)?;
    let (name, kind) = (site.name, site.kind);
    planted.push(Hotspot {
        name,
        kind,
        night: true,
        cell,
        share: 0.075,
        season: FLAT,
        course: Course::Emerging,
        from: ten_weeks,
        to: span.to,
    });
    let year_before = span.to - Duration::days(365);
    if year_before - span.from > Duration::days(300) {
        let (site, cell) = first_free(&villages, false, &planted, spots, island)?;
        let (name, kind) = (site.name, site.kind);
        planted.push(Hotspot {
            name,
            kind,
            night: false,
            cell,
            share: 0.085,
            season: FLAT,
            course: Course::Fading,
            from: span.from,
            to: year_before,
        });
    }
    Ok(planted)
}

fn shuffled<'a>(sites: &'a [Site], stream: &mut Stream) -> Vec<&'a Site> {
    let mut order: Vec<&Site> = sites.iter().collect();
    for last in (1..order.len()).rev() {
        order.swap(last, stream.below(last + 1));
    }
    order
}

/// The first site with a free cell near it, and that cell: roads inside, its whole neighbourhood on land, far enough
/// from the other hotspots of the daypart (and, for a village, from all of them).
fn first_free<'a>(
    sites: &[&'a Site],
    night: bool,
    planted: &[Hotspot],
    spots: &Spots,
    island: &Island,
) -> Result<(&'a Site, Cell)> {
    for site in sites {
        let town_only = matches!(site.kind, Kind::Retail | Kind::NightEconomy);
        let start = cell_of(site.at)?;
        let mut near: Vec<Cell> = spots.cells.iter().copied().filter(|c| start.distance_m(*c) <= NEAR_M).collect();
        let here = site.at.metres();
        let away = |c: &Cell| centre(*c).metres().distance(here);
        near.sort_by(|a, b| away(a).total_cmp(&away(b)));
        for cell in near {
            let roads = spots.of(cell).len() >= 10;
            let land = cell.disk(1).iter().all(|c| island.on_land(centre(*c)));
            let town = !town_only || corners(cell).iter().all(|p| in_town(*p));
            let apart = planted.iter().all(|other| {
                let same = other.night == night || site.kind == Kind::Village;
                other.cell.distance_m(cell) >= if same { APART_M } else { OTHER_DAYPART_M }
            });
            let unused = planted.iter().all(|other| other.name != site.name);
            if roads && land && town && apart && unused {
                return Ok((site, cell));
            }
        }
    }
    Err(Error::bug("no room for a planted hotspot"))
}
