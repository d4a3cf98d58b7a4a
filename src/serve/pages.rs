//! The pages: one trip each, then a template.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use chrono::{Datelike as _, NaiveDate};
use serde_json::{Value, json};

use super::Shared;
use super::problem::{PageWords, Problem};
use crate::app::{about, admin, flow, kpi, patrol_page, quality};
use crate::error::{Error, Result};
use crate::model::access::Principal;
use crate::model::time::{add_months, date_in_words, month_start, parse_date};
use crate::render::{format, html};

pub(super) type Page = std::result::Result<Response, Problem>;

/// What every page says about the store and the reader.
fn frame(shared: &Shared, who: Option<&Principal>, title: &str, current: &str, about: Option<&about::About>) -> Value {
    json!({
        "page": {"title": title, "current": current},
        "user": who.map(|who| json!({"name": who.name, "role": who.role_names().replace('+', ", ").replace('_', " ")})),
        "about": {
            "name": shared.app.config.force,
            "version": env!("CARGO_PKG_VERSION"),
            "store_version": about.map(|a| a.store_version),
            "data_to_text": about.and_then(|a| a.data_to).map(date_in_words),
            "study_area": about.map(|a| a.study_area.clone()),
            "synthetic": shared.app.config.synthetic,
        },
    })
}

fn show(template: &str, mut context: Value, more: Value) -> Result<Response> {
    if let (Value::Object(context), Value::Object(more)) = (&mut context, more) {
        context.extend(more);
    }
    Ok(Html(html::page(template, &context)?).into_response())
}

pub(super) async fn page(shared: &Shared, who: &Principal, title: &str, current: &str, more: Value) -> Page {
    let about = about::describe(&shared.app, who).await?;
    Ok(show(&format!("{current}.html"), frame(shared, Some(who), title, current, Some(&about)), more)?)
}

