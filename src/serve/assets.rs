//! The page's own files, embedded at build.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

use super::answers::{is_held, not_modified, with_tag};
use super::problem::no_such_path;

#[derive(Embed)]
#[folder = "$OUT_DIR/web"]
struct Files;

pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Files::get(&name) else { return no_such_path().await.into_response() };
    let digest: String = file.metadata.sha256_hash().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    if is_held(&headers, &tag) {
        return not_modified(&tag);
    }
    let kind = match name.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    with_tag((StatusCode::OK, [(header::CONTENT_TYPE, kind)], file.data).into_response(), &tag)
}
