//! Coordinates as extracts write them → WGS84. The only place that sees proj4rs.
//!
//! | code | system | agrees with the published one to |
//! |---|---|---|
//! | `EPSG:4326` | latitude and longitude, WGS84 | exactly |
//! | `EPSG:27700` | British National Grid (OSGB36) | about 5 m, see below |
//! | `EPSG:3109` | Jersey Transverse Mercator (ETRS89) | better than 1 m |
//! | `EPSG:32601` to `32660`, `32701` to `32760` | UTM zones on WGS84, north and south | a millimetre |
//!
//! The British grid goes to WGS84 by the seven-parameter (Helmert) transformation that Ordnance Survey publishes in "A
//! guide to coordinate systems in Great Britain" (EPSG:1314): good to about 5 m over Great Britain. The exact one
//! (OSTN15) is a table of 15 MB, and a cell of resolution 11 is about 50 m across. ETRS89 is taken for WGS84: they
//! drift apart by 2.5 cm a year, 80 cm by now.

use std::fmt;
use std::ops::RangeInclusive;

use proj4rs::Proj;
use proj4rs::transform::transform;

use crate::error::{Error, Result};
use crate::space::point::Point;

const DEGREES: &str = "EPSG:4326";
const WGS84: &str = "+proj=longlat +datum=WGS84 +no_defs";
const BRITISH_GRID: &str = "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy \
    +towgs84=446.448,-125.157,542.06,0.15,0.247,0.842,-20.489 +units=m +no_defs";
const JERSEY: &str = "+proj=tmerc +lat_0=49.225 +lon_0=-2.135 +k=0.9999999 +x_0=40000 +y_0=70000 +ellps=GRS80 \
    +towgs84=0,0,0,0,0,0,0 +units=m +no_defs";

/// The system in which an extract gives positions: degrees, or metres east and north.
///
/// # Example
/// ```
/// use vigie::space::project::Crs;
/// let jersey = Crs::named("EPSG:3109")?;
/// let origin = jersey.to_point(40_000.0, 70_000.0).ok_or("no point")?;
/// assert!((origin.lat - 49.225).abs() < 1e-9 && (origin.lon + 2.135).abs() < 1e-9);
/// assert_eq!(jersey.to_point(530_000.0, 180_000.0), None, "that is in London on another grid");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Crs {
    code: String,
    /// Longitudes, or metres east: outside them nothing is a position.
    x: RangeInclusive<f64>,
    /// Latitudes, or metres north.
    y: RangeInclusive<f64>,
    /// From the system to WGS84; nothing for degrees.
    projection: Option<Box<(Proj, Proj)>>,
}

impl Crs {
    /// Latitude and longitude, WGS84.
    pub fn degrees() -> Self {
        Self { code: DEGREES.to_owned(), x: -180.0..=180.0, y: -90.0..=90.0, projection: None }
    }

    /// The system of a code such as `EPSG:27700`.
    ///
    /// # Errors
    /// `Input` that names the systems there are.
    pub fn named(code: &str) -> Result<Self> {
        let zone = |of: &str| {
            let digits =
                code.strip_prefix(of).filter(|rest| rest.len() == 2 && rest.bytes().all(|b| b.is_ascii_digit()));
            digits?.parse::<u8>().ok().filter(|zone| (1..=60).contains(zone))
        };
        if code == DEGREES {
            return Ok(Self::degrees());
        }
        let (definition, x, y) = if code == "EPSG:27700" {
            (BRITISH_GRID.to_owned(), 0.0..=700_000.0, 0.0..=1_300_000.0)
        } else if code == "EPSG:3109" {
            (JERSEY.to_owned(), 0.0..=80_000.0, 20_000.0..=100_000.0)
        } else if let Some(zone) = zone("EPSG:326") {
            (format!("+proj=utm +zone={zone} +datum=WGS84 +units=m +no_defs"), 0.0..=1_000_000.0, 0.0..=9_400_000.0)
        } else if let Some(zone) = zone("EPSG:327") {
            let definition = format!("+proj=utm +zone={zone} +south +datum=WGS84 +units=m +no_defs");
            (definition, 0.0..=1_000_000.0, 1_000_000.0..=10_000_000.0)
        } else {
            return Err(Error::input(format!(
                "`{code}` is not a system that is read; there are EPSG:4326 (degrees), EPSG:27700 (British grid), \
                 EPSG:3109 (Jersey), EPSG:32601 to 32660 and EPSG:32701 to 32760 (UTM zones)"
            )));
        };
        let system = |definition: &str| {
            Proj::from_proj_string(definition)
                .map_err(|cause| Error::bug(format!("the definition of {code} cannot be read")).with_cause(cause))
        };
        Ok(Self { code: code.to_owned(), x, y, projection: Some(Box::new((system(&definition)?, system(WGS84)?))) })
    }

