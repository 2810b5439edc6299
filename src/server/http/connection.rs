//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::time::timeout;

use super::client::ClientAddress;
use super::connection_table::ConnectionPlace;
use super::timed_stream::{ByteStream, TimedStream};
use super::tls::TlsAcceptance;

/// How long the head of a request may take, from the end of the request before.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// How long the handshake of TLS may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// A longer head is refused by the parser; ours refuses earlier, in words.
const MOST_OF_A_HEAD: usize = 32 * 1024;
/// What is read ahead of a connection.
const BUFFER: usize = 40 * 1024;

/// The answer to come.
pub(crate) type AnswerFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What answers requests.
pub(crate) trait RequestAnswerer: Send + Sync {
    /// Answers a request from this address.
    fn answer(&self, request: Request, from: ClientAddress) -> AnswerFuture;
}

/// What every connection needs.
#[derive(Clone)]
pub(super) struct ConnectionParts {
    pub(super) answerer: Arc<dyn RequestAnswerer>,
    pub(super) tls: Option<Arc<TlsAcceptance>>,
    pub(super) ending: watch::Receiver<bool>,
}

/// Serves a connection until it ends, its place is taken, or the server ends.
pub(super) async fn serve(
    stream: Box<dyn ByteStream>,
    from: ClientAddress,
    place: Arc<ConnectionPlace>,
    parts: ConnectionParts,
) {
    let Some(stream) = secured(stream, &place, &parts).await else {
        return;
    };
    let mut ending = parts.ending;
    let answerer = parts.answerer;
    let of_requests = Arc::clone(&place);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let in_progress = of_requests.begin();
        let answer = answerer.answer(request.map(Body::new), from);
        async move {
            let response = answer.await;
            drop(in_progress);
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_header_size(MOST_OF_A_HEAD)
        .max_buf_size(BUFFER);
    let io = TokioIo::new(TimedStream::new(stream));
    let mut served = pin!(builder.serve_connection(io, service));
    let mut is_ending = *ending.borrow_and_update();
    if is_ending {
        served.as_mut().graceful_shutdown();
    }
    loop {
        tokio::select! {
            // What is wrong with a connection is the business of its other end.
            _ = served.as_mut() => return,
            () = place.evicted() => return,
            _ = ending.changed(), if !is_ending => {
                is_ending = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn secured(
    stream: Box<dyn ByteStream>,
    place: &ConnectionPlace,
    parts: &ConnectionParts,
) -> Option<Box<dyn ByteStream>> {
    let Some(tls) = &parts.tls else {
        return Some(stream);
    };
    let handshake = timeout(HANDSHAKE_LIMIT, tls.acceptor().accept(stream));
    tokio::select! {
        secured = handshake => {
            let secured = secured.ok()?.ok()?;
            Some(Box::new(secured))
        }
        () = place.evicted() => None,
    }
}
