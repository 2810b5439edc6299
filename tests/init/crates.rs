//! Crates of users, compiled with what is on this machine: this library in place of the published one, and no network.
#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "each test file uses a part of it"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::Place;

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// Tells cargo where everything is that a crate in this place is made of, in the files where users of cargo say so.
pub(crate) fn prepare(place: &Place, directory: &str) {
    let target = target();
    place.write(
        ".cargo/config.toml",
        format!(
            "[patch.crates-io]\nrun_functions = {{ path = \"{REPOSITORY}\" }}\n\
             [net]\noffline = true\n\
             [build]\ntarget-dir = \"{}\"\n\
             [profile.dev]\ndebug = \"line-tables-only\"\n",
            target.display()
        ),
    );
    // The versions that are known to be here.
    let lock = Path::new(REPOSITORY).join("Cargo.lock");
    fs::copy(lock, place.path(directory).join("Cargo.lock")).expect("Cargo.lock can be read");
}

/// The target directory of this build, so that only what is new is compiled.
fn target() -> std::path::PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_run_functions"));
    let target = binary
        .ancestors()
        .nth(2)
        .expect("target/debug/run_functions");
    target.to_owned()
}

/// Runs cargo with these arguments in the directory of a crate.
pub(crate) fn cargo(place: &Place, directory: &str, arguments: &str) -> Output {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments.split(' '))
        .current_dir(place.path(directory));
    of_a_person(&mut command);
    command.output().expect("cargo can be started")
}

/// Takes away what cargo tells this test of its own package.
pub(crate) fn of_a_person(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}
