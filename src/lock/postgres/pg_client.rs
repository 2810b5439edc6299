//! A synchronous face of the asynchronous client: one runtime of one thread, which is that of the
//! caller, and a deadline for each call.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_postgres::Row;

use super::statements;
use crate::core::settings::LockSettings;
use crate::core::time::{Mono, in_words};
use crate::lock::error::LockError;
use crate::lock::interrupt::Interrupt;
use crate::postgres::{PgAccess, PgConnection, PgConnector, PgError, PgListener, PgParam};
use crate::unix::clock;

/// How long a connection is read before it is used.
const NOTICE_WITHIN: Duration = Duration::from_millis(1);

/// How long a standby goes on without LISTEN after a connection for it was refused.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Executes statements at the first server that can.
pub(super) struct PgClient {
    runtime: Option<Runtime>,
    connectors: Vec<PgConnector>,
    /// The address that answered last.
    at: usize,
    connection: Option<PgConnection>,
    listener: Option<PgListener>,
    listen_from: Mono,
    key: String,
    /// How long a call may take, with a new connection.
    pub(super) deadline: Duration,
    pub(super) interrupt: Interrupt,
}

impl PgClient {
    /// Creates a client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// When an address or the file of authorities is unfit.
    pub(super) fn new(
        settings: &LockSettings,
        key: &str,
        deadline: Duration,
    ) -> Result<Self, LockError> {
        let refused = |why: String| LockError::Refused {
            place: format!("PostgreSQL, lock {key}"),
            why,
            remedy: "write `address = \"postgres://USER@HOST/DATABASE\"`".to_owned(),
        };
        let access = PgAccess {
            username: settings.username.clone(),
            password_file: settings.password_file.clone(),
            ca_file: settings.ca_file.clone(),
        };
        let connectors: Result<Vec<PgConnector>, String> = settings
            .addresses
            .iter()
            .map(|address| PgConnector::new(address, &access))
            .collect();
        let connectors = connectors.map_err(refused)?;
        if connectors.is_empty() {
            return Err(refused("no address is named".to_owned()));
        }
        Ok(PgClient {
            runtime: None,
            connectors,
            at: 0,
            connection: None,
            listener: None,
            listen_from: Mono::BOOT,
            key: key.to_owned(),
            deadline,
            interrupt: Interrupt::default(),
        })
    }

    /// Returns where the lock is, for messages.
    pub(super) fn place(&self) -> String {
        let connector = &self.connectors[self.at];
        format!(
            "PostgreSQL at {}, database {}, lock {}",
            connector.hosts(),
            connector.database(),
            self.key
        )
    }

