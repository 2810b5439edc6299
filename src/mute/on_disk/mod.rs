//! The mutes of a chain on disk, `NAME.mutes` in STATE_DIR: changed by a command, read by the
//! runner and by what looks.

pub(crate) mod active_mute;
pub(crate) mod change;
pub(crate) mod mute_file;
pub(crate) mod mutes_form;
