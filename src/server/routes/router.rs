//! The table of addresses.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::{api_routes, login_routes, page_routes, register_route, watch_routes};
use crate::server::server_shared::ServerShared;

/// Returns what answers requests.
pub(super) fn router(state: Arc<ServerShared>) -> Router {
    Router::new()
        .route("/healthz", get(watch_routes::health))
        .route("/metrics", get(watch_routes::metrics))
        .route("/login", get(login_routes::show).post(login_routes::login))
        .route("/logout", post(login_routes::logout))
        .route("/api/v1/openapi.json", get(api_routes::document))
        .route("/api/v1/register", post(register_route::register))
        .route("/api/v1/{call}", post(api_routes::call))
        .method_not_allowed_fallback(api_routes::wrong_method)
        .fallback(page_routes::page)
        .with_state(state)
}
