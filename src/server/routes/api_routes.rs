//! The calls of the board.

use std::sync::{Arc, OnceLock};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::answers::{AnswerForm, content, json, refused};
use crate::server::api;
use crate::server::http::{HttpRefusal, MOST_OF_CALL, whole_body};
use crate::server::server_shared::ServerShared;

/// Answers `POST /api/v1/CALL`.
pub(super) async fn call(
    State(state): State<Arc<ServerShared>>,
    Path(call): Path<String>,
    request: Request,
) -> Response {
    match answered(&state, &call, request).await {
        Ok(response) => response,
        Err(refusal) => refused(&state, &refusal, AnswerForm::Json),
    }
}

async fn answered(
    state: &ServerShared,
    call: &str,
    request: Request,
) -> Result<Response, HttpRefusal> {
    let (head, body) = request.into_parts();
    let viewer = state.gate.bearer(&head.headers)?;
    expect_json(&head.headers)?;
    let body = whole_body(&head.headers, body, MOST_OF_CALL).await?;
    let answer = state.api.clone().respond(viewer, call, &body).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(json(status, answer.body))
}

/// Refuses a body that is not declared as JSON: no form of another site can send such a body.
pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), HttpRefusal> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok()?.split(';').next());
    match kind {
        Some(kind) if kind.trim().eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(HttpRefusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_type",
            "the body is not declared as JSON",
            Some("send `Content-Type: application/json`"),
        )),
    }
}

/// Answers `GET /api/v1/openapi.json`. The document is made once, on a thread that may block.
pub(super) async fn document(State(state): State<Arc<ServerShared>>) -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let made = || TEXT.get_or_init(|| api::document().to_string()).as_str();
    match tokio::task::spawn_blocking(made).await {
        Ok(text) => content(StatusCode::OK, "application/json", text),
        Err(_) => {
            let refusal = HttpRefusal::unavailable("the document cannot be made");
            refused(&state, &refusal, AnswerForm::Json)
        }
    }
}

/// Answers a method that means nothing at an address.
pub(super) async fn wrong_method(
    State(state): State<Arc<ServerShared>>,
    request: Request,
) -> Response {
    let form = AnswerForm::of_path(request.uri().path());
    refused(&state, &HttpRefusal::method(), form)
}
