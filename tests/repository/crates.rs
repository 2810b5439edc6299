//! Crates of users, compiled with what is on this machine: this library in place of the published one, and no network.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::support::{self, Place};

/// One build waits for another in the same target directory, longer than a command of a test may take.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// Waits until no other test builds a crate, as long as what is returned lives, and tells cargo to make what is in this place of what is on
/// this machine, where users of cargo say such things.
pub(crate) fn prepare(place: &Place) -> MutexGuard<'static, ()> {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let target = target();
    let target = target.display();
    place.write(
        ".cargo/config.toml",
        format!(
            "[net]\noffline = true\n\
             [build]\ntarget-dir = \"{target}\"\n\
             [profile.dev]\ndebug = \"line-tables-only\"\n"
        ),
    );
    turn
}

/// As if this library had been published.
pub(crate) fn publish(place: &Place) {
    let before = place.read(".cargo/config.toml");
    let patch = format!("[patch.crates-io]\nrun_functions = {{ path = \"{REPOSITORY}\" }}\n");
    place.write(".cargo/config.toml", patch + &before);
}

/// Gives a crate the versions that are known to be here.
pub(crate) fn lock(place: &Place, directory: &str) {
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
    let mut command = support::cargo();
    command
        .args(arguments.split(' '))
        .current_dir(place.path(directory));
    command.output().expect("cargo can be started")
}

/// Returns what a shell has to be told to find cargo and the compiler of this machine from another home.
pub(crate) fn of_this_machine() -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    let directory = |variable: &str, name: &str| {
        let directory = std::env::var(variable).unwrap_or_else(|_| format!("{home}/{name}"));
        format!("export {variable}='{directory}'; ")
    };
    directory("CARGO_HOME", ".cargo") + &directory("RUSTUP_HOME", ".rustup")
}
