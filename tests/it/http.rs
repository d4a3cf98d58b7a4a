//! The router in process: sign-in, every page, the API, tiles, and the headers that every answer has.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vigie::app::App;
use vigie::app::admin::first_run_token;

use crate::support::{island, island_app, last_year, program, rows, vigie};

/// Pages of somebody who is signed in.
const PAGES: [&str; 11] =
    ["/", "/map", "/analysis", "/kpis", "/plan", "/patrol", "/reports", "/anpr", "/data", "/quality", "/audit"];

/// The one first-run token of the island's store: a second one would end it for tests that run beside.
fn token() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| first_run_token(&island_app()).unwrap())
}

/// A router and, for those who are signed in, what they send along.
pub struct Door {
    router: Router,
    sends: Vec<(header::HeaderName, String)>,
}

/// What came back.
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Vec<u8>,
}

impl Door {
    fn of(app: App) -> Self {
        Self { router: vigie::serve::router(app), sends: Vec::new() }
    }

    /// Nobody in particular.
    pub fn unsigned() -> Self {
        Self::of(island_app())
    }

    /// With the token of machines.
    pub fn signed_in() -> Self {
        Self::unsigned().with(header::AUTHORIZATION, &format!("Bearer {}", token()))
    }

    fn with(mut self, name: header::HeaderName, value: &str) -> Self {
        self.sends.push((name, value.to_owned()));
        self
    }

    /// The same router, nothing sent along.
    fn stranger(&self) -> Self {
        Self { router: self.router.clone(), sends: Vec::new() }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        more: &[(header::HeaderName, &str)],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1");
        for (name, value) in &self.sends {
            request = request.header(name, value);
        }
        for (name, value) in more {
            request = request.header(name, *value);
        }
        let body = match body {
            Some(json) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        Reply { status: parts.status, headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap().to_vec() }
    }

    /// Asks for a path.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    async fn sign_in(&self, token: &str) -> Reply {
        self.send(Method::POST, "/api/v1/session", Some(json!({"token": token})), &[]).await
    }
}

