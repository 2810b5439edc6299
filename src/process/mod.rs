//! All that is Unix: pidfile, takeover, signals, child processes. Unsafe code lives here alone.

pub(crate) mod clock;
pub(crate) mod confine;
pub(crate) mod files;
pub(crate) mod own_program;
pub(crate) mod poll;
