//! The bell of a board: a connection that LISTENs, on the thread of the pool.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::board::board_trait::BoardBell;
use crate::postgres::{PgConnector, PgListener};
use crate::unix::wakeup::Wakeup;

/// The channel that a post notifies when a worker has nothing to do.
const CHANNEL: &str = "run_functions_board";
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_secs(5);
/// After a connection has ended.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The bell of a board. It falls silent when dropped.
pub(super) struct PgBell {
    wakeup: Arc<Wakeup>,
    is_dropped: Arc<AtomicBool>,
}

impl PgBell {
    /// Creates a bell, and what listens for it.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(super) fn new(
        connector: PgConnector,
        within: Duration,
        is_listening: Arc<AtomicBool>,
    ) -> std::io::Result<(Self, impl Future<Output = ()> + Send + 'static)> {
        let wakeup = Arc::new(Wakeup::new()?);
        let is_dropped = Arc::new(AtomicBool::new(false));
        let listening = listen(
            connector,
            within,
            Arc::clone(&wakeup),
            Arc::clone(&is_dropped),
            is_listening,
        );
        Ok((PgBell { wakeup, is_dropped }, listening))
    }
}

impl Drop for PgBell {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Relaxed);
    }
}

impl AsFd for PgBell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wakeup.fd()
    }
}

impl BoardBell for PgBell {
    fn clear(&self) {
        self.wakeup.hear();
    }
}

/// Listens until the bell is dropped; connects again after an outage. Behind a pooler nothing is
/// heard: the look each second finds what is due.
async fn listen(
    connector: PgConnector,
    within: Duration,
    wakeup: Arc<Wakeup>,
    is_dropped: Arc<AtomicBool>,
    is_listening: Arc<AtomicBool>,
) {
    while !is_dropped.load(Ordering::Relaxed) {
        match PgListener::open(&connector, CHANNEL, "", within).await {
            Ok(Some(listener)) => {
                is_listening.store(true, Ordering::Relaxed);
                // What was posted before it listened.
                wakeup.ring();
                while !listener.is_closed() && !is_dropped.load(Ordering::Relaxed) {
                    if tokio::time::timeout(PAUSE, listener.notified())
                        .await
                        .is_ok()
                    {
                        wakeup.ring();
                    }
                }
                is_listening.store(false, Ordering::Relaxed);
                // A server that ends what it has accepted is not asked again at once.
                tokio::time::sleep(AGAIN_AFTER).await;
            }
            Ok(None) => return,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
