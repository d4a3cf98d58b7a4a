//! The geography of a store: areas with names, the declared study area, roads and coast for the base map.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::App;
use crate::config::StudyAreaChoice;
use crate::error::{Error, Result};
use crate::space::areas::Areas;
use crate::space::roads::RoadMap;
use crate::space::study_area::StudyArea;

/// Boundaries, and roads once they are wanted: only pictures and the base map draw them, and they are long to read.
#[derive(Debug)]
pub struct Places {
    parishes: Option<Arc<Areas>>,
    declared: Option<Arc<StudyArea>>,
    roads_file: PathBuf,
    roads: OnceLock<Option<RoadMap>>,
}

impl Places {
    /// Reads what `vigie.toml` and the store's `areas/` folder say.
    ///
    /// # Errors
    /// `Missing` if a boundary is declared but was not loaded; `Input` if it cannot be read.
    pub fn open(app: &App) -> Result<Self> {
        let (parishes, declared) = match app.config.study_area {
            StudyAreaChoice::Jersey => {
                (Some(Arc::new(Areas::jersey_parishes()?)), Some(Arc::new(StudyArea::jersey()?)))
            }
            StudyAreaChoice::Loaded => {
                let file = app.store.root().join(AREAS_FILE);
                if !file.exists() {
                    return Err(Error::missing(
                        "vigie.toml says study_area = \"loaded\", but no boundary is loaded; use `vigie areas load FILE`",
                    ));
                }
                let areas = Areas::from_geojson(&read(&file)?, &read(&app.store.root().join(NAME_PROPERTY_FILE))?)?;
                let area = StudyArea::of_areas("loaded boundary", &areas)?;
                (Some(Arc::new(areas)), Some(Arc::new(area)))
            }
            StudyAreaChoice::Hull => (None, None),
        };
        Ok(Self { parishes, declared, roads_file: app.store.root().join(ROADS_FILE), roads: OnceLock::new() })
    }

    /// Areas that give a point its parish, if there are any.
    pub fn parishes(&self) -> Option<&Areas> {
        self.parishes.as_deref()
    }

    /// The declared study area; without one the hull of the data serves.
    pub fn declared(&self) -> Option<&Arc<StudyArea>> {
        self.declared.as_ref()
    }

    /// Roads of the base map, if they were loaded.
    ///
    /// # Errors
    /// `Input` if they cannot be read.
    pub fn roads(&self) -> Result<Option<&RoadMap>> {
        if let Some(known) = self.roads.get() {
            return Ok(known.as_ref());
        }
        let found =
            if self.roads_file.exists() { Some(RoadMap::from_geojson(&read(&self.roads_file)?)?) } else { None };
        Ok(self.roads.get_or_init(|| found).as_ref())
    }
}

/// Boundaries, from the store's folder.
pub(super) const AREAS_FILE: &str = "areas/areas.geojson";

/// Name of the property that holds their names.
pub(super) const NAME_PROPERTY_FILE: &str = "areas/areas.name";

/// Roads of the base map.
pub(super) const ROADS_FILE: &str = "areas/roads.geojson";

pub(super) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::missing(format!("there is no file {}", path.display())).with_cause(e),
        _ => Error::input(format!("{} cannot be read as text", path.display())).with_cause(e),
    })
}
