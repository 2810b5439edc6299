//! Which file is read: the first that is there. One that is named must be.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::inputs::Inputs;
use super::origin::Origin;
use super::report::Problem;
use super::source::SourceFile;
use crate::exit;
use crate::process::reserve;

/// What the file is called where nobody says otherwise.
pub(super) const NAME: &str = "run_functions.toml";
/// Far more than anybody writes by hand.
pub(super) const MOST_BYTES: u64 = 1 << 20;

/// Finds and reads the file; `None` when there is none.
///
/// # Errors
///
/// When a file is named and not there, or found and not readable.
pub(super) fn find(inputs: &Inputs) -> Result<Option<SourceFile>, Problem> {
    if let Some((path, origin)) = inputs.named_file() {
        return open(&path, &inputs.cwd, &origin).map(Some);
    }
    for path in candidates(inputs) {
        // A link to nothing is found: it was meant to be read.
        match path.symlink_metadata() {
            Ok(_) => return open(&path, &inputs.cwd, &Origin::Nowhere).map(Some),
            Err(error) if is_absent(&error) => {}
            // After `sudo -u` HOME may still be somebody else's. Below /etc, a closed directory hides what was meant for us.
            Err(error) if is_closed(&error) && !path.starts_with(&inputs.etc) => {}
            Err(error) => return Err(unreadable(&path, &Origin::Nowhere, &error)),
        }
    }
    Ok(None)
}

/// Returns where a file is looked for when none is named, in order.
pub(super) fn candidates(inputs: &Inputs) -> Vec<PathBuf> {
    // Relative paths in this variable are to be ignored (XDG Base Directory Specification).
    let xdg = inputs.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = inputs.variable("HOME").map(PathBuf::from);
    let personal = xdg
        .filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".config")));
    let in_folder = |directory: &Path| directory.join("run_functions").join(NAME);
    let mut all = vec![inputs.cwd.join(NAME)];
    all.extend(personal.as_deref().map(in_folder));
    all.push(in_folder(&inputs.etc));
    all
}

/// Returns the file that is read when none is named, whatever the working directory, unless there is one in it.
pub(crate) fn found_from_anywhere(inputs: &Inputs) -> Option<PathBuf> {
    let mut elsewhere = candidates(inputs).into_iter().skip(1);
    elsewhere.find(|path| path.symlink_metadata().is_ok())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

fn open(path: &Path, cwd: &Path, origin: &Origin) -> Result<SourceFile, Problem> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => return Err(unreadable(path, origin, &error)),
        Ok(_) if bytes.len() as u64 > MOST_BYTES => {
            let message = format!("configuration file `{}` is over 1 MiB", path.display());
            return Err(Problem::error(origin, message));
        }
        Ok(_) => {}
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile::new(path.to_owned(), cwd, &text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..good]
                .split(|byte| *byte == b'\n')
                .count();
            let message = format!("line {line} of `{}` is not UTF-8", path.display());
            Err(Problem::error(origin, message).help("save the file as UTF-8"))
        }
    }
}

fn unreadable(path: &Path, origin: &Origin, error: &io::Error) -> Problem {
    let shown = path.display();
    let cause = error.to_string().to_lowercase();
    let cause = cause
        .split(" (os error")
        .next()
        .unwrap_or(&cause)
        .to_owned();
    let problem = Problem::error(
        origin,
        format!("configuration file `{shown}` cannot be read: {cause}"),
    );
    match error.kind() {
        io::ErrorKind::NotFound => problem.help("nothing else is looked for when a file is named"),
        io::ErrorKind::PermissionDenied => {
            problem.help("make it readable for this user, or name another with `--config FILE`")
        }
        _ if reserve::is_shortage(error) => {
            let remedy = reserve::remedy(error);
            problem.exit(exit::SHORTAGE).help(remedy)
        }
        _ => problem,
    }
}
