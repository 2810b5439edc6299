//! `[board]`: where the board of jobs is.

use std::path::{Path, PathBuf};

use super::layer::Layer;
use super::lock::secret_problem;
use super::report::{ConfigProblem, ConfigReport};
use crate::core::feature::{Feature, feature_named};
use crate::core::settings::{
    BoardHttp, BoardLocation, BoardServer, http_address, postgres_address,
};

const POSTGRES: Feature = feature_named!("board-postgres");
const HTTP: Feature = feature_named!("board-http");
/// What means something for a database alone.
const OF_DATABASES: [&str; 3] = ["listen", "username", "password_file"];
/// What means something for a server of this program alone.
const OF_HTTP: [&str; 2] = [INSECURE, "token_file"];
/// Whether a token may be sent in the clear.
const INSECURE: &str = "insecure_http";
/// What means something for both.
const OF_BOTH: [&str; 1] = ["ca_file"];

/// Puts the settings together. A path starts from `base`.
pub(super) fn location(
    layer: &Layer,
    base: &Path,
    features: BoardFeatures,
    report: &mut ConfigReport,
) -> BoardLocation {
    let written: Option<String> = layer.get("address");
    match written {
        Some(address) if is_http(&address) => {
            if !features.http {
                let message = format!("`address` of a server {}", HTTP.is_needed);
                refuse(layer, "address", message, HTTP.remedy, report);
            }
            refuse_keys(layer, &OF_DATABASES, "a board behind a server", report);
            BoardLocation::Http(http(layer, &address, report))
        }
        Some(address) if address.contains("://") => {
            refuse_keys(layer, &OF_HTTP, "a board in PostgreSQL", report);
            if !features.postgres {
                let message = format!("`address` in PostgreSQL {}", POSTGRES.is_needed);
                refuse(layer, "address", message, POSTGRES.remedy, report);
            }
            BoardLocation::Postgres(server(layer, &address, report))
        }
        written => {
            // What was written and not understood may have been the address of a server.
            if !layer.is_broken("address") {
                for keys in [&OF_DATABASES[..], &OF_HTTP, &OF_BOTH] {
                    refuse_keys(layer, keys, "a board in a file", report);
                }
            }
            match written {
                Some(path) => BoardLocation::File(base.join(path)),
                None => BoardLocation::InStateDir,
            }
        }
    }
}

fn http(layer: &Layer, address: &str, report: &mut ConfigReport) -> BoardHttp {
    let address =
        http_address(address, layer.get("insecure_http") == Some(true)).unwrap_or_else(|wrong| {
            let problem =
                ConfigProblem::error(&layer.origin("address"), format!("`address` {wrong}"));
            report.add(problem);
            String::new()
        });
    if let Some(problem) = secret_problem(layer, "token_file") {
        report.add(problem);
    }
    BoardHttp {
        address,
        token_file: layer.get("token_file"),
        ca_file: layer.get("ca_file"),
    }
}

fn server(layer: &Layer, address: &str, report: &mut ConfigReport) -> BoardServer {
    let mut checked = |key: &str, text: &str| {
        postgres_address(text).unwrap_or_else(|wrong| {
            let problem = ConfigProblem::error(&layer.origin(key), format!("`{key}` {wrong}"));
            report.add(problem);
            String::new()
        })
    };
    let address = checked("address", address);
    let listen: Option<String> = layer.get("listen");
    let listen = listen.map(|text| checked("listen", &text));
    let password_file: Option<PathBuf> = layer.get("password_file");
    if let Some(problem) = secret_problem(layer, "password_file") {
        report.add(problem);
    }
    BoardServer {
        address,
        listen,
        username: layer.get("username"),
        password_file,
        ca_file: layer.get("ca_file"),
    }
}

fn refuse_keys(layer: &Layer, keys: &[&str], place: &str, report: &mut ConfigReport) {
    for key in keys {
        // What holds anyway may be written.
        let is_default = *key == INSECURE && layer.get(key) == Some(false);
        if layer.mentions(key) && !is_default {
            let message = format!("`{key}` has no effect on {place}");
            let help = match OF_HTTP.contains(key) {
                true => "remove it, or write `address = \"https://HOST:7400\"`",
                false => "remove it, or write `address = \"postgres://USER@HOST/DATABASE\"`",
            };
            refuse(layer, key, message, help, report);
        }
    }
}

fn refuse(layer: &Layer, key: &str, message: String, help: &str, report: &mut ConfigReport) {
    report.add(ConfigProblem::error(&layer.origin(key), message).help(help));
}

/// Returns whether a key of `[board]` means something for a board at this place.
pub(crate) fn means_something(key: &str, location: &BoardLocation) -> bool {
    let is_of_database = OF_DATABASES.contains(&key);
    let is_of_http = OF_HTTP.contains(&key);
    match location {
        BoardLocation::Postgres(_) => !is_of_http,
        BoardLocation::Http(_) => !is_of_database,
        _ => !is_of_database && !is_of_http && !OF_BOTH.contains(&key),
    }
}

/// Which boards this program was built with.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoardFeatures {
    pub(super) postgres: bool,
    pub(super) http: bool,
}

fn is_http(address: &str) -> bool {
    address.starts_with("http://") || address.starts_with("https://")
}
