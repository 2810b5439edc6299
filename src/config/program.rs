//! Where the program of a command is: looked for in the PATH that its run will have, which is the service's, not that of a login.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::process::child::{DEFAULT_PATH, candidates};
use crate::settings::ChildSettings;

/// What looking for a program gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is here.
    At(PathBuf),
    /// Here is a file of its name that cannot be executed.
    NotExecutable(PathBuf),
    /// It is in none of these directories.
    Nowhere {
        /// As PATH has them, or the one path that was written.
        searched: String,
    },
}

/// Looks for a program. `path` is the PATH of the runner, `cwd` its directory.
pub(crate) fn find(
    name: &str,
    settings: &ChildSettings,
    path: Option<&OsStr>,
    cwd: &Path,
) -> Found {
    let directory = settings.working_dir.as_deref().unwrap_or(cwd);
    let path = path_of_run(settings, path);
    let files = candidates(name, Some(&path)).into_iter();
    let files: Vec<PathBuf> = files.map(|file| directory.join(file)).collect();
    let found: Vec<Found> = files.iter().filter_map(|file| judge(file)).collect();
    let executable = found.iter().find(|found| matches!(found, Found::At(_)));
    let best = executable.or(found.first()).cloned();
    best.unwrap_or_else(|| Found::Nowhere {
        searched: match files.as_slice() {
            [file] if name.contains('/') => file.display().to_string(),
            _ => path.to_string_lossy().into_owned(),
        },
    })
}

fn path_of_run(settings: &ChildSettings, path: Option<&OsStr>) -> OsString {
    let own = settings.env.get("PATH").map(OsString::from);
    let passes = !settings.env_clear || settings.env_pass.iter().any(|name| name == "PATH");
    let inherited = path.filter(|_| passes).map(OsStr::to_owned);
    own.or(inherited)
        .unwrap_or_else(|| OsString::from(DEFAULT_PATH))
}

fn judge(file: &Path) -> Option<Found> {
    const EXECUTABLE: u32 = 0o111;
    let meta = file.metadata().ok().filter(|meta| meta.is_file())?;
    let path = file.to_owned();
    Some(if meta.permissions().mode() & EXECUTABLE == 0 {
        Found::NotExecutable(path)
    } else {
        Found::At(path)
    })
}
