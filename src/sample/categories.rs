//! The incident categories: how many a month, when, where, how urgent.

use super::calendar::{FLAT, MILD, SUMMER};

/// Where incidents of a category happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Where people live, more in town, and by the given share of 100 at the planted crime hotspots.
    People(u8),
    /// On main and secondary roads.
    MainRoads,
    /// In the town's streets.
    Town,
}

/// One category.
pub struct Category {
    /// Code in the files.
    pub code: &'static str,
    /// Incidents a month at scale 1.
    pub monthly: f64,
    /// Season by month.
    pub season: &'static [f64; 12],
    /// Hours of the day.
    pub hours: &'static [f64; 24],
    /// How much more Friday and Saturday 21:00-04:00 weigh.
    pub nightlife: f64,
    /// Where.
    pub place: Where,
    /// Weights of the initial grades 1 to 4.
    pub grades: [f64; 4],
    /// Closing codes with weights.
    pub closings: &'static [(&'static str, f64)],
}

const ANY_HOUR: [f64; 24] = [
    3.0, 2.6, 2.2, 1.8, 1.5, 1.5, 1.8, 2.4, 3.2, 4.0, 4.4, 4.6, 4.7, 4.7, 4.8, 5.0, 5.2, 5.3, 5.2, 5.0, 4.8, 4.6, 4.2,
    3.6,
];
const EVENING: [f64; 24] = [
    4.5, 3.8, 2.8, 1.8, 1.0, 0.8, 0.7, 0.9, 1.3, 1.8, 2.2, 2.6, 3.0, 3.2, 3.6, 4.4, 5.2, 5.8, 6.4, 7.0, 7.4, 7.8, 7.4,
    6.0,
];
const TRAFFIC: [f64; 24] = [
    1.2, 0.9, 0.7, 0.5, 0.6, 1.0, 2.4, 6.0, 7.6, 5.4, 4.6, 4.8, 5.4, 5.2, 5.2, 6.4, 7.4, 8.0, 6.0, 4.4, 3.4, 2.8, 2.4,
    1.8,
];
const LATE: [f64; 24] = [
    8.0, 7.0, 5.0, 2.0, 0.5, 0.2, 0.1, 0.1, 0.2, 0.4, 0.6, 1.0, 1.6, 1.8, 1.8, 2.0, 2.4, 3.0, 3.6, 4.4, 5.6, 7.0, 8.4,
    9.0,
];

const GENERAL: &[(&str, f64)] =
    &[("RESOLVED", 46.0), ("ADVICE", 26.0), ("NO-TRACE", 14.0), ("REFERRED", 8.0), ("DUPLICATE", 2.0), ("ARREST", 4.0)];
const CARE: &[(&str, f64)] =
    &[("SAFE-AND-WELL", 48.0), ("REFERRED", 28.0), ("HOSPITAL", 12.0), ("ADVICE", 9.0), ("NO-TRACE", 3.0)];
const COLLISION: &[(&str, f64)] =
    &[("DAMAGE-ONLY", 62.0), ("SLIGHT-INJURY", 26.0), ("SERIOUS-INJURY", 3.0), ("ADVICE", 9.0)];
const CRIME: &[(&str, f64)] = &[("CRIME-RECORDED", 100.0)];

const fn category(
    code: &'static str,
    monthly: f64,
    season: &'static [f64; 12],
    hours: &'static [f64; 24],
    nightlife: f64,
    place: Where,
) -> Category {
    Category { code, monthly, season, hours, nightlife, place, grades: [4.0, 26.0, 44.0, 26.0], closings: GENERAL }
}

/// Anti-social behaviour.
pub const DISORDER: usize = 0;
/// Road traffic collisions.
pub const COLLISIONS: usize = 4;
/// Domestic incidents.
pub const DOMESTIC: usize = 5;
/// Crime reports: one for each crime that came so, and a few that turn out to be none.
pub const REPORTS: usize = 6;
/// Licensed premises.
pub const LICENSED: usize = 11;
/// Everything else: fills up to the month's total.
pub const OTHER: usize = 12;

/// All incidents a month at scale 1: 14,000 a year.
pub const MONTHLY: f64 = 14_000.0 / 12.0;
/// Collisions attended a month at scale 1; those in [`CATEGORIES`] beyond them are reported only.
pub const COLLISIONS_ATTENDED: f64 = 106.0;
/// High-risk domestic incidents a month at scale 1.
pub const HIGH_RISK: f64 = 22.0;

/// Every category, in the order of the constants above.
pub static CATEGORIES: [Category; 13] = [
    Category {
        grades: [6.0, 40.0, 40.0, 14.0],
        ..category("antisocial-behaviour", 150.0, &SUMMER, &EVENING, 2.2, Where::People(30))
    },
    Category {
        grades: [20.0, 55.0, 20.0, 5.0],
        closings: CARE,
        ..category("concern-for-welfare", 62.0, &MILD, &ANY_HOUR, 1.0, Where::People(0))
    },
    Category {
        grades: [24.0, 56.0, 18.0, 2.0],
        closings: CARE,
        ..category("mental-health", 43.0, &FLAT, &ANY_HOUR, 1.0, Where::People(2))
    },
    Category {
        grades: [18.0, 62.0, 20.0, 0.0],
        closings: CARE,
        ..category("missing-person", 43.0, &MILD, &EVENING, 1.0, Where::People(0))
    },
    Category {
        grades: [30.0, 48.0, 22.0, 0.0],
        closings: COLLISION,
        ..category("road-traffic-collision", 118.0, &SUMMER, &TRAFFIC, 1.0, Where::MainRoads)
    },
    Category {
        grades: [38.0, 46.0, 16.0, 0.0],
        closings: &[("RESOLVED", 30.0), ("REFERRED", 40.0), ("ARREST", 18.0), ("ADVICE", 12.0)],
        ..category("domestic", 90.0, &MILD, &EVENING, 1.4, Where::People(5))
    },
    Category {
        grades: [7.0, 30.0, 38.0, 25.0],
        closings: CRIME,
        ..category("crime-report", 8.0, &MILD, &ANY_HOUR, 1.0, Where::People(10))
    },
    Category {
        grades: [12.0, 46.0, 32.0, 10.0],
        ..category("suspicious", 100.0, &MILD, &EVENING, 1.1, Where::People(15))
    },
    Category {
        grades: [22.0, 52.0, 26.0, 0.0],
        closings: &[("FALSE-ALARM", 80.0), ("RESOLVED", 14.0), ("NO-TRACE", 6.0)],
        ..category("alarm", 45.0, &FLAT, &ANY_HOUR, 1.0, Where::People(15))
    },
    category("public-assistance", 110.0, &SUMMER, &ANY_HOUR, 1.0, Where::People(5)),
    Category {
        grades: [4.0, 30.0, 46.0, 20.0],
        ..category("traffic", 120.0, &SUMMER, &TRAFFIC, 1.0, Where::MainRoads)
    },
    Category {
        grades: [16.0, 54.0, 30.0, 0.0],
        ..category("licensed-premises", 35.0, &SUMMER, &LATE, 3.0, Where::Town)
    },
    category("other", 0.0, &MILD, &ANY_HOUR, 1.0, Where::People(2)),
];
