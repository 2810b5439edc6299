//! The worker: our own program, started again by the runner to request one URL.
//!
//! Whatever the server does, it does it to this process: it has a limit on memory, no descriptors
//! but its own, and ends with the runner.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::attempt::{PingAnswer, PingRequest, TIMEOUT};
use crate::unix::sandbox;

/// What a request may need: libraries, certificates, buffers.
const MEMORY: u64 = 256 << 20;
/// How long after the deadline the worker ends itself, if the runner that should have killed it
/// does not.
const GRACE: Duration = Duration::from_millis(250);
/// As many as an address behind a shortener and a change to HTTPS take.
const MOST_REDIRECTS: u32 = 5;
/// More than any server sends that means well.
const MOST_OF_HEADERS: usize = 64 << 10;

/// Makes the request that standard input names, answers there, and ends. Called first thing by
/// `cli::main` for the hidden verb.
pub(crate) fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        // The runner is gone or talks nonsense.
        Err(_) => ExitCode::from(crate::core::exit::FATAL_TASK),
    }
}

fn serve() -> io::Result<()> {
    sandbox::shed()?;
    let stream: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    let stream = UnixStream::from(stream);
    let request: PingRequest = serde_json::from_reader(&stream)?;
    sandbox::bind_to_parent(request.parent)?;
    sandbox::limit_memory(MEMORY)?;
    sandbox::die_after(TIMEOUT + GRACE)?;
    let answer = ask(&request.url);
    Ok(serde_json::to_writer(&stream, &answer)?)
}

fn ask(url: &str) -> PingAnswer {
    match agent(url).get(url).call() {
        Ok(response) => PingAnswer::Status(response.status().as_u16()),
        Err(error) => PingAnswer::Failed(in_words(&error)),
    }
}

/// Trusts the authorities of this machine, as mail does. A URL that is asked by HTTPS is asked by
/// nothing else, wherever it leads.
fn agent(url: &str) -> Agent {
    // What of them cannot be read or understood trusts nobody.
    let authorities = rustls_native_certs::load_native_certs().certs;
    let authorities: Vec<Certificate<'static>> = authorities
        .iter()
        .map(|authority| Certificate::from_der(authority).to_owned())
        .collect();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(authorities)))
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .https_only(url.starts_with("https:"))
        .max_redirects(MOST_REDIRECTS)
        .max_response_header_size(MOST_OF_HEADERS)
        .http_status_as_error(false)
        // A server may close what it has answered on while a redirect is on its way there.
        .max_idle_connections(0)
        .user_agent(concat!("run_functions/", env!("CARGO_PKG_VERSION")))
        .build();
    config.into()
}

/// Returns an error in words without the URL: a text of the library that may have one is left out.
fn in_words(error: &ureq::Error) -> String {
    use ureq::Error;
    match error {
        Error::HostNotFound => "the host is unknown".to_owned(),
        Error::ConnectionFailed => "no connection".to_owned(),
        Error::TooManyRedirects => format!("it is redirected more than {MOST_REDIRECTS} times"),
        Error::RedirectFailed => "the redirect names no address".to_owned(),
        Error::RequireHttpsOnly(_) => {
            "it is redirected from HTTPS to HTTP, which is not followed".to_owned()
        }
        Error::LargeResponseHeader(..) => {
            let most = MOST_OF_HEADERS >> 10;
            format!("the headers of the answer are longer than {most} KiB")
        }
        Error::Io(error) => match error.get_ref().and_then(|inside| inside.downcast_ref()) {
            Some(error) => of_tls(error),
            None => plain(&error.to_string()),
        },
        Error::Rustls(error) => of_tls(error),
        Error::Protocol(_) => "the answer is not HTTP, or has too many headers".to_owned(),
        Error::BadUri(_) | Error::Http(_) => "the redirect does not lead to a URL".to_owned(),
        Error::InvalidProxyUrl => "the proxy of the environment is not a URL".to_owned(),
        _ => "the request failed".to_owned(),
    }
}

fn of_tls(error: &rustls::Error) -> String {
    format!("TLS failed: {error}")
}

/// Returns the words of the system without the number that Rust adds.
fn plain(text: &str) -> String {
    text.split(" (os error")
        .next()
        .unwrap_or(text)
        .to_lowercase()
}
