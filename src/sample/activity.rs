//! What the police do unasked, and what they count at month end: stop checks, road traffic offences, stocks.

use std::path::Path;

use chrono::{Duration, Timelike};

use super::calendar::{MILD, SUMMER, Span, WeekClock, at_wall, is_day, quotas, wall_date, wall_text};
use super::crimes::{LATE_INCIDENTS, by_night, recorded_at};
use super::geography::{Island, in_town};
use super::network::Class;
use super::random::Stream;
use super::spots::{Spots, WeightedSpots};
use super::surface::Surface;
use super::write::{Rows, Written, lat_lon};
use crate::error::Result;

/// Stop checks a month at scale 1.
pub const STOPS_MONTHLY: f64 = 350.0;
/// Road traffic offences a month at scale 1.
pub const OFFENCES_MONTHLY: f64 = 285.0;

const PATROL_HOURS: [f64; 24] = [
    5.0, 5.0, 4.0, 2.5, 1.5, 0.8, 0.8, 1.5, 2.5, 3.0, 3.4, 3.4, 3.2, 3.2, 3.6, 4.0, 4.2, 4.2, 4.0, 4.4, 5.0, 5.6, 6.0,
    5.8,
];
const ROAD_HOURS: [f64; 24] = [
    2.0, 1.6, 1.2, 0.8, 0.5, 0.6, 1.4, 4.8, 6.4, 5.2, 5.0, 5.0, 4.6, 4.8, 5.0, 5.6, 6.2, 6.0, 4.6, 3.8, 3.2, 3.0, 3.0,
    2.6,
];

/// Writes `stops.csv.gz`: a third at the planted hotspots of the hour, the rest in town and on main roads.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_stops(
    out: &Path,
    span: &Span,
    scale: f64,
    place: (&Surface, &Spots, &Island),
    seed: u64,
) -> Result<Written> {
    let (surface, spots, island) = place;
    let mut stream = Stream::new(seed, "stops");
    let anywhere = WeightedSpots::new(spots, |s| match s.class {
        Class::Main => 6.0,
        _ if in_town(s.at) => 6.0,
        Class::Secondary => 2.0,
        Class::Minor | Class::Lane => 0.5,
    });
    let clock = WeekClock::new(&PATROL_HOURS, &[1.0; 7]).with_night_economy(1.5);
    let mut times = Vec::new();
    for (month, count) in span.months.iter().zip(quotas(span, STOPS_MONTHLY * scale, &MILD, None, &mut stream)) {
        times.extend((0..count).map(|_| clock.draw(month, &mut stream)));
    }
    times.sort_unstable();
    let header = ["stop_id", "stopped_at", "recorded", "unit_id", "reason", "outcome", "lat", "lon"];
    let mut file = Rows::create(out, "stops.csv.gz", &header)?;
    for (number, at) in times.into_iter().enumerate() {
        let night = by_night(at);
        let spot = if stream.chance(0.33) {
            let near: Vec<_> = surface.hotspots.iter().filter(|h| h.night == night).collect();
            let shares: Vec<f64> = near.iter().map(|h| h.share_on(wall_date(at))).collect();
            let cell =
                near.get(stream.weighted(&shares)).map_or_else(|| surface.background_cell(&mut stream), |h| h.cell);
            spots.draw(cell, island, &mut stream)?
        } else {
            anywhere.draw(island, &mut stream)?
        };
        let reason = stream.code(&[
            ("road-traffic", 46.0),
            ("drugs", 24.0),
            ("public-order", 12.0),
            ("stolen-property", 9.0),
            ("intelligence", 6.0),
            ("weapon", 3.0),
        ]);
        let outcome = stream.code(&[
            ("no-further-action", 56.0),
            ("advice", 26.0),
            ("parish-hall-enquiry", 10.0),
            ("arrest", 5.0),
            ("seizure", 3.0),
        ]);
        let [lat, lon] = lat_lon(spot.at);
        file.add(&[
            format!("S{:07}", number + 1),
            wall_text(at),
            wall_text(recorded_at(span, at, &LATE_INCIDENTS, &mut stream)),
            unit_at(at, &mut stream),
            reason.to_owned(),
            outcome.to_owned(),
            lat,
            lon,
        ])?;
    }
    file.finish()
}

/// A unit of the shift: U01-U04 by day, U05-U08 by night.
fn unit_at(at: i64, stream: &mut Stream) -> String {
    let first = if is_day(super::calendar::wall_clock(at).hour()) { 1 } else { 5 };
    format!("U{:02}", first + stream.below(4))
}

