//! The pages: the user is checked here, the page is composed on a thread that may block.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::answers::{AnswerForm, content, html, refused, see_other};
use crate::core::time::unix_millis;
use crate::server::http::{
    ClientAddress, HttpRefusal, MOST_OF_FORM, decoded_pairs, decoded_path, is_proxied, whole_body,
};
use crate::server::page::assets::{ASSETS, asset};
use crate::server::page::errors::unavailable;
use crate::server::page::{self, PageAnswer, PageRequest};
use crate::server::server_shared::ServerShared;
use crate::server::store::is_same_secret;
use crate::server::viewer::{Role, Viewer};
use crate::unix::clock;

/// How long a browser keeps what has its content in its path, and what has not.
const KEPT: [&str; 2] = ["public, max-age=31536000, immutable", "public, max-age=300"];

/// Answers all other paths.
pub(super) async fn page(State(state): State<Arc<ServerShared>>, request: Request) -> Response {
    let form = AnswerForm::of_path(request.uri().path());
    let (head, body) = request.into_parts();
    let answered = match form {
        AnswerForm::Json => Err(HttpRefusal::missing()),
        AnswerForm::Page => answered(&state, head, body).await,
    };
    answered.unwrap_or_else(|refusal| refused(&state, &refusal, form))
}

async fn answered(
    state: &Arc<ServerShared>,
    head: Parts,
    body: Body,
) -> Result<Response, HttpRefusal> {
    check_host(state, &head.headers)?;
    let path = decoded_path(head.uri.path()).ok_or_else(HttpRefusal::missing)?;
    let is_post = match head.method {
        Method::GET | Method::HEAD => false,
        Method::POST => true,
        _ => return Err(HttpRefusal::method()),
    };
    // The page of the login needs its style, too.
    if !is_post && let Some(asset) = asset(&path) {
        return Ok(kept(as_http(state, asset), &path));
    }
    let query = match head.uri.query() {
        Some(query) => decoded_pairs(query).ok_or_else(malformed)?,
        None => Vec::new(),
    };
    let viewer = match state.gate.login(&head.headers)? {
        Some(viewer) => viewer,
        None if is_post => return Ok(see_other("/login")),
        None => return without_login(&head),
    };
    if !viewer.may(Role::View) {
        return Err(HttpRefusal::forbidden("pages need the role view"));
    }
    let form = match is_post {
        true => {
            check_origin(state, &head.headers)?;
            let fields = form_of(&head.headers, body).await?;
            check_csrf(&viewer, &fields)?;
            Some(fields)
        }
        false => None,
    };
    let asked = AskedPage {
        viewer,
        path,
        query,
        form,
    };
    let answer = asked.answer(state).await?;
    Ok(as_http(state, answer))
}

/// Answers a request without a login: the login comes first. A script that fetches a part of a page
/// gets an error.
fn without_login(head: &Parts) -> Result<Response, HttpRefusal> {
    let is_of_script = head
        .headers
        .get("sec-fetch-dest")
        .is_some_and(|value| value == "empty");
    if is_of_script {
        return Err(HttpRefusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "the login is over",
            None,
        ));
    }
    let asked = head
        .uri
        .path_and_query()
        .map_or("/", |asked| asked.as_str());
    Ok(see_other(&format!("/login?next={}", query_value(asked))))
}

/// A page that is asked for.
struct AskedPage {
    viewer: Viewer,
    path: String,
    query: Vec<(String, String)>,
    form: Option<Vec<(String, String)>>,
}

impl AskedPage {
    async fn answer(self, state: &Arc<ServerShared>) -> Result<PageAnswer, HttpRefusal> {
        let state = Arc::clone(state);
        let answer = tokio::task::spawn_blocking(move || {
            let request = PageRequest {
                board: &*state.board,
                settings: &state.settings,
                audit: &*state.store,
                viewer: &self.viewer,
                path: &self.path,
                query: &self.query,
                form: self.form.as_deref().unwrap_or_default(),
                now: unix_millis(clock::wall()),
            };
            match &self.form {
                Some(_) => page::act(&request),
                None => page::show(&request),
            }
        });
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Ok(unavailable(&error)),
            Err(_) => Err(HttpRefusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "defect",
                "this page has a defect; the log of the server has more",
                None,
            )),
        }
    }
}

