//! What `[server]` comes to.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::listen_address::ListenAddress;

/// What the server goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerSettings {
    /// Where the server listens.
    pub listen: ListenAddress,
    /// The URL by which browsers reach the server, such as `https://board.example.org`; `None`: the
    /// listen address.
    pub public_url: Option<String>,
    /// The files of its certificate; `None`: no TLS.
    pub tls: Option<TlsFiles>,
    /// Whether an address that others reach may be served without TLS.
    pub insecure_http: bool,
    /// How many connections there are at once.
    pub max_connections: usize,
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate, and those that lead to its authority. Absolute.
    pub certificate: PathBuf,
    /// The key. Absolute.
    pub key: PathBuf,
}

impl Default for ServerSettings {
    /// Returns what holds where nothing is written.
    fn default() -> Self {
        ServerSettings {
            listen: ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 7400))),
            public_url: None,
            tls: None,
            insecure_http: false,
            max_connections: 2048,
        }
    }
}
