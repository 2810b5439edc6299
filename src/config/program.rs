//! Where the program of a command is: looked for in the PATH that its run will have, which is the
//! service's, not that of a login.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::getuid;

use crate::core::settings::ChildSettings;
use crate::unix::child::{DEFAULT_PATH, Shebang, ShebangError, candidates, find_user, misread};

/// What looking for a program gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProgramSearch {
    /// The program is here.
    At(PathBuf),
    /// Here is a file of its name that cannot be executed.
    NotExecutable(PathBuf),
    /// The program is in none of these directories.
    Nowhere {
        /// As PATH has them, or the one path that was written.
        searched: String,
    },
}

/// Why a program cannot start, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProgramProblem {
    /// The reason, to follow "cannot start".
    pub(crate) why: String,
    /// The remedy.
    pub(crate) remedy: Option<String>,
}

impl ProgramSearch {
    /// Returns why the program of this name cannot start, if that can be seen.
    pub(crate) fn trouble(&self, name: &str) -> Option<ProgramProblem> {
        const PATH: &str = "a service has a shorter PATH than a login: write the whole path, or set PATH in `env`; \
             `once --clean-env` shows what a service finds";
        const MODE: &str = "chmod +x it, or use `script` for a file without that bit";
        let (why, remedy) = match self {
            ProgramSearch::At(path) => return first_line(path),
            ProgramSearch::NotExecutable(path) => {
                let why = format!("`{}` is not executable", path.display());
                (why, MODE)
            }
            ProgramSearch::Nowhere { searched } if name.contains('/') => {
                let usual = "check the path: one that is relative begins at the directory of this file, or at `working_dir`";
                let why = format!("`{searched}` does not exist");
                (why, misread(name).unwrap_or(usual))
            }
            ProgramSearch::Nowhere { searched } => {
                let why = format!("`{name}` is not in the PATH of the run, {searched}");
                (why, misread(name).unwrap_or(PATH))
            }
        };
        Some(ProgramProblem {
            why,
            remedy: Some(remedy.to_owned()),
        })
    }
}

/// Checks the first line of a file, if it is a script.
fn first_line(path: &Path) -> Option<ProgramProblem> {
    let file = path.display();
    let trouble = |why: String, remedy| Some(ProgramProblem { why, remedy });
    match Shebang::of(path) {
        // The kernel may know what to do with it, or it cannot be read, which is nothing that
        // executing it needs.
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
) -> ProgramSearch {
    let directory = settings.working_dir.as_deref().unwrap_or(cwd);
    let path = path_of_run(settings, path);
    let files = candidates(name, Some(&path)).into_iter();
    let files: Vec<PathBuf> = files.map(|file| directory.join(file)).collect();
    let found: Vec<ProgramSearch> = files.iter().filter_map(|file| judge(file)).collect();
    let executable = found
        .iter()
        .find(|found| matches!(found, ProgramSearch::At(_)));
    let best = executable.or(found.first()).cloned();
    best.unwrap_or_else(|| ProgramSearch::Nowhere {
        searched: match files.as_slice() {
            [file] if name.contains('/') => file.display().to_string(),
            _ => path.to_string_lossy().into_owned(),
        },
    })
}

fn path_of_run(settings: &ChildSettings, path: Option<&OsStr>) -> OsString {
    let own = settings.env.get("PATH").map(OsString::from);
    let is_passed = settings.env_pass.iter().any(|name| name == "PATH");
    let passes = match settings.env_clear {
        true => is_passed,
        // Another user does not get the PATH of root.
        false => !becomes_another(settings.user.as_deref()),
    };
    let inherited = path.filter(|_| passes).map(OsStr::to_owned);
    own.or(inherited)
        .unwrap_or_else(|| OsString::from(DEFAULT_PATH))
}

fn becomes_another(user: Option<&str>) -> bool {
    let uid = user.and_then(|user| find_user(user).ok().flatten());
    uid.is_some_and(|user| user.uid != getuid())
}

fn judge(file: &Path) -> Option<ProgramSearch> {
    const EXECUTABLE: u32 = 0o111;
    let meta = file.metadata().ok().filter(|meta| meta.is_file())?;
    let path = file.to_owned();
    Some(if meta.permissions().mode() & EXECUTABLE == 0 {
        ProgramSearch::NotExecutable(path)
    } else {
        ProgramSearch::At(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(name: &str, dir: &Path) -> Option<ProgramProblem> {
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
        // The kernel may know what runs it (binfmt_misc).
        assert_eq!(judged("MZ"), None);
    }
}
