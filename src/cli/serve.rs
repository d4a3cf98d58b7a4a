//! `vigie serve`.

use std::net::SocketAddr;

use clap::Args;
use serde_json::json;

use super::Context;
use crate::app::App;
use crate::app::admin::first_run_token;
use crate::error::Result;

#[derive(Args)]
pub(super) struct Serve {
    /// Address to listen on; loopback only until TLS and users exist
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

impl Serve {
    pub async fn run(self, context: &Context) -> Result<()> {
        serve_app(context, context.app()?, self.listen).await
    }
}

/// Makes a first-run token, serves, and prints once where and with which token.
pub(super) async fn serve_app(context: &Context, app: App, listen: SocketAddr) -> Result<()> {
    if listen.ip().is_loopback() {
        // Warm the session: the first page should not wait for it.
        app.engine.snapshot(crate::store::AsOf::Newest).await?.ready().await?;
    }
    let (output, doors) = (context.output, app.clone());
    let ready = move |address: SocketAddr| {
        // Only now: a server that cannot start must not end the token of the one that runs.
        let token = first_run_token(&doors)?;
        // The token stands behind `#`: browsers never send that part, so it is in no log.
        let url = format!("http://{address}/#token={token}");
        let answer = json!({"url": url, "address": address.to_string()});
        output.answer(&answer, || {
            format!("Open {url}\nThe token is printed once and ends with the next start. Ctrl-C stops.")
        })
    };
    (context.start_server)(app, listen, Box::new(ready)).await
}
