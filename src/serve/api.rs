//! `/api/v1`: the trips of `app` as JSON.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Shared;
use super::answers::{Shape, is_held, not_modified, tag, with_tag};
use super::api_long::{EVALUATE, FORECAST, NEAR_REPEAT, SCAN};
use super::params::Params;
use super::problem::Problem;
use crate::app::{about, admin, clusters, concentration, evaluate, flow, hotspots, kpi, quality, sql, trend};
use crate::engine::queries;
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::time::Period;
use crate::render;
use crate::render::table::json_rows;
use crate::store::AsOf;

pub(super) type Pairs = Query<Vec<(String, String)>>;
pub(super) type Reply<T = Json<Value>> = std::result::Result<T, Problem>;

pub(super) fn value(answer: &impl serde::Serialize) -> Result<Json<Value>> {
    Ok(Json(serde_json::to_value(answer).map_err(|e| Error::bug("no JSON of the answer").with_cause(e))?))
}

pub(super) async fn about(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Reply {
    Ok(value(&about::ask(&shared.app, &who).await?)?)
}

pub(super) async fn hotspots(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
    headers: HeaderMap,
) -> Reply<Response> {
    let mut params = Params::new(given)?;
    let question = params.hotspots(&shared.app)?;
    let settings = params.settings(question.method, &question.selection)?;
    let shape = Shape::of(&mut params)?;
    params.done()?;
    // A new test of the method changes what the map says of itself.
    let scored = evaluate::score_words(&shared.app, &question)?;
    let subject = format!("{}{} {scored} {shape:?}", hotspots::subject(&question), settings.subject());
    let tag = tag(shared.app.version()?, &subject, &who);
    if is_held(&headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let answer = hotspots::ask_with(&shared.app, &who, &question, &settings).await?;
    let reply = shape.reply(&answer, || render::geojson::hotspots(&answer.map, &answer.provenance))?;
    Ok(with_tag(reply, &tag))
}

pub(super) async fn clusters(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let question = params.clusters(&shared.app)?;
    params.done()?;
    Ok(value(&clusters::ask(&shared.app, &who, &question).await?)?)
}

pub(super) async fn concentration(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let question = params.concentration(&shared.app)?;
    params.done()?;
    Ok(value(&concentration::ask(&shared.app, &who, &question).await?)?)
}

pub(super) async fn trend(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let question = params.trend(&shared.app)?;
    params.done()?;
    Ok(value(&trend::ask(&shared.app, &who, &question).await?)?)
}

pub(super) async fn kpis(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let period = period_or_default(&shared, &who, &mut params).await?;
    let ids: Option<Vec<String>> = params.take("ids").map(|ids| ids.split(',').map(str::to_owned).collect());
    params.done()?;
    let run = kpi::run(&shared.app, &who, period, ids.as_deref()).await?;
    Ok(Json(json!({
        "provenance": run.provenance,
        "rows": run.rows().collect::<Vec<_>>(),
        "warnings": run.warnings().collect::<Vec<_>>(),
    })))
}

/// `from` and `to`, or the last twelve whole months of the data.
async fn period_or_default(shared: &Shared, who: &Principal, params: &mut Params) -> Result<Period> {
    let (from, to) = (params.take("from"), params.take("to"));
    match (from, to) {
        (Some(from), Some(to)) => Period::new(
            crate::model::time::parse_date(&from).map_err(|e| e.at("from"))?,
            crate::model::time::parse_date(&to).map_err(|e| e.at("to"))?,
        ),
        (None, None) => kpi::default_period(&shared.app, who).await,
        (None, Some(_)) => Err(Error::input("is missing").at("from")),
        (Some(_), None) => Err(Error::input("is missing").at("to")),
    }
}

pub(super) async fn flow(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let period = params.period()?;
    let camera = params.take("camera");
    params.done()?;
    Ok(value(&flow::ask(&shared.app, &who, period, camera.as_deref()).await?)?)
}

pub(super) async fn cameras(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Reply {
    Ok(Json(json!({"rows": flow::cameras(&shared.app, &who).await?})))
}

pub(super) async fn query(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Path(name): Path<String>,
    Query(given): Pairs,
) -> Reply {
    let answer = sql::query(&shared.app, &who, &name, &Params::new(given)?.rest(), AsOf::Newest).await?;
    Ok(Json(json!({"query": name, "store_version": shared.app.version()?, "rows": json_rows(&answer.batches)?})))
}

pub(super) async fn loads(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Reply {
    Ok(Json(json!({"rows": admin::loads(&shared.app, &who)?})))
}

pub(super) async fn quality(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let question = params.quality()?;
    params.done()?;
    Ok(value(&quality::ask(&shared.app, &who, &question).await?)?)
}

pub(super) async fn audit(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Reply {
    Ok(Json(json!({"rows": admin::audit_lines(&shared.app, &who, 500)?})))
}

pub(super) async fn alive() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(shared): State<Shared>) -> Reply<&'static str> {
    shared.app.version()?;
    Ok("ready\n")
}

/// One parameter of a path.
pub(super) struct Param(pub &'static str, pub &'static str, pub bool, pub &'static str);

const FILTERS: [Param; 4] = [
    Param("from", "date", true, "first island date"),
    Param("to", "date", true, "the day after the last"),
    Param("dataset", "string", false, "crimes, incidents, stops, offences, collisions"),
    Param("group", "string", false, "one group of the dataset"),
];

/// How a map is written.
pub(super) const FORMAT: Param = Param("format", "string", false, "json, or geojson with the outlines of the cells");

const CHANGE: [Param; 8] = [
    Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00"),
    Param("before_from", "date", false, "first date of the period before; without it, as long directly before"),
    Param("before_to", "date", false, "the day after its last"),
    Param("by", "string", false, "cell or parish"),
    Param("res", "integer", false, "H3 resolution of cells, 5 to 11"),
    Param("test", "string", false, "exact or e-test"),
    Param("alpha", "number", false, "level of q at which a place has changed"),
    FORMAT,
];

const EMERGING: [Param; 9] = [
    Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00"),
    Param("res", "integer", false, "H3 resolution, 5 to 11"),
    Param("step", "string", false, "week, month, or days such as 28d"),
    Param("steps", "integer", false, "only so many steps, the last ones"),
    Param("definition", "string", false, "esri-3, esri-2 or sfhotspot"),
    Param("neighbour_steps", "integer", false, "steps before a step that belong to its neighbourhood"),
    Param("window", "string", false, "cube, neighbourhood or step"),
    Param("alpha", "number", false, "level of q for hot and cold"),
    FORMAT,
];

/// What a trend takes beside its filters.
const TREND: [Param; 6] = [
    Param("step", "string", false, "day, week or month"),
    Param("by", "string", false, "one series for each group, parish, vingtaine or beat"),
    Param("decompose", "boolean", false, "trend, season and remainder"),
    Param("forecast", "integer", false, "steps ahead, with 80 % and 95 % limits"),
    Param("changes", "boolean", false, "changes of level"),
    Param("seed", "integer", false, "seed of the shuffles behind the p of a change"),
];

/// The interface in OpenAPI, written from the same lists that the handlers read.
pub(super) async fn openapi() -> Json<Value> {
    let daypart = Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00");
    let hotspots = [
        &FILTERS[..],
        &[
            daypart,
            Param("res", "integer", false, "H3 resolution, 5 to 11"),
            Param(
                "method",
                "string",
                false,
                "gi-star, count, local-moran, kde or next; without it next where a test of methods was kept, else gi-star",
            ),
            Param("permutations", "integer", false, "p by so many permutations (gi-star, local-moran)"),
            Param("seed", "integer", false, "seed of the permutations; 1 if left out"),
            Param("kernel", "string", false, "kernel of a density (kde); quartic if left out"),
            Param("bandwidth", "number", false, "bandwidth of a density in metres; by rule if left out"),
            Param("against_group", "string", false, "hold the density against that of another group (kde)"),
            Param("against_from", "date", false, "or against that of the same records from this date"),
            Param("against_to", "date", false, "to before this one"),
            Param("join", "string", false, "how two densities are joined: ratio, log-ratio, difference or sum"),
            FORMAT,
        ],
    ];
    let daypart = Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00");
    let concentration = [&FILTERS[..], &[daypart, Param("res", "integer", false, "H3 resolution, 5 to 11")]];
    let daypart = Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00");
    let clusters = [
        &FILTERS[..],
        &[
            daypart,
            Param("res", "integer", false, "H3 resolution of the cells by which clusters are shown"),
            Param("method", "string", false, "dbscan or nnh (nearest-neighbour hierarchical)"),
            Param("distance", "number", false, "reach in metres"),
            Param("minimum", "integer", false, "fewest points of a cluster"),
        ],
    ];
    let daypart = Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00");
    let mut paths = serde_json::Map::new();
    let mut add = |path: &str, about: &str, params: &[&[Param]]| {
        paths.insert(path.to_owned(), operation(about, params));
    };
    add("/api/v1/about", "what the store holds", &[]);
    add("/api/v1/hotspots", "counts and Gi*, local Moran's I or density of every cell of the study area", &hotspots);
    add("/api/v1/clusters", "where records lie close together, by cells", &clusters);
    add("/api/v1/concentration", "how few cells hold how much", &concentration);
    add("/api/v1/change", "what changed between two periods, with an exact test", &[&FILTERS, &CHANGE]);
    add("/api/v1/emerging", "histories of cells: new, persistent, on and off, past", &[&FILTERS, &EMERGING]);
    add(
        "/api/v1/near-repeat",
        "pairs of records by distance and time, beside what chance gives",
        &[&FILTERS, NEAR_REPEAT],
    );
    add("/api/v1/scan", "where and when records crowd more than place and day alone explain", &[&FILTERS, SCAN]);
    add("/api/v1/evaluate", "map methods tested on days that they had not seen", &[&FILTERS, EVALUATE]);
    add("/api/v1/forecast", "cells in the order of the method that did best when it was tested", &[FORECAST]);
    add("/api/v1/hours", "records by hour of the week, ranges shared out", &[&FILTERS]);
    add(
        "/api/v1/trend",
        "whole steps of a dataset, the year before, and what the series is made of",
        &[&FILTERS, &[daypart], &TREND],
    );
    add(
        "/api/v1/kpis",
        "KPI values by month",
        &[&[
            Param("from", "date", false, "first month's first day"),
            Param("to", "date", false, "the day after the last month"),
            Param("ids", "string", false, "KPI ids, separated by commas"),
        ]],
    );
    add(
        "/api/v1/plan",
        "how the policing plan stands on a day: due, late, done, and what it says in two ways",
        &[&[
            Param("on", "date", false, "the day; the last day of the records if left out"),
            Param("owner", "string", false, "id, name or spelling of a role"),
            Param("due", "string", false, "milestones due in a period: 2017-Q2"),
            Param("standing", "string", false, "late, due-soon, ahead, no-date, stopped, done-late or done"),
            Param("ref", "string", false, "a reference, or the section above it"),
        ]],
    );
    add(
        "/api/v1/anpr/flow",
        "reads a camera and hour",
        &[&[
            Param("from", "date", true, "first island date"),
            Param("to", "date", true, "the day after the last"),
            Param("camera", "string", false, "one camera only"),
        ]],
    );
    add("/api/v1/anpr/cameras", "cameras, and when each was heard of last", &[]);
    add("/api/v1/loads", "the ledger of loads", &[]);
    add(
        "/api/v1/quality",
        "completeness, delays, places, refusals and the sources' own counts",
        &[&[
            Param("dataset", "string", false, "one table of events"),
            Param("from", "date", false, "first island date"),
            Param("to", "date", false, "the day after the last"),
        ]],
    );
    add("/api/v1/audit", "the newest audit lines", &[]);
    for query in queries() {
        let params: Vec<Value> =
            query.params.iter().map(|p| parameter(&p.name, p.kind.name(), !p.optional, &p.about)).collect();
        paths.insert(format!("/api/v1/query/{}", query.name), described(&query.purpose, params));
    }
    Json(json!({
        "openapi": "3.0.3",
        "info": {"title": "vigie", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {"securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "vigie_session"},
        }},
        "security": [{"bearer": []}, {"cookie": []}],
    }))
}

fn operation(about: &str, params: &[&[Param]]) -> Value {
    let params = params.iter().flat_map(|list| list.iter()).map(|Param(n, k, need, a)| parameter(n, k, *need, a));
    described(about, params.collect())
}

fn parameter(name: &str, kind: &str, required: bool, about: &str) -> Value {
    let schema = match kind {
        "date" => json!({"type": "string", "format": "date"}),
        "int" | "integer" => json!({"type": "integer"}),
        "float" => json!({"type": "number"}),
        "boolean" => json!({"type": "boolean"}),
        _ => json!({"type": "string"}),
    };
    json!({"name": name, "in": "query", "required": required, "description": about, "schema": schema})
}

fn described(about: &str, params: Vec<Value>) -> Value {
    let problem = json!({"description": "why not", "content": {"application/problem+json": {}}});
    json!({"get": {
        "summary": about,
        "parameters": params,
        "responses": {
            "200": {"description": "the answer with its provenance", "content": {"application/json": {}}},
            "400": problem, "401": problem, "403": problem, "422": problem,
        },
    }})
}
