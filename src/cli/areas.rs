//! `vigie areas load`, `vigie roads load`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::app::admin;
use crate::error::Result;

#[derive(Subcommand)]
pub(super) enum Areas {
    /// Load the force's own boundaries (GeoJSON polygons in WGS84); set `study_area` = "loaded" in vigie.toml to use them
    Load {
        /// GeoJSON file
        file: PathBuf,
        /// Property that holds the names
        #[arg(long, default_value = "name")]
        name_property: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Roads {
    /// Load roads (GeoJSON lines in WGS84 with a property `class`) for the base map
    Load {
        /// GeoJSON file
        file: PathBuf,
    },
}

impl Areas {
    pub fn run(self, context: &Context) -> Result<()> {
        let Areas::Load { file, name_property } = self;
        let app = context.app()?;
        let names = admin::load_areas(&app, &context.who(&app)?, &file, &name_property)?;
        context.output.answer(&json!({"areas": names}), || format!("{} areas: {}", names.len(), names.join(", ")))
    }
}

impl Roads {
    pub fn run(self, context: &Context) -> Result<()> {
        let Roads::Load { file } = self;
        let app = context.app()?;
        let count = admin::load_roads(&app, &context.who(&app)?, &file)?;
        context.output.answer(&json!({"roads": count}), || format!("{count} stretches of road"))
    }
}
