//! What answers the calls of a board.

use std::sync::Arc;

use super::board_ring::BoardRing;
use super::call_replies::{ApiAnswer, refused, replied};
use super::held_looks::{self, HeldContext, HeldLooks};
use crate::board::served::{
    BoardClock, CallFault, CallRole, CallScope, ServedCall, fault, served_calls,
};
use crate::board::{Board, BoardResult};
use crate::server::audit_entry::{AuditEntry, AuditTrail};
use crate::server::viewer::{Projects, Role, Viewer};

/// What answers the calls.
#[derive(Clone)]
pub(crate) struct Api {
    shared: Arc<ApiShared>,
}

struct ApiShared {
    board: Arc<dyn Board>,
    audit: Arc<dyn AuditTrail>,
    clock: BoardClock,
    /// The identity of the board, which each answer names.
    identity: String,
    looks: HeldLooks,
    ring: Option<BoardRing>,
}

impl Api {
    /// Creates what answers calls of a board.
    ///
    /// # Errors
    ///
    /// When the board cannot be asked for its identity.
    pub(crate) fn new(
        board: Arc<dyn Board>,
        audit: Arc<dyn AuditTrail>,
        clock: BoardClock,
    ) -> BoardResult<Self> {
        let identity = board.identity()?;
        // Without a bell a held look asks the board each second.
        let ring = BoardRing::start(&*board).ok();
        Ok(Api {
            shared: Arc::new(ApiShared {
                board,
                audit,
                clock,
                identity,
                looks: HeldLooks::default(),
                ring,
            }),
        })
    }

    /// Returns the identity of the board.
    pub(crate) fn identity(&self) -> &str {
        &self.shared.identity
    }

    /// Returns an answer for what is refused before the board is asked.
    pub(crate) fn refuse(&self, fault: CallFault) -> ApiAnswer {
        refused(&self.shared.identity, self.now(), fault)
    }

    /// Answers `POST /api/v1/CALL`. A held call is answered when there is something to answer; it
    /// occupies no thread meanwhile.
    pub(crate) async fn respond(self, viewer: Viewer, call: &str, body: &[u8]) -> ApiAnswer {
        if call == held_looks::CALL {
            return match may(&viewer, CallRole::Worker) {
                true => self.hold(body).await,
                false => self.refuse(not_allowed(&viewer, CallRole::Worker)),
            };
        }
        let Some(served) = served_calls().find(|served| served.name == call) else {
            let remedy = "the document of the calls is at /api/v1/openapi.json";
            let words = format!("there is no call `{call}`");
            return self.refuse(fault("no_such_call", words, Some(remedy)));
        };
        if !may(&viewer, served.role) {
            return self.refuse(not_allowed(&viewer, served.role));
        }
        let api = self.clone();
        let body = body.to_vec();
        let answered = tokio::task::spawn_blocking(move || api.answer(&viewer, served, &body));
        answered.await.unwrap_or_else(|_| {
            let words = "the server failed at this call; its log says why";
            self.refuse(fault("unavailable", words, None))
        })
    }

    async fn hold(&self, body: &[u8]) -> ApiAnswer {
        let shared = &self.shared;
        let context = HeldContext {
            board: &shared.board,
            clock: &shared.clock,
            ring: shared.ring.as_ref(),
        };
        match shared.looks.respond(&context, body).await {
            Ok(answer) => replied(&shared.identity, self.now(), &answer),
            Err(fault) => self.refuse(fault),
        }
    }

    fn answer(&self, viewer: &Viewer, served: &'static ServedCall, body: &[u8]) -> ApiAnswer {
        let shared = &self.shared;
        if served.role == CallRole::Operate
            && let Err(error) = shared.audit.record(entry(viewer, served, body))
        {
            let words = format!("the action cannot be recorded: {error}");
            return self.refuse(fault("unavailable", words, None));
        }
        let projects = match &viewer.projects {
            Projects::All => None,
            Projects::Only(names) => Some(names.as_slice()),
        };
        let scope = CallScope {
            board: &*shared.board,
            projects,
            posts_as: (viewer.role != Role::Worker).then_some(viewer.name.as_str()),
        };
        self.shared.looks.supersede(served.name, body);
        match (served.answer)(&scope, body) {
            Ok(answer) => replied(&shared.identity, self.now(), &answer),
            Err(fault) => self.refuse(fault),
        }
    }

    /// Answers all held calls: the server ends.
    pub(crate) fn end_held(&self) {
        self.shared.looks.end_all();
    }

    fn now(&self) -> i64 {
        crate::core::time::unix_millis((self.shared.clock)().wall)
    }
}

/// Returns whether a role may make a call.
fn may(viewer: &Viewer, needed: CallRole) -> bool {
    match (viewer.role, needed) {
        (Role::Admin, _) => true,
        (Role::Worker, needed) => needed != CallRole::Operate,
        (_, CallRole::Worker) => false,
        (role, CallRole::View) => role >= Role::View,
        (role, CallRole::Post) => role >= Role::Post,
        (role, CallRole::Operate) => role >= Role::Operate,
    }
}

fn not_allowed(viewer: &Viewer, needed: CallRole) -> CallFault {
    let needed = match needed {
        CallRole::View => "view",
        CallRole::Post => "post",
        CallRole::Operate => "operate",
        CallRole::Worker => "worker",
    };
    let words = format!(
        "the token `{}` does not allow it; it takes the role {needed}",
        viewer.name
    );
    let remedy = "an administrator creates tokens: `run_functions serve token add`";
    fault("forbidden", words, Some(remedy))
}

/// Returns what is recorded of an action.
fn entry(viewer: &Viewer, served: &ServedCall, body: &[u8]) -> AuditEntry {
    const MOST_CHARS: usize = 300;
    let object: String = String::from_utf8_lossy(body)
        .chars()
        .take(MOST_CHARS)
        .collect();
    AuditEntry {
        id: 0,
        at: 0,
        by: viewer.name.clone(),
        action: format!("{} (API)", served.name),
        object,
        project: None,
        outcome: "asked for".to_owned(),
        reason: None,
    }
}
