//! Looks that are held until there is something for the worker to do.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::Api;
use super::call_replies::{ApiAnswer, replied};
use crate::board::{BoardResult, CallFault, LaneWish, LookAnswer, SessionId};

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

    /// Ends all looks: the server ends.
    pub(super) fn end_all(&self) {
        for (_, held) in self.looks().drain() {
            held.notify_one();
        }
    }
}

/// Answers the call.
pub(super) async fn respond(api: &Api, body: &[u8]) -> ApiAnswer {
    let wish: WaitRequest = match serde_json::from_slice(body) {
        Ok(wish) => wish,
        Err(error) => {
            let words = format!("the request: {error}");
            return api.refuse(CallFault::new("bad_request", words, None));
        }
    };
    let session = wish.session;
    let ended = api.shared.looks.begin(session);
    let found = hold(api, wish, &ended).await;
    api.shared.looks.end(session, &ended);
    match found {
        Ok(found) => {
            let answer = serde_json::to_string(&found).unwrap_or_default();
            replied(api.identity(), api.now(), &answer)
        }
        Err(error) => api.refuse(CallFault::of(&error)),
    }
}

async fn hold(api: &Api, wish: WaitRequest, ended: &Notify) -> BoardResult<LookAnswer> {
    let until = Instant::now() + HELD;
    loop {
        let rung = api.shared.ring.as_ref().map(|ring| ring.rung().notified());
        let found = look(api, wish.clone()).await?;
        if found.brings_something(api.now()) || Instant::now() >= until {
            return Ok(found);
        }
        let wait = Duration::from_millis(
            found
                .next_due
                .map_or(u64::MAX, |due| due.abs_diff(api.now())),
        );
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

async fn look(api: &Api, wish: WaitRequest) -> BoardResult<LookAnswer> {
    let board = Arc::clone(&api.shared.board);
    let looked = tokio::task::spawn_blocking(move || board.look(wish.session, &wish.lanes));
    looked.await.unwrap_or_else(|error| {
        Err(crate::board::BoardError::Unavailable {
            place: api.shared.board.place(),
            why: error.to_string(),
        })
    })
}
