//! What hears of releases: a connection that LISTENs, while a standby waits.

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
use super::statements;
use crate::unix::clock;

/// A connection that LISTENs for releases of a lock.
pub(super) struct ReleaseListener {
    client: Client,
    driver: JoinHandle<()>,
    released: Arc<Notify>,
}

impl Drop for ReleaseListener {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl ReleaseListener {
    /// Connects, and LISTENs for releases of the lock of that name; `None` where a pooler stands
    /// between: LISTEN is the state of a session, which a pooler hands to others.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached within the time.
    pub(super) async fn open(
        connector: &PgConnector,
        password: Option<String>,
        name: &str,
        within: Duration,
    ) -> Result<Option<Self>, PgError> {
        let no_answer = |_| PgError::NoAnswer("no answer to LISTEN".to_owned());
        let listen = async {
            let begun = clock::mono();
            let (client, link) = connector.open(password, within).await?;
            let released = Arc::new(Notify::new());
            let driver = tokio::spawn(hear(link, name.to_owned(), Arc::clone(&released)));
            let listener = ReleaseListener {
                client,
                driver,
                released,
            };
            let rows = listener.client.query_typed(statements::AGE, &[]).await?;
            let age: f64 = rows.first().map_or(Ok(0.0), |row| row.try_get(0))?;
            // The process of a connection without a pooler is younger than the request for it.
            if age > clock::mono().since(begun).as_secs_f64() {
                return Ok(None);
            }
            listener.client.batch_execute(statements::LISTEN).await?;
            Ok(Some(listener))
        };
        timeout(within, listen)
            .await
            .unwrap_or_else(|late| Err(no_answer(late)))
    }

    /// Returns whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Waits for a release since the last wait.
    pub(super) async fn released(&self) {
        self.released.notified().await;
    }
}

/// Reads a connection to its end. Its end is like a release: the lock is looked at then, too.
async fn hear(mut link: PgLink, name: String, released: Arc<Notify>) {
    let of_this_lock = |message: &AsyncMessage| match message {
        AsyncMessage::Notification(note) => note.payload() == name,
        _ => false,
    };
    poll_fn(|cx| {
        loop {
            match ready!(link.poll_message(cx)) {
                Some(Ok(message)) if of_this_lock(&message) => released.notify_one(),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return std::task::Poll::Ready(()),
            }
        }
    })
    .await;
    released.notify_one();
}
