//! Where the program of a command is: looked for in the PATH that its run will have, which is the service's, not that of a login.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::process::child::{DEFAULT_PATH, Shebang, ShebangError, candidates, misread};
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

/// Why a program cannot start, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The reason, to follow "cannot start".
    pub(crate) why: String,
    /// The remedy.
    pub(crate) remedy: Option<String>,
}

impl Found {
    /// Returns why the program of this name cannot start, if that can be seen.
    pub(crate) fn trouble(&self, name: &str) -> Option<Trouble> {
        const PATH: &str = "a service has a shorter PATH than a login: write the whole path, or set PATH in `env`; \
             `once --clean-env` shows what a service finds";
        const MODE: &str = "chmod +x it, or use `script` for a file without that bit";
        let (why, remedy) = match self {
            Found::At(path) => return first_line(path),
            Found::NotExecutable(path) => {
                let why = format!("`{}` is not executable", path.display());
                (why, MODE)
            }
            Found::Nowhere { searched } if name.contains('/') => {
                let usual = "check the path: one that is relative begins at the directory of this file, or at `working_dir`";
                let why = format!("`{searched}` does not exist");
                (why, misread(name).unwrap_or(usual))
            }
            Found::Nowhere { searched } => {
                let why = format!("`{name}` is not in the PATH of the run, {searched}");
                (why, misread(name).unwrap_or(PATH))
            }
        };
        Some(Trouble {
            why,
            remedy: Some(remedy.to_owned()),
        })
    }
}

/// Judges the first line of a file, if it is a script.
fn first_line(path: &Path) -> Option<Trouble> {
    let file = path.display();
    let trouble = |why: String, remedy| Some(Trouble { why, remedy });
    match Shebang::of(path) {
        // The kernel may know what to do with it, or it cannot be read, which is nothing that executing it needs.
        Err(ShebangError::None | ShebangError::Unreadable(_)) => None,
        Ok(shebang) if shebang.interpreter.exists() => None,
        Ok(shebang) => {
            let interpreter = shebang.interpreter.display();
            let why = format!("`{file}` names an interpreter that is not there: `{interpreter}`");
            trouble(why, None)
        }
        Err(error) => trouble(format!("`{file}` {error}"), error.remedy()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(name: &str, dir: &Path) -> Option<Trouble> {
        let path = Some(OsStr::new("/usr/bin:/bin"));
        find(name, &ChildSettings::default(), path, dir).trouble(name)
    }

    #[test]
    fn what_is_no_program_is_told_with_the_remedy_that_helps() {
        let dir = tempfile::tempdir().unwrap();
        for (name, remedy) in [
            ("no-such-program", "shorter PATH than a login"),
            ("./no-such-program", "check the path"),
            ("./~/bin/program", "nothing replaces `~`"),
            ("$HOME/bin/program", "nothing replaces `~`"),
            ("ls -l | wc", "use `shell`"),
        ] {
            let told = trouble(name, dir.path()).unwrap().remedy.unwrap();
            assert!(told.contains(remedy), "{name}: {told}");
        }
        assert_eq!(trouble("sh", dir.path()), None);
    }

    #[test]
    fn a_script_that_is_a_command_is_judged_by_its_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        let judged = |line: &str| {
            std::fs::write(&script, line).unwrap();
            let all = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&script, all).unwrap();
            trouble("./script", dir.path())
        };
        assert_eq!(judged("#!/bin/sh -e\n"), None);
        let told = judged("#!/usr/bin/env python3\r\n").unwrap();
        assert!(told.why.contains("carriage return"), "{told:?}");
        assert!(told.remedy.unwrap().contains("sed"));
        let told = judged("#!/nowhere/python\n").unwrap();
        assert!(told.why.contains("not there"), "{told:?}");
        // The kernel may have been told what runs it (binfmt_misc).
        assert_eq!(judged("MZ"), None);
    }
}
