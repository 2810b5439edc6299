//! What monitoring asks: health and metrics.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::answers::{self, AnswerForm, refused};
use super::page_routes::is_direct;
use crate::core::time::in_words;
use crate::server::http::{ClientAddress, HttpRefusal};
use crate::server::server_metrics;
use crate::server::server_shared::ServerShared;
use crate::server::viewer::Role;

/// Answers `GET /healthz`: 200 while the board answers.
pub(super) async fn health(State(state): State<Arc<ServerShared>>) -> Response {
    match state.watch.away_for() {
        None => {
            let body = json!({ "status": "ok" }).to_string();
            answers::json(StatusCode::OK, body.into_bytes())
        }
        Some(span) => {
            let reason = format!("the board has not answered for {}", in_words(span));
            let body = json!({ "status": "unavailable", "reason": reason }).to_string();
            answers::json(StatusCode::SERVICE_UNAVAILABLE, body.into_bytes())
        }
    }
}

/// Answers `GET /metrics`.
pub(super) async fn metrics(
    State(state): State<Arc<ServerShared>>,
    Extension(from): Extension<ClientAddress>,
    request: Request,
) -> Response {
    if let Err(refusal) = may_read(&state, from, request.headers()) {
        return refused(&state, &refusal, AnswerForm::Json);
    }
    let asked = Arc::clone(&state);
    let page = tokio::task::spawn_blocking(move || server_metrics::page(&asked)).await;
    match page {
        Ok(text) => answers::content(
            StatusCode::OK,
            "text/plain; version=0.0.4; charset=utf-8",
            text,
        ),
        Err(_) => {
            let refusal = HttpRefusal::unavailable("the metrics cannot be collected");
            refused(&state, &refusal, AnswerForm::Json)
        }
    }
}

/// A process of this machine needs no token, unless it asks for others.
fn may_read(
    state: &ServerShared,
    from: ClientAddress,
    headers: &HeaderMap,
) -> Result<(), HttpRefusal> {
    if is_direct(state, from, headers) {
        return Ok(());
    }
    match state.gate.bearer(headers)?.may(Role::View) {
        true => Ok(()),
        false => Err(HttpRefusal::forbidden("metrics need the role view")),
    }
}
