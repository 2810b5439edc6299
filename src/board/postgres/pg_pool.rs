//! A synchronous face of the asynchronous client: a few connections, one thread that drives them,
//! a deadline for each call.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_postgres::Row;

use crate::core::time::{Mono, in_words};
use crate::postgres::{PgConnection, PgConnector, PgError, PgParam};
use crate::unix::clock;

/// More connections are not kept while nothing uses them.
const MOST_IDLE: usize = 4;
/// A connection that was not needed for longer is closed.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// Connections to a server, for any number of threads.
pub(super) struct PgPool {
    connector: PgConnector,
    /// Each with when it was used last; the one that was used last is used next.
    idle: Mutex<Vec<(PgConnection, Mono)>>,
    handle: Handle,
    ended: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl PgPool {
    /// Starts the thread that drives connections. Nothing is sent.
    ///
    /// # Errors
    ///
    /// When the process can have no more threads or descriptors.
    pub(super) fn start(connector: PgConnector) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(2)
            .build()?;
        let handle = runtime.handle().clone();
        let ended = Arc::new(Notify::new());
        let end = Arc::clone(&ended);
        let builder = std::thread::Builder::new().name("board".to_owned());
        let thread = builder.spawn(move || {
            runtime.block_on(end.notified());
            // A name that is being resolved may take longer than anything else here.
            runtime.shutdown_background();
        })?;
        Ok(PgPool {
            connector,
            idle: Mutex::default(),
            handle,
            ended,
            thread: Some(thread),
        })
    }

    /// Returns how the server is connected to.
    pub(super) fn connector(&self) -> &PgConnector {
        &self.connector
    }

    /// Has something driven by the thread.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Executes a statement. One that had no answer is not cancelled: it waits for no row for
    /// long, and what it does it may do twice.
    ///
    /// # Errors
    ///
    /// When there is no answer within the time, or the answer is an error.
    pub(super) fn query(
        &self,
        sql: &str,
        params: &[PgParam<'_>],
        within: Duration,
    ) -> Result<Vec<Row>, PgError> {
        self.with_connection(within, async |connection| {
            Ok(connection.client.query_typed(sql, params).await?)
        })
    }

    /// Does something with a connection of its own.
    ///
    /// # Errors
    ///
    /// Those of the work, and that it is not done within the time.
    pub(super) fn with_connection<T>(
        &self,
        within: Duration,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, PgError>,
    ) -> Result<T, PgError> {
        let there = self.take();
        let done = self.handle.block_on(async {
            let work = async {
                let mut connection = match there {
                    Some(connection) => connection,
                    None => self.connect(within).await?,
                };
                let result = work(&mut connection).await;
                Ok::<_, PgError>((connection, result))
            };
            timeout(within, work).await
        });
        let (connection, result) = done.map_err(|_| {
            let limit = in_words(within);
            PgError::NoAnswer(format!("no answer within {limit}"))
        })??;
        if !result.as_ref().is_err_and(PgError::breaks_connection) {
            self.give_back(connection);
        }
        result
    }

    async fn connect(&self, within: Duration) -> Result<PgConnection, PgError> {
        let connection = self.connector.connect(within).await;
        connection.map_err(|error| match error {
            PgError::NoAnswer(why) => PgError::Unreachable(why),
            error => error,
        })
    }

    fn take(&self) -> Option<PgConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((connection, _)) = idle.pop() {
            if !connection.client.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    fn give_back(&self, connection: PgConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::mono();
        idle.retain(|(_, used)| now.since(*used) < IDLE_FOR);
        if idle.len() < MOST_IDLE {
            idle.push((connection, now));
        }
    }
}

impl Drop for PgPool {
    fn drop(&mut self) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.ended.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