    /// Executes a statement; an interrupt ends the call.
    pub(super) fn query(
        &mut self,
        sql: &'static str,
        params: &[PgParam<'_>],
    ) -> Result<Vec<Row>, PgError> {
        let ended = Arc::new(Notify::new());
        let end = Arc::clone(&ended);
        let interrupt = self.interrupt.clone();
        let result = interrupt.during_call(
            move || end.notify_one(),
            || self.query_until(sql, params, Some(&ended)),
        );
        self.interrupt.take_ended_call();
        result
    }

    /// Executes a statement that an interrupt does not end.
    pub(super) fn query_to_the_end(
        &mut self,
        sql: &'static str,
        params: &[PgParam<'_>],
    ) -> Result<Vec<Row>, PgError> {
        self.query_until(sql, params, None)
    }

    /// Waits until the lock is released as far as is heard of that, at most so long. Returns
    /// whether the wait was interrupted.
    pub(super) fn wait_for_release(&mut self, at_most: Duration) -> bool {
        let ended = Arc::new(Notify::new());
        let end = Arc::clone(&ended);
        let interrupt = self.interrupt.clone();
        let waited = interrupt.during_wait(
            move || end.notify_one(),
            || {
                self.on_runtime(async |client| {
                    let release = timeout(at_most, client.hear_of_release());
                    let _ = unless_ended(release, Some(&ended)).await;
                    Ok(())
                })
            },
        );
        match waited {
            Ok(()) => interrupt.take_ended_call(),
            Err(_) => interrupt.pause(at_most),
        }
    }

    /// Listens no longer: the lock is held.
    pub(super) fn stop_listening(&mut self) {
        self.listener = None;
    }

    async fn hear_of_release(&mut self) {
        if self.listener.as_ref().is_some_and(PgListener::is_closed) {
            self.listener = None;
        }
        if self.listener.is_none() && clock::mono() >= self.listen_from {
            self.listen().await;
        }
        match &self.listener {
            Some(listener) => listener.notified().await,
            None => std::future::pending().await,
        }
    }

    async fn listen(&mut self) {
        // Where the wait ends before: not each time anew.
        self.listen_from = clock::mono() + LISTEN_AGAIN_AFTER;
        let connector = &self.connectors[self.at];
        let within = self.deadline;
        match PgListener::open(connector, statements::CHANNEL, &self.key, within).await {
            Ok(Some(listener)) => {
                self.listener = Some(listener);
                self.listen_from = Mono::BOOT;
            }
            Ok(None) => self.listen_from = Mono::NEVER,
            Err(_) => {}
        }
    }

    fn query_until(
        &mut self,
        sql: &'static str,
        params: &[PgParam<'_>],
        ended: Option<&Notify>,
    ) -> Result<Vec<Row>, PgError> {
        let deadline = self.deadline;
        self.on_runtime(async |client| {
            let work = async {
                client.connect().await?;
                let connection = client.connection.as_ref().expect("it was made just now");
                Ok(connection.client.query_typed(sql, params).await?)
            };
            let result = match timeout(deadline, unless_ended(work, ended)).await {
                Ok(Some(result)) => result,
                Ok(None) => Err(PgError::Interrupted),
                Err(_) => {
                    let limit = in_words(deadline);
                    Err(PgError::NoAnswer(format!("no answer within {limit}")))
                }
            };
            client.keep_unless_broken(&result);
            result
        })
    }

    async fn connect(&mut self) -> Result<(), PgError> {
        if self.connection.is_some() {
            // Between two calls nothing reads it: a server that has closed it is noticed here.
            tokio::time::sleep(NOTICE_WITHIN).await;
        }
        let is_open = |connection: &PgConnection| !connection.client.is_closed();
        if self.connection.as_ref().is_some_and(is_open) {
            return Ok(());
        }
        self.connection = None;
        let count = self.connectors.len();
        let part = self.deadline / u32::try_from(count).unwrap_or(u32::MAX);
        let mut first = None;
        for step in 0..count {
            let at = (self.at + step) % count;
            let attempt = self.connectors[at].connect(part);
            let result = match timeout(part, attempt).await {
                Ok(result) => result,
                Err(_) => Err(PgError::NoAnswer(format!(
                    "no connection within {}",
                    in_words(part)
                ))),
            };
            match result {
                Ok(connection) => {
                    (self.connection, self.at) = (Some(connection), at);
                    return Ok(());
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.expect("there is an address"))
    }

    /// A statement that had no answer is not cancelled: it waits for no row, and changes nothing
    /// when its time comes.
    fn keep_unless_broken(&mut self, result: &Result<Vec<Row>, PgError>) {
        if result.as_ref().is_err_and(PgError::breaks_connection) {
            self.connection = None;
        }
    }

    fn on_runtime<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, PgError>,
    ) -> Result<T, PgError> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(2)
                .build()
                .map_err(|error| PgError::NoAnswer(format!("no runtime: {error}")))?,
        };
        let result = runtime.block_on(work(self));
        self.runtime = Some(runtime);
        result
    }
}

impl Drop for PgClient {
    fn drop(&mut self) {
        self.connection = None;
        self.listener = None;
        if let Some(runtime) = self.runtime.take() {
            // A name that is being resolved may take longer than anything else here.
            runtime.shutdown_background();
        }
    }
}

/// Returns `None` when the call was ended before.
async fn unless_ended<T>(work: impl Future<Output = T>, ended: Option<&Notify>) -> Option<T> {
    let mut work = pin!(work);
    let Some(ended) = ended else {
        return Some(work.await);
    };
    let mut ended = pin!(ended.notified());
    std::future::poll_fn(|cx| {
        if let Poll::Ready(result) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        ended.as_mut().poll(cx).map(|()| None)
    })
    .await
}
