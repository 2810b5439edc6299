//! Why a runner or a worker cannot begin, with the remedy.

use std::io;

use crate::core::command_error::CommandError;
use crate::core::exit;
use crate::unix::resource_check;
use crate::unix::trusted_paths::UntrustedPath;

pub(crate) fn no_descriptor(error: io::Error) -> CommandError {
    CommandError::of(exit::SHORTAGE, &error).hint(resource_check::remedy(&error))
}

/// Without `/proc` no task can be started, and nothing that a former runner left is seen.
pub(crate) fn no_proc(error: io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::NotFound => CommandError::new(
            exit::SHORTAGE,
            "`/proc/self/exe` cannot be opened: `/proc` is not mounted",
        )
        .hint("`mount -t proc proc /proc` mounts it; a runner that is there goes on"),
        _ => no_descriptor(error),
    }
}

pub(crate) fn no_thread(error: io::Error) -> CommandError {
    CommandError::of(exit::SHORTAGE, &error).hint(
        "this process may have no more threads: look at `ulimit -u`, and at TasksMax= of its unit",
    )
}

pub(crate) fn unsafe_directory(error: UntrustedPath) -> CommandError {
    CommandError::of(error.exit_code(), &error)
}
