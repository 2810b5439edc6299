//! The first line of a script: by whom it is to be run.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
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
    /// The file cannot be read.
    Unreadable(io::Error),
    /// The file does not begin with `#!`.
    None,
    /// The file begins with a byte order mark.
    ByteOrderMark,
    /// The first line ends with a carriage return.
    CarriageReturn,
    /// There is nothing after `#!`.
    NoInterpreter,
    /// What is after `#!` is no absolute path.
    Relative(String),
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
        let file = open_regular(script).map_err(ShebangError::Unreadable)?;
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
        if first.starts_with(b"\xef\xbb\xbf#!") {
            return Err(ShebangError::ByteOrderMark);
        }
        let line = first.strip_prefix(b"#!").ok_or(ShebangError::None)?;
        let line = match line.iter().position(|byte| *byte == b'\n') {
            Some(end) => &line[..end],
            None if first.len() >= MOST_BYTES => return Err(ShebangError::TooLong),
            None => line,
        };
        // With the line ends of old Macs it is all one line.
        if line.contains(&b'\r') {
            return Err(ShebangError::CarriageReturn);
        }
        let line = line.trim_ascii();
        let space = line.iter().position(|byte| matches!(byte, b' ' | b'\t'));
        let (interpreter, argument) = line.split_at(space.unwrap_or(line.len()));
        match interpreter.first() {
            None => return Err(ShebangError::NoInterpreter),
            Some(b'/') => {}
            Some(_) => {
                let name = String::from_utf8_lossy(interpreter).into_owned();
                return Err(ShebangError::Relative(name));
            }
        }
        let argument = String::from_utf8_lossy(argument.trim_ascii()).into_owned();
        Ok(Shebang {
            interpreter: PathBuf::from(OsStr::from_bytes(interpreter)),
            argument: Some(argument).filter(|argument| !argument.is_empty()),
        })
    }
}

impl ShebangError {
    /// Returns what to do about it.
    pub fn remedy(&self) -> Option<String> {
        let text = match self {
            ShebangError::Unreadable(_) => return None,
            ShebangError::Relative(name) => return Some(format!("write `#!/usr/bin/env {name}`")),
            ShebangError::None | ShebangError::NoInterpreter => {
                "begin it with `#!/bin/sh` or the interpreter it is written for"
            }
            ShebangError::ByteOrderMark => "save it as UTF-8 without a byte order mark",
            ShebangError::CarriageReturn => {
                "save it with Unix line ends, for example with `sed -i 's/\\r$//'`"
            }
            ShebangError::TooLong => "the kernel reads no more of a first line than 255 bytes",
        };
        Some(text.to_owned())
    }
}

/// What follows the name of the script.
impl fmt::Display for ShebangError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ShebangError::Unreadable(_) => "cannot be read",
            ShebangError::None => "does not begin with `#!`, so that nothing says what runs it",
            ShebangError::ByteOrderMark => "has a byte order mark before `#!`",
            ShebangError::CarriageReturn => {
                "has a carriage return in its first line: no interpreter has such a name"
            }
            ShebangError::NoInterpreter => "names no interpreter after `#!`",
            ShebangError::Relative(name) => {
                return write!(f, "names an interpreter without its whole path: `{name}`");
            }
            ShebangError::TooLong => "has a first line that is longer than 255 bytes",
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

/// Opens a file that must be a regular one: a pipe by that name would be waited for without end.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::from_raw_os_error(libc::EACCES))
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
    fn what_cannot_work_is_explained_with_its_remedy() {
        let long = format!("#!/{}\n", "x".repeat(300));
        for (first, wrong, remedy) in [
            ("", "does not begin with `#!`", "`#!/bin/sh`"),
            ("echo hello\n", "does not begin with `#!`", "`#!/bin/sh`"),
            ("#!\n", "names no interpreter", "`#!/bin/sh`"),
            ("#!  \n", "names no interpreter", "`#!/bin/sh`"),
            (
                "#!python3 -u\n",
                "whole path: `python3`",
                "`#!/usr/bin/env python3`",
            ),
            ("#!/bin/sh\r\n", "a carriage return", "sed"),
            ("#!/bin/sh -e\r\n", "a carriage return", "sed"),
            ("#!/bin/sh\recho hello\r", "a carriage return", "sed"),
            ("\u{feff}#!/bin/sh\n", "a byte order mark", "without"),
            (&long[..256], "longer than 255 bytes", "the kernel"),
        ] {
            let error = Shebang::parse(first.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(wrong), "{first:?}: {error}");
            let told = error.remedy().unwrap();
            assert!(told.contains(remedy), "{first:?}: {told}");
        }
    }
}
