//! `[board]`: where the board of jobs is.

use std::path::{Path, PathBuf};

use super::layer::Layer;
use super::lock::secret_problem;
use super::report::{ConfigProblem, ConfigReport};
use crate::core::feature::{Feature, feature_named};
use crate::core::settings::{BoardLocation, BoardServer, postgres_address};

const POSTGRES: Feature = feature_named!("board-postgres");
/// What means something for a server alone.
const OF_SERVERS: [&str; 4] = ["listen", "username", "password_file", "ca_file"];

/// Puts the settings together. A path starts from `base`.
pub(super) fn location(
    layer: &Layer,
    base: &Path,
    has_postgres: bool,
    report: &mut ConfigReport,
) -> BoardLocation {
    let written: Option<String> = layer.get("address");
    match written {
        Some(address) if address.contains("://") => {
            if !has_postgres {
                let message = format!("`address` in PostgreSQL {}", POSTGRES.is_needed);
                refuse(layer, "address", message, POSTGRES.remedy, report);
            }
            BoardLocation::Postgres(server(layer, &address, report))
        }
        written => {
            refuse_what_is_of_servers(layer, report);
            match written {
                Some(path) => BoardLocation::File(base.join(path)),
                None => BoardLocation::InStateDir,
            }
        }
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

fn refuse_what_is_of_servers(layer: &Layer, report: &mut ConfigReport) {
    // What was written and not understood may have been the address of a server.
    if layer.is_broken("address") {
        return;
    }
    for key in OF_SERVERS {
        if layer.mentions(key) {
            let message = format!("`{key}` has no effect on a board in a file");
            let help = "remove it, or write `address = \"postgres://USER@HOST/DATABASE\"`";
            refuse(layer, key, message, help, report);
        }
    }
}

fn refuse(layer: &Layer, key: &str, message: String, help: &str, report: &mut ConfigReport) {
    report.add(ConfigProblem::error(&layer.origin(key), message).help(help));
}

/// Returns whether a key of `[board]` means something for a board at this place.
pub(crate) fn means_something(key: &str, location: &BoardLocation) -> bool {
    matches!(location, BoardLocation::Postgres(_)) || !OF_SERVERS.contains(&key)
}
