//! Editions over HTTP: the page of reports, an edition's files, and building, signing and taking back.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::pages::{self, Page};
use super::problem::Problem;
use crate::app::{about, editions, report};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal, decide};
use crate::model::edition::{EditionId, Step};
use crate::model::time::parse_period_name;
use crate::render::{format, html};

type Reply = std::result::Result<Json<Value>, Problem>;

/// The main page of an edition.
const PAGE: &str = "report.html";

pub(super) async fn page(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    let editions: Vec<Value> = editions::list(&shared.app, &who)?.iter().map(row).collect();
    let about = about::describe(&shared.app, &who).await?;
    let periods = about.data_to.map(pages::whole_quarters).unwrap_or_default();
    let may_sign = decide(&who, Action::SignReport).is_ok();
    pages::page(
        &shared,
        &who,
        "Reports",
        "reports",
        json!({"editions": editions, "periods": periods, "may_sign": may_sign}),
    )
    .await
}

fn row(edition: &editions::Listed) -> Value {
    let history: Vec<Value> = edition
        .history
        .iter()
        .map(|step| {
            let words = match step.step {
                Step::Built => "built",
                Step::SignedProvisional => "signed as provisional",
                Step::SignedFinal => "signed as final",
                Step::Withdrawn => "withdrawn",
            };
            let on = step.at.split('T').next().unwrap_or_default();
            json!({"words": words, "by": step.by, "on": format::iso_date(on), "note": step.note})
        })
        .collect();
    let downloads: Vec<Value> = [
        ("report.pdf", "PDF"),
        ("report.xlsx", "XLSX"),
        ("report.ods", "ODS"),
        ("tables.json", "table list"),
        ("manifest.json", "manifest"),
    ]
    .iter()
    .filter(|(name, _)| edition.files.iter().any(|file| file == name))
    .map(|(name, label)| json!({"href": format!("/report/{}/{name}", edition.edition), "label": label}))
    .collect();
    json!({
        "id": edition.edition,
        "href": format!("/report/{}", edition.edition),
        "audience": edition.audience,
        "period": edition.period,
        "state": edition.state.name(),
        "shape": edition.state.shape(),
        "words": edition.state.words(),
        "can_sign": matches!(edition.state.name(), "draft" | "provisional"),
        "store_version": edition.store_version,
        "history": history,
        "downloads": downloads,
    })
}

pub(super) async fn newest(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Page {
    shown(editions::read(&shared.app, &who, None, PAGE)?)
}

pub(super) async fn edition(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Path(name): Path<String>,
) -> Page {
    shown(editions::read(&shared.app, &who, Some(&EditionId::parse(&name)?), PAGE)?)
}

pub(super) async fn file(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Path((name, file)): Path<(String, String)>,
) -> Page {
    let bytes = editions::read(&shared.app, &who, Some(&EditionId::parse(&name)?), &file)?;
    if file == PAGE {
        return shown(bytes);
    }
    let kind = match file.rsplit('.').next() {
        Some("pdf") => "application/pdf",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("ods") => "application/vnd.oasis.opendocument.spreadsheet",
        Some("csv") => "text/csv; charset=utf-8",
        Some("json") => "application/json",
        Some("parquet") => "application/vnd.apache.parquet",
        _ => "application/octet-stream",
    };
    let short = file.rsplit('/').next().unwrap_or("file");
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}-{short}\""))
        .map_err(|e| Error::bug("no file name").with_cause(e))?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, bytes).into_response())
}

/// A report is a file of its own, so it brings its own style.
fn shown(bytes: Vec<u8>) -> Page {
    let text = String::from_utf8(bytes).map_err(|e| Error::data("a report is not text").with_cause(e))?;
    let policy = format!(
        "default-src 'none'; style-src {}; img-src data:; frame-ancestors 'none'; base-uri 'none'",
        html::report_style_source()
    );
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(text)).into_response())
}

pub(super) async fn list(State(shared): State<Shared>, Extension(who): Extension<Principal>) -> Reply {
    Ok(Json(json!({"editions": editions::list(&shared.app, &who)?})))
}

pub(super) async fn manifest(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Path(name): Path<String>,
) -> Reply {
    Ok(Json(json!(editions::manifest(&shared.app, &who, &EditionId::parse(&name)?)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    edition: String,
    period: String,
}

pub(super) async fn build(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Json(wanted): Json<Wanted>,
) -> std::result::Result<Response, Problem> {
    let period = parse_period_name(&wanted.period).map_err(|e| e.at("period"))?;
    let request =
        report::Request { edition: wanted.edition, period_name: wanted.period, period, weights: None, out: None };
    let built = report::build(&shared.app, &who, &request).await?;
    Ok((StatusCode::CREATED, Json(said(&built))).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stepped {
    step: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn step(
    State(shared): State<Shared>,
    Extension(who): Extension<Principal>,
    Path(name): Path<String>,
    Json(wanted): Json<Stepped>,
) -> Reply {
    let id = EditionId::parse(&name)?;
    let signed =
        |step: Step| -> Result<Value> { Ok(said(&report::sign(&shared.app, &who, &id, step, &wanted.note, None)?)) };
    Ok(Json(match wanted.step.as_str() {
        "provisional" => signed(Step::SignedProvisional)?,
        "final" => signed(Step::SignedFinal)?,
        "withdrawn" => {
            report::withdraw(&shared.app, &who, &id, &wanted.note)?;
            json!({"edition": name, "state": "withdrawn"})
        }
        other => {
            return Err(Error::input(format!("`{other}` is not a step; write provisional, final or withdrawn"))
                .at("step")
                .into());
        }
    }))
}

fn said(built: &report::Built) -> Value {
    json!({
        "edition": built.id.to_string(),
        "state": built.state,
        "sha256": built.manifest_sha256,
        "files": built.files,
        "kpis": built.kpis,
        "revisions": built.revisions,
        "unchanged": built.unchanged,
    })
}
