//! The authorities that TLS to a server trusts: those of this machine, and those of `ca_file`.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// What to do about a certificate that is not trusted.
pub(crate) const REMEDY: &str = "name the authority of the server in `ca_file`, and the server as \
     its certificate names it";

/// Returns the authorities of this machine and those of a file.
///
/// # Errors
///
/// When the file cannot be read, or has no certificate.
pub(crate) fn authorities(ca_file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    // What of them cannot be read or understood is not trusted.
    let mut all = rustls_native_certs::load_native_certs().certs;
    if let Some(path) = ca_file {
        let shown = path.display();
        let pem = std::fs::read(path)
            .map_err(|error| format!("`ca_file` `{shown}` cannot be read: {error}"))?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match found {
            Ok(found) if !found.is_empty() => all.extend(found),
            _ => return Err(format!("`ca_file` `{shown}` holds no PEM certificate")),
        }
    }
    Ok(all)
}