pub(super) fn sign_in(shared: &Shared) -> Response {
    match show("sign-in.html", frame(shared, None, "Sign in", "sign-in", None), json!({})) {
        Ok(page) => (StatusCode::UNAUTHORIZED, page).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The last eight whole quarters of the data, newest first, as a report names them.
pub(super) fn whole_quarters(data_to: NaiveDate) -> Vec<String> {
    let end = month_start(data_to.succ_opt().unwrap_or(data_to));
    let end = add_months(end, -i32::try_from(end.month0() % 3).unwrap_or(0));
    let name = |from: NaiveDate| format!("{}-Q{}", from.year(), from.month0() / 3 + 1);
    (1..=8).map(|back| name(add_months(end, -3 * back))).collect()
}

/// Why a page cannot be shown.
pub(super) fn problem(shared: &Shared, who: &Principal, words: &PageWords) -> Response {
    let title = match words.status {
        403 => "Not for your role",
        404 => "Not here",
        422 => "The data cannot say",
        503 => "Busy",
        _ => words.title,
    };
    let more = json!({"problem": {"status": words.status, "title": title, "detail": words.detail}});
    match show("problem.html", frame(shared, Some(who), title, "problem", None), more) {
        Ok(page) => {
            let status = StatusCode::from_u16(words.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, page).into_response()
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

pub(super) async fn start(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let about = about::ask(&shared.app, &who).await?;
    let card = |href: &str, title: &str, text: &str| json!({"href": href, "title": title, "text": text});
    let facts: Vec<Value> = about
        .datasets
        .iter()
        .map(|d| json!({"label": capital(&d.name.replace('_', " ")), "value": format::count_or(Some(d.rows), "")}))
        .collect();
    let more = json!({
        "cards": [
            card("/map", "Map", "Where more happens than expected, by day and night."),
            card("/analysis", "Analysis", "Trends, repeats, changes and forecasts, each drawn with its table."),
            card("/patrol", "Patrol", "The places to be on the coming day and night shift, for a phone."),
            card("/kpis", "KPIs", "The plan's measures, with what is signal and what is noise."),
            card("/plan", "Plan", "What the policing plan promises: due, late, done."),
            card("/reports", "Reports", "Editions for the Police Authority."),
            card("/anpr", "ANPR", "Traffic past the cameras, and cameras that fell silent."),
            card("/data", "Data", "What was loaded, and what was refused and why."),
            card("/quality", "Data quality", "How complete, how soon and how well placed the records are."),
            card("/audit", "Audit", "Who looked at what, and why."),
        ],
        "facts": facts,
    });
    Ok(show("start.html", frame(&shared, Some(&who), &about.name, "start", Some(&about)), more)?)
}

fn capital(word: &str) -> String {
    match word {
        "anpr reads" => "ANPR reads".to_owned(),
        _ => word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect(),
    }
}

pub(super) async fn map(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let about = about::ask(&shared.app, &who).await?;
    Ok(show("map.html", frame(&shared, Some(&who), "Hotspot map", "map", Some(&about)), json!({}))?)
}

pub(super) async fn kpis(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let period = kpi::default_period(&shared.app, &who).await?;
    let run = kpi::run(&shared.app, &who, period, None).await?;
    page(&shared, &who, "KPIs", "kpis", html::kpis_context(&run)?).await
}

pub(super) async fn patrol(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let shifts = patrol_page::ask(&shared.app, &who).await?;
    page(&shared, &who, "Patrol", "patrol", shifts).await
}

pub(super) async fn anpr(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let cameras = flow::cameras(&shared.app, &who).await?;
    let flow = match cameras.iter().filter_map(|camera| camera.last_on).max() {
        Some(last) => Some(flow::last_week(&shared.app, &who, last).await?),
        None => None,
    };
    let rows: Vec<Value> = cameras
        .iter()
        .map(|camera| {
            let state = match (camera.live, camera.last_on) {
                (true, _) => "● heard of on the last day".to_owned(),
                (false, Some(_)) => "▼ silent since then".to_owned(),
                (false, None) => "◆ never heard of".to_owned(),
            };
            json!({
                "camera_id": camera.camera_id,
                "name": camera.name,
                "reads": format::count_or(Some(camera.reads), ""),
                "last_read": camera.last_on.map(date_in_words),
                "state": state,
            })
        })
        .collect();
    let more = match flow {
        Some(week) => json!({"cameras": rows, "table": week.table, "svg": week.svg, "period_text": week.period_text}),
        None => json!({"cameras": rows}),
    };
    page(&shared, &who, "ANPR", "anpr", more).await
}

pub(super) async fn data(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let count = |n: u64| format::count_or(Some(n), "");
    let loads: Vec<Value> = admin::loads(&shared.app, &who)?
        .iter()
        .map(|load| {
            let day = load.loaded_at.get(..10).unwrap_or_default();
            json!({
                "version": load.version,
                "loaded_at": parse_date(day).map_or_else(|_| load.loaded_at.clone(), date_in_words),
                "feed": load.feed,
                "files": load.files.iter().map(|f| f.name.clone()).collect::<Vec<_>>().join(", "),
                "rows_in": count(load.rows_in), "accepted": count(load.accepted), "revised": count(load.revised),
                "unchanged": count(load.unchanged), "duplicate": count(load.duplicate),
                "withheld": count(load.withheld),
                "rejected": count(load.rejected_total),
                "rejected_by": load.rejected.iter().map(|(reason, n)| json!([reason.replace('_', " "), n])).collect::<Vec<_>>(),
            })
        })
        .collect();
    page(&shared, &who, "Data", "data", json!({"loads": loads})).await
}

pub(super) async fn quality(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let answer = quality::ask(&shared.app, &who, &quality::Question::default()).await?;
    page(&shared, &who, "Data quality", "quality", crate::render::quality::context(&answer.quality)).await
}

pub(super) async fn audit(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let rows: Vec<Value> = admin::audit_lines(&shared.app, &who, 200)?
        .iter()
        .map(|line| {
            json!({
                "at": line.at, "who": line.who, "role": line.roles.replace('+', ", ").replace('_', " "),
                "action": line.action, "subject": line.subject, "purpose": line.purpose, "reference": line.reference,
                "outcome": line.outcome, "rows": "",
            })
        })
        .collect();
    if rows.is_empty() {
        return Err(Error::bug("reading the audit leaves a line, yet there is none").into());
    }
    page(&shared, &who, "Audit", "audit", json!({"rows": rows})).await
}
