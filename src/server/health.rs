//! Whether the process lives, and whether it may be sent visitors. By path alone, on no other terms.

use axum::Router;
use axum::routing::get;

/// `/healthz` and `/readyz`. A server that answers has its configuration: it would not have started otherwise.
pub(super) fn router() -> Router {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(async || "ready\n"))
}
