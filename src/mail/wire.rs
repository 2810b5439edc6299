//! What runner and worker say to each other, over one socket pair: a job, then message after
//! message, each answered before the next.
//!
//! A message goes as one line of JSON followed by its bytes, so that no text in it needs escaping
//! and memory holds one at a time.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::delivery_error::{DeliveryError, DeliveryStage};

/// The longest line of JSON that either side takes.
const MOST_LINE: u64 = 1 << 20;
/// The largest message that is sent at all.
pub(crate) const MOST_MESSAGE: u64 = 32 << 20;

/// The first line: what the worker is for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryRequest {
    /// The process that started it; without it, it ends.
    pub parent: i32,
    /// The deadline of one attempt, in milliseconds.
    pub timeout_ms: u64,
    /// Where to.
    pub route: Route,
}

/// Where the worker delivers, with all that it needs: it reads no configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Route {
    /// An SMTP server.
    Smtp(SmtpRoute),
    /// A local program.
    Sendmail(PathBuf),
}

/// An SMTP server, with the password in it: never printed, only ever written to the worker.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SmtpRoute {
    /// Name or address.
    pub server: String,
    /// Port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// User and password.
    pub login: Option<(String, String)>,
    /// The name for EHLO, if one is set.
    #[serde(default)]
    pub helo: Option<String>,
    /// A PEM file of further trusted authorities.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for SmtpRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpRoute({}:{})", self.server, self.port)
    }
}

/// As `settings::Tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Security {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS, required.
    StartTls,
    /// None.
    None,
}

/// Before each message: its envelope and size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The sender; `None`: the empty one.
    pub from: Option<String>,
    /// The recipients. None: nothing is sent, only the way is tried.
    pub to: Vec<String>,
    /// How many bytes follow.
    pub size: u64,
}

impl Header {
    /// Returns whether only the way is to be tried.
    pub(crate) fn is_probe(&self) -> bool {
        self.to.is_empty()
    }
}

/// A line from the worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeliveryAnswer {
    /// The delivery has come so far.
    Stage(DeliveryStage),
    /// The message is settled.
    Settled {
        /// The result for each recipient, in order.
        fates: Vec<DeliveryResult>,
        /// Whether the connection held.
        held: bool,
    },
    /// The message was not tried: there is no way to the server.
    NoWay(DeliveryError),
    /// The process panicked: the message of the panic.
    Panicked(String),
}

impl DeliveryAnswer {
    /// The answer to a probe: the way is there.
    pub(crate) fn reached() -> Self {
        DeliveryAnswer::Settled {
            fates: Vec::new(),
            held: true,
        }
    }
}

/// What became of a message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeliveryResult {
    /// The server took responsibility for it; its answer.
    Accepted(String),
    /// The server did not accept the message.
    Refused(DeliveryError),
}

/// Writes one line.
///
/// # Errors
///
/// Those of the writer.
pub(crate) fn say(writer: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    writer.write_all(&line)?;
    writer.flush()
}

/// Reads one line; `None` at the end.
///
/// # Errors
///
/// Those of the reader; `InvalidData` when the line is no such thing, or too long.
pub(crate) fn hear<T: DeserializeOwned>(reader: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    let read = reader.take(MOST_LINE).read_until(b'\n', &mut line)?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(serde_json::from_slice(&line)?)),
        Some(_) if read as u64 == MOST_LINE => Err(io::ErrorKind::InvalidData.into()),
        Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
