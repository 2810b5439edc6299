//! What is mailed, in the tables of SQLite.

pub(super) mod alert_lock;
pub(super) mod alert_schema;
mod condition_rows;
#[cfg(test)]
#[cfg(debug_assertions)]
mod crash_tests;
pub(super) mod fact_rows;
mod mail_rows;

use crate::board::alert_board::AlertBoard;
use crate::board::alert_conditions::AlertConditions;
use crate::board::alert_record::{AlertLook, AlertRecord, AlertsHold};
use crate::board::board_trait::BoardResult;
use crate::board::job_id::SessionId;
use crate::board::mail_record::{ClaimedMail, MailRecord};

use super::sqlite_board::SqliteBoard;

#[cfg(test)]
pub(in crate::board::sqlite) use condition_rows::{
    LATE, LOST, OVERDUE, OVERDUE_LIMITED, PAUSED, STUCK,
};

impl AlertBoard for SqliteBoard {
    fn hold_alerts(&self, session: SessionId) -> BoardResult<AlertsHold> {
        if let Some(hold) = self.read(|conn| alert_lock::seen(conn, session))? {
            return Ok(hold);
        }
        self.write(move |tx| alert_lock::take(tx, session))
    }

    fn look_at_facts(&self, at_most: u32) -> BoardResult<AlertLook> {
        let now = self.now();
        self.read(|conn| fact_rows::look(conn, now, at_most))
    }

    fn look_at_conditions(&self) -> BoardResult<AlertConditions> {
        let now = self.now();
        self.read(|conn| condition_rows::look(conn, now))
    }

    fn has_open_jobs(&self, definition: &str, due_within: i64) -> BoardResult<bool> {
        let until = self.now().saturating_add(due_within);
        self.read(|conn| fact_rows::has_open_jobs(conn, definition, until))
    }

    fn record_alerts(&self, record: &AlertRecord) -> BoardResult<bool> {
        let record = record.clone();
        self.write(move |tx| Ok(alert_lock::record(tx, &record)?))
    }

    fn alert_memory(&self, name: &str) -> BoardResult<Option<String>> {
        self.read(|conn| alert_lock::memory(conn, name))
    }

    fn replace_alert_memory(
        &self,
        name: &str,
        before: Option<&str>,
        after: &str,
    ) -> BoardResult<bool> {
        let (name, after) = (name.to_owned(), after.to_owned());
        let before = before.map(str::to_owned);
        self.write(move |tx| Ok(alert_lock::replace(tx, &name, before.as_deref(), &after)?))
    }

    fn set_delivers(&self, session: SessionId, delivers: bool) -> BoardResult<()> {
        self.write(move |tx| mail_rows::set_delivers(tx, session, delivers))
    }

    fn deliverers(&self) -> BoardResult<u64> {
        self.read(mail_rows::deliverers)
    }

    fn claim_mails(
        &self,
        session: SessionId,
        at_most: u32,
        all: bool,
    ) -> BoardResult<Vec<ClaimedMail>> {
        self.write(move |tx| mail_rows::claim(tx, session, at_most, all))
    }

    fn update_mail(
        &self,
        session: SessionId,
        id: u64,
        letter: &str,
        next: i64,
    ) -> BoardResult<bool> {
        let letter = letter.to_owned();
        self.write(move |tx| Ok(mail_rows::update(tx, session, id, &letter, next)?))
    }

    fn remove_mail(&self, session: SessionId, id: u64) -> BoardResult<bool> {
        self.write(move |tx| Ok(mail_rows::remove(tx, session, id)?))
    }

    fn release_mails(&self, session: SessionId) -> BoardResult<()> {
        self.write(move |tx| Ok(mail_rows::release(tx, session)?))
    }

    fn mails(&self) -> BoardResult<Vec<MailRecord>> {
        self.read(mail_rows::all)
    }

    fn next_mail(&self) -> BoardResult<Option<i64>> {
        self.read(mail_rows::next)
    }
}
