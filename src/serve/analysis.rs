//! The page `/analysis`: one question of place or time at a time, drawn, with its table and where it came from.

use axum::Extension;
use axum::extract::{Query, State};
use serde_json::{Value, json};

use super::Shared;
use super::pages::{Page, page};
use super::params::Params;
use crate::analysis::hotspot::{Method, Settings};
use crate::analysis::selection::Selection;
use crate::app::forecast::days_from;
use crate::app::{about, drawn};
use crate::error::{Error, Kind, Result};
use crate::model::access::Principal;
use crate::model::time::{Period, add_months, month_start};
use crate::render::drawn::provenance_lines;
use crate::stats::dual_kde::Joined;
use crate::stats::kde::Kernel;

pub(super) async fn analysis(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Query<Vec<(String, String)>>,
) -> Page {
    let about = about::describe(&shared.app, &who).await?;
    let mut params = Params::new(given)?;
    let asked = drawn::known(params.take("question").as_deref().unwrap_or(drawn::QUESTIONS[0].name))?;
    let selection =
        if params.has("from") { params.selection(&shared.app)? } else { usual(&about, asked, &mut params)? };
    let density = match asked.name {
        "kde" => params.settings(Method::Kde, &selection)?,
        _ => Settings::default(),
    };
    params.done()?;
    let mut context = form(&about, asked, &selection, &density);
    let drawn = if asked.long {
        let (app, who) = (shared.app.clone(), who.clone());
        Box::pin(shared.long.run(async move { drawn::ask(&app, &who, asked, selection, density).await })).await
    } else {
        drawn::ask(&shared.app, &who, asked, selection, density).await
    };
    match drawn {
        Ok((answer, provenance)) => {
            context["answer"] = json!(answer);
            context["provenance"] = json!(provenance_lines(&provenance));
        }
        // What the records cannot say is an answer too: the form stays, so that another question can be put.
        Err(error) if error.kind() == Kind::Data => context["refusal"] = json!(error.message()),
        Err(error) => return Err(error.into()),
    }
    page(&shared, &who, "Analysis", "analysis", context).await
}

/// Before anything was asked: the last twelve whole months of the dataset named, or of crimes; for a forecast the week after
/// its last day.
fn usual(about: &about::About, asked: drawn::Asked, params: &mut Params) -> Result<Selection> {
    let dataset = params.take("dataset").unwrap_or_else(|| "crimes".to_owned());
    let last = about.datasets.iter().filter(|known| known.name == dataset).find_map(|known| known.last_on);
    let last = last.ok_or_else(|| Error::data(format!("no {dataset} records are loaded yet")))?;
    let next = last.succ_opt().unwrap_or(last);
    if asked.name == "forecast" {
        return Ok(Selection::of(&dataset, days_from(next, 7)?));
    }
    let to = month_start(next);
    Ok(Selection::of(&dataset, Period::new(add_months(to, -12), to)?))
}

fn form(about: &about::About, asked: drawn::Asked, selection: &Selection, density: &Settings) -> Value {
    let daypart = selection.daypart.as_ref().map_or("", |daypart| daypart.name.as_str());
    let dates = format!("&from={}&to={}", selection.period.from, selection.period.to);
    let questions: Vec<Value> = drawn::QUESTIONS
        .iter()
        .map(|question| {
            // A forecast is of days to come, the other questions are of days that were: dates do not go from one to the other.
            let ahead = |name: &str| name == "forecast";
            let (dates, daypart) = if ahead(question.name) == ahead(asked.name) {
                (dates.as_str(), format!("&daypart={daypart}"))
            } else {
                ("", String::new())
            };
            let href = format!("/analysis?question={}&dataset={}{dates}{daypart}", question.name, selection.dataset);
            json!({"title": question.title, "href": href, "current": question.name == asked.name})
        })
        .collect();
    let named = |name: &str| json!({"name": name, "label": name.replace('_', " ")});
    let datasets: Vec<Value> = about.datasets.iter().filter(|d| d.last_on.is_some()).map(|d| named(&d.name)).collect();
    let groups = about.datasets.iter().find(|d| d.name == selection.dataset).map(|d| d.groups.clone());
    json!({
        "questions": questions,
        "about_question": asked.about,
        "asked": {
            "question": asked.name,
            "dataset": selection.dataset,
            "group": selection.group,
            "from": selection.period.from.to_string(),
            "to": selection.period.to.to_string(),
            "daypart": daypart,
        },
        "density": (asked.name == "kde").then(|| density_choices(density, selection)),
        "datasets": datasets,
        "groups": groups.unwrap_or_default(),
        "dayparts": about.dayparts,
    })
}

/// Choices of a density, and what was chosen.
fn density_choices(density: &Settings, first: &Selection) -> Value {
    let against = density.against.as_ref();
    let other_period = against.map(|against| against.selection.period).filter(|period| *period != first.period);
    let other_group = against.filter(|_| other_period.is_none()).and_then(|against| against.selection.group.clone());
    json!({
        "kernels": Kernel::ALL.map(Kernel::name),
        "kernel": density.kernel.unwrap_or(Kernel::Quartic).name(),
        "bandwidth": density.bandwidth_m.unwrap_or(drawn::PAGE_BANDWIDTH_M),
        "joins": Joined::ALL.map(Joined::name),
        "join": against.map_or(Joined::Ratio, |against| against.joined).name(),
        "against_group": other_group,
        "against_from": other_period.map(|period| period.from.to_string()),
        "against_to": other_period.map(|period| period.to.to_string()),
    })
}
