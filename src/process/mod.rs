//! All that is Unix: pidfile, takeover, signals, child processes. Unsafe code lives here alone.

pub mod child;
pub(crate) mod clock;
pub(crate) mod own_children;
pub(crate) mod own_program;
pub(crate) mod poll;
