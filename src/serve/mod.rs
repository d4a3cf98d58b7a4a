//! Pages, API and tiles over HTTP: parse → call `app` → render → reply. Rank 7. The whole router is on this screen.

mod analysis;
mod answers;
mod api;
mod api_long;
mod api_time;
mod assets;
mod long;
mod pages;
mod params;
mod plan;
mod problem;
mod reports;
mod session;
mod tiles;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::app::App;
use crate::error::{Error, Result};

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    app: App,
    sessions: Arc<session::Sessions>,
    long: Arc<long::Long>,
}

/// Every route of the server.
pub fn router(app: App) -> Router {
    let shared = Shared { app, sessions: Arc::default(), long: Arc::default() };
    let api = Router::new()
        .route("/about", get(api::about))
        .route("/hotspots", get(api::hotspots))
        .route("/clusters", get(api::clusters))
        .route("/concentration", get(api::concentration))
        .route("/change", get(api_time::changes))
        .route("/emerging", get(api_time::histories))
        .route("/hours", get(api_time::hours_of_week))
        .route("/near-repeat", get(api_long::near_repeats))
        .route("/scan", get(api_long::crowds))
        .route("/evaluate", get(api_long::methods_tested))
        .route("/forecast", get(api_long::forecast_of))
        .route("/trend", get(api::trend))
        .route("/kpis", get(api::kpis))
        .route("/editions", get(reports::list).post(reports::build))
        .route("/editions/{edition}", get(reports::manifest))
        .route("/editions/{edition}/steps", post(reports::step))
        .route("/plan", get(plan::plan_api))
        .route("/anpr/flow", get(api::flow))
        .route("/anpr/cameras", get(api::cameras))
        .route("/query/{name}", get(api::query))
        .route("/loads", get(api::loads))
        .route("/quality", get(api::quality))
        .route("/audit", get(api::audit))
        .route("/openapi.json", get(api::openapi))
        .fallback(problem::no_such_path);
    let signed_in = Router::new()
        .nest("/api/v1", api)
        .route("/tiles/{layer}/{z}/{x}/{y}", get(tiles::tile))
        .route("/tiles/{layer}", get(tiles::tilejson))
        .route("/", get(pages::start))
        .route("/map", get(pages::map))
        .route("/analysis", get(analysis::analysis))
        .route("/kpis", get(pages::kpis))
        .route("/plan", get(plan::plan_page))
        .route("/patrol", get(pages::patrol))
        .route("/reports", get(reports::page))
        .route("/report", get(reports::newest))
        .route("/report/{edition}", get(reports::edition))
        .route("/report/{edition}/{*file}", get(reports::file))
        .route("/anpr", get(pages::anpr))
        .route("/data", get(pages::data))
        .route("/quality", get(pages::quality))
        .route("/audit", get(pages::audit))
        .route_layer(middleware::from_fn_with_state(shared.clone(), session::require));
    let open = Router::new()
        .route("/api/v1/session", post(session::sign_in).delete(session::sign_out))
        .route("/assets/{file}", get(assets::file))
        .route("/healthz", get(api::alive))
        .route("/readyz", get(api::ready));
    signed_in
        .merge(open)
        .fallback(problem::no_such_path)
        .layer(middleware::from_fn(harden))
        .layer(CompressionLayer::new().gzip(true))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(shared)
}

/// A server under way.
type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// [`serve`] in the shape that the command line takes it.
pub fn start(app: App, listen: SocketAddr, ready: Box<dyn FnOnce(SocketAddr) -> Result<()> + Send>) -> Running {
    Box::pin(serve(app, listen, ready))
}

/// Serves until Ctrl-C; tells the address once it listens.
///
/// # Errors
/// `Denied` beyond loopback; `Input` if the address is taken; what `ready` says.
pub async fn serve(app: App, listen: SocketAddr, ready: impl FnOnce(SocketAddr) -> Result<()>) -> Result<()> {
    if !listen.ip().is_loopback() {
        return Err(Error::denied(format!(
            "{listen} is reachable from other machines: that needs TLS and users, which this version does not have. \
             Listen on 127.0.0.1"
        )));
    }
    let taken = |e| Error::input(format!("cannot listen on {listen}; is another server running?")).with_cause(e);
    let listener = TcpListener::bind(listen).await.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    ready(address)?;
    axum::serve(listener, router(app))
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await
        .map_err(|e| Error::bug("the server stopped").with_cause(e))
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; worker-src 'self' blob:; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'self'";

/// Headers that every answer has.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
