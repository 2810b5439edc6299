//! What must survive a runner: written whole or not at all, readable from the first release on.
//! Forms only; `cli` reads and writes the files.

pub(crate) mod form;
pub(crate) mod lock_note;
pub(crate) mod runner_info;
pub(crate) mod saved_memory;
