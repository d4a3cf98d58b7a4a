//! Vector tiles: the same questions as the API, cut to a square of the map.

use super::App;
use super::flow::camera_list;
use super::hotspots::{answer, study_area, subject};
use crate::analysis::emerging;
use crate::analysis::hotspot::{Method, Question};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::render::mvt::{Layer, encode};
use crate::render::tiles::{self, CameraMark};
use crate::space::{Areas, Point, TileId};
use crate::store::AsOf;

/// Layers that can be asked for.
pub const LAYERS: [&str; 7] = ["hotspots", "crimes", "incidents", "emerging", "cameras", "areas", "base"];

/// Lowest and highest zoom of tiles.
pub const ZOOMS: (u8, u8) = (5, 16);

/// What a layer of records shows.
#[derive(Debug, Clone, PartialEq)]
pub enum View {
    /// Counts, and what stands out.
    Hotspots(Question),
    /// How cells became what they are.
    Histories(emerging::Question),
}

impl View {
    /// The view in one line, for the audit and as a key.
    pub fn subject(&self) -> String {
        match self {
            View::Hotspots(question) => subject(question),
            View::Histories(question) => question.subject(),
        }
    }
}

/// One tile of a layer; `None` if nothing is in it. Layers without records need no view.
///
/// # Errors
/// `Missing` for an unknown layer, `Input` for a tile outside the range, and as the hotspot trip.
pub async fn ask(app: &App, who: &Principal, layer: &str, tile: TileId, view: Option<View>) -> Result<Option<Vec<u8>>> {
    if !LAYERS.contains(&layer) {
        return Err(Error::missing(format!("there is no layer `{layer}`; there are {}", LAYERS.join(", "))));
    }
    if tile.zoom() < ZOOMS.0 || tile.zoom() > ZOOMS.1 {
        return Err(Error::input(format!("zoom {} is outside {} to {}", tile.zoom(), ZOOMS.0, ZOOMS.1)));
    }
    let look = view.as_ref().map_or_else(|| layer.to_owned(), |view| format!("{layer}: {}", view.subject()));
    if app.memory.first_look(format!("{} {look}", who.name), app.now()) {
        app.enter(who, Action::AskAggregate, "tiles", &look)?;
    } else {
        crate::model::access::decide(who, Action::AskAggregate)?;
    }
    let layers = match layer {
        "base" => base(app, tile).await?,
        "areas" => app.memory.places(app)?.parishes().map(|areas| tiles::areas(areas, tile)).unwrap_or_default(),
        "cameras" => vec![tiles::cameras(&marks(app).await?, tile)],
        _ => vec![of_records(app, who, layer, tile, view).await?],
    };
    encode(tile, &layers)
}

async fn of_records(app: &App, who: &Principal, layer: &str, tile: TileId, view: Option<View>) -> Result<Layer> {
    let mut question = match view.ok_or_else(|| Error::input("the layer needs from and to"))? {
        View::Hotspots(question) => question,
        View::Histories(question) => {
            return Ok(tiles::emerging(&super::emerging::answer(app, who, &question).await?.map, tile));
        }
    };
    let name = match layer {
        "crimes" => "crimes",
        "incidents" => "incidents",
        _ => return Ok(tiles::hotspots(&answer(app, who, &question).await?.map, tile)),
    };
    name.clone_into(&mut question.selection.dataset);
    question.method = Method::Count;
    question.resolution = resolution_at(tile.zoom());
    Ok(tiles::counts(name, &answer(app, who, &question).await?.map, tile))
}

/// Cells of 14 to 28 pixels.
fn resolution_at(zoom: u8) -> u8 {
    match zoom {
        0..=9 => 7,
        10 => 8,
        11 | 12 => 9,
        _ => 10,
    }
}

async fn base(app: &App, tile: TileId) -> Result<Vec<Layer>> {
    let places = app.memory.places(app)?;
    let about = app.engine.snapshot(AsOf::Newest).await?;
    // Without a declared boundary the hull of the most usual dataset with positions stands for the coast.
    let mut area = None;
    for dataset in ["crimes", "incidents", "collisions", "stops"] {
        match study_area(app, &about, &places, dataset).await {
            Ok(found) => {
                area = Some(found);
                break;
            }
            Err(error) if error.kind() == crate::error::Kind::Data => {}
            Err(error) => return Err(error),
        }
    }
    let Some(area) = area else { return Ok(Vec::new()) };
    let jersey = app.config.study_area == crate::config::StudyAreaChoice::Jersey;
    let land = if jersey { Some(Areas::jersey_coast()?) } else { None };
    Ok(tiles::base(&area, land.as_ref(), places.roads()?, tile))
}

async fn marks(app: &App) -> Result<Vec<CameraMark>> {
    let cameras = camera_list(app).await?;
    Ok(cameras
        .into_iter()
        .filter_map(|camera| {
            Some(CameraMark {
                name: camera.name,
                point: Point { lat: camera.lat?, lon: camera.lon? },
                live: camera.live,
            })
        })
        .collect())
}
