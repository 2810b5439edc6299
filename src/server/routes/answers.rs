//! Answers, as HTTP has them.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::server::http::{HttpRefusal, is_own_path};
use crate::server::plain_page::refusal_page;
use crate::server::server_shared::ServerShared;

/// Whether a refusal is read by a program or by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerForm {
    /// JSON.
    Json,
    /// A page.
    Page,
}

impl AnswerForm {
    /// Returns the form of answers at a path.
    pub(super) fn of_path(path: &str) -> Self {
        match path.starts_with("/api/") {
            true => AnswerForm::Json,
            false => AnswerForm::Page,
        }
    }
}

/// Returns an answer with a content.
pub(super) fn content(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let value = HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}

/// Returns a page.
pub(super) fn html(status: StatusCode, text: String) -> Response {
    content(status, "text/html; charset=utf-8", text)
}

/// Returns JSON.
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    content(status, "application/json", body)
}

/// Returns a refusal in its form.
pub(super) fn refused(state: &ServerShared, refusal: &HttpRefusal, form: AnswerForm) -> Response {
    let mut response = match form {
        AnswerForm::Json => json(refusal.status, state.json(refusal)),
        AnswerForm::Page => html(refusal.status, refusal_page(refusal)),
    };
    let headers = response.headers_mut();
    match refusal.status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        _ => {}
    }
    response
}

/// Returns the answer that goes on at a path of this server; at the first page where the path is
/// none.
pub(super) fn see_other(path: &str) -> Response {
    let path = if is_own_path(path) { path } else { "/" };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let place = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, place);
    response
}
