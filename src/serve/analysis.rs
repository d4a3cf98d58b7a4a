//! The page `/analysis`: one question of place or time at a time, drawn, with its table and where it came from.

use axum::Extension;
use axum::extract::{Query, State};
use serde_json::{Value, json};

use super::Shared;
use super::pages::{Page, page};
use super::params::Params;
use crate::analysis::selection::Selection;
use crate::app::{about, drawn};
use crate::error::{Error, Kind, Result};
use crate::model::access::Principal;
use crate::model::time::{Period, add_months, month_start};
use crate::render::drawn::provenance_lines;

pub(super) async fn analysis(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Query(given): Query<Vec<(String, String)>>,
) -> Page {
    let about = about::describe(&shared.app, &who).await?;
    let mut params = Params::new(given)?;
    let asked = drawn::known(params.take("question").as_deref().unwrap_or(drawn::QUESTIONS[0].name))?;
    let selection = if params.has("from") { params.selection(&shared.app)? } else { usual(&about, &mut params)? };
    params.done()?;
    let mut context = form(&about, asked, &selection);
    let drawn = if asked.long {
        let (app, who) = (shared.app.clone(), who.clone());
        shared.long.run(async move { drawn::ask(&app, &who, asked, selection).await }).await
    } else {
        drawn::ask(&shared.app, &who, asked, selection).await
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

/// Before anything was asked: the last twelve whole months of the dataset named, or of crimes.
fn usual(about: &about::About, params: &mut Params) -> Result<Selection> {
    let dataset = params.take("dataset").unwrap_or_else(|| "crimes".to_owned());
    let last = about.datasets.iter().filter(|known| known.name == dataset).find_map(|known| known.last_on);
    let last = last.ok_or_else(|| Error::data(format!("no {dataset} records are loaded yet")))?;
    let next = last.succ_opt().unwrap_or(last);
    let to = month_start(next);
    Ok(Selection::of(&dataset, Period::new(add_months(to, -12), to)?))
}

fn form(about: &about::About, asked: drawn::Asked, selection: &Selection) -> Value {
    let daypart = selection.daypart.as_ref().map_or("", |daypart| daypart.name.as_str());
    let rest = format!("dataset={}&from={}&to={}", selection.dataset, selection.period.from, selection.period.to);
    let questions: Vec<Value> = drawn::QUESTIONS
        .iter()
        .map(|question| {
            let href = format!("/analysis?question={}&{rest}&daypart={daypart}", question.name);
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
        "datasets": datasets,
        "groups": groups.unwrap_or_default(),
        "dayparts": about.dayparts,
    })
}
