//! TLS of the server: a certificate by files, read again when asked.

use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::server::TlsFiles;

/// The certificate of the server.
pub(crate) struct TlsAcceptance {
    files: TlsFiles,
    config: RwLock<Arc<ServerConfig>>,
}

impl TlsAcceptance {
    /// Reads certificate and key.
    ///
    /// # Errors
    ///
    /// What is wrong with the files.
    pub(crate) fn of(files: &TlsFiles) -> Result<Self, String> {
        Ok(TlsAcceptance {
            files: files.clone(),
            config: RwLock::new(read(files)?),
        })
    }

    /// Reads the files again; the former certificate holds where these are wrong.
    ///
    /// # Errors
    ///
    /// What is wrong with the files.
    pub(crate) fn reload(&self) -> Result<(), String> {
        let fresh = read(&self.files)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Returns what accepts a connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&config))
    }
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, String> {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&content(&files.certificate)?).collect();
    let certificates = certificates
        .ok()
        .filter(|all| !all.is_empty())
        .ok_or_else(|| holds_no(&files.certificate, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&content(&files.key)?)
        .map_err(|_| holds_no(&files.key, "key"))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = builder
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| {
            let place = files.certificate.display();
            format!("the certificate in `{place}` and its key cannot be used: {error}")
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn content(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
}

fn holds_no(path: &Path, what: &str) -> String {
    format!("`{}` holds no PEM {what}", path.display())
}
