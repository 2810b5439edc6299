//! How far an attempt had come, and what went wrong then.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeliveryStage {
    /// The worker was being started.
    Start,
    /// The server's name is looked up.
    Resolve,
    /// Connection, TLS when it is implicit, greeting, EHLO.
    Connect,
    /// STARTTLS and the handshake.
    StartTls,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, before the message.
    Data,
    /// The message is under way.
    Body,
    /// All was sent; the answer is awaited.
    Answer,
    /// A local program has the message.
    Program,
}

impl DeliveryStage {
    /// Returns what is going on, to follow "while".
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            DeliveryStage::Start => "starting",
            DeliveryStage::Resolve => "looking up the server's name",
            DeliveryStage::Connect => "connecting",
            DeliveryStage::StartTls => "starting TLS",
            DeliveryStage::Login => "logging in",
            DeliveryStage::Sender => "naming the sender",
            DeliveryStage::Recipient => "naming the recipient",
            DeliveryStage::Data => "asking to send the message",
            DeliveryStage::Body => "sending the message",
            DeliveryStage::Answer => "waiting for the answer to the message",
            DeliveryStage::Program => "handing over the message",
        }
    }

    /// Returns whether the trouble may lie with this one message rather than with the way to the
    /// server.
    pub(crate) fn is_of_the_message(self) -> bool {
        matches!(
            self,
            DeliveryStage::Sender
                | DeliveryStage::Recipient
                | DeliveryStage::Data
                | DeliveryStage::Body
                | DeliveryStage::Answer
        )
    }
}
/// What went wrong, before it is classified.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DeliveryCause {
    /// The server answered, with this code and text.
    Reply(u16, String),
    /// The system refused.
    Io(io::ErrorKind, String),
    /// TLS could not be agreed upon; the library's text.
    Tls(String),
    /// Nothing came, or too slowly, until the deadline.
    Silence(Duration),
    /// What came is no answer of a mail server.
    Garbled(String),
    /// The other end closed the connection.
    Closed,
    /// The worker ended without an answer; how, in words.
    Died(String),
    /// The server lacks something that is needed; what.
    Lacks(&'static str),
}
