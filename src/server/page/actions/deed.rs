//! A deed of a user, which is recorded before it is done and with what it came to.

use crate::board::BoardResult;
use crate::server::audit_entry::AuditEntry;
use crate::server::page::errors;
use crate::server::page::notices::ASKED;
use crate::server::page::page_request::PageAnswer;
use crate::server::page::visit::Visit;
use crate::server::page::wording::plain_words;
use crate::server::viewer::Role;

/// The most characters of a reason.
const MOST_OF_A_REASON: usize = 200;

/// A deed of a user.
pub(super) struct Deed<'a> {
    /// The verb.
    pub(super) action: &'a str,
    /// What it is done to: `job 17`.
    pub(super) object: String,
    /// The project of the object.
    pub(super) project: Option<String>,
    /// The role that it takes.
    pub(super) needed: Role,
    /// Where the browser goes on.
    pub(super) back: String,
}

impl Deed<'_> {
    fn entry(&self, visit: &Visit<'_>, outcome: &str) -> AuditEntry {
        let reason = visit
            .field("reason")
            .map(|reason| plain_words(reason, MOST_OF_A_REASON));
        AuditEntry {
            id: 0,
            at: 0,
            by: visit.request.viewer.name.clone(),
            action: self.action.to_owned(),
            object: self.object.clone(),
            project: self.project.clone(),
            outcome: outcome.to_owned(),
            reason: reason.filter(|reason| !reason.is_empty()),
        }
    }

    /// Does the deed, if the user may and the audit can be written: recorded before, and after with
    /// what it came to.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(super) fn perform(
        &self,
        visit: &Visit<'_>,
        perform: impl FnOnce() -> BoardResult<String>,
    ) -> BoardResult<PageAnswer> {
        let audit = visit.request.audit;
        if !visit.may(self.needed) {
            let role = visit.request.viewer.role.word();
            let takes = self.needed.word();
            let refused = format!("refused: the role {role} may not, it takes {takes}");
            // A refusal that cannot be recorded is a refusal all the same.
            let _ = audit.record(self.entry(visit, &refused));
            return errors::forbidden(visit, self.needed, self.action, &self.object);
        }
        if let Err(error) = audit.record(self.entry(visit, ASKED)) {
            return errors::unrecorded(visit, &error);
        }
        let outcome = perform();
        let words = match &outcome {
            Ok(words) => words.clone(),
            Err(error) => format!("not done: {error}"),
        };
        if let Err(error) = audit.record(self.entry(visit, &words)) {
            log::error!(
                "the outcome of `{} {}` is not in the audit: {error}",
                self.action,
                self.object
            );
        }
        outcome.map(|_| PageAnswer::SeeOther(self.back.clone()))
    }
}
