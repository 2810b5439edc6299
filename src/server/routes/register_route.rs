//! `POST /api/v1/register`: a worker gets a token of its own for a registration token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::answers::{self, AnswerForm, refused};
use super::api_routes::expect_json;
use crate::core::time::unix_millis;
use crate::server::audit_entry::{AuditEntry, AuditTrail};
use crate::server::http::{HttpRefusal, MOST_OF_FORM, whole_body};
use crate::server::server_shared::ServerShared;
use crate::server::store::{NewToken, ServerStore, StoreError};
use crate::server::viewer::{Role, Viewer};
use crate::unix::{clock, random};

/// No name is longer.
const LONGEST_NAME: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistrationBody {
    name: String,
}

/// Answers `POST /api/v1/register`.
pub(super) async fn register(State(state): State<Arc<ServerShared>>, request: Request) -> Response {
    match registered(&state, request).await {
        Ok(response) => response,
        Err(refusal) => refused(&state, &refusal, AnswerForm::Json),
    }
}

async fn registered(state: &Arc<ServerShared>, request: Request) -> Result<Response, HttpRefusal> {
    let (head, body) = request.into_parts();
    let viewer = state.gate.bearer(&head.headers)?;
    if !viewer.may(Role::Register) {
        return Err(HttpRefusal::forbidden(
            "a worker is registered with a token of the role register",
        ));
    }
    expect_json(&head.headers)?;
    let body = whole_body(&head.headers, body, MOST_OF_FORM).await?;
    let wish: RegistrationBody =
        serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    if !is_name(&wish.name) {
        return Err(malformed(&"`name` is no name of a worker"));
    }
    let store = Arc::clone(&state.store);
    let made = tokio::task::spawn_blocking(move || create(&store, &viewer, &wish.name));
    let made = made.await.map_err(|error| broken(&error))?;
    let (id, name, token) = made.map_err(|error| broken(&error))?;
    log::info!("Registered worker {name}");
    let answer = json!({
        "board": state.api.identity(),
        "now": unix_millis(clock::wall()),
        "answer": { "id": id.to_string(), "name": name, "token": token },
    });
    Ok(answers::json(
        StatusCode::OK,
        answer.to_string().into_bytes(),
    ))
}

fn create(
    store: &ServerStore,
    viewer: &Viewer,
    name: &str,
) -> Result<(i64, String, String), StoreError> {
    let now = unix_millis(clock::wall());
    let mut token = NewToken {
        name: name.to_owned(),
        role: Role::Worker,
        projects: viewer.projects.clone(),
        expires: None,
        made_by: viewer.name.clone(),
        is_registered: true,
    };
    let added = match store.add_token(&token, now) {
        Err(StoreError::NameTaken(_)) => {
            let id = random::hex_id().unwrap_or_default();
            token.name = format!("{name}-{}", id.get(..6).unwrap_or_default());
            store.add_token(&token, now)
        }
        added => added,
    };
    let (id, secret) = added?;
    let entry = AuditEntry {
        id: 0,
        at: 0,
        by: viewer.name.clone(),
        action: "registered".to_owned(),
        object: format!("worker {}", token.name),
        project: None,
        outcome: "The worker has a token of its own.".to_owned(),
        reason: None,
    };
    // The worker has its token, recorded or not.
    if let Err(error) = store.record(entry) {
        log::error!("{error}");
    }
    Ok((id, token.name, secret.reveal().to_owned()))
}

/// A name stands in lines of logs and in names of files.
fn is_name(name: &str) -> bool {
    let is_fit = |c: char| c.is_alphanumeric() || "-_.@:".contains(c);
    let is_long = name.len() > LONGEST_NAME;
    !name.is_empty() && !is_long && name.chars().all(is_fit) && !name.starts_with(['-', '.'])
}

fn malformed(why: &dyn std::fmt::Display) -> HttpRefusal {
    let message = format!("the body is no registration: {why}");
    let remedy = Some("send `{\"name\": \"NAME\"}`");
    HttpRefusal::new(StatusCode::BAD_REQUEST, "malformed", message, remedy)
}

fn broken(error: &dyn std::fmt::Display) -> HttpRefusal {
    log::error!("{error}");
    HttpRefusal::unavailable("the worker cannot be registered now")
}
