//! Letters, settings, and a carrier that does as it is told, for the tests of this module.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::carrier::{Carrier, Parcel};
use super::trouble::{Class, Trouble};
use super::wire::Fate;
use crate::letter::{Letter, Place};
use crate::settings::{Digest, Healed, MailSettings, SmtpSettings, Tls, Transport};

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
        ca_file: None,
    })
}

/// Returns a letter of a sort, about an outage of a task.
pub(crate) fn letter(id: &str, sort: &str, task: &str, outage: u64) -> Letter {
    Letter {
        subject: format!("[host] [{task}] {sort} {id}"),
        date: at(0),
        message_id: format!("{id}@example.org"),
        thread: None,
        list_id: "chain.host".to_owned(),
        facts: format!("event={sort}; task={task}"),
        body: format!("{sort} {id} of {task}.\n\nAll the details.\n"),
        minimal_body: "Short.\n".to_owned(),
        place: Place {
            sort: sort.to_owned(),
            chain: "chain".to_owned(),
            task: task.to_owned(),
            outage,
        },
    }
}

/// A carrier that follows a list of answers, then accepts everything.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    pub answers: VecDeque<Result<Fate, Trouble>>,
    /// What it accepted: recipient and text.
    pub accepted: Vec<(String, String)>,
    /// How often it was asked.
    pub asked: usize,
}

impl Scripted {
    /// Makes one that first gives these answers.
    pub(crate) fn new(answers: impl IntoIterator<Item = Result<Fate, Trouble>>) -> Self {
        Scripted {
            answers: answers.into_iter().collect(),
            ..Scripted::default()
        }
    }
}

/// The answer that there is no way.
pub(crate) fn no_way(class: Class) -> Result<Fate, Trouble> {
    Err(Trouble::new(class, "the server is down"))
}

/// The answer that this message is not taken.
pub(crate) fn refused(class: Class) -> Result<Fate, Trouble> {
    Ok(Fate::Refused(Trouble::new(class, "550 because of it")))
}

impl Carrier for Scripted {
    fn carry(&mut self, parcel: &Parcel) -> Result<Vec<Fate>, Trouble> {
        self.asked += 1;
        let answer = self.answers.pop_front();
        let fate = answer.unwrap_or_else(|| Ok(Fate::Accepted("250 ok".to_owned())))?;
        if let Fate::Accepted(_) = fate {
            let text = String::from_utf8(parcel.bytes.clone()).unwrap();
            for to in &parcel.to {
                self.accepted.push((to.clone(), text.clone()));
            }
        }
        Ok(vec![fate; parcel.to.len()])
    }
}
