//! A connection that LISTENs.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::ready;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client};

use super::connection::{PgConnector, PgLink};
use super::pg_error::PgError;
use crate::unix::clock;

/// Returns the age of the process that serves the connection, in seconds.
const AGE: &str = "SELECT extract(epoch FROM clock_timestamp() - backend_start)::float8 \
     FROM pg_stat_activity WHERE pid = pg_backend_pid()";

/// A connection that LISTENs for notifications.
pub(crate) struct PgListener {
    client: Client,
    driver: JoinHandle<()>,
    heard: Arc<Notify>,
}

impl Drop for PgListener {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl PgListener {
    /// Connects, and LISTENs on a channel for notifications with this payload; `None` where a
    /// pooler stands between: LISTEN is the state of a session, which a pooler hands to others.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached within the time.
    pub(crate) async fn open(
        connector: &PgConnector,
        channel: &str,
        payload: &str,
        within: Duration,
    ) -> Result<Option<Self>, PgError> {
        let no_answer = |_| PgError::NoAnswer("no answer to LISTEN".to_owned());
        let listen = async {
            let begun = clock::mono();
            let (client, link) = connector.open(within).await?;
            let heard = Arc::new(Notify::new());
            let driver = tokio::spawn(hear(link, payload.to_owned(), Arc::clone(&heard)));
            let listener = PgListener {
                client,
                driver,
                heard,
            };
            let rows = listener.client.query_typed(AGE, &[]).await?;
            let age: f64 = rows.first().map_or(Ok(0.0), |row| row.try_get(0))?;
            // The process of a connection without a pooler is younger than the request for it.
            if age > clock::mono().since(begun).as_secs_f64() {
                return Ok(None);
            }
            listener
                .client
                .batch_execute(&format!("LISTEN {channel}"))
                .await?;
            Ok(Some(listener))
        };
        timeout(within, listen)
            .await
            .unwrap_or_else(|late| Err(no_answer(late)))
    }

    /// Returns whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Waits for a notification since the last wait, or for the end of the connection.
    pub(crate) async fn notified(&self) {
        self.heard.notified().await;
    }
}

/// Reads a connection to its end. Its end is like a notification: what it is about is looked at
/// then, too.
async fn hear(mut link: PgLink, payload: String, heard: Arc<Notify>) {
    let is_wanted = |message: &AsyncMessage| match message {
        AsyncMessage::Notification(note) => note.payload() == payload,
        _ => false,
    };
    poll_fn(|cx| {
        loop {
            match ready!(link.poll_message(cx)) {
                Some(Ok(message)) if is_wanted(&message) => heard.notify_one(),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return std::task::Poll::Ready(()),
            }
        }
    })
    .await;
    heard.notify_one();
}
