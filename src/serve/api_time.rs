//! The API of change, histories and hours of the week.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::Shared;
use super::answers::Shape;
use super::api::{Pairs, Reply, value};
use super::params::Params;
use crate::analysis::change::{By, Question as Change, Test};
use crate::analysis::emerging::{Definition, Question as Histories, parse_window};
use crate::analysis::steps::StepLength;
use crate::app::{App, change, emerging, hours};
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::time::{Period, parse_date};
use crate::render;

pub(super) async fn changes(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply<Response> {
    let mut params = Params::new(given)?;
    let question = change_of(&mut params, &shared.app)?;
    let shape = Shape::of(&mut params)?;
    params.done()?;
    if shape == Shape::GeoJson && question.by == By::Parish {
        return Err(Error::input("GeoJSON of a change is one of cells: leave by=parish out").at("format").into());
    }
    let answer = change::ask(&shared.app, &who, &question).await?;
    Ok(shape.reply(&answer, || render::geojson::change(&answer.map, &answer.provenance))?)
}

pub(super) async fn histories(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply<Response> {
    let mut params = Params::new(given)?;
    let question = histories_of(&mut params, &shared.app)?;
    let shape = Shape::of(&mut params)?;
    params.done()?;
    let answer = emerging::ask(&shared.app, &who, &question).await?;
    Ok(shape.reply(&answer, || render::geojson::emerging(&answer.map, &answer.provenance))?)
}

pub(super) async fn hours_of_week(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let mut params = Params::new(given)?;
    let selection = params.selection(&shared.app)?;
    params.done()?;
    Ok(value(&hours::ask(&shared.app, &who, &selection).await?)?)
}

fn change_of(params: &mut Params, app: &App) -> Result<Change> {
    let selection = params.selection(app)?;
    let mut date = |name: &str| params.take(name).map(|text| parse_date(&text).map_err(|e| e.at(name))).transpose();
    let before = match (date("before_from")?, date("before_to")?) {
        (Some(from), Some(to)) => Period::new(from, to).map_err(|e| e.at("before_to"))?,
        (None, None) => Change::usual_before(selection.period),
        _ => return Err(Error::input("before_from and before_to go together").at("before_from")),
    };
    let by = match params.take("by").as_deref() {
        None | Some("cell") => By::Cell(params.resolution(app)?),
        Some("parish") => By::Parish,
        Some(other) => return Err(Error::input(format!("`{other}` is neither cell nor parish")).at("by")),
    };
    let test = Test::parse(params.take("test").as_deref().unwrap_or("exact")).map_err(|e| e.at("test"))?;
    let alpha = params.number("alpha", "a level")?.unwrap_or(0.05);
    Ok(Change { selection, before, by, test, alpha })
}

pub(super) fn histories_of(params: &mut Params, app: &App) -> Result<Histories> {
    let (selection, resolution) = (params.selection(app)?, params.resolution(app)?);
    let step = StepLength::parse(params.take("step").as_deref().unwrap_or("28d")).map_err(|e| e.at("step"))?;
    let definition = params.take("definition");
    let definition = Definition::parse(definition.as_deref().unwrap_or("esri-3")).map_err(|e| e.at("definition"))?;
    let mut question = Histories::usual(selection, resolution, step, definition);
    question.steps = params.number("steps", "a number of steps")?;
    question.alpha = params.number("alpha", "a level")?.unwrap_or(question.alpha);
    question.neighbour_steps =
        params.number("neighbour_steps", "a number of steps")?.unwrap_or(question.neighbour_steps);
    if let Some(window) = params.take("window") {
        question.window = parse_window(&window).map_err(|e| e.at("window"))?;
    }
    Ok(question)
}
