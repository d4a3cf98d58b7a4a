//! Roads as lines for the base map. Travel times come with patrol planning.

use geo_types::{Geometry, LineString};
use geojson::{FeatureCollection, GeoJson};

use crate::error::{Error, Result};
use crate::space::point::{Bounds, Point};

/// One stretch of road.
#[derive(Debug, Clone)]
pub struct Road {
    /// `main`, `secondary`, `minor`, `lane`, or what the file says.
    pub class: String,
    /// Its line, at least two points.
    pub line: Vec<Point>,
    bounds: Bounds,
}

/// The roads of a store.
#[derive(Debug, Clone, Default)]
pub struct RoadMap {
    roads: Vec<Road>,
}

impl RoadMap {
    /// Reads a GeoJSON collection of lines in WGS84 with a property `class`.
    ///
    /// # Errors
    /// `Input` if it is not GeoJSON, or a feature is not a line.
    ///
    /// # Example
    /// ```
    /// use vigie::space::roads::RoadMap;
    /// let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"class":"main"},
    ///     "geometry":{"type":"LineString","coordinates":[[-2.11,49.18],[-2.10,49.19]]}}]}"#;
    /// assert_eq!(RoadMap::from_geojson(text)?.len(), 1);
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn from_geojson(text: &str) -> Result<Self> {
        let document: GeoJson = text
            .parse()
            .map_err(|cause: geojson::Error| Error::input("the road file is not GeoJSON").with_cause(cause))?;
        let GeoJson::FeatureCollection(FeatureCollection { features, .. }) = document else {
            return Err(Error::input("the road file is not a FeatureCollection of lines"));
        };
        let mut roads = Vec::with_capacity(features.len());
        for (index, feature) in features.into_iter().enumerate() {
            let wrong = |message: &str| Error::input(message).at(format!("feature {}", index + 1));
            let class = match feature.properties.as_ref().and_then(|p| p.get("class")) {
                Some(serde_json::Value::String(class)) => class.clone(),
                _ => "minor".to_owned(),
            };
            let geometry = feature.geometry.ok_or_else(|| wrong("has no geometry"))?;
            let lines: Vec<LineString<f64>> = match Geometry::<f64>::try_from(geometry) {
                Ok(Geometry::LineString(line)) => vec![line],
                Ok(Geometry::MultiLineString(lines)) => lines.0,
                _ => return Err(wrong("is not a line")),
            };
            for line in lines {
                let line: Vec<Point> = line.0.iter().map(|c| Point { lat: c.y, lon: c.x }).collect();
                let bounds = Bounds::around(&line).ok_or_else(|| wrong("is a line without points"))?;
                roads.push(Road { class: class.clone(), line, bounds });
            }
        }
        Ok(Self { roads })
    }

    /// Number of stretches.
    pub fn len(&self) -> usize {
        self.roads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.roads.is_empty()
    }

    /// All stretches.
    pub fn iter(&self) -> impl Iterator<Item = &Road> {
        self.roads.iter()
    }

    /// Stretches that touch a box.
    pub fn within(&self, bounds: Bounds) -> impl Iterator<Item = &Road> {
        self.roads.iter().filter(move |road| road.bounds.touches(&bounds))
    }
}
