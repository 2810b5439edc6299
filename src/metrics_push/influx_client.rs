//! Requests to InfluxDB: `/write` of version 1, `/api/v2/write` of version 2.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::push_error::PushError;
use crate::core::settings::{MetricsPushSettings, PushTarget};
use crate::core::time;
use crate::unix::authorities::authorities;
use crate::unix::secret_file;

/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// The part of an error text that is shown.
const MOST_CHARS_SHOWN: usize = 200;
/// More than any answer has.
const MOST_BYTES_OF_REPLY: u64 = 64 << 10;

/// What writes to one server.
pub(super) struct InfluxClient {
    agent: Agent,
    url: String,
    target: PushTarget,
}

impl InfluxClient {
    /// Creates a client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// When the file of authorities is unfit.
    pub(super) fn new(settings: &MetricsPushSettings) -> Result<Self, PushError> {
        let address = settings.address.trim_end_matches('/');
        let is_secure = address.starts_with("https:");
        let trusted = match is_secure {
            true => authorities(settings.ca_file.as_deref()).map_err(passing)?,
            false => Vec::new(),
        };
        let trusted: Vec<Certificate<'static>> = trusted
            .iter()
            .map(|authority| Certificate::from_der(authority).to_owned())
            .collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(trusted)))
            .build();
        let mut config = Agent::config_builder()
            .tls_config(tls)
            .https_only(is_secure)
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("run_functions/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(DEADLINE));
        // HTTP_PROXY is for other requests than those to this machine.
        if settings.is_on_this_machine {
            config = config.proxy(None);
        }
        Ok(InfluxClient {
            agent: config.build().into(),
            url: url(address, &settings.target),
            target: settings.target.clone(),
        })
    }

    /// Writes lines.
    ///
    /// # Errors
    ///
    /// When the server does not take all of them.
    pub(super) fn write(&self, lines: &str) -> Result<(), PushError> {
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "text/plain; charset=utf-8");
        if let Some(credentials) = self.credentials()? {
            request = request.header("Authorization", credentials);
        }
        let mut response = request
            .send(lines)
            .map_err(|error| passing(in_words(&error)))?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(());
        }
        let body = response.body_mut().with_config().limit(MOST_BYTES_OF_REPLY);
        let body = body.lossy_utf8(true).read_to_string().unwrap_or_default();
        Err(PushError {
            words: format!("it answered {status} {}", shown(&body)),
            // A server that has parsed the lines refuses some of them for good: wrong ones, or of
            // another type than their field. One that has no such database may get it.
            may_pass: !matches!(status, 400 | 413 | 422),
        })
    }

    /// Returns the value of the header, with secrets that are read anew each time: they change
    /// while a runner runs.
    fn credentials(&self) -> Result<Option<String>, PushError> {
        match &self.target {
            PushTarget::Database {
                username: Some(username),
                password_file,
                ..
            } => {
                let password = password_file.as_deref().map(secret).transpose()?;
                let pair = format!("{username}:{}", password.unwrap_or_default());
                Ok(Some(format!("Basic {}", STANDARD.encode(pair))))
            }
            PushTarget::Database { .. } => Ok(None),
            PushTarget::Bucket { token_file, .. } => {
                Ok(Some(format!("Token {}", secret(token_file)?)))
            }
        }
    }
}

fn secret(path: &Path) -> Result<String, PushError> {
    secret_file::read(path).map_err(|error| passing(error.to_string()))
}

fn url(address: &str, target: &PushTarget) -> String {
    match target {
        PushTarget::Database { name, .. } => {
            format!("{address}/write?db={}&precision=ns", encoded(name))
        }
        PushTarget::Bucket { name, org, .. } => format!(
            "{address}/api/v2/write?org={}&bucket={}&precision=ns",
            encoded(org),
            encoded(name)
        ),
    }
}

/// Returns a text as a value in the query of a URL.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn passing(words: String) -> PushError {
    PushError {
        words,
        may_pass: true,
    }
}

fn shown(body: &str) -> String {
    let line = body.trim().lines().next().unwrap_or_default();
    let plain = line.chars().filter(|c| !c.is_control());
    plain.take(MOST_CHARS_SHOWN).collect()
}

fn in_words(error: &ureq::Error) -> String {
    use ureq::Error;
    let late = || format!("no answer within {}", time::in_words(DEADLINE));
    match error {
        Error::Timeout(_) => late(),
        Error::HostNotFound => "the host is unknown".to_owned(),
        Error::ConnectionFailed => "no connection".to_owned(),
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => late(),
        Error::Io(error) => error.to_string().to_lowercase(),
        error => error.to_string(),
    }
}
