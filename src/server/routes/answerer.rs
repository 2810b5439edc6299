//! What answers a request, within its time.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::answers::{AnswerForm, refused};
use super::router::router;
use crate::server::http::{
    AnswerFuture, ClientAddress, HttpRefusal, RequestAnswerer, add_security_headers,
};
use crate::server::request_counters::RequestKind;
use crate::server::server_shared::ServerShared;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a call may be held.
const HELD_LIMIT: Duration = Duration::from_secs(120);
/// How long a call goes on when the server ends: longer than a call of the board takes.
const ENDING_LIMIT: Duration = Duration::from_secs(6);
/// No head is longer.
const MOST_OF_A_HEAD: usize = 16 * 1024;

/// What is answered to what was not read to its end, or not understood.
const NOT_UNDERSTOOD: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
];

/// What answers requests.
pub(crate) struct ServerAnswerer {
    state: Arc<ServerShared>,
    router: Router,
    ending: watch::Receiver<bool>,
}

impl ServerAnswerer {
    /// Creates the answerer.
    pub(crate) fn new(state: Arc<ServerShared>, ending: watch::Receiver<bool>) -> Self {
        ServerAnswerer {
            router: router(Arc::clone(&state)),
            state,
            ending,
        }
    }
}

impl RequestAnswerer for ServerAnswerer {
    fn answer(&self, mut request: Request, from: ClientAddress) -> AnswerFuture {
        let state = Arc::clone(&self.state);
        let router = TowerToHyperService::new(self.router.clone());
        let ending = self.ending.clone();
        request.extensions_mut().insert(from);
        let path = request.uri().path();
        let form = AnswerForm::of_path(path);
        let kind = match path {
            "/healthz" | "/metrics" => RequestKind::Watch,
            _ if form == AnswerForm::Json => RequestKind::Call,
            _ => RequestKind::Page,
        };
        let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        Box::pin(async move {
            let answered = async {
                match check_head(&request) {
                    Ok(()) => {
                        let Ok(response) = router.call(request).await;
                        response
                    }
                    Err(refusal) => refused(&state, &refusal, form),
                }
            };
            let answered = within(answered, form, ending).await;
            let mut response = answered.unwrap_or_else(|refusal| refused(&state, &refusal, form));
            finish(&mut response, is_chunked, state.hosts.is_secure());
            state.counters.answered(kind, response.status().as_u16());
            response
        })
    }
}

/// Waits for an answer, as long as one of its kind may take. One that is held is let go when the
/// server ends.
async fn within(
    answered: impl Future<Output = Response>,
    form: AnswerForm,
    mut ending: watch::Receiver<bool>,
) -> Result<Response, HttpRefusal> {
    let limit = match form {
        AnswerForm::Json => HELD_LIMIT,
        AnswerForm::Page => LIMIT,
    };
    let ended = async {
        if ending.wait_for(|is_ending| *is_ending).await.is_err() || form == AnswerForm::Page {
            std::future::pending::<()>().await;
        }
        sleep(ENDING_LIMIT).await;
    };
    tokio::select! {
        answered = timeout(limit, answered) => answered.map_err(|_| HttpRefusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the answer takes too long",
            None,
        )),
        () = ended => Err(HttpRefusal::unavailable("the server ends")),
    }
}

fn check_head(request: &Request) -> Result<(), HttpRefusal> {
    let headers = request.headers();
    let length: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if length + request.uri().to_string().len() > MOST_OF_A_HEAD {
        return Err(HttpRefusal::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head_too_large",
            "the head of the request is longer than 16 KiB",
            None,
        ));
    }
    check_one_host(headers)
}

fn check_one_host(headers: &HeaderMap) -> Result<(), HttpRefusal> {
    match headers.get_all(header::HOST).iter().count() {
        1 => Ok(()),
        _ => Err(HttpRefusal::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "a request names one host",
            None,
        )),
    }
}

/// Completes an answer. Behind a body of chunks the connection ends: where that body ended is known
/// to the parser alone. So it does behind what was not understood.
fn finish(response: &mut Response, is_chunked: bool, is_secure: bool) {
    let is_understood = !NOT_UNDERSTOOD.contains(&response.status());
    let headers = response.headers_mut();
    add_security_headers(headers, is_secure);
    if is_chunked || !is_understood {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}
