//! `TileJSON` and tiles.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Shared;
use super::answers::{is_held, not_modified, with_tag};
use super::api_time::histories_of;
use super::params::Params;
use super::problem::Problem;
use crate::app::tiles::View;
use crate::app::{about, tiles};
use crate::error::Error;
use crate::model::access::Principal;
use crate::space::TileId;

pub(super) async fn tile(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Path((layer, z, x, y)): Path<(String, String, String, String)>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let y = y.strip_suffix(".mvt").ok_or_else(|| Error::missing("tiles end in .mvt"))?;
    let number = |name: &str, text: &str| {
        text.parse::<u32>().map_err(|_| Error::input(format!("`{text}` is not a tile number")).at(name))
    };
    let zoom = u8::try_from(number("z", &z)?).map_err(|_| Error::input("the zoom is too high").at("z"))?;
    let id = TileId::new(zoom, number("x", &x)?, number("y", y)?)?;
    let mut params = Params::new(query)?;
    let view = match layer.as_str() {
        "hotspots" | "crimes" | "incidents" => Some(View::Hotspots(params.hotspots(&shared.app)?)),
        "emerging" => Some(View::Histories(histories_of(&mut params, &shared.app)?)),
        _ => None,
    };
    if view.is_some() {
        params.done()?;
    }
    let subject = view.as_ref().map(View::subject).unwrap_or_default();
    let tag = super::answers::tag(shared.app.version()?, &format!("{layer} {z}/{x}/{y} {subject}"), &who);
    if is_held(&headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let response = match tiles::ask(&shared.app, &who, &layer, id, view).await? {
        Some(bytes) => ([(header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile")], bytes).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    };
    Ok(with_tag(response, &tag))
}

pub(super) async fn tilejson(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let layer = file.strip_suffix(".json").ok_or_else(|| Error::missing("there is no such path"))?;
    let Some(fields) = fields(layer) else {
        return Err(Error::missing(format!("there is no layer `{layer}`")).into());
    };
    let about = about::ask(&shared.app, &who).await?;
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1");
    let document = json!({
        "tilejson": "3.0.0",
        "name": layer,
        "tiles": [format!("http://{host}/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt")],
        "minzoom": tiles::ZOOMS.0,
        "maxzoom": tiles::ZOOMS.1,
        "bounds": about.bounds.unwrap_or([-180.0, -85.0, 180.0, 85.0]),
        "attribution": attribution(about.study_area == "Jersey", layer),
        "vector_layers": fields,
    });
    Ok(axum::Json(document).into_response())
}

fn attribution(jersey: bool, layer: &str) -> &'static str {
    match (jersey, layer) {
        (true, "base" | "areas") => {
            "Coast: GSHHG (Wessel and Smith 1996). Parishes approximate, derived from ODbL data."
        }
        _ => "",
    }
}

fn fields(layer: &str) -> Option<Vec<Value>> {
    let one = |id: &str, fields: Value| json!({"id": id, "fields": fields});
    Some(match layer {
        "hotspots" => vec![one("hotspots", json!({"n": "Number", "z": "Number", "b": "Number", "i": "Number"}))],
        "emerging" => {
            let whole = ["n", "hot", "cold", "i"].map(|name| (name.to_owned(), json!("Number")));
            let mut fields: serde_json::Map<String, Value> = whole.into_iter().collect();
            fields.insert("category".to_owned(), json!("String"));
            vec![one("emerging", Value::Object(fields))]
        }
        "crimes" | "incidents" => vec![one(layer, json!({"n": "Number"}))],
        "cameras" => vec![one("cameras", json!({"name": "String", "live": "Number"}))],
        "areas" => vec![one("areas", json!({"name": "String"})), one("areas_label", json!({"name": "String"}))],
        "base" => vec![one("coast", json!({})), one("roads", json!({"class": "String"}))],
        _ => return None,
    })
}
