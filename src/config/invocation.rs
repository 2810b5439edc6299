//! Command lines of ours for the user to type: with the options without which they would
//! mean another chain, or start a second one.
//!
//! On a screen they repeat what was typed just now: the reader is where they were typed. A mail is
//! read elsewhere, so that what depends on the directory of its runner is written out.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::config::{Inputs, Loaded, Origin, found_from_anywhere};
use crate::text::quoting::quoted;
use crate::unix::self_exe;

const STATE_DIR: &str = "RUN_FUNCTIONS_STATE_DIR";

/// The options that this process was called with; like its arguments, the same for all of it.
static TYPED: OnceLock<Vec<String>> = OnceLock::new();
/// The program that has the commands, where this one has none.
static COMMANDS: OnceLock<&str> = OnceLock::new();

/// Keeps the options that were typed, for [`Call::as_typed`], and the name of the program that has
/// the commands, where it is another one.
pub(crate) fn remember(config: Option<&Path>, root: Option<&Path>, commands: Option<&'static str>) {
    commands.map(|program| COMMANDS.set(program));
    let config = config.map(|path| option("--config", path));
    let root = root.map(|path| option("--run-root", path));
    let _ = TYPED.set(config.into_iter().chain(root).collect());
}

fn option(name: &str, path: &Path) -> String {
    format!("{name} {}", quoted(&path.to_string_lossy()))
}

/// How this program is called so that it finds what this process has found.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What stands before the command, perhaps with a variable.
    program: String,
    options: Vec<String>,
}

impl Call {
    /// Returns the call for a reader where this process was called: with the options that were
    /// used.
    pub(crate) fn as_typed() -> Self {
        Call {
            program: COMMANDS
                .get()
                .map_or_else(self_exe::name, |name| (*name).to_owned()),
            options: TYPED.get().cloned().unwrap_or_default(),
        }
    }

    /// Returns the call for a reader anywhere on this machine: short where that would find the
    /// same, else with absolute paths.
    pub(crate) fn from_anywhere(inputs: &Inputs, loaded: &Loaded) -> Self {
        let search = inputs.environment.get(OsStr::new("PATH"));
        let mut call = Call {
            program: program_from_anywhere(search.map(OsString::as_os_str)),
            options: Vec::new(),
        };
        let file = loaded.file.as_ref().map(normal);
        if let Some(file) = file.filter(|file| found_from_anywhere(inputs).as_ref() != Some(file)) {
            call.options.push(option("--config", &file));
        }
        let settings = &loaded.settings;
        if !loaded.is_the_same_anywhere("run_root") {
            let root = normal(&settings.run_root);
            call.options.push(option("--run-root", &root));
        }
        // There is no option for it.
        if let Origin::Variable(_) = loaded.origin("state_dir") {
            let directory = normal(&settings.state_dir);
            let directory = quoted(&directory.to_string_lossy());
            call.program = format!("{STATE_DIR}={directory} {}", call.program);
        }
        call
    }

    /// Returns a whole line: `run_functions logs a --config /srv/run_functions.toml` of `logs a`.
    pub(crate) fn line(&self, rest: impl Display) -> String {
        self.parts(rest).join(" ")
    }

    /// Returns the same in parts, between which a shell may be given a new line.
    pub(crate) fn parts(&self, rest: impl Display) -> Vec<String> {
        let mut parts = vec![self.program.clone(), rest.to_string()];
        parts.extend_from_slice(&self.options);
        parts
    }
}

/// Returns a path without what changes nothing, such as `/./`.
fn normal(path: impl AsRef<Path>) -> PathBuf {
    path.as_ref().components().collect()
}

/// Returns the name of this program where a shell finds it by that, else where it is.
fn program_from_anywhere(search: Option<&OsStr>) -> String {
    if let Some(name) = COMMANDS.get() {
        return (*name).to_owned();
    }
    let Ok(path) = self_exe::path(search) else {
        return self_exe::name();
    };
    let name = path.file_name().unwrap_or_default();
    let mut found = std::env::split_paths(search.unwrap_or_default())
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .filter(|path| path.is_file());
    match (
        found.next().map(|path| path.canonicalize()),
        path.canonicalize(),
    ) {
        (Some(Ok(found)), Ok(ours)) if found == ours => quoted(&name.to_string_lossy()),
        _ => quoted(&path.to_string_lossy()),
    }
}
