//! Directories that are ours: opened once, checked once with all that is above them, and then only
//! reached through their descriptor.
//!
//! A path may be made to mean something else between two looks at it; a descriptor may not. Serves
//! RUN_ROOT and STATE_DIR, and each directory below them.

mod absolute;
mod entries;
mod foresight;
mod identity;
mod named_file;
mod private_dir;
mod state_dir;
mod trust;
mod untrusted_path;
mod way;
mod writing;

pub(crate) use foresight::{ForeseenDir, doubts, foresee, foresee_drop, links_on_the_way};
pub(crate) use identity::{FileVersion, Identity};
pub(crate) use named_file::{foresee_named, open_named};
pub(crate) use private_dir::PrivateDir;
pub(crate) use state_dir::StateDir;
pub(crate) use trust::is_trusted;
pub(crate) use untrusted_path::UntrustedPath;