    /// Its code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether it counts degrees of latitude and longitude rather than metres.
    pub fn is_degrees(&self) -> bool {
        self.projection.is_none()
    }

    /// Longitudes in degrees, or metres east, that can be positions.
    pub fn x_range(&self) -> &RangeInclusive<f64> {
        &self.x
    }

    /// Latitudes in degrees, or metres north, that can be positions.
    pub fn y_range(&self) -> &RangeInclusive<f64> {
        &self.y
    }

    /// The point of a longitude and a latitude, or of metres east and north; `None` outside the system's domain.
    #[inline]
    pub fn to_point(&self, x: f64, y: f64) -> Option<Point> {
        if !self.x.contains(&x) || !self.y.contains(&y) {
            return None;
        }
        match &self.projection {
            None => Some(Point { lat: y, lon: x }),
            Some(_) => self.unprojected(x, y),
        }
    }

    /// As [`Self::to_point`], of metres; apart, so that degrees are not kept waiting.
    fn unprojected(&self, x: f64, y: f64) -> Option<Point> {
        let (system, wgs84) = &**self.projection.as_ref()?;
        let mut place = (x, y);
        transform(system, wgs84, &mut place).ok()?;
        let point = Point { lat: place.1.to_degrees(), lon: place.0.to_degrees() };
        // What is not finite is in no range.
        let on_globe = (-90.0..=90.0).contains(&point.lat) && (-180.0..=180.0).contains(&point.lon);
        on_globe.then_some(point)
    }

    /// The longitude and latitude, or metres east and north, of a point; `None` outside the system's domain.
    pub fn from_point(&self, point: Point) -> Option<(f64, f64)> {
        let mut place = (point.lon, point.lat);
        if let Some(projection) = &self.projection {
            let (system, wgs84) = &**projection;
            place = (point.lon.to_radians(), point.lat.to_radians());
            transform(wgs84, system, &mut place).ok()?;
        }
        (self.x.contains(&place.0) && self.y.contains(&place.1)).then_some(place)
    }
}

