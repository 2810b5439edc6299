//! Whom TLS trusts: the authorities of this machine, and those of `mail.ca_file`. There is no way
//! to trust everybody.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::super::delivery_error::{DeliveryError, ErrorClass};
use crate::mail::wire::SmtpRoute;

/// How TLS is spoken with one server.
pub(super) struct TlsConnector {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl TlsConnector {
    /// Prepares it.
    ///
    /// # Errors
    ///
    /// When `mail.server` or `mail.ca_file` is unfit for it, classified.
    pub(super) fn of(route: &SmtpRoute) -> Result<Self, DeliveryError> {
        let name = route.server.trim_start_matches('[').trim_end_matches(']');
        let unfit = |error: &dyn std::fmt::Display| {
            let words = format!("TLS cannot be set up for the name `{name}`: {error}");
            DeliveryError::new(ErrorClass::Setup, words)
                .remedy("check `mail.server` and `mail.ca_file`")
        };
        let mut roots = RootCertStore::empty();
        // What of them cannot be read or understood trusts nobody.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = &route.ca_file {
            for authority in authorities(path)? {
                roots.add(authority).map_err(|error| unfit(&error))?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unfit(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector {
            config: Arc::new(config),
            name: ServerName::try_from(name)
                .map_err(|error| unfit(&error))?
                .to_owned(),
        })
    }

    /// Begins a session.
    pub(super) fn begin(&self) -> Result<ClientConnection, rustls::Error> {
        ClientConnection::new(Arc::clone(&self.config), self.name.clone())
    }
}

/// Reads all certificates of a file, if there are several.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, DeliveryError> {
    let shown = path.display();
    let setup = |words: String| DeliveryError::new(ErrorClass::Setup, words);
    let pem = std::fs::read(path)
        .map_err(|error| setup(format!("`mail.ca_file` `{shown}` cannot be read: {error}")))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => {
            let words = format!("`mail.ca_file` `{shown}` holds no PEM certificate");
            Err(setup(words))
        }
    }
}
