//! Finding the program and becoming it.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::execv;

use super::orders::{Refusal, Stage};
use super::shebang::{Shebang, ShebangError};

/// Where programs are looked for when the run has no PATH.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Becomes a program. Comes back only with the reason why it could not.
pub(super) fn become_program(arguments: &[String]) -> Refusal {
    let name = arguments.first().map(String::as_str).unwrap_or_default();
    if name.is_empty() {
        return refusal(Stage::Program, Path::new(name), Errno::ENOENT);
    }
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    let path = env::var_os("PATH");
    let mut worst = Errno::ENOENT;
    for candidate in candidates(name, path) {
        let errno = become_file(&candidate, &arguments);
        match errno {
            Errno::ENOENT if is_script_without_interpreter(&candidate) => {
                return missing_interpreter(&candidate);
            }
            Errno::ENOENT | Errno::ENOTDIR => {}
            // A directory of PATH that is closed to this user may not hide the next one (as in execvp(3)).
            Errno::EACCES => worst = errno,
            _ => return refusal(Stage::Program, &candidate, errno),
        }
    }
    refusal(Stage::Program, Path::new(name), worst)
}

/// Becomes the interpreter of a script. Comes back only with the reason why it could not.
pub(super) fn become_script(script: &Path) -> Refusal {
    let shebang = match Shebang::of(script) {
        Ok(shebang) => shebang,
        Err(ShebangError::Unreadable(error)) => {
            return refusal_of(Stage::Shebang, script, &error);
        }
        Err(error) => {
            return Refusal {
                stage: Stage::Shebang,
                subject: script.display().to_string(),
                errno: None,
                reason: Some(error.to_string()),
            };
        }
    };
    let mut arguments = vec![shebang.interpreter.as_os_str()];
    arguments.extend(shebang.argument.as_deref().map(OsStr::new));
    arguments.push(script.as_os_str());
    let errno = become_file(&shebang.interpreter, &arguments);
    refusal(Stage::Interpreter, &shebang.interpreter, errno)
}

fn become_file(file: &Path, arguments: &[&OsStr]) -> Errno {
    let terminated = |text: &OsStr| CString::new(text.as_bytes());
    let arguments: Result<Vec<CString>, _> = arguments.iter().map(|a| terminated(a)).collect();
    match (terminated(file.as_os_str()), arguments) {
        (Ok(file), Ok(arguments)) => match execv(&file, &arguments) {
            Err(errno) => errno,
        },
        // A NUL ends an argument: the system could not pass it on.
        _ => Errno::EINVAL,
    }
}

fn candidates(name: &str, path: Option<OsString>) -> Vec<PathBuf> {
    if name.contains('/') {
        return vec![PathBuf::from(name)];
    }
    let path = path.unwrap_or_else(|| DEFAULT_PATH.into());
    env::split_paths(&path).map(|dir| dir.join(name)).collect()
}

/// Finds the file that a program's name means with this PATH: what `check` shows. `None` when there is none that can be executed.
pub fn find(name: &str, path: Option<OsString>, working_dir: &Path) -> Option<PathBuf> {
    let files = candidates(name, path).into_iter();
    let files = files.map(|file| working_dir.join(file));
    let executable = |file: &PathBuf| {
        let may = nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok();
        may && file.is_file()
    };
    files
        .filter(|file| !file.as_os_str().is_empty())
        .find(executable)
}

/// The system says "no such file" also when the file is there and its interpreter is not.
fn is_script_without_interpreter(file: &Path) -> bool {
    file.exists()
}

fn missing_interpreter(file: &Path) -> Refusal {
    let named = Shebang::of(file).map(|shebang| shebang.interpreter);
    match named {
        Ok(interpreter) => refusal(Stage::Interpreter, &interpreter, Errno::ENOENT),
        Err(ShebangError::CarriageReturn) => Refusal {
            reason: Some(ShebangError::CarriageReturn.to_string()),
            ..refusal(Stage::Shebang, file, Errno::ENOENT)
        },
        Err(_) => Refusal {
            reason: Some("the loader that it was built for is not on this machine".to_owned()),
            ..refusal(Stage::Program, file, Errno::ENOENT)
        },
    }
}

fn refusal(stage: Stage, subject: &Path, errno: Errno) -> Refusal {
    refusal_of(stage, subject, &io::Error::from(errno))
}

fn refusal_of(stage: Stage, subject: &Path, error: &io::Error) -> Refusal {
    Refusal {
        stage,
        subject: subject.display().to_string(),
        errno: error.raw_os_error(),
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_the_run_would_find_it() {
        let root = Path::new("/");
        let found = |name: &str, path: &str| find(name, Some(path.into()), root);
        assert_eq!(found("sh", "/nonexistent:/bin"), Some("/bin/sh".into()));
        assert_eq!(found("bin/sh", ""), Some("/bin/sh".into()));
        assert_eq!(found("sh", "/nonexistent"), None);
        assert_eq!(found("bin", "/"), None);
        assert!(find("sh", None, root).is_some());
    }
}
