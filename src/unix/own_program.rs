//! The identity of this program: the stock binary, or that of a user, which has a name and a
//! version of its own; and the words of its command line.

use std::ffi::OsString;
use std::sync::OnceLock;

use crate::task::registered;

use super::self_exe;

/// The name of the library, which is also that of the stock binary.
const CRATE: &str = "run_functions";
const CRATE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A program of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
struct UserProgram {
    name: String,
    /// `None`: unknown.
    version: Option<String>,
}

static ANNOUNCED: OnceLock<UserProgram> = OnceLock::new();
static ARGUMENTS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Sets the name and the version of this program. The first call counts.
pub(crate) fn announce(name: &str, version: &str) {
    let program = UserProgram {
        name: name.to_owned(),
        version: Some(version.to_owned()),
    };
    let _ = ANNOUNCED.set(program);
}

/// Sets the words of the command line, that of the program first. The first call counts.
pub(crate) fn set_arguments(arguments: Vec<OsString>) {
    let _ = ARGUMENTS.set(arguments);
}

/// Returns the words of the command line, that of the program first.
pub(crate) fn arguments() -> Vec<OsString> {
    let set = ARGUMENTS.get().cloned();
    set.unwrap_or_else(|| std::env::args_os().collect())
}

/// Returns the name of this program.
pub(crate) fn name() -> &'static str {
    user_program().map_or(CRATE, |program| &program.name)
}

/// Returns the version of this program, with that of this crate where they are two.
pub(crate) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| match user_program() {
        None => CRATE_VERSION.to_owned(),
        Some(UserProgram { version: None, .. }) => format!("({CRATE} {CRATE_VERSION})"),
        Some(UserProgram {
            version: Some(version),
            ..
        }) => format!("{version} ({CRATE} {CRATE_VERSION})"),
    })
}

/// Returns whether this is a program of a user.
pub(crate) fn is_of_a_user() -> bool {
    user_program().is_some()
}

/// Returns the program of the user: what was announced, else what its tasks know.
fn user_program() -> Option<&'static UserProgram> {
    static FOUND: OnceLock<Option<UserProgram>> = OnceLock::new();
    let found = FOUND.get_or_init(|| match ANNOUNCED.get() {
        Some(announced) => Some(announced.clone()),
        None => of_its_tasks(),
    });
    found.as_ref()
}

/// Without tasks, or with those of the stock binary alone, nothing shows that it is another one.
fn of_its_tasks() -> Option<UserProgram> {
    let tasks = registered();
    let others = tasks.iter().filter(|task| task.crate_name() != CRATE);
    let name = self_exe::name();
    let in_rust = name.replace('-', "_");
    let mut own = others.clone().filter(|task| task.crate_name() == in_rust);
    let version = own.find_map(|task| task.package_version);
    others.clone().next().map(|_| UserProgram {
        version: version.map(str::to_owned),
        name,
    })
}
