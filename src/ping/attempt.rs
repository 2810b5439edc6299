//! One request, seen from the runner: a worker process that is given a deadline, and killed when
//! that has passed.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::settings::PingUrl;
use crate::core::time::in_words;
use crate::unix::helper::Helper;
use crate::unix::timed::Timed;
use crate::unix::{clock, self_exe};

/// How long a request may take, redirects included.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer of a worker.
const MOST_OF_ANSWER: u64 = 16 << 10;

/// What the worker is told: on its standard input, because everybody can read arguments.
#[derive(Serialize, Deserialize)]
pub(super) struct PingRequest {
    /// The process that started the worker; without it, the worker ends.
    pub(super) parent: i32,
    /// The URL, secrets included.
    pub(super) url: String,
}

/// What the worker answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum PingAnswer {
    /// The server answered with this status.
    Status(u16),
    /// There was no answer: why, in words without the URL.
    Failed(String),
}

/// Why a ping did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PingError {
    /// In words, without the URL.
    pub(super) words: String,
    /// Whether the same request may succeed a moment later.
    pub(super) may_pass: bool,
}

impl PingError {
    fn passing(words: String) -> Self {
        PingError {
            words,
            may_pass: true,
        }
    }
}

/// Requests a URL.
pub(super) fn ask(url: &PingUrl) -> Result<(), PingError> {
    match converse(url) {
        Ok(PingAnswer::Status(200..=299)) => Ok(()),
        Ok(PingAnswer::Status(status)) => Err(PingError {
            words: format!("the server answered {status}"),
            // Too many requests, and all that the server calls its own fault.
            may_pass: status == 429 || status >= 500,
        }),
        Ok(PingAnswer::Failed(words)) => Err(PingError::passing(words)),
        Err(error) if is_late(&error) => {
            let limit = in_words(TIMEOUT);
            Err(PingError::passing(format!("no answer within {limit}")))
        }
        Err(error) => Err(PingError::passing(format!("its worker failed: {error}"))),
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}

fn converse(url: &PingUrl) -> io::Result<PingAnswer> {
    let request = PingRequest {
        parent: i32::try_from(std::process::id()).unwrap_or(0),
        url: url.expose().to_owned(),
    };
    let request = serde_json::to_vec(&request)?;
    let (mut helper, stream) = Helper::start(self_exe::command(self_exe::PING_WORKER)?)?;
    let mut stream = Timed::new(stream);
    stream.until = clock::mono() + TIMEOUT;
    let answer = exchange(&mut stream, &request);
    helper.kill_with_group();
    // On a slow machine the worker may have ended itself before this thread saw that the time was
    // up.
    let is_late = clock::mono() >= stream.until;
    answer.map_err(|error| match is_late {
        true => io::ErrorKind::TimedOut.into(),
        false => error,
    })
}

fn exchange(stream: &mut Timed, request: &[u8]) -> io::Result<PingAnswer> {
    stream.write_all(request)?;
    stream.stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.take(MOST_OF_ANSWER).read_to_end(&mut answer)?;
    if answer.is_empty() {
        return Err(io::Error::other("it ended without an answer"));
    }
    Ok(serde_json::from_slice(&answer)?)
}
