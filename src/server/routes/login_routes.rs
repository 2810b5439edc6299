//! Logins and logouts.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::answers::{AnswerForm, html, refused, see_other};
use super::page_routes::{check_csrf, check_host, check_origin, form_of, is_direct};
use crate::core::time::{in_words, unix_millis};
use crate::server::access::ThrottleVerdict;
use crate::server::audit_entry::{AuditEntry, AuditTrail};
use crate::server::http::{ClientAddress, HttpRefusal, decoded_pairs, is_own_path};
use crate::server::plain_page::LoginPage;
use crate::server::server_shared::ServerShared;
use crate::server::store::{SecretText, TokenRecord};
use crate::server::viewer::Role;
use crate::unix::clock;

/// Why a login did not succeed, for the form.
struct RefusedLogin {
    status: StatusCode,
    words: String,
}

/// Answers `GET /login`. With `?token=`, from this machine alone, the login is made at once, and
/// the browser goes on at an address without it.
pub(super) async fn show(
    State(state): State<Arc<ServerShared>>,
    Extension(from): Extension<ClientAddress>,
    request: Request,
) -> Response {
    if let Err(refusal) = check_host(&state, request.headers()) {
        return refused(&state, &refusal, AnswerForm::Page);
    }
    let pairs = request.uri().query().and_then(decoded_pairs);
    let pairs = pairs.unwrap_or_default();
    let next = own_path(&pairs);
    match value(&pairs, "token") {
        Some(token) if is_direct(&state, from, request.headers()) => {
            log_in(&state, from, request.headers(), token.to_owned(), &next).await
        }
        _ => form(&state, StatusCode::OK, &next, None),
    }
}

/// Answers `POST /login`.
pub(super) async fn login(
    State(state): State<Arc<ServerShared>>,
    Extension(from): Extension<ClientAddress>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let checked =
        check_host(&state, &head.headers).and_then(|()| check_origin(&state, &head.headers));
    let fields = match checked {
        Ok(()) => form_of(&head.headers, body).await,
        Err(refusal) => Err(refusal),
    };
    match fields {
        Ok(fields) => {
            let token = value(&fields, "token").unwrap_or_default().to_owned();
            log_in(&state, from, &head.headers, token, &own_path(&fields)).await
        }
        Err(refusal) => refused(&state, &refusal, AnswerForm::Page),
    }
}

/// Answers `POST /logout`.
pub(super) async fn logout(State(state): State<Arc<ServerShared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match logged_out(&state, head, body).await {
        Ok(()) => with_cookie(see_other("/login"), &state.gate.cookie().removal()),
        Err(refusal) => refused(&state, &refusal, AnswerForm::Page),
    }
}

async fn logged_out(
    state: &Arc<ServerShared>,
    head: Parts,
    body: axum::body::Body,
) -> Result<(), HttpRefusal> {
    check_host(state, &head.headers)?;
    check_origin(state, &head.headers)?;
    let Some(viewer) = state.gate.login(&head.headers)? else {
        return Ok(());
    };
    let fields = form_of(&head.headers, body).await?;
    check_csrf(&viewer, &fields)?;
    let Some(secret) = state.gate.cookie().find(&head.headers) else {
        return Ok(());
    };
    let state = Arc::clone(state);
    let ended = tokio::task::spawn_blocking(move || state.store.end_login(&secret));
    match ended.await {
        Ok(Ok(())) => Ok(()),
        _ => Err(HttpRefusal::unavailable("the login cannot be ended now")),
    }
}

async fn log_in(
    state: &Arc<ServerShared>,
    from: ClientAddress,
    headers: &axum::http::HeaderMap,
    token: String,
    next: &str,
) -> Response {
    let from = from.behind_proxy(headers, state.hosts.has_public_url());
    let asked = Arc::clone(state);
    let made = tokio::task::spawn_blocking(move || admitted(&asked, from, &token)).await;
    let made = made.unwrap_or_else(|_| Err(broken()));
    match made {
        Ok(secret) => with_cookie(see_other(next), &state.gate.cookie().set(&secret)),
        Err(why) => form(state, why.status, next, Some(&why.words)),
    }
}

/// Checks a token, and makes a login of it.
fn admitted(
    state: &ServerShared,
    from: ClientAddress,
    token: &str,
) -> Result<SecretText, RefusedLogin> {
    let now = clock::now();
    let verdict = state.throttle().look(from.group(), now.mono);
    if let ThrottleVerdict::Wait(span) = verdict {
        state.counters.login_refused();
        return Err(RefusedLogin {
            status: StatusCode::TOO_MANY_REQUESTS,
            words: format!("Too many logins have failed. Wait {}.", in_words(span)),
        });
    }
    let secret = SecretText::parse(token);
    let found = secret.map(|secret| state.gate.token(&secret)).transpose();
    let found = found.map_err(|error| {
        log::error!("{error}");
        broken()
    })?;
    let Some(token) = found.flatten() else {
        return Err(unknown(state, from));
    };
    if !token.viewer(String::new()).may(Role::View) {
        return Err(RefusedLogin {
            status: StatusCode::FORBIDDEN,
            words: format!("A token of the role {} has no pages.", token.role.word()),
        });
    }
    state.throttle().succeeded(from.group());
    record(state, &token, from).and_then(|()| {
        let made = state.store.add_login(token.id, unix_millis(now.wall));
        made.map_err(|error| {
            log::error!("{error}");
            broken()
        })
    })
}

fn unknown(state: &ServerShared, from: ClientAddress) -> RefusedLogin {
    state.counters.login_refused();
    let left = state.throttle().failed(from.group(), clock::mono());
    log::warn!("Login refused: an unknown token, from {from}");
    let rest = match left {
        0 => " Your address has to wait 1 min now.".to_owned(),
        left => format!(" After {left} more failed logins your address has to wait 1 min."),
    };
    RefusedLogin {
        status: StatusCode::UNAUTHORIZED,
        words: format!(
            "This token is not known here. Look for a missing character at its end.{rest}"
        ),
    }
}

fn record(
    state: &ServerShared,
    token: &TokenRecord,
    from: ClientAddress,
) -> Result<(), RefusedLogin> {
    let entry = AuditEntry {
        id: 0,
        at: 0,
        by: token.name.clone(),
        action: "logged in".to_owned(),
        object: format!("from {from}"),
        project: None,
        outcome: format!("With the role {}.", token.role.word()),
        reason: None,
    };
    state.store.record(entry).map_err(|error| {
        log::error!("{error}");
        broken()
    })
}

fn broken() -> RefusedLogin {
    RefusedLogin {
        status: StatusCode::SERVICE_UNAVAILABLE,
        words: "The tokens of this server cannot be read now.".to_owned(),
    }
}

fn form(state: &ServerShared, status: StatusCode, next: &str, refused: Option<&str>) -> Response {
    let page = LoginPage {
        board: &state.board_name,
        next,
        refused,
        is_secure: state.hosts.is_secure(),
    };
    html(status, page.html())
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// Returns where the browser goes on: at a path of this server alone.
fn own_path(pairs: &[(String, String)]) -> String {
    let next = value(pairs, "next").filter(|next| is_own_path(next));
    next.unwrap_or("/").to_owned()
}

fn value<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}
