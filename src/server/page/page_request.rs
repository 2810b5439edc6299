//! A request for a page, and the answer.

use crate::board::Board;
use crate::core::settings::Settings;
use crate::server::audit_entry::AuditTrail;
use crate::server::viewer::Viewer;

/// A request for a page; its user has been checked.
pub(crate) struct PageRequest<'a> {
    /// The board.
    pub(crate) board: &'a dyn Board,
    /// The configuration of the server, for the chains of its host.
    pub(crate) settings: &'a Settings,
    /// Where actions are recorded.
    pub(crate) audit: &'a dyn AuditTrail,
    /// The user.
    pub(crate) viewer: &'a Viewer,
    /// The path, decoded: `/jobs/17`.
    pub(crate) path: &'a str,
    /// The query, decoded.
    pub(crate) query: &'a [(String, String)],
    /// The fields of the form, decoded; empty for a GET. The CSRF token has been checked.
    pub(crate) form: &'a [(String, String)],
    /// The time, in milliseconds since 1970.
    pub(crate) now: i64,
}

/// The answer to a request for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageAnswer {
    /// A page, or a fragment of one.
    Html {
        /// The status of HTTP.
        status: u16,
        /// The text.
        body: String,
    },
    /// Something else than a page: the style sheet, an icon, the output of a job.
    Asset {
        /// The type of the content.
        content_type: &'static str,
        /// The content.
        body: Vec<u8>,
        /// Whether a browser may keep it: what is at this address never changes.
        is_kept: bool,
    },
    /// Goes on at another path of the server.
    SeeOther(String),
}
