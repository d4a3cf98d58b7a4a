//! Sign-in: one first-run token, exchanged for a session cookie; machines send it as a bearer token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::problem::{PageWords, Problem};
use super::{Shared, pages};
use crate::app::admin::who_holds;
use crate::error::Error;
use crate::model::access::Principal;
use crate::model::digest::{hex, sha256};

const COOKIE: &str = "vigie_session";
/// A session ends after this much idle time…
const IDLE: TimeDelta = TimeDelta::minutes(15);
/// …and after a shift in any case.
const LONGEST: TimeDelta = TimeDelta::hours(12);
/// Wrong tokens accepted in a minute.
const TRIES: usize = 5;

#[derive(Debug, Clone)]
struct Session {
    who: Principal,
    since: DateTime<Utc>,
    last: DateTime<Utc>,
}

/// Who is signed in, by the digest of their cookie; gone with the process.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_digest: Mutex<HashMap<String, Session>>,
    failures: Mutex<Vec<DateTime<Utc>>>,
}

impl Sessions {
    fn open(&self, who: Principal, now: DateTime<Utc>) -> Result<String, Problem> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| Error::bug("no random numbers").with_cause(e.to_string()))?;
        let id = hex(&bytes);
        self.sessions().insert(digest(&id), Session { who, since: now, last: now });
        Ok(id)
    }

    fn find(&self, id: &str, now: DateTime<Utc>) -> Option<Principal> {
        let mut sessions = self.sessions();
        sessions.retain(|_, s| now - s.last < IDLE && now - s.since < LONGEST);
        let session = sessions.get_mut(&digest(id))?;
        session.last = now;
        Some(session.who.clone())
    }

    fn close(&self, id: &str) {
        self.sessions().remove(&digest(id));
    }

    fn may_try(&self, now: DateTime<Utc>) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|at| now - *at < TimeDelta::minutes(1));
        failures.len() < TRIES
    }

    fn failed(&self, now: DateTime<Utc>) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(now);
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Session>> {
        self.by_digest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(id: &str) -> String {
    sha256(id.as_bytes())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    token: String,
}

pub(super) async fn sign_in(State(shared): State<Shared>, Json(given): Json<SignIn>) -> Result<Response, Problem> {
    let now = shared.app.now();
    if !shared.sessions.may_try(now) {
        return Err(Problem::slow_down());
    }
    let Ok(who) = who_holds(&shared.app, given.token.trim()) else {
        shared.sessions.failed(now);
        return Err(Problem::unsigned());
    };
    let id = shared.sessions.open(who, now)?;
    let value = format!("{COOKIE}={id}; HttpOnly; SameSite=Strict; Path=/");
    let value = HeaderValue::from_str(&value).map_err(|e| Error::bug("no cookie").with_cause(e))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, value)]).into_response())
}

pub(super) async fn sign_out(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(id) = cookie(&headers) {
        shared.sessions.close(id);
    }
    let gone = HeaderValue::from_static("vigie_session=; Max-Age=0; HttpOnly; SameSite=Strict; Path=/");
    let clear = HeaderValue::from_static("\"cache\", \"storage\"");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone), (header::HeaderName::from_static("clear-site-data"), clear)])
        .into_response()
}

fn is_for_machines(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/api/") || path.starts_with("/tiles/")
}

/// Lets signed-in requests through with their [`Principal`]; others get the sign-in page, or 401 if they are no page.
pub(super) async fn require(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let now = shared.app.now();
    let who = match (bearer, cookie(headers)) {
        (Some(token), _) if shared.sessions.may_try(now) => {
            let found = who_holds(&shared.app, token.trim()).ok();
            if found.is_none() {
                shared.sessions.failed(now);
            }
            found
        }
        (None, Some(id)) => shared.sessions.find(id, now),
        _ => None,
    };
    match who {
        Some(who) => {
            request.extensions_mut().insert(who.clone());
            let is_page = !is_for_machines(&request);
            let response = next.run(request).await;
            // A person gets a page that says why; a machine gets the problem as JSON.
            match response.extensions().get::<PageWords>() {
                Some(words) if is_page => pages::problem(&shared, &who, words),
                _ => response,
            }
        }
        None if is_for_machines(&request) => Problem::unsigned().into_response(),
        None => pages::sign_in(&shared),
    }
}
