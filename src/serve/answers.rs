//! Answers with an `ETag`: the store version, the question and the role tell whether the client's copy is still true.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::access::Principal;

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

/// JSON with its tag.
pub(super) fn json(value: &impl Serialize, tag: &str) -> Response {
    with_tag(Json(value).into_response(), tag)
}

/// Adds the tag; the client may keep the answer but must ask each time whether it is still true.
pub(super) fn with_tag(mut response: Response, tag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, value);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}
