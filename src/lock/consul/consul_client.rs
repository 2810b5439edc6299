//! Requests to Consul: several addresses in turn, each request with a deadline.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use ureq::Agent;
use ureq::http::Method;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::core::settings::LockSettings;
use crate::lock::error::LockError;
use crate::lock::interrupt::Interrupt;
use crate::lock::secret::secret;
use crate::unix::authorities::{REMEDY, authorities};

/// More than a value of Consul can be, as text of its JSON.
const MOST_BYTES_OF_REPLY: u64 = 1 << 20;
/// The part of an error text that is shown.
const MOST_CHARS_SHOWN: usize = 200;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct ConsulRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: String,
    pub(super) deadline: Duration,
}

impl ConsulRequest {
    pub(super) fn get(path: String, deadline: Duration) -> Self {
        ConsulRequest {
            method: Method::GET,
            path,
            body: String::new(),
            deadline,
        }
    }

    pub(super) fn put(path: String, body: String, deadline: Duration) -> Self {
        ConsulRequest {
            method: Method::PUT,
            path,
            body,
            deadline,
        }
    }
}

/// An answer of a server, or of an agent that speaks for one.
#[derive(Debug)]
pub(super) struct ConsulReply {
    pub(super) status: u16,
    /// `X-Consul-Index`, for blocking queries.
    pub(super) index: Option<u64>,
    pub(super) body: String,
}

impl ConsulReply {
    /// Returns whether the answer to a request that answers `true` or `false` is yes.
    pub(super) fn is_true(&self) -> bool {
        self.status == 200 && self.body.trim() == "true"
    }

    /// Returns whether the answer is about what was asked for, though its status is that of a
    /// failing server: Consul reports so what a session or a check lacks.
    fn is_about_the_request(&self) -> bool {
        const WORDS: [&str; 5] = [
            "invalid session",
            "Missing check",
            "Unknown check",
            "does not have associated TTL",
            "is in critical state",
        ];
        WORDS.iter().any(|words| self.body.contains(words))
    }

    /// Returns the beginning of the first line, for messages.
    pub(super) fn shown(&self) -> String {
        let line = self.body.trim().lines().next().unwrap_or_default();
        let line: String = line.chars().take(MOST_CHARS_SHOWN).collect();
        format!("it answered {} {line}", self.status)
            .trim_end()
            .to_owned()
    }
}

/// What makes requests to the addresses of Consul.
#[derive(Debug)]
pub(super) struct ConsulClient {
    agent: Agent,
    tls: TlsConfig,
    addresses: Vec<String>,
    /// The address that answered last.
    at: usize,
    token_file: Option<PathBuf>,
    key: String,
    pub(super) interrupt: Interrupt,
}

impl ConsulClient {
    /// Creates a client for the lock of a name.
    ///
    /// # Errors
    ///
    /// When the file of authorities is unfit.
    pub(super) fn new(settings: &LockSettings, key: &str) -> Result<Self, LockError> {
        let mut addresses = settings.addresses.clone();
        if addresses.is_empty() {
            addresses.push("http://127.0.0.1:8500".to_owned());
        }
        let tls = tls_config(settings, &addresses).map_err(|why| LockError::Refused {
            place: place_of(&addresses[0], key),
            why,
            remedy: "name a file of PEM certificates in `ca_file`".to_owned(),
        })?;
        Ok(ConsulClient {
            agent: agent(&tls),
            tls,
            addresses,
            at: 0,
            token_file: settings.token_file.clone(),
            key: key.to_owned(),
            interrupt: Interrupt::default(),
        })
    }

    /// Returns where the lock is, for messages.
    pub(super) fn place(&self) -> String {
        place_of(&self.addresses[self.at], &self.key)
    }

    /// Returns the address that answered last.
    pub(super) fn current(&self) -> usize {
        self.at
    }

    /// Makes a request to the address that answered last, or else to the others in turn.
    ///
    /// # Errors
    ///
    /// When none answers in time, the token is refused, or the call is interrupted.
    pub(super) fn call(&mut self, request: &ConsulRequest) -> Result<ConsulReply, LockError> {
        self.interruptible(|client| client.call_to_the_end(request))
    }

    /// Makes a request to one address, which knows what belongs to its agent.
    pub(super) fn call_at(
        &mut self,
        at: usize,
        request: &ConsulRequest,
    ) -> Result<ConsulReply, LockError> {
        self.interruptible(|client| client.one_call(at, request, request.deadline))
    }

    /// Makes a request that an interrupt does not end.
    pub(super) fn call_to_the_end(
        &mut self,
        request: &ConsulRequest,
    ) -> Result<ConsulReply, LockError> {
        let count = self.addresses.len();
        let part = request.deadline / u32::try_from(count).unwrap_or(u32::MAX);
        let mut last = None;
        for step in 0..count {
            let at = (self.at + step) % count;
            match self.one_call(at, request, part) {
                Ok(reply) => {
                    self.at = at;
                    return Ok(reply);
                }
                Err(error @ LockError::Unreachable { .. }) => last = last.or(Some(error)),
                Err(error) => return Err(error),
            }
            if self.is_cut() {
                break;
            }
        }
        Err(last.unwrap_or(LockError::Interrupted))
    }

