//! What is mailed, in PostgreSQL.

use serde_json::json;

use super::pg_board::PostgresBoard;
use crate::board::alert_board::AlertBoard;
use crate::board::alert_conditions::AlertConditions;
use crate::board::alert_record::{AlertLook, AlertRecord, AlertsHold};
use crate::board::board_error::BoardResult;
use crate::board::job_id::SessionId;
use crate::board::mail_record::{ClaimedMail, MailRecord};

impl AlertBoard for PostgresBoard {
    fn hold_alerts(&self, session: SessionId) -> BoardResult<AlertsHold> {
        self.call("hold_alerts", &session)
    }

    fn look_at_facts(&self, at_most: u32) -> BoardResult<AlertLook> {
        self.call("look_at_facts", &at_most)
    }

    fn look_at_conditions(&self) -> BoardResult<AlertConditions> {
        self.call("look_at_conditions", &())
    }

    fn has_open_jobs(&self, definition: &str, due_within: i64) -> BoardResult<bool> {
        let request = json!({"definition": definition, "due_within": due_within});
        self.call("has_open_jobs", &request)
    }

    fn record_alerts(&self, record: &AlertRecord) -> BoardResult<bool> {
        self.call("record_alerts", record)
    }

    fn alert_memory(&self, name: &str) -> BoardResult<Option<String>> {
        self.call("alert_memory", &name)
    }

    fn replace_alert_memory(
        &self,
        name: &str,
        before: Option<&str>,
        after: &str,
    ) -> BoardResult<bool> {
        let request = json!({"name": name, "before": before, "after": after});
        self.call("replace_alert_memory", &request)
    }

    fn set_delivers(&self, session: SessionId, delivers: bool) -> BoardResult<()> {
        let request = json!({"session": session, "delivers": delivers});
        self.call("set_delivers", &request)
    }

    fn deliverers(&self) -> BoardResult<u64> {
        self.call("deliverers", &())
    }

    fn claim_mails(
        &self,
        session: SessionId,
        at_most: u32,
        all: bool,
    ) -> BoardResult<Vec<ClaimedMail>> {
        let request = json!({"session": session, "at_most": at_most, "all": all});
        self.call("claim_mails", &request)
    }

    fn update_mail(
        &self,
        session: SessionId,
        id: u64,
        letter: &str,
        next: i64,
    ) -> BoardResult<bool> {
        let request = json!({"session": session, "id": id, "letter": letter, "next": next});
        self.call("update_mail", &request)
    }

    fn remove_mail(&self, session: SessionId, id: u64) -> BoardResult<bool> {
        self.call("remove_mail", &json!({"session": session, "id": id}))
    }

    fn release_mails(&self, session: SessionId) -> BoardResult<()> {
        self.call("release_mails", &session)
    }

    fn mails(&self) -> BoardResult<Vec<MailRecord>> {
        self.call("mails", &())
    }

    fn next_mail(&self) -> BoardResult<Option<i64>> {
        self.call("next_mail", &())
    }
}
