//! What the alerter of a board needs of the process that it is in.

use std::sync::Arc;

use crate::board::{Board, SessionId};
use crate::config::invocation::Call;
use crate::core::settings::Settings;
use crate::core::time::Moment;
use crate::unix::trusted_paths::PrivateDir;
use crate::worker::work_request::WorkRequest;

/// What the alerter of a board needs of the process that it is in.
#[derive(Clone)]
pub(crate) struct AlertSurroundings {
    /// The board.
    pub(super) board: Arc<dyn Board>,
    /// The session of the process.
    pub(super) session: SessionId,
    /// The host.
    pub(super) host: String,
    /// How this program is called from anywhere.
    pub(super) call: Call,
    /// The settings.
    pub(super) settings: Settings,
    /// Where the outbox of this machine is.
    pub(super) state_dir: PrivateDir,
    /// When the process started.
    pub(super) started: Moment,
}

impl AlertSurroundings {
    /// Takes what a worker was started with.
    pub(crate) fn of(
        request: &WorkRequest<'_>,
        board: &Arc<dyn Board>,
        session: SessionId,
        state_dir: PrivateDir,
        started: Moment,
    ) -> Self {
        AlertSurroundings {
            board: Arc::clone(board),
            session,
            host: request.inputs.hostname.clone(),
            call: Call::from_anywhere(request.inputs, request.loaded),
            settings: request.loaded.settings.clone(),
            state_dir,
            started,
        }
    }
}
