//! What is mailed, in PostgreSQL: not kept yet. A worker of such a board mails nothing, and its
//! commands find no mails.

use super::pg_board::PostgresBoard;
use crate::board::alert_board::AlertBoard;
use crate::board::alert_conditions::AlertConditions;
use crate::board::alert_record::{AlertLook, AlertRecord, AlertsHold};
use crate::board::board_error::{BoardError, BoardResult};
use crate::board::job_id::SessionId;
use crate::board::mail_record::{ClaimedMail, MailRecord};

impl PostgresBoard {
    fn mails_nothing<T>(&self) -> BoardResult<T> {
        Err(BoardError::Unavailable {
            place: self.calls.place.clone(),
            why: "a board in PostgreSQL keeps no mails in this version".to_owned(),
        })
    }
}

impl AlertBoard for PostgresBoard {
    fn hold_alerts(&self, _session: SessionId) -> BoardResult<AlertsHold> {
        self.mails_nothing()
    }

    fn look_at_facts(&self, _at_most: u32) -> BoardResult<AlertLook> {
        Ok(AlertLook::default())
    }

    fn look_at_conditions(&self) -> BoardResult<AlertConditions> {
        Ok(AlertConditions::default())
    }

    fn has_open_jobs(&self, _definition: &str, _due_within: i64) -> BoardResult<bool> {
        Ok(false)
    }

    fn record_alerts(&self, _record: &AlertRecord) -> BoardResult<bool> {
        self.mails_nothing()
    }

    fn alert_memory(&self, _name: &str) -> BoardResult<Option<String>> {
        Ok(None)
    }

    fn replace_alert_memory(
        &self,
        _name: &str,
        _before: Option<&str>,
        _after: &str,
    ) -> BoardResult<bool> {
        self.mails_nothing()
    }

    fn set_delivers(&self, _session: SessionId, _delivers: bool) -> BoardResult<()> {
        Ok(())
    }

    fn deliverers(&self) -> BoardResult<u64> {
        Ok(0)
    }

    fn claim_mails(
        &self,
        _session: SessionId,
        _at_most: u32,
        _all: bool,
    ) -> BoardResult<Vec<ClaimedMail>> {
        Ok(Vec::new())
    }

    fn update_mail(
        &self,
        _session: SessionId,
        _id: u64,
        _letter: &str,
        _next: i64,
    ) -> BoardResult<bool> {
        Ok(false)
    }

    fn remove_mail(&self, _session: SessionId, _id: u64) -> BoardResult<bool> {
        Ok(false)
    }

    fn release_mails(&self, _session: SessionId) -> BoardResult<()> {
        Ok(())
    }

    fn mails(&self) -> BoardResult<Vec<MailRecord>> {
        Ok(Vec::new())
    }

    fn next_mail(&self) -> BoardResult<Option<i64>> {
        Ok(None)
    }
}
