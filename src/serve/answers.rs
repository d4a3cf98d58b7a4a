//! Answers with an `ETag`: the store version, the question and the role tell whether the client's copy is still true.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::params::Params;
use crate::error::{Error, Result};
use crate::model::access::Principal;

/// How a map is written: rows with their provenance, or hexagons for a geographic information system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Json,
    GeoJson,
}

impl Shape {
    /// The parameter `format`.
    pub fn of(params: &mut Params) -> Result<Self> {
        match params.take("format").as_deref() {
            None | Some("json") => Ok(Shape::Json),
            Some("geojson") => Ok(Shape::GeoJson),
            Some(other) => Err(Error::input(format!("`{other}` is neither json nor geojson")).at("format")),
        }
    }

    /// The answer in this shape.
    pub fn reply(self, rows: &impl Serialize, geojson: impl FnOnce() -> Result<Vec<u8>>) -> Result<Response> {
        match self {
            Shape::Json => Ok(Json(rows).into_response()),
            Shape::GeoJson => Ok(([(header::CONTENT_TYPE, "application/geo+json")], geojson()?).into_response()),
        }
    }
}

/// The tag of an answer.
pub(super) fn tag(version: u64, question: &str, who: &Principal) -> String {
    format!("\"{version}-{:016x}\"", xxh3_64(format!("{question} {}", who.role_names()).as_bytes()))
}

/// Whether the client holds the answer with this tag.
pub(super) fn is_held(headers: &HeaderMap, tag: &str) -> bool {
    let held = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or("");
    held.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

/// 304 with its tag.
pub(super) fn not_modified(tag: &str) -> Response {
    with_tag(StatusCode::NOT_MODIFIED.into_response(), tag)
}

/// Adds the tag; the client may keep the answer but must ask each time whether it is still true.
pub(super) fn with_tag(mut response: Response, tag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, value);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}
