//! `[server]`: where `serve` listens, and how connections to it are secured.

mod listen_address;
mod server_settings;

use std::path::{Path, PathBuf};

use super::layer::Layer;
use super::options::ConfigSection;
use super::report::{ConfigProblem, ConfigReport};

pub(crate) use listen_address::ListenAddress;
pub(crate) use server_settings::{ServerSettings, TlsFiles};

/// Puts the settings together, and fills what is open in the layer. Paths start from `base`.
pub(super) fn settings(
    layer: &mut Layer,
    base: &Path,
    report: &mut ConfigReport,
) -> ServerSettings {
    layer.fill_defaults(ConfigSection::Server, base);
    let usual = ServerSettings::default();
    let listen: String = layer.need("listen");
    let listen = ListenAddress::parse(&listen).unwrap_or_else(|wrong| {
        let message = format!("`{listen}` in `listen` {wrong}");
        report.add(ConfigProblem::error(&layer.origin("listen"), message));
        usual.listen
    });
    let public_url: Option<String> = layer.get("public_url");
    if let Some(problem) = public_url.as_deref().and_then(|url| judge_url(layer, url)) {
        report.add(problem);
    }
    ServerSettings {
        listen,
        public_url: public_url.map(|url| url.trim_end_matches('/').to_ascii_lowercase()),
        tls: tls_files(layer, report),
        insecure_http: layer.need("insecure_http"),
        max_connections: usize::try_from(layer.need::<i64>("max_connections"))
            .unwrap_or(usual.max_connections),
    }
}

fn tls_files(layer: &Layer, report: &mut ConfigReport) -> Option<TlsFiles> {
    let certificate: Option<PathBuf> = layer.get("tls_certificate");
    let key: Option<PathBuf> = layer.get("tls_key");
    let (there, missing) = match (certificate, key) {
        (Some(certificate), Some(key)) => return Some(TlsFiles { certificate, key }),
        (Some(_), None) => ("tls_certificate", "tls_key"),
        (None, Some(_)) => ("tls_key", "tls_certificate"),
        (None, None) => return None,
    };
    if !layer.is_broken(missing) {
        let message = format!("`{there}` needs `{missing}`");
        report.add(ConfigProblem::error(&layer.origin(there), message));
    }
    None
}

/// Pages have their addresses from the root on, so that the URL has no path.
fn judge_url(layer: &Layer, url: &str) -> Option<ConfigProblem> {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let host = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    if host.is_some_and(|host| !host.is_empty() && host.chars().all(is_plain)) {
        return None;
    }
    let message = format!("`{url}` in `public_url` is no URL of a server");
    let problem = ConfigProblem::error(&layer.origin("public_url"), message);
    Some(problem.help("a scheme and a name, such as `https://board.example.org`, without a path"))
}
