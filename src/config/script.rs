//! Scripts are run by their first line, executable or not; what is wrong with that line is reported
//! at load, not at three in the morning.

use std::path::Path;

use super::mail::cannot_be_read;
use crate::unix::child::{Shebang, ShebangError};

/// What is wrong with a script, and what to do.
pub(super) type Wrong = (String, Option<String>);

/// Checks a script by its first line. The messages follow the name of the key.
pub(super) fn judge(path: &Path) -> Result<(), Wrong> {
    match Shebang::of(path) {
        Ok(shebang) if shebang.interpreter.exists() => Ok(()),
        Ok(shebang) => {
            let interpreter = shebang.interpreter.display();
            let message = format!("names an interpreter that is not there: `{interpreter}`");
            Err((message, None))
        }
        Err(ShebangError::Unreadable(_)) if path.metadata().is_ok_and(|meta| !meta.is_file()) => {
            Err(("is not a regular file".to_owned(), None))
        }
        Err(ShebangError::Unreadable(error)) => Err((cannot_be_read(&error), None)),
        Err(error) => Err((error.to_string(), error.remedy())),
    }
}

/// Returns the interpreter and its argument, as the kernel would split them.
pub(crate) fn interpreter(path: &Path) -> Option<String> {
    let shebang = Shebang::of(path).ok()?;
    let interpreter = shebang.interpreter.display().to_string();
    Some(match shebang.argument {
        Some(argument) => format!("{interpreter} {argument}"),
        None => interpreter,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_are_judged_with_what_they_name() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        let judged = |line: &str| {
            std::fs::write(&script, line).unwrap();
            judge(&script)
        };
        assert_eq!(judged("#!/bin/sh -e\n"), Ok(()));
        assert_eq!(interpreter(&script).as_deref(), Some("/bin/sh -e"));
        let (wrong, _) = judged("#!/nowhere/python\n").unwrap_err();
        assert!(wrong.contains("not there: `/nowhere/python`"), "{wrong}");
        let (wrong, help) = judged("#!/bin/sh\r\n").unwrap_err();
        assert!(wrong.contains("carriage return"), "{wrong}");
        assert!(help.is_some());
        let (wrong, _) = judge(dir.path()).unwrap_err();
        assert_eq!(wrong, "is not a regular file");
    }
}
