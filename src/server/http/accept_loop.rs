//! Accepts connections, up to a limit, until the server is asked to end.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::sleep;

use super::connection::{self, ConnectionParts, RequestAnswerer};
use super::connection_table::ConnectionTable;
use super::listener::ServerListener;
use super::timed_stream::ByteStream;
use super::tls::TlsAcceptance;
use crate::unix::resource_check::is_shortage;

/// How long no connection is accepted after an error, as when the process has no descriptor left.
const AFTER_ERROR: Duration = Duration::from_millis(50);

/// Accepts connections.
pub(crate) struct AcceptLoop {
    listener: ServerListener,
    table: Arc<ConnectionTable>,
    parts: ConnectionParts,
    refusal: Vec<u8>,
}

impl AcceptLoop {
    /// Prepares the loop. `refusal` is the body of the answer to a connection above the limit.
    pub(crate) fn new(
        listener: ServerListener,
        tls: Option<Arc<TlsAcceptance>>,
        table: Arc<ConnectionTable>,
        answerer: Arc<dyn RequestAnswerer>,
        ending: watch::Receiver<bool>,
        refusal: &[u8],
    ) -> Self {
        let head = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
            refusal.len()
        );
        AcceptLoop {
            listener,
            table,
            refusal: [head.as_bytes(), refusal].concat(),
            parts: ConnectionParts {
                answerer,
                tls,
                ending,
            },
        }
    }

    /// Accepts connections until the server ends; then nothing listens any more.
    pub(crate) async fn run(self) {
        let mut ending = self.parts.ending.clone();
        let mut is_short = false;
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, from)) => {
                        is_short = false;
                        self.begin(stream, from).await;
                    }
                    Err(error) => is_short = after(&error, is_short).await,
                },
                _ = ending.changed() => return,
            }
        }
    }

    async fn begin(&self, stream: Box<dyn ByteStream>, from: super::client::ClientAddress) {
        match self.table.admit() {
            Some(place) => {
                tokio::spawn(connection::serve(stream, from, place, self.parts.clone()));
            }
            None if self.parts.tls.is_none() => refuse(stream, &self.refusal).await,
            None => {}
        }
    }
}

/// Waits after an error, which is logged once where it is a shortage. One that has gone away before
/// it was accepted costs no time.
async fn after(error: &io::Error, is_logged: bool) -> bool {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return is_logged;
    }
    let is_short = is_shortage(error);
    if is_short && !is_logged {
        log::error!("no connection can be accepted: {error}; look at `ulimit -n`");
    }
    sleep(AFTER_ERROR).await;
    is_logged || is_short
}

/// Sends the refusal if the connection takes it at once, and never waits. What has come in already
/// is read first: else its end would take the refusal with it.
async fn refuse(mut stream: Box<dyn ByteStream>, refusal: &[u8]) {
    let mut bytes = [0; 4096];
    poll_fn(|cx| {
        let _ = Pin::new(&mut stream).poll_read(cx, &mut ReadBuf::new(&mut bytes));
        let _ = Pin::new(&mut stream).poll_write(cx, refusal);
        let _ = Pin::new(&mut stream).poll_shutdown(cx);
        Poll::Ready(())
    })
    .await;
}
