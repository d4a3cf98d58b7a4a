//! The policing plan: the page `/plan` and `/api/v1/plan`.

use axum::extract::{Query, State};
use axum::{Extension, Json};

use super::Shared;
use super::api::{Pairs, Reply, value};
use super::pages::{Page, page};
use super::params::Params;
use crate::app::plan;
use crate::error::Result;
use crate::model::access::Principal;
use crate::model::time::parse_date;
use crate::render::plan::{Chosen, context};

/// What is asked, and what of it the form shows again.
fn asked(given: Vec<(String, String)>) -> Result<(plan::Question, Chosen)> {
    let mut params = Params::new(given)?;
    let mut text = |name: &str| params.take(name);
    let (on, owner, due, standing, reference) = (text("on"), text("owner"), text("due"), text("standing"), text("ref"));
    params.done()?;
    let question = plan::Question {
        on: on.as_deref().map(parse_date).transpose().map_err(|e| e.at("on"))?,
        owner: owner.clone(),
        due: due.as_deref().map(plan::due).transpose()?,
        standing: standing.as_deref().map(plan::standing).transpose()?,
        reference,
    };
    let shown = |text: Option<String>| text.unwrap_or_default();
    Ok((question, Chosen { on: shown(on), owner: shown(owner), due: shown(due), standing: shown(standing) }))
}

pub(super) async fn plan_page(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Page {
    let (question, chosen) = asked(given)?;
    let state = plan::ask(&shared.app, &who, &question).await?;
    let found = plan::check(&shared.app, &who)?;
    page(&shared, &who, "Policing plan", "plan", context(&state, &found, &plan::owners()?, &chosen)).await
}

pub(super) async fn plan_api(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Pairs,
) -> Reply {
    let (question, _) = asked(given)?;
    let state = plan::ask(&shared.app, &who, &question).await?;
    let found = plan::check(&shared.app, &who)?;
    let Json(mut answer) = value(&state)?;
    answer["findings"] = value(&found)?.0;
    Ok(Json(answer))
}
