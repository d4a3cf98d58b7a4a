//! The API of questions that take long: near repeats, crowds in space and time, tests of methods, forecasts. Each waits
//! for its turn ([`super::long`]) and is bounded more tightly than on the command line: nobody can stop a request that
//! was sent by mistake.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::Shared;
use super::answers::Shape;
use super::api::{FORMAT, Pairs, Param, Reply, value};
use super::params::Params;
use crate::analysis::evaluate::{Method, Question as Tested};
use crate::analysis::near_repeat::{Question as Repeats, parse_metric};
use crate::analysis::scan::Question as Crowds;
use crate::analysis::selection::Selection;
use crate::app::{App, evaluate, forecast, near_repeat, scan};
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::time::{Daypart, parse_date, parse_days};
use crate::render;

/// Most permutations of a near-repeat table over HTTP.
const MOST_OF_PAIRS: u32 = 9_999;
/// Most permutations of a scan over HTTP.
const MOST_OF_SCANS: u32 = 999;
/// Most windows of a test over HTTP, over all its dayparts: a year of weeks for each of three.
const MOST_WINDOWS: usize = 160;

/// What a near-repeat table takes beside its filters.
pub(super) const NEAR_REPEAT: &[Param] = &[
    Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00"),
    Param("space_bands", "string", false, "edges of the bands of distance in metres, separated by commas"),
    Param("time_bands", "string", false, "edges of the bands of time in days, separated by commas"),
    Param("metric", "string", false, "euclidean or manhattan"),
    Param("permutations", "integer", false, "permutations of the times, at most 9,999; 999 if left out"),
    Param("seed", "integer", false, "seed of the permutations; 1 if left out"),
    Param("near_m", "number", false, "a near repeat is under so many metres from an earlier record"),
    Param("near_days", "integer", false, "and under so many days after it"),
    Param("res", "integer", false, "H3 resolution of the classes by cell"),
];

/// What a scan takes beside its filters.
pub(super) const SCAN: &[Param] = &[
    Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00"),
    Param("res", "integer", false, "H3 resolution of the places"),
    Param("max_radius", "number", false, "largest radius of a cluster in metres"),
    Param("max_days", "integer", false, "longest time of a cluster in days"),
    Param("max_share", "number", false, "largest share of all records in a circle, at most 0.5"),
    Param("alive", "boolean", false, "only clusters that go on to the end of the period"),
    Param("permutations", "integer", false, "permutations of the days, at most 999; 999 if left out"),
    Param("seed", "integer", false, "seed of the permutations; 1 if left out"),
];

/// What a test of methods takes beside its filters.
pub(super) const EVALUATE: &[Param] = &[
    Param(
        "daypart",
        "string",
        false,
        "bands of the day, each tested by itself, separated by commas; all is the whole day",
    ),
    Param("methods", "string", false, "all, or names separated by commas; the baselines are always among them"),
    Param("train", "string", false, "how far methods look back, such as 730d"),
    Param("horizon", "string", false, "how far ahead they look, such as 7d; at most 160 windows over all dayparts"),
    Param("step", "string", false, "from one origin to the next; without it the horizon"),
    Param("embargo", "string", false, "how old a recording must be before a method may use it"),
    Param("coverage", "string", false, "shares of the area that are chosen, separated by commas"),
    Param("res", "integer", false, "H3 resolution"),
    Param("seed", "integer", false, "seed of the random order and of the intervals"),
];

/// What a forecast takes.
pub(super) const FORECAST: &[Param] = &[
    Param("on", "date", true, "first day; what was recorded before it is known"),
    Param("horizon", "string", false, "how many days, such as 7d"),
    Param("dataset", "string", false, "crimes, incidents, stops, offences, collisions"),
    Param("group", "string", false, "one group of the dataset"),
    Param("daypart", "string", false, "day, night, nte or a band such as 22:00-04:00"),
    Param("method", "string", false, "a method of evaluate, or best: the one that did best when it was last tested"),
    Param("train", "string", false, "how far the method looks back, such as 730d"),
    Param("res", "integer", false, "H3 resolution"),
    FORMAT,
];

pub(super) async fn near_repeats(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let question = repeats_of(&mut params, &shared.app)?;
    params.done()?;
    let app = shared.app.clone();
    Ok(value(&shared.long.run(async move { near_repeat::ask(&app, &who, &question).await }).await?)?)
}

pub(super) async fn crowds(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let question = crowds_of(&mut params, &shared.app)?;
    params.done()?;
    let app = shared.app.clone();
    Ok(value(&shared.long.run(async move { scan::ask(&app, &who, &question).await }).await?)?)
}

/// Asking changes nothing: scores are kept by the command alone.
pub(super) async fn methods_tested(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let question = tested_of(&mut params, &shared.app)?;
    params.done()?;
    let app = shared.app.clone();
    Ok(value(&shared.long.run(async move { evaluate::ask(&app, &who, &question, false).await }).await?)?)
}

