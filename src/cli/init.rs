//! `vigie init`: a store with its settings.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Context;
use crate::app::admin;
use crate::error::Result;

#[derive(Args)]
pub(super) struct Init {
    /// Boundary file (GeoJSON polygons); `jersey` is the embedded island. Without it the study area is the hull of the data
    #[arg(long)]
    area: Option<String>,
    /// Property of the boundary file that holds the names
    #[arg(long, default_value = "name")]
    name_property: String,
    /// Zone of local dates in questions and reports
    #[arg(long, default_value = "Europe/Jersey")]
    zone: String,
    /// Name of the force, for titles
    #[arg(long)]
    force: Option<String>,
    /// Mark every page and report as synthetic
    #[arg(long)]
    synthetic: bool,
}

impl Init {
    pub async fn run(self, context: &Context) -> Result<()> {
        let (study_area, file) = match self.area.as_deref() {
            None => ("hull", None),
            Some("jersey") => ("jersey", None),
            Some(path) => ("loaded", Some(PathBuf::from(path))),
        };
        if let Some(file) = &file {
            // Before anything is made: a wrong boundary file leaves nothing behind.
            admin::check_areas(file, &self.name_property)?;
        }
        let settings = admin::Init {
            study_area: study_area.to_owned(),
            zone: self.zone,
            force: self.force,
            synthetic: self.synthetic,
        };
        let who = context.local();
        let app = admin::init(&context.global.store, &who, &settings, admin::system_clock).await?;
        if let Some(file) = &file {
            admin::load_areas(&app, &who, file, &self.name_property)?;
        }
        let store = context.global.store.display().to_string();
        context.output.answer(&json!({"store": store, "study_area": study_area}), || {
            format!(
                "store       {store}\nstudy area  {study_area}\nsettings    {store}/vigie.toml\n\
                 Next: vigie ingest --feed FEED FILE"
            )
        })
    }
}
