//! What must survive a runner: written whole or not at all, readable from the first release on. Forms only; `cli` reads and writes the files.

mod form;
pub(crate) mod history;
pub(crate) mod holder;
pub(crate) mod kept;
pub(crate) mod mutes;
