//! All that is Unix: pidfile, takeover, signals, child processes. Unsafe code lives here alone.

pub(crate) mod boot;
pub(crate) mod changes;
pub mod child;
pub(crate) mod clock;
pub(crate) mod confine;
pub(crate) mod files;
pub(crate) mod footprint;
pub(crate) mod in_flight;
pub(crate) mod incumbent;
pub(crate) mod leave;
pub(crate) mod live;
mod lock;
pub(crate) mod name_service;
pub(crate) mod notify;
pub(crate) mod own_children;
pub(crate) mod own_program;
pub(crate) mod pidfd;
pub(crate) mod pidfile;
pub(crate) mod poll;
mod procfs;
pub(crate) mod reserve;
pub(crate) mod run_root;
pub(crate) mod service_environment;
pub(crate) mod signals;
pub(crate) mod takeover;
pub(crate) mod terminal;
pub(crate) mod write_steps;
