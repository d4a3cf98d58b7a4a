//! The island: its coast, its parishes with their people, the town, and a flat projection in metres.

use serde_json::Value;

use crate::error::{Error, Result};

const COASTLINE: &str = include_str!("../../data-samples/geo/coastline.geojson");
const PARISHES: &str = include_str!("../../data-samples/geo/parishes.geojson");
const PARISH_PEOPLE: &str = include_str!("../../data-samples/geo/parishes_reference.csv");

/// Metres in one degree of latitude on the mean sphere.
const METRES_A_DEGREE: f64 = 111_195.08;
/// Origin of the flat projection, about the middle of the island.
const ORIGIN: LatLon = LatLon { lat: 49.215, lon: -2.13 };

/// A WGS84 position in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatLon {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
}

impl LatLon {
    /// A position in degrees.
    pub const fn new(lat: f64, lon: f64) -> Self {
        Self { lat, lon }
    }

    /// Rounded to the six decimals that the files carry (about 0.1 m).
    #[must_use]
    pub fn rounded(self) -> Self {
        Self { lat: (self.lat * 1e6).round() / 1e6, lon: (self.lon * 1e6).round() / 1e6 }
    }

    /// On the flat projection.
    pub fn metres(self) -> Metres {
        Metres {
            east: (self.lon - ORIGIN.lon) * METRES_A_DEGREE * ORIGIN.lat.to_radians().cos(),
            north: (self.lat - ORIGIN.lat) * METRES_A_DEGREE,
        }
    }
}

/// A position in metres east and north of the middle of the island (equirectangular; within 0.1 % on the island).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metres {
    /// Metres east.
    pub east: f64,
    /// Metres north.
    pub north: f64,
}

impl Metres {
    /// Straight-line distance in metres.
    pub fn distance(self, other: Metres) -> f64 {
        (self.east - other.east).hypot(self.north - other.north)
    }

    /// The point a share of the way to another.
    #[must_use]
    pub fn towards(self, other: Metres, share: f64) -> Metres {
        Metres {
            east: self.east + (other.east - self.east) * share,
            north: self.north + (other.north - self.north) * share,
        }
    }

    /// Back to degrees.
    pub fn lat_lon(self) -> LatLon {
        LatLon {
            lat: ORIGIN.lat + self.north / METRES_A_DEGREE,
            lon: ORIGIN.lon + self.east / (METRES_A_DEGREE * ORIGIN.lat.to_radians().cos()),
        }
    }
}

/// The middle of St Helier.
pub const TOWN_CENTRE: LatLon = LatLon::new(49.1857, -2.1075);

/// The town as the sample understands it: about 1.5 square kilometres of St Helier, all of it on land.
pub const TOWN: [LatLon; 10] = [
    LatLon::new(49.1858, -2.1100),
    LatLon::new(49.1893, -2.1155),
    LatLon::new(49.1925, -2.1130),
    LatLon::new(49.1925, -2.1040),
    LatLon::new(49.1890, -2.0975),
    LatLon::new(49.1835, -2.0958),
    LatLon::new(49.1790, -2.0985),
    LatLon::new(49.1775, -2.1050),
    LatLon::new(49.1782, -2.1085),
    LatLon::new(49.1838, -2.1092),
];

/// Whether a position lies in the town polygon.
pub fn in_town(at: LatLon) -> bool {
    inside(&TOWN, at)
}

/// Even-odd rule over a ring; the ring need not repeat its first point.
fn inside(ring: &[LatLon], at: LatLon) -> bool {
    let mut within = false;
    let mut previous = match ring.last() {
        Some(last) => *last,
        None => return false,
    };
    for corner in ring {
        if (corner.lat > at.lat) != (previous.lat > at.lat) {
            let slope = (previous.lon - corner.lon) / (previous.lat - corner.lat);
            if at.lon < corner.lon + slope * (at.lat - corner.lat) {
                within = !within;
            }
        }
        previous = *corner;
    }
    within
}

/// One parish.
#[derive(Debug, Clone)]
pub struct Parish {
    /// Two-digit code.
    pub code: String,
    /// People a square kilometre, from the reference file's population and area.
    pub people_per_km2: f64,
    centre: LatLon,
    rings: Vec<Vec<LatLon>>,
}

/// The main island with its parishes.
#[derive(Debug, Clone)]
pub struct Island {
    coast: Vec<LatLon>,
    /// Parishes in order of code.
    pub parishes: Vec<Parish>,
}

