//! A file whose first line is a secret: read whole or not at all, and only if other users cannot
//! read it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::trusted_paths::is_trusted;

/// No password is longer.
const MOST_BYTES: usize = 4096;

/// The reason why a secret cannot be read from its file.
#[derive(Debug)]
pub(crate) struct SecretError {
    path: PathBuf,
    problem: SecretFileProblem,
}

#[derive(Debug)]
enum SecretFileProblem {
    Io(io::Error),
    NotAFile,
    Foreign(u32),
    ReadableByOthers,
    Empty,
    TooLong,
    Nul,
    NotText,
}

impl SecretError {
    /// Returns whether the owner or the mode of the file is wrong.
    pub(crate) fn is_permission(&self) -> bool {
        match &self.problem {
            SecretFileProblem::Foreign(_) | SecretFileProblem::ReadableByOthers => true,
            SecretFileProblem::Io(error) => error.kind() == io::ErrorKind::PermissionDenied,
            _ => false,
        }
    }

    /// Returns the error of the system, if that is the cause.
    pub(crate) fn io(&self) -> Option<&io::Error> {
        match &self.problem {
            SecretFileProblem::Io(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the remedy.
    pub(crate) fn remedy(&self) -> String {
        let path = self.path.display();
        match &self.problem {
            SecretFileProblem::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                "it must belong to the user that this runs as".to_owned()
            }
            SecretFileProblem::Io(_) | SecretFileProblem::NotAFile => {
                format!("write the password into `{path}`")
            }
            SecretFileProblem::Foreign(_) => {
                format!("`chown` it to the user that this runs as: chown USER {path}")
            }
            SecretFileProblem::ReadableByOthers => format!("chmod 600 {path}"),
            SecretFileProblem::Empty
            | SecretFileProblem::TooLong
            | SecretFileProblem::Nul
            | SecretFileProblem::NotText => {
                "write the password into its first line, and nothing else".to_owned()
            }
        }
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            SecretFileProblem::Io(error) => {
                write!(f, "the password cannot be read from `{path}`: {error}")
            }
            SecretFileProblem::NotAFile => {
                write!(f, "what should hold the password is not a file: `{path}`")
            }
            SecretFileProblem::Foreign(uid) => {
                write!(
                    f,
                    "the password in `{path}` belongs to uid {uid}, who can read it"
                )
            }
            SecretFileProblem::ReadableByOthers => {
                write!(f, "the password in `{path}` can be read by others")
            }
            SecretFileProblem::Empty => {
                write!(f, "there is no password in the first line of `{path}`")
            }
            SecretFileProblem::TooLong => write!(
                f,
                "the first line of `{path}` is longer than {MOST_BYTES} bytes: that is no password"
            ),
            SecretFileProblem::Nul => write!(f, "the password in `{path}` contains a NUL byte"),
            SecretFileProblem::NotText => write!(f, "the password in `{path}` is not UTF-8"),
        }
    }
}

impl std::error::Error for SecretError {}

/// Returns the first line of a file.
///
/// # Errors
///
/// When it cannot be read, is not a file of ours (or root's) that others cannot read, or is no
/// password: empty, cut, or not text.
pub(crate) fn read(path: &Path) -> Result<String, SecretError> {
    first_line(path).map_err(|problem| SecretError {
        path: path.to_owned(),
        problem,
    })
}

fn first_line(path: &Path) -> Result<String, SecretFileProblem> {
    const OTHERS: u32 = 0o077;
    let mut options = File::options();
    // A fifo must not make us wait.
    let options = options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path).map_err(SecretFileProblem::Io)?;
    let meta = file.metadata().map_err(SecretFileProblem::Io)?;
    if !meta.is_file() {
        return Err(SecretFileProblem::NotAFile);
    }
    if meta.mode() & OTHERS != 0 {
        return Err(SecretFileProblem::ReadableByOthers);
    }
    if !is_trusted(meta.uid()) {
        return Err(SecretFileProblem::Foreign(meta.uid()));
    }
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64 + 2;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(SecretFileProblem::Io)?;
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line {
        [] => Err(SecretFileProblem::Empty),
        line if line.len() > MOST_BYTES => Err(SecretFileProblem::TooLong),
        line if line.contains(&0) => Err(SecretFileProblem::Nul),
        line => String::from_utf8(line.to_vec()).map_err(|_| SecretFileProblem::NotText),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn written(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (dir, path)
    }

    fn read_of(content: &[u8]) -> Result<String, String> {
        let (_dir, path) = written(content, 0o600);
        read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_line_is_the_password() {
        for content in ["hunter 2 ", "hunter 2 \n", "hunter 2 \r\nrest\n"] {
            assert_eq!(read_of(content.as_bytes()).unwrap(), "hunter 2 ");
        }
        let longest = "x".repeat(MOST_BYTES);
        assert_eq!(
            read_of(format!("{longest}\r\n").as_bytes()).unwrap(),
            longest
        );
    }

    #[test]
    fn what_would_be_half_a_password_is_none() {
        let long = "x".repeat(MOST_BYTES + 1);
        let cases: [(&[u8], &str); 6] = [
            (long.as_bytes(), "longer than 4096 bytes"),
            (&[b'x'; 100_000], "longer than 4096 bytes"),
            (b"hun\0ter\n", "NUL"),
            (b"hun\xffter", "not UTF-8"),
            (b"", "no password in the first line"),
            (b"\nhunter2\n", "no password in the first line"),
        ];
        for (content, why) in cases {
            let error = read_of(content).unwrap_err();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("hun"), "{error}");
        }
    }

    #[test]
    fn what_others_can_read_and_what_is_no_file_is_refused_at_once() {
        let (_dir, path) = written(b"hunter2", 0o640);
        assert!(read(&path).unwrap_err().is_permission());
        fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("not a file"));
    }

    #[test]
    #[ignore = "needs root"]
    fn what_belongs_to_another_is_refused() {
        let (_dir, path) = written(b"hunter2", 0o600);
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains("uid 12345"), "{error}");
        assert!(error.is_permission() && error.remedy().contains("chown"));
    }
}
