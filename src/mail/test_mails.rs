//! Mails, settings, and a transport with answers that are set, for the tests of this module.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::delivery_error::{DeliveryError, ErrorClass};
use super::transport::{MailTransport, OutgoingMessage};
use super::wire::DeliveryResult;
use crate::core::admin_mail::{AdminMail, MailKey};
use crate::core::settings::{Digest, Healed, MailSettings, SmtpSettings, Tls, Transport};

/// Returns a time, so many seconds after an arbitrary one.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

/// Returns settings for one recipient.
pub(crate) fn settings(transport: Transport, timeout: Duration) -> MailSettings {
    MailSettings {
        to: vec!["ops@example.org".to_owned()],
        from: "runner@example.org".to_owned(),
        transport,
        timeout,
        max_per_hour: 20,
        healed: Healed::Never,
        digest: Digest::Never,
    }
}

/// Returns the way to a server of this machine.
pub(crate) fn smtp(port: u16) -> Transport {
    Transport::Smtp(SmtpSettings {
        server: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: None,
        helo: None,
        ca_file: None,
    })
}

/// Returns a mail of a sort, about an outage of a task.
pub(crate) fn mail(id: &str, sort: &str, task: &str, outage: u64) -> AdminMail {
    AdminMail {
        subject: format!("[host] [{task}] {sort} {id}"),
        date: at(0),
        message_id: format!("{id}@example.org"),
        thread: None,
        list_id: "chain.host".to_owned(),
        facts: format!("event={sort}; task={task}"),
        body: format!("{sort} {id} of {task}.\n\nAll the details.\n"),
        minimal_body: "Short.\n".to_owned(),
        place: MailKey {
            sort: sort.to_owned(),
            chain: "chain".to_owned(),
            task: task.to_owned(),
            outage,
        },
    }
}

/// A transport that follows a list of answers, then accepts everything.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    pub answers: VecDeque<Result<DeliveryResult, DeliveryError>>,
    /// What it accepted: recipient and text.
    pub accepted: Vec<(String, String)>,
    /// How often it was asked.
    pub asked: usize,
}

impl Scripted {
    /// Creates a transport that first gives these answers.
    pub(crate) fn new(
        answers: impl IntoIterator<Item = Result<DeliveryResult, DeliveryError>>,
    ) -> Self {
        Scripted {
            answers: answers.into_iter().collect(),
            ..Scripted::default()
        }
    }
}

/// The answer that there is no way.
pub(crate) fn no_way(class: ErrorClass) -> Result<DeliveryResult, DeliveryError> {
    Err(DeliveryError::new(class, "the server is down"))
}

/// The answer that this message is not taken.
pub(crate) fn refused(class: ErrorClass) -> Result<DeliveryResult, DeliveryError> {
    Ok(DeliveryResult::Refused(DeliveryError::new(
        class,
        "550 because of it",
    )))
}

impl MailTransport for Scripted {
    fn carry(&mut self, outgoing: &OutgoingMessage) -> Result<Vec<DeliveryResult>, DeliveryError> {
        self.asked += 1;
        let answer = self.answers.pop_front();
        let fate = answer.unwrap_or_else(|| Ok(DeliveryResult::Accepted("250 ok".to_owned())))?;
        if let DeliveryResult::Accepted(_) = fate {
            let text = String::from_utf8(outgoing.bytes.clone()).unwrap();
            for to in &outgoing.to {
                self.accepted.push((to.clone(), text.clone()));
            }
        }
        Ok(vec![fate; outgoing.to.len()])
    }
}
