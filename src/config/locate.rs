//! Which file is read: the first that is there. One that is named must be.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::inputs::Inputs;
use super::origin::Origin;
use super::report::ConfigProblem;
use super::source::SourceFile;
use crate::core::exit;
use crate::unix::resource_check;

mod trust;

use trust::Come;

/// What the file is called by default.
pub(super) const NAME: &str = "run_functions.toml";
/// Far more than is written by hand.
pub(super) const MOST_BYTES: u64 = 1 << 20;

/// Finds and reads the file; `None` when no file is there.
///
/// # Errors
///
/// When a file is named and not there, or found and not readable.
pub(super) fn find(inputs: &Inputs) -> Result<Option<SourceFile>, ConfigProblem> {
    find_as(inputs, utf8)
}

/// As [`find`], but what is not UTF-8 is replaced: a file that is half saved may end within a
/// character.
pub(super) fn find_damaged(inputs: &Inputs) -> Result<Option<SourceFile>, ConfigProblem> {
    find_as(inputs, |_, _, bytes| {
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// Makes a text of the bytes of the file.
type Decode = fn(&Path, &Origin, Vec<u8>) -> Result<String, ConfigProblem>;

fn find_as(inputs: &Inputs, decode: Decode) -> Result<Option<SourceFile>, ConfigProblem> {
    let open = |path: &Path, origin: &Origin, come: Come| {
        let text = decode(path, origin, read(path, origin, come)?)?;
        Ok(Some(SourceFile::new(path.to_owned(), &inputs.cwd, &text)))
    };
    if let Some((path, origin)) = inputs.named_file() {
        let come = match inputs.names_the_file_of_a_directory() {
            true => Come::Found,
            false => Come::Named,
        };
        return open(&path, &origin, come);
    }
    for path in candidates(inputs) {
        // A link to nothing is found: it was meant to be read.
        match path.symlink_metadata() {
            Ok(_) => return open(&path, &Origin::Nowhere, Come::Found),
            Err(error) if is_absent(&error) => {}
            // After `sudo -u` HOME may still be another user's. Below /etc, a closed directory
            // hides what was meant for us.
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

/// Returns the file that is read when none is named, whatever the working directory, unless there
/// is one in it.
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

fn read(path: &Path, origin: &Origin, come: Come) -> Result<Vec<u8>, ConfigProblem> {
    let file = come
        .open(path)
        .map_err(|error| unreadable(path, origin, &error))?;
    trust::judge(&file, path, origin, come)?;
    let mut bytes = Vec::new();
    match file.take(MOST_BYTES + 1).read_to_end(&mut bytes) {
        Err(error) => Err(unreadable(path, origin, &error)),
        Ok(_) if bytes.len() as u64 > MOST_BYTES => {
            let message = format!("configuration file `{}` is over 1 MiB", path.display());
            Err(ConfigProblem::error(origin, message))
        }
        Ok(_) => Ok(bytes),
    }
}

fn utf8(path: &Path, origin: &Origin, bytes: Vec<u8>) -> Result<String, ConfigProblem> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good]
            .split(|byte| *byte == b'\n')
            .count();
        let message = format!("line {line} of `{}` is not UTF-8", path.display());
        ConfigProblem::error(origin, message).help("save the file as UTF-8")
    })
}

fn unreadable(path: &Path, origin: &Origin, error: &io::Error) -> ConfigProblem {
    let shown = path.display();
    let cause = error.to_string().to_lowercase();
    let cause = cause
        .split(" (os error")
        .next()
        .unwrap_or(&cause)
        .to_owned();
    let problem = ConfigProblem::error(
        origin,
        format!("configuration file `{shown}` cannot be read: {cause}"),
    );
    match error.kind() {
        io::ErrorKind::NotFound => problem.help("nothing else is looked for when a file is named"),
        io::ErrorKind::PermissionDenied => {
            problem.help("make it readable for this user, or name another with `--config FILE`")
        }
        _ if resource_check::is_shortage(error) => {
            let remedy = resource_check::remedy(error);
            problem.exit(exit::SHORTAGE).help(remedy)
        }
        _ => problem,
    }
}
