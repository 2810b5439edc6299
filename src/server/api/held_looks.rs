//! Looks that are held until there is something for the worker to do.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::board_ring::BoardRing;
use crate::board::served::{BoardClock, CallFault, LookAnswer, fault, fault_of};
use crate::board::{Board, BoardError, BoardResult, LaneWish, SessionId};
use crate::core::time::unix_millis;

/// The name of the call.
pub(super) const CALL: &str = "wait";
/// How long a look is held: shorter than proxies wait.
const HELD: Duration = Duration::from_secs(20);
/// How often the board is asked, whatever rings.
const LOOK: Duration = Duration::from_secs(1);
/// After a ring: a burst of posts costs one look.
const AFTER_RING: Duration = Duration::from_millis(2);

/// The request of the call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct WaitRequest {
    /// The session.
    session: SessionId,
    /// The lanes that are looked at.
    lanes: Vec<LaneWish>,
}

/// The part of a request that names its session.
#[derive(Debug, Deserialize)]
struct OfSession {
    session: SessionId,
}

#[derive(Debug, Deserialize)]
struct OfAdvance {
    advance: OfSession,
}

/// The looks that are held, by session.
#[derive(Debug, Default)]
pub(super) struct HeldLooks(Mutex<HashMap<SessionId, Arc<Notify>>>);

impl HeldLooks {
    fn looks(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the look that is held for the session of a request which looks for something else.
    pub(super) fn supersede(&self, call: &str, body: &[u8]) {
        let session = match call {
            "look" => serde_json::from_slice::<OfSession>(body).map(|request| request.session),
            "advance" => {
                serde_json::from_slice::<OfAdvance>(body).map(|request| request.advance.session)
            }
            _ => return,
        };
        let Ok(session) = session else {
            return;
        };
        if let Some(held) = self.looks().remove(&session) {
            held.notify_one();
        }
    }

    fn begin(&self, session: SessionId) -> Arc<Notify> {
        let ended = Arc::new(Notify::new());
        if let Some(before) = self.looks().insert(session, Arc::clone(&ended)) {
            before.notify_one();
        }
        ended
    }

    fn end(&self, session: SessionId, ended: &Arc<Notify>) {
        let mut looks = self.looks();
        if looks
            .get(&session)
            .is_some_and(|held| Arc::ptr_eq(held, ended))
        {
            looks.remove(&session);
        }
    }

    /// Answers the call: JSON of what a look has found.
    ///
    /// # Errors
    ///
    /// For a request that is not understood, and those of the board.
    pub(super) async fn respond(
        &self,
        context: &HeldContext<'_>,
        body: &[u8],
    ) -> Result<String, CallFault> {
        let wish: WaitRequest = serde_json::from_slice(body)
            .map_err(|error| fault("bad_request", format!("the request: {error}"), None))?;
        let session = wish.session;
        let ended = self.begin(session);
        let found = hold(context, wish, &ended).await;
        self.end(session, &ended);
        let found = found.map_err(|error| fault_of(&error))?;
        serde_json::to_string(&found).map_err(|error| fault("unavailable", error.to_string(), None))
    }

    /// Ends all looks: the server ends.
    pub(super) fn end_all(&self) {
        for (_, held) in self.looks().drain() {
            held.notify_one();
        }
    }
}

/// What held looks need of the server.
pub(super) struct HeldContext<'a> {
    pub(super) board: &'a Arc<dyn Board>,
    pub(super) clock: &'a BoardClock,
    pub(super) ring: Option<&'a BoardRing>,
}

impl HeldContext<'_> {
    fn now(&self) -> i64 {
        unix_millis((self.clock)().wall)
    }

    async fn look(&self, wish: WaitRequest) -> BoardResult<LookAnswer> {
        let board = Arc::clone(self.board);
        let looked = tokio::task::spawn_blocking(move || board.look(wish.session, &wish.lanes));
        looked.await.unwrap_or_else(|error| {
            Err(BoardError::Unavailable {
                place: self.board.place(),
                why: error.to_string(),
            })
        })
    }
}

async fn hold(
    context: &HeldContext<'_>,
    wish: WaitRequest,
    ended: &Notify,
) -> BoardResult<LookAnswer> {
    let until = Instant::now() + HELD;
    loop {
        let rung = context.ring.map(|ring| ring.rung().notified());
        let found = context.look(wish.clone()).await?;
        if found.brings_something(context.now()) || Instant::now() >= until {
            return Ok(found);
        }
        let wait = found.next_due.map(|due| due.abs_diff(context.now()));
        let wait = Duration::from_millis(wait.unwrap_or(u64::MAX));
        let next = until.min(Instant::now() + LOOK.min(wait));
        let is_over = tokio::select! {
            () = ended.notified() => true,
            _ = timeout_at(next, rings(rung)) => false,
        };
        if is_over {
            return Ok(found);
        }
    }
}

/// Waits for a ring; without a bell for ever.
async fn rings(rung: Option<impl Future<Output = ()>>) {
    match rung {
        Some(rung) => {
            rung.await;
            sleep(AFTER_RING).await;
        }
        None => std::future::pending().await,
    }
}
