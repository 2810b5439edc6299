//! The part of a board that keeps what is mailed: facts, the memory of the alerter, and mails.

use super::alert_conditions::AlertConditions;
use super::alert_record::{AlertLook, AlertRecord, AlertsHold};
use super::board_error::BoardResult;
use super::job_id::SessionId;
use super::mail_record::{ClaimedMail, MailRecord};

/// The part of a board that keeps what is mailed. Promises:
///
/// - Facts of jobs that failed are inserted by the transaction that ends the jobs. No worker's
///   transaction writes a row that another one writes.
/// - One session holds the lock `alerts`. A session that is over holds nothing: the next that asks
///   has the lock under a higher fence.
/// - Facts are removed, the memory is written and mails are inserted in one transaction, by the
///   holder under its fence or not at all.
/// - A mail stays until it is removed by the session that has claimed it; a mail of a Message-ID
///   that the board has is not inserted again.
pub(crate) trait AlertBoard {
    /// Takes the lock `alerts`, or keeps it.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`](super::BoardError::SessionOver).
    fn hold_alerts(&self, session: SessionId) -> BoardResult<AlertsHold>;

    /// Looks for what the alerter has not taken yet, without a write: so many facts at most, the
    /// oldest first.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn look_at_facts(&self, at_most: u32) -> BoardResult<AlertLook>;

    /// Looks for what did not happen, without a write.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn look_at_conditions(&self) -> BoardResult<AlertConditions>;

    /// Returns whether a job of a definition may end soon: one runs, or waits and is due within
    /// this many milliseconds.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn has_open_jobs(&self, definition: &str, due_within: i64) -> BoardResult<bool>;

    /// Records what the alerter has decided, in one transaction. Returns whether the lock is still
    /// held under that fence: if not, nothing was changed.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn record_alerts(&self, record: &AlertRecord) -> BoardResult<bool>;

    /// Returns what is stored under a name: the memory of the alerter, or mutes.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn alert_memory(&self, name: &str) -> BoardResult<Option<String>>;

    /// Replaces what is stored under a name, if that is still `before`. Returns whether it was.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn replace_alert_memory(
        &self,
        name: &str,
        before: Option<&str>,
        after: &str,
    ) -> BoardResult<bool>;

    /// Sets whether the process of a session has a way by which mail leaves its machine.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`](super::BoardError::SessionOver).
    fn set_delivers(&self, session: SessionId, delivers: bool) -> BoardResult<()>;

    /// Returns how many live sessions have such a way.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn deliverers(&self) -> BoardResult<u64>;

    /// Claims mails that are due, so many at most, the oldest first; with `all` also those that are
    /// to be tried later. A session without a way claims nothing while another has one. What a
    /// session claims stays claimed until it is released, or the session is over.
    ///
    /// # Errors
    ///
    /// [`BoardError::SessionOver`](super::BoardError::SessionOver).
    fn claim_mails(
        &self,
        session: SessionId,
        at_most: u32,
        all: bool,
    ) -> BoardResult<Vec<ClaimedMail>>;

    /// Stores what has become of a mail: its letter, and when it is tried next. Returns whether the
    /// session has claimed it.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn update_mail(
        &self,
        session: SessionId,
        id: u64,
        letter: &str,
        next: i64,
    ) -> BoardResult<bool>;

    /// Removes a mail that has left, or never will. Returns whether the session has claimed it.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn remove_mail(&self, session: SessionId, id: u64) -> BoardResult<bool>;

    /// Gives all mails back that a session has claimed.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn release_mails(&self, session: SessionId) -> BoardResult<()>;

    /// Returns the mails that wait, the oldest first, 1,000 at most.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn mails(&self) -> BoardResult<Vec<MailRecord>>;

    /// Returns when the next mail is due that no live session has claimed, in milliseconds since
    /// 1970; `None`: none waits.
    ///
    /// # Errors
    ///
    /// Only those of the board itself.
    fn next_mail(&self) -> BoardResult<Option<i64>>;
}
