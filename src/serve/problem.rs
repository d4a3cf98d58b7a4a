//! Errors as `application/problem+json`: kind and message for the person, the cause for the log.

use std::any::Any;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::error::{Error, Kind};

/// An error on its way out.
#[derive(Debug)]
pub(super) struct Problem {
    error: Error,
    status: StatusCode,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.kind().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { error, status }
    }
}

impl Problem {
    /// Nobody is signed in.
    pub fn unsigned() -> Self {
        Self { error: Error::denied("sign in first"), status: StatusCode::UNAUTHORIZED }
    }

    /// Too many wrong tokens.
    pub fn slow_down() -> Self {
        Self { error: Error::busy("too many attempts; wait a minute"), status: StatusCode::TOO_MANY_REQUESTS }
    }
}

/// What a page says in place of its content.
#[derive(Debug, Clone)]
pub(super) struct PageWords {
    pub status: u16,
    pub title: &'static str,
    pub detail: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if matches!(self.error.kind(), Kind::Bug) {
            tracing::error!(error = %self.error, cause = ?std::error::Error::source(&self.error), "a request failed");
        }
        let body = json!({
            "type": format!("about:blank#{}", self.error.kind().name()),
            "title": self.status.canonical_reason().unwrap_or("error"),
            "status": self.status.as_u16(),
            "detail": self.error.message(),
            "where": self.error.place(),
        });
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.extensions_mut().insert(PageWords {
            status: self.status.as_u16(),
            title: self.status.canonical_reason().unwrap_or("Error"),
            detail: self.error.message().to_owned(),
        });
        if self.status == StatusCode::TOO_MANY_REQUESTS || self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

pub(super) async fn no_such_path() -> Problem {
    Error::missing("there is no such path").into()
}

pub(super) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    Problem::from(Error::bug("the request failed; please report it")).into_response()
}
