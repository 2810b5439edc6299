//! Scripts are run by their first line, executable or not; what is wrong with that line is told at load, not at three in the morning.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::mail::cannot_be_read;

/// The kernel reads no more of a first line (`BINPRM_BUF_SIZE`).
const MOST_BYTES: u64 = 256;

/// What is wrong with a script, and what to do.
pub(super) type Wrong = (String, Option<String>);

/// Judges a script by its first line. The messages follow the name of the key.
pub(super) fn judge(path: &Path) -> Result<(), Wrong> {
    match first_line(path) {
        Ok(line) => judge_line(&line),
        Err(error) => Err((cannot_be_read(&error), None)),
    }
}

/// Returns the interpreter and its argument, as the kernel would split them.
pub(crate) fn interpreter(path: &Path) -> Option<String> {
    let line = first_line(path).ok()?;
    judge_line(&line).ok()?;
    let line = String::from_utf8_lossy(&line);
    Some(line.trim_start_matches("#!").trim().to_owned())
}

fn first_line(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut start = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut start)?;
    let end = start.iter().position(|byte| *byte == b'\n');
    start.truncate(end.unwrap_or(start.len()));
    Ok(start)
}

fn judge_line(line: &[u8]) -> Result<(), Wrong> {
    const ADVICE: &str = "begin it with `#!/bin/sh` or the interpreter it is written for";
    if line.starts_with(b"\xef\xbb\xbf#!") {
        let help = "save it as UTF-8 without a byte order mark";
        return Err((
            "has a byte order mark before `#!`".into(),
            Some(help.into()),
        ));
    }
    let Some(interpreter) = line.strip_prefix(b"#!") else {
        let message = "does not begin with `#!`, so that nothing says what runs it";
        return Err((message.into(), Some(ADVICE.into())));
    };
    if line.contains(&b'\r') {
        let message = "has a carriage return in its first line: no interpreter has such a name";
        let help = "save it with Unix line ends, for example with `sed -i 's/\\r$//'`";
        return Err((message.into(), Some(help.into())));
    }
    let interpreter = String::from_utf8_lossy(interpreter);
    let program = interpreter.split_whitespace().next().unwrap_or_default();
    match Path::new(program) {
        _ if program.is_empty() => Err((
            "names no interpreter after `#!`".into(),
            Some(ADVICE.into()),
        )),
        path if path.is_relative() => {
            let message = format!("names an interpreter without its whole path: `{program}`");
            let help = format!("write `#!/usr/bin/env {program}`");
            Err((message, Some(help)))
        }
        path if !path.exists() => {
            let message = format!("names an interpreter that is not there: `{program}`");
            Err((message, None))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &[u8]) -> String {
        judge_line(line).unwrap_err().0
    }

    #[test]
    fn first_lines_that_cannot_work_are_explained() {
        assert_eq!(judge_line(b"#!/bin/sh -e"), Ok(()));
        assert_eq!(judge_line(b"#! /bin/sh"), Ok(()));
        assert!(wrong(b"echo hello").starts_with("does not begin with `#!`"));
        assert!(wrong(b"").starts_with("does not begin with `#!`"));
        assert!(wrong(b"#!/bin/sh\r").starts_with("has a carriage return"));
        assert!(wrong(b"\xef\xbb\xbf#!/bin/sh").starts_with("has a byte order mark"));
        assert!(wrong(b"#!python3").contains("`python3`"));
        assert!(wrong(b"#!/nowhere/python").contains("not there"));
        assert!(wrong(b"#!  ").starts_with("names no interpreter"));
    }
}