impl Reply {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

fn filters() -> String {
    let (from, to) = last_year();
    format!("from={from}&to={to}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_becomes_a_session_and_signing_out_ends_it() {
    let door = Door::unsigned();
    let reply = door.sign_in(token()).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text());
    let cookie = reply.header("set-cookie").to_owned();
    for word in ["vigie_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap();
    let signed = door.stranger().with(header::COOKIE, pair);
    assert_eq!(signed.get("/api/v1/about").await.status, StatusCode::OK);
    let out = signed.send(Method::DELETE, "/api/v1/session", None, &[]).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("clear-site-data").contains("storage"));
    assert_eq!(signed.get("/api/v1/about").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_refused_and_the_sixth_has_to_wait() {
    let door = Door::unsigned();
    for _ in 0..5 {
        let reply = door.sign_in("wrong").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert!(reply.header("set-cookie").is_empty());
    }
    let reply = door.sign_in(token()).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "also with the right token: guessing must not pay");
    assert!(!reply.header("retry-after").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_bearer_tokens_count_as_attempts() {
    let door = Door::unsigned();
    for _ in 0..6 {
        let reply = door.send(Method::GET, "/api/v1/about", None, &[(header::AUTHORIZATION, "Bearer wrong")]).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(door.sign_in("wrong").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_not_one_is_a_client_error() {
    let door = Door::unsigned();
    for body in [json!({}), json!({"token": 1}), json!({"token": "x", "role": "admin"}), json!([])] {
        let reply = door.send(Method::POST, "/api/v1/session", Some(body), &[]).await;
        assert!(reply.status.is_client_error(), "{}", reply.status);
    }
    let long = json!({"token": "x".repeat(100_000)});
    let reply = door.send(Method::POST, "/api/v1/session", Some(long), &[]).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn a_server_that_does_not_start_leaves_the_token_of_the_one_that_runs() {
    token();
    let known = || island_app().store.first_run_token().unwrap();
    let before = known();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    for (listen, code) in [("0.0.0.0:0", 4), (taken.as_str(), 2)] {
        let run = vigie(island(), &["serve", "--listen", listen]);
        assert_eq!(run.code, code, "{}", run.err);
        assert!(run.err.contains(listen), "{}", run.err);
    }
    assert_eq!(known(), before);
}

#[test]
fn a_server_says_where_it_listens_and_who_holds_the_token_may_ask() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let store = tempfile::tempdir().unwrap();
    assert_eq!(vigie(store.path(), &["init", "--area", "jersey"]).code, 0);
    let mut server = program()
        .args(["--json", "--store", store.path().to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let (address, url) = (said["address"].as_str().unwrap(), said["url"].as_str().unwrap());
    let token = url.strip_prefix(&format!("http://{address}/#token=")).unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /api/v1/about HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(reply.contains("\"study_area\""), "{reply}");
}

static NOW: AtomicI64 = AtomicI64::new(1_767_268_800);

fn moving_clock() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW.load(Ordering::SeqCst), 0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_15_idle_minutes_and_after_12_hours() {
    let door = Door::of(App::open(island(), None, moving_clock).unwrap());
    let sign_in = async || {
        let reply = door.sign_in(token()).await;
        door.stranger().with(header::COOKIE, reply.header("set-cookie").split(';').next().unwrap())
    };
    let after = async |signed: &Door, minutes: i64| {
        NOW.fetch_add(minutes * 60, Ordering::SeqCst);
        signed.get("/api/v1/about").await.status
    };
    let idle = sign_in().await;
    assert_eq!(after(&idle, 14).await, StatusCode::OK);
    assert_eq!(after(&idle, 16).await, StatusCode::UNAUTHORIZED);
    let busy = sign_in().await;
    for _ in 0..51 {
        assert_eq!(after(&busy, 14).await, StatusCode::OK);
    }
    assert_eq!(after(&busy, 14).await, StatusCode::UNAUTHORIZED, "12 hours are enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_opens_for_those_who_are_signed_in() {
    let door = Door::signed_in();
    for path in PAGES {
        let reply = door.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
        assert!(reply.header("content-type").starts_with("text/html"), "{path}");
        let html = reply.text();
        assert!(html.contains("<html lang=\"en") && html.contains("<h1"), "{path}");
        assert!(html.to_lowercase().contains("synthetic"), "{path} does not say that the data is synthetic");
        for inline in ["<script>", " style=\"", "<style", " onclick=", "href=\"http", "src=\"http"] {
            assert!(!html.contains(inline), "{path} has {inline}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_the_sign_in_page_or_401() {
    let door = Door::unsigned();
    for path in PAGES.iter().chain(&["/report"]) {
        let reply = door.get(path).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(reply.text().contains("sign-in"), "{path}");
    }
    for path in [
        "/api/v1/about",
        "/api/v1/openapi.json",
        "/api/v1/query/datasets",
        "/tiles/base.json",
        "/tiles/base/11/1011/701.mvt",
    ] {
        let reply = door.get(path).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
    }
    for path in ["/healthz", "/readyz", "/assets/style.css"] {
        assert_eq!(door.get(path).await.status, StatusCode::OK, "{path} is open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_headers_that_keep_it_in() {
    for door in [Door::unsigned(), Door::signed_in()] {
        for path in
            ["/", "/map", "/api/v1/about", "/nowhere", "/assets/style.css", "/tiles/base/11/1011/701.mvt", "/healthz"]
        {
            let reply = door.get(path).await;
            let policy = reply.header("content-security-policy");
            for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{path}");
            assert!(!reply.header("cache-control").is_empty(), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn about_says_what_there_is() {
    let about = Door::signed_in().get("/api/v1/about").await.json();
    for key in ["name", "version", "store_version", "data_to", "bounds", "study_area", "role", "datasets", "dayparts"] {
        assert!(about.get(key).is_some(), "{key}");
    }
    let names: Vec<&str> = about["dayparts"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["day", "night", "nte"]);
    let [west, south, east, north] = [0, 1, 2, 3].map(|i| about["bounds"][i].as_f64().unwrap());
    assert!(west > -2.4 && east < -1.9 && south > 49.0 && north < 49.4, "{}", about["bounds"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_as_the_command_line_does() {
    let filters = filters();
    let door = Door::signed_in();
    let reply = door.get(&format!("/api/v1/hotspots?{filters}&daypart=night")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let (from, to) = last_year();
    let shown = vigie(island(), &["--json", "hotspots", "--daypart", "night", "--from", &from, "--to", &to]);
    assert_eq!(reply.json(), shown.ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn long_questions_answer_over_http_as_on_the_command_line() {
    let (from, to) = last_year();
    let door = Door::signed_in();
    for (path, command) in [
        (
            format!("/api/v1/near-repeat?from={from}&to={to}&group=burglary&permutations=99&seed=7"),
            vec![
                "near-repeat",
                "--from",
                &from,
                "--to",
                &to,
                "--group",
                "burglary",
                "--permutations",
                "99",
                "--seed",
                "7",
            ],
        ),
        (
            format!("/api/v1/scan?from={from}&to={to}&group=burglary&permutations=19&alive=true"),
            vec!["scan", "--from", &from, "--to", &to, "--group", "burglary", "--permutations", "19", "--alive"],
        ),
        (
            format!("/api/v1/evaluate?from={from}&to={to}&methods=gi-star&horizon=4w"),
            vec!["evaluate", "--from", &from, "--to", &to, "--methods", "gi-star", "--horizon", "4w", "--no-keep"],
        ),
        (format!("/api/v1/forecast?on={to}&method=count-91d"), vec!["forecast", "--on", &to, "--method", "count-91d"]),
    ] {
        let reply = door.get(&path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
        let shown = vigie(island(), &[&["--json"][..], &command].concat());
        assert_eq!(reply.json(), shown.ok(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_of_the_api_answers_200() {
    let filters = filters();
    let door = Door::signed_in();
    let mut kept = BTreeMap::new();
    for path in [
        format!("/api/v1/hotspots?{filters}"),
        format!("/api/v1/hotspots?{filters}&dataset=incidents&daypart=22:00-04:00&res=8&method=count"),
        format!("/api/v1/hotspots?{filters}&group="),
        format!("/api/v1/hotspots?{filters}&method=local-moran&permutations=999&seed=2"),
        format!("/api/v1/hotspots?{filters}&method=kde&kernel=gaussian&bandwidth=250"),
        format!(
            "/api/v1/hotspots?{filters}&method=kde&group=theft&against_group=burglary&join=difference&bandwidth=600"
        ),
        format!("/api/v1/clusters?{filters}&group=burglary&distance=150&minimum=8"),
        format!("/api/v1/concentration?{filters}"),
        format!("/api/v1/change?{filters}&by=parish"),
        format!("/api/v1/emerging?{filters}&definition=sfhotspot&step=month"),
        format!("/api/v1/hours?{filters}&group=burglary"),
        format!(
            "/api/v1/near-repeat?{filters}&group=burglary&space_bands=0,1,100,200&time_bands=0,7,14&permutations=19"
        ),
        format!("/api/v1/scan?{filters}&group=burglary&max_radius=500&max_days=14&permutations=19"),
        format!("/api/v1/evaluate?{filters}&methods=count-365d,gi-star&coverage=0.05,0.01&daypart=all,night"),
        format!("/api/v1/forecast?on={}&horizon=1w&daypart=night&method=kde", last_year().1),
        format!("/api/v1/trend?{filters}&dataset=incidents"),
        "/api/v1/kpis".to_owned(),
        format!("/api/v1/anpr/flow?{filters}"),
        "/api/v1/anpr/cameras".to_owned(),
        "/api/v1/query/datasets".to_owned(),
        "/api/v1/loads".to_owned(),
        "/api/v1/quality".to_owned(),
        "/api/v1/audit".to_owned(),
    ] {
        let reply = door.get(&path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
        let count = rows(&reply.json()).len();
        assert!(count > 0, "{path} has no rows");
        kept.insert(path, count);
    }
    println!("rows of the API: {kept:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_names_every_path_that_answers() {
    let door = Door::signed_in();
    let document = door.get("/api/v1/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    for path in [
        "about",
        "hotspots",
        "clusters",
        "concentration",
        "change",
        "emerging",
        "hours",
        "near-repeat",
        "scan",
        "evaluate",
        "forecast",
        "trend",
        "kpis",
        "plan",
        "anpr/flow",
        "anpr/cameras",
        "loads",
        "quality",
        "audit",
        "query/daily_counts",
    ] {
        assert!(document["paths"].get(format!("/api/v1/{path}")).is_some(), "{path}");
    }
    for (path, operation) in document["paths"].as_object().unwrap() {
        let needs = operation["get"]["parameters"].as_array().unwrap().iter().any(|p| p["required"] == true);
        let reply = door.get(path).await;
        let expected = if needs { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        assert_eq!(reply.status, expected, "{path} without parameters: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_understood_is_refused_by_name() {
    let filters = filters();
    let door = Door::signed_in();
    for (path, word) in [
        (format!("/api/v1/hotspots?{filters}&colour=red"), "colour"),
        (format!("/api/v1/hotspots?{filters}&from=2015-01-01"), "from"),
        ("/api/v1/hotspots?from=2015-02-30&to=2016-01-01".to_owned(), "from"),
        ("/api/v1/hotspots?from=2016-01-01&to=2015-01-01".to_owned(), "2015-01-01"),
        ("/api/v1/hotspots".to_owned(), "from"),
        (format!("/api/v1/hotspots?{filters}&res=99"), "99"),
        (format!("/api/v1/hotspots?{filters}&res=nine"), "nine"),
        (format!("/api/v1/hotspots?{filters}&daypart=teatime"), "teatime"),
        (format!("/api/v1/hotspots?{filters}&dataset=people"), "people"),
        (format!("/api/v1/hotspots?{filters}&method=magic"), "magic"),
        (format!("/api/v1/hotspots?{filters}&method=kde&permutations=9"), "permutations"),
        (format!("/api/v1/hotspots?{filters}&kernel=box&method=kde"), "box"),
        (format!("/api/v1/hotspots?{filters}&seed=3"), "seed"),
        (format!("/api/v1/hotspots?{filters}&against_group=theft"), "against"),
        (format!("/api/v1/hotspots?{filters}&method=kde&against_group=piracy"), "piracy"),
        (format!("/api/v1/hotspots?{filters}&method=kde&against_from=2016-01-01"), "against_to"),
        (format!("/api/v1/hotspots?{filters}&method=kde&against_group=theft&join=product"), "product"),
        (
            format!(
                "/api/v1/hotspots?{filters}&method=kde&against_group=theft&against_from=2015-01-01&against_to=2016-01-01"
            ),
            "group or in period",
        ),
        (format!("/api/v1/clusters?{filters}&distance=far"), "far"),
        (format!("/api/v1/clusters?{filters}&method=kmeans"), "kmeans"),
        (format!("/api/v1/concentration?{filters}&method=gini"), "method"),
        (format!("/api/v1/change?{filters}&before_from=2010-01-01"), "before_to"),
        (format!("/api/v1/change?{filters}&by=street"), "parish"),
        (format!("/api/v1/emerging?{filters}&step=fortnight"), "fortnight"),
        (format!("/api/v1/emerging?{filters}&window=all"), "window"),
        (format!("/api/v1/hours?{filters}&res=9"), "res"),
        (format!("/api/v1/trend?{filters}&res=9"), "res"),
        (format!("/api/v1/near-repeat?{filters}&space_bands=0,far"), "space_bands"),
        (format!("/api/v1/near-repeat?{filters}&space_bands=100,1"), "space_bands"),
        (format!("/api/v1/near-repeat?{filters}&permutations=10000"), "permutations"),
        (format!("/api/v1/near-repeat?{filters}&metric=walking"), "manhattan"),
        (format!("/api/v1/scan?{filters}&permutations=1000"), "permutations"),
        (format!("/api/v1/scan?{filters}&max_share=0.9"), "max_share"),
        (format!("/api/v1/scan?{filters}&alive=yes"), "alive"),
        (format!("/api/v1/evaluate?{filters}&step=1d"), "160"),
        (format!("/api/v1/evaluate?{filters}&methods=magic"), "magic"),
        (format!("/api/v1/evaluate?{filters}&horizon=soon"), "horizon"),
        (format!("/api/v1/evaluate?{filters}&keep=true"), "keep"),
        ("/api/v1/forecast".to_owned(), "on"),
        ("/api/v1/forecast?on=2018-01-01&method=magic".to_owned(), "magic"),
        ("/api/v1/forecast?on=2018-01-01&daypart=day,night".to_owned(), "daypart"),
        ("/api/v1/forecast?on=2018-01-01&horizon=0".to_owned(), "2018-01-01"),
        ("/api/v1/kpis?from=2015-01-01".to_owned(), "to"),
        ("/api/v1/kpis?ids=m99".to_owned(), "m99"),
        ("/api/v1/query/nothing".to_owned(), "nothing"),
        ("/api/v1/query/datasets?colour=red".to_owned(), "colour"),
        (format!("/tiles/hotspots/11/1011/701.mvt?{filters}&colour=red"), "colour"),
        ("/tiles/hotspots/11/1011/701.mvt".to_owned(), "from"),
    ] {
        let reply = door.get(&path).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
        let problem = reply.json();
        for key in ["type", "title", "status", "detail"] {
            assert!(problem.get(key).is_some(), "{path}: {problem}");
        }
        assert!(problem.to_string().contains(word), "{path}: `{word}` is not in {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_404() {
    let door = Door::signed_in();
    for path in [
        "/api/v1/nothing",
        "/nowhere",
        "/assets/nothing.js",
        "/assets/..%2fstyle.css",
        "/tiles/nothing.json",
        "/tiles/nothing/11/1/1.mvt",
        "/tiles/base/11/1011/701.png",
    ] {
        let reply = door.get(path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_hold_their_layer_and_empty_ones_are_204() {
    let filters = filters();
    let door = Door::signed_in();
    // St Helier at zoom 12.
    let (x, y) = (2024, 1403);
    for layer in ["hotspots", "crimes", "incidents", "emerging", "cameras", "areas", "base"] {
        let query = if ["cameras", "areas", "base"].contains(&layer) { String::new() } else { format!("?{filters}") };
        let reply = door.get(&format!("/tiles/{layer}/12/{x}/{y}.mvt{query}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{layer}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/vnd.mapbox-vector-tile");
        let name = if layer == "base" { "coast" } else { layer };
        assert!(reply.text().contains(name), "{layer}");
        let empty = door.get(&format!("/tiles/{layer}/12/0/0.mvt{query}")).await;
        assert_eq!((empty.status, empty.body.len()), (StatusCode::NO_CONTENT, 0), "{layer} in the ocean");
        let about = door.get(&format!("/tiles/{layer}.json")).await.json();
        assert_eq!(about["tilejson"], "3.0.0");
        assert!(about["tiles"][0].as_str().unwrap().contains(&format!("/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt")));
        assert!(about["vector_layers"].is_array());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_questions_draws_two_densities_and_a_forecast() {
    let filters = filters();
    let door = Door::signed_in();
    let asked = "question=kde&group=theft&kernel=gaussian&bandwidth=600&join=ratio";
    for (against, word) in [
        ("&against_group=burglary&against_from=&against_to=", "group=burglary"),
        ("&against_group=&against_from=2016-01-01&against_to=2017-01-01", "2016-01-01..2017-01-01"),
    ] {
        let reply = door.get(&format!("/analysis?{filters}&{asked}{against}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        let html = reply.text();
        for words in [word, "Twice its share and more", "<option selected>gaussian", "value=\"600", "name=\"join\""] {
            assert!(html.contains(words), "{words} is not in {html:.6000}");
        }
    }
    let page = door.get("/analysis?question=forecast").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let html = page.text();
    for words in ["cells to look at first for crimes", "Forecast accuracy", "Up to 5%", "role=\"img\""] {
        assert!(html.contains(words), "{words} is not in {html:.6000}");
    }
    // From a forecast to a question of what was: without the week ahead.
    assert!(html.contains("question=change&amp;dataset=crimes\""), "{html:.3000}");
    let wrong = door.get(&format!("/analysis?{filters}&question=trend&kernel=gaussian")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "a setting that is not used is refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn maps_are_geojson_for_those_who_ask() {
    let filters = filters();
    let door = Door::signed_in();
    for (path, key) in [
        (format!("hotspots?{filters}&daypart=night"), "bin"),
        (format!("change?{filters}"), "verdict"),
        (format!("emerging?{filters}"), "category"),
        (format!("forecast?on={}&method=count-91d", last_year().1), "rank"),
    ] {
        let reply = door.get(&format!("/api/v1/{path}&format=geojson")).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/geo+json", "{path}");
        let (collection, plain) = (reply.json(), door.get(&format!("/api/v1/{path}")).await.json());
        assert_eq!(collection["type"], "FeatureCollection");
        assert_eq!(collection["provenance"], plain["provenance"]);
        let features = collection["features"].as_array().unwrap();
        assert_eq!(features.len(), rows(&plain).len(), "{path}");
        for (feature, row) in features.iter().zip(rows(&plain)) {
            assert_eq!(feature["properties"][key], row[key], "{path}");
            assert_eq!(feature["id"], row["cell"]);
            let ring = feature["geometry"]["coordinates"][0].as_array().unwrap();
            assert!(ring.len() >= 6 && ring.first() == ring.last());
            assert!(feature["properties"].get("lat").is_none(), "the place is the geometry");
        }
    }
    for path in [format!("change?{filters}&by=parish&format=geojson"), format!("emerging?{filters}&format=shapefile")] {
        let reply = door.get(&format!("/api/v1/{path}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert_eq!(reply.json()["where"], "format", "{}", reply.text());
    }
    let plain = door.get(&format!("/api/v1/hotspots?{filters}")).await;
    let shaped = door.get(&format!("/api/v1/hotspots?{filters}&format=geojson")).await;
    assert_ne!(plain.header("etag"), shaped.header("etag"), "another shape, another tag");
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_of_histories_hold_the_categories_of_the_api() {
    let query = format!("{}&daypart=night", filters());
    let door = Door::signed_in();
    let answer = door.get(&format!("/api/v1/emerging?{query}")).await.json();
    let tile = door.get(&format!("/tiles/emerging/8/126/87.mvt?{query}")).await;
    assert_eq!(tile.status, StatusCode::OK, "{}", tile.text());
    let mut categories: Vec<&str> = rows(&answer).iter().map(|row| row["category"].as_str().unwrap()).collect();
    categories.sort_unstable();
    categories.dedup();
    assert!(categories.len() > 2, "{categories:?}");
    for category in categories {
        assert!(tile.text().contains(category), "{category} is not in the tile");
    }
    let short = door.get(&format!("/tiles/emerging/8/126/87.mvt?{query}&step=60d")).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY, "fewer than ten steps");
    let other = door.get(&format!("/tiles/emerging/8/126/87.mvt?{query}&definition=sfhotspot")).await;
    assert!(other.status == StatusCode::OK && other.body != tile.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn night_and_day_are_other_tiles() {
    let filters = filters();
    let door = Door::signed_in();
    let mut seen = Vec::new();
    for daypart in ["", "&daypart=day", "&daypart=night"] {
        seen.push(door.get(&format!("/tiles/hotspots/12/2024/1403.mvt?{filters}{daypart}")).await.body);
    }
    assert!(seen[0] != seen[1] && seen[1] != seen[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_still_true_is_304() {
    let filters = filters();
    let door = Door::signed_in();
    for path in [
        format!("/api/v1/hotspots?{filters}"),
        format!("/tiles/hotspots/12/2024/1403.mvt?{filters}"),
        format!("/tiles/emerging/12/2024/1403.mvt?{filters}"),
        "/tiles/base/12/2024/1403.mvt".to_owned(),
        "/assets/style.css".to_owned(),
    ] {
        let first = door.get(&path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{path}: `{tag}`");
        for held in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let again = door.send(Method::GET, &path, None, &[(header::IF_NONE_MATCH, &held)]).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path} {held}");
            assert_eq!(again.header("etag"), tag);
        }
        let other = door.send(Method::GET, &path, None, &[(header::IF_NONE_MATCH, "\"other\"")]).await;
        assert_eq!(other.status, StatusCode::OK);
    }
    let day = door.get(&format!("/api/v1/hotspots?{filters}&daypart=day")).await;
    let night = door.get(&format!("/api/v1/hotspots?{filters}&daypart=night")).await;
    assert_ne!(day.header("etag"), night.header("etag"), "another question, another tag");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_for_those_who_ask() {
    let door = Door::signed_in();
    let path = format!("/api/v1/hotspots?{}", filters());
    let plain = door.get(&path).await;
    let small = door.send(Method::GET, &path, None, &[(header::ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(small.header("content-encoding"), "gzip");
    assert!(small.body.len() * 4 < plain.body.len(), "{} of {}", small.body.len(), plain.body.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405() {
    let door = Door::signed_in();
    for (method, path) in [(Method::POST, "/api/v1/about"), (Method::DELETE, "/map"), (Method::PUT, "/tiles/base.json")]
    {
        assert_eq!(door.send(method, path, None, &[]).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}