    fn is_cut(&self) -> bool {
        self.interrupt.has_ended_call()
    }

    fn interruptible<T>(
        &mut self,
        call: impl FnOnce(&mut Self) -> Result<T, LockError>,
    ) -> Result<T, LockError> {
        let interrupt = self.interrupt.clone();
        let agent = self.agent.clone();
        let result = interrupt.during_call(move || agent.clone().shutdown(), || call(self));
        self.after_interrupt(result)
    }

    /// Makes a wait at the address that answered last: an interrupt since the last one ends it at
    /// once.
    ///
    /// # Errors
    ///
    /// See [`ConsulClient::call`].
    pub(super) fn wait(&mut self, request: &ConsulRequest) -> Result<ConsulReply, LockError> {
        let interrupt = self.interrupt.clone();
        let agent = self.agent.clone();
        let call = || self.one_call(self.at, request, request.deadline);
        let result = interrupt.during_wait(move || agent.clone().shutdown(), call);
        self.after_interrupt(result)
    }

    fn after_interrupt<T>(&mut self, result: Result<T, LockError>) -> Result<T, LockError> {
        if !self.interrupt.take_ended_call() {
            return result;
        }
        self.agent = agent(&self.tls);
        result.map_err(|_| LockError::Interrupted)
    }

    fn one_call(
        &self,
        at: usize,
        request: &ConsulRequest,
        deadline: Duration,
    ) -> Result<ConsulReply, LockError> {
        let place = place_of(&self.addresses[at], &self.key);
        let token = secret(self.token_file.as_deref(), &place)?;
        let unreachable = |why: String| LockError::Unreachable {
            place: place.clone(),
            why,
        };
        let reply = self
            .exchange(at, request, token.as_deref(), deadline)
            .map_err(|error| match in_words(&error, deadline) {
                why if why.contains("certificate") => LockError::Refused {
                    place: place.clone(),
                    why,
                    remedy: REMEDY.to_owned(),
                },
                why => unreachable(why),
            })?;
        match reply.status {
            401 | 403 => Err(LockError::Refused {
                place,
                why: reply.shown(),
                remedy: REMEDY_OF_TOKEN.to_owned(),
            }),
            500.. if reply.is_about_the_request() => Ok(reply),
            429 | 500.. => Err(unreachable(reply.shown())),
            400 => Err(LockError::Refused {
                place,
                why: reply.shown(),
                remedy: "check the address, and that a Consul of 1.7 or newer is there".to_owned(),
            }),
            _ => Ok(reply),
        }
    }

    fn exchange(
        &self,
        at: usize,
        request: &ConsulRequest,
        token: Option<&str>,
        deadline: Duration,
    ) -> Result<ConsulReply, ureq::Error> {
        let url = format!("{}{}", self.addresses[at], request.path);
        let mut built = ureq::http::Request::builder()
            .method(request.method.clone())
            .uri(url);
        if let Some(token) = token {
            built = built.header("X-Consul-Token", token);
        }
        let built = built.body(request.body.clone())?;
        let built = self
            .agent
            .configure_request(built)
            .timeout_global(Some(deadline))
            .build();
        let mut response = self.agent.run(built)?;
        let index = response.headers().get("X-Consul-Index");
        let index = index.and_then(|index| index.to_str().ok()?.parse().ok());
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MOST_BYTES_OF_REPLY);
        Ok(ConsulReply {
            status,
            index,
            body: body.lossy_utf8(true).read_to_string()?,
        })
    }
}

const REMEDY_OF_TOKEN: &str = "name a file with a token in `token_file`; it needs the rules \
     `key_prefix \"run_functions/\" { policy = \"write\" }`, \
     `service \"run_functions\" { policy = \"write\" }` and \
     `session_prefix \"\" { policy = \"write\" }`";

fn place_of(address: &str, key: &str) -> String {
    let host = address.split_once("://").map_or(address, |(_, host)| host);
    format!("Consul at {host}, key run_functions/{key}")
}

fn tls_config(settings: &LockSettings, addresses: &[String]) -> Result<TlsConfig, String> {
    let is_secure = addresses
        .iter()
        .any(|address| address.starts_with("https:"));
    let trusted = match is_secure {
        true => authorities(settings.ca_file.as_deref())?,
        false => Vec::new(),
    };
    let trusted: Vec<Certificate<'static>> = trusted
        .iter()
        .map(|authority| Certificate::from_der(authority).to_owned())
        .collect();
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(trusted)))
        .build())
}

fn agent(tls: &TlsConfig) -> Agent {
    let config = Agent::config_builder()
        .tls_config(tls.clone())
        // HTTP_PROXY is for other requests than those to a cluster of one's own.
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("run_functions/", env!("CARGO_PKG_VERSION")))
        .build();
    config.into()
}

fn in_words(error: &ureq::Error, deadline: Duration) -> String {
    use ureq::Error;
    let late = || format!("no answer within {}", crate::core::time::in_words(deadline));
    match error {
        Error::Timeout(_) => late(),
        Error::HostNotFound => "the host is unknown".to_owned(),
        Error::ConnectionFailed => "no connection".to_owned(),
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => late(),
        Error::Io(error) => error.to_string().to_lowercase(),
        error => error.to_string(),
    }
}