pub(super) async fn forecast_of(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply<Response> {
    let mut params = Params::new(given)?;
    let (question, method) = forecast_asked(&mut params, &shared.app)?;
    let shape = Shape::of(&mut params)?;
    params.done()?;
    let app = shared.app.clone();
    let answer = shared.long.run(async move { forecast::ask(&app, &who, &question, method).await }).await?;
    Ok(shape.reply(&answer, || render::forecast::geojson(&answer.rows, &answer.provenance))?)
}

fn repeats_of(params: &mut Params, app: &App) -> Result<Repeats> {
    let mut question = Repeats::of(params.selection(app)?, params.resolution(app)?);
    if let Some(edges) = params.numbers("space_bands", "edges in metres such as 0,1,100,200")? {
        question.space_bands = edges;
    }
    if let Some(edges) = params.numbers("time_bands", "edges in days such as 0,1,7,14")? {
        question.time_bands = edges;
    }
    if let Some(metric) = params.take("metric") {
        question.metric = parse_metric(&metric)?;
    }
    question.permutations = permutations(params, question.permutations, MOST_OF_PAIRS)?;
    question.seed = params.number("seed", "a seed")?.unwrap_or(question.seed);
    question.near_m = params.number("near_m", "a number of metres")?.unwrap_or(question.near_m);
    question.near_days = params.number("near_days", "a number of days")?.unwrap_or(question.near_days);
    question.check().map_err(as_parameter)?;
    Ok(question)
}

fn crowds_of(params: &mut Params, app: &App) -> Result<Crowds> {
    let mut question = Crowds::of(params.selection(app)?, params.resolution(app)?);
    question.max_radius_m = params.number("max_radius", "a number of metres")?.unwrap_or(question.max_radius_m);
    question.max_days = params.number("max_days", "a number of days")?.unwrap_or(question.max_days);
    question.max_share = params.number("max_share", "a share")?.unwrap_or(question.max_share);
    question.alive = params.yes("alive")?;
    question.permutations = permutations(params, question.permutations, MOST_OF_SCANS)?;
    question.seed = params.number("seed", "a seed")?.unwrap_or(question.seed);
    question.check().map_err(as_parameter)?;
    Ok(question)
}

fn tested_of(params: &mut Params, app: &App) -> Result<Tested> {
    let dayparts = dayparts(params.take("daypart").as_deref().unwrap_or("all"), app)?;
    let mut question = Tested::usual(params.selection(app)?, dayparts, params.resolution(app)?);
    if let Some(methods) = params.take("methods") {
        question.methods = Method::parse_list(&methods).map_err(|e| e.at("methods"))?;
    }
    question.train_days = days(params, "train")?.unwrap_or(question.train_days);
    question.horizon_days = days(params, "horizon")?.unwrap_or(question.horizon_days);
    question.step_days = days(params, "step")?.unwrap_or(question.horizon_days);
    question.embargo_days = days(params, "embargo")?.unwrap_or(question.embargo_days);
    if let Some(mut shares) = params.numbers("coverage", "shares such as 0.01,0.02")? {
        shares.sort_by(f64::total_cmp);
        question.coverages = shares;
    }
    question.seed = params.number("seed", "a seed")?.unwrap_or(question.seed);
    question.check()?;
    let windows = question.windows() * question.dayparts.len();
    if windows > MOST_WINDOWS {
        return Err(Error::input(format!(
            "{windows} windows over all dayparts are more than {MOST_WINDOWS}, the most over HTTP; `vigie evaluate` tests more"
        ))
        .at("step"));
    }
    Ok(question)
}

fn forecast_asked(params: &mut Params, app: &App) -> Result<(Tested, Option<Method>)> {
    let on = parse_date(&params.need("on")?).map_err(|e| e.at("on"))?;
    let horizon = days(params, "horizon")?.unwrap_or(7);
    let dayparts = dayparts(params.take("daypart").as_deref().unwrap_or("all"), app)?;
    if dayparts.len() > 1 {
        return Err(Error::input("a forecast is of one daypart").at("daypart"));
    }
    let selection = Selection {
        group: params.take("group"),
        ..Selection::of(params.take("dataset").as_deref().unwrap_or("crimes"), forecast::days_from(on, horizon)?)
    };
    let mut question = Tested::usual(selection, dayparts, params.resolution(app)?);
    (question.horizon_days, question.step_days) = (horizon, horizon);
    question.train_days = days(params, "train")?.unwrap_or(question.train_days);
    let method = match params.take("method").as_deref() {
        None | Some("best") => None,
        Some(name) => Some(Method::parse(name).map_err(|e| e.at("method"))?),
    };
    question.check()?;
    Ok((question, method))
}

/// Bands of the day by name, `all` for the whole day.
fn dayparts(names: &str, app: &App) -> Result<Vec<Option<Daypart>>> {
    let named = |name: &str| match name {
        "all" => Ok(None),
        name => app.config.daypart(name).map(Some).map_err(|e| e.at("daypart")),
    };
    names.split(',').map(named).collect()
}

fn days(params: &mut Params, name: &str) -> Result<Option<u32>> {
    params.take(name).map(|text| parse_days(&text).map_err(|e| e.at(name))).transpose()
}

fn permutations(params: &mut Params, usual: u32, most: u32) -> Result<u32> {
    let asked = params.number("permutations", "a number of permutations")?.unwrap_or(usual);
    if asked > most {
        let message = format!("over HTTP at most {most} permutations can be asked for; the command line takes more");
        return Err(Error::input(message).at("permutations"));
    }
    Ok(asked)
}

/// Places of errors are named as on the command line; parameters are written with `_`.
fn as_parameter(error: Error) -> Error {
    match error.place().map(|place| place.replace('-', "_")) {
        Some(place) => error.at(place),
        None => error,
    }
}
