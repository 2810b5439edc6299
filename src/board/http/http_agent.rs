//! Requests to a server with a board, each with a deadline.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustls::crypto::ring;
use serde::Serialize;
use serde_json::{Value, json};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::call_errors::into_error;
use crate::board::board_error::{BoardError, BoardResult};
use crate::board::call_reply::{CallFault, CallReply};
use crate::board::http_settings::HttpSettings;
use crate::unix::authorities::{REMEDY, authorities};
use crate::unix::clock;

/// More than an answer can be: 256 parts of output, or 1,000 jobs with their arguments.
const MOST_BYTES: u64 = 64 << 20;
/// What an idle connection is not used again after: proxies cut theirs after a minute.
const IDLE: Duration = Duration::from_secs(30);

/// What makes requests to a server.
#[derive(Debug)]
pub(super) struct HttpAgent {
    agent: Agent,
    base: String,
    pub(super) place: String,
    token_file: Option<PathBuf>,
    token: Mutex<Option<String>>,
    /// The identity of the board, from the first answer on.
    board: OnceLock<String>,
}

/// An answer of the server.
#[derive(Debug)]
pub(super) struct AgentAnswer {
    /// The time of the server, in milliseconds since 1970.
    pub(super) now: i64,
    /// What the call returns.
    pub(super) answer: Value,
}

impl HttpAgent {
    /// Creates what makes requests; the token is read.
    ///
    /// # Errors
    ///
    /// [`BoardError::Refused`] for a file that is unfit.
    pub(super) fn new(settings: &HttpSettings) -> BoardResult<Self> {
        let agent = HttpAgent {
            agent: agent(settings)?,
            base: settings.base().to_owned(),
            place: settings.place(),
            token_file: settings.token_file.clone(),
            token: Mutex::default(),
            board: OnceLock::new(),
        };
        agent.read_token()?;
        Ok(agent)
    }

    /// Makes a call. A token that was replaced is read again; a connection that was cut while it
    /// was idle is replaced: each call is idempotent.
    ///
    /// # Errors
    ///
    /// Those of the board, and of the way to its server.
    pub(super) fn call(
        &self,
        name: &str,
        request: &impl Serialize,
        within: Duration,
    ) -> BoardResult<AgentAnswer> {
        let body = serde_json::to_vec(request);
        let body = body.map_err(|error| BoardError::Malformed(error.to_string()))?;
        let until = clock::mono() + within;
        let mut has_tried_again = false;
        loop {
            let left = until.since(clock::mono());
            let replied = self.exchange(name, &body, left);
            let is_again = match &replied {
                Ok(reply) => {
                    reply.error.as_ref().is_some_and(is_of_the_token) && self.has_new_token()
                }
                Err(error) => is_of_the_connection(error),
            };
            if is_again && !has_tried_again {
                has_tried_again = true;
                continue;
            }
            return self.answer_of(replied, within);
        }
    }

    fn answer_of(
        &self,
        replied: Result<CallReply, Unanswered>,
        within: Duration,
    ) -> BoardResult<AgentAnswer> {
        let place = || self.place.clone();
        let reply = replied.map_err(|error| match error {
            Unanswered::Unsent(why) => BoardError::Unavailable {
                place: place(),
                why,
            },
            Unanswered::Http(ureq::Error::Timeout(_)) => BoardError::NoAnswer { place: place() },
            Unanswered::Http(error) => BoardError::Unavailable {
                place: place(),
                why: in_words(&error, within),
            },
        })?;
        if self.board.get_or_init(|| reply.board.clone()) != &reply.board {
            return Err(BoardError::Unavailable {
                place: place(),
                why: "what answers there is the server of another board".to_owned(),
            });
        }
        match reply.error {
            Some(fault) => Err(into_error(fault, &self.place)),
            None => Ok(AgentAnswer {
                now: reply.now,
                answer: reply.answer,
            }),
        }
    }

    fn exchange(&self, name: &str, body: &[u8], within: Duration) -> Result<CallReply, Unanswered> {
        let mut request = self
            .agent
            .post(format!("{}/api/v1/{name}", self.base))
            .config()
            .timeout_global(Some(within))
            .build()
            .content_type("application/json");
        if let Some(token) = self.token() {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.send(body).map_err(Unanswered::Http)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MOST_BYTES);
        let text = body.read_to_vec().map_err(Unanswered::Http)?;
        serde_json::from_slice(&text).map_err(|_| {
            Unanswered::Unsent(format!(
                "it answered {status} with what is not of our server"
            ))
        })
    }

    fn token(&self) -> Option<String> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }

    fn read_token(&self) -> BoardResult<()> {
        let Some(path) = &self.token_file else {
            return Ok(());
        };
        let read =
            crate::unix::secret_file::read(path).map_err(|error| BoardError::NotAllowed {
                place: self.place.clone(),
                why: format!("the token cannot be read: {error}"),
                remedy: error.remedy(),
            })?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
        Ok(())
    }

    /// Returns whether the file has another token than the one that was sent.
    fn has_new_token(&self) -> bool {
        let before = self.token();
        self.read_token().is_ok() && self.token() != before
    }
}

/// Gets a token for a worker; returns the token.
///
/// # Errors
///
/// Those of the server, and of the way to it.
pub(crate) fn register(
    settings: &HttpSettings,
    registration: &str,
    name: &str,
) -> BoardResult<String> {
    let unregistered = HttpSettings {
        token_file: None,
        ..settings.clone()
    };
    let agent = HttpAgent::new(&unregistered)?;
    *agent.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(registration.to_owned());
    let within = Duration::from_secs(10);
    let answer = agent
        .call("register", &json!({ "name": name }), within)?
        .answer;
    let token = answer["token"].as_str().map(str::to_owned);
    token.ok_or_else(|| BoardError::Unavailable {
        place: settings.place(),
        why: "it answered without a token".to_owned(),
    })
}

/// Why there is no answer of the server.
#[derive(Debug)]
enum Unanswered {
    Http(ureq::Error),
    /// Something else answered, or nothing was sent.
    Unsent(String),
}

fn is_of_the_token(fault: &CallFault) -> bool {
    fault.code == "unauthorized"
}

/// Returns whether an idle connection was cut: nothing of an answer came.
fn is_of_the_connection(error: &Unanswered) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error {
        Unanswered::Http(ureq::Error::Io(error)) => matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
        ),
        _ => false,
    }
}

fn agent(settings: &HttpSettings) -> BoardResult<Agent> {
    let is_secure = settings.address.starts_with("https:");
    let trusted = match is_secure {
        true => authorities(settings.ca_file.as_deref()).map_err(|why| BoardError::Refused {
            place: settings.place(),
            why,
            remedy: REMEDY.to_owned(),
        })?,
        false => Vec::new(),
    };
    let trusted = trusted
        .iter()
        .map(|one| Certificate::from_der(one).to_owned());
    let trusted: Vec<Certificate<'static>> = trusted.collect();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(trusted)))
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        // HTTP_PROXY is for other requests than those to a server of one's own.
        .proxy(None)
        .max_redirects(0)
        .max_idle_age(IDLE)
        .http_status_as_error(false)
        .user_agent(concat!("run_functions/", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(config.into())
}

fn in_words(error: &ureq::Error, within: Duration) -> String {
    use ureq::Error;
    match error {
        Error::Timeout(_) => format!("no answer within {}", crate::core::time::in_words(within)),
        Error::HostNotFound => "the host is unknown".to_owned(),
        Error::ConnectionFailed => "no connection".to_owned(),
        Error::Io(error) => error.to_string().to_lowercase(),
        error => error.to_string(),
    }
}