impl fmt::Debug for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crs({})", self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::distance::great_circle_m;

    fn system(code: &str) -> Crs {
        Crs::named(code).unwrap()
    }

    fn dms(degrees: f64, minutes: f64, seconds: f64) -> f64 {
        degrees + minutes / 60.0 + seconds / 3600.0
    }

    /// Ordnance Survey, "A guide to coordinate systems in Great Britain", annex C: the projection alone, on the Airy
    /// 1830 ellipsoid.
    #[test]
    fn the_worked_example_of_the_british_grid() {
        let airy = Proj::from_proj_string("+proj=longlat +ellps=airy +no_defs").unwrap();
        let grid = Proj::from_proj_string(
            &BRITISH_GRID.replace("+towgs84=446.448,-125.157,542.06,0.15,0.247,0.842,-20.489 ", ""),
        );
        let mut place = (dms(1.0, 43.0, 4.5177).to_radians(), dms(52.0, 39.0, 27.2531).to_radians());
        transform(&airy, &grid.unwrap(), &mut place).unwrap();
        assert!((place.0 - 651_409.903).abs() < 0.001 && (place.1 - 313_177.270).abs() < 0.001, "{place:?}");
    }

    /// The same point from WGS84: by the Helmert transformation 52° 39′ 28.723″ N, 1° 42′ 57.787″ E; by the exact one
    /// (OSTN15, Caister water tower) 52.658007833, 1.716073973 is 651409.804, 313177.450.
    #[test]
    fn the_british_grid_is_good_to_five_metres() {
        let grid = system("EPSG:27700");
        let tower = grid.to_point(651_409.903, 313_177.270).unwrap();
        let helmert = Point { lat: dms(52.0, 39.0, 28.723), lon: dms(1.0, 42.0, 57.787) };
        assert!(great_circle_m(tower, helmert) < 0.1, "{tower:?}");
        let exact = Point { lat: 52.658_007_833, lon: 1.716_073_973 };
        let off = great_circle_m(grid.to_point(651_409.804, 313_177.450).unwrap(), exact);
        assert!((0.1..5.0).contains(&off), "{off} m");
    }

    /// From the manual of PROJ, page "utm": `echo 12 56 | proj +proj=utm +zone=32` and
    /// `echo 174 -44 | proj +proj=utm +zone=59 +south`.
    #[test]
    fn published_points_of_utm_zones() {
        for (code, x, y, lat, lon) in [
            ("EPSG:32632", 687_071.44, 6_210_141.33, 56.0, 12.0),
            ("EPSG:32759", 740_526.32, 5_123_750.87, -44.0, 174.0),
            ("EPSG:32631", 500_000.0, 0.0, 0.0, 3.0),
        ] {
            let point = system(code).to_point(x, y).unwrap();
            assert!(great_circle_m(point, Point { lat, lon }) < 0.01, "{code} {point:?}");
        }
    }

    /// By the series of the same guide's annex C with the parameters of EPSG:3109, computed apart from this program.
    #[test]
    fn points_of_the_jersey_grid() {
        for (lat, lon, x, y) in [
            (49.225, -2.135, 40_000.0, 70_000.0),
            (49.1868, -2.1067, 42_063.006, 65_752.022),
            (49.2079, -2.1955, 35_591.562, 68_100.004),
        ] {
            let found = system("EPSG:3109").from_point(Point { lat, lon }).unwrap();
            assert!((found.0 - x).abs() < 0.001 && (found.1 - y).abs() < 0.001, "{found:?}");
        }
    }

    #[test]
    fn there_and_back() {
        for (code, lats, lons) in [
            ("EPSG:4326", -89.0..89.0, -179.0..179.0),
            ("EPSG:27700", 50.0..60.0, -6.0..1.5),
            ("EPSG:3109", 49.0..49.4, -2.5..-1.9),
            ("EPSG:32630", 1.0..80.0, -6.0..0.0),
            ("EPSG:32701", -79.0..-1.0, -180.0..-174.0),
        ] {
            let crs = system(code);
            for step in 0..100 {
                let share = f64::from(step) / 99.0;
                let across = f64::from(step * 37 % 100) / 99.0;
                let point = Point {
                    lat: lats.start + share * (lats.end - lats.start),
                    lon: lons.start + across * (lons.end - lons.start),
                };
                let (x, y) = crs.from_point(point).unwrap();
                let back = crs.to_point(x, y).unwrap();
                assert!(great_circle_m(point, back) < 0.01, "{code} {point:?} {back:?}");
            }
        }
    }

    #[test]
    fn numbers_outside_the_domain_are_no_position() {
        for code in ["EPSG:4326", "EPSG:27700", "EPSG:3109", "EPSG:32630", "EPSG:32730"] {
            let crs = system(code);
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 1e8, -1e7] {
                assert_eq!(crs.to_point(bad, 70_000.0), None, "{code} {bad}");
                assert_eq!(crs.to_point(40_000.0, bad), None, "{code} {bad}");
            }
            // Whatever lies inside is a point on the globe.
            for (across, up) in (0..=20).flat_map(|across| (0..=20).map(move |up| (across, up))) {
                let at = |range: &RangeInclusive<f64>, step: i32| {
                    range.start() + (range.end() - range.start()) * f64::from(step) / 20.0
                };
                let point = crs.to_point(at(crs.x_range(), across), at(crs.y_range(), up));
                assert!(point.is_some_and(|p| p.lat.abs() <= 90.0 && p.lon.abs() <= 180.0), "{code} {across} {up}");
            }
        }
    }

    #[test]
    fn unknown_systems_are_named() {
        for code in ["EPSG:2154", "EPSG:32661", "EPSG:32600", "EPSG:3260", "EPSG:326001", "27700", "", "EPSG:326+3"] {
            let error = Crs::named(code).unwrap_err().to_string();
            assert!(error.contains("EPSG:27700"), "{code}: {error}");
        }
    }
}
