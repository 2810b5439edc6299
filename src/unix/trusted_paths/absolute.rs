//! The whole path of a path.

use std::env;
use std::path::{Path, PathBuf};

use nix::sys::stat::stat;

use super::identity::Identity;

/// Returns the whole path, with the links by which a shell came to the working directory: they may
/// lead elsewhere tomorrow.
pub(crate) fn absolute(path: &Path) -> Option<PathBuf> {
    let here = env::current_dir();
    let rest = match path.is_absolute() {
        true => here
            .as_ref()
            .ok()
            .and_then(|here| path.strip_prefix(here).ok()),
        false => Some(path),
    };
    match (rest, gone_through()) {
        (Some(rest), Some(through)) => Some(through.join(rest)),
        _ if path.is_absolute() => Some(path.to_owned()),
        _ => here.ok().map(|here| here.join(path)),
    }
}

/// Returns the path by which a shell came to the working directory.
fn gone_through() -> Option<PathBuf> {
    let path = env::var_os("PWD").map(PathBuf::from)?;
    let (found, here) = (stat(&path).ok()?, stat(".").ok()?);
    (path.is_absolute() && Identity::of(&found) == Identity::of(&here)).then_some(path)
}