/// Writes `offences.csv.gz`: road traffic offences along the main and secondary roads.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_offences(
    out: &Path,
    span: &Span,
    scale: f64,
    spots: &Spots,
    island: &Island,
    seed: u64,
) -> Result<Written> {
    let mut stream = Stream::new(seed, "offences");
    let roads = WeightedSpots::new(spots, |s| match s.class {
        Class::Main => 10.0,
        Class::Secondary => 4.0,
        Class::Minor => 0.8,
        Class::Lane => 0.2,
    });
    let clock = WeekClock::new(&ROAD_HOURS, &[1.0; 7]);
    let mut times = Vec::new();
    for (month, count) in span.months.iter().zip(quotas(span, OFFENCES_MONTHLY * scale, &SUMMER, None, &mut stream)) {
        times.extend((0..count).map(|_| clock.draw(month, &mut stream)));
    }
    times.sort_unstable();
    let header = ["offence_id", "offended_at", "recorded", "offence_type", "disposal", "lat", "lon"];
    let mut file = Rows::create(out, "offences.csv.gz", &header)?;
    for (number, at) in times.into_iter().enumerate() {
        let spot = roads.draw(island, &mut stream)?;
        let night = by_night(at);
        let kind = stream.code(&[
            ("speeding", 44.0),
            ("mobile-phone", 13.0),
            ("no-insurance", 10.0),
            ("seat-belt", 7.0),
            ("careless-driving", 8.0),
            ("vehicle-defect", 8.0),
            ("drink-or-drug-driving", if night { 14.0 } else { 1.5 }),
            ("no-licence", 3.0),
            ("red-light", 4.0),
        ]);
        let disposal = match kind {
            "drink-or-drug-driving" => "charged",
            _ => stream.code(&[
                ("parish-hall-enquiry", 52.0),
                ("words-of-advice", 28.0),
                ("written-warning", 12.0),
                ("charged", 8.0),
            ]),
        };
        let [lat, lon] = lat_lon(spot.at);
        file.add(&[
            format!("T{:07}", number + 1),
            wall_text(at),
            wall_text(recorded_at(span, at, &LATE_INCIDENTS, &mut stream)),
            kind.to_owned(),
            disposal.to_owned(),
            lat,
            lon,
        ])?;
    }
    file.finish()
}

/// The readings of one stock, one a month.
#[derive(Debug, Clone)]
pub struct Stock {
    /// Code.
    pub code: &'static str,
    /// Reading at the end of each month.
    pub readings: Vec<i64>,
}

/// Draws all stocks: people in care and offenders managed wander about their mean (and meet it within 1 %), followers
/// grow, staff stay within their budgeted numbers. Stocks do not grow with the scale.
pub fn stocks(span: &Span, seed: u64) -> Vec<Stock> {
    let mut stream = Stream::new(seed, "stocks");
    let months = span.months.len();
    let wander = |mean: f64, spread: f64, stream: &mut Stream| {
        let mut away = 0.0;
        let raw: Vec<f64> = (0..months)
            .map(|_| {
                away = 0.6 * away + spread * stream.normal();
                away
            })
            .collect();
        let middle = raw.iter().sum::<f64>() / months.max(1) as f64;
        raw.iter().map(|v| (mean + v - middle).round() as i64).collect()
    };
    let grow = |first: f64, monthly: f64, stream: &mut Stream| {
        let mut level = first;
        (0..months)
            .map(|_| {
                level += monthly * stream.between(0.4, 1.6);
                level.round() as i64
            })
            .collect()
    };
    let staff = |most: i64, stream: &mut Stream| (0..months).map(|_| most - stream.seconds(0, 5)).collect();
    vec![
        Stock { code: "victims-in-care", readings: wander(150.0, 6.0, &mut stream) },
        Stock { code: "sex-offenders-managed", readings: wander(77.0, 1.6, &mut stream) },
        Stock { code: "facebook-followers", readings: grow(22_050.0, 120.0, &mut stream) },
        Stock { code: "twitter-followers", readings: grow(9_020.0, 55.0, &mut stream) },
        Stock { code: "officers", readings: staff(208, &mut stream) },
        Stock { code: "civilian-staff", readings: staff(103, &mut stream) },
    ]
}

/// Writes `stocks.csv.gz`.
///
/// # Errors
/// `Input` if it cannot be written.
pub fn write_stocks(out: &Path, span: &Span, stocks: &[Stock]) -> Result<Written> {
    let mut file = Rows::create(out, "stocks.csv.gz", &["stock", "read_on", "value", "recorded"])?;
    for (index, month) in span.months.iter().enumerate() {
        let last = month.start + Duration::days(month.days - 1);
        for (place, stock) in stocks.iter().enumerate() {
            let value = stock.readings.get(index).copied().unwrap_or_default();
            let recorded = at_wall(last + Duration::days(1 + place as i64 % 3), 9 * 3600 + place as i64 * 60);
            file.add(&[stock.code.to_owned(), last.to_string(), value.to_string(), wall_text(recorded)])?;
        }
    }
    file.finish()
}

/// Mean of a stock's readings; `None` without any.
pub fn mean_reading(stock: &Stock) -> Option<f64> {
    let count = stock.readings.len();
    (count > 0).then(|| stock.readings.iter().sum::<i64>() as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stocks_meet_their_means() {
        let span = Span::new(2015, 3).unwrap();
        for seed in 1..=5 {
            let all = stocks(&span, seed);
            for (code, mean) in [("victims-in-care", 150.0), ("sex-offenders-managed", 77.0)] {
                let stock = all.iter().find(|s| s.code == code).unwrap();
                let realised = mean_reading(stock).unwrap();
                assert!((realised / mean - 1.0).abs() < 0.01, "{code} {realised}");
            }
            for (code, least) in [("facebook-followers", 22_000), ("twitter-followers", 9_000)] {
                let stock = all.iter().find(|s| s.code == code).unwrap();
                assert!(stock.readings[0] > least && stock.readings.is_sorted());
            }
        }
    }
}