impl Island {
    /// Reads the geography that ships with the crate.
    ///
    /// # Errors
    /// `Bug` if an embedded file does not have the expected shape.
    pub fn load() -> Result<Self> {
        let coast = features(COASTLINE, "coastline.geojson")?
            .iter()
            .map(feature_ring)
            .max_by_key(Vec::len)
            .filter(|ring| ring.len() > 100)
            .ok_or_else(|| Error::bug("coastline.geojson holds no main island"))?;
        let mut parishes = Vec::new();
        for feature in features(PARISHES, "parishes.geojson")? {
            let code = text_of(&feature, "parish_code");
            let row = PARISH_PEOPLE
                .lines()
                .map(|line| line.split(',').collect::<Vec<_>>())
                .find(|columns| columns.first() == Some(&code.as_str()))
                .ok_or_else(|| Error::bug(format!("parishes_reference.csv has no row for parish {code}")))?;
            let number = |column: usize| row.get(column).and_then(|t| t.trim().parse::<f64>().ok());
            let (Some(people), Some(area), Some(lat), Some(lon)) = (number(2), number(3), number(4), number(5)) else {
                return Err(Error::bug(format!("parishes_reference.csv: parish {code} lacks a number")));
            };
            parishes.push(Parish {
                people_per_km2: people / area,
                centre: LatLon { lat, lon },
                rings: vec![feature_ring(&feature)],
                code,
            });
        }
        parishes.sort_by(|a, b| a.code.cmp(&b.code));
        if parishes.len() != 12 {
            return Err(Error::bug(format!("expected 12 parishes, found {}", parishes.len())));
        }
        Ok(Self { coast, parishes })
    }

    /// Whether a position is on the main island.
    pub fn on_land(&self, at: LatLon) -> bool {
        inside(&self.coast, at)
    }

    /// Whether the straight line between two points stays on land, looked at every 20 m.
    pub fn line_on_land(&self, from: Metres, to: Metres) -> bool {
        let steps = (from.distance(to) / 20.0).ceil().max(1.0) as usize;
        (0..=steps).all(|i| self.on_land(from.towards(to, i as f64 / steps as f64).lat_lon()))
    }

    /// South-west and north-east corner of the main island.
    pub fn bounds(&self) -> (LatLon, LatLon) {
        let mut low = LatLon { lat: 90.0, lon: 180.0 };
        let mut high = LatLon { lat: -90.0, lon: -180.0 };
        for point in &self.coast {
            low = LatLon { lat: low.lat.min(point.lat), lon: low.lon.min(point.lon) };
            high = LatLon { lat: high.lat.max(point.lat), lon: high.lon.max(point.lon) };
        }
        (low, high)
    }

    /// The parish of a position; off every outline, the parish with the nearest centre.
    pub fn parish(&self, at: LatLon) -> Option<&Parish> {
        let here = at.metres();
        self.parishes.iter().find(|p| p.rings.iter().any(|ring| inside(ring, at))).or_else(|| {
            let away = |p: &Parish| p.centre.metres().distance(here);
            self.parishes.iter().min_by(|a, b| away(a).total_cmp(&away(b)))
        })
    }
}

fn features(text: &str, file: &str) -> Result<Vec<Value>> {
    let parsed: Value = serde_json::from_str(text)
        .map_err(|cause| Error::bug(format!("{file} in the program is not JSON")).with_cause(cause))?;
    parsed["features"].as_array().cloned().ok_or_else(|| Error::bug(format!("{file} in the program has no features")))
}

fn text_of(feature: &Value, key: &str) -> String {
    feature["properties"][key].as_str().unwrap_or_default().to_owned()
}

/// Outer ring of a Polygon.
fn feature_ring(feature: &Value) -> Vec<LatLon> {
    let corner = |p: &Value| Some(LatLon { lon: p[0].as_f64()?, lat: p[1].as_f64()? });
    feature["geometry"]["coordinates"][0]
        .as_array()
        .map(|ring| ring.iter().filter_map(corner).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_town_is_on_land_inside_st_helier() {
        let island = Island::load().unwrap();
        for corner in TOWN {
            assert!(island.on_land(corner), "{corner:?}");
            assert_eq!(island.parish(corner).unwrap().code, "04", "{corner:?}");
        }
        assert!(in_town(TOWN_CENTRE));
        assert!(!island.on_land(LatLon::new(49.1, -2.1)));
    }

    #[test]
    fn the_projection_goes_there_and_back() {
        let here = LatLon::new(49.1921, -2.0442);
        let back = here.metres().lat_lon();
        assert!((back.lat - here.lat).abs() < 1e-9 && (back.lon - here.lon).abs() < 1e-9);
    }

    #[test]
    fn the_town_file_is_the_town_of_the_code() {
        let file = features(include_str!("../../data-samples/geo/town.geojson"), "town.geojson").unwrap();
        let ring = feature_ring(&file[0]);
        assert_eq!(ring[..10], TOWN);
    }
}
