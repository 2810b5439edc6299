//! The first line of a script: by whom it is to be run.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What the kernel reads of the first line (BINPRM_BUF_SIZE since Linux 5.1).
const MOST_BYTES: usize = 256;

/// The interpreter of a script, with its argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shebang {
    /// The program after `#!`.
    pub interpreter: PathBuf,
    /// All the rest of the line, as one argument: what the kernel does (execve(2)).
    pub argument: Option<String>,
}

/// Why a script has no interpreter.
#[derive(Debug)]
pub enum ShebangError {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It does not begin with `#!`.
    None,
    /// The first line ends with a carriage return.
    CarriageReturn,
    /// There is nothing after `#!`, or no absolute path.
    NoInterpreter,
    /// The first line is longer than the kernel reads.
    TooLong,
}

impl Shebang {
    /// Reads the first line of a script.
    ///
    /// # Errors
    ///
    /// When it has no usable one; the remedy is in the text.
    pub fn of(script: &Path) -> Result<Self, ShebangError> {
        let mut first = Vec::with_capacity(MOST_BYTES);
        let file = super::open_regular(script).map_err(ShebangError::Unreadable)?;
        file.take(MOST_BYTES as u64)
            .read_to_end(&mut first)
            .map_err(ShebangError::Unreadable)?;
        Shebang::parse(&first)
    }

    /// Reads the beginning of a script.
    ///
    /// # Errors
    ///
    /// As [`of`](Shebang::of).
    pub fn parse(first: &[u8]) -> Result<Self, ShebangError> {
        let line = first.strip_prefix(b"#!").ok_or(ShebangError::None)?;
        let line = match line.iter().position(|byte| *byte == b'\n') {
            Some(end) => &line[..end],
            None if first.len() >= MOST_BYTES => return Err(ShebangError::TooLong),
            None => line,
        };
        if line.last() == Some(&b'\r') {
            return Err(ShebangError::CarriageReturn);
        }
        let line = line.trim_ascii();
        let space = line.iter().position(|byte| matches!(byte, b' ' | b'\t'));
        let (interpreter, argument) = line.split_at(space.unwrap_or(line.len()));
        if !interpreter.starts_with(b"/") {
            return Err(ShebangError::NoInterpreter);
        }
        let argument = String::from_utf8_lossy(argument.trim_ascii()).into_owned();
        Ok(Shebang {
            interpreter: PathBuf::from(OsStr::from_bytes(interpreter)),
            argument: Some(argument).filter(|argument| !argument.is_empty()),
        })
    }
}

impl fmt::Display for ShebangError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ShebangError::Unreadable(_) => "the script cannot be read",
            ShebangError::None => {
                "the script does not begin with `#!`: write the program that runs it into its \
                 first line, such as `#!/bin/sh`"
            }
            ShebangError::CarriageReturn => {
                "the first line of the script ends with a carriage return, which would be part \
                 of the interpreter's name: save it with Unix line ends (`sed -i 's/\\r$//'`)"
            }
            ShebangError::NoInterpreter => {
                "there is no absolute path after `#!`: write it as in `#!/bin/sh` or \
                 `#!/usr/bin/env python3`"
            }
            ShebangError::TooLong => "the first line of the script is longer than 255 bytes",
        })
    }
}

impl Error for ShebangError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ShebangError::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(first: &str) -> (String, Option<String>) {
        let shebang = Shebang::parse(first.as_bytes()).unwrap();
        (
            shebang.interpreter.to_str().unwrap().to_owned(),
            shebang.argument,
        )
    }

    #[test]
    fn the_rest_of_the_line_is_one_argument() {
        let sh = "/bin/sh".to_owned();
        assert_eq!(parsed("#!/bin/sh\necho"), (sh.clone(), None));
        assert_eq!(parsed("#! /bin/sh"), (sh.clone(), None));
        assert_eq!(parsed("#!/bin/sh -e \n"), (sh, Some("-e".to_owned())));
        let env = "/usr/bin/env".to_owned();
        let argument = Some("-S awk -f".to_owned());
        assert_eq!(parsed("#!/usr/bin/env  -S awk -f\n"), (env, argument));
    }

    #[test]
    fn what_cannot_work_is_explained() {
        let error = |first: &str| Shebang::parse(first.as_bytes()).unwrap_err();
        assert!(matches!(error(""), ShebangError::None));
        assert!(matches!(error("echo hello\n"), ShebangError::None));
        assert!(matches!(error("#!\n"), ShebangError::NoInterpreter));
        assert!(matches!(error("#!python3\n"), ShebangError::NoInterpreter));
        assert!(matches!(
            error("#!/bin/sh\r\n"),
            ShebangError::CarriageReturn
        ));
        assert!(
            error("#!/bin/sh\r\n")
                .to_string()
                .contains("carriage return")
        );
        let long = format!("#!/{}\n", "x".repeat(300));
        assert!(matches!(
            Shebang::parse(&long.as_bytes()[..256]).unwrap_err(),
            ShebangError::TooLong
        ));
    }
}
