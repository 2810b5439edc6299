//! All that is Unix: pidfile, takeover, signals, child processes. Unsafe code lives here alone.

#[cfg(any(
    feature = "board-postgres",
    feature = "lock-consul",
    feature = "lock-postgres"
))]
pub(crate) mod authorities;
pub(crate) mod boot;
pub mod child;
pub(crate) mod clock;
pub(crate) mod dir_watch;
pub(crate) mod fault_points;
pub(crate) mod fd_passing;
pub(crate) mod files;
pub(crate) mod helper;
pub mod keeper;
pub(crate) mod live;
pub(crate) mod local_disk;
mod local_zone;
pub(crate) mod lock;
pub(crate) mod memory_trim;
pub(crate) mod name_service;
pub(crate) mod notify;
pub(crate) mod own_children;
pub(crate) mod pidfd;
pub(crate) mod pidfile;
pub(crate) mod process_exit;
pub(crate) mod process_start;
pub(crate) mod procfs;
pub(crate) mod random;
pub(crate) mod resource_check;
pub(crate) mod runner_handle;
pub(crate) mod sandbox;
pub(crate) mod secret_file;
pub(crate) mod self_exe;
pub(crate) mod service_environment;
pub(crate) mod signals;
pub(crate) mod takeover;
pub(crate) mod task_lock;
pub(crate) mod terminal;
pub(crate) mod timed;
pub(crate) mod trusted_paths;
pub(crate) mod waiter;
pub(crate) mod wakeup;
