//! Whether the process lives, and whether it may be sent visitors. By path alone, on no other terms.

use axum::Router;
use axum::routing::get;
use http::StatusCode;

use crate::server::state::Server;

/// `/healthz` and `/readyz`. A server that answers has its configuration: it would not have started otherwise; it is ready
/// where its session store is, too, until it is told to stop.
pub(super) fn router(server: Server) -> Router {
    let ready = async move || match server.ready().await {
        Ok(()) if server.is_draining() => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    };
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}
