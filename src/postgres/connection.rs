//! A connection to PostgreSQL, with TLS where it leaves the machine.

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::pg_error::PgError;
use crate::unix::authorities::authorities;
use crate::unix::secret_file;

/// What is to be driven, so that a client is served.
pub(super) type PgLink = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// A connection; what drives it ends with it.
pub(crate) struct PgConnection {
    pub(crate) client: Client,
    driver: JoinHandle<()>,
}

impl Drop for PgConnection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// How a server is logged in to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PgAccess {
    /// The user, where the address names none.
    pub(crate) username: Option<String>,
    /// The file with the password of the user.
    pub(crate) password_file: Option<PathBuf>,
    /// A PEM file of further trusted authorities.
    pub(crate) ca_file: Option<PathBuf>,
}

/// How servers are connected to.
#[derive(Clone)]
pub(crate) struct PgConnector {
    config: Config,
    tls: MakeRustlsConnect,
    password_file: Option<PathBuf>,
}

impl PgConnector {
    /// Prepares the connection to an address.
    ///
    /// # Errors
    ///
    /// What is wrong with the address or the file of authorities.
    pub(crate) fn new(address: &str, access: &PgAccess) -> Result<Self, String> {
        let mut config: Config = address.parse().map_err(|error| {
            let error: tokio_postgres::Error = error;
            PgError::from(error).words()
        })?;
        if let (None, Some(username)) = (config.get_user(), &access.username) {
            config.user(username);
        }
        let says_how = address.contains("sslmode=");
        if !says_how {
            config.ssl_mode(match config.get_hosts().iter().all(is_on_this_machine) {
                true => SslMode::Disable,
                false => SslMode::Require,
            });
        }
        if config.get_application_name().is_none() {
            config.application_name("run_functions");
        }
        // A standby can be written to by nothing.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let needs_tls = config.get_ssl_mode() != SslMode::Disable;
        let tls = tls_config(access, needs_tls)?;
        Ok(PgConnector {
            config,
            tls: MakeRustlsConnect::new(tls),
            password_file: access.password_file.clone(),
        })
    }

    /// Returns the hosts, for messages.
    pub(crate) fn hosts(&self) -> String {
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let hosts = self.config.get_hosts().iter().enumerate();
        let shown: Vec<String> = hosts
            .map(|(at, host)| match host {
                Host::Tcp(name) => format!("{name}:{}", port(at)),
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        shown.join(", ")
    }

    /// Returns the database, for messages.
    pub(crate) fn database(&self) -> &str {
        let user = self.config.get_user();
        self.config.get_dbname().or(user).unwrap_or("of the user")
    }

    /// Connects, and drives the connection.
    ///
    /// # Errors
    ///
    /// When no server can be reached and written to within the time.
    pub(crate) async fn connect(&self, within: Duration) -> Result<PgConnection, PgError> {
        let (client, link) = self.open(within).await?;
        let driver = tokio::spawn(async move {
            let mut link = link;
            // The call that meets the end of the connection reports it; notices of the server are
            // for nothing here.
            while let Some(Ok(_)) = poll_fn(|cx| link.poll_message(cx)).await {}
        });
        Ok(PgConnection { client, driver })
    }

    /// Connects. Each host has a part of the time. The caller drives the connection.
    pub(super) async fn open(&self, within: Duration) -> Result<(Client, PgLink), PgError> {
        let mut config = self.config.clone();
        if let Some(path) = &self.password_file {
            let password = secret_file::read(path).map_err(|error| PgError::Secret {
                why: error.to_string(),
                remedy: error.remedy(),
            })?;
            config.password(password);
        }
        let hosts = u32::try_from(config.get_hosts().len().max(1)).unwrap_or(1);
        config.connect_timeout(within / hosts);
        Ok(config.connect(self.tls.clone()).await?)
    }
}

fn is_on_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => match name.parse::<std::net::IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => name == "localhost",
        },
    }
}

fn tls_config(access: &PgAccess, needs_tls: bool) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if needs_tls {
        roots.add_parsable_certificates(authorities(access.ca_file.as_deref())?);
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
