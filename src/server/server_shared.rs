//! What all requests share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::access::{AccessGate, LoginThrottle};
use super::api::Api;
use super::board_watch::BoardWatch;
use super::http::{ConnectionTable, HostCheck, HttpRefusal};
use super::request_counters::RequestCounters;
use super::store::ServerStore;
use crate::board::Board;
use crate::board::served::fault;
use crate::core::settings::Settings;
use crate::worker::board_place::BoardPlace;

/// Returns the name of the board on pages, the page of the login among them.
fn board_name(settings: &Settings) -> String {
    match BoardPlace::of(settings) {
        BoardPlace::File(_) | BoardPlace::Http(_) => "run_functions".to_owned(),
        BoardPlace::Server(server) => {
            let address = server.address.split('?').next().unwrap_or_default();
            let (_, database) = address.rsplit_once('/').unwrap_or(("", ""));
            database.to_owned()
        }
    }
}

/// What all requests share.
pub(crate) struct ServerShared {
    /// The board.
    pub(crate) board: Arc<dyn Board>,
    /// Its name on pages.
    pub(crate) board_name: String,
    /// The configuration.
    pub(crate) settings: Settings,
    /// Tokens, logins and what users have done.
    pub(crate) store: Arc<ServerStore>,
    /// The calls.
    pub(crate) api: Api,
    /// The check of tokens and logins.
    pub(crate) gate: AccessGate,
    /// The check of names and origins.
    pub(crate) hosts: HostCheck,
    /// Whether the board answers.
    pub(crate) watch: Arc<BoardWatch>,
    /// How often was asked what.
    pub(crate) counters: RequestCounters,
    /// The connections.
    pub(crate) table: Arc<ConnectionTable>,
    throttle: Mutex<LoginThrottle>,
}

impl ServerShared {
    /// Puts the parts together.
    pub(crate) fn new(
        board: Arc<dyn Board>,
        settings: Settings,
        store: Arc<ServerStore>,
        api: Api,
        gate: AccessGate,
        hosts: HostCheck,
        table: Arc<ConnectionTable>,
    ) -> Self {
        ServerShared {
            board_name: board_name(&settings),
            board,
            settings,
            store,
            api,
            gate,
            hosts,
            watch: BoardWatch::new(),
            counters: RequestCounters::default(),
            table,
            throttle: Mutex::default(),
        }
    }

    /// Returns a refusal as the calls of the board have it.
    pub(crate) fn json(&self, refusal: &HttpRefusal) -> Vec<u8> {
        let fault = fault(refusal.code, refusal.message.clone(), refusal.remedy);
        self.api.refuse(fault).body
    }

    /// Returns the count of failed logins.
    pub(crate) fn throttle(&self) -> MutexGuard<'_, LoginThrottle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
