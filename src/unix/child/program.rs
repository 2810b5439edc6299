//! Finding the program and becoming it.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{env, io};

use nix::errno::Errno;
use nix::unistd::execv;

use super::launch_request::{LaunchStage, StartFailure};
use super::pipefail::{NO_PIPEFAIL, shell_with_pipefail};
use super::shebang::{Shebang, ShebangError};

/// Where programs are looked for when the run has no PATH.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Becomes a program. Comes back only with the reason why it could not.
pub(super) fn become_program(arguments: &[String]) -> StartFailure {
    let name = arguments.first().map(String::as_str).unwrap_or_default();
    if name.is_empty() {
        return refusal(LaunchStage::Program, Path::new(name), Errno::ENOENT);
    }
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    let path = env::var_os("PATH");
    let mut worst = Errno::ENOENT;
    for candidate in candidates(name, path.as_deref()) {
        let errno = become_file(&candidate, &arguments);
        match errno {
            Errno::ENOENT if is_script_without_interpreter(&candidate) => {
                return missing_interpreter(&candidate);
            }
            Errno::ENOENT | Errno::ENOTDIR => {}
            // A directory of PATH that is closed to this user may not hide the next one (as in
            // execvp(3)).
            Errno::EACCES => worst = errno,
            _ => return refusal(LaunchStage::Program, &candidate, errno),
        }
    }
    refusal(LaunchStage::Program, Path::new(name), worst)
}

/// Becomes a shell whose pipelines fail. Comes back only with the reason why it could not.
pub(super) fn become_pipefail(text: &str) -> StartFailure {
    match shell_with_pipefail() {
        Some(shell) => {
            let words = shell.into_iter().chain([text]).map(str::to_owned);
            become_program(&words.collect::<Vec<_>>())
        }
        None => StartFailure {
            stage: LaunchStage::Program,
            subject: "sh -o pipefail".to_owned(),
            errno: None,
            reason: Some(NO_PIPEFAIL.to_owned()),
        },
    }
}

/// Becomes the interpreter of a script. Comes back only with the reason why it could not.
pub(super) fn become_script(script: &Path) -> StartFailure {
    let shebang = match Shebang::of(script) {
        Ok(shebang) => shebang,
        Err(ShebangError::Unreadable(error)) => {
            return refusal_of(LaunchStage::Shebang, script, &error);
        }
        Err(error) => {
            return StartFailure {
                stage: LaunchStage::Shebang,
                subject: script.display().to_string(),
                errno: None,
                reason: Some(in_full(&error)),
            };
        }
    };
    let mut arguments = vec![shebang.interpreter.as_os_str()];
    arguments.extend(shebang.argument.as_deref().map(OsStr::new));
    arguments.push(script.as_os_str());
    let errno = become_file(&shebang.interpreter, &arguments);
    refusal(LaunchStage::Interpreter, &shebang.interpreter, errno)
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

fn in_full(error: &ShebangError) -> String {
    match error.remedy() {
        Some(remedy) => format!("{error}; {remedy}"),
        None => error.to_string(),
    }
}

/// Returns the files that a program's name can mean with this PATH, in order. Relative ones begin
/// where the run does.
pub fn candidates(name: &str, path: Option<&OsStr>) -> Vec<PathBuf> {
    if name.contains('/') {
        return vec![PathBuf::from(name)];
    }
    let path = path.unwrap_or(OsStr::new(DEFAULT_PATH));
    env::split_paths(path).map(|dir| dir.join(name)).collect()
}

/// Returns what to do when a program that is not there looks like something else: words for a
/// shell.
pub fn misread(name: &str) -> Option<&'static str> {
    if name.contains("/~") || name.starts_with('~') || name.contains('$') {
        Some("nothing replaces `~` and `$` in a `command`: write the whole path, or use `shell`")
    } else if name.contains(char::is_whitespace) {
        Some(
            "a `command` is a list with one text for each word, such as [\"ls\", \"-l\"], and \
             meets no shell: for a whole line use `shell`",
        )
    } else {
        None
    }
}

/// The system says "no such file" also when the file is there and its interpreter is not.
fn is_script_without_interpreter(file: &Path) -> bool {
    file.exists()
}

fn missing_interpreter(file: &Path) -> StartFailure {
    let named = Shebang::of(file).map(|shebang| shebang.interpreter);
    match named {
        Ok(interpreter) => refusal(LaunchStage::Interpreter, &interpreter, Errno::ENOENT),
        Err(ShebangError::CarriageReturn) => StartFailure {
            reason: Some(in_full(&ShebangError::CarriageReturn)),
            ..refusal(LaunchStage::Shebang, file, Errno::ENOENT)
        },
        Err(_) => StartFailure {
            reason: Some("the loader that it was built for is not on this machine".to_owned()),
            ..refusal(LaunchStage::Program, file, Errno::ENOENT)
        },
    }
}

fn refusal(stage: LaunchStage, subject: &Path, errno: Errno) -> StartFailure {
    refusal_of(stage, subject, &io::Error::from(errno))
}

fn refusal_of(stage: LaunchStage, subject: &Path, error: &io::Error) -> StartFailure {
    StartFailure {
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
    fn a_name_without_a_slash_is_looked_for_in_the_path() {
        let found = |name: &str, path: &str| candidates(name, Some(OsStr::new(path)));
        let both = ["/nonexistent/sh", "/bin/sh"].map(PathBuf::from);
        assert_eq!(found("sh", "/nonexistent:/bin"), both);
        assert_eq!(found("bin/sh", "/usr"), [PathBuf::from("bin/sh")]);
        let usual = DEFAULT_PATH.split(':').count();
        assert_eq!(candidates("sh", None).len(), usual);
    }
}
