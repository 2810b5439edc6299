//! All that is Unix: pidfile, takeover, signals, child processes. Unsafe code lives here alone.

pub(crate) mod clock;
pub(crate) mod live;
pub(crate) mod own_program;
pub(crate) mod poll;
