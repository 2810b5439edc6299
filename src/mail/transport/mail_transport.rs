//! The runner's side of delivery: something that carries one message after the other, and says what became of each.

mod direct;
mod process;

use std::time::Duration;

use super::trouble::{Stage, Trouble};
use super::wire::Fate;
use crate::settings::{MailSettings, Transport};

pub(crate) use direct::{Files, Print};
pub(crate) use process::Worker;

/// One message, ready to go: its bytes with CRLF line ends.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// The sender's bare address; `None`: the empty one.
    pub from: Option<String>,
    /// The bare addresses of the recipients. None: nothing is sent, only the way is tried.
    pub to: Vec<String>,
    /// The message.
    pub bytes: Vec<u8>,
    /// What a file of it would be called: the same on every attempt.
    pub file_stem: String,
}

impl Parcel {
    /// A parcel that is not sent: it tries the way.
    pub(crate) fn probe() -> Self {
        Parcel {
            from: None,
            to: Vec::new(),
            bytes: Vec::new(),
            file_stem: String::new(),
        }
    }
}

/// A way to deliver, for as long as one pass over what waits takes.
pub(crate) trait Carrier {
    /// Delivers one message. Returns one fate for each of its recipients, in order.
    ///
    /// # Errors
    ///
    /// When there is no way to deliver anything now: the message was not tried, and others need not be.
    fn carry(&mut self, parcel: &Parcel) -> Result<Vec<Fate>, Trouble>;

    /// Returns whether who takes a message brings it away. Files, and what is printed, are still here.
    fn takes_away(&self) -> bool {
        true
    }
}

/// Makes the carrier that the settings ask for. No connection is opened before there is something to carry.
pub(crate) fn carrier(settings: &MailSettings) -> Box<dyn Carrier> {
    carrier_that_tells(settings, Box::new(|_| {}))
}

/// As [`carrier`], telling each stage that it reaches, where there are any.
pub(crate) fn carrier_that_tells(
    settings: &MailSettings,
    tell: Box<dyn FnMut(Stage)>,
) -> Box<dyn Carrier> {
    match &settings.transport {
        Transport::File { directory } => Box::new(Files::new(directory.clone())),
        Transport::Print => Box::new(Print),
        Transport::Smtp(_) | Transport::Sendmail { .. } => {
            Box::new(Worker::new(settings.clone(), tell))
        }
    }
}

/// How long after its deadline an attempt is surely over.
pub(crate) const AFTER_DEADLINE: Duration = Duration::from_millis(500);