/// Lets browsers keep a file.
fn kept(mut response: Response, path: &str) -> Response {
    let [by_content, by_name] = KEPT.map(HeaderValue::from_static);
    let value = match path.starts_with(ASSETS) {
        true => by_content,
        false => by_name,
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, value);
    response
}

fn as_http(state: &ServerShared, answer: PageAnswer) -> Response {
    match answer {
        PageAnswer::Html { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            match body.is_empty() && status == StatusCode::NOT_FOUND {
                true => refused(state, &HttpRefusal::missing(), AnswerForm::Page),
                false => html(status, body),
            }
        }
        PageAnswer::Asset {
            content_type,
            body,
            is_kept,
        } => {
            let mut response = content(StatusCode::OK, content_type, body);
            if is_kept {
                let kept = HeaderValue::from_static("private, max-age=31536000, immutable");
                response.headers_mut().insert(header::CACHE_CONTROL, kept);
            }
            response
        }
        PageAnswer::SeeOther(path) => see_other(&path),
    }
}

/// Returns the host that a request is for.
pub(super) fn host_of(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::HOST).iter();
    let (first, second) = (all.next()?, all.next());
    first.to_str().ok().filter(|_| second.is_none())
}

/// Returns whether a request comes from a process of this machine, for itself: no proxy is between.
/// What connects to a socket in a directory is a proxy, as a rule.
pub(super) fn is_direct(state: &ServerShared, from: ClientAddress, headers: &HeaderMap) -> bool {
    let is_ours = host_of(headers).is_some_and(|host| state.hosts.is_ours(host));
    let has_proxy = is_proxied(headers) || state.hosts.has_public_url();
    matches!(from, ClientAddress::Ip(_)) && from.is_local() && is_ours && !has_proxy
}

/// Refuses a request for another server: a name of another site may lead here (DNS rebinding).
pub(super) fn check_host(state: &ServerShared, headers: &HeaderMap) -> Result<(), HttpRefusal> {
    let host = host_of(headers).unwrap_or_default();
    match state.hosts.is_ours(host) {
        true => Ok(()),
        false => Err(HttpRefusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            "misdirected",
            "this server has no such name",
            Some("write the URL that browsers use as `public_url` in `[server]`"),
        )),
    }
}

/// Refuses a form that was not one of our pages.
pub(super) fn check_origin(state: &ServerShared, headers: &HeaderMap) -> Result<(), HttpRefusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site");
    let origin = text("origin").filter(|origin| *origin != "null");
    let host = host_of(headers).unwrap_or_default();
    let is_own = match (site, origin) {
        (Some(site), origin) => {
            let is_own = |origin| state.hosts.is_own_origin(origin, host);
            site == "same-origin" && origin.is_none_or(is_own)
        }
        (None, Some(origin)) => state.hosts.is_own_origin(origin, host),
        (None, None) => false,
    };
    match is_own {
        true => Ok(()),
        false => Err(HttpRefusal::forbidden(
            "this form was not sent from a page of this server",
        )),
    }
}

/// Reads the fields of a form.
pub(super) async fn form_of(
    headers: &HeaderMap,
    body: Body,
) -> Result<Vec<(String, String)>, HttpRefusal> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok()?.split(';').next());
    if kind.map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(HttpRefusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_type",
            "the body is no form",
            None,
        ));
    }
    let body = whole_body(headers, body, MOST_OF_FORM).await?;
    let text = String::from_utf8(body).map_err(|_| malformed())?;
    decoded_pairs(&text).ok_or_else(malformed)
}

/// Refuses a form without the secret of its login.
pub(super) fn check_csrf(viewer: &Viewer, fields: &[(String, String)]) -> Result<(), HttpRefusal> {
    let sent = fields.iter().find(|(name, _)| name == "csrf");
    let sent = sent.map_or("", |(_, value)| value);
    match !sent.is_empty() && is_same_secret(sent.as_bytes(), viewer.csrf.as_bytes()) {
        true => Ok(()),
        false => Err(HttpRefusal::forbidden(
            "this form is not of this login; load the page again",
        )),
    }
}

fn malformed() -> HttpRefusal {
    let message = "this cannot be understood";
    HttpRefusal::new(StatusCode::BAD_REQUEST, "malformed", message, None)
}

/// Writes a text as the value of a query.
fn query_value(text: &str) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                written.push(char::from(byte));
            }
            byte => written.push_str(&format!("%{byte:02X}")),
        }
    }
    written
}
